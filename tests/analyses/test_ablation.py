"""Units replaced alone and together: every number beside a loop over pairs of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import tabinterp as ti
from tabinterp.analyses.ablation.estimator import correlated_units
from tabinterp.errors import NotApplicableError
from tests import cases
from tests.shared import every_nth

# relu(a + b - 1), the same twice as large, relu(a), dead, relu(b - a)
WEIGHT = [[1.0, 1, 0], [2, 2, 0], [1, 0, 0], [1, 0, 0], [-1, 1, 0]]
BIAS = [-1.0, -2.0, 0.0, -9.0, 0.0]
OUT = [1.0, 1.0, -1.0, 3.0, 0.5]


def score(h):
    return h @ np.array(OUT)


@pytest.fixture(scope="module")
def weighted():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(40, 3)), columns=["x1", "x2", "x3"]).assign(
        w=rng.integers(1, 4, 40).astype(float)
    )
    frame["y"] = frame["x1"] * frame["x2"] + rng.normal(size=40)
    table = ti.read_table(frame, target="y", task="regression", weight="w")
    h = np.maximum(table.inputs.to_numpy() @ np.array(WEIGHT).T + BIAS, 0)
    return table, h, cases.wrapped(cases.relu_network((WEIGHT, BIAS, OUT)))


def test_resampling_is_the_mean_over_all_pairs_and_its_error_counts_both_roles(weighted):
    table, h, model = weighted
    found = ti.ablate(model, table, n_repeats=39, methods=["resample"])
    assert found.groups == (*((("layer 1", u),) for u in range(5)), (("layer 1", 0), ("layer 1", 1)))
    w, n = table.weights, 40
    before = (score(h) - table.y) ** 2
    for g, members in enumerate(found.groups):
        rise = np.zeros((n, n))
        for i in range(n):
            for j in range(n):
                own = h[i].copy()
                for _, u in members:
                    own[u] = h[j, u]
                rise[i, j] = (score(own) - table.y[i]) ** 2 - before[i]
        pair = np.outer(w, w) * (1 - np.eye(n))
        assert found.cost.value[g, 0] == pytest.approx((pair * rise).sum() / pair.sum(), abs=1e-5)
        both = (pair * rise).sum(axis=1) / pair.sum(axis=1) + (pair * rise).sum(axis=0) / pair.sum(axis=0)
        spread = w * (both - np.average(both, weights=w))
        assert found.cost.stderr[g, 0] == pytest.approx(np.sqrt((spread**2).sum() * n / (n - 1)) / w.sum(), abs=1e-5)
    assert found.cost.value[3, 0] == found.cost.stderr[3, 0] == 0.0  # it never fires


def test_mean_and_zero_of_groups_beside_their_members(weighted):
    table, h, model = weighted
    found = ti.ablate(model, table, groups={"one": [(1, 0)], "two": [(1, 1)], "both": [(1, 1), (1, 0)]})
    w = table.weights
    before = (score(h) - table.y) ** 2
    for j, values in enumerate((np.average(h, axis=0, weights=w), np.zeros(5))):
        for g, members in enumerate(([0], [1], [0, 1])):
            own = h.copy()
            own[:, members] = values[members]
            rise = (score(own) - table.y) ** 2 - before
            assert found.cost.value[g, j] == pytest.approx(np.average(rise, weights=w), abs=1e-5)
            mean = np.average(rise, weights=w)
            error = np.sqrt((w**2 * (rise - mean) ** 2).sum() * 40 / 39) / w.sum()
            assert found.cost.stderr[g, j] == pytest.approx(error, abs=1e-5)
    np.testing.assert_allclose(found.alone[2], found.cost.value[0] + found.cost.value[1])
    told = found.frame()
    assert told["method"].tolist() == ["mean", "zero", "resample"] * 3
    assert told["units"].tolist() == [1] * 6 + [2] * 3
    assert (told["ci_low"] <= told["cost"]).all()


def test_groups_are_the_units_that_carry_the_same():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(3000, 3))
    a = np.column_stack(
        [base[:, 0], -base[:, 0] + 0.1 * base[:, 2], base[:, 1], np.zeros(3000), base[:, 1] * 3, base[:, 2]]
    )
    groups = correlated_units(a, np.ones(3000))
    assert [one.tolist() for one in groups] == [[0, 1], [2, 4]]
    assert correlated_units(a[:, 2:4], np.ones(3000)) == []


def test_two_units_that_stand_in_for_each_other_are_worth_more_together():
    # the target is the AND, which the network holds twice, each half
    table = cases.numbers(300, binary=True)
    frame = table.inputs.assign(y=(table.inputs["x1"] * table.inputs["x2"]).to_numpy())
    table = ti.read_table(frame, target="y", task="regression")
    model = cases.wrapped(cases.relu_network(([[1.0, 1, 0], [1, 1, 0]], [-1.0, -1.0], [0.5, 0.5])))
    found = ti.ablate(model, table).frame().set_index(["group", "method"])
    one, both = found.loc[("layer 1 unit 0", "resample")], found.loc[("layer 1 group 1", "resample")]
    p = (frame["x1"] * frame["x2"]).mean()
    assert one["cost"] == pytest.approx(p * (1 - p) / 2, rel=0.1)  # (1/2)^2 for each pair of rows that differ
    assert both["cost"] == pytest.approx(4 * one["cost"], rel=1e-5)
    assert both["alone"] == pytest.approx(both["cost"] / 2, rel=1e-5)


@pytest.mark.parametrize("style", every_nth(2, ["separate", "reused", "functional", "gelu", "silu", "residual"]))
def test_every_layer_of_every_network_is_cut(style):
    net, table = cases.Residual() if style == "residual" else cases.styled(style), cases.numbers(50)
    found = ti.ablate(cases.wrapped(net), table, methods=["mean"], groups={"g": [(2, 1), (2, 3)]})
    x = torch.tensor(table.inputs.to_numpy(), dtype=next(net.parameters()).dtype)
    with torch.no_grad():
        f = {"gelu": torch.nn.functional.gelu, "silu": torch.nn.functional.silu}.get(style, torch.relu)
        first = f(net.first(x))
        h = f(net.second(first))
        before = net(x)[:, 0]
        h[:, [1, 3]] = h[:, [1, 3]].mean(dim=0)
        after = net.last(h + first) + net.wide(x) if style == "residual" else net.last(h)
    rise = ((after[:, 0].double().numpy() - table.y) ** 2 - (before.double().numpy() - table.y) ** 2).mean()
    assert found.cost.value[0, 0] == pytest.approx(rise, abs=1e-5)


def test_held_out_rows_and_what_is_refused():
    frame = cases.mixed_frame(200, 2)
    table, model = cases.mixed_table(frame, split=0.4), ti.wrap(cases.network_pipeline(frame))
    found = ti.ablate(model, table, n_repeats=2)
    assert (found.rows, found.held_out, found.n_repeats) == (int(table.held_out.sum()), True, 2)
    singles = ti.neurons(model, table)
    np.testing.assert_allclose(found.cost.value[:10, 0], singles.ablation_mean.value, atol=1e-9)
    np.testing.assert_allclose(found.cost.stderr[:10, 1], singles.ablation_zero.stderr, atol=1e-9)
    for more, words in (
        ({"methods": ["median"]}, "methods must"),
        ({"groups": {"g": [(1, 0), (2, 0)]}}, "from a single layer"),
        ({"groups": {"g": [(1, 9)]}}, "units .* from 0 to 5"),
    ):
        with pytest.raises(NotApplicableError, match=words):
            ti.ablate(model, table, **more)
    with pytest.raises(NotApplicableError, match="no hidden layer"):
        ti.ablate(ti.wrap(cases.linear_pipeline(frame)), table)
