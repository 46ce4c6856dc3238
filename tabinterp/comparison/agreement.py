"""Do readings agree on which columns matter, and in which direction? (Krishna et al. 2022.)"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from ..table.draws import FloatArray

TOP = 5


@dataclass(frozen=True)
class Reading:
    """Sizes of the columns (p,) under one reading, in the same order for all, and directions of the terms if it has any."""

    name: str
    sizes: FloatArray
    directions: FloatArray | None = None


@dataclass(frozen=True)
class Agreement:
    """Spearman correlation of two readings' sizes, overlap of their top columns, and share of terms of equal sign."""

    first: str
    second: str
    spearman: float | None
    top: int
    overlap: float | None
    signs: float | None


def agreements(readings: list[Reading]) -> list[Agreement]:
    """Every pair of readings, over the columns that both have a number for."""
    return [_pair(a, b) for a, b in combinations(readings, 2)]


def _pair(a: Reading, b: Reading) -> Agreement:
    both = ~(np.isnan(a.sizes) | np.isnan(b.sizes))
    x, y = a.sizes[both], b.sizes[both]
    top = min(TOP, max(1, len(x) // 2))
    varied = len(x) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0
    return Agreement(
        first=a.name,
        second=b.name,
        spearman=float(stats.spearmanr(x, y).statistic) if varied else None,
        top=top,
        overlap=len(_top(x, top) & _top(y, top)) / top if len(x) else None,
        signs=_signs(a.directions, b.directions),
    )


def _top(sizes: FloatArray, k: int) -> set[int]:
    return set(np.argsort(-sizes, kind="stable")[:k].tolist())


def _signs(a: FloatArray | None, b: FloatArray | None) -> float | None:
    if a is None or b is None or a.shape != b.shape:
        return None
    both = ~(np.isnan(a) | np.isnan(b)) & (a != 0) & (b != 0)
    return float((np.sign(a[both]) == np.sign(b[both])).mean()) if both.any() else None
