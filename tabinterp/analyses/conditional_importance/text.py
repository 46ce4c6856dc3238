"""What the report says of columns that move together, and of the baselines of integrated gradients."""

from __future__ import annotations

TOGETHER: dict[str, str] = {
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
    "report.together.dropped": "linear, fitted again without it [95% interval]",
    "report.together.note": (
        "Strata: leaves of a tree that predicts the column from those whose association with it is at least {associated}, grown "
        "on one half of the rows and applied to the other; at least {fewest} rows each. Within a stratum rows are alike, not "
        "equal: some of what the others tell is still broken. Donors for each row: {repeats} (seed {seed})."
    ),
    "report.together.refit": (
        "Fitted again without it: the rise of the held-out loss of a linear model that is fitted anew without the column, so "
        "that the others may stand in for it ({training} training rows, scored on {rows}). It speaks of the linear side alone: "
        "the network is not trained again."
    ),
    "report.together.refit.none": (
        "No linear model was fitted again without a column: that takes rows known to be held out, training rows that a fit can "
        "be chosen on, and columns few enough for as many fits (ti.drop_and_refit makes them for any number)."
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
    "report.baselines": "From other baselines",
    "report.baselines.lead": (
        "Integrated gradients again from the median (of categories the most frequent level) and from {background} real rows, on "
        "{rows} rows. Where the order of the columns changes with the baseline, it says as much of the baseline as of the model."
    ),
    "report.baselines.gap": "Completeness gap from {baseline}: network {network}, linear {linear} (tolerance {tolerance}).",
    "report.baselines.start": (
        "The {baseline} is nearer to real rows than {farther} of them are to each other ({reference} rows); both ends are odd."
    ),
    "report.baselines.unlike": "In these columns no row is coded as the {baseline} is, so that it is no row at all: {columns}.",
    "report.baselines.pairs": "Rank stability: how far the order of the columns agrees between baselines",
    "report.baselines.pair": "Baselines",
    "report.baselines.two": "{first}, {second}",
    "report.baselines.network": "network, rank correlation",
    "report.baselines.network_overlap": "network, top {top} in common",
    "report.baselines.linear": "linear, rank correlation",
    "report.baselines.linear_overlap": "linear, top {top} in common",
    "report.baselines.mean": "mean",
    "report.baselines.median": "median",
    "report.baselines.rows": "real rows",
    "report.baselines.table": "Integrated gradients from three baselines: mean size, of several outputs their sum",
    "report.baselines.size": "{model}, from {baseline}",
}
