"""Partition of rows into groups by protected columns and pairs of them, and selection of the groups that can be shown.

In a column with levels, each of the twelve most frequent levels is a group, and all other levels form one group. A numeric column
is divided at its weighted quartiles into four groups (fewer if values are tied). Missing values are a separate group.

A group with fewer than ten rows is withheld. For two columns, the groups form a table of counts; for one column, they form a
single line. The total of the withheld counts in a line (row or column) of the table can be calculated as the total of the line
minus the shown counts. If this difference is below ten, or if only one group of the line is withheld, the next smallest group of
the line is withheld as well (complementary suppression; Willenborg & de Waal 2001).

A share together with its number of rows reveals a count. The shares of a group are withheld if fewer than ten of its rows are on
one side of the decision, or if such a count could be calculated from the other groups and the total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Literal

import numpy as np
import pandas as pd

from tabinterp.arrays import IntArray
from tabinterp.errors import NotApplicableError, argument
from tabinterp.stats.weights import quantile
from tabinterp.table import Table
from tabinterp.table.rounding import Rounding
from tabinterp.table.suppression import BoolArray, countable, shown

LEVELS, PARTS = 12, 4

Kind = Literal["level", "others", "missing", "at_most", "between", "above", "any"]


ROWS = 30  # minimum number of rows of a group reported as the one with the lowest or the highest selection rate


@dataclass(frozen=True)
class Condition:
    """Condition on one column that defines a group.

    It is a level, all less frequent levels, missing values, or the range of numbers above `low` and up to `high`.
    """

    column: str
    kind: Kind
    level: str | None = None
    low: float | None = None
    high: float | None = None

    @property
    def name(self) -> str:
        """The name by which the user can choose a reference group.

        It is a level as text, "missing", "others", "any", or a range such as "<= 3", "3 to 5" or "> 5".
        """
        if self.level is not None:
            return self.level
        if self.kind in ("missing", "others", "any"):
            return self.kind
        if self.kind == "between":
            return f"{self.low:g} to {self.high:g}"
        return f"<= {self.high:g}" if self.kind == "at_most" else f"> {self.low:g}"


@dataclass(frozen=True, eq=False)
class Axis:
    """Division of one column into groups: frequent levels and a group of all other levels, or ranges of numbers.

    The last group contains missing values.
    """

    column: str
    conditions: tuple[Condition, ...]

    def codes(self, table: Table) -> IntArray:
        """Return the index (n,) of the condition that each row meets."""
        values, last = table.frame[self.column], len(self.conditions) - 1
        if self.conditions[-2].kind != "others":
            numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
            edges = np.array([one.high for one in self.conditions if one.high is not None], dtype=np.float64)
            return np.where(np.isnan(numbers), last, np.searchsorted(edges, numbers, side="left")).astype(np.int64)
        found, levels = pd.factorize(values if values.dtype == object else values.astype(object))
        places = {one.level: i for i, one in enumerate(self.conditions)}
        return np.array([*(places.get(str(level), last - 1) for level in levels), last], dtype=np.int64)[found]


@dataclass(frozen=True, eq=False)
class Cut:
    """Groups of one column, and the group of each row.

    `codes` (n,) are indices into `conditions`. Every condition is met by at least one row.
    """

    column: str
    conditions: tuple[Condition, ...]
    codes: IntArray

    @property
    def counts(self) -> IntArray:
        return np.bincount(self.codes, minlength=len(self.conditions)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Cell:
    """Group defined by one or two columns, with its number of rows. `told` states whether its results can be shown."""

    conditions: tuple[Condition, ...]
    rows: int
    told: bool

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(condition.column for condition in self.conditions)

    @property
    def name(self) -> str:
        return " and ".join(f"{c.column}: {c.name}" for c in self.conditions)


@dataclass(frozen=True, eq=False)
class Family:
    """The groups of one column or pair of columns, without empty groups, and the index of the reference group.

    `places` (cells,) are the indices of these groups among all combinations of the columns' conditions, including combinations
    without rows.
    """

    columns: tuple[str, ...]
    cells: tuple[Cell, ...]
    places: IntArray
    control: int | None


@dataclass(frozen=True, eq=False)
class Partition:
    """Division of each protected column into groups, and the reference groups chosen by the user."""

    axes: tuple[Axis, ...]
    control: dict[str, str]

    @property
    def spans(self) -> tuple[tuple[int, ...], ...]:
        """The indices of the columns of each family: first single columns, then pairs."""
        return (*((i,) for i in range(len(self.axes))), *combinations(range(len(self.axes)), 2))

    @property
    def sizes(self) -> list[int]:
        """The number of combinations of conditions in each family."""
        return [int(np.prod([len(self.axes[i].conditions) for i in span])) for span in self.spans]

    def codes(self, table: Table) -> list[IntArray]:
        """Return, for each family, the index (n,) of the combination of conditions that each row meets."""
        of = [axis.codes(table) for axis in self.axes]
        pairs = [of[i] * len(self.axes[j].conditions) + of[j] for i, j in self.spans[len(of) :]]
        return [*of, *pairs]

    def conditions(self, family: int) -> list[tuple[Condition, ...]]:
        """Return the combinations of conditions of a family, in the order of their indices."""
        return [*product(*(self.axes[i].conditions for i in self.spans[family]))]

    def families(self, counts: Sequence[IntArray]) -> tuple[Family, ...]:
        """Return every family, without its empty groups.

        For each family, `counts` contains the number of rows in each combination of conditions.
        """
        single = [self._single(i, counts[i]) for i in range(len(self.axes))]
        pairs = [self._pair(at, counts[at], single) for at in range(len(self.axes), len(counts))]
        return (*single, *pairs)

    def _single(self, at: int, counts: IntArray) -> Family:
        axis, open_ = self.axes[at], shown(counts[:, None])[:, 0]
        cells, places = self._cells(at, counts, open_)
        names = [axis.conditions[place].name for place in places]
        control = _largest(cells)
        if (named := self.control.get(axis.column)) is not None:
            there = names.index(named) if named in names else None
            control = there if there is not None and cells[there].told else None
        return Family((axis.column,), cells, places, control)

    def _pair(self, at: int, counts: IntArray, single: Sequence[Family]) -> Family:
        """Return all combinations of the groups of two columns.

        The reference group is the combination of the two columns' reference groups. If the results for this combination cannot
        be shown, the reference group is the largest group whose results can be shown.
        """
        sides = [single[i] for i in self.spans[at]]
        shape = tuple(len(self.axes[i].conditions) for i in self.spans[at])
        told = [np.zeros(size, dtype=np.bool_) for size in shape]
        for flags, side in zip(told, sides, strict=True):
            flags[side.places] = [cell.told for cell in side.cells]
        open_ = shown(counts.reshape(shape), told[0][:, None] & told[1][None, :]).ravel()
        cells, places = self._cells(at, counts, open_)
        control = None
        if all(side.control is not None for side in sides):
            place = np.ravel_multi_index([int(side.places[side.control or 0]) for side in sides], shape)
            if open_[place]:
                control = int(np.flatnonzero(places == place)[0])
        columns = tuple(side.columns[0] for side in sides)
        return Family(columns, cells, places, _largest(cells) if control is None else control)

    def _cells(self, at: int, counts: IntArray, told: BoolArray) -> tuple[tuple[Cell, ...], IntArray]:
        places, named = np.flatnonzero(counts), self.conditions(at)
        return tuple(Cell(named[i], int(counts[i]), bool(told[i])) for i in places), places


def partition(table: Table, control: Mapping[str, Any] | None = None) -> Partition:
    """Partition the rows by the protected columns.

    Levels come from the schema. The most frequent levels and the ranges of numeric columns are determined from these rows.

    Raises
    ------
    NotApplicableError
        If a column in `control` is not protected, or does not have the named group.
    """
    names, control = (
        [c.name for c in table.schema.columns if c.protected and c.name != table.schema.target],
        control or {},
    )
    unknown = [name for name in control if name not in names]
    if unknown:
        raise NotApplicableError(
            f"{argument('control')} must name protected columns; got {unknown}. The protected columns are {names}"
        )
    axes = tuple(_axis(table, name) for name in names)
    for axis in axes:
        known = [condition.name for condition in axis.conditions]
        if axis.column in control and str(control[axis.column]) not in known:
            raise NotApplicableError(
                f"unknown reference group {str(control[axis.column])!r} of column {axis.column!r}; choose one of "
                f"{known}"
            )
    return Partition(axes, {name: str(group) for name, group in control.items()})


def cut(table: Table, name: str) -> Cut:
    """Divide the rows into groups by the most frequent levels of a column or, if it is numeric, by ranges of its values."""
    axis = _axis(table, name)
    codes = axis.codes(table)
    held = np.bincount(codes, minlength=len(axis.conditions)) > 0
    conditions = tuple(condition for condition, some in zip(axis.conditions, held, strict=True) if some)
    return Cut(name, conditions, (np.cumsum(held) - 1)[codes])


def _axis(table: Table, name: str) -> Axis:
    made = _parts(table, name) if table.schema[name].kind == "numeric" else _levels(table, name)
    return Axis(name, (*made, Condition(name, "missing")))


def _levels(table: Table, name: str) -> list[Condition]:
    counts = dict.fromkeys(map(str, table.schema[name].levels), 0)
    for level, rows in table.frame[name].value_counts(sort=False).items():
        counts[str(level)] = counts.get(str(level), 0) + int(rows)
    kept = sorted(sorted(counts), key=lambda level: -counts[level])[:LEVELS]
    return [*(Condition(name, "level", level=level) for level in sorted(kept)), Condition(name, "others")]


def _parts(table: Table, name: str) -> list[Condition]:
    values = table.numeric(name)
    known, weights = values[~np.isnan(values)], table.row_weights[~np.isnan(values)]
    edges: list[float] = []
    if weights.any():
        edges = Rounding(known).edges(quantile(known, i / PARTS, weights) for i in range(1, PARTS))
    if not edges:
        return [Condition(name, "any")]
    made = []
    for low, high in zip([None, *edges], [*edges, None], strict=True):
        kind: Kind = "above" if high is None else "at_most" if low is None else "between"
        made.append(Condition(name, kind, low=low, high=high))
    return made


def _largest(cells: Sequence[Cell]) -> int | None:
    sizes = [cell.rows if cell.told else 0 for cell in cells]
    return int(np.argmax(sizes)) if sizes and max(sizes) > 0 else None


def shares_told(found: Sequence[Family], sides: Sequence[IntArray]) -> list[list[bool]]:
    """Return, for every cell of every family, whether shares of its rows can be shown.

    For each family, `sides` (cells, sides) are the numbers of rows on each side of the decision. Families are in the order of
    `Partition.families`: first single columns, then pairs. The shares of a group of two columns can be shown only if the shares
    of both single-column groups can be shown.
    """
    single: dict[Condition, bool] = {}
    made = []
    for family, rows in zip(found, sides, strict=True):
        axes = [list(dict.fromkeys(cell.conditions[x] for cell in family.cells)) for x in range(len(family.columns))]
        at = tuple(np.array([[axis.index(c.conditions[x]) for c in family.cells] for x, axis in enumerate(axes)]))
        counts = np.zeros((*map(len, axes), rows.shape[1]), dtype=np.int64)
        counts[at] = rows
        allowed = np.zeros(counts.shape[:-1], dtype=np.bool_)
        allowed[at] = [cell.told and all(single.get(c, True) for c in cell.conditions) for cell in family.cells]
        if allowed.ndim == 1:
            counts, allowed, at = counts[:, None], allowed[:, None], (*at, np.zeros(len(family.cells), dtype=np.int64))
        told = [bool(one) for one in countable(counts, allowed)[at]]
        if len(family.columns) == 1:
            single |= {cell.conditions[0]: one for cell, one in zip(family.cells, told, strict=True)}
        made.append(told)
    return made
