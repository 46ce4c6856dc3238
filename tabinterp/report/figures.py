"""Figures: pairs of a point and its interval, the network beside the linear model, one row for each name.

Figures are made without pyplot, under styles that are put back, so that nothing of the caller's Matplotlib changes.
The network is a navy filled circle on a solid line; the linear model an amber hollow diamond on a dashed line. Where
filling says whether an interval excludes zero, shape, colour and line still tell the models apart.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

import matplotlib as mpl
import seaborn as sns
from markupsafe import Markup
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tabinterp.analyses.plots import AMBER, DASH, INK, NAVY, RULE
from tabinterp.document.document import Interval
from tabinterp.report import words
from tabinterp.report.svg import Label, later, markup
from tabinterp.report.words import excludes_zero

WIDTH = 520  # CSS pixels: on a phone the page shows it at three quarters of that, and its text can still be read
HEIGHT = 340  # of a curve
ROW = 26
EDGE = 44  # below the rows: tick labels and the name of the axis
GAP = 14
TEXT = 13
PAPER = "#ffffff"
GREY = "#6b7280"  # of a model that is neither the network nor its linear counterpart
OFFSET = 0.17  # of a row, between its two models
RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tabinterp",
    "font.size": TEXT,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "grid.color": RULE,
    "axes.formatter.use_mathtext": False,
    "axes.formatter.useoffset": False,
    "path.simplify": False,
}

_DRAWING = Lock()  # Matplotlib's settings are those of the process

Filling = Literal["model", "excludes_zero"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of the picture. A row without numbers keeps its name and shows no mark."""

    label: str
    whole: str
    network: Interval
    linear: Interval
    network_title: str = ""
    linear_title: str = ""
    other: Interval = field(default_factory=Interval)  # of a model that is neither: a hollow grey square

    @property
    def part(self) -> Interval:
        """The number of a row that has one."""
        return next((part for part in self.parts if part.value is not None), self.network)

    @property
    def parts(self) -> tuple[Interval, Interval, Interval]:
        return self.network, self.linear, self.other


@contextmanager
def styles() -> Iterator[None]:
    """The same look whatever the caller's settings are, and the caller's settings afterwards; one thread at a time draws."""
    with _DRAWING, ExitStack() as stack:
        stack.enter_context(style.context("default"))
        stack.enter_context(sns.axes_style("white"))
        stack.enter_context(mpl.rc_context(RC))
        yield


@later
def pairs(
    rows: Sequence[Pair],
    axis: str,
    aria: str,
    figure_id: str,
    filling: Filling,
    *,
    dodge: bool = True,
    zero: bool = True,
    width: int = WIDTH,
) -> Markup:
    """A dot-and-interval pair for each row, dodged unless each row has one mark only; zero in view unless it says nothing."""
    labels = {f"@{index}@": Label(row.label, row.whole) for index, row in enumerate(rows)}
    labels["@axis@"] = Label(axis)
    titles: dict[str, str] = {}
    with styles():
        figure, axes = _canvas(rows, width)
        limits = _limits(rows, zero)
        for index, row in enumerate(rows):
            for model, part, title in (
                ("network", row.network, row.network_title),
                ("linear", row.linear, row.linear_title),
                ("other", row.other, ""),
            ):
                gid = f"mark-{index}-{model}"
                y = index + (OFFSET if model == "linear" else -OFFSET) * dodge
                if _mark(axes, y=y, model=model, part=part, filling=filling, limits=limits, gid=gid):
                    titles[gid] = title
        _finish(axes, rows, limits, zero, width)
        return markup(figure, figure_id, aria, labels, titles)


def _canvas(rows: Sequence[Pair], width: int) -> tuple[Figure, Axes]:
    """Margins are computed, not measured: the reader's font is not the one Matplotlib would measure with."""
    height = ROW * max(1, len(rows)) + EDGE + GAP
    gutter = 16 + max((text_width(row.label) for row in rows), default=0)
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    figure.patch.set_visible(False)
    box = (gutter / width, EDGE / height, 1 - (gutter + GAP) / width, 1 - (EDGE + GAP) / height)
    axes = figure.add_axes(box)
    axes.patch.set_visible(False)
    return figure, axes


def text_width(label: str) -> float:
    """CSS pixels of a label in a wide system font, so that no label leaves the picture in another."""
    return sum(map(_char_width, label))


