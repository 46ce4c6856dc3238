"""Linear regions of networks whose regions can be counted, and every row's coefficients beside its own gradient."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import tabinterp as ti
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases


def test_the_regions_of_a_crossing_are_its_four_quarters():
    # relu(x1 + x2) - relu(x1 - x2)
    table = cases.numbers(400)
    found = ti.linear_regions(cases.wrapped(cases.relu_network(cases.CROSSING)), table)
    x1, x2, _ = table.inputs.to_numpy().T
    quarter = 2 * (x1 + x2 > 0) + (x1 - x2 > 0)
    told = {0: (0, 0, 0), 1: (-1, 1, 0), 2: (1, 1, 0), 3: (0, 2, 0)}
    assert found.visited == 4
    np.testing.assert_allclose(found.coefficients[found.region][:, :, 0], [told[int(q)] for q in quarter], atol=1e-12)
    counts = np.sort(np.bincount(quarter))[::-1]
    assert found.rows_in.tolist() == counts.tolist()
    assert found.largest == pytest.approx(counts[0] / 400)
    rows = np.array([told[int(q)] for q in quarter], dtype=float)
    np.testing.assert_allclose(found.mean.value[:, 0], rows.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found.spread[:, 0], rows.std(axis=0), atol=1e-12)
    np.testing.assert_allclose(found.sign_flip[:, 0], (rows * np.sign(rows.mean(axis=0)) < 0).mean(axis=0))
    tables = found.tables(2)
    assert tables["region"].tolist() == [1, 1, 1, 2, 2, 2]
    assert tables["rows"].tolist() == [counts[0]] * 3 + [counts[1]] * 3
    # the region's function at the mean row, and from there to a row of it
    row = int(np.flatnonzero(found.region == 0)[0])
    x = table.inputs.to_numpy()
    at = found.at_mean[0, 0] + (x[row] - x.mean(axis=0)) @ found.coefficients[0, :, 0]
    assert at == pytest.approx(max(x1[row] + x2[row], 0) - max(x1[row] - x2[row], 0))


@pytest.mark.parametrize("style", ["separate", "reused", "functional", "residual", "leaky", "norm"])
def test_every_row_has_its_own_gradient(style):
    torch.manual_seed(3)
    net = {
        "residual": cases.Residual,
        "leaky": lambda: nn.Sequential(
            nn.Linear(3, 9), nn.LeakyReLU(0.1), nn.Linear(9, 4), nn.LeakyReLU(), nn.Linear(4, 1)
        ),
        "norm": lambda: nn.Sequential(
            nn.BatchNorm1d(3),
            nn.Linear(3, 9),
            nn.ReLU(),
            nn.BatchNorm1d(9),
            nn.Linear(9, 4),
            nn.ReLU(),
            nn.Linear(4, 1),
        ),
    }.get(style, lambda: cases.styled(style))()
    table = cases.numbers(120)
    found = ti.linear_regions(cases.wrapped(net.double().eval()), table)
    x = torch.tensor(table.inputs.to_numpy(), requires_grad=True)
    (gradient,) = torch.autograd.grad(net.double().eval()(x).sum(), x)
    np.testing.assert_allclose(found.coefficients[found.region][:, :, 0], gradient.numpy(), atol=1e-9)
    assert 1 < found.visited < 120
    # rows of one region are told by one function
    f = net(x).detach().numpy()[:, 0]
    mean = x.detach().numpy().mean(axis=0)
    own = found.at_mean[found.region, 0] + ((x.detach().numpy() - mean) * gradient.numpy()).sum(axis=1)
    np.testing.assert_allclose(own, f, atol=1e-9)


def test_levels_are_contrasts_beside_the_counterparts():
    frame = cases.mixed_frame(300, 3, "multiclass")
    table, pipeline = cases.mixed_table(frame, "multiclass"), cases.network_pipeline(frame, "multiclass")
    linear = cases.linear_pipeline(frame, "multiclass")
    found = ti.linear_regions(ti.wrap(pipeline), table, counterpart=ti.wrap(linear))
    bound = bind(ti.wrap(pipeline), table)
    told = found.frame()
    names = list(pipeline[0].get_feature_names_out())
    oslo, bern = (names.index(f"city__city_{level}") for level in ("oslo", "bern"))
    gradient = bound.gradients(bound.x)
    line = told[(told["column"] == "city") & (told["level"] == "oslo") & (told["output"] == "b")].iloc[0]
    assert line["reference"] == "bern"
    own = gradient[:, oslo, 1] - gradient[:, bern, 1]
    assert line["mean"] == pytest.approx(own.mean())
    assert line["spread"] == pytest.approx(own.std())
    coef = linear[-1].coef_ - linear[-1].coef_.mean(axis=0)
    assert line["counterpart"] == pytest.approx(coef[1, oslo] - coef[1, bern], abs=1e-6)
    income = told[(told["column"] == "income") & (told["output"] == "c")].iloc[0]
    scale = pipeline[0].named_transformers_["numbers"][-1].scale_[1]
    assert income["counterpart"] == pytest.approx(coef[2, names.index("numbers__income")] / scale, rel=1e-5)
    assert set(told["column"]) == set(cases.INPUTS)


def test_regions_of_few_rows_are_no_table():
    found = ti.linear_regions(cases.wrapped(cases.styled("separate")), cases.numbers(150))
    assert found.rows_in.max() >= 10 > found.rows_in.min()
    assert len(found.tables(100)) == 3 * (found.rows_in >= 10).sum()
    few = ti.linear_regions(cases.wrapped(cases.styled("separate")), cases.numbers(9)).tables()
    assert len(few) == 0
    assert list(few.columns) == list(found.tables().columns)


def test_weights_are_repeats():
    frame = pd.DataFrame(
        {"x1": [0.5, 2.0, -1.0, 3.0], "x2": [1.0, 0.0, 0.5, -4.0], "x3": 1.0, "y": 0.0, "w": [1.0, 3, 0, 2]}
    )
    frame["y"] = frame["x1"]
    one = ti.read_table(frame, target="y", task="regression", weight="w")
    rows = frame.loc[np.repeat(range(4), frame["w"].astype(int))].drop(columns="w").reset_index(drop=True)
    two = ti.read_table(rows, target="y", task="regression")
    model = cases.wrapped(cases.relu_network(cases.CROSSING))
    one, two = ti.linear_regions(model, one), ti.linear_regions(model, two)
    assert one.visited == two.visited
    np.testing.assert_allclose(one.share, two.share)
    np.testing.assert_allclose(one.spread, two.spread)


def test_a_linear_model_is_one_region():
    frame = cases.mixed_frame(100)
    linear = ti.wrap(cases.linear_pipeline(frame))
    found = ti.linear_regions(linear, cases.mixed_table(frame), counterpart=linear)
    assert (found.visited, found.largest) == (1, 1.0)
    np.testing.assert_allclose(found.coefficients[0], found.counterpart)
    np.testing.assert_allclose(found.spread, 0, atol=1e-12)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.last = nn.Linear(3, 4), nn.Linear(3, 4), nn.Linear(4, 1)

    def forward(self, x):
        return self.last(torch.relu(self.a(x)) * self.b(x))


class Cube(nn.Module):
    """An activation over more than rows and units."""

    def __init__(self):
        super().__init__()
        self.a, self.last = nn.Linear(3, 4), nn.Linear(4, 1)

    def forward(self, x):
        return self.last(torch.relu(self.a(x).reshape(-1, 2, 2)).reshape(-1, 4))


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (lambda: cases.styled("gelu"), "layer 1 applies gelu, which is not a piecewise linear activation"),
        (lambda: cases.styled("layer_norm"), "layer 1 applies tanh"),
        (lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.LayerNorm(4), nn.Linear(4, 1)), "row normalisation"),
        (Gated, "a product"),
        (Cube, "non-affine|cannot be traced"),
        (
            lambda: nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(-0.5), nn.Linear(4, 1)),
            "leakyrelu, which is not a piecewise linear activation",
        ),
    ],
)
def test_what_has_no_regions_says_why(net, words):
    torch.manual_seed(0)
    with pytest.raises(NotApplicableError, match=words):
        ti.linear_regions(cases.wrapped(net()), cases.numbers(60))


def test_a_function_of_rows_and_a_counterpart_that_is_none():
    table = cases.numbers(40)
    with pytest.raises(NotApplicableError, match="its linear regions cannot be determined"):
        ti.linear_regions(ti.wrap(lambda rows: rows["x1"].to_numpy(), task="regression"), table)
    model = cases.wrapped(cases.styled("separate"))
    with pytest.raises(NotApplicableError, match="counterpart must be a linear model"):
        ti.linear_regions(model, table, counterpart=model)
