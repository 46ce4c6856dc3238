"""Sentences about data quality: duplicates, leaks, drift and the contents of columns."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.data quality checks": "data quality checks",
    "rows_of.table": "Data quality",
    "report.method.summed.drift": "drift of each column",
    "report.data.lead.drawn": (
        "The results in this section use the {rows} sampled rows and do not depend on either model. Counts from 1 to 9 are "
        "withheld. The {metric} with which a single column predicts the target is cross-fitted on training rows, so no row "
        "contributes to its own prediction; the chance level is {chance}."
    ),
    "report.data.drift.rows": (
        "Drift is computed on all {rows} rows, which were read in batches. The bins are determined from the sampled "
        "training rows."
    ),
    "report.section.data": "Data quality",
    "report.data.lead": (
        "The results in this section use all {rows} rows and do not depend on either model. Counts from 1 to 9 are "
        "withheld. The {metric} with which a single column predicts the target is cross-fitted on training rows, so no row "
        "contributes to its own prediction; the chance level is {chance}."
    ),
    "report.data.auc": "AUC",
    "report.data.r2": "R²",
    "report.data.copies": "Duplicate rows, compared by input columns and by all columns",
    "report.data.what": "Compared by",
    "report.data.by_inputs": "Input columns",
    "report.data.by_whole": "All columns",
    "report.data.repeated": "Duplicates of an earlier row",
    "report.data.across": "Held-out duplicates of training rows",
    "report.data.few": "<10",
    "report.data.whole": (
        "Gradient-boosted trees were trained to distinguish held-out rows from training rows by the network's input columns. "
        "On {rows} rows, their AUC is {value}; 0.5 is expected if both sets of rows come from the same population."
    ),
    "report.data.equal": "Columns with the same information: {families}.",
    "report.data.power": "Single-column predictive power",
    "report.data.withheld": "Predictive power of single columns on held-out rows is not shown: {reason}.",
    "report.data.power.table": "{metric} when the target is predicted from each column alone [95% CI]",
    "report.data.training": "Training",
    "report.data.held_out": "Held out",
    "report.data.fall": "Training − held out",
    "report.data.correlation": "Correlation with target",
    "report.data.drift": "Column drift",
    "report.data.drift.table": "Difference between training and held-out rows in the distribution of each column",
    "report.data.psi": "PSI",
    "report.data.q": "q-value",
    "report.data.drift.note": (
        "PSI is the population stability index over deciles or levels; values above 0.1 are commonly called a moderate shift "
        "and values above 0.25 a large shift. The q-value comes from a chi-squared test of equal distributions, corrected for "
        "the number of columns (Benjamini-Hochberg)."
    ),
    "report.data.beyond": (
        "Gain in {metric} from each of the strongest columns when all other input columns are already used "
        "(gradient-boosted trees) [95% CI]"
    ),
    "report.data.every": "All columns",
    "report.data.without": "Without the column",
    "report.data.gain": "Gain",
    "report.data.contents": "Levels, special values and identifiers in each column",
    "report.data.distinct": "Distinct values",
    "report.data.rare": "Rare levels",
    "report.data.unseen": "Held-out rows with unseen levels",
    "report.data.remarks": "Remarks",
    "report.data.remark.ordered": "increases or decreases with the row number",
    "report.data.remark.counts rows": "consecutive row numbers",
    "report.data.remark.one each": "a different value in every row",
    "report.data.remark.spike": "{rows} rows have the value {value}, which is isolated from all other values",
    "report.data.remark.low": "{rows} rows ({percent}) are exactly at the minimum, {value}",
    "report.data.remark.high": "{rows} rows ({percent}) are exactly at the maximum, {value}",
    "report.data.contents_fold": "Columns to review ({count})",
    "report.data.more": "Other columns ({count})",
    "plot.axis.power": "Predictive power of the column alone ({metric}), 95% CI",
}
