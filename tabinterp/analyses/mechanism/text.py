"""Sentences that introduce the section on how the network computes its score."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.section.mechanism": "From inputs to score",
    "report.mechanism.lead": (
        "The analyses in this section describe how the network computes its score; they do not describe the data."
    ),
    "report.mechanism.term": "Term",
    "report.mechanism.step": "Unit of change",
    "report.mechanism.linear": "Linear",
    # why it does not apply
    "why.they are of networks of rectifiers, and this one has another activation": (
        "the method requires a network whose activation functions are all rectifiers (such as ReLU), but "
        "this network has another activation function"
    ),
    "why.the network is linear: they say no more than its coefficients": (
        "the network is linear, so the results would only repeat its coefficients"
    ),
    "why.the network is linear: it has no hidden unit": "the network is linear and has no hidden units",
    "why.mechanism.few": "there are fewer than {least} rows, so results could disclose information about individuals",
}
