"""Sentences about slices of rows in which one model is better."""

from __future__ import annotations

FIRST = "Compared with {linear:name}, the network performs worst for rows with"
THEN = "its loss is {value} higher (adjusted CI {low} to {high}; n = {rows})."

TEXT: dict[str, str] = {
    "step.comparison of slices of rows": "comparison of groups of rows",
    "rows_of.slices": "Groups of rows",
    "slices.few": (
        "Subgroups are not compared: no level or quartile range of a column has at least {smallest} held-out rows."
    ),
    "slices.none": (
        "The difference in loss between the models is negligible or not significant in each of {groups} subgroups (levels and "
        "quartile ranges of single columns with at least {smallest} rows). No subgroup has a difference that deviates "
        "significantly from the difference for all other rows. The false discovery rate across all subgroups is controlled at 5%."
    ),
    # better, worse, unlike: how many groups
    "slices.found": (
        "The network's loss is significantly lower than that of {linear:name} in {better} of {groups} subgroups (levels and "
        "quartile ranges of single columns with at least {smallest} rows) and significantly higher in {worse} of them. "
        "Negligible differences (within {margin} of zero) are not counted. In {unlike} of {groups} subgroups, the difference "
        "between the models deviates significantly from the difference for all other rows. The false discovery rate across all "
        "subgroups is controlled at 5%."
    ),
    "slices.worst.level": f"{FIRST} {{column}} = {{level}}: {THEN}",
    "slices.worst.missing": f"{FIRST} {{column}} missing: {THEN}",
    "slices.worst.at_most": f"{FIRST} {{column}} at most {{high_end}}: {THEN}",
    "slices.worst.above": f"{FIRST} {{column}} above {{low_end}}: {THEN}",
    "slices.worst.between": f"{FIRST} {{column}} above {{low_end}} and at most {{high_end}}: {THEN}",
    "group.level": "{column}: {level}",
    "group.missing": "{column} missing",
    "group.at_most": "{column} at most {high_end}",
    "group.above": "{column} above {low_end}",
    "group.between": "{column} above {low_end}, at most {high_end}",
    "report.slices": "Subgroup comparison",
    "report.slices.table": (
        "Subgroups in which the linear counterpart is significantly better, or in which the difference in {metric} (network "
        "minus linear) deviates significantly from that for all other rows"
    ),
    "report.slices.group": "Subgroup",
    "report.slices.rows": "Rows",
    "report.slices.difference": "Difference [adjusted CI]",
    "report.slices.rest": "Excess over the difference for other rows [adjusted CI]",
    "report.slices.status": "Network",
    "report.slices.note": (
        "A negative difference (network minus linear) favours the network. Adjusted CIs are wider than 95% CIs: at "
        "most 5% of the intervals shown are expected to miss the true value (Benjamini and Yekutieli 2005). If two "
        "subgroups contain the same rows, only one is listed: the one defined by a protected column, if there is one."
    ),
    "report.slices.hidden": "Subgroups not shown: {hidden}.",
    # why it does not apply
    "why.losses are compared on rows that the models were not trained on, and none are known": (
        "subgroups are compared on held-out rows, but the table has no split; load the table with the "
        "split that was used to train the network"
    ),
}
