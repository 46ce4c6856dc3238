"""Figures that compare the network with its linear counterpart: pairs of points, their legend, and their text description."""

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
    """Return the legend entry for withheld numbers, which figures mark by a cross."""
    return Key("×", "", t("report.withheld"))


def pair(name: str, network: Interval, linear: Interval, label: str | None = None) -> figures.Pair:
    """Return the numbers of both models for one name. `label` is the name in the figure, shortened if it is long."""

    def title(model: str, part: Interval) -> str:
        return t("report.mark", name=tidy(name), model=t(f"report.{model}"), value=interval(part))

    titles = title("network", network), title("linear", linear)
    return figures.Pair(cut(name) if label is None else label, tidy(name), network, linear, *titles)


def others(count: int) -> figures.Pair:
    """Return a single row for all names that are not drawn."""
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
    """Return the figure that compares the two models. `withheld` states whether missing numbers were withheld."""
    marked = withheld and any(part.value is None for one in pairs for part in (one.network, one.linear))
    svg = figures.pairs(pairs, axis, description, figure_id, "model", crossed=marked)
    return Figure(svg, description, [*legend(), *([crossed()] if marked else [])], caption, numbers)


def largest(parts: Sequence[tuple[str, Interval]], none: str | None = None) -> str:
    """Return the largest numbers with their names and intervals, for the text description of a figure."""
    measured = [(name, part) for name, part in parts if part.value is not None]
    measured.sort(key=lambda item: -figures.finite(item[1].value))
    named = [f"{cut(name)} {interval(part)}" for name, part in measured[:NAMED]]
    return listed(named) if named else t("report.importance.aria_empty") if none is None else none


def left_out(methods: Sequence[LeftOut]) -> list[Block]:
    """Return the gradient methods that are left out of a comparison, with the reason."""
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
