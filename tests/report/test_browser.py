"""The report in a browser: opened from a file, offline, with and without JavaScript, narrow, dark, printed."""

from __future__ import annotations

import io
import re
import shutil
import unicodedata
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright
from pypdf import PdfReader

import tabinterp as ti
from tabinterp.messages.language import languages
from tabinterp.report.html import render, render_notebook, render_summary
from tests.report.samples import HOSTILE, NAMES, SAMPLES, crowded, document, hostile
from tests.report.test_render import of_each_page, page
from tests.shared import every_nth

pytestmark = pytest.mark.browser


REPORTS = Path(__file__).parents[2] / "reports"
BUNDLED = sorted(path for path in REPORTS.iterdir() if path.is_dir())
NARROW, WIDE = {"width": 420, "height": 800}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser():
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(executable_path=found)
        except Error as error:
            pytest.fail(
                "No Chromium to open the report with. Install one: `apt-get install chromium`, or "
                f"`playwright install chromium`. Playwright says: {error}",
                pytrace=False,
            )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def axe():
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


class Pages(dict):
    """Name of a sample -> its page, which is written when it is first asked for. `few` has few columns."""

    def __init__(self, folder):
        self.folder = folder

    def __missing__(self, name):
        self[name] = self.folder / f"{name}.html"
        few = name == "few"
        self[name].write_text(render(document(names=NAMES[:4], units=3)) if few else page(name), encoding="utf-8")
        return self[name]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return Pages(tmp_path_factory.mktemp("reports"))


class Opened:
    """A page, and whatever it did that a report must not do."""

    def __init__(self, browser, path, **options):
        self.context = browser.new_context(offline=True, **options)
        self.page = self.context.new_page()
        self.trouble: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", self.refuse)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def refuse(self, dialog):
        self.trouble.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


SHEETS = {703: ".scroll:not(.broad) table", 1032: ".broad table"}  # A4 and A4 across, less the margins, in CSS pixels


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")


def comes_true(page, fact):
    """What a page does after a click or a scroll takes it some frames, and more of them where the machine is busy."""
    for _ in range(500):
        if fact():
            return
        page.wait_for_timeout(20)
    pytest.fail("the page never came to it")


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@of_each_page
def test_it_opens_offline_in_silence_and_never_scrolls_sideways(browser, pages, name):
    with Opened(browser, pages[name], viewport=NARROW) as opened:
        assert opened.page.locator("h1").inner_text()
        assert sideways(opened.page) <= 0
        unfold(opened.page)
        assert sideways(opened.page) <= 0
        if name in ("multiclass", "hostile"):
            opened.page.set_viewport_size(WIDE)
            assert sideways(opened.page) <= 0
        assert opened.trouble == []
        assert opened.requests == [pages[name].as_uri()]


@pytest.mark.parametrize("name", ["few", pytest.param("hostile", marks=pytest.mark.nightly)])
def test_it_opens_without_script(browser, pages, name):
    with Opened(browser, pages[name], java_script_enabled=False, viewport=WIDE) as opened:
        assert opened.page.locator("h1").inner_text()
        assert opened.trouble == []
        assert opened.requests == [pages[name].as_uri()]
        assert opened.page.locator("th button").count() == 0


LIGHT, DARK = ("light", WIDE), ("dark", NARROW)


# The rows of a table are alike, but for the colours of heat maps, which tests/report/test_render.py computes.
SHORTENED = "document.querySelectorAll('tbody').forEach(e => [...e.rows].slice(3).forEach(row => row.remove()))"


def of_few_columns(task):
    """Every section, of four hostile names: what axe looks for is in each table and figure, however long."""
    names = ["", "x" * 120, "الدخل السنوي للأسرة (2026) 5", "<script>alert(1)</script>"]
    return render(document(task, names=names, classes=HOSTILE[:2] if task == "binary" else None, units=3, levels=2))


@pytest.mark.parametrize(
    ("name", "look", "states"),
    [
        ("binary", DARK, ("open",)),
        pytest.param("regression", LIGHT, ("open",), marks=pytest.mark.nightly),
        ("nothing", LIGHT, ("folded", "open")),
        pytest.param("all_none", DARK, ("folded", "open"), marks=pytest.mark.nightly),
    ],
)
def test_axe_finds_nothing(browser, pages, axe, name, look, states, tmp_path):
    """What is folded is under an open page too; colours and widths do not hang on what the page says."""
    path = pages[name]
    if name in ("binary", "regression"):
        path = tmp_path / "few.html"
        path.write_text(of_few_columns(name), encoding="utf-8")
    with Opened(browser, path, color_scheme=look[0], viewport=look[1]) as opened:
        opened.page.evaluate(axe)
        # axe does not measure contrast over the shadow of a scrolling region
        opened.page.evaluate("document.querySelectorAll('.scroll').forEach(e => { e.style.background = 'none' })")
        for state in states:
            if state == "open":
                unfold(opened.page)
                opened.page.evaluate(SHORTENED)
            found = opened.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == [], state


