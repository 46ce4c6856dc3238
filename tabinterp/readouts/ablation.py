"""What a hidden unit is worth: the rise of the loss when its output no longer depends on the row.

Mean ablation puts the unit's mean over the rows in the place of its output, zero ablation a zero, which may be a value that the
unit never takes (Meyes et al. 2019). The differences of each row's own loss are averaged, so that the error is that of pairs.
Behind the next affine operation, replacing one unit is an update by its column of weights: all units of a layer go through
what is left in one batch.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..models import Bound
from ..models.layers import Layer
from ..table.draws import FloatArray
from .loss import loss_for
from .result import Estimates, mean_over_rows

CELLS = 4_000_000  # numbers in one block of fronts


def ablation(bound: Bound, layer: Layer, outputs: FloatArray, values: FloatArray) -> Estimates:
    """Rise of the task's own loss (units,) when each unit puts out its value (units,) on every row.

    `outputs` (n, units) are what the layer puts out on the rows of `bound`.
    """
    given = torch.as_tensor(outputs)
    h = torch.cat([given, bound.z.double()], dim=1) if layer.beside else given
    front = layer.moves
    base = (h @ front.weight.T + front.bias).float()
    y = torch.tensor(bound.table.y)
    before = _losses(bound, front.rest, base[None], y)
    rises = np.empty((len(outputs), layer.width))
    together = max(1, CELLS // max(1, base.numel()))
    for i in range(0, layer.width, together):
        some = slice(i, min(i + together, layer.width))
        shift = (torch.as_tensor(values[some]) - given[:, some]).T.float()
        moved = base + shift[:, :, None] * front.weight.T[some, None, :].float()
        rises[:, some] = (_losses(bound, front.rest, moved, y) - before).T
    rises[:, np.asarray((given == torch.as_tensor(values)).all(dim=0))] = 0.0  # nothing was replaced
    return mean_over_rows(rises, bound.table.weights)


def _losses(bound: Bound, rest: torch.nn.Module, fronts: Tensor, y: Tensor) -> FloatArray:
    """(m, n) each row's loss for fronts (m, n, h)."""
    m, n = fronts.shape[:2]
    with torch.inference_mode():
        scores = rest(fronts.flatten(0, 1)).double().reshape(m, n, -1)
        loss = loss_for(None, bound.table.schema.task)
        return np.asarray(loss.rows(scores, y, torch.ones(m, n, dtype=torch.float64)).numpy())
