"""Columns of the table as several checks read them: which the network reads, how well one alone predicts the target."""

from __future__ import annotations

from tabinterp.analyses.data_quality.record import TableColumn
from tabinterp.checks.base import Outcome
from tabinterp.document.document import Document, Interval


def columns_read(document: Document) -> set[str]:
    """Return the names of the input columns that the network reads."""
    return {column.name for column in document.data.columns if column.role == "input" and column.read_by_network}


def input_columns(document: Document) -> list[TableColumn]:
    """Return what the document holds on the rows of each input column that the network reads."""
    if document.table is None:
        return []
    names = columns_read(document)
    return [column for column in document.table.columns if not column.target and column.column in names]


def predictive_power(column: TableColumn) -> Interval:
    """Return the AUC or R² of one column alone, on held-out rows where there are any."""
    return column.training if column.held_out.value is None else column.held_out


def power_withheld(document: Document) -> Outcome | None:
    """Return "not applicable" with the reason, where the power of single columns was withheld."""
    reason = None if document.table is None else document.table.withheld
    return None if reason is None else Outcome("not_applicable", "withheld", {"reason": reason})
