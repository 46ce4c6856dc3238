"""Coefficients: statsmodels on dummies made by hand, the estimator's own numbers, and what a network has in their place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, SplineTransformer, StandardScaler
from statsmodels.stats.outliers_influence import variance_inflation_factor

import tabinterp as ti
from tabinterp.errors import NotApplicableError
from tabinterp.linear.terms import Basis, Contrast, Slope, design, find_terms
from tabinterp.models import bind
from tests import cases
from tests.shared import every_nth

TERMS = [
    ("age", None), ("age", "(missing)"), ("income", None), ("city", "(missing)"), ("city", "oslo"), ("city", "rome"),
    ("member", "True"), ("grade", None),
]  # fmt: skip


def dummies(frame):
    """The design by hand, in original units, reference levels left out; grade as its standardised code."""
    code = frame["grade"].map(cases.GRADES.index)
    return pd.DataFrame(
        {
            "age": frame["age"].fillna(frame["age"].mean()),
            "age missing": frame["age"].isna().astype(float),
            "income": frame["income"],
            "city missing": frame["city"].isna().astype(float),
            "oslo": (frame["city"] == "oslo").astype(float),
            "rome": (frame["city"] == "rome").astype(float),
            "member": frame["member"].astype(float),
            "grade": (code - code.mean()) / code.std(ddof=0),
        }
    )


def fitted(task="binary", n=400, weighted=False, **more):
    frame = cases.mixed_frame(n, 3, task)
    pipeline = cases.linear_pipeline(frame, task, **more)
    table = cases.mixed_table(frame, task, weighted)
    return frame, table, pipeline, ti.coefficients(ti.wrap(pipeline), table)


def in_order(result):
    return [(t.term.column, t.term.level) for t in result.terms]


def peer(frame, task, covariance="nonrobust"):
    x = sm.add_constant(dummies(frame))
    x["income"] /= 1e4  # statsmodels does not scale
    if task == "regression":
        return sm.OLS(frame["y"], x).fit(cov_type=covariance)
    if task == "binary":
        return sm.Logit((frame["y"] == "yes").astype(int), x).fit(disp=0)
    return sm.MNLogit(frame["y"].map("abc".index), x).fit(disp=0, maxiter=200)


# ---- the fit to the target


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_inference_is_statsmodels_on_dummies(task):
    frame, _, _, result = fitted(task)
    table, theirs = result.frame(), peer(frame, task)
    unit = np.where(table["column"] == "income", 1e-4, 1.0)
    assert table["level"].isna().tolist() == [level is None for _, level in in_order(result)]
    assert sorted(in_order(result), key=str) == sorted(TERMS, key=str)
    order = [in_order(result).index(t) for t in TERMS]
    table, unit = table.iloc[order], unit[order]
    low, high = theirs.conf_int().iloc[1:].to_numpy().T
    for name, values in (
        ("estimate", theirs.params.iloc[1:] * unit),
        ("stderr", theirs.bse.iloc[1:] * unit),
        ("z", theirs.tvalues.iloc[1:]),
        ("p", theirs.pvalues.iloc[1:]),
        ("ci_low", low * unit),
        ("ci_high", high * unit),
    ):
        np.testing.assert_allclose(table[name].astype(float), values, rtol=2e-5, atol=1e-10)
    if task == "binary":
        np.testing.assert_allclose(table["odds_ratio"].astype(float), np.exp(theirs.params.iloc[1:] * unit), rtol=1e-5)
    np.testing.assert_allclose(table["sd"].iloc[[0, 2]], [frame["age"].std(ddof=0), frame["income"].std(ddof=0)])
    np.testing.assert_allclose(table["per_sd"].iloc[0], table["estimate"].iloc[0] * frame["age"].std(ddof=0))


def test_multiclass_inference_is_mnlogit_centred():
    frame, _table, _, result = fitted("multiclass")
    theirs = peer(frame, "multiclass")
    raw = np.column_stack([np.zeros(len(theirs.params)), theirs.params.to_numpy()])[1:]
    centred = raw - raw.mean(axis=1, keepdims=True)
    found = result.frame()
    assert found["output"].unique().tolist() == ["a", "b", "c"]
    for k, output in enumerate("abc"):
        rows = found[found["output"] == output].set_index(["column", "level"])["estimate"].astype(float)
        own = [rows[(c, lv)] if lv else rows[c].loc[np.nan] for c, lv in TERMS]
        unit = np.where([c == "income" for c, _ in TERMS], 1e-4, 1.0)
        np.testing.assert_allclose(own, centred[:, k] * unit, rtol=1e-4, atol=1e-9)


def test_weights_are_taken_as_sampling_weights():
    frame, _table, _, result = fitted("regression", weighted=True)
    x = sm.add_constant(dummies(frame))
    theirs = sm.WLS(frame["y"], x, weights=frame["w"]).fit(cov_type="HC1")
    found = result.frame().set_index(["column", "level"])
    assert found.loc[("member", "True"), "estimate"] == pytest.approx(theirs.params["member"], rel=1e-6)
    assert found.loc[("member", "True"), "stderr"] == pytest.approx(theirs.bse["member"], rel=1e-6)


def test_a_split_fits_on_the_training_rows_alone():
    frame = cases.mixed_frame(400, 3).assign(part=lambda f: np.where(np.arange(len(f)) % 4 == 0, "test", "train"))
    pipeline = cases.linear_pipeline(frame)
    result = ti.coefficients(ti.wrap(pipeline), cases.mixed_table(frame, split="part"))
    train = frame[frame["part"] == "train"]
    x = sm.add_constant(dummies(frame).loc[train.index].assign(income=lambda f: f["income"] / 1e4))
    theirs = sm.Logit((train["y"] == "yes").astype(int), x).fit(disp=0)
    found = result.frame().set_index(["column", "level"])
    assert result.rows == 300
    assert found.loc[("city", "oslo"), "estimate"] == pytest.approx(theirs.params["oslo"], rel=1e-5)
    assert found.loc[("city", "oslo"), "stderr"] == pytest.approx(theirs.bse["oslo"], rel=1e-5)


# ---- the model's own numbers


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_the_models_own_coefficients_are_the_estimators_through_the_scaler(task):
    _frame, _, pipeline, result = fitted(task)
    coef = np.atleast_2d(pipeline[-1].coef_)
    coef = coef - coef.mean(axis=0) if task == "multiclass" else coef
    scale = pipeline[0].transformers_[0][1][-1].scale_  # age, income, indicator of age
    expected = {
        ("age", None): coef[:, 0] / scale[0],
        ("age", "(missing)"): coef[:, 2] / scale[2],
        ("income", None): coef[:, 1] / scale[1],
        ("city", "(missing)"): coef[:, 6] - coef[:, 3],
        ("city", "oslo"): coef[:, 4] - coef[:, 3],
        ("city", "rome"): coef[:, 5] - coef[:, 3],
        ("member", "True"): coef[:, 7],
        ("grade", None): coef[:, 8],
    }
    for t, own in zip(result.terms, result.estimates.value, strict=True):
        np.testing.assert_allclose(own, expected[t.term.column, t.term.level], rtol=1e-5, atol=1e-6)
    assert np.all(result.sign_flip == 0)


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_a_linear_network_gets_the_same_numbers_as_a_network(task):
    """The path of networks, taken by a model that is linear but does not look it: derivatives are its coefficients."""
    _frame, table, pipeline, result = fitted(task)
    bound = bind(ti.wrap(pipeline), table)
    from tabinterp.analyses.coefficients.estimator import of_network  # noqa: PLC0415

    terms = find_terms(bound)
    network = of_network(bound, terms, terms)
    known = ~np.array([isinstance(t, Basis) for t in network.terms])
    np.testing.assert_allclose(network.estimates.value[known], result.estimates.value[known], atol=2e-6)
    assert np.nanmax(network.estimates.stderr) < 1e-6
    assert np.all(network.sign_flip[known] == 0)


def test_a_penalised_model_gets_no_interval_from_its_own_coefficients():
    _frame, _, _, weak = fitted(C=1e-3)
    _, _, _, strong = fitted(C=1e6)
    assert weak.penalised
    assert np.isnan(weak.estimates.stderr).all()
    assert np.isnan(weak.estimates.low).all()
    a, b = weak.frame(), strong.frame()
    np.testing.assert_allclose(
        a["estimate"].astype(float), b["estimate"].astype(float), rtol=1e-6
    )  # not the model's own
    np.testing.assert_allclose(a["stderr"].astype(float), b["stderr"].astype(float), rtol=1e-6)
    assert np.all(np.abs(a["model"]) < np.abs(b["model"]))


# ---- terms


def test_reference_is_the_dropped_level_where_one_is_dropped_and_the_most_frequent_otherwise():
    frame = cases.mixed_frame(300, 3)
    for drop, reference in ((None, "bern"), (["rome"], "rome"), ("first", "bern")):
        made = ColumnTransformer([("city", OneHotEncoder(drop=drop, sparse_output=False), ["city"])])
        pipeline = make_pipeline(made, LogisticRegression()).fit(frame[["city"]], frame["y"])
        result = ti.coefficients(ti.wrap(pipeline), cases.mixed_table(frame[["city", "y", "w"]].assign(grade="low")))
        assert {t.term.reference for t in result.terms} == {reference}
        assert len(result.terms) == 3


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize("drop", [None, "first"])
def test_a_level_that_only_held_out_rows_have_is_never_the_reference(drop):
    """It is encoded as all zeros, like a dropped level; but no training row has it, so nothing can be measured from it."""
    frame = cases.mixed_frame(300, 3)[["city", "income", "y"]].dropna().reset_index(drop=True)
    frame["part"] = np.where(np.arange(len(frame)) % 4 == 0, "test", "train")
    train = frame["part"] == "train"
    made = ColumnTransformer(
        [
            ("city", OneHotEncoder(drop=drop, handle_unknown="ignore", sparse_output=False), ["city"]),
            ("income", StandardScaler(), ["income"]),
        ]
    )
    pipeline = make_pipeline(made, LogisticRegression()).fit(
        frame.loc[train, ["city", "income"]], frame.loc[train, "y"]
    )
    frame.loc[0, "city"] = "zurich"
    result = ti.coefficients(ti.wrap(pipeline), ti.read_table(frame, target="y", split="part"))
    found = result.frame().set_index("level")
    assert all("bern" in reference for reference in found["reference"].dropna())
    x = pd.DataFrame({lv: (frame["city"] == lv).astype(float) for lv in ("oslo", "rome")}).assign(
        i=frame["income"] / 1e4
    )
    theirs = sm.Logit((frame["y"] == "yes").astype(int)[train], sm.add_constant(x)[train]).fit(disp=0)
    for level in ("oslo", "rome"):
        assert found.loc[level, "estimate"] == pytest.approx(theirs.params[level], rel=1e-5)
    if drop is None:
        assert found.loc["zurich", "reason"] == "constant"


def test_rare_levels_are_one_term_with_their_names():
    frame = cases.mixed_frame(300, 3)
    frame["city"] = np.where(
        np.arange(300) % 25 == 0, "kiel", np.where(np.arange(300) % 26 == 0, "lyon", frame["city"].fillna("rome"))
    )
    made = ColumnTransformer([("city", OneHotEncoder(min_frequency=30, sparse_output=False), ["city"])])
    pipeline = make_pipeline(made, LogisticRegression()).fit(frame[["city"]], frame["y"])
    result = ti.coefficients(ti.wrap(pipeline), ti.read_table(frame[["city", "y"]], target="y"))
    labels = [t.term.level for t in result.terms]
    assert sum("kiel" in label and "lyon" in label for label in labels) == 1
    rare = next(t for t in result.terms if "kiel" in t.term.level)
    np.testing.assert_array_equal(rare.values, frame["city"].isin(["kiel", "lyon"]).to_numpy(float))


def test_of_levels_encoded_alike_those_of_few_rows_are_counted_not_named():
    frame = cases.mixed_frame(300, 3)
    row = np.arange(300)
    frame["city"] = np.where(
        row < 12, "kiel", np.where(row < 21, "lyon", np.where(row < 24, "nice", frame["city"].fillna("rome")))
    )
    made = ColumnTransformer([("city", OneHotEncoder(min_frequency=30, sparse_output=False), ["city"])])
    pipeline = make_pipeline(made, LogisticRegression()).fit(frame[["city"]], frame["y"])
    result = ti.coefficients(ti.wrap(pipeline), ti.read_table(frame[["city", "y"]], target="y"))
    assert "kiel, (2 more)" in [t.term.level for t in result.terms]


def test_scaled_dummies_are_still_levels():
    """The rows of a level are equal, but a product of them need not be to the last digit."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"c": rng.choice(list("abcdefghijk"), 1003), "y": rng.integers(0, 2, 1003)})
    made = ColumnTransformer([("c", make_pipeline(OneHotEncoder(sparse_output=False), StandardScaler()), ["c"])])
    pipeline = make_pipeline(made, LogisticRegression()).fit(frame[["c"]], frame["y"])
    result = ti.coefficients(ti.wrap(pipeline), ti.read_table(frame, target="y"))
    assert len(result.terms) == 10
    assert all(isinstance(t, Contrast) for t in result.terms)


