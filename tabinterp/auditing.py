"""`audit(model, table)`: every reading of a network and of its linear counterpart, as one document."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from .assembly import Results, document
from .audited import Audit, judged
from .comparison.calibration import calibration
from .comparison.decomposition import decompose
from .comparison.disagreement import disagreement
from .comparison.ladder import ladder
from .comparison.performance import compare
from .errors import ModelError, NotApplicableError, TabinterpError
from .models import Bound, Model, bind
from .models.counterpart import fit_counterpart
from .readouts.coefficients import of_linear, of_network
from .readouts.effects import POINTS, effects
from .readouts.gradients import METHODS as GRADIENTS
from .readouts.gradients import gradient_importance
from .readouts.grids import SMALL
from .readouts.interactions import ROWS as PAIR_ROWS
from .readouts.interactions import Interactions, interactions
from .readouts.neurons import neuron_correlations
from .readouts.permutation import PermutationImportance, permutation_importance
from .readouts.screening import PAIR_MOVES
from .readouts.shapley import BACKGROUND, shapley_values
from .readouts.terms import find_terms
from .report.document import Message
from .table import Split, Table
from .table.draws import IntArray, chosen

ROWS = 20_000  # readings that take many passes use at most this many of the rows
GRADIENT_ROWS = 2_000
SHAPLEY_ROWS = 500
EFFECT_COLUMNS, EFFECT_CURVES = 8, 24  # the most columns, and the most curves over all outputs
EFFECT_POINT = 20  # rows for each point, so that the outer points, which get half as many, may be printed
PAIRS = 5

Progress = Callable[[str, float], None]  # what is being done, and the share of the whole that is finished


def audit(
    model: Model | Bound,
    table: Table,
    *,
    counterpart: Model | None = None,
    seed: int = 0,
    rows: int = ROWS,
    progress: Progress | None = None,
    announce: Callable[[str], None] | None = None,
) -> Audit:
    """Set a network beside its linear counterpart.

    Parameters
    ----------
    model : from `wrap` or `load_model`.
    table : rows to audit on. With a split, or a model that remembers one, the verdict and the readings are of the
        held-out rows; without one, readings are of all rows and the verdict is not assessed.
    counterpart : the user's own linear model; None: fitted on the same encoding, rows and split.
    seed : of every draw.
    rows : readings that take many passes over the rows use at most this many, drawn by hash.
    progress : called with a step's name and the share that is done. announce : called once with an estimate of the time.
    """
    clock = _Clock(progress)
    _check_settings(seed, rows)
    remembered = (model.model if isinstance(model, Bound) else model).split
    if remembered is not None:
        table = table.with_split(remembered) if table.split is None else _unseen(table, remembered)
    with clock("encode"):
        network = bind(model, table)
    if announce is not None:
        announce(f"About {_seconds(network, rows, counterpart is None)} on this machine.")
    with clock("counterpart"):
        linear = bind(counterpart or fit_counterpart(network, table, seed=seed), table)
    if not linear.is_linear:
        raise NotApplicableError(
            f"the counterpart {linear.model.name} is not linear: it has operations that are not affine"
        )
    held_out = table.held_out is not None
    evaluation = np.flatnonzero(table.held_out) if table.held_out is not None else np.arange(len(table))
    few = evaluation[np.sort(chosen(table.numbers[evaluation], rows, seed))]
    fewer = few[np.sort(chosen(table.numbers[few], GRADIENT_ROWS, seed))]
    with clock("performance"):
        performance = compare(network.take(evaluation), linear.take(evaluation), seed=seed, held_out=held_out)
    notes: list[Message] = []
    with clock("calibration"):
        calibrated = _optional("calibration", notes, lambda: (calibration(network), calibration(linear)))
    with clock("ladder of refits"):
        rungs = _optional("ladder of refits", notes, lambda: ladder(network, network.table, seed=seed))
    with clock("decomposition of the score"):
        shares = _optional("decomposition of the score", notes, lambda: decompose(network, network.table, seed=seed))
    with clock("disagreement"):
        differ = _optional("comparison of decisions", notes, lambda: disagreement(network, linear, seed=seed))
    with clock("coefficients"):
        coefficients = _optional("coefficients", notes, lambda: _coefficients(network, linear))
    with clock("permutation importance"):
        importance = _optional("permutation importance", notes, lambda: _importance(network, linear, few, seed, clock))
    with clock("gradients"):
        gradients = _optional("gradients", notes, lambda: _gradients(network, linear, fewer, seed, clock)) or []
    with clock("shapley values"):
        shapley = _optional("Shapley values", notes, lambda: _shapley(network, linear, few, seed, clock))
    each = few if network.is_local(network.columns) else fewer  # a move encodes whole rows again
    with clock("effect curves"):
        curves = _optional("effect curves", notes, lambda: _effects(network, linear, each, importance, seed, clock))
    with clock("interactions"):
        pairs = _optional("interactions", notes, lambda: _interactions(network.take(few), seed, clock))
    with clock("neurons"):
        neurons = _optional(
            "neurons", notes, lambda: neuron_correlations(network.take(few), table.take(few), seed=seed)
        )
    results = Results(
        network=network,
        linear=linear,
        held_out=held_out,
        seed=seed,
        limit=rows,
        performance=performance,
        coefficients=coefficients,
        importance=importance,
        gradients=gradients,
        shapley=shapley,
        effects=curves,
        interactions=pairs,
        neurons=neurons,
        notes=tuple(notes),
        calibration=calibrated,
        ladder=rungs,
        decomposition=shares,
        disagreement=differ,
    )
    made = document(results)
    run = {"seconds": clock.seconds, "threads": torch.get_num_threads()}
    return Audit(judged(made), run)


def _check_settings(seed: int, rows: int) -> None:
    if not 0 <= seed < 2**32:
        raise TabinterpError(f"a seed is a whole number from 0 to {2**32 - 1}; got {seed}")
    if rows < 2:
        raise TabinterpError(f"readings take at least two rows; got rows={rows}")


def _unseen(table: Table, remembered: Split) -> Table:
    """The table, whose own split must hold out no row that the model remembers to have been trained on."""
    if table.split == remembered or table.held_out is None:
        return table
    seen = int(np.sum(table.held_out & ~remembered.held_out(table.frame, table.codes, table.schema.labels)))
    if seen:
        raise ModelError(
            f"the model remembers which rows it was not trained on, and {seen} of the {int(table.held_out.sum())} rows that "
            f"this table's split holds out are not among them; leave the split out, and the model's own is used"
        )
    return table


def _coefficients(network: Bound, linear: Bound) -> tuple[Any, Any]:
    terms = find_terms(linear)
    if not terms:
        raise NotApplicableError("the encoder mixes all columns, so that none has a coefficient of its own")
    return of_linear(linear, terms), of_network(network, find_terms(network), terms)


def _importance(network: Bound, linear: Bound, rows: IntArray, seed: int, clock: _Clock) -> tuple[Any, Any]:
    parts = []
    for i, bound in enumerate((network, linear)):
        part = bound.take(rows)
        parts.append(
            permutation_importance(part, part.table, seed=seed, progress=lambda _, s, i=i: clock.within((i + s) / 2))  # type: ignore[misc]
        )
    return parts[0], parts[1]


def _gradients(network: Bound, linear: Bound, rows: IntArray, seed: int, clock: _Clock) -> list[tuple[Any, Any]]:
    parts = [bound.take(rows) for bound in (network, linear)]
    result = []
    for i, method in enumerate(GRADIENTS):
        made = [gradient_importance(part, part.table, method=method, seed=seed) for part in parts]
        result.append((made[0], made[1]))
        clock.within((i + 1) / len(GRADIENTS))
    return result


def _shapley(network: Bound, linear: Bound, rows: IntArray, seed: int, clock: _Clock) -> tuple[Any, Any]:
    few = rows[np.sort(chosen(network.table.numbers[rows], SHAPLEY_ROWS, seed))]
    if len(few) < SMALL:
        raise NotApplicableError(f"their means over fewer than {SMALL} rows would tell of single people")
    parts = [bound.take(few) for bound in (network, linear)]
    first = shapley_values(parts[0], parts[0].table, BACKGROUND, seed=seed, progress=lambda _, s: clock.within(s / 2))
    return first, shapley_values(parts[1], parts[1].table, BACKGROUND, seed=seed)


def _effects(
    network: Bound,
    linear: Bound,
    rows: IntArray,
    importance: tuple[PermutationImportance, PermutationImportance] | None,
    seed: int,
    clock: _Clock,
) -> tuple[Any, Any]:
    """Curves of the columns that matter most to either model, all outputs of which fit on a page."""
    if importance is None:
        raise NotApplicableError("they are drawn for the columns that matter most, which were not found")
    size = np.fmax(importance[0].importance, importance[1].importance)
    most = max(1, min(EFFECT_COLUMNS, EFFECT_CURVES // len(network.outputs)))
    columns = [importance[0].players[j] for j in np.argsort(-size, kind="stable")[:most]]
    grid = int(np.clip(len(rows) // EFFECT_POINT, 2, POINTS))
    parts = []
    for i, bound in enumerate((network, linear)):
        part = bound.take(rows)
        parts.append(effects(part, part.table, columns=columns, grid=grid, seed=seed))
        clock.within((i + 1) / 2)
    return parts[0], parts[1]


def _interactions(network: Bound, seed: int, clock: _Clock) -> Interactions:
    return interactions(network, network.table, top=PAIRS, seed=seed, progress=lambda _, s: clock.within(s))


def _optional(name: str, notes: list[Message], reading: Callable[[], Any]) -> Any:
    """The reading, or None and a note where it does not apply."""
    try:
        return reading()
    except NotApplicableError as error:
        notes.append(Message(key="not_assessed.reading", values={"reading": name, "reason": str(error)}))
        return None


def _seconds(network: Bound, rows: int, fits: bool) -> str:
    """A rough estimate of the whole: passes over the rows, each at the speed just measured."""
    sample = network.take(np.arange(min(len(network.table), 4096)))
    _ = sample.rest(sample.z)
    start = time.perf_counter()
    _ = sample.rest(sample.z)
    a_row = (time.perf_counter() - start) / len(sample.table)
    mixed = sum(not network.is_local((c,)) for c in network.columns)  # moved by encoding whole rows again
    encoded = _encoding_seconds(sample) if mixed else 0.0
    held_out = len(network.table) if network.table.held_out is None else int(network.table.held_out.sum())
    few = min(held_out, rows)
    columns, width, outputs = len(network.columns), network.x.shape[1], len(network.outputs)
    moves = 14 * columns * few + 1.5 * width * held_out
    gradients = 3 * outputs * 400 * min(few, GRADIENT_ROWS)
    games = 2 * columns * BACKGROUND * min(few, SHAPLEY_ROWS)
    pairs = min(PAIR_MOVES, few * columns**2 // 2) + 500 * min(few, PAIR_ROWS)
    readings = games + min(columns, EFFECT_COLUMNS) * POINTS * few + pairs
    fit = 3e-9 * len(network.table) * width * outputs * 100 if fits else 0.0
    refits = columns * (0.07 + 2.5e-5 * len(network.table)) * (5 + outputs) / 6
    again = encoded * 2 * (10 * mixed * few + readings)
    total = refits + a_row * (moves + gradients + readings) + again + fit + 6e-5 * held_out * 4 + 2
    return f"{total:.0f} seconds" if total < 90 else f"{total / 60:.0f} minutes"


def _encoding_seconds(sample: Bound) -> float:
    """Seconds to encode a row, as one of several hundred."""
    few = sample.table.inputs.iloc[:512]
    start = time.perf_counter()
    sample.encoding.transform(few)
    return (time.perf_counter() - start) / len(few)


SHARES = {  # of the whole time, for the progress bar
    "encode": 0.05,
    "counterpart": 0.1,
    "performance": 0.05,
    "calibration": 0.01,
    "ladder of refits": 0.25,
    "decomposition of the score": 0.1,
    "disagreement": 0.02,
    "coefficients": 0.12,
    "permutation importance": 0.05,
    "gradients": 0.08,
    "shapley values": 0.07,
    "effect curves": 0.03,
    "interactions": 0.07,
    "neurons": 0.05,
}


class _Clock:
    """Seconds of each step, and progress."""

    def __init__(self, progress: Progress | None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress
        self._done = 0.0
        self._step = ""

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        self._step = step
        self.within(0.0)
        start = time.perf_counter()
        yield
        self.seconds[step] = round(time.perf_counter() - start, 3)
        self.within(1.0)
        self._done += SHARES[step]

    def within(self, share: float) -> None:
        if self._progress is not None:
            self._progress(self._step, min(1.0, self._done + share * SHARES[self._step]))
