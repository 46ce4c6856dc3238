"""Intervals for few rows, rare events and groups, against slow derivations: jackknife, derivatives, roots, dense sums."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import optimize, stats
from sklearn.compose import make_column_transformer
from sklearn.metrics import average_precision_score
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti
from tabinterp.analyses.groups.grouped_moments import merge, moments, of_share
from tabinterp.stats.discrimination import average_precision, mean, ratio
from tabinterp.stats.estimates import effective_df
from tabinterp.stats.group_contrasts import mover_ratio, ratio_of, wilson


@pytest.mark.parametrize("law", [stats.norm(), stats.laplace(), stats.gamma(2)])
def test_degrees_of_freedom_are_those_of_the_variance_of_a_sample_variance(law):
    """A variance with d degrees of freedom has itself the variance 2 / d, relative to its square."""
    n, draws = 60, np.random.default_rng(0)
    spread = law.rvs((40_000, n), random_state=draws).var(axis=1, ddof=1)
    whole = law.rvs(2_000_000, random_state=draws)
    df = effective_df(whole - whole.mean(), len(whole)) * (n - 1) / (len(whole) - 1)
    assert 2 / df == pytest.approx(spread.var() / spread.mean() ** 2, rel=0.06)


def test_equal_influences_leave_all_degrees_of_freedom_and_a_single_row_almost_none():
    assert effective_df(np.tile([1.0, -1.0], 20), 40) == 39
    assert effective_df(np.zeros(40), 40) == 39
    assert effective_df(np.r_[39.0, -np.ones(39)], 40) < 2.2


@pytest.mark.parametrize("ties", [False, True])
def test_influence_on_average_precision_is_its_derivative_by_the_weight(ties):
    draws = np.random.default_rng(1)
    score, weights = draws.normal(size=60), draws.uniform(0.5, 3, 60)
    score = score.round(0) if ties else score
    y = (draws.random(60) < 0.4).astype(float)
    found = average_precision(score, y, weights)
    assert found.value == pytest.approx(average_precision_score(y, score, sample_weight=weights), abs=1e-12)
    for i in range(60):
        step = 1e-5 * (np.arange(60) == i)
        up, down = (average_precision_score(y, score, sample_weight=weights + sign * step) for sign in (1, -1))
        assert found.influence[i] / 60 == pytest.approx(weights[i] * (up - down) / 2e-5, abs=1e-7)


@pytest.mark.parametrize("grouped", [False, True])
def test_ends_of_a_ratio_are_where_the_difference_is_just_significant(grouped):
    draws = np.random.default_rng(2)
    groups = np.repeat(np.arange(30), 4) if grouped else None
    first = draws.normal(1, 1, 120) + (0 if groups is None else draws.normal(0, 1, 30)[groups])
    second = 0.5 * first + draws.normal(1.5, 1, 120)
    weights = np.ones(120)
    value, _, low, high = ratio(*(mean(one, weights, groups) for one in (first, second)))
    df = mean(first - value * second, weights, groups).effective_df

    def excess(r):
        apart = mean(first - r * second, weights, groups)
        return abs(apart.value) / apart.stderr - stats.t.ppf(0.975, df)

    ends = [optimize.brentq(excess, *sorted((value, value + sign * 2))) for sign in (-1, 1)]
    assert [low, high] == pytest.approx(ends, rel=1e-7)


def test_a_ratio_to_what_may_be_zero_has_no_interval():
    draws = np.random.default_rng(3)
    one, other = (mean(draws.normal(size=50), np.ones(50)) for _ in range(2))
    assert np.isnan(ratio(one, other)[2:]).all()


# ---- shares of groups of people


def shares(n=240, count=40):
    """Rows of 40 households, most of which have members of both groups: codes, selected, household."""
    draws = np.random.default_rng(4)
    household = draws.integers(0, count, n)
    codes = draws.integers(0, 2, n)
    selected = (draws.normal(size=count)[household] + draws.normal(size=n) > 0).astype(float)
    return codes, selected, household


def test_groups_that_share_households_have_correlated_errors():
    codes, selected, household = shares()
    one, other = (moments(codes, 2, selected, None, household).share(i) for i in (0, 1))
    sums = np.zeros((40, 2))
    for i in (0, 1):
        np.add.at(sums[:, i], household, (codes == i) * (selected - selected[codes == i].mean()))
    expected = sums[:, 0] @ sums[:, 1] / np.sqrt((sums**2).sum(axis=0).prod())
    assert one.correlation(other) == pytest.approx(other.correlation(one)) == pytest.approx(expected)
    assert expected > 0.2
    independent = mover_ratio(*((s.value, *ends(s)) for s in (one, other)))
    value, stderr, low, high = ratio_of(one, other)
    assert independent[0] < low < value < high < independent[1]
    logs = [(codes == i) * (selected - s.value) / (codes == i).sum() / s.value for i, s in enumerate((one, other))]
    together = np.bincount(household, logs[0] - logs[1], 40)
    assert stderr / value == pytest.approx(np.sqrt(40 / 39 * together @ together), rel=0.03)


def ends(share):
    return tuple(map(float, wilson(share.value, share.size, share.critical())))


def test_sums_over_households_merge():
    codes, selected, household = shares()
    weights = np.random.default_rng(5).uniform(1, 3, len(codes))
    whole = moments(codes, 2, selected, weights, household)
    first = household < 20
    parts = [moments(codes[at], 2, selected[at], weights[at], household[at]) for at in (first, ~first)]
    both = merge(*parts)
    for name in ("mean", "spread", "joint", "linear"):
        np.testing.assert_allclose(getattr(both, name), getattr(whole, name), rtol=1e-9, atol=1e-9)


def test_weighted_share_has_the_linearised_error():
    """Heavy rows that are selected more often: Kish's number of rows does not know of it."""
    draws = np.random.default_rng(6)
    weights = np.where(draws.random(400) < 0.4, 5.0, 1.0)
    selected = draws.random(400) < np.where(weights > 1, 0.8, 0.3)
    sums = [np.array([[(one * (selected == side)).sum() for side in (0, 1)]]) for one in (weights, weights**2)]
    rows = np.array([[(~selected).sum(), selected.sum()]])
    share = of_share(rows, *sums, weighted=True).share(0)
    p = np.average(selected, weights=weights)
    expected = np.sqrt((weights**2 * (selected - p) ** 2).sum()) / weights.sum()
    again = moments(np.zeros(400, dtype=int), 1, selected.astype(float), weights).share(0)
    assert (again.value, again.stderr) == pytest.approx((share.value, share.stderr))
    assert share.value == pytest.approx(p)
    assert share.stderr == pytest.approx(expected)
    kish = np.sqrt(p * (1 - p) * (weights**2).sum()) / weights.sum()
    assert abs(expected / kish - 1) > 0.05


