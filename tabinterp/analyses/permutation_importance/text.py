"""Sentences about permutation importance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.method.summed.permutation_importance": "permutation importance",
    "step.permutation importance": "permutation importance",
    "rows_of.importance": "Permutation importance",
    "report.section.importance": "Permutation importance",
    "report.importance.lead": (
        "Permutation importance is the rise in {metric} ({unit}) when the values of a column are permuted across rows. A "
        "categorical column is permuted as a whole, not level by level. Estimates use {rows}."
    ),
    "report.importance.how": (
        "For columns marked “Exact”, every possible replacement value is weighted by its frequency, so no random "
        "permutation is needed. All other columns are permuted at random {repeats} times (seed {seed}). The share of "
        "permuted rows that are unlike real rows (“Off-support”) is estimated on {off_support_rows} rows."
    ),
    # donors: a number of rows
    "report.importance.donors": (
        "The table was read in batches: importance is computed on all rows, but the values that replace those of a "
        "permuted column come from {donors} sampled rows. The 95% CIs include the sampling error of both sets of "
        "rows."
    ),
    "report.importance.axis": "Rise in {metric} ({unit}), 95% CI",
    "report.importance.aria": (
        "Permutation importance of both models with 95% CIs; columns: {count}. Largest for the network: {network}. Largest "
        "for the linear counterpart: {linear}."
    ),
    "report.importance.aria_empty": "none",
    "report.importance.legend.network": "Network, 95% CI",
    "report.importance.legend.linear": "Linear, 95% CI",
    "report.importance.figure": (
        "If the interval includes zero, the rise is not significant, but the model may still use the column."
    ),
    "report.importance.cut": "Only the {shown} columns (of {count}) with the largest values in either model are shown.",
    "report.importance.table": "Permutation importance of each column: rise in {metric} ({unit})",
    "report.importance.note": (
        "A permuted row is off-support if it is farther from the nearest real rows than 95% of real rows are from "
        "their neighbours. The off-support share is the share of such rows among the permuted rows; for realistic "
        "rows, about 5% would be expected. The larger the share, the more often the models are evaluated on rows "
        "unlike real ones."
    ),
    "report.off_support": "Off-support",
    "report.exact": "Exact",
    "reading.network.permutation_importance": "network: permutation importance",
    "reading.linear.permutation_importance": "linear: permutation importance",
    "reading.permutation_importance": "Permutation importance",
    "plot.axis.permutation": "Rise in loss ({loss}), 95% CI",
    "plot.axis.association": "Association between columns",
    # why it does not apply
    "why.permutation importance needs at least two rows that have weight": (
        "permutation importance needs at least two rows with positive weight, but there are fewer"
    ),
    "why.permutation.few": "permutation importance needs at least two rows; the table has {rows}",
    "why.permutation.pairs": (
        "the importance of {columns} cannot be computed, because every pair of a receiver row and a donor row "
        "contains a row with weight 0"
    ),
}
