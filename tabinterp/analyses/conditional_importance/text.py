"""Sentences about conditional and grouped importance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.section.together": "When columns move together",
    "report.together.lead": (
        "Another question than permutation importance: how much the {metric} rises ({unit}) when a column comes from another row "
        "that is alike in the columns that go with it (conditional permutation). What the others already tell stays as it is: a "
        "column that others can replace has little left, however much a model leans on it. Measured on {rows}."
    ),
    "report.together.axis": "Rise of {metric} ({unit}) within strata, 95% interval",
    "report.together.aria": (
        "Conditional importance for both models with 95% intervals; columns: {count}. Largest estimates for the network: "
        "{network}. Largest estimates for the linear model: {linear}."
    ),
    "report.together.figure": (
        "An interval that includes zero: beyond what the other columns tell, no rise was resolved. The unconditional importance "
        "of the same columns is in the section before."
    ),
    "report.together.table": "Conditional importance: rise of {metric} ({unit}) within strata, with its 95% interval",
    "report.together.given": "given",
    "report.together.given.none": "nothing goes with it",
    "report.together.strata": "strata",
    "report.together.smallest": "rows of the smallest",
    # associated: an association from 0 to 1; fewest: rows; repeats: donors for each row
    "report.together.note": (
        "Strata: leaves of a tree that predicts the column from those whose association with it is at least {associated}, grown "
        "on one half of the rows and applied to the other; at least {fewest} rows each. Within a stratum rows are alike, not "
        "equal: some of what the others tell is still broken. Donors for each row: {repeats} (seed {seed})."
    ),
    "report.together.families": "Families",
    "report.together.families.lead": (
        "Columns that carry the same information, found by clustering their associations (average linkage, at least {threshold}; "
        "{rows} rows), moved as one: all of them come from the same other row."
    ),
    "report.together.families.none": (
        "No two columns have an association of {threshold} or more ({rows} rows): there is no family."
    ),
    "report.together.families.table": "Families of columns as one player: rise of {metric} ({unit}) with its 95% interval",
    "report.together.family": "Family",
    "report.together.weakest": "weakest association",
    "report.together.families.note": (
        "Association: Spearman's rank correlation between numbers, Cramér's V between levels, correlation ratio of ranks between "
        "a number and levels, the last two less what chance gives."
    ),
    "plot.axis.permutation.conditional": "rise of the loss ({loss}) within strata, 95% interval",
    # why it does not apply
    "why.permutation.conditional": (
        "conditional importance needs at least {least} rows; the table has {rows}: strata hold {stratum} rows, are cut by "
        "other rows than their own, and one stratum is none"
    ),
}
