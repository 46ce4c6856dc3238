"""Sentences about proxies of protected columns."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.proxies": "Can {column} be read off the inputs?",
    "report.proxies.lead": (
        "{column} is protected and no input. A linear probe, fitted and asked on different parts of {rows} rows, tells it with "
        "this {metric} (chance is {chance})."
    ),
    "report.proxies.metric.auc": "AUC",
    "report.proxies.metric.r2": "R²",
    "report.proxies.read": "Read off",
    "report.proxies.place.inputs": "all inputs",
    "report.proxies.place.layer": "{name} of the network",
    "report.proxies.place.score": "the network's score",
    "report.proxies.place.column": "{name} alone",
    "report.proxies.ablation": "Without its best proxies",
    # most, least: groups of people
    "report.proxies.gap": (
        "{model}: the gap between {most} and {least}, the groups with the largest and the smallest share or mean prediction, is "
        "{gap}. Columns permuted:"
    ),
    "report.proxies.gap_held_back": (
        "{model}: {most} has the largest share or mean prediction and {least} the smallest; the gap is withheld, because it "
        "would tell of fewer than ten rows. Columns permuted:"
    ),
    "report.proxies.columns": "Permuted",
    "report.proxies.loss": "change of the loss",
    "report.proxies.change": "change of the gap",
    "report.proxies.left": "gap that is left",
}
