"""`audit(model, table)`: run the analyses of a network and its linear counterpart, and build the document."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tabinterp.analyses import ANALYSES, chosen
from tabinterp.analyses.base import Analysis, Size
from tabinterp.analyses.context import Context
from tabinterp.analyses.performance import ANALYSIS as PERFORMANCE
from tabinterp.analyses.performance.estimator import compare, training_pair
from tabinterp.analyses.reason_codes.adverse_decisions import without_declined
from tabinterp.analyses.results import Results
from tabinterp.analyses.settings import ROWS, AuditSettings
from tabinterp.document.document import Message
from tabinterp.errors import NotApplicableError, argument
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.device import device_of
from tabinterp.models.model import check_model
from tabinterp.models.remembered_split import check_unseen
from tabinterp.provenance.digest_key import DigestKey, read_digest_key
from tabinterp.table import Scan, Split, Table
from tabinterp.table.executors import Engine, in_turn
from tabinterp.table.table import check_table
from tabinterp.threads import cores, one_thread

from .analyses_loop import run_analyses, workers_of
from .assemble import document
from .budget import limited
from .duration_forecast import expected_seconds, in_words, measured
from .result import Audit, judged
from .streaming import Sums, sweep
from .validate import check_all_rows, check_engine, check_numbers, check_requested, settings_of

Progress = Callable[[str, float], None]  # the current step, and the share of the audit that is finished


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
    all_rows: bool = False,
    budget: int | None = None,
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
    date: str | dt.date | None = None,
    progress: Progress | None = None,
    announce: Callable[[str], None] | None = None,
) -> Audit:
    """Audit a network: compare it with its linear counterpart, and explain what the network learned.

    Parameters
    ----------
    model : Model or BoundModel
        The network to audit, from `wrap` or `load_model`.
    table : Table or Scan
        Rows to audit. If the table or the model contains a split, the verdict and the analyses use the held-out rows. Without a
        split, analyses use all rows and there is no verdict. For a scan, the counterpart is fitted to all training rows in
        batches. Analyses that can be computed as sums over rows use all rows. All other analyses use the sample of the scan, and
        the document says so.
    counterpart : Model, optional
        Your own linear model. By default, a linear model is fitted with the same encoding, rows and split as the network.
    others : sequence of Model
        Networks that differ from the audited network only in their training seed. They show how much the explanations depend on
        the seed.
    null : Model, optional
        A network that was trained in the same way on permuted labels, as `train(null=True)` does. If it ranks columns in the same
        way as the audited network, the ranking is not due to the data.
    seed : int
        Seed of all random draws, from 0 to 4294967295.
    rows : int
        Maximum number of rows for analyses that make many passes over the rows. If more rows are available, these analyses use a
        sample, drawn by a hash of each row's number.
    all_rows : bool
        Whether permutation importance and effect curves use all evaluated rows of a scan, instead of its sample. The values that
        replace those of a permuted column still come from the sample.
    budget : int, optional
        Maximum number of rows on which a prediction function is called in the whole audit. The default is 400,000, or 32 times
        the number of rows in the table if that is more. The analyses share the budget. Analyses that need more than their share
        use fewer rows and fewer background rows, so their intervals are wider. The document names these analyses. A budget
        can be set only for a prediction function.
    declined : str, optional
        Deprecated. Name the adverse class when the table is loaded: `read_table(..., adverse=)`.
    control : mapping of str to str, optional
        Mapping from protected columns to their reference groups. By default, the reference group is the largest group of the
        column.
    constraints : mapping, optional
        Mapping from each column to "+" (the score must not fall when the value of the column rises), "-" (the score must not
        rise), or a mapping with `direction`, `low` and `high`. `low` and `high` are the range of values that the column may have.
    margin : float, optional
        Equivalence margin in units of the primary metric: log loss in nats, squared units of the target, or deviance. The default
        is 1% of the loss of predicting the base rate (or the mean) for every row.
    costs : (float, float), optional
        Costs of a false positive and of a false negative, for two classes. The optimal threshold for these costs is then the
        default of `threshold`.
    threshold : float, optional
        Probability above which a row is predicted to be positive, in all parts of the audit. The default is the optimal threshold
        for `costs`, or 0.5 if no costs are given.
    engine : Engine
        Engine that computes sums over all rows of a scan, in this process or on a cluster (`dask_engine`). The results do not
        depend on the engine.
    device : {"cpu", "cuda"}, optional
        Device on which PyTorch computes. By default, the device that was chosen when the model was wrapped.
    digest_key : str or Path, optional
        File with a secret key, which is created if it does not exist. With a key, the document contains a keyed digest of every
        column, with which `verify` can identify columns that changed. Without a key, the document contains no digests of columns.
        Anyone who knows all rows but one could use a digest without a key to determine the remaining row.
    analyses : iterable of str, optional
        Names of the analyses to run, such as "ladder" or "effects". Analyses on which they depend are also run. By default, all
        analyses are run. The document lists analyses that were not requested.
    jobs : int, optional
        Number of analyses to run in parallel, each in a separate process. The document does not depend on this number. The
        default is the number of PyTorch's threads, but at most 4. Analyses run one after another if PyTorch can
        use a GPU, for prediction functions, and on systems other than Linux.
    date : str or datetime.date, optional
        Date of the audit, such as "2026-11-30", which is shown on page one of the report. By default, the document has no date,
        and the same inputs always produce the same bytes.
    progress : callable, optional
        Function that is called with the name of the current step and the completed share of the whole audit.
    announce : callable, optional
        Function that is called once, with a sentence that states the approximate duration of the audit.

    Returns
    -------
    Audit
        The finished audit. It contains the document with its findings, and can be exported as a report.

    Raises
    ------
    TabinterpError
        A setting is out of range or does not fit the table. An analysis is unknown. A setting was given, but none of the analyses
        that use it was requested.
    ModelError
        The model does not fit the table.
    NotApplicableError
        The counterpart is not linear.
    """
    selected = chosen(analyses)
    used = {
        "control": control or None,
        "constraints": constraints or None,
        "others": tuple(others) or None,
        "null": null,
    }
    check_requested(selected, used)
    check_numbers(seed, rows, margin, budget)
    workers = workers_of(jobs)
    check_model(model)
    if not isinstance(table, Scan):
        check_table(table)
    table = without_declined(table, declined, stacklevel=4)  # includes the frame of the decorator
    check_engine(engine, table)
    check_all_rows(all_rows, model, table)
    model = model if device is None else _on_device(model, device)
    table = _held_out_as_remembered(table, (model.model if isinstance(model, BoundModel) else model).split)
    settings = settings_of(
        table,
        analyses=None if analyses is None else selected,
        seed=seed,
        most=rows,
        all_rows=all_rows,
        control=control,
        constraints=constraints,
        margin=margin,
        costs=costs,
        threshold=threshold,
        date=date,
    )
    key = None if digest_key is None else read_digest_key(digest_key, create=True)
    clock = _Clock(progress)
    with clock("encode"):
        network = bind(model, table.sample if isinstance(table, Scan) else table)
    budget = limited(network, budget, swept=len(table) - len(network.table))
    settings = settings.model_copy(update={"budget": budget})
    size = None
    if workers > 1 or clock.is_watched or announce is not None or budget is not None:
        changeable = sum(one.changeable is not None for one in settings.constraints)
        size = replace(measured(network, settings.rows, len(table), all_rows), changeable=changeable)
        _expect(size, selected, budget, counterpart, clock, announce)
    with clock("counterpart"):
        linear = _linear(counterpart, network, table, seed, engine)
    beside = [replace(other, device=network.device) for other in others]
    null = null and replace(null, device=network.device)
    with clock("performance"):
        sums = _summed(network, linear, settings, selected, table, engine, clock.within)
        context = _compared(network, linear, beside, null, settings, sums, clock.within)
    try:
        context, notes = run_analyses(selected, context, workers, clock, size)
    finally:
        if network.model.questions is not None:
            network.model.questions.finish()
    return _assembled(context, notes, table, key, {"seconds": clock.seconds, "jobs": workers})


# ---- bind


def _on_device(model: Model | BoundModel, device: str) -> Model:
    return replace(model.model if isinstance(model, BoundModel) else model, device=device_of(device))


def _held_out_as_remembered(table: Table | Scan, remembered: Split | None) -> Table | Scan:
    """Return the table with the split that is stored with the model, if the table has no split. If the table and the model both
    have a split, return the table unchanged, and check that none of its held-out rows is a training row of the model.
    """
    if remembered is None:
        return table
    return table.with_split(remembered) if table.split is None else check_unseen(table, remembered)


def _expect(
    size: Size,
    selected: Sequence[Analysis[Any]],
    budget: int | None,
    counterpart: Model | None,
    clock: _Clock,
    announce: Callable[[str], None] | None,
) -> None:
    """Estimate the duration of each analysis, and announce the duration of the audit. The estimates allow the longest analyses to
    start first.
    """
    seconds = expected_seconds(size, selected, budget, fits=counterpart is None)
    clock.expect(seconds)
    if announce is not None:
        announce(f"About {in_words(sum(seconds.values()))} on this machine.")


def _linear(
    counterpart: Model | None, network: BoundModel, table: Table | Scan, seed: int, engine: Engine
) -> BoundModel:
    """Return the linear counterpart, bound to the same rows as the network. If the user did not supply a counterpart, one is
    fitted first.
    """
    fitted = counterpart or fit_counterpart(network, table, seed=seed, engine=engine)
    linear = bind(replace(fitted, device=network.device), network.table, beside=network)
    if not linear.is_linear:
        raise NotApplicableError(
            f"the counterpart {linear.model.name} is not linear, because it contains operations that are not "
            f"affine. Pass a linear model, or leave out {argument('counterpart')}"
        )
    return linear


# ---- run


def _summed(
    network: BoundModel,
    linear: BoundModel,
    settings: AuditSettings,
    selected: Sequence[Analysis[Any]],
    rows: Table | Scan,
    engine: Engine,
    within: Callable[[float], None],
) -> Sums:
    """Return the sums over all rows of a scan for the analyses that need them. If all rows are in memory, return an empty
    mapping.
    """
    if isinstance(rows, Scan) and (settings.all_rows or not rows.is_whole):
        return sweep(network, linear, rows, within, engine, settings, selected)
    return {}


def _compared(
    network: BoundModel,
    linear: BoundModel,
    others: Sequence[Model],
    null: Model | None,
    settings: AuditSettings,
    sums: Sums,
    within: Callable[[float], None],
) -> Context:
    """Compare the performance of both models, and return the context for the analyses."""
    evaluated = network.table.evaluated
    performance = compare(
        network.take(evaluated),
        linear.take(evaluated),
        seed=settings.seed,
        held_out=network.table.held_out is not None,
        margin=settings.margin,
        threshold=settings.threshold,
        without=sums[PERFORMANCE.name][0].metrics if PERFORMANCE.name in sums else (),
        training=training_pair(network, linear),
    )
    context = Context(network, linear, others, null, settings, performance, {}, within, sums)
    if PERFORMANCE.name in sums and performance.withheld is None:
        context = replace(context, performance=PERFORMANCE.run(context) or performance)
    return context


# ---- assemble


def _assembled(
    context: Context, notes: list[Message], table: Table | Scan, key: DigestKey | None, run: dict[str, Any]
) -> Audit:
    """Build the document from the results, add the findings, and return the finished audit. `run` contains facts that are not
    part of the document.
    """
    cut = [one.title for one in ANALYSES if one.name in context.limited and context.results.get(one.name) is not None]
    if cut:
        said: dict[str, Any] = {"budget": context.settings.budget, "analyses": cut}
        notes = [*notes, Message(key="not_assessed.budget", values=said)]
    if context.settings.analyses is not None:
        left_out = [analysis.title for analysis in ANALYSES if analysis.name not in context.results]
        notes = [*notes, Message(key="not_assessed.not_requested", values={"analyses": left_out})]
    census = table.census if isinstance(table, Scan) else None
    results = Results.of(context, notes=tuple(notes), digest_key=key, census=census)
    run |= {"threads": cores(), "device": context.network.device}
    run |= {} if key is None else {"digest_key": str(key.path.absolute())}
    return Audit(judged(document(results)), run)


class _Clock:
    """A clock that measures the duration of each part of an audit in seconds. It reports progress as the completed share of the
    expected duration.
    """

    def __init__(self, progress: Progress | None) -> None:
        self.seconds: dict[str, float] = {}
        self._expected: Mapping[str, float] = {}
        self._progress = progress
        self._done = 0.0
        self._under_way: dict[str, float] = {}
        self._part = ""

    @property
    def is_watched(self) -> bool:
        """Whether a progress callback was given."""
        return self._progress is not None

    def expect(self, seconds: Mapping[str, float]) -> None:
        """Set the expected duration of each part in seconds. Until this is called, the reported progress is 0."""
        self._expected = seconds

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        self._part = part
        self.within(0.0)
        start = time.perf_counter()
        yield
        self.finished(part, time.perf_counter() - start)

    def within(self, share: float, part: str | None = None) -> None:
        """Report the completed share of a part; by default, of the current part."""
        part = part or self._part
        self._under_way[part] = max(share, self._under_way.get(part, 0.0))  # an analysis may start again
        self._tell(part)

    def finished(self, part: str, seconds: float) -> None:
        """Report that a part is finished, and record its duration."""
        self.seconds[part] = round(seconds, 3)
        self._under_way.pop(part, None)
        self._done += self.expected(part)
        self._tell(part)

    def expected(self, part: str) -> float:
        """Return the expected duration of a part in seconds, or 0 if none was set."""
        return self._expected.get(part, 0.0)

    def _tell(self, part: str) -> None:
        if self._progress is not None:
            whole = sum(self._expected.values())
            done = self._done + sum(share * self.expected(one) for one, share in self._under_way.items())
            self._progress(part.replace("_", " "), min(1.0, done / whole) if whole else 0.0)
