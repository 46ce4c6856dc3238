"""Sentences about interactions between columns."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.section.interactions": "Interactions",
    "report.interactions.lead": (
        "Which columns act together in the network's score, beyond what each does alone: the {count} of {screened} pairs "
        "that a screening of all of them by second differences between real rows finds strongest, the largest variance first. "
        "Read on {rows}."
    ),
    "report.interactions.passed": (
        "{count} columns that move the score less than these were left out of the screening. The largest total index among "
        "them is {most} of the variance of the score; where columns are independent, no pair with one of them holds more."
    ),
    "report.interactions.linear": (
        "A linear model adds its columns up, so every interaction of the linear counterpart is zero by construction."
    ),
    "report.interactions.linear_mixed": (
        "The linear counterpart's encoder mixes columns, so its pairs may act together as well; they were not measured."
    ),
    "report.interactions.note": (
        "Variance: of the pair's partial dependence less those of its columns ({unit}). Share: its part of the variance of the "
        "score. H²: its part of the variance of the pair's partial dependence (Friedman and Popescu). Shapley: variance over "
        "rows of the Shapley interaction index. Estimates are unbiased, so that one of nothing may lie below zero; intervals "
        "come from {blocks} blocks of {background} rows (seed {seed}). All of them ask about rows put together from real ones, "
        "which may be unlike real rows."
    ),
    "report.interactions.unit.log-odds": "squared log-odds",
    "report.interactions.unit.target": "squared units of the target",
    "report.interactions.unit.log-rate": "squared log rate",
    "report.interactions.table": "The strongest pairs of the network, each number with its 95% interval",
    "report.interactions.first": "First column",
    "report.interactions.second": "Second column",
    "report.interactions.share": "share of variance [95% interval]",
    "report.interactions.variance": "variance [95% interval]",
    "report.interactions.h2": "H² [95% interval]",
    "report.interactions.stderr": "standard error",
    "report.interactions.none": "The network reads fewer than two columns: no pair can act together.",
    "plot.axis.interactions": "share of the variance of the score, 95% interval",
    # why it does not apply
    "why.interactions.few": "interactions need at least {least} rows with a weight; the table has {rows}",
    "why.interactions.pair": "a pair needs two columns; there is '{column}'",
}
