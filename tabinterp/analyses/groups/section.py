"""Report section on groups of people: selection rates, adverse impact, error rates and calibration of each group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tabinterp.analyses.groups.record import (
    Fitted,
    FittedRow,
    GroupRow,
    Groups,
    GroupTable,
    Impact,
    ImpactPair,
    ImpactRow,
    Treated,
)
from tabinterp.document.document import Document, Interval
from tabinterp.report.blocks import Block, Cell, Fold, Heading, Paragraph, Table
from tabinterp.report.tables import MODELS, STYLES, Column, table
from tabinterp.report.words import (
    NONE,
    counted,
    group_name,
    interval,
    listed,
    number,
    p_value,
    rows_of,
    say,
    t,
    tidy,
)

Shown = Callable[[Treated], str]


def build(groups: Groups, document: Document) -> list[Block]:
    drawn = document.data.drawn
    note = [Paragraph(t("report.groups.summed"), "note")] if drawn is not None and "groups" in drawn.summed else []
    blocks: list[Block] = [] if groups.table is None else [*_people(groups.table, document), *note]
    if groups.classes:
        blocks += [Heading(t("report.groups.people")), *several(groups), *map(_of_class, groups.classes), *note]
    return blocks


def _people(group_table: GroupTable, document: Document) -> list[Block]:
    answer = list(_answer(document))
    blocks = [
        Heading(t("report.groups.people")),
        *answer,
        *_lowest(group_table.impact),
        *rates(group_table, document, "note" if answer else ""),
        *_impact(group_table.impact),
    ]
    more = [*_more(group_table.columns, group_table.of), *_pairs(group_table)]
    return [*blocks, Fold(t("report.groups.more"), more)]


def _answer(document: Document) -> Iterator[Block]:
    """Yield the claim of the impact-ratio check if the check passed. If the check was raised, its finding is shown elsewhere."""
    for finding in document.findings:
        if finding.slug == "disparate-impact" and finding.status == "cleared":
            yield Paragraph(say(finding.claim))


def _of_class(group_table: GroupTable) -> Fold:
    """Return, in a folded block, the results for one class, which counts as the selected class: rates, differences, error rates
    and calibration.
    """
    blocks: list[Block] = [
        _rates(group_table.columns, group_table),
        _suppressed(group_table),
        *_more(group_table.columns, group_table.of),
    ]
    return Fold(t("report.groups.class", output=tidy(group_table.of or "")), blocks + _pairs(group_table))


def _pairs(group_table: GroupTable) -> list[Block]:
    """Return the results for groups defined by two columns, in a folded block."""
    if not group_table.pairs:
        return []
    more = _more(group_table.pairs, group_table.of)
    return [Fold(t("report.groups.pairs"), [_rates(group_table.pairs, group_table), *more])]


def _suppressed(group_table: GroupTable) -> Paragraph:
    return Paragraph(
        t("report.groups.suppressed", pairs=group_table.pairs_held_back, left=group_table.pairs_left), "note"
    )


def several(groups: Groups) -> list[Block]:
    """Return the blocks for several classes: accuracy and loss of both models in each group."""
    numbers: list[tuple[str, Callable[[Fitted], str]]] = [
        ("accuracy", lambda model: interval(model.accuracy)),
        ("accuracy_difference", lambda model: interval(model.accuracy_difference, sign=True)),
        ("loss", lambda model: interval(model.loss)),
        ("loss_difference", lambda model: interval(model.loss_difference, sign=True)),
    ]
    lead = Paragraph(t("report.groups.lead_classes", rows=rows_of(groups.classes[0])))
    note = Paragraph(t("report.groups.fits.note"), "note")
    return [lead, _table(groups.fits, t("report.groups.fits"), numbers), note]


def rates(group_table: GroupTable, document: Document, style: str = "") -> list[Block]:
    """Return the table of rates under both models for the groups that are defined by a single column, with the text around the
    table.

    `style` applies to the paragraph above the table.
    """
    values = {"rows": rows_of(group_table)}
    key = "lead_mean" if group_table.of is None else "lead" if group_table.favourable is not None else "lead_unstated"
    if group_table.of is not None:
        positive = tidy(document.data.classes[-1])
        values |= {
            "compared": tidy(group_table.of),
            "positive": positive,
            "threshold": number(group_table.threshold or 0.0),
        }
    return [
        Paragraph(t(f"report.groups.{key}", **values), style),
        _rates(group_table.columns, group_table),
        _suppressed(group_table),
    ]


def _rates(rows: list[GroupRow], group_table: GroupTable) -> Table:
    """Return the table of shares predicted to be in a class.

    Ratios are included if the adverse class was stated or there are more than two classes.
    """
    if group_table.of is None:
        return _table(rows, t("report.groups.rates_mean"), [("mean", lambda model: interval(model.rate))])
    rate: list[tuple[str, Shown]] = [("rate", lambda model: interval(model.rate))]
    if group_table.favourable is None and group_table.threshold is not None:
        rate.append(("other", lambda model: interval(_rest(model.rate))))
        return _table(rows, t("report.groups.rates_unstated", compared=tidy(group_table.of)), rate)
    rate += [("ratio", lambda model: _ratio(model.ratio)), ("most", lambda model: interval(model.ratio_most))]
    return _table(rows, t("report.groups.rates"), rate)


def _rest(rate: Interval) -> Interval:
    """Return the share predicted to be in the other of two classes, which is one minus `rate`."""
    value, low, high = (None if end is None else 1 - end for end in (rate.value, rate.high, rate.low))
    return Interval(value=value, stderr=rate.stderr, low=low, high=high)


def _ratio(ratio: Interval) -> str:
    """Return a ratio with its interval, or the one bound that may be shown."""
    if ratio.value is None and ratio.high is not None:
        return t("report.groups.at_most", value=number(ratio.high))
    if ratio.value is None and ratio.low is not None:
        return t("report.groups.at_least", value=number(ratio.low))
    return interval(ratio)


def _lowest(impact: Impact | None) -> list[Block]:
    """Return a table of the groups with the lowest and the highest selection rate for each column, under the network."""
    single = [] if impact is None else [row.headline for row in impact.network if len(row.columns) == 1]
    pairs = [pair for pair in single if pair is not None]
    if not pairs:
        return []
    columns: list[Column[ImpactPair]] = [
        Column(t("report.impact.least"), lambda pair: group_name(pair.least), "w"),
        Column(t("report.impact.most"), lambda pair: group_name(pair.most), "w"),
        Column(t("report.impact.ratio"), lambda pair: interval(pair.ratio)),
    ]
    return [Heading(t("report.impact.lowest.head")), table(t("report.impact.lowest"), pairs, columns, open_=True)]


def _impact(impact: Impact | None) -> list[Block]:
    """Return a table of the groups with the lowest and the highest selection rate for each column or pair of columns."""
    if impact is None or not impact.network:
        return []
    rows = [row for pair in zip(impact.network, impact.linear, strict=True) for row in zip(MODELS, pair, strict=True)]
    columns: list[Column[tuple[str, ImpactRow]]] = [
        Column(t("report.impact.columns"), lambda row: listed(map(tidy, row[1].columns)), "w"),
        Column(t("report.impact.model"), lambda row: t(f"report.{row[0]}"), "t"),
        _headline("least", lambda pair: group_name(pair.least), "w"),
        _headline("most", lambda pair: group_name(pair.most), "w"),
        _headline("ratio", lambda pair: interval(pair.ratio)),
        _headline("all", _ends),
        Column(t("report.impact.withheld"), lambda row: _withheld(row[1]), "t"),
    ]
    note = t("report.impact.note", compared=impact.compared, limit=number(impact.limit))
    return [table(t("report.impact"), rows, columns), Paragraph(note, "note")]


def _headline(key: str, show: Callable[[ImpactPair], str], style: str = "") -> Column[tuple[str, ImpactRow]]:
    def shown(row: tuple[str, ImpactRow]) -> str:
        pair = row[1].headline
        return NONE if pair is None else show(pair)

    return Column(t(f"report.impact.{key}"), shown, style)


def _ends(pair: ImpactPair) -> str:
    """Return, as text, the simultaneous interval for the impact ratio of two groups."""
    if pair.low is None or pair.high is None:
        return NONE
    return t("report.impact.ends", low=number(pair.low), high=number(pair.high))


def _withheld(row: ImpactRow) -> str:
    return NONE if row.withheld is None else t(f"report.impact.withheld.{row.withheld}")


def _more(rows: list[GroupRow], compared: str | None) -> list[Block]:
    """Return folded tables of differences, error rates for the class `compared` (if given), and calibration (if available)."""
    differences: list[tuple[str, Shown]] = [
        ("difference", lambda model: interval(model.difference, sign=True)),
        ("p", lambda model: p_value(model.p)),
        ("smd", lambda model: interval(model.smd, sign=True)),
    ]
    errors: list[tuple[str, Shown]] = [
        ("tpr", lambda model: number(model.tpr)),
        ("tpr_difference", lambda model: interval(model.tpr_difference, sign=True)),
        ("fpr", lambda model: number(model.fpr)),
        ("fpr_difference", lambda model: interval(model.fpr_difference, sign=True)),
    ]
    calibration: list[tuple[str, Shown]] = [
        ("slope", lambda model: interval(model.slope)),
        ("intercept", lambda model: interval(model.intercept, sign=True)),
        ("ece", lambda model: number(model.ece)),
    ]
    note = t("report.groups.smd_mean" if compared is None else "report.groups.smd")
    blocks = [_fold(rows, "differences", differences, note)]
    if compared is not None:
        blocks.append(_fold(rows, "errors", errors, t("report.groups.errors.note", compared=tidy(compared))))
    if any(row.network is not None and row.network.ece is not None for row in rows):
        fits = any(row.fit_rows is not None for row in rows)
        blocks.append(_fold(rows, "calibration", calibration, t("report.groups.calibration.note"), fits))
    return [*blocks]


def _fold(rows: list[GroupRow], key: str, numbers: list[tuple[str, Shown]], note: str, fits: bool = False) -> Fold:
    title = t(f"report.groups.{key}")
    return Fold(title, [_table(rows, title, numbers, fits), Paragraph(note, "note")])


def _table(
    rows: Sequence[GroupRow | FittedRow],
    caption: str,
    numbers: Sequence[tuple[str, Callable[[Any], str]]],
    fits: bool = False,
) -> Table:
    """Return a table with one row for each group and the numbers of both models.

    With `fits`, an additional column shows the number of rows on which the calibration is fitted.
    """
    columns: list[Column[Any]] = [
        Column(t("report.groups.group"), _name, "w"),
        Column(t("report.groups.rows"), lambda row: _count(row.rows)),
        *([Column(t("report.groups.fit_rows"), lambda row: _count(row.fit_rows))] if fits else []),
        *(_number(key, show, model) for key, show in numbers for model in MODELS),
    ]
    return table(caption, rows, columns)


def _number(key: str, show: Callable[[Any], str], model: str) -> Column[GroupRow | FittedRow]:
    def cell(row: GroupRow | FittedRow) -> Cell:
        numbers = getattr(row, model)
        return Cell(NONE if numbers is None else show(numbers), style=STYLES[model])

    return Column(t(f"report.groups.{key}.{model}"), cell, STYLES[model])


def _name(row: GroupRow | FittedRow) -> str:
    name = group_name(row.group)
    return tidy(t("report.groups.control", group=name) if row.control else name)


def _count(rows: int | None) -> str:
    return NONE if rows is None else counted(rows)
