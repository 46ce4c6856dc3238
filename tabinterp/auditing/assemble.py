"""Building the document of an audit from its results. Numbers are stored as fields of the document. Sentences are stored as
messages, each of which consists of a key and values.
"""

from __future__ import annotations

from typing import Any

from tabinterp.analyses.agreement import record as agreement
from tabinterp.analyses.performance import record as performance
from tabinterp.analyses.results import Results
from tabinterp.document import document as doc

from .data_and_models import data, method, model_info, notes
from .not_assessed import unassessed
from .run_record import configuration_digest, readings

__all__ = ["Results", "document"]


def document(r: Results) -> doc.Document:
    """Return the document of an audit, without findings."""
    table = data(r)
    parts: dict[str, Any] = {place: field.build(r) for place, field in doc.RECORDS.items()}
    own = {name: field.build(r) for name, field in doc.OWN.items() if r.answers.get(name) is not None}
    made = doc.Document(
        data=table,
        network=model_info(r.network),
        linear=model_info(r.linear),
        verdict=performance.build_verdict(r, parts["importance"]),
        performance=performance.build_performance(r),
        agreement=agreement.build(r),
        agreement_left_out=agreement.build_left_out(r),
        analyses={name: record for name, record in own.items() if record is not None},
        findings=[],
        evidence=[],
        not_assessed=notes(r),
        method=method(r, table),
        settings=r.settings,
        **parts,
    )
    known = {"readings": readings(made), "configuration_digest": configuration_digest(made)}
    told = [*made.not_assessed, *unassessed(made)]
    return made.model_copy(update={"method": made.method.model_copy(update=known), "not_assessed": told})
