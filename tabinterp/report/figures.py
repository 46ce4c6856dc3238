"""Figures of the page: the plots of `tabinterp.analyses.plots` as SVG, in the sizes that the page needs.

Figures are created without pyplot, and Matplotlib's settings are restored afterwards. The caller's Matplotlib is therefore not
affected. Names are drawn as placeholder tokens, which `markup` replaces with the names.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import seaborn as sns
from markupsafe import Markup
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tabinterp.analyses import plots
from tabinterp.analyses.plots import INK, RULE, Curve, Marks, Series, tick
from tabinterp.arrays import FloatArray
from tabinterp.document.document import Interval
from tabinterp.report.svg import MARKS, Label, later, markup
from tabinterp.report.words import cut, excludes_zero

WIDTH = 520  # in CSS pixels; a phone shows it at three quarters of this width, at which its text is still readable
NARROW = 340  # width of effect curves, three of which are shown side by side
HEIGHT = 276  # height of a curve
ROW = 26
EDGE = 44  # space below the rows, for tick labels and the name of the axis
GAP = 14
TEXT = 13
LEFT, TOP, BOTTOM = 64, 26, 26  # margins of curves
CURVES, BARS, PATH = 162, 30, 150  # heights of effect curves, of the bars of rows below them, and of a path
MODELS = ("network", "linear")
TICKS = 6  # maximum number of ticks on the axis of a figure with full width
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

_DRAWING = Lock()  # Matplotlib's settings are shared by the whole process
_STYLED = ContextVar("styled", default=False)  # whether a `styles` block surrounds the code

Filling = Literal["model", "excludes_zero"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of a figure, with the numbers of both models. A row without numbers shows only its name."""

    label: str
    whole: str
    network: Interval
    linear: Interval
    network_title: str = ""
    linear_title: str = ""
    other: Interval = field(default_factory=Interval)  # for a model that is neither

    @property
    def part(self) -> Interval:
        """The first non-missing number in the row."""
        return next((part for part in self.parts if part.value is not None), self.network)

    @property
    def parts(self) -> tuple[Interval, Interval, Interval]:
        return self.network, self.linear, self.other


@contextmanager
def styles() -> Iterator[None]:
    """Use fixed Matplotlib settings within the `with` block, and restore the caller's settings afterwards. Only one thread can be
    in the block at a time.

    A nested block changes nothing: a page has one block around all its figures, because it takes time to change the settings.
    """
    if _STYLED.get():
        yield
        return
    with _DRAWING, ExitStack() as stack:
        stack.enter_context(style.context("default"))
        stack.enter_context(sns.axes_style("white"))
        stack.enter_context(mpl.rc_context(RC))
        stack.callback(_STYLED.reset, _STYLED.set(True))
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
    crossed: bool = False,
) -> Markup:
    """Draw a dot with its interval for each model in each row. With `dodge`, the dots of one row are drawn at different heights.
    With `zero`, the axis includes zero. With `crossed`, missing numbers are marked by a cross.
    """
    labels = {f"@{index}@": Label(row.label, row.whole) for index, row in enumerate(rows)}
    models = MODELS if all(row.other.value is None for row in rows) else (*MODELS, "other")
    drawn = [series(model, [getattr(row, model) for row in rows], filling) for model in models]
    gutter = 16 + max((text_width(row.label) for row in rows), default=0)
    with styles():
        figure, axes = canvas(ROW * max(1, len(rows)), left=gutter, top=GAP, bottom=EDGE, width=width)
        ticks = max(2, round(TICKS * width / WIDTH))
        marks = plots.dots(axes, [*labels], drawn, at=0.0 if zero else None, dodge=dodge, ticks=ticks, crossed=crossed)
        axes.set_xlabel("@axis@", loc="right")
        titles = named(marks, lambda row, model: (rows[row].network_title, rows[row].linear_title, "")[model])
        return markup(figure, figure_id, aria, labels | {"@axis@": Label(axis)}, titles)


def series(model: str, parts: Sequence[Interval], filling: Filling = "model") -> Series:
    """Convert the intervals of a model to arrays for drawing. If `filling` is "excludes_zero", a mark is filled if its interval
    excludes zero.
    """
    ends = {end: numbers([getattr(part, end) for part in parts]) for end in ("value", "low", "high")}
    return Series(model, "", **ends, filled=None if filling == "model" else [excludes_zero(part) for part in parts])


