"""Slices: groups of rows in which one model is much better than the other, found by tests of the difference in loss.

A slice consists of the rows with one level of a column, with values between two adjacent quartiles of a numeric column, or with a
missing value. Slices of protected columns come first, and a slice with the same rows as an earlier one is left out. There are two
results for each slice. The first is the mean difference in loss, network minus linear model. The second is the difference between
this mean and the mean of all other rows. Standard errors assume independent rows or, if the table has a group column, independent
groups of rows.

All slices are tested together. Results that differ significantly from zero are identified with a false discovery rate of 5%
(Benjamini & Hochberg 1995). The intervals have a false coverage rate of 5% over the significant results (Benjamini & Yekutieli
2005). With R significant results among m slices, the level of the intervals is 1 - .05 R/m. A result is significant if and only
if its interval excludes zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from tabinterp.analyses.clustered_means import Mean, influences, spread
from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import FEWEST, Status, groups, judged
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel
from tabinterp.models.losses import loss_for
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.multiple_testing import benjamini_hochberg
from tabinterp.stats.weights import quantile
from tabinterp.table import Table
from tabinterp.table.class_counts import too_few_events
from tabinterp.table.rounding import Rounding
from tabinterp.table.suppression import BoolArray, parts_shown

SMALLEST = 50  # minimum rows of a group
PARTS = 4  # number of ranges into which a numeric column is divided
RATE = 0.05  # false discovery rate, and false coverage rate of the intervals of findings

Kind = Literal["level", "missing", "at_most", "between", "above"]


@dataclass(frozen=True, eq=False)
class Group:
    """A group of rows with one level of a column, with missing values, or with a number above `low` and at most `high`.

    `rows` (n,) is the mask of the rows in the group.
    """

    column: str
    kind: Kind
    rows: np.ndarray[Any, np.dtype[np.bool_]]
    protected: bool = False
    level: str | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Tested:
    """Mean of a quantity in a group, and its difference from the mean of all other rows, with adjusted p-values."""

    inside: Mean
    q: float
    against_rest: Mean
    rest_q: float


@dataclass(frozen=True, eq=False)
class Slice:
    """Comparison of the network with the linear model in one group of rows.

    Differences in loss are network minus linear model, so negative values favour the network.

    Attributes
    ----------
    status : result of the comparison by the same rule as the report's verdict: better, worse, equivalent or not resolved.
    unlike : whether the difference in loss in the group differs significantly from that for all other rows.
    """

    group: Group
    rows: int
    difference: Mean
    q: float
    against_rest: Mean
    rest_q: float
    status: Status
    unlike: bool


@dataclass(frozen=True, eq=False)
class Slices(PreviewedFrame):
    """Results for all groups, sorted by the difference in loss; the group that most favours the linear model is first."""

    slices: tuple[Slice, ...]
    loss: str
    margin: float
    rows: int
    smallest: int

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each group."""
        rows = []
        for one in self.slices:
            group = one.group
            row: dict[str, object] = {"column": group.column, "kind": group.kind, "protected": group.protected}
            row |= {"level": group.level, "low": group.low, "high": group.high, "rows": one.rows}
            for name, found in (("difference", one.difference), ("against_rest", one.against_rest)):
                row |= dict(zip((name, f"{name}_stderr", f"{name}_low", f"{name}_high"), found, strict=True))
            rows.append(row | {"q": one.q, "rest_q": one.rest_q, "status": one.status, "unlike": one.unlike})
        return pd.DataFrame(rows)


def slices(network: BoundModel, linear: BoundModel, margin: float, *, smallest: int = SMALLEST) -> Slices:
    """Compare the losses of two models in each group of held-out rows. Both models are bound to the same table.

    Groups with too few rows of a class are left out.

    Parameters
    ----------
    margin : equivalence margin of the verdict, in units of the loss.
    smallest : minimum number of rows per group.

    Raises
    ------
    NotApplicableError
        If the table has no split into training and held-out rows.
    """
    if network.table.held_out is None:
        raise NotApplicableError(
            why("losses are compared on rows that the models were not trained on, and none are known")
        )
    rows = np.flatnonzero(network.table.held_out)
    network, linear = network.take(rows), linear.take(rows)
    table = network.table
    found = [group for group in groups_of(table, smallest) if not too_few_events(table.take(group.rows), "held_out")]
    loss = loss_for(None, table.schema.task)
    lost = loss.each(np.stack([network.scores, linear.scores]), table.y, network.device)
    tests = compared([group.rows for group in found], lost[0] - lost[1], table.row_weights, groups(table))
    made = [_slice(group, test, margin) for group, test in zip(found, tests, strict=True)]
    made.sort(key=lambda one: -np.nan_to_num(one.difference[0], nan=-np.inf))
    return Slices(tuple(made), loss.name, margin, len(table), smallest)


def _slice(group: Group, test: Tested, margin: float) -> Slice:
    _, _, low, high = test.inside
    status: Status = judged(low, high, margin) if np.isfinite(low) else "not_resolved"
    unlike = test.against_rest[2] > 0 or test.against_rest[3] < 0
    size = int(group.rows.sum())
    return Slice(group, size, test.inside, test.q, test.against_rest, test.rest_q, status, unlike)


# ---- for any value of a row, and any groups


