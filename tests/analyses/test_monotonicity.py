"""Proofs of direction beside brute force, mixed-integer programming, and networks whose answer is known by construction."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import optimize
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, StandardScaler
from torch import nn

import tabinterp as ti
from tabinterp.analyses.monotonicity import estimator
from tabinterp.analyses.monotonicity.activations import BREAKS, activation_of
from tabinterp.analyses.monotonicity.bounds import Bounds, Boxes, _line, chain, in_double, whole
from tabinterp.analyses.monotonicity.branching import Branching, halves
from tabinterp.analyses.monotonicity.domain import Number, domain_of
from tabinterp.analyses.monotonicity.record import _shown
from tabinterp.analyses.settings import Constraint
from tabinterp.checks import CHECKS
from tabinterp.checks.judge import run_check
from tabinterp.document.base import Interval
from tabinterp.document.canonical import from_bytes, to_bytes
from tabinterp.document.claims import check
from tabinterp.errors import DocumentError, TabinterpError
from tabinterp.models import bind
from tabinterp.models.layers import layers_of
from tabinterp.report.html import render
from tests import cases
from tests.cases import affine
from tests.shared import every_nth, once_per_run

N = 200
CHECK = next(one for one in CHECKS if one.slug == "constraint-violated")
ACTS = {
    "relu": nn.ReLU(), "leakyrelu": nn.LeakyReLU(0.2), "prelu": nn.PReLU(3, 0.4), "elu": nn.ELU(), "selu": nn.SELU(),
    "celu": nn.CELU(0.7), "relu6": nn.ReLU6(), "hardtanh": nn.Hardtanh(-0.5, 2.0), "softplus": nn.Softplus(), "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(), "softsign": nn.Softsign(), "gelu": nn.GELU(), "silu": nn.SiLU(),
}  # fmt: skip


def square(columns: int = 2, n: int = N, seed: int = 0, reach: float = 1.0, **more) -> ti.Table:
    """Numbers spread over [-reach, reach], both ends included."""
    x = np.random.default_rng(seed).uniform(-reach, reach, (n, columns))
    x[0], x[1] = -reach, reach
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(columns)])
    return ti.read_table(frame.assign(y=x[:, 0]), target="y", task="regression", **more)


def network(widths: list[int], act: nn.Module, seed: int = 0, lift: float = 0.0) -> nn.Sequential:
    """A network with normal weights; the first unit of every layer carries `lift` times the first column, where it is on."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for one, other in itertools.pairwise(widths):
        layers += [nn.Linear(one, other), act]
        with torch.no_grad():
            layers[-2].weight.copy_(torch.randn(other, one) / one**0.5)
            layers[-2].bias.copy_(0.5 * torch.randn(other))
            if lift:
                layers[-2].weight[0, 0] += lift
    return nn.Sequential(*layers[:-1])


def passed(module: nn.Module) -> ti.Model:
    return ti.wrap(module, encoder="passthrough", task="regression")


def answer(model: ti.Model, table: ti.Table, columns, **how):
    (one,) = ti.monotonicity(model, table, columns, **how).columns
    return one


# ---- activations, against dense sampling


@pytest.mark.parametrize("name", ACTS)
def test_bounds_of_an_activation_hold_at_every_point_of_an_interval(name):
    table = square(3)
    bound = bind(passed(nn.Sequential(nn.Linear(3, 3), ACTS[name], nn.Linear(3, 1))), table)
    (layer,) = layers_of(in_double(bound))
    assert layer.kind == name in BREAKS
    act = activation_of(layer)
    draws = np.random.default_rng(1)
    middle, half = (
        draws.normal(0, 2, (400, 3)),
        draws.exponential(1.0, (400, 3)) * draws.choice([0.01, 0.3, 1, 4], (400, 1)),
    )
    low, high = torch.as_tensor(middle - half), torch.as_tensor(middle + half)
    least, most = act.slopes(low, high)
    bottom, top = act.range(low, high)
    chord, constant, remainder = _line(act, low, high, least, most)
    a, b, c, d = act.slope_lines(low, high, least, most, torch.full((3,), 1e-9, dtype=torch.float64))
    for share in np.linspace(0, 1, 201):
        x = low + share * (high - low)
        slope, value = act.slope(x), act.value(x)
        away = 1e-8 if 0 < share < 1 else 1e-6  # an end may lie at a kink, where one slope is as good as the other
        assert (slope >= least - away).all()
        assert (slope <= most + away).all()
        assert (value >= bottom - 1e-9).all()
        assert (value <= top + 1e-9).all()
        assert ((value - chord * x - constant).abs() <= remainder + 1e-9).all()
        if 0 < share < 1:
            assert (slope >= a * x + b - 1e-9).all()
            assert (slope <= c * x + d + 1e-9).all()
    assert (most - least)[high - low < 0.1].median() <= 0.1  # the slopes of narrow intervals are known well


def test_a_smooth_slope_has_lines_nearer_than_its_extremes():
    bound = bind(passed(nn.Sequential(nn.Linear(2, 1), nn.Tanh(), nn.Linear(1, 1))), square())
    act = activation_of(layers_of(in_double(bound))[0])
    low, high = torch.tensor([[0.3]], dtype=torch.float64), torch.tensor([[0.9]], dtype=torch.float64)
    least, most = act.slopes(low, high)
    a, b, c, d = act.slope_lines(low, high, least, most, torch.tensor([1e-9]))
    middle = 0.6
    assert float((c - a) * middle + d - b) < 0.2 * float(most - least)


def test_a_slope_with_a_kink_is_not_smooth():
    """CELU(30): the slope is exp(x / 30) below 0 and 1 above, whose second derivative is small on a coarse grid."""
    bound = bind(passed(nn.Sequential(nn.Linear(2, 1), nn.CELU(30.0), nn.Linear(1, 1))), square())
    act = activation_of(layers_of(in_double(bound))[0])
    low, high = torch.tensor([[-0.033]], dtype=torch.float64), torch.tensor([[0.015]], dtype=torch.float64)
    least, most = act.slopes(low, high)
    a, b, c, d = act.slope_lines(low, high, least, most, torch.tensor([1e-9]))
    for x in np.linspace(-0.033, 0.015, 97):
        slope = min(1.0, np.exp(x / 30))
        assert float(a * x + b) - 1e-12 <= slope <= float(c * x + d) + 1e-12


