"""What a saved audit was asked, and of which rows: read off its document, so that it can be asked again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabinterp.analyses.groups.record import Groups
from tabinterp.table import Scan, Table, in_batches, read_table, scan_table

from .base import Message
from .document import Document


@dataclass(frozen=True)
class Rows:
    """Where the audited rows are: a file or anything else that is read in batches, with its query."""

    source: Any
    query: str | None = None
    key: str | None = None

    @property
    def file(self) -> Path | None:
        """None: there is none, but a database or a URL."""
        return None if self.query is not None or "://" in str(self.source) else Path(self.source)


def table_of(document: Document, rows: Rows) -> Table | Scan:
    """The table, read as the document says it was: at once, or in batches with as many rows drawn."""
    data = document.data
    roles = {role: [c.name for c in data.columns if c.role == role] for role in ("dropped", "weight", "group")}
    asked: dict[str, Any] = dict(
        target=data.target,
        task=data.task,
        positive=data.classes[-1] if data.task == "binary" else None,
        adverse=data.adverse,
        drop=roles["dropped"],
        protected=[c.name for c in data.columns if c.protected],
        kinds={c.name: c.kind for c in data.columns if c.role == "input" and c.kind != "ordinal"},
        weight=next(iter(roles["weight"]), None),
        group=next(iter(roles["group"]), None),
        drop_missing_target=data.without_target is not None,
        **_split(data.split),
    )
    if asked["group"] is not None and data.split.key in ("split.fraction", "split.stratified"):
        asked |= {"split": None, "stratify": False}  # drawn from rows before the groups were named: it is the model's
    few = data.drawn
    if few is None and rows.file is not None and not in_batches(rows.file):
        return read_table(rows.file, **asked)
    if asked.pop("stratify", False):
        asked["split"] = None  # it is the model's
    asked = {"seed": document.method.seed} | asked
    if few is not None:
        held_out = few.held_out_rows or 0
        asked["rows"] = max(held_out, few.rows - held_out)
    return scan_table(rows.source, query=rows.query, key=rows.key, **asked)


def _split(told: Message) -> dict[str, Any]:
    how, values = told.key.removeprefix("split."), told.values
    if how == "column":
        return {"split": values["column"]}
    if how == "date":
        return {"split": values["column"], "split_at": values["at"]}
    if how == "none":
        return {}
    if how == "groups":
        return {"split": values["share"], "seed": values["seed"]}
    return {"split": values["share"], "seed": values["seed"], "stratify": how == "stratified"}


def asked_of(document: Document) -> dict[str, Any]:
    """The margin, costs and threshold, control groups and constraints, where they were given."""
    asked: dict[str, Any] = {}
    if "analyses" in document.method.settings:
        asked["analyses"] = str(document.method.settings["analyses"]).split()
    if document.verdict.margin_given:
        asked["margin"] = document.verdict.margin
    if document.groups is not None:
        asked |= _groups(document.groups)
    decisions = None if document.judged is None else document.judged.decisions
    if decisions is not None and decisions.policy is not None:
        given = decisions.policy
        if given.given != "threshold":
            asked["costs"] = given.false_positive, given.false_negative
        if given.given != "costs":
            asked["threshold"] = given.threshold
    elif decisions is None and document.performance.threshold is not None:
        asked["threshold"] = (
            document.performance.threshold
        )  # the policy is not in a document without the decision curve
    return asked


def _groups(part: Groups) -> dict[str, Any]:
    """Control groups and constraints, as they were given."""
    rows = [] if part.constraints is None else part.constraints.columns
    told = [(row.column, {"direction": row.direction, "low": row.low, "high": row.high}) for row in rows]
    constraints = {name: {k: v for k, v in one.items() if v is not None} for name, one in told}
    return {"control": dict(part.tables[0].control) if part.tables else {}, "constraints": constraints}
