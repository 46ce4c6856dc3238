"""Bins of a scorecard: the functions of single columns and of pairs of columns in a refit, converted to step functions.

Let f(x) be a column's contribution to the score of the refit. First, the column is divided into small *pieces*. A numeric column
is divided at up to 50 edges, which are rounded to avoid disclosing values of fewer than ten rows (`Rounding`). In other columns,
every level with at least ten rows is a piece, and the pieces are sorted by f.

Neighbouring pieces are then merged into k bins, each with at least 1% of the rows and at least 30 rows. For each k up to 12,
dynamic programming (Fisher 1958, J. Am. Stat. Assoc. 53) finds the division into k bins that causes the smallest increase in
loss. To second order, replacing f by a step function g increases the mean log loss by the mean of p (1 - p) (f - g)^2 / 2 nats.
The numbers of bins are chosen for all terms together. Bins are added first to the term for which they reduce the loss most.
No more bins are added once all step functions together increase the loss by at most a tenth of the equivalence margin, or once a
further bin would reduce the loss by less than 0.5% of the margin.

A function of a pair of columns is first split into functions of the single columns, which are added to their terms, and a
remainder. Only the remainder is converted to a two-way table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from tabinterp.analyses.ladder.basis import knots
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.table.rounding import Rounding
from tabinterp.table.suppression import SMALL

PIECES, COARSE = 50, 10  # pieces of a numeric column before they are joined to bins: alone, and in a pair of columns
SHARE, LEAST = 0.01, 30  # minimum share of the training rows, and minimum rows, of a bin of non-missing values
SIDE = 4  # maximum bins of non-missing values on each side of a two-way table
MOST = 12  # maximum bins of non-missing values of a column
TOLERANCE, SAVED = 0.1, 0.005  # shares of the margin: accepted increase of the loss, and minimum saving per further bin


@dataclass(frozen=True)
class Bin:
    """A set of values of one column that receive the same points.

    Parameters
    ----------
    low, high : ends of a range of numbers, low < value <= high; None if the range is unbounded on that side.
    levels : levels in the bin, for columns that are not numeric.
    missing : whether the bin includes missing values.
    other : whether the bin includes all levels that are not listed in any bin. These levels have fewer than ten training rows, or
        do not occur in training rows.
    """

    low: float | None = None
    high: float | None = None
    levels: tuple[Any, ...] = ()
    missing: bool = False
    other: bool = False

    @property
    def known(self) -> bool:
        """Whether the bin contains any values that are not missing."""
        return bool(self.levels) or self.other or (self.low, self.high) != (None, None) or not self.missing


@dataclass(frozen=True)
class Cut:
    """A division of a column into bins that cover every possible value. The bins of a numeric column are ordered intervals."""

    column: str
    numeric: bool
    bins: tuple[Bin, ...]

    @property
    def edges(self) -> list[float]:
        """The upper ends of all intervals except the last."""
        return [one.high for one in self.bins if one.high is not None]

    @property
    def missing(self) -> int:
        """The index of the bin for missing values; 0 until `complete` has assigned them to a bin."""
        return next((i for i, one in enumerate(self.bins) if one.missing), 0)

    @property
    def other(self) -> int:
        """The index of the bin for levels that are not listed in any bin; 0 until `complete` has assigned them to a bin."""
        return next((i for i, one in enumerate(self.bins) if one.other), 0)

    def place(self, values: pd.Series) -> IntArray:
        """Return the index of the bin of each value (rows,)."""
        if self.numeric:
            x = values.to_numpy(dtype=np.float64, na_value=np.nan)
            return np.asarray(np.where(np.isnan(x), self.missing, np.searchsorted(self.edges, x)), dtype=np.int64)
        at = {level: i for i, one in enumerate(self.bins) for level in one.levels}
        codes, levels = values.factorize()
        bins = np.array([*(at.get(level, self.other) for level in levels), self.missing], dtype=np.int64)
        return np.asarray(bins[codes])


def complete(cut: Cut, reference: int) -> Cut:
    """Assign missing values and unlisted levels to the bin with index `reference`, unless they already have a bin."""
    bins = list(cut.bins)
    if not any(one.missing for one in bins):
        bins[reference] = replace(bins[reference], missing=True)
    if not cut.numeric and not any(one.other for one in bins):
        bins[reference] = replace(bins[reference], other=True)
    return replace(cut, bins=tuple(bins))


@dataclass(frozen=True, eq=False)
class Piece:
    """The pieces of one column: its smallest bins, sorted by value or, for levels, by the function to be approximated.

    Parameters
    ----------
    cut : the pieces, stored as bins. If at least ten values are missing, the last piece contains the missing values.
    place : index of the piece of each training row (rows,).
    """

    cut: Cut
    place: IntArray

    @property
    def free(self) -> int:
        """The number of pieces that may be merged, which are all pieces except the one for missing values."""
        return sum(one.known for one in self.cut.bins)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A possible division of a term into bins. A term is a function of one column or of two columns.

    Parameters
    ----------
    function : values of the term for the training rows (rows,).
    pieces : pieces of each column of the term.
    groups : for each column, the index of the bin to which each piece belongs (pieces,).
    bins : number of bins, not counting the reference bin.
    loss : increase in the mean log loss when the term is replaced by a step function.
    """

    function: FloatArray
    pieces: tuple[Piece, ...]
    groups: tuple[IntArray, ...]
    bins: int
    loss: float

    @property
    def cuts(self) -> tuple[Cut, ...]:
        return tuple(_cut(piece, group) for piece, group in zip(self.pieces, self.groups, strict=True))