BINS = KBinsDiscretizer(4, encode="onehot-dense", quantile_method="averaged_inverted_cdf")


def kinds_of_encoders():
    return {
        "mixed": (cases.encoder(), cases.INPUTS),
        "dropped": (cases.encoder(drop="first"), cases.INPUTS),
        "rare": (cases.encoder(reduce=0.3), cases.INPUTS),
        "bins": (ColumnTransformer([("b", BINS, ["income"])]), ["income"]),
        "spline": (ColumnTransformer([("s", SplineTransformer(4), ["income"])]), ["income"]),
        "scaled dummies": (
            ColumnTransformer([("c", make_pipeline(OneHotEncoder(sparse_output=False), StandardScaler()), ["city"])]), ["city"],
        ),
    }  # fmt: skip


@pytest.mark.parametrize("name", kinds_of_encoders())
def test_terms_and_an_intercept_span_the_encoding(name):
    encoder, columns = kinds_of_encoders()[name]
    frame = cases.mixed_frame(150, 3)
    pipeline = make_pipeline(encoder, LogisticRegression(max_iter=2000)).fit(frame[columns], frame["y"])
    bound = bind(ti.wrap(pipeline), cases.mixed_table(frame[[*dict.fromkeys([*columns, "grade"]), "y", "w"]]))
    ones = np.ones((150, 1))
    encoded = np.hstack([ones, pipeline[0].transform(frame[columns])])
    terms = np.hstack([ones, design(find_terms(bound)).matrix])
    terms = terms / np.abs(terms).max(axis=0)
    rank = np.linalg.matrix_rank(encoded)
    assert rank == np.linalg.matrix_rank(terms) == np.linalg.matrix_rank(np.hstack([encoded, terms]))


