"""Sentences about the comparison of the network with simpler models."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.ladder of refits": "comparison with simpler models",
    "rows_of.ladder_fitted": "Simpler models: fit",
    "rows_of.ladder": "Simpler models: evaluation",
    "ladder.intercept.reached": "A model with only an intercept predicts as well as the network on held-out rows.",
    "ladder.intercept.better": "A model with only an intercept predicts better than the network on held-out rows.",
    "ladder.intercept.short": (
        "A model with only an intercept has the lowest held-out loss of the simpler models, but was not shown to match the "
        "network."
    ),
    "ladder.linear.reached": "A linear model predicts as well as the network on held-out rows.",
    "ladder.linear.better": "A linear model predicts better than the network on held-out rows.",
    "ladder.linear.short": (
        "A linear model has the lowest held-out loss of the simpler models, but was not shown to match the network."
    ),
    "ladder.curvature.reached": "An additive spline model predicts as well as the network on held-out rows.",
    "ladder.curvature.better": "An additive spline model predicts better than the network on held-out rows.",
    "ladder.curvature.short": (
        "An additive spline model has the lowest held-out loss of the simpler models, but was not shown to match the network."
    ),
    "ladder.curvature.reached.gain": (
        "An additive spline model predicts as well as the network on held-out rows. The spline model recovers {percent}% of the "
        "network's gain over the linear model (95% CI {low}% to {high}%)."
    ),
    "ladder.curvature.short.gain": (
        "An additive spline model has the lowest held-out loss of the simpler models, but was not shown to match the "
        "network. The spline model recovers {percent}% of the network's gain over the linear model (95% CI {low}% to "
        "{high}%)."
    ),
    "ladder.pairs.reached": (
        "An additive spline model with interactions ({pairs}) predicts as well as the network on held-out rows."
    ),
    "ladder.pairs.better": (
        "An additive spline model with interactions ({pairs}) predicts better than the network on held-out rows."
    ),
    "ladder.pairs.short": (
        "An additive spline model with interactions ({pairs}) has the lowest held-out loss of the simpler models, but was "
        "not shown to match the network."
    ),
    "ladder.pairs.reached.gain": (
        "An additive spline model with interactions ({pairs}) predicts as well as the network on held-out rows. The spline model "
        "recovers {percent}% of the network's gain over the linear model (95% CI {low}% to {high}%)."
    ),
    "ladder.pairs.short.gain": (
        "An additive spline model with interactions ({pairs}) has the lowest held-out loss of the simpler models, "
        "but was not shown to match the network. The spline model recovers {percent}% of the network's gain over the "
        "linear model (95% CI {low}% to {high}%)."
    ),
    "gain.no_gain": (
        "The network was not shown to predict better than the refitted linear model, so there is no gain to explain."
    ),
    "gain.not_recovered": (
        "Curves and interactions were not shown to recover any of the network's gain over the linear model, so their "
        "shares of this gain cannot be compared with their shares of the variance of the network's score."
    ),
    # ladder, score: percentages; low, high: interval of their difference
    "gain.agree": (
        "Curves (nonlinear effects of single columns) are similarly important in the refitted models and in the network. A "
        "refitted model with curves and the selected interactions has a lower held-out loss than the linear model; curves "
        "alone account for {ladder}% of this reduction. Curves and these interactions also explain part of the variance of the "
        "network's score; curves alone account for {score}% of this part. The 95% CI for the difference between these two "
        "percentages is {low} to {high} percentage points (differences within ±25 count as similar)."
    ),
    "gain.disagree": (
        "Curves (nonlinear effects of single columns) account for different shares of the refitted models' gain and of the "
        "network's score. A refitted model with curves and the selected interactions has a lower held-out loss than the "
        "linear model; curves alone account for {ladder}% of this reduction. Curves and these interactions also explain part of "
        "the variance of the network's score; curves alone account for {score}% of this part. The 95% CI for the first of "
        "these percentages minus the second is {low} to {high} percentage points. The composition of the score therefore does "
        "not show where the predictive gain comes from."
    ),
    "gain.open": (
        "A refitted model with curves (nonlinear effects of single columns) and the selected interactions has a lower held-out "
        "loss than the linear model; curves alone account for {ladder}% of this reduction. Curves and these interactions also "
        "explain part of the variance of the network's score; curves alone account for {score}% of this part. The 95% CI for "
        "the difference between these two percentages (first minus second) is {low} to {high} percentage points, so it is "
        "unclear whether they are similar."
    ),
    "report.section.gain": "Gain over simpler models",
    "report.gain.ladder": "Comparison with simpler models",
    "report.gain.lead": (
        "The network is compared with a sequence of simpler models. Each of them adds terms to the previous one and "
        "is fitted to the target on {training} training rows. The {metric} of each model is computed on {rows} "
        "held-out rows. The linear model is also refitted for this comparison, whereas the verdict uses the original "
        "linear counterpart. 95% intervals are from {resamples} bootstrap resamples (seed {seed}). Differences in "
        "{metric} smaller than {margin} are treated as negligible."
    ),
    "report.gain.lead.student": (
        "The network is compared with a sequence of simpler models. Each of them adds terms to the previous one and "
        "is fitted to the target on {training} training rows. The {metric} of each model is computed on {rows} "
        "held-out rows. The linear model is also refitted for this comparison, whereas the verdict uses the original "
        "linear counterpart. 95% intervals for paired differences use Student's t; intervals for the share of the "
        "gain recovered use Fieller's method. Differences in {metric} smaller than {margin} are treated as "
        "negligible."
    ),
    "report.gain.pairs": (
        "The model with splines and interactions includes the interactions that explain the most variance in the "
        "network's score beyond the effects of single columns: {pairs}. These interactions are chosen on training and "
        "held-out rows (at most 5,000) without using outcomes. The section “Interactions” may list other pairs, "
        "because it ranks pairs of columns by a different measure, computed on rows that combine values from different "
        "rows of the table."
    ),
    "report.gain.passed": (
        "Curves and interactions were limited to the columns that change the network's score most. Number of columns "
        "with only a linear term: {count}."
    ),
    "report.gain.rung": "Model",
    "report.gain.rung.intercept": "intercept only",
    "report.gain.rung.linear": "linear",
    "report.gain.rung.curvature": "additive splines",
    "report.gain.rung.pairs": "splines and interactions",
    "report.gain.rung.network": "network",
    "report.gain.parameters": "Parameters",
    "report.gain.loss": "Loss [95% CI]",
    "report.gain.below": "Difference from previous model [95% CI]",
    "report.gain.network": "Difference from network [95% CI]",
    "report.gain.recovered": "Share of gain recovered [95% CI]",
    "report.gain.status": "Compared with network",
    "report.gain.status.better": "✓ better",
    "report.gain.status.worse": "✓ worse",
    "report.gain.status.equivalent": "✓ negligible difference",
    "report.gain.status.not_resolved": "inconclusive",
    "report.gain.axis": "Held-out {metric} ({unit}), 95% CI",
    # rungs: a list of report.gain.aria.rung
    "report.gain.aria": "Held-out loss of each model with its 95% CI. {rungs}.",
    # rung: a model (report.gain.rung); value: its loss with its interval
    "report.gain.aria.rung": "{rung} {value}",
    "report.gain.table": "Refitted models and the network on held-out rows: {metric} ({unit})",
    "report.gain.legend.refit": "Refitted model, 95% CI",
    "report.gain.caption": (
        "To compare models, use the paired differences in the table: the intervals of two losses can overlap even if "
        "the difference between them is significant. The axis does not start at zero."
    ),
    "plot.axis.ladder": "Held-out loss ({metric}), 95% CI",
    # why it does not apply
    "why.a refit chooses its penalty by cross-validation, which needs two training rows of every class": (
        "the penalty of a refitted model is chosen by cross-validation, but at least one class has fewer than two training rows"
    ),
    (
        "why.the ladder compares refits with the network on rows that it was not trained on, and the table does not say which "
        "these are; give it the split under which the network was trained (split=, or table.with_split(model.split))"
    ): (
        "simpler models are compared on held-out rows, but the table has no split; load the table with "
        "the split that was used to train the network"
    ),
    "why.basis.large": "the values of column '{column}' are too large to be summed; express the column in a larger unit",
    "why.basis.none": "{model:name} uses none of the table's columns",
    "why.penalty.class_in_few_groups": (
        "the penalty of a refitted model cannot be chosen by cross-validation over groups of rows, because the training rows "
        "of at least one class are in too few groups"
    ),
}
