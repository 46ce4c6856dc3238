"""Report section on linear regions: variation of the network's coefficients, and the coefficients of the largest regions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tabinterp.analyses.linear_regions.record import Region, RegionTerm
from tabinterp.analyses.unit_correlations.record import Neurons
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Fold, Paragraph, Table
from tabinterp.report.tables import Column, interval_column, name_column, output_columns, table
from tabinterp.report.words import (
    NONE,
    by_importance,
    cut,
    level_name,
    listed,
    number,
    outputs,
    per_step,
    scaled,
    score_scale,
    share,
    signed,
    step_of,
    t,
    tidy,
)

from .record import Regions

TERMS, LEAST, LEVELS = 14, 4, 3  # terms of all outputs together, minimum for each output, and levels of one column
SHOWN = 3  # regions side by side
LEFT_OUT = 12  # columns without coefficients that are named


def build(regions: Regions, document: Document) -> list[Block]:
    largest = (
        t("report.mechanism.regions.largest_few")
        if regions.largest is None
        else t("report.mechanism.regions.largest", share=share(regions.largest))
    )
    lead = t(
        "report.mechanism.regions.lead",
        rows_of=t(f"report.rows_of.{document[Neurons].rows_of}", rows=regions.rows),
        visited=regions.visited,
        told=regions.told,
        share=share(regions.share_told),
        largest=largest,
    )
    blocks: list[Block] = [Paragraph(lead)]
    shown = _shown(regions.terms, by_importance(document))
    if len(shown) < len(regions.terms):
        blocks.append(Paragraph(t("report.some", shown=len(shown), count=len(regions.terms)), "note"))
    several = len(outputs(regions.terms)) > 1
    if shown:
        blocks.append(_varying([regions.terms[place] for place in shown], several))
    if regions.tables and shown:
        blocks.append(_regions(regions.terms, regions.tables[:SHOWN], shown, several))
    elif not regions.tables:
        blocks.append(Paragraph(t("report.mechanism.regions.none")))
    blocks.append(Paragraph(t("report.mechanism.regions.note", scale=score_scale(document)), "note"))
    if regions.left_out:
        columns = listed(map(tidy, regions.left_out[:LEFT_OUT]))
        blocks.append(Paragraph(t("report.mechanism.regions.left_out", columns=columns), "note"))
    return [Fold(t("report.mechanism.regions.fold", rows=regions.rows, visited=regions.visited), blocks)]


def _shown(terms: Sequence[RegionTerm], rank: dict[str, int]) -> list[int]:
    """Return the indices of the terms of the most important columns.

    For a categorical column, the levels with the largest coefficients are included.
    """

    def order(place: int) -> tuple[int, float]:
        term = terms[place]
        return rank.get(term.column, len(rank)), -abs(per_step(term.mean.value, term.sd) or 0)

    shown = []
    all_outputs = outputs(terms)
    most = max(LEAST, TERMS // max(1, len(all_outputs)))
    for output in all_outputs:
        kept: list[int] = []
        levels: Counter[str] = Counter()
        for place in sorted((place for place, term in enumerate(terms) if term.output == output), key=order):
            levels[terms[place].column] += 1
            kept += [place] if levels[terms[place].column] <= LEVELS else []
        shown += kept[:most]
    return shown


def _columns(several: bool) -> list[Column[RegionTerm]]:
    """Return the columns of both report tables: term, output, change in the column, and the linear model's coefficient."""
    return [
        name_column(t("report.mechanism.term"), _name),
        *output_columns(several, lambda term: term.output),
        Column(t("report.mechanism.step"), _step, "t"),
        Column(t("report.mechanism.linear"), lambda term: signed(per_step(term.linear, term.sd))),
    ]


def _name(term: RegionTerm) -> str:
    return term.column if term.level is None else f"{term.column}: {level_name(term.level)}"


def _step(term: RegionTerm) -> str:
    if term.level is not None:
        return t("report.step.reference", reference=cut(level_name(term.reference or NONE)))
    if term.sd is not None:
        return t("report.step.sd")
    return t("report.step.unit") if term.unit is None else step_of(term.unit)


def _varying(terms: Sequence[RegionTerm], several: bool) -> Table:
    columns = [
        *_columns(several),
        interval_column(t("report.mechanism.regions.mean"), lambda term: scaled(term.mean, term.sd), sign=True),
        Column(t("report.mechanism.regions.spread"), lambda term: number(per_step(term.spread, term.sd))),
        Column(t("report.mechanism.regions.flips"), lambda term: share(term.sign_flip)),
    ]
    return table(t("report.mechanism.regions.varies"), terms, columns)


def _regions(terms: Sequence[RegionTerm], regions: Sequence[Region], shown: Sequence[int], several: bool) -> Table:
    places = {id(terms[place]): place for place in shown}

    def column(number_of: int, region: Region) -> Column[RegionTerm]:
        head = t("report.mechanism.regions.one", place=number_of, rows=region.rows, share=share(region.share))
        return Column(head, lambda term: signed(per_step(region.coefficients[places[id(term)]], term.sd)))

    columns = [*_columns(several), *(column(place, region) for place, region in enumerate(regions, 1))]
    return table(t("report.mechanism.regions.tables"), [terms[place] for place in shown], columns)
