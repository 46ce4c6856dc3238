"""The one door for rows: whatever brings a table, the same schema and values; what cannot be read is named."""

from __future__ import annotations

import copy
import datetime as dt
import gzip
import math
import re
import warnings
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tabinterp as ti
from tabinterp.errors import TableError, speaking_options

LEVELS = ["low", "mid", "high"]
SCRIPT = "<script>alert(1)</script>"


def people() -> pd.DataFrame:
    """Every kind of column at once, missing values in most of them."""
    return pd.DataFrame(
        {
            "age": [23, 45, 31, 62, 50, 18],
            "income": [1.5, None, 2.25, 3.0, -0.0, 1e6],
            "仕事": ["a", "?", None, "ü", SCRIPT, "🧪"],
            "own": [True, False, True, False, False, True],
            "flag": [True, None, False, True, None, True],
            "empty": [None] * 6,
            SCRIPT: [7] * 6,
            "code": [1, 2, 1, 3, 3, 2],
            "paid": ["no", "yes", "no", "yes", "no", "no"],
        }
    )


def written(frame: pd.DataFrame, folder: Path) -> dict[str, Path]:
    paths = {name: folder / f"people.{name}" for name in FILE_KINDS}
    frame.to_csv(paths["csv"], index=False)
    frame.to_csv(paths["csv.gz"], index=False)
    frame.convert_dtypes().to_parquet(paths["parquet"])
    pl.from_pandas(frame).write_parquet(paths["polars.parquet"])
    return paths


def sources(folder: Path) -> dict[str, object]:
    frame = people()
    return {
        "pandas": frame,
        "nullable": frame.convert_dtypes(),
        "pyarrow-backed": frame.convert_dtypes(dtype_backend="pyarrow"),
        "category": frame.astype({"仕事": "category", "paid": "category", "flag": "category", "own": "category"}),
        "object": frame.astype(object),
        "odd index": frame.set_axis([3, 3, 1, 9, 9, 0]),
        "polars": pl.from_pandas(frame),
        "lazy polars": pl.from_pandas(frame).lazy(),
        "pyarrow": pa.Table.from_pandas(frame),
        **written(frame, folder),
    }


IN_MEMORY = ["nullable", "pyarrow-backed", "category", "object", "odd index", "polars", "lazy polars", "pyarrow"]
FILE_KINDS = ["csv", "csv.gz", "parquet", "polars.parquet"]


@pytest.mark.parametrize("name", IN_MEMORY + FILE_KINDS)
def test_every_source_gives_the_same_table(name, tmp_path):
    expected = ti.read_table(people(), target="paid", positive="yes", name="people")
    got = ti.read_table(sources(tmp_path)[name], target="paid", positive="yes", name="people")
    assert got.schema == expected.schema
    pd.testing.assert_frame_equal(got.frame, expected.frame)
    np.testing.assert_array_equal(got.y, expected.y)


def test_values_and_kinds_are_those_of_the_source():
    table = ti.read_table(people(), target="paid")
    assert {c.name: c.kind for c in table.schema.columns} == {
        "age": "numeric",
        "income": "numeric",
        "仕事": "categorical",
        "own": "boolean",
        "flag": "boolean",
        "empty": "numeric",
        SCRIPT: "numeric",
        "code": "numeric",
        "paid": "categorical",
    }
    assert table.schema["仕事"].levels == tuple(sorted(["a", "?", "ü", SCRIPT, "🧪"]))
    assert table.frame["仕事"].tolist()[:2] == ["a", "?"]
    assert math.isnan(table.frame["仕事"][2])
    assert table.schema["flag"].levels == (False, True)
    assert table.frame["empty"].isna().all()
    assert table.schema.classes == ("no", "yes")
    assert table.y.tolist() == [0, 1, 0, 1, 0, 0]
    assert table.schema["code"].levels == ()


def test_the_file_names_the_table(tmp_path):
    for path in written(people(), tmp_path).values():
        assert ti.read_table(path, target="paid").name == "people"
        assert ti.read_table(str(path), target="paid", name="mine").name == "mine"
    assert ti.read_table(people(), target="paid").name == "table"


