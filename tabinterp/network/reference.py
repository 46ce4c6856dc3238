"""The reference network: a multilayer perceptron for users who only have a table.

The model has two steps: a scikit-learn encoder of the original columns, and a network of `Linear`, `Tanh` and `Dropout` layers on
the encoded columns. The same architecture and training method are used for every table:

- saturating units: the output of a `Tanh` unit is bounded, even for extreme rows. Columns with long tails therefore need no
  transformation, and the scores are smooth functions with meaningful gradients;
- AdamW (Loshchilov & Hutter, 2019) with dropout (Srivastava et al., 2014), at a constant learning rate;
- the final weights are an exponential moving average (Polyak & Juditsky, 1992; Tarvainen & Valpola, 2017), which replaces a
  decaying learning rate and does not require a fixed number of epochs;
- early stopping (Prechelt, 1998) on one in seven of the given rows, spread evenly over the range of the target. If rows have
  groups, whole groups that together contain about a seventh of the rows are used instead.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tabinterp.errors import ModelError
from tabinterp.models.device import CPU, AdaptiveBatch, home
from tabinterp.table.folds import by_group
from tabinterp.table.schema import TASKS, Task

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Progress = Callable[[int, int, float], None]

LEARNING_RATE, WEIGHT_DECAY, DROPOUT = 2e-3, 1e-2, 0.1
BATCH_ROWS, SMALLEST_BATCH, EPOCH_STEPS = 256, 16, 32
EPOCHS, PATIENCE = 300, 15
VALIDATION = 7  # one row in seven
TOO_LARGE = 1e30  # the largest float32 is 3.4e38


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network and the record of its training.

    Attributes
    ----------
    module : network in eval mode that maps encoded float32 rows (n, d) to scores (n, k). Scores are log-odds of the positive
        class (binary, k = 1), logits (multiclass, k classes), values on the target's own scale (regression, k = 1), or logs of
        expected counts (count, k = 1).
    epochs : number of epochs up to the final weights.
    validation_loss : validation loss of the final weights, in nats, in squared units of the target, or as mean Poisson deviance.
    converged : whether the validation loss stopped falling before the maximum number of epochs was reached.
    training_rows : number of rows used for fitting.
    validation_rows : number of rows used for early stopping.
    """

    module: nn.Sequential
    epochs: int
    validation_loss: float
    converged: bool
    seed: int
    training_rows: int
    validation_rows: int


def fit_network(
    X: FloatArray,
    y: npt.ArrayLike,
    *,
    task: Task,
    n_classes: int | None = None,
    weights: npt.ArrayLike | None = None,
    groups: IntArray | None = None,
    seed: int = 0,
    hidden: Sequence[int] = (128, 64),
    progress: Progress | None = None,
    device: str = CPU,
) -> FittedNetwork:
    """Train a network on encoded rows.

    The network minimises the weighted mean log loss (in nats), squared error or Poisson deviance. Poisson deviance is twice the
    difference between two log-likelihoods: one with rates equal to the counts, and one with the predicted rates.

    With the same rows, seed, library versions and kind of processor, the weights are bit-identical, whatever the number of
    threads. The state of torch's random number generators and torch's settings are left unchanged.

    Parameters
    ----------
    X : encoded rows (n, d).
    y : targets (n,): 0 or 1, class numbers below `n_classes`, real values, or counts.
    groups : group of each row (n,), for rows that are dependent within groups. No group is used both for fitting and for early
        stopping.
    progress : callback after each epoch with the epoch (from 1), the maximum number of epochs, and the validation loss.
    device : device on which to train. On a GPU, training starts from the same weights as on the CPU, but uses the GPU's random
        numbers and rounding. The result is a different network, as with another seed.
    """
    rows, target, weight, used = _checked(X, y, task, n_classes, weights)
    if groups is None:
        train, held = _validation_split(target, np.random.default_rng(seed))
    else:
        train, held = _validation_groups(target, groups[used], task, seed)
    centre, scale = _standard(target[train], weight[train]) if task == "regression" else (0.0, 1.0)
    with _own_torch(seed, device):
        network = _layers(rows.shape[1], hidden, n_classes if task == "multiclass" and n_classes else 1)
        if task == "count":
            _start_at_mean(network[-1], target[train], weight[train])
        network.to(device)
        average = copy.deepcopy(network).eval()
        data = _tensors(rows, (target - centre) / scale, weight / weight[train].mean(), task, home(device, rows.size))
        one_pass = _training(network, average, _take(data, train), task)
        stop_on, halves = _take(data, held), AdaptiveBatch()

        def validate() -> float:
            with torch.no_grad():
                (scores,) = halves(lambda rows: (average(rows.to(device)),), stop_on[0])
                return float(loss_of(scores, *stop_on[1:], task)) * scale**2

        epochs, loss, converged = _until_it_stops(average, one_pass, validate, progress)
        average.cpu()
    _unstandardise(average[-1], centre, scale)
    _silence_constants(average[0], rows)
    return FittedNetwork(average, epochs, loss, converged, seed, len(train), len(held))


