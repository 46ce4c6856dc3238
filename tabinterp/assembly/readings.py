"""The readings of both models, side by side, as parts of the document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..comparison.agreement import Reading, agreements
from ..models import probabilities
from ..readouts.coefficients import Coefficients
from ..readouts.gradients import GradientImportance
from ..readouts.inference import Estimate, Inference
from ..readouts.neurons import NeuronCorrelations
from ..readouts.terms import AnyTerm, Slope
from ..report import document as doc
from ..report.document import Interval, Message
from ..table.draws import FloatArray
from .results import Results, at, interval, number, rows_of

MOST_UNITS = 256


# ---- importances and gradients


def importance(r: Results) -> doc.Importance:
    if r.importance is None:
        metric: Any = r.performance.metrics[0].name
        return doc.Importance(
            loss=metric, rows=0, repeats=0, seed=r.seed, off_support_rows=0, rows_of=rows_of(r), columns=[]
        )
    network, linear = r.importance
    rows = [
        doc.ImportanceRow(
            column=player,
            network=interval(network.importance[i], network.stderr[i], network.ci_low[i], network.ci_high[i]),
            linear=interval(linear.importance[i], linear.stderr[i], linear.ci_low[i], linear.ci_high[i]),
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
    if r.network.table.schema.task == "binary":
        p = probabilities(r.network.take(_evaluation(r)).scores)[:, 1]
        saturation = float(np.median(p * (1 - p)))
    return doc.Gradients(rows_of=rows_of(r), saturation=saturation, methods=[_gradient_method(*g) for g in r.gradients])


def _evaluation(r: Results) -> Any:
    table = r.network.table
    return np.arange(len(table)) if table.held_out is None else np.flatnonzero(table.held_out)


def _gradient_method(network: GradientImportance, linear: GradientImportance) -> doc.GradientMethod:
    parts = [network.mean(), network.size(), linear.mean(), linear.size()]
    return doc.GradientMethod(
        method=network.method,
        estimand=Message(key=f"gradient.{network.method}", values=_settings(network)),
        rows=len(network.values),
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


# ---- coefficients


def coefficients(r: Results) -> doc.Coefficients:
    regression = r.network.table.schema.task == "regression"
    scale: Any = "target" if regression else "log-odds"
    if r.coefficients is None:
        return doc.Coefficients(
            scale=scale,
            rows_inference=0,
            rows_network=0,
            method=Message(key="coefficients.none"),
            terms=[],
            tests=[],
            surrogates=[],
            notes=[],
        )
    linear, network = r.coefficients
    assert linear.inference is not None
    return doc.Coefficients(
        scale=scale,
        rows_inference=linear.inference.rows,
        rows_network=network.rows,
        method=Message(key=f"coefficients.method.{linear.inference.covariance}"),
        terms=[row for k, _ in enumerate(linear.outputs) for row in _terms(linear, linear.inference, network, k)],
        tests=[
            doc.WaldRow(
                output=None if t.output is None else linear.outputs[t.output],
                column=t.column,
                statistic=number(t.statistic),
                df=t.df,
                p=number(t.p),
                vif=number(t.vif),
            )
            for t in linear.inference.tests
        ],
        surrogates=[
            doc.Surrogate(output=output, r2=number(s.r2))
            for output, s in zip(network.outputs, network.surrogate, strict=True)
        ],
        notes=_coefficient_notes(linear, linear.inference),
    )


def _coefficient_notes(linear: Coefficients, inference: Inference) -> list[Message]:
    notes = []
    if linear.penalised:
        notes.append(Message(key="coefficients.note.penalised"))
    if inference.rows_separated:
        notes.append(Message(key="coefficients.note.separated", values={"rows": inference.rows_separated}))
    if not inference.converged:
        notes.append(Message(key="coefficients.note.not_converged"))
    if linear.left_out:
        notes.append(Message(key="coefficients.note.mixed", values={"columns": list(linear.left_out)}))
    return notes


def _terms(linear: Coefficients, inference: Inference, network: Coefficients, k: int) -> list[doc.CoefficientRow]:
    places = {t.term: i for i, t in enumerate(network.terms)}
    fits = inference.estimates[k * len(linear.terms) : (k + 1) * len(linear.terms)]
    return [
        _term(
            term,
            fits[i],
            linear.estimates.value[i, k],
            network,
            places.get(term.term),
            network.surrogate[k].estimates[i].estimate,
            k,
            linear.outputs,
        )
        for i, term in enumerate(linear.terms)
    ]


def _term(
    term: AnyTerm,
    fit: Estimate,
    penalised: float,
    network: Coefficients,
    place: int | None,
    surrogate: float | None,
    k: int,
    outputs: Sequence[str | None],
) -> doc.CoefficientRow:
    own = Interval() if place is None else at(network.estimates, place, k)
    coefficient = interval(fit.estimate, fit.stderr, fit.ci_low, fit.ci_high)
    odds = fit.odds_ratio or (None, None, None)
    return doc.CoefficientRow(
        output=outputs[k],
        column=term.term.column,
        level=term.term.level,
        reference=term.term.reference,
        unit=term.term.unit,
        sd=term.sd if isinstance(term, Slope) else None,
        linear=coefficient,
        z=number(fit.z),
        p=number(fit.p),
        odds_ratio=interval(odds[0], None, odds[1], odds[2]),
        penalised=number(penalised),
        network=own,
        sign_flip=None if place is None else number(network.sign_flip[place, k]),
        surrogate=number(surrogate),
        conflict=_side(coefficient) * _side(own) < 0,
        reason=_reason(fit),
    )


def _side(interval: Interval) -> int:
    if interval.low is None or interval.high is None:
        return 0
    return int(interval.low > 0) - int(interval.high < 0)


def _reason(fit: Estimate) -> Message | None:
    reason = fit.reason
    if reason is None:
        return None
    key = f"reason.{reason.code}" + (f".{reason.by}" if reason.by else "")
    return Message(key=key, values={"columns": list(reason.columns), "rows": reason.rows})


# ---- agreement


def agreement(r: Results) -> list[doc.Agreement]:
    return [doc.Agreement(**vars(pair)) for pair in agreements(_readings(r))]


def _readings(r: Results) -> list[Reading]:
    columns = r.network.columns
    readings = []
    if r.importance is not None:
        readings.append(Reading("network.permutation_importance", r.importance[0].importance))
    for network, _ in r.gradients:
        if network.method in ("saliency", "integrated_gradients", "expected_gradients"):
            readings.append(Reading(f"network.{network.method}", network.size().value.mean(axis=1)))
    if r.coefficients is not None:
        linear, network_terms = r.coefficients
        same = [t.term for t in linear.terms] == [t.term for t in network_terms.terms]
        slopes = network_terms.estimates.value
        readings.append(
            Reading("network.average_derivative", _spread(network_terms, slopes, columns), slopes if same else None)
        )
        fitted = linear.estimates.value
        readings.append(Reading("linear.coefficients", _spread(linear, fitted, columns), fitted if same else None))
    if r.importance is not None:
        readings.append(Reading("linear.permutation_importance", r.importance[1].importance))
    return readings


def _spread(coefficients: Coefficients, slopes: FloatArray, columns: tuple[str, ...]) -> FloatArray:
    """(columns,) standard deviation over rows of what a column contributes, averaged over outputs."""
    result = np.full(len(columns), np.nan)
    for j, column in enumerate(columns):
        members = [i for i, t in enumerate(coefficients.terms) if t.term.column == column]
        if members and not np.isnan(slopes[members]).any():
            values = np.column_stack([coefficients.terms[i].values for i in members])
            result[j] = (values @ slopes[members]).std(axis=0).mean()
    return result


# ---- neurons


def neurons(r: Results) -> doc.Neurons:
    found = r.neurons
    if found is None:
        return doc.Neurons(rows=0, rows_distance=0, seed=r.seed, rows_of=rows_of(r), dropped_units=0, units=[])
    kept = min(MOST_UNITS, len(found.layer))
    return doc.Neurons(
        rows=found.rows,
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
        q=number(found.q_distance[u, c] if numeric else found.q_ratio[u, c]),
    )
