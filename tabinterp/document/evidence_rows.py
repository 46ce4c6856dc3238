"""Text supplied by the author of the validation report, and the evidence in the document for each clause of a law or standard."""

from __future__ import annotations

from typing import Literal

from .base import Part


class Card(Part):
    """Text supplied by the author of the validation report. A field is None if no text was supplied for it."""

    intended_use: str | None = None
    out_of_scope: str | None = None
    population: str | None = None
    limits: str | None = None
    ethics: str | None = None
    developer: str | None = None
    licence: str | None = None
    reviewer: str | None = None
    role: str | None = None  # of the reviewer


class EvidenceRow(Part):
    section: str  # anchor of the section, or the author's text
    instrument: str
    version: str
    applies: str | None  # the first day on which it applies
    clause: str
    mark: Literal["P", "S", "M"]  # verified in the text itself, in secondary sources, or written from memory
    status: Literal["supplied", "partial", "not_supplied"]
    missing: list[str]  # fields that this document does not contain
