"""Column lineage: the original columns on which each encoded column depends, determined from fitted transformers.

`COLUMN_LOCAL` lists the transformers that are known to work column by column. Any other transformer is assumed to mix all of its
inputs, which is slower but never wrong. For a FunctionTransformer, a probe of the whole encoder shows which columns it mixes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tabinterp.arrays import FloatArray

from .black_box import Codes

Sources = list[frozenset[str]]  # for each encoded column, the original columns it depends on
PartSources = Callable[
    [Any, Sources, int, "list[str] | None"], Sources
]  # of a part, the sources of its inputs, its number of outputs, and the names of its inputs


class Probed(frozenset[str]):
    """The columns on which an output of a FunctionTransformer may depend. A later probe determines which of them change the
    output.
    """


class Structured(ABC):
    """A tabinterp encoder that declares the columns on which its outputs depend."""

    @abstractmethod
    def transform(self, rows: Any) -> FloatArray:
        """Return the encoded rows (n, d)."""

    @abstractmethod
    def sources(self, inputs: Sources, of: PartSources) -> Sources:
        """Return the original columns on which each output depends. `inputs` contains the original columns on which each input
        depends. The function `of` returns the sources of a nested transformer.
        """

    def beside(self) -> list[tuple[Any, tuple[str, ...]]]:
        """Return the encoders whose outputs this encoder concatenates, each with the columns that it encodes. Return an empty
        list if this encoder does not concatenate others.
        """
        return []

    def levels(self) -> dict[str, NDArray[Any]]:
        """Return, for each column that this encoder receives unchanged, the levels on which it was fitted."""
        return {}


def structure(encoder: Any, names: tuple[str, ...]) -> Sources | None:
    """Return the original columns on which each encoded column depends. Return None if the number of encoded columns cannot be
    determined.
    """
    if encoder is None:
        return [frozenset([name]) for name in names]
    try:
        return _sources(encoder, [frozenset([name]) for name in names], list(names))
    except _UnknownError:
        return None


class _UnknownError(Exception):
    """Raised for a transformer that is not known to work column by column and has an unknown number of outputs."""


def _sources(step: Any, inputs: Sources, names: list[str] | None) -> Sources:
    if _passes(step):
        return inputs
    kind = known_as(step)
    if kind in COLUMN_LOCAL:
        return [inputs[i] for i in COLUMN_LOCAL[kind](step)]
    if kind in CONTAINERS:
        return CONTAINERS[kind](step, inputs, names)
    if isinstance(step, Structured):
        return step.sources(inputs, _part_sources)
    return _mixed(step, inputs)


def known_as(step: Any) -> str:
    """Return the name "library.Class" of a transformer. A subclass that the user defined has a different name, so it is not on
    the lists of known transformers.
    """
    return f"{type(step).__module__.split('.')[0]}.{type(step).__name__}"


def _passes(step: Any) -> bool:
    """Return whether a step leaves its columns unchanged. An example is the FunctionTransformer that ColumnTransformer creates
    for "passthrough".
    """
    identity = known_as(step) == "sklearn.FunctionTransformer" and step.func is None
    return step is None or identity or isinstance(step, Codes) or (isinstance(step, str) and step == "passthrough")


def is_probed(step: Any) -> bool:
    """Return whether a step consists only of FunctionTransformers and of transformers that work column by column."""
    kind = known_as(step)
    if kind in HELD:
        return all(map(is_probed, HELD[kind](step)))
    return kind == "sklearn.FunctionTransformer" or kind in COLUMN_LOCAL or _passes(step) or step == "drop"


HELD: dict[str, Callable[[Any], list[Any]]] = {  # transformer -> the fitted transformers inside
    "sklearn.Pipeline": lambda step: [part for _, part in step.steps],
    "sklearn.FeatureUnion": lambda step: [part for _, part in step.transformer_list],
    "sklearn.ColumnTransformer": lambda step: [part for _, part, _ in step.transformers_],
}


def _mixed(step: Any, inputs: Sources) -> Sources:
    """Return the original columns on which each output depends, for a step in which every output may depend on every input."""
    try:
        width = len(step.get_feature_names_out())
    except Exception:  # without names the width is unknown, and the caller encodes whole rows
        raise _UnknownError from None
    return [_all_of(inputs)] * width


def _all_of(inputs: Sources) -> frozenset[str]:
    return frozenset[str]().union(*inputs)


def target_encoders(encoder: Any) -> list[str]:
    """Return the names of an encoder's parameters that are transformers fitted to the target. A nested parameter has a name such
    as "a__b", and the encoder itself has the empty name.
    """
    parts = {"": encoder} | (encoder.get_params(deep=True) if hasattr(encoder, "get_params") else {})
    return [name for name, part in parts.items() if known_as(part) in LEARN_FROM_TARGET]


def known_levels(encoder: Any, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Return, for each column that reaches a step unchanged, the levels on which this step was fitted."""
    found: dict[str, NDArray[Any]] = {}
    kind = known_as(encoder)
    if isinstance(encoder, Structured):
        return encoder.levels()
    if kind == "sklearn.Pipeline" and encoder.steps:
        return known_levels(encoder.steps[0][1], names)
    if kind in ("sklearn.OneHotEncoder", "sklearn.OrdinalEncoder", "sklearn.TargetEncoder"):
        return dict(zip(names, getattr(encoder, "categories_", ()), strict=False))  # empty if it has no columns
    if kind == "sklearn.ColumnTransformer":
        seen = list(getattr(encoder, "feature_names_in_", names))
        for _, part, columns in encoder.transformers_:
            if not isinstance(part, str):
                found |= known_levels(part, tuple(str(seen[i]) for i in positions(columns, seen)))
    return found


