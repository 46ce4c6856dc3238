"""Wilson's score interval of a share (1927)."""

from __future__ import annotations

from typing import Any

import numpy as np

Z95 = 1.959963984540054  # quantile of the standard normal distribution at 0.975


def wilson(value: Any, size: Any, critical: Any = Z95) -> tuple[Any, Any]:
    """Return the ends of Wilson's score interval (1927) of shares among `size` rows: arrays, or numbers for numbers. By default
    the interval has a level of 95%.

    >>> [round(float(end), 4) for end in wilson(0.0, 10)]
    [0.0, 0.2775]
    """
    square = critical**2 / size
    centre = (value + square / 2) / (1 + square)
    half = critical / (1 + square) * np.sqrt(value * (1 - value) / size + square / size / 4)
    return np.clip(np.where(value > 0, centre - half, 0.0), 0, 1), np.clip(
        np.where(value < 1, centre + half, 1.0), 0, 1
    )
