"""The design matrix of a linear fit in original units, and an orthogonal basis of its columns.

Models are not fitted in original units. If columns have very different scales, such as 1e6 and 1, Newton's method becomes
inaccurate and collinearity is hard to detect. The columns are therefore centred and scaled. A column that is constant, or a
linear combination of earlier columns, is left out, and the reason is recorded. The remaining columns are replaced by an
orthogonal basis. Each coefficient in original units is a linear function of the coefficients on the basis. Its standard error is
computed from the covariance matrix of the coefficients on the basis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.stats.weights import unit

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

#: A column is aliased if the part that earlier columns do not explain is smaller than this share of its standard deviation.
#: The value is the tolerance of R's `lm` (`tol = 1e-7`).
ALIASED = 1e-7
TOGETHER = 64  # number of columns that are orthogonalised at a time


@dataclass(frozen=True)
class Term:
    """One column of a design matrix. Its coefficient is the effect of an increase by one unit in a column of the table, or the
    effect of a level compared with the reference level.
    """

    column: str
    level: str | None = None
    reference: str | None = None
    unit: str | None = None
    dummy: bool = False


@dataclass(frozen=True)
class Reason:
    """The reason why a term has no estimate or no standard error.

    `code` is one of:

    - `constant`: the column has only one value.
    - `aliased`: the column is a linear combination of the original columns in `columns`.
    - `separated`: the estimate is infinite, because only the classes in `classes` occur in a set of `rows` rows. The attribute
      `by` describes this set:

      - "level": the rows at the term's level. Rows that another level already separates are not counted.
      - "reference": the rows at the reference level of the term's column. Rows that another level already separates are not
        counted.
      - "combination": rows that a combination of the columns in `columns` separates perfectly.

    - `never_counted`: the estimate is infinite, because the counts of `rows` rows are all zero. `by` describes these rows, as for
      `separated`.
    - `absent`: no row has this class.
    - `exact`: the fit reproduces the target exactly, so there are no residuals from which to estimate an error.
    - `single_row`: a single row determines the estimate. Its residual is zero, so the sandwich error would be zero.
    - `single_group`: the rows of a single group determine the estimate, so the sandwich error would be zero.
    - `few_groups`: there are fewer than ten groups of rows, which is too few to estimate a standard error.
    - `mixed`: the encoder mixes the column with other columns, so no parameter of the model belongs only to this column.
    - `target_encoded`: an encoder was fitted to the same targets, so the usual standard errors are not valid.
    - `not_converged`: the iterations ended without reaching a maximum, so there is no covariance.
    """

    code: Literal[
        "constant",
        "aliased",
        "separated",
        "never_counted",
        "absent",
        "exact",
        "single_row",
        "single_group",
        "few_groups",
        "not_converged",
        "target_encoded",
        "mixed",
    ]
    columns: tuple[str, ...] = ()
    by: Literal["level", "reference", "combination"] | None = None
    rows: int | None = None
    classes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Design:
    """A design in original units: a `matrix` (n, p) with one column for each of the p `terms`. It has no columns for the
    intercept or the reference levels.
    """

    matrix: Floats
    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or self.matrix.shape[1] != len(self.terms):
            raise ValueError(
                f"the design matrix must have one column for each term; got a matrix of shape {self.matrix.shape} "
                f"and {len(self.terms)} terms"
            )
        finite = np.isfinite(self.matrix).all(axis=0)
        if not finite.all():
            term = self.terms[int(np.argmin(finite))]
            raise NotApplicableError(why("inference.column", column=term.column))


@dataclass(frozen=True)
class Basis:
    """An orthogonal basis of the intercept and of the terms that are not left out.

    Parameters
    ----------
    vectors : (n, r + 1)
        The basis vectors. The first vector is constant, and every vector has mean square 1 over the rows.
    to_units : (r + 1, r + 1)
        Matrix that maps coefficients on the basis to the intercept and to the coefficients of the terms in `kept`, in original
        units.
    kept : (r,)
        Positions of the terms that are not left out.
    left_out : dict
        Mapping from the position of each term that is left out to the reason.
    factor : (r, r)
        Triangular factor. The standardised columns of the terms in `kept` are `vectors[:, 1:] @ factor`.
    """

    vectors: Floats
    to_units: Floats
    kept: tuple[int, ...]
    left_out: dict[int, Reason]
    factor: Floats


def orthogonal_basis(design: Design, weights: Floats | None = None) -> Basis:
    """Return an orthogonal basis of a design: standardise its columns, leave out constant and aliased columns, and orthogonalise
    the others.

    The `weights` (n,) must all be above 0. If terms are collinear, the later terms are left out, as in R. Terms are selected
    using the triangular factor (p, p) of a QR decomposition, which is small but determines all inner products of the columns.
    """
    n = len(design.matrix)
    w = unit(weights, n)
    centred, mean, sd = _standardised(design.matrix, w)
    varying = np.flatnonzero(sd > 0)
    left_out = {int(j): Reason("constant") for j in np.flatnonzero(sd == 0)}
    standardised = centred[:, varying]
    places, factor, combinations = _independent(standardised * np.sqrt(w)[:, None], mean[varying] / sd[varying])
    for place, sources in combinations.items():
        names = dict.fromkeys(design.terms[varying[s]].column for s in sources)
        left_out[int(varying[place])] = Reason("aliased", columns=tuple(names))
    kept = varying[places]
    vectors = np.ones((n, len(kept) + 1))
    if len(kept):
        vectors[:, 1:] = solve_triangular(factor, standardised[:, places].T, trans="T").T
    per_unit = np.diag(1 / sd[kept]) @ np.linalg.inv(factor)
    to_units = np.eye(len(kept) + 1)
    to_units[1:, 1:] = per_unit
    to_units[0, 1:] = -mean[kept] @ per_unit
    return Basis(vectors, to_units, tuple(int(j) for j in kept), left_out, factor)


def _standardised(matrix: Floats, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Scale columns to mean 0 and mean square 1. Return them with their original means and standard deviations (0 for a constant
    column).
    """
    if not matrix.size:
        return matrix, np.zeros(matrix.shape[1]), np.zeros(matrix.shape[1])
    largest = np.abs(matrix).max(axis=0)
    largest[largest == 0] = 1.0
    scaled = matrix / largest  # without this, the squares of values such as 1e200 would overflow
    mean = w @ scaled / w.sum()
    scaled -= mean
    sd = np.sqrt(w @ scaled**2 / w.sum())
    sd[np.ptp(scaled, axis=0) <= 8 * np.finfo(float).eps] = 0
    scaled /= np.where(sd > 0, sd, 1)
    return scaled, mean * largest, sd * largest


