"""Sentences about the network's behaviour away from real rows."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.comparison of perturbed and real rows": "comparison of perturbed and real rows",
    "rows_of.off_support": "Perturbed and real rows",
    "report.section.off-data": "Beyond the data",
    "report.off.support": "Perturbed rows",
    # output: report.off.support.output, or nothing; auc, real, perturbed, gap: with their intervals
    "report.off.support.lead": (
        "In the {rows} perturbed rows, half of the cells come from other rows.{output} Boosted trees trained to "
        "distinguish perturbed from real rows reach an AUC of {auc}. Other boosted trees predict the network's score. "
        "On real rows, their R² is {real} if they are fitted to real rows and {perturbed} if they are fitted to "
        "perturbed rows, a difference of {gap}. A large difference suggests that the network behaves differently on unrealistic "
        "rows."
    ),
    "report.off.support.output": " The score is that of the output “{output}”.",
    "report.off.swaps": (
        "Mean absolute change in score, in SDs of the score, when the value of a column is taken from another row"
    ),
    "report.off.permuted": "Any row [95% CI]",
    "report.off.swapped": "Most similar row [95% CI]",
    "report.off.swaps.note": (
        "Columns are sorted by change in score, largest first. “Any row” takes the column's value from an arbitrary "
        "row, which can create a row that does not occur in practice. “Most similar row” takes the value from the row "
        "that is most similar in all other columns, which creates a more realistic row. If the change in score is "
        "much smaller with a value from the most similar row than with one from an arbitrary row, the column affects "
        "the score mainly on unrealistic rows, or is correlated with other columns."
    ),
    # why it does not apply
    "why.the score is the same on every row": "the score is the same for every row",
    "why.offsupport.few": (
        "the analysis of perturbed rows needs at least {least} rows and two input columns, but there are fewer rows or "
        "columns"
    ),
}
