"""How the network computes its score, on the page: introduction to linear regions, conductance, path products and ablation."""

from __future__ import annotations

from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Heading, Paragraph
from tabinterp.report.words import say, t


def build(document: Document) -> list[Block]:
    """Return the title and the introduction."""
    mechanism = document.mechanism
    if mechanism is None:
        return []
    shown = any(
        analysis is not None
        for analysis in (mechanism.regions, mechanism.conductance, mechanism.paths, mechanism.groups)
    )
    return [Heading(t("report.mechanism")), *([Paragraph(t("report.mechanism.lead"))] if shown else [])]


def absent(document: Document) -> list[Block]:
    """Return which of the analyses do not apply, and why."""
    mechanism = document.mechanism
    return [] if mechanism is None else [Paragraph(say(reason), "note") for reason in mechanism.absent]
