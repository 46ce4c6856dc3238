"""Tables that are defined by a list of columns, including tables that compare the network with its linear counterpart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tabinterp.document.document import Interval, MetricRow
from tabinterp.report.blocks import Cell, Paragraph, Table
from tabinterp.report.words import capital, cut_cell, interval, listed, name_cell, number, t
from tabinterp.table.suppression import SMALL

MODELS = ("network", "linear")
STYLES = {"network": "net", "linear": "lin"}
ALIGNED = ("t", "w")  # styles of cells that also apply to the head of the column
LEVELS = 10  # colours of a heat map on each side of zero; classes, because the page's policy forbids styles on cells
EXPLAINED = ("widened", "withheld", "rule_of_three")  # interval methods that the page explains
NEUTRAL = f"h{LEVELS}"

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column of a table: the heading, a function that takes a row and returns the content of the row's cell, and the style."""

    head: str
    show: Callable[[Row], str | Cell]
    style: str = ""

    def cell(self, row: Row) -> Cell:
        shown = self.show(row)
        return shown if isinstance(shown, Cell) else Cell(shown, style=self.style if self.style in ALIGNED else "")


def table(
    caption: str, rows: Iterable[Row], columns: Sequence[Column[Row]], style: str = "sortable", open_: bool = False
) -> Table:
    """Build a table from rows and columns. With `open_`, the table is not folded on the page."""
    head = [Cell(column.head, style=column.style) for column in columns]
    return Table(caption, head, [[column.cell(row) for column in columns] for row in rows], style, open_)


def name_column(head: str, name: Callable[[Row], str], style: str = "") -> Column[Row]:
    """Return a column of names, which can have any length."""
    return Column(head, lambda row: name_cell(name(row), style), style)


def interval_column(head: str, of: Callable[[Row], Interval], style: str = "", sign: bool = False) -> Column[Row]:
    """Return a column of numbers with their 95% intervals. With `sign`, positive numbers have a plus sign, as is useful for
    differences.
    """
    return Column(head, lambda row: interval(of(row), sign=sign), style)


class Compared(Protocol):
    """A row with one number for each model."""

    @property
    def network(self) -> Interval: ...
    @property
    def linear(self) -> Interval: ...


ComparedRow = TypeVar("ComparedRow", bound=Compared)


def estimate_columns() -> list[Column[ComparedRow]]:
    """Return two columns for each model: the number with its 95% interval, and its standard error."""
    return [
        interval_column(t("report.network.interval"), lambda row: row.network, "net"),
        Column(t("report.network.stderr"), lambda row: number(row.network.stderr)),
        interval_column(t("report.linear.interval"), lambda row: row.linear, "lin"),
        Column(t("report.linear.stderr"), lambda row: number(row.linear.stderr)),
    ]


def output_columns(several: bool, of: Callable[[Row], str | None]) -> list[Column[Row]]:
    """Return a list with a column that names the output to which each row belongs. The list is empty if the models have a single
    output.
    """
    return [Column(t("report.method.class"), lambda row: cut_cell(of(row) or ""), "t")] if several else []


def metric_table(caption: str, first: str, rows: Sequence[tuple[str, MetricRow]]) -> Table:
    """Return a table with one row per metric. Each row contains the values of both models and their difference. `first` is the
    message key for the heading of the first column.
    """
    columns: list[Column[tuple[str, MetricRow]]] = [
        Column(t(first), lambda row: row[0]),
        interval_column(capital(t("report.network")), lambda row: row[1].network, "net"),
        interval_column(capital(t("report.linear")), lambda row: row[1].linear, "lin"),
        interval_column(t("report.difference"), lambda row: row[1].difference, sign=True),
    ]
    return table(caption, rows, columns)


def few_rows(metrics: Sequence[MetricRow]) -> list[Paragraph]:
    """Return notes on metrics that are withheld, and on intervals that are withheld, widened or based on the rule of three.

    A metric or the interval of a difference is withheld or widened if it would reveal information about fewer than ten rows. An
    interval is based on the rule of three if the models do not differ on any row.
    """
    hidden = [row for row in metrics if row.method == "withheld" and row.difference.value is None]
    ways = {way: [row for row in metrics if row.method == way and row not in hidden] for way in EXPLAINED}
    ways["hidden"] = hidden
    names = {way: [t(f"report.metric.{row.metric}") for row in some] for way, some in ways.items()}
    return [
        Paragraph(t(f"report.performance.{way}", metrics=listed(some), fewest=SMALL), "note")
        for way, some in names.items()
        if some
    ]


def heat(value: float | None) -> str:
    """Return the style class of the heat-map colour for a number in [-1, 1], or an empty string for a missing number.

    >>> heat(-1.0), heat(0.0), heat(0.34), heat(1.0), heat(None)
    ('h0', 'h10', 'h13', 'h20', '')
    """
    if value is None:
        return ""
    return f"h{LEVELS + round(LEVELS * max(-1.0, min(1.0, value)))}"
