"""Coefficients: the linear model's, beside the network's average derivatives and contrasts, on one axis."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.document.document import CoefficientRow, Coefficients, Document, Interval, WaldRow
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Cell, Figure, Fold, Heading, Key, Paragraph, Points, Table
from tabinterp.report.words import (
    NONE,
    by_importance,
    cells,
    counted,
    cut,
    draws,
    excludes_zero,
    interval,
    name_cell,
    number,
    outputs,
    p_value,
    powered,
    say,
    scaled,
    sentences,
    share,
    step,
    t,
    term,
    tidy,
    yes,
)

COLUMNS = 15  # original columns in a figure
LEVELS, FEWER = (
    6,
    3,
)  # levels of one column in a figure, and where there is one for each class: those with the largest estimates
EVERY, LEAST = 110, 40  # terms that are listed with all their numbers: of all outputs together, of each at least
UNRANKED = 10**6
RATIO = {"log-odds": "odds_ratio", "log-rate": "rate_ratio"}  # what exp of a coefficient is


def coefficients(document: Document) -> list[Block]:
    part = document.coefficients
    if not part.terms:
        return []
    scale = t(f"report.scale.{part.scale}")
    over = _over(part)
    blocks: list[Block] = [
        Paragraph(
            t(
                "report.coefficients.lead",
                scale=scale,
                rows_inference=part.rows_inference,
                rows_network=part.rows_network,
            )
        ),
        *([Paragraph(t("report.coefficients.summed", rows=max(over), drawn=part.rows_network))] if over else []),
        Paragraph(say(part.method)),
    ]
    if part.notes:
        blocks.append(Points([say(note) for note in part.notes]))
    rank = by_importance(document)
    named = outputs(part.terms)
    for index, output in enumerate(named):
        blocks.extend(_output(part, output, index, len(named), rank))
    return [
        *blocks,
        Paragraph(_said("report.coefficients.note", part), "note"),
        Paragraph(
            t(
                f"report.coefficients.intervals.{'held-out' if document.performance.held_out else 'all'}",
                draws=draws(document),
            ),
            "note",
        ),
        Paragraph(t("report.coefficients.wald_note"), "note"),
    ]


def _over(part: Coefficients) -> set[int]:
    """How many rows the network's numbers are of that are not of the drawn rows."""
    return {row.network_rows for row in part.terms if row.network_rows is not None} - {part.rows_network}


