"""Calibration: slope and intercept of both models, and a reliability curve for each output."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.compared_types import Calibrated, CalibrationBin, CalibrationRow
from tabinterp.document.document import Document, Interval
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Cell, Figure, Fold, Heading, Key, Paragraph, Table
from tabinterp.report.words import capital, cells, counted, interval, name_cell, number, t, tidy


def calibration(document: Document) -> list[Block]:
    part, task = document.calibration, document.data.task
    if part is None:
        return []
    kind = task if task in ("regression", "count") else "classes"
    blocks: list[Block] = [
        Heading(t("report.calibration")),
        Paragraph(t(f"report.calibration.lead.{kind}", rows=part.rows), "note"),
        _slopes(part.outputs, document.data.classes[-1] if document.data.classes else document.data.target),
    ]
    if (drawn := document.data.drawn) is not None and "calibration" in drawn.summed:
        blocks.append(Paragraph(t("report.calibration.summed", rows=part.rows), "note"))
    if any(found.value is None for row in part.outputs for found in (row.network.slope, row.linear.slope)):
        blocks.append(Paragraph(t("report.calibration.none"), "note"))
    for index, row in enumerate(part.outputs):
        if not row.network.bins and not row.linear.bins:
            continue
        curve = _curve(row, "classes" if kind == "classes" else "numbers", index)
        blocks.append(
            curve if row.output is None else Fold(t("report.calibration.fold", output=tidy(row.output)), [curve])
        )
    return blocks


def _slopes(rows: Sequence[CalibrationRow], alone: str) -> Table:
    head = [Cell(t("report.calibration.outcome"))]
    for model, style in (("network", "net"), ("linear", "lin")):
        head += [Cell(t(f"report.calibration.{model}.{name}"), style=style) for name in ("slope", "large")]
    body = [
        [
            name_cell(alone if row.output is None else row.output),
            *cells(interval(found) for one in (row.network, row.linear) for found in (one.slope, one.large)),
        ]
        for row in rows
    ]
    return Table(t("report.calibration.table"), head, body)


def _curve(row: CalibrationRow, kind: str, index: int) -> Figure:
    sides = (("network", row.network), ("linear", row.linear))
    network, linear = (_points(model, found) for model, found in sides)
    off = {f"{model}_off": sum(map(_off, found.bins)) for model, found in sides}
    aria = t("report.calibration.aria", network=len(network), linear=len(linear), **off)
    names = (t("report.calibration.x"), t(f"report.calibration.y.{kind}"))
    svg = figures.reliability(network, linear, names, aria, f"figure-calibration-{index}")
    legend = [
        Key("●", "net", t("report.importance.legend.network")),
        Key("◇", "lin", t("report.importance.legend.linear")),
    ]
    return Figure(svg, aria, legend, t("report.calibration.caption"), _table(row, kind))


def _points(model: str, found: Calibrated) -> list[figures.Point]:
    return [
        figures.Point(
            one.predicted,
            one.observed,
            t("report.mark", name=t("report.calibration.bin"), model=_bin(model, place), value=interval(one.observed)),
        )
        for place, one in enumerate(found.bins, 1)
    ]


def _bin(model: str, place: int) -> str:
    return t("report.calibration.name", model=t(f"report.{model}"), index=place)


def _off(one: CalibrationBin) -> bool:
    part: Interval = one.observed
    return part.low is not None and part.high is not None and not part.low <= one.predicted <= part.high


def _table(row: CalibrationRow, kind: str) -> Table:
    head = [
        Cell(t("report.calibration.bin")),
        *cells(
            [t("report.calibration.predicted"), t(f"report.calibration.observed.{kind}"), t("report.calibration.rows")]
        ),
    ]
    body = [
        [
            Cell(capital(_bin(model, place))),
            *cells([number(one.predicted), interval(one.observed), counted(one.rows)]),
        ]
        for model, found in (("network", row.network), ("linear", row.linear))
        for place, one in enumerate(found.bins, 1)
    ]
    if row.output is None:
        return Table(t("report.calibration.curve"), head, body)
    return Table(t("report.calibration.curve.output", output=tidy(row.output)), head, body)
