"""The paired comparison: scikit-learn's metrics, DeLong's closed form, clusters, and the verdict's order of precedence."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
from torch import nn

import tabinterp as ti
from tabinterp.analyses.performance.estimator import Metric, Performance, compare, measures, rows_to_resolve
from tabinterp.errors import TabinterpError
from tabinterp.models import bind
from tabinterp.models.losses import loss_for
from tabinterp.stats.discrimination import mean, of_two_samples
from tests import cases, oracles
from tests.shared import every_nth

# Weights reach every metric of every task, and without them all rows weigh one: that is seen on one task.
WEIGHED = [*((task, True) for task in cases.TASKS), ("binary", False)]


@cache
def pair(task="binary", weighted=False, n=200, **more):
    """Frame, table, and both models bound to it; tests read them."""
    frame = cases.mixed_frame(n, 5, task)
    frame["team"] = np.arange(n) // 10
    table = cases.mixed_table(frame if more else frame.drop(columns="team"), task, weighted, **more)
    models = cases.network_pipeline(frame, task), cases.linear_pipeline(frame, task)
    return frame, table, models, [bind(ti.wrap(m), table) for m in models]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", cases.TASKS)
def test_every_metric_is_scikit_learns(task, weighted):
    frame, _, models, (network, linear) = pair(task, weighted)
    result = compare(network, linear, held_out=True)
    w, y, x = frame["w"] if weighted else None, frame["y"], frame[cases.INPUTS]
    found = {m.name: m for m in result.metrics}
    for part, model in zip(("network", "linear"), models, strict=True):
        if task == "regression":
            said = model.predict(x)
            expected = {
                "squared_error": metrics.mean_squared_error(y, said, sample_weight=w),
                "r2": metrics.r2_score(y, said, sample_weight=w),
            }
        elif task == "count":
            said = model.predict(x)
            expected = {
                "poisson_deviance": metrics.mean_poisson_deviance(y, said, sample_weight=w),
                "squared_error": metrics.mean_squared_error(y, said, sample_weight=w),
                "absolute_error": metrics.mean_absolute_error(y, said, sample_weight=w),
            }
        else:
            p = model.predict_proba(x)
            expected = {
                "log_loss": metrics.log_loss(y, p, sample_weight=w),
                "accuracy": metrics.accuracy_score(y, model.predict(x), sample_weight=w),
            }
            if task == "binary":
                expected["average_precision"] = metrics.average_precision_score(y == "yes", p[:, 1], sample_weight=w)
                expected["auc"] = metrics.roc_auc_score(y == "yes", p[:, 1], sample_weight=w)
                expected["brier"] = metrics.brier_score_loss(y == "yes", p[:, 1], sample_weight=w)
            else:
                expected["brier"] = metrics.brier_score_loss(y, p, sample_weight=w, scale_by_half=False)
                expected["macro_auc"] = metrics.roc_auc_score(y, p, sample_weight=w, multi_class="ovr")
                expected["balanced_accuracy"] = metrics.balanced_accuracy_score(y, model.predict(x), sample_weight=w)
        assert set(found) == set(expected)
        for name, value in expected.items():
            assert getattr(found[name], part)[0] == pytest.approx(value, abs=1e-9)
    for metric in result.metrics:
        assert metric.difference[0] == pytest.approx(metric.network[0] - metric.linear[0], abs=1e-12)


def tied(n=300, seed=0, weighted=False):
    """Two linear models whose scores take few values."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 6, (n, 2)).astype(float)
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(w=rng.integers(1, 5, n).astype(float))
    frame["y"] = (rng.random(n) < 1 / (1 + np.exp(-0.6 * (x[:, 0] + x[:, 1] - 5)))).astype(int)
    table = ti.read_table(frame if weighted else frame.drop(columns="w"), target="y", weight="w" if weighted else None)
    return table, [
        bind(ti.wrap(nn.Sequential(cases.affine([slope])), encoder="passthrough", classes=[0, 1]), table)
        for slope in ([1.0, 1.0], [1.0, 0.0])
    ]


