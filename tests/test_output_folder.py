"""The folder that an audit writes to: one writer at a time, no rows left behind, nothing half-written, whatever happens."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.atomic_io import RESUME, make_private, output_folder, write
from tabinterp.errors import TabinterpError
from tabinterp.file_names import AUDIT, BUNDLE
from tabinterp.table.checkpoints import Keeping

from .models import hostile
from .test_attestation import folder as signable  # noqa: F401  # a fixture
from .test_cli_files import command  # noqa: F401  # a fixture

ROOT = Path(__file__).resolve().parent.parent
ASKED = ("--target", "y", "--rows", 50, "--quiet", "--out")
ONE = ("--analyses", "calibration")
FILES = {"audit.json", "report.html", "run.json", "SHA256SUMS"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model, and its rows as a file that is read whole and as a folder that is read in batches."""
    folder = tmp_path_factory.mktemp("place")
    draw = np.random.default_rng(0)
    rows = pd.DataFrame(draw.normal(size=(60, 3)), columns=["a", "b", "c"])
    rows["y"] = (rows.a + draw.normal(size=60) > 0).astype(int)
    rows.to_csv(folder / "table.csv", index=False)
    (folder / "parts").mkdir()
    rows.to_parquet(folder / "parts" / "0.parquet")
    ti.save_model(ti.wrap(hostile.estimator()), folder / "model.zip")
    return folder


def leave_rows(place: Path, out: Path) -> Path:
    """What an audit leaves that is killed once it has read its rows."""
    keep = Keeping(out / RESUME, {}, every=0)
    ti.scan_table(place / "parts", target="y", keep=keep)
    assert {path.name for path in (out / RESUME).iterdir()} == {"about.json", "columns.npz", "drawn.npz"}
    return out / RESUME


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# ---- what is kept of an audit that was stopped


def test_an_audit_of_rows_that_are_read_whole_clears_what_was_kept(place, tmp_path, command):  # noqa: F811
    kept = leave_rows(place, tmp_path)
    asked = ("audit", place / "model.zip", "--data", place / "table.csv", *ASKED, tmp_path, *ONE)
    code, _, err = command(*asked)
    assert code == 2
    assert "Continue that audit with --resume, start again with --overwrite, or" in err
    assert names(kept) == {"about.json", "columns.npz", "drawn.npz"}
    code, _, err = command(*asked, "--overwrite")
    assert code == 0, err
    assert f"The saved state of an interrupted audit in {str(kept)!r} was deleted" in err
    assert names(tmp_path) == FILES
    # and so does whoever writes the folder in Python
    leave_rows(place, tmp_path)
    ti.write_folder(ti.Audit.from_json(tmp_path / "audit.json"), tmp_path, {})
    assert names(tmp_path) == FILES


def test_without_resume_a_scan_clears_what_was_kept_and_says_so(place, tmp_path):
    kept, said = leave_rows(place, tmp_path), []
    ti.scan_table(place / "parts", target="y", keep=Keeping(kept, {}, say=said.append))
    assert not kept.exists()
    assert len(said) == 1
    assert "was deleted" in said[0]


@pytest.mark.parametrize("umask", [0, 0o022])
def test_what_is_kept_is_for_nobody_else(place, tmp_path, umask):
    """Files too: a folder may be opened later."""
    before = os.umask(umask)
    try:
        kept = leave_rows(place, tmp_path / "out")
        base = "sqlite:///" + str(tmp_path / "loans.db")
        with __import__("sqlite3").connect(tmp_path / "loans.db") as loans:
            pd.read_parquet(place / "parts").to_sql("loans", loans, index=False)
        keep = Keeping(tmp_path / "query" / RESUME, {}, every=0)
        ti.scan_table(base, query="SELECT * FROM loans", target="y", keep=keep)
    finally:
        os.umask(before)
    for folder in (kept, keep.folder):
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
        assert len(modes) > 3
        assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
        assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert any(path.suffix == ".parquet" for path in keep.folder.rglob("*"))


