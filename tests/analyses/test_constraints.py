"""Declared directions and domains beside networks whose curves are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from torch import nn

import tabinterp as ti
from tabinterp.analyses.constraints.estimator import constraints, declared
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.models import bind
from tests.cases import affine

N = 1200


def table(**more) -> ti.Table:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=N), "z": rng.normal(size=N), "c": rng.choice(["p", "q"], N)})
    frame["y"] = frame["x"] + rng.normal(size=N)
    return ti.read_table(frame, target="y", task="regression", drop=["c"], **more)


def valley() -> ti.Model:
    """|x| + z: falls along x where it is below zero."""
    network = nn.Sequential(affine([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]), nn.ReLU(), affine([[1.0, 1.0, 0.0]]))
    return ti.wrap(network, encoder="passthrough", task="regression")


def line(slope: float = 1.0) -> ti.Model:
    return ti.wrap(affine([[slope, 1.0]]), encoder="passthrough", task="regression")


def checked(model: ti.Model, given, read: ti.Table | None = None):
    read = table() if read is None else read
    return constraints(bind(model, read), bind(line(), read), declared(read, given)).columns


def test_a_valley_falls_in_the_rows_below_it_and_down_to_its_bottom():
    read = table()
    x = read.frame["x"].to_numpy()
    (one,) = checked(valley(), {"x": "+"}, read)
    assert one.network.share[0] == pytest.approx((x < 0).mean())
    assert one.network.share[2] < 0.5 < one.network.share[3]
    assert x.min() < one.network.start < np.quantile(x, 0.02)
    assert one.network.fall[0] == pytest.approx(abs(one.network.start) - abs(one.network.end), abs=1e-5)
    assert abs(one.network.end) < 0.2
    assert one.linear.share[0] == 0
    assert one.linear.fall[3] < 0  # it rises from point to point


def test_the_other_direction_sees_the_rise():
    read = table()
    (one,) = checked(valley(), {"x": {"direction": "-"}}, read)
    assert one.network.share[0] == pytest.approx((read.frame["x"] > 0).mean())
    assert read.frame["x"].quantile(0.98) < one.network.end < read.frame["x"].max()
    assert one.linear.share[0] == 1


def test_a_function_of_rows_is_read_step_by_step():
    read = table()
    model = ti.wrap(lambda rows: np.abs(rows["x"].to_numpy()), task="regression")
    (one,) = checked(model, {"x": "+"}, read)
    assert one.network.share[0] == pytest.approx((read.frame["x"] < 0).mean(), abs=0.06)  # to the next of twenty values
    assert one.network.fall[0] == pytest.approx(checked(valley(), {"x": "+"}, read)[0].network.fall[0], abs=1e-5)


def test_the_fall_of_a_curve_that_differs_by_row_has_the_error_of_a_mean():
    """x z: flat on average over z of mean zero; what the search takes for a fall is none on the other half."""
    read = table()
    centre = float(read.frame["z"].mean())
    model = ti.wrap(lambda rows: rows["x"].to_numpy() * (rows["z"].to_numpy() - centre), task="regression")
    (one,) = checked(model, {"x": "+"}, read)
    low, high = one.network.fall[2:]
    assert low < 0.3 * high
    span = abs(one.network.end - one.network.start)
    assert one.network.fall[1] == pytest.approx(span * read.frame["z"].std() / np.sqrt(N / 2), rel=0.1)


def test_rows_outside_a_domain_are_counted_and_missing_ones_are_not():
    frame = table().frame.copy()
    frame.loc[:9, "x"] = np.nan
    read = ti.read_table(frame, target="y", task="regression", drop=["c"])
    model = bind(ti.wrap(lambda rows: rows["z"].to_numpy(), task="regression"), read)
    (one,) = constraints(model, model, declared(read, {"x": {"low": -1, "high": 2}})).columns
    x = frame["x"].dropna()
    assert (one.rows, one.outside) == (len(x), int(((x < -1) | (x > 2)).sum()))
    assert one.network is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"w": "+"}, "unknown column 'w' in the constraints"),
        ({"x": "up"}, r"must be '\+' or '-'"),
        ({"x": {}}, "at least one of the keys"),
        ({"x": {"direction": "+", "most": 3}}, "at least one of the keys"),
        ({"x": 3}, "at least one of the keys"),
        ({"x": {"low": 2, "high": 1}}, "got low = 2 and high = 1"),
        ({"x": {"low": "a"}}, "'low' of column 'x' must be a finite number"),
        ({"x": {"low": float("nan")}}, "'low' of column 'x' must be a finite number"),
        ({"c": "+"}, "because it is categorical"),
        ({"c": {"low": 1}}, "'c' is categorical"),
    ],
)
def test_what_cannot_be_declared(given, told):
    read = ti.read_table(table().frame, target="y", task="regression")
    with pytest.raises(TabinterpError, match=told):
        declared(read, given)


def test_directions_of_several_classes_and_of_too_few_rows():
    frame = table().frame.assign(y=np.arange(N) % 3)
    with pytest.raises(TabinterpError, match="more than two classes"):
        declared(ti.read_table(frame, target="y", task="multiclass"), {"x": "+"})
    read = table()
    few = bind(line(), read).take(np.arange(19))
    with pytest.raises(NotApplicableError, match="at least 10 rows in each of two halves of the table"):
        constraints(few, few, declared(read, {"x": "+"}))


def test_a_file_of_constraints(tmp_path):
    path = tmp_path / "constraints.toml"
    path.write_text('[columns.PAY_0]\ndirection = "+"\n\n[columns."an age"]\nlow = 18\n')
    assert ti.read_constraints(path) == {"PAY_0": {"direction": "+"}, "an age": {"low": 18}}
    for text in ("[columns", "[rows.a]\nlow = 1\n", "columns = 3\n"):
        path.write_text(text)
        with pytest.raises(TabinterpError, match=r"constraints\.toml' (cannot be read|must contain only TOML tables)"):
            ti.read_constraints(path)
    with pytest.raises(TabinterpError, match=r"none\.toml' cannot be read"):
        ti.read_constraints(tmp_path / "none.toml")
