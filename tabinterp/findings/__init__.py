"""What a reader must know, in words, from results alone."""

from .checks import CHECKS, explain_checks, judge, list_checks

__all__ = ["CHECKS", "explain_checks", "judge", "list_checks"]
