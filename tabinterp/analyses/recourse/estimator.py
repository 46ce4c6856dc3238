"""Recourse: the smallest change to changeable columns that turns an adverse decision into a favourable one.

`changes` defines which columns may change, to which values, and at what cost; `search` finds the cheapest change. A change is
accepted only if it is

- *valid*: the model's decision on the changed row is favourable;
- *plausible*: the changed row is no more atypical than 99% of the training rows (a sample of at most 2,000), by the four measures
  of typicality (`maximisation/typicality`), or no more atypical than the original row. A row that is unusually close to the
  centre or to other rows is not treated as atypical.

For each row, the search finds the cheapest valid change to each set of columns. The result is the cheapest plausible change among
them. If none is plausible, changes that take the values of several columns from one training row are also tried. A row for which
all valid changes are implausible has no recourse, and is counted separately. Unless the search is exact, the status "none" means
only that no change was found.

The share of rows without recourse is computed over the rows that the network declines. At most 500 declined rows are used,
sampled by a hash of their row numbers. The two models are compared on the sampled rows that the linear model also declines.
Shares have Wilson intervals (1927), and means and differences have Student's t intervals. Standard errors are computed over rows
or, if the table has a group column, over groups of rows. They take row weights into account, and treat the training rows as
fixed.

Each group of a protected column is compared with all other declined rows. The p-value comes from Student's t distribution, with
the standard error computed under the hypothesis of equal shares (a score test). For independent rows without weights, the larger
of this p-value and that of Fisher's exact test is reported. The score test alone would give p-values that are too small for the
groups that are shown. Groups with small counts are not shown. A group in which few rows are expected to be without recourse is
therefore shown only if unusually many rows, or none, are without recourse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from scipy import stats

from tabinterp.analyses.clustered_means import NONE, Mean, influences, mean_of, share_of, spread, told_share
from tabinterp.analyses.constraints.estimator import declared
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, named
from tabinterp.analyses.groups.partition import ROWS as LARGE
from tabinterp.analyses.groups.partition import Condition, partition, shares_told
from tabinterp.analyses.maximisation.typicality import typicality
from tabinterp.analyses.performance.estimator import FEWEST, bound_pair, discordance, groups, is_positive
from tabinterp.analyses.settings import THRESHOLD, Constraint
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, TabinterpError, argument
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.rounding import Rounding
from tabinterp.table.suppression import SMALL, BoolArray, countable, countless

from . import ASKED, ROWS
from .changes import GRID, LEVEL, Choice, changed_rows, choices
from .proof import is_provable, proven
from .search import Decisions, Flips, as_in_training_rows, cheapest, readable, searched

DONORS = 10_000  # maximum number of training rows from which new values come
PROVEN = 20  # maximum number of rows for which an integer programme is solved
FEW_VALUES = 20  # maximum number of new values of a numeric column, if each changed row is encoded again
EACH = 16  # changes per row that are checked for plausibility at once

FOUND, IMPLAUSIBLE, WITHOUT = "found", "implausible", "none"
Status = Literal["found", "implausible", "none"]


@dataclass(frozen=True, eq=False)
class Changes:
    """The recourse of each row under one model.

    Parameters
    ----------
    rows : indices of the rows in the table (n,).
    status : for each row (n,), "found", "implausible" (all valid changes are implausible) or "none" (no valid change was found).
    cost : total shift in percentiles of the training rows (n,); NaN without recourse.
    exact : for each row (n,), whether it is proved that no cheaper valid change exists, or that no valid change exists at all.
    columns : names of the columns that can change (K,).
    changed : whether each column changes in each row (n, K).
    values : input columns of the n rows after the change.
    is_exact : whether an exact method was used for all rows. If so, the status "none" means that no valid change exists.
    """

    rows: IntArray
    status: FloatArray | Any
    cost: FloatArray
    exact: BoolArray
    columns: tuple[str, ...]
    changed: BoolArray
    values: pd.DataFrame
    is_exact: bool

    @property
    def found(self) -> BoolArray:
        return np.asarray(self.status == FOUND)


@dataclass(frozen=True, eq=False)
class Shares:
    """Share of rows without recourse under one model, and cost of recourse, with standard errors and 95% intervals.

    Attributes
    ----------
    only_implausible : share of rows for which valid changes were found, but none of them is plausible.
    cost : mean cost over rows with recourse, in percentiles.
    quartiles : quartiles of the cost, rounded so that at least ten rows share each value; NaN if a quartile is rounded to 0.
    one_column : among rows with recourse, the share in which only one column changes.
    columns : among rows with recourse, the share in which each column changes.
    is_exact : as in `Changes`.
    """

    without: Mean
    only_implausible: Mean
    cost: Mean
    quartiles: tuple[float, float, float]
    one_column: Mean
    columns: tuple[Mean, ...]
    is_exact: bool


@dataclass(frozen=True, eq=False)
class GroupShare:
    """The share of a group's rows that have no recourse under the network, compared with the share in all other rows.

    Attributes
    ----------
    difference : share of rows without recourse in the group minus the share in all other rows, with a 95% interval.
    p : p-value of the hypothesis of no difference. NaN if the group, or the set of all other rows, has fewer than 30 rows or
        fewer than ten values of the table's group column.
    """

    conditions: tuple[Condition, ...]
    share: Mean
    difference: Mean
    p: float


@dataclass(frozen=True, eq=False)
class Recourse(Display):
    """Recourse for rows that the network declines.

    Parameters
    ----------
    declared : columns that can change, with their permitted directions and ranges.
    declined_rows : number of rows that the network declines.
    rows : number of declined rows that were analysed.
    both_rows : number of analysed rows that the linear model also declines.
    network : shares and costs for the network, over all analysed rows.
    linear : shares and costs for the linear model, over the rows that both models decline.
    network_on_both : share of rows without recourse under the network, over the rows that both models decline.
    difference : `network_on_both` minus the linear model's share without recourse.
    groups : shares without recourse in the groups of protected columns.
    changes : recourse for each row under the network.
    linear_changes : recourse under the linear model for each row that both models decline.
    training_rows : number of training rows that supplied new values.
    evaluations : number of changed rows that the models scored.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.recourse",
        dict.fromkeys(("network", "linear"), ("without", "ci_low", "ci_high")),
        named("of"),
        by="model",
        other="groups",
        at=None,
    )

    declared: tuple[Constraint, ...]
    adverse: str
    threshold: float
    declined_rows: int
    rows: int
    both_rows: int
    both_told: bool
    network: Shares
    linear: Shares
    network_on_both: Mean
    difference: Mean
    groups: tuple[GroupShare, ...]
    changes: Changes
    linear_changes: Changes
    numbers: IntArray
    before: pd.DataFrame
    values: int
    training_rows: int
    evaluations: int
    seed: int
    level_cost: int = LEVEL

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each declined row, model and changed column.

        The columns of the frame are the number of the declined row, the model, the status, the cost, whether the result is exact,
        the changed column, and its value before and after the change. For a declined row without recourse, the frame contains a
        single row per model, in which the changed column is None.
        """
        made: list[dict[str, Any]] = []
        for model, changes in (("network", self.changes), ("linear", self.linear_changes)):
            for i, at in enumerate(changes.rows):
                told = {"row": self.numbers[at], "model": model, "status": changes.status[i], "cost": changes.cost[i]}
                told["exact"] = bool(changes.exact[i])
                moved: list[str | None] = [c for k, c in enumerate(changes.columns) if changes.changed[i, k]]
                for c in moved or [None]:
                    values: dict[str, Any] = {"column": c, "before": None, "after": None}
                    if c is not None:
                        values |= {"before": self.before[c].iloc[at], "after": changes.values[c].iloc[i]}
                    made.append(told | values)
        names = ["row", "model", "status", "cost", "exact", "column", "before", "after"]
        return pd.DataFrame(made, columns=names)

    @any_backend
    def shares(self) -> pd.DataFrame:
        """Return a data frame with the share of rows without recourse under each model and, for the network, in each group."""
        rows = [
            ("network", "declined rows", self.network.without),
            ("network", "rows that both decline", self.network_on_both),
            ("linear", "rows that both decline", self.linear.without),
            *(("network", " and ".join(f"{c.column}: {c.name}" for c in g.conditions), g.share) for g in self.groups),
        ]
        names = ("without", "stderr", "ci_low", "ci_high")
        return pd.DataFrame([{"model": m, "of": of} | dict(zip(names, v, strict=True)) for m, of, v in rows])

    def _numbers(self) -> pd.DataFrame:
        return self.shares()


def recourse(
    model: Model | BoundModel,
    table: Table,
    counterpart: Model | BoundModel | None = None,
    *,
    rows: Sequence[int] | IntArray | BoolArray | None = None,
    changeable: Iterable[str] | Mapping[str, Any] | None = None,
    immutable: Iterable[str] = (),
    threshold: float = THRESHOLD,
    seed: int = 0,
) -> Recourse:
    """Find the smallest change to changeable columns that reverses each adverse decision, for a network and its counterpart.

    The cost of a change is its total shift in percentiles of the training rows. A change between unordered levels counts as a
    shift of 50 percentiles. New values are taken from training rows, and missing values stay missing. If a numeric column has
    more than about a hundred distinct values, only about a hundred of its quantiles are considered. A change to a value between
    two of these quantiles might cost one percentile less than the change found. If the encoder mixes columns, only 20 quantiles
    are considered, and a change to a value between two of them might cost five percentiles less.

    A change is accepted only if the model's decision on the changed row is favourable and the changed row is plausible. A changed
    row is plausible if it is no more atypical than 99% of the training rows, or no more atypical than before the change. For a
    small ReLU network and at most 20 rows, integer programming finds the cheapest changes and proves that there are no cheaper
    ones. The column `exact` of `Recourse.frame` marks rows with an exact result.

    Parameters
    ----------
    model : the network.
    table : the rows. The adverse class must be declared when the table is read (`read_table(..., adverse=)`).
    counterpart : the linear model; by default, one is fitted, as in an audit.
    rows : indices (m,) or a mask (n,) of rows of the table. Only rows that the network declines are used. None means at most 500
        declined rows, sampled by a hash of their row numbers from the held-out rows, or from all rows if the table has no split.
    changeable : names of the columns that may change, or a mapping from names to permitted changes. A permitted change is "+"
        (only to higher values), "-" (only to lower values), "any", or a mapping with the keys `changeable`, `low` and `high`.
        None allows all input columns that are neither immutable nor protected.
    immutable : names of columns that must not change.
    threshold : probability above which a row is predicted positive.

    Raises
    ------
    NotApplicableError
        If the task is not binary, if the adverse class was not declared, or if the network declines none of the rows.
    TabinterpError
        If an argument has an invalid value.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> from sklearn.linear_model import LogisticRegression
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"income": draw.normal(size=500), "age": draw.normal(size=500)})
    >>> frame["y"] = (frame["income"] + 0.3 * draw.normal(size=500) > 0).astype(int)
    >>> table = ti.read_table(frame, target="y", positive=1, adverse=0, split=0.5)
    >>> model = ti.wrap(LogisticRegression().fit(frame[["income", "age"]], frame["y"]))
    >>> found = recourse(model, table, model, changeable={"income": "+"})
    >>> found.network.without[0], found.frame()["column"].unique().tolist()
    (0.0, ['income'])
    """
    permitted = _permitted(table, changeable, immutable)
    _check(table, threshold)
    network, linear = bound_pair(model, table, counterpart, seed)
    asked = table.evaluated if rows is None else _positions(rows, len(table))
    declined = _declined(network.take(asked), threshold)
    down = asked[declined]
    if len(down) == 0:
        raise NotApplicableError(why("recourse.none"))
    used = down if rows is not None else down[np.sort(chosen(table.numbers[down], ROWS, seed))]
    return _recourse(network, linear, used, len(down), permitted, threshold, seed, proofs=True)


def _permitted(table: Table, changeable: Any, immutable: Iterable[str]) -> tuple[Constraint, ...]:
    """Return the columns that may change, with the permitted direction and range of each."""
    fixed = [immutable] if isinstance(immutable, str) else list(immutable)
    inputs = list(table.schema.inputs)
    if unknown := [name for name in fixed if name not in inputs]:
        raise TabinterpError(
            f"{argument('immutable')} must name input columns; got {unknown}. The input columns are {inputs}"
        )
    if changeable is None:
        changeable = [name for name in inputs if name not in fixed and not table.schema[name].protected]
    elif isinstance(changeable, str):
        changeable = [changeable]
    given = dict(changeable) if isinstance(changeable, Mapping) else dict.fromkeys(changeable, True)
    if both := [name for name in given if name in fixed]:
        raise TabinterpError(
            f"{argument('changeable')} and {argument('immutable')} must not name the same columns; got {both} in both. Remove "
            "these columns from one of the two arguments"
        )
    if not given:
        raise TabinterpError(
            f"there is no column to change, because {argument('changeable')} is empty, or every input column is immutable or "
            "protected. Specify at least one changeable column"
        )
    made = declared(
        table, {name: one if isinstance(one, Mapping) else {"changeable": one} for name, one in given.items()}
    )
    if still := [one.column for one in made if one.changeable is None]:
        raise TabinterpError(
            f"every mapping in {argument('changeable')} must have the key 'changeable', but the mappings of the columns {still} "
            "do not. Add the key"
        )
    return made


def _check(table: Table, threshold: float) -> None:
    if table.schema.task != "binary":
        raise NotApplicableError(why("recourse.task"))
    if table.schema.adverse is None:
        raise NotApplicableError(why("adverse.unstated"))
    if not 0 < threshold < 1:
        raise TabinterpError(
            f"the threshold must be a probability between 0 and 1; got {argument('threshold', threshold)}"
        )


def _positions(rows: Any, size: int) -> IntArray:
    """Return the row indices, given either as indices or as a mask over `size` rows."""
    given = np.asarray(rows)
    if given.dtype == np.bool_ and given.shape == (size,):
        return np.flatnonzero(given)
    if given.ndim == 1 and np.issubdtype(given.dtype, np.integer) and ((given >= 0) & (given < size)).all():
        return np.unique(given).astype(np.int64)
    raise TabinterpError(
        f"{argument('rows')} must be a Boolean mask of {size:,} rows, or a list of row positions from 0 to {size - 1:,}; got an "
        f"array of type {given.dtype} and shape {given.shape}"
    )


def _declined(bound: BoundModel, threshold: float) -> BoolArray:
    """Return a mask (n,) of the declined rows with positive weight.

    A row is declined if its predicted class is the adverse class.
    """
    adverse_is_positive = bound.table.schema.compared == 0
    declined = is_positive(bound.scores[:, 0], threshold) == adverse_is_positive
    return np.asarray(declined & (bound.table.row_weights > 0))


def _recourse(
    network: BoundModel,
    linear: BoundModel,
    used: IntArray,
    declined_rows: int,
    permitted: tuple[Constraint, ...],
    threshold: float,
    seed: int,
    proofs: bool,
) -> Recourse:
    """Compute recourse under both models for the rows with indices `used`, all of which the network declines."""
    table = network.table
    training = np.arange(len(table)) if table.held_out is None else np.flatnonzero(~table.held_out)
    training = training[np.sort(chosen(table.numbers[training], DONORS, seed))]
    kept = np.concatenate([used, training])
    network_part = network.take(kept)
    parts = [network_part, linear.take(kept, network_part.table)]
    n, donors = len(used), np.arange(len(used), len(kept))
    reference = network_part.take(donors)
    columns = [one.column for one in permitted]
    local = all(part.is_local(tuple(columns)) for part in parts)
    size = GRID if local else FEW_VALUES
    made = choices(network_part.table, np.arange(n), donors, permitted, size)
    both = _declined(parts[1].take(np.arange(n)), threshold)
    changes, evaluations = [], 0
    for part, rows in zip(parts, (np.arange(n), np.flatnonzero(both)), strict=True):
        found, asked = _of_model(part, rows, made, threshold, reference, seed, proofs)
        changes.append(found)
        evaluations += asked
    rows_table = network_part.table.take(np.arange(n))
    evaluated = network.take(table.evaluated)
    apart = discordance(np.stack([evaluated.scores, linear.take(table.evaluated).scores]), evaluated.table, threshold)
    both_told = apart.possible is None and apart.margins_told and not countless(int(both.sum()), n)
    ours, theirs = changes
    on_both, difference = _compared(rows_table, ours, theirs, both, both_told)
    return Recourse(
        declared=permitted,
        adverse=str(table.schema.adverse),
        threshold=threshold,
        declined_rows=declined_rows,
        rows=n,
        both_rows=int(both.sum()),
        both_told=both_told,
        network=_shares(rows_table, ours),
        linear=_shares(rows_table.take(np.flatnonzero(both)), theirs) if both_told else _untold(len(columns), theirs),
        network_on_both=on_both,
        difference=difference,
        groups=tuple(_by_group(evaluated, rows_table, ours, threshold)),
        changes=ours,
        linear_changes=theirs,
        numbers=rows_table.numbers,
        before=rows_table.inputs,
        values=size,
        training_rows=len(training),
        evaluations=evaluations,
        seed=seed,
    )


# ---- one model


def _of_model(
    bound: BoundModel,
    rows: IntArray,
    made: Sequence[Choice],
    threshold: float,
    reference: BoundModel,
    seed: int,
    proofs: bool,
) -> tuple[Changes, int]:
    """Find recourse for `rows` under one model. Also return the approximate number of changed rows that the model scored."""
    asked = [choice.take(rows) for choice in readable(bound, made)]
    decisions = Decisions(bound, rows, asked, threshold)
    own = typicality(reference, bound.table.take(rows).inputs, seed).outward if len(rows) else np.zeros(0)
    n = len(rows)
    status = np.full(n, WITHOUT, dtype=object)
    cost, exact = np.full(n, np.nan), np.zeros(n, dtype=np.bool_)
    state = np.full((n, len(asked)), -1, dtype=np.int16)

    def take(flips: Flips, at: IntArray, sure: BoolArray) -> BoolArray:
        """Store the cheapest plausible change for each of the rows `at`. Return a mask of the rows for which there is none."""
        valid, plausible = _confirmed(decisions, flips, at, own, reference, seed)
        order = np.searchsorted(flips.row, np.arange(len(at)))  # position in `flips` of the cheapest change to each row
        without = np.ones(len(at), dtype=np.bool_)
        for place in reversed(np.flatnonzero(valid)):
            i = at[flips.row[place]]
            if plausible[place]:
                status[i], cost[i], state[i] = FOUND, flips.cost[place], flips.state[place]
                exact[i] = sure[flips.row[place]] and place == order[flips.row[place]]
                without[flips.row[place]] = False
            elif status[i] == WITHOUT:
                status[i] = IMPLAUSIBLE
        return without

    flips, is_exact = cheapest(decisions)
    sure = np.full(n, is_exact)
    if proofs and not is_exact and n <= PROVEN and is_provable(decisions):
        found, sure = proven(decisions)
        flips = Flips.of([flips.all, found.all], len(asked))
    none = ~np.isin(np.arange(n), flips.row)
    without = take(flips, np.arange(n), sure)
    exact[none] = sure[none]
    again = np.flatnonzero(without & ~none)
    evaluations = decisions.evaluations
    if len(again):  # For these rows, other changes may lead to a plausible row.
        few = decisions.take(again)
        others = [searched(few, every_set=True).all, as_in_training_rows(few).all]
        take(Flips.of(others, len(asked), every=True), again, np.zeros(len(again), dtype=np.bool_))
        evaluations += few.evaluations
    values = changed_rows(bound.table, rows, asked, state)
    columns = tuple(choice.column for choice in made)
    changed = np.zeros((n, len(columns)), dtype=np.bool_)
    for k, choice in enumerate(asked):
        changed[:, columns.index(choice.column)] = state[:, k] >= 0
    return Changes(rows, status, cost, exact, columns, changed, values, bool(sure.all())), evaluations


def _confirmed(
    decisions: Decisions, flips: Flips, at: IntArray, own: FloatArray, reference: BoundModel, seed: int
) -> tuple[BoolArray, BoolArray]:
    """Return a mask of the changes that are valid, and a mask of the changes that are valid and plausible.

    Each changed row is encoded and scored again like a row of the table. The changes to a row are checked in order of cost until
    one is plausible.
    """
    bound = decisions.bound
    valid, plausible = np.zeros((2, len(flips.row)), dtype=np.bool_)
    place = np.arange(len(flips.row)) - np.searchsorted(flips.row, flips.row)
    done = np.zeros(len(at), dtype=np.bool_)
    last = 1
    first = 0
    while True:
        some = np.flatnonzero((place >= first) & (place < last) & ~done[flips.row])
        if not (place >= first).any():
            return valid, plausible
        if len(some):
            rows = at[flips.row[some]]
            frame = changed_rows(bound.table, decisions.rows[rows], decisions.choices, flips.state[some])
            valid[some] = decisions.flips(bound.score(bound.encoding.transform(frame))[:, 0])
            found = typicality(reference, frame, seed)
            plausible[some] = valid[some] & ((found.outward < found.far) | (found.outward <= own[rows]))
            done[flips.row[some[plausible[some]]]] = True
        first, last = last, last + EACH


# ---- shares


def _shares(table: Table, changes: Changes) -> Shares:
    """Summarise one model's changes over the rows of `table`. `changes` must contain the same rows in the same order."""
    weights, group, found = table.row_weights, groups(table), changes.found
    if len(found) == 0:
        return _untold(len(changes.columns), changes)
    only, none = (changes.status == one for one in (IMPLAUSIBLE, WITHOUT))
    # The number of rows without any valid change can be derived from `without` and `only_implausible`.
    only_told = NONE if 0 < int(none.sum()) < SMALL else told_share(only, weights, group)
    told = [changes.changed[found][:, k] for k in range(changes.changed.shape[1])]
    of = (weights[found], group[found])
    counts = np.array([[int(one.sum()), int((~one).sum())] for one in told]).reshape(-1, 1, 2)
    enough = np.full((len(told), 1), int(found.sum()) >= SMALL and not countless(int(found.sum()), len(found)))
    open_ = countable(counts, enough)[:, 0]
    alone = changes.changed[found].sum(axis=1) == 1
    cost = changes.cost[found]
    quartiles = [
        Rounding(cost)(float(np.quantile(cost, q, method="inverted_cdf"))) or np.nan if len(cost) else np.nan
        for q in (0.25, 0.5, 0.75)
    ]
    return Shares(
        without=told_share(~found, weights, group),
        only_implausible=only_told,
        cost=mean_of(cost, *of) if enough.all() and len(cost) else NONE,
        quartiles=(quartiles[0], quartiles[1], quartiles[2]),
        one_column=told_share(alone, *of) if enough.all() and open_.all() else NONE,
        columns=tuple(share_of(one, *of) if is_open else NONE for one, is_open in zip(told, open_, strict=True)),
        is_exact=changes.is_exact,
    )


