"""Inference from the estimates and the covariance that a library supplies with a linear model. Both are converted from encoded
columns to terms.

The coefficient of a term is a linear function of the model's parameters. Its standard error is therefore computed from the
covariance of the parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tabinterp.arrays import FloatArray
from tabinterp.models.binding import score_head
from tabinterp.models.model import BoundModel
from tabinterp.models.supplied_inference import OwnFit

from .design import Design, orthogonal_basis
from .inference import Estimate, Inference, column_tests, with_numbers
from .terms import AnyTerm, Contrast, Slope


def own_inference(
    bound: BoundModel, fit: OwnFit, terms: Sequence[AnyTerm], design: Design, weights: FloatArray | None
) -> Inference:
    """Return the estimates and the covariance in `fit`, converted from encoded columns to terms.

    Variance inflation factors are computed from `design`, the design matrix of the table's rows, and the rows' `weights`.
    """
    task, outputs, width = bound.table.schema.task, len(bound.outputs), 1 + len(terms)
    head = score_head(bound.model, bound.table, len(fit.parameters))
    turn = np.kron(head, _to_terms(bound, terms))
    value, covariance = turn @ fit.parameters.ravel(), turn @ fit.covariance @ turn.T
    nothing = ~(np.diag(covariance) > 0)  # the parameter was not estimated, or has no error
    covariance[nothing], covariance[:, nothing] = np.nan, np.nan
    if not all(bound.encoding.local.values()):
        value[::width] = np.nan  # if columns are mixed, the intercept is not defined
    empty = [Estimate(output, term) for output in range(outputs) for term in (None, *design.terms)]
    found = [
        with_numbers(e, float(v), float(variance), fit.df_residual, ratio=bound.table.schema.goal.ratio is not None)
        for e, v, variance in zip(empty, value, np.diag(covariance), strict=True)
    ]
    slopes = np.flatnonzero(np.arange(outputs * width) % width)
    value, covariance = value[slopes], covariance[np.ix_(slopes, slopes)]
    if weights is not None:
        design, weights = replace(design, matrix=design.matrix[weights > 0]), weights[weights > 0]
    tests = column_tests(design, orthogonal_basis(design, weights), outputs, value, covariance, fit.df_residual)
    return Inference(
        task=task,
        outputs=outputs,
        estimates=tuple(found[i] for i in slopes),
        intercepts=tuple(found[::width]),
        tests=tuple(tests),
        covariance="own",
        covariance_matrix=covariance,
        converged=bound.model.converged is not False,
        rows=fit.rows,
        rows_separated=0,
        df_residual=fit.df_residual,
        r2=fit.r2,
        own=fit.kind,
    )


def _to_terms(bound: BoundModel, terms: Sequence[AnyTerm]) -> FloatArray:
    """Return the matrix (1 + terms, 1 + d) that converts the intercept and coefficients of encoded columns to those of terms."""
    turn = np.zeros((1 + len(terms), 1 + bound.encoding.width))
    for row, term in zip(turn[1:], terms, strict=True):
        if isinstance(term, Slope):
            row[1 + term.block] = term.per_unit
        elif isinstance(term, Contrast):
            row[1 + term.block] = term.level - term.reference
        else:
            row[1 + term.encoded] = 1.0
    values = np.stack([term.values for term in terms], axis=1, dtype=np.float64)
    turn[0] = [1.0, *(bound.x - values @ turn[1:, 1:]).mean(axis=0)]
    return turn
