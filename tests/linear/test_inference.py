"""Inference of the linear counterpart against statsmodels on raw columns, closed forms, and slow re-derivations."""

from __future__ import annotations

import warnings
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import linprog

from tabinterp.errors import NotApplicableError
from tabinterp.linear import multinomial as logistic
from tabinterp.linear.design import _independent
from tabinterp.linear.inference import Design, Term, infer, linear_surrogate, wald

DATASETS = Path(__file__).parents[2] / "datasets"


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def design_of(frame: pd.DataFrame) -> Design:
    """Numbers per unit; levels against the most frequent one."""
    columns, terms = [], []
    for name in frame:
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values):
            columns.append(values.to_numpy(float))
            terms.append(Term(str(name)))
            continue
        reference = values.value_counts().index[0]
        for level in sorted(set(values) - {reference}):
            columns.append((values == level).to_numpy(float))
            terms.append(Term(str(name), str(level), str(reference), dummy=True))
    return Design(np.column_stack(columns), tuple(terms))


def numeric(matrix) -> Design:
    matrix = np.asarray(matrix, dtype=float)
    return Design(matrix, tuple(Term(f"x{j}") for j in range(matrix.shape[1])))


def moderate(n=400, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(3, 2, n), "b": rng.exponential(size=n), "c": rng.choice(list("uvw"), n)})
    frame["d"] = 0.7 * frame["a"] + rng.normal(size=n)
    return frame


def outcome(frame, classes=2, seed=1):
    rng = np.random.default_rng(seed)
    base = np.column_stack([frame["a"] - 3, frame["b"], frame["c"] == "u"])
    logits = base @ rng.normal(size=(3, classes)) * 0.7
    return np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)


def numbers(result, what):
    """(outputs, 1 + terms): intercept first."""
    values = [[getattr(e, what) for e in result.intercepts if e.output == output] for output in range(result.outputs)]
    for e in result.estimates:
        values[e.output].append(getattr(e, what))
    return np.array(values, dtype=float)


def reasons(result, output=0):
    return {(e.term.column, e.term.level): e.reason for e in result.estimates if e.output == output and e.reason}


def assert_agrees(result, params, bse, pvalues, interval):
    rtol = 1e-6
    np.testing.assert_allclose(numbers(result, "estimate"), params, rtol=rtol, atol=1e-9)
    np.testing.assert_allclose(numbers(result, "stderr"), bse, rtol=rtol)
    np.testing.assert_allclose(numbers(result, "z"), params / bse, rtol=10 * rtol, atol=1e-8)
    np.testing.assert_allclose(numbers(result, "p"), pvalues, rtol=1e-4, atol=1e-12)
    np.testing.assert_allclose(numbers(result, "ci_low"), interval[..., 0], rtol=10 * rtol, atol=1e-8)
    np.testing.assert_allclose(numbers(result, "ci_high"), interval[..., 1], rtol=10 * rtol, atol=1e-8)


def assert_agrees_with_statsmodels(result, fitted):
    assert_agrees(result, fitted.params[None], fitted.bse[None], fitted.pvalues[None], fitted.conf_int()[None])


# Agreement with statsmodels on unscaled columns


@pytest.mark.parametrize("covariance", ["model", "robust"])
def test_binary_is_statsmodels_logit(covariance):
    frame = moderate()
    design, y = design_of(frame), outcome(frame)
    kind = {"model": "nonrobust", "robust": "HC0"}[covariance]
    fitted = sm.Logit(y, sm.add_constant(design.matrix)).fit(disp=0, tol=1e-12, cov_type=kind)
    result = infer(design, y, task="binary", n_classes=2, covariance=covariance)
    assert_agrees_with_statsmodels(result, fitted)
    assert (result.covariance, result.converged, result.rows, result.rows_separated) == (covariance, True, 400, 0)
    np.testing.assert_allclose(result.covariance_matrix, fitted.cov_params()[1:, 1:], rtol=1e-5, atol=1e-10)
    first = result.estimates[0]
    np.testing.assert_allclose(first.ratio, np.exp([first.estimate, first.ci_low, first.ci_high]))


@pytest.mark.parametrize("covariance", ["model", "robust"])
def test_regression_is_statsmodels_ols(covariance):
    frame = moderate()
    design = design_of(frame)
    y = frame["a"] * 2 + frame["b"] ** 2 + np.random.default_rng(5).normal(size=len(frame)) * frame["b"] + 1e5
    kind = {"model": "nonrobust", "robust": "HC1"}[covariance]
    fitted = sm.OLS(y.to_numpy(), sm.add_constant(design.matrix)).fit(cov_type=kind, use_t=True)
    result = infer(design, y.to_numpy(), task="regression", n_classes=0, covariance=covariance)
    assert_agrees_with_statsmodels(result, fitted)
    assert result.r2 == pytest.approx(fitted.rsquared, rel=1e-9)
    assert result.df_residual == fitted.df_resid
    assert result.estimates[0].ratio is None


