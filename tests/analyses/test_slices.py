"""Groups of rows: which there are, their means beside statsmodels', what is found among many, and the general comparison."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

import tabinterp as ti
from tabinterp.analyses.clustered_means import mean_of, share_of
from tabinterp.analyses.slices.estimator import RATE, compared, groups_of, slices
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases
from tests.shared import every_nth


@functools.cache
def both(task: str = "binary", weighted: bool = False):
    frame = cases.mixed_frame(900, task=task)
    table = cases.mixed_table(frame, task, weighted, split=0.5, protected=["grade"])
    network = bind(ti.wrap(cases.network_pipeline(frame, task)), table)
    return network, bind(ti.fit_counterpart(network, table), table)


def test_groups_are_levels_quarters_and_what_is_missing():
    network, _ = both()
    table = network.table
    found = {(g.column, g.kind, g.level): g for g in groups_of(table, 10)}
    assert next(iter(found))[0] == "grade"  # protected first
    frame = table.frame
    for name in ("city", "grade", "member"):
        for level, count in frame[name].value_counts().items():
            assert found[name, "level", str(level)].rows.sum() == count
    np.testing.assert_array_equal(found["city", "missing", None].rows, frame["city"].isna())
    quarters = [g for g in groups_of(table, 10) if g.column == "income"]
    assert [g.kind for g in quarters] == ["at_most", "between", "between", "above"]
    assert all(abs(g.rows.sum() - len(table) / 4) < 10 for g in quarters)  # edges are rounded: ten rows share each
    np.testing.assert_array_equal(sum(g.rows.astype(int) for g in quarters), np.ones(len(table)))
    for group in quarters:
        inside = frame["income"][group.rows]
        assert group.low is None or inside.min() > group.low
        assert group.high is None or inside.max() <= group.high
    assert all(g.rows.sum() >= 200 for g in groups_of(table, 200))


def test_two_columns_of_the_same_rows_are_one_group():
    frame = pd.DataFrame({"a": ["x", "y"] * 60, "b": ["u", "v"] * 60, "y": np.arange(120.0)})
    table = ti.read_table(frame, target="y", protected=["b"])
    assert [(g.column, g.level) for g in groups_of(table, 50)] == [("b", "u"), ("b", "v")]


@pytest.mark.parametrize("weighted", [False, True])
def test_means_are_those_of_a_regression_with_clustered_errors(weighted):
    rng = np.random.default_rng(1)
    n = 400
    values, group, mask = rng.normal(size=n), rng.integers(0, 60, n), rng.random(n) < 0.4
    values = values + 0.5 * mask + rng.normal(size=60)[group]
    w = rng.integers(1, 4, n).astype(float) if weighted else np.ones(n)
    (found,) = compared([mask], values, w, group)
    inside = mean_of(values[mask], w[mask], group[mask])
    design = sm.add_constant(mask.astype(float))
    cluster = {"cov_type": "cluster", "cov_kwds": {"groups": group, "use_correction": False}}
    theirs = sm.WLS(values, design, weights=w).fit(**cluster)
    assert found.against_rest[0] == pytest.approx(theirs.params[1])
    alone = sm.WLS(values[mask], np.ones(mask.sum()), weights=w[mask]).fit(
        cov_type="cluster", cov_kwds={"groups": group[mask], "use_correction": False}
    )
    count = len(np.unique(group[mask]))
    assert found.inside[:2] == pytest.approx((alone.params[0], alone.bse[0] * np.sqrt(count / (count - 1))))
    assert inside[:2] == pytest.approx(found.inside[:2])
    everyone = len(np.unique(group))
    assert found.against_rest[1] == pytest.approx(theirs.bse[1] * np.sqrt(everyone / (everyone - 1)))


def test_what_is_found_is_found_by_benjamini_and_hochberg():
    rng = np.random.default_rng(2)
    values, weights, group = rng.normal(size=3000), np.ones(3000), np.arange(3000)
    masks = [rng.random(3000) < 0.1 for _ in range(40)]
    for mask in masks[:6]:
        values[mask] += 0.3
    found = compared(masks, values, weights, group)
    z = np.array([one.inside[0] / one.inside[1] for one in found])
    p = 2 * stats.t.sf(np.abs(z), np.array([mask.sum() - 1 for mask in masks]))
    reject, q, *_ = multipletests(p, RATE, "fdr_bh")
    np.testing.assert_allclose([one.q for one in found], q)
    excludes = [one.inside[2] > 0 or one.inside[3] < 0 for one in found]
    np.testing.assert_array_equal(excludes, reject)
    assert reject[:6].all()
    level = 1 - RATE * reject.sum() / len(masks)
    ends = stats.t.interval(level, masks[0].sum() - 1, *found[0].inside[:2])
    assert found[0].inside[2:] == pytest.approx(ends)


@pytest.mark.nightly
def test_nothing_is_found_where_nothing_is():
    """Over many drawn tables the share in which anything is found stays near the rate: all groups have the mean zero."""
    rng = np.random.default_rng(3)
    weights, group, hits = np.ones(500), np.arange(500), 0
    masks = [np.arange(500) % 10 == i for i in range(10)]
    for _ in range(400):
        hits += any(one.q <= RATE for one in compared(masks, rng.normal(size=500), weights, group))
    assert 0.02 < hits / 400 < 0.09


def test_too_few_rows_or_groups_of_rows_say_nothing():
    values, weights = np.arange(60.0), np.ones(60)
    few, many = compared([np.arange(60) < 9, np.arange(60) < 30], values, weights, np.arange(60))
    assert np.isnan(few.inside[2])
    assert np.isfinite(many.inside[2])
    (clustered,) = compared([np.arange(60) < 30], values, weights, np.arange(60) // 10)
    assert np.isnan(clustered.inside[2])
    assert np.isnan(share_of(values[:9] > 3, weights[:9], np.arange(9))).all()


def test_a_share_of_rows_that_are_all_alike_has_an_interval_whatever_their_weights():
    """Wilson with Kish's effective number of rows, also where the mean of ones is not quite 1 in floating point."""
    weights = np.random.default_rng(0).uniform(0.5, 2, 60).round(2)
    assert mean_of(np.ones(60), weights, np.arange(60))[1] > 0  # rounding alone
    size = weights.sum() ** 2 / (weights**2).sum()
    low, high = proportion_confint(size, size, method="wilson")
    value, _, *ends = share_of(np.ones(60), weights, np.arange(60))
    assert value == 1
    np.testing.assert_allclose(ends, [low, high], rtol=1e-12)


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_differences_are_of_the_losses_on_held_out_rows(task):
    network, linear = both(task, weighted=True)
    found, table = slices(network, linear, 0.01), network.table.take(network.table.held_out)
    assert found.rows == len(table)
    scores = [b.scores[network.table.held_out] for b in (network, linear)]

    def loss(s: np.ndarray) -> np.ndarray:
        y = table.y
        if task == "binary":
            return np.logaddexp(0, np.where(y > 0, -1, 1) * s[:, 0])
        if task == "multiclass":
            return np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(s)), y.astype(int)]
        if task == "regression":
            return (s[:, 0] - y) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            return 2 * (np.where(y > 0, y * (np.log(y) - s[:, 0]), 0) - y + np.exp(s[:, 0]))

    gap = loss(scores[0]) - loss(scores[1])
    for one in found.slices:
        rows = one.group.rows
        assert one.rows == rows.sum() >= 50
        assert one.difference[0] == pytest.approx(np.average(gap[rows], weights=table.weights[rows]), abs=1e-6)
    assert list(found.frame()["difference"]) == sorted(found.frame()["difference"], reverse=True)


