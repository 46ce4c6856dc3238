"""Sentences about discrimination: ROC, precision-recall, score distribution, confusion matrix and gains."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.discrimination": "discrimination",
    "reading.discrimination": "Discrimination",
    "report.section.discrimination": "Discrimination",
    "report.discrimination.roc": "ROC curve",
    "report.discrimination.pr": "Precision and recall",
    "report.discrimination.scores": "Score distribution",
    "report.discrimination.confusion": "Confusion matrix",
    "report.discrimination.note": (
        "Estimates use {rows} rows. Bands and intervals are pointwise 95% CIs from {resamples} paired bootstrap "
        "resamples of the rows (seed {seed}). Counts of 1 to 9 rows are withheld, as are counts from which such a "
        "count could be derived."
    ),
    "report.discrimination.class": "Class “{output}” versus all others",
    "report.discrimination.separation": "KS and Gini",
    "report.discrimination.ks": (
        "KS statistic [95% CI]: network {network}, linear {linear}; difference {difference}. The KS statistic is the "
        "largest difference between the true-positive and false-positive rates over all thresholds."
    ),
    "report.discrimination.gini": (
        "Gini coefficient, 2 × AUC − 1 [95% CI]: network {network}, linear {linear}; difference {difference}."
    ),
    "report.discrimination.ks.macro": (
        "The curves are averages over the classes, each versus all others (macro averages). Mean KS statistic [95% "
        "CI]: network {network}, linear {linear}; difference {difference}."
    ),
    "report.discrimination.macro": "mean over classes",
    "report.discrimination.rates.class": "Class",
    "report.discrimination.rates.classes": "Sensitivity and precision of each class versus all others [95% CI]",
    "report.discrimination.matrix": (
        "Confusion matrix, {model}: number of rows by actual and predicted class",
        "model: 'network' or 'linear'",
    ),
    "report.discrimination.axis.false": "False-positive rate",
    "report.discrimination.axis.true": "True-positive rate",
    "report.discrimination.axis.recall": "Recall",
    "report.discrimination.axis.precision": "Precision",
    "report.discrimination.axis.probability": "Predicted probability",
    "report.discrimination.axis.share": "Share of rows of each class",
    "report.discrimination.legend.network": "Network, 95% band",
    "report.discrimination.legend.linear": "Linear, 95% band",
    "report.discrimination.legend.threshold": "Threshold {threshold}",
    "report.discrimination.legend.negative": "other",
    "report.discrimination.roc.caption": "The diagonal is the ROC curve of a random ranking.",
    "report.discrimination.pr.caption": (
        "Each point shows the precision at the highest threshold that achieves the recall on the horizontal axis."
    ),
    "report.discrimination.scores.caption": (
        "Filled bars show rows of class “{output}”; outlined bars show all other rows. Top: network; bottom: linear "
        "counterpart."
    ),
    "report.discrimination.aria.roc": (
        "ROC curves. At a false-positive rate of 0.2, the true-positive rate is {network} for the network and {linear} for "
        "the linear counterpart."
    ),
    "report.discrimination.aria.pr": (
        "Precision-recall curves. At a recall of 0.5, precision is {network} for the network and {linear} for the linear "
        "counterpart."
    ),
    "report.discrimination.aria.scores": "Distribution of predicted probabilities by class, for both models.",
    "report.discrimination.points.roc": "Points on the ROC curves of both models [95% CI]",
    "report.discrimination.points.pr": "Points on the precision-recall curves of both models [95% CI]",
    "report.discrimination.bins": "Share of the rows of each class in bins of predicted probability",
    "report.discrimination.bin": "{low} to {high}",
    "report.discrimination.confusion.table": (
        "Confusion matrix at threshold {threshold}: number of rows (share of the actual class)"
    ),
    "report.discrimination.actual": "Model and actual class",
    "report.discrimination.predicted": "Predicted {output}",
    "report.discrimination.actual.of": "{model}: {output}",
    "report.discrimination.count": "{count} ({share})",
    "report.discrimination.rates.table": "Classification rates at the decision threshold [95% CI]",
    "report.discrimination.rate": "Rate",
    "report.discrimination.rate.sensitivity": "sensitivity (recall)",
    "report.discrimination.rate.specificity": "specificity",
    "report.discrimination.rate.precision": "precision",
    "report.discrimination.rate.negative_predictive_value": "negative predictive value",
    "report.discrimination.gains.table": "Gains by score decile, highest scores first [95% CI]",
    "report.discrimination.gains.part": "Decile",
    "report.discrimination.gains.rate": "Positive rate in decile, {model}",
    "report.discrimination.gains.captured": "Cumulative share of all positives, {model}",
    "report.discrimination.gains.lift": "Cumulative lift, {model}",
    # why the analysis does not apply
    "why.discrimination.numbers": "ROC curves and confusion matrices need a target with classes, but this target is numeric",
    "why.discrimination.few": "confidence bands need at least {least} independent rows or groups of rows, but there are fewer",
}
