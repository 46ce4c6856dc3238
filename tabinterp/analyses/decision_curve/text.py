"""Sentences about decision costs and the decision curve."""

from __future__ import annotations

COST = (
    "At costs of {false_positive} for a false positive and {false_negative} for a false negative a row costs {network} with the "
    "network and {other} with {linear:name}: a difference of {value} (95% interval {low} to {high}), "
)

TEXT: dict[str, str] = {
    "verdict.cost.better": COST + "resolved in favour of the network.",
    "verdict.cost.worse": COST + "resolved against the network.",
    "verdict.cost.no": COST + "which is not resolved.",
    "report.judged.decisions": "Decision curve",
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
    # all, none: costs with their intervals
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
    # why it does not apply
    "why.what decisions are worth is seen on rows that the models were not trained on": (
        "what decisions are worth is seen on rows that the models were not trained on"
    ),
    "why.decisions.few": "fewer than {least} groups of held-out rows are too few",
}