def centred(fitted, k):
    """Delta method by hand: from contrasts with class 0 to b_c - mean b, per coefficient."""
    free = np.vstack([np.zeros((1, k - 1)), np.eye(k - 1)])
    turn = free - free.mean(axis=0)
    params = turn @ fitted.params.T  # (k, p + 1)
    p1 = fitted.params.shape[0]
    cov = np.asarray(fitted.cov_params()).reshape(k - 1, p1, k - 1, p1)
    bse = np.array([[np.sqrt(turn[c] @ cov[:, j, :, j] @ turn[c]) for j in range(p1)] for c in range(k)])
    return params, bse


@pytest.mark.parametrize("k", [3, 5])
def test_multiclass_is_statsmodels_mnlogit_centred(k):
    frame = moderate(600)
    design, y = design_of(frame), outcome(frame, k)
    fitted = sm.MNLogit(y, sm.add_constant(design.matrix)).fit(disp=0, tol=1e-12, maxiter=100)
    params, bse = centred(fitted, k)
    result = infer(design, y, task="multiclass", n_classes=k)
    interval = np.stack([params - stats.norm.ppf(0.975) * bse, params + stats.norm.ppf(0.975) * bse], axis=-1)
    assert_agrees(result, params, bse, 2 * stats.norm.sf(np.abs(params / bse)), interval)
    np.testing.assert_allclose(numbers(result, "estimate").sum(axis=0), 0, atol=1e-9)


def test_multiclass_of_two_classes_is_half_the_log_odds():
    frame = moderate()
    design, y = design_of(frame), outcome(frame)
    one = infer(design, y, task="binary", n_classes=2)
    two = infer(design, y, task="multiclass", n_classes=2)
    np.testing.assert_allclose(numbers(two, "estimate"), np.outer([-0.5, 0.5], numbers(one, "estimate")[0]), atol=1e-9)
    np.testing.assert_allclose(numbers(two, "stderr")[1], numbers(one, "stderr")[0] / 2, rtol=1e-8)


# Closed forms and slow re-derivations


def test_two_by_two_table():
    table = np.array([[30, 12], [18, 25]])  # rows x = 0, 1; columns y = 0, 1
    x = np.repeat([0, 0, 1, 1], table.ravel())
    y = np.repeat([0, 1, 0, 1], table.ravel())
    result = infer(Design(x[:, None].astype(float), (Term("x", "1", "0", dummy=True),)), y, task="binary", n_classes=2)
    estimate = result.estimates[0]
    assert estimate.estimate == pytest.approx(np.log(30 * 25 / (12 * 18)), rel=1e-9)
    assert estimate.stderr == pytest.approx(np.sqrt((1 / table).sum()), rel=1e-9)
    assert estimate.ratio[0] == pytest.approx(30 * 25 / (12 * 18), rel=1e-9)
    assert result.intercepts[0].estimate == pytest.approx(np.log(12 / 30), rel=1e-9)


def test_fisher_information_and_sandwich_row_by_row():
    frame = moderate(150)
    design, k = design_of(frame), 3
    y, weights = outcome(frame, k), np.random.default_rng(2).uniform(0.2, 5, len(frame))
    result = infer(design, y, task="multiclass", n_classes=k, weights=weights)
    assert result.covariance == "robust"
    x = np.column_stack([np.ones(len(y)), design.matrix])
    beta = numbers(result, "estimate")
    information, meat, score = 0, 0, 0
    for row, target, weight in zip(x, y, weights, strict=True):
        p = np.exp(beta @ row) / np.exp(beta @ row).sum()
        own = np.kron(np.eye(k)[target] - p, row)
        score = score + weight * own
        information = information + weight * np.kron(np.diag(p) - np.outer(p, p), np.outer(row, row))
        meat = meat + weight**2 * np.outer(own, own)
    np.testing.assert_allclose(score, 0, atol=1e-6)
    inverse = np.linalg.pinv(information, rcond=1e-12)  # the centred coefficients are the minimum norm solution
    cov = inverse @ meat @ inverse
    np.testing.assert_allclose(numbers(result, "stderr").ravel(), np.sqrt(np.diag(cov)), rtol=1e-6)
    terms = np.flatnonzero(np.arange(len(cov)) % x.shape[1])
    np.testing.assert_allclose(result.covariance_matrix, cov[np.ix_(terms, terms)], rtol=1e-4, atol=1e-8)


