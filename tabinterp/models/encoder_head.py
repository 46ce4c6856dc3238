"""Division of an encoder into its head, which encodes each original column separately, and its later steps, which mix columns.

The split satisfies `encoder(rows) == mix(head(rows))`. For example, a head may consist of scalers and one-hot encoders. The later
steps may compute principal components, kernels, products or norms from the outputs of the head. A gradient with respect to an
output of the head can be attributed to a single column, whatever the later steps are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.table.coerce import with_columns

from .affine_encoder import is_affine
from .column_lineage import PartSources, Sources, Structured, known_as, known_levels, positions, structure
from .transformer_calls import as_array, as_taken

Mix = Callable[[FloatArray], FloatArray]  # rows of the head (n, c) -> encoded rows (n, d)
_Part = tuple[Any, tuple[str, ...], int]  # encoder (None: numbers unchanged), its columns, number of encoded columns


@dataclass(frozen=True, eq=False)
class Cut:
    """An encoder that was split into its head, which encodes original columns separately, and its later steps `mix` (None if
    there are none).
    """

    head: Any
    mix: Mix | None
    affine: bool  # whether all steps after the head are on the list of affine steps


class _NoHeadError(Exception):
    """Raised for steps that use the original columns in an unknown way."""


def cut(encoder: Any, rows: pd.DataFrame) -> Cut | None:
    """Split a fitted encoder into its head and its later steps, and test the split on a few rows. Return None if the encoder has
    no known head.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X has feature names")
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        try:
            return _cut(encoder, rows)
        except Exception:  # the user's transformers can fail on parts; any real error will come from the whole encoder
            return None


def _cut(step: Any, rows: pd.DataFrame) -> Cut:
    found = structure(step, tuple(map(str, rows.columns)))
    if found is not None and all(len(one) <= 1 for one in found) and not _is_function(step):
        return Cut(step, None, True)
    kind = known_as(step)
    if kind == "sklearn.Pipeline":
        return _of_pipeline([part for _, part in step.steps if part is not None and part != "passthrough"], rows)
    if kind == "sklearn.ColumnTransformer":
        return _of_columns(step, rows)
    if kind == "sklearn.FeatureUnion":
        kept = [(part, list(range(rows.shape[1]))) for _, part in step.transformer_list if part != "drop"]
        return _beside(step, kept, rows)
    if isinstance(step, Structured):
        place, parts = {str(name): i for i, name in enumerate(rows.columns)}, step.beside()
        if len(parts) < 2:  # its outputs may be levels, between which there are no values
            raise _NoHeadError
        return _beside(step, [(part, [place[name] for name in names]) for part, names in parts], rows)
    numeric = all(pd.api.types.is_numeric_dtype(kind) for kind in rows.dtypes)
    if not numeric or bool(rows.isna().any(axis=None)):
        raise _NoHeadError
    names = tuple(map(str, rows.columns))
    return Cut(Beside([(None, names, len(names))]), Chain([step], names), is_affine(step))


def _is_function(step: Any) -> bool:
    return known_as(step) == "sklearn.FunctionTransformer" and step.func is not None


def _of_pipeline(steps: Sequence[Any], rows: pd.DataFrame) -> Cut:
    """Split a pipeline after its leading steps that encode columns separately. If there are none, split its first step."""
    names = tuple(map(str, rows.columns))
    local = 0
    while local < len(steps) and _is_local(steps[: local + 1], names):
        local += 1
    if local == len(steps):
        return Cut(Pipeline([(str(i), step) for i, step in enumerate(steps)]), None, True)
    if local:
        head = Pipeline([(str(i), step) for i, step in enumerate(steps[:local])])
        made = rows
        for step in steps[:local]:
            made = _given(step, made)
        return Cut(head, Chain(steps[local:], _names(made)), all(map(is_affine, steps[local:])))
    first = _cut(steps[0], rows)
    if len(steps) == 1:
        return first
    rest = Chain(steps[1:], _names(_given(steps[0], rows)))
    inner = first.mix
    mix: Mix = rest if inner is None else lambda x: rest(inner(x))
    return Cut(first.head, mix, first.affine and all(map(is_affine, steps[1:])))


def _is_local(steps: Sequence[Any], names: tuple[str, ...]) -> bool:
    found = structure(Pipeline([(str(i), step) for i, step in enumerate(steps)]), names)
    return found is not None and all(len(one) <= 1 for one in found)


