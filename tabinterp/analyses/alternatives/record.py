"""Less discriminatory alternatives in the document: versions of a model without some columns, by AUC and selection ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Part

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results


class AlternativeRow(Part):
    """A version of a model: unchanged, with columns held at their means, or refitted without them."""

    model: Literal["network", "linear"]
    how: Literal["whole", "held", "refitted"]
    without: list[str]
    auc: Interval
    ratios: list[Interval]  # least to most selected group, for each protected column; empty if it may not be shown
    frontier: list[bool]  # no other version is at least as good in both AUC and ratio, and better in one


class Alternatives(Part):
    rows: int  # held-out
    seed: int
    columns: list[str]
    versions: list[AlternativeRow]


def build(r: Results) -> Alternatives | None:
    """Return all versions of both models; None if no alternatives were computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    return fill(Alternatives, result)