def test_gvif_is_the_ratio_of_determinants():
    frame = moderate()
    design, y = design_of(frame), outcome(frame)
    corr = np.corrcoef(design.matrix.T)
    result = infer(design, y, task="binary", n_classes=2)
    for test in result.tests:
        own = np.array([term.column == test.column for term in design.terms])
        det = np.linalg.det
        gvif = det(corr[np.ix_(own, own)]) * det(corr[np.ix_(~own, ~own)]) / det(corr)
        assert test.vif == pytest.approx(gvif ** (1 / own.sum()), rel=1e-9)
    a = design.matrix[:, 0]
    r2 = sm.OLS(a, sm.add_constant(design.matrix[:, 1:])).fit().rsquared
    assert result.tests[0].vif == pytest.approx(1 / (1 - r2), rel=1e-9)
    alone = infer(numeric(design.matrix[:, :1]), y, task="binary", n_classes=2)
    assert alone.tests[0].vif is None


def test_joint_wald_is_statsmodels():
    frame = moderate()
    design, y = design_of(frame), outcome(frame)
    fitted = sm.Logit(y, sm.add_constant(design.matrix)).fit(disp=0, tol=1e-12)
    test = next(t for t in infer(design, y, task="binary", n_classes=2).tests if t.column == "c")
    at = [j + 1 for j, term in enumerate(design.terms) if term.column == "c"]
    other = fitted.wald_test(np.eye(len(fitted.params))[at], scalar=True)
    assert test.statistic == pytest.approx(other.statistic, rel=1e-6)
    assert (test.df, test.left_out) == (2, 0)
    assert test.p == pytest.approx(other.pvalue, rel=1e-5)
    target = frame["b"].to_numpy() ** 2 + y
    ols = sm.OLS(target, sm.add_constant(design.matrix)).fit()
    test = next(t for t in infer(design, target, task="regression", n_classes=0).tests if t.column == "c")
    other = ols.f_test(np.eye(len(ols.params))[at])
    assert test.statistic / test.df == pytest.approx(float(other.fvalue), rel=1e-8)
    assert test.p == pytest.approx(float(other.pvalue), rel=1e-6)


def test_wald_of_all_classes_together_does_not_depend_on_the_coding():
    frame = moderate(600)
    design, y = design_of(frame), outcome(frame, 4)
    fitted = sm.MNLogit(y, sm.add_constant(design.matrix)).fit(disp=0, tol=1e-12, maxiter=100)
    result = infer(design, y, task="multiclass", n_classes=4)
    for test in (t for t in result.tests if t.output is None):
        own = [j + 1 for j, term in enumerate(design.terms) if term.column == test.column]
        at = [block * fitted.params.shape[0] + j for block in range(3) for j in own]
        free = fitted.params.T.ravel()[at]
        statistic = free @ np.linalg.solve(np.asarray(fitted.cov_params())[np.ix_(at, at)], free)
        assert (test.statistic, test.df) == (pytest.approx(statistic, rel=1e-6), 3 * len(own))


def test_wald_by_hand():
    assert wald(np.array([1.0, 2.0]), np.diag([1.0, 4.0]))[:2] == (pytest.approx(2.0), 2)
    assert wald(np.array([2.0]), np.array([[1.0]]), 10)[2] == pytest.approx(2 * stats.t.sf(2, 10))
    assert wald(np.array([1.0]), np.array([[0.0]])) == (None, 1, None)


# Weights


def test_frequency_weights_are_repeated_rows():
    frame = moderate(200)
    design, count = design_of(frame), np.random.default_rng(4).integers(0, 4, 200)
    repeated = Design(np.repeat(design.matrix, count, axis=0), design.terms)
    for task, k, y in [
        ("binary", 2, outcome(frame)),
        ("multiclass", 3, outcome(frame, 3)),
        ("regression", 0, frame["a"].to_numpy() ** 2),
    ]:
        one = infer(design, y, task=task, n_classes=k, weights=count.astype(float), covariance="model")
        two = infer(repeated, np.repeat(y, count), task=task, n_classes=k)
        for what in ("estimate", "stderr", "p"):
            np.testing.assert_allclose(numbers(one, what), numbers(two, what), rtol=1e-7, atol=1e-12)
        assert one.rows == (count > 0).sum()


def test_sampling_weights_are_robust_and_have_no_scale():
    frame = moderate()
    design, y = design_of(frame), outcome(frame)
    weights = np.random.default_rng(3).uniform(0.1, 10, len(y))
    fitted = sm.GLM(y, sm.add_constant(design.matrix), sm.families.Binomial(), var_weights=weights).fit(
        cov_type="HC0", tol=1e-14
    )
    result = infer(design, y, task="binary", n_classes=2, weights=weights)
    assert_agrees_with_statsmodels(result, fitted)
    other = infer(design, y, task="binary", n_classes=2, weights=weights * 1e5)
    np.testing.assert_allclose(numbers(other, "stderr"), numbers(result, "stderr"), rtol=1e-7)


# Scale


