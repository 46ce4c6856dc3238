"""Sentences about boosted trees as a reference."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "verdict.reference.worse": (
        "Boosted trees fitted to the same training rows predict better than the network: the network's loss is higher by {value} "
        "(95% interval {low} to {high})."
    ),
    "report.judged.reference": "The network beside boosted trees",
    "report.judged.reference.lead": (
        "Boosted trees (scikit-learn's, {rounds} rounds) on the same {training} training rows and original columns, scored on "
        "the same {rows} held-out rows. They are a reference and not a rival: only the number of rounds was searched, and trees "
        "are not read in this report."
    ),
    "report.judged.reference.better": "The network predicts better than the trees.",
    "report.judged.reference.worse": "The trees predict better: the table holds more than this network has learned.",
    "report.judged.reference.equivalent": "Network and trees are equivalent by the verdict's margin.",
    "report.judged.reference.not_resolved": "The held-out rows do not resolve which of the two is better.",
    "report.judged.reference.table": "Held-out loss of the network and of boosted trees [95% interval]",
    "report.judged.reference.trees": "boosted trees",
    "report.judged.reference.difference": "network − trees",
    # why it does not apply
    "why.they need to know which rows the network was trained on": (
        "they need to know which rows the network was trained on"
    ),
    "why.there are too few training rows for them": ("there are too few training rows for them"),
    "why.some class has no training row": ("some class has no training row"),
    "why.no column has a value in the training rows": ("no column has a value in the training rows"),
    "why.boosted.few": "fewer than {least} held-out rows, or groups of rows, are too few for an interval",
    "why.boosted.groups": "the training rows are of too few groups to choose the number of rounds on groups that were not fitted",
}
