"""Check for a group of rows in which the network performs badly.

The check is raised if the network's loss in a group is above the loss that its probabilities imply, or above the loss of boosted
trees in the same group.
"""

from __future__ import annotations

from tabinterp.analyses.subgroup_gaps.record import WeakPart
from tabinterp.checks.shared.document_values import group_name
from tabinterp.checks.shared.power import beyond, smallest_effect, with_power
from tabinterp.document.document import Document, Power

from .base import Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable

EXCESS_PERCENT = 5.0  # above the loss that its probabilities imply, as a percentage of the null loss
BEYOND_PERCENT = 10.0  # above the loss of boosted trees, as a percentage of the null loss


def evaluate(document: Document, limits: Limits) -> Outcome:
    weak = document.get(WeakPart)
    if weak is None:
        return not_applicable()
    if not weak.found:
        return not_applicable("few")
    counts: dict[str, object] = {"searched": weak.searched, "tested": len(weak.found)}
    failing = [
        (key, row, size)
        for key, name in (("raised", "beyond"), ("raised_sure", "excess"))
        for row in weak.found
        if above(size := getattr(row, name), limits[name] / 100 * weak.null)
    ]
    if not failing:
        return with_power(cleared(**counts), _smallest_excess(weak, limits), weak.null)
    key, row, size = max(failing, key=lambda one: one[2].value or 0.0)
    values = counts | {"group": group_name(row.group), "rows": row.rows, "loss": row.loss, "rest": row.rest}
    values |= {"value": size.value, "low": size.low, "high": size.high}
    return Outcome("raised", key, values | {"count": len({str(row.group) for _, row, _ in failing})})


def _smallest_excess(weak: WeakPart, limits: Limits) -> Power | None:
    """Return the smallest excess loss that would be detected in at least one of the groups. The intervals are already adjusted
    for the number of groups.
    """
    tested = [
        (beyond(limits[name] / 100 * weak.null, size), row.rows)
        for name in ("beyond", "excess")
        for row in weak.found
        if (size := getattr(row, name)).stderr is not None
    ]
    return smallest_effect("loss", *min(tested)) if tested else None


CHECK = Check(
    code="TI-G03",
    slug="weak-subgroup",
    severity="check",
    section="groups",
    evaluate=evaluate,
    limits={
        "excess": Limit(
            EXCESS_PERCENT,
            most=100,
            means=(
                "amount by which the network's loss exceeds that implied by its own probabilities, as a percentage of a "
                "constant prediction's loss"
            ),
        ),
        "beyond": Limit(
            BEYOND_PERCENT,
            most=100,
            means=(
                "amount by which the network's loss exceeds that of boosted trees, as a percentage of a constant prediction's "
                "loss"
            ),
        ),
    },
    text=Text(
        title="Poor performance in a group",
        measures=(
            "by how much the loss in groups defined by one or two columns exceeds the loss implied by the network's "
            "own probabilities, or the loss of boosted trees. Groups are selected on half of the rows and tested "
            "on the other half, with correction for the number of groups."
        ),
        limitations=(
            "Does not cover groups with fewer than 50 rows or fewer than 10 expected events, or groups defined by three or more "
            "columns or by columns outside the table. A group that is merely hard to predict is not reported."
        ),
        raised_when=(
            "in a group, the network's loss is too high in at least one of two comparisons: (a) it is above the loss that "
            "its own probabilities imply, by more than {excess}% of the loss of a constant prediction; or (b) it "
            "is above the loss of boosted trees, by more than {beyond}% of the loss of a constant prediction. The "
            "whole interval for the difference in loss, corrected for the number of groups, must also lie above the "
            "limit of that comparison."
        ),
        next=(
            "Check the labels and column values of the rows in the groups with poor performance. Train on more rows "
            "from these groups, or do not use the network for them."
        ),
        claims={
            "raised": (
                (
                    "The network performs poorly for rows with {group} (n = {rows}): in this group, the loss of "
                    "boosted trees is {value} lower than the network's (adjusted CI {low} to {high}). The "
                    "network's loss is {loss} for this group and {rest} for the other rows. Number of groups with "
                    "poor performance: {count} of the {tested} tested, which were selected from {searched} groups."
                ),
                (
                    "group: such as 'age = 25 to 30'; value, low, high: a difference in loss and the "
                    "ends of its interval; loss, rest: losses; count, tested, searched: numbers of groups"
                ),
            ),
            "raised_sure": (
                (
                    "The network performs poorly for rows with {group} (n = {rows}): its loss is {value} higher than "
                    "its own probabilities imply (adjusted CI {low} to {high}). The network's loss is {loss} "
                    "for this group and {rest} for the other rows. Number of groups with poor performance: {count} of "
                    "the {tested} tested, which were selected from {searched} groups."
                ),
                (
                    "group: such as 'age = 25 to 30'; value, low, high: a difference in loss and the "
                    "ends of its interval; loss, rest: losses; count, tested, searched: numbers of groups"
                ),
            ),
            "cleared": (
                (
                    "No group was found in which the network's loss exceeds the limits of this check: "
                    "{tested} candidates were selected from {searched} groups defined by one or two columns and "
                    "tested on separate rows."
                ),
                "searched, tested: numbers of groups",
            ),
            "not_applicable": (
                "Not applicable: groups with a high loss were not searched for, because there are too few rows or "
                "because the expected loss of a group is unknown."
            ),
            "few": (
                "Not applicable: no candidate group has enough rows and events in the half of the rows "
                "used for testing."
            ),
        },
    ),
)
