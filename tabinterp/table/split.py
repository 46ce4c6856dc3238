"""Which rows are held out: by a column, by a seeded share of rows, or by date.

The rule is remembered with a trained network, so that whoever audits it later holds out the same rows. A share of rows
is drawn by a hash of what a row holds: a row that was trained on is never held out, in whatever order or subset it
comes back, and copies of a row stay on one side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import TableError
from .draws import FloatArray, IntArray, content_hash, splitmix, uniform

BoolArray = NDArray[np.bool_]
HELD_OUT = ("test", "held_out", "held-out", "holdout", "hold-out", "oot")
TRAINING = ("train", "training", "dev", "development")
UNUSED = ("valid", "validation", "val")
DEFAULT_FRACTION = 0.25


@dataclass(frozen=True)
class Split:
    """A rule that says of any row whether it is held out.

    kind "column": `column` holds train and test labels. kind "fraction": a hash of `columns` and `seed` below the
    cut; one cut, or one for each class when stratified. kind "date": `column` at or after `at`.
    """

    kind: Literal["column", "fraction", "date"]
    column: str | None = None
    fraction: float | None = None
    seed: int = 0
    stratify: bool = False
    columns: tuple[str, ...] = ()
    cuts: tuple[float, ...] = ()
    numbered: bool = False  # copies of a row are told apart by their count, because most rows are copies
    at: str | None = None

    def held_out(self, frame: pd.DataFrame, codes: IntArray | None) -> BoolArray:
        """(rows,) True where a row is held out; `codes` are class numbers, needed when stratified."""
        if self.kind == "column":
            return column_labels(frame[self._named(frame)])
        if self.kind == "date":
            return np.asarray(_dates(frame[self._named(frame)]) >= pd.Timestamp(str(self.at)), dtype=np.bool_)
        missing = [name for name in self.columns if name not in frame]
        if missing:
            raise TableError(f"the split was drawn from columns that this table lacks: {', '.join(missing)}")
        draws = _draws(frame, self.columns, self.seed, self.numbered)
        cuts = np.array(self.cuts)
        return np.asarray(draws < (cuts[codes] if self.stratify and codes is not None else cuts[0]), dtype=np.bool_)

    def _named(self, frame: pd.DataFrame) -> str:
        if self.column not in frame:
            raise TableError(f"the split column {self.column!r} is not in the table; its columns are {list(frame)}")
        return str(self.column)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Split:
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**plain)


def by_fraction(
    frame: pd.DataFrame, columns: Sequence[str], codes: IntArray | None, fraction: float, seed: int, stratify: bool
) -> Split:
    """Hold out a share of the rows; stratified, the same share of each class (up to whole rows and copies)."""
    if not 0 < fraction < 1:
        raise TableError(f"a split fraction lies between 0 and 1, exclusive; got {fraction}")
    if stratify and codes is None:
        raise TableError("a stratified split needs classes, and the target is a number; use stratify=False")
    names = tuple(columns)
    numbered = content_distinct(frame, names) < 0.5 * len(frame)
    draws = _draws(frame, names, seed, numbered)
    if stratify and codes is not None:
        cuts = tuple(_cut(draws[codes == code], fraction) for code in range(int(codes.max()) + 1))
    else:
        cuts = (fraction,)
    return Split("fraction", None, fraction, seed, stratify, names, cuts, numbered)


def by_column(frame: pd.DataFrame, column: str, fraction: float | None, at: str | None) -> Split:
    """A column of train/test labels or of dates; for dates the latest `fraction` of rows, or those from `at` on."""
    values = frame[column]
    if at is None and _are_labels(values):
        return Split("column", column)
    dates = _dates(values)
    latest = dates.sort_values().iloc[int((1 - (fraction or DEFAULT_FRACTION)) * (len(dates) - 1))]
    cut = pd.Timestamp(at) if at is not None else pd.Timestamp(latest)
    return Split("date", column, fraction=None if at else fraction or DEFAULT_FRACTION, at=cut.isoformat())


def column_labels(values: pd.Series) -> BoolArray:
    """(rows,) True where the label says held out."""
    if values.dtype == bool:
        return values.to_numpy(dtype=bool)
    lowered = values.astype(object).map(lambda value: str(value).strip().lower())
    known = lowered.isin((*HELD_OUT, *TRAINING, *UNUSED))
    if not known.all():
        row = int(np.flatnonzero(~known.to_numpy())[0])
        raise TableError(
            f"split column {values.name!r}: row {row} holds {values.iloc[row]!r}; allowed are {', '.join(HELD_OUT)} "
            f"for held-out rows, {', '.join(TRAINING + UNUSED)} for the others, True/False, or dates"
        )
    return lowered.isin(HELD_OUT).to_numpy(dtype=bool)


def content_distinct(frame: pd.DataFrame, columns: Sequence[str]) -> int:
    return len(np.unique(content_hash(frame, columns, 0)))


def _are_labels(values: pd.Series) -> bool:
    if values.dtype == bool:
        return True
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return False
    seen = {str(value).strip().lower() for value in values.unique()}
    return bool(seen & {*HELD_OUT, *TRAINING})


def _dates(values: pd.Series) -> pd.Series:
    try:
        dates = pd.to_datetime(values)
    except (ValueError, TypeError) as error:
        raise TableError(
            f"split column {values.name!r} holds neither train/test labels nor dates: {error}; allowed are "
            f"{', '.join(HELD_OUT + TRAINING)}, True/False, or dates such as 2024-06-30"
        ) from None
    if dates.isna().any():
        row = int(np.flatnonzero(dates.isna().to_numpy())[0])
        raise TableError(f"split column {values.name!r}: row {row} has no date")
    return dates


def _draws(frame: pd.DataFrame, columns: Sequence[str], seed: int, numbered: bool) -> FloatArray:
    hashes = content_hash(frame, columns, seed)
    if numbered:
        count = pd.Series(hashes).groupby(hashes).cumcount().to_numpy().astype(np.uint64)
        hashes = splitmix(hashes ^ splitmix(count + np.uint64(1)))
    return uniform(hashes)


def _cut(draws: FloatArray, fraction: float) -> float:
    """A cut that leaves the wanted share of these draws below it."""
    ordered = np.sort(draws)
    below = round(fraction * len(ordered))
    return float(ordered[below]) if below < len(ordered) else 1.0