def choose(candidates: list[list[Candidate]], margin: float) -> list[Candidate]:
    """Choose one division into bins for each term, and return the chosen divisions, except those without bins.

    `candidates` contains the possible divisions of each term, sorted by number of bins (fewest first). The first division of each
    term has no bins, which means that the term is omitted. Each step selects the term and division that reduce the loss most per
    added bin. The steps end when the increases in loss (`Candidate.loss`) of the selected divisions add up to at most a tenth of
    the margin, or when no step reduces the loss by more than 0.5% of the margin per bin.
    """
    at = [0] * len(candidates)
    while sum(some[i].loss for some, i in zip(candidates, at, strict=True)) > TOLERANCE * margin:
        best, chosen = SAVED * margin, None
        for term, some in enumerate(candidates):
            now = some[at[term]]
            for place in range(at[term] + 1, len(some)):
                saved = (now.loss - some[place].loss) / (some[place].bins - now.bins)
                if saved > best:
                    best, chosen = saved, (term, place)
        if chosen is None:
            break
        at[chosen[0]] = chosen[1]
    return [some[i] for some, i in zip(candidates, at, strict=True) if i > 0]


# ---- the finest bins


def pieces(values: pd.Series, kind: str, function: FloatArray, most: int) -> Piece:
    """Return the pieces of one column: at most `most` intervals, or levels sorted by the mean of `function` (rows,)."""
    numeric = kind == "numeric"
    bins = _intervals(values, most) if numeric else _levels(values, function)
    if values.isna().sum() >= SMALL:
        bins.append(Bin(missing=True))
    cut = Cut(str(values.name), numeric, tuple(bins))
    return Piece(cut, cut.place(values))


def _intervals(values: pd.Series, most: int) -> list[Bin]:
    known = np.sort(values.dropna().to_numpy(dtype=np.float64))
    edges = Rounding(known).edges(knots(values, most)) if len(known) else []
    return [Bin(low, high) for low, high in zip([None, *edges], [*edges, None], strict=True)]


def _levels(values: pd.Series, function: FloatArray) -> list[Bin]:
    known = values.notna().to_numpy()
    codes, levels = values[known].factorize()
    counts = np.bincount(codes, minlength=len(levels))
    mean = np.bincount(codes, function[known], len(levels)) / np.maximum(counts, 1)
    rare = counts < SMALL
    bins = [(float(mean[i]), Bin(levels=(plain_level(levels[int(i)]),))) for i in np.flatnonzero(~rare)]
    if counts[rare].sum() >= SMALL or not bins:
        pooled = float(np.average(mean[rare], weights=counts[rare])) if rare.any() else 0.0
        bins.append((pooled, Bin(other=True)))
    bins.sort(key=lambda pair: pair[0])
    return [one for _, one in bins]


def plain_level(level: Any) -> Any:
    """Return a level as a plain Python value; NumPy scalars are converted."""
    return level.item() if isinstance(level, np.generic) else level


# ---- joined bins