def _untold(columns: int, changes: Changes) -> Shares:
    return Shares(NONE, NONE, NONE, (np.nan, np.nan, np.nan), NONE, (NONE,) * columns, changes.is_exact)


def _compared(table: Table, ours: Changes, theirs: Changes, both: BoolArray, told: bool) -> tuple[Mean, Mean]:
    """Return the network's share of rows without recourse, and its difference from the linear model's share.

    Both are computed over the rows that both models decline. They are `NONE` if they would reveal a count of one to nine rows.
    """
    without = ~ours.found
    mine, other = without[both], ~theirs.found
    sides = [without & ~both, ~without & ~both]  # counts that follow from this share and the share on all rows
    sides_of_both = [mine & ~other, ~mine & other, mine, ~mine]
    if not told or any(0 < int(side.sum()) < SMALL for side in (*sides, *sides_of_both)):
        return NONE, NONE
    weights, group = table.row_weights[both], groups(table)[both]
    share = told_share(mine, weights, group)
    apart = mine.astype(np.float64) - other
    if apart.any():
        return share, mean_of(apart, weights, group)
    most = (
        -np.log(0.05) / len(apart)
        if table.weights is None and table.groups is None and len(apart) >= FEWEST
        else np.nan
    )
    return share, (0.0, np.nan, -most, most)  # the rule of three (Hanley & Lippman-Hand 1983)


