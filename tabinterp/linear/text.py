"""Sentences about fits of the linear counterpart that are not possible."""

from __future__ import annotations

TEXT: dict[str, str] = {
    # why it does not apply
    "why.no inference: the target is constant": ("no inference: the target is constant"),
    "why.no inference: there are no rows": ("no inference: there are no rows"),
    "why.a linear counterpart chooses its penalty by cross-validation, which needs two training rows with a count above 0": (
        "a linear counterpart chooses its penalty by cross-validation, which needs two training rows with a count above 0"
    ),
    "why.no inference: the target has values that are not finite numbers": (
        "no inference: the target has values that are not finite numbers"
    ),
    "why.no inference: weights must be finite and not negative": (
        "no inference: weights must be finite and not negative"
    ),
    "why.no inference: the fit of the counts does not come to an end": (
        "no inference: the fit of the counts does not come to an end"
    ),
    "why.inference.class": "no inference: all {rows} rows have the same class",
    "why.inference.column": "no inference: column '{column}' has values that are not finite numbers",
    "why.inference.rows": "no inference: {rows} rows for {coefficients} coefficients leave nothing to take an error from",
    "why.inference.zero": "no inference: all {rows} counts are 0",
    "why.penalty.counts_in_one_group": (
        "a linear counterpart chooses its penalty by cross-validation over groups of rows, which needs a count above 0 in at "
        "least two groups of training rows"
    ),
    "why.penalty.one_group": (
        "a linear counterpart chooses its penalty by cross-validation over groups of rows, which needs at least two groups of "
        "training rows"
    ),
}
