"""Control variates for permutation importance. They reduce the sampling error when only a few random permutations are drawn.

A permutation pairs each receiver i with one donor j. The mean rise in loss D_ij over these pairs estimates the mean over all
pairs. A control variate is a function h_ij whose mean over all pairs is known. Subtracting b (h_ij - mean of h) from D_ij leaves
the estimand unchanged, and removes the part of the sampling error that h explains (Owen 2013, Monte Carlo Theory, Methods and
Examples, chapter 8).

Each function used here is a sum of products of a function of the receiver and a function of the donor's value. Its mean over all
pairs therefore follows from sums over rows. The functions are derived from a Taylor expansion of the loss around the receiver's
score. Let g and c be the first and second derivatives of the loss of the task with respect to this score, s the derivative of the
score with respect to the encoded column, x the encoded value, and r the rank of a row's value when all values are ordered by
their mean effect on the score. The functions are g(i) s(i) x(j), and the products of g(i), c(i) and c(i) r(i) with r(j) and
r(j)^2. They are centred, and large values are limited, so that rare values do not dominate the fit.

The coefficients b are fitted to all pairs by least squares, together with the main effects of receivers and donors. The main
effects have a mean of zero over all pairs. The donors' main effects are subtracted before the rises are averaged for each
receiver, and the receivers' main effects before the rises are averaged for each donor. This makes the standard error less
conservative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.models import BoundModel, probabilities
from tabinterp.models.parallel import run_parallel
from tabinterp.models.perturbation import BLOCK

POWERS = (1, 2)  # of the rank of the donor's value
LARGEST = 3.0  # values of an encoded column with more than two values are limited to this many SDs from the mean
FEWEST = 40  # minimum number of rows for each fitted coefficient
SINGULAR = 1e-3  # directions of the normal equations with a smaller share of the largest eigenvalue are left out
WIDEST = 256  # a column encoded as more columns has no product of slope and value, because its cost would be too high
MEAN = 512  # maximum number of rows over which the derivatives of the scores are averaged


@dataclass(frozen=True, eq=False)
class Derivatives:
    """Derivatives at the unchanged rows, from which the control variates of all columns are computed.

    Attributes
    ----------
    loss : (k, n) first derivative of the loss of the task with respect to the scores, centred.
    curvature : (k, n) second derivative, centred.
    encoded : (n, d) first derivative of the loss with respect to the encoded columns, centred.
    mean : (k, d) mean derivative of each score with respect to the encoded columns.
    """

    loss: NDArray[np.float32]
    curvature: NDArray[np.float32]
    encoded: NDArray[np.float32]
    mean: FloatArray


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs of one shift.

    Attributes
    ----------
    donors : (n,) donor of each row.
    received : (n,) the rise that is averaged for each receiver.
    given : (n,) the rise that is averaged for each donor.
    """

    donors: IntArray
    received: FloatArray
    given: FloatArray


def derivatives_of(bound: BoundModel) -> Derivatives | None:
    """Return the derivatives of the model at the rows of the table to which it is bound.

    The result is None if the model has no gradient, or if there are too few rows to fit the coefficients.
    """
    if not bound.has_gradient or len(bound.table) < FEWEST * _coefficients(len(bound.outputs)):
        return None
    scores, weights = bound.answers.cpu().numpy(), bound.table.row_weights
    loss, curvature = _of_task(scores, bound.table.y, bound.table.schema.task)
    cotangents = torch.as_tensor(loss).to(bound.z)
    encoded = np.empty(bound.x.shape, dtype=np.float32)
    blocks = [slice(i, i + BLOCK) for i in range(0, len(encoded), BLOCK)]
    found = run_parallel(bound, lambda rows: _slopes(bound, bound.z[rows], cotangents[rows]), blocks)
    for rows, slopes in zip(blocks, found, strict=True):
        encoded[rows] = slopes
    few = bound.z[:MEAN]
    each = torch.eye(scores.shape[1]).to(few)
    mean = np.stack([_slopes(bound, few, one.expand(len(few), -1)).mean(axis=0) for one in each])
    encoded -= (weights / weights.sum()).astype(np.float32) @ encoded
    return Derivatives(_centred(loss.T, weights), _centred(curvature.T, weights), encoded, mean)


def _coefficients(outputs: int) -> int:
    """Return how many coefficients are fitted for each column, including one intercept."""
    return 2 + 3 * len(POWERS) + (3 + len(POWERS)) * outputs


def _of_task(scores: FloatArray, y: FloatArray, task: str) -> tuple[FloatArray, FloatArray]:
    """Return the first and second derivatives, each (n, k), of the log loss, half the squared error, or half the deviance."""
    if task == "regression":
        return scores - y[:, None], np.ones_like(scores)
    if task == "count":
        rate = np.exp(scores)
        return rate - y[:, None], rate
    p = probabilities(scores)
    classes = np.arange(p.shape[1])[-scores.shape[1] :]
    return p[:, classes] - (y[:, None] == classes), p[:, classes] * (1 - p[:, classes])


def _slopes(bound: BoundModel, outputs: Tensor, cotangents: Tensor) -> NDArray[np.float32]:
    """Return the derivatives (m, d) of the scores, weighted by `cotangents` (m, k), with respect to the encoded columns.

    `outputs` (m, h) are the outputs of the leading affine layers for the rows.
    """
    with torch.inference_mode(False), torch.enable_grad():
        z = outputs.clone().requires_grad_(True)
        scores = bound.rest(z)
        if not scores.requires_grad:
            return np.zeros((len(z), bound.x.shape[1]), dtype=np.float32)
        (slope,) = torch.autograd.grad(scores, z, cotangents.clone().to(scores), materialize_grads=True)
    return np.asarray((slope @ bound.first.weight.to(slope)).cpu().numpy())


