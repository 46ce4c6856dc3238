"""The extensions of the documentation, on pages of a few lines."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def with_all_they_need(requirements):
    """Names of the installed packages that these requirements bring, with what these require in turn."""
    found, left = set(), [(Requirement(one), "") for one in requirements]
    while left:
        one, extra = left.pop()
        name = canonicalize_name(one.name)
        if (one.marker is None or one.marker.evaluate({"extra": extra})) and (name, *one.extras) not in found:
            found.add((name, *one.extras))
            try:
                further = requires(name) or []
            except PackageNotFoundError:
                continue
            left += [(Requirement(text), own) for text in further for own in ("", *one.extras)]
    return {name for name, *_ in found}


def test_the_docs_extra_brings_every_package_that_the_documentation_imports():
    project = tomllib.loads((EXTENSIONS.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    installed = with_all_they_need([*project["dependencies"], *project["optional-dependencies"]["docs"]])
    packages = packages_distributions()
    known = {*sys.stdlib_module_names, "tabinterp", *(path.stem for path in EXTENSIONS.glob("*.py"))}
    missing = set()
    for path in (*EXTENSIONS.glob("*.py"), EXTENSIONS.parent / "conf.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            missing |= {
                (path.name, top)
                for top in (name.split(".")[0] for name in names)
                if top not in known and not installed & {canonicalize_name(one) for one in packages.get(top, [])}
            }
    assert missing == set()


def test_descriptions_in_the_index_of_names_are_whole_sentences(monkeypatch):
    monkeypatch.syspath_prepend(EXTENSIONS)
    from generated_pages import api  # noqa: PLC0415

    described = re.findall(r"(?m)^     - (.+)", api()["api/index.rst"])
    assert [one for one in described if not one.endswith(".") or one.count("(") != one.count(")")] == []
    assert "Compute effect curves of the given columns (default: all) on all rows of `table`." in described
