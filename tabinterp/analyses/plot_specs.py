"""What there is to draw of a result, with its table: dots with intervals, a heat map, an effect curve, a reliability curve.

A picture is data; it is drawn into axes of the caller's, nothing is shown, no setting of Matplotlib is changed. The network is
navy, filled and solid, the linear model amber, hollow and dashed, as in the report. At most twenty rows are drawn; how many
others there are stands below them, and the table holds all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray
from tabinterp.errors import NotApplicableError
from tabinterp.messages import text
from tabinterp.messages.names import cut
from tabinterp.table.coerce import with_columns

from . import plots
from .plots import AMBER, INK, NAVY, RULE, SHOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREY = "#4b5563"
LOOKS = {"network": (NAVY, "-", "o", True), "linear": (AMBER, "--", "D", False)}
OTHERS = (
    (NAVY, "-", "o", True),
    (INK, ":", "s", False),
    (GREY, "-.", "^", True),
    (GREY, "--", "v", False),
)  # of what is neither
ROOMY = 10  # columns of a heat map whose numbers are set larger
COLD, WARM = "#7b3294", "#00695c"  # below and above zero, as in the report
DARK = 0.179  # relative luminance at which black and white text have the same contrast (WCAG 2.2)


class Picture(Protocol):
    @property
    def axis(self) -> str: ...

    @property
    def height(self) -> float:
        """Inches, of a figure of its own."""

    def draw(self, ax: Axes | None) -> Axes: ...

    def table(self) -> pd.DataFrame: ...

    def beside(self, linear: Any, names: tuple[str, str]) -> Picture: ...


@dataclass(frozen=True)
class Series:
    """One model, or one way: arrays (rows,), NaN where there is no number. `look` is "network", "linear" or something else."""

    look: str
    name: str
    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Dots:
    """A row for each label, in the order of the picture; `other` names what is left out beyond twenty."""

    labels: tuple[str, ...]
    series: tuple[Series, ...]
    axis: str
    other: str = "columns"
    at: float | None = 0.0  # where the line stands that numbers are compared with

    @property
    def height(self) -> float:
        return 1.4 + 0.3 * min(len(self.labels), SHOWN + 1)

    def table(self) -> pd.DataFrame:
        made: dict[str, Any] = {text("plot.label"): list(self.labels)}
        for one in self.series:
            made[one.name] = one.value
            if not np.isnan(one.low).all():
                made |= {text(f"plot.{end}", {"series": one.name}): getattr(one, end) for end in ("low", "high")}
        return pd.DataFrame(made)

    def beside(self, linear: Any, names: tuple[str, str]) -> Dots:
        """The same rows of the linear model below each."""
        alike = isinstance(linear, Dots) and len(self.series) == len(linear.series) == 1 and self.axis == linear.axis
        if not alike or not set(self.labels) <= set(linear.labels):
            raise NotApplicableError(
                "both results are of the same players, and of one kind (method, loss, conditional or not)"
            )
        at, one = [linear.labels.index(label) for label in self.labels], linear.series[0]
        ends = {end: getattr(one, end)[at] for end in ("value", "low", "high")}
        second = Series("linear", names[1], **ends)
        return replace(self, series=(replace(self.series[0], look="network", name=names[0]), second))

    def draw(self, ax: Axes | None) -> Axes:
        ax = plots.axes_of(ax, self.height)
        shown, count = min(len(self.labels), SHOWN), len(self.series)
        for i, one in enumerate(self.series):
            colour, line, marker, full = LOOKS.get(one.look, OTHERS[i % len(OTHERS)])
            value = one.value[:shown]
            reach = np.nan_to_num(np.stack([value - one.low[:shown], one.high[:shown] - value]).clip(min=0))
            away = 0.0 if count == 1 else 0.34 * (i / (count - 1) - 0.5)
            bars = ax.errorbar(
                value, np.arange(shown) + away, xerr=reach, fmt=marker, color=colour, mfc=colour if full else "white",
                ms=5, lw=1.6, label=one.name,
            )  # fmt: skip
            bars[2][0].set_linestyle(line)
        if self.at is not None:
            ax.axvline(self.at, color=INK, lw=0.8, zorder=1)
        names, left = [cut(label) for label in self.labels[:shown]], len(self.labels) - shown
        if left:
            names.append(text(f"plot.other.{self.other}", {"count": left}))
        ax.set_yticks(np.arange(len(names)), names, parse_math=False)
        ax.set_ylim(max(len(names), 1) - 0.5, -0.5)
        if (span := self._span(shown)) is not None:
            ax.set_xlim(*span)
        ax.set_xlabel(self.axis, parse_math=False)
        ax.grid(axis="x", color=RULE, lw=0.6)
        ax.set_axisbelow(True)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
        if count > 1:
            ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=count, borderaxespad=0)
        return plots.legible(ax)

    def _span(self, shown: int) -> tuple[float, float] | None:
        """All points and the line; intervals as far as they leave the points legible."""
        points = np.concatenate([[] if self.at is None else [self.at], *(one.value[:shown] for one in self.series)])
        points = points[np.isfinite(points)]
        if not len(points):
            return None
        ends = np.concatenate([part[:shown] for one in self.series for part in (one.low, one.high)])
        ends = np.concatenate([ends[np.isfinite(ends)], points])
        room = np.ptp(points) or np.ptp(ends) or 1.0
        low, high = max(ends.min(), points.min() - room), min(ends.max(), points.max() + room)
        edge = 0.04 * ((high - low) or 1.0)
        return float(low - edge), float(high + edge)


@dataclass(frozen=True)
class Heat:
    """Numbers in [-1, 1] (rows, columns), coloured about zero; the strongest twenty rows and columns, in their own order."""

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
        raise NotApplicableError("two heat maps do not fit one pair of axes: plot each into its own")

    def draw(self, ax: Axes | None) -> Axes:
        from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415

        ax = plots.axes_of(ax, self.height)
        size = np.nan_to_num(np.abs(self.values))
        at = [_strongest(size.max(axis=1 - d, initial=0.0)) for d in (0, 1)]
        names = [
            [cut(own[i]) for i in some]
            + [text(f"plot.other.{other}", {"count": n}) for n in [len(own) - len(some)] if n]
            for own, some, other in zip((self.rows, self.columns), at, self.others, strict=True)
        ]
        shown = self.values[np.ix_(*at)]
        colours = LinearSegmentedColormap.from_list("signed", [COLD, "white", WARM])
        ax.imshow(shown, cmap=colours, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
        part = colours((np.nan_to_num(shown) + 1) / 2)[..., :3]
        linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        dark = linear @ np.array([0.2126, 0.7152, 0.0722]) < DARK
        small = 8.0 if max(shown.shape[1:], default=0) <= ROOMY else 6.0
        for i, j in np.ndindex(shown.shape):
            told = "–" if np.isnan(shown[i, j]) else f"{shown[i, j]:.2f}".replace("-0.00", "0.00").replace("-", "−")
            ax.text(j, i, told, ha="center", va="center", fontsize=small, color="white" if dark[i, j] else "black")
        ax.set_xticks(
            np.arange(len(names[1])), names[1], rotation=45, ha="right", rotation_mode="anchor", parse_math=False
        )
        ax.set_yticks(np.arange(len(names[0])), names[0], parse_math=False)
        ax.set(xlim=(-0.5, len(names[1]) - 0.5), ylim=(len(names[0]) - 0.5, -0.5))
        ax.set_title(self.axis, fontsize="medium", loc="left", parse_math=False)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        return plots.legible(ax)


def _strongest(size: FloatArray) -> Sequence[int]:
    return sorted(int(i) for i in np.argsort(-size, kind="stable")[:SHOWN])


@dataclass(frozen=True)
class Effect:
    """The curve of one column (`effects.Curve`), of output `k`; `linear` at the same points."""

    curve: Any
    k: int
    scale: str
    names: tuple[str, str]
    output: str | None = None
    linear: Any = None
    height: float = 4.0

    @property
    def axis(self) -> str:
        column = str(self.curve.column)
        return column if self.output is None else text("plot.output", {"axis": column, "output": self.output})

    def table(self) -> pd.DataFrame:
        kept = ~self.curve.small
        values = [
            text("plot.missing") if v is None else v for v, keep in zip(self.curve.values, kept, strict=True) if keep
        ]
        made: dict[str, Any] = {self.curve.column: values}
        for name, one in zip(self.names, (self.curve, self.linear), strict=True):
            if one is not None:
                made[name] = one.effect.value[kept, self.k]
                made |= {
                    text(f"plot.{end}", {"series": name}): getattr(one.effect, end)[kept, self.k]
                    for end in ("low", "high")
                }
        return pd.DataFrame(made)

    def beside(self, linear: Any, names: tuple[str, str]) -> Effect:
        if linear.curve.values != self.curve.values:
            raise NotApplicableError(
                f"both results are read at the same points of {self.curve.column!r}: on the same table and grid"
            )
        return replace(self, linear=linear.curve, names=names)

    def draw(self, ax: Axes | None) -> Axes:
        return plots.curve(ax, self.curve, self.linear, self.k, self.scale, self.names)


@dataclass(frozen=True)
class Reliability:
    """Outcomes beside predictions of neighbouring rows: for each model a table with predicted, observed, low, high, rows."""

    models: tuple[tuple[str, str, pd.DataFrame], ...]  # look, name, numbers
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
        whole = self.table()[["predicted", "observed"]].to_numpy(dtype=float)
        if len(whole):
            ax.plot([whole.min(), whole.max()], [whole.min(), whole.max()], color=INK, lw=0.8, zorder=1)
        for look, name, numbers in self.models:
            colour, line, marker, full = LOOKS[look]
            reach = np.stack([numbers["observed"] - numbers["low"], numbers["high"] - numbers["observed"]])
            ax.errorbar(
                numbers["predicted"], numbers["observed"], yerr=np.nan_to_num(reach), fmt=marker, ls=line, color=colour,
                mfc=colour if full else "white", ms=5, lw=1.4, label=name,
            )  # fmt: skip
        ax.set_xlabel(text("plot.axis.predicted"))
        ax.set_ylabel(self.axis, parse_math=False)
        ax.spines[["top", "right"]].set_visible(False)
        if len(self.models) > 1:
            ax.legend(frameon=False)
        return plots.legible(ax)
