"""Functions that read and write files safely and lock an output folder."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_ident

try:
    import fcntl
except ImportError:  # Windows does not have these locks
    fcntl = None  # type: ignore[assignment]

LARGEST = 1 << 30  # size limit, in bytes, of a file that is read at once
LARGEST_TEXT = 1 << 24  # size limit, in bytes, of a file written by a person: a policy, a card, a key
BLOCK = 1 << 20  # bytes per read
PRIVATE, PRIVATE_FOLDER = 0o600, 0o700  # modes of a file and a folder that only the owner may read
RESUME = ".tabinterp-resume"  # folder, in an output folder, with the saved state of an interrupted audit; contains rows

_STAGED: set[str] = set()  # temporary files that are being written
_LOCKED: dict[tuple[int, int], int] = {}  # device and inode of a locked folder -> the thread that locked it


def read_regular(path: Path, limit: int = LARGEST) -> bytes:
    """Return the contents of a regular file. Links are followed.

    Parameters
    ----------
    path : the file to read. A pipe or a device raises an error immediately, without waiting for its output.
    limit : maximum size in bytes.

    Raises
    ------
    OSError
        The file cannot be opened, is not a regular file, or is larger than `limit`.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "The input must be a regular file, not a pipe, device or socket", str(path))
        data = bytearray()
        while block := os.read(handle, BLOCK):
            data += block
            if len(data) > limit:
                raise OSError(errno.EFBIG, f"The file is too large; the limit is {limit:,} bytes", str(path))
        return bytes(data)
    finally:
        os.close(handle)


@contextmanager
def output_folder(path: Path) -> Iterator[None]:
    """Create an output folder, lock it for the duration of a `with` block, and check that it is writable.

    The lock is released when the block or the process ends. If this function created the folder and the folder is still empty at
    the end of the block, it is removed.

    Raises
    ------
    OSError
        The folder cannot be created or written to, or another process or thread has locked it.
    """
    created = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    try:
        with _lock(path):
            probe = _stage(path / "probe", b"\0")
            probe.unlink()
            _STAGED.discard(str(probe))
            yield
    finally:
        if created:
            with suppress(OSError):  # it contains files
                path.rmdir()


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Lock a folder exclusively for the duration of a `with` block. The folder itself is locked, so no lock file can be left
    behind.
    """
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        state = os.fstat(handle)
        inode = state.st_dev, state.st_ino
        if _LOCKED.get(inode) == get_ident():  # by a caller of this function
            yield
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(
                errno.EWOULDBLOCK,
                "Another audit or training run is writing to this folder. Wait for that run to finish, or choose another "
                "folder",
                str(folder),
            ) from None
        except OSError:  # some network file systems cannot lock folders
            yield
            return
        _LOCKED[inode] = get_ident()
        try:
            yield
        finally:
            del _LOCKED[inode]
    finally:
        os.close(handle)


def make_private(folder: Path) -> None:
    """Create a folder that only its owner can open, or restrict an existing folder to its owner.

    Raises
    ------
    OSError
        The folder cannot be created, or it exists and `check_private` raises an error.
    """
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True)
    except FileExistsError:
        check_private(folder)
        folder.chmod(PRIVATE_FOLDER)


def check_private(folder: Path) -> None:
    """Raise an error if a folder is a link, belongs to another user, or contains a link or a pipe.

    Raises
    ------
    OSError
        The folder cannot be used. The error contains its path.
    """
    for path in (folder, *folder.rglob("*")) if folder.is_dir() and not folder.is_symlink() else (folder,):
        state = path.lstat()
        if stat.S_ISLNK(state.st_mode):
            raise OSError(
                errno.ELOOP,
                "Rows of the table would be saved at this path, so it must not be a link. Delete the link",
                str(path),
            )
        if not (stat.S_ISDIR(state.st_mode) or (path != folder and stat.S_ISREG(state.st_mode))):
            raise OSError(
                errno.EINVAL,
                "Rows of the table would be saved at this path, but it is a file, pipe or device that tabinterp did not "
                "create. Choose another output folder, or delete the path",
                str(path),
            )
        if hasattr(os, "geteuid") and state.st_uid != os.geteuid():
            raise PermissionError(
                errno.EPERM,
                "Rows of the table would be saved at this path, but it belongs to another user. Choose another output folder, "
                "or delete the path",
                str(path),
            )


def remove_private(folder: Path) -> bool:
    """Delete a folder that `make_private` created, with its contents. Return whether the folder existed.

    Raises
    ------
    OSError
        The folder is a link, or cannot be deleted.
    """
    try:
        folder.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if folder.is_symlink() or not folder.is_dir():
        check_private(folder)
    shutil.rmtree(folder)
    return True


def write(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write or replace a file atomically. Other programs never see a partial file. The umask is applied to `mode`.

    Raises
    ------
    OSError
        The file cannot be written, or the path is a folder, a device, a pipe, a socket or a link.
    """
    if path.is_symlink():  # such as /dev/stdout, which other programs use too
        raise OSError(
            errno.ELOOP,
            "The output file is a link, and tabinterp does not replace links. Choose another output file",
            str(path),
        )
    staged = _stage(path, data, mode)
    try:
        os.replace(staged, path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    finally:
        _STAGED.discard(str(staged))


def write_all(contents: Mapping[Path, bytes | None]) -> None:
    """Replace a set of files together. A file is deleted if its content is None.

    All new files are first written to disk under temporary names. If the disk is full, the old files therefore stay unchanged.
    Then the old files are moved aside in the given order, and the new files are given their final names in reverse order. Even if
    the process is killed, old and new files are never mixed. The first file of `contents` exists only if all the others exist.
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


def _stage(path: Path, data: bytes, mode: int = 0o666) -> Path:
    """Write the data to disk under a temporary name in the same folder, and return the path of the temporary file."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(
            errno.EINVAL,
            "The output must be a regular file, not a device, pipe or socket",
            str(path),
        )
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder, but the output must be a file. Give the name of a file")
    staged = path.with_name(f".{path.name[:200]}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    _STAGED.add(str(staged))
    try:
        with os.fdopen(os.open(staged, flags, mode), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException as error:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
        _STAGED.discard(str(staged))
        if isinstance(error, OSError):  # give the path of the output: the error of a full disk names no file
            raise type(error)(error.errno, error.strerror, str(path)) from None
        raise
    return staged


def discard() -> None:
    """Delete all temporary files of unfinished writes. This function is called before the process ends."""
    for name in [*_STAGED]:
        Path(name).unlink(missing_ok=True)