def test_an_activation_that_jumps_leaves_the_answer_open():
    """Softplus is the identity above its threshold, and falls there."""
    act = nn.Softplus(beta=5, threshold=2)
    one = answer(
        passed(nn.Sequential(affine([[3.0, 0.0], [0.0, 3.0]]), act, affine([[1.0, 1.0]]))), square(), {"x0": "+"}
    )
    assert one.answer != "proved"


@pytest.mark.parametrize(
    "act", every_nth(2, [nn.Mish(), nn.GELU(approximate="tanh"), nn.Hardswish(), nn.LeakyReLU(-0.5)])
)
def test_an_activation_without_known_bounds_leaves_the_answer_open(act):
    table = square()
    weights = affine([[1.0, 0.0], [0.0, 1.0]], [30.0, 30.0]), affine([[1.0, 1.0]])
    one = answer(passed(nn.Sequential(weights[0], act, weights[1])), table, {"x0": "+"})
    assert one.answer == "open"
    assert "no bounds are known for the activation" in str(one.reason)
    assert np.isnan(one.bound)
    assert answer(passed(nn.Sequential(weights[0], act, weights[1])), table, {"x0": "-"}).answer == "refuted"


# ---- bounds, against derivatives at points and against mixed-integer programming


@pytest.mark.parametrize("name", every_nth(2, ["relu", "tanh", "silu", "selu", "prelu"]))
def test_the_bound_of_a_box_is_below_the_derivative_at_its_points(name):
    """Three hidden layers, numbers that may be missing, and levels."""
    draws = np.random.default_rng(0)
    frame = pd.DataFrame({"a": draws.normal(size=N), "b": draws.normal(size=N), "c": draws.choice(["p", "q", "r"], N)})
    frame.loc[::7, "b"] = np.nan
    encoder = make_column_transformer(
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), ["a", "b"]),
        (OneHotEncoder(sparse_output=False), ["c"]),
    ).fit(frame)
    act = nn.PReLU(8, 0.4) if name == "prelu" else ACTS[name]
    table = ti.read_table(frame.assign(y=0.0 + np.arange(N)), target="y", task="regression")
    bound = in_double(bind(ti.wrap(network([6, 8, 8, 8, 1], act), encoder=encoder, task="regression"), table))
    domain = domain_of(bound, {})
    chained = chain(bound, domain)
    for p, column in enumerate(domain.numbers):
        bounds = Bounds(domain, chained, column.span)
        boxes = whole(domain)
        for _ in range(7):  # 128 parts
            boxes = halves(boxes, bounds(boxes)[1].argmax(axis=1))
        lowest = bounds(boxes)[0]
        place, at = domain.random(4000, draws)
        z = torch.as_tensor(domain.front(place, at)).requires_grad_(True)
        (found,) = torch.autograd.grad(bound.rest(z).sum(), z)
        slope = found.numpy() @ column.span
        gone = np.isnan(place)
        inside = np.ones((len(place), len(boxes)), dtype=bool)
        for q in range(place.shape[1]):
            between = (
                (place[:, q, None] >= boxes.low[:, q]) & (place[:, q, None] <= boxes.high[:, q]) & boxes.present[:, q]
            )
            inside &= np.where(gone[:, q, None], boxes.missing[:, q], between)
        inside &= boxes.levels[0][:, at[:, 0]].T
        assert inside.any(axis=1).all()  # the parts cover the domain
        assert (slope[:, None] >= lowest)[inside].all()
        assert lowest.min() > 10 * slope.min() - 3  # and the bound is no matter of course
        assert p in (0, 1)


@pytest.mark.parametrize("name", every_nth(2, ["relu", "tanh", "silu"]))
def test_the_bound_of_a_small_box_is_close_below_the_derivative(name):
    bound = in_double(bind(passed(network([3, 10, 10, 10, 1], ACTS[name], 5)), square(3)))
    domain, draws = domain_of(bound, {}), np.random.default_rng(2)
    bounds = Bounds(domain, chain(bound, domain), domain.numbers[0].span)
    gaps = []
    for width in (0.02, 0.05, 0.1):
        low = draws.uniform(0, 1 - width, (200, 3))
        present = np.ones(low.shape, dtype=bool)
        lowest = bounds(Boxes(low, low + width, present, ~present, ()))[0]
        points = low[:, None] + width * np.round(draws.random((200, 400, 3)) * 1.4 - 0.2, 3).clip(0, 1)
        z = torch.as_tensor(domain.front(points.reshape(-1, 3), np.zeros((80_000, 0), dtype=int))).requires_grad_(True)
        (found,) = torch.autograd.grad(bound.rest(z).sum(), z)
        least = (found.numpy() @ domain.numbers[0].span).reshape(200, 400).min(axis=1)
        assert (lowest <= least + 1e-9).all()
        gaps.append(np.median(least - lowest))
    assert gaps[0] < 0.1 * gaps[2] + 1e-3


def rectified(seed: int) -> nn.Sequential:
    """Two layers of rectifiers; the first of each is always on and carries the first column, more for some seeds."""
    module = network([3, 8, 6, 1], nn.ReLU(), seed, lift=[0.5, 1.5, 2.5][seed % 3])
    with torch.no_grad():
        module[0].bias[0] = module[2].bias[0] = 30.0
    return module


