"""Pictures of results, drawn into axes of the caller's: nothing is shown, no setting of Matplotlib is changed.

The network is navy, solid and filled, the linear model amber, dashed and hollow, as in the report. Matplotlib is loaded when the
first picture is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import numpy as np

from tabinterp.arrays import FloatArray
from tabinterp.messages import text
from tabinterp.messages.names import cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curve = Any  # `effects.Curve`, which is drawn by what is here

NAVY, AMBER, INK, RULE = "#08306b", "#d97706", "#1f2937", "#d1d5db"
DASH = (0.0, (1.8, 0.9))
RUG = 0.16  # of the height, for how the rows are spread
WIDE = (
    "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "Meiryo", "IPAexGothic", "MS Gothic",
    "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic",
)  # fmt: skip
SHOWN = 20  # players of a picture


def axes_of(ax: Axes | None, height: float = 4.0) -> Axes:
    """The axes given, or those of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt  # noqa: PLC0415

    return plt.subplots(figsize=(6.4, height), layout="constrained")[1]


def curve(ax: Axes | None, network: Curve, linear: Curve | None, k: int, scale: str, names: tuple[str, str]) -> Axes:
    """An effect curve with its 95% interval, spread of single rows, rows below; points of fewer than ten rows are left out."""
    ax = axes_of(ax)
    kept = ~network.small
    values = [v for v, keep in zip(network.values, kept, strict=True) if keep]
    numeric = network.kind == "numeric"
    at = _places(values, numeric)
    line = np.array([numeric and v is not None for v in values])
    ax.fill_between(
        at[line], network.ice_low[kept, k][line], network.ice_high[kept, k][line], color=NAVY, alpha=0.1, lw=0
    )
    _one(ax, at, line, network, kept, k, NAVY, "-", "o", names[0])
    if linear is not None:
        _one(ax, at, line, linear, kept, k, AMBER, DASH, "D", names[1])
    _sparse(ax, at, network.sparse[kept], line)
    _rows(ax, at, network.share[kept], numeric)
    if not numeric:
        ax.set_xticks(
            at,
            [text("plot.missing") if v is None else cut(str(v)) for v in values],
            rotation=30,
            ha="right",
            parse_math=False,
        )
    elif values and values[-1] is None:
        ax.annotate(
            text("plot.missing"),
            (at[-1], 0.15),
            (0, 4),
            ("data", "axes fraction"),
            "offset points",
            ha="center",
            fontsize="small",
        )
    ax.axhline(0, color=INK, lw=0.8, zorder=1)
    ax.set_xlabel(cut(network.column), parse_math=False)
    ax.set_ylabel(text("plot.axis.effect", {"scale": scale.replace("_", "-")}))
    ax.spines[["top", "right"]].set_visible(False)
    if linear is not None:
        ax.legend(frameon=False)
    return legible(ax)


def legible(ax: Axes) -> Axes:
    """The axes, with a font that holds Chinese, Japanese and Korean behind the caller's wherever such a text stands.

    Matplotlib's own font holds none; which of those below is there depends on the machine.
    """
    from matplotlib import font_manager  # noqa: PLC0415

    legend = ax.get_legend()
    ticks, axes = (*ax.get_xticklabels(), *ax.get_yticklabels()), (ax.xaxis.label, ax.yaxis.label, ax.title)
    for one in (*ticks, *axes, *ax.texts, *(legend.get_texts() if legend else ())):
        if any(east_asian_width(char) in "WF" for char in one.get_text()):
            there = {font.name for font in font_manager.fontManager.ttflist}
            one.set_fontfamily([*one.get_fontfamily(), *(name for name in WIDE if name in there)])
    return ax


def _places(values: list[Any], numeric: bool) -> FloatArray:
    """Where the points stand: numbers at their values, missing ones a step beyond; levels one after the other."""
    if not numeric:
        return np.arange(len(values), dtype=np.float64)
    known = [float(v) for v in values if v is not None]
    beyond = max(known) + 0.08 * max(max(known) - min(known), 1e-9) if known else 0.0
    return np.array([beyond if v is None else float(v) for v in values])


def _one(
    ax: Axes,
    at: FloatArray,
    line: Any,
    found: Curve,
    kept: Any,
    k: int,
    colour: str,
    style: Any,
    marker: str,
    name: str,
) -> None:
    """One model: a line with a band where there is an order, points with bars elsewhere."""
    value, low, high = (part[kept, k] for part in (found.effect.value, found.effect.low, found.effect.high))
    filled, label = colour if marker == "o" else "white", name
    if line.any():
        ax.fill_between(at[line], low[line], high[line], color=colour, alpha=0.25, lw=0)
        ax.plot(at[line], value[line], color=colour, ls=style, lw=1.8, label=label)
        label = "_"
    rest = ~line
    if rest.any():
        reach = np.stack([value - low, high - value])[:, rest]
        ax.errorbar(at[rest], value[rest], yerr=reach, fmt=marker, color=colour, mfc=filled, ms=6, lw=1.6, label=label)


def _sparse(ax: Axes, at: FloatArray, sparse: Any, line: Any) -> None:
    """Hatching between points of a number that few rows lie near."""
    for i in np.flatnonzero(sparse & line):
        around = at[line]
        j = int(np.flatnonzero(around == at[i])[0])
        low = (around[max(0, j - 1)] + around[j]) / 2
        high = (around[min(len(around) - 1, j + 1)] + around[j]) / 2
        ax.axvspan(low, high, facecolor="none", edgecolor=RULE, hatch="///", lw=0, zorder=0)


def _rows(ax: Axes, at: FloatArray, share: FloatArray, numeric: bool) -> None:
    """How the rows are spread, as bars along the lower edge."""
    if not len(at):
        return
    apart = np.diff(np.unique(at))
    low, high = ax.get_ylim()
    height = RUG * (high - low) * share / share.max()
    bottom = low - RUG * (high - low)
    width = 0.6 if not numeric else 0.01 * np.ptp(at) if not len(apart) else max(0.006 * np.ptp(at), 0.3 * apart.min())
    ax.bar(at, height, width=width, bottom=bottom, color=INK, alpha=0.35, lw=0)
    ax.set_ylim(bottom, high)
