"""Digests of the rows of a source, which show whether rows changed between two passes over the source."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import pandas as pd

from tabinterp.errors import TableError

Batch = tuple[int, str]  # number of rows in a batch, and a digest of their contents
Listing = Mapping[str, int]  # file -> its size in bytes
ADVICE = "Audit a copy of the data, or wait until no other program is writing to the data"


@dataclass(eq=False)
class Fingerprints:
    """Digests of the rows in the first pass over a source. Every later pass must read the same rows.

    Attributes
    ----------
    name : name of the source, for error messages.
    batches : number of the first row of a batch -> number of rows in the batch, and their digest in the first pass.
    rows : total number of rows; None until the first pass has ended.
    listing : function that returns the current files of the source; None if it has no files.
    files : the files of the source when it was opened.
    """

    name: str
    batches: dict[int, Batch] = field(default_factory=dict)
    rows: int | None = None
    listing: Callable[[], Listing] | None = None
    files: Listing = field(default_factory=dict)

    def check(self, frames: Iterator[pd.DataFrame], reader: str) -> Iterator[pd.DataFrame]:
        """Yield the batches unchanged. The digest of each batch is recorded in the first pass and compared in later passes.

        Parameters
        ----------
        frames : raw frames, indexed by row number.
        reader : name of the pass, for error messages.

        Raises
        ------
        TableError
            The rows differ from those of the first pass, or can no longer be read.
        """
        while True:
            try:
                frame = next(frames, None)
            except TableError as error:
                if self.rows is None:
                    raise
                self._changed(f"the first pass read all rows, but a later pass failed ({error})", reader)
            if frame is None:
                return
            self._check(frame, reader)
            yield frame

    def _check(self, frame: pd.DataFrame, reader: str) -> None:
        first, found = int(frame.index[0]), (len(frame), _digest(frame))
        if first not in self.batches and self.rows is None:
            self.batches[first] = found
        elif self.batches.get(first) != found:
            last = first + len(frame) - 1
            self._changed(f"rows {first:,} to {last:,} differ from those of the first pass", reader)

    def end(self, rows: int, reader: str) -> None:
        """Check, at the end of a pass, that the number of rows and the names and sizes of the files have not changed."""
        if self.rows is None:
            self.rows = rows
        elif rows != self.rows:
            self._changed(f"there are {rows:,} rows, but there were {self.rows:,} in the first pass", reader)
        if self.listing is not None and (now := self.listing()) != self.files:
            names = sorted(name for name in {*now, *self.files} if now.get(name) != self.files.get(name))
            self._changed(f"files were added, removed or replaced: {', '.join(map(repr, names[:3]))}", reader)

    def within(self, first: int, rows: int) -> Fingerprints:
        """Return the fingerprints for a process that reads only one range of rows: those of the batches that start in this range.
        The range has `rows` rows and begins at row `first`.
        """
        known = {at: one for at, one in self.batches.copy().items() if first <= at < first + rows}
        return Fingerprints(self.name, known, self.rows)

    def restore(self, batches: Iterable[tuple[int, int, str]], rows: int | None) -> None:
        """Replace the recorded fingerprints with those that an earlier process recorded."""
        self.batches, self.rows = {first: (count, digest) for first, count, digest in batches}, rows

    def pack(self) -> list[tuple[int, int, str]]:
        """Return the recorded batches in the form that `restore` accepts. Another thread may add batches during the call."""
        return [(first, *one) for first, one in self.batches.copy().items()]

    def _changed(self, what: str, reader: str) -> NoReturn:
        raise TableError(
            f"the data in {self.name!r} changed while they were being read: {what} (detected by {reader}). {ADVICE}"
        )


def _digest(frame: pd.DataFrame) -> str:
    """Return the SHA-256 (hex) of the column names, the column types, and the values of each row."""
    told = frame.copy(deep=False)
    for at, dtype in enumerate(frame.dtypes):
        values = frame.iloc[:, at]
        if pd.api.types.is_object_dtype(dtype) and pd.api.types.infer_dtype(values) not in ("string", "empty"):
            told.isetitem(at, values.map(repr).to_numpy())  # 1 and "1" have one hash, bytes and lists may have none
    try:
        hashes = pd.util.hash_pandas_object(told, index=False)
    except UnicodeError:  # an unpaired surrogate
        hashes = pd.util.hash_pandas_object(told.astype(object).map(ascii), index=False)
    digest = hashlib.sha256(
        repr([(name, str(dtype)) for name, dtype in frame.dtypes.items()]).encode("utf-8", "surrogatepass")
    )
    digest.update(hashes.to_numpy().tobytes())
    return digest.hexdigest()