def test_a_folder_that_others_may_enter_is_closed(tmp_path):
    (tmp_path / RESUME).mkdir(mode=0o777)
    make_private(tmp_path / RESUME)
    assert stat.S_IMODE((tmp_path / RESUME).stat().st_mode) == 0o700


PLANTED = {
    "the folder is a link": lambda kept, other: (kept.rename(other / "moved"), kept.symlink_to(other / "moved")),
    "a state is a link": lambda kept, other: (
        (kept / "drawn.npz").rename(other / "drawn.npz"),
        (kept / "drawn.npz").symlink_to(other / "drawn.npz"),
    ),
    "what it is of is a link": lambda kept, other: (
        (kept / "about.json").rename(other / "about.json"),
        (kept / "about.json").symlink_to(other / "about.json"),
    ),
    "a link to write through": lambda kept, other: (kept / "sums-001.npz").symlink_to(other / "mine"),
    "the rows of a query are a link": lambda kept, other: (kept / "rows").symlink_to(other),
    "a pipe": lambda kept, other: (
        (kept / "drawn.npz").unlink(),
        os.mkfifo(kept / "drawn.npz"),
    ),
    "the folder is a file": lambda kept, other: (kept.rename(other / "moved"), kept.write_text("")),
}


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("case", PLANTED)
def test_links_are_refused(case, resume, place, tmp_path):
    kept, other = leave_rows(place, tmp_path / "out"), tmp_path / "other"
    other.mkdir()
    PLANTED[case](kept, other)
    before = {path: path.read_bytes() for path in other.rglob("*") if path.is_file()}
    with pytest.raises(OSError, match=r"must not be a link|tabinterp did not create"):
        ti.scan_table(place / "parts", target="y", keep=Keeping(kept, {}, resume=resume, every=0))
    assert {path: path.read_bytes() for path in other.rglob("*") if path.is_file()} == before


def test_a_folder_of_another_user_is_refused(place, tmp_path, monkeypatch):
    kept = leave_rows(place, tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: kept.stat().st_uid + 1)
    with pytest.raises(PermissionError, match="it belongs to another user"):
        ti.scan_table(place / "parts", target="y", keep=Keeping(kept, {}, resume=True))


# ---- one writer at a time


