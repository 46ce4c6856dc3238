"""Sentences about rows on which the two models disagree."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.comparison of decisions": "disagreement between the models",
    "rows_of.disagreement": "Disagreement",
    "disagreement.classes": (
        "The models predict different classes for {count} of the {rows} held-out rows: {percent}% (95% CI "
        "{percent_low}% to {percent_high}%)."
    ),
    "disagreement.classes.about": (
        "The models predict different classes for about {percent}% of the {rows} held-out rows (95% CI {percent_low}% to "
        "{percent_high}%)."
    ),
    "disagreement.numbers": (
        "The models disagree on {count} of the {rows} held-out rows ({percent}%). Predictions count as disagreeing if they "
        "differ by at least {threshold} units of the target, which is the 90th percentile of the absolute differences between "
        "the predictions of the two models."
    ),
    "disagreement.positive": (
        "On {percent}% (95% CI {percent_low}% to {percent_high}%) of the rows on which the models disagree, only the network "
        "predicts “{label}”."
    ),
    "disagreement.positive.about": (
        "On about {percent}% (95% CI {percent_low}% to {percent_high}%) of the rows on which the models disagree, only the "
        "network predicts “{label}”."
    ),
    "disagreement.larger": (
        "Where the models disagree, the network predicts the larger value on {percent}% of rows (95% CI "
        "{percent_low}% to {percent_high}%)."
    ),
    "disagreement.positive.network": (
        "Where the models disagree, only the network predicts “{label}”, with fewer than {fewest} exceptions."
    ),
    "disagreement.positive.linear": (
        "Where the models disagree, only {model:name} predicts “{label}”, with fewer than {fewest} exceptions."
    ),
    "disagreement.larger.network": (
        "Where the models disagree, the network predicts the larger value, with fewer than {fewest} exceptions."
    ),
    "disagreement.larger.linear": (
        "Where the models disagree, {model:name} predicts the larger value, with fewer than {fewest} exceptions."
    ),
    "disagreement.right": (
        "Where the models disagree, the network's prediction is better on {network}% of rows (95% CI {network_low}% to "
        "{network_high}%), and that of {model:name} on the others."
    ),
    "disagreement.right.about": (
        "Where the models disagree, the network's prediction is better on about {network}% of rows (95% CI "
        "{network_low}% to {network_high}%), and that of {model:name} on the others."
    ),
    "disagreement.right.neither": (
        "Where the models disagree, the network's prediction is better on {network}% of rows (95% CI {network_low}% to "
        "{network_high}%), that of {model:name} on {linear}% ({linear_low}% to {linear_high}%), and neither on "
        "{neither}% ({neither_low}% to {neither_high}%)."
    ),
    "disagreement.few": (
        "Of the {rows} held-out rows, the number on which the models disagree is withheld, because it would disclose a count "
        "below {fewest}."
    ),
    "disagreement.right.few": (
        "The comparison of the models' accuracy where they disagree is withheld: the models disagree on fewer than {fewest} rows "
        "or groups of rows, or the comparison would disclose a count below {fewest}."
    ),
    "disagreement.tree.none": (
        "No decision tree is available to predict on which rows the models disagree. Either there are too few groups of rows, "
        "or the models disagree (or agree) on too few rows or groups, or no column distinguishes the rows on which they disagree "
        "from all other rows."
    ),
    "disagreement.tree.open": (
        "There is no evidence that the columns predict on which rows the models disagree. A decision tree of depth {depth} or "
        "less was fitted to predict this. On {rows} rows not used to fit the tree, its AUC is {value} (95% CI {low} to {high}), "
        "which is not significantly above chance (0.5)."
    ),
    # depth: depth of a decision tree; value, balanced: from 0 to 1
    "disagreement.tree.apart": (
        "A decision tree of depth {depth} or less predicts, significantly better than chance, on which rows the models "
        "disagree. On {rows} rows not used to fit the tree, its AUC is {value} (95% CI {low} to {high}) and its "
        "balanced accuracy is {balanced} (chance: 0.5 for both)."
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
    "report.disagreement.shares": "Disagreement on {rows} held-out rows, and which model predicts better where they disagree",
    "report.disagreement.kind": "Rows",
    "report.disagreement.of": "Share [95% CI]",
    "report.disagreement.about": "about {share}",
    "report.disagreement.classes": "predicted classes differ",
    "report.disagreement.numbers": "predictions differ by {threshold} or more",
    "report.disagreement.positive": "of these: only the network predicts “{positive}”",
    "report.disagreement.larger": "of these: the network predicts the larger value",
    # fewest: a number of rows
    "report.disagreement.nearly.network": "all rows, with fewer than {fewest} exceptions",
    "report.disagreement.nearly.linear": "fewer than {fewest} rows",
    "report.disagreement.network_right": "of these: network better",
    "report.disagreement.linear_right": "of these: linear counterpart better",
    "report.disagreement.neither": "of these: neither correct",
    "report.disagreement.share": "Share of rows on which the models disagree [95% CI]",
    "report.disagreement.rules": "Rules of the decision tree, and the share of rows on which the models disagree",
    "report.disagreement.rule": "Rule",
    "report.disagreement.rows": "Rows",
    "report.disagreement.note": (
        "The better prediction is the correct class, or the value with the smaller error. The decision tree is fitted to "
        "{fitted} rows, selected by hash; the table is computed on the other {scored} rows. The tree describes where the "
        "models disagree, not why. Missing values in numeric columns are replaced by the median of the column. Leaves with "
        "fewer than 10 rows are not shown, nor are leaves that would reveal the size of such a leaf. A dash (–) marks a share "
        "that is withheld because the models disagree, or agree, on only 1 to 9 rows of the leaf. The tree's AUC and balanced "
        "accuracy are computed as if each withheld count of 1 to 9 were 5. Their CIs cover the best and the worst result that "
        "these counts allow."
    ),
    # why the analysis does not apply
    "why.who is right is seen on rows that the models were not trained on, and none are known": (
        "the models are compared on held-out rows, but the table has no split; load the table with the "
        "split that was used to train the network"
    ),
    "why.the two models predict the same in nine of ten rows or more": (
        "the two models give the same prediction for at least 90% of the rows"
    ),
    "why.disagreement.groups": (
        "the comparison of decisions needs at least {least} groups of held-out rows; the table has {groups}"
    ),
}
