"""Loss functions that return the contribution of each row to a loss. Mean losses, intervals and importances are computed from
these contributions.

The AUC is not a mean over rows, but its first-order approximation is (Hájek 1968; DeLong, DeLong & Clarke-Pearson 1988). In this
approximation, each row contributes its placement among the rows of the other class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tabinterp.arrays import FloatArray
from tabinterp.errors import NotApplicableError
from tabinterp.table.schema import GOALS

from . import probabilities

# scores (m, n, k), targets (n,), weights (m, n) -> contributions (m, n); lower is better
Own = Callable[[FloatArray, FloatArray], FloatArray]  # a user's loss: y (n,), scores (n, k) -> losses (n,)
SCALES = ("log_odds", "probability")
RowLoss = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Loss:
    """A loss function. The function `rows` returns the contribution of each row, and the loss is the weighted mean of these
    contributions.

    If `ranks` is true, a contribution depends on the other rows, so all rows are needed at once.
    """

    name: str
    rows: RowLoss
    ranks: bool = False

    def each(self, scores: FloatArray, y: FloatArray, device: str) -> FloatArray:
        """Return the contributions (m, n) of equally weighted rows to the loss, for m sets of scores (m, n, k)."""
        at = torch.as_tensor(scores).to(device)
        rows = self.rows(at, torch.as_tensor(y).to(device), torch.ones(at.shape[:2], device=device))
        return np.asarray(rows.cpu().numpy(), dtype=np.float64)


def log_loss(scores: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Return minus the log-probability of the observed outcome, in nats."""
    if scores.shape[2] == 1:
        return functional.softplus(scores[..., 0] * (1 - 2 * y))
    return torch.logsumexp(scores, dim=2) - _own(scores, y)


def brier(scores: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Return the squared difference between probability and outcome (Brier 1950). For more than two classes, it is summed over
    the classes.
    """
    if scores.shape[2] == 1:
        return (torch.sigmoid(scores[..., 0]) - y) ** 2
    p = torch.softmax(scores, dim=2)
    return (p**2).sum(dim=2) - 2 * _own(p, y) + 1


def error_rate(scores: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Return 1 if the most probable class is not the true class, otherwise 0. For two classes, the positive class is predicted
    if the log-odds are above zero.
    """
    chosen = scores[..., 0] > 0 if scores.shape[2] == 1 else scores.argmax(dim=2)
    return (chosen != y).double()


def squared_error(scores: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Return the squared residual, in squared units of the target."""
    return (scores[..., 0] - y) ** 2


def poisson_deviance(scores: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Return 2 (y log(y / m) - y + m) for the expected count m. This is twice the difference, in nats, between the
    log-likelihoods of the rates y and m.

    The mean over rows equals scikit-learn's `mean_poisson_deviance` (McCullagh & Nelder 1989).
    """
    logs = scores[..., 0]
    return torch.exp(logs).sub(y * logs).add(torch.special.xlogy(y, y) - y).mul(2)


def squared_error_of_counts(scores: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Return the squared difference between the count and the expected count, in squared counts."""
    return (torch.exp(scores[..., 0]) - y) ** 2


def absolute_error_of_counts(scores: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Return the absolute difference between the count and the expected count, in counts."""
    return (torch.exp(scores[..., 0]) - y).abs()


def one_minus_auc(scores: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Return the contribution (m, n) of each row to 1 - AUC: the value of 1 - AUC plus a first-order term. A single AUC is
    computed from the m sets of scores, which are pooled. The weighted mean of all contributions is exactly 1 - AUC.

    The first-order term of a row is computed from its placement: the weighted proportion of rows of the other class that are
    ranked correctly relative to it. Ties count half.
    """
    flat, weight = scores[..., 0].reshape(-1), weights.reshape(-1)
    positive = (y > 0).expand(weights.shape).reshape(-1).double()
    _, run = torch.unique(flat, return_inverse=True)
    size = int(run.max()) + 1
    none = torch.zeros(size, dtype=torch.float64, device=flat.device)
    at_positive = none.index_add(0, run, weight * positive)
    at_negative = none.index_add(0, run, weight * (1 - positive))
    total_positive, total_negative = at_positive.sum(), at_negative.sum()
    below = (at_negative.cumsum(0) - 0.5 * at_negative) / total_negative
    above = 1 - (at_positive.cumsum(0) - 0.5 * at_positive) / total_positive
    right = torch.where(positive > 0, below[run], above[run])
    auc = (at_positive * below).sum() / total_positive
    share = torch.where(positive > 0, total_positive, total_negative) / (total_positive + total_negative)
    return ((1 - auc) - (right - auc) / share).reshape(weights.shape)


def _own(values: Tensor, y: Tensor) -> Tensor:
    return values.gather(2, y.long().expand(values.shape[:2])[..., None])[..., 0]


def _own_loss(function: Own, as_probabilities: bool) -> RowLoss:
    def rows(scores: Tensor, y: Tensor, weights: Tensor) -> Tensor:
        given = [probabilities(one.cpu().numpy()) if as_probabilities else one.cpu().numpy() for one in scores]
        losses = [np.asarray(function(y.cpu().numpy(), one), dtype=np.float64) for one in given]
        if any(one.shape != y.shape for one in losses):
            raise NotApplicableError(
                f"a custom loss must return one number for each row (an array of shape {tuple(y.shape)}); this loss returned an "
                f"array of shape {losses[0].shape}"
            )
        return torch.as_tensor(np.stack(losses)).to(scores.device)

    return rows


LOSSES: dict[str, Loss] = {
    "log_loss": Loss("log_loss", log_loss),
    "brier": Loss("brier", brier),
    "accuracy": Loss("accuracy", error_rate),
    "auc": Loss("auc", one_minus_auc, ranks=True),
    "squared_error": Loss("squared_error", squared_error),
}
OF_COUNTS: dict[str, Loss] = {
    "poisson_deviance": Loss("poisson_deviance", poisson_deviance),
    "squared_error": Loss("squared_error", squared_error_of_counts),
    "absolute_error": Loss("absolute_error", absolute_error_of_counts),
}


def loss_for(name: str | Own | None, task: str, scale: str = "log_odds") -> Loss:
    """Return the named loss or the user's loss. If `name` is None, return the primary loss of the task: log loss for classes,
    squared error for numbers, and Poisson deviance for counts.

    `scale` is the scale of the scores that a user's function receives. It has no effect on named losses.
    """
    goal, losses = GOALS[task], OF_COUNTS if task == "count" else LOSSES
    if scale not in SCALES:
        raise NotApplicableError(f"scale must be one of {', '.join(SCALES)}; got {scale!r}")
    if name is None:
        return losses[goal.losses[0]]
    if callable(name):
        return Loss(getattr(name, "__name__", "own loss"), _own_loss(name, scale == "probability" and goal.classes))
    if name not in goal.losses:
        raise NotApplicableError(f"the loss for a {task} target must be one of {', '.join(goal.losses)}; got {name!r}")
    return losses[name]
