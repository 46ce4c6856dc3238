"""Sentences about discrimination: ROC, precision-recall, score distribution, confusion matrix and gains."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.discrimination": "discrimination",
    "reading.discrimination": "Discrimination",
    "report.section.discrimination": "Discrimination",
    "report.discrimination.roc": "ROC curve",
    "report.discrimination.pr": "Precision and recall",
    "report.discrimination.scores": "Score distribution",
    "report.discrimination.confusion": "Confusion matrix",
    "report.discrimination.note": (
        "Measured on {rows} rows. Bands and intervals are 95%, point by point, from {resamples} paired resamples of the rows "
        "(seed {seed}). Counts of 1 to 9 rows, and counts from which one would follow, are withheld."
    ),
    "report.discrimination.class": "Class {output} against all others",
    "report.discrimination.separation": "KS and Gini",
    "report.discrimination.ks": (
        "KS: network {network}, linear {linear}; difference {difference}. KS is the largest difference between the true- and the "
        "false-positive rate."
    ),
    "report.discrimination.gini": "Gini (2 × AUC − 1): network {network}, linear {linear}; difference {difference}.",
    "report.discrimination.axis.false": "False-positive rate",
    "report.discrimination.axis.true": "True-positive rate",
    "report.discrimination.axis.recall": "Recall",
    "report.discrimination.axis.precision": "Precision",
    "report.discrimination.axis.probability": "Predicted probability",
    "report.discrimination.axis.share": "Share of the class",
    "report.discrimination.legend.network": "network, 95% band",
    "report.discrimination.legend.linear": "linear, 95% band",
    "report.discrimination.legend.threshold": "threshold {threshold}",
    "report.discrimination.legend.negative": "other",
    "report.discrimination.roc.caption": "The diagonal is a ranking at random.",
    "report.discrimination.pr.caption": "Precision at the threshold at which recall is reached.",
    "report.discrimination.scores.caption": (
        "Filled: the class {output}. Outline: the others. Above: network. Below: linear. Bins of 1 to 9 rows are left out."
    ),
    "report.discrimination.aria.roc": (
        "ROC curves. At a false-positive rate of 0.2 the true-positive rate of the network is {network}, of the linear model "
        "{linear}."
    ),
    "report.discrimination.aria.pr": (
        "Precision-recall curves. At a recall of 0.5 the precision of the network is {network}, of the linear model {linear}."
    ),
    "report.discrimination.aria.scores": "Distribution of predicted probabilities by class, for both models.",
    "report.discrimination.points": "Points of the curve [95% interval]",
    "report.discrimination.bins": "Shares of each class by predicted probability",
    "report.discrimination.bin": "{low} to {high}",
    "report.discrimination.confusion.table": (
        "Predicted and actual classes at threshold {threshold}: rows (share of the actual class)"
    ),
    "report.discrimination.actual": "Actual class",
    "report.discrimination.predicted": "predicted {output}",
    "report.discrimination.actual.of": "{model}: {output}",
    "report.discrimination.count": "{count} ({share})",
    "report.discrimination.rates.table": "Rates at the threshold [95% interval]",
    "report.discrimination.rate": "Rate",
    "report.discrimination.rate.sensitivity": "sensitivity (recall)",
    "report.discrimination.rate.specificity": "specificity",
    "report.discrimination.rate.precision": "precision",
    "report.discrimination.rate.negative_predictive_value": "negative predictive value",
    "report.discrimination.gains.table": "Gains by tenths of the rows, highest scores first [95% interval]",
    "report.discrimination.gains.part": "Tenth",
    "report.discrimination.gains.rate": "{model}: share of positives",
    "report.discrimination.gains.captured": "{model}: positives captured so far",
    "report.discrimination.gains.lift": "{model}: lift so far",
    # why it does not apply
    "why.discrimination.numbers": "ROC curves and confusion matrices are about classes, and the target is a number",
    "why.discrimination.few": "bands need at least {least} independent rows or groups of rows",
}
