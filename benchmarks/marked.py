"""Parts of a page that a command writes: each lies between two marks, and only the text between them is replaced."""

from __future__ import annotations

from pathlib import Path


def rewrite(page: Path, name: str, text: str) -> None:
    """Replace what stands between `<!-- name -->` and `<!-- /name -->` in a page that has both marks, once and in this order."""
    old = page.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if old.count(start) != 1 or old.count(end) != 1 or old.index(start) > old.index(end):
        raise ValueError(f"{page} needs one line {start} and after it one line {end}")
    before, rest = old.split(start)
    page.write_text(f"{before}{start}\n{text.strip()}\n{end}{rest.split(end)[1]}", encoding="utf-8")
