"""Sentences about slices of rows in which one model is better."""

from __future__ import annotations

MOST = "Most of all among rows with"
WORST = "the loss of the network is higher than that of {linear:name} by {value} [{low}, {high}] ({rows} rows)."

TEXT: dict[str, str] = {
    "slices.few": "No level and no part of a column has {smallest} held-out rows: groups are not compared.",
    "slices.none": (
        "In none of {groups} groups of rows (levels and quarters of single columns, {smallest} rows at least) is one model shown "
        "to be better by more than the margin, or the difference to be unlike that of the other rows. All groups are one family "
        "(false discovery rate 5%)."
    ),
    # better, worse, unlike: how many groups
    "slices.found": (
        "Of {groups} groups of rows (levels and quarters of single columns, {smallest} rows at least), the network has the lower "
        "loss in {better}, {linear:name} in {worse} (resolved, and not within {margin}, which counts as equivalent). "
        "In {unlike} the "
        "difference is unlike that of the other rows. All groups are one family (false discovery rate 5%)."
    ),
    "slices.worst.level": f"{MOST} {{column}} {{level}} {WORST}",
    "slices.worst.missing": f"{MOST} {{column}} missing {WORST}",
    "slices.worst.at_most": f"{MOST} {{column}} at most {{high_end}} {WORST}",
    "slices.worst.above": f"{MOST} {{column}} above {{low_end}} {WORST}",
    "slices.worst.between": f"{MOST} {{column}} above {{low_end}} and at most {{high_end}} {WORST}",
    "group.level": "{column}: {level}",
    "group.missing": "{column} missing",
    "group.at_most": "{column} at most {high_end}",
    "group.above": "{column} above {low_end}",
    "group.between": "{column} above {low_end}, at most {high_end}",
    "report.slices": "Groups of rows in which one model is better",
    "report.slices.table": "Groups where the linear model is better, or unlike the other rows: {metric}, network minus linear",
    "report.slices.group": "Rows with",
    "report.slices.rows": "rows",
    "report.slices.difference": "difference",
    "report.slices.rest": "minus that of all other rows",
    "report.slices.status": "there, the network is",
    "report.slices.note": (
        "Below zero the network is the better one. Intervals are wider than 95% ones, so that of those printed at most 5% are "
        "expected to miss (Benjamini and Yekutieli). Where two groups hold the same rows, a protected column names them."
    ),
    "report.slices.hidden": "Not shown: {hidden} more such groups.",
    # why it does not apply
    "why.losses are compared on rows that the models were not trained on, and none are known": (
        "losses are compared on rows that the models were not trained on, and none are known"
    ),
}
