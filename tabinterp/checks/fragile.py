"""Check whether the network loses its predictive power when numeric columns change slightly.

Only numeric columns are perturbed. The check is raised if two conditions are met. First, perturbation raises the network's loss
by more than it raises that of its linear counterpart. The excess must be at least a given share of the loss of a constant
prediction. Second, the network's loss after perturbation is above the loss of a constant prediction. The second condition exempts
a network that has learned a true threshold or interaction. Small changes increase its loss too, but rarely destroy all of its
predictive power.
"""

from __future__ import annotations

from tabinterp.analyses.perturbation.record import OF_NUMBERS, Record
from tabinterp.checks.shared.document_values import scored_events
from tabinterp.checks.shared.power import beyond, smallest_effect, with_power
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable, raised

RISE_PERCENT = 10.0  # percentage of the loss of a constant prediction


def evaluate(document: Document, limits: Limits) -> Outcome:
    record = document.get(Record)
    if record is None:
        return not_applicable()
    one = record.numbers
    if one is None:
        return not_applicable("not_applicable_numbers")
    if one.rise.value is None or one.rise.low is None or one.network.value is None or one.network.low is None:
        return not_applicable("few")
    if not record.null > 0:
        return not_applicable("not_applicable_constant")
    limit = limits["rise"] / 100 * record.null
    values = {"value": one.rise.value, "low": one.rise.low, "high": one.rise.high, "linear": document.linear.name}
    values |= {"percent": 100 * one.size, "null": record.null}
    values |= {"network": one.network.value, "network_low": one.network.low, "network_high": one.network.high}
    if above(one.rise, limit) and above(one.network, record.null):
        return raised(**values)
    # the rise at which the network's own loss would be significantly above that of a constant prediction
    useless = one.rise.value + beyond(record.null, one.network) - one.network.value
    power = smallest_effect("loss", max(beyond(limit, one.rise), useless), record.rows, scored_events(document))
    return with_power(cleared(**values, limit=limit), power)


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
            means=(
                "amount by which the network's rise in loss exceeds that of the linear counterpart, as a percentage of a "
                "constant prediction's loss"
            ),
        ),
    },
    constants={"percent": 100 * OF_NUMBERS},
    text=Text(
        title="Not robust to small changes",
        measures=(
            "the rise in the network's loss when the values in all numeric columns are slightly perturbed, minus that of the "
            "linear counterpart. Each value is replaced by a nearby value in the sorted column."
        ),
        limitations=(
            "Does not search for the most harmful change to a row, because perturbations are random. Does not cover categorical "
            "columns, or values that do not occur in the table. A genuine effect with many jumps or rapid oscillations also "
            "raises this check."
        ),
        raised_when=(
            "perturbing all numeric columns by {percent}% (replacing each value by one whose rank in the column differs by at "
            "most {percent}% of the number of values) has both of the following effects. (a) The network's loss rises more than "
            "that of the linear counterpart, by over {rise}% of the loss of a constant prediction. (b) The network's loss "
            "exceeds that of a constant prediction. In both comparisons, the whole 95% interval must lie above the limit."
        ),
        next=(
            "Find the columns whose perturbation raises the loss most. Check whether the values of these columns will be as "
            "precise in production as in this table. Retrain the network with rounded or perturbed values."
        ),
        claims={
            "raised": (
                (
                    "The network is not robust to small changes: when numeric columns are perturbed by {percent}%, its loss "
                    "rises by {value} more than that of {linear:name} (95% CI {low} to {high}). The network's loss on perturbed "
                    "rows is {network} (95% CI {network_low} to {network_high}), higher than that of a constant prediction "
                    "({null})."
                ),
                "percent: size of the perturbation; value, low, high, network, network_low, network_high, null: losses",
            ),
            "cleared": (
                (
                    "When numeric columns are perturbed by {percent}%, the rise in the network's loss minus that of "
                    "{linear:name} is {value} (95% CI {low} to {high}; limit {limit}), and the network's loss is {network} "
                    "(95% CI {network_low} to {network_high}; constant prediction: {null}). The check is raised only if the "
                    "interval for the difference between the rises lies wholly above the limit and the interval for the "
                    "network's loss lies wholly above the loss of the constant prediction."
                ),
                "percent: size of the perturbation; value, low, high, network, network_low, network_high, null: losses",
            ),
            "not_applicable": "Not applicable: performance with perturbed values was not measured.",
            "not_applicable_numbers": "Not applicable: no input column is numeric.",
            "not_applicable_constant": "Not applicable: all rows have the same target value.",
            "few": "Not applicable: there are too few rows for a confidence interval.",
        },
    ),
)
