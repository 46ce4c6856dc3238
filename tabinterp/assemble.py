"""From results to the document: every number goes to its field, every sentence becomes a message."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from . import __version__
from .comparison.agreement import TOP, Reading, agreements
from .comparison.performance import Metric, Performance
from .models import Bound, probabilities
from .readouts.coefficients import Coefficients
from .readouts.gradients import GradientImportance
from .readouts.inference import Estimate, Inference
from .readouts.neurons import NeuronCorrelations
from .readouts.permutation import PermutationImportance
from .readouts.result import Estimates
from .readouts.terms import AnyTerm, Slope
from .report import document as doc
from .report.document import Interval, Message
from .table.draws import FloatArray

LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "statsmodels", "torch")
MOST_UNITS = 256


@dataclass(frozen=True)
class Results:
    """Everything an audit computed. Pairs are (network, linear); None where a reading does not apply."""

    network: Bound
    linear: Bound
    held_out: bool
    seed: int
    performance: Performance
    coefficients: tuple[Coefficients, Coefficients] | None  # linear, network
    importance: tuple[PermutationImportance, PermutationImportance] | None
    gradients: list[tuple[GradientImportance, GradientImportance]]
    neurons: NeuronCorrelations | None
    notes: tuple[Message, ...]


def document(r: Results) -> doc.Document:
    """The audit's document, without its findings."""
    importance = _importance(r)
    coefficients = _coefficients(r)
    return doc.Document(
        data=_data(r),
        network=_model(r.network),
        linear=_model(r.linear),
        verdict=_verdict(r, importance),
        performance=_performance(r.performance),
        importance=importance,
        coefficients=coefficients,
        gradients=_gradients(r),
        agreement=_agreement(r),
        neurons=_neurons(r),
        findings=[],
        not_assessed=_not_assessed(r),
        method=_method(r),
    )


# ---- numbers


def _number(value: Any) -> float | None:
    """A finite float, or None."""
    return None if value is None or not np.isfinite(value) else float(value)


def _interval(value: Any, stderr: Any, low: Any, high: Any) -> Interval:
    return Interval(value=_number(value), stderr=_number(stderr), low=_number(low), high=_number(high))


def _at(estimates: Estimates, *place: int) -> Interval:
    return _interval(*(getattr(estimates, part)[place] for part in ("value", "stderr", "low", "high")))


def _rows_of(r: Results) -> Any:
    return "held-out" if r.held_out else "all"


# ---- data and models


def _data(r: Results) -> doc.Data:
    table = r.network.table
    schema = table.schema
    weights = np.ones(len(table)) if table.weights is None else table.weights
    codes = table.codes
    rates = [] if codes is None else (np.bincount(codes, weights, len(schema.classes)) / weights.sum()).tolist()
    held_out = None if table.held_out is None else int(table.held_out.sum())
    return doc.Data(
        name=table.name,
        rows=len(table),
        held_out_rows=held_out,
        training_rows=None if held_out is None else len(table) - held_out,
        target=schema.target,
        task=schema.task,
        classes=list(schema.labels),
        rates=rates,
        weighted=table.weights is not None,
        split=_split(r),
        columns=[_column(r.network, column.name) for column in schema.columns],
    )


def _column(bound: Bound, name: str) -> doc.ColumnInfo:
    column, values, encoding = bound.table.schema[name], bound.table.frame[name], bound.encoding
    return doc.ColumnInfo(
        name=name,
        kind=column.kind,
        role=column.role,
        protected=column.protected,
        levels=None if column.kind == "numeric" else len(column.levels),
        missing=int(values.isna().sum()),
        constant=values.nunique() < 2,
        read_by_network=len(encoding.blocks.get(name, ())) > 0,
        fast=encoding.local.get(name, False),
    )


def _split(r: Results) -> Message:
    split = r.network.table.split
    if split is None:
        return Message(key="split.none")
    if split.kind == "column":
        return Message(key="split.column", values={"column": split.column})
    if split.kind == "date":
        return Message(key="split.date", values={"column": split.column, "at": split.at})
    key = "split.stratified" if split.stratify else "split.fraction"
    return Message(key=key, values={"share": split.fraction, "seed": split.seed})


def _model(bound: Bound) -> doc.ModelInfo:
    notes = []
    slow = [c for c in bound.columns if not bound.encoding.local[c]]
    if slow:
        notes.append(Message(key="model.mixed", values={"columns": slow}))
    if bound.clipped:
        notes.append(Message(key="model.clipped", values={"rows": bound.clipped}))
    if bound.model.predict is not None:
        notes.append(Message(key="model.checked", values={}))
    return doc.ModelInfo(
        name=bound.model.name,
        library=bound.model.library,
        parameters=sum(p.numel() for p in bound.model.module.parameters()),
        hidden=[units.shape[1] for units in bound.take(np.arange(1)).activations().values()],
        converged=bound.model.converged,
        notes=notes,
    )


# ---- the verdict


def _performance(performance: Performance) -> doc.Performance:
    return doc.Performance(
        held_out=performance.held_out,
        rows=performance.rows,
        resamples=performance.resamples,
        seed=performance.seed,
        metrics=[_metric_row(m) for m in performance.metrics],
    )