@settings(max_examples=15)
@given(power=st.integers(-9, 9), shift=st.sampled_from([0.0, 1e3, -50.0]))
def test_estimates_scale_exactly(power, shift):
    frame = moderate(200)
    design, y = design_of(frame), outcome(frame)
    factor = 10.0**power
    matrix = design.matrix.copy()
    matrix[:, 0] = matrix[:, 0] * factor + shift * factor
    one = infer(design, y, task="binary", n_classes=2)
    two = infer(Design(matrix, design.terms), y, task="binary", n_classes=2)
    for what in ("estimate", "stderr"):
        own, other = numbers(one, what)[0, 1:], numbers(two, what)[0, 1:]
        other[0] *= factor
        np.testing.assert_allclose(other, own, rtol=1e-7)


def test_a_huge_offset_is_no_constant():
    frame = moderate(200)
    x, y = frame["a"].to_numpy(), outcome(frame)
    one = infer(numeric(x[:, None]), y, task="binary", n_classes=2).estimates[0]
    two = infer(numeric(1e9 + x[:, None]), y, task="binary", n_classes=2).estimates[0]
    assert two.estimate == pytest.approx(one.estimate, rel=1e-5)
    twice = infer(numeric(np.column_stack([1e9 + x, x])), y, task="binary", n_classes=2)  # the same but for rounding
    assert reasons(twice)["x1", None].code == "aliased"


# Aliased and constant columns


def test_aliased_as_in_r():
    frame = moderate()
    matrix = np.column_stack([frame["a"], frame["b"], 2 * frame["a"] - frame["b"] + 7, np.full(400, 0.1), frame["d"]])
    y = outcome(frame)
    result = infer(numeric(matrix), y, task="binary", n_classes=2)
    why = reasons(result)
    assert {key[0]: r.code for key, r in why.items()} == {"x2": "aliased", "x3": "constant"}
    assert why["x2", None].columns == ("x0", "x1")
    without = infer(numeric(matrix[:, [0, 1, 4]]), y, task="binary", n_classes=2)
    kept = [0, 1, 2, 5]
    np.testing.assert_allclose(numbers(result, "estimate")[0, kept], numbers(without, "estimate")[0], rtol=1e-9)
    np.testing.assert_allclose(numbers(result, "stderr")[0, kept], numbers(without, "stderr")[0], rtol=1e-9)
    assert np.isnan(result.covariance_matrix[2]).all()
    assert next(t for t in result.tests if t.column == "x2").df == 0


def test_the_earlier_of_two_codings_wins():
    frame = moderate()
    code = frame["c"].map({"u": 1.0, "v": 2.0, "w": 5.0})
    y = outcome(frame)
    late = infer(design_of(frame[["c"]].assign(code=code)), y, task="binary", n_classes=2)
    assert reasons(late)["code", None].columns == ("c",)
    early = infer(design_of(pd.DataFrame({"code": code, "c": frame["c"]})), y, task="binary", n_classes=2)
    ((key, reason),) = reasons(early).items()
    assert key[0] == "c"
    assert set(reason.columns) == {"code", "c"}


