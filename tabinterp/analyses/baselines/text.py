"""Sentences about integrated gradients from different baselines."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.baselines": "baselines",
    "rows_of.baselines": "Integrated gradients: other baselines",
    "report.baselines": "Sensitivity to the baseline",
    "report.baselines.lead": (
        "Integrated gradients are computed on {rows} rows with three baselines: the mean, the median (for categorical "
        "columns, the most frequent level) and {background} real rows. A ranking of columns that changes with the baseline "
        "reflects the choice of baseline as well as the model."
    ),
    "report.baselines.gap": (
        "Completeness gap for baseline “{baseline}”: network {network}, linear {linear} (tolerance {tolerance})."
    ),
    # baseline: report.baselines; farther: a percentage; reference: number of rows
    "report.baselines.start": (
        "Of {reference} real rows, {farther} are farther from their nearest neighbours than the {baseline} row is. A percentage "
        "near 0% or 100% indicates that the {baseline} row is atypical."
    ),
    "report.baselines.unlike": (
        "The {baseline} row is not realistic. In the following columns, its encoded value does not occur in any real row: "
        "{columns}."
    ),
    "report.baselines.pairs": "Agreement of column rankings between baselines",
    "report.baselines.pair": "Baselines",
    "report.baselines.two": "{first}, {second}",
    "report.baselines.network": "Network, rank correlation",
    "report.baselines.network_overlap": "Network, shared top {top} columns",
    "report.baselines.linear": "Linear, rank correlation",
    "report.baselines.linear_overlap": "Linear, shared top {top} columns",
    "report.baselines.mean": "mean",
    "report.baselines.median": "median",
    "report.baselines.rows": "real rows",
    "report.baselines.table": (
        "Mean absolute integrated gradient of each column for three baselines, summed over outputs"
    ),
    "report.baselines.size": "{model}, baseline: {baseline}",
    "plot.series.baseline.mean": "from the mean",
    "plot.series.baseline.median": "from the median",
    "plot.series.baseline.rows": "from real rows",
    "plot.axis.baselines": "Mean integrated gradient, 95% CI",
}
