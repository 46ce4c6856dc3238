"""Files appear whole or not at all; and what is written of where rows came from holds no password."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

_STAGED: set[str] = set()  # files that are being written


def write(path: Path, data: bytes) -> None:
    """Replace a file by a whole new one, so that a reader never sees half of it."""
    write_all({path: data})


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Replace several files, in order. None is replaced before all are on the disk: a full one leaves the old files."""
    staged: dict[Path, str] = {}
    try:
        for path, data in contents.items():
            if path.is_dir():
                raise IsADirectoryError(f"{str(path)!r} is a folder; a file is to be written there")
            handle, staged[path] = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            _STAGED.add(staged[path])
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(staged[path], 0o644)
        for path, temporary in staged.items():
            os.replace(temporary, path)
    except BaseException:
        for temporary in staged.values():
            Path(temporary).unlink(missing_ok=True)
        raise
    finally:
        _STAGED.difference_update(staged.values())


def discard() -> None:
    """Take away what is half written, before a process ends itself."""
    for temporary in [*_STAGED]:
        Path(temporary).unlink(missing_ok=True)


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
