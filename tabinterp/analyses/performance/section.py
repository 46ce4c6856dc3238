"""Performance: each metric for both models, and whether their difference is resolved."""

from __future__ import annotations

from tabinterp.analyses.calibration.section import calibration
from tabinterp.document.claims import FEWEST
from tabinterp.document.document import Document, MetricRow
from tabinterp.report.blocks import Block, Cell, Paragraph, Table
from tabinterp.report.words import capital, cells, draws, interval, number, say, t, tidy

from .beside_the_verdict_section import judged


def performance(document: Document) -> list[Block]:
    arrows = Paragraph(t("report.performance.arrows"), "note")
    blocks: list[Block] = [_rows(document), _primary(document), _whole(document), arrows]
    blocks += [*_threshold(document), *_delong(document)]
    return [*blocks, *judged(document), *calibration(document)]


def _threshold(document: Document) -> list[Block]:
    """The one threshold on which all that is said of decisions rests."""
    threshold = document.performance.threshold
    if threshold is None:
        return []
    positive = tidy(document.data.classes[-1])
    return [Paragraph(t("report.performance.threshold", positive=positive, threshold=number(threshold)), "note")]


def brief(document: Document) -> list[Table | Paragraph]:
    """The table of the first screen: points, the difference with its interval, the resolution."""
    table = Table(
        t("report.performance.caption"),
        [
            Cell(t("report.metric")),
            Cell(t("report.network"), style="net"),
            Cell(t("report.linear"), style="lin"),
            Cell(t("report.difference")),
            Cell(t("report.resolved"), style="t"),
        ],
        [
            [
                Cell(_name(row)),
                Cell(number(row.network.value)),
                Cell(number(row.linear.value)),
                Cell(interval(row.difference, sign=True)),
                Cell(_resolved(document, row), style="t"),
            ]
            for row in document.performance.metrics
        ],
        style="",
    )
    return [_rows(document), table, Paragraph(t("report.performance.arrows"), "note")]


def _rows(document: Document) -> Paragraph:
    part, summed = document.performance, [row for row in document.performance.metrics if row.method == "student"]
    style = "note" if part.held_out else "warning"
    if summed and (few := document.data.drawn) is not None:
        named = capital(", ".join(t(f"report.metric.{row.metric}") for row in summed))
        drawn = few.rows if few.held_out_rows is None else few.held_out_rows
        values = {
            "summed": named,
            "rows": part.rows,
            "drawn": drawn,
            "resamples": part.resamples,
            "seed": str(part.seed),
        }
        return Paragraph(t(f"report.performance.summed{'' if part.held_out else '.not_held_out'}", **values), style)
    values = {"rows": part.rows, "resamples": part.resamples, "seed": str(part.seed)}
    if not part.held_out:
        return Paragraph(t("report.performance.not_held_out", **values), style)
    return Paragraph(t("report.performance.rows", **values, draws=draws(document)), style)


def _primary(document: Document) -> Paragraph:
    verdict = document.verdict
    if verdict.status == "not_assessed":
        return Paragraph(say(verdict.sentence))
    if verdict.difference.low is None:
        return Paragraph(t(f"verdict.gap.{verdict.metric}.few", fewest=FEWEST))
    values = {
        "metric": t(f"report.metric.{verdict.metric}"),
        "difference": interval(verdict.difference, sign=True),
        "unit": t(f"report.unit.{verdict.metric}"),
    }
    if verdict.margin is None:
        return Paragraph(t("report.performance.primary_no_margin", **values))
    return Paragraph(t("report.performance.primary", **values, margin=number(verdict.margin)))


def _whole(document: Document) -> Table:
    head = [
        Cell(t("report.metric")),
        Cell(t("report.unit"), style="t"),
        Cell(t("report.network.interval"), style="net"),
        Cell(t("report.linear.interval"), style="lin"),
        Cell(t("report.difference")),
        Cell(t("report.difference.stderr")),
        Cell(t("report.resolved"), style="t"),
    ]
    rows = [
        [
            Cell(_name(row)),
            Cell(t(f"report.unit.{row.metric}"), style="t"),
            *cells([interval(row.network), interval(row.linear), interval(row.difference, sign=True)]),
            Cell(number(row.difference.stderr)),
            Cell(_resolved(document, row), style="t"),
        ]
        for row in document.performance.metrics
    ]
    return Table(t("report.performance.whole"), head, rows)


def _delong(document: Document) -> list[Block]:
    """Whose interval the difference in AUC has."""
    methods = [row.method for row in document.performance.metrics if row.metric == "auc"]
    return [Paragraph(t(f"report.performance.{'delong' if m == 'delong' else 'no_delong'}"), "note") for m in methods]


def _name(row: MetricRow) -> str:
    arrow = t("report.up") if row.higher_is_better else t("report.down")
    return f"{capital(t(f'report.metric.{row.metric}'))} {arrow}"


def _resolved(document: Document, row: MetricRow) -> str:
    """On rows that may have been trained on, no difference speaks for either model."""
    return t(f"report.resolved.{row.resolved if document.performance.held_out else 'not_assessed'}")
