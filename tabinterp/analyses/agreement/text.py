"""Sentences about the agreement between importance methods."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.section.agreement": "Agreement",
    "report.agreement.lead": (
        "Cells show Spearman's rank correlation between the column importances of two analyses, from −1 (reversed "
        "order) to 1 (same order). The analyses answer different questions, so a low correlation is a reason to look "
        "closer, not an error in itself."
    ),
    "report.agreement.matrix": "Rank correlation between analyses (columns are numbered as in the row labels)",
    "report.agreement.table": "Pairs of analyses: rank correlation, shared top-k columns and sign agreement",
    "report.agreement.pairs": "All pairs ({count})",
    "report.agreement.first": "Analysis",
    "report.agreement.second": "Other analysis",
    "report.agreement.spearman": "Rank correlation",
    "report.agreement.top": "k",
    "report.agreement.overlap": "Shared top-k columns",
    "report.agreement.signs": "Same sign",
    "report.agreement.ordered": "Column pairs whose order is significant in both analyses",
    "report.agreement.opposed": "Column pairs whose order is significant in both analyses but reversed between them",
    "report.left_out": (
        "Excluded: {method} ({model}). The attributions do not add up to the score: the completeness gap is {gap}, "
        "above the tolerance of {tolerance}."
    ),
    "report.conflicts": "Sign conflicts",
    "report.conflicts.none": "No term meets all criteria for a sign conflict (see the notes on “All terms”).",
    # step: the unit of the column that a coefficient refers to (report.step); linear, network: coefficients with their intervals
    "report.conflicts.item": (
        "{term} ({step}): linear, unpenalised {linear}; network {network}. Both estimates are significant, with "
        "opposite signs."
    ),
    "report.conflicts.item_output": (
        "{output}, {term} ({step}): linear, unpenalised {linear}; network {network}. Both estimates are significant, "
        "with opposite signs."
    ),
}
