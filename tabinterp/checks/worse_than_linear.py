"""Check whether the network predicts worse than its linear counterpart on held-out rows."""

from __future__ import annotations

from tabinterp.checks.shared.document_values import largest_loss, performance_withheld, scored_events
from tabinterp.checks.shared.power import Z_CHANCE, beyond, reach, smallest_effect, with_power
from tabinterp.document.document import Document

from .base import WITHHELD, Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    verdict, linear = document.verdict, document.linear.name
    if verdict.status == "not_assessed":
        return performance_withheld(document) or not_applicable()
    difference, margin = verdict.difference, verdict.margin or 0.0
    if difference.low is None or difference.high is None:
        return not_applicable("few")
    if verdict.status == "worse":
        values = {"linear": linear, "value": difference.value, "low": difference.low, "high": difference.high}
        if difference.low >= margin:
            return raised(**values, margin=margin)
        return Outcome("raised", "raised_unclear", values | {"margin": margin}, lesser=True)
    passed = cleared(linear=linear)
    if difference.high > 0:
        passed = Outcome("cleared", "cleared_open", {"linear": linear, "high": difference.high})
    if difference.stderr is None:
        return passed
    # The verdict is "worse" if the interval is above zero and extends beyond the margin.
    effect = max(beyond(0.0, difference), margin - reach(difference) + Z_CHANCE * difference.stderr)
    power = smallest_effect("loss", effect, document.performance.rows, scored_events(document))
    return with_power(passed, power, *largest_loss(document))


CHECK = Check(
    code="TI-P01",
    slug="worse-than-linear",
    severity="act",
    lesser_severity="check",
    section="performance",
    evaluate=evaluate,
    text=Text(
        title="Worse than the linear counterpart",
        measures=(
            "the paired difference in held-out loss between the network and the linear counterpart (network minus "
            "counterpart)."
        ),
        limitations="Does not show whether a different network would perform better.",
        raised_when=(
            "the network's held-out loss is significantly higher than that of the linear counterpart, and the 95% "
            "interval for the difference extends beyond the equivalence margin. The severity is “action required” if "
            "the whole interval lies beyond the margin, and “review” otherwise."
        ),
        next=(
            "Use the linear counterpart, or retrain the network, for example with more data, a different size or "
            "earlier stopping."
        ),
        claims={
            "raised": (
                (
                    "The network predicts worse than {linear:name}: its held-out loss is {value} higher (95% CI "
                    "{low} to {high}). Differences in held-out loss below {margin} are treated as negligible."
                ),
                "linear: such as 'logistic regression'; value, low, high, margin: differences in loss",
            ),
            "raised_unclear": (
                (
                    "The network predicts worse than {linear:name}, but the difference may be negligible: its "
                    "held-out loss is {value} higher (95% CI {low} to {high}), and differences in held-out loss "
                    "below {margin} are treated as negligible."
                ),
                "linear: such as 'logistic regression'; value, low, high, margin: differences in loss",
            ),
            "cleared": (
                (
                    "The network's held-out loss is not higher than that of {linear:name}: the 95% interval for the "
                    "difference does not extend above zero."
                ),
                "linear: such as 'logistic regression'",
            ),
            "cleared_open": (
                (
                    "The network was not shown to predict worse than {linear:name}: its held-out loss is at most "
                    "{high} higher (upper end of the 95% interval for the difference)."
                ),
                "linear: such as 'logistic regression'; high: a difference in loss",
            ),
            "not_applicable": "Not applicable: there are no held-out rows. Supply a split to compare the models.",
            "few": (
                "Not applicable: with fewer than ten held-out rows or groups of rows, the difference in loss has no "
                "confidence interval."
            ),
            "withheld": WITHHELD,
        },
    ),
)
