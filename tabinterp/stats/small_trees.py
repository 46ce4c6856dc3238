"""Small boosted trees that learn from rows alone: few, shallow, the same for the same rows and seed."""

from __future__ import annotations

from typing import Any

from tabinterp.arrays import FloatArray


def few_trees(trees: int, leaves: int, seed: int) -> dict[str, Any]:
    """Settings of scikit-learn's histogram gradient boosting."""
    return {
        "max_iter": trees,
        "max_leaf_nodes": leaves,
        "early_stopping": False,
        "max_bins": 63,
        "random_state": seed,
    }


def unless_equal(weights: FloatArray) -> FloatArray | None:
    """Weights of a fit, of mean one, since a tree asks leaves for a least mass; None where all are the same: columns are then cut
    into bins by one sort instead of a search for each edge, which of hundreds of columns takes longer than the trees."""
    return None if (weights == weights[:1]).all() else weights / weights.mean()
