"""Is there a group of rows in which the network fails?

Raised where the loss of a group lies above what the network's own probabilities imply, or above the loss of boosted trees there.
"""

from __future__ import annotations

from tabinterp.analyses.subgroup_gaps.record import WeakPart
from tabinterp.checks.shared.document_values import group_name
from tabinterp.checks.shared.power import beyond, smallest_effect, with_power
from tabinterp.document.document import Document, Power

from .base import Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable

EXCESS_PERCENT = 5.0  # above what the network's probabilities imply; of the loss of predicting without any column
BEYOND_PERCENT = 10.0  # above the loss of boosted trees; of the same


def evaluate(document: Document, limits: Limits) -> Outcome:
    weak = document.groups.weak if document.groups is not None else None
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
    """Return the effect of the group in which the least could be detected; its interval is corrected for all groups."""
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
    limits={"excess": Limit(EXCESS_PERCENT, most=100), "beyond": Limit(BEYOND_PERCENT, most=100)},
    text=Text(
        title="The network fails in a group of rows",
        measures=(
            "the loss in groups of one column or two above the group's own noise: above what the network's own "
            "probabilities imply, or above the loss of boosted trees there; found on one half of the rows, tested on "
            "the other, all groups corrected together"
        ),
        limitations=(
            "Groups of three columns or more, of fewer than fifty rows or of few events, and of columns that are not "
            "in the table. A group whose outcomes are only hard to predict is no failure."
        ),
        raised_when=(
            "The whole corrected interval of the loss above the network's own probabilities exceeds {excess}% of "
            "what knowing nothing costs, or that above the loss of boosted trees exceeds {beyond}% of it."
        ),
        next="Look at labels and columns of these rows; train on more of them, or do not use the network there.",
        claims={
            "raised": (
                (
                    "The network fails among rows with {group} (n = {rows}): boosted trees have a loss there that is "
                    "{value} lower (corrected interval {low} to {high}). The network's loss is {loss} in the group "
                    "and {rest} elsewhere. Groups that fail: {count} of {tested} tested, {searched} searched."
                ),
                (
                    "group: such as 'age = 25 to 30'; value, low, high: a difference in loss and the ends of its "
                    "interval; loss, rest: losses; count, tested, searched: numbers of groups"
                ),
            ),
            "raised_sure": (
                (
                    "The network fails among rows with {group} (n = {rows}): its loss is {value} above what its own "
                    "probabilities imply (corrected interval {low} to {high}). The loss is {loss} in the group and "
                    "{rest} elsewhere. Groups that fail: {count} of {tested} tested, {searched} searched."
                ),
                (
                    "group: such as 'age = 25 to 30'; value, low, high: a difference in loss and the ends of its "
                    "interval; loss, rest: losses; count, tested, searched: numbers of groups"
                ),
            ),
            "cleared": (
                (
                    "Of {searched} groups of one column or two, the {tested} that stood out were tested on other "
                    "rows; in none is the loss above the group's own noise by more than is tolerated."
                ),
                "searched, tested: numbers of groups",
            ),
            "not_applicable": (
                "Groups were not searched: the rows are too few, or nothing says how large the loss of a group "
                "should be."
            ),
            "few": "No group that stood out has enough rows and events on the half of the rows that tests it.",
        },
    ),
)
