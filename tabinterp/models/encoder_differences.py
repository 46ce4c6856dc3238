"""Derivatives of encoder steps by finite differences. They exist only for columns in which the steps are smooth.

Each derivative is a central difference. Its step size is chosen using the rows of the table. Both one-sided differences must
agree with the central difference, and so must differences with larger steps. If no step size meets these conditions, the column
has no derivative. Typical causes are rounding, bins, values with a special meaning, and values at the edge of a function's
domain.
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
)  # in standard deviations of a column of the head; the second is for encoders that compute in single precision
NEAREST = 1e-8  # relative steps treat smaller absolute values as this proportion of the standard deviation
LARGER, LARGEST = 8.0, 1000.0  # multiples of the step size at which differences must agree (the last: on average)
CENTRAL, SIDE = 0.02, 0.2  # accepted relative disagreement of central and of one-sided differences
ROUGH = 0.02  # share of rows in which differences may disagree, as they do near a kink
NEGLIGIBLE = 1e-6  # smaller slopes are rounding errors; both columns are measured in their standard deviations
ALIKE = 1e-4  # in standard deviations: accepted effect of other rows in the batch on an encoded row
LITTLE = 1000.0  # multiple of negligible slopes below which a difference between sides is ignored
ROWS, FEWEST = 400, 64  # rows on which a column is examined
CELLS = 4_000_000  # encoded cells in memory for one set of differences
EXAMINED = 40 * CELLS
FREQUENT = 8  # number of most frequent values of a column that are always examined


@dataclass(frozen=True, eq=False)
class Steps:
    """Step sizes for finite differences, one for each input column (c,) of the encoder steps.

    If `relative` is true for a column, its step is proportional to the absolute value in the row, within limits that depend on
    `scale`. Otherwise, its step is `size`.

    `usual` (c, d) contains typical absolute derivatives, and `smooth` (c,) marks the columns that have derivatives.
    """

    size: FloatArray
    relative: NDArray[np.bool_]
    scale: FloatArray
    usual: FloatArray
    smooth: NDArray[np.bool_]

    def at(self, x: FloatArray, columns: IntArray) -> FloatArray:
        """Return the step sizes (m, c) for these columns at the values `x` (m, c)."""
        size = np.broadcast_to(self.size[columns], x.shape)
        return np.where(self.relative[columns], _relative(x, self.scale[columns]), size)


def _relative(x: FloatArray, scale: FloatArray) -> FloatArray:
    return STEP * np.clip(np.abs(x), NEAREST * scale, scale)


def leaves(mix: Mix, own: IntArray, encoded: IntArray) -> Iterator[tuple[Mix | None, IntArray, IntArray]]:
    """Yield the functions that `mix` applies to separate sets of columns, each with its input columns and its output columns. A
    function that leaves its inputs unchanged is yielded as None.
    """
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
    """Apply the chain rule: return gradients (m, c, k) with respect to the inputs `x` (m, c) of `mix`.

    `gradient` contains the gradients (m, d, k) with respect to the outputs of `mix`. For columns without a derivative, the
    returned gradient is zero.
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
    """Return the mean of the one-sided derivatives or, at a kink or near a jump, the one with the smaller absolute value."""
    least = np.minimum(np.abs(after), np.abs(before))
    bent = np.abs(after - before) > usual + least
    mean = (after + before) / 2
    return np.where(bent, np.where(np.abs(after) < np.abs(before), after, before), mean) if bent.any() else mean


# ---- the choice of steps


def steps_of(mix: Mix, x: FloatArray, encoded: FloatArray) -> Steps:
    """Choose the step sizes for central differences, from rows `x` (n, c) and the outputs of `mix` for these rows (n, d)."""
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
    """Return the positions of a sample of rows. The sample includes rows with the lowest, the highest and the most frequent
    values.
    """
    if len(values) <= size:
        return np.arange(len(values))
    _, first, count = np.unique(values, return_index=True, return_counts=True)
    ends = first[[0, -1, *np.argsort(-count, kind="stable")[:FREQUENT]]]
    return np.union1d(np.random.default_rng(0).choice(len(values), size, replace=False), ends)


def _chosen(
    mix: Mix, x: FloatArray, place: int, scale: float, negligible: FloatArray
) -> tuple[float, bool, FloatArray] | None:
    """Return three values for the column at `place`: the step size, whether it is relative to the values, and typical absolute
    derivatives (d,). Return None if the encoder is not smooth in this column.
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
    """Return typical absolute derivatives (d,) with respect to the column at `place`. They are computed by differences with
    several step sizes, which are multiples of `steps` (n,). Return None if the results for different multiples disagree.
    """
    here, unit = mix(x), np.eye(x.shape[1])[place]
    sides: list[tuple[FloatArray, FloatArray]] = []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for multiple in multiples:
            size = multiple * steps[:, None]
            try:
                up, down = mix(x + size * unit), mix(x - size * unit)
            except Exception:  # the user's transformers need not accept values that occur in no row
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

    # For a smooth function, sides differ by the second derivative times the step; at a jump, by the jump divided by the step.
    bend, bend_larger = np.abs(after - before), np.abs(after_larger - before_larger)
    curved = (bend_larger > LARGER / 2 * bend) & (bend_larger < LARGER * 2 * bend)
    sides_near = [near(central, side, SIDE) for side in (after, before, after_larger, before_larger)]
    smooth = (near(central, larger, CENTRAL) & (curved | np.all(sides_near, axis=0))).all(axis=1)
    lasting = [(curved | near(*pair, SIDE)).all(axis=1) for pair in ((after, after_larger), (before, before_larger))]
    if (~smooth).mean() > ROUGH or not (smooth | lasting[0] | lasting[1]).all():
        return None
    # Outputs that do not change with a small step, because of precision or between jumps, change with a larger one.
    known = np.isfinite(largest).all(axis=1)
    hidden = np.abs(largest - central)[known].sum(axis=0) > (SIDE * usual + negligible) * known.sum()
    return None if hidden.any() else usual + LITTLE * negligible