def _by_group(evaluated: BoundModel, table: Table, changes: Changes, threshold: float) -> Iterable[GroupShare]:
    """Yield the results for each group of a protected column, except groups with a share that would reveal a small count."""
    parts = partition(evaluated.table)
    count = len(parts.axes)
    codes, sizes = parts.codes(evaluated.table)[:count], parts.sizes[:count]
    families = parts.families(
        [np.bincount(one, minlength=size) for one, size in zip(parts.codes(evaluated.table), parts.sizes, strict=True)]
    )
    declined = _declined(evaluated, threshold)
    sides = [
        np.stack([np.bincount(one[side], minlength=size) for side in (~declined, declined)], axis=1)[family.places]
        for one, size, family in zip(codes, sizes, families[:count], strict=True)
    ]
    told = shares_told(families[:count], sides)
    without = ~changes.found
    for axis, family, may in zip(parts.axes, families[:count], told, strict=True):
        of = axis.codes(table)
        counts = [[int((without & (of == p)).sum()), int((~without & (of == p)).sum())] for p in family.places]
        open_ = countable(np.array(counts).reshape(-1, 1, 2), np.array(may).reshape(-1, 1))[:, 0]
        for cell, place, is_open in zip(family.cells, family.places, open_, strict=True):
            if is_open and (of == place).any():
                yield _group(table, without, of == place, cell.conditions)


