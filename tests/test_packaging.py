"""What stands beside the code: metadata, the action and hooks that users take, the templates, and the pytest fixture."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

import tabinterp as ti
from tabinterp.cli import finished_audits
from tabinterp.cli.commands import _command, main
from tests.shared import folder_once_per_run

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STRICT = 'name = "strict"\n[[metric]]\nowner = "Validation"\nmetric = "auc"\nof = "network"\nat_least = 0.999\n'
MADE = """
import numpy as np
import pandas as pd
import tabinterp as ti
from sklearn.linear_model import LogisticRegression

draw = np.random.default_rng(0)
frame = pd.DataFrame({"x": draw.normal(size=400)})
frame["y"] = (frame["x"] + draw.logistic(size=400) > 0).astype(int)
table = ti.read_table(frame, target="y", positive=1, split=0.5)
model = ti.wrap(LogisticRegression().fit(frame[["x"]], frame["y"]))
"""


def read(path: str):
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


def test_the_citation_is_of_this_version():
    citation = read("CITATION.cff")
    assert citation["version"] == ti.__version__ == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["keywords"] == PROJECT["keywords"]


def test_the_workflow_tests_the_versions_that_are_announced():
    announced = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", one)]
    assert read(".github/workflows/ci.yml")["jobs"]["wheel"]["strategy"]["matrix"]["python-version"] == announced
    assert f">={announced[0]}" == PROJECT["requires-python"]


def test_the_workflow_runs_what_ci_runs():
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    ours = {
        word
        for line in lines
        if line.startswith("make")
        for word in line.split()
        if re.fullmatch(r"[a-z][a-z-]*", word)
    }
    steps = [step for job in read(".github/workflows/ci.yml")["jobs"].values() for step in job["steps"]]
    theirs = {word for step in steps if "run" in step for word in step["run"].split()}
    assert ours - {"make"} == {"dist", "lint", "test-docs", "demo", "demo-newest", "test"}
    assert ours - {"dist"} <= theirs  # which `demo-newest` makes


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem
)
def test_an_issue_template_is_a_form(path):
    form = yaml.safe_load(path.read_text("utf-8"))
    if path.stem == "config":
        assert set(form) == {"blank_issues_enabled"}
    else:
        assert set(form) == {"name", "description", "labels", "body"}
        assert all(one["attributes"]["label"] for one in form["body"])


def test_the_fixture_is_an_entry_point():
    assert PROJECT["entry-points"]["pytest11"] == {"tabinterp": "tabinterp.pytest_plugin"}


def _two_audits(folder: Path) -> None:
    made: dict = {}
    exec(MADE, made)
    for name in ("a", "b"):
        (folder / name).mkdir()
        ti.audit(made["model"], made["table"], analyses=["permutation_importance"]).to_json(
            folder / name / "audit.json"
        )


@pytest.fixture(scope="module")
def audits():
    """Two audits that pass by default, and not under `STRICT`."""
    folder = folder_once_per_run(_two_audits)
    return [folder / name / "audit.json" for name in ("a", "b")]


# ---- the action


@pytest.fixture
def step(tmp_path):
    """Run a step of the action as a runner does: bash, the inputs in the environment, the files of outputs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "tabinterp"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tabinterp "$@"\n', "utf-8")
    program.chmod(0o755)

    def call(name: str, **inputs: str):
        (one,) = (step for step in ACTION["runs"]["steps"] if step.get("name") == name)
        files = {
            "GITHUB_OUTPUT": tmp_path / "output",
            "GITHUB_STEP_SUMMARY": tmp_path / "summary.md",
            "RUNNER_TEMP": tmp_path,
        }
        settings = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            **dict.fromkeys(one["env"], ""),
            **{name: str(path) for name, path in files.items()},
            **inputs,
        }
        assert set(inputs) <= set(one["env"])
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", one["run"]],
            env=settings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_no_input_of_the_action_becomes_code():
    for one in ACTION["runs"]["steps"]:
        assert "${{" not in one.get("run", "")
        assert ("run" in one) == ("shell" in one)
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text("utf-8")))
    assert used == set(ACTION["inputs"])


def test_the_action_audits_a_model_with_options(step, tmp_path):
    """A stand-in for the program writes down what it is given."""
    (tmp_path / "bin" / "tabinterp").write_text('#!/bin/sh\nprintf "%s\\n" "$@" > given\n', "utf-8")
    done = step(
        "Audit the model", MODEL="a model", DATA="b.csv", OPTIONS="--target=y\n\n--drop=$(touch x)\n", AUDIT="out"
    )
    assert done.returncode == 0, done.stderr
    given = (tmp_path / "given").read_text("utf-8").splitlines()
    assert given == [
        "audit",
        "a model",
        "--data",
        "b.csv",
        "--out",
        "out",
        "--overwrite",
        "--target=y",
        "--drop=$(touch x)",
    ]
    assert not (tmp_path / "x").exists()


