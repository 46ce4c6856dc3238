"""Imports point one way, start-up is light, and nothing in the repository tells of the machine it was written on."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import tabinterp as ti

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tabinterp"

# From top to bottom: a module imports what is in a lower layer, or in its own room. The longest name that fits decides which room
# a module is in. In a package of `analyses`, sections stand above estimators, and these above records, which load no heavy
# library. Imports for type checkers alone do not count: a record names the types of the results that it is made of.
TOOLKIT = {
    "report.blocks",
    "report.comparison",
    "report.figures",
    "report.svg",
    "report.tables",
    "report.ticks",
    "report.training_gaps",
    "report.words",
}
LAYERS = [
    {"__main__", "mlflow_evaluator", "pytest_plugin"},
    {"cli"},
    {"provenance"},
    {"auditing.checkpoints"},
    {"provenance.folder"},
    {"auditing"},
    {"checks"},
    {"report"},
    {"analyses section"},
    TOOLKIT,
    {"document"},
    {"analyses"},
    {"analyses record"},
    {"network"},
    {"linear"},
    {"network.encoder"},
    {"models"},
    {"table"},
    {"stats"},
    {"document.rows_of_analyses"},
    {"document.base"},
    {"document.message"},
    {"preview"},
    {"messages"},
    {"auditing.signals", "file_names", "frames", "provenance.digest_key", "provenance.envelope", "threads"},
    {"arrays", "atomic_io", "errors", "exit_codes", "field_errors", "secret_masking", "text"},
]
SECTION_MODULES, RECORD_MODULES = (
    {"section", "figure", "panels", "first_layer_section"},
    {"base", "record", "record_values", "group_names", "shown_values", "term_rows"},
)
COMMANDS = {"cli", "__main__", "pytest_plugin"}
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
    """The longest beginning of a module's name that has a place in `LAYERS`."""
    parts = module.split(".")[1:]
    if parts[0] == "analyses" and parts[-1] in SECTION_MODULES:
        return "analyses section"
    if parts[0] == "analyses" and (parts[-1] in RECORD_MODULES or parts[1:] == ["agreement", "estimator"]):
        return "analyses record"
    if parts[0] == "analyses" and len(parts) <= 2 and NAMES[module].name == "__init__.py":
        return "analyses record"  # a package itself only says what its analysis is, and `analyses` lists them
    beginnings = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
    return next((name for name in beginnings if any(name in rooms for rooms in LAYERS)), parts[0])


def layer(module: str) -> int:
    found = [i for i, rooms in enumerate(LAYERS) if room(module) in rooms]
    assert found, f"{module}: give its room a place in LAYERS"
    return found[0]


