"""Control of threads: matrix products run in a single thread, and independent tasks run on several cores.

The matrix products of a tabular network are too small to be divided among threads. The threads would mostly wait for each other,
especially on a busy machine. Several threads would also add the terms of a sum in a different order, which changes the last
digits of the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from threadpoolctl import threadpool_limits

_CORES: ContextVar[int | None] = ContextVar("cores", default=None)


def cores() -> int:
    """Return the number of tasks that may run at the same time. It is PyTorch's number of threads, which is set by
    `torch.set_num_threads` or OMP_NUM_THREADS. By default, it is the number of cores of the machine.
    """
    return _CORES.get() or torch.get_num_threads()


@contextmanager
def cores_limited(count: int) -> Iterator[None]:
    """Make `cores()` return `count` within the `with` block."""
    before = _CORES.set(count)
    try:
        yield
    finally:
        _CORES.reset(before)


@contextmanager
def one_thread() -> Iterator[None]:
    """Within the `with` block, run matrix products (PyTorch, BLAS, OpenMP) only in the calling thread."""
    before = _CORES.get()
    if before is not None:
        yield
        return
    threads = torch.get_num_threads()
    _CORES.set(threads)
    torch.set_num_threads(1)  # also for threads that start from here on
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)
        _CORES.set(before)
