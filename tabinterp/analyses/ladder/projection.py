"""Least-squares projections of a score onto the tiers of a basis, fitted on some rows and evaluated on others.

The estimand is the covariance Cov(f_c, f). Here f is the score, and f_c is the sum of those terms in the projection of f that
belong to column c. Let S be the covariance matrix of the basis, and let e be the residual of the projection. Two fits A and B use
disjoint sets of rows, and neither set contains the scored rows. The contribution of each scored row is

    f_c,A (f - mean) + r_c,B e_A,        r_c = the basis times S^-1 (c's block of Cov(basis, f)),

averaged over both orders of A and B. The first term is the plug-in estimate. The second term corrects it for the error of the fit
(the efficient influence function; Chernozhukov et al. 2018). After the correction, the remaining bias is a product of two
independent errors. The standard error can therefore be computed as for a mean over rows. The contributions of all columns sum to
f^2 - e_A e_B.

The tiers are projected one after another. For each tier, its functions and the score are first replaced by their residuals from a
projection onto the lower tiers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from scipy import linalg

from tabinterp.arrays import FloatArray, IntArray

from .basis import Basis

FOLDS = 5  # one is scored, two are used for fit A and two for fit B, in each of the three possible splits
BLOCK = 4096  # rows of the basis in memory at once
RIDGE = 1e-8  # share of each basis function's variance; its only purpose is to keep collinear functions solvable
DEAD = 1e-12


@dataclass(frozen=True, eq=False)
class Projection:
    """Coefficients (p, terms, k) of each term of a projection: `value` for the plug-in estimate, `adjoint` for the correction."""

    value: FloatArray
    adjoint: FloatArray


@dataclass(frozen=True, eq=False)
class Contributions:
    """Contributions of each scored row to the variance of the score.

    `lines` and `curves` have the shape (rows, k, columns), and `pairs` has the shape (rows, k, pairs). `total` (rows, k) is the
    squared deviation of the score from its mean.
    """

    lines: FloatArray
    curves: FloatArray
    pairs: FloatArray
    total: FloatArray


Design = Callable[[IntArray], FloatArray]  # rows -> (rows, p)


def moments(design: Design, score: FloatArray, weights: FloatArray, cell: IntArray, cells: int) -> FloatArray:
    """Return weighted sums over rows of the products of any two of the quantities 1, basis functions and score.

    The result (v, cells, q, q) contains one matrix of sums for each of v sets of row weights and each cell of rows.
    """
    result: FloatArray | None = None
    for rows, parts in _blocks(cell):
        joined = np.column_stack([np.ones(len(rows)), design(rows), score[rows]])
        if result is None:
            result = np.zeros((len(weights), cells, joined.shape[1], joined.shape[1]))
        for c, part in parts:
            for v, w in enumerate(weights):
                result[v, c] += joined[part].T @ (w[rows[part], None] * joined[part])
    assert result is not None
    return result


def _blocks(cell: IntArray) -> Iterator[tuple[IntArray, list[tuple[int, slice]]]]:
    """Yield blocks of rows, sorted by cell, with the cells of each block and the slice of the block that belongs to each cell.

    The basis is evaluated once for each block, because an evaluation on only a few rows takes almost as long.
    """
    order = np.argsort(cell, kind="stable")
    for rows in (order[i : i + BLOCK] for i in range(0, len(order), BLOCK)):
        own, start = np.unique(cell[rows], return_index=True)
        yield rows, [(int(c), slice(*ends)) for c, ends in zip(own, pairwise([*start, len(rows)]), strict=True)]


def tiers(sums: FloatArray, basis: Basis) -> list[Projection]:
    """Return the projections of the score onto the three tiers, from sums of products (q, q) as returned by `moments`.

    The score is projected onto the linear functions, the residual onto the curves, and the remaining residual onto the pairs.
    """
    p = len(basis.tier)
    mean = sums[0, 1:] / sums[0, 0]
    square = np.diag(sums)[1:] / sums[0, 0]
    covariance = sums[1:, 1:] / sums[0, 0] - np.outer(mean, mean)
    variance = np.diag(covariance)
    scale = np.sqrt(np.where(variance > DEAD * square, variance, np.inf))[:p]  # without constant functions
    s, t = covariance[:p, :p] / scale / scale[:, None], covariance[:p, p:] / scale[:, None]
    sizes = (len(basis.columns), len(basis.columns), len(basis.pairs))
    return [_beyond(s, t, basis, tier, size, scale) for tier, size in enumerate(sizes)]


def _indicators(term: IntArray, terms: int) -> FloatArray:
    """Return an indicator (p, terms) of the basis functions that belong to each term."""
    return np.asarray(term[:, None] == np.arange(terms), dtype=np.float64)


def solve_gram(gram: FloatArray, right: FloatArray) -> FloatArray:
    """Solve (gram + RIDGE I) x = right for a Gram matrix (p, p) and a right-hand side (p, k).

    If functions are collinear, such as the indicators of all levels of a column, rounding can make an eigenvalue negative. A
    negative eigenvalue is set to zero; the ridge penalty then keeps the solution finite.
    """
    try:
        return np.asarray(linalg.cho_solve(linalg.cho_factor(gram + RIDGE * np.eye(len(gram))), right))
    except linalg.LinAlgError:
        values, vectors = linalg.eigh(gram)
        return np.asarray(vectors @ (vectors.T @ right / (np.maximum(values, 0.0) + RIDGE)[:, None]))


def _solve(s: FloatArray, t: FloatArray, belongs: FloatArray) -> Projection:
    """Return the projection of the score onto the basis functions, split by term.

    `s` (p, p) contains the covariances of the basis functions, and `t` (p, k) their covariances with the score.
    """
    blocks = belongs[:, :, None] * t[:, None, :]
    adjoint = solve_gram(s, blocks.reshape(len(s), -1)).reshape(blocks.shape)
    return Projection(belongs[:, :, None] * adjoint.sum(axis=1)[:, None, :], adjoint)


def _beyond(s: FloatArray, t: FloatArray, basis: Basis, tier: int, terms: int, scale: FloatArray) -> Projection:
    """Return the projection of the score onto the functions of a tier, adjusted for the lower tiers.

    The score and the functions are first replaced by their residuals from a projection onto the lower tiers.
    """
    below, own = np.flatnonzero(basis.tier < tier), np.flatnonzero(basis.tier == tier)
    if len(own) == 0:
        nothing = np.zeros((len(scale), terms, t.shape[1]))
        return Projection(nothing, nothing)
    cross = s[np.ix_(below, own)]
    onto = np.zeros_like(cross)
    if len(below):
        onto = solve_gram(s[np.ix_(below, below)], cross)
    left = s[np.ix_(own, own)] - cross.T @ onto
    found = _solve((left + left.T) / 2, t[own] - onto.T @ t[below], _indicators(basis.term[own], terms))
    whole = [np.zeros((len(scale), terms, t.shape[1])) for _ in range(2)]
    for to, coefficients in zip(whole, (found.value, found.adjoint), strict=True):
        to[own] = coefficients / scale[own, None, None]
        to[below] = -np.tensordot(onto, coefficients, 1) / scale[below, None, None]
    return Projection(whole[0], whole[1])


def contributions(
    design: Design,
    score: FloatArray,
    sums: FloatArray,
    basis: Basis,
    fold: IntArray,
    scored: IntArray,
    mean: FloatArray,
) -> Contributions:
    """Return the contributions of the rows with indices `scored`, in the same order, to the variance of the score.

    Parameters
    ----------
    sums : sums of products (`moments`) over all rows of each fold (folds, q, q).
    mean : means of the basis and the score over the scored rows (p + k,).
    """
    p, n, k = len(basis.tier), len(scored), score.shape[1]
    fits = {pair: tiers(sums[list(pair)].sum(axis=0), basis) for pair in combinations(range(len(sums)), 2)}
    shapes = (len(basis.columns), len(basis.columns), len(basis.pairs))
    parts = [np.zeros((n, k, size)) for size in shapes]
    for block, of_folds in _blocks(fold[scored]):
        x, f = design(scored[block]) - mean[:p], score[scored[block]] - mean[p:]
        for j, at in of_folds:
            ways = [(a, b) for a, b in combinations(fits, 2) if not {j, *a} & set(b) and j not in a]
            for a, b in ways:
                left = f[at], f[at]
                for part, one, other in zip(parts, fits[a], fits[b], strict=True):
                    added, left = _both(x[at], left, (one, other))
                    part[block[at]] += added / len(ways)
    return Contributions(parts[0], parts[1], parts[2], (score[scored] - mean[p:]) ** 2)


def _both(
    x: FloatArray, left: tuple[FloatArray, FloatArray], fits: tuple[Projection, Projection]
) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
    """Return contributions averaged over the two possible orders of two fits, and the residuals of the score from each fit.

    The contributions have the shape (rows, k, terms), and the residuals have the shape (rows, k).
    """
    value, correction = (
        [np.tensordot(x, c, 1) for c in parts] for parts in zip(*((f.value, f.adjoint) for f in fits), strict=True)
    )
    after = [before - v.sum(axis=1) for before, v in zip(left, value, strict=True)]
    result = sum(value[i] * left[1 - i][:, None, :] + correction[1 - i] * after[i][:, None, :] for i in (0, 1))
    return np.asarray(result / 2).transpose(0, 2, 1), (after[0], after[1])
