"""From original columns to the encoded tensor, and back: which encoded columns does each column touch?

A column is *local* when its encoded columns depend on nothing else. Then moving it needs no encoder. Which columns are
local is read off the structure of a literal list of column-local transformers and checked by probing: each column is
changed on sample rows, and the encoded columns that move must be the ones the structure names. Everything else is
encoded whole: slower, and right.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import ModelError, TabinterpError
from ..table.draws import FloatArray, IntArray
from .function import Codes

Sources = list[frozenset[str]]  # for each encoded column, the original columns it depends on
PROBE_CELLS = 2_000_000


class Declared(ABC):
    """An encoder of our own that knows the structure of what it makes."""

    @abstractmethod
    def sources(self) -> Sources:
        """For each encoded column, the original columns it depends on."""

    @abstractmethod
    def transform(self, rows: Any) -> FloatArray:
        """(n, d) encoded rows."""


@dataclass(frozen=True, eq=False)
class Encoding:
    """`transform` maps a frame of the input columns to (n, width); `blocks` maps a column to its encoded columns.

    `local` columns can be moved by their block alone. A column with an empty block is not read by the model.
    """

    transform: Callable[[pd.DataFrame], FloatArray]
    columns: tuple[str, ...]
    blocks: dict[str, IntArray]
    local: dict[str, bool]
    width: int


class Structured(ABC):
    """An encoder of our own, which says itself what its outputs depend on."""

    @abstractmethod
    def transform(self, rows: pd.DataFrame) -> FloatArray:
        """(n, d) encoded rows."""

    @abstractmethod
    def sources(self, inputs: Sources, of: Callable[[Any, Sources, int], Sources]) -> Sources:
        """For each output what it depends on; `of` answers for a transformer that is part of this one."""


def build(encoder: Any, frame: pd.DataFrame, reads: tuple[str, ...] | None) -> Encoding:
    """Encode a table's input columns through `encoder` (None: the numeric columns as they are)."""
    columns = tuple(map(str, frame.columns))
    transform = _passthrough(frame, reads) if encoder is None else _transform(encoder, reads)
    width = transform(frame.iloc[:64]).shape[1]
    sources = _structure(encoder, tuple(reads or columns))
    moved = _probe(transform, frame, columns, width)
    if sources is None or len(sources) != width:
        everything = frozenset(reads or columns)
        sources = [everything] * width
    for column, touched in moved.items():  # what moves although the structure does not say so
        sources = [s | {column} if touched[e] else s for e, s in enumerate(sources)]
    blocks = {c: np.flatnonzero([c in s for s in sources]).astype(np.int64) for c in columns}
    local = {c: all(len(sources[e]) == 1 for e in blocks[c]) for c in columns}
    return Encoding(transform, columns, blocks, local, width)


def _passthrough(frame: pd.DataFrame, reads: tuple[str, ...] | None) -> Callable[[pd.DataFrame], FloatArray]:
    names = list(reads or frame.columns)
    wrong = [c for c in names if not pd.api.types.is_numeric_dtype(frame[c].dtype)]
    if wrong:
        raise ModelError(
            f"a model without an encoder reads numbers; columns {', '.join(map(repr, wrong))} hold other values: wrap the "
            f"whole pipeline, pass encoder=, or drop them from the table"
        )
    return lambda rows: as_array(rows[names])


def _transform(encoder: Any, reads: tuple[str, ...] | None) -> Callable[[pd.DataFrame], FloatArray]:
    named = hasattr(encoder, "feature_names_in_")

    def transform(rows: pd.DataFrame) -> FloatArray:
        rows = rows if reads is None else rows[list(reads)]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X has feature names")
            try:
                encoded = as_array(encoder.transform(rows if named else _values(rows)))
            except TabinterpError:
                raise
            except Exception as error:  # the user's encoder: whatever it raises is told in its words
                raise ModelError(f"the encoder {type(encoder).__name__} does not take this table: {error}") from error
        if encoded.ndim != 2 or len(encoded) != len(rows):
            raise ModelError(
                f"the encoder {type(encoder).__name__} gave {encoded.shape} for {len(rows)} rows; an encoder returns (n, d)"
            )
        return encoded

    return transform


def apply(encoder: Any, rows: pd.DataFrame) -> FloatArray:
    """(n, d) what an encoder (None: numbers as they are) makes of the columns it reads."""
    names = tuple(map(str, rows.columns))
    return _passthrough(rows, names)(rows) if encoder is None else _transform(encoder, names)(rows)


def _values(rows: pd.DataFrame) -> NDArray[Any]:
    numeric = all(pd.api.types.is_numeric_dtype(dtype) for dtype in rows.dtypes)
    return rows.to_numpy(dtype=np.float64) if numeric else rows.to_numpy(dtype=object)


def as_array(encoded: Any) -> FloatArray:
    """Dense doubles from whatever a transformer returns, never a view of somebody else's memory."""
    dense = encoded.toarray() if hasattr(encoded, "toarray") else encoded
    return np.array(dense.to_numpy() if hasattr(dense, "to_numpy") else dense, dtype=np.float64)


# ---- probing


