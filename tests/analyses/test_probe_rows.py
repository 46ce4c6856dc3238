"""Probe rows: every response is what the network makes of the row that is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from torch import nn

import tabinterp as ti
from tabinterp.errors import NotApplicableError
from tests import cases


def test_every_response_is_that_of_its_row():
    frame = cases.mixed_frame(300, 3, "multiclass")
    pipeline, table = cases.network_pipeline(frame, "multiclass"), cases.mixed_table(frame, "multiclass", weighted=True)
    found = ti.probe_rows(ti.wrap(pipeline), table, grid=7)
    # the median by weight, and the heaviest level
    order = frame.dropna(subset="age").sort_values("age")
    middle = order["age"].to_numpy()[(order["w"].cumsum() >= order["w"].sum() / 2).to_numpy().argmax()]
    assert abs(found.typical["age"] - middle) <= 2  # rounded, where fewer than ten rows have it
    assert found.typical["city"] == frame.groupby("city")["w"].sum().idxmax()
    told, score = found.frame(), cases.scorer(pipeline, "multiclass")
    w, b = pipeline[-1].coefs_[0], pipeline[-1].intercepts_[0]
    base = pd.DataFrame([found.typical])[cases.INPUTS]
    start = score(base)[0]
    oldest = told.loc[told["column"] == "age", "value"].dropna().max()
    assert frame["age"].quantile(0.9) < oldest <= frame["age"].max()
    for column, value in (
        ("age", None),
        ("age", oldest),
        ("city", "rome"),
        ("member", True),
        ("grade", "high"),
    ):
        row = base.copy()
        row[column] = pd.Series([np.nan if value is None else value]).astype(frame[column].dtype)
        here = told[(told["column"] == column) & (told["value"].isna() if value is None else told["value"] == value)]
        scores = here[here["layer"] == "output"]
        np.testing.assert_allclose(scores["response"], score(row)[0], atol=1e-5)
        np.testing.assert_allclose(scores["change"], score(row)[0] - start, atol=1e-5)
        assert scores["output"].tolist() == ["a", "b", "c"]
        first = here[here["layer"] == "layer 1"]
        np.testing.assert_allclose(first["response"], np.maximum(pipeline[:-1].transform(row) @ w + b, 0)[0], atol=1e-5)
        assert len(here) == 6 + 4 + 3
    ages = told[told["column"] == "age"].drop_duplicates("value")
    assert len(ages) == 8  # and missing
    assert ages["rows"].sum() == 300


def test_a_unit_that_only_fires_on_one_level_and_a_threshold():
    frame = cases.mixed_frame(400, 4)
    coder = cases.encoder().fit(frame[cases.INPUTS])
    names = list(coder.get_feature_names_out())
    weight = np.zeros((2, len(names)))
    weight[0, names.index("city__city_oslo")] = 1.0
    weight[1, names.index("numbers__income")] = 1.0
    net = nn.Sequential(cases.affine(weight, [0.0, -1.0]), nn.ReLU(), cases.affine([[1.0, 1.0]]))
    found = ti.probe_rows(ti.wrap(net, encoder=coder, classes=["no", "yes"]), cases.mixed_table(frame))
    told = found.frame()
    fires = told[(told["unit"] == 0) & (told["response"] > 0)]
    assert fires[["column", "value"]].values.tolist() == [["city", "oslo"]]
    incomes = told[(told["unit"] == 1) & (told["column"] == "income")]
    z = (incomes["value"].astype(float) - frame["income"].mean()) / frame["income"].std(ddof=0)
    np.testing.assert_allclose(incomes["response"], np.maximum(z - 1, 0), atol=1e-6)


def test_models_without_units_answer_with_their_outputs():
    frame = cases.mixed_frame(100)
    linear = cases.linear_pipeline(frame)
    found = ti.probe_rows(ti.wrap(linear), cases.mixed_table(frame), columns=["member"])
    coef = linear[-1].coef_[0][list(linear[0].get_feature_names_out()).index("member__member_True")]
    assert np.ptp(found.response) == pytest.approx(abs(coef))
    assert set(found.frame()["layer"]) == {"output"}
    with pytest.raises(NotApplicableError, match="at least 2"):
        ti.probe_rows(ti.wrap(linear), cases.mixed_table(frame), grid=1)