def test_kinds_of_terms():
    _, _table, _pipeline, result = fitted()
    kinds = {(t.term.column, t.term.level): type(t) for t in result.terms}
    assert kinds["age", None] is Slope
    assert kinds["age", "(missing)"] is Contrast
    assert kinds["grade", None] is Basis
    grade = next(t for t in result.terms if t.term.column == "grade")
    assert grade.term.unit == "encoded value"
    member = next(t for t in result.terms if t.term.column == "member")
    assert (member.term.level, member.term.reference) == ("True", "False")


def test_aliased_and_separated_terms_say_why_and_have_no_interval():
    frame = cases.mixed_frame(300, 3)[["income", "city", "y"]]
    frame["twice"] = 2 * frame["income"] + 1
    frame["city"] = np.where(np.arange(300) < 6, "kiel", frame["city"].fillna("bern"))
    frame.loc[:5, "y"] = "yes"
    inputs = ["income", "city", "twice"]
    made = ColumnTransformer(
        [("n", StandardScaler(), ["income", "twice"]), ("c", OneHotEncoder(sparse_output=False), ["city"])]
    )
    pipeline = make_pipeline(made, LogisticRegression()).fit(frame[inputs], frame["y"])
    found = ti.coefficients(ti.wrap(pipeline), ti.read_table(frame, target="y")).frame()
    reason = found["reason"].astype(object).where(found["reason"].notna(), None)
    reasons = dict(zip(found["level"].fillna(found["column"]), reason, strict=True))
    assert reasons == {"income": None, "kiel": "separated", "oslo": None, "rome": None, "twice": "aliased"}
    without = found[found["reason"].notna()]
    assert without[["estimate", "stderr", "ci_low", "ci_high", "z", "p"]].isna().all(axis=None)
    assert without["model"].notna().all()  # the penalised fit has numbers


