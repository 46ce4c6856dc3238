"""Sentences about path products and Garson shares."""

from __future__ import annotations

TEXT: dict[str, str] = {
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
    # line: the sentence report.mechanism.paths.line
    "report.mechanism.paths.line_of": "{output}: {line}",
    "paths.olden": "A path product leaves the activations out: a unit that is never on counts like any other, and columns that "
    "act through an interaction alone have paths that cancel. The sign of a column's effect may be another one.",
    "paths.garson": "Garson's shares are of absolute weights: paths that cancel add up, and no column has a share of 0 unless all"
    " its weights are. On simulated data of known answer path products ranked columns with a similarity of 0.92 "
    "to the truth, the other methods, Garson's among them, with 0.28 to 0.74 (Olden, Joy & Death 2004). The share"
    " of a category is a sum over its encoded columns, and grows with their number.",
    "paths.scale": "Both read weights alone: neither the range in which units work, nor which rows there are, nor correlated "
    "columns; two networks that compute the same function may differ in both.",
    "paths.garson.deep": "With more than one hidden layer Garson's shares are handed on layer after layer, which he did not do.",
    "paths.optimum.wide": "No row was searched for at which a score is greatest, for directions to be compared with: the search "
    "grows with the square of the columns.",
    "paths.garson.none": "Garson's shares need a chain of weights, which this network is not: a branch leads around "
    "a layer, or rows are normalised.",
    "paths.garson.mixed": "Some columns are mixed by the encoder, and have neither a path of their own nor a share.",
    "plot.axis.paths": "change of the score for one standard deviation, or a level",
    # why it does not apply
    "why.paths.affine": (
        "{model:name} has no path products: what lies between its activations is not affine, or its forward cannot be traced"
    ),
    "why.paths.weights": "{model:name} has no path products: it has no weights that are known",
}
