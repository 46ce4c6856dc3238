"""Report panels about an optimum: its column values, whether it is a plausible row, its bound, and the optima near the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tabinterp.analyses.hidden_units.record import Card, Inside
from tabinterp.analyses.maximisation.record import Optimum, PathPoint, Plausible
from tabinterp.analyses.maximisation.shown_values import Place
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Figure, Key, Paragraph, Table
from tabinterp.report.tables import Column, name_column, table
from tabinterp.report.words import NONE, both, layer_name, listed, number, share, t, tidy, two, yes

PLACES = 10  # columns of an optimum that are shown
MEASURES = ("mahalanobis", "neighbours", "forest", "residual")


# ---- an optimum


def best(inside: Inside, optimum: Optimum | None, rank: dict[str, int]) -> list[Block]:
    """Return the panel on the row at which a unit's pre-activation is largest."""
    if optimum is None:
        return [Paragraph(t("report.inside.no_optimum"), "note")]
    return [places(t("report.inside.free"), optimum.places, rank), *stamp(inside, optimum), *proved(optimum)]


def plausible(inside: Inside, card: Card, rank: dict[str, int]) -> list[Block]:
    """Return the panel on the largest optimum that is not atypical, among the optima for all budgets."""
    row = card.plausible
    if row is not None:
        values = {
            "share": _ball(row),
            "value": number(row.value),
            "oddness": share_below(row.oddness, inside.far),
            "far": share(inside.far),
        }
        caption = t("report.inside.plausible")
        return [places(caption, row.places, rank), Paragraph(t("report.inside.plausible_note", **values))]
    if card.optimum is None:
        return []
    key = "report.inside.plausible_none" if card.optimum.unreadable else "report.inside.plausible_same"
    return [Paragraph(t(key))]


def share_below(value: float, limit: float) -> str:
    """Format a share that is below a limit. It is rounded down if rounding would make it equal to the limit.

    >>> share_below(0.9896, 0.99), share_below(0.957, 0.99)
    ('98.9%', '95.7%')
    """
    shown = share(value)
    return share(math.floor(1000 * value) / 1000) if shown == share(limit) and value < limit else shown


def values_at(caption: str, pairs: Sequence[tuple[str, str]]) -> Table:
    """Return a table of values of a unit or an output. Each value has a label, such as the name of a quantile."""
    columns: list[Column[tuple[str, str]]] = [
        Column(t("report.inside.at"), lambda pair: pair[0]),
        Column(t("report.inside.value"), lambda pair: pair[1]),
    ]
    return table(caption, pairs, columns, style="plain")


def peak(optimum: Optimum, sign: int = 1) -> list[tuple[str, str]]:
    mean = f"{number(sign * optimum.mean)} ({number(optimum.sd)})"
    return [(t("report.inside.mean"), mean), (t("report.inside.best"), number(sign * optimum.value))]


def stamp(inside: Inside, optimum: Optimum) -> list[Block]:
    """Return sentences on whether the optimum is a plausible row.

    For an implausible row, the sentences name the measures by which it is atypical.
    """
    shares = {name: share(getattr(optimum, name)) for name in MEASURES}
    column = None if optimum.residual_of is None else tidy(optimum.residual_of)
    odd = t("report.inside.odd" if column else "report.inside.odd_none", **shares, column=column)
    if optimum.out:
        odd += " " + t("report.inside.out", count=optimum.out)
    if not optimum.unreadable:
        values = {"oddness": share_below(optimum.oddness, inside.far), "far": share(inside.far), "odd": odd}
        return [Paragraph(t("report.inside.readable", **values))]
    *first, last = (t(f"report.inside.why.{name}", column=column) for name in optimum.beyond)
    why = both([listed(first), last]) if first else last
    warning = t("report.inside.unreadable", why=why, oddness=share(optimum.oddness))
    return [Paragraph(warning, "warning"), Paragraph(odd, "note")]


def places(caption: str, optimum: Sequence[Place], rank: dict[str, int]) -> Table:
    """Return a table of the column values of an optimum, with the most important columns first."""
    ordered = sorted(optimum, key=lambda place: rank.get(place.column, len(rank)))
    if len(ordered) > PLACES:
        caption = t("report.inside.more", caption=caption, count=len(ordered) - PLACES)
    columns: list[Column[Place]] = [
        name_column(t("report.column"), lambda place: place.column),
        Column(t("report.inside.column_at"), at, "w"),
    ]
    return table(caption, ordered[:PLACES], columns, style="plain")


def at(place: Place) -> str:
    if place.how in ("missing", "rare"):
        return t(f"report.inside.{place.how}")
    value = place.at if isinstance(place.at, str) else t("report.inside.column_value", value=place.at)
    return tidy(value) if place.how == "at" else t(f"report.inside.{place.how}", value=tidy(value))


def proved(optimum: Optimum) -> list[Block]:
    cosine = NONE if optimum.cosine is None else two(optimum.cosine)
    starts = t("report.inside.starts", share=share(optimum.within), count=optimum.optima, cosine=cosine)
    if optimum.proof is None or optimum.reached is None:
        proof = t("report.inside.proved.none")
    elif optimum.proof == "closed form":
        proof = t("report.inside.proved.closed form")
    else:
        method = t(f"report.inside.proof.{optimum.proof}")
        proof = t("report.inside.proved.short", share=share(optimum.reached), proof=method)
    return [Paragraph(f"{proof} {starts}", "note")]


# ---- the path to it


def path(inside: Inside, card: Card) -> list[Block]:
    """Return the figure of the path: the value at the optimum for each budget, up to the unrestricted optimum."""
    optimum = card.optimum
    if optimum is None or not card.path:
        return []
    points: list[tuple[str, PathPoint | Optimum]] = [(_ball(point), point) for point in card.path]
    points.append((t("report.inside.path.free"), optimum))
    name = t("report.neuron.name", layer=tidy(layer_name(card.layer)), index=str(card.index))
    steps = [
        figures.Step(
            ball,
            point.value,
            not point.unreadable,
            point.tenth,
            t("report.mark", name=name, model=ball, value=number(point.value)),
        )
        for ball, point in points
    ]
    columns: list[Column[tuple[str, PathPoint | Optimum]]] = [
        Column(t("report.inside.path.ball"), lambda row: row[0]),
        Column(t("report.inside.path.value"), lambda row: number(row[1].value)),
        Column(t("report.inside.path.real"), lambda row: number(row[1].tenth)),
        Column(t("report.inside.path.oddness"), lambda row: share(row[1].oddness)),
        Column(t("report.inside.path.readable"), lambda row: yes(not row[1].unreadable)),
    ]
    legend = [
        Key("●", "net", t("report.inside.path.may")),
        Key("✕", "net", t("report.inside.path.not")),
        Key("╌", "", t("report.inside.path.tenth")),
    ]
    axes = (t("report.inside.path.ball"), t("report.inside.activity"))
    readable = sum(not point.unreadable for _, point in points)
    aria = t("report.inside.path.aria", name=name, count=readable, all=len(points))
    svg = figures.path(steps, axes, aria, f"figure-path-{inside.cards.index(card)}")
    numbers = table(t("report.inside.path.table", name=name), points, columns, style="plain")
    return [Figure(svg, aria, legend, t("report.inside.path.caption"), numbers)]


def _ball(point: Plausible | PathPoint) -> str:
    return t("report.inside.path.share", percent=round(100 * point.share))