LEARN_FROM_TARGET = (
    "sklearn.TargetEncoder",
    "category_encoders.TargetEncoder",
    "category_encoders.JamesSteinEncoder",
    "category_encoders.MEstimateEncoder",
    "category_encoders.LeaveOneOutEncoder",
    "category_encoders.CatBoostEncoder",
    "category_encoders.GLMMEncoder",
    "category_encoders.WOEEncoder",
    "category_encoders.QuantileEncoder",
)


# ---- transformers that contain others


def _pipeline(step: Any, inputs: Sources, names: list[str] | None) -> Sources:
    parts = [part for _, part in step.steps]
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        width = getattr(after, "n_features_in_", None)
        if known_as(part) == "sklearn.FunctionTransformer" and not _passes(part) and isinstance(width, int):
            inputs, names = [Probed(_all_of(inputs))] * width, None
        else:
            inputs, names = _sources(part, inputs, names), None
    return inputs


def _union(step: Any, inputs: Sources, names: list[str] | None) -> Sources:
    return [s for _, part in step.transformer_list if part != "drop" for s in _sources(part, inputs, names)]


def _column_transformer(step: Any, inputs: Sources, names: list[str] | None) -> Sources:
    seen = list(getattr(step, "feature_names_in_", names or range(step.n_features_in_)))
    if names is not None and hasattr(
        step, "feature_names_in_"
    ):  # some of the columns on which it was fitted may be absent
        known = dict(zip(names, inputs, strict=True))
        inputs = [known.get(str(name), frozenset()) for name in seen]
    result: Sources = [frozenset()] * max((s.stop for s in step.output_indices_.values()), default=0)
    for name, part, columns in step.transformers_:
        span = step.output_indices_.get(name, slice(0, 0))
        if (isinstance(part, str) and part == "drop") or span.stop == span.start:
            continue
        chosen = [inputs[i] for i in positions(columns, seen)]
        result[span] = _part_sources(part, chosen, span.stop - span.start)
    return result


def _part_sources(part: Any, inputs: Sources, width: int, names: list[str] | None = None) -> Sources:
    """Return the original columns on which each of the `width` outputs of an encoder's part depends. If the part's transformer is
    unknown, every output is assumed to depend on all columns of the part, but on no others.
    """
    try:
        found = _sources(part, inputs, names)
    except _UnknownError:
        found = []
    whole = _all_of(inputs)
    return found if len(found) == width else [Probed(whole) if is_probed(part) else whole] * width


def positions(columns: Any, names: list[Any]) -> list[int]:
    if isinstance(columns, (str, int, np.integer)):
        columns = [columns]
    if isinstance(columns, slice):
        return _slice(columns, names)
    columns = list(columns)
    if columns and all(isinstance(c, (bool, np.bool_)) for c in columns):
        return [i for i, wanted in enumerate(columns) if wanted]
    return [names.index(c) if isinstance(c, str) else int(c) % len(names) for c in columns]


def _slice(columns: slice, names: list[Any]) -> list[int]:
    """Return the positions of the columns in a slice. A slice of positions works as in Python; a slice of names includes both
    ends.
    """
    start, stop = columns.start, columns.stop
    if isinstance(start, str):
        start = names.index(start)
    if isinstance(stop, str):
        stop = names.index(stop) + 1
    return list(range(len(names)))[slice(start, stop, columns.step)]


