"""Do groups of rows that are one draw, such as persons, have both training rows and held-out rows?"""

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
        title="Groups stand on both sides of the split",
        measures="groups of the group column (such as persons) that have training rows and held-out rows",
        limitations=(
            "Rows that belong together and that the group column does not name, such as the members of a household."
        ),
        raised_when="One group with rows on both sides.",
        next=(
            "Split by groups: give a share as the split together with the group column, or a column of train/test "
            "labels in which all rows of a group have one label; train again, and audit again."
        ),
        claims={
            "raised": (
                (
                    "{shared} of the {held_out} groups of {column} with held-out rows have training rows too. The "
                    "network may know these groups by heart: what is measured on their held-out rows says nothing "
                    "about groups that it has not met."
                ),
                "shared, held_out: numbers of groups; column: the group column",
            ),
            "cleared": (
                "No group of {column} stands on both sides of the split ({groups} groups, {held_out} held out).",
                "column: the group column; groups, held_out: numbers of groups",
            ),
            "not_applicable": "The table has no group column.",
            "not_applicable_split": "Without a split there are no two sides to compare.",
        },
    ),
)
