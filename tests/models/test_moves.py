"""Moves of columns that an encoder mixes, and pipelines that are asked about encoded rows: against the encoder and the pipeline
as they are, asked about whole rows; and how many rows they are asked about.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Binarizer, FunctionTransformer, OneHotEncoder, SplineTransformer, StandardScaler

import tabinterp as ti
from tabinterp.models import bind
from tabinterp.models.black_box import Codes, Questions
from tabinterp.models.piped_function import Piped, of_codes
from tests.shared import every_nth

from .test_mixing_encoders import AFFINE, BENT, COLUMNS, LEVELS, NUMBERS, frame, levels

ROWS = 600
CITIES = ["Bonn", "Ulm", "Jena", "Graz"]


class Crossed(TransformerMixin, BaseEstimator):
    """One-hot pairs of two columns; it counts the rows that it is asked about."""

    asked = 0

    def fit(self, X, y=None):
        self.hot_ = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(self.pairs(X))
        return self

    def pairs(self, X):
        return (X.iloc[:, 0].astype(str) + "/" + X.iloc[:, 1].astype(str)).to_numpy(dtype=object)[:, None]

    def transform(self, X):
        type(self).asked += len(X)
        return self.hot_.transform(self.pairs(X))


class Counted(StandardScaler):
    """A scaler that counts the rows that it is asked about."""

    asked = 0

    def transform(self, X):
        type(self).asked += len(X)
        return super().transform(X)


def source(rows=ROWS, seed=0):
    """Numbers with missing values, and levels with some that no encoder was fitted on."""
    draw = np.random.default_rng(seed)
    made = pd.DataFrame(
        {
            "age": draw.normal(40, 10, rows).round(1),
            "hours": draw.integers(1, 60, rows).astype(float),
            "city": draw.choice(CITIES, rows),
            "kind": draw.choice(["new", "used", "hired"], rows),
            "w": draw.uniform(0.2, 2, rows),
            "g": draw.integers(0, 40, rows),
        }
    )
    law = (made.age - 40) / 10 + (made.city == "Ulm") * (made.kind == "new") * 2 + made.hours / 60
    made.loc[::17, "hours"] = np.nan
    made.loc[5::23, "city"] = np.nan
    return made.assign(y=np.where(law + draw.logistic(size=rows) > 0.5, "yes", "no"))


INPUTS = ["age", "hours", "city", "kind"]


def number(scaler=StandardScaler):
    return Pipeline([("filled", FunctionTransformer(np.nan_to_num)), ("scaled", scaler())])


def fitted(encoder, last, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return Pipeline([("encoder", encoder), ("last", last)]).fit(rows[INPUTS], rows["y"])


@pytest.mark.parametrize("name", every_nth(4, [*AFFINE, *BENT]))
def test_moved_rows_are_encoded_as_the_encoder_encodes_them(name):
    rows = frame()
    encoder = AFFINE[name] if name in AFFINE else BENT[name][0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline = make_pipeline(encoder, MLPClassifier((4,), max_iter=5, random_state=0)).fit(rows[COLUMNS], rows["y"])
    bound = bind(ti.wrap(pipeline), ti.read_table(rows, target="y", positive="yes"))
    receivers, donors = np.arange(len(rows)), np.random.default_rng(0).permutation(len(rows))
    for columns in [(NUMBERS[0],), (LEVELS[0],), (NUMBERS[1], NUMBERS[2]), (NUMBERS[0], LEVELS[1])]:
        moved = rows[COLUMNS].copy()
        for column in columns:
            moved[column] = rows[column].to_numpy()[donors]
        expected = pipeline[0].transform(moved)
        expected = np.asarray(expected.toarray() if hasattr(expected, "toarray") else expected, dtype=np.float64)
        move = bound.move(columns, receivers, donors)
        encoded = bound.x.copy()
        encoded[:, move.outputs] = bound.encoded_move(move, receivers, donors)
        np.testing.assert_allclose(encoded, expected, rtol=1e-9, atol=1e-9)
        front = bound.moved(columns, receivers, donors)
        np.testing.assert_allclose(front, bound.front_of(expected), rtol=1e-4, atol=1e-4 * float(front.abs().max()))


def crossing(rows, seen):
    encoder = ColumnTransformer(
        [("n", number(), ["age", "hours"]), ("l", levels(), ["city", "kind"]), ("x", Crossed(), ["city", "kind"])]
    )
    return fitted(encoder, MLPClassifier((8,), max_iter=30, random_state=0), rows[seen(rows)])


@pytest.mark.parametrize("loss", ["log_loss", "auc"])
def test_importance_of_mixed_columns_is_that_of_whole_rows(loss):
    """With unknown levels, missing values, and a group of columns. A function is asked about whole rows."""
    rows = source()
    pipeline = crossing(rows, lambda rows: rows.city != "Graz")
    table = ti.read_table(rows, target="y", positive="yes", weight="w", drop=["g"])
    how = {"n_repeats": 2, "groups": {"both": ["hours", "kind"]}, "loss": loss}
    ours = ti.permutation_importance(ti.wrap(pipeline), table, **how)
    whole = ti.permutation_importance(ti.wrap(pipeline.predict_proba, classes=["no", "yes"]), table, **how)
    at = [ours.players.index(player) for player in ("city", "both")]
    assert ours.players == whole.players
    assert not any(ours.exact[i] or whole.exact[i] for i in at)
    assert np.abs(whole.importance[at]).min() > 0.001
    np.testing.assert_allclose(ours.importance[at], whole.importance[at], atol=1e-8)
    np.testing.assert_allclose(ours.stderr[at], whole.stderr[at], atol=1e-8)


def test_pairs_of_levels_are_encoded_once():
    rows = source()
    pipeline = crossing(rows, lambda rows: rows.city.notna())
    bound = bind(ti.wrap(pipeline), ti.read_table(rows, target="y", positive="yes", drop=["w", "g"]))
    assert not bound.encoding.local["city"]
    Crossed.asked = 0
    ti.permutation_importance(bound, bound.table, n_repeats=10)
    assert Crossed.asked <= 2 * 5 * 3  # columns moved, levels of the one with missing, levels of the other


# ---- pipelines of which only the predictions are known


def stacked(sparse, rows, scaler=StandardScaler):
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=sparse)
    encoder = ColumnTransformer(
        [("n", scaler(), ["age"]), ("l", one_hot, ["city", "kind"])], sparse_threshold=1.0 if sparse else 0.0
    )
    last = StackingClassifier([("tree", LogisticRegression()) if sparse else ("bayes", GaussianNB())], cv=2)
    return fitted(encoder, last, rows)


HOW = {
    "weights": ({"weight": "w", "drop": ["g"]}, {}),
    "AUC": ({"drop": ["w", "g"]}, {"loss": "auc"}),
    "rows in groups": ({"group": "g", "drop": ["w"]}, {"loss": "brier"}),
    "columns together": ({"drop": ["w", "g"]}, {"groups": {"both": ["age", "kind"]}}),
    "conditional": ({"drop": ["w", "g"]}, {"conditional": True}),
}


@pytest.mark.parametrize("sparse", every_nth(2, [True, False]))
@pytest.mark.parametrize("name", every_nth(2, HOW))
def test_a_pipeline_asked_about_encoded_rows_answers_as_for_whole_rows(name, sparse):
    rows = source()
    pipeline = stacked(sparse, rows[rows.city != "Graz"])
    read, how = HOW[name]
    table = ti.read_table(rows, target="y", positive="yes", **read)
    ours = ti.permutation_importance(ti.wrap(pipeline), table, **how)
    whole = ti.permutation_importance(ti.wrap(pipeline.predict_proba, classes=["no", "yes"]), table, **how)
    players = [p for p in ours.players if p in ("age", "city", "kind", "both")]
    assert np.abs(whole.importance).max() > 0.01
    for player in players:
        i, j = ours.players.index(player), whole.players.index(player)
        assert ours.importance[i] == pytest.approx(whole.importance[j], abs=1e-9)
        assert ours.stderr[i] == pytest.approx(whole.stderr[j], abs=1e-9)


def test_each_value_is_encoded_once_and_every_question_is_counted():
    rows = source()
    pipeline = stacked(False, rows, Counted)
    table = ti.read_table(rows, target="y", positive="yes", drop=["w", "g"])
    bound = bind(ti.wrap(pipeline), table)
    answered, own = [0], pipeline[-1].predict_proba
    pipeline[-1].predict_proba = lambda X: answered.__setitem__(0, answered[0] + len(X)) or own(X)
    questions = bound.model.questions
    Counted.asked, before = 0, questions.asked
    ti.permutation_importance(bound, table, n_repeats=10)
    assert Counted.asked == 0  # all values were encoded when the model was bound
    assert answered[0] == questions.asked - before > ROWS


def test_a_value_that_the_table_does_not_hold_is_encoded_when_it_is_first_asked_for():
    rows = source()
    pipeline = stacked(False, rows)
    bound = bind(ti.wrap(pipeline), ti.read_table(rows, target="y", positive="yes", drop=["w", "g"]))
    more = bound.beside({"age": [12.345, 99.75]})
    new = rows[INPUTS].iloc[[0, 0]].assign(age=[12.345, 99.75])
    expected = pipeline.predict_proba(new)[:, 1]
    np.testing.assert_allclose(1 / (1 + np.exp(-more.score(more.x[-2:])[:, 0])), expected, atol=1e-9)


ENCODERS = {
    "dense": ("dense", {}),
    "frame": ("frame", {}),
    "splines": ("dense", {"scaler": lambda: SplineTransformer(4)}),
    "sparse, all filled": ("sparse", {"unseen": False}),
    "sparse, some empty": ("sparse", {}),
    "sparse, zeros": ("sparse", {"scaler": lambda: Binarizer(threshold=40)}),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_rows_put_together_one_question_after_another_are_the_encoders_own(name):
    rows = source()[INPUTS].dropna().reset_index(drop=True)
    kind, how = ENCODERS[name]
    seen = rows[rows.city != "Graz"] if how.get("unseen", True) else rows
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=kind == "sparse")
    parts = [("a", one_hot, ["city"]), ("n", how.get("scaler", StandardScaler)(), ["age"]), ("b", one_hot, ["kind"])]
    encoder = ColumnTransformer(parts, sparse_threshold=float(kind == "sparse")).fit(seen)
    if kind == "frame":
        encoder.set_output(transform="pandas")
    given = []

    def answer(x):
        given.append(x.copy())
        return np.zeros(x.shape[0])

    codes = Codes(rows)
    piped = Piped(lambda rows: answer(encoder.transform(rows)), encoder, encoder.transform, answer)
    made = of_codes(codes, piped, rows, Questions())
    places, draw = codes.transform(rows), np.random.default_rng(0)
    for size, columns in ((300, [0]), (300, [1]), (200, [2]), (600, []), (600, [0, 2]), (1, [1]), (300, [0])):
        moved = places.copy()
        moved[:, columns] = places[draw.permutation(len(rows))][:, columns]
        moved = moved[draw.permutation(len(rows))] if size == 200 else moved
        made(moved[:size])
        expected = encoder.transform(codes.decode(moved[:size]))
        if kind == "sparse":
            assert (given[-1] != expected).nnz == 0
            assert given[-1].nnz == expected.nnz
            assert given[-1].has_sorted_indices
        else:
            assert type(given[-1]) is type(expected)
            np.testing.assert_array_equal(given[-1], expected)


class Halving(LogisticRegression):
    """A classifier that changes the rows that it is given."""

    def predict_proba(self, X):
        X *= 0.5
        return super().predict_proba(X)


@pytest.mark.parametrize("sparse", every_nth(2, [False, True]))
def test_a_last_step_may_change_the_rows_that_it_is_given(sparse):
    rows = source()
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=sparse)
    encoder = ColumnTransformer(
        [("n", StandardScaler(), ["age"]), ("l", one_hot, ["city", "kind"])], sparse_threshold=float(sparse)
    )
    pipeline = fitted(encoder, StackingClassifier([("c", Halving())], final_estimator=LogisticRegression(), cv=2), rows)
    table = ti.read_table(rows, target="y", positive="yes", drop=["w", "g"])
    ours = ti.permutation_importance(ti.wrap(pipeline), table)
    whole = ti.permutation_importance(ti.wrap(pipeline.predict_proba, classes=["no", "yes"]), table)
    for player in ("age", "city", "kind"):
        i, j = ours.players.index(player), whole.players.index(player)
        assert ours.importance[i] == pytest.approx(whole.importance[j], abs=1e-9)


class Root(TransformerMixin, BaseEstimator):
    """A transformer of the user's own."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.sqrt(X.to_numpy())


@pytest.mark.parametrize("part", [Root(), FunctionTransformer(np.sqrt)])
def test_a_pipeline_behind_an_encoder_that_is_not_on_the_list_is_asked_about_whole_rows(part):
    rows = source()
    rows["age"] = rows.age.abs()
    encoder = ColumnTransformer([("n", part, ["age"]), ("l", levels(), ["kind"])])
    pipeline = fitted(encoder, StackingClassifier([("bayes", GaussianNB())], cv=2), rows)
    bound = bind(ti.wrap(pipeline), ti.read_table(rows, target="y", positive="yes", drop=["w", "g"]))
    expected = pipeline.predict_proba(rows[INPUTS])[:, 1]
    np.testing.assert_allclose(1 / (1 + np.exp(-bound.scores[:, 0])), expected, atol=1e-9)
