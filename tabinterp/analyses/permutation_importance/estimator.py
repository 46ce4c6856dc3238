"""Permutation importance: the rise in loss when the values of a column are permuted between rows.

The estimand (Breiman 2001; Fisher, Rudin & Dominici 2019) is E L(y, f(x with column j from another row)) - E L(y, f(x)), on the
given rows. The row that receives a value is called the *receiver*, and the row from which the value is taken is called the
*donor*. Rows are sorted by a hash, and each permutation is a circular shift of this order, which keeps memory access contiguous.
If a column has few distinct values, every row is evaluated at each of these values, weighted by the value's share of the rows.
The result is then exact, and no random draws are needed.

The statistic is a U-statistic, because each row is both a receiver and a donor. Let L_ij be the loss of row i when its value in
the column comes from row j. The squared standard error is SE^2 = Var_i(mean_j L_ij + mean_j L_ji - L_ii) / n (Hájek projection).
The code sums the rises D_ij = L_ij - L_ii instead of the losses L_ij. Over all pairs, both sums give the same importance. With
few draws, the sum of the rises has a smaller variance than that of the losses, because differences in loss between rows cancel.
Control variates reduce the variance further if the model has a gradient (see `control_variates`). With few draws per row, the
standard error is conservative. If the table has a group column, the projections are summed within each group of rows before they
are squared. The interval, which is based on Student's t distribution, then treats groups as units.

Conditional importance is a different estimand (Strobl et al. 2008; Debeer & Strobl 2020). Donors come from the receiver's stratum
(see `strata`). Permuting the column therefore preserves its relation to associated columns. Let D_s be the mean of the rises in
stratum s, and p_s the stratum's share of the rows. The importance is sum_s p_s D_s, and the projection of a row in s is
mean_j D_ij + mean_j D_ji - D_s. The strata are treated as fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, word
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, argument
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model, bind, reading_own_inputs
from tabinterp.models.losses import Loss, Own, loss_for
from tabinterp.models.parallel import run_parallel
from tabinterp.models.perturbation import is_read
from tabinterp.stats.equal_rows import equal_rows, players_of
from tabinterp.stats.estimates import FEWEST_GROUPS, Estimates, frame_of, group_sums, units_of
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen, row_hash
from tabinterp.threads import one_thread

from .column_clusters import families
from .control_variates import derivatives_of
from .off_support_share import ROWS as SUPPORT_ROWS
from .off_support_share import Support
from .permutation_kernel import Plan, Sum, Untouched, drawn, exact, taken_at
from .record import ASSOCIATED, FEWEST
from .strata import Strata, strata_of

TOGETHER = "rise in mean loss when the value of the column is taken from another row"
WITHIN = (
    "rise in mean loss when the value of the column is taken from another row of the same stratum, that is, from a row with "
    "similar values in the associated columns"
)
ENOUGH = 10  # with at least this many draws per row, intervals have the stated coverage
REPEATS = ENOUGH  # default
CONSERVATIVE = "with so few draws per row, 95% intervals are conservative (their coverage is above 95%)"

Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class PermutationImportance(Display):
    """Rise in loss, in units of the loss, when a column or a group of columns is permuted.

    For AUC and accuracy, the loss is one minus the metric, so a rise always means worse performance. All arrays have one value
    for each column or group.

    Attributes
    ----------
    importance : rise in loss.
    stderr : standard error of the rise.
    ci_low, ci_high : ends of the 95% interval of the rise.
    off_support : share of permuted rows that are unlike any real row.
    exact : whether the result has no error due to random draws, because all donors were used.
    baseline : loss without permutation.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.permutation", {"network": ("importance", "ci_low", "ci_high")}, order="importance"
    )

    players: tuple[str, ...]
    importance: FloatArray
    stderr: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    off_support: FloatArray
    exact: tuple[bool, ...]
    baseline: float
    loss: str
    n_repeats: int
    seed: int
    rows: int
    off_support_rows: int
    projection: FloatArray  # (rows, players) influence of each row on the importance, as receiver and as donor
    weights: FloatArray
    groups: IntArray | None = None  # group of each row
    conditional: bool = False
    strata: dict[str, Strata] = field(default_factory=dict)  # player -> strata; no entry without associated columns

    @property
    def estimand(self) -> str:
        words = WITHIN if self.conditional else TOGETHER
        return words if self.n_repeats >= ENOUGH or all(self.exact) else f"{words}; {CONSERVATIVE}"

    def _axis(self) -> str:
        key = "plot.axis.permutation.conditional" if self.conditional else self.drawn.axis
        return text(key, {"loss": word(self.loss)})

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each column or group, in the order of the table.

        For conditional importance, the frame also contains the conditioning columns, the number of strata, and the number of rows
        in the smallest stratum.
        """
        more: dict[str, Any] = {}
        if self.conditional:
            found = [self.strata.get(player) for player in self.players]
            more = {
                "conditioned": [() if s is None else s.conditioned for s in found],
                "strata": [1 if s is None else len(s) for s in found],
                "smallest": [self.rows if s is None else s.smallest for s in found],
            }
        return frame_of(
            column=list(self.players),
            importance=self.importance,
            stderr=self.stderr,
            ci_low=self.ci_low,
            ci_high=self.ci_high,
            off_support=self.off_support,
            exact=list(self.exact),
            **more,
        )

    def minus(self, other: PermutationImportance) -> Estimates:
        """Return the importance of every column for this model minus its importance for another model, with standard errors.

        Both results must be computed on the same rows with the same permutations.
        """
        errors = [
            error_of(a - b, self.weights, self.groups)
            for a, b in zip(self.projection.T, other.projection.T, strict=True)
        ]
        df = units_of(self.rows, self.groups) - 1
        return Estimates.of(self.importance - other.importance, np.array(errors), df)


def permutation_importance(
    model: Model | BoundModel,
    table: Table,
    *,
    n_repeats: int = REPEATS,
    seed: int = 0,
    loss: str | Own | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    scale: str = "log_odds",
    conditional: bool = False,
    progress: Progress | None = None,
) -> PermutationImportance:
    """Return the permutation importance of every input column, on all rows of `table`.

    Calls with the same table and seed use the same permutations, even for different models.

    Parameters
    ----------
    n_repeats : number of donors for each row. It does not affect columns with few distinct values, because their importance is
        computed exactly.
    loss : "log_loss", "brier", "auc", "accuracy", "squared_error", and for counts also "poisson_deviance" and
        "absolute_error". None means log loss for classification, squared error for regression, and deviance for counts. A
        function that takes y (n,) and scores (n, k) and returns losses (n,) is also accepted. It receives scores on the given
        `scale`.
    groups : mapping from the name of each group to the columns that are permuted together. Columns not in any group are permuted
        one by one. `ti.families(table)` finds groups of columns that carry the same information.
    scale : "log_odds" or "probability": the scale of the scores that are passed to a function given as `loss`.
    conditional : whether to compute conditional importance, where values are taken only from rows that are similar in the columns
        associated with the permuted column. At least 80 rows are needed.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> x = np.linspace(-1, 1, 200)
    >>> table = ti.read_table(pd.DataFrame({"a": x, "b": x[::-1] ** 2, "y": 3 * x}), target="y")
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 0.0]]))
    >>> model = ti.wrap(layer, encoder="passthrough", task="regression")
    >>> permutation_importance(model, table).frame()[["column", "importance"]].round(1).values.tolist()
    [['a', 6.0], ['b', 0.0]]
    """
    bound = bind(model, table)
    how: dict[str, Any] = {"n_repeats": n_repeats, "seed": seed, "loss": loss, "groups": groups, "scale": scale}
    with one_thread():
        plan = start(bound, **how, conditional=conditional)
        return finish(plan, update(plan, np.arange(len(table)), progress))


def sizes(bound: BoundModel, n_repeats: int, seed: int) -> FloatArray:
    """Return the permutation importance of each column (columns,), without standard errors."""
    plan = start(bound, n_repeats=n_repeats, seed=seed)
    return _estimated(plan, update(plan, np.arange(len(bound.table))))[0]


# ---- the sum over rows


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of the rises in loss under permutation, for each receiver and each donor, and the receivers' original losses."""

    rows: list[IntArray] = field(default_factory=list)
    own: list[FloatArray] = field(default_factory=list)
    received: dict[str, list[Sum]] = field(default_factory=dict)  # player -> sums over the donors of each receiver (m,)
    given: dict[str, Sum] = field(
        default_factory=dict
    )  # player -> sums over the receivers of each donor, or of each group of donors with the same value


