"""Passes that are stopped midway: what is kept says the same again, and what is finished is not read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tabinterp as ti
from tabinterp.errors import TabinterpError, TableError
from tabinterp.stats import accumulators as sums
from tabinterp.table import readers as batches
from tabinterp.table.checkpoints import Keeping, filled, fingerprint, leaves, pack_column, unpack_column
from tabinterp.table.executors import in_turn
from tests.shared import every_nth

from .test_scan import loans, same_table

READ = batches._read
BATCHES = 5  # of the folder below, at 70 rows a batch: 70 + 20, 40, 70 + 11
ASKED = {"target": "paid", "split": 0.4, "weight": "weight", "rows": 30, "batch": 70}


@pytest.fixture
def folder(tmp_path):
    """211 rows in two files, whose row groups do not end with batches."""
    (tmp_path / "parts").mkdir()
    frame = loans().assign(size=pd.Categorical(np.where(np.arange(211) < 100, "s", "l"), ["s", "m", "l"], ordered=True))
    for i, part in enumerate((slice(0, 130), slice(130, 211))):
        pq.write_table(pa.Table.from_pandas(frame.iloc[part]), tmp_path / "parts" / f"{i}.parquet", row_group_size=90)
    return tmp_path / "parts"


def mean_age(offset: float, table: ti.Table) -> sums.Means:
    ages = table.frame["age"].to_numpy(np.float64)[:, None] / 3 + offset
    return sums.update(sums.start((1,)), ages, table.weights)


def encoded(offset: float, table: ti.Table) -> list[ti.Table]:
    """The rows in two parts."""
    return [table.take(np.arange(len(table)) % 2 == i) for i in range(2)] if len(table) > 1 else [table]


def work(source, keep=None, told=None, **more):
    """A scan, and three passes that take sums."""
    scan = ti.scan_table(source, **ASKED | more, keep=keep, told=told)
    parts = ("training", "evaluation", "all")
    return scan, [in_turn(scan, part, encoded, mean_age, (float(i),), sums.merge) for i, part in enumerate(parts)]


def same(one, other):
    same_table(one[0].sample, other[0].sample)
    assert (one[0].schema, one[0].split, one[0].census) == (other[0].schema, other[0].split, other[0].census)
    np.testing.assert_array_equal(one[0].sides, other[0].sides)
    for a, b in zip(one[1], other[1], strict=True):
        assert fingerprint(a) == fingerprint(b)


class Flaky:
    """Reads as `table.readers._read` does, until the connection is lost once more."""

    def __init__(self, monkeypatch, lost_at=None):
        self.reads, self.lost_at = 0, lost_at
        monkeypatch.setattr(batches, "_read", self)

    def __call__(self, *asked) -> Iterator[pd.DataFrame]:
        for frame in READ(*asked):
            if self.reads == self.lost_at:
                raise TableError("the store does not answer")
            self.reads += 1
            yield frame


@pytest.mark.parametrize("every", every_nth(2, [0.0, 1e9]), ids=["written at each batch", "written at the end"])
def test_a_connection_lost_after_some_batch_is_gone_on_from_there(folder, tmp_path, monkeypatch, every):
    """The second pass begins again at its first row. Of a row group that was read in part, the first rows are passed over."""
    reads = Flaky(monkeypatch)
    whole = work(folder)
    total = reads.reads
    assert total == 5 * BATCHES
    for lost_at in (2, 8, 19) if every else (0, 6, 13):
        reads = Flaky(monkeypatch, lost_at)
        keep = Keeping(tmp_path / "kept", {"model": "m"}, every=every)
        with pytest.raises(TableError, match="does not answer"):
            work(folder, keep)
        keep.flush()
        again = Flaky(monkeypatch)
        same(work(folder, Keeping(tmp_path / "kept", {"model": "m"}, resume=True)), whole)
        passes, within = divmod(lost_at, BATCHES)
        ahead = 1 if passes < 2 else 3  # batches are read and encoded while one before them is used
        anew = within if passes == 1 else min(within, ahead) + 1
        assert total - lost_at <= again.reads <= total - lost_at + anew, lost_at
        keep.clear()
        assert not (tmp_path / "kept").exists()


def test_what_is_finished_is_not_read_again(folder, tmp_path, monkeypatch):
    keep = Keeping(tmp_path / "kept", {})
    whole = work(folder, keep)
    keep.flush()
    reads, told = Flaky(monkeypatch), []
    same(work(folder, Keeping(tmp_path / "kept", {}, resume=True), lambda *how: told.append(how)), whole)
    assert (reads.reads, told) == (0, [])


@pytest.mark.parametrize("kind", every_nth(2, ["loans.csv", "loans.csv.gz"]))
def test_csv(tmp_path, kind):
    loans().to_csv(tmp_path / kind, index=False)
    whole = work(tmp_path / kind)
    keep = Keeping(tmp_path / "kept", {}, every=0)

    def stop(what, rows, of):
        if not what and rows > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(tmp_path / kind, keep, stop)
    keep.flush()
    same(work(tmp_path / kind, Keeping(tmp_path / "kept", {}, resume=True)), whole)


def test_dates_that_say_what_is_held_out(tmp_path):
    days = pd.to_datetime("2023-01-01", utc=True) + pd.to_timedelta(np.arange(211) * 37 % 100, "D")
    loans().assign(day=days).to_parquet(tmp_path / "t.parquet")
    said = {"split": "day"}
    whole = work(tmp_path / "t.parquet", **said)
    keep = Keeping(tmp_path / "kept", {}, every=0)
    work(tmp_path / "t.parquet", keep, **said)
    same(work(tmp_path / "t.parquet", Keeping(tmp_path / "kept", {}, resume=True), **said), whole)
    (tmp_path / "kept" / "drawn.npz").unlink()
    same(work(tmp_path / "t.parquet", Keeping(tmp_path / "kept", {}, resume=True), **said), whole)


def test_a_pass_that_takes_digests_begins_again_where_it_was_stopped(tmp_path, monkeypatch):
    """Its copies are counted from the first row again, so the sides are those of a scan that was not stopped."""
    frame = pd.DataFrame({"age": [0, 1, 1, 0, 1] * 60, "b": ["u", "v", None] * 100, "paid": [0, 1, 1, 0] * 75})
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=50)
    said = {"weight": None, "batch": 50}
    whole = work(tmp_path / "t.parquet", **said)
    assert whole[0].split.numbered
    reads, keep = Flaky(monkeypatch, lost_at=10), Keeping(tmp_path / "kept", {}, every=0)
    with pytest.raises(TableError, match="does not answer"):
        work(tmp_path / "t.parquet", keep, **said)
    reads = Flaky(monkeypatch)
    same(work(tmp_path / "t.parquet", Keeping(tmp_path / "kept", {}, resume=True), **said), whole)
    assert reads.reads == 4 * 6  # of five passes, all but the first


# ---- what does not fit


def test_what_is_kept_of_something_else_is_refused(folder, tmp_path):
    keep = Keeping(tmp_path / "kept", {"the model": "m"}, every=0)
    whole = work(folder, keep)

    def again(model="m", **more):
        return work(folder, Keeping(tmp_path / "kept", {"the model": model}, resume=True), **more)

    same(again(), whole)
    for told, more in (
        ("the model", {"model": "n"}),
        ("seed", {"seed": 1}),
        ("drop, weight", {"weight": None, "drop": ["weight"]}),
        ("rows drawn and rows per batch", {"batch": 71}),
    ):
        with pytest.raises(TabinterpError, match=f"The two audits differ in: {told}. Start again with --overwrite"):
            again(**more)
    frame = pd.read_parquet(folder / "1.parquet")
    frame.iloc[::-1].to_parquet(folder / "1.parquet")
    with pytest.raises(TabinterpError, match=r"The two audits differ in: the data\."):
        again()
    said: list[str] = []
    kept = str(tmp_path / "kept")
    fresh = Keeping(tmp_path / "kept", {"the model": "n"}, say=said.append, every=1e9)
    work(folder, fresh)
    assert not (tmp_path / "kept").exists()  # what was there is thrown away, and nothing was due
    work(folder, Keeping(tmp_path / "kept", {"the model": "n"}, resume=True, say=said.append))
    assert said == [
        f"The saved state of an interrupted audit in {kept!r} was deleted. To continue an interrupted audit, use --resume.",
        f"There is no saved state in {kept!r}. The audit starts from the beginning.",
    ]


def test_sums_of_other_models_are_taken_anew(folder, tmp_path):
    scan = ti.scan_table(folder, **ASKED, keep=Keeping(tmp_path / "kept", {}, every=0))
    in_turn(scan, "all", encoded, mean_age, (1.0,), sums.merge)
    scan = ti.scan_table(folder, **ASKED, keep=Keeping(tmp_path / "kept", {}, resume=True))
    found = in_turn(scan, "all", encoded, mean_age, (2.0,), sums.merge)
    assert fingerprint(found) == fingerprint(
        in_turn(ti.scan_table(folder, **ASKED), "all", encoded, mean_age, (2.0,), sums.merge)
    )


def test_files_that_are_broken_or_hold_objects_are_refused(folder, tmp_path):
    keep = Keeping(tmp_path / "kept", {}, every=0)
    work(folder, keep)
    path = tmp_path / "kept" / "columns.npz"
    pickled = np.array([{"a": 1}], dtype=object)
    told = np.frombuffer(json.dumps({"key": "", "state": {}}).encode(), np.uint8)
    for spoil in (
        lambda: path.write_bytes(path.read_bytes()[:200]),
        lambda: path.write_bytes(b"no archive"),
        lambda: np.savez(path, allow_pickle=True, json=told, hashes=pickled),
    ):
        spoil()
        with pytest.raises(TabinterpError, match=r"columns.npz' cannot be read .*instead of --resume"):
            work(folder, Keeping(tmp_path / "kept", {}, resume=True))


def test_only_files_and_queries_can_be_gone_on_with(tmp_path):
    with pytest.raises(TableError, match="only be resumed if its data are read from a file"):
        ti.scan_table(loans(), target="paid", keep=Keeping(tmp_path / "kept", {}))


def test_others_may_not_look_into_it(folder, tmp_path):
    work(folder, Keeping(tmp_path / "kept", {}, every=0))
    assert (tmp_path / "kept").stat().st_mode & 0o77 == 0


# ---- forms


COLUMNS = {
    "numbers": pd.Series([1.5, np.nan, -0.0, np.inf]),
    "whole numbers": pd.Series([1, 2**62], dtype=np.int64),
    "small ones": pd.Series([1, 2], dtype=np.int8),
    "booleans": pd.Series([True, False]),
    "text": pd.Series(["a", np.nan, "日本", "a", "", "\ud800"], dtype=object),
    "objects": pd.Series([True, 1, 1.0, "1", np.nan, None, Decimal("1.10"), np.int64(1)], dtype=object),
    "days": pd.Series(pd.to_datetime(["2024-02-29", None])).astype("datetime64[s]"),
    "moments": pd.Series(pd.to_datetime(["2024-02-29T12:00:00.000001+01:00", None])).dt.tz_convert("Europe/Berlin"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_come_back(name):
    values, arrays = COLUMNS[name], {}
    packed = json.loads(json.dumps(pack_column(values, "c", arrays)))
    found = unpack_column(packed, "c", arrays)
    pd.testing.assert_series_equal(found, values)
    if values.dtype == object:
        assert [type(one) for one in found] == [type(one) for one in values]


def test_sums_come_back():
    value = {"b": (1, np.float64(2.5), None), "a": [sums.update(sums.start((2,)), np.ones((3, 2))), True]}
    like = {"a": [sums.start((2,)), False], "b": (0, np.float64(0), None)}
    found = filled(like, iter([np.asarray(one) for one in leaves(value)]))
    assert fingerprint(found) == fingerprint(value)
    assert fingerprint(found) != fingerprint(like)
