"""The report as a PDF: tagged, whole, in order, the same bytes; and what is said where it cannot be made."""

from __future__ import annotations

import gc
import hashlib
import io
import os
import re
import subprocess
import sys
from collections import Counter

import pytest
import weasyprint
from pypdf import PdfReader
from weasyprint.document import Document as Laid
from weasyprint.formatting_structure.boxes import LineBox, TableCellBox

import tabinterp as ti
from tabinterp.auditing.result import VIEWS, Audit
from tabinterp.cli import commands as cli
from tabinterp.errors import MissingError
from tabinterp.report import contents
from tabinterp.report.contents import chapters
from tabinterp.report.formats import pdf as pdf_module
from tabinterp.report.formats.pdf import printed
from tabinterp.report.html import render
from tests.honest import light
from tests.report.samples import document, nothing
from tests.report.test_render import Reader

NAMES = ["年収", "دخل الأسرة", "amount of the loan", "x" * 120]
DROPPED = ("judged", "groups", "trust", "table", "off_support", "extrapolation", "together", "disagreement", "slices")
NUMBER = re.compile(r"[−+]?\d[\d,]*(?:\.\d+)?(?:e[−+]?\d+)?")
MARGIN = 30  # CSS pixels of white at the edges of a sheet


def small():
    """Few columns and parts: what is tested is the making of pages."""
    made = document("regression", names=NAMES, units=3, levels=3)
    return made.model_copy(update=dict.fromkeys(DROPPED, None))


def lay(document):
    """The bytes of a whole report, and the pages that they were drawn from."""
    pages = []
    whole = Laid.write_pdf

    def noted(self, *arguments, **options):
        pages.extend(self.pages)
        return whole(self, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Laid, "write_pdf", noted)
        return printed(document, "full"), pages


@pytest.fixture(scope="module")
def laid():
    return lay(small())


@pytest.fixture(scope="module")
def pdf(laid):
    return PdfReader(io.BytesIO(laid[0]))


@pytest.fixture(scope="module")
def words(pdf):
    return [page.extract_text() for page in pdf.pages]


@pytest.fixture(scope="module")
def read():
    return Reader(render(small()))


def elements(pdf, name):
    """Every element of the structure tree with this tag."""
    found, left = [], [pdf.trailer["/Root"]["/StructTreeRoot"]]
    while left:
        element = left.pop()
        if element.get("/S") == name:
            found.append(element)
        kids = element.get("/K", [])
        kids = kids if isinstance(kids, list) else [kids]
        left.extend(kid for kid in (one.get_object() for one in kids) if isinstance(kid, dict))
    return found


def test_it_is_tagged_and_says_what_it_is(pdf, read):
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or str(root["/MarkInfo"]["/Marked"]) == "True"
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata.title == "MLPClassifier 128-64 compared with linear regression on loans"
    assert re.search(rb"pdfuaid:part=.1.|<pdfuaid:part>1<", root["/Metadata"].get_object().get_data())
    assert len(elements(pdf, "/H1")) == 1
    assert [tag for tag, _ in read.tags].count("h2") + 1 == len(elements(pdf, "/H2"))  # the appendix
    assert elements(pdf, "/TH")


def test_every_picture_says_its_reading(pdf, read):
    readings = [attributes["aria-label"] for tag, attributes in read.tags if tag == "svg"]
    assert len(readings) > 8
    assert Counter(figure["/Alt"] for figure in elements(pdf, "/Figure")) == Counter(readings)


def test_sheets_are_a4_and_numbered(pdf, words):
    for number, (page, text) in enumerate(zip(pdf.pages, words, strict=True), 1):
        assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
        assert f"{number} / {len(pdf.pages)}" in text


def test_bookmarks_lead_to_every_section(pdf):
    def titles(outline):
        for one in outline:
            yield from titles(one) if isinstance(one, list) else [one.title]

    wanted = [
        f"{section.number} {section.title}" for chapter in chapters(small()) for section in (chapter, *chapter.sections)
    ]
    found = list(titles(pdf.outline))
    assert [title for title in found if title in wanted] == wanted


