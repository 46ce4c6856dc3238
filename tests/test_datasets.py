"""The tables in `datasets/` are the ones their cards describe."""

import hashlib
import re
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).parents[1] / "datasets"
TABLES = tomllib.loads((FOLDER / "tables.toml").read_text(encoding="utf-8"))
KINDS = {"numeric", "categorical", "boolean", "ordinal"}


@cache
def table(name):
    return pd.read_csv(FOLDER / TABLES[name]["file"], keep_default_na=False)


@cache
def card(name):
    return (FOLDER / TABLES[name]["card"]).read_text(encoding="utf-8")


def printed_columns(text):
    """Columns named in the card's table, with `x.1` to `x.36` spelled out."""
    names = []
    for row in re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE):
        found = re.findall(r"`([^`]+)`", row)
        if " to " in row:
            stem, first, last = found[0].rstrip("0123456789"), *(int(name.split(".")[1]) for name in found)
            found = [f"{stem}{k}" for k in range(first, last + 1)]
        names += found
    return names


def test_every_file_has_an_entry_and_a_card():
    files = {path.name for path in FOLDER.iterdir() if path.suffix in {".csv", ".gz"}}
    cards = {path.name for path in FOLDER.glob("*.md")} - {"README.md"}
    assert files == {entry["file"] for entry in TABLES.values()}
    assert cards == {entry["card"] for entry in TABLES.values()}


@pytest.mark.parametrize("name", TABLES)
def test_the_bytes_are_the_ones_in_the_entry_and_the_card(name):
    digest = hashlib.sha256((FOLDER / TABLES[name]["file"]).read_bytes()).hexdigest()
    assert digest == TABLES[name]["sha256"]
    assert f"`{digest}`" in card(name)


@pytest.mark.parametrize("name", TABLES)
def test_rows_and_columns_are_as_printed(name):
    rows, columns = table(name).shape
    assert (rows, columns) == (TABLES[name]["rows"], TABLES[name]["columns"])
    assert f"**{rows:,} rows x {columns} columns.**" in card(name)
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"| `{TABLES[name]['file']}` | {rows:,} x {columns} |" in index
    assert f"]({TABLES[name]['card']})" in index


@pytest.mark.parametrize("name", TABLES)
def test_the_card_names_every_column_in_order(name):
    assert printed_columns(card(name)) == list(table(name).columns)


@pytest.mark.parametrize("name", TABLES)
def test_columns_named_in_the_entry_exist_and_serve_one_purpose(name):
    entry, frame = TABLES[name], table(name)
    special = [entry["target"], *entry["drop"], *([entry["split"]] if "split" in entry else [])]
    assert len(set(special)) == len(special)
    assert {*special, *entry["protected"], *entry["kinds"]} <= set(frame.columns)
    assert not set(special) & {*entry["protected"], *entry["kinds"]}
    assert set(entry["kinds"].values()) <= KINDS


@pytest.mark.parametrize("name", TABLES)
def test_the_task_fits_the_target(name):
    entry = TABLES[name]
    target = table(name)[entry["target"]]
    if entry["task"] == "regression":
        assert pd.api.types.is_float_dtype(target)
    else:
        assert (target.nunique() == 2) == (entry["task"] == "binary")
    assert ("positive" in entry) == (entry["task"] == "binary")
    if "positive" in entry:
        rate = (target == entry["positive"]).mean()
        index = (FOLDER / "README.md").read_text(encoding="utf-8")
        assert f"`{entry['target']}`, positive `{entry['positive']}` ({rate:.1%})" in index


@pytest.mark.parametrize("name", TABLES)
def test_the_card_states_source_licence_and_oddities(name):
    for heading in (
        "**Source**",
        "**Licence**",
        "**Target**",
        "**Protected**",
        "## Columns",
        "## Peculiarities",
    ):
        assert heading in card(name)


def overlap(frame, held_out):
    """Share of the held-out patches of which six of nine pixels are a training patch's, one pixel further."""
    patch = frame.drop(columns="classes").to_numpy().reshape(len(frame), 3, 3, 4)
    hit = np.zeros(len(frame), bool)
    for a, b in ((patch[:, :, 1:], patch[:, :, :2]), (patch[:, 1:], patch[:, :2])):
        for own, other in ((a, b), (b, a)):
            seen = {row.tobytes() for row in other[~held_out]}
            hit |= np.array([row.tobytes() in seen for row in own])
    return hit[held_out].mean()


