"""Faster encoding with a column transformer: each distinct text is encoded only once.

scikit-learn encodes every cell of a text column separately, and a column transformer combines the outputs of its parts as sparse
matrices. If a part works column by column (see `structure`), it only needs to encode one row per distinct text. For all other
rows, the encoding is looked up.

The encodings of the first rows are compared with the output of the column transformer. If they differ, the column transformer
encodes all rows. Small numbers of rows are passed directly to the parts, because the column transformer's own checks take longer
than encoding the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.table.coerce import as_objects, coded_texts

from .column_lineage import known_as, positions, structure

FEW = 0.25  # if distinct texts are a larger share of the rows than this, they are not looked up
CHECKED = 64  # number of compared rows
MANY = 8 * CHECKED  # minimum number of rows for looking up texts


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a column transformer: a transformer, its input `columns`, and the range `span` of its encoded columns. If the
    transformer works column by column, `blocks` contains the encoded columns of each input column.
    """

    transformer: Any
    columns: list[str]
    span: slice
    blocks: tuple[IntArray, ...] | None


class InParts:
    """A faster equivalent of `encoder`. It calls the parts of a column transformer separately, and returns None if its result
    differs from that of `encoder`. The function `array` converts the output of a transformer to a dense array in double
    precision.
    """

    def __init__(self, encoder: Any, array: Callable[[Any], FloatArray]) -> None:
        self._encoder, self._array, self._parts = encoder, array, _parts(encoder)
        self._same = dict[bool, bool]()  # whether texts were looked up -> whether the result was that of the encoder

    def __call__(self, rows: pd.DataFrame) -> FloatArray | None:
        """Return the encoded rows (n, width), or None if they cannot be computed part by part."""
        many, same = len(rows) >= MANY, self._same
        if not self._parts or not len(rows) or same.get(many) is False:
            return None
        encoded = self._written(rows, self._parts, many)
        if encoded is not None and many not in same:
            own = self._array(self._encoder.transform(as_objects(rows.iloc[:CHECKED])))
            same[many] = np.array_equal(own, encoded[:CHECKED], equal_nan=True)
        return encoded if same.get(many) else None

    def outputs(self, rows: pd.DataFrame, places: IntArray) -> FloatArray | None:
        """Return the encoded columns at the positions `places`. Only the parts that compute them are called.

        Return None until the parts have been found to encode whole rows exactly like `encoder`.
        """
        many = len(rows) >= MANY
        if not len(rows) or not self._same.get(many):
            return None
        parts = self._making(places)
        encoded = self._written(rows, parts, many)
        made = np.concatenate([np.arange(part.span.start, part.span.stop) for part in parts])
        if encoded is None or np.array_equal(made, places):
            return encoded
        return encoded[:, np.searchsorted(made, places)]

    def needed(self, size: int, places: IntArray) -> list[str] | None:
        """Return the columns that `outputs` needs to encode `size` rows. Return None if `outputs` cannot be used for this number
        of rows.
        """
        if not self._same.get(size >= MANY):
            return None
        return list(dict.fromkeys(name for part in self._making(places) for name in part.columns))

    def _making(self, places: IntArray) -> list[Part]:
        return [p for p in self._parts if ((places >= p.span.start) & (places < p.span.stop)).any()]

    def reading(self, columns: Sequence[str]) -> list[Any]:
        """Return the transformers that use any of these columns. The list is empty until the parts have been found to encode
        whole rows exactly like `encoder`.
        """
        return [p.transformer for p in self._parts if set(p.columns) & set(columns)] if any(self._same.values()) else []

    def _written(self, rows: pd.DataFrame, parts: Sequence[Part], many: bool) -> FloatArray | None:
        """Return the concatenated outputs of the parts for the rows, or None if a transformer raises an error."""
        widths = [part.span.stop - part.span.start for part in parts]
        encoded = np.zeros((len(rows), sum(widths)))
        try:
            for part, stop, width in zip(parts, np.cumsum(widths).tolist(), widths, strict=True):
                _write(encoded, slice(stop - width, stop), part, rows[part.columns], self._array, many)
        except Exception:  # the user's transformers can fail on parts; any real error will come from the whole encoder
            return None
        return encoded


