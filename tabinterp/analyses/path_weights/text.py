"""Sentences about path products and Garson's shares."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.path products": "path products",
    "rows_of.paths": "Path products",
    "report.mechanism.paths.fold": "Path products and Garson's shares",
    "report.mechanism.paths.lead": (
        "Path products and Garson's shares are two older measures that are computed from the weights. They are shown "
        "for comparison only. A path product (Olden & Jackson 2002) multiplies the weights along each path from a "
        "column to the score and adds up these products; it would equal the gradient if every activation function "
        "were the identity. Garson's (1991) shares allocate the absolute weights to the columns. Mean gradients, and "
        "the standard deviations used in both measures, are computed on {rows_of}."
    ),
    "report.mechanism.paths.table": "Path product, Garson's share and mean gradient of each column",
    "report.mechanism.paths.size": "Size of path product",
    "report.mechanism.paths.garson": "Garson's share",
    "report.mechanism.paths.signed": "Path product per SD",
    "report.mechanism.paths.gradient": "Mean gradient per SD",
    "report.mechanism.paths.note": (
        "Size of path product: standard deviation, over rows, of the column's contribution along all its "
        "paths through the network ({scale}). A categorical column has one path product per level; these are "
        "in audit.json."
    ),
    "report.mechanism.paths.ranks": (
        "Across columns, the rank correlation with permutation importance is {path} for path products and "
        "{garson} for Garson's shares."
    ),
    "report.mechanism.paths.line": (
        "Two cosine similarities show how close the output is to a linear function. The first is {path_gradient}: it "
        "compares the path product with the mean gradient, and is 1 for a linear function. The second is "
        "{gradient_optimum}: it compares the mean gradient with the direction from the mean row to the row that "
        "maximises the output. For a linear function with this gradient, the second similarity would be {straight}, "
        "which can be below 1 because values are limited to those in the data."
    ),
    # line: the sentence report.mechanism.paths.line
    "report.mechanism.paths.line_of": "Output “{output}”. {line}",
    "paths.olden": (
        "Path products ignore the activation functions. A unit that is never active counts like any other unit, and "
        "the products of different paths may cancel out for a column that acts only through interactions. The sign of a "
        "path product may differ from that of the column's effect."
    ),
    "paths.garson": (
        "Garson's shares use absolute weights. Paths of opposite sign add up instead of cancelling out, and a column "
        "has a share of 0 only if all its weights are 0. On simulated data with known importances, the similarity of "
        "the rankings to the true ranking was 0.92 for path products and 0.28 to 0.74 for the other methods, including "
        "Garson's (Olden, Joy & Death 2004). Garson's share of a categorical column is a sum over its encoded columns and "
        "grows with their number."
    ),
    "paths.scale": (
        "Path products and Garson's shares ignore the range in which units operate, the distribution of the rows and "
        "correlation between columns. Two networks that compute the same function may have different path products "
        "and different shares."
    ),
    "paths.garson.deep": (
        "With more than one hidden layer, Garson's shares are propagated from layer to layer, which extends the "
        "original method."
    ),
    "paths.optimum.wide": (
        "The direction to the optimum was not estimated, because the table has too many columns to search for an optimum of "
        "the score. The search time grows with the square of the number of columns."
    ),
    "paths.garson.none": (
        "Garson's shares do not apply: they require a simple chain of layers, but this network has a branch "
        "around a layer or normalises each row."
    ),
    "paths.garson.mixed": (
        "The encoder combines some columns with others, so these columns have neither a path product nor a "
        "share of their own."
    ),
    "plot.axis.paths": "Change in score per SD or level",
    # why it does not apply
    "why.paths.affine": (
        "path products cannot be computed for {model:name}: it has non-affine operations between its activation functions, "
        "or its forward pass cannot be traced"
    ),
    "why.paths.weights": "path products cannot be computed, because tabinterp cannot read the weights of {model:name}",
}
