"""Sentences about groups of people and adverse impact."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.groups of people": "comparison of groups of people",
    "rows_of.groups": "Groups of people",
    "report.method.summed.groups": "tables of protected groups",
    "report.groups.summed": (
        "The table was read in batches. The group tables are computed on all rows in the comparison, except that slopes "
        "and intercepts are computed on a sample of each group. The sampled rows also determine which levels are shown "
        "separately, the cut points of numeric columns and the bins of the ECE."
    ),
    "group.others": "{column}: other levels",
    "group.any": "{column}: any value",
    "group.few": "{column}: levels with fewer than {rows} rows",
    "report.section.groups": "Group comparisons",
    "report.groups.people": "Protected groups",
    # compared: a class of the target
    "report.groups.lead": (
        "A row is selected if it is predicted to be “{compared}”, the favourable class (“{positive}” is predicted if its "
        "probability exceeds {threshold}). Estimates use {rows}. Unless another group was named, the reference group is the "
        "largest group defined by the same column or pair of columns. Legal limits on differences between groups depend on the "
        "jurisdiction. The four-fifths limit for impact ratios is a rule of thumb from employment guidelines. The standardised "
        "mean difference (SMD) has no established legal limit."
    ),
    "report.groups.lead_unstated": (
        "The table shows the share of rows predicted to be in each class (“{positive}” is predicted if its probability exceeds "
        "{threshold}). Estimates use {rows}. Impact ratios are missing because the adverse class was not stated. To state it, "
        "use adverse= when loading the table in Python, or --adverse CLASS on the command line. Differences and error rates "
        "refer to class “{compared}”. Unless another group was named, the reference group is the largest group defined by the "
        "same column or pair of columns."
    ),
    "report.groups.lead_mean": (
        "The table shows the mean prediction of each group. Estimates use {rows}. Unless another group was named, the reference "
        "group is the largest group defined by the same column or pair of columns. Legal limits on differences between groups "
        "depend on the jurisdiction. The standardised mean difference (SMD) has no established legal limit."
    ),
    "report.groups.lead_classes": (
        "The tables show the share of rows predicted to be in each class; each row is predicted to be in the class with the "
        "largest score. Estimates use {rows}. Unless another group was named, the reference group is the largest group defined "
        "by the same column or pair of columns. Legal limits on differences between groups depend on the jurisdiction. The "
        "standardised mean difference (SMD) has no established legal limit."
    ),
    "report.groups.fits": "Accuracy and log loss",
    "report.groups.fits.note": (
        "Differences are group minus reference group. –: withheld because fewer than ten rows are predicted correctly, because "
        "fewer than ten are predicted incorrectly, or because the accuracy would allow such a count to be derived. Accuracy and "
        "log loss are not computed for groups defined by two columns."
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
        "–: withheld or not estimated. Groups with fewer than ten rows are withheld, as is the next smallest group if the size "
        "of a withheld group could otherwise be derived. A rate is withheld if fewer than ten rows of the group are selected, if "
        "fewer than ten are not selected, or if the rate would allow such a count to be derived. If a rate is withheld, its "
        "ratio to the rate of the reference group is shown only as a bound, calculated as if the small count were nine. "
        "Intervals use Wilson's method for shares and MOVER for ratios. If rows are clustered, groups of people whose rows come "
        "from fewer than ten clusters have no interval. Of the groups defined by two columns, {pairs} are withheld and {left} "
        "are not listed; the listed groups have the largest differences relative to the width of their intervals."
    ),
    "report.groups.at_most": "at most {value}",
    "report.groups.at_least": "at least {value}",
    "report.groups.rates": "Selection rates and impact ratios",
    "report.groups.rates_unstated": (
        "Shares of rows predicted to be {compared} (rate) and of rows predicted to be the other class"
    ),
    "report.groups.rates_mean": "Mean predictions",
    "report.groups.other.network": "Predicted to be the other class, network [95% CI]",
    "report.groups.other.linear": "Predicted to be the other class, linear [95% CI]",
    "report.impact.lowest.head": "Adverse impact ratios of the network",
    "report.impact.lowest": "Lowest impact ratio that can be disclosed, by protected column",
    "report.impact": (
        "Adverse impact ratios that can be disclosed: selection rate of the least selected group divided by that of the "
        "most selected group"
    ),
    "report.groups.more": "More group tables: differences, error rates, calibration, groups defined by two columns",
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
        "Ratios are tested only for groups with at least 30 rows and, if rows are clustered, at least ten clusters. The "
        "simultaneous interval is corrected for all {compared} pairs of groups (Bonferroni, the first step of Holm's procedure). "
        "The last column covers groups whose selection rates are withheld because a count is below ten. “Significant” in the "
        "last column means that, in at least one pair that includes a withheld group, the lower selection rate is "
        "significantly less than {limit} times the higher one. “Not disclosed” means that showing the result would "
        "narrow a withheld count to fewer than three possible values."
    ),
    "report.groups.pairs": "Groups defined by two columns",
    "report.groups.group": "Group",
    # group: the name of the group
    "report.groups.control": "{group} (reference)",
    "report.groups.rows": "Rows",
    "report.groups.fit_rows": "Rows for slope and intercept",
    "report.groups.rate.network": "Rate, network [95% CI]",
    "report.groups.rate.linear": "Rate, linear [95% CI]",
    "report.groups.mean.network": "Mean, network [95% CI]",
    "report.groups.mean.linear": "Mean, linear [95% CI]",
    "report.groups.ratio.network": "Ratio to reference, network [95% CI]",
    "report.groups.ratio.linear": "Ratio to reference, linear [95% CI]",
    "report.groups.most.network": "Ratio to highest rate (groups of 30 rows or more), network [95% CI]",
    "report.groups.most.linear": "Ratio to highest rate (groups of 30 rows or more), linear [95% CI]",
    "report.groups.differences": "Differences from reference group",
    "report.groups.difference.network": "Difference, network [95% CI]",
    "report.groups.difference.linear": "Difference, linear [95% CI]",
    "report.groups.p.network": "p-value, network",
    "report.groups.p.linear": "p-value, linear",
    "report.groups.smd.network": "SMD of scores, network [95% CI]",
    "report.groups.smd.linear": "SMD of scores, linear [95% CI]",
    "report.groups.smd": (
        "SMD (standardised mean difference, Hedges' g) is the difference in mean score between the group and the "
        "reference group, divided by the pooled standard deviation of the scores. It is positive if the group has the "
        "higher mean score. The p-value for the difference in rates is from a pooled test of two proportions and is "
        "not corrected for the number of groups."
    ),
    "report.groups.smd_mean": (
        "SMD (standardised mean difference, Hedges' g) is the difference in mean score between the group and the "
        "reference group, divided by the pooled standard deviation of the scores. It is positive if the group has the "
        "higher mean score. The p-value for the difference in means is from Welch's test and is not corrected for "
        "the number of groups."
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
        "TPR (true-positive rate) is the share of the group's rows in class “{compared}” that are predicted to be in this class. "
        "FPR (false-positive rate) is the share of the group's other rows that are predicted to be in this class. Differences "
        "are group minus reference group. –: withheld because a count is below ten, or because the value would allow such a "
        "count to be derived."
    ),
    "report.groups.slope.network": "Slope, network [95% CI]",
    "report.groups.slope.linear": "Slope, linear [95% CI]",
    "report.groups.intercept.network": "Intercept, network [95% CI]",
    "report.groups.intercept.linear": "Intercept, linear [95% CI]",
    "report.groups.ece.network": "ECE, network",
    "report.groups.ece.linear": "ECE, linear",
    "report.groups.calibration.note": (
        "Calibrated predictions have slope 1 and intercept 0. To estimate the ECE (expected calibration error), the "
        "group's rows are divided into at most ten bins by prediction. The ECE is the mean absolute difference "
        "between mean prediction and mean outcome over the bins, weighted by the number of rows. The ECE is biased "
        "upward, especially in small groups."
    ),
    "plot.axis.groups": "Selection rate, 95% CI",
    "plot.axis.groups.mean": "Mean prediction, 95% CI",
    # why the analysis does not apply
    "why.no column was declared protected": (
        "no column was declared protected; declare one when loading the table (protected in Python, "
        "--protected COLUMN on the command line)"
    ),
}
