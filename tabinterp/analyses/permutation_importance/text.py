"""Sentences about permutation importance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.section.importance": "Importance",
    "report.importance.lead": (
        "How much the {metric} rises ({unit}) when a column's link to the others is broken by permutation. Levels of a "
        "column move together. Measured on {rows}."
    ),
    "report.importance.how": (
        "Exact columns need no permutation: every donor was weighed. Permutations of each other column: {repeats} (seed "
        "{seed}). Off-support on {off_support_rows} rows."
    ),
    "report.importance.axis": "Rise of {metric} ({unit}), 95% interval",
    "report.importance.aria": (
        "Permutation importance for both models with 95% intervals; columns: {count}. Largest estimates for the "
        "network: {network}. Largest estimates for the linear model: {linear}."
    ),
    "report.importance.aria_empty": "no column",
    "report.importance.legend.network": "network, 95% interval",
    "report.importance.legend.linear": "linear, 95% interval",
    "report.importance.figure": (
        "An interval that includes zero: a rise was not resolved; the model may still use the column. Both models have "
        "the same kind of interval."
    ),
    "report.importance.cut": "Shown: the {shown} columns with the largest estimates for either model, of {count}.",
    "report.importance.table": "Permutation importance: rise of {metric} ({unit}) with its 95% interval",
    "report.importance.note": (
        "Off-support: share of permuted rows farther from real rows than 95% of real rows are; about 5% is what chance "
        "gives. Where it is higher, the models are asked about rows unlike real ones."
    ),
    "report.off_support": "off-support",
    "report.exact": "exact",
    "reading.network.permutation_importance": "network: permutation importance",
    "reading.linear.permutation_importance": "linear: permutation importance",
    "reading.permutation_importance": "Permutation importance",
    "plot.axis.permutation": "rise of the loss ({loss}), 95% interval",
    "plot.axis.association": "association of two columns",
    # why it does not apply
    "why.permutation importance needs at least two rows that have weight": (
        "permutation importance needs at least two rows that have weight"
    ),
    "why.permutation.few": "permutation importance needs at least two rows; the table has {rows}",
    "why.permutation.pairs": "no pair of rows drawn for {columns} has weight",
}
