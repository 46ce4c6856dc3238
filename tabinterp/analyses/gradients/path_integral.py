"""Integrals of the gradient along straight paths after a model's first affine operation, refined until they are complete."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tabinterp.models.device import slopes

STEPS = 16  # initial number of segments of a path
DEPTH = 16  # maximum number of times that a segment is halved
# A row is limited by rounding if, this many times in a row, its errors multiply by this much while their sum hardly shrinks.
SURE, GROWTH, STAYS = 3, 1.5, 0.9
ROUNDING = 2.0**-22  # a difference of two scores is rounding error if it is a smaller share of the score


def mean_gradient(rest: nn.Module, start: Tensor, move: Tensor, enough: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean gradients along straight paths, the number of gradients computed, and which rows were given up (n,).

    The paths go from `start` (h,) or (n, h) by `move` (n, h), and the mean gradients are (n, h, k). The rise of the score over a
    segment is known without a gradient. Segments in which the error of the midpoint rule exceeds `enough` (k,) are halved, so
    that paths are refined only at the kinks of the network. If segments are halved, rounding errors do not shrink but multiply. A
    row with such errors is given up and keeps its gap.
    """
    n, every = len(move), torch.arange(len(move), device=move.device)
    start = start.expand_as(move)
    rows = every.repeat_interleave(STEPS)
    grid = torch.linspace(0, 1, STEPS + 1, dtype=torch.float64, device=move.device)
    left, width = grid[:-1].repeat(n), grid.new_full((n * STEPS,), 1 / STEPS)
    ends = score(rest, _at(start, move, every.repeat_interleave(STEPS + 1), grid.repeat(n)))
    ends = ends.reshape(n, STEPS + 1, -1)
    below, above = ends[:, :-1].flatten(0, 1), ends[:, 1:].flatten(0, 1)
    total = grid.new_zeros((n, move.shape[1], ends.shape[2]))
    count, grows, number = (torch.zeros_like(every) for _ in range(3))
    stuck, last = grows > 0, grid.new_full((n,), torch.inf)
    for depth in range(DEPTH + 1):
        gradient, middle = slopes(rest, _at(start, move, rows, left + width / 2))
        said = torch.einsum("shk,sh->sk", gradient, move[rows]).double() * width[:, None]
        miss = (said - (above - below)).abs()
        least = torch.maximum(enough, ROUNDING * torch.maximum(above.abs(), below.abs()))
        open_ = (miss > least).any(dim=1) & (depth < DEPTH)
        sums = torch.zeros_like(last).index_add_(0, rows[open_], (miss / enough).amax(dim=1)[open_])
        now = torch.bincount(rows[open_], minlength=n)
        grows = torch.where((sums >= STAYS * last) & (now >= GROWTH * number) & (now > 0), grows + 1, 0)
        stuck |= grows >= SURE
        last, number = sums, now
        open_ &= ~stuck[rows]
        done = ~open_
        total.index_add_(0, rows[done], gradient[done].double() * width[done, None, None])
        count.index_add_(0, rows, torch.ones_like(rows))
        if not bool(open_.any()):
            break
        rows, left, width, middle = rows[open_].repeat(2), left[open_], width[open_] / 2, middle[open_]
        below, above = torch.cat([below[open_], middle]), torch.cat([middle, above[open_]])
        left, width = torch.cat([left, left + width]), width.repeat(2)
    return total, count, stuck


def _at(start: Tensor, move: Tensor, rows: Tensor, t: Tensor) -> Tensor:
    return start[rows] + t[:, None].to(move.dtype) * move[rows]


def score(rest: nn.Module, z: Tensor) -> Tensor:
    """Return the scores (m, k) for results (m, h) of the first affine operation."""
    with torch.inference_mode():
        return torch.as_tensor(rest(z)).double()
