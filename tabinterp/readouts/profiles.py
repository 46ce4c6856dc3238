"""What the rows that excite a unit are like, beside all rows.

The rows that excite a unit are the 10% of the weight, and at least 10 rows, with the greatest activation; rows that are equal
there stand in hash order. A number is told by the standardised mean difference d = (mean of them - mean of all) / sd of all,
a level by its lift, their share of it over everybody's (Hastie, Tibshirani & Friedman 2009, 14.2). Errors are first-order
terms over rows (Hájek 1968), the choice of rows taken as fixed. Nothing is told of a level that fewer than 10 rows hold, among
all or, unless it is none at all, among those that excite the unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..messages import text
from ..models import Bound
from ..table.draws import FloatArray, row_hash
from .grids import SMALL
from .pvalues import benjamini_hochberg
from .result import Estimates
from .weights import unit

SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Profiles:
    """Lines are numeric columns (`levels` None) and levels. Arrays (units, lines); NaN where nothing may be told.

    `difference` in standard deviations, for numbers; `lift` a ratio of shares, for levels, with its interval by logarithms; `q`
    the p value of no difference, adjusted within each unit (Benjamini & Hochberg 1995). `excited` (units,) rows.
    """

    columns: tuple[str, ...]
    levels: tuple[Any, ...]
    difference: Estimates
    lift: Estimates
    share: FloatArray  # (lines,) of all rows
    q: FloatArray
    excited: FloatArray


def excited_rows(activations: FloatArray, hashes: Any, weights: FloatArray) -> Any:
    """(n, units) which rows excite each unit; none where all rows are equal, or too few are left to tell apart."""
    n, chosen = len(activations), np.zeros(activations.shape, dtype=bool)
    for u in np.flatnonzero(np.ptp(activations, axis=0) > 0):
        order = np.lexsort((hashes, -activations[:, u]))
        mass = np.cumsum(weights[order])
        size = max(SMALL, int(np.searchsorted(mass, SHARE * mass[-1] * (1 - 1e-12))) + 1)
        chosen[order[:size], u] = n >= 2 * SMALL
    return chosen


def profiles(bound: Bound, activations: FloatArray) -> Profiles:
    """Compare the rows that excite each unit (n, units) with all rows, column by column."""
    table = bound.table
    w = unit(table.weights, len(table))
    top = excited_rows(activations, row_hash(table.numbers, 0), w)
    columns: list[str] = []
    levels: list[Any] = []
    told: list[tuple[str, float, FloatArray, FloatArray]] = []
    for name in bound.columns:
        for level, kind, x in _lines(bound, name):
            columns.append(name)
            levels.append(level)
            present = ~np.isnan(x)
            share = float(w[present] @ (x[present] == 1) / w.sum()) if kind == "lift" else float("nan")
            told.append((kind, share, *_LINE[kind](x[present], top[present], w[present])))
    return _gathered(columns, levels, told, top)


def _lines(bound: Bound, name: str) -> list[tuple[Any, str, FloatArray]]:
    """Level (None for a number), measure, and values (n,): the number itself, or whether a row is at the level."""
    column, values = bound.table.schema[name], bound.table.frame[name]
    missing = values.isna().to_numpy()
    lines: list[tuple[Any, str, FloatArray]] = []
    if column.kind == "numeric":
        lines.append((None, "difference", values.to_numpy(dtype=np.float64, na_value=np.nan)))
    else:
        held = values.astype(object)
        lines += [(level, "lift", (held == level).fillna(False).to_numpy(dtype=np.float64)) for level in column.levels]
    return [*lines, (text("units.missing"), "lift", missing.astype(np.float64))] if missing.any() else lines


def _difference(x: FloatArray, top: Any, w: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Standardised mean differences (units,) and their standard errors."""
    enough = top.sum(axis=0) >= SMALL
    total, mass = w.sum(), w @ top
    centred = x - np.average(x, weights=w) if len(x) else x
    sd = np.sqrt(w @ centred**2 / total) if len(x) else 0.0
    if not sd > 0:
        return np.full(top.shape[1], np.nan), np.full(top.shape[1], np.nan)
    z = centred / sd
    with np.errstate(invalid="ignore", divide="ignore"):
        d = (w * z) @ top / mass
        terms = total / mass * top * (z[:, None] - d) - z[:, None] - d / 2 * (z[:, None] ** 2 - 1)
        stderr = np.sqrt((w**2) @ terms**2) / total
    return np.where(enough, d, np.nan), np.where(enough, stderr, np.nan)


def _log_lift(x: FloatArray, top: Any, w: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Logarithms of lifts (units,), -inf where no such row excites the unit, and their standard errors."""
    total, mass = w.sum(), w @ top
    both, everywhere = (w * x) @ top, float(w @ x)
    cells = x @ top
    told = (x.sum() >= SMALL) & ((cells >= SMALL) | (cells == 0)) & (top.sum(axis=0) >= SMALL)
    with np.errstate(invalid="ignore", divide="ignore"):
        log = np.log(both / mass) - np.log(everywhere / total)
        within = total / both * top * (x[:, None] - both / mass)
        terms = within - (x[:, None] - everywhere / total) * total / everywhere
        stderr = np.sqrt((w**2) @ terms**2) / total
    return np.where(told, log, np.nan), np.where(told & (cells > 0), stderr, np.nan)


_LINE = {"difference": _difference, "lift": _log_lift}


def _gathered(
    columns: list[str], levels: list[Any], told: list[tuple[str, float, FloatArray, FloatArray]], top: Any
) -> Profiles:
    number = np.array([kind == "difference" for kind, *_ in told], dtype=bool)
    value = np.column_stack([line[2] for line in told])
    stderr = np.column_stack([line[3] for line in told])
    plain = Estimates.of(np.where(number, value, np.nan), np.where(number, stderr, np.nan))
    logs = Estimates.of(np.where(number, np.nan, value), np.where(number, np.nan, stderr))
    lift = np.exp(logs.value)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * stats.norm.sf(np.abs(value / stderr))
    return Profiles(
        columns=tuple(columns),
        levels=tuple(levels),
        difference=plain,
        lift=Estimates(lift, lift * logs.stderr, np.exp(logs.low), np.exp(logs.high)),
        share=np.array([line[1] for line in told]),
        q=np.vstack([benjamini_hochberg(one) for one in p]),
        excited=top.sum(axis=0).astype(np.float64),
    )


def profile_frame(made: Profiles, layer: tuple[str, ...], index: tuple[int, ...]) -> pd.DataFrame:
    """One row for each unit and line."""
    units, lines = made.q.shape
    named = {"difference": made.difference, "lift": made.lift}
    arrays = {
        f"{name}{suffix}": getattr(one, part).ravel()
        for name, one in named.items()
        for suffix, part in (("", "value"), ("_low", "low"), ("_high", "high"))
    }
    return pd.DataFrame(
        {
            "layer": np.repeat(np.array(layer, dtype=object), lines),
            "unit": np.repeat(np.array(index, dtype=np.int64), lines),
            "column": list(made.columns) * units,
            "level": pd.Series(list(made.levels) * units, dtype=object),
            "share": np.tile(made.share, units),
            **arrays,
            "q": made.q.ravel(),
        }
    )
