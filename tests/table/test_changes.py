"""Rows that change while they are read, between two passes of a scan: noticed, whatever the file's size and time say."""

from __future__ import annotations

import hashlib
import os

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.errors import TableError
from tabinterp.table import scan_table
from tabinterp.table.checkpoints import Keeping
from tabinterp.table.fingerprints import _digest
from tests.shared import every_nth

ROWS, BATCH = 200, 50
ASKED = {"target": "paid", "batch": BATCH, "rows": ROWS}


def frame(seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": draw.integers(20, 80, ROWS),
            "job": draw.choice(["ab", "cd"], ROWS),
            "paid": ["no", "yes"] * (ROWS // 2),
        }
    )


@pytest.fixture
def path(tmp_path):
    frame().to_csv(tmp_path / "data.csv", index=False)
    return tmp_path / "data.csv"


@pytest.fixture
def parts(tmp_path):
    (tmp_path / "parts").mkdir()
    for at in range(4):
        frame().iloc[at * BATCH : (at + 1) * BATCH].to_parquet(tmp_path / "parts" / f"{at}.parquet")
    return tmp_path / "parts"


def rewrite(path) -> None:
    """One digit, in a file of the same size, in the same place, of the same time."""
    before, data = path.stat(), path.read_bytes()
    at = data.rindex(b"\n", 0, len(data) - 40) + 1  # of a late row
    old = data[at : at + 1]
    with path.open("r+b") as stream:
        stream.seek(at)
        stream.write(b"3" if old != b"3" else b"4")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)


def replace(parts) -> None:
    """By a table of the same layout: only one value is another."""
    one = pd.read_parquet(parts / "2.parquet")
    one["age"] += 1
    one.to_parquet(parts / "2.parquet")


def rebuild(parts) -> None:
    """By one of another layout, which cannot be read with what was known of the old one."""
    frame(1).iloc[:BATCH].assign(job="a much longer text").to_parquet(parts / "2.parquet", compression="gzip")


def add(parts) -> None:
    frame(1).iloc[:BATCH].to_parquet(parts / "9.parquet")


def remove(parts) -> None:
    (parts / "3.parquet").unlink()


class After:
    """Changes the source once a pass has read this many rows."""

    def __init__(self, what: str, rows: int, change) -> None:
        self.what, self.rows, self.change = what, rows, change

    def __call__(self, what: str, rows: int, _all: int | None) -> None:
        if (what, rows) == (self.what, self.rows):
            self.change()


def test_a_file_that_changes_between_the_passes_is_noticed(path):
    change = After("inferring the schema", ROWS, lambda: rewrite(path))
    with pytest.raises(TableError) as error:
        scan_table(path, **ASKED, told=change)
    assert "changed while they were being read: rows 150 to 199 differ from those of the first pass" in str(error.value)
    assert "(detected by the pass that draws rows)" in str(error.value)
    assert "Audit a copy" in str(error.value)


def put(path, text: str) -> None:
    """The file's time and owner stay; its size may change."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def cell(old: str, new: str):
    """Change the first cell of its kind in the last rows."""

    def change(path) -> None:
        lines = path.read_text().splitlines(keepends=True)
        at = next(i for i in range(len(lines) - 20, len(lines)) if old in lines[i])
        lines[at] = lines[at].replace(old, new, 1)
        put(path, "".join(lines))

    return change


def exchange(path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    lines[-5], lines[-6] = lines[-6], lines[-5]
    put(path, "".join(lines))


def link(path) -> None:
    other = path.with_name("other.csv")
    frame(1).to_csv(other, index=False)
    path.unlink()
    path.symlink_to(other)


CHANGES = {
    "rows change places": exchange,
    "a level": cell("ab", "cd"),
    "a new level": cell("ab", "xy"),
    "a target": cell("yes", "no"),
    "a cell that is emptied": cell("ab", ""),
    "a space": cell("ab", "ab "),
    "a letter of another case": cell("ab", "aB"),
    "a number that becomes a text": cell(",ab", "x,ab"),
    "the header": lambda path: put(path, path.read_text().replace("age", "aged", 1)),
    "columns change places": lambda path: put(path, path.read_text().replace("age,job", "job,age", 1)),
    "the end is cut off": lambda path: put(path, path.read_text()[: len(path.read_text()) * 3 // 4]),
    "it is emptied": lambda path: put(path, ""),
    "it is removed": lambda path: path.unlink(),
    "it becomes a link": link,
    "it becomes a folder": lambda path: (path.unlink(), path.mkdir()),
    "it becomes Parquet": lambda path: frame().to_parquet(path),
    "it is packed": lambda path: frame().to_csv(path, index=False, compression="gzip"),
    "its first row comes twice": lambda path: put(path, path.read_text() + path.read_text().splitlines()[1] + "\n"),
    "binary rubbish": lambda path: path.write_bytes(path.read_bytes()[:-30] + bytes(range(128, 158))),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_change_of_a_file_goes_unnoticed(path, change):
    """Also one that leaves the file's time as it was."""
    scan = scan_table(path, **ASKED)
    change(path)
    with pytest.raises(TableError, match=r"data\.csv"):
        list(scan.batches())