def joined(piece: Piece, moments: Sequence[FloatArray], least: int) -> Iterator[IntArray]:
    """Yield the best division of a column's pieces into 1 bin, 2 bins and so on, each with at least `least` training rows.

    A division is an array with the index of each piece's bin (pieces,). A piece for missing values always forms an additional
    last bin.

    Parameters
    ----------
    moments : three arrays of sums over the rows of each piece: of the weights w, of w f, and of w f^2, where f is the function to
        be approximated. Each has the shape (pieces, d). d is 1 or, if f depends on two columns, the number of pieces of the
        second column.
    """
    free = piece.free
    rows = np.append(0, np.bincount(piece.place, minlength=free)[:free].cumsum())
    totals = [np.vstack([np.zeros(part.shape[1]), part[:free].cumsum(axis=0)]) for part in moments]
    weight, first, second = (part[None, :] - part[:, None] for part in totals)  # sums over the pieces i to j - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        loss = (second - np.where(weight > 0, first**2 / weight, 0.0)).sum(axis=2)
    loss = np.where(rows[None, :] - rows[:, None] >= least, np.maximum(loss, 0.0), np.inf)
    best = loss[0]
    steps: list[IntArray] = []
    while np.isfinite(best[free]) or not steps:
        ends = [free]
        for step in reversed(steps):
            ends.append(int(step[ends[-1]]))
        group = np.searchsorted(np.sort(ends), np.arange(len(piece.cut.bins)), "right")
        yield np.asarray(group - group[0])
        through = best[:, None] + loss
        steps.append(np.argmin(through, axis=0))
        best = through.min(axis=0)


def _cut(piece: Piece, group: IntArray) -> Cut:
    """Return the division of a column in which all pieces with the same value of `group` (pieces,) form one bin."""
    made = []
    for one in range(int(group.max()) + 1):
        bins = [bin_ for bin_, at in zip(piece.cut.bins, group, strict=True) if at == one]
        flags = {name: any(getattr(part, name) for part in bins) for name in ("missing", "other")}
        levels = tuple(level for part in bins for level in part.levels)
        made.append(Bin(bins[0].low, bins[-1].high, levels, **flags))
    return Cut(piece.cut.column, piece.cut.numeric, tuple(made))


# ---- the terms of a refit


def terms_of(pipeline: Pipeline, frame: pd.DataFrame) -> dict[tuple[str, ...], FloatArray]:
    """Return the contributions of single columns and of pairs of columns to a refit's log-odds (rows,).

    The keys are tuples of one or two column names. The intercept has the empty tuple as its key.
    """
    basis, scale, model = (step for _, step in pipeline.steps)
    design = scale.transform(np.asarray(basis.transform(frame[list(basis.feature_names_in_)]), dtype=np.float64))
    made: dict[tuple[str, ...], FloatArray] = {(): np.full(len(frame), float(model.intercept_[0]))}
    for label, _, columns in basis.transformers_:
        place, key = basis.output_indices_[label], tuple(columns)
        if label != "remainder":
            made[key] = made.get(key, 0.0) + design[:, place] @ model.coef_[0, place]
    return made


def cut_terms(
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    terms: dict[tuple[str, ...], FloatArray],
    weights: FloatArray,
    margin: float,
) -> tuple[list[Candidate], FloatArray]:
    """Divide terms into bins. Return the chosen divisions, and the weight of each row's squared error (rows,).

    The squared error is that of replacing a term by a step function. Its weights are proportional to the curvature of the log
    loss.

    Parameters
    ----------
    frame : the training rows.
    kinds : kind of each column.
    terms : contributions to the score (rows,), as returned by `terms_of`.
    weights : row weights (rows,).
    margin : equivalence margin in nats; smaller differences in the mean log loss are negligible.
    """
    terms, share = dict(terms), weights / weights.sum()
    p = 1 / (1 + np.exp(-np.abs(sum(terms.values()))))
    curvature = share * p * (1 - p) / 2
    least = max(LEAST, int(np.ceil(SHARE * len(frame))))
    tables = []
    for key in [key for key in terms if len(key) == 2]:
        coarse = [pieces(frame[name], kinds[name], terms[key], COARSE) for name in key]
        own = _pure(coarse, terms[key], curvature)
        for name, part in zip(key, own, strict=True):
            terms[name,] = terms[name,] + part
        terms[key] = terms[key] - own[0] - own[1]
        tables.append((key, coarse))
    candidates = [
        _of_column(pieces(frame[name], kinds[name], terms[name,], PIECES), terms[name,], curvature, least)
        for name in (key[0] for key in terms if len(key) == 1)
    ]
    candidates += [_of_pair(coarse, terms[key], curvature, least) for key, coarse in tables]
    return choose(candidates, margin), curvature


