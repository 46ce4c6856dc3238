"""Sets of permutations that are balanced for interactions of three columns.

If players join one by one in the order of a permutation and again in its reverse, interactions of two players cause no sampling
error. The error due to an interaction of three players depends only on which of the three is in the middle. In a balanced set,
for any three players, each of them is in the middle nearly equally often, so most of this error cancels out within the set. The
same balanced set is reused, each time with the players in a new random order. Every single permutation is therefore uniformly
distributed, and estimates from different sets are independent.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tabinterp.arrays import IntArray

SLOTS = 16  # maximum number of players that are balanced individually; if there are more, this is the number of groups
RESTARTS = 4


@lru_cache(maxsize=256)
def balanced_set(m: int, count: int) -> IntArray:
    """Return `count` permutations of m players (count, m).

    If there are more than `SLOTS` players, adjacent players are grouped, and each group is permuted as a block.
    """
    slots = np.array_split(np.arange(m), min(m, SLOTS))
    orders = np.argsort(_best_places(len(slots), count), axis=1)
    return np.array([np.concatenate([slots[slot] for slot in order]) for order in orders])


def _best_places(m: int, count: int) -> IntArray:
    """Return the place of each player in each permutation (count, m), found by local search from several random starts."""
    rng = np.random.default_rng(0)
    triples = np.array(list(combinations(range(m), 3)), dtype=np.int64).reshape(-1, 3)
    pairs = np.array(list(combinations(range(m), 2)), dtype=np.int64).reshape(-1, 2)
    swaps = np.tile(np.arange(m), (1 + len(pairs), 1))  # The first row swaps no players.
    np.put_along_axis(swaps[1:], pairs, pairs[:, ::-1], axis=1)
    found = [
        _improved(rng.permuted(np.tile(np.arange(m), (count, 1)), axis=1), triples, swaps) for _ in range(RESTARTS)
    ]
    return min(found, key=lambda places: imbalance(places, triples))


def _improved(places: IntArray, triples: IntArray, swaps: IntArray) -> IntArray:
    """Swap two players of a permutation as long as this improves the balance."""
    each, counts, better = np.arange(len(triples)), _times_in_middle(places, triples), True
    while better:
        better = False
        for k, own in enumerate(places):
            counts[each, middle(own[None], triples)[0]] -= 1
            options = own[swaps]
            middles = middle(options, triples)
            cost = counts[each, middles].sum(axis=1)
            best = int(cost.argmin())
            if cost[best] < cost[0]:
                places[k], better = options[best], True
            else:
                best = 0
            counts[each, middles[best]] += 1
    return places


def middle(places: IntArray, triples: IntArray) -> NDArray[np.int64]:
    """Return which of three players is between the other two (permutations, triples): 0, 1 or 2."""
    a, b, c = (places[:, players] for players in triples.T)
    return np.where((a < b) != (a < c), 0, np.where((b < a) != (b < c), 1, 2))


def imbalance(places: IntArray, triples: IntArray) -> int:
    """For each player of each triple, count the permutations in which the player is in the middle, and return the sum of the
    squared counts.
    """
    return int((_times_in_middle(places, triples) ** 2).sum())


def _times_in_middle(places: IntArray, triples: IntArray) -> IntArray:
    return np.asarray((middle(places, triples)[:, :, None] == np.arange(3)).sum(axis=0))
