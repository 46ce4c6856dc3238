"""Shapley values of both models as part of the document: means over rows, never a row."""

from __future__ import annotations

import numpy as np

from tabinterp.analyses.results import Results, at, number, rows_of
from tabinterp.document import document as doc

from .estimator import ShapleyValues


def shapley(r: Results) -> doc.Shapley | None:
    if r.shapley is None:
        return None
    network, linear = r.shapley
    return doc.Shapley(
        rows_of=rows_of(r),
        rows=len(network.values),
        background_rows=network.background_rows,
        tolerance=network.tolerance,
        seed=network.seed,
        network=_model(network),
        linear=_model(linear),
        columns=_columns(network, linear),
    )


def _model(values: ShapleyValues) -> doc.ShapleyModel:
    return doc.ShapleyModel(
        method=values.method,
        exact=values.exact,
        converged=number(values.converged.mean()),
        residual=number(values.residual.max()),
    )


def _columns(network: ShapleyValues, linear: ShapleyValues) -> list[doc.ShapleyRow]:
    parts = [(v.mean(), v.mean_absolute(), v.tied()) for v in (network, linear)]
    (mean, size, tied), (linear_mean, linear_size, linear_tied) = parts
    return [
        doc.ShapleyRow(
            output=output,
            column=network.columns[j],
            network=at(mean, j, k),
            network_size=at(size, j, k),
            network_tied=bool(tied[j, k]),
            linear=at(linear_mean, j, k),
            linear_size=at(linear_size, j, k),
            linear_tied=bool(linear_tied[j, k]),
        )
        for k, output in enumerate(network.outputs)
        for j in np.argsort(-size.value[:, k], kind="stable")
    ]
