"""Sentences about the network away from real rows."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.section.off-data": "Beyond the data",
    "report.off.support": "Rows that do not occur",
    # output: report.off.support.output, or nothing; auc, real, perturbed, gap: with their intervals
    "report.off.support.lead": (
        "Perturbed rows: half of the cells come from other rows ({rows} rows{output}). Trees tell them from real rows with an "
        "AUC of {auc}. Of the score on real rows, trees fitted to it on real rows explain {real} (R²), trees fitted to it on "
        "perturbed rows {perturbed}; difference {gap}. A large difference says that the network follows another rule where no "
        "real row is."
    ),
    "report.off.support.output": ", output {output}",
    "report.off.swaps": "Change of the score when a column comes from another row, in standard deviations of the score",
    "report.off.permuted": "Any row",
    "report.off.swapped": "Most similar row",
    "report.off.swaps.note": (
        "Mean absolute change, the largest first. Any row makes rows that do not occur; the row most similar in all other "
        "columns hardly does. "
        "A column that falls far behind in the second matters mostly where no row is, or goes with the others."
    ),
    # why it does not apply
    "why.the score is the same on every row": ("the score is the same on every row"),
    "why.offsupport.few": "it takes at least {least} rows and two columns",
}
