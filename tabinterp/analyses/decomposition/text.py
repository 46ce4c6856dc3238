"""Sentences about the decomposition of the score's variance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.gain.shares": "What is the network's score made of?",
    "report.gain.shares.lead": (
        "Shares of the variance of the network's own score over {rows}: what a linear function of the columns explains, what "
        "curves of single columns add, and what is left to columns acting together. They add to 1, whatever the correlations. "
        "The functions are fitted on rows outside the scored fold of {folds}."
    ),
    "report.gain.shares.p(1-p)": (
        "Weighted by p(1 − p), rows that the network is sure of count less, as they do for the loss."
    ),
    "report.gain.shares.rate": "Weighted by the expected count, rows with larger expectations count more, as in the loss.",
    "report.gain.share.linear": "linear",
    "report.gain.share.curvature": "curves",
    "report.gain.share.interactions": "interactions",
    # component: report.gain.share; of: a column, or two
    "report.gain.share.of": "{component}: {of}",
    "report.gain.share.other": "interactions: all pairs that are not named",
    "report.gain.share.output": "{component}, {output}",
    "report.gain.share.rest": "{component}: the rest ({count}), summed",
    "report.gain.part": "Part of the score",
    "report.gain.share": "share [95% interval]",
    "report.gain.share.weighted": "weighted share [95% interval]",
    "report.gain.shares.axis": "Share of the variance of the network's score",
    "report.gain.shares.aria": "Shares of the variance of the network's score with 95% intervals. {shares}.",
    "report.gain.shares.legend": "share, 95% interval",
    "report.gain.shares.caption": "Where no line is seen, the interval is narrower than the mark.",
    "report.gain.shares.table": "Shares of the variance of the network's score",
    "report.gain.parts": "Columns and pairs ({count} largest, the rest summed)",
    "report.gain.parts.table": "What each column and pair contributes to the score, largest first",
    "report.gain.parts.note": (
        "A share is the covariance of a part with the score, over the variance of the score: parts add up to the whole, and "
        "the share of a column that is correlated with others may be negative. Sums have no interval."
    ),
    "plot.axis.shares": "share of the variance of the score, 95% interval",
    # why it does not apply
    "why.decomposition.constant": "{model:name} gives every one of these rows the same score",
    "why.decomposition.few": (
        "splitting the score takes {functions} functions of the columns, and at least {least} rows; the table has {rows}"
    ),
    "why.decomposition.folds": "the rows, or their groups, are too few for {folds} folds; the table has {rows} rows",
}
