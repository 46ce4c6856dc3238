"""Sentences about resilience."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.resilience on hard and outer rows": "resilience on rows that are hard to predict or far from the training rows",
    "rows_of.resilience": "Resilience on rows that are hard to predict or far from the training rows",
    "resilience.mean": ("{column} (mean)", "column: the name of a column of numbers"),
    "report.resilience.heading": "Hard rows",
    "report.resilience.lead": (
        "Each model is evaluated on all rows and on the {share} of the rows that are hardest for it. The rise in the "
        "network's {metric} on the hardest rows, minus the rise for {linear:name}, is {rise}.",
        "share: a percentage; metric: such as 'log loss'; rise: a difference in loss with its interval",
    ),
    "report.resilience.fold": "Resilience: rows that are hard to predict, rows far from the training rows, worst cluster, drift",
    "report.resilience.note": (
        "All {rows} rows are held out, and no row is selected on the basis of its own outcome. The hardest rows are those with "
        "the largest predicted losses. The losses are predicted by gradient-boosted trees fitted to the losses of other "
        "held-out rows; a fifth of the rows is used only for fitting. The distance of a row from the training rows is its mean "
        "distance to the ten nearest of them. The cluster with the network's largest loss is found in one half of the rows and "
        "evaluated in the other half. The excess rise is the rise in the network's {metric} relative to all rows, minus the "
        "same rise for {linear:name}. CIs treat the choice of rows as fixed; in simulations, some CIs based on few rows had a "
        "coverage below 90%. No excess rise is given for the row “Repeated drift”. Results based on fewer than {least} "
        "effective rows or on too few events are not shown.",
        "rows: a number of rows; metric: such as 'log loss'; least: a number of rows",
    ),
    "report.resilience.drift.none": (
        "No drift between training and held-out rows was found: trees distinguish them with an AUC of {auc}.",
        "auc: of trees that distinguish held-out from training rows, with its interval; chance is 0.5",
    ),
    "report.resilience.drift.found": (
        "Held-out rows differ from training rows: trees distinguish them with an AUC of {auc}. Held-out rows are weighted by "
        "their odds of being held-out rather than training rows, which simulates a further shift of the same kind.",
        "auc: of trees that distinguish held-out from training rows, with its interval; chance is 0.5",
    ),
    "report.resilience.drift.few": (
        "Held-out rows differ from training rows: trees distinguish them with an AUC of {auc}. Results for a further "
        "shift of the same kind are not shown, because they would depend on too few rows.",
        "auc: of trees that distinguish held-out from training rows, with its interval; chance is 0.5",
    ),
    "report.resilience.table": (
        "{metric} on rows that are hard to predict or far from the training rows",
        "metric: such as 'log loss'",
    ),
    "report.resilience.of": "Rows",
    "report.resilience.all": "All",
    "report.resilience.hardest": (
        "The {share} of rows that are hardest for each model",
        "share: a percentage of the rows",
    ),
    "report.resilience.network": (
        "The {share} of rows that are hardest for the network",
        "share: a percentage of the rows",
    ),
    "report.resilience.linear": (
        "The {share} of rows that are hardest for {linear:name}",
        "share: a percentage of the rows",
    ),
    "report.resilience.outer": (
        "The {share} of rows that are farthest from the training rows",
        "share: a percentage of the rows",
    ),
    "report.resilience.cluster": "Worst cluster for the network",
    "report.resilience.drift": "Repeated drift",
    "report.resilience.rise": "Excess rise [95% CI]",
    "report.resilience.rows": ("Effective rows", "number of equally weighted rows with the same information"),
    "report.resilience.power": (
        "{metric} on rows that are hard to predict or far from the training rows",
        "metric: 'AUC' or 'R²'",
    ),
    "report.resilience.cluster.table": (
        ("Columns in which the worst cluster (n = {rows} held-out rows) differs most from other rows"),
        "rows: held-out rows in the cluster; its loss is measured in one half of them",
    ),
    "report.resilience.inside": "In the cluster",
    "report.resilience.outside": "In other rows",
    "report.resilience.x.hardest": "share of rows, hardest to predict first",
    "report.resilience.x.outer": "share of rows, most distant first",
    "report.resilience.aria.hardest": (
        "{metric} of both models on {count} subsets of the rows: from the rows that are hardest to predict to all rows",
        "metric: such as 'log loss'",
    ),
    "report.resilience.aria.outer": (
        "{metric} of both models on {count} subsets of the rows: from the rows farthest from the training rows to all rows",
        "metric: such as 'log loss'",
    ),
    "report.resilience.caption.hardest": (
        "{metric} on the rows that are hardest to predict for each model",
        "metric: such as 'log loss'",
    ),
    "report.resilience.caption.outer": (
        "{metric} on the rows farthest from the training rows",
        "metric: such as 'log loss'",
    ),
    "report.resilience.share": "Share",
    "why.resilience.split": (
        "the rows that are hardest to predict are selected from rows that the network was not trained on, but it is unknown "
        "which rows these are; load the table with the split that was used to train the network"
    ),
    "why.resilience.few": "there are too few held-out or training rows; the analysis needs at least {least} of each",
    "why.resilience.none": (
        "no subset of the held-out rows is large enough to be analysed: each has an effective number of rows below "
        "{least}, too few groups of rows, or too few rows of some class"
    ),
}
