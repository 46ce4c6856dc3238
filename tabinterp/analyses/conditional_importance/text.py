"""Sentences about conditional and grouped importance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.conditional importance": "conditional importance",
    "rows_of.together": "Conditional and grouped importance",
    "rows_of.together_fitted": "Refits without a column",
    "report.section.together.summary": (
        "Conditional importance, grouped importance, and importance after refitting without a column."
    ),
    "report.section.together": "Conditional and grouped importance",
    "report.together.lead": (
        "Conditional importance is the rise in {metric} ({unit}) when a column is permuted only among rows with similar values "
        "in its associated columns. This preserves the information in the associated columns, so a column that other columns can "
        "replace has low conditional importance even if a model relies on it heavily. Estimates use {rows}."
    ),
    "report.together.axis": "Conditional rise in {metric} ({unit}), 95% CI",
    "report.together.aria": (
        "Conditional importance of both models with 95% CIs; columns: {count}. Largest for the network: {network}. Largest "
        "for the linear counterpart: {linear}."
    ),
    "report.together.figure": (
        "If the interval includes zero, the column's contribution beyond that of its associated columns is not significant."
    ),
    "report.together.table": (
        "Conditional importance of each column: rise in {metric} ({unit}) when the column is permuted within strata"
    ),
    "report.together.given": "Conditioned on",
    "report.together.given.none": "no associated column",
    "report.together.strata": "Strata",
    "report.together.smallest": "Rows in smallest stratum",
    # associated: an association from 0 to 1; fewest: number of rows; repeats: number of donors for each row
    "report.together.note": (
        "Strata are the leaves of trees that predict the column from its associated columns (association of at least "
        "{associated}). A tree grown on one half of the rows divides the other half; adjacent leaves are merged until each "
        "has at least {fewest} rows. Rows in a stratum are similar but not identical, so part of the information in the "
        "associated columns is still lost. For each row, {repeats} donor rows are drawn at random from its stratum (seed "
        "{seed})."
    ),
    "report.together.families": "Grouped importance",
    "report.together.families.lead": (
        "Columns that carry similar information are permuted together: in each row, the values of all columns in the "
        "group are replaced by the values from one other row. The groups of columns are found on {rows} rows by "
        "average-linkage clustering with a minimum association of {threshold}."
    ),
    "report.together.families.none": (
        "No two columns have an association of {threshold} or more (n = {rows}), so no columns are grouped."
    ),
    "report.together.families.table": (
        "Grouped importance: rise in {metric} ({unit}) when the columns of a group are permuted together"
    ),
    "report.together.family": "Group of columns",
    "report.together.weakest": "Weakest association",
    "report.together.families.note": (
        "Association is Spearman's rank correlation between numeric columns, Cramér's V between categorical columns, "
        "and the correlation ratio of ranks between a numeric and a categorical column. Cramér's V and the correlation "
        "ratio are corrected for chance association."
    ),
    "plot.axis.permutation.conditional": "Conditional rise in loss ({loss}), 95% CI",
    # why the analysis does not apply
    "why.permutation.conditional": (
        "conditional importance needs at least {least} rows; the table has {rows} (a decision tree must "
        "divide each half of the rows into at least two strata of {stratum} rows)"
    ),
}
