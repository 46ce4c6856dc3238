"""Columns that determine one another are found, and move as one in a search."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder
from torch import nn

import tabinterp as ti
from tabinterp.analyses.maximisation.functional_dependencies import determines, scales
from tabinterp.analyses.maximisation.mahalanobis_ball import budget_of
from tabinterp.analyses.maximisation.search_space import domain_of
from tabinterp.models import bind
from tests import cases

SCHOOL = {"none": 1, "primary": 4, "high": 9, "bachelor": 13, "doctor": 16}
STATE = {"bern": "CH", "basel": "CH", "rome": "IT", "oslo": "NO", "bergen": "NO"}


def frame(n: int = 4000) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    made = pd.DataFrame(
        {
            "school": draw.choice(list(SCHOOL), n),
            "city": draw.choice(list(STATE), n),
            "age": draw.integers(18, 80, n),
            "income": draw.normal(size=n),
            "flag": draw.random(n) < 0.004,
            "id": np.arange(n).astype(str),
        }
    )
    made["years"] = made["school"].map(SCHOOL)
    made["state"] = made["city"].map(STATE)
    made["old"] = np.where(made["age"] >= 60, "yes", "no")
    made["cents"] = 100 * made["income"] - 7
    made["noisy"] = made["income"] + 1e-3 * draw.normal(size=n)
    made.loc[5, "years"] = 16 if made.loc[5, "school"] == "none" else 1  # one mistake
    return made


KINDS = {"id": "categorical"}


def test_what_determines_what():
    table = ti.read_table(frame().assign(y=0.0 + np.arange(4000)), target="y", task="regression", kinds=KINDS)
    names = list(table.schema.inputs)
    made = determines(table, names)
    told = {(names[i], names[j]) for i, j in zip(*np.nonzero(made), strict=True) if i != j}
    assert told == {("school", "years"), ("years", "school"), ("city", "state"), ("age", "old")}
    assert scales(table, ["age", "income", "years", "cents", "noisy"]) == [("income", "cents")]
    backward = ti.read_table(table.frame.iloc[::-1].reset_index(drop=True), target="y", task="regression", kinds=KINDS)
    assert (determines(backward, names) == made).all()


def test_too_many_mistakes_and_missing_values():
    rows = frame()
    wrong = rows.assign(years=rows["years"].mask(rows.index % 400 == 0, 9))
    gone = rows.assign(years=rows["years"].where(rows["school"] != "none"))
    for changed, expected in ((wrong, False), (gone, True)):
        table = ti.read_table(changed.assign(y=0.0 + np.arange(4000)), target="y", task="regression", kinds=KINDS)
        assert determines(table, ["school", "years"])[0, 1] == expected


@pytest.fixture(scope="module")
def tied():
    columns = ["school", "years", "city", "state", "age", "old", "income", "cents"]
    rows = frame()[columns]
    table = ti.read_table(rows.assign(y=0.0 + np.arange(4000)), target="y", task="regression")
    words = [c for c in columns if c not in ("years", "age", "income", "cents")]
    coder = make_column_transformer(
        ("passthrough", ["years", "age", "income", "cents"]), (OneHotEncoder(sparse_output=False), words)
    ).fit(rows)
    weight = np.random.default_rng(8).normal(size=(3, coder.transform(rows[:1]).shape[1])) / [20, 20, 1, 100, *[1] * 15]
    net = nn.Sequential(cases.affine(weight, np.zeros(3)), nn.ReLU(), cases.affine([[1.0, -1.0, 0.5]]))
    return rows, table, coder, weight, bind(ti.wrap(net, encoder=coder, task="regression"), table)


def test_optima_keep_the_relations_and_are_the_greatest_that_do(tied):
    rows, table, coder, weight, bound = tied
    found = ti.maximise(bound, table)
    told = found.rows
    assert (told["years"] == told["school"].map(SCHOOL)).all()
    assert (told["state"] == told["city"].map(STATE)).all()
    assert (told["old"] == np.where(told["age"] >= 60, "yes", "no")).all()
    np.testing.assert_allclose(told["cents"], 100 * told["income"] - 7, atol=1e-9)
    # by hand: the parts of a sum that is separable, each over what may stand together
    ends = np.array(cases.ends(rows["income"]))
    low, high = np.quantile(rows["age"], [0.005, 0.995], method="inverted_cdf")
    groups = [["school", "years"], ["city", "state"], ["age", "old"]]
    typical = rows.iloc[[0]]
    total = np.zeros(6)
    base = coder.transform(typical)[0]
    signed = np.concatenate([weight, -weight])[[0, 3, 1, 4, 2, 5]]
    total += signed @ base
    clean = rows[rows["years"] == rows["school"].map(SCHOOL)]
    for columns in groups:
        few = clean[columns].drop_duplicates()
        if "age" in columns:
            few = few[few["age"].between(low, high)]
        moved = pd.concat([typical] * len(few), ignore_index=True).assign(**few.reset_index(drop=True))
        total += ((coder.transform(moved) - base) @ signed.T).max(axis=0)
    moved = pd.concat([typical] * 2, ignore_index=True).assign(income=ends, cents=100 * ends - 7)
    total += ((coder.transform(moved) - base) @ signed.T).max(axis=0)
    np.testing.assert_allclose(found.value, total, rtol=1e-4, atol=1e-4)
    assert found.proof == ("closed form",) * 6
    np.testing.assert_allclose(found.bound, total, rtol=1e-4, atol=1e-4)
    assert set(found.typicality.column) == {"age"}  # the others follow each other, and leave nothing


def test_real_rows_are_states_of_the_domain_and_come_back(tied):
    rows, _, _, _, bound = tied
    domain = domain_of(bound, 0)
    assert sorted(player.columns for player in domain.players) == [
        ("age", "old"), ("city", "state"), ("income", "cents"), ("school", "years"),
    ]  # fmt: skip
    few = np.flatnonzero(rows["income"].abs().to_numpy() < 2)[10:300]
    at, value = domain.place(few)
    back = domain.frame(at, value)
    for column in rows:
        mine, theirs = back[column].to_numpy(), rows[column].iloc[few].to_numpy()
        assert np.allclose(mine, theirs) if rows[column].dtype.kind in "if" else (mine == theirs).all()
    np.testing.assert_allclose(domain.front(at, value).numpy(), bound.z[few].numpy(), atol=1e-3)


def test_a_budget_counts_a_number_on_both_scales(tied):
    rows, _, _, _, bound = tied
    domain = domain_of(bound, 0)
    ball = budget_of(domain, 0.5)
    few = np.arange(10, 40)
    at, value = domain.place(few)
    # numbers, and indicators of all levels but one of each column; what the others give exactly is left out
    words = [pd.get_dummies(rows[c]).to_numpy(dtype=float)[:, 1:] for c in ("school", "city", "old")]
    x = np.column_stack([rows[["years", "age", "income"]], *words])
    u = x - x.mean(axis=0)
    expected = np.einsum("ij,jk,ik->i", u, np.linalg.inv(u.T @ u / len(u)), u)[few]
    np.testing.assert_allclose(ball.squared(at, value), expected, rtol=5e-3)
    kept = ti.maximise(bound, bound.table, objective=ti.unit(1, 0), budget=0.5).rows
    np.testing.assert_allclose(kept["cents"], 100 * kept["income"] - 7, atol=1e-9)


def test_the_whole_number_leads_and_both_are_missing_together():
    draw = np.random.default_rng(0)
    rows = pd.DataFrame({"tenths": draw.integers(0, 500, 400) / 10, "b": draw.normal(size=400)})
    rows["count"] = (10 * rows["tenths"]).round()
    rows.loc[:19, ["tenths", "count"]] = np.nan
    table = ti.read_table(rows.assign(y=0.0 + np.arange(400)), target="y", task="regression")
    coder = make_column_transformer((SimpleImputer(add_indicator=True), ["tenths", "count", "b"])).fit(rows)
    net = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 1))
    found = ti.maximise(ti.wrap(net, encoder=coder, task="regression"), table).rows
    assert (found["count"].isna() == found["tenths"].isna()).all()
    known = found.dropna()
    assert (known["count"] == known["count"].round()).all()
    np.testing.assert_allclose(known["tenths"], known["count"] / 10, atol=1e-9)
