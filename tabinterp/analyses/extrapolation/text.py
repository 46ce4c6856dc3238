"""Sentences about extrapolation beyond the range of the data."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.off.range": "One range beyond the data",
    "report.off.range.table": "Change of the score one range beyond the data, in ranges of the score [95% interval]",
    "report.off.range.lead": (
        "Each number goes from the 0.5% or 99.5% quantile of the training rows (of all rows without a split) as far "
        "again as both lie apart ({rows} rows). Mean absolute change of the score, in ranges of the scores of the rows; "
        "a linear model stays below 1."
    ),
    "report.off.change": "Change",
    "report.off.outside": "Held-out rows outside the training range",
    "report.off.skipped": "The encoder takes no value beyond those it knows: {columns}.",
    # why it does not apply
    "why.it reads no number, or its score is the same on every row": (
        "it reads no number, or its score is the same on every row"
    ),
    "why.the encoder takes no value beyond those it knows": ("the encoder takes no value beyond those it knows"),
    "why.extrapolation.values": "{model:name} {opaque}: it is asked about the values of the table alone",
}
