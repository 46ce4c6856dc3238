"""The sections on the rows alone and on what the network does off them."""

from __future__ import annotations

DATA: dict[str, str] = {
    "report.section.data": "Data",
    "report.section.off-data": "Beyond the data",
    "report.data.lead": (
        "Read off all {rows} rows, without asking a model. Counts from 1 to 9 are not printed. {metric} of a column alone: "
        "cross-fitted in training, so that no row is told by itself; chance is {chance}."
    ),
    "report.data.auc": "AUC",
    "report.data.r2": "R²",
    "report.data.copies": "Rows that stand twice",
    "report.data.what": "Compared",
    "report.data.by_inputs": "input columns",
    "report.data.by_whole": "all columns",
    "report.data.repeated": "Equal to an earlier row",
    "report.data.across": "Held out, equal to a training row",
    "report.data.few": "<10",
    "report.data.whole": (
        "Held-out rows are told from training rows by gradient-boosted trees with an AUC of {value} ({rows} rows;"
        " chance is 0.5)."
    ),
    "report.data.equal": "Columns that tell the same: {families}.",
    "report.data.power": "What each column tells of the target alone",
    "report.data.withheld": "Single columns are not compared with the target on held-out rows: {reason}.",
    "report.data.power.table": "{metric} of the target from one column [95% interval]",
    "report.data.training": "Training",
    "report.data.held_out": "Held out",
    "report.data.fall": "Training − held out",
    "report.data.correlation": "Correlation",
    "report.data.drift": "Drift from training to held-out rows",
    "report.data.drift.table": "How far the shares of each column differ",
    "report.data.psi": "PSI",
    "report.data.q": "q",
    "report.data.drift.note": (
        "PSI: population stability index over deciles or levels; above 0.1 is commonly called some, above 0.25 much. q: of a "
        "chi-squared test that the shares are the same, corrected over the columns (Benjamini-Hochberg)."
    ),
    "report.data.beyond": "What the strongest columns add to all others ({metric}, gradient-boosted trees)",
    "report.data.every": "All columns",
    "report.data.without": "Without it",
    "report.data.gain": "Gain",
    "report.data.contents": "Levels, codes and heaps",
    "report.data.distinct": "Distinct",
    "report.data.rare": "Rare levels",
    "report.data.unseen": "Held-out rows of unseen levels",
    "report.data.remarks": "Remarks",
    "report.data.remark.ordered": "rises or falls with the row's number",
    "report.data.remark.counts rows": "counts rows",
    "report.data.remark.one each": "another value in every row",
    "report.data.remark.spike": "{value} in {rows} rows, apart from the others",
    "report.data.remark.low": "{rows} rows ({percent}) exactly at the least value, {value}",
    "report.data.remark.high": "{rows} rows ({percent}) exactly at the greatest value, {value}",
    "report.data.contents_fold": "Columns that hold something to look at ({count})",
    "report.data.more": "The other columns ({count})",
    "report.off.support": "Rows that do not occur",
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
    "report.off.range": "One range beyond the data",
    "report.off.range.table": "Change of the score one range beyond the data, in ranges of the score [95% interval]",
    "report.off.range.lead": (
        "Each number goes from the 0.5% or 99.5% quantile of the training rows (of all rows without a split) as far "
        "again as both lie apart ({rows} rows). Mean absolute change of the score, in ranges of the scores of the rows; "
        "a linear model stays below 1."
    ),
    "report.off.change": "Change",
    "report.off.outside": "Held-out rows outside the training range",
    "report.off.skipped": "The encoder takes no value beyond those it knows: {columns}.",
    "report.findings.next": "Next: {text}",
    "report.findings.blind": "It cannot see: {text}",
}
