"""Sentences about residuals: by prediction, by observed value, and by size."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.residuals": "residuals",
    "reading.residuals": "Residuals",
    "report.section.residuals": "Residuals",
    "report.residuals.residuals": "Residuals by prediction",
    "report.residuals.observed": "Predicted and observed values",
    "report.residuals.errors": "Distribution of errors",
    "report.residuals.axis.residuals.x": "Prediction",
    "report.residuals.axis.residuals.y": "Residual",
    "report.residuals.axis.observed.x": "Observed value",
    "report.residuals.axis.observed.y": "Prediction",
    "report.residuals.axis.errors.x": "Residual (observed minus predicted)",
    "report.residuals.axis.errors.y": "Share of rows",
    "report.residuals.legend.network": "Network: mean, 95% CI, middle {percent}% of rows",
    "report.residuals.legend.linear": "Linear: mean, 95% CI, middle {percent}% of rows",
    "report.residuals.caption.residuals": (
        "Rows are grouped by prediction. A mean residual above zero shows that predictions are too low on average. A "
        "band that widens towards larger predictions means that errors grow with the prediction."
    ),
    "report.residuals.caption.observed": (
        "Rows are grouped by observed value. Even for a good model, predictions are on average less extreme "
        "than the observed values."
    ),
    "report.residuals.caption.errors": (
        "Filled bars show the network and outlined bars the linear counterpart. The outermost bars include all "
        "larger errors."
    ),
    "report.residuals.aria.residuals": (
        "Residuals by prediction. In the bin with the lowest predictions, the mean residual is {network_low} "
        "for the network and {linear_low} for the linear counterpart. In the bin with the highest "
        "predictions, the mean residual is {network_high} for the network and {linear_high} for the linear "
        "counterpart."
    ),
    "report.residuals.aria.observed": (
        "Predictions by observed value. In the bin with the lowest observed values, the mean prediction is "
        "{network_low} for the network and {linear_low} for the linear counterpart. In the bin with the "
        "highest observed values, the mean prediction is {network_high} for the network and {linear_high} "
        "for the linear counterpart."
    ),
    "report.residuals.aria.errors": "Distribution of the residuals of both models.",
    "report.residuals.bins": "Bin",
    "report.residuals.bin": "Bin {index}",
    "report.residuals.bin.of": "{model}, bin {index}",
    "report.residuals.at.residuals": "mean prediction",
    "report.residuals.at.observed": "mean observed value",
    "report.residuals.mean.residuals": "mean residual [95% CI]",
    "report.residuals.mean.observed": "mean prediction [95% CI]",
    "report.residuals.quantile": "{percent}% quantile",
    "report.residuals.rows": "rows",
    "report.residuals.table.residuals": "Residuals by bin of predicted value",
    "report.residuals.table.observed": "Predictions by bin of observed value",
    "report.residuals.table.errors": "Share of rows by residual",
    "report.residuals.table.absolute": "Quantiles of the absolute error, in units of the target [95% CI]",
    "report.residuals.absolute": "Absolute error",
    "report.residuals.half": (
        "Half of the absolute errors are smaller than {network} for the network and {linear} for {name:name}, in "
        "units of the target.",
        "network, linear: numbers with their 95% intervals; name: of the linear model",
    ),
    "report.residuals.most": (
        "Nine in ten absolute errors are smaller than {network} for the network and {linear} for {name:name}.",
        "follows report.residuals.half",
    ),
    "report.residuals.between": "{low} to {high}",
    "report.residuals.below": "below {high}",
    "report.residuals.above": "{low} and above",
    "report.residuals.note": (
        "Residuals are observed minus predicted values on {rows} rows. Each bin has at least 40 rows. Intervals for means use "
        "Student's t. Intervals for the quantiles of the absolute error come from {resamples} paired bootstrap resamples of the "
        "rows (seed {seed}). Each of these quantiles is estimated as the mean of the ten errors around it, and is shown only if "
        "at least ten rows lie on each side of it."
    ),
    # why it does not apply
    "why.residuals.classes": (
        "residuals are computed only for numeric and count targets, but this target is categorical"
    ),
    "why.residuals.few": "residuals are not shown, because fewer than {least} rows (the minimum for a bin) have positive weight",
}