@pytest.mark.parametrize("make", [pd.DataFrame, lambda f: f.convert_dtypes(), pl.from_pandas, pa.Table.from_pandas])
def test_the_source_is_never_changed(make):
    source = make(people())
    before = copy.deepcopy(source)
    table = ti.read_table(source, target="paid", split=0.5)
    table.frame.loc[:, "age"] = 0
    assert source.equals(before)


def test_targets_and_weights_are_arrays_that_torch_may_share():
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "w": [1.0, 2.0, 1.0], "y": [0.5, 1.5, 2.5]})
    table = ti.read_table(frame, target="y", weight="w")
    scan = ti.scan_table(frame, target="y", weight="w", batch=2)
    for one in (table, scan.sample, *scan.batches()):
        assert one.y.flags.writeable
        assert one.weights.flags.writeable
        one.y[:] = one.weights[:] = 9.0
    assert frame["y"].tolist() == [0.5, 1.5, 2.5]
    assert frame["w"].tolist() == [1.0, 2.0, 1.0]


def test_integer_codes_are_categories_where_they_are_said_to_be():
    asked = ti.read_table(people(), target="paid", kinds={"code": "categorical"})
    dtype = ti.read_table(people().astype({"code": "category"}), target="paid")
    for table in (asked, dtype):
        assert (table.schema["code"].kind, table.schema["code"].levels) == ("categorical", (1, 2, 3))
        assert table.frame["code"].tolist() == [1, 2, 1, 3, 3, 2]
    overridden = ti.read_table(people().astype({"code": "category"}), target="paid", kinds={"code": "numeric"})
    assert overridden.schema["code"].kind == "numeric"


def test_kinds_override_what_was_inferred():
    table = ti.read_table(people(), target="paid", kinds={"age": "ordinal", "own": "categorical", "code": "ordinal"})
    assert [table.schema[c].kind for c in ("age", "own", "code")] == ["ordinal", "categorical", "ordinal"]
    assert table.schema["age"].levels == (18, 23, 31, 45, 50, 62)


@pytest.mark.parametrize("make", [pd.DataFrame, pa.Table.from_pandas, "parquet", "enum", "levels"])
def test_ordered_categories_keep_their_order_and_unseen_levels(make, tmp_path):
    frame = people().assign(size=["low", "high", None, "low", "high", "low"])
    marked = frame.assign(size=pd.Categorical(frame["size"], LEVELS, ordered=True))
    if make == "levels":
        table = ti.read_table(frame, target="paid", levels={"size": LEVELS})
    elif make == "parquet":
        marked.to_parquet(tmp_path / "t.parquet")
        table = ti.read_table(tmp_path / "t.parquet", target="paid")
    elif make == "enum":
        source = pl.from_pandas(frame).with_columns(pl.col("size").cast(pl.Enum(LEVELS)))
        table = ti.read_table(source, target="paid")
    else:
        table = ti.read_table(make(marked), target="paid")
    assert (table.schema["size"].kind, table.schema["size"].levels) == ("ordinal", tuple(LEVELS))
    assert table.frame["size"].tolist()[:2] == ["low", "high"]


def test_roles_and_flags():
    frame = people().assign(**{SCRIPT: [f"group {i % 3}" for i in range(len(people()))]})
    table = ti.read_table(
        frame, target="paid", drop=["empty", "own"], protected=["own", "age"], weight="code", group=SCRIPT, split=0.5
    )
    roles = {c.name: c.role for c in table.schema.columns}
    assert roles == dict.fromkeys(frame, "input") | {
        "empty": "dropped",
        "own": "dropped",
        "code": "weight",
        SCRIPT: "group",
        "paid": "target",
    }
    assert [c.name for c in table.schema.columns if c.protected] == ["age", "own"]
    assert table.schema.inputs == ("age", "income", "仕事", "flag")
    assert table.weights.tolist() == frame["code"].tolist()
    assert list(table.inputs) == list(table.schema.inputs)


