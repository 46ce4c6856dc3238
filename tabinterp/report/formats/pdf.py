"""The report as a PDF: the same page as PDF/UA, tagged, with bookmarks and page numbers."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tabinterp.document.document import Document
from tabinterp.report.html import render

from .weasyprint import printer

VARIANT = "pdf/ua-1"
PICTURE = re.compile(r'(<svg\b[^>]*\saria-label="([^"]*)"[^>]*>)')


def printed(document: Document, appendix: str = "full") -> bytes:
    """Return the report as a PDF: A4, the same bytes for the same document; what the page folds is in an appendix, which
    `appendix="none"` leaves out.

    Raises
    ------
    MissingError : WeasyPrint or a library of the system that it needs is not there.
    """
    weasyprint = printer()
    page = PICTURE.sub(
        r"\1<title>\2</title>", render(document, True, appendix)
    )  # a picture's reading is its title in PDF
    with _silence():
        data: bytes = weasyprint.HTML(string=page, url_fetcher=_refuse).write_pdf(pdf_variant=VARIANT)
    return data


@contextmanager
def _silence() -> Iterator[None]:
    """WeasyPrint tells of every rule of the style sheet that is for screens only."""
    logger = logging.getLogger("weasyprint")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _refuse(address: str, *_: Any, **__: Any) -> Any:
    """A report loads nothing."""
    raise ValueError(f"a report must not refer to other files; got {address!r}")
