"""Files appear whole or not at all; and what is written of where rows came from holds no password."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

_STAGED: set[str] = set()  # files that are being written


def write(path: Path, data: bytes) -> None:
    """Replace a file by a whole new one, so that a reader never sees half of it."""
    staged = _stage(path, data)
    try:
        os.replace(staged, path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    finally:
        _STAGED.discard(str(staged))


def write_all(contents: Mapping[Path, bytes | None]) -> None:
    """Replace files that belong together; None: there is to be no such file.

    None is touched before all are on the disk, so that a full one leaves the old files. Then the old ones are set aside in the
    order given and the new ones put in place in the reverse order: whenever a run is killed, what is there is of one run, and
    the first file is there only when all are.
    """
    staged: dict[Path, Path] = {}
    aside: dict[Path, Path] = {}
    try:
        for path, data in contents.items():
            if data is not None:
                staged[path] = _stage(path, data)
        for path in contents:
            if path.is_file():
                aside[path] = path.with_name(f".{path.name}.{os.getpid()}.old")
                os.replace(path, aside[path])
        for path in reversed(staged):
            os.replace(staged[path], path)
    except BaseException:
        for path, old in aside.items():
            if old.exists():
                os.replace(old, path)
        for path, new in staged.items():
            if path not in aside and not new.exists():
                path.unlink(missing_ok=True)
            new.unlink(missing_ok=True)
        raise
    finally:
        _STAGED.difference_update(map(str, staged.values()))
    for old in aside.values():
        old.unlink(missing_ok=True)


def _stage(path: Path, data: bytes) -> Path:
    """The data on the disk beside its place, under a name of its own."""
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder; a file is to be written there")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    _STAGED.add(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def discard() -> None:
    """Take away what is half written, before a process ends itself."""
    for name in [*_STAGED]:
        Path(name).unlink(missing_ok=True)


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
