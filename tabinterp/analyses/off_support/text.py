"""Sentences about the network away from real rows."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.comparison of perturbed and real rows": "comparison of perturbed and real rows",
    "rows_of.off_support": "Perturbed and real rows",
    "report.section.off-data": "Beyond the data",
    "report.off.support": "Perturbed rows",
    # output: report.off.support.output, or nothing; auc, real, perturbed, gap: with their intervals
    "report.off.support.lead": (
        "In the {rows} perturbed rows, half of the cells come from other rows.{output} Boosted trees separate "
        "perturbed from real rows with an AUC of {auc}. Boosted trees also predict the network's score on real rows: "
        "the R² is {real} when they are fitted to real rows and {perturbed} when they are fitted to perturbed rows "
        "(difference {gap}). A large difference suggests that the network behaves differently on unrealistic rows. "
        "Brackets contain 95% CIs."
    ),
    "report.off.support.output": " The score is that of output “{output}”.",
    "report.off.swaps": (
        "Columns: mean absolute change in score when the column's value is taken from another row, in SDs of the score"
    ),
    "report.off.permuted": "Any row [95% CI]",
    "report.off.swapped": "Most similar row [95% CI]",
    "report.off.swaps.note": (
        "Columns are sorted by change in score, largest first. Values taken from any row can create rows that do not "
        "occur; rows created with values from the row that is most similar in all other columns are more realistic. "
        "If the change in score is much smaller with values from the most similar row, the column affects the score "
        "mainly on unrealistic rows, or is correlated with other columns."
    ),
    # why it does not apply
    "why.the score is the same on every row": "the score is the same in every row",
    "why.offsupport.few": "at least {least} rows and two columns are needed",
}
