"""What stands beside the verdict: rows that would resolve it, recalibration, costs and thresholds, boosted trees, classes."""

from __future__ import annotations

AFTER = (
    "The verdict is another once both models are recalibrated (cross-fitted on the held-out rows): the network is then {told}, "
    "with a difference in loss of {{value}} (95% interval {{low}} to {{high}})."
)
COST = (
    "At costs of {false_positive} for a false positive and {false_negative} for a false negative a row costs {network} with the "
    "network and {other} with {linear:name}: a difference of {value} (95% interval {low} to {high}), "
)

VERDICT: dict[str, str] = {
    "verdict.rows_needed": (
        "About {needed} held-out rows instead of {rows} would resolve it, if the difference stayed as it is."
    ),
    "verdict.one_value": (
        "All {rows} held-out rows have the same value of the target. Always predicting it would lose nothing, so that these rows "
        "cannot tell which model knows more."
    ),
    "verdict.recalibrated.better": AFTER.format(told="better"),
    "verdict.recalibrated.worse": AFTER.format(told="worse"),
    "verdict.recalibrated.equivalent": AFTER.format(told="equivalent to the linear model"),
    "verdict.recalibrated.not_resolved": AFTER.format(told="neither better nor worse as far as these rows tell"),
    "verdict.cost.better": COST + "resolved in favour of the network.",
    "verdict.cost.worse": COST + "resolved against the network.",
    "verdict.cost.no": COST + "which is not resolved.",
    "verdict.reference.worse": (
        "Boosted trees fitted to the same training rows predict better than the network: the network's loss is higher by {value} "
        "(95% interval {low} to {high})."
    ),
    "verdict.scope.given": (
        "Intervals are over held-out rows, for this one trained network; the margin, {margin}, was given by whoever asked."
    ),
    "verdict.scope.given.groups": (
        "Intervals are over groups of held-out rows, for this one trained network; the margin, {margin}, was given by whoever "
        "asked."
    ),
    "not_assessed.costs": "What decisions cost at costs or a threshold of yours: none were given.",
    # names of metrics
    "report.metric.average_precision": "average precision",
    "report.metric.macro_auc": "ROC AUC, mean of classes",
    "report.metric.balanced_accuracy": "accuracy, mean of classes",
    "report.metric.expected_cost": "expected cost",
    "report.metric.sensitivity": "sensitivity",
    "report.metric.specificity": "specificity",
    "report.unit.average_precision": "share of rows",
    "report.unit.macro_auc": "probability",
    "report.unit.balanced_accuracy": "share of rows",
    "report.performance.delong": (
        "The interval of the difference in ROC AUC is DeLong's (1988); all others are of resamples."
    ),
    "report.performance.no_delong": (
        "The difference in ROC AUC has an interval of resamples: DeLong's takes rows as independent and of equal weight."
    ),
    # the report: single classes
    "report.judged.classes": "Each class against the others",
    "report.judged.classes.table": "Log loss and ROC AUC of each class against all others [95% interval]",
    "report.judged.classes.note": "Classes with fewer than 20 events among the held-out rows are not shown.",
    "report.judged.class": "Class and metric",
    "report.judged.class.row": "{output}: {metric}",
    # the report: recalibration
    "report.judged.recalibration": "After recalibrating both models",
    "report.judged.recalibration.lead": (
        "Class weights, resampling and training for too long shift probabilities without changing what a model knows. Here both "
        "models' scores were mapped anew ({map}), each of {rows} held-out rows by a map fitted on the other {others} of {folds} "
        "folds. Intervals are over {draws}, for these maps."
    ),
    "report.judged.map.binary": "slope and intercept, logistic",
    "report.judged.map.multiclass": "one temperature, and an intercept for each class",
    "report.judged.map.regression": "a straight line, by least squares",
    "report.judged.map.count": "slope and intercept of the log rate, Poisson",
    "report.judged.recalibration.same": "The verdict stays what it was: {status}.",
    "report.judged.recalibration.other": (
        "The verdict was “{before}” and is “{status}” after recalibration: scale made the difference."
    ),
    "report.judged.status.better": "better",
    "report.judged.status.worse": "worse",
    "report.judged.status.equivalent": "equivalent",
    "report.judged.status.not_resolved": "not resolved",
    "report.judged.recalibration.table": "Before and after recalibration [95% interval]",
    "report.judged.when": "Models",
    "report.judged.before": "as they are",
    "report.judged.after": "recalibrated",
    # the report: decisions
    "report.judged.decisions": "What decisions cost",
    "report.judged.policy.costs": (
        "Costs given: {false_positive} for a false positive, {false_negative} for a false negative. They imply calling a row "
        "positive above a probability of {threshold}, which is right for calibrated probabilities."
    ),
    "report.judged.policy.threshold": (
        "Threshold given: a row is called positive above a probability of {threshold}. It implies that a false positive costs "
        "{false_positive} where a false negative costs {false_negative}."
    ),
    "report.judged.policy.both": (
        "Costs given: {false_positive} for a false positive, {false_negative} for a false negative; threshold given: a row is "
        "called positive above a probability of {threshold}."
    ),
    "report.judged.policy.blunt": (
        "Calling every row positive costs {all} a row, calling none {none}: a model that costs more than either is worse than no "
        "model."
    ),
    "report.judged.policy.table": "Both models at this threshold [95% interval]",
    "report.judged.curve.lead": (
        "Net benefit (Vickers and Elkin 2006) on {rows} held-out rows: true positives a row, less false positives at the odds of "
        "the threshold. A threshold is a statement of costs: at 0.2 a false positive is worth a quarter of a true one."
    ),
    "report.judged.curve.x": "Threshold: probability above which a row is called positive",
    "report.judged.curve.y": "Net benefit, true positives per row",
    "report.judged.curve.aria": (
        "Net benefit of both models at {count} thresholds, beside calling all rows positive and none. The network is above the "
        "linear model, the interval of the difference excluding zero, at {above} of them, and below it at {below}."
    ),
    "report.judged.curve.caption": (
        "Bands are 95% intervals at each threshold by itself; the difference of the models is paired, and stands in the table. "
        "Calling none is the line at zero; the curve of calling all is cut where it falls out of the picture. Where fewer than "
        "ten rows are called positive, or fewer than ten are not, a model has no number."
    ),
    "report.judged.curve.table": "Net benefit at each threshold [95% interval]",
    "report.judged.curve.threshold": "Threshold",
    "report.judged.curve.all": "calling all positive",
    "report.judged.legend.network": "network, 95% band",
    "report.judged.legend.linear": "linear, 95% band",
    "report.judged.legend.all": "calling all positive",
    # the report: boosted trees
    "report.judged.reference": "The network beside boosted trees",
    "report.judged.reference.lead": (
        "Boosted trees (scikit-learn's, {rounds} rounds) on the same {training} training rows and original columns, scored on "
        "the same {rows} held-out rows. They are a reference and not a rival: only the number of rounds was searched, and trees "
        "are not read in this report."
    ),
    "report.judged.reference.better": "The network predicts better than the trees.",
    "report.judged.reference.worse": "The trees predict better: the table holds more than this network has learned.",
    "report.judged.reference.equivalent": "Network and trees are equivalent by the verdict's margin.",
    "report.judged.reference.not_resolved": "The held-out rows do not resolve which of the two is better.",
    "report.judged.reference.table": "Held-out loss of the network and of boosted trees [95% interval]",
    "report.judged.reference.trees": "boosted trees",
    "report.judged.reference.difference": "network − trees",
}
