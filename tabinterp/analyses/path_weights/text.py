"""Sentences about path products and Garson shares."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.mechanism.paths.fold": "Path products and Garson's shares",
    "report.mechanism.paths.lead": (
        "Both measures are computed from the weights. A path product (Olden & Jackson 2002) multiplies the weights "
        "along each path from a column to the score and adds up the paths; it would be the gradient if every activation "
        "function were the identity. Garson's share (1991) divides the absolute weights among the columns. Both are "
        "older measures, shown for comparison only. Means are over {rows_of}."
    ),
    "report.mechanism.paths.table": "Columns: measures from the weights and mean gradient",
    "report.mechanism.paths.size": "Path product size",
    "report.mechanism.paths.garson": "Garson's share",
    "report.mechanism.paths.signed": "Path product per SD",
    "report.mechanism.paths.gradient": "Mean gradient per SD",
    "report.mechanism.paths.note": (
        "Size: standard deviation over rows of the column's contribution along its paths, in units of the score "
        "({scale}). A category has one path product per level; these are in audit.json."
    ),
    "report.mechanism.paths.ranks": (
        "Rank correlation with permutation importance over columns: path products {path}, Garson's shares {garson}."
    ),
    "report.mechanism.paths.line": (
        "Departure from linearity, as cosine similarities. Path product and mean gradient: {path_gradient}. Mean "
        "gradient and direction to the optimum: {gradient_optimum} (a linear function would have {straight})."
    ),
    # line: the sentence report.mechanism.paths.line
    "report.mechanism.paths.line_of": "{output}: {line}",
    "paths.olden": (
        "Path products ignore the activation functions. A unit that is never active counts like any other, and the "
        "paths of a column that acts only through interactions cancel out. The sign of a path product may differ from "
        "that of the column's effect."
    ),
    "paths.garson": (
        "Garson's shares use absolute weights. Paths that cancel out are added, and a column has a share of 0 only if "
        "all its weights are 0. On simulated data with known answers, path products ranked columns with a similarity of "
        "0.92 to the truth; the other methods, including Garson's, reached 0.28 to 0.74 (Olden, Joy & Death 2004). The "
        "share of a category is a sum over its encoded columns and grows with their number."
    ),
    "paths.scale": (
        "Both measures ignore the range in which units operate, the distribution of the rows and correlation between "
        "columns. Two networks that compute the same function may differ in both."
    ),
    "paths.garson.deep": (
        "With more than one hidden layer, Garson's shares are passed on from layer to layer, which extends the original "
        "method."
    ),
    "paths.optimum.wide": (
        "The direction to the optimum was not estimated: no optimum of the score was searched for, because the search "
        "time grows with the square of the number of columns."
    ),
    "paths.garson.none": (
        "Garson's shares do not apply: they need a plain chain of layers, and this network has a branch around a layer "
        "or normalises rows."
    ),
    "paths.garson.mixed": (
        "The encoder mixes some columns with others, so these have neither a path product nor a share of their own."
    ),
    "plot.axis.paths": "Change in score per SD or level",
    # why it does not apply
    "why.paths.affine": (
        "{model:name} has operations between its activation functions that are not affine, or its forward pass cannot "
        "be traced"
    ),
    "why.paths.weights": "the weights of {model:name} are not accessible",
}
