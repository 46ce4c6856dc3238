"""Gradient-boosted trees fitted to the same training rows, as a reference for the performance of the network.

The trees are fitted by scikit-learn's histogram gradient boosting, which is modelled on LightGBM (Ke et al. 2017). They use the
original columns and support categories directly. The number of boosting rounds is chosen to minimise the loss on a validation
set, and is at most 200. The validation set is a fifth of the training rows, selected by a hash of the row number. If there is a
group column, the validation set consists of whole groups. The trees are then fitted again to all training rows. No other setting
is tuned.

If the trees beat the network, a better model for this table exists. If the network beats the trees, an even better model may
still exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder
from threadpoolctl import threadpool_limits

from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import FEWEST, Metric, Status, groups, judged, paired
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models.losses import loss_for
from tabinterp.models.model import BoundModel
from tabinterp.models.scores import CLIP
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events
from tabinterp.table.folds import by_group
from tabinterp.table.hash_sampling import chosen, row_hash
from tabinterp.table.suppression import BoolArray

ROUNDS, STEP = 200, 25
TREES = 400  # maximum number of trees, summed over classes
LEVELS = 250  # maximum number of codes of a categorical column (scikit-learn allows 255); the rarest levels share one
VALIDATION = 5  # 1 / share of the training rows on which the number of rounds is chosen


@dataclass(frozen=True)
class Reference:
    """The primary metric of the network and of the trees, and a verdict on which of the two is better.

    In `metric`, the fields for the linear model contain the results of the trees.
    """

    metric: Metric
    status: Status
    rounds: int
    rows: int
    training_rows: int


def boosted(network: BoundModel, margin: float, *, seed: int = 0) -> Reference:
    """Fit boosted trees to the training rows, and compare them with the network on the held-out rows.

    Raises
    ------
    NotApplicableError
        If it is unknown which rows were held out, or if there are too few rows or events.
    """
    table = network.table
    training, held = _training(table, seed), np.flatnonzero(_held_out(table))
    held = held[np.argsort(row_hash(table.numbers[held], seed), kind="stable")].astype(np.int64)
    rows = table.take(held)
    require_events(rows, "held_out")
    require_events(training, "training")
    if groups(rows).max() + 1 < FEWEST:
        raise NotApplicableError(why("boosted.few", least=FEWEST))
    columns = table.schema.inputs
    with threadpool_limits(1, user_api="openmp"):  # with several threads, the last digits of sums differ between runs
        model, rounds = _fitted(training, columns, seed, network.device)
        losses = _losses(np.stack([network.scores[held], _predicted(model, rows, columns)]), rows, network.device)
    metric = paired(loss_for(None, table.schema.task).name, losses, rows)
    _, _, low, high = metric.difference
    return Reference(metric, judged(low, high, margin), rounds, len(rows), len(training))


def trees_scores(network: BoundModel, rows: IntArray, columns: tuple[str, ...], seed: int = 0) -> FloatArray:
    """Return the scores (rows, k) of boosted trees that are fitted to the training rows and use only `columns`.

    Raises
    ------
    NotApplicableError
        If it is unknown which rows the network was trained on, or if there are too few training rows.
    """
    training = _training(network.table, seed)
    with threadpool_limits(1, user_api="openmp"):
        model, _ = _fitted(training, columns, seed, network.device)
        return _predicted(model, network.table.take(rows), columns)


def _held_out(table: Table) -> BoolArray:
    """Return a mask (n,) of the rows that the network was not trained on."""
    if table.held_out is None:
        raise NotApplicableError(why("they need to know which rows the network was trained on"))
    return table.held_out


def _training(table: Table, seed: int) -> Table:
    """Return the training rows with positive weight, in an order that does not depend on the order of the table."""
    _held_out(table)
    training = table.training_rows()
    if training.weights is not None:
        training = training.take(np.flatnonzero(training.weights > 0))
    training = training.take(np.argsort(row_hash(training.numbers, seed), kind="stable").astype(np.int64))
    if len(training) < 2 * VALIDATION or not training.schema.inputs:
        raise NotApplicableError(why("there are too few training rows for them"))
    if table.codes is not None and len(np.unique(training.y)) < len(table.schema.classes):
        raise NotApplicableError(why("some class has no training row"))
    return training


def _fitted(training: Table, columns: tuple[str, ...], seed: int, device: str) -> tuple[Pipeline, int]:
    classes = max(1, len(training.schema.classes)) if training.schema.task == "multiclass" else 1
    most = max(1, min(ROUNDS, TREES // classes))
    fitted, scored = _apart(training, seed + 1)
    known = training.codes is None or len(np.unique(training.y[fitted])) == len(training.schema.classes)
    rounds = _best(training, columns, fitted, scored, most, seed, device) if known else most
    model = _pipeline(training, columns, seed).set_params(model__max_iter=rounds)
    return model.fit(training.frame[list(columns)], training.y, model__sample_weight=training.weights), rounds


def _apart(training: Table, seed: int) -> tuple[IntArray, IntArray]:
    """Split the training rows into rows for fitting and validation rows for choosing the number of boosting rounds."""
    if training.groups is not None:
        codes = np.zeros(len(training), dtype=np.int64) if training.codes is None else training.codes
        parts = by_group(codes, training.groups, [*np.unique(codes)], VALIDATION, seed)
        if not parts:
            raise NotApplicableError(why("boosted.groups"))
        return parts[0]
    apart = np.zeros(len(training), dtype=bool)
    apart[chosen(training.numbers, len(training) // VALIDATION, seed)] = True
    return np.flatnonzero(~apart).astype(np.int64), np.flatnonzero(apart).astype(np.int64)


def _best(
    training: Table, columns: tuple[str, ...], fitted: IntArray, scored: IntArray, most: int, seed: int, device: str
) -> int:
    """Return the number of boosting rounds with the lowest loss on the validation rows `scored`.

    The search stops when the last `STEP` rounds have not lowered this loss.
    """
    part, apart, best = training.take(fitted), training.take(scored), 0
    model, names = _pipeline(part, columns, seed), list(columns)
    x, y, task = model[:-1].fit_transform(part.frame[names]), part.y, training.schema.task
    at = model[:-1].transform(apart.frame[names])
    staged = "staged_decision_function" if training.schema.goal.classes else "staged_predict"
    for rounds in range(STEP, most + STEP, STEP):
        model[-1].set_params(max_iter=min(rounds, most), warm_start=True).fit(x, y, sample_weight=part.weights)
        stages = getattr(model[-1], staged)(at)
        found = np.stack([_losses(_scores(raw, task)[None], apart, device)[0] for raw in stages])
        best = int(np.argmin(found @ apart.row_weights)) + 1
        if best <= rounds - STEP:
            break
    return best


def _losses(found: FloatArray, table: Table, device: str) -> FloatArray:
    """Return the loss (m, rows) of each row for each of m sets of scores `found` (m, rows, k)."""
    return loss_for(None, table.schema.task).each(found, table.y, device)


def _predicted(model: Pipeline, table: Table, columns: tuple[str, ...]) -> FloatArray:
    ask = model.decision_function if table.schema.goal.classes else model.predict
    return _scores(ask(table.frame[list(columns)]), table.schema.task)


def _scores(raw: FloatArray, task: str) -> FloatArray:
    """Convert the output of the trees to scores (rows, k): log-odds, logits, predicted values, or log rates."""
    raw = np.asarray(raw, dtype=np.float64)
    return (np.log(np.maximum(raw, CLIP)) if task == "count" else raw).reshape(len(raw), -1)


def _pipeline(training: Table, columns: tuple[str, ...], seed: int) -> Pipeline:
    """Return unfitted boosted trees with an encoder that keeps numbers and replaces every other value with an integer code.

    Unknown levels are treated as missing. A column without any value is dropped: it carries no information, and scikit-learn
    cannot bin it.
    """
    known = [name for name in columns if training.frame[name].notna().any()]
    if not known:
        raise NotApplicableError(why("no column has a value in the training rows"))
    kinds = {name: training.schema[name].kind for name in known}
    numbers = [name for name, kind in kinds.items() if kind == "numeric"]
    levels = [name for name, kind in kinds.items() if kind != "numeric"]
    places = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan, max_categories=LEVELS
    )
    encoder = ColumnTransformer([("numbers", "passthrough", numbers), ("levels", places, levels)])
    settings: dict[str, Any] = {
        "early_stopping": False,
        "categorical_features": np.arange(len(kinds)) >= len(numbers),
        "random_state": seed,
    }
    if training.schema.goal.classes:
        model = HistGradientBoostingClassifier(**settings)
    else:
        kind = "poisson" if training.schema.task == "count" else "squared_error"
        model = HistGradientBoostingRegressor(loss=kind, **settings)
    return Pipeline([("encoder", encoder), ("model", model)])


def run(context: Context) -> Reference:
    """Compare the audited network with boosted trees."""
    return boosted(context.network, context.performance.margin, seed=context.seed)
