"""Activation maximisation for tables: the row that activates a unit most (Erhan, Bengio, Courville & Vincent 2009).

The objective is the pre-activation of the unit. It is maximised over the domain (`search_space`) from many starting rows. Half of
them are real rows. The search sets each column in turn to its best candidate value, then moves numeric columns along the gradient
(`search`). Categorical columns take only levels that occur in the table. At the end, every optimum is converted to a row of the
table, encoded and scored again. The result also contains the largest value over real rows, the share of searches that reach the
best value, and an upper bound if one can be proved (`bounds`).

An optimum is not a typical row. Real rows give people a better understanding of what activates a unit
(Borowski et al. 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.display import Display, Drawn, in_sd, named
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.layers import Layer, layers_of
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen

from .bounds import certified
from .mahalanobis_ball import Budget, budget_of
from .objective_values import Reader, readers_of
from .objectives import Objective, unit
from .search import climb
from .search_space import Domain, domain_of
from .search_state import States, begin
from .typicality import Typicality, typicality

STARTS = 64
WITHIN = 0.01  # share of the distance from the mean row to the best start
APART = 0.01  # share of the range of a number


@dataclass(frozen=True, eq=False)
class Maxima(Display):
    """Optima of one or several objectives.

    Attributes
    ----------
    rows : the best rows found, in original columns.
    value : value of each objective at its best row, after the row is encoded and scored again (objectives,).
    search : value of each objective at the end of the search, before the row is scored again (objectives,).
    real : largest value of each objective over the rows of the table (objectives,).
    mean : mean of each objective over the rows of the table (objectives,).
    sd : standard deviation of each objective over the rows of the table (objectives,).
    bound : proved upper bound over the domain (objectives,); NaN if there is none.
    proof : method by which each bound was proved.
    reached : (value - mean) / (bound - mean), for each objective (objectives,).
    within : share of the searches that end close to the best value (objectives,). Close means within 1% of the difference between
        the best value and the mean.
    optima : number of different rows at which the searches counted in `within` end (objectives,).
    cosine : median cosine between the encoded rows at which two searches end, over pairs of searches (objectives,). Encoded rows
        are standardised: centred at the mean row and divided by standard deviations.
    cross : at the best row of each objective (first axis), the values of all objectives (second axis), in standard deviations
        from their means over the rows of the table (objectives, objectives).
    typicality : how atypical each best row is, and whether it is too atypical to interpret.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.objective",
        {"optimum": ("value", None, None), "real": ("real", None, None)},
        named("objective"),
        other="units",
    )

    objectives: tuple[Objective, ...]
    rows: pd.DataFrame
    value: FloatArray
    search: FloatArray
    real: FloatArray
    mean: FloatArray
    sd: FloatArray
    bound: FloatArray
    proof: tuple[str | None, ...]
    within: FloatArray
    optima: IntArray
    cosine: FloatArray
    cross: FloatArray
    typicality: Typicality
    starts: int
    seed: int
    budget: float | None
    scale: str = "ahead of the activation"

    @property
    def reached(self) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((self.value - self.mean) / (self.bound - self.mean))

    @any_backend
    def summary(self) -> pd.DataFrame:
        """Return a data frame with one row for each objective."""
        names = ("value", "search", "real", "mean", "sd", "bound")
        made: dict[str, Any] = {"objective": [repr(one) for one in self.objectives]}
        made |= {name: getattr(self, name) for name in names}
        made |= {"proof": pd.Series(self.proof, dtype=object), "reached": self.reached}
        made |= {name: getattr(self, name) for name in ("within", "optima", "cosine")}
        return pd.concat([pd.DataFrame(made), self.typicality.frame()], axis=1)

    def _numbers(self) -> pd.DataFrame:
        return in_sd(self.summary(), self.mean, self.sd)

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each objective and column.

        `at` is the value of the column in the best row. Each row also contains the columns of `summary`.
        """
        return by_column(self.summary(), self.rows)


def by_column(summary: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Repeat each row of a summary for every column of its optimum.

    Each repetition contains the name of the column (`column`) and its value at the optimum (`at`).
    """
    columns = list(rows.columns)
    long = summary.loc[summary.index.repeat(len(columns))].reset_index(drop=True)
    cells = [value for row in rows.astype(object).itertuples(index=False) for value in row]
    long.insert(1, "column", columns * len(summary))
    long.insert(2, "at", pd.Series(cells, dtype=object))
    return long