def start(
    bound: BoundModel,
    *,
    n_repeats: int,
    seed: int,
    loss: str | Own | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    scale: str = "log_odds",
    conditional: bool = False,
) -> Plan:
    """Return everything that is determined before the first row is scored, such as the order of the rows."""
    n = len(bound.table)
    if n < 2:
        raise NotApplicableError(why("permutation.few", rows=n))
    if np.count_nonzero(bound.table.row_weights) < 2:
        raise NotApplicableError(why("permutation importance needs at least two rows that have weight"))
    if n_repeats < 1:
        raise NotApplicableError(f"{argument('n_repeats')} must be at least 1; got {n_repeats}")
    chosen_loss = loss_for(loss, bound.table.schema.task, scale)
    if conditional and n < 4 * FEWEST:
        raise NotApplicableError(why("permutation.conditional", least=4 * FEWEST, rows=n, stratum=FEWEST))
    if chosen_loss.ranks and len(np.unique(bound.table.y)) < 2:
        raise NotApplicableError(
            "the AUC cannot be computed, because all rows have the same class. Use another loss, or a table "
            "with rows of both classes"
        )
    players = players_of(bound.columns, groups or {})
    in_order = np.argsort(row_hash(bound.table.numbers, seed), kind="stable").astype(np.int64)
    bound = bound.take(in_order)
    strata = _strata(bound, players, seed) if conditional else None
    return planned(bound, chosen_loss, players, n_repeats, seed, strata)


