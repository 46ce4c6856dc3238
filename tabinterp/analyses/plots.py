"""Functions that draw on Matplotlib axes: dots with intervals, effect curves, reliability, net benefit, paths and heat maps.

The figures of the report and the method `.plot()` of results use these functions. The network is drawn in navy, with solid lines
and filled marks. The linear model is drawn in amber, with dashed lines and hollow marks. In some figures, a filled mark means
that an interval excludes zero. In these figures, the models differ only in colour, line style and the shape of the marks. Missing
numbers are NaN in the arrays. Matplotlib is imported only when something is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import NDArray

from tabinterp import messages
from tabinterp.arrays import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.lines import Line2D

NAVY, AMBER, INK, GREY, RULE, PAPER = "#08306b", "#d97706", "#1f2937", "#4b5563", "#d1d5db", "#ffffff"
SLATE = "#6b7280"  # colour of a model that is neither the network nor its linear counterpart
COLD, WARM = "#7b3294", "#00695c"  # colours of values below and above zero
DASH, DOTTED, LONG_DASH = (0.0, (1.8, 0.9)), (0.0, (1.0, 1.4)), (0.0, (4.0, 2.0))
CROSS = 0.015  # distance of the mark for a missing number from the left, as a share of the width
DODGE = 0.34  # distance between the first and the last mark of a row, as a share of the row's height
FAINT, BAND, ICE, BENEFIT = 0.4, 0.25, 0.1, 0.2  # opacities
MISSING = 0.16  # distance of the point for missing values from the largest number, as a share of the range
DARK = 0.179  # relative luminance at which black and white text have the same contrast (WCAG 2.2)
ROOMY = 10  # maximum number of columns for which the numbers in a heat map are larger
WIDE = (
    "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "Meiryo", "IPAexGothic", "MS Gothic",
    "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic",
)  # fmt: skip

# (index of a point, index of its series) -> the line that draws the mark, and the index of the mark on this line
Marks = Mapping[tuple[int, int], tuple["Line2D", int]]


@dataclass(frozen=True)
class Look:
    """The colour, line style and mark of a series."""

    colour: str
    dash: Any
    marker: str
    size: float
    filled: bool


NETWORK, LINEAR = Look(NAVY, "-", "o", 7.5, True), Look(AMBER, DASH, "D", 6.5, False)
LOOKS = {"network": NETWORK, "linear": LINEAR, "other": Look(SLATE, "-", "s", 6.5, False)}
OTHERS = (
    NETWORK,
    Look(INK, ":", "s", 6.5, False),
    Look(GREY, "-.", "^", 6.5, True),
    Look(GREY, "--", "v", 6.5, False),
)  # looks of other series, by the index of the series


@dataclass(frozen=True)
class Series:
    """Values of one model or one method with their intervals, as arrays (points,).

    Parameters
    ----------
    look : "network", "linear", or "other" for another model, each of which has a fixed look. For any other value, the look
        depends on the position of the series.
    filled : for each point, True for a filled mark, False for a hollow mark, and None for a cross. If `filled` itself is None,
        the look determines whether marks are filled.
    """

    look: str
    name: str
    value: FloatArray
    low: FloatArray
    high: FloatArray
    filled: Sequence[bool | None] | None = None


@dataclass(frozen=True)
class Curve:
    """Effect curves of a numeric column, as arrays (points,).

    `at` contains the values of the column, with NaN for missing values.
    """

    at: FloatArray
    network: Series
    linear: Series | None
    ale: FloatArray
    ice_low: FloatArray
    ice_high: FloatArray
    rows: FloatArray
    sparse: NDArray[np.bool_]

    @property
    def places(self) -> FloatArray:
        """The horizontal positions of the points. The point for missing values is to the right of all others."""
        known = self.at[~np.isnan(self.at)]
        low, high = (known.min(), known.max()) if len(known) else (0.0, 0.0)
        return np.where(np.isnan(self.at), high + MISSING * ((high - low) or 1.0), self.at)

    @property
    def round_numbers(self) -> list[float]:
        """The round numbers to label on the axis. They are within the range of the points and not too close to the label for
        missing values.
        """
        known = self.at[~np.isnan(self.at)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
        edge = 0.02 * (high - low)
        found = round_values(low, high, 4) if high > low else known
        room = 0.5 * MISSING * (high - low) if len(known) < len(self.at) else 0.0
        return [float(x) for x in found if low - edge <= x <= high + edge - room]

    @property
    def span(self) -> tuple[float, float]:
        """The range of the vertical axis, which includes zero and both curves.

        The range includes the intervals and the ICE band only to the extent that the curves remain legible.
        """
        models = [one for one in (self.network, self.linear) if one is not None]
        ends = [end for one in models for end in (one.low, one.high)]
        return span([[0.0], self.ale, *(one.value for one in models)], [*ends, self.ice_low, self.ice_high], 0.05)


# ---- figures


def dots(
    axes: Axes,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    at: float | None = 0.0,
    dodge: bool = True,
    ticks: int = 6,
    crossed: bool = False,
) -> Marks:
    """Draw a row of marks with intervals for each label, and return the marks.

    An interval that extends far beyond the range of the values, for example that of a rare level, is cut off and ends in an
    arrow. A label without a number has an empty row.

    Parameters
    ----------
    at : position of a vertical line; None for no line.
    dodge : whether to draw the marks of a row one below the other instead of at the same height.
    ticks : maximum number of ticks on the axis.
    crossed : whether to mark each missing number with a cross on the left.
    """
    marks, intervals = _Marks(axes), _Intervals(axes)
    ends = [end[~np.isnan(one.value)] for one in series for end in (one.low, one.high)]
    limits = span([[] if at is None else [at], *(one.value for one in series)], ends, 0.04)
    for row in range(len(labels)):
        for place, one in enumerate(series):
            if row >= len(one.value):
                continue
            look = look_of(one, place)
            y = row + (DODGE * (place / (len(series) - 1) - 0.5) if dodge and len(series) > 1 else 0.0)
            if np.isnan(one.value[row]):
                if crossed:
                    at_left = axes.plot([CROSS], [y], ls="", marker="x", ms=5, mec=look.colour, mew=1.4)[0]
                    at_left.set_transform(axes.get_yaxis_transform())
                continue
            low, high = max(one.low[row], limits[0]), min(one.high[row], limits[1])
            if not np.isnan(one.low[row] + one.high[row]):
                intervals.add((low, high), (y, y), look)
                for beyond, x, arrow in ((one.low[row] < low, low, "<"), (one.high[row] > high, high, ">")):
                    if beyond:
                        axes.plot([x], [y], color=look.colour, marker=arrow, ms=6, ls="", clip_on=False)
            filled = look.filled if one.filled is None else one.filled[row]
            marker = "x" if filled is None else look.marker
            marks.add((row, place), one.value[row], y, look, filled=bool(filled), marker=marker)
    intervals.draw()
    made = marks.draw()
    if np.isfinite(limits).all():
        axes.set_xlim(limits)
    axes.set_ylim(max(1, len(labels)) - 0.5, -0.5)
    number_axis(axes.xaxis, ticks)
    text_axis(axes.yaxis, range(len(labels)), labels)
    axes.tick_params(axis="y", length=0, pad=8)
    if at is not None:
        axes.axvline(at, color=INK, lw=1.2, zorder=1)
    bare(axes, "top", "right", "left", grid="x")
    return made


def effect_curve(axes: Axes, below: Axes, curve: Curve, missing: str) -> Marks:
    """Draw the effect curves of both models with the network's confidence bands, and return the marks.

    The parts of the curves with few rows are faint.

    Parameters
    ----------
    below : axes for the number of rows at each point, with the same horizontal axis.
    missing : label of the point for missing values.
    """
    at, numbers = curve.places, ~np.isnan(curve.at)
    network, linear = curve.network, curve.linear
    for low, high, alpha in ((curve.ice_low, curve.ice_high, ICE), (network.low, network.high, BAND)):
        axes.fill_between(at[numbers], low[numbers], high[numbers], color=NAVY, alpha=alpha, lw=0, zorder=1)
    lines = [(curve.ale, NAVY, DOTTED, 2.0), (network.value, NAVY, "-", 2.0)]
    if linear is not None:
        lines.insert(1, (linear.value, AMBER, DASH, 1.8))
    for value, colour, dash, width in lines:
        _faint_line(axes, at[numbers], value[numbers], curve.sparse[numbers], color=colour, ls=dash, lw=width)
    marks = _Marks(axes)
    for i, x in enumerate(at):
        for place, one, look in ((1, linear, LINEAR), (0, network, NETWORK)):
            if one is None or np.isnan(one.value[i]):
                continue
            if not numbers[i] and not np.isnan(one.low[i] + one.high[i]):
                axes.plot([x, x], [one.low[i], one.high[i]], color=look.colour, lw=1.8, ls=look.dash)
            size, alpha = 5.5 if look.filled else 5.0, FAINT if curve.sparse[i] else 1.0
            marks.add((i, place), x, one.value[i], look, size=size, edge=1.4, alpha=alpha)
    made = marks.draw()
    _row_bars(below, at, curve.rows)
    edge = 0.03 * (np.ptp(at) or 1.0)
    axes.set_xlim(at.min() - edge, at.max() + edge)
    axes.set_ylim(curve.span)
    number_axis(axes.yaxis, 5)
    axes.tick_params(axis="y", length=0, pad=6)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.axhline(0, color=INK, lw=1.0, zorder=1)
    bare(axes, "top", "right", "left", "bottom", grid="y")
    bare(below, "top", "right", "left", grid=None)
    rounds, gone = curve.round_numbers, at[~numbers]
    text_axis(below.xaxis, [*rounds, *gone], [*map(tick, rounds), *(missing for _ in gone)])
    return made


def reliability(axes: Axes, at: Sequence[FloatArray], series: Sequence[Series]) -> Marks:
    """Draw observed outcomes against the predictions `at` of each model, with the diagonal of perfect calibration."""
    parts = [*at, *(part for one in series for part in (one.value, one.low, one.high))]
    limits = span(parts, [], 0.04)
    marks = _Marks(axes)
    axes.plot(limits, limits, color=INK, lw=1.2, zorder=1)
    for place, (xs, one) in enumerate(zip(at, series, strict=True)):
        _upright(axes, marks, xs, one, place)
    if np.isfinite(limits).all():
        axes.set(xlim=limits, ylim=limits)
    number_axis(axes.xaxis, 6)
    number_axis(axes.yaxis, 6)
    bare(axes, "top", "right", grid="both")
    return marks.draw()


def binned(
    axes: Axes, at: Sequence[FloatArray], series: Sequence[Series], bands: Sequence[FloatArray], *, diagonal: bool
) -> Marks:
    """Draw the means of bins at positions `at`, with bands (bins, 2) between two quantiles of each bin.

    If `diagonal` is set, the line on which both axes have the same value is drawn. Otherwise, a line at zero is drawn.
    """
    low, high = binned_span(at, series, bands, diagonal=diagonal)
    places = np.concatenate([*at])
    if diagonal:
        ends = [float(places.min()), float(places.max())]
        axes.plot(ends, ends, color=INK, lw=1.2, zorder=1)
    else:
        axes.axhline(0, color=INK, lw=1.2, zorder=1)
    marks = _Marks(axes)
    for place, (xs, one, band) in reversed([*enumerate(zip(at, series, bands, strict=True))]):
        look = look_of(one, place)
        if look.filled:
            axes.fill_between(xs, band[:, 0], band[:, 1], color=look.colour, alpha=BENEFIT, lw=0, zorder=1)
        else:
            axes.plot(xs, band, color=look.colour, ls=look.dash, lw=1.4, zorder=2)
        _upright(axes, marks, xs, one, place)
    axes.set_ylim(low, high)
    number_axis(axes.xaxis, 6)
    number_axis(axes.yaxis, 6)
    bare(axes, "top", "right", grid="both")
    return marks.draw()


def binned_span(
    at: Sequence[FloatArray], series: Sequence[Series], bands: Sequence[FloatArray], *, diagonal: bool
) -> tuple[float, float]:
    """Return the limits of the vertical axis that `binned` uses."""
    drawn = [*(one.value for one in series), *(band.ravel() for band in bands)]
    return span([*drawn, *(at if diagonal else [[0.0]])], [end for one in series for end in (one.low, one.high)], 0.04)


def middle(quantiles: Sequence[FloatArray]) -> tuple[int, list[FloatArray]]:
    """Return the two quantiles of each bin between which a band is drawn.

    `quantiles` contains arrays (bins, 4) with the quantiles at 10, 25, 75 and 90%. The band is between the 10% and 90% quantiles
    or, if any of these is missing, between the 25% and 75% quantiles. The first item of the result is the percentage of a bin's
    rows within the band. The second item contains an array (bins, 2) for each array in `quantiles`.
    """
    outer = all(np.isfinite(one).all() for one in quantiles)
    return (80, [one[:, [0, 3]] for one in quantiles]) if outer else (50, [one[:, [1, 2]] for one in quantiles])


def error_shares(axes: Axes, edges: FloatArray, shares: Sequence[tuple[str, FloatArray]]) -> dict[str, Any]:
    """Draw the share of rows in each error bin, as filled bars or outlines. Return the artist for each series.

    The first share is for rows with errors below the first edge, and the last share is for rows with errors above the last edge.
    These two bars are one bin wide. A bin without a number is marked by a cross on the axis instead of a bar.
    """
    made: dict[str, Any] = {}
    if not len(edges):
        return made
    step = edges[1] - edges[0]
    places = np.concatenate([[edges[0] - step], edges, [edges[-1] + step]])
    for look, share in reversed(shares):
        one = LOOKS[look]
        if one.filled:
            made[look] = axes.stairs(share, places, color=one.colour, alpha=0.35, fill=True, lw=0)
        else:
            made[look] = axes.stairs(share, places, color=one.colour, lw=1.8, ls=one.dash)
    cross(axes, 0.5 * (places[:-1] + places[1:]), np.sum([share for _, share in shares], axis=0))
    axes.axvline(0, color=INK, lw=1.2, zorder=1)
    axes.set_ylim(
        0, 1.05 * max((float(np.nanmax(share)) for _, share in shares if np.isfinite(share).any()), default=1.0)
    )
    number_axis(axes.xaxis, 6)
    number_axis(axes.yaxis, 5)
    bare(axes, "top", "right", grid="both")
    return made


def net_benefit(axes: Axes, thresholds: FloatArray, series: Sequence[Series], treat_all: Series) -> Marks:
    """Draw the net benefit of models, and of predicting every row positive, against the threshold, with confidence bands.

    At most about a fifth of the vertical axis is below zero. Lower values of the curve for predicting every row positive are cut
    off.
    """
    axes.axhline(0, color=INK, lw=1.2, zorder=1)
    axes.plot(thresholds, treat_all.value, color=INK, ls=DOTTED, lw=1.6, zorder=2)
    marks = _Marks(axes)
    for place, one in reversed([*enumerate(series)]):
        look = look_of(one, place)
        axes.fill_between(thresholds, one.low, one.high, color=look.colour, alpha=BENEFIT, lw=0, zorder=1)
        axes.plot(thresholds, one.value, color=look.colour, ls=look.dash, lw=2.0, zorder=3)
        for i in np.flatnonzero(~np.isnan(one.value)):
            at = thresholds[i], one.value[i]
            marks.add((int(i), place), *at, look, size=4.5, edge=1.2, clip_on=True, zorder=4)
    top = np.nanmax([1e-3, *(end for one in (*series, treat_all) for end in (*one.value, *one.high))])
    low = np.nanmin([0.0, *(end for one in series for end in one.low)])
    axes.set_ylim(max(low, -0.25 * top) - 0.04 * top, 1.04 * top)
    axes.set_xlim(0, 1)
    number_axis(axes.xaxis, 6)
    number_axis(axes.yaxis, 6)
    bare(axes, "top", "right", grid="both")
    return marks.draw()


def over_sizes(axes: Axes, sizes: FloatArray, series: Sequence[Series], root: bool) -> Marks:
    """Draw values with confidence bands against sizes between 0 and 1. With `root`, the axis has a square-root scale."""
    marks = _Marks(axes)
    if root:
        axes.set_xscale("function", functions=(np.sqrt, np.square))
    for place, one in reversed([*enumerate(series)]):
        look = look_of(one, place)
        axes.fill_between(sizes, one.low, one.high, color=look.colour, alpha=BENEFIT, lw=0, zorder=1)
        axes.plot(sizes, one.value, color=look.colour, ls=look.dash, lw=2.0, zorder=3)
        for i in np.flatnonzero(~np.isnan(one.value)):
            marks.add((int(i), place), sizes[i], one.value[i], look, size=4.5, edge=1.2, clip_on=True, zorder=4)
    axes.set_ylim(span([part for one in series for part in (one.value, one.low, one.high)], [], 0.06))
    axes.set_xlim(0, 1)
    ticks = [0.01, 0.05, 0.2, 0.5, 1.0] if root else [0.1, 0.25, 0.5, 0.75, 1.0]
    text_axis(axes.xaxis, ticks, [f"{100 * tick:g}%" for tick in ticks])
    number_axis(axes.yaxis, 5)
    bare(axes, "top", "right", grid="both")
    return marks.draw()


def curves(axes: Axes, at: FloatArray, series: Sequence[Series]) -> Marks:
    """Draw curves with confidence bands at the positions `at`, and a line at zero."""
    marks = _Marks(axes)
    for place, one in reversed([*enumerate(series)]):
        look = look_of(one, place)
        axes.fill_between(at, one.low, one.high, color=look.colour, alpha=BENEFIT, lw=0, zorder=1)
        axes.plot(at, one.value, color=look.colour, ls=look.dash, lw=2.0, zorder=2)
        for i in np.flatnonzero(~np.isnan(one.value)):
            marks.add((int(i), place), at[i], one.value[i], look, size=4.5, edge=1.2)
    axes.set_ylim(
        span([[0.0], *(one.value for one in series)], [end for one in series for end in (one.low, one.high)], 0.05)
    )
    axes.axhline(0, color=INK, lw=1.0, zorder=1)
    number_axis(axes.xaxis, 4)
    number_axis(axes.yaxis, 5)
    bare(axes, "top", "right", grid="y")
    return marks.draw()


def path(axes: Axes, labels: Sequence[str], value: FloatArray, real: FloatArray, readable: Sequence[bool]) -> Marks:
    """Draw a hidden unit's largest output within balls of growing size, and its tenth largest output on real rows in these balls.

    If the row with the largest output is implausible (False in `readable`), the output is drawn as a cross.
    """
    axes.plot(range(len(labels)), real, color=INK, ls=LONG_DASH, lw=1.4)
    axes.plot(range(len(labels)), value, color=NAVY, lw=1.4, zorder=2)
    marks = _Marks(axes)
    for i, one in enumerate(value):
        marks.add((i, 0), i, one, NETWORK, size=7, marker="o" if readable[i] else "x")
    axes.set_ylim(path_span(value, real))
    axes.set_xlim(-0.4, len(labels) - 0.6)
    text_axis(axes.xaxis, range(len(labels)), labels)
    number_axis(axes.yaxis, 5)
    axes.tick_params(axis="both", length=0, pad=6)
    bare(axes, "top", "right", "left", grid="y")
    return marks.draw()


def path_span(value: FloatArray, real: FloatArray) -> tuple[float, float]:
    """Return the limits of the vertical axis that `path` uses."""
    return span([value, real], [], 0.06)


def heat(axes: Axes, rows: Sequence[str], columns: Sequence[str], values: FloatArray) -> None:
    """Draw a heat map of numbers in [-1, 1], with white for zero. Labels without values have an empty row or column."""
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415

    colours = LinearSegmentedColormap.from_list("signed", [COLD, "white", WARM])
    axes.imshow(values, cmap=colours, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    part = colours((np.nan_to_num(values) + 1) / 2)[..., :3]
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    dark = linear @ np.array([0.2126, 0.7152, 0.0722]) < DARK
    small = 8.0 if max(values.shape[1:], default=0) <= ROOMY else 6.0
    for i, j in np.ndindex(values.shape):
        told = "–" if np.isnan(values[i, j]) else f"{values[i, j]:.2f}".replace("-0.00", "0.00").replace("-", "−")
        axes.text(j, i, told, ha="center", va="center", fontsize=small, color="white" if dark[i, j] else "black")
    axes.set_xticks(np.arange(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor", parse_math=False)
    axes.set_yticks(np.arange(len(rows)), rows, parse_math=False)
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.tick_params(length=0)
    bare(axes, "top", "right", "left", "bottom", grid=None)


# ---- parts of figures


class _Marks:
    """The marks of a figure. Marks with the same style are drawn by one `Line2D`: a report has thousands of marks, and an object
    for each would take a third of the drawing time.
    """

    def __init__(self, axes: Axes) -> None:
        self._axes = axes
        self._styles: dict[tuple[Any, ...], list[tuple[tuple[int, int], float, float]]] = {}

    def add(self, key: tuple[int, int], x: float, y: float, look: Look, **style: Any) -> None:
        self._styles.setdefault(tuple(_style(look, **style).items()), []).append((key, x, y))

    def draw(self) -> Marks:
        made = {}
        for style, points in self._styles.items():
            line = self._axes.plot([x for _, x, _ in points], [y for *_, y in points], **dict(style))[0]
            made.update({key: (line, index) for index, (key, *_) in enumerate(points)})
        return made


class _Intervals:
    """The intervals of a figure. Intervals with the same style are drawn by one `Line2D`, with a gap after each interval."""

    def __init__(self, axes: Axes) -> None:
        self._axes = axes
        self._looks: dict[Look, list[tuple[float, float]]] = {}

    def add(self, xs: tuple[float, float], ys: tuple[float, float], look: Look) -> None:
        self._looks.setdefault(look, []).extend([*zip(xs, ys, strict=True), (np.nan, np.nan)])

    def draw(self) -> None:
        for look, points in self._looks.items():
            self._axes.plot(*zip(*points, strict=True), color=look.colour, lw=1.8, ls=look.dash, solid_capstyle="butt")


def _upright(axes: Axes, marks: _Marks, at: FloatArray, one: Series, place: int) -> None:
    """Draw the vertical intervals of a series, and add its marks to `marks`."""
    look, intervals = look_of(one, place), _Intervals(axes)
    for i, x in enumerate(at):
        if np.isnan(one.value[i]):
            continue
        if not np.isnan(one.low[i] + one.high[i]):
            intervals.add((x, x), (one.low[i], one.high[i]), look)
        marks.add((i, place), x, one.value[i], look)
    intervals.draw()


def cross(axes: Axes, at: FloatArray, values: FloatArray) -> None:
    """Draw a cross on the horizontal axis for each missing value. Without it, a gap could be mistaken for zero."""
    gaps = at[np.isnan(values)]
    if len(gaps):
        axes.plot(gaps, np.zeros(len(gaps)), ls="", marker="x", ms=6, mec=INK, mew=1.4, clip_on=False, zorder=4)


def look_of(series: Series, place: int) -> Look:
    return LOOKS.get(series.look, OTHERS[place % len(OTHERS)])


def mark(axes: Axes, x: float, y: float, look: Look, **style: Any) -> None:
    """Draw one point. `style` contains further arguments of `_style`."""
    axes.plot([x], [y], **_style(look, **style))


def _style(
    look: Look,
    *,
    filled: bool | None = None,
    marker: str | None = None,
    size: float | None = None,
    edge: float = 1.8,
    **more: Any,
) -> dict[str, Any]:
    """Return the settings of a `Line2D` that draws marks only. Properties that are None are taken from `look`."""
    face = look.colour if (look.filled if filled is None else filled) else PAPER
    shape, size = marker or look.marker, size or look.size
    marks = {"ls": "", "marker": shape, "ms": size, "mec": look.colour, "mew": edge, "mfc": face}
    return {**marks, "clip_on": False, "zorder": 3, **more}


def span(points: Sequence[Any], ends: Sequence[Any], edge: float) -> tuple[float, float]:
    """Return the limits of an axis for points and interval ends; NaN if there is no point.

    The range includes all points. It includes interval ends only to the extent that the points remain legible.
    """
    known, far = (np.concatenate([np.empty(0), *map(np.asarray, parts)]) for parts in (points, ends))
    known, far = known[np.isfinite(known)], far[np.isfinite(far)]
    if not len(known):
        return np.nan, np.nan
    low, high = float(known.min()), float(known.max())
    far = np.append(far, known)
    room = (high - low) or np.ptp(far) or 1.0
    low, high = max(float(far.min()), low - room), min(float(far.max()), high + room)
    edge *= (high - low) or 1.0
    return low - edge, high + edge


def _faint_line(axes: Axes, xs: FloatArray, ys: FloatArray, faint: NDArray[np.bool_], **look: Any) -> None:
    """Draw a line with faint segments next to the points in `faint`.

    The line consists of two paths, one for all faint segments and one for all other segments.
    """
    for light in (False, True):
        x: list[float] = []
        y: list[float] = []
        for i in range(len(xs) - 1):
            if (faint[i] or faint[i + 1]) == light:
                joined = bool(x) and x[-1] == xs[i]
                x += [xs[i + 1]] if joined else [np.nan, xs[i], xs[i + 1]]
                y += [ys[i + 1]] if joined else [np.nan, ys[i], ys[i + 1]]
        if x:
            axes.plot(x, y, alpha=FAINT if light else 1.0, solid_capstyle="butt", zorder=2, **look)


def _row_bars(axes: Axes, at: FloatArray, rows: FloatArray) -> None:
    """Draw a bar for the number of rows at each point. A number that must not be shown is NaN, and is drawn as a cross."""
    shown = ~np.isnan(rows)
    cross(axes, at, rows)
    x = [value for one in at[shown] for value in (one, one, np.nan)]
    y = [value for count in rows[shown] for value in (0.0, count, np.nan)]
    axes.plot(x, y, color=INK, lw=4, alpha=0.55, solid_capstyle="butt")
    axes.set_ylim(0, 1.25 * max([1, *rows[shown]]))
    axes.set_yticks([])


def bare(axes: Axes, *spines: str, grid: Any) -> None:
    """Hide the given spines and the background, and draw a grid behind everything unless `grid` is None."""
    axes.patch.set_visible(False)
    axes.spines[list(spines)].set_visible(False)
    if grid is not None:
        axes.grid(axis=grid, color=RULE, lw=0.8)
        axes.set_axisbelow(True)


def number_axis(axis: Axis, most: int) -> None:
    """Label an axis with up to about `most` round numbers, in the number format of the language."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415

    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(tick))


