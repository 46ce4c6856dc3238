"""Check whether the network has memorised its training rows, overall or in a slice (a group of rows).

The gap is the difference in loss between held-out and training rows. The check is raised if two conditions are met. First, the
network's gap exceeds the gap of the linear counterpart by more than a given share of the loss of a constant prediction. Second,
the network's gap is above zero. The second condition is needed because the held-out rows may happen to be easier than the
training rows for the linear counterpart alone. The network's gap would then exceed the linear counterpart's gap even though the
network has memorised nothing.
"""

from __future__ import annotations

from tabinterp.analyses.overfitting.record import Record, SliceGap
from tabinterp.checks.shared.document_values import scored_events
from tabinterp.checks.shared.power import beyond, smallest_effect, with_power
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable, raised

GAP_PERCENT = 10.0  # percentage of the loss of a constant prediction


def evaluate(document: Document, limits: Limits) -> Outcome:
    record = document.get(Record)
    if record is None:
        return not_applicable()
    if record.excess.low is None or record.network.low is None:
        return not_applicable("few")
    limit = limits["gap"] / 100 * record.null
    if _memorised(record, limit):
        return raised(**_values(record, document), linear_gap=record.linear.value)
    worst = next((one for one in record.slices if _memorised(one, limit)), None)
    if worst is not None:
        values = {
            "group": worst.group,
            "rows": worst.rows,
            "training_rows": worst.training_rows,
            "tested": record.tested,
        }
        return Outcome("raised", "raised_slice", _values(worst, document) | values)
    passed = cleared(**_values(record, document), linear_gap=record.linear.value, limit=limit, tested=record.tested)
    effect = max(beyond(limit, record.excess), beyond(0.0, record.network))
    return with_power(passed, smallest_effect("loss", effect, record.rows, scored_events(document)))


def _memorised(gaps: Record | SliceGap, limit: float) -> bool:
    return above(gaps.excess, limit) and gaps.network.low is not None and gaps.network.low > 0


def _values(gaps: Record | SliceGap, document: Document) -> dict[str, object]:
    excess = {"value": gaps.excess.value, "low": gaps.excess.low, "high": gaps.excess.high}
    return excess | {"network": gaps.network.value, "linear": document.linear.name}


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
            means=(
                "amount by which the network's rise in loss from training to held-out rows exceeds that of the linear "
                "counterpart, as a percentage of a constant prediction's loss"
            ),
        )
    },
    text=Text(
        title="Overfitting",
        measures=(
            "the change in the network's loss from training rows to held-out rows, minus that of the linear counterpart, over "
            "all rows and in subgroups (levels and quartile ranges of single columns)."
        ),
        limitations=(
            "A shift that makes held-out rows harder to predict can be mistaken for overfitting if it affects the network more "
            "than the linear counterpart. Does not show whether a network that overfits less would predict better on held-out "
            "rows. Subgroups with fewer than 50 rows (effective sample size if weighted) on either side of the split are not "
            "tested."
        ),
        raised_when=(
            "over all rows or in a subgroup, the network's loss rises significantly from training rows to held-out rows, and "
            "this rise exceeds the change in the linear counterpart's loss by more than {gap}% of the held-out loss of a "
            "constant prediction. The whole interval for this excess must lie above the limit. For subgroups, the intervals are "
            "adjusted for the number of subgroups tested."
        ),
        next=(
            "Judge the network by its held-out performance alone. Retrain it with stronger regularisation, earlier stopping, "
            "fewer units or more rows. If a subgroup is overfitted, look for columns that identify its rows."
        ),
        claims={
            "raised": (
                (
                    "The network shows signs of overfitting: from training rows to held-out rows, its loss rises by {network} "
                    "and that of {linear:name} changes by {linear_gap}. The difference (network minus {linear:name}) is {value} "
                    "(95% CI {low} to {high})."
                ),
                "network, linear_gap: changes in loss; value, low, high: their difference and the ends of its interval",
            ),
            "raised_slice": (
                (
                    "The network shows signs of overfitting in a subgroup: for rows with {group}, its loss rises by {network} "
                    "from training rows (n = {training_rows}) to held-out rows (n = {rows}). That is {value} more than for "
                    "{linear:name} (adjusted CI {low} to {high}; {tested} subgroups tested)."
                ),
                "group: such as 'age = 25 to 30'; network: a rise in loss; value, low, high: a difference and its interval",
            ),
            "cleared": (
                (
                    "The network was not shown to be overfitted, either over all rows or in a subgroup (subgroups tested: "
                    "{tested}). From training rows to held-out rows, its loss changes by {network} and that of {linear:name} by "
                    "{linear_gap}. The difference (network minus {linear:name}) is {value} (95% CI {low} to {high}; limit "
                    "{limit})."
                ),
                "network, linear_gap: changes in loss; value, low, high, limit: differences; tested: number of subgroups",
            ),
            "not_applicable": (
                "Not applicable: losses on training rows and on held-out rows were not compared. Supply the split used to train "
                "the network."
            ),
            "few": "Not applicable: there are too few rows for a confidence interval for the gap in loss.",
        },
    ),
)
