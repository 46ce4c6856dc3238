"""The path from plausible rows to an optimum: what a unit reaches as the ball of rows it may go to grows.

What may be read as a row is a navy filled circle, what may not a cross; the tenth greatest real row in each ball a grey line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tabinterp.analyses.plots import INK, NAVY
from tabinterp.report.figures import GAP, WIDTH, styles, text_width, tick
from tabinterp.report.svg import Label, later, markup

PLOT, TOP, BOTTOM = 150, 26, 44  # CSS pixels
REAL = (0.0, (4.0, 2.0))  # dashes


@dataclass(frozen=True, slots=True)
class Step:
    """One ball: its name on the axis, the optimum in it, whether that may be read, the tenth greatest real row."""

    name: str
    value: float
    readable: bool
    real: float | None
    title: str


@later
def pathway(steps: Sequence[Step], names: tuple[str, str], aria: str, figure_id: str) -> Markup:
    """Values over growing balls; `names` of the axes."""
    height = TOP + PLOT + BOTTOM
    values = [one.value for one in steps] + [one.real for one in steps if one.real is not None]
    edge = 0.06 * max(max(values) - min(values), 1e-12)
    low, high = min(values) - edge, max(values) + edge
    with styles():
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        figure.patch.set_visible(False)
        ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        gutter = 14 + max(text_width(tick(value, None)) for value in ticks)
        axes = figure.add_axes((gutter / WIDTH, BOTTOM / height, 1 - (gutter + 2 * GAP) / WIDTH, PLOT / height))
        axes.patch.set_visible(False)
        titles = _draw(axes, steps)
        axes.set_ylim(low, high)
        axes.set_xlim(-0.4, len(steps) - 0.6)
        axes.set_xticks(range(len(steps)), [f"@{i}@" for i in range(len(steps))])
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(tick))
        axes.tick_params(axis="both", length=0, pad=6)
        axes.grid(axis="y", lw=0.8)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.set_xlabel("@axis@", loc="right")
        figure.text(0.0, 1 - 15 / height, "@height@", color=INK)
        labels = {f"@{i}@": Label(one.name) for i, one in enumerate(steps)}
        labels |= {"@axis@": Label(names[0]), "@height@": Label(names[1])}
        return markup(figure, figure_id, aria, labels, titles)


def _draw(axes: Axes, steps: Sequence[Step]) -> dict[str, str]:
    places = list(range(len(steps)))
    axes.plot(places, [math.nan if one.real is None else one.real for one in steps], color=INK, ls=REAL, lw=1.4)
    axes.plot(places, [one.value for one in steps], color=NAVY, lw=1.4, zorder=2)
    for i, one in enumerate(steps):
        axes.plot(
            [i],
            [one.value],
            ls="",
            marker="o" if one.readable else "x",
            ms=7,
            mec=NAVY,
            mfc=NAVY,
            mew=1.8,
            clip_on=False,
            gid=f"mark-{i}",
            zorder=3,
        )
    return {f"mark-{i}": one.title for i, one in enumerate(steps)}