def test_a_second_audit_is_refused_and_sigterm_keeps_the_work_of_the_first(place, tmp_path, command):  # noqa: F811
    """The first is held while the second is told; it ends as Ctrl-C ends it, and its rows are cleared by the next."""
    asked = ("audit", place / "model.zip", "--data")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tabinterp.cli.commands",
            *map(str, (*asked, place / "parts", *ASKED[:-2], *ONE, "--out", tmp_path)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stderr.readline().startswith("Auditing")
        process.send_signal(signal.SIGSTOP)
        code, out, err = command(*asked, place / "table.csv", *ASKED, tmp_path)
        assert (code, out) == (2, "")
        assert "Another audit or training run is writing to this folder" in err
        assert names(tmp_path) <= {RESUME}
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err.splitlines()[-1] == "interrupted"
    assert "run the same command with --resume" in err
    assert names(tmp_path) == {RESUME}
    code, _, err = command(*asked, place / "parts", *ASKED, tmp_path, *ONE, "--resume")
    assert code == 0, err
    assert "starts from the beginning" not in err
    assert names(tmp_path) == FILES


HOLDER = """
import sys
from pathlib import Path
from tabinterp.atomic_io import output_folder
with output_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_ends_with_its_process(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline() == "held\n"
    with pytest.raises(BlockingIOError, match="Another audit"), output_folder(tmp_path):
        pass
    process.kill()
    process.communicate()
    with output_folder(tmp_path), output_folder(tmp_path):  # what it calls may lock it too
        assert list(tmp_path.iterdir()) == []  # the lock is no file
    with output_folder(tmp_path):
        pass


# ---- before the work, and when the disk is full


def test_a_folder_that_cannot_be_written_to_is_found_before_the_work(place, tmp_path, command, monkeypatch):  # noqa: F811
    read_only = Path("/proc/self/fdinfo")  # not even by root
    if not read_only.exists():
        read_only = tmp_path / "read only"
        read_only.mkdir(mode=0o500)
    work: list[str] = []
    for name in ("open_table", "read_table"):
        monkeypatch.setattr(ti, name, lambda *_, name=name, **__: work.append(name))
    for arguments in (
        ("audit", place / "model.zip", "--data", place / "table.csv", *ASKED, read_only),
        ("train", "--data", place / "table.csv", "--target", "y", "--out", read_only),
    ):
        code, out, err = command(*arguments)
        assert (code, out, work) == (2, "", [])
        assert f"the output folder '{read_only}' cannot be created or written to" in err


def test_a_folder_that_stays_empty_is_not_left(tmp_path):
    with pytest.raises(ZeroDivisionError), output_folder(tmp_path / "a" / "b"):
        _ = 1 / 0
    assert not (tmp_path / "a" / "b").exists()
    with output_folder(tmp_path / "c"):
        write(tmp_path / "c" / "file", b"")
    assert names(tmp_path / "c") == {"file"}


def test_a_full_disk_leaves_the_old_files_and_is_told(place, tmp_path, command):  # noqa: F811
    """No file may grow beyond what the document needs: the page does not fit."""
    for name in FILES:
        (tmp_path / name).write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        asked = ("audit", place / "model.zip", "--data", place / "table.csv", *ASKED, tmp_path, "--overwrite")
        code, out, err = command(*asked)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (code, out) == (2, "")
    assert f"error: File too large: {str(tmp_path / 'report.html')!r}" in err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(FILES, "old")


def test_an_error_of_what_is_kept_is_told_as_such(place, tmp_path):
    """Whatever goes wrong while an audit goes on from states that somebody changed: what to do about it."""
    leave_rows(place, tmp_path)
    with (
        pytest.raises(
            TabinterpError,
            match=r"cannot be resumed .* Start again with --overwrite instead of --resume",
        ),
        ti.keeping(tmp_path, place / "model.zip", {}, resume=True, tell=print),
    ):
        _ = 1 / 0


# ---- what is no file stays


NO_FILES = {
    "a pipe": os.mkfifo,
    "a socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o600),
    "a link to a device": lambda path: path.symlink_to("/dev/null"),
    "a link to a file": lambda path: (path.with_name("file").write_text("old"), path.symlink_to("file")),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("case", NO_FILES)
def test_what_is_no_file_is_not_replaced_by_one(case, tmp_path):
    """A file in the place of /dev/null or /dev/stdout would be for every program of the machine."""
    NO_FILES[case](tmp_path / "out")
    before = {path: (path.lstat().st_mode, path.lstat().st_ino) for path in tmp_path.iterdir()}
    with pytest.raises(OSError, match=r"(must be a file|does not replace links|a device, pipe or socket)"):
        write(tmp_path / "out", b"new")
    assert {path: (path.lstat().st_mode, path.lstat().st_ino) for path in tmp_path.iterdir()} == before
    assert case != "a link to a file" or (tmp_path / "file").read_text() == "old"


def test_no_command_writes_over_a_pipe(signable, command):  # noqa: F811
    (signable / "policy.toml").write_text('[[severity]]\nseverity = "act"\nowner = "risk"\n')
    audit, pipe = signable / "out" / "audit.json", signable / "pipe"
    os.mkfifo(pipe)
    for arguments in (
        ("render", audit),
        ("render", audit, "--format", "markdown"),
        ("check", audit, "--policy", signable / "policy.toml"),
        ("compare", audit, audit),
        ("sign", signable / "out", "--key", signable / "key.pem"),
    ):
        code, out, err = command(*arguments, "--out", pipe)
        assert (code, out) == (2, ""), arguments
        assert f"The output must be a regular file, not a device, pipe or socket: {str(pipe)!r}" in err
        assert stat.S_ISFIFO(pipe.lstat().st_mode)


# ---- nothing is lost


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def occupied(out: Path, what: str) -> None:
    """What an earlier command wrote, or anything else."""
    out.mkdir()
    for name in {"audit": FILES, "bundle": BUNDLE_FILES}.get(what, {"thesis.tex", "figures/1.png", "audit.json"}):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(what)


BUNDLE_FILES = {"model.json", "model.safetensors", "encoder.skops", "counterpart/model.json", "seeds/12/model.json"}
OWN = {"audit": "audit", "train": "bundle", "convert": "bundle"}


@pytest.mark.parametrize("what", ["audit", "bundle", "thesis"])
@pytest.mark.parametrize("name", OWN)
def test_a_folder_that_is_not_empty_is_refused_before_the_work(name, what, place, tmp_path, command, monkeypatch):  # noqa: F811
    """With --overwrite too, unless it holds nothing but what the same command wrote."""
    out = tmp_path / "out"
    occupied(out, what)
    before, work = tree(out), list[str]()
    for function in ("open_table", "read_table", "save_model"):
        monkeypatch.setattr(ti, function, lambda *_, function=function, **__: work.append(function))
    arguments = {
        "audit": ("audit", place / "model.zip", "--data", place / "table.csv", *ASKED),
        "train": ("train", "--data", place / "table.csv", *ASKED[:2], "--quiet", "--out"),
        "convert": ("convert", place / "model.zip", "--out"),
    }[name]
    own = OWN[name] == what
    for more in ((), *(() if own else (("--overwrite",),)), *((("--resume",),) if name == "audit" else ())):
        code, printed, err = command(*arguments, out, *more)
        assert (code, printed, work, tree(out)) == (2, "", [], before), more
        assert f"error: the output folder {str(out)!r} " in err
        assert ("Use --overwrite to replace these files, or name another folder" in err) == own
        assert ("Nothing in the folder was changed" in err) == (not own)
        assert own or "thesis.tex" in err or what != "thesis"
        assert ("no saved state to resume from" in err) == (own and more == ("--resume",))


def test_links_and_what_a_killed_run_left(tmp_path):
    """A link is not ours, wherever it leads; a file that was being written when the process died is."""
    (tmp_path / "model").mkdir()
    occupied(tmp_path / "bundle", "bundle")
    left = ".model.json.0123456789abcdef", "seeds/12/.model.json.77.old"
    for name in left:
        (tmp_path / "bundle" / name).write_text("")
    ours, others = BUNDLE.ours(tmp_path / "bundle")
    assert ({*ours}, others) == (BUNDLE_FILES | {*left}, [])
    (tmp_path / "bundle" / "null-of-shuffled-labels").symlink_to(tmp_path / "model")
    (tmp_path / "bundle" / "encoder.skops").unlink()
    (tmp_path / "bundle" / "encoder.skops").symlink_to(tmp_path / "nowhere")
    (tmp_path / "bundle" / "seeds" / "x").mkdir()
    assert BUNDLE.ours(tmp_path / "bundle")[1] == ["encoder.skops", "null-of-shuffled-labels", "seeds/x"]
    occupied(tmp_path / "audit", "audit")
    (tmp_path / "audit" / ".report.html.12.old").write_text("")
    (tmp_path / "audit" / ".probe.0123456789abcdef").write_text("")
    (tmp_path / "audit" / "model.json").write_text("")
    assert AUDIT.ours(tmp_path / "audit")[1] == ["model.json"]


def test_what_is_written_is_what_may_be_overwritten(place, tmp_path):
    """Every file of a bundle and of an audit is known as ours, and nothing else is a file of theirs."""
    model = ti.load_model(place / "model.zip")
    ti.save_model(model, tmp_path, counterpart=model, others=[model, model], null=model)
    ours, others = BUNDLE.ours(tmp_path)
    assert ({*ours}, others) == ({*tree(tmp_path)}, [])
    assert len(ours) == 5 * 3  # header, weights and encoder of each
    for path in (f"{name}{end}" for name in BUNDLE_FILES | FILES for end in ("~", "/x", ".txt")):
        assert not BUNDLE.paths.fullmatch(path)
        assert not AUDIT.paths.fullmatch(path)


def test_a_bundle_is_replaced_as_a_whole_or_not_at_all(place, tmp_path, monkeypatch):
    """Stopped at each of the moves of its files; other files in the folder stay, and so does nothing of another model."""
    model, out = ti.load_model(place / "model.zip"), tmp_path / "bundle"
    ti.save_model(model, out, counterpart=model, others=[model], null=model)
    (out / "notes.txt").write_text("mine")
    before, whole, moves = tree(out), os.replace, 0
    while True:
        moves, calls = moves + 1, []

        def stopped(*given, calls=calls, moves=moves):
            calls.append(0)
            if len(calls) == moves:
                raise KeyboardInterrupt
            whole(*given)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", stopped)
            try:
                ti.save_model(model, out, table={"target": "y"})
            except KeyboardInterrupt:
                assert tree(out) == before, moves
                continue
        break
    assert moves == 12 + 3 + 1  # twelve old files are set aside, and three new ones put in place
    assert names(out) == {"model.json", "model.safetensors", "encoder.skops", "notes.txt"}  # and no empty folder
    assert ti.table_settings(out) == {"target": "y"}
    with pytest.raises(ti.TabinterpError, match="saved in a folder"):
        ti.save_model(model, tmp_path / "one.zip", null=model)


def test_a_bundle_and_an_archive_are_overwritten_when_asked(place, tmp_path, command):  # noqa: F811
    for out in (tmp_path / "bundle", tmp_path / "bundle.zip"):
        assert command("convert", place / "model.zip", "--out", out)[0] == 0
        before = tree(tmp_path)
        code, _, err = command("convert", place / "model.zip", "--out", out)
        assert (code, tree(tmp_path)) == (2, before)
        assert "Use --overwrite to replace" in err
        stamps = {path: path.stat().st_ino for path in tmp_path.rglob("*") if path.is_file()}
        code, printed, _ = command("convert", place / "model.zip", "--out", out, "--overwrite")
        assert (code, printed, {*tree(tmp_path)}) == (0, f"{out}\n", {*before})
        new = {path for path, stamp in stamps.items() if path.stat().st_ino != stamp}
        assert new == ({*out.iterdir()} if out.is_dir() else {out})
        assert ti.load_model(out).name == "LogisticRegression"
    (tmp_path / "thesis.zip").write_bytes((place / "table.csv").read_bytes())
    code, _, err = command("convert", place / "model.zip", "--out", tmp_path / "thesis.zip", "--overwrite")
    assert code == 2
    assert "is not a bundle, so it will not be replaced" in err
    assert (tmp_path / "thesis.zip").read_bytes() == (place / "table.csv").read_bytes()
    code, _, err = command("train", "--data", place / "table.csv", "--target", "y", "--out", tmp_path / "new.zip")
    assert code == 2
    assert "--out must be a folder" in err
    assert not (tmp_path / "new.zip").exists()


def test_no_command_writes_over_a_file_that_it_reads(place, tmp_path, command):  # noqa: F811
    code, _, err = command("audit", place / "model.zip", "--data", place / "table.csv", *ASKED, tmp_path / "out", *ONE)
    assert code == 0, err
    document, other = tmp_path / "out" / "audit.json", tmp_path / "link.json"
    other.symlink_to(document)
    (tmp_path / "policy.toml").write_text('[[severity]]\nseverity = "act"\nowner = "us"\n')
    (tmp_path / "key.pem").write_text("a key")
    before = tree(tmp_path)
    for arguments in (
        ("render", document, "--out", document),
        ("render", document, "--out", other, "--format", "markdown"),
        ("check", document, "--out", document),
        ("check", document, "--policy", tmp_path / "policy.toml", "--out", tmp_path / "policy.toml"),
        ("compare", document, document, "--out", document),
        ("evidence", document, "--out", other),
        ("sign", tmp_path / "out", "--key", tmp_path / "key.pem", "--out", tmp_path / "key.pem"),
    ):
        code, printed, err = command(*arguments)
        assert (code, printed, tree(tmp_path)) == (2, "", before), arguments
        assert "is also an input file of this command" in err, err
    assert command("render", document, "--out", tmp_path / "page.html")[0] == 0
    assert command("render", document, "--out", tmp_path / "page.html")[0] == 0  # a file that is named is replaced