def least_slope(module: nn.Sequential, column: int) -> float:
    """The least derivative by a column on [-1, 1]^d of a network with two hidden layers of rectifiers, by HiGHS.

    Variables: x, and for each layer outputs a, states r, and products t of the state with the derivative of the pre-activation.
    """
    (w1, b1), (w2, b2), (w3, _) = (
        (one.weight.detach().double().numpy(), one.bias.detach().double().numpy()) for one in module[::2]
    )
    d, m, k = w1.shape[1], len(b1), len(b2)
    place = {"x": 0, "a1": d, "r1": d + m, "a2": d + 2 * m, "r2": d + 2 * m + k, "t": d + 2 * m + 2 * k}
    size = d + 2 * m + 3 * k
    rows, low, high = [], [], []

    def row(terms, least, most):
        made = np.zeros(size)
        for name, index, weight in terms:
            made[place[name] + index] += weight
        rows.append(made)
        low.append(least)
        high.append(most)

    big1 = np.abs(w1).sum(axis=1) + np.abs(b1)
    big2 = np.abs(w2) @ big1 + np.abs(b2)
    for layer, (w, b, big, source) in enumerate([(w1, b1, big1, "x"), (w2, b2, big2, "a1")], 1):
        a, r = f"a{layer}", f"r{layer}"
        for j in range(len(b)):
            own = [(source, i, -w[j, i]) for i in range(w.shape[1])]
            row([(a, j, 1.0), *own], b[j], np.inf)
            row([(a, j, 1.0), *own, (r, j, big[j])], -np.inf, b[j] + big[j])
            row([(a, j, 1.0), (r, j, -big[j])], -np.inf, 0)
            row([*((s, i, -weight) for s, i, weight in own), (r, j, -big[j])], -np.inf, -b[j])  # on above 0
            row([*((s, i, -weight) for s, i, weight in own), (r, j, -big[j])], -big[j] - b[j], np.inf)  # off below 0
    for j in range(k):
        reach = float(np.abs(w2[j] * w1[:, column]).sum())
        slope = [("r1", i, -w2[j, i] * w1[i, column]) for i in range(m)]
        row([("t", j, 1.0), ("r2", j, -reach)], -np.inf, 0)
        row([("t", j, 1.0), ("r2", j, reach)], 0, np.inf)
        row([("t", j, 1.0), *slope, ("r2", j, reach)], -np.inf, reach)
        row([("t", j, 1.0), *slope, ("r2", j, -reach)], -reach, np.inf)
    cost = np.zeros(size)
    cost[place["t"] :] = w3[0]
    whole_ = np.zeros(size)
    whole_[place["r1"] : place["a2"]] = whole_[place["r2"] : place["t"]] = 1
    lower, upper = np.full(size, -np.inf), np.full(size, np.inf)
    lower[:d], upper[:d] = -1, 1
    lower[d : place["t"]] = 0
    upper[whole_ == 1] = 1
    found = optimize.milp(
        cost, constraints=optimize.LinearConstraint(np.array(rows), low, high), integrality=whole_,
        bounds=optimize.Bounds(lower, upper),
    )  # fmt: skip
    assert found.success
    return float(found.fun)


@pytest.mark.parametrize("seed", every_nth(3, range(12)))
def test_a_rectifier_network_is_proved_if_and_only_if_its_least_slope_is_not_negative(seed):
    module = rectified(seed)
    least = least_slope(module, 0)
    table = square(3)
    bound = in_double(bind(passed(module), table))
    domain = domain_of(bound, {})
    bounds = Bounds(domain, chain(bound, domain), domain.numbers[0].span)  # for the whole way, of length 2
    assert bounds(whole(domain))[0][0] <= 2 * least + 1e-9
    branch = Branching(bounds, whole(domain), 0, 1e-9, 64)
    branch.cut(6000)
    if least > 1e-6:
        assert branch.is_proved
    else:
        assert branch.fall >= 0
        assert not (least < -1e-3 and branch.is_proved)
    found = answer(passed(module), table, {"x0": "+"})
    if least > 1e-6:
        assert found.answer == "proved"
    elif least < -0.05:
        assert found.answer in ("refuted", "open")


def test_the_networks_of_that_comparison_are_of_both_kinds():
    least = [least_slope(rectified(seed), 0) for seed in range(12)]
    assert min(sum(one > 1e-6 for one in least), sum(one < -0.05 for one in least)) >= 2


# ---- answers, against brute force


def falls_of(model: ti.Model, table: ti.Table, column: str, sign: float, points: int = 41) -> float:
    """The largest fall along a column on a dense grid of the square, by the model itself."""
    names = list(table.schema.inputs)
    grids = [np.linspace(table.numeric(c).min(), table.numeric(c).max(), points) for c in names]
    mesh = pd.DataFrame({c: one.ravel() for c, one in zip(names, np.meshgrid(*grids, indexing="ij"), strict=True)})
    scores = sign * bind(model, table).score(mesh.to_numpy().copy())[:, 0].reshape([points] * len(names))
    scores = np.moveaxis(scores, names.index(column), 0)
    return float((np.maximum.accumulate(scores, axis=0) - scores).max())


@pytest.mark.parametrize("name", every_nth(3, ["relu", "tanh", "softplus", "silu", "elu", "hardtanh"]))
def test_what_is_proved_never_falls_and_what_is_refuted_does(name):
    table, answers = square(2), []
    for seed in range(8):
        model = passed(network([2, 6, 5, 1], ACTS[name], seed, lift=[0.0, 2.0][seed % 2]))
        for column, direction in (("x0", "+"), ("x1", "-")):
            result = ti.monotonicity(model, table, {column: direction})
            (one,) = result.columns
            sign = 1.0 if direction == "+" else -1.0
            dense = falls_of(model, table, column, sign)
            answers.append(one.answer)
            if one.answer == "proved":
                assert dense <= result.least
                assert one.bound <= result.least
            if one.answer == "refuted":
                assert one.fall > result.least
                assert one.fall >= 0.7 * dense  # the search finds nearly the largest
                frame = one.pair
                scores = sign * bind(model, table).score(frame[list(table.schema.inputs)].to_numpy().copy())[:, 0]
                assert scores[0] - scores[1] == pytest.approx(one.fall)
                assert frame[column][0] < frame[column][1]
                assert (frame.drop(columns=column).nunique() == 1).all()
                assert (one.start, one.end) == tuple(frame[column])
            if one.answer == "open":
                assert dense <= one.bound
            if not np.isnan(one.bound):
                assert one.bound >= dense - 1e-9
    assert {"proved", "refuted"} <= set(answers)
    assert answers.count("open") <= 2


@pytest.mark.parametrize(
    "name", every_nth(3, ["tanh", "sigmoid", "elu", "prelu", "softplus", "softsign", "relu6", "relu"])
)
def test_a_network_with_weights_of_one_sign_along_the_path_is_proved(name):
    act = nn.PReLU(64, 0.4) if name == "prelu" else ACTS[name]
    module = network([4, 64, 64, 1], act)
    with torch.no_grad():
        module[0].weight[:, 0].abs_()
        module[0].weight[:, 1] = -module[0].weight[:, 1].abs()
        module[2].weight.abs_()
        module[4].weight.abs_()
    answers = ti.monotonicity(passed(module), square(4), {"x0": "+", "x1": "-"}).columns
    assert [one.answer for one in answers] == ["proved", "proved"]
    turned = ti.monotonicity(passed(module), square(4), {"x0": "-", "x1": "+"}).columns
    assert [one.answer for one in turned] == ["refuted", "refuted"]