def test_a_group_in_which_the_network_was_spoilt_is_found():
    """The score of the network is turned round in one city: there, and there alone, the linear model is better."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=2000), "city": rng.choice(["bern", "oslo", "rome"], 2000)})
    frame["y"] = np.where(frame["a"] + rng.logistic(size=2000) > 0, "yes", "no")
    table = ti.read_table(frame, target="y", positive="yes", split=0.5)

    def spoilt(rows: pd.DataFrame) -> np.ndarray:
        return 1 / (1 + np.exp(-np.where(rows["city"] == "oslo", -1.0, 1.0) * rows["a"].to_numpy()))

    network = bind(ti.wrap(spoilt, classes=["no", "yes"]), table)
    fair = bind(ti.wrap(lambda rows: 1 / (1 + np.exp(-rows["a"].to_numpy())), classes=["no", "yes"]), table)
    found = slices(network, fair, 0.007)
    first = found.slices[0]
    assert (first.group.column, first.group.level, first.status, first.unlike) == ("city", "oslo", "worse", True)
    others = [one for one in found.slices if one.group.column == "city"][1:]
    assert {one.status for one in others} == {"equivalent"}


def test_without_held_out_rows_there_is_nothing_to_compare():
    frame = cases.mixed_frame(100)
    bound = bind(ti.wrap(cases.linear_pipeline(frame)), cases.mixed_table(frame))
    with pytest.raises(NotApplicableError, match="compared on held-out rows, but the table has no split"):
        slices(bound, bound, 0.01)


@pytest.mark.parametrize("sigma", every_nth(3, [0.0, 1.0, 2.0]))
def test_means_of_rows_of_unequal_weight_cover_with_the_degrees_of_freedom_of_fewer_rows(sigma):
    """With one degree of freedom less than rows, 81% of the intervals covered at weights as unequal as the last."""
    rng, held, given = np.random.default_rng(0), 0, 0
    for _ in range(1500):
        weights, values = np.exp(sigma * rng.normal(size=60)), rng.normal(size=60)
        _, _, low, high = mean_of(values, weights, np.arange(60))
        given += np.isfinite(low)
        held += low <= 0 <= high
    assert given > 300
    assert held / given > 0.9
    if sigma == 0:
        _, _, low, high = mean_of(values, weights, np.arange(60))
        assert (low, high) == pytest.approx(stats.t.interval(0.95, 59, values.mean(), stats.sem(values)))


def test_a_group_whose_weight_lies_on_few_rows_has_no_interval():
    values, weights = np.random.default_rng(1).normal(size=200), np.where(np.arange(200) < 105, 0.0, 1.0)
    mask = np.arange(200) < 110  # of these, five rows have weight
    inside, outside = compared([mask, ~mask], values, weights, np.arange(200))
    assert np.isnan(inside.inside[1:]).all()
    assert np.isnan(inside.q)
    assert np.isfinite(outside.inside[1:]).all()
