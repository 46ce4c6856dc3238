"""Report section on calibration: slope and intercept of both models, and a reliability curve for each output."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.document.document import Document, Interval
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Figure, Fold, Heading, Paragraph, Table
from tabinterp.report.comparison import legend
from tabinterp.report.tables import MODELS, STYLES, Column, interval_column, name_column, table
from tabinterp.report.words import capital, counted, interval, number, t, tidy

from .record import Calibrated, Calibration, CalibrationBin, CalibrationRow


def build(calibration: Calibration, document: Document) -> list[Block]:
    task = document.data.task
    kind = task if task in ("regression", "count") else "classes"
    blocks: list[Block] = [
        Heading(t("report.calibration")),
        Paragraph(t(f"report.calibration.lead.{kind}", rows=calibration.rows), "note"),
        _slopes(calibration.outputs, document.data.classes[-1] if document.data.classes else document.data.target),
    ]
    if (drawn := document.data.drawn) is not None and "calibration" in drawn.summed:
        blocks.append(Paragraph(t("report.calibration.summed", rows=calibration.rows), "note"))
    if any(slope.value is None for row in calibration.outputs for slope in (row.network.slope, row.linear.slope)):
        blocks.append(Paragraph(t("report.calibration.none"), "note"))
    for index, row in enumerate(calibration.outputs):
        if not row.network.bins and not row.linear.bins:
            continue
        curve = _curve(row, "classes" if kind == "classes" else "numbers", index)
        blocks.append(
            curve if row.output is None else Fold(t("report.calibration.fold", output=tidy(row.output)), [curve])
        )
    return blocks


def _slopes(rows: Sequence[CalibrationRow], alone: str) -> Table:
    def number_of(model: str, name: str) -> Column[CalibrationRow]:
        head = t(f"report.calibration.{model}.{name}")
        return interval_column(head, lambda row: getattr(getattr(row, model), name), STYLES[model])

    columns = [
        name_column(t("report.calibration.outcome"), lambda row: alone if row.output is None else row.output),
        *(number_of(model, name) for model in MODELS for name in ("slope", "large")),
    ]
    return table(t("report.calibration.table"), rows, columns)


def _curve(row: CalibrationRow, kind: str, index: int) -> Figure:
    models = (("network", row.network), ("linear", row.linear))
    network, linear = (_points(model, calibrated) for model, calibrated in models)
    off = {f"{model}_off": sum(map(_off, calibrated.bins)) for model, calibrated in models}
    aria = t("report.calibration.aria", network=len(network), linear=len(linear), **off)
    axes = (t("report.calibration.x"), t(f"report.calibration.y.{kind}"))
    svg = figures.reliability(network, linear, axes, aria, f"figure-calibration-{index}")
    return Figure(svg, aria, legend(), t("report.calibration.caption"), _table(row, kind))


def _points(model: str, calibrated: Calibrated) -> list[figures.Point]:
    mark = t("report.calibration.bin")
    return [
        figures.Point(
            row.predicted,
            row.observed,
            t("report.mark", name=mark, model=_bin(model, place), value=interval(row.observed)),
        )
        for place, row in enumerate(calibrated.bins, 1)
    ]


def _bin(model: str, place: int) -> str:
    return t("report.calibration.name", model=t(f"report.{model}"), index=place)


def _off(row: CalibrationBin) -> bool:
    observed: Interval = row.observed
    return observed.low is not None and observed.high is not None and not observed.low <= row.predicted <= observed.high


def _table(row: CalibrationRow, kind: str) -> Table:
    columns: list[Column[tuple[str, CalibrationBin]]] = [
        Column(t("report.calibration.bin"), lambda named: named[0]),
        Column(t("report.calibration.predicted"), lambda named: number(named[1].predicted)),
        interval_column(t(f"report.calibration.observed.{kind}"), lambda named: named[1].observed),
        Column(t("report.calibration.rows"), lambda named: counted(named[1].rows)),
    ]
    bins = [
        (capital(_bin(model, place)), row_of)
        for model, calibrated in (("network", row.network), ("linear", row.linear))
        for place, row_of in enumerate(calibrated.bins, 1)
    ]
    if row.output is None:
        return table(t("report.calibration.curve"), bins, columns)
    return table(t("report.calibration.curve.output", output=tidy(row.output)), bins, columns)
