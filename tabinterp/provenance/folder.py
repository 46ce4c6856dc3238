"""The folder of an audit: report, document, run record, and the digests of all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tabinterp.atomic_io import RESUME, output_folder, read_regular, remove_private, write_all
from tabinterp.auditing.result import Audit
from tabinterp.errors import DocumentError
from tabinterp.file_names import AUDIT, DOCUMENT, LISTED, PRINTED, REPORT, RUN, SUMS
from tabinterp.messages.language import SOURCE

from .digest_key import check_outside


def write_folder(audit: Audit, folder: Path, run: Mapping[str, Any], pdf: bool = False, lang: str = SOURCE) -> Path:
    """Write the folder of an audit, with its report in language `lang`; every file is replaced atomically.

    The digests come last, in the form that `sha256sum -c` reads.

    No file is touched before all are on the disk. A run that is killed while it replaces them leaves the files of one run and
    the report only where all others are: the old report, the new one, or none.

    An audit that was in the folder is replaced, with its signature, which is of the replaced files. What an audit that was
    stopped had kept there is deleted: it holds rows. Other files stay as they are.

    `pdf`: with the report as a PDF beside it; without, one of an earlier audit is taken away.

    Raises
    ------
    TableError : the key of the columns' digests lies in the folder.
    """
    if "digest_key" in audit.run:
        check_outside(audit.run["digest_key"], folder)
    contents: dict[str, bytes | None] = {
        REPORT: audit.to_html(lang=lang).encode("utf-8"),
        PRINTED: audit.to_pdf(lang=lang) if pdf else None,
        DOCUMENT: audit.to_json(),
        RUN: _readable(json.dumps(run, indent=1, ensure_ascii=False) + "\n").encode("utf-8"),
    }
    digests = sorted((name, hashlib.sha256(data).hexdigest()) for name, data in contents.items() if data is not None)
    contents[SUMS] = "".join(f"{digest}  {name}\n" for name, digest in digests).encode("ascii")
    with output_folder(folder):
        for name in AUDIT.ours(folder)[0]:  # what is left of other runs, and a signature of these
            if name != RESUME:
                contents.setdefault(name, None)
        write_all({folder / name: data for name, data in contents.items()})
        remove_private(folder / RESUME)
    return folder / REPORT


def read_sums(folder: Path) -> dict[str, str]:
    """Return file name -> SHA-256 (hex) from the folder's own list.

    Raises
    ------
    DocumentError : there is no such list, or a line of it is none.
    """
    path = folder / SUMS
    if path.exists() and not is_plain(path):
        raise DocumentError(
            f"the list of digests {str(path)!r} is not a regular file. Restore the file that `tabinterp audit` wrote"
        )
    try:
        lines = read_regular(path).decode("utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(
            f"the list of digests {str(path)!r} cannot be read ({error}). Name a folder that `tabinterp audit` wrote; every "
            "such folder contains this list"
        ) from None
    found = {}
    for number, line in enumerate(lines, 1):
        digest, two, name = line.partition("  ")
        if not two or len(digest) != 64 or name not in LISTED:
            raise DocumentError(
                f"line {number} of {str(path)!r} is invalid: {line!r}. Each line must consist of a SHA-256 digest, two "
                f"spaces, and one of the file names {', '.join(LISTED)}"
            )
        if name in found:
            raise DocumentError(
                f"line {number} of {str(path)!r} lists {name} a second time. Each file must be listed only once"
            )
        found[name] = digest
    return found


def _readable(written: str) -> str:
    """JSON in which every character that a terminal or an editor would act on is escaped; it is read as the same values."""
    return "".join(one if one == "\n" or one.isprintable() else json.dumps(one)[1:-1] for one in written)


def is_plain(path: Path) -> bool:
    """Return whether a path is a regular file and not a link."""
    return path.is_file() and not path.is_symlink()


def file_digest(path: Path) -> str | None:
    """Return the SHA-256 (hex) of a file; None if it is not a regular file, such as a folder of Parquet files."""
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
