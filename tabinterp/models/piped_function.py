"""Prediction functions for pipelines. Each distinct value is encoded only once. The last step of a pipeline can be any model.

If the encoder works column by column, an encoded row is assembled from the encodings of its values. The last step then receives
exactly the array that the encoder would have returned. A few rows are assembled and compared with the output of the encoder. If
they differ, the whole pipeline is called instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from tabinterp.arrays import FloatArray, IntArray

from .affine_encoder import NEAR
from .black_box import Codes, Questions
from .column_lineage import Probed, structure

WIDEST = 4096  # maximum number of columns of a sparse encoder, because tables of values are dense
CHECKED = 64  # number of compared rows
KEPT = 2**23  # maximum number of values in the encoded rows that are kept


class Piped:
    """A pipeline as a prediction function. `encode` returns the input of its last step, and `answer` returns the predictions for
    that input.
    """

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
    """The encodings of all values of a column.

    `table` (values, block) contains one encoding for each value, and `block` the positions of the encoding in a row. `places` and
    `numbers` contain the positions and the values of the nonzero entries of each encoding. Both have the shape (values, m), where
    m is the largest number of nonzero entries.
    """

    block: IntArray
    table: NDArray[Any]
    places: IntArray
    numbers: NDArray[Any]

    @classmethod
    def of(cls, block: IntArray, table: NDArray[Any]) -> Values:
        """Create an instance from a table of encodings (values, block)."""
        filled = table != 0
        order = np.argsort(~filled, axis=1, kind="stable")[:, : int(filled.sum(axis=1).max(initial=0))]
        return cls(block, table, block[order], np.take_along_axis(table, order, axis=1))


class Dense:
    """A dense array of encoded rows (size, width), in which only the columns that change are rewritten."""

    def __init__(self, values: Sequence[Values], size: int, like: Any) -> None:
        self.codes = np.full((size, len(values)), np.nan)
        self._values, self._like = values, like
        self._made = np.zeros((size, like.shape[1]), dtype=_type(like))
        self._first = np.arange(size) * like.shape[1]
        self._rows = np.full((len(values), size), -1, dtype=np.int64)

    def write(self, column: int, rows: IntArray) -> None:
        """Write the encodings of one column into the first rows. `rows` contains the code of the column's value in each of these
        rows.
        """
        one, size = self._values[column], len(rows)
        if 2 * one.places.shape[1] > len(one.block):  # most of the columns are not zero
            for at, numbers in zip(one.block, one.table.T, strict=True):
                self._made[:size, at] = numbers[rows]
            return
        flat, first, before = self._made.reshape(-1), self._first[:size], self._rows[column, :size]
        for places in one.places.T:
            flat[first + places[before]] = 0
        for places, numbers in zip(one.places.T, one.numbers.T, strict=True):
            flat[first + places[rows]] = numbers[rows]
        before[:] = rows

    def first(self, size: int) -> Any:
        """Return the first `size` rows as a read-only array, or as a data frame of read-only values."""
        made, like = _fixed(self._made[:size]), self._like
        return pd.DataFrame(made, columns=like.columns, copy=False) if isinstance(like, pd.DataFrame) else made


class Sparse:
    """A sparse matrix of encoded rows. All rows have the same number of stored entries for an original column, at the same
    positions, so a column can be rewritten in all rows at once.
    """

    def __init__(self, values: Sequence[Values], size: int, like: Any) -> None:
        self.codes = np.full((size, len(values)), np.nan)
        self._values, self._like = values, like
        widths = [one.places.shape[1] for one in values]
        order = sorted(range(len(values)), key=lambda i: values[i].block.min(initial=like.shape[1]))
        starts = np.cumsum([0, *(widths[i] for i in order)])
        self._spans = {i: slice(a, a + widths[i]) for i, a in zip(order, starts[:-1], strict=True)}
        self._places = np.zeros((size, starts[-1]), dtype=like.indices.dtype)
        self._numbers = np.zeros((size, starts[-1]), dtype=_type(like))
        self._ends = np.arange(0, (size + 1) * starts[-1], max(1, starts[-1]), dtype=like.indptr.dtype)[: size + 1]
        self._is_full = starts[-1] > 0 and all((one.numbers != 0).all() for one in values)
        self._in_order = all((np.diff(one.block) == 1).all() for one in values)

    def write(self, column: int, rows: IntArray) -> None:
        """Write the encodings of one column into the first rows. `rows` contains the code of the column's value in each of these
        rows.
        """
        one, span = self._values[column], self._spans[column]
        self._places[: len(rows), span] = one.places[rows]
        self._numbers[: len(rows), span] = one.numbers[rows]

    def first(self, size: int) -> Any:
        """Return the first `size` rows as a sparse matrix with read-only arrays."""
        places, numbers, ends = self._places[:size], self._numbers[:size], self._ends[: size + 1]
        if self._is_full:
            places, numbers = places.reshape(-1), numbers.reshape(-1)
        else:
            filled = numbers != 0
            ends = np.append(0, filled.sum(axis=1).cumsum()).astype(ends.dtype)
            places, numbers = places[filled], numbers[filled]
        made = type(self._like)((numbers, places, ends), shape=(size, self._like.shape[1]))
        if not self._in_order:
            made = made.sorted_indices()
        for part in ("data", "indices", "indptr"):
            setattr(made, part, _fixed(getattr(made, part)))
        return made


class OfCodes:
    """A pipeline as a function of integer codes (n, columns), which stand for the values in a row.

    `blocks` contains the positions of the encoded columns of each original column. `like` is the output of the encoder for some
    rows, and determines the type of the encoded rows.

    The encoded rows of the last call are stored, and the next call rewrites only the columns whose values have changed. The last
    step of the pipeline receives read-only rows, or a copy if it needs writable rows.
    """

    def __init__(self, codes: Codes, piped: Piped, blocks: dict[str, IntArray], like: Any) -> None:
        self._codes, self._piped, self._blocks, self._like = codes, piped, blocks, like
        self._tables = {c: np.empty((0, len(block)), dtype=_type(like)) for c, block in blocks.items()}
        self._values: list[Values] = []
        self._kept: Dense | Sparse | None = None
        self._copies, self._one_at_a_time = False, Lock()

    def __call__(self, codes: NDArray[Any]) -> Any:
        with self._one_at_a_time:
            rows = self.encoded(codes)
            if not self._copies:
                try:
                    return self._piped.answer(rows)
                except Exception:  # it may need writable rows; other errors will occur again with its own copy
                    self._copies = True
            return self._piped.answer(rows.copy())

    def encoded(self, codes: NDArray[Any]) -> Any:
        """Return the input of the last step for rows given as codes (n, columns). The result is valid until the next call."""
        self._learn()
        size = len(codes)
        kept = self._kept
        if kept is None or len(kept.codes) < size:
            kept = (Sparse if _is_sparse(self._like) else Dense)(self._values, size, self._like)
            self._kept = kept if size * self._like.shape[1] <= KEPT else None
        before = kept.codes[:size]
        for column in np.flatnonzero((before != codes).any(axis=0)).tolist():
            kept.write(column, np.rint(codes[:, column]).astype(np.int64))
            before[:, column] = codes[:, column]
        return kept.first(size)

    def _learn(self) -> None:
        """Encode the values that have not been encoded yet."""
        known, sizes = {c: len(table) for c, table in self._tables.items()}, self._codes.sizes()
        new = max(size - known[c] for c, size in sizes.items())
        if new > 0:
            places = [np.minimum(known[c] + np.arange(new), sizes[c] - 1) for c in self._blocks]
            made = _dense(self._piped.encode(self._codes.decode(np.column_stack(places).astype(np.float64))))
            for column, block in self._blocks.items():
                few = made[: sizes[column] - known[column], block]
                self._tables[column] = np.concatenate([self._tables[column], few])
            self._values = [Values.of(block, self._tables[c]) for c, block in self._blocks.items()]
            self._kept = None


def of_codes(codes: Codes, function: Any, frame: pd.DataFrame, questions: Questions) -> OfCodes | None:
    """Return a pipeline as a function of codes, or None if this is not possible.

    The encoder must be known to work column by column. On a few rows, the result of encoding values one by one must be identical
    to the output of the encoder, and the predictions must agree with those of the pipeline.
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
    except Exception:  # parts of the user's pipeline can fail; any real error will come from the whole pipeline
        return None


