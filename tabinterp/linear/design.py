"""The design matrix of a linear fit: its terms in original units, and an orthogonal basis of their span.

Very different scales, such as a column of 1e6 next to a dummy, impair Newton's method and hide collinearity, so fits do not use
the original columns. These are centred and scaled. Columns that are constant or a linear combination of earlier ones are left
out, with the reason, and the others are replaced by an orthogonal basis. A coefficient per unit is a linear function of the
coefficients on the basis, so its standard error follows from theirs.
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

#: A column is aliased when earlier ones leave less than this share of its standard deviation: R's `lm`, `tol = 1e-7`.
ALIASED = 1e-7
TOGETHER = 64  # number of columns that are orthogonalised at a time


@dataclass(frozen=True)
class Term:
    """One column of a design: a column of the table per unit, or one level compared with the reference level."""

    column: str
    level: str | None = None
    reference: str | None = None
    unit: str | None = None
    dummy: bool = False


@dataclass(frozen=True)
class Reason:
    """Why a term has no estimate, or no standard error.

    `constant`: the column has one value. `aliased`: it is a linear combination of the original columns `columns`.
    `separated`: the estimate is infinite, because only the classes `classes` occur in `rows` rows. These are the rows of the
    term's own level (`by` "level") or of the reference level of its column ("reference"), in both cases without rows that are
    already separated by another level, or the rows that a combination of the columns `columns` separates perfectly
    ("combination").
    `never_counted`: the estimate is infinite, because all counts in `rows` rows are zero; `by` as above.
    `absent`: no row has this class.
    `exact`: the target is reproduced exactly, so there are no residuals from which to estimate an error.
    `single_row`: one row alone determines the estimate; its residual is zero, so the sandwich error would be zero.
    `single_group`: the same for the rows of one group, if rows have groups.
    `few_groups`: the rows have fewer than ten groups, which are too few to estimate an error over groups.
    `mixed`: the encoder mixes the column with others, so that no parameter of the model belongs to the column alone.
    `target_encoded`: an encoder was fitted to the same targets, so that the usual errors are not valid.
    `not_converged`: the iterations ended without a maximum and without a covariance.
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
    """`matrix` (n, p) in original units, without intercept and reference levels; `terms` describe its columns."""

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
    """An orthogonal basis of the intercept and the kept terms.

    `vectors` (n, r + 1), the first one constant, with mean square 1 over the rows; `to_units` (r + 1, r + 1) maps
    coefficients on the basis to the intercept and the coefficients per unit of the terms `kept`; `left_out`: term to
    reason; `factor` (r, r): the standardised kept columns are `vectors[:, 1:] @ factor`.
    """

    vectors: Floats
    to_units: Floats
    kept: tuple[int, ...]
    left_out: dict[int, Reason]
    factor: Floats


def orthogonal_basis(design: Design, weights: Floats | None = None) -> Basis:
    """Standardise the columns, leave out constant and aliased ones, and orthogonalise the others; `weights` (n,) of rows are
    above 0.

    Earlier terms take precedence, as in R. The triangular factor of one QR decomposition has the geometry of all rows, so the
    selection of terms needs only this (p, p) matrix.
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
    """Return columns with mean 0 and mean square 1, their means and standard deviations; a constant column has sd 0."""
    if not matrix.size:
        return matrix, np.zeros(matrix.shape[1]), np.zeros(matrix.shape[1])
    largest = np.abs(matrix).max(axis=0)
    largest[largest == 0] = 1.0
    scaled = matrix / largest  # so that squares of values such as 1e200 do not overflow
    mean = w @ scaled / w.sum()
    scaled -= mean
    sd = np.sqrt(w @ scaled**2 / w.sum())
    sd[np.ptp(scaled, axis=0) <= 8 * np.finfo(float).eps] = 0
    scaled /= np.where(sd > 0, sd, 1)
    return scaled, mean * largest, sd * largest


def _independent(standardised: Floats, offset: Floats) -> tuple[Ints, Floats, dict[int, Ints]]:
    """Select linearly independent columns in order; return them, their triangular factor, and, for each other column, the
    selected columns that it combines.

    `offset` (p,) is mean over sd: a column of 1e9 plus noise has a rounding error of 1e9 * eps. Differences between a column and
    a combination of others that are smaller than the rounding error of the columns so far cannot be detected.
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
    """Remove the components along the directions; two passes are enough (Kahan and Parlett, in Parlett 1980)."""
    for _ in range(2):
        columns = columns - directions @ (directions.T @ columns)
    return columns


def inflation(design: Design, basis: Basis) -> dict[str, float]:
    """Return GVIF ** (1 / df) of each original column with a kept term (Fox and Monette 1992); for df = 1 it is the VIF.

    GVIF = det C_in det C_out / det C for the correlations C of the kept terms, split into the column's own terms and the
    others; det C_out / det C is the determinant of the column's block of C's inverse. Empty if there is only one column.
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
