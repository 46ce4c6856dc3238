"""Sentences about robustness to perturbed values."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.robustness to perturbed values": "robustness to perturbed values",
    "rows_of.perturbation": "Robustness to perturbed values",
    "rows_of.perturbation_donors": "Robustness to perturbed values: replacement values",
    "rows_of.draws.perturbed": "{count} perturbed copies of the rows for each size of perturbation",
    "report.perturbation.heading": "Perturbed values",
    "report.perturbation.lead": (
        (
            "When all columns are perturbed by {size}, the rise in the network's {metric} minus the rise for "
            "{linear:name} is {rise}."
        ),
        "size: a percentage; metric: such as 'log loss'; rise: a difference in loss with its interval",
    ),
    "report.perturbation.lost": (
        "With perturbations of {size} or more, the network is no longer significantly better than {linear:name}.",
        "size: a percentage, the size of a perturbation",
    ),
    "report.perturbation.worse": (
        "With perturbations of {size} or more, the network is significantly worse than {linear:name}.",
        "size: a percentage, the size of a perturbation",
    ),
    "report.perturbation.fold": "Performance by size of the perturbation, and sensitivity by column",
    "report.perturbation.numbers": (
        "When only numeric columns are perturbed (by {size}), the network's {metric} is {network_loss} and that of "
        "{linear:name} is {linear_loss}; the rise in the network's {metric} minus the rise for {linear:name} is "
        "{rise}.",
        "size: a percentage; metric: such as 'log loss'; network_loss, linear_loss, rise: numbers with their intervals",
    ),
    "report.perturbation.note.training": (
        "A perturbation of 10% replaces each number by another value of the same column. The ranks of the old and the new "
        "value differ by at most 10% of the number of training rows. Each level is replaced, with a probability of 10%, by the "
        "level of a random training row. Missing values stay missing. Replacement values come from {donors} training rows. "
        "Estimates are means over {draws} perturbed copies of {rows} rows. CIs reflect the sampling of these rows and treat "
        "the training rows as fixed."
    ),
    "report.perturbation.note.all": (
        "A perturbation of 10% replaces each number by another value of the same column. The ranks of the old and the new "
        "value differ by at most 10% of the number of rows. Each level is replaced, with a probability of 10%, by the level of "
        "a random row. Missing values stay missing. Estimates are means over {draws} perturbed copies of {rows} rows; the "
        "replacement values also come from these {donors} rows. CIs reflect the sampling of rows and treat the distribution of "
        "each column as fixed."
    ),
    "report.perturbation.x": "size of the perturbation",
    "report.perturbation.size": "Size",
    "report.perturbation.aria": (
        "{metric} of both models at {count} sizes of perturbation",
        "metric: such as 'log loss'",
    ),
    "report.perturbation.caption": ("{metric} when all columns are perturbed", "metric: such as 'log loss'"),
    "report.perturbation.table": ("{metric} by size of the perturbation", "metric: such as 'log loss'"),
    "report.perturbation.left_out": (
        "Only the columns that change the network's score most were perturbed individually. Number of columns left out: {count}."
    ),
    "report.perturbation.columns": (
        "Rise in {metric} when one column is perturbed by {size}",
        "metric: such as 'log loss'; size: a percentage",
    ),
    "why.perturbation.drawn": (
        "the {rows} rows sampled for the analysis include too few rows of one class; increase the number of rows or the budget"
    ),
    "why.perturbation.few": "the analysis of perturbed values needs at least {least} rows, but there are fewer",
}
