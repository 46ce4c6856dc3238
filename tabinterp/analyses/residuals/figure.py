"""Figures of residuals: means and quantile bands of binned rows, and the distribution of the errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from markupsafe import Markup

from tabinterp.analyses import plots
from tabinterp.arrays import FloatArray
from tabinterp.report.figures import (
    EDGE,
    GAP,
    HEIGHT,
    MODELS,
    TEXT,
    canvas,
    name_axes,
    named,
    numbers,
    series,
    styles,
    text_width,
)
from tabinterp.report.svg import later, markup

from .record import ErrorBin, ResidualBin

LEFT = 56
TICKS = 14  # space for the ticks next to the labels of an axis

Both = tuple[Sequence[ResidualBin], Sequence[ResidualBin]]


def quantiles(bins: Sequence[ResidualBin]) -> FloatArray:
    """Return the 10%, 25%, 75% and 90% quantiles of each bin (bins, 4); NaN for a quantile that is withheld."""
    return np.array([numbers([one.q10, one.q25, one.q75, one.q90]) for one in bins])


@later
def binned(
    both: Both,
    names: tuple[str, str],
    aria: str,
    figure_id: str,
    title: Callable[[int, str], str],
    *,
    diagonal: bool,
) -> Markup:
    """Draw the means and quantile bands of both models' bins.

    Parameters
    ----------
    names : labels of the two axes.
    title : function that takes the index of a bin and the name of a model, and returns a description of the bin.
    """
    curves = [series(model, [one.mean for one in bins]) for model, bins in zip(MODELS, both, strict=True)]
    at = [numbers([one.at for one in bins]) for bins in both]
    _, bands = plots.middle([quantiles(bins) for bins in both])
    limits = plots.binned_span(at, curves, bands, diagonal=diagonal)
    gutter = max(LEFT, TICKS + max(text_width(plots.tick(value)) for value in plots.round_values(*limits, 6)))
    with styles():
        figure, axes = canvas(HEIGHT - EDGE - 2 * GAP - TEXT, left=gutter, top=2 * GAP + TEXT, bottom=EDGE)
        marks = plots.binned(axes, at, curves, bands, diagonal=diagonal)
        titles = named(marks, lambda place, model: title(place, MODELS[model]))
        return markup(figure, figure_id, aria, name_axes(axes, names), titles)


@later
def distribution(
    bins: Sequence[ErrorBin], names: tuple[str, str], titles: Mapping[str, str], aria: str, figure_id: str
) -> Markup:
    """Draw the distribution of the residuals, filled for the network and as an outline for the linear model.

    Parameters
    ----------
    titles : tooltip for the distribution of each model.
    """
    edges = np.array([one.high for one in bins[:-1]], dtype=np.float64)
    shares = [(model, numbers([getattr(one, model) for one in bins])) for model in MODELS]
    with styles():
        figure, axes = canvas(HEIGHT - EDGE - 2 * GAP - TEXT, left=LEFT, top=2 * GAP + TEXT, bottom=EDGE)
        for model, drawn in plots.error_shares(axes, edges, shares).items():
            drawn.set_gid(f"errors-{model}")
        labels = name_axes(axes, names)
        return markup(figure, figure_id, aria, labels, {f"errors-{model}": one for model, one in titles.items()})
