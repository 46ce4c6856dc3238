"""Which rows are held out, and that a row keeps its side however it comes back."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tabinterp as ti
from tabinterp.errors import TableError
from tabinterp.table.read import with_split
from tabinterp.table.split import _cut, by_fraction


def rows(n: int = 1000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "whole": rng.integers(0, 1000, n),
            "real": rng.normal(size=n),
            "text": rng.choice(["a", "ü", "日本", "?", "12", "true"], n),
            "flag": rng.choice([True, False], n),
            "y": rng.choice(["no", "maybe", "yes"], n, p=[0.7, 0.2, 0.1]),
        }
    )


def held_out(frame, **asked) -> np.ndarray:
    return ti.read_table(frame, **{"target": "y", **asked}).held_out


# ---- by a column


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["train", "test", "train", "test"], [0, 1, 0, 1]),
        ([" Train", "HELD-OUT", "validation", "oot"], [0, 1, 0, 1]),
        (["dev", "holdout", "development", "hold-out"], [0, 1, 0, 1]),
        ([True, False, True, True], [1, 0, 1, 1]),
        (pd.array([True, False, True, True], dtype="boolean"), [1, 0, 1, 1]),
        (pd.Series([True, False, True, True], dtype=object), [1, 0, 1, 1]),
        (pd.Categorical(["train", "test", "train", "train"]), [0, 1, 0, 0]),
    ],
)
def test_a_column_of_labels_or_booleans(labels, expected):
    frame = pd.DataFrame({"x": [1, 2, 3, 4], "part": labels, "y": [0, 1, 0, 1]})
    table = ti.read_table(frame, target="y", split="part")
    assert table.held_out.tolist() == [bool(e) for e in expected]
    assert table.schema.inputs == ("x",)
    assert table.schema["part"].role == "split"
    assert ti.read_table(pl.from_pandas(frame), target="y", split="part").held_out.tolist() == table.held_out.tolist()


# ---- by date


DAYS = [dt.date(2023, 1, 1) + dt.timedelta(days=7 * i) for i in range(40)]


def dated(dates) -> pd.DataFrame:
    n = len(dates)
    return pd.DataFrame({"x": range(n), "when": dates, "y": [i % 2 for i in range(n)]})


DATES = {
    "datetimes": pd.to_datetime(DAYS),
    "time zone": pd.to_datetime(DAYS).tz_localize("Asia/Tokyo"),
    "objects": pd.Series(DAYS, dtype=object),
    "text": [day.isoformat() for day in DAYS],
    "text with offsets": [f"{day}T00:00:00{'+09:00' if i % 2 else '+08:00'}" for i, day in enumerate(DAYS)],
}


@pytest.mark.parametrize("kind", DATES)
def test_dates_hold_out_the_latest_quarter(kind):
    table = ti.read_table(dated(DATES[kind]), target="y", split="when")
    assert (
        table.held_out.tolist() == [False] * 26 + [True] * 14
    )  # a quarter of the year is the shortest that ten rows share
    assert table.split.kind == "date"


@pytest.mark.parametrize("kind", DATES)
def test_split_at_holds_out_rows_from_that_day_on(kind):
    table = ti.read_table(dated(DATES[kind]), target="y", split="when", split_at="2023-03-05")
    expected = [day >= dt.date(2023, 3, 5) for day in DAYS]
    if kind == "text with offsets":  # compared as moments, in universal time: those of the day itself lie before it
        expected[expected.index(True)] = False
    assert table.held_out.tolist() == expected


def test_dates_are_those_of_every_library(tmp_path):
    frame = dated(pd.to_datetime(DAYS))
    expected = held_out(frame, split="when")
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    polars = pl.from_pandas(frame).with_columns(pl.col("when").cast(pl.Date))
    for source in (polars, polars.to_arrow(), tmp_path / "t.csv", tmp_path / "t.parquet"):
        assert held_out(source, split="when").tolist() == expected.tolist()


def test_rows_are_held_out_by_time_whatever_their_order():
    frame = dated(pd.to_datetime(DAYS)).sample(frac=1, random_state=0)
    table = ti.read_table(frame, target="y", split="when")
    assert table.frame["when"][~table.held_out].max() < table.frame["when"][table.held_out].min()


# ---- by a share


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
def test_a_share_is_near_what_was_asked(fraction):
    share = held_out(rows(4000), split=fraction).mean()
    assert abs(share - fraction) < 4 * np.sqrt(fraction * (1 - fraction) / 4000)


def test_seeds_draw_other_rows_and_the_same_seed_the_same():
    frame = rows()
    first, again, other = (held_out(frame, split=0.3, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert 0.3 < (first != other).mean() < 0.55  # independent draws differ in 2 * .3 * .7 of the rows


def test_stratified_shares_are_exact_to_a_row_in_each_class():
    table = ti.read_table(rows(), target="y", split=0.25, stratify=True)
    for code in range(3):
        members = table.held_out[table.codes == code]
        assert abs(members.sum() - 0.25 * len(members)) <= 0.5


def test_a_stratified_rule_keeps_its_sides_when_classes_change_their_order():
    frame = rows(600).assign(y=lambda f: f["y"] == "no").replace({"y": {True: "no", False: "yes"}})
    yes = ti.read_table(frame, target="y", positive="yes", split=0.25, stratify=True)
    no = ti.read_table(frame, target="y", positive="no", split=yes.split)
    assert (no.codes == 1 - yes.codes).all()
    assert (no.held_out == yes.held_out).all()


def test_a_stratified_rule_takes_part_of_the_classes_and_refuses_others():
    table = ti.read_table(rows(), target="y", split=0.25, stratify=True)
    two = table.frame["y"] != "maybe"
    again = ti.read_table(table.frame[two], target="y", split=table.split)
    assert (again.held_out == table.held_out[two.to_numpy()]).all()
    with pytest.raises(TableError, match=r"'maybe', 'no', 'yes', but this target also has the classes 'perhaps'"):
        ti.read_table(table.frame.replace({"y": {"maybe": "perhaps"}}), target="y", split=table.split)


CHANGES = {
    "row order": lambda f: f.sample(frac=1, random_state=3),
    "a part": lambda f: f.iloc[100:300],
    "a few": lambda f: f[f["text"].isin(["12"])],
    "column order": lambda f: f[f.columns[::-1]],
    "int to float": lambda f: f.astype({"whole": float}),
    "nullable": lambda f: f.convert_dtypes(),
    "category": lambda f: f.astype({"text": "category"}),
    "booleans as objects": lambda f: f.astype({"flag": object}),
    "another column": lambda f: f.assign(extra=1),
    "negative zero": lambda f: f.assign(whole=f["whole"].astype(float).replace(0.0, -0.0)),
}


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_a_row_keeps_its_side(change, missing):
    frame = rows()
    if missing:
        frame = frame.astype({"flag": object, "text": object}).mask(
            np.random.default_rng(1).random(frame.shape) < np.array([0.2, 0.2, 0.2, 0.2, 0])
        )
    table = ti.read_table(frame, target="y", split=0.4)
    sides = pd.Series(table.held_out, frame.index)
    changed = CHANGES[change](frame)
    target = {"target": "y"} if changed["y"].nunique() > 1 else {"target": "real"}
    assert held_out(changed, split=table.split, **target).tolist() == sides[changed.index].tolist()


def test_a_row_keeps_its_side_when_a_part_is_written_and_read_again(tmp_path):
    frame = rows().assign(flag=lambda f: f["flag"].astype(object).where(f.index % 3 > 0, None))
    frame["text"] = frame["text"].where(frame.index % 5 > 0, None)
    table = ti.read_table(frame, target="y", split=0.4)
    parts = {  # read again, their columns are of other types than in the whole
        "numbers in text": frame["text"] == "12",
        "booleans in text": frame["text"] == "true",
        "all missing": frame["text"].isna() & frame["flag"].isna(),
        "no flag missing": frame["flag"].notna(),
    }
    for name, part in parts.items():
        for suffix in ("csv", "parquet"):
            path = tmp_path / f"part.{suffix}"
            getattr(frame[part], f"to_{suffix}")(path, index=False)
            got = held_out(path, split=table.split)
            assert got.tolist() == table.held_out[part.to_numpy()].tolist(), (name, suffix)


def test_copies_of_a_row_stay_on_one_side():
    frame = rows(500)
    twice = pd.concat([frame, frame.iloc[:200].assign(y="no")], ignore_index=True)
    table = ti.read_table(twice, target="y", split=0.3)
    assert not table.split.numbered
    assert (table.held_out[500:] == table.held_out[:200]).all()


def test_a_table_of_few_distinct_rows_is_still_split_near_the_share():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": rng.integers(0, 2, 2000), "b": rng.choice(["u", "v"], 2000), "y": rng.integers(0, 2, 2000)}
    )
    for asked in ({"split": 0.25}, {"split": 0.25, "stratify": True}):
        table = ti.read_table(frame, target="y", **asked)
        assert table.split.numbered
        assert abs(table.held_out.mean() - 0.25) < 0.04
        by_row = table.frame.groupby(["a", "b"]).apply(lambda g, t=table: t.held_out[g.index].mean())
        assert by_row.between(0.15, 0.35).all()


# ---- the rule as a file


RULES = {
    "column": {"split": "part"},
    "date": {"split": "when"},
    "date at": {"split": "when", "split_at": "2023-06-01"},
    "fraction": {"split": 0.3, "seed": 5},
    "stratified": {"split": 0.3, "stratify": True},
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_comes_back_from_json_as_it_was(rule):
    n = 40
    frame = rows(n).assign(part=["train", "test"] * (n // 2), when=pd.to_datetime(DAYS))
    asked = RULES[rule]
    frame = frame.drop(columns=[c for c in ("part", "when") if c != asked["split"]])
    table = ti.read_table(frame, target="y", **asked)
    again = ti.Split.from_dict(json.loads(json.dumps(table.split.to_dict())))
    assert again == table.split
    assert (held_out(frame, split=again) == table.held_out).all()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "fraction", "cuts": [0.5], "colour": 1}, "'colour'"),
        ({"kind": "random"}, "kind"),
        ({"kind": "fraction", "cuts": ["half"]}, "cuts.0"),
        ({"kind": "fraction", "cuts": []}, "must contain one number"),
        (
            {"kind": "fraction", "cuts": [0.5, 0.5], "stratify": True, "classes": ["a"]},
            "one number for each class.*; got 2 numbers",
        ),
        ({"kind": "column"}, "needs a column name"),
        ({"kind": "date", "column": "when", "at": "soon"}, "'soon'"),
        ({}, "kind"),
    ],
)
def test_values_that_are_no_rule_are_refused(values, words):
    with pytest.raises(TableError, match=words):
        ti.Split.from_dict(values)


def test_both_sides_need_weight():
    frame = pd.DataFrame(
        {"x": [1, 2, 3, 4], "w": [0, 0, 1, 1], "part": ["test", "test", "train", "train"], "y": [0, 1, 0, 1]}
    )
    for labels, words in ((frame["part"], "2 held-out rows"), (frame["part"][::-1].to_numpy(), "2 training rows")):
        with pytest.raises(TableError, match=f"all {words} have a weight of 0"):
            ti.read_table(frame.assign(part=labels), target="y", weight="w", split="part")


def test_a_rule_meets_a_table_without_its_columns():
    table = ti.read_table(rows(), target="y", split=0.3)
    with pytest.raises(TableError, match="are not in this table: 'whole', 'flag'"):
        ti.read_table(rows().drop(columns=["whole", "flag"]), target="y", split=table.split)
    rule = ti.Split("column", "part")
    with pytest.raises(TableError, match="unknown column in split=: 'part'"):
        ti.read_table(rows(), target="y", split=rule)
    with pytest.raises(TableError, match="split column 'part' is not in the table"):
        with_split(ti.read_table(rows(), target="y"), rule, None, False, 0)


# ---- generated tables

CELLS = {
    "whole": st.integers(-5, 5),
    "real": st.one_of(st.none(), st.floats(-3, 3)),
    "text": st.one_of(st.none(), st.sampled_from(["a", "1", "01", "1.0", "nan", "ü", "True"])),
    "flag": st.one_of(st.none(), st.booleans()),
}


@settings(max_examples=30)
@given(
    st.lists(st.fixed_dictionaries(CELLS), min_size=12, max_size=30),
    st.floats(0.2, 0.8),
    st.integers(0, 2**32 - 1),
    st.randoms(use_true_random=False),
)
def test_sides_belong_to_contents(records, fraction, seed, random):
    frame = (
        pd.DataFrame(records).astype({"text": object, "flag": object}).assign(y=[i % 2 for i in range(len(records))])
    )
    table = ti.read_table(frame, target="y")
    rule = by_fraction(table.frame, table.schema, table.codes, fraction, seed, False)
    assume(0 < rule.held_out(table.frame, table.codes, table.schema.labels).sum() < len(table))
    table = table.with_split(rule)
    order = list(range(len(frame)))
    random.shuffle(order)
    moved = frame.iloc[order][random.sample(list(frame), len(list(frame)))].astype({"whole": float})
    again = ti.read_table(moved, target="y").with_split(table.split)
    if not table.split.numbered:
        assert again.held_out.tolist() == table.held_out[order].tolist()
        sides = pd.Series(table.held_out).groupby([str(list(r.values())) for r in records]).nunique()
        assert (sides == 1).all()
    assert again.held_out.sum() == table.held_out.sum()


def test_a_cut_is_no_draw_of_a_row_and_as_short_as_it_can_be():
    """A draw is a hash of a whole row, and the cut is written into bundles."""
    draws = np.random.default_rng(0).random(501)
    for fraction in (0.0, 0.002, 0.25, 0.5, 0.9, 1.0):
        cut = _cut(draws, fraction)
        assert (draws < cut).sum() == round(fraction * len(draws))
        assert cut not in draws
        assert float(cut * 2**24).is_integer()
    tied = np.repeat([0.25, 0.5, 0.75], 4)
    assert (tied < _cut(tied, 0.5)).sum() == 4