def test_many_columns_are_aliased_as_one_at_a_time():
    """Kept is what raises the rank of those before it; the factor is that of a QR of the kept; sources solve for the rest."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(220, 150))
    for j, sources in {40: (3, 5), 90: (10, 70, 80), 91: (90, 2), 149: (100, 120)}.items():
        x[:, j] = x[:, list(sources)] @ np.arange(1, len(sources) + 1)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    kept, factor, made_of = _independent(x, np.zeros(150))
    ranks = [np.linalg.matrix_rank(x[:, : j + 1], tol=1e-6) for j in range(150)]
    assert kept.tolist() == [j for j in range(150) if ranks[j] > (ranks[j - 1] if j else 0)]
    np.testing.assert_allclose(factor.T @ factor, x[:, kept].T @ x[:, kept] / 220, atol=1e-12)
    told = {j: sources.tolist() for j, sources in made_of.items()}
    assert told == {40: [3, 5], 90: [10, 70, 80], 91: [2, 10, 70, 80], 149: [100, 120]}


def test_nearly_collinear_columns_are_not_aliased():
    frame = moderate()
    rng = np.random.default_rng(9)
    near = np.column_stack([frame["a"], frame["a"] + 1e-5 * rng.normal(size=400)])
    result = infer(numeric(near), frame["b"].to_numpy(), task="regression", n_classes=0)
    assert not reasons(result)
    assert result.tests[0].vif > 1e9
    exact = infer(numeric(near[:, [0, 0]] * [1, 1e6]), frame["b"].to_numpy(), task="regression", n_classes=0)
    assert reasons(exact)["x1", None].code == "aliased"


# Separation


def test_complete_separation():
    x = np.arange(1.0, 9.0)  # Albert and Anderson (1984): a threshold splits the classes
    for y in ((x > 4).astype(int), (x <= 4).astype(int)):
        result = infer(numeric(x[:, None]), y, task="binary", n_classes=2)
        reason = reasons(result)["x0", None]
        assert (reason.code, reason.by, reason.rows, reason.columns) == ("separated", "combination", 8, ("x0",))
        assert result.estimates[0].ci_low is None
        assert result.intercepts[0].reason.code == "separated"
        assert not result.converged


def test_quasi_complete_separation_by_a_continuous_column():
    # both classes at x = 4 alone; z is independent of the direction and has the limit of the rows at 4
    x = np.r_[[1, 2, 3] * 4, [4] * 40, [5, 6, 7] * 4].astype(float)
    rng = np.random.default_rng(0)
    z = rng.normal(size=len(x))
    y = np.where(x < 4, 0, np.where(x > 4, 1, rng.random(len(x)) < 1 / (1 + np.exp(-z)))).astype(int)
    result = infer(numeric(np.column_stack([x, z])), y, task="binary", n_classes=2)
    why = reasons(result)
    assert list(why) == [("x0", None)]
    assert (why["x0", None].by, why["x0", None].rows) == ("combination", 24)
    tied = x == 4
    fitted = sm.Logit(y[tied], sm.add_constant(z[tied])).fit(disp=0, tol=1e-12)
    assert result.estimates[1].estimate == pytest.approx(fitted.params[1], rel=1e-7)
    assert result.estimates[1].stderr == pytest.approx(fitted.bse[1], rel=1e-7)
    assert result.converged
    assert result.rows_separated == 24
    assert result.intercepts[0].reason.code == "separated"


def test_a_level_of_one_class():
    frame = moderate()
    frame.loc[:9, "c"] = "rare"
    y = outcome(frame)
    y[:10] = 0
    result = infer(design_of(frame), y, task="binary", n_classes=2)
    ((key, reason),) = reasons(result).items()
    assert key == ("c", "rare")
    assert (reason.code, reason.by, reason.rows, reason.classes) == ("separated", "level", 10, (0,))
    rest = design_of(frame[10:])
    fitted = sm.Logit(y[10:], sm.add_constant(rest.matrix)).fit(disp=0, tol=1e-12)
    kept = [e for e in result.estimates if e.reason is None]
    np.testing.assert_allclose([e.estimate for e in kept], fitted.params[1:], rtol=1e-7)
    np.testing.assert_allclose([e.stderr for e in kept], fitted.bse[1:], rtol=1e-7)
    assert result.intercepts[0].estimate == pytest.approx(fitted.params[0], rel=1e-7)
    test = next(t for t in result.tests if t.column == "c")
    assert (test.df, test.left_out) == (2, 1)


def test_removing_a_level_empties_the_next():
    # among the rows that are not g = p, h = q has only class 1
    g = np.r_[["p"] * 20, ["r"] * 80]
    h = np.r_[["q"] * 5, ["s"] * 15, ["q"] * 6, ["s"] * 74]
    y = np.r_[[0] * 20, [1] * 6, [0, 1] * 37]
    result = infer(design_of(pd.DataFrame({"g": g, "h": h})), y, task="binary", n_classes=2)
    why = reasons(result)
    assert (why["g", "p"].rows, why["g", "p"].classes) == (20, (0,))
    assert (why["h", "q"].rows, why["h", "q"].classes) == (6, (1,))
    assert result.intercepts[0].estimate == pytest.approx(0, abs=1e-9)


def test_a_reference_level_of_one_class():
    frame = moderate()
    y = outcome(frame)
    reference = frame["c"].value_counts().index[0]
    y[frame["c"] == reference] = 1
    result = infer(design_of(frame), y, task="binary", n_classes=2)
    why = reasons(result)
    assert {key[0] for key in why} == {"c"}
    assert all(r.by == "reference" and r.classes == (1,) for r in why.values())
    rest = frame["c"] != reference
    fitted = sm.Logit(y[rest], sm.add_constant(design_of(frame[rest]).matrix)).fit(disp=0, tol=1e-12)
    own = {e.term.column: e.estimate for e in result.estimates}
    for place, name in ((1, "a"), (2, "b"), (4, "d")):
        assert own[name] == pytest.approx(fitted.params[place], rel=1e-6)


def test_an_empty_cell_of_a_multiclass_table():
    # the limit with restricted classes is what a fit approaches as the coefficient of the empty cell grows
    frame = moderate(500)
    y = outcome(frame, 3)
    frame["g"] = np.where(np.arange(500) < 60, "few", "many")
    y[:60] = np.where(y[:60] == 2, 1, y[:60])
    design = design_of(frame)
    result = infer(design, y, task="multiclass", n_classes=3)
    reason = reasons(result, output=0)["g", "few"]
    assert (reason.by, reason.rows, reason.classes) == ("level", 60, (0, 1))
    few = [e.term.level for e in result.estimates if e.reason]
    assert few == ["few"] * 3
    fitted = sm.MNLogit(y, sm.add_constant(design.matrix)).fit(disp=0, method="bfgs", maxiter=2000, gtol=1e-7)
    params, _ = centred(fitted, 3)
    kept = [j for j, term in enumerate(design.terms) if term.column != "g"]
    np.testing.assert_allclose(numbers(result, "estimate")[:, 1:][:, kept], params[:, 1:][:, kept], atol=2e-3)
    assert result.rows_separated == 0
    assert result.converged


def test_multiclass_separation_by_a_continuous_column():
    rng = np.random.default_rng(0)
    z, noise = rng.normal(size=300), rng.normal(size=300)
    y = np.where(z > 1, 2, (rng.random(300) < 1 / (1 + np.exp(-noise))).astype(int))
    result = infer(numeric(np.column_stack([z, noise])), y, task="multiclass", n_classes=3)
    assert all(e.reason and e.reason.code == "separated" for e in result.estimates)
    assert result.rows_separated == (y == 2).sum()
    two = infer(numeric(np.column_stack([z, noise])[y < 2]), y[y < 2], task="binary", n_classes=2)
    assert two.converged  # what remains has a maximum, but not one that is centred over three classes


def test_large_and_hidden_separation():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 12))
    eta = x @ rng.normal(size=12)
    y = (rng.random(len(x)) < 1 / (1 + np.exp(-eta))).astype(int)
    direction = x[:, 3] - 2 * x[:, 7]
    flag = (np.abs(direction) > 4).astype(float)
    matrix = np.column_stack([x, flag * np.sign(direction)])
    y[flag == 1] = (direction[flag == 1] > 0).astype(int)
    result = infer(numeric(matrix), y, task="binary", n_classes=2)
    assert [key[0] for key in reasons(result)] == ["x12"]
    assert result.rows_separated == flag.sum()
    rest = flag == 0
    fitted = sm.Logit(y[rest], sm.add_constant(x[rest])).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(numbers(result, "estimate")[0, :13], fitted.params, rtol=1e-6)


def test_strong_signals_are_not_separated():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3000, 2)) * [1, 30]
    y = (rng.logistic(size=3000) < 3 * x[:, 0] + 2 * x[:, 1]).astype(int)
    result = infer(numeric(x), y, task="binary", n_classes=2)
    fitted = sm.Logit(y, sm.add_constant(x)).fit(disp=0, tol=1e-12, maxiter=100)
    assert_agrees_with_statsmodels(result, fitted)


def test_a_maximum_that_full_newton_steps_miss():
    x = np.array([[620, 999, 12, 9, 3, 11, -20, -2], [1, -22, 3, 2, 109, -1, -6, -3]], dtype=float).T
    y = np.array([0, 0, 0, 1, 0, 0, 1, 0])
    result = infer(numeric(x), y, task="binary", n_classes=2)
    assert result.converged
    assert not reasons(result)
    full = np.column_stack([np.ones(8), x])
    p = 1 / (1 + np.exp(-full @ numbers(result, "estimate")[0]))
    np.testing.assert_allclose(full.T @ (y - p), 0, atol=1e-6)
    information = full.T @ (full * (p * (1 - p))[:, None])
    np.testing.assert_allclose(numbers(result, "stderr")[0], np.sqrt(np.diag(np.linalg.inv(information))), rtol=1e-6)


def test_robust_errors_of_a_separated_fit_are_those_of_the_rest():
    frame = moderate(500)
    frame.loc[:9, "c"] = "rare"
    weights = np.random.default_rng(8).uniform(1, 4, 500)
    for k, task in ((2, "binary"), (3, "multiclass")):
        y = outcome(frame, k)
        y[:10] = 1
        with_level = infer(design_of(frame), y, task=task, n_classes=k, weights=weights)
        rest = infer(design_of(frame[10:]), y[10:], task=task, n_classes=k, weights=weights[10:])
        own = np.delete(numbers(with_level, "stderr"), 3, axis=1)  # intercept, a, b, then "rare" of c
        np.testing.assert_allclose(own, numbers(rest, "stderr"), rtol=1e-7)


def slow_limit(x, y, k):
    """Possible classes in the limit, from the definition: is there a direction that wins this margin and loses none?

    A direction that wins as much as it can of the margins not yet won (Albert and Anderson 1984) until there is none, again for
    what remains (Geyer 2009).
    """
    possible = np.ones((len(x), k), dtype=bool)
    while True:
        pairs = [(i, c) for i in range(len(x)) for c in np.flatnonzero(possible[i]) if c != y[i]]
        rows = np.array([np.kron(np.eye(k)[y[i]] - np.eye(k)[c], x[i]) for i, c in pairs])
        won = np.zeros(len(rows), dtype=bool)
        while not won.all():
            best = linprog(-rows[~won].sum(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1)).x
            if not (rows[~won] @ best > 1e-6).any():
                break
            won |= rows @ best > 1e-6
        for (i, c), strict in zip(pairs, won, strict=True):
            possible[i, c] &= not strict
        if not won.any():
            return possible


def slow_finite(x, possible):
    """Which coefficients, centred over the classes, are fixed by the contrasts between each row's possible classes."""
    k = possible.shape[1]
    known = [np.zeros(k * x.shape[1])]
    for row, classes in zip(x, possible, strict=True):
        first, *others = np.flatnonzero(classes)
        known += [np.kron(np.eye(k)[c] - np.eye(k)[first], row) for c in others]
    rank = np.linalg.matrix_rank(known)
    return [
        all(
            np.linalg.matrix_rank([*known, np.kron(np.eye(k)[c] - 1 / k, np.eye(x.shape[1])[j])]) == rank
            for c in range(k)
        )
        for j in range(x.shape[1])
    ]


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    k=st.sampled_from([2, 2, 3]),
    n=st.integers(6, 16),
    dummies=st.booleans(),
    programme=st.booleans(),
)
def test_separated_terms_are_those_of_the_definition(seed, k, n, dummies, programme):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(0, 2 if dummies else 4, size=(n, 3)).astype(float)
    x = np.column_stack([np.ones(n), matrix])
    y = rng.integers(0, k, n)
    y[:k] = np.arange(k)
    assume(np.linalg.matrix_rank(x) == 4)
    possible = slow_limit(x, y, k)
    share = -2.0 if programme else logistic.RECESSION  # with -2 no step of Newton's passes: the linear programme's turn
    with mock.patch.object(logistic, "RECESSION", share):
        result = infer(numeric(matrix), y, task="binary" if k == 2 else "multiclass", n_classes=k)
    assert result.rows_separated == (possible.sum(axis=1) == 1).sum()
    finite = [e.reason is None for e in (*result.intercepts[:1], *result.estimates[:3])]
    assert finite == slow_finite(x, possible)


