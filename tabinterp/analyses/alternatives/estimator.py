"""Less discriminatory alternatives: versions of both models, compared by AUC and by the impact ratios of protected columns.

The versions are:

- both models, unchanged;
- the linear model, refitted without some columns (the refit is penalised and uses at most 10,000 training rows);
- the network, with some columns fixed at their means over the training rows. This is not the same as training a network without
  these columns.

The columns that are left out or fixed are the protected columns. If a protected column is not an input, its best proxies are used
instead. Each model has one version for each of these columns and one version for all of them together.

The standard error of the AUC on the held-out rows follows DeLong et al. (1988). The impact ratio of a protected column is the
lowest selection rate of any group divided by the highest (`demographic_parity_ratio` in fairlearn). A group is included only if
its selection rate can be shown for every version without revealing individual people (see `partition`).

A version is on the frontier of a protected column unless another version is at least as good in both AUC and impact ratio, and
better in at least one of them. Only point estimates are compared; their intervals are ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
import torch

from tabinterp.analyses.context import Context
from tabinterp.analyses.drop_column.estimator import refitted_without, trained_on
from tabinterp.analyses.groups import ANALYSIS as GROUPS
from tabinterp.analyses.groups.grouped_moments import Moments
from tabinterp.analyses.groups.partition import ROWS, Family, Partition, partition, shares_told
from tabinterp.analyses.groups.selection import Decided, decided
from tabinterp.analyses.proxies import ANALYSIS as PROXIES
from tabinterp.analyses.settings import THRESHOLD
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel
from tabinterp.models.perturbation import forward
from tabinterp.preview import PreviewedFrame
from tabinterp.stats.discrimination import auc
from tabinterp.stats.estimates import FEWEST_GROUPS
from tabinterp.stats.group_contrasts import NONE, Estimate, ratio_of
from tabinterp.table import Table
from tabinterp.table.suppression import BoolArray

How = Literal["whole", "held", "refitted"]
MOST = 8  # maximum number of columns that are left out one at a time


@dataclass(frozen=True)
class Alternative:
    """One version of a model.

    `ratios` are the impact ratios, and `frontier` states whether the version is on the frontier of AUC and impact ratio. Both
    have one entry for each protected column in `Alternatives.columns`. A ratio is NaN if fewer than two groups can be shown.
    """

    model: Literal["network", "linear"]
    how: How
    without: tuple[str, ...]
    auc: Estimate
    ratios: tuple[Estimate, ...]
    frontier: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Alternatives(PreviewedFrame):
    """AUC and impact ratios of all versions of both models. `columns` are the protected columns."""

    columns: tuple[str, ...]
    versions: tuple[Alternative, ...]
    rows: int
    seed: int

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each version and protected column."""
        return pd.DataFrame(
            [
                {
                    "model": one.model,
                    "how": one.how,
                    "without": ", ".join(one.without),
                    "auc": one.auc[0],
                    "protected": column,
                    "ratio": one.ratios[i][0],
                    "frontier": one.frontier[i],
                }
                for one in self.versions
                for i, column in enumerate(self.columns)
            ]
        )


def alternatives(
    network: BoundModel,
    linear: BoundModel,
    proxies: Collection[str] = (),
    *,
    threshold: float = THRESHOLD,
    seed: int = 0,
) -> Alternatives:
    """Return AUC and impact ratios of both models, unchanged and without protected columns or their proxies.

    Both models must be bound to the whole table. `proxies` are input columns that are proxies of a protected column.

    Raises
    ------
    NotApplicableError
        If the target does not have exactly two classes, if the adverse class was not stated, if no column is protected, or if the
        table does not have both training and held-out rows.
    """
    table = network.table
    protected = tuple(c.name for c in table.schema.columns if c.protected and c.role != "target")
    if table.schema.task != "binary" or not protected or table.held_out is None or table.held_out.all():
        raise NotApplicableError(
            why("selection is of two classes, of protected groups, of held-out rows beside training rows")
        )
    if table.schema.adverse is None:
        raise NotApplicableError(why("adverse.unstated"))
    held = np.flatnonzero(table.held_out)
    cut = partition(table.take(held))
    gone = list(dict.fromkeys([*(c for c in network.columns if c in protected), *proxies]))[:MOST]
    drops = [*((c,) for c in gone), *([tuple(gone)] if len(gone) > 1 else [])]
    part = network.take(held)
    versions = [*_networks(network, held, drops), *_linears(linear, held, drops, seed)]
    ratios = _ratios(cut, [decided(part, threshold, scores) for *_, scores in versions], part.table)
    made = [
        Alternative(model, how, without, _power(scores, part.table), found)
        for (model, how, without, scores), found in zip(versions, ratios, strict=True)
    ]
    return Alternatives(protected, tuple(_on_frontier(made)), len(held), seed)


