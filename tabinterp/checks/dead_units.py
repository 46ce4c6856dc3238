"""Are there hidden units that are constant over the rows?"""

from __future__ import annotations

from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    units = document.neurons.units
    if not units:
        return not_applicable()
    dead = sum(unit.sd == 0 for unit in units)
    return raised(count=dead, units=len(units)) if dead else cleared(units=len(units), rows=document.neurons.rows)


CHECK = Check(
    code="TI-F03",
    slug="dead-units",
    severity="note",
    section="neurons",
    evaluate=evaluate,
    text=Text(
        title="Units that never change",
        measures="the standard deviation of each hidden unit over the rows",
        limitations="Units that say the same as others.",
        raised_when="It is zero.",
        next="A smaller network will do; look at the learning rate if many are dead.",
        claims={
            "raised": "Constant on these rows: {count} of the {units} hidden units in this report.",
            "cleared": "None of the {units} hidden units in this report is constant on {rows} rows.",
            "not_applicable": "The model has no hidden units that could be found.",
        },
    ),
)