def bumped(size: float) -> ti.Model:
    """x0, but for a valley of this slope where x0 + x1 + x2 is above 2.9, at a corner that no row is near."""
    first = affine([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]], [5.0, -2.9])
    return passed(nn.Sequential(first, nn.ReLU(), affine([[1.0, -1.0 - size]])))


def test_a_planted_valley_in_a_far_corner_is_found():
    table = square(3, n=120)
    x = table.inputs.to_numpy()
    assert (x.sum(axis=1) > 2.9).sum() == 1  # the corner of the table, planted so that it is in the domain
    one = answer(bumped(2.0), table, {"x0": "+"})
    assert one.answer == "refuted"
    assert one.fall == pytest.approx(0.2, rel=0.05)
    assert one.end == pytest.approx(1.0)
    assert answer(bumped(2.0), table, {"x0": {"direction": "+", "high": 0.85}}).answer == "proved"
    assert answer(bumped(2.0), table, {"x0": "+", "x2": {"high": 0.85}}).answer == "proved"


def test_a_fall_below_the_least_that_counts_is_no_violation():
    table = square(3, n=120)
    least = ti.monotonicity(bumped(0.0), table, {"x0": "+"}).least
    assert least == pytest.approx(1e-3 * bind(bumped(0.0), table).scores.std())
    assert answer(bumped(0.5 * least / 0.1), table, {"x0": "+"}).answer == "proved"
    assert answer(bumped(2.0 * least / 0.1), table, {"x0": "+"}).answer == "refuted"


def test_without_work_the_answer_is_open_and_says_how_large_a_fall_can_be(monkeypatch):
    monkeypatch.setattr(estimator, "WORK", 1.0)
    table = square(3)
    module = network([3, 12, 8, 1], nn.Tanh(), 7, lift=3.0)
    one = answer(passed(module), table, {"x0": "+"})
    monkeypatch.undo()
    assert answer(passed(module), table, {"x0": "+"}).answer == "proved"
    assert (one.answer, one.reason) == ("open", None)
    assert one.bound > falls_of(passed(module), table, "x0", 1.0, 15)
    assert one.pair is None
    assert one.start is None


def test_the_bound_of_a_fall_is_above_the_fall():
    """A valley along part of the way: a quarter of it falls with slope 4 for the whole way."""
    valley = affine([[1.0, 0.0], [1.0, 0.0]], [0.0, -0.5]), affine([[-2.0, 4.0]])
    bound = in_double(bind(passed(nn.Sequential(valley[0], nn.ReLU(), valley[1])), square()))
    domain = domain_of(bound, {})
    branch = Branching(Bounds(domain, chain(bound, domain), domain.numbers[0].span), whole(domain), 0, 1e-6, 16)
    assert branch.fall == pytest.approx(4.0)
    branch.cut(2000)
    assert 1.0 <= branch.fall < 1.01
    assert not branch.is_proved


def test_the_fall_is_the_integral_of_the_lowest_bound_at_each_place():
    bound = in_double(bind(passed(network([2, 4, 1], nn.ReLU())), square()))
    domain = domain_of(bound, {})
    branch = Branching(Bounds(domain, chain(bound, domain), domain.numbers[0].span), whole(domain), 0, 1e-9, 1)
    ends, present = np.array([[0.0, 0.0], [0.25, 0.5], [0.5, 0.0]]), np.ones((3, 2), dtype=bool)
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        branch.boxes = Boxes(ends, np.array([[1.0, 0.5], [0.75, 1.0], [1.0, 1.0]]), present, ~present, ()).take(
            np.array(order)
        )
        branch._known = np.array([-1.0, -3.0, -2.0])[order]
        assert branch._fall() == pytest.approx(0.25 * 1 + 0.5 * 3 + 0.25 * 2)


# ---- domains


def test_limits_narrow_the_domain():
    """|x0|"""
    model = passed(nn.Sequential(affine([[1.0, 0.0], [-1.0, 0.0]]), nn.ReLU(), affine([[1.0, 1.0]])))
    table = square()
    assert answer(model, table, {"x0": "+"}).answer == "refuted"
    assert answer(model, table, {"x0": {"direction": "+", "low": 0.0}}).answer == "proved"
    assert answer(model, table, {"x0": {"direction": "-", "high": 0.0}}).answer == "proved"
    wide = passed(nn.Sequential(affine([[1.0, 0.0]], [3.0]), nn.ReLU(), affine([[1.0]])))  # x0 + 3, at least 0
    turn = passed(nn.Sequential(affine([[1.0, 0.0], [-1.0, 0.0]], [3.0, -3.0]), nn.ReLU(), affine([[1.0, 1.0]])))
    assert answer(wide, table, {"x0": {"direction": "+", "low": -9.0}}).answer == "proved"
    found = answer(turn, table, {"x0": {"direction": "+", "low": -9.0}})  # |x0 + 3|: beyond the rows
    assert (found.answer, found.start) == ("refuted", -9.0)


def some_missing(every: int | None, column: str = "b") -> tuple[pd.DataFrame, ti.Table]:
    draws = np.random.default_rng(3)
    frame = pd.DataFrame({"a": draws.uniform(-1, 1, N), "b": draws.uniform(-1, 1, N)})
    if every:
        frame.loc[::every, column] = np.nan
    return frame, ti.read_table(frame.assign(y=np.arange(N) + 0.0), target="y", task="regression")


