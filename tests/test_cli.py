"""The commands: what they print and where, exit codes, no traceback for a mistake, no half-written file."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import distributed
import numpy as np
import pandas as pd
import pytest
import torch
from rich.console import Console

import tabinterp as ti
from tabinterp.auditing.data_and_models import _without_target
from tabinterp.cli import commands as cli
from tabinterp.cli.console import progress
from tabinterp.document.document import WithoutTarget
from tabinterp.errors import TabinterpError
from tabinterp.messages import english
from tabinterp.network import reference
from tabinterp.provenance.audited_rows import Rows, read_again
from tabinterp.report.sections.findings import raised_of
from tabinterp.table import readers as batches
from tests.shared import folder_once_per_run

pytestmark = pytest.mark.usefixtures("drawn_once")
SCRIPT = "<script>alert(1)</script>"
ANALYSES = "permutation_importance,effects,groups,data_quality"  # all of them are run in tests/test_audit.py
ROOT = Path(__file__).resolve().parent.parent


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process, as the console script does."""
    handler = signal.getsignal(signal.SIGINT)

    def call(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["tabinterp", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as left:
            code = left.code or 0
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Ran(code, out, err)

    yield call
    signal.signal(signal.SIGINT, handler)


def people(n: int = 600) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "年齢": draw.integers(18, 90, n),
            SCRIPT: draw.normal(size=n).round(3),
            "job 🧪": draw.choice(["a", "日本語", "<b>bold</b>", "?"], n),
            "own": draw.choice([True, False], n),
            "code": draw.integers(1, 4, n),
            "remark": [f"SECRET-{i}" for i in range(n)],
        }
    )
    score = frame["年齢"] / 30 - 1.5 + frame[SCRIPT] * frame["own"]
    return frame.assign(paid=np.where(draw.random(n) < 1 / (1 + np.exp(-score)), "yes", "no"))


@pytest.fixture(scope="module")
def folder() -> Path:
    return folder_once_per_run(trained_and_audited)


def trained_and_audited(made: Path) -> None:
    """A table, a bundle trained on it by the command, and its audit."""
    people().to_csv(made / "people.csv", index=False)
    asked = [
        "--target",
        "paid",
        "--positive",
        "yes",
        "--drop",
        "remark",
        "--kind",
        "code=categorical",
        "--protected",
        "own",
    ]
    audit = ["audit", "bundle", "--data", "people.csv", "--out", "audit", "--rows", "100", "--analyses", ANALYSES]
    for name, (out, err) in (
        ("train", within(["train", "--data", "people.csv", *asked, "--out", "bundle"], cwd=made)),
        ("audit", within(audit, cwd=made)),
    ):
        (made / f"{name}.out").write_text(out, "utf-8")
        (made / f"{name}.err").write_text(err, "utf-8")


def within(arguments: list[str], cwd: Path) -> tuple[str, str]:
    """What a command prints that runs in this process: to standard output, to standard error."""
    out, err, handler = StringIO(), StringIO(), signal.getsignal(signal.SIGINT)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", ["tabinterp", *arguments])
        with pytest.raises(SystemExit):
            cli.main()
    signal.signal(signal.SIGINT, handler)
    return out.getvalue(), err.getvalue()


