"""Path of optima as the search region grows, from plausible rows near the mean row to the unrestricted optimum.

A budget is a share of the real rows. The search is limited to the Mahalanobis ball that contains this share of the rows
(`mahalanobis_ball`). Budgets grow until the ball contains all rows, and the last search has no limit. Olah et al. (2017) show
optima for priors of several strengths, which limit the optima in a similar way. The value at the optimum never falls as the
budget grows. Each optimum is assessed by all measures of `typicality`. `readable` is the index of the optimum with the
largest value among those that are not too atypical to interpret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import torch

from tabinterp.analyses.display import Display, Drawn, in_sd, named
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, argument
from tabinterp.frames import any_backend
from tabinterp.messages import text
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.layers import layers_of
from tabinterp.stats.weights import deviation
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.suppression import SMALL

from .estimator import by_column, drawn
from .mahalanobis_ball import Budget, budget_of
from .objective_values import Reader, readers_of
from .objectives import Objective
from .search import climb
from .search_space import Domain, domain_of
from .search_state import States, begin
from .typicality import Typicality, typicality

BUDGETS: tuple[float | None, ...] = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0, None)
STARTS = 32


def _named(budget: float | None) -> str:
    return text("plot.label.budget.none") if budget is None else text("plot.label.budget", {"budget": 100 * budget})


@dataclass(frozen=True, eq=False)
class Pareto(Display):
    """Optima of one objective under growing budgets, from the smallest ball to no limit.

    Attributes
    ----------
    rows : the optimum for each budget, in original columns.
    distance : Mahalanobis distance of each optimum from the mean row (budgets,).
    value : value of the objective at each optimum (budgets,).
    real : largest value of the objective over the real rows in each ball (budgets,).
    mean : mean of the objective over all rows.
    sd : standard deviation of the objective over all rows.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.objective",
        {"optimum": ("value", None, None), "real": ("real", None, None)},
        named("budget"),
    )

    objective: Objective
    budgets: tuple[float | None, ...]
    rows: pd.DataFrame
    distance: FloatArray
    value: FloatArray
    real: FloatArray
    mean: float
    sd: float
    typicality: Typicality
    starts: int
    seed: int

    @property
    def readable(self) -> int | None:
        """The index of the optimum with the largest value among those not too atypical to interpret; None if there is none."""
        able = np.flatnonzero(~np.asarray(self.typicality.unreadable, dtype=bool))
        return int(able[self.value[able].argmax()]) if len(able) else None

    @any_backend
    def summary(self) -> pd.DataFrame:
        """Return a data frame with one row for each budget."""
        made = pd.DataFrame(
            {
                "budget": pd.Series(self.budgets, dtype=object),
                "distance": self.distance,
                "value": self.value,
                "in_sd": (self.value - self.mean) / self.sd if self.sd > 0 else np.nan,
                "real": self.real,
            }
        )
        return pd.concat([made, self.typicality.frame()], axis=1)

    def _numbers(self) -> pd.DataFrame:
        return in_sd(self.summary(), self.mean, self.sd).assign(budget=[_named(one) for one in self.budgets])

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each budget and column.

        `at` is the value of the column at the optimum. Each row also contains the columns of `summary`.
        """
        return by_column(self.summary(), self.rows)


def pareto(
    model: Model | BoundModel,
    table: Table,
    *,
    objective: Objective,
    budgets: Sequence[float | None] = BUDGETS,
    starts: int = STARTS,
    seed: int = 0,
) -> Pareto:
    """Find the optima of one objective under growing budgets.

    Parameters
    ----------
    budgets : share of the rows that each ball contains, in increasing order. The last budget can be None, which means no limit.
    starts : number of starting rows for each budget. They are real rows in the ball, including the row with the largest value of
        the objective. Without a limit, half of the starting rows are drawn from the domain.

    Raises
    ------
    NotApplicableError
        If a ball contains no real row of the domain, or if the objective names a layer, unit or class that does not exist.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> x = np.linspace(-1, 1, 101)
    >>> table = ti.read_table(pd.DataFrame({"a": x, "y": x}), target="y", task="regression")
    >>> net = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.ReLU(), torch.nn.Linear(1, 1))
    >>> _ = net[0].weight.data.fill_(2.0), net[0].bias.data.zero_()
    >>> model = ti.wrap(net, encoder="passthrough", task="regression")
    >>> found = pareto(model, table, objective=ti.unit(1, 0), budgets=[0.5, None])
    >>> found.frame()[["budget", "value", "at"]].round(2).values.tolist()
    [[0.5, 1.0, 0.5], [None, 1.6, 0.8]]
    """
    bound = bind(model, table)
    found = raised(bound, [objective], budgets, starts, seed)
    return Pareto(
        objective=objective,
        budgets=found.budgets,
        rows=found.rows,
        distance=found.distance[0],
        value=found.value[0],
        real=found.real[0, :, 0],
        mean=float(found.mean[0]),
        sd=float(found.sd[0]),
        typicality=found.typicality,
        starts=starts,
        seed=seed,
    )


# ---- several objectives in one batch


@dataclass(frozen=True, eq=False)
class Raised:
    """Paths of optima of K objectives under growing budgets.

    `rows` and `typicality` contain the path of the first objective, then the path of the second, and so on. `distance` and
    `value` have the shape (K, budgets). `mean` and `sd` (K,) are computed over all rows. `real` (K, budgets, 2) contains the
    largest and the tenth largest value over the real rows in each ball. Values are NaN if the ball contains too few rows.
    """

    budgets: tuple[float | None, ...]
    rows: pd.DataFrame
    distance: FloatArray
    value: FloatArray
    real: FloatArray
    mean: FloatArray
    sd: FloatArray
    typicality: Typicality


def raised(
    bound: BoundModel,
    objectives: Sequence[Objective],
    budgets: Sequence[float | None] = BUDGETS,
    starts: int = STARTS,
    seed: int = 0,
) -> Raised:
    """Find the optimum of every objective within every budget, in one search from all starting rows."""
    sizes = [np.inf if one is None else one for one in budgets]
    if not sizes or sizes != sorted(set(sizes)) or starts < 2:
        raise NotApplicableError(
            "budgets must be in strictly increasing order, and starts must be at least 2; got "
            f"{argument('budgets', budgets)} and {argument('starts', starts)}"
        )
    domain, b = domain_of(bound, seed), len(sizes)
    ball = budget_of(domain, *budgets)
    shape = (len(objectives), b)
    at = np.zeros((*shape, len(domain.players)), dtype=np.int64)
    value = np.full(at.shape, np.nan)
    real, every = np.full((*shape, 2), np.nan), np.zeros((len(bound.table), len(objectives)))
    readers = readers_of(bound, layers_of(bound), [one for one in objectives for _ in sizes])
    for which, reader in readers:
        own = which[::b] // b
        every[:, own] = reader.every(bound.z)[:, ::b]
        begun, real[own] = _started(domain, reader, ball, every[:, own], (starts, seed))
        sd = np.repeat(deviation(every[:, own], bound.table.weights), b)
        scale = np.maximum(sd, 1e-6 * np.abs(every[:, own]).max(axis=0).repeat(b) + 1e-30)
        best = _rising(climb(domain, reader, begun, scale, ball), b)
        at[own], value[own] = (one.reshape(-1, *at.shape[1:]) for one in (best.at, best.value))
    states: tuple[IntArray, FloatArray] = (at.reshape(len(real) * b, -1), value.reshape(len(real) * b, -1))
    rows = domain.frame(*states)
    z, told = bound.encoded_front(rows), np.zeros(shape)
    for which, reader in readers:
        told.ravel()[which] = reader.every(z[torch.as_tensor(which)]).diagonal()
    return Raised(
        budgets=tuple(budgets),
        rows=rows,
        distance=np.sqrt(ball.squared(*states)).reshape(shape),
        value=told,
        real=real,
        mean=np.average(every, axis=0, weights=bound.table.weights),
        sd=deviation(every, bound.table.weights),
        typicality=typicality(bound, rows, seed),
    )


def _started(
    domain: Domain, reader: Reader, ball: Budget, every: FloatArray, asked: tuple[int, int]
) -> tuple[States, FloatArray]:
    """Return the starting states for every objective and budget, and the objectives' largest and tenth-largest values over the
    real rows in each ball.

    `every` (n, K) contains the values of the objectives at the real rows.
    """
    starts, seed = asked
    numbers, k = domain.bound.table.numbers, every.shape[1]
    at, value = domain.place(np.arange(len(numbers)))
    squared, b = ball.squared(at, value), len(ball.limits)
    own_squared = ball.squared(*domain.place(np.arange(len(numbers)), edge=False))
    ats, values, of, real = [], [], [], np.full((k, b, 2), np.nan)
    for i, limit in enumerate(ball.limit(np.arange(b))):
        inside = np.flatnonzero(squared <= limit)
        if len(inside) == 0:
            raise NotApplicableError(why("no real row lies in the domain and within the budget; raise it"))
        ordered = np.sort(every[own_squared <= limit], axis=0)
        real[:, i, 0] = ordered[-1] if len(ordered) else np.nan
        real[:, i, 1] = ordered[-SMALL] if len(ordered) >= SMALL else np.nan
        more, more_values = drawn(domain, starts // 2 if np.isinf(limit) else 0, seed)
        own = np.resize(inside[chosen(numbers[inside], starts, seed)], starts)[: starts - len(more)]
        for j in range(k):
            own[0] = inside[every[inside, j].argmax()]
            ats += [at[own], more]
            values += [value[own], more_values]
            of.append(np.full(starts, j * b + i))
    of_all: IntArray = np.concatenate(of).astype(np.int64)
    return begin(domain, reader, of_all, np.concatenate(ats), np.concatenate(values)), real


def _rising(states: States, budgets: int) -> States:
    """For every budget, return the best state that was found with this or a smaller budget."""
    best: list[int] = []
    for k in range(int(states.of.max()) + 1):
        own = np.flatnonzero(states.of == k)
        place = int(own[states.score[own].argmax()])
        smaller = k % budgets > 0 and states.score[best[-1]] > states.score[place]
        best.append(best[-1] if smaller else place)
    return states.take(np.array(best))
