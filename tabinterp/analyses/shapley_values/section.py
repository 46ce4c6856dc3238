"""Shapley values of both models: a figure of mean sizes with its table for each output, and which ranks are noise."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tabinterp.document.document import Document, Interval, Shapley, ShapleyModel, ShapleyRow
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Cell, Figure, Fold, Key, Paragraph, Table
from tabinterp.report.words import (
    capital,
    cells,
    cut,
    draws,
    interval,
    listed,
    mean,
    name_cell,
    number,
    outputs,
    sentences,
    share,
    t,
    tidy,
    yes,
)

SHOWN = 15
NAMED = 3  # columns that the spoken reading names
TIED = 5  # ties that are named


def shapley(document: Document) -> list[Block]:
    part = document.shapley
    if part is None:
        return []
    scale = t(f"report.scale.{document.coefficients.scale}")
    rows = t(f"report.rows_of.{part.rows_of}", rows=part.rows)
    blocks: list[Block] = [
        Paragraph(t("report.shapley.lead", scale=scale, rows=rows, background_rows=part.background_rows))
    ]
    named = outputs(part.columns)
    for place, output in enumerate(named):
        found = [row for row in part.columns if row.output == output]
        one = _output(found, scale, f"figure-shapley-{place}", draws(document))
        blocks += (
            one if output is None else [Fold(t("report.readings.output", output=cut(output)), one, open=place == 0)]
        )
    return [
        *blocks,
        *(Paragraph(_how(part, model), "note") for model in ("network", "linear")),
        Paragraph(t("report.shapley.note", seed=str(part.seed)), "note"),
    ]


def _how(part: Shapley, model: str) -> str:
    found: ShapleyModel = getattr(part, model)
    values = {
        "model": capital(t(f"report.{model}")),
        "method": t(f"report.shapley.method.{found.method}"),
        "residual": number(found.residual),
    }
    if found.exact:
        return t("report.shapley.how.exact", **values)
    return t("report.shapley.how", **values, tolerance=number(part.tolerance), converged=share(found.converged))


def _output(rows: Sequence[ShapleyRow], scale: str, figure_id: str, over: str) -> list[Block]:
    shown = list(rows[:SHOWN])
    pairs = [_pair(row) for row in shown]
    if not figures.drawable(pairs):
        return [Paragraph(t("report.figure.none")), _table(rows, scale)]
    caption = t("report.shapley.figure", draws=over)
    if len(shown) < len(rows):
        other = t("report.other", count=len(rows) - len(shown))
        pairs.append(figures.Pair(other, other, Interval(), Interval()))
        caption = sentences([t("report.shapley.cut", shown=len(shown), count=len(rows)), caption])
    aria = t(
        "report.shapley.aria",
        count=len(shown),
        network=_largest([(row.column, row.network_size) for row in rows]),
        linear=_largest([(row.column, row.linear_size) for row in rows]),
    )
    legend = [
        Key("●", "net", t("report.importance.legend.network")),
        Key("◇", "lin", t("report.importance.legend.linear")),
    ]
    svg = figures.pairs(pairs, t("report.shapley.axis", scale=scale), aria, figure_id, "model")
    told = (_tied(rows, "network"), _tied(rows, "linear"))
    return [Figure(svg, aria, legend, caption, _table(rows, scale)), *(Paragraph(line) for line in told)]


def _pair(row: ShapleyRow) -> figures.Pair:
    def title(model: str, part: Interval) -> str:
        return t("report.mark", name=tidy(row.column), model=t(f"report.{model}"), value=interval(part))

    return figures.Pair(
        cut(row.column),
        tidy(row.column),
        row.network_size,
        row.linear_size,
        title("network", row.network_size),
        title("linear", row.linear_size),
    )


def _largest(found: Sequence[tuple[str, Interval]]) -> str:
    ordered = sorted(found, key=lambda item: -figures.finite(item[1].value))
    return listed(f"{cut(name)} {interval(part)}" for name, part in ordered[:NAMED])


def _tied(rows: Sequence[ShapleyRow], model: str) -> str:
    """Which neighbours, in this model's own order, are not told apart; columns of no size at all are not named."""
    size, tied = f"{model}_size", f"{model}_tied"
    ordered = sorted(rows, key=lambda row: -figures.finite(getattr(row, size).value))
    pairs = [
        f"{cut(row.column)} / {cut(after.column)}"
        for row, after in pairwise(ordered)
        if getattr(row, tied) and getattr(row, size).value
    ]
    words = {"model": t(f"report.{model}"), "pairs": listed(pairs[:TIED])}
    if not pairs:
        return t("report.shapley.tied.none", **words)
    if len(pairs) > TIED:
        return t("report.shapley.tied.more", **words, count=len(pairs) - TIED)
    return t("report.shapley.tied", **words)


def _table(rows: Sequence[ShapleyRow], scale: str) -> Table:
    stderr = t("report.shapley.stderr")
    head = [
        Cell(t("report.column")),
        Cell(t("report.shapley.network_size"), style="net"),
        Cell(stderr),
        Cell(t("report.shapley.network_tied"), style="t"),
        Cell(t("report.shapley.linear_size"), style="lin"),
        Cell(stderr),
        Cell(t("report.shapley.linear_tied"), style="t"),
        Cell(t("report.shapley.network_mean"), style="net"),
        Cell(stderr),
        Cell(t("report.shapley.linear_mean"), style="lin"),
        Cell(stderr),
    ]
    return Table(t("report.shapley.table", scale=scale), head, [_row(row) for row in rows])


def _row(row: ShapleyRow) -> list[Cell]:
    return [
        name_cell(row.column),
        *cells([interval(row.network_size), number(row.network_size.stderr)]),
        Cell(yes(row.network_tied), style="t"),
        *cells([interval(row.linear_size), number(row.linear_size.stderr)]),
        Cell(yes(row.linear_tied), style="t"),
        *cells([mean(row.network), number(row.network.stderr), mean(row.linear), number(row.linear.stderr)]),
    ]