def _metric_row(metric: Metric) -> doc.MetricRow:
    return doc.MetricRow(
        metric=metric.name,  # type: ignore[arg-type]
        higher_is_better=metric.higher_is_better,
        network=_interval(*metric.network),
        linear=_interval(*metric.linear),
        difference=_interval(*metric.difference),
        resolved=metric.resolved,
    )


def _verdict(r: Results, importance: doc.Importance) -> doc.Verdict:
    primary, status = r.performance.metrics[0], r.performance.status
    name = r.linear.model.name
    return doc.Verdict(
        status=status,
        metric=primary.name,  # type: ignore[arg-type]
        difference=_interval(*primary.difference),
        margin=r.performance.margin,
        sentence=Message(key=f"verdict.{status}", values={} if status == "not_assessed" else {"linear": name}),
        lines=[] if status == "not_assessed" else _lines(r, importance),
    )


def _lines(r: Results, importance: doc.Importance) -> list[Message]:
    """The gap, the other metrics, the labels, and what only the network uses: from resolved numbers alone."""
    performance = r.performance
    lines = [_gap(performance.metrics[0], performance.margin)]
    counts = {way: sum(m.resolved == way for m in performance.metrics[1:]) for way in ("better", "worse", "no")}
    lines.append(Message(key="verdict.others", values=dict(counts)))
    if performance.disagreement is not None:
        count, share = performance.disagreement
        lines.append(
            Message(key="verdict.labels", values={"count": count, "rows": performance.rows, "percent": 100 * share})
        )
    only = [row.column for row in importance.columns if _above(row.network) and not _above(row.linear)]
    if only:
        lines.append(Message(key="verdict.only_network", values={"columns": only}))
    return lines


def _gap(metric: Metric, margin: float) -> Message:
    """The difference in words: its size and direction where it is resolved, as it stands where it is not."""
    value, _, low, high = metric.difference
    if metric.resolved == "no":
        return Message(
            key=f"verdict.gap.{metric.name}.open", values={"value": value, "low": low, "high": high, "margin": margin}
        )
    ends = sorted((abs(low), abs(high)))
    return Message(
        key=f"verdict.gap.{metric.name}.{'higher' if value > 0 else 'lower'}",
        values={"value": abs(value), "low": ends[0], "high": ends[1], "margin": margin},
    )


def _above(interval: Interval) -> bool:
    return interval.low is not None and interval.low > 0


# ---- importances and gradients


def _importance(r: Results) -> doc.Importance:
    if r.importance is None:
        metric: Any = r.performance.metrics[0].name
        return doc.Importance(
            loss=metric, rows=0, repeats=0, seed=r.seed, off_support_rows=0, rows_of=_rows_of(r), columns=[]
        )
    network, linear = r.importance
    rows = [
        doc.ImportanceRow(
            column=player,
            network=_interval(network.importance[i], network.stderr[i], network.ci_low[i], network.ci_high[i]),
            linear=_interval(linear.importance[i], linear.stderr[i], linear.ci_low[i], linear.ci_high[i]),
            off_support=_number(network.off_support[i]),
            exact=network.exact[i],
        )
        for i, player in enumerate(network.players)
    ]
    return doc.Importance(
        loss=network.loss,  # type: ignore[arg-type]
        rows=network.rows,
        repeats=network.n_repeats,
        seed=network.seed,
        off_support_rows=network.off_support_rows,
        rows_of=_rows_of(r),
        columns=sorted(rows, key=lambda row: -(row.network.value or 0.0)),
    )


def _gradients(r: Results) -> doc.Gradients:
    saturation = None
    if r.network.table.schema.task == "binary":
        p = probabilities(r.network.take(_evaluation(r)).scores)[:, 1]
        saturation = float(np.median(p * (1 - p)))
    return doc.Gradients(rows_of=_rows_of(r), saturation=saturation, methods=[_gradient_method(*g) for g in r.gradients])


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
        gap_network=_number(network.gap),
        gap_linear=_number(linear.gap),
        tolerance=network.tolerance,
        columns=[
            doc.GradientRow(
                output=output,
                column=column,
                network=_at(parts[0], j, k),
                network_size=_at(parts[1], j, k),
                linear=_at(parts[2], j, k),
                linear_size=_at(parts[3], j, k),
            )
            for k, output in enumerate(network.outputs)
            for j, column in enumerate(network.columns)
        ],
    )


def _settings(reading: GradientImportance) -> dict[str, Any]:
    return {name: value for name, value in reading.settings.items() if name != "seed"}


# ---- coefficients


def _coefficients(r: Results) -> doc.Coefficients:
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
                statistic=_number(t.statistic),
                df=t.df,
                p=_number(t.p),
                vif=_number(t.vif),
            )
            for t in linear.inference.tests
        ],
        surrogates=[
            doc.Surrogate(output=output, r2=_number(s.r2))
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
        _term(term, fits[i], linear.estimates.value[i, k], network, places.get(term.term), k, linear.outputs)
        for i, term in enumerate(linear.terms)
    ]


