"""The parts of the document that describe the data, the models, the method, and what was not assessed."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from tabinterp import __version__
from tabinterp.analyses.agreement.estimator import TOP
from tabinterp.analyses.decision_curve import ANALYSIS as DECISION_CURVE
from tabinterp.analyses.hidden_units import ANALYSIS as HIDDEN_UNITS
from tabinterp.analyses.record_values import number
from tabinterp.analyses.results import Results
from tabinterp.analyses.trust import ANALYSIS as TRUST
from tabinterp.document import document as doc
from tabinterp.document.document import DRAWN_SPLIT, Message
from tabinterp.models import BoundModel, Model
from tabinterp.models.device import described
from tabinterp.models.model import File
from tabinterp.models.through_encoder import through, without_slope
from tabinterp.provenance.digest_key import DigestKey
from tabinterp.table import Column, Table
from tabinterp.table.summary import Census, census
from tabinterp.table.suppression import SMALL, countless, distinct_down, part_of, parts_shown, rounded_down

from .run_record import code_digest

LIBRARIES = (
    "numpy", "scipy", "pandas", "pyarrow", "narwhals", "scikit-learn", "statsmodels", "torch", "matplotlib", "seaborn",
    "jinja2", "pydantic",
)  # fmt: skip


# ---- data and models


def data(r: Results) -> doc.Data:
    table = r.network.table
    schema = table.schema
    counts = r.census or census(table)
    held_out = counts.held_out
    return doc.Data(
        name=table.name,
        rows=counts.rows,
        held_out_rows=held_out,
        training_rows=None if held_out is None else counts.rows - held_out,
        drawn=_drawn(r),
        without_target=_without_target(counts.without_target),
        target=schema.target,
        task=schema.task,
        classes=list(schema.labels),
        rates=[
            rate if is_shown else None for rate, is_shown in zip(counts.rates, parts_shown(counts.held), strict=True)
        ],
        events=_events(table),
        adverse=schema.adverse_label,
        weighted=table.weights is not None,
        grouping=_grouping(table),
        split=_split(r),
        columns=[_column(r.network, column.name, counts, r.digest_key) for column in schema.columns],
        labels=[_labels(column) for column in schema.columns if column.label is not None or column.level_labels],
    )


def _labels(column: Column) -> doc.ColumnLabels:
    levels = [doc.LevelLabel(level=level, label=label) for level, label in column.level_labels]
    return doc.ColumnLabels(column=column.name, label=column.label, levels=levels)


def _without_target(rows: int | None) -> doc.WithoutTarget | None:
    return None if rows is None else doc.WithoutTarget(rows=None if 0 < rows < SMALL else rows)


def _events(table: Table) -> int | None:
    """Return the number of evaluated rows in the rarest class, or None if the target has no classes. To keep small counts
    confidential, also return None if 1 to 9 rows of this class are evaluated, or if 1 to 9 rows of it are not evaluated.
    """
    if not table.schema.goal.classes:
        return None
    codes, held = (
        table.y.astype(np.int64),
        np.ones(len(table), dtype=bool) if table.held_out is None else table.held_out,
    )
    inside, outside = (np.bincount(codes[rows], minlength=len(table.schema.labels)) for rows in (held, ~held))
    least = int(inside.argmin())
    is_shown = all(count == 0 or count >= SMALL for count in (inside[least], outside[least]))
    return int(inside[least]) if is_shown else None


def _column(bound: BoundModel, name: str, counts: Census, key: DigestKey | None) -> doc.ColumnInfo:
    column, encoding = bound.table.schema[name], bound.encoding
    levels, missing = counts.levels[name], counts.missing[name]
    return doc.ColumnInfo(
        name=name,
        kind="categorical" if name == bound.table.schema.target and bound.table.schema.classes else column.kind,
        role=column.role,
        protected=column.protected,
        levels=None if levels is None else distinct_down(levels, counts.rows, missing),
        missing=part_of(missing, counts.rows),
        constant=counts.constant[name],
        read_by_network=len(encoding.blocks.get(name, ())) > 0,
        fast=encoding.local.get(name, False),
        digest="" if key is None else key.column(counts.digests[name]),
    )


def _grouping(table: Table) -> doc.Grouping | None:
    groups, column = table.groups, table.schema.group
    if groups is None or column is None:
        return None
    count, held_out = len(np.unique(groups)), table.held_out
    if held_out is None:
        return doc.Grouping(column=column, groups=count, training=None, held_out=None, shared=None)
    sides = [np.unique(groups[side]) for side in (~held_out, held_out)]
    training, tested = (len(side) for side in sides)
    return doc.Grouping(
        column=column, groups=count, training=training, held_out=tested, shared=training + tested - count
    )


def _drawn(r: Results) -> doc.Drawn | None:
    """Return the number of rows in the sample that most analyses used, or None if all analyses used all rows."""
    table = r.network.table
    if r.census is None or len(table) == r.census.rows:
        return None
    held_out = None if table.held_out is None else int(table.held_out.sum())
    fitted: list[Any] = ["counterpart"] if r.linear.model.fitted_in_batches else []
    return doc.Drawn(rows=len(table), held_out_rows=held_out, summed=[*fitted, *r.summed])


def _split(r: Results) -> Message:
    split = r.network.table.split
    if split is None:
        return Message(key="split.none")
    if split.kind == "column":
        return Message(key="split.column", values={"column": split.column})
    if split.kind == "date":
        return Message(key="split.date", values={"column": split.column, "at": split.at})
    if split.group is not None:
        values = {"share": split.fraction, "column": split.group, "seed": split.seed}
        return Message(key="split.groups", values=values)
    key = "split.stratified" if split.stratify else "split.fraction"
    return Message(key=key, values={"share": split.fraction, "seed": split.seed})


def model_info(bound: BoundModel) -> doc.ModelInfo:
    notes = []
    slow = [c for c in bound.columns if not bound.encoding.local[c]]
    if slow:
        notes.append(Message(key="model.mixed", values={"columns": slow}))
    if bound.has_gradient:
        abrupt, head = without_slope(bound), through(bound).encoding
        mixed = [c for c in bound.columns if not head.has_slope(c) and c not in abrupt]
        for why, columns in (("mixed", mixed), ("abrupt", list(abrupt))):
            if columns:
                notes.append(Message(key=f"model.no_gradient.{why}", values={"columns": columns}))
    if bound.encoding.unseen:
        rows = rounded_down(max(bound.encoding.unseen.values()), len(bound.table))
        values = {"columns": list(bound.encoding.unseen), "rows": SMALL if rows is None else rows}
        notes.append(Message(key="model.unseen_few" if rows is None else "model.unseen", values=values))
    if bound.clipped:
        key = "model.clipped" if bound.table.schema.goal.classes else "model.clipped_rates"
        few = countless(bound.clipped, len(bound.table))
        notes.append(Message(key=f"{key}_few" if few else key, values={"rows": SMALL if few else bound.clipped}))
    if bound.model.outputs == "probabilities" and not bound.model.outputs_stated:
        notes.append(Message(key="model.probabilities", values={}))
    if bound.model.dequantised:
        notes.append(Message(key="model.dequantised", values={}))
    if bound.model.predict is not None:
        notes.append(Message(key="model.checked", values={}))
    notes += _origin(bound)
    return doc.ModelInfo(
        name=bound.model.name,
        library=bound.model.library,
        parameters=sum(p.numel() for p in bound.model.weights.parameters()),
        hidden=[units.shape[1] for units in bound.take(np.arange(1)).activations().values()],
        converged=bound.model.converged,
        linear=bound.is_linear,
        notes=notes,
    )


def _origin(bound: BoundModel) -> list[Message]:
    """Return a list with a note if code in a file was run to load the model, or if the model was converted from another file.
    Otherwise, return an empty list.
    """
    file = bound.model.file
    if file is None:
        return []
    if file.unsafe:
        return [Message(key="model.unsafe", values={"format": file.format, "sha256": file.sha256})]
    if file.made_from is not None:
        return [Message(key="model.made_from", values={"format": file.made_from[0], "sha256": file.made_from[1]})]
    return []


# ---- what was not assessed, and how to repeat the audit


def notes(r: Results) -> list[Message]:
    """Return the notes on what was not assessed, except those that `unassessed` can derive from the document."""
    messages = list(r.notes)
    if r.settings.table is not None and isinstance(r.settings.table.split, float) and r.network.model.split is None:
        messages.append(Message(key=DRAWN_SPLIT))
    units, decisions, trusted = r[HIDDEN_UNITS], r[DECISION_CURVE], r[TRUST]
    training = r.performance.training
    if training is not None and training.unknown is not None:
        known: dict[str, Any] = {"reading": "comparison with training rows", "reason": training.unknown}
        messages.append(Message(key="not_assessed.reading", values=known))
    if units is not None and (left := len(units.units.layer) - len(units.shown)):
        values = {"left": left, "count": left + len(units.shown), "shown": len(units.shown)}
        messages.append(Message(key="not_assessed.optima", values=values))
    if decisions is not None and decisions.policy is None:
        messages.append(Message(key="not_assessed.costs"))
    reason = None if trusted is None else trusted[0].skipped.get("random weights")
    if reason:
        known = {"reading": "null of random weights", "reason": reason}
        messages.append(Message(key="not_assessed.reading", values=known))
    return messages


@cache
def _versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries. They are cached, because reading them is slow."""
    return {"python": platform.python_version()} | {name: version(name).split("+")[0] for name in LIBRARIES}


