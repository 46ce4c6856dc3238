"""The head of an encoder, which treats original columns on their own, and the steps after it, which mix them.

`encoder(rows) == mix(head(rows))`. Principal components, kernels, products and norms of a row are functions of numbers that a
head of scalers and dummies has made: a gradient by these numbers is a gradient by columns, whatever comes after them.
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
_Part = tuple[Any, tuple[str, ...], int]  # encoder (None: numbers unchanged), columns that it reads, encoded columns


@dataclass(frozen=True, eq=False)
class Cut:
    """A head, as an encoder of original columns, and what the encoder does after it (None: nothing)."""

    head: Any
    mix: Mix | None
    affine: bool  # is every step after the head on the list of affine ones?


class _NoHeadError(Exception):
    """Steps that read original columns in a way that is not known."""


def cut(encoder: Any, rows: pd.DataFrame) -> Cut | None:
    """Return the parts of a fitted encoder, tried on a few rows of its input columns; None if it has no known head."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X has feature names")
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        try:
            return _cut(encoder, rows)
        except Exception:  # the user's transformers: the encoder as a whole will say what is wrong, if anything is
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
        if len(parts) < 2:  # it may hold levels, which no number lies between
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
    """Return as many steps as treat columns on their own, or the head of the first, and all others after it."""
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
    """Return what a step makes of rows of the table or of the step before it."""
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
        if np.isscalar(columns):  # a part that takes one column as a series
            raise _NoHeadError
        parts.append((part, [place[seen[i]] for i in positions(columns, seen)]))
    return _beside(step, parts, rows)


def _beside(step: Any, parts: Sequence[tuple[Any, list[int]]], rows: pd.DataFrame) -> Cut:
    """Return the heads of parts side by side, and what comes after each in its place."""
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
    """Encoders of some columns each, with concatenated outputs."""

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
    """Steps one after another, from an array; the first gets a frame if it was fitted on one with these names."""

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
    """What comes after each of several heads, side by side: the columns that it takes, what it does with them (None: nothing),
    and the columns that it makes.
    """

    def __init__(self, parts: Sequence[tuple[int, Mix | None, int]]) -> None:
        self.parts = tuple(parts)

    def places(self) -> Iterator[tuple[Mix | None, slice, slice]]:
        """Yield each part with the columns that it takes and those that it makes."""
        taken = made = 0
        for width, mix, wide in self.parts:
            yield mix, slice(taken, taken + width), slice(made, made + wide)
            taken, made = taken + width, made + wide

    def __call__(self, x: FloatArray) -> FloatArray:
        return np.concatenate([x[:, own] if mix is None else mix(x[:, own]) for mix, own, _ in self.places()], axis=1)


# ---- encoders that nothing is known of but what a probe shows


class Shown(Structured):
    """An encoder of which a probe has shown what each output depends on: the numbers that some outputs mix, as they are, and
    the outputs that depend on one column alone.
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
        """Return the outputs of the whole encoder that each column was seen to move."""
        return {str(c): np.flatnonzero([c in s for s in self._sources]) for c in self.feature_names_in_}


class Refilled:
    """The encoded rows of numbers that are mixed and of outputs that are not: a row of the table has its numbers replaced."""

    def __init__(self, shown: Shown, row: pd.DataFrame, width: int) -> None:
        self.shown, self.row, self.width = shown, row, width
        self.mixed = np.setdiff1d(np.arange(width), shown.alone)

    def __call__(self, x: FloatArray) -> FloatArray:
        return self.only(x, np.arange(self.width))

    def only(self, x: FloatArray, outputs: IntArray) -> FloatArray:
        """Return some of the encoded columns; the encoder is asked only for those that mix numbers."""
        numbers, mixed = len(self.shown.numbers), np.isin(outputs, self.mixed)
        encoded = np.empty((len(x), len(outputs)))
        if mixed.any():
            encoded[:, mixed] = self.of_numbers(x[:, :numbers])[:, np.searchsorted(self.mixed, outputs[mixed])]
        encoded[:, ~mixed] = x[:, numbers + np.searchsorted(self.shown.alone, outputs[~mixed])]
        return encoded

    def blocks(self) -> dict[str, IntArray]:
        """Return the encoded columns that each original column was seen to move."""
        return self.shown.blocks()

    def of_numbers(self, x: FloatArray) -> FloatArray:
        """Return the outputs that mix the numbers (m, numbers)."""
        if not len(self.mixed):
            return np.empty((len(x), 0))
        rows = self.row.iloc[np.zeros(len(x), dtype=np.int64)].reset_index(drop=True)
        values = {name: pd.Series(x[:, i]) for i, name in enumerate(self.shown.numbers)}
        return self.shown.encode(with_columns(rows, values))[:, self.mixed]


def shown_head(
    transform: Callable[[pd.DataFrame], FloatArray], frame: pd.DataFrame, moved: dict[str, NDArray[np.bool_]]
) -> Cut | None:
    """Return the parts of an encoder by what a probe saw `moved`; None if some output mixes levels or missing values."""
    width = len(next(iter(moved.values())))
    sources: Sources = [frozenset(c for c, one in moved.items() if one[e]) for e in range(width)]
    mixed = frozenset[str]().union(*(one for one in sources if len(one) > 1))
    if any(not pd.api.types.is_numeric_dtype(frame[c].dtype) or frame[c].isna().any() for c in mixed):
        return None
    numbers = tuple(c for c in map(str, frame.columns) if c in mixed)
    alone = np.array([e for e, one in enumerate(sources) if len(one) <= 1], dtype=np.int64)
    shown = Shown(transform, tuple(map(str, frame.columns)), numbers, alone, sources)
    return Cut(shown, Refilled(shown, frame.iloc[:1], width), not numbers)
