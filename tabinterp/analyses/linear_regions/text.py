"""Sentences about linear regions."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.linear regions": "linear regions",
    "rows_of.regions": "Linear regions",
    "report.mechanism.regions.fold": "Linear regions ({visited} occupied, n = {rows})",
    # largest: the sentence report.mechanism.regions.largest; told: how many regions; share: a percentage
    "report.mechanism.regions.lead": (
        "Within a linear region, the input to every rectifier (such as ReLU) keeps the same sign, so the network is a linear "
        "function (Montúfar et al. 2014). Regions are counted on {rows_of}. Number of occupied regions (at least one row): "
        "{visited}. {largest} Number of regions with ten or more rows: {told} (together {share} of the rows)."
    ),
    "report.mechanism.regions.largest": "The largest region contains {share} of the rows.",
    "report.mechanism.regions.largest_few": "The largest region contains fewer than ten rows.",
    "report.mechanism.regions.varies": "Coefficient of each term in the network: mean, SD and sign flips over rows",
    "report.mechanism.regions.mean": "Mean over rows [95% CI]",
    "report.mechanism.regions.spread": "SD over rows",
    "report.mechanism.regions.flips": "Sign flips",
    "report.mechanism.regions.tables": (
        "Coefficients of each term in the linear counterpart and in the network's largest regions"
    ),
    "report.mechanism.regions.one": "Region {place}: {rows} rows ({share})",
    "report.mechanism.regions.none": (
        "No region contains ten or more rows, so the coefficients of single regions are not shown."
    ),
    "report.mechanism.regions.note": (
        "Coefficients are in units of the score ({scale}). They are exact for changes within a row's region, and do "
        "not apply to changes that leave the region. The contrast of a level with the reference level is computed "
        "from the linear function of the region. “SD over rows” describes variation between rows, not estimation "
        "error. “Sign flips” is the share of rows in which the sign of the coefficient differs from the sign of its "
        "mean over rows."
    ),
    "report.mechanism.regions.left_out": "Columns without coefficients of their own: {columns}.",
    "plot.axis.regions": "Mean coefficient per SD or level, 95% CI",
    # why it does not apply
    "why.no column is encoded on its own, so that none has coefficients in them": (
        "the encoder combines every column with others, so no column has its own coefficients in a linear region"
    ),
    "why.regions.affine": (
        "the linear regions of {model:name} cannot be determined: it has non-affine operations between its activation "
        "functions (for example, a row normalisation or a product), or its forward pass cannot be traced"
    ),
    "why.regions.opaque": "{model:name} {opaque}, so its linear regions cannot be determined",
    "why.regions.terms": (
        "the encoder of {model:name} combines every column with others, so no column has its own coefficients in a linear "
        "region"
    ),
}
