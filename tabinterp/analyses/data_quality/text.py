"""Sentences about data quality: duplicates, leaks, drift and the contents of columns."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.method.summed.drift": "drift of single columns",
    "report.data.lead.drawn": (
        "Read off the {rows} rows drawn, without asking a model. Counts from 1 to 9 are not printed. {metric} of a column alone: "
        "cross-fitted in training, so that no row is told by itself; chance is {chance}."
    ),
    "report.data.drift.rows": (
        "Of all {rows} rows, which were read in batches. Cells are cut on the training rows drawn."
    ),
    "report.section.data": "Data",
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
    "plot.axis.power": "how well the column alone tells the target ({metric}), 95% interval",
}
