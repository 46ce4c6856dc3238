"""Number of threads: single-threaded products, and the cores available for independent tasks.

The products that a table's network asks for are too small to be shared: threads mostly wait for each other, and on a machine that
does other work they wait long. A sum that more threads take is added in another order, too, and differs in its last digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from threadpoolctl import threadpool_limits

_CORES: ContextVar[int | None] = ContextVar("cores", default=None)


def cores() -> int:
    """Return how many tasks may run at the same time: the threads that torch was given (`torch.set_num_threads` or
    OMP_NUM_THREADS), by default the machine's cores.
    """
    return _CORES.get() or torch.get_num_threads()


@contextmanager
def cores_limited(count: int) -> Iterator[None]:
    """Make `cores()` return this number within this context."""
    before = _CORES.set(count)
    try:
        yield
    finally:
        _CORES.reset(before)


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit products of torch, BLAS and OpenMP to the calling thread within this context."""
    before = _CORES.get()
    if before is not None:
        yield
        return
    threads = torch.get_num_threads()
    _CORES.set(threads)
    torch.set_num_threads(1)  # of threads that begin from here on, too
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)
        _CORES.set(before)
