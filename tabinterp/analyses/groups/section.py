"""Groups of people, proxies of a column that no model reads, groups in which the network errs, declared constraints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tabinterp.document.claims import side
from tabinterp.document.document import Document, Interval, Message
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Paragraph, Table
from tabinterp.report.words import (
    NONE,
    capital,
    cells,
    counted,
    interval,
    layer_name,
    listed,
    name_cell,
    number,
    p_value,
    say,
    share,
    t,
    tidy,
)

from .types import (
    Alternatives,
    ConstraintRow,
    ConstraintTable,
    Fitted,
    FittedRow,
    GapPart,
    GroupRow,
    Groups,
    GroupTable,
    HeldPart,
    ImpactPair,
    ProbeRow,
    ProxyPart,
    Treated,
    WeakPart,
)

CHANCE = {"auc": 0.5, "r2": 0.0}
MODELS = ("network", "linear")
STYLES = {"network": "net", "linear": "lin"}

Shown = Callable[[Treated], str]


def groups(document: Document) -> list[Block]:
    part = document.groups
    if part is None:
        return []
    drawn = document.data.drawn
    note = [Paragraph(t("report.groups.summed"), "note")] if drawn is not None and "groups" in drawn.summed else []
    blocks: list[Block] = [] if part.table is None else [*_people(part.table), *note]
    if part.classes:
        blocks += [Heading(t("report.groups.people")), *several(part), *map(_of_class, part.classes), *note]
    for proxy in part.proxies:
        blocks += _proxy(proxy)
    if part.alternatives is not None:
        blocks += _alternatives(part.alternatives)
    if part.constraints is not None:
        blocks += _constraints(part.constraints)
    return blocks + ([] if part.weak is None else _weak(part.weak))


# ---- groups of people


def _people(part: GroupTable) -> list[Block]:
    selected = part.of is not None
    blocks = [Heading(t("report.groups.people")), *rates(part), *_impact(part), *_more(part.columns, selected)]
    if part.pairs:
        inside: list[Block] = [_rates(part.pairs, part), *_more(part.pairs, selected)]
        blocks.append(Fold(t("report.groups.pairs"), inside))
    return blocks


def several(part: Groups) -> list[Block]:
    """Of several classes: how well both models fit each group."""
    one = part.classes[0]
    lead = t("report.groups.lead_classes", rows=t(f"report.rows_of.{one.rows_of}", rows=one.rows))
    columns: list[tuple[str, Callable[[Fitted], str]]] = [
        ("accuracy", lambda one: interval(one.accuracy)),
        ("accuracy_difference", lambda one: interval(one.accuracy_difference, sign=True)),
        ("loss", lambda one: interval(one.loss)),
        ("loss_difference", lambda one: interval(one.loss_difference, sign=True)),
    ]
    caption = t("report.groups.fits")
    return [Paragraph(lead), _table(part.fits, caption, columns), Paragraph(t("report.groups.fits.note"), "note")]


def _of_class(part: GroupTable) -> Fold:
    """One class as the selected one: rates, differences, error rates, calibration."""
    kept = t("report.groups.suppressed", pairs=part.pairs_held_back, left=part.pairs_left)
    inside: list[Block] = [_rates(part.columns, part), Paragraph(kept, "note"), *_more(part.columns, True)]
    if part.pairs:
        pairs: list[Block] = [_rates(part.pairs, part), *_more(part.pairs, True)]
        inside.append(Fold(t("report.groups.pairs"), pairs))
    return Fold(t("report.groups.class", output=tidy(part.of or "")), inside)


def rates(part: GroupTable) -> list[Block]:
    """What each group of one column is given under both models."""
    told = {"rows": t(f"report.rows_of.{part.rows_of}", rows=part.rows)}
    way = "lead_mean" if part.of is None else "lead" if part.favourable is not None else "lead_unstated"
    if part.of is not None:
        told |= {"compared": tidy(part.of), "threshold": number(part.threshold or 0.0)}
    kept = t("report.groups.suppressed", pairs=part.pairs_held_back, left=part.pairs_left)
    return [Paragraph(t(f"report.groups.{way}", **told)), _rates(part.columns, part), Paragraph(kept, "note")]


def _rates(rows: list[GroupRow], part: GroupTable) -> Table:
    """Shares predicted to be in a class; with ratios where it is known which class hurts, and class by class."""
    if part.of is None:
        return _table(rows, t("report.groups.rates_mean"), [("mean", lambda one: interval(one.rate))])
    rate: list[tuple[str, Shown]] = [("rate", lambda one: interval(one.rate))]
    if part.favourable is None and part.threshold is not None:
        rate.append(("other", lambda one: interval(_rest(one.rate))))
        return _table(rows, t("report.groups.rates_unstated", compared=tidy(part.of)), rate)
    rate += [("ratio", lambda one: _ratio(one.ratio)), ("most", lambda one: interval(one.ratio_most))]
    return _table(rows, t("report.groups.rates"), rate)


def _rest(rate: Interval) -> Interval:
    """The share predicted to be in the other of two classes."""
    value, low, high = (None if end is None else 1 - end for end in (rate.value, rate.high, rate.low))
    return Interval(value=value, stderr=rate.stderr, low=low, high=high)


def _impact(part: GroupTable) -> list[Block]:
    """The least and the most selected group of each column, under either model."""
    found = part.impact
    if found is None or not found.network:
        return []
    head = [Cell(t("report.impact.columns"), style="w"), Cell(t("report.impact.model"), style="t")]
    head += [Cell(t(f"report.impact.{name}"), style="w") for name in ("least", "most")]
    head += [*cells([t("report.impact.ratio"), t("report.impact.all")]), Cell(t("report.impact.withheld"), style="t")]
    body = []
    for pair in zip(found.network, found.linear, strict=True):
        for model, row in zip(MODELS, pair, strict=True):
            one = row.headline
            names = [NONE, NONE] if one is None else [named(one.least), named(one.most)]
            numbers = [NONE, NONE] if one is None else [interval(one.ratio), _ends(one)]
            body.append(
                [
                    Cell(listed(map(tidy, row.columns)), style="w"),
                    Cell(t(f"report.{model}"), style="t"),
                    *(Cell(name, style="w") for name in names),
                    *cells(numbers),
                    Cell(NONE if row.withheld is None else t(f"report.impact.withheld.{row.withheld}"), style="t"),
                ]
            )
    note = t("report.impact.note", compared=found.compared, limit=number(found.limit))
    return [Table(t("report.impact"), head, body), Paragraph(note, "note")]


def _ratio(part: Interval) -> str:
    """With its interval, or the one end that is told."""
    if part.value is None and part.high is not None:
        return t("report.groups.at_most", value=number(part.high))
    if part.value is None and part.low is not None:
        return t("report.groups.at_least", value=number(part.low))
    return interval(part)


def _more(rows: list[GroupRow], selected: bool) -> list[Block]:
    """Differences, error rates and calibration."""
    apart: list[tuple[str, Shown]] = [
        ("difference", lambda one: interval(one.difference, sign=True)),
        ("p", lambda one: p_value(one.p)),
        ("smd", lambda one: interval(one.smd, sign=True)),
    ]
    errors: list[tuple[str, Shown]] = [
        ("tpr", lambda one: number(one.tpr)),
        ("tpr_difference", lambda one: interval(one.tpr_difference, sign=True)),
        ("fpr", lambda one: number(one.fpr)),
        ("fpr_difference", lambda one: interval(one.fpr_difference, sign=True)),
    ]
    fit: list[tuple[str, Shown]] = [
        ("slope", lambda one: interval(one.slope)),
        ("intercept", lambda one: interval(one.intercept, sign=True)),
        ("ece", lambda one: number(one.ece)),
    ]
    note = t("report.groups.smd" if selected else "report.groups.smd_mean")
    blocks: list[Block] = [_fold(rows, "report.groups.differences", apart, note)]
    if selected:
        blocks.append(_fold(rows, "report.groups.errors", errors, t("report.groups.errors.note")))
    if any(row.network is not None and row.network.ece is not None for row in rows):
        table = _table(rows, t("report.groups.calibration"), fit, any(row.fit_rows is not None for row in rows))
        blocks.append(
            Fold(t("report.groups.calibration"), [table, Paragraph(t("report.groups.calibration.note"), "note")])
        )
    return blocks


def _fold(rows: list[GroupRow], key: str, columns: list[tuple[str, Shown]], note: str) -> Fold:
    return Fold(t(key), [_table(rows, t(key), columns), Paragraph(note, "note")])


def _table(
    rows: Sequence[GroupRow | FittedRow],
    caption: str,
    columns: list[tuple[str, Callable[[Any], str]]],
    fits: bool = False,
) -> Table:
    """One row a group; the network beside its counterpart in every number. `fits`: these are of other numbers of rows."""
    head = [Cell(t("report.groups.group"), style="w"), Cell(t("report.groups.rows"))]
    head += [Cell(t("report.groups.fit_rows"))] if fits else []
    head += [Cell(t(f"report.groups.{name}.{model}"), style=STYLES[model]) for name, _ in columns for model in MODELS]
    body = []
    for row in rows:
        both = {"network": row.network, "linear": row.linear}
        name = t("report.groups.control", group=named(row.group)) if row.control else named(row.group)
        line = [Cell(tidy(name), style="w"), Cell(NONE if row.rows is None else counted(row.rows))]
        if fits and isinstance(row, GroupRow):
            line.append(Cell(NONE if row.fit_rows is None else counted(row.fit_rows)))
        body.append(
            [
                *line,
                *(Cell(_shown(both[model], shown), style=STYLES[model]) for _, shown in columns for model in MODELS),
            ]
        )
    return Table(caption, head, body)


def _shown(one: Treated | Fitted | None, shown: Callable[[Any], str]) -> str:
    return NONE if one is None else shown(one)


def named(group: list[Message]) -> str:
    told = [tidy(say(one)) for one in group]
    return told[0] if len(told) == 1 else t("group.both", first=told[0], second=told[1])


def _ends(pair: ImpactPair) -> str:
    """The interval that holds for all pairs at once."""
    if pair.low is None or pair.high is None:
        return NONE
    return t("report.impact.ends", low=number(pair.low), high=number(pair.high))


# ---- proxies


def _proxy(part: ProxyPart) -> list[Block]:
    metric = t(f"report.proxies.metric.{part.metric}")
    values = {"rows": part.rows, "metric": metric, "chance": number(CHANCE[part.metric])}
    head = [Cell(t("report.proxies.read"), style="w"), *cells([metric])]
    body = [[Cell(_place(row), style="w"), *cells([interval(row.power)])] for row in part.probes]
    blocks: list[Block] = [
        Heading(t("report.proxies", column=tidy(part.column))),
        Paragraph(t("report.proxies.lead", column=tidy(part.column), **values)),
        Table(metric, head, body),
    ]
    for model, gap in (("network", part.network), ("linear", part.linear)):
        if gap is not None and gap.ablated:
            blocks += _gap(model, gap)
    return blocks


def _place(row: ProbeRow) -> str:
    return t(f"report.proxies.place.{row.place}", name=tidy(layer_name(row.name) if row.place == "layer" else row.name))


def _gap(model: str, part: GapPart) -> list[Block]:
    groups_ = {"most": tidy(say(part.most)), "least": tidy(say(part.least))}
    key = "report.proxies.gap" if part.gap.value is not None else "report.proxies.gap_held_back"
    told = t(key, model=capital(t(f"report.{model}")), gap=interval(part.gap, sign=True), **groups_)
    head = [Cell(t("report.proxies.columns"), style="w")]
    head += cells([t(f"report.proxies.{name}") for name in ("loss", "change", "left")])
    body = [
        [
            Cell(listed(map(tidy, row.columns)), style="w"),
            *cells([interval(row.loss, sign=True), interval(row.gap, sign=True), interval(row.left, sign=True)]),
        ]
        for row in part.ablated
    ]
    return [Paragraph(told), Table(t("report.proxies.ablation"), head, body)]


# ---- alternatives considered


def _alternatives(part: Alternatives) -> list[Block]:
    head = [Cell(t("report.alternatives.version"), style="w"), Cell(t("report.alternatives.auc"))]
    head += [Cell(t("report.alternatives.ratio", column=tidy(column))) for column in part.columns]
    head.append(Cell(t("report.alternatives.frontier"), style="w"))
    body = []
    for row in part.versions:
        on = [tidy(column) for column, flag in zip(part.columns, row.frontier, strict=True) if flag]
        name = t(
            f"report.alternatives.{row.how}", model=t(f"report.{row.model}"), columns=", ".join(map(tidy, row.without))
        )
        numbers = [interval(row.auc), *(interval(ratio) for ratio in row.ratios)]
        body.append([Cell(capital(name), style="w"), *cells(numbers), Cell(", ".join(on) or NONE, style="w")])
    table = Table(t("report.alternatives.caption"), head, body)
    lead = Paragraph(t("report.alternatives.lead", rows=part.rows))
    return [Heading(t("report.alternatives")), lead, table, Paragraph(t("report.alternatives.note"), "note")]


# ---- groups in which the network errs


def _weak(part: WeakPart) -> list[Block]:
    lead = t("report.weak.lead", searched=part.searched, rows=part.rows, mean=number(part.mean), null=number(part.null))
    blocks: list[Block] = [Heading(t("report.weak")), Paragraph(lead)]
    if not part.found:
        return blocks
    sure = any(row.excess.value is not None for row in part.found)
    note = "report.weak.note" if sure else "report.weak.note_mean"
    names = ("loss", "rest", "difference", "skill", "beyond", "excess")
    head = [Cell(t("report.groups.group"), style="w"), Cell(t("report.groups.rows"))]
    head += cells([t(f"report.weak.{name}") for name in names])
    body = [
        [
            Cell(named(row.group), style="w"),
            Cell(counted(row.rows)),
            *cells([number(row.loss), number(row.rest), interval(row.difference, sign=True), share(row.skill)]),
            *cells([interval(row.beyond, sign=True), interval(row.excess, sign=True)]),
        ]
        for row in part.found
    ]
    worse = sum(side(row.difference) > 0 for row in part.found)
    told = Paragraph(t("report.weak.found", count=len(part.found), worse=worse))
    return [*blocks, told, Table(t("report.weak.caption"), head, body), Paragraph(t(note), "note")]


# ---- constraints


def _constraints(part: ConstraintTable) -> list[Block]:
    head = [Cell(t("report.column")), Cell(t("report.constraints.direction"), style="t")]
    for name in ("against", "fall"):
        head += [Cell(t(f"report.constraints.{name}.{model}"), style=STYLES[model]) for model in MODELS]
    head += [Cell(t("report.constraints.from"), style="t"), Cell(t("report.constraints.domain"), style="t")]
    head += cells([t("report.constraints.outside")])
    lead = t("report.constraints.lead", rows=part.rows)
    body = [_constraint(row) for row in part.columns]
    return [Heading(t("report.constraints")), Paragraph(lead), Table(t("report.constraints"), head, body)]


def _constraint(row: ConstraintRow) -> list[Cell]:
    both = {"network": row.network, "linear": row.linear}
    line = [name_cell(row.column), Cell(row.direction or NONE, style="t")]
    line += [Cell(_held(both[m], lambda one: one.share), style=STYLES[m]) for m in MODELS]
    line += [Cell(_held(both[m], lambda one: one.fall, True), style=STYLES[m]) for m in MODELS]
    ends = NONE if row.network is None else f"{_value(row.network.start)}, {_value(row.network.end)}"
    domain = NONE if row.low is None and row.high is None else f"{number(row.low)} … {number(row.high)}"
    outside = t("report.constraints.few") if row.few_outside else NONE if row.outside is None else counted(row.outside)
    return [*line, Cell(ends, style="t"), Cell(domain, style="t"), Cell(outside)]


def _held(one: HeldPart | None, part: Callable[[HeldPart], Interval], sign: bool = False) -> str:
    return NONE if one is None else interval(part(one), sign=sign)


def _value(value: float | str | None) -> str:
    return NONE if value is None else tidy(value) if isinstance(value, str) else number(value)
