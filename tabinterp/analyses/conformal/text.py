"""Sentences about conformal prediction."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.conformal prediction": "conformal prediction",
    "rows_of.conformal": "Conformal prediction",
    "report.conformal.interval.heading": "Prediction intervals",
    "report.conformal.set.heading": "Prediction sets",
    "report.conformal.interval": (
        "Conformal intervals at {level}% have a mean width of {network} for the network and {linear} for {name:name}; the "
        "difference is {difference}.",
        "network, linear: mean widths in units of the target, with their intervals",
    ),
    "report.conformal.set": (
        "Conformal sets at {level}% contain on average {network} classes for the network and {linear} for {name:name}; the "
        "difference is {difference}.",
        "network, linear: mean numbers of classes in a set, with their intervals",
    ),
    "report.conformal.none": (
        "Coverage is not shown for any subgroup: each has too few rows, or fewer than ten outcomes that are not covered."
    ),
    "report.conformal.fold": "Coverage by subgroup",
    "report.conformal.table": (
        "Coverage of the network in {shown} of {tested} subgroups: those with the lowest upper CI limits (target: {level}%)"
    ),
    "report.conformal.slice": "Subgroup",
    "report.conformal.coverage": "Coverage [adjusted CI]",
    "report.conformal.interval.width": "Mean width [95% CI]",
    "report.conformal.set.width": "Mean number of classes [95% CI]",
    "report.conformal.rows": "Rows",
    "report.conformal.note.regression": (
        "All intervals have the same width, whatever the values of the row, so coverage tends to be lower in subgroups with "
        "more variable outcomes."
    ),
    "report.conformal.note.count": (
        "The width of an interval is roughly proportional to the square root of the predicted count, as is the standard "
        "deviation of a Poisson count. The mean width is the average number of possible counts (integers) in an interval."
    ),
    "report.conformal.note.set": (
        "Sets contain the most probable classes (adaptive prediction sets, Romano, Sesia and Candès 2020). If the predicted "
        "probabilities are correct, every subgroup has the intended coverage."
    ),
    "report.conformal.note": (
        "The {rows} held-out rows are split into two halves, and the conformal threshold for each half is set on the other "
        "half (split-conformal prediction). About {level}% of all outcomes are therefore covered by construction. Subgroups "
        "with fewer than ten uncovered outcomes are left out. CIs account for sampling error in the thresholds. CIs of "
        "coverage are adjusted for all subgroups compared (Benjamini and Yekutieli 2005).",
        "rows: number of held-out rows",
    ),
    "plot.axis.coverage": "Coverage of the network, adjusted 95% CI",
    "why.conformal.split": (
        "conformal prediction needs rows that the network was not trained on, but it is unknown which rows these are; load "
        "the table with the split that was used to train the network"
    ),
    "why.conformal.few": (
        "conformal prediction needs at least {least} held-out rows or groups of rows (effective number if weighted), but there "
        "are fewer"
    ),
}
