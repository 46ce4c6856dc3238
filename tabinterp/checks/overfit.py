"""Has the network learned its training rows by heart, all of them or those of a slice?

Raised where the network's gap in loss between held-out and training rows exceeds that of the linear counterpart by more than a
share of the loss of a constant prediction.
"""

from __future__ import annotations

from tabinterp.analyses.overfitting.record import Record
from tabinterp.checks.shared.document_values import scored_events
from tabinterp.checks.shared.power import beyond, smallest_effect, with_power
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable, raised

GAP_PERCENT = 10.0  # of the loss of a constant prediction


def evaluate(document: Document, limits: Limits) -> Outcome:
    record = document.get(Record)
    if record is None:
        return not_applicable()
    if record.excess.low is None:
        return not_applicable("few")
    limit, linear = limits["gap"] / 100 * record.null, document.linear.name
    found = {"value": record.excess.value, "low": record.excess.low, "high": record.excess.high, "linear": linear}
    if above(record.excess, limit):
        return raised(**found, network=record.network.value, linear_gap=record.linear.value)
    memorised = [one for one in record.slices if above(one.excess, limit)]
    if memorised:
        worst = memorised[0]
        values = {"value": worst.excess.value, "low": worst.excess.low, "high": worst.excess.high, "rows": worst.rows}
        counts = {"tested": record.tested, "linear": linear}
        return Outcome("raised", "raised_slice", values | counts | {"group": worst.group})
    passed = cleared(**found, limit=limit, tested=record.tested)
    power = smallest_effect("loss", beyond(limit, record.excess), record.rows, scored_events(document))
    return with_power(passed, power, record.null)


CHECK = Check(
    code="TI-P07",
    slug="overfit",
    severity="check",
    section="overfitting",
    evaluate=evaluate,
    limits={
        "gap": Limit(
            GAP_PERCENT,
            most=100,
            means="gap in loss beyond that of the linear counterpart, in percent of a constant prediction's loss",
        )
    },
    text=Text(
        title="Overfitting",
        measures=(
            "by how much the network's loss rises from training rows to held-out rows, minus the same rise for the linear "
            "counterpart, over all rows and in subgroups (levels and quartile ranges of single columns)."
        ),
        limitations=(
            "Does not show whether a network that overfits less would predict better on held-out rows. Subgroups with fewer than "
            "50 rows on either side of the split are not tested."
        ),
        raised_when=(
            "the rise in the network's loss exceeds that of the linear counterpart by more than {gap}% of the held-out loss of a "
            "constant prediction, over all rows or in a subgroup. The whole interval for the difference must lie above this "
            "limit; for subgroups, intervals are corrected for their number."
        ),
        next=(
            "Judge the network by its held-out performance alone. Retrain it with stronger regularisation, earlier stopping, "
            "fewer units or more rows; in a subgroup, look for columns that identify its rows."
        ),
        claims={
            "raised": (
                (
                    "The network is overfitted: from training rows to held-out rows its loss rises by {network}, and that of "
                    "{linear:name} by {linear_gap}. The difference is {value} (95% CI {low} to {high})."
                ),
                "network, linear_gap: rises in loss; value, low, high: their difference and the ends of its interval",
            ),
            "raised_slice": (
                (
                    "The network is overfitted in a subgroup: for rows with {group} (n = {rows}), its loss rises from training "
                    "rows to held-out rows by {value} more than that of {linear:name} (corrected interval {low} to {high}; "
                    "{tested} subgroups tested)."
                ),
                "group: such as 'age = 25 to 30'; value, low, high: a difference in loss and the ends of its interval",
            ),
            "cleared": (
                (
                    "The network was not shown to be overfitted: from training rows to held-out rows, its loss rises by {value} "
                    "more than that of {linear:name} (95% CI {low} to {high}). Neither this interval nor that of any of {tested} "
                    "subgroups lies above the limit of {limit}."
                ),
                "value, low, high, limit: differences in loss; tested: number of subgroups",
            ),
            "not_applicable": (
                "Not applicable: losses on training rows and on held-out rows were not compared. Supply the split used to train "
                "the network."
            ),
            "few": "Not applicable: there are too few rows for a confidence interval of the gap in loss.",
        },
    ),
)
