"""Blocks, locality, scores and moves of every encoder, against the whole pipeline run slowly."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, QuantileTransformer, StandardScaler

import tabinterp as ti
from tabinterp.errors import ModelError
from tabinterp.models import bind
from tabinterp.models.affine_encoder import weight_of
from tabinterp.models.encoding import build
from tests.shared import every_nth

from . import cases
from .cases import COLUMNS, ENCODERS, LOCAL, MIXED, dense, frame, moved_columns, table


@pytest.fixture(scope="module")
def bound():
    """name -> (pipeline, BoundModel), each made once."""
    made = {}

    def make(name):
        if name not in made:
            source = frame()
            pipeline = make_pipeline(clone(ENCODERS[name]), LogisticRegression(max_iter=60))
            made[name] = (pipeline.fit(source[COLUMNS], source["binary"]), None)
            made[name] = (made[name][0], bind(ti.wrap(made[name][0]), table()))
        return made[name]

    return make


@pytest.mark.parametrize("name", ENCODERS)
def test_encoded_rows_are_the_pipeline_s_own(name, bound):
    pipeline, ours = bound(name)
    np.testing.assert_array_equal(ours.x, dense(pipeline[:-1].transform(frame()[COLUMNS])))
    assert ours.columns == tuple(COLUMNS)


@pytest.mark.parametrize("name", every_nth(2, LOCAL))
def test_blocks_are_what_moves_with_a_column(name, bound):
    pipeline, ours = bound(name)
    for column in COLUMNS:
        moved = moved_columns(pipeline[:-1].transform, frame()[COLUMNS], column)
        assert ours.encoding.blocks[column].tolist() == np.flatnonzero(moved).tolist()
        assert ours.encoding.local[column]


@pytest.mark.parametrize("name", MIXED)
def test_mixed_columns_are_flagged_and_the_others_are_not(name, bound):
    pipeline, ours = bound(name)
    assert {c for c in COLUMNS if not ours.encoding.local[c]} == MIXED[name][1]
    for column in COLUMNS:
        moved = moved_columns(pipeline[:-1].transform, frame()[COLUMNS], column)
        assert set(np.flatnonzero(moved)) <= set(ours.encoding.blocks[column])


@pytest.mark.parametrize("name", every_nth(2, ENCODERS))
def test_moving_a_column_is_encoding_the_rows_with_it_replaced(name, bound):
    pipeline, ours = bound(name)
    source = frame()[COLUMNS]
    draw = np.random.default_rng(0)
    donors = draw.permutation(len(source))
    assert source.isna().any(axis=None)  # missing values travel too
    everyone = np.arange(len(source))
    for columns in [*((c,) for c in COLUMNS), ("age", "city"), tuple(COLUMNS)]:
        replaced = source.assign(**{c: source[c].to_numpy()[donors] for c in columns})
        expected = pipeline.decision_function(replaced)
        whole = ours.rest(ours.moved(columns, everyone, donors))[:, 0].numpy()
        np.testing.assert_allclose(whole, expected, atol=2e-4)
        if ours.is_local(columns):
            part = ours.part(columns)
            quick = ours.rest(ours.z - part + part[donors])[:, 0].numpy()
            np.testing.assert_allclose(quick, expected, atol=2e-4)


@pytest.mark.parametrize("name", ENCODERS)
def test_what_lies_behind_the_front_gives_the_scores(name, bound):
    pipeline, ours = bound(name)
    expected = pipeline.decision_function(frame()[COLUMNS])
    np.testing.assert_allclose(ours.scores[:, 0], expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.rest(ours.z)[:, 0].numpy(), expected, atol=2e-4)


def test_columns_the_model_does_not_read_move_nothing(bound):
    _, ours = bound("passthrough inside")
    assert len(ours.encoding.blocks["age"]) == 0
    assert ours.part(("age",)).abs().max() == 0
    extra = frame().assign(noise=np.arange(300.0), word="w")
    wider = bind(ours.model, table(source=extra))
    assert [len(wider.encoding.blocks[c]) for c in ("noise", "word")] == [0, 0]
    np.testing.assert_array_equal(wider.scores, ours.scores)


def test_columns_are_found_by_name_in_any_order(bound):
    _, ours = bound("standard")
    turned = bind(ours.model, table(source=frame()[["binary", "city", "income", "grade", "age"]]))
    np.testing.assert_array_equal(turned.scores, ours.scores)
    assert turned.columns == ("city", "income", "grade", "age")
    np.testing.assert_array_equal(turned.encoding.blocks["age"], ours.encoding.blocks["age"])


def test_an_estimator_without_encoder_finds_its_columns_by_name():
    source = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 3)), columns=["a", "b", "c"])
    target = source["a"] + source["b"] * 2 > 0
    model = LogisticRegression().fit(source[["b", "a"]], target)
    ours = bind(ti.wrap(model), ti.read_table(source.assign(word="w", y=target), target="y"))
    np.testing.assert_allclose(ours.scores[:, 0], model.decision_function(source[["b", "a"]]), atol=1e-9)
    assert [ours.encoding.blocks[c].tolist() for c in ("a", "b", "c", "word")] == [[1], [0], [], []]


def test_levels_unseen_in_training_are_encoded_as_the_pipeline_does(bound):
    pipeline, ours = bound("rare and drop")
    other = frame().assign(city=["Mainz", "Bonn"] * 150)
    again = bind(ours.model, table(source=other))
    np.testing.assert_allclose(again.scores[:, 0], pipeline.decision_function(other[COLUMNS]), atol=1e-9)
    with pytest.raises(ModelError, match=r"raised an error for the rows of this table.*Mainz"):
        bind(bound("unknown is an error")[1].model, table(source=other))


def test_taking_rows_encodes_nothing_again(bound):
    _, ours = bound("indicators")
    rows, scores = np.array([7, 3, 200]), ours.scores
    part = ours.take(rows)
    np.testing.assert_array_equal(part.scores, scores[rows])
    assert part.table.numbers.tolist() == [7, 3, 200]
    np.testing.assert_allclose(part.rest(part.z), ours.rest(ours.z)[rows], atol=1e-5)
    assert len(ours.take(np.zeros(300, dtype=bool)).table) == 0


class Counting(TransformerMixin, BaseEstimator):
    """The row's numbers, and how many rows were asked for."""

    rows = 0

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        return self

    def transform(self, X):
        type(self).rows += len(X)
        return X.to_numpy(dtype=float)


