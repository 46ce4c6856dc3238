"""Report section on robustness: loss and AUC by size of the perturbation, and the columns with the largest effect."""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Figure, Fold, Heading, Key, Panels, Paragraph
from tabinterp.report.tables import MODELS, Column, interval_column, name_column, table
from tabinterp.report.words import capital, interval, sentences, stated, t

from .record import AtSize, OfColumn, Record

MOST = 8  # maximum number of columns in the table; the document has all columns
NOTED = 0.05  # The introduction gives the result at the size nearest to this.


def build(record: Record, document: Document) -> list[Block]:
    metric, linear = t(f"report.metric.{record.metric}"), document.linear.name
    noted = min(record.sizes[1:], key=lambda one: abs(one.size - NOTED))
    lead = t(
        "report.perturbation.lead",
        size=_percent(noted.size),
        metric=metric,
        linear=linear,
        rise=stated(noted.rise, sign=True),
    )
    # If both sizes are equal, the sentence on `worse_from` implies the one on `lost_at`.
    lost = None if record.lost_at == record.worse_from else record.lost_at
    known = [*filter(None, [_compared("lost", lost, linear), _compared("worse", record.worse_from, linear)])]
    by_column: list[Column[OfColumn]] = [
        name_column(t("report.column"), lambda row: row.column),
        interval_column(capital(t("report.network")), lambda row: row.network, "net", sign=True),
        interval_column(capital(t("report.linear")), lambda row: row.linear, "lin", sign=True),
        interval_column(t("report.difference"), lambda row: row.difference, sign=True),
    ]
    caption = t("report.perturbation.columns", metric=metric, size=_percent(record.column_size))
    panels = [_curve(record, "loss", metric)]
    if record.sizes[0].network_auc.value is not None:
        panels.append(_curve(record, "auc", t("report.metric.auc")))
    note = t(f"report.perturbation.note.{record.donors_of}", draws=record.draws, rows=record.rows, donors=record.donors)
    inputs = sum(column.role == "input" for column in document.data.columns)
    left_out = (
        t("report.perturbation.left_out", count=inputs - len(record.columns)) if inputs > len(record.columns) else None
    )
    alone = [] if record.numbers is None else [_numbers(record.numbers, metric, linear)]
    return [
        Heading(t("report.perturbation.heading")),
        Paragraph(sentences([lead, *known])),
        Fold(
            t("report.perturbation.fold"),
            (
                Paragraph(note, "note"),
                *alone,
                Panels([[one] for one in panels]),
                table(caption, record.columns[:MOST], by_column),
                *([] if left_out is None else [Paragraph(left_out, "note")]),
            ),
        ),
    ]


def _numbers(one: AtSize, metric: str, linear: str) -> Paragraph:
    """Return a sentence with the losses of both models when only numeric columns are perturbed."""
    values = {
        "network_loss": stated(one.network),
        "linear_loss": stated(one.linear),
        "rise": stated(one.rise, sign=True),
    }
    return Paragraph(t("report.perturbation.numbers", size=_percent(one.size), metric=metric, linear=linear, **values))


def _percent(size: float) -> str:
    return f"{100 * size:g}%"


def _compared(what: str, size: float | None, linear: str) -> str | None:
    return None if size is None else t(f"report.perturbation.{what}", size=_percent(size), linear=linear)


def _curve(record: Record, of: str, metric: str) -> Figure:
    names = ("network", "linear", "difference") if of == "loss" else ("network_auc", "linear_auc", "auc_difference")
    sizes = [one.size for one in record.sizes]
    both = [
        figures.series(model, [getattr(one, name) for one in record.sizes])
        for model, name in zip(MODELS, names, strict=False)
    ]
    aria = t("report.perturbation.aria", metric=metric, count=len(sizes))

    def title(place: int, model: str) -> str:
        value = interval(getattr(record.sizes[place], names[MODELS.index(model)]))
        return t("report.mark", name=_percent(sizes[place]), model=t(f"report.{model}"), value=value)

    axes = (t("report.perturbation.x"), capital(metric))
    svg = figures.over_sizes(sizes, both, axes, aria, f"figure-perturbation-{of}", title)
    legend = [Key("●", "net", t("report.judged.legend.network")), Key("◇", "lin", t("report.judged.legend.linear"))]
    columns: list[Column[AtSize]] = [
        Column(t("report.perturbation.size"), lambda one: _percent(one.size)),
        interval_column(capital(t("report.network")), lambda one: getattr(one, names[0]), "net"),
        interval_column(capital(t("report.linear")), lambda one: getattr(one, names[1]), "lin"),
        interval_column(t("report.difference"), lambda one: getattr(one, names[2]), sign=True),
    ]
    caption = t("report.perturbation.caption", metric=capital(metric))
    return Figure(
        svg, aria, legend, caption, table(t("report.perturbation.table", metric=capital(metric)), record.sizes, columns)
    )
