"""The loop that runs the analyses of an audit, one after another or in parallel worker processes."""

from __future__ import annotations

import gc
import logging
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from tabinterp.analyses.base import Analysis, Size
from tabinterp.analyses.context import Context
from tabinterp.document.document import FAILED, Message
from tabinterp.errors import NotApplicableError, TabinterpError, argument
from tabinterp.table.suppression import SMALL
from tabinterp.threads import cores, cores_limited

from .budget import within_budget
from .workers import Watch, can_fork, independent, side_by_side

LOG = logging.getLogger("tabinterp")
MOST = 4  # default limit on workers: the longest group of analyses takes a quarter of the total time


class Clock(Watch, Protocol):
    """A context manager that measures the duration of each analysis."""

    seconds: dict[str, float]

    def __call__(self, part: str) -> AbstractContextManager[None]: ...

    def expected(self, part: str) -> float: ...


@dataclass(frozen=True)
class Outcome:
    """The outcome of an analysis. `result` is None if the analysis does not apply or failed.

    If `result` is None, `note` states the reason, unless the document contains the reason elsewhere.
    """

    result: Any = None
    note: Message | None = None


def workers_of(jobs: int | None) -> int:
    """Return the number of analyses to run in parallel, which is `jobs` or the default.

    Raises
    ------
    TabinterpError
        `jobs` is below 1.
    """
    if jobs is None:
        return min(MOST, cores())
    if jobs < 1:
        raise TabinterpError(
            f"the number of analyses that run in parallel must be at least 1; got {argument('jobs', jobs)}"
        )
    return jobs


def run_analyses(
    selected: Sequence[Analysis[Any]], context: Context, jobs: int, clock: Clock, size: Size | None = None
) -> tuple[Context, list[Message]]:
    """Run the selected analyses. Return the context with their results, and notes on analyses that do not apply or failed.

    Independent analyses run in parallel in `jobs` worker processes. Analyses that the workers did not finish, for example because
    of an error, are then run in this process. `size` contains the numbers of rows, columns and hidden units, from which the
    cost of each analysis is estimated.
    """
    for model in (context.network, context.linear):
        # In single precision, a row's score depends slightly on the rest of its batch, and so on the analysis that runs first.
        if model.has_gradient:
            _ = model.scores
    groups = independent(selected)
    with cores_limited(jobs):
        outcomes: dict[str, Outcome] = {}
        if min(jobs, len(groups)) > 1 and can_fork(context):
            longest = sorted(groups, key=lambda group: -sum(clock.expected(one.name) for one in group))
            outcomes = side_by_side(longest, context, answer, jobs, clock)
        notes = list(_withheld(context))
        for i, analysis in enumerate(selected):
            if analysis.name not in outcomes:
                context = within_budget(context, size, selected[i:])
                with clock(analysis.name):
                    context, outcomes[analysis.name] = _answer(analysis, context)
            outcome = outcomes[analysis.name]
            context.results[analysis.name] = outcome.result
            clock.seconds[analysis.name] = clock.seconds.pop(analysis.name)  # keep the order of the list
            notes += [] if outcome.note is None else [outcome.note]
    return context, notes


def _withheld(context: Context) -> Iterator[Message]:
    """Yield a note if there are too few events to report performance, or too few rows to report any analysis of the evaluated
    rows.
    """
    withheld = context.performance.withheld
    if withheld is not None:
        few = len(context.evaluated) < SMALL
        yield _not_applicable("analysis of evaluated rows" if few else "performance", withheld)


def answer(analysis: Analysis[Any], context: Context) -> Outcome:
    """Run one analysis, and return its outcome."""
    return _answer(analysis, context)[1]


def _answer(analysis: Analysis[Any], context: Context) -> tuple[Context, Outcome]:
    """Run one analysis. Return the context for the next analysis, and the outcome.

    If the analysis does not apply or fails, the outcome includes a note with the reason.

    If an analysis runs out of GPU memory, it is repeated with intermediate values stored in main memory. All later analyses then
    store intermediate values there too.
    """
    withheld = context.performance.withheld
    if withheld is not None:
        if analysis.rows != "table" and len(context.evaluated) < SMALL:
            return context, Outcome()
        if analysis.rows == "performance":
            return context, Outcome(note=_not_applicable(analysis.title, withheld))
    try:
        try:
            return context, Outcome(analysis.run(context))
        except torch.OutOfMemoryError:
            if context.is_on_cpu:
                raise
        context = context.on_cpu()
        gc.collect()  # unused copies of networks
        torch.cuda.empty_cache()
        return context, Outcome(analysis.run(context))
    except TabinterpError as error:
        reason = error.reason if isinstance(error, NotApplicableError) else str(error)
        return context, Outcome(note=_not_applicable(analysis.title, reason))
    except Exception as error:
        LOG.warning("The analysis %s failed. The audit continues without it.", analysis.name, exc_info=True)
        return context, Outcome(note=_failed(analysis, error))


def _failed(analysis: Analysis[Any], error: Exception) -> Message:
    """Return a note on a failed analysis, with the type of the error and its location in the code. The message of the error is
    left out, because it may contain values of the table.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    values = {
        "reading": analysis.title,
        "analysis": analysis.name,
        "error": type(error).__name__,
        "place": f"{Path(place.filename).name}:{place.lineno}",
    }
    return Message(key=FAILED, values=dict(values))


def _not_applicable(analysis: str, reason: Any) -> Message:
    return Message(key="not_assessed.reading", values={"reading": analysis, "reason": reason})
