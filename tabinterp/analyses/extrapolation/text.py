"""Sentences about extrapolation beyond the range of the data."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.extrapolation beyond the range of the data": "extrapolation beyond the range of the data",
    "rows_of.extrapolation": "Extrapolation",
    "report.off.range": "Extrapolation",
    "report.off.range.table": (
        "Mean absolute change in score, divided by the range of the scores, when a column is moved beyond its range by the "
        "width of that range"
    ),
    "report.off.range.lead": (
        "On {rows} rows, each numeric column is set to its 0.5% or 99.5% quantile and then moved further out by the distance "
        "between these two quantiles. The quantiles are those of the training rows, or of all rows if there is no split. The "
        "change in score in this second step is divided by the range of the scores in the data. The table shows the mean "
        "absolute change for the side of the range on which it is larger. The score of a linear model changes at the same rate "
        "beyond the range as within it."
    ),
    "report.off.change": "Change in score [95% CI]",
    "report.off.outside": "Held-out rows outside the training range",
    "report.off.skipped": "Not extrapolated, because the encoder accepts known values only: {columns}.",
    # why the analysis does not apply
    "why.it reads no number, or its score is the same on every row": (
        "the network uses no numeric column, or its score is the same for every row"
    ),
    "why.the encoder takes no value beyond those it knows": (
        "the encoder rejects values beyond the observed ranges of the numeric columns"
    ),
    "why.extrapolation.values": "{model:name} {opaque}, so it can only be evaluated at values in the table",
}