def with_indicator(column: str) -> ti.Model:
    """a - 2 max(0, a - 10 + 10 [column is missing]): falls where it is missing."""
    known = pd.DataFrame({"a": [0.0, np.nan, 0.0], "b": [0.0, 0.0, np.nan]})
    encoder = SimpleImputer(strategy="constant", fill_value=0.0, add_indicator=True).fit(known)
    place = 2 if column == "a" else 3
    weight = [[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
    weight[1][place] = 10.0
    module = nn.Sequential(affine(weight, [5.0, -10.0]), nn.ReLU(), affine([[1.0, -2.0]]))
    return ti.wrap(module, encoder=encoder, task="regression")


def test_another_column_may_be_missing_where_the_table_holds_missing_values():
    found = answer(with_indicator("b"), some_missing(9)[1], {"a": "+"})
    assert found.answer == "refuted"
    assert found.pair["b"].isna().all()
    assert answer(with_indicator("b"), some_missing(None)[1], {"a": "+"}).answer == "proved"
    assert answer(with_indicator("b"), some_missing(9)[1], {"a": "-"}).answer == "refuted"  # where b is known


def test_the_column_itself_is_never_missing():
    assert answer(with_indicator("a"), some_missing(9, "a")[1], {"a": "+"}).answer == "proved"


def grades(order: list[str], weights: list[float], extra: float = 0.0) -> tuple[ti.Model, ti.Table]:
    """The score of a grade, plus `extra` times (1 - 2 [it is a dog]) x."""
    draws = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"g": draws.choice(order, N), "pet": draws.choice(["cat", "dog"], N), "x": draws.uniform(0, 1, N)}
    )
    encoder = make_column_transformer(
        (OneHotEncoder(categories=[order], sparse_output=False), ["g"]),
        (OneHotEncoder(sparse_output=False), ["pet"]), ("passthrough", ["x"]),
    ).fit(frame)  # fmt: skip
    levels = [*weights, 0.0, 0.0, 0.0]
    first = [levels, [0.0] * len(weights) + [0.0, -10.0, 1.0], [0.0] * len(weights) + [-10.0, 0.0, 1.0]]
    module = nn.Sequential(affine(first, [9.0, 0.0, 0.0]), nn.ReLU(), affine([[1.0, extra, -extra]]))
    table = ti.read_table(frame.assign(y=0.0 + np.arange(N)), target="y", task="regression", levels={"g": order})
    return ti.wrap(module, encoder=encoder, task="regression"), table


def test_levels_have_the_order_that_the_table_gives_them():
    order = ["low", "mid", "high"]
    assert answer(*grades(order, [0.0, 1.0, 2.0]), {"g": "+"}).answer == "proved"
    found = answer(*grades(order, [0.0, 2.0, 1.0]), {"g": "+"})
    assert (found.answer, found.start, found.end) == ("refuted", "mid", "high")
    assert found.fall == pytest.approx(1.0)
    assert answer(*grades(order[::-1], [0.0, 1.0, 2.0]), {"g": "+"}).answer == "proved"
    assert answer(*grades(order, [2.0, 1.0, 0.0]), {"g": "-"}).answer == "proved"
    found = answer(*grades(order, [2.0, 1.0, 0.0]), {"g": "+"})
    assert (found.start, found.end) == ("low", "high")


def test_levels_of_other_columns_are_taken_one_by_one():
    model, table = grades(["low", "mid", "high"], [0.0, 1.0, 2.0], extra=1.0)
    found = answer(model, table, {"x": "+"})
    assert found.answer == "refuted"
    assert found.pair["pet"].tolist() == ["dog", "dog"]
    only = table.take(np.flatnonzero((table.frame["pet"] == "cat").to_numpy()))  # dogs no longer occur
    assert answer(model, only, {"x": "+"}).answer == "proved"


def test_a_number_in_bins_is_read_at_its_values():
    x = np.repeat(np.arange(10.0), 20)
    table = ti.read_table(pd.DataFrame({"x": x, "y": x}), target="y", task="regression")
    encoder = KBinsDiscretizer(3, encode="onehot-dense", strategy="uniform").fit(table.inputs)
    rising = nn.Sequential(affine([[0.0, 1.0, 2.0]], [1.0]), nn.ReLU(), affine([[1.0]]))
    falling = nn.Sequential(affine([[0.0, 2.0, 1.0]], [1.0]), nn.ReLU(), affine([[1.0]]))
    assert answer(ti.wrap(rising, encoder=encoder, task="regression"), table, {"x": "+"}).answer == "proved"
    found = answer(ti.wrap(falling, encoder=encoder, task="regression"), table, {"x": "+"})
    assert found.answer == "refuted"
    assert found.start < 6 <= found.end
    limited = {"x": {"direction": "+", "high": 5.0}}
    assert answer(ti.wrap(falling, encoder=encoder, task="regression"), table, limited).answer == "proved"
    many = np.linspace(0, 9, 300) ** 1.1
    wide = ti.read_table(pd.DataFrame({"x": many, "y": many}), target="y", task="regression")
    steps = OrdinalEncoder().fit(wide.inputs)
    other = answer(ti.wrap(affine([[1.0]]), encoder=steps, task="regression"), wide, {"x": "+"})
    assert "more than 64 different values" in str(other.reason)


def test_an_indicator_of_one_value_is_no_line():
    """x + 1000 less 5000 where x is 999, which is one of many values and no quantile."""
    x = np.append(np.delete(np.arange(0.0, 2001.0, 3.7), 7), 999.0)
    table = ti.read_table(pd.DataFrame({"x": x, "y": x}), target="y", task="regression")

    def with_indicator_of_999(frame):
        values = np.asarray(frame, dtype=float)
        return np.hstack([values, values == 999])

    encoder = FunctionTransformer(with_indicator_of_999).fit(table.inputs)
    module = nn.Sequential(affine([[1.0, -5000.0]], [9000.0]), nn.ReLU(), affine([[1.0]]))
    assert answer(ti.wrap(module, encoder=encoder, task="regression"), table, {"x": "+"}).answer != "proved"


def test_places_of_whole_numbers_are_moved_to_the_nearest():
    steps = Number("k", 2.0, 6.0, True, np.ones(1), None)
    assert steps.snapped(np.array([0.3, 0.9, np.nan])).tolist()[:2] == [0.25, 1.0]
    assert replace(steps, whole=False).snapped(np.array([0.3])).tolist() == [0.3]
    assert steps.values(np.array([0.25])).tolist() == [3.0]


