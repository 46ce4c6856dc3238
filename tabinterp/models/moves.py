"""Moves, which replace the values in some columns of a row with the values of another row, and their effect on encoded columns.

If the encoder mixes columns, an encoded column can depend on a column whose values are replaced and also on the columns that are
mixed with it. Only the steps that compute the affected encoded columns run again. These steps are either the last steps of the
encoder or some parts of a column transformer. The last steps are applied to the stored output of the encoder's head, which
encodes each column separately (see `Tail` and `encoder_head`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray, IntArray

from .encoder_head import Joined, Mix, Refilled
from .encoding import Encoding


@dataclass(frozen=True, eq=False)
class Step:
    """A step that an encoder applies to the output of its head. `mix` maps the columns `taken` of this output to the columns
    `made` of the encoded rows. `mix` is None if the step leaves its input unchanged.
    """

    mix: Mix | None
    taken: slice
    made: slice


@dataclass(frozen=True, eq=False)
class Move:
    """The replacement of the values in `columns` by those of other rows, which changes the encoded columns `outputs`.

    These encoded columns depend only on the columns in `columns` and `beside`. If the head of the encoder encodes `columns`
    separately, `block` contains the positions of their encodings in the output of the head. `steps` then contains the later steps
    that compute `outputs`.
    """

    encoding: Encoding
    columns: tuple[str, ...]
    outputs: IntArray
    beside: tuple[str, ...]
    block: IntArray | None = None
    steps: tuple[Step, ...] = ()

    @property
    def is_shown(self) -> bool:
        """True if the affected encoded columns are known only from a probe of the encoder."""
        return any(isinstance(step.mix, Refilled) for step in self.steps)

    def encoded(
        self, frame: pd.DataFrame, head: FloatArray | None, receivers: IntArray, donors: IntArray
    ) -> FloatArray:
        """Return the values (m, outputs) of the encoded columns `outputs` for the rows `receivers`, after the values in `columns`
        are replaced by those in the rows `donors`.

        `head` (n, c) is the output of the encoder's head for the rows of `frame`. It is not used if `block` is None.
        """
        if not len(self.outputs):
            return np.empty((len(receivers), 0))
        if self.block is None or head is None:

            def rows(names: Sequence[str]) -> pd.DataFrame:
                return moved_rows(frame[list(names)], self.columns, receivers, donors)

            return self.encoding.outputs(rows, len(receivers), self.outputs)
        encoded = np.empty((len(receivers), len(self.outputs)))
        for step in self.steps:
            x = head[receivers, step.taken]
            own = self.block[(self.block >= step.taken.start) & (self.block < step.taken.stop)]
            x[:, own - step.taken.start] = head[donors[:, None], own]
            at = np.flatnonzero((self.outputs >= step.made.start) & (self.outputs < step.made.stop))
            encoded[:, at] = _made(step.mix, x, self.outputs[at] - step.made.start)
        return encoded


def move_of(encoding: Encoding, columns: Sequence[str]) -> Move:
    """Return the `Move` that replaces the values in these columns."""
    tail = None if encoding.goes_by_parts(columns) else encoding.tail
    if tail is None or not all(tail.head.local[c] for c in columns):
        return Move(encoding, tuple(columns), *_reach(encoding.blocks, columns))
    shown = tail.mix.blocks() if isinstance(tail.mix, Refilled) else None
    outputs, beside = _reach(shown or encoding.blocks, columns)
    whole = Step(tail.mix, slice(0, tail.head.width), slice(0, encoding.width))
    steps = [Step(*one) for one in tail.mix.places()] if isinstance(tail.mix, Joined) else [whole]
    made = tuple(one for one in steps if ((outputs >= one.made.start) & (outputs < one.made.stop)).any())
    block = np.unique(np.concatenate([tail.head.blocks[c] for c in columns]))
    return Move(encoding, tuple(columns), outputs, beside, block, made)


def by_whole_encoder(encoding: Encoding, columns: Sequence[str]) -> Move:
    """Return a `Move` that replaces the values in these columns and then encodes whole rows."""
    others = tuple(c for c in encoding.columns if c not in columns)
    return Move(encoding, tuple(columns), np.arange(encoding.width), others)


def moved_rows(frame: pd.DataFrame, columns: Sequence[str], receivers: IntArray, donors: IntArray) -> pd.DataFrame:
    """Return the rows `receivers` of the frame, with the values of these columns replaced by those in the rows `donors`."""
    return pd.DataFrame({c: frame[c].array.take(donors if c in columns else receivers) for c in frame.columns})


def _reach(blocks: dict[str, IntArray], columns: Sequence[str]) -> tuple[IntArray, tuple[str, ...]]:
    """Return the encoded columns that depend on `columns`, and the names of all other columns on which these encoded columns
    depend.
    """
    outputs = np.unique(np.concatenate([blocks[c] for c in columns]))
    return outputs, tuple(c for c in blocks if c not in columns and np.isin(blocks[c], outputs).any())


def _made(mix: Mix | None, x: FloatArray, outputs: IntArray) -> FloatArray:
    if isinstance(mix, Refilled):
        return mix.only(x, outputs)
    return (x if mix is None else mix(x))[:, outputs]
