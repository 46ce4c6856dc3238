"""Comparison of a network's own gradient with finite differences of its score.

The two can differ for two reasons. A straight-through estimator passes a gradient through operations that have none, and a
manually written backward function may contain errors. In both cases, the network's gradient is not the gradient of its score.
"""

from __future__ import annotations

import numpy as np
import torch

from tabinterp.arrays import FloatArray

from .affine_front import private
from .device import placed
from .model import BoundModel
from .precision import in_precision
from .scores import module_dtype

ROWS = 256  # number of compared rows
STEP, COARSE = 1e-4, 1e-2  # share of the distance to another row, in double and in single precision
APART = 0.1  # accepted difference, relative to the larger of the two
NEAR = 1e-3  # accepted difference from the network in double precision, relative to the largest score


def gradient_disagreement(bound: BoundModel) -> float | None:
    """Return the proportion of rows for which the network's gradient disagrees with a finite difference of the score. The finite
    difference is computed in the direction of another row.

    Return None if no comparison is possible or necessary, because the model has no gradient, is linear, or does not accept inputs
    that lie between two rows.
    """
    if not bound.has_gradient or bound.is_linear or len(bound.x) < 2:
        return None
    rows = np.unique(np.linspace(0, len(bound.x) - 1, num=min(len(bound.x), ROWS)).astype(np.int64))
    x = bound.x[rows]
    way = np.roll(x, 1, axis=0) - x
    try:
        said = np.einsum("ndk,nd->nk", bound.gradients(x), way)
        found = _slope(bound, x, way)
    except Exception:  # the user's network may refuse rows that occur in no table
        return None
    size = np.maximum(np.abs(said), np.abs(found))
    usual = size.mean(axis=0)
    return float((np.abs(said - found) > APART * np.maximum(size, APART * usual)).any(axis=1).mean())


def _slope(bound: BoundModel, x: FloatArray, way: FloatArray) -> FloatArray:
    """Return central differences (m, k) of the score in the directions `way` (m, d)."""
    with torch.inference_mode(False):
        module = placed(private(bound.module, lambda one: in_precision(one, torch.float64)), bound.device)
    step = STEP
    with torch.no_grad():
        try:
            here = module(torch.as_tensor(x)).numpy()
            fine = bool(np.abs(here - bound.score(x)).max() <= NEAR * max(1.0, float(np.abs(here).max())))
        except Exception:  # a network that only computes in single precision
            fine = False
        if not fine:
            module, step = bound.asked, COARSE
        dtype = module_dtype(module)
        up, down = (module(torch.as_tensor(x + sign * step * way).to(dtype)).double().numpy() for sign in (1, -1))
    return np.asarray((up - down) / (2 * step))