def imports(path: Path) -> set[str]:
    typed = {
        id(node)
        for block in ast.walk(tree(path))
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    return {found for node in ast.walk(tree(path)) if id(node) not in typed for found in own(path, node)}


def run_time_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """A module's syntax tree without what stands under `if TYPE_CHECKING:`, which no interpreter imports."""
    yield node
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        children: list[ast.AST] = list(node.orelse)
    else:
        children = list(ast.iter_child_nodes(node))
    for child in children:
        yield from run_time_nodes(child)


def run_time_imports(path: Path) -> set[str]:
    return {name for node in run_time_nodes(tree(path)) for name in own(path, node)}


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
        elif room(found) != room(module) and not {room(found), room(module)} <= TOOLKIT:
            assert layer(module) < layer(found), f"{module} imports {found}, which stands no lower"


@pytest.mark.parametrize("module", [name for name in NAMES if name.startswith("tabinterp.analyses.")])
def test_an_analysis_imports_no_section_or_text_of_another(module):
    package = module.rpartition(".")[0]
    foreign = {
        name
        for name in imports(NAMES[module])
        if name.startswith("tabinterp.analyses.") and name.rpartition(".")[0] != package
    }
    assert [name for name in foreign if name.endswith((".section", "_section", ".text"))] == []


def test_there_is_no_cycle():
    graph = {
        name: {i for i in run_time_imports(path) if i in NAMES and i not in (name, "tabinterp")}
        for name, path in NAMES.items()
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
    assert loaded("import tabinterp.cli.commands").isdisjoint(set(HEAVY) - {"typer"})


def test_a_table_needs_no_torch():
    assert loaded("import tabinterp as ti; ti.read_table").isdisjoint(["torch", "shap", "seaborn", "sklearn"])


def test_the_sentences_of_checks_are_gathered_without_heavy_libraries():
    """Rows are read with pandas; nothing else is needed to say a sentence."""
    heavy = set(HEAVY) - {"numpy", "pandas"}
    assert loaded("from tabinterp import messages; messages.english()").isdisjoint(heavy)


def test_the_document_loads_no_heavy_library():
    """A saved audit is judged and rendered without torch and without the libraries that fit, compute and plot.

    What is loaded: pydantic for the types, numpy for the numbers that records round and rank.
    """
    assert loaded("import tabinterp.document.document").isdisjoint(set(HEAVY) - {"numpy"})


RECORDS = [name for name in NAMES if name.startswith("tabinterp.analyses.") and name.endswith(".record")]


def test_sections_load_neither_torch_nor_a_library_of_models():
    """Figures are drawn with seaborn, which brings in pandas, scipy and statsmodels."""
    names = [name for name in NAMES if name.startswith("tabinterp.analyses.") and name.endswith(".section")]
    assert len(names) > 25
    assert loaded("\n".join(f"import {name}" for name in names)).isdisjoint(["torch", "sklearn", "shap", "skops"])


def test_every_record_loads_no_heavy_library():
    assert len(RECORDS) > 30
    code = "\n".join(f"import {name}" for name in RECORDS)
    assert loaded(code).isdisjoint(set(HEAVY) - {"numpy"})


def test_every_public_name_resolves():
    assert len(set(ti.__all__)) == len(ti.__all__)
    for name in ti.__all__:
        assert getattr(ti, name) is not None
        assert getattr(ti, name).__doc__, f"{name} has no docstring"
    assert sorted(dir(ti)) == sorted([*ti.__all__, "__version__"])
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        _ = ti.nothing_of_this_name


# The contract with users: these names stay.
CONTRACT = {
    "Audit", "TabinterpError", "audit", "coefficients", "decompose", "effects", "fit_counterpart", "gradient_importance",
    "interactions", "ladder", "load_model", "maximise", "neuron_correlations", "neurons", "permutation_importance", "read_table",
    "shapley_values", "train", "unit", "wrap",
}  # fmt: skip


def test_the_names_of_the_contract_are_public():
    assert set(ti.__all__) >= CONTRACT


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_every_module_that_the_docs_name_exists():
    """Paths may begin in the repository, in the package or in a folder of it; old names of moved modules are not in quotes."""
    present = [f"/{path.relative_to(ROOT).as_posix()}" for path in tracked()]
    guides = [ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")]
    guides += [path for path in tracked() if path.is_relative_to(ROOT / "docs") and path.suffix == ".md"]
    example = set(re.findall(r"^# (tabinterp/\S+)$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE))
    named = {
        (guide.name, name) for guide in guides for name in re.findall(r"`([\w/.]+\.py)`", guide.read_text("utf-8"))
    }
    assert len(named) > 200
    missing = [
        one for one in named if one[1] not in example and not any(path.endswith(f"/{one[1]}") for path in present)
    ]
    assert missing == []


def test_the_docs_say_which_question_every_analysis_answers():
    chapter = (ROOT / "docs" / "architecture.md").read_text("utf-8").split("\n## Analyses\n")[1].split("\n## ")[0]
    packages = {path.parent.name for path in (PACKAGE / "analyses").glob("*/__init__.py")}
    assert set(re.findall(r"^\| `(\w+)` \|", chapter, re.MULTILINE)) == packages


def test_every_folder_in_the_table_of_moved_modules_exists():
    table = (ROOT / "docs" / "architecture.md").read_text("utf-8").split("## Where modules went")[1]
    folders = set(re.findall(r"`([\w/]+/)`", table.split("|---|---|")[1]))
    assert folders
    assert [folder for folder in sorted(folders) if not (PACKAGE / folder).is_dir()] == []


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
