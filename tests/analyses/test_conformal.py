"""Conformal prediction beside MAPIE, scipy and resampled rows; coverage under true models and where outcomes vary more."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from mapie.conformity_scores.sets.aps import APSConformityScore
from mapie.regression import SplitConformalRegressor
from scipy import stats
from scipy.optimize import brentq
from scipy.stats.mstats import hdquantiles
from sklearn.compose import ColumnTransformer

import tabinterp as ti
from tabinterp.analyses.clustered_means import spread
from tabinterp.analyses.conformal.estimator import (
    LEVEL,
    Intervals,
    Threshold,
    _assumed_covered,
    _rounded,
    adaptive,
    conformal,
    nonconformity,
)
from tabinterp.analyses.performance.estimator import groups
from tabinterp.analyses.slices.estimator import Group, family, groups_of
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tabinterp.models.scores import probabilities
from tabinterp.table.folds import dealt
from tabinterp.table.hash_sampling import row_hash, uniform
from tests import cases


@functools.cache
def fitted(task: str):
    frame = cases.mixed_frame(900, task=task)
    table = cases.mixed_table(frame, task, split=0.5)
    return table, cases.network_pipeline(frame, task), cases.linear_pipeline(frame, task)


@functools.cache
def both(task: str):
    table, *pipelines = fitted(task)
    rows = table.evaluation_rows()
    return tuple(bind(ti.wrap(one), rows) for one in pipelines)


def three(task: str):
    network, linear = both(task)
    return network, network.table, linear


def by_hand(y, x=None, scores=None, task="regression", **more):
    """A network and a worse model whose scores are columns, on held-out rows; further columns are inputs or have a role."""
    frame = pd.DataFrame({"score": scores, "x": np.arange(len(y)) if x is None else x, "y": y} | more)
    roles = {role: name for role, name in (("weight", "w"), ("group", "g")) if name in more}
    roles |= {"positive": "yes"} if task == "binary" else {}
    train = frame.iloc[:20].assign(split="train")
    if "g" in more:
        train["g"] = [f"t{i}" for i in range(20)]
    frame = pd.concat([train, frame.assign(split="test")], ignore_index=True)
    table = ti.read_table(frame, target="y", task=task, split="split", **roles)
    rows = table.evaluation_rows()
    encoder = ColumnTransformer([("score", "passthrough", ["score"])]).fit(rows.inputs)
    kind = {"task": task} if task != "binary" else {"classes": ["no", "yes"]}
    kind |= {"outputs": "log_rate"} if task == "count" else {}
    return tuple(bind(ti.wrap(cases.affine([slope]), encoder=encoder, **kind), rows) for slope in (1.0, 0.5))


# ---- nonconformity, thresholds and coverage


def test_intervals_are_those_of_mapie():
    table, *pipelines = fitted("regression")
    rows = table.evaluation_rows()
    half = dealt(rows, 3 + 7, 2)
    assert abs(np.diff(np.bincount(half))[0]) <= 1
    for bound, pipeline in zip(both("regression"), pipelines, strict=True):
        found, strange = Intervals.of(bound, half, 3), np.abs(rows.y - bound.scores[:, 0])
        for k in (0, 1):
            mapie = SplitConformalRegressor(pipeline, confidence_level=0.9, prefit=True)
            mapie.conformalize(rows.inputs[half != k], rows.y[half != k])
            _, ends = mapie.predict_interval(rows.inputs[half == k])
            low, high = ends[:, :, 0].T
            exact = Threshold.of(strange, 1.0 * (half != k)).exact
            np.testing.assert_allclose(nonconformity(bound, rows.y)[1](np.full(len(low), exact)), high - low, rtol=1e-4)
            own = found.covered.value[half == k] > 0
            assert (own != ((rows.y[half == k] >= low) & (rows.y[half == k] <= high))).sum() <= 1  # a row on its end
    told = conformal(*three("regression"), seed=3)
    covered = Intervals.of(both("regression")[0], half, 3).covered.value
    assert told.slices
    for one in told.slices:  # the halves, and which threshold is whose, are those of the audit
        others = int((covered[~one.group.rows] == 0).sum())
        more = max(10 - others, 0) if len([s for s in told.slices if s.group.column == one.group.column]) == 1 else 0
        assert one.coverage[0] == pytest.approx(covered[one.group.rows].mean() + more / one.rows)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_sets_are_those_of_mapie(task):
    class Given(np.random.RandomState):  # mapie takes off a uniform share of a class, where the paper adds one
        def uniform(self, size):
            return 1 - drawn

    network, table, _ = three(task)
    drawn, y = uniform(row_hash(table.numbers, 5 + 8)), table.y.astype(int)
    p = probabilities(network.scores)
    mapie = APSConformityScore()  # of at least three classes
    padded = np.hstack([p, np.zeros((len(p), 1))])
    mapie.set_external_attributes(classes=np.arange(padded.shape[1]), random_state=Given())
    scores = mapie.get_conformity_scores(y, padded, y)[:, 0]
    strange, size = nonconformity(network, drawn)
    np.testing.assert_allclose(strange, scores, atol=1e-12)
    half = dealt(table, 5 + 7, 2)
    found = Intervals.of(network, half, 5)
    for k in (0, 1):
        (most,) = mapie.get_conformity_score_quantiles(scores[half != k][:, None], np.array([1 - LEVEL]), cv="prefit")
        assert Threshold.of(strange, 1.0 * (half != k)).exact == pytest.approx(most)
        np.testing.assert_array_equal(found.covered.value[half == k], scores[half == k] <= most + 1e-12)
    grid = (np.arange(400) + 0.5) / 400  # the size of a set, on average over the uniform number
    sizes = [
        sum(adaptive(p, np.full(len(p), c), np.full(len(p), u))[0] <= 0.85 for c in range(p.shape[1])) for u in grid
    ]
    np.testing.assert_allclose(size(np.full(len(p), 0.85)), np.mean(sizes, axis=0), atol=p.shape[1] / 400)


def test_intervals_of_counts_hold_so_many_counts():
    network, table, _ = three("count")
    drawn = uniform(row_hash(table.numbers, 8))
    strange, width = nonconformity(network, drawn)
    mean = np.exp(network.scores[:, 0])
    variance = mean + 1 / 12  # of a Poisson count plus a uniform number
    np.testing.assert_allclose(strange**2 * variance, (table.y + drawn - 0.5 - mean) ** 2)
    counts, grid = np.arange(60), (np.arange(200) + 0.5) / 200 - 0.5
    for most in (0.7, 1.6):
        inside = np.abs(counts[:, None, None] + grid[:, None] - mean) <= most * np.sqrt(variance)
        np.testing.assert_allclose(width(np.full(len(mean), most)), inside.mean(axis=1).sum(axis=0), atol=0.02)


def test_the_threshold_is_the_quantile_of_the_papers_and_of_repeated_rows():
    draw = np.random.default_rng(0)
    for n in (10, 57, 199, 200):
        strange = draw.random(n)
        expected = np.sort(strange)[int(np.ceil(round(0.9 * (n + 1), 9))) - 1]
        assert Threshold.of(strange, np.ones(n)).exact == expected
        assert Threshold.of(strange, np.full(n, 2.5)).exact == expected
    strange, counts = draw.random(300), draw.integers(0, 4, 300)
    repeated = Threshold.of(np.repeat(strange, counts), np.ones(counts.sum()))
    weighted = Threshold.of(strange, counts.astype(float))
    order = np.sort(strange[counts > 0])
    assert abs(np.diff(np.searchsorted(order, [weighted.exact, repeated.exact]))[0]) <= 1
    assert Threshold.of(np.append(strange, 2.0), np.append(counts, 0.0)).exact == weighted.exact


def test_the_smooth_threshold_is_that_of_harrell_and_davis_and_moves_with_the_rows():
    draw = np.random.default_rng(1)
    strange = draw.exponential(size=150)
    found = Threshold.of(strange, np.ones(150))
    assert found.smooth == pytest.approx(float(hdquantiles(strange, [0.9])[0]))
    assert min(abs(found.smooth - strange)) > 1e-6
    weights = draw.uniform(0.5, 2, 150)
    found, kish = Threshold.of(strange, weights), weights.sum() ** 2 / (weights**2).sum()
    order, law = np.argsort(strange), stats.beta(0.9 * (kish + 1), 0.1 * (kish + 1))
    mass = np.cumsum(weights[order]) / weights.sum()
    expected = sum(strange[row] * (law.cdf(mass[i]) - law.cdf(mass[i - 1] if i else 0)) for i, row in enumerate(order))
    assert found.smooth == pytest.approx(expected)
    assert found.moved.sum() == pytest.approx(0, abs=1e-12)
    for row in (
        3,
        60,
        int(np.argmax(strange)),
        int(np.argmin(strange)),
    ):  # the influence of a row is that of its weight
        more = [weights + np.eye(150)[row] * step for step in (1e-4, -1e-4)]
        up, down = (Threshold.of(strange, one).smooth for one in more)
        assert found.moved[row] == pytest.approx((up - down) / 2e-4 * weights[row], rel=0.15, abs=2e-4)
    assert found.near(strange) @ weights / weights.sum() == pytest.approx(1, rel=0.05)


@pytest.mark.nightly
@pytest.mark.parametrize("task", ["regression", pytest.param("count", marks=pytest.mark.nightly)])
def test_new_rows_are_covered_nine_times_in_ten(task):
    """Over 40 tables of 200 rows: a mean coverage of 90 to 90 + 1/101 percent, with a standard error of about 0.3 points."""
    shares = []
    for number in range(40):
        draw = np.random.default_rng([4, number])
        x = draw.normal(size=200)
        y = draw.poisson(np.exp(0.5 * x)) + 0.0 if task == "count" else x + draw.standard_t(3, 200)
        bound, _ = by_hand(y, scores=0.5 * x if task == "count" else x, task=task)
        shares.append(Intervals.of(bound, dealt(bound.table, number, 2), number).covered.value.mean())
    assert 0.9 - 3 * stats.sem(shares) < np.mean(shares) < 0.91 + 3 * stats.sem(shares)


# ---- errors


def drawn_rows(n, seed, task="regression", noise=1.0, **more):
    """Scores of a true model, with three cities; the outcomes of "w" vary more or less by a factor of `noise`."""
    draw = np.random.default_rng(seed)
    x, city = draw.normal(size=n), draw.choice(list("uvw"), n, p=[0.45, 0.3, 0.25])
    if task == "regression":
        y = x + np.where(city == "w", noise, 1.0) * draw.normal(size=n)
    elif task == "count":
        y, x = draw.poisson(np.exp(x - 0.5)) * 1.0, x - 0.5
    else:
        x = x * np.where(city == "w", 4.0, 1.0)
        y = np.where(x + draw.logistic(size=n) > 0, "yes", "no")
    return by_hand(y, scores=x, task=task, city=city, **{name: made(draw, n) for name, made in more.items()})


def resampled(bound, rows, half, number=400):
    """Standard errors of coverage and width in some rows over resampled groups, with new thresholds each time."""
    table, draw = bound.table, np.random.default_rng(0)
    strange, width = nonconformity(bound, uniform(row_hash(table.numbers, 8)))
    group, made = groups(table), []
    for _ in range(number):
        count = int(group.max()) + 1
        weights = table.row_weights * np.bincount(draw.integers(0, count, count), minlength=count)[group]
        found = [Threshold.of(strange, weights * (half == k)) for k in (1, 0)]
        exact, smooth = np.array([[one.exact, one.smooth] for one in found])[half].T
        inside = weights * rows
        made.append([(strange <= exact) @ inside, width(smooth) @ inside] / inside.sum())
    return np.std(made, axis=0)


ODD = {"w": lambda draw, n: draw.choice([0.5, 1.0, 3.0], n)}
ONCE = {("weights", "binary"), ("groups", "regression")}
TRUE = {("rows", "binary"), ("weights", "regression"), ("rows", "count")}
TOGETHER = {"g": lambda draw, n: np.array([f"g{i}" for i in np.arange(n) // 5])}


# Weights and groups once; the nightly run makes all of their pairs.
@pytest.mark.parametrize(
    ("task", "more"),
    [
        pytest.param(task, more, id=f"{design}-{task}", marks=() if (design, task) in ONCE else pytest.mark.nightly)
        for design, more in (("rows", {}), ("weights", ODD), ("groups", TOGETHER))
        for task in ("regression", "count", "binary")
    ],
)
def test_errors_are_those_of_resampled_rows(task, more):
    network, _ = drawn_rows(1500, 3, task, noise=1.5, **more)
    table = network.table
    half, every = dealt(table, 7, 2), np.ones(1500, dtype=bool)
    found, city = Intervals.of(network, half, 0), (table.frame["city"] == "w").to_numpy()
    for rows in (city, every):
        expected = resampled(network, rows, half)
        for one, error in zip((found.covered, found.width), expected, strict=True):
            _, moved = one.mean(rows, table.row_weights, half)
            own = spread(moved, groups(table), every)[0]
            if one is found.covered and rows is every:
                assert own < error + 1e-3  # what one half covers less, the other covers more
            else:
                assert own == pytest.approx(error, rel=0.2)


def test_rows_of_one_half_have_the_error_of_the_other_half_s_threshold():
    network, _ = drawn_rows(600, 8, **ODD)
    table = network.table
    half, weights = dealt(table, 7, 2), table.row_weights
    found, strange = Intervals.of(network, half, 0), np.abs(table.y - network.scores[:, 0])
    other = Threshold.of(strange, weights * (half == 1))
    first = half == 0
    value, moved = found.width.mean(first, weights, half)
    assert value == pytest.approx(2 * other.smooth)
    np.testing.assert_allclose(
        moved, 2 * other.moved, atol=1e-12
    )  # the width is one number: its own rows do not move it
    value, moved = found.covered.mean(first, weights, half)
    hit = strange <= other.exact
    assert value == pytest.approx(np.average(hit[first], weights=weights[first]))
    np.testing.assert_allclose(moved[first], (weights * (hit - value))[first] / weights[first].sum())
    near = np.average(other.near(strange)[first], weights=weights[first])
    share = np.average(hit[~first], weights=weights[~first])
    np.testing.assert_allclose(moved[~first], -near * (weights * (hit - share))[~first] / weights[~first].sum())


def test_groups_of_equal_rows_have_the_error_of_one_row_each():
    draw = np.random.default_rng(5)
    x, noise = draw.normal(size=(2, 1500))
    city = draw.choice(list("uvw"), 1500)
    y, person = x + np.where(city == "w", 2.0, 1.0) * noise, np.repeat(np.arange(1500), 4)
    network, linear = by_hand(y, scores=x, city=city)
    once = conformal(network, network.table, linear)
    network, linear = by_hand(y[person], scores=x[person], city=city[person], g=np.array([f"g{i}" for i in person]))
    four = conformal(network, network.table, linear)
    pairs = [(getattr(once, name), getattr(four, name)) for name in ("network", "linear", "difference")]
    worst, other = once.slices[0], four.slices[0]
    assert worst.group.level == other.group.level == "w"
    for one, two in [*pairs, (worst.coverage, other.coverage), (worst.width, other.width)]:
        assert two[1] == pytest.approx(one[1], rel=0.25)  # the halves are others; half as much if rows were the draws
        assert two[0] == pytest.approx(one[0], abs=2 * one[1])


def test_widths_and_their_paired_difference_are_rounded_and_point_to_no_row():
    network, linear = drawn_rows(600, 4)
    found = conformal(network, network.table, linear)
    half, every = dealt(network.table, 7, 2), np.ones(600, dtype=bool)
    parts = [Intervals.of(one, half, 0).width.mean(every, np.ones(600), half) for one in (network, linear)]
    wide = [part[0] for part in parts]
    moved = [part[1] for part in parts]
    for told, value, own in (
        (found.network, wide[0], moved[0]), (found.linear, wide[1], moved[1]),
        (found.difference, wide[0] - wide[1], moved[0] - moved[1]),
    ):  # fmt: skip
        error = np.sqrt(own @ own * 600 / 599)
        df = 599 / (1 + (stats.kurtosis(own, fisher=False) - 3) / 2)  # Box's
        reach = stats.t.ppf(0.975, df) * error
        np.testing.assert_allclose(told, [value, error, value - reach, value + reach], atol=0.051 * error)
        digits = 1 - int(np.floor(np.log10(told[1])))
        assert all(number == round(number, digits) for number in told)
    strange = np.abs(network.table.y - network.scores[:, 0])
    assert min(np.abs(found.network[0] / 2 - strange)) > 0
    assert found.difference[3] < 0  # the linear model's residuals are larger
    same = conformal(network, network.table, network)
    assert same.difference == (0.0, 0.0, 0.0, 0.0)


def test_few_rows_that_decide_leave_few_degrees_of_freedom():
    moved = np.r_[19.0, -np.ones(19)]
    kurtosis = stats.kurtosis(moved, fisher=False)
    reach = stats.t.ppf(0.975, 19 / (1 + (kurtosis - 3) / 2)) * np.sqrt(moved @ moved * 20 / 19)
    assert _rounded(0.0, moved, np.arange(20), 20)[3] == pytest.approx(reach, rel=0.02)
    assert np.isnan(_rounded(0.0, moved, np.arange(20), 9)).all()


@pytest.mark.nightly
@pytest.mark.parametrize("more", [{}, ODD, TOGETHER], ids=["rows", "weights", "groups"])
@pytest.mark.parametrize("task", ["regression", "count", "binary"])
def test_intervals_cover_what_they_estimate(task, more):
    many = drawn_rows(100_000, 99, task, noise=1.5)
    drawn = np.random.default_rng(0).random(100_000)
    truth = []
    for bound in many:
        strange, width = nonconformity(bound, drawn)
        truth.append(width(np.full(len(drawn), np.quantile(strange, 0.9))).mean())
    truth.append(truth[0] - truth[1])
    hits = []
    for seed in range(200):
        network, linear = drawn_rows(400, 1000 + seed, task, noise=1.5, **more)
        found = conformal(network, network.table, linear, seed=seed)
        told = (found.network, found.linear, found.difference)
        hits.append([one[2] <= value <= one[3] for one, value in zip(told, truth, strict=True)])
    shares = np.mean(hits, axis=0)
    assert (shares > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200)).all(), shares


# ---- slices


def test_slices_are_one_family_and_few_uncovered_rows_are_not_told():
    network, linear = drawn_rows(2000, 2, noise=4.0)
    found = conformal(network, network.table, linear)
    table, half, every = network.table, dealt(network.table, 7, 2), np.ones(2000, dtype=bool)
    worst = found.slices[0]
    assert worst.group.level == "w"
    own = Intervals.of(network, half, 0)
    hit, ones = own.covered.value, np.ones(2000)
    others = int((hit[~worst.group.rows] == 0).sum())
    assert 0 < others < 10  # in the two other cities together: ten are assumed there
    p = worst.coverage[0]
    assert p == pytest.approx(1 - ((hit == 0).sum() - 10) / worst.rows)
    assert [one.group.level for one in found.slices if one.group.column == "city"] == ["w"]
    tests = []
    for one in groups_of(table, 100):
        value, moved = own.covered.mean(one.rows, ones, half)
        error = spread(moved, np.arange(2000), every)[0]
        if one.level == "w":
            error *= np.sqrt(p * (1 - p) / (value * (1 - value)))
            value = p
        least = np.sqrt(0.09 * (1 - one.rows.mean()) / one.rows.sum())
        tests.append((value - 0.9, max(error, least), int(one.rows.sum())))
    assert found.tested == len(tests)
    for one, ((_, error, low, high), q) in zip(groups_of(table, 100), family(tests), strict=True):
        if one.level == "w":
            assert worst.coverage[1:] == pytest.approx((error, 0.9 + low, 0.9 + high))
            assert worst.q == q


def test_a_slice_where_nearly_all_rows_are_covered_is_no_discovery_for_want_of_an_error():
    """Its rows do not differ, so that its own error is far too small."""
    network, linear = drawn_rows(1000, 6, noise=0.05)
    found = conformal(network, network.table, linear)
    others = [one for one in found.slices if one.group.column == "city"]
    rows = [(network.table.frame["city"] == level).to_numpy() for level in "uv"]
    for one in others:
        value, error, low, high = one.coverage
        assert error >= np.sqrt(0.09 * (1 - one.rows / 1000) / one.rows) * 0.999
        assert low <= value <= high <= 1
    assert {one.group.level for one in others} <= {"u", "v"}
    assert len(rows[0]) == 1000


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("task", "more"),
    [
        pytest.param(task, more, id=f"{design}-{task}", marks=() if (design, task) in TRUE else pytest.mark.nightly)
        for design, more in (("rows", {}), ("weights", ODD))
        for task in ("binary", "count", "regression")
    ],
)
def test_a_true_model_of_rows_that_differ_is_not_blamed(task, more):
    """The probabilities and the rates of a true model differ from slice to slice, and so does the variance of the outcome."""
    ends = []
    for seed in range(6):
        network, linear = drawn_rows(3000, 20 + seed, task, **more)
        found = conformal(network, network.table, linear, seed=seed)
        ends += [one.coverage[3] for one in found.slices]
        assert all(one.coverage[0] > 0.85 for one in found.slices)
    assert min(ends) > 0.87


def test_three_classes_of_a_true_model_have_the_intended_coverage_in_every_slice():
    draw = np.random.default_rng(0)
    raw = draw.normal(size=(4000, 3)) * np.where(np.arange(4000) % 2, 3.0, 0.5)[:, None]
    p = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    y = (draw.random(4000)[:, None] > np.cumsum(p, axis=1)).sum(axis=1)
    strange, _ = adaptive(p, y, draw.random(4000))
    assert stats.kstest(strange, "uniform").pvalue > 0.01
    assert stats.kstest(strange[::2], strange[1::2]).pvalue > 0.01


def test_outcomes_that_vary_more_in_a_slice_are_found():
    network, linear = drawn_rows(3000, 1, noise=2.0)
    worst = conformal(network, network.table, linear).slices[0]
    assert worst.group.level == "w"
    assert worst.coverage[3] < 0.85
    most = brentq(lambda q: 0.75 * stats.chi.cdf(q, 1) + 0.25 * stats.chi.cdf(q / 2, 1) - 0.9, 1, 4)
    assert worst.coverage[0] == pytest.approx(stats.chi.cdf(most / 2, 1), abs=3 * worst.coverage[1])


def test_weighted_slices_beside_few_uncovered_rows_are_not_told():
    network, linear = drawn_rows(2000, 2, noise=4.0, **ODD)
    found = conformal(network, network.table, linear)
    half = dealt(network.table, 7, 2)
    city = (network.table.frame["city"] == "w").to_numpy()
    covered = Intervals.of(network, half, 0).covered.value
    assert 0 < (covered[~city] == 0).sum() < 10
    assert not [one for one in found.slices if one.group.column == "city"]


@pytest.mark.parametrize("noise", [4.0, 2.0, 0.2])
def test_no_small_count_follows_from_the_coverage_of_slices(noise):
    network, linear = drawn_rows(2000, 2, noise=noise)
    found = conformal(network, network.table, linear)
    columns = {}
    for one in found.slices:
        columns.setdefault(one.group.column, []).append((one.rows, one.rows * (1 - one.coverage[0])))
    whole = [parts for parts in columns.values() if sum(rows for rows, _ in parts) == 2000]
    assert whole  # from which the number of all rows that are not covered follows
    for parts in columns.values():
        assert all(round(missed) >= 10 for _, missed in parts)
        for every in whole:
            rest = round(sum(missed for _, missed in every) - sum(missed for _, missed in parts))
            assert rest == 0 or rest >= 10


def test_what_is_assumed_or_not_told():
    rows = np.repeat([0, 1, 2], [200, 200, 200])
    slices = [Group("c", "level", rows == k, level=str(k)) for k in range(3)]

    def asked(outside, equal=True):
        hit = np.ones(600, dtype=bool)
        for k, count in enumerate(outside):
            hit[200 * k : 200 * k + count] = False
        return _assumed_covered(slices, hit, equal)

    assert asked([30, 20, 10]) == [0, 0, 0]
    assert asked([30, 20, 0]) == [0, 0, None]
    assert asked([30, 20, 4]) == [6, 0, None]
    assert asked([30, 20, 4], equal=False) == [None, 0, None]
    assert asked([12, 0, 4]) == [None, None, None]
    assert asked([9, 9, 9]) == [None, None, None]


# ---- too little


@pytest.mark.parametrize("lost", ["split", "rows", "weights", "groups"])
def test_what_is_too_little_is_said(lost):
    if lost == "split":
        _, *pipelines = fitted("binary")
        table = cases.mixed_table(cases.mixed_frame(900, task="binary"), "binary")
        few = [bind(ti.wrap(one), table) for one in pipelines]
    else:
        n = 90 if lost == "rows" else 300
        heavy = {"w": lambda draw, n: np.where(draw.random(n) < 0.05, 50.0, 0.2)}
        pairs = {"g": lambda draw, n: np.array([f"g{i}" for i in np.arange(n) // 4])}
        few = drawn_rows(n, 0, **{"rows": {}, "weights": heavy, "groups": pairs}[lost])
    with pytest.raises(NotApplicableError):
        conformal(few[0], few[0].table, few[1])


def test_slices_of_little_weight_are_left_out():
    frame = drawn_rows(1200, 0)[0].table.frame
    w = np.where(frame["city"] == "w", 0.0, np.where(frame["city"] == "v", 0.2, 1.0))
    w[np.flatnonzero(frame["city"] == "v")[:20]] = 4.0  # most of the weight of their city
    again = by_hand(frame["y"].to_numpy(), scores=frame["score"].to_numpy(), city=frame["city"].to_numpy(), w=w)
    found = conformal(again[0], again[0].table, again[1])
    levels = [one.group.level for one in found.slices]
    assert "w" not in levels
    assert "v" not in levels
    kish = [
        w[one.rows].sum() ** 2 / (w[one.rows] ** 2).sum() for one in groups_of(again[0].table, 100) if any(w[one.rows])
    ]
    assert found.tested == sum(size >= 100 for size in kish) < len(kish)


# ---- the document and the page


@pytest.mark.parametrize(
    ("task", "heading", "other"),
    [("regression", "Prediction intervals", "vary more"), ("count", "Prediction intervals", "square root"),
     ("multiclass", "Prediction sets", "most probable")],
)  # fmt: skip
def test_the_page_speaks_of_what_the_task_has(task, heading, other):
    table, network, linear = fitted(task)
    audit = ti.audit(ti.wrap(network), table, counterpart=ti.wrap(linear), analyses=["conformal"])
    record = audit.document.analyses["conformal"]
    page = audit.to_markdown()
    assert heading in page
    assert other in page
    assert ("conformal sets" in page) == (task == "multiclass")
    assert ("conformal intervals" in page) == (task != "multiclass")
    found = conformal(*three(task), seed=record.seed)
    assert record.network.value == found.network[0]
    assert record.difference.low == found.difference[2]
    assert record.rows == len(three(task)[1])
    for one, told in zip(record.slices, found.slices, strict=False):
        assert one.width.stderr == told.width[1]
        assert one.coverage.high == told.coverage[3]
    frame = found.frame()
    assert frame["width"].iloc[0] == found.network[0]
    assert np.isnan(frame["coverage"].iloc[0])
    assert len(frame) == 1 + len(found.slices)
