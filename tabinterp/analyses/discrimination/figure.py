"""Figures of discrimination: ROC and precision-recall curves with bands, and score distributions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tabinterp.analyses.plots import AMBER, DASH, INK, NAVY
from tabinterp.document.document import Interval
from tabinterp.report.figures import EDGE, GAP, HEIGHT, PAPER, TEXT, WIDTH, styles, tick
from tabinterp.report.svg import Label, later, markup

from .record import RatePoint, ScoreBin

LEFT = 56
BAND = 0.2  # opacity
COLOURS = {"network": NAVY, "linear": AMBER}

Place = tuple[float, float]


@later
def rates(
    points: Sequence[RatePoint],
    names: tuple[str, str],
    aria: str,
    figure_id: str,
    *,
    titles: Mapping[str, str],
    diagonal: bool,
    marks: Mapping[str, Place] | None = None,
) -> Markup:
    """Draw curves of both models with their bands.

    `names` of the two axes; `titles`: model -> what a pointer on its curve shows; `marks`: model -> its point at the threshold.
    """
    with styles():
        figure, axes = _canvas(HEIGHT)
        if diagonal:
            axes.plot([0, 1], [0, 1], color=INK, lw=1.2, zorder=1)
        xs = [point.x for point in points]
        for model, dash in (("linear", DASH), ("network", "-")):
            parts: list[Interval] = [getattr(point, model) for point in points]
            low, high = ([_finite(getattr(part, end)) for part in parts] for end in ("low", "high"))
            axes.fill_between(xs, low, high, color=COLOURS[model], alpha=BAND, lw=0, zorder=2)
            heights = [_finite(part.value) for part in parts]
            axes.plot(xs, heights, color=COLOURS[model], ls=dash, lw=2.0, zorder=3, gid=f"curve-{model}")
        for model, (x, y) in (marks or {}).items():
            network = model == "network"
            colour = COLOURS[model]
            axes.plot(
                [x], [y], ls="", marker="o" if network else "D", ms=9, mec=colour, mew=1.8, zorder=4,
                mfc=colour if network else PAPER,
            )  # fmt: skip
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        _finish(axes)
        labels = {"@axis@": Label(names[0]), "@height@": Label(names[1])}
        return markup(figure, figure_id, aria, labels, {f"curve-{model}": title for model, title in titles.items()})


@later
def distributions(
    bins: Sequence[ScoreBin], names: tuple[str, str], titles: Mapping[str, str], aria: str, figure_id: str
) -> Markup:
    """Draw shares of the class (filled) and of the others (outline) by predicted probability: network above, linear below."""
    height = HEIGHT
    with styles():
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        figure.patch.set_visible(False)
        room = (height - EDGE - 3 * GAP - TEXT) / 2
        edges = [*(one.low for one in bins), bins[-1].high]
        top = max(
            (
                getattr(one, f"{model}_{kind}") or 0.0
                for one in bins
                for model in COLOURS
                for kind in ("positive", "negative")
            ),
            default=1.0,
        )
        for place, model in enumerate(("linear", "network")):
            bottom = EDGE + place * (room + GAP)
            axes = figure.add_axes((LEFT / WIDTH, bottom / height, 1 - (LEFT + GAP) / WIDTH, room / height))
            positive, negative = (
                [_finite(getattr(one, f"{model}_{kind}")) for one in bins] for kind in ("positive", "negative")
            )
            axes.stairs(positive, edges, color=COLOURS[model], alpha=0.45, fill=True, lw=0)
            axes.stairs(negative, edges, color=COLOURS[model], lw=1.8, gid=f"others-{model}")
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 1.05 * (top or 1.0))
            _finish(axes)
            if place:
                axes.set_xticklabels([])
                axes.set_xlabel("")
            else:
                axes.set_title("", loc="left")
        labels = {"@axis@": Label(names[0]), "@height@": Label(names[1])}
        return markup(figure, figure_id, aria, labels, {f"others-{model}": title for model, title in titles.items()})


def _canvas(height: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
    figure.patch.set_visible(False)
    return figure, figure.add_axes(
        (LEFT / WIDTH, EDGE / height, 1 - (LEFT + GAP) / WIDTH, 1 - (EDGE + 2 * GAP + TEXT) / height)
    )


def _finish(axes: Axes) -> None:
    axes.patch.set_visible(False)
    for each in (axes.xaxis, axes.yaxis):
        each.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        each.set_major_formatter(FuncFormatter(tick))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(lw=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel("@axis@", loc="right")
    axes.set_title("@height@", loc="left", fontsize=TEXT)


def _finite(value: float | None) -> float:
    return math.nan if value is None else value
