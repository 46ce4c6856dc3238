"""Running independent analyses in parallel worker processes.

Workers are forks of this process. They share the models, the rows and the settings without copying, and need no `__main__` guard.
Only results are transferred, by pickling. Threads are not used, for two reasons. PyTorch traces a network by patching
`torch.nn.Module` for all threads, so simultaneous traces would interfere. In addition, most of an analysis is Python code, which
runs in only one thread at a time.
"""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

import torch

from tabinterp.analyses.base import Analysis
from tabinterp.analyses.context import Context
from tabinterp.models.device import CPU
from tabinterp.threads import cores, cores_limited

from .signals import SIGNALS

STEP = 0.02  # share of an analysis between two progress reports of a worker
DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
LONG = 1.0  # seconds of an analysis after which a worker returns freed memory; shorter ones need little
C = ctypes.CDLL(None)

Answer = Callable[[Analysis[Any], Context], Any]


class Watch(Protocol):
    """An object that receives reports on the progress of analyses that run in parallel."""

    def within(self, share: float, part: str | None = None) -> None: ...

    def finished(self, part: str, seconds: float) -> None: ...


@dataclass(frozen=True)
class Worker:
    """A worker process, and the parent's end of the pipe to the worker."""

    process: int
    pipe: Connection


def can_fork(context: Context) -> bool:
    """Return whether the analyses can run in forks of this process.

    A fork does not inherit the threads of its parent. On the CPU, PyTorch does not need these threads. On a GPU, or in a user's
    prediction function, a library may depend on them. On systems other than Linux, the system libraries may depend on them too.
    """
    models = [context.network.model, context.linear.model, *context.others, *([context.null] if context.null else [])]
    on_processor = all(model.function is None and model.device == CPU for model in models)
    return sys.platform == "linux" and on_processor and not torch.cuda.is_available()


def independent(analyses: Sequence[Analysis[Any]]) -> list[list[Analysis[Any]]]:
    """Split analyses into groups that do not depend on each other's results.

    Both the groups and the analyses within each group stay in their original order.
    """
    groups: list[list[Analysis[Any]]] = []
    for analysis in analyses:
        needed = [group for group in groups if any(one.name in analysis.needs for one in group)]
        groups = [group for group in groups if group not in needed]
        groups.append([*(one for group in needed for one in group), analysis])
    place = {analysis.name: i for i, analysis in enumerate(analyses)}
    ordered = [sorted(group, key=lambda one: place[one.name]) for group in groups]
    return sorted(ordered, key=lambda group: place[group[0].name])


def side_by_side(
    groups: Sequence[Sequence[Analysis[Any]]], context: Context, answer: Answer, count: int, watch: Watch
) -> dict[str, Any]:
    """Run groups of analyses in `count` worker processes. Each group runs in a single worker.

    Parameters
    ----------
    groups : groups of analyses, in the order in which they are started.
    answer : function that takes an analysis and a context and returns a picklable outcome.

    Returns
    -------
    dict
        A mapping from the name of each analysis to its outcome. If an analysis fails or a worker is lost, all workers are stopped
        and unfinished analyses are left out. The caller can then run the unfinished analyses one after another. If an
        analysis failed with an error, it raises this error again when the caller runs it.
    """
    outcomes: dict[str, Any] = {}
    waiting = deque(range(len(groups)))
    sys.stdout.flush()  # otherwise every worker would write the buffered text again
    gc.collect()
    _return_freed_memory()
    with _forked(min(count, len(groups)), lambda pipe: _work(pipe, groups, context, answer, count)) as workers:
        pipes = [worker.pipe for worker in workers]
        while pipes:
            for pipe in wait(pipes):
                assert isinstance(pipe, Connection)
                try:
                    kind, *what = pipe.recv()
                except (EOFError, OSError):  # such as a worker that the system killed to free memory
                    return outcomes
                if kind == "failed":
                    return outcomes
                if kind == "idle":
                    pipe.send(waiting.popleft() if waiting else None)
                elif kind == "leaves":
                    pipes.remove(pipe)
                elif kind == "within":
                    watch.within(what[1], what[0])
                else:
                    name, pickled, seconds = what
                    try:
                        outcomes[name], warned = pickle.loads(pickled)  # made by a fork of this process
                    except Exception:  # an object that can be pickled but not unpickled
                        return outcomes
                    for message, category, filename, line in warned:
                        warnings.warn_explicit(message, category, filename, line)
                    del what, pickled
                    _return_freed_memory()
                    watch.finished(name, seconds)
    return outcomes


