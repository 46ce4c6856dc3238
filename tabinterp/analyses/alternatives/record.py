"""Less discriminatory alternatives in the audit document: AUC and impact ratios of model versions without some columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tabinterp.analyses.record_values import fill
from tabinterp.document.base import Interval, Part

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results


class AlternativeRow(Part):
    """A version of a model: unchanged, with some columns fixed at their means, or refitted without some columns."""

    model: Literal["network", "linear"]
    how: Literal["whole", "held", "refitted"]
    without: list[str]
    auc: Interval
    ratios: list[Interval]  # lowest selection rate divided by the highest, for each protected column; empty if withheld
    frontier: list[bool]  # for each protected column: whether the version is on the frontier of AUC and impact ratio


class Alternatives(Part):
    rows: int  # number of held-out rows
    seed: int
    columns: list[str]
    versions: list[AlternativeRow]


def build(r: Results) -> Alternatives | None:
    """Return all versions of both models, or None if no alternatives were computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    return fill(Alternatives, result)
