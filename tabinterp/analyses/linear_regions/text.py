"""Sentences about linear regions."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.mechanism.regions.fold": "Linear regions: {rows} rows visit {visited} of them",
    # largest: the sentence report.mechanism.regions.largest; told: how many regions; share: a percentage
    "report.mechanism.regions.lead": (
        "With every rectifier on one side of zero the network is one linear function (Montúfar et al. 2014): it is a bag "
        "of linear models, one for each region. Regions that hold a row, of {rows_of}: {visited}. {largest} Regions of "
        "ten rows or more: {told}, with {share} of the rows."
    ),
    "report.mechanism.regions.largest": "The largest holds {share} of the rows.",
    "report.mechanism.regions.largest_few": "The largest holds fewer than ten rows.",
    "report.mechanism.regions.varies": "Coefficients over rows: their mean, how far they vary, how often they turn",
    "report.mechanism.regions.mean": "mean over rows [95% CI]",
    "report.mechanism.regions.spread": "spread (SD)",
    "report.mechanism.regions.flips": "other sign",
    "report.mechanism.regions.tables": "The largest regions as coefficient tables, beside the linear model's",
    "report.mechanism.regions.one": "region {place}: {rows} rows ({share})",
    "report.mechanism.regions.none": "No region holds ten rows: there is no coefficient table that speaks for more than a few.",
    "report.mechanism.regions.note": (
        "In units of the score ({scale}). Within its region a row's coefficients are exact; a move that leaves the region"
        " is not told by them, and a level's contrast is that of the region's own linear function. Spread is over rows "
        "and no error."
    ),
    "report.mechanism.regions.left_out": "Without coefficients of their own: {columns}.",
    "plot.axis.regions": "mean coefficient for one standard deviation, or a level, 95% interval",
    # why it does not apply
    "why.no column is encoded on its own, so that none has coefficients in them": (
        "no column is encoded on its own, so that none has coefficients in them"
    ),
    "why.regions.affine": (
        "{model:name} has no linear regions that could be found: what lies between its activations is not affine (a "
        "normalisation of rows, a product), or its forward cannot be traced"
    ),
    "why.regions.opaque": "{model:name} {opaque}: nothing is known of its inside, so that it has no regions",
    "why.regions.terms": "{model:name} has no column that is encoded on its own: there are no coefficients",
}
