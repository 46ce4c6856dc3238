"""Check whether boosted trees, fitted to the same training rows, predict better than the network by more than the verdict's
margin.
"""

from __future__ import annotations

from tabinterp.analyses.boosted_trees.record import Reference
from tabinterp.checks.shared.document_values import largest_loss, scored_events
from tabinterp.checks.shared.power import beyond, smallest_effect, with_power
from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    trees = document.get(Reference)
    if trees is None or trees.difference.low is None or trees.difference.high is None:
        return not_applicable()
    difference, margin = trees.difference, document.verdict.margin or 0.0
    values = {"value": difference.value, "low": difference.low, "high": difference.high, "margin": margin}
    if trees.status == "worse" and difference.low is not None and difference.low >= margin:
        return raised(percent=100 * (difference.value or 0.0) / (trees.network.value or 1.0), **values)
    passed = cleared(**values)
    if difference.stderr is None:
        return passed
    power = smallest_effect("loss", beyond(margin, difference), trees.rows, scored_events(document))
    return with_power(passed, power, *largest_loss(document))


CHECK = Check(
    code="TI-P06",
    slug="trees-win",
    severity="check",
    section="gain",
    evaluate=evaluate,
    text=Text(
        title="Outperformed by boosted trees",
        measures=(
            "the paired difference in held-out loss between the network and gradient-boosted trees fitted to the "
            "same training rows (network minus trees)."
        ),
        limitations=(
            "Does not show what structure in the data the trees capture, or whether tuned trees would perform even "
            "better."
        ),
        raised_when=(
            "the network's held-out loss is higher than that of boosted trees, and the whole 95% interval for the "
            "difference lies beyond the equivalence margin."
        ),
        next=(
            "Look for thresholds and interactions that the network misses. Retrain the network with a different size "
            "or for longer, or document why boosted trees are not used."
        ),
        claims={
            "raised": (
                (
                    "Boosted trees predict better than the network: their held-out loss is {value} lower (95% CI "
                    "{low} to {high}), a reduction of {percent}%. Differences in held-out loss below {margin} are "
                    "treated as negligible."
                ),
                ("value, low, high: network minus trees, and the ends of the interval; margin: a difference in loss"),
            ),
            "cleared": (
                (
                    "Boosted trees were not shown to outperform the network by more than the equivalence margin of "
                    "{margin}: the difference in held-out loss (network minus trees) is {value} (95% CI {low} to "
                    "{high})."
                ),
                ("value, low, high: network minus trees, and the ends of the interval; margin: a difference in loss"),
            ),
            "not_applicable": (
                "Not applicable: boosted trees were not fitted, or there are too few held-out rows for a "
                "confidence interval."
            ),
        },
    ),
)
