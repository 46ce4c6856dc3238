"""Report section on effect curves: a figure and a table for each column, with both models on the same axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tabinterp.analyses.plots import Curve, tick
from tabinterp.document.document import Document
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Figure, Fold, Heading, Key, Paragraph, Table
from tabinterp.report.comparison import crossed
from tabinterp.report.tables import MODELS, STYLES, Column, interval_column, name_column, table
from tabinterp.report.words import (
    NONE,
    counted,
    cut,
    draws,
    interval,
    number,
    outputs,
    rows_of,
    score_scale,
    sentences,
    share,
    signed,
    t,
    tidy,
    yes,
)

from . import ANALYSIS
from .record import Effect, EffectCurve, EffectPoint, Effects

DRAWN = 8  # maximum number of curves on the page; with several classes, there can be more curves
SHOWN = 6  # number of curves that are not folded


def build(effects: Effects, document: Document) -> list[Block]:
    if not effects.curves:
        return []
    scale = score_scale(document)
    columns = list(dict.fromkeys(curve.column for curve in effects.curves))
    blocks: list[Block] = [
        Paragraph(
            t("report.effects.lead", scale=scale, rows=rows_of(effects), shown=len(columns), count=effects.columns)
        ),
        Paragraph(t("report.effects.note", ice_rows=effects.ice_rows, draws=draws(document)), "note"),
        Paragraph(t("report.effects.marks"), "note"),
    ]
    if document.data.drawn is not None and ANALYSIS.summed in document.data.drawn.summed:
        blocks.append(Paragraph(t("report.effects.sampled"), "note"))
    drawn, several = effects.curves[:DRAWN], len(outputs(effects.curves)) > 1
    heights = _span(drawn)
    cards: list[Block] = []
    for place, curve in enumerate(drawn):
        if place == 0 or curve.column != drawn[place - 1].column:
            cards.append(Heading(cut(curve.column), tidy(curve.column)))
        parts = _curve(_ordered(curve), scale, f"figure-effect-{place}", heights)
        cards += [Fold(t("report.readings.output", output=cut(curve.output or "")), parts)] if several else parts
    starts = [place for place, block in enumerate(cards) if isinstance(block, Heading)]
    end = starts[SHOWN] if len(starts) > SHOWN else len(cards)
    blocks += cards[:end]
    if cards[end:]:
        blocks.append(Fold(t("report.effects.others", count=len(starts) - SHOWN), cards[end:]))
    if len(effects.curves) > DRAWN:
        blocks.append(Paragraph(t("report.effects.more", count=len(effects.curves) - DRAWN), "note"))
    return blocks


def _span(curves: Sequence[Effect]) -> tuple[float, float] | None:
    """Return the common range of the vertical axes of all numeric columns, which makes the curves comparable."""
    numeric = [[point for point in curve.points if point.is_printed] for curve in curves if curve.kind == "numeric"]
    known = [points for points in numeric if any(point.network.effect.value is not None for point in points)]
    spans = [_arrays(points).span for points in known]
    return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None


def _ordered(curve: Effect) -> Effect:
    """Sort levels without an order by the network's effect; missing values and values that are not shown come last."""
    if curve.kind != "categorical":
        return curve
    points = sorted(curve.points, key=lambda p: (not p.is_printed, p.missing, -figures.finite(p.network.effect.value)))
    return curve.model_copy(update={"points": points})


def _curve(curve: Effect, scale: str, figure_id: str, heights: tuple[float, float] | None) -> list[Block]:
    table = _table(curve, scale)
    printed = [point for point in curve.points if point.is_printed]
    if all(point.network.effect.value is None for point in printed):
        return [Paragraph(t("report.figure.none")), table]
    numeric = curve.kind == "numeric"
    aria = t(
        "report.effects.aria",
        column=cut(curve.column),
        count=len(printed),
        network=_range([(point, point.network) for point in printed]),
        linear=_range([(point, point.linear) for point in printed]),
    )
    axis = t("report.effects.axis", scale=scale)
    if numeric:
        missing = t("report.effects.missing")
        svg = figures.effect_curve(
            _arrays(printed),
            axis,
            missing,
            aria,
            figure_id,
            lambda place, model: _title(printed[place], model),
            heights,
        )
    else:
        svg = figures.pairs([_pair(point) for point in printed], axis, aria, figure_id, "model", width=figures.NARROW)
    return [Figure(svg, aria, _legend(numeric, printed), _caption(curve), table, narrow=True)]


def _arrays(points: Sequence[EffectPoint]) -> Curve:
    """Return the arrays from which the curves of a numeric column are drawn."""
    network, linear = ([getattr(point, model) for point in points] for model in MODELS)
    return Curve(
        at=figures.numbers([None if point.missing else float(point.value or 0.0) for point in points]),
        network=figures.series("network", [one.effect for one in network]),
        linear=figures.series("linear", [one.effect for one in linear]),
        ale=figures.numbers([one.ale.value for one in network]),
        ice_low=figures.numbers([one.ice_low for one in network]),
        ice_high=figures.numbers([one.ice_high for one in network]),
        rows=figures.numbers([point.rows for point in points]),
        sparse=np.array([point.sparse for point in points]),
    )


