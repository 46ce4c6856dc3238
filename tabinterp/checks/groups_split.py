"""Check whether a group of related rows, such as the rows of one person, includes both training rows and held-out rows."""

from __future__ import annotations

from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, not_applicable, raised_if


def evaluate(document: Document, limits: Limits) -> Outcome:
    grouping = document.data.grouping
    if grouping is None:
        return not_applicable()
    if grouping.shared is None:
        return not_applicable("not_applicable_split")
    return raised_if(
        grouping.shared > 0,
        column=grouping.column,
        shared=grouping.shared,
        held_out=grouping.held_out,
        groups=grouping.groups,
    )


CHECK = Check(
    code="TI-D13",
    slug="groups-split",
    severity="act",
    section="method",
    evaluate=evaluate,
    voids_comparison=True,
    text=Text(
        title="Groups on both sides of the split",
        measures="the number of groups (for example, individual people) that have rows on both sides of the split.",
        limitations=(
            "Does not detect related rows that the group column does not identify, such as members of a household."
        ),
        raised_when="at least one group in the group column has both training and held-out rows.",
        next=(
            "Split by group. Either specify the share of rows to hold out and name the group column, or supply a "
            "train/test column in which all rows of a group have the same label. Then retrain the network and repeat the audit."
        ),
        claims={
            "raised": (
                (
                    "Of the {held_out} groups of {column} with held-out rows, {shared} also have training rows. The "
                    "network may have memorised these groups, so their held-out rows do not show how well it "
                    "performs on new groups."
                ),
                "shared, held_out: numbers of groups; column: the group column",
            ),
            "cleared": (
                ("No group of {column} has both training and held-out rows ({groups} groups, {held_out} held out)."),
                "column: the group column; groups, held_out: numbers of groups",
            ),
            "not_applicable": "Not applicable: the table has no group column.",
            "not_applicable_split": (
                "Not applicable: there is no split, so there are no held-out rows to compare with training rows."
            ),
        },
    ),
)
