"""Previews of tables, models, findings and results for a terminal or a notebook. A preview has at most ten lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from tabinterp import messages
from tabinterp.frames import any_backend
from tabinterp.messages.names import cut, shortened, terminal, tidy, width

if TYPE_CHECKING:
    import pandas as pd

MOST = 7  # rows, in addition to the title, the head and the line that counts the remaining rows
WIDEST = 100  # display columns of a line
CELL = '<t{0} style="padding:.15em .6em;text-align:left">{1}</t{0}>'


@dataclass(frozen=True)
class Preview:
    """A preview: a title and a short table.

    Parameters
    ----------
    title : a title of one line.
    rows : first rows of the table. At most seven rows are shown.
    head : names of the columns. Empty if each row consists of a name and a value.
    count : total number of rows of the table.
    """

    title: str
    rows: Sequence[Sequence[Any]]
    head: Sequence[str] = ()
    count: int = 0

    @property
    def lines(self) -> list[list[str]]:
        """The rows as text. If the table has a header, it is the first row."""
        return [[cut(name) for name in self.head]] * bool(self.head) + [
            [_shown(value, longest=28 if self.head else WIDEST - 18) for value in row] for row in self.rows[:MOST]
        ]

    @property
    def others(self) -> str:
        """A line that states how many rows are not shown. It is empty if all rows are shown."""
        left = self.count - len(self.rows[:MOST])
        return messages.text("preview.more", {"count": left}) if left > 0 else ""

    def text(self) -> str:
        """The preview as text for a terminal."""
        lines = self.lines
        widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
        fitting = [at for at in range(len(widths)) if sum(widths[: at + 1]) + 2 * at <= WIDEST] or [0]
        left = len(widths) - len(fitting)
        body = [
            "  ".join(line[at] + " " * (widths[at] - width(line[at])) for at in fitting if line).rstrip()
            for line in lines
        ]
        if left > 0:
            body[0] += "  …"
        return terminal("\n".join([shortened(self.title, WIDEST), *body, *([self.others] if self.others else [])]))

    def html(self) -> str:
        """The preview as HTML for a notebook. All text is escaped."""
        lines = self.lines
        names = "".join(CELL.format("h", escape(name)) for name in lines[0]) if self.head else ""
        head = f"<thead><tr>{names}</tr></thead>" if names else ""
        body = "".join(
            f"<tr>{''.join(CELL.format('d', escape(cell)) for cell in line)}</tr>" for line in lines[bool(self.head) :]
        )
        others = f"<p>{escape(self.others)}</p>" if self.others else ""
        return (
            f'<div class="tabinterp-preview"><p><strong>{escape(tidy(self.title))}</strong></p>'
            f"<table>{head}<tbody>{body}</tbody></table>{others}</div>"
        )


class Previewed:
    """Base class of objects that are shown as a preview in a terminal or a notebook."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "__repr__" not in cls.__dict__:  # otherwise a dataclass generates one that prints whole arrays
            cls.__repr__ = Previewed.__repr__  # type: ignore[method-assign]

    def preview(self) -> Preview:
        """Return the preview: a title and the first rows."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.preview().text()

    def _repr_html_(self) -> str:
        return self.preview().html()


class PreviewedFrame(Previewed):
    """Base class of results that are shown as the first rows of their DataFrame."""

    @any_backend
    def frame(self) -> pd.DataFrame:
        raise NotImplementedError

    def preview(self) -> Preview:
        """Return a preview with the name of the result and the first rows of its DataFrame."""
        frame = self.frame()
        first = frame.head(MOST).dropna(axis="columns", how="all")
        rows = first.astype(object).where(first.notna(), None).to_numpy().tolist()
        title = messages.text("preview.result", {"name": type(self).__name__, "rows": len(frame)})
        return Preview(title, rows, [str(name) for name in first.columns], len(frame))


def _shown(value: Any, longest: int) -> str:
    """Return the text of a cell. Numbers have three significant digits. Long names are shortened to fit on one line."""
    if value is None or isinstance(value, bool):
        return messages.number(None) if value is None else str(value)
    if isinstance(value, int):
        return messages.count(value)
    if isinstance(value, float):
        return messages.number(value)
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # a NumPy number
        return _shown(value.item(), longest)
    return shortened(str(value), longest) if longest > 28 else cut(str(value), longest)