TARGETS = [
    ([0, 1, 0, 1], {}, "binary", (0, 1)),
    ([0, 1, 0, 1], {"positive": 0}, "binary", (1, 0)),
    ([0.0, 1.0, 0.0, 1.0], {"positive": "1"}, "binary", (0.0, 1.0)),
    ([0.0, 1.0, 0.0, 1.0], {"positive": "0"}, "binary", (1.0, 0.0)),
    ([True, False, True, True], {"positive": "False"}, "binary", (True, False)),
    (list("abca"), {}, "multiclass", ("a", "b", "c")),
    ([1, 2, 3, 2], {}, "multiclass", (1, 2, 3)),
    ([1, 2, 3, 2], {"task": "regression"}, "regression", ()),
    ([0.5, 1, 2, 2], {}, "regression", ()),
    ([0, 1, 0, 1], {"task": "regression"}, "regression", ()),
    (["良", "悪", "良", "悪"], {"positive": "良"}, "binary", ("悪", "良")),
    ([0, 1, 0, 1], {"levels": {"y": [1, 0]}}, "binary", (1, 0)),
]


@pytest.mark.parametrize(("values", "asked", "task", "classes"), TARGETS)
def test_task_and_classes(values, asked, task, classes):
    table = ti.read_table(pd.DataFrame({"x": [1, 2, 3, 4], "y": values}), target="y", **asked)
    assert (table.schema.task, table.schema.classes) == (task, classes)
    expected = values if task == "regression" else [classes.index(v) for v in values]
    assert table.y.tolist() == expected
    assert table.y.dtype == np.float64


def test_more_than_ten_whole_numbers_are_a_regression_target():
    frame = pd.DataFrame({"x": range(22), "y": [*range(11), *range(11)]})
    assert ti.read_table(frame, target="y").schema.task == "regression"
    assert ti.read_table(frame[frame["y"] < 10], target="y").schema.task == "multiclass"


def test_a_class_that_does_not_occur_is_none():
    y = pd.Categorical(["no", "yes", "no"], ["no", "maybe", "yes"], ordered=True)
    table = ti.read_table(pd.DataFrame({"x": [1, 2, 3], "y": y}), target="y")
    assert (table.schema.task, table.schema.classes) == ("binary", ("no", "yes"))


def test_numbers_in_objects_and_decimals_are_numbers():
    frame = pd.DataFrame(
        {
            "decimal": [Decimal("1.5"), None, Decimal("2")],
            "object": pd.Series([1, 2.5, None], dtype=object),
            "huge": pd.Series([2**70, 1, 2], dtype=object),
            "whole": pd.Series([1, 2, 3], dtype=object),
            "y": [0, 1, 0],
        }
    )
    table = ti.read_table(frame, target="y")
    assert {c.kind for c in table.schema.columns} == {"numeric"}
    assert table.frame["decimal"].tolist()[::2] == [1.5, 2.0]
    assert table.frame["huge"].tolist() == [2.0**70, 1, 2]
    assert table.frame["whole"].dtype == np.int64


def test_a_dropped_column_may_hold_anything():
    frame = pd.DataFrame(
        {
            "x": [1, 2, 3],
            "list": [[1], [2], None],
            "mixed": [1, "a", None],
            "inf": [1, np.inf, 2],
            "date": pd.to_datetime(["2020-01-01"] * 3),
            "complex": [1j, 2, 3],
            "y": [0, 1, 0],
        }
    )
    drop = ["list", "mixed", "inf", "date", "complex"]
    table = ti.read_table(frame, target="y", drop=drop)
    assert table.schema.inputs == ("x",)
    assert table.frame["list"].tolist()[:2] == [[1], [2]]
    for name in drop:
        with pytest.raises(TableError, match=f"column '{name}'"):
            ti.read_table(frame, target="y", drop=[other for other in drop if other != name])


# ---- what is refused, and in which words


def base(**columns) -> pd.DataFrame:
    return pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [0, 1, 0, 1]}).assign(**columns)


