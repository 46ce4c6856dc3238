"""Report section on path products: importance of columns computed from the weights, compared with the mean gradient."""

from __future__ import annotations

from collections.abc import Callable

from tabinterp.analyses.path_weights.record import PathColumn, PathLine, Paths, PathTerm
from tabinterp.analyses.unit_correlations.record import Neurons
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Paragraph, Points
from tabinterp.report.tables import Column, name_column, output_columns, table
from tabinterp.report.words import (
    NONE,
    by_importance,
    number,
    outputs,
    per_step,
    say,
    score_scale,
    share,
    signed,
    t,
    tidy,
    two,
)

COLUMNS, LEAST = 12, 4  # maximum number of columns over all outputs, and minimum number for each output


def build(paths: Paths, document: Document) -> list[Block]:
    all_outputs = outputs(paths.columns)
    shown = _shown(paths, all_outputs, by_importance(document))
    numeric = {(term.output, term.column): term for term in paths.terms if term.level is None and term.sd is not None}

    def per_sd(of: Callable[[PathTerm], float | None]) -> Callable[[PathColumn], str]:
        def shown(row: PathColumn) -> str:
            term = numeric.get((row.output, row.column))
            return NONE if term is None else signed(per_step(of(term), term.sd))

        return shown

    columns: list[Column[PathColumn]] = [
        name_column(t("report.column"), lambda row: row.column),
        *output_columns(len(all_outputs) > 1, lambda row: row.output),
        Column(t("report.mechanism.paths.size"), lambda row: number(row.size)),
        Column(t("report.mechanism.paths.garson"), lambda row: share(row.garson)),
        Column(t("report.mechanism.paths.signed"), per_sd(lambda term: term.path)),
        Column(t("report.mechanism.paths.gradient"), per_sd(lambda term: term.gradient)),
    ]
    rows = t(f"report.rows_of.{document[Neurons].rows_of}", rows=paths.rows)
    blocks: list[Block] = [Paragraph(t("report.mechanism.paths.lead", rows_of=rows))]
    if len(shown) < len(paths.columns):
        blocks.append(Paragraph(t("report.some", shown=len(shown), count=len(paths.columns)), "note"))
    blocks += [
        table(t("report.mechanism.paths.table"), shown, columns),
        Paragraph(t("report.mechanism.paths.note", scale=score_scale(document)), "note"),
    ]
    if paths.path_ranks is not None or paths.garson_ranks is not None:
        ranks = {"path": two(paths.path_ranks), "garson": two(paths.garson_ranks)}
        blocks.append(Paragraph(t("report.mechanism.paths.ranks", **ranks)))
    blocks += [Paragraph(_line(line)) for line in paths.lines]
    return [Fold(t("report.mechanism.paths.fold"), [*blocks, Points([say(failure) for failure in paths.failures])])]


def _shown(paths: Paths, all_outputs: list[str | None], rank: dict[str, int]) -> list[PathColumn]:
    """Return the most important columns for each output."""
    most = max(LEAST, COLUMNS // max(1, len(all_outputs)))
    ordered = sorted(paths.columns, key=lambda row: rank.get(row.column, len(rank)))
    return [row for output in all_outputs for row in [row for row in ordered if row.output == output][:most]]


def _line(line: PathLine) -> str:
    values = {name: two(getattr(line, name)) for name in ("path_gradient", "gradient_optimum", "straight")}
    cosines = t("report.mechanism.paths.line", **values)
    if line.output is None:
        return cosines
    return t("report.mechanism.paths.line_of", output=tidy(line.output), line=cosines)
