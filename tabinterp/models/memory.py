"""How much memory a network out of a file takes with a table's rows, worked out from shapes before any of it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from .files.limits import ROWS, check_cells, check_total, check_value
from .files.loaded_objects import columns
from .inputs import SideBySide
from .model import Model


class _Sizes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Checks the size of each value that an operation gives, and adds them up; views of a value take no memory."""

    def __init__(self, name: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.name, self.total = name, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if not func.is_view:
            entries = sum(one.numel() for one in tree_leaves(found) if isinstance(one, Tensor))
            check_value(entries, True, f"{self.name}: {func.overloadpacket.__name__}")
            self.total += entries
        return found


def check_network(model: Model, inputs: Sequence[Tensor], rows: int) -> None:
    """Check what a network that comes from a file makes of its inputs, of the shapes (m, d) or (m,), and of all rows.

    Raises
    ------
    ModelError
        Where a value, all values together, or the matrices and rows that are held would be larger than the limits.
    """
    if model.file is None or model.function is not None:
        return
    total = _entries(model.module, inputs, model.name)
    width = sum(one.shape[1:].numel() for one in inputs)
    check_cells(2 * width * (width + total), "products of its layers with the encoded columns", model.name)
    first = next((m.out_features for m in model.module.modules() if isinstance(m, nn.Linear)), 1)
    parts = model.encoder.parts if isinstance(model.encoder, SideBySide) else [model.encoder]
    widest = max(width, first, sum(columns(part) for part in parts))
    check_cells(rows * widest, f"{rows:,} rows of {widest:,} columns", model.name)


def _entries(module: nn.Module, inputs: Sequence[Tensor], name: str) -> int:
    """The entries a row of all values together; 0 where the network does not take such inputs, which it says itself."""
    weights = {one: value.to("meta") for one, value in [*module.named_parameters(), *module.named_buffers()]}
    given = tuple(torch.empty((ROWS, *one.shape[1:]), dtype=one.dtype, device="meta") for one in inputs)
    sizes = _Sizes(name)
    with torch.no_grad(), sizes:
        try:
            functional_call(module, weights, given)
        except (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError):
            return 0
    check_total(sizes.total, name)
    return sizes.total // ROWS
