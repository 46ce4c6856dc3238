"""Sentences about resilience on hard and outer rows."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.resilience on hard and outer rows": "resilience on hard and outer rows",
    "rows_of.resilience": "Resilience on hard and outer rows",
    "resilience.mean": ("{column} (mean)", "column: the name of a column of numbers"),
    "report.resilience.heading": "Hard rows",
    "report.resilience.lead": (
        "From all rows to the {share} hardest for each model, the rise in the network's {metric} minus that of {linear:name} is "
        "{rise}.",
        "share: a percentage; metric: such as 'log loss'; rise: a difference in loss with its interval",
    ),
    "report.resilience.fold": "Resilience: hard rows, outer rows, worst cluster, drift",
    "report.resilience.note": (
        "All {rows} rows are held out, and none is chosen by its own outcome. The hardest rows have the largest loss that "
        "gradient-boosted trees, fitted to the losses of other held-out rows, predict; a fifth of the rows only serves to fit. "
        "The outermost rows are farthest from their ten nearest training rows. The cluster with the largest loss of the network"
        " in one half of the rows is measured in the other half. The excess rise is the rise in the network's {metric} from all"
        " rows minus that of {linear:name}. CIs take the choice of the rows as given; in simulations, some of those of few rows"
        " covered less than 90%. Under drift, no excess rise is given. Results on fewer than {least} effective rows or too few "
        "events are not shown.",
        "rows: a number of rows; metric: such as 'log loss'; least: a number of rows",
    ),
    "report.resilience.drift.none": (
        "No drift between training and held-out rows was found: the AUC with which trees tell them apart is {auc}.",
        "auc: of trees that distinguish held-out from training rows, with its interval; chance is 0.5",
    ),
    "report.resilience.drift.found": (
        "Held-out rows differ from training rows: trees tell them apart with an AUC of {auc}. Held-out rows are weighted by "
        "their odds against training rows, so that they shift by as much again.",
        "auc: of trees that distinguish held-out from training rows, with its interval; chance is 0.5",
    ),
    "report.resilience.drift.few": (
        "Held-out rows differ from training rows: trees tell them apart with an AUC of {auc}. If held-out rows shifted by as "
        "much again, the result would rest on too few rows.",
        "auc: of trees that distinguish held-out from training rows, with its interval; chance is 0.5",
    ),
    "report.resilience.table": ("{metric} on hard and outer rows", "metric: such as 'log loss'"),
    "report.resilience.of": "Rows",
    "report.resilience.all": "All",
    "report.resilience.hardest": ("{share} hardest for each model", "share: a percentage of the rows"),
    "report.resilience.network": ("{share} hardest for the network", "share: a percentage of the rows"),
    "report.resilience.linear": ("{share} hardest for {linear:name}", "share: a percentage of the rows"),
    "report.resilience.outer": ("{share} outermost", "share: a percentage of the rows"),
    "report.resilience.cluster": "Worst cluster of the network",
    "report.resilience.drift": "After the same drift again",
    "report.resilience.rise": "Excess rise [95% CI]",
    "report.resilience.rows": ("Effective rows", "number of rows of equal weight that say the same"),
    "report.resilience.power": ("{metric} on hard and outer rows", "metric: 'AUC' or 'R²'"),
    "report.resilience.cluster.table": (
        "Worst cluster: columns in which it differs most (both halves of the rows, n = {rows})",
        "rows: held-out rows in the cluster; its loss is measured in one half of them",
    ),
    "report.resilience.inside": "In the cluster",
    "report.resilience.outside": "In other rows",
    "report.resilience.x.hardest": "share of rows, hardest first",
    "report.resilience.x.outer": "share of rows, outermost first",
    "report.resilience.aria.hardest": (
        "{metric} of both models on {count} shares of the rows, hardest first",
        "metric: such as 'log loss'",
    ),
    "report.resilience.aria.outer": (
        "{metric} of both models on {count} shares of the rows, outermost first",
        "metric: such as 'log loss'",
    ),
    "report.resilience.caption.hardest": ("{metric} on the rows hardest for each model", "metric: such as 'log loss'"),
    "report.resilience.caption.outer": ("{metric} on the outermost rows", "metric: such as 'log loss'"),
    "report.resilience.share": "Share",
    "why.resilience.split": (
        "hard rows are compared among rows that the network was not trained on, and none are known; read the table with the "
        "split used to train the network"
    ),
    "why.resilience.few": "at least {least} held-out rows and as many training rows are needed, and there are fewer of either",
    "why.resilience.none": "no choice of rows leaves {least} effective rows with enough groups of rows and events of each class",
}
