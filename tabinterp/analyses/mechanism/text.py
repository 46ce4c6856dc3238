"""Sentences that frame the section on how the network computes its score."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.mechanism": "How it computes the score",
    "report.mechanism.lead": (
        "Readings of the machinery: they describe this network, not the data, and each says by how much it may be off."
    ),
    "report.mechanism.term": "term",
    "report.mechanism.step": "per",
    "report.mechanism.linear": "linear",
    # why it does not apply
    "why.they are of networks of rectifiers, and this one has another activation": (
        "they are of networks of rectifiers, and this one has another activation"
    ),
    "why.the network is linear: they say no more than its coefficients": (
        "the network is linear: they say no more than its coefficients"
    ),
    "why.the network is linear: it has no hidden unit": ("the network is linear: it has no hidden unit"),
    "why.mechanism.few": "what fewer than {least} rows show would tell of single people",
}
