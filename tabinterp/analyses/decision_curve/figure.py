"""Net benefit of both models over thresholds, with bands, beside calling every row positive and none."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tabinterp.analyses.performance.types import BenefitPoint
from tabinterp.analyses.plots import AMBER, DASH, INK, NAVY
from tabinterp.document.document import Interval
from tabinterp.report.figures import EDGE, GAP, HEIGHT, TEXT, WIDTH, styles, tick
from tabinterp.report.svg import Label, later, markup

LEFT = 64
BAND = 0.2  # opacity
DOTS = (0.0, (1.0, 1.4))
Title = Callable[[BenefitPoint, str], str]


@later
def benefit(points: Sequence[BenefitPoint], names: tuple[str, str], aria: str, figure_id: str, title: Title) -> Markup:
    """`names` of the two axes; `title` puts a model at a point in words."""
    with styles():
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72)
        figure.patch.set_visible(False)
        box = (LEFT / WIDTH, EDGE / HEIGHT, 1 - (LEFT + GAP) / WIDTH, 1 - (EDGE + 2 * GAP + TEXT) / HEIGHT)
        axes = figure.add_axes(box)
        xs = [p.threshold for p in points]
        axes.axhline(0, color=INK, lw=1.2, zorder=1)
        axes.plot(xs, _of([p.treat_all for p in points]), color=INK, ls=DOTS, lw=1.6, zorder=2)
        titles: dict[str, str] = {}
        for model, colour, dash in (("linear", AMBER, DASH), ("network", NAVY, "-")):
            parts = [getattr(p, model) for p in points]
            low, high = ([math.nan if end is None else end for end in ends] for ends in _ends(parts))
            axes.fill_between(xs, low, high, color=colour, alpha=BAND, lw=0, zorder=1)
            axes.plot(xs, _of(parts), color=colour, ls=dash, lw=2.0, zorder=3)
            titles |= _marks(axes, points, model, colour, title)
        _finish(axes, points)
        labels = {"@axis@": Label(names[0]), "@height@": Label(names[1])}
        return markup(figure, figure_id, aria, labels, titles)


def _of(parts: Sequence[Interval]) -> list[float]:
    return [math.nan if p.value is None else p.value for p in parts]


def _ends(parts: Sequence[Interval]) -> tuple[list[float | None], list[float | None]]:
    return [p.low for p in parts], [p.high for p in parts]


def _marks(axes: Axes, points: Sequence[BenefitPoint], model: str, colour: str, title: Title) -> dict[str, str]:
    """A mark at each point, so that a pointer has something to rest on."""
    titles = {}
    for index, point in enumerate(points):
        value = getattr(point, model).value
        if value is None:
            continue
        gid = f"mark-{index}-{model}"
        filled = colour if model == "network" else "#ffffff"
        marker = "o" if model == "network" else "D"
        at = ([point.threshold], [value])
        axes.plot(*at, ls="", marker=marker, ms=4.5, mec=colour, mfc=filled, mew=1.2, gid=gid, zorder=4)
        titles[gid] = title(point, model)
    return titles


def _finish(axes: Axes, points: Sequence[BenefitPoint]) -> None:
    """As far up as anything goes, and a fifth of that below zero: far down, calling all positive says no more."""
    values = [v for p in points for part in (p.network, p.linear, p.treat_all) for v in (part.value, part.high) if v]
    top = max([*values, 1e-3])
    lows = [p.low for point in points for p in (point.network, point.linear) if p.low is not None]
    axes.set_ylim(max(min([0.0, *lows]), -0.25 * top) - 0.04 * top, 1.04 * top)
    axes.set_xlim(0, 1)
    for each in (axes.xaxis, axes.yaxis):
        each.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        each.set_major_formatter(FuncFormatter(tick))
    axes.patch.set_visible(False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(lw=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel("@axis@", loc="right")
    axes.set_title("@height@", loc="left", fontsize=TEXT)