def planned(
    bound: BoundModel,
    loss: Loss,
    players: dict[str, tuple[str, ...]],
    n_repeats: int,
    seed: int,
    strata: dict[str, Strata] | None = None,
    donating: int | None = None,
) -> Plan:
    """Return the `Plan` for permuting each of `players`. The donors must be in hash order. If `donating` is given, only the first
    `donating` rows of `bound` are donors.
    """
    bound = reading_own_inputs(bound)
    shifts = 1 + chosen(np.arange((donating or len(bound.table)) - 1), n_repeats, seed)
    derivatives = None if loss.ranks or donating is not None else derivatives_of(bound)
    groups_of = run_parallel(bound, lambda columns: _groups(bound, columns), list(players.values()))
    known = {player: found for player, found in zip(players, groups_of, strict=True) if found is not None}
    return Plan(bound, loss, players, shifts, known, seed, strata, donating, derivatives)


def _strata(bound: BoundModel, players: Mapping[str, tuple[str, ...]], seed: int) -> dict[str, Strata]:
    """Return strata for every player (column, or group of columns) that the model uses and that is associated with others."""
    associated, result = families(bound.table, seed=seed), {}
    for player, columns in players.items():
        others = associated.associated(columns, ASSOCIATED)
        if others and is_read(bound, columns):
            result[player] = strata_of(bound.table, columns, others, seed)
    return result


def _groups(bound: BoundModel, columns: tuple[str, ...]) -> tuple[IntArray, IntArray] | None:
    """Group rows with equal encoded values of `columns`. Return the group of each row (n,), and the index of one row per group
    (groups,).

    The result is None if the encoder mixes one of these columns with others, or if it ignores all of them.
    """
    block = np.unique(np.concatenate([bound.encoding.blocks[c] for c in columns]))
    if len(block) == 0 or not bound.is_local(columns):
        return None
    first, group = equal_rows(bound.x[:, block])
    return group.astype(np.int32), first.astype(np.int32)  # halves the memory, which matters with thousands of players


def update(plan: Plan, rows: IntArray, progress: Progress | None = None) -> Sums:
    """Return sums of the rises in loss for the receivers `rows`, with one column or group of columns permuted at a time.

    `rows` contains indices of rows of `plan.bound`. Donors need not be in `rows`.
    """
    bound, sums, rows = plan.bound, Sums(), np.sort(rows)
    if plan.loss.ranks and len(rows) < len(bound.table):
        raise NotApplicableError(
            "all rows must be given in one batch if the loss is the AUC, because the AUC compares every row with every other "
            f"row; got {len(rows):,} of {len(bound.table):,} rows"
        )
    y, w = bound.at_home(bound.table.y[rows]), bound.at_home(bound.table.row_weights[rows])
    own = Untouched(plan.loss, taken_at(bound.answers, rows), y, w)
    sums.rows.append(rows)
    sums.own.append(own.losses)
    read = [player for player, columns in plan.players.items() if is_read(bound, columns)]

    def asked(player: str) -> tuple[Sum, Sum]:
        return (exact if plan.is_exact(player) else drawn)(plan, player, rows, own)

    known: list[FloatArray] = []  # weights of pairs, which are the same for most players
    for i, found in enumerate(run_parallel(bound, asked, read)):
        received, given = ((rises, _once(mass, known)) for rises, mass in found)
        sums.received[read[i]], sums.given[read[i]] = [received], given
        if progress is not None:
            progress("permutation", (i + 1) / len(read))
    return sums


def _once(values: FloatArray, known: list[FloatArray]) -> FloatArray:
    """Return an array from `known` that equals `values`, to store equal arrays only once.

    If `known` contains no equal array, add `values` to it and return `values`. `known` contains at most the last two arrays.
    """
    for one in known:
        if np.array_equal(one, values):
            return one
    known[:] = [*known[-1:], values]
    return values


