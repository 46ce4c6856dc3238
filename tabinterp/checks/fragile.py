"""Does a small perturbation of the values cost the network more than its linear counterpart?"""

from __future__ import annotations

from tabinterp.analyses.perturbation.record import Record
from tabinterp.checks.shared.document_values import scored_events
from tabinterp.checks.shared.power import beyond, smallest_effect, with_power
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable, raised

RISE_PERCENT = 10.0  # of the loss of a constant prediction
SIZE_PERCENT = 5.0  # perturbations of at most this size are small


def evaluate(document: Document, limits: Limits) -> Outcome:
    record = document.get(Record)
    small = [] if record is None else [one for one in record.sizes[1:] if one.size <= limits["size"] / 100]
    if record is None or not small:
        return not_applicable()
    one = small[-1]
    if one.rise.low is None:
        return not_applicable("few")
    limit = limits["rise"] / 100 * record.null
    values = {"value": one.rise.value, "low": one.rise.low, "high": one.rise.high}
    values |= {"linear": document.linear.name, "percent": 100 * one.size}
    if above(one.rise, limit):
        return raised(**values)
    passed = cleared(**values, limit=limit)
    power = smallest_effect("loss", beyond(limit, one.rise), record.rows, scored_events(document))
    return with_power(passed, power, record.null)


CHECK = Check(
    code="TI-P08",
    slug="fragile",
    severity="check",
    section="overfitting",
    evaluate=evaluate,
    limits={
        "rise": Limit(
            RISE_PERCENT,
            most=100,
            means="rise in loss beyond that of the linear counterpart, in percent of a constant prediction's loss",
        ),
        "size": Limit(SIZE_PERCENT, most=100, means="largest size of a small perturbation, in percent"),
    },
    text=Text(
        title="Not robust to small changes",
        measures=(
            "by how much the network's loss rises when the values in all columns are slightly perturbed, minus the same rise for "
            "the linear counterpart. Numbers are replaced by those of rows next to them in the order of the column, levels by "
            "those of random rows."
        ),
        limitations=(
            "Does not search for the worst change of a row: perturbations are random. Does not cover values that no row of the "
            "table has."
        ),
        raised_when=(
            "with a perturbation of at most {size}%, the rise in the network's loss exceeds that of the linear counterpart by "
            "more than {rise}% of the loss of a constant prediction. The whole 95% interval for the difference must lie above "
            "this limit."
        ),
        next=(
            "Find the columns with the largest rise in loss, and check whether their exact values will be as reliable in use as "
            "in this table. Retrain the network with rounded or perturbed values."
        ),
        claims={
            "raised": (
                (
                    "The network is not robust to small changes: with a perturbation of {percent}%, its loss rises by {value} "
                    "more than that of {linear:name} (95% CI {low} to {high})."
                ),
                "percent: size of the perturbation; value, low, high: a difference in loss and the ends of its interval",
            ),
            "cleared": (
                (
                    "With a perturbation of {percent}%, the network's loss rises by {value} more than that of {linear:name} (95% "
                    "CI {low} to {high}). The interval does not lie above the limit of {limit}."
                ),
                "percent: size of the perturbation; value, low, high, limit: differences in loss",
            ),
            "not_applicable": "Not applicable: performance with perturbed values was not measured.",
            "few": "Not applicable: there are too few rows for a confidence interval.",
        },
    ),
)
