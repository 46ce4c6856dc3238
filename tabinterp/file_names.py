"""Names of the files in the folder of an audit and in a bundle, and functions that detect other files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from .atomic_io import RESUME

# ---- the folder of an audit

REPORT, DOCUMENT, RUN, SUMS = "report.html", "audit.json", "run.json", "SHA256SUMS"
PRINTED = "report.pdf"  # written on request
LISTED = (REPORT, DOCUMENT, RUN, PRINTED)
ATTESTATION = "attestation.dsse.json"  # written by `sign`
KNOWN = frozenset((*LISTED, SUMS, ATTESTATION))  # nothing else belongs in the folder of an audit

# ---- a bundle

HEADER, WEIGHTS, ENCODER = "model.json", "model.safetensors", "encoder.skops"
MEMBERS = (HEADER, WEIGHTS, ENCODER)
COUNTERPART = "counterpart/"
OTHERS, NULL = "seeds/", "null-of-shuffled-labels/"


@dataclass(frozen=True)
class Layout:
    """The output of a command in a folder: its name in messages, and a pattern for the paths of its files. Paths of folders end
    with a slash.
    """

    what: str
    paths: re.Pattern[str]

    def ours(self, folder: Path) -> tuple[list[str], list[str]]:
        """Return two lists of the paths in a folder: those that tabinterp may have written, and all others.

        Paths are recognised by their names. Links are not followed, and folders whose names are not recognised are not opened.
        The folder with the saved state of an interrupted audit is listed as one path; the code that reads this state checks its
        contents.
        """
        return self._sorted(folder, "")

    def _sorted(self, folder: Path, inside: str) -> tuple[list[str], list[str]]:
        ours: list[str] = []
        others: list[str] = []
        for entry in sorted(os.scandir(folder), key=lambda one: one.name):
            path = inside + entry.name
            if entry.is_dir(follow_symlinks=False) and self.paths.fullmatch(f"{path}/"):
                for some, more in zip((ours, others), self._sorted(Path(entry.path), f"{path}/"), strict=True):
                    some.extend(more)
            elif self.paths.fullmatch(path) and (path == RESUME or entry.is_file(follow_symlinks=False)):
                ours.append(path)
            else:
                others.append(path)
        return ours, others


def _files(names: tuple[str, ...]) -> str:
    """Return a pattern for files with these names, and for the temporary files that remain if the process is killed while it
    writes them.
    """
    one = "|".join(map(re.escape, names))
    return rf"(?:(?:{one})|\.(?:{one}|probe)\.(?:[0-9a-f]{{16}}|\d+\.old))"


AUDIT = Layout("an audit", re.compile(rf"{_files(tuple(sorted(KNOWN)))}|{re.escape(RESUME)}"))
BUNDLE = Layout(
    "a bundle",
    re.compile(
        rf"(?:{COUNTERPART}|{OTHERS}\d+/|{NULL})?{_files(MEMBERS)}|{COUNTERPART}|{OTHERS}(?:\d+/)?|{NULL}",
    ),
)
