"""Selection of the device on which torch computes (CPU or CUDA), and transfer of rows and results.

The outputs `z` of the leading affine layers, and the results that torch computes from them, are stored on the device if they fit
(`home`), and otherwise in CPU memory. If a pass of the network runs out of memory, it is repeated with half as many rows. Later
passes start with this smaller number of rows. A backward pass is repeated together with its forward pass, because the forward
pass allocates the memory (see `slopes`).
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor, nn

from tabinterp.errors import ModelError, argument

from .affine_front import on

CPU = "cpu"
TOGETHER = 2**22  # maximum number of derivatives for which all outputs are differentiated in one backward pass
ROOM = 16  # required free memory, as a multiple of what is kept, for results that analyses compute from it


def device_of(name: str) -> str:
    """Return the name of a device, after checking that it exists.

    Raises
    ------
    ModelError
        There is no such device.
    """
    kind, _, index = name.partition(":")
    if kind not in (CPU, "cuda") or (index and not index.isdecimal()) or name.endswith(":") or name.startswith("cpu:"):
        raise ModelError(
            f"the device must be cpu or cuda (or cuda:1 for the second GPU); got {argument('device', name)}"
        )
    if kind == "cuda" and not torch.cuda.is_available():
        built = "built without CUDA" if torch.version.cuda is None else f"built for CUDA {torch.version.cuda}"
        raise ModelError(
            f"torch finds no CUDA device (torch {torch.__version__}, {built}). Leave out {argument('device')}, or "
            "check that nvidia-smi lists a GPU"
        )
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        found = ", ".join(f"cuda:{i}" for i in range(torch.cuda.device_count()))
        raise ModelError(
            f"there is no device {name}; torch finds only {found}. Choose one of these devices, or leave out the number"
        )
    return name


def described(device: str) -> str:
    """Return a description of the device. For a GPU, it contains the product name, because different GPUs round differently."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if torch.device(device).type == "cuda" else device


def home(device: str, numbers: int) -> str:
    """Return the device on which to store `numbers` single-precision numbers.

    Return the given device if the numbers, and the results computed from them, fit in its memory. Otherwise, return the CPU.
    """
    if torch.device(device).type != "cuda":
        return device
    free, _ = torch.cuda.mem_get_info(device)
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # reserved by torch
    return device if 4 * ROOM * numbers <= free + unused else CPU


Parts = tuple[Tensor, ...]


class AdaptiveBatch:
    """A batch size that adapts to the available memory. All rows are processed at once if possible, otherwise in parts that fit
    in memory.
    """

    def __init__(self) -> None:
        self.most: int | None = None  # rows that fit, after a larger number did not

    def __call__(self, ask: Callable[[Tensor], Parts], rows: Tensor, to: str | torch.device | None = None) -> Parts:
        """Apply `ask` to rows (n, ...), and return its outputs as tensors with n rows each. They are on the device `to` (None:
        the device of the rows).
        """
        to = rows.device if to is None else to
        if self.most is None or len(rows) <= self.most:
            try:
                return tuple(part.to(to) for part in ask(rows))
            except torch.OutOfMemoryError:
                if len(rows) < 2:
                    self.most = None  # the number of rows was not the cause
                    raise
                self.most = (len(rows) + 1) // 2
            gc.collect()  # unused copies of networks
            torch.cuda.empty_cache()  # does nothing without CUDA
        found = [self(ask, few, to) for few in torch.split(rows, self.most)]
        return tuple(torch.cat(parts) for parts in zip(*found, strict=True))


def placed(module: nn.Module, device: str) -> nn.Module:
    """Return a copy of the module that computes on the device, or the module itself if the device is the CPU."""
    if device == CPU:
        return module
    with torch.inference_mode(False):  # inference tensors could not be used for gradients later
        return Placed(on(module, device), device)


class Placed(nn.Module):
    """A network on a device. It accepts a tensor from any device, and returns the outputs on the device of that tensor. Gradients
    are supported.

    A pass that needs a gradient is not split, because the values of all parts must be stored until the gradient is computed.
    """

    def __init__(self, inner: nn.Module, device: str) -> None:
        super().__init__()
        self.inner = inner
        self.device = device
        self.forwards, self.backwards = AdaptiveBatch(), AdaptiveBatch()

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled() and x.requires_grad:
            return self.inner(x.to(self.device)).to(x.device)  # type: ignore[no-any-return]
        (made,) = self.forwards(lambda rows: (self.inner(rows.to(self.device)),), x)
        return made


def slopes(network: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return derivatives (m, h, k) of each output with respect to x (m, h), and the outputs (m, k)."""

    def ask(rows: Tensor) -> Parts:
        rows = rows.detach().clone().requires_grad_(True)
        return differentiated(network(rows), rows)

    gradient, scores = (network.backwards if isinstance(network, Placed) else AdaptiveBatch())(ask, x)
    return gradient, scores.double()


def differentiated(scores: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the derivatives (m, h, k) of scores (m, k) with respect to the rows (m, h) from which they were computed. Also
    return the scores, detached from the graph.
    """
    if not scores.requires_grad:  # a network that uses none of its inputs
        return scores.new_zeros(*rows.shape, scores.shape[1]), scores
    outputs = scores.shape[1]
    if outputs > 2 and outputs * rows.numel() <= TOGETHER:
        one_hot = torch.eye(outputs, dtype=scores.dtype, device=scores.device)[:, None].expand(-1, *scores.shape)
        with suppress(RuntimeError):  # an operation of the network that torch cannot batch
            (found,) = torch.autograd.grad(scores, rows, one_hot, retain_graph=True, is_grads_batched=True)
            return found.permute(1, 2, 0), scores.detach()
    each = [torch.autograd.grad(scores[:, k].sum(), rows, retain_graph=k < outputs - 1)[0] for k in range(outputs)]
    return torch.stack(each).permute(1, 2, 0), scores.detach()  # each output is contiguous in memory
