"""Cross-validation of both models, with a standard error that accounts for overlapping training rows.

The training rows of different folds overlap, so the variance of the mean over K folds exceeds 1/K of the variance between folds.
Nadeau & Bengio (2003) estimate the variance of the mean by (1/K + n_test/n_train) s^2, where s^2 is the variance between folds.
For K folds, this is (1/K + 1/(K - 1)) s^2. The interval uses Student's t distribution with K - 1 degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import t as student

from tabinterp.analyses.display import Display, Drawn, worded
from tabinterp.analyses.performance.estimator import FEWEST, Status, judged, margin_of, null_loss
from tabinterp.arrays import FloatArray
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.frames import any_backend
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.models import Model, bind
from tabinterp.models.losses import loss_for
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events
from tabinterp.table.folds import folds as folds_of


@dataclass(frozen=True, eq=False)
class Crossvalidated(Display):
    """The primary loss of each model on each fold (K,), when the model is fitted to all other folds.

    `value` is the mean difference in loss, network minus linear model.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.folds",
        {"network": ("network", None, None), "linear": ("linear", None, None)},
        worded("plot.label.fold"),
        other="rows",
        at=None,
        filled=("metric",),
    )

    metric: str
    network: FloatArray
    linear: FloatArray
    rows: tuple[int, ...]
    margin: float
    seed: int

    @property
    def value(self) -> float:
        return float((self.network - self.linear).mean())

    @property
    def stderr(self) -> float:
        """The standard error of the mean difference, corrected for overlapping training rows."""
        return corrected_stderr(self.network - self.linear)

    @property
    def interval(self) -> tuple[float, float]:
        half = float(student.ppf(0.975, len(self.network) - 1)) * self.stderr
        return self.value - half, self.value + half

    @property
    def status(self) -> Status:
        """The verdict on whether the network is better, from the margin and the interval of the mean difference."""
        return judged(*self.interval, self.margin)

    def _numbers(self) -> pd.DataFrame:
        return self.frame().assign(fold=range(1, len(self.network) + 1))

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each fold."""
        columns = {"rows": self.rows, "network": self.network, "linear": self.linear}
        return pd.DataFrame(columns | {"difference": self.network - self.linear})


def corrected_stderr(differences: FloatArray) -> float:
    """Return the standard error of the mean of the differences on K folds (Nadeau & Bengio 2003).

    >>> round(corrected_stderr(np.array([0.0, 1.0])), 6)  # s^2 = 1/2, K = 2: (1/2 + 1) / 2
    0.866025
    """
    k = len(differences)
    return float(np.sqrt((1 / k + 1 / (k - 1)) * np.var(differences, ddof=1)))


def crossvalidate(
    factory: Callable[[Table], Model],
    table: Table,
    folds: int = 10,
    *,
    seed: int = 0,
    margin: float | None = None,
) -> Crossvalidated:
    """Cross-validate a network and its linear counterpart.

    For each fold, both models are fitted to all other folds and compared on this fold.

    `factory` is a function that takes the training rows of a fold and returns a wrapped network fitted to these rows. The linear
    counterpart is fitted automatically. Rows are assigned to folds by a hash of their number, and groups are kept together. If
    the table has a split, it is ignored.

    Raises
    ------
    TabinterpError
        If there are fewer than two folds. If a fold has fewer than ten rows or the table has too few events, the error is a
        `NotApplicableError`.

    Examples
    --------
    >>> import torch, tabinterp as ti
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"x": draw.normal(size=200)})
    >>> table = ti.read_table(frame.assign(y=frame["x"] + draw.normal(size=200)), target="y")
    >>> layer = torch.nn.Linear(1, 1, bias=False)
    >>> _ = layer.weight.data.fill_(-1.0)
    >>> found = ti.crossvalidate(lambda rows: ti.wrap(layer, encoder="passthrough", task="regression"), table, folds=5)
    >>> found.status
    'worse'
    """
    if folds < 2:
        raise TabinterpError(f"cross-validation needs at least two folds; got {folds}")
    require_events(table, "all")
    margin = margin_of(margin, null_loss(table.schema.task, table.y.copy(), table.row_weights))
    place = folds_of(table, seed, folds)
    sizes = np.bincount(place, minlength=folds)
    if sizes.min() < FEWEST:
        raise NotApplicableError(
            f"every fold needs at least {FEWEST} rows, but with {folds} folds the smallest fold has {int(sizes.min())}. Use "
            "fewer folds"
        )
    loss, found = loss_for(None, table.schema.task), []
    for one in range(folds):
        training, test = table.take(place != one), table.take(place == one)
        network = factory(training)
        pair = np.stack([bind(m, test).scores for m in (network, fit_counterpart(network, training, seed=seed))])
        found.append(np.average(loss.each(pair, test.y, network.where), axis=1, weights=test.row_weights))
    network_losses, linear_losses = np.array(found).T
    return Crossvalidated(loss.name, network_losses, linear_losses, tuple(sizes.tolist()), margin, seed)