def test_a_linear_model_has_its_own_coefficients_through_principal_components_and_no_inference_of_them():
    frame = cases.mixed_frame(100, 3)
    columns = ["income", "w", "member"]
    made = ColumnTransformer([("p", PCA(2), columns[:2]), ("m", OneHotEncoder(drop="if_binary"), columns[2:])])
    pipeline = make_pipeline(made, LogisticRegression()).fit(frame[columns], frame["y"])
    result = ti.coefficients(ti.wrap(pipeline), ti.read_table(frame[[*columns, "y"]], target="y"))
    shown = result.frame().set_index("column")
    assert shown.index.tolist() == columns
    own = pipeline[-1].coef_[0, :2] @ pipeline[0].named_transformers_["p"].components_
    np.testing.assert_allclose(shown["model"].iloc[:2], own, rtol=1e-9)
    assert shown["reason"].tolist()[:2] == ["mixed", "mixed"]
    assert shown["estimate"].isna().tolist() == [True, True, False]
    assert result.left_out == ("income", "w")
    assert result.differences == ()
    sides = sm.add_constant(made.transform(frame[columns]))  # the fit holds the components constant
    fitted = sm.Logit(np.unique(frame["y"], return_inverse=True)[1], np.asarray(sides)).fit(disp=0)
    np.testing.assert_allclose(abs(float(shown["estimate"].iloc[2])), abs(fitted.params[-1]), rtol=1e-5)
    np.testing.assert_allclose(float(shown["stderr"].iloc[2]), fitted.bse[-1], rtol=1e-5)
    assert [t.column for t in result.inference.tests] == ["member"]


