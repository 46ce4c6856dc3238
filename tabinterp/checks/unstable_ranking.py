"""Are places of the Shapley ranking within their own sampling error of the next place?"""

from __future__ import annotations

from tabinterp.document.document import Document

from .base import UNBOUNDED, Check, Limit, Limits, Outcome, Text, not_applicable, raised_if

TOP = 5  # places that are looked at
TIED = 5  # of them: where many columns are correlated most places are tied, and rightly so


def evaluate(document: Document, limits: Limits) -> Outcome:
    """Count the tied places among the first ones; of several outputs the most tied decides."""
    if document.shapley is None or not document.shapley.columns:
        return not_applicable()
    outputs, top = dict.fromkeys(row.output for row in document.shapley.columns), int(limits["top"])
    tied = max(
        sum(row.network_tied for row in [r for r in document.shapley.columns if r.output == output][:top])
        for output in outputs
    )
    return raised_if(tied >= limits["tied"], count=tied, top=top, rows=document.shapley.rows)


CHECK = Check(
    code="TI-E04",
    slug="unstable-ranking",
    severity="check",
    section="shapley",
    evaluate=evaluate,
    limits={"tied": Limit(TIED, 1, UNBOUNDED), "top": Limit(TOP, 1, UNBOUNDED)},
    text=Text(
        title="The ranking is inside its own noise",
        measures="whether the sampling error of Shapley values lets the next column take a place",
        limitations="How the ranking would change with other rows, another background or another training.",
        raised_when=(
            "{tied} of the first {top} places.",
            "tied, top: numbers of places",
        ),
        next="Name the columns together instead of in order, or take more rows.",
        claims={
            "raised": (
                (
                    "{count} of the first {top} places of the Shapley ranking are within their own sampling error of "
                    "the next place ({rows} rows)."
                ),
                "count, top: numbers of places",
            ),
            "cleared": (
                (
                    "Of the first {top} places of the Shapley ranking, {count} are within their own sampling error "
                    "of the next ({rows} rows)."
                ),
                "count, top: numbers of places",
            ),
            "not_applicable": "No Shapley values were taken.",
        },
    ),
)