# model, kind of version, columns left out, and scores (n, 1) of the held-out rows
Version = tuple[Literal["network", "linear"], How, tuple[str, ...], FloatArray]


def _networks(network: BoundModel, held: IntArray, drops: list[tuple[str, ...]]) -> Iterator[Version]:
    yield "network", "whole", (), network.scores[held]
    training = np.flatnonzero(~np.isin(np.arange(len(network.table)), held) & (network.table.row_weights > 0))
    for columns in drops:
        if network.has_gradient and network.is_local(columns):
            part = network.part(columns)
            weights = network.at_home(network.table.row_weights[training]).to(part.dtype)
            mean = (weights[:, None] * part[training]).sum(dim=0) / weights.sum()
            with torch.inference_mode():
                yield (
                    "network",
                    "held",
                    columns,
                    forward(network.rest, network.z[held] - part[held] + mean).cpu().numpy(),
                )


def _linears(linear: BoundModel, held: IntArray, drops: list[tuple[str, ...]], seed: int) -> Iterator[Version]:
    yield "linear", "whole", (), linear.scores[held]
    if linear.is_linear and drops:
        training = trained_on(linear.table, seed)
        players = {", ".join(columns): columns for columns in drops}
        for columns, scores in zip(drops, refitted_without(linear, players, training, held, seed)[1:], strict=True):
            if np.isfinite(scores).all():
                yield "linear", "refitted", columns, scores


def _power(scores: FloatArray, table: Table) -> Estimate:
    return auc(scores[:, 0], table.y, table.row_weights, table.groups).estimate()


def _ratios(cut: Partition, versions: list[Decided], table: Table) -> list[tuple[Estimate, ...]]:
    """Return, for each version, the impact ratio of each protected column.

    A group is included only if its selection rate for every version can be shown without revealing individual people.
    """
    codes = [*zip(cut.codes(table), cut.sizes, strict=True)]
    families = cut.families([np.bincount(one, minlength=size) for one, size in codes])[: len(cut.axes)]
    each = zip(*(_told(rows, codes, families) for rows in versions), strict=True)
    told = [np.logical_and.reduce(one) for one in each]
    return [
        tuple(
            _ratio(rows.moments(*one), family, shown) for one, family, shown in zip(codes, families, told, strict=False)
        )
        for rows in versions
    ]


def _told(rows: Decided, codes: list[tuple[IntArray, int]], families: Sequence[Family]) -> list[list[bool]]:
    """Return, for each group of each protected column, whether its selection rate can be shown without revealing individuals."""
    sides = [np.bincount(2 * one + (rows.selected > 0), minlength=2 * size).reshape(size, 2) for one, size in codes]
    return shares_told(families, [one[family.places] for family, one in zip(families, sides, strict=False)])


def _ratio(found: Moments, family: Family, told: BoolArray) -> Estimate:
    """Return the lowest selection rate divided by the highest.

    Only groups that are marked in `told` and have at least `ROWS` rows and `FEWEST_GROUPS` sampling units are included.
    """
    shares = [
        found.share(int(place))
        for place, cell, one in zip(family.places, family.cells, told, strict=True)
        if one and cell.rows >= ROWS
    ]
    large = [one for one in shares if np.isfinite(one.value) and one.units >= FEWEST_GROUPS]
    shares = sorted(large, key=lambda one: one.value)
    return ratio_of(shares[0], shares[-1]) if len(shares) > 1 else NONE


def _on_frontier(made: list[Alternative]) -> Iterator[Alternative]:
    for one in made:
        flags = []
        for i, ratio in enumerate(one.ratios):
            here = np.array([one.auc[0], ratio[0]])
            others = np.array([[other.auc[0], other.ratios[i][0]] for other in made])
            better = (others >= here).all(axis=1) & (others > here).any(axis=1)
            flags.append(bool(np.isfinite(here).all() and not better.any()))
        yield replace(one, frontier=tuple(flags))


def run(context: Context) -> Alternatives | None:
    """Compare versions of both models of an audit.

    Return None if the groups of people were not compared, if the target does not have two classes, or if no rows are held out.
    """
    if context[GROUPS] is None or context.network.table.schema.task != "binary" or not context.held_out:
        return None
    known = context[PROXIES]
    best = [] if known is None else [column for proxy in known.proxies for column in proxy.best]
    return alternatives(context.network, context.linear, best, threshold=context.threshold, seed=context.seed)
