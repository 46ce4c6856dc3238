"""Blocks of a section: headings, paragraphs, tables, figures, findings. Blocks contain no HTML. The templates convert them to
HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from markupsafe import Markup

from tabinterp.messages.names import width


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: its text, the full text if the text was shortened, and its style class.

    Style classes: "t" is for words and "w" for sentences, both left-aligned. "n" is for names, which can be long. "net" and "lin"
    are the colours of the network and its linear counterpart. "h0" to "h20" are the colours of a heat map.
    """

    text: str
    title: str = ""
    style: str = ""


SHEET: Final = 128  # characters per line of a printed table
HALF: Final = 56
GUTTER: Final = 2
FEW: Final = 7  # rows
FRAME: Final = 930  # width of a table in CSS pixels, on a page of 1280
CHARACTER: Final = 8.9  # width of a character in CSS pixels, in a wide system font
PADDING: Final = 19.2
WORDS: Final = 30  # width of a cell whose text takes several lines


def _taken(cell: Cell) -> int:
    """Return the number of characters in the widest line of a cell. Sentences and long names can take several lines."""
    words = {"w", "n"} & set(cell.style.split())
    return min(width(cell.text), WORDS) if words else width(cell.text)


def _longest(head: Cell) -> int:
    """Return the number of characters in the longest word of a heading. Headings can be broken between words."""
    return max(map(width, head.text.split()), default=0)


@dataclass(frozen=True, slots=True)
class Table:
    kind: ClassVar[str] = "table"
    caption: str
    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]  # the first cell names the row
    style: str = "sortable"
    open: bool = False  # shown at once; other tables of the report are folded
    number: str = ""  # "2.1" is shown as "Table 2.1"

    @property
    def tight(self) -> bool:
        """Whether the table is too wide for a screen unless the text of its cells is wrapped."""
        return CHARACTER * self._characters + PADDING * len(self.head) > FRAME

    @property
    def broad(self) -> bool:
        """Whether the table is printed in landscape format because it is too wide for a portrait sheet."""
        return len(self.head) > (17 if "heat" in self.style else 14)

    @property
    def size(self) -> str:
        """The size class of the printed table: "narrow" if two such tables fit side by side, "line" if each row fits on one line,
        and empty otherwise.
        """
        if "heat" in self.style:
            return ""
        taken = self._characters + GUTTER * len(self.head)
        return "narrow" if taken <= HALF and len(self.rows) > FEW else "line" if taken <= SHEET else ""

    @property
    def _characters(self) -> int:
        """The sum of the column widths in characters, if only sentences, long names and headings are wrapped."""
        columns = zip(self.head, zip(*self.rows, strict=True), strict=False)
        return sum(max(_longest(head), *map(_taken, column)) for head, column in columns)


@dataclass(frozen=True, slots=True)
class Paragraph:
    kind: ClassVar[str] = "paragraph"
    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    kind: ClassVar[str] = "heading"
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Points:
    kind: ClassVar[str] = "points"
    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """A list of names with their values, in a fixed order."""

    kind: ClassVar[str] = "facts"
    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend: a glyph, its style class, and its meaning."""

    glyph: str
    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Legend:
    """A legend for all figures below it."""

    kind: ClassVar[str] = "legend"
    keys: Sequence[Key]


@dataclass(frozen=True, slots=True)
class Later:
    """A figure that is drawn only when a page shows it, because text formats do not need the drawing."""

    draw: Callable[[], Markup]

    def __html__(self) -> Markup:
        return self.draw()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, with the table of its data."""

    kind: ClassVar[str] = "figure"
    svg: Later
    label: str
    legend: Sequence[Key]
    caption: str
    table: Table | None  # None: another section contains the numbers
    number: str = ""
    narrow: bool = False  # drawn for a third of the page's width


@dataclass(frozen=True, slots=True)
class FindingItem:
    code: str
    severity: str  # "act", "check" or "note"; "quiet" for a check that was not raised
    severity_text: str  # empty, like the glyph, for a check that was not raised
    glyph: str
    title: str  # empty for a check that passed, because titles name problems
    claim: str
    anchor: str  # empty: no section contains the numbers
    see: str
    next: str = ""  # what to do; empty if there is no room for it
    blind: str = ""  # limitations of the check
    power: str = ""  # the effect that the check could have detected


@dataclass(frozen=True, slots=True)
class FindingList:
    kind: ClassVar[str] = "findings"
    items: Sequence[FindingItem]


@dataclass(frozen=True, slots=True)
class Fold:
    kind: ClassVar[str] = "fold"
    summary: str
    blocks: Sequence[Block]
    open: bool = False
    printed: bool = True  # whether a PDF contains it even if its appendix is not full


@dataclass(frozen=True, slots=True)
class Panels:
    """Groups of blocks, shown side by side if there is room, and otherwise one below another."""

    kind: ClassVar[str] = "panels"
    groups: Sequence[Sequence[Block]]
    wide: bool = False  # the first of three takes half of the width
    small: bool = False  # three side by side instead of two


Block = Table | Paragraph | Heading | Points | Facts | Figure | Legend | FindingList | Fold | Panels


@dataclass(frozen=True, slots=True)
class Section:
    """A section, or a chapter with sections.

    Parameters
    ----------
    anchor : the id of the HTML element, used in links.
    title : the heading.
    blocks : the content between the heading and the first of `sections`.
    number : number of the chapter or section, such as "2" or "2.1"; empty if sections are not numbered.
    sections : the sections, if this is a chapter.
    summary : a sentence that is shown while the section is folded. Empty: the section is not folded.
    findings : raised findings about the section. Their titles are listed.
    """

    anchor: str
    title: str
    blocks: Sequence[Block]
    number: str = ""
    sections: Sequence[Section] = ()
    summary: str = ""
    findings: Sequence[FindingItem] = ()