def start(*arguments: object, cwd: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tabinterp.cli.commands", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )


# ---- what goes well


def test_train_then_audit_print_paths_on_stdout_and_progress_on_stderr(folder):
    assert (folder / "train.out").read_text("utf-8") == "bundle\n"
    assert (folder / "audit.out").read_text("utf-8").splitlines()[-1] == "audit/report.html"
    told = (folder / "train.err").read_text("utf-8")
    assert "Read 600 rows and 5 input columns of people." in told
    assert "Trained on 386 of 600 rows; 64 used for early stopping; 150 held out.\n" in told
    assert told.endswith("To audit the network: tabinterp audit bundle --data people.csv --out audit\n")
    told = (folder / "audit.err").read_text("utf-8")
    found = ti.Audit.from_json(folder / "audit" / "audit.json").document.findings
    raised = raised_of(ti.Audit.from_json(folder / "audit" / "audit.json").document)
    assert "Auditing network" in told
    assert re.search(r"About \d+ (seconds|minutes) on this machine\.", told)
    verdict, *findings, others = told.splitlines()[-max(1, len(raised)) - 2 :]
    assert "logistic regression" in verdict
    assert raised or findings == ["No findings were raised."]
    for one, line in zip(raised, findings, strict=bool(raised)):
        assert line.startswith(f"{one.severity}: {english()[f'check.{one.slug}.title']} ({one.slug}). ")
    severities = [one.severity for one in raised]
    assert severities == sorted(severities)  # act, check, note
    passed, unasked = (sum(one.status == status for one in found) for status in ("cleared", "not_applicable"))
    assert others == f"Other checks: {passed} passed, {unasked} not applicable."
    assert sorted(p.name for p in (folder / "audit").iterdir()) == [
        "SHA256SUMS", "audit.json", "report.html", "run.json",
    ]  # fmt: skip


def test_the_bundle_remembers_how_its_table_was_read_and_split(folder):
    audit = ti.Audit.from_json(folder / "audit" / "audit.json")
    columns = {c.name: c for c in audit.document.data.columns}
    assert columns["code"].kind == "categorical"
    assert columns["own"].protected
    assert columns["remark"].role == "dropped"
    assert audit.document.data.classes == ["no", "yes"]
    assert audit.document.data.held_out_rows == 150
    assert audit.verdict.status != "not_assessed"


def test_names_and_levels_are_shown_not_run_and_cells_not_at_all(folder):
    page = (folder / "audit" / "report.html").read_text("utf-8")
    document = (folder / "audit" / "audit.json").read_text("utf-8")
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>bold</b>" not in page
    for text in (page, document):
        assert "年齢" in text
        assert "job 🧪" in text
        assert "SECRET" not in text


def test_what_differs_from_run_to_run_is_in_run_json(folder):
    run = json.loads((folder / "audit" / "run.json").read_text("utf-8"))
    assert set(run) == {
        "started", "seconds", "command", "model", "data", "data_sha256", "python", "machine", "threads", "jobs",
        "device",
    }  # fmt: skip
    assert str(folder) not in (folder / "audit" / "audit.json").read_text("utf-8")


def test_render_makes_the_same_report_again(folder, run, tmp_path):
    out = tmp_path / "new" / "report.html"
    done = run("render", folder / "audit" / "audit.json", "--out", out)
    assert done == Ran(0, f"{out}\n", "")
    assert out.read_bytes() == (folder / "audit" / "report.html").read_bytes()


@pytest.mark.parametrize("form", ["html", "markdown", "card", "summary", "cyclonedx"])
def test_render_makes_other_views(form, folder, run, tmp_path):
    audit, out = folder / "audit" / "audit.json", tmp_path / "new" / "view"
    assert run("render", audit, "--out", out, "--format", form) == Ran(0, f"{out}\n", "")
    assert out.read_bytes() == ti.Audit.from_json(audit).view(form)
    named = {"markdown": "b.MD", "cyclonedx": "b.cdx.json", "html": "b.htm"}
    if form in named:
        assert run("render", audit, "--out", tmp_path / named[form]).code == 0
        assert (tmp_path / named[form]).read_bytes() == out.read_bytes()
    done = run("render", audit, "--out", tmp_path / "other.md", "--format", "md")
    assert (done.code, done.out) == (2, "")
    assert "html, pdf, markdown, card, summary, cyclonedx" in done.err
    assert not (tmp_path / "other.md").exists()


def test_quiet_prints_one_line_and_the_path_and_writes_the_same_bytes(folder, run, tmp_path):
    arguments = ["audit", folder / "bundle", "--data", folder / "people.csv", "--rows", 100, "--out", tmp_path]
    arguments += ["--analyses", ANALYSES]
    line = ti.Audit.from_json(folder / "audit" / "audit.json").in_one_line()
    assert run(*arguments, "--quiet") == Ran(0, f"{tmp_path / 'report.html'}\n", f"{line}\n")
    for name in ("audit.json", "report.html"):
        assert (tmp_path / name).read_bytes() == (folder / "audit" / name).read_bytes()


def test_networks_of_other_seeds_are_trained_beside_the_first_and_audited_with_it(run, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "EPOCHS", 2)
    data, given = tmp_path / "few.csv", []

    def audit(
        model: ti.Model, table: ti.Table, *, others: tuple[ti.Model, ...], null: ti.Model | None, **_: object
    ) -> None:
        given.extend([model, *others, *([] if null is None else [null])])
        raise TabinterpError("seen enough")

    monkeypatch.setattr(ti, "audit", audit)
    people(100).to_csv(data, index=False)
    asked = ["--data", data, "--target", "paid", "--positive", "yes", "--drop", "remark", "--quiet", "--out"]
    bundle = tmp_path / "bundle"
    assert run("train", *asked, bundle, "--seeds", 3, "--seed", 5, "--null").code == 0
    assert run("audit", bundle, "--data", data, "--out", tmp_path / "audit", "--quiet").code == 2
    table = ti.read_table(data, target="paid", positive="yes", drop=["remark"])
    trained = ti.train(table, seed=5, seeds=3, null=True)
    assert len(given) == 4
    for one, two in zip([*trained.networks, trained.null], given, strict=True):
        assert one.split == two.split
        assert torch.equal(one.module[0].weight, two.module[0].weight)


def test_margin_costs_and_threshold_reach_the_audit(folder, run, tmp_path, monkeypatch):
    asked = {}

    def audit(*_: object, **settings: object) -> ti.Audit:
        asked.update(settings)
        return ti.Audit.from_json(folder / "audit" / "audit.json")

    monkeypatch.setattr(ti, "audit", audit)
    data = ["--data", folder / "people.csv", "--out", tmp_path / "out", "--quiet"]
    done = run("audit", folder / "bundle", *data, "--margin", "0.02", "--costs", "1:5", "--threshold", "0.3")
    assert done.code == 0
    assert (asked["margin"], asked["costs"], asked["threshold"]) == (0.02, (1.0, 5.0), 0.3)
    for wrong in ("5", "1:2:3", "a:b"):
        done = run("audit", folder / "bundle", *data, "--costs", wrong)
        told = "two numbers in the form FP:FN, the costs of a false positive and of a false negative, such as 1:5"
        assert (done.code, done.err) == (2, f"error: --costs must be {told}; got {wrong!r}\n")


def test_workers_of_this_machine_sum_over_a_folder(folder, run, tmp_path, monkeypatch):
    """In this process: that of others is held in test_engine."""
    cluster, asked_of = distributed.LocalCluster, []
    near = {"processes": False, "n_workers": 2, "protocol": "inproc://", "security": None, "host": None}
    monkeypatch.setattr(distributed, "LocalCluster", lambda **how: asked_of.append(how) or cluster(**how | near))
    rows = tmp_path / "rows"
    rows.mkdir()
    pd.read_csv(folder / "people.csv").to_parquet(rows / "0.parquet", row_group_size=150)
    asked = ["--data", rows, "--out", tmp_path / "out", "--rows", 100, "--engine", "dask", "--quiet"]
    asked += ["--analyses", "calibration"]
    done = run("audit", folder / "bundle", *asked)
    assert (done.code, done.out) == (0, f"{tmp_path / 'out' / 'report.html'}\n"), done.err
    both = (ti.Audit.from_json(one / "audit.json").document for one in (tmp_path / "out", folder / "audit"))
    found, whole = (one.performance for one in both)
    assert found.rows == whole.rows
    (how,) = asked_of
    assert (how["protocol"], how["host"], how["dashboard_address"], how["threads_per_worker"]) == (
        "tls", "127.0.0.1", None, 1,
    )  # fmt: skip
    for one, other in zip(found.metrics, whole.metrics, strict=True):
        assert [one.network.value, one.linear.value] == pytest.approx(
            [other.network.value, other.linear.value], rel=1e-9
        )


def test_a_cluster_is_not_started_for_rows_that_are_read_whole(folder, run, tmp_path, monkeypatch):
    monkeypatch.setattr("tabinterp.table.executors._distributed", lambda: pytest.fail("a cluster was asked for"))
    asked = ["--data", folder / "people.csv", "--out", tmp_path / "out", "--engine", "dask"]
    done = run("audit", folder / "bundle", *asked)
    assert done.code == 2
    assert "people.csv' is small enough to be read at once. Leave out --engine" in done.err
    assert not (tmp_path / "out").exists()


def test_another_positive_class_holds_out_the_same_rows(folder, run, tmp_path):
    arguments = [
        "audit",
        folder / "bundle",
        "--data",
        folder / "people.csv",
        "--rows",
        20,
        "--out",
        tmp_path,
        "--quiet",
        "--analyses",
        "calibration",
    ]
    assert run(*arguments, "--positive", "no").code == 0
    data = ti.Audit.from_json(tmp_path / "audit.json").document.data
    assert (data.classes, data.held_out_rows) == (["yes", "no"], 150)


def test_the_demo_trains_and_audits_a_bundled_table(run, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "EPOCHS", 5)
    read = ti.read_table  # of the demo's thirty thousand rows, as many as a test has time for

    def first_rows(path: str, **asked: object) -> ti.Table:
        return read(pd.read_csv(path, nrows=500), name="demo", **asked)

    monkeypatch.setattr(ti, "read_table", first_rows)
    whole, part = ti.audit, {"analyses": ["calibration", "groups"]}  # `make demo` runs them all
    monkeypatch.setattr(ti, "audit", lambda *given, **how: whole(*given, **how | part))
    monkeypatch.setattr(ti, "open_table", lambda path, query, key, keep, told, **asked: first_rows(path, **asked))
    done = run("demo", "--out", tmp_path / "demo", "--quiet")
    assert (done.code, done.out) == (0, f"{tmp_path / 'demo' / 'report.html'}\n")
    assert len(done.err.splitlines()) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"demo", "demo-model"}
    written = {"report.html", "audit.json", "run.json", "SHA256SUMS"}
    assert {path.name for path in (tmp_path / "demo").iterdir()} == written
    assert ti.load_model(tmp_path / "demo-model").split is not None
    document = ti.Audit.from_json(tmp_path / "demo" / "audit.json").document
    assert document.data.rows == 500
    assert (document.data.target, document.verdict.status != "not_assessed") == ("default payment next month", True)
    assert [c.name for c in document.data.columns if c.protected]

    assert run("demo", "--out", tmp_path / "demo", "--quiet") == done  # again, in the place of its own
    mine = {tmp_path / "demo" / "notes.txt": "demo", tmp_path / "demo-model" / "notes.txt": "demo-model"}
    mine |= {tmp_path / "demo" / "attestation.dsse.json": "demo"}
    for path, folder in mine.items():
        path.write_text("mine")
        before = {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
        refused = run("demo", "--out", tmp_path / "demo", "--quiet")
        assert (refused.code, refused.out) == (2, "")
        assert re.search(
            re.escape(f"the output folder {str(tmp_path / folder)!r} ") + "(already )?contains", refused.err
        )
        assert "--overwrite" not in refused.err
        assert {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()} == before
        path.unlink()


def test_rows_without_a_target_are_left_out_counted_and_named(run, tmp_path, monkeypatch):
    """From the table to the page, and again from the document."""
    monkeypatch.setattr(reference, "EPOCHS", 2)
    monkeypatch.chdir(tmp_path)
    frame = people(180)[["年齢", "own", "paid"]].assign(paid=lambda f: (f["paid"] == "yes").astype("Int64"))
    frame.loc[::9, "paid"] = pd.NA
    frame.to_csv("gappy.csv", index=False)
    frame.dropna().to_csv("whole.csv", index=False)
    asked = ("--target", "paid", "--positive", "1", "--quiet")
    refused = run("train", "--data", "gappy.csv", *asked, "--out", "bundle")
    assert (refused.code, refused.out) == (2, "")
    assert (
        "missing in 20 of 180 rows, for example in row 0. Leave these rows out with --drop-missing-target, or"
        in refused.err
    )
    done = run("train", "--data", "gappy.csv", *asked[:-1], "--drop-missing-target", "--out", "bundle")
    assert done.code == 0, done.err
    told = "Trained on 103 of 180 rows; 17 used for early stopping; 40 held out; 20 left out (missing target)."
    assert told in done.err.replace("\n", " ")
    assert run("train", "--data", "whole.csv", *asked, "--out", "other").code == 0
    one, other = (json.loads(Path(name, "model.json").read_bytes()) for name in ("bundle", "other"))
    assert [made["table"]["drop_missing_target"] for made in (one, other)] == [True, None]
    assert one["split"] == other["split"]  # the same rows are held out, and the same network is trained on the others
    assert one["sha256"]["model.safetensors"] == other["sha256"]["model.safetensors"]

    done = run("audit", "bundle", "--data", "gappy.csv", "--rows", 50, "--out", "out", "--analyses", "calibration")
    assert done.code == 0, done.err
    assert "Leaving out 20 rows in which the target is missing." in done.err
    document = ti.Audit.from_json("out/audit.json").document
    data = document.data
    assert (data.rows, data.held_out_rows, data.without_target.rows, data.classes) == (160, 40, 20, ["0", "1"])
    assert "not_assessed.without_target" in [note.key for note in document.not_assessed]
    page = re.sub(r"<[^>]+>", " ", Path("out", "report.html").read_text("utf-8"))
    assert "Rows with a missing target were excluded (20 rows)" in page
    again = read_again(document.settings.table, Rows("gappy.csv"))
    assert (len(again), again.without_target) == (160, 20)
    few = ti.read_table(frame.drop(index=[*range(0, 180, 9)][5:]), target="paid", drop_missing_target=True)
    assert _without_target(few.without_target) == WithoutTarget(rows=None)


def test_help_of_every_command(run):
    assert all(name in run("--help").out for name in ("train", "audit", "render", "demo"))
    for name in ("train", "audit", "render", "demo"):
        assert run(name, "--help").code == 0


# ---- mistakes


def bundle_with(change):
    """A copy of the bundle, damaged."""

    def make(folder: Path, tmp_path: Path) -> Path:
        copy = tmp_path / "damaged"
        shutil.copytree(folder / "bundle", copy)
        change(copy)
        return copy

    return make


def header_with(**values):
    def change(copy: Path) -> None:
        header = json.loads((copy / "model.json").read_text("utf-8"))
        for place, value in values.items():
            part, _, name = place.rpartition("__")
            (header[part] if part else header)[name] = value
        (copy / "model.json").write_text(json.dumps(header), "utf-8")

    return bundle_with(change)


def pickled(folder: Path, tmp_path: Path) -> Path:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({}))
    return tmp_path / "model.pkl"