def test_hostile_names_become_no_elements(browser, pages):
    with Opened(browser, pages["hostile"], viewport=WIDE) as opened:
        unfold(opened.page)
        page = opened.page
        assert page.locator("script").count() == 1
        assert page.locator("img, svg script, svg image, iframe, object").count() == 0
        assert page.locator("svg").count() == page.locator("svg[id^=figure-][role=img]").count() == 39
        shown = page.locator("#figure-importance").text_content()
        assert "<script>alert(1)</script>" in shown
        assert "{{7*7}}" in shown
        names = page.locator("#method details table tbody th").all_text_contents()
        wanted = [column.name for column in hostile().data.columns]
        plain = [name for name in wanted if name and not re.search(r"[\n\t\u202e]", name)]
        assert set(plain) <= set(names)
        assert opened.trouble == []


def test_figures_keep_their_look_under_the_policy(browser, pages):
    """Colours are attributes, not styles: a blocked style would leave black shapes behind."""
    with Opened(browser, pages["few"], viewport=WIDE, color_scheme="light") as opened:
        fills = opened.page.evaluate(
            "[...document.querySelectorAll('#importance svg use')].map(use => getComputedStyle(use).fill)"
        )
        assert {"rgb(8, 48, 107)", "rgb(255, 255, 255)"} <= set(fills)
        size = opened.page.evaluate("getComputedStyle(document.querySelector('#importance svg text')).fontSize")
        assert size == "13px"
        label = opened.page.locator("#importance svg text", has_text="age").first.bounding_box()
        picture = opened.page.locator("#importance svg").bounding_box()
        assert label["x"] >= picture["x"]


def test_a_table_sorts_and_keeps_missing_numbers_last(browser, pages):
    with Opened(browser, pages["regression"], viewport=WIDE) as opened:
        table = opened.page.locator("#importance figure table")
        opened.page.locator("#importance figure summary").click()
        values = "table => [...table.tBodies[0].rows].map(row => parseFloat(row.cells[1].textContent))"
        button = table.locator("thead th").nth(1).locator("button")
        button.click()
        falling = table.evaluate(values)
        assert falling == sorted(falling, reverse=True)
        button.click()
        assert table.evaluate(values) == falling[::-1]
        assert table.locator("thead th").nth(1).get_attribute("aria-sort") == "ascending"
        empty = table.locator("thead th").nth(3).locator("button")
        empty.click()
        assert table.locator("tbody tr").count() == 8


def test_a_copied_table_is_csv_without_formulas(browser, pages):
    with Opened(browser, pages["hostile"], viewport=WIDE, permissions=["clipboard-read"]) as opened:
        opened.page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text }")
        opened.page.locator("#importance figure summary").click()
        opened.page.locator("#importance figure .copy").click()
        lines = opened.page.evaluate("window.copied").split("\r\n")
        assert len(lines) == 16
        assert any(line.startswith("'=cmd") for line in lines)
        assert any(line.startswith('"""><img src=x onerror=alert(1)>"') for line in lines)
        assert any(line.startswith("x" * 120) for line in lines)


def test_a_copied_number_has_a_hyphen_for_a_minus(browser, pages):
    with Opened(browser, pages["few"], viewport=WIDE) as opened:
        opened.page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text }")
        table = "#coefficients figure table"
        opened.page.locator("#coefficients figure summary").click()
        assert "−" in opened.page.locator(table).first.inner_text()
        opened.page.locator("#coefficients figure .copy").first.click()
        copied = opened.page.evaluate("window.copied")
        assert "−" not in copied
        assert re.search(r'"-0\.\d+ \[-', copied)
        button = opened.page.locator(f"{table} thead th").nth(3).locator("button")
        button.click()
        values = opened.page.locator(f"{table} tbody tr td:nth-child(4)").all_inner_texts()
        found = [float(value.split()[0].replace("−", "-")) for value in values]
        assert min(found) < 0 < max(found)
        assert found == sorted(found, reverse=True)