def compared(
    masks: list[Any], values: FloatArray, weights: FloatArray, group: IntArray, rate: float = RATE
) -> list[Tested]:
    """Return the mean of `values` (n,) in each group of rows, and its difference from the mean of all other rows.

    Groups with fewer than ten sampling units have no intervals.

    Parameters
    ----------
    masks : for each group, a mask of its rows (n,).
    group : number of the sampling unit of each row (n,). A sampling unit is a row, or several rows that were sampled together.
    rate : false discovery rate, as in `family`.
    """
    inside, rest = [], []
    for mask in masks:
        mean, moved = influences(values, weights, mask)
        inside.append((mean, *spread(moved, group, mask, weights)))
        other, back = influences(values, weights, ~mask)
        everyone = np.ones(len(values), dtype=bool)
        error = spread(moved - back, group, everyone)[0] if _enough(group, ~mask) else np.nan
        rest.append((mean - other, error, inside[-1][2]))
    means, differences = family(inside, rate), family(rest, rate)
    return [Tested(*one, *other) for one, other in zip(means, differences, strict=True)]


def _enough(group: IntArray, rows: Any) -> bool:
    return len(np.unique(group[rows])) >= FEWEST


def family(found: list[tuple[float, float, int]], rate: float = RATE) -> list[tuple[Mean, float]]:
    """Return intervals and p-values for several estimates, corrected for multiple testing.

    Parameters
    ----------
    found : each estimate with its standard error and the number of sampling units on which it is based.
    rate : false discovery rate, and false coverage rate of the intervals of significant estimates.
    """
    if not found:
        return []
    value, error, count = (np.array(part, dtype=np.float64) for part in zip(*found, strict=True))
    error = np.where(count < FEWEST, np.nan, error)
    df = np.maximum(count - 1, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * stats.t.sf(np.where(value == 0, 0.0, np.abs(value) / error), df)
    q = benjamini_hochberg(np.where(np.isnan(error), np.nan, p))
    tested, discovered = int(np.sum(~np.isnan(q))), int(np.sum(q <= rate))
    level = rate * max(discovered, 1) / max(tested, 1)
    reach = stats.t.ppf(1 - level / 2, df) * error
    return [
        ((float(value[i]), float(error[i]), float(value[i] - reach[i]), float(value[i] + reach[i])), float(q[i]))
        for i in range(len(value))
    ]


def groups_of(table: Table, smallest: int = SMALLEST, among: BoolArray | None = None) -> Iterator[Group]:
    """Yield groups of at least `smallest` rows, defined by levels or ranges of input and protected columns.

    A group with the same rows as an earlier group is left out. If 1 to 9 rows are in none of the groups of a column, the column's
    smallest group is also left out. Otherwise, readers could derive this small number from the sizes of the groups.

    Parameters
    ----------
    among : mask of the rows that count towards group sizes and determine the ranges (n,); None means all rows.
    """
    names = [c.name for c in table.schema.columns if c.role == "input" or (c.protected and c.role == "dropped")]
    counted = np.ones(len(table), dtype=bool) if among is None else among
    total = int(counted.sum())
    seen: set[bytes] = set()
    for name in sorted(names, key=lambda name: not table.schema[name].protected):
        found = [(group, int((group.rows & counted).sum())) for group in _column_groups(table, name, counted)]
        wanted = [(group, size) for group, size in found if smallest <= size < total]
        sizes = [size for _, size in wanted]
        told = parts_shown([*sizes, total - sum(sizes)])
        for (group, _), open_ in zip(wanted, told[:-1], strict=True):
            key = np.packbits(group.rows & counted).tobytes()
            if open_ and key not in seen:
                seen.add(key)
                yield group


def _column_groups(table: Table, name: str, counted: BoolArray) -> Iterator[Group]:
    values, column = table.frame[name], table.schema[name]
    missing = values.isna().to_numpy()
    if column.kind == "numeric":
        yield from _parts(table, name, missing, counted)
    else:
        for level in pd.unique(values[~missing & counted]):
            rows = (values == level).to_numpy(dtype=bool, na_value=False)
            yield Group(name, "level", rows, column.protected, level=str(level))
    yield Group(name, "missing", missing, column.protected)


def _parts(table: Table, name: str, missing: Any, counted: BoolArray) -> Iterator[Group]:
    """Yield the ranges between the rounded, weighted quartiles of a numeric column.

    A column with few distinct values has fewer than four ranges.
    """
    values = table.numeric(name)
    known, weights = (part[~missing & counted] for part in (values, table.row_weights))
    if not weights.any() or known.min() == known.max():
        return
    edges = Rounding(known).edges(quantile(known, i / PARTS, weights) for i in range(1, PARTS))
    protected = table.schema[name].protected
    with np.errstate(invalid="ignore"):
        for low, high in zip([None, *edges], [*edges, None], strict=True):
            above = ~missing if low is None else values > low
            rows = above & ~missing if high is None else above & (values <= high)
            kind: Kind = "at_most" if low is None else "above" if high is None else "between"
            if low is not None or high is not None:
                yield Group(name, kind, rows, protected, low=low, high=high)


def run(context: Context) -> Slices:
    """Compare both models of an audit in each slice of the held-out rows."""
    return slices(context.network, context.linear, context.performance.margin)
