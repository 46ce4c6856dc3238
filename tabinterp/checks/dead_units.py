"""Check for hidden units whose output is the same for all rows."""

from __future__ import annotations

from tabinterp.analyses.unit_correlations.record import Neurons
from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    units = document[Neurons].units
    if not units:
        return not_applicable()
    dead = sum(unit.sd == 0 for unit in units)
    return raised(count=dead, units=len(units)) if dead else cleared(units=len(units), rows=document[Neurons].rows)


CHECK = Check(
    code="TI-F03",
    slug="dead-units",
    severity="note",
    section="neurons",
    evaluate=evaluate,
    text=Text(
        title="Constant hidden units",
        measures="the standard deviation of each hidden unit's output over the rows analysed.",
        limitations="Does not detect units that duplicate others; for that, see the “redundant-units” check.",
        raised_when="the standard deviation of a hidden unit's output is zero.",
        next="Consider a smaller network. If many hidden units are constant, check the learning rate.",
        claims={
            "raised": "The output of {count} of the {units} hidden units in this report does not vary over the rows.",
            "cleared": "None of the {units} hidden units in this report is constant over the rows (n = {rows}).",
            "not_applicable": "Not applicable: no hidden units were found in the model.",
        },
    ),
)