def loss_of(scores: Tensor, labels: Tensor, weights: Tensor, task: Task) -> Tensor:
    """Return the weighted mean loss of scores (n, k) for labels (n,). A weight of 2 is equivalent to including the row twice."""
    return (_row_losses(scores, labels, task) * weights).sum() / weights.sum()


def _row_losses(scores: Tensor, labels: Tensor, task: Task) -> Tensor:
    """Return the log loss (nats), squared error or Poisson deviance of each row (n,)."""
    if task == "multiclass":
        return nn.functional.cross_entropy(scores, labels, reduction="none")
    if task == "binary":
        return nn.functional.binary_cross_entropy_with_logits(scores[:, 0], labels, reduction="none")
    if task == "count":
        logs = scores[:, 0]
        return torch.exp(logs).sub(labels * logs).add(torch.special.xlogy(labels, labels) - labels).mul(2)
    return nn.functional.mse_loss(scores[:, 0], labels, reduction="none")


Rows = tuple[Tensor, Tensor, Tensor]
"""Encoded rows (n, d), labels (n,) and weights (n,) of mean one."""


def _tensors(rows: FloatArray, labels: FloatArray, weights: FloatArray, task: Task, device: str) -> Rows:
    as_label = torch.int64 if task == "multiclass" else torch.float32
    parts = (rows, torch.float32), (labels, as_label), (weights, torch.float32)
    x, y, w = (torch.tensor(part, dtype=kind, device=device) for part, kind in parts)
    return x, y, w


def _take(data: Rows, index: IntArray | Tensor) -> Rows:
    at = torch.as_tensor(index).to(data[0].device)
    return data[0][at], data[1][at], data[2][at]


@contextmanager
def _own_torch(seed: int, device: str) -> Iterator[None]:
    """Seed torch's random number generators, enable gradients and use one CPU thread. Restore the caller's settings afterwards.

    With one thread, the order of summation does not depend on the number of cores. The batches are too small to gain much from
    more threads.
    """
    threads = torch.get_num_threads()
    here = device == CPU
    cards = [] if here else list(range(torch.cuda.device_count()))  # devices whose generators are used
    with torch.random.fork_rng(devices=cards), torch.device(CPU), torch.inference_mode(False), torch.enable_grad():
        (torch.default_generator.manual_seed if here else torch.manual_seed)(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _layers(columns: int, hidden: Sequence[int], outputs: int) -> nn.Sequential:
    widths = [columns, *hidden]
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out, dtype=torch.float32), nn.Tanh(), nn.Dropout(DROPOUT)]
    return nn.Sequential(*layers, nn.Linear(widths[-1], outputs, dtype=torch.float32))


