"""Sentences about recalibration."""

from __future__ import annotations

AFTER = (
    "The verdict is another once both models are recalibrated (cross-fitted on the held-out rows): the network is then {told}, "
    "with a difference in loss of {{value}} (95% interval {{low}} to {{high}})."
)

TEXT: dict[str, str] = {
    "verdict.recalibrated.better": AFTER.format(told="better"),
    "verdict.recalibrated.worse": AFTER.format(told="worse"),
    "verdict.recalibrated.equivalent": AFTER.format(told="equivalent to the linear model"),
    "verdict.recalibrated.not_resolved": AFTER.format(told="neither better nor worse as far as these rows tell"),
    "report.judged.recalibration": "After recalibrating both models",
    # map: report.judged.map; others: one fold less than folds; draws: "rows" or "groups of rows" (report.draws)
    "report.judged.recalibration.lead": (
        "Class weights, resampling and training for too long shift probabilities without changing what a model knows. Here both "
        "models' scores were mapped anew ({map}), each of {rows} held-out rows by a map fitted on the other {others} of {folds} "
        "folds. Intervals are over {draws}, for these maps."
    ),
    "report.judged.map.binary": "slope and intercept, logistic",
    "report.judged.map.multiclass": "one temperature, and an intercept for each class",
    "report.judged.map.regression": "a straight line, by least squares",
    "report.judged.map.count": "slope and intercept of the log rate, Poisson",
    # status: report.judged.status
    "report.judged.recalibration.same": "The verdict stays what it was: {status}.",
    "report.judged.recalibration.other": (
        "The verdict was “{before}” and is “{status}” after recalibration: scale made the difference."
    ),
    "report.judged.recalibration.table": "Before and after recalibration [95% interval]",
    "report.judged.when": "Models",
    "report.judged.before": "as they are",
    "report.judged.after": "recalibrated",
    # why it does not apply
    "why.models are recalibrated on rows that they were not trained on": (
        "models are recalibrated on rows that they were not trained on"
    ),
    "why.recalibration.few": "a fold of fewer than {least} held-out rows is too small to score",
}
