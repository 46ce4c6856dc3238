"""Check whether too many people, overall or in a protected group, cannot reverse an adverse decision (have no recourse).

The check is raised if the share of adverse decisions without recourse is significantly above a limit. It is also raised if the
share in a group of a protected column differs significantly from the share in all other rows. The p-values of the overall share
and of all groups are adjusted together by Holm's method (1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

from tabinterp.analyses.recourse.record import OfGroup, Record
from tabinterp.checks.shared.document_values import group_name
from tabinterp.checks.shared.power import REACH, Z_CHANCE, of_counts, share_beyond, with_power
from tabinterp.document.document import Document, Interval
from tabinterp.stats.wilson_interval import wilson

from .base import Check, Limit, Limits, Outcome, Text, cleared, not_applicable, p_value

PERCENT = 50.0  # percentage of the declined rows
LEVEL = 0.05


def evaluate(document: Document, limits: Limits) -> Outcome:
    record = document.get(Record)
    if record is None:
        return not_applicable("not_applicable_adverse" if _is_unstated(document) else "not_applicable")
    share, limit = record.network.without, limits["percent"] / 100
    if share.low is None and share.high is None:
        return not_applicable("few")
    independent = document.data.grouping is None and not document.data.weighted
    groups = [row for row in record.groups if row.p is not None]
    found = _rejected([_of_limit(share, limit, record.rows, independent), *(row.p or 0.0 for row in groups)])
    apart = [row for row, is_apart in zip(groups, found[1:], strict=True) if is_apart]
    values: dict[str, object] = {"limit": limits["percent"], "rows": record.rows, "groups": len(groups)}
    values |= {"tests": len(found)}
    ends = (("share", share.value), ("low", share.low), ("high", share.high))
    values |= {name: 100 * end for name, end in ends if end is not None}
    if apart:
        values |= _of_groups(apart)
    if found[0]:
        keys = ("raised_nearly", "raised_nearly_both") if share.value is None else ("raised", "raised_both")
        return Outcome("raised", keys[bool(apart)], values)
    if apart:
        return Outcome("raised", "raised_groups", values)
    if share.value is None:
        key = "cleared_few" if share.high is not None else "cleared_most"
        return Outcome("cleared", key, values)
    # with this correction, as many rows have the power that fewer have at 95%
    z = NormalDist().inv_cdf(1 - LEVEL / 2 / len(found))
    least = share_beyond(limit, max(1, int(record.rows * (REACH / (z + Z_CHANCE)) ** 2)))
    return with_power(cleared(**values), of_counts(document, "share", least, record.rows), 1.0)


def _is_unstated(document: Document) -> bool:
    asked = document.settings is not None and any(one.changeable for one in document.settings.constraints)
    return asked and document.data.task == "binary" and document.data.adverse is None


def _of_limit(share: Interval, limit: float, rows: int, independent: bool) -> float:
    """Return the p-value of the hypothesis that a share equals the limit. If the share is not above the limit, return 1.

    If only the lower bound of a share is shown, the p-value is computed as if the share were equal to this bound.
    """
    if share.value is None and share.low is not None and independent:
        low, high = wilson(share.low, rows)
        share = Interval(value=share.low, low=float(low), high=float(high))
    return p_value(share, limit) if share.value is not None and share.value > limit else 1.0


def _rejected(p: Sequence[float]) -> list[bool]:
    """Return, for each p-value, whether Holm's method rejects the hypothesis.

    >>> _rejected([0.03, 0.001, 0.02]), _rejected([0.03, 0.03, 0.02])
    ([True, True, True], [False, False, False])
    """
    made, order = [False] * len(p), sorted(range(len(p)), key=lambda i: p[i])
    for place, i in enumerate(order):
        if p[i] > LEVEL / (len(p) - place):
            break
        made[i] = True
    return made


def _of_groups(apart: Sequence[OfGroup]) -> dict[str, object]:
    """Return the values to insert into the sentence of the finding: the group with the most significant difference, its numbers,
    and the number of groups with a significant difference.
    """
    first = min(apart, key=lambda row: (row.p or 0.0, -abs(row.difference.value or 0.0)))
    values: dict[str, object] = {"group": group_name(first.group), "count": len(apart)}
    values |= {"of_group": 100 * (first.share.value or 0.0), "difference": 100 * (first.difference.value or 0.0)}
    ends = (("difference_low", first.difference.low), ("difference_high", first.difference.high))
    return values | {name: 100 * (end or 0.0) for name, end in ends}


SHARE = (
    "No recourse was found for {share}% of the declined rows (95% CI {low} to {high}; n = {rows}), which is significantly more "
    "than {limit}%."
)
NEARLY = (
    "The share of declined rows without recourse is at least {low}% (n = {rows}), which is significantly more than {limit}%. The "
    "exact share is withheld because a count is below ten."
)
GROUP = (
    "Recourse differs between groups: no recourse was found for {of_group}% of the declined rows of “{group}”, and the "
    "difference from all other declined rows is {difference} percentage points (95% CI {difference_low} to {difference_high}). "
    "{count} of {groups} groups differ significantly (Holm's correction for {tests} tests)."
)
NOTE = "low, limit: percentages; rows: a number of rows"
WITH_SHARE = f"{NOTE}; share, high: percentages"
OF_GROUPS = (
    "of_group: a percentage; group: such as 'sex = female'; difference, difference_low, difference_high: a difference of "
    "percentages and the ends of its interval; count, groups, tests: numbers"
)

CHECK = Check(
    code="TI-G08",
    slug="no-recourse",
    severity="check",
    section="recourse",
    evaluate=evaluate,
    limits={"percent": Limit(PERCENT, most=100, means="percentage of declined rows without recourse")},
    text=Text(
        title="No recourse",
        measures=(
            "the share of rows declined by the network for which no plausible change to the changeable columns leads to "
            "approval. For each group of a protected column, this share is also compared with the share among all other declined "
            "rows."
        ),
        limitations=(
            "Does not show whether a person can make a change, how long it would take, or whether it would change the actual "
            "outcome. A search for changes may miss recourse that exists. A group is compared with the other rows "
            "only if both sets contain at least 30 rows and, if rows are clustered, at least ten clusters. Groups with a "
            "withheld share are not tested."
        ),
        raised_when=(
            "the share of declined rows without recourse is significantly above {percent}%, or the share in a group differs "
            "significantly from the share among all other declined rows (5% level; Holm's correction for all these tests)."
        ),
        next=(
            "Find out which immutable columns prevent recourse, and whether a model that depends less on them performs "
            "equally well. Check that all changeable columns and their limits were declared."
        ),
        claims={
            "raised": (SHARE, WITH_SHARE),
            "raised_nearly": (NEARLY, NOTE),
            "raised_groups": (GROUP, OF_GROUPS),
            "raised_both": (f"{SHARE} {GROUP}", f"{WITH_SHARE}; {OF_GROUPS}"),
            "raised_nearly_both": (f"{NEARLY} {GROUP}", f"{NOTE}; {OF_GROUPS}"),
            "cleared": (
                "No recourse was found for {share}% of the declined rows (95% CI {low} to {high}; n = {rows}), which is not "
                "significantly more than {limit}%. Number of groups compared with all other declined rows: {groups}; none "
                "differs significantly.",
                f"{WITH_SHARE}; groups: a number",
            ),
            "cleared_few": (
                "The share of declined rows without recourse is at most {high}% (n = {rows}). The exact share is withheld "
                "because a count is below ten. Number of groups compared with all other declined rows: {groups}; none differs "
                "significantly.",
                "high: a percentage; rows, groups: numbers",
            ),
            "cleared_most": (
                "The share of declined rows without recourse is at least {low}% (n = {rows}). It was not shown to be "
                "significantly more than {limit}%. The exact share is withheld because a count is below ten. Number of groups "
                "compared with all other declined rows: {groups}; none differs significantly.",
                f"{NOTE}; groups: a number",
            ),
            "not_applicable": "Not applicable: no column was declared changeable, or recourse was not computed.",
            "not_applicable_adverse": (
                "Not applicable: the adverse class was not stated. State it with adverse= when loading the table, or with "
                "--adverse CLASS."
            ),
            "few": "Not applicable: there are too few declined rows for a confidence interval.",
        },
    ),
)
