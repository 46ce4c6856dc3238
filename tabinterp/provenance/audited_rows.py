"""Reading the rows of a saved audit again, with the settings of the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabinterp.analyses.settings import TableSettings
from tabinterp.document.document import ColumnLabels
from tabinterp.table import Scan, Table, in_batches, read_table, scan_table


@dataclass(frozen=True)
class Rows:
    """The source of the audited rows: a file, or another source that is read in batches, with the query if there is one."""

    source: Any
    query: str | None = None
    key: str | None = None

    @property
    def file(self) -> Path | None:
        """The path of the file, or None if the source is not a local file."""
        return None if self.query is not None or "://" in str(self.source) else Path(self.source)


def read_again(settings: TableSettings, rows: Rows, labels: Sequence[ColumnLabels] = ()) -> Table | Scan:
    """Read the audited rows, all at once or in batches, as the audit did. `labels` are the labels of columns and levels in the
    audit document.

    If the split of the audit is stored with the model, the rows are returned without a split. `audit` then uses the split of the
    model.
    """
    how = settings.model_dump(exclude={"remembered_split", "rows_drawn"})
    how["labels"] = {
        "columns": {one.column: one.label for one in labels if one.label is not None},
        "levels": {one.column: {level.level: level.label for level in one.levels} for one in labels if one.levels},
    }
    if settings.rows_drawn is None and rows.file is not None and not in_batches(rows.file):
        return read_table(rows.file, **how)
    if how.pop("stratify"):
        how["split"] = None  # it needs all rows at once
    if settings.rows_drawn is not None:
        how["rows"] = settings.rows_drawn
    return scan_table(rows.source, query=rows.query, key=rows.key, **how)
