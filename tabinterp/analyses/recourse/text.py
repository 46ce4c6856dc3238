"""Sentences about recourse."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.recourse": "recourse",
    "rows_of.recourse": "Recourse",
    "rows_of.recourse_values": "Recourse: new values and plausibility of changed rows",
    "plot.axis.recourse": "Share of declined rows without recourse, 95% CI",
    "report.section.recourse": "Recourse",
    "report.recourse.lead": (
        "Among the rows that the network declines (n = {rows}), the share without recourse is {share}. A row is "
        "without recourse if no plausible change to the changeable columns was found that would make the network approve it.",
        "share: a share of rows with its interval, such as '0.2 (95% CI 0.1 to 0.3)'",
    ),
    "report.recourse.lead.most": (
        "Among the rows that the network declines (n = {rows}), the share without recourse is at most {share}. A "
        "row is without recourse if no plausible change to the changeable columns was found that would make the network "
        "approve it. The exact share is withheld because a count is below ten.",
        "share: a share of rows, such as '0.1'",
    ),
    "report.recourse.lead.withheld": (
        "Among the rows declined by the network (n = {rows}), the share without recourse is withheld, because there "
        "are too few rows or a count is below ten."
    ),
    "report.recourse.difference": (
        "Among the rows that both models decline, the share without recourse for the network minus the share for {linear:name} "
        "is {difference}.",
        "difference: a difference of two shares with its interval",
    ),
    "report.recourse.fold": "Recourse by model, column and group",
    "report.recourse.note": (
        "A row is declined if the network predicts it to be “{declined}”. Recourse is the change to the changeable "
        "columns with the lowest total cost. Costs are in percentiles of the training rows: the cost of "
        "changing a numeric value is the number of percentiles by which it shifts, and the cost of changing a level is "
        "{level}. New values come from "
        "{training} training rows, with at most {values} values for each numeric column. Missing values stay missing. "
        "Every change was confirmed by the model's prediction for the changed row. A change is plausible unless the "
        "changed row is more atypical than 99% of the training rows and also more atypical than the original row. CIs "
        "reflect the sampling of rows and treat the training rows as fixed.",
        "declined: the adverse class; level: a number of percentiles",
    ),
    "report.recourse.search": (
        "For the network, the search tried only some combinations of changes, so cheaper changes may exist and the true share "
        "of rows without recourse may be lower."
    ),
    "report.recourse.exact": (
        "For the network, an exact method found the cheapest changes; their plausibility was checked only afterwards."
    ),
    "report.recourse.caption": (
        "Recourse under both models [95% CI]. –: not computed, or withheld because a count is below ten"
    ),
    "report.recourse.measure": "Measure",
    "report.recourse.network": "Network",
    "report.recourse.on_both": "Network, rows that both models decline",
    "report.recourse.linear": "{linear}, rows that both models decline",
    "report.recourse.without": "Rows without recourse",
    "report.recourse.only_implausible": (
        "Rows without recourse for which only implausible changes were found (share of all declined rows)"
    ),
    "report.recourse.cost": "Mean cost of recourse, in percentiles",
    "report.recourse.quartiles": "Quartiles of the cost, rounded",
    "report.recourse.one_column": "Rows for which recourse changes only one column (share of the rows with recourse)",
    "report.recourse.columns": (
        "Columns changed by recourse: share of the rows with recourse [95% CI]. –: withheld because a count is below ten, or "
        "because such a count could be derived"
    ),
    "report.recourse.change": "May change",
    "report.recourse.change.any": "to any value",
    "report.recourse.change.+": "upwards",
    "report.recourse.change.-": "downwards",
    "report.recourse.domain": "Limits",
    "report.recourse.groups": (
        "Share without recourse among the declined rows of each group (network) [95% CI]. p: p-value for the comparison with "
        "all other declined rows, not corrected for the number of groups"
    ),
    "report.recourse.group": "Group",
    "report.recourse.rest": "Difference from other declined rows",
    # why it does not apply
    "why.recourse.task": "recourse needs a target with two classes",
    "why.recourse.none": "the network declines none of the rows",
    "why.recourse.few": "there are too few declined or approved rows; recourse needs at least {least} of each",
}
