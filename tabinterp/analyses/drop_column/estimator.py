"""Drop-column importance: the rise in held-out loss of the linear model when it is refitted with one column left out.

In a refit, other columns can compensate for the column that is left out. A column that can be replaced by other columns therefore
has no importance, even if the original model relies on it. The method is also called leave-one-covariate-out (LOCO; Lei et al.
2018). The result describes the linear model only; no network is retrained.

All refits use the same encoding, rows and L2 penalty. The strength of the penalty is chosen once, with all columns, as for the
linear counterpart of an audit. Refits use at most 10,000 training rows, selected by a hash of their row numbers and the seed.
Losses are computed on held-out rows. The refits with and without a column are compared row by row, and the intervals of the
differences in loss are computed as in `performance`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge

from tabinterp.analyses.display import Display, Drawn
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.frames import any_backend
from tabinterp.linear.penalised import SEARCHED, fit_penalised, fit_quietly, relative_weights
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.losses import loss_for
from tabinterp.stats.discrimination import mean
from tabinterp.stats.equal_rows import players_of
from tabinterp.stats.estimates import Estimates, stacked
from tabinterp.table import Table
from tabinterp.table.hash_sampling import chosen


@dataclass(frozen=True, eq=False)
class Dropped(Display):
    """The rise in held-out loss when the linear model is refitted without a column or a group of columns.

    `importance` contains one rise for each column or group. A rise is NaN if the encoder mixes the omitted columns with other
    columns. `baseline` is the loss of the refit with all columns.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.dropped", {"linear": ("importance", "ci_low", "ci_high")}, order="importance", filled=("loss",)
    )

    players: tuple[str, ...]
    importance: Estimates
    baseline: float
    loss: str
    rows: int
    training_rows: int
    seed: int
    estimand: str = "rise in held-out loss when the linear model is refitted without the column or group of columns"

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each column or group."""
        found = self.importance
        numbers = {"importance": found.value, "stderr": found.stderr, "ci_low": found.low, "ci_high": found.high}
        return pd.DataFrame({"column": list(self.players), **numbers})


def drop_and_refit(
    linear: Model | BoundModel, table: Table, *, together: Mapping[str, Sequence[str]] | None = None, seed: int = 0
) -> Dropped:
    """Return, for each column or group of columns, the rise in held-out loss when the linear model is refitted without it.

    `together` maps the name of each group to its columns.

    Raises
    ------
    NotApplicableError
        If the model is not linear, or if it is unknown which rows were held out.

    Examples
    --------
    >>> import numpy as np, pandas as pd, tabinterp as ti
    >>> x = np.random.default_rng(0).normal(size=(2000, 2))
    >>> frame = pd.DataFrame({"a": x[:, 0], "copy": x[:, 0], "b": x[:, 1], "y": 3 * x[:, 0] + x[:, 1]})
    >>> table = ti.read_table(frame, target="y", task="regression", split=0.5)
    >>> layer = __import__("torch").nn.Linear(3, 1)
    >>> model = ti.wrap(layer, encoder="passthrough", task="regression")
    >>> drop_and_refit(model, table, together={"both": ["a", "copy"]}).frame()["importance"].round(0).tolist()
    [0.0, 0.0, 1.0, 9.0]
    """
    bound = bind(linear, table)
    if not bound.is_linear:
        raise NotApplicableError(
            f"columns can be dropped only from a linear model, and {bound.model.name} is not linear. Pass the "
            "linear counterpart"
        )
    if table.held_out is None:
        raise NotApplicableError(why("refits are scored on held-out rows, and the table does not say which these are"))
    players: dict[str, tuple[str, ...]] = {c: (c,) for c in bound.columns}
    for name, columns in (together or {}).items():
        players |= {name: players_of(bound.columns, {name: columns})[name]}
    training = trained_on(table, seed)
    held = np.flatnonzero(table.held_out)
    held = held[np.argsort(table.numbers[held], kind="stable")]
    scores = refitted_without(bound, players, training, held, seed)
    loss = loss_for(None, table.schema.task)
    rows = table.take(held)
    losses = loss.each(np.stack(scores), rows.y, bound.device)
    weights = rows.row_weights
    return Dropped(
        players=tuple(players),
        importance=stacked([mean(rise, weights, rows.groups).student() for rise in losses[1:] - losses[0]]),
        baseline=float(np.average(losses[0], weights=weights)),
        loss=loss.name,
        rows=len(held),
        training_rows=len(training),
        seed=seed,
    )


def trained_on(table: Table, seed: int) -> IntArray:
    """Return the training rows that are used for the refits."""
    held = np.zeros(len(table), dtype=bool) if table.held_out is None else table.held_out
    training = np.flatnonzero(~held & (table.row_weights > 0))
    return training[np.sort(chosen(table.numbers[training], SEARCHED, seed))]


def refitted_without(
    bound: BoundModel, players: Mapping[str, tuple[str, ...]], training: IntArray, held: IntArray, seed: int
) -> list[FloatArray]:
    """Return the held-out scores (rows, k) of the refit with all columns, and then of the refits without each column or group."""
    table, x = bound.table.take(training), bound.x[training]
    w = table.row_weights
    centre = np.average(x, axis=0, weights=w)
    scale = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=w))
    scale[(np.ptp(x, axis=0) == 0) | (scale == 0)] = np.inf
    x, other = (x - centre) / scale, (bound.x[held] - centre) / scale
    target = table.y.astype(np.int64) if table.schema.goal.classes else table.y
    fitted = fit_penalised(x, target, table, seed)
    whole = np.array(np.atleast_2d(fitted.coef_), dtype=np.float64)
    made = [_scores(fitted, other)]
    for columns in players.values():
        gone = np.unique(np.concatenate([bound.encoding.blocks[c] for c in columns]))
        if not len(gone):
            made.append(made[0])
        elif not bound.is_local(columns):
            made.append(np.full_like(made[0], np.nan))
        else:
            made.append(_without(fitted, whole, x, other, gone, table))
    return made


def _without(
    fitted: Any, whole: FloatArray, x: FloatArray, other: FloatArray, gone: IntArray, table: Table
) -> FloatArray:
    """Return the scores of the held-out rows from a fit without the encoded columns `gone`.

    The optimisation starts from the coefficients of the fit with all encoded columns. During the fit, the values of `gone` are
    zero, and the penalty then makes their coefficients zero. This is faster than copying the remaining columns.
    """
    y = table.codes if table.schema.goal.classes else table.y
    model, values, start = clone(fitted), x[:, gone], whole.copy()
    start[:, gone] = 0
    if not isinstance(model, Ridge):
        model.set_params(warm_start=True)
        model.coef_ = start[0] if isinstance(model, PoissonRegressor) else start
        model.intercept_ = np.array(fitted.intercept_) if np.ndim(fitted.intercept_) else fitted.intercept_
        if isinstance(model, LogisticRegression):
            model.classes_ = fitted.classes_
    x[:, gone] = 0
    try:
        fit_quietly(model, x, y, relative_weights(table))
    finally:
        x[:, gone] = values
    return _scores(model, other)


def _scores(model: Any, x: FloatArray) -> FloatArray:
    """Return the scores (rows, k) of a fitted linear model: log-odds, centred logits, predicted values or log rates."""
    scores: FloatArray = x @ np.atleast_2d(model.coef_).T + model.intercept_
    return scores - scores.mean(axis=1, keepdims=True) if scores.shape[1] > 1 else scores
