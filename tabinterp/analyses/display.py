"""Display of results: `.plot(ax=None)`, `.to_html()`, and the table shown in a notebook.

Each class of results declares its plot with a `Drawn` object, which contains the columns of the frame to draw and a function that
labels the rows. To plot a new result, add such a declaration to its class. If the numbers to draw are not in the frame, define
`_numbers`.
"""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from tabinterp.errors import NotApplicableError
from tabinterp.linear.terms import Slope
from tabinterp.messages import english, number, text
from tabinterp.messages.names import tidy
from tabinterp.preview import PreviewedFrame
from tabinterp.table.coerce import with_columns

from .plot_specs import Dots, Picture
from .plots import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL = Markup('<t{} style="padding:.15em .6em;text-align:{}">{}</t{}>')


# ---- labels of rows


def by_column(row: Mapping[str, Any]) -> str:
    return str(row["column"])


def by_term(row: Mapping[str, Any]) -> str:
    """Return the label of a term, which is a numeric column (with its unit, if it has one) or a level of a column."""
    if not pd.isna(row["level"]):
        return f"{row['column']}: {row['level']}"
    if not pd.isna(row["sd"]) or pd.isna(row["unit"]):
        return str(row["column"])
    return text("plot.label.per", {"column": row["column"], "unit": row["unit"]})


def by_unit(row: Mapping[str, Any]) -> str:
    return text("plot.label.unit", {"layer": row["layer"], "unit": row["unit"]})


def by_pair(row: Mapping[str, Any]) -> str:
    return f"{row['first']} × {row['second']}"


def by_group(row: Mapping[str, Any]) -> str:
    """Return the label of a group of rows, such as the rows with a level of a column or in a range of a numeric column."""
    if row["kind"] == "all":
        return text("plot.label.all")
    ends = {"low_end": row["low"], "high_end": row["high"]}
    return text(f"group.{row['kind']}", {"column": row["column"], "level": row["level"], **ends})


def named(name: str, vocabulary: str = "") -> Callable[[Mapping[str, Any]], str]:
    """Return a function that labels a row by the value of its column `name`.

    If a vocabulary is given, the value is a key of this vocabulary, and the label is its word in the message catalogue.
    """
    return lambda row: text(f"{vocabulary}.{row[name]}") if vocabulary else str(row[name])


def worded(key: str) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that labels a row with the message `key`. The cells of the row fill the message's placeholders."""
    return lambda row: text(key, row)


# ---- a frame as a dot plot


@dataclass(frozen=True)
class Drawn:
    """Declaration of how a data frame is drawn as a dot plot.

    Parameters
    ----------
    series : mapping from the style or name of each series to three columns of the frame: the value, and the lower and upper ends
        of its interval (None if the series has no interval).
    by : column that identifies the series of each row. `series` then contains one entry for each value of this column, and all
        entries have the same columns. None means that every series uses all rows.
    order : column by which rows are sorted in decreasing order. None keeps the order of the frame.
    filled : attributes of the result that fill the placeholders in the axis label.
    """

    axis: str
    series: Mapping[str, tuple[str, str | None, str | None]]
    label: Callable[[Mapping[str, Any]], str] = by_column
    order: str | None = None
    by: str | None = None
    other: str = "columns"
    at: float | None = 0.0
    filled: tuple[str, ...] = ()
    names: str = "plot.series"

    def of(self, frame: pd.DataFrame, axis: str) -> Dots:
        """Return the plot of a frame with the given axis label."""
        rows = frame.to_dict("records")
        labels = [tidy(self.label({str(k): v for k, v in row.items()})) for row in rows]
        order = list(dict.fromkeys(labels))
        if self.order is not None:
            size = pd.Series(pd.to_numeric(frame[self.order], errors="coerce").to_numpy(), index=labels)
            size = size.groupby(level=0).max().reindex(order)
            order = [order[i] for i in np.argsort(-size.to_numpy(), kind="stable")]  # Rows without a number come last.
        series = tuple(self._series(with_columns(frame, {"": labels}), order, key) for key in self.series)
        return Dots(
            tuple(order),
            tuple(s for s in series if not np.isnan(s.value).all()) or series[:1],
            axis,
            self.other,
            self.at,
        )

    def _series(self, frame: pd.DataFrame, order: list[str], key: str) -> Series:
        some = frame if self.by is None else frame[frame[self.by] == key]
        some = some.drop_duplicates("").set_index("").reindex(order)
        value, low, high = (
            np.full(len(order), np.nan) if name is None else pd.to_numeric(some[name]).to_numpy(dtype=np.float64)
            for name in self.series[key]
        )
        return Series(key, text(f"{self.names}.{key}"), value, low, high)


