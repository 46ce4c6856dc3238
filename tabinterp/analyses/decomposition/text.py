"""Sentences about the decomposition of the score's variance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.decomposition of the score": "decomposition of the score",
    "rows_of.shares": "Decomposition of the score",
    "report.gain.shares": "Decomposition of the score",
    "report.gain.shares.lead": (
        "The variance of the network's score over {rows} has three components: the part explained by a linear function of the "
        "columns, the part added by nonlinear effects of single columns (curves), and the remaining part, which is due to "
        "interactions. The shares of the three components add up to 1 even if columns are correlated. The functions are fitted "
        "by {folds}-fold cross-fitting, so each row is scored by functions fitted on other rows."
    ),
    "report.gain.shares.p(1-p)": (
        "For the weighted shares, each row has weight p(1 − p), where p is its predicted probability; this weight is "
        "the second derivative of log loss with respect to the log-odds."
    ),
    "report.gain.shares.rate": (
        "For the weighted shares, the weight of each row is its expected count, which is proportional to the second "
        "derivative of the Poisson deviance with respect to the log rate."
    ),
    "report.gain.share.linear": "linear",
    "report.gain.share.curvature": "curves",
    "report.gain.share.interactions": "interactions",
    # component: report.gain.share; of: one column, or two
    "report.gain.share.of": "{component}: {of}",
    "report.gain.share.other": "interactions: all pairs that are not listed",
    "report.gain.share.output": "{component}, {output}",
    "report.gain.share.rest": "{component}: sum of all others ({count})",
    "report.gain.part": "Component",
    "report.gain.share": "Share [95% CI]",
    "report.gain.share.weighted": "Weighted share [95% CI]",
    "report.gain.shares.axis": "Share of the variance of the network's score",
    "report.gain.shares.aria": "Shares of the variance of the network's score with 95% CIs. {shares}.",
    "report.gain.shares.legend": "Share, 95% CI",
    "report.gain.shares.caption": "An interval narrower than its marker is not visible.",
    "report.gain.shares.table": "Share of each component in the variance of the network's score",
    "report.gain.parts": "Columns and pairs with the largest shares ({count})",
    "report.gain.parts.table": "Share of the variance of the network's score due to each column and pair "
    "of columns, largest first",
    "report.gain.parts.note": (
        "A share is the covariance of a component with the score, divided by the variance of the score. The shares add up to 1, "
        "and the share of a column that is correlated with others can be negative. Components of correlated columns can cancel "
        "each other out, and their shares can then lie outside the range −1 to 1. Such components are not listed individually, "
        "but are included in the row “sum of all others”. No interval is given for sums of shares."
    ),
    "plot.axis.shares": "Share of the variance of the score, 95% CI",
    # why the analysis does not apply
    "why.decomposition.constant": "the score of {model:name} is the same for all rows analysed",
    "why.decomposition.few": (
        "the decomposition needs at least {least} rows, because it fits {functions} functions of the columns; the "
        "table has only {rows} rows"
    ),
    "why.decomposition.folds": (
        "at least one of the {folds} folds for cross-fitting has no row with positive weight, because there are too few "
        "rows or groups of rows ({rows} rows analysed)"
    ),
}
