"""statsmodels results: their own predictions, their own estimates and their own intervals."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula
import statsmodels.formula.api as smf
import torch
from sklearn.base import clone

import tabinterp as ti
from tabinterp.errors import ModelError
from tabinterp.models import bind, probabilities
from tests.shared import every_nth

from .cases import COLUMNS, ENCODERS, dense
from .test_composed import check_same_readings


def source(rows=250):
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"a": draw.normal(3, 2, rows), "b": draw.exponential(size=rows) + 0.1, "c": draw.choice(list("uvw"), rows)}
    )
    law = 0.4 * (frame["a"] - 3) - frame["b"] + (frame["c"] == "u") + draw.logistic(size=rows)
    frame["y"] = (law > 0).astype(int)
    frame["text"] = np.where(law > 0, "yes", "no")
    frame["many"] = np.digitize(law, [-1, 1]) + 2
    frame["names"] = frame["many"].map({2: "low", 3: "middle", 4: "top"})
    frame["number"] = 10 + law
    frame["count"] = draw.poisson(np.exp(0.2 * frame["a"] - 0.3))
    frame["w"] = draw.uniform(0.5, 2, rows)
    return frame


TARGETS = ["y", "text", "many", "names", "number", "count", "w"]


def table(target, drop=(), **settings):
    frame = source()
    others = [t for t in TARGETS if t != target]
    if target in ("number", "count"):
        settings["task"] = "regression"
    return ti.read_table(frame.drop(columns=others), target=target, drop=list(drop), **settings)


def x(constant=True):
    return sm.add_constant(source()[["a", "b"]]) if constant else source()[["a", "b"]]


BINOMIAL = sm.families.Binomial
RIGHT = "a + b + C(c)"
FITS = {  # name -> (fit, target, number of the table's columns it reads)
    "logit": (lambda d: sm.Logit(d["y"], x()).fit(disp=0), "y", 2),
    "logit, no constant": (lambda d: sm.Logit(d["y"], x(False)).fit(disp=0), "y", 2),
    "logit, constant last": (lambda d: sm.Logit(d["y"], x(False).assign(one=2.0)).fit(disp=0), "y", 2),
    "logit, sandwich": (lambda d: sm.Logit(d["y"], x()).fit(disp=0, cov_type="HC1"), "y", 2),
    "logit, formula": (lambda d: smf.logit(f"y ~ {RIGHT}", d).fit(disp=0), "y", 3),
    "logit, no intercept": (lambda d: smf.logit(f"y ~ 0 + {RIGHT}", d).fit(disp=0), "y", 3),
    "binomial": (lambda d: sm.GLM(d["y"], x(), family=BINOMIAL()).fit(), "y", 2),
    "binomial, formula": (lambda d: smf.glm(f"y ~ {RIGHT}", d, family=BINOMIAL()).fit(), "y", 3),
    "binomial, text": (lambda d: smf.glm(f"text ~ {RIGHT}", d, family=BINOMIAL()).fit(), "text", 3),
    "binomial, weights": (
        lambda d: smf.glm(f"y ~ {RIGHT}", d, family=BINOMIAL(), freq_weights=d["w"]).fit(cov_type="HC0"),
        "y",
        3,
    ),
    "multinomial": (lambda d: sm.MNLogit(d["many"], x()).fit(disp=0), "many", 2),
    "multinomial, names": (lambda d: sm.MNLogit(d["names"], x()).fit(disp=0), "names", 2),
    "multinomial, formula": (lambda d: smf.mnlogit(f"many ~ {RIGHT}", d).fit(disp=0), "many", 3),
    "least squares": (lambda d: sm.OLS(d["number"], x()).fit(), "number", 2),
    "least squares, HC3": (lambda d: sm.OLS(d["number"], x()).fit(cov_type="HC3"), "number", 2),
    "least squares, formula": (lambda d: smf.ols(f"number ~ {RIGHT}", d).fit(), "number", 3),
    "weighted": (lambda d: smf.wls(f"number ~ {RIGHT}", d, weights=d["w"]).fit(), "number", 3),
    "gaussian": (lambda d: sm.GLM(d["number"], x()).fit(), "number", 2),
    "functions": (lambda d: smf.ols("number ~ np.log(b) + center(a) + I(a ** 2)", d).fit(), "number", 2),
}
MEANS = {
    "poisson": (lambda d: smf.glm(f"count ~ {RIGHT}", d, family=sm.families.Poisson()).fit(), "count", 3),
    "discrete poisson": (lambda d: sm.Poisson(d["count"], x()).fit(disp=0), "count", 2),
    "gamma": (
        lambda d: sm.GLM(d["count"] + 1.0, x(), family=sm.families.Gamma(sm.families.links.Log())).fit(),
        "count",
        2,
    ),
}


@pytest.mark.parametrize("name", every_nth(2, FITS | MEANS))
def test_results_give_their_own_predictions(name):
    fit, target, columns = (FITS | MEANS)[name]
    result = fit(source())
    model = ti.wrap(result)
    assert model.library.startswith("statsmodels ")
    bound = bind(model, table(target))
    assert sum(len(block) > 0 for block in bound.encoding.blocks.values()) == columns
    assert bound.is_linear == (name in FITS)
    own = np.asarray(result.predict(source()) if hasattr(result.model, "formula") else result.predict())
    if bound.table.schema.task == "regression":
        np.testing.assert_allclose(bound.scores[:, 0], own, rtol=1e-9)
    elif bound.table.schema.task == "binary":
        positive = 1 if target == "y" else 0  # of text, statsmodels models the first
        np.testing.assert_allclose(probabilities(bound.scores)[:, positive], own, atol=1e-9)
    else:
        np.testing.assert_allclose(probabilities(bound.scores), own, atol=1e-9)


SLOPES = {"a": "a", "b": "b", "u": "", "v": "C(c)[T.v]", "w": "C(c)[T.w]"}


@pytest.mark.parametrize(
    ("split", "name"),
    every_nth(
        3, product([None, 0.3], [n for n, (_, t, _) in FITS.items() if t in ("y", "number") and n != "functions"])
    ),
)
def test_intervals_are_the_result_s_own(name, split):
    fit, target, _ = FITS[name]
    result = fit(source())
    given = table(target, split=split)
    found = ti.coefficients(ti.wrap(result), given)
    rows = found.frame()
    interval = pd.DataFrame(np.asarray(result.conf_int()), index=result.model.exog_names)
    own = pd.DataFrame(
        {"estimate": result.params, "stderr": result.bse, "p": result.pvalues, "z": result.tvalues}
        | {"ci_low": interval[0], "ci_high": interval[1]}
    )
    for _, row in rows.iterrows():
        name_there = SLOPES[row["column"] if pd.isna(row["level"]) else row["level"]]
        if row["reference"] in ("v", "w") or name_there not in own.index:
            continue  # another reference: the test of contrasts below
        np.testing.assert_allclose(row[own.columns].astype(float), own.loc[name_there], rtol=1e-6)
    assert found.rows == len(source())
    assert found.inference.covariance == "own"
    assert found.inference.own == result.cov_type
    assert found.inference.converged
    intercept = next((n for n in ("const", "Intercept") if n in own.index), None)
    if intercept and "c" not in rows["column"].to_numpy():
        assert found.inference.intercepts[0].stderr == pytest.approx(own.loc[intercept, "stderr"])


@pytest.mark.parametrize("name", ["logit, formula", "logit, no intercept", "binomial, text"])
def test_contrasts_are_those_of_the_result(name):
    fit, target, _ = FITS[name]
    result = fit(source())
    rows = ti.coefficients(ti.wrap(result), table(target)).frame()
    sign = -1 if target == "text" else 1
    for _, row in rows[rows["column"] == "c"].iterrows():
        terms = [f"C(c)[{'T.' * ('no intercept' not in name)}{v}]" for v in (row["level"], row["reference"])]
        vector = [(n == terms[0]) - float(n == terms[1]) for n in result.model.exog_names]
        test = result.t_test(np.array(vector))
        assert row["estimate"] == pytest.approx(sign * float(np.squeeze(test.effect)))
        assert row["stderr"] == pytest.approx(float(np.squeeze(test.sd)))
        assert row["odds_ratio"] == pytest.approx(np.exp(row["estimate"]))


@pytest.mark.parametrize("name", ["multinomial", "multinomial, names"])
def test_multinomial_coefficients_are_centred_with_their_own_errors(name):
    fit, target, _ = FITS[name]
    result = fit(source())
    found = ti.coefficients(ti.wrap(result), table(target)).inference
    covariance, values = np.asarray(result.cov_params()), np.asarray(result.params)  # (3 * 2), (3, 2)
    for output in range(3):
        for j, place in enumerate((1, 2)):
            weights = np.full(2, -1 / 3)
            if output:
                weights[output - 1] += 1
            at = [place, 3 + place]
            estimate = found.estimates[2 * output + j]
            assert estimate.estimate == pytest.approx(weights @ values[place])
            assert estimate.stderr == pytest.approx(np.sqrt(weights @ covariance[np.ix_(at, at)] @ weights))


def test_joint_tests_are_the_result_s_own():
    result = FITS["logit, formula"][0](source())
    tests = ti.coefficients(ti.wrap(result), table("y")).tests().set_index("column")
    own = result.wald_test_terms(scalar=True).table
    for column, term in (("a", "a"), ("b", "b"), ("c", "C(c)")):
        assert tests.loc[column, "statistic"] == pytest.approx(own.loc[term, "statistic"], rel=1e-6)
        assert tests.loc[column, "p"] == pytest.approx(own.loc[term, "pvalue"], rel=1e-5)


def test_columns_that_a_formula_mixes_have_derivatives_and_no_inference():
    frame = source()
    result = smf.logit("y ~ a * b + C(c)", frame).fit(disp=0)
    found = ti.coefficients(ti.wrap(result), table("y"))
    assert found.left_out == found.differences == ("a", "b")
    shown = found.frame().set_index("column")
    for column, other in (("a", "b"), ("b", "a")):
        mean = result.params[column] + result.params["a:b"] * frame[other].mean()
        assert shown.loc[column, "model"] == pytest.approx(mean, rel=1e-6)
        assert shown.loc[column, "reason"] == "mixed"
        assert np.isnan(float(shown.loc[column, "estimate"]))
    assert shown.loc[["c"], "estimate"].notna().all()
    assert {t.column for t in found.inference.tests} == {"c"}
    assert found.inference.intercepts[0].estimate is None


def test_a_penalised_fit_brings_no_inference():
    result = smf.logit("y ~ a + b", source()).fit_regularized(disp=0, alpha=2.0)
    model = ti.wrap(result)
    assert (model.penalised, model.own) == (True, None)
    found = ti.coefficients(model, table("y", drop=["c"]))
    assert found.inference.covariance == "model"
    least = ti.wrap(smf.ols("number ~ a + b", source()).fit_regularized(alpha=0.1))
    assert least.penalised
    bind(least, table("number"))


def test_arrays_read_the_columns_in_order():
    frame = source()
    for constant in (True, False):
        result = sm.Logit(frame["y"].to_numpy(), x(constant).to_numpy()).fit(disp=0)
        bound = bind(ti.wrap(result), table("y", drop=["c"]))
        np.testing.assert_allclose(probabilities(bound.scores)[:, 1], result.predict(), atol=1e-9)


def test_an_encoder_of_scikit_learn():
    from .cases import frame as rows  # noqa: PLC0415
    from .cases import table as given  # noqa: PLC0415

    encoder = clone(ENCODERS["minmax, drop first"]).fit(rows()[COLUMNS])
    exog = sm.add_constant(dense(encoder.transform(rows()[COLUMNS])))
    result = sm.Logit((rows()["binary"] == "yes").astype(int), exog).fit(disp=0)
    bound = bind(ti.wrap(result, encoder=encoder, classes=["no", "yes"]), given())
    np.testing.assert_allclose(probabilities(bound.scores)[:, 1], result.predict(), atol=1e-9)
    found = ti.coefficients(bound, given()).frame().set_index("column")
    spread = encoder.named_transformers_["numbers"][-1].data_range_
    assert found.loc["age", "stderr"] == pytest.approx(np.asarray(result.bse)[1] / spread[0])


@pytest.mark.parametrize("name", ["logit, formula", "multinomial", "least squares", "poisson"])
def test_readings_are_those_of_the_same_network_in_torch(name):
    fit, target, _ = (FITS | MEANS)[name]
    model = ti.wrap(fit(source()))
    given = table(target, drop=["c"] if model.encoder is None else [])
    weight, bias = model.module[0].weight.detach().clone(), model.module[0].bias.detach().clone()

    class Same(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.bias = torch.nn.Parameter(weight), torch.nn.Parameter(bias)

        def forward(self, rows):
            z = rows @ self.weight.T + self.bias
            return torch.exp(z) if name == "poisson" else z

    task = {"task": "regression"} if target in ("number", "count") else {"classes": model.classes}
    check_same_readings(
        bind(model, given), bind(ti.wrap(Same(), encoder=model.encoder or "passthrough", **task), given)
    )


def test_the_report_takes_the_result_as_counterpart():
    given = table("y", split=0.3)
    linear = ti.wrap(FITS["logit, formula"][0](source()))
    document = ti.audit(linear, given, counterpart=linear, rows=100, analyses=["coefficients"]).document
    keys = [note.key for note in document.coefficients.notes]
    assert "coefficients.note.own" in keys
    assert document.coefficients.method.key == "coefficients.method.own.classes"
    assert document.coefficients.rows_inference == len(source())


REFUSED = {
    "not fitted": (lambda d: sm.Logit(d["y"], x()), "Logit is not fitted. Pass the result of its fit method"),
    "probit": (
        lambda d: sm.Probit(d["y"], x()).fit(disp=0),
        r"Probit is not supported.*Logit, MNLogit.*result\.predict",
    ),
    "probit link": (
        lambda d: sm.GLM(d["y"], x(), family=BINOMIAL(sm.families.links.Probit())).fit(),
        "GLM Binomial Probit is not supported",
    ),
    "offset": (
        lambda d: sm.GLM(d["count"], x(), family=sm.families.Poisson(), offset=d["w"]).fit(),
        "offset or exposure",
    ),
    "exposure": (lambda d: sm.Poisson(d["count"], x(), exposure=d["w"]).fit(disp=0), "offset or exposure"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused(name):
    make, words = REFUSED[name]
    with pytest.raises(ModelError, match=words):
        ti.wrap(make(source()))


def test_a_formula_with_an_encoder_is_refused():
    with pytest.raises(ModelError, match="cannot be used with a statsmodels model that has a formula"):
        ti.wrap(FITS["logit, formula"][0](source()), encoder=clone(ENCODERS["standard"]))


def test_missing_values_and_unseen_levels_are_told():
    result = FITS["logit, formula"][0](source())
    frame = source()[["a", "b", "c", "y"]]
    missing = frame.assign(a=frame["a"].where(frame.index > 3))
    with pytest.raises(ModelError, match="missing values, but the encoded rows contain"):
        bind(ti.wrap(result), ti.read_table(missing, target="y"))
    with pytest.raises(ModelError, match="raised an error for the rows of this table"):
        bind(ti.wrap(result), ti.read_table(frame.assign(c="z"), target="y"))


def test_a_result_of_other_columns_is_refused():
    result = sm.Logit(source()["y"], x().rename(columns={"a": "z"})).fit(disp=0)
    with pytest.raises(ModelError, match=r"'z' \(not in the table\)"):
        bind(ti.wrap(result), table("y"))


def test_formulas_of_the_other_engine():
    pytest.importorskip("formulaic")
    options = getattr(statsmodels.formula, "options", None)
    if options is None:
        pytest.skip("statsmodels before 0.15 has one engine for formulas")
    before = options.formula_engine
    options.formula_engine = "formulaic"
    try:
        result = smf.logit("y ~ a + np.log(b) + C(c)", source()).fit(disp=0)
    finally:
        options.formula_engine = before
    bound = bind(ti.wrap(result), table("y"))
    assert all(bound.encoding.local.values())
    np.testing.assert_allclose(probabilities(bound.scores)[:, 1], result.predict(), atol=1e-9)
