"""Sentences about the agreement between methods of importance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.section.agreement": "Agreement",
    "report.agreement.lead": (
        "How far two readings order the columns alike: Spearman's rank correlation, from −1 (reversed) to 1 (the same "
        "order). Readings ask different questions; disagreement is a reason to look, not an error by itself."
    ),
    "report.agreement.matrix": "Rank correlation between readings; rows and columns in the same order",
    "report.agreement.table": "Pairs of readings: rank correlation, common columns among the top k, agreement on sign",
    "report.agreement.pairs": "All pairs ({count}), with overlap and signs",
    "report.agreement.first": "Reading",
    "report.agreement.second": "Other reading",
    "report.agreement.spearman": "rank correlation",
    "report.agreement.top": "k",
    "report.agreement.overlap": "common to both top k",
    "report.agreement.signs": "same sign",
    "report.agreement.ordered": "pairs of columns in significant order",
    "report.agreement.opposed": "of these, in opposite order",
    "report.left_out": (
        "Left out: {method}, {model}. Its attributions do not add up to the score: the completeness gap is {gap}, above the "
        "tolerance of {tolerance}."
    ),
    "report.conflicts": "Sign conflicts between coefficients and network",
    "report.conflicts.none": "No term has its two intervals on different sides of zero.",
    # step: what a coefficient is per (report.step); linear, network: coefficients with their intervals
    "report.conflicts.item": "{term} ({step}): linear, unpenalised fit {linear}; network {network}. Both intervals exclude zero.",
    "report.conflicts.item_output": (
        "{output}, {term} ({step}): linear, unpenalised fit {linear}; network {network}. Both intervals exclude zero."
    ),
}