def test_every_number_of_a_figure_and_of_a_table_is_in_the_text(words, read):
    """As often as it stands on the page: a cell that was cut would be missing."""
    assert len(read.figures) > 8
    assert sum(not figure["cells"] for figure in read.figures) <= 2  # those of page one
    wanted = Counter(found for cell in read.cells for found in NUMBER.findall(cell))
    assert sum(wanted.values()) > 1000
    told = Counter(found for page in words for found in NUMBER.findall(page))
    assert wanted - told == Counter()


def test_names_are_in_the_text(words):
    joined = "".join(words)
    assert "年収" in joined
    assert "amount of the loan" in joined
    assert "x" * 120 in re.sub(r"\s", "", joined)
    assert all(letter in joined for letter in "دخلأسرة")


def test_nothing_is_cut(laid):
    assert inside(laid[1]) > 1000


@pytest.mark.nightly
def test_units_by_many_columns_are_not_cut(monkeypatch):
    monkeypatch.setattr(contents, "CHAPTERS", [one for one in contents.CHAPTERS if one.anchor == "inside"])
    names = [f"column of a long name {i}" for i in range(16)]
    made = document("regression", names=names, units=2, levels=2)
    assert inside(lay(made)[1]) > 300


def inside(pages):
    """How many texts there are; each lies inside the margins of its sheet, and none but the page number below its foot."""
    texts = 0
    for page in pages:
        for box in page._page_box.descendants():
            text = getattr(box, "text", "").strip()
            if text:
                texts += 1
                assert box.position_x >= MARGIN, text
                assert box.position_x + box.width <= page.width - MARGIN, text
                assert box.position_y + box.height <= page.height - MARGIN / 2, text
    return texts


@pytest.fixture(scope="module")
def chapter():
    """The bytes of one chapter, and how often a page was laid out and a table measured for them."""
    counts = Counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contents, "CHAPTERS", contents.CHAPTERS[1:2])

        def count(module, name):
            whole = getattr(module, name)

            def counted(*arguments, **options):
                counts[name] += 1
                return whole(*arguments, **options)

            patch.setattr(module, name, counted)

        count(weasyprint.layout.page, "make_page")
        count(weasyprint.layout.preferred, "table_cell_min_max_content_width")
        count(weasyprint.layout.preferred, "table_and_columns_preferred_widths")
        return printed(small(), "full"), counts


def test_every_page_is_laid_out_once_and_no_table_is_measured_beforehand(chapter):
    """Both took most of the time when widths of columns followed from their cells."""
    made = PdfReader(io.BytesIO(chapter[0]))
    assert len(elements(made, "/Table")) > 3
    assert chapter[1] == {"make_page": len(made.pages)}


def test_pictures_are_no_elements_of_the_page_and_nothing_else_is_loaded():
    whole = render(small(), paper=True)
    page, pictures = pdf_module._without_pictures(whole)
    assert len(pictures) == whole.count("<svg") == page.count("<img") > 8
    assert "<svg" not in page
    fetcher = pdf_module._fetcher(weasyprint, pictures)
    assert fetcher("picture:1").read().decode() == pictures[1]
    for address in ("file:///etc/hostname", "https://example.org/", "data:text/plain,a"):
        with pytest.raises(ValueError, match="must not load other files"):
            fetcher(address)


def test_the_garbage_collector_is_left_as_it_was(monkeypatch):
    def stopped(*_):
        assert not gc.isenabled()
        raise MissingError("stopped")

    monkeypatch.setattr(pdf_module, "render", stopped)
    with pytest.raises(MissingError):
        printed(small())
    assert gc.isenabled()


def test_no_heading_and_no_head_of_a_table_ends_a_sheet(laid):
    """What they are about follows on the same sheet."""
    for page in laid[1]:
        (root,) = (child for child in page._page_box.children if child.element_tag == "html")
        assert not max(ends(root))[1]


def ends(box, above=False):
    """Where each text ends, and whether it is above something else: a heading, a caption, a legend, the head of a table."""
    names = () if box.element is None else (box.element_tag, *(box.element.get("class") or "").split())
    above = above or bool({"h2", "h3", "h4", "thead", "caption", "summary", "legend"} & set(names))
    if getattr(box, "text", "").strip():
        yield box.position_y + box.height, above
    for child in getattr(box, "children", ()):
        yield from ends(child, above)


