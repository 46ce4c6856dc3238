"""Sentences about the ablation of hidden units and of groups of them."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.mechanism.groups.fold": "Groups of units that go together: {count}, taken away as one",
    "report.mechanism.groups.lead": (
        "Units of a layer whose outputs are correlated by {together} or more, on average over their pairs. By so much the"
        " {loss} rises, on {rows_of}, when the whole group puts out what it does on another row (all from the same; "
        "{repeats} draws a row), its means, or zeros. Alone: the sum of what its members cost one by one."
    ),
    "report.mechanism.groups.table": "{shown} of {count} groups, the dearest first",
    "report.mechanism.groups.units": "units",
    "report.mechanism.groups.resample": "another row's [95% CI]",
    "report.mechanism.groups.alone": "alone, summed",
    "report.mechanism.groups.mean": "means [95% CI]",
    "report.mechanism.groups.zero": "zeros [95% CI]",
    "report.mechanism.groups.group": "{layer}: {units}",
    # units: a list of numbers
    "report.mechanism.groups.more": "{units} and {count} more",
    "report.mechanism.groups.note": (
        "A group that costs more than its members alone holds units that stand in for each other: one by one they look as"
        " if nobody missed them. Zero may be an output that a unit never has."
    ),
    "plot.axis.ablation": "rise of the loss with this in the unit's place, 95% interval",
    # why it does not apply
    "why.no two units of a layer are correlated by 0.8: there is no group to take away": (
        "no two units of a layer are correlated by 0.8: there is no group to take away"
    ),
    "why.an ablation needs two rows": ("an ablation needs two rows"),
    "why.ablation.layer": "{model:name} has no hidden layer at which it could be cut",
}
