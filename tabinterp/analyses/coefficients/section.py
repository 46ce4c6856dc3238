"""Report section on coefficients: coefficients of the linear model and average derivatives of the network on one axis."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.document.document import Document, Interval
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Cell, Figure, Fold, Heading, Key, Paragraph, Points, Table
from tabinterp.report.comparison import others
from tabinterp.report.tables import Column, interval_column, name_column, table
from tabinterp.report.words import (
    NONE,
    by_importance,
    counted,
    cut,
    draws,
    excludes_zero,
    interval,
    number,
    outputs,
    p_value,
    powered,
    say,
    scaled,
    sentences,
    series,
    share,
    step,
    t,
    term,
    tidy,
    yes,
)

from .record import CoefficientRow, Coefficients, WaldRow

COLUMNS = 15  # maximum number of original columns in a figure
LEVELS, FEWER = (
    6,
    3,
)  # maximum number of levels shown for a column, with one output and with several; those with the largest estimates are shown
EVERY, LEAST = 110, 40  # maximum number of terms in all tables together; each table may have at least `LEAST`
DRAWN = 15  # maximum number of terms in a figure
UNRANKED = 10**6
COLLINEAR, NAMED = 10, 3  # the usual limit of a variance inflation factor (Marquardt 1970); number of columns named
RATIO = {"log-odds": "odds_ratio", "log-rate": "rate_ratio"}  # meaning of exp(coefficient)


def build(coefficients: Coefficients, document: Document) -> list[Block]:
    if not coefficients.terms:
        return []
    scale = t(f"report.scale.{coefficients.scale}")
    over = _over(coefficients)
    blocks: list[Block] = [
        Paragraph(
            t(
                "report.coefficients.lead",
                scale=scale,
                rows_inference=coefficients.rows_inference,
                rows_network=coefficients.rows_network,
            )
        ),
        *(
            [Paragraph(t("report.coefficients.summed", rows=max(over), drawn=coefficients.rows_network))]
            if over
            else []
        ),
        Paragraph(say(coefficients.method)),
    ]
    if coefficients.notes:
        blocks.append(Points([say(note) for note in coefficients.notes]))
    blocks.extend(_collinear(coefficients.tests))
    rank = by_importance(document)
    named = outputs(coefficients.terms)
    for index, output in enumerate(named):
        blocks.extend(_output(coefficients, output, index, len(named), rank))
    return [
        *blocks,
        Paragraph(_said("report.coefficients.note", coefficients), "note"),
        Paragraph(
            t(
                f"report.coefficients.intervals.{'held-out' if document.performance.held_out else 'all'}",
                draws=draws(document),
            ),
            "note",
        ),
        Paragraph(t("report.coefficients.wald_note"), "note"),
    ]


def _collinear(tests: Sequence[WaldRow]) -> list[Paragraph]:
    """Return a paragraph on columns that are nearly determined by other columns: their number, and the most collinear of them."""
    inflation = {row.column: row.vif for row in tests if row.vif is not None and row.vif > COLLINEAR}
    if not inflation:
        return []
    worst = sorted(inflation, key=lambda column: -inflation[column])[:NAMED]
    named = series(f"{tidy(column)} ({number(inflation[column])})" for column in worst)
    return [Paragraph(t("report.coefficients.collinear", count=len(inflation), limit=COLLINEAR, columns=named))]


def _over(coefficients: Coefficients) -> set[int]:
    """Return the numbers of rows on which the network's estimates are based, except the number of rows in the whole sample."""
    return {row.network_rows for row in coefficients.terms if row.network_rows is not None} - {
        coefficients.rows_network
    }


