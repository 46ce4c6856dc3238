"""Sentences about calibration."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.calibration": "calibration",
    "rows_of.calibration": "Calibration",
    "report.section.calibration": "Calibration and decisions",
    "report.method.summed.calibration": "reliability curves",
    "report.calibration.summed": (
        "Reliability curves use all held-out rows, which were read in batches; slopes and intercepts use the {rows} sampled "
        "rows."
    ),
    "report.calibration": "Calibration",
    "report.calibration.lead.classes": (
        "The outcome is regressed on the model's log-odds (logistic recalibration on {rows} held-out rows). The slope "
        "is 1 for calibrated predictions, below 1 when probabilities are too extreme, and above 1 when they are too "
        "moderate. Calibration in the large is the intercept with the slope fixed at 1: positive when probabilities "
        "are too low on average, negative when they are too high."
    ),
    "report.calibration.lead.regression": (
        "The target is regressed on the model's prediction (least squares on {rows} held-out rows). The slope is 1 "
        "for calibrated predictions and below 1 when predictions are too spread out. Calibration in the large is the "
        "mean target minus the mean prediction."
    ),
    "report.calibration.lead.count": (
        "The count is regressed on the log of the expected count (Poisson recalibration on {rows} held-out rows). The slope "
        "is 1 for calibrated predictions and below 1 when predictions are too spread out. Calibration in the large is the "
        "intercept with the slope fixed at 1: positive when expected counts are too low on average."
    ),
    "report.calibration.table": "Calibration slope and calibration in the large",
    "report.calibration.outcome": "Outcome",
    "report.calibration.network.slope": "Slope, network [95% CI]",
    "report.calibration.network.large": "Calibration in the large, network [95% CI]",
    "report.calibration.linear.slope": "Slope, linear [95% CI]",
    "report.calibration.linear.large": "Calibration in the large, linear [95% CI]",
    "report.calibration.none": (
        "–: not estimated because the class (or all other classes together) has fewer than 20 rows or groups of rows, or because "
        "the score separates the classes perfectly or is constant."
    ),
    "report.calibration.curve": "Observed outcome and mean prediction, by bin of predicted value",
    "report.calibration.curve.output": (
        "Observed share of class “{output}” and mean prediction, by bin of predicted value"
    ),
    "report.calibration.fold": "Reliability curve for class “{output}”",
    "report.calibration.bin": "Bin",
    "report.calibration.rows": "Rows",
    "report.calibration.predicted": "Mean prediction",
    "report.calibration.observed.classes": "Observed share [95% CI]",
    "report.calibration.observed.numbers": "Mean outcome [95% CI]",
    "report.calibration.name": "{model}, bin {index}",
    "report.calibration.x": "Mean prediction in the bin",
    "report.calibration.y.classes": "Observed share",
    "report.calibration.y.numbers": "Mean outcome",
    "report.calibration.aria": (
        "Reliability curve: observed values against mean predictions, in {network} bins for the network and {linear} "
        "bins for the linear counterpart. The 95% CI excludes the mean prediction in {network_off} bins for the "
        "network and {linear_off} for the linear counterpart."
    ),
    "report.calibration.caption": (
        "Points on the diagonal are perfectly calibrated. Rows are grouped by prediction into at most ten bins of about equal "
        "size, each with at least ten rows. The 95% CIs are pointwise."
    ),
    "plot.axis.predicted": "Mean prediction",
    "plot.axis.observed": "Mean outcome, 95% CI",
    # why the analysis does not apply
    "why.whether predictions come true is seen on rows that the models were not trained on": (
        "calibration is measured on held-out rows, but the table has no split; load the table with the "
        "split that was used to train the network"
    ),
}
