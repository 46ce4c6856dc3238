"""Other views of a document: Markdown that holds no markup of a table's, a model card, one sheet of paper, a notebook's cell."""

from __future__ import annotations

import hashlib
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tabinterp.auditing.result import VIEWS, Audit
from tabinterp.document.evidence_rows import Card
from tabinterp.errors import DocumentError
from tabinterp.messages import english
from tabinterp.report.contents import chapters
from tabinterp.report.formats.markdown import LINKED, escaped, line
from tabinterp.report.formats.model_card import FRONT_MATTER
from tabinterp.report.words import tidy
from tests.report.samples import HOSTILE, SAMPLES, binary, hostile, nothing
from tests.report.test_render import Reader
from tests.shared import every_nth

GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])  # raw HTML is on, as in the specification
BAITS = [
    "http://a.b", "https://x", "www.x.com", "a@b.co", "@someone", "#12", "GH-7", ":tada:", "$x$", "<b>", "</td>", "<!--", "-->",
    "&amp;", "&#64;", "![x](y)", "[x](y)", "[x]: http://b", "[^1]:", "[0.1, 0.2]", "[0.1, 0.2](x)", "[–]", "`", "``", "\\", "\\|",
    "|", "_a_", "a_b", "__", "**", "*", "~~", "# ", "- ", "+ ", "1. ", "1) ", "---", "===", "> ", "[ ] ", "\n", "\t", "日本", " ",
]  # fmt: skip
words = st.lists(st.sampled_from(BAITS) | st.text(string.printable, max_size=3), max_size=8).map("".join)


def leaves(text):
    """Kinds of all tokens, and the text: that of code spans is not looked at for links."""
    kinds, plain, whole = [], [], []
    for token in GFM.parse(text):
        kinds.append(token.type)
        for child in token.children or []:
            kinds.append(child.type)
            if child.type in ("text", "code_inline"):
                whole.append(child.content)
            if child.type == "text":
                plain.append(child.content)
    return kinds, " ".join(plain), "".join(whole)


@settings(max_examples=60)
@given(words)
def test_no_words_become_markup(words):
    """An independent reader of CommonMark finds the words again, whole, in a paragraph, a list, a heading, a cell, in bold."""
    wanted = " ".join(tidy(words).split()) if words.strip() else ""
    inner = {"inline", "text", "code_inline"}
    for text, frame in (
        (line(words), "paragraph"),
        (f"- {line(words)}", "bullet_list list_item paragraph"),
        (f"# {escaped(words)}", "heading"),
        (f"- **{escaped(words)}**:", "bullet_list list_item paragraph strong"),
        (f"| {escaped(words)} | x |\n| --- | --- |\n| {escaped(words)} | y |", "table thead tbody tr th td"),
    ):
        if not wanted and "table" not in frame:
            continue
        kinds, plain, whole = leaves(text)
        allowed = inner | {f"{one}_{end}" for one in frame.split() for end in ("open", "close")}
        assert set(kinds) <= allowed, text
        if "table" in frame:
            assert kinds.count("td_open") == kinds.count("th_open") == 2
            assert whole == f"{wanted}x{wanted}y"
        else:
            assert whole == wanted + (":" if "strong" in frame else "")
        assert not LINKED.search(plain), text  # what a hub links by itself stands in code alone


def cells(text):
    """All cells of all tables, row by row."""
    found, rows = [], GFM.parse(text)
    for at, token in enumerate(rows):
        if token.type == "tr_open":
            found.append([])
        if token.type in ("th_open", "td_open"):
            inline = rows[at + 1]
            found[-1].append("".join(child.content for child in inline.children))
    return found


@pytest.mark.parametrize("name", every_nth(3, ["hostile", "regression", "count", "all_none", "nothing"]))
def test_markdown_holds_every_table_of_the_report(name):
    """Row by row the cells of the page, which another test compares with the figures."""
    document = SAMPLES[name]()
    made = Audit(document).to_markdown()
    kinds, plain, _ = leaves(made)
    assert not {"html_inline", "html_block", "link_open", "image"} & set(kinds)
    assert not LINKED.search(plain)
    rows = {tuple(row) for row in cells(made)}
    tables = [
        table for chapter in chapters(document) for section in chapter.sections for table in tables_of(section.blocks)
    ]
    assert len(tables) == kinds.count("table_open")
    for table in tables:
        for row in table.rows:
            wanted = tuple(whole(cell) for cell in row)
            assert wanted in rows, wanted
    for section in [section for chapter in chapters(document) for section in chapter.sections]:
        assert f"\n### {escaped(f'{section.number} {section.title}')}\n" in made


