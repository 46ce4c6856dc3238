"""Agreement between explanation methods: do they agree on which columns matter, and in which direction (Krishna et al. 2022)?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tabinterp.arrays import FloatArray
from tabinterp.table.suppression import BoolArray

TOP = 5
Z = 1.96  # critical value for the difference between two columns


@dataclass(frozen=True)
class Reading:
    """The sizes (p,) of the columns according to one method.

    If known, `directions` are the signs of the terms and `stderr` (p,) the standard errors of the sizes. The columns are in the
    same order for all methods.
    """

    name: str
    sizes: FloatArray
    directions: FloatArray | None = None
    stderr: FloatArray | None = None


@dataclass(frozen=True)
class Agreement:
    """How far two methods agree on the columns.

    `spearman` is the rank correlation of the sizes, `overlap` the share of top columns in common, and `signs` the share of terms
    with equal sign. `ordered` is the number of pairs of columns whose order is significant under both methods, and `opposed` the
    number of these that the methods order in opposite ways. Both are None without standard errors. Sampling error alone lowers a
    rank correlation, but hardly ever creates an opposed pair.
    """

    first: str
    second: str
    spearman: float | None
    top: int
    overlap: float | None
    signs: float | None
    ordered: int | None = None
    opposed: int | None = None


def agreements(readings: list[Reading]) -> list[Agreement]:
    """Compare every pair of methods on the columns for which both have a number."""
    return [_pair(a, b) for a, b in combinations(readings, 2)]


def _pair(a: Reading, b: Reading) -> Agreement:
    from scipy import stats  # noqa: PLC0415

    both = ~(np.isnan(a.sizes) | np.isnan(b.sizes))
    x, y = a.sizes[both], b.sizes[both]
    top = min(TOP, max(1, len(x) // 2))
    ordered, opposed = _ordered(a, b)
    varied = len(x) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0
    return Agreement(
        first=a.name,
        second=b.name,
        spearman=float(np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1]) if varied else None,
        top=top,
        overlap=len(_top(x, top) & _top(y, top)) / top if len(x) else None,
        signs=_signs(a.directions, b.directions),
        ordered=ordered,
        opposed=opposed,
    )


def _ordered(a: Reading, b: Reading) -> tuple[int | None, int | None]:
    """Return how many pairs of columns both methods order significantly, and how many of these in opposite order.

    The errors of two columns are treated as independent. This is conservative, because on the same rows they are mostly
    positively correlated.
    """
    if a.stderr is None or b.stderr is None:
        return None, None
    above = [_above(one.sizes, one.stderr) for one in (a, b) if one.stderr is not None]
    same, opposed = (int((above[0] & other).sum()) for other in (above[1], above[1].T))
    return same + opposed, opposed


def _above(sizes: FloatArray, stderr: FloatArray) -> BoolArray:
    """Return whether one column is significantly larger than another (p, p); False if one of them is missing."""
    with np.errstate(invalid="ignore"):
        return np.asarray(sizes[:, None] - sizes > Z * np.hypot(stderr[:, None], stderr))


def _top(sizes: FloatArray, k: int) -> set[int]:
    return set(np.argsort(-sizes, kind="stable")[:k].tolist())


def _signs(a: FloatArray | None, b: FloatArray | None) -> float | None:
    if a is None or b is None or a.shape != b.shape:
        return None
    both = ~(np.isnan(a) | np.isnan(b)) & (a != 0) & (b != 0)
    return float((np.sign(a[both]) == np.sign(b[both])).mean()) if both.any() else None
