"""Digests of what columns hold, whatever file they came in and however many batches it took.

A plain SHA-256 of a column lets whoever knows all of its values but one try candidates for that one until the digest fits. What
is written into a document is therefore an HMAC-SHA256 of it, under a key that stands in a file of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import TableError

KEY_LINE = re.compile(r"tabinterp digest key 1: ([0-9a-f]{64})\n?")
KEY_BYTES = 32
MIDNIGHT = re.compile(r"^(\d{4}-\d\d-\d\d)[ T]00:00:00(?:\.0+)?$")


def column_digests(frame: pd.DataFrame) -> dict[str, str]:
    """Column -> SHA-256 (hex) of its name and its values in order; a number is its double, anything else its text.

    The text of a date is ISO 8601; midnight is left out of it, since not every format writes it.
    """
    digests = start(frame)
    update(digests, frame)
    return finish(digests)


def start(frame: pd.DataFrame, digest: Callable[[bytes], Any] = hashlib.sha256) -> dict[str, Any]:
    """Column -> a digest of its name and type; of `frame` nothing else is looked at."""
    return {str(name): digest(_named(str(name), _is_number(frame[name]))) for name in frame.columns}


def update(digests: dict[str, Any], frame: pd.DataFrame) -> None:
    """These rows, which come after those before."""
    for name, digest in digests.items():
        digest.update(_bytes(frame[name]))


def finish(digests: dict[str, Any]) -> dict[str, str]:
    return {name: digest.hexdigest() for name, digest in digests.items()}


@dataclass(frozen=True)
class DigestKey:
    """A secret under which digests of columns are written, and the file that it stands in."""

    path: Path
    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """16 hex digits that tell one key from another, and nothing about the secret."""
        return self._hmac("the key's id")[:16]

    def column(self, digest: str) -> str:
        """HMAC-SHA256 (hex) of the SHA-256 (hex) of a column."""
        return self._hmac(f"column {digest}")

    def table(self, columns: Iterable[str]) -> str:
        """HMAC-SHA256 (hex) of the columns' digests in order."""
        return self._hmac("\n".join(["table", *columns]))

    def _hmac(self, text: str) -> str:
        return hmac.new(self.secret, text.encode("ascii"), hashlib.sha256).hexdigest()


def read_digest_key(path: str | Path, create: bool = False) -> DigestKey:
    """The key in a file, which `create` makes where there is none: random, readable by its owner alone.

    Raises
    ------
    TableError : the file cannot be read or made, or holds no such key.
    """
    file = Path(path)
    try:
        if create and not os.path.lexists(file):
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write(f"tabinterp digest key 1: {secrets.token_hex(KEY_BYTES)}\n")
        if not file.is_file():
            raise TableError(f"the digest key {str(file)!r} is not a file: name the file that `tabinterp audit` made")
        with file.open("rb") as stream:
            found = KEY_LINE.fullmatch(stream.read(200).decode("ascii", "replace"))
    except OSError as error:
        raise TableError(f"the digest key {str(file)!r} cannot be read or made: {error.strerror}") from None
    if found is None:
        raise TableError(
            f"{str(file)!r} holds no digest key: one line, 'tabinterp digest key 1: ' and 64 hex digits. Name another file, or "
            f"one that does not exist yet: it is made"
        )
    return DigestKey(file, bytes.fromhex(found[1]))


def check_outside(key: str | Path, folder: str | Path) -> None:
    """Refuse a key inside the folder of an audit, which is passed on.

    Raises
    ------
    TableError : the key, or what it links to, lies in the folder.
    """
    inside = Path(os.path.realpath(folder))
    if any(Path(place).is_relative_to(inside) for place in (os.path.realpath(key), os.path.abspath(key))):
        raise TableError(
            f"the digest key {str(key)!r} lies in the audit's own folder {str(folder)!r}, and whoever is given the folder would "
            f"have the key: name a file elsewhere"
        )


def _named(name: str, numeric: bool) -> bytes:
    return f"{len(name)} {name} {'number' if numeric else 'text'}\n".encode("utf-8", "surrogatepass")


def _is_number(values: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values.dtype))


def _bytes(values: pd.Series) -> bytes:
    if _is_number(values):
        return bytes((values.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0).tobytes())
    codes, levels = pd.factorize(values.astype(object).map(str, na_action="ignore"))
    known = (MIDNIGHT.sub(r"\1", text) for text in levels)
    texts = np.array(
        [*(f"{len(text)} {text}\n" for text in known), "-1 \n"], dtype=object
    )  # the last: missing, code -1
    return "".join(texts[codes]).encode("utf-8", "surrogatepass")
