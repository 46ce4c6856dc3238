"""Sentences about activation maximisation."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.optima of hidden units": "optimal inputs of hidden units",
    "plot.label.facet": "facet {facet}",
    "plot.label.budget": "{budget}% of the rows",
    "plot.label.budget.none": "no limit",
    "plot.axis.objective": "Objective: deviation from its mean over the rows, in SDs",
    # why it does not apply
    "why.no real row lies in the domain and within the budget; raise it": (
        "no row of the table lies in the part of the domain to which the budget limits the search; use a larger budget or a "
        "wider domain"
    ),
    "why.optima.wide": (
        "the network uses {columns} columns, but the audit searches for optimal inputs only if there are at most {most}, because "
        "the search time grows with the square of the number of columns; call ti.maximise for selected units"
    ),
}
