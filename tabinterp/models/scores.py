"""Conversion of a network's raw outputs to scores, and of scores to probabilities."""

from __future__ import annotations

from copy import copy
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError, argument

from .affine_front import linear

CLIP = 1e-7  # minimum distance of probabilities from 0 and 1 before log-odds are computed, and minimum rate

Link = Literal["logit", "log"]  # from probabilities, or from rates, to scores


class Scores(nn.Module):
    """A module that maps encoded rows to scores: one log-odds for a binary task, one value for regression, k centred logits for k
    classes, or one log rate for counts.

    `link` states whether the raw outputs are probabilities or rates. `raw` contains the raw outputs for some rows, from which
    their number of dimensions and precision are determined. Outputs in half precision are converted to single precision first.
    """

    def __init__(self, module: nn.Module, matrix: Tensor, link: Link | None, raw: Tensor) -> None:
        super().__init__()
        self.module = module
        self.flat = raw.ndim == 1
        self.link = link
        self.dtype = torch.float64 if raw.dtype == torch.float64 else torch.float32
        self.casts = raw.dtype != self.dtype
        self.head = linear(matrix.to(self.dtype), None)

    def of(self, module: nn.Module) -> Scores:
        """Return a copy of this object that converts the outputs of another module."""
        made = copy(self)
        made._modules = {**self._modules, "module": module}
        return made

    def forward(self, x: Tensor) -> Tensor:
        return self.of_outputs(self.module(x))

    def of_outputs(self, raw: Tensor) -> Tensor:
        """Return the scores for raw outputs (n,) or (n, k)."""
        if self.casts:
            raw = raw.to(self.dtype)
        if self.flat:
            raw = raw.reshape(-1, 1)  # not unsqueeze: for one row, a network that squeezes returns a scalar
        if self.link is not None:
            raw = _log_scale(raw) if self.link == "logit" else torch.log(raw.clamp(min=CLIP))
        return self.head(raw)  # type: ignore[no-any-return]


def _log_scale(p: Tensor) -> Tensor:
    """Convert probabilities (n, k) to logits: to log-odds for one column, and to logarithms for several columns."""
    p = p.clamp(CLIP, 1 - CLIP)
    return torch.log(p) - torch.log1p(-p) if p.shape[1] == 1 else torch.log(p)


def are_probabilities(raw: Tensor) -> bool:
    """Return whether outputs (n,) or (n, k) can be probabilities: between 0 and 1 and, if k > 1, summing to 1 in each row."""
    sums = raw.sum(dim=1) if raw.ndim == 2 and raw.shape[1] > 1 else torch.ones(1)
    return float(raw.min()) >= 0 and float(raw.max()) <= 1 and float((sums - 1).abs().max()) <= 1e-3


def check_probabilities(name: str, raw: Tensor) -> None:
    """Raise an error if outputs (n,) or (n, k) are not probabilities."""
    if not are_probabilities(raw):
        low, high = float(raw.min()), float(raw.max())
        raise ModelError(
            f"the outputs of {name} are treated as probabilities ({argument('outputs', 'probabilities')}), but they are not "
            "valid probabilities. They must be between 0 and 1, and the probabilities of several classes must sum to 1; these "
            f"outputs range from {low:.3g} to {high:.3g}. If they are logits, pass {argument('outputs', 'logits')}"
        )


def module_dtype(module: nn.Module) -> torch.dtype:
    return next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)


def probabilities(scores: FloatArray) -> FloatArray:
    """Return class probabilities (n, k) from scores: the sigmoid of a single log-odds (as two columns), or the softmax of several
    scores.
    """
    if scores.shape[1] == 1:
        p = np.exp(-np.logaddexp(0, -scores[:, 0]))
        return np.column_stack([1 - p, p])
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), dtype=np.float64)
