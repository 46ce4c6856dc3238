"""Rows in batches: whatever brings them and however they are cut, a scan says what `read_table` says of all of them."""

from __future__ import annotations

import gc
import gzip
import sqlite3
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tabinterp as ti
from tabinterp.errors import TableError
from tabinterp.table.checkpoints import Keeping
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.readers import open_source
from tabinterp.table.sql import spool
from tabinterp.table.summary import census
from tests.shared import every_nth

from .test_read import frames


def loans(n: int = 211) -> pd.DataFrame:
    """Every kind of column; the first rows do not show what the later ones hold."""
    rng = np.random.default_rng(7)
    late = np.arange(n) > 150
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "income": np.where(rng.random(n) < 0.1, np.nan, rng.normal(3e4, 1e4, n)),
            "code": np.where(late, "0a1", "007"),
            "kids": np.where(late & (rng.random(n) < 0.3), np.nan, rng.integers(0, 4, n)),
            "仕事": pd.Series(rng.choice(["a", "ü", "?", "日本"], n), dtype=object).where(rng.random(n) > 0.2, None),
            "own": rng.random(n) < 0.5,
            "flag": pd.Series(rng.random(n) < 0.5, dtype=object).where(~late, None),
            "empty": np.full(n, np.nan),
            "weight": rng.integers(0, 3, n),
            "paid": rng.choice(["no", "yes"], n),
        }
    )


def same_table(got: ti.Table, expected: ti.Table) -> None:
    assert (got.schema, got.split) == (expected.schema, expected.split)
    pd.testing.assert_frame_equal(got.frame, expected.frame)
    for name in ("y", "numbers", "weights", "held_out"):
        np.testing.assert_array_equal(getattr(got, name), getattr(expected, name))


def check(scan: ti.Scan, table: ti.Table) -> None:
    """The scan's schema, census, draws and batches are those of the table."""
    assert (scan.schema, scan.split, len(scan)) == (table.schema, table.split, len(table))
    levels = dict(census(table).levels)
    for name, count in levels.items():
        many = pd.api.types.is_datetime64_any_dtype(table.frame[name]) or table.schema[name].kind == "numeric"
        levels[name] = None if many and count is not None and count > 10 else count
    assert scan.census == replace(census(table), levels=levels)
    kept = [np.arange(len(table))] if table.held_out is None else map(np.flatnonzero, (table.held_out, ~table.held_out))
    rows = np.sort(np.concatenate([part[chosen(table.numbers[part], scan.most, scan.seed)] for part in kept]))
    same_table(scan.sample, table.take(rows))
    for part, whole in (("all", table), ("training", table.training_rows()), ("evaluation", table.evaluation_rows())):
        first = 0
        for batch in scan.batches(part):
            same_table(batch, whole.take(np.arange(first, first + len(batch))))
            first += len(batch)
        assert first == len(whole)


SETTINGS = {
    "no split": {},
    "share": {"split": 0.3, "seed": 4},
    "weights": {"split": 0.3, "weight": "weight", "protected": ["own"], "drop": ["code"]},
    "categories": {"kinds": {"age": "ordinal", "kids": "categorical"}, "positive": "no"},
    "regression": {"target": "income", "drop": ["paid"]},
    "few classes": {"target": "weight"},
}


@pytest.mark.parametrize(
    ("name", "batch"),
    [
        ("weights", 13),
        *every_nth(2, ((name, 50) for name in SETTINGS)),
        *(pytest.param(name, 10_000, marks=pytest.mark.nightly) for name in SETTINGS),
    ],
)
def test_batches_of_any_size_make_the_same_of_the_rows(name, batch):
    frame = loans()
    asked = {"target": "paid"} | SETTINGS[name]
    frame["income"] = frame["income"].fillna(1.5) if name == "regression" else frame["income"]
    check(ti.scan_table(frame, **asked, rows=25, batch=batch), ti.read_table(frame, **asked))


