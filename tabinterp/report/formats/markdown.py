"""The report as GitHub-flavoured Markdown. Figures are replaced by the tables of their data.

No text from the data can become markup, a link, a mention or mathematics. Characters with a special meaning in Markdown are
escaped. GitHub also converts addresses, @mentions, #numbers, :emoji: and $formulas$, even if they are escaped. A word that
contains one of these is therefore put in a code span.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tabinterp.document import claims
from tabinterp.document.document import Document
from tabinterp.document.labels import labelled
from tabinterp.report.blocks import (
    Block,
    Cell,
    Facts,
    Figure,
    FindingList,
    Fold,
    Heading,
    Legend,
    Panels,
    Paragraph,
    Points,
    Section,
    Table,
)
from tabinterp.report.contents import chapters
from tabinterp.report.sections.first_screen import first_screen
from tabinterp.report.words import t, tidy

from .model_card import FRONT_MATTER, card_context, card_sections

LINKED = re.compile(r"@|://|www\.|mailto:|xmpp:|#\d|gh-\d|\$|:[\w+-]+:", re.IGNORECASE)
NUMBERS = r"[+−\d][\d.,e+−]*"
INTERVAL = re.compile(rf"(\[(?:–|{NUMBERS}, {NUMBERS})\](?![\[(:]))")
SPECIAL = re.compile(r"[\\`*\[\]<>&|~#]|(?<![^\W_])_|_(?![^\W_])")  # an underscore inside a word is not markup
OPENING = re.compile(r"^(?:(?=[-+=])|(\d{1,9})(?=[.)](?:\s|$)))")  # would turn a line into a list or a rule
FOLD = 5  # level of the heading for a folded part


def render_markdown(document: Document) -> str:
    """Return the whole report as Markdown."""
    claims.check(document)
    document = labelled(document)
    first = first_screen(document)
    lines = [first.context, *first.lines, first.target]
    return "".join(f"**{line(one)}**\n\n" for one in first.voids) + _page(
        first.verdict, lines, chapters(document), document
    )


def render_card(document: Document) -> str:
    """Return a model card (Mitchell et al. 2019) as Markdown, with front matter for a model hub."""
    claims.check(document)
    document = labelled(document)
    front = FRONT_MATTER[document.data.task]
    return f"---\n{front}---\n\n" + _page(*card_context(document), card_sections(document), document)


def _page(title: str, lines: Iterable[str], parts: Iterable[Section], document: Document) -> str:
    made = [f"# {escaped(title)}", *map(line, lines)]
    for part in parts:
        made += [f"## {escaped(f'{part.number} {part.title}'.strip())}", *_blocks(part.blocks)]
        for section in part.sections:
            made += [f"### {escaped(f'{section.number} {section.title}')}", *_blocks(section.blocks)]
    made += ["---", line(t("report.footer", version=document.method.version))]
    return "\n\n".join(made) + "\n"


def escaped(words: str) -> str:
    """Return untrusted text on one line, escaped so that Markdown shows it as plain text.

    >>> print(escaped("PAY_0 | *x* <b> [a](b) 0.5 [0.4, 0.6]"), escaped("mail a@b.c"))
    PAY_0 \\| \\*x\\* \\<b\\> \\[a\\](b) 0.5 [0.4, 0.6] mail `a@b.c`
    """
    if not words.strip():
        return ""
    parts = enumerate(INTERVAL.split(tidy(words)))
    return "".join(part if at % 2 else " ".join(map(_word, part.split(" "))) for at, part in parts)


def line(words: str) -> str:
    """Escape text for the beginning of a line, where a dash or a number could start a list."""
    return OPENING.sub(r"\1\\", escaped(words))


def _word(word: str) -> str:
    return r"\|".join(
        _code(piece) if LINKED.search(piece) else SPECIAL.sub(r"\\\g<0>", piece) for piece in word.split("|")
    )


def _code(piece: str) -> str:
    """Return text as a code span. The fence is longer than any sequence of backticks in the text."""
    fence = "`" * (1 + max(map(len, re.findall("`+", piece)), default=0))
    pad = " " if piece.startswith("`") or piece.endswith("`") else ""
    return f"{fence}{pad}{piece}{pad}{fence}"


def _blocks(parts: Iterable[Block]) -> list[str]:
    return [text for part in parts for text in WRITTEN[type(part)](part)]


def _table(part: Table) -> list[str]:
    rule = [":---" if at == 0 or {"t", "w"} & set(cell.style.split()) else "---:" for at, cell in enumerate(part.head)]
    rows = [_row(part.head), f"| {' | '.join(rule)} |", *map(_row, part.rows)]
    caption = f"{t('report.table.number', number=part.number)}. {part.caption}" if part.number else part.caption
    return [f"*{escaped(caption)}*", "\n".join(rows)]


def _row(cells: Sequence[Cell]) -> str:
    return f"| {' | '.join(escaped(_whole(cell)) for cell in cells)} |"


def _whole(cell: Cell) -> str:
    """Return the full text of a cell. Unlike the HTML page, Markdown cannot show the full text on hover."""
    return cell.title if cell.title and "…" in cell.text else cell.text


def _facts(part: Facts) -> list[str]:
    return ["\n".join(f"- **{escaped(name)}**: {escaped(value)}" for name, value in part.pairs)]


def _findings(part: FindingList) -> list[str]:
    items = []
    for one in part.items:
        name = escaped(f"{one.glyph} {one.code} {one.severity_text}".strip())
        head = f"- **{name}** {escaped(one.claim)} {escaped(one.see)}".rstrip()
        items.append("\n\n".join([head, *(f"  {line(more)}" for more in (one.power, one.next, one.blind) if more)]))
    return ["\n".join(items)]


def _figure(part: Figure) -> list[str]:
    named = [t("report.figure.number", number=part.number)] if part.number else []
    caption = ". ".join([*named, *([part.caption] if part.caption else [])])
    return [line(part.label), line(caption), *([] if part.table is None else _table(part.table))]


def _fold(part: Fold) -> list[str]:
    return [f"{'#' * FOLD} {escaped(part.summary)}", *_blocks(part.blocks)]


WRITTEN: dict[type[Any], Callable[[Any], list[str]]] = {
    Table: _table,
    Paragraph: lambda part: [line(part.text)],
    Heading: lambda part: [f"#### {escaped(part.title or part.text)}"],
    Points: lambda part: ["\n".join(f"- {line(item)}" for item in part.items)],
    Facts: _facts,
    Figure: _figure,
    Legend: lambda _: [],  # not needed, because figures are tables here
    FindingList: _findings,
    Fold: _fold,
    Panels: lambda part: _blocks(block for group in part.groups for block in group),
}
