"""Reading of untrusted files. Each file is read once, through one handle and up to a size limit. The bytes that are loaded are
therefore the bytes that were hashed.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tabinterp.errors import ModelError

LARGEST_FILE = 1 << 31
LARGEST_JSON = 1 << 24
BLOCK = 1 << 20


@dataclass(frozen=True)
class Content:
    """The bytes of a file, and its name for use in messages."""

    name: str
    data: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def read(path: Path, limit: int = LARGEST_FILE) -> Content:
    """Read a regular file that the user named. Symbolic links are followed."""
    return Content(str(path), _bytes(path, limit, follow=True))


def read_member(path: Path, limit: int) -> Content:
    """Read a file in an untrusted folder. An error is raised for links, pipes and devices."""
    return Content(str(path), _bytes(path, limit, follow=False))


def _bytes(path: Path, limit: int, *, follow: bool) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not follow:
        if path.is_symlink():
            raise ModelError(
                f"{str(path)!r} is a symbolic link, which a bundle must not contain. Replace the link with a copy of the file"
            )
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        raise ModelError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode) or state.st_size > limit:
        os.close(handle)
        why = (
            f"has {state.st_size:,} bytes; the limit is {limit:,} bytes. Use a smaller model"
            if stat.S_ISREG(state.st_mode)
            else "is a folder, pipe or device, but it must be a regular file. Give the path of a file"
        )
        raise ModelError(f"{str(path)!r} {why}")
    with os.fdopen(handle, "rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise ModelError(
            f"{str(path)!r} grew beyond the limit of {limit:,} bytes while it was being read. Wait until "
            "no other program is writing to the file, and try again"
        )
    return data


def json_object(data: bytes, name: str, limit: int = LARGEST_JSON) -> dict[str, Any]:
    """Parse a JSON object. An error is raised if a key is repeated, the text is too long, or the nesting is too deep."""
    if len(data) > limit:
        raise ModelError(f"{name} has {len(data):,} bytes; the limit for JSON is {limit:,} bytes. Use a smaller model")
    try:
        value = json.loads(data, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        raise ModelError(f"the JSON in {name} is nested too deeply. Save the model again") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise ModelError(f"{name} is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise ModelError(f"{name} must be a JSON object, not a list or a single value")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return made


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not a valid number in JSON")
