"""Residuals in bins, the distribution of the errors and quantiles of the absolute error, against NumPy, SciPy and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor

import tabinterp as ti
from tabinterp.analyses.residuals.estimator import CHARTS, ERRORS, LEAST, QUANTILES, shown_quantiles
from tabinterp.errors import NotApplicableError, TabinterpError

RESAMPLES = 60


def data(rows=1000, task="regression", seed=0, **more):
    """A table, and two models of it; the second one does not read `z`."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": draw.normal(size=rows), "z": draw.normal(size=rows)})
    mean = frame["x"] + 0.5 * frame["z"] ** 2
    frame["y"] = draw.poisson(np.exp(0.5 * frame["x"])) if task == "count" else mean + draw.normal(size=rows)
    frame["w"], frame["team"] = draw.uniform(0.5, 2, rows), np.arange(rows) // 20
    kept = ["x", "z", "y", *more.values()]
    table = ti.read_table(frame[kept], target="y", task=task, **more)
    kind = PoissonRegressor if task == "count" else LinearRegression
    model = kind().fit(frame[["x", "z"]].assign(z=0.0 * frame["z"]), frame["y"])
    both = kind().fit(frame[["x", "z"]], frame["y"])
    return frame, table, (both, model), tuple(ti.wrap(one) for one in (both, model))


@pytest.mark.parametrize("task", ["regression", "count"])
def test_means_of_bins_are_those_of_equal_parts_of_the_rows_with_students_interval(task):
    frame, table, fitted, models = data(task=task)
    found = ti.residuals(models[0], table, models[1], resamples=RESAMPLES)
    for part, model in zip((found.network, found.linear), fitted, strict=True):
        predicted = model.predict(frame[["x", "z"]])
        left = frame["y"].to_numpy() - predicted
        assert len(part.by_prediction.rows) == 10
        for i, rows in enumerate(np.array_split(np.argsort(predicted, kind="stable"), 10)):
            mean = left[rows].mean()
            low, high = stats.t.interval(0.95, len(rows) - 1, mean, stats.sem(left[rows]))
            assert part.by_prediction.rows[i] == len(rows) == 100
            assert part.by_prediction.at[i] == pytest.approx(predicted[rows].mean())
            assert part.by_prediction.mean.value[i] == pytest.approx(mean, abs=1e-9)
            assert (part.by_prediction.mean.low[i], part.by_prediction.mean.high[i]) == pytest.approx(
                (low, high), abs=1e-9
            )
        for at, value, rows in zip(
            part.by_observed.at, part.by_observed.mean.value, part.by_observed.rows, strict=True
        ):
            inside = np.flatnonzero(np.isclose(_bin_means(frame["y"], part.by_observed.rows), at))
            assert len(inside) == rows
            assert value == pytest.approx(predicted[inside].mean())


def _bin_means(y, rows):
    """(n,) the mean observed value of each row's bin, for bins of so many rows."""
    order = np.argsort(y.to_numpy(), kind="stable")
    made = np.empty(len(y))
    for inside in np.split(order, np.cumsum(rows)[:-1]):
        made[inside] = y.to_numpy()[inside].mean()
    return made


def test_means_over_groups_of_weighted_rows_are_those_of_a_weighted_regression():
    """A weighted regression on a constant, with errors over groups (statsmodels), in each bin; heavy rows count for less."""
    from statsmodels.api import WLS  # noqa: PLC0415

    frame, table, (fitted, _), models = data(weight="w", group="team")
    found = ti.residuals(models[0], table, models[1], resamples=RESAMPLES).network.by_prediction
    predicted = fitted.predict(frame[["x", "z"]])
    place = np.searchsorted(np.sort(predicted), predicted) * 10 // len(frame)
    for i in range(10):
        own = frame[place == i]
        left = own["y"] - predicted[place == i]
        fit = WLS(left, np.ones(len(own)), own["w"]).fit(
            cov_type="cluster", cov_kwds={"groups": own["team"]}, use_t=True
        )
        alike = (
            own["w"].sum() ** 2 / (own["w"] ** 2).sum() / len(own)
        )  # Kish 1965: rows of equal weight that say the same
        count = int(own["team"].nunique() * alike + 1e-9)
        assert count < own["team"].nunique()
        assert found.mean.value[i] == pytest.approx(fit.params.iloc[0])
        assert found.mean.stderr[i] == pytest.approx(fit.bse.iloc[0], rel=1e-6)
        reach = stats.t.ppf(0.975, count - 1) * found.mean.stderr[i]
        assert found.mean.high[i] - found.mean.value[i] == pytest.approx(reach)


