"""Samples as this version would have written them: whatever follows from the rest of a document follows from it."""

from __future__ import annotations

import tabinterp as ti
from tabinterp import __version__
from tabinterp.analyses.disagreement.record import Disagreement, disagreement_sentences
from tabinterp.analyses.slices.record import Slices, slices_sentences
from tabinterp.auditing.consistency import verdict_lines
from tabinterp.auditing.not_assessed import unassessed
from tabinterp.auditing.result import judged
from tabinterp.auditing.run_record import code_digest, configuration_digest, readings
from tabinterp.document.base import MetricRow
from tabinterp.document.document import Document, Message
from tests.report.samples import binary, nothing


def honest(document: Document, **method: object) -> Document:
    """The document with every derived part worked out anew; `method`: fields of `document.method` to set before that."""
    settings = {**document.method.settings, **method.pop("settings", {}), "margin": document.verdict.margin}
    known = {"version": __version__, "code_digest": code_digest(), "settings": settings, **method}
    unkeyed = [column.model_copy(update={"digest": ""}) for column in document.data.columns]
    performance = document.performance.model_copy(
        update={"metrics": [fitting(row) for row in document.performance.metrics]}
    )
    told = document.model_copy(update={"performance": performance})
    lines = [] if document.verdict.status == "not_assessed" else verdict_lines(told)
    made = document.model_copy(
        update={
            "disagreement": in_words(document),
            "slices": grouped(document),
            "performance": performance,
            "verdict": document.verdict.model_copy(update={"lines": lines}),
            "data": document.data.model_copy(update={"columns": unkeyed}),
            "method": document.method.model_copy(update={**known, "data_digest": "", "digest_key": ""}),
            "not_assessed": unassessed(document),
        }
    )
    found = {
        "readings": readings(made),
        "configuration_digest": configuration_digest(made),
    }
    return judged(made.model_copy(update={"method": made.method.model_copy(update=found)}), made.card)


def in_words(document: Document) -> Disagreement | None:
    """Where the models differ, with the sentences that the numbers give."""
    part = document.disagreement
    if part is None:
        return None
    positive = document.data.classes[-1] if document.data.task == "binary" else None
    return part.model_copy(update={"sentences": disagreement_sentences(part, document.linear.name, positive)})


def grouped(document: Document) -> Slices | None:
    """The groups of rows, with the sentences of a table that shows all of them."""
    part = document.slices
    if part is None:
        return None
    counts = {name: sum(row.status == name for row in part.found) for name in ("better", "worse")}
    counts["unlike"] = sum(row.unlike for row in part.found)
    return part.model_copy(update={"sentences": slices_sentences(part, counts, document.linear.name)})


def fitting(row: MetricRow) -> MetricRow:
    """The metric with a value of the network that fits the other model's and the difference, in an interval that holds it."""
    if row.linear.value is None or row.difference.value is None:
        return row
    value, part = row.linear.value + row.difference.value, row.network
    ends = {} if part.low is None else {"low": min(part.low, value), "high": max(part.high, value)}
    return row.model_copy(update={"network": part.model_copy(update={"value": value, **ends})})


def light(worse: bool = True, **method: object) -> ti.Audit:
    """An audit of few sections, quick to render, that raises `worse-than-linear` (act) or nothing."""
    whole, bare = binary(), nothing()
    row, small = whole.performance.metrics[:2]
    if not worse:
        row = row.model_copy(update={"difference": small.difference, "resolved": "no"})
    status = "worse" if worse else "equivalent"
    sentence = Message(key=f"verdict.{status}", values={"linear": "logistic regression"})
    verdict = {"status": status, "difference": row.difference, "margin": 0.025, "sentence": sentence}
    changes = {
        "data": whole.data.model_copy(update={"columns": whole.data.columns[:3]}),
        "linear": bare.linear.model_copy(update={"name": whole.linear.name}),
        "performance": bare.performance.model_copy(update={"held_out": True, "metrics": [row]}),
        "verdict": bare.verdict.model_copy(update=verdict),
    }
    return ti.Audit(honest(bare.model_copy(update=changes), **method))
