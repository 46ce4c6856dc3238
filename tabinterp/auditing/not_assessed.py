"""Notes on what was not assessed, derived from the finished document."""

from __future__ import annotations

from tabinterp.analyses.constraints.record import ConstraintTable
from tabinterp.analyses.perturbation.record import Record as Perturbed
from tabinterp.analyses.trust.record import Trust
from tabinterp.analyses.unit_correlations.record import Neurons
from tabinterp.document.document import Document, Message, ModelInfo

# All keys that `unassessed` may return. Other notes come from the run and cannot be recomputed.
KEYS = frozenset(
    f"not_assessed.{name}"
    for name in (
        "split", "grouping", "mixed", "abrupt", "units", "reasons", "groups", "constraints", "seeds", "seeds.groups", "shuffled",
        "robustness", "dependence", "data", "use", "without_target", "without_target_few",
    )
)  # fmt: skip


def unassessed(document: Document) -> list[Message]:
    """Return notes on what was not assessed. They are derived from the rest of the document."""
    notes = []
    if not document.performance.held_out:
        notes.append(_note("split"))
    if document.data.grouping is not None:
        notes.append(_note("grouping", column=document.data.grouping.column))
    left_out = document.data.without_target
    if left_out is not None and left_out.rows != 0:
        few = left_out.rows is None
        notes.append(_note("without_target_few") if few else _note("without_target", rows=left_out.rows or 0))
    notes += [*_without_gradient(document.network), *_without_gradient(document.linear)]
    if document[Neurons].dropped_units:
        notes.append(_note("units", count=document[Neurons].dropped_units))
    if document.data.task != "binary":
        notes.append(_note("reasons"))
    if not any(column.protected for column in document.data.columns):
        notes.append(_note("groups"))
    requested = None if document.settings is None else document.settings.analyses  # None: all analyses
    undeclared = document.get(ConstraintTable) is None
    if undeclared and (requested is None or "constraints" in requested):
        notes.append(_note("constraints"))
    trust = document.get(Trust)
    if trust is None or trust.networks is None:
        notes.append(_note("seeds" if document.data.grouping is None else "seeds.groups"))
    if trust is None or not any(row.null == "shuffled labels" for row in trust.nulls):
        notes.append(_note("shuffled"))
    if document.get(Perturbed) is None:
        notes.append(_note("robustness"))
    return notes + [_note(name) for name in ("dependence", "data", "use")]


def _note(name: str, **values: int | str | list[str]) -> Message:
    return Message(key=f"not_assessed.{name}", values=dict(values))


def _without_gradient(model: ModelInfo) -> list[Message]:
    """Return the notes on columns for which a model has no gradients."""
    return [
        Message(key=f"not_assessed.{reason}", values={"model": model.name, "columns": note.values["columns"]})
        for reason in ("mixed", "abrupt")
        for note in model.notes
        if note.key == f"model.no_gradient.{reason}"
    ]
