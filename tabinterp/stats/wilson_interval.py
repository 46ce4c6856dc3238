"""Wilson's score interval for a share (Wilson 1927)."""

from __future__ import annotations

from typing import Any

import numpy as np

Z95 = 1.959963984540054  # 0.975 quantile of the standard normal distribution


def wilson(value: Any, size: Any, critical: Any = Z95) -> tuple[Any, Any]:
    """Return the lower and upper bound of Wilson's score interval (1927) for a share `value` of `size` rows.

    Arguments can be numbers or arrays. By default, the confidence level is 95%.

    >>> [round(float(end), 4) for end in wilson(0.0, 10)]
    [0.0, 0.2775]
    """
    square = critical**2 / size
    centre = (value + square / 2) / (1 + square)
    half = critical / (1 + square) * np.sqrt(value * (1 - value) / size + square / size / 4)
    return np.clip(np.where(value > 0, centre - half, 0.0), 0, 1), np.clip(
        np.where(value < 1, centre + half, 1.0), 0, 1
    )
