"""Sentences about proofs that a score is monotone in a column."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "why.monotonicity.mixed": ("the encoder mixes column {column} with others", "column: a name"),
    "why.monotonicity.levels": (
        "the encoding of column {column} is not linear, and the column has more than {most} different values",
        "column: a name",
    ),
    "why.monotonicity.chain": "the network is not a chain of affine layers and activations",
    "why.monotonicity.activation": ("no bounds are known for the activation {name}", "name: such as 'mish'"),
    "why.monotonicity.function": "the model is a function of rows",
}
