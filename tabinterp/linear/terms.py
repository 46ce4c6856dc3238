"""Terms of a linear predictor. A term is a function of one column of the table, and has a single coefficient. The form of the
function depends on the encoding.

A numeric column that the encoder only scales is one term. Its coefficient is the change in the linear predictor per unit of the
column. If an encoding has separate encoded columns for distinct values (one-hot, bins), there is one term for each level except
the reference level. The coefficient of a term compares its level with the reference level. A missing indicator is a separate
term. For all other encodings (splines, ordinal codes), the encoded columns are the terms. Together with an intercept, the terms
span the same space as the encoded columns. A linear predictor in the terms is therefore also linear in the encoded columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models.model import BoundModel
from tabinterp.stats.equal_rows import equal_rows
from tabinterp.stats.weights import deviation

from .design import Design, Term

MOST_LEVELS = 400
TOLD = 10  # minimum number of rows of a level whose name is listed with those of other levels
EXACT = 1e-7  # an encoding is affine in its column if it deviates by less than this share of its range


@dataclass(frozen=True, eq=False)
class Slope:
    """The term of a numeric column that the encoder scales. If the column changes by one unit, the encoded columns `block` change
    by `per_unit`.
    """

    term: Term
    values: FloatArray  # (n,)
    sd: float
    block: IntArray
    per_unit: FloatArray
    present: NDArray[np.bool_]  # (n,) rows in which the column is not missing

    level_rows: ClassVar[None] = None


@dataclass(frozen=True, eq=False)
class Contrast:
    """The term of a level compared with a reference level. `level` and `reference` are the encodings of the two levels in the
    encoded columns `block`.
    """

    term: Term
    values: NDArray[np.bool_]  # (n,) rows with the level; a hundred terms of doubles would be large
    block: IntArray
    level: FloatArray
    reference: FloatArray

    sd: ClassVar[None] = None

    @property
    def level_rows(self) -> int:
        """The number of rows that have the level."""
        return int(self.values.sum())


@dataclass(frozen=True, eq=False)
class Basis:
    """The term of a single encoded column that is neither a slope nor a contrast. Its coefficient cannot be interpreted per unit
    of the original column.
    """

    term: Term
    values: FloatArray
    encoded: int

    sd: ClassVar[None] = None
    level_rows: ClassVar[None] = None


AnyTerm = Slope | Contrast | Basis


def find_terms(bound: BoundModel) -> list[AnyTerm]:
    """Return the terms of all columns that the encoder does not mix with other columns, ordered like the columns of the table."""
    known = [c for c in bound.columns if bound.encoding.local[c]]
    return [
        term
        for column in known
        for term in _column_terms(bound, column)
        if isinstance(term, Contrast) or bound.encoding.has_slope(column)
    ]


def design(terms: list[AnyTerm], rows: NDArray[np.bool_] | None = None) -> Design:
    """Return the values of the terms as a design matrix (rows, terms)."""
    if not terms:
        return Design(np.empty((0 if rows is None else int(rows.sum()), 0)), ())
    columns = [t.values if rows is None else t.values[rows] for t in terms]
    return Design(np.stack(columns, axis=1, dtype=np.float64, casting="safe"), tuple(t.term for t in terms))


def _column_terms(bound: BoundModel, column: str) -> Iterator[AnyTerm]:
    block = bound.encoding.blocks[column]
    if len(block) == 0:
        return
    values, encoded = bound.table.inputs[column], bound.x[:, block]
    numeric = bound.table.schema[column].kind == "numeric"
    training = bound.table.row_weights
    training = training if bound.table.held_out is None else training * ~bound.table.held_out
    if not bound.has_gradient:  # every value is encoded as a code, so levels can be compared, but numbers have no slope
        yield from [] if numeric else _levels(column, values, encoded, block, training, apart=True)
        return
    if numeric:
        slope = _slope(column, values, encoded, block, bound.table.weights)
        if slope is not None:
            yield slope
            yield from _missing(slope, encoded)
            return
    yield from _levels(column, values, encoded, block, training, apart=False) or _basis(column, encoded, block)


# ---- scaled numbers


def _slope(
    column: str, values: pd.Series, encoded: FloatArray, block: IntArray, weights: FloatArray | None
) -> Slope | None:
    x = values.to_numpy(dtype=np.float64, na_value=np.nan)
    present = ~np.isnan(x)
    if present.sum() < 2 or np.ptp(x[present]) == 0:
        return None
    centred = x[present] - x[present].mean()
    at = encoded[present]
    if not centred @ centred > 0:  # the squares of the differences underflow
        return None
    per_unit = centred @ (at - at.mean(axis=0)) / (centred @ centred)
    left = at - at.mean(axis=0) - centred[:, None] * per_unit
    spread = np.ptp(at, axis=0)
    constant = spread == 0  # an indicator; any deviation left is rounding of the mean
    if (np.abs(left).max(axis=0) > EXACT * spread)[~constant].any():
        return None
    per_unit = np.where(constant, 0.0, per_unit)
    main = int(np.argmax(np.abs(per_unit)))
    if per_unit[main] == 0:
        return None
    filled = x.copy()
    mean = at[:, main].mean()
    filled[~present] = x[present].mean() + (encoded[~present, main] - mean) / per_unit[main]
    return Slope(Term(column), filled, _sd(x, present, weights), block, per_unit, present)


def _sd(x: FloatArray, present: NDArray[np.bool_], weights: FloatArray | None) -> float:
    """Return the standard deviation of a column over the rows in which it is not missing, or 0 if the total weight of these rows
    is 0.
    """
    w = None if weights is None else weights[present]
    return float(deviation(x[present], w)) if w is None or w.any() else 0.0


def _missing(slope: Slope, encoded: FloatArray) -> Iterator[Contrast]:
    """Yield a term for the missing indicators of a column, if it has any. A missing indicator is an encoded column that has one
    value if the original column is missing, and another value otherwise.
    """
    missing = ~slope.present
    if not missing.any():
        return
    at_missing, at_present = encoded[missing][0], encoded[slope.present][0]
    flags = (slope.per_unit == 0) & (at_missing != at_present)
    if flags.any():
        reference = np.where(flags, at_present, at_missing)
        term = Term(slope.term.column, "(missing)", "(present)", dummy=True)
        yield Contrast(term, missing, slope.block, at_missing, reference)


# ---- levels


def _levels(
    column: str,
    values: pd.Series,
    encoded: FloatArray,
    block: IntArray,
    training: FloatArray,
    *,
    apart: bool,
) -> list[AnyTerm]:
    """Return one term for each level except the reference level. Return no terms if the encodings of the levels are not affinely
    independent.

    The reference level is the level that is encoded as zeros. If there is no such level, it is the level with the largest total
    weight in the training rows. `training` (n,) contains the weights of training rows, and 0 for held-out rows. If `apart` is
    true, the encodings are codes in which zero has no special meaning.
    """
    first, group = equal_rows(encoded)
    if len(first) > MOST_LEVELS:
        return []
    points = encoded[first]
    counts = np.bincount(group, training, minlength=len(first))  # a level without training rows cannot be the reference
    dropped = np.flatnonzero((points == 0).all(axis=1) & (counts > 0) & (len(first) > encoded.shape[1]) & (not apart))
    reference = int(dropped[0]) if len(dropped) else int(np.argmax(counts))
    if not apart and np.linalg.matrix_rank(points - points[reference]) < len(first) - 1:
        return []
    labels = _labels(values, group, len(first))
    order = sorted((g for g in range(len(first)) if g != reference), key=lambda g: labels[g][0])
    return [
        Contrast(
            Term(column, labels[g][1], labels[reference][1], dummy=True),
            group == g,
            block,
            points[g],
            points[reference],
        )
        for g in order
    ]


def _labels(values: pd.Series, group: IntArray, size: int) -> list[tuple[tuple[bool, float, str], str]]:
    """Return a sort key and a label for each group of values that have the same encoding.

    In a label, text that is not a level of the table is in parentheses.
    """
    result = []
    numeric = pd.api.types.is_numeric_dtype(values.dtype)
    for g in range(size):
        seen = values[group == g]
        counts = seen.value_counts()
        levels = sorted(counts.index) if numeric else list(counts.index)  # most frequent first
        spelled = [f"{levels[0]:g} … {levels[-1]:g}"] if numeric and len(levels) > 3 else _named(levels, counts)
        label = ", ".join([*spelled, *(["(missing)"] if seen.isna().any() else [])])
        first = float(levels[0]) if numeric and levels else 0.0
        result.append(((not levels, first, label), label))
    return result


def _named(levels: list[Any], counts: pd.Series) -> list[str]:
    """Return the names of at most three levels that have the same encoding, and the number of levels not named. If several levels
    have this encoding, those with few rows are not named.
    """
    if len(levels) < 2:
        return [str(level) for level in levels]
    told = [level for level in levels if counts[level] >= TOLD][:3]
    rest = len(levels) - len(told)
    return [*map(str, told), *([f"({rest} more)" if told else f"({rest} levels)"] if rest else [])]


def _basis(column: str, encoded: FloatArray, block: IntArray) -> list[AnyTerm]:
    one = len(block) == 1
    return [
        Basis(Term(column, unit="encoded value" if one else f"basis {i + 1} of {len(block)}"), encoded[:, i], int(e))
        for i, e in enumerate(block)
    ]
