"""Sentences about the ablation of hidden units and of groups of units."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.ablation of groups of units": "ablation of groups of hidden units",
    "rows_of.unit_groups": "Ablation of groups of units",
    "report.mechanism.groups.fold": "Ablation of unit groups ({count})",
    "report.mechanism.groups.lead": (
        "A group consists of hidden units of the same layer whose outputs have a mean absolute correlation of at least "
        "{together}. The table shows the rise in {loss} on {rows_of} when the outputs of all units in a group are replaced by "
        "their values in another row, by their means, or by zeros. For each row, {repeats} other rows are drawn to supply the "
        "replacement values; the same rows are used for all units in the group. “Sum of single units” is the sum of the rises in "
        "loss when the outputs of the units are replaced by values from other rows, one unit at a time."
    ),
    "report.mechanism.groups.table": (
        "Unit groups ({shown} of {count}, largest rise first): rise in loss by type of replacement"
    ),
    "report.mechanism.groups.units": "Units",
    "report.mechanism.groups.resample": "Values of another row [95% CI]",
    "report.mechanism.groups.alone": "Sum of single units",
    "report.mechanism.groups.mean": "Means [95% CI]",
    "report.mechanism.groups.zero": "Zeros [95% CI]",
    "report.mechanism.groups.group": "{layer}: {units}",
    # units: a list of numbers
    "report.mechanism.groups.more": "{units} and {count} more",
    "report.mechanism.groups.note": (
        "The rise in loss for a group of units can exceed the sum of the rises for its single units. In this case, "
        "the units can compensate for each other, and each unit appears unimportant when only its own output is "
        "replaced. Replacing outputs by zeros can be unrealistic, because zero may lie outside the range of a unit's "
        "outputs."
    ),
    "plot.axis.ablation": "Rise in loss when the hidden unit's output is replaced, 95% CI",
    # why the analysis does not apply
    "why.no two units of a layer are correlated by 0.8: there is no group to take away": (
        "no two hidden units of the same layer have an absolute correlation of 0.8 or more, so there are no "
        "groups of units to replace"
    ),
    "why.an ablation needs two rows": "an ablation needs at least two rows, but there are fewer",
    "why.ablation.layer": "no hidden layers were found in {model:name}: it has none, or its operations cannot be traced",
}
