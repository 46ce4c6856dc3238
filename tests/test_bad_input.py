"""Input that nobody would give on purpose: an error in words and exit code 2; a bug of ours: exit code 70; never a traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.atomic_io import read_regular
from tabinterp.errors import TabinterpError
from tabinterp.exit_codes import ExitCode
from tests.shared import every_nth

from .models import hostile
from .test_attestation import folder  # noqa: F401  # a fixture
from .test_cli_files import command  # noqa: F401  # a fixture

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60  # seconds after which a command that waits for an endless file is stopped, and the test with it


@pytest.fixture(autouse=True)
def _no_command_waits():
    def stop(*_: object) -> None:
        pytest.fail("the command waits for what never comes")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def refused(ran: tuple[int, str, str], *words: str) -> None:
    code, out, err = ran
    assert (code, out) == (2, ""), err
    assert "Traceback" not in err
    assert "internal error" not in err
    for word in words:
        assert word in err


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("place")
    draw = np.random.default_rng(0)
    rows = pd.DataFrame(draw.normal(size=(60, 3)), columns=["a", "b", "c"])
    rows.assign(y=(rows.a > 0).astype(int)).to_csv(place / "table.csv", index=False)
    ti.save_model(ti.wrap(hostile.estimator()), place / "model.zip")
    return place


# ---- tables


HUGE = "9" * 400
TABLES = {
    "a number of 400 digits": (lambda i: f"{i},{HUGE if i == 3 else i},{i % 2}", "a whole number outside ±1.8e308"),
    "a column of them": (lambda i: f"{i},{HUGE},{i % 2}", "a whole number outside ±1.8e308"),
    "a negative one in the target": (lambda i: f"{i},{i},-{HUGE if i == 3 else i}", "a whole number outside ±1.8e308"),
    "a number beyond floats": (lambda i: f"{i},1e999,{i % 2}", "All numbers must be finite"),
    "bytes that are no text": (lambda i: f"{i},\udcff,{i % 2}", "UTF-8"),
    "more cells than names": (lambda i: f"{i},1,2,3,{i % 2}", "cells"),
}


@pytest.mark.parametrize("batches", [False, True])
@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_cannot_be_computed_with(case, batches, tmp_path):
    line, words = TABLES[case]
    path = tmp_path / "t.csv"
    lines = "\n".join(["a,b,y", *map(line, range(40))])
    path.write_bytes(lines.encode("utf-8", "surrogateescape"))
    with pytest.raises(TabinterpError, match=words):
        (ti.scan_table if batches else ti.read_table)(path, target="y")


@pytest.mark.parametrize("name", ["junk.txt", "zzz.txt", "0.parquet.tmp"])
def test_a_folder_of_parquet_files_that_holds_something_else(name, place, tmp_path):
    """First or last in the order of names, before or after the schema is known."""
    pd.read_csv(place / "table.csv").to_parquet(tmp_path / "k.parquet")
    (tmp_path / name).write_text("hello")
    with pytest.raises(TabinterpError, match=f"cannot be read as Parquet.*{name}"):
        ti.scan_table(tmp_path, target="y")


def test_a_table_whose_name_is_no_text(place, tmp_path, command):  # noqa: F811
    """Found in time, and so not an error at all: the name is data's, and is shown with a mark."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")
    shutil.copy(place / "table.csv", path)
    assert ti.read_table(path, target="y").name == "caf\ufffd"
    (tmp_path / "parts").mkdir()
    pd.read_csv(path).to_parquet(tmp_path / "parts" / "0.parquet")
    parts = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    os.rename(tmp_path / "parts", parts)
    refused(command("audit", place / "model.zip", "--data", path, "--target", "no", "--out", tmp_path / "out"))


NUMBERS = [
    ("--rows", 10**21), ("--rows", 2**63), ("--rows", -(10**21)), ("--seed", 10**21), ("--split", "1e999"),
    ("--margin", "1e999"), ("--threshold", "nan"), ("--costs", "1:1e999"), ("--rows", HUGE), ("--positive", HUGE),
]  # fmt: skip


