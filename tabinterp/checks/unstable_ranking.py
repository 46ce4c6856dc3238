"""Check whether adjacent columns in the Shapley ranking differ by less than their sampling error."""

from __future__ import annotations

from tabinterp.analyses.shapley_values.record import Shapley
from tabinterp.document.document import Document

from .base import UNBOUNDED, Check, Limit, Limits, Outcome, Text, not_applicable, raised_if

TOP = 5  # ranks that are checked
TIED = 5  # of these: if many columns are correlated, most ranks are tied, and rightly so


def evaluate(document: Document, limits: Limits) -> Outcome:
    """Count, among the first ranks, the columns that cannot be distinguished from the column ranked next. If there are several
    outputs, use the output with the most such columns.
    """
    shapley = document.get(Shapley)
    if shapley is None or not shapley.columns:
        return not_applicable()
    outputs, top = dict.fromkeys(row.output for row in shapley.columns), int(limits["top"])
    tied = max(
        sum(row.network_tied for row in [r for r in shapley.columns if r.output == output][:top]) for output in outputs
    )
    return raised_if(tied >= limits["tied"], count=tied, top=top, rows=shapley.rows)


CHECK = Check(
    code="TI-E04",
    slug="unstable-ranking",
    severity="check",
    section="shapley",
    evaluate=evaluate,
    limits={
        "tied": Limit(
            TIED, 1, UNBOUNDED, means="number of columns that cannot be distinguished from the column ranked next"
        ),
        "top": Limit(TOP, 1, UNBOUNDED, means="number of top-ranked columns examined"),
    },
    text=Text(
        title="Unstable Shapley ranking",
        measures="whether sampling error could swap adjacent columns in the ranking by Shapley value.",
        limitations="Does not show how the ranking would change with other rows, another background sample or retraining.",
        raised_when=(
            "among the top {top} columns by Shapley value, the number of columns that cannot be distinguished from the column "
            "ranked next is at least {tied}.",
            "tied, top: numbers of places",
        ),
        next=(
            "Report the top columns by Shapley value as a group rather than in order, or increase the number of rows."
        ),
        claims={
            "raised": (
                (
                    "Because of sampling error, {count} of the top {top} columns by Shapley value cannot be distinguished from "
                    "the column ranked next (n = {rows})."
                ),
                "count, top: numbers of places",
            ),
            "cleared": (
                (
                    "Of the top {top} columns by Shapley value, {count} cannot be distinguished from the column ranked next, "
                    "given the sampling error (n = {rows}). This number is too small to raise the check."
                ),
                "count, top: numbers of places",
            ),
            "not_applicable": "Not applicable: Shapley values were not computed. Include the shapley_values analysis.",
        },
    ),
)