def text_axis(axis: Axis, places: Sequence[float], labels: Sequence[str]) -> None:
    """Put text labels on an axis at the given places, which must be within its limits."""
    from matplotlib.ticker import FixedFormatter, FixedLocator  # noqa: PLC0415

    if any("$" in label for label in labels):  # Matplotlib would treat it as mathematics
        axis.set_ticks(places, labels, parse_math=False)
    else:  # `set_ticks` makes a `Tick` for each place, even if it is never drawn
        axis.set_major_locator(FixedLocator(places))
        axis.set_major_formatter(FixedFormatter(labels))


def round_values(low: float, high: float, most: int) -> FloatArray:
    """Return the numbers that `number_axis` shows between `low` and `high`, and one further number beyond each end."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    return np.asarray(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))


def tick(value: float, _: int | None = None) -> str:
    """Return the label of a number on an axis, with up to six significant digits.

    >>> tick(-0.25), tick(12500.0)
    ('−0.25', '12,500')
    """
    return messages.signs(f"{value:,.6g}").replace("-", "−")


# ---- the caller's axes


def axes_of(ax: Axes | None, height: float = 4.0) -> Axes:
    """Return the given axes, or those of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt  # noqa: PLC0415

    return plt.subplots(figsize=(6.4, height), layout="constrained")[1]


