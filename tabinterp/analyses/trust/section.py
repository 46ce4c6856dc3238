"""Report section on the reliability of explanations: random weights, permuted labels, deletion, background rows and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tabinterp.analyses.trust.record import CurveRow, Drawn, NetworkRow, Networks, NullRow, StabilityRow, Trust
from tabinterp.document.document import Document, Interval
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Figure, Heading, Key, Paragraph, Table
from tabinterp.report.comparison import NAMED, SHOWN, comparison, largest, left_out, pair
from tabinterp.report.tables import MODELS, STYLES, Column, interval_column, name_column, table
from tabinterp.report.words import (
    NONE,
    both,
    capital,
    cut,
    draws,
    listed,
    number,
    reading,
    rows_of,
    score_scale,
    share,
    t,
    tidy,
    two,
)

SURVIVES = 0.7  # rank correlation at which about half of the variance of the ranks is shared (0.7 squared)


def build(trust: Trust, document: Document) -> list[Block]:
    return [
        Paragraph(t("report.trust.lead", rows=rows_of(trust), background_rows=trust.background_rows)),
        *_nulls(trust),
        *_shuffled(trust),
        *_curves(trust, score_scale(document), draws(document)),
        *left_out(trust.left_out),
        *_stability(trust),
        *([] if trust.networks is None else _networks(trust.networks)),
        Paragraph(t("report.trust.note", seed=str(trust.seed)), "note"),
    ]


def _figure(
    rows: Sequence[tuple[str, Interval, Interval]], key: str, figure_id: str, numbers: Table, **values: Any
) -> Figure | Table:
    """Return a figure that compares the intervals of both models, or only the table `numbers` if there is nothing to plot."""
    pairs = [pair(name, network, linear, label=name) for name, network, linear in rows]
    if not figures.drawable(pairs):
        return numbers
    aria = t(
        f"{key}.aria",
        network=largest([(name, network) for name, network, _ in rows], none=NONE),
        linear=largest([(name, linear) for name, _, linear in rows], none=NONE),
    )
    return comparison(pairs, t(f"{key}.axis", **values), aria, figure_id, t(f"{key}.figure", **values), numbers)


# ---- random weights


def _nulls(trust: Trust) -> list[Block]:
    rows = [row for row in trust.nulls if row.null == "random weights"]
    if not rows:
        return []
    marks = [(reading(row.method), row.network.mean, row.linear.mean) for row in rows]
    return [
        Heading(t("report.trust.null")),
        Paragraph(t("report.trust.null.lead", draws=trust.draws)),
        _figure(marks, "report.trust.null", "figure-trust-null", _null_table(rows), draws=trust.draws),
        *(Paragraph(line) for model in MODELS for line in _verdicts(rows, model)),
    ]


def _null_table(rows: Sequence[NullRow]) -> Table:
    columns: list[Column[NullRow]] = [name_column(t("report.trust.method"), lambda row: reading(row.method))]
    for model in MODELS:
        columns += _null(model)
    return table(t("report.trust.null.table"), rows, columns)


def _null(model: str) -> list[Column[NullRow]]:
    return [
        interval_column(t(f"report.trust.{model}"), lambda row: getattr(row, model).mean, STYLES[model]),
        Column(t("report.trust.range"), lambda row: _range(getattr(row, model))),
    ]


def _range(correlation: Drawn) -> str:
    return NONE if correlation.least is None else f"{two(correlation.least)} … {two(correlation.largest)}"


def _verdicts(rows: Sequence[NullRow], model: str) -> list[str]:
    """Return one sentence for each conclusion, with the methods to which it applies. Methods without an interval are left out."""
    methods_by: dict[str, list[str]] = {"survives": [], "changes": [], "open": []}
    for row in rows:
        correlation: Drawn = getattr(row, model)
        if correlation.mean.low is not None and correlation.mean.high is not None:
            place = (
                "survives"
                if correlation.mean.low > SURVIVES
                else "changes"
                if correlation.mean.high < SURVIVES
                else "open"
            )
            methods_by[place].append(_named(row.method))
    named = capital(t(f"report.{model}"))
    return [
        t(f"report.trust.null.{place}", model=named, limit=number(SURVIVES, 1), methods=_in_sentence(methods))
        for place, methods in methods_by.items()
        if methods
    ]


def _named(method: str) -> str:
    return t(f"method.{method.replace('_', ' ')}")


def _in_sentence(methods: Sequence[str]) -> str:
    return both([*filter(None, [listed(methods[:-1])]), methods[-1]])


# ---- shuffled labels


def _shuffled(trust: Trust) -> list[Block]:
    """Return the subsection on permuted labels: a table with one correlation for each method."""
    rows = [row for row in trust.nulls if row.null == "shuffled labels"]
    if not rows:
        return []
    columns: list[Column[NullRow]] = [
        name_column(t("report.trust.method"), lambda row: reading(row.method)),
        Column(t("report.trust.shuffled.value"), lambda row: two(row.network.mean.value), "net"),
    ]
    return [
        Heading(t("report.trust.shuffled")),
        Paragraph(t("report.trust.shuffled.lead")),
        table(t("report.trust.shuffled.table"), rows, columns),
    ]


# ---- deletion and insertion


def _curves(trust: Trust, scale: str, over: str) -> list[Block]:
    if not trust.curves:
        return []
    lead = t("report.trust.curves.lead", donors=trust.donors, orders=trust.orders, scale=scale)
    marks = [(_curve(row), row.network, row.linear) for row in trust.curves]
    numbers = _curve_table(trust.curves, scale)
    return [
        Heading(t("report.trust.curves")),
        Paragraph(lead, "note"),
        _figure(marks, "report.trust.curves", "figure-trust-curves", numbers, scale=scale, draws=over),
        *(Paragraph(line) for model in MODELS for line in _beats(trust.curves, model)),
    ]


def _curve(row: CurveRow) -> str:
    return t(f"report.trust.curve.{row.curve}", method=reading(row.method))


def _curve_table(rows: Sequence[CurveRow], scale: str) -> Table:
    columns: list[Column[CurveRow]] = [
        name_column(t("report.trust.method"), _curve),
        interval_column(t("report.trust.network"), lambda row: row.network, "net"),
        Column(t("report.shapley.stderr"), lambda row: number(row.network.stderr)),
        interval_column(t("report.trust.linear"), lambda row: row.linear, "lin"),
        Column(t("report.shapley.stderr"), lambda row: number(row.linear.stderr)),
    ]
    return table(t("report.trust.curves.table", scale=scale), rows, columns)


def _beats(rows: Sequence[CurveRow], model: str) -> list[str]:
    """Return a sentence that lists the methods that are not significantly better than random orders, if there are results."""
    measured = [(_curve(row), getattr(row, model)) for row in rows if getattr(row, model).value is not None]
    short = [name for name, area in measured if area.low is None or area.low <= 0]
    named = capital(t(f"report.{model}"))
    if short:
        return [t("report.trust.curves.not", model=named, methods=listed(short))]
    return [t("report.trust.curves.better", model=named)] if measured else []


# ---- stability


def _stability(trust: Trust) -> list[Block]:
    if not trust.stability:
        return []
    lead = t("report.trust.stability.lead", backgrounds=trust.backgrounds, background_rows=trust.background_rows)
    blocks: list[Block] = [Heading(t("report.trust.stability")), Paragraph(lead), _stability_table(trust.stability)]
    known = [row for row in trust.stability if row.network_ranks.mean.value is not None]
    if known:
        row = min(known, key=lambda row: figures.finite(row.network_ranks.mean.value))
        values = {
            "method": _named(row.method),
            "over": t(f"report.trust.over.{row.over}"),
            "mean": two(row.network_ranks.mean.value),
            "least": two(row.network_ranks.least),
        }
        blocks.append(Paragraph(t("report.trust.stability.lowest", **values)))
    return blocks


def _stability_table(rows: Sequence[StabilityRow]) -> Table:
    columns: list[Column[StabilityRow]] = [
        name_column(t("report.trust.method"), lambda row: reading(row.method)),
        Column(t("report.trust.stability.over"), lambda row: t(f"report.trust.over.{row.over}"), "t"),
        Column(t("report.trust.stability.top"), lambda row: str(row.top)),
        Column(t("report.trust.stability.network_ranks"), lambda row: _least(row.network_ranks), "net"),
        Column(t("report.trust.stability.network_tops"), lambda row: _least(row.network_tops, True), "net"),
        Column(t("report.trust.stability.linear_ranks"), lambda row: _least(row.linear_ranks), "lin"),
        Column(t("report.trust.stability.linear_tops"), lambda row: _least(row.linear_tops, True), "lin"),
    ]
    return table(t("report.trust.stability.table"), rows, columns)


def _least(correlation: Drawn, shared: bool = False) -> str:
    if correlation.mean.value is None:
        return NONE
    show = share if shared else two
    return t("report.trust.stability.least", mean=show(correlation.mean.value), least=show(correlation.least))


# ---- networks of other seeds


def _networks(networks: Networks) -> list[Block]:
    values = {name: number(getattr(networks, name)) for name in ("loss", "sd", "least", "largest", "tolerance")}
    counts = {name: getattr(networks, name) for name in ("count", "within", "loss_rows")}
    metric = t(f"report.metric.{networks.metric}")
    pairs = [
        _network_pair(row.column, Interval(value=row.importance, low=row.low, high=row.high))
        for row in networks.columns
    ]
    blocks: list[Block] = [
        Heading(t("report.trust.networks")),
        Paragraph(t("report.trust.networks.lead", metric=metric, **values, **counts)),
    ]
    shown, numbers = pairs[:SHOWN], _network_table(networks)
    if figures.drawable(shown):
        most = listed(f"{pair.label} {number(pair.network.value)}" for pair in pairs[:NAMED])
        aria = t("report.trust.networks.aria", count=len(pairs), network=most)
        axis = t("report.trust.networks.axis")
        svg = figures.pairs(shown, axis, aria, "figure-trust-networks", "model", dodge=False)
        key = [Key("●", "net", t("report.trust.networks.legend"))]
        blocks.append(Figure(svg, aria, key, t("report.trust.networks.figure"), numbers))
    else:
        blocks.append(numbers)
    return [*blocks, Paragraph(t("report.trust.networks.note", within=networks.within, rows=networks.rows))]


def _network_pair(column: str, importance: Interval) -> figures.Pair:
    title = t("report.mark", name=tidy(column), model=t("report.network"), value=number(importance.value))
    return figures.Pair(cut(column), tidy(column), importance, Interval(), title)


def _network_table(networks: Networks) -> Table:
    columns: list[Column[NetworkRow]] = [
        name_column(t("report.column"), lambda row: row.column),
        Column(t("report.trust.networks.importance"), lambda row: number(row.importance), "net"),
        Column(t("report.trust.networks.range"), lambda row: f"{number(row.low)} … {number(row.high)}"),
    ]
    return table(t("report.trust.networks.table"), networks.columns, columns)
