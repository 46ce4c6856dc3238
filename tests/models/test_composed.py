"""Calibrated classifiers and transformed targets as exact networks, everything else with answers as a function of rows."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Perceptron,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    SGDClassifier,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

import tabinterp as ti
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.models import bind, probabilities
from tests.shared import every_nth

from .cases import COLUMNS, ENCODERS, TASKS, frame, table

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def fitted(estimator, task, where="outside"):
    """`estimator` behind an encoder, or with the encoder inside of what it wraps."""
    encoder = clone(ENCODERS["standard"])
    estimator = clone(estimator)
    if where == "inside":
        part = "estimator" if hasattr(estimator, "estimator") else "regressor"
        estimator.set_params(**{part: make_pipeline(encoder, getattr(estimator, part))})
    else:
        estimator = make_pipeline(encoder, estimator)
    return estimator.fit(frame()[COLUMNS], frame()[TASKS[task]])


MLP = MLPClassifier((4,), max_iter=5, random_state=0)
CALIBRATED = {  # name -> (estimator, linear where there are two classes)
    "margin": (CalibratedClassifierCV(LinearSVC(), ensemble=False, cv=2), True),
    "hinge": (CalibratedClassifierCV(SGDClassifier(random_state=0), ensemble=False, cv=2), True),
    "ridge": (CalibratedClassifierCV(RidgeClassifier(), ensemble=False, cv=2), True),
    "perceptron": (CalibratedClassifierCV(Perceptron(), ensemble=False, cv=2), True),
    "logistic": (CalibratedClassifierCV(LogisticRegression(), ensemble=False, cv=2), True),
    "temperature": (CalibratedClassifierCV(LogisticRegression(), method="temperature", ensemble=False, cv=2), True),
    "mlp": (CalibratedClassifierCV(MLP, ensemble=False, cv=2), False),
    "mlp, temperature": (CalibratedClassifierCV(MLP, method="temperature", ensemble=False, cv=2), False),
    "folds": (CalibratedClassifierCV(LinearSVC(), cv=3), False),
    "folds of mlp": (CalibratedClassifierCV(MLP, cv=2), False),
    "folds, temperature": (CalibratedClassifierCV(LogisticRegression(), method="temperature", cv=2), False),
}
METHODS = CalibratedClassifierCV._parameter_constraints["method"][0].options  # "temperature" came with scikit-learn 1.8


KNOWN = [name for name, (made, _) in CALIBRATED.items() if made.method in METHODS]
INSIDE = {"margin", "temperature", "folds", "folds of mlp"}  # of one fit and of several, which have an encoder each


@pytest.mark.parametrize(
    ("name", "task", "where"),
    every_nth(
        2,
        [
            *((name, task, "outside") for name in KNOWN for task in ("binary", "multiclass")),
            *((name, "binary", "inside") for name in KNOWN if name in INSIDE),
            ("folds of mlp", "multiclass", "inside"),
        ],
    ),
)
def test_calibrated_classifiers_are_networks(name, task, where):
    estimator, linear = CALIBRATED[name]
    estimator = fitted(estimator, task, where)
    bound = bind(ti.wrap(estimator), table(task))
    assert bound.has_gradient
    assert bound.front.weight.shape[0] < 3 * 3 + 1  # a front is found through slices and averages
    if task == "binary":
        assert bound.is_linear == linear
    np.testing.assert_allclose(probabilities(bound.scores), estimator.predict_proba(frame()[COLUMNS]), atol=1e-9)
    np.testing.assert_allclose(bound.rest(bound.z).numpy(), bound.scores, atol=1e-3)
    assert all(bound.encoding.local.values())


def test_a_frozen_classifier_is_calibrated():
    inner = fitted(RidgeClassifier(), "binary")
    outer = CalibratedClassifierCV(FrozenEstimator(inner)).fit(frame()[COLUMNS], frame()["binary"])
    bound = bind(ti.wrap(outer), table())
    assert bound.is_linear
    np.testing.assert_allclose(probabilities(bound.scores), outer.predict_proba(frame()[COLUMNS]), atol=1e-9)


def test_readings_of_a_calibrated_network_are_those_of_the_same_network_in_torch():
    estimator = fitted(CALIBRATED["mlp"][0], "binary")
    part = estimator[-1].calibrated_classifiers_[0]
    inner, sigmoid = part.estimator, part.calibrators[0]
    layers = []
    for weights, bias in zip(inner.coefs_, inner.intercepts_, strict=True):
        layer = torch.nn.Linear(*weights.shape).double()
        layer.weight.data, layer.bias.data = torch.tensor(weights.T.copy()), torch.tensor(bias.copy())
        layers += [layer, torch.nn.ReLU()]
    last = torch.nn.Linear(1, 1).double()
    last.weight.data[:], last.bias.data[:] = -sigmoid.a_, -sigmoid.b_
    same = torch.nn.Sequential(*layers[:-1], torch.nn.Sigmoid(), last)
    ours, theirs = (
        bind(model, table())
        for model in (ti.wrap(estimator), ti.wrap(same, encoder=estimator[:-1], classes=["no", "yes"]))
    )
    check_same_readings(ours, theirs)


def check_same_readings(ours, theirs):
    rows = ours.table
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours.gradients(ours.x), theirs.gradients(theirs.x), rtol=1e-3, atol=1e-5)
    for reading in (ti.gradient_importance, lambda m, t: ti.permutation_importance(m, t, n_repeats=2)):
        one, two = reading(ours, rows).frame(), reading(theirs, rows).frame()
        assert one["column"].tolist() == two["column"].tolist()
        numbers = one.select_dtypes("number").columns
        np.testing.assert_allclose(one[numbers], two[numbers], rtol=1e-3, atol=1e-4)


BACK = {  # name -> (settings of TransformedTargetRegressor, linear with a linear regressor)
    "standard": ({"transformer": StandardScaler()}, True),
    "not centred": ({"transformer": StandardScaler(with_mean=False, with_std=False)}, True),
    "minmax": ({"transformer": MinMaxScaler((-1, 3))}, True),
    "maxabs": ({"transformer": MaxAbsScaler()}, True),
    "robust": ({"transformer": RobustScaler()}, True),
    "nothing": ({}, True),
    "log1p": ({"func": np.log1p, "inverse_func": np.expm1}, False),
    "log": ({"func": np.log, "inverse_func": np.exp}, False),
    "root": ({"func": np.sqrt, "inverse_func": np.square}, False),
    "log, scaled": (
        {"transformer": make_pipeline(FunctionTransformer(np.log, np.exp), StandardScaler())},
        False,
    ),
}
REGRESSORS = {"linear": Ridge(), "mlp": MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0)}


@pytest.mark.parametrize(
    ("name", "regressor", "where"),
    every_nth(
        2,
        [
            *((name, "linear", "outside") for name in BACK),
            *((name, "mlp", "outside") for name in ("standard", "nothing", "root", "log, scaled")),
            *(("standard", regressor, "inside") for regressor in REGRESSORS),
            ("log1p", "mlp", "inside"),
        ],
    ),
)
def test_transformed_targets_are_networks(name, regressor, where):
    settings, linear = BACK[name]
    model = TransformedTargetRegressor(REGRESSORS[regressor], check_inverse=False, **settings)
    estimator = fitted(model, "regression", where)
    bound = bind(ti.wrap(estimator), table("regression"))
    assert bound.has_gradient
    assert bound.is_linear == (linear and regressor == "linear")
    np.testing.assert_allclose(bound.scores[:, 0], estimator.predict(frame()[COLUMNS]), rtol=1e-8)


ROWS = {  # name -> (estimator, task)
    "boosting": (HistGradientBoostingClassifier(max_iter=3), "binary"),
    "boosting, many": (HistGradientBoostingClassifier(max_iter=2), "multiclass"),
    "forest": (RandomForestClassifier(3, random_state=0), "binary"),
    "tree": (DecisionTreeClassifier(max_depth=2), "multiclass"),
    "modified huber": (SGDClassifier(loss="modified_huber", random_state=0), "binary"),
    "isotonic": (CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=2), "binary"),
    "calibrated forest": (CalibratedClassifierCV(RandomForestClassifier(3, random_state=0), cv=2), "binary"),
    "boosted number": (HistGradientBoostingRegressor(max_iter=3), "regression"),
    "forest of numbers": (RandomForestRegressor(3, random_state=0), "regression"),
    "power": (TransformedTargetRegressor(LinearRegression(), transformer=PowerTransformer()), "regression"),
    "own function": (
        TransformedTargetRegressor(LinearRegression(), func=np.cbrt, inverse_func=lambda y: y**3),
        "regression",
    ),
}


@pytest.mark.parametrize("name", every_nth(2, ROWS))
def test_other_estimators_are_functions_of_rows(name):
    estimator, task = ROWS[name]
    estimator = fitted(estimator, task)
    given = table(task)
    bound = bind(ti.wrap(estimator), given)
    assert not bound.has_gradient
    if task == "regression":
        np.testing.assert_allclose(bound.scores[:, 0], estimator.predict(frame()[COLUMNS]), rtol=1e-9)
    else:
        np.testing.assert_allclose(probabilities(bound.scores), estimator.predict_proba(frame()[COLUMNS]), atol=1e-6)
    found = ti.permutation_importance(bound, given, n_repeats=1).frame()
    assert np.isfinite(found["importance"]).all()
    with pytest.raises(NotApplicableError, match="prediction function, so its gradients cannot be computed"):
        ti.gradient_importance(bound, given)


def test_a_function_of_rows_reads_what_the_same_linear_model_reads():
    given, estimator = table(), fitted(LogisticRegression(), "binary")
    network = bind(ti.wrap(estimator), given)
    function = bind(ti.wrap(estimator.predict_proba), given)
    one, two = (ti.permutation_importance(m, given, n_repeats=2).frame() for m in (network, function))
    np.testing.assert_allclose(one["importance"], two["importance"], atol=1e-4)


WITHOUT = [RidgeClassifier(), RidgeClassifierCV(), Perceptron(), LinearSVC(), SGDClassifier(), SVC()]


@pytest.mark.parametrize("estimator", WITHOUT, ids=lambda e: type(e).__name__)
def test_classifiers_without_probabilities_are_refused_with_the_way_out(estimator):
    pipeline = fitted(estimator, "binary")
    with pytest.raises(
        ModelError, match=r"does not predict probabilities.*CalibratedClassifierCV\(FrozenEstimator\(model\)\)"
    ):
        ti.wrap(pipeline)


def test_several_targets_are_refused():
    y = frame()[["binary", "many"]].to_numpy()
    model = make_pipeline(clone(ENCODERS["standard"]), RandomForestClassifier(2)).fit(frame()[COLUMNS], y)
    with pytest.raises(ModelError, match="several targets"):
        ti.wrap(model)


def test_classes_may_be_named_when_the_model_was_fitted_to_codes():
    codes = (frame()["binary"] == "yes").astype(int)
    estimator = make_pipeline(clone(ENCODERS["standard"]), LogisticRegression()).fit(frame()[COLUMNS], codes)
    bound = bind(ti.wrap(estimator, classes=["no", "yes"]), table())
    np.testing.assert_allclose(probabilities(bound.scores), estimator.predict_proba(frame()[COLUMNS]), atol=1e-9)
    with pytest.raises(ModelError, match="classes= has length 3, but LogisticRegression has 2 classes"):
        ti.wrap(estimator, classes=["a", "b", "c"])
