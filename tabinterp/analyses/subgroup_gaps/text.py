"""Sentences about subgroups in which the network fails."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.weak": "Groups in which the network errs most",
    # mean, null: losses
    "report.weak.lead": (
        "{searched} groups of one column or two were searched on half of the rows; those that stood out are tested here on the "
        "other {rows}. The loss of all of them is {mean}, that of knowing nothing {null}."
    ),
    "report.weak.found": "In {worse} of these {count} groups the loss is higher than elsewhere by a whole corrected interval.",
    "report.weak.caption": "Loss of the network in groups picked on one half of the rows, tested on the other",
    "report.weak.loss": "loss",
    "report.weak.rest": "loss elsewhere",
    "report.weak.difference": "difference",
    "report.weak.skill": "skill",
    "report.weak.beyond": "above boosted trees",
    "report.weak.excess": "above own probabilities",
    "report.weak.note": (
        "Skill: 1 minus the loss divided by that of knowing the group's own base rate. Above boosted trees: the network's loss "
        "minus that of boosted trees fitted to the training rows. Above own probabilities: the loss minus what the network's "
        "own probabilities imply. Both are zero for a network that knows the true probabilities, however noisy the group. "
        "Intervals keep a false coverage rate of 1% over all groups tested."
    ),
    "report.weak.note_mean": (
        "Skill: 1 minus the loss divided by that of knowing the group's own mean. Above boosted trees: the network's loss minus "
        "that of boosted trees fitted to the training rows. Intervals keep a false coverage rate of 1% over all groups tested."
    ),
    # why it does not apply
    "why.groups are searched on one half of the rows and tested on the other: too few have weight": (
        "groups are searched on one half of the rows and tested on the other: too few have weight"
    ),
}
