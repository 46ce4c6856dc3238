"""Adaptive integration of the gradient along straight paths that start after a model's first affine operation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tabinterp.models.device import slopes

STEPS = 16  # initial number of segments of a path
DEPTH = 16  # maximum number of times that a segment is halved
# A row is limited by rounding error if, in `SURE` successive halvings, the number of segments that miss the tolerance grows by a
# factor of at least `GROWTH`, while the sum of their errors stays above `STAYS` times the previous sum.
SURE, GROWTH, STAYS = 3, 1.5, 0.9
ROUNDING = 2.0**-22  # an error is treated as rounding error if it is below this share of the score


def mean_gradient(rest: nn.Module, start: Tensor, move: Tensor, enough: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean gradients (n, h, k) along straight paths, numbers of gradients computed (n,), and a mask of rows given up (n,).

    The paths go from `start` (h,) or (n, h) to `start` + `move`, where `move` is (n, h). Each path is divided into segments. The
    change in score over a segment is known from the scores at its ends. A segment is halved if the midpoint rule misses this
    change by more than `enough` (k,), so paths are refined only at the kinks of the network. Rounding errors do not shrink when
    segments are halved. If rounding error limits the accuracy for a row, the row is given up: its path is not refined further,
    and its completeness gap remains.
    """
    n, every = len(move), torch.arange(len(move), device=move.device)
    start = start.expand_as(move)
    rows = every.repeat_interleave(STEPS)
    grid = torch.linspace(0, 1, STEPS + 1, dtype=torch.float64, device=move.device)
    left, width = grid[:-1].repeat(n), grid.new_full((n * STEPS,), 1 / STEPS)
    ends = score(rest, _at(start, move, every.repeat_interleave(STEPS + 1), grid.repeat(n)))
    ends = ends.reshape(n, STEPS + 1, -1)
    below, above = ends[:, :-1].flatten(0, 1), ends[:, 1:].flatten(0, 1)
    total = grid.new_zeros((ends.shape[2], n, move.shape[1]))
    count, grows, number = (torch.zeros_like(every) for _ in range(3))
    stuck, last = grows > 0, grid.new_full((n,), torch.inf)
    for depth in range(DEPTH + 1):
        gradient, middle = slopes(rest, _at(start, move, rows, left + width / 2))
        gradient = gradient.permute(2, 0, 1)
        said = torch.linalg.vecdot(gradient, move[rows]).T.double() * width[:, None]
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
        total.index_add_(1, rows[done], gradient[:, done].double() * width[done, None])
        count.index_add_(0, rows, torch.ones_like(rows))
        if not bool(open_.any()):
            break
        rows, left, width, middle = rows[open_].repeat(2), left[open_], width[open_] / 2, middle[open_]
        below, above = torch.cat([below[open_], middle]), torch.cat([middle, above[open_]])
        left, width = torch.cat([left, left + width]), width.repeat(2)
    return total.permute(1, 2, 0), count, stuck


def _at(start: Tensor, move: Tensor, rows: Tensor, t: Tensor) -> Tensor:
    return start[rows] + t[:, None].to(move.dtype) * move[rows]


def score(rest: nn.Module, z: Tensor) -> Tensor:
    """Return the scores (m, k) for outputs (m, h) of the first affine operation."""
    with torch.inference_mode():
        return torch.as_tensor(rest(z)).double()
