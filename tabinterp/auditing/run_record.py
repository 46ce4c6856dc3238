"""The record of a run: code, configuration, and the rows used by every analysis."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import rfc8785

from tabinterp.analyses import ANALYSES
from tabinterp.analyses.coefficients.record import Coefficients
from tabinterp.document import document as doc
from tabinterp.document.document import Message
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated

PACKAGE = Path(__file__).resolve().parent.parent
ELSEWHERE = {"__pycache__", "datasets"}  # excluded: compiled files, which differ between machines, and tables
FILES = ("_file", "_file_sha256", "_file_unsafe")  # settings that identify the model, not the configuration


@cache
def code_digest() -> str:
    """Return a SHA-256 (hex) of the files of the package. It is the `dirHash` digest of in-toto, computed from the output of
    sha256sum.

    The equivalent command, run in the folder of the package without its subfolder `datasets`, is:
    `find . -type f -not -path '*/__pycache__/*' | cut -c3- | LC_ALL=C sort | xargs sha256sum | sha256sum`
    """
    paths = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*") if path.is_file())
    names = sorted(path.as_posix() for path in paths if ELSEWHERE.isdisjoint(path.parts))
    lines = (f"{hashlib.sha256((PACKAGE / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def configuration(document: doc.Document) -> dict[str, Any]:
    """Return the configuration of an audit: the settings, how the table was read, the roles of the columns, and the split. The
    configuration does not depend on the rows or the model.
    """
    how, data = document.method, document.data
    return {
        "settings": None if document.settings is None else document.settings.model_dump(),
        "estimators": {k: v for k, v in how.settings.items() if k != "margin" and not k.endswith(FILES)},
        "classes": data.classes,
        "split": data.split.model_dump(),
        "columns": [[c.name, c.kind, c.role, c.protected] for c in data.columns],
    }


def configuration_digest(document: doc.Document) -> str:
    """Return the SHA-256 (hex) of the configuration as canonical JSON (RFC 8785)."""
    return hashlib.sha256(rfc8785.dumps(configuration(document))).hexdigest()


# ---- rows


def readings(d: doc.Document) -> list[ReadingRows]:
    """Return a description of the rows that each analysis in the document used, in the order of the analyses."""
    records = (d.get(one.kind) for one in ANALYSES if one.place is not None and one.record is not None)
    rows = [row for record in (d.performance, *records) if record is not None for row in record.rows_used(d)]
    own = [name for name in doc.OWN if name in d.analyses]  # a file stores them sorted by name
    rows += [row for name in own for row in _own_rows(name, d.analyses[name], d)]
    found = [row for row in rows if row.rows]  # without rows, the analysis does not apply
    return [row.model_copy(update={"weights": _weighed(d, row)}) for row in found] if d.data.weighted else found


def _own_rows(name: str, record: Any, d: doc.Document) -> list[ReadingRows]:
    """Return descriptions of the rows that an analysis used, from its record in `Document.analyses`. If the record states only
    the number of rows, they are assumed to be evaluated rows.
    """
    if hasattr(record, "rows_used"):
        return [*record.rows_used(d)]
    if not hasattr(record, "rows"):
        return []
    reading, seed = Message(key=f"report.section.{name}"), getattr(record, "seed", None)
    return [ReadingRows(reading=reading, models="both", rows=record.rows, rows_of=evaluated(d), seed=seed)]


def _weighed(d: doc.Document, row: ReadingRows) -> str:
    """Return a key that states how weights are used in the standard errors: "sampling" or "own".

    "sampling" means that weights are sampling weights, so only their ratios matter. "own" means that the standard errors come
    from a linear model that the user supplied. Weights are then used as in the user's fit.
    """
    own = d[Coefficients].method.key.startswith("coefficients.method.own.")
    return "own" if own and row.reading.key == "rows_of.coefficients_linear" else "sampling"
