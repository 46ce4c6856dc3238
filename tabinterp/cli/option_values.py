"""Parsing and completion of the values of command-line options: costs, split, reference groups, names of analyses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tabinterp as ti
from tabinterp.analyses import ANALYSES
from tabinterp.errors import TabinterpError


@dataclass(frozen=True)
class Reading:
    """Options for reading data: a database query, its key column, and whether to resume an interrupted audit."""

    query: str | None = None
    key: str | None = None
    resume: bool = False


def controls(given: list[str] | None) -> dict[str, str]:
    """Parse values of the form COLUMN=GROUP, and return a mapping from columns to reference groups. Only the first equals sign is
    a separator, so the name of a group may contain equals signs, as in "<= 30".
    """
    parted = [one.partition("=") for one in given or []]
    for column, equals, _ in parted:
        if not equals:
            raise TabinterpError(f"--control must have the form COLUMN=GROUP, such as sex=Male; got {column!r}")
    return {column: group for column, _, group in parted}


def how_of(architecture: Path | None, encoder: str | None, unsafe_pickle: bool, sha256: str | None) -> dict[str, Any]:
    """Return the arguments of `ti.load_model` for the options of a command that loads a model file."""
    return {"architecture": architecture, "encoder": encoder, "unsafe_pickle": unsafe_pickle, "sha256": sha256}


def costs_of(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        positive, negative = map(float, text.split(":"))
    except ValueError:
        raise TabinterpError(
            "--costs must be two numbers in the form FP:FN, the costs of a false positive and of a false negative, such "
            f"as 1:5; got {text!r}"
        ) from None
    return positive, negative


def split_of(text: str | None) -> str | float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def names_of(text: str | None) -> list[str] | None:
    """Return the names in a comma-separated list, or None if the option was not given."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:  # such as an unset shell variable, which must not disable every analysis and every check
        raise TabinterpError(
            f"--analyses must be one or more names, such as effects,groups; got {text!r}. Leave the option out to "
            "run all analyses"
        )
    return names


def complete_analyses(incomplete: str) -> list[str]:
    """Return the possible completions of a comma-separated list of analyses.

    >>> complete_analyses("effects,regional"), complete_analyses("none such")
    (['effects,regional_effects'], [])
    """
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{one.name}" for one in ANALYSES if one.name.startswith(last)]


def complete_checks(incomplete: str) -> list[str]:
    """Return the check names that start with `incomplete`.

    >>> complete_checks("label")
    ['label-leak']
    """
    return [one["slug"] for one in ti.explain_checks([]) if one["slug"].startswith(incomplete)]