def _independent(standardised: Floats, offset: Floats) -> tuple[Ints, Floats, dict[int, Ints]]:
    """Select linearly independent columns in order.

    Return the positions of the selected columns and their triangular factor. For every other column, also return the positions of
    the selected columns that determine it.

    `offset` (p,) is the mean of each column divided by its standard deviation. It determines the rounding error of the column:
    for example, a column of 1e9 plus noise of size 1 has a rounding error of 1e9 * eps. A column is treated as a linear
    combination of earlier columns if the two differ by less than a tolerance. Within fixed limits, the tolerance is proportional
    to the largest rounding error of the column and all earlier columns.
    """
    n, p = standardised.shape
    triangle = np.linalg.qr(standardised, mode="r") / np.sqrt(max(n, 1)) if p else np.zeros((0, 0))
    rounding = np.maximum.accumulate(np.abs(offset)) * 10 * np.finfo(float).eps
    tolerance = np.clip(rounding, ALIASED, 1e-4)
    directions, factor = np.zeros(triangle.shape, order="F"), np.zeros((p, p), order="F")
    kept: list[int] = []
    combinations: dict[int, Ints] = {}
    for first in range(0, p, TOGETHER):
        begun = len(kept)
        block = _apart(triangle[:, first : first + TOGETHER], directions[:, :begun])
        for j, column in enumerate(block.T, first):
            k, residual = len(kept), _apart(column, directions[:, begun : len(kept)])
            size = float(np.linalg.norm(residual))
            alone = size > tolerance[j] * np.linalg.norm(triangle[:, j])
            if alone:
                directions[:, k] = residual / size
                kept.append(j)
            made_of = directions[:, : len(kept)].T @ triangle[:, j]
            if alone:
                factor[: k + 1, k] = made_of
            else:
                weights = solve_triangular(factor[:k, :k], made_of)
                combinations[j] = np.asarray(kept)[np.abs(weights) > 1e-6 * np.abs(weights).max()]
    return np.asarray(kept, dtype=np.intp), factor[: len(kept), : len(kept)], combinations


def _apart(columns: Floats, directions: Floats) -> Floats:
    """Remove from the columns their components along the orthonormal directions. Two passes are enough (Kahan and Parlett, in
    Parlett 1980).
    """
    for _ in range(2):
        columns = columns - directions @ (directions.T @ columns)
    return columns


def inflation(design: Design, basis: Basis) -> dict[str, float]:
    """Return GVIF ** (1 / df), a measure of variance inflation, for each column of the table that has terms in the basis. The
    number of these terms is df.

    The generalised variance inflation factor (Fox and Monette 1992) is GVIF = det C_in det C_out / det C. C is the correlation
    matrix of the terms in the basis. C_in is its block for the column's own terms, and C_out its block for all other terms. det
    C_out / det C is the determinant of the column's block of the inverse of C. For df = 1, the result is the ordinary variance
    inflation factor. The result is empty if there is only one column.
    """
    groups: dict[str, list[int]] = {}
    for place, j in enumerate(basis.kept):
        groups.setdefault(design.terms[j].column, []).append(place)
    if len(groups) < 2:
        return {}
    half = np.linalg.inv(basis.factor)
    result = {}
    for column, places in groups.items():
        own, inverse = basis.factor[:, places], half[places]
        logarithm = np.linalg.slogdet(own.T @ own)[1] + np.linalg.slogdet(inverse @ inverse.T)[1]
        result[column] = float(np.exp(logarithm / len(places)))
    return result
