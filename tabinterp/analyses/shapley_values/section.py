"""Report section on Shapley values: a figure and a table of mean absolute values for each output, and tied ranks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tabinterp.analyses.shapley_values.record import Shapley, ShapleyModel, ShapleyRow
from tabinterp.document.document import Document
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Fold, Paragraph, Table
from tabinterp.report.comparison import SHOWN, comparison, largest, others, pair
from tabinterp.report.tables import MODELS, STYLES, Column, interval_column, name_column, table
from tabinterp.report.words import (
    both,
    capital,
    cut,
    draws,
    mean,
    number,
    outputs,
    rows_of,
    score_scale,
    sentences,
    series,
    share,
    t,
    yes,
)

TIED = 5  # maximum number of ties that are named


def build(shapley: Shapley, document: Document) -> list[Block]:
    scale = score_scale(document)
    lead = t("report.shapley.lead", scale=scale, rows=rows_of(shapley), background_rows=shapley.background_rows)
    blocks: list[Block] = [Paragraph(lead)]
    for place, output in enumerate(outputs(shapley.columns)):
        rows = [row for row in shapley.columns if row.output == output]
        shown = _output(rows, scale, f"figure-shapley-{place}", draws(document))
        if output is None:
            blocks += shown
        else:
            blocks.append(Fold(t("report.readings.output", output=cut(output)), shown, open=place == 0))
    return [
        *blocks,
        *(Paragraph(_how(shapley, model), "note") for model in MODELS),
        Paragraph(t("report.shapley.note", seed=str(shapley.seed)), "note"),
    ]


def _how(shapley: Shapley, model: str) -> str:
    of_model: ShapleyModel = getattr(shapley, model)
    values = {
        "model": capital(t(f"report.{model}")),
        "method": t(f"report.shapley.method.{of_model.method}"),
        "residual": number(of_model.residual),
    }
    if of_model.exact:
        return t("report.shapley.how.exact", **values)
    key = "report.shapley.how.all" if of_model.converged == 1 else "report.shapley.how"
    return t(key, **values, tolerance=number(shapley.tolerance), converged=share(of_model.converged))


def _output(rows: Sequence[ShapleyRow], scale: str, figure_id: str, over: str) -> list[Block]:
    shown = rows[:SHOWN]
    pairs = [pair(row.column, row.network_size, row.linear_size) for row in shown]
    numbers = _table(rows, scale)
    if not figures.drawable(pairs):
        return [Paragraph(t("report.figure.none")), numbers]
    caption = t("report.shapley.figure", draws=over)
    if len(shown) < len(rows):
        pairs.append(others(len(rows) - len(shown)))
        caption = sentences([t("report.shapley.cut", shown=len(shown), count=len(rows)), caption])
    aria = t(
        "report.shapley.aria",
        count=len(shown),
        network=largest([(row.column, row.network_size) for row in rows]),
        linear=largest([(row.column, row.linear_size) for row in rows]),
    )
    figure = comparison(pairs, t("report.shapley.axis", scale=scale), aria, figure_id, caption, numbers)
    return [figure, *(Paragraph(_tied(rows, model)) for model in MODELS)]


def _tied(rows: Sequence[ShapleyRow], model: str) -> str:
    """Return a sentence that lists the pairs of columns whose adjacent ranks under `model` cannot be distinguished.

    Columns without any effect are omitted.
    """
    size, tied = f"{model}_size", f"{model}_tied"
    ordered = sorted(rows, key=lambda row: -figures.finite(getattr(row, size).value))
    pairs = [
        both([cut(row.column), cut(after.column)])
        for row, after in pairwise(ordered)
        if getattr(row, tied) and getattr(row, size).value
    ]
    words = {"model": capital(t(f"report.{model}")), "pairs": series(pairs[:TIED])}
    if not pairs:
        return t("report.shapley.tied.none", **words)
    if len(pairs) > TIED:
        return t("report.shapley.tied.more", **words, count=len(pairs) - TIED)
    return t("report.shapley.tied", **words)


def _table(rows: Sequence[ShapleyRow], scale: str) -> Table:
    columns: list[Column[ShapleyRow]] = [name_column(t("report.column"), lambda row: row.column)]
    for model in MODELS:
        columns += _sizes(model)
    for model in MODELS:
        columns += _means(model)
    return table(t("report.shapley.table", scale=scale), rows, columns)


def _sizes(model: str) -> list[Column[ShapleyRow]]:
    return [
        interval_column(t(f"report.shapley.{model}_size"), lambda row: getattr(row, f"{model}_size"), STYLES[model]),
        Column(t("report.shapley.stderr"), lambda row: number(getattr(row, f"{model}_size").stderr)),
        Column(t(f"report.shapley.{model}_tied"), lambda row: yes(getattr(row, f"{model}_tied")), "t"),
    ]


def _means(model: str) -> list[Column[ShapleyRow]]:
    return [
        Column(t(f"report.shapley.{model}_mean"), lambda row: mean(getattr(row, model)), STYLES[model]),
        Column(t("report.shapley.stderr"), lambda row: number(getattr(row, model).stderr)),
    ]
