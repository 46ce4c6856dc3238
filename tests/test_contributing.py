"""The guide for contributors is right: its example analysis and check work as they are written there, without further edits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILE = re.compile(r"^# (add to )?(tabinterp/\S+\.py)\n")

PROGRAM = """
import json
import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from typer.testing import CliRunner

import tabinterp as ti
from tabinterp import messages
from tabinterp.cli.commands import app
from tabinterp.report.blocks import Later

Later.__html__ = lambda _: ""  # the figures: drawing them takes seconds
rng = np.random.default_rng(5)
rows = pd.DataFrame(rng.normal(size=(500, 2)), columns=["a", "b"])
rows["y"] = np.where(2 * rows.a + rows.b > 0, "yes", "no")
rows.loc[rng.random(500) < 0.3, "a"] = np.nan
network = make_pipeline(SimpleImputer(), StandardScaler(), MLPClassifier((4,), max_iter=800, random_state=0))
network.fit(rows[["a", "b"]], rows.y)
table = ti.read_table(rows, target="y", positive="yes", split=0.5)
model = ti.wrap(network)

audit = ti.audit(model, table, rows=100, analyses=["missing_values"])
saved = ti.Audit.from_json(audit.to_json())
finding = next(one for one in saved.document.findings if one.slug == "missing-values-worse")
held = table.frame[table.held_out]
p = network.predict_proba(held[["a", "b"]])[:, 1]
rows.iloc[:5].to_csv("rows.csv", index=False)
ti.save_model(model, "model")
command = CliRunner().invoke(
    app, ["audit", "model", "--data", "rows.csv", "--out", "out", "--target", "y", "--analyses", "missing_value"]
)
clean = rows.assign(a=rows.a.fillna(0.0))
without = ti.audit(model, ti.read_table(clean, target="y", positive="yes", split=0.5), rows=100, analyses=["missing_values"])
print(json.dumps({
    "document": json.loads(audit.to_json()),
    "page": audit.to_html(),
    "page of the saved audit": saved.to_html(),
    "claim": messages.text(finding.claim.key, finding.claim.values),
    "losses": np.where(held.y == "yes", -np.log(p), -np.log1p(-p)).tolist(),
    "missing": held.a.isna().tolist(),
    "manual": ti.list_checks(["missing-values-worse"]),
    "refused": f"{command.output} {command.exception}",
    "seconds": list(audit.run["seconds"]),
    "without": [str(note) for note in without.document.not_assessed],
    "without status": next(one.status for one in without.document.findings if one.slug == "missing-values-worse"),
}))
"""


def blocks() -> list[tuple[str, bool, str]]:
    """Of each block of code in the guide that names a file: the file, whether it is added to, and the code."""
    fenced = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL)
    found = [(FILE.match(code), code) for code in fenced]
    assert all(name for name, _ in found)
    return [(name[2], bool(name[1]), code[name.end() :]) for name, code in found if name]


def added(source: str, addition: str) -> str:
    """Put the lines of an addition to a list into the file: each between the lines that stand around it in the guide.

    A line that begins a statement in brackets is looked for in the file, and what follows it goes to the end of that statement.
    """
    lines = source.splitlines()
    bracket: str | None = None
    for line in addition.splitlines():
        if not line or line.lstrip().startswith("# ..."):
            continue
        if line.endswith("("):
            bracket = line
            assert lines.count(line) == 1, line
        elif line == ")":
            bracket = None
        elif bracket is not None:
            lines.insert(lines.index(")", lines.index(bracket)), line)
        else:
            last = max(at for at, known in enumerate(lines) if known.startswith("from ."))
            lines.insert(last + 1, line)
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """What an audit by the copy of the package that follows the guide says."""
    folder = tmp_path_factory.mktemp("guide")
    shutil.copytree(ROOT / "tabinterp", folder / "tabinterp")
    for name, is_addition, code in blocks():
        path = folder / name
        assert path.exists() == is_addition, name
        path.parent.mkdir(exist_ok=True)
        path.write_text(added(path.read_text("utf-8"), code) if is_addition else code, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_the_guide_names_every_file_of_an_analysis_and_of_a_check():
    package = {
        f"tabinterp/analyses/missing_values/{name}.py"
        for name in ("__init__", "estimator", "record", "section", "text")
    }
    lists = {"tabinterp/analyses/__init__.py", "tabinterp/checks/__init__.py"}
    assert {name for name, _, _ in blocks()} == package | lists | {"tabinterp/checks/missing_values_worse.py"}
    assert {name for name, is_addition, _ in blocks() if is_addition} == lists


@pytest.mark.nightly
def test_the_numbers_are_in_the_document(result):
    """With Welch's standard error, up to the correction of a variance for few rows."""
    losses = {
        flag: [x for x, m in zip(result["losses"], result["missing"], strict=True) if m is flag]
        for flag in (True, False)
    }
    record = result["document"]["analyses"]["missing_values"]
    mean = {flag: sum(values) / len(values) for flag, values in losses.items()}
    squares = {flag: sum((x - mean[flag]) ** 2 for x in values) / len(values) ** 2 for flag, values in losses.items()}
    n = len(result["losses"])
    assert record["rows"] == n
    assert record["missing_rows"] == len(losses[True])
    network = record["network"]
    assert network["missing"]["value"] == pytest.approx(mean[True], rel=1e-4)
    assert network["difference"]["value"] == pytest.approx(mean[True] - mean[False], rel=1e-4)
    assert network["difference"]["stderr"] == pytest.approx(
        ((squares[True] + squares[False]) * n / (n - 1)) ** 0.5, rel=1e-4
    )
    assert record["linear"]["difference"]["value"] > 0


@pytest.mark.nightly
def test_the_page_has_the_section_also_when_the_audit_was_saved(result):
    assert result["page"] == result["page of the saved audit"]
    assert ">Missing values<" in result["page"]
    assert "evaluated rows have at least one missing input value. Their mean log loss is compared" in result["page"]


@pytest.mark.nightly
def test_the_check_is_among_the_findings_and_in_the_manual(result):
    (finding,) = [one for one in result["document"]["findings"] if one["slug"] == "missing-values-worse"]
    assert (finding["status"], finding["severity"]) == ("raised", "check")
    assert re.fullmatch(r"Rows with missing values \(n = \d+\) are predicted worse: the loss is .*", result["claim"])
    assert result["claim"].split(":")[0] in result["page"]
    assert 'href="#missing_values"' in result["page"]
    assert 'id="missing_values"' in result["page"]
    assert "lies at or above 20% of the loss of complete rows" in re.sub(r"\s+", " ", result["manual"])


@pytest.mark.nightly
def test_the_name_is_known_where_analyses_are_chosen(result):
    assert "missing_values" in result["seconds"]
    assert "effects" not in result["seconds"]
    assert result["document"]["settings"]["analyses"] == ["missing_values"]
    assert "Did you mean 'missing_values'?" in re.sub(r"\s+", " ", result["refused"])


@pytest.mark.nightly
def test_an_analysis_that_does_not_apply_says_why(result):
    assert result["without status"] == "not_applicable"
    (note,) = [note for note in result["without"] if "missing value" in note]
    assert "fewer than 10 evaluated rows have a missing input value" in note