def legend(axes: Axes, series: Sequence[Series]) -> None:
    """Draw a legend with the names of the series above the axes, if there are several series."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    looks = [(one.name, look_of(one, place)) for place, one in enumerate(series)]
    handles = [
        Line2D(
            [],
            [],
            color=look.colour,
            ls=look.dash,
            marker=look.marker,
            mfc=look.colour if look.filled else PAPER,
            label=name,
        )
        for name, look in looks
    ]
    if len(series) > 1:
        axes.legend(
            handles=handles, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(series), borderaxespad=0
        )


def legible(axes: Axes) -> Axes:
    """If there is Chinese, Japanese or Korean text on the axes, set suitable fonts for it. Return the axes.

    Matplotlib's default font does not have these characters. The fonts in `WIDE` that are installed on the machine are used.
    """
    from matplotlib import font_manager  # noqa: PLC0415
    from matplotlib.text import Text  # noqa: PLC0415

    ticks = [label for one in (axes, *axes.child_axes) for label in (*one.get_xticklabels(), *one.get_yticklabels())]
    for one in {*ticks, *axes.findobj(Text)}:
        assert isinstance(one, Text)
        if any(east_asian_width(char) in "WF" for char in one.get_text()):
            there = {font.name for font in font_manager.fontManager.ttflist}
            one.set_fontfamily([*one.get_fontfamily(), *(name for name in WIDE if name in there)])
    return axes