def _few(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a few rows that combine column values from randomly chosen rows of the frame."""
    draws = np.random.default_rng(0)
    taken = {c: frame[c].take(draws.integers(0, len(frame), CHECKED)).reset_index(drop=True) for c in frame.columns}
    return pd.concat(taken, axis=1)


def _is_known(made: Any) -> bool:
    """Return whether an encoder's output has a type that can be assembled from the encodings of single values.

    The output must be a two-dimensional array of floats, a row-wise (CSR) sparse matrix with at most `WIDEST` columns, or a data
    frame whose columns all have the same float dtype.
    """
    if isinstance(made, pd.DataFrame):
        return (
            made.dtypes.nunique() == 1 and isinstance(made.dtypes.iloc[0], np.dtype) and made.dtypes.iloc[0].kind == "f"
        )
    if _is_sparse(made):
        return bool(made.format == "csr" and made.shape[1] <= WIDEST)
    return type(made) is np.ndarray and made.ndim == 2 and made.dtype.kind == "f"


def _dense(made: Any) -> FloatArray:
    return np.asarray(made.toarray() if _is_sparse(made) else made)


def _type(made: Any) -> Any:
    return made.dtypes.iloc[0] if isinstance(made, pd.DataFrame) else made.dtype


def _fixed(values: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only view of an array."""
    made = values.view()
    made.flags.writeable = False
    return made


def _is_sparse(made: Any) -> bool:
    return bool(sparse.issparse(made))


def _same(a: Any, b: Any) -> bool:
    """Return whether two outputs of an encoder are bit-identical."""
    if type(a) is not type(b) or a.shape != b.shape:
        return False
    if _is_sparse(a):
        return all(np.array_equal(getattr(a, of), getattr(b, of)) for of in ("data", "indices", "indptr"))
    if isinstance(a, pd.DataFrame):
        return a.equals(b)
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)
