"""Sentences about the ladder of refits."""

from __future__ import annotations

REACHED = "predicts as well as the network on held-out rows"
BETTER = "predicts better than the network on held-out rows"
SHORT = "is the refit of lowest held-out loss, and is not shown to be as good as the network"
CURVES = "A linear model with curves for numbers"
SHARE = "it recovers {percent}% of the network's gain over the linear model (95% interval {low} to {high})"
PAIRED = f"{CURVES} and the pairs {{pairs}}"

TEXT: dict[str, str] = {
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
    # ladder, score: percentages; low, high: interval of their difference
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
    "report.section.gain": "Gain over simpler models",
    "report.gain.ladder": "How simple a model predicts as well?",
    "report.gain.lead": (
        "Each rung is a refit to the target on {training} training rows, and knows all that the rung below knows; its loss, "
        "{metric}, is of {rows} held-out rows. The linear rung is fitted anew like the others, and is not the counterpart of "
        "the verdict. Intervals are 95%, from {resamples} resamples (seed {seed}); differences smaller than {margin} count "
        "as equivalent."
    ),
    "report.gain.lead.student": (
        "Each model adds terms to the previous one and is fitted to the target on {training} training rows. Its loss, {metric}, "
        "is computed on {rows} held-out rows. The linear model is fitted again like the others and is not the counterpart of "
        "the verdict. 95% intervals use Student's t on paired differences; the share of the gain has Fieller's interval. "
        "Differences smaller than {margin} are treated as negligible."
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
    # rungs: a list of report.gain.aria.rung
    "report.gain.aria": "Loss of each rung on held-out rows with its 95% interval. {rungs}.",
    # rung: a model (report.gain.rung); value: its loss with its interval
    "report.gain.aria.rung": "{rung} {value}",
    "report.gain.table": "Refits and the network on held-out rows: {metric}, {unit}",
    "report.gain.legend.refit": "refit, 95% interval",
    "report.gain.caption": (
        "Intervals of single losses overlap more than their differences do, which are paired by row: the table has them. The "
        "axis does not begin at zero."
    ),
    "plot.axis.ladder": "held-out loss ({metric}), 95% interval",
    # why it does not apply
    "why.a refit chooses its penalty by cross-validation, which needs two training rows of every class": (
        "a refit chooses its penalty by cross-validation, which needs two training rows of every class"
    ),
    (
        "why.the ladder compares refits with the network on rows that it was not trained on, and the table does not say which "
        "these are; give it the split under which the network was trained (split=, or table.with_split(model.split))"
    ): (
        "the ladder compares refits with the network on rows that it was not trained on, and the table does not say which "
        "these are; read the table with the split under which the network was trained"
    ),
    "why.basis.large": "values of '{column}' are too large to be summed; give the column in a larger unit",
    "why.basis.none": "{model:name} reads none of the table's columns",
    "why.penalty.class_in_few_groups": (
        "a refit chooses its penalty by cross-validation over groups of rows, which needs every class in at least two groups of "
        "training rows"
    ),
}