def controlled(
    bound: BoundModel,
    found: Derivatives,
    columns: tuple[str, ...],
    group: IntArray,
    first: IntArray,
    donors: list[IntArray],
    rises: list[FloatArray],
) -> list[Pairs]:
    """Return the pairs of each shift, with the control variate subtracted from their rises in loss.

    The columns are permuted together. `group` (n,) contains, for each row, the index of its combination of values in these
    columns. `first` (groups,) contains one row with each combination. `donors` contains the donor of each row (n,) at each shift,
    and `rises` the rises in loss (n,).
    """
    weights, n = bound.table.row_weights, len(group)
    block = np.concatenate([bound.encoding.blocks[c] for c in columns])
    x = _bounded(bound.x[first][:, block], np.bincount(group, weights, minlength=len(first)))
    effect = _ranks(x @ found.mean[:, block].T, group)[group].T
    steep, moves = (found.encoded[:, block], x) if len(block) <= WIDEST else (np.zeros((n, 1)), np.zeros((len(x), 1)))
    powers = np.stack([_centred(effect**power, weights) for power in POWERS])
    own = np.stack([found.loss, found.curvature, _centred(found.curvature * effect, weights)])
    of_receivers, of_donors = own.reshape(-1, n), powers.reshape(-1, n)
    several = 1 + len(own) * len(powers)
    mine = several + len(of_receivers)
    terms = np.ones((mine + len(of_donors) + 1, n), dtype=np.float32)  # the last one is the intercept
    terms[several:mine] = of_receivers

    def slope_terms(at: IntArray) -> NDArray[np.float32]:
        return np.asarray(np.einsum("nd,nd->n", steep, moves[group[at]]))

    def write(at: IntArray, sloped: NDArray[np.float32]) -> None:
        """Fill `terms` with the values for each row and its donor."""
        terms[0], terms[mine:-1] = sloped, of_donors[:, at]
        there = terms[mine:-1].reshape(powers.shape)
        np.einsum("akn,bkn->abn", own, there, out=terms[1:several].reshape(len(own), len(powers), n))

    gram, moment = np.zeros((len(terms), len(terms))), np.zeros(len(terms))
    sloped = [slope_terms(at) for at in donors]
    for at, rise, slope in zip(donors, rises, sloped, strict=True):
        write(at, slope)
        gram += terms @ terms.T
        moment += terms @ rise.astype(np.float32)
    b, to_receive, to_give = np.split(_solved(gram, moment)[:-1], [several, mine])
    others = weights * (weights.sum() - weights)  # the weight of all pairs that a row belongs to in one role
    write(np.arange(n), slope_terms(np.arange(n)))
    mean = -(b @ (terms[:several] @ weights**2)) / others.sum()
    receiving, giving = _centred(to_receive @ of_receivers, others), _centred(to_give @ of_donors, others)
    curves = np.tensordot(b[1:].reshape(len(own), len(powers)), powers, axes=1).reshape(-1, n)
    pairs = []
    for at, rise, slope in zip(donors, rises, sloped, strict=True):
        left = rise - b[0] * slope - np.einsum("kn,kn->n", of_receivers, curves[:, at]) + mean
        pairs.append(Pairs(at, left - giving[at], left - receiving))
    return pairs


def _bounded(values: FloatArray, mass: NDArray[Any]) -> NDArray[np.float32]:
    """Return the centred values (groups, d) of the encoded columns; columns with more than two values are also clipped."""
    x = values - np.average(values, axis=0, weights=mass)
    spread = np.sqrt(np.average(x**2, axis=0, weights=mass))
    binary = ((x == x.min(axis=0)) | (x == x.max(axis=0))).all(axis=0)
    limit = np.where(binary, np.inf, LARGEST * spread)
    x = np.clip(x, -limit, limit)
    return np.asarray(x - np.average(x, axis=0, weights=mass), dtype=np.float32)


def _ranks(effect: FloatArray, group: IntArray) -> FloatArray:
    """Return the mid-rank of each group's effect (groups, k) among the rows, scaled to the range from -1 to 1."""
    count = np.bincount(group, minlength=len(effect))
    ranks = np.empty(effect.shape)
    for k, order in enumerate(np.argsort(effect, axis=0, kind="stable").T):
        ranks[order, k] = 2 * (np.cumsum(count[order]) - count[order] / 2) / len(group) - 1
    return ranks


def _solved(gram: FloatArray, moment: FloatArray) -> FloatArray:
    """Solve the normal equations after scaling all terms to the same size; directions that are almost collinear are left out."""
    size = np.sqrt(np.diag(gram))
    size = np.where(size > 0, size, 1.0)
    return np.asarray(np.linalg.pinv(gram / np.outer(size, size), SINGULAR, hermitian=True) @ (moment / size) / size)


def _centred(values: FloatArray, weights: FloatArray) -> NDArray[np.float32]:
    """Subtract the weighted mean over the last axis, in single precision."""
    return np.asarray(values - np.average(values, axis=-1, weights=weights)[..., None], dtype=np.float32)