def numbers(values: Sequence[float | None]) -> FloatArray:
    """Convert numbers to an array, with NaN for missing numbers."""
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def canvas(
    height: float, *, left: float, top: float, bottom: float, right: float = GAP, width: int = WIDTH
) -> tuple[Figure, Axes]:
    """Create a figure and its axes. The height of the axes, the margins and the width of the figure are given in CSS pixels. The
    caller computes the margins. Matplotlib cannot measure them, because the reader's font is unknown.
    """
    whole = top + height + bottom
    figure = Figure(figsize=(width / 72, whole / 72), dpi=72)
    figure.patch.set_visible(False)
    axes = figure.add_axes((left / width, bottom / whole, 1 - (left + right) / width, 1 - (top + bottom) / whole))
    axes.set_title("", y=1)  # fixed: the search for a position takes a tenth of the drawing time
    return figure, axes


def named(marks: Marks, title: Callable[[int, int], str]) -> dict[str, str]:
    """Assign an id to each Matplotlib line that contains marks. Return a mapping from the id of each mark to its tooltip."""
    lines: dict[Line2D, str] = {}
    titles = {}
    for (row, model), (line, index) in marks.items():
        line.set_gid(gid := lines.setdefault(line, f"{MARKS}{len(lines)}"))
        titles[f"{gid}-{index}"] = title(row, model)
    return titles


def text_width(label: str) -> float:
    """Return the width of a label in CSS pixels. A wide font is assumed, so labels are not truncated in other fonts."""
    return sum(map(_char_width, label))