@pytest.mark.nightly
def test_the_action_fails_where_the_audit_does_not_pass(step, audits, tmp_path):
    shutil.copytree(audits[0].parent, tmp_path / "audit")
    (tmp_path / "policy.toml").write_text(STRICT, "utf-8")
    done = step("Check the audit", AUDIT="audit", POLICY="policy.toml")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("#")
    assert (tmp_path / "tabinterp.sarif").stat().st_size > 100
    assert (tmp_path / "output").read_text("utf-8") == "exit-code=1\n"
    assert step("Fail where the audit does not pass", CODE="1").returncode == 1
    assert step("Fail where the audit does not pass", CODE="0").returncode == 0


def test_the_action_needs_no_policy(step, tmp_path):
    (tmp_path / "bin" / "tabinterp").write_text('#!/bin/sh\nprintf "%s " "$@" >> given\n', "utf-8")
    assert step("Check the audit", AUDIT="out").returncode == 0
    given = (tmp_path / "given").read_text("utf-8")
    assert given.startswith("check out/audit.json --format markdown check out/audit.json --format sarif --out ")
    assert (tmp_path / "output").read_text("utf-8") == "exit-code=0\n"


# ---- what the documentation shows


def test_the_documented_jobs_can_be_typed():
    """The options of every job are those of the action and of the commands."""
    text = (ROOT / "docs" / "gate.md").read_text("utf-8")
    github, gitlab, hook = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    used = github["jobs"]["audit"]["steps"][-1]["with"]
    assert set(used) <= set(ACTION["inputs"])
    typed = ["audit", used["model"], "--data", used["data"], "--out", "audit", *used["options"].split()]
    lines = [shlex.split(line) for line in gitlab["audit"]["script"] if line.startswith("tabinterp")]
    for command, *arguments in [typed, *(line[1:] for line in lines)]:
        _command().commands[command].make_context(command, arguments)
    assert hook["repos"][0]["hooks"][0]["id"] == read(".pre-commit-hooks.yaml")[0]["id"]


# ---- the hook


def test_the_hook_checks_every_file_it_is_given(audits, tmp_path, monkeypatch, capsys):
    (hook,) = read(".pre-commit-hooks.yaml")
    program, command = hook["entry"].split()
    assert program in PROJECT["scripts"]
    assert re.search(hook["files"], "reports/adult/audit.json")
    assert not re.search(hook["files"], "myaudit.json")
    (tmp_path / "policy.toml").write_text(STRICT, "utf-8")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", [program, command, *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return int(left.value.code or 0), *capsys.readouterr()

    code, out, err = run(*audits)
    assert (code, err) == (0, "")
    code, out, err = run(*audits, "--policy", tmp_path / "policy.toml")
    assert code == 1
    assert [line for line in out.splitlines() if line.endswith("audit.json:")] == [f"{one}:" for one in audits]
    assert out.count("failed  metric:network.auc") == 2
    code, out, err = run(*audits, "--format", "sarif")
    assert (code, out) == (2, "")
    assert "--format sarif can only be used with one audit; got 2 audits" in err


def test_one_audit_that_fails_is_enough(audits, tmp_path, monkeypatch):
    """A failure counts for more than an audit that another version wrote, which cannot be judged again."""
    codes = {audits[0]: 3, audits[1]: 1}
    monkeypatch.setattr(finished_audits, "_check", lambda document, *_: codes[document])
    for order in (audits, audits[::-1]):
        with pytest.raises(typer.Exit) as left:
            finished_audits.check(order)
        assert left.value.exit_code == 1


# ---- the pytest fixture

TESTS = """

def test_saved(tabinterp_audit):
    assert tabinterp_audit(SAVED).verdict.status


def test_made(tabinterp_audit):
    assert isinstance(tabinterp_audit(model, table, analyses=["permutation_importance"]), ti.Audit)
"""


def test_an_audit_that_does_not_pass_fails_the_test(pytester, audits, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # or the plugin would be there twice once it is installed
    pytester.makepyfile(f"{MADE}\nSAVED = {str(audits[0])!r}\n{TESTS}")
    pytester.makefile(".toml", policy=STRICT)
    options = ("-p", "tabinterp.pytest_plugin")
    pytester.runpytest_inprocess(*options).assert_outcomes(passed=2)
    done = pytester.runpytest_inprocess(*options, "--tabinterp-policy", "policy.toml", "-k", "saved")
    done.assert_outcomes(failed=1, deselected=1)
    assert "pytest_plugin.py" not in done.stdout.str()  # the test is at fault, and not the fixture