@pytest.mark.parametrize(("option", "value"), NUMBERS)
def test_a_number_that_is_too_large(option, value, place, tmp_path, command):  # noqa: F811
    asked = ("audit", place / "model.zip", "--data", place / "table.csv", "--target", "y", "--out", tmp_path)
    refused(command(*asked, option, value, "--quiet"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["", " ", ",,"])
def test_a_list_of_no_analyses_leaves_out_none_in_silence(value, place, tmp_path, command):  # noqa: F811
    """An unset variable of a shell must not make an audit of nothing, which every gate passes."""
    given = ("--data", place / "table.csv", "--target", "y", "--out", tmp_path / "out", "--analyses", value)
    refused(command("audit", place / "model.zip", *given), "--analyses", "effects", repr(value))


@pytest.mark.parametrize("key", [(), ("--key", "a")])
def test_a_query_that_fails_leaves_nothing_to_go_on_with(key, place, tmp_path, command):  # noqa: F811
    sqlite3.connect(tmp_path / "loans.db").close()
    query = ("--data", f"sqlite:///{tmp_path / 'loans.db'}", "--query", "SELECT * FROM nowhere", *key)
    for _ in range(2):
        given = (*query, "--target", "y", "--out", tmp_path / "out", "--quiet")
        refused(command("audit", place / "model.zip", *given), "no such table: nowhere")
    assert not (tmp_path / "out").exists()


def test_a_number_that_is_too_large_in_python(place):
    table = ti.read_table(place / "table.csv", target="y")
    with pytest.raises(TabinterpError, match="must be between 2 and 2,147,483,647"):
        ti.audit(ti.load_model(place / "model.zip"), table, rows=10**21)


# ---- files that are no files


def plant(path: Path, what: str) -> None:
    """Something else in the place of a file."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "loop":
        path.symlink_to(path.name)
    elif what == "empty":
        path.write_bytes(b"")
    elif what == "binary":
        path.write_bytes(bytes(range(256)) * 40)
    elif what == "deep":
        path.write_bytes(b"[" * 100_000)
    else:
        path.symlink_to("/dev/zero")


WHAT = ["pipe", "endless", "folder", "loop", "empty", "binary", "deep"]
NAMES = ["SHA256SUMS", "audit.json", "report.html", "run.json", "attestation.dsse.json"]


@pytest.mark.parametrize(("name", "what"), every_nth(2, product(NAMES, WHAT)))
def test_verify_ends_whatever_stands_in_the_place_of_a_file(what, name, folder, command):  # noqa: F811
    ti.sign(folder / "out", folder / "key.pem")
    plant(folder / "out" / name, what)
    code, out, err = command("verify", folder / "out", "--key", folder / "key.pub.pem")
    assert code in (ExitCode.FAILED, ExitCode.BAD_INPUT), (out, err)
    assert "internal error" not in err
    assert len(out + err) > 20
    code, _, err = command("sign", folder / "out", "--key", folder / "key.pem")
    assert code == 2 or (name == "attestation.dsse.json" and code == 0), err  # that one is written anew
    assert "internal error" not in err


@pytest.mark.parametrize("what", WHAT)
def test_every_command_refuses_what_is_no_file(what, folder, place, command, tmp_path):  # noqa: F811
    path, sound, out = tmp_path / "planted", folder / "out" / "audit.json", tmp_path / "made"
    ti.sign(folder / "out", folder / "key.pem")
    plant(path, what)
    audit = ("audit", place / "model.zip", "--data", place / "table.csv", "--target", "y", "--out", out)
    for arguments in (
        ("render", path, "--out", out),
        ("check", path),
        *((() if what == "empty" else ("check", sound, "--policy", path)),),
        ("compare", path, sound),
        ("compare", sound, path),
        ("evidence", path),
        *((() if what == "empty" else ("evidence", sound, "--mapping", path)),),
        ("sign", folder / "out", "--key", path),
        ("verify", folder / "out", "--key", path),
        ("audit", path, "--data", place / "table.csv", "--target", "y", "--out", out),
        ("audit", place / "model.zip", "--data", path, "--target", "y", "--out", out),
        ("convert", path, "--out", out),
        *((() if what == "empty" else (*audit, "--card", path)),),
        (*audit, "--constraints", path),
        ("train", "--data", path, "--target", "y", "--out", out),
    ):
        if arguments:
            refused(command(*arguments))
    assert not out.exists()


def test_a_file_is_read_up_to_its_limit(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_regular(tmp_path / "file", 5) == b"12345"
    with pytest.raises(OSError, match="the limit is 4 bytes"):
        read_regular(tmp_path / "file", 4)


@pytest.mark.parametrize("form", ["text", "json", "markdown", "junit", "sarif"])
def test_a_path_that_is_no_text(form, folder, command):  # noqa: F811
    path = os.fsdecode(os.fsencode(folder) + b"/caf\xe9")
    os.rename(folder / "out", path)
    code, out, err = command("check", f"{path}/audit.json", "--format", form)
    assert code == 1, err  # the sample's checks are raised
    if form in ("json", "sarif"):
        found = json.loads(out)
        assert form == "json" or found["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"][
            "uri"
        ].endswith("caf%E9/audit.json")
    code, out, err = command("render", f"{path}/audit.json", "--out", f"{path}/r.html")
    assert (code, err) == (0, "")


# ---- what nobody foresaw


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ZeroDivisionError("division by zero"), 70, "internal error: ZeroDivisionError: division by zero"),
        (RecursionError("too deep"), 70, "This is a bug in tabinterp"),
        (KeyError("x"), 70, "report the bug and attach the file"),
        (MemoryError(), 2, "not enough memory"),
        (np._core._exceptions._ArrayMemoryError((10**9,), np.dtype(float)), 2, "not enough memory (Unable to allocate"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 2, "not enough memory"),
        (FileNotFoundError(2, "No such file", "x"), 2, "error: No such file: 'x'"),
        (TabinterpError("wrong"), 2, "error: wrong"),
        (BrokenPipeError(32, "Broken pipe"), 2, ""),  # nobody reads it
    ],
)
def test_the_last_resort(error, code, words, tmp_path, command, monkeypatch):  # noqa: F811
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(ti, "inspect_model", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = command("inspect", "model")
    assert found[:2] == (code, "")
    assert words in found[2]
    assert "Traceback" not in found[2]
    saved = [*tmp_path.iterdir()]
    assert len(saved) == (code == 70)
    for one in saved:
        assert one.stat().st_mode & 0o777 == 0o600
        assert type(error).__name__ in one.read_text()
        assert "Traceback" in one.read_text()


@pytest.mark.parametrize(
    ("to", "code"), every_nth(3, [("/dev/full", 2), ("a pipe that nobody reads", 2), ("nothing", 0)])
)
def test_what_cannot_be_printed_is_no_failed_gate(to, code):
    """Of a real process: nothing of Python's own is said, and the exit code is not that of a gate."""
    reader, writer = os.pipe()
    os.close(reader)
    shell = {"/dev/full": ">/dev/full", "nothing": ">&-"}.get(to, f">&{writer}")
    done = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -m tabinterp.cli.commands checks {shell}'],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        pass_fds=[writer],
        check=False,
    )
    os.close(writer)
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
