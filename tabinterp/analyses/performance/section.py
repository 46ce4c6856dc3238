"""Report section on performance: metrics of both models, significance of the differences, and metrics of single classes."""

from __future__ import annotations

from tabinterp.analyses.overfitting.record import Record as Overfitting
from tabinterp.analyses.performance.record import FEWEST, ClassRow
from tabinterp.document.document import Document, MetricRow
from tabinterp.report.blocks import Block, Cell, Fold, Paragraph, Table
from tabinterp.report.tables import MODELS, Column, few_rows, interval_column, metric_table, table
from tabinterp.report.training_gaps import training_table
from tabinterp.report.words import capital, draws, interval, number, say, stated, t, tidy

from .record import Judged


def build(document: Document) -> list[Block]:
    blocks: list[Block] = [_rows(document), _primary(document), *_scope(document), _whole(document), _arrows()]
    blocks += [*_threshold(document), *_delong(document), *few_rows(document.performance.metrics)]
    blocks += _training(document)
    judged = document.get(Judged)
    return blocks if judged is None or not judged.classes else [*blocks, _classes(judged.classes)]


def _training(document: Document) -> list[Block]:
    """Return a sentence on the gap between held-out and training rows in the primary metric, and a table of all gaps.

    The table is omitted if the section on overfitting contains it.
    """
    training = document.performance.training
    if training is None:
        return []
    first = training.metrics[0]
    gaps = {model: stated(getattr(first, f"{model}_gap"), sign=True) for model in MODELS}
    names = {"metric": t(f"report.metric.{first.metric}"), "name": document.linear.name}
    lead = Paragraph(t("report.performance.training", **gaps, **names))
    return [lead] if document.get(Overfitting) is not None else [lead, *training_table(document)]


def brief(document: Document) -> list[Table | Paragraph]:
    """Return the performance table for the summary: values, differences with intervals, and significance."""
    columns: list[Column[MetricRow]] = [
        Column(t("report.metric"), _name),
        Column(capital(t("report.network")), lambda row: number(row.network.value), "net"),
        Column(capital(t("report.linear")), lambda row: number(row.linear.value), "lin"),
        interval_column(t("report.difference"), lambda row: row.difference, sign=True),
        _resolved(document),
    ]
    metrics = table(t("report.performance.caption"), document.performance.metrics, columns, style="")
    return [_rows(document), metrics, _arrows(), *few_rows(document.performance.metrics)]


def _scope(document: Document) -> list[Block]:
    """Return sentences that state which sources of variation the intervals include, and which they exclude."""
    return [Paragraph(say(line)) for line in document.verdict.lines if line.key.startswith("verdict.scope")]


def _arrows() -> Paragraph:
    return Paragraph(t("report.performance.arrows"), "note")


def _threshold(document: Document) -> list[Block]:
    """Return the sentence about the threshold that is used for all decisions in the report."""
    threshold = document.performance.threshold
    if threshold is None:
        return []
    positive = tidy(document.data.classes[-1])
    return [Paragraph(t("report.performance.threshold", positive=positive, threshold=number(threshold)), "note")]


def _rows(document: Document) -> Paragraph:
    performance, drawn = document.performance, document.data.drawn
    style = "note" if performance.held_out else "warning"
    values = {"rows": performance.rows, "resamples": performance.resamples, "seed": str(performance.seed)}
    summed = [row for row in performance.metrics if row.rows is None]
    if drawn is not None and 0 < len(summed) < len(performance.metrics):
        metrics = capital(", ".join(t(f"report.metric.{row.metric}") for row in summed))
        rows_drawn = drawn.rows if drawn.held_out_rows is None else drawn.held_out_rows
        key = f"report.performance.{_method(document)}summed{'' if performance.held_out else '.not_held_out'}"
        return Paragraph(t(key, **values, summed=metrics, drawn=rows_drawn), style)
    key = f"report.performance.{_method(document)}{'rows' if performance.held_out else 'not_held_out'}"
    return Paragraph(t(key, **values, draws=draws(document)), style)


def _method(document: Document) -> str:
    """Return the part of message keys that states how intervals were computed: "student.", or "" for bootstrap resamples.

    Only documents of earlier versions contain intervals from bootstrap resamples.
    """
    return "" if document.performance.resamples else "student."


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
    columns: list[Column[MetricRow]] = [
        Column(t("report.metric"), _name),
        interval_column(t("report.network.interval"), lambda row: row.network, "net"),
        interval_column(t("report.linear.interval"), lambda row: row.linear, "lin"),
        Column(t("report.difference"), _difference),
        _resolved(document),
    ]
    return table(t("report.performance.whole"), document.performance.metrics, columns, open_=True)


def _difference(row: MetricRow) -> Cell:
    error = t("report.difference.title", unit=t(f"report.unit.{row.metric}"), stderr=number(row.difference.stderr))
    return Cell(interval(row.difference, sign=True), error)


def _delong(document: Document) -> list[Block]:
    """Return a sentence on the method of the interval for the difference in AUC; nothing if the method is Student's t."""
    of = _method(document)
    methods = [row.method for row in document.performance.metrics if row.metric == "auc"]
    return [
        Paragraph(t(f"report.performance.{of}delong" if method == "delong" else "report.performance.no_delong"), "note")
        for method in methods
        if method != "student"
    ]


def _name(row: MetricRow) -> str:
    arrow = t("report.up") if row.higher_is_better else t("report.down")
    return f"{capital(t(f'report.metric.{row.metric}'))} {arrow}"


def _resolved(document: Document) -> Column[MetricRow]:
    """Return the table column that states which model a significant difference favours.

    A difference is "not assessed" if its interval is withheld, or if the network may have been trained on the rows.
    """
    held_out = document.performance.held_out

    def show(row: MetricRow) -> str:
        return t(f"report.resolved.{row.resolved if held_out and row.method != 'withheld' else 'not_assessed'}")

    return Column(t("report.resolved"), show, "t")


def _classes(rows: list[ClassRow]) -> Fold:
    named = [
        (t("report.judged.class.row", output=tidy(row.output), metric=t(f"report.metric.{row.row.metric}")), row.row)
        for row in rows
    ]
    metrics = metric_table(t("report.judged.classes.table"), "report.judged.class", named)
    return Fold(t("report.judged.classes"), [metrics, Paragraph(t("report.judged.classes.note"), "note")])
