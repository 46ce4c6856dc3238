"""Sentences about drop-column importance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.together.dropped": "linear, fitted again without it [95% interval]",
    "report.together.refit": (
        "Fitted again without it: the rise of the held-out loss of a linear model that is fitted anew without the column, so "
        "that the others may stand in for it ({training} training rows, scored on {rows}). It speaks of the linear side alone: "
        "the network is not trained again."
    ),
    "report.together.refit.none": (
        "No linear model was fitted again without a column: that takes rows known to be held out, training rows that a fit can "
        "be chosen on, and columns few enough for as many fits (ti.drop_and_refit makes them for any number)."
    ),
    "plot.axis.dropped": "rise of the held-out loss ({loss}) of the refit, 95% interval",
    # why it does not apply
    "why.refits are scored on held-out rows, and the table does not say which these are": (
        "refits are scored on held-out rows, and the table does not say which these are"
    ),
}
