"""What becomes of the columns' importance when columns move together: conditional, as families, and with a linear refit."""

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
REFIT_WORK = 10**12  # of columns times rows times encoded columns squared; a core does some 10^10 in a second


@dataclass(frozen=True, eq=False)
class Together:
    """Pairs are (network, linear). `grouped`: families as one player; None where there is none. `dropped`: of the linear side
    alone; None without held-out rows, where it could not be fitted again, or would be fitted too long."""

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
    """On these rows of both models' table; the refit on its training rows, scored on all held-out ones."""
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
    """A refit without each column takes rows times the square of the encoded columns: of many, it would be most of an audit."""
    n, d = min(SEARCHED, len(linear.table)), linear.x.shape[1]
    if len(linear.columns) * n * d**2 > REFIT_WORK:
        return None
    try:
        return drop_and_refit(linear, linear.table, together=found.families, seed=seed)
    except NotApplicableError:
        return None


def run(context: Context) -> Together:
    """Answer the question for the two models of an audit."""
    return together(context.network, context.linear, context.subsample, context.seed, progress=context.within)