MODELS = {
    "a pickle": (pickled, ["is a pickle", "runs code", "skops"]),
    "no model": (lambda *_: "nowhere", ["no file or folder 'nowhere'"]),
    "a table": (lambda folder, _: folder / "people.csv", ["of unknown format"]),
    "an empty folder": (lambda _, tmp_path: tmp_path, ["not a bundle", "model.json"]),
    "cut header": (bundle_with(lambda c: (c / "model.json").write_text("{")), ["model.json", "is not valid JSON"]),
    "cut weights": (
        bundle_with(lambda c: (c / "model.safetensors").write_bytes(b"x")),
        ["model.safetensors", "SHA-256"],
    ),
    "no encoder": (bundle_with(lambda c: (c / "encoder.skops").unlink()), ["encoder.skops", "do not match"]),
    "changed counterpart": (
        bundle_with(lambda c: (c / "counterpart" / "model.safetensors").write_bytes(b"x")),
        ["counterpart", "SHA-256"],
    ),
    "unknown split": (header_with(split__kind="magic"), ["kind", "'fraction'"]),
    "odd split": (header_with(split__cuts=[]), ["if the split is stratified; got 0 numbers"]),
    "unknown setting": (header_with(table__colour="red"), ["table.colour"]),
    "odd setting": (header_with(table__drop="remark"), ["table.drop", "list"]),
    "no target": (header_with(table=None), ["Specify the target column with --target"]),
}