def test_words_of_table_cells_are_not_broken(laid):
    """Widths are estimated: each is enough for the longest word of its column, but for a name as long as a line."""
    cells = [box for page in laid[1] for box in page._page_box.descendants() if box.element_tag in ("td", "th")]
    cells = [box for box in cells if isinstance(box, TableCellBox)]
    assert len(cells) > 500
    broken = []
    for cell in cells:
        lines = ["".join(getattr(one, "text", "") for one in line.descendants()) for line in lines_of(cell)]
        told = " ".join("".join(cell.element.itertext()).split())
        if "xxx" not in told and " ".join(" ".join(line.split()) for line in lines) != told:
            broken.append(lines)
    assert broken == []


def lines_of(box):
    return [one for one in box.descendants() if isinstance(one, LineBox)]


@pytest.mark.nightly
def test_another_process_writes_the_same_bytes(chapter):
    program = (
        "import sys, hashlib; from tabinterp.report import contents; from tabinterp.report.formats.pdf import printed\n"
        "from tests.report.test_printed import small\n"
        "contents.CHAPTERS = contents.CHAPTERS[1:2]\n"
        "print(hashlib.sha256(printed(small(), 'full')).hexdigest())"
    )
    environment = {"PYTHONHASHSEED": "1", "SOURCE_DATE_EPOCH": "1", "TZ": "Asia/Tokyo"}
    other = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=300, env=os.environ | environment
    )
    assert other.stdout.decode().strip() == hashlib.sha256(chapter[0]).hexdigest()


# ---- files


@pytest.fixture
def cheap(monkeypatch):
    """The bytes of a PDF that nobody laid out."""
    monkeypatch.setitem(VIEWS, "pdf", lambda document: b"%PDF-1.7 " + document.data.name.encode())


def command(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["tabinterp", *map(str, arguments)])
    try:
        cli.main()
    except SystemExit as left:
        return left.code, *capsys.readouterr()
    return 0, *capsys.readouterr()


def test_a_folder_lists_its_pdf_and_a_changed_byte_is_found(cheap, tmp_path):
    audit = light()
    ti.write_folder(audit, tmp_path, {}, pdf=True)
    path = tmp_path / "report.pdf"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"{digest}  report.pdf\n" in (tmp_path / "SHA256SUMS").read_text()
    assert ti.verify(tmp_path).passed
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    failed = [step.what for step in ti.verify(tmp_path).steps if step.status == "failed"]
    assert failed == ["report.pdf"]
    ti.write_folder(audit, tmp_path, {})
    assert not path.exists()
    path.write_bytes(b"of another audit")
    assert [step.what for step in ti.verify(tmp_path).steps if step.status == "failed"] == ["report.pdf"]


def test_render_writes_a_pdf(cheap, tmp_path, monkeypatch, capsys):
    Audit(nothing()).to_json(tmp_path / "audit.json")
    out = tmp_path / "new" / "report.pdf"
    arguments = ["render", tmp_path / "audit.json", "--format", "pdf", "--out", out]
    assert command(monkeypatch, capsys, *arguments) == (0, f"{out}\n", "")
    assert out.read_bytes().startswith(b"%PDF")


def test_a_pdf_that_cannot_be_written_leaves_the_old_one(cheap, tmp_path, monkeypatch):
    path = tmp_path / "report.pdf"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        Audit(nothing()).to_pdf(path)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"report.pdf": b"old"}


def test_without_weasyprint_the_error_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MissingError, match=r"pip install 'tabinterp\[pdf\]'"):
        printed(nothing())
    arguments = ["audit", tmp_path / "none", "--data", tmp_path / "none.csv", "--out", tmp_path / "out", "--pdf"]
    code, _, error = command(monkeypatch, capsys, *arguments)
    assert code == 2
    assert "tabinterp[pdf]" in error  # before the model is looked for


def test_without_pango_the_error_names_the_library(monkeypatch):
    class Lacking:
        def find_spec(self, name, *_):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0': error 0x7e\n\nmore")

    monkeypatch.delitem(sys.modules, "weasyprint")
    monkeypatch.setattr(sys, "meta_path", [Lacking(), *sys.meta_path])
    with pytest.raises(MissingError, match=r"cannot load library 'libpango-1.0-0'.*apt-get install libpango-1.0-0"):
        printed(nothing())
