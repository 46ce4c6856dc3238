"""Sentences that belong to no single check: the smallest effect that a check could have detected, and bounds of an amount."""

from __future__ import annotations

from .base import Sentence

TEXT: dict[str, Sentence] = {
    "power.rows": (
        "Smallest effect detectable with 80% power: {of:effect} of {effect} (n = {rows}).",
        "of: one of the effects below; effect: its size",
    ),
    "power.events": (
        "Smallest effect detectable with 80% power: {of:effect} of {effect} (n = {rows}, {events} events).",
        "of: one of the effects below; effect: its size",
    ),
    "effect.auc": "an AUC",
    "effect.r2": "an R²",
    "effect.loss": "a difference in loss",
    "effect.share": "a share of rows",
    "effect.variance": "a share of the score's variance",
    "effect.psi": "a population stability index",
    "effect.ranges": "a change, in ranges of the score,",
    "effect.gap": "a difference in R²",
    "effect.fall": "a fall of AUC or R²",
    "effect.slope": "a calibration slope",
    "effect.ratio": "an impact ratio",
    "finding.any.powerless": (
        "Too few rows (n = {rows}) to detect {of:effect} below {most} with 80% power.",
        "of: one of the effects above; most: the largest size that is possible",
    ),
    "finding.any.powerless_events": (
        "Too few events ({events} in {rows} rows) to detect {of:effect} below {most} with 80% power.",
        "of: one of the effects above; most: the largest size that is possible",
    ),
    "amount.at_most": "at most {value}",
    "amount.at_least": "at least {value}",
}
