"""A check is one module: it is in the list once, its file is named after its slug, and its function and its sentences agree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from string import Formatter

import pytest

from tabinterp import checks, messages
from tabinterp.checks import CHECKS
from tabinterp.checks.base import ASPECTS, Check
from tabinterp.checks.manual import manual
from tests.report.anchors import sections

FOLDER = Path(checks.__file__).parent
MODULES = {path.stem: import_module(f"tabinterp.checks.{path.stem}") for path in sorted(FOLDER.glob("[!_]*.py"))}
OUTCOMES = {  # functions of base.py that make an outcome: its key, if no other is given
    "raised": {"raised"}, "cleared": {"cleared"}, "raised_if": {"raised", "cleared"}, "not_applicable": {"not_applicable"},
}  # fmt: skip
KEY = re.compile(r"(raised|cleared|unclear|not_applicable|withheld)(_\w+)?|few|task|rate|swapped")
by_slug = pytest.mark.parametrize("check", CHECKS, ids=[check.slug for check in CHECKS])


SHARED = "tabinterp.checks.shared."


def home_of(node: ast.ImportFrom, module: str) -> str | None:
    """The module of this package that a statement imports names from; None for `base`, `power` and all that lies outside."""
    name = node.module or ""
    if name.startswith(SHARED):
        name = f"shared/{name.removeprefix(SHARED)}"
    elif node.level == 1:
        name = f"shared/{name}" if module.startswith("shared/") else name
    else:
        return None
    return None if name in ("base", "shared/power") else name


@cache
def definitions(module: str) -> dict[str, tuple[str, ast.stmt]]:
    """Names of a module -> the module of this package and the statement that define them."""
    found: dict[str, tuple[str, ast.stmt]] = {}
    for node in ast.parse((FOLDER / f"{module}.py").read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = (module, node)
        elif isinstance(node, ast.Assign):
            names = [name for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            found |= {name.id: (module, node) for name in names}
        elif isinstance(node, ast.ImportFrom) and (home := home_of(node, module)) is not None:
            found |= {alias.name: definitions(home)[alias.name] for alias in node.names}
    return found


def reachable(module: str, name: str, seen: set[str]) -> Iterator[ast.stmt]:
    """The statements of this package that a function uses, its own first."""
    home, node = definitions(module)[name]
    if f"{home}.{name}" in seen:
        return
    seen.add(f"{home}.{name}")
    yield node
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and one.id in definitions(home):
            yield from reachable(home, one.id, seen)


def outcomes(check: Check) -> set[str]:
    """Keys of the outcomes that the function of a check can return."""
    keys: set[str] = set()
    for statement in reachable(check.slug.replace("-", "_"), "evaluate", set()):
        other = set[int]()  # constants that are a status, part of a comparison, or a docstring
        for node in ast.walk(statement):
            if isinstance(node, ast.Compare):
                other |= {id(part) for part in ast.walk(node)}
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id == "Outcome":
                    other |= {id(part) for part in ast.walk(node.args[0])}
                elif node.func.id in OUTCOMES and not (node.func.id == "not_applicable" and node.args):
                    keys |= OUTCOMES[node.func.id]
        keys |= {
            node.value
            for node in ast.walk(statement)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in other
            if KEY.fullmatch(node.value)
        }
    return keys


def test_each_module_with_a_check_is_in_the_list_once_and_named_after_its_slug():
    with_check = {name: module.CHECK for name, module in MODULES.items() if hasattr(module, "CHECK")}
    assert len(with_check) == len(CHECKS) == len({check.code for check in CHECKS})
    assert {id(check) for check in with_check.values()} == {id(check) for check in CHECKS}
    assert {name: check.slug.replace("-", "_") for name, check in with_check.items()} == {n: n for n in with_check}


@by_slug
def test_every_aspect_is_there_and_shows_only_limits_and_constants_of_the_check(check):
    known = check.default_limits | dict(check.constants)
    assert check.section in sections()
    assert (MODULES[check.slug.replace("-", "_")].__doc__ or "").strip()
    for aspect in ASPECTS:
        assert messages.text(f"check.{check.slug}.{aspect}", known).strip()
    shown = {name for _, name, _, _ in Formatter().parse(messages.english()[f"check.{check.slug}.threshold"]) if name}
    assert set(check.constants) <= shown <= set(known)


@by_slug
def test_each_outcome_has_a_sentence_and_each_sentence_an_outcome(check):
    assert outcomes(check) == set(check.text.claims)


def test_no_key_of_the_catalogue_has_two_sentences():
    keys = [key for check in CHECKS for key in check.sentences]
    keys += [key for module in messages.text_modules() for key in module.TEXT]
    assert sorted(keys) == sorted(messages.sentences())  # samples of pages add to english()


def test_notes_for_translators_name_placeholders_of_their_sentence():
    for key, (sentence, note) in messages.sentences().items():
        shown = {name for _, name, _, _ in Formatter().parse(sentence) if name}
        named = {name for part in note.split("; ") if ": " in part for name in part.split(":")[0].split(", ")}
        assert named <= shown, key


def test_the_page_of_checks_in_the_docs_is_what_the_modules_say():
    page = Path(__file__).parents[2] / "docs" / "checks.md"
    assert page.read_text(encoding="utf-8") == manual()
    assert all(f"`{check.slug}`" in manual() for check in CHECKS)