def test_whole_numbers_stay_whole():
    draws = np.random.default_rng(0)
    frame = pd.DataFrame({"k": draws.integers(0, 9, N), "m": draws.integers(0, 50, N)})
    table = ti.read_table(frame.assign(y=0.0 + np.arange(N)), target="y", task="regression", kinds={"k": "numeric"})
    module = nn.Sequential(affine([[1.0, 0.1], [1.0, 0.1]], [0.0, -5.3]), nn.ReLU(), affine([[1.0, -3.0]]))
    found = answer(passed(module), table, {"k": "+"})
    assert found.answer == "refuted"
    assert (found.pair == found.pair.round()).all(axis=None)
    between = nn.Sequential(  # falls between 4 and 5, and has risen again at 5
        affine([[1.0, 0.0]] * 4, [0.0, -4.0, -4.5, -5.0]), nn.ReLU(), affine([[1.0, -3.0, 4.0, -1.0]])
    )
    open_ = answer(passed(between), table, {"k": "+"})
    assert open_.answer == "open"
    assert 0.9 < open_.bound < 1.1  # 0.5 of a way with slope -2


def test_a_column_that_does_not_matter_is_proved_in_both_directions():
    table = square(2)
    module = nn.Sequential(affine([[0.0, 1.0]]), nn.Tanh(), affine([[1.0]]))
    for direction in "+-":
        assert answer(passed(module), table, {"x0": direction}).answer == "proved"
    encoder = make_column_transformer(("passthrough", ["x1"])).fit(table.inputs)
    unread = ti.wrap(nn.Sequential(affine([[1.0]]), nn.Tanh(), affine([[1.0]])), encoder=encoder, task="regression")
    one = answer(unread, table, {"x0": "+"})
    assert (one.answer, one.bound) == ("proved", 0.0)


# ---- models


def test_the_answer_for_a_linear_model_is_the_sign_of_its_coefficient():
    table = square(3)
    y = table.inputs.to_numpy() @ [1.0, -2.0, 0.5]
    model = ti.wrap(LinearRegression().fit(table.inputs, y))
    result = ti.monotonicity(model, table, {"x0": "+", "x1": "+", "x2": "-"})
    assert [one.answer for one in result.columns] == ["proved", "refuted", "refuted"]
    assert [one.fall for one in result.columns[1:]] == pytest.approx([4.0, 1.0])
    frame = result.frame()
    assert list(frame.columns) == ["column", "direction", "answer", "fall", "start", "end", "bound", "reason"]
    assert result.pairs().index.get_level_values("refuted").unique().tolist() == ["x1", "x2"]
    assert ti.monotonicity(model, table, {"x0": "+"}).pairs().empty


def test_the_score_of_two_classes_is_the_log_odds_of_the_positive_class():
    table = square(2)
    frame = table.inputs.assign(y=np.where(table.frame["x0"] > 0, "yes", "no"))
    module = nn.Sequential(affine([[1.0, 0.0], [0.0, 1.0]]), nn.Tanh(), affine([[1.0, 0.5]]))
    for positive, expected in (("yes", "proved"), ("no", "refuted")):
        read = ti.read_table(frame, target="y", positive=positive)
        assert (
            answer(ti.wrap(module, encoder="passthrough", classes=["no", "yes"]), read, {"x0": "+"}).answer == expected
        )


def test_a_network_in_double_precision_is_read_with_the_weights_it_has():
    table = square(3)
    network_ = MLPRegressor(hidden_layer_sizes=(12, 6), activation="tanh", max_iter=800, random_state=0)
    y = table.inputs.to_numpy() @ [2.0, 1.0, 0.0]
    model = ti.wrap(make_pipeline(StandardScaler(), network_).fit(table.inputs, y))
    bound = in_double(bind(model, table))
    weights = chain(bound, domain_of(bound, {})).weights
    assert np.abs(weights[1].numpy().T - network_.coefs_[1]).max() == 0
    assert answer(model, table, {"x0": "+"}).answer == "proved"
    assert answer(model, table, {"x0": "-"}).answer == "refuted"


def test_principal_components_are_part_of_the_network():
    table = square(3)
    encoder = make_pipeline(StandardScaler(), PCA(3)).fit(table.inputs)
    x = encoder.transform(table.inputs)
    weight = np.linalg.lstsq(x, table.inputs.to_numpy() @ [1.0, 2.0, -1.0], rcond=None)[0]
    module = nn.Sequential(affine([weight.tolist()]), nn.Tanh(), affine([[1.0]]))
    model = ti.wrap(module, encoder=encoder, task="regression")
    answers = ti.monotonicity(model, table, {"x0": "+", "x1": "+", "x2": "+"}).columns
    assert [one.answer for one in answers] == ["proved", "proved", "refuted"]


