"""How long an audit will take on this machine."""

from __future__ import annotations

import time

import numpy as np

from tabinterp.analyses.conditional_importance.estimator import REPEATS
from tabinterp.analyses.context import GRADIENT_ROWS
from tabinterp.analyses.effects.estimator import AUDITED_COLUMNS as EFFECT_COLUMNS
from tabinterp.analyses.effects.estimator import POINTS
from tabinterp.analyses.hidden_units.audited_units import CELLS as UNIT_CELLS
from tabinterp.analyses.interactions.estimator import ROWS as PAIR_ROWS
from tabinterp.analyses.interactions.screening import PAIR_MOVES
from tabinterp.analyses.shapley_values.estimator import AUDITED_ROWS as SHAPLEY_ROWS
from tabinterp.analyses.shapley_values.estimator import BACKGROUND
from tabinterp.analyses.trust.estimator import passes
from tabinterp.models import BoundModel

# As audits of the bundled tables took: seconds whatever the size, and times what is counted of the rest.
OTHERWISE, SLOWER = 12, 1.5


def forecast(network: BoundModel, rows: int, fits: bool, read: int | None = None) -> str:
    """How long an audit takes, in words; a rough estimate: passes over the rows, each at the speed just measured.

    `read`: rows that are read in batches, where these are more than the network is bound to.
    """
    sample = network.take(np.arange(min(len(network.table), 4096)))
    _ = sample.rest(sample.z).cpu()
    start = time.perf_counter()
    _ = sample.rest(sample.z).cpu()  # a device may still be at work when it has been asked
    a_row = (time.perf_counter() - start) / len(sample.table)
    mixed = sum(not network.is_local((c,)) for c in network.columns)  # moved by encoding whole rows again
    beyond = max(0, (read or 0) - len(network.table))
    encoded = _encoding_seconds(sample) if mixed or beyond else 0.0
    held_out = len(network.table) if network.table.held_out is None else int(network.table.held_out.sum())
    few = min(held_out, rows)
    columns, width, outputs = len(network.columns), network.x.shape[1], len(network.outputs)
    moves = (14 + 2 * 2 * REPEATS) * columns * few + 1.5 * width * held_out
    gradients = 3 * outputs * 400 * min(few, GRADIENT_ROWS)
    harder = 1 if outputs == 1 else 3 * outputs  # rows are sampled until the last output is exact enough
    games = harder * 2 * columns * BACKGROUND * min(few, SHAPLEY_ROWS)
    pairs = min(PAIR_MOVES, few * columns**2 // 2) + 500 * min(few, PAIR_ROWS)
    readings = games + min(columns, EFFECT_COLUMNS) * POINTS * few + pairs
    hidden = sum(value.shape[1] for value in network.take(np.arange(1)).activations().values())
    moves += 0.4 * min(UNIT_CELLS, hidden * few)  # behind a unit's layer
    fit = 3e-9 * len(network.table) * width * outputs * 100 if fits else 0.0
    refits = columns * (0.07 + 2.5e-5 * len(network.table)) * (5 + outputs) / 6
    again = encoded * 2 * (10 * mixed * few + readings) if mixed else 0.0
    trees = 5e-5 * (len(network.table) - held_out) * (1 + outputs) / 2
    counted = (
        trees
        + refits
        + a_row * (moves + gradients + readings + passes(columns))
        + again
        + fit
        + 6e-5 * held_out * 7
        + beyond * (4 * encoded + 10 * a_row)
    )
    total = OTHERWISE + SLOWER * counted
    return f"{total:.0f} seconds" if total < 90 else f"{total / 60:.0f} minutes"


def _encoding_seconds(sample: BoundModel) -> float:
    """Seconds to encode a row, as one of several hundred."""
    few = sample.table.inputs.iloc[:512]
    start = time.perf_counter()
    sample.encoding.transform(few)
    return (time.perf_counter() - start) / len(few)
