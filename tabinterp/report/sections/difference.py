"""Two audits side by side, as a page: what changed, and what did not."""

from __future__ import annotations

from collections.abc import Sequence

from tabinterp import messages
from tabinterp.document.difference import LEVEL, Change, Changes, Fact, Key
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Cell, Fold, Paragraph, Section, Table
from tabinterp.report.words import (
    cells,
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


def changes_screen(found: Changes, document: Document) -> FirstScreen:
    """The first screen: how many numbers changed, and whether the verdict did."""
    return FirstScreen(
        title=t("changes.title", first=found.names[0], second=found.names[1]),
        context=t("changes.context", target=document.data.target),
        target=f"{found.names[0]} → {found.names[1]}",
        verdict=headline(found),
        lines=lines(found),
        findings=[],
        performance=[],
    )


def headline(found: Changes) -> str:
    changed = sum(change.changed for change in found.numbers)
    tested = sum(change.q is not None for change in found.numbers)
    return t("changes.some", count=changed, tested=tested) if changed else t("changes.none")


def lines(found: Changes) -> list[str]:
    """What is said of all of it, in words."""
    verdict = found.facts[0]
    told = t(f"changes.verdict.{'other' if verdict.changed else 'same'}", first=verdict.first, second=verdict.second)
    moved = sum(fact.changed for fact in found.findings)
    tested = sum(change.q is not None for change in found.numbers)
    return [
        told,
        t("changes.findings", checks=len(found.findings), count=moved),
        t("changes.lead", tested=tested, level=round(100 * LEVEL)),
        t({True: "changes.same_rows", False: "changes.other_rows", None: "changes.unknown_rows"}[found.same_rows]),
    ]


def changes_sections(found: Changes) -> list[Section]:
    changed = [change for change in found.numbers if change.changed]
    rest = [change for change in found.numbers if not change.changed]
    numbers: list[Block] = [_numbers(changed, "numbers")] if changed else [Paragraph(t("changes.none"))]
    if rest:
        numbers.append(Fold(t("changes.fold", count=len(rest)), [_numbers(rest, "rest")]))
    if found.alone:
        names = series(map(_alone, found.alone))
        numbers.append(Paragraph(t("changes.alone", names=names), "note"))
    parts = (
        ("numbers", numbers),
        ("findings", _facts(found.findings, "findings")),
        ("facts", _facts(found.facts, "facts")),
    )
    return [Section(anchor, t(f"changes.section.{anchor}"), blocks) for anchor, blocks in parts]


def _numbers(rows: Sequence[Change], caption: str) -> Table:
    columns = ("name", "theme", "first", "second", "difference", "q")
    body = [
        [
            name_cell(_named(row.theme, row.parts)),
            Cell(_whose(row.theme, row.of), style="t"),
            *cells([number(row.first), number(row.second), signed(row.difference), p_value(row.q)]),
        ]
        for row in rows
    ]
    head = [Cell(t(f"changes.{name}"), style="t" if name == "theme" else "") for name in columns]
    return Table(t(f"changes.section.{caption}"), head, body)


def _named(theme: str, parts: tuple[str, ...]) -> str:
    """What a number is called: our own words in the reader's language, names of the table as they are."""
    first, *rest = parts
    if theme in ("calibration", "gain"):
        told = [messages.word("changes.part", first), *rest]
    elif theme == "performance":
        told = [messages.word("report.metric", first)]
    elif theme == "importance":
        told = [first, *(messages.word("report.metric", loss) for loss in rest)]
    else:
        level, unit, output = rest
        told = [first, level_name(level), step_of(unit) if unit else "", output]
    return tidy(listed(part for part in told if part))


def _whose(theme: str, of: str) -> str:
    """What a number is of: a reading, and a model."""
    return listed([t(f"changes.{theme}"), t(f"changes.of.{of}")])


def _alone(key: Key) -> str:
    theme, of, parts = key
    return f"{_whose(theme, of)}: {_named(theme, parts)}"


def _was(fact: Fact) -> list[str]:
    """What it was and what it is; a status or a number of rows as the reader's language writes it."""
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


def as_text(found: Changes) -> str:
    """For a terminal."""
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
        for row in found.numbers
        if row.changed
    ]
    moved = [
        f"{messages.word('changes.fact', fact.name)}: {' → '.join(_was(fact))}"
        for fact in (*found.facts, *found.findings)
        if fact.changed
    ]
    return "\n".join([*map(tidy, (headline(found), *lines(found))), "", *moved, *rows])
