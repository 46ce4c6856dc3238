"""Report section that introduces the analyses of how the network computes its score: regions, conductance and path products."""

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
    """Return a note for each of the analyses that do not apply, with the reason."""
    mechanism = document.get(Mechanism)
    return [] if mechanism is None else [Paragraph(say(reason), "note") for reason in mechanism.absent]
