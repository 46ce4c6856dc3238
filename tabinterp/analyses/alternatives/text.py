"""Sentences about less discriminatory alternatives."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.alternatives": "Alternatives considered",
    "report.alternatives.lead": (
        "Both models on {rows} held-out rows, and versions of them that do without a protected column or a proxy: how well each "
        "tells the classes, beside the selection rate of the least over that of the most selected group of each protected column."
    ),
    "report.alternatives.caption": "AUC beside impact ratios",
    "report.alternatives.version": "Version",
    "report.alternatives.auc": "AUC",
    "report.alternatives.ratio": "ratio, {column}",
    "report.alternatives.frontier": "on the frontier of",
    "report.alternatives.whole": "{model}",
    "report.alternatives.held": "{model}, {columns} held at the mean",
    "report.alternatives.refitted": "{model}, fitted again without {columns}",
    "report.alternatives.note": (
        "A version is on the frontier if no other has as large an AUC and as large a ratio, and more of either, by estimates "
        "alone. A network whose column is held at its mean is not one that was trained without it, which may do better. A ratio "
        "of the least to the most of many groups is small by chance too; it leaves out groups whose rates are held back."
    ),
    # why it does not apply
    "why.selection is of two classes, of protected groups, of held-out rows beside training rows": (
        "selection is of two classes, of protected groups, of held-out rows beside training rows"
    ),
}