# Outcomes without numbers


def test_what_cannot_be_inferred_is_said():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10, 3))
    with pytest.raises(NotApplicableError, match="same class"):
        infer(numeric(x), np.ones(10, int), task="binary", n_classes=2)
    with pytest.raises(NotApplicableError, match="constant"):
        infer(numeric(x), np.full(10, 3.7), task="regression", n_classes=0)
    with pytest.raises(NotApplicableError, match="standard errors of 10 coefficients cannot be estimated from 10 rows"):
        infer(numeric(rng.normal(size=(10, 30))), rng.normal(size=10), task="regression", n_classes=0)
    with pytest.raises(NotApplicableError, match="not finite"):
        numeric([[1.0], [np.nan]])
    with pytest.raises(NotApplicableError, match="no rows"):
        infer(numeric(x), np.arange(10) % 2, task="binary", n_classes=2, weights=np.zeros(10))
    with pytest.raises(NotApplicableError, match="negative"):
        infer(numeric(x), np.arange(10) % 2, task="binary", n_classes=2, weights=np.full(10, -1.0))
    with pytest.raises(ValueError, match="classes must be whole numbers from 0 to 1"):
        infer(numeric(x), np.arange(10), task="binary", n_classes=2)
    with pytest.raises(ValueError, match="one value for each row"):
        infer(numeric(x), np.arange(9) % 2, task="binary", n_classes=2)
    with pytest.raises(ValueError, match="one column for each term"):
        Design(x, ())


