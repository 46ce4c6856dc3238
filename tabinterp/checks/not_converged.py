"""Did training stop at its limit of iterations before it converged?"""

from __future__ import annotations

from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    if document.network.converged is None:
        return not_applicable()
    return cleared() if document.network.converged else raised(network=document.network.name)


CHECK = Check(
    code="TI-F01",
    slug="not-converged",
    severity="check",
    section="method",
    evaluate=evaluate,
    text=Text(
        title="Training stopped early",
        measures="whether the model says that it reached its limit of iterations",
        limitations="Models that do not say, and training that converged to something bad.",
        raised_when="The model says so.",
        next="Train for longer, and audit again.",
        claims={
            "raised": (
                "{network} stopped at its limit of iterations before it converged.",
                "network: the name of the network",
            ),
            "cleared": "The network's training ended before its limit of iterations.",
            "not_applicable": "The model does not say how its training ended.",
        },
    ),
)
