"""Sentences about the scorecard."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.scorecard": "scorecard",
    "rows_of.scorecard_fitted": "Scorecard: fit",
    "rows_of.scorecard": "Scorecard: evaluation",
    # low, high: numbers, written out
    "scorecard.bin.low": "≤ {high}",
    "scorecard.bin.between": "> {low}, ≤ {high}",
    "scorecard.bin.high": "> {low}",
    "scorecard.bin.known": "not missing",
    "scorecard.bin.missing": "missing",
    "scorecard.bin.levels": "{levels}",
    "scorecard.bin.levels.other": "{levels}, other levels",
    "scorecard.bin.other": "other levels",
    "report.scorecard.fold": "Scorecard: base points {base}, {columns} columns",
}
