"""Analyses side by side: the document does not depend on the number of jobs, and nothing is left running."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import tabinterp as ti
from tabinterp.analyses import ANALYSES, chosen
from tabinterp.analyses.calibration import estimator as calibration
from tabinterp.analyses.slices import estimator as slices
from tabinterp.auditing.signals import interruptible
from tabinterp.auditing.workers import independent
from tabinterp.errors import TabinterpError
from tabinterp.threads import cores

ROOT = Path(__file__).resolve().parent.parent
SOME = ["recalibration", "boosted_trees", "alternatives", "linear_regions", "effects", "hidden_units", "slices"]
ALONE = ["recalibration", "calibration", "slices", "extrapolation"]  # none needs another


def table(rows: int = 300) -> ti.Table:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)), columns=["a", "b", "c"])
    frame["sex"] = rng.choice(["f", "m"], rows)
    frame["y"] = np.where(frame.a * frame.b + 0.5 * rng.normal(size=rows) > 0, "yes", "no")
    asked = {"positive": "yes", "adverse": "no", "protected": ["sex"], "drop": ["sex"]}
    return ti.read_table(frame, target="y", split=0.5, **asked)


def network() -> ti.Model:
    """In single precision, in which a score depends on the rows beside it."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    return ti.wrap(module, encoder="passthrough", classes=["no", "yes"])


def audit(jobs: int | None, analyses: list[str], **settings) -> ti.Audit:
    return ti.audit(network(), table(), rows=60, analyses=analyses, jobs=jobs, **settings)


@pytest.fixture
def watched(monkeypatch, tmp_path):
    """Notes the process in which each analysis runs, and does there what a test asks for before it; returns what was noted."""
    notes = tmp_path / "ran"
    notes.touch()

    def watch(before=None):
        for analysis in ANALYSES:
            module = import_module(f"tabinterp.analyses.{analysis.name}.{analysis.estimator}")

            def run(context, name=analysis.name, own=module.run):
                with notes.open("a") as file:
                    file.write(f"{name} {os.getpid()} {cores()} {torch.get_num_threads()}\n")
                if before is not None:
                    before(name)
                return own(context)

            monkeypatch.setattr(module, "run", run)
        return lambda: [line.split() for line in notes.read_text().splitlines()]

    return watch


def runs(process: str) -> bool:
    """Whether a process is there, and not only its exit code."""
    try:
        return Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children() -> set[str]:
    return set(" ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")).split())


@pytest.mark.parametrize("numbers", [(1, 3), pytest.param((1, 2, 3), marks=pytest.mark.nightly)])
def test_the_document_is_the_same_for_any_number_of_jobs(numbers):
    audits = [audit(jobs, SOME) for jobs in numbers]
    assert len({one.to_json() for one in audits}) == 1
    for one in audits:
        assert [*one.run["seconds"]][-len(chosen(SOME)) :] == [analysis.name for analysis in chosen(SOME)]


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.nightly), 3])
def test_each_analysis_runs_once_and_what_needs_another_in_the_same_process(watched, jobs):
    before, noted = children(), watched()
    assert audit(jobs, SOME).run["jobs"] == jobs
    ran = noted()
    names = [one.name for one in chosen(SOME)]
    assert sorted(name for name, *_ in ran) == sorted(names)
    processes = {name: process for name, process, *_ in ran}
    assert (str(os.getpid()) in processes.values()) == (jobs == 1)
    assert 1 <= len(set(processes.values())) <= jobs
    for group in independent(chosen(SOME)):
        assert len({processes[one.name] for one in group}) == 1
        assert [name for name, *_ in ran if name in {one.name for one in group}] == [one.name for one in group]
    assert {(free, threads) for *_, free, threads in ran} == {("1", "1")}  # neither level takes the cores of the other
    assert children() == before


