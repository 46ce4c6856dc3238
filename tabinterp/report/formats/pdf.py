"""The report as a PDF (PDF/UA-1): tagged, with bookmarks and page numbers."""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tabinterp.document.document import Document
from tabinterp.report.html import render

from .weasyprint import printer

VARIANT = "pdf/ua-1"
PICTURE = re.compile(r'<svg\b[^>]*?\saria-label="([^"]*)".*?</svg>', re.DOTALL)
ADDRESS = "picture:"  # address of a picture, followed by its position on the page
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, Liberation Sans, sans-serif"


def printed(document: Document, appendix: str = "folded") -> bytes:
    """Return the report as a PDF in A4 format. The same document always produces the same bytes.

    `appendix` is "none", "folded" or "full". "folded" includes the tables that are folded on the HTML page. "full" also includes
    figure data and the details of single hidden units. "none" includes none of these.

    Raises
    ------
    MissingError
        WeasyPrint, or a system library that it needs, is missing.
    """
    weasyprint = printer()
    with _silence(), _no_collection():
        page, pictures = _without_pictures(render(document, True, appendix))
        data: bytes = weasyprint.HTML(string=page, url_fetcher=_fetcher(weasyprint, pictures)).write_pdf(
            pdf_variant=VARIANT
        )
    return data


def _without_pictures(page: str) -> tuple[str, list[str]]:
    """Return the page with its inline SVG pictures replaced by image elements, and a list of the pictures.

    This saves time: WeasyPrint matches the page's style sheet against every element of an inline picture, but not against the
    elements of an image.
    """
    pictures: list[str] = []

    def image(found: re.Match[str]) -> str:
        pictures.append(found[0].replace("<svg", f'<svg font-family="{FONT}"', 1))
        return f'<img class="picture" src="{ADDRESS}{len(pictures) - 1}" alt="{found[1]}">'

    return PICTURE.sub(image, page), pictures


def _fetcher(weasyprint: Any, pictures: Sequence[str]) -> Any:
    """Return a function that WeasyPrint calls to load images. It provides only the pictures of the report."""

    class Pictures(weasyprint.urls.URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith(ADDRESS):
                raise ValueError(f"a report must not load other files; got {url!r}")
            picture = pictures[int(url.removeprefix(ADDRESS))]
            return weasyprint.urls.URLFetcherResponse(url, picture, {"Content-Type": "image/svg+xml"})

    return Pictures()


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause garbage collection within the `with` block. A layout consists of millions of objects, which are all in use until the
    layout is finished. Garbage collection would take a fifth of the layout time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _silence() -> Iterator[None]:
    """Suppress WeasyPrint's warnings about unknown style properties within the `with` block."""
    logger = logging.getLogger("weasyprint")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
