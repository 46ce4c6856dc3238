"""The directives `run` and `file`: commands that run while the site is built, shown with what they print, and their files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]


class Run(SphinxDirective):
    """Runs one command of the reader's shell. The commands of a page run in one folder, which holds `datasets/`.

    Options
    -------
    exit : exit code of the command; 0 if it is not given.
    expect : a text that it prints, on which the sentences of the page rely.
    lines : number of lines that are shown; the others are left out, and three dots say so.
    """

    has_content = True
    option_spec: ClassVar = {"exit": int, "expect": str, "lines": int}

    def run(self):
        command = "\n".join(self.content)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder_of(self.env.docname),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != self.options.get("exit", 0) or self.options.get("expect", "") not in done.stdout:
            raise self.error(f"{command!r} ended with {done.returncode} and printed:\n{done.stdout}")
        lines = done.stdout.rstrip().splitlines()
        kept = self.options.get("lines", len(lines))
        return [block("\n".join([f"$ {command}", *lines[:kept], *["..."][: len(lines) - kept]]), "console")]


class File(SphinxDirective):
    """Shows a file, and writes it into the folder of the page's commands."""

    has_content = True
    required_arguments = 1

    def run(self):
        path = folder_of(self.env.docname) / self.arguments[0]
        text = "\n".join(self.content)
        path.write_text(f"{text}\n", encoding="utf-8")
        return [block(text, path.suffix.removeprefix("."), self.arguments[0])]


def setup(app):
    app.add_directive("run", Run)
    app.add_directive("file", File)
    app.connect("build-finished", lambda *_: remove_folders())
    return {"parallel_read_safe": False}


def block(text, language, caption=None):
    """Return a block of code, below the name of a file if one is given."""
    code = nodes.literal_block(text, text, language=language)
    if caption is None:
        return code
    return nodes.container(
        "", nodes.caption(caption, caption), code, literal_block=True, classes=["literal-block-wrapper"]
    )


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
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
