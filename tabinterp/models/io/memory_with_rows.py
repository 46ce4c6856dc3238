"""Limits on the memory and computation that a network loaded from a file needs for the rows of a table. Both are estimated from
shapes, and checked before the network runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tabinterp.models.affine_front import is_sequence
from tabinterp.models.inputs import SideBySide
from tabinterp.models.model import Model

from .allocation_limits import ROWS, check_cells, check_products, check_total, check_value
from .loaded_objects import columns


def check_network(model: Model, inputs: Sequence[Tensor], rows: int) -> None:
    """Check the memory and computation that a network loaded from a file needs for a table.

    `inputs` contains the inputs of the network for some rows, (m, d) or (m,) each. `rows` is the number of rows in the table.

    Raises
    ------
    ModelError
        The network would exceed one of the limits. They apply to the size of each value, the size of all values together, the
        size of the matrices and rows in memory, and the number of multiplications per row.
    """
    if model.file is None or model.function is not None:
        return
    total = _entries(model.module, inputs[0].shape[1:], model.name)
    width = sum(one.shape[1:].numel() for one in inputs)
    check_cells(2 * width * (width + total), "the products of its layers with the encoded columns", model.name)
    first = next((m.out_features for m in model.module.modules() if isinstance(m, nn.Linear)), 1)
    parts = model.encoder.parts if isinstance(model.encoder, SideBySide) else [model.encoder]
    widest = max(width, first, sum(columns(part) for part in parts))
    check_cells(rows * widest, f"{rows:,} rows of {widest:,} columns", model.name)


def _entries(module: nn.Module, shape: torch.Size, name: str) -> int:
    """Return the total number of entries per row in the outputs of all layers, for rows of this shape. If the network is a
    sequence of layers, also check the limits. Other networks were already checked when they were loaded.
    """
    layers = [layer for layer in module.modules() if not any(True for _ in layer.children())]
    if not is_sequence(module):
        return sum(layer.out_features for layer in layers if isinstance(layer, nn.Linear))
    total, products, given = 0, 0, list(shape)
    for layer in layers:
        if isinstance(layer, nn.Linear):
            given[-1:] = [layer.out_features]
            products += math.prod(given) * layer.in_features
        elif isinstance(layer, nn.Embedding):
            given.append(layer.embedding_dim)
        elif isinstance(layer, nn.Flatten):  # dimension 0 is the rows
            end = len(given) + 1 + layer.end_dim if layer.end_dim < 0 else layer.end_dim
            given[layer.start_dim - 1 : end] = [math.prod(given[layer.start_dim - 1 : end])]
        entries = math.prod(given)
        check_value(ROWS * entries, True, f"{name}: the output of a layer ({type(layer).__name__})")
        total += entries
    check_total(ROWS * total, name)
    check_products(ROWS * products, True, name)
    return total
