"""What an explained row says."""

from __future__ import annotations

SHAPLEY: dict[str, str] = {
    "shapley.unit.score": "what the column adds to the score",
    "shapley.unit.probability": "what the column adds to the probability",
    "shapley.row": (
        "Row {row}: the network gives it {score}, against {base} on average over the background ({background}); "
        "{linear:name} gives "
        "{linear_score}."
    ),
    "shapley.row.output": (
        "Row {row}, {output}: the network gives it {score}, against {base} on average over the background ({background}); "
        "{linear:name} gives {linear_score}."
    ),
    "shapley.row.column": (
        "{column} = {cell} adds {value} (sampling error {stderr}) under the network, {linear_value} under {linear:name}."
    ),
    "shapley.row.tied": "Inside the sampling error, so not in a known order: {pairs}.",
}