def _char_width(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return TEXT * 1.05
    if char in "ijlt.,:;|!'()[]f ":
        return TEXT * 0.42
    return TEXT * (0.95 if char in "mwMW@%&…█" else 0.72 if char.isupper() else 0.62)


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve, with its interval and the text shown when the reader hovers over it."""

    x: float
    y: Interval
    title: str


@later
def reliability(
    network: Sequence[Point], linear: Sequence[Point], names: tuple[str, str], aria: str, figure_id: str
) -> Markup:
    """Draw the reliability curves of both models, and the diagonal of perfect calibration. `names` are the names of the axes."""
    both = (network, linear)
    curves = [series(model, [point.y for point in curve]) for model, curve in zip(MODELS, both, strict=True)]
    with styles():
        figure, axes = canvas(HEIGHT - EDGE - 2 * GAP - TEXT, left=LEFT, top=2 * GAP + TEXT, bottom=EDGE)
        marks = plots.reliability(axes, [numbers([point.x for point in curve]) for curve in both], curves)
        titles = named(marks, lambda place, model: both[model][place].title)
        return markup(figure, figure_id, aria, name_axes(axes, names), titles)


@later
def net_benefit(
    thresholds: Sequence[float],
    curves: Sequence[Series],
    treat_all: Series,
    names: tuple[str, str],
    aria: str,
    figure_id: str,
    title: Callable[[int, str], str],
) -> Markup:
    """Draw the net benefit of both models against the threshold. `title` takes the position of a point and its model, and returns
    the description of the point.
    """
    with styles():
        figure, axes = canvas(HEIGHT - EDGE - 2 * GAP - TEXT, left=LEFT, top=2 * GAP + TEXT, bottom=EDGE)
        marks = plots.net_benefit(axes, numbers(thresholds), curves, treat_all)
        titles = named(marks, lambda place, model: title(place, MODELS[model]))
        return markup(figure, figure_id, aria, name_axes(axes, names), titles)


@later
def over_sizes(
    sizes: Sequence[float],
    curves: Sequence[Series],
    names: tuple[str, str],
    aria: str,
    figure_id: str,
    title: Callable[[int, str], str],
    root: bool = True,
) -> Markup:
    """Draw a metric of both models against sizes from 0 to 1, such as the size of a perturbation or the share of rows in a
    subset. With `root`, the horizontal axis has a square-root scale. `title` takes the position of a point and its model, and
    returns the description of the point.
    """
    with styles():
        height = HEIGHT - EDGE - 2 * GAP - TEXT
        right = 2 + 0.5 * text_width("100%")
        figure, axes = canvas(height, left=LEFT, right=right, top=2 * GAP + TEXT, bottom=EDGE, width=NARROW)
        marks = plots.over_sizes(axes, numbers(sizes), curves, root)
        titles = named(marks, lambda place, model: title(place, MODELS[model]))
        return markup(figure, figure_id, aria, name_axes(axes, names), titles)


def name_axes(axes: Axes, names: tuple[str, str]) -> dict[str, Label]:
    axes.set_xlabel("@axis@", loc="right")
    axes.set_title("@height@", loc="left", fontsize=TEXT)
    return {"@axis@": Label(names[0]), "@height@": Label(names[1])}


@later
def effect_curve(
    curve: Curve,
    axis: str,
    missing: str,
    aria: str,
    figure_id: str,
    title: Callable[[int, str], str],
    heights: tuple[float, float] | None = None,
) -> Markup:
    """Draw the effect curves of both models over the values of a numeric column. `title` takes the position of a point and its
    model, and returns the description of the point.

    `heights` contains the lower and upper limits of the vertical axis, for figures that share one scale. If it is None, the axis
    covers the range of this curve.
    """
    heights = heights or curve.span
    gutter = 14 + max(text_width(tick(value)) for value in plots.round_values(*heights, 5))
    below_axis = [*map(tick, curve.round_numbers), *([missing] if np.isnan(curve.at).any() else [])]
    right = max(GAP, 2 + 0.5 * max(map(text_width, below_axis), default=0.0))
    with styles():
        figure, axes = canvas(CURVES, left=gutter, right=right, top=TOP, bottom=BARS + BOTTOM, width=NARROW)
        whole, box = TOP + CURVES + BARS + BOTTOM, axes.get_position()
        below = figure.add_axes((box.x0, BOTTOM / whole, box.width, BARS / whole), sharex=axes)
        marks = plots.effect_curve(axes, below, curve, "@missing@")
        axes.set_ylim(heights)
        figure.text(0.0, 1 - 15 / whole, "@axis@", color=INK)
        titles = named(marks, lambda place, model: title(place, MODELS[model]))
        return markup(figure, figure_id, aria, {"@axis@": Label(axis), "@missing@": Label(missing)}, titles)


@later
def regions(
    points: Sequence[str | float],
    curves: Sequence[Series],
    axis: str,
    aria: str,
    figure_id: str,
    title: Callable[[int, int], str],
) -> Markup:
    """Draw the average effect of a column in several regions. The effect of a numeric column is drawn as curves. For any other
    column, there is one row for each level. `title` takes the positions of a point and of its curve, and returns the description
    of the point.
    """
    labels = {f"@{place}@": Label(cut(one), one) for place, one in enumerate(points) if isinstance(one, str)}
    with styles():
        if labels:
            gutter = 16 + max(text_width(label.text) for label in labels.values())
            figure, axes = canvas(ROW * len(points), left=gutter, top=TOP, bottom=BOTTOM, width=NARROW)
            marks = plots.dots(axes, [*labels], curves, ticks=4)
        else:
            at = np.array(points, dtype=np.float64)
            right = 2 + 0.5 * max(text_width(tick(value)) for value in plots.round_values(at.min(), at.max(), 4))
            figure, axes = canvas(CURVES, left=LEFT, right=right, top=TOP, bottom=BOTTOM, width=NARROW)
            marks = plots.curves(axes, at, curves)
        figure.text(0.0, 1 - 15 / (figure.get_figheight() * 72), "@axis@", color=INK)
        return markup(figure, figure_id, aria, labels | {"@axis@": Label(axis)}, named(marks, title))


@dataclass(frozen=True, slots=True)
class Step:
    """One point of `path`: the row that maximises the output of a hidden unit within a Mahalanobis ball (the optimum). `name` is
    the ball's name on the axis, `value` the output at the optimum, and `real` the tenth largest output among the real rows in the
    ball. `readable` is true if the optimum is plausible.
    """

    name: str
    value: float
    readable: bool
    real: float | None
    title: str


@later
def path(steps: Sequence[Step], names: tuple[str, str], aria: str, figure_id: str) -> Markup:
    """Draw a hidden unit's largest output within Mahalanobis balls of growing size. `names` are the names of the two axes."""
    value, real = (numbers([getattr(one, name) for one in steps]) for name in ("value", "real"))
    gutter = 14 + max(text_width(tick(at)) for at in plots.round_values(*plots.path_span(value, real), 5))
    labels = {f"@{i}@": Label(one.name) for i, one in enumerate(steps)}
    with styles():
        figure, axes = canvas(PATH, left=gutter, right=2 * GAP, top=TOP, bottom=EDGE)
        marks = plots.path(axes, [*labels], value, real, [one.readable for one in steps])
        axes.set_xlabel("@axis@", loc="right")
        figure.text(0.0, 1 - 15 / (TOP + PATH + EDGE), "@height@", color=INK)
        labels |= {"@axis@": Label(names[0]), "@height@": Label(names[1])}
        return markup(figure, figure_id, aria, labels, named(marks, lambda place, _: steps[place].title))


def drawable(rows: Sequence[Pair]) -> bool:
    """Return whether the rows contain a number to draw."""
    return any(part.value is not None for row in rows for part in row.parts)


def finite(value: float | None) -> float:
    """Return a sort key for a number that may be missing. In descending order, missing numbers come last."""
    return -math.inf if value is None else value
