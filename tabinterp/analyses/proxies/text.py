"""Sentences about proxies of protected columns."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.proxies of protected columns": "proxies of protected columns",
    "rows_of.proxies": "Proxies of protected columns",
    "report.proxies": "Can inputs predict {column}?",
    "report.proxies.lead": (
        "{column} is protected and is not an input. Linear probes, cross-fitted on {rows} rows, measure how well "
        "{column} can be predicted from each of the sources listed below ({metric}; the chance level is {chance})."
    ),
    "report.proxies.metric.auc": "AUC",
    "report.proxies.metric.r2": "R²",
    "report.proxies.table": "{metric} when {column} is predicted from each source [95% CI]",
    "report.proxies.read": "Predicted from",
    "report.proxies.place.inputs": "all inputs",
    "report.proxies.place.layer": "{name} of the network",
    "report.proxies.place.score": "score of the network",
    "report.proxies.place.column": "{name} alone",
    "report.proxies.ablation": (
        "Change in the loss and in the gap between groups (selection rate or mean prediction) when the best proxies "
        "are permuted [95% CI]"
    ),
    # most, least: groups of people
    "report.proxies.gap": (
        "{model}: the gap in selection rate or mean prediction between {most} (largest) and {least} (smallest) is "
        "{gap}."
    ),
    "report.proxies.gap_held_back": (
        "{model}: {most} has the largest selection rate or mean prediction and {least} the smallest. The gap between the "
        "two groups is withheld, because it could reveal a count below ten."
    ),
    "report.proxies.columns": "Permuted columns",
    "report.proxies.loss": "Change in loss",
    "report.proxies.change": "Change in gap",
    "report.proxies.left": "Remaining gap",
}
