"""Average marginal effects: the mean change in the score per unit of a column. They can be compared with coefficients.

For a numeric column, the effect is the mean derivative of the score, in score units per unit of the column. For a level, the
effect is a discrete change (Bartus 2005): the mean score if every row is set to this level minus the mean score if every row is
set to the reference level. In a linear model, the effect in every row equals the coefficient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from tabinterp.arrays import FloatArray
from tabinterp.linear.terms import AnyTerm, Contrast, Slope
from tabinterp.models.model import BLOCK, BoundModel


def row_derivatives(bound: BoundModel, terms: Sequence[AnyTerm]) -> FloatArray:
    """Return the derivative or contrast (n, terms, k) of each term in each row.

    A derivative is NaN for rows in which the column is missing.
    """
    result = np.full((len(bound.x), len(terms), len(bound.outputs)), np.nan)
    slopes = [(j, term) for j, term in enumerate(terms) if isinstance(term, Slope)]
    if slopes:
        of_rows = slope_derivatives(bound, [term for _, term in slopes])
        result[:, [j for j, _ in slopes]] = of_rows(bound.gradients(bound.x), slice(None))
    for column, group in groupby(enumerate(terms), key=lambda pair: pair[1].term.column):
        contrasts = [(j, term) for j, term in group if isinstance(term, Contrast)]
        if contrasts:
            result[:, [j for j, _ in contrasts]] = _contrasts(bound, column, [term for _, term in contrasts])
    return result


def slope_derivatives(bound: BoundModel, terms: Sequence[Slope]) -> Callable[[FloatArray, slice], FloatArray]:
    """Return a function that converts the gradients (m, d, k) of a slice of m rows to the derivatives (m, terms, k) of the terms.

    Derivatives are NaN for rows in which the column is missing.
    """
    encoded = np.unique(np.concatenate([term.block for term in terms])) if terms else np.empty(0, dtype=np.int64)
    per_unit = np.zeros((len(encoded), len(terms)))
    for j, term in enumerate(terms):
        per_unit[np.searchsorted(encoded, term.block), j] = term.per_unit
    missing = bound.table.frame[[term.term.column for term in terms]].isna().to_numpy()
    some = bool(missing.any())

    def of_rows(gradient: FloatArray, rows: slice) -> FloatArray:
        found = (gradient[:, encoded].transpose(0, 2, 1) @ per_unit).transpose(0, 2, 1)
        if some:
            found[missing[rows]] = np.nan
        return np.asarray(found, dtype=np.float64)

    return of_rows


def _contrasts(bound: BoundModel, column: str, contrasts: list[Contrast]) -> FloatArray:
    """Return, for each row, the score (n, contrasts, k) at each level of the column minus the score at the reference level."""
    block = contrasts[0].block
    weight = bound.first.weight[:, torch.as_tensor(block)]
    base = bound.z - bound.part((column,))
    centre = bound.centre[block]

    def scores(at: FloatArray) -> Tensor:
        shift = (weight @ bound.at_home(at - centre)).to(base.dtype)
        with torch.inference_mode():
            return torch.cat([bound.rest(base[i : i + BLOCK] + shift).double() for i in range(0, len(base), BLOCK)])

    reference = scores(contrasts[0].reference)
    return torch.stack([scores(c.level) - reference for c in contrasts], dim=1).cpu().numpy()
