"""Errors name settings as their reader writes them: options in a command, arguments in Python."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import typer

import tabinterp as ti
from tabinterp.cli import commands as cli
from tabinterp.errors import TableError, argument, speaking_options
from tabinterp.messages import english
from tests.test_architecture import tree

PACKAGE = Path(ti.__file__).parent
CODE = re.compile(r"\b(?:ti|pandas|onnx|table)\.\w+\([^)]*(?:\)|$)")  # a call to be written in Python, or its beginning


def functions() -> Iterator[object]:
    """The public functions, and the methods of the public classes."""
    for name in ti.__all__:
        one = getattr(ti, name)
        yield from (one, *(vars(one).values() if inspect.isclass(one) else ()))


def arguments() -> set[str]:
    return {
        name
        for one in functions()
        if inspect.isfunction(one)
        for name in inspect.signature(one).parameters
        if name.islower()
    } - {"self", "cls"}


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a module, but for docstrings, keys of the catalogue and the sentences of a check."""
    module, left_out = tree(path), set[int]()
    for node in ast.walk(module):
        if isinstance(node, ast.Expr):
            left_out.add(id(node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("why", "argument"):
            left_out |= {id(part) for part in ast.walk(node.args[0])}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text":
            left_out |= {id(part) for part in ast.walk(node)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.lineno, node.value


def test_no_error_spells_a_setting_by_itself():
    names = arguments()
    assert {"positive", "split_at", "kinds", "n_repeats"} <= names
    spelt = re.compile(
        rf"(?<![\w.<&-])(?:(?:{'|'.join(names)})=(?!=)|(?:{'|'.join(n for n in names if '_' in n)})\b(?!=))"
    )
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.stem != "text" and "report" not in path.parts
        for line, text in strings(path)
        if " " in text and "<html" not in text and spelt.search(CODE.sub("", text))
    ]
    assert found == []


def test_reasons_that_a_document_holds_name_no_setting_of_python():
    names = "|".join(arguments())
    held = {key: text for key, text in english().items() if key.startswith(("why.", "not_assessed.", "gate."))}
    assert [key for key, text in held.items() if re.search(rf"(?<![\w<])(?:{names})=(?!=)", text)] == []


@pytest.mark.parametrize("command", ["train", "audit", "verify"])
def test_each_option_stands_for_the_argument_of_that_name(command, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["tabinterp", command])
    options = cli._options()
    assert all(option.startswith("--") for option in options.values())
    known = typer.main.get_command(cli.app).commands[command].params
    assert {*options.values()} == {one for p in known for one in p.opts if len(one) > 2 and one.startswith("--")}
    if command == "verify":
        assert (options["model"], options["query_key"]) == ("--model", "--query-key")
        assert "positive" not in options
    else:
        assert (options["kinds"], options["target"], options["protected"]) == ("--kind", "--target", "--protected")


def test_a_setting_is_spelt_for_who_reads_it():
    frame = pd.DataFrame({"a": [1, 2, 3], "y": ["no", "yes", "maybe"]})

    def error(**asked: object) -> str:
        with pytest.raises(TableError) as raised:
            ti.read_table(frame, target="y", **asked)
        return str(raised.value)

    assert "unknown column in drop=: 'b'" in error(drop=["b"])
    assert "use task='multiclass' without positive=" in error(positive="yes")
    with speaking_options({"positive": "--positive", "drop": "--drop"}):
        assert "unknown column in --drop: 'b'" in error(drop=["b"])
        assert "without --positive" in error(positive="yes")
        assert "unknown column in levels= (in Python): 'b'" in error(levels={"b": [1]})
        assert argument("positive", "very good") == "--positive 'very good'"
    assert "unknown column in drop=: 'b'" in error(drop=["b"])
