"""Are there hidden units that are linear functions of other units of their layer?

Dead and constant units are the matter of another check, `dead_units`.
"""

from __future__ import annotations

from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, not_applicable, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    inside = document.inside
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
        title="Units that say what others say",
        measures="whether a hidden unit is, over the rows, a linear function of other units of its layer",
        limitations="Units that say nearly the same.",
        raised_when="Another unit up to scale and shift, or a linear function of several.",
        next="A smaller network will do; do not read such a unit alone.",
        claims={
            "raised": (
                (
                    "Hidden units that say on {rows} rows nothing that other units of their layer do not say: "
                    "{count} of {units} ({duplicate} by repeating another up to scale and shift, {redundant} as "
                    "linear functions of several)."
                ),
                "count, units, duplicate, redundant: numbers of hidden units",
            ),
            "cleared": (
                "None of the {units} hidden units is on {rows} rows a linear function of other units of its layer."
            ),
            "not_applicable": "The model has no hidden units that could be found.",
        },
    ),
)
