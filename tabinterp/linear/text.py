"""Sentences that state why the linear counterpart or its standard errors cannot be computed."""

from __future__ import annotations

TEXT: dict[str, str] = {
    # why it does not apply
    "why.no inference: the target is constant": "standard errors cannot be estimated, because the target is constant",
    "why.no inference: there are no rows": "standard errors cannot be estimated, because there are no rows",
    "why.a linear counterpart chooses its penalty by cross-validation, which needs two training rows with a count above 0": (
        "the penalty of the linear counterpart is chosen by cross-validation, but fewer than two training rows have a count "
        "above 0"
    ),
    "why.no inference: the target has values that are not finite numbers": (
        "standard errors cannot be estimated, because the target has values that are not finite numbers"
    ),
    "why.no inference: weights must be finite and not negative": (
        "standard errors cannot be estimated, because some weights are negative or not finite"
    ),
    "why.no inference: the fit of the counts does not come to an end": (
        "standard errors cannot be estimated, because the unpenalised fit to the counts did not converge"
    ),
    "why.inference.class": "standard errors cannot be estimated, because all {rows} rows have the same class",
    "why.inference.column": (
        "standard errors cannot be estimated, because column '{column}' has values that are not finite numbers"
    ),
    "why.inference.rows": (
        "the standard errors of {coefficients} coefficients cannot be estimated from {rows} rows; use more rows or "
        "fewer columns"
    ),
    "why.inference.zero": "standard errors cannot be estimated, because all {rows} counts are 0",
    "why.penalty.counts_in_one_group": (
        "the penalty of the linear counterpart cannot be chosen by cross-validation over groups of rows, because the training "
        "rows with a count above 0 are in too few groups"
    ),
    "why.penalty.one_group": (
        "the penalty of the linear counterpart cannot be chosen by cross-validation over groups of rows, because all training "
        "rows are in the same group"
    ),
}