def test_a_quantile_is_the_mean_of_the_ten_rows_around_it():
    draw = np.random.default_rng(1)
    values = draw.normal(size=200)
    ranked = np.sort(values)
    found = shown_quantiles(values, np.ones(200), [0.04, 0.05, 0.5, 0.9])
    assert np.isnan(found[0])  # eight rows lie below
    assert found[1:] == pytest.approx([ranked[5:15].mean(), ranked[95:105].mean(), ranked[175:185].mean()])
    large = draw.normal(size=100_000)
    np.testing.assert_allclose(
        shown_quantiles(large, np.ones(len(large)), QUANTILES), np.quantile(large, QUANTILES), atol=1e-3
    )
    weights = draw.integers(0, 4, 200).astype(float)
    repeated = np.repeat(
        values, weights.astype(int)
    )  # a row of weight 3 counts as three rows in where the quantile lies
    np.testing.assert_allclose(
        shown_quantiles(values, weights, [0.5]), shown_quantiles(repeated, np.ones(len(repeated)), [0.5]), atol=0.1
    )


def test_errors_are_counted_between_round_edges_and_no_small_count_follows():
    frame, table, fitted, models = data(rows=300)
    found = ti.residuals(models[0], table, models[1], resamples=RESAMPLES)
    step = found.edges[1] - found.edges[0]
    assert f"{step:.0e}"[0] in "125"
    np.testing.assert_allclose(found.edges / step, np.round(found.edges / step), atol=1e-9)
    for part, model in zip((found.network, found.linear), fitted, strict=True):
        left = frame["y"].to_numpy() - model.predict(frame[["x", "z"]])
        counts, _ = np.histogram(left, [-np.inf, *found.edges, np.inf])
        known = np.isfinite(part.shares)
        np.testing.assert_allclose(part.shares[known], counts[known] / 300)
        assert (~known).any()
        assert counts[~known].sum() >= 10
        assert not ((counts[known] > 0) & (counts[known] < 10)).any()


def test_quantiles_of_the_absolute_error_have_paired_intervals():
    frame, table, fitted, models = data()
    found = ti.residuals(models[0], table, models[1], resamples=400)
    size = np.abs(frame["y"].to_numpy() - fitted[0].predict(frame[["x", "z"]]))
    np.testing.assert_allclose(found.network.absolute.value, np.quantile(size, ERRORS), rtol=0.05)
    medians = np.median(np.random.default_rng(0).choice(size, (400, len(size))), axis=1)
    assert found.network.absolute.stderr[0] == pytest.approx(medians.std(), rel=0.25)
    low, high = np.quantile(medians, [0.025, 0.975])
    assert (found.network.absolute.low[0], found.network.absolute.high[0]) == pytest.approx((low, high), abs=0.03)
    np.testing.assert_allclose(
        found.difference.value, found.network.absolute.value - found.linear.absolute.value, atol=1e-12
    )
    assert (found.difference.stderr < np.hypot(found.network.absolute.stderr, found.linear.absolute.stderr)).all()
    same = ti.residuals(models[0], table, models[0], resamples=RESAMPLES)
    assert same.difference.stderr.tolist() == [0.0] * len(ERRORS)
    assert len(found.errors()) == 3 * len(ERRORS)


def test_no_single_row_is_shown():
    """No number of a result is the residual, the prediction or the target of a row."""
    frame, table, fitted, models = data(rows=200)
    found = ti.residuals(models[0], table, models[1], resamples=RESAMPLES)
    rows = [frame["y"].to_numpy()]
    for model in fitted:
        predicted = model.predict(frame[["x", "z"]])
        rows += [predicted, frame["y"].to_numpy() - predicted]
    single = np.concatenate([*rows, *(np.abs(one) for one in rows)])
    numbers = found.frame().drop(columns=["model", "by", "rows"]).to_numpy(dtype=float).ravel()
    shown = np.concatenate([numbers, found.errors()["absolute_error"], found.edges])
    shown = shown[np.isfinite(shown)]
    assert len(shown) > 100
    assert np.abs(shown[:, None] - single).min() > 1e-9
    assert found.frame()["rows"].min() >= LEAST


