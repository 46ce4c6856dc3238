"""Files appear whole or not at all; and what is written of where rows came from holds no password."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Replace a file by a whole new one, so that a reader never sees half of it."""
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder; a file is to be written there")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def hidden(source: str) -> str:
    """A URL without its password.

    >>> hidden("postgresql://ann:secret@bank/loans"), hidden("loans.csv")
    ('postgresql://ann@bank/loans', 'loans.csv')
    """
    if "://" not in source:
        return source
    scheme, rest = source.split("://", 1)
    user, at, host = rest.rpartition("@")
    return f"{scheme}://{user.split(':', 1)[0]}{at}{host}"
