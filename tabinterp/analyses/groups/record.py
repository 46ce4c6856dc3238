"""Groups of people, proxies, groups in which the network errs, declared constraints: numbers to their fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from tabinterp.analyses.constraints.estimator import Checked, Held
from tabinterp.analyses.proxies.estimator import Gap, Probe, Proxy
from tabinterp.analyses.results import Results, interval, number, rows_of
from tabinterp.analyses.subgroup_gaps.estimator import Weak
from tabinterp.document.document import Message
from tabinterp.table.suppression import SMALL, part_of, rounded_down

from . import types as parts
from .adverse_impact import FIFTHS, AdverseImpact, FamilyImpact, Pair
from .estimator import Fitted, Group
from .group_metrics import ESTIMATES, Treated
from .partition import Condition
from .several_classes import Fitting

PAIRS = 24
PLACES = ("inputs", "score")


def grouped(r: Results) -> parts.Groups:
    return parts.Groups(
        table=_table(r),
        classes=_classes(r),
        fits=[] if r.groups is None else _fits(r.groups.fits),
        proxies=[] if r.proxies is None else [_proxy(one) for one in r.proxies.proxies],
        alternatives=_alternatives(r),
        weak=_weak(r),
        constraints=_constraints(r),
    )


def named(conditions: tuple[Condition, ...]) -> list[Message]:
    """A group in words, condition by condition."""
    return [_condition(one) for one in conditions]


def _condition(one: Condition) -> Message:
    found = {"column": one.column, "level": one.level, "low_end": one.low, "high_end": one.high}
    return Message(key=f"group.{one.kind}", values={name: value for name, value in found.items() if value is not None})


def _table(r: Results) -> parts.GroupTable | None:
    if r.groups is None or r.groups.fits:
        return None
    found = r.groups
    table = _of(r, found.groups, found.threshold, found.favourable, found.compared)
    return table.model_copy(update={"impact": None if found.impact is None else _impact(*found.impact)})


def _impact(network: AdverseImpact, linear: AdverseImpact) -> parts.Impact:
    rows = [[_impact_row(one) for one in model.families] for model in (network, linear)]
    return parts.Impact(limit=FIFTHS, compared=network.compared, network=rows[0], linear=rows[1])


def _impact_row(one: FamilyImpact) -> parts.ImpactRow:
    pairs = [_impact_pair(pair) for pair in (one.headline, one.surest)]
    return parts.ImpactRow(columns=list(one.columns), headline=pairs[0], surest=pairs[1], withheld=one.withheld)


def _impact_pair(pair: Pair | None) -> parts.ImpactPair | None:
    if pair is None:
        return None
    least, most = (named(cell.conditions) for cell in (pair.least, pair.most))
    return parts.ImpactPair(
        least=least,
        most=most,
        ratio=interval(*pair.ratio),
        low=number(pair.low),
        high=number(pair.high),
        detectable=number(pair.detectable),
    )


def _classes(r: Results) -> list[parts.GroupTable]:
    found = () if r.groups is None else r.groups.groups
    labels = dict.fromkeys(one.output for one in found if one.output is not None)
    return [_of(r, [one for one in found if one.output == label], None, None, label) for label in labels]


def _of(
    r: Results, groups: Sequence[Group], threshold: float | None, favourable: str | None, compared: str | None
) -> parts.GroupTable:
    single = [one for one in groups if len(one.cell.conditions) == 1]
    pairs = [one for one in groups if len(one.cell.conditions) == 2]
    told = sorted((one for one in pairs if one.told and not one.control), key=_sureness)
    return parts.GroupTable(
        rows=0 if r.groups is None else r.groups.rows,
        rows_of=rows_of(r),
        threshold=threshold,
        favourable=favourable,
        compared=compared,
        control={} if r.groups is None else dict(r.groups.named),
        columns=_columns(single),
        pairs=[_group(one) for one in told[:PAIRS]],
        pairs_left=max(0, len(told) - PAIRS),
        pairs_held_back=sum(not one.told for one in pairs),
    )


def _sureness(one: Group) -> float:
    """How far from no difference, in widths of its interval: largest first."""
    if one.network is None:
        return 0.0
    value, _, low, high = one.network.difference
    return -abs(value) / (high - low) if high > low else 0.0


def _columns(single: list[Group]) -> list[parts.GroupRow]:
    """Groups of one column. That a level is held by fewer than ten rows is told without its name, once a column."""
    few = {one.cell.columns[0]: one for one in single if _few(one)}
    return [
        _nameless(one) if _few(one) else _group(one)
        for one in single
        if not _few(one) or few[one.cell.columns[0]] is one
    ]


def _fits(found: Sequence[Fitted]) -> list[parts.FittedRow]:
    made = []
    for one in found:
        both = [None if model is None else _fitted(model) for model in (one.network, one.linear)]
        few = _few(one)
        name = _no_name(one) if few else named(one.cell.conditions)
        row = parts.FittedRow(group=name, control=one.control, rows=one.rows, network=both[0], linear=both[1])
        made += [row] if row not in made else []  # levels of few rows: once a column
    return made


def _fitted(one: Fitting) -> parts.Fitted:
    told = {f.name: getattr(one, f.name) for f in fields(one)}
    return parts.Fitted(**{n: number(v) if n.endswith("_p") else interval(*v) for n, v in told.items()})


def _few(one: Group | Fitted) -> bool:
    return one.network is None and one.cell.conditions[0].kind == "level" and one.cell.rows < SMALL


def _nameless(one: Group) -> parts.GroupRow:
    return _group(one).model_copy(update={"group": _no_name(one)})


def _no_name(one: Group | Fitted) -> list[Message]:
    return [Message(key="group.few", values={"column": one.cell.columns[0], "rows": SMALL})]


def _group(one: Group) -> parts.GroupRow:
    both = [None if model is None else _treated(model) for model in (one.network, one.linear)]
    return parts.GroupRow(
        group=named(one.cell.conditions),
        control=one.control,
        rows=one.rows,
        fit_rows=None if one.fit_rows == one.rows else one.fit_rows,
        network=both[0],
        linear=both[1],
    )


def _treated(one: Treated) -> parts.Treated:
    told = {f.name: getattr(one, f.name) for f in fields(one)}
    return parts.Treated(**{n: interval(*v) if n in ESTIMATES else number(v) for n, v in told.items()})


# ---- proxies


def _proxy(one: Proxy) -> parts.ProxyPart:
    probes = [_probe(p) for p in one.places]
    probes += [parts.ProbeRow(place="column", name=p.place, power=interval(*p.power)) for p in one.columns]
    return parts.ProxyPart(
        column=one.column,
        metric="auc" if one.metric == "auc" else "r2",
        rows=one.rows,
        probes=probes,
        network=_gap(one.network),
        linear=_gap(one.linear),
    )


def _probe(one: Probe) -> parts.ProbeRow:
    place: Any = one.place if one.place in PLACES else "layer"
    return parts.ProbeRow(place=place, name=one.place, power=interval(*one.power))


def _gap(gap: Gap | None) -> parts.GapPart | None:
    if gap is None:
        return None
    rows = [
        parts.AblatedRow(columns=list(a.columns), loss=interval(*a.loss), gap=interval(*a.gap), left=interval(*a.left))
        for a in gap.ablated
    ]
    return parts.GapPart(most=_condition(gap.most), least=_condition(gap.least), gap=interval(*gap.gap), ablated=rows)


def _alternatives(r: Results) -> parts.Alternatives | None:
    if r.alternatives is None:
        return None
    found = r.alternatives
    rows = [
        parts.AlternativeRow(
            model=one.model,
            how=one.how,
            without=list(one.without),
            auc=interval(*one.auc),
            ratios=[interval(*ratio) for ratio in one.ratios],
            frontier=list(one.frontier),
        )
        for one in found.versions
    ]
    return parts.Alternatives(rows=found.rows, seed=found.seed, columns=list(found.columns), versions=rows)


# ---- groups in which the network errs


def _weak(r: Results) -> parts.WeakPart | None:
    if r.weak is None:
        return None
    found = r.weak
    metric: Any = found.loss
    return parts.WeakPart(
        metric=metric,
        mean=found.mean,
        null=found.null,
        rows=found.rows,
        searched=found.searched,
        found=[_weak_row(one) for one in found.groups],
    )


def _weak_row(one: Weak) -> parts.WeakRow:
    return parts.WeakRow(
        group=named(one.conditions),
        rows=one.rows,
        loss=one.loss,
        rest=one.rest,
        difference=interval(*one.difference),
        skill=number(one.skill),
        beyond=interval(*one.beyond),
        excess=interval(*one.excess),
    )


# ---- constraints


def _constraints(r: Results) -> parts.ConstraintTable | None:
    if r.constraints is None:
        return None
    found = r.constraints
    table = r.network.table
    every = len(table) if table.held_out is None else int(table.held_out.sum())
    rows = [_checked(one, every) for one in found.columns]
    return parts.ConstraintTable(rows=found.rows, seed=found.seed, columns=rows)


def _checked(one: Checked, every: int) -> parts.ConstraintRow:
    """`every`: rows, of which `one.rows` hold a value."""
    outside = rounded_down(one.outside, one.rows)
    return parts.ConstraintRow(
        column=one.constraint.column,
        direction=one.constraint.direction,
        low=one.constraint.low,
        high=one.constraint.high,
        rows=part_of(one.rows, every),
        outside=outside,
        few_outside=one.outside is not None and outside is None,
        network=_held(one.network),
        linear=_held(one.linear),
    )


def _held(one: Held | None) -> parts.HeldPart | None:
    if one is None:
        return None
    start, end = (
        None if v is None else float(v) if isinstance(v, (int, float)) and not isinstance(v, bool) else str(v)
        for v in (one.start, one.end)
    )
    return parts.HeldPart(share=interval(*one.share), fall=interval(*one.fall), start=start, end=end)
