"""What an audit reads of every row of a scan: one literal list of sums, taken in one pass over the batches.

Everything else is read of the rows that the scan drew. To add one: its four functions, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .comparison import calibration, totals
from .engine import Engine, in_parts, in_turn
from .models import Block, Bound, on_rows, without_rows
from .readouts import association, neurons, streamed, sums
from .readouts.coefficients import with_slopes
from .readouts.terms import Slope, find_terms
from .table import Scan, Table


@dataclass(frozen=True)
class Whole:
    """Sums over rows of both models that stand in the place of a reading of drawn rows, whose `field` of the results it is.

    `start` (both models on drawn rows) gives a plan, or None where there is nothing to sum, `update` (plan, both on a batch) the
    batch's sums, `finish` (plan, sums, what the drawn rows gave) the reading. `grouped`: it also holds where rows come in groups.
    `along`: it follows the rows through the network, whose derivatives or hidden units it takes: `update` gives what sums a block
    of them.
    """

    field: str
    start: Callable[[Bound, Bound], Any]
    update: Callable[[Any, Bound, Bound], Any]
    merge: Callable[[Any, Any], Any]
    finish: Callable[[Any, Any, Any], Any]
    grouped: bool = True
    along: bool = False


def _curves_start(network: Bound, linear: Bound) -> Any:
    return calibration.start_curves(network), calibration.start_curves(linear), network.table.schema.goal.classes


def _curves(plan: Any, network: Bound, linear: Bound) -> Any:
    return tuple(calibration.update_curves(plan[i], one) for i, one in enumerate((network, linear)))


def _curves_merge(a: Any, b: Any) -> Any:
    return tuple(calibration.merge_curves(x, y) for x, y in zip(a, b, strict=True))


def _curves_finish(plan: Any, found: Any, drawn: Any) -> Any:
    return drawn and tuple(calibration.finish_curves(s, d, plan[2]) for s, d in zip(found, drawn, strict=True))


def _gradients_start(network: Bound, linear: Bound) -> Any:
    return streamed.start_gradients(network), streamed.start_gradients(linear)


def _gradients(plan: Any, network: Bound, linear: Bound) -> Callable[[Block], Any]:
    both = [streamed.update_gradients(*pair) for pair in zip(plan, (network, linear), strict=True)]
    return lambda block: tuple(update(block) for update in both)


def _gradients_merge(a: Any, b: Any) -> Any:
    return tuple(sums.merge(x, y) for x, y in zip(a, b, strict=True))


def _gradients_finish(plan: Any, found: Any, drawn: Any) -> Any:
    """Of pairs of results, a pair for each method."""
    pairs = [streamed.finish_gradients(s, d) for s, d in zip(found, zip(*drawn or [], strict=True), strict=False)]
    return [*zip(*pairs, strict=True)] if pairs else drawn


def _slopes_start(network: Bound, _: Bound) -> Any:
    return [term for term in find_terms(network) if isinstance(term, Slope)] or None


def _slopes_finish(plan: Any, found: Any, drawn: Any) -> Any:
    return drawn and (drawn[0], with_slopes(drawn[1], plan, found))


WHOLE: tuple[Whole, ...] = (
    Whole(
        "performance",
        lambda network, linear: totals.start(network),
        totals.update,
        totals.merge,
        totals.finish,
        grouped=False,
    ),
    Whole("calibration", _curves_start, _curves, _curves_merge, _curves_finish, grouped=False),
    Whole("gradients", _gradients_start, _gradients, _gradients_merge, _gradients_finish, along=True),
    Whole(
        "coefficients",
        _slopes_start,
        lambda plan, network, linear: streamed.update_slopes(plan, network),
        sums.merge,
        _slopes_finish,
        along=True,
    ),
    Whole(
        "neurons",
        lambda network, linear: neurons.start_moments(network),
        lambda plan, network, linear: neurons.update_moments(plan, network),
        association.merge,
        lambda plan, found, drawn: drawn and neurons.finish_moments(plan, found, drawn),
        along=True,
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
        whole = next(one for one in WHOLE if one.field == field)
        return whole.finish(self.plans[field], self.sums[field], drawn)


@dataclass(frozen=True, eq=False)
class Pair:
    """Both models with no rows: what every batch of rows is read with. `plans`: of each field that is summed."""

    network: Bound
    linear: Bound
    plans: Mapping[str, Any]


def sweep(
    network: Bound,
    linear: Bound,
    scan: Scan,
    progress: Callable[[float], None] | None = None,
    engine: Engine = in_turn,
) -> Swept:
    """One pass over the rows that are evaluated; the plans are made on those of them that were drawn."""
    grouped = any(column.role == "group" for column in scan.schema.columns)
    able = [w for w in WHOLE if (w.grouped or not grouped) and (network.has_gradient or not w.along)]
    drawn = [one if one.table.held_out is None else one.take(one.table.held_out) for one in (network, linear)]
    plans = {one.field: plan for one in able if (plan := one.start(*drawn)) is not None}
    pair = Pair(without_rows(network), without_rows(linear), plans)
    found = engine(scan, "evaluation", _encode, _update, (pair,), _merge, progress)
    return Swept(plans, {one.field: found[one.field] for one in WHOLE if one.field in found})


def _encode(pair: Pair, table: Table) -> Iterator[tuple[Bound, Bound]]:
    """Both models on the rows of a batch, encoded few at a time."""
    for few in in_parts(table, pair.network.x.shape[1]):
        first = on_rows(pair.network, few)
        yield first, on_rows(pair.linear, few, first)


def _update(pair: Pair, both: tuple[Bound, Bound]) -> dict[str, Any]:
    return taken(pair.plans, *both)


def taken(plans: Mapping[str, Any], network: Bound, linear: Bound) -> dict[str, Any]:
    """The sums of these rows, of each field that there is a plan of.

    What goes along with the rows through the network comes first: the scores are had on the way.
    """
    whole = {one.field: one for one in WHOLE if one.field in plans}
    along = {f: one.update(plans[f], network, linear) for f, one in whole.items() if one.along}
    found: dict[str, Any] = {}
    for block in network.blocks(units="neurons" in along) if along else ():
        for field, update in along.items():
            sums_of = update(block)
            found[field] = whole[field].merge(found[field], sums_of) if field in found else sums_of
    return found | {f: one.update(plans[f], network, linear) for f, one in whole.items() if not one.along}


def _merge(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return {one.field: one.merge(a[one.field], b[one.field]) for one in WHOLE if one.field in a}
