"""A table that compares each metric on training rows and on held-out rows, for both models."""

from __future__ import annotations

from tabinterp.analyses.performance.record import TrainingRow
from tabinterp.document.document import Document, Interval
from tabinterp.report.blocks import Paragraph, Table
from tabinterp.report.tables import MODELS, STYLES, Column, interval_column, table
from tabinterp.report.words import capital, number, t

PARTS = ("seen", "unseen", "gap")  # on training rows, on held-out rows, and the difference


def training_table(document: Document) -> list[Table | Paragraph]:
    """Return a table of the metrics of both models. It shows each metric on training rows and on held-out rows, and the
    difference.
    """
    training = document.performance.training
    if training is None:
        return []
    columns: list[Column[TrainingRow]] = [
        Column(t("report.metric"), lambda row: capital(t(f"report.metric.{row.metric}"))),
        *(column for model in MODELS for column in _of_training(model)),
    ]
    blocks: list[Table | Paragraph] = [
        table(t("report.performance.training.table"), training.metrics, columns),
        Paragraph(
            t("report.performance.training.note", training=training.rows, held_out=training.held_out_rows), "note"
        ),
    ]
    if any(part.low is None for row in training.metrics for part in (row.network_gap, row.linear_gap)):
        blocks.append(Paragraph(t("report.performance.training.none"), "note"))
    return blocks


def _of_training(model: str) -> list[Column[TrainingRow]]:
    def on_training(row: TrainingRow) -> Interval:
        return row.network if model == "network" else row.linear

    def gap(row: TrainingRow) -> Interval:
        return row.network_gap if model == "network" else row.linear_gap

    heads = {part: t(f"report.performance.training.{part}", model=t(f"report.{model}")) for part in PARTS}
    return [
        Column(heads["seen"], lambda row: number(on_training(row).value), STYLES[model]),
        Column(heads["unseen"], lambda row: number(_sum(on_training(row), gap(row))), STYLES[model]),
        interval_column(heads["gap"], gap, STYLES[model], sign=True),
    ]


def _sum(one: Interval, other: Interval) -> float | None:
    return None if one.value is None or other.value is None else one.value + other.value
