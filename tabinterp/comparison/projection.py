"""L2 projections of a score onto a basis in tiers, fitted on some rows and scored on others.

What is estimated is a covariance Cov(f_c, f), f_c being column c's part of a projection of f. Let beta be the
coefficients of the projection, S the covariance matrix of the basis, e the residual. Two fits A and B on rows that are neither
each other's nor the scored ones give each scored row the contribution

    f_c,A (f - mean) + r_c,B e_A,        r_c = the basis times S^-1 (c's block of Cov(basis, f)),

and the mean of both orders. It is the estimate plus its correction for the noise of the fit (the efficient influence function;
Chernozhukov et al. 2018): noise enters as the product of two independent errors, so that it neither inflates nor deflates a
share, and the mean over rows has the error of a mean over rows. Over the columns the contributions sum to f^2 - e_A e_B.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import linalg

from ..table.draws import FloatArray, IntArray
from .basis import Basis

FOLDS = 5  # one is scored, two fit A, two fit B, in all three ways
BLOCK = 4096  # rows of the basis in memory at once
RIDGE = 1e-8  # of each basis function's variance: keeps the sums solvable where functions are collinear, nothing else
DEAD = 1e-12


@dataclass(frozen=True, eq=False)
class Projection:
    """Coefficients (p, terms, k) of every term's part of the score, `value`, and of its correction, `adjoint`."""

    value: FloatArray
    adjoint: FloatArray


@dataclass(frozen=True, eq=False)
class Tiers:
    """The projections from one set of rows: onto the linear tier, the additive, and the pairs beyond the additive."""

    linear: Projection
    additive: Projection
    pairs: Projection | None


@dataclass(frozen=True, eq=False)
class Contributions:
    """What each scored row adds (rows, k, ...): (columns,) linear, (columns,) additive, (pairs,), and its squared score."""

    linear: FloatArray
    additive: FloatArray
    pairs: FloatArray
    total: FloatArray


Design = Callable[[IntArray], FloatArray]  # rows -> (rows, p)


def moments(design: Design, score: FloatArray, weights: FloatArray, cell: IntArray, cells: int) -> FloatArray:
    """(v, cells, q, q) sums of products of (1, basis, score) in each cell of rows, for each weighting (v, rows)."""
    result: FloatArray | None = None
    for c in range(cells):
        rows = np.flatnonzero(cell == c)
        for block in (rows[i : i + BLOCK] for i in range(0, len(rows), BLOCK)):
            joined = np.column_stack([np.ones(len(block)), design(block), score[block]])
            if result is None:
                result = np.zeros((len(weights), cells, joined.shape[1], joined.shape[1]))
            for v, w in enumerate(weights):
                result[v, c] += joined.T @ (w[block, None] * joined)
    assert result is not None
    return result


def tiers(sums: FloatArray, basis: Basis) -> Tiers:
    """Solve the normal equations of rows whose sums of products are `sums` (q, q)."""
    p = len(basis.tier)
    mean = sums[0, 1:] / sums[0, 0]
    square = np.diag(sums)[1:] / sums[0, 0]
    covariance = sums[1:, 1:] / sums[0, 0] - np.outer(mean, mean)
    variance = np.diag(covariance)
    scale = np.sqrt(np.where(variance > DEAD * square, variance, np.inf))[:p]  # a function that is constant here is out
    s, t = covariance[:p, :p] / scale / scale[:, None], covariance[:p, p:] / scale[:, None]
    columns = _indicators(basis.term, len(basis.columns)) * (basis.tier < 2)[:, None]
    linear, additive, pair = (np.flatnonzero(basis.tier < 1), np.flatnonzero(basis.tier < 2), basis.tier == 2)
    found = [_embedded(_solve(s[np.ix_(a, a)], t[a], columns[a]), a, scale) for a in (linear, additive)]
    return Tiers(found[0], found[1], _beyond(s, t, basis, additive, scale) if pair.any() else None)


def _indicators(term: IntArray, terms: int) -> FloatArray:
    """(p, terms) 1 where a basis function belongs to the term."""
    return (term[:, None] == np.arange(terms)).astype(np.float64)


