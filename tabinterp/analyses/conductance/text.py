"""Sentences about conductance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.mechanism.conductance.fold": "Conductance: how much of the score runs through each unit",
    "report.mechanism.conductance.lead": (
        "On the straight way from the mean of the encoded rows to a row, a unit's conductance is the part of the rise of "
        "the score that runs through it (Dhamdhere et al. 2018), here over {rows_of}, in units of the score ({scale}). "
        "The conductances of a layer add up to the rise; by how much they miss it stands beside each layer. For a "
        "category the mean row is no real row."
    ),
    "report.mechanism.conductance.layers": "Do they add up? The largest gap over rows (asked: {tolerance} at most)",
    "report.mechanism.conductance.gap": "gap, as a share of the mean rise",
    "report.mechanism.conductance.around": "leads past the layer (mean size)",
    "report.mechanism.conductance.units": "{shown} of {count} units: the largest",
    "report.mechanism.conductance.mean": "mean [95% CI]",
    "report.mechanism.conductance.size": "mean size [95% CI]",
    "report.mechanism.conductance.note": (
        "Mean size is of absolute values, which noise raises. A unit through which much runs may yet be replaced by "
        "others: beside it stands what the loss rises by without it."
    ),
    "plot.axis.conductance": "mean conductance to the score, 95% interval",
}
