"""What a reader must know, in words, from results alone."""

from .checks import CHECKS, judge

__all__ = ["CHECKS", "judge"]
