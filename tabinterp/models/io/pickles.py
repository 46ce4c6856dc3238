"""Inspection and loading of pickles. The imports of a pickle are read from its opcodes without running them. No other module
loads arbitrary pickles.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickletools
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import joblib
import torch

from tabinterp.errors import ModelError

from .reading import Content

STRINGS = {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING", "SHORT_BINSTRING"}
PUT = {"PUT", "BINPUT", "LONG_BINPUT"}
GET = {"GET", "BINGET", "LONG_BINGET"}
CALLS = {"REDUCE", "NEWOBJ", "NEWOBJ_EX", "INST", "OBJ", "BUILD"}
MOST_OPCODES = 5_000_000
LARGEST_UNPACKED = 1 << 28

NAMED = re.compile(rb"c([A-Za-z_][\w.]{0,200})\n([A-Za-z_][\w.]{0,200})\n")  # GLOBAL
PAIRED = re.compile(  # two strings and STACK_GLOBAL, memoised or not
    rb"\x8c(.)([A-Za-z_][\w.]{0,200})\x94?\x8c(.)([A-Za-z_][\w.]{0,200})\x94?\x93", re.DOTALL
)

COMPRESSED: dict[bytes, Callable[[io.BytesIO], Any]] = {  # first bytes -> a stream that unpacks
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"\x5d\x00\x00": lzma.LZMAFile,
    **{start: lambda stream: _Zlib(stream.read()) for start in (b"x\x01", b"x^", b"x\x9c", b"x\xda")},
}


@dataclass(frozen=True)
class Opcodes:
    """The imports of a pickle, and how many calls and opcodes it contains. `complete` is False if reading stopped before the end
    of the pickle, for example at an array between opcodes.
    """

    imports: tuple[str, ...]
    calls: int
    count: int
    complete: bool


def opcodes(data: bytes) -> Opcodes:
    """Read a pickle as a list of instructions, without running any of them.

    The name of an import consists of the two strings that precede the import opcode. An unknown string is replaced by "?".
    """
    imports: dict[str, None] = {}
    reached = 0
    strings: list[str] = []
    memo: dict[int, str] = {}
    calls = count = 0
    top = ""
    try:
        for opcode, argument, position in pickletools.genops(data):
            count += 1
            reached = position or 0
            if opcode.name in STRINGS:
                top = str(argument)
                strings.append(top)
            elif opcode.name == "MEMOIZE":
                memo[len(memo)] = top
            elif opcode.name in PUT:
                memo[int(str(argument))] = top
            elif opcode.name in GET:
                top = memo.get(int(str(argument)), "?")
                strings.append(top)
            elif opcode.name in ("GLOBAL", "INST"):
                imports[str(argument).replace(" ", ".", 1)] = None
                top = "?"
            elif opcode.name == "STACK_GLOBAL":
                imports[".".join(["?", "?", *strings][-2:])] = None
                top = "?"
            elif opcode.name.startswith("EXT"):
                imports[f"?.extension {argument}"] = None
                top = "?"
            elif opcode.name not in ("PROTO", "FRAME"):
                top = "?"
            calls += opcode.name in CALLS
            if count >= MOST_OPCODES:
                return Opcodes(tuple(imports), calls, count, False)
    except Exception:  # a malformed stream can make pickletools raise any error
        return Opcodes(
            (*imports, *(name for name in _later(data[reached:]) if name not in imports)), calls, count, False
        )
    return Opcodes(tuple(imports), calls, count, True)


def chained(data: bytes, most: int = 8) -> list[bytes]:
    """Split bytes into consecutive pickles. At most `most` pickles are returned, beginning with the first."""
    parts: list[bytes] = []
    stream = io.BytesIO(data)
    while len(parts) < most and stream.tell() < len(data):
        start = stream.tell()
        try:
            for _ in pickletools.genops(stream):
                pass
        except Exception:  # not a pickle any more, but bytes of a tensor
            break
        parts.append(data[start : stream.tell()])
    return parts


def _later(data: bytes) -> list[str]:
    """Return the names of imports in bytes that contain not only opcodes but also other data, such as the arrays that joblib
    writes. The names are found by pattern matching.
    """
    found = {module + b"." + name: None for module, name in NAMED.findall(data)}
    for match in PAIRED.finditer(data):
        module, name = match.group(2), match.group(4)
        if len(module) == match.group(1)[0] and len(name) == match.group(3)[0]:
            found[module + b"." + name] = None
    return [name.decode("ascii") for name in found]


def is_pickle(data: bytes) -> bool:
    """Return whether these bytes are a complete pickle, or start like a pickle of protocol 2 or later."""
    if len(data) > 1 and data[0] == 0x80 and data[1] <= 5:
        return True
    if not data[:1].isascii():
        return False
    found = opcodes(data[: 1 << 20])
    return found.complete and found.count > 1


def unpacked(data: bytes) -> bytes | None:
    """Return the contents of a compressed file, up to a limit. Return None if the file is not compressed, or if it is damaged at
    its start.
    """
    for start, stream in COMPRESSED.items():
        if data.startswith(start):
            try:
                result: bytes = stream(io.BytesIO(data)).read(LARGEST_UNPACKED)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
                return None
            return result
    return None


class _Zlib:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, limit: int) -> bytes:
        return zlib.decompressobj().decompress(self.data, limit)


def run(content: Content, *, is_torch: bool) -> Any:
    """Load a pickle, which runs any code in it. The caller must have checked that the user gave the SHA-256 of these bytes."""
    try:
        if is_torch:
            return torch.load(io.BytesIO(content.data), map_location="cpu", weights_only=False)
        return joblib.load(io.BytesIO(content.data))
    except Exception as error:  # unpickling runs code in the file, which can raise any error; its message is passed on
        raise ModelError(
            f"the pickle {content.name!r} cannot be loaded. Install the versions of Python and of the libraries with which it "
            f"was saved. The error was: {type(error).__name__}: {error}"
        ) from error
