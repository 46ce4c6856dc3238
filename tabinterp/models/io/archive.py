"""Reading of untrusted zip archives. Names, links, sizes and compression ratios are checked before a member is read."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass

from tabinterp.errors import ModelError, UnsafeFileError

from .reading import LARGEST_FILE, Content

MOST_MEMBERS = 20_000
RATIO = 100  # maximum growth of a member that is large enough to do harm
SMALL = 1 << 20
END = b"PK\x05\x06"  # first bytes of the last record of an archive without a comment
FIXED = (1980, 1, 1, 0, 0, 0)  # fixed date, so that the same members give the same bytes


@dataclass(frozen=True)
class Archive:
    """A zip archive whose entries have been checked."""

    name: str
    file: zipfile.ZipFile
    sizes: dict[str, int]

    def read(self, member: str, limit: int = LARGEST_FILE) -> bytes:
        if member not in self.sizes:
            raise ModelError(f"the archive {self.name!r} has no member {member!r}. Save the model again")
        if self.sizes[member] > limit:
            raise ModelError(
                f"{self.name!r}: the member {member!r} has {self.sizes[member]:,} bytes; the limit is {limit:,} bytes. Use "
                "a smaller model"
            )
        try:
            return self.file.read(member)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error) as error:
            raise ModelError(
                f"{self.name!r}: the member {member!r} is damaged ({error}). Copy the file again, or save the model again"
            ) from None
        except NotImplementedError as error:
            raise ModelError(
                f"{self.name!r}: the member {member!r} cannot be read ({error}). Save the model again"
            ) from None

    def rewritten(self) -> bytes:
        """Return the checked members as the bytes of a new archive. Unlike an untrusted archive, the new archive has the same
        members for every program that opens it.
        """
        return pack({member: self.read(member) for member in self.sizes})


def open_archive(content: Content) -> Archive:
    """Open a zip archive, and check every entry.

    Raises
    ------
    UnsafeFileError
        A member has a path that leads outside the archive, or the archive contains links, encrypted members, duplicate names, or
        a zip bomb.
    ModelError
        The archive is damaged or too large.
    """
    try:
        file = zipfile.ZipFile(io.BytesIO(content.data))
        entries = file.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error, EOFError) as error:
        raise ModelError(
            f"{content.name!r} is a damaged or truncated zip archive ({error}). Copy the file again, or save the model again"
        ) from None
    if content.data[-22:-18] != END or min((e.header_offset for e in entries), default=file.start_dir) != 0:
        raise ModelError(
            f"{content.name!r} is not a valid zip archive: the file contains extra data before the start or after the end of the "
            "archive. Copy the file again, or save the model again"
        )
    if len(entries) > MOST_MEMBERS:
        raise ModelError(
            f"the archive {content.name!r} has {len(entries):,} members; the limit is {MOST_MEMBERS:,}. Use a smaller model"
        )
    for entry in entries:
        _check(entry, content.name)
    total = sum(entry.file_size for entry in entries)
    if total > LARGEST_FILE:
        raise UnsafeFileError(
            f"the archive {content.name!r} unpacks to {total:,} bytes; the limit is {LARGEST_FILE:,} bytes. Use a smaller model"
        )
    sizes = {entry.filename: entry.file_size for entry in entries}
    if len(sizes) != len(entries):
        raise UnsafeFileError(
            f"{content.name!r} contains two members with the same name, so its content is ambiguous. Save the model again"
        )
    return Archive(content.name, file, sizes)


def _check(entry: zipfile.ZipInfo, name: str) -> None:
    this_member = f"{name!r}: the member {entry.orig_filename!r}"
    parts = re.split(r"[/\\]", entry.orig_filename)
    if ".." in parts or parts[0] == "" or ":" in parts[0] or "\\" in entry.orig_filename or "\0" in entry.orig_filename:
        raise UnsafeFileError(f"{this_member} has a path that leads outside the archive. Save the model again")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.is_dir() or kind not in (0, stat.S_IFREG):
        raise UnsafeFileError(
            f"{this_member} is a link, a folder or a device; only regular files are allowed. Save the model again"
        )
    if entry.flag_bits & 0x1:
        raise UnsafeFileError(f"{this_member} is encrypted. Save the archive without a password")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ModelError(f"{this_member} uses an unsupported compression method. Compress the archive with deflate")
    if entry.file_size > SMALL and entry.file_size > RATIO * max(entry.compress_size, 1):
        raise UnsafeFileError(
            f"{this_member} would grow from {entry.compress_size:,} to {entry.file_size:,} bytes when unpacked. Growth by more "
            f"than a factor of {RATIO} may be an attack and is not allowed. Save the archive without compression"
        )


def pack(members: dict[str, bytes]) -> bytes:
    """Return the bytes of an uncompressed archive with these members. The same members always give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, FIXED)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, data)
    return buffer.getvalue()