def _probe(
    transform: Callable[[pd.DataFrame], FloatArray], frame: pd.DataFrame, columns: tuple[str, ...], width: int
) -> dict[str, NDArray[np.bool_]]:
    """Which encoded columns move when one original column is exchanged between sample rows, missing ones included."""
    per_column = int(np.clip(PROBE_CELLS // max(1, width * len(columns)), 4, 32))
    rows = np.linspace(0, len(frame) - 1, num=min(len(frame), per_column)).astype(int)
    base = frame.iloc[rows].reset_index(drop=True)
    donors = {c: _donors(frame[c], len(base)) for c in columns}
    stacked = pd.concat([base.assign(**{c: donors[c].to_numpy()}) for c in columns], ignore_index=True)
    stacked = stacked.astype({c: frame[c].dtype for c in columns})
    before = transform(base)
    after = transform(stacked).reshape(len(columns), len(base), width)
    moved = ~((after == before) | (np.isnan(after) & np.isnan(before))).all(axis=1)
    return {c: moved[i] for i, c in enumerate(columns)}


def _donors(values: pd.Series, size: int) -> pd.Series:
    """Values to move to: the rarest first, so that missing values and rare levels are among them."""
    counts = values.value_counts(dropna=False)
    rare = pd.Series(list(reversed(counts.index[-size:])), dtype=object)
    spread = values.drop_duplicates().sort_values()
    spread = spread.iloc[np.linspace(0, len(spread) - 1, num=size).astype(int)].astype(object)
    mixed = pd.concat([rare, spread], ignore_index=True)
    return mixed.iloc[np.linspace(0, len(mixed) - 1, num=size).astype(int)].reset_index(drop=True)


# ---- structure of the transformers that work column by column


def _structure(encoder: Any, names: tuple[str, ...]) -> Sources | None:
    if encoder is None:
        return [frozenset([name]) for name in names]
    try:
        return _sources(encoder, [frozenset([name]) for name in names], list(names))
    except _UnknownError:
        return None


class _UnknownError(Exception):
    """A transformer that is not known to work column by column, and whose width is not known either."""


def _sources(step: Any, inputs: Sources, names: list[str] | None) -> Sources:
    kind = type(step).__name__ if type(step).__module__.split(".")[0] == "sklearn" else ""
    if _passes(step):
        return inputs
    if kind in COLUMN_LOCAL:
        return [inputs[i] for i in COLUMN_LOCAL[kind](step)]
    if kind == "ColumnTransformer":
        return _column_transformer(step, inputs, names)
    if kind == "FeatureUnion":
        return [s for _, part in step.transformer_list if part != "drop" for s in _sources(part, inputs, names)]
    if kind != "Pipeline":
        if isinstance(step, Declared):
            return step.sources()
        return step.sources(inputs, _part_sources) if isinstance(step, Structured) else _mixed(step, inputs)
    for _, part in step.steps:
        inputs, names = _sources(part, inputs, names), None
    return inputs


def _passes(step: Any) -> bool:
    """Also what a fitted ColumnTransformer makes of "passthrough": a FunctionTransformer without a function."""
    identity = type(step).__name__ == "FunctionTransformer" and step.func is None
    return step is None or identity or isinstance(step, Codes) or (isinstance(step, str) and step == "passthrough")


def _mixed(step: Any, inputs: Sources) -> Sources:
    """Each output may depend on every input."""
    try:
        width = len(step.get_feature_names_out())
    except Exception:  # no names, no width: the caller encodes whole rows
        raise _UnknownError from None
    return [frozenset[str]().union(*inputs)] * width


def _column_transformer(step: Any, inputs: Sources, names: list[str] | None) -> Sources:
    seen = list(getattr(step, "feature_names_in_", names or range(step.n_features_in_)))
    result: Sources = [frozenset()] * max((s.stop for s in step.output_indices_.values()), default=0)
    for name, part, columns in step.transformers_:
        span = step.output_indices_.get(name, slice(0, 0))
        if part == "drop" or span.stop == span.start:
            continue
        chosen = [inputs[i] for i in _positions(columns, seen)]
        result[span] = _part_sources(part, chosen, span.stop - span.start)
    return result


def _part_sources(part: Any, inputs: Sources, width: int) -> Sources:
    """Of a part whose width is known, so that one unknown transformer leaves the other columns local."""
    try:
        found = _sources(part, inputs, None)
    except _UnknownError:
        found = []
    return found if len(found) == width else [frozenset[str]().union(*inputs)] * width


def _positions(columns: Any, names: list[Any]) -> list[int]:
    if isinstance(columns, (str, int, np.integer)):
        columns = [columns]
    if isinstance(columns, slice):
        return list(range(len(names)))[columns]
    columns = list(columns)
    if columns and all(isinstance(c, (bool, np.bool_)) for c in columns):
        return [i for i, wanted in enumerate(columns) if wanted]
    return [names.index(c) if isinstance(c, str) else int(c) for c in columns]


def _same(step: Any) -> list[int]:
    return list(range(step.n_features_in_))


def _one_hot(step: Any) -> list[int]:
    widths = []
    dropped = step.drop_idx_ if step.drop_idx_ is not None else [None] * len(step.categories_)
    rare = getattr(step, "infrequent_categories_", [None] * len(step.categories_))
    for levels, drop, few in zip(step.categories_, dropped, rare, strict=True):
        widths.append(len(levels) - (0 if few is None else len(few) - 1) - (0 if drop is None else 1))
    return [i for i, width in enumerate(widths) for _ in range(width)]


def _imputer(step: Any) -> list[int]:
    empty = np.array([bool(pd.isna(value)) for value in step.statistics_], dtype=bool)
    kept = list(range(step.n_features_in_)) if step.keep_empty_features else list(np.flatnonzero(~empty))
    return kept + (list(step.indicator_.features_) if step.indicator_ is not None else [])


COLUMN_LOCAL: dict[str, Callable[[Any], list[int]]] = {  # transformer -> input column of each output column
    "StandardScaler": _same,
    "MinMaxScaler": _same,
    "MaxAbsScaler": _same,
    "RobustScaler": _same,
    "QuantileTransformer": _same,
    "PowerTransformer": _same,
    "OrdinalEncoder": _same,
    "OneHotEncoder": _one_hot,
    "SimpleImputer": _imputer,
    "MissingIndicator": lambda step: list(step.features_),
}
