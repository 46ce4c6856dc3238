"""The same contents have the same digest, whatever file or frame they came in; other contents have another."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pytest

import tabinterp as ti
from tabinterp.errors import TableError
from tabinterp.provenance.digest_key import read_digest_key
from tabinterp.table.digest import column_digests


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "whole": [3, -1, 2**40, 0, 7],
            "part": [0.1, -0.0, 1e-300, 123456.789, 2.0],
            "gaps": [1.0, np.nan, 3.0, np.nan, 5.0],
            "word": ["a", "日本語", "with, comma", 'with "quotes"', "long " * 20],
            "thin": ["a", None, "b", None, "c"],
            "yes": [True, False, True, True, False],
            "paid": ["no", "yes", "no", "yes", "yes"],
        }
    )


def as_csv(path: Path) -> Path:
    frame().to_csv(path / "t.csv", index=False)
    return path / "t.csv"


def packed(path: Path) -> Path:
    frame().to_csv(path / "t.csv.gz", index=False)
    return path / "t.csv.gz"


def windows(path: Path) -> Path:
    frame().to_csv(path / "w.csv", index=False, lineterminator="\r\n", encoding="utf-8-sig")
    return path / "w.csv"


def polars_csv(path: Path) -> Path:
    pl.from_pandas(frame()).write_csv(path / "p.csv")
    return path / "p.csv"


def arrow_csv(path: Path) -> Path:
    pa.csv.write_csv(pa.Table.from_pandas(frame()), path / "a.csv")
    return path / "a.csv"


def parquet(path: Path) -> Path:
    frame().to_parquet(path / "t.parquet")
    return path / "t.parquet"


def polars_parquet(path: Path) -> Path:
    pl.from_pandas(frame()).write_parquet(path / "p.parquet")
    return path / "p.parquet"


SOURCES = {
    "CSV": as_csv,
    "CSV, gzip": packed,
    "CSV of Windows": windows,
    "CSV by polars": polars_csv,
    "CSV by pyarrow": arrow_csv,
    "Parquet": parquet,
    "Parquet by polars": polars_parquet,
    "pandas": lambda _: frame(),
    "pandas, nullable": lambda _: frame().convert_dtypes(),
    "pandas, arrow": lambda _: frame().convert_dtypes(dtype_backend="pyarrow"),
    "pandas, categories": lambda _: frame().astype({"word": "category", "thin": "category"}),
    "polars": lambda _: pl.from_pandas(frame()),
    "polars, lazy": lambda _: pl.from_pandas(frame()).lazy(),
    "pyarrow": lambda _: pa.Table.from_pandas(frame()),
}


def digests(source) -> dict[str, str]:
    return column_digests(ti.read_table(source, target="paid").frame)


@pytest.mark.parametrize("name", SOURCES)
def test_the_source_does_not_matter(name, tmp_path):
    assert digests(SOURCES[name](tmp_path)) == expected()


def expected() -> dict[str, str]:
    """From the definition, cell by cell: a number is its double (the zero below zero is zero), anything else its text."""
    made = {}
    for name, values in frame().items():
        number = name in ("whole", "part", "gaps", "yes")
        content = hashlib.sha256(f"{len(name)} {name} {'number' if number else 'text'}\n".encode())
        for value in values:
            if number:
                content.update(struct.pack("<d", float(value) + 0.0))
            else:
                content.update(b"-1 \n" if pd.isna(value) else f"{len(value)} {value}\n".encode())
        made[name] = content.hexdigest()
    return made


@pytest.mark.parametrize("column", list(frame().columns))
def test_another_value_another_order_and_another_name_are_told(column):
    before = digests(frame())
    changed = frame()
    changed.loc[4, column] = {"whole": 8, "part": np.nextafter(2.0, 3), "gaps": np.nan, "yes": True, "paid": "no"}.get(
        column, "x"
    )
    turned = frame().assign(**{column: frame()[column].to_numpy()[::-1]})
    for other in (changed, turned):
        after = digests(other)
        assert {name for name in before if before[name] != after[name]} == {column}
    if column != "paid":
        renamed = digests(frame().rename(columns={column: "other"}))
        assert renamed["other"] not in before.values()


def test_what_moves_from_one_cell_to_the_next_is_told():
    one, two = (digests(pd.DataFrame({"x": words, "paid": [0, 1]})) for words in (["ab", "c"], ["a", "bc"]))
    assert one["x"] != two["x"]


@pytest.mark.parametrize("clocks", [("", "", ""), (" 13:30:00", " 00:00:00", " 08:00:01")])
def test_a_date_has_the_digest_of_its_text(clocks, tmp_path):
    """As pandas writes dates: in ISO 8601, with the time of day where a column has one."""
    days = [f"2024-01-{day:02d}{clock}" for day, clock in zip((3, 4, 9), clocks, strict=True)]
    source = pd.DataFrame({"x": [1, 2, 3], "day": pd.to_datetime(days), "paid": [0, 1, 1]})
    source.to_csv(tmp_path / "t.csv", index=False)
    source.to_parquet(tmp_path / "t.parquet")
    found = [
        column_digests(ti.read_table(one, target="paid", drop=["day"]).frame)
        for one in (source, tmp_path / "t.csv", tmp_path / "t.parquet", pl.from_pandas(source))
    ]
    assert found == [found[0]] * 4


def test_keyed_digests_are_those_of_the_definition(tmp_path):
    """HMAC as RFC 2104 writes it, from SHA-256 alone."""
    key = read_digest_key(tmp_path / "key", create=True)
    assert read_digest_key(tmp_path / "key") == key
    block = bytes.fromhex((tmp_path / "key").read_text().split()[-1]).ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))

    def keyed(text: str) -> str:
        return hashlib.sha256(outer + hashlib.sha256(inner + text.encode()).digest()).hexdigest()

    plain = digests(frame())
    assert {name: key.column(one) for name, one in plain.items()} == {
        n: keyed(f"column {one}") for n, one in plain.items()
    }
    assert key.table(["a", "b"]) == keyed("table\na\nb")
    other = read_digest_key(tmp_path / "other", create=True)
    assert (other.id, other.column("a")) != (key.id, key.column("a"))


def test_files_that_are_no_key_are_refused(tmp_path):
    (tmp_path / "words").write_text("secret\n")
    (tmp_path / "short").write_text("tabinterp digest key 1: abcd\n")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name, create in (("words", True), ("short", True), ("absent", False), (".", True), ("dangling", True)):
        with pytest.raises(TableError, match="digest key"):
            read_digest_key(tmp_path / name, create)
    assert not (tmp_path / "nowhere").exists()
