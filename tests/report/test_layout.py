"""The columns of a section, what figures in a row share, and the order of the report on paper."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from markupsafe import Markup

from tabinterp.errors import DocumentError
from tabinterp.report.appendix import with_appendix
from tabinterp.report.blocks import (
    Cell,
    Figure,
    Fold,
    Heading,
    Key,
    Later,
    Legend,
    Panels,
    Paragraph,
    Points,
    Section,
    Table,
)
from tabinterp.report.contents import chapters
from tabinterp.report.figures import TEXT, text_width
from tabinterp.report.layout import arranged
from tabinterp.report.numbering import numbered
from tabinterp.report.paper import PADDING, SHEET, printed_tables
from tests.report.samples import binary

NETWORK, LINEAR, BAND = Key("●", "net", "network"), Key("◇", "lin", "linear"), Key("▒", "net", "band")


def picture(*legend: Key) -> Figure:
    return Figure(Later(lambda: Markup("<svg></svg>")), "label", legend, "", None, narrow=True)


def numbers(rows: int = 1, open_: bool = False) -> Table:
    return Table("caption", [Cell("head")], [[Cell(str(row))] for row in range(rows)], open=open_)


def card(name: str, paragraphs: int) -> list:
    return [Heading(name), *[Paragraph("words")] * paragraphs]


def headings(groups) -> list[list[str]]:
    return [[block.text for block in group if isinstance(block, Heading)] for group in groups]


def test_each_card_goes_to_the_shorter_column():
    (panels,) = arranged([*card("a", 2), *card("b", 9), *card("c", 3), *card("d", 1)], "section")
    assert headings(panels.groups) == [["a", "c", "d"], ["b"]]


def test_a_lead_stands_beside_one_card_and_above_several():
    lead = [Paragraph("lead"), Points(["one", "two"])]
    (panels,) = arranged([*lead, *card("a", 1)], "section")
    assert [list(group) for group in panels.groups] == [lead, card("a", 1)]
    first, second, panels = arranged([*lead, *card("a", 1), *card("b", 1)], "section")
    assert [first, second] == lead
    assert headings(panels.groups) == [["a"], ["b"]]


def test_figures_in_a_row_share_a_legend_unless_it_is_another():
    odd = picture(Key("×", "", "other"))
    cards = [picture(NETWORK, LINEAR, BAND), picture(NETWORK, LINEAR), odd, picture(NETWORK, LINEAR, BAND)]
    blocks = [block for place, figure in enumerate(cards) for block in (Heading(str(place)), figure)]
    legend, *rows = arranged(blocks, "section")
    assert legend == Legend((NETWORK, LINEAR, BAND))
    assert headings(group for row in rows for group in row.groups) == [["0"], ["1"], ["2"], ["3"]]
    assert [len(row.groups) for row in rows] == [3, 1]
    shown = [tuple(group[1].legend) for row in rows for group in row.groups]
    assert shown == [(), (), tuple(odd.legend), ()]


def test_folded_tables_come_after_what_is_shown_and_notes_last():
    table, fold = numbers(), Fold("more", [Paragraph("z")])
    *_, second, third, last = arranged(
        [table, Paragraph("note", "note"), fold, *card("a", 1), *card("b", 1)], "section"
    )
    assert [second, third] == [table, fold]
    assert isinstance(last, Fold)
    assert last.blocks == [Paragraph("note", "note")]


def leaves(blocks) -> Iterator[object]:
    """What is read on the page, in any order: texts, tables with their numbers, pictures."""
    for block in blocks:
        if isinstance(block, Figure):
            yield "figure", block.label, block.number
            yield from leaves([] if block.table is None else [block.table])
        elif isinstance(block, Panels):
            yield from (leaf for group in block.groups for leaf in leaves(group))
        elif isinstance(block, Fold):
            yield from leaves(block.blocks)
        elif isinstance(block, Table):
            yield "table", block.caption, block.number
        elif isinstance(block, Paragraph):
            yield "text", block.text


def everything(sections: list[Section]) -> Counter:
    return Counter(
        leaf for chapter in sections for part in (chapter, *chapter.sections) for leaf in leaves(part.blocks)
    )


def test_paper_holds_all_that_the_page_holds_and_nothing_folded_before_the_appendix():
    page = chapters(binary())
    paper = with_appendix(page, "full", paper=True)
    assert everything(page) - everything(paper) == Counter()
    added = everything(paper) - everything(page)
    assert {kind for kind, *_ in added} <= {"text"}  # where to look, and what a folded section holds
    titles = [chapter.anchor for chapter in paper]
    place = titles.index("appendix")
    assert titles[:place] == [chapter.anchor for chapter in page if not chapter.summary]
    assert titles[place + 1 :] == [chapter.anchor for chapter in page if chapter.summary]
    for chapter in paper[:place]:
        for section in chapter.sections:
            assert not any(isinstance(block, Fold) for block in section.blocks)
            assert not section.summary


def blocks_of(sections: list[Section], kind: type) -> list:
    """Every block of a kind, however deep."""
    left = [block for chapter in sections for part in (chapter, *chapter.sections) for block in part.blocks]
    found = []
    while left:
        block = left.pop()
        found += [block] if isinstance(block, kind) else []
        if isinstance(block, Panels):
            left += [one for group in block.groups for one in group]
        elif isinstance(block, Fold):
            left += block.blocks
        elif isinstance(block, Figure) and block.table is not None:
            left.append(block.table)
    return found


def test_paper_leaves_out_figure_data_and_long_folds_and_names_their_tables():
    page = chapters(binary())
    whole, short = (with_appendix(page, appendix, paper=True) for appendix in ("full", "folded"))
    left_out = [fold for fold in blocks_of(page, Fold) if not fold.printed]
    data = [figure.table for figure in blocks_of(page, Figure) if figure.table is not None]
    assert len(left_out) > 3
    assert len(data) > 8
    within = [block for fold in left_out for block in blocks_of([Section("", "", fold.blocks)], Table)]
    missing = {(table.number, table.caption) for table in [*data, *within]}
    kept = [table for table in blocks_of(whole, Table) if (table.number, table.caption) not in missing]
    assert sorted((one.number, one.caption) for one in blocks_of(short, Table)) == sorted(
        (one.number, one.caption) for one in kept
    )
    assert not [figure for figure in blocks_of(short, Figure) if figure.table is not None]
    (appendix,) = (chapter for chapter in short if chapter.anchor == "appendix")
    assert "The data behind the figures are not printed" in appendix.blocks[0].text
    told = [
        re.findall(r"[0-9]+[.][0-9]+", one.text) for one in blocks_of(short, Paragraph) if "not printed" in one.text
    ]
    ranges = [(ends[0], ends[-1]) for ends in told if ends]
    numbers = sorted({table.number for table in within if table.number}, key=places)
    spanned = [one for one in numbers if any(places(a) <= places(one) <= places(b) for a, b in ranges)]
    assert spanned == numbers
    assert all(not places(a) <= places(one.number) <= places(b) for one in kept if one.number for a, b in ranges)


def places(number: str) -> list[int]:
    return [int(part) for part in number.split(".")]


def test_a_page_without_appendix_holds_nothing_folded_and_an_unfolded_one_all():
    page = chapters(binary())
    short = with_appendix(page, "none", paper=False)
    assert [chapter.anchor for chapter in short] == [one.anchor for one in page if not one.summary] + ["appendix"]
    assert not [leaf for leaf in everything(short) if leaf[0] == "table" and leaf not in shown_tables(page)]
    whole = with_appendix(page, "full", paper=False)
    assert everything(whole) == everything(page)
    assert not [block for chapter in whole for part in chapter.sections for block in closed(part)]


def shown_tables(page) -> set:
    blocks = [block for chapter in page for part in chapter.sections for block in part.blocks]
    inner = [block for panels in blocks if isinstance(panels, Panels) for group in panels.groups for block in group]
    return set(leaves(block for block in [*blocks, *inner] if isinstance(block, Table) and block.open))


def closed(section: Section) -> list:
    blocks = list(section.blocks)
    for block in blocks:
        if isinstance(block, Panels):
            blocks += [one for group in block.groups for one in group]
        elif isinstance(block, Fold):
            blocks += block.blocks
    return [block for block in blocks if isinstance(block, Table | Fold) and not block.open] + [section.summary] * bool(
        section.summary
    )


def test_an_unknown_appendix_is_refused():
    with pytest.raises(DocumentError, match="none, folded, full; got 'short'"):
        with_appendix([], "short", paper=False)


def test_numbers_of_what_is_shown_have_no_gaps_and_those_inside_of_folds_follow():
    first = [numbers(), Fold("more", [numbers(), picture()]), Panels([[picture()], [numbers()]])]
    folded = Section("folded", "title", [numbers()], summary="what it holds")
    last = [Fold("open", [numbers()], open=True), numbers()]
    sections = [Section("first", "title", first), folded, Section("last", "title", last)]
    (chapter,) = numbered([Section("chapter", "title", [], sections=sections)])
    table, fold, panels = chapter.sections[0].blocks
    assert (table.number, panels.groups[0][0].number, panels.groups[1][0].number) == ("1.1", "1.1", "1.2")
    assert [fold.blocks[0].number, fold.blocks[1].number] == ["1.5", "1.2"]
    assert chapter.sections[1].blocks[0].number == "1.6"
    assert [chapter.sections[2].blocks[0].blocks[0].number, chapter.sections[2].blocks[1].number] == ["1.3", "1.4"]


# ---- printed tables


def words(*texts: str) -> list[Cell]:
    return [Cell(text) for text in texts]


def test_a_printed_column_is_as_wide_as_its_widest_text_if_all_fit():
    table = Table("", words("name", "b"), [words("a long name of a row", "1"), words("x", "0.123 [0.100, 0.150]")])
    (printed,) = printed_tables(table, 1)
    assert printed.widths == [
        pytest.approx(text_width(text) / TEXT + PADDING) for text in ("a long name of a row", "0.123 [0.100, 0.150]")
    ]


def test_what_does_not_fit_takes_from_the_widest_column_only():
    table = Table("", words("name", "b", "c"), [words("row", "0.123 [0.100, 0.150]", "a sentence of words " * 20)])
    (printed,) = printed_tables(table, 1)
    assert sum(printed.widths) == pytest.approx(SHEET)
    assert printed.widths[1] == pytest.approx(text_width("0.123 [0.100, 0.150]") / TEXT + PADDING)
    assert printed.widths[2] > printed.widths[1]


@pytest.mark.parametrize("count", [2, 10, 20, 60])
def test_columns_that_do_not_fit_side_by_side_are_printed_in_several_tables(count):
    heads = [f"column{place:02}" for place in range(count)]
    table = Table("", words("row", *heads), [words(name, *map(str, range(count))) for name in ("first", "second")])
    parts = printed_tables(table, 1)
    assert [cell.text for part in parts for cell in part.head if cell.text != "row"] == heads
    for part in parts:
        assert part.head[0].text == "row"
        assert [row[0].text for row in part.rows] == ["first", "second"]
        assert sum(part.widths) <= SHEET + 1e-9
        assert all(len(part.head) == len(row) == len(part.widths) > 1 for row in part.rows)
        longest = [text_width(cell.text) / TEXT for cell in part.head]
        assert all(width > need for width, need in zip(part.widths, longest, strict=True))
    assert (len(parts) > 1) == (count > 10)
    if count == 20:
        assert [len(part.head) for part in parts] == [11, 11]


def test_a_table_without_rows_is_printed():
    assert len(printed_tables(Table("", words("a", "b"), []), 1)[0].widths) == 2