def _output(part: Coefficients, output: str | None, index: int, count: int, rank: dict[str, int]) -> list[Block]:
    """One class, or the only output, of `count`; classes after the first are folded."""
    several = count > 1
    terms = [row for row in part.terms if row.output == output]
    tests = [row for row in part.tests if row.output == output]
    scale = t(f"report.scale.{part.scale}")
    blocks: list[Block] = [
        Paragraph(_surrogate(part, output)),
        *_figure(_shown(terms, rank, FEWER if several else LEVELS), terms, scale, f"figure-coefficients-{index}"),
        _all(part, terms, max(LEAST, EVERY // count), rank),
    ]
    if tests:
        blocks.append(Fold(t("report.coefficients.wald"), [_wald(tests)]))
    if not several:
        return blocks
    name = t("report.output", output=cut(output or ""))
    return [Fold(name, blocks)] if index else [Heading(name, output or ""), *blocks]


def _all(part: Coefficients, terms: Sequence[CoefficientRow], most: int, rank: dict[str, int]) -> Fold:
    """Every term, or those of the columns that matter most where there are more than a page can hold."""
    ordered = sorted(terms, key=lambda row: rank.get(row.column, UNRANKED))[:most]
    listed = terms if len(terms) <= most else ordered
    summary = _said("report.coefficients.all", part, count=len(terms))
    if len(listed) == len(terms):
        return Fold(summary, [_table(part, terms)])
    left = t("report.coefficients.elsewhere", shown=len(listed), count=len(terms))
    return Fold(summary, [Paragraph(left, "note"), _table(part, listed)])


def _said(key: str, part: Coefficients, **values: int) -> str:
    """A sentence that speaks of odds ratios, or of rate ratios."""
    return t(f"{key}.rates" if part.scale == "log-rate" else key, **values)


def _surrogate(part: Coefficients, output: str | None) -> str:
    found = next((row for row in part.surrogates if row.output == output), None)
    if found is None or found.r2 is None:
        return t("report.coefficients.surrogate_none")
    key = "report.coefficients.surrogate" if found.held_out else "report.coefficients.surrogate_all"
    ends = {"r2": share(found.r2), "low": share(found.low), "high": share(found.high)}
    return t(key, fitted=found.rows_fitted, scored=found.rows_scored, **ends)


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
        other = t("report.other", count=hidden)
        pairs.append(figures.Pair(other, other, Interval(), Interval()))
    aria = t(
        "report.coefficients.aria",
        count=len(shown),
        linear=sum(excludes_zero(row.linear) is True for row in shown),
        network=sum(excludes_zero(row.network) is True for row in shown),
        conflicts=sum(row.conflict for row in shown),
    )
    svg = figures.pairs(pairs, t("report.coefficients.axis", scale=scale), aria, figure_id, "excludes_zero")
    # a level that is not drawn stands, with the same numbers, in the table of all terms
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
    """Terms of the most important columns, grouped by column, the largest levels of a column with many."""
    columns = sorted({row.column: None for row in terms}, key=lambda name: rank.get(name, UNRANKED))[:COLUMNS]
    shown: list[CoefficientRow] = []
    for column in columns:
        own = [row for row in terms if row.column == column]
        kept = {id(row) for row in sorted(own, key=_size, reverse=True)[:levels]}
        shown.extend(row for row in own if id(row) in kept)
    return shown


def _size(row: CoefficientRow) -> float:
    return max(abs(row.linear.value or 0.0), abs(row.network.value or 0.0))


def _standard(row: CoefficientRow) -> tuple[Interval, Interval]:
    """Both models' numbers per standard deviation; a level is a step by itself."""
    factor = row.sd if row.level is None else None
    return scaled(row.network, factor), scaled(row.linear, factor)


def _pair(row: CoefficientRow) -> figures.Pair:
    network, linear = _standard(row)
    whole = f"{tidy(term(row))} ({step(row, standard=True)})"
    label = cut(term(row)) if row.level is not None else f"{cut(row.column, 21)} ({step(row, standard=True)})"

    def title(model: str, part: Interval) -> str:
        return t("report.mark", name=whole, model=model, value=interval(part, sign=True))

    titles = title(t("report.network"), network), title(t("report.unpenalised"), linear)
    return figures.Pair(label, whole, network, linear, *titles)


def _numbers(terms: Sequence[CoefficientRow], scale: str) -> Table:
    head = [
        Cell(t("report.term")),
        Cell(t("report.step"), style="t"),
        Cell(t("report.unpenalised.interval"), style="lin"),
        Cell(t("report.network.interval"), style="net"),
    ]
    rows = []
    for row in terms:
        network, linear = _standard(row)
        rows.append(
            [
                name_cell(term(row)),
                name_cell(step(row, standard=True), "t"),
                *cells([interval(linear, sign=True), interval(network, sign=True)]),
            ]
        )
    return Table(t("report.coefficients.numbers", scale=scale), head, rows)


def _table(part: Coefficients, terms: Sequence[CoefficientRow]) -> Table:
    ratio, mixed = RATIO.get(part.scale), bool(_over(part))
    head = [
        Cell(t("report.term")),
        Cell(t("report.step"), style="t"),
        Cell(t("report.sd")),
        Cell(t("report.unpenalised.interval"), style="lin"),
        *cells([t("report.unpenalised.stderr"), t("report.linear.z"), t("report.linear.p")]),
        *([Cell(t(f"report.{ratio}"))] if ratio else []),
        Cell(t("report.penalised")),
        Cell(t("report.network.interval"), style="net"),
        *([Cell(t("report.coefficients.rows"))] if mixed else []),
        *cells([t("report.network.stderr"), t("report.sign_flip"), t("report.surrogate")]),
        Cell(t("report.conflict"), style="t"),
        Cell(t("report.reason"), style="w"),
    ]
    caption = t("report.coefficients.table", scale=t(f"report.scale.{part.scale}"))
    return Table(caption, head, [_row(row, ratio, mixed) for row in terms])


def _row(row: CoefficientRow, ratio: str | None, mixed: bool) -> list[Cell]:
    return [
        name_cell(term(row)),
        name_cell(step(row), "t"),
        Cell(number(row.sd)),
        *cells([interval(row.linear, sign=True), number(row.linear.stderr), number(row.z), p_value(row.p)]),
        *([Cell(interval(_ratio(row, ratio)))] if ratio else []),
        *cells([number(row.penalised), interval(row.network, sign=True)]),
        *([Cell(NONE if row.network_rows is None else counted(row.network_rows))] if mixed else []),
        Cell(number(row.network.stderr)),
        *cells([share(row.sign_flip), number(row.surrogate)]),
        Cell(yes(row.conflict), style="t"),
        Cell("") if row.reason is None else Cell(say(row.reason), style="w"),
    ]


def _ratio(row: CoefficientRow, name: str) -> Interval:
    """Odds or rate ratio of a number per standard deviation, of anything else as it is."""
    return powered(getattr(row, name), row.sd if row.level is None else None)


def _wald(tests: Sequence[WaldRow]) -> Table:
    head = cells([t("report.column"), t("report.statistic"), t("report.df"), t("report.linear.p"), t("report.vif")])
    rows = [
        [name_cell(row.column), *cells([_statistic(row), str(row.df), p_value(row.p), number(row.vif)])]
        for row in tests
    ]
    return Table(t("report.coefficients.wald"), head, rows)


def _statistic(row: WaldRow) -> str:
    return t("report.statistic.none") if row.statistic is None else number(row.statistic)