def _char_width(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return TEXT * 1.05
    if char in "ijlt.,:;|!'()[]f ":
        return TEXT * 0.42
    return TEXT * (0.95 if char in "mwMW@%&…" else 0.72 if char.isupper() else 0.62)


def _limits(rows: Sequence[Pair], zero: bool) -> tuple[float, float]:
    """The span of the axis: zero (where it is wanted) and all points, and intervals as far as they leave the points legible.

    One separated level can have an interval hundreds of times wider than everything else; it then ends in an arrow.
    """
    parts = [part for row in rows for part in row.parts if part.value is not None]
    points = [*([0.0] if zero else []), *(part.value for part in parts if part.value is not None)]
    low, high = min(points), max(points)
    room = max(high - low, 1e-12)
    ends = [end for part in parts for end in (part.low, part.high) if end is not None]
    low, high = max(min([low, *ends]), low - room), min(max([high, *ends]), high + room)
    edge = 0.04 * max(high - low, 1e-12)
    return low - edge, high + edge


def _mark(
    axes: Axes,
    *,
    y: float,
    model: str,
    part: Interval,
    filling: Filling,
    limits: tuple[float, float],
    gid: str,
) -> bool:
    if part.value is None:
        return False
    network = model == "network"
    colour = {"network": NAVY, "linear": AMBER, "other": GREY}[model]
    if part.low is not None and part.high is not None:
        low, high = max(part.low, limits[0]), min(part.high, limits[1])
        axes.plot(
            [low, high], [y, y], color=colour, lw=1.8, ls=DASH if model == "linear" else "-", solid_capstyle="butt"
        )
        for beyond, x, arrow in ((part.low < limits[0], low, "<"), (part.high > limits[1], high, ">")):
            if beyond:
                axes.plot([x], [y], color=colour, marker=arrow, ms=6, ls="", clip_on=False)
    filled = _filled(network, part, filling)
    shape = "x" if filled is None else {"network": "o", "linear": "D", "other": "s"}[model]
    axes.plot(
        [part.value],
        [y],
        ls="",
        marker=shape,
        ms=7.5 if network else 6.5,
        mec=colour,
        mew=1.8,
        mfc=colour if filled else PAPER,
        clip_on=False,
        gid=gid,
        zorder=3,
    )
    return True


def _filled(network: bool, part: Interval, filling: Filling) -> bool | None:
    """None: a cross, because filled and hollow would both claim something of an interval that is not there."""
    if filling == "excludes_zero":
        return excludes_zero(part)
    return network


def _finish(axes: Axes, rows: Sequence[Pair], limits: tuple[float, float], zero: bool, width: int) -> None:
    axes.set_xlim(limits)
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    ticks = max(2, round(6 * width / WIDTH))
    axes.xaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(tick))
    axes.set_yticks(range(len(rows)), [f"@{index}@" for index in range(len(rows))])
    axes.tick_params(axis="y", length=0, pad=8)
    axes.grid(axis="x", lw=0.8)
    axes.set_axisbelow(True)
    if zero:
        axes.axvline(0, color=INK, lw=1.2, zorder=1)
    axes.set_xlabel("@axis@", loc="right")
    sns.despine(ax=axes, left=True)


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve, with the interval of its height, and the words that a pointer shows."""

    x: float
    y: Interval
    title: str


@later
def reliability(
    network: Sequence[Point], linear: Sequence[Point], names: tuple[str, str], aria: str, figure_id: str
) -> Markup:
    """Both models' curves over the diagonal on which predictions come true; `names` of the two axes."""
    points = [*network, *linear]
    ends = [end for p in points for end in (p.x, p.y.value, p.y.low, p.y.high) if end is not None]
    edge = 0.04 * max(max(ends) - min(ends), 1e-12)
    limits, titles = (min(ends) - edge, max(ends) + edge), {}
    with styles():
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72)
        figure.patch.set_visible(False)
        axes = figure.add_axes(
            (64 / WIDTH, EDGE / HEIGHT, 1 - (64 + GAP) / WIDTH, 1 - (EDGE + 2 * GAP + TEXT) / HEIGHT)
        )
        axes.patch.set_visible(False)
        axes.plot(limits, limits, color=INK, lw=1.2, zorder=1)
        for model, curve in (("network", network), ("linear", linear)):
            for index, point in enumerate(curve):
                _point(axes, point, model == "network", gid := f"point-{index}-{model}")
                titles[gid] = point.title
        axes.set_xlim(limits)
        axes.set_ylim(limits)
        for each in (axes.xaxis, axes.yaxis):
            each.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
            each.set_major_formatter(FuncFormatter(tick))
        axes.grid(lw=0.8)
        axes.set_axisbelow(True)
        axes.set_xlabel("@axis@", loc="right")
        axes.set_title("@height@", loc="left", fontsize=TEXT)
        sns.despine(ax=axes)
        labels = {"@axis@": Label(names[0]), "@height@": Label(names[1])}
        return markup(figure, figure_id, aria, labels, titles)


def _point(axes: Axes, point: Point, network: bool, gid: str) -> None:
    colour = NAVY if network else AMBER
    if point.y.low is not None and point.y.high is not None:
        ends = [point.y.low, point.y.high]
        axes.plot([point.x, point.x], ends, color=colour, lw=1.8, ls="-" if network else DASH, solid_capstyle="butt")
    axes.plot(
        [point.x],
        [math.nan if point.y.value is None else point.y.value],
        ls="",
        marker="o" if network else "D",
        ms=7.5 if network else 6.5,
        mec=colour,
        mew=1.8,
        mfc=colour if network else PAPER,
        clip_on=False,
        gid=gid,
        zorder=3,
    )


def tick(value: float, _: int | None) -> str:
    """A tick that stands alone, without an exponent elsewhere on the axis."""
    return words.tick(value)


def drawable(rows: Sequence[Pair]) -> bool:
    """Whether there is any number to draw."""
    return any(part.value is not None for row in rows for part in row.parts)


def finite(value: float | None) -> float:
    """A number to order by; none orders last."""
    return -math.inf if value is None else value
