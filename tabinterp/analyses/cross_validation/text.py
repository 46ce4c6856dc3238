"""Sentences about cross-validation."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "plot.label.fold": "fold {fold}",
    "plot.axis.folds": "Loss on each held-out fold ({metric})",
}
