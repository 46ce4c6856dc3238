"""Derivatives of the steps of an encoder by differences, for the columns in which these are smooth.

A derivative is a central difference whose step was chosen on the rows of the table: one at which differences on either side, and
with larger steps, agree. A column without such a step (special values, rounding, bins, the edge of a domain) has no derivative.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabinterp.arrays import FloatArray, IntArray

from .encoder_head import Joined, Mix, Refilled

STEP, COARSE = (
    1e-4,
    1e-2,
)  # standard deviations of a column of the head; the second where the encoder computes in single precision
NEAREST = 1e-8  # steps relative to a value are at least those relative to this share of the standard deviation
LARGER, LARGEST = 8.0, 1000.0  # steps with which differences must agree, as multiples; the last on average over rows
CENTRAL, SIDE = 0.02, 0.2  # relative disagreement of central and of one-sided differences that is accepted
ROUGH = 0.02  # share of rows in which differences may disagree, as they do near a kink
NEGLIGIBLE = 1e-6  # standard deviations per standard deviation: smaller slopes are rounding
ALIKE = 1e-4  # standard deviations: what other rows of a batch may change in an encoded row
LITTLE = 1000.0  # as a multiple: sides that differ by less are taken together
ROWS, FEWEST = 400, 64  # rows that a column is examined on
CELLS = 4_000_000  # encoded cells that are held for one set of differences
EXAMINED = 40 * CELLS
FREQUENT = 8  # most frequent values of a column, which are examined whatever rows are drawn


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps of the columns of a head (c,): `size`, multiplied by the distance of a value from zero (in `scale`) where `relative`.

    `usual` (c, d) are the mean sizes of the slopes, `smooth` (c,) the columns that have any.
    """

    size: FloatArray
    relative: NDArray[np.bool_]
    scale: FloatArray
    usual: FloatArray
    smooth: NDArray[np.bool_]

    def at(self, x: FloatArray, columns: IntArray) -> FloatArray:
        """Return the steps (m, c) of these columns, of which `x` (m, c) holds values."""
        size = np.broadcast_to(self.size[columns], x.shape)
        return np.where(self.relative[columns], _relative(x, self.scale[columns]), size)


def _relative(x: FloatArray, scale: FloatArray) -> FloatArray:
    return STEP * np.clip(np.abs(x), NEAREST * scale, scale)


def leaves(mix: Mix, own: IntArray, encoded: IntArray) -> Iterator[tuple[Mix | None, IntArray, IntArray]]:
    """Yield the parts of `mix` (None: unchanged), each with the columns that it takes and those that it makes."""
    if isinstance(mix, Joined):
        for part, taken, made in mix.places():
            if part is None:
                yield None, own[taken], encoded[made]
            else:
                yield from leaves(part, own[taken], encoded[made])
    elif isinstance(mix, Refilled):
        numbers = len(mix.shown.numbers)
        yield None, own[numbers:], encoded[mix.shown.alone]
        yield mix.of_numbers, own[:numbers], encoded[mix.mixed]
    else:
        yield mix, own, encoded


def pulled(mix: Mix, steps: Steps, x: FloatArray, gradient: FloatArray) -> FloatArray:
    """Return gradients (m, c, k) by the columns that `mix` takes, at rows (m, c), from those (m, d, k) by the columns it makes.

    They are zero for columns that have no slope.
    """
    made = np.zeros((*x.shape, gradient.shape[2]))
    for part, own, encoded in leaves(mix, np.arange(x.shape[1]), np.arange(gradient.shape[1])):
        if part is None:
            made[:, own] = gradient[:, encoded]
        elif len(encoded) and steps.smooth[own].any():
            made[:, own] = _pulled(part, steps, own, encoded, x[:, own], gradient[:, encoded])
    return made


