"""`audit(model, table)`: every analysis of a network and of its linear counterpart, as one document."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tabinterp.analyses import ANALYSES, chosen
from tabinterp.analyses.base import Analysis
from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import Performance, compare
from tabinterp.analyses.reason_codes.adverse_decisions import without_declined
from tabinterp.analyses.results import Results
from tabinterp.analyses.settings import ROWS, AuditSettings
from tabinterp.document.document import Message
from tabinterp.errors import NotApplicableError
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.device import device_of
from tabinterp.models.model import check_model
from tabinterp.models.remembered_split import check_unseen
from tabinterp.provenance.digest_key import DigestKey, read_digest_key
from tabinterp.table import Scan, Split, Table
from tabinterp.table.executors import Engine, in_turn
from tabinterp.table.suppression import SMALL
from tabinterp.table.table import check_table
from tabinterp.threads import cores, one_thread

from .assemble import document
from .duration_forecast import expected_seconds, in_words, measured
from .result import Audit, judged
from .streaming import Swept, sweep
from .validate import check_engine, check_numbers, check_requested, settings_of

Progress = Callable[[str, float], None]  # what is being done, and the share of the whole that is finished


@one_thread()
def audit(
    model: Model | BoundModel,
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
    analyses: Iterable[str] | None = None,
    progress: Progress | None = None,
    announce: Callable[[str], None] | None = None,
) -> Audit:
    """Compare a network with its linear counterpart, and explain what it learned.

    Parameters
    ----------
    model : Model or BoundModel
        From `wrap` or `load_model`.
    table : Table or Scan
        Rows to audit on. With a split, or with a model that remembers one, the verdict and the analyses are about the held-out
        rows. Without a split, analyses are about all rows and there is no verdict. The counterpart of a scan is fitted to all
        rows in batches, and the analyses that are sums over rows take all of them; the other analyses take the rows that the
        scan drew, and the document says so.
    counterpart : Model, optional
        Your own linear model. By default one is fitted to the same encoding, rows and split.
    others : sequence of Model
        Networks that differ from this one by their training seed only. They show how much the explanations change with the seed.
    null : Model, optional
        A network trained in the same way on shuffled labels, as `train(null=True)` does. Rankings that it shares with the
        audited network do not come from the data.
    seed : int
        Seed of every random draw, from 0 to 4294967295.
    rows : int
        Analyses that take many passes over the rows use at most this many. They are drawn by a hash of the row.
    declined : str, optional
        Deprecated. Name the adverse class when the table is read: `read_table(..., adverse=)`.
    control : mapping of str to str, optional
        Protected column -> its reference group. By default the largest group of each column.
    constraints : mapping, optional
        Column -> "+" (the score must not fall when the column rises), "-", or a mapping with `direction`, `low` and `high` (the
        range of values that the column may take).
    margin : float, optional
        Equivalence margin in units of the primary metric: log loss in nats, squared units of the target, or deviance. By default
        1% of the loss of always predicting the base rate (or the mean).
    costs : (float, float), optional
        Costs of a false positive and of a false negative, for two classes. They imply a threshold.
    threshold : float, optional
        Probability above which a row is predicted to be positive, in all parts of the audit. By default the threshold that
        `costs` imply, or 0.5.
    engine : Engine
        Where sums over all rows of a scan are computed: in this process, or on a cluster (`dask_engine`). The numbers are the
        same.
    device : {"cpu", "cuda"}, optional
        Where torch computes. By default the device that the model was wrapped with.
    digest_key : str or Path, optional
        File with a secret key; it is created if it does not exist. The document then holds a keyed digest of every column, so
        that `verify` can say which columns changed. Without a key no digests of columns are written, because anyone who knows
        all rows but one could find that row from an unkeyed digest.
    analyses : iterable of str, optional
        Names of the analyses to run, such as "ladder" or "effects". The analyses that they need run as well. By default all.
        The document lists the analyses that were not requested.
    progress : callable, optional
        Called with the name of the current step and the share of the whole audit that is done.
    announce : callable, optional
        Called once with a sentence that says about how long the audit will take.

    Returns
    -------
    Audit
        The document with its findings; renders as a report.

    Raises
    ------
    TabinterpError
        If a setting is out of range or does not fit the table, an analysis is unknown, or a setting is given whose analysis was
        not requested.
    ModelError
        If the model does not fit the table.
    NotApplicableError
        If the counterpart is not linear.
    """
    selected = chosen(analyses)
    used = {
        "control": control or None,
        "constraints": constraints or None,
        "others": tuple(others) or None,
        "null": null,
    }
    check_requested(selected, used)
    check_numbers(seed, rows, margin)
    check_model(model)
    if not isinstance(table, Scan):
        check_table(table)
    table = without_declined(table, declined, stacklevel=4)  # the decorator is a frame of its own
    check_engine(engine, table)
    model = model if device is None else _on_device(model, device)
    table = _held_out_as_remembered(table, (model.model if isinstance(model, BoundModel) else model).split)
    settings = settings_of(
        table,
        analyses=None if analyses is None else selected,
        seed=seed,
        most=rows,
        control=control,
        constraints=constraints,
        margin=margin,
        costs=costs,
        threshold=threshold,
    )
    key = None if digest_key is None else read_digest_key(digest_key, create=True)
    clock = _Clock(progress)
    with clock("encode"):
        network = bind(model, table.sample if isinstance(table, Scan) else table)
    _expect(network, table, selected, settings, counterpart, clock, announce)
    with clock("counterpart"):
        linear = _linear(counterpart, network, table, seed, engine)
    with clock("performance"):
        performance, swept = _performance(network, linear, table, settings, engine, clock.within)
    beside = [replace(other, device=network.device) for other in others]
    null = null and replace(null, device=network.device)
    context = Context(network, linear, beside, null, settings, performance, {}, clock.within)
    context, notes = _run(selected, context, swept, clock)
    return _assembled(context, notes, table, swept, key, clock)


# ---- bind


def _on_device(model: Model | BoundModel, device: str) -> Model:
    return replace(model.model if isinstance(model, BoundModel) else model, device=device_of(device))


def _held_out_as_remembered(table: Table | Scan, remembered: Split | None) -> Table | Scan:
    """Return the table with the split that the model remembers, where the table has none of its own."""
    if remembered is None:
        return table
    return table.with_split(remembered) if table.split is None else check_unseen(table, remembered)


def _expect(
    network: BoundModel,
    table: Table | Scan,
    selected: Sequence[Analysis[Any]],
    settings: AuditSettings,
    counterpart: Model | None,
    clock: _Clock,
    announce: Callable[[str], None] | None,
) -> None:
    """Estimate the time that the audit will take, where somebody is told of it."""
    if announce is None and not clock.is_watched:
        return
    size = measured(network, settings.rows, len(table))
    seconds = expected_seconds(size, selected, fits=counterpart is None)
    clock.expect(seconds)
    if announce is not None:
        announce(f"About {in_words(sum(seconds.values()))} on this machine.")


def _linear(
    counterpart: Model | None, network: BoundModel, table: Table | Scan, seed: int, engine: Engine
) -> BoundModel:
    """Return the linear counterpart, fitted where none was given, bound to the rows of the network."""
    fitted = counterpart or fit_counterpart(network, table, seed=seed, engine=engine)
    linear = bind(replace(fitted, device=network.device), network.table)
    if not linear.is_linear:
        raise NotApplicableError(
            f"the counterpart {linear.model.name} is not linear: it has operations that are not affine"
        )
    return linear


# ---- run


def _performance(
    network: BoundModel,
    linear: BoundModel,
    table: Table | Scan,
    settings: AuditSettings,
    engine: Engine,
    within: Callable[[float], None],
) -> tuple[Performance, Swept]:
    """Compare the performance of both models on the evaluated rows, and take the sums over all rows of a scan."""
    held_out = network.table.held_out
    evaluated = np.arange(len(network.table)) if held_out is None else np.flatnonzero(held_out)
    performance = compare(
        network.take(evaluated),
        linear.take(evaluated),
        seed=settings.seed,
        held_out=held_out is not None,
        margin=settings.margin,
        threshold=settings.threshold,
    )
    swept = _swept(network, linear, settings, table, engine, within)
    if performance.withheld is None:
        performance = swept.finish("performance", performance)
    return performance, swept


def _swept(
    network: BoundModel,
    linear: BoundModel,
    settings: AuditSettings,
    rows: Table | Scan,
    engine: Engine,
    within: Callable[[float], None],
) -> Swept:
    """What is summed over all rows, where more of them were read than drawn."""
    if isinstance(rows, Scan) and not rows.is_whole:
        grouping = {"control": settings.control, "threshold": settings.threshold}
        arguments: dict[str, dict[str, Any]] = {"groups": grouping, "performance": {"threshold": settings.threshold}}
        only = None if settings.analyses is None else {"performance", *settings.analyses}
        return sweep(network, linear, rows, within, engine, arguments, only)
    return Swept({}, {})


def _run(
    selected: Sequence[Analysis[Any]], context: Context, swept: Swept, clock: _Clock
) -> tuple[Context, list[Message]]:
    """Run the analyses; return the context with their results, and notes on those that do not apply."""
    notes = list(_withheld(context))
    for analysis in selected:
        with clock(analysis.name):
            context, result = _answer(analysis, context, notes)
            context.results[analysis.name] = swept.finish(analysis.name, result)
    return context, notes


def _withheld(context: Context) -> Iterator[Message]:
    """Say once where the rows or the events are too few for the performance, or for anything that is about evaluated rows."""
    withheld = context.performance.withheld
    if withheld is not None:
        few = len(context.evaluated) < SMALL
        yield _not_applicable("analysis of evaluated rows" if few else "performance", withheld)


def _answer(analysis: Analysis[Any], context: Context, notes: list[Message]) -> tuple[Context, Any]:
    """Run an analysis; where it does not apply, note why and return None. Return also the context of the next one.

    An analysis that runs out of a device's memory is run again with fronts in the processor's memory, and so is all that follows.
    """
    withheld = context.performance.withheld
    if withheld is not None:
        if analysis.rows != "table" and len(context.evaluated) < SMALL:
            return context, None
        if analysis.rows == "performance":
            notes.append(_not_applicable(analysis.title, withheld))
            return context, None
    try:
        try:
            return context, analysis.run(context)
        except torch.OutOfMemoryError:
            if context.is_on_cpu:
                raise
        context = context.on_cpu()
        gc.collect()  # copies of networks that nobody holds
        torch.cuda.empty_cache()
        return context, analysis.run(context)
    except NotApplicableError as error:
        notes.append(_not_applicable(analysis.title, error.reason))
        return context, None


def _not_applicable(analysis: str, reason: Any) -> Message:
    return Message(key="not_assessed.reading", values={"reading": analysis, "reason": reason})


# ---- assemble


def _assembled(
    context: Context, notes: list[Message], table: Table | Scan, swept: Swept, key: DigestKey | None, clock: _Clock
) -> Audit:
    """Build the document from the results, and judge it."""
    if context.settings.analyses is not None:
        left_out = [analysis.title for analysis in ANALYSES if analysis.name not in context.results]
        notes = [*notes, Message(key="not_assessed.not_requested", values={"analyses": left_out})]
    census, summed = (table.census, swept.summed) if isinstance(table, Scan) else (None, ())
    results = Results.of(context, notes=tuple(notes), digest_key=key, census=census, summed=summed)
    run = {"seconds": clock.seconds, "threads": cores(), "device": context.network.device}
    run |= {} if key is None else {"digest_key": str(key.path.absolute())}
    return Audit(judged(document(results)), run)


class _Clock:
    """Seconds of each part of an audit, and its progress: the share of the expected seconds that is done."""

    def __init__(self, progress: Progress | None) -> None:
        self.seconds: dict[str, float] = {}
        self._expected: Mapping[str, float] = {}
        self._progress = progress
        self._done = 0.0
        self._part = ""

    @property
    def is_watched(self) -> bool:
        """Whether somebody is told of the progress."""
        return self._progress is not None

    def expect(self, seconds: Mapping[str, float]) -> None:
        """Set the seconds that the parts from here on will take; before that no progress is made."""
        self._expected = seconds

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        self._part = part
        self.within(0.0)
        start = time.perf_counter()
        yield
        self.seconds[part] = round(time.perf_counter() - start, 3)
        self.within(1.0)
        self._done += self._expected.get(part, 0.0)

    def within(self, share: float) -> None:
        if self._progress is not None:
            whole = sum(self._expected.values())
            done = self._done + share * self._expected.get(self._part, 0.0)
            self._progress(self._part.replace("_", " "), min(1.0, done / whole) if whole else 0.0)
