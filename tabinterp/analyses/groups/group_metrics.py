"""Fairness metrics of one model for every group that can be shown: selection rates, error rates and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.stats.estimates import FEWEST_GROUPS
from tabinterp.stats.group_contrasts import (
    NONE,
    Estimate,
    Share,
    of_mean,
    of_means,
    of_share,
    of_shares,
    ratio_of,
    standardised,
)
from tabinterp.table.suppression import SMALL, BoolArray

from .group_sums import Plan, Sums, Tally
from .partition import ROWS, Family, shares_told
from .several_classes import told_classes

ESTIMATES = (
    "rate", "ratio", "ratio_most", "difference", "smd", "tpr_difference", "fpr_difference", "intercept", "slope",
)  # fmt: skip


@dataclass(frozen=True)
class Treated:
    """Fairness metrics of one group under one model.

    `rate` is the selection rate or, for regression and counts, the mean prediction. Differences are group minus reference group.
    Estimates are (value, standard error, low, high). An estimate is NaN if it compares the reference group with itself, if it
    would reveal a count below ten, or if it is a ratio with denominator zero.

    If one to nine rows are selected, only the upper end of the interval of `ratio` is given, computed as if nine rows were
    selected. If all but one to nine rows are selected, only the lower end of this interval is given, computed as if all but nine
    were selected.
    """

    rate: Estimate
    difference: Estimate
    p: float  # p-value of the hypothesis of no difference
    smd: Estimate
    ece: float
    intercept: Estimate = NONE
    slope: Estimate = NONE
    ratio: Estimate = NONE  # ratio to the reference group
    ratio_most: Estimate = NONE  # ratio to the group with the highest selection rate
    tpr: float = np.nan
    tpr_difference: Estimate = NONE
    fpr: float = np.nan
    fpr_difference: Estimate = NONE


Judged = list[list[Treated | None]]  # metrics for each cell of each family


def treated(plan: Plan, outputs: Sequence[Sequence[Sequence[GroupShares]]], cut: Sequence[Family]) -> list[Judged]:
    """Return the fairness metrics of every group, by output; None for groups that cannot be shown."""
    ratios = plan.task == "multiclass" or plan.adverse is not None
    return [[_family(groups, family, ratios) for groups, family in zip(one, cut, strict=True)] for one in outputs]


def group_shares(plan: Plan, sums: Sums, cut: Sequence[Family], model: int) -> list[list[list[GroupShares]]]:
    """Return the shares of every group under one model, even if they cannot be shown, nested by output, `Family` and group."""
    tallies = sums.tallies[model]
    rates = [[[cell.told for cell in family.cells] for family in cut]]
    if plan.task == "multiclass":
        counts = [np.stack([_sides(one)[:, 1] for one in outputs], axis=1) for outputs in zip(*tallies, strict=True)]
        rates = told_classes(cut, [one[family.places] for one, family in zip(counts, cut, strict=True)])
    elif plan.labels:
        rates = [shares_told(cut, [_sides(one)[family.places] for one, family in zip(tallies[0], cut, strict=True)])]
    largest = sums.largest or [None] * len(cut)
    found = []
    for output, told, scale in zip(tallies, rates, plan.scales[model], strict=True):
        errors = told
        if plan.labels:
            errors = shares_told(cut, [one.sides[family.places] for one, family in zip(output, cut, strict=True)])
        told_of = zip(output, cut, told, errors, scale.some, largest, strict=True)
        found.append([_shares(plan, *one) for one in told_of])
    return found


def _sides(tally: Tally) -> IntArray:
    """Return, for each cell, the number of rows that are not selected and the number that are selected (cells, 2)."""
    return np.asarray(tally.sides.reshape(-1, 2, 2).sum(axis=2))


@dataclass(frozen=True, eq=False)
class GroupShares:
    """Shares of one group under one model, and other inputs to the group's metrics.

    Shares that cannot be shown are NaN, except `whole`.

    Parameters
    ----------
    told : whether anything but the name of the group may be shown.
    whole : the share of selected rows, whether or not it can be shown.
    rows : (2,) numbers of rows not selected and selected; None for numeric targets.
    reach : the largest share of the group's weight that nine rows can have.
    size : the effective number of rows.
    """

    told: bool
    whole: Share
    rate: Share
    tpr: Share
    fpr: Share
    score: Share
    ece: float
    rows: IntArray | None
    reach: float
    size: float


def _shares(
    plan: Plan,
    tally: Tally,
    family: Family,
    rates: Sequence[bool],
    errors: Sequence[bool],
    binned: BoolArray,
    largest: FloatArray | None,
) -> list[GroupShares]:
    """Return the shares (`GroupShares`) of every group of a family."""
    selected, among, sides = tally.selected, [], None
    if plan.labels:
        among, sides = [tally.among(outcome) for outcome in (1, 0)], _sides(tally)
    positive = int(plan.task == "multiclass" or plan.compared == 1)  # class of the predicted outcome
    made: list[GroupShares] = []
    for cell, place, rate, both in zip(family.cells, map(int, family.places), rates, errors, strict=True):
        whole, mass = selected.share(place), float(selected.mass[place])
        most = SMALL - 1 if largest is None else float(largest[place].sum())
        shares = [one.share(place) if cell.told and rate and both else Share() for one in among] or [Share(), Share()]
        made.append(
            GroupShares(
                told=cell.told,
                whole=whole,
                rate=whole if cell.told and rate else Share(),
                tpr=shares[0],
                fpr=shares[1],
                score=tally.score.share(place),
                ece=tally.error(place, positive) if binned[place] else np.nan,
                rows=None if sides is None else sides[place],
                reach=most / mass if mass > 0 else np.nan,
                size=mass**2 / float(selected.squares[place]) if mass > 0 else np.nan,
            )
        )
    return made


def _family(groups: Sequence[GroupShares], family: Family, ratios: bool) -> list[Treated | None]:
    large = [
        one
        for one, cell in zip(groups, family.cells, strict=True)
        if np.isfinite(one.rate.value) and cell.rows >= ROWS and one.whole.units >= FEWEST_GROUPS
    ]
    most = max(large, key=lambda one: one.rate.value, default=None)
    control = None if family.control is None else groups[family.control]
    return [
        _treated(one, None if one is control else control, None if one is most else most, ratios) if one.told else None
        for one in groups
    ]


def _treated(group: GroupShares, control: GroupShares | None, most: GroupShares | None, ratios: bool) -> Treated:
    none = Share()
    rate, against = group.rate, none if control is None else control.rate
    smd = standardised(group.score, none if control is None else control.score)
    if group.rows is None:
        difference, p = of_means(rate, against)
        return Treated(rate=of_mean(rate), difference=difference, p=p, smd=smd, ece=group.ece)
    difference, p = of_shares(rate, against)
    to_control = ratio_of(rate, against)
    if not np.isfinite(rate.value):
        to_control = one_end(group.rows, group.reach, group.size, group.whole.units, against)
    return Treated(
        rate=of_share(rate),
        difference=difference,
        p=p,
        smd=smd,
        ece=group.ece,
        ratio=to_control if ratios else NONE,
        ratio_most=ratio_of(rate, none if most is None else most.rate) if ratios else NONE,
        tpr=group.tpr.value,
        tpr_difference=of_shares(group.tpr, none if control is None else control.tpr)[0],
        fpr=group.fpr.value,
        fpr_difference=of_shares(group.fpr, none if control is None else control.fpr)[0],
    )


def one_end(rows: IntArray, reach: float, size: float, units: float, against: Share) -> Estimate:
    """Return the interval of a withheld ratio, with only the end that may be shown.

    This end is computed as if the withheld count were nine, the largest count that is withheld.

    Parameters
    ----------
    rows : (2,) numbers of rows not selected and selected.
    reach : the largest share of the group's weight that nine rows can have.
    size : the effective number of rows.
    units : the number of sampling units to which the rows belong.
    against : the share of the reference group.
    """
    left, selected = rows
    for side, end in ((selected, 3), (left, 2)):
        if 0 < side < SMALL:
            value = reach if end == 3 else 1 - reach
            found = ratio_of(Share(value, size, float(np.sqrt(reach * (1 - reach))), units), against)
            return (np.nan, np.nan, np.nan, found[3]) if end == 3 else (np.nan, np.nan, found[2], np.nan)
    return NONE
