"""`audit(model, table)`: every analysis of a network and of its linear counterpart, as one document."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tabinterp.analyses import ANALYSES, chosen
from tabinterp.analyses.base import Analysis
from tabinterp.analyses.constraints.estimator import declared
from tabinterp.analyses.context import Context
from tabinterp.analyses.groups.partition import partition
from tabinterp.analyses.performance import ANALYSIS as PERFORMANCE
from tabinterp.analyses.performance.estimator import compare, margin_of
from tabinterp.analyses.reason_codes.adverse_decisions import without_declined
from tabinterp.analyses.results import Results
from tabinterp.analyses.settings import AuditSettings, decision_policy
from tabinterp.document.document import Message
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.device import device_of
from tabinterp.models.model import check_model
from tabinterp.models.remembered_split import check_unseen
from tabinterp.provenance.digest_key import read_digest_key
from tabinterp.table import Scan, Table
from tabinterp.table.executors import Engine, in_turn
from tabinterp.table.table import check_table
from tabinterp.threads import cores, one_thread

from .analyses_loop import run_analyses, workers_of
from .assemble import document
from .duration_forecast import forecast
from .result import Audit, judged
from .streaming import Sums, sweep

MOST_ROWS = 2**31 - 1
ROWS = 20_000  # readings that take many passes use at most this many of the rows

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
    jobs: int | None = None,
    progress: Progress | None = None,
    announce: Callable[[str], None] | None = None,
) -> Audit:
    """Set a network beside its linear counterpart.

    Parameters
    ----------
    model : from `wrap` or `load_model`.
    table : rows to audit on. With a split, or a model that remembers one, the verdict and the readings are of the
        held-out rows; without one, readings are of all rows and the verdict is not assessed. Of a scan the counterpart is
        fitted to, and what `streaming` lists is of, all rows in batches; all else is of the rows that the scan drew, and the
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
    analyses : names of the analyses to run, such as "ladder" or "effects"; those that they need run too. None: all. The document
        says which were not requested.
    jobs : how many analyses run at the same time, each in a process of its own. The document is the same for any number. None: as
        many as torch has threads, at most 4. On a GPU, for black boxes and outside Linux analyses run one after another.
    progress : called with a step's name and the share that is done. announce : called once with an estimate of the time.
    """
    selected, workers = chosen(analyses), workers_of(jobs)
    clock = _Clock(progress, selected)
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
    settings = AuditSettings(
        seed=seed,
        rows=rows,
        control=control,
        constraints=constraints,
        margin=margin,
        policy=decision_policy(costs, threshold, table.schema.task),
        analyses=None if analyses is None else tuple(analysis.name for analysis in selected),
    )
    model = (
        model
        if device is None
        else replace(model.model if isinstance(model, BoundModel) else model, device=device_of(device))
    )
    remembered = (model.model if isinstance(model, BoundModel) else model).split
    if remembered is not None:
        table = table.with_split(remembered) if table.split is None else check_unseen(table, remembered)
    all_rows, table = table, table.sample if isinstance(table, Scan) else table
    with clock("encode"):
        network = bind(model, table)
    declared(network.table, constraints or {})
    if control:
        partition(network.table, control)  # a wrong name is told at once
    if announce is not None:
        announce(f"About {forecast(network, rows, counterpart is None, len(all_rows))} on this machine.")
    with clock("counterpart"):
        fitted = counterpart or fit_counterpart(network, all_rows, seed=seed, engine=engine)
        linear = bind(replace(fitted, device=network.device), table)
    if not linear.is_linear:
        raise NotApplicableError(
            f"the counterpart {linear.model.name} is not linear: it has operations that are not affine"
        )
    others, null = (
        [replace(other, device=network.device) for other in others],
        null and replace(null, device=network.device),
    )
    held_out = network.table.held_out
    evaluated = np.arange(len(network.table)) if held_out is None else np.flatnonzero(held_out)
    with clock("performance"):
        sums = _summed(network, linear, settings, selected, all_rows, engine, clock.within)
        performance = compare(
            network.take(evaluated),
            linear.take(evaluated),
            seed=seed,
            held_out=held_out is not None,
            margin=margin,
            threshold=settings.threshold,
            without=sums[PERFORMANCE.name][0].metrics if PERFORMANCE.name in sums else (),
        )
        context = Context(network, linear, others, null, settings, performance, {}, clock.within, sums)
        if PERFORMANCE.name in sums and performance.withheld is None:
            context = replace(context, performance=PERFORMANCE.run(context) or performance)
    context, notes = run_analyses(selected, context, workers, clock)
    if settings.analyses is not None:
        left_out = [analysis.title for analysis in ANALYSES if analysis not in selected]
        notes.append(Message(key="not_assessed.not_requested", values={"analyses": left_out}))
    census = all_rows.census if isinstance(all_rows, Scan) else None
    results = Results.of(context, notes=tuple(notes), digest_key=key, census=census)
    run = {"seconds": clock.seconds, "threads": cores(), "jobs": workers, "device": network.device}
    run |= {} if key is None else {"digest_key": str(key.path.absolute())}
    return Audit(judged(document(results)), run)


def _summed(
    network: BoundModel,
    linear: BoundModel,
    settings: AuditSettings,
    selected: Sequence[Analysis[Any]],
    rows: Table | Scan,
    engine: Engine,
    within: Callable[[float], None],
) -> Sums:
    """Return the sums over all rows, where more of them were read than drawn."""
    if isinstance(rows, Scan) and not rows.is_whole:
        return sweep(network, linear, rows, within, engine, settings, selected)
    return {}


def _check_settings(seed: int, rows: int, margin: float | None) -> None:
    margin_of(margin, 1.0)
    if not 0 <= seed < 2**32:
        raise TabinterpError(f"a seed is a whole number from 0 to {2**32 - 1}; got {seed}")
    if not 2 <= rows <= MOST_ROWS:
        raise TabinterpError(
            f"rows, the most that an analysis of many passes uses, lies between 2 and {MOST_ROWS:,}; got {rows}"
        )


PREPARATION = {"encode": 0.05, "counterpart": 0.1, "performance": 0.05}  # shares of the time of a whole audit


class _Clock:
    """Seconds of each part of an audit, and its progress."""

    def __init__(self, progress: Progress | None, analyses: Sequence[Analysis[Any]]) -> None:
        self.seconds: dict[str, float] = {}
        self._shares = PREPARATION | {analysis.name: analysis.share for analysis in analyses}
        self._whole = sum(self._shares.values())
        self._progress = progress
        self._done = 0.0
        self._under_way: dict[str, float] = {}
        self._part = ""

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        self._part = part
        self.within(0.0)
        start = time.perf_counter()
        yield
        self.finished(part, time.perf_counter() - start)

    def within(self, share: float, part: str | None = None) -> None:
        """Say that this share of a part is done; of the present one where none is named."""
        part = part or self._part
        self._under_way[part] = max(share, self._under_way.get(part, 0.0))  # an analysis may begin again
        self._tell(part)

    def finished(self, part: str, seconds: float) -> None:
        """Say that a part is done, and how long it took."""
        self.seconds[part] = round(seconds, 3)
        self._under_way.pop(part, None)
        self._done += self._shares[part]
        self._tell(part)

    def share(self, part: str) -> float:
        """Return the share of the whole time that a part takes, roughly."""
        return self._shares[part]

    def _tell(self, part: str) -> None:
        if self._progress is not None:
            done = self._done + sum(share * self._shares[one] for one, share in self._under_way.items())
            self._progress(part.replace("_", " "), min(1.0, done / self._whole))
