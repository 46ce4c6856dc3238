"""Figures of discrimination: ROC and precision-recall curves with bands, and score distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes

from tabinterp.analyses import plots
from tabinterp.analyses.plots import INK, LOOKS, Look
from tabinterp.report.figures import EDGE, GAP, HEIGHT, TEXT, canvas, name_axes, numbers, series, styles
from tabinterp.report.svg import Label, later, markup

from .record import RatePoint, ScoreBin

LEFT = 56
BAND = 0.2  # opacity of the bands
MODELS: dict[str, Look] = {model: LOOKS[model] for model in ("linear", "network")}  # the network is drawn last

KINDS = ("positive", "negative")

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
    """Draw curves of both models with confidence bands.

    `names` are the labels of the two axes. For each model, `titles` contains the text that appears when the pointer is on the
    curve, and `marks` contains the point of the curve at the threshold.
    """
    with styles():
        figure, axes = canvas(HEIGHT - EDGE - 2 * GAP - TEXT, left=LEFT, top=2 * GAP + TEXT, bottom=EDGE)
        if diagonal:
            axes.plot([0, 1], [0, 1], color=INK, lw=1.2, zorder=1)
        xs = [point.x for point in points]
        for model, look in MODELS.items():
            curve = series(model, [getattr(point, model) for point in points])
            axes.fill_between(xs, curve.low, curve.high, color=look.colour, alpha=BAND, lw=0, zorder=2)
            axes.plot(xs, curve.value, color=look.colour, ls=look.dash, lw=2.0, zorder=3, gid=f"curve-{model}")
        for model, place in (marks or {}).items():
            plots.mark(axes, *place, LOOKS[model], size=9, clip_on=True, zorder=4)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        _finish(axes)
        labels = name_axes(axes, names)
        return markup(figure, figure_id, aria, labels, {f"curve-{model}": title for model, title in titles.items()})


@later
def distributions(
    bins: Sequence[ScoreBin], names: tuple[str, str], titles: Mapping[str, str], aria: str, figure_id: str
) -> Markup:
    """Draw histograms of the predicted probability for rows of the class (filled) and for all other rows (outline).

    The network is drawn above the linear model. A cross on the axis marks a bin with a withheld share.
    """
    shares = {
        (model, kind): numbers([getattr(one, f"{model}_{kind}") for one in bins]) for model in MODELS for kind in KINDS
    }
    known = [share for part in shares.values() for share in part if np.isfinite(share)]  # all other shares are withheld
    top = max(known, default=0.0) or 1.0
    edges = [*(one.low for one in bins), bins[-1].high]
    centres = numbers([(one.low + one.high) / 2 for one in bins])
    height = (HEIGHT - EDGE - 3 * GAP - TEXT) / 2
    with styles():
        figure, lower = canvas(height, left=LEFT, top=height + 3 * GAP + TEXT, bottom=EDGE)
        box = lower.get_position()
        upper = figure.add_axes((box.x0, (EDGE + height + GAP) / HEIGHT, box.width, box.height))
        for axes, (model, look) in zip((lower, upper), MODELS.items(), strict=True):
            axes.stairs(shares[model, "positive"], edges, color=look.colour, alpha=0.45, fill=True, lw=0)
            axes.stairs(shares[model, "negative"], edges, color=look.colour, lw=1.8, gid=f"others-{model}")
            plots.cross(axes, centres, shares[model, "positive"] + shares[model, "negative"])
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 1.05 * top)
            _finish(axes)
        upper.set_xticklabels([])
        lower.set_xlabel("@axis@", loc="right")
        upper.set_title("@height@", loc="left", fontsize=TEXT)
        labels = {"@axis@": Label(names[0]), "@height@": Label(names[1])}
        return markup(figure, figure_id, aria, labels, {f"others-{model}": title for model, title in titles.items()})


def withheld(bins: Sequence[ScoreBin]) -> bool:
    """Return whether the share of any bin is withheld."""
    return any(getattr(one, f"{model}_{kind}") is None for one in bins for model in MODELS for kind in KINDS)


def _finish(axes: Axes) -> None:
    for each in (axes.xaxis, axes.yaxis):
        plots.number_axis(each, 5)
    plots.bare(axes, "top", "right", grid="both")
