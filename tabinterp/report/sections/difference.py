"""The sections of a page that compares two audits: changed and unchanged numbers and facts."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp import messages
from tabinterp.document.difference import LEVEL, Change, Changes, Fact, Key
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Cell, Fold, Paragraph, Section, Table
from tabinterp.report.tables import Column, name_column, table
from tabinterp.report.words import (
    level_name,
    listed,
    name_cell,
    number,
    p_value,
    series,
    signed,
    step_of,
    t,
    tidy,
)

from .first_screen import FirstScreen

COUNTS = ("rows", "held-out rows", "parameters of the network")  # facts that are numbers


def changes_screen(changes: Changes, document: Document) -> FirstScreen:
    """Return the first screen of a comparison. It states how many numbers changed and whether the verdict changed."""
    return FirstScreen(
        title=t("changes.title", first=changes.names[0], second=changes.names[1]),
        context=t("changes.context", target=document.data.target),
        target=f"{changes.names[0]} → {changes.names[1]}",
        verdict=headline(changes),
        lines=lines(changes),
        findings=[],
        performance=[],
    )


def headline(changes: Changes) -> str:
    changed = sum(change.changed for change in changes.numbers)
    tested = sum(change.q is not None for change in changes.numbers)
    return t("changes.some", count=changed, tested=tested) if changed else t("changes.none")


def lines(changes: Changes) -> list[str]:
    """Return the sentences that summarise a comparison of two audits."""
    verdict = changes.facts[0]
    verdict_line = t(
        f"changes.verdict.{'other' if verdict.changed else 'same'}", first=verdict.first, second=verdict.second
    )
    moved = sum(fact.changed for fact in changes.findings)
    tested = sum(change.q is not None for change in changes.numbers)
    return [
        verdict_line,
        t("changes.findings", checks=len(changes.findings), count=moved),
        t("changes.lead", tested=tested, level=round(100 * LEVEL)),
        t({True: "changes.same_rows", False: "changes.other_rows", None: "changes.unknown_rows"}[changes.same_rows]),
    ]


def changes_sections(changes: Changes) -> list[Section]:
    changed = [change for change in changes.numbers if change.changed]
    rest = [change for change in changes.numbers if not change.changed]
    numbers: list[Block] = [_numbers(changed, "numbers")] if changed else [Paragraph(t("changes.none"))]
    if rest:
        numbers.append(Fold(t("changes.fold", count=len(rest)), [_numbers(rest, "rest")]))
    if changes.alone:
        names = series(map(_alone, changes.alone))
        numbers.append(Paragraph(t("changes.alone", names=names), "note"))
    parts = (
        ("numbers", numbers),
        ("findings", _facts(changes.findings, "findings")),
        ("facts", _facts(changes.facts, "facts")),
    )
    return [Section(anchor, t(f"changes.section.{anchor}"), blocks) for anchor, blocks in parts]


def _numbers(rows: Sequence[Change], caption: str) -> Table:
    columns: list[Column[Change]] = [
        name_column(t("changes.name"), lambda row: _named(row.theme, row.parts)),
        Column(t("changes.theme"), lambda row: _whose(row.theme, row.of), "t"),
        Column(t("changes.first"), lambda row: number(row.first)),
        Column(t("changes.second"), lambda row: number(row.second)),
        Column(t("changes.difference"), lambda row: signed(row.difference)),
        Column(t("changes.q"), lambda row: p_value(row.q)),
    ]
    return table(t(f"changes.section.{caption}"), rows, columns)


def _named(theme: str, parts: tuple[str, ...]) -> str:
    """Return the name of a compared number. Terms of the report are translated into the reader's language. Names from the table
    are unchanged.
    """
    first, *rest = parts
    if theme in ("calibration", "gain"):
        words = [messages.word("changes.part", first), *rest]
    elif theme == "performance":
        words = [messages.word("report.metric", first)]
    elif theme == "importance":
        words = [first, *(messages.word("report.metric", loss) for loss in rest)]
    else:
        level, unit, output = rest
        words = [first, level_name(level), step_of(unit) if unit else "", output]
    return tidy(listed(filter(None, words)))


def _whose(theme: str, of: str) -> str:
    """Return the names of the analysis and the model to which a number belongs, as text."""
    return listed([t(f"changes.{theme}"), t(f"changes.of.{of}")])


def _alone(key: Key) -> str:
    theme, of, parts = key
    return f"{_whose(theme, of)}: {_named(theme, parts)}"


def _was(fact: Fact) -> list[str]:
    """Return the values of a fact in the first and in the second audit, as text in the reader's language."""
    if fact.name in COUNTS:
        return [messages.signs(value) for value in (fact.first, fact.second)]
    vocabulary = "name" if fact.name == "linear model" else "status"
    return [tidy(messages.word(vocabulary, value)) for value in (fact.first, fact.second)]


def _facts(facts: Sequence[Fact], caption: str) -> list[Block]:
    changed = [fact for fact in facts if fact.changed]
    same = listed(messages.word("changes.fact", fact.name) for fact in facts if not fact.changed)
    blocks: list[Block] = []
    if changed:
        names = ("check" if caption == "findings" else "name", "first", "second")
        head = [Cell(t(f"changes.{name}"), style="w") for name in names]
        body = [
            [
                name_cell(messages.word("changes.fact", fact.name)),
                *(Cell(value, style="w") for value in _was(fact)),
            ]
            for fact in changed
        ]
        blocks.append(Table(t(f"changes.section.{caption}"), head, body))
    if same:
        blocks.append(Paragraph(t("changes.unchanged", names=same), "note"))
    return blocks


def as_text(changes: Changes) -> str:
    """Return a comparison of two audits as text for a terminal."""
    rows = [
        t(
            "changes.text",
            theme=t(f"changes.{row.theme}"),
            of=t(f"changes.of.{row.of}"),
            name=_named(row.theme, row.parts),
            first=row.first,
            second=row.second,
            difference=signed(row.difference),
            stderr=number(row.stderr),
        )
        for row in changes.numbers
        if row.changed
    ]
    moved = [
        f"{messages.word('changes.fact', fact.name)}: {' → '.join(_was(fact))}"
        for fact in (*changes.facts, *changes.findings)
        if fact.changed
    ]
    return "\n".join([*map(tidy, (headline(changes), *lines(changes))), "", *moved, *rows])
