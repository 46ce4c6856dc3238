"""Beside the verdict: single classes, both models recalibrated, what decisions cost, boosted trees as a reference."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.decision_curve.figure import benefit
from tabinterp.document.claims import side
from tabinterp.document.document import Document, MetricRow
from tabinterp.report.blocks import Block, Cell, Figure, Fold, Heading, Key, Paragraph, Table
from tabinterp.report.words import capital, cells, draws, interval, number, t, tidy

from .types import BenefitPoint, ClassRow, Decisions, Policy, Recalibration, Reference


def judged(document: Document) -> list[Block]:
    part = document.judged
    if part is None:
        return []
    blocks: list[Block] = [_classes(part.classes)] if part.classes else []
    if part.recalibration is not None:
        blocks += _recalibration(document, part.recalibration)
    if part.reference is not None:
        blocks += _reference(part.reference)
    return blocks if part.decisions is None else blocks + _decisions(part.decisions)


def _pairs(first: str, rows: Sequence[tuple[str, MetricRow]], caption: str) -> Table:
    """Both models and their difference, a metric a row."""
    head = [
        Cell(t(first)),
        Cell(t("report.network"), style="net"),
        Cell(t("report.linear"), style="lin"),
        Cell(t("report.difference")),
    ]
    body = [
        [Cell(name), *cells([interval(row.network), interval(row.linear), interval(row.difference, sign=True)])]
        for name, row in rows
    ]
    return Table(caption, head, body)


def _metric(row: MetricRow) -> str:
    return t(f"report.metric.{row.metric}")


def _classes(rows: Sequence[ClassRow]) -> Fold:
    named = [(t("report.judged.class.row", output=tidy(one.output), metric=_metric(one.row)), one.row) for one in rows]
    note = Paragraph(t("report.judged.classes.note"), "note")
    table = _pairs("report.judged.class", named, t("report.judged.classes.table"))
    return Fold(t("report.judged.classes"), [table, note])


# ---- recalibration


def _recalibration(document: Document, part: Recalibration) -> list[Block]:
    lead = t(
        "report.judged.recalibration.lead",
        map=t(f"report.judged.map.{document.data.task}"),
        rows=part.rows,
        others=part.folds - 1,
        folds=part.folds,
        draws=draws(document),
    )
    before, after = (t(f"report.judged.status.{status}") for status in (document.verdict.status, part.status))
    told = "same" if before == after else "other"
    sentence = t(f"report.judged.recalibration.{told}", status=after, before=before)
    rows = [("after", part.row)]
    first = next((row for row in document.performance.metrics if row.metric == part.row.metric), None)
    rows = rows if first is None else [("before", first), *rows]
    table = _pairs(
        "report.judged.when",
        [(t(f"report.judged.{when}"), row) for when, row in rows],
        t("report.judged.recalibration.table"),
    )
    return [Heading(t("report.judged.recalibration")), Paragraph(sentence), table, Paragraph(lead, "note")]


# ---- boosted trees


def _reference(part: Reference) -> list[Block]:
    lead = t("report.judged.reference.lead", rounds=part.rounds, training=part.training_rows, rows=part.rows)
    head = [
        Cell(t("report.metric")),
        Cell(t("report.network"), style="net"),
        Cell(t("report.judged.reference.trees")),
        Cell(t("report.judged.reference.difference")),
    ]
    row = [
        Cell(capital(t(f"report.metric.{part.metric}"))),
        *cells([interval(part.network), interval(part.trees), interval(part.difference, sign=True)]),
    ]
    return [
        Heading(t("report.judged.reference")),
        Paragraph(t(f"report.judged.reference.{part.status}")),
        Table(t("report.judged.reference.table"), head, [row], style=""),
        Paragraph(lead, "note"),
    ]


# ---- decisions


def _decisions(part: Decisions) -> list[Block]:
    blocks: list[Block] = [Heading(t("report.judged.decisions"))]
    if part.policy is not None:
        blocks += _policy(part.policy)
    return [*blocks, Paragraph(t("report.judged.curve.lead", rows=part.rows), "note"), _curve(part.curve)]


def _policy(part: Policy) -> list[Block]:
    said = t(
        f"report.judged.policy.{part.given}",
        false_positive=part.false_positive,
        false_negative=part.false_negative,
        threshold=part.threshold,
    )
    rows = [(capital(_metric(row)), row) for row in part.metrics]
    ends = {"all": interval(part.all_cost), "none": interval(part.none_cost)}
    return [
        Paragraph(said),
        _pairs("report.metric", rows, t("report.judged.policy.table")),
        Paragraph(t("report.judged.policy.blunt", **ends)),
    ]


def _curve(points: Sequence[BenefitPoint]) -> Figure | Table:
    if all(point.network.value is None and point.linear.value is None for point in points):
        return _table(points)
    sides = [side(point.difference) for point in points]
    aria = t("report.judged.curve.aria", count=len(points), above=sides.count(1), below=sides.count(-1))
    names = (t("report.judged.curve.x"), t("report.judged.curve.y"))
    legend = [
        Key("●", "net", t("report.judged.legend.network")),
        Key("◇", "lin", t("report.judged.legend.linear")),
        Key("⋯", "", t("report.judged.legend.all")),
    ]
    svg = benefit(points, names, aria, "figure-benefit", _title)
    return Figure(svg, aria, legend, t("report.judged.curve.caption"), _table(points))


def _title(point: BenefitPoint, model: str) -> str:
    value = interval(getattr(point, model))
    return t("report.mark", name=number(point.threshold), model=t(f"report.{model}"), value=value)


def _table(points: Sequence[BenefitPoint]) -> Table:
    head = [
        Cell(t("report.judged.curve.threshold")),
        Cell(t("report.network"), style="net"),
        Cell(t("report.linear"), style="lin"),
        *cells([t("report.difference"), t("report.judged.curve.all")]),
    ]
    body = [
        [
            Cell(number(point.threshold)),
            *cells([interval(point.network), interval(point.linear), interval(point.difference, sign=True)]),
            Cell(interval(point.treat_all)),
        ]
        for point in points
    ]
    return Table(t("report.judged.curve.table"), head, body)
