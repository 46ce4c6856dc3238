"""Check whether the network's score is a linear function of the columns."""

from __future__ import annotations

from tabinterp.analyses.coefficients.record import LINEAR_R2, Coefficients
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, not_applicable


def evaluate(document: Document, limits: Limits) -> Outcome:
    if document.network.linear:
        return Outcome("raised", "raised_exact", {"linear": document.linear.name})
    shares = [surrogate.r2 for surrogate in document[Coefficients].surrogates if surrogate.r2 is not None]
    if not shares:
        return not_applicable()
    linear = min(shares) >= limits["r2"]
    values: dict[str, object] = {"percent": 100 * min(shares), "threshold": 100 * limits["r2"]}
    if len(shares) == 1:
        return Outcome("raised", "raised", values) if linear else Outcome("cleared", "cleared", values)
    values["most"] = 100 * max(shares)
    return Outcome("raised", "raised_classes", values) if linear else Outcome("cleared", "cleared_classes", values)


CHECK = Check(
    code="TI-P02",
    slug="secretly-linear",
    severity="check",
    section="coefficients",
    evaluate=evaluate,
    limits={"r2": Limit(LINEAR_R2, means="R² when a linear function of the columns predicts the network's score")},
    text=Text(
        title="Effectively linear network",
        measures="the share of the variance of the network's score that a linear function of the columns explains (R²).",
        limitations="Does not detect nonlinearity in regions without rows.",
        raised_when=(
            "a linear function of the columns explains the network's score with an R² of at least {r2} (for every "
            "class, if there are several)."
        ),
        next=(
            "Consider using the linear counterpart, because the score of the network is close to linear and the "
            "coefficients of the counterpart have confidence intervals."
        ),
        claims={
            "raised_exact": (
                (
                    "The network has no hidden layer: it is a linear model of the encoded columns and cannot express anything "
                    "that {linear:name} cannot."
                ),
                "linear: such as 'logistic regression'",
            ),
            "raised": (
                "On the rows analysed, the network is effectively linear: a linear function of the columns explains "
                "{percent}% of the variance of its score (threshold {threshold}%)."
            ),
            "cleared": (
                "A linear function of the columns explains {percent}% of the variance of the network's "
                "score, below the threshold of {threshold}%."
            ),
            "raised_classes": (
                (
                    "On the rows analysed, the network is effectively linear: a linear function of the columns "
                    "explains {percent}% to {most}% of the variance of its scores, depending on the class "
                    "(threshold {threshold}%)."
                ),
                "percent, most: the lowest and the highest share, by class",
            ),
            "cleared_classes": (
                (
                    "A linear function of the columns explains {percent}% to {most}% of the variance of the "
                    "network's scores, depending on the class. For at least one class, the linear function explains "
                    "less than the threshold of {threshold}% of the variance."
                ),
                "percent, most: the lowest and the highest share, by class",
            ),
            "not_applicable": "Not applicable: no linear surrogate of the network's score is available.",
        },
    ),
)
