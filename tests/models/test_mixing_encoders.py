"""Pipelines that people write: encoders that mix columns, rename them, or were fitted with others, against the whole pipeline.

The oracle is the pipeline itself: differences of the log-odds of its own `predict_proba` on original rows.
"""

from __future__ import annotations

import warnings
from functools import cache, reduce
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA, KernelPCA, TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)

import tabinterp as ti
from tabinterp.analyses.coefficients.record import Coefficients
from tabinterp.analyses.gradients.streaming import start_gradients, update_gradients
from tabinterp.analyses.linear_regions.record import Regions
from tabinterp.analyses.path_weights.record import Paths
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.models import bind
from tabinterp.stats.accumulators import finish, merge
from tests.shared import every_nth

NUMBERS, LEVELS = ["amount", "months", "age"], ["city", "kind"]
COLUMNS = [*NUMBERS, *LEVELS]
ROWS = 90


@cache
def _frame():
    draw = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "amount": np.exp(draw.normal(8, 0.5, ROWS)),
            "months": draw.uniform(6, 48, ROWS),
            "age": draw.uniform(20, 70, ROWS),
            "city": draw.choice(["Bonn", "Ulm", "Jena"], ROWS).astype(object),
            "kind": draw.choice(["new", "used"], ROWS).astype(object),
        }
    )
    law = np.log(frame["amount"] / frame["months"]) - 5 + 0.05 * (frame["age"] - 45) + (frame["city"] == "Ulm")
    return frame.assign(y=np.where(law + draw.logistic(size=ROWS) > 0, "yes", "no"))


def frame():
    return _frame().copy()


def levels():
    return OneHotEncoder(handle_unknown="ignore", sparse_output=False)


def columns(numbers, **settings):
    return ColumnTransformer([("n", numbers, NUMBERS), ("l", levels(), LEVELS)], **settings)


class Mapper(TransformerMixin, BaseEstimator):
    """A list of columns and transformers, which says nothing of what it makes of them."""

    def fit(self, X, y=None):
        self.parts_ = [(NUMBERS, StandardScaler().fit(X[NUMBERS])), (LEVELS, levels().fit(X[LEVELS]))]
        return self

    def transform(self, X):
        return np.hstack([part.transform(X[own]) for own, part in self.parts_])


