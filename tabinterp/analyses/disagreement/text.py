"""Sentences about rows on which the two models disagree."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.comparison of decisions": "disagreement between the models",
    "rows_of.disagreement": "Disagreement",
    "disagreement.classes": (
        "The models predict different classes for {count} of the {rows} held-out rows: {percent}% (95% CI "
        "{percent_low}% to {percent_high}%)."
    ),
    "disagreement.numbers": (
        "The models disagree most on {count} of the {rows} held-out rows ({percent}%), where their predictions "
        "differ by at least {threshold} units of the target, the 90th percentile of all differences."
    ),
    "disagreement.positive": (
        "On {percent}% of these rows (95% CI {percent_low}% to {percent_high}%), only the network predicts “{label}”; on "
        "the rest, only {model:name} does."
    ),
    "disagreement.larger": (
        "On {percent}% of these rows (95% CI {percent_low}% to {percent_high}%), the network predicts the larger value."
    ),
    "disagreement.right": (
        "Where the models disagree, the network is more accurate on {network}% of rows (95% CI {network_low}% to "
        "{network_high}%) and {model:name} on {linear}% ({linear_low}% to {linear_high}%)."
    ),
    "disagreement.right.neither": (
        "Where the models disagree, the network is more accurate on {network}% of rows (95% CI {network_low}% to "
        "{network_high}%), {model:name} on {linear}% ({linear_low}% to {linear_high}%), and neither on {neither}% "
        "({neither_low}% to {neither_high}%)."
    ),
    "disagreement.few": (
        "The models disagree, or agree, on fewer than {fewest} of the {rows} held-out rows. The exact number is "
        "withheld."
    ),
    "disagreement.right.few": (
        "Which model is more accurate where they disagree is withheld, because the models disagree on fewer than "
        "{fewest} rows or groups of rows, or because a count below {fewest} would be disclosed."
    ),
    "disagreement.tree.none": (
        "No decision tree describes the rows on which the models disagree: too few rows disagree or agree, or no "
        "column separates them."
    ),
    "disagreement.tree.open": (
        "No column was shown to separate the rows on which the models disagree from the others. A decision tree of "
        "depth {depth} or less, evaluated on {rows} rows not used to fit it, has an AUC of {value} (95% CI {low} to "
        "{high}), which is not significantly above chance (0.5)."
    ),
    # depth: of a decision tree; value, balanced: from 0 to 1
    "disagreement.tree.apart": (
        "A decision tree of depth {depth} or less separates the rows on which the models disagree from the others. "
        "On {rows} rows not used to fit it, its AUC is {value} (95% CI {low} to {high}) and its balanced accuracy "
        "is {balanced} (chance: 0.5 for both)."
    ),
    "condition.at_most": "{column} at most {threshold}",
    "condition.above": "{column} above {threshold}",
    "condition.is": "{column} is {level}",
    "condition.is_not": "{column} is not {level}",
    "condition.missing": "{column} is missing",
    "condition.present": "{column} is not missing",
    "condition.rare": "{column} has a rare level",
    "condition.not_rare": "{column} has no rare level",
    "report.section.disagreeing": "Disagreement",
    "report.disagreement": "Rows with different predictions",
    "report.disagreement.share": "Share that disagrees [95% CI]",
    "report.disagreement.rules": "Rules of the decision tree, and the share of rows on which the models disagree",
    "report.disagreement.rule": "Rule",
    "report.disagreement.rows": "Rows",
    "report.disagreement.note": (
        "The tree is fitted on {fitted} of the rows, selected by hash; the table is computed on the other {scored}. "
        "The tree describes where the models disagree, not why. Missing numbers are replaced by the median. Leaves "
        "with fewer than 10 rows are not shown. –: withheld, because the models disagree or agree on 1 to 9 rows "
        "of the leaf."
    ),
    # why it does not apply
    "why.who is right is seen on rows that the models were not trained on, and none are known": (
        "the models are compared on rows on which they were not trained, and the table has no split; add a split to "
        "the table"
    ),
    "why.the two models predict the same in nine of ten rows or more": (
        "the two models give the same prediction for at least 90% of the rows"
    ),
    "why.disagreement.groups": "the held-out rows form only {groups} groups; at least {least} are needed",
}
