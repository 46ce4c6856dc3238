"""Evidence for clauses of laws and standards. A mapping of clauses lists the fields of the document that each clause requires. A
report uses the mapping to show for which clauses the document contains these fields.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tabinterp.atomic_io import LARGEST_TEXT, read_regular
from tabinterp.document.document import Document
from tabinterp.document.evidence_rows import Card, EvidenceRow
from tabinterp.errors import PolicyError
from tabinterp.field_errors import problem_in_toml
from tabinterp.messages.names import plain, spreadsheet_cell

COLUMNS = ("instrument", "version", "applies", "clause", "mark", "section", "status", "missing")
UNVERIFIED = "M"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Instrument(_Part):
    name: str
    version: str
    applies: str | None = None


class Citation(_Part):
    instrument: str
    clause: str
    mark: Literal["P", "S", "M"]


class Clause(_Part):
    """A group of cited clauses, and the fields of the document that they require. Evidence is complete if the document contains
    all of these fields.
    """

    section: str
    fields: Annotated[list[str], Field(min_length=1)]  # with an empty list, every document would have all
    cited: list[Citation]


class Mapping(_Part):
    instruments: dict[str, Instrument]
    clause: list[Clause]


def evidence(document: Document, own: Iterable[Mapping] = (), unverified: bool = False) -> list[EvidenceRow]:
    """Return one row for each clause of the built-in mapping and of the user's mappings. A row states which evidence the document
    contains.

    Parameters
    ----------
    own : the user's mappings, from `read_mapping`. Their clauses follow those of the built-in mapping.
    unverified : whether to include clauses that were cited from memory (mark M).
    """
    contents = document.model_dump()
    return [
        _row(mapping.instruments[cited.instrument], clause, cited, contents)
        for mapping in (built_in(), *own)
        for clause in mapping.clause
        for cited in clause.cited
        if unverified or cited.mark != UNVERIFIED
    ]


def _row(instrument: Instrument, clause: Clause, cited: Citation, contents: dict[str, Any]) -> EvidenceRow:
    missing = [field for field in clause.fields if not _holds(contents, field.split("."))]
    status: Literal["supplied", "partial", "not_supplied"] = "partial"
    if not missing:
        status = "supplied"
    elif len(missing) == len(clause.fields):
        status = "not_supplied"
    return EvidenceRow(
        section=clause.section,
        instrument=instrument.name,
        version=instrument.version,
        applies=instrument.applies,
        clause=cited.clause,
        mark=cited.mark,
        status=status,
        missing=missing,
    )


def holds(document: Document, place: str) -> bool:
    """Return whether a field of the document, such as `performance.metrics`, is present and not empty."""
    return _holds(document.model_dump(), place.split("."))


def _holds(part: Any, path: list[str]) -> bool:
    """Return whether the field at a path is present and not empty. In a list, at least one item must have the field. A path
    element such as "name=age" selects the list items in which the field `name` is "age".
    """
    if isinstance(part, list) and path:
        name, equals, value = path[0].partition("=")
        if equals:
            return any(_holds(item, path[1:]) for item in part if isinstance(item, dict) and item.get(name) == value)
        return any(_holds(item, path) for item in part)
    if path:
        return isinstance(part, dict) and _holds(part.get(path[0]), path[1:])
    return part not in (None, [], {}, "")


def built_in() -> Mapping:
    return Mapping.model_validate(
        tomllib.loads(files("tabinterp.checks.evidence").joinpath("evidence.toml").read_text(encoding="utf-8"))
    )


def read_mapping(path: str | Path) -> Mapping:
    """Read a user's mapping of clauses. Its format is that of the built-in mapping (`tabinterp/checks/evidence/evidence.toml`).

    Raises
    ------
    PolicyError : if the file cannot be read or does not have this format.
    """
    mapping: Mapping = _read(path, Mapping, "mapping")
    cited = [citation.instrument for clause in mapping.clause for citation in clause.cited]
    unknown = [instrument for instrument in cited if instrument not in mapping.instruments]
    if unknown:
        raise PolicyError(
            f"the mapping {str(path)!r} cites the unknown instrument {unknown[0]!r}; the mapping defines "
            f"{', '.join(mapping.instruments) or 'none'}. Define the instrument in a table [instruments.NAME], or "
            "correct the citation"
        )
    return mapping


def read_card(path: str | Path) -> Card:
    """Read the author's text from a TOML file.

    The fields are intended_use, out_of_scope, population, limits, ethics, developer, licence, reviewer and role. All are
    optional. The report says which of them were not supplied.

    Raises
    ------
    PolicyError : if the file cannot be read or contains other fields.
    """
    card: Card = _read(path, Card, "card")
    return card


def _read(path: str | Path, form: type[BaseModel], kind_of_file: str) -> Any:
    try:
        return form.model_validate(tomllib.loads(read_regular(Path(path), LARGEST_TEXT).decode("utf-8")))
    except OSError as error:
        raise PolicyError(f"the {kind_of_file} {str(path)!r} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        allowed = ", ".join(form.model_fields)
        raise PolicyError(
            f"the {kind_of_file} {str(path)!r}: {problem_in_toml(first)}. The allowed keys of the file are {allowed}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"the {kind_of_file} {str(path)!r} is not valid TOML: {error}") from None


def as_csv(rows: Iterable[EvidenceRow]) -> str:
    """Return the rows as CSV, with one line per clause. No cell begins with a character that starts a formula in spreadsheets."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        values = row.model_dump() | {"missing": " ".join(row.missing), "applies": row.applies or ""}
        cells = [plain(" ".join(str(values[name]).split())) for name in COLUMNS]
        writer.writerow([spreadsheet_cell(cell) for cell in cells])
    return out.getvalue()
