"""Sentences that belong to no single check: labels of the manual, the smallest detectable effect, and bounds of an amount."""

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
        "With n = {rows}, the smallest {of:effect} detectable with 80% power is {effect}.",
        "of: one of the effects below; effect: its size",
    ),
    "power.events": (
        "With n = {rows} and {events} events, the smallest {of:effect} detectable with 80% power is {effect}.",
        "of: one of the effects below; effect: its size",
    ),
    "effect.auc": "AUC",
    "effect.r2": "R²",
    "effect.loss": "difference in loss",
    "effect.share": "share of rows",
    "effect.variance": "share of score variance",
    "effect.psi": "population stability index",
    "effect.ranges": "score change as a multiple of the score's range",
    "effect.gap": "difference in R²",
    "effect.fall": "drop in AUC or R²",
    "effect.slope": "calibration slope",
    "effect.ratio": "impact ratio",
    "finding.any.powerless": (
        "Not applicable: there are too few rows (n = {rows}). No {of:effect} below {most} would be detected with 80% power.",
        "of: one of the effects above; most: the largest size that is possible",
    ),
    "finding.any.powerless_events": (
        "Not applicable: there are too few events ({events} in {rows} rows). No {of:effect} below {most} would be detected with "
        "80% power.",
        "of: one of the effects above; most: the largest size that is possible",
    ),
    "amount.at_most": "at most {value}",
    "amount.at_least": "at least {value}",
    # a limit in the manual of a check; name: as a policy writes it; least, most: the range of its values
    "checks.limit": "{name} = {value} ({means}; can be set from {least} to {most})",
    "checks.limit.unbounded": "{name} = {value} ({means}; can be set to {least} or more)",
}
