"""Sentences about groups of people and adverse impact."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.method.summed.groups": "tables of protected groups",
    "report.groups.summed": (
        "The group tables use all of these rows, which were read in batches; slopes and intercepts use a sample of each "
        "group. The levels shown separately, the cut points of numeric columns and the bins of the ECE are set on the "
        "sampled rows."
    ),
    "group.others": "{column}: other levels",
    "group.any": "{column}: any value",
    "group.few": "{column}: levels with fewer than {rows} rows",
    "report.section.groups": "Group comparisons",
    "report.groups.people": "Protected groups",
    # compared: a class of the target
    "report.groups.lead": (
        "Selected rows are those predicted {compared}, the favourable class (threshold {threshold} on the probability of "
        "the positive class). Estimates use {rows}. Each group is compared with a reference group: the largest of the same "
        "column or pair of columns, unless another was named. Limits depend on the jurisdiction: four fifths is a rule of "
        "thumb from employment guidelines, and the standardised mean difference (SMD) has no legal limit."
    ),
    "report.groups.lead_unstated": (
        "The table shows the share of rows predicted in each class (threshold {threshold} on the probability of the "
        "positive class). Estimates use {rows}. Impact ratios are missing because the adverse class was not stated: state "
        "it with adverse= when reading the table, or with --adverse CLASS. Differences, TPR and FPR refer to class "
        "{compared}. Each group is compared with a reference group: the largest of the same column or pair of columns, "
        "unless another was named."
    ),
    "report.groups.lead_mean": (
        "The table shows the mean prediction of each group. Estimates use {rows}. Each group is compared with a reference "
        "group: the largest of the same column or pair of columns, unless another was named. Limits depend on the "
        "jurisdiction: the standardised mean difference (SMD) has no legal limit."
    ),
    "report.groups.lead_classes": (
        "The tables show the share of rows predicted in each class; the predicted class has the largest score. Estimates "
        "use {rows}. Each group is compared with a reference group: the largest of the same column or pair of columns, "
        "unless another was named. Limits depend on the jurisdiction: the standardised mean difference (SMD) has no legal "
        "limit."
    ),
    "report.groups.fits": "Accuracy and log loss",
    "report.groups.fits.note": (
        "Differences are group minus reference group. –: an accuracy is withheld when fewer than ten rows are correct or "
        "fewer than ten are wrong, or when such a count could be derived from it. Groups of two columns are compared only "
        "within each class."
    ),
    "report.groups.accuracy.network": "Accuracy, network [95% CI]",
    "report.groups.accuracy.linear": "Accuracy, linear [95% CI]",
    "report.groups.accuracy_difference.network": "Accuracy difference, network [95% CI]",
    "report.groups.accuracy_difference.linear": "Accuracy difference, linear [95% CI]",
    "report.groups.loss.network": "Log loss, network [95% CI]",
    "report.groups.loss.linear": "Log loss, linear [95% CI]",
    "report.groups.loss_difference.network": "Log loss difference, network [95% CI]",
    "report.groups.loss_difference.linear": "Log loss difference, linear [95% CI]",
    "report.groups.class": "Predicted {output}",
    "report.groups.suppressed": (
        "–: withheld, or not estimated. A group with fewer than ten rows is withheld, as is the next smallest group when "
        "the first could be derived from it. A rate is withheld when fewer than ten rows of the group are selected or fewer "
        "than ten are not, or when such a count could be derived from it; its ratio to the reference group is then shown "
        "only as a bound, computed as if that count were nine. Intervals are Wilson's for shares and MOVER for ratios; "
        "groups with fewer than ten sampling units have none. Groups of two columns: {pairs} are withheld and {left} are "
        "not listed; the list contains the largest differences relative to the width of their intervals."
    ),
    "report.groups.at_most": "at most {value}",
    "report.groups.at_least": "at least {value}",
    "report.groups.rates": "Selection rates and impact ratios",
    "report.groups.rates_unstated": "Shares of rows predicted {compared} (rate) and predicted the other class",
    "report.groups.rates_mean": "Mean predictions",
    "report.groups.other.network": "Other class, network [95% CI]",
    "report.groups.other.linear": "Other class, linear [95% CI]",
    "report.impact": "Adverse impact ratios: selection rate of the least selected group over that of the most selected",
    "report.impact.columns": "Columns",
    "report.impact.model": "Model",
    "report.impact.least": "Least selected",
    "report.impact.most": "Most selected",
    "report.impact.ratio": "Ratio [95% CI]",
    "report.impact.all": "Simultaneous 95% CI",
    "report.impact.ends": "{low} to {high}",
    "report.impact.withheld": "Withheld groups",
    "report.impact.withheld.raised": "significant",
    "report.impact.withheld.not_raised": "not significant",
    "report.impact.withheld.untold": "not disclosed",
    "report.impact.note": (
        "Ratios are computed only for groups with at least 30 rows and ten sampling units. The simultaneous interval is "
        "corrected for all {compared} pairs of groups (Bonferroni, the first step of Holm's procedure). The last column "
        "covers groups with shares that are withheld because a count is below ten. It is “significant” when one of these "
        "groups is selected significantly less than {limit} times as often as another group, or another group significantly "
        "less than {limit} times as often as one of them. It is “not disclosed” when the answer would narrow a small count "
        "to fewer than three possible values."
    ),
    "report.groups.pairs": "Groups of two columns",
    "report.groups.group": "Group",
    # group: its name
    "report.groups.control": "{group} (reference)",
    "report.groups.rows": "Rows",
    "report.groups.fit_rows": "Rows for slope and intercept",
    "report.groups.rate.network": "Rate, network [95% CI]",
    "report.groups.rate.linear": "Rate, linear [95% CI]",
    "report.groups.mean.network": "Mean, network [95% CI]",
    "report.groups.mean.linear": "Mean, linear [95% CI]",
    "report.groups.ratio.network": "Ratio to reference, network [95% CI]",
    "report.groups.ratio.linear": "Ratio to reference, linear [95% CI]",
    "report.groups.most.network": "Ratio to most selected, network [95% CI]",
    "report.groups.most.linear": "Ratio to most selected, linear [95% CI]",
    "report.groups.differences": "Differences from reference group",
    "report.groups.difference.network": "Difference, network [95% CI]",
    "report.groups.difference.linear": "Difference, linear [95% CI]",
    "report.groups.p.network": "p-value, network",
    "report.groups.p.linear": "p-value, linear",
    "report.groups.smd.network": "SMD of scores, network [95% CI]",
    "report.groups.smd.linear": "SMD of scores, linear [95% CI]",
    "report.groups.smd": (
        "SMD (standardised mean difference): difference in mean scores divided by the pooled standard deviation of the two "
        "groups (Hedges' g). p-value: pooled test of two proportions, not corrected for the number of groups."
    ),
    "report.groups.smd_mean": (
        "SMD (standardised mean difference): difference in mean scores divided by the pooled standard deviation of the two "
        "groups (Hedges' g). p-value: Welch's test of two means, not corrected for the number of groups."
    ),
    "report.groups.errors": "Error rates",
    "report.groups.calibration": "Calibration by group",
    "report.groups.tpr.network": "TPR, network",
    "report.groups.tpr.linear": "TPR, linear",
    "report.groups.tpr_difference.network": "TPR difference, network [95% CI]",
    "report.groups.tpr_difference.linear": "TPR difference, linear [95% CI]",
    "report.groups.fpr.network": "FPR, network",
    "report.groups.fpr.linear": "FPR, linear",
    "report.groups.fpr_difference.network": "FPR difference, network [95% CI]",
    "report.groups.fpr_difference.linear": "FPR difference, linear [95% CI]",
    "report.groups.errors.note": (
        "TPR: share of rows actually in the selected class that are predicted in it. FPR: share of all other rows that are "
        "predicted in it. Differences are group minus reference group. –: withheld because a count is below ten or could be "
        "derived."
    ),
    "report.groups.slope.network": "Slope, network [95% CI]",
    "report.groups.slope.linear": "Slope, linear [95% CI]",
    "report.groups.intercept.network": "Intercept, network [95% CI]",
    "report.groups.intercept.linear": "Intercept, linear [95% CI]",
    "report.groups.ece.network": "ECE, network",
    "report.groups.ece.linear": "ECE, linear",
    "report.groups.calibration.note": (
        "Calibrated predictions have slope 1 and intercept 0. ECE (expected calibration error): mean distance between "
        "predicted and observed values over at most ten bins. The ECE is biased upward, most in small groups."
    ),
    "plot.axis.groups": "Share selected, 95% CI",
    "plot.axis.groups.mean": "Mean prediction, 95% CI",
    # why it does not apply
    "why.no column was declared protected": ("no column was declared protected"),
}
