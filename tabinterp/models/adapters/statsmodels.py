"""Adapter for statsmodels results: linear models with a covariance matrix, fitted to a design matrix or with a formula."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError, argument
from tabinterp.models.column_lineage import PartSources, Sources, Structured
from tabinterp.models.model import Model
from tabinterp.models.supplied_inference import OwnFit
from tabinterp.models.transformer_calls import as_array

from .shared import Pointwise, affine, reads

WHAT = {  # statsmodels model, or family and link of a GLM -> how it is read
    "Logit": "log-odds",
    "MNLogit": "logits",
    "OLS": "value",
    "WLS": "value",
    "GLS": "value",
    "Poisson": "mean",
    "GLM Binomial Logit": "log-odds",
    "GLM Gaussian Identity": "value",
    "GLM Poisson Log": "mean",
    "GLM Gamma Log": "mean",
}


class Formula(Structured):
    """An encoder that computes the design matrix of a formula, without the constant column."""

    def __init__(self, data: Any, constant: int | None) -> None:
        self._spec = getattr(data, "model_spec", None) or data.design_info
        self._constant = constant
        found = _variables(self._spec, set(map(str, data.frame.columns)))
        self.feature_names_in_ = np.array([c for c in data.frame.columns if any(c in s for s in found)], dtype=object)
        self._sources = [s for i, s in enumerate(found) if i != constant]

    def sources(self, inputs: Sources, of: PartSources) -> Sources:
        return self._sources

    def transform(self, rows: Any) -> FloatArray:
        """Return the design matrix (n, d). A row with missing values is not dropped, but has missing entries in the matrix."""
        if hasattr(self._spec, "get_model_matrix"):
            return _without(as_array(self._spec.get_model_matrix(rows, na_action="ignore")), self._constant)
        from patsy import NAAction, build_design_matrices  # noqa: PLC0415  # installed if there is a formula

        (design,) = build_design_matrices([self._spec], rows, NA_action=NAAction(NA_types=[]))
        return _without(np.asarray(design, dtype=np.float64), self._constant)


def is_statsmodels(model: Any) -> bool:
    return type(model).__module__.split(".")[0] == "statsmodels"


def wrap(
    result: Any,
    encoder: Any = None,
    classes: Sequence[Any] | None = None,
    task: str | None = None,
    outputs: str | None = None,
    name: str | None = None,
) -> Model:
    """Wrap the results of a fit in statsmodels as a `Model`."""
    what = _what(result)
    constant = getattr(result.model.data, "const_idx", None)
    formula = getattr(result.model, "formula", None) is not None
    if formula and encoder is not None:
        raise ModelError(
            f"{argument('encoder')} cannot be used with a statsmodels model that has a formula, because the formula encodes "
            f"the columns. Leave out {argument('encoder')}"
        )
    encoder = Formula(result.model.data, constant) if formula else encoder
    intercept, weight = _parameters(result, constant)
    numbers = what in ("value", "mean")
    penalised = "Regularized" in type(result).__name__ or type(result).__name__.startswith("L1")
    return Model(
        name=name or type(result.model).__name__,
        library=_library(),
        module=nn.Sequential(affine(weight, intercept), *([Pointwise(torch.exp)] if what == "mean" else [])).eval(),
        task="regression" if numbers else ("binary" if what == "log-odds" else "multiclass"),
        classes=None if numbers else tuple(classes or _classes(result)),
        encoder=encoder,
        reads=_reads(result, constant) if encoder is None else reads(encoder),
        predict=_predict(result, constant, encoder, numbers),
        penalised=penalised,
        converged=_converged(result),
        own=None if penalised else _own(result, intercept, weight, constant),
    )


def _what(result: Any) -> str:
    if not hasattr(result, "params") or not hasattr(result, "model"):
        raise ModelError(
            f"the statsmodels model {type(result).__name__} is not fitted. Pass the result of its fit method"
        )
    model = result.model
    kind = type(model).__name__
    if kind == "GLM":
        kind = f"GLM {type(model.family).__name__} {type(model.family.link).__name__}"
    if kind not in WHAT:
        raise ModelError(
            f"the statsmodels model {kind} is not supported; supported models are {', '.join(WHAT)}. Wrap a prediction "
            "function instead: ti.wrap(lambda rows: result.predict(rows))"
        )
    given = [getattr(model, part, None) for part in ("offset", "exposure")]
    if any(part is not None and np.any(np.asarray(part) != 0) for part in given):
        raise ModelError(
            f"the statsmodels model {kind} was fitted with an offset or exposure. These are not supported, because they are not "
            "input columns. Fit the model without offset and exposure, or wrap a prediction function"
        )
    if getattr(model, "formula", None) is not None and getattr(model.data, "frame", None) is None:
        raise ModelError(
            f"the statsmodels model {kind} was saved without its data, but its formula needs the column names in the data. "
            "Save the result again without removing its data"
        )
    return WHAT[kind]


def _parameters(result: Any, constant: int | None) -> tuple[FloatArray, FloatArray]:
    """Return intercepts (k,) and weights (k, d). With several classes, the first one is the reference class, whose weights are
    zero.
    """
    parameters = np.asarray(result.params, dtype=np.float64)
    parameters = parameters[None] if parameters.ndim == 1 else np.vstack([np.zeros(len(parameters)), parameters.T])
    if constant is None:
        return np.zeros(len(parameters)), parameters
    return parameters[:, constant] * _constant_value(result, constant), np.delete(parameters, constant, axis=1)


def _constant_value(result: Any, constant: int) -> float:
    exog = getattr(result.model, "exog", None)
    return 1.0 if exog is None else float(exog[0, constant])


def _own(result: Any, intercept: FloatArray, weight: FloatArray, constant: int | None) -> OwnFit:
    """Return the parameters of the result with their covariance. Parameters are ordered by class, and the intercept of each class
    is first. Parameters that are not estimated have a covariance of zero.
    """
    k, d = weight.shape
    estimated = range(1, k) if np.ndim(result.params) > 1 else range(k)
    given = np.delete(np.arange(d + (constant is not None)), [] if constant is None else constant)
    order, scale = ([], []) if constant is None else ([constant], [_constant_value(result, constant)])
    order, scale = [*order, *given.tolist()], [*scale, *np.ones(d)]
    places = [place for place in range(1 + d) if place or constant is not None]
    width = len(order)
    source = np.array([block * width + j for block in range(len(estimated)) for j in order], dtype=np.int64)
    target = np.array([output * (1 + d) + place for output in estimated for place in places], dtype=np.int64)
    factor = np.tile(scale, len(estimated))
    covariance = np.zeros((k * (1 + d), k * (1 + d)))
    covariance[np.ix_(target, target)] = np.asarray(result.cov_params())[np.ix_(source, source)] * np.outer(
        factor, factor
    )
    return OwnFit(
        parameters=np.column_stack([intercept, weight]),
        covariance=covariance,
        kind=str(getattr(result, "cov_type", "nonrobust")),
        rows=int(result.nobs),
        df_residual=float(result.df_resid) if getattr(result, "use_t", False) else None,
        r2=float(result.rsquared) if hasattr(result, "rsquared") else None,
    )


def _classes(result: Any) -> tuple[Any, ...]:
    """Return the classes in the order of the outputs; 0 and 1 if statsmodels has no names for them."""
    if type(result.model).__name__ == "MNLogit":
        known = result.model._ynames_map
        return tuple(_value(known[i]) for i in sorted(known))
    names = result.model.endog_names
    if (
        isinstance(names, list) and len(names) == 2
    ):  # a text target in a formula: "y[no]", "y[yes]"; the first is modelled
        inside = [str(name).rpartition("[")[2].removesuffix("]") for name in names]
        return inside[1], inside[0]
    return 0, 1


def _value(name: str) -> Any:
    """Return a class as a number if its name is a number, otherwise as text. The names 2 and 2.0 give the same class."""
    try:
        number = float(name)
    except ValueError:
        return name
    return int(number) if number.is_integer() else number


def _reads(result: Any, constant: int | None) -> tuple[str, ...] | None:
    """Return the names of the columns of the design matrix (exog), except the constant. Return None if exog was not a frame."""
    if not hasattr(getattr(result.model.data, "orig_exog", None), "columns"):
        return None
    return tuple(name for i, name in enumerate(map(str, result.model.exog_names)) if i != constant)


def _predict(result: Any, constant: int | None, encoder: Any, numbers: bool) -> Callable[[Any], FloatArray]:
    def predict(rows: Any) -> FloatArray:
        named = hasattr(encoder, "feature_names_in_")
        x = as_array(rows if encoder is None else encoder.transform(rows if named else rows.to_numpy()))
        exog = x if constant is None else np.insert(x, constant, _constant_value(result, constant), axis=1)
        answers = np.asarray(result.predict(exog, transform=False), dtype=np.float64)
        return answers if numbers or answers.ndim > 1 else np.column_stack([1 - answers, answers])

    return predict


def _converged(result: Any) -> bool | None:
    told = getattr(result, "mle_retvals", None)
    return (
        bool(told["converged"])
        if isinstance(told, dict) and "converged" in told
        else getattr(result, "converged", None)
    )


def _variables(spec: Any, columns: set[str]) -> Sources:
    """Return, for each column of the design matrix, the table columns on which it depends."""
    if hasattr(spec, "term_variables"):
        parts = [(spec.term_indices[term], set(map(str, names))) for term, names in spec.term_variables.items()]
    else:
        parts = [
            (range(span.start, span.stop), {name for factor in term.factors for name in _names(factor.code)})
            for term, span in spec.term_slices.items()
        ]
    found = {i: frozenset(names & columns) for places, names in parts for i in places}
    return [found.get(i, frozenset()) for i in range(len(spec.column_names))]


def _names(code: str) -> set[str]:
    """Return all names and strings in the code of a factor, such as a + log(b) + Q("c d")."""
    nodes = list(ast.walk(ast.parse(code, mode="eval")))
    texts = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return {n.id for n in nodes if isinstance(n, ast.Name)} | texts


def _without(design: FloatArray, constant: int | None) -> FloatArray:
    return design if constant is None else np.delete(design, constant, axis=1)


def _library() -> str:
    from statsmodels import __version__  # noqa: PLC0415  # installed if there is a result

    return f"statsmodels {__version__}"
