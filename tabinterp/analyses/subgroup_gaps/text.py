"""Sentences about subgroups in which the network fails."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.search for weak subgroups": "search for weak subgroups",
    "rows_of.weak": "Weak subgroups",
    "report.weak": "Weak subgroups",
    # mean, null: losses
    "report.weak.lead": (
        "The search used about half of the rows and covered {searched} groups, each defined by one or two columns. The "
        "groups selected in this search were then tested on the other {rows} rows. On the rows used for testing, the "
        "mean loss is {mean} for the network and {null} for a constant prediction."
    ),
    "report.weak.found": (
        "For {worse} of the {count} groups tested, the network's loss is significantly higher than for the "
        "other rows (corrected for multiple testing)."
    ),
    "report.weak.caption": "Weak subgroups: the network's loss on rows that were not used to select the subgroups",
    "report.weak.loss": "Loss",
    "report.weak.rest": "Loss in other rows",
    "report.weak.difference": "Difference [CI]",
    "report.weak.skill": "Skill",
    "report.weak.beyond": "Excess loss over boosted trees [CI]",
    "report.weak.excess": "Excess over expected loss [CI]",
    "report.weak.note": (
        "Skill: 1 minus the ratio of the network's loss to the loss of always predicting the group's base "
        "rate. Excess loss over boosted trees: the network's loss minus the loss of boosted trees fitted to "
        "the training rows. Excess over expected loss: the network's loss minus the loss expected if its own "
        "probabilities were correct. If the network's probabilities are correct, the expected value of both "
        "excesses is at most zero, however noisy the outcomes in the group are. Intervals (CI) control the "
        "false coverage rate at 1% across all tested groups."
    ),
    "report.weak.note_mean": (
        "Skill: 1 minus the ratio of the network's loss to the loss of always predicting the group's mean. Excess loss "
        "over boosted trees: the network's loss minus the loss of boosted trees fitted to the training rows. Intervals "
        "(CI) control the false coverage rate at 1% across all tested groups."
    ),
    # why it does not apply
    "why.groups are searched on one half of the rows and tested on the other: too few have weight": (
        "groups are selected on one half of the rows and tested on the other half, but in one half no "
        "row has positive weight"
    ),
}
