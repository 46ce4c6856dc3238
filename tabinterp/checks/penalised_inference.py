"""Is the counterpart that the user gave penalised, so that its own coefficients have no valid intervals?"""

from __future__ import annotations

from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    penalised = any(note.key.startswith("coefficients.note.penalised") for note in document.coefficients.notes)
    given = document.method.settings.get("counterpart") == "given"
    return raised(linear=document.linear.name) if penalised and given else cleared()


CHECK = Check(
    code="TI-F04",
    slug="penalised-inference",
    severity="note",
    section="coefficients",
    evaluate=evaluate,
    text=Text(
        title="The given counterpart is penalised",
        measures="whether the counterpart that was given has a penalty",
        limitations="Other ways in which its fit is not what its standard errors suppose.",
        raised_when="It was given, and is penalised.",
        next="Use the intervals of the unpenalised fit, which stand in the report.",
        claims={
            "raised": (
                (
                    "The given counterpart, {linear:name}, is penalised: its own coefficients have no valid "
                    "intervals, and those printed are of an unpenalised fit on its encoding."
                ),
                "linear: the name of the linear model",
            ),
            "cleared": "Every interval of a coefficient is of an unpenalised fit.",
        },
    ),
)
