"""Adapter for scikit-learn: linear models and multilayer perceptrons. They can be in a pipeline, calibrated, averaged, or fitted
to a transformed target. Other regressors, and other classifiers with probabilities, are treated as prediction functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sklearn
import torch
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from torch import nn

from tabinterp.errors import ModelError, argument
from tabinterp.models.column_lineage import known_as
from tabinterp.models.model import Model
from tabinterp.models.multi_input import with_encoder

from . import calibrated, ensemble, pytabkit, skorch, tabnet, transformed
from .shared import Pointwise, affine, bases, ends, inside, piped, predictor, reads

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "identity": nn.Identity,
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "logistic": nn.Sigmoid,
}
LIBRARY = f"scikit-learn {sklearn.__version__}"


def wrap(
    estimator: Any,
    encoder: Any = None,
    classes: Sequence[Any] | None = None,
    task: str | None = None,
    outputs: str | None = None,
    name: str | None = None,
    output: str | int | None = None,
) -> Model:
    """Wrap a fitted estimator or pipeline as a `Model`. If it predicts several targets, `output` is the position of the target to
    use.
    """
    estimator = inside(estimator)
    if output is not None:
        estimator = _of_one_target(estimator, output)
    if encoder is None:
        model = read(estimator, outputs)
    elif skorch.is_net(estimator):
        model = skorch.behind(encoder, estimator, outputs)
    elif tabnet.is_tabnet(estimator):
        model = tabnet.behind(encoder, estimator)
    else:
        raise ModelError(
            f"{argument('encoder')} cannot be used with a scikit-learn model. Leave out {argument('encoder')}, and pass a fitted "
            "pipeline that includes the preprocessing"
        )
    if classes is not None:
        model = named_classes(model, tuple(classes))
    return model if name is None else replace(model, name=name)


def read(estimator: Any, outputs: str | None = None) -> Model:
    """Wrap an estimator as a network if it can be expressed as one, otherwise as a prediction function."""
    estimator = inside(estimator)
    if type(estimator).__name__ == "Pipeline":
        return _pipeline(estimator, outputs)
    if skorch.is_net(estimator):
        return skorch.wrap(estimator, outputs)
    if tabnet.is_tabnet(estimator):
        return tabnet.wrap(estimator)
    _check(estimator)
    if pytabkit.is_ours(estimator):
        return pytabkit.wrap(estimator, of_rows(estimator))
    compose = next((COMPOSED[base] for base in bases(estimator) if base in COMPOSED), None)
    if compose is not None:
        made = compose(estimator, read)
        return of_rows(estimator) if made is None else _answering(made, estimator)
    kind = next((base for base in bases(estimator) if base in SUPPORTED), None)
    module = None if kind is None else SUPPORTED[kind](estimator)
    return of_rows(estimator) if module is None else _exact(estimator, module)


def of_rows(estimator: Any) -> Model:
    """Wrap a fitted estimator as a prediction function. Only its predictions are used."""
    classes, names = _classes(estimator), reads(estimator)
    whole = inside(estimator)
    apart = known_as(whole) == "sklearn.Pipeline" and ends(whole)[0] is not None and reads(whole) is not None
    classifier = classes is not None
    function = piped(whole, classifier) if apart else predictor(estimator, names is not None, classifier)
    return Model(
        name=type(ends(estimator)[1]).__name__,
        library=LIBRARY,
        module=nn.Sequential(),
        task=_task(classes),
        classes=classes,
        outputs="probabilities",
        function=function,
        reads=names,
    )


def _pipeline(pipeline: Any, outputs: str | None) -> Model:
    encoder, final = ends(pipeline)
    if skorch.is_net(final) and skorch.takes_several(final):  # from one step: only its predictions are known
        return of_rows(pipeline)
    last = read(final, outputs)
    if encoder is None:
        return last
    if last.function is not None or pytabkit.is_ours(final):  # pytabkit's inputs are columns of a frame
        return of_rows(pipeline)
    if last.encoder is not None:
        encoder = Pipeline([("outside", encoder), ("inside", last.encoder)])
    return _answering(replace(with_encoder(last, encoder), reads=None), pipeline)


def _exact(final: Any, module: nn.Module) -> Model:
    classes = _classes(final)
    return _answering(
        Model(
            name=_named(final),
            library=LIBRARY,
            module=module.double().eval(),
            task=_task(classes),
            classes=classes,
            penalised=_penalised(final),
            converged=_converged(final),
        ),
        final,
    )


def _answering(model: Model, estimator: Any) -> Model:
    """Return the model with the prediction function of the whole estimator. The model's predictions are later compared with those
    of this function.
    """
    names = reads(estimator) or model.reads
    predict = predictor(estimator, named=names is not None, classifier=model.task not in ("regression", "count"))
    final = ends(estimator)[1]
    return replace(model, reads=names, predict=skorch.in_its_mode(final, predict) if skorch.is_net(final) else predict)


def named_classes(model: Model, classes: tuple[Any, ...]) -> Model:
    """Return the model with its classes renamed."""
    if model.classes is None or len(model.classes) != len(classes):
        raise ModelError(
            f"{argument('classes')} has length {len(classes)}, but {model.name} has {len(model.classes or ())} classes. Pass "
            "each class of the model once, in the order of the attribute classes_"
        )
    return replace(model, classes=classes)


def _classes(estimator: Any) -> tuple[Any, ...] | None:
    return tuple(estimator.classes_) if hasattr(estimator, "classes_") else None


def _task(classes: tuple[Any, ...] | None) -> str:
    return "regression" if classes is None else ("binary" if len(classes) == 2 else "multiclass")


def is_classifying(model: Any) -> bool:
    """Return whether a fitted model of any library has class probabilities and a list of classes."""
    return not isinstance(model, type) and hasattr(model, "predict_proba") and hasattr(model, "classes_")


def _is(kind: Callable[[Any], bool], estimator: Any) -> bool:
    try:
        return kind(estimator)
    except AttributeError:  # it does not declare its type
        return False


def _of_one_target(estimator: Any, output: str | int) -> Any:
    """Return the estimator or pipeline for one of several targets."""
    encoder, final = ends(estimator)
    kind = type(final).__name__
    if kind not in SEVERAL_TARGETS:
        raise ModelError(
            f"{argument('output', output)} can be used only with a torch module, or with {' or '.join(SEVERAL_TARGETS)}; got "
            f"{kind}. Leave out {argument('output')}. To state whether the model returns logits or probabilities, pass "
            f"{argument('outputs')}"
        )
    members = final.estimators_
    if not isinstance(output, int) or not 0 <= output < len(members):
        raise ModelError(
            f"{argument('output', output)} is not the position of a target. {kind} predicts {len(members)} targets. Pass a whole "
            f"number from 0 to {len(members) - 1}"
        )
    return members[output] if encoder is None else Pipeline([("encoder", encoder), ("model", members[output])])


def _check(estimator: Any) -> None:
    """Check that the estimator is fitted and its predictions can be audited."""
    if isinstance(estimator, type):
        kind = estimator.__name__
        raise ModelError(
            f"expected a fitted estimator; got the class {kind}. Create an instance, fit it, and pass the instance"
        )
    kind = type(estimator).__name__
    if not (_is(is_classifier, estimator) or _is(is_regressor, estimator) or is_classifying(estimator)):
        raise ModelError(
            f"{kind} is neither a classifier nor a regressor. Pass a fitted regressor, or a fitted classifier that has the "
            f"method predict_proba. tabinterp can read the weights and compute gradients only for {', '.join(SUPPORTED)}"
        )
    if isinstance(estimator, BaseEstimator):
        try:
            check_is_fitted(estimator)
        except NotFittedError:
            raise ModelError(f"{kind} is not fitted. Call its fit method first") from None
    if kind in SEVERAL_TARGETS:
        raise ModelError(
            f"{kind} predicts {len(estimator.estimators_)} targets. Pass {argument('output', 0)} for the first target, and load "
            "the table with the column of that target as its target"
        )
    if not (_is(is_classifier, estimator) or is_classifying(estimator)):
        return
    if not hasattr(estimator, "predict_proba"):
        raise ModelError(
            f"{kind} does not predict probabilities, so log-odds cannot be computed. Calibrate the model on rows that it was "
            "not fitted on: CalibratedClassifierCV(FrozenEstimator(model)).fit(X, y)"
        )
    if any(np.ndim(c) for c in estimator.classes_):
        raise ModelError(
            f"{kind} predicts several targets; only one is supported. Fit and wrap one model for each target"
        )


def _named(final: Any) -> str:
    sizes = [str(weights.shape[1]) for weights in getattr(final, "coefs_", [])[:-1]]
    return " ".join([type(final).__name__, *(["-".join(sizes)] if sizes else [])])


def _linear(final: Any) -> nn.Module:
    return nn.Sequential(affine(final.coef_, final.intercept_))


def _log_linear(final: Any) -> nn.Module:
    """Return the layers of a generalised linear model with a log link. Its mean is the exponential of the linear predictor."""
    return nn.Sequential(affine(final.coef_, final.intercept_), Pointwise(torch.exp))


def _descent(final: Any) -> nn.Module | None:
    """Return the layers of a logistic regression that was fitted by stochastic gradient descent; None if the loss was not log
    loss.

    With several classes, one regression was fitted for each class (one-vs-rest). The layers then return the logs of the
    probabilities before normalisation.
    """
    if final.loss != "log_loss":
        return None
    several = [nn.LogSigmoid()] if len(final.classes_) > 2 else []
    return nn.Sequential(affine(final.coef_, final.intercept_), *several)


def _perceptron(final: Any) -> nn.Module:
    layers: list[nn.Module] = []
    for weights, bias in zip(final.coefs_, final.intercepts_, strict=True):
        layers += [affine(weights.T, bias), ACTIVATIONS[final.activation]()]
    return nn.Sequential(*layers[:-1], *([Pointwise(torch.exp)] if final.out_activation_ == "exp" else []))


def _penalised(final: Any) -> bool | None:
    kind = type(final).__name__
    if kind in ("Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "PoissonRegressor"):
        return bool(np.any(np.asarray(getattr(final, "alpha_", getattr(final, "alpha", 1.0))) > 0))
    if kind == "LogisticRegressionCV":
        return True
    if kind in ("SGDClassifier", "SGDRegressor"):
        return final.penalty is not None and final.alpha > 0
    if kind == "LogisticRegression":
        return getattr(final, "penalty", "l2") is not None and bool(np.isfinite(final.C))
    return False if kind == "LinearRegression" else None


def _converged(final: Any) -> bool | None:
    """Return whether the fit ended before its iteration limit; None if it has no limit."""
    if hasattr(final, "n_iter_") and hasattr(final, "max_iter") and final.max_iter is not None:
        return bool(np.max(final.n_iter_) < final.max_iter)
    return None


SUPPORTED: dict[str, Callable[[Any], nn.Module | None]] = {  # None: as a prediction function
    "LogisticRegression": _linear,
    "LogisticRegressionCV": _linear,
    "LinearDiscriminantAnalysis": _linear,
    "SGDClassifier": _descent,
    "LinearRegression": _linear,
    "Ridge": _linear,
    "RidgeCV": _linear,
    "Lasso": _linear,
    "LassoCV": _linear,
    "ElasticNet": _linear,
    "ElasticNetCV": _linear,
    "SGDRegressor": _linear,
    "PoissonRegressor": _log_linear,
    "MLPClassifier": _perceptron,
    "MLPRegressor": _perceptron,
}
SEVERAL_TARGETS = ("MultiOutputClassifier", "MultiOutputRegressor")  # one estimator for each target
COMPOSED: dict[str, Callable[[Any, Callable[[Any], Model]], Model | None]] = {  # None: as a prediction function
    "CalibratedClassifierCV": calibrated.wrap,
    "TransformedTargetRegressor": transformed.wrap,
    "VotingClassifier": ensemble.voting,
    "VotingRegressor": ensemble.voting,
    "BaggingClassifier": ensemble.bagging,
    "BaggingRegressor": ensemble.bagging,
    "OneVsRestClassifier": ensemble.one_vs_rest,
}
