"""The directive `run`: runs commands in a terminal while the site is built, and shows them with what they print."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
FAILS = "# fails with "


class Run(SphinxDirective):
    """Each line is a command of the reader's shell. The commands of a page run in one folder, which holds `datasets/`.

    A line that ends in `# fails with N` is shown without this comment; it must end with exit code N, and all others with 0.
    """

    has_content = True

    def run(self):
        blocks = []
        for line in "\n".join(self.content).replace("\\\n", "\\\0").split("\n"):
            command, _, code = line.replace("\\\0", "\\\n").partition(FAILS)
            command = command.strip()
            printed = run(folder_of(self.env.docname), command, int(code or 0), self.env.docname)
            shown = "\n".join([f"$ {command}", printed]).rstrip()
            block = nodes.literal_block(shown, shown)
            block["language"] = "console"
            blocks.append(block)
        return blocks


def setup(app):
    app.add_directive("run", Run)
    app.connect("build-finished", lambda *_: remove_folders())
    return {"parallel_read_safe": False}


FOLDERS: dict[str, Path] = {}


def folder_of(page):
    """Return the folder in which the commands of a page run."""
    if page not in FOLDERS:
        FOLDERS[page] = Path(tempfile.mkdtemp())
        (FOLDERS[page] / "datasets").symlink_to(ROOT / "datasets")
    return FOLDERS[page]


def remove_folders():
    for folder in FOLDERS.values():
        shutil.rmtree(folder)
    FOLDERS.clear()


@cache
def environment():
    """Return a terminal of 100 columns without colours, in which `tabinterp` is this repository's."""
    binaries = Path(sys.executable).parent
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}


def run(folder, command, code, page):
    """Return what a command prints; one that ends with another exit code ends the build."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != code:
        raise ExtensionError(f"{page}: {command!r} ended with {done.returncode}, not {code}:\n{done.stdout}")
    return done.stdout.rstrip()
