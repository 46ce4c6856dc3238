"""Every encoder that users bring, against the whole pipeline run slowly on original rows."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

import tabinterp as ti
from tabinterp.analyses.permutation_importance.estimator import start
from tabinterp.linear.counterpart import NEWER
from tabinterp.linear.penalised import STRENGTHS
from tabinterp.models import bind, encoding
from tests.shared import every_nth

from .cases import COLUMNS, NUMBERS, frame, moved_columns, sigmoid, table
from .pipelines import PIPELINES

ROWS = 120


@cache
def fitted(name):
    """Pipeline and BoundModel, each made once."""
    case, source = PIPELINES[name], frame(ROWS)
    network = MLPClassifier((4,), activation="tanh", alpha=0.1, max_iter=40, random_state=0)
    pipeline = make_pipeline(clone(case.encoder), network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(source[COLUMNS], source["binary"])
    return pipeline, bind(ti.wrap(pipeline), table(rows=ROWS, split=0.4))


def slow_importance(pipeline, plan, column):
    """Mean rise of the log loss over the plan's own donors, by the whole pipeline on whole rows."""
    rows, y = plan.bound.table.inputs, plan.bound.table.y.astype(int)
    n, exact = len(rows), plan.is_exact(column)
    shifts = range(1, n) if exact else plan.shifts
    moved = [rows.assign(**{column: rows[column].to_numpy()[(np.arange(n) + shift) % n]}) for shift in shifts]
    chances = pipeline.predict_proba(pd.concat([rows, *moved], ignore_index=True))
    own, *losses = -np.log(chances[np.arange(len(chances)), np.tile(y, 1 + len(moved))]).reshape(-1, n)
    rises = [(one - own).mean() for one in losses]
    return np.sum(rises) / n if exact else np.mean(rises)


@pytest.mark.parametrize("name", PIPELINES)
def test_scores_are_the_pipeline_s_own(name):
    pipeline, bound = fitted(name)
    expected = pipeline.predict_proba(frame(ROWS)[COLUMNS])[:, 1]
    np.testing.assert_allclose(sigmoid(bound.scores[:, 0]), expected, atol=1e-6 if "skrub" in name else 1e-9)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("rows", [40, 4000])  # encoded at once, and by distinct values
