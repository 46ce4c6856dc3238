"""Pieces of work that need nothing of each other, at the same time: one on each core."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import fx

from ..models import Bound
from ..models.device import CPU

Item = TypeVar("Item")
Found = TypeVar("Found")


def abreast(bound: Bound, act: Callable[[Item], Found], items: Sequence[Item]) -> Iterator[Found]:
    """`act` of each item, in their order, without gradients; on as many cores as torch has threads.

    Products of a few thousand rows are too small to be shared between threads, which then mostly wait for each other. Pieces
    meet in the model alone: one that runs forward code of the user's, which may keep values between its steps, and one that
    computes elsewhere get one piece after another.
    """
    threads = torch.get_num_threads()
    if min(threads, len(items)) < 2 or bound.model.device != CPU or not isinstance(bound.front.rest, fx.GraphModule):
        with torch.inference_mode():
            yield from map(act, items)
        return
    _ = bound.z, bound.rest, bound.consuming, bound.answers, bound.centre  # made once, before anybody asks for them at the same time

    def alone(item: Item) -> Found:
        with torch.inference_mode():
            return act(item)

    with one_thread(threads), ThreadPoolExecutor(threads) as pool:
        try:
            yield from pool.map(alone, items)
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def one_thread(before: int) -> Iterator[None]:
    """In it every thread's products keep to that thread."""
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
