"""Rows cut into groups by the columns declared protected, and by two of them at once; which of the groups may be told.

A column of levels is cut into its twelve most frequent ones and all others together, a number into quarters of the rows by
weight (fewer where values are tied), and missing values are a group of their own. A group of fewer than ten rows is not told;
nor is the next smallest of a line of the table whose untold rows, reckoned as the total less what is told, would be fewer
than ten or those of one group (complementary suppression; Willenborg & de Waal 2001).

A share with its number of rows is a count. The shares of a group are not told where fewer than ten of its rows are on one side
of them, nor where such a count could be reckoned from the other groups and the total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import NotApplicableError
from ..readouts.grids import SMALL
from ..readouts.weights import quantile
from ..table import Table
from ..table.draws import IntArray

LEVELS, PARTS = 12, 4

Kind = Literal["level", "others", "missing", "at_most", "between", "above"]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Condition:
    """Rows of a level, of all rarer levels, with no value, or of one part of a number: above `low`, at most `high`."""

    column: str
    kind: Kind
    level: str | None = None
    low: float | None = None
    high: float | None = None

    @property
    def name(self) -> str:
        """As the user may name a control group: a level as text, "missing", "others", or "<= 3", "3 to 5", "> 5"."""
        if self.level is not None:
            return self.level
        if self.kind in ("missing", "others"):
            return self.kind
        if self.kind == "between":
            return f"{self.low:g} to {self.high:g}"
        return f"<= {self.high:g}" if self.kind == "at_most" else f"> {self.low:g}"


@dataclass(frozen=True, eq=False)
class Cut:
    """One column's groups: `codes` (n,) into `conditions`, every one of which holds a row."""

    column: str
    conditions: tuple[Condition, ...]
    codes: IntArray

    @property
    def counts(self) -> IntArray:
        return np.bincount(self.codes, minlength=len(self.conditions)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Cell:
    """A group of one column, or of two at once: its rows (n,), and whether its numbers may be told."""

    conditions: tuple[Condition, ...]
    rows: BoolArray
    told: bool

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(condition.column for condition in self.conditions)

    @property
    def name(self) -> str:
        return " and ".join(f"{c.column}: {c.name}" for c in self.conditions)


@dataclass(frozen=True, eq=False)
class Family:
    """All groups of one column or of a pair of columns, and the place of the one that the others are set against."""

    columns: tuple[str, ...]
    cells: tuple[Cell, ...]
    control: int | None


def families(table: Table, control: Mapping[str, Any]) -> tuple[Family, ...]:
    """Of each protected column, then of each pair. `control` names a group of a column; where it does not, the largest is it.

    Raises
    ------
    NotApplicableError
        when a named column is not protected, or has no such group.
    """
    names = [c.name for c in table.schema.columns if c.protected and c.name != table.schema.target]
    unknown = [name for name in control if name not in names]
    if unknown:
        raise NotApplicableError(f"control names {unknown}, which are not declared protected; those are {names}")
    cuts = [cut(table, name) for name in names]
    told = {c.column: shown(c.counts[:, None])[:, 0] for c in cuts}
    single = [_single(c, told[c.column], control.get(c.column)) for c in cuts]
    pairs = [_pair(a, b, told, (single[i], single[j])) for (i, a), (j, b) in combinations(enumerate(cuts), 2)]
    return (*single, *pairs)


def cut(table: Table, name: str) -> Cut:
    """The groups of a column, in the order of its levels or values."""
    column, values = table.schema[name], table.frame[name]
    missing = values.isna().to_numpy()
    made = _number(table, name, missing) if column.kind == "numeric" else _levels(name, values, missing)
    parts = [(condition, rows) for condition, rows in made if rows.any()]
    codes = np.zeros(len(table), dtype=np.int64)
    for i, (_, rows) in enumerate(parts):
        codes[rows] = i
    return Cut(name, tuple(condition for condition, _ in parts), codes)


def _levels(name: str, values: pd.Series, missing: BoolArray) -> list[tuple[Condition, BoolArray]]:
    text = values.astype(object).map(str).to_numpy(dtype=object)
    levels, counts = np.unique(text[~missing].astype(str), return_counts=True)
    kept = set(levels[np.argsort(-counts, kind="stable")[:LEVELS]])
    made = [
        (Condition(name, "level", level=str(level)), ~missing & (text == level)) for level in levels if level in kept
    ]
    rest = ~missing & ~np.isin(text.astype(str), list(kept))
    return [*made, (Condition(name, "others"), rest), (Condition(name, "missing"), missing)]


def _number(table: Table, name: str, missing: BoolArray) -> list[tuple[Condition, BoolArray]]:
    values = table.frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    known, weights = values[~missing], table.row_weights[~missing]
    edges: list[float] = []
    if weights.any():
        found = {quantile(known, i / PARTS, weights) for i in range(1, PARTS)}
        edges = sorted(edge for edge in found if known.min() <= edge < known.max())
    at = np.searchsorted(np.array(edges), values, side="left")
    made = []
    for i, (low, high) in enumerate(zip([None, *edges], [*edges, None], strict=True)):
        kind: Kind = "above" if high is None else "at_most" if low is None else "between"
        made.append((Condition(name, kind, low=low, high=high), ~missing & (at == i)))
    return [*made, (Condition(name, "missing"), missing)]


def _single(c: Cut, told: BoolArray, control: Any) -> Family:
    cells = tuple(Cell((condition,), c.codes == i, bool(told[i])) for i, condition in enumerate(c.conditions))
    if control is None:
        return Family((c.column,), cells, _largest(cells))
    names = [condition.name for condition in c.conditions]
    if str(control) not in names:
        raise NotApplicableError(f"control of {c.column!r} is one of {names}; got {str(control)!r}")
    at = names.index(str(control))
    return Family((c.column,), cells, at if cells[at].told else None)


def _pair(a: Cut, b: Cut, told: Mapping[str, BoolArray], single: tuple[Family, Family]) -> Family:
    """Every group of the one with every group of the other; set against the two columns' own control groups together."""
    counts = np.zeros((len(a.conditions), len(b.conditions)), dtype=np.int64)
    np.add.at(counts, (a.codes, b.codes), 1)
    open_ = shown(counts, told[a.column][:, None] & told[b.column][None, :])
    cells: list[Cell] = []
    control = None
    for i, j in np.argwhere(counts > 0):
        if (i, j) == (single[0].control, single[1].control) and open_[i, j]:
            control = len(cells)
        cells.append(Cell((a.conditions[i], b.conditions[j]), (a.codes == i) & (b.codes == j), bool(open_[i, j])))
    return Family((a.column, b.column), tuple(cells), _largest(cells) if control is None else control)


def _largest(cells: Any) -> int | None:
    sizes = [int(cell.rows.sum()) if cell.told else 0 for cell in cells]
    return int(np.argmax(sizes)) if sizes and max(sizes) > 0 else None


def shares_told(found: tuple[Family, ...], sides: IntArray) -> list[list[bool]]:
    """Of every cell of every family, whether shares of its rows may be told; `sides` (n,) is the side of each row, from 0 on.

    Families are given as `families` makes them: single columns, then pairs, of which both columns' shares must be told.
    """
    single: dict[Condition, bool] = {}
    made = []
    for family in found:
        axes = [list(dict.fromkeys(cell.conditions[x] for cell in family.cells)) for x in range(len(family.columns))]
        at = tuple(np.array([[axis.index(c.conditions[x]) for c in family.cells] for x, axis in enumerate(axes)]))
        counts = np.zeros((*map(len, axes), int(sides.max(initial=0)) + 1), dtype=np.int64)
        counts[at] = [np.bincount(sides[cell.rows], minlength=counts.shape[-1]) for cell in family.cells]
        allowed = np.zeros(counts.shape[:-1], dtype=np.bool_)
        allowed[at] = [cell.told and all(single.get(c, True) for c in cell.conditions) for cell in family.cells]
        if allowed.ndim == 1:
            counts, allowed, at = counts[:, None], allowed[:, None], (*at, np.zeros(len(family.cells), dtype=np.int64))
        told = [bool(one) for one in countable(counts, allowed)[at]]
        if len(family.columns) == 1:
            single |= {cell.conditions[0]: one for cell, one in zip(family.cells, told, strict=True)}
        made.append(told)
    return made


def countable(counts: IntArray, allowed: BoolArray) -> BoolArray:
    """(a, b) which cells of a table of counts (a, b, sides) may tell how their rows are shared among the sides.

    >>> two = np.array([[[40, 60]], [[3, 97]], [[50, 50]], [[0, 80]]])  # selected and not, of four groups
    >>> countable(two, np.ones((4, 1), dtype=bool))[:, 0].tolist()  # three are too few; the first would tell of them
    [False, False, True, True]
    """
    return _closed(counts, allowed & ~((counts > 0) & (counts < SMALL)).any(axis=-1))


def shown(counts: IntArray, allowed: BoolArray | None = None) -> BoolArray:
    """Which cells of a table of counts (a, b) may be told when all its margins are; (a, 1): of the groups of one column.

    >>> shown(np.array([[500], [40], [3]]))[:, 0].tolist(), shown(np.array([[500], [40], [10]]))[:, 0].tolist()
    ([True, False, False], [True, True, True])
    """
    told = counts >= SMALL
    if allowed is not None:
        told &= allowed
    return _closed(counts[..., None], told)


def _closed(counts: IntArray, told: BoolArray) -> BoolArray:
    """(a, b) of the cells (a, b, sides) that are told, those that may be when the margins of every side are known."""
    told = told.copy()
    lines: list[Any] = [(slice(None), j) for j in range(told.shape[1])]
    if told.shape[1] > 1:
        lines += [(i, slice(None)) for i in range(told.shape[0])]
    again = True
    while again:
        again = any(_close(counts[line], told[line]) for line in lines)
    return told


def _close(counts: IntArray, told: BoolArray) -> bool:
    """Hold back the smallest told cell of a line (in place) where what is untold could be reckoned; was one held back?"""
    hidden = ~told[:, None] & (counts > 0)
    many, rows = hidden.sum(axis=0), (counts * hidden).sum(axis=0)
    bare = (many > 0) & ((many == 1) | (rows < SMALL))
    if not bare.any() or not told.any():
        return False
    covers = counts[:, bare] > 0
    useful = next(some for some in (told & covers.all(axis=1), told & covers.any(axis=1), told) if some.any())
    open_ = np.flatnonzero(useful)
    told[open_[np.argmin(counts[open_].sum(axis=1))]] = False
    return True
