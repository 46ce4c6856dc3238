"""Figures that compare the network with its linear counterpart: pairs of points, a legend and a text description."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp.document.document import Interval, LeftOut
from tabinterp.report import figures
from tabinterp.report.blocks import Block, Figure, Key, Paragraph, Table
from tabinterp.report.words import cut, interval, listed, number, reading, t, tidy

SHOWN = 15  # maximum number of rows in a figure
NAMED = 3  # number of rows named in the description of a figure


def legend() -> list[Key]:
    return [
        Key("●", "net", t("report.importance.legend.network")),
        Key("◇", "lin", t("report.importance.legend.linear")),
    ]


def crossed() -> Key:
    """Return the legend entry for the cross that marks withheld numbers in figures."""
    return Key("×", "", t("report.withheld"))


def pair(name: str, network: Interval, linear: Interval, label: str | None = None) -> figures.Pair:
    """Return a row of a figure: a name, such as a column name, and the numbers for both models. `label` is the name to show in
    the figure. If it is None, a shortened `name` is shown.
    """

    def title(model: str, part: Interval) -> str:
        return t("report.mark", name=tidy(name), model=t(f"report.{model}"), value=interval(part))

    titles = title("network", network), title("linear", linear)
    return figures.Pair(cut(name) if label is None else label, tidy(name), network, linear, *titles)


def others(count: int) -> figures.Pair:
    """Return a row without numbers that represents the `count` rows that are not shown."""
    label = t("report.other", count=count)
    return figures.Pair(label, label, Interval(), Interval())


def comparison(
    pairs: Sequence[figures.Pair],
    axis: str,
    description: str,
    figure_id: str,
    caption: str,
    numbers: Table,
    withheld: bool = False,
) -> Figure:
    """Return the figure that compares both models row by row. If `withheld` is true, missing numbers were withheld and are marked
    by a cross.
    """
    marked = withheld and any(part.value is None for one in pairs for part in (one.network, one.linear))
    svg = figures.pairs(pairs, axis, description, figure_id, "model", crossed=marked)
    return Figure(svg, description, [*legend(), *([crossed()] if marked else [])], caption, numbers)


def largest(parts: Sequence[tuple[str, Interval]], none: str | None = None) -> str:
    """Return a list, as text, of the largest numbers with their names and intervals, for the description of a figure. If there
    are no numbers, return `none`.
    """
    measured = [(name, part) for name, part in parts if part.value is not None]
    measured.sort(key=lambda item: -figures.finite(item[1].value))
    named = [f"{cut(name)} {interval(part)}" for name, part in measured[:NAMED]]
    return listed(named) if named else t("report.importance.aria_empty") if none is None else none


def left_out(methods: Sequence[LeftOut]) -> list[Block]:
    """Return a note for each gradient method that is left out of a comparison, with the reason."""
    return [
        Paragraph(
            t(
                "report.left_out",
                method=reading(row.method),
                model=t(f"report.{row.model}"),
                gap=number(row.gap),
                tolerance=number(row.tolerance),
            ),
            "note",
        )
        for row in methods
    ]
