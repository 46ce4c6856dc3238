"""The linear counterpart of a network: a linear model with the same encoding, training rows and split as the network.

The linear counterpart is fitted for prediction, on standardised encoded columns, with an L2 penalty. The strength of the penalty
is chosen by cross-validation. Inference uses a separate, unpenalised fit on the same encoding (`tabinterp.linear.inference`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import joblib
import numpy as np
import pandas as pd
import sklearn
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LogisticRegressionCV, PoissonRegressor, RidgeCV
from sklearn.preprocessing import TargetEncoder
from torch import nn

from tabinterp import __version__
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError, argument
from tabinterp.models.affine_front import linear
from tabinterp.models.binding import bind, check_encoded
from tabinterp.models.column_lineage import known_as, target_encoders
from tabinterp.models.encoding import encoded_by
from tabinterp.models.io.loaded_objects import check_fit
from tabinterp.models.model import BoundModel, Model
from tabinterp.models.transformer_calls import as_array
from tabinterp.network.encoder import fitted_encoder
from tabinterp.table import Scan, Table
from tabinterp.table.executors import Engine, in_parts, in_turn
from tabinterp.table.folds import by_group

from . import streamed_newton as newton
from .penalised import (
    FOLDS,
    ITERATIONS,
    STRENGTHS,
    fit_classes,
    fit_counts,
    fit_numbers,
    fit_quietly,
    mean_log_loss,
    parts_of,
)
from .streamed_newton import Plan

NEWER: dict[str, Any] = (  # the versions of scikit-learn that accept these settings also require them
    {"use_legacy_attributes": False, "l1_ratios": (0.0,)}
    if "use_legacy_attributes" in inspect.signature(LogisticRegressionCV).parameters
    else {}
)
GROUPED_ENCODERS = "cv_object" in TargetEncoder._parameter_constraints["cv"]  # accepts folds, not only their number


@dataclass(frozen=True, eq=False)
class Fit:
    """A penalised fit: the encoder, and the coefficients of the standardised encoded columns (in `plan`)."""

    encoder: Any
    reads: tuple[str, ...] | None
    plan: Plan
    still: NDArray[np.bool_]  # encoded columns that are constant
    converged: bool


@dataclass(frozen=True, eq=False)
class Coded:
    """An encoder, the number of columns that it returns, and the name of the model to which it belongs."""

    transform: Callable[[pd.DataFrame], FloatArray]
    width: int
    name: str


Encoded = tuple[FloatArray, FloatArray, FloatArray]  # (m, d) rows, (m,) targets, (m,) weights


def fit_counterpart(
    model: Model | BoundModel, table: Table | Scan, *, seed: int = 0, engine: Engine = in_turn
) -> Model:
    """Fit the linear counterpart of a model: logistic, multinomial, linear or Poisson regression on the model's encoding of the
    training rows.

    If the table has no split, all rows are training rows. If the table has a group column, cross-validation keeps the rows of
    each group together.

    For a scan, the penalty is chosen on the scan's sample of rows. The coefficients are then fitted to all training rows by
    Newton's method. `engine` computes the required sums over batches (see `dask_engine`). If the model has a target encoder, the
    coefficients are fitted only to the sample, because the encoder has to be refitted.

    Raises
    ------
    NotApplicableError
        If a class has too few training rows for cross-validation, or occurs in too few groups of training rows.
    """
    if not isinstance(table, Scan):
        fitted = _fit_drawn(bind(model, table), seed)
        return _as_model(fitted, table, f"scikit-learn {sklearn.__version__}")
    bound = bind(model, table.sample)
    fitted = _fit_drawn(bound, seed)
    if not table.is_whole and fitted.encoder is (bound.model.encoder if bound.has_gradient else fitted.encoder):
        whole = _as_model(_over_all(bound, fitted, table, engine), table.sample, f"tabinterp {__version__}")
        return replace(whole, fitted_in_batches=True)
    return _as_model(fitted, table.sample, f"scikit-learn {sklearn.__version__}")


def _fit_drawn(bound: BoundModel, seed: int) -> Fit:
    table = bound.table
    training = np.ones(len(table), dtype=bool) if table.held_out is None else ~table.held_out
    if table.weights is not None:
        training = training & (table.weights > 0)  # the loss of a fold is undefined if all its rows have weight 0
    encoder, reads, x = _encoding(bound, training, seed)
    y = table.y[training]
    weights = None if table.weights is None else table.weights[training] / table.weights[training].mean()
    centre = np.average(x, axis=0, weights=weights)
    scale = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=weights))
    still = (x.min(axis=0) == x.max(axis=0)) | (
        scale == 0
    )  # rounding can make the standard deviation of a constant column differ from 0
    scale[still] = 1.0
    groups = None if table.groups is None else table.groups[training]
    fitted = _fit(np.where(still, 0.0, (x - centre) / scale), y, weights, groups, table, seed)
    parameters = np.column_stack([np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_)])
    plan = Plan(table.schema.task, centre, scale, _penalty(fitted, len(x)), parameters)
    return Fit(encoder, reads, plan, still, _converged(fitted))


def _over_all(bound: BoundModel, fitted: Fit, scan: Scan, engine: Engine) -> Fit:
    """Refit the coefficients to all training rows of a scan, with the penalty of `fitted`."""
    transform = encoded_by(fitted.encoder, bound.table.inputs, fitted.reads)
    coded = Coded(transform, len(fitted.plan.centre), bound.model.name)
    plan, converged = newton.fit(
        fitted.plan, lambda plan: engine(scan, "training", _encoded, _newton_sums, (coded, plan), newton.merge)
    )
    return replace(fitted, plan=plan, still=np.zeros_like(fitted.still), converged=converged)


def _encoded(coded: Coded, _: Plan, rows: Table) -> Iterator[Encoded]:
    """Yield the encoded rows in small batches, with their targets and weights."""
    for few in in_parts(rows, coded.width):
        x = coded.transform(few.inputs)
        check_encoded(x, coded.name, few)
        yield x, few.y, few.row_weights


def _newton_sums(_: Coded, plan: Plan, rows: Encoded) -> newton.Sums:
    return newton.update(plan, *rows)


def _as_model(fitted: Fit, table: Table, library: str) -> Model:
    plan, schema = fitted.plan, table.schema
    coefficients = np.where(fitted.still, 0.0, plan.parameters[:, :-1] / plan.scale)
    intercept = plan.parameters[:, -1] - coefficients @ plan.centre
    return Model(
        name=schema.goal.counterpart,
        library=library,
        module=nn.Sequential(linear(torch.as_tensor(coefficients), torch.as_tensor(intercept))).eval(),
        task=schema.task,
        classes=schema.classes or None,
        outputs=schema.goal.outputs[0],
        encoder=fitted.encoder,
        reads=fitted.reads,
        penalised=True,
        is_rival=True,
        converged=fitted.converged,
        split=table.split,
    )


def _penalty(fitted: Any, rows: int) -> float:
    """Return the penalty p of a fitted model. The objective is the sum of losses over rows plus p / 2 times the sum of squared
    coefficients.
    """
    if isinstance(fitted, PoissonRegressor):
        return float(fitted.alpha) * rows
    if isinstance(fitted, RidgeCV):
        return float(fitted.alpha_)
    return float(1 / np.ravel(fitted.C_ if isinstance(fitted, LogisticRegressionCV) else fitted.C)[0])


def _encoding(
    bound: BoundModel, training: NDArray[np.bool_], seed: int
) -> tuple[Any, tuple[str, ...] | None, FloatArray]:
    """Return the encoder of the linear counterpart, the names of the columns that it encodes, and the encoded training rows.

    If the model is a plain prediction function, it has no encoder. In that case, the encoder is built like that of the reference
    network.
    """
    if bound.has_gradient:
        refitted = _cross_fitted(bound, training, seed)
        return refitted or (bound.model.encoder, bound.model.reads, bound.x[training])
    frame = bound.table.inputs.loc[training]
    kinds = {c.name: c.kind for c in bound.table.schema.columns if c.role == "input"}
    encoder = fitted_encoder(frame, kinds)
    return encoder, tuple(map(str, frame.columns)), as_array(encoder.transform(frame))


def _cross_fitted(
    bound: BoundModel, training: NDArray[np.bool_], seed: int
) -> tuple[Any, tuple[str, ...] | None, FloatArray] | None:
    """Refit a copy of a target encoder by cross-fitting. The encoding of a training row then does not depend on the row's target.

    The copy does not use a cache, even if the encoder has the parameter `memory`. A cache would load pickles from a folder and
    write rows to that folder.

    Return None if no step of the encoder learns from the target, or if such a step does not support cross-fitting. Only
    scikit-learn's `TargetEncoder` supports it.
    """
    found, encoder = target_encoders(bound.model.encoder), bound.model.encoder
    own = {"": encoder} | (encoder.get_params(deep=True) if found else {})
    if not found or any(known_as(own[name]) != "sklearn.TargetEncoder" for name in found):
        return None
    if bound.model.file is not None:
        check_fit(encoder, bound.model.name)
    frame, y = bound.table.inputs.loc[training], bound.table.y[training]
    rows = frame if bound.model.reads is None else frame[list(bound.model.reads)]
    setting: tuple[str, Any] = ("random_state", seed)
    if bound.table.groups is not None:
        setting = ("cv", _encoded_by_others(bound.table.take(training), seed))
    folds = {f"{name}__{setting[0]}" if name else setting[0]: setting[1] for name in found}
    caches = dict.fromkeys(name for name in own if name.rpartition("__")[2] == "memory")
    refitted = clone(encoder).set_params(**folds, **caches)
    try:
        with joblib.parallel_config(backend="sequential"):  # worker processes would exchange rows through files
            x = as_array(refitted.fit_transform(rows, y.astype(int) if bound.table.schema.goal.classes else y))
    except Exception as error:  # the user's encoder can raise any error; its message is passed on
        raise NotApplicableError(
            "the linear counterpart cannot be fitted, because its copy of the network's target encoder raised an error when it "
            f"was fitted to the training rows. Use another encoder, or pass a fitted linear model as {argument('counterpart')}. "
            f"The error was: {error}"
        ) from error
    if bound.table.groups is not None:
        refitted.set_params(**{name: own[name] for name in folds})  # folds hold row numbers, which must not be kept
    return refitted, bound.model.reads, x


def _encoded_by_others(table: Table, seed: int) -> list[tuple[IntArray, IntArray]]:
    """Return cross-validation folds for a target encoder. The rows of a group are in the same fold, so each row is encoded only
    from the targets of rows in other groups.
    """
    assert table.groups is not None
    if not GROUPED_ENCODERS:
        raise NotApplicableError(
            "a linear counterpart with a target encoder needs scikit-learn 1.9 or later if the table has a group column. The "
            f"installed version {sklearn.__version__} would encode each row with the targets of other rows in its group. Upgrade "
            "scikit-learn, or use another encoder"
        )
    codes = np.zeros(len(table), dtype=np.int64) if table.codes is None else table.codes
    parts = by_group(codes, table.groups, [*np.unique(codes)], FOLDS, seed)
    if not parts:
        if table.codes is None:
            raise NotApplicableError(why("penalty.one_group"))
        _refuse_few_groups(codes, table.groups, table)
    return parts


def _fit(
    x: FloatArray, y: FloatArray, weights: FloatArray | None, groups: IntArray | None, table: Table, seed: int
) -> Any:
    if table.schema.task == "count":
        return fit_counts(x, y, np.ones(len(y)) if weights is None else weights, seed, groups)
    if table.schema.task == "regression":
        return fit_numbers(x, y, weights, seed, groups)
    codes = y.astype(np.int64)
    counts = np.bincount(codes, minlength=len(table.schema.classes))
    if counts.min() < 2:
        raise NotApplicableError(
            "the penalty of the linear counterpart is chosen by cross-validation, which needs at least two "
            f"training rows of every class. {_rarest_class(counts, table)}"
        )
    parts = parts_of(codes, groups, range(len(counts)), seed)
    if not parts:
        assert groups is not None
        _refuse_few_groups(codes, groups, table)
    if len(counts) > 2:
        return fit_classes(x, codes, weights, parts)
    search = LogisticRegressionCV(
        Cs=STRENGTHS,
        cv=parts,
        scoring=_negative_log_loss,
        max_iter=ITERATIONS,
        solver="lbfgs",
        **NEWER,
    )
    return fit_quietly(search, x, y, weights)


def _rarest_class(counts: IntArray, table: Table) -> str:
    """Return a sentence that names the class with the fewest training rows and says what to do."""
    rarest = int(counts.argmin())
    name, rows = table.schema.labels[rarest], int(counts[rarest])
    held_out = (
        0 if table.held_out is None or table.codes is None else int((table.codes[table.held_out] == rarest).sum())
    )
    same = argument("stratify", True)
    return (
        f"Class {name!r} of target {table.schema.target!r} has {rows} training "
        f"row{'s' if rows != 1 else ''} and {held_out} held-out row{'s' if held_out != 1 else ''}. Hold "
        f"out fewer rows, hold out the same share of each class ({same}), merge the class with another, "
        "or leave out its rows"
    )


def _refuse_few_groups(codes: IntArray, groups: IntArray, table: Table) -> NoReturn:
    """Raise an error about the class that occurs in the fewest groups of training rows."""
    held = [len(np.unique(groups[codes == code])) for code in range(len(table.schema.classes))]
    rarest = int(np.argmin(held))
    raise NotApplicableError(
        f"the linear counterpart cannot be fitted, because class {table.schema.labels[rarest]!r} of "
        f"target {table.schema.target!r} occurs in only {held[rarest]} of {len(np.unique(groups))} groups "
        "of training rows. The counterpart's penalty is chosen by cross-validation that leaves out whole "
        "groups, so every class must occur in several groups. Hold out fewer groups, merge the class with another, "
        "or leave out its rows"
    )


def _negative_log_loss(model: Any, x: FloatArray, y: Any, sample_weight: FloatArray | None = None) -> float:
    """Return the negative mean log loss. This is a scorer for scikit-learn."""
    return -mean_log_loss(model.predict_proba(x), np.searchsorted(model.classes_, y), sample_weight)


def _converged(fitted: Any) -> bool:
    """Return whether the fit ended before reaching the iteration limit. For two classes, this must also hold for the fits of the
    cross-validation with the chosen penalty.

    A least-squares fit always converges, because it has no iteration limit.
    """
    if isinstance(fitted, RidgeCV):
        return True
    steps = np.asarray(fitted.n_iter_)
    if isinstance(fitted, LogisticRegressionCV):
        steps = steps[..., int(np.abs(STRENGTHS - np.ravel(fitted.C_)[0]).argmin())]
    return bool(steps.max() < ITERATIONS)
