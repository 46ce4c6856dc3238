"""Sums over all rows of a scan, for analyses that can be computed from such sums.

One pass reads the evaluated rows. A second pass reads all rows, for sums that compare training rows with held-out rows.

An analysis declares the sums that it needs in `Analysis.summed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tabinterp.analyses import ANALYSES
from tabinterp.analyses.base import Analysis
from tabinterp.analyses.performance import ANALYSIS as PERFORMANCE
from tabinterp.analyses.settings import AuditSettings
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel, on_rows, without_rows
from tabinterp.table import Scan, Table
from tabinterp.table.executors import Engine, in_parts, in_turn

STREAMED = {analysis.name: analysis for analysis in (PERFORMANCE, *ANALYSES) if analysis.summed is not None}
BLOCKS = ("derivatives", "units")

Sums = dict[str, tuple[Any, Any]]  # name of an analysis -> its plan and its sums


@dataclass(frozen=True, eq=False)
class Pair:
    """Both models without their rows, and the plan of each analysis to be computed from sums.

    Models and plans are applied to each batch of rows.
    """

    network: BoundModel
    linear: BoundModel
    plans: Mapping[str, Any]


def sweep(
    network: BoundModel,
    linear: BoundModel,
    scan: Scan,
    progress: Callable[[float], None] | None = None,
    engine: Engine = in_turn,
    settings: AuditSettings | None = None,
    analyses: Iterable[Analysis[Any]] = ANALYSES,
) -> Sums:
    """Compute sums over all rows of a scan, for performance and for each given analysis that is computed from sums.

    Return the plan and the sums of each analysis. The plans are based on the sampled rows, to which the models are bound. If the
    table has a group column, the result is empty and all analyses use the sampled rows. The reason is that a standard error
    requires all rows of a group at once, but a batch may contain only some of them.
    """
    if scan.schema.group is not None:
        return {}
    settings = settings or AuditSettings()
    evaluated = [one if one.table.held_out is None else one.take(one.table.held_out) for one in (network, linear)]
    scored: dict[str, Any] = {}  # plans of sums that need the models
    counted: dict[str, Any] = {}  # plans of sums that do not
    for analysis in (PERFORMANCE, *analyses):
        if analysis.summed is None or (analysis.streamed.of in BLOCKS and not network.has_gradient):
            continue
        stream = analysis.streamed
        plan = stream.start(*((network, linear) if stream.of == "cells" else evaluated), settings)
        if plan is not None:
            (counted if stream.of == "cells" else scored)[analysis.name] = plan
    pair, passes = Pair(without_rows(network), without_rows(linear), scored), 1 + bool(counted)

    def within(done: int) -> Callable[[float], None] | None:
        return None if progress is None else lambda share: progress((done + share) / passes)

    sums = engine(scan, "evaluation", _encode, _update, (pair,), _merge, within(0))
    if counted:
        sums = sums | engine(scan, "all", _rows, _update_rows, (counted,), _merge, within(1))
    plans = scored | counted
    return {name: (plans[name], sums[name]) for name in STREAMED if name in sums}


def _encode(pair: Pair, table: Table) -> Iterator[tuple[BoundModel, BoundModel]]:
    """Yield both models, bound to small parts of a batch of rows."""
    for few in in_parts(table, pair.network.x.shape[1]):
        first = on_rows(pair.network, few)
        yield first, on_rows(pair.linear, few, first)


def _update(pair: Pair, both: tuple[BoundModel, BoundModel]) -> dict[str, Any]:
    return sums_of(pair.plans, *both)


def sums_of(plans: Mapping[str, Any], network: BoundModel, linear: BoundModel) -> dict[str, Any]:
    """Return the sums over the rows of the bound models, for each analysis with a plan.

    Sums that need derivatives or outputs of hidden units are computed first, because the same forward pass also computes the
    scores.
    """
    streams = {name: STREAMED[name].streamed for name in plans}
    updates = {name: one.update(plans[name], network, linear) for name, one in streams.items() if one.of in BLOCKS}
    sums: dict[str, Any] = {}
    try:
        for block in network.blocks(units=any(streams[name].of == "units" for name in updates)) if updates else ():
            for name, update in updates.items():
                of_block = update(block)
                sums[name] = streams[name].merge(sums[name], of_block) if name in sums else of_block
    except NotApplicableError:  # no sum over all rows, because the network has no gradient for some of them
        sums = {}
    whole = {name: one for name, one in streams.items() if one.of == "scores"}
    return sums | {name: one.update(plans[name], network, linear) for name, one in whole.items()}


def _rows(plans: Mapping[str, Any], table: Table) -> Iterator[Table]:
    yield table


def _update_rows(plans: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Return, for the rows of a table, the sums that do not depend on a model."""
    return {name: STREAMED[name].streamed.update(plan, table) for name, plan in plans.items()}


def _merge(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return {name: STREAMED[name].streamed.merge(sums, b[name]) for name, sums in a.items() if name in b}
