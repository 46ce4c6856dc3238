"""Check whether training reached its iteration limit before it converged."""

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
        title="Training not converged",
        measures="whether training stopped at the iteration limit, as recorded in the fitted model.",
        limitations=(
            "Does not cover models that do not report how training ended, or training that converged to a poor "
            "solution."
        ),
        raised_when="the model reports that training stopped at the iteration limit.",
        next="Train the network for longer, and repeat the audit.",
        claims={
            "raised": (
                "Training of {network} stopped at its iteration limit before it converged.",
                "network: the name of the network",
            ),
            "cleared": "Training of the network ended before it reached the iteration limit.",
            "not_applicable": "Not applicable: the model does not report how its training ended.",
        },
    ),
)
