"""Sentences about Shapley values."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "reading.network.shapley": "network: Shapley values",
    "reading.linear.shapley": "linear: Shapley values",
    "report.section.shapley": "Shapley values",
    "report.shapley.lead": (
        "How much of a row's score each column accounts for, in {scale}, compared with {background_rows} background rows drawn "
        "from the same rows: mean absolute value over {rows}. Levels of a column are one player, both models explain the same "
        "rows, and the values of a row add up to its score less the background's mean."
    ),
    # method: report.shapley.method; converged: a percentage
    "report.shapley.how": (
        "{model}: {method}. Sampling errors are at most {tolerance} standard deviations of the score on {converged} of the rows; "
        "the values miss the score they add up to by at most {residual} standard deviations."
    ),
    "report.shapley.how.exact": (
        "{model}: {method}; no sampling error. The values miss the score they add up to by at most {residual} standard "
        "deviations."
    ),
    "report.shapley.method.auto": (
        "permutations of the columns, there and back, until every sampling error is within the tolerance, or every coalition "
        "where that is cheaper"
    ),
    "report.shapley.method.exact": "every coalition",
    "report.shapley.method.permutation": "permutations of the columns, there and back",
    "report.shapley.method.closed form": "in closed form, coefficient times distance from the background's mean",
    "report.shapley.axis": "Mean absolute Shapley value ({scale}), 95% interval",
    "report.shapley.aria": (
        "Mean absolute Shapley values of both models with 95% intervals; columns: {count}. Largest for the network: {network}. "
        "Largest for the linear model: {linear}."
    ),
    "report.shapley.figure": (
        "Intervals are over {draws}. A mean absolute value is never below zero, and "
        "noise can only raise it: an interval that "
        "stays clear of zero is no test."
    ),
    "report.shapley.cut": "Shown: the {shown} columns that are largest for the network, of {count}.",
    "report.shapley.tied": "Neighbours whose order is inside the noise, {model}: {pairs}.",
    "report.shapley.tied.more": "Neighbours whose order is inside the noise, {model}: {pairs}, and {count} more.",
    "report.shapley.tied.none": "The order of neighbours is outside the noise everywhere, {model}.",
    "report.shapley.table": "Shapley values over rows ({scale}): mean absolute and signed mean, each with its 95% interval",
    "report.shapley.note": (
        "Tied: the difference to the next column below, paired by row, is within 1.96 of its standard errors. The signed mean "
        "compares these rows with the background, which is drawn from them: its error holds both draws, and its population value "
        "is zero. That of mean absolute values is of rows against this background. A value asks a model about "
        "rows put together from two real ones, which may be unlike real rows. Seed {seed}."
    ),
    "report.shapley.network_size": "network, mean absolute [95% interval]",
    "report.shapley.linear_size": "linear, mean absolute [95% interval]",
    "report.shapley.network_mean": "network, signed mean [95% interval]",
    "report.shapley.linear_mean": "linear, signed mean [95% interval]",
    "report.shapley.network_tied": "network, tied with next",
    "report.shapley.linear_tied": "linear, tied with next",
    "report.shapley.stderr": "standard error",
    "report.interactions.shapley": "Shapley interaction [95% interval]",
    "reading.shapley": "Shapley values",
    "shapley.unit.score": "what the column adds to the score",
    "shapley.unit.probability": "what the column adds to the probability",
    # base: a mean score; background: how many rows
    "shapley.row": (
        "Row {row}: the network gives it {score}, against {base} on average over the background ({background}); "
        "{linear:name} gives "
        "{linear_score}."
    ),
    "shapley.row.output": (
        "Row {row}, {output}: the network gives it {score}, against {base} on average over the background ({background}); "
        "{linear:name} gives {linear_score}."
    ),
    # cell: the value of the column in this row
    "shapley.row.column": (
        "{column} = {cell} adds {value} (sampling error {stderr}) under the network, {linear_value} under {linear:name}."
    ),
    "shapley.row.tied": "Inside the sampling error, so not in a known order: {pairs}.",
    "plot.label.at": "{column} = {value}",
    "plot.axis.shapley": "mean Shapley value over the rows, 95% interval",
    "plot.axis.row": "what the column adds to this row's score, 95% interval",
    # why it does not apply
    "why.shapley.few": "their means over fewer than {least} rows would tell of single people",
}
