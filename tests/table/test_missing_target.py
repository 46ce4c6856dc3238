"""Rows whose target is missing: refused, or left out as if they had never been in the table."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tabinterp as ti
from tabinterp.errors import TableError, speaking_options
from tabinterp.stats import accumulators as sums
from tabinterp.table import readers as batches
from tabinterp.table.checkpoints import Keeping, fingerprint
from tabinterp.table.executors import in_turn
from tests.shared import every_nth

from .test_keeping import encoded, mean_age
from .test_scan import check, loans, same_table

DAYS = pd.to_datetime("2023-01-01") + pd.to_timedelta(np.arange(211) * 37 % 100, "D")


def gappy(missing: object = None) -> pd.DataFrame:
    """Targets are missing here and there, and in rows 100 to 119."""
    frame = loans().assign(day=DAYS, side=np.where(np.arange(211) % 3, "train", "test"))
    frame["paid"] = frame["paid"].astype(object)
    frame.loc[[*range(0, 211, 9), *range(100, 120)], "paid"] = missing
    return frame


def cleaned(frame: pd.DataFrame, target: str = "paid") -> pd.DataFrame:
    """What a user would do without the option."""
    return frame.dropna(subset=[target]).reset_index(drop=True)


DROP = {"drop": ["day", "side"]}
SPLITS = {
    "no split": DROP,
    "share": DROP | {"split": 0.3, "seed": 4},
    "stratified": DROP | {"split": 0.3, "stratify": True},
    "dates": {"drop": ["side"], "split": "day"},
    "labels": {"drop": ["day"], "split": "side", "weight": "weight"},
}


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA], ids=str)
@pytest.mark.parametrize("name", SPLITS)
def test_the_table_is_as_if_those_rows_had_been_removed_before(name, missing):
    frame = gappy(missing)
    table = ti.read_table(frame, target="paid", drop_missing_target=True, **SPLITS[name])
    same_table(table, ti.read_table(cleaned(frame), target="paid", **SPLITS[name]))
    assert table.without_target == len(frame) - len(table) == frame["paid"].isna().sum() > 30
    assert table.take(np.arange(5)).without_target == table.without_target


def test_without_missing_targets_the_option_changes_nothing():
    frame = loans()
    table = ti.read_table(frame, target="paid", split=0.3, drop_missing_target=True)
    same_table(table, ti.read_table(frame, target="paid", split=0.3))
    assert table.without_target == 0
    assert ti.read_table(frame, target="paid").without_target is None


@pytest.mark.parametrize(
    ("name", "batch"),
    every_nth(3, [("dates", 20), ("share", 10), ("labels", 20)])
    + [
        pytest.param(name, 10_000, marks=[pytest.mark.nightly] * (name != "labels"))
        for name in ("share", "dates", "labels")
    ],
)
def test_a_scan_leaves_out_the_same_rows(name, batch):
    """In batches of 20 no target at all is known in one, and in those of 10 in two that follow each other."""
    asked = {"target": "paid", "drop_missing_target": True} | SPLITS[name]
    check(ti.scan_table(gappy(), **asked, rows=25, batch=batch), ti.read_table(gappy(), **asked))


def written(frame: pd.DataFrame, folder) -> dict[str, object]:
    (folder / "parts").mkdir()
    for i, part in enumerate((slice(0, 100), slice(100, 211))):
        rows = pa.Table.from_pandas(frame.iloc[part])
        pq.write_table(rows, folder / "parts" / f"{i}.parquet", row_group_size=30)
    frame.to_csv(folder / "rows.csv", index=False)
    return {"parts": folder / "parts", "csv": folder / "rows.csv", "arrow": pa.Table.from_pandas(frame)}


@pytest.mark.parametrize(
    ("kind", "target"), every_nth(2, product(["parts", "csv", "arrow"], ["whole", "number", "truth"]))
)
def test_every_source_and_every_kind_of_target(kind, target, tmp_path):
    """Whole numbers of which some are missing come as 0.0 and 1.0: the classes are 0 and 1 all the same."""
    frame, gone = loans()[["age", "own"]], np.arange(211) % 10 == 3
    draw = np.random.default_rng(1)
    values = {"whole": draw.integers(0, 2, 211), "number": draw.normal(size=211), "truth": draw.random(211) < 0.5}[
        target
    ]
    plain = frame.assign(y=values)[~gone].reset_index(drop=True)
    frame["y"] = (
        pd.Series(values).astype({"whole": "Int64", "number": "float64", "truth": "boolean"}[target]).mask(gone)
    )
    source = written(frame, tmp_path)[kind]
    asked = {"target": "y", "split": 0.3, "drop_missing_target": True}
    scan = ti.scan_table(source, **asked, batch=20, rows=50)
    table = ti.read_table(plain, target="y", split=0.3)
    assert scan.schema == table.schema
    assert (scan.without_target, len(scan), scan.census.held_out) == (gone.sum(), (~gone).sum(), table.held_out.sum())
    same_table(scan.sample, table.take(scan.sample.numbers))
    if kind == "csv":
        same_table(ti.read_table(source, **asked), table)


@pytest.mark.parametrize("lost_at", every_nth(3, [22, 2, 9]))
def test_a_scan_that_was_stopped_goes_on_with_the_same_count(lost_at, tmp_path, monkeypatch):
    """Eight batches a pass: it is stopped in the first, the second, and in one that takes sums."""
    source, read = written(gappy(), tmp_path)["parts"], batches._read
    asked = DROP | {"target": "paid", "split": 0.3, "drop_missing_target": True, "batch": 30, "rows": 40}

    def work(keep=None):
        scan = ti.scan_table(source, **asked, keep=keep)
        return scan, [in_turn(scan, part, encoded, mean_age, (1.0,), sums.merge) for part in ("training", "all")]

    def losing(at):
        reads = iter(range(1000))

        def flaky(*given):
            for frame in read(*given):
                if next(reads) == at:
                    raise TableError("the store does not answer")
                yield frame

        return flaky

    whole = work()
    kept = tmp_path / "kept"
    monkeypatch.setattr(batches, "_read", losing(lost_at))
    with pytest.raises(TableError, match="does not answer"):
        work(Keeping(kept, {}, every=0))
    monkeypatch.setattr(batches, "_read", read)
    again = work(Keeping(kept, {}, resume=True))
    same_table(again[0].sample, whole[0].sample)
    assert again[0].census == whole[0].census
    assert again[0].without_target == gappy()["paid"].isna().sum()
    for one, other in zip(again[1], whole[1], strict=True):
        assert fingerprint(one) == fingerprint(other)


def test_the_error_counts_the_rows_and_names_the_option_of_who_asks():
    for read in (ti.read_table, ti.scan_table):
        with pytest.raises(
            TableError, match=r"missing in 42 of 211 rows, for example in row 0. .* drop_missing_target=True,"
        ):
            read(gappy(), target="paid", **DROP)
    with (
        speaking_options({"drop_missing_target": "--drop-missing-target"}),
        pytest.raises(TableError, match="Leave these rows out with --drop-missing-target, or"),
    ):
        ti.read_table(gappy(), target="paid", **DROP)


def test_errors_name_the_row_as_it_is_in_what_was_read():
    frame = gappy().assign(bad=1.0)
    frame.loc[50, "bad"] = np.inf
    with pytest.raises(TableError, match="contains inf in row 50 "):
        ti.read_table(frame, target="paid", drop_missing_target=True, **DROP)


def test_a_target_that_is_missing_everywhere_and_one_that_is_not_there():
    frame = gappy().assign(paid=np.nan)
    for read in (ti.read_table, ti.scan_table):
        with pytest.raises(TableError, match=r"target 'paid' is missing in all 211 rows"):
            read(frame, target="paid", drop_missing_target=True, **DROP)
        with pytest.raises(TableError, match=r"unknown column in target=: 'payd'. Did you mean 'paid'"):
            read(frame, target="payd", drop_missing_target=True, **DROP)
