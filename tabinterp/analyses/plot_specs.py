"""Specifications of the plots of results and of their tables: dots with intervals, heat maps, effect curves, reliability curves.

A specification contains the data of a plot. The functions that draw the figures of the report (`plots.py`) also draw these plots,
on axes that the caller provides. They do not show the plot and do not change any Matplotlib setting. A plot shows at most twenty
rows, and states how many rows are omitted. The table of a plot contains all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray
from tabinterp.errors import NotApplicableError, argument
from tabinterp.messages import text
from tabinterp.messages.names import cut
from tabinterp.table.coerce import with_columns

from . import plots
from .plots import Curve, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 20  # maximum number of rows or columns of a plot
NUMBERS = ["predicted", "observed", "low", "high"]  # columns of a reliability curve


def _table(name: str, labels: Sequence[Any], series: Sequence[Series]) -> pd.DataFrame:
    """Return a table with the labels, under the header `name`, and with the values and interval ends of each series."""
    made: dict[str, Any] = {name: labels}
    for one in series:
        made[one.name] = one.value
        if not np.isnan(one.low).all():
            made |= {text(f"plot.{end}", {"series": one.name}): getattr(one, end) for end in ("low", "high")}
    return pd.DataFrame(made)


class Picture(Protocol):
    @property
    def axis(self) -> str: ...

    @property
    def height(self) -> float:
        """The height, in inches, of a figure that contains only this plot."""

    def draw(self, ax: Axes | None) -> Axes: ...

    def table(self) -> pd.DataFrame: ...

    def beside(self, linear: Any, names: tuple[str, str]) -> Picture: ...


@dataclass(frozen=True)
class Dots:
    """A dot plot with a row for each label. Rows after the first twenty are omitted; the text with the key `other` says so."""

    labels: tuple[str, ...]
    series: tuple[Series, ...]
    axis: str
    other: str = "columns"
    at: float | None = 0.0  # position of the reference line

    @property
    def height(self) -> float:
        return 1.4 + 0.3 * min(len(self.labels), SHOWN + 1)

    def table(self) -> pd.DataFrame:
        return _table(text("plot.label"), list(self.labels), self.series)

    def beside(self, linear: Any, names: tuple[str, str]) -> Dots:
        """Return the plot with the values of the linear model added, each below the value of the network."""
        alike = isinstance(linear, Dots) and len(self.series) == len(linear.series) == 1 and self.axis == linear.axis
        if not alike or not set(self.labels) <= set(linear.labels):
            raise NotApplicableError(
                "the two results cannot be plotted together, because their columns, groups, method, loss or "
                "conditioning differ. Compute both with the same settings"
            )
        at, one = [linear.labels.index(label) for label in self.labels], linear.series[0]
        ends = {end: getattr(one, end)[at] for end in ("value", "low", "high")}
        second = Series("linear", names[1], **ends)
        return replace(self, series=(replace(self.series[0], look="network", name=names[0]), second))

    def draw(self, ax: Axes | None) -> Axes:
        ax = plots.axes_of(ax, self.height)
        names, left = [cut(label) for label in self.labels[:SHOWN]], len(self.labels) - SHOWN
        if left > 0:
            names.append(text(f"plot.other.{self.other}", {"count": left}))
        parts = [
            replace(one, value=one.value[:SHOWN], low=one.low[:SHOWN], high=one.high[:SHOWN]) for one in self.series
        ]
        plots.dots(ax, names, parts, at=self.at)
        ax.set_xlabel(self.axis, loc="right", parse_math=False)
        plots.legend(ax, parts)
        return plots.legible(ax)


@dataclass(frozen=True)
class Heat:
    """A heat map of numbers in [-1, 1] (rows, columns), with a colour scale centred on zero.

    Only the twenty rows and the twenty columns with the largest absolute numbers are shown, in their original order.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: FloatArray
    axis: str
    others: tuple[str, str] = ("units", "columns")

    @property
    def height(self) -> float:
        return 1.8 + 0.3 * min(len(self.rows), SHOWN + 1)

    def table(self) -> pd.DataFrame:
        made = pd.DataFrame(self.values, columns=list(self.columns))
        made.insert(0, text("plot.label"), list(self.rows), allow_duplicates=True)
        return made

    def beside(self, linear: Any, names: tuple[str, str]) -> Heat:
        raise NotApplicableError("two heat maps cannot be drawn on the same axes. Plot each heat map on separate axes")

    def draw(self, ax: Axes | None) -> Axes:
        ax = plots.axes_of(ax, self.height)
        size = np.nan_to_num(np.abs(self.values))
        at = [_strongest(size.max(axis=1 - d, initial=0.0)) for d in (0, 1)]
        names = [
            [cut(own[i]) for i in some]
            + [text(f"plot.other.{other}", {"count": n}) for n in [len(own) - len(some)] if n]
            for own, some, other in zip((self.rows, self.columns), at, self.others, strict=True)
        ]
        plots.heat(ax, names[0], names[1], self.values[np.ix_(*at)])
        ax.set_title(self.axis, fontsize="medium", loc="left", parse_math=False)
        return plots.legible(ax)


