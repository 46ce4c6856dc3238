"""Sentences about activation maximisation."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "plot.label.facet": "facet {facet}",
    "plot.label.budget": "{budget}% of the rows",
    "plot.label.budget.none": "no budget",
    "plot.axis.objective": "objective, in standard deviations from its mean over the rows",
    # why it does not apply
    "why.no real row lies in the domain and within the budget; raise it": (
        "no real row lies in the domain and within the budget; raise it"
    ),
    "why.optima.wide": (
        "the audit searches for them among at most {most} columns, and there are {columns}: the search grows with their square; "
        "ti.maximise takes it for the units that you name"
    ),
}
