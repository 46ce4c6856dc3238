"""Sentences about conductance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.conductance": "conductance",
    "rows_of.conductance": "Conductance",
    "report.mechanism.conductance.fold": "Conductance of hidden units",
    "report.mechanism.conductance.lead": (
        "The conductance of a unit is the part of the change in score that passes through the unit along the straight "
        "line from the mean of the encoded rows to the row being explained (Dhamdhere et al. 2018). Conductances are "
        "averaged over {rows_of} and given in {scale}. The conductances of a layer should add up to the change in "
        "score; the table shows the completeness gap of each layer. For a categorical column, the mean is a mixture "
        "of levels that no real row has."
    ),
    "report.mechanism.conductance.layers": "Completeness gap of the conductances of each layer (tolerance {tolerance})",
    "report.mechanism.conductance.gap": "Largest completeness gap in any row (relative to the mean change in score)",
    "report.mechanism.conductance.around": (
        "Part of the change in score that does not pass through the layer (mean absolute value)"
    ),
    "report.mechanism.conductance.units": (
        "Conductance of each hidden unit, and rise in loss without the unit ({shown} of {count} units, largest conductance "
        "first)"
    ),
    "report.mechanism.conductance.mean": "Mean [95% CI]",
    "report.mechanism.conductance.size": "Mean absolute value [95% CI]",
    "report.mechanism.conductance.note": (
        "Mean absolute values are biased upward by sampling error. A unit with a large conductance is not necessarily "
        "needed, because other units may compensate for it. The rise in loss without the unit shows whether they "
        "do."
    ),
    "plot.axis.conductance": "Mean conductance to the score, 95% CI",
}
