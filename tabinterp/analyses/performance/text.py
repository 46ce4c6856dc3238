"""Sentences about performance and the verdict."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.performance": "performance",
    "rows_of.performance": "Performance",
    "report.method.summed.performance": "mean losses",
    "report.section.performance": "Metrics",
    # draws: "rows" or "groups of rows" (report.draws)
    "report.performance.rows": (
        "Metrics use {rows} held-out rows. 95% intervals are from {resamples} paired bootstrap resamples of {draws} (seed "
        "{seed}). Differences are network minus linear."
    ),
    "report.performance.not_held_out": (
        "Metrics use {rows} rows. It is unknown which of these rows the network was trained on, so the metrics describe "
        "the fit, and no difference is called significant. 95% intervals are from {resamples} paired bootstrap resamples "
        "(seed {seed})."
    ),
    # draws: "rows" or "groups of rows" (report.draws)
    "report.performance.student.rows": (
        "Metrics use {rows} held-out rows. 95% intervals use Student's t with standard errors computed over {draws}, and "
        "with fewer degrees of freedom if a few {draws} dominate the result. Differences are paired: network minus linear."
    ),
    "report.performance.student.not_held_out": (
        "Metrics use {rows} rows. It is unknown which of these rows the network was trained on, so the metrics describe "
        "the fit and no difference is called significant. 95% intervals use Student's t with standard errors computed over "
        "{draws}."
    ),
    # summed: names of metrics, the first with a capital; drawn: how many rows
    "report.performance.student.summed": (
        "{summed} and their differences are means over all {rows} held-out rows, which were read in batches. Other metrics "
        "are computed on {drawn} of these rows, selected by a hash of the row number. 95% intervals use Student's t. "
        "Differences are paired: network minus linear."
    ),
    "report.performance.student.summed.not_held_out": (
        "{summed} and their differences are means over all {rows} rows, which were read in batches. Other metrics are "
        "computed on {drawn} of these rows. It is unknown which rows the network was trained on, so the metrics describe the "
        "fit and no difference is called significant. 95% intervals use Student's t."
    ),
    "report.performance.student.delong": (
        "The standard error of the difference in ROC AUC is computed by the method of DeLong et al. (1988)."
    ),
    "report.performance.primary": (
        "The verdict is based on the difference in {metric} (network minus linear, {unit}) with its 95% interval: "
        "{difference}. Differences smaller than {margin} are treated as negligible."
    ),
    "report.performance.primary_no_margin": (
        "The verdict is based on the difference in {metric} (network minus linear, {unit}) with its 95% interval: "
        "{difference}."
    ),
    "report.performance.caption": "Metrics of both models and their paired differences",
    "report.performance.whole": "Metrics of both models and their paired differences, network − linear",
    "report.performance.brief": "Performance",
    "report.performance.arrows": (
        "↑ higher is better, ↓ lower is better. A difference is significant if its 95% interval excludes zero, "
        "regardless of the margin used for the verdict."
    ),
    "report.difference.title": "Unit: {unit}. Standard error: {stderr}.",
    "report.resolved": "Significant",
    "report.resolved.better": "✓ network better",
    "report.resolved.worse": "✓ network worse",
    "report.resolved.no": "no",
    "report.resolved.not_assessed": "not assessed",
    "report.up": "↑",
    "report.down": "↓",
    "report.performance.threshold": (
        "A row is predicted to be “{positive}” if the predicted probability of this class exceeds {threshold}. The "
        "same threshold is used for accuracy, disagreement, groups, reason codes and costs."
    ),
    # summed: names of metrics, the first with a capital; drawn: how many rows
    "report.performance.summed": (
        "{summed} and their differences are means over all {rows} held-out rows, which were read in batches; their 95% "
        "intervals use Student's t. Other metrics are computed on {drawn} of these rows, selected by a hash of the row "
        "number, with intervals from {resamples} paired bootstrap resamples (seed {seed}). Differences are network minus "
        "linear."
    ),
    "report.performance.summed.not_held_out": (
        "{summed} and their differences are means over all {rows} rows, which were read in batches. Other metrics are "
        "computed on a sample of {drawn} rows. It is unknown which rows the network was trained on, so the metrics describe "
        "the fit and no difference is called significant. 95% intervals use Student's t for the means, and {resamples} "
        "paired bootstrap resamples for the other metrics (seed {seed})."
    ),
    # the verdict: a closed set
    "verdict.better": "The network predicts better than {linear:name}.",
    "verdict.equivalent": "The difference in held-out loss between the network and {linear:name} is negligible.",
    "verdict.worse": "The network predicts worse than {linear:name}.",
    "verdict.not_resolved": "Inconclusive: the network and {linear:name} do not differ significantly in held-out loss.",
    "verdict.not_assessed": "Not assessed: it is unknown which rows the network was trained on.",
    # reason: a clause (why.events)
    "verdict.not_assessed.few": "Not assessed: {reason}.",
    "verdict.linear.exact": (
        "The network is a linear model, because it has no hidden layer. The network can express nothing that {linear:name} "
        "cannot. The network's coefficients on the original columns are in the section “Coefficients”."
    ),
    "verdict.linear.score": (
        "On the evaluated rows, the network is effectively linear: a linear function of the columns explains {percent}% of the "
        "variance of its score. The network adds almost nothing to what {linear:name} can express. The coefficients of this "
        "linear function are in the section “Coefficients”."
    ),
    "verdict.gap.log_loss.lower": (
        "The network's log loss is {value} lower than that of the linear counterpart (95% CI {low} to {high}). Differences "
        "below {margin} are treated as negligible."
    ),
    "verdict.gap.log_loss.higher": (
        "The network's log loss is {value} higher than that of the linear counterpart (95% CI {low} to {high}). "
        "Differences below {margin} are treated as negligible."
    ),
    "verdict.gap.log_loss.open": (
        "The difference in log loss (network minus linear) is not significant: {value} (95% CI {low} to {high}). Differences "
        "below {margin} are treated as negligible."
    ),
    "verdict.gap.log_loss.few": (
        "The difference in log loss between the models has no interval, because there are fewer than {fewest} rows or "
        "groups of rows."
    ),
    "verdict.gap.squared_error.lower": (
        "The network's mean squared error is {value} lower than that of the linear counterpart (95% CI {low} to {high}). "
        "Differences below {margin} are treated as negligible."
    ),
    "verdict.gap.squared_error.higher": (
        "The network's mean squared error is {value} higher than that of the linear counterpart (95% CI {low} to {high}). "
        "Differences below {margin} are treated as negligible."
    ),
    "verdict.gap.squared_error.open": (
        "The difference in mean squared error (network minus linear) is not significant: {value} (95% CI {low} to {high}). "
        "Differences below {margin} are treated as negligible."
    ),
    "verdict.gap.squared_error.few": (
        "The difference in mean squared error between the models has no interval, because there are fewer than {fewest} "
        "rows or groups of rows."
    ),
    "verdict.gap.poisson_deviance.lower": (
        "The network's mean Poisson deviance is {value} lower than that of the linear counterpart (95% CI {low} to "
        "{high}). Differences below {margin} are treated as negligible."
    ),
    "verdict.gap.poisson_deviance.higher": (
        "The network's mean Poisson deviance is {value} higher than that of the linear counterpart (95% CI {low} to "
        "{high}). Differences below {margin} are treated as negligible."
    ),
    "verdict.gap.poisson_deviance.open": (
        "The difference in mean Poisson deviance (network minus linear) is not significant: {value} (95% CI {low} to "
        "{high}). Differences below {margin} are treated as negligible."
    ),
    "verdict.gap.poisson_deviance.few": (
        "The difference in mean Poisson deviance between the models has no interval, because there are fewer than {fewest} "
        "rows or groups of rows."
    ),
    "verdict.others.better": "All {count} other metrics significantly favour the network.",
    "verdict.others.worse": "All {count} other metrics significantly favour the linear counterpart.",
    "verdict.others.open": "None of the {count} other metrics differs significantly between the models.",
    # better, worse, no: how many metrics favour the network, favour the linear model, favour neither
    "verdict.others.mixed": (
        "Other metrics ({count}): {better} significantly better for the network, {worse} significantly better for "
        "the linear counterpart, {no} without a significant difference."
    ),
    "verdict.labels": "The models predict different classes for {count} of the {rows} held-out rows ({percent}%).",
    "verdict.labels.about": "The models predict different classes for about {percent}% of the {rows} held-out rows.",
    "verdict.labels.few": (
        "The predicted classes of the two models were compared on {rows} held-out rows. The number of rows for which "
        "they differ is withheld, because it would disclose a count below {fewest}."
    ),
    "verdict.only_network": (
        "Columns with a significant permutation importance for the network only: {columns}. The importance of these columns also "
        "differs significantly between the network and {linear:name}."
    ),
    # base: "base rate" or "mean" (constant)
    "verdict.scope": (
        "Intervals reflect the sampling of held-out rows, not variability from retraining. The margin below which "
        "differences are negligible is the default: {percent}% of the loss of always predicting the {base:constant}."
    ),
    "verdict.scope.groups": (
        "Intervals reflect the sampling of groups of held-out rows, not variability from retraining. The margin below "
        "which differences are negligible is the default: {percent}% of the loss of always predicting the {base:constant}."
    ),
    "verdict.rows_needed": (
        "About {needed} held-out rows instead of {rows} would give a conclusive verdict if the estimated difference "
        "stayed the same."
    ),
    "verdict.one_value": (
        "All {rows} held-out rows have the same target value, so they cannot show which model predicts better."
    ),
    "verdict.scope.given": (
        "Intervals reflect the sampling of held-out rows, not variability from retraining. The margin below which "
        "differences are negligible, {margin}, was set by the user."
    ),
    "verdict.scope.given.groups": (
        "Intervals reflect the sampling of groups of held-out rows, not variability from retraining. The margin below "
        "which differences are negligible, {margin}, was set by the user."
    ),
    "report.performance.delong": (
        "The interval for the difference in ROC AUC is computed by the method of DeLong et al. (1988). All other "
        "intervals are from bootstrap resamples."
    ),
    "report.performance.no_delong": (
        "The interval for the difference in ROC AUC is from bootstrap resamples, because DeLong's method needs "
        "independent rows of equal weight."
    ),
    # metrics: names of metrics
    "report.performance.widened": (
        "The CI of the difference in {metrics} is based on an upper bound on the number of disagreements between the models, "
        "because the exact CI would disclose a count of rows below {fewest}. The standard error shown is no smaller than the "
        "exact standard error."
    ),
    "report.performance.withheld": (
        "The CI of the difference in {metrics} is withheld, because it would disclose a count of rows below {fewest}."
    ),
    "report.performance.rule_of_three": (
        "The CI of the difference in {metrics} is based on the rule of three (Hanley and Lippman-Hand 1983), because both "
        "models have the same result for every row. In this case, no CI is given for weighted or grouped rows, or for "
        "a mean over several classes."
    ),
    "report.performance.hidden": (
        "Some values of {metrics} are withheld, because they would disclose a count of rows below {fewest}."
    ),
    "report.judged.classes": "Metrics by class",
    "report.judged.classes.table": "Log loss and ROC AUC of each class versus all others [95% CI]",
    "report.judged.classes.note": (
        "A class is not shown if the class itself (or all other classes together) has fewer than 20 held-out rows or groups of "
        "rows."
    ),
    "report.judged.class": "Class and metric",
    "report.judged.class.row": "{output}: {metric}",
    "report.judged.status.better": "network better",
    "report.judged.status.worse": "network worse",
    "report.judged.status.equivalent": "negligible difference",
    "report.judged.status.not_resolved": "inconclusive",
    "plot.axis.performance": "Network minus linear, as a multiple of the standard error, with 95% CI",
    "report.judged.status.not_assessed": "not assessed",
    # metric: such as "log loss"; name: of the linear model
    "report.performance.training": (
        "The {metric} on held-out rows minus that on training rows is {network} for the network and {linear} for {name:name}."
    ),
    "report.performance.training.table": "Metrics on training rows and on held-out rows",
    "report.performance.training.seen": "{model}: training",
    "report.performance.training.unseen": "{model}: held-out",
    "report.performance.training.gap": "{model}: gap [95% CI]",
    "report.performance.training.note": (
        "The gap is the metric on {held_out} held-out rows minus the same metric on {training} training rows. The interval for "
        "the gap treats the two sets of rows as independent samples, except that all rows of a group count as one draw, even if "
        "the group has both training and held-out rows. A significant gap in favour of the training rows is a sign of "
        "overfitting."
    ),
    "report.performance.training.none": (
        "[–]: no interval. Either there are fewer than ten training or held-out rows or groups of rows (for average "
        "precision, fewer than 100 positive rows or groups), or the metric is the same for every held-out row."
    ),
    "step.comparison with training rows": "comparison with training rows",
    # why it does not apply
    "why.performance.training.split": "the table has no split, so it is unknown which rows the models were trained on",
    "why.performance.training.rows": "the table has fewer than {least} training rows",
    "why.performance.rows": (
        "performance on {rows} rows could disclose individual outcomes; hold out at least {least} rows"
    ),
}