DAYS = pd.to_datetime("2023-01-01") + pd.to_timedelta(np.arange(211) * 37 % 100, "D")
COLUMNS = {
    "labels": (np.where(np.arange(211) % 4, "train", "test"), None),
    "booleans": (np.arange(211) % 4 == 0, None),
    "dates": (DAYS, None),
    "dates as text": (DAYS.strftime("%Y-%m-%d"), None),
    "a date": (DAYS, "2023-02-01"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_says_what_is_held_out(name):
    values, at = COLUMNS[name]
    asked = {"target": "paid", "split": "part", "split_at": at}
    check(
        ti.scan_table(loans().assign(part=values), **asked, batch=40),
        ti.read_table(loans().assign(part=values), **asked),
    )


def test_copies_are_told_apart_across_batches():
    frame = pd.DataFrame({"a": [0, 1, 1, 0, 1] * 60, "b": ["u", "v", "v"] * 100, "y": [0, 1, 1, 0] * 75})
    table = ti.read_table(frame, target="y", split=0.3)
    assert table.split.numbered
    check(ti.scan_table(frame, target="y", split=0.3, batch=17), table)


def test_a_remembered_rule_holds_out_the_same_rows():
    table = ti.read_table(loans(), target="paid", split=0.25, stratify=True)
    check(ti.scan_table(loans(), target="paid", split=table.split, batch=60), table)
    check(ti.scan_table(loans(), target="paid", batch=60).with_split(table.split), table)


# ---- sources


def written(folder: Path) -> dict[str, object]:
    frame = loans()
    frame.to_csv(folder / "loans.csv", index=False)
    frame.to_csv(folder / "loans.csv.gz", index=False)
    frame.to_parquet(folder / "loans.parquet", row_group_size=30)
    (folder / "parts").mkdir()
    for i in range(3):
        frame.iloc[i * 80 : (i + 1) * 80].to_parquet(folder / "parts" / f"{i}.parquet")
    return {
        "csv": folder / "loans.csv",
        "csv.gz": str(folder / "loans.csv.gz"),
        "parquet": folder / "loans.parquet",
        "a folder": folder / "parts",
        "a URL": (folder / "loans.parquet").as_uri(),
        "a URL of CSV": (folder / "loans.csv").as_uri(),
        "arrow": pa.Table.from_pandas(frame),
        "a data set": ds.dataset(folder / "loans.parquet"),
        "polars": pl.from_pandas(frame),
    }


FILES = ["csv", "csv.gz", "parquet", "a folder", "a URL", "a URL of CSV", "arrow", "a data set", "polars"]


@pytest.mark.parametrize("kind", FILES)
def test_every_source_gives_the_same_rows(kind, tmp_path):
    source = written(tmp_path)[kind]
    table = ti.read_table(loans(), target="paid", split=0.3, weight="weight")
    scan = ti.scan_table(source, target="paid", split=0.3, weight="weight", batch=60, rows=30)
    check(scan, table)
    assert scan.name in ("loans", "parts", "table")


def test_a_partitioned_folder_has_its_folders_as_a_column(tmp_path):
    frame = loans().assign(year=np.arange(211) % 3 + 2020)
    pq.write_to_dataset(pa.Table.from_pandas(frame), tmp_path / "by_year", partition_cols=["year"])
    table = ti.read_table(pd.read_parquet(tmp_path / "by_year"), target="paid")
    scan = ti.scan_table(tmp_path / "by_year", target="paid", batch=60)
    assert table.schema["year"].levels == (2020, 2021, 2022)
    check(scan, table)


def test_ordered_categories_keep_their_order(tmp_path):
    sizes = pd.Categorical(np.where(np.arange(211) < 100, "small", "large"), ["small", "medium", "large"], ordered=True)
    frame = loans().assign(size=sizes)
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=50)
    table = ti.read_table(tmp_path / "t.parquet", target="paid")
    assert table.schema["size"].levels == ("small", "medium", "large")
    check(ti.scan_table(tmp_path / "t.parquet", target="paid", batch=60, name="t"), table)


@settings(max_examples=40)
@given(frames(), st.integers(1, 4))
def test_generated_frames_are_scanned_as_they_are_read(made, batch):
    frame, target = made

    def asked(read, **more):
        try:
            return read(frame, target=target, drop=[c for c in frame if c != target][:1], **more)
        except TableError as error:
            return str(error)

    table, scan = asked(ti.read_table), asked(ti.scan_table, batch=batch)
    assert isinstance(table, str) == isinstance(scan, str), (table, scan)
    if isinstance(table, ti.Table):
        check(scan, table)


@pytest.mark.parametrize("name", ["a", "y"])
@pytest.mark.parametrize(
    "values",
    [[1, b"\xff", 2, b"\xff"], ["a", 2.5, None, b"\xc3"], [2**70, b"\xff", True, 1], ["\ud800", "a", "b", "a"],
     ["\ud800", "a", 1, 2]],
)  # fmt: skip
@pytest.mark.parametrize("split", [None, 0.5])
def test_bytes_and_broken_texts_in_a_column_are_taken_or_refused_alike(values, name, split):
    """Numbers mixed with bytes that are not UTF-8, and halves of surrogate pairs, once ended a scan in pandas' hashing."""
    frame = pd.DataFrame({"a": range(24), "y": [0, 1] * 12}).assign(**{name: pd.Series(values * 6, dtype=object)})
    found = []
    for read, more in ((ti.read_table, {}), (ti.scan_table, {"batch": 5})):
        try:
            read(frame, target="y", split=split, **more)
            found.append("read")
        except TableError as error:
            found.append(str(error))
    assert found[0] == found[1]


# ---- what cannot be read


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("row", range(6))
def test_a_row_with_too_many_cells_is_refused_wherever_a_batch_begins(row, packed, tmp_path):
    """pandas before 3.1 drops the cell from the first rows of a batch, and takes the first cells of all rows for labels."""
    lines = ["a,y", *(f"{i},{i % 2}" for i in range(6))]
    lines[row + 1] += ",9"
    text = "\n".join(lines).encode()
    (tmp_path / "t.csv").write_bytes(gzip.compress(text) if packed else text)
    with pytest.raises(
        TableError,
        match=rf"line {row + 2}\b.*t\.csv|t\.csv.*line {row + 2}\b"
        if row
        else r"the first row of .*t\.csv.* has .* cells, but the header",
    ):
        ti.scan_table(tmp_path / "t.csv", target="y", batch=2)


@pytest.mark.parametrize("cells", [["1", "2", "9" * 25], ["", "-" + "9" * 25, " 3 "], ["1.5", "1e30", "9" * 25]])
def test_numbers_of_more_than_64_bits_are_numbers(cells, tmp_path):
    """pandas before 3 reads their column as text. Batches of one row hold some of the numbers each, beside a column of text."""
    path = tmp_path / "t.csv"
    path.write_text(
        "a,b,y\n" + "".join(f"{cell},{text},{i % 2}\n" for i, (cell, text) in enumerate(zip(cells, "1x2", strict=True)))
    )
    for table in (ti.read_table(path, target="y"), ti.scan_table(path, target="y", batch=1).sample):
        assert table.schema["a"].kind == "numeric"
        assert table.schema["b"].kind == "categorical"
        np.testing.assert_array_equal(table.frame["a"], [float(cell or "nan") for cell in cells])


def test_refusals_name_the_row_of_the_whole_table(tmp_path):
    frame = loans()
    frame["age"] = frame["age"].astype(float)
    frame.loc[[170, 190], "age"] = np.inf
    with pytest.raises(TableError, match=r"column 'age' contains inf in row 170 \(number of invalid rows: 2\)"):
        ti.scan_table(frame, target="paid", batch=50)
    (tmp_path / "t.csv").write_text("a,y\n1,0\n2,1\n3,0,9\n")
    with pytest.raises(TableError, match=r"line 4 of .*t.csv|t.csv.*line 4"):
        ti.scan_table(tmp_path / "t.csv", target="y", batch=2)
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and nothing of the kind")
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        ti.scan_table(tmp_path / "t.parquet", target="y")
    for source, words in (
        (tmp_path / "no.csv", "no file or folder"),
        ("nowhere://x", "give a query as well"),
        (3, "got an object of type int"),
    ):
        with pytest.raises(TableError, match=words):
            ti.scan_table(source, target="y")


def test_a_column_of_too_many_texts_is_refused_unless_it_is_dropped(monkeypatch):
    frame = loans().assign(name=[f"n{i}" for i in range(211)])
    monkeypatch.setattr("tabinterp.table.schema_pass.MOST", 100)
    with pytest.raises(TableError, match="'name' has more than"):
        ti.scan_table(frame, target="paid", batch=50)
    scan = ti.scan_table(frame, target="paid", batch=50, drop=["name"])
    assert (scan.schema["name"].levels, scan.census.levels["name"]) == ((), None)


# ---- databases


def database(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="empty").assign(n=np.arange(len(frame)))


def check_query(source: str, frame: pd.DataFrame, query: str) -> None:
    asked = {"target": "paid", "split": 0.3, "weight": "weight"}
    scan = ti.scan_table(source, query=query, batch=60, rows=30, **asked)
    check(scan, ti.read_table(frame, **asked))


def test_a_duckdb_file(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    frame = database(loans())
    with duckdb.connect(tmp_path / "bank.duckdb") as base:
        base.register("given", pa.Table.from_pandas(frame))
        base.execute("CREATE TABLE loans AS SELECT * FROM given")
    check_query(str(tmp_path / "bank.duckdb"), frame, "SELECT * FROM loans ORDER BY n")
    with pytest.raises(TableError, match=r"bank.duckdb failed before the first row: .*nothing_there"):
        ti.scan_table(str(tmp_path / "bank.duckdb"), target="paid", query="SELECT * FROM nothing_there")
    for read in (ti.scan_table, ti.read_table):
        with pytest.raises(
            TableError, match=r"^the file '.*bank\.duckdb' is a DuckDB database.* Give an SQL query with query="
        ):
            read(tmp_path / "bank.duckdb", target="paid")


def test_sqlite(tmp_path):
    pytest.importorskip("sqlalchemy")
    frame = database(loans()).drop(columns=["own", "flag"])
    with sqlite3.connect(tmp_path / "bank.db") as base:
        frame.to_sql("loans", base, index=False)
    check_query(f"sqlite:///{tmp_path}/bank.db", frame, "SELECT * FROM loans ORDER BY n")
    with pytest.raises(TableError, match="the database URL 'nobase://x' cannot be used"):
        ti.scan_table("nobase://x", target="paid", query="SELECT 1")


def test_a_real_postgresql(postgres):
    sqlalchemy = pytest.importorskip("sqlalchemy")
    frame = database(loans())
    engine = sqlalchemy.create_engine(postgres)
    frame.to_sql("loans", engine, index=False)
    with engine.begin() as base:
        base.execute(sqlalchemy.text("ALTER TABLE loans ALTER COLUMN kids TYPE numeric"))
    check_query(postgres, frame, "SELECT * FROM loans ORDER BY n")
    with pytest.raises(TableError, match=r"//\*\*\*@127.*failed before the first row: relation"):
        ti.scan_table(postgres, target="paid", query="SELECT * FROM nothing_there")


def test_a_connection_lost_midway_is_told(postgres):
    """The server ends the session from inside the query, after some thousands of rows."""
    query = "SELECT i AS x, i % 2 AS y, CASE WHEN i = 90000 THEN pg_terminate_backend(pg_backend_pid()) END AS z "
    query += "FROM generate_series(1, 100000) i"
    with pytest.raises(
        TableError, match=r"failed after \d+,000 rows \(none of these rows were saved; run the query again"
    ) as told:
        ti.scan_table(postgres, target="y", query=query, batch=1000)
    assert "hush" not in str(told.value)


def test_a_query_keeps_no_more_than_a_batch_and_deletes_its_copy(tmp_path):
    pytest.importorskip("sqlalchemy")
    with sqlite3.connect(tmp_path / "bank.db") as base:
        database(loans()).drop(columns=["own", "flag"]).to_sql("loans", base, index=False)
    source = open_source(f"sqlite:///{tmp_path}/bank.db", "SELECT * FROM loans", 50)
    assert [len(batch) for batch in source.batches()] == [50, 50, 50, 50, 11]
    folder = source.kept.path
    assert len(list(folder.iterdir())) == 5
    del source
    assert not folder.exists()


# ---- queries that are lost midway and gone on with


def scanned(source, folder, told=None, *, key="n", resume=False, **more):
    said: list[str] = []
    keep = Keeping(folder, {}, resume=resume, say=said.append, every=0)
    return ti.scan_table(source, target="y", key=key, batch=100, rows=50, keep=keep, told=told, **more), said


def test_a_query_by_its_key_goes_on_after_a_lost_connection(postgres, tmp_path):
    """The session is ended from outside, as a restart of the server does; rows that were kept are not asked for again."""
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine(postgres)

    def run(text: str) -> int | None:
        with engine.begin() as base:
            found = base.execute(sqlalchemy.text(text))
            return found.scalar() if found.returns_rows else None

    rows = "SELECT i AS n, md5(i::text) AS t, i % 2 AS y FROM generate_series(1, 1000) i ORDER BY md5(i::text)"
    run(f"CREATE TABLE people AS {rows}")
    query = "SELECT * FROM people -- in any order"
    whole, _ = scanned(postgres, tmp_path / "whole", query=query, drop=["t"])

    def cut(what: str, done: int, of: int | None) -> None:
        if done == 300:
            other = "pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'"
            assert run(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {other}") == 1

    asked = {"query": query, "drop": ["t"]}
    with pytest.raises(TableError, match=r"failed after \d00 rows \(these rows are saved\): .*terminat") as lost:
        scanned(postgres, tmp_path / "kept", cut, **asked)
    assert "hush" not in str(lost.value) + (tmp_path / "kept" / "about.json").read_text()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept" / "rows").glob("*.parquet")}
    assert len(kept) >= 3
    again, said = scanned(postgres, tmp_path / "kept", resume=True, **asked)
    assert said == [f"The query continues after the {100 * len(kept)} rows that were saved."]
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert again.census == whole.census
    same_table(again.sample, whole.sample)
    (tmp_path / "kept" / "rows" / "whole").unlink()
    run("INSERT INTO people VALUES (0, 'x', 0)")
    with pytest.raises(
        TableError, match=r"Up to n = 1000, the query now returns 1,001 rows, but the interrupted run read 1,000 rows"
    ):
        scanned(postgres, tmp_path / "kept", resume=True, **asked)


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_query_without_a_key_is_asked_again_and_one_with_goes_on(tmp_path, kind):
    frame = pd.DataFrame({"n": np.random.default_rng(0).permutation(900), "y": np.arange(900) % 2})
    if kind == "sqlite":
        pytest.importorskip("sqlalchemy")
        with sqlite3.connect(tmp_path / "bank.db") as base:
            frame.to_sql("people", base, index=False)
    else:
        with pytest.importorskip("duckdb").connect(tmp_path / "bank.duckdb") as base:
            base.register("given", pa.Table.from_pandas(frame))
            base.execute("CREATE TABLE people AS SELECT * FROM given")
    source = f"sqlite:///{tmp_path}/bank.db" if kind == "sqlite" else str(tmp_path / "bank.duckdb")

    def stop(what: str, done: int, of: int | None) -> None:
        if done > 200:
            raise KeyboardInterrupt

    for key in (None, "n"):
        asked = {"query": "SELECT n, y FROM people;", "key": key}
        whole, _ = scanned(source, tmp_path / "whole", **asked)
        with pytest.raises(KeyboardInterrupt):
            scanned(source, tmp_path / "kept", stop, **asked)
        left = (tmp_path / "kept" / "rows").exists()
        assert left == (key is not None)
        again, said = scanned(source, tmp_path / "kept", resume=True, **asked)
        assert ("continues after" if key else "There is no saved state") in said[0]
        assert again.census == whole.census
        same_table(again.sample, whole.sample)
        assert again.sample.frame["n"].is_monotonic_increasing == (key is not None)


def test_a_key_differs_in_every_row(tmp_path):
    pytest.importorskip("sqlalchemy")
    frame = pd.DataFrame(
        {"n": np.arange(300) // 2, "gap": np.where(np.arange(300) == 7, None, np.arange(300)), "y": [0, 1] * 150}
    )
    with sqlite3.connect(tmp_path / "bank.db") as base:
        frame.to_sql("people", base, index=False)
    source, query = f"sqlite:///{tmp_path}/bank.db", "SELECT * FROM people"
    for key, words in (
        ("n", "'n' has the value 0 in more than one row"),
        ("gap", "'gap' has missing values"),
        ("who", "no such column: who"),
    ):
        with pytest.raises(TableError, match=words):
            ti.scan_table(source, target="y", query=query, key=key, batch=100)
    with pytest.raises(TableError, match="the key column 'n' can only be used with a query"):
        ti.open_table(tmp_path, target="y", key="n")


def test_the_folder_of_an_answer_goes_with_the_last_reference_to_it(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(tmp_path / "bank.duckdb") as base:
        base.execute("CREATE TABLE loans AS SELECT range AS a FROM range(9)")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, folder, files = spool(str(tmp_path / "bank.duckdb"), "SELECT * FROM loans", 4)
        assert all(path.is_file() for path in files)
        del folder
        gc.collect()
        assert not any(path.parent.exists() for path in files)
