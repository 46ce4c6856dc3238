"""The readings of both models, side by side, as parts of the document."""

from __future__ import annotations

from typing import Any

import numpy as np

from tabinterp.analyses.agreement.estimator import Reading, agreements
from tabinterp.analyses.coefficients.estimator import Coefficients
from tabinterp.analyses.gradients.estimator import GradientImportance
from tabinterp.analyses.permutation_importance.estimator import paired_difference
from tabinterp.analyses.unit_correlations.estimator import NeuronCorrelations
from tabinterp.arrays import FloatArray
from tabinterp.document import document as doc
from tabinterp.document.document import Message
from tabinterp.models import probabilities
from tabinterp.stats.estimates import Estimates
from tabinterp.stats.weights import deviation, quantile
from tabinterp.table.suppression import SMALL

from .results import Results, at, interval, number, rows_of

MOST_UNITS = 256
RANKED = (
    "saliency",
    "integrated_gradients",
    "expected_gradients",
)  # gradient methods that say how much a column matters


# ---- importances and gradients


def importance(r: Results) -> doc.Importance:
    if r.importance is None:
        metric: Any = r.performance.metrics[0].name
        return doc.Importance(
            loss=metric, rows=0, repeats=0, seed=r.seed, off_support_rows=0, rows_of=rows_of(r), columns=[]
        )
    network, linear = r.importance
    difference = paired_difference(network, linear)
    rows = [
        doc.ImportanceRow(
            column=player,
            network=interval(network.importance[i], network.stderr[i], network.ci_low[i], network.ci_high[i]),
            linear=interval(linear.importance[i], linear.stderr[i], linear.ci_low[i], linear.ci_high[i]),
            difference=at(difference, i),
            off_support=number(network.off_support[i]),
            exact=network.exact[i],
        )
        for i, player in enumerate(network.players)
    ]
    return doc.Importance(
        loss=network.loss,
        rows=network.rows,
        repeats=network.n_repeats,
        seed=network.seed,
        off_support_rows=network.off_support_rows,
        rows_of=rows_of(r),
        columns=sorted(rows, key=lambda row: -(row.network.value or 0.0)),
    )


def gradients(r: Results) -> doc.Gradients:
    saturation = None
    if r.network.table.schema.task == "binary" and len(_evaluation(r)) >= SMALL:
        rows = r.network.take(_evaluation(r))
        p = probabilities(rows.scores)[:, 1]
        saturation = quantile(p * (1 - p), 0.5, rows.table.weights)
    return doc.Gradients(
        rows_of=rows_of(r), saturation=saturation, methods=[_gradient_method(*g) for g in r.gradients or []]
    )


def _evaluation(r: Results) -> Any:
    table = r.network.table
    return np.arange(len(table)) if table.held_out is None else np.flatnonzero(table.held_out)


def _gradient_method(network: GradientImportance, linear: GradientImportance) -> doc.GradientMethod:
    parts = [network.mean(), network.size(), linear.mean(), linear.size()]
    return doc.GradientMethod(
        method=network.method,
        estimand=Message(key=f"gradient.{network.method}", values=_settings(network)),
        rows=network.rows,
        steps=int(network.evaluations.max()),
        gap_network=number(network.gap),
        gap_linear=number(linear.gap),
        tolerance=network.tolerance,
        columns=[
            doc.GradientRow(
                output=output,
                column=column,
                network=at(parts[0], j, k),
                network_size=at(parts[1], j, k),
                linear=at(parts[2], j, k),
                linear_size=at(parts[3], j, k),
            )
            for k, output in enumerate(network.outputs)
            for j, column in enumerate(network.columns)
        ],
    )


def _settings(reading: GradientImportance) -> dict[str, Any]:
    return {name: value for name, value in reading.settings.items() if name != "seed"}


# ---- agreement


def agreement(r: Results) -> list[doc.Agreement]:
    return [doc.Agreement(**vars(pair)) for pair in agreements(_readings(r))]


