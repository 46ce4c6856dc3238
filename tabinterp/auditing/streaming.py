"""What an audit reads of every row of a scan: one literal list of sums, taken in one pass over the rows that are evaluated, and
in another over all rows where both sides of the split are compared.

Everything else is read of the rows that the scan drew. To add one: its four functions, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tabinterp.analyses.calibration import estimator as calibration
from tabinterp.analyses.coefficients.estimator import with_slopes
from tabinterp.analyses.data_quality import drift
from tabinterp.analyses.gradients import streaming as streamed
from tabinterp.analyses.groups import estimator as groups
from tabinterp.analyses.groups import group_sums as tallies
from tabinterp.analyses.performance import streamed_metrics as totals
from tabinterp.analyses.unit_correlations import estimator as neurons
from tabinterp.linear.terms import Slope, find_terms
from tabinterp.models import Block, BoundModel, on_rows, without_rows
from tabinterp.stats import accumulators as sums
from tabinterp.stats import association
from tabinterp.table import Scan, Table
from tabinterp.table.executors import Engine, in_parts, in_turn


@dataclass(frozen=True)
class StreamedAnalysis:
    """Sums over rows of both models that stand in the place of a reading of drawn rows, whose `field` of the results it is.

    `start` (both models on drawn rows, and what is wished for the field) gives a plan, None where it does not apply; `update`
    (plan, both on a batch) the batch's sums, `finish` (plan, sums, what the drawn rows gave) the reading. `along`: it
    follows the rows through the network, whose derivatives or hidden units it takes: `update` gives what sums a block of them.
    `named`: what `Drawn.summed` calls it, if not as the field. `models`: whether it asks these; where not, `start` is given all
    drawn rows, and `update` (plan, a batch of all rows).
    """

    field: str
    start: Callable[..., Any]
    update: Callable[..., Any]
    merge: Callable[[Any, Any], Any]
    finish: Callable[[Any, Any, Any], Any]
    along: bool = False
    named: str = ""
    models: bool = True


def _curves_start(network: BoundModel, linear: BoundModel) -> Any:
    return calibration.start_curves(network), calibration.start_curves(linear), network.table.schema.goal.classes


def _curves(plan: Any, network: BoundModel, linear: BoundModel) -> Any:
    return tuple(calibration.update_curves(plan[i], one) for i, one in enumerate((network, linear)))


def _curves_merge(a: Any, b: Any) -> Any:
    return tuple(calibration.merge_curves(x, y) for x, y in zip(a, b, strict=True))


def _curves_finish(plan: Any, found: Any, drawn: Any) -> Any:
    return drawn and tuple(calibration.finish_curves(s, d, plan[2]) for s, d in zip(found, drawn, strict=True))


def _gradients_start(network: BoundModel, linear: BoundModel) -> Any:
    return streamed.start_gradients(network), streamed.start_gradients(linear)


def _gradients(plan: Any, network: BoundModel, linear: BoundModel) -> Callable[[Block], Any]:
    both = [streamed.update_gradients(*pair) for pair in zip(plan, (network, linear), strict=True)]
    return lambda block: tuple(update(block) for update in both)


def _gradients_merge(a: Any, b: Any) -> Any:
    return tuple(sums.merge(x, y) for x, y in zip(a, b, strict=True))


def _gradients_finish(plan: Any, found: Any, drawn: Any) -> Any:
    """Of pairs of results, a pair for each method."""
    pairs = [streamed.finish_gradients(s, d) for s, d in zip(found, zip(*drawn or [], strict=True), strict=False)]
    return [*zip(*pairs, strict=True)] if pairs else drawn


def _slopes_start(network: BoundModel, _: BoundModel) -> Any:
    return [term for term in find_terms(network) if isinstance(term, Slope)] or None


def _slopes_finish(plan: Any, found: Any, drawn: Any) -> Any:
    return drawn and (drawn[0], with_slopes(drawn[1], plan, found))


def _drift_finish(plan: Any, found: Any, drawn: Any) -> Any:
    return drawn and replace(drawn, drift=drift.finish(plan, found), drift_rows=int(found.rows.sum()))


STREAMED: tuple[StreamedAnalysis, ...] = (
    StreamedAnalysis(
        "performance",
        lambda network, linear, **wished: totals.start(network, **wished),
        totals.update,
        totals.merge,
        totals.finish,
    ),
    StreamedAnalysis("calibration", _curves_start, _curves, _curves_merge, _curves_finish),
    StreamedAnalysis("gradients", _gradients_start, _gradients, _gradients_merge, _gradients_finish, along=True),
    StreamedAnalysis(
        "coefficients",
        _slopes_start,
        lambda plan, network, linear: streamed.update_slopes(plan, network),
        sums.merge,
        _slopes_finish,
        along=True,
    ),
    StreamedAnalysis(
        "unit_correlations",
        lambda network, linear: neurons.start_moments(network),
        lambda plan, network, linear: neurons.update_moments(plan, network),
        association.merge,
        lambda plan, found, drawn: drawn and neurons.finish_moments(plan, found, drawn),
        along=True,
        named="neurons",
    ),
    StreamedAnalysis("groups", tallies.start, tallies.update, tallies.merge, groups.finish),
    StreamedAnalysis(
        "data_quality",
        lambda network, linear: drift.start(network.table),
        drift.update,
        drift.merge,
        _drift_finish,
        named="drift",
        models=False,
    ),
)


@dataclass(frozen=True)
class Swept:
    """The sums of a pass, and how they become readings."""

    plans: Mapping[str, Any]
    sums: Mapping[str, Any]

    def finish(self, field: str, drawn: Any) -> Any:
        """The reading of all rows; that of drawn rows where there are no sums."""
        if field not in self.sums:
            return drawn
        whole = next(one for one in STREAMED if one.field == field)
        return whole.finish(self.plans[field], self.sums[field], drawn)

    @property
    def summed(self) -> tuple[str, ...]:
        """What is of all rows, by the names of `Drawn.summed`."""
        return tuple(one.named or one.field for one in STREAMED if one.field in self.sums)


@dataclass(frozen=True, eq=False)
class Pair:
    """Both models with no rows: what every batch of rows is read with. `plans`: of each field that is summed."""

    network: BoundModel
    linear: BoundModel
    plans: Mapping[str, Any]


def sweep(
    network: BoundModel,
    linear: BoundModel,
    scan: Scan,
    progress: Callable[[float], None] | None = None,
    engine: Engine = in_turn,
    wishes: Mapping[str, Mapping[str, Any]] | None = None,
    only: Collection[str] | None = None,
) -> Swept:
    """One pass over the rows that are evaluated, and one over all; the plans are made on those of them that were drawn.

    wishes : field -> what its `start` is given beside the models.
    only : fields that are summed; None: all.

    Where rows come in groups nothing is summed: a standard error needs all rows of a group at hand, and the rows of a batch are
    those of parts of groups. All readings are then of the drawn rows.
    """
    if scan.schema.group is not None:
        return Swept({}, {})
    wanted = [one for one in STREAMED if only is None or one.field in only]
    able = [one for one in wanted if network.has_gradient or not one.along]
    drawn = [one if one.table.held_out is None else one.take(one.table.held_out) for one in (network, linear)]
    plans: dict[bool, dict[str, Any]] = {True: {}, False: {}}
    for one in able:
        plan = one.start(*(drawn if one.models else (network, linear)), **(wishes or {}).get(one.field, {}))
        plans[one.models] |= {} if plan is None else {one.field: plan}
    pair, passes = Pair(without_rows(network), without_rows(linear), plans[True]), 1 + bool(plans[False])

    def within(done: int) -> Callable[[float], None] | None:
        return None if progress is None else lambda share: progress((done + share) / passes)

    found = engine(scan, "evaluation", _encode, _update, (pair,), _merge, within(0))
    if plans[False]:
        found = found | engine(scan, "all", _rows, _count, (plans[False],), _merge, within(1))
    return Swept(plans[True] | plans[False], {one.field: found[one.field] for one in STREAMED if one.field in found})


def _encode(pair: Pair, table: Table) -> Iterator[tuple[BoundModel, BoundModel]]:
    """Both models on the rows of a batch, encoded few at a time."""
    for few in in_parts(table, pair.network.x.shape[1]):
        first = on_rows(pair.network, few)
        yield first, on_rows(pair.linear, few, first)


def _update(pair: Pair, both: tuple[BoundModel, BoundModel]) -> dict[str, Any]:
    return taken(pair.plans, *both)


def taken(plans: Mapping[str, Any], network: BoundModel, linear: BoundModel) -> dict[str, Any]:
    """The sums of these rows, of each field that there is a plan of.

    What goes along with the rows through the network comes first: the scores are had on the way.
    """
    whole = {one.field: one for one in STREAMED if one.field in plans}
    along = {f: one.update(plans[f], network, linear) for f, one in whole.items() if one.along}
    found: dict[str, Any] = {}
    for block in network.blocks(units="unit_correlations" in along) if along else ():
        for field, update in along.items():
            sums_of = update(block)
            found[field] = whole[field].merge(found[field], sums_of) if field in found else sums_of
    return found | {f: one.update(plans[f], network, linear) for f, one in whole.items() if not one.along}


def _rows(plans: Mapping[str, Any], table: Table) -> Iterator[Table]:
    yield table


def _count(plans: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """The sums of these rows that ask no model."""
    whole = {one.field: one for one in STREAMED}
    return {field: whole[field].update(plan, table) for field, plan in plans.items()}


def _merge(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return {one.field: one.merge(a[one.field], b[one.field]) for one in STREAMED if one.field in a}
