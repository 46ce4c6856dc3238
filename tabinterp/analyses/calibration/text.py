"""Sentences about calibration."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.method.summed.calibration": "reliability curves",
    "report.calibration.summed": (
        "The curves are of all held-out rows, which were read in batches; slopes and intercepts are of the {rows} rows drawn."
    ),
    "report.calibration": "Calibration",
    "report.calibration.lead.classes": (
        "Logistic recalibration on {rows} held-out rows: the outcome on the model's log-odds. Calibrated predictions have slope "
        "1; a slope below 1 means that probabilities are too extreme, above 1 that they are too cautious. Calibration in the "
        "large is the intercept with the slope fixed at 1: above 0, probabilities are too low on average, below 0 too high."
    ),
    "report.calibration.lead.regression": (
        "The target on the model's prediction, by least squares, on {rows} held-out rows. Calibrated predictions have slope 1; a "
        "slope below 1 means that predictions are too spread out. Calibration in the large is the mean of target minus "
        "prediction."
    ),
    "report.calibration.lead.count": (
        "Poisson recalibration on {rows} held-out rows: the count on the log of the expected count. Calibrated predictions have "
        "slope 1; a slope below 1 means that predictions are too spread out. Calibration in the large is the intercept with the "
        "slope fixed at 1: above 0, counts are too low on average."
    ),
    "report.calibration.table": "Recalibration slope and calibration in the large [95% interval]",
    "report.calibration.outcome": "Outcome",
    "report.calibration.network.slope": "network slope",
    "report.calibration.network.large": "network in the large",
    "report.calibration.linear.slope": "linear slope",
    "report.calibration.linear.large": "linear in the large",
    "report.calibration.none": (
        "–: the rows do not determine it (fewer than 20 events of the class or of all others, classes that the score separates, "
        "a constant score)."
    ),
    "report.calibration.curve": "Reliability: rows in bins of neighbouring predictions",
    "report.calibration.curve.output": "Reliability of {output}: rows in bins of neighbouring predictions",
    "report.calibration.fold": "Reliability of {output}",
    "report.calibration.bin": "Bin",
    "report.calibration.rows": "rows",
    "report.calibration.predicted": "mean prediction",
    "report.calibration.observed.classes": "observed share [95% interval]",
    "report.calibration.observed.numbers": "mean outcome [95% interval]",
    "report.calibration.name": "{model}, bin {index}",
    "report.calibration.x": "Mean prediction of the bin",
    "report.calibration.y.classes": "Observed share",
    "report.calibration.y.numbers": "Mean outcome",
    "report.calibration.aria": (
        "Reliability curve: what was observed against what was predicted, in {network} bins for the network and {linear} for "
        "the linear model. The 95% interval excludes the prediction in {network_off} and {linear_off} of them."
    ),
    "report.calibration.caption": (
        "On the diagonal predictions come true. At most ten bins of equal size, ten rows at least in each; intervals are of "
        "each bin by itself."
    ),
    "plot.axis.predicted": "mean prediction",
    "plot.axis.observed": "mean outcome, 95% interval",
    # why it does not apply
    "why.whether predictions come true is seen on rows that the models were not trained on": (
        "whether predictions come true is seen on rows that the models were not trained on"
    ),
}
