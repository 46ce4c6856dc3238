"""Check for hidden units that are linear functions of other units in the same layer.

Constant units, such as dead units, are reported by the check `dead_units` instead.
"""

from __future__ import annotations

from tabinterp.analyses.hidden_units.record import Inside
from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    inside = document.get(Inside)
    if inside is None:
        return not_applicable()
    duplicate = sum(layer.duplicate for layer in inside.layers)
    redundant = sum(layer.redundant for layer in inside.layers)
    units = sum(layer.units for layer in inside.layers)
    if duplicate + redundant == 0:
        return cleared(units=units, rows=inside.rows)
    count = duplicate + redundant
    return raised(count=count, units=units, duplicate=duplicate, redundant=redundant, rows=inside.rows)


CHECK = Check(
    code="TI-F06",
    slug="redundant-units",
    severity="note",
    section="neurons",
    evaluate=evaluate,
    text=Text(
        title="Redundant hidden units",
        measures="whether the output of a hidden unit is a linear function of other units in its layer.",
        limitations="Does not detect units that are only nearly redundant.",
        raised_when=(
            "the output of a hidden unit equals that of another unit in its layer up to scale and shift, or is a "
            "linear function of the outputs of several other units in its layer."
        ),
        next="Consider a smaller network, and do not interpret redundant hidden units on their own.",
        claims={
            "raised": (
                (
                    "On the {rows} rows analysed, {count} of the {units} hidden units are redundant: {duplicate} "
                    "duplicate another unit up to scale and shift, and {redundant} are linear functions of several "
                    "other units."
                ),
                "count, units, duplicate, redundant: numbers of hidden units",
            ),
            "cleared": (
                "None of the {units} hidden units is a linear function of other units in its layer (n = {rows})."
            ),
            "not_applicable": "Not applicable: no hidden units were found in the model.",
        },
    ),
)