def maximise(
    model: Model | BoundModel,
    table: Table,
    *,
    objective: Objective | Sequence[Objective] | None = None,
    starts: int = STARTS,
    seed: int = 0,
    budget: float | None = None,
) -> Maxima:
    """Find the row of the domain at which each objective is largest.

    Parameters
    ----------
    objective : one or several objectives. If it is None, every hidden unit is maximised and minimised.
    starts : number of starting rows. Half are real rows, including the row with the largest value of the objective. The others
        are drawn from the domain, each column separately.
    budget : share of the real rows, between 0 and 1. If given, the search is limited to the Mahalanobis ball around the mean row
        that contains this share of the real rows, and all starting rows are real rows.

    Raises
    ------
    NotApplicableError
        If an objective names a layer, unit or class that does not exist, or if the network's layers cannot be found.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> frame = pd.DataFrame({"a": np.arange(100.0), "b": np.tile([0.0, 1.0], 50), "y": np.arange(100.0)})
    >>> table = ti.read_table(frame, target="y", task="regression")
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.ReLU(), torch.nn.Linear(1, 1))
    >>> _ = net[0].weight.data.copy_(torch.tensor([[1.0, -5.0]])), net[0].bias.data.zero_()
    >>> found = maximise(ti.wrap(net, encoder="passthrough", task="regression"), table, objective=ti.unit(layer=1, index=0))
    >>> found.rows.iloc[0].tolist(), found.value.tolist(), found.proof
    ([90.0, 0.0], [90.0], ('closed form',))
    """
    bound = bind(model, table)
    if starts < 2:
        raise NotApplicableError(f"starts must be at least 2; got {starts}")
    layers = layers_of(bound)
    objectives = _asked(objective, layers, bound)
    domain = domain_of(bound, seed)
    ball = None if budget is None else budget_of(domain, budget)
    made = [
        (which, _search(domain, reader, ball, starts, seed), reader)
        for which, reader in readers_of(bound, layers, objectives)
    ]
    return _gathered(domain, objectives, made, starts, seed, budget)


def _asked(objective: Any, layers: tuple[Layer, ...], bound: BoundModel) -> tuple[Objective, ...]:
    if isinstance(objective, Objective):
        return (objective,)
    if objective is not None:
        return tuple(objective)
    if not layers:
        raise NotApplicableError(
            f"no hidden units were found in {bound.model.name}, so only its outputs can be maximised. Pass an "
            "output as the objective, such as ti.output()"
        )
    units = [unit(i + 1, u) for i, layer in enumerate(layers) for u in range(layer.width)]
    return tuple(one for each in units for one in (each, -each))


# ---- one search for all objectives that use the same features


@dataclass(frozen=True, eq=False)
class _Found:
    """Results of one search for K objectives.

    Attributes
    ----------
    states : the final state of every search.
    real : largest value of each objective over real rows (K,).
    mean, sd : mean and standard deviation of each objective over real rows (K,).
    proofs : upper bound on each objective and the method by which it was proved.
    """

    states: States
    real: FloatArray
    mean: FloatArray
    sd: FloatArray
    proofs: list[tuple[float, str | None]]


def _search(domain: Domain, reader: Reader, ball: Budget | None, starts: int, seed: int) -> _Found:
    bound = domain.bound
    every = reader.every(bound.z)
    weights = bound.table.weights
    mean = np.average(every, axis=0, weights=weights)
    sd = np.sqrt(np.average((every - mean) ** 2, axis=0, weights=weights))
    scale = np.maximum(sd, 1e-6 * np.abs(every).max(axis=0) + 1e-30)
    of, at, value = starts_of(domain, every, ball, starts, seed)
    states = climb(domain, reader, begin(domain, reader, of, at, value), scale, ball)
    return _Found(states, every.max(axis=0), mean, sd, certified(domain, reader))


