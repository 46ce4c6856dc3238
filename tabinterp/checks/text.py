"""Texts that all checks share: labels in descriptions of checks, and sentences about smallest detectable effects and bounds."""

from __future__ import annotations

from .base import Sentence

TEXT: dict[str, Sentence] = {
    # labels of the manual of a check
    "checks.measures": "Measures",
    "checks.threshold": "Raised when",
    "checks.blind": "Limitations",
    "checks.next": "Next",
    "checks.limits": "Adjustable limits",
    "method.shapley": "Shapley values",
    "power.rows": (
        "The smallest value of {of:effect} that this check can detect with 80% probability is {effect} (n = {rows}).",
        "of: one of the effects below; effect: its size",
    ),
    "power.events": (
        (
            "The smallest value of {of:effect} that this check can detect with 80% probability is {effect} (n = {rows}; "
            "{events} events)."
        ),
        "of: one of the effects below; effect: its size",
    ),
    "effect.auc": "the true AUC of a column",
    "effect.r2": "the true R² of a column",
    "effect.loss": "the true difference in loss",
    "effect.share": "the true share of affected rows",
    "effect.variance": "the true share of score variance due to an interaction between columns that have no effect on their own",
    "effect.psi": "the true population stability index of a column",
    "effect.ranges": "the true change in score divided by the score's range",
    "effect.gap": "the true difference in R² between trees fitted to real rows and trees fitted to perturbed rows",
    "effect.fall": "the true drop in a column's AUC or R² from training to held-out rows",
    "effect.slope": "the true calibration slope",
    "effect.ratio": "the true impact ratio",
    "finding.any.powerless": (
        (
            "Not applicable: there are too few rows (n = {rows}). Even if {of:effect} were just below {most}, this "
            "check would be raised with less than 80% probability."
        ),
        "of: one of the effects above; most: the largest size that is possible",
    ),
    "finding.any.powerless_events": (
        (
            "Not applicable: there are too few events ({events} in {rows} rows). Even if {of:effect} were just "
            "below {most}, this check would be raised with less than 80% probability."
        ),
        "of: one of the effects above; most: the largest size that is possible",
    ),
    "amount.at_most": "at most {value}",
    "amount.at_least": "at least {value}",
    # a limit in the manual of a check; name: as a policy writes it; least, most: the range of its values
    "checks.limit": "{name} = {value} ({means}; allowed values: {least} to {most})",
    "checks.limit.unbounded": "{name} = {value} ({means}; allowed values: {least} or more)",
}
