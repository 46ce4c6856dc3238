"""Sentences about groups of people and adverse impact."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.method.summed.groups": "tables of protected groups",
    "report.groups.summed": (
        "Numbers of these groups are of all these rows, which were read in batches; slope and intercept are of those drawn of "
        "each group. The rows drawn also settle which levels stand by themselves, where numbers are cut, and the bins of the ECE."
    ),
    "group.others": "{column}: other levels",
    "group.any": "{column}: any value",
    "group.few": "{column}: levels of fewer than {rows} rows",
    "report.section.groups": "Groups",
    "report.groups.people": "Protected groups",
    # compared: a class of the target
    "report.groups.lead": (
        "Selected are the rows that are predicted {compared}, the class that is not adverse, among {rows} (threshold "
        "{threshold} on the probability of the positive class). Each group is compared with the reference group of its "
        "columns, marked as such: the largest, unless another was named. Jurisdiction-dependent: four fifths is a rule of "
        "thumb of employment guidelines, and there is no legal limit for a standardised mean difference."
    ),
    "report.groups.lead_unstated": (
        "Shares predicted to be in each class, among {rows} (threshold {threshold} on the probability of the positive "
        "class). The adverse class was not stated, so there are no impact ratios: state it with adverse= where the table is "
        "read, or with --adverse CLASS. Differences, TPR and FPR are those of the class {compared}. Each group is compared "
        "with the reference group of its columns, marked as such: the largest, unless another was named."
    ),
    "report.groups.lead_mean": (
        "Mean predictions of {rows}. Each group is compared with the reference group of its columns, marked as such: the "
        "largest, unless another was named. Jurisdiction-dependent: there is no legal limit for a standardised mean difference."
    ),
    "report.groups.lead_classes": (
        "Shares predicted to be in each class, among {rows}. A row is predicted to be of the class with the largest score. "
        "Each group is compared with the reference group of its columns, marked as such: the largest, unless another was "
        "named. Jurisdiction-dependent: there is no legal limit for a standardised mean difference."
    ),
    "report.groups.fits": "Accuracy and log loss",
    "report.groups.fits.note": (
        "Differences: group less reference. An accuracy that fewer than ten rows make, right or wrong, is held back (–), with "
        "what it could be reckoned from. Groups of two columns are compared class by class alone."
    ),
    "report.groups.accuracy.network": "accuracy, network",
    "report.groups.accuracy.linear": "accuracy, linear",
    "report.groups.accuracy_difference.network": "less reference, network",
    "report.groups.accuracy_difference.linear": "less reference, linear",
    "report.groups.loss.network": "log loss, network",
    "report.groups.loss.linear": "log loss, linear",
    "report.groups.loss_difference.network": "less reference, network",
    "report.groups.loss_difference.linear": "less reference, linear",
    "report.groups.class": "Predicted {output}",
    "report.groups.suppressed": (
        "A group of fewer than ten rows is held back (–), and the next smallest one where it could be reckoned from the others. "
        "So is the rate of a group of which fewer than ten rows are selected, or fewer than ten are not, with what it could be "
        "reckoned from; of its ratio one end is told, were they nine. Intervals of shares are Wilson's, those of ratios MOVER "
        "from two of them; groups of fewer than ten sampling units have none. "
        "Groups of two columns: {pairs} held back, {left} left out of the list, which holds those that differ most surely."
    ),
    "report.groups.at_most": "at most {value}",
    "report.groups.at_least": "at least {value}",
    "report.groups.rates": "Selection rates and impact ratios",
    "report.groups.rates_unstated": "Shares predicted to be in each class",
    "report.groups.rates_mean": "Mean predictions",
    "report.groups.other.network": "other class, network",
    "report.groups.other.linear": "other class, linear",
    "report.impact": "Adverse impact: least over most selected group",
    "report.impact.columns": "Column",
    "report.impact.model": "Model",
    "report.impact.least": "Least selected",
    "report.impact.most": "Most selected",
    "report.impact.ratio": "Ratio [95% interval]",
    "report.impact.all": "Interval over all pairs",
    "report.impact.ends": "{low} to {high}",
    "report.impact.withheld": "Withheld groups",
    "report.impact.withheld.raised": "significantly apart",
    "report.impact.withheld.not_raised": "not significantly apart",
    "report.impact.withheld.untold": "not disclosed",
    "report.impact.note": (
        "Groups of at least 30 rows and ten sampling units are judged. The interval over all pairs is corrected for "
        "{compared} pairs of groups (Bonferroni, the first step of Holm's procedure). The last column concerns groups whose "
        "shares are withheld because a count is below ten: whether one of them is selected significantly less than {limit} "
        "times as often as another group, or another as often as it. It is not disclosed where the answer would narrow a "
        "small count down to fewer than three values."
    ),
    "report.groups.pairs": "Groups of two columns",
    "report.groups.group": "Group",
    # group: its name
    "report.groups.control": "{group} (reference)",
    "report.groups.rows": "rows",
    "report.groups.fit_rows": "rows of slope and intercept",
    "report.groups.rate.network": "rate, network",
    "report.groups.rate.linear": "rate, linear",
    "report.groups.mean.network": "mean, network",
    "report.groups.mean.linear": "mean, linear",
    "report.groups.ratio.network": "ratio to reference, network",
    "report.groups.ratio.linear": "ratio to reference, linear",
    "report.groups.most.network": "ratio to most selected, network",
    "report.groups.most.linear": "ratio to most selected, linear",
    "report.groups.differences": "Differences from the reference group",
    "report.groups.difference.network": "difference, network",
    "report.groups.difference.linear": "difference, linear",
    "report.groups.p.network": "p, network",
    "report.groups.p.linear": "p, linear",
    "report.groups.smd.network": "SMD of scores, network",
    "report.groups.smd.linear": "SMD of scores, linear",
    "report.groups.smd": (
        "SMD: difference of mean scores over the standard deviation pooled over the two groups (Hedges' g). p: "
        "pooled test of two shares, not corrected for the number of groups."
    ),
    "report.groups.smd_mean": (
        "SMD: difference of mean scores over the standard deviation pooled over the two groups (Hedges' g). p: Welch's test of "
        "two means, not corrected for the number of groups."
    ),
    "report.groups.errors": "Error rates",
    "report.groups.calibration": "Calibration within groups",
    "report.groups.tpr.network": "TPR, network",
    "report.groups.tpr.linear": "TPR, linear",
    "report.groups.tpr_difference.network": "less reference, network",
    "report.groups.tpr_difference.linear": "less reference, linear",
    "report.groups.fpr.network": "FPR, network",
    "report.groups.fpr.linear": "FPR, linear",
    "report.groups.fpr_difference.network": "less reference, network",
    "report.groups.fpr_difference.linear": "less reference, linear",
    "report.groups.errors.note": (
        "TPR: share selected among those whose outcome was the favourable one; FPR: among the others. A rate of fewer than ten "
        "rows is not printed."
    ),
    "report.groups.slope.network": "slope, network",
    "report.groups.slope.linear": "slope, linear",
    "report.groups.intercept.network": "intercept, network",
    "report.groups.intercept.linear": "intercept, linear",
    "report.groups.ece.network": "ECE, network",
    "report.groups.ece.linear": "ECE, linear",
    "report.groups.calibration.note": (
        "Calibrated: slope 1, intercept 0. ECE: mean distance of predicted and observed over ten bins; noise alone makes it "
        "positive, the more the smaller the group."
    ),
    "plot.axis.groups": "share selected, 95% interval",
    "plot.axis.groups.mean": "mean prediction, 95% interval",
    # why it does not apply
    "why.no column was declared protected": ("no column was declared protected"),
}
