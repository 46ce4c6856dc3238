"""Exports of a scorecard as an SQL statement, the source code of a Python function, or a CSV file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tabinterp.atomic_io import write
from tabinterp.errors import TabinterpError, argument
from tabinterp.messages.names import plain, spreadsheet_cell
from tabinterp.table.coerce import is_text

from .binning import Cut

if TYPE_CHECKING:
    from .estimator import Scorecard, Term

COLUMN = "scorecard_points"
CELLS = ("column", "bin", "second", "second_bin", "low", "high", "levels", "missing", "other", "points", "reference")

# ---- SQL


def sql(card: Scorecard, table: str) -> str:
    """Return an SQL statement that adds a column of points, for DuckDB, PostgreSQL and SQLite.

    Columns are qualified by a table alias, because SQLite treats a quoted name that is not a column as a string. These databases
    order NaN above all numbers. A value is therefore recognised as NaN if both the value and its negative are above zero.
    """
    parts = table.split(".")
    if not all(parts):
        raise TabinterpError(
            f"a part of the name of the database table is empty; got {argument('table', table)}. Name the table that contains "
            'the rows, such as "applicants" or "schema.applicants"'
        )
    source = ".".join(map(_identifier, parts))
    terms = "".join(f"\n    + {_nested(term, _sql_case)}" for term in card.terms)
    return f"SELECT t.*,\n    {card.base}{terms} AS {COLUMN}\nFROM {source} AS t\n"


def _nested(term: Term, case: Callable[[Cut, list[str]], str]) -> str:
    """Return the SQL expression of a term.

    For a two-way table, the expressions for the second column are nested in the expression for the first.
    """
    points = [str(one) for one in term.points.tolist()]
    if len(term.cuts) == 2:
        width = len(term.cuts[1].bins)
        points = [case(term.cuts[1], points[i : i + width]) for i in range(0, len(points), width)]
    return case(term.cuts[0], points)


def _sql_case(cut: Cut, values: list[str]) -> str:
    column, missing = f"t.{_identifier(cut.column)}", values[cut.missing]
    nan = f"WHEN {column} > 0 AND 0e0 - {column} > 0 THEN {missing}"
    if cut.numeric:
        parts = [
            f"WHEN {column} <= {_number(one.high)} THEN {value}"
            for one, value in zip(cut.bins, values, strict=True)
            if one.high is not None
        ]
        last = next(v for one, v in zip(cut.bins, values, strict=True) if one.known and one.high is None)
        parts.append(f"WHEN {column} IS NOT NULL THEN {last}")
        return f"CASE {nan} {' '.join(parts)} ELSE {missing} END"
    parts = [
        f"WHEN {column} IN ({', '.join(map(_literal, one.levels))}) THEN {value}"
        for one, value in zip(cut.bins, values, strict=True)
        if one.levels
    ]
    numbers = any(
        isinstance(level, (int, float)) and not isinstance(level, bool) for one in cut.bins for level in one.levels
    )
    parts = [*([nan] if numbers else []), *parts, f"WHEN {column} IS NULL THEN {missing}"]
    return f"CASE {' '.join(parts)} ELSE {values[cut.other]} END"


def _identifier(name: str) -> str:
    return f'"{_writable(name, "name").replace(chr(34), chr(34) * 2)}"'


def _literal(level: Any) -> str:
    if isinstance(level, bool):
        return "TRUE" if level else "FALSE"
    if isinstance(level, str):
        return f"'{_writable(level, 'level').replace(chr(39), chr(39) * 2)}'"
    return _number(level) if isinstance(level, float) else str(level)


def _number(value: float | None) -> str:
    """Format a number in exponent form, which databases read in double precision rather than as a decimal."""
    told = repr(value)
    return told if "e" in told else f"{told}e0"


def _writable(word: str, what: str) -> str:
    if "\0" in word or not is_text(word):
        raise TabinterpError(
            f"the {what} {word!r} cannot be written in SQL, because it contains the character NUL or an unpaired surrogate. "
            "Export the scorecard with to_python() instead of to_sql(), or replace the character in the table"
        )
    return word


# ---- Python


def python(card: Scorecard) -> str:
    """Return the Python source code of a function `points(row)`, which computes the score of one row without any library."""
    lines = [
        "def points(row):",
        '    """Return the points of one row, a dict with a value for each column; None and NaN are missing values."""',
        f"    score = {card.base}",
    ]
    for term in card.terms:
        for name, cut in zip("ab", term.cuts, strict=False):
            lines += [f"    {name} = row[{cut.column!r}]"]
        lines += _python_case(term, 0, "    ", term.points.tolist())
    return "\n".join([*lines, "    return score", ""])


def _python_case(term: Term, at: int, indent: str, points: list[int]) -> list[str]:
    """Return Python statements that add the points of a term to the score. `points` contains the points of all cells of the term.

    The statements branch on the term's column with index `at` and then, in a two-way table, on the second column.
    """
    cut, name, width = term.cuts[at], "ab"[at], len(points) // len(term.cuts[at].bins)
    cells = [points[i : i + width] for i in range(0, len(points), width)]

    def then(place: int) -> list[str]:
        inner = f"{indent}    "
        if at + 1 < len(term.cuts):
            return _python_case(term, at + 1, inner, cells[place])
        return [f"{inner}score += {cells[place][0]}"]

    lines = [f"{indent}if {name} is None or {name} != {name}:", *then(cut.missing)]
    for place, one in enumerate(cut.bins):
        if cut.numeric and one.high is not None:
            lines += [f"{indent}elif {name} <= {one.high!r}:", *then(place)]
        elif one.levels:
            lines += [f"{indent}elif {name} in {one.levels!r}:", *then(place)]
    last = next(i for i, one in enumerate(cut.bins) if one.known and one.high is None) if cut.numeric else cut.other
    return [*lines, f"{indent}else:", *then(last)]


# ---- CSV


def write_csv(card: Scorecard, path: Path) -> Path:
    """Write the frame of a scorecard to a CSV file, without the row counts, and return the path.

    Levels are written as JSON lists. Text that begins like a spreadsheet formula is preceded by an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CELLS)
    frame = card.frame()[list(CELLS)]
    for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in row])
    write(path, out.getvalue().encode("utf-8"))
    return path


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return spreadsheet_cell(json.dumps(value))
    return spreadsheet_cell(plain(value)) if isinstance(value, str) else repr(value)