def at_most(values):
    """Whether each value is the largest there is."""
    return values == values.max()


def facts():
    """What the cards print beside how it is computed."""
    yield "adult", "52 rows repeat", lambda t: f"{t.drop(columns='split').duplicated().sum()} rows repeat"
    yield "adult", "(29 if `split` is included)", lambda t: f"({t.duplicated().sum()} if `split` is included)"
    yield (
        "adult",
        "6,374 rows repeat",
        lambda t: f"{t.drop(columns=['split', 'fnlwgt']).duplicated().sum():,} rows repeat",
    )
    yield (
        "adult",
        "in 2,799 rows of `workclass`, 2,809 of `occupation` and 857 of `native-country`",
        lambda t: "in {:,} rows of `workclass`, {:,} of `occupation` and {:,} of `native-country`".format(
            *((t[c] == "?").sum() for c in ("workclass", "occupation", "native-country"))
        ),
    )
    yield "adult", "missing in 3,620 rows", lambda t: f"missing in {(t == '?').any(axis=1).sum():,} rows"
    yield "adult", "99999 in 244 rows", lambda t: f"99999 in {(t['capital-gain'] == 99999).sum()} rows"
    yield (
        "adult",
        "10.9% of women and 30.4% of men",
        lambda t: "{Female:.1%} of women and {Male:.1%} of men".format(**t.income.eq(">50K").groupby(t.sex).mean()),
    )
    taiwan = "default_of_credit_card_clients"
    yield (
        taiwan,
        "0 in 14 rows, none of which default, 5 in 280 rows and 6 in 51 rows",
        lambda t: "0 in {} rows, none of which default, 5 in {} rows and 6 in {} rows".format(
            *(t.EDUCATION.eq(code).sum() for code in (0, 5, 6))
        ),
    )
    yield (
        taiwan,
        "13.2%, 16.8%, 12.8%, 33.9% and 69.1%",
        lambda t: "{:.1%}, {:.1%}, {:.1%}, {:.1%} and {:.1%}".format(*t.iloc[:, -1].groupby(t.PAY_0).mean().loc[-2:2]),
    )
    yield taiwan, "35 rows repeat", lambda t: f"{t.drop(columns='ID').duplicated().sum()} rows repeat"
    yield (
        taiwan,
        "1,930 rows have at least one",
        lambda t: f"{(t.filter(like='BILL_AMT') < 0).any(axis=1).sum():,} rows have at least one",
    )
    yield "german_credit", "963 of 1,000", lambda t: f"{(t.foreign_worker == 'A201').sum()} of {len(t):,}"
    yield (
        "german_credit",
        "26.6% among `A93`, 35.2% among `A92` and 40.0% among `A91`",
        lambda t: "{A93:.1%} among `A93`, {A92:.1%} among `A92` and {A91:.1%} among `A91`".format(
            **t.credit_risk.eq("bad").groupby(t.personal_status_sex).mean()
        ),
    )
    yield (
        "california_housing",
        "965 rows (4.7%)",
        lambda t: f"{at_most(t.MedHouseVal).sum()} rows ({at_most(t.MedHouseVal).mean():.1%})",
    )
    yield "california_housing", "reaches 1,243.3", lambda t: f"reaches {t.AveOccup.max():,.1f}"
    yield (
        "california_housing",
        "12,590 distinct",
        lambda t: f"{len(t[['Latitude', 'Longitude']].drop_duplicates()):,} distinct",
    )
    yield (
        "satellite",
        "99% of its rows",
        lambda t: f"{overlap(t, np.random.default_rng(0).random(len(t)) < 0.2):.0%} of its rows",
    )
    yield (
        "satellite",
        "explain 89.6%",
        lambda t: f"explain {np.sort(np.linalg.eigvalsh(t.iloc[:, :-1].corr()))[-3:].sum() / 36:.1%}",
    )


@pytest.mark.parametrize(("name", "printed", "compute"), list(facts()), ids=lambda x: x if isinstance(x, str) else "")
def test_figures_in_the_cards_are_computed_from_the_files(name, printed, compute):
    assert compute(table(name)) == printed
    assert printed in " ".join(card(name).split())