def _legend(numeric: bool, points: Sequence[EffectPoint]) -> list[Key]:
    keys = [Key("●", "net", t("report.effects.legend.network"))]
    if not numeric:
        return [*keys, Key("◇", "lin", t("report.effects.legend.linear_interval"))]
    keys.append(Key("◇", "lin", t("report.effects.legend.linear")))
    if any(_has_ale(point) for point in points):
        keys.append(Key("···", "net", t("report.effects.legend.ale")))
    keys.append(Key("▒", "net", t("report.effects.legend.ice")))
    return [*keys, *([crossed()] if any(point.rows is None for point in points) else [])]


def _caption(curve: Effect) -> str:
    small = sum(not point.is_printed for point in curve.points)
    key = "report.effects.small" if curve.kind == "numeric" else "report.effects.small.levels"
    return t(key, count=small) if small else ""


def _remarks(curve: Effect) -> list[str]:
    """Return remarks on counts and levels that are left out of a curve."""
    lines = []
    if any(point.is_printed and point.rows is None for point in curve.points):
        lines.append(t("report.effects.uncounted"))
    if curve.off_grid is None:
        lines.append(t("report.effects.off_grid_few"))
    elif curve.off_grid > 1e-9:
        lines.append(t("report.effects.off_grid", share=share(curve.off_grid)))
    return lines


def _pair(point: EffectPoint) -> figures.Pair:
    rows = NONE if point.rows is None else point.rows
    return figures.Pair(
        t("report.effects.level", level=cut(_name(point)), rows=rows),
        t("report.effects.level", level=_name(point), rows=rows),
        point.network.effect,
        point.linear.effect,
        _title(point, "network"),
        _title(point, "linear"),
    )


def _title(point: EffectPoint, model: str) -> str:
    value = interval(getattr(point, model).effect, sign=True)
    return t("report.mark", name=_name(point), model=t(f"report.{model}"), value=value)


def _name(point: EffectPoint) -> str:
    if point.missing:
        return t("report.effects.missing")
    if not point.is_printed:
        return t("report.effects.hidden")
    return tidy(point.value) if isinstance(point.value, str) else tick(float(point.value or 0.0))


def _range(points: Sequence[tuple[EffectPoint, EffectCurve]]) -> str:
    """Describe where a curve is lowest and highest, for readers who cannot see the figure."""
    known = [(curve.effect.value, _name(point)) for point, curve in points if curve.effect.value is not None]
    if not known:
        return t("report.effects.range.none")
    (low, at_low), (high, at_high) = min(known), max(known)
    return t("report.effects.range", low=signed(low), at_low=cut(at_low), high=signed(high), at_high=cut(at_high))


def _table(curve: Effect, scale: str) -> Table:
    """Return the table of a curve. Accumulated local effects are left out if the levels have no order."""
    columns: list[Column[EffectPoint]] = [
        name_column(t("report.effects.value"), _name),
        Column(t("report.effects.rows"), lambda point: NONE if point.rows is None else counted(point.rows)),
    ]
    for model in MODELS:
        columns += _effect(model)
    if any(_has_ale(point) for point in curve.points):
        columns += [_ale(model) for model in MODELS]
    columns += [
        Column(t("report.effects.network_ice"), lambda point: _between(point.network), "net"),
        Column(t("report.effects.linear_ice"), lambda point: _between(point.linear), "lin"),
        Column(t("report.effects.sparse"), lambda point: yes(point.sparse), "t"),
    ]
    caption = t("report.effects.table", column=cut(curve.column), scale=scale)
    return table(sentences([caption, *_remarks(curve)]), curve.points, columns)


def _effect(model: str) -> list[Column[EffectPoint]]:
    return [
        interval_column(
            t(f"report.{model}.interval"), lambda point: getattr(point, model).effect, STYLES[model], sign=True
        ),
        Column(t("report.shapley.stderr"), lambda point: number(getattr(point, model).effect.stderr)),
    ]


def _ale(model: str) -> Column[EffectPoint]:
    head = t(f"report.effects.{model}_ale")
    return interval_column(head, lambda point: getattr(point, model).ale, STYLES[model], sign=True)


def _has_ale(point: EffectPoint) -> bool:
    return point.network.ale.value is not None or point.linear.ale.value is not None


def _between(curve: EffectCurve) -> str:
    if curve.ice_low is None or curve.ice_high is None:
        return NONE
    return t("report.effects.between", low=signed(curve.ice_low), high=signed(curve.ice_high))
