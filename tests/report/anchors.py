"""The sections that the page may have."""

from __future__ import annotations

from tabinterp.analyses import ANALYSES
from tabinterp.report import contents


def sections() -> set[str]:
    """Return the anchors of all sections that the page may have."""
    of_no_analysis = {anchor for chapter in contents.CHAPTERS for _, anchor, _ in chapter.shown}
    return of_no_analysis | {place.section for one in ANALYSES for place in one.on_page}