def test_binding_encodes_the_rows_once_and_a_few_to_probe():
    draw = np.random.default_rng(0)
    source = pd.DataFrame(draw.normal(size=(1000, 3)), columns=list("abc"))
    target = source["a"] > 0
    pipeline = make_pipeline(Counting(), LogisticRegression()).fit(source, target)
    Counting.rows = 0
    bind(ti.wrap(pipeline), ti.read_table(source.assign(y=target), target="y"))
    probe = 32 * (1 + 3)
    checked = 256 * (1 + 3)  # rows that take each column from another row, and those rows
    smooth = 2 * 1000 + 500 + 3 * 8 * 400  # whether differences through it can be trusted, on 400 rows a column at most
    assert 1000 <= Counting.rows <= 1000 + probe + 512 + checked + smooth  # all, probe, own predictions


@pytest.mark.parametrize(
    ("encode", "words"),
    [
        # of the rows, and of the rows with either column changed
        (lambda X: X.to_numpy(dtype=float)[:, 0], r"the shape must be \(12, d\)"),
        (lambda X: X.to_numpy(dtype=float)[1:], r"the shape must be \(12, d\)"),
        (lambda X: np.full(X.shape, "text", dtype=object), "text"),
        (lambda X: X.to_numpy(dtype=float) / 0.0, "cannot use infinite values.*Correct this step"),
        (lambda X: X["nowhere"], "nowhere"),
    ],
)
def test_encoders_that_return_no_numbers_are_refused(encode, words):
    class Odd:
        def transform(self, X):
            with np.errstate(divide="ignore"):
                return encode(X)

    Odd.feature_names_in_ = np.array(["a", "b"], dtype=object)
    source = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, 3, 2, 5], "y": [0, 1, 0, 1]})
    model = ti.wrap(torch.nn.Linear(2, 1), encoder=Odd())
    with pytest.raises(ModelError, match=words):
        bind(model, ti.read_table(source, target="y"))