class Beside(nn.Module):
    """A residual network: no chain of layers. x0 + tanh(2 x0 + x1) times a weight."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.first, self.last = affine([[2.0, 1.0]]), affine([[1.0, 0.0]])
        self.weight = weight

    def forward(self, x):
        return self.last(x) + self.weight * torch.tanh(self.first(x))


def test_a_network_that_is_no_chain_can_be_refuted_only():
    table = square(2)
    one = answer(passed(Beside(0.5)), table, {"x0": "+"})
    assert (one.answer, str(one.reason)) == (
        "open",
        "the network is not a chain of affine layers and activation functions",
    )
    found = answer(passed(Beside(-2.0)), table, {"x0": "+"})
    assert (found.answer, found.reason) == ("refuted", None)
    assert found.fall >= 0.9 * falls_of(passed(Beside(-2.0)), table, "x0", 1.0)


class Limited(nn.Module):
    """The sum of all columns; above a limit it falls, by operations that are no activations and that few points reach."""

    def __init__(self, operation: str, columns: int) -> None:
        super().__init__()
        one = np.ones((1, columns))
        self.first, self.sum, self.last = affine(np.eye(columns), [2.0] * columns), affine(one), affine([[1.0]])
        self.limit, self.operation = 3.0 * columns - 1, operation

    def forward(self, x):
        h = self.sum(torch.relu(self.first(x)))
        above = h - self.limit
        if self.operation == "clamp":
            return h - 5 * torch.clamp(above, min=0)
        if self.operation == "where":
            return torch.where(h > self.limit, self.limit - 4 * above, h)
        if self.operation == "abs":
            return h - 2.5 * (above + torch.abs(above))
        return self.last(torch.relu(h - 5 * torch.clamp(above, min=0)))  # between two layers


@pytest.mark.parametrize("operation", ["clamp", "where", "abs", "between"])
def test_an_operation_that_acts_in_a_corner_alone_is_not_taken_for_an_affine_map(operation):
    table = square(8)
    table = table.take(np.flatnonzero(table.inputs.sum(axis=1) < 5))
    pair = pd.DataFrame(1.0, index=[0, 1], columns=table.schema.inputs)
    pair.loc[0, "x0"] = 0.5
    model = passed(Limited(operation, 8))
    before, after = bind(model, table).score(pair.to_numpy().copy())[:, 0]
    assert after < before - 1
    assert answer(model, table, {"x0": "+"}).answer != "proved"


@pytest.mark.parametrize("shaped", [lambda y: y[:, 0], lambda y: torch.squeeze(y, 1), lambda y: y.view(-1)])
def test_scores_in_another_shape_are_those_of_a_chain(shaped):
    class Shaped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = affine([[1.0, 0.0], [0.0, 1.0]]), affine([[1.0, 1.0]])

        def forward(self, x):
            return shaped(self.last(torch.relu(self.first(x))))

    assert answer(passed(Shaped()), square(2), {"x0": "+"}).answer == "proved"


class Single(nn.Module):
    """|x0| by way of single precision, in which alone it computes."""

    def forward(self, x):
        if x.dtype != torch.float32:
            raise TypeError("single precision only")
        return x[:, :1].abs()


def test_a_network_that_computes_in_single_precision_alone_is_asked_about_rows():
    found = answer(passed(Single()), square(2), {"x0": "+"})
    assert found.answer == "refuted"
    assert found.fall == pytest.approx(1.0, abs=0.1)


def test_a_function_of_rows_is_asked_about_rows_of_the_table():
    table = square(2)
    valley = ti.wrap(lambda rows: np.abs(rows["x0"].to_numpy()), task="regression")
    found = answer(valley, table, {"x0": "+"})
    assert found.answer == "refuted"
    assert found.fall == pytest.approx(1.0, abs=0.1)
    assert found.start < -0.9
    assert abs(found.end) < 0.2
    line = ti.wrap(lambda rows: rows["x0"].to_numpy(), task="regression")
    one = answer(line, table, {"x0": "+"})
    assert (one.answer, str(one.reason)) == ("open", "the model is available only as a prediction function")
    assert answer(valley, table, {"x0": {"direction": "+", "low": 0.0}}).answer == "open"
    assert answer(line, table, {"x0": "-"}).fall > 1.8


def test_what_cannot_be_asked():
    table = square(2)
    with pytest.raises(TabinterpError, match="at least one column with a direction"):
        ti.monotonicity(passed(affine([[1.0, 1.0]])), table, {"x0": {"low": 0.0}})
    with pytest.raises(TabinterpError, match="unknown column 'x7'"):
        ti.monotonicity(passed(affine([[1.0, 1.0]])), table, {"x7": "+"})


def test_the_same_question_has_the_same_answer():
    table, model = square(3), passed(network([3, 8, 6, 1], nn.Tanh(), 2))
    one, other = (ti.monotonicity(model, table, {"x0": "+", "x2": "-"}, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(one.frame(), other.frame())


# ---- parts of a domain


def test_two_halves_are_the_whole():
    boxes = Boxes(
        np.zeros((2, 2)), np.ones((2, 2)), np.ones((2, 2), dtype=bool), np.array([[False, True], [False, False]]),
        (np.array([[True, True, True], [True, False, True]]),),
    )  # fmt: skip
    made = halves(boxes, np.array([1, 2]))
    assert len(made) == 4
    assert made.present[[0, 2], 1].tolist() == [True, False]
    assert made.missing[[0, 2], 1].tolist() == [False, True]
    assert made.levels[0][[1, 3]].tolist() == [[True, False, False], [False, False, True]]
    again = halves(made.take(np.array([0])), np.array([0]))
    assert again.low[:, 0].tolist() == [0.0, 0.5]
    assert again.high[:, 0].tolist() == [0.5, 1.0]


# ---- audits


@once_per_run
def audited() -> ti.Audit:
    """x0 rises (proved), x1 falls in a corner that hardly any row is near (refuted), and k has a fall between whole numbers."""
    draws = np.random.default_rng(0)
    n = 800
    x = draws.normal(size=(n, 3))
    x[0] = 6.0
    frame = pd.DataFrame(x, columns=["x0", "x1", "x2"]).assign(y=x[:, 0] + x[:, 1] + draws.normal(size=n))
    table = ti.read_table(frame, target="y", task="regression", split=0.5)
    first = affine([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]], [20.0, 20.0, -15.0])
    model = passed(nn.Sequential(first, nn.ReLU(), affine([[1.0, 1.0, -3.0]])))
    linear = passed(affine([[1.0, 1.0, 0.0]]))
    constraints = {"x0": "+", "x1": {"direction": "+"}, "x2": {"low": -9.0, "high": 4.0}}
    return ti.audit(model, table, counterpart=linear, constraints=constraints, analyses=["constraints", "monotonicity"])


def test_an_audit_answers_for_both_models():
    record = audited().document.analyses["monotonicity"]
    assert [row.column for row in record.columns] == ["x0", "x1"]
    assert [row.linear.answer for row in record.columns] == ["proved", "proved"]
    assert [row.network.answer for row in record.columns] == ["refuted", "refuted"]
    refuted = record.columns[1].network
    assert refuted.fall >= record.network_least / 2
    assert float(f"{refuted.fall:.1g}") == refuted.fall
    assert from_bytes(to_bytes(audited().document)) == audited().document
    page = render(audited().document)
    assert "Attempted proof that both models follow the declared directions" in page
    assert "the score moves against the declared direction by" in page


def test_the_check_says_that_two_rows_refute_what_rows_of_the_table_do_not_show():
    (found,) = (f for f in audited().document.findings if f.slug == "constraint-violated")
    rows = audited().document.groups.constraints.columns
    assert all((row.network.share.value or 0) < 0.01 for row in rows if row.network)
    assert (found.status, found.claim.key) == ("raised", "finding.constraint-violated.raised_refuted")
    assert found.claim.values["columns"] == ["x0", "x1"]
    assert found.claim.values["linear"] == 0


@pytest.mark.parametrize(
    "change",
    [{"answer": "proved"}, {"answer": "proved", "fall": 0.0, "bound": None}, {"answer": "refuted", "fall": 0.0}],
)
def test_an_answer_that_its_numbers_do_not_support_is_refused(change):
    document = audited().document
    record = document.analyses["monotonicity"]
    first = record.columns[0]
    forged = first.model_copy(update={"network": first.network.model_copy(update=change)})
    changed = record.model_copy(update={"columns": [forged, *record.columns[1:]]})
    with pytest.raises(
        DocumentError, match=r"analyses\.monotonicity: network\.answer is '(proved|refuted)' for column 'x0'"
    ):
        changed.check_claims(document)
    record.check_claims(document)
    check(document)


def test_without_a_direction_nothing_is_proved():
    table = square(2, split=0.5)
    model = passed(affine([[1.0, 1.0]]))
    how = {"counterpart": model, "analyses": ["constraints", "monotonicity"]}
    for constraints in (None, {"x0": {"low": -2.0}}):
        document = ti.audit(model, table, constraints=constraints, **how).document
        assert document.analyses.get("monotonicity") is None
        assert "Proof of declared directions" not in render(document)


def test_levels_and_values_of_few_rows_are_not_in_the_document():
    frame = cases.mixed_frame(200, 3)
    frame.loc[frame["age"].idxmax(), "age"] = 117.0
    table = cases.mixed_table(frame)
    model = ti.wrap(cases.network_pipeline(frame))
    how = {"counterpart": ti.wrap(cases.linear_pipeline(frame)), "analyses": ["constraints", "monotonicity"]}
    document = ti.audit(model, table, constraints={"age": "-", "income": "-", "grade": "-"}, **how).document
    rows = {row.column: row.network for row in document.analyses["monotonicity"].columns}
    assert rows["income"].answer == rows["age"].answer == "refuted"
    assert 117.0 not in (rows["age"].start, rows["age"].end)
    values = table.numeric("income")
    assert not {rows["income"].start, rows["income"].end} & set(values)
    assert rows["grade"].start in (None, *cases.GRADES)


def test_a_fall_does_not_tell_the_range_of_a_column_in_the_document():
    """Divided by the slope of a linear model it is the distance of two values of single rows."""
    table = square(2, n=150, reach=1.2345, split=0.5)
    model = passed(affine([[3.0, 1.0]]))
    how = {"counterpart": model, "analyses": ["constraints", "monotonicity"], "constraints": {"x0": "-"}}
    (row,) = ti.audit(model, table, **how).document.analyses["monotonicity"].columns
    assert answer(model, table, {"x0": "-"}).fall == pytest.approx(
        3 * 2 * 1.2345
    )  # in Python, where the rows are at hand
    assert (row.linear.answer, row.linear.fall) == ("refuted", 7.0)


def test_a_fall_that_is_rounding_is_none():
    table = square(2)
    setting = estimator._Setting(bind(passed(affine([[3.0, 1.0]])), table), {}, 0.1, 0, 10)
    one, rows = Constraint(column="x0", direction="+"), table.inputs[:2]
    assert [setting._verdict(one, rows, fall).fall for fall in (-1.0, 1.1e-16, 1e-6, 0.05)] == [0.0, 0.0, 0.0, 0.05]


def with_answers(answer_: str, share: float):
    """The audited document with these answers for the network, and this share of rows against every direction."""
    document = audited().document
    record, table = document.analyses["monotonicity"], document.groups.constraints
    update = {"answer": answer_, "fall": 5.0 if answer_ == "refuted" else 0.0, "bound": 0.0}
    answers = [row.model_copy(update={"network": row.network.model_copy(update=update)}) for row in record.columns]
    against = Interval(value=share, stderr=0.01, low=share - 0.02, high=share + 0.02)
    rows = [
        row
        if row.network is None
        else row.model_copy(update={"network": row.network.model_copy(update={"share": against})})
        for row in table.columns
    ]
    rows = [row.model_copy(update={"outside": 0, "few_outside": False}) for row in rows]
    groups = document.groups.model_copy(update={"constraints": table.model_copy(update={"columns": rows})})
    analyses = {**document.analyses, "monotonicity": record.model_copy(update={"columns": answers})}
    return document.model_copy(update={"groups": groups, "analyses": analyses})


@pytest.mark.parametrize(
    ("answer_", "share", "status", "key"),
    [
        ("proved", 0.3, "cleared", "cleared_proved"),  # such a share is not possible; the proof decides
        ("proved", 0.0, "cleared", "cleared_proved"),
        ("open", 0.3, "raised", "raised"),
        ("open", 0.0, "cleared", "cleared"),
        ("refuted", 0.3, "raised", "raised"),
        ("refuted", 0.0, "raised", "raised_refuted"),
    ],
)
def test_proof_replaces_the_share_of_rows(answer_, share, status, key):
    found = run_check(CHECK, with_answers(answer_, share))
    assert (found.status, found.claim.key) == (status, f"finding.constraint-violated.{key}")
    if key == "raised_refuted":
        assert found.claim.values["fall"] == 5.0


def test_the_search_climbs_to_a_corner_that_no_random_point_is_near():
    """2 x0 - 3 softplus(x0 + the sum of twelve others - 6): falls most where all others are 1."""
    table = square(13)
    first = affine([[1.0] * 13, [2.0, *[0.0] * 12]], [-6.0, 60.0])
    model = passed(nn.Sequential(first, nn.Softplus(), affine([[-3.0, 1.0]])))
    corner = np.ones((2, 13))
    corner[0, 0] = -1.0
    scores = bind(model, table).score(corner)[:, 0]
    assert answer(model, table, {"x0": "+"}).fall >= 0.98 * (scores[0] - scores[1])


def test_a_level_of_few_rows_is_withheld():
    frame = pd.DataFrame({"g": ["a"] * 50 + ["b"] * 50 + ["c"] * 3, "y": np.arange(103.0)})
    table = ti.read_table(frame, target="y", task="regression", levels={"g": ["a", "b", "c"]})
    assert [_shown(table, "g", level) for level in ("a", "c", None)] == ["a", None, None]