def merge(a: Sums, b: Sums) -> Sums:
    """Merge the sums of two sets of receivers."""
    return Sums(
        a.rows + b.rows,
        a.own + b.own,
        {player: a.received[player] + b.received[player] for player in a.received},
        {p: (a.given[p][0] + b.given[p][0], a.given[p][1] + b.given[p][1]) for p in a.given},
    )


def finish(plan: Plan, sums: Sums) -> PermutationImportance:
    """Return the importance of every column with standard errors and intervals, from the sums over all rows."""
    weights, own = plan.bound.table.row_weights, np.concatenate(sums.own)[np.argsort(np.concatenate(sums.rows))]
    baseline = float(np.average(own, weights=weights))
    values, projection = _estimated(plan, sums)
    groups = plan.bound.table.groups
    errors = np.array([error_of(column, weights, groups) for column in projection.T])
    support = Support(plan.bound.table, plan.seed)

    def off_support(player: str) -> float | None:
        label = plan.strata_of(player).label if player in (plan.strata or {}) else None
        return support.off(plan.players[player], label)

    off = list(run_parallel(plan.bound, off_support, list(plan.players)))
    interval = Estimates.of(values, errors, units_of(len(own), groups) - 1)
    return PermutationImportance(
        players=tuple(plan.players),
        importance=values,
        stderr=errors,
        ci_low=interval.low,
        ci_high=interval.high,
        off_support=np.array([np.nan if rate is None else rate for rate in off]),
        exact=tuple(plan.is_exact(p) or p not in sums.received for p in plan.players),
        baseline=baseline,
        loss=plan.loss.name,
        n_repeats=len(plan.shifts),
        seed=plan.seed,
        rows=len(own),
        off_support_rows=min(SUPPORT_ROWS, len(own)),
        projection=projection,
        weights=weights,
        groups=groups,
        conditional=plan.strata is not None,
        strata=plan.strata or {},
    )


def _estimated(plan: Plan, sums: Sums) -> tuple[FloatArray, FloatArray]:
    """Return the importance of each player (players,) and the Hájek projections (rows, players).

    The projection of a row accounts for both of its roles, receiver and donor. A player is a column, or a group of columns that
    are permuted together.
    """
    order, weights = np.argsort(np.concatenate(sums.rows)), plan.bound.table.row_weights
    values, projection = np.zeros(len(plan.players)), np.zeros((len(order), len(plan.players)))
    for i, player in enumerate(plan.players):
        if player in sums.received:
            received = np.concatenate([np.column_stack(part) for part in sums.received[player]])[order]
            given = np.column_stack(sums.given[player])
            if not (weights * received[:, 1]).sum() > 0:
                raise NotApplicableError(why("permutation.pairs", columns=list(plan.players[player])))
            mean = _stratum_means(plan.strata_of(player), received, weights)
            values[i] = np.average(mean, weights=weights)
            of_donors = share_of(given[plan.groups[player][0]] if plan.is_exact(player) else given)
            projection[:, i] = share_of(received) + of_donors - mean
    return values, projection


def _stratum_means(strata: Strata, received: FloatArray, weights: FloatArray) -> FloatArray:
    """Return, for each row (n,), the mean rise over all pairs in the row's stratum; 0 if all weights in the stratum are zero."""
    rise, mass = (np.bincount(strata.label, weights * part) for part in received.T)
    return np.asarray(share_of(np.column_stack([rise, mass]))[strata.label])


def share_of(sums: FloatArray) -> FloatArray:
    """Return each row's weighted mean rise (rows,), given its weighted sum of rises and its sum of weights (rows, 2); 0 if both
    are 0.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], 0.0)


def error_of(projection: FloatArray, w: FloatArray, groups: IntArray | None) -> float:
    """Return the standard error of the weighted mean of the projection.

    If `groups` is given, each group of rows counts as one unit. With fewer than ten groups, the result is NaN.
    """
    deviation = w * (projection - np.average(projection, weights=w))
    if groups is not None:
        deviation = group_sums(deviation, groups)
        if len(deviation) < FEWEST_GROUPS:
            return float("nan")
    n = len(deviation)
    return float(np.sqrt((deviation**2).sum() * n / (n - 1)) / w.sum())


def run(context: Context) -> tuple[PermutationImportance, PermutationImportance]:
    """Compute permutation importance for both models of an audit, on the same rows with the same permutations."""
    network, linear = context.both(context.subsample)
    return (
        permutation_importance(network, network.table, seed=context.seed, progress=context.part(0, 2)),
        permutation_importance(linear, linear.table, seed=context.seed, progress=context.part(1, 2)),
    )
