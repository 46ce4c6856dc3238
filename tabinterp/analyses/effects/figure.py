"""Figures of one column of numbers: the network's line with its band, the linear model's, and where the rows are.

The network is a navy solid line with filled circles, its accumulated local effect a navy dotted line without marks; the
linear model an amber dashed line with hollow diamonds. What few rows support is drawn faint.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tabinterp.analyses.plots import AMBER, DASH, INK, NAVY
from tabinterp.document.document import Interval
from tabinterp.report.figures import GAP, PAPER, styles, text_width, tick
from tabinterp.report.svg import Label, later, markup

from .record import EffectCurve, EffectPoint

WIDTH = 340  # CSS pixels: three curves stand side by side
PLOT = 170  # CSS pixels of the curves,
BARS = 30  # of the bars of rows below them,
TOP = 26  # of the axis' name above them,
BOTTOM = 26  # and of the ticks
MISSING = 0.16  # of the span: how far right of the numbers missing values stand
DOTS = (0.0, (1.0, 1.4))
FAINT, BAND, ICE = 0.4, 0.25, 0.1  # opacities

Place = tuple[float, EffectPoint]  # where a point stands on the axis
Read = Callable[[EffectCurve], float | None]
Mark = tuple[EffectPoint, str]  # a point, and the model
Title = Callable[[EffectPoint, str], str]


@later
def curves(points: Sequence[EffectPoint], axis: str, missing: str, aria: str, figure_id: str, title: Title) -> Markup:
    """Curves of both models over the printed points of a column of numbers; `title` puts a point of a model in words."""
    places = _places(points)
    height = TOP + PLOT + BARS + BOTTOM
    with styles():
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        figure.patch.set_visible(False)
        low, high = _limits(points)
        ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        gutter = 14 + max(text_width(tick(value, None)) for value in ticks)
        below_axis = [tick(x, None) for x in _rounds(places)] + [missing for _, p in places if p.missing]
        right = max(GAP, 2 + 0.5 * max(map(text_width, below_axis), default=0.0))
        sides = (gutter / WIDTH, 1 - (gutter + right) / WIDTH)
        axes = figure.add_axes((sides[0], (BOTTOM + BARS) / height, sides[1], PLOT / height))
        below = figure.add_axes((sides[0], BOTTOM / height, sides[1], BARS / height), sharex=axes)
        shown = _draw(axes, places)
        _bars(below, places)
        _finish(axes, below, (low, high), places)
        figure.text(0.0, 1 - 15 / height, "@axis@", color=INK)
        labels = {"@axis@": Label(axis), "@missing@": Label(missing)}
        return markup(figure, figure_id, aria, labels, {gid: title(*mark) for gid, mark in shown.items()})


def drawable(points: Sequence[EffectPoint]) -> bool:
    """Whether there is any number to draw."""
    return any(point.network.effect.value is not None for point in points)


def _places(points: Sequence[EffectPoint]) -> list[Place]:
    """The printed points; missing values stand apart, right of the others."""
    known = [float(p.value) for p in points if isinstance(p.value, (int, float))]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    apart = high + MISSING * ((high - low) or 1.0)
    return [
        (apart if p.missing else float(p.value or 0.0), p)
        for p in points
        if p.missing or isinstance(p.value, (int, float))
    ]


def _limits(points: Sequence[EffectPoint]) -> tuple[float, float]:
    """Zero, both curves, the band and the single rows, and intervals as far as they leave the curves legible."""
    values = [0.0]
    ends: list[float] = []
    for curve in (c for p in points for c in (p.network, p.linear)):
        values += [v for v in (curve.effect.value, curve.ale.value) if v is not None]
        ends += [v for v in (curve.effect.low, curve.effect.high) if v is not None]
    for point in points:
        ends += [v for v in (point.network.ice_low, point.network.ice_high) if v is not None]
    low, high = min(values), max(values)
    room = max(high - low, 1e-12)
    low, high = max(min([low, *ends]), low - room), min(max([high, *ends]), high + room)
    edge = 0.05 * max(high - low, 1e-12)
    return low - edge, high + edge


def _draw(axes: Axes, places: Sequence[Place]) -> dict[str, Mark]:
    """Bands below lines below marks; the marks by their ids."""
    line = [(x, p) for x, p in places if not p.missing and p.is_printed]
    xs = [x for x, _ in line]

    def of(read: Read, model: str = "network") -> list[float]:
        values = [read(getattr(p, model)) for _, p in line]
        return [math.nan if v is None else v for v in values]

    for low, high, opacity in (
        (of(lambda c: c.ice_low), of(lambda c: c.ice_high), ICE),
        (of(lambda c: c.effect.low), of(lambda c: c.effect.high), BAND),
    ):
        axes.fill_between(xs, low, high, color=NAVY, alpha=opacity, lw=0, zorder=1)
    faint = [p.sparse for _, p in line]
    _line(axes, xs, of(lambda c: c.ale.value), faint, NAVY, DOTS, 2.0)
    _line(axes, xs, of(lambda c: c.effect.value, "linear"), faint, AMBER, DASH, 1.8)
    _line(axes, xs, of(lambda c: c.effect.value), faint, NAVY, "-", 2.0)
    return _marks(axes, places)


def _line(
    axes: Axes, xs: Sequence[float], ys: Sequence[float], faint: Sequence[bool], colour: str, dash: object, width: float
) -> None:
    """Faint from and to every sparse point; one path for what is faint and one for the rest."""
    for light in (False, True):
        x: list[float] = []
        y: list[float] = []
        for i in range(len(xs) - 1):
            if (faint[i] or faint[i + 1]) is light:
                joined = bool(x) and x[-1] == xs[i]
                x += [xs[i + 1]] if joined else [math.nan, xs[i], xs[i + 1]]
                y += [ys[i + 1]] if joined else [math.nan, ys[i], ys[i + 1]]
        if x:
            alpha = FAINT if light else 1.0
            axes.plot(x, y, color=colour, ls=dash, lw=width, alpha=alpha, solid_capstyle="butt", zorder=2)


def _marks(axes: Axes, places: Sequence[Place]) -> dict[str, Mark]:
    marks = {}
    for index, (x, point) in enumerate(places):
        for model, part in (("linear", point.linear.effect), ("network", point.network.effect)):
            if part.value is None:
                continue
            if point.missing:
                _whisker(axes, x, part, model)
            alpha = FAINT if point.sparse else 1.0
            network = model == "network"
            gid = f"mark-{index}-{model}"
            axes.plot(
                [x],
                [part.value],
                ls="",
                marker="o" if network else "D",
                ms=5.5 if network else 5.0,
                mec=NAVY if network else AMBER,
                mfc=NAVY if network else PAPER,
                mew=1.4,
                alpha=alpha,
                clip_on=False,
                gid=gid,
                zorder=3,
            )
            marks[gid] = (point, model)
    return marks


def _whisker(axes: Axes, x: float, part: Interval, model: str) -> None:
    if part.low is not None and part.high is not None:
        style = "-" if model == "network" else DASH
        axes.plot([x, x], [part.low, part.high], color=NAVY if model == "network" else AMBER, lw=1.8, ls=style)


def _bars(axes: Axes, places: Sequence[Place]) -> None:
    counted = [(x, p.rows) for x, p in places if p.rows is not None]
    x = [v for at, _ in counted for v in (at, at, math.nan)]
    y = [v for _, rows in counted for v in (0.0, float(rows), math.nan)]
    axes.plot(x, y, color=INK, lw=4, alpha=0.55, solid_capstyle="butt")
    axes.set_ylim(0, 1.25 * max([1, *(rows for _, rows in counted)]))
    axes.set_yticks([])


def _finish(axes: Axes, below: Axes, limits: tuple[float, float], places: Sequence[Place]) -> None:
    xs = [x for x, _ in places]
    low, high = min(xs), max(xs)
    edge = 0.03 * ((high - low) or 1.0)
    axes.set_xlim(low - edge, high + edge)
    axes.set_ylim(limits)
    for one in (axes, below):
        one.patch.set_visible(False)
        for side in ("top", "right", "left"):
            one.spines[side].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(tick))
    axes.tick_params(axis="y", length=0, pad=6)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.grid(axis="y", lw=0.8)
    axes.set_axisbelow(True)
    axes.axhline(0, color=INK, lw=1.0, zorder=1)
    rounds, missing = _rounds(places), [x for x, p in places if p.missing]
    below.set_xticks([*rounds, *missing], [*(tick(x, None) for x in rounds), *("@missing@" for _ in missing)])


def _rounds(places: Sequence[Place]) -> list[float]:
    """Round numbers within the points, clear of the name below the missing values."""
    known = [x for x, p in places if not p.missing]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    edge = 0.02 * (high - low)
    found = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high) if high > low else known
    room = 0.5 * MISSING * (high - low) if len(known) < len(places) else 0.0
    return [float(x) for x in found if low - edge <= x <= high + edge - room]