@pytest.mark.parametrize("case", MODELS)
def test_a_model_that_cannot_be_used(case, folder, run, tmp_path):
    make, words = MODELS[case]
    out = tmp_path / "out"
    done = run("audit", make(folder, tmp_path), "--data", folder / "people.csv", "--out", out)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert all(word in done.err for word in words), done.err
    assert not out.exists()


TRAINING = {
    "no file": (["--data", "nothing.csv", "--target", "paid"], ["no file 'nothing.csv'"]),
    "no target": ([], ["Missing option", "--target"]),
    "no such target": (
        ["--target", "payed"],
        ["error: unknown column in --target: 'payed'", "'年齢'", "Did you mean 'paid'?"],
    ),
    "positive of many": (["--target", "code", "--positive", "1"], ["use --task multiclass without --positive"]),
    "not a count": (["--target", "年齢", "--task", "count", "--positive", "1"], ["Leave out --positive 1"]),
    "uncounted": (["--target", SCRIPT, "--task", "count"], ["For other numbers, use --task regression"]),
    "no such column": (["--target", "paid", "--drop", "q"], ["error: unknown column in --drop: 'q'", "'年齢'"]),
    "several in one": (
        ["--target", "paid", "--drop", "own, code"],
        ["got the text 'own, code'", "Repeat the option: --drop own --drop code"],
    ),
    "no such weight": (["--target", "paid", "--weight", "q"], ["error: unknown column in --weight: 'q'"]),
    "kind": (["--target", "paid", "--kind", "own=truth"], ["'own'", "numeric, categorical", "'truth'"]),
    "kind without =": (["--target", "paid", "--kind", "own"], ["COLUMN=KIND", "'own'"]),
    "kind of no column": (["--target", "paid", "--kind", "q=numeric"], ["error: unknown column in --kind: 'q'"]),
    "positive": (["--target", "paid", "--positive", "perhaps"], ["'paid'", "'no' or 'yes'", "got --positive perhaps"]),
    "share": (["--target", "paid", "--split", "1.5"], ["between 0 and 1", "1.5"]),
    "split column": (["--target", "paid", "--split", "q"], ["error: unknown column in --split: 'q'"]),
    "split labels": (["--target", "paid", "--split", "remark"], ["'remark'", "row 0", "SECRET-0", "train", "dates"]),
    "first date alone": (
        ["--target", "paid", "--split-at", "2024-01-01"],
        ["Add --split COLUMN, or leave out --split-at"],
    ),
    "first date of labels": (
        ["--target", "paid", "--split", "own", "--split-at", "2024-01-01"],
        ["--split-at 2024-01-01 is the first date to hold out", "'own' contains labels"],
    ),
    "seed": (["--target", "paid", "--seed", "-1"], ["--seed"]),
    "seeds": (["--target", "paid", "--seeds", "0"], ["--seeds"]),
    "option": (["--target", "paid", "--colour", "red"], ["--colour"]),
}


