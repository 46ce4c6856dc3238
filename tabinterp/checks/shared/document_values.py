"""Functions that look up values in the document for several checks: columns, groups and held-out performance."""

from __future__ import annotations

from tabinterp.analyses.data_quality.record import TableColumn, TableReadings
from tabinterp.checks.base import Outcome
from tabinterp.document.document import Document, Interval, Message


def columns_read(document: Document) -> set[str]:
    """Return the names of the input columns that the network uses."""
    return {column.name for column in document.data.columns if column.role == "input" and column.read_by_network}


def input_columns(document: Document) -> list[TableColumn]:
    """Return the entry of the document for each input column that the network uses."""
    table = document.get(TableReadings)
    if table is None:
        return []
    names = columns_read(document)
    return [column for column in table.columns if not column.target and column.column in names]


def predictive_power(column: TableColumn) -> Interval:
    """Return the AUC or R² of a single column as a predictor of the target, on held-out rows if there are any."""
    return column.training if column.held_out.value is None else column.held_out


def power_withheld(document: Document) -> Outcome | None:
    """Return the outcome "not applicable" with the reason if the AUC or R² of single columns was withheld, and None otherwise."""
    table = document.get(TableReadings)
    reason = None if table is None else table.withheld
    return None if reason is None else Outcome("not_applicable", "withheld", {"reason": reason})


def performance_withheld(document: Document) -> Outcome | None:
    """Return the outcome "not applicable" with the reason if performance was withheld, and None otherwise. Performance is
    withheld if there are too few rows or too few events of a class.
    """
    reason = document.verdict.sentence.values.get("reason")
    return Outcome("not_applicable", "withheld", {"reason": reason}) if isinstance(reason, Message) else None


def network_metric(document: Document, name: str) -> Interval:
    """Return a metric of the network, or an empty interval if the document does not contain the metric."""
    return next((row.network for row in document.performance.metrics if row.metric == name), Interval())


def scored_events(document: Document) -> int | None:
    """Return the number of events among the scored rows. Return None if only a sample of the rows was scored, because the number
    is then unknown.
    """
    return document.data.events if document.data.drawn is None else None


def largest_loss(document: Document) -> list[float]:
    """Return a list with the loss of the constant prediction, as an upper bound for differences in loss.

    By default, the margin of the verdict is 1% of the loss of the constant prediction, so this loss is 100 times the margin. If
    the user set the margin, the loss is unknown and the list is empty.
    """
    verdict = document.verdict
    return [] if verdict.margin_given or not verdict.margin else [100 * verdict.margin]


def group_name(group: list[Message]) -> Message:
    """Return the name of a group, as a message to insert in a sentence. A group is defined by one or two conditions."""
    return group[0] if len(group) == 1 else Message(key="group.both", values={"first": group[0], "second": group[1]})
