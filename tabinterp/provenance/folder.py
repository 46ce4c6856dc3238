"""The folder of an audit, which contains the report, the document, the run record and their digests."""

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
    """Write the folder of an audit. Every file is replaced atomically.

    All new files are written to disk before an existing file is replaced. The digests are written last, in the format that
    `sha256sum -c` reads. Even if the process is killed while files are replaced, the folder never contains files from different
    runs. The report is present only if all other files of the same run are present. The folder therefore contains the old report,
    the new report, or no report.

    An earlier audit in the folder is replaced. Its signature is deleted, because it does not apply to the new files. The saved
    state of an interrupted audit is deleted, because it contains rows. Other files are not changed.

    Parameters
    ----------
    pdf : whether to write the report as a PDF too. If False, the PDF of an earlier audit is deleted.
    lang : language of the report.

    Raises
    ------
    TableError
        If the key for the column digests is in the folder.
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
        for name in AUDIT.ours(folder)[0]:  # files of earlier runs, and their signature
            if name != RESUME:
                contents.setdefault(name, None)
        write_all({folder / name: data for name, data in contents.items()})
        remove_private(folder / RESUME)
    return folder / REPORT


def read_sums(folder: Path) -> dict[str, str]:
    """Read the list of digests in the folder of an audit. Return the SHA-256 digest (hex) of each file by name.

    Raises
    ------
    DocumentError
        If the folder contains no list of digests, or if a line of the list is invalid.
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
            f"the list of digests {str(path)!r} cannot be read ({error}). Specify a folder written by `tabinterp audit`; "
            "every such folder contains this list"
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
    """Return JSON in which characters that could affect a terminal or an editor are escaped."""
    return "".join(one if one == "\n" or one.isprintable() else json.dumps(one)[1:-1] for one in written)


def is_plain(path: Path) -> bool:
    """Return whether a path is a regular file. A link is not a regular file."""
    return path.is_file() and not path.is_symlink()


def file_digest(path: Path) -> str | None:
    """Return the SHA-256 digest (hex) of a file. Return None if the path is not a regular file, for example if it is a folder of
    Parquet files.
    """
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
