"""Sentences about recalibration."""

from __future__ import annotations

AFTER = (
    "Recalibrating both models (cross-fitted on the held-out rows) changes the verdict: {then} (difference in loss, network "
    "minus linear: {{value}}, 95% CI {{low}} to {{high}})."
)

TEXT: dict[str, str] = {
    "step.recalibration": "recalibration",
    "rows_of.recalibration": "Recalibration",
    "verdict.recalibrated.better": AFTER.format(then="the network is then significantly better"),
    "verdict.recalibrated.worse": AFTER.format(then="the network is then significantly worse"),
    "verdict.recalibrated.equivalent": AFTER.format(then="the difference between the models is then negligible"),
    "verdict.recalibrated.not_resolved": AFTER.format(then="the difference between the models is then not significant"),
    "report.judged.recalibration": "Comparison after recalibration",
    # map: report.judged.map; others: one fold less than folds; draws: "rows" or "groups of rows" (report.draws)
    "report.judged.recalibration.lead": (
        "Weighting, resampling and overtraining can distort the scale of predictions. Both models are therefore recalibrated "
        "({map}) by {folds}-fold cross-fitting on {rows} held-out rows: the predictions in each fold are recalibrated with "
        "parameters estimated on the other {others} folds. Intervals reflect the sampling of {draws} and treat these parameters "
        "as fixed."
    ),
    "report.judged.map.binary": "logistic, with slope and intercept",
    "report.judged.map.multiclass": "one temperature, and one intercept per class",
    "report.judged.map.regression": "least-squares line",
    "report.judged.map.count": "Poisson, with slope and intercept on the log-rate scale",
    # status: report.judged.status
    "report.judged.recalibration.same": "Recalibration does not change the verdict, which remains “{status}”.",
    "report.judged.recalibration.other": "Recalibration changes the verdict from “{before}” to “{status}”.",
    "report.judged.recalibration.table": "Metrics of both models before and after recalibration [95% CI]",
    "report.judged.when": "Models",
    "report.judged.before": "As trained",
    "report.judged.after": "Recalibrated",
    # why it does not apply
    "why.models are recalibrated on rows that they were not trained on": (
        "recalibration needs a verdict on held-out rows, and there is none"
    ),
    "why.recalibration.few": (
        "there are too few held-out rows; recalibration needs at least {least} rows in each fold, and at least "
        "{least} independent rows or groups of rows in total"
    ),
}