@pytest.mark.parametrize("n", [2, 3, 10])
def test_more_terms_than_rows_is_separated(n):
    x = np.random.default_rng(0).normal(size=(n, 30))
    result = infer(numeric(x), np.arange(n) % 2, task="binary", n_classes=2)
    assert {e.reason.code for e in result.estimates} == {"separated", "aliased"}
    assert all(e.estimate is None for e in result.estimates)


def test_a_class_without_rows_has_no_numbers_and_leaves_the_others():
    frame = moderate()
    design, y = design_of(frame), outcome(frame, 3)
    shifted = np.array([0, 2, 3])[y]
    one, two = (infer(design, c, task="multiclass", n_classes=k) for c, k in ((y, 3), (shifted, 4)))
    np.testing.assert_allclose(numbers(two, "estimate")[[0, 2, 3]], numbers(one, "estimate"), rtol=1e-9)
    assert {e.reason.code for e in two.estimates if e.output == 1} == {"absent"}
    level = design.matrix[:, 2] == 1
    shifted[level] = 3
    result = infer(design, shifted, task="multiclass", n_classes=4)
    assert reasons(result)[design.terms[2].column, design.terms[2].level].classes == (3,)


def test_inputs_are_left_as_they_are_and_may_be_of_any_precision():
    frame = moderate()
    design, y = design_of(frame), outcome(frame)
    weights = np.ones(400)
    before = design.matrix.copy(), y.copy(), weights.copy()
    one = infer(design, y, task="binary", n_classes=2, weights=weights)
    for now, then in zip((design.matrix, y, weights), before, strict=True):
        np.testing.assert_array_equal(now, then)
    single = design.matrix.astype(np.float32)
    two = infer(Design(single, design.terms), y.astype(bool), task="binary", n_classes=2)
    three = infer(Design(single.astype(float), design.terms), y, task="binary", n_classes=2)
    np.testing.assert_array_equal(numbers(two, "estimate"), numbers(three, "estimate"))
    np.testing.assert_allclose(numbers(two, "estimate"), numbers(one, "estimate"), rtol=1e-4, atol=1e-6)