def left_out(r: Results) -> list[doc.LeftOut]:
    """Gradient methods of the network whose attributions do not add up to the score within their tolerance."""
    return [
        doc.LeftOut(model="network", method=one.method, gap=one.gap or 0.0, tolerance=one.tolerance or 0.0)
        for one, _ in r.gradients or []
        if one.method in RANKED and not one.complete
    ]


def _readings(r: Results) -> list[Reading]:
    columns, weights = r.network.columns, r.network.table.weights
    readings = []
    if r.importance is not None:
        readings.append(Reading("network.permutation_importance", r.importance[0].importance))
    for network, _ in r.gradients or []:
        if network.method in RANKED and network.complete:
            readings.append(_sizes(f"network.{network.method}", network.size()))
    if r.shapley is not None:
        readings.append(_sizes("network.shapley", r.shapley[0].mean_absolute()))
    if r.coefficients is not None:
        linear, network_terms = r.coefficients
        same = [t.term for t in linear.terms] == [t.term for t in network_terms.terms]
        slopes = network_terms.estimates.value
        readings.append(
            Reading(
                "network.average_derivative", _spread(network_terms, slopes, columns, weights), slopes if same else None
            )
        )
        fitted = linear.estimates.value
        readings.append(
            Reading("linear.coefficients", _spread(linear, fitted, columns, weights), fitted if same else None)
        )
    if r.importance is not None:
        readings.append(Reading("linear.permutation_importance", r.importance[1].importance))
    if r.shapley is not None:
        readings.append(Reading("linear.shapley", r.shapley[1].mean_absolute().value.mean(axis=1)))
    return readings


def _sizes(name: str, sizes: Estimates) -> Reading:
    """Sizes averaged over outputs; so are their errors, as if those of a column's outputs were one."""
    return Reading(name, sizes.value.mean(axis=1), stderr=sizes.stderr.mean(axis=1))


def _spread(
    coefficients: Coefficients, slopes: FloatArray, columns: tuple[str, ...], weights: FloatArray | None
) -> FloatArray:
    """(columns,) standard deviation over rows of what a column contributes, averaged over outputs."""
    result = np.full(len(columns), np.nan)
    for j, column in enumerate(columns):
        members = [i for i, t in enumerate(coefficients.terms) if t.term.column == column]
        if members and not np.isnan(slopes[members]).any():
            values = np.column_stack([coefficients.terms[i].values for i in members])
            result[j] = deviation(values @ slopes[members], weights).mean()
    return result


# ---- neurons


def neurons(r: Results) -> doc.Neurons:
    found = r.neurons
    if found is None:
        return doc.Neurons(
            rows=0, rows_ranks=0, rows_distance=0, seed=r.seed, rows_of=rows_of(r), dropped_units=0, units=[]
        )
    kept = min(MOST_UNITS, len(found.layer))
    return doc.Neurons(
        rows=found.rows,
        rows_ranks=found.rows_ranks,
        rows_distance=found.rows_distance,
        seed=found.seed,
        rows_of=rows_of(r),
        dropped_units=len(found.layer) - kept,
        units=[
            doc.Unit(
                layer=found.layer[u],
                index=found.index[u],
                active=float(found.active[u]),
                mean=float(found.mean[u]),
                sd=float(found.sd[u]) if np.isfinite(found.sd[u]) else 0.0,
                columns=[_unit_column(found, u, c) for c in range(len(found.columns))],
            )
            for u in range(kept)
        ],
    )


def _unit_column(found: NeuronCorrelations, u: int, c: int) -> doc.UnitColumn:
    numeric = not np.isfinite(found.ratio[u, c])
    return doc.UnitColumn(
        column=found.columns[c],
        pearson=number(found.pearson[u, c]),
        spearman=number(found.spearman[u, c]),
        distance=number(found.distance[u, c]),
        ratio=number(found.ratio[u, c]),
        q=number(found.q_spearman[u, c] if numeric else found.q_ratio[u, c]),
    )