def _term(
    term: AnyTerm,
    fit: Estimate,
    penalised: float,
    network: Coefficients,
    place: int | None,
    k: int,
    outputs: Sequence[str | None],
) -> doc.CoefficientRow:
    own = Interval() if place is None else _at(network.estimates, place, k)
    coefficient = _interval(fit.estimate, fit.stderr, fit.ci_low, fit.ci_high)
    odds = fit.odds_ratio or (None, None, None)
    return doc.CoefficientRow(
        output=outputs[k],
        column=term.term.column,
        level=term.term.level,
        reference=term.term.reference,
        unit=term.term.unit,
        sd=term.sd if isinstance(term, Slope) else None,
        linear=coefficient,
        z=_number(fit.z),
        p=_number(fit.p),
        odds_ratio=_interval(odds[0], None, odds[1], odds[2]),
        penalised=_number(penalised),
        network=own,
        sign_flip=None if place is None else _number(network.sign_flip[place, k]),
        surrogate=None if place is None else _number(network.surrogate[k].estimates[place].estimate),
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


def _agreement(r: Results) -> list[doc.Agreement]:
    return [doc.Agreement(**vars(pair)) for pair in agreements(_readings(r))]


def _readings(r: Results) -> list[Reading]:
    columns = r.network.columns
    readings = []
    if r.importance is not None:
        readings.append(Reading("network: permutation importance", r.importance[0].importance))
    for network, _ in r.gradients:
        if network.method in ("saliency", "integrated_gradients", "expected_gradients"):
            readings.append(Reading(f"network: {network.method.replace('_', ' ')}", network.size().value.mean(axis=1)))
    if r.coefficients is not None:
        linear, network_terms = r.coefficients
        same = [t.term for t in linear.terms] == [t.term for t in network_terms.terms]
        slopes = network_terms.estimates.value
        readings.append(
            Reading("network: average derivative", _spread(network_terms, slopes, columns), slopes if same else None)
        )
        fitted = linear.estimates.value
        readings.append(Reading("linear: coefficients", _spread(linear, fitted, columns), fitted if same else None))
    if r.importance is not None:
        readings.append(Reading("linear: permutation importance", r.importance[1].importance))
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


def _neurons(r: Results) -> doc.Neurons:
    found = r.neurons
    if found is None:
        return doc.Neurons(rows=0, rows_distance=0, seed=r.seed, rows_of=_rows_of(r), dropped_units=0, units=[])
    kept = min(MOST_UNITS, len(found.layer))
    return doc.Neurons(
        rows=found.rows,
        rows_distance=found.rows_distance,
        seed=found.seed,
        rows_of=_rows_of(r),
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
        pearson=_number(found.pearson[u, c]),
        spearman=_number(found.spearman[u, c]),
        distance=_number(found.distance[u, c]),
        ratio=_number(found.ratio[u, c]),
        q=_number(found.q_distance[u, c] if numeric else found.q_ratio[u, c]),
    )


# ---- what was not done, and how to do it again


def _not_assessed(r: Results) -> list[Message]:
    notes = list(r.notes)
    if not r.held_out:
        notes.append(Message(key="not_assessed.split"))
    for bound in (r.network, r.linear):
        mixed = [c for c in bound.columns if not bound.encoding.local[c]]
        if mixed:
            notes.append(Message(key="not_assessed.mixed", values={"model": bound.model.name, "columns": mixed}))
    if r.neurons is not None and len(r.neurons.layer) > MOST_UNITS:
        notes.append(Message(key="not_assessed.units", values={"count": len(r.neurons.layer) - MOST_UNITS}))
    always = ("seeds", "calibration", "shapley", "effects", "groups", "data")
    return notes + [Message(key=f"not_assessed.{name}") for name in always]


def _method(r: Results) -> doc.Method:
    return doc.Method(
        version=__version__,
        seed=r.seed,
        libraries={name: version(name).split("+")[0] for name in LIBRARIES},
        settings={
            "margin": r.performance.margin,
            "resamples": r.performance.resamples,
            "top": TOP,
            "counterpart": r.linear.model.name,
        },
        model_digest=_model_digest(r.network),
        data_digest=_data_digest(r.network),
    )


def _model_digest(bound: Bound) -> str:
    digest = hashlib.sha256()
    for name, value in bound.model.module.state_dict().items():
        digest.update(f"{name} {tuple(value.shape)} {value.dtype}\n".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _data_digest(bound: Bound) -> str:
    """Names and contents of all columns in order, whatever file they came in."""
    digest = hashlib.sha256()
    for name in bound.table.frame.columns:
        values = bound.table.frame[name]
        numeric = pd.api.types.is_numeric_dtype(values.dtype)
        digest.update(f"{len(name)} {name} {'number' if numeric else 'text'}\n".encode())
        if numeric:
            digest.update((values.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0).tobytes())
        else:
            for value in values.astype(object).where(values.notna(), None):
                text = "" if value is None else str(value)
                digest.update(f"{-1 if value is None else len(text)} {text}\n".encode())
    return digest.hexdigest()
