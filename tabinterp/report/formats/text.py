"""Words of the CycloneDX bill of materials."""

from __future__ import annotations

CYCLONEDX: dict[str, str] = {
    "cyclonedx.network": "The network that was audited.",
    "cyclonedx.linear": "The linear counterpart that the network was set beside.",
    "cyclonedx.task.binary": "binary classification",
    "cyclonedx.task.multiclass": "multiclass classification",
    "cyclonedx.task.regression": "regression",
    "cyclonedx.task.count": "regression of a count",
    "cyclonedx.family.network": "feedforward neural network",
    "cyclonedx.family.linear": "generalised linear model",
    "cyclonedx.family.function": "function of rows, whose inside is not known",
    "cyclonedx.input": "{name} ({kind})",
    "cyclonedx.output.class": "probability of the class {label}",
    "cyclonedx.output.regression": "value of {name}",
    "cyclonedx.output.count": "expected count of {name}",
    "cyclonedx.slice.held_out": "held-out rows",
    "cyclonedx.slice.all": "all rows, on which the models may have been trained",
    "cyclonedx.slice.class": "the class {label} against the others, {rows}",
}
