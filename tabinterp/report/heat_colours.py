"""Colours of the heat maps: a fixed set of 21 classes, because the page's policy allows no style on a cell."""

from __future__ import annotations

LEVELS = 10  # on each side of zero
NEUTRAL = f"h{LEVELS}"


def heat(value: float | None) -> str:
    """The class of a number in [-1, 1]; no number has no colour.

    >>> heat(-1.0), heat(0.0), heat(0.34), heat(1.0), heat(None)
    ('h0', 'h10', 'h13', 'h20', '')
    """
    if value is None:
        return ""
    return f"h{LEVELS + round(LEVELS * max(-1.0, min(1.0, value)))}"
