"""Codebooks: labels of columns and levels, read from a TOML file, a CSV file or a mapping."""

from __future__ import annotations

import csv
import io
import tomllib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tabinterp.atomic_io import LARGEST_TEXT, read_regular
from tabinterp.errors import TableError, argument, did_you_mean

from .coerce import is_text
from .schema import Column

LONGEST = 200  # maximum number of characters of a label
PARTS = ("columns", "levels")
HEAD = ["column", "level", "label"]  # of a codebook in CSV

LabelsGiven = str | Path | Mapping[str, Any]


@dataclass(frozen=True)
class Codebook:
    """Labels for the columns of a table and for their levels.

    Parameters
    ----------
    columns : column -> label of the column.
    levels : column -> level -> label of the level. A level can be a value of the table or the text of that value.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)

    @property
    def named(self) -> list[str]:
        """The names of the columns that have a label or level labels in the codebook."""
        return list(dict.fromkeys([*self.columns, *self.levels]))

    def plain(self) -> dict[str, dict[str, Any]]:
        """The codebook as a mapping that the function `codebook` accepts, with levels as text."""
        levels = {column: {str(level): label for level, label in of.items()} for column, of in self.levels.items()}
        return {"columns": dict(self.columns), "levels": levels}


def codebook(given: LabelsGiven | None) -> Codebook:
    """Read a codebook from a file or a mapping.

    Parameters
    ----------
    given : path of a TOML file, path of a CSV file, or a mapping. A TOML file has the tables `[columns]` (column = label) and
        `[levels.COLUMN]` (level = label). A CSV file has the columns column, level and label; a row with an empty level contains
        the label of the column itself. A mapping has the keys "columns" and "levels", as in the TOML file.

    Raises
    ------
    TableError
        The file cannot be read or does not have the required form; a label is empty, not text, or longer than 200 characters; or
        a column or level is given two labels.

    Examples
    --------
    >>> codebook({"columns": {"age": "Age in years"}, "levels": {"job": {"A": "unskilled"}}}).columns
    {'age': 'Age in years'}
    """
    if given is None:
        return Codebook()
    if isinstance(given, Mapping):
        return _of_mapping(given, f"the codebook given as {argument('labels')}")
    path = Path(given)
    readers = {".toml": _of_toml, ".csv": _of_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise TableError(
            f"the codebook {str(path)!r} has an unknown format. Give a .toml or .csv file with {argument('labels')}"
        )
    try:
        text = read_regular(path, LARGEST_TEXT).decode("utf-8-sig")
    except OSError as error:
        raise TableError(f"the codebook {str(path)!r} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TableError(f"the codebook {str(path)!r} is not UTF-8 text ({error}). Save the file as UTF-8") from None
    return reader(text, f"the codebook {str(path)!r}")


def _of_toml(text: str, source: str) -> Codebook:
    try:
        return _of_mapping(tomllib.loads(text), source)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise TableError(f"{source} is not valid TOML: {error}") from None


def _of_mapping(given: Mapping[str, Any], source: str) -> Codebook:
    unknown = [name for name in given if name not in PARTS]
    if unknown:
        raise TableError(
            f"{source} has the unknown key {unknown[0]!r}. Allowed keys are 'columns', which maps columns to labels, and "
            f"'levels', which maps columns to the labels of their levels.{did_you_mean(str(unknown[0]), PARTS)}"
        )
    columns, levels = given.get("columns", {}), given.get("levels", {})
    if not isinstance(columns, Mapping) or not isinstance(levels, Mapping):
        raise TableError(
            f"in {source}, 'columns' must map columns to labels, and 'levels' must map columns to the labels of their levels; "
            f"got the types {type(columns).__name__} and {type(levels).__name__}"
        )
    for column, entry in levels.items():
        if not isinstance(entry, Mapping):
            raise TableError(
                f"in {source}, the entry for the levels of column {column!r} must map each level to its label; got {entry!r}"
            )
    return Codebook(
        {str(column): _label(label, source, str(column)) for column, label in columns.items()},
        {
            str(column): {level: _label(label, source, str(column), level) for level, label in of.items()}
            for column, of in levels.items()
        },
    )


def _of_csv(text: str, source: str) -> Codebook:
    columns: dict[str, str] = {}
    levels: dict[str, dict[Any, str]] = {}
    for line, (column, level, label) in _lines(text, source):
        of = levels.setdefault(column, {}) if level else columns
        name = level or column
        if name in of:
            what = f"level {level!r} of column {column!r}" if level else f"column {column!r}"
            raise TableError(
                f"{source}, line {line}: {what} has two labels, {of[name]!r} and {label!r}. Keep one of them"
            )
        of[name] = _label(label, f"{source}, line {line}", column, level or None)
    return Codebook(columns, levels)


def _lines(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = next(reader, [])
        if head != HEAD:
            raise TableError(f"the first line of {source} must be {','.join(HEAD)!r}; got {','.join(head)!r}")
        for row in reader:
            if len(row) != len(HEAD) and row:
                raise TableError(
                    f"{source}, line {reader.line_num}: a line must have three cells (column, level and label); got "
                    f"{len(row)}. Put a label that contains a comma in quotation marks"
                )
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise TableError(f"line {reader.line_num} of {source} is not valid CSV: {error}") from None


def _label(label: Any, source: str, column: str, level: Any = None) -> str:
    labelled = f"column {column!r}" if level is None else f"level {level!r} of column {column!r}"
    if not isinstance(label, str) or not is_text(label):
        raise TableError(f"{source}: the label of {labelled} must be text; got {label!r}")
    text: str = label.strip()
    if not text:
        raise TableError(f"{source}: the label of {labelled} is empty. Write a label, or remove the entry")
    if len(text) > LONGEST:
        raise TableError(
            f"{source}: the label of {labelled} has {len(text):,} characters ({text[:30]!r}...). Shorten the label to at most "
            f"{LONGEST} characters"
        )
    return text


# ---- labels of the columns of a table


def labelled(columns: Sequence[Column], classes: Sequence[Any], book: Codebook) -> tuple[Column, ...]:
    """Return the columns with their labels from a codebook. `classes` are the levels of the target.

    Labels of levels that do not occur in the table are kept, because a codebook may describe more codes than the table contains.
    If a column has labels for levels that do not occur and also levels without a label, a warning lists both, because the name of
    a level is probably misspelt.

    Raises
    ------
    TableError
        The codebook contains labels for levels of a numeric column, a level is given two labels, or a label equals another level
        that has no label of its own.
    """
    return tuple(
        replace(column, label=book.columns.get(column.name), level_labels=_level_labels(column, classes, book))
        for column in columns
    )


def _level_labels(column: Column, classes: Sequence[Any], book: Codebook) -> tuple[tuple[str, str], ...]:
    given = book.levels.get(column.name, {})
    if not given:
        return ()
    known = list(classes) if column.role == "target" and classes else list(column.levels)
    if column.kind == "numeric" and not known:
        raise TableError(
            f"the codebook given as {argument('labels')} has labels for levels of column {column.name!r}, but this column is "
            "numeric and has no levels. Remove these labels, or make the column categorical or ordinal with "
            f"{argument('kinds')}"
        )
    found: dict[str, str] = {}
    for name, label in given.items():
        match = matching_levels(name, known)
        level = str(match[0]) if match else str(name)
        if level in found:
            raise TableError(
                f"the codebook given as {argument('labels')} has two labels for level {level!r} of column {column.name!r}: "
                f"{found[level]!r} and {label!r}. Keep one of them"
            )
        found[level] = label
    texts = [str(level) for level in known]
    bare = [level for level in texts if level not in found]
    unknown = [level for level in found if level not in texts]
    taken = next(((level, label) for level, label in found.items() if label in bare), None)
    if taken is not None:
        raise TableError(
            f"in the codebook given as {argument('labels')}, level {taken[0]!r} of column {column.name!r} has the label "
            f"{taken[1]!r}, but {taken[1]!r} is also the name of another level, which has no label. Give that other level a "
            f"label as well, or choose another label for level {taken[0]!r}"
        )
    if unknown and bare:
        near = did_you_mean(unknown[0], bare)
        warnings.warn(
            f"the codebook given as {argument('labels')} has labels for levels that column {column.name!r} does not contain "
            f"({', '.join(map(repr, unknown[:5]))}), and no labels for levels that the column does contain "
            f"({', '.join(map(repr, bare[:5]))}).{near} Correct the names of the levels in the codebook",
            stacklevel=2,
        )
    order = {level: place for place, level in enumerate(texts)}
    return tuple(sorted(found.items(), key=lambda pair: order.get(pair[0], len(order))))


def matching_levels(given: Any, levels: Sequence[Any]) -> list[Any]:
    """Return a list of the levels that equal a given value or have the same text. If there are none, return the levels that
    represent the same number.
    """
    match = [level for level in levels if level == given or str(level) == str(given)]
    return match or [level for level in levels if _number(level) == _number(given) is not None]


def _number(value: Any) -> float | None:
    """Return a value as a number, even if it is text. Return None if it is not a number. This allows the level 1.0 to be given as
    "1".
    """
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