def _given(step: Any, rows: Any) -> Any:
    """Return the output of a step, given its input `rows`: rows of the table, or the output of the preceding step."""
    if not isinstance(rows, pd.DataFrame):
        return step.transform(rows)
    return as_taken(step.transform, rows, hasattr(step, "feature_names_in_"))


def _names(made: Any) -> tuple[Any, ...] | None:
    return tuple(made.columns) if isinstance(made, pd.DataFrame) else None


def _of_columns(step: Any, rows: pd.DataFrame) -> Cut:
    seen = [*map(str, step.feature_names_in_)] if hasattr(step, "feature_names_in_") else [*map(str, rows.columns)]
    place = {str(name): i for i, name in enumerate(rows.columns)}
    parts = []
    for name, part, columns in step.transformers_:
        span = step.output_indices_.get(name, slice(0, 0))
        if (isinstance(part, str) and part == "drop") or span.stop == span.start:
            continue
        if np.isscalar(columns):  # a part whose input is one column as a series
            raise _NoHeadError
        parts.append((part, [place[seen[i]] for i in positions(columns, seen)]))
    return _beside(step, parts, rows)


def _beside(step: Any, parts: Sequence[tuple[Any, list[int]]], rows: pd.DataFrame) -> Cut:
    """Split each part of an encoder that concatenates the outputs of its parts. Combine the heads of the parts into one head, and
    their later steps into one function.
    """
    heads, mixes, affine = list[_Part](), [], True
    for part, places in parts:
        own = rows.iloc[:, places]
        found = Cut(None, None, True) if part is None or part == "passthrough" else _cut(part, own)
        names = tuple(map(str, own.columns))
        made = as_array(own if found.head is None else _given(found.head, own))
        heads += found.head.parts if isinstance(found.head, Beside) else [(found.head, names, made.shape[1])]
        width = made.shape[1]
        wide = width if found.mix is None else as_array(_given(part, own)).shape[1]
        mixes.append((width, found.mix, wide))
        affine = affine and found.affine
    if all(mix is None for _, mix, _ in mixes):
        return Cut(step, None, True)
    return Cut(Beside(heads), Joined(mixes), affine)


