"""Where a search may go: every column at values that the table knows, and what each of them adds to the front.

Columns that the encoder keeps apart move alone; columns that it mixes move together, to combinations that some row holds. A
number stays between its 0.5% and its 99.5% quantile; where its encoding is a line, which is checked, every value between is
allowed (every whole number, if it holds no other), otherwise real values only. Of anything else every level that occurs
is allowed. Missing values are allowed where some are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ..models import Bound
from ..table.draws import FloatArray, IntArray, chosen
from .groups import equal_rows
from .incoming import slope

INSIDE = (0.005, 0.995)
POINTS = 8  # candidates of a number between which all values are allowed
REAL = 64  # candidates of a number that is no line, and of columns that are mixed: so many real values


@dataclass(frozen=True, eq=False)
class Player:
    """Columns that move together, and where to. `donors` (C,) are rows that hold the candidates, `parts` (C, h) what these add.

    `values` (C,) are a single number's candidates, NaN where missing; `slope` (h,) is its change of the front for 1, None where
    it is no line. `typical` is the candidate nearest to the median, or the most frequent one.
    """

    columns: tuple[str, ...]
    donors: IntArray
    parts: Tensor
    values: FloatArray | None
    slope: Tensor | None
    whole: bool
    typical: int

    def part(self, at: IntArray, value: FloatArray) -> Tensor:
        """(m, h) what candidates `at`, or on a line the known values, add to the front."""
        made = self.parts[torch.as_tensor(at)]
        if self.slope is None or self.values is None:
            return made
        off = np.where(np.isnan(value), 0.0, value - self.values[at])
        return made + torch.as_tensor(off).float()[:, None] * self.slope

    @cached_property
    def ends(self) -> tuple[float, float]:
        values = np.array([]) if self.values is None else self.values
        return float(np.nanmin(values)), float(np.nanmax(values))


@dataclass(frozen=True, eq=False)
class Domain:
    """All players, and the front (h,) of what no player feeds."""

    bound: Bound
    players: tuple[Player, ...]
    constant: Tensor

    def front(self, at: IntArray, value: FloatArray) -> Tensor:
        """(m, h) fronts of states: candidates (m, players), and values (m, players), NaN off the lines."""
        z = self.constant.expand(len(at), -1).clone()
        for p, player in enumerate(self.players):
            z += player.part(at[:, p], value[:, p])
        return z

    def place(self, rows: IntArray) -> tuple[IntArray, FloatArray]:
        """Rows of the table as states, what lies outside the domain moved to its edge."""
        at = np.zeros((len(rows), len(self.players)), dtype=np.int64)
        value = np.full(at.shape, np.nan)
        for p, player in enumerate(self.players):
            if player.values is None:
                own, known = _encoded(self.bound, player, rows), _encoded(self.bound, player, player.donors)
                first, group = equal_rows(own)
                at[:, p] = np.array([((known - own[i]) ** 2).sum(axis=1).argmin() for i in first])[group]
                continue
            x = _numbers(self.bound, player.columns[0])[rows]
            gone = np.where(np.isnan(x), int(np.argmax(np.isnan(player.values))), 0)
            near = np.nan_to_num(np.abs(x[:, None] - player.values), nan=np.inf).argmin(axis=1)
            at[:, p] = np.where(np.isnan(x), gone, near)
            value[:, p] = np.clip(x, *player.ends) if player.slope is not None else np.nan
        return at, value

    def frame(self, at: IntArray, value: FloatArray) -> pd.DataFrame:
        """(m, columns) states as rows of the table; columns that the model does not read at their typical value."""
        source = self.bound.table.inputs
        made = {c: source[c].take(np.full(len(at), _typical_row(self.bound, c))) for c in source.columns}
        for p, player in enumerate(self.players):
            for column in player.columns:
                cells = source[column].take(player.donors[at[:, p]]).reset_index(drop=True)
                moved = ~np.isnan(value[:, p])
                if moved.any():
                    numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
                    cells = pd.Series(np.where(moved, value[:, p], numbers))
                made[column] = cells
        return pd.DataFrame({c: one.reset_index(drop=True) for c, one in made.items()})


def domain_of(bound: Bound, seed: int) -> Domain:
    """The domain of a model on its table's rows."""
    players = tuple(_player(bound, group, seed) for group in sorted(_groups(bound)))  # whatever the table's order
    rows = np.zeros(1, dtype=np.int64)
    constant = bound.z[0].double() - sum(
        (_parts(bound, player.columns, rows)[0].double() for player in players), torch.zeros(bound.z.shape[1]).double()
    )
    return Domain(bound, players, constant.float())


