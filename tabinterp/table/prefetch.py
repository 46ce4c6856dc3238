"""Prefetching: the next batch is read in a separate thread while the current batch is processed."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from threading import Thread
from typing import Any


def ahead(items: Iterator[Any], most: int = 1) -> Iterator[Any]:
    """Yield the items, and prepare up to `most` further items in a separate thread. The thread ends when the caller stops
    iterating.
    """
    wanted: SimpleQueue[bool] = SimpleQueue()
    made: SimpleQueue[tuple[str, Any]] = SimpleQueue()
    Thread(target=_make, args=(items, wanted, made), daemon=True).start()
    for _ in range(most):
        wanted.put(True)
    try:
        while True:
            what, item = made.get()
            if what == "error":
                raise item
            if what == "end":
                return
            wanted.put(True)
            yield item
    finally:
        wanted.put(False)


def _make(items: Iterator[Any], wanted: SimpleQueue[bool], made: SimpleQueue[tuple[str, Any]]) -> None:
    try:
        while wanted.get():
            for item in items:
                made.put(("item", item))
                break
            else:
                made.put(("end", None))
                return
    except BaseException as error:  # raised again in the thread that needs the item
        made.put(("error", error))
