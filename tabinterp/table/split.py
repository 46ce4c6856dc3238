"""Train/test splits. The held-out rows are determined by a column of labels or dates, or drawn at random as a share of the rows
or groups of rows.

The rule for the split is stored with a trained network, so a later audit holds out the same rows. In a random split, a hash of
each row's contents determines whether the row is held out. A training row is therefore never held out in a later audit, even if
the rows are in a different order or only some of them are read. Copies of a row are on the same side of the split. The exception
is a table with few distinct rows. In such a table, the copies of each row are numbered, and the number is hashed too, so copies
can be on different sides. If rows have groups (such as the visits of a person), the group is hashed instead, so all rows of a
group are on the same side.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from tabinterp.arrays import FloatArray, HashArray, IntArray
from tabinterp.errors import TableError, argument
from tabinterp.field_errors import problem

from .coerce import shown
from .hash_sampling import content_hash, splitmix, uniform
from .rounding import shown_date
from .schema import Schema
from .suppression import SMALL

BoolArray = NDArray[np.bool_]
HELD_OUT = ("test", "held_out", "held-out", "holdout", "hold-out", "oot")
TRAINING = ("train", "training", "dev", "development")
UNUSED = ("valid", "validation", "val")
ALLOWED = (
    f"{', '.join(HELD_OUT)} (held-out rows) and {', '.join(TRAINING + UNUSED)} (all other rows), True and False, or dates such "
    "as 2024-06-30"
)
DEFAULT_FRACTION = 0.25
MANY = 1_000_000  # with this many distinct rows, the share is accurate even if copies are not distinguished


@dataclass(frozen=True)
class Split:
    """A rule that determines for any row whether it is held out.

    There are three kinds of rules. "column": `column` contains train and test labels. "date": a row is held out if its date in
    `column` is `at` or later. "fraction": the values of a row in `columns` are hashed with the `seed`, and the row is held out if
    the hash is below a threshold (`cuts`). A stratified split has one threshold for each class, and any other split has one
    threshold. With `group`, the value of the group column is hashed instead; `columns` are hashed only for rows without a group.
    """

    kind: Literal["column", "fraction", "date"]
    column: str | None = None
    fraction: float | None = None
    seed: int = 0
    stratify: bool = False
    columns: tuple[str, ...] = ()
    cuts: tuple[float, ...] = ()
    numbered: bool = False  # copies of a row are distinguished by their count, because few rows are distinct
    at: str | None = None
    classes: tuple[str, ...] = ()  # if stratified: the classes as text, in the order of their cuts
    group: str | None = None

    def __post_init__(self) -> None:
        if self.kind != "fraction" and self.column is None:
            raise TableError(
                f"a split of kind {self.kind!r} needs a column name. Give the name as {argument('column')}"
            )
        if self.kind == "date":
            _date(str(self.at))
        if self.kind == "fraction" and len(self.cuts) != (len(self.classes) if self.stratify else 1):
            raise TableError(
                "the field 'cuts' of a split of kind 'fraction' must contain one number, or one number for each class if the "
                f"split is stratified; got {len(self.cuts)} numbers"
            )

    def held_out(
        self, frame: pd.DataFrame, codes: IntArray | None, labels: Sequence[str], copies: IntArray | None = None
    ) -> BoolArray:
        """Return a mask (rows,) of the held-out rows. `codes` (rows,) are indices into the class `labels`. A stratified split
        needs them.

        If the rule numbers the copies of duplicate rows, `copies` (rows,) is the number of copies of each row in earlier batches.
        """
        if self.kind == "column":
            return column_labels(frame[self._named(frame)])
        if self.kind == "date":
            dates = _dates(frame[self._named(frame)])
            return np.asarray(dates >= _moment(str(self.at), dates), dtype=np.bool_)
        missing = [name for name in (*self.columns, *([self.group] if self.group else [])) if name not in frame]
        if missing:
            raise TableError(
                f"the split needs columns that are not in this table: {', '.join(map(repr, missing))}. Add these columns, or "
                "give another split"
            )
        if self.group is not None:
            return np.asarray(_group_draws(unit_hash(frame, self.columns, self.group), self.seed) < self.cuts[0])
        draws = _draws(frame, self.columns, self.seed, self.numbered, copies)
        cuts = self._class_cuts(labels)[codes] if self.stratify and codes is not None else self.cuts[0]
        return np.asarray(draws < cuts, dtype=np.bool_)

    def _class_cuts(self, labels: Sequence[str]) -> FloatArray:
        """Return the threshold of each class (classes,) in the order of the table's classes, which may differ from the order of
        `classes`.
        """
        known = dict(zip(self.classes, self.cuts, strict=True))
        unknown = [label for label in labels if label not in known]
        if unknown:
            raise TableError(
                f"the split was stratified by the classes {', '.join(map(repr, self.classes))}, but this target also has the "
                f"classes {', '.join(map(repr, unknown))}. Give another split"
            )
        return np.array([known[label] for label in labels])

    def _named(self, frame: pd.DataFrame) -> str:
        if self.column not in frame:
            raise TableError(f"the split column {self.column!r} is not in the table. The columns are {list(frame)}")
        return str(self.column)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Split:
        """Create a rule from the output of `to_dict`.

        Raises
        ------
        TableError
            The values do not describe a rule.
        """
        known = [field.name for field in fields(cls)]
        unknown = [name for name in values if name not in known]
        if unknown:
            raise TableError(
                f"the split has the unknown field {unknown[0]!r}. The allowed fields are {', '.join(known)}"
            )
        try:
            return TypeAdapter(cls).validate_python(values)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise TableError(
                f"the field {place!r} of the split is invalid: {problem(first)} (found {first['input']!r})"
            ) from None


def by_fraction(
    frame: pd.DataFrame, schema: Schema, codes: IntArray | None, fraction: float, seed: int, stratify: bool
) -> Split:
    """Return a rule that holds out a share of the rows. If stratified, it holds out approximately the same share of each class.
    The shares can differ slightly, for example because duplicate rows stay on the same side of the split.

    If the table has a group column, the rule holds out a share of the groups.
    """
    if stratify and codes is None:
        raise TableError(
            "a stratified split needs a target with classes, but this target is numeric. Use "
            f"{argument('stratify', False)}"
        )
    known = distinct(np.empty(0, dtype=np.uint64), unit_hash(frame, schema.inputs, schema.group))
    if schema.group is not None:
        if stratify:
            raise TableError(
                f"a split cannot be stratified if it keeps the groups of column {schema.group!r} together, because "
                f"a group may contain rows of several classes. Use {argument('stratify', False)}"
            )
        return drawn_groups(schema.inputs, schema.group, known, fraction, seed)
    rule = drawn(schema.inputs, len(known), len(frame), fraction, seed)
    if not stratify or codes is None:
        return rule
    draws = _draws(frame, rule.columns, seed, rule.numbered)
    cuts = tuple(_cut(draws[codes == code], fraction) for code in range(int(codes.max()) + 1))
    return replace(rule, stratify=True, cuts=cuts, classes=schema.labels)


def drawn(columns: tuple[str, ...], distinct: int, rows: int, fraction: float, seed: int) -> Split:
    """Return a rule that holds out a share of the rows. `rows` is the number of rows, and `distinct` is the number of distinct
    combinations of values in `columns`.
    """
    _check_share(fraction, seed)
    numbered = distinct < min(0.5 * rows, MANY)
    return Split("fraction", None, float(fraction), seed, False, columns, (fraction,), numbered)


def drawn_groups(columns: tuple[str, ...], group: str, known: HashArray, fraction: float, seed: int) -> Split:
    """Return a rule that holds out a share of the groups. `known` contains the distinct hashes of the groups.

    For up to a million groups, the share is rounded to the nearest whole number of groups. At least one group is held out, and at
    least one is not.
    """
    _check_share(fraction, seed)
    if len(known) < 2:
        raise TableError(
            f"a split by groups needs at least two groups, but all rows are in the same group of column {group!r}. Choose "
            "another group column, or none"
        )
    cut = _cut(_group_draws(known, seed), fraction, least=1) if len(known) < MANY else float(fraction)
    return Split("fraction", None, float(fraction), seed, False, columns, (cut,), group=group)


def _check_share(fraction: float, seed: int) -> None:
    if isinstance(fraction, bool) or not isinstance(fraction, numbers.Real):
        raise TableError(f"the split must be a column name, or a share of rows between 0 and 1; got {fraction!r}")
    if not 0 < fraction < 1:
        raise TableError(f"the share of rows to hold out must be between 0 and 1, exclusive; got {fraction}")
    if not 0 <= seed < 2**32:
        raise TableError(f"the seed must be a whole number from 0 to {2**32 - 1}; got {seed}")


def distinct(known: HashArray, hashes: HashArray) -> HashArray:
    """Return at most a million distinct hashes from `known` and `hashes`. No more are needed, because duplicate rows are not
    numbered if at least a million rows are distinct.
    """
    return known if len(known) >= MANY else np.union1d(known, hashes)[:MANY]


def check_first_date(split: object, at: str | None) -> None:
    """Raise an error if a first date to hold out is given without a column of dates."""
    if at is not None and not isinstance(split, str):
        raise TableError(
            f"{argument('split_at', at)} is the first date to hold out, so {argument('split')} must name a column of dates. Add "
            f"{argument('split', 'COLUMN')}, or leave out {argument('split_at')}"
        )


def by_column(values: pd.Series, fraction: float | None, at: str | None, counts: IntArray | None = None) -> Split:
    """Return a rule for a column of train/test labels or dates. For dates, the rule holds out the rows dated `at` or later.
    If `at` is None, it holds out the latest `fraction` of the rows.

    Without `at`, the first held-out date is rounded by `shown_date`, so it does not reveal the date of a single row. If `values`
    contains only distinct values, `counts` is the number of rows with each value.
    """
    column = str(values.name)
    if _are_labels(values):
        if at is not None:
            raise TableError(
                f"{argument('split_at', at)} is the first date to hold out, but split column {column!r} contains labels, such as "
                f"{shown(values.iloc[0])} in row 0. Leave out {argument('split_at')}, or name a column of dates with "
                f"{argument('split')}"
            )
        return Split("column", column)
    dates = _dates(values)
    if at is not None:
        return Split("date", column, at=_moment(at, dates).isoformat())
    fraction = fraction or DEFAULT_FRACTION
    latest = _latest(dates, fraction, counts)
    cut = shown_date(latest, dates, counts)
    if cut is None:
        raise TableError(
            f"tabinterp cannot choose the first held-out date in split column {column!r}. The date is rounded "
            f"to the start or end of a day, week, month, quarter or year that contains at least {SMALL} rows, but no such "
            f"rounded date leaves both training and held-out rows. Give the date with {argument('split_at')}"
        )
    return Split("date", column, fraction=fraction, at=cut.isoformat())


def _latest(dates: pd.Series, fraction: float, counts: IntArray | None) -> pd.Timestamp:
    """Return the first date of the latest `fraction` of the rows."""
    order = dates.argsort(kind="stable").to_numpy()
    reached = np.cumsum(np.ones(len(dates), dtype=np.int64) if counts is None else counts[order])
    place = int((1 - fraction) * (int(reached[-1]) - 1))
    return pd.Timestamp(dates.iloc[order[int(np.searchsorted(reached, place, side="right"))]])


def column_labels(values: pd.Series) -> BoolArray:
    """Return a mask (rows,) of the rows whose label marks them as held out."""
    if values.dtype == bool:
        return values.to_numpy(dtype=bool)
    lowered = values.astype(object).map(lambda value: str(value).strip().lower())
    known = lowered.isin((*HELD_OUT, *TRAINING, *UNUSED))
    if not known.all():
        row = int(np.flatnonzero(~known.to_numpy())[0])
        raise TableError(
            f"split column {values.name!r} contains {shown(values.iloc[row])} in row {row}. Allowed values are {ALLOWED}"
        )
    return lowered.isin(HELD_OUT).to_numpy(dtype=bool)


def _are_labels(values: pd.Series) -> bool:
    if values.dtype == bool:
        return True
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return False
    seen = {str(value).strip().lower() for value in values.unique()}
    return bool(seen & {*HELD_OUT, *TRAINING})


def _dates(values: pd.Series) -> pd.Series:
    """Convert a column to dates. Text must start with the year, because a date such as 01/02/2024 is ambiguous. A misread date
    could put training rows in the test set.
    """
    if values.isna().any():
        row = int(np.flatnonzero(values.isna().to_numpy())[0])
        raise TableError(f"split column {values.name!r} has no value in row {row}. Allowed values are {ALLOWED}")
    dates = values if pd.api.types.is_datetime64_any_dtype(values.dtype) else _parsed(values)
    if dates.isna().any():
        row = int(np.flatnonzero(dates.isna().to_numpy())[0])
        raise TableError(
            f"split column {values.name!r} contains {shown(values.iloc[row])} in row {row}. Allowed values are {ALLOWED}"
        )
    return dates


def _parsed(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values.dtype):
        raise TableError(
            f"split column {values.name!r} contains numbers, such as {shown(values.iloc[0])} in row 0. Allowed values are "
            f"{ALLOWED}"
        )
    utc = bool(values.astype(str).str.contains(r"(?:Z|[+-]\d\d:?\d\d)$").any())  # offsets may differ between rows
    return pd.to_datetime(values.astype(str), format="ISO8601", errors="coerce", utc=utc)


def _date(text: str) -> pd.Timestamp:
    moment = pd.to_datetime(text, format="ISO8601", errors="coerce")
    if pd.isna(moment):
        raise TableError(f"{argument('split_at')} must be a date such as 2024-06-30; got {text!r}")
    return moment


def _moment(text: str, dates: pd.Series) -> pd.Timestamp:
    """Parse a date, and convert it to the time zone of `dates` for comparison with them."""
    moment, zone = _date(text), dates.dt.tz
    if zone is None:
        return moment.tz_localize(None)
    return moment.tz_localize(zone) if moment.tzinfo is None else moment.tz_convert(zone)


def _draws(
    frame: pd.DataFrame, columns: Sequence[str], seed: int, numbered: bool, copies: IntArray | None = None
) -> FloatArray:
    hashes = content_hash(frame, columns, seed)
    if numbered:
        count = pd.Series(hashes).groupby(hashes).cumcount().to_numpy() + (0 if copies is None else copies)
        hashes = splitmix(hashes ^ splitmix(count.astype(np.uint64) + np.uint64(1)))
    return uniform(hashes)


def unit_hash(frame: pd.DataFrame, columns: Sequence[str], group: str | None) -> HashArray:
    """Return a hash (rows,) of the group of each row. For a row without a group, its values in `columns` are hashed instead."""
    rows = content_hash(frame, columns, 0)
    if group is None:
        return rows
    return np.where(frame[group].isna().to_numpy(), rows, content_hash(frame, [group], 0))


def _group_draws(hashes: HashArray, seed: int) -> FloatArray:
    return uniform(splitmix(hashes ^ splitmix(np.array([seed], dtype=np.uint64))))


def _cut(draws: FloatArray, fraction: float, least: int = 0) -> float:
    """Return a threshold below which a given share of the random draws lies. At least `least` draws lie on each side of it.

    The threshold lies between two adjacent draws and has few binary digits. It must not reveal a draw, because a draw is a hash
    of a whole row and the threshold is saved in model bundles.
    """
    ordered = np.sort(draws)
    below = min(max(round(fraction * len(ordered)), least), len(ordered) - least)
    if below >= len(ordered):
        return 1.0
    high = float(ordered[below])
    low = float(np.max(ordered[ordered < high], initial=0.0))
    cuts = ((np.floor(low * 2.0**digits) + 1) / 2.0**digits for digits in range(1, 53))
    return float(next((cut for cut in cuts if low < cut < high), high))
