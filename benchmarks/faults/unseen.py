"""Is a finding about a clean twin true? It is judged on rows that the network, its counterpart and the check have not seen.

These are the remaining rows of a bundled table, or further rows of a simulated one. The rules were written down before they were
tried. A finding is true of the twin, and is no false alarm, in these cases:

- `weak-subgroup`: the group that the finding names is evaluated alone, without a search. It is beyond the limits of the check on
  at least 50 such rows.
- `miscalibrated`, `worse-than-linear` and `overfit`, which judge one trained network as a whole: the same check is raised on at
  least 1,000 such rows.

If a table has no rows left, this cannot be shown, and its findings remain false alarms.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

import tabinterp as ti
from tabinterp.analyses.groups.partition import Condition, cut
from tabinterp.analyses.subgroup_gaps.estimator import above_noise, weak_groups
from tabinterp.checks.weak_subgroup import BEYOND_PERCENT, EXCESS_PERCENT
from tabinterp.models import bind

from .audits import Audited, audited
from .tables import Rows

Array = np.ndarray
Z, FEWEST = 1.96, 50
OF_THE_NETWORK, FEWEST_OF_ALL = ("miscalibrated", "worse-than-linear", "overfit"), 1000


def raised_again(made: Audited, rows: Rows, unseen: Rows, slug: str, analyses: frozenset[str]) -> bool:
    """Is the check raised on these rows as well?"""
    if len(unseen.frame) < FEWEST_OF_ALL:
        return False
    return audited(_held_out(made, rows, unseen), made.network.model, analyses, {}).status(slug) == "raised"


def borne_out(made: Audited, rows: Rows, unseen: Rows) -> bool:
    """Does the weak group that was named fail on these rows as well?"""
    if not len(unseen.frame):
        return False
    losses = above_noise(bind(made.network.model, _held_out(made, rows, unseen)))
    found = weak_groups(made.network)
    claim = made.findings["weak-subgroup"].claim
    told = (claim.values["rows"], claim.values["loss"], claim.values["rest"])
    group = next(one for one in found.groups if (one.rows, one.loss, one.rest) == told)
    seen = made.network.table.evaluation_rows()
    inside = np.logical_and.reduce([_rows_of(one, seen, losses.table) for one in group.conditions])
    if inside.sum() < FEWEST:
        return False
    name, percent = ("excess", EXCESS_PERCENT) if claim.key.endswith("sure") else ("beyond", BEYOND_PERCENT)
    return _low(losses.above[name][inside]) >= percent / 100 * _null(losses.table)


def _held_out(made: Audited, rows: Rows, unseen: Rows) -> ti.Table:
    """The rows that the network learned from, with what was planted into them, and the unseen ones held out."""
    learnt = made.network.table.training_rows().frame
    frame = pd.concat([learnt[list(rows.frame)], unseen.frame[list(rows.frame)]], ignore_index=True)
    return rows.of(frame.astype(rows.frame.dtypes.to_dict())).table()


def _rows_of(condition: Condition, cut_on: ti.Table, table: ti.Table) -> Array:
    """(n,) which rows of `table` meet a condition that was cut on other rows."""
    values = table.frame[condition.column]
    missing = values.isna().to_numpy()
    if condition.kind == "missing":
        return missing
    if condition.kind in ("level", "others"):
        levels = {one.level for one in cut(cut_on, condition.column).conditions if one.kind == "level"}
        text = values.astype(str).to_numpy()
        known = text == condition.level if condition.kind == "level" else ~np.isin(text, list(levels))
        return np.asarray(~missing & known)
    x = values.to_numpy(dtype=float, na_value=np.nan)
    low, high = (
        -np.inf if condition.low is None else condition.low,
        np.inf if condition.high is None else condition.high,
    )
    return np.asarray((x > low) & (x <= high))


def _low(values: Array) -> float:
    """Lower end of the 95% interval of the mean."""
    return float(values.mean() - Z * values.std(ddof=1) / np.sqrt(len(values)))


def _null(table: ti.Table) -> float:
    if not table.schema.goal.classes:
        return float(table.y.var())
    share = np.bincount(table.y.astype(int)) / len(table)
    return float(-(share * np.log(np.maximum(share, 1e-300))).sum())
