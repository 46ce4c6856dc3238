"""Conditional and grouped importance in the audit document: single columns given the others, and groups of related columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from tabinterp.analyses.permutation_importance import record as permutation_importance
from tabinterp.analyses.permutation_importance.record import ASSOCIATED, FEWEST
from tabinterp.analyses.record_values import at, interval, number, rows_of
from tabinterp.document.base import Interval, Metric, Part
from tabinterp.document.rows_of_analyses import ReadingRows, training, used_rows

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.drop_column.estimator import Dropped
    from tabinterp.analyses.permutation_importance.estimator import PermutationImportance
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import Together as TogetherResult


class ConditionalRow(Part):
    column: str
    conditioned: list[str]  # columns that define the strata; if empty, all rows form one stratum
    strata: int
    smallest: int  # number of rows in the smallest stratum
    network: Interval  # rise in loss if the column is permuted within strata
    linear: Interval
    difference: Interval  # network minus linear, paired by row
    off_support: float | None
    dropped: Interval  # rise in held-out loss if a linear model is refitted without the column; empty if not measured


class FamilyRow(Part):
    columns: list[str]
    weakest: float  # weakest association between any two columns of the group
    network: Interval  # rise in loss if the values of all columns in the group come from one other row
    linear: Interval
    difference: Interval
    dropped: Interval


class Together(Part):
    """The importance of columns given the other columns, and of groups of columns that carry the same information."""

    loss: Metric
    rows_of: Literal["held-out", "all"]
    rows: int
    repeats: int
    seed: int
    associated: float  # minimum association with a column for another column to be conditioned on
    fewest: int  # minimum number of rows in a stratum
    threshold: float  # minimum average association between the columns of a group
    association_rows: int
    refit_rows: int | None  # number of training rows used for refits; None if there are no refits
    refit_scored_rows: int | None
    columns: list[ConditionalRow]  # in the order of the permutation importance
    families: list[FamilyRow]

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("together", "both", self.rows, self.rows_of, self.seed, repeats=self.repeats)
        yield used_rows("together_fitted", "refits", self.refit_rows or 0, training(document), self.seed)


def build(r: Results) -> Together | None:
    """Return conditional and grouped importance, or None if they were not computed.

    Columns are in the order of permutation importance.
    """
    result = r[ANALYSIS]
    if result is None:
        return None
    order = [row.column for row in permutation_importance.build(r).columns]
    network = result.conditional[0]
    linear = result.conditional[1]
    difference = network.minus(linear)
    rows = {
        column: ConditionalRow(
            column=column,
            **_strata(network, column),
            network=_player(network, i),
            linear=_player(linear, i),
            difference=at(difference, i),
            off_support=number(network.off_support[i]),
            dropped=_dropped(result.dropped, column),
        )
        for i, column in enumerate(network.players)
    }
    return Together(
        loss=network.loss,
        rows_of=rows_of(r),
        rows=network.rows,
        repeats=network.n_repeats,
        seed=network.seed,
        associated=ASSOCIATED,
        fewest=FEWEST,
        threshold=result.families.threshold,
        association_rows=result.families.rows,
        refit_rows=None if result.dropped is None else result.dropped.training_rows,
        refit_scored_rows=None if result.dropped is None else result.dropped.rows,
        columns=[rows[c] for c in [*order, *(c for c in rows if c not in order)]],
        families=_families(result),
    )


def _strata(importance: PermutationImportance, player: str) -> dict[str, Any]:
    strata = importance.strata.get(player)
    if strata is None:
        return {"conditioned": [], "strata": 1, "smallest": importance.rows}
    return {"conditioned": list(strata.conditioned), "strata": len(strata), "smallest": strata.smallest}


def _families(result: TogetherResult) -> list[FamilyRow]:
    if result.grouped is None:
        return []
    network, linear = result.grouped
    difference, rows = network.minus(linear), []
    for name, columns in result.families.families.items():
        i = network.players.index(name)
        rows.append(
            FamilyRow(
                columns=list(columns),
                weakest=result.families.weakest(name),
                network=_player(network, i),
                linear=_player(linear, i),
                difference=at(difference, i),
                dropped=_dropped(result.dropped, name),
            )
        )
    return sorted(rows, key=lambda row: -(row.network.value or 0.0))


def _player(result: PermutationImportance, i: int) -> Interval:
    return interval(result.importance[i], result.stderr[i], result.ci_low[i], result.ci_high[i])


def _dropped(result: Dropped | None, player: str) -> Interval:
    return Interval() if result is None else at(result.importance, result.players.index(player))