def test_no_terms_at_all():
    y = np.array([0, 1, 1, 1])
    result = infer(Design(np.zeros((4, 0)), ()), y, task="binary", n_classes=2)
    assert result.intercepts[0].estimate == pytest.approx(np.log(3))
    assert result.tests == ()


# The surrogate


def test_surrogate_is_least_squares_with_robust_errors():
    frame = moderate()
    design = design_of(frame)
    score = np.tanh(frame["a"].to_numpy()) + frame["b"].to_numpy()
    weights = np.random.default_rng(0).uniform(1, 3, 400)
    for given_weights in (None, weights):
        fitted = sm.WLS(score, sm.add_constant(design.matrix), weights=1 if given_weights is None else weights).fit(
            cov_type="HC1", use_t=True
        )
        result = linear_surrogate(design, score, given_weights)
        assert_agrees_with_statsmodels(result, fitted)
        assert result.r2 == pytest.approx(fitted.rsquared, rel=1e-8)


def test_surrogate_of_a_linear_score_is_exact():
    design = design_of(moderate())
    coefficients = np.arange(1.0, 6.0)
    result = linear_surrogate(design, design.matrix @ coefficients - 4)
    np.testing.assert_allclose(numbers(result, "estimate")[0], [-4, *coefficients], rtol=1e-9)
    assert result.r2 == pytest.approx(1)
    assert {e.reason.code for e in result.estimates} == {"exact"}


def test_the_sandwich_claims_no_certainty_from_one_row():
    frame = moderate()
    frame.loc[0, "c"] = "alone"
    y = frame["a"].to_numpy() + np.random.default_rng(77).normal(size=400)
    robust = infer(design_of(frame), y, task="regression", n_classes=0, covariance="robust")
    ((key, reason),) = reasons(robust).items()
    assert (key, reason.code) == (("c", "alone"), "single_row")
    alone = next(e for e in robust.estimates if e.reason)
    assert alone.stderr is None
    model = infer(design_of(frame), y, task="regression", n_classes=0)
    same = next(e for e in model.estimates if e.term.level == "alone")
    assert same.estimate == pytest.approx(alone.estimate)
    assert same.stderr > 0


# Real tables


@pytest.mark.skipif(not (DATASETS / "adult.csv.gz").exists(), reason="needs datasets/adult.csv.gz")
def test_adult_levels_are_reported_separated():
    rows = pd.read_csv(DATASETS / "adult.csv.gz")
    rows = rows[rows["split"] == "train"]
    rare = rows["native-country"].eq("Holand-Netherlands") | rows["workclass"].isin(["Never-worked", "Without-pay"])
    rows = pd.concat([rows[rare], rows[~rare].head(6000)])
    inputs = rows.drop(columns=["fnlwgt", "income", "split"])
    result = infer(design_of(inputs), (rows["income"] == ">50K").to_numpy(int), task="binary", n_classes=2)
    why = reasons(result)
    for column, level, count in [
        ("native-country", "Holand-Netherlands", 1),
        ("workclass", "Never-worked", 7),
        ("workclass", "Without-pay", 14),
    ]:
        reason = why[column, level]
        assert (reason.code, reason.by, reason.rows, reason.classes) == ("separated", "level", count, (0,))
    assert why["education-num", None].columns == ("education",)
    assert why["education-num", None].code == "aliased"
    assert result.converged
    errors = [e.stderr for e in result.estimates if e.stderr is not None]
    assert max(errors) < 5  # capital-gain's is per unit, a separated dummy's would be in the thousands


@pytest.mark.skipif(not (DATASETS / "Satellite.csv.gz").exists(), reason="needs datasets/Satellite.csv.gz")
def test_satellite_agrees_with_mnlogit():
    rows = pd.read_csv(DATASETS / "Satellite.csv.gz").iloc[::4]
    inputs = rows.drop(columns="classes").iloc[:, :8]
    y = np.unique(rows["classes"], return_inverse=True)[1]
    result = infer(design_of(inputs), y, task="multiclass", n_classes=6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = sm.MNLogit(y, sm.add_constant(inputs.to_numpy(float))).fit(disp=0, maxiter=200, tol=1e-12)
    params, bse = centred(fitted, 6)
    np.testing.assert_allclose(numbers(result, "estimate"), params, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(numbers(result, "stderr"), bse, rtol=1e-4)
    assert result.converged