def _strongest(size: FloatArray) -> Sequence[int]:
    return sorted(int(i) for i in np.argsort(-size, kind="stable")[:SHOWN])


@dataclass(frozen=True)
class Effect:
    """The effect curve of a numeric column."""

    column: str
    values: tuple[Any, ...]  # values of the column at the points; None for missing values
    curve: Curve
    scale: str
    output: str | None = None
    height: float = 4.0

    @property
    def axis(self) -> str:
        return self.column if self.output is None else text("plot.output", {"axis": self.column, "output": self.output})

    def table(self) -> pd.DataFrame:
        series = [self.curve.network, *([] if self.curve.linear is None else [self.curve.linear])]
        return _table(self.column, [text("plot.missing") if v is None else v for v in self.values], series)

    def beside(self, linear: Any, names: tuple[str, str]) -> Effect:
        both = replace(self.curve.network, name=names[0]), replace(linear.curve.network, look="linear", name=names[1])
        return replace(self, curve=replace(self.curve, network=both[0], linear=both[1]))

    def draw(self, ax: Axes | None) -> Axes:
        ax = plots.axes_of(ax, self.height)
        below = ax.inset_axes((0.0, -0.17, 1.0, 0.17), sharex=ax)
        plots.effect_curve(ax, below, self.curve, text("plot.missing"))
        below.set_xlabel(cut(self.column), loc="right", parse_math=False)
        ax.set_title(effect_axis(self.scale), fontsize="medium", loc="left")
        plots.legend(ax, [one for one in (self.curve.network, self.curve.linear) if one is not None])
        return plots.legible(ax)


@dataclass(frozen=True)
class OverSizes:
    """A plot of both models' losses against the size of a perturbation."""

    sizes: FloatArray
    series: tuple[Series, ...]
    axis: str
    height: float = 4.0

    def table(self) -> pd.DataFrame:
        return _table(text("plot.axis.size"), list(self.sizes), self.series)

    def beside(self, linear: Any, names: tuple[str, str]) -> OverSizes:
        raise NotApplicableError(f"the plot already shows the linear model. Leave out {argument('linear')}")

    def draw(self, ax: Axes | None) -> Axes:
        ax = plots.axes_of(ax, self.height)
        plots.over_sizes(ax, self.sizes, self.series, root=True)
        ax.set_xlabel(text("plot.axis.size"), loc="right")
        ax.set_title(self.axis, fontsize="medium", loc="left", parse_math=False)
        plots.legend(ax, self.series)
        return plots.legible(ax)


def effect_axis(scale: str) -> str:
    return text("plot.axis.effect", {"scale": scale.replace("_", "-")})


@dataclass(frozen=True)
class Reliability:
    """A plot of observed against predicted outcomes.

    Each model has a table with the columns predicted, observed, low, high and rows.
    """

    models: tuple[tuple[str, str, pd.DataFrame], ...]  # style, name and table of numbers of each model
    axis: str
    height: float = 4.4

    def table(self) -> pd.DataFrame:
        parts = [with_columns(numbers, {text("plot.label"): name}) for _, name, numbers in self.models]
        whole = pd.concat(parts, ignore_index=True)
        return whole[[text("plot.label"), *self.models[0][2].columns]]

    def beside(self, linear: Any, names: tuple[str, str]) -> Reliability:
        first, second = self.models[0][2], linear.models[0][2]
        return replace(self, models=(("network", names[0], first), ("linear", names[1], second)))

    def draw(self, ax: Axes | None) -> Axes:
        ax = plots.axes_of(ax, self.height)
        numbers = [one.to_numpy(dtype=np.float64).T for one in (frame[NUMBERS] for _, _, frame in self.models)]
        series = [
            Series(look, name, value, low, high)
            for (look, name, _), (_, value, low, high) in zip(self.models, numbers, strict=True)
        ]
        plots.reliability(ax, [one[0] for one in numbers], series)
        ax.set_xlabel(text("plot.axis.predicted"), loc="right")
        ax.set_title(self.axis, fontsize="medium", loc="left", parse_math=False)
        plots.legend(ax, series)
        return plots.legible(ax)