def test_rows_in_few_groups_have_no_interval():
    frame, table, _, models = data(rows=160, group="team")  # eight teams
    found = ti.residuals(models[0], table, models[1], resamples=RESAMPLES)
    assert frame["team"].nunique() == 8
    assert np.isnan(found.network.absolute.low).all()
    assert np.isfinite(found.network.absolute.value[0])
    assert np.isnan(found.network.by_prediction.mean.low).all()


def test_weights_of_zero_are_rows_left_out():
    frame, _, _, models = data(rows=400)
    weights = np.where(np.arange(400) % 4 == 0, 0.0, 1.0)
    weighted = ti.read_table(frame[["x", "z", "y"]].assign(w=weights), target="y", task="regression", weight="w")
    kept = ti.read_table(frame.loc[weights > 0, ["x", "z", "y"]], target="y", task="regression")
    one, other = (ti.residuals(models[0], table, models[1], resamples=RESAMPLES) for table in (weighted, kept))
    pd.testing.assert_frame_equal(one.frame(), other.frame())


def test_classes_few_rows_and_unknown_charts_are_refused():
    frame, table, _, models = data(rows=120)
    with pytest.raises(NotApplicableError, match="fewer than 40 rows"):
        ti.residuals(models[0], ti.read_table(frame[["x", "z", "y"]][:30], target="y", task="regression"), models[1])
    classes = frame[["x", "z"]].assign(y=frame["y"] > 0)
    model = ti.wrap(LogisticRegression().fit(classes[["x", "z"]], classes["y"]))
    with pytest.raises(NotApplicableError, match="this target is categorical"):
        ti.residuals(model, ti.read_table(classes, target="y"), model)
    with pytest.raises(TabinterpError, match=r"chart must be one of .*got 'bars'"):
        ti.residuals(models[0], table, models[1], resamples=RESAMPLES).plot(chart="bars")


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_is_drawn_from_the_numbers_of_the_result(chart):
    from matplotlib.figure import Figure  # noqa: PLC0415

    _, table, _, models = data()
    found = ti.residuals(models[0], table, models[1], resamples=RESAMPLES)
    axes = Figure().add_subplot()
    assert found.plot(axes, chart=chart) is axes
    if chart == "errors":
        drawn = [patch.get_data().values for patch in axes.patches]
        np.testing.assert_array_equal(drawn[1], found.network.shares)  # withheld shares are not drawn
        return
    bins = found.network.by_prediction if chart == "residuals" else found.network.by_observed
    marks = np.vstack([line.get_xydata() for line in axes.lines if line.get_marker() == "o"])
    np.testing.assert_array_equal(marks, np.column_stack([bins.at, bins.mean.value]))


def test_an_audit_of_a_regression_holds_them_and_one_of_classes_does_not():
    frame, table, _, models = data(rows=200)
    document = ti.audit(models[0], table, counterpart=models[1], rows=50, analyses=["residuals"]).document
    alone = ti.residuals(models[0], table, models[1])
    record = document.analyses["residuals"]
    means = [one.mean.value for one in record.network.by_prediction]
    assert means == pytest.approx(alone.network.by_prediction.mean.value.tolist(), rel=1e-12)
    known = [one.network.value for one in record.absolute][:2]
    assert known == pytest.approx(alone.network.absolute.value[:2].tolist(), rel=1e-12)
    assert record.distribution[0].low is None
    assert record.distribution[-1].high is None
    classes = ti.read_table(frame[["x", "z"]].assign(y=frame["y"] > 0), target="y")
    model = ti.wrap(LogisticRegression().fit(frame[["x", "z"]], frame["y"] > 0))
    assert "residuals" not in ti.audit(model, classes, rows=50, analyses=["residuals"]).document.analyses