DATES = pd.to_datetime(["2020-01-01", "2020-02-01", "2020-03-01", "2020-04-01"])
REFUSED = {  # frame, settings, words that must be in the message
    "infinity": (base(c=[1, np.inf, 2, -np.inf]), {}, ["'c'", "row 1", "inf", "invalid rows: 2", "finite"]),
    "infinite target": (base(y=[0.1, 0.2, 0.3, np.inf]), {}, ["'y'", "row 3", "inf"]),
    "infinite weight": (base(c=[1, np.inf, 1, 1]), {"weight": "c"}, ["'c'", "row 1", "inf"]),
    "mixed": (base(c=[1, None, "a", 2]), {}, ["'c'", "different types", "row 2", "'a'", "all values to text, or all to numbers"]),
    "booleans and numbers": (base(c=[True, 1, 0, 2]), {}, ["'c'", "different types", "True", "row 1"]),
    "lists": (base(c=[None, [1], [2], [3]]), {}, ["'c'", "row 1", "[1]", "list", "allowed", "text"]),
    "bytes": (base(c=[b"a", b"b", b"a", b"b"]), {}, ["'c'", "row 0", "bytes", "allowed"]),
    "complex": (base(c=[1j, 2, 3, 4]), {}, ["'c'", "row 0", "complex", "allowed"]),
    "durations": (base(c=pd.to_timedelta([1, 2, 3, 4])), {}, ["'c'", "row 0", "Timedelta", "allowed"]),
    "dates": (base(c=DATES), {}, ["'c'", "dates", "Drop the column", "split"]),
    "date objects": (base(c=[dt.date(2020, 1, 1)] * 4), {}, ["'c'", "dates", "split"]),
    "half a surrogate": (base(c=pd.Series(["a", "\ud800", "b", "c"], dtype=object)), {}, ["'c'", "row 1", "surrogate"]),
    "surrogate in a name": (base().set_axis(pd.Index(["\udc00", "y"], dtype=object), axis=1), {}, ["column name ", "surrogate"]),
    "duplicate names": (base().set_axis(["y", "y"], axis=1), {}, ["must be unique", "'y'"]),
    "names that read the same": (base().set_axis([1, "1"], axis=1), {"target": "1"}, ["must be unique", "'1'"]),
    "no rows": (base().iloc[:0], {}, ["no rows"]),
    "no such target": (base(), {"target": "z"}, ["target", "'z'", "columns are 'x', 'y'"]),
    "one class": (base(y=1), {}, ["target 'y'", "the value 1 in all rows", "nothing to predict"]),
    "missing target": (base(y=[0, None, 1, None]), {}, ["target 'y'", "2 of 4 rows", "row 1", "drop_missing_target=True"]),
    "all missing target": (base(y=[None] * 4), {}, ["target 'y'", "4 of 4 rows", "row 0"]),
    "unknown task": (base(), {"task": "ranking"}, ["binary, multiclass, regression", "'ranking'"]),
    "text regression": (base(y=list("abcd")), {"task": "regression"}, ["'y'", "row 0", "'a'", "must contain numbers"]),
    "positive": (base(), {"positive": 2}, ["'y'", "0 or 1", "got positive=2"]),
    "positive of three": (base(y=[0, 1, 2, 1]), {"positive": 1}, ["'y'", "3 different values (0, 1, 2)", "two"]),
    "positive of a number": (base(), {"positive": 1, "task": "regression"}, ["regression", "positive=1"]),
    "positive of classes": (base(), {"positive": 1, "task": "multiclass"}, ["multiclass", "positive=1"]),
    "kind": (base(), {"kinds": {"x": "number"}}, ["'x'", "numeric, categorical, boolean, ordinal", "'number'"]),
    "kind of no column": (base(), {"kinds": {"z": "numeric"}}, ["kinds", "'z'", "'x', 'y'"]),
    "text as numbers": (base(c=[None, "3", "4", "5"]), {"kinds": {"c": "numeric"}}, ["'c'", "row 1", "'3'"]),
    "three booleans": (base(c=[1, 2, 3, 1]), {"kinds": {"c": "boolean"}}, ["'c'", "3 different values (1, 2, 3)", "two"]),
    "level": (base(c=list("abca")), {"levels": {"c": ["a", "b"]}}, ["'c'", "row 2", "'c'", "['a', 'b']"]),
    "level twice": (base(c=list("abca")), {"levels": {"c": list("abcc")}}, ["'c'", "distinct values"]),
    "levels as text": (base(c=list("abca")), {"levels": {"c": "abc"}}, ["'c'", "list", "'abc'"]),
    "levels of numbers": (
        base(),
        {"levels": {"x": [1, 2, 3, 4]}, "kinds": {"x": "numeric"}},
        ["'x'", "ordinal", "'numeric'"],
    ),
    "drop as text": (base(), {"drop": "x"}, ["drop", "list", "'x'"]),
    "drop all": (base(), {"drop": ["x"]}, ["there is no input column"]),
    "drop the target": (base(), {"drop": ["y"]}, ["'y'", "the roles dropped and target"]),
    "drop no column": (base(), {"drop": ["q"]}, ["drop", "'q'", "'x', 'y'"]),
    "protect no column": (base(), {"protected": ["q"]}, ["protected", "'q'", "'x', 'y'"]),
    "weight and group": (base(c=1), {"weight": "c", "group": "c"}, ["'c'", "the roles weight and group"]),
    "negative weight": (base(c=[1, 2, -1, 1]), {"weight": "c"}, ["'c'", "row 2", "-1.0", "at least 0"]),
    "missing weight": (base(c=[1, None, 1, 1]), {"weight": "c"}, ["'c'", "row 1", "nan", "at least 0"]),
    "zero weights": (base(c=0), {"weight": "c"}, ["'c'", "at least one must be above 0"]),
    "text weight": (base(c=list("abcd")), {"weight": "c"}, ["'c'", "must contain numbers", "row 0", "'a'"]),
    "split share": (base(), {"split": 1.5}, ["between 0 and 1", "1.5"]),
    "split nan": (base(), {"split": math.nan}, ["between 0 and 1", "nan"]),
    "split list": (base(), {"split": ["x"]}, ["column name, or a share", "['x']"]),
    "split true": (base(), {"split": True}, ["column name, or a share", "True"]),
    "split of no column": (base(), {"split": "q"}, ["split", "'q'", "'x', 'y'"]),
    "split labels": (base(c=["train", "test", "a", "train"]), {"split": "c"}, ["'c'", "row 2", "'a'", "test", "train"]),
    "split text": (base(c=list("abcd")), {"split": "c"}, ["'c'", "row 0", "'a'", "test", "True and False", "2024-06-30"]),
    "split numbers": (base(c=[0, 1, 0, 1]), {"split": "c"}, ["'c'", "numbers", "row 0", "test", "True and False"]),
    "split day first": (base(c=["2020-01-31", "31.01.2020"] * 2), {"split": "c"}, ["'c'", "row 1", "31.01.2020"]),
    "split with a gap": (base(c=["train", None, "test", "test"]), {"split": "c"}, ["'c'", "row 1", "test"]),
    "boolean split with a gap": (base(c=[True, None, False, True]), {"split": "c"}, ["'c'", "no value in row 1"]),
    "date split with a gap": (base(c=[DATES[0], None, *DATES[:2]]), {"split": "c"}, ["'c'", "no value in row 1"]),
    "several in one": (base(c=[1, 2, 3, 4]), {"protected": ["x,c"]}, ["'x,c'", "Write protected=['x', 'c']"]),
    "split at": (base(c=DATES), {"split": "c", "split_at": "soon"}, ["split_at", "2024-06-30", "'soon'"]),
    "split at the end": (base(c=DATES), {"split": "c", "split_at": "2021-01-01"}, ["0 of 4 rows", "both held-out and training"]),
    "split all train": (base(c="train"), {"split": "c"}, ["0 of 4 rows", "both held-out and training"]),
    "split is target": (base(), {"split": "y"}, ["'y'", "the roles split and target"]),
    "stratified number": (base(y=[0.1, 0.2, 0.3, 0.4]), {"split": 0.5, "stratify": True}, ["stratified", "numeric"]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_the_column_the_row_what_was_allowed_and_what_was_found(case):
    frame, asked, words = REFUSED[case]
    with pytest.raises(TableError) as caught:
        ti.read_table(frame, **{"target": "y", **asked})
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, str(caught.value)


@pytest.mark.parametrize("source", [None, 3, [1, 2], np.zeros((2, 2)), pd.Series([1]), {"x": [1]}])
def test_what_is_no_table_is_refused(source):
    with pytest.raises(TableError, match=rf"a path or as a dataframe .* got an object of type {type(source).__name__}"):
        ti.read_table(source, target="y")


def test_pyarrow_with_one_name_twice_is_refused():
    table = pa.table([pa.array([1, 2]), pa.array([1, 2]), pa.array([0, 1])], names=["x", "x", "y"])
    with pytest.raises(TableError, match=r"must be unique .*'x'"):
        ti.read_table(table, target="y")


FILES = {
    "nothing": (b"", ["is empty"]),
    "only a header": (b"x,y\n", ["no rows"]),
    "binary": (b"\x00\x01\x02\xff" * 9, ["must be a Parquet file, or a UTF-8 CSV file"]),
    "latin-1": ("x,y\né,1\nü,0\n".encode("latin-1"), ["UTF-8"]),
    "utf-16": ("x,y\n1,0\n2,1\n".encode("utf-16"), ["UTF-8"]),
    "cut parquet": (b"PAR1xxxxxxxx", ["Parquet"]),
    "cut gzip": (gzip.compress(b"x,y\n" + b"1,0\n2,1\n" * 400)[:-30], ["gzipped"]),
    "damaged gzip": (gzip.compress(b"x,y\n")[:10] + b"\xff" * 40, ["gzipped"]),
    "longer row": (b"x,y\n1,0\n1,2,3\n", ["line 3"]),
    "longer rows": (b"x,y\n1,2,0\n1,2,1\n", ["the first row", "cells, but the header", "'x', 'y'"]),
    "open quote": (b'x,y\n"1,0\n2,1\n', ["EOF inside string"]),
    "one name twice": (b"x,x,y\n1,2,0\n3,4,1\n", ["must be unique", "'x'"]),
    "one name twice, after blank lines": (b"\n\nx,x,y\n1,2,0\n3,4,1\n", ["must be unique", "'x'"]),
    "huge field": (b'"' + b"x" * 200_000 + b'",y\n1,0\n2,1\n', ["field larger"]),
    "semicolons": (b"x;y\n1;0\n2;1\n", ["'y'", "'x;y'"]),
}


@pytest.mark.parametrize("case", FILES)
def test_files_that_are_no_table_are_refused(case, tmp_path):
    content, words = FILES[case]
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(TableError) as caught:
        ti.read_table(path, target="y")
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_no_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing.csv"):
        with pytest.raises(TableError, match=f"no file '{path}'"):
            ti.read_table(path, target="y")


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    for packed in (False, True):
        path = tmp_path / "bom.csv"
        content = "\ufeffx,y\n1,0\n2,1\n".encode()
        path.write_bytes(gzip.compress(content) if packed else content)
        assert ti.read_table(path, target="y").schema.inputs == ("x",)


def test_rows_are_numbered_from_zero_whatever_their_index(tmp_path):
    frame = base(c=["a", "b", None, "a"]).set_index(pd.Index([9, 9, 9, 9], name="id"))
    frame.to_parquet(tmp_path / "t.parquet")
    for source in (frame, tmp_path / "t.parquet"):
        assert ti.read_table(source, target="y").frame.index.equals(pd.RangeIndex(4))


# ---- generated tables

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NUMBERS = st.one_of(
    st.none(),
    st.integers(-(2**62), 2**62),
    st.floats(),
    st.sampled_from([0.0, -0.0, 5e-324, 1.7e308, 2**53 + 1, 2**70]),
)
TEXTS = st.one_of(st.none(), st.text(max_size=5), st.sampled_from(["?", "nan", "NA", "", "1", "True", SCRIPT, "\0"]))
BOOLEANS = st.sampled_from([True, False, None])
ANY = st.one_of(NUMBERS, TEXTS, BOOLEANS, st.dates(), st.binary(max_size=2), st.lists(st.integers(), max_size=1))


@st.composite
def frames(draw) -> tuple[pd.DataFrame, str]:
    rows = draw(st.integers(0, 6))
    names = draw(st.lists(NAMES, min_size=1, max_size=4))
    kinds = st.sampled_from([NUMBERS, NUMBERS, TEXTS, TEXTS, BOOLEANS, ANY])
    values = [draw(st.lists(draw(kinds), min_size=rows, max_size=rows)) for _ in names]
    columns = [pd.Series(v, dtype=draw(st.sampled_from([None, object]))) for v in values]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    return frame.set_axis(names, axis=1), draw(st.sampled_from([*names, "y"]))


def same(a: object, b: object) -> bool:
    missing = [value is None or (isinstance(value, float) and math.isnan(value)) for value in (a, b)]
    if any(missing):
        return all(missing)
    numbers = [isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in (a, b)]
    return float(a) == float(b) if all(numbers) else type(a) is type(b) and a == b


@settings(max_examples=150)
@given(frames(), st.sampled_from([None, 0.5]))
def test_generated_frames_are_read_as_they_are_or_refused(made, split):
    frame, target = made
    before = frame.copy(deep=True)
    try:
        table = ti.read_table(frame, target=target, split=split)
    except TableError:
        table = None
    pd.testing.assert_frame_equal(frame, before)
    if table is not None:
        assert list(table.frame) == list(frame)
        for i, name in enumerate(table.frame):
            values = [v.item() if isinstance(v, np.generic) else v for v in frame.iloc[:, i]]
            got = [v.item() if isinstance(v, np.generic) else v for v in table.frame[name]]
            assert all(map(same, values, got)), (name, values, got)


def dated(form: str = "%Y-%m-%d", rows: int = 100) -> pd.DataFrame:
    days = pd.date_range("2023-01-06", periods=rows, freq="7h").strftime(form).astype(object)
    return pd.DataFrame({"opened": days, "age": range(rows), "paid": ["no", "yes"] * (rows // 2)})


def warnings_of(source, **settings) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ti.read_table(source, target="paid", **settings)
    assert all(Path(one.filename) == Path(__file__) for one in caught)  # the line of the user who reads the table
    return [str(one.message) for one in caught]


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.%f+02:00"])
def test_a_text_column_of_dates_is_named_with_the_way_out(form):
    source = dated(form)
    source.loc[[0, 7], "opened"] = [None, "unknown"]
    (warning,) = warnings_of(source)
    assert re.match(
        r"column 'opened' contains dates as text, such as '2023-01-06.*', and is .* with 99 levels", warning
    )
    assert "drop=, use it as the split column with split=, or convert" in warning
    assert not warnings_of(source, drop=["opened"])
    assert not warnings_of(source, kinds={"opened": "categorical"})


def test_a_split_column_of_dates_and_text_that_is_no_date_cause_no_warning():
    assert not warnings_of(dated(rows=1200), split="opened")
    assert len(warnings_of(dated(rows=1200))) == 1
    assert not warnings_of(dated(rows=100))  # 30 days: few levels
    for form in ("%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M", "%Y%m%d%H%M%Sx", "A-%Y-%m-%d %H"):
        assert not warnings_of(dated(form))
    mixed = dated("%Y-%m-%d %H:%M")
    mixed.loc[::10, "opened"] = [f"job {number}" for number in range(10)]
    assert not warnings_of(mixed)
    impossible = mixed.assign(opened=[f"{number:04}-13-45" for number in range(100)])
    assert not warnings_of(impossible)


def test_a_text_column_of_dates_is_named_on_the_command_line_in_its_options(tmp_path):
    dated(rows=1200).to_csv(tmp_path / "dated.csv", index=False)
    with speaking_options({"drop": "--drop", "split": "--split", "kinds": "--kind"}):
        (warning,) = warnings_of(tmp_path / "dated.csv")
        assert "Leave out the column with --drop, use it as the split column with --split, or" in warning
    with pytest.warns(UserWarning, match="contains dates as text"):
        ti.scan_table(tmp_path / "dated.csv", target="paid")
