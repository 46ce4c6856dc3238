"""Sentences about interactions between columns."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.interactions": "interactions",
    "rows_of.interactions": "Interactions",
    "report.section.interactions": "Interactions",
    "report.interactions.lead": (
        "An interaction is the effect of two columns on the network's score beyond the sum of their separate effects. {screened} "
        "pairs of columns were screened by second differences between real rows; the {count} strongest are listed in descending "
        "order of interaction variance (estimated on {rows})."
    ),
    "report.interactions.passed": (
        "The {count} columns that change the score least were excluded from the screening. The largest total Sobol "
        "index among these columns is {most} (share of the variance of the score). If columns are independent, no "
        "pair that includes an excluded column can have a larger share of the variance."
    ),
    "report.interactions.linear": (
        "The linear counterpart adds up the effects of its columns, so its interactions are zero by construction."
    ),
    "report.interactions.linear_mixed": (
        "The encoder of the linear counterpart combines columns, so the counterpart may also have interactions. These "
        "were not estimated."
    ),
    "report.interactions.note": (
        "Interaction effect: the pair's partial dependence minus the partial dependences of its two columns. "
        "Variance: variance of the interaction effect ({unit}). Share: variance of the interaction effect "
        "divided by the variance of the score. H²: variance of the interaction effect divided by the "
        "variance of the pair's partial dependence (Friedman and Popescu). Shapley: variance over rows of "
        "the Shapley interaction index. Estimates are unbiased, so they can be negative if there is no "
        "interaction. Intervals are computed from {blocks} randomly drawn blocks of {background} rows (seed "
        "{seed}). All measures evaluate the network on rows that combine values from different real rows; "
        "such rows can be atypical."
    ),
    "report.interactions.unit.log-odds": "squared log-odds",
    "report.interactions.unit.target": "squared units of the target",
    "report.interactions.unit.log-rate": "squared log rate",
    "report.interactions.table": "Pairs of columns with the strongest interactions in the network",
    "report.interactions.first": "First column",
    "report.interactions.second": "Second column",
    "report.interactions.share": "Share of variance [95% CI]",
    "report.interactions.variance": "Variance [95% CI]",
    "report.interactions.h2": "H² [95% CI]",
    "report.interactions.stderr": "Standard error",
    "report.interactions.none": "The network has fewer than two input columns, so there are no pairs.",
    "plot.axis.interactions": "Share of the variance of the score, 95% CI",
    # why the analysis does not apply
    "why.interactions.few": "interactions need at least {least} rows with positive weight; the table has {rows}",
    "why.interactions.pair": "interactions need at least two columns; the only column is '{column}'",
}