def test_tables_and_figures_have_numbers_to_cite(browser, pages):
    with Opened(browser, pages["few"], viewport=WIDE) as opened:
        page = opened.page
        numbers = page.locator(".numbered > .self").all_text_contents()
        assert numbers[:2] == ["Table 1.1", "Table 1.2"]
        assert len(set(numbers)) == len(numbers) == page.locator(".numbered").count()
        folded = page.locator("#method .numbered details").first
        assert not folded.is_visible()
        page.evaluate(
            "number => { location.hash = number }", page.locator("#method .numbered").first.get_attribute("id")
        )
        folded.wait_for(state="visible")
        assert folded.locator("table").is_visible()


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(
            path, marks=() if path.name in ("german_credit", "satellite") else pytest.mark.nightly, id=path.name
        )
        for path in BUNDLED
    ],
)
def test_page_one_is_one_screen_numbers_have_no_gaps_and_no_table_scrolls(browser, folder):
    with Opened(browser, folder / "report.html", viewport=WIDE) as opened:
        page_one_is_one_screen(opened.page)
        numbers_that_are_seen_without_unfolding_have_no_gaps(opened.page)
        unfold(opened.page)
        no_table_scrolls_sideways_in_its_frame(opened.page)


def page_one_is_one_screen(page):
    """The verdict, its figures, the findings and what to do next are seen without scrolling at 1280 by 900."""
    bottom = page.locator("#summary").evaluate("element => element.getBoundingClientRect().bottom")
    assert bottom <= 900
    assert page.locator("#summary .trio svg").count() == 2
    assert page.locator("#summary h2").count() == 5


def numbers_that_are_seen_without_unfolding_have_no_gaps(page):
    for kind in (".numbered > .self", "figcaption > .self"):
        seen = page.locator(kind).evaluate_all(
            "all => all.filter(e => e.checkVisibility({ contentVisibilityAuto: true })).map(e => e.hash)"
        )
        places = [tuple(map(int, re.findall(r"\d+", one))) for one in seen]
        for chapter in {chapter for chapter, _ in places}:
            own = [place for one, place in places if one == chapter]
            assert own == list(range(1, len(own) + 1)), (kind, chapter)


def no_table_scrolls_sideways_in_its_frame(page):
    """But the table of all terms, which has too many columns."""
    wide = page.evaluate(
        "[...document.querySelectorAll('#importance-chapter ~ section .scroll, #performance-chapter .scroll')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1 && !e.closest('#inside, #method-chapter'))"
        ".filter(e => e.querySelectorAll('thead th').length < 14).map(e => e.textContent.slice(0, 80))"
    )
    assert wide == []


def test_a_card_whose_table_is_unfolded_takes_the_whole_width_and_stays_in_view(browser):
    with Opened(browser, REPORTS / "adult" / "report.html", viewport=WIDE) as opened:
        summary = opened.page.locator("#discrimination .panels > div:last-child figure > details > summary").last
        card = summary.locator("xpath=ancestor::div[parent::div[contains(@class, 'panels')]]")
        assert card.evaluate("e => e.offsetWidth < 0.6 * e.parentElement.offsetWidth")
        summary.click()
        comes_true(opened.page, lambda: card.evaluate("e => e.offsetWidth === e.parentElement.offsetWidth"))
        comes_true(opened.page, lambda: 0 <= summary.bounding_box()["y"] <= WIDE["height"])


def test_the_contents_mark_the_chapter_in_view(browser, pages):
    with Opened(browser, pages["few"], viewport=WIDE) as opened:
        page = opened.page
        assert page.locator("nav a[aria-current]").inner_text() == "Summary"
        page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
        page.evaluate("document.getElementById('effects-chapter').scrollIntoView()")
        page.locator("nav a[aria-current]", has_text=re.compile("^3 Effects")).wait_for()


def test_the_severity_filter_hides_the_others(browser, pages):
    with Opened(browser, pages["few"], viewport=WIDE) as opened:
        unfold(opened.page)
        opened.page.locator("#findings select").select_option("act")
        items = opened.page.locator("#findings > .findings > li")
        visible = [item.get_attribute("data-severity") for item in items.all() if item.is_visible()]
        assert visible
        assert set(visible) == {"act"}


@pytest.mark.parametrize("name", ["binary", pytest.param("multiclass", marks=pytest.mark.nightly)])
def test_print_shows_what_is_folded(browser, pages, name):
    with Opened(browser, pages[name], java_script_enabled=True, viewport=WIDE) as opened:
        opened.page.emulate_media(media="print")
        hidden = opened.page.evaluate(
            "[...document.querySelectorAll('td')].filter(cell => !cell.checkVisibility()).length"
        )
        assert hidden == 0
        for width, tables in SHEETS.items():
            opened.page.set_viewport_size({"width": width, "height": 900})
            cut = opened.page.evaluate(
                "([tables, width]) => [...document.querySelectorAll(tables)]"
                ".filter(each => each.getBoundingClientRect().right > width + 1).map(each => each.innerText)",
                [tables, width],
            )
            assert cut == []
        assert opened.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


