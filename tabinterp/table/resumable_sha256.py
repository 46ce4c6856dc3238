"""SHA-256 that can be put down midway and taken up by another process.

Python's own digests do not give their state away. OpenSSL, which they call, has functions that keep it in memory of the caller:
eight words, the length so far, and the bytes that do not fill a block yet (FIPS 180-4). Where these cannot be reached, or do not
give what `hashlib` gives, there is no such digest.
"""

from __future__ import annotations

import ctypes
import hashlib
from functools import cache
from importlib import import_module
from typing import Any

BLOCK = 64  # bytes
WORDS, LENGTH, REST, FILLED = 8, 8, 10, 26  # of the context, in words of 32 bits: how many, and where the others are
SIZE = 64  # words; the context takes 28

State = tuple[list[int], int, str]  # the eight words, the length in bytes, the rest (hex)


class Midstate:
    """A digest as `hashlib.sha256` gives it."""

    def __init__(self, data: bytes = b"") -> None:
        self._context = (ctypes.c_uint32 * SIZE)()
        _library().SHA256_Init(self._context)
        self._length = 0
        self.update(data)

    def update(self, data: bytes) -> None:
        _library().SHA256_Update(self._context, data, ctypes.c_size_t(len(data)))
        self._length += len(data)

    def hexdigest(self) -> str:
        context, found = (ctypes.c_uint32 * SIZE)(*self._context), ctypes.create_string_buffer(32)
        _library().SHA256_Final(found, context)
        return found.raw.hex()

    def state(self) -> State:
        rest = bytes(memoryview(self._context).cast("B")[4 * REST : 4 * REST + self._length % BLOCK])
        return [*self._context[:WORDS]], self._length, rest.hex()

    @classmethod
    def of(cls, words: list[int], length: int, rest: str) -> Midstate:
        """The digest that was in this state.

        Raises
        ------
        ValueError : no digest can be.
        """
        left = bytes.fromhex(rest)
        if len(words) != WORDS or not all(0 <= word < 2**32 for word in words) or len(left) != length % BLOCK:
            raise ValueError("no state of a digest")
        found = cls()
        found._context[:WORDS] = [*words]
        found._context[LENGTH], found._context[LENGTH + 1] = 8 * length % 2**32, 8 * length >> 32
        ctypes.memmove(ctypes.byref(found._context, 4 * REST), left, len(left))
        found._context[FILLED], found._length = len(left), length
        return found


@cache
def can_be_put_down() -> bool:
    """Whether a digest that is put down and taken up here is that of `hashlib`."""
    text = bytes(range(256)) * 3
    try:
        first = Midstate(text[:301])
        again = Midstate.of(*first.state())
        again.update(text[301:])
        return again.hexdigest() == hashlib.sha256(text).hexdigest()
    except (ImportError, OSError, AttributeError):
        return False


@cache
def _library() -> Any:
    """What `hashlib` itself has loaded, so that no second OpenSSL comes into the process."""
    return ctypes.CDLL(import_module("_hashlib").__file__)
