"""Conditional and grouped importance, and integrated gradients from several baselines, as parts of the document."""

from __future__ import annotations

from typing import Any

from tabinterp.analyses.baselines.estimator import STARTS, Baselines
from tabinterp.analyses.drop_column.estimator import Dropped
from tabinterp.analyses.permutation_importance.estimator import ASSOCIATED, PermutationImportance, paired_difference
from tabinterp.analyses.permutation_importance.strata import FEWEST
from tabinterp.analyses.results import Results, at, interval, number, rows_of
from tabinterp.document.base import Interval

from . import types as doc
from .estimator import Together


def together(r: Results, order: list[str]) -> doc.Together | None:
    """`order`: the columns, most important first."""
    found = r.together
    if found is None:
        return None
    network = found.conditional[0]
    difference = paired_difference(*found.conditional)
    rows = {
        column: doc.ConditionalRow(
            column=column,
            **_strata(network, column),
            network=_player(network, i),
            linear=_player(found.conditional[1], i),
            difference=at(difference, i),
            off_support=number(network.off_support[i]),
            dropped=_dropped(found.dropped, column),
        )
        for i, column in enumerate(network.players)
    }
    return doc.Together(
        loss=network.loss,
        rows_of=rows_of(r),
        rows=network.rows,
        repeats=network.n_repeats,
        seed=network.seed,
        associated=ASSOCIATED,
        fewest=FEWEST,
        threshold=found.families.threshold,
        association_rows=found.families.rows,
        refit_rows=None if found.dropped is None else found.dropped.training_rows,
        refit_scored_rows=None if found.dropped is None else found.dropped.rows,
        columns=[rows[c] for c in [*order, *(c for c in rows if c not in order)]],
        families=_families(found),
    )


def _strata(found: PermutationImportance, player: str) -> dict[str, Any]:
    strata = found.strata.get(player)
    if strata is None:
        return {"conditioned": [], "strata": 1, "smallest": found.rows}
    return {"conditioned": list(strata.conditioned), "strata": len(strata), "smallest": strata.smallest}


def _families(found: Together) -> list[doc.FamilyRow]:
    if found.grouped is None:
        return []
    network, linear = found.grouped
    difference, made = paired_difference(network, linear), []
    for name, columns in found.families.families.items():
        i = network.players.index(name)
        made.append(
            doc.FamilyRow(
                columns=list(columns),
                weakest=found.families.weakest(name),
                network=_player(network, i),
                linear=_player(linear, i),
                difference=at(difference, i),
                dropped=_dropped(found.dropped, name),
            )
        )
    return sorted(made, key=lambda row: -(row.network.value or 0.0))


def _player(found: PermutationImportance, i: int) -> Interval:
    return interval(found.importance[i], found.stderr[i], found.ci_low[i], found.ci_high[i])


def _dropped(found: Dropped | None, player: str) -> Interval:
    return Interval() if found is None else at(found.importance, found.players.index(player))


def baselines(r: Results) -> doc.Baselines | None:
    if r.baselines is None:
        return None
    network, linear = r.baselines
    rows = network["rows"]
    return doc.Baselines(
        rows=len(rows.values),
        background_rows=rows.settings["background_rows"],
        tolerance=rows.tolerance or 0.0,
        seed=r.seed,
        starts=[
            doc.StartRow(
                baseline=s.baseline,
                neighbours=s.neighbours,
                unlike=list(s.unlike),
                reference=s.reference,
            )
            for s in network.starts
        ],
        gaps=[
            doc.StartGap(baseline=name, network=number(network[name].gap), linear=number(linear[name].gap))
            for name in STARTS
        ],
        pairs=[
            doc.BaselinePair(
                first=a.first,
                second=a.second,
                top=a.top,
                network=number(a.spearman),
                network_overlap=number(a.overlap),
                linear=number(b.spearman),
                linear_overlap=number(b.overlap),
            )
            for a, b in zip(network.agreement, linear.agreement, strict=True)
        ],
        columns=_sizes(network, linear),
    )


def _sizes(network: Baselines, linear: Baselines) -> list[doc.BaselineRow]:
    sizes = [{name: made[name].size().value.sum(axis=1) for name in STARTS} for made in (network, linear)]
    return [
        doc.BaselineRow(
            column=column,
            network={name: number(sizes[0][name][j]) for name in STARTS},
            linear={name: number(sizes[1][name][j]) for name in STARTS},
        )
        for j, column in enumerate(network["mean"].columns)
    ]