def _output(
    coefficients: Coefficients, output: str | None, index: int, count: int, rank: dict[str, int]
) -> list[Block]:
    """Return the report blocks for one output. If there are several outputs, all after the first are folded."""
    several = count > 1
    terms = [row for row in coefficients.terms if row.output == output]
    tests = [row for row in coefficients.tests if row.output == output]
    scale = t(f"report.scale.{coefficients.scale}")
    blocks: list[Block] = [
        Paragraph(_surrogate(coefficients, output)),
        *_figure(_shown(terms, rank, FEWER if several else LEVELS), terms, scale, f"figure-coefficients-{index}"),
        _all(coefficients, terms, max(LEAST, EVERY // count), rank),
    ]
    if tests:
        blocks.append(Fold(t("report.coefficients.wald"), [_wald(tests)]))
    if not several:
        return blocks
    name = t("report.output", output=cut(output or ""))
    return [Fold(name, blocks)] if index else [Heading(name, output or ""), *blocks]


def _all(coefficients: Coefficients, terms: Sequence[CoefficientRow], most: int, rank: dict[str, int]) -> Fold:
    """Return a folded table of all terms or, if there are too many, of the terms of the most important columns."""
    ordered = sorted(terms, key=lambda row: rank.get(row.column, UNRANKED))[:most]
    listed = terms if len(terms) <= most else ordered
    summary = _said("report.coefficients.all", coefficients, count=len(terms))
    if len(listed) == len(terms):
        return Fold(summary, [_table(coefficients, terms)])
    left = t("report.coefficients.elsewhere", shown=len(listed), count=len(terms))
    return Fold(summary, [Paragraph(left, "note"), _table(coefficients, listed)])


def _said(key: str, coefficients: Coefficients, **values: int) -> str:
    """Return the text `key`, worded for odds ratios or, if the target is a count, for rate ratios."""
    return t(f"{key}.rates" if coefficients.scale == "log-rate" else key, **values)


def _surrogate(coefficients: Coefficients, output: str | None) -> str:
    surrogate = next((row for row in coefficients.surrogates if row.output == output), None)
    if surrogate is None or surrogate.r2 is None:
        return t("report.coefficients.surrogate_none")
    key = "report.coefficients.surrogate" if surrogate.held_out else "report.coefficients.surrogate_all"
    ends = {"r2": share(surrogate.r2), "low": share(surrogate.low), "high": share(surrogate.high)}
    return t(key, fitted=surrogate.rows_fitted, scored=surrogate.rows_scored, **ends)


def _figure(
    shown: Sequence[CoefficientRow], terms: Sequence[CoefficientRow], scale: str, figure_id: str
) -> list[Block]:
    caption = t("report.coefficients.figure")
    pairs = [_pair(row) for row in shown]
    drawn = {id(row) for row in shown}
    if not figures.drawable(pairs):
        return [Paragraph(t("report.figure.none")), _numbers(terms, scale)]
    hidden = len({row.column for row in terms} - {row.column for row in shown})
    if len(shown) < len(terms):
        caption = sentences([t("report.coefficients.cut", shown=len(shown), count=len(terms)), caption])
    if hidden:
        pairs.append(others(hidden))
    aria = t(
        "report.coefficients.aria",
        count=len(shown),
        linear=sum(excludes_zero(row.linear) is True for row in shown),
        network=sum(excludes_zero(row.network) is True for row in shown),
        conflicts=sum(row.conflict for row in shown),
    )
    svg = figures.pairs(pairs, t("report.coefficients.axis", scale=scale), aria, figure_id, "excludes_zero")
    # the table of all terms contains the same numbers for the levels that are not drawn
    numbers = _numbers([row for row in terms if row.level is None or id(row) in drawn], scale)
    return [Figure(svg, aria, _legend(), caption, numbers)]


def _legend() -> list[Key]:
    return [
        Key("●", "net", t("report.coefficients.legend.network")),
        Key("◆", "lin", t("report.coefficients.legend.linear")),
        Key("●◆", "", t("report.coefficients.legend.filled")),
        Key("○◇", "", t("report.coefficients.legend.hollow")),
        Key("×", "", t("report.coefficients.legend.cross")),
    ]


def _shown(terms: Sequence[CoefficientRow], rank: dict[str, int], levels: int) -> list[CoefficientRow]:
    """Return the terms of the most important columns, grouped by column.

    If a column has many levels, only those with the largest estimates are returned.
    """
    columns = sorted({row.column: None for row in terms}, key=lambda name: rank.get(name, UNRANKED))[:COLUMNS]
    shown: list[CoefficientRow] = []
    for column in columns:
        own = [row for row in terms if row.column == column]
        kept = {id(row) for row in sorted(own, key=_size, reverse=True)[:levels]}
        shown.extend(row for row in own if id(row) in kept)
    return shown[:DRAWN]


def _size(row: CoefficientRow) -> float:
    return max(abs(row.linear.value or 0.0), abs(row.network.value or 0.0))


def _standard(row: CoefficientRow) -> tuple[Interval, Interval]:
    """Return both models' estimates per standard deviation of the column or, for a level, relative to the reference level."""
    factor = row.sd if row.level is None else None
    return scaled(row.network, factor), scaled(row.linear, factor)


def _pair(row: CoefficientRow) -> figures.Pair:
    network, linear = _standard(row)
    whole = f"{tidy(term(row))} ({step(row, standard=True)})"
    label = cut(term(row)) if row.level is not None else f"{cut(row.column, 19)} ({step(row, standard=True)})"

    def title(model: str, value: Interval) -> str:
        return t("report.mark", name=whole, model=model, value=interval(value, sign=True))

    titles = title(t("report.network"), network), title(t("report.unpenalised"), linear)
    return figures.Pair(label, whole, network, linear, *titles)


def _numbers(terms: Sequence[CoefficientRow], scale: str) -> Table:
    columns: list[Column[CoefficientRow]] = [
        name_column(t("report.term"), term),
        name_column(t("report.step"), lambda row: step(row, standard=True), "t"),
        interval_column(t("report.unpenalised.interval"), lambda row: _standard(row)[1], "lin", sign=True),
        interval_column(t("report.network.interval"), lambda row: _standard(row)[0], "net", sign=True),
    ]
    return table(t("report.coefficients.numbers", scale=scale), terms, columns)


def _table(coefficients: Coefficients, terms: Sequence[CoefficientRow]) -> Table:
    ratio = RATIO.get(coefficients.scale)
    columns: list[Column[CoefficientRow]] = [
        name_column(t("report.term"), term),
        name_column(t("report.step"), step, "t"),
        Column(t("report.sd"), lambda row: number(row.sd)),
        interval_column(t("report.unpenalised.interval"), lambda row: row.linear, "lin", sign=True),
        Column(t("report.unpenalised.stderr"), lambda row: number(row.linear.stderr)),
        Column(t("report.linear.z"), lambda row: number(row.z)),
        Column(t("report.linear.p"), lambda row: p_value(row.p)),
    ]
    if ratio is not None:
        columns.append(interval_column(t(f"report.{ratio}"), lambda row: _ratio(row, ratio)))
    columns += [
        Column(t("report.penalised"), lambda row: number(row.penalised)),
        interval_column(t("report.network.interval"), lambda row: row.network, "net", sign=True),
    ]
    if _over(coefficients):
        columns.append(Column(t("report.coefficients.rows"), _rows))
    columns += [
        Column(t("report.network.stderr"), lambda row: number(row.network.stderr)),
        Column(t("report.sign_flip"), lambda row: share(row.sign_flip)),
        Column(t("report.surrogate"), lambda row: number(row.surrogate)),
        Column(t("report.conflict"), lambda row: yes(row.conflict), "t"),
        Column(t("report.reason"), _reason, "w"),
    ]
    return table(t("report.coefficients.table", scale=t(f"report.scale.{coefficients.scale}")), terms, columns)


def _rows(row: CoefficientRow) -> str:
    return NONE if row.network_rows is None else counted(row.network_rows)


def _reason(row: CoefficientRow) -> str | Cell:
    return Cell("") if row.reason is None else say(row.reason)


def _ratio(row: CoefficientRow, name: str) -> Interval:
    """Return the odds ratio or rate ratio of a term. For a numeric column, the ratio is per standard deviation."""
    return powered(getattr(row, name), row.sd if row.level is None else None)


def _wald(tests: Sequence[WaldRow]) -> Table:
    columns: list[Column[WaldRow]] = [
        name_column(t("report.column"), lambda row: row.column),
        Column(t("report.statistic"), _statistic),
        Column(t("report.df"), lambda row: str(row.df)),
        Column(t("report.linear.p"), lambda row: p_value(row.p)),
        Column(t("report.vif"), lambda row: number(row.vif)),
    ]
    return table(t("report.coefficients.wald"), tests, columns)


def _statistic(row: WaldRow) -> str:
    return t("report.statistic.none") if row.statistic is None else number(row.statistic)
