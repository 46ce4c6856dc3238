"""Report section on regional effects: columns with different effects in two regions, and the curves in both regions."""

from __future__ import annotations

from tabinterp.analyses.plots import tick
from tabinterp.document.base import Interval
from tabinterp.document.document import Document
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Figure, Fold, Key, Panels, Paragraph, Points
from tabinterp.report.tables import Column, interval_column, name_column, table
from tabinterp.report.words import (
    NONE,
    between,
    cut,
    excludes_zero,
    interval,
    p_value,
    say,
    scaled,
    score_scale,
    stated,
    t,
    tidy,
)

from .record import Record, RegionalCurves, RegionalEffect, RegionalPoint

DRAWN = 6  # maximum number of columns whose curves are shown; the document has all of them
SIDES = ("inside", "outside", "everywhere")


def build(record: Record, document: Document) -> list[Block]:
    if not record.effects:
        return []
    found = [one for one in record.effects if one.curves is not None]
    key = "report.regional.fold" if found else "report.regional.fold.none"
    scale, least = score_scale(document), _percent(record.least)
    columns: list[Column[RegionalEffect]] = [
        name_column(t("report.column"), lambda row: row.column),
        interval_column(t("report.regional.heterogeneity"), lambda row: row.heterogeneity),
        interval_column(t("report.regional.share"), lambda row: row.share),
        Column(t("report.regional.split"), lambda row: NONE if row.split is None else tidy(say(row.split)), "w"),
        Column(
            t("report.regional.rows_share"), lambda row: NONE if row.rows_share is None else _percent(row.rows_share)
        ),
        interval_column(t("report.regional.explained"), lambda row: row.explained),
        Column(t("report.regional.q", least=least), lambda row: p_value(row.q)),
    ]
    drawn = [(one, one.curves) for one in found[:DRAWN] if one.curves is not None]
    blocks: list[Block] = [Paragraph(t("report.regional.note", rows=record.rows, least=least, scale=scale), "note")]
    if drawn:
        blocks += [
            Points([sentence for one, curves in drawn if (sentence := _sentence(one, curves, scale))]),
            Panels([[_figure(one, curves, scale, place)] for place, (one, curves) in enumerate(drawn)], small=True),
        ]
    caption = t("report.regional.table", scale=scale, count=record.columns, shown=len(record.effects))
    blocks.append(table(caption, record.effects, columns))
    return [Fold(t(key, found=len(found), tested=len(record.effects)), blocks)]


def _sentence(effect: RegionalEffect, curves: RegionalCurves, scale: str) -> str:
    """Return a sentence on the change in score between two values of the column, in each region.

    The result is an empty string if fewer than two values have enough rows.
    """
    if curves.start is None or curves.end is None or effect.split is None:
        return ""
    return t(
        "report.regional.change" if curves.output is None else "report.regional.change.output",
        split=tidy(say(effect.split)),
        column=cut(effect.column),
        start=_name(curves.start),
        end=_name(curves.end),
        scale=scale,
        output=cut(curves.output or ""),
        inside=_changes(curves.inside),
        outside=_changes(curves.outside),
    )


def _changes(change: Interval) -> str:
    """Describe a change by a verb, a number and its interval, such as "falls by 0.2 (95% CI 0.1 to 0.3)"."""
    if not excludes_zero(change):
        return t("report.regional.flat", interval=between(change, sign=True))
    if change.value is None or change.value > 0:
        return t("report.regional.rises", size=stated(change))
    fall = scaled(change, -1.0)
    return t("report.regional.falls", size=stated(fall.model_copy(update={"low": fall.high, "high": fall.low})))


def _percent(value: float) -> str:
    return f"{100 * value:g}%"


def _name(value: str | float | None) -> str:
    return t("report.effects.missing") if value is None else tick(value) if isinstance(value, float) else tidy(value)


def _figure(effect: RegionalEffect, curves: RegionalCurves, scale: str, place: int) -> Figure:
    numeric = effect.kind == "numeric"
    shown = [point for point in curves.points if not (numeric and point.value is None)]
    values = [point.value if numeric and point.value is not None else _name(point.value) for point in shown]
    series = [figures.series("region", [getattr(point, side) for point in shown]) for side in SIDES]
    split = NONE if effect.split is None else tidy(say(effect.split))
    sides = (split, t("report.regional.others"), t("report.regional.everywhere"))
    aria = t("report.regional.aria", column=cut(effect.column), split=split, count=len(shown))

    def title(point: int, side: int) -> str:
        value = interval(getattr(shown[point], SIDES[side]), sign=True)
        return t("report.mark", name=_name(shown[point].value), model=sides[side], value=value)

    svg = figures.regions(
        values, series, t("report.effects.axis", scale=scale), aria, f"figure-regional-{place}", title
    )
    legend = [Key(glyph, style, side) for glyph, style, side in zip("●□▲", ("net", "", ""), sides, strict=True)]
    columns: list[Column[RegionalPoint]] = [
        name_column(t("report.effects.value"), lambda point: _name(point.value)),
        interval_column(sides[0], lambda point: point.inside, sign=True),
        interval_column(sides[1], lambda point: point.outside, sign=True),
        interval_column(sides[2], lambda point: point.everywhere, sign=True),
    ]
    name = t("report.regional.curves", column=cut(effect.column))
    return Figure(svg, aria, legend, name, table(name, curves.points, columns), narrow=True)
