"""scikit-learn models: what is read from them is what they predict, and what cannot be read is refused in words."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    PoissonRegressor,
    Ridge,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import tabinterp as ti
from tabinterp.errors import ModelError
from tabinterp.linear.counterpart import NEWER
from tabinterp.models import bind, probabilities
from tests.shared import every_nth

from .cases import COLUMNS, ENCODERS, TASKS, frame, numeric_table, table

CV = {"Cs": 2, "cv": 2, "scoring": "neg_log_loss", **NEWER}
CLASSIFIERS = {
    "logistic": LogisticRegression(max_iter=60),
    "unpenalised": LogisticRegression(C=np.inf, max_iter=60),
    "no intercept": LogisticRegression(fit_intercept=False, max_iter=60),
    "lasso": LogisticRegression(l1_ratio=1.0, C=0.1, solver="saga", max_iter=30),
    "cv": LogisticRegressionCV(max_iter=60, **CV),
    "mlp": MLPClassifier((6,), max_iter=8, random_state=0),
    "deep mlp": MLPClassifier((5, 4), activation="tanh", max_iter=5, random_state=0),
    "logistic units": MLPClassifier((3,), activation="logistic", max_iter=5, random_state=0),
    "identity units": MLPClassifier((3,), activation="identity", max_iter=5, random_state=0),
    "descent": SGDClassifier(loss="log_loss", max_iter=5, random_state=0),  # several classes: one-vs-rest
    "search": GridSearchCV(LogisticRegression(max_iter=60), {"C": [0.1, 1.0]}, cv=2),
}
REGRESSORS = {
    "least squares": LinearRegression(),
    "no intercept": LinearRegression(fit_intercept=False),
    "ridge": Ridge(2.0),
    "ridge cv": RidgeCV(),
    "lasso": Lasso(0.1),
    "lasso cv": LassoCV(alphas=2, cv=2),
    "elastic net": ElasticNet(0.1),
    "elastic net cv": ElasticNetCV(alphas=2, cv=2),
    "descent": SGDRegressor(max_iter=20, random_state=0),
    "poisson": PoissonRegressor(max_iter=20),
    "mlp": MLPRegressor(hidden_layer_sizes=(6,), max_iter=8, random_state=0),
    "deep mlp": MLPRegressor(hidden_layer_sizes=(5, 4), activation="logistic", max_iter=5, random_state=0),
    "poisson mlp": MLPRegressor("poisson", hidden_layer_sizes=(3,), max_iter=5, random_state=0),
}
OTHERS = ["sparse", "pca"]  # encoders that are met by a linear model and by a network


def fitted(estimator, encoder, task):
    source = frame()
    pipeline = make_pipeline(clone(ENCODERS[encoder]), StandardScaler(with_mean=False), clone(estimator))
    return pipeline.fit(source[COLUMNS], source[TASKS[task]])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("name", "task", "encoder"),
    every_nth(
        2,
        [
            *((name, task, "indicators") for name in CLASSIFIERS for task in ("binary", "multiclass")),
            *(("logistic", "binary", encoder) for encoder in OTHERS),
            *(("mlp", "multiclass", encoder) for encoder in OTHERS),
        ],
    ),
)
def test_classifiers_give_their_own_probabilities(name, task, encoder):
    pipeline = fitted(CLASSIFIERS[name], encoder, task)
    bound = bind(ti.wrap(pipeline), table(task))
    assert bound.scores.shape == (300, 1 if task == "binary" else 3)
    own = pipeline.predict_proba(frame()[COLUMNS])
    np.testing.assert_allclose(probabilities(bound.scores), own, atol=1e-9)
    np.testing.assert_allclose(bound.rest(bound.z).numpy(), bound.scores, atol=2e-4)
    if task == "multiclass":
        np.testing.assert_allclose(bound.scores.sum(axis=1), 0, atol=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("name", "encoder"),
    every_nth(
        2,
        [
            *((name, "indicators") for name in REGRESSORS),
            *((name, encoder) for name in ("ridge", "mlp") for encoder in OTHERS),
        ],
    ),
)
def test_regressors_give_their_own_values(name, encoder):
    pipeline = fitted(REGRESSORS[name], encoder, "regression")
    bound = bind(ti.wrap(pipeline), table("regression"))
    np.testing.assert_allclose(bound.scores[:, 0], pipeline.predict(frame()[COLUMNS]), rtol=1e-9)
    np.testing.assert_allclose(bound.rest(bound.z)[:, 0].numpy(), bound.scores[:, 0], rtol=1e-5)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("name", "units"), [("mlp", [6]), ("deep mlp", [5, 4]), ("logistic units", [3])])
def test_hidden_units_are_scikit_learn_s(name, units):
    pipeline = fitted(CLASSIFIERS[name], "standard", "multiclass")
    bound = bind(ti.wrap(pipeline), table("multiclass"))
    found = bound.activations()
    assert [value.shape for value in found.values()] == [(300, h) for h in units]
    final, act = (
        pipeline[-1],
        {"relu": lambda v: np.maximum(v, 0), "tanh": np.tanh, "logistic": lambda v: 1 / (1 + np.exp(-v))},
    )
    value = pipeline[:-1].transform(frame()[COLUMNS])
    for layer, weights, bias in zip(found.values(), final.coefs_, final.intercepts_, strict=False):
        value = act[final.activation](value @ weights + bias)
        np.testing.assert_allclose(layer, value, atol=1e-9)


@pytest.mark.parametrize(
    "kind", ["logistic", "unpenalised", "no intercept", "cv", "search", "identity units", "descent"]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_models_without_a_hidden_operation_are_linear(kind):
    bound = bind(ti.wrap(fitted(CLASSIFIERS[kind], "standard", "binary")), table())
    assert bound.is_linear
    assert bound.activations() == {}


CLASSES = {
    "text": ["no", "yes"],
    "integers": [0, 1],
    "other integers": [2, 7],
    "negative": [-1, 1],
    "booleans": [False, True],
    "floats": [0.0, 1.0],
}


@pytest.mark.parametrize("classes", CLASSES.values(), ids=CLASSES)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize(
    "estimator",
    every_nth(2, [LogisticRegression(), LinearDiscriminantAnalysis(), MLPClassifier((4,), max_iter=3, random_state=0)]),
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_positive_class_of_the_table_decides_the_sign(classes, first, estimator):
    x = np.random.default_rng(0).normal(size=(60, 2))
    source = pd.DataFrame(x, columns=["a", "b"])
    target = pd.Series(classes)[(x[:, 0] > 0.2).astype(int)].reset_index(drop=True)
    model = clone(estimator).fit(source, target)
    positive = classes[0] if first else classes[1]
    bound = bind(ti.wrap(model), ti.read_table(source.assign(y=target), target="y", positive=positive))
    assert bound.table.schema.classes[1] == positive
    column = list(model.classes_).index(positive)
    p = model.predict_proba(source)[:, column]
    np.testing.assert_allclose(bound.scores[:, 0], np.log(p / (1 - p)), atol=1e-7)


def test_classes_in_another_order_are_matched_by_name():
    source = frame()
    pipeline = fitted(LogisticRegression(max_iter=60), "standard", "multiclass")
    ordered = source.assign(many=pd.Categorical(source["many"], ["top", "low", "middle"], ordered=True))
    bound = bind(ti.wrap(pipeline), table("multiclass", source=ordered))
    assert bound.table.schema.classes == ("top", "low", "middle")
    own = pipeline.predict_proba(source[COLUMNS])  # low, middle, top
    np.testing.assert_allclose(probabilities(bound.scores), own[:, [2, 0, 1]], atol=1e-9)


def test_classes_that_are_equal_numbers_are_the_same():
    x = np.random.default_rng(0).normal(size=(40, 1))
    model = LogisticRegression().fit(pd.DataFrame(x, columns=["a"]), (x[:, 0] > 0).astype(int))
    source = pd.DataFrame(x, columns=["a"]).assign(y=(x[:, 0] > 0).astype(float))
    bound = bind(ti.wrap(model), ti.read_table(source, target="y"))
    np.testing.assert_allclose(bound.scores[:, 0], model.decision_function(source[["a"]]), atol=1e-9)


def test_models_fitted_without_names_read_the_columns_in_order():
    given = numeric_table()
    x = given.inputs.to_numpy()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, given.y)
    bound = bind(ti.wrap(model), given)
    np.testing.assert_allclose(bound.scores[:, 0], model.decision_function(x), atol=1e-9)


def test_a_pipeline_of_nothing_but_passthrough():
    given = numeric_table()
    model = Pipeline([("a", "passthrough"), ("b", None), ("c", LogisticRegression())]).fit(
        given.inputs, given.codes == 1
    )
    bound = bind(ti.wrap(model), given)
    np.testing.assert_allclose(bound.scores[:, 0], model.decision_function(given.inputs), atol=1e-9)


@pytest.mark.parametrize("name", ["mlp", "cv", "logistic"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_estimator_is_not_changed(name):
    pipeline = fitted(CLASSIFIERS[name], "indicators", "binary")
    before = joblib.hash(pipeline)
    bound = bind(ti.wrap(pipeline), table())
    _ = bound.scores, bound.rest(bound.z), bound.gradients(bound.x[:5]), bound.activations()
    bound.moved(("age",), np.arange(5), np.arange(5, 10))
    assert joblib.hash(pipeline) == before
    pipeline[-1].coef_ = 0
    assert joblib.hash(pipeline) != before


FACTS = {  # estimator -> (penalised, converged)
    "l2": (LogisticRegression(max_iter=500), True, True),
    "cut short": (LogisticRegression(max_iter=1), True, False),
    "unpenalised": (LogisticRegression(C=np.inf, max_iter=500), False, True),
    "cv": (LogisticRegressionCV(max_iter=500, **CV), True, True),
    "mlp": (MLPClassifier((3,), max_iter=2), None, False),
    "descent": (SGDClassifier(loss="log_loss", random_state=0), True, True),
}


@pytest.mark.parametrize(("estimator", "penalised", "converged"), FACTS.values(), ids=FACTS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_a_reader_must_know_of_the_fit(estimator, penalised, converged):
    given = numeric_table()
    model = ti.wrap(clone(estimator).fit(given.inputs, given.codes))
    assert (model.penalised, model.converged) == (penalised, converged)


@pytest.mark.parametrize(("alpha", "penalised"), [(0.0, False), (1.0, True)])
def test_ridge_without_a_penalty_is_not_penalised(alpha, penalised):
    given = numeric_table("regression")
    assert ti.wrap(Ridge(alpha).fit(given.inputs, given.y)).penalised == penalised
    assert ti.wrap(LinearRegression().fit(given.inputs, given.y)).penalised is False


# refusals


class OneVersusRest(LogisticRegression):
    def predict_proba(self, X):
        p = 1 / (1 + np.exp(-self.decision_function(X)))
        return p / p.sum(axis=1, keepdims=True)


def test_probabilities_of_another_kind_are_refused():
    given = numeric_table("multiclass")
    model = OneVersusRest().fit(given.inputs, given.codes)
    with pytest.raises(ModelError, match=r"on the first 300 rows.*differ by up to 0\.\d+.*one-vs-rest"):
        bind(ti.wrap(model), given)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (LogisticRegression(), "LogisticRegression is not fitted. Call its fit method first"),
        (make_pipeline(StandardScaler(), MLPClassifier()), "MLPClassifier is not fitted"),
        (RandomForestClassifier(), "RandomForestClassifier is not fitted"),
        (make_pipeline(StandardScaler(), Lasso()), "Lasso is not fitted"),
        (GridSearchCV(LogisticRegression(), {}), "GridSearchCV is not fitted"),
        (CalibratedClassifierCV(LogisticRegression()), "CalibratedClassifierCV is not fitted"),
        (make_pipeline(StandardScaler()), "StandardScaler is neither a classifier.*LogisticRegression.*MLPRegressor"),
        (KMeans(), "KMeans is neither a classifier nor a regressor"),
        ("model.pkl", r"builtins\.str is not a supported model. Pass a fitted scikit-learn.*torch module"),
        (None, "NoneType is not a supported model"),
    ],
)
def test_what_cannot_be_read_is_refused(model, words):
    with pytest.raises(ModelError, match=words):
        ti.wrap(model)


def test_a_model_of_other_columns_classes_or_task_is_refused():
    binary, many, number = (numeric_table(task) for task in ("binary", "multiclass", "regression"))
    model = ti.wrap(LogisticRegression().fit(binary.inputs, binary.codes == 1))
    lacking = ti.read_table(binary.frame.drop(columns="x2"), target="y", drop=["x0"])
    with pytest.raises(ModelError, match=r"'x0' \(has the role dropped\), 'x2' \(not in the table\)"):
        bind(model, lacking)
    with pytest.raises(ModelError, match=r"\['False', 'True'\].*\['0', '1', '2'\]"):
        bind(model, many)
    with pytest.raises(ModelError, match="is a binary model, but the table's target 'y' needs a regression model"):
        bind(model, number)
    with pytest.raises(ModelError, match="is a regression model, but the table's target 'y' needs a binary model"):
        bind(ti.wrap(LinearRegression().fit(number.inputs, number.y)), binary)
    with pytest.raises(
        ModelError, match="returns 2 values per row, but a regression model of the target 'y' must return one"
    ):
        bind(ti.wrap(LinearRegression().fit(number.inputs, np.column_stack([number.y] * 2))), number)
    renamed = ti.read_table(binary.frame.assign(y=np.where(binary.y == 1, "good", "bad")), target="y")
    with pytest.raises(ModelError, match=r"has the classes \['False', 'True'\].*has the classes \['bad', 'good'\]"):
        bind(model, renamed)


def test_a_model_of_another_width_is_refused():
    given = numeric_table(columns=4)
    model = LogisticRegression().fit(given.inputs.to_numpy()[:, :3], given.codes)
    with pytest.raises(ModelError, match=r"raised an error for encoded rows of shape \(300, 4\)"):
        bind(ti.wrap(model), given)


def test_a_model_without_encoder_on_text_is_refused():
    with pytest.raises(ModelError, match="these columns are not numeric: 'city', 'grade'"):
        bind(ti.wrap(LogisticRegression().fit(np.eye(4), [0, 1, 0, 1])), table())


def test_a_model_that_was_fitted_again_after_it_was_wrapped_is_refused():
    given = numeric_table()
    model = LogisticRegression().fit(given.inputs, given.codes)
    wrapped = ti.wrap(model)
    model.fit(-given.inputs, given.codes)
    with pytest.raises(ModelError, match="differ by up to"):
        bind(wrapped, given)


def test_torch_s_settings_are_refused_for_scikit_learn():
    given = numeric_table()
    model = LogisticRegression().fit(given.inputs, given.codes)
    with pytest.raises(ModelError, match="that includes the preprocessing"):
        ti.wrap(model, encoder=StandardScaler())