# ---- sizes of gradients


@pytest.mark.parametrize("grouped", [pytest.param(False, marks=pytest.mark.nightly), True])
def test_error_of_the_mean_size_of_gradients_is_that_of_the_jackknife(grouped):
    """Leaving out a row, or a group of rows, moves the columns' standard deviations as well; levels are a block of columns."""
    draws = np.random.default_rng(7)
    torch.manual_seed(0)
    n, count = 160, 40
    team = np.repeat(np.arange(count), n // count)
    x = draws.normal(size=(n, 2)) + draws.normal(size=(count, 2))[team]
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(c=np.array(list("uvw"))[draws.integers(0, 3, n)])
    frame["y"], frame["team"] = x[:, 0] + draws.normal(size=n), team
    model = pipeline(frame)

    def sizes(kept):
        table = ti.read_table(
            frame.iloc[kept] if grouped else frame.iloc[kept].drop(columns="team"),
            target="y",
            task="regression",
            group="team" if grouped else None,
        )
        return ti.gradient_importance(model, table, method="saliency").size()

    everyone = np.arange(n)
    unit = team if grouped else everyone
    found = sizes(everyone)
    left = np.array([sizes(everyone[unit != i]).value[:, 0] for i in np.unique(unit)])
    units = len(left)
    error = np.sqrt((units - 1) * ((left - left.mean(axis=0)) ** 2).mean(axis=0))
    np.testing.assert_allclose(found.stderr[:, 0], error, rtol=0.06)


def pipeline(frame):
    """A small network behind an encoder of numbers and levels."""
    encoder = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(), ["c"])).fit(
        frame[["a", "b", "c"]]
    )
    module = torch.nn.Sequential(torch.nn.Linear(5, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))
    for layer in (module[0], module[2]):
        layer.weight.data *= 2
    return ti.wrap(module, encoder=encoder, task="regression")