def scaled(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Convert the columns `names` of a frame from "per unit" to "per standard deviation" of each term's column.

    Rows for levels are unchanged. A column `size` is added, which contains the absolute value of the first converted column.
    """
    factor = pd.to_numeric(frame["sd"]).fillna(1.0)
    made = {name: pd.to_numeric(frame[name]) * factor for name in names}
    return frame.assign(**made, size=made[names[0]].abs())


def in_sd(frame: pd.DataFrame, mean: Any, sd: Any) -> pd.DataFrame:
    """Convert the values of an objective in a frame to standard deviations from the objective's mean over the rows."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return frame.assign(**{name: (frame[name] - mean) / sd for name in ("value", "real") if name in frame})


def spreads(terms: Any, outputs: int = 1) -> Any:
    """Return the standard deviation of each term's column, repeated for each output (outputs * terms,); NaN for levels."""
    return np.tile([one.sd if isinstance(one, Slope) else np.nan for one in terms], outputs)


# ---- base classes of results


class Shown(PreviewedFrame):
    """A result with one plot for each output or curve."""

    def pictures(self) -> list[Picture]:
        raise NotImplementedError

    def to_html(self) -> str:
        """Return a self-contained HTML fragment that contains each plot as an image, followed by a table of its numbers.

        All names are escaped.
        """
        return str(Markup("\n").join(map(_figure, self.pictures())))


class Display(Shown):
    """A result with one plot for each of its outputs."""

    drawn: ClassVar[Drawn]

    def plot(
        self,
        ax: Axes | None = None,
        *,
        output: str | None = None,
        linear: Any = None,
        names: tuple[str, str] | None = None,
    ) -> Axes:
        """Draw at most twenty rows of the result on `ax` (default: the axes of a new figure), and return the axes.

        The plot is not shown, and no Matplotlib setting is changed.

        Parameters
        ----------
        output : the output to draw; by default, the first.
        linear : the result of the same analysis for the linear model, which is drawn in the same plot.
        names : labels of the network and the linear model in the legend.

        Raises
        ------
        NotApplicableError
            If there is no such output, or if `linear` was computed with settings that differ from those of this result.
        """
        known = self._outputs()
        if output is not None and output not in known:
            raise NotApplicableError(f"output must be one of {known}; got {output!r}")
        asked = known[0] if output is None else output
        made = self.picture(asked)
        if linear is not None:
            made = made.beside(linear.picture(asked), names or both_names())
        return made.draw(ax)

    def pictures(self) -> list[Picture]:
        return [self.picture(output) for output in self._outputs()]

    def picture(self, output: str | None) -> Picture:
        frame = self._numbers()
        if "output" in frame:
            frame = frame[frame["output"].isna() if output is None else frame["output"] == output]
        axis = self._axis()
        if output is not None and len(self._outputs()) > 1:
            axis = text("plot.output", {"axis": axis, "output": output})
        return self.drawn.of(frame, axis)

    def _numbers(self) -> pd.DataFrame:
        """Return the numbers to draw: the frame, unless a class overrides this method."""
        return self.frame()

    def _axis(self) -> str:
        return text(self.drawn.axis, {name: word(getattr(self, name)) for name in self.drawn.filled})

    def _outputs(self) -> list[str | None]:
        return list(getattr(self, "outputs", (None,)))


def word(name: str) -> str:
    """Return the display name of a metric or method. A name without a translation is returned unchanged."""
    known = [key for key in (f"report.metric.{name}", f"reading.{name}") if key in english()]
    return text(known[0]) if known else name


def both_names() -> tuple[str, str]:
    return text("plot.series.network"), text("plot.series.linear")


# ---- HTML


def _figure(picture: Picture) -> Markup:
    table = picture.table()
    image = base64.b64encode(_svg(picture)).decode("ascii")
    head = Markup("").join(_cell("h", name, at) for at, name in enumerate(table.columns))
    rows = Markup("\n").join(
        Markup("<tr>{}</tr>").format(Markup("").join(_cell("d", value, at) for at, value in enumerate(row)))
        for row in table.itertuples(index=False, name=None)
    )
    return Markup(
        '<figure class="tabinterp-display" style="margin:0 0 1em">\n'
        '<img alt="{alt}" src="data:image/svg+xml;base64,{image}" style="max-width:100%;background:#fff">\n'
        '<details><summary>{numbers}</summary><table style="border-collapse:collapse">\n'
        "<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></details>\n</figure>"
    ).format(alt=tidy(picture.axis), image=image, numbers=text("plot.numbers"), head=head, rows=rows)


def _cell(kind: str, value: Any, at: int) -> Markup:
    told = number(float(value)) if isinstance(value, (float, np.floating)) else tidy(str(value))
    return CELL.format(kind, "right" if at else "left", escape(told), kind)


def _svg(picture: Picture) -> bytes:
    """Return a plot as SVG, without using pyplot and without changing the settings of Matplotlib."""
    from matplotlib import rc_context, style  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    out = io.BytesIO()
    with (
        style.context("default"),
        rc_context({"svg.fonttype": "none", "svg.hashsalt": "tabinterp"}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)  # The browser uses its own fonts.
        figure = Figure(figsize=(6.4, picture.height), layout="constrained")
        picture.draw(figure.add_subplot())
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()
