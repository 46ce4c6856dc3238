"""Moves of columns that an encoder mixes with others: which encoded columns change, and their new values.

The encoded columns that depend on a moved column depend on the columns mixed with it, and on nothing else. So only what makes
them is asked again: the last steps of the encoder, on what its head has made already (see `Tail`), or some parts of a column
transformer; a pair of rows that agrees with another in all these columns has the same values.
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
    """A last step of an encoder (None: nothing): the columns of the head that it takes, and those that it makes."""

    mix: Mix | None
    taken: slice
    made: slice


@dataclass(frozen=True, eq=False)
class Move:
    """These `columns` are taken from other rows: the encoded columns `outputs` change.

    They depend on the moved columns, on those `beside` them, and on no other. Where the head of the encoder treats the moved
    columns on their own, `block` are its columns, and `steps` those after it that make `outputs`.
    """

    encoding: Encoding
    columns: tuple[str, ...]
    outputs: IntArray
    beside: tuple[str, ...]
    block: IntArray | None = None
    steps: tuple[Step, ...] = ()

    @property
    def is_shown(self) -> bool:
        """Whether only a probe of the encoder tells what the columns change."""
        return any(isinstance(step.mix, Refilled) for step in self.steps)

    def encoded(
        self, frame: pd.DataFrame, head: FloatArray | None, receivers: IntArray, donors: IntArray
    ) -> FloatArray:
        """Return the `outputs` (m, outputs) of the receivers' rows with the columns of the donors'; `head` (n, c) is what the
        head makes of the frame, needed where there is a `block`.
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
    """Return what a move of these columns changes."""
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
    """Return the move for which the encoder is asked about whole rows."""
    others = tuple(c for c in encoding.columns if c not in columns)
    return Move(encoding, tuple(columns), np.arange(encoding.width), others)


def moved_rows(frame: pd.DataFrame, columns: Sequence[str], receivers: IntArray, donors: IntArray) -> pd.DataFrame:
    """Return the receivers' rows of the frame with these columns taken from the donors' rows."""
    return pd.DataFrame({c: frame[c].array.take(donors if c in columns else receivers) for c in frame.columns})


def _reach(blocks: dict[str, IntArray], columns: Sequence[str]) -> tuple[IntArray, tuple[str, ...]]:
    """Return the encoded columns that these columns change, and the other columns that change them."""
    outputs = np.unique(np.concatenate([blocks[c] for c in columns]))
    return outputs, tuple(c for c in blocks if c not in columns and np.isin(blocks[c], outputs).any())


def _made(mix: Mix | None, x: FloatArray, outputs: IntArray) -> FloatArray:
    if isinstance(mix, Refilled):
        return mix.only(x, outputs)
    return (x if mix is None else mix(x))[:, outputs]