def test_missing_values_that_the_encoder_leaves_are_refused():
    source = pd.DataFrame({"a": [1.0, np.nan, 3, 4], "y": [0, 1, 0, 1]})
    with pytest.raises(ModelError, match=r"row 1, encoded column 0.*imputer"):
        bind(ti.wrap(torch.nn.Linear(1, 1), encoder="passthrough"), ti.read_table(source, target="y"))


CUT = {  # an encoder that ends in affine steps -> columns that its head treats on their own
    "components": make_pipeline(StandardScaler(), PCA(2, whiten=True), StandardScaler()),
    "components alone": PCA(3),
    "sparse components": make_pipeline(QuantileTransformer(n_quantiles=20), TruncatedSVD(2)),
}


@pytest.mark.parametrize("name", CUT)
def test_an_affine_end_moves_a_column_as_whole_rows_do(name, monkeypatch):
    given = cases.numeric_table("binary", rows=80)
    encoder = clone(CUT[name]).fit(given.inputs)
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(encoder.transform(given.inputs).shape[1], 5), torch.nn.Tanh())
    bound = bind(ti.wrap(network.append(torch.nn.Linear(5, 1)), encoder=encoder), given)
    assert not any(bound.encoding.local.values())
    assert bound.encoding.tail is not None
    draw = np.random.default_rng(0)
    receivers, donors = draw.integers(0, 80, 50), draw.integers(0, 80, 50)
    for columns in [("x0",), ("x1", "x3")]:
        rows = given.inputs.iloc[receivers].reset_index(drop=True)
        for column in columns:
            rows[column] = given.inputs[column].to_numpy()[donors]
        whole = bound.encoded_front(rows)
        with monkeypatch.context() as patch:
            patch.setattr(type(bound), "encoded_front", None)  # no row is encoded again
            moved = bound.moved(columns, receivers, donors)
        torch.testing.assert_close(moved, whole, rtol=1e-5, atol=2e-6)
        assert not torch.allclose(moved, bound.z[receivers], atol=1e-3)


def test_an_end_that_is_not_affine_is_not_cut():
    given = cases.numeric_table("binary", rows=80)
    for steps in [
        (PCA(2), MinMaxScaler(clip=True)),
        (PolynomialFeatures(2),),
        (PCA(2), QuantileTransformer(n_quantiles=9)),
    ]:
        encoding = build(make_pipeline(*steps).fit(given.inputs), given.inputs, tuple(given.schema.inputs))
        assert encoding.tail is not None
        assert encoding.tail.weight is None
    mixed = make_pipeline(PolynomialFeatures(2), PCA(3)).fit(given.inputs)
    assert not any(build(mixed, given.inputs, tuple(given.schema.inputs)).local.values())


def test_what_claims_to_be_affine_and_is_not_is_found_out():
    head = np.random.default_rng(0).normal(size=(20, 3))
    assert weight_of(np.square, head, head**2) is None
    fitted = PCA(2).fit(head)
    weight, constant = weight_of(fitted.transform, head, fitted.transform(head))
    np.testing.assert_allclose(weight, fitted.components_, atol=1e-12)
    np.testing.assert_allclose(constant, -fitted.components_ @ fitted.mean_, atol=1e-12)
