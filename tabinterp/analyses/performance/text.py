"""Sentences about performance and the verdict."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.method.summed.performance": "means of losses",
    "report.section.performance": "Performance",
    # draws: "rows" or "groups of rows" (report.draws)
    "report.performance.rows": (
        "{rows} held-out rows. Intervals are 95%, from {resamples} paired resamples of the {draws} (seed {seed}); "
        "differences are network minus linear."
    ),
    "report.performance.not_held_out": (
        "{rows} rows, and it is not known which of them the network was trained on: the numbers describe the fit, and "
        "no difference is resolved. Intervals are 95%, from {resamples} paired resamples (seed {seed})."
    ),
    # draws: "rows" or "groups of rows" (report.draws)
    "report.performance.student.rows": (
        "{rows} held-out rows. 95% intervals use Student's t, with standard errors over the {draws} and fewer degrees of freedom "
        "where a few of them decide the result. Differences are paired: network minus linear."
    ),
    "report.performance.student.not_held_out": (
        "{rows} rows. It is not known which of them the network was trained on, so these numbers describe the fit and no "
        "difference is significant. 95% intervals use Student's t, with standard errors over the {draws}."
    ),
    # summed: names of metrics, the first with a capital; drawn: how many rows
    "report.performance.student.summed": (
        "{summed} and their differences are means over all {rows} held-out rows, which were read in batches. Other metrics are "
        "computed on {drawn} of these rows, selected by a hash of the row number. 95% intervals use Student's t. Differences are "
        "paired: network minus linear."
    ),
    "report.performance.student.summed.not_held_out": (
        "{summed} and their differences are means over all {rows} rows, which were read in batches. Other metrics are computed "
        "on {drawn} of these rows. It is not known which rows the network was trained on, so these numbers describe the fit and "
        "no difference is significant. 95% intervals use Student's t."
    ),
    "report.performance.student.delong": "The standard error of the difference in ROC AUC is DeLong's (1988).",
    "report.performance.primary": (
        "The verdict rests on one metric, {metric}: network minus linear {difference} ({unit}), 95% interval. "
        "Differences smaller than {margin} are taken not to matter."
    ),
    "report.performance.primary_no_margin": (
        "The verdict rests on one metric, {metric}: network minus linear {difference} ({unit}), 95% interval."
    ),
    "report.performance.caption": "Metrics of both models, and the difference with its 95% interval",
    "report.performance.whole": "Metrics of both models and their difference",
    "report.performance.brief": "Performance at a glance",
    "report.performance.arrows": (
        "↑ higher is better, ↓ lower is better. A difference is resolved when its interval excludes zero (the margin of "
        "the verdict is not used here)."
    ),
    "report.difference.title": "Unit: {unit}. Standard error: {stderr}.",
    "report.resolved": "resolved",
    "report.resolved.better": "✓ better",
    "report.resolved.worse": "✓ worse",
    "report.resolved.no": "no",
    "report.resolved.not_assessed": "not assessed",
    "report.up": "↑",
    "report.down": "↓",
    "report.performance.threshold": (
        "A row is predicted {positive} where its probability is above {threshold}. The same threshold holds for accuracy, "
        "disagreement, groups, reasons and costs."
    ),
    # summed: names of metrics, the first with a capital; drawn: how many rows
    "report.performance.summed": (
        "{summed} and their difference are means over all {rows} held-out rows, which were read in batches; their 95% intervals "
        "are Student's. Other metrics are of {drawn} of these rows, drawn by a hash of the row's number, with intervals from "
        "{resamples} paired resamples (seed {seed}). Differences are network minus linear."
    ),
    "report.performance.summed.not_held_out": (
        "{summed} and their difference are means over all {rows} rows, which were read in batches, other metrics of {drawn} "
        "drawn ones. It is not known which rows the network was trained on: the numbers describe the fit, and no difference is "
        "resolved. Intervals are 95%, Student's and from {resamples} paired resamples (seed {seed})."
    ),
    # the verdict: a closed set
    "verdict.better": "The network predicts better than {linear:name}.",
    "verdict.equivalent": "The difference between the network and {linear:name} is negligible.",
    "verdict.worse": "The network predicts worse than {linear:name}.",
    "verdict.not_resolved": "The test set is too small to separate the network and {linear:name}.",
    "verdict.not_assessed": "Not assessed: it is not known which rows the network was not trained on.",
    # reason: a clause (why.events)
    "verdict.not_assessed.few": "Not assessed: {reason}.",
    "verdict.linear.exact": (
        "The network is itself a linear model: it has no hidden layer. It adds nothing to what {linear:name} can express; its "
        "coefficients on the original columns are in section Coefficients."
    ),
    "verdict.linear.score": (
        "The network is a linear model over these rows: a linear function of the columns explains {percent}% of its score. It "
        "adds nothing to what {linear:name} can express; the coefficients of that function are in section Coefficients."
    ),
    "verdict.gap.log_loss.lower": (
        "Its log loss is lower by {value} (95% interval {low} to {high}); less than {margin} counts as equivalent."
    ),
    "verdict.gap.log_loss.higher": (
        "Its log loss is higher by {value} (95% interval {low} to {high}); less than {margin} counts as equivalent."
    ),
    "verdict.gap.log_loss.open": (
        "Network minus linear, log loss differs by {value} (95% interval {low} to {high}, which includes zero); "
        "less than {margin} counts as equivalent."
    ),
    "verdict.gap.log_loss.few": (
        "Which model has the lower log loss is not known: fewer than {fewest} rows, or groups of rows, give no interval."
    ),
    "verdict.gap.squared_error.lower": (
        "Its mean squared error is lower by {value} (95% interval {low} to {high}); less than {margin} counts as "
        "equivalent."
    ),
    "verdict.gap.squared_error.higher": (
        "Its mean squared error is higher by {value} (95% interval {low} to {high}); less than {margin} counts as "
        "equivalent."
    ),
    "verdict.gap.squared_error.open": (
        "Network minus linear, the mean squared error differs by {value} (95% interval {low} to {high}, which includes "
        "zero); less than {margin} counts as equivalent."
    ),
    "verdict.gap.squared_error.few": (
        "Which model has the lower mean squared error is not known: fewer than {fewest} rows, or groups of rows, give no "
        "interval."
    ),
    "verdict.gap.poisson_deviance.lower": (
        "Its mean Poisson deviance is lower by {value} (95% interval {low} to {high}); less than {margin} counts as "
        "equivalent."
    ),
    "verdict.gap.poisson_deviance.higher": (
        "Its mean Poisson deviance is higher by {value} (95% interval {low} to {high}); less than {margin} counts as "
        "equivalent."
    ),
    "verdict.gap.poisson_deviance.open": (
        "Network minus linear, the mean Poisson deviance differs by {value} (95% interval {low} to {high}, which includes "
        "zero); less than {margin} counts as equivalent."
    ),
    "verdict.gap.poisson_deviance.few": (
        "Which model has the lower mean Poisson deviance is not known: fewer than {fewest} rows, or groups of rows, give no "
        "interval."
    ),
    "verdict.others.better": "All {count} other metrics also favour the network.",
    "verdict.others.worse": "All {count} other metrics also favour the linear model.",
    "verdict.others.open": "None of the {count} other metrics differs significantly.",
    # better, worse, no: how many metrics favour the network, favour the linear model, favour neither
    "verdict.others.mixed": (
        "Of the {count} other metrics, resolved in favour of the network: {better}; in favour of the linear model: {worse}; "
        "not resolved: {no}."
    ),
    "verdict.labels": "The two models give different labels to {count} of {rows} held-out rows ({percent}%).",
    "verdict.labels.few": (
        "To how many of {rows} held-out rows the two models give different labels is not told: to fewer than {fewest}, or to all "
        "but as few."
    ),
    "verdict.only_network": (
        "Permuting these columns raises the network's loss, and measurably more than that of {linear:name}, for which no rise is "
        "resolved: {columns}."
    ),
    # base: "base rate" or "mean" (constant)
    "verdict.scope": (
        "Intervals are over held-out rows, for this one trained network; the margin is {percent}% of the loss of always "
        "predicting the {base:constant}, a convention of this tool."
    ),
    "verdict.scope.groups": (
        "Intervals are over groups of held-out rows, for this one trained network; the margin is {percent}% of the loss of "
        "always predicting the {base:constant}, a convention of this tool."
    ),
    "verdict.rows_needed": (
        "About {needed} held-out rows instead of {rows} would resolve it, if the difference stayed as it is."
    ),
    "verdict.one_value": (
        "All {rows} held-out rows have the same value of the target. Always predicting it would lose nothing, so that these rows "
        "cannot tell which model knows more."
    ),
    "verdict.scope.given": (
        "Intervals are over held-out rows, for this one trained network; the margin, {margin}, was given by whoever asked."
    ),
    "verdict.scope.given.groups": (
        "Intervals are over groups of held-out rows, for this one trained network; the margin, {margin}, was given by whoever "
        "asked."
    ),
    "report.performance.delong": (
        "The interval of the difference in ROC AUC is DeLong's (1988); all others are of resamples."
    ),
    "report.performance.no_delong": (
        "The difference in ROC AUC has an interval of resamples: DeLong's takes rows as independent and of equal weight."
    ),
    "report.judged.classes": "Each class against the others",
    "report.judged.classes.table": "Log loss and ROC AUC of each class against all others [95% interval]",
    "report.judged.classes.note": "Classes with fewer than 20 events among the held-out rows are not shown.",
    "report.judged.class": "Class and metric",
    "report.judged.class.row": "{output}: {metric}",
    "report.judged.status.better": "better",
    "report.judged.status.worse": "worse",
    "report.judged.status.equivalent": "equivalent",
    "report.judged.status.not_resolved": "not resolved",
    "plot.axis.performance": "network minus linear, in standard errors of the difference, 95% interval",
    "report.judged.status.not_assessed": "not assessed",
    # metric: such as "log loss"; name: of the linear model
    "report.performance.training": (
        "The {metric} on held-out rows minus that on training rows is {network} for the network and {linear} for {name:name}."
    ),
    "report.performance.training.table": "Metrics on training rows and on held-out rows",
    "report.performance.training.seen": "{model}: training",
    "report.performance.training.unseen": "{model}: held-out",
    "report.performance.training.gap": "{model}: gap [95% interval]",
    "report.performance.training.note": (
        "A gap is a metric on {held_out} held-out rows minus the same metric on {training} training rows. Its interval treats "
        "the two sets of rows as independent samples. A model that is clearly worse on held-out rows than on training rows is "
        "overfitted."
    ),
    "report.performance.training.none": (
        "[–]: a gap has no interval where groups have rows on both sides of the split, where either side has fewer than ten rows "
        "or groups of rows, or where the metric is the same for every held-out row."
    ),
    "step.comparison with training rows": "comparison with training rows",
    # why it does not apply
    "why.performance.training.split": "it is not known which rows the models were trained on",
    "why.performance.training.rows": "the table holds fewer than {least} training rows",
    "why.performance.rows": (
        "performance on {rows} rows would tell of single people; it takes {least} rows at least, so hold out more rows"
    ),
}