def _work(
    pipe: Connection, groups: Sequence[Sequence[Analysis[Any]]], context: Context, answer: Answer, count: int
) -> None:
    """Run groups of analyses in a worker, one after another, until none is left or an analysis fails."""
    with cores_limited(max(1, cores() // count)):
        while True:
            pipe.send(("idle",))
            index = pipe.recv()
            if index is None:
                pipe.send(("leaves",))
                return
            for analysis in groups[index]:
                start = time.perf_counter()
                try:
                    with warnings.catch_warnings(record=True) as caught:
                        outcome = answer(analysis, replace(context, within=_Reports(pipe, analysis.name)))
                    context.results[analysis.name] = outcome.result
                    warned = [(one.message, one.category, one.filename, one.lineno) for one in caught]
                    pickled = pickle.dumps((outcome, warned), protocol=pickle.HIGHEST_PROTOCOL)
                except BaseException:  # raised again when the parent runs the analysis itself
                    pipe.send(("failed",))
                    return
                seconds = time.perf_counter() - start
                pipe.send(("answer", analysis.name, pickled, seconds))
                del outcome, pickled
                if seconds > LONG:
                    gc.collect()
                    _return_freed_memory()


def _return_freed_memory() -> None:
    """Return freed memory to the system. Otherwise, glibc would keep it, and a worker would occupy as much memory as its largest
    analysis needed.
    """
    if hasattr(C, "malloc_trim"):
        C.malloc_trim(0)


class _Reports:
    """A callable that sends the progress of an analysis to the parent process at intervals."""

    def __init__(self, pipe: Connection, name: str) -> None:
        self._pipe, self._name, self._last = pipe, name, 0.0

    def __call__(self, share: float) -> None:
        if share >= self._last + STEP:
            self._last = share
            self._pipe.send(("within", self._name, share))


@contextmanager
def _forked(count: int, work: Callable[[Connection], None]) -> Iterator[list[Worker]]:
    """Fork `count` workers that call `work`. They are always stopped at the end of the `with` block."""
    workers: list[Worker] = []
    try:
        for _ in range(count):
            workers.append(_fork(work))
        yield workers
    finally:
        for worker in workers:
            worker.pipe.close()
            with suppress(ProcessLookupError):
                os.kill(worker.process, signal.SIGKILL)
        for worker in workers:
            with suppress(ChildProcessError):
                os.waitpid(worker.process, 0)


def _fork(work: Callable[[Connection], None]) -> Worker:
    prctl, parent = C.prctl, os.getpid()
    here, there = Pipe()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until the child has its own handlers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about other threads, such as the progress bar's
        process = os.fork()
    if process == 0:
        try:
            prctl(DEATH_OF_PARENT, signal.SIGKILL)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes; the parent ends this one
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            gc.freeze()  # the collector would write to memory shared with the parent, and so copy it
            sys.stdout, sys.stderr = _stream(1), _stream(2)  # a parent thread may hold the locks of the old ones
            if os.getppid() == parent:
                work(there)
        finally:
            os._exit(0)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    there.close()
    return Worker(process, here)


def _stream(number: int) -> Any:
    """Reopen standard output or standard error. If it is closed, open the null device instead."""
    try:
        return open(number, "w", buffering=1, errors="backslashreplace", closefd=False)
    except OSError:
        return open(os.devnull, "w")
