"""Check for terms whose effects have opposite signs in the network and in the linear model."""

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
            "for each term of the linear counterpart, whether its coefficient and the network's average derivative have the same "
            "sign."
        ),
        limitations="Does not detect effects that differ in sign between rows and cancel out on average.",
        raised_when=(
            "for at least one term, the 95% interval for the network's average derivative and that for the unpenalised linear "
            "coefficient lie on opposite sides of zero, and the coefficient is significant after correction for multiple "
            "testing. Two further conditions must hold: (a) the counterpart's own coefficient has the same sign as the "
            "unpenalised coefficient; (b) the network's average derivative has the same sign as the term's coefficient in the "
            "linear surrogate of the network and as the network's derivatives in most rows."
        ),
        next=(
            "Inspect the effect curves of the terms whose direction differs between the two models, and check that "
            "the columns of these terms have the same meaning and sign in both models."
        ),
        claims={
            "raised": (
                (
                    "The direction of the effect differs between the network and the linear counterpart for {count} of the "
                    "{terms} terms: {names:level}. For these terms, the 95% intervals for the effect in both models exclude "
                    "zero, and the linear coefficient is significant after correction for multiple testing. The linear surrogate "
                    "of the network and the network's derivatives in most rows confirm the network's direction."
                ),
                "names: terms, such as 'age' or 'job: nurse'; count, terms: numbers of terms",
            ),
            "cleared": (
                "No conflict in effect direction between the network and the linear counterpart was confirmed for "
                "any of the {count} terms."
            ),
            "not_applicable": "Not applicable: there are no coefficients to compare.",
        },
    ),
)
