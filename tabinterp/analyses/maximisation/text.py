"""What the readings of a network's inside say of themselves."""

from __future__ import annotations

INSIDE: dict[str, str] = {
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
}