@pytest.mark.parametrize("change", every_nth(3, CHANGES.values()), ids=CHANGES)
def test_no_change_of_a_file_between_the_passes_goes_unnoticed(path, change):
    told = After("inferring the schema", ROWS, lambda: change(path))
    with pytest.raises(TableError, match=r"data\.csv"):
        scan_table(path, **ASKED, told=told)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, "1"), (1, True), (b"a", "a"), (1.0, "1.0"), (None, "None"), ("1", 1), (0, False), (0.5, "0.5"), (b"\xff", b"\xfe"),
     ([1], [2]), ("\ud800", "\ud801"), (pd.Timestamp("2024-01-01"), "2024-01-01 00:00:00")],
)  # fmt: skip
def test_a_value_of_another_type_is_another_value(one, other):
    """In a column of many types, pandas' own hash is of their texts."""
    made = pd.DataFrame({"a": pd.Series([one, "b", 2], dtype=object)})
    changed = pd.DataFrame({"a": pd.Series([other, "b", 2], dtype=object)})
    assert _digest(made) == _digest(made.copy())
    assert _digest(made) != _digest(changed)


def test_a_column_of_another_type_is_another_column():
    days = pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"]))
    for one, other in (
        ([True, False], [1, 0]),
        (days, days.dt.tz_localize("UTC")),
        ([1, 2], ["1", "2"]),
        ([1, 2], [1.0, 2.0]),
    ):
        assert _digest(pd.DataFrame({"a": one})) != _digest(pd.DataFrame({"a": other}))


def test_a_file_that_changes_before_sums_are_taken_is_noticed(path):
    scan = scan_table(path, **ASKED)
    assert sum(map(len, scan.batches())) == ROWS
    rewrite(path)
    with pytest.raises(TableError, match=r"rows 150 to 199 .* \(detected by a pass that computes sums\)"):
        list(scan.batches())


def test_a_row_that_is_added_is_noticed(path):
    scan = scan_table(path, **ASKED)
    with path.open("ab") as stream:
        stream.write(b"33,ab,no\n")
    with pytest.raises(TableError, match="changed while they were being read: rows 200 to 200 differ from those"):
        list(scan.batches())


@pytest.mark.parametrize(("change", "told"), [(replace, ""), (rebuild, ""), (add, "9.parquet"), (remove, "3.parquet")])
@pytest.mark.parametrize("what", ["inferring the schema", "drawing rows"])
def test_a_folder_whose_parts_change_is_noticed(parts, change, told, what):
    with pytest.raises(TableError, match=f"changed while they were being read: .*{told}"):
        list(scan_table(parts, **ASKED, told=After(what, ROWS, lambda: change(parts))).batches())


def test_parts_that_are_read_elsewhere_are_held_to_what_was_read_here(parts):
    scan = scan_table(parts, **ASKED)
    pieces, form = list(scan.pieces()), scan.coded
    assert sum(len(rows) for piece in pieces for rows in form.batches("all", piece)) == ROWS
    replace(parts)
    with pytest.raises(TableError, match="changed while they were being read"):
        [list(form.batches("all", piece)) for piece in pieces]


def test_a_copy_of_a_query_that_changes_is_noticed(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    given = frame()
    with duckdb.connect(tmp_path / "bank.duckdb") as base:
        base.register("given", given)
        base.execute("CREATE TABLE loans AS SELECT * FROM given")
    scan = scan_table(tmp_path / "bank.duckdb", query="SELECT * FROM loans", **ASKED)
    assert sum(map(len, scan.batches())) == ROWS
    copy = sorted(scan.source.kept.path.glob("*.parquet"))[-1]
    pd.read_parquet(copy).assign(age=1).to_parquet(copy)
    with pytest.raises(
        TableError, match=r"the data in 'the copy of the query to .*' changed while they were being read"
    ):
        list(scan.batches())


def test_a_dataframe_that_changes_is_noticed():
    given = frame()
    scan = scan_table(given, **ASKED)
    given.loc[120, "age"] = 99
    try:
        assert sum(map(len, scan.batches())) == ROWS  # a copy was taken
    except TableError as error:
        assert "rows 100 to 149" in str(error)  # noqa: PT017


def test_the_same_contents_written_again_are_no_change(path):
    scan = scan_table(path, **ASKED)
    path.write_bytes(path.read_bytes())
    assert sum(map(len, scan.batches())) == ROWS


def test_an_audit_that_goes_on_notices_what_changed_while_it_was_stopped(path, tmp_path):
    class StoppedError(Exception):
        pass

    def stop():
        raise StoppedError

    def keep(resume):
        return Keeping(tmp_path / "kept", {}, resume=resume, every=0)

    with pytest.raises(StoppedError):
        scan_table(path, **ASKED, keep=keep(False), told=After("drawing rows", BATCH, stop))
    rewrite(path)
    with pytest.raises(TableError, match="rows 150 to 199 differ from those of the first pass"):
        scan_table(path, **ASKED, keep=keep(True))


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet"])
def test_the_digest_of_a_file_is_of_the_bytes_that_were_read(tmp_path, form):
    path = tmp_path / f"data.{form}"
    frame().to_parquet(path) if form == "parquet" else frame().to_csv(path, index=False)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    whole, scan = ti.read_table(path, target="paid"), scan_table(path, **ASKED)
    assert scan.file_sha256 == whole.file_sha256 == digest
    path.write_bytes(b"something else")
    assert whole.file_sha256 == digest
    assert scan.file_sha256 is None  # which bytes were read nobody can say any more


def test_a_digest_is_not_told_of_a_file_whose_time_was_put_back(path):
    scan = scan_table(path, **ASKED)
    rewrite(path)
    assert scan.file_sha256 is None


def test_what_is_no_file_has_no_digest(parts):
    assert scan_table(parts, **ASKED).file_sha256 is None
    assert ti.read_table(frame(), target="paid").file_sha256 is None
