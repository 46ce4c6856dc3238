"""The site that `make docs` built: it is complete, has no dead link, and loads nothing from elsewhere."""

from __future__ import annotations

import functools
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import sync_playwright

import tabinterp as ti
from tabinterp.analyses import ANALYSES
from tabinterp.checks import CHECKS

SITE = Path(__file__).resolve().parents[2] / "docs" / "_build" / "html"
SLOW = 120_000  # milliseconds, on a busy machine
PAGES = sorted(path for path in SITE.rglob("*.html") if "_static" not in path.parts)


class Page(HTMLParser):
    """What a page loads, links to, and can be linked to."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.anchors = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "link" and "stylesheet" in (given.get("rel") or ""):
            self.loads.append(given["href"])
        elif given.get("src"):
            self.loads.append(given["src"])


@functools.cache
def read(path):
    return Page(path.read_text("utf-8"))


def test_every_public_name_analysis_and_check_has_a_page():
    for folder, names in (
        ("api", ti.__all__),
        ("analyses", [one.name for one in ANALYSES]),
        ("checks", [one.slug for one in CHECKS]),
        ("reports", [path.parent.name for path in SITE.parents[2].glob("reports/*/report.html")]),
    ):
        built = {path.stem for path in (SITE / "generated" / folder).glob("*.html")} - {"index"}
        assert built == set(names)


def test_nothing_is_loaded_from_elsewhere():
    loaded = {load for page in PAGES for load in read(page).loads}
    assert len(loaded) > 20
    assert [load for load in sorted(loaded) if urlsplit(load).scheme not in {"", "data"} or load.startswith("//")] == []
    for style in SITE.rglob("*.css"):
        assert re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^\"')]*", style.read_text("utf-8")) == []


def test_every_link_leads_to_a_page_and_an_anchor():
    dead, found = [], 0
    for page in PAGES:
        for link in {*read(page).links, *read(page).loads}:
            parts = urlsplit(link)
            if parts.scheme or link.startswith("//"):
                continue
            found += 1
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            fragment = unquote(parts.fragment)
            if not target.is_file() or (fragment and target.suffix == ".html" and fragment not in read(target).anchors):
                dead.append(f"{page.relative_to(SITE)}: {link}")
    assert found > 5000
    assert dead == []


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser")
        )
        yield launched
        launched.close()


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize(
    "name",
    [
        "index",
        "tutorial/ten-minutes",
        "how-to/fairness-review",
        "methods",
        "generated/api/effects",
        "generated/reports/adult",
    ],
)
def test_a_page_works_without_a_network(browser, name, width):
    context = browser.new_context(offline=True, viewport={"width": width, "height": 900})
    page = context.new_page()
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((SITE / f"{name}.html").as_uri(), timeout=SLOW)
    assert [url for url in requests if urlsplit(url).scheme not in {"file", "data", "blob"}] == []
    assert errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_formulas_are_drawn(browser):
    page = browser.new_page(offline=True)
    page.goto((SITE / "methods.html").as_uri(), timeout=SLOW)
    formulas = page.locator("math")
    assert formulas.count() > 20
    tall = [formulas.nth(i).bounding_box()["height"] for i in range(formulas.count())]
    assert min(tall) > 5
    fraction = page.locator("mfrac").first  # drawn as a fraction, and not as a row of letters
    assert fraction.bounding_box()["height"] > 1.5 * fraction.locator("> *").first.bounding_box()["height"]
    page.close()


def test_the_search_finds_a_check_without_a_network(browser):
    page = browser.new_page(offline=True)
    page.goto((SITE / "search.html").as_uri() + "?q=miscalibrated", timeout=SLOW)
    page.wait_for_selector("ul.search li a", timeout=SLOW)
    assert page.locator("ul.search a[href*='generated/checks/miscalibrated']").count()
    page.close()
