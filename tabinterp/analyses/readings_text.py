"""What the report says of Shapley values, effect curves and interactions."""

from __future__ import annotations

READINGS: dict[str, str] = {
    # names
    "reading.network.shapley": "network: Shapley values",
    "reading.linear.shapley": "linear: Shapley values",
    "report.section.shapley": "Shapley values",
    "report.section.effects": "Effect curves",
    "report.section.interactions": "Interactions",
    # Shapley values
    "report.shapley.lead": (
        "How much of a row's score each column accounts for, in {scale}, compared with {background_rows} background rows drawn "
        "from the same rows: mean absolute value over {rows}. Levels of a column are one player, both models explain the same "
        "rows, and the values of a row add up to its score less the background's mean."
    ),
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
    "report.readings.output": "Output {output}",
    # effect curves
    "report.effects.lead": (
        "How the score of both models goes with one column, in {scale}: the mean score if every row had the value and kept its "
        "other columns, less its mean over the column's distribution (centred partial dependence). Measured on {rows}. Shown: "
        "{shown} of {count} columns, those of the largest permutation importance in either model; first those in which the two "
        "models' curves lie farthest apart."
    ),
    "report.effects.note": (
        "Intervals are over {draws}, point by point. Accumulated local effects (ALE) "
        "move each row only within its own "
        "neighbourhood: where they part from the effect, correlated columns make it speak of rows that do not exist. At the two "
        "ends of a number their bins are wide, and with correlated columns an interval of 95% held them in nine of ten "
        "simulations only. The pale "
        "band holds the middle 80% of the centred curves of {ice_rows} single rows (ICE): where it is much wider than the "
        "interval, the effect depends on other columns. Sparse, drawn faint: fewer than 30 rows lie nearest to the point. Points "
        "of fewer than 10 rows are left out."
    ),
    "report.effects.more": "Curves that are not drawn here, but are in audit.json: {count}.",
    "report.effects.axis": "Effect on the score ({scale})",
    "report.effects.aria": (
        "Effect curve of {column} for both models; points: {count}. Network: {network}. Linear model: {linear}."
    ),
    "report.effects.range": "lowest {low} at {at_low}, highest {high} at {at_high}",
    "report.effects.range.none": "none",
    "report.effects.legend.network": "network, 95% interval",
    "report.effects.legend.linear": "linear",
    "report.effects.legend.linear_interval": "linear, 95% interval",
    "report.effects.legend.ale": "network, ALE",
    "report.effects.legend.ice": "network, single rows (10% to 90%)",
    "report.effects.numeric": "Bars below: rows nearest to each point.",
    "report.effects.levels": "In brackets: rows of the level.",
    "report.effects.small": "Points left out, of fewer than 10 rows each: {count}. The curve is centred on the plain mean of "
    "the points shown.",
    "report.effects.uncounted": (
        "One point is shown without its number of rows, from which the number of a point left out could be calculated."
    ),
    "report.effects.off_grid_few": "Some rows are at rarer levels, which have no point; how many is not shown.",
    "report.effects.off_grid": "{share} of the rows are at rarer levels, which have no point.",
    "report.effects.level": "{level} ({rows})",
    "report.effects.missing": "missing",
    "report.effects.hidden": "… (fewer than 10 rows)",
    "report.effects.table": "Effect of {column} ({scale}) with its 95% interval",
    "report.effects.value": "Value",
    "report.effects.rows": "rows",
    "report.effects.sparse": "sparse",
    "report.effects.network_ale": "network, ALE [95% interval]",
    "report.effects.linear_ale": "linear, ALE [95% interval]",
    "report.effects.network_ice": "network, single rows 10% to 90%",
    "report.effects.linear_ice": "linear, single rows 10% to 90%",
    "report.effects.between": "{low} to {high}",
    # interactions
    "report.interactions.lead": (
        "Which columns act together in the network's score, beyond what each does alone: the {count} of {screened} pairs "
        "that a screening of all of them by second differences between real rows finds strongest, the largest variance first. "
        "Read on {rows}."
    ),
    "report.interactions.passed": (
        "{count} columns that move the score less than these were left out of the screening. The largest total index among "
        "them is {most} of the variance of the score; where columns are independent, no pair with one of them holds more."
    ),
    "report.interactions.linear": (
        "A linear model adds its columns up, so every interaction of the linear counterpart is zero by construction."
    ),
    "report.interactions.linear_mixed": (
        "The linear counterpart's encoder mixes columns, so its pairs may act together as well; they were not measured."
    ),
    "report.interactions.note": (
        "Variance: of the pair's partial dependence less those of its columns ({unit}). Share: its part of the variance of the "
        "score. H²: its part of the variance of the pair's partial dependence (Friedman and Popescu). Shapley: variance over "
        "rows of the Shapley interaction index. Estimates are unbiased, so that one of nothing may lie below zero; intervals "
        "come from {blocks} blocks of {background} rows (seed {seed}). All of them ask about rows put together from real ones, "
        "which may be unlike real rows."
    ),
    "report.interactions.unit.log-odds": "squared log-odds",
    "report.interactions.unit.target": "squared units of the target",
    "report.interactions.unit.log-rate": "squared log rate",
    "report.interactions.table": "The strongest pairs of the network, each number with its 95% interval",
    "report.interactions.first": "First column",
    "report.interactions.second": "Second column",
    "report.interactions.share": "share of variance [95% interval]",
    "report.interactions.variance": "variance [95% interval]",
    "report.interactions.h2": "H² [95% interval]",
    "report.interactions.shapley": "Shapley interaction [95% interval]",
    "report.interactions.stderr": "standard error",
    "report.interactions.none": "The network reads fewer than two columns: no pair can act together.",
}
