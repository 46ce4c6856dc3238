"""Exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of `tabinterp`. They are the same for all commands."""

    PASSED = 0
    FAILED = 1  # a gate failed, or a difference was found
    BAD_INPUT = 2  # wrong usage, or a file that cannot be read
    INCOMPLETE = 3  # nothing failed, but not everything could be checked
    INTERNAL_ERROR = 70  # a bug in tabinterp
    INTERRUPTED = 130