def _groups(bound: Bound) -> list[tuple[str, ...]]:
    """Columns that share encoded columns, directly or through others; columns without any are left out."""
    groups: list[set[str]] = []
    for column in bound.columns:
        block = set(bound.encoding.blocks[column].tolist())
        if not block:
            continue
        joined = [g for g in groups if any(block & set(bound.encoding.blocks[c].tolist()) for c in g)]
        groups = [g for g in groups if g not in joined] + [set().union({column}, *joined)]
    return [tuple(c for c in bound.columns if c in g) for g in groups]


def _player(bound: Bound, columns: tuple[str, ...], seed: int) -> Player:
    if len(columns) == 1 and bound.table.schema[columns[0]].kind == "numeric":
        return _number(bound, columns[0])
    block = _block(bound, columns)
    first, group = equal_rows(bound.x[:, block])
    counts = np.bincount(group)
    kept = chosen(bound.table.numbers[first], REAL, seed) if len(columns) > 1 else np.arange(len(first))
    donors = first[np.sort(kept)]
    return Player(
        columns, donors, _parts(bound, columns, donors), None, None, False, int(counts[np.sort(kept)].argmax())
    )


def _number(bound: Bound, column: str) -> Player:
    x = _numbers(bound, column)
    held = np.flatnonzero(~np.isnan(x))
    if len(held) == 0:
        donors = np.zeros(1, dtype=np.int64)
        return Player((column,), donors, _parts(bound, (column,), donors), None, None, False, 0)
    distinct, first = np.unique(x[held], return_index=True)
    low, high = np.quantile(x[held], INSIDE, method="inverted_cdf")
    inside = np.flatnonzero((distinct >= low) & (distinct <= high))
    part = _parts(bound, (column,), held[first[inside]]).double().numpy()
    line = slope(distinct[inside], part) if len(inside) > 1 else np.full(part.shape[1], np.nan)
    is_line = bool(np.isfinite(line).all())
    ranks = np.quantile(x[held], np.linspace(*INSIDE, POINTS if is_line else REAL), method="inverted_cdf")
    picked = np.unique(np.searchsorted(distinct, ranks)) if is_line or len(inside) > REAL else inside
    values, donors = distinct[picked], held[first[picked]]
    missing = np.flatnonzero(np.isnan(x))[:1]
    donors = np.append(donors, missing)
    return Player(
        columns=(column,),
        donors=donors,
        parts=_parts(bound, (column,), donors),
        values=np.append(values, np.full(len(missing), np.nan)),
        slope=torch.as_tensor(line).float() if is_line else None,
        whole=bool((distinct == np.round(distinct)).all()),
        typical=int(np.abs(values - np.median(x[held])).argmin()),
    )


def _numbers(bound: Bound, column: str) -> FloatArray:
    return bound.table.frame[column].to_numpy(dtype=np.float64, na_value=np.nan)


def _block(bound: Bound, columns: Sequence[str]) -> IntArray:
    return np.unique(np.concatenate([bound.encoding.blocks[c] for c in columns]))


def _parts(bound: Bound, columns: tuple[str, ...], rows: IntArray) -> Tensor:
    """(m, h) what the columns' encoded columns add to the front; about the mean row, so that single precision is enough."""
    block = _block(bound, columns)
    x = bound.x[rows][:, block] - bound.x[:, block].mean(axis=0)
    return (torch.as_tensor(x) @ bound.front.weight[:, block].T).float()


def _encoded(bound: Bound, player: Player, rows: IntArray) -> Any:
    return bound.x[rows][:, _block(bound, player.columns)]


def _typical_row(bound: Bound, column: str) -> int:
    """A row that holds the column's median, or its most frequent value."""
    values = bound.table.frame[column]
    if bound.table.schema[column].kind == "numeric" and values.notna().any():
        x = _numbers(bound, column)
        return int(np.nanargmin(np.abs(x - np.nanmedian(x))))
    return int(np.argmax(values.astype(object).map(values.value_counts(dropna=False)).to_numpy(dtype=np.float64)))
