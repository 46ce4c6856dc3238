"""Slope, intercept and reliability curve, beside statsmodels, closed forms and loops over rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit
from statsmodels.stats.proportion import proportion_confint

import tabinterp as ti
from tabinterp.analyses.calibration.estimator import _by_likelihood, calibration
from tabinterp.analyses.calibration.reliability_curve import cuts
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tabinterp.models.scores import probabilities
from tabinterp.stats.wilson_interval import wilson
from tests import cases
from tests.shared import every_nth

PARTS = ["slope", "slope_stderr", "intercept", "intercept_stderr"]


def bound(task: str = "binary", n: int = 900, **more):
    frame = cases.mixed_frame(n, task=task)
    frame["house"] = np.arange(n) // 3
    table = cases.mixed_table(
        frame, task, split=0.5, **({"group": "house"} | more if "group" in more else {"drop": ["house"], **more})
    )
    return bind(ti.wrap(cases.network_pipeline(frame, task)), table)


def held(model):
    rows = model.take(model.table.held_out)
    return rows, rows.table


def by_hand(fitted) -> list[float]:
    (intercept, slope), (intercept_error, slope_error) = fitted.params, fitted.bse
    return [slope, slope_error, intercept, intercept_error]


def logistic(y, x, offset):
    return sm.GLM(y, x, family=sm.families.Binomial(), offset=offset).fit(tol=1e-12)


def of_likelihood(y, score) -> dict[str, float]:
    """Twice the fall of the log likelihood, by statsmodels, when one number is held at a value and the others are free."""
    ones, whole = np.ones(len(y)), sm.GLM(y, sm.add_constant(score), family=sm.families.Binomial()).fit(tol=1e-12)
    large = logistic(y, ones, score)
    falls = {
        "slope": lambda b: 2 * (whole.llf - logistic(y, ones, b * score).llf),
        "intercept": lambda a: 2 * (whole.llf - logistic(y, score, np.full(len(y), a)).llf),
        "large": lambda a: 2 * (large.llf - (y * (score + a) - np.logaddexp(0, score + a)).sum()),
    }
    joint = 2 * (whole.llf - (y * score - np.logaddexp(0, score)).sum())
    return falls | {"value": float(large.params[0]), "error": float(large.bse[0]), "p": float(stats.chi2.sf(joint, 2))}


def hold_the_likelihood(found, y, score):
    expected = of_likelihood(y, score)
    assert [found["large"], found["large_stderr"]] == pytest.approx([expected["value"], expected["error"]], rel=1e-5)
    assert found["p"] == pytest.approx(expected["p"], rel=1e-5)
    for name in ("slope", "intercept", "large"):
        for end in ("low", "high"):
            assert expected[name](found[f"{name}_{end}"]) == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-5)
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]


def test_two_classes_have_intervals_of_the_profile_likelihood():
    model = bound()
    rows, table = held(model)
    expected = sm.Logit(table.y, sm.add_constant(rows.scores[:, 0])).fit(disp=0, tol=1e-12)
    found = calibration(model).frame().iloc[0]
    assert found[PARTS].astype(float).tolist() == pytest.approx(by_hand(expected), rel=1e-5, abs=1e-8)
    hold_the_likelihood(found, table.y, rows.scores[:, 0])


def test_numbers_have_robust_errors_that_allow_for_leverage():
    model = bound("regression")
    rows, table = held(model)
    score = rows.scores[:, 0]
    expected = sm.OLS(table.y, sm.add_constant(score)).fit(cov_type="HC3", use_t=True)
    level = sm.OLS(table.y - score, np.ones(len(score))).fit(cov_type="HC3", use_t=True)
    found = calibration(model).frame().iloc[0]
    assert found[PARTS].astype(float).tolist() == pytest.approx(by_hand(expected), rel=1e-5, abs=1e-8)
    half = stats.t.ppf(0.975, len(score) - 1) * expected.bse[1]
    assert [found["slope_low"], found["slope_high"]] == pytest.approx(
        [expected.params[1] - half, expected.params[1] + half]
    )
    ends = level.conf_int()[0].tolist()
    assert [found["large"], found["large_low"], found["large_high"]] == pytest.approx([level.params[0], *ends])
    off = expected.params - [0, 1]
    statistic = off @ np.linalg.solve(expected.cov_params(), off) / 2
    assert found["p"] == pytest.approx(stats.f.sf(statistic, 2, len(score) - 2), rel=1e-4)


def test_counts_have_robust_errors_that_allow_for_leverage():
    model = bound("count")
    rows, table = held(model)
    x = sm.add_constant(rows.scores[:, 0])
    fitted = sm.GLM(table.y, x, family=sm.families.Poisson()).fit(tol=1e-12)
    mean = fitted.fittedvalues
    bread = np.linalg.inv((x.T * mean) @ x)
    leverage = np.array([m * row @ bread @ row for m, row in zip(mean, x, strict=True)])
    scores = x * ((table.y - mean) / (1 - leverage))[:, None]
    errors = np.sqrt(np.diag(bread @ scores.T @ scores @ bread))
    found = calibration(model).frame().iloc[0]
    expected = [fitted.params[1], errors[1], fitted.params[0], errors[0]]
    assert found[PARTS].astype(float).tolist() == pytest.approx(expected, rel=1e-5)


def test_several_classes_are_each_set_against_the_others():
    model = bound("multiclass")
    rows, table = held(model)
    p = probabilities(rows.scores)
    found = calibration(model).frame()
    assert found["output"].tolist() == ["a", "b", "c"]
    for k in range(3):
        odds, y = np.log(p[:, k] / (1 - p[:, k])), (table.y == k).astype(float)
        expected = sm.Logit(y, sm.add_constant(odds)).fit(disp=0, tol=1e-12)
        assert found.iloc[k][PARTS].astype(float).tolist() == pytest.approx(by_hand(expected), rel=1e-4, abs=1e-7)
        hold_the_likelihood(found.iloc[k], y, odds)


def scored(score, y):
    """A model whose log-odds are these, on rows that are all held out but forty."""
    frame = pd.DataFrame({"x": score, "y": np.where(y == 1, "yes", "no"), "part": "test"})
    spare = pd.DataFrame({"x": 0.0, "y": ["yes", "no"] * 20, "part": "train"})
    table = ti.read_table(pd.concat([frame, spare]), target="y", positive="yes", split="part")
    return bind(ti.wrap(lambda rows: rows["x"].to_numpy(), classes=["no", "yes"], outputs="logits"), table)


@pytest.mark.parametrize(("events", "told"), [(19, False), (20, True)])
def test_a_slope_takes_twenty_events_of_each_class(events, told):
    score = np.linspace(-4, 1, 400)
    for rare in (1, 0):
        y = np.full(400, 1 - rare)
        y[np.random.default_rng(0).permutation(400)[:events]] = rare
        found = calibration(scored(score, y)).outputs[0]
        assert np.isfinite([*found.slope, *found.large, found.p]).all() == told
        assert len(found.bins) > 0


@pytest.mark.nightly
def test_slopes_of_a_rare_class_have_intervals_that_hold():
    """Of 300 samples of 800 rows with 4% positives, 95% hold the slope; the binomial error of that share is 1.3%."""
    draw, inside, tested = np.random.default_rng(1), 0, 0
    for _ in range(300):
        score = draw.normal(-3.7, 1.0, 800)
        y = (draw.random(800) < expit(score)).astype(float)
        if y.sum() < 20:
            continue
        fitted = _by_likelihood(score, y, *start_of(y, score))
        tested += 1
        inside += fitted.slope[2] <= 1 <= fitted.slope[3]
    assert tested > 250
    assert 0.92 <= inside / tested <= 0.98


@pytest.mark.parametrize("seed", [0, 16, 20])
def test_scores_far_from_the_outcomes_have_intervals(seed):
    """Few events, and scores that lie far from their log-odds: along the profile all rows become certain."""
    draw = np.random.default_rng(seed)
    rows, centre, spread = int(draw.integers(40, 400)), draw.uniform(-20, -2), draw.uniform(0.05, 3)
    score, y = centre + spread * draw.normal(size=rows), np.zeros(rows)
    y[draw.choice(rows, draw.integers(2, 6), replace=False)] = 1
    fitted = _by_likelihood(score, y, *start_of(y, score))
    expected = of_likelihood(y, score)
    for end in fitted.slope[2:]:
        assert expected["slope"](end) == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-4)


def start_of(y, score):
    whole = sm.GLM(y, sm.add_constant(score), family=sm.families.Binomial()).fit()
    return whole.params[::-1], float(logistic(y, np.ones(len(y)), score).params[0])


def test_predictions_too_low_on_average_are_seen_in_the_large():
    """The intercept at log-odds 0 is far from every row of a rare class, and determines nothing there."""
    draw = np.random.default_rng(2)
    score = draw.normal(-4.0, 0.5, 6000)
    right, low = (
        calibration(scored(score, (draw.random(6000) < expit(score + b)).astype(int))).outputs[0] for b in (0, 1)
    )
    assert right.large[2] < 0 < right.large[3]
    assert right.p > 0.01
    assert low.large[2] > 0.5
    assert low.large[2] < 1 < low.large[3]
    assert low.p < 1e-6
    assert low.large[1] < low.intercept[1] / 4


def test_a_bend_that_slope_and_intercept_leave_is_seen_by_a_smooth_curve():
    draw = np.random.default_rng(3)
    score = draw.normal(0, 1.5, 4000)
    straight, bent = (
        calibration(scored(score, (draw.random(4000) < expit(truth)).astype(int))).outputs[0].bend
        for truth in (score, np.abs(score) - 0.5)
    )
    assert straight.p > 0.01
    assert abs(straight.observed - straight.predicted) < 0.1
    assert bent.p < 1e-9
    assert bent.observed - bent.predicted > 0.3
    assert bent.observed == pytest.approx(expit(np.abs(np.log(bent.predicted / (1 - bent.predicted))) - 0.5), abs=0.1)
    few = calibration(scored(score[:300], (draw.random(300) < expit(score[:300])).astype(int))).outputs[0]
    assert few.bend is None


def test_rows_of_a_group_count_together():
    model = bound(group="house")
    rows, table = held(model)
    fit = sm.Logit(table.y, sm.add_constant(rows.scores[:, 0]))
    groups = table.frame["house"].factorize()[0]
    expected = fit.fit(cov_type="cluster", cov_kwds={"groups": groups}, disp=0, tol=1e-12)
    found = calibration(model).frame().iloc[0]
    assert found[PARTS].astype(float).tolist() == pytest.approx(by_hand(expected), rel=1e-5)


def test_weighted_slopes_have_the_sandwich_of_weighted_scores():
    model = bound(weighted=True)
    rows, table = held(model)
    w = table.weights / table.weights.mean()
    x, beta = sm.add_constant(rows.scores[:, 0]), np.zeros(2)
    for _ in range(60):  # Newton
        p = 1 / (1 + np.exp(-x @ beta))
        hessian = (x * (w * p * (1 - p))[:, None]).T @ x
        beta = beta + np.linalg.solve(hessian, x.T @ (w * (table.y - p)))
    scores = x * (w * (table.y - p))[:, None]
    inverse = np.linalg.inv(hessian)
    covariance = inverse @ (scores.T @ scores) @ inverse
    error = np.sqrt(np.diag(covariance))
    found = calibration(model).frame().iloc[0]
    assert found[PARTS].astype(float).tolist() == pytest.approx([beta[1], error[1], beta[0], error[0]], rel=1e-5)


def number(factor: float, shift: float, y):
    x = np.random.default_rng(0).normal(size=600)
    table = ti.read_table(
        pd.DataFrame({"x": x, "y": y(x)}), target="y", split=0.5, task=None if y(x).dtype != bool else "binary"
    )
    layer = torch.nn.Linear(1, 1)
    torch.nn.init.constant_(layer.weight, factor)
    torch.nn.init.constant_(layer.bias, shift)
    settings = {"task": "regression"} if table.schema.task == "regression" else {"classes": [False, True]}
    return bind(ti.wrap(layer, encoder="passthrough", **settings), table)


def test_scores_too_large_by_half_have_a_slope_of_two_thirds():
    found = calibration(number(1.5, 3.0, lambda x: x + 1)).frame().iloc[0]
    assert found["slope"] == pytest.approx(2 / 3, rel=1e-6)
    assert found["intercept"] == pytest.approx(-1, rel=1e-6)


@pytest.mark.parametrize(
    "model",
    [number(1.0, 0.0, lambda x: x > 0), number(0.0, 0.3, lambda x: x + np.random.default_rng(1).normal(size=600))],
)
def test_what_the_rows_do_not_determine_is_no_number(model):
    found = calibration(model)
    assert np.isnan(found.frame()[PARTS].to_numpy(dtype=float)).all()
    assert sum(b.rows for b in found.outputs[0].bins) == found.rows


def test_rows_that_were_not_held_out_show_no_calibration():
    frame = cases.mixed_frame(100)
    model = bind(ti.wrap(cases.network_pipeline(frame)), cases.mixed_table(frame))
    with pytest.raises(NotApplicableError, match="measured on held-out rows, but the table has no split"):
        calibration(model)


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_bins_hold_the_rows_they_say(task):
    model = bound(task)
    rows, table = held(model)
    for k, output in enumerate(calibration(model).outputs):
        scores = rows.scores
        if table.schema.goal.classes:
            prediction = probabilities(scores)[:, 1 if scores.shape[1] == 1 else k]
            y = (table.y == (1 if scores.shape[1] == 1 else k)).astype(float)
        else:
            prediction, y = np.exp(scores[:, 0]) if task == "count" else scores[:, 0], table.y
        order, start = np.argsort(prediction, kind="stable"), 0
        assert len(output.bins) <= 10
        assert len(output.bins) == 10 or len(np.unique(prediction)) < len(prediction)
        for one in output.bins:
            inside = order[start : start + one.rows]
            start += one.rows
            assert one.rows >= 10
            assert start == len(order) or prediction[order[start]] > prediction[inside].max()
            assert one.predicted == pytest.approx(prediction[inside].mean())
            assert one.observed == pytest.approx(y[inside].mean())
            if table.schema.goal.classes:
                ends = proportion_confint(y[inside].sum(), one.rows, method="wilson")
            else:
                ends = sm.stats.DescrStatsW(y[inside]).tconfint_mean()
            assert (one.low, one.high) == pytest.approx(ends, abs=1e-9)
        assert start == len(table)


def test_ties_stay_together_and_no_bin_is_small():
    draw = np.random.default_rng(3)
    for n in (9, 10, 25, 137, 400):
        ordered = np.sort(draw.integers(0, draw.integers(1, 30), n)).astype(float)
        edges = cuts(ordered)
        if n < 10:
            assert edges.tolist() == [0]
            continue
        assert (edges[0], edges[-1]) == (0, n)
        assert np.diff(edges).min() >= 10
        assert len(edges) <= 11
        assert all(ordered[at - 1] < ordered[at] for at in edges[1:-1])


@pytest.mark.parametrize(("hits", "rows"), [(0, 10), (3, 10), (10, 10), (1, 1), (450, 1000)])
def test_wilson_is_that_of_statsmodels(hits, rows):
    assert wilson(hits / rows, rows) == pytest.approx(proportion_confint(hits, rows, method="wilson"), abs=1e-12)


def _weighed(score, won, weight):
    score, won, weight = (np.repeat(one, 10) for one in (score, won, weight))  # enough events of each class
    frame = pd.DataFrame({"x": score, "y": np.where(won == 1, "yes", "no"), "w": weight, "part": "test"})
    spare = frame.iloc[:4].assign(part="train")
    table = ti.read_table(pd.concat([frame, spare]), target="y", positive="yes", weight="w", split="part")
    model = ti.wrap(lambda rows: rows["x"].to_numpy(), classes=["no", "yes"], outputs="logits")
    return calibration(bind(model, table)).outputs[0]


def test_rows_that_do_not_determine_a_slope_have_none():
    """Classes overlap in rows of next to no weight only: the others are predicted with certainty, and have no curvature."""
    score = np.repeat([0.0, 1.0, 0.0, 1.0], 5)
    won = np.repeat([0, 1, 1, 0], 5)
    found = _weighed(score, won, np.repeat([1e9, 1e9, 1e-6, 1e-6], 5))
    assert np.isnan([found.slope, found.intercept]).all()


def test_errors_hold_beside_rows_that_are_predicted_with_certainty():
    """The optimum by a direct search, and the sandwich about it; at a score of 1000 p underflows."""
    score = np.array([1, 1000, 0, 0, 2, 1, 2, 3, 1000, 1, 1, 3, 1000, 1, 2, 2, 2, 3, 1, 2, 1000.0])
    won = np.array([0, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 0])
    light, heavy = 1e-6, 1e9
    weight = [light, heavy, heavy, light, 2.5, 1e6, 2.5, light, heavy, 1e6, heavy]
    weight += [2.5, heavy, heavy, heavy, 2.5, light, heavy, heavy, light, 1e6]
    share = np.array(weight) / np.mean(weight)

    def loss(b):
        return share @ (np.logaddexp(0, b[0] + b[1] * score) - won * (b[0] + b[1] * score))

    best = minimize(
        loss, [1.0, -0.3], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14, "maxiter": 9999}
    ).x
    x = np.column_stack([np.ones(len(score)), score])
    p = expit(x @ best)
    bread = np.linalg.inv((x.T * (share * p * (1 - p))) @ x)
    stderr = np.sqrt(np.diag(bread @ (x.T * (share * (won - p)) ** 2) @ x @ bread))
    found = _weighed(score, won, weight)
    assert (found.intercept[0], found.slope[0]) == pytest.approx(tuple(best), rel=1e-5)
    assert (found.intercept[1], found.slope[1]) == pytest.approx(tuple(stderr / np.sqrt(10)), rel=1e-4)


def test_the_interval_of_the_slope_does_not_depend_on_where_scores_that_hardly_vary_are_centred():
    """A constant added to the scores moves the intercept alone. Far from zero, the fit starts where every probability is 1."""
    rng = np.random.default_rng(3)
    centred = 0.006 * rng.normal(size=499)
    y = (rng.random(499) < expit(3 + 100 * centred)).astype(float)
    fits = []
    for score in (centred, centred + 3):
        fitted = sm.GLM(y, sm.add_constant(score), family=sm.families.Binomial()).fit(tol=1e-12)
        fits.append(_by_likelihood(score, y, fitted.params[::-1], 0.0).slope)
    np.testing.assert_allclose(fits[1], fits[0], rtol=1e-6)
