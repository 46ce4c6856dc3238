"""Terms of a linear function in the document: a numeric column, or a level compared with the reference level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tabinterp.analyses.record_values import number
from tabinterp.document.base import Part
from tabinterp.table.suppression import SMALL

if TYPE_CHECKING:
    from tabinterp.linear.terms import AnyTerm


class TermRow(Part):
    """Term of a linear function: a numeric column, or a level compared with the reference level."""

    column: str
    level: str | None
    reference: str | None
    unit: str | None
    sd: float | None  # standard deviation of the column, to convert "per unit" to "per standard deviation"


def shown_terms(terms: Sequence[AnyTerm]) -> list[int]:
    """Return the indices of the terms that can be shown: all except levels with fewer than ten rows."""
    return [i for i, term in enumerate(terms) if term.level_rows is None or term.level_rows >= SMALL]


def term_fields(terms: Sequence[AnyTerm], i: int) -> dict[str, Any]:
    """Return the fields of `TermRow` for a term."""
    term = terms[i]
    return {
        "column": term.term.column,
        "level": term.term.level,
        "reference": _reference(terms, term),
        "unit": term.term.unit,
        "sd": number(term.sd),
    }


def _reference(terms: Sequence[AnyTerm], term: AnyTerm) -> str | None:
    """Return the name of the reference level.

    It is replaced by "…" if fewer than ten rows have the level, to protect individual people.
    """
    if term.level_rows is None or not term.term.dummy:
        return term.term.reference
    others = sum(other.level_rows or 0 for other in terms if other.term.column == term.term.column)
    return term.term.reference if len(term.values) - others >= SMALL else "…"