@pytest.mark.parametrize("weighted", [False, True])
def test_auc_counts_ties_by_half_and_weighs(weighted):
    table, bounds = tied(weighted=weighted)
    auc = compare(*bounds, held_out=True).metrics[1]
    weights = np.ones(len(table)) if table.weights is None else table.weights
    for value, bound in zip((auc.network[0], auc.linear[0]), bounds, strict=True):
        assert value == pytest.approx(oracles.auc(table.y, bound.scores[:, 0], weights), abs=1e-12)
        assert value == pytest.approx(
            metrics.roc_auc_score(table.y, bound.scores[:, 0], sample_weight=weights), abs=1e-12
        )


def test_average_precision_counts_ties_together():
    table, bounds = tied(weighted=True)
    found = compare(*bounds, held_out=True).metrics[2]
    assert found.name == "average_precision"
    for value, bound in zip((found.network[0], found.linear[0]), bounds, strict=True):
        said = metrics.average_precision_score(table.y, bound.scores[:, 0], sample_weight=table.weights)
        assert value == pytest.approx(said, abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_every_class_is_set_against_the_others(weighted):
    frame, _, models, bounds = pair("multiclass", weighted)
    w, x = frame["w"] if weighted else None, frame[cases.INPUTS]
    found = compare(*bounds, held_out=True).classes
    assert [(label, m.name) for label, m in found] == [(c, name) for c in "abc" for name in ("log_loss", "auc")]
    for label, metric in found:
        own = (frame["y"] == label).to_numpy()
        score = {"log_loss": metrics.log_loss, "auc": metrics.roc_auc_score}[metric.name]
        for part, model in zip(("network", "linear"), models, strict=True):
            p = model.predict_proba(x)[:, "abc".index(label)]
            assert getattr(metric, part)[0] == pytest.approx(score(own, p, sample_weight=w), abs=1e-9)


def test_a_class_of_few_rows_has_no_line_of_its_own():
    _, table, _, bounds = pair("multiclass")
    few = np.flatnonzero((table.y != 2) | (np.cumsum(table.y == 2) <= 9))
    found = compare(*(b.take(few) for b in bounds), held_out=True)
    assert {label for label, _ in found.classes} == {"a", "b"}


def test_error_of_the_auc_difference_is_delongs():
    """His slow form, by all pairs, of rows that count once and by themselves; equal weights have the same error."""
    table, bounds = tied(600, 1)
    result = compare(*bounds, held_out=True).metrics[1]
    expected = oracles.delong(table.y, bounds[0].scores[:, 0], bounds[1].scores[:, 0])
    assert result.method == "delong"
    value, stderr, low, high = result.difference
    assert stderr == pytest.approx(expected, rel=1e-12)
    assert high - value == pytest.approx(value - low)
    assert stats.norm.ppf(0.975) * stderr < value - low < stats.t.ppf(0.975, 20) * stderr
    equal = ti.read_table(table.frame.assign(w=2.0), target="y", weight="w")
    again = compare(*(bind(b.model, equal) for b in bounds), held_out=True).metrics[1]
    assert again.method == "student"
    assert again.difference == pytest.approx(result.difference, rel=1e-9)


def test_interval_of_a_mean_loss_is_students_with_the_degrees_of_freedom_that_kurtosis_leaves():
    frame, _, models, bounds = pair(n=300)
    found = compare(*bounds, held_out=True).metrics[0].difference
    y = (frame["y"] == "yes").to_numpy().astype(int)
    losses = [-np.log(m.predict_proba(frame[cases.INPUTS])[np.arange(300), y]) for m in models]
    apart = losses[0] - losses[1]
    stderr = apart.std(ddof=1) / math.sqrt(300)
    df = 299 / (1 + stats.kurtosis(apart) / 2)
    assert df < 299
    reach = stats.t.ppf(0.975, df) * stderr
    assert found == pytest.approx((apart.mean(), stderr, apart.mean() - reach, apart.mean() + reach), rel=1e-4)


@pytest.mark.parametrize(
    ("task", "weighted", "n"),
    every_nth(
        3, [*((task, True, 120) for task in ("multiclass", "binary", "regression", "count")), ("binary", False, 200)]
    ),
)
def test_errors_of_all_metrics_are_those_of_the_jackknife(task, weighted, n):
    """Each row is left out in turn. Average precision bends too much for that; its influence is held elsewhere."""
    _, table, _, bounds = pair(task, weighted, n=n)
    found = {m.name: m for m in compare(*bounds, held_out=True).metrics}
    n = len(table)
    kept = [np.delete(np.arange(n), i) for i in range(n)]
    left = [
        {m.name: (m.network[0], m.difference[0]) for m in compare(*(b.take(k) for b in bounds), held_out=True).metrics}
        for k in kept
    ]
    for name, metric in found.items():
        if name == "average_precision":
            continue
        draws = np.array([one[name] for one in left])
        error = np.sqrt((n - 1) * ((draws - draws.mean(axis=0)) ** 2).mean(axis=0))
        if metric.method == "withheld":  # it would tell of few rows on which one model alone is right
            assert (name in ("accuracy", "balanced_accuracy"), np.isnan(metric.difference[1])) == (True, True)
            error[1] = np.nan
        assert [metric.network[1], metric.difference[1]] == pytest.approx(error, rel=0.06, nan_ok=True), name


def test_rows_of_a_group_are_one_draw():
    """Ten copies of every row, one team each: the error is that of the teams, not sqrt(10) smaller."""
    frame = cases.mixed_frame(40, 5)
    copies = frame.loc[frame.index.repeat(10)].reset_index(drop=True).assign(team=np.arange(400) // 10)
    models = cases.network_pipeline(frame), cases.linear_pipeline(frame)

    def error(table):
        return compare(*(bind(ti.wrap(m), table) for m in models), held_out=True).metrics[0].difference[1]

    single = error(cases.mixed_table(frame))
    together = error(cases.mixed_table(copies, group="team"))
    apart = error(cases.mixed_table(copies.drop(columns="team")))
    assert together == pytest.approx(single, rel=0.1)
    assert apart == pytest.approx(single / math.sqrt(10), rel=0.1)


def test_rows_without_a_group_stand_alone():
    """A missing group is no group: such rows neither form one together nor join another."""
    frame = cases.mixed_frame(200, 5)
    models = cases.network_pipeline(frame), cases.linear_pipeline(frame)

    def error(team):
        table = cases.mixed_table(frame.assign(team=team), group="team")
        return compare(*(bind(ti.wrap(m), table) for m in models), held_out=True).metrics[0].difference[1]

    missing = np.where(np.arange(200) < 2, "first", None).astype(object)
    alone = np.where(np.arange(200) < 2, "first", [f"row {i}" for i in range(200)]).astype(object)
    assert error(missing) == pytest.approx(error(alone), rel=0.1)


def test_weights_of_zero_are_rows_left_out():
    frame = cases.mixed_frame(120, 5)
    frame["w"] = np.where(np.arange(120) < 40, 0.0, 2.0)
    models = cases.network_pipeline(frame), cases.linear_pipeline(frame)
    weighted, kept = cases.mixed_table(frame, weighted=True), cases.mixed_table(frame.iloc[40:])
    a, b = (compare(*(bind(ti.wrap(m), t) for m in models), held_out=True) for t in (weighted, kept))
    for one, other in zip(a.metrics, b.metrics, strict=True):
        assert one.difference[0] == pytest.approx(other.difference[0], abs=1e-12)
    assert a.margin == pytest.approx(b.margin)


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_margin_is_a_hundredth_of_what_knowing_nothing_costs(task):
    frame, _, _, bounds = pair(task, weighted=True)
    result = compare(*bounds, held_out=True)
    w = frame["w"]
    if task == "regression":
        null = np.average((frame["y"] - np.average(frame["y"], weights=w)) ** 2, weights=w)
    elif task == "count":
        mean = np.full(len(frame), np.average(frame["y"], weights=w))
        null = metrics.mean_poisson_deviance(frame["y"], mean, sample_weight=w)
    else:
        rate = w.groupby(frame["y"]).sum() / w.sum()
        null = metrics.log_loss(frame["y"], np.tile(rate, (len(frame), 1)), sample_weight=w)
    assert result.margin == pytest.approx(0.01 * null)


def test_two_classes_disagree_where_the_labels_differ():
    frame, _, models, bounds = pair(weighted=True)
    labels = [m.predict(frame[cases.INPUTS]) for m in models]
    differ = labels[0] != labels[1]
    found = compare(*bounds, held_out=True).disagreement
    assert found.count == differ.sum() > 0
    assert found.share == pytest.approx(np.average(differ, weights=frame["w"]))
    alone = [(differ & (one == frame["y"])).sum() for one in labels]
    assert 0 < min(alone) < 10  # so few rows on which one model is right that the number may not be told
    assert found.possible[0] < found.count <= found.possible[1]
    assert compare(*pair("regression")[3], held_out=True).disagreement is None


def test_rows_of_one_class_have_no_performance():
    _, table, _, bounds = pair()
    ones = np.flatnonzero(table.y == 1)
    result = compare(*(b.take(ones) for b in bounds), held_out=True)
    assert result.status == "not_assessed"
    assert np.isnan([m.network for m in result.metrics]).all()
    assert f"too few rows of class '{table.schema.labels[0]}'" in str(result.withheld)


def test_seed_and_order_of_rows():
    _, table, _, bounds = pair()
    order = np.random.default_rng(0).permutation(len(table))
    first = compare(*bounds, seed=1, held_out=True).frame()
    same = compare(*(b.take(order) for b in bounds), seed=1, held_out=True).frame()
    pd.testing.assert_frame_equal(first, same, rtol=1e-9)


# ---- the verdict


def judged(low, high, held_out=True, name="log_loss", null=1.0):
    """A margin of 0.01 at null 1."""
    nothing = (0.0, 0.0, 0.0, 0.0)
    metric = Metric(name, nothing, nothing, ((low + high) / 2, 0.001, low, high))
    return Performance((metric,), 100, 0, held_out, null, None)


@pytest.mark.parametrize(
    ("low", "high", "status", "resolved"),
    [
        (-0.050, -0.020, "better", "better"),  # wholly beyond the margin
        (-0.050, -0.005, "better", "better"),  # excludes zero and reaches past the margin
        (-0.009, -0.001, "equivalent", "better"),  # excludes zero, too small to matter
        (-0.009, 0.009, "equivalent", "no"),
        (0.001, 0.009, "equivalent", "worse"),
        (0.005, 0.050, "worse", "worse"),
        (0.020, 0.050, "worse", "worse"),
        (-0.050, 0.005, "not_resolved", "no"),
        (-0.005, 0.050, "not_resolved", "no"),
        (-0.050, 0.050, "not_resolved", "no"),
        (0.000, 0.050, "not_resolved", "no"),  # zero itself is not excluded
        (0.000, 0.000, "equivalent", "no"),
        (math.nan, math.nan, "not_resolved", "no"),
    ],
)
def test_precedence_of_the_verdict(low, high, status, resolved):
    assert judged(low, high).status == status
    assert judged(low, high).metrics[0].resolved == resolved
    assert judged(low, high, held_out=False).status == "not_assessed"


def test_of_a_gain_higher_is_better():
    assert judged(0.02, 0.05, name="auc").metrics[0].resolved == "better"
    assert judged(-0.05, -0.02, name="r2").metrics[0].resolved == "worse"
    assert judged(-0.05, -0.02, name="accuracy").metrics[0].resolved == "worse"
    assert judged(-0.05, -0.02, name="brier").metrics[0].resolved == "better"


@pytest.mark.parametrize("margin", [0.01, 0.03])
@pytest.mark.parametrize(
    ("value", "low", "high"), [(-0.004, -0.05, 0.03), (0.0, -0.05, 0.05), (0.013, -0.02, 0.05), (0.02, -0.001, 0.03)]
)
def test_rows_that_would_resolve_the_verdict_are_the_fewest(value, low, high, margin):
    """By hand: the interval shrinks by the root of the number of rows until the verdict is one."""
    needed = rows_to_resolve(value, low, high, margin, 250)

    def status(rows):
        shrunk = math.sqrt(250 / rows)
        return judged(value - (value - low) * shrunk, value + (high - value) * shrunk, null=100 * margin).status

    assert status(250) == status(needed - 1) == "not_resolved"
    assert status(needed) in {"equivalent", "better", "worse"}


def test_rows_are_only_counted_for_a_verdict_that_is_open():
    open_, closed, none = judged(-0.05, 0.03), judged(-0.05, -0.03), judged(math.nan, math.nan)
    assert open_.rows_needed == pytest.approx(1600, abs=1)  # four times as close to reach zero
    assert (closed.rows_needed, none.rows_needed) == (None, None)
    assert judged(-0.05, 0.03, held_out=False).rows_needed is None


def test_the_margin_is_the_users():
    _, _, _, bounds = pair()
    wide = compare(*bounds, held_out=True, margin=50.0)
    assert (wide.margin, wide.status) == (50.0, "equivalent")
    for wrong in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(TabinterpError, match="the margin must be a positive number"):
            compare(*bounds, held_out=True, margin=wrong)


def test_frame_has_one_row_a_metric():
    _, _, _, bounds = pair()
    frame = compare(*bounds, held_out=True).frame()
    assert frame["metric"].tolist() == ["log_loss", "auc", "average_precision", "brier", "accuracy"]
    training = ("network_training", "network_gap", "linear_training", "linear_gap")
    parts = [
        f"{part}{what}"
        for part in ("network", "linear", "difference", *training)
        for what in ("", "_stderr", "_low", "_high")
    ]
    assert list(frame.columns) == ["metric", *parts, "resolved"]
    known = [name for name in frame.columns if name.startswith(training)]
    assert frame.drop(columns=known).notna().all(axis=None)
    assert frame[known].isna().all(axis=None)  # no training rows were given


# ---- training rows next to held-out rows


def halves(task="binary", n=400, weighted=False, **more):
    """A table whose rows are held out every second row of twenty, and both models, fitted to the others."""
    frame = cases.mixed_frame(n, 5, task)
    frame["team"], frame["part"] = np.arange(n) // 10, np.where(np.arange(n) // 10 % 2 == 0, "train", "test")
    frame = frame if "group" in more else frame.drop(columns="team")
    table = cases.mixed_table(frame, task, weighted, split="part", **more)
    seen = frame[~table.held_out]
    models = cases.network_pipeline(seen, task), cases.linear_pipeline(seen, task)
    return frame, table, [ti.wrap(m) for m in models]


@pytest.mark.parametrize(
    ("task", "weighted"), every_nth(2, [("multiclass", True), ("regression", True), ("binary", False)])
)
def test_metrics_on_training_rows_are_those_of_a_table_of_training_rows(task, weighted):
    frame, table, models = halves(task, weighted=weighted)
    found = ti.performance(models[0], table, models[1])
    sides = [
        cases.mixed_table(frame[side].drop(columns="part").reset_index(drop=True), task, weighted)
        for side in (table.held_out, ~table.held_out)
    ]
    held_out, seen = (compare(*(bind(m, side) for m in models), held_out=True) for side in sides)
    assert (found.training.rows, found.training.held_out_rows) == (len(sides[1]), len(sides[0]))
    assert [gap.name for gap in found.training.metrics] == [metric.name for metric in found.metrics]
    for gap, own, other in zip(found.training.metrics, held_out.metrics, seen.metrics, strict=True):
        for model in ("network", "linear"):
            first, second = getattr(own, model), getattr(other, model)
            assert getattr(gap, model) == pytest.approx(second, abs=1e-9)
            value, stderr, low, high = getattr(gap, f"{model}_gap")
            assert value == pytest.approx(first[0] - second[0], abs=1e-9)
            if gap.name != "average_precision":  # of fewer than 100 positive rows it has no interval
                assert stderr == pytest.approx(math.hypot(first[1], second[1]), abs=1e-9)
                assert (low + high) / 2 == pytest.approx(value)


@pytest.mark.parametrize(
    ("held_out", "training", "weight"), [(100, 100, 1.0), (99, 150, 1.0), (150, 99, 1.0), (120, 120, 9.0)]
)
def test_average_precision_of_few_positive_rows_leaves_the_gap_without_interval(held_out, training, weight):
    """Of heavy rows as many count as say as much: of 120, of which every second weighs 9 times as much, 73."""
    y = np.concatenate([np.repeat([1, 0], [one, 300 - one]) for one in (held_out, training)])
    frame = pd.DataFrame({"x": y + np.random.default_rng(0).normal(size=600), "y": y})
    frame["part"], frame["w"] = np.repeat(["test", "train"], 300), np.where(np.arange(600) % 2 == 0, weight, 1.0)
    table = ti.read_table(frame, target="y", positive=1, split="part", weight="w")
    model = ti.wrap(LogisticRegression().fit(frame[["x"]], frame["y"]))
    gaps = {one.name: one.network_gap for one in ti.performance(model, table, model).training.metrics}
    few = min(held_out, training) < 100 or weight > 1
    assert [name for name, gap in gaps.items() if np.isnan(gap[1])] == ["average_precision"] * few
    assert np.isfinite([gap[0] for gap in gaps.values()]).all()


def test_the_gap_of_a_mean_loss_has_welchs_interval():
    """SciPy's, where the losses are as long-tailed as normal ones are: the kurtosis of the influences costs no degrees then."""
    one, other = np.random.default_rng(2).uniform(size=(2, 60)) * [[1.0], [3.0]]
    other = other[:25]
    found = of_two_samples(*(mean(values, np.ones(len(values))) for values in (one, other)))
    expected = stats.ttest_ind(one, other, equal_var=False)
    interval = expected.confidence_interval()
    assert found == pytest.approx(
        (one.mean() - other.mean(), (one.mean() - other.mean()) / expected.statistic, interval.low, interval.high)
    )


def mixed_halves(task: str, weighted: bool = False):
    """Teams have rows on both sides of the split; that of the last rows is missing: they stand alone."""
    frame, _, models = halves(task, n=800, group="team")
    frame["team"] = np.arange(800) // 4
    frame["part"] = np.where(np.random.default_rng(0).random(len(frame)) < 0.5, "train", "test")
    frame["team"] = frame["team"].astype(float).where(frame["team"] < 197)
    return cases.mixed_table(frame, task, weighted, split="part", group="team"), models


@pytest.mark.parametrize(("task", "weighted"), every_nth(2, [("binary", True), ("binary", False), ("count", True)]))
def test_groups_on_both_sides_of_the_split_are_one_draw(task, weighted):
    """Gaps of means have statsmodels' clustered errors, those of all metrics the jackknife's over groups, to first order."""
    table, models = mixed_halves(task, weighted)
    found = ti.performance(models[0], table, models[1]).training.metrics
    bounds = [bind(model, table) for model in models]
    held, groups, w = table.held_out, table.groups, table.row_weights
    units = len(np.unique(groups))
    assert units == 197 + 12
    scores = np.stack([one.scores for one in bounds])

    def gaps(rows):
        sides = [measures(task, scores[:, side], table.y[side], w[side], None) for side in (rows & held, rows & ~held)]
        return {
            name: [a.value - b.value for a, b in zip(sides[0][name], sides[1][name], strict=True)] for name in sides[0]
        }

    without = [gaps(groups != one) for one in range(units)]
    for gap in found:
        left_out = np.array([one[gap.name] for one in without])
        errors = np.sqrt((units - 1) / units * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
        for (value, stderr, low, high), whole, error in zip(
            (gap.network_gap, gap.linear_gap), gaps(np.ones(len(held), dtype=bool))[gap.name], errors, strict=True
        ):
            assert value == pytest.approx(whole)
            assert stderr == pytest.approx(error, rel=0.05)
            assert low + high == pytest.approx(2 * value)
            assert (high - low) / 2 >= stats.t.ppf(0.975, units - 1) * stderr * (1 - 1e-9)
    values = loss_for(None, task).each(scores, table.y, "cpu")[0]
    fit = sm.WLS(values, sm.add_constant(held.astype(float)), w).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    assert found[0].network_gap[1] == pytest.approx(fit.bse[1] * np.sqrt(units / (units - 1)))


@pytest.mark.parametrize("units", [9, 10])
def test_a_side_of_fewer_than_ten_groups_leaves_the_gap_without_interval(units):
    group = np.arange(400) // 10
    sides = [np.arange(400) % 2 == 0, (np.arange(400) % 2 == 1) & (group < units)]
    values = np.random.default_rng(0).normal(size=400)
    for one, other in (sides, sides[::-1]):
        found = of_two_samples(*(mean(values[side], np.ones(side.sum()), group[side]) for side in (one, other)))
        assert np.isfinite(found).all() == (units == 10)
        assert np.isfinite(found[0])


def test_an_overfitted_network_has_a_gap():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(300, 8)), columns=[*"abcdefgh"]).assign(y=draw.integers(0, 2, 300))
    table = ti.read_table(frame, target="y", split=0.5)
    seen = frame[~table.held_out]
    training = ti.performance(ti.wrap(overfitted(seen)), table).training
    gaps = {gap.name: gap for gap in training.metrics}
    assert gaps["accuracy"].network[0] == 1.0
    assert gaps["accuracy"].network_gap[3] < -0.3
    assert gaps["log_loss"].network_gap[2] > 0


def overfitted(seen):
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    network = MLPClassifier((60,), solver="lbfgs", alpha=0.0, max_iter=2000, random_state=0)
    return network.fit(seen[[*"abcdefgh"]], seen["y"])


def test_without_training_rows_the_reason_is_given():
    frame, table, _, bounds = pair(n=100)
    assert ti.performance(bounds[0], table, bounds[1]).training.unknown.key == "why.performance.training.split"
    audit = ti.audit(bounds[0].model, table, counterpart=bounds[1].model, rows=20, analyses=[])
    assert audit.document.performance.training is None
    reasons = [note.values["reason"] for note in audit.document.not_assessed if note.key == "not_assessed.reading"]
    assert "why.performance.training.split" in [reason.key for reason in reasons]
    few = frame.drop(columns="team").assign(part=np.where(np.arange(100) < 6, "train", "test"))
    short = cases.mixed_table(few, split="part")
    assert (
        ti.performance(bounds[0].model, short, bounds[1].model).training.unknown.key == "why.performance.training.rows"
    )
    rare = cases.mixed_table(few.assign(part=np.where(np.arange(100) < 30, "train", "test")), split="part")
    assert ti.performance(bounds[0].model, rare, bounds[1].model).training.unknown.key == "why.events"


# ---- what the network knows, and classes in another order


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", cases.TASKS)
def test_skill_is_the_loss_of_knowing_nothing_less_the_networks(task, weighted):
    frame, _, models, (network, linear) = pair(task, weighted)
    result = compare(network, linear, held_out=True)
    w = frame["w"].to_numpy() if weighted else np.ones(len(frame))
    y = frame["y"]
    if task in ("regression", "count"):
        said = models[0].predict(frame[cases.INPUTS])
        deviance = metrics.mean_poisson_deviance if task == "count" else metrics.mean_squared_error
        nothing = np.full(len(y), np.average(y, weights=w))
        each = np.array([deviance([a], [c]) - deviance([a], [b]) for a, b, c in zip(y, said, nothing, strict=True)])
    else:
        p = models[0].predict_proba(frame[cases.INPUTS])
        shares = [w[y == label].sum() / w.sum() for label in models[0].classes_]
        place = [list(models[0].classes_).index(label) for label in y]
        each = np.log(p[np.arange(len(y)), place]) - np.log(np.array(shares)[place])
    value = np.average(each, weights=w)
    share = w / w.sum()
    stderr = np.sqrt(len(y) / (len(y) - 1) * (share**2 * (each - value) ** 2).sum())
    half = stats.t.ppf(0.975, len(y) - 1) * stderr
    assert result.skill == pytest.approx((value, stderr, value - half, value + half), rel=1e-4)


def test_skill_of_groups_has_an_error_over_groups():
    frame, _, models, (network, linear) = pair(group="team")
    result = compare(network, linear, held_out=True)
    p = models[0].predict_proba(frame[cases.INPUTS])
    place = [list(models[0].classes_).index(label) for label in frame["y"]]
    shares = frame["y"].value_counts(normalize=True)
    each = np.log(p[np.arange(len(frame)), place]) - np.log(frame["y"].map(shares).to_numpy())
    summed = pd.Series(each - each.mean()).groupby(frame["team"]).sum() / len(frame)
    count = frame["team"].nunique()
    stderr = np.sqrt(count / (count - 1) * (summed**2).sum())
    half = stats.t.ppf(0.975, count - 1) * stderr
    assert result.skill == pytest.approx((each.mean(), stderr, each.mean() - half, each.mean() + half), rel=1e-4)


def ordered(shares, order, n=600, seed=0):
    """A network that tells the classes well, its outputs in this order."""
    draw = np.random.default_rng(seed)
    codes = draw.choice(len(shares), n, p=shares)
    x = 2.5 * np.eye(len(shares))[codes] + draw.normal(size=(n, len(shares)))
    names = [f"x{i}" for i in range(len(shares))]
    frame = pd.DataFrame(x, columns=names).assign(y=np.array(list("abcd"))[codes])
    table = ti.read_table(frame, target="y")
    prior = np.log(shares)
    model = ti.wrap(
        lambda rows: (2.5 * rows[names].to_numpy() + prior)[:, order],
        classes=list("abcd"[: len(shares)]),
        outputs="logits",
    )
    return bind(model, table)


def test_predicted_classes_in_another_order_are_found():
    network = ordered([0.4, 0.3, 0.3], [1, 2, 0])
    found = compare(network, network, held_out=True).swapped
    assert dict(zip(found.predicted, found.happened, strict=True)) == {"a": "b", "b": "c", "c": "a"}
    assert found.gain[2] > 0.3
    two = ordered([0.4, 0.3, 0.2, 0.1], [0, 2, 1, 3])
    found = compare(two, two, held_out=True).swapped
    assert dict(zip(found.predicted, found.happened, strict=True)) == {"b": "c", "c": "b"}


def test_classes_in_their_order_are_not_said_to_be_swapped():
    """Also where a class is rare, and where the network knows nothing."""
    for seed in range(8):
        for network in (
            ordered([0.95, 0.035, 0.015], [0, 1, 2], 1500, seed),
            ordered([0.4, 0.3, 0.3], [0, 1, 2], 300, seed),
        ):
            assert compare(network, network, held_out=True).swapped is None
