"""Agreement between explanation methods: do they agree on which columns matter, and in which direction (Krishna et al. 2022)?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tabinterp.arrays import FloatArray
from tabinterp.table.suppression import BoolArray

TOP = 5
Z = 1.96  # critical value of a two-sided 5% test that two columns differ in importance


@dataclass(frozen=True)
class Reading:
    """The importance of each column according to one explanation method.

    `sizes` (p,) are the importances of the columns, in the same order for all methods. `stderr` (p,) are the standard errors of
    the importances, if they are known. If the method has coefficients or average derivatives, `directions` contains them; only
    their signs are used.
    """

    name: str
    sizes: FloatArray
    directions: FloatArray | None = None
    stderr: FloatArray | None = None


@dataclass(frozen=True)
class Agreement:
    """Agreement between two explanation methods.

    `spearman` is the rank correlation between the two methods' column importances. `overlap` is the share of the `top` most
    important columns that both methods have in common. `signs` is the share of terms that have the same sign under both methods.

    `ordered` is the number of pairs of columns that differ significantly in importance under both methods. `opposed` is the
    number of these pairs that the two methods rank in opposite order. `ordered` and `opposed` are None if either method has no
    standard errors. Sampling error lowers a rank correlation, but it hardly ever creates an opposed pair.
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
    """Compare every pair of methods, on the columns with a known importance under both methods."""
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
    """Return the number of pairs of columns that differ significantly under both methods, and how many of them the two methods
    rank in opposite order.

    The sampling errors of two columns are treated as independent. This is conservative, because sampling errors from the same
    rows are usually positively correlated.
    """
    if a.stderr is None or b.stderr is None:
        return None, None
    above = [_above(one.sizes, one.stderr) for one in (a, b) if one.stderr is not None]
    same, opposed = (int((above[0] & other).sum()) for other in (above[1], above[1].T))
    return same + opposed, opposed


def _above(sizes: FloatArray, stderr: FloatArray) -> BoolArray:
    """Return, for each pair (p, p) of columns, whether the first column is significantly more important than the second.

    The result is False for a pair if the importance of either column is missing.
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(sizes[:, None] - sizes > Z * np.hypot(stderr[:, None], stderr))


def _top(sizes: FloatArray, k: int) -> set[int]:
    return set(np.argsort(-sizes, kind="stable")[:k].tolist())


def _signs(a: FloatArray | None, b: FloatArray | None) -> float | None:
    if a is None or b is None or a.shape != b.shape:
        return None
    both = ~(np.isnan(a) | np.isnan(b)) & (a != 0) & (b != 0)
    return float((np.sign(a[both]) == np.sign(b[both])).mean()) if both.any() else None
