"""The extensions of the documentation, on pages of a few lines."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).resolve().parents[2] / "docs" / "extensions"
SETTINGS = f"""
import sys
sys.path[:0] = [{str(EXTENSIONS)!r}, "."]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "commands", "mathml", "docstrings"]
myst_enable_extensions = ["dollarmath"]
root_doc = "index"
html_theme = "basic"
default_role = "code"
"""


def build(folder, page):
    """Build a site of one page; return the page, and what Sphinx said of errors."""
    (folder / "conf.py").write_text(SETTINGS, encoding="utf-8")
    (folder / "index.md").write_text(f"# Title\n\n{page}\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        str(folder),
        str(folder / "out"),
    ]
    done = subprocess.run(command, capture_output=True, check=False, text=True, cwd=folder)
    path = folder / "out" / "index.html"
    return path.read_text("utf-8") if path.exists() else "", done.stderr


def test_formulas_become_mathml(tmp_path):
    html, said = build(tmp_path, "Inline $x_i^2$.\n\n$$\n\\frac{1}{n} \\sum_i x_i\n$$\n")
    assert said == ""
    assert html.count("<math") == 2
    assert "<mfrac>" in html
    assert "<script" not in html.split("<body")[1].split("Inline")[1].split("</math>")[0]


def test_a_formula_that_cannot_be_drawn_ends_the_build(tmp_path):
    _, said = build(tmp_path, "A $\\nosuchcommand$ formula.")
    assert "nosuchcommand" in said


def test_commands_run_in_one_folder_and_show_what_they_print(tmp_path):
    page = """
```{file} numbers.md
3
1
```

```{run} sort numbers.md
```

```{run}
:exit: 3
:lines: 1

ls datasets/*.csv numbers.md; exit 3
```
"""
    html, said = build(tmp_path, page)
    assert said == ""
    text = re.sub("<[^>]+>", "", html)
    assert "$ sort numbers.md\n1\n3\n" in text
    assert "exit 3\ndatasets/german_credit.csv\n...\n" in text


@pytest.mark.parametrize(
    "block", ["```{run} exit 1\n```", "```{run} true\n:exit: 1\n```", "```{run} echo yes\n:expect: no\n```"]
)
def test_a_command_that_does_something_else_ends_the_build(tmp_path, block):
    _, said = build(tmp_path, block)
    assert "ended with" in said


def test_descriptions_and_types_of_parameters_are_told_apart(tmp_path):
    (tmp_path / "module.py").write_text(
        '''def function(first, second):
    """Return `first`.

    Parameters
    ----------
    first : the rows that are read,
        all of them.
    second : int, optional
        The number of columns.
    """
''',
        encoding="utf-8",
    )
    html, said = build(tmp_path, "```{eval-rst}\n.. autofunction:: module.function\n```")
    assert said == ""
    text = " ".join(re.sub("<[^>]+>", "", html).split())
    assert "first – the rows that are read, all of them." in text
    assert "second (int, optional) – The number of columns." in text