class Renamed(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X.rename(columns=str.upper)


def ratio(X):
    X = np.asarray(X)
    return X[:, :1] / X[:, 1:2]


def with_rate(X):
    return X.assign(rate=X["amount"] / X["months"])


def logs(X):
    return X.assign(amount=np.log1p(X["amount"]), months=np.sqrt(X["months"]))


AFFINE = {  # gradients through these are exact
    "components": make_pipeline(columns(StandardScaler()), PCA(4)),
    "components, whitened and scaled": make_pipeline(columns(StandardScaler()), PCA(4, whiten=True), StandardScaler()),
    "singular values of sparse rows": make_pipeline(
        ColumnTransformer([("n", StandardScaler(), NUMBERS), ("l", OneHotEncoder(), LEVELS)], sparse_threshold=1.0),
        TruncatedSVD(4),
    ),
    "components of numbers": columns(make_pipeline(StandardScaler(), PCA(2))),
    "components beside scaled numbers": columns(
        make_pipeline(StandardScaler(), FeatureUnion([("s", StandardScaler()), ("p", PCA(2))]))
    ),
    "components in a second column transformer": make_pipeline(
        columns(StandardScaler(), verbose_feature_names_out=False).set_output(transform="pandas"),
        ColumnTransformer([("p", PCA(2), NUMBERS)], remainder="passthrough"),
    ),
    "components, as frames": make_pipeline(columns(StandardScaler()), PCA(4)).set_output(transform="pandas"),
}
BENT = {  # central differences: encoder, and the numbers that it mixes
    "kernel components of numbers": (columns(make_pipeline(StandardScaler(), KernelPCA(4, kernel="rbf"))), NUMBERS),
    "kernel components": (make_pipeline(columns(StandardScaler()), KernelPCA(5, kernel="rbf", gamma=0.1)), NUMBERS),
    "Nyström": (
        make_pipeline(columns(StandardScaler()), Nystroem(n_components=12, gamma=0.1, random_state=0)),
        NUMBERS,
    ),
    "random features": (
        make_pipeline(columns(StandardScaler()), RBFSampler(n_components=20, gamma=0.1, random_state=0)),
        NUMBERS,
    ),
    "products of numbers": (columns(make_pipeline(StandardScaler(), PolynomialFeatures(2), StandardScaler())), NUMBERS),
    "selected products": (
        make_pipeline(columns(StandardScaler()), PolynomialFeatures(2), VarianceThreshold(0.01), SelectKBest(k=20)),
        NUMBERS,
    ),
    "rows of length one": (make_pipeline(columns(StandardScaler()), Normalizer()), NUMBERS),
    "a ratio": (
        ColumnTransformer(
            [
                ("r", make_pipeline(FunctionTransformer(ratio), StandardScaler()), ["amount", "months"]),
                ("n", StandardScaler(), NUMBERS),
                ("l", levels(), LEVELS),
            ]
        ),
        ["amount", "months"],
    ),
    "a column added to a frame": (
        make_pipeline(
            FunctionTransformer(with_rate),
            ColumnTransformer(
                [
                    ("n", StandardScaler(), make_column_selector(dtype_include=np.number)),
                    ("l", levels(), make_column_selector(dtype_exclude=np.number)),
                ]
            ),
        ),
        ["amount", "months"],
    ),
}
ALONE = {  # column by column, which only a probe shows
    "a function of numbers": columns(make_pipeline(FunctionTransformer(np.log1p), StandardScaler())),
    "a function of a frame": make_pipeline(FunctionTransformer(logs), columns(StandardScaler())),
}
OWN = {  # transformers of the user's own
    "a mapper": Mapper(),
    "renamed columns": make_pipeline(
        Renamed(),
        ColumnTransformer(
            [("n", StandardScaler(), [*map(str.upper, NUMBERS)]), ("l", levels(), [*map(str.upper, LEVELS)])]
        ),
    ),
}
ENCODERS = AFFINE | {name: encoder for name, (encoder, _) in BENT.items()} | ALONE | OWN


def network():
    return MLPClassifier((4,), activation="tanh", alpha=0.3, solver="lbfgs", max_iter=60, random_state=0)


@cache
def fitted(name):
    """Pipeline and BoundModel, each made once."""
    source = frame()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline = make_pipeline(clone(ENCODERS[name]), network()).fit(source[COLUMNS], source["y"])
    return pipeline, bind(ti.wrap(pipeline), ti.read_table(source, target="y", positive="yes"))


def log_odds(pipeline, rows):
    chances = pipeline.predict_proba(rows)
    return np.log(chances[:, 1]) - np.log(chances[:, 0])


def slopes(pipeline, rows, column):
    """(n,) derivative of the log-odds with respect to a number, by central differences of whole rows."""
    step = 1e-4 * rows[column].std()
    up, down = (log_odds(pipeline, rows.assign(**{column: rows[column] + s})) for s in (step, -step))
    return (up - down) / (2 * step)


@pytest.mark.parametrize("name", every_nth(4, ENCODERS))
def test_average_derivatives_are_differences_of_whole_rows(name):
    pipeline, bound = fitted(name)
    rows = frame()[COLUMNS]
    result = ti.coefficients(bound, bound.table)
    shown = result.frame()
    shown = shown[shown["unit"].isna()]  # not the encoded values of a number that is bent
    shown = shown.assign(key=shown["level"].fillna("")).set_index(["column", "key"])
    for column in NUMBERS:
        expected = slopes(pipeline, rows, column)
        found = shown.loc[(column, "")]
        np.testing.assert_allclose(found["estimate"], expected.mean(), rtol=1e-4, atol=1e-5 * np.abs(expected).mean())
    for (column, level), found in shown[shown["level"].notna()].iterrows():
        whole = [log_odds(pipeline, rows.assign(**{column: one})) for one in (level, found["reference"])]
        np.testing.assert_allclose(found["estimate"], (whole[0] - whole[1]).mean(), atol=2e-4)
    assert shown["estimate"].notna().all()
    differences = set() if name not in BENT else {c for c in COLUMNS if not bound.encoding.local[c]}
    assert set(result.differences) == differences


@pytest.mark.parametrize("name", every_nth(2, AFFINE | BENT))
def test_saliency_of_a_mixed_number_is_its_derivative_per_standard_deviation(name):
    pipeline, bound = fitted(name)
    result = ti.gradient_importance(bound, bound.table, method="saliency")
    mixed = NUMBERS if name in AFFINE else BENT[name][1]
    for column in mixed:
        assert not bound.encoding.local[column]
        own = result.values[:, bound.columns.index(column), 0]
        expected = np.abs(slopes(pipeline, frame()[COLUMNS], column)) * frame()[column].std(ddof=0)
        near = {"rtol": 1e-4, "atol": 1e-5 * expected.mean()}
        np.testing.assert_allclose(own, expected, **near)
    assert np.isfinite(result.values).all()
    assert set(mixed) <= set(result.differences) if name in BENT else result.differences == ()


@pytest.mark.parametrize(
    "name", every_nth(2, [*AFFINE, *(name for name in BENT if name != "rows of length one"), *OWN])
)
def test_paths_add_up_to_differences_between_the_pipeline_s_own_rows(name):
    pipeline, bound = fitted(name)
    result = ti.gradient_importance(bound, bound.table)
    odds, total = log_odds(pipeline, frame()[COLUMNS]), result.values.sum(axis=(1, 2))
    np.testing.assert_allclose(total - total.mean(), odds - odds.mean(), atol=2e-3 * np.abs(odds - odds.mean()).max())
    assert result.complete


def test_a_path_through_a_point_that_an_encoder_has_no_limit_at_is_incomplete_and_says_so():
    """The mean of scaled rows is zero, which has no direction."""
    source = frame()
    encoder = make_pipeline(StandardScaler(), Normalizer())
    pipeline = make_pipeline(encoder, network()).fit(source[NUMBERS], source["y"])
    result = ti.gradient_importance(ti.wrap(pipeline), ti.read_table(source[[*NUMBERS, "y"]], target="y"))
    assert not result.complete


def test_integrated_gradients_of_a_product_are_its_analytic_path_integral():
    """log-odds w x1 x2 along a straight path from (a, b): (x1 - a)(b + x2) / 2 for x1, in the units of the scaler."""
    draw = np.random.default_rng(0)
    source = pd.DataFrame(draw.normal(size=(60, 2)) + 1, columns=["p", "q"])
    encoder = PolynomialFeatures(2, interaction_only=True, include_bias=False).fit(source)
    final = torch.nn.Linear(3, 1).double()
    final.weight.data, final.bias.data = torch.tensor([[0.0, 0.0, 2.0]]).double(), torch.zeros(1).double()
    table = ti.read_table(source.assign(y=draw.normal(size=60)), target="y", task="regression")
    result = ti.gradient_importance(ti.wrap(final, encoder=encoder, task="regression"), table)
    (a, b), (p, q) = source.mean(), source.to_numpy().T
    np.testing.assert_allclose(result.values[:, 0, 0], 2 * (p - a) * (b + q) / 2, atol=5e-3)
    np.testing.assert_allclose(result.values[:, 1, 0], 2 * (q - b) * (a + p) / 2, atol=5e-3)
    assert result.differences == ("p", "q")


class TwoInputs(torch.nn.Module):
    """Numbers beside codes of levels that are looked up."""

    def __init__(self, width):
        super().__init__()
        self.table = torch.nn.Embedding(4, 2)
        self.first, self.last = torch.nn.Linear(width + 2, 4), torch.nn.Linear(4, 1)

    def forward(self, numbers, code):
        x = torch.cat([numbers, self.table(code).squeeze(1)], dim=1)
        return self.last(torch.tanh(self.first(x)))


@pytest.mark.parametrize(
    ("last", "differences"), [(PCA(2), ()), (PolynomialFeatures(2, include_bias=False), tuple(NUMBERS))]
)
def test_gradients_reach_the_columns_of_one_of_several_inputs(last, differences):
    source = frame()
    numbers = make_pipeline(StandardScaler(), clone(last)).fit(source[NUMBERS])
    codes = OrdinalEncoder().fit(source[["city"]])
    torch.manual_seed(0)
    module = TwoInputs(numbers.transform(source[NUMBERS]).shape[1]).double()
    table = ti.read_table(source[[*NUMBERS, "city", "y"]], target="y", positive="yes")
    result = ti.gradient_importance(ti.wrap(module, encoder=[numbers, codes]), table, method="saliency")

    def score(rows):
        given = (
            torch.as_tensor(numbers.transform(rows[NUMBERS])),
            torch.as_tensor(codes.transform(rows[["city"]])).long(),
        )
        return module(*given).detach().numpy()[:, 0]

    for i, column in enumerate(NUMBERS):
        step = 1e-4 * source[column].std()
        up, down = (score(source.assign(**{column: source[column] + s})) for s in (step, -step))
        expected = np.abs(up - down) / (2 * step) * source[column].std(ddof=0)
        np.testing.assert_allclose(result.values[:, i, 0], expected, rtol=1e-4, atol=1e-5 * expected.mean())
    assert np.isfinite(result.values).all()
    assert result.differences == differences


@pytest.mark.parametrize("name", ALONE)
def test_a_function_is_trusted_where_a_probe_shows_it_column_local(name):
    pipeline, bound = fitted(name)
    assert all(bound.encoding.local.values())
    rows, order = frame()[COLUMNS], np.arange(ROWS)[::-1]
    moved = bound.rest(bound.z - bound.part(("amount",)) + bound.part(("amount",))[order.copy()])[:, 0].numpy()
    np.testing.assert_allclose(
        moved, log_odds(pipeline, rows.assign(amount=rows["amount"].to_numpy()[order])), atol=2e-4
    )


def seldom(X):
    """A product in one row of thirty: a probe of few rows could miss it."""
    X = np.asarray(X, dtype=float)
    return np.column_stack([X[:, 0] * np.where(X[:, 1] > np.quantile(_frame()["months"], 0.97), 2, 1), X[:, 1]])


def test_a_function_that_mixes_seldom_is_not_trusted():
    encoder = make_pipeline(FunctionTransformer(seldom), StandardScaler())
    source = frame()[["amount", "months", "y"]]
    pipeline = make_pipeline(encoder, LogisticRegression()).fit(source[["amount", "months"]], source["y"])
    bound = bind(ti.wrap(pipeline), ti.read_table(source, target="y"))
    assert bound.encoding.local == {"amount": False, "months": False}


# ---- encoders that were fitted with other columns


DROPPED = {
    "a column transformer": columns(StandardScaler()),
    "a column transformer, then components": make_pipeline(columns(StandardScaler()), PCA(3)),
    "a function first": make_pipeline(FunctionTransformer(logs), columns(StandardScaler())),
}


@pytest.mark.parametrize(
    ("kind", "name"), every_nth(5, product(["network", "function of rows", "torch", "torch, several inputs"], DROPPED))
)
def test_columns_that_the_encoder_was_fitted_with_and_drops_may_be_absent(name, kind):
    """An identifier and the target itself, which the table does not hold as inputs."""
    source = frame().assign(number=np.arange(ROWS))[["number", "y", *COLUMNS[::-1]]]
    final = network() if kind == "network" else RandomForestClassifier(5, random_state=0)
    encoder = clone(DROPPED[name])
    table = ti.read_table(source.drop(columns="number"), target="y", positive="yes")
    if kind.startswith("torch"):
        width = encoder.fit_transform(source).shape[1]
        torch.manual_seed(0)
        module = torch.nn.Linear(width, 1)
        bound = bind(ti.wrap(module, encoder=[encoder] if "several" in kind else encoder), table)
        expected = module(torch.as_tensor(encoder.transform(source)).float()).detach().numpy()[:, 0]
    else:
        pipeline = make_pipeline(encoder, final).fit(source, source["y"])
        bound = bind(ti.wrap(pipeline), table)
        chances = np.clip(pipeline.predict_proba(source)[:, 1], 1e-7, 1 - 1e-7)
        expected = np.log(chances / (1 - chances))
    np.testing.assert_allclose(bound.scores[:, 0], expected, atol=1e-5)
    assert set(bound.columns) == set(COLUMNS)


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        (columns(StandardScaler()), r"'age' \(not in the table\)\. .*columns are missing: \{'age'\}"),
        (make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), r"(?s)'age'.*yet now missing:\n- age"),
    ],
)
def test_a_column_that_the_encoder_needs_is_refused_in_scikit_learn_s_words(encoder, words):
    own = COLUMNS if isinstance(encoder, ColumnTransformer) else NUMBERS
    source = frame()
    encoder = clone(encoder)
    if encoder.__class__.__name__ == "Pipeline":
        encoder.set_output(transform="pandas")
    pipeline = make_pipeline(encoder, LogisticRegression()).fit(source[own], source["y"])
    table = ti.read_table(source[own].drop(columns="age").assign(y=source["y"]), target="y")
    with pytest.raises(ModelError, match=words):
        bind(ti.wrap(pipeline), table)


