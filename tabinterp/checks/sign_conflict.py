"""Do the network and the linear model give opposite directions to a term?"""

from __future__ import annotations

from tabinterp.analyses.coefficients.record import CoefficientRow, Coefficients
from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    terms = document[Coefficients].terms
    if not terms:
        return not_applicable()
    names = [_name(term) for term in terms if term.conflict]
    return raised(names=names, count=len(names), terms=len(terms)) if names else cleared(count=len(terms))


def _name(term: CoefficientRow) -> str:
    level = "" if term.level is None else f": {term.level}"
    return f"{term.column}{level}" + ("" if term.output is None else f" ({term.output})")


CHECK = Check(
    code="TI-E01",
    slug="sign-conflict",
    severity="check",
    section="coefficients",
    evaluate=evaluate,
    text=Text(
        title="Opposite effect directions",
        measures=(
            "whether the network's average derivative has the same sign as the linear coefficient, for each term."
        ),
        limitations="Does not detect effects that differ in sign between rows and cancel in the average.",
        raised_when=(
            "for at least one term, the 95% intervals for the network's average derivative and for the unpenalised "
            "linear coefficient exclude zero on opposite sides (corrected for multiple testing). In addition, the "
            "counterpart's own coefficient must agree in sign with the unpenalised coefficient, and both the linear "
            "surrogate of the network and the derivatives in most rows must agree in sign with the network's average "
            "derivative."
        ),
        next=(
            "Inspect the effect curves of terms with opposite directions, and check that these columns "
            "have the same meaning and sign in both models."
        ),
        claims={
            "raised": (
                (
                    "The network and the linear counterpart give opposite directions to {count} of the {terms} "
                    "terms: {names:level}. The 95% intervals for both models exclude zero after correction for "
                    "multiple testing, and both the linear surrogate and the derivatives in most rows confirm the "
                    "network's direction."
                ),
                "names: terms, such as 'age' or 'job: nurse'; count, terms: numbers of terms",
            ),
            "cleared": "There is no confirmed conflict in direction between the two models for any of the {count} terms.",
            "not_applicable": "Not applicable: there are no coefficients to compare.",
        },
    ),
)
