"""Sentences about overfitting."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.overfitting by slice": "overfitting by subgroup",
    "rows_of.overfitting": "Overfitting",
    "report.section.overfitting": "Overfitting and robustness",
    "report.section.overfitting.summary": (
        "Comparison of held-out and training rows; perturbed values, prediction sets and rows that are hard to predict."
    ),
    "report.overfitting.heading": "Overfitting",
    "report.overfitting.lead": (
        "From training rows to held-out rows, the network's {metric} changes by {network} and that of {linear:name} "
        "by {linear_gap}. The difference between these changes (network minus {linear:name}) is {excess}.",
        "metric: such as 'log loss'; network, linear_gap: changes with a sign; excess: their difference with its interval",
    ),
    "report.overfitting.few": (
        "Gaps in subgroups are not compared: no level or quartile range of a column has enough rows (at least {smallest}) and "
        "events on each side of the split."
    ),
    "report.overfitting.fold": "Gaps by metric and by subgroup",
    "report.overfitting.table": (
        "Change in {metric} from training rows to held-out rows in {shown} of {tested} subgroups: those with the highest lower "
        "limit of the CI for the difference between the models",
        "metric: such as 'log loss'",
    ),
    "report.overfitting.slice": "Subgroup",
    "report.overfitting.network": "Network [adjusted CI]",
    "report.overfitting.linear": "Linear [adjusted CI]",
    "report.overfitting.excess": "Network − linear [adjusted CI]",
    "report.overfitting.rows": "Held-out rows",
    "report.overfitting.training": "Training rows",
    "report.overfitting.note": (
        "Subgroups are levels and quartile ranges of single columns with at least {smallest} rows on each side of the split; "
        "if rows are weighted, the effective sample size must reach this minimum (Kish 1965). CIs are adjusted for all "
        "subgroups compared (Benjamini and Yekutieli 2005)."
    ),
    "plot.axis.gap": (
        "Held-out minus training loss ({loss}); 95% CI (adjusted CI for subgroups)",
        "loss: such as 'log loss'",
    ),
    "why.overfitting.split": (
        "losses on training rows and on held-out rows cannot be compared, because it is unknown which rows were held out; load "
        "the table with the split that was used to train the network"
    ),
    "why.overfitting.few": (
        "there are too few training or held-out rows to compare losses; each of the two sets needs at least {least} rows or "
        "groups of rows (effective sample size if weighted)"
    ),
}