class Numbered(TransformerMixin, BaseEstimator):
    """Reads a frame without names by the numbers of its columns."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.column_stack([X[0], X[1] / X[2]])


@pytest.mark.parametrize("encoder", [StandardScaler(), make_pipeline(StandardScaler(), PCA(2)), Numbered()])
@pytest.mark.parametrize("form", ["array", "frame"])
def test_encoders_fitted_without_names_read_the_table_s_columns_in_order(encoder, form):
    source = frame()
    plain = source[NUMBERS].to_numpy()
    given = pd.DataFrame(plain) if form == "frame" or isinstance(encoder, Numbered) else plain
    pipeline = make_pipeline(clone(encoder), StandardScaler(), LogisticRegression()).fit(given, source["y"])
    bound = bind(ti.wrap(pipeline), ti.read_table(source[[*NUMBERS, "y"]], target="y", positive="yes"))
    np.testing.assert_allclose(bound.scores[:, 0], pipeline.decision_function(given), atol=1e-9)


def test_path_products_and_regions_of_an_audit_are_of_the_columns_that_are_not_mixed():
    source = frame()
    final = MLPClassifier((3,), alpha=0.3, solver="lbfgs", max_iter=60, random_state=0)
    pipeline = make_pipeline(clone(AFFINE["components of numbers"]), final).fit(source[COLUMNS], source["y"])
    table, model = ti.read_table(source, target="y", positive="yes"), ti.wrap(pipeline)
    document = ti.audit(model, table, analyses=["coefficients", "path_weights", "linear_regions"]).document
    assert {term.column for term in document[Coefficients].terms} == set(COLUMNS)
    for record, alone in ((Paths, ti.path_weights), (Regions, ti.linear_regions)):
        expected = [(t.term.column, t.term.level) for t in alone(model, table).terms]
        assert [(t.column, t.level) for t in document[record].terms] == expected
        assert {column for column, _ in expected} == set(LEVELS)
    np.testing.assert_allclose(
        [t.path for t in document[Paths].terms], ti.path_weights(model, table).path[:, 0], rtol=1e-6
    )


@pytest.mark.parametrize("name", ["components", "kernel components", "a ratio"])
def test_sums_over_the_rows_of_a_scan_are_the_means_over_the_rows(name):
    _, bound = fitted(name)
    update = update_gradients(start_gradients(bound), bound)
    size, product, _ = finish(reduce(merge, map(update, bound.blocks()))).value
    for method, found in (("saliency", size), ("gradient_x_input", product)):
        expected = ti.gradient_importance(bound, bound.table, method=method).values.mean(axis=0)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


# ---- encoders that are not smooth in some columns, not everywhere defined, or in single precision


def special():
    draw = np.random.default_rng(5)
    income = np.exp(draw.normal(8, 0.5, 300))
    source = pd.DataFrame(
        {
            "income": income,
            "debt": np.where(draw.random(300) < 0.3, 0.0, np.exp(draw.normal(6, 1, 300))),
            "kids": draw.integers(0, 5, 300),
            "flag": draw.random(300) < 0.4,
            "z": draw.normal(size=300),
            "w": draw.normal(size=300),
        }
    )
    law = np.log(income) - 8 + source["z"] + 0.5 * source["w"] - (source["debt"] > 500)
    return source.assign(y=np.where(law + draw.logistic(size=300) > 0, "yes", "no"))


def per_debt(X):
    """Income per debt, 0 where there is no debt."""
    some = X["debt"] != 0
    return np.column_stack([np.where(some, X["income"] / X["debt"].where(some, 1), 0), X["z"]])


ABRUPT = {  # encoder, columns that it reads, those in which it is not smooth
    "a ratio with a special value": (per_debt, ["income", "debt", "z"], ["debt"]),
    "a ratio, special in few rows": (
        lambda X: per_debt(X.assign(debt=np.where((X["debt"] == 0) & (X["z"] < 1.5), 50.0, X["debt"]))),
        ["income", "debt", "z"],
        ["debt", "z"],
    ),
    "a choice": (
        lambda X: np.column_stack([np.where(X["flag"], X["z"], X["w"]), X["z"]]),
        ["flag", "z", "w"],
        ["flag"],
    ),
    "one value times": (lambda X: np.column_stack([(X["kids"] == 0) * X["z"], X["w"]]), ["kids", "z", "w"], ["kids"]),
    "whole numbers": (
        lambda X: np.column_stack([X["kids"].astype(int) * X["z"], X["w"]]),
        ["kids", "z", "w"],
        ["kids"],
    ),
    "half a domain": (
        lambda X: np.column_stack([np.sqrt(X["debt"] * X["income"]), np.log(X["income"])]),
        ["income", "debt"],
        ["debt"],
    ),
}


@cache
def fitted_to_special(name):
    encode, own, _ = ABRUPT[name]
    source = special()[[*own, "y"]]
    encoder = make_pipeline(FunctionTransformer(encode), StandardScaler())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline = make_pipeline(encoder, network()).fit(source[own], source["y"])
    return pipeline, bind(ti.wrap(pipeline), ti.read_table(source, target="y", positive="yes", adverse="no"))


def small_slopes(pipeline, rows, column):
    step = 1e-6 * rows[column].std()
    up, down = (log_odds(pipeline, rows.assign(**{column: rows[column] + s})) for s in (step, -step))
    return (up - down) / (2 * step)


@pytest.mark.parametrize("name", every_nth(2, ABRUPT))
def test_a_column_has_no_gradient_where_the_encoder_is_abrupt_and_others_keep_theirs(name):
    pipeline, bound = fitted_to_special(name)
    _, own, abrupt = ABRUPT[name]
    rows = special()[own]
    shown = ti.coefficients(bound, bound.table).frame()
    shown = shown[shown["unit"].isna() & shown["level"].isna()].set_index("column")
    sizes = ti.gradient_importance(bound, bound.table, method="saliency")
    for column in own:
        values = sizes.values[:, bound.columns.index(column), 0]
        if column in abrupt:
            assert np.isnan(values).all()
            assert column not in shown.index
        else:
            expected = small_slopes(pipeline, rows, column)
            near = {"rtol": 1e-4, "atol": 1e-4 * np.abs(expected).mean()}
            np.testing.assert_allclose(values, np.abs(expected) * rows[column].std(ddof=0), **near)
            np.testing.assert_allclose(shown.loc[column, "estimate"], expected.mean(), **near)
    assert not {*abrupt} & {*sizes.differences}


@pytest.mark.parametrize(
    ("name", "asked"),
    every_nth(
        2,
        [
            *((name, {}) for name in ABRUPT if name != "a ratio, special in few rows"),
            ("a ratio with a special value", {"baseline": "rows"}),
            ("half a domain", {"baseline": "rows"}),
            ("a choice", {"method": "expected_gradients"}),
            ("half a domain", {"method": "expected_gradients"}),
        ],
    ),
)
def test_paths_hold_the_columns_in_which_the_encoder_is_abrupt(name, asked):
    """What the others add up to is the difference from a row that has these columns in common."""
    pipeline, bound = fitted_to_special(name)
    _, own, abrupt = ABRUPT[name]
    rows = special()[own]
    background = ti.read_table(special().iloc[:5], target="y", positive="yes")
    result = ti.gradient_importance(bound, bound.table, background=background, **asked)
    starts = rows.iloc[:5] if asked else rows.astype(float).mean().to_frame().T
    kept = [{c: start[c] for c in own if c not in abrupt} for _, start in starts.iterrows()]
    change = np.mean([log_odds(pipeline, rows) - log_odds(pipeline, rows.assign(**one)) for one in kept], axis=0)
    total = np.nansum(result.values, axis=(1, 2))
    size = np.abs(change).mean()
    if asked.get("method") == "expected_gradients":  # gradients at few points of a path: their sum has a stated error
        np.testing.assert_allclose(result.completeness_gap, np.abs(total - change) / size, atol=1e-4)
        assert np.mean(result.completeness_gap) < 0.2
    else:
        np.testing.assert_allclose(total, change, atol=2e-3 * size)
        assert result.complete


def test_an_audit_says_which_columns_have_no_gradient_and_of_no_others():
    _, bound = fitted_to_special("a ratio with a special value")
    source = special()[["income", "debt", "z", "y"]]
    table = ti.read_table(source, target="y", positive="yes", adverse="no", split=0.3)
    document = ti.audit(bound.model, table, analyses=["gradients", "coefficients"]).document
    notes = {note.key: note.values["columns"] for note in document.network.notes if "columns" in note.values}
    assert notes == {"model.mixed": ["income", "debt"], "model.no_gradient.abrupt": ["debt"]}
    told = [note for note in document.not_assessed if note.key in ("not_assessed.mixed", "not_assessed.abrupt")]
    assert [(note.key, note.values["columns"]) for note in told] == [("not_assessed.abrupt", ["debt"])] * 2
    assert {term.column for term in document[Coefficients].terms} == {"income", "z"}


@pytest.mark.parametrize("mixed", [np.round, np.floor, lambda x: x.astype(np.float16) * np.float16(50)])
def test_an_encoder_that_is_abrupt_in_every_column_is_refused(mixed):
    source = special()[["z", "w", "y"]]
    encoder = FunctionTransformer(lambda X: mixed(10 * np.column_stack([X["z"] * X["w"], X["z"] + X["w"]])))
    pipeline = make_pipeline(encoder, network()).fit(source[["z", "w"]], source["y"])
    with pytest.raises(NotApplicableError, match="is discontinuous"):
        ti.gradient_importance(ti.wrap(pipeline), ti.read_table(source, target="y"))


SINGLE = {  # values that single precision holds with a spacing that is large for their spread, or too large
    "years": (2023 + np.arange(300) % 2, True),
    "seconds": (1.7e9 + 1e7 * np.linspace(0, 1, 300), True),
    "amounts": (1e6 + 1e3 * np.linspace(-2, 2, 300), True),
    "dates": (20240000 + 100 * (1 + np.arange(300) % 12) + 1 + np.arange(300) % 28, False),
}


@pytest.mark.parametrize("name", SINGLE)
def test_an_encoder_in_single_precision_has_right_gradients_or_none(name):
    """The derivative of w (when - m) / s z in double precision."""
    when, known = SINGLE[name]
    source = special()[["z", "w", "y"]].assign(when=when)
    middle, spread = source["when"].mean(), source["when"].std(ddof=0)

    def product(X, kind=np.float32):
        return np.column_stack([(X["when"].astype(kind) - kind(middle)) / kind(spread) * X["z"].astype(kind), X["w"]])

    final = torch.nn.Linear(2, 1).double()
    final.weight.data, final.bias.data = torch.tensor([[2.0, 1.0]]).double(), torch.zeros(1).double()
    table = ti.read_table(source, target="y", positive="yes")
    result = ti.gradient_importance(ti.wrap(final, encoder=FunctionTransformer(product)), table, method="saliency")
    values = dict(zip(result.columns, np.moveaxis(result.values[:, :, 0], 1, 0), strict=True))
    expected = {
        "z": np.abs(2 * (source["when"] - middle) / spread) * source["z"].std(ddof=0),
        "w": source["w"].std(ddof=0),
    }
    for column in ("z", "w"):
        np.testing.assert_allclose(values[column], expected[column], rtol=0.02, atol=0.02)
    if known:
        np.testing.assert_allclose(values["when"], 2 * np.abs(source["z"]), rtol=0.03, atol=1e-3)
    else:
        assert np.isnan(values["when"]).all()