def test_without_a_number_there_are_as_many_as_torch_has_threads():
    threads = torch.get_num_threads()
    try:
        for given, expected in ((2, 2), (9, 4)):
            torch.set_num_threads(given)
            assert audit(None, ["slices"]).run["jobs"] == expected
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("jobs", [1, 2])
def test_failures_are_told_in_the_order_of_the_list(watched, jobs, tmp_path):
    """Though one further down fails first, and for any number of workers."""
    before, failed = children(), tmp_path / "failed"

    def fail(name):
        if name == "extrapolation":
            failed.touch()
            raise ValueError("the last of the list")
        if name == "calibration":
            deadline = time.monotonic() + 60
            while jobs > 1 and not failed.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            raise ZeroDivisionError("before it in the list")

    noted = watched(fail)
    notes = audit(jobs, ALONE).document.failed
    assert [(one.values["analysis"], one.values["error"]) for one in notes] == [
        ("calibration", "ZeroDivisionError"),
        ("extrapolation", "ValueError"),
    ]
    assert [name for name, *_ in noted() if name in ("calibration", "extrapolation")].count("calibration") == 1
    assert children() == before


def test_what_a_lost_worker_leaves_runs_here(watched):
    """Such as one that the system ended because memory ran out."""
    expected, own = audit(1, ALONE).to_json(), os.getpid()
    noted = watched(lambda name: os.getpid() != own and name == "slices" and os.kill(os.getpid(), signal.SIGKILL))
    assert audit(2, ALONE).to_json() == expected
    assert [process == str(own) for name, process, *_ in noted() if name == "slices"] == [False, True]


def test_a_warning_of_a_worker_is_one_of_the_audit(watched):
    watched(lambda name: name == "slices" and warnings.warn("of slices", UserWarning, stacklevel=1))
    with pytest.warns(UserWarning, match="of slices"):
        audit(2, ALONE)


def test_progress_only_grows_and_names_every_analysis():
    told: list[tuple[str, float]] = []
    audit(2, SOME, progress=lambda *one: told.append(one))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert {one.name.replace("_", " ") for one in chosen(SOME)} <= {name for name, _ in told}


def test_a_black_box_is_asked_in_this_process_alone(watched):
    """What stands behind a function may have threads, of which a fork would have none."""
    noted = watched()
    model = ti.wrap(lambda frame: 1 / (1 + np.exp(-frame["a"] * frame["b"])), classes=["no", "yes"])
    ti.audit(model, table(), rows=60, analyses=ALONE, jobs=2)
    assert {process for _, process, *_ in noted()} == {str(os.getpid())}


def test_fewer_jobs_than_one_are_refused():
    with pytest.raises(TabinterpError, match="must be at least 1; got jobs=0"):
        audit(0, ALONE)


THREADED = """
import numpy as np, torch
from sklearn.ensemble import HistGradientBoostingClassifier
from tests.test_jobs import audit, children

torch.set_num_threads(2)
x = np.random.default_rng(0).normal(size=(5_000, 10))
HistGradientBoostingClassifier(max_iter=5).fit(x, x[:, 0] > 0)  # threads of OpenMP
weight = torch.randn(600, 600, requires_grad=True)
(weight @ weight).sum().backward()  # those of torch
x @ x.T[:, :600]  # those of BLAS
assert audit(None, ["boosted_trees", "extrapolation", "ladder", "gradients", "slices"]).run["jobs"] == 2
assert children() == set()
"""


@pytest.mark.nightly
def test_a_worker_needs_none_of_the_threads_that_this_process_has_had():
    """A library that waits for a thread that a fork does not have waits for ever."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", THREADED], cwd=ROOT, env=environment, check=True, timeout=300)


def endless(folder: Path) -> None:
    """An audit of which two analyses note their process and then take for ever."""

    def run(context):
        (folder / str(os.getpid())).touch()
        time.sleep(600)

    calibration.run = slices.run = run
    try:
        with interruptible():
            audit(2, ALONE)
    except BaseException:
        sys.exit(130)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_an_audit_that_is_stopped(tmp_path, number):
    process = multiprocessing.get_context("fork").Process(target=endless, args=(tmp_path,))
    process.start()

    def wait_for(reached) -> None:
        deadline = time.monotonic() + 120
        while not reached():
            assert process.exitcode is None or reached.__name__ == "gone"
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def begun() -> bool:
        return len([*tmp_path.iterdir()]) == 2

    def gone() -> bool:
        return not any(runs(path.name) for path in tmp_path.iterdir())

    wait_for(begun)
    os.kill(process.pid, number)
    process.join(60)
    assert process.exitcode == (-number if number == signal.SIGKILL else 130)
    wait_for(gone)
