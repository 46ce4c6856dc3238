"""An audit with the readings that are asked for, through the same functions and the same document as `ti.audit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tabinterp as ti
from tabinterp import messages
from tabinterp.assembly import Results, document
from tabinterp.comparison.calibration import calibration
from tabinterp.comparison.performance import compare
from tabinterp.errors import NotApplicableError
from tabinterp.findings import judge
from tabinterp.models import bind
from tabinterp.models.counterpart import fit_counterpart
from tabinterp.readouts.coefficients import of_linear, of_network
from tabinterp.readouts.data import describe_data
from tabinterp.readouts.extrapolation import extrapolation
from tabinterp.readouts.gradients import gradient_importance
from tabinterp.readouts.interactions import interactions
from tabinterp.readouts.neurons import neuron_correlations
from tabinterp.readouts.offsupport import off_support
from tabinterp.readouts.permutation import permutation_importance
from tabinterp.readouts.shapley import shapley_values
from tabinterp.readouts.terms import find_terms

SHAPLEY_ROWS, BACKGROUND = 200, 100


def findings(table: ti.Table, model: ti.Model, needs: frozenset[str]) -> dict[str, tuple[str, str]]:
    """Slug -> status and what is said, of the checks whose readings are among `needs`; the others do not apply."""
    network = bind(model, table)
    linear = bind(fit_counterpart(network, table), table)
    rows = np.flatnonzero(table.held_out)
    parts = [bound.take(rows) for bound in (network, linear)]
    explain, fit = "explain" in needs, "fit" in needs
    made = Results(
        network=network,
        linear=linear,
        held_out=True,
        seed=0,
        limit=len(table),
        performance=compare(*parts, seed=0, held_out=True),
        coefficients=_tried(explain, lambda: _coefficients(network, linear)),
        importance=_tried(explain, lambda: tuple(permutation_importance(p, p.table, n_repeats=2) for p in parts)),
        gradients=_tried(explain, lambda: [_gradients(parts, m) for m in ("saliency", "expected_gradients")]) or [],
        shapley=_tried(explain and "off" in needs, lambda: _shapley(parts)),
        effects=None,
        interactions=_tried(explain, lambda: interactions(parts[0], parts[0].table, top=5)),
        neurons=_tried(explain, lambda: neuron_correlations(parts[0], parts[0].table)),
        notes=(),
        calibration=_tried(fit, lambda: (calibration(network), calibration(linear))),
        table=_tried("rows" in needs, lambda: describe_data(table)),
        off_support=_tried("off" in needs, lambda: off_support(parts[0])),
        extrapolation=_tried("beyond" in needs, lambda: extrapolation(network)),
    )
    return {f.slug: (f.status, messages.text(f.claim.key, f.claim.values)) for f in judge(document(made))}


def _tried(wanted: bool, reading: Callable[[], Any]) -> Any:
    if not wanted:
        return None
    try:
        return reading()
    except NotApplicableError:
        return None


def _coefficients(network: Any, linear: Any) -> tuple[Any, Any]:
    terms = find_terms(linear)
    return of_linear(linear, terms), of_network(network, find_terms(network), terms)


def _gradients(parts: list[Any], method: str) -> tuple[Any, Any]:
    few = [part.take(np.arange(min(200, len(part.table)))) for part in parts]
    first, second = (gradient_importance(part, part.table, method=method) for part in few)
    return first, second


def _shapley(parts: list[Any]) -> tuple[Any, Any]:
    few = [part.take(np.arange(min(SHAPLEY_ROWS, len(part.table)))) for part in parts]
    first, second = (shapley_values(part, part.table, BACKGROUND) for part in few)
    return first, second
