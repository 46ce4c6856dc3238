"""Sentences about linear regions."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.mechanism.regions.fold": "Linear regions ({visited} occupied, n = {rows})",
    # largest: the sentence report.mechanism.regions.largest; told: how many regions; share: a percentage
    "report.mechanism.regions.lead": (
        "Within a region where every rectifier stays on the same side of zero, the network is one linear function "
        "(Montúfar et al. 2014). Regions are counted on {rows_of}. Occupied regions (at least one row): {visited}. "
        "{largest} Regions with ten rows or more: {told}, with {share} of the rows."
    ),
    "report.mechanism.regions.largest": "The largest contains {share} of the rows.",
    "report.mechanism.regions.largest_few": "The largest contains fewer than ten rows.",
    "report.mechanism.regions.varies": "Terms: mean, spread and sign flips of the network's coefficients over rows",
    "report.mechanism.regions.mean": "Mean over rows [95% CI]",
    "report.mechanism.regions.spread": "SD over rows",
    "report.mechanism.regions.flips": "Sign flips",
    "report.mechanism.regions.tables": (
        "Terms: coefficients of the linear counterpart and in the largest regions of the network"
    ),
    "report.mechanism.regions.one": "Region {place}: {rows} rows ({share})",
    "report.mechanism.regions.none": (
        "No region contains ten rows, so the coefficients of single regions are not shown."
    ),
    "report.mechanism.regions.note": (
        "Coefficients are in units of the score ({scale}). They are exact for changes within the region of a row, and "
        "do not describe changes that leave it. The contrast of a level is that of the region's own linear function. SD "
        "over rows describes variation, not estimation error. Sign flips: share of rows with the opposite sign to the "
        "mean."
    ),
    "report.mechanism.regions.left_out": "Columns without coefficients of their own: {columns}.",
    "plot.axis.regions": "Mean coefficient per SD or level, 95% CI",
    # why it does not apply
    "why.no column is encoded on its own, so that none has coefficients in them": (
        "no column is encoded on its own, so none has coefficients in a region"
    ),
    "why.regions.affine": (
        "{model:name} has operations between its activation functions that are not affine (for example, a row "
        "normalisation or a product), or its forward pass cannot be traced"
    ),
    "why.regions.opaque": "{model:name} {opaque}, so its regions cannot be determined",
    "why.regions.terms": "{model:name} has no column that is encoded on its own, so there are no coefficients",
}