# Texts of figures that leave their picture or lie on one another, in pixels of the picture.
CROWDED = """() => [...document.querySelectorAll("figure svg")].flatMap((svg) => {
  const view = svg.viewBox.baseVal, edge = svg.getBoundingClientRect(), k = view.width / edge.width;
  const boxes = [...svg.querySelectorAll("text")].map((text) => {
    const box = text.getBoundingClientRect();
    const [left, top] = [(box.left - edge.left) * k, (box.top - edge.top) * k];
    return [text.textContent, left, left + box.width * k, top, top + box.height * k];
  });
  const out = boxes.filter(([, left, right, top, bottom]) =>
    left < -1 || right > view.width + 1 || top < -3 || bottom > view.height + 3);
  const both = boxes.flatMap((a, i) => boxes.slice(i + 1).map((b) => [a, b])).filter(([a, b]) =>
    Math.min(a[2], b[2]) - Math.max(a[1], b[1]) > 1 && Math.min(a[4], b[4]) - Math.max(a[3], b[3]) > 5);
  return [...out, ...both].map((found) => [svg.id, String(found)]);
})"""


@pytest.mark.parametrize("lang", every_nth(2, languages()))
def test_pages_and_figures_are_legible_in_every_language(browser, tmp_path, lang):
    path = tmp_path / "report.html"
    path.write_text(page("hostile") if lang == "en" else ti.Audit(hostile()).to_html(lang=lang), encoding="utf-8")
    with Opened(browser, path, viewport=WIDE) as opened:
        unfold(opened.page)
        assert opened.page.locator("figure svg text").count() > 100
        assert opened.page.evaluate(CROWDED) == []
        for size in (WIDE, NARROW):
            opened.page.set_viewport_size(size)
            assert sideways(opened.page) <= 0
        assert opened.trouble == []


def test_axe_finds_nothing_in_japanese(browser, tmp_path, axe):
    path = tmp_path / "report.html"
    path.write_text(ti.Audit(SAMPLES["nothing"]()).to_html(lang="ja"), encoding="utf-8")
    with Opened(browser, path, viewport=NARROW) as opened:
        unfold(opened.page)
        opened.page.evaluate(axe)
        found = opened.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
        assert opened.page.evaluate("getComputedStyle(document.body).lineBreak") == "strict"


def test_a_table_sorts_by_numbers_of_any_language(browser, pages):
    with Opened(browser, pages["few"], viewport=WIDE, java_script_enabled=False) as opened:
        source = opened.page.content()
    cells = "".join(f"<tr><th>{i}</th><td>{value}</td></tr>" for i, value in enumerate(["1.234", "0,5", "−2,25", "99"]))
    page = re.sub(r"<main id.*</main>", f"<main><section id='findings'><h3></h3></section><div class='scroll'><table class="
                  f"'sortable'><thead><tr><th>a</th><th>b</th></tr></thead><tbody>{cells}</tbody></table></div></main>",
                  source, flags=re.DOTALL)  # fmt: skip
    page = page.replace('data-decimal="."', 'data-decimal=","').replace('data-group=","', 'data-group="."')
    path = pages["few"].with_name("german.html")
    path.write_text(page, encoding="utf-8")
    with Opened(browser, path, viewport=WIDE) as opened:
        opened.page.locator("thead button").nth(1).click()
        assert opened.page.locator("td").all_text_contents() == ["1.234", "99", "0,5", "−2,25"]


# ---- the page in brief, and a notebook's cell


@pytest.mark.parametrize("name", ["binary", "multiclass", "hostile", "nothing", "all_none", "crowded"])
def test_the_sheet_prints_on_one_page_with_all_that_is_on_it(browser, tmp_path, name):
    document = {**SAMPLES, "crowded": crowded}[name]()
    (tmp_path / "summary.html").write_text(render_summary(document), encoding="utf-8")
    with Opened(browser, tmp_path / "summary.html") as opened:
        shown = opened.page.locator("main").inner_text().split()
        printed = PdfReader(io.BytesIO(opened.page.pdf(prefer_css_page_size=True))).pages
        assert len(printed) == 1
        assert [float(length) for length in printed[0].mediabox[2:]] == pytest.approx(
            [595, 842], abs=1
        )  # A4, in points
        text = "".join(unicodedata.normalize("NFKC", printed[0].extract_text()).split())  # without ligatures and breaks
        latin = [word for word in shown if re.fullmatch(r"[\w.,:()-]+", word, re.ASCII)]
        assert [word for word in latin if word not in text] == []
        assert opened.trouble == []


