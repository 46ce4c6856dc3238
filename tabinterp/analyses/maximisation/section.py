"""Made-up rows that excite a unit or an output most: where they stand, whether they may be read, and how far out they lie."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.analyses.hidden_units.types import Card, Inside, Optimum, OutputCard, PathPoint, Place, Plausible
from tabinterp.report.blocks import Block, Cell, Figure, Key, Paragraph, Table
from tabinterp.report.words import NONE, cells, layer_name, name_cell, number, share, t, tidy, two, yes

from .figure import Step, pathway

PLACES = 10  # columns of an optimum
MEASURES = ("mahalanobis", "neighbours", "forest", "residual")
NEAR = "_near"  # the end at which a row is too much like the middle of the others


# ---- one optimum


def best(part: Inside, found: Optimum | None, rank: dict[str, int]) -> list[Block]:
    """Where a unit is greatest."""
    if found is None:
        return [Paragraph(t("report.inside.no_optimum"), "note")]
    return [_places(t("report.inside.free"), found.places, rank), *stamp(part, found), *_proved(found)]


def plausible(part: Inside, card: Card, rank: dict[str, int]) -> list[Block]:
    """The greatest row on the path that is no farther out than real rows are."""
    found = card.plausible
    if found is not None:
        told = {"share": _ball(found), "value": number(found.value), "oddness": share(found.oddness)}
        caption = t("report.inside.plausible")
        return [_places(caption, found.places, rank), Paragraph(t("report.inside.plausible_note", **told))]
    if card.optimum is None:
        return []
    key = "report.inside.plausible_none" if card.optimum.unreadable else "report.inside.plausible_same"
    return [Paragraph(t(key))]


def output(part: Inside, card: OutputCard, rank: dict[str, int], scale: str) -> list[Block]:
    found, sign = card.optimum, -1 if card.lowest else 1
    name = t("report.inside.score_low" if card.lowest else "report.inside.score", scale=scale)
    name = name if card.output is None else t("report.inside.output", output=tidy(card.output), scale=scale)
    tenth = None if found.tenth is None else sign * found.tenth
    key = "report.inside.tenth_low" if card.lowest else "report.inside.tenth"
    pairs = [(t(key), number(tenth)), *peak(found, sign)]
    head = [Cell(t("report.inside.at")), Cell(t("report.inside.value"))]
    return [
        Table(name, head, [cells(pair) for pair in pairs], style="plain"),
        *stamp(part, found),
        _places(t("report.inside.optimum"), found.places, rank),
        *_proved(found),
    ]


def peak(found: Optimum, sign: int = 1) -> list[tuple[str, str]]:
    mean = f"{number(sign * found.mean)} ({number(found.sd)})"
    return [(t("report.inside.mean"), mean), (t("report.inside.best"), number(sign * found.value))]


def stamp(part: Inside, found: Optimum) -> list[Block]:
    """Whether the optimum is a row like others, and by which measures it is not."""
    shares = {name: share(getattr(found, name)) for name in MEASURES}
    column = None if found.residual_of is None else tidy(found.residual_of)
    odd = t("report.inside.odd" if column else "report.inside.odd_none", **shares, column=column)
    if found.out:
        odd += " " + t("report.inside.out", count=found.out)
    if not found.unreadable:
        return [Paragraph(t("report.inside.readable", oddness=share(found.oddness), odd=odd))]
    told = {name: share(abs(getattr(found, name.removesuffix(NEAR)) - name.endswith(NEAR))) for name in found.beyond}
    why = [t(f"report.inside.why.{name}", share=beyond, column=column) for name, beyond in told.items()]
    values = {"why": "; ".join(why), "oddness": share(found.oddness)}
    return [Paragraph(t("report.inside.unreadable", **values), "warning"), Paragraph(odd, "note")]


def _places(caption: str, places: Sequence[Place], rank: dict[str, int]) -> Table:
    ordered = sorted(places, key=lambda place: rank.get(place.column, len(rank)))
    rows = [[name_cell(place.column), Cell(at(place), style="w")] for place in ordered[:PLACES]]
    if len(ordered) > PLACES:
        caption = t("report.inside.more", caption=caption, count=len(ordered) - PLACES)
    return Table(
        caption, [Cell(t("report.column")), Cell(t("report.inside.column_at"), style="w")], rows, style="plain"
    )


def at(place: Place) -> str:
    if place.how in ("missing", "rare"):
        return t(f"report.inside.{place.how}")
    value = place.at if isinstance(place.at, str) else t("report.inside.column_value", value=place.at)
    return tidy(value) if place.how == "at" else t(f"report.inside.{place.how}", value=tidy(value))


def _proved(found: Optimum) -> list[Block]:
    cosine = NONE if found.cosine is None else two(found.cosine)
    starts = t("report.inside.starts", share=share(found.within), count=found.optima, cosine=cosine)
    if found.proof is None or found.reached is None:
        proved = t("report.inside.proved.none")
    elif found.proof == "closed form":
        proved = t("report.inside.proved.closed form")
    else:
        proof = t(f"report.inside.proof.{found.proof}")
        proved = t("report.inside.proved.short", share=share(found.reached), proof=proof)
    return [Paragraph(f"{proved} {starts}", "note")]


# ---- the path to it


def path(part: Inside, card: Card) -> list[Block]:
    """Activation against atypicality: what it wants among plausible rows, and what when plausibility is given up."""
    found = card.optimum
    if found is None or not card.path:
        return []
    told = [(_ball(p), p.value, p.tenth, p.oddness, p.unreadable) for p in card.path]
    told.append((t("report.inside.path.free"), found.value, found.tenth, found.oddness, found.unreadable))
    name = t("report.neuron.name", layer=tidy(layer_name(card.layer)), index=str(card.index))
    steps = [
        Step(ball, value, not far, real, t("report.mark", name=name, model=ball, value=number(value)))
        for ball, value, real, _, far in told
    ]
    head = [Cell(t("report.inside.path.ball"))]
    head += cells(t(f"report.inside.path.{key}") for key in ("value", "real", "oddness", "readable"))
    rows = [
        [Cell(ball), *cells([number(value), number(real), share(odd), yes(not far)])]
        for ball, value, real, odd, far in told
    ]
    table = Table(t("report.inside.path.table", name=name), head, rows, style="plain")
    legend = [
        Key("●", "net", t("report.inside.path.may")),
        Key("✕", "net", t("report.inside.path.not")),
        Key("╌", "", t("report.inside.path.tenth")),
    ]
    names = (t("report.inside.path.ball"), t("report.inside.activity"))
    aria = t("report.inside.path.aria", name=name, count=sum(not far for *_, far in told), all=len(told))
    svg = pathway(steps, names, aria, f"figure-path-{part.cards.index(card)}")
    return [Figure(svg, aria, legend, t("report.inside.path.caption"), table)]


def _ball(point: Plausible | PathPoint) -> str:
    return t("report.inside.path.share", percent=round(100 * point.share))
