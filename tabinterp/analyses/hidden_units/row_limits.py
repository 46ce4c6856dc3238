"""Limits on the number of rows, and requirements on the network, for analyses of hidden units."""

from __future__ import annotations

import numpy as np

from tabinterp.arrays import IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.suppression import SMALL

CELLS = 1_500_000  # maximum product of units, outputs and rows
FEWEST = 200  # the sample size is not reduced below this, however many units there are


def affordable(network: BoundModel, most: int, seed: int) -> BoundModel:
    """Bind the network to a sample of at most `most` rows, or fewer if the network has many units or outputs."""
    if network.is_linear:
        raise NotApplicableError(why("the network is linear: it has no hidden unit"))
    units = sum(values.shape[1] for values in network.take(np.arange(1)).activations().values())
    return network.take(drawn(network, min(most, max(FEWEST, CELLS // max(1, units * len(network.outputs)))), seed))


def drawn(network: BoundModel, most: int, seed: int) -> IntArray:
    """Return the positions of a sample of at most `most` rows."""
    return np.sort(chosen(network.table.numbers, most, seed))


def require_rows(network: BoundModel) -> None:
    """Raise `NotApplicableError` if the network is bound to fewer than ten rows."""
    if len(network.table) < SMALL:
        raise NotApplicableError(why("mechanism.few", least=SMALL))


def require_curvature(network: BoundModel) -> None:
    """Raise `NotApplicableError` for a linear network."""
    if network.is_linear:
        raise NotApplicableError(why("the network is linear: they say no more than its coefficients"))
