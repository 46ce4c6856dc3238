"""Encoding of original columns as a tensor, with a record of which encoded columns each original column affects.

A column is *local* if its encoded columns depend on no other column. A local column can be changed without running the encoder.
If a column that is not local is changed, whole rows are encoded again, which is slower.

A fixed list of transformers that work column by column determines which columns are local. A probe supplements the list: each
column is changed in sample rows, and every encoded column that changes is recorded as dependent on it. Whether a
FunctionTransformer works column by column is determined only by the probe.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.errors import ModelError, TabinterpError, argument
from tabinterp.table.coerce import as_objects, shown, with_columns

from .affine_encoder import NEAR, is_nearly_affine, weight_of
from .black_box import Codes
from .column_lineage import Probed, Sources, is_probed, known_levels, structure
from .encoder_differences import Steps, steps_of
from .encoder_head import Mix, cut, shown_head
from .transformer_cache import InParts
from .transformer_calls import as_array, as_taken

PROBE_CELLS = 2_000_000
PROBED = 32  # rows in which a column is changed
TOGETHER = 16  # columns that are changed at once while the number of encoded columns is unknown
CHECKED = 256  # rows on which affine last steps are compared with the whole encoder


@dataclass(frozen=True, eq=False)
class Tail:
    """The last steps of an encoder, which mix columns. The function `mix` applies these steps to the output of `head`.

    If these steps are affine, `mix(x) == x @ weight.T + constant`, with `weight` (d, c) and `constant` (d,). Otherwise, `steps`
    contains the step sizes for finite differences.
    """

    head: Encoding
    mix: Mix
    weight: FloatArray | None = None
    constant: FloatArray | None = None
    steps: Steps | None = None


@dataclass(frozen=True, eq=False)
class Encoding:
    """The encoding of a table. `transform` maps a frame of the input columns to encoded rows (n, width), and `blocks` maps each
    column to the positions of its encoded columns.

    If a column is `local`, its encoded columns can be changed without changing any others. If a column has no encoded columns,
    the model does not use it. If columns are mixed, `mixing` is the function that computes `tail` when `tail` is first used.

    If this encoding is the head of a larger encoding, `abrupt` lists the columns in which the larger encoding is not smooth.
    These columns can be changed, but have no derivatives.
    """

    transform: Callable[[pd.DataFrame], FloatArray]
    columns: tuple[str, ...]
    blocks: dict[str, IntArray]
    local: dict[str, bool]
    width: int
    unseen: dict[str, int] = field(default_factory=dict)  # column -> number of rows with a level unknown to the encoder
    mixing: Callable[[Encoding], Tail | None] | None = None
    abrupt: tuple[str, ...] = ()

    @cached_property
    def tail(self) -> Tail | None:
        """The steps that mix columns, together with the head before them. None if these steps are unknown, or if no columns are
        mixed.
        """
        return None if self.mixing is None else self.mixing(self)

    def without_rows(self) -> Encoding:
        """Return the encoding without the rows that were used to inspect the encoder."""
        made = replace(self, mixing=None)
        made.__dict__["tail"] = self.tail
        return made

    def goes_by_parts(self, columns: Sequence[str]) -> bool:
        """Return whether the parts of the encoder can be called separately and at least one part that mixes these columns is not
        affine.
        """
        return isinstance(self.transform, Transform) and self.transform.goes_by_parts(columns)

    def outputs(self, rows: Callable[[Sequence[str]], pd.DataFrame], size: int, places: IntArray) -> FloatArray:
        """Return the encoded columns at the positions `places` for `size` rows. `rows` is a function that takes column names and
        returns a frame of these columns.

        If the parts of the encoder can be called separately, only the necessary parts are called, with the columns that they use.
        """
        if isinstance(self.transform, Transform):
            return self.transform.outputs(rows, size, places)
        return self.transform(rows(self.columns))[:, places]

    def has_slope(self, column: str) -> bool:
        """Return whether the derivative with respect to this column can be computed from the derivatives with respect to its
        encoded columns.
        """
        return self.local[column] and column not in self.abrupt


def build(encoder: Any, frame: pd.DataFrame, reads: tuple[str, ...] | None) -> Encoding:
    """Encode the input columns of a table with `encoder` (None: numeric columns are used unchanged)."""
    _check_fitted(encoder)
    columns = tuple(map(str, frame.columns))
    unseen = _unseen(frame, known_levels(encoder, tuple(reads or columns)))
    transform = encoded_by(encoder, frame, reads)
    plain = encoder is None or isinstance(encoder, Codes)  # by definition, one encoded column for each column
    width, moved = _probe(transform, frame, () if plain else columns)
    sources = structure(encoder, tuple(reads or columns))
    if sources is None or len(sources) != width:
        everything = frozenset(reads or columns)
        sources = [Probed(everything) if is_probed(encoder) else everything] * width
    encoding = _encoding(transform, columns, width, _seen(sources, moved), unseen)
    if any(isinstance(one, Probed) for one in sources) and not _adds_up(encoding, frame):
        encoding = _encoding(transform, columns, width, _seen([frozenset(s) for s in sources], moved), unseen)
    if all(encoding.local.values()):
        return encoding
    return replace(encoding, mixing=lambda made: _tail(encoder, frame, reads, made, moved))


def _seen(sources: Sources, moved: dict[str, NDArray[np.bool_]]) -> Sources:
    """Return the original columns on which each encoded column depends: those in `sources` and those shown by a probe (`moved`).
    If an entry of `sources` is a `Probed`, only the result of the probe is used.
    """
    shown = [frozenset(c for c, touched in moved.items() if touched[e]) for e in range(len(sources))]
    return [one if isinstance(s, Probed) else s | one for s, one in zip(sources, shown, strict=True)]


def _encoding(
    transform: Callable[[pd.DataFrame], FloatArray],
    columns: tuple[str, ...],
    width: int,
    sources: Sources,
    unseen: dict[str, int],
) -> Encoding:
    blocks = {c: np.flatnonzero([c in s for s in sources]).astype(np.int64) for c in columns}
    local = {c: all(len(sources[e]) == 1 for e in blocks[c]) for c in columns}
    return Encoding(transform, columns, blocks, local, width, unseen)


def _check_fitted(encoder: Any) -> None:
    """Raise an error if the encoder is a class, or if it is or contains a column transformer that is not fitted."""
    kind = encoder.__name__ if isinstance(encoder, type) else type(encoder).__name__
    if isinstance(encoder, type):
        raise ModelError(
            f"expected a fitted transformer as encoder; got the class {kind}. Create an instance, fit it, and pass the instance"
        )
    for step in [part for _, part in encoder.steps] if isinstance(encoder, Pipeline) else [encoder]:
        if isinstance(step, ColumnTransformer) and not hasattr(step, "transformers_"):
            raise ModelError(f"the encoder {kind} is not fitted. Call its fit method with the training rows first")


def _tail(
    encoder: Any,
    frame: pd.DataFrame,
    reads: tuple[str, ...] | None,
    encoding: Encoding,
    moved: dict[str, NDArray[np.bool_]],
) -> Tail | None:
    """Return the steps of an encoder that mix columns, or None if they are unknown.

    The steps are checked on rows that combine column values from randomly chosen rows of the table.
    """
    few = _shuffled(frame, encoding.width)
    rows = as_objects(frame.iloc[:CHECKED] if reads is None else frame.iloc[:CHECKED][list(reads)])
    for parts in (cut(encoder, rows), shown_head(encoding.transform, frame, moved)):
        if parts is None or parts.head is encoder:
            continue
        try:
            made = build(parts.head, frame, reads)
            head = replace(made, mixing=None)
            x, encoded = head.transform(few), encoding.transform(few)
            mix = parts.mix or _unchanged
            known = weight_of(mix, x, encoded) if parts.affine else None
            if known is None and not np.allclose(mix(x), encoded, rtol=NEAR, atol=NEAR, equal_nan=True):
                continue
        except Exception:  # the user's transformers can fail separately; whole rows are encoded instead
            continue
        if any(head.local[c] and not encoding.local[c] for c in head.columns) and _adds_up(head, frame):
            return Tail(head, mix, *known) if known else _by_differences(head, mix, frame, encoding)
    return None


def _by_differences(head: Encoding, mix: Mix, frame: pd.DataFrame, encoding: Encoding) -> Tail | None:
    """Return a `Tail` with step sizes for finite differences. Its head lists the columns in which the mixing steps are not
    smooth.
    """
    x, encoded = head.transform(frame), encoding.transform(frame)
    if not (np.isfinite(x).all() and np.isfinite(encoded).all()):
        return None
    steps = steps_of(mix, x, encoded)
    abrupt = tuple(c for c in head.columns if not steps.smooth[head.blocks[c]].all())
    return Tail(replace(head, abrupt=abrupt), mix, steps=steps)


def _unchanged(x: FloatArray) -> FloatArray:
    return x


def _shuffled(frame: pd.DataFrame, width: int) -> pd.DataFrame:
    """Return rows that combine column values from randomly chosen rows of the frame."""
    taken = {c: frame[c].take(order).reset_index(drop=True) for c, order in _orders(frame, width).items()}
    return with_columns(frame.iloc[:0], taken)


def _orders(frame: pd.DataFrame, width: int) -> dict[str, NDArray[np.int64]]:
    """Return, for each column, the positions of randomly chosen rows that provide its values. There are fewer positions for wide
    tables, because every column is checked with a separate call of the encoder.
    """
    size = int(np.clip(PROBE_CELLS // (len(frame.columns) * max(1, width)), 16, CHECKED))
    draws = np.random.default_rng(0)
    return {c: draws.integers(0, len(frame), size) for c in frame.columns}


def _adds_up(encoding: Encoding, frame: pd.DataFrame) -> bool:
    """Return whether the encoding of each local column is independent of the values in other columns.

    The check uses rows that combine the values of several rows. Each local column must be encoded as in the row that provided its
    value.
    """
    whole = encoding.transform(_shuffled(frame, encoding.width))
    for column, order in _orders(frame, encoding.width).items():
        block = encoding.blocks[column]
        if len(block) and encoding.local[column]:
            own = encoding.transform(frame.iloc[order].reset_index(drop=True))[:, block]
            if not np.array_equal(own, whole[:, block], equal_nan=True):
                return False
    return True


def _unseen(frame: pd.DataFrame, known: dict[str, NDArray[Any]]) -> dict[str, int]:
    """Return, for each column, the number of rows with a level that is unknown to its encoder.

    Raise an error if all levels of a column are unknown and some of them differ from known levels only in their type.
    """
    result = {}
    for column, levels in known.items():
        values = frame[column].dropna()
        new = ~values.isin(levels.tolist())
        if new.any():
            result[column] = int(new.sum())
        if new.all() and {*map(_text, values.unique())} & {*map(_text, levels.tolist())}:
            examples = ", ".join(map(shown, levels.tolist()[:8]))
            raise ModelError(
                f"the values in column {column!r} differ in type from those that the encoder was fitted on: got "
                f"{shown(values.iloc[0])}, expected values such as {examples}. Load the column with the type that was used in "
                "training"
            )
    return result


def _text(level: Any) -> str:
    """Return the same string for 1, 1.0 and the strings "1" and "1.0"."""
    try:
        return f"{float(level):.15g}"
    except (TypeError, ValueError):
        return str(level)


def _passthrough(frame: pd.DataFrame, reads: tuple[str, ...] | None) -> Callable[[pd.DataFrame], FloatArray]:
    names = list(reads or frame.columns)
    wrong = [c for c in names if not pd.api.types.is_numeric_dtype(frame[c].dtype)]
    if wrong:
        raise ModelError(
            "a model without an encoder needs numeric columns, but these columns are not numeric: "
            f"{', '.join(map(repr, wrong))}. Wrap the whole pipeline, pass {argument('encoder')}, or drop these columns from the "
            "table"
        )
    return lambda rows: as_array(rows[names])


class Transform:
    """An encoder as a function from rows of the input columns (n, columns) to encoded rows (n, width)."""

    def __init__(self, encoder: Any, columns: tuple[str, ...], reads: tuple[str, ...] | None) -> None:
        self._kind, self._columns, self._reads = type(encoder).__name__, columns, reads
        self._named, self._encode = hasattr(encoder, "feature_names_in_"), _in_turn(encoder)
        self._quickly, self._fitted_on_none = InParts(encoder, as_array), _fitted_on_none(encoder, reads or columns)

    def __call__(self, rows: pd.DataFrame) -> FloatArray:
        rows = self._taken(rows)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X has feature names")
            try:
                encoded = self._quickly(rows)
                if encoded is None:
                    encoded = as_array(as_taken(self._encode, as_objects(rows), self._named))
            except TabinterpError:
                raise
            except Exception as error:  # the user's encoder can raise any error, whose message is passed on
                raise ModelError(
                    f"the encoder {self._kind} raised an error for the rows of this table. Check that the table has the columns, "
                    f"types and levels that the encoder was fitted on. The error was: {error}"
                ) from error
        if encoded.ndim != 2 or len(encoded) != len(rows):
            raise ModelError(
                f"the encoder {self._kind} returned an array of shape {encoded.shape} for {len(rows)} rows; the "
                f"shape must be ({len(rows)}, d), where d is the number of encoded columns"
            )
        return encoded

    def outputs(self, rows: Callable[[Sequence[str]], pd.DataFrame], size: int, places: IntArray) -> FloatArray:
        """Return the encoded columns at the positions `places` for `size` rows. `rows` is a function that takes column names and
        returns a frame of these columns.
        """
        needed, encoded = self._quickly.needed(size, places), None
        if needed is not None:
            few = _with_none(rows(needed), [name for name in self._fitted_on_none if name in needed])
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="X has feature names")
                encoded = self._quickly.outputs(few, places)
        return self(rows(self._columns))[:, places] if encoded is None else encoded

    def goes_by_parts(self, columns: Sequence[str]) -> bool:
        """Return whether the parts that mix these columns can be called separately and at least one of these parts is not
        affine.
        """
        found = self._quickly.reading(columns)
        return bool(found) and not all(map(is_nearly_affine, found))

    def _taken(self, rows: pd.DataFrame) -> pd.DataFrame:
        return _with_none(rows if self._reads is None else rows[list(self._reads)], self._fitted_on_none)


def apply(encoder: Any, rows: pd.DataFrame) -> FloatArray:
    """Encode rows with an encoder (None: numbers are used unchanged), and return encoded rows (n, d)."""
    return encoded_by(encoder, rows, None)(rows)


def encoded_by(
    encoder: Any, frame: pd.DataFrame, reads: tuple[str, ...] | None
) -> Callable[[pd.DataFrame], FloatArray]:
    """Return a function that encodes rows with the same columns as `frame`. Without an encoder, numbers are used unchanged."""
    return _passthrough(frame, reads) if encoder is None else Transform(encoder, tuple(map(str, frame.columns)), reads)


def as_fitted(encoder: Any, rows: pd.DataFrame) -> pd.DataFrame:
    """Replace missing values with None, in the columns whose missing values were None when the encoder was fitted."""
    return _with_none(rows, _fitted_on_none(encoder, tuple(map(str, rows.columns))))


def _fitted_on_none(encoder: Any, columns: tuple[str, ...]) -> list[str]:
    """Return the columns in which missing values were None when the encoder was fitted. Such an encoder treats NaN and None as
    different levels.
    """
    known = known_levels(encoder, columns)
    return [name for name, levels in known.items() if levels[pd.isna(levels)].tolist() == [None]]


def _with_none(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    if not columns:
        return rows
    objects = {name: rows[name].astype(object) for name in columns}
    return with_columns(rows, {name: values.where(values.notna(), None) for name, values in objects.items()})


def _in_turn(encoder: Any) -> Callable[[Any], Any]:
    """Return a function that applies the steps of a pipeline one after another. A truncated pipeline cannot be used for this,
    because scikit-learn may consider it not fitted.
    """
    if type(encoder) is not Pipeline:
        return encoder.transform  # type: ignore[no-any-return]
    steps = [step for _, step in encoder.steps if step is not None and not isinstance(step, str)]

    def encode(rows: Any) -> Any:
        for step in steps:
            rows = step.transform(rows)
        return rows

    return encode


# ---- probing


def _probe(
    transform: Callable[[pd.DataFrame], FloatArray], frame: pd.DataFrame, columns: tuple[str, ...]
) -> tuple[int, dict[str, NDArray[np.bool_]]]:
    """Return the number of encoded columns, and which of them depend on each original column. An encoded column depends on an
    original column if it changes when other values of that column, including missing values, are inserted into sample rows.
    """
    base, moved = frame.iloc[_spread(len(frame), PROBED)].reset_index(drop=True), dict[str, NDArray[np.bool_]]()
    few = columns[:TOGETHER]  # the encoded width is still unknown
    while True:
        encoded = transform(_stacked(base, frame, few))
        width = encoded.shape[1]
        before, after = encoded[: len(base)], encoded[len(base) :].reshape(len(few), len(base), width)
        still = ((after == before) | (np.isnan(after) & np.isnan(before))).all(axis=1)
        moved |= dict(zip(few, ~still, strict=True))
        left = columns[len(moved) :]
        if not left:
            return width, moved
        rows = int(np.clip(PROBE_CELLS // max(1, width * len(columns)), 4, PROBED))
        base = base.iloc[_spread(len(base), rows)].reset_index(drop=True)
        few = left[: max(1, PROBE_CELLS // (len(base) * max(width, len(columns))))]


def _spread(rows: int, most: int) -> IntArray:
    """Return the positions of at most `most` rows, evenly spaced from the first to the last."""
    return np.linspace(0, rows - 1, num=min(rows, most)).astype(np.int64)


def _stacked(base: pd.DataFrame, frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the sample rows `base`, followed by one copy of these rows for each column in `columns`. In each copy, only the
    values of the copy's own column are changed.
    """
    size = len(base)
    stacked = base.iloc[np.tile(np.arange(size), 1 + len(columns))].reset_index(drop=True)
    changed = {}
    for at, name in enumerate(columns, 1):
        cells = stacked[name].to_numpy(dtype=object).copy()
        cells[at * size : (at + 1) * size] = _donors(frame[name], size)
        changed[name] = pd.Series(cells, dtype=object).astype(base[name].dtype)
    return with_columns(stacked, changed)


def _donors(values: pd.Series, size: int) -> NDArray[np.object_]:
    """Return the values that replace those of a column in the probe. They are the rarest values of the column, followed by values
    that are evenly spaced among its sorted distinct values, with missing values last. Rare levels and missing values are
    therefore included.
    """
    distinct = values.value_counts(dropna=False).index
    rare = distinct.to_numpy(dtype=object)[-size:][::-1]
    ordered = distinct.sort_values(na_position="last").to_numpy(dtype=object)
    mixed = np.concatenate([rare, ordered[np.linspace(0, len(ordered) - 1, num=size).astype(int)]])
    return np.asarray(mixed[np.linspace(0, len(mixed) - 1, num=size).astype(int)])
