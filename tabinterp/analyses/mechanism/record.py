"""How the network computes its score, as part of the document: no level, region or mean of fewer than ten rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from tabinterp.analyses.ablation.estimator import METHODS, TOGETHER, Ablations
from tabinterp.analyses.linear_regions.estimator import LinearRegions
from tabinterp.analyses.path_weights.estimator import PathWeights
from tabinterp.analyses.results import Results, at, number
from tabinterp.arrays import FloatArray
from tabinterp.document.document import Message
from tabinterp.linear.terms import AnyTerm, Contrast, Slope
from tabinterp.table.suppression import SMALL, parts_shown

from . import types as parts
from .estimator import Conductances

READINGS = ("linear regions", "conductance", "path products", "ablation of groups of units")  # as `steps` names them
MOST_REGIONS = 5
MOST_UNITS = 64  # of each output
FEWEST = 3  # columns that a rank correlation is of


def mechanism(r: Results) -> parts.Mechanism | None:
    absent = [note for note in r.notes if note.values.get("reading") in READINGS]
    if not absent and r.regions is None:  # not asked for
        return None
    return parts.Mechanism(
        seed=r.seed,
        regions=None if r.regions is None else _regions(r.regions),
        conductance=None if r.conductance is None else _conductance(r.conductance),
        paths=None if r.paths is None else _paths(r.paths, r),
        groups=None if r.unit_groups is None else _groups(r.unit_groups),
        absent=absent,
    )


# ---- terms


def _told(terms: Sequence[AnyTerm]) -> list[int]:
    """Places of terms that ten rows hold, and ten do not."""
    return [i for i, one in enumerate(terms) if not isinstance(one, Contrast) or _held(one) >= SMALL]


def _held(term: Contrast) -> int:
    return int((term.values > 0).sum())


def _named(terms: Sequence[AnyTerm], i: int) -> dict[str, Any]:
    term = terms[i]
    return {
        "column": term.term.column,
        "level": term.term.level,
        "reference": _reference(terms, term),
        "unit": term.term.unit,
        "sd": number(term.sd) if isinstance(term, Slope) else None,
    }


def _reference(terms: Sequence[AnyTerm], term: AnyTerm) -> str | None:
    """The reference level, unless so few rows have it that its name tells of single people."""
    if not isinstance(term, Contrast) or not term.term.dummy:
        return term.term.reference
    others = sum(_held(one) for one in terms if isinstance(one, Contrast) and one.term.column == term.term.column)
    return term.term.reference if len(term.values) - others >= SMALL else "…"


# ---- regions


def _regions(found: LinearRegions) -> parts.Regions:
    told, enough = _told(found.terms), parts_shown(found.rows_in)
    places = [(j, k) for k in range(len(found.outputs)) for j in told]
    return parts.Regions(
        rows=len(found.region),
        visited=found.visited,
        told=int(enough.sum()),
        share_told=float(found.share[enough].sum()),
        largest=found.largest if enough[0] else None,
        terms=[
            parts.RegionTerm(
                **_named(found.terms, j),
                output=found.outputs[k],
                mean=at(found.mean, j, k),
                spread=number(found.spread[j, k]),
                sign_flip=number(found.sign_flip[j, k]),
                linear=number(found.counterpart[j, k]),
            )
            for j, k in places
        ],
        tables=[
            parts.Region(
                rows=int(found.rows_in[i]),
                share=float(found.share[i]),
                coefficients=[float(found.coefficients[i, j, k]) for j, k in places],
            )
            for i in np.flatnonzero(enough)[:MOST_REGIONS].tolist()
        ],
        left_out=list(found.left_out),
    )


# ---- conductance


def _conductance(found: Conductances) -> parts.Conductance:
    rows = [
        parts.ConductanceRow(
            output=output,
            layer=found.layer[u],
            index=found.index[u],
            mean=at(found.mean, u, k),
            size=at(found.size, u, k),
        )
        for k, output in enumerate(found.outputs)
        for u in np.argsort(-found.size.value[:, k], kind="stable")[:MOST_UNITS].tolist()
    ]
    layers = [
        parts.ConductanceLayer(layer=name, gap=float(found.gap[i]), around=float(found.around[i].mean()))
        for i, name in enumerate(dict.fromkeys(found.layer))
    ]
    return parts.Conductance(
        rows=found.rows, tolerance=found.tolerance, layers=layers, units=len(found.layer), rows_told=rows
    )


# ---- path products


def _paths(found: PathWeights, r: Results) -> parts.Paths:
    outputs = list(enumerate(found.outputs))
    return parts.Paths(
        rows=found.rows,
        columns=[
            parts.PathColumn(
                output=output, column=column, size=number(found.size[j, k]), garson=number(found.garson[j, k])
            )
            for k, output in outputs
            for j, column in enumerate(found.columns)
        ],
        terms=[
            parts.PathTerm(
                **_named(found.terms, j),
                output=output,
                path=float(found.path[j, k]),
                gradient=float(found.gradient[j, k]),
            )
            for k, output in outputs
            for j in _told(found.terms)
        ],
        lines=[
            parts.PathLine(
                output=output,
                **{
                    name: number(getattr(found, name)[k])
                    for name in ("path_gradient", "path_optimum", "gradient_optimum", "straight")
                },
            )
            for k, output in outputs
        ],
        path_ranks=_ranks(found, found.size, r),
        garson_ranks=_ranks(found, found.garson, r),
        failures=[Message(key=key) for key in found.failures],
    )


def _ranks(found: PathWeights, sizes: FloatArray, r: Results) -> float | None:
    """Spearman's correlation of a column's size, over all outputs, with its permutation importance."""
    if r.importance is None:
        return None
    worth = dict(zip(r.importance[0].players, r.importance[0].importance, strict=True))
    told = [j for j, column in enumerate(found.columns) if column in worth and np.isfinite(sizes[j]).all()]
    if len(told) < FEWEST:
        return None
    own, theirs = rankdata(sizes[told].sum(axis=1)), rankdata([worth[found.columns[j]] for j in told])
    return None if np.ptp(own) == 0 or np.ptp(theirs) == 0 else float(np.corrcoef(own, theirs)[0, 1])


# ---- groups of units


def _groups(found: Ablations) -> parts.UnitGroups:
    worth = METHODS.index("resample")
    groups = [i for i, units in enumerate(found.groups) if len(units) > 1]
    groups.sort(key=lambda i: -found.cost.value[i, worth])
    return parts.UnitGroups(
        rows=found.rows,
        repeats=found.n_repeats,
        together=TOGETHER,
        groups=[
            parts.UnitGroup(
                layer=found.groups[i][0][0],
                units=[u for _, u in found.groups[i]],
                **{method: at(found.cost, i, m) for m, method in enumerate(found.methods)},
                alone=number(found.alone[i, worth]),
            )
            for i in groups
        ],
    )
