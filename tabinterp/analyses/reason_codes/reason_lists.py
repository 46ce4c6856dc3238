"""Lists of reasons: their similarity, the columns that they name, and the effect of changing these columns on the decision.

Small counts are protected. If a share would reveal a count of one to nine rows, or of all but one to nine rows, it is replaced by
a bound (`told_share`). Other shares from which such a share could be calculated are withheld. Results can be computed separately
for the declined rows that the linear model also declines and for those that it approves. There are no separate results if the
number of rows on which the two models decide differently is withheld.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from tabinterp.analyses.clustered_means import NONE, Mean, mean_of, told_share
from tabinterp.analyses.performance.estimator import FEWEST, groups
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel
from tabinterp.models.perturbation import RESOLUTION, crossed, forward, mixed
from tabinterp.table.hash_sampling import row_hash, splitmix
from tabinterp.table.suppression import parts_shown

from .adverse_decisions import BoolArray, Case, linear_values
from .record import TOP

DONORS = 20  # narrowly approved rows from which the values of the named columns are taken
BLOCK = 512  # rows whose columns are changed at the same time

Which = Literal["network", "linear"]


@dataclass(frozen=True)
class Likeness:
    """Similarity of the lists of reasons from two methods, for the same declined rows.

    The standard errors and 95% intervals of the measures are computed over rows or, if the table has a group column, over groups.

    Attributes
    ----------
    of : name of the comparison, such as "linear" or "seed".
    rows : number of declined rows.
    jaccard : mean Jaccard index: number of columns in both lists, divided by the number of columns in at least one list.
    changed : share of rows for which the lists name different columns.
    first : share of rows for which both lists have the same first column.
    """

    of: str
    rows: int
    jaccard: Mean
    changed: Mean
    first: Mean


@dataclass(frozen=True)
class Flips:
    """The share of a model's declined rows that become approved when the columns in the row's list of reasons change.

    In each pair of a declined row and a narrowly approved row, columns of the declined row take the values of the approved row.

    Attributes
    ----------
    named : share of pairs in which the model approves the declined row after the columns in the row's list have changed.
    random : share of pairs in which the model approves the declined row after the same number of random columns have changed.
    gain : the paired difference, `named` minus `random`.
    """

    model: Which
    rows: int
    named: Mean
    random: Mean
    gain: Mean


@dataclass(frozen=True)
class Named:
    """The share of rows for which a column is a reason, and the share for which it is the first reason, under each model."""

    column: str
    protected: bool
    network: Mean
    linear: Mean
    network_first: Mean
    linear_first: Mean


@dataclass(frozen=True)
class Against:
    """Among rows for which a column is a reason, the share in which the reason contradicts the column's declared direction.

    In such a row, the declared direction implies that the column's value is less adverse than the mean of the narrowly approved
    rows.
    """

    column: str
    sign: int
    rows: int
    share: Mean


# ---- agreement of lists


def listed(values: FloatArray) -> tuple[BoolArray, IntArray]:
    """Return a mask of the columns in each row's list of reasons (rows, columns), and the index of its first reason (rows,).

    `values` (rows, columns) contains the contributions to the adverse decision. The index is -1 if the list is empty.
    """
    order = np.argsort(-values, axis=1, kind="stable")
    named = np.zeros(values.shape, dtype=bool)
    np.put_along_axis(named, order[:, :TOP], True, axis=1)
    named &= values > 0
    return named, np.where(values.max(axis=1) > 0, order[:, 0], -1)


def alike(case: Case, main: FloatArray, lists: dict[str, FloatArray]) -> list[Likeness]:
    turned = case.declines(case.linear.scores[: case.size, 0])
    everyone = np.ones(case.size, dtype=bool)
    pairs = [("linear", main, lists["linear"], everyone)]
    pairs += [("linear_agree", main, lists["linear"], turned), ("linear_differ", main, lists["linear"], ~turned)]
    if "reference" in lists:
        pairs.append(("reference", lists["baseline"], lists["reference"], everyone))
    pairs += [(of, main, lists[of], everyone) for of in ("seed", "scale")]
    pairs += [(of, main, lists[of], everyone) for of in ("baseline", "integrated_gradients") if of in lists]
    if case.linear.is_local(case.linear.columns):
        pairs.append(("linear_reference", lists["linear"], linear_values(case, case.linear_mean), everyone))
    found = [_likeness(of, case, one[at], other[at], at) for of, one, other, at in pairs]
    if not case.apart_told:
        apart = ("linear_agree", "linear_differ")
        found = [Likeness(one.of, 0, NONE, NONE, NONE) if one.of in apart else one for one in found]
    return _closed(found)


def _closed(found: list[Likeness]) -> list[Likeness]:
    """Withhold measures from which a withheld measure could be derived.

    The lists are compared on two subsets of the declined rows: those that the linear model also declines, and those that it
    approves. A measure that is withheld for one subset is also withheld for the other. Otherwise, the withheld measure could be
    derived from the measures for the other subset and for all declined rows.
    """
    of = {one.of: one for one in found}
    parts = of["linear_agree"], of["linear_differ"]
    for measure in ("jaccard", "changed", "first"):
        if any(one.rows and np.isnan(getattr(one, measure)[0]) for one in parts):
            none: dict[str, Any] = {measure: NONE}
            of |= {one.of: replace(of[one.of], **none) for one in parts}
    return list(of.values())


def _likeness(of: str, case: Case, one: FloatArray, other: FloatArray, at: BoolArray) -> Likeness:
    weights, group = _weighed(case, at)
    (a, first), (b, second) = listed(one), listed(other)
    union = (a | b).sum(axis=1)
    jaccard = np.where(union > 0, (a & b).sum(axis=1) / np.maximum(union, 1), 1.0)
    return Likeness(
        of,
        len(one),
        told_share(jaccard, weights, group),
        told_share((a != b).any(axis=1), weights, group),
        told_share(first == second, weights, group),
    )


def _weighed(case: Case, at: Any) -> tuple[FloatArray, IntArray]:
    table = case.table
    return table.row_weights[at], groups(table)[at]


# ---- effect of changing the named columns


def flips(case: Case, main: FloatArray, linear: FloatArray) -> list[Flips]:
    """Return the `Flips` of each model: how often changing the columns in the list of reasons changes the decision."""
    models: tuple[tuple[Which, BoundModel, FloatArray], ...]
    models, found = (("network", case.network, main), ("linear", case.linear, linear)), []
    for name, bound, values in models:
        at = np.flatnonzero(case.declines(bound.scores[: case.size, 0]))
        if name == "linear" and not case.apart_told:
            found.append(Flips(name, 0, NONE, NONE, NONE))
            continue
        named = listed(values[at])[0]
        drawn = _random_sets(case, at, named.sum(axis=1))
        shares = [_approved(case, bound, at, which) for which in (named, drawn)]
        weights, group = _weighed(case, at)
        first, second = (told_share(share, weights, group) for share in shares)
        untold = np.isnan([first[0], second[0]]).any()
        gain = NONE if untold else mean_of(shares[0] - shares[1], weights, group)
        found.append(Flips(name, len(at), first, second, gain))
    return found


def _random_sets(case: Case, at: IntArray, sizes: IntArray) -> BoolArray:
    """Return masks (rows, columns) of random sets of columns: one set for each row, with `sizes` (rows,) columns.

    The set depends only on the row number and the seed.
    """
    own = row_hash(case.network.table.numbers[at], case.seed)
    columns = splitmix(np.arange(len(case.network.columns), dtype=np.uint64))
    with np.errstate(over="ignore"):
        rank = np.argsort(np.argsort(splitmix(own[:, None] + columns[None]), axis=1), axis=1)
    return np.asarray(rank < sizes[:, None])


def _approved(case: Case, bound: BoundModel, at: IntArray, moved: BoolArray) -> FloatArray:
    """Return, for each row (rows,), the share of donors for which it is approved after taking the donor's values in some columns.

    These columns are marked in `moved` (rows, columns). The donors are narrowly approved rows.
    """
    every = slice(None, None, max(1, -(-len(case.near) // DONORS)))
    donors, counts = case.near[every], case.near_weights[every]
    share = np.empty(len(at))
    for i in range(0, len(at), BLOCK):
        rows, which = at[i : i + BLOCK], moved[i : i + BLOCK]
        sources = np.where(which[:, None], donors[None, :, None], rows[:, None, None])
        score = forward(bound.rest, mixed(bound, sources.reshape(-1, which.shape[1])))[:, 0].cpu().numpy()
        approved = (~case.declines(score)).reshape(len(rows), -1)
        share[i : i + BLOCK] = np.average(approved, axis=1, weights=counts)
    return share


def omitted(case: Case, main: FloatArray) -> Mean:
    """Return the share of rows in which a column that is not a reason matters more than a reason.

    How much a column matters is measured by how far the score moves towards approval when only this column takes the values of
    the narrowly approved rows.
    """
    bound, named = case.network, listed(main)[0]
    alone = np.empty(named.shape)
    for i in range(0, case.size, BLOCK):
        rows = case.rows[i : i + BLOCK]
        for j, column in enumerate(bound.columns):
            scores = crossed(bound, (column,), rows, case.near)[..., 0].cpu().numpy()
            moved = np.average(scores, axis=0, weights=case.near_weights)
            alone[rows, j] = case.side * (bound.answers[rows, 0].cpu().numpy() - moved)
    least = np.where(named, alone, np.inf).min(axis=1)
    most = np.where(named, -np.inf, alone).max(axis=1)
    tiny = RESOLUTION * float(np.abs(bound.scores).max())
    return told_share(np.maximum(most, 0.0) > least + tiny, *_weighed(case, case.rows))


def named_columns(case: Case, main: FloatArray, linear: FloatArray) -> list[Named]:
    """Return the columns that are a reason for at least ten rows under either model, in decreasing order of frequency."""
    weights, group = _weighed(case, case.rows)
    (network, first), (other, other_first) = listed(main), listed(linear)
    open_ = [_firsts(one, network.shape[1]) for one in (first, other_first)]
    # If all rows have the same number of reasons, the total of these counts is known.
    told = [parts_shown(one.sum(axis=0)) for one in (network, other)]
    found = [
        Named(
            column,
            case.table.schema[column].protected,
            _reasons(network[:, j], told[0][j], weights, group),
            _reasons(other[:, j], told[1][j], weights, group),
            told_share(first == j, weights, group) if open_[0][j] else NONE,
            told_share(other_first == j, weights, group) if open_[1][j] else NONE,
        )
        for j, column in enumerate(case.network.columns)
        if max(network[:, j].sum(), other[:, j].sum()) >= FEWEST
    ]
    return sorted(found, key=lambda one: -max(np.nan_to_num(one.network, nan=0.0)))


def _reasons(hit: BoolArray, told: bool, weights: FloatArray, group: IntArray) -> Mean:
    """Return the share of rows for which a column is a reason, given an indicator `hit` (rows,).

    If the column is a reason for one to nine rows, the result is a bound. Otherwise, the share is withheld if `told` is False.
    """
    return told_share(hit, weights, group) if told or hit.sum() < FEWEST else NONE


def _firsts(first: IntArray, columns: int) -> BoolArray:
    """Return, for each column (columns,), whether the number of rows that have it as their first reason may be shown."""
    counts = np.bincount(first + 1, minlength=columns + 1)
    return parts_shown(counts)[1:]


def protected(case: Case, main: FloatArray, linear: FloatArray) -> tuple[Mean, Mean] | None:
    schema = case.table.schema
    flagged = np.array([schema[c].protected for c in case.network.columns])
    if not flagged.any():
        return None
    weights, group = _weighed(case, case.rows)
    shares = [told_share(listed(values)[0][:, flagged].any(axis=1), weights, group) for values in (main, linear)]
    return shares[0], shares[1]


def against(case: Case, main: FloatArray, signs: Mapping[str, int]) -> list[Against]:
    named, found = listed(main)[0], []
    for column, sign in signs.items():
        values = case.network.table.inputs[column].to_numpy(dtype=np.float64, na_value=np.nan)
        known = ~np.isnan(values[case.near])
        mean = np.average(values[case.near][known], weights=case.near_weights[known]) if known.any() else np.nan
        away = values[: case.size] - mean
        at = named[:, case.network.columns.index(column)] & ~np.isnan(away)
        share = told_share(case.side * sign * away[at] < 0, *_weighed(case, at))
        found.append(Against(column, sign, int(at.sum()), share))
    return found
