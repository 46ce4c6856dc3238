"""Balanced sets of permutations: who is in the middle, counted one by one, and what balance does to the error."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from tabinterp.analyses.shapley_values.balanced_permutations import SLOTS, balanced_set


def times_in_middle(orders):
    """How often each of three players stands between the other two: triple -> three counts, by looking at each order in turn."""
    counts = {three: [0, 0, 0] for three in combinations(range(orders.shape[1]), 3)}
    for order in orders:
        place = {int(player): at for at, player in enumerate(order)}
        for three, count in counts.items():
            count[three.index(sorted(three, key=place.get)[1])] += 1
    return np.array(list(counts.values()))


@pytest.mark.parametrize("m", [1, 2, 3, 7, SLOTS, SLOTS + 1, 50])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_set_holds_permutations(m, count):
    orders = balanced_set(m, count)
    assert orders.shape == (count, m)
    assert all(sorted(order) == list(range(m)) for order in orders)


def test_three_permutations_of_three_players_are_balanced_perfectly():
    assert times_in_middle(balanced_set(3, 3)).tolist() == [[1, 1, 1]]


@pytest.mark.parametrize(("m", "share"), [(7, 0.6), (12, 0.7), (SLOTS, 0.75), (40, 0.85)])
def test_sets_are_closer_to_balance_than_independent_permutations(m, share):
    """Independent permutations: each of three players is in the middle with probability 1/3, so the variance is 4 * 2/9."""
    counts = times_in_middle(balanced_set(m, 4))
    assert np.mean((counts - 4 / 3) ** 2) < share * 4 * 2 / 9