def whole(cell):
    text = cell.title if cell.title and "…" in cell.text else cell.text
    return tidy(text) if text.strip() else ""


def tables_of(blocks):
    for block in blocks:
        if block.kind == "table":
            yield block
        elif block.kind == "figure":
            yield block.table
        elif block.kind == "fold":
            yield from tables_of(block.blocks)
        elif block.kind == "panels":
            for group in block.groups:
                yield from tables_of(group)


def test_names_are_whole_in_markdown():
    made = leaves(Audit(hostile()).to_markdown())[2]
    for name in HOSTILE:
        assert tidy(name) in made


# ---- the model card


SECTIONS = [
    "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data", "Quantitative analyses",
    "Ethical considerations", "Caveats and recommendations",
]  # fmt: skip  # Mitchell et al. (2019), section 4


@pytest.mark.parametrize("name", ["multiclass", "regression", "count", "hostile", "nothing"])
def test_a_card_has_the_sections_of_the_paper_and_safe_front_matter(name):
    document = SAMPLES[name]()
    made = Audit(document).to_model_card()
    front, body = re.fullmatch(r"---\n(.*?)---\n\n(.*)", made, re.DOTALL).groups()
    assert front == FRONT_MATTER[document.data.task]
    assert re.fullmatch(r"pipeline_tag: tabular-(classification|regression)\ntags:\n- tabular\n", front)
    assert re.findall(r"^## (.*)$", body, re.MULTILINE) == SECTIONS
    kinds, plain, _ = leaves(body)
    assert not {"html_inline", "html_block", "link_open", "image"} & set(kinds)
    assert not LINKED.search(plain)


def test_a_card_says_what_its_author_says_and_what_was_not_supplied():
    bare = binary().model_copy(update={"card": None})
    made = Audit(bare).to_model_card()
    asked = [name for name in Card.model_fields if name != "limits"]
    assert made.count("(author)**: not supplied") == len(Card.model_fields)
    told = {name: f"The author's {name}." for name in Card.model_fields}
    made = Audit(bare.model_copy(update={"card": Card(**told)})).to_model_card()
    assert "not supplied" not in made
    for name in [*asked, "limits"]:
        assert f"- **{english()[f'report.use.{name}']} (author)**: {escaped(told[name])}" in made


def test_a_card_tells_what_is_not_known():
    made = Audit(nothing()).to_model_card()
    assert "unknown: all rows were evaluated" in made
    assert "none declared" in made


# ---- one sheet, a notebook, a line


@pytest.mark.parametrize("name", ["count", "hostile", "nothing", "all_none"])
def test_the_sheet_and_the_cell_hold_no_script_and_escape_names(name):
    document = SAMPLES[name]()
    audit = Audit(document)
    for made in (audit.to_summary(), audit._repr_html_()):
        read = Reader(made)
        assert read.stack == []
        tags = {tag for tag, _ in read.tags}
        assert not tags & {"script", "img", "svg", "iframe", "link", "template"}
        assert not {name for _, attributes in read.tags for name in attributes if name.startswith("on")}
    assert "<style" not in audit._repr_html_()
    assert "\n" not in repr(audit)
    assert not re.search(r"https?://", audit.to_summary() + audit._repr_html_())


def test_a_cell_is_small_and_takes_the_notebooks_colours():
    made = Audit(hostile())._repr_html_()
    assert len(made) < 4000
    styles = " ".join(attributes.get("style", "") for _, attributes in Reader(made).tags)
    assert "color:" not in styles.replace("currentColor", "")
    assert "background" not in styles
    assert made.count("<li") == 3


def test_the_sheet_names_the_document_it_is_of():
    audit = Audit(binary())
    assert hashlib.sha256(audit.to_json()).hexdigest() in audit.to_summary()
    assert "Further raised checks in the report: 1." in audit.to_summary()


def test_a_view_is_written_whole_and_an_unknown_one_refused(tmp_path):
    audit = Audit(nothing())
    by_name = {
        "html": audit.to_html, "markdown": audit.to_markdown, "card": audit.to_model_card, "summary": audit.to_summary,
    }  # fmt: skip
    for form, method in by_name.items():
        assert method(tmp_path / form).encode() == (tmp_path / form).read_bytes() == audit.view(form)
    assert set(by_name) <= set(VIEWS)
    with pytest.raises(DocumentError, match=r"unknown format 'docx'; .* html, pdf, markdown, card, summary, cyclonedx"):
        audit.view("docx")
