"""Report section on how the network computes its score: introduction to the analyses of regions, conductance and paths."""

from __future__ import annotations

from tabinterp.document.base import Part
from tabinterp.document.document import Document
from tabinterp.report.blocks import Block, Paragraph
from tabinterp.report.words import say, t

from .record import Mechanism


def build(document: Document) -> list[Block]:
    """Return the introduction, if at least one of the analyses has a result."""
    mechanism = document.get(Mechanism)
    if mechanism is None:
        return []
    shown = any(isinstance(part, Part) for _, part in mechanism)
    return [Paragraph(t("report.mechanism.lead"))] if shown else []


def absent(document: Document) -> list[Block]:
    """Return a note with the reason for each analysis that does not apply."""
    mechanism = document.get(Mechanism)
    return [] if mechanism is None else [Paragraph(say(reason), "note") for reason in mechanism.absent]