def _pulled(
    mix: Mix, steps: Steps, own: IntArray, encoded: IntArray, x: FloatArray, gradient: FloatArray
) -> FloatArray:
    width, moving = x.shape[1], np.flatnonzero(steps.smooth[own])
    made = np.zeros((*x.shape, gradient.shape[2]))
    usual, unit = steps.usual[np.ix_(own[moving], encoded)], np.eye(width)[moving]
    together = max(1, CELLS // (len(moving) * max(gradient.shape[1], width)))
    for i in range(0, len(x), together):
        few = x[i : i + together]
        size = steps.at(few[:, moving], own[moving])[:, :, None]
        here = mix(few)[:, None]
        up, down = (
            mix((few[:, None] + sign * size * unit).reshape(-1, width)).reshape(len(few), len(moving), -1)
            for sign in (1.0, -1.0)
        )
        slope = _slope((up - here) / size, (here - down) / size, usual)
        made[i : i + together, moving] = slope @ gradient[i : i + together]
    return made


def _slope(after: FloatArray, before: FloatArray, usual: FloatArray) -> FloatArray:
    """Return the mean of the slopes on both sides; at kinks and beside jumps, the smaller one."""
    least = np.minimum(np.abs(after), np.abs(before))
    bent = np.abs(after - before) > usual + least
    mean = (after + before) / 2
    return np.where(bent, np.where(np.abs(after) < np.abs(before), after, before), mean) if bent.any() else mean


# ---- the choice of steps


def steps_of(mix: Mix, x: FloatArray, encoded: FloatArray) -> Steps:
    """Choose steps on rows (n, c) and what `mix` makes of them (n, d)."""
    spread = x.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    out = encoded.std(axis=0)
    out = np.where(out > 0, out, np.maximum(np.abs(encoded).max(axis=0), 1e-300))
    none = np.zeros(len(scale), dtype=bool)
    steps = Steps(STEP * scale, none, scale, np.zeros((len(scale), len(out))), ~none)
    for part, own, made in leaves(mix, np.arange(x.shape[1]), np.arange(encoded.shape[1])):
        if part is None or not len(made):
            continue
        half = x[: (len(x) + 1) // 2, own]
        if not (np.abs(part(half) - encoded[: len(half), made]) <= ALIKE * out[made]).all():  # depends on other rows
            steps.smooth[own] = False
            continue
        size = int(np.clip(EXAMINED // (len(own) * len(made)), FEWEST, ROWS))
        for place, column in enumerate(own):
            rows = x[_examined(x[:, column], size)][:, own]
            found = _chosen(part, rows, place, scale[column], NEGLIGIBLE * out[made] / scale[column])
            steps.smooth[column] = found is not None
            if found is not None:
                steps.size[column], steps.relative[column], steps.usual[column, made] = found
    return steps


def _examined(values: FloatArray, size: int) -> IntArray:
    """Return rows, among them one with each of the most frequent values, the lowest and the highest."""
    if len(values) <= size:
        return np.arange(len(values))
    _, first, count = np.unique(values, return_index=True, return_counts=True)
    ends = first[[0, -1, *np.argsort(-count, kind="stable")[:FREQUENT]]]
    return np.union1d(np.random.default_rng(0).choice(len(values), size, replace=False), ends)


def _chosen(
    mix: Mix, x: FloatArray, place: int, scale: float, negligible: FloatArray
) -> tuple[float, bool, FloatArray] | None:
    """Return the size of the steps, whether it is relative to values, and the usual slopes (d,); None if the encoder is not
    smooth in this column.
    """
    whole = np.full(len(x), scale)
    tried = (
        (STEP * whole, (1.0, LARGER, LARGEST), False),
        (_relative(x[:, place], whole), (1.0, LARGER, LARGEST), True),
        (COARSE * whole, (1.0, LARGER), False),
    )
    for steps, multiples, relative in tried:
        usual = _usual(mix, x, place, steps, multiples, negligible)
        if usual is not None:
            return float(steps[0]), relative, usual
    return None


def _usual(
    mix: Mix, x: FloatArray, place: int, steps: FloatArray, multiples: tuple[float, ...], negligible: FloatArray
) -> FloatArray | None:
    """Return the mean size (d,) of slopes with these steps (n,); None if differences disagree."""
    here, unit = mix(x), np.eye(x.shape[1])[place]
    sides: list[tuple[FloatArray, FloatArray]] = []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for multiple in multiples:
            size = multiple * steps[:, None]
            try:
                up, down = mix(x + size * unit), mix(x - size * unit)
            except Exception:  # the user's transformers, which need not accept values that no row holds
                return None
            sides.append(((up - here) / size, (here - down) / size))
        if not all(np.isfinite(one).all() for pair in sides[:2] for one in pair):
            return None
        return _agreed(sides, negligible)


def _agreed(sides: list[tuple[FloatArray, FloatArray]], negligible: FloatArray) -> FloatArray | None:
    (after, before), (after_larger, before_larger), *_ = sides
    central, larger, largest = ((a + b) / 2 for a, b in (sides[0], sides[1], sides[-1]))
    least = np.min(np.abs([central, larger, after, before, after_larger, before_larger]), axis=0)
    usual = least.mean(axis=0)

    def near(a: FloatArray, b: FloatArray, within: float) -> NDArray[np.bool_]:
        allowed = within * (np.minimum(np.abs(a), np.abs(b)) + usual) + negligible
        return np.asarray(np.abs(a - b) <= allowed)

    # Sides differ by the second derivative times the step; by a jump or rounding divided by it.
    bend, bend_larger = np.abs(after - before), np.abs(after_larger - before_larger)
    curved = (bend_larger > LARGER / 2 * bend) & (bend_larger < LARGER * 2 * bend)
    sides_near = [near(central, side, SIDE) for side in (after, before, after_larger, before_larger)]
    smooth = (near(central, larger, CENTRAL) & (curved | np.all(sides_near, axis=0))).all(axis=1)
    lasting = [(curved | near(*pair, SIDE)).all(axis=1) for pair in ((after, after_larger), (before, before_larger))]
    if (~smooth).mean() > ROUGH or not (smooth | lasting[0] | lasting[1]).all():
        return None
    # Values that a small step leaves as they are, for want of precision or between jumps, move with a larger one.
    known = np.isfinite(largest).all(axis=1)
    hidden = np.abs(largest - central)[known].sum(axis=0) > (SIDE * usual + negligible) * known.sum()
    return None if hidden.any() else usual + LITTLE * negligible