def _training(network: nn.Sequential, average: nn.Sequential, data: Rows, task: Task) -> Callable[[], None]:
    """Return a function that trains for one epoch: AdamW steps on `network`, with a moving average of its weights in `average`.

    During the first epoch, the average is the plain mean of the weights; afterwards it is exponential, with a memory of one
    epoch. Small tables are divided into small batches. Otherwise, an epoch would have only one or two steps.
    """
    n = len(data[0])
    size = int(np.clip(n // EPOCH_STEPS, SMALLEST_BATCH, BATCH_ROWS))
    memory, device = -(-n // size), next(network.parameters()).device
    fast, slow = list(network.parameters()), list(average.parameters())
    optimiser = torch.optim.AdamW(fast, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    steps = 0

    def one_pass() -> None:
        nonlocal steps
        network.train()
        features, labels, weights = _take(data, torch.randperm(n))
        for at in (slice(start, start + size) for start in range(0, n, size)):
            optimiser.zero_grad()
            x, y, w = (part[at].to(device) for part in (features, labels, weights))
            losses = _row_losses(network(x), y, task) * w
            torch.autograd.backward(losses.mean())
            optimiser.step()
            steps += 1
            with torch.no_grad():
                for mean, value in zip(slow, fast, strict=True):
                    mean.lerp_(value, 1 / min(steps, memory))

    return one_pass


def _until_it_stops(
    network: nn.Sequential, one_pass: Callable[[], None], validate: Callable[[], float], progress: Progress | None
) -> tuple[int, float, bool]:
    """Train while the validation loss falls, then set `network` to its best weights.

    Training stops after `PATIENCE` epochs without improvement.

    Returns
    -------
    The best epoch, its validation loss, and whether the loss stopped falling.
    """
    best, best_loss, best_epoch, epoch = network.state_dict(), np.inf, 0, 0
    while epoch < EPOCHS and epoch - best_epoch < PATIENCE:
        one_pass()
        epoch, loss = epoch + 1, validate()
        if progress is not None:
            progress(epoch, EPOCHS, loss)
        if loss < best_loss:
            best, best_loss, best_epoch = copy.deepcopy(network.state_dict()), loss, epoch
    if best_epoch == 0:
        raise ModelError(
            "training failed, because the loss of the network was never finite. Check for extreme values in the "
            "columns or the target"
        )
    network.load_state_dict(best)
    return best_epoch, best_loss, epoch - best_epoch >= PATIENCE


def _validation_split(target: FloatArray, draw: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return the indices of the training rows and of the validation rows.

    The validation rows are every seventh row after the rows are sorted by target, with ties in random order.
    """
    order = draw.permutation(len(target))
    order = order[np.argsort(target[order], kind="stable")]
    held = np.zeros(len(order), dtype=bool)
    held[min(VALIDATION // 2, len(order) - 1) :: VALIDATION] = True
    return order[~held], order[held]


def _validation_groups(target: FloatArray, groups: IntArray, task: Task, seed: int) -> tuple[IntArray, IntArray]:
    """Return the indices of the training rows and of the validation rows, without splitting groups.

    The validation rows are those of whole groups, which together contain about a seventh of the rows. If possible, each class has
    the same share of the validation rows as of all rows.
    """
    strata = {"regression": np.zeros(len(target)), "count": target > 0}.get(task, target).astype(np.int64)
    for needed in (np.unique(strata), strata[:0]):  # second try: a class in only one group may be missing
        parts = by_group(strata, groups, needed.tolist(), VALIDATION, seed)
        if parts:
            return parts[0]
    raise ModelError(
        "early stopping needs at least one group of rows that the network is not trained on, but all "
        f"{len(target)} training rows are in the same group. Use training rows from at least two groups, or train without "
        "groups"
    )


def _standard(target: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Return the weighted mean and standard deviation of the target. The standard deviation of a constant target is set to 1."""
    centre = float(np.average(target, weights=weight))
    scale = float(np.sqrt(np.average((target - centre) ** 2, weights=weight)))
    return centre, scale if scale > 1e-12 * abs(centre) else 1.0


def _start_at_mean(layer: nn.Module, counts: FloatArray, weight: FloatArray) -> None:
    """Add the log of the mean count to the bias of the output layer, so that training starts near the overall rate."""
    assert isinstance(layer, nn.Linear)
    mean = float(np.average(counts, weights=weight))
    if not mean > 0:
        raise ModelError(
            "the network cannot be trained, because all counts in the training rows are 0. Use training rows with at least "
            "one count above 0"
        )
    with torch.no_grad():
        layer.bias.add_(np.log(mean))


def _unstandardise(layer: nn.Module, centre: float, scale: float) -> None:
    """Fold the transformation target = centre + scale * score into the last layer."""
    assert isinstance(layer, nn.Linear)
    with torch.no_grad():
        layer.weight.mul_(scale)
        layer.bias.mul_(scale).add_(centre)


def _silence_constants(layer: nn.Module, rows: FloatArray) -> None:
    """Set the weights of columns that are constant in `rows` (n, d) to 0, and add their contribution to the bias."""
    assert isinstance(layer, nn.Linear)
    still = np.flatnonzero(rows.min(axis=0) == rows.max(axis=0))
    with torch.no_grad():
        layer.bias.add_(layer.weight[:, still] @ torch.tensor(rows[0, still]).float())
        layer.weight[:, still] = 0.0


def _checked(
    X: FloatArray, y: npt.ArrayLike, task: str, n_classes: int | None, weights: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Validate rows, targets and weights.

    Returns
    -------
    Rows, targets and weights as float64, without the rows of weight zero, and a mask of the rows with a positive weight.
    """
    rows, target = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    weight = np.ones(len(target)) if weights is None else np.asarray(weights, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] == 0 or target.shape != (len(rows),) or weight.shape != target.shape:
        shapes = f"{rows.shape}, {target.shape} and {weight.shape}"
        raise ModelError(
            f"X must have the shape (n, d) with d > 0, and y and weights (if given) the shape (n,); got the shapes {shapes}"
        )
    if not all((np.abs(part) < TOO_LARGE).all() for part in (rows, target, weight)) or (weight < 0).any():
        raise ModelError(
            f"X, y and weights must contain only finite numbers between -{TOO_LARGE:g} and {TOO_LARGE:g}, and weights must "
            "not be negative. Encode the columns first, and rescale values that are too large, for example by using a larger "
            "unit of measurement"
        )
    used = weight > 0
    if used.sum() < 2:
        raise ModelError(
            "training needs at least two rows with a positive weight, because at least one of them is used for early stopping; "
            f"got {used.sum()}"
        )
    _check_labels(target, task, n_classes)
    return rows[used], target[used], weight[used], used


def _check_labels(target: FloatArray, task: str, n_classes: Any) -> None:
    if task == "regression":
        return
    if task not in TASKS:
        raise ModelError(f"the task must be {', '.join(TASKS[:-1])} or {TASKS[-1]}; got {task!r}")
    if task == "count":
        if (target < 0).any() or (target != np.round(target)).any():
            raise ModelError(
                "a count target must contain only whole numbers, 0 or greater. For other numbers, use the task 'regression'"
            )
        return
    if task == "multiclass" and (n_classes is None or n_classes < 2):
        raise ModelError(f"if the task is multiclass, n_classes must be at least 2; got {n_classes}")
    classes = 2 if task == "binary" else n_classes
    if not np.isin(target, np.arange(classes)).all():
        raise ModelError(
            f"a {task} target must contain only the class numbers 0 to {classes - 1}. Replace each class with its number first"
        )
