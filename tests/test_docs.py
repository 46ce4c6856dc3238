"""The documentation: every block of Python runs, and every command, option and link exists."""

from __future__ import annotations

import functools
import re
import shlex
import subprocess
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import typer
from sklearn.linear_model import LogisticRegression

import tabinterp as ti
from tabinterp.cli.commands import app
from tabinterp.table.labels import codebook
from tests import cases

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
ELSEWHERE = {  # pages with blocks of Python that other tests run, or that need a cluster
    "networks.md",  # tests/models/test_networks_people_train.py, tests/networks
    "mlflow.md",  # tests/test_mlflow.py
    "scale.md",  # Kubernetes, YARN and SLURM
}
MINUTES = {"how-to/run-an-audit.md", "how-to/fairness-review.md", "how-to/analyses.md"}


def pages():
    """The pages of the repository, and those that are about to be in it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.md"]
    listed = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, text=True).stdout
    return sorted(ROOT / name for name in listed.split("\0") if name and (ROOT / name).exists())


def blocks(path, kind):
    """The blocks of one kind on a page, each with the number of the line before it."""
    text = path.read_text("utf-8")
    found = re.finditer(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [(text.count("\n", 0, block.start()) + 1, block[1]) for block in found]


def name_of(path):
    return path.relative_to(DOCS).as_posix()


WITH_PYTHON = [name_of(page) for page in pages() if page.is_relative_to(DOCS) and blocks(page, "python")]


def run(name, folder, monkeypatch):
    """Run the blocks of a page in one namespace, in a folder that holds the data sets; return the namespace."""
    monkeypatch.chdir(folder)
    (folder / "datasets").symlink_to(ROOT / "datasets")
    names = {"__name__": "__main__"}
    for line, block in blocks(DOCS / name, "python"):
        exec(compile("\n" * line + block, DOCS / name, "exec"), names)
    return names


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg", "ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.nightly if name in MINUTES else ())
        for name in WITH_PYTHON
        if name not in ELSEWHERE
    ],
)
def test_every_block_of_python_runs(name, tmp_path, monkeypatch):
    names = run(name, tmp_path, monkeypatch)
    if name == "how-to/analyses.md":
        assert [one.get_text() for one in names["left"].get_legend().get_texts()] == ["network", "linear"]
        assert names["right"].get_images()
        assert "<table" in names["fragment"]
        assert names["scores"].frame()["metric"].tolist()[0] == "log_loss"
        assert set(names["errors"].frame()["by"]) == {"prediction", "observed"}
        assert names["display"].ax_.figure is names["display"].figure_
        assert len(names["display"].figure_.axes) == 2
    if name == "how-to/run-an-audit.md":
        assert (tmp_path / "report.html").read_bytes() == (tmp_path / "again.html").read_bytes()
        assert (tmp_path / "card.md").read_text("utf-8").startswith("---\npipeline_tag: tabular-classification\n")
    if name == "how-to/torch-network.md":
        assert set(names["attributions"].column) == {"age", "city"}
        assert (names["attributions"].mean_abs > 0).all()
    plt.close("all")


def test_tables_of_other_libraries_escape_names_and_show_the_numbers():
    """The last block of the how-to page, on a table with a column whose name is HTML."""
    frame = cases.mixed_frame(60, 2).rename(columns={"age": "<b>age</b>"})
    model = ti.wrap(LogisticRegression().fit(frame[["<b>age</b>", "income"]].fillna(0), frame["y"]))
    table = ti.read_table(frame[["<b>age</b>", "income", "y"]].fillna(0), target="y")
    names = {"ranking": ti.permutation_importance(model, table)}
    exec(blocks(DOCS / "how-to/analyses.md", "python")[-1][1], names)
    (first, *_) = names["ranking"].frame().itertuples()
    for form in ("page", "styled"):
        assert "&lt;b&gt;age&lt;/b&gt;" in names[form]
        assert "<b>" not in names[form]
    assert f">{first.importance:.3f}</td>" in names["styled"]
    assert f"{first.importance:.3g}</td>" in names["page"].replace("\u2212", "-")


def test_other_blocks_of_python_are_python():
    for page in pages():
        for line, block in blocks(page, "py(?:thon)?"):
            compile("\n" * line + block, page, "exec")


def test_labels(tmp_path, monkeypatch, capsys):
    names = run("labels.md", tmp_path, monkeypatch)
    assert capsys.readouterr().out == "Checking account {'1': 'rented', '2': 'owned'}\n"
    read = []
    for kind in ("toml", "csv"):
        path = tmp_path / f"codebook.{kind}"
        path.write_text(blocks(DOCS / "labels.md", kind)[0][1], encoding="utf-8")
        read.append(codebook(path).plain())
    assert read[0] == read[1]
    table = ti.read_table(names["frame"], target="paid", kinds={"housing": "categorical"}, labels=read[0])
    assert names["table"].schema == table.schema


@functools.cache
def options():
    """The options of each command."""
    commands = typer.main.get_command(app).commands
    return {name: {one for given in command.params for one in given.opts} for name, command in commands.items()}


def commands():
    """Each line of a terminal on any page that runs tabinterp: page, line, and words."""
    for page in pages():
        for _, block in blocks(page, r"(?:console|sh|\{run\}.*?)"):
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("tabinterp "):
                    yield page, line, shlex.split(line, comments=True)
        for line in re.findall(r"^```\{run\} (tabinterp .*)$", page.read_text("utf-8"), re.MULTILINE):
            yield page, line, shlex.split(line)


def test_every_command_and_every_option_exists():
    found = list(commands())
    assert len(found) > 40
    wrong = []
    for page, line, (_, command, *words) in found:
        given = {word.split("=")[0] for word in words if word.startswith("--")}
        if given - options().get(command, set()) - {"--help", "--install-completion"} or command not in options():
            wrong.append((page.name, line))
    assert wrong == []


def slug(heading):
    """The anchor that GitHub and the site give a heading."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)).strip().lower().replace(" ", "-")


@functools.cache
def anchors(page):
    """The anchors of the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def test_every_link_to_a_file_leads_to_it():
    """Pages that are generated for the site are checked when it is built."""
    found, dead = 0, []
    for page in pages():
        text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", link) or "generated/" in link:
                continue
            found += 1
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
                dead.append((page.name, link))
    assert found > 100
    assert dead == []
