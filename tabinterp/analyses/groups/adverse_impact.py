"""Adverse impact: comparison of the selection rates of the groups of each protected column.

The assessment uses all counts, including small ones that are not shown. The impact ratio of two groups is the smaller selection
rate divided by the larger one, so it is at most 1. It is computed for every pair of groups in a column, or in a pair of columns.
(`demographic_parity_ratio` in fairlearn is the ratio over all groups.) The interval of an impact ratio is a MOVER interval from
two Wilson intervals (`group_contrasts.mover_ratio`), which is valid even if no rows or all rows of a group are selected. Groups
with fewer than 30 rows, or fewer than ten sampling units, are not assessed.

The tests of all pairs of groups in all columns are corrected for multiple testing together. In addition to its 95% interval,
every pair has a Bonferroni interval, with an error rate of 5% divided by the number of pairs. This is the first step of Holm's
procedure (1979): at least one Bonferroni interval lies below four fifths if and only if Holm's procedure rejects at least one
hypothesis. If all groups are treated alike, the probability of any false finding of adverse impact is at most 5%.

The selection rates of some groups are withheld (see `partition`). The only result about these groups is one flag for the whole
column. The flag states whether an impact ratio of a withheld group is significantly below four fifths. A withheld group is
compared with the groups that have the lowest and the highest of the rates that are shown or, if no rate is shown, with the
largest group.

The flag must not reveal the small count of a withheld group (the number of its rows that are selected, or that are not). To check
this, the flag is computed for every possible count from 1 to 9 (from 0 if the real count is 0), with all totals kept fixed.
At least three of these counts must lead to the reported result. If only one or two counts would raise the flag, or if none would
although the group is assessed, the result is "untold". If only one or two counts would not raise it, the largest of the other
counts are also treated as not raising it, so that there are three such counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
from scipy import stats

from tabinterp.arrays import FloatArray
from tabinterp.stats.estimates import FEWEST_GROUPS
from tabinterp.stats.group_contrasts import LEVEL, Estimate, Share, mover_ratio, ratio_of
from tabinterp.stats.wilson_interval import wilson
from tabinterp.table.suppression import SMALL

from .group_metrics import GroupShares
from .partition import ROWS, Cell, Family
from .record import FIFTHS

POWER = 0.8
APART = 3  # minimum number of counts of a withheld group that must be compatible with the reported flag

Withheld = Literal["raised", "not_raised", "untold"]


@dataclass(frozen=True)
class Pair:
    """Impact ratio of two groups that are defined by the same protected column or the same pair of columns.

    The selection rates of both groups can be shown. `ratio` is the smaller rate divided by the larger one, with its 95% interval.
    `low` and `high` are the ends of the interval that is simultaneous for all pairs. `detectable` is the largest true ratio that
    a test on groups of these sizes would find to be below four fifths with 80% power. It is NaN if there is no such ratio.
    """

    least: Cell
    most: Cell
    ratio: Estimate
    low: float
    high: float
    detectable: float


@dataclass(frozen=True)
class FamilyImpact:
    """Adverse impact for one protected column, or for a pair of columns.

    `headline` compares the groups with the lowest and the highest selection rate, among the groups that are shown and assessed.
    `surest` is the pair whose simultaneous interval has the lowest upper limit. `withheld` states whether the flag for groups
    with withheld rates is raised. It is "untold" if the flag would reveal a small count, and None if there are no such groups.
    """

    columns: tuple[str, ...]
    headline: Pair | None
    surest: Pair | None
    withheld: Withheld | None


@dataclass(frozen=True)
class AdverseImpact:
    """Adverse impact for one model in all families: protected columns and pairs of columns.

    The simultaneous intervals are adjusted for the number of pairs of groups, `compared`.
    """

    compared: int
    families: tuple[FamilyImpact, ...]


def adverse_impact(cut: Sequence[Family], groups: Sequence[Sequence[GroupShares]]) -> AdverseImpact:
    """Assess adverse impact for one model in every family, from the selection rates of its groups."""
    judged = [_judged(family, found) for family, found in zip(cut, groups, strict=True)]
    compared = sum(len(one) * (len(one) - 1) // 2 for one in judged)
    level = LEVEL / max(compared, 1)
    made = [
        _family(family, {i: found[i] for i in places}, found, level)
        for family, found, places in zip(cut, groups, judged, strict=True)
        if len(places) > 1
    ]
    return AdverseImpact(compared, tuple(made))


def _judged(family: Family, groups: Sequence[GroupShares]) -> list[int]:
    """Return the positions of the groups that are large enough to be assessed.

    The choice must not reveal the number of rows of a withheld group. Among the withheld groups, only the largest is assessed,
    and only if the total number of rows in all withheld groups implies that it is large enough.
    """
    places = [i for i, cell in enumerate(family.cells) if cell.told and cell.rows >= ROWS]
    hidden = [i for i, cell in enumerate(family.cells) if not cell.told]
    if hidden and sum(family.cells[i].rows for i in hidden) >= ROWS * len(hidden):
        places.append(max(hidden, key=lambda i: family.cells[i].rows))
    return sorted(i for i in places if groups[i].whole.units >= FEWEST_GROUPS and np.isfinite(groups[i].whole.value))


def _family(
    family: Family, judged: Mapping[int, GroupShares], groups: Sequence[GroupShares], level: float
) -> FamilyImpact:
    told = {i: one.whole for i, one in judged.items() if np.isfinite(one.rate.value)}
    order = sorted(told, key=lambda i: told[i].value)
    headline = surest = None
    if len(order) > 1 and told[order[-1]].value > 0:
        headline = _pair(family, told, order[0], order[-1], level)
        pairs = [*combinations(order, 2)]
        surest = _pair(family, told, *pairs[int(np.argmin(_highs(told, pairs, level)))], level)
    withheld = None if len(told) == len(judged) else _flag(family, judged, groups, level)
    return FamilyImpact(family.columns, headline, surest, withheld)


def _pair(family: Family, shares: Mapping[int, Share], least: int, most: int, level: float) -> Pair:
    ends = [wilson(one.value, one.size, one.critical(level)) for one in (shares[least], shares[most])]
    r = shares[least].correlation(shares[most])
    low, high = mover_ratio((shares[least].value, *ends[0]), (shares[most].value, *ends[1]), r)
    ratio = ratio_of(shares[least], shares[most])
    return Pair(
        family.cells[least],
        family.cells[most],
        ratio,
        float(low),
        float(high),
        _detectable(shares[least], shares[most], level),
    )


def _detectable(least: Share, most: Share, level: float) -> float:
    """Return the largest detectable ratio, as a multiple of 0.01; NaN if there is none.

    The power is computed as if `most` were the true larger share, with a normal approximation to the logarithm of the ratio.
    """
    ratios = np.arange(1, round(100 * FIFTHS)) / 100
    share = ratios * most.value
    error = np.sqrt((1 - share) / (share * least.size) + (1 - most.value) / (most.value * most.size))
    critical = max(least.critical(level), most.critical(level)) + float(stats.norm.ppf(POWER))
    found = ratios[np.log(FIFTHS / ratios) >= critical * error]
    return float(found.max()) if len(found) else np.nan


def _highs(shares: Mapping[int, Share], pairs: Sequence[tuple[int, int]], level: float) -> FloatArray:
    """Return the upper end of the interval of the impact ratio for each pair (pairs,)."""
    ordered = np.array([(i, j) if shares[i].value <= shares[j].value else (j, i) for i, j in pairs]).T
    places = [*shares]
    value, size, critical = np.array([(s.value, s.size, s.critical(level)) for s in shares.values()]).T
    low, high = wilson(value, size, critical)
    first, second = ([places.index(i) for i in side] for side in ordered)
    ends = [(value[at], low[at], high[at]) for at in (first, second)]
    together = np.array([shares[i].correlation(shares[j]) for i, j in ordered.T.tolist()])
    return np.asarray(mover_ratio(ends[0], ends[1], together)[1])


# ---- groups whose shares are withheld


def _flag(family: Family, judged: Mapping[int, GroupShares], groups: Sequence[GroupShares], level: float) -> Withheld:
    """Return whether an impact ratio of a withheld group is significantly below four fifths; "untold" if this would reveal a
    small count.
    """
    shares = {i: one.whole for i, one in judged.items()}
    hidden = [i for i, one in judged.items() if not np.isfinite(one.rate.value)]
    against = _against(family, judged)
    raised = _apart(shares, hidden, against, level)
    untold = False
    for i in (i for i in range(len(groups)) if not np.isfinite(groups[i].rate.value)):
        side, cover = _small_side(groups[i]), _cover(family, groups, i)
        if side is None or shares.keys().isdisjoint((i, cover)):
            continue
        count = _rows_on(groups[i], side)
        worlds = range(min(count, 1), SMALL)
        flags = {n: _apart(_moved(family, shares, (i, cover), side, n - count), hidden, against, level) for n in worlds}
        would = [n for n, flag in flags.items() if flag]
        if len(would) < APART and (would or i in judged):  # the flag would reveal the count
            untold = True
        elif len(worlds) - APART < len(would) < len(worlds):
            raised &= count in would[: len(worlds) - APART]
    return "untold" if untold else "raised" if raised else "not_raised"


def _against(family: Family, judged: Mapping[int, GroupShares]) -> list[int]:
    """Return the groups with which withheld groups are compared. The choice must use only information that is shown."""
    told = {i: one.rate.value for i, one in judged.items() if np.isfinite(one.rate.value)}
    if told:
        return sorted({min(told, key=lambda i: told[i]), max(told, key=lambda i: told[i])})
    open_ = [i for i in judged if family.cells[i].told] or [*judged]
    return [max(open_, key=lambda i: family.cells[i].rows)]


def _apart(shares: Mapping[int, Share], hidden: Sequence[int], against: Sequence[int], level: float) -> bool:
    pairs = [(i, j) for i in hidden for j in against if i != j]
    return bool(pairs) and bool((_highs(shares, pairs, level) < FIFTHS).any())


def _small_side(group: GroupShares) -> int | None:
    """Return the side of the decision with fewer than ten rows (1: selected, 0: not selected); None if both have at least ten."""
    if group.rows is None:
        return None
    return next((side for side in (1, 0) if group.rows[side] < SMALL), None)


def _rows_on(group: GroupShares, side: int) -> int:
    return 0 if group.rows is None else int(group.rows[side])


def _cover(family: Family, groups: Sequence[GroupShares], at: int) -> int | None:
    """Return the position of the largest withheld group other than the group at `at`; None if there is none.

    Because both groups are withheld, neither count can be calculated from the total.
    """
    others = [i for i in range(len(groups)) if i != at and not np.isfinite(groups[i].rate.value)]
    return max(others, key=lambda i: family.cells[i].rows, default=None)


def _moved(
    family: Family, shares: Mapping[int, Share], pair: tuple[int, int | None], side: int, more: int
) -> dict[int, Share]:
    """Return the shares after `more` rows on one side of the decision are moved from the second group to the first."""
    made = dict(shares)
    for i, step in zip(pair, (more, -more), strict=True):
        if i is not None and i in made:
            change = (step if side == 1 else -step) / family.cells[i].rows  # assumes rows of mean weight
            made[i] = replace(made[i], value=min(max(made[i].value + change, 0.0), 1.0))
    return made
