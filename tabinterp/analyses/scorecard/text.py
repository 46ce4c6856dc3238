"""Sentences about the scorecard."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.scorecard": "scorecard",
    "rows_of.scorecard_fitted": "Scorecard: fit",
    "rows_of.scorecard": "Scorecard: evaluation",
    "scorecard.bin.low": ("≤ {high}", "high: a number, written out"),
    "scorecard.bin.between": ("> {low}, ≤ {high}", "low, high: numbers, written out"),
    "scorecard.bin.high": ("> {low}", "low: a number, written out"),
    "scorecard.bin.known": "not missing",
    "scorecard.bin.missing": "missing",
    "scorecard.bin.missing.other": "missing, other levels",
    "scorecard.bin.levels": ("{levels}", "levels: a list of levels of a column"),
    "scorecard.bin.levels.other": ("{levels}, other levels", "levels: a list of levels of a column"),
    "scorecard.bin.other": "other levels",
    "report.scorecard.fold": ("Scorecard ({count} columns)", "count: the number of columns with points"),
    "report.scorecard.lead": (
        "This scorecard is derived from the model “{rung}”. The score of a row is {base} base points plus the points of its "
        "bin in each of {columns} columns.",
        "rung: a model of report.gain.rung",
    ),
    "report.scorecard.lead.pairs": (
        "This scorecard is derived from the model “{rung}”. The score of a row is {base} base points plus the points of its "
        "bin in each of {columns} columns and of its cell in each of {pairs} two-way tables.",
        "rung: a model of report.gain.rung",
    ),
    "report.scorecard.scale": (
        "Scores rise as “{adverse}” becomes less likely: at {points} points the predicted odds of “{favourable}” against "
        "“{adverse}” are {odds} to 1, and {pdo} more points double these odds.",
        "adverse, favourable: the two classes",
    ),
    "report.scorecard.protected": ("Protected columns with points: {columns}.", "columns: names"),
    "report.scorecard.outcome.equivalent": (
        "The scorecard predicts as well as the network on {rows} held-out rows: its log loss minus the network's is "
        "{difference}, and differences smaller than {margin} are negligible. Rounding the points changes the log loss by "
        "{rounding}.",
        "difference, rounding: numbers with their intervals",
    ),
    "report.scorecard.outcome.better": (
        "The scorecard predicts better than the network on {rows} held-out rows: its log loss minus the network's is "
        "{difference}. Rounding the points changes the log loss by {rounding}.",
        "difference, rounding: numbers with their intervals",
    ),
    "report.scorecard.outcome.worse": (
        "The scorecard predicts worse than the network on {rows} held-out rows: its log loss minus the network's is "
        "{difference}. Rounding the points changes the log loss by {rounding}.",
        "difference, rounding: numbers with their intervals",
    ),
    "report.scorecard.outcome.not_resolved": (
        "The scorecard was not shown to predict as well as the network on {rows} held-out rows: its log loss minus the network's "
        "is {difference}, and differences smaller than {margin} are negligible. Rounding the points changes the log loss by "
        "{rounding}.",
        "difference, rounding: numbers with their intervals",
    ),
    "report.scorecard.note": (
        "Bins and points are computed from {training} training rows. The points of a column or pair follow its effect in the "
        "model from which the scorecard is derived, and need not be monotonic. In each column, the bin with the most "
        "training rows has 0 points. Missing values without a bin of their own, and levels that belong to no bin, "
        "also get 0 points. In a two-way table, cells with fewer than 10 training rows have 0 points. Intervals for "
        "the log loss and the AUC use Student's t; those for the KS statistic are from {resamples} bootstrap "
        "resamples (seed {seed}). The model from which the scorecard is derived was selected on the same held-out "
        "rows."
    ),
    "report.scorecard.metric": "Metric",
    "report.scorecard.card": "Scorecard [95% CI]",
    "report.scorecard.against.network": "Difference from network [95% CI]",
    "report.scorecard.against.linear": "Difference from linear [95% CI]",
    "report.scorecard.rounding": "Effect of rounding [95% CI]",
    "report.scorecard.table": "Performance of the scorecard and both models on {rows} held-out rows",
    "report.scorecard.ks": "KS statistic",
    "report.scorecard.values": "Values",
    "report.scorecard.points": "Points",
    "report.scorecard.points.table": "Points for each bin, added to {base} base points",
    "report.scorecard.points.some": (
        "Points for each bin, added to {base} base points, in {shown} of {count} columns: those with the largest differences in "
        "points"
    ),
    "report.scorecard.pair": ("Points for {first} × {second}", "first, second: columns"),
    "plot.axis.scorecard": "points",
    "plot.series.points": "points",
    "plot.other.bins": "other ({count} bins)",
    # why it does not apply
    "why.scorecard.task": "a scorecard needs a target with two classes",
    "why.scorecard.ladder": "the scorecard is derived from one of the simpler models, and these were not fitted",
    "why.scorecard.intercept": (
        "the simplest model that predicts as well as the network uses no columns, so a scorecard would be empty"
    ),
    "why.scorecard.flat": "the simpler model's score hardly depends on any column, so no column can be divided into bins",
}
