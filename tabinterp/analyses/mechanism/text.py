"""What the report says of how the network computes its score: regions, conductance, path products, groups of units."""

from __future__ import annotations

MECHANISM: dict[str, str] = {
    "report.mechanism": "How it computes the score",
    "report.mechanism.lead": (
        "Readings of the machinery: they describe this network, not the data, and each says by how much it may be off."
    ),
    "report.mechanism.term": "term",
    "report.mechanism.step": "per",
    "report.mechanism.linear": "linear",
    # regions
    "report.mechanism.regions.fold": "Linear regions: {rows} rows visit {visited} of them",
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
    # conductance
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
    # path products
    "report.mechanism.paths.fold": "Path products beside Garson's shares: what the weights alone say",
    "report.mechanism.paths.lead": (
        "A path product (Olden & Jackson 2002) multiplies the weights along every way from a column to the score and adds"
        " them up: the gradient if every activation were a straight line. Garson's share (1991) divides absolute weights "
        "instead. They are the field's older readings, shown to be compared, not believed. Rows for means: {rows_of}."
    ),
    "report.mechanism.paths.table": "Columns by the weights alone, beside the mean gradient",
    "report.mechanism.paths.size": "path product, size",
    "report.mechanism.paths.garson": "Garson's share",
    "report.mechanism.paths.signed": "path product per SD",
    "report.mechanism.paths.gradient": "mean gradient per SD",
    "report.mechanism.paths.note": (
        "Size: the standard deviation over rows of what the column adds along its paths, in units of the score ({scale})."
        " Categories have a path for each level (audit.json)."
    ),
    "report.mechanism.paths.ranks": (
        "Rank correlation over columns with permutation importance: {path} of path products, {garson} of Garson's shares."
    ),
    "report.mechanism.paths.line": (
        "How far off a line the network is, as cosines: path product with mean gradient {path_gradient}; mean gradient "
        "with the way to the optimum {gradient_optimum}, where a line would have {straight}."
    ),
    "report.mechanism.paths.line_of": "{output}: {line}",
    # groups
    "report.mechanism.groups.fold": "Groups of units that go together: {count}, taken away as one",
    "report.mechanism.groups.lead": (
        "Units of a layer whose outputs are correlated by {together} or more, on average over their pairs. By so much the"
        " {loss} rises, on {rows_of}, when the whole group puts out what it does on another row (all from the same; "
        "{repeats} draws a row), its means, or zeros. Alone: the sum of what its members cost one by one."
    ),
    "report.mechanism.groups.table": "{shown} of {count} groups, the dearest first",
    "report.mechanism.groups.units": "units",
    "report.mechanism.groups.resample": "another row's [95% CI]",
    "report.mechanism.groups.alone": "alone, summed",
    "report.mechanism.groups.mean": "means [95% CI]",
    "report.mechanism.groups.zero": "zeros [95% CI]",
    "report.mechanism.groups.group": "{layer}: {units}",
    "report.mechanism.groups.more": "{units} and {count} more",
    "report.mechanism.groups.note": (
        "A group that costs more than its members alone holds units that stand in for each other: one by one they look as"
        " if nobody missed them. Zero may be an output that a unit never has."
    ),
}
