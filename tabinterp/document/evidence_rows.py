"""The text that the author supplied, and the evidence that the document contains for each clause."""

from __future__ import annotations

from typing import Literal

from .base import Part


class Card(Part):
    """The text that the author supplied. A field is None if no text was supplied for it."""

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