def method(r: Results, data: doc.Data) -> doc.Method:
    return doc.Method(
        version=__version__,
        seed=r.seed,
        libraries=dict(_versions()),
        settings={
            "margin": number(r.performance.margin),
            "top": TOP,
            "counterpart": "fitted" if r.linear.model.is_rival else "given",
            **_file("network", r.network.model.file),
            **_file("linear", r.linear.model.file),
        },
        model_digest=_model_digest(r.network.model),
        linear_digest=_model_digest(r.linear.model),
        null_digest=None if r.null is None else _model_digest(r.null),
        other_digests=[_model_digest(one) for one in r.others],
        data_digest="" if r.digest_key is None else r.digest_key.table(column.digest for column in data.columns),
        digest_key="" if r.digest_key is None else r.digest_key.id,
        code_digest=code_digest(),
        device=described(r.network.device),
    )


def _file(which: str, file: File | None) -> dict[str, str | bool]:
    """Return the settings that describe the file of a model: its format, its SHA-256, and whether code in the file was run."""
    if file is None:
        return {}
    return {f"{which}_file": file.format, f"{which}_file_sha256": file.sha256, f"{which}_file_unsafe": file.unsafe}


def _model_digest(model: Model) -> str:
    digest = hashlib.sha256()
    for name, value in model.weights.state_dict().items():
        digest.update(f"{name} {tuple(value.shape)} {value.dtype}\n".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
