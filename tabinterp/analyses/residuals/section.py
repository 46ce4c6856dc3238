"""Report section on residuals: residuals by prediction, predictions by observed value, and the distribution of the errors."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.plots import middle
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Figure, Heading, Key, Paragraph, Table
from tabinterp.report.comparison import crossed
from tabinterp.report.tables import MODELS, STYLES, Column, interval_column, table
from tabinterp.report.words import capital, counted, interval, number, sentences, share, t

from . import figure
from .record import ErrorBin, ErrorQuantile, Record, ResidualBin

Named = tuple[str, int, ResidualBin]  # model, index of the bin, bin


def build(record: Record, document: Document) -> list[Block]:
    """Return the charts of both models' residuals, each with a table of its data."""
    blocks: list[Block] = [_sizes(record.absolute, document.linear.name)]
    for chart in ("residuals", "observed"):
        blocks += _binned(record, chart)
    if record.distribution:
        blocks += _distribution(record.distribution)
    note = t("report.residuals.note", rows=record.rows, resamples=record.resamples, seed=str(record.seed))
    return [*blocks, _absolute(record.absolute), Paragraph(note, "note")]


def _binned(record: Record, chart: str) -> list[Block]:
    part = "by_prediction" if chart == "residuals" else "by_observed"
    network, linear = (getattr(model, part) for model in (record.network, record.linear))
    percent, _ = middle([figure.quantiles(bins) for bins in (network, linear)])
    bins, sign = {"network": network, "linear": linear}, chart == "residuals"

    def title(place: int, model: str) -> str:
        value = interval(bins[model][place].mean, sign=sign)
        return t("report.mark", name=_name(place), model=t(f"report.{model}"), value=value)

    ends = {
        f"{model}_{end}": interval(own[i].mean, sign=sign)
        for model, own in bins.items()
        for end, i in (("low", 0), ("high", -1))
    }
    aria = t(f"report.residuals.aria.{chart}", **ends)
    axes = t(f"report.residuals.axis.{chart}.x"), t(f"report.residuals.axis.{chart}.y")
    svg = figure.binned((network, linear), axes, aria, f"figure-{chart}", title, diagonal=chart == "observed")
    legend = [
        Key("●", "net", t("report.residuals.legend.network", percent=percent)),
        Key("◇", "lin", t("report.residuals.legend.linear", percent=percent)),
    ]
    caption = t(f"report.residuals.caption.{chart}")
    return [Heading(t(f"report.residuals.{chart}")), Figure(svg, aria, legend, caption, _table(bins, chart))]


def _name(place: int) -> str:
    return t("report.residuals.bin", index=place + 1)


def _table(bins: dict[str, Sequence[ResidualBin]], chart: str) -> Table:
    rows: list[Named] = [(model, place, one) for model, own in bins.items() for place, one in enumerate(own)]
    columns: list[Column[Named]] = [
        Column(
            t("report.residuals.bins"),
            lambda row: t("report.residuals.bin.of", model=capital(t(f"report.{row[0]}")), index=row[1] + 1),
        ),
        Column(t(f"report.residuals.at.{chart}"), lambda row: number(row[2].at)),
        interval_column(t(f"report.residuals.mean.{chart}"), lambda row: row[2].mean, sign=chart == "residuals"),
        *(_quantile(name) for name in ("q10", "q25", "q75", "q90")),
        Column(t("report.residuals.rows"), lambda row: counted(row[2].rows)),
    ]
    return table(t(f"report.residuals.table.{chart}"), rows, columns)


def _quantile(name: str) -> Column[Named]:
    return Column(t("report.residuals.quantile", percent=int(name[1:])), lambda row: number(getattr(row[2], name)))


def _distribution(bins: Sequence[ErrorBin]) -> list[Block]:
    titles = {}
    for model in MODELS:
        value, most = max(((getattr(one, model) or 0.0, one) for one in bins), key=lambda pair: pair[0])
        titles[model] = t("report.mark", name=_between(most), model=t(f"report.{model}"), value=share(value))
    aria = t("report.residuals.aria.errors")
    axes = t("report.residuals.axis.errors.x"), t("report.residuals.axis.errors.y")
    svg = figure.distribution(bins, axes, titles, aria, "figure-errors")
    keys = [Key("●", "net", capital(t("report.network"))), Key("◇", "lin", capital(t("report.linear")))]
    keys += [crossed()] if any(getattr(one, model) is None for one in bins for model in MODELS) else []
    columns: list[Column[ErrorBin]] = [
        Column(axes[0], _between),
        *(_share(model) for model in MODELS),
    ]
    data = table(t("report.residuals.table.errors"), bins, columns)
    return [Heading(t("report.residuals.errors")), Figure(svg, aria, keys, t("report.residuals.caption.errors"), data)]


def _between(one: ErrorBin) -> str:
    if one.low is None:
        return t("report.residuals.below", high=number(one.high))
    if one.high is None:
        return t("report.residuals.above", low=number(one.low))
    return t("report.residuals.between", low=number(one.low), high=number(one.high))


def _share(model: str) -> Column[ErrorBin]:
    return Column(t(f"report.{model}"), lambda one: share(getattr(one, model)), STYLES[model])


def _sizes(rows: Sequence[ErrorQuantile], linear: str) -> Paragraph:
    """Return sentences with the median and the 90% quantile of the absolute error of both models."""
    told = []
    for key, quantile in (("half", 0.5), ("most", 0.9)):
        one = next(row for row in rows if row.quantile == quantile)
        if one.network.value is not None and one.linear.value is not None:
            ends = {model: interval(getattr(one, model)) for model in MODELS}
            told.append(t(f"report.residuals.{key}", **ends, name=linear))
    return Paragraph(sentences(told))


def _absolute(rows: Sequence[ErrorQuantile]) -> Table:
    columns: list[Column[ErrorQuantile]] = [
        Column(
            t("report.residuals.absolute"),
            lambda row: t("report.residuals.quantile", percent=round(100 * row.quantile)),
        ),
        interval_column(t("report.network"), lambda row: row.network, "net"),
        interval_column(t("report.linear"), lambda row: row.linear, "lin"),
        interval_column(t("report.difference"), lambda row: row.difference, sign=True),
    ]
    return table(t("report.residuals.table.absolute"), rows, columns)
