"""Sentences about drop-column importance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.together.dropped": "Linear, column dropped [95% CI]",
    "report.together.refit": (
        "“Column dropped” is the rise in held-out loss when a linear model is refitted without the column; in the "
        "refit, other columns can take its place. These models are fitted to {training} training rows and scored on {rows} "
        "rows. The network is not retrained, so the values concern the linear counterpart only."
    ),
    "report.together.refit.none": (
        "The linear counterpart was not refitted with each column left out in turn. Such refits are possible only "
        "if it is known which rows are held out, and if there are enough training rows to choose the penalty. The audit "
        "also omits these refits if there are so many columns and rows that the refits would take too long; "
        "ti.drop_and_refit has no such limit."
    ),
    "plot.axis.dropped": "Rise in held-out loss after refitting without the column ({loss}), 95% CI",
    # why the analysis does not apply
    "why.refits are scored on held-out rows, and the table does not say which these are": (
        "refitted models are scored on held-out rows, but the table has no split; load the table with "
        "the split that was used to train the network"
    ),
}
