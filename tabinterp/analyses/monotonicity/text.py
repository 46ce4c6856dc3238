"""Sentences about proofs that a score is monotone in a column."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.proof of monotonicity": "proof of monotonicity",
    "rows_of.monotonicity": "Proof of monotonicity",
    "report.monotonicity.lead": (
        (
            "Each declared direction is also checked for all combinations of values that the columns can take, whether or not "
            "they occur in the table. Numeric columns vary between their minimum and maximum or within declared limits; other "
            "columns take values that occur in the table. Proved: if two rows with such values differ only in the constrained "
            "column, the score moves against the direction by at most {network} (linear counterpart: {linear}). For each "
            "model, this limit is a thousandth of the standard deviation of its score. Refuted: two such rows with a larger "
            "move against the direction were found. These two rows may not resemble real rows, and the numbers shown are "
            "rounded. Open: neither proved nor refuted."
        ),
        "network, linear: numbers in units of the score",
    ),
    "report.monotonicity.caption": "Attempted proof that both models follow the declared directions",
    "report.monotonicity.network": "Network",
    "report.monotonicity.linear": "Linear",
    "report.monotonicity.proved": "proved",
    "report.monotonicity.refuted": (
        "refuted: the score moves against the declared direction by {fall} or more",
        "fall: a number in units of the score",
    ),
    "report.monotonicity.refuted.between": (
        "refuted: between {start} and {end}, the score moves against the declared direction by {fall} or more",
        "fall: a number in units of the score; start, end: values of the column",
    ),
    "report.monotonicity.open": (
        "open: the largest change against the declared direction is between {fall} and {bound}",
        "fall, bound: numbers in units of the score",
    ),
    "report.monotonicity.open.none": (
        "open: no change against the declared direction was found, and none above {bound} is possible",
        "bound: a number in units of the score",
    ),
    "report.monotonicity.untried": "open: the proof method cannot be used",
    "report.monotonicity.reason": (
        "Reason why the proof method cannot be used: {reason}.",
        "reason: a clause, such as 'the model is available only as a prediction function'",
    ),
    # why the proof method cannot be used
    "why.monotonicity.mixed": ("the encoder combines column {column} with others", "column: a name"),
    "why.monotonicity.levels": (
        "the encoding of column {column} is not linear, and the column has more than {most} different values",
        "column: a name",
    ),
    "why.monotonicity.chain": "the network is not a chain of affine layers and activation functions",
    "why.monotonicity.activation": ("no bounds are known for the activation function {name}", "name: such as 'mish'"),
    "why.monotonicity.function": "the model is available only as a prediction function",
}
