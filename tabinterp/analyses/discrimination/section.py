"""Report section on discrimination: ROC, precision-recall, score distribution, confusion matrix and gains of both models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tabinterp.document.document import Document, Interval
from tabinterp.report.blocks import Block, Figure, Fold, Heading, Key, Paragraph, Table
from tabinterp.report.comparison import crossed
from tabinterp.report.tables import MODELS, STYLES, Column, interval_column, name_column, table
from tabinterp.report.words import NONE, capital, counted, cut, interval, number, scaled, share, t, tidy

from . import figure
from .record import ClassRates, ClassRecord, Confusion, GainRow, MacroRecord, RatePoint, Record, ScoreBin

Row = tuple[str, str, list[int | None]]  # the model, the actual class, and numbers of rows by predicted class

MATRIX = 10  # maximum number of classes for a confusion matrix on the page; larger matrices are in the document
RATES = ("sensitivity", "specificity", "precision", "negative_predictive_value")


def build(record: Record, document: Document) -> list[Block]:
    """Return the charts for each class, and the decisions at the threshold."""
    note = Paragraph(
        t("report.discrimination.note", rows=record.rows, resamples=record.resamples, seed=str(record.seed)), "note"
    )
    if len(record.classes) == 1:
        return [*_class(record.classes[0], record, 0), *_gini(document), *_decisions(record, document), note]
    folds = [
        Fold(t("report.discrimination.class", output=tidy(one.output)), list(_class(one, record, place)))
        for place, one in enumerate(record.classes)
    ]
    return [*_macro(record), *_class_rates(record, document), *folds, note]


def _macro(record: Record) -> Iterator[Block]:
    """Return the means of the curves over several classes."""
    if record.macro is None:
        return
    yield _ks(record.macro, "report.discrimination.ks.macro")
    yield from _curves(record.macro, "macro", {}, None)


def _class_rates(record: Record, document: Document) -> Iterator[Block]:
    """Return the report blocks on decisions between several classes: the rates of each class, and the confusion matrix."""
    if not record.class_rates:
        return
    columns: list[Column[ClassRates]] = [
        name_column(
            t("report.discrimination.rates.class"),
            lambda row: t("report.discrimination.macro") if row.output is None else row.output,
        ),
        *(_class_rate(model, name) for name in ("sensitivity", "precision") for model in MODELS),
    ]
    yield table(t("report.discrimination.rates.classes"), record.class_rates, columns)
    names = [tidy(name) for name in document.data.classes]
    if len(names) > MATRIX:
        return
    for model, counts in (("network", record.network_counts), ("linear", record.linear_counts)):
        rows = [(model, name, row) for name, row in zip(names, counts, strict=True)]
        cells: list[Column[Row]] = [
            Column(t("report.discrimination.actual"), lambda row: cut(row[1])),
            *(_cell(place, name) for place, name in enumerate(names)),
        ]
        yield table(t("report.discrimination.matrix", model=t(f"report.{model}")), rows, cells, style="")


def _class_rate(model: str, name: str) -> Column[ClassRates]:
    head = f"{t(f'report.{model}')}: {t(f'report.discrimination.rate.{name}')}"
    return interval_column(head, lambda row: getattr(getattr(row, model), name), STYLES[model])


def _cell(place: int, predicted: str) -> Column[Row]:
    def show(row: Row) -> str:
        count = row[2][place]
        return NONE if count is None else counted(count)

    return Column(t("report.discrimination.predicted", output=cut(predicted)), show)


def _class(one: ClassRecord, record: Record, place: int) -> Iterator[Block]:
    marks = {
        model: (1 - confusion.specificity.value, confusion.sensitivity.value)
        for model, confusion in (("network", record.network_confusion), ("linear", record.linear_confusion))
        if confusion is not None and confusion.specificity.value is not None and confusion.sensitivity.value is not None
    }
    yield from _curves(one, str(place), marks, record.threshold)
    yield Heading(t("report.discrimination.scores"))
    aria = t("report.discrimination.aria.scores")
    axes = t("report.discrimination.axis.probability"), t("report.discrimination.axis.share")
    svg = figure.distributions(one.distribution, axes, _commonest(one.distribution), aria, f"figure-scores-{place}")
    keys = [Key("●", "net", capital(t("report.network"))), Key("◇", "lin", capital(t("report.linear")))]
    keys += [crossed()] if figure.withheld(one.distribution) else []
    yield Figure(
        svg,
        aria,
        keys,
        t("report.discrimination.scores.caption", output=cut(one.output)),
        _bins(one.distribution, one.output),
    )
    yield Heading(t("report.discrimination.separation"))
    yield _ks(one, "report.discrimination.ks")


def _ks(one: ClassRecord | MacroRecord, key: str) -> Paragraph:
    values = {"network": interval(one.network_ks), "linear": interval(one.linear_ks)}
    return Paragraph(t(key, **values, difference=interval(one.ks_difference, sign=True)))


def _curves(
    one: ClassRecord | MacroRecord, place: str, marks: Mapping[str, figure.Place], threshold: float | None
) -> Iterator[Block]:
    """Return the ROC and precision-recall curves of both models, with their points at the threshold."""
    legend = [
        Key("●", "net", t("report.discrimination.legend.network")),
        Key("◇", "lin", t("report.discrimination.legend.linear")),
    ]
    yield Heading(t("report.discrimination.roc"))
    aria = t("report.discrimination.aria.roc", **_at(one.roc, 0.2))
    axes = t("report.discrimination.axis.false"), t("report.discrimination.axis.true")
    titles = _titles(one.roc, 0.2)
    svg = figure.rates(one.roc, axes, aria, f"figure-roc-{place}", titles=titles, diagonal=True, marks=marks)
    marked = [Key("⬤", "", t("report.discrimination.legend.threshold", threshold=number(threshold)))] if marks else []
    yield Figure(svg, aria, [*legend, *marked], t("report.discrimination.roc.caption"), _points("roc", one.roc, axes))
    yield Heading(t("report.discrimination.pr"))
    aria = t("report.discrimination.aria.pr", **_at(one.precision_recall, 0.5))
    axes = t("report.discrimination.axis.recall"), t("report.discrimination.axis.precision")
    titles = _titles(one.precision_recall, 0.5)
    svg = figure.rates(one.precision_recall, axes, aria, f"figure-pr-{place}", titles=titles, diagonal=False)
    numbers = _points("pr", one.precision_recall, axes)
    yield Figure(svg, aria, legend, t("report.discrimination.pr.caption"), numbers)


def _at(points: list[RatePoint], x: float) -> dict[str, str]:
    point = min(points, key=lambda one: abs(one.x - x))
    return {model: interval(getattr(point, model)) for model in MODELS}


def _titles(points: list[RatePoint], x: float) -> dict[str, str]:
    """Return, for each model, the text that appears when the pointer is on the curve: the height of the curve at `x`."""
    at = _at(points, x)
    return {model: t("report.mark", name=number(x), model=t(f"report.{model}"), value=at[model]) for model in MODELS}


def _commonest(bins: list[ScoreBin]) -> dict[str, str]:
    """Return, for each model, the text shown when the pointer is on a histogram.

    The text names the bin with the largest share of the rows outside the class, and states this share.
    """
    titles = {}
    for model in MODELS:
        value, one = max(((getattr(one, f"{model}_negative") or 0.0, one) for one in bins), key=lambda pair: pair[0])
        name = t("report.discrimination.bin", low=number(one.low), high=number(one.high))
        titles[model] = t("report.mark", name=name, model=t(f"report.{model}"), value=share(value))
    return titles


def _gini(document: Document) -> list[Block]:
    """Return the Gini coefficients, which are twice the AUC minus one."""
    row = next((row for row in document.performance.metrics if row.metric == "auc"), None)
    if row is None or row.difference.value is None:
        return []
    network, linear = (interval(_shifted(scaled(part, 2))) for part in (row.network, row.linear))
    difference = interval(scaled(row.difference, 2), sign=True)
    return [Paragraph(t("report.discrimination.gini", network=network, linear=linear, difference=difference))]


def _shifted(part: Interval) -> Interval:
    ends = {name: None if (end := getattr(part, name)) is None else end - 1 for name in ("value", "low", "high")}
    return part.model_copy(update=ends)


def _decisions(record: Record, document: Document) -> Iterator[Block]:
    pairs = [(model, getattr(record, f"{model}_confusion")) for model in MODELS]
    if any(confusion is None for _, confusion in pairs):
        return
    yield Heading(t("report.discrimination.confusion"))
    yield _confusion(pairs, document, record)
    yield _rates(pairs)
    yield _gains(record.gains)


def _confusion(pairs: list[tuple[str, Confusion]], document: Document, record: Record) -> Table:
    """Return a table with one row for each model and actual class, and one column for each predicted class."""
    names = [tidy(name) for name in document.data.classes]
    cells = (("true_negatives", "false_positives"), ("false_negatives", "true_positives"))
    rows = [
        (model, actual, [getattr(confusion, cell) for cell in cells[place]])
        for model, confusion in pairs
        for place, actual in enumerate(names)
    ]
    columns: list[Column[Row]] = [
        Column(
            t("report.discrimination.actual"),
            lambda row: t("report.discrimination.actual.of", model=capital(t(f"report.{row[0]}")), output=cut(row[1])),
        ),
        *(_count(place, cut(name)) for place, name in enumerate(names)),
    ]
    caption = t("report.discrimination.confusion.table", threshold=number(record.threshold))
    return table(caption, rows, columns, style="", open_=True)


def _count(place: int, predicted: str) -> Column[Row]:
    def show(row: Row) -> str:
        known = [count for count in row[2] if count is not None]
        if len(known) < len(row[2]):
            return NONE
        return t("report.discrimination.count", count=known[place], share=share(known[place] / max(1, sum(known))))

    return Column(t("report.discrimination.predicted", output=predicted), show)


def _rates(pairs: list[tuple[str, Confusion]]) -> Table:
    columns: list[Column[str]] = [
        Column(t("report.discrimination.rate"), lambda name: capital(t(f"report.discrimination.rate.{name}"))),
        *(_rate(model, confusion) for model, confusion in pairs),
    ]
    return table(t("report.discrimination.rates.table"), RATES, columns)


def _rate(model: str, confusion: Confusion) -> Column[str]:
    return interval_column(capital(t(f"report.{model}")), lambda name: getattr(confusion, name), STYLES[model])


def _gains(rows: list[GainRow]) -> Table:
    columns: list[Column[GainRow]] = [
        Column(t("report.discrimination.gains.part"), lambda row: str(row.part)),
        *(_gain(model, name) for model in MODELS for name in ("rate", "captured", "lift")),
    ]
    return table(t("report.discrimination.gains.table"), rows, columns)


def _gain(model: str, name: str) -> Column[GainRow]:
    head = t(f"report.discrimination.gains.{name}", model=t(f"report.{model}"))
    return interval_column(head, lambda row: getattr(row, f"{model}_{name}"), STYLES[model])


def _points(curve: str, points: list[RatePoint], axes: tuple[str, str]) -> Table:
    columns: list[Column[RatePoint]] = [
        Column(axes[0], lambda point: number(point.x)),
        *(interval_column(f"{axes[1]}, {t(f'report.{model}')}", _part(model), STYLES[model]) for model in MODELS),
    ]
    return table(t(f"report.discrimination.points.{curve}"), points, columns)


def _part(model: str) -> Callable[[RatePoint], Interval]:
    return lambda point: point.network if model == "network" else point.linear


def _bins(bins: list[ScoreBin], output: str) -> Table:
    columns: list[Column[ScoreBin]] = [
        Column(
            t("report.discrimination.axis.probability"),
            lambda one: t("report.discrimination.bin", low=number(one.low), high=number(one.high)),
        )
    ]
    for model in MODELS:
        for kind, name in (("positive", cut(output)), ("negative", t("report.discrimination.legend.negative"))):
            columns.append(_share(model, kind, name))
    return table(t("report.discrimination.bins"), bins, columns)


def _share(model: str, kind: str, name: str) -> Column[ScoreBin]:
    head = f"{capital(t(f'report.{model}'))}: {name}"
    return Column(head, lambda one: share(getattr(one, f"{model}_{kind}")), STYLES[model])
