"""Sentences about decision costs and the decision curve."""

from __future__ import annotations

COSTS = (
    "With costs of {false_positive} per false positive and {false_negative} per false negative, the mean cost per row is "
    "{network} for the network and {other} for {linear:name}. "
)
COST = COSTS + (
    "The difference in mean cost per row (network minus {linear:name}) is {value} (95% CI {low} to {high}), "
)

TEXT: dict[str, str] = {
    "step.net benefit": "decision curve",
    "rows_of.decisions": "Decision curve",
    "verdict.cost.better": COST + "significantly in favour of the network.",
    "verdict.cost.worse": COST + "significantly in favour of {linear:name}.",
    "verdict.cost.no": COST + "which is not significant.",
    "verdict.cost.withheld": COSTS
    + (
        "The difference in mean cost per row (network minus {linear:name}) is {value}. Its 95% CI is withheld, because it would "
        "disclose a count below {fewest}."
    ),
    "report.judged.decisions": "Decision curve",
    "report.judged.policy.costs": (
        "The specified costs are {false_positive} per false positive and {false_negative} per false negative. With these "
        "costs, the optimal threshold for calibrated probabilities is {threshold}: rows with a higher probability are "
        "predicted to be positive."
    ),
    "report.judged.policy.threshold": (
        "Rows with a probability above the specified threshold, {threshold}, are predicted to be positive. This threshold "
        "implies a cost of {false_positive} per false positive when a false negative costs {false_negative}."
    ),
    "report.judged.policy.both": (
        "The specified costs are {false_positive} per false positive and {false_negative} per false negative. Rows with a "
        "probability above the specified threshold, {threshold}, are predicted to be positive."
    ),
    # all, none: costs with their intervals
    "report.judged.policy.blunt": (
        "Predicting every row to be positive costs {all} per row, and predicting every row to be negative costs {none}. A model "
        "that costs more than the cheaper of these two policies is worse than using no model."
    ),
    "report.judged.policy.table": "Expected cost and classification rates of both models at the decision threshold [95% CI]",
    "report.judged.curve.lead": (
        "Net benefit (Vickers and Elkin 2006) is the number of true positives per row, minus the number of false "
        "positives per row weighted by the odds of the threshold. Estimates use {rows} held-out rows. A threshold "
        "expresses relative costs: at 0.2, four false positives offset one true positive."
    ),
    "report.judged.curve.x": "Threshold probability",
    "report.judged.curve.y": "Net benefit (true positives per row)",
    "report.judged.curve.aria": (
        "Net benefit of both models at {count} thresholds, compared with classifying all rows, or none, as positive. The "
        "net benefit of the network is significantly higher than that of the linear counterpart at {above} thresholds and "
        "significantly lower at {below}."
    ),
    "report.judged.curve.caption": (
        "Bands are pointwise 95% CIs; the table shows the paired difference between the models. Classifying every row "
        "as negative has a net benefit of zero. The curve for classifying every row as positive is cut off at "
        "the edge of the figure. Net benefit is not shown where it would disclose a count below ten."
    ),
    "report.judged.curve.widened": (
        "At some thresholds, the exact CI of a paired difference in net benefit would disclose a count of rows below "
        "ten. At these thresholds, the CI is withheld or is based on an upper bound on the number of rows on which "
        "the models disagree. At thresholds where the models make the same predictions, the CI is based on the rule "
        "of three, or is omitted if rows are weighted or grouped."
    ),
    "report.judged.curve.table": "Net benefit at each threshold [95% CI]",
    "report.judged.curve.threshold": "Threshold",
    "report.judged.curve.all": "All predicted positive",
    "report.judged.legend.network": "Network, 95% band",
    "report.judged.legend.linear": "Linear, 95% band",
    "report.judged.legend.all": "All predicted positive",
    # why the analysis does not apply
    "why.what decisions are worth is seen on rows that the models were not trained on": (
        "net benefit is measured on held-out rows, but the table has no split; load the table with the "
        "split that was used to train the network"
    ),
    "why.decisions.few": "net benefit needs at least {least} held-out rows or groups of rows, but there are fewer",
}
