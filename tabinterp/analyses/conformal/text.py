"""Sentences about conformal prediction."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.conformal prediction": "conformal prediction",
    "rows_of.conformal": "Conformal prediction",
    "report.conformal.heading": "Prediction intervals",
    "report.conformal.interval": (
        "Conformal intervals at {level}% have a mean width of {network} for the network and {linear} for {name:name} (difference "
        "{difference}). The network's intervals cover {coverage} of the outcomes.",
        "network, linear: mean widths in units of the target; coverage: a share with its interval",
    ),
    "report.conformal.set": (
        "Conformal sets at {level}% hold on average {network} classes for the network and {linear} for {name:name} (difference "
        "{difference}). The network's sets cover {coverage} of the outcomes.",
        "network, linear: mean numbers of classes in a set; coverage: a share with its interval",
    ),
    "report.conformal.none": "Coverage in subgroups is not shown: in none of them are at least ten outcomes not covered.",
    "report.conformal.fold": "Coverage by subgroup",
    "report.conformal.table": (
        "Coverage of the network in {shown} of {tested} subgroups: those with the lowest upper limits ({level}% is intended)"
    ),
    "report.conformal.slice": "Subgroup",
    "report.conformal.coverage": "Coverage [adjusted CI]",
    "report.conformal.interval.width": "Mean width",
    "report.conformal.set.width": "Mean number of classes",
    "report.conformal.rows": "Rows",
    "report.conformal.note": (
        "Each half of the held-out rows sets the threshold for the other half (split-conformal prediction). Subgroups in which "
        "fewer than ten outcomes are not covered are left out. CIs are adjusted for all subgroups compared (Benjamini and "
        "Yekutieli 2005) and take the thresholds as given."
    ),
    "why.conformal.split": (
        "conformal prediction needs rows that the network was not trained on, and none are known; read the table with the split "
        "used to train the network"
    ),
    "why.conformal.few": "conformal prediction needs {least} held-out rows or groups of rows, and there are fewer",
}