@pytest.mark.parametrize("look", [("light", WIDE), ("dark", NARROW)], ids=["light wide", "dark narrow"])
@pytest.mark.parametrize("name", ["binary", "crowded"])
def test_axe_finds_nothing_on_the_sheet(browser, axe, tmp_path, name, look):
    (tmp_path / "summary.html").write_text(render_summary({**SAMPLES, "crowded": crowded}[name]()), encoding="utf-8")
    with Opened(browser, tmp_path / "summary.html", color_scheme=look[0], viewport=look[1]) as opened:
        opened.page.evaluate(axe)
        found = opened.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
        assert sideways(opened.page) <= 0


@pytest.mark.parametrize("paper", ["#ffffff", "#111111"])
def test_a_notebooks_cell_takes_its_colours(browser, axe, tmp_path, paper):
    """Whatever the notebook's paper and ink, the cell has their contrast, and no element of its own colour."""
    ink = "#111111" if paper == "#ffffff" else "#e8e8e8"
    body = f'<main style="background:{paper};color:{ink}"><h1>Notebook</h1>{render_notebook(hostile())}</main>'
    page = f'<!doctype html><html lang="en"><head><title>x</title></head><body>{body}</body></html>'
    (tmp_path / "cell.html").write_text(page, encoding="utf-8")
    with Opened(browser, tmp_path / "cell.html", viewport=NARROW) as opened:
        opened.page.evaluate(axe)
        found = opened.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
        assert opened.page.locator("img, script").count() == 0
        assert sideways(opened.page) <= 0


def test_every_section_is_reached_by_keyboard(browser, pages):
    with Opened(browser, pages["few"], viewport=NARROW) as opened:
        page = opened.page
        links, summary = page.locator("nav a"), page.locator("nav summary")
        assert links.count() == page.locator("main > section").count() == 9
        assert not links.first.is_visible()
        summary.focus()
        page.keyboard.press("Enter")
        assert all(link.is_visible() for link in links.all())
        for _ in range(9):
            page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.hash") == "#method-chapter"
        shown = "document.activeElement.getBoundingClientRect().bottom <= innerHeight"
        comes_true(page, lambda: page.evaluate(shown))  # the list scrolls smoothly
        page.keyboard.press("Escape")
        assert not links.first.is_visible()
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        page.keyboard.press("Enter")
        links.nth(8).click()
        assert not links.first.is_visible()
        assert page.locator("#h-method-chapter").evaluate(
            "h => h.getBoundingClientRect().top >= document.querySelector('nav').getBoundingClientRect().bottom - 1"
        )


def test_a_table_that_goes_on_beyond_the_edge_says_so(browser, pages):
    with Opened(browser, pages["few"], viewport=NARROW) as opened:
        unfold(opened.page)
        marked = (
            "[...document.querySelectorAll('.scroll')].every("
            "e => e.classList.contains('more') === (e.scrollWidth > e.clientWidth + 1))"
        )
        comes_true(opened.page, lambda: opened.page.evaluate(marked))  # an observer marks them
        assert 0 < opened.page.locator(".scroll.more").count() < opened.page.locator(".scroll").count()


@pytest.mark.nightly
@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["narrow", "wide"])
def test_the_widest_table_is_still_a_page(browser, tmp_path, viewport):
    path = tmp_path / "widest.html"
    path.write_text(page("widest"), encoding="utf-8")
    assert path.stat().st_size < 1_500_000
    with Opened(browser, path, viewport=viewport) as opened:
        assert "0.100%" in opened.page.locator("header .target").inner_text()
        unfold(opened.page)
        assert sideways(opened.page) <= 0
        labels = opened.page.evaluate(
            "[...document.querySelectorAll('svg text')].map(each => [each.firstChild.textContent,"
            " each.querySelector('title')?.textContent ?? '', each.getBoundingClientRect().left"
            " - each.closest('svg').getBoundingClientRect().left])"
        )
        cut = [label for label in labels if "…" in label[0]]
        assert len(cut) > 20
        assert all(len(text) <= 28 and len(text) < len(whole) for text, whole, _ in cut)
        assert min(left for *_, left in labels) >= 0
        assert opened.trouble == []
