"""Report section on the scorecard, shown collapsed below the section on the ladder. It contains the scorecard's predictive
performance and points.
"""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Paragraph, Table
from tabinterp.report.tables import Column, interval_column, name_column, table
from tabinterp.report.words import counted, cut, number, say, sentences, stated, t, tidy

from .record import CardBin, CardMetric, ColumnPoints, PairPoints, Record, bin_message

MOST = 40  # maximum number of columns whose points are shown; the document has all of them


def build(record: Record, document: Document) -> list[Block]:
    loss = record.metrics[0]
    scale = {"points": number(record.points), "odds": number(record.odds), "pdo": number(record.pdo)}
    classes = {"adverse": cut(record.adverse), "favourable": cut(record.favourable)}
    lead = t(
        "report.scorecard.lead.pairs" if record.pairs else "report.scorecard.lead",
        rung=t(f"report.gain.rung.{record.rung}"),
        base=record.base,
        columns=len(record.columns),
        pairs=len(record.pairs),
    )
    lead = sentences([lead, t("report.scorecard.scale", **scale, **classes), *_protected(record, document)])
    outcome = t(
        f"report.scorecard.outcome.{record.status}",
        difference=stated(loss.against_network, sign=True),
        rounding=stated(loss.rounding, sign=True),
        margin=number(record.margin),
        rows=record.rows,
    )
    note = t("report.scorecard.note", resamples=record.resamples, seed=str(record.seed), training=record.training_rows)
    blocks: list[Block] = [
        Paragraph(lead),
        Paragraph(outcome),
        _metrics(record),
        _points(record),
        *map(_pair, record.pairs),
    ]
    return [Fold(t("report.scorecard.fold", count=len(record.columns)), [*blocks, Paragraph(note, "note")])]


def _protected(record: Record, document: Document) -> list[str]:
    """Return a sentence that names the protected columns in the scorecard, because the law may forbid their use."""
    protected = {one.name for one in document.data.columns if one.protected}
    used = {one.column for one in record.columns}
    used |= {cut_.column for pair in record.pairs for cut_ in (pair.first, pair.second)}
    names = [cut(one.name) for one in document.data.columns if one.name in protected & used]
    return [t("report.scorecard.protected", columns=names)] if names else []


def _metrics(record: Record) -> Table:
    columns: list[Column[CardMetric]] = [
        Column(t("report.scorecard.metric"), lambda row: _name(row.name)),
        interval_column(t("report.scorecard.card"), lambda row: row.card),
        interval_column(t("report.network.interval"), lambda row: row.network, "net"),
        interval_column(t("report.linear.interval"), lambda row: row.linear, "lin"),
        interval_column(t("report.scorecard.against.network"), lambda row: row.against_network, sign=True),
        interval_column(t("report.scorecard.against.linear"), lambda row: row.against_linear, sign=True),
        interval_column(t("report.scorecard.rounding"), lambda row: row.rounding, sign=True),
    ]
    return table(t("report.scorecard.table", rows=record.rows), record.metrics, columns)


def _name(metric: str) -> str:
    return t("report.scorecard.ks" if metric == "ks" else f"report.metric.{metric}")


def _points(record: Record) -> Table:
    """Return a table of the points for every bin.

    If there are many columns, the table contains only the columns with the largest range of points.
    """
    widest = sorted(record.columns, key=lambda one: min(one.points) - max(one.points))[:MOST]
    names = {one.column for one in widest}
    shown = [one for one in record.columns if one.column in names]
    rows = [(one, bin_, points) for one in shown for bin_, points in zip(one.bins, one.points, strict=True)]
    columns: list[Column[tuple[ColumnPoints, CardBin, int]]] = [
        name_column(t("report.column"), lambda row: row[0].column),
        Column(t("report.scorecard.values"), lambda row: tidy(say(bin_message(row[1]))), "w"),
        Column(t("report.scorecard.points"), lambda row: _signed(row[2])),
    ]
    key = "table" if len(shown) == len(record.columns) else "some"
    counts = {"shown": len(shown), "count": len(record.columns)}
    return table(t(f"report.scorecard.points.{key}", base=record.base, **counts), rows, columns)


def _pair(pair: PairPoints) -> Table:
    """Return a two-way table of points, with the bins of the first column as rows and the bins of the second as columns."""
    columns: list[Column[tuple[CardBin, list[int]]]] = [
        Column(cut(pair.first.column), lambda row: tidy(say(bin_message(row[0]))), "w"),
        *(_cells(pair.second.column, bin_, place) for place, bin_ in enumerate(pair.second.bins)),
    ]
    caption = t("report.scorecard.pair", first=cut(pair.first.column), second=cut(pair.second.column))
    return table(caption, list(zip(pair.first.bins, pair.points, strict=True)), columns, style="")


def _cells(column: str, bin_: CardBin, place: int) -> Column[tuple[CardBin, list[int]]]:
    head = f"{cut(column)}: {cut(say(bin_message(bin_)))}"
    return Column(head, lambda row: _signed(row[1][place]))


def _signed(points: int) -> str:
    return counted(points) if points == 0 else f"{'+' if points > 0 else '−'}{counted(abs(points))}"