def starts_of(
    domain: Domain, every: FloatArray, ball: Budget | None, starts: int, seed: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the index of the objective, the candidates and the numeric values of every start.

    All objectives use the same starting rows. Each objective also starts from the real row at which it is largest.
    """
    numbers = domain.bound.table.numbers
    inside = np.arange(len(numbers))
    if ball is not None:
        inside = np.flatnonzero(ball.within(*domain.place(inside), np.zeros_like(inside)))
    if len(inside) == 0:
        raise NotApplicableError(why("no real row lies in the domain and within the budget; raise it"))
    count = starts if ball is not None else (starts + 1) // 2
    own = inside[every[inside].argmax(axis=0)]
    rows = np.resize(inside[chosen(numbers[inside], count, seed)], (len(own), count))
    rows[:, 0] = own
    real, where = np.unique(rows, return_inverse=True)
    at, value = (one[where.ravel()] for one in domain.place(real))
    more, values = (np.tile(one, (len(own), 1)) for one in drawn(domain, starts - count, seed))
    k = np.arange(len(own))
    of = np.concatenate([np.repeat(k, count), np.repeat(k, starts - count)])
    return of, np.concatenate([at, more]), np.concatenate([value, values])


def drawn(domain: Domain, count: int, seed: int) -> tuple[IntArray, FloatArray]:
    """Draw random states. Each column takes each of its candidate values with equal probability."""
    rng = np.random.default_rng(seed)
    at = np.column_stack([rng.integers(0, len(player.donors), count) for player in domain.players])
    value = np.full(at.shape, np.nan)
    for p, player in enumerate(domain.players):
        if player.slope is not None and player.values is not None:
            value[:, p] = player.values[at[:, p]]
    return at.astype(np.int64), value


# ---- from states to the result


def _gathered(
    domain: Domain,
    objectives: tuple[Objective, ...],
    made: list[tuple[IntArray, _Found, Reader]],
    starts: int,
    seed: int,
    budget: float | None,
) -> Maxima:
    size = len(objectives)
    arrays: dict[str, Any] = {
        name: np.full(size, np.nan) for name in ("value", "search", "real", "mean", "sd", "bound", "within", "cosine")
    }
    optima, at = np.zeros(size, dtype=np.int64), np.zeros((size, len(domain.players)), dtype=np.int64)
    proof: list[str | None] = [None] * size
    value = np.full(at.shape, np.nan)
    for which, found, _ in made:
        states = found.states
        order = np.argsort(states.of, kind="stable").reshape(len(which), starts)
        score = states.score[order]
        best = order[np.arange(len(which)), score.argmax(axis=1)]
        at[which], value[which], arrays["search"][which] = states.at[best], states.value[best], states.score[best]
        near = score >= score.max(axis=1, keepdims=True) - WITHIN * (score.max(axis=1) - found.mean)[:, None] - 1e-12
        arrays["within"][which] = near.mean(axis=1)
        optima[which] = [different(domain, states.take(o[n])) for o, n in zip(order, near, strict=True)]
        arrays["cosine"][which] = _cosines(domain, states, order)
        for name in ("real", "mean", "sd"):
            arrays[name][which] = getattr(found, name)
        arrays["bound"][which] = [b for b, _ in found.proofs]
        for k, (_, how) in zip(which, found.proofs, strict=True):
            proof[k] = how
    rows = domain.frame(at, value)
    z = domain.bound.encoded_front(rows)
    cross = np.zeros((size, size))
    for which, _, reader in made:
        cross[:, which] = reader.every(z)
    arrays["value"] = np.diag(cross).copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        cross = (cross - arrays["mean"]) / arrays["sd"]
    return Maxima(
        objectives=objectives, rows=rows, proof=tuple(proof), optima=optima, cross=cross, starts=starts, seed=seed,
        budget=budget, typicality=typicality(domain.bound, rows, seed), **arrays,
    )  # fmt: skip


def different(domain: Domain, states: States) -> int:
    """Return the number of different states.

    Two states differ if they have different levels, or if a number differs by more than 1% of the range of its column.
    """
    keys = states.at.copy().astype(np.float64)
    for p, player in enumerate(domain.players):
        if player.slope is not None:
            low, high = player.ends
            keys[:, p] = np.where(np.isnan(states.value[:, p]), 9.0, (states.value[:, p] - low) / (high - low))
        else:
            keys[:, p] *= 2  # levels always count as different
    kept: list[FloatArray] = []
    for key in np.unique(keys, axis=0):
        if not any(bool((np.abs(one - key) <= APART).all()) for one in kept):
            kept.append(key)
    return len(kept)


def _cosines(domain: Domain, states: States, order: IntArray) -> FloatArray:
    """Return, for each objective (K,), the median cosine between the encoded rows at which two searches end.

    The median is over pairs of searches. Encoded rows are standardised before the cosine is computed.
    """
    bound = domain.bound
    keys = np.concatenate([states.at, np.nan_to_num(states.value, nan=np.inf)], axis=1)
    _, first, where = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    x = bound.encoding.transform(domain.frame(states.at[first], states.value[first])) - bound.x.mean(axis=0)
    sd = bound.x.std(axis=0)
    x /= np.where(sd > 0, sd, 1.0)
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-30)
    upper = np.triu_indices(order.shape[1], 1)
    places = where.reshape(-1)[order]
    return np.array([np.median((x[one] @ x[one].T)[upper]) for one in places])
