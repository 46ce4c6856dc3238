"""Check whether the user supplied a penalised linear model as the linear counterpart. The coefficients of a penalised model have
no valid intervals.
"""

from __future__ import annotations

from tabinterp.analyses.coefficients.record import Coefficients
from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    penalised = any(note.key.startswith("coefficients.note.penalised") for note in document[Coefficients].notes)
    given = document.method.settings.get("counterpart") == "given"
    return raised(linear=document.linear.name) if penalised and given else cleared()


CHECK = Check(
    code="TI-F04",
    slug="penalised-inference",
    severity="note",
    section="coefficients",
    evaluate=evaluate,
    text=Text(
        title="Penalised linear counterpart",
        measures="whether the linear counterpart supplied by the user is penalised.",
        limitations="Checks only for a penalty, not for other violations of the assumptions behind the standard errors.",
        raised_when="the linear counterpart was supplied by the user and is penalised.",
        next="Use the confidence intervals of the unpenalised fit, which the report shows.",
        claims={
            "raised": (
                (
                    "The supplied counterpart, {linear:name}, is penalised, so its own coefficients have "
                    "no valid confidence intervals. The intervals in the report come from an unpenalised "
                    "fit on the same encoding."
                ),
                "linear: the name of the linear model",
            ),
            "cleared": "All confidence intervals for coefficients come from an unpenalised fit.",
        },
    ),
)