def _pure(coarse: list[Piece], function: FloatArray, curvature: FloatArray) -> list[FloatArray]:
    """Approximate a function of two columns (rows,) by the sum of two step functions, one for each column.

    Return the values of both step functions (rows,), which are fitted by weighted least squares.
    """
    first, second = (np.eye(len(piece.cut.bins)) for piece in coarse)
    cells = _sums(coarse, curvature), _sums(coarse, curvature * function)
    a, b = np.indices(cells[0].shape).reshape(2, -1)
    root = np.sqrt(cells[0].ravel())
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(root > 0, cells[1].ravel() / root**2, 0.0)
    design = np.hstack([first[a], second[b]])
    found = np.linalg.lstsq(root[:, None] * design, root * mean, rcond=None)[0]
    return [found[: len(first)][coarse[0].place], found[len(first) :][coarse[1].place]]


def _sums(both: list[Piece], values: FloatArray) -> FloatArray:
    """Return the sum of `values` (rows,) over the rows in each combination of pieces of two columns (pieces, pieces)."""
    shape = tuple(len(piece.cut.bins) for piece in both)
    at = both[0].place * shape[1] + both[1].place
    return np.asarray(np.bincount(at, values, shape[0] * shape[1]).reshape(shape), dtype=np.float64)


def _residual(function: FloatArray, curvature: FloatArray, at: IntArray) -> float:
    """Return the increase in loss when a function is replaced by its mean in each bin. `at` (rows,) is the bin of each row."""
    weight, total = np.bincount(at, curvature), np.bincount(at, curvature * function)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(weight > 0, total / weight, 0.0)
    return float(curvature @ (function - mean[at]) ** 2)


def _of_column(piece: Piece, function: FloatArray, curvature: FloatArray, least: int) -> list[Candidate]:
    """Return possible divisions of one column into increasing numbers of bins."""
    size = len(piece.cut.bins)
    parts = (np.ones_like(function), function, function**2)
    moments = [np.bincount(piece.place, curvature * part, size)[:, None].astype(np.float64) for part in parts]
    made = [Candidate(function, (), (), 0, _residual(function, curvature, np.zeros_like(piece.place)))]
    for group in islice(joined(piece, moments, least), MOST):
        if group[-1] > 0:
            loss = _residual(function, curvature, group[piece.place])
            made.append(Candidate(function, (piece,), (group,), int(group[-1]), loss))
    return made


def _of_pair(both: list[Piece], function: FloatArray, curvature: FloatArray, least: int) -> list[Candidate]:
    """Return possible divisions of a pair of columns into two-way tables with increasing numbers of cells.

    Cells with fewer than ten rows have 0 points.
    """
    both = _ordered(both, function, curvature)
    moments = [_sums(both, curvature * part) for part in (np.ones_like(function), function, function**2)]
    sides = [
        list(islice(joined(piece, parts, least), SIDE))
        for piece, parts in zip(both, (moments, [part.T for part in moments]), strict=True)
    ]
    made = [Candidate(function, (), (), 0, _residual(function, curvature, np.zeros_like(both[0].place)))]
    for k in range(1, max(map(len, sides))):
        groups = [side[min(k, len(side) - 1)] for side in sides]
        a, b = (group[piece.place] for group, piece in zip(groups, both, strict=True))
        cell = a * (groups[1].max() + 1) + b
        rows = np.bincount(cell)
        bins = int((rows >= SMALL).sum()) - 1
        if min(group.max() for group in groups) > 0 and bins > made[-1].bins:
            loss = _residual(function, curvature, np.where(rows[cell] < SMALL, np.argmax(rows), cell))
            made.append(Candidate(function, tuple(both), tuple(groups), bins, loss))
    return made


def _ordered(both: list[Piece], function: FloatArray, curvature: FloatArray) -> list[Piece]:
    """Return the pieces of both columns. Levels are sorted by the first singular vectors of the matrix of weighted cell means."""
    weight, total = _sums(both, curvature), _sums(both, curvature * function)
    left, _, right = np.linalg.svd(total / np.sqrt(np.maximum(weight, np.finfo(float).tiny)))
    made, tiny = [], np.finfo(float).tiny
    for piece, along, weights in zip(
        both, (left[:, 0], right[0]), (weight.sum(axis=1), weight.sum(axis=0)), strict=True
    ):
        order = np.arange(len(piece.cut.bins))
        if not piece.cut.numeric:
            values = along / np.sqrt(np.maximum(weights, tiny))
            order[: piece.free] = np.argsort(values[: piece.free], kind="stable")
        cut = Cut(piece.cut.column, piece.cut.numeric, tuple(piece.cut.bins[i] for i in order))
        made.append(Piece(cut, np.argsort(order)[piece.place]))
    return made
