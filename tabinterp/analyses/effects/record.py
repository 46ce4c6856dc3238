"""Effect curves of both models and the network's strongest pairs, as parts of the document.

A point of fewer than ten rows is not printed: neither its value nor its numbers, which would tell of single people. Where its
number of rows would follow from the others, one more point is shown without its number of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tabinterp.analyses.interactions.estimator import Pair
from tabinterp.analyses.results import Results, at, number, rows_of
from tabinterp.document import document as doc
from tabinterp.table.suppression import parts_shown

from .estimator import Curve


def effects(r: Results) -> doc.Effects | None:
    if r.effects is None:
        return None
    network, linear = r.effects
    pairs = sorted(zip(network.curves, linear.curves, strict=True), key=lambda pair: -_apart(*pair))
    return doc.Effects(
        rows_of=rows_of(r),
        rows=network.rows,
        ice_rows=network.ice_rows,
        seed=network.seed,
        columns=len(r.network.columns),
        curves=[
            _curve(curve, other, output, k, network.rows)
            for curve, other in pairs
            for k, output in enumerate(network.outputs)
        ],
    )


def _apart(network: Curve, linear: Curve) -> float:
    """How far the two models' curves lie apart: the mean over rows and outputs of the distance at their point."""
    gap = np.nan_to_num(np.abs(network.effect.value - linear.effect.value))  # (points, outputs)
    return float(network.rows @ gap.mean(axis=1) / max(1.0, float(network.rows.sum())))


def _curve(network: Curve, linear: Curve, output: str | None, k: int, rows: int) -> doc.Effect:
    """The points, and the rows at levels without one, are parts of all rows."""
    told = parts_shown([*network.rows, rows - int(network.rows.sum())])
    return doc.Effect(
        output=output,
        column=network.column,
        kind=network.kind,
        off_grid=max(0.0, network.off_grid) if told[-1] else None,
        points=[_point(network, linear, i, k, bool(told[i])) for i in range(len(network.values))],
    )


def _point(network: Curve, linear: Curve, i: int, k: int, told: bool) -> doc.EffectPoint:
    value, missing = network.values[i], network.values[i] is None
    if network.small[i]:
        return doc.EffectPoint(value=None, missing=missing, rows=None, sparse=True)
    return doc.EffectPoint(
        value=_value(value, network.kind),
        missing=missing,
        rows=int(network.rows[i]) if told else None,
        sparse=bool(network.sparse[i]),
        network=_numbers(network, i, k),
        linear=_numbers(linear, i, k),
    )


def _value(value: Any, kind: str) -> str | float | None:
    if value is None:
        return None
    return float(value) if kind == "numeric" else str(value)


def _numbers(curve: Curve, i: int, k: int) -> doc.EffectCurve:
    return doc.EffectCurve(
        effect=at(curve.effect, i, k),
        ale=at(curve.ale, i, k),
        ice_low=number(curve.ice_low[i, k]),
        ice_high=number(curve.ice_high[i, k]),
    )


def interactions(r: Results) -> doc.Interactions | None:
    found = r.interactions
    if found is None:
        return None
    return doc.Interactions(
        rows_of=rows_of(r),
        rows=found.rows,
        blocks=found.blocks,
        background=found.background,
        seed=found.seed,
        screened=len(found.screen.pairs),
        passed=len(found.screen.passed),
        passed_most=number(found.screen.passed_most / found.total.value.sum()) if found.screen.passed else None,
        linear_adds=r.linear.is_local(r.linear.columns),
        pairs=[_pair(pair, output, k) for k, output in enumerate(found.outputs) for pair in found.pairs],
    )


def _pair(pair: Pair, output: str | None, k: int) -> doc.InteractionRow:
    return doc.InteractionRow(
        output=output,
        first=pair.columns[0],
        second=pair.columns[1],
        variance=at(pair.variance, k),
        share=at(pair.share, k),
        h2=at(pair.h2, k),
        shapley=at(pair.shapley, k),
    )
