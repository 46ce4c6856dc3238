"""`audit(model, table)`: every reading of a network and of its linear counterpart, as one document."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from tabinterp.analyses.constraints.estimator import declared
from tabinterp.analyses.context import Asked
from tabinterp.analyses.decision_curve.estimator import policy
from tabinterp.analyses.groups.partition import partition
from tabinterp.analyses.performance.estimator import compare, margin_of
from tabinterp.analyses.reason_codes.adverse_decisions import without_declined
from tabinterp.document.document import Message
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import Bound, Model, bind
from tabinterp.models.device import device_of
from tabinterp.models.model import check_model
from tabinterp.provenance.digest_key import read_digest_key
from tabinterp.table import Scan, Table
from tabinterp.table.executors import Engine, in_turn
from tabinterp.table.suppression import SMALL
from tabinterp.table.table import check_table
from tabinterp.threads import cores, one_thread

from .assemble import Results, document
from .result import Audit, judged
from .runtime import forecast
from .steps import STEPS, Reading, unseen
from .streaming import Swept, sweep

MOST_ROWS = 2**31 - 1
ROWS = 20_000  # readings that take many passes use at most this many of the rows

Progress = Callable[[str, float], None]  # what is being done, and the share of the whole that is finished


@one_thread()
def audit(
    model: Model | Bound,
    table: Table | Scan,
    *,
    counterpart: Model | None = None,
    others: Sequence[Model] = (),
    null: Model | None = None,
    seed: int = 0,
    rows: int = ROWS,
    declined: str | None = None,
    control: Mapping[str, Any] | None = None,
    constraints: Mapping[str, Any] | None = None,
    margin: float | None = None,
    costs: tuple[float, float] | None = None,
    threshold: float | None = None,
    engine: Engine = in_turn,
    device: str | None = None,
    digest_key: str | Path | None = None,
    progress: Progress | None = None,
    announce: Callable[[str], None] | None = None,
) -> Audit:
    """Set a network beside its linear counterpart.

    Parameters
    ----------
    model : from `wrap` or `load_model`.
    table : rows to audit on. With a split, or a model that remembers one, the verdict and the readings are of the
        held-out rows; without one, readings are of all rows and the verdict is not assessed. Of a scan the counterpart is
        fitted to, and what `sweep` lists is of, all rows in batches; all else is of the rows that the scan drew, and the
        document says so.
    counterpart : the user's own linear model; None: fitted on the same encoding, rows and split.
    others : networks that differ from this one by their seed alone: how far the readings move with it.
    null : a network trained as this one was on shuffled labels, as `train(null=True)` does: which rankings it shares.
    seed : of every draw.
    rows : readings that take many passes over the rows use at most this many, drawn by hash.
    declined : deprecated; state the adverse class when the table is read, `read_table(..., adverse=)`.
    control : protected column -> the group that its others are set against, as text; None: the largest of each, as in `groups`.
    constraints : column -> "+" (the score must not fall along it), "-", or a mapping of direction, low and high (its domain).
    margin : of equivalence, in units of the primary metric (log loss in nats, squared units of the target, deviance); None: 1%
        of what always predicting the base rate (the mean) loses.
    costs : of a false positive and of a false negative; threshold : probability above which a row is predicted to be
        positive, in everything that the audit says (metrics, disagreement, groups, reasons, costs); 0.5 where neither is
        given. Costs imply it; for two classes.
    engine : who takes the sums over all rows of a scan: this process, or a cluster (`dask_engine`); the numbers are the same.
    device : "cpu" or "cuda": where torch computes; None: what the model was wrapped with.
    digest_key : a file that holds a secret key, and is made where there is none. The document then holds a keyed digest of every
        column, by which `verify` tells which ones changed. None: no digests of columns are written, since whoever knows all rows
        but one could find that one from a digest without a key.
    progress : called with a step's name and the share that is done. announce : called once with an estimate of the time.
    """
    clock = _Clock(progress)
    _check_settings(seed, rows, margin)
    check_model(model)
    if not isinstance(table, Scan):
        check_table(table)
    table = without_declined(table, declined, stacklevel=4)  # the decorator is a frame of its own
    if engine is not in_turn and not isinstance(table, Scan):
        raise NotApplicableError(
            f"an engine other than the local one takes sums over rows that are read in batches; {table.name} was read whole: "
            f"leave the engine out, or read the rows with scan_table"
        )
    key = None if digest_key is None else read_digest_key(digest_key, create=True)
    asked_policy = policy(costs, threshold, table.schema.task)
    model = (
        model
        if device is None
        else replace(model.model if isinstance(model, Bound) else model, device=device_of(device))
    )
    remembered = (model.model if isinstance(model, Bound) else model).split
    if remembered is not None:
        table = table.with_split(remembered) if table.split is None else unseen(table, remembered)
    rows_of, table = table, table.sample if isinstance(table, Scan) else table
    with clock("encode"):
        network = bind(model, table)
    declared(network.table, constraints or {})
    if control:
        partition(network.table, control)  # a wrong name is told at once
    if announce is not None:
        announce(f"About {forecast(network, rows, counterpart is None, len(rows_of))} on this machine.")
    with clock("counterpart"):
        fitted = counterpart or fit_counterpart(network, rows_of, seed=seed, engine=engine)
        linear = bind(replace(fitted, device=network.device), table)
    if not linear.is_linear:
        raise NotApplicableError(
            f"the counterpart {linear.model.name} is not linear: it has operations that are not affine"
        )
    others, null = (
        [replace(one, device=network.device) for one in others],
        null and replace(null, device=network.device),
    )
    found: dict[str, Any] = {}
    wanted = (control or {}, constraints or {}, margin, asked_policy)
    asked = Asked(network, linear, others, null, seed, rows, *wanted, found, clock.within)
    with clock("performance"):
        drawn = compare(
            *asked.both(asked.evaluated), seed=seed, held_out=asked.held_out, margin=margin, threshold=asked.threshold
        )
        swept = _swept(asked, rows_of, engine)
        found["performance"] = swept.finish("performance", drawn) if drawn.withheld is None else drawn
    notes: list[Message] = []
    if drawn.withheld is not None:
        few = len(asked.evaluated) < SMALL
        notes.append(_not_applicable("analysis of evaluated rows" if few else "performance", drawn.withheld))
    for step in STEPS:
        with clock(step.name):
            for reading in step.readings:
                asked, read = _optional(reading, asked, notes)
                found[reading.field] = swept.finish(reading.field, read)
    if isinstance(rows_of, Scan):
        found |= {"census": rows_of.census, "summed": swept.summed}
    found |= {"notes": tuple(notes), "others": others, "null": null, "digest_key": key}
    made = document(Results(network, linear, asked.held_out, seed, limit=rows, **found))
    run = {"seconds": clock.seconds, "threads": cores(), "device": network.device}
    run |= {} if key is None else {"digest_key": str(key.path.absolute())}
    return Audit(judged(made), run)


def _swept(asked: Asked, rows: Table | Scan, engine: Engine) -> Swept:
    """What is summed over all rows, where more of them were read than drawn."""
    if isinstance(rows, Scan) and not rows.is_whole:
        wishes = {"groups": asked.grouping, "performance": {"threshold": asked.threshold}}
        return sweep(asked.network, asked.linear, rows, asked.within, engine, wishes)
    return Swept({}, {})


def _check_settings(seed: int, rows: int, margin: float | None) -> None:
    margin_of(margin, 1.0)
    if not 0 <= seed < 2**32:
        raise TabinterpError(f"a seed is a whole number from 0 to {2**32 - 1}; got {seed}")
    if not 2 <= rows <= MOST_ROWS:
        raise TabinterpError(
            f"rows, the most that an analysis of many passes uses, lies between 2 and {MOST_ROWS:,}; got {rows}"
        )


def _optional(reading: Reading, asked: Asked, notes: list[Message]) -> tuple[Asked, Any]:
    """What the reading found, or None and a note where it does not apply; and what the next one is asked.

    One that runs out of a device's memory is taken again with fronts in the processor's, and so is all that follows.
    """
    try:
        if (withheld := asked.found["performance"].withheld) is not None:
            if reading.of != "table" and len(asked.evaluated) < SMALL:
                return asked, None  # one note says so of all
            if reading.of == "performance":
                notes.append(_not_applicable(reading.name, withheld))
                return asked, None
        try:
            return asked, reading.read(asked)
        except torch.OutOfMemoryError:
            if asked.is_here:
                raise
        asked = asked.here()
        gc.collect()  # copies of networks that nobody holds
        torch.cuda.empty_cache()
        return asked, reading.read(asked)
    except NotApplicableError as error:
        notes.append(_not_applicable(reading.name, error.reason))
        return asked, None


def _not_applicable(reading: str, reason: Any) -> Message:
    return Message(key="not_assessed.reading", values={"reading": reading, "reason": reason})


SHARES = {"encode": 0.05, "counterpart": 0.1, "performance": 0.05} | {step.name: step.share for step in STEPS}
WHOLE = sum(SHARES.values())


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
        self._done += SHARES[step] / WHOLE

    def within(self, share: float) -> None:
        if self._progress is not None:
            self._progress(self._step, min(1.0, self._done + share * SHARES[self._step] / WHOLE))
