"""Agreement of readings against scipy and by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from tabinterp.analyses.agreement.estimator import Reading, agreements
from tests import oracles

RNG = np.random.default_rng(0)
READINGS = [
    Reading("a", RNG.exponential(size=12), np.array([1.0, -2.0, 0.0, 3.0])),
    Reading("b", np.r_[RNG.exponential(size=11), np.nan], np.array([2.0, 2.0, 1.0, np.nan])),
    Reading("c", np.round(RNG.exponential(size=12), 0), np.array([-1.0, -1.0, 5.0, 1.0])),
    Reading("d", RNG.exponential(size=12)),
]


def test_every_pair_once_in_order():
    assert [(p.first, p.second) for p in agreements(READINGS)] == [
        ("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d"),
    ]  # fmt: skip


@pytest.mark.parametrize("i", range(6))
def test_ranks_and_tops(i):
    pair = agreements(READINGS)[i]
    sizes = {r.name: r.sizes for r in READINGS}
    x, y = sizes[pair.first], sizes[pair.second]
    both = ~(np.isnan(x) | np.isnan(y))
    assert pair.spearman == pytest.approx(stats.spearmanr(x[both], y[both]).statistic)
    assert pair.top == 5
    assert pair.overlap == pytest.approx(oracles.top_overlap(x[both], y[both], 5))


def test_signs_by_hand():
    signs = {(p.first, p.second): p.signs for p in agreements(READINGS)}
    assert signs["a", "b"] == 0.5  # + + and - +; a zero and a missing number have no direction
    assert signs["a", "c"] == pytest.approx(2 / 3)  # + -, - -, + +
    assert signs["b", "c"] == pytest.approx(1 / 3)  # + -, + -, + +
    assert signs["a", "d"] is None


@pytest.mark.parametrize(("columns", "top"), [(1, 1), (3, 1), (4, 2), (9, 4), (10, 5), (40, 5)])
def test_the_top_is_at_most_half_of_the_columns(columns, top):
    size = np.arange(columns, dtype=float)
    (pair,) = agreements([Reading("a", size), Reading("b", size)])
    assert (pair.top, pair.overlap) == (top, 1.0)


def test_what_has_no_ranks_has_no_correlation():
    flat, varied, missing = np.ones(6), np.arange(6.0), np.full(6, np.nan)
    assert agreements([Reading("a", flat), Reading("b", varied)])[0].spearman is None
    nothing = agreements([Reading("a", missing), Reading("b", varied)])[0]
    assert (nothing.spearman, nothing.overlap) == (None, None)
    two = agreements([Reading("a", varied[:2]), Reading("b", varied[:2])])[0]
    assert two.spearman is None
    zero = agreements([Reading("a", varied, np.zeros(3)), Reading("b", varied, np.ones(3))])[0]
    assert zero.signs is None
    other = agreements([Reading("a", varied, np.ones(2)), Reading("b", varied, np.ones(3))])[0]
    assert other.signs is None


def slow_orders(a, b):
    """Pairs of columns, one after another."""
    ordered = opposed = 0
    for j, k in combinations(range(len(a.sizes)), 2):
        z = [(r.sizes[j] - r.sizes[k]) / np.sqrt(r.stderr[j] ** 2 + r.stderr[k] ** 2) for r in (a, b)]
        if min(map(abs, z)) > 1.96:
            ordered += 1
            opposed += z[0] * z[1] < 0
    return ordered, opposed


def test_orders_that_are_significant_under_both_are_counted_pair_by_pair():
    a, b = (Reading(name, RNG.exponential(size=12), stderr=RNG.uniform(0.05, 0.4, size=12)) for name in "ab")
    (pair,) = agreements([a, b])
    assert (pair.ordered, pair.opposed) == slow_orders(a, b)
    assert 0 < pair.opposed < pair.ordered < 66
    assert agreements([a, Reading("c", b.sizes)])[0].ordered is None


def test_sampling_error_alone_makes_low_rank_correlations_and_hardly_an_opposed_order():
    """One truth, read twice with errors: ten columns of no weight and two that weigh."""
    truth, error, low, ordered, opposed = np.r_[1.0, 0.9, np.full(10, 0.5)], 0.05, 0, 0, 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        both = [Reading(name, truth + error * rng.normal(size=12), stderr=np.full(12, error)) for name in "ab"]
        (pair,) = agreements(both)
        low += pair.spearman < 0.2
        ordered, opposed = ordered + pair.ordered, opposed + pair.opposed
    assert low > 30
    assert ordered / 300 > 15
    assert opposed < 0.01 * ordered


def test_readings_that_truly_differ_are_in_opposite_order():
    error, truth = np.full(8, 0.01), np.arange(8) / 8
    (pair,) = agreements([Reading("a", truth, stderr=error), Reading("b", truth[::-1], stderr=error)])
    assert (pair.ordered, pair.opposed) == (28, 28)
