"""The report as one self-contained HTML file. It works offline and sends no data. The same document always produces the same
bytes.
"""

from __future__ import annotations

import base64
import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from tabinterp import __version__
from tabinterp.document import claims
from tabinterp.document.difference import compare_documents
from tabinterp.document.document import Document
from tabinterp.document.labels import labelled
from tabinterp.errors import DocumentError
from tabinterp.messages.language import SOURCE, speaking
from tabinterp.report.blocks import Section
from tabinterp.report.figures import styles
from tabinterp.report.formats.summary import in_a_notebook, on_one_sheet
from tabinterp.report.sections.difference import changes_screen, changes_sections
from tabinterp.report.sections.first_screen import FirstScreen, first_screen
from tabinterp.report.words import plain, t

from .appendix import with_appendix
from .contents import chapters
from .paper import marked, printed_tables


def render(document: Document, paper: bool = False, appendix: str = "folded") -> str:
    """Return the report of an audit as HTML. With `paper`, return the HTML from which the PDF is made. `appendix` is "none",
    "folded" or "full".
    """
    claims.check(document)
    document = labelled(document)
    found = with_appendix(chapters(document), appendix, paper)
    return _page(first_screen(document), found, document.method.version, paper)


def render_changes(first: Document, second: Document, lang: str = SOURCE) -> str:
    """Return the comparison of two audits as an HTML page."""
    found = compare_documents(first, second)
    with speaking(lang):
        return _page(changes_screen(found, labelled(first)), changes_sections(found), __version__)


def render_summary(document: Document) -> str:
    """Return an HTML summary of the audit that fits on one A4 sheet: verdict, difference, most severe findings and digests."""
    claims.check(document)
    style = _static("summary.css")
    return _filled("summary.html", brief=on_one_sheet(document), policy=_policy(style, ""), style=Markup(style))


def render_notebook(document: Document) -> str:
    """Return a summary of the audit for a notebook cell, as an HTML fragment with inline styles and without scripts."""
    claims.check(document)
    return _filled("notebook.html", brief=in_a_notebook(document))


def _page(first: FirstScreen, parts: list[Section], version: str, paper: bool = False) -> str:
    style, script = (_static("paper.css"), "") if paper else (_static("report.css"), _static("report.js"))
    policy = _policy(style, script)
    told = {"first": first, "chapters": parts, "version": version, "policy": policy}
    with _without_garbage_collection(), styles():
        return _filled("paper.html" if paper else "page.html", **told, style=Markup(style), script=Markup(script))


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Pause the garbage collector. It would take a fifth of the time needed to draw figures, and free almost nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _filled(name: str, **values: Any) -> str:
    try:
        return _environment().get_template(name).render(**values)
    except TemplateError as error:
        raise DocumentError(
            f"the template {name} cannot be rendered ({type(error).__name__}: {error}). Reinstall tabinterp"
        ) from None


@cache
def _environment() -> Environment:
    """Return the Jinja environment. It is cached, so templates are compiled once per process."""
    environment = Environment(
        loader=PackageLoader("tabinterp.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"t": t, "printed_tables": printed_tables, "marked": marked}
    environment.finalize = _finalize
    return environment


def _finalize(value: Any) -> Any:
    """Remove control characters for text direction from a value that a template prints. Values that are already markup are
    unchanged.
    """
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _static(name: str) -> str:
    return files("tabinterp.report").joinpath("static", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return a content security policy that allows only this style and this script, which are identified by hashes. Nothing else
    is loaded or run.
    """
    return (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
