"""Combination of several network inputs into one encoded tensor, with integer levels as one-hot columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError

from .column_lineage import PartSources, Sources, Structured
from .encoding import apply

TRIED = 64  # rows on which an encoder is tried


@dataclass(frozen=True)
class Levels:
    """Levels coded as whole numbers from `low` to `low + size - 1`. Each level has its own encoded column."""

    low: int
    size: int


@dataclass(frozen=True, eq=False)
class Part:
    """An encoder (None if numbers are used unchanged), the columns that it uses (`reads`), and the levels of each of its outputs
    (None for a number).
    """

    encoder: Any
    reads: tuple[str, ...]
    levels: tuple[Levels | None, ...] = ()

    @property
    def width(self) -> int:
        """The number of encoded columns. Each level has a column of its own."""
        return sum(1 if one is None else one.size for one in self.levels)

    def encode(self, rows: pd.DataFrame) -> FloatArray:
        """Return the output (n, c) of the encoder, which the original network takes as input."""
        return apply(self.encoder, rows[list(self.reads)])

    def transform(self, rows: pd.DataFrame) -> FloatArray:
        """Return the encoded rows (n, width), with levels as one-hot columns."""
        return self.of_codes(self.encode(rows))

    def of_codes(self, codes: FloatArray) -> FloatArray:
        """Convert the output (n, c) of the encoder to encoded rows (n, width), with levels as one-hot columns."""
        return np.column_stack([_columns(codes[:, j], one) for j, one in enumerate(self.levels)])


class SideBySide(Structured):
    """Several encoders whose outputs are concatenated. If several encoders use the same column, each of them adds its own encoded
    columns.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        names = tuple(dict.fromkeys(chain.from_iterable(part.reads for part in parts)))
        self.feature_names_in_ = np.array(names, dtype=object)

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(map(str, self.feature_names_in_))

    def with_levels(self, levels: Sequence[tuple[Levels | None, ...]]) -> SideBySide:
        """Return a copy in which the output columns of each encoder are associated with the given category levels."""
        return SideBySide([replace(part, levels=one) for part, one in zip(self.parts, levels, strict=True)])

    def transform(self, rows: pd.DataFrame) -> FloatArray:
        return np.concatenate([part.transform(rows) for part in self.parts], axis=1)

    def beside(self) -> list[tuple[Any, tuple[str, ...]]]:
        return [(SideBySide([part]) if any(part.levels) else part.encoder, part.reads) for part in self.parts]

    def sources(self, inputs: Sources, of: PartSources) -> Sources:
        place = {name: i for i, name in enumerate(self.reads)}
        result: Sources = []
        for part in self.parts:
            own = of(part.encoder, [inputs[place[name]] for name in part.reads], len(part.levels), [*part.reads])
            for source, one in zip(own, part.levels, strict=True):
                result += [source] * (1 if one is None else one.size)
        return result


def _columns(codes: FloatArray, levels: Levels | None) -> FloatArray:
    if levels is None:
        return codes
    places = codes - levels.low
    wrong = ~((places >= 0) & (places < levels.size) & (places == np.floor(places)))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ModelError(
            f"an embedding needs whole numbers from {levels.low} to {levels.low + levels.size - 1}, but the encoder of its input "
            f"returned {codes[row]:g} (row {row}). Use an encoder that maps all levels, including unknown levels, to this range"
        )
    return np.eye(levels.size)[places.astype(np.int64)]


def side_by_side(encoders: Sequence[Any], frame: pd.DataFrame) -> SideBySide:
    """Combine encoders, each with the columns on which it was fitted. An encoder without column names uses all input columns."""
    columns = tuple(map(str, frame.columns))
    parts = []
    for i, encoder in enumerate(encoders):
        names = getattr(encoder, "feature_names_in_", None)
        reads = columns if names is None else tuple(map(str, names))
        missing = [name for name in reads if name not in columns]
        if missing:
            reads = tuple(name for name in reads if name in columns)
            try:  # columns on which the encoder was fitted but which it does not use may be absent, as in scikit-learn
                apply(encoder, frame[list(reads)].iloc[:TRIED])
            except ModelError as error:
                raise ModelError(
                    f"encoder {i + 1} reads columns that are not input columns of this table: "
                    f"{', '.join(map(repr, missing))}. Load the table with these columns as inputs. Without these columns, "
                    f"{error}"
                ) from error
        parts.append(Part(encoder, reads))
    return SideBySide(parts)
