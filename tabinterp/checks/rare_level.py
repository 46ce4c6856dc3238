"""Check for levels that occur in very few training rows."""

from __future__ import annotations

from tabinterp.checks.shared.document_values import input_columns
from tabinterp.document.document import Document
from tabinterp.table.suppression import SMALL

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    names = {column.name for column in document.data.columns if column.role == "input" and column.kind != "numeric"}
    known = [column for column in input_columns(document) if column.column in names]
    if not known:
        return not_applicable()
    rare = [column for column in known if column.rare_levels]
    if not rare:
        return cleared(count=len(known), fewest=SMALL)
    levels = sum(column.rare_levels for column in rare)
    return raised(columns=[column.column for column in rare], levels=levels, fewest=SMALL)


CHECK = Check(
    code="TI-D12",
    slug="rare-level",
    severity="note",
    section="data",
    evaluate=evaluate,
    constants={"rows": SMALL},
    text=Text(
        title="Rare levels",
        measures="the number of training rows for each level of each categorical column.",
        limitations="Does not detect rare combinations of common levels.",
        raised_when="a level of a categorical column has fewer than {rows} training rows.",
        next="Merge rare levels before training, because a rare level has too few rows for reliable results.",
        claims={
            "raised": (
                (
                    "Columns that have levels with fewer than {fewest} training rows: {columns}. The total number of "
                    "such levels is {levels}."
                ),
                "fewest: a number of rows; levels: a number of levels; columns: names",
            ),
            "cleared": "Every level of the {count} categorical columns has at least {fewest} training rows.",
            "not_applicable": "Not applicable: the network has no categorical inputs.",
        },
    ),
)