# ---- networks


def test_average_derivatives_of_a_product_are_the_means_of_the_other_column():
    table = cases.numbers(50, weighted=True)
    x, w = table.inputs.to_numpy(), table.weights
    result = ti.coefficients(cases.wrapped(cases.product_network()), table)
    other = x[:, [1, 0]]
    mean = np.average(other, axis=0, weights=w)
    np.testing.assert_allclose(result.estimates.value[:, 0], [*mean, 0.0], atol=1e-9)
    error = np.sqrt((w[:, None] ** 2 * (other - mean) ** 2).sum(axis=0) * 50 / 49) / w.sum()
    np.testing.assert_allclose(result.estimates.stderr[:2, 0], error, atol=1e-9)
    flips = np.average(np.sign(other) == -np.sign(mean), axis=0, weights=w)
    np.testing.assert_allclose(result.sign_flip[:, 0], [*flips, 0.0], atol=1e-12)  # no direction, no flip


def test_contrasts_of_a_network_are_its_own_predictions_at_the_levels():
    frame = cases.mixed_frame(100, 3)
    pipeline = cases.network_pipeline(frame)
    result = ti.coefficients(ti.wrap(pipeline), cases.mixed_table(frame)).frame().set_index(["column", "level"])
    score = cases.scorer(pipeline)

    def at(column, value):
        moved = frame[cases.INPUTS].copy()
        moved[column] = pd.Series([value] * len(frame), dtype=frame[column].dtype)
        return score(moved)[:, 0]

    city = at("city", "oslo") - at("city", "bern")
    assert result.loc[("city", "oslo"), "estimate"] == pytest.approx(city.mean(), abs=1e-5)
    assert result.loc[("city", "oslo"), "stderr"] == pytest.approx(city.std(ddof=1) / 10, abs=1e-5)
    assert result.loc[("city", "oslo"), "sign_flip"] == pytest.approx((np.sign(city) == -np.sign(city.mean())).mean())
    member = at("member", True) - at("member", False)
    assert result.loc[("member", "True"), "estimate"] == pytest.approx(member.mean(), abs=1e-5)
    step = frame[cases.INPUTS].assign(income=frame["income"] + 0.5)
    slope = score(step)[:, 0] - score(step.assign(income=step["income"] - 1.0))[:, 0]
    income = result.loc["income"].loc[np.nan]
    assert income["estimate"] == pytest.approx(slope.mean(), rel=1e-3)
    assert np.isnan(result.loc["grade"].loc[np.nan, "estimate"])  # a code has no derivative of its own


