"""The domain of a search: the values that each column can take, and their contributions to the first affine output.

The *first affine output* (`front` in the code) is the output of the network's first affine operations (`models.affine_front`).

Columns that are encoded separately are changed one at a time. Two kinds of columns are changed together:

- columns that the encoder mixes. They take only combinations of values that occur in the table;
- columns that determine one another (`functional_dependencies`). Each level of the determining column is combined with the values
  of the other columns that most often occur with it. Numeric columns that are linear functions of one another are
  changed as one number.

The range of a number extends from its 0.5% quantile to its 99.5% quantile, or from its tenth smallest to its tenth largest value
if this range is narrower. If the encoding of the number is linear, every value in the range is allowed. If the column contains
only whole numbers, only whole numbers are allowed. The ends of the range are rounded, because an exact end could disclose the
value of a single row (`table/rounding.py`). If the encoding is not linear, only values that occur in the table are allowed.

For other columns, every level that occurs is allowed. Missing values are allowed in columns that contain missing values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from tabinterp.analyses.hidden_units.first_layer_weights import slope
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel
from tabinterp.stats.equal_rows import equal_rows
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.rounding import Rounding

from .functional_dependencies import determines, line, scales

INSIDE = (0.005, 0.995)
POINTS = 8  # candidates of a number between which all values are allowed
REAL = 64  # candidates for a number that is not a line, and for mixed columns: real values


@dataclass(frozen=True, eq=False)
class Player:
    """Group of columns that are changed together, with its candidate values.

    Attributes
    ----------
    donors : indices of rows that have the candidate values (C,). For numbers, the values of these rows are only near the
        candidates.
    parts : contributions of the candidates to the first affine output (C, h).
    values : candidate values of a number, on the scale of the first column (C,); NaN for a missing value. None if the group is
        not a number.
    slope : change in the first affine output when the number rises by 1 (h,); None if the encoding is not linear.
    scales : for each column, the factor and the shift that convert the number to the scale of the column.
    typical : index of the candidate nearest to the median, or of the most frequent candidate.
    """

    columns: tuple[str, ...]
    donors: IntArray
    parts: Tensor
    values: FloatArray | None
    slope: Tensor | None
    whole: bool
    typical: int
    scales: tuple[tuple[float, float], ...] = ((1.0, 0.0),)

    def part(self, at: IntArray, value: FloatArray) -> Tensor:
        """Return contributions (m, h) to the first affine output.

        They are the contributions of the candidate values with indices `at` (m,). If the column is a number that is encoded
        linearly, they are the contributions of `value` (m,) instead.
        """
        made = self.parts[torch.as_tensor(at)]
        if self.slope is None or self.values is None:
            return made
        off = np.where(np.isnan(value), 0.0, value - self.values[at])
        return made + torch.as_tensor(off).to(made.device).float()[:, None] * self.slope

    @cached_property
    def ends(self) -> tuple[float, float]:
        values = np.array([]) if self.values is None else self.values
        return float(np.nanmin(values)), float(np.nanmax(values))


@dataclass(frozen=True, eq=False)
class Domain:
    """Domain of a search: all groups of columns, and the constant term of the first affine output (h,)."""

    bound: BoundModel
    players: tuple[Player, ...]
    constant: Tensor

    def front(self, at: IntArray, value: FloatArray) -> Tensor:
        """Return the first affine output (m, h) of each state.

        `at` (m, groups) contains the index of each group's candidate. `value` (m, groups) contains the value of each group that
        is a number, and NaN for all other groups.
        """
        z = self.constant.expand(len(at), -1).clone()
        for p, player in enumerate(self.players):
            z += player.part(at[:, p], value[:, p])
        return z

    def place(self, rows: IntArray, edge: bool = True) -> tuple[IntArray, FloatArray]:
        """Return rows of the table as states.

        With `edge`, values outside the domain are replaced by the nearest allowed values.
        """
        at = np.zeros((len(rows), len(self.players)), dtype=np.int64)
        value = np.full(at.shape, np.nan)
        for p, player in enumerate(self.players):
            if player.values is None:
                own, known = _encoded(self.bound, player, rows), _encoded(self.bound, player, player.donors)
                first, group = equal_rows(own)
                at[:, p] = np.array([((known - own[i]) ** 2).sum(axis=1).argmin() for i in first])[group]
                continue
            x = self.bound.table.numeric(player.columns[0])[rows]
            gone = np.where(np.isnan(x), int(np.argmax(np.isnan(player.values))), 0)
            near = np.nan_to_num(np.abs(x[:, None] - player.values), nan=np.inf).argmin(axis=1)
            at[:, p] = np.where(np.isnan(x), gone, near)
            if player.slope is not None:
                value[:, p] = np.clip(x, *player.ends) if edge else x
        return at, value

    def frame(self, at: IntArray, value: FloatArray) -> pd.DataFrame:
        """Return states as rows of the table (m, columns). Columns that the model does not use have their typical value."""
        source = self.bound.table.inputs
        made = {c: source[c].take(np.full(len(at), _typical_row(self.bound, c))) for c in source.columns}
        for p, player in enumerate(self.players):
            moved = ~np.isnan(value[:, p])
            for k, column in enumerate(player.columns):
                cells = source[column].take(player.donors[at[:, p]]).reset_index(drop=True)
                if moved.any():
                    factor, shift = player.scales[k]
                    numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
                    cells = pd.Series(np.where(moved, factor * value[:, p] + shift, numbers))
                made[column] = cells
        return pd.DataFrame({c: one.reset_index(drop=True) for c, one in made.items()})


def domain_of(bound: BoundModel, seed: int) -> Domain:
    """Return the domain of a search for a bound model, based on the rows of its table."""
    read = tuple(c for c in bound.columns if len(bound.encoding.blocks[c]))
    follows = determines(bound.table, read, seed)
    players = tuple(_player(bound, one, read, follows, seed) for one in sorted(_groups(bound, read, follows)))
    rows = np.zeros(1, dtype=np.int64)
    constant = bound.z[0].double()
    for player in players:
        constant = constant - _parts(bound, player.columns, rows)[0].double()
    return Domain(bound, players, constant.float())


def _groups(bound: BoundModel, read: tuple[str, ...], follows: NDArray[np.bool_]) -> list[tuple[str, ...]]:
    """Divide the columns into groups.

    Two columns are in the same group if they share encoded columns or if one determines the other.
    """
    blocks = [set(bound.encoding.blocks[c].tolist()) for c in read]
    tied = follows | follows.T
    for one, other in scales(bound.table, [c for c in read if bound.table.schema[c].kind == "numeric"]):
        tied[read.index(one), read.index(other)] = True
    for i, j in combinations(range(len(read)), 2):
        tied[i, j] |= bool(blocks[i] & blocks[j])
    _, group = connected_components(tied, directed=False)
    return [
        tuple(c for c, own in zip(read, group, strict=True) if own == g) for g in range(int(group.max(initial=-1)) + 1)
    ]


def _player(
    bound: BoundModel, columns: tuple[str, ...], read: tuple[str, ...], follows: NDArray[np.bool_], seed: int
) -> Player:
    """Return a group of columns with its candidates.

    There are three kinds of groups: one numeric column, or several that are linear functions of one another; a column with the
    columns that it determines; or columns that take only combinations of values that occur in the table.
    """
    if all(bound.table.schema[c].kind == "numeric" for c in columns):
        whole = sorted(
            columns, key=lambda c: not _whole(bound.table.numeric(c))
        )  # first a column with fractional values: it allows the others all their values
        told = [line(bound.table.numeric(whole[0]), bound.table.numeric(c)) for c in whole[1:]]
        if None not in told:
            return _number(bound, tuple(whole), ((1.0, 0.0), *(one for one in told if one is not None)))
    block = _block(bound, columns)
    first, group = equal_rows(bound.x[:, block])
    counts = np.bincount(group)
    places = [read.index(c) for c in columns]
    leads = [i for i in places if follows[i, places].all()] if len(columns) > 1 else []
    if leads:
        kept = _led(bound, columns, read[leads[0]], group)
    else:
        kept = chosen(bound.table.numbers[first], REAL, seed) if len(columns) > 1 else np.arange(len(first))
    kept = np.sort(kept)
    donors = first[kept]
    return Player(columns, donors, _parts(bound, columns, donors), None, None, False, int(counts[kept].argmax()))


def _led(bound: BoundModel, columns: tuple[str, ...], lead: str, group: IntArray) -> IntArray:
    """Return the indices of the allowed combinations of values (n,): for each value of `lead`, the most frequent combination.

    The column `lead` determines all other columns of the group. Combinations in which a number lies below its 0.5% quantile or
    above its 99.5% quantile are dropped, unless no combination would remain.
    """
    value = pd.factorize(bound.table.frame[lead], use_na_sentinel=False)[0]
    size = int(group.max()) + 1
    pairs, count = np.unique(value.astype(np.int64) * size + group, return_counts=True)
    order = np.lexsort((-count, pairs // size))
    kept = pairs[order][np.diff(pairs[order] // size, prepend=-1) > 0] % size
    inside = np.ones(size, dtype=bool)
    for x in (bound.table.numeric(c) for c in columns if bound.table.schema[c].kind == "numeric"):
        if not np.isnan(x).all():
            low, high = np.quantile(x[~np.isnan(x)], INSIDE, method="inverted_cdf")
            inside[group[(x < low) | (x > high)]] = False
    kept = np.unique(kept)
    return kept[inside[kept]] if inside[kept].any() else kept


def _number(bound: BoundModel, columns: tuple[str, ...], scaled: tuple[tuple[float, float], ...]) -> Player:
    """Return the group of one numeric column, or of several that are linear functions of one another."""
    x = bound.table.numeric(columns[0])
    held = np.flatnonzero(~np.isnan(x))
    if len(held) == 0:
        donors = np.zeros(1, dtype=np.int64)
        return Player(columns, donors, _parts(bound, columns, donors), None, None, False, 0)
    distinct, first = np.unique(x[held], return_index=True)
    low, high = np.quantile(x[held], INSIDE, method="inverted_cdf")
    inside = np.flatnonzero((distinct >= low) & (distinct <= high))
    part = _parts(bound, columns, held[first[inside]]).double().cpu().numpy()
    steps = slope(distinct[inside], part) if len(inside) > 1 else np.full(part.shape[1], np.nan)
    is_line = bool(np.isfinite(steps).all())
    ranks = np.quantile(x[held], np.linspace(*INSIDE, POINTS if is_line else REAL), method="inverted_cdf")
    picked = np.unique(np.searchsorted(distinct, ranks)) if is_line or len(inside) > REAL else inside
    values = distinct[picked]
    if is_line:
        values = _rounded(x[held], values)
        picked = np.abs(distinct - values[:, None]).argmin(axis=1)
    donors = held[first[picked]]
    missing = np.flatnonzero(np.isnan(x))[:1]
    parts = _parts(bound, columns, np.append(donors, missing))
    if is_line:
        off = np.append(values - distinct[picked], np.zeros(len(missing)))
        parts = parts + (bound.at_home(off)[:, None] * bound.at_home(steps)).float()
    donors = np.append(donors, missing)
    return Player(
        columns=columns,
        donors=donors,
        parts=parts,
        values=np.append(values, np.full(len(missing), np.nan)),
        slope=bound.at_home(steps).float() if is_line else None,
        whole=_whole(distinct),
        typical=int(np.abs(values - np.median(x[held])).argmin()),
        scales=scaled,
    )


def _rounded(x: FloatArray, values: FloatArray) -> FloatArray:
    """Round the candidate values of a numeric column.

    If rounding would make the lowest and the highest value equal, the values are returned unchanged.
    """
    rounding = Rounding(x)
    low, high = rounding.ends(values[0], values[-1])
    if not low < high:
        return values
    between = rounding.points(values)
    return np.concatenate([[low], between[(between > low) & (between < high)], [high]])


def _whole(x: FloatArray) -> bool:
    known = x[~np.isnan(x)]
    return bool((known == np.round(known)).all())


def _block(bound: BoundModel, columns: Sequence[str]) -> IntArray:
    return np.unique(np.concatenate([bound.encoding.blocks[c] for c in columns]))


def _parts(bound: BoundModel, columns: tuple[str, ...], rows: IntArray) -> Tensor:
    """Return the contributions of the columns to the first affine output (m, h).

    The contributions of the mean row are subtracted for numerical precision.
    """
    block = _block(bound, columns)
    x = bound.x[rows][:, block] - bound.x[:, block].mean(axis=0)
    return (bound.at_home(x) @ bound.first.weight[:, block].T).float()


def _encoded(bound: BoundModel, player: Player, rows: IntArray) -> Any:
    return bound.x[rows][:, _block(bound, player.columns)]


def _typical_row(bound: BoundModel, column: str) -> int:
    """Return the index of a row in which the column has a typical value: one near the median, or the most frequent one."""
    values = bound.table.frame[column]
    if bound.table.schema[column].kind == "numeric" and values.notna().any():
        x = bound.table.numeric(column)
        return int(np.nanargmin(np.abs(x - np.nanmedian(x))))
    return int(np.argmax(values.astype(object).map(values.value_counts(dropna=False)).to_numpy(dtype=np.float64)))
