"""Are the network's probabilities so close to 0 and 1 that their gradients vanish?"""

from __future__ import annotations

from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, not_applicable, raised_if

SATURATED = 0.01  # median of p(1-p), as a share of what the base rate gives


def evaluate(document: Document, limits: Limits) -> Outcome:
    """Compare with the base rate, because predictions of a rare event are small where nothing is saturated."""
    value = document.gradients.saturation
    if value is None or document.data.task != "binary":
        return not_applicable()
    rate = document.data.rates[-1] if document.data.rates else None
    if not rate or rate >= 1:
        return not_applicable("rate")
    usual = rate * (1 - rate)
    return raised_if(value < limits["share"] * usual, value=value, usual=usual, percent=100 * value / usual)


CHECK = Check(
    code="TI-F02",
    slug="saturated",
    severity="check",
    section="gradients",
    evaluate=evaluate,
    limits={"share": Limit(SATURATED)},
    text=Text(
        title="The network is saturated",
        measures="the median of p(1-p), relative to base rate times one minus base rate",
        limitations="Saturation inside the network.",
        raised_when="Below {share} of what the base rate gives.",
        next="Read gradients of log-odds only; check calibration, and train with more regularisation.",
        claims={
            "raised": (
                (
                    "The network is saturated: the median of p(1-p) is {value}, {percent}% of the {usual} that the "
                    "base rate gives. Gradients of probabilities vanish; gradients in this report are of the "
                    "log-odds."
                ),
                "value, usual: medians of p(1-p); percent: their ratio",
            ),
            "cleared": (
                "The median of p(1-p) is {value}, {percent}% of the {usual} that the base rate gives.",
                "value, usual: medians of p(1-p); percent: their ratio",
            ),
            "not_applicable": "Saturation is measured for two classes only.",
            "rate": "Saturation is measured against the base rate, which would identify fewer than ten rows.",
        },
    ),
)
