"""Baseline sensitivity: does the ranking of columns by integrated gradients depend on the baseline?

A baseline represents a row without information, and no single choice of baseline is right. Three baselines are therefore
compared: the mean, the median (for categories, the most frequent level) and real rows.

The report also shows how atypical the mean and the median are. For each of these two baselines, the distance to its fifth nearest
row is computed. The report gives the percentile of this distance among the corresponding distances of real rows. A very low or a
very high percentile means that the baseline is atypical. The report also lists the columns in which no real row has the same
encoded value as the baseline. For example, the mean of one-hot codes is not the code of any level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from tabinterp.analyses.agreement.estimator import Agreement, Reading, agreements
from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn
from tabinterp.analyses.gradients import ANALYSIS as GRADIENTS
from tabinterp.analyses.gradients.estimator import GradientImportance, gradient_importance
from tabinterp.analyses.gradients.reference_rows import baseline_of
from tabinterp.analyses.maximisation.typicality import of_encoded
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.through_encoder import through
from tabinterp.table import Table

from .record import STARTS

AUDITED_ROWS = 500
BACKGROUND = 10  # number of real rows used as baselines; each takes as much time as the mean or the median baseline


@dataclass(frozen=True)
class Start:
    """A baseline that is a single point.

    `neighbours` is the percentile rank (0 to 1) of the baseline's distance to its fifth nearest row, among the corresponding
    distances of `reference` real rows. A value near 0 means that almost every real row is farther from its neighbours than the
    baseline is. A value near 1 means that almost no real row is farther from its neighbours than the baseline is. `unlike` lists
    the columns in which no row of the table has the same encoded value as the baseline.
    """

    baseline: str
    neighbours: float
    unlike: tuple[str, ...]
    reference: int


@dataclass(frozen=True, eq=False)
class Baselines(Display):
    """Integrated gradients of the same rows for three baselines: the mean, the median and real rows.

    `agreement` compares the column rankings of each pair of baselines. `starts` describes how atypical the mean and the median
    are.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.baselines",
        dict.fromkeys(STARTS, ("mean", "ci_low", "ci_high")),
        order="mean_abs",
        by="baseline",
        names="plot.series.baseline",
    )

    readings: tuple[GradientImportance, ...]
    agreement: tuple[Agreement, ...]
    starts: tuple[Start, ...]

    def __getitem__(self, baseline: str) -> GradientImportance:
        return self.readings[STARTS.index(baseline)]

    @property
    def spearman(self) -> float | None:
        """The lowest rank correlation between the rankings of any two baselines; None for fewer than three columns."""
        found = [pair.spearman for pair in self.agreement if pair.spearman is not None]
        return min(found, default=None)

    @property
    def outputs(self) -> tuple[str | None, ...]:
        return self.readings[0].outputs

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each baseline, output and column."""
        return pd.concat(
            [one.frame().assign(baseline=name) for name, one in zip(STARTS, self.readings, strict=True)],
            ignore_index=True,
        )


def baselines(
    model: Model | BoundModel,
    table: Table,
    *,
    background: int | Table = BACKGROUND,
    tolerance: float = 1e-3,
    seed: int = 0,
    mean: GradientImportance | None = None,
) -> Baselines:
    """Compute integrated gradients of every row for three baselines: the mean, the median and `background` real rows.

    Columns are ranked by their mean absolute attribution, summed over outputs. If the attributions for the mean baseline are
    already known, pass them as `mean`.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> x = np.random.default_rng(0).normal(size=(300, 3))
    >>> table = ti.read_table(pd.DataFrame(x, columns=["a", "b", "c"]).assign(y=x[:, 0]), target="y", task="regression")
    >>> layer = torch.nn.Linear(3, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 1.0, 0.0]]))
    >>> found = baselines(ti.wrap(layer, encoder="passthrough", task="regression"), table)
    >>> round(found.spearman, 6), [start.unlike for start in found.starts]
    (1.0, [(), ()])
    """
    bound = bind(model, table)

    def read(baseline: str) -> GradientImportance:
        if baseline == "mean" and mean is not None:
            return mean
        return gradient_importance(
            bound, bound.table, baseline=baseline, background=background, tolerance=tolerance, seed=seed
        )

    made, head = tuple(read(one) for one in STARTS), through(bound)
    sizes = [Reading(name, one.size().value.sum(axis=1)) for name, one in zip(STARTS, made, strict=True)]
    return Baselines(made, tuple(agreements(sizes)), tuple(_start(head, one, seed) for one in STARTS[:2]))


def _start(bound: BoundModel, baseline: str, seed: int) -> Start:
    point = baseline_of(bound, baseline)
    neighbours, reference = of_encoded(bound, point, seed)
    return Start(baseline, neighbours, tuple(c for c in bound.columns if _unlike(bound, c, point)), reference)


def _unlike(bound: BoundModel, column: str, point: np.ndarray) -> bool:
    """Return whether no row has the same encoded value of the column as `point`; always False for a numeric column."""
    block = bound.encoding.blocks[column]
    if bound.table.schema[column].kind == "numeric" or not len(block):
        return False
    return not (np.abs(bound.x[:, block] - point[block]).max(axis=1) < 1e-9).any()


def run(context: Context) -> tuple[Baselines, Baselines] | None:
    """Compare the baselines for both models of an audit.

    Return None if the models have no gradients. The report section on gradients then states the reason.
    """
    if not context[GRADIENTS]:
        return None
    network, linear = context.both(context.drawn(context.gradient_subsample, AUDITED_ROWS))
    return baselines(network, network.table, seed=context.seed), baselines(linear, linear.table, seed=context.seed)
