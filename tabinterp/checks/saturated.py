"""Check whether the network's probabilities are so close to 0 and 1 that their gradients vanish."""

from __future__ import annotations

from tabinterp.analyses.gradients.record import Gradients
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, not_applicable, raised_if

SATURATED = 0.01  # median of p(1-p), as a share of its value at the base rate


def evaluate(document: Document, limits: Limits) -> Outcome:
    """Compare the median of p(1 - p), where p is the predicted probability, with its value at the base rate. A fixed limit would
    not work for rare events, for which p is close to 0 even without saturation.
    """
    value = document[Gradients].saturation
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
    limits={"share": Limit(SATURATED, means="median of p(1 − p) as a share of its value at the base rate")},
    text=Text(
        title="Saturated probabilities",
        measures=(
            "the median of p(1 − p) over the rows, where p is the predicted probability, relative to p(1 − p) at "
            "the base rate."
        ),
        limitations="Does not detect saturated hidden units.",
        raised_when=(
            "the median of p(1 − p) over the rows, where p is the predicted probability, is below {share} times p(1 "
            "− p) at the base rate."
        ),
        next=(
            "When interpreting gradients, use only gradients of the log-odds. Check calibration, and retrain the network with "
            "stronger regularisation."
        ),
        claims={
            "raised": (
                (
                    "The network's predicted probabilities p are saturated: the median of p(1 − p) is {value}, "
                    "which is {percent}% of {usual}, the value of p(1 − p) at the base rate. Gradients of the "
                    "probabilities nearly vanish, so this report uses gradients of the log-odds."
                ),
                "value, usual: medians of p(1-p); percent: their ratio",
            ),
            "cleared": (
                (
                    "The network's predicted probabilities p are not saturated: the median of p(1 − p) is {value}, "
                    "which is {percent}% of {usual}, the value of p(1 − p) at the base rate."
                ),
                "value, usual: medians of p(1-p); percent: their ratio",
            ),
            "not_applicable": "Not applicable: saturation is measured only for targets with exactly two classes.",
            "rate": (
                "Not applicable: saturation is measured relative to the base rate, which is withheld because it "
                "would disclose a count of fewer than ten rows."
            ),
        },
    ),
)
