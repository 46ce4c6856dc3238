"""Small boosted trees that learn from rows alone: few, shallow, the same for the same rows and seed."""

from __future__ import annotations

from typing import Any


def few_trees(trees: int, leaves: int, seed: int) -> dict[str, Any]:
    """Settings of scikit-learn's histogram gradient boosting."""
    return {
        "max_iter": trees,
        "max_leaf_nodes": leaves,
        "early_stopping": False,
        "max_bins": 63,
        "random_state": seed,
    }
