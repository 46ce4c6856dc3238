"""Samples as this version would have written them: whatever follows from the rest of a document follows from it."""

from __future__ import annotations

from tabinterp import __version__
from tabinterp.assembly.provenance import code_digest, configuration_digest, readings
from tabinterp.assembly.unassessed import unassessed
from tabinterp.audited import judged
from tabinterp.report.document import Document
from tabinterp.table.digest import table_digest


def honest(document: Document, **method: object) -> Document:
    """The document with every derived part worked out anew; `method`: fields of `document.method` to set before that."""
    settings = {**document.method.settings, **method.pop("settings", {}), "margin": document.verdict.margin}
    known = {"version": __version__, "code_digest": code_digest(), "settings": settings, **method}
    made = document.model_copy(
        update={"method": document.method.model_copy(update=known), "not_assessed": unassessed(document)}
    )
    found = {
        "readings": readings(made),
        "configuration_digest": configuration_digest(made),
        "data_digest": table_digest([column.digest for column in made.data.columns]),
    }
    return judged(made.model_copy(update={"method": made.method.model_copy(update=found)}), made.card)
