"""The gain: how simple a model predicts as well, what the network's score is made of; and where the two models differ."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.compared_types import Disagreement, Gain, Ladder, RestRow, Rung, ShareRow, Shares
from tabinterp.analyses.slices.section import slices
from tabinterp.document.document import Document, Interval
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Cell, Figure, Fold, Heading, Key, Paragraph, Table
from tabinterp.report.words import (
    NONE,
    capital,
    cells,
    counted,
    cut,
    interval,
    listed,
    name_cell,
    number,
    say,
    series,
    t,
    tidy,
)


def gain(document: Document) -> list[Block]:
    return [] if document.gain is None else _gain(document.gain)


def disagreeing(document: Document) -> list[Block]:
    """Rows on which the models disagree, and groups of rows in which one of them is better."""
    blocks = [] if document.disagreement is None else _disagreement(document.disagreement)
    return blocks if document.slices is None else [*blocks, *slices(document.slices)]


def _gain(part: Gain) -> list[Block]:
    blocks: list[Block] = [Paragraph(say(told)) for told in (part.recovery, part.agreement) if told is not None]
    if part.ladder is not None:
        blocks.extend(_ladder(part.ladder))
    if part.shares is not None:
        blocks.extend(_shares(part.shares))
    return blocks


# ---- the ladder


def _ladder(part: Ladder) -> list[Block]:
    unit = {"metric": t(f"report.metric.{part.metric}"), "unit": t(f"report.unit.{part.metric}")}
    lead = t(
        "report.gain.lead",
        metric=unit["metric"],
        rows=part.rows,
        training=part.training_rows,
        resamples=part.resamples,
        seed=str(part.seed),
        margin=number(part.margin),
    )
    pairs = [Paragraph(t("report.gain.pairs", pairs=listed(map(tidy, part.pairs))), "note")] if part.pairs else []
    return [Heading(t("report.gain.ladder")), Paragraph(lead, "note"), _rungs(part, unit), *pairs, *_passed(part)]


def _passed(part: Ladder | Shares) -> list[Block]:
    return [Paragraph(t("report.gain.passed", count=part.passed), "note")] if part.passed else []


def _rungs(part: Ladder, unit: dict[str, str]) -> Block:
    rows = [_rung(row) for row in part.rungs]
    if not figures.drawable(rows):
        return _rung_table(part, unit)
    told = [t("report.gain.aria.rung", rung=_name(row), value=interval(row.loss)) for row in part.rungs]
    aria = t("report.gain.aria", rungs=listed(told))
    svg = figures.pairs(rows, t("report.gain.axis", **unit), aria, "figure-ladder", "model", dodge=False, zero=False)
    legend = [
        Key("●", "net", t("report.importance.legend.network")),
        Key("◇", "lin", t("report.gain.legend.refit")),
    ]
    return Figure(svg, aria, legend, t("report.gain.caption"), _rung_table(part, unit))


def _name(row: Rung) -> str:
    return t(f"report.gain.rung.{row.rung}")


def _rung(row: Rung) -> figures.Pair:
    own = row.rung == "network"
    title = t("report.mark", name=_name(row), model=t("report.gain.rung"), value=interval(row.loss))
    nothing = Interval()
    return figures.Pair(_name(row), "", row.loss if own else nothing, nothing if own else row.loss, title, title)


def _rung_table(part: Ladder, unit: dict[str, str]) -> Table:
    head = [Cell(t("report.gain.rung"))]
    head += [Cell(t(f"report.gain.{name}")) for name in ("loss", "network")]
    head += [Cell(t("report.gain.status"), style="t")]
    head += [Cell(t(f"report.gain.{name}")) for name in ("below", "recovered", "parameters")]
    rows = [
        [
            Cell(_name(row)),
            *cells([interval(row.loss), interval(row.against_network, sign=True)]),
            Cell(NONE if row.status is None else t(f"report.gain.status.{row.status}"), style="t"),
            *cells([interval(row.against_below, sign=True), interval(row.recovered), counted(row.parameters)]),
        ]
        for row in part.rungs
    ]
    return Table(t("report.gain.table", **unit), head, rows)


# ---- the shares


def _shares(part: Shares) -> list[Block]:
    rows = t(f"report.rows_of.{part.rows_of}", rows=part.rows)
    blocks: list[Block] = [
        Heading(t("report.gain.shares")),
        Paragraph(t("report.gain.shares.lead", rows=rows, folds=part.folds), "note"),
        *_passed(part),
        _whole(part),
    ]
    if part.weighting is not None:
        blocks.append(Paragraph(t(f"report.gain.shares.{part.weighting}"), "note"))
    table = _share_table(part, part.parts, part.rest, t("report.gain.parts.table"))
    note = Paragraph(t("report.gain.parts.note"), "note")
    return [*blocks, Fold(t("report.gain.parts", count=len(part.parts)), [table, note])]


def _whole(part: Shares) -> Block:
    table = _share_table(part, part.whole, [], t("report.gain.shares.table"))
    shown = [row for row in part.whole if row.output is None]
    pairs = [_share(row) for row in shown]
    if not figures.drawable(pairs):
        return table
    aria = t("report.gain.shares.aria", shares=listed(f"{_part(row)} {interval(row.share)}" for row in shown))
    svg = figures.pairs(pairs, t("report.gain.shares.axis"), aria, "figure-shares", "model", dodge=False)
    legend = [Key("●", "net", t("report.gain.shares.legend"))]
    return Figure(svg, aria, legend, t("report.gain.shares.caption"), table)


def _share(row: ShareRow) -> figures.Pair:
    name = capital(_part(row))
    title = t("report.mark", name=name, model=t("report.network"), value=interval(row.share))
    return figures.Pair(cut(name), name, row.share, Interval(), title)


def _part(row: ShareRow) -> str:
    component = t(f"report.gain.share.{row.component}")
    if row.component == "interactions" and row.of == "other":
        return t("report.gain.share.other")
    if row.of:
        return t("report.gain.share.of", component=component, of=tidy(row.of))
    return (
        component if row.output is None else t("report.gain.share.output", component=component, output=tidy(row.output))
    )


def _share_table(part: Shares, rows: Sequence[ShareRow], rest: Sequence[RestRow], caption: str) -> Table:
    weighted = part.weighting is not None
    head = [Cell(t("report.gain.part")), Cell(t("report.gain.share"))]
    body = [[name_cell(capital(_part(row))), Cell(interval(row.share))] for row in rows]
    if weighted:
        head.append(Cell(t("report.gain.share.weighted")))
        for line, row in zip(body, rows, strict=True):
            line.append(Cell(interval(row.weighted)))
    for left in rest:
        name = t("report.gain.share.rest", component=t(f"report.gain.share.{left.component}"), count=left.count)
        values = [number(left.share), *([number(left.weighted)] if weighted else [])]
        body.append([Cell(capital(name)), *cells(values)])
    return Table(caption, head, body)


# ---- where the models differ


def _disagreement(part: Disagreement) -> list[Block]:
    blocks: list[Block] = [Heading(t("report.disagreement")), *(Paragraph(say(told)) for told in part.sentences)]
    if not part.leaves:
        return blocks
    head = [
        Cell(t("report.disagreement.rule"), style="w"),
        *cells([t("report.disagreement.share"), t("report.disagreement.rows")]),
    ]
    rows = [
        [
            Cell(tidy(series(say(c) for c in leaf.conditions)), style="w"),
            *cells([interval(leaf.share), counted(leaf.rows)]),
        ]
        for leaf in part.leaves
    ]
    values = {"fitted": part.fitted_rows, "scored": part.scored_rows}
    note = Paragraph(t("report.disagreement.note", **values), "note")
    return [*blocks, Table(t("report.disagreement.rules"), head, rows), note]
