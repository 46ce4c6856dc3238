"""The ladder: simpler models of increasing complexity, fitted to the target and compared with the network.

The models are, in order: an intercept; a linear model; an additive model with a curve for each numeric column; the additive model
with added products of the pairs of columns that interact most in the network; and the network itself. Every model except the
network is a refit: it is fitted on the network's training rows. All models are evaluated on the held-out rows. The loss of each
model is compared, row by row, with the loss of the previous model and with the loss of the network. Intervals, equivalence margin
and decision rule are those of the verdict (`performance`).

The gain of the network is its reduction in loss compared with the linear model. The share of the gain that a refit recovers is
(loss of the linear model - loss of the refit) / (loss of the linear model - loss of the network). This share is reported only if
the gain is significant. Its interval is Fieller's interval for a ratio of paired means (Fieller 1954).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from tabinterp.analyses.context import Context
from tabinterp.analyses.display import Display, Drawn, named
from tabinterp.analyses.performance.estimator import (
    FEWEST,
    RESAMPLES,
    Status,
    groups,
    judged,
    margin_of,
    null_loss,
    resampled,
)
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.frames import any_backend
from tabinterp.models import BoundModel, Model, bind
from tabinterp.models.losses import loss_for
from tabinterp.stats.discrimination import mean, ratio
from tabinterp.stats.estimates import Estimates, stacked
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events
from tabinterp.table.hash_sampling import row_hash

from .basis import Pair, build, read_columns
from .interacting_pairs import looked_at, strongest_pairs
from .penalised_fits import fit, fit_null, rows_to_fit, scores

if TYPE_CHECKING:
    from tabinterp.analyses.scorecard.estimator import Scorecard

PAIRS = 5
Name = Literal["intercept", "linear", "curvature", "pairs", "network"]


@dataclass(frozen=True, eq=False)
class Ladder(Display):
    """Simpler models and the network, compared by held-out loss.

    Attributes
    ----------
    rungs : names of the r models, from the simplest to the network.
    loss : held-out loss of each model (r,) with 95% interval, in nats, squared units of the target or Poisson deviance.
    against_below : loss of each model minus the loss of the previous model (r,); negative if the model is better. NaN for the
        first model.
    against_network : loss of each model minus the loss of the network (r,); negative if the model is better. NaN for the network.
    status : interpretation of `against_network` by the decision rule of the verdict: better, worse, equivalent or not resolved.
    recovered : share of the network's gain over the linear model that each model recovers (r,); NaN unless `gain` is "better".
    gain : status of the network compared with the linear model.
    curved_share : reduction in loss due to curves, as a share of the reduction in loss from the linear model to the most complex
        refit.
    curved : `curved_share` in each resample of the rows (resamples,).
    passed : columns that have no curve and are in no pair, because they change the network's score too little; empty unless there
        are more than a hundred columns.
    network : the network with its table; None in a pickled copy.
    """

    drawn: ClassVar[Drawn] = Drawn(
        "plot.axis.ladder",
        {"network": ("loss", "loss_low", "loss_high")},
        named("rung", "report.gain.rung"),
        at=None,
        filled=("metric",),
    )

    rungs: tuple[Name, ...]
    loss: Estimates
    against_below: Estimates
    against_network: Estimates
    recovered: Estimates
    status: tuple[Status, ...]
    gain: Status
    curved_share: float
    curved: FloatArray
    passed: tuple[str, ...]
    pairs: tuple[Pair, ...]
    parameters: tuple[int, ...]
    models: tuple[Pipeline, ...]
    metric: str
    margin: float
    rows: int
    training_rows: int
    resamples: int
    seed: int
    network: BoundModel | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to pickle, without the network and its rows."""
        return self.__dict__ | {"network": None}

    @property
    def shortest(self) -> Name | None:
        """The name of the simplest model that is at least as good as the network; None if there is none."""
        below = zip(self.rungs[:-1], self.status[:-1], strict=True)
        return next((rung for rung, status in below if status in ("equivalent", "better")), None)

    def best(self) -> Pipeline:
        """Return the simplest model that is as good as the network or, if there is none, the refit with the lowest loss.

        The result is a scikit-learn pipeline that takes the original columns. `best()[-1].coef_` contains one coefficient per
        basis function, in units of the score per standard deviation. `best()[:-1].get_feature_names_out()` contains the names of
        the basis functions.
        """
        lowest = int(np.argmin(self.loss.value[:-1]))
        return self.models[lowest if self.shortest is None else self.rungs.index(self.shortest)]

    def scorecard(
        self,
        *,
        points: float = 600,
        odds: float = 50,
        pdo: float = 20,
        counterpart: Model | BoundModel | None = None,
    ) -> Scorecard:
        """Convert `best()` to a scorecard, the format that banks use: integer points for each bin of each column.

        Points increase as the adverse class becomes less likely. This class must be declared when the table is read
        (`read_table(..., adverse=)`).

        Parameters
        ----------
        points : total points of a row with the odds `odds`.
        odds : odds of the favourable class against the adverse class, for a row with `points` points.
        pdo : number of points by which the odds double.
        counterpart : the logistic regression with which the scorecard is compared; by default, one is fitted, as in an audit.

        Raises
        ------
        NotApplicableError
            If the target does not have two classes, the adverse class was not declared, or `best()` uses no column.
        TabinterpError
            If `points`, `odds` or `pdo` is not a number, if `odds` or `pdo` is not positive, or if the ladder was loaded from
            a pickle.
        """
        if self.network is None:
            raise TabinterpError(
                "this ladder was loaded from a pickle, which does not contain the rows that a scorecard needs. Call "
                "ti.ladder(model, table) again"
            )
        module = import_module("tabinterp.analyses.scorecard.estimator")
        made = module.scorecard(self, self.network, counterpart, points=points, odds=odds, pdo=pdo)
        return cast("Scorecard", made)

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a data frame with one row for each model."""
        columns: dict[str, object] = {"rung": list(self.rungs), "parameters": list(self.parameters)}
        for name in ("loss", "against_below", "against_network", "recovered"):
            found: Estimates = getattr(self, name)
            columns |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
        return pd.DataFrame(columns | {"status": list(self.status)})


def ladder(model: Model | BoundModel, table: Table, *, seed: int = 0, margin: float | None = None) -> Ladder:
    """Fit simpler models to the target and compare them with the network.

    Parameters
    ----------
    margin : the equivalence margin, in units of the loss; None means 1% of the loss of the intercept-only model.

    Raises
    ------
    NotApplicableError
        If the table has no split into training and held-out rows, or if the training or the held-out rows have too few events.

    Examples
    --------
    >>> import numpy as np, pandas as pd, torch, tabinterp as ti
    >>> draw = np.random.default_rng(0)
    >>> frame = pd.DataFrame(draw.normal(size=(4000, 2)), columns=["a", "b"])
    >>> table = ti.read_table(frame.assign(y=frame["a"] + draw.normal(size=4000)), target="y", split=0.5, stratify=False)
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[1.0, 0.0]]))
    >>> found = ladder(ti.wrap(layer, encoder="passthrough", task="regression"), table)
    >>> found.rungs, found.shortest
    (('intercept', 'linear', 'curvature', 'network'), 'linear')
    """
    bound = bind(model, table)
    if table.held_out is None:
        raise NotApplicableError(
            why(
                "the ladder compares refits with the network on rows that it was not trained on, and the table does not say "
                "which these are; give it the split under which the network was trained (split=, or "
                "table.with_split(model.split))"
            )
        )
    require_events(table.take(table.held_out), "held_out")
    require_events(table.training_rows(), "training")
    training = rows_to_fit(table, seed)
    near, passed = looked_at(bound, seed)
    pairs = strongest_pairs(bound, near, PAIRS, seed)
    fits = _fits(bound, training, near, pairs, seed)
    held = np.flatnonzero(table.held_out)
    held = held[np.argsort(row_hash(table.numbers[held], seed), kind="stable")]
    rows = table.take(held)
    found = [*(scores(m, rows) for m in fits.values()), bound.scores[held]]
    loss = loss_for(None, table.schema.task)
    losses = loss.each(np.stack(found), rows.y, bound.device)
    linear = list(fits).index("linear")
    curved = _curved(losses, rows, linear, seed)
    own = sum(p.numel() for p in bound.model.weights.parameters())
    return Ladder(
        rungs=(*fits, "network"),
        **judge(losses, rows.y, table.schema.task, rows.row_weights, rows.groups, linear, margin),
        curved_share=float(curved[0]),
        curved=curved[1:],
        passed=passed,
        pairs=pairs,
        parameters=(*(_parameters(m, found[-1].shape[1]) for m in fits.values()), own),
        models=tuple(fits.values()),
        metric=loss.name,
        rows=len(rows),
        training_rows=len(training),
        resamples=RESAMPLES,
        seed=seed,
        network=bound,
    )


def _fits(
    bound: BoundModel, training: Table, near: tuple[str, ...], pairs: tuple[Pair, ...], seed: int
) -> dict[Name, Pipeline]:
    """Fit all models except the network. A model that adds no basis function to the previous model is skipped."""
    frame, kinds = training.inputs, read_columns(bound)
    bases: dict[Name, Any] = {
        "linear": build(frame, kinds, curves=()),
        "curvature": build(frame, kinds, curves=near),
        "pairs": build(frame, kinds, curves=near, pairs=pairs),
    }
    fits, width = {"intercept": fit_null(training)}, -1
    for name, basis in bases.items():
        if len(basis.tier) > width:
            fits[name], width = fit(basis, training, seed), len(basis.tier)
    return fits  # type: ignore[return-value]


def _parameters(model: Pipeline, outputs: int) -> int:
    return outputs + int(np.size(getattr(model[-1], "coef_", ())))


def judge(
    losses: FloatArray,
    y: FloatArray,
    task: str,
    weights: FloatArray,
    groups: IntArray | None,
    linear: int,
    given: float | None = None,
) -> dict[str, Any]:
    """Compare the losses (r, rows) of the models. The last row contains the losses of the network.

    Parameters
    ----------
    linear : index of the linear model.
    given : equivalence margin given by the user; None means the default.

    Returns
    -------
    Mean losses, paired differences, statuses and recovered shares, in a dict whose keys are attribute names of `Ladder`.
    """
    rungs, none = [mean(one, weights, groups) for one in losses], (np.nan,) * 4
    margin = margin_of(given, null_loss(task, y, weights))
    against = stacked([(rung - rungs[-1]).student() for rung in rungs])
    status = tuple(judged(low, high, margin) for low, high in zip(against.low, against.high, strict=True))
    behind = status[linear]
    gain: Status = {"worse": "better", "better": "worse"}.get(behind, behind)  # type: ignore[assignment]
    recovered = [
        ratio(rungs[linear] - rung, rungs[linear] - rungs[-1]) if gain == "better" and i >= linear else none
        for i, rung in enumerate(rungs)
    ]
    return {
        "loss": stacked([rung.student() for rung in rungs]),
        "against_below": stacked([none, *((b - a).student() for a, b in pairwise(rungs))]),
        "against_network": stacked([*((rung - rungs[-1]).student() for rung in rungs[:-1]), none]),
        "recovered": stacked(recovered),
        "status": status,
        "gain": gain,
        "margin": margin,
    }


def _curved(losses: FloatArray, rows: Table, linear: int, seed: int) -> FloatArray:
    """Return `Ladder.curved_share` for the original rows and for every resample (1 + resamples,)."""
    weights, group = rows.row_weights, groups(rows)
    both = np.array([losses @ w / w.sum() for w in (weights, *resampled(weights, group, RESAMPLES, seed))])
    bent = linear + 1 if linear + 2 < len(losses) else linear
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (both[:, linear] - both[:, bent]) / (both[:, linear] - both[:, -2])
    if group.max() + 1 < FEWEST:
        share[1:] = np.nan
    return np.asarray(share)


def run(context: Context) -> Ladder:
    """Compare the audited network with simpler models."""
    return ladder(context.network, context.network.table, seed=context.seed, margin=context.settings.margin)