def _vectorizer(step: Any, inputs: Sources, names: list[str] | None) -> Sources:
    """Return the original columns on which each output of skrub's TableVectorizer depends. The TableVectorizer itself records the
    input of each output.
    """
    seen = list(step.feature_names_in_)
    return [inputs[seen.index(step.output_to_input_[output])] for output in step.all_outputs_]


CONTAINERS: dict[str, Callable[[Any, Sources, list[str] | None], Sources]] = {
    "sklearn.Pipeline": _pipeline,
    "sklearn.FeatureUnion": _union,
    "sklearn.ColumnTransformer": _column_transformer,
    "sklearn.PolynomialFeatures": lambda step, inputs, _: [
        _all_of([inputs[i] for i in np.flatnonzero(powers)]) for powers in step.powers_
    ],
    "skrub.TableVectorizer": _vectorizer,
}


# ---- transformers that work column by column: the input column of each output column


def _same(step: Any) -> list[int]:
    return list(range(step.n_features_in_))


def _each(widths: Any) -> list[int]:
    return [i for i, width in enumerate(widths) for _ in range(int(width))]


def _one_hot(step: Any) -> list[int]:
    widths = []
    dropped = step.drop_idx_ if step.drop_idx_ is not None else [None] * len(step.categories_)
    rare = getattr(step, "infrequent_categories_", [None] * len(step.categories_))
    for levels, drop, few in zip(step.categories_, dropped, rare, strict=True):
        widths.append(len(levels) - (0 if few is None else len(few) - 1) - (0 if drop is None else 1))
    return _each(widths)


def _imputer(step: Any) -> list[int]:
    empty = np.array([bool(pd.isna(value)) for value in step.statistics_], dtype=bool)
    kept = list(range(step.n_features_in_)) if step.keep_empty_features else list(np.flatnonzero(~empty))
    return kept + (list(step.indicator_.features_) if step.indicator_ is not None else [])


def _bins(step: Any) -> list[int]:
    return _same(step) if step.encode == "ordinal" else _each(step.n_bins_)


def _evenly(step: Any) -> list[int]:
    """Return the input column of each output, for a transformer that converts each input column to the same number of adjacent
    outputs.
    """
    width, left = divmod(len(step.get_feature_names_out()), step.n_features_in_)
    if left:
        raise _UnknownError
    return _each([width] * step.n_features_in_)


def _in_place(step: Any) -> list[int]:
    """Return the input column of each output, for a transformer from category-encoders that replaces each column with one encoded
    column.
    """
    if step.drop_invariant or len(step.get_feature_names_out()) != step.n_features_in_:
        raise _UnknownError
    return _same(step)


def _dummies(step: Any) -> list[int]:
    """Return the input column of each output, for the one-hot encoder from category-encoders, which replaces each column with its
    dummy columns.
    """
    if step.drop_invariant:
        raise _UnknownError
    widths = {part["col"]: part["mapping"].shape[1] for part in step.mapping}
    return _each([widths.get(name, 1) for name in step.feature_names_in_])


COLUMN_LOCAL: dict[str, Callable[[Any], list[int]]] = {  # transformer -> input column of each output column
    "sklearn.StandardScaler": _same,
    "sklearn.MinMaxScaler": _same,
    "sklearn.MaxAbsScaler": _same,
    "sklearn.RobustScaler": _same,
    "sklearn.QuantileTransformer": _same,
    "sklearn.PowerTransformer": _same,
    "sklearn.Binarizer": _same,
    "sklearn.KBinsDiscretizer": _bins,
    "sklearn.SplineTransformer": _evenly,
    "sklearn.OrdinalEncoder": _same,
    "sklearn.OneHotEncoder": _one_hot,
    "sklearn.TargetEncoder": _evenly,  # at prediction; with several classes, several outputs per column
    "sklearn.SimpleImputer": _imputer,
    "sklearn.MissingIndicator": lambda step: list(step.features_),
    "sklearn.VarianceThreshold": lambda step: list(np.flatnonzero(step.get_support())),
    "sklearn.SelectKBest": lambda step: list(np.flatnonzero(step.get_support())),
    "sklearn.SelectPercentile": lambda step: list(np.flatnonzero(step.get_support())),
    "sklearn.SelectFromModel": lambda step: list(np.flatnonzero(step.get_support())),
    "category_encoders.OneHotEncoder": _dummies,
    "category_encoders.OrdinalEncoder": _in_place,
    "category_encoders.TargetEncoder": _in_place,
    "category_encoders.CountEncoder": _in_place,
    "category_encoders.JamesSteinEncoder": _in_place,
    "category_encoders.MEstimateEncoder": _in_place,
}
