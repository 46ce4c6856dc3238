"""Is what `weak-subgroup` says of a clean twin true? Asked of rows that neither the network, nor its counterpart, nor the check
has seen: what is left of a bundled table, or more rows of a simulated one.

The rule was written down before it was tried: the group that the finding names, judged alone and with nothing searched, keeps
the limits of the check on at least 50 such rows. Then the table is not clean of it, and the finding is no false alarm. A table
of which no rows are left has none to be told from, and its alarms stay alarms.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import logsumexp

import tabinterp as ti
from tabinterp.comparison.partition import Condition, cut
from tabinterp.comparison.weak import WeakGroups
from tabinterp.findings import people
from tabinterp.models import Bound, bind
from tabinterp.models.scores import probabilities

from .audits import Audited
from .tables import Rows

Array = np.ndarray
Z, FEWEST = 1.96, 50


def borne_out(made: Audited, rows: Rows, unseen: Rows) -> bool:
    """Does the weak group that was named fail on these rows as well?"""
    if not len(unseen.frame):
        return False
    frame = pd.concat([rows.frame[rows.training], unseen.frame], ignore_index=True)
    table = rows.of(frame.astype(rows.frame.dtypes.to_dict())).table()
    network, linear = (bind(bound.model, table).take(table.held_out) for bound in (made.network, made.linear))
    found: WeakGroups = made.found["weak"]
    claim = made.findings["weak-subgroup"].claim
    told = (claim.values["rows"], claim.values["loss"], claim.values["rest"])
    group = next(one for one in found.groups if (one.rows, one.loss, one.rest) == told)
    seen = made.network.table.evaluation_rows()
    inside = np.logical_and.reduce([_rows_of(one, seen, network.table) for one in group.conditions])
    if inside.sum() < FEWEST:
        return False
    return (_sure if claim.key.endswith("sure") else _fails)(network, linear, inside)


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


def _fails(network: Bound, linear: Bound, inside: Array) -> bool:
    y, lost = network.table.y, _losses(network)
    null = _null(network.table)
    far = _apart(lost, inside)[0] > 0 and lost[inside].mean() >= people.FAR * lost[~inside].mean()
    skilled = 1 - lost[~inside].mean() / null >= people.SKILLED
    if network.table.schema.goal.classes:
        beyond = _apart(lost - _entropy(linear), inside)[0] >= people.BEYOND * null
    else:
        values = lost - (1 - people.SKILL) * (y - y[inside].mean()) ** 2
        beyond = _mean(values[inside])[0] > 0
    return bool(far and skilled and beyond)


def _sure(network: Bound, linear: Bound, inside: Array) -> bool:
    return bool(_mean((_losses(network) - _entropy(network))[inside])[0] >= people.EXCESS * _null(network.table))


def _mean(values: Array) -> tuple[float, float]:
    """Lower and upper end of the 95% interval."""
    reach = Z * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - reach), float(values.mean() + reach)


def _apart(values: Array, inside: Array) -> tuple[float, float]:
    one, other = values[inside], values[~inside]
    reach = Z * np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    return float(one.mean() - other.mean() - reach), float(one.mean() - other.mean() + reach)


def _losses(bound: Bound) -> Array:
    s, y = np.asarray(bound.scores, dtype=float), bound.table.y
    if not bound.table.schema.goal.classes:
        return np.asarray((y - s[:, 0]) ** 2)
    if s.shape[1] == 1:
        return np.asarray(np.logaddexp(0, s[:, 0]) - y * s[:, 0])
    return np.asarray(logsumexp(s, axis=1) - s[np.arange(len(y)), y.astype(int)])


def _entropy(bound: Bound) -> Array:
    p = probabilities(bound.scores)
    return np.asarray(-(p * np.log(np.maximum(p, 1e-300))).sum(axis=1))


def _null(table: ti.Table) -> float:
    if not table.schema.goal.classes:
        return float(table.y.var())
    share = np.bincount(table.y.astype(int)) / len(table)
    return float(-(share * np.log(np.maximum(share, 1e-300))).sum())
