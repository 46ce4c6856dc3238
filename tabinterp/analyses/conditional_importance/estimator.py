"""Conditional, grouped and drop-column importance, for tables with correlated columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tabinterp.analyses.context import Context
from tabinterp.analyses.drop_column.estimator import Dropped, drop_and_refit
from tabinterp.analyses.permutation_importance.column_clusters import Families, families
from tabinterp.analyses.permutation_importance.estimator import PermutationImportance, permutation_importance
from tabinterp.arrays import IntArray
from tabinterp.errors import NotApplicableError
from tabinterp.linear.penalised import SEARCHED
from tabinterp.models import BoundModel

REPEATS = 5
REFIT_WORK = 10**12  # maximum of columns * rows * encoded columns^2 for refitting; one core does about 10^10 per second


@dataclass(frozen=True, eq=False)
class Together:
    """Conditional, grouped and drop-column importance. Pairs of results are in the order (network, linear model).

    `grouped` is the importance of groups of related columns, which are permuted together. It is None if no columns are related.
    `dropped` is drop-column importance, which is computed for the linear model only. It is None if no rows are held out, if the
    model could not be refitted, or if refitting would take too long.
    """

    families: Families
    conditional: tuple[PermutationImportance, PermutationImportance]
    grouped: tuple[PermutationImportance, PermutationImportance] | None
    dropped: Dropped | None


def together(
    network: BoundModel,
    linear: BoundModel,
    rows: IntArray,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Together:
    """Compute conditional, grouped and drop-column importance.

    Conditional and grouped importance of both models are computed on `rows`. For drop-column importance, the linear model is
    refitted to the training rows and evaluated on all held-out rows.
    """
    parts = [network.take(rows), linear.take(rows)]
    found = families(parts[0].table, seed=seed)
    tell = progress or (lambda share: None)
    conditional, grouped = [], []
    for i, part in enumerate(parts):
        conditional.append(permutation_importance(part, part.table, n_repeats=REPEATS, seed=seed, conditional=True))
        if found.families:
            groups = found.families
            grouped.append(permutation_importance(part, part.table, n_repeats=REPEATS, seed=seed, groups=groups))
        tell((i + 1) / 3)
    return Together(
        families=found,
        conditional=(conditional[0], conditional[1]),
        grouped=(grouped[0], grouped[1]) if grouped else None,
        dropped=_dropped(linear, found, seed),
    )


def _dropped(linear: BoundModel, found: Families, seed: int) -> Dropped | None:
    """Return the drop-column importance of the linear model, or None if refitting fails or would take too long."""
    n, d = min(SEARCHED, len(linear.table)), linear.x.shape[1]
    if len(linear.columns) * n * d**2 > REFIT_WORK:
        return None
    try:
        return drop_and_refit(linear, linear.table, together=found.families, seed=seed)
    except NotApplicableError:
        return None


def run(context: Context) -> Together:
    """Compute conditional, grouped and drop-column importance for the models of an audit."""
    return together(context.network, context.linear, context.subsample, context.seed, progress=context.within)
