"""Pipelines as functions of rows, of which the encoder is known and the last step is not: each distinct value is encoded once.

Where the encoder works column by column, a row is put together from what it makes of each value, and the last step is given the
very array that the encoder would have made. That this is so is seen on the first rows; otherwise the pipeline is asked whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from tabinterp.arrays import FloatArray, IntArray

from .affine_encoder import NEAR
from .black_box import Codes, Questions
from .column_lineage import Probed, structure

WIDEST = 4096  # encoded columns of a sparse encoder: rows are put together dense
CHECKED = 64  # rows that are compared


class Piped:
    """A pipeline as a function of rows: `encode` returns what its last step is given, `answer` what that predicts from it."""

    def __init__(
        self,
        function: Callable[[pd.DataFrame], Any],
        encoder: Any,
        encode: Callable[[Any], Any],
        answer: Callable[[Any], Any],
    ) -> None:
        self.function, self.encoder, self.encode, self.answer = function, encoder, encode, answer

    def __call__(self, rows: pd.DataFrame) -> Any:
        return self.function(rows)


@dataclass(frozen=True, eq=False)
class Values:
    """What an encoder makes of each value of a column: the encoded columns that are not zero, and what they hold, both
    (values, most of them for one value). The others of a value with fewer hold zero.
    """

    places: IntArray
    numbers: NDArray[Any]

    @classmethod
    def of(cls, block: IntArray, table: NDArray[Any]) -> Values:
        """Return the same for a table (values, block)."""
        filled = table != 0
        order = np.argsort(~filled, axis=1, kind="stable")[:, : int(filled.sum(axis=1).max(initial=0))]
        return cls(block[order], np.take_along_axis(table, order, axis=1))


class OfCodes:
    """A pipeline as a function of codes (n, columns). `blocks` are the encoded columns of each column, and `like` is what the
    encoder makes of some rows.
    """

    def __init__(self, codes: Codes, piped: Piped, blocks: dict[str, IntArray], like: Any) -> None:
        self._codes, self._piped, self._blocks, self._like = codes, piped, blocks, like
        self._type = _dense(like).dtype
        self._tables = {c: np.empty((0, len(block)), dtype=self._type) for c, block in blocks.items()}
        self._values: list[Values] = []

    def __call__(self, codes: NDArray[Any]) -> Any:
        return self._piped.answer(self.encoded(codes))

    def encoded(self, codes: NDArray[Any]) -> Any:
        """Return what the last step is given for rows of codes (n, columns)."""
        self._learn()
        rows = np.rint(codes).astype(np.int64).T
        if _is_sparse(self._like):
            return self._sparse(rows)
        made = np.zeros((len(codes), self._like.shape[1]), dtype=self._type)
        flat, first = made.reshape(-1), np.arange(len(codes)) * self._like.shape[1]
        for row, values, (column, block) in zip(rows, self._values, self._blocks.items(), strict=True):
            if 2 * values.places.shape[1] > len(block):  # most of them are not zero
                made[:, block] = self._tables[column][row]
                continue
            for places, numbers in zip(values.places.T, values.numbers.T, strict=True):
                flat[first + places[row]] = numbers[row]
        return pd.DataFrame(made, columns=self._like.columns) if isinstance(self._like, pd.DataFrame) else made

    def _sparse(self, rows: IntArray) -> Any:
        taken = [(one.places[row], one.numbers[row]) for row, one in zip(rows, self._values, strict=True)]
        places, numbers = (np.concatenate(parts, axis=1) for parts in zip(*taken, strict=True))
        filled = numbers != 0
        ends = np.append(0, filled.sum(axis=1).cumsum())
        like = self._like
        made = type(like)((numbers[filled], places[filled], ends), shape=(rows.shape[1], like.shape[1]))
        made.indices, made.indptr = made.indices.astype(like.indices.dtype), made.indptr.astype(like.indptr.dtype)
        made.sort_indices()
        return made

    def _learn(self) -> None:
        """Encode the values that were not encoded before."""
        known, sizes = {c: len(table) for c, table in self._tables.items()}, self._codes.sizes()
        new = max(size - known[c] for c, size in sizes.items())
        if new > 0:
            places = [np.minimum(known[c] + np.arange(new), sizes[c] - 1) for c in self._blocks]
            made = _dense(self._piped.encode(self._codes.decode(np.column_stack(places).astype(np.float64))))
            for column, block in self._blocks.items():
                few = made[: sizes[column] - known[column], block]
                self._tables[column] = np.concatenate([self._tables[column], few])
            self._values = [Values.of(block, self._tables[c]) for c, block in self._blocks.items()]


def of_codes(codes: Codes, function: Any, frame: pd.DataFrame, questions: Questions) -> OfCodes | None:
    """Return a pipeline as a function of codes; None unless its encoder is known to work column by column, and rows put together
    from single values are those that it makes, with the pipeline's own predictions. It is asked about a few rows.
    """
    if not isinstance(function, Piped):
        return None
    sources = structure(function.encoder, tuple(map(str, frame.columns)))
    if sources is None or any(len(one) != 1 or isinstance(one, Probed) for one in sources):
        return None
    try:
        places = codes.transform(_few(frame))
        like = function.encode(codes.decode(places))
        if not _is_known(like) or like.shape != (len(places), len(sources)):
            return None
        blocks = {str(c): np.flatnonzero([c in s for s in sources]).astype(np.int64) for c in frame.columns}
        made = OfCodes(codes, function, blocks, like)
        if not _same(made.encoded(places), like):
            return None
        questions.add(2 * len(places))
        return made if np.allclose(made(places), function(codes.decode(places)), rtol=NEAR, atol=0.0) else None
    except Exception:  # the user's pipeline: as a whole it will say what is wrong, if anything is
        return None


def _few(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows that take each column from another row."""
    draws = np.random.default_rng(0)
    taken = {c: frame[c].take(draws.integers(0, len(frame), CHECKED)).reset_index(drop=True) for c in frame.columns}
    return pd.concat(taken, axis=1)


def _is_known(made: Any) -> bool:
    """Return whether an encoder's output can be put together: an array, rows of a sparse matrix, or a frame of one type."""
    if isinstance(made, pd.DataFrame):
        return (
            made.dtypes.nunique() == 1 and isinstance(made.dtypes.iloc[0], np.dtype) and made.dtypes.iloc[0].kind == "f"
        )
    if _is_sparse(made):
        return bool(made.format == "csr" and made.shape[1] <= WIDEST)
    return type(made) is np.ndarray and made.ndim == 2 and made.dtype.kind == "f"


def _dense(made: Any) -> FloatArray:
    return np.asarray(made.toarray() if _is_sparse(made) else made)


def _is_sparse(made: Any) -> bool:
    return bool(sparse.issparse(made))


def _same(a: Any, b: Any) -> bool:
    """Return whether two outputs of an encoder are the same to the last bit."""
    if type(a) is not type(b) or a.shape != b.shape:
        return False
    if _is_sparse(a):
        return all(np.array_equal(getattr(a, of), getattr(b, of)) for of in ("data", "indices", "indptr"))
    if isinstance(a, pd.DataFrame):
        return a.equals(b)
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)