class Beside(Structured):
    """Several encoders with concatenated outputs. Each of them encodes some of the columns."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self.parts = tuple(parts)
        self.feature_names_in_ = np.array(
            list(dict.fromkeys(name for _, names, _ in parts for name in names)), dtype=object
        )

    def transform(self, rows: pd.DataFrame) -> FloatArray:
        own = [(part, rows[list(names)]) for part, names, _ in self.parts]
        return np.concatenate([as_array(one if part is None else _given(part, one)) for part, one in own], axis=1)

    def levels(self) -> dict[str, NDArray[Any]]:
        return {column: found for part, names, _ in self.parts for column, found in known_levels(part, names).items()}

    def sources(self, inputs: Sources, of: PartSources) -> Sources:
        place = {str(name): i for i, name in enumerate(self.feature_names_in_)}
        return [
            source
            for part, names, width in self.parts
            for source in of(part, [inputs[place[name]] for name in names], width, [*names])
        ]


class Chain:
    """A sequence of steps applied to an array.

    If the first step was fitted on a DataFrame, `names` are its column names, and the step receives a DataFrame with these names.
    """

    def __init__(self, steps: Sequence[Any], names: Sequence[Any] | None) -> None:
        self.steps, self.names = tuple(steps), names

    def __call__(self, x: FloatArray) -> FloatArray:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X has feature names")
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            made: Any = x if self.names is None else pd.DataFrame(x, columns=list(self.names))
            for step in self.steps:
                made = _given(step, made)
        return as_array(made)


class Joined:
    """A list of functions, each of which is applied to its own columns.

    Each part consists of the number of its input columns, a function (None if the columns are unchanged) and the number of its
    output columns.
    """

    def __init__(self, parts: Sequence[tuple[int, Mix | None, int]]) -> None:
        self.parts = tuple(parts)

    def places(self) -> Iterator[tuple[Mix | None, slice, slice]]:
        """Yield each part with its input columns and its output columns."""
        taken = made = 0
        for width, mix, wide in self.parts:
            yield mix, slice(taken, taken + width), slice(made, made + wide)
            taken, made = taken + width, made + wide

    def __call__(self, x: FloatArray) -> FloatArray:
        return np.concatenate([x[:, own] if mix is None else mix(x[:, own]) for mix, own, _ in self.places()], axis=1)


# ---- encoders that are only known from a probe


class Shown(Structured):
    """The head of an encoder whose mixed columns are known only from a probe. The output of the head starts with unchanged
    copies of the numeric columns that the encoder mixes. They are followed by the encoded columns that depend on at most one
    original column.
    """

    def __init__(
        self,
        transform: Callable[[pd.DataFrame], FloatArray],
        columns: tuple[str, ...],
        numbers: tuple[str, ...],
        alone: IntArray,
        sources: Sources,
    ) -> None:
        self.feature_names_in_ = np.array(columns, dtype=object)
        self.numbers, self.alone = numbers, alone
        self.encode, self._sources = transform, sources

    def transform(self, rows: pd.DataFrame) -> FloatArray:
        numbers = rows[list(self.numbers)].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.concatenate([numbers, self.encode(rows)[:, self.alone]], axis=1)

    def sources(self, inputs: Sources, of: PartSources) -> Sources:
        return [frozenset([name]) for name in self.numbers] + [self._sources[e] for e in self.alone]

    def blocks(self) -> dict[str, IntArray]:
        """Return, for each original column, the encoded columns that changed in the probe when this column was changed."""
        return {str(c): np.flatnonzero([c in s for s in self._sources]) for c in self.feature_names_in_}


class Refilled:
    """The map from the outputs of a `Shown` head to encoded rows. To compute the encoded columns that mix numeric columns, it
    inserts the values of the numeric columns into copies of one row of the table, and encodes the copies.
    """

    def __init__(self, shown: Shown, row: pd.DataFrame, width: int) -> None:
        self.shown, self.row, self.width = shown, row, width
        self.mixed = np.setdiff1d(np.arange(width), shown.alone)

    def __call__(self, x: FloatArray) -> FloatArray:
        return self.only(x, np.arange(self.width))

    def only(self, x: FloatArray, outputs: IntArray) -> FloatArray:
        """Return the encoded columns at the positions `outputs`. The encoder runs only if some of them mix numeric columns."""
        numbers, mixed = len(self.shown.numbers), np.isin(outputs, self.mixed)
        encoded = np.empty((len(x), len(outputs)))
        if mixed.any():
            encoded[:, mixed] = self.of_numbers(x[:, :numbers])[:, np.searchsorted(self.mixed, outputs[mixed])]
        encoded[:, ~mixed] = x[:, numbers + np.searchsorted(self.shown.alone, outputs[~mixed])]
        return encoded

    def blocks(self) -> dict[str, IntArray]:
        """Return, for each original column, the encoded columns that changed in the probe when this column was changed."""
        return self.shown.blocks()

    def of_numbers(self, x: FloatArray) -> FloatArray:
        """Return the encoded columns that mix numeric columns, computed from the values `x` (m, columns) of these columns."""
        if not len(self.mixed):
            return np.empty((len(x), 0))
        rows = self.row.iloc[np.zeros(len(x), dtype=np.int64)].reset_index(drop=True)
        values = {name: pd.Series(x[:, i]) for i, name in enumerate(self.shown.numbers)}
        return self.shown.encode(with_columns(rows, values))[:, self.mixed]


def shown_head(
    transform: Callable[[pd.DataFrame], FloatArray], frame: pd.DataFrame, moved: dict[str, NDArray[np.bool_]]
) -> Cut | None:
    """Split an encoder according to the results of a probe (`moved`). Return None if a column that the encoder mixes is not
    numeric or has missing values.
    """
    width = len(next(iter(moved.values())))
    sources: Sources = [frozenset(c for c, one in moved.items() if one[e]) for e in range(width)]
    mixed = frozenset[str]().union(*(one for one in sources if len(one) > 1))
    if any(not pd.api.types.is_numeric_dtype(frame[c].dtype) or frame[c].isna().any() for c in mixed):
        return None
    numbers = tuple(c for c in map(str, frame.columns) if c in mixed)
    alone = np.array([e for e, one in enumerate(sources) if len(one) <= 1], dtype=np.int64)
    shown = Shown(transform, tuple(map(str, frame.columns)), numbers, alone, sources)
    return Cut(shown, Refilled(shown, frame.iloc[:1], width), not numbers)
