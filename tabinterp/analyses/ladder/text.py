"""What the gain of a network is made of: the ladder of refits, and whether the split of the score agrees."""

from __future__ import annotations

CURVES = "A linear model with curves for numbers"
PAIRED = f"{CURVES} and the pairs {{pairs}}"
REACHED = "predicts as well as the network on held-out rows"
BETTER = "predicts better than the network on held-out rows"
SHORT = "is the refit of lowest held-out loss, and is not shown to be as good as the network"
SHARE = "it recovers {percent}% of the network's gain over the linear model (95% interval {low} to {high})"

GAIN: dict[str, str] = {
    "ladder.intercept.reached": "Knowing nothing but the target's distribution predicts as well as the network.",
    "ladder.intercept.better": "Knowing nothing but the target's distribution predicts better than the network on held-out rows.",
    "ladder.intercept.short": (
        "No refit has a lower held-out loss than knowing nothing but the target's distribution, and it is not shown to be as "
        "good as the network."
    ),
    "ladder.linear.reached": f"A linear model {REACHED}.",
    "ladder.linear.better": f"A linear model {BETTER}.",
    "ladder.linear.short": f"A linear model {SHORT}.",
    "ladder.curvature.reached": f"{CURVES} {REACHED}.",
    "ladder.curvature.better": f"{CURVES} {BETTER}.",
    "ladder.curvature.short": f"{CURVES} {SHORT}.",
    "ladder.curvature.reached.gain": f"{CURVES} {REACHED}: {SHARE}.",
    "ladder.curvature.short.gain": f"{CURVES} {SHORT}: {SHARE}.",
    "ladder.pairs.reached": f"{PAIRED} {REACHED}.",
    "ladder.pairs.better": f"{PAIRED} {BETTER}.",
    "ladder.pairs.short": f"{PAIRED} {SHORT}.",
    "ladder.pairs.reached.gain": f"{PAIRED} {REACHED}: {SHARE}.",
    "ladder.pairs.short.gain": f"{PAIRED} {SHORT}: {SHARE}.",
    "gain.no_gain": "The held-out rows resolve no gain of the network over the linear refit, so there is none to take apart.",
    "gain.not_recovered": "Curves and named pairs are not shown to recover any of the gain, so there is nothing to compare.",
    "gain.agree": (
        "Refits and the network's own score agree on what the gain is made of: of what curves and named pairs add, curves are "
        "{ladder}% of the gain that refits recover and {score}% of the score (difference {low} to {high} points; up to 25 counts "
        "as agreement)."
    ),
    "gain.disagree": (
        "Refits and the network's own score disagree on what the gain is made of: of what curves and named pairs add, curves "
        "are {ladder}% of the gain that refits recover and {score}% of the score (difference {low} to {high} points). Parts "
        "of the network's shape are not what predicts."
    ),
    "gain.open": (
        "It is not resolved whether refits and the network's own score agree on what the gain is made of: of what curves and "
        "named pairs add, curves are {ladder}% of the gain that refits recover and {score}% of the score (difference {low} to "
        "{high} points)."
    ),
    # where the two models differ
    "disagreement.classes": (
        "The two models give different labels to {count} of {rows} held-out rows: {percent}% (95% interval {percent_low} to "
        "{percent_high})."
    ),
    "disagreement.numbers": (
        "In {count} of {rows} held-out rows ({percent}%) the two predictions are farther apart than in nine of ten rows: by "
        "{threshold} units of the target or more."
    ),
    "disagreement.right": (
        "There the network is right in {network}% (95% interval {network_low} to {network_high}), {model:name} in {linear}% "
        "({linear_low} to {linear_high})."
    ),
    "disagreement.right.neither": (
        "There the network is right in {network}% (95% interval {network_low} to {network_high}), {model:name} in {linear}% "
        "({linear_low} to {linear_high}), and neither in {neither}% ({neither_low} to {neither_high})."
    ),
    "disagreement.few": (
        "In how many of {rows} held-out rows the two predictions differ is not told: in fewer than {fewest}, or in all but "
        "as few."
    ),
    "disagreement.right.few": (
        "Who is right there is not told: fewer than {fewest} rows or groups of rows differ, or fewer stand on one side."
    ),
    "disagreement.tree.none": "Too few rows differ to look for columns that set them apart.",
    "disagreement.tree.open": (
        "No columns are shown to set these rows apart: a tree of depth {depth} at most, tried on {rows} rows that it was not "
        "fitted on, has an AUC of {value} (95% interval {low} to {high}), which includes chance (0.5)."
    ),
    "disagreement.tree.apart": (
        "A tree of depth {depth} at most sets these rows apart: on {rows} rows that it was not fitted on its AUC is {value} (95% "
        "interval {low} to {high}) and its balanced accuracy {balanced}; chance is 0.5 for both."
    ),
    "condition.at_most": "{column} at most {threshold}",
    "condition.above": "{column} above {threshold}",
    "condition.is": "{column} is {level}",
    "condition.is_not": "{column} is not {level}",
    "condition.missing": "{column} is missing",
    "condition.present": "{column} is not missing",
    "condition.rare": "{column} is a rare level",
    "condition.not_rare": "{column} is not a rare level",
    # the report: what the gain is made of
    "report.section.gain": "Gain over simpler models",
    "report.section.disagreeing": "Where the models differ",
    "report.gain.ladder": "How simple a model predicts as well?",
    "report.gain.lead": (
        "Each rung is a refit to the target on {training} training rows, and knows all that the rung below knows; its loss, "
        "{metric}, is of {rows} held-out rows. The linear rung is fitted anew like the others, and is not the counterpart of "
        "the verdict. Intervals are 95%, from {resamples} resamples (seed {seed}); differences smaller than {margin} count "
        "as equivalent."
    ),
    "report.gain.pairs": (
        "The last refit knows the pairs of columns that explain most of what is left of the network's score over real rows "
        "beyond lines and curves of single columns: {pairs}. Section Interactions ranks pairs by another measure, over rows put "
        "together from real ones, and may name others."
    ),
    "report.gain.passed": (
        "Curves are of, and pairs were looked for among, the columns that move the network's score most; {count} others enter "
        "by a straight line alone."
    ),
    "report.gain.rung": "Rung",
    "report.gain.rung.intercept": "intercept alone",
    "report.gain.rung.linear": "linear",
    "report.gain.rung.curvature": "with curves",
    "report.gain.rung.pairs": "with pairs",
    "report.gain.rung.network": "network",
    "report.gain.parameters": "parameters",
    "report.gain.loss": "loss [95% interval]",
    "report.gain.below": "against the rung below",
    "report.gain.network": "against the network",
    "report.gain.recovered": "share of the gain recovered",
    "report.gain.status": "against the network, it is",
    "report.gain.status.better": "✓ better",
    "report.gain.status.worse": "✓ worse",
    "report.gain.status.equivalent": "✓ equivalent",
    "report.gain.status.not_resolved": "not resolved",
    "report.gain.axis": "Held-out loss: {metric}, {unit}",
    "report.gain.aria": "Loss of each rung on held-out rows with its 95% interval. {rungs}.",
    "report.gain.aria.rung": "{rung} {value}",
    "report.gain.table": "Refits and the network on held-out rows: {metric}, {unit}",
    "report.gain.legend.refit": "refit, 95% interval",
    "report.gain.caption": (
        "Intervals of single losses overlap more than their differences do, which are paired by row: the table has them. The "
        "axis does not begin at zero."
    ),
    "report.gain.shares": "What is the network's score made of?",
    "report.gain.shares.lead": (
        "Shares of the variance of the network's own score over {rows}: what a linear function of the columns explains, what "
        "curves of single columns add, and what is left to columns acting together. They add to 1, whatever the correlations. "
        "The functions are fitted on rows outside the scored fold of {folds}."
    ),
    "report.gain.shares.p(1-p)": (
        "Weighted by p(1 − p), rows that the network is sure of count less, as they do for the loss."
    ),
    "report.gain.shares.rate": "Weighted by the expected count, rows with larger expectations count more, as in the loss.",
    "report.gain.share.linear": "linear",
    "report.gain.share.curvature": "curves",
    "report.gain.share.interactions": "interactions",
    "report.gain.share.of": "{component}: {of}",
    "report.gain.share.other": "interactions: all pairs that are not named",
    "report.gain.share.output": "{component}, {output}",
    "report.gain.share.rest": "{component}: the rest ({count}), summed",
    "report.gain.part": "Part of the score",
    "report.gain.share": "share [95% interval]",
    "report.gain.share.weighted": "weighted share [95% interval]",
    "report.gain.shares.axis": "Share of the variance of the network's score",
    "report.gain.shares.aria": "Shares of the variance of the network's score with 95% intervals. {shares}.",
    "report.gain.shares.legend": "share, 95% interval",
    "report.gain.shares.caption": "Where no line is seen, the interval is narrower than the mark.",
    "report.gain.shares.table": "Shares of the variance of the network's score",
    "report.gain.parts": "Columns and pairs ({count} largest, the rest summed)",
    "report.gain.parts.table": "What each column and pair contributes to the score, largest first",
    "report.gain.parts.note": (
        "A share is the covariance of a part with the score, over the variance of the score: parts add up to the whole, and "
        "the share of a column that is correlated with others may be negative. Sums have no interval."
    ),
    # the report: where the models differ
    "report.disagreement": "Rows with different predictions",
    "report.disagreement.share": "share [95% interval]",
    "report.disagreement.rules": "Rules of the tree, and the share of rows that differ (rows the tree was not fitted on)",
    "report.disagreement.rule": "Rows with",
    "report.disagreement.rows": "rows",
    "report.disagreement.note": (
        "The tree is fitted on {fitted} of the rows, drawn by hash, and scored on the other {scored}. It describes where the "
        "models differ, not why. A missing number counts as the median. Leaves of fewer than ten rows are not shown. "
        "–: one to nine rows of the leaf differ, or do not."
    ),
    # the report: calibration
    "report.calibration": "Calibration",
    "report.calibration.lead.classes": (
        "Logistic recalibration on {rows} held-out rows: the outcome on the model's log-odds. Calibrated predictions have slope "
        "1; a slope below 1 means that probabilities are too extreme, above 1 that they are too cautious. Calibration in the "
        "large is the intercept with the slope fixed at 1: above 0, probabilities are too low on average, below 0 too high."
    ),
    "report.calibration.lead.regression": (
        "The target on the model's prediction, by least squares, on {rows} held-out rows. Calibrated predictions have slope 1; a "
        "slope below 1 means that predictions are too spread out. Calibration in the large is the mean of target minus "
        "prediction."
    ),
    "report.calibration.lead.count": (
        "Poisson recalibration on {rows} held-out rows: the count on the log of the expected count. Calibrated predictions have "
        "slope 1; a slope below 1 means that predictions are too spread out. Calibration in the large is the intercept with the "
        "slope fixed at 1: above 0, counts are too low on average."
    ),
    "report.calibration.table": "Recalibration slope and calibration in the large [95% interval]",
    "report.calibration.outcome": "Outcome",
    "report.calibration.network.slope": "network slope",
    "report.calibration.network.large": "network in the large",
    "report.calibration.linear.slope": "linear slope",
    "report.calibration.linear.large": "linear in the large",
    "report.calibration.none": (
        "–: the rows do not determine it (fewer than 20 events of the class or of all others, classes that the score separates, "
        "a constant score)."
    ),
    "report.calibration.curve": "Reliability: rows in bins of neighbouring predictions",
    "report.calibration.curve.output": "Reliability of {output}: rows in bins of neighbouring predictions",
    "report.calibration.fold": "Reliability of {output}",
    "report.calibration.bin": "Bin",
    "report.calibration.rows": "rows",
    "report.calibration.predicted": "mean prediction",
    "report.calibration.observed.classes": "observed share [95% interval]",
    "report.calibration.observed.numbers": "mean outcome [95% interval]",
    "report.calibration.name": "{model}, bin {index}",
    "report.calibration.x": "Mean prediction of the bin",
    "report.calibration.y.classes": "Observed share",
    "report.calibration.y.numbers": "Mean outcome",
    "report.calibration.aria": (
        "Reliability curve: what was observed against what was predicted, in {network} bins for the network and {linear} for "
        "the linear model. The 95% interval excludes the prediction in {network_off} and {linear_off} of them."
    ),
    "report.calibration.caption": (
        "On the diagonal predictions come true. At most ten bins of equal size, ten rows at least in each; intervals are of "
        "each bin by itself."
    ),
}
