"""Do the network and the linear model give opposite directions to a term?"""

from __future__ import annotations

from tabinterp.analyses.coefficients.record import CoefficientRow
from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    terms = document.coefficients.terms
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
        title="Opposite directions",
        measures="the average derivative of the network beside the coefficient of the linear model, term by term",
        limitations="A direction that changes from row to row, whose average hides it.",
        raised_when=(
            "Both intervals exclude zero after correction, on different sides, and counterpart and surrogate bear it "
            "out."
        ),
        next=(
            "Look at the effect curve of the term; check that the column has the same meaning and sign in both models."
        ),
        claims={
            "raised": (
                (
                    "Network and linear model give opposite directions to {count} of {terms} terms: {names:level}. "
                    "Both intervals exclude zero after correction, the counterpart's own coefficient and the "
                    "surrogate bear it out, and most rows agree with the average."
                ),
                "names: terms, such as 'age' or 'job: nurse'; count, terms: numbers of terms",
            ),
            "cleared": (
                "For none of {count} terms do coefficient, counterpart, surrogate and average derivative bear out "
                "opposite directions."
            ),
            "not_applicable": "There are no coefficients to compare.",
        },
    ),
)
