"""The secret key for keyed digests of columns, and the file that contains it."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tabinterp.errors import TableError

LINE = re.compile(r"tabinterp digest key 1: ([0-9a-f]{64})\n?")
BYTES = 32


@dataclass(frozen=True)
class DigestKey:
    """A secret key for digests of columns, and the file that contains it."""

    path: Path
    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """16 hex digits that identify the key without revealing it."""
        return self._hmac("the key's id")[:16]

    def column(self, digest: str) -> str:
        """Return the HMAC-SHA256 (hex) of a column's SHA-256 (hex)."""
        return self._hmac(f"column {digest}")

    def table(self, columns: Iterable[str]) -> str:
        """Return the HMAC-SHA256 (hex) of a table, computed from the digests of its columns in order."""
        return self._hmac("\n".join(["table", *columns]))

    def _hmac(self, text: str) -> str:
        return hmac.new(self.secret, text.encode("ascii"), hashlib.sha256).hexdigest()


def read_digest_key(path: str | Path, create: bool = False) -> DigestKey:
    """Read the key in a file. With `create`, the file is created with a random key if it does not exist. Only its owner can read
    the new file.

    Raises
    ------
    TableError
        If the file cannot be read or created, or does not contain a digest key.
    """
    file = Path(path)
    try:
        if create and not os.path.lexists(file):
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write(f"tabinterp digest key 1: {secrets.token_hex(BYTES)}\n")
        if not file.is_file():
            raise TableError(
                f"the digest key cannot be read, because {str(file)!r} does not exist or is not a regular file. Specify the "
                "key file that `tabinterp audit` created"
            )
        with file.open("rb") as stream:
            found = LINE.fullmatch(stream.read(200).decode("ascii", "replace"))
    except OSError as error:
        raise TableError(f"the digest key {str(file)!r} cannot be read or created: {error.strerror}") from None
    if found is None:
        raise TableError(
            f"the file {str(file)!r} does not contain a digest key, which is one line: 'tabinterp digest key 1: ' followed by 64 "
            "hex digits. Specify the key file that `tabinterp audit` created. To let `tabinterp audit` create a new key, specify "
            "a file that does not exist yet"
        )
    return DigestKey(file, bytes.fromhex(found[1]))


def check_outside(key: str | Path, folder: str | Path) -> None:
    """Raise an error if a key file is inside the folder of an audit, because the folder is passed on to other people.

    Raises
    ------
    TableError
        If the key file, or the file to which it links, is in the folder.
    """
    inside = Path(os.path.realpath(folder))
    if any(Path(place).is_relative_to(inside) for place in (os.path.realpath(key), os.path.abspath(key))):
        raise TableError(
            f"the digest key {str(key)!r} is inside the audit's folder {str(folder)!r}, so everyone who receives "
            "the folder would also receive the key. Specify a file outside the folder"
        )