def _group(table: Table, without: BoolArray, inside: BoolArray, conditions: tuple[Condition, ...]) -> GroupShare:
    """Return the share of rows without recourse in a group, compared with all other rows."""
    weights, group = table.row_weights, groups(table)
    share = share_of(without[inside], weights[inside], group[inside])
    sides = (inside, ~inside)
    if min(side.sum() for side in sides) < LARGE or min(len(np.unique(group[side])) for side in sides) < FEWEST:
        return GroupShare(conditions, share, NONE, np.nan)
    y = without.astype(np.float64)
    (mine, moved), (others, moved_others) = (influences(y, weights, side) for side in sides)
    every = np.ones(len(y), dtype=np.bool_)
    stderr, count = spread(moved - moved_others, group, every, weights)
    pooled = y - np.average(y, weights=weights)
    null = weights * pooled * (inside / weights[inside].sum() - ~inside / weights[~inside].sum())
    under_null, _ = spread(null, group, every)
    difference = mine - others
    p = 1.0 if difference == 0 else 2 * float(stats.t.sf(abs(difference) / under_null, count - 1))
    if table.weights is None and table.groups is None:
        counts = [[int((without & side).sum()), int((~without & side).sum())] for side in sides]
        p = max(p, float(stats.fisher_exact(np.array(counts)).pvalue))
    theirs = share_of(without[~inside], weights[~inside], group[~inside])
    low, high = (
        float(np.hypot(share[0] - share[2], theirs[3] - theirs[0])),
        float(np.hypot(share[3] - share[0], theirs[0] - theirs[2])),
    )
    return GroupShare(conditions, share, (difference, stderr, difference - low, difference + high), p)


def run(context: Context) -> Recourse | None:
    """Search for recourse under both models of an audit. Return None if no column was declared changeable."""
    permitted = tuple(one for one in context.settings.constraints if one.changeable is not None)
    if not permitted:
        return None
    table = context.network.table
    _check(table, context.threshold)
    network, linear = context.network, context.linear
    down = context.evaluated[_declined(network.take(context.evaluated), context.threshold)]
    if min(len(down), len(context.evaluated) - len(down)) < FEWEST:
        raise NotApplicableError(why("recourse.few", least=FEWEST))
    rows = min(ROWS, context.settings.rows)
    if context.share < (most := rows * ASKED * len(permitted)):
        context.is_limited()
        rows = int(rows * context.share / most)
        if rows < SMALL:
            raise NotApplicableError(why("budget.few", least=SMALL))
    used = context.drawn(down, rows)
    # No proofs are attempted, because a proof may run out of time, and the document must not depend on the machine's speed.
    return _recourse(network, linear, used, len(down), permitted, context.threshold, context.seed, proofs=False)