@pytest.mark.parametrize("weighted", [False, True])
def test_the_surrogate_is_least_squares_with_hc1(weighted):
    frame = cases.mixed_frame(200, 3)
    pipeline = cases.network_pipeline(frame)
    result = ti.coefficients(ti.wrap(pipeline), cases.mixed_table(frame, weighted=weighted))
    x = sm.add_constant(dummies(frame))
    weights = frame["w"] if weighted else np.ones(200)
    theirs = sm.WLS(cases.scorer(pipeline)(frame[cases.INPUTS])[:, 0], x, weights=weights).fit(cov_type="HC1")
    fits = {(e.term.column, e.term.level): e for e in result.surrogate.fits[0].estimates}
    for term, name in zip(TERMS, x.columns[1:], strict=True):
        assert fits[term].estimate == pytest.approx(theirs.params[name], rel=1e-4, abs=1e-9)
        assert fits[term].stderr == pytest.approx(theirs.bse[name], rel=1e-3)
    assert result.surrogate.r2.value[0] == pytest.approx(theirs.rsquared, abs=1e-6)
    assert result.surrogate.r2.low[0] < theirs.rsquared < result.surrogate.r2.high[0]
    np.testing.assert_allclose(
        result.frame()["surrogate"].astype(float), [fits[t.term.column, t.term.level].estimate for t in result.terms]
    )


def test_only_linear_models_have_wald_tests():
    _frame, _, _, result = fitted()
    assert result.tests()["column"].tolist() == cases.INPUTS
    assert result.tests()["df"].tolist() == [2, 1, 3, 1, 1]
    network = ti.coefficients(cases.wrapped(cases.product_network()), cases.numbers(30))
    with pytest.raises(NotApplicableError, match="Wald tests are available only"):
        network.tests()


def test_a_column_missing_in_the_first_thousand_rows_still_has_the_models_coefficient():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=1300), "b": rng.normal(size=1300)})
    frame["y"] = frame["a"] - frame["b"] + rng.normal(size=1300)
    frame.loc[:1099, "a"] = np.nan
    pipeline = make_pipeline(cases.imputer(), LinearRegression()).fit(frame[["a", "b"]], frame["y"])
    result = ti.coefficients(ti.wrap(pipeline), ti.read_table(frame, target="y", task="regression"))
    np.testing.assert_allclose(result.frame()["model"][[0, 2]], pipeline[-1].coef_[:2], rtol=1e-6)


def test_network_derivatives_are_of_the_held_out_rows():
    table = cases.numbers(40)
    held_out = np.arange(40) < 10
    frame = table.frame.assign(part=np.where(held_out, "test", "train"))
    split = ti.read_table(frame, target="y", task="regression", split="part")
    result = ti.coefficients(cases.wrapped(cases.product_network()), split)
    assert result.rows == 10
    assert result.estimates.value[0, 0] == pytest.approx(frame["x2"][:10].mean(), abs=1e-9)


def test_columns_that_others_nearly_determine_are_named_on_the_page(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["one", "other", "alone"])
    frame["other"] = frame["one"] + 0.1 * frame["other"]
    frame["y"] = frame.sum(axis=1) + rng.normal(size=400)
    table = ti.read_table(frame, target="y", split=0.5)
    model = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(4,), max_iter=50, random_state=0))
    train = table.training_rows().frame
    audit = ti.audit(ti.wrap(model.fit(train.drop(columns="y"), train["y"])), table, analyses=["coefficients"])
    X = sm.add_constant(train[["one", "other", "alone"]]).to_numpy()
    one, other, alone = (variance_inflation_factor(X, i) for i in (1, 2, 3))
    assert alone < 10 < min(one, other)
    found = {row.column: row.vif for row in audit.document.coefficients.tests}
    assert found == pytest.approx({"one": one, "other": other, "alone": alone}, rel=1e-6)
    audit.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    worst = sorted([("one", one), ("other", other)], key=lambda named: -named[1])
    named = "; ".join(f"{name} ({value:.3g})" for name, value in worst)
    assert f"Columns with a variance inflation factor above 10: 2 (highest: {named})." in page
