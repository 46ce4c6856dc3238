"""A killed run, a full disk, a folder that cannot be written to, a broken template: the old files, or none; no half file."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest

import tabinterp as ti
from tabinterp import atomic_io
from tabinterp.errors import DocumentError
from tabinterp.report import html
from tests.test_attestation import audit, folder  # noqa: F401  # an audit, and a fixture
from tests.test_verification import command

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["report.html", "audit.json", "run.json", "SHA256SUMS"]
# As `write_folder` writes: four files of a megabyte at once; the process ends itself at the n-th call of a function of `os`.
WRITER = """
import os, signal, sys
from pathlib import Path
from tabinterp.atomic_io import write_all
target, function, when = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
whole, calls = getattr(os, function), []
def killed(*given):
    calls.append(0)
    if len(calls) == when:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*given)
setattr(os, function, killed)
write_all({target / name: b"new " * 250_000 for name in sys.argv[4:]})
"""
# The disk is full for this process: no file may grow beyond a tenth of what is to be written.
LIMITED = """
import resource, sys
from pathlib import Path
from tabinterp.atomic_io import write_all
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
target = Path(sys.argv[1])
try:
    write_all({target / "report.html": b"new", target / "audit.json": b"new " * 250_000})
except OSError as error:
    sys.exit(f"{error.strerror}")
"""


def program(code: str, *arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def seen(path: Path) -> dict[str, bytes]:
    """What a reader finds; what was begun and left has a name that begins with a dot."""
    return {one.name: one.read_bytes() for one in path.iterdir() if not one.name.startswith(".")}


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(("function", "when"), [("fsync", 1), ("fsync", 4), *(("replace", n) for n in range(1, 10))])
def test_a_killed_run_leaves_files_of_one_run(tmp_path, old, function, when):
    """Killed at every call: each file is whole, all are old or all are new, and no report stands without the others."""
    before = dict.fromkeys(NAMES, b"old") if old else {}
    for name, data in before.items():
        (tmp_path / name).write_bytes(data)
    done = program(WRITER, tmp_path, function, when, *NAMES)
    moves = 8 if old else 4
    assert done.returncode == (-signal.SIGKILL if function == "fsync" or when <= moves else 0), done.stderr
    found = seen(tmp_path)
    if function == "fsync":
        assert found == before
    else:  # the first moves set the old files aside, the others put new ones in place
        aside = min(when - 1, moves - 4)
        placed = min(when - 1, moves) - aside
        new = dict.fromkeys(NAMES[len(NAMES) - placed :], b"new " * 250_000)
        assert found == (new or dict.fromkeys(list(before)[aside:], b"old"))
    assert "report.html" not in found or set(found) == set(NAMES)


def test_a_run_that_is_stopped_between_two_files_puts_the_old_ones_back(folder, monkeypatch):  # noqa: F811
    out = folder / "out"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for when in range(1, 9):
        whole, calls = os.replace, []

        def stopped(*given, whole=whole, calls=calls, when=when):
            calls.append(0)
            if len(calls) == when:
                raise KeyboardInterrupt
            whole(*given)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", stopped)
            with pytest.raises(KeyboardInterrupt):
                ti.write_folder(audit(worse=False), out, {})
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before, when


def test_a_full_disk_leaves_the_old_files(tmp_path):
    for name in ("report.html", "audit.json"):
        (tmp_path / name).write_bytes(b"old")
    done = program(LIMITED, tmp_path)
    assert (done.returncode, done.stderr.strip()) == (1, os.strerror(errno.EFBIG))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "report.html": b"old",
        "audit.json": b"old",
    }


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refused(*_: object, **__: object) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@pytest.mark.parametrize(
    ("place", "fails", "words"),
    [("os.fsync", full, "No space left on device"), ("secrets.token_hex", refused, "Permission denied")],
)
def test_the_commands_say_so_and_leave_what_was_there(folder, monkeypatch, capsys, place, fails, words):  # noqa: F811
    out = folder / "out"
    ti.sign(out, folder / "key.pem")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setattr(place, fails)
    for arguments in (
        ("render", out / "audit.json", "--out", out / "report.html"),
        ("render", out / "audit.json", "--out", out / "bom.json", "--format", "cyclonedx"),
        ("check", out / "audit.json", "--out", out / "check.txt"),
        ("evidence", out / "audit.json", "--out", out / "evidence.csv"),
        ("sign", out, "--key", folder / "key.pem"),
    ):
        assert command(*arguments) == 2, arguments
        said = capsys.readouterr()
        assert words in said.err
        assert (said.out, "Traceback" in said.err) == ("", False)
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before, arguments


@pytest.mark.parametrize("template", ["{{ nothing_of_this_name }}", "{% if %}", None])
def test_a_broken_template_is_told_and_nothing_is_written(folder, monkeypatch, capsys, template):  # noqa: F811
    out = folder / "out"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    loader = jinja2.DictLoader({} if template is None else {"page.html": template})
    monkeypatch.setattr(html, "PackageLoader", lambda _: loader)
    monkeypatch.setattr(html, "_environment", html._environment.__wrapped__)  # made anew, with that loader
    assert command("render", out / "audit.json", "--out", out / "report.html") == 2
    said = capsys.readouterr().err
    assert "the template page.html cannot be rendered" in said
    assert "Traceback" not in said
    with pytest.raises(DocumentError):
        ti.write_folder(audit(worse=False), out, {})
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_folder_in_the_place_of_the_second_file_stops_the_first(tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(IsADirectoryError):
        atomic_io.write_all({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_what_is_written_is_what_was_given_and_the_umask_is_honoured(tmp_path, umask):
    contents = {tmp_path / str(n): os.urandom(n) for n in (0, 1, 100_000)}
    before = os.umask(umask)
    try:
        atomic_io.write_all(contents)
        atomic_io.write(tmp_path / "alone", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "alone").stat().st_mode & 0o777 == 0o666 & ~umask
    for path, data in contents.items():
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(data).digest()
        assert path.stat().st_mode & 0o777 == 0o666 & ~umask
