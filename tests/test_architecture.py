"""Imports point one way, start-up is light, and nothing in the repository tells of the machine it was written on."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import tabinterp as ti

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tabinterp"

# What stands lower is imported by what stands higher, never the other way round; rooms of one layer may not import
# each other, except that a room imports itself.
LAYERS = [
    {"cli", "__main__"},
    {"commands"},
    {"console", "options"},
    {"signing"},
    {"verification"},
    {"attestation"},
    {"resuming"},
    {"auditing", "folder"},
    {"forecast"},
    {"steps", "sweep"},
    {"asked"},
    {"audited"},
    {"consistency"},
    {"assembly", "findings"},
    {"reread"},
    {"report"},
    {"comparison"},
    {"readouts"},
    {"models"},
    {"engine"},
    {"table"},
    {"envelope", "sentence"},
    {"messages"},
    {"digest_key", "interrupt", "layout", "threads"},
    {"errors", "exit_codes", "files"},
]
COMMANDS = {"cli", "__main__", "commands"}
HEAVY = [
    "torch",
    "shap",
    "seaborn",
    "matplotlib",
    "pandas",
    "sklearn",
    "scipy",
    "numpy",
    "statsmodels",
    "skops",
    "typer",
]


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in modules()}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def own(path: Path, node: ast.AST) -> Iterator[str]:
    """Modules of this package that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "tabinterp")
    if not isinstance(node, ast.ImportFrom):
        return
    base = node.module or ""
    if node.level:
        package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
        base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
    if base.split(".")[0] == "tabinterp":
        inner = [f"{base}.{alias.name}" for alias in node.names if f"{base}.{alias.name}" in NAMES]
        yield from inner or [base]
        if any(f"{base}.{alias.name}" not in NAMES for alias in node.names):
            yield base


def room(module: str) -> str:
    return [*module.split("."), ""][1]


def layer(module: str) -> int:
    found = [i for i, rooms in enumerate(LAYERS) if room(module) in rooms]
    assert found, f"{module}: give its room a place in LAYERS"
    return found[0]


def imports(path: Path) -> set[str]:
    return {found for node in ast.walk(tree(path)) for found in own(path, node)}


@pytest.mark.parametrize("module", [name for name in NAMES if name != "tabinterp"])
def test_imports_point_down(module):
    for found in imports(NAMES[module]):
        if found == "tabinterp":  # the public face is for the commands; others may read its version
            allowed = room(module) in COMMANDS or all(
                alias.name == "__version__"
                for node in ast.walk(tree(NAMES[module]))
                if isinstance(node, ast.ImportFrom) and "tabinterp" in own(NAMES[module], node)
                for alias in node.names
                if f"tabinterp.{alias.name}" not in NAMES
            )
            assert allowed, f"{module} imports the package's public face"
        elif room(found) != room(module):
            assert layer(module) < layer(found), f"{module} imports {found}, which stands no lower"


def test_there_is_no_cycle():
    graph = {
        name: {i for i in imports(path) if i in NAMES and i not in (name, "tabinterp")} for name, path in NAMES.items()
    }
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above[above.index(name) :], name])
        if name not in done:
            for found in sorted(graph[name]):
                visit(found, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())
    assert len(done) == len(NAMES)


def functions() -> list[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(path, node) for path in modules() for node in ast.walk(tree(path)) if isinstance(node, kinds)]


def test_no_function_hides_an_import_of_our_own():
    hidden = [
        f"{name_of(path)}.{function.name}: {found}"
        for path, function in functions()
        for node in ast.walk(function)
        for found in own(path, node)
    ]
    assert hidden == []


def test_every_function_is_annotated():
    bare = []
    for path, function in functions():
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        arguments += [a for a in (function.args.vararg, function.args.kwarg) if a is not None]
        missing = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        if missing or function.returns is None:
            bare.append(f"{name_of(path)}.{function.name}: {missing or 'return'}")
    assert bare == []


def test_functions_are_short():
    lengths = sorted(function.end_lineno - function.lineno + 1 for _, function in functions())
    assert lengths[int(0.95 * len(lengths))] < 45


def loaded(code: str) -> set[str]:
    code = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.split())


def test_the_package_starts_light():
    assert loaded("import tabinterp").isdisjoint(HEAVY)


def test_help_starts_light():
    assert loaded("import tabinterp.cli.app").isdisjoint(set(HEAVY) - {"typer"})


def test_a_table_needs_no_torch():
    assert loaded("import tabinterp as ti; ti.read_table").isdisjoint(["torch", "shap", "seaborn", "sklearn"])


def test_every_public_name_resolves():
    assert len(set(ti.__all__)) == len(ti.__all__)
    for name in ti.__all__:
        assert getattr(ti, name) is not None
        assert name in dir(ti)
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        _ = ti.nothing_of_this_name


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_no_file_tells_of_a_machine_or_of_who_wrote_it():
    # put together here, so that this file does not hold what it looks for
    traces = [f"/{name}/" for name in ("work", "root", "home", "Users")]
    traces += ["/".join(["", "tmp", "w", ""]), " ".join(["helper", "agent"]), " ".join(["coding", "agent"])]
    found = [
        f"{path.relative_to(ROOT)}: {trace}"
        for path in tracked()
        if path.is_file()
        for trace in traces
        if trace.encode() in path.read_bytes()
    ]
    assert found == []