def _solve(s: FloatArray, t: FloatArray, belongs: FloatArray) -> Projection:
    """Projection with covariances `s` (p, p) of the basis and `t` (p, k) with the score, split by term (p, terms)."""
    blocks = belongs[:, :, None] * t[:, None, :]
    factor = linalg.cho_factor(s + RIDGE * np.eye(len(s)))
    adjoint = linalg.cho_solve(factor, blocks.reshape(len(s), -1)).reshape(blocks.shape)
    return Projection(belongs[:, :, None] * adjoint.sum(axis=1)[:, None, :], adjoint)


def _embedded(found: Projection, at: IntArray, scale: FloatArray) -> Projection:
    """The same coefficients, of the unscaled functions of the whole basis."""
    whole = [np.zeros((len(scale), *found.value.shape[1:])) for _ in range(2)]
    for to, coefficients in zip(whole, (found.value, found.adjoint), strict=True):
        to[at] = coefficients / scale[at, None, None]
    return Projection(whole[0], whole[1])


def _beyond(s: FloatArray, t: FloatArray, basis: Basis, additive: IntArray, scale: FloatArray) -> Projection:
    """The pairs' functions less their own projection onto the additive tier, and the score projected on what is left."""
    pair = np.flatnonzero(basis.tier == 2)
    cross = s[np.ix_(additive, pair)]
    onto = linalg.solve(s[np.ix_(additive, additive)] + RIDGE * np.eye(len(additive)), cross, assume_a="pos")
    left = s[np.ix_(pair, pair)] - cross.T @ onto
    found = _solve((left + left.T) / 2, t[pair] - onto.T @ t[additive], _indicators(basis.term[pair], len(basis.pairs)))
    at = np.concatenate([pair, additive])
    both = [np.concatenate([c, -np.tensordot(onto, c, 1)]) for c in (found.value, found.adjoint)]
    return _embedded(Projection(both[0], both[1]), at, scale)


def contributions(
    design: Design,
    score: FloatArray,
    sums: FloatArray,
    basis: Basis,
    fold: IntArray,
    scored: IntArray,
    mean: FloatArray,
) -> Contributions:
    """Contributions of the rows `scored`, in their order.

    `sums` (folds, q, q) are sums over all rows; `mean` (p + k,) are means of basis and score over the scored rows.
    """
    p, n, k = len(basis.tier), len(scored), score.shape[1]
    fits = {pair: tiers(sums[list(pair)].sum(axis=0), basis) for pair in combinations(range(len(sums)), 2)}
    shapes = (len(basis.columns), len(basis.columns), len(basis.pairs))
    linear, additive, pairs = (np.zeros((n, k, size)) for size in shapes)
    for j in range(len(sums)):
        ways = [(a, b) for a, b in combinations(fits, 2) if not {j, *a} & set(b) and j not in a]
        rows = np.flatnonzero(fold[scored] == j)
        for block in (rows[i : i + BLOCK] for i in range(0, len(rows), BLOCK)):
            x, f = design(scored[block]) - mean[:p], score[scored[block]] - mean[p:]
            for a, b in ways:
                one, other = fits[a], fits[b]
                linear[block] += _both(x, f, one.linear, other.linear) / len(ways)
                additive[block] += _both(x, f, one.additive, other.additive) / len(ways)
                if one.pairs is not None and other.pairs is not None:
                    left = [f - (x @ fit.additive.value.sum(axis=1)) for fit in (one, other)]
                    pairs[block] += _both(x, np.stack(left), one.pairs, other.pairs) / len(ways)
    return Contributions(linear, additive, pairs, (score[scored] - mean[p:]) ** 2)


def _both(x: FloatArray, f: FloatArray, one: Projection, other: Projection) -> FloatArray:
    """(rows, k, terms) contributions from two fits, the mean of both orders; f is (rows, k), or what each fit leaves."""
    first, second = (f, f) if f.ndim == 2 else (f[0], f[1])
    result = 0.0
    for a, b, of_a, of_b in ((one, other, first, second), (other, one, second, first)):
        value, correction = (np.tensordot(x, c, 1) for c in (a.value, b.adjoint))  # (rows, terms, k)
        residual = of_a - value.sum(axis=1)
        result = result + value * of_b[:, None, :] + correction * residual[:, None, :]
    return np.asarray(result / 2).transpose(0, 2, 1)
