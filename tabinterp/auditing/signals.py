"""Handling of Ctrl-C and SIGTERM. The process stops within a second, whichever library is running."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread, current_thread, main_thread
from types import FrameType
from typing import NoReturn

from tabinterp.atomic_io import discard
from tabinterp.exit_codes import ExitCode

PATIENCE, LAST_WORDS = 0.5, 0.2  # seconds for the work to stop by itself, and for final calls
SIGNALS = (signal.SIGINT, signal.SIGTERM)

_LAST: list[Callable[[], None]] = []


class Interrupted(BaseException):
    """Exception raised on Ctrl-C or SIGTERM. It is not a subclass of `Exception`, because libraries may catch such exceptions."""


@contextmanager
def interruptible() -> Iterator[Event]:
    """Raise `Interrupted` within the `with` block on Ctrl-C or SIGTERM, and set the event that the context manager returns.

    If a library does not stop, the process is ended. Some libraries replace `Interrupted` with another error. Even then, the
    event shows that the user interrupted the work.

    Python handles a signal in the main thread and only between bytecode instructions. A fit or a matrix product is a single
    instruction and can take a long time. The number of the signal is therefore also written to a pipe immediately. A thread that
    reads the pipe ends the process if the main thread has not stopped within a time limit.
    """
    asked = Event()
    if current_thread() is not main_thread():
        yield asked
        return

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        asked.set()
        raise Interrupted

    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    handlers = {number: signal.signal(number, interrupt) for number in SIGNALS}
    before = signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    Thread(target=_watch, args=(receiver,), daemon=True).start()
    try:
        yield asked
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(sender)


@contextmanager
def last(call: Callable[[], None]) -> Iterator[None]:
    """Within the `with` block, have a function called before `interruptible` ends the process. It may be called while the main
    thread is computing.
    """
    _LAST.append(call)
    try:
        yield
    finally:
        _LAST.remove(call)


def _watch(receiver: int) -> None:
    with suppress(OSError), open(receiver, "rb", buffering=0) as signals:
        while number := signals.read(1):
            if number[0] in SIGNALS and not select.select([signals], [], [], PATIENCE)[0]:
                _stop()


def leave() -> NoReturn:
    """End this process immediately, without cleaning up."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed by the reader
            stream.flush()
    os._exit(ExitCode.INTERRUPTED)


def _stop() -> None:
    calls = Thread(target=_say_last, daemon=True)
    calls.start()
    calls.join(LAST_WORDS)
    discard()
    sys.stderr.write("interrupted\n")
    leave()


def _say_last() -> None:
    for call in reversed(_LAST):
        with suppress(Exception):  # the process ends even if a call fails
            call()
