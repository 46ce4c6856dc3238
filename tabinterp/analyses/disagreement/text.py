"""Sentences about rows on which the two models disagree."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "disagreement.classes": (
        "The two models give different labels to {count} of {rows} held-out rows: {percent}% (95% interval {percent_low} to "
        "{percent_high})."
    ),
    "disagreement.numbers": (
        "In {count} of {rows} held-out rows ({percent}%) the two predictions are farther apart than in nine of ten rows: by "
        "{threshold} units of the target or more."
    ),
    "disagreement.right": (
        "There the network is right in {network}% (95% interval {network_low} to {network_high}), {model:name} in {linear}% "
        "({linear_low} to {linear_high})."
    ),
    "disagreement.right.neither": (
        "There the network is right in {network}% (95% interval {network_low} to {network_high}), {model:name} in {linear}% "
        "({linear_low} to {linear_high}), and neither in {neither}% ({neither_low} to {neither_high})."
    ),
    "disagreement.few": (
        "In how many of {rows} held-out rows the two predictions differ is not told: in fewer than {fewest}, or in all but "
        "as few."
    ),
    "disagreement.right.few": (
        "Who is right there is not told: fewer than {fewest} rows or groups of rows differ, or fewer stand on one side."
    ),
    "disagreement.tree.none": "Too few rows differ to look for columns that set them apart.",
    "disagreement.tree.open": (
        "No columns are shown to set these rows apart: a tree of depth {depth} at most, tried on {rows} rows that it was not "
        "fitted on, has an AUC of {value} (95% interval {low} to {high}), which includes chance (0.5)."
    ),
    # depth: of a decision tree; value, balanced: from 0 to 1
    "disagreement.tree.apart": (
        "A tree of depth {depth} at most sets these rows apart: on {rows} rows that it was not fitted on its AUC is {value} (95% "
        "interval {low} to {high}) and its balanced accuracy {balanced}; chance is 0.5 for both."
    ),
    "condition.at_most": "{column} at most {threshold}",
    "condition.above": "{column} above {threshold}",
    "condition.is": "{column} is {level}",
    "condition.is_not": "{column} is not {level}",
    "condition.missing": "{column} is missing",
    "condition.present": "{column} is not missing",
    "condition.rare": "{column} is a rare level",
    "condition.not_rare": "{column} is not a rare level",
    "report.section.disagreeing": "Disagreement",
    "report.disagreement": "Rows with different predictions",
    "report.disagreement.share": "share [95% interval]",
    "report.disagreement.rules": "Rules of the tree, and the share of rows that differ (rows the tree was not fitted on)",
    "report.disagreement.rule": "Rows with",
    "report.disagreement.rows": "rows",
    "report.disagreement.note": (
        "The tree is fitted on {fitted} of the rows, drawn by hash, and scored on the other {scored}. It describes where the "
        "models differ, not why. A missing number counts as the median. Leaves of fewer than ten rows are not shown. "
        "–: one to nine rows of the leaf differ, or do not."
    ),
    # why it does not apply
    "why.who is right is seen on rows that the models were not trained on, and none are known": (
        "who is right is seen on rows that the models were not trained on, and none are known"
    ),
    "why.the two models predict the same in nine of ten rows or more": (
        "the two models predict the same in nine of ten rows or more"
    ),
    "why.disagreement.groups": (
        "the held-out rows come in {groups} groups; where the models differ is told from {least} groups on"
    ),
}
