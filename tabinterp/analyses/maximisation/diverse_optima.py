"""Search for several dissimilar rows that all activate one unit strongly (Olah, Mordvintsev & Schubert 2017).

The rows are called facets. The search maximises the sum of the objective over the facets, minus a weight times the sum of squared
cosines over pairs of facets. Negative cosines are set to 0, so opposite facets are not penalised.

The cosine is computed between the first affine outputs of two facets (the outputs of the network's first affine operations).
These outputs are centred at the output for the mean row, and each component is divided by its standard deviation over rows.
Facets that differ only in values that the network ignores therefore have a cosine of 1.

The first facet is the unpenalised optimum. Each further facet is the best result of the searches from all starting rows, given
the previous facets. Each facet except the first is then improved again while all others are fixed. This step never lowers the
penalised sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from tabinterp.analyses.display import Display, Drawn, in_sd, worded
from tabinterp.arrays import FloatArray
from tabinterp.errors import NotApplicableError, argument
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.layers import layers_of
from tabinterp.table import Table

from .estimator import STARTS, by_column, different, starts_of
from .objective_values import Reader, readers_of
from .objectives import Objective
from .search import climb
from .search_space import Domain, domain_of
from .search_state import States, begin
from .typicality import Typicality, typicality

ROUNDS = 2


@dataclass(frozen=True, eq=False)
class Facets(Display):
    """Several dissimilar optima of one objective.

    Attributes
    ----------
    rows : the optima in original columns, the best first.
    value : the objective at each optimum (facets,).
    share : (value - mean) / (value of the best optimum - mean), for each optimum (facets,).
    cosine : cosine between the first affine outputs of each pair of optima (facets, facets).
    distinct : number of different optima. Two optima differ if they have different levels, or if a number differs by more than 1%
        of the range of its column.
    diversity : penalty for two equal optima, divided by the difference between the best value and the mean.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.objective", {"optimum": ("value", None, None)}, worded("plot.label.facet")
    )

    objective: Objective
    rows: pd.DataFrame
    value: FloatArray
    share: FloatArray
    cosine: FloatArray
    mean: float
    sd: float
    distinct: int
    typicality: Typicality
    diversity: float
    starts: int
    seed: int

    @any_backend
    def summary(self) -> pd.DataFrame:
        """Return a data frame with one row for each optimum. `nearest` is the largest cosine between this optimum and another."""
        others = np.where(np.eye(len(self.value), dtype=bool), -np.inf, self.cosine)
        nearest = others.max(axis=1) if len(self.value) > 1 else np.full(len(self.value), np.nan)
        made = {"facet": np.arange(len(self.value)), "value": self.value, "share": self.share, "nearest": nearest}
        return pd.concat([pd.DataFrame(made), self.typicality.frame()], axis=1)

    def _numbers(self) -> pd.DataFrame:
        return in_sd(self.summary(), self.mean, self.sd)

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each optimum and column.

        `at` is the value of the column at the optimum. Each row also contains the columns of `summary`.
        """
        return by_column(self.summary(), self.rows)


def facets(
    model: Model | BoundModel,
    table: Table,
    *,
    objective: Objective,
    number: int = 4,
    diversity: float = 0.5,
    starts: int = STARTS,
    seed: int = 0,
) -> Facets:
    """Find `number` dissimilar optima of one objective.

    Raises
    ------
    NotApplicableError
        If the objective names a layer, unit or class that does not exist.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> frame = pd.DataFrame({"a": np.tile([0.0, 1.0], 50), "b": np.repeat([0.0, 1.0], 50), "y": np.arange(100.0)})
    >>> table = ti.read_table(frame, target="y", task="regression")
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))  # the exclusive or
    >>> _ = net[0].weight.data.copy_(torch.tensor([[1.0, -1.0], [-1.0, 1.0]])), net[0].bias.data.zero_()
    >>> _ = net[2].weight.data.fill_(1.0), net[2].bias.data.zero_()
    >>> found = facets(ti.wrap(net, encoder="passthrough", task="regression"), table, objective=ti.output(), number=2)
    >>> found.rows.sort_values("a").values.tolist(), found.share.tolist()
    ([[0.0, 1.0], [1.0, 0.0]], [1.0, 1.0])
    """
    bound = bind(model, table)
    if number < 1 or starts < 2 or not 0 <= diversity < np.inf:
        raise NotApplicableError(
            "number must be at least 1, starts must be at least 2, and diversity must be a finite number of at least 0; got "
            f"{argument('number', number)}, {argument('starts', starts)} and {argument('diversity', diversity)}"
        )
    domain = domain_of(bound, seed)
    ((_, reader),) = readers_of(bound, layers_of(bound), [objective])
    every = reader.every(bound.z)
    mean = float(np.average(every[:, 0], weights=table.weights))
    sd = float(np.sqrt(np.average((every[:, 0] - mean) ** 2, weights=table.weights)))
    scale = np.array([max(sd, 1e-6 * float(np.abs(every).max()) + 1e-30)])
    first = begin(domain, reader, *starts_of(domain, every, None, starts, seed))
    found = _apart(domain, reader, first, scale, (number, diversity, mean))
    rows = domain.frame(found.at, found.value)
    z = bound.encoded_front(rows)
    value = reader.every(z)[:, 0]
    way = _Way(bound).of(z)
    return Facets(
        objective=objective,
        rows=rows,
        value=value,
        share=(value - mean) / (value[0] - mean) if value[0] > mean else np.full(len(value), np.nan),
        cosine=(way @ way.T).double().cpu().numpy(),
        mean=mean,
        sd=sd,
        distinct=different(domain, found),
        typicality=typicality(bound, rows, seed),
        diversity=diversity,
        starts=starts,
        seed=seed,
    )


class _Way:
    """Conversion of first affine outputs to unit vectors. Each vector points from the output for the mean row to the given
    output, in standardised units.
    """

    def __init__(self, bound: BoundModel) -> None:
        weights = bound.at_home(bound.table.row_weights / bound.table.row_weights.sum())
        z = bound.z.double()
        mean = weights @ z
        sd = (weights @ (z - mean) ** 2).sqrt()
        self.mean, self.scale = mean.float(), torch.where(sd > 0, 1 / sd.clamp(min=1e-30), 0.0).float()

    def of(self, z: Tensor) -> Tensor:
        way: Tensor = (z - self.mean) * self.scale
        length: Tensor = way.norm(dim=1, keepdim=True)
        return way / length.clamp(min=1e-12)

    def near(self, others: Tensor, weight: float) -> Callable[[Tensor], Tensor]:
        """Return a function that maps first affine outputs (m, h) to penalties (m,).

        The penalty is `weight` times the sum of squared cosines with the first affine outputs `others`; negative cosines are set
        to 0.
        """
        ways = self.of(others)
        return lambda z: weight * ((self.of(z) @ ways.T).clamp(min=0) ** 2).sum(dim=1)


def _apart(
    domain: Domain, reader: Reader, starts: States, scale: FloatArray, asked: tuple[int, float, float]
) -> States:
    """Find the optima one after another, improve each of them further, and return them as states."""
    number, diversity, mean = asked
    way = _Way(domain.bound)
    pool = climb(domain, reader, starts, scale, None)
    kept = [pool.take(np.array([pool.score.argmax()]))]
    weight = diversity * max(float(kept[0].score[0]) - mean, 0.0)

    def beside(others: list[States], states: States) -> States:
        apart = way.near(torch.cat([one.z for one in others]), weight)
        own = replace(reader, apart=apart, linear=False)
        made = climb(domain, own, begin(domain, own, states.of, states.at, states.value), scale, None)
        return made.take(np.array([made.score.argmax()]))

    for _ in range(number - 1):
        kept.append(beside(kept, _joined([starts, pool])))
    for _ in range(ROUNDS if number > 1 else 0):
        for f in range(1, number):  # the first stays the optimum
            kept[f] = beside(kept[:f] + kept[f + 1 :], kept[f])
    return _joined(kept)


def _joined(states: list[States]) -> States:
    return States(
        of=np.concatenate([one.of for one in states]),
        at=np.concatenate([one.at for one in states]),
        value=np.concatenate([one.value for one in states]),
        z=torch.cat([one.z for one in states]),
        score=np.concatenate([one.score for one in states]),
    )
