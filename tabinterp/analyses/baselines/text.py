"""Sentences about integrated gradients from other baselines."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.baselines": "From other baselines",
    "report.baselines.lead": (
        "Integrated gradients again from the median (of categories the most frequent level) and from {background} real rows, on "
        "{rows} rows. Where the order of the columns changes with the baseline, it says as much of the baseline as of the model."
    ),
    "report.baselines.gap": "Completeness gap from {baseline}: network {network}, linear {linear} (tolerance {tolerance}).",
    # baseline: report.baselines; farther: a percentage; reference: how many rows
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
    "plot.series.baseline.mean": "from the mean",
    "plot.series.baseline.median": "from the median",
    "plot.series.baseline.rows": "from real rows",
    "plot.axis.baselines": "mean integrated gradient, 95% interval",
}