@pytest.mark.parametrize("case", TRAINING)
def test_a_mistake_in_training(case, folder, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, words = TRAINING[case]
    data = [] if "--data" in arguments else ["--data", folder / "people.csv"]
    done = run("train", *data, *arguments, "--out", tmp_path / "out")
    assert (done.code, done.out) == (2, "")
    assert all(word in done.err for word in words), done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_out_is_a_file(inside, folder, run, tmp_path):
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file" / inside
    data = ["--data", folder / "people.csv"]
    for arguments in (["train", *data, "--target", "paid"], ["audit", folder / "bundle", *data]):
        done = run(*arguments, "--out", out)
        assert (done.code, done.out) == (2, "")
        assert f"the output folder '{out}' cannot be created or written to" in done.err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_cannot_be_written_to(folder, run, tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr("tabinterp.atomic_io.secrets.token_hex", refuse)
    done = run("render", folder / "audit" / "audit.json", "--out", tmp_path / "report.html")
    assert (done.code, done.out) == (2, "")
    assert "Permission denied" in done.err
    assert str(tmp_path) in done.err


AUDITS = {
    "empty": (b"", "not JSON"),
    "another file": (b'{"a": 1}', "schema_version 'none'"),
    "not text": (b"\xff\xfe", "not JSON"),
    "a report": (b"<!DOCTYPE html>", "Give the folder of the audit, or its audit.json"),
    "a list": (b"[]", "must be a JSON object"),
    "cut": (None, "not JSON"),
}


@pytest.mark.parametrize("case", AUDITS)
def test_an_audit_that_cannot_be_rendered(case, folder, run, tmp_path):
    content, words = AUDITS[case]
    path = tmp_path / "audit.json"
    path.write_bytes((folder / "audit" / "audit.json").read_bytes()[:-9] if content is None else content)
    done = run("render", path, "--out", tmp_path / "report.html")
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert list(tmp_path.iterdir()) == [path]


def test_the_folder_of_an_audit_stands_for_the_audit(folder, run, tmp_path):
    audit = folder / "audit" / "audit.json"
    for command, *more in (("check",), ("evidence",), ("migrate",), ("compare", audit)):
        by_file, by_folder = (run(command, path, *more) for path in (audit, audit.parent))
        assert by_folder == by_file
        assert by_folder.code == (ti.Audit.from_json(audit).check().exit_code if command == "check" else 0)
    assert run("render", audit.parent, "--out", tmp_path / "report.html").code == 0
    (tmp_path / "empty").mkdir()
    done = run("check", tmp_path / "empty")
    assert (done.code, done.out) == (2, "")
    assert "empty/audit.json" in done.err


def test_render_needs_an_audit_and_a_file_to_write(folder, run, tmp_path):
    assert "No such file" in run("render", tmp_path / "audit.json", "--out", tmp_path / "r.html").err
    assert "bundle/audit.json' cannot be read" in run("render", folder / "bundle", "--out", tmp_path / "r.html").err
    done = run("render", folder / "audit" / "audit.json", "--out", tmp_path)
    told = f"'{tmp_path}' is a folder, but the output must be a file. Give the name of a file"
    assert (done.code, done.err) == (2, f"error: {told}\n")


def test_usage(run):
    for arguments in ([], ["nonsense"], ["audit"], ["render", "a.json"]):
        done = run(*arguments)
        assert done.code == 2
        assert "Usage" in done.out + done.err


def test_columns_the_model_reads_may_not_be_dropped(folder, run, tmp_path):
    done = run(
        "audit", folder / "bundle", "--data", folder / "people.csv", "--out", tmp_path, "--drop", "own", "--quiet"
    )
    assert (done.code, done.out) == (2, "")
    assert "'own' (has the role dropped)" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_first_date_is_held_out_kept_in_the_bundle_and_recorded(run, tmp_path):
    dates = pd.date_range("2024-01-01", periods=600).strftime("%Y-%m-%d")
    data = tmp_path / "dated.csv"
    people().drop(columns="remark").assign(day=dates).to_csv(data, index=False)
    asked = ["--data", data, "--target", "paid", "--split", "day", "--split-at", "2024-12-01"]
    done = run("train", *asked, "--out", tmp_path / "bundle", "--quiet")
    assert (done.code, done.err) == (0, "")
    assert ti.load_model(tmp_path / "bundle").split.at.startswith("2024-12-01")
    only = ["--analyses", "effects", "--rows", "50", "--quiet"]
    for name, more in (("again", []), ("same", asked[2:]), ("other", [*asked[2:-1], "2024-06-01"])):
        done = run("audit", tmp_path / "bundle", "--data", data, *more, "--out", tmp_path / name, *only)
        if name == "other":  # the network was trained on rows that would be held out
            assert done.code == 2
            continue
        assert done.code == 0, done.err
        document = ti.Audit.from_json(tmp_path / name / "audit.json").document
        assert document.data.held_out_rows == (dates >= "2024-12-01").sum()
        assert document.settings.table.split == "day"
        assert document.settings.table.split_at.startswith("2024-12-01")


def test_a_split_that_contradicts_the_models_own_is_refused(folder, run, tmp_path):
    data = ["--data", folder / "people.csv", "--out", tmp_path, "--quiet"]
    done = run("audit", folder / "bundle", *data, "--split", "0.5")
    assert (done.code, done.out) == (2, "")
    assert "were used to train the model" in done.err


# ---- Ctrl-C


@pytest.mark.nightly
@pytest.mark.parametrize("old", [False, True])
def test_ctrl_c_leaves_no_half_written_file(folder, tmp_path, old):
    if old:
        for name in ("audit.json", "report.html", "run.json"):
            (tmp_path / name).write_text("old")
    asked = ["--data", folder / "people.csv", "--out", tmp_path, *(["--overwrite"] if old else [])]
    process = start("audit", folder / "bundle", *asked, cwd=tmp_path)
    line = process.stderr.readline()  # the audit has begun
    assert line.startswith("Auditing network")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "interrupted"
    assert "Traceback" not in err
    left = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert left == ({"audit.json": "old", "report.html": "old", "run.json": "old"} if old else {})


def test_the_bar_tells_rows_per_second(monkeypatch):
    stream = StringIO()
    monkeypatch.setattr("rich.console.Console", lambda stderr: Console(file=stream, force_terminal=True, width=130))
    with progress(False) as bar:
        bar.rows("inferring the schema", 100, None)
        for rows in (0, 300, 600):
            bar.step("counterpart", 0.5)
            bar.rows("", rows, 1000)
            time.sleep(0.01)
        bar.say("a line")
    assert "100 rows" in stream.getvalue()
    assert re.search(r"600 rows, [\d,]+ rows/s", stream.getvalue())


FITTING = """
import hashlib
from pathlib import Path
from tabinterp.auditing import signals as interrupt
try:
    with interrupt.interruptible(), interrupt.last(lambda: Path("said").write_text("kept")):
        told = False
        while True:
            try:  # a step of minutes, in which Python hands out no signal, inside of what swallows every error
                if not told:
                    told = True
                    print("fitting", flush=True)
                hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)
            except BaseException:
                pass
finally:
    Path("said").write_text("went on")
"""


def test_ctrl_c_ends_what_does_not_give_way(tmp_path):
    """It would go on for longer than is waited here."""
    process = subprocess.Popen(
        [sys.executable, "-c", FITTING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline() == "fitting\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "interrupted\n")
    assert process.returncode == 130
    assert (tmp_path / "said").read_text() == "kept"


def test_an_interrupt_that_a_library_turns_into_an_error_is_still_one(run, tmp_path, monkeypatch):
    def half_imported(path, **how):
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException:
            raise RuntimeError("Error calling __set_name__") from None

    monkeypatch.setattr(ti, "load_model", half_imported)
    assert run("audit", tmp_path, "--data", tmp_path, "--out", tmp_path) == Ran(130, "", "interrupted\n")


def test_a_scan_that_was_stopped_is_gone_on_with(folder, run, tmp_path, monkeypatch):
    (tmp_path / "parts").mkdir()
    people().to_parquet(tmp_path / "parts" / "0.parquet")
    asked = ("audit", folder / "bundle", "--data", tmp_path / "parts", "--out", tmp_path / "out", "--quiet")
    kept = tmp_path / "out" / ".tabinterp-resume"
    monkeypatch.setattr(ti, "audit", lambda *_, **how: signal.raise_signal(signal.SIGINT))
    done = run(*asked)
    told = f"Saving progress in {str(kept)!r}. To continue after an interruption, run the same command with --resume."
    assert done == Ran(130, "", f"{told}\ninterrupted\n")
    assert {path.name for path in kept.iterdir()} == {"about.json", "columns.npz", "drawn.npz"}

    reads = []
    monkeypatch.setattr(batches, "_read", lambda *_: reads.append(1))
    assert run(*asked, "--resume").code == 130
    assert not reads
    other = run(*asked, "--resume", "--seed", "1", "--drop", "remark", "--drop", "own")
    assert (other.code, other.err) == (
        2,
        f"{told}\nerror: the saved state in {str(kept)!r} is from a different audit and cannot be resumed. The two audits "
        f"differ in: drop, seed. Start again with --overwrite instead of --resume\n",
    )
    assert kept.exists()

    document = ti.Audit.from_json((folder / "audit" / "audit.json").read_bytes())
    monkeypatch.setattr(ti, "audit", lambda *_, **how: document)
    assert run(*asked, "--resume").code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "audit.json",
        "report.html",
        "run.json",
        "SHA256SUMS",
    }


def test_nothing_of_rows_that_are_read_whole_is_kept(folder, run, tmp_path, monkeypatch):
    monkeypatch.setattr(ti, "audit", lambda *_, **how: signal.raise_signal(signal.SIGINT))
    done = run("audit", folder / "bundle", "--data", folder / "people.csv", "--out", tmp_path, "--quiet", "--resume")
    data = str(folder / "people.csv")
    told = f"--resume has no effect, because {data!r} is not read in batches and no state is saved for it."
    assert done == Ran(130, "", f"{told} The audit starts from the beginning.\ninterrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_between_two_files_leaves_none(folder, run, tmp_path, monkeypatch):
    whole = os.replace

    def interrupted(source: str, target: Path) -> None:
        if Path(target).name == "audit.json":
            signal.raise_signal(signal.SIGINT)
        whole(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    asked = ["--data", folder / "people.csv", "--out", tmp_path, "--rows", 100, "--quiet", "--analyses", "calibration"]
    done = run("audit", folder / "bundle", *asked)
    assert done == Ran(130, "", "interrupted\n")
    assert list(tmp_path.iterdir()) == []