def _parts(encoder: Any) -> tuple[Part, ...]:
    """Return the parts of a column transformer that was fitted on named columns. For any other encoder, the result is empty."""
    if known_as(encoder) == "sklearn.Pipeline" and len(encoder.steps) == 1:
        return _parts(encoder.steps[0][1])
    if known_as(encoder) != "sklearn.ColumnTransformer" or not hasattr(encoder, "feature_names_in_"):
        return ()
    seen, found = [*map(str, encoder.feature_names_in_)], []
    for name, transformer, columns in encoder.transformers_:
        span = encoder.output_indices_.get(name, slice(0, 0))
        if span.stop == span.start:
            continue
        if isinstance(transformer, str) or np.isscalar(columns):
            return ()
        names = [seen[i] for i in positions(columns, seen)]
        sources = structure(transformer, tuple(names)) or []
        local = len(sources) == span.stop - span.start and all(len(one) == 1 for one in sources)
        blocks = tuple(np.flatnonzero([name in s for s in sources]) for name in names)
        if len(names) == 1:  # with one column, any output is local
            local, blocks = True, (np.arange(span.stop - span.start),)
        found.append(Part(transformer, names, span, blocks if local else None))
    return tuple(found)


def _write(
    encoded: FloatArray,
    span: slice,
    part: Part,
    frame: pd.DataFrame,
    array: Callable[[Any], FloatArray],
    many: bool,
) -> None:
    """Write the outputs of a part into the columns `span` of `encoded`, an array of zeros (m, width).

    If there are many rows and few distinct texts, each text is encoded only once.
    """
    found = [_distinct(frame[name]) for name in part.columns] if part.blocks is not None and many else [None]
    known = [one for one in found if one is not None]
    size = max((len(texts) for _, texts in known), default=0)
    if len(known) < len(found) or size > FEW * len(frame):
        encoded[:, span] = array(part.transformer.transform(as_objects(frame)))
        return
    padded = {
        name: np.append(texts, [texts[0]] * (size - len(texts)))
        for name, (_, texts) in zip(part.columns, known, strict=True)
    }
    few = array(part.transformer.transform(pd.DataFrame(padded, dtype=object)))
    for (codes, _), block in zip(known, part.blocks or (), strict=True):
        _scatter(encoded, span.start + block, few[:, block], codes)


def _scatter(encoded: FloatArray, block: IntArray, few: FloatArray, codes: IntArray) -> None:
    """Write `few[codes]` into the columns `block` of `encoded`, which contain zeros. Zeros are skipped, because most entries of
    one-hot rows are zero.
    """
    filled = few != 0
    order = np.argsort(~filled, axis=1, kind="stable")[:, : int(filled.sum(axis=1).max(initial=0))]
    values, first = np.take_along_axis(few, order, axis=1), np.arange(len(codes)) * encoded.shape[1]
    for at, value in zip(block[order].T, values.T, strict=True):
        same = bool((value == value[0]).all())  # such as the ones in one-hot rows
        encoded.reshape(-1)[first + at[codes]] = value[0] if same else value[codes]


def _distinct(values: pd.Series) -> tuple[IntArray, Any] | None:
    """Return the code of each value in a column of strings, and the distinct strings. A missing value counts as one of the
    strings. Return None if the column contains values of other types.
    """
    known = coded_texts(values)
    if known is not None:
        codes, texts = _used(*known)
    elif values.dtype != object or pd.api.types.infer_dtype(values, skipna=True) != "string":
        return None
    else:
        codes, texts = pd.factorize(values.to_numpy())
    missing = codes < 0
    return (np.where(missing, len(texts), codes), np.append(texts, np.nan)) if missing.any() else (codes, texts)


def _used(codes: IntArray, texts: Any) -> tuple[IntArray, Any]:
    """Remove the strings whose code does not occur. Return the new codes and the remaining strings."""
    held = np.bincount(codes + 1, minlength=len(texts) + 1)[1:] > 0
    if held.all():
        return codes, texts
    places = np.append(np.cumsum(held) - 1, -1)  # code -1 selects the last
    return places[codes], texts[held]
