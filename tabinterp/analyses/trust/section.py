"""Fidelity and stability of the explanation: nulls of random weights and shuffled labels, deletion, backgrounds and seeds."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.agreement.section import left_out
from tabinterp.document.document import Document, Interval
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Cell, Figure, Heading, Key, Paragraph, Table
from tabinterp.report.words import (
    NONE,
    capital,
    cells,
    cut,
    draws,
    interval,
    listed,
    name_cell,
    number,
    reading,
    share,
    t,
    tidy,
    two,
)

from .types import CurveRow, Drawn, Networks, NullRow, StabilityRow, Trust

SURVIVES = 0.7  # rank correlation from which half of the variance of the ranks is common: 0.7 squared
NAMED = 3  # that the spoken reading names
SHOWN = 15
MODELS = ("network", "linear")


def trust(document: Document) -> list[Block]:
    part = document.trust
    if part is None:
        return []
    scale = t(f"report.scale.{document.coefficients.scale}")
    rows = t(f"report.rows_of.{part.rows_of}", rows=part.rows)
    lead = t("report.trust.lead", rows=rows, background_rows=part.background_rows)
    blocks: list[Block] = [Paragraph(lead)]
    for made in (
        _nulls(part),
        _shuffled(part),
        _curves(part, scale, draws(document)),
        left_out(part.left_out),
        _stability(part),
    ):
        blocks += made
    if part.networks is not None:
        blocks += _networks(part.networks)
    return [*blocks, Paragraph(t("report.trust.note", seed=str(part.seed)), "note")]


def _legend() -> list[Key]:
    return [
        Key("●", "net", t("report.importance.legend.network")),
        Key("◇", "lin", t("report.importance.legend.linear")),
    ]


def _largest(found: Sequence[tuple[str, Interval]]) -> str:
    known = [(name, part) for name, part in found if part.value is not None]
    ordered = sorted(known, key=lambda item: -figures.finite(item[1].value))
    return listed(f"{cut(name)} {interval(part)}" for name, part in ordered[:NAMED]) or NONE


def _pair(name: str, network: Interval, linear: Interval) -> figures.Pair:
    def title(model: str, part: Interval) -> str:
        return t("report.mark", name=name, model=t(f"report.{model}"), value=interval(part))

    return figures.Pair(name, name, network, linear, title("network", network), title("linear", linear))


# ---- random weights


def _nulls(part: Trust) -> list[Block]:
    rows = [row for row in part.nulls if row.null == "random weights"]
    if not rows:
        return []
    blocks: list[Block] = [
        Heading(t("report.trust.null")),
        Paragraph(t("report.trust.null.lead", draws=part.draws)),
    ]
    pairs = [_pair(reading(row.method), row.network.mean, row.linear.mean) for row in rows]
    table = _null_table(rows)
    if figures.drawable(pairs):
        sides = {model: _largest([(reading(row.method), getattr(row, model).mean) for row in rows]) for model in MODELS}
        aria = t("report.trust.null.aria", **sides)
        svg = figures.pairs(pairs, t("report.trust.null.axis"), aria, "figure-trust-null", "model")
        blocks.append(Figure(svg, aria, _legend(), t("report.trust.null.figure", draws=part.draws), table))
    else:
        blocks.append(table)
    return blocks + [Paragraph(line) for model in MODELS for line in _verdicts(rows, model)]


def _null_table(rows: Sequence[NullRow]) -> Table:
    head = [Cell(t("report.trust.method"))]
    for model, style in (("network", "net"), ("linear", "lin")):
        head += [Cell(t(f"report.trust.{model}"), style=style), Cell(t("report.trust.range"))]
    body = [
        [
            name_cell(reading(row.method)),
            *cells([interval(row.network.mean), _range(row.network), interval(row.linear.mean), _range(row.linear)]),
        ]
        for row in rows
    ]
    return Table(t("report.trust.null.table"), head, body)


def _range(part: Drawn) -> str:
    return NONE if part.least is None else f"{two(part.least)} … {two(part.largest)}"


def _verdicts(rows: Sequence[NullRow], model: str) -> list[str]:
    """What the intervals say of each ranking: one sentence for those that say the same."""
    told: dict[str, list[str]] = {"survives": [], "changes": [], "open": []}
    for row in rows:
        part: Drawn = getattr(row, model)
        if part.mean.low is not None and part.mean.high is not None:
            place = "survives" if part.mean.low > SURVIVES else "changes" if part.mean.high < SURVIVES else "open"
            told[place].append(reading(row.method))
    named = capital(t(f"report.{model}"))
    return [
        t(f"report.trust.null.{place}", model=named, limit=number(SURVIVES, 1), methods=listed(methods))
        for place, methods in told.items()
        if methods
    ]


# ---- shuffled labels


def _shuffled(part: Trust) -> list[Block]:
    """One draw: a number for each method, and no verdict."""
    rows = [row for row in part.nulls if row.null == "shuffled labels"]
    if not rows:
        return []
    head = [Cell(t("report.trust.method")), Cell(t("report.trust.shuffled.value"), style="net")]
    body = [[name_cell(reading(row.method)), *cells([two(row.network.mean.value)])] for row in rows]
    return [
        Heading(t("report.trust.shuffled")),
        Paragraph(t("report.trust.shuffled.lead")),
        Table(t("report.trust.shuffled.table"), head, body),
    ]


# ---- deletion and insertion


def _curves(part: Trust, scale: str, over: str) -> list[Block]:
    if not part.curves:
        return []
    lead = t("report.trust.curves.lead", donors=part.donors, orders=part.orders, scale=scale)
    blocks: list[Block] = [Heading(t("report.trust.curves")), Paragraph(lead)]
    pairs = [_pair(_curve(row), row.network, row.linear) for row in part.curves]
    table = _curve_table(part.curves, scale)
    if figures.drawable(pairs):
        sides = {model: _largest([(_curve(row), getattr(row, model)) for row in part.curves]) for model in MODELS}
        aria = t("report.trust.curves.aria", **sides)
        axis = t("report.trust.curves.axis", scale=scale)
        svg = figures.pairs(pairs, axis, aria, "figure-trust-curves", "model")
        blocks.append(Figure(svg, aria, _legend(), t("report.trust.curves.figure", draws=over), table))
    else:
        blocks.append(table)
    return blocks + [Paragraph(line) for model in MODELS for line in _beats(part.curves, model)]


def _curve(row: CurveRow) -> str:
    return t(f"report.trust.curve.{row.curve}", method=reading(row.method))


def _curve_table(rows: Sequence[CurveRow], scale: str) -> Table:
    stderr = t("report.shapley.stderr")
    head = [
        Cell(t("report.trust.method")),
        Cell(t("report.trust.network"), style="net"),
        Cell(stderr),
        Cell(t("report.trust.linear"), style="lin"),
        Cell(stderr),
    ]
    body = [
        [
            name_cell(_curve(row)),
            *cells(
                [interval(row.network), number(row.network.stderr), interval(row.linear), number(row.linear.stderr)]
            ),
        ]
        for row in rows
    ]
    return Table(t("report.trust.curves.table", scale=scale), head, body)


def _beats(rows: Sequence[CurveRow], model: str) -> list[str]:
    """Which orders are not resolved to beat chance; nothing where there is no number."""
    found = [(_curve(row), getattr(row, model)) for row in rows if getattr(row, model).value is not None]
    short = [name for name, part in found if part.low is None or part.low <= 0]
    named = capital(t(f"report.{model}"))
    if short:
        return [t("report.trust.curves.not", model=named, methods=listed(short))]
    return [t("report.trust.curves.better", model=named)] if found else []


# ---- stability


def _stability(part: Trust) -> list[Block]:
    if not part.stability:
        return []
    lead = t("report.trust.stability.lead", backgrounds=part.backgrounds, background_rows=part.background_rows)
    blocks: list[Block] = [Heading(t("report.trust.stability")), Paragraph(lead), _stability_table(part.stability)]
    known = [row for row in part.stability if row.network_ranks.mean.value is not None]
    if known:
        row = min(known, key=lambda row: figures.finite(row.network_ranks.mean.value))
        values = {
            "method": reading(row.method),
            "over": t(f"report.trust.over.{row.over}"),
            "mean": two(row.network_ranks.mean.value),
            "least": two(row.network_ranks.least),
        }
        blocks.append(Paragraph(t("report.trust.stability.lowest", **values)))
    return blocks


def _stability_table(rows: Sequence[StabilityRow]) -> Table:
    head = [
        Cell(t("report.trust.method")),
        Cell(t("report.trust.stability.over"), style="t"),
        Cell(t("report.trust.stability.top")),
    ]
    for model, style in (("network", "net"), ("linear", "lin")):
        head += [Cell(t(f"report.trust.stability.{model}_{name}"), style=style) for name in ("ranks", "tops")]
    body = [
        [
            name_cell(reading(row.method)),
            Cell(t(f"report.trust.over.{row.over}"), style="t"),
            *cells(
                [
                    str(row.top),
                    _least(row.network_ranks),
                    _least(row.network_tops, True),
                    _least(row.linear_ranks),
                    _least(row.linear_tops, True),
                ]
            ),
        ]
        for row in rows
    ]
    return Table(t("report.trust.stability.table"), head, body)


def _least(part: Drawn, shared: bool = False) -> str:
    if part.mean.value is None:
        return NONE
    show = share if shared else two
    return t("report.trust.stability.least", mean=show(part.mean.value), least=show(part.least))


# ---- networks of other seeds


def _networks(part: Networks) -> list[Block]:
    values = {name: number(getattr(part, name)) for name in ("loss", "sd", "least", "largest", "tolerance")}
    counts = {name: getattr(part, name) for name in ("count", "within", "loss_rows")}
    metric = t(f"report.metric.{part.metric}")
    pairs = [
        _network_pair(row.column, Interval(value=row.importance, low=row.low, high=row.high)) for row in part.columns
    ]
    blocks: list[Block] = [
        Heading(t("report.trust.networks")),
        Paragraph(t("report.trust.networks.lead", metric=metric, **values, **counts)),
    ]
    if figures.drawable(pairs[:SHOWN]):
        largest = listed(f"{pair.label} {number(pair.network.value)}" for pair in pairs[:NAMED])
        aria = t("report.trust.networks.aria", count=len(pairs), network=largest)
        legend = [Key("●", "net", t("report.trust.networks.legend"))]
        axis = t("report.trust.networks.axis")
        svg = figures.pairs(pairs[:SHOWN], axis, aria, "figure-trust-networks", "model", dodge=False)
        blocks.append(Figure(svg, aria, legend, t("report.trust.networks.figure"), _network_table(part)))
    else:
        blocks.append(_network_table(part))
    return [*blocks, Paragraph(t("report.trust.networks.note", within=part.within, rows=part.rows))]


def _network_pair(column: str, part: Interval) -> figures.Pair:
    title = t("report.mark", name=tidy(column), model=t("report.network"), value=number(part.value))
    return figures.Pair(cut(column), tidy(column), part, Interval(), title)


def _network_table(part: Networks) -> Table:
    head = [
        Cell(t("report.column")),
        Cell(t("report.trust.networks.importance"), style="net"),
        Cell(t("report.trust.networks.range")),
    ]
    body = [
        [name_cell(row.column), *cells([number(row.importance), f"{number(row.low)} … {number(row.high)}"])]
        for row in part.columns
    ]
    return Table(t("report.trust.networks.table"), head, body)