@pytest.mark.parametrize("encoder", [OneHotEncoder(handle_unknown="ignore"), OneHotEncoder(), OrdinalEncoder()])
def test_a_missing_value_that_was_none_in_training_is_the_level_that_it_was(encoder, rows, named):
    """A table holds NaN, which is another level to scikit-learn; pandas before 3 keeps None in every column of text."""
    draw = np.random.default_rng(0)
    levels = pd.Series(draw.choice(np.array(["a", "b", None], dtype=object), rows), dtype=object)
    source = pd.DataFrame({"level": levels, "x": draw.normal(size=rows)})
    own = ColumnTransformer(
        [("l", clone(encoder), ["level"] if named else [0]), ("x", "passthrough", ["x"] if named else [1])],
        sparse_threshold=0,
    )
    own.fit(source if named else source.to_numpy(dtype=object))
    expected = own.transform(source if named else source.to_numpy(dtype=object))
    table = ti.read_table(source.assign(y=[0, 1] * (rows // 2)), target="y")
    made = encoding.build(own, table.inputs, None)
    np.testing.assert_array_equal(made.transform(table.inputs), expected.astype(float))
    assert made.local == {"level": True, "x": True}
    assert made.unseen == {}
    pipeline = make_pipeline(own, LogisticRegression()).fit(
        source if named else source.to_numpy(dtype=object), table.codes
    )
    scores = bind(ti.wrap(pipeline), table).scores[:, 0]
    np.testing.assert_allclose(scores, pipeline.decision_function(source if named else source.to_numpy(dtype=object)))


@pytest.mark.parametrize("name", PIPELINES)
def test_the_fast_path_is_taken_where_it_is_right_and_nowhere_else(name):
    pipeline, bound = fitted(name)

    def encode(rows):
        for _, step in pipeline.steps[:-1]:
            rows = step.transform(rows)
        return rows

    assert {c for c in COLUMNS if not bound.encoding.local[c]} == PIPELINES[name].slow
    for column in COLUMNS:
        moved = set(np.flatnonzero(moved_columns(encode, frame(ROWS)[COLUMNS], column)))
        assert moved <= set(bound.encoding.blocks[column].tolist())


@pytest.mark.parametrize("name", every_nth(4, PIPELINES))
def test_importance_is_that_of_encoding_whole_rows_again(name):
    pipeline, bound = fitted(name)
    few = bound.take(np.arange(60))
    plan = start(few, n_repeats=3, seed=0)
    ours = ti.permutation_importance(few, few.table, n_repeats=3, seed=0).importance
    expected = [slow_importance(pipeline, plan, column) for column in COLUMNS]
    np.testing.assert_allclose(ours, expected, atol=2e-5)


# Every other pipeline that has slow columns, and every sixth of the others: an audit takes seconds. Most of them at night.
AUDITED = [name for i, name in enumerate(PIPELINES) if i % 2 == 0 and (PIPELINES[name].slow or i % 6 == 0)]
OF_COLUMNS = ["permutation_importance", "coefficients", "effects", "interactions"]
SOON = [next(name for name in AUDITED if bool(PIPELINES[name].slow) == slow) for slow in (True, False)]


@pytest.mark.parametrize(
    ("name", "analyses"),
    [
        pytest.param(AUDITED[0], None, marks=pytest.mark.nightly),
        *(pytest.param(name, OF_COLUMNS, marks=[] if name in SOON else pytest.mark.nightly) for name in AUDITED),
    ],
)
def test_an_audit_runs_and_says_which_columns_are_slow(name, analyses):
    _, bound = fitted(name)
    audit = ti.audit(bound.model, bound.table, rows=16, analyses=analyses)
    slow = PIPELINES[name].slow
    said = [note.values["columns"] for note in audit.document.network.notes if note.key == "model.mixed"]
    assert said == ([[c for c in COLUMNS if c in slow]] if slow else [])
    assert {row.column for row in audit.document.importance.columns} == set(COLUMNS)
    page = audit.to_markdown()  # of all sections, without the seconds that figures take
    assert all(column in page for column in COLUMNS)


def test_a_counterpart_behind_a_target_encoder_is_cross_fitted_and_has_no_intervals(undrawn):
    draw = np.random.default_rng(3)
    source = pd.DataFrame({"id": draw.integers(0, 60, 240).astype(str), "x": draw.normal(size=240)}).astype(
        {"id": object}
    )
    source["y"] = np.where(source["x"] + draw.logistic(size=240) > 0, "yes", "no")
    encoder = ColumnTransformer([("t", TargetEncoder(random_state=1), ["id"]), ("x", StandardScaler(), ["x"])])
    network = make_pipeline(encoder, MLPClassifier((3,), activation="tanh", max_iter=30, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(source[["id", "x"]], source["y"])
    read = ti.read_table(source, target="y", split=0.3)
    linear = ti.fit_counterpart(ti.wrap(network), read, seed=5)
    training = read.training_rows()
    own = clone(encoder).set_params(t__random_state=5)
    crossed = own.fit_transform(training.inputs, training.codes)
    seen = own.transform(training.inputs)
    y = training.codes - training.codes.mean()
    assert abs(y @ crossed[:, 0]) < abs(y @ seen[:, 0])  # a row that knows its own target looks informative
    np.testing.assert_allclose(bind(linear, read).x, own.transform(read.inputs))
    fitted_by_hand = LogisticRegressionCV(
        Cs=STRENGTHS,
        cv=StratifiedKFold(5, shuffle=True, random_state=5),
        scoring="neg_log_loss",
        max_iter=1000,
        **NEWER,
    ).fit((crossed - crossed.mean(axis=0)) / crossed.std(axis=0), training.codes)
    weight = bind(linear, read).front.weight.numpy()
    np.testing.assert_allclose(weight, fitted_by_hand.coef_ / crossed.std(axis=0), rtol=1e-6)
    shown = ti.coefficients(linear, read).frame()
    assert shown["estimate"].isna().all()
    assert shown["ci_low"].isna().all()
    assert set(shown["reason"]) == {"target_encoded"}
    audit = ti.audit(ti.wrap(network), read, rows=30, analyses=["coefficients"])
    assert "coefficients.note.target_encoded" in {note.key for note in audit.document.coefficients.notes}
    assert audit.document.coefficients.tests == []
    assert "An encoder was fitted to the target" in audit.to_html()


@pytest.mark.parametrize("name", ["splines", "power", "pca", "polynomials", "squares only", "iterative"])
def test_numbers_that_are_bent_or_mixed_have_a_derivative_through_the_encoder(name):
    pipeline, bound = fitted(name)
    shown = ti.coefficients(bound, bound.table).frame()
    found = shown[shown["level"].isna() & shown["column"].isin(NUMBERS) & shown["estimate"].notna()]
    rows = bound.take(bound.table.held_out).table.inputs
    assert found["column"].tolist() == NUMBERS[: len(found)]
    assert len(found) > 0
    for column, estimate in zip(found["column"], found["estimate"], strict=True):
        h = 1e-3 * float(rows[column].std())
        up, down = (pipeline.predict_proba(rows.assign(**{column: rows[column] + s})) for s in (h, -h))
        odds = np.log(up[:, 1] / up[:, 0]) - np.log(down[:, 1] / down[:, 0])
        present = rows[column].notna()
        expected = odds[present] / (2 * h)
        np.testing.assert_allclose(estimate, expected.mean(), rtol=0.05)


@pytest.mark.parametrize("name", ["bins, one-hot", "bins, ordinal", "power"])
def test_numbers_in_bins_have_contrasts_or_no_derivative(name):
    _, bound = fitted(name)
    shown = ti.coefficients(bound, bound.table).frame()
    numbers = shown[shown["column"] == "age"]
    if name == "bins, one-hot":
        assert numbers["level"].notna().all()
        assert numbers["estimate"].notna().all()
    elif name == "bins, ordinal":
        assert numbers["estimate"].isna().all()
        assert set(numbers["unit"]) == {"encoded value"}
    else:
        assert numbers["estimate"].notna().tolist() == [False, True]
