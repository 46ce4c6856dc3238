"""Parallel execution of independent tasks, one per core."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import fx

from tabinterp.models import BoundModel
from tabinterp.models.device import CPU
from tabinterp.threads import cores, one_thread

Item = TypeVar("Item")
Found = TypeVar("Found")


def run_parallel(bound: BoundModel, act: Callable[[Item], Found], items: Sequence[Item]) -> Iterator[Found]:
    """Apply `act` to each item in parallel on the available cores, without gradients. Yield the results in the order of the
    items.

    The items must not share anything except the model. They are processed one after another if the model runs the user's forward
    code, which may store values between calls, or if it computes on a GPU.
    """

    def alone(item: Item) -> Found:
        with torch.inference_mode():
            return act(item)

    elsewhere = bound.device != CPU or not isinstance(bound.front.rest, fx.GraphModule)
    if elsewhere or min(cores(), len(items)) < 2:
        yield from map(alone, items)
        return
    _ = (
        bound.z,
        bound.rest,
        bound.consuming,
        bound.answers,
        bound.centre,
    )  # computed before several threads need them at the same time
    with one_thread(), ThreadPoolExecutor(cores()) as pool:
        try:
            yield from pool.map(alone, items)
        finally:
            pool.shutdown(cancel_futures=True)
