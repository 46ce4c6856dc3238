"""Sentences about boosted trees as a reference."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.boosted trees as a reference": "comparison with boosted trees",
    "rows_of.trees_fitted": "Boosted trees: fit",
    "rows_of.trees": "Boosted trees: evaluation",
    "verdict.reference.worse": (
        "Boosted trees fitted to the same training rows predict better than the network: the network's loss is {value} "
        "higher (95% CI {low} to {high})."
    ),
    "report.judged.reference": "Comparison with boosted trees",
    "report.judged.reference.lead": (
        "Boosted trees (scikit-learn, {rounds} rounds) were fitted to the original columns of the same {training} "
        "training rows and scored on the same {rows} held-out rows. The trees serve only as a reference: no setting "
        "other than the number of rounds was tuned, and this report does not explain the trees."
    ),
    "report.judged.reference.better": (
        "The network predicts significantly better than boosted trees (lower held-out loss)."
    ),
    "report.judged.reference.worse": (
        "Boosted trees predict significantly better than the network (lower held-out loss), so the data "
        "contain signal that the network has not learned."
    ),
    "report.judged.reference.equivalent": (
        "The difference in held-out loss between the network and boosted trees is negligible (smaller than "
        "the equivalence margin)."
    ),
    "report.judged.reference.not_resolved": (
        "The difference in held-out loss between the network and boosted trees is not significant."
    ),
    "report.judged.reference.table": "Held-out loss of the network and of boosted trees [95% CI]",
    "report.judged.reference.trees": "Boosted trees",
    "report.judged.reference.difference": "Network − trees",
    # why the analysis does not apply
    "why.they need to know which rows the network was trained on": (
        "it is unknown which rows the network was trained on; load the table with the split that was used to train the network"
    ),
    "why.there are too few training rows for them": (
        "there are too few training rows to fit boosted trees, or the table has no input columns"
    ),
    "why.some class has no training row": "boosted trees need training rows of every class, and at least one class has none",
    "why.no column has a value in the training rows": "all input columns are empty in the training rows",
    "why.boosted.few": (
        "the comparison with boosted trees needs at least {least} held-out rows or groups of rows for a confidence "
        "interval, but there are fewer"
    ),
    "why.boosted.groups": (
        "there are too few groups of training rows to choose the number of boosting rounds, because some groups must "
        "be left out of the fit"
    ),
}
