"""Report section on decisions: both models at the given costs or threshold, and the decision curve of net benefit."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.decision_curve.record import BenefitPoint, Policy
from tabinterp.document.base import side
from tabinterp.document.document import Document
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Figure, Heading, Key, Paragraph, Table
from tabinterp.report.tables import MODELS, Column, few_rows, interval_column, metric_table, table
from tabinterp.report.words import capital, interval, number, stated, t

from .record import Decisions


def build(decisions: Decisions, document: Document) -> list[Block]:
    return [
        Heading(t("report.judged.decisions")),
        *([] if decisions.policy is None else _policy(decisions.policy)),
        Paragraph(t("report.judged.curve.lead", rows=decisions.rows), "note"),
        Paragraph(t("report.judged.curve.widened"), "note"),
        _curve(decisions.curve),
    ]


def _policy(policy: Policy) -> list[Block]:
    given = t(
        f"report.judged.policy.{policy.given}",
        false_positive=policy.false_positive,
        false_negative=policy.false_negative,
        threshold=policy.threshold,
    )
    rows = [(capital(t(f"report.metric.{row.metric}")), row) for row in policy.metrics]
    costs = {"all": stated(policy.all_cost), "none": stated(policy.none_cost)}
    return [
        Paragraph(given),
        metric_table(t("report.judged.policy.table"), "report.metric", rows),
        *few_rows(policy.metrics),
        Paragraph(t("report.judged.policy.blunt", **costs)),
    ]


def _curve(points: Sequence[BenefitPoint]) -> Figure | Table:
    if all(point.network.value is None and point.linear.value is None for point in points):
        return _table(points)
    sides = [side(point.difference) for point in points]
    aria = t("report.judged.curve.aria", count=len(points), above=sides.count(1), below=sides.count(-1))
    axes = (t("report.judged.curve.x"), t("report.judged.curve.y"))
    legend = [
        Key("●", "net", t("report.judged.legend.network")),
        Key("◇", "lin", t("report.judged.legend.linear")),
        Key("⋯", "", t("report.judged.legend.all")),
    ]
    both = [figures.series(model, [getattr(point, model) for point in points]) for model in MODELS]
    treat_all = figures.series("all", [point.treat_all for point in points])
    thresholds = [point.threshold for point in points]
    svg = figures.net_benefit(
        thresholds, both, treat_all, axes, aria, "figure-benefit", lambda place, model: _title(points[place], model)
    )
    return Figure(svg, aria, legend, t("report.judged.curve.caption"), _table(points))


def _title(point: BenefitPoint, model: str) -> str:
    value = interval(getattr(point, model))
    return t("report.mark", name=number(point.threshold), model=t(f"report.{model}"), value=value)


def _table(points: Sequence[BenefitPoint]) -> Table:
    columns: list[Column[BenefitPoint]] = [
        Column(t("report.judged.curve.threshold"), lambda point: number(point.threshold)),
        interval_column(capital(t("report.network")), lambda point: point.network, "net"),
        interval_column(capital(t("report.linear")), lambda point: point.linear, "lin"),
        interval_column(t("report.difference"), lambda point: point.difference, sign=True),
        interval_column(t("report.judged.curve.all"), lambda point: point.treat_all),
    ]
    return table(t("report.judged.curve.table"), points, columns)
