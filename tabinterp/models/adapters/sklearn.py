"""scikit-learn: linear models and multilayer perceptrons, alone or at the end of a pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
import torch
from torch import nn

from ...errors import ModelError
from ...table.draws import FloatArray
from ..encoding import as_taken
from ..front import linear
from ..model import Model

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "identity": nn.Identity,
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "logistic": nn.Sigmoid,
}


def wrap(estimator: Any, name: str | None = None) -> Model:
    """A fitted estimator or pipeline as a `Model`."""
    estimator = _best(estimator)
    encoder, final = _ends(estimator)
    kind = next((base.__name__ for base in type(final).__mro__ if base.__name__ in SUPPORTED), None)
    if kind is None:
        raise ModelError(
            f"scikit-learn's {type(final).__name__} is not among the models that can be read: {', '.join(SUPPORTED)}"
        )
    if not hasattr(final, "n_features_in_") or not (hasattr(final, "coef_") or hasattr(final, "coefs_")):
        raise ModelError(f"{type(final).__name__} is not fitted; call fit first")
    module = SUPPORTED[kind](final)
    classes = tuple(final.classes_) if hasattr(final, "classes_") else None
    source = estimator if encoder is not None else final
    reads = tuple(map(str, source.feature_names_in_)) if hasattr(source, "feature_names_in_") else None
    return Model(
        name=name or _named(final),
        library=f"scikit-learn {sklearn.__version__}",
        module=module.double().eval(),
        task="regression" if classes is None else ("binary" if len(classes) == 2 else "multiclass"),
        classes=classes,
        encoder=encoder,
        reads=reads,
        predict=_predictor(estimator, named=reads is not None, classifier=classes is not None),
        penalised=_penalised(final),
        converged=_converged(final),
    )


def _ends(estimator: Any) -> tuple[Any, Any]:
    """The encoder (None where there is none) and the final estimator."""
    if type(estimator).__name__ == "Pipeline":
        steps = [step for _, step in estimator.steps[:-1] if step is not None and step != "passthrough"]
        final = _best(estimator.steps[-1][1])
        return (estimator[:-1] if steps else None), final
    return None, estimator


def _best(estimator: Any) -> Any:
    """What a search found, or the estimator itself."""
    return getattr(estimator, "best_estimator_", estimator)


def _predictor(estimator: Any, named: bool, classifier: bool) -> Callable[[Any], FloatArray]:
    def predict(rows: Any) -> FloatArray:
        answer = estimator.predict_proba if classifier else estimator.predict
        return np.asarray(as_taken(answer, rows, named), dtype=np.float64)

    return predict


def _named(final: Any) -> str:
    sizes = [str(weights.shape[1]) for weights in getattr(final, "coefs_", [])[:-1]]
    return " ".join([type(final).__name__, *(["-".join(sizes)] if sizes else [])])


def _affine(weight: Any, bias: Any) -> nn.Linear:
    """A layer from (outputs, inputs) weights and (outputs,) biases."""
    weight = np.atleast_2d(np.array(weight, dtype=np.float64))
    bias = np.broadcast_to(np.asarray(bias, dtype=np.float64), (len(weight),)).copy()
    return linear(torch.as_tensor(weight), torch.as_tensor(bias))


def _linear(final: Any) -> nn.Module:
    return nn.Sequential(_affine(final.coef_, final.intercept_))


def _perceptron(final: Any) -> nn.Module:
    layers: list[nn.Module] = []
    for weights, bias in zip(final.coefs_, final.intercepts_, strict=True):
        layers += [_affine(weights.T, bias), ACTIVATIONS[final.activation]()]
    return nn.Sequential(*layers[:-1])


def _penalised(final: Any) -> bool | None:
    kind = type(final).__name__
    if kind in ("Ridge", "RidgeCV"):
        return bool(np.any(np.asarray(getattr(final, "alpha_", getattr(final, "alpha", 1.0))) > 0))
    if kind == "LogisticRegressionCV":
        return True
    if kind == "LogisticRegression":
        return getattr(final, "penalty", "l2") is not None and bool(np.isfinite(final.C))
    return False if kind == "LinearRegression" else None


def _converged(final: Any) -> bool | None:
    """False where the fit stopped at its limit of iterations."""
    if hasattr(final, "n_iter_") and hasattr(final, "max_iter") and final.max_iter is not None:
        return bool(np.max(final.n_iter_) < final.max_iter)
    return None


SUPPORTED: dict[str, Callable[[Any], nn.Module]] = {
    "LogisticRegression": _linear,
    "LogisticRegressionCV": _linear,
    "LinearRegression": _linear,
    "Ridge": _linear,
    "RidgeCV": _linear,
    "MLPClassifier": _perceptron,
    "MLPRegressor": _perceptron,
}
