"""Gradient readings: exact on linear models, against analytic integrals and captum on networks built by hand."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from captum.attr import IntegratedGradients, Saliency
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

import tabinterp as ti
from tabinterp.analyses.gradients.estimator import METHODS, NOISE, NOISES
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases, oracles
from tests.shared import every_nth

PATHS = ["gradient_x_input", "integrated_gradients", "expected_gradients"]
SIZES = ["saliency", "smoothgrad"]


def test_every_method_is_tested():
    assert sorted(PATHS + SIZES) == sorted(METHODS)


def numpy_of(module):
    """(gradient, score) of a module on (m, d) arrays, in double precision, straight from torch."""

    def gradient(x):
        x = torch.tensor(x, dtype=torch.float64).requires_grad_(True)
        return torch.autograd.grad(module(x).sum(), x)[0].numpy()

    def score(x):
        with torch.no_grad():
            return module(torch.tensor(x, dtype=torch.float64)).numpy()[:, 0]

    return gradient, score


# ---- the universal oracle: a linear model


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_on_a_linear_model_every_method_is_its_coefficients(method, weighted):
    rng = np.random.default_rng(0)
    slope = np.array([2.0, -0.3, 0.0])
    table = cases.numbers(60, weighted=weighted)
    x = table.inputs.to_numpy()
    weights = np.ones(60) if table.weights is None else table.weights
    result = ti.gradient_importance(
        cases.wrapped(nn.Sequential(cases.affine([slope], rng.normal(size=1)))), table, method=method
    )
    mean = np.average(x, axis=0, weights=weights)
    if method in SIZES:
        sd = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weights))
        expected = np.tile(np.abs(slope) * sd, (60, 1))
        assert result.completeness_gap is None
    else:
        expected = slope * (x - mean)
    np.testing.assert_allclose(result.values[:, :, 0], expected, atol=1e-6)
    if method in ("integrated_gradients", "expected_gradients"):
        assert result.gap < 1e-5


@pytest.mark.parametrize(("task", "method"), every_nth(5, product(cases.TASKS, PATHS)))
def test_on_a_pipeline_a_column_is_the_sum_over_its_block(method, task):
    frame = cases.mixed_frame(120, 1, task)
    table, pipeline = cases.mixed_table(frame, task), cases.linear_pipeline(frame, task)
    result = ti.gradient_importance(ti.wrap(pipeline), table, method=method, background=200)
    encoded = pipeline[0].transform(frame[cases.INPUTS])
    slopes = np.atleast_2d(pipeline[-1].coef_)
    slopes = slopes - slopes.mean(axis=0) if task == "multiclass" else slopes
    blocks = {"age": [0, 2], "income": [1], "city": [3, 4, 5, 6], "member": [7], "grade": [8]}
    for j, column in enumerate(cases.INPUTS):
        away = (encoded - encoded.mean(axis=0))[:, blocks[column]]
        np.testing.assert_allclose(result.values[:, j], away @ slopes[:, blocks[column]].T, atol=2e-6)
    assert result.outputs == (("a", "b", "c") if task == "multiclass" else (None,))


# ---- networks by hand


@pytest.mark.parametrize("name", cases.RELUS)
@pytest.mark.parametrize("baseline", ["mean", "median", "zero"])
def test_integrated_gradients_are_the_analytic_path_integral(name, baseline):
    spec = cases.RELUS[name]
    table = cases.numbers(40, binary=name == "and")
    x = table.inputs.to_numpy()
    start = {
        "mean": x.mean(axis=0),
        "median": np.quantile(x, 0.5, axis=0, method="lower"),
        "zero": np.zeros(3),
    }[baseline]
    result = ti.gradient_importance(cases.wrapped(cases.relu_network(spec)), table, baseline=baseline, tolerance=1e-4)
    expected = np.array([oracles.relu_path_integral(*spec, start, row) for row in x])
    assert result.gap < 1e-4
    np.testing.assert_allclose(result.values[:, :, 0], expected, atol=1e-3 * np.abs(expected).max())
    assert result.settings == {"baseline": baseline}


@pytest.mark.parametrize("baseline", ["mean", "median", "zero"])
def test_a_product_is_shared_along_the_path(baseline):
    """Of x1 x2 from b: x1 gets (x1 - b1) (b2 + (x2 - b2) / 2), and so on; the midpoint rule is exact on it."""
    table = cases.numbers(40)
    x = table.inputs.to_numpy()
    b = {"mean": x.mean(axis=0), "median": np.quantile(x, 0.5, axis=0, method="lower"), "zero": np.zeros(3)}[baseline]
    result = ti.gradient_importance(cases.wrapped(cases.product_network()), table, baseline=baseline)
    move = x - b
    expected = np.column_stack(
        [move[:, 0] * (b[1] + move[:, 1] / 2), move[:, 1] * (b[0] + move[:, 0] / 2), 0 * move[:, 2]]
    )
    np.testing.assert_allclose(result.values[:, :, 0], expected, atol=1e-5)


def test_gradient_x_input_by_its_definition():
    table = cases.numbers(30)
    x = table.inputs.to_numpy()
    result = ti.gradient_importance(
        cases.wrapped(cases.product_network()), table, method="gradient_x_input", baseline="zero"
    )
    np.testing.assert_allclose(
        result.values[:, :, 0], np.column_stack([x[:, 0] * x[:, 1]] * 2 + [0 * x[:, 0]]), atol=1e-9
    )
    assert result.completeness_gap is None


@cache
def by_captum(function):
    """Values of captum on six rows; three of the styles are ways to write one function, and smooth ones need fewer steps."""
    module, x = cases.styled(function), torch.tensor(cases.numbers(6).inputs.to_numpy(), requires_grad=True)
    steps = 1000 if function in ("gelu", "silu") else 20_000
    start = x.mean(dim=0, keepdim=True).detach()
    path = IntegratedGradients(module).attribute(
        x, start, n_steps=steps, method="riemann_middle", internal_batch_size=20_000, target=0
    )
    return path.detach(), Saliency(module).attribute(x, target=0).detach()


@pytest.mark.parametrize("style", cases.STYLES)
def test_against_captum_whatever_the_forward_looks_like(style):
    module, table = cases.styled(style), cases.numbers(6)
    x = table.inputs.to_numpy()
    ours = ti.gradient_importance(cases.wrapped(module), table, tolerance=1e-4)
    theirs, saliency_of_captum = by_captum("functional" if style in ("separate", "reused") else style)
    scale = theirs.abs().max().item()
    np.testing.assert_allclose(ours.values[:, :, 0], theirs.numpy(), atol=2e-4 * scale)
    _, score = numpy_of(module)
    rise = score(x) - score(x.mean(axis=0, keepdims=True))
    gap = np.abs(ours.values[:, :, 0].sum(axis=1) - rise) / np.abs(rise).mean()
    np.testing.assert_allclose(ours.completeness_gap, gap, atol=1e-5)
    assert gap.max() < 1e-4
    saliency = ti.gradient_importance(cases.wrapped(module), table, method="saliency").values[:, :, 0]
    np.testing.assert_allclose(saliency, saliency_of_captum.numpy() * x.std(axis=0), atol=1e-9)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4])
def test_a_path_over_many_kinks_is_refined_until_it_is_under_the_tolerance(tolerance):
    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(3, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1)).double()
    with torch.no_grad():
        for layer in (module[0], module[2]):
            layer.weight.mul_(4)
    result = ti.gradient_importance(cases.wrapped(module), cases.numbers(60), tolerance=tolerance)
    assert result.gap < tolerance
    assert result.evaluations.max() > 16


@pytest.mark.parametrize("name", every_nth(2, ["bent", "product"]))
def test_expected_gradients_are_the_average_path_and_err_as_they_say(name):
    module = cases.product_network() if name == "product" else cases.relu_network(cases.BENT)
    gradient, score = numpy_of(module)
    table, population = cases.numbers(6), cases.numbers(240, seed=9)
    everything, x = population.inputs.to_numpy(), table.inputs.to_numpy()
    paths = np.array([[oracles.path_integral(gradient, s, row, 200) for s in everything] for row in x])
    ratios = []
    for seed in range(12):
        drawn = np.random.default_rng(seed).choice(240, 40, replace=False)
        result = ti.gradient_importance(
            cases.wrapped(module), table, method="expected_gradients", background=population.take(drawn), seed=seed
        )
        values = result.values[:, :, 0]
        # eight positions on each path: close to the integral over the same background
        assert np.abs(values - paths[:, drawn].mean(axis=1)).max() < 0.05 * np.abs(paths).max()
        rise = score(x) - score(everything[drawn]).mean()
        gap = np.abs(values.sum(axis=1) - rise) / np.abs(rise).mean()
        np.testing.assert_allclose(result.completeness_gap, gap, atol=1e-5)
        assert result.settings["background_rows"] == 40
        used = result.stderr[:, :, 0] > 0
        ratios.append((values - paths.mean(axis=1))[used] / result.stderr[:, :, 0][used])
    # the error is that of 40 rows drawn from many (from 240, so that it is a little too large)
    assert 0.6 < np.sqrt(np.mean(np.concatenate(ratios) ** 2)) < 1.2


def test_smoothgrad_against_a_loop_with_the_same_noise():
    module, table = cases.styled("gelu"), cases.numbers(20)
    x = table.inputs.to_numpy()
    gradient, _ = numpy_of(module)
    result = ti.gradient_importance(cases.wrapped(module), table, method="smoothgrad", seed=5)
    low, high = np.quantile(x, [0.005, 0.995], axis=0, method="averaged_inverted_cdf")
    noise = np.random.default_rng(5).normal(size=(NOISES, 3)) * NOISE * (high - low)
    slow = sum(gradient(x + one) for one in noise) / NOISES
    np.testing.assert_allclose(result.values[:, :, 0], np.abs(slow) * x.std(axis=0), atol=1e-9)


def test_the_size_of_a_category_is_the_spread_of_its_contrasts():
    frame = cases.mixed_frame(120, 1)
    table, pipeline = cases.mixed_table(frame), cases.linear_pipeline(frame)
    result = ti.gradient_importance(ti.wrap(pipeline), table, method="saliency")
    encoded, slopes = pipeline[0].transform(frame[cases.INPUTS]), pipeline[-1].coef_[0]
    np.testing.assert_allclose(result.values[:, 2, 0], (encoded[:, 3:7] @ slopes[3:7]).std(), atol=1e-9)
    np.testing.assert_allclose(result.values[:, 0, 0], (encoded[:, [0, 2]] @ slopes[[0, 2]]).std(), atol=1e-9)


# ---- baselines, weights, draws


def test_the_median_of_a_category_is_its_most_frequent_level():
    frame = cases.mixed_frame(121, 3)
    table, pipeline = cases.mixed_table(frame), cases.linear_pipeline(frame)
    result = ti.gradient_importance(ti.wrap(pipeline), table, method="gradient_x_input", baseline="median")
    at = frame[cases.INPUTS].iloc[[0]].copy()
    for column in ("age", "income"):
        at[column] = frame[column].dropna().quantile(0.5, interpolation="lower")
    for column in ("city", "member", "grade"):
        at[column] = frame[column].mode().iloc[0]
    rise = pipeline.decision_function(frame[cases.INPUTS]) - pipeline.decision_function(at)
    np.testing.assert_allclose(result.values[:, :, 0].sum(axis=1), rise, atol=1e-9)


@pytest.mark.parametrize(
    ("method", "baseline"),
    [
        ("gradient_x_input", "median"),
        ("integrated_gradients", "mean"),
        ("integrated_gradients", "median"),
        ("saliency", "mean"),
    ],
)
def test_weights_are_repeated_rows(method, baseline):
    """Baselines, spreads and means of a weighted table are those of the table with its rows repeated."""
    frame = cases.mixed_frame(60, 2)
    frame["w"] = np.random.default_rng(0).integers(0, 4, 60)
    pipeline = ti.wrap(cases.network_pipeline(frame))
    repeated = frame.loc[frame.index.repeat(frame["w"])].reset_index(drop=True)
    weighted = ti.gradient_importance(
        pipeline, cases.mixed_table(frame, weighted=True), method=method, baseline=baseline
    )
    plain = ti.gradient_importance(pipeline, cases.mixed_table(repeated), method=method, baseline=baseline)
    np.testing.assert_allclose(weighted.mean().value, plain.mean().value, atol=1e-4)
    np.testing.assert_allclose(weighted.size().value, plain.size().value, atol=1e-4)


@pytest.mark.parametrize("method", ["smoothgrad", "expected_gradients"])
def test_seeds(method):
    model, table = cases.wrapped(cases.styled("silu")), cases.numbers(30)
    one, same, other = (
        ti.gradient_importance(model, table, method=method, seed=seed, background=10).values for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_the_estimand_names_the_rows_from_which_paths_start(method):
    found = ti.gradient_importance(
        cases.wrapped(cases.styled("separate")), cases.numbers(50), method=method, background=20
    )
    if "expected" in found.method:
        assert found.estimand.startswith("mean over 20 of the explained rows of the path integral ")


@pytest.mark.parametrize("method", METHODS)
def test_a_row_has_the_same_value_whatever_rows_come_first(method):
    model, table = cases.wrapped(cases.styled("separate")), cases.numbers(50)
    order = np.random.default_rng(0).permutation(50)
    straight = ti.gradient_importance(model, table, method=method, background=20).values
    shuffled = ti.gradient_importance(model, table.take(order), method=method, background=20).values
    np.testing.assert_allclose(straight[order], shuffled, atol=1e-5)


def test_a_bound_model_has_gradients_whatever_was_asked_of_it_first():
    bound, fresh = (bind(cases.wrapped(cases.styled("silu").double()), cases.numbers(60)) for _ in range(2))
    ti.effects(bound, bound.table)
    one, other = (
        ti.gradient_importance(b, b.table, method="expected_gradients", background=10) for b in (bound, fresh)
    )
    np.testing.assert_array_equal(one.values, other.values)


def test_a_given_background_may_have_its_columns_in_another_order():
    module, table = cases.relu_network(cases.BENT), cases.numbers(10)
    background = cases.numbers(30, seed=4)
    turned = ti.read_table(background.frame[["x3", "y", "x1", "x2"]], target="y", task="regression")
    a, b = (
        ti.gradient_importance(cases.wrapped(module), table, method="expected_gradients", background=one).values
        for one in (background, turned)
    )
    np.testing.assert_array_equal(a, b)


class Spelled(TransformerMixin, BaseEstimator):
    """A number that depends on the length of a level: nothing that a gradient could pass through."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X[["income"]].fillna(0.0).to_numpy() * X[["city"]].fillna("").map(len).to_numpy()


def test_columns_that_nothing_is_known_of_are_refused_not_told_as_nan():
    frame = cases.mixed_frame(60)[["income", "city", "y"]]
    pipeline = make_pipeline(Spelled(), StandardScaler(), LogisticRegression()).fit(
        frame[["income", "city"]], frame["y"]
    )
    table = ti.read_table(frame, target="y")
    for method in METHODS:
        with pytest.raises(NotApplicableError, match="combines all columns in steps whose derivatives are unknown"):
            ti.gradient_importance(ti.wrap(pipeline), table, method=method)


@pytest.mark.parametrize("method", every_nth(2, METHODS))
def test_affine_steps_at_the_end_of_an_encoder_are_a_layer_of_the_network(method):
    """The same network, with the components as its first layer in torch, gives the same attributions."""
    frame = cases.mixed_frame(80)
    table, pipeline = cases.mixed_table(frame), cases.network_pipeline(frame, after=[PCA(4, random_state=0)])
    *_, components, final = (step for _, step in pipeline.steps)
    network = [nn.Linear(components.components_.shape[1], 4).double()]
    network[0].weight.data = torch.as_tensor(components.components_.copy())
    network[0].bias.data = torch.as_tensor(-components.components_ @ components.mean_)
    for weight, bias in zip(final.coefs_, final.intercepts_, strict=True):
        layer = nn.Linear(*weight.shape).double()
        layer.weight.data, layer.bias.data = torch.as_tensor(weight.T.copy()), torch.as_tensor(bias.copy())
        network += [layer, {"relu": nn.ReLU(), "tanh": nn.Tanh()}[final.activation]]
    beside = ti.wrap(nn.Sequential(*network[:-1]), encoder=pipeline[:-2], classes=final.classes_.tolist())
    ours, theirs = (ti.gradient_importance(one, table, method=method, seed=1) for one in (ti.wrap(pipeline), beside))
    if method == "smoothgrad":  # its noise is drawn in the precision of x, the same in both
        assert ours.settings == theirs.settings
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-5 * np.abs(theirs.values).max())
    assert ours.differences == ()


class Rounded(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.round(x * 2) / 2

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class StraightThrough(nn.Module):
    def __init__(self, rounded):
        super().__init__()
        self.first, self.last, self.rounded = nn.Linear(3, 4), nn.Linear(4, 1), rounded

    def forward(self, x):
        x = self.first(x)
        return self.last(torch.tanh(Rounded.apply(x) if self.rounded else x))


@pytest.mark.parametrize("rounded", [True, False])
def test_a_straight_through_gradient_is_said_to_disagree_with_finite_differences(rounded):
    torch.manual_seed(0)
    table = cases.numbers(80)
    result = ti.gradient_importance(cases.wrapped(StraightThrough(rounded)), table, method="saliency")
    assert result.disagreement > 0.9 if rounded else result.disagreement == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"method": "lime"}, "method must be one of"),
        ({"baseline": "mode"}, "baseline must be"),
        ({"method": "expected_gradients", "background": 0}, "background"),
        ({"method": "expected_gradients", "background": -3}, "background"),
        ({"tolerance": 0.0}, "tolerance"),
    ],
)
def test_what_has_no_meaning_is_refused(more, message):
    with pytest.raises(NotApplicableError, match=message):
        ti.gradient_importance(cases.wrapped(cases.product_network()), cases.numbers(10), **more)


def test_a_background_without_the_columns_is_refused():
    other = ti.read_table(pd.DataFrame({"x1": [1.0, 2.0], "y": [0.5, 1.5]}), target="y", task="regression")
    with pytest.raises(NotApplicableError, match="x2"):
        ti.gradient_importance(
            cases.wrapped(cases.product_network()), cases.numbers(10), method="expected_gradients", background=other
        )


def test_the_users_network_is_left_as_it_was():
    module = cases.styled("layer_norm").train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    table = cases.numbers(10)
    inputs = table.frame.copy()
    for method in METHODS:
        ti.gradient_importance(cases.wrapped(module), table, method=method)
    assert module.training
    assert all(p.grad is None and p.requires_grad for p in module.parameters())
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    pd.testing.assert_frame_equal(table.frame, inputs)
    assert bind(cases.wrapped(module), table).columns == ("x1", "x2", "x3")


def rounded(offset, steep=1.0, cancelled=False):
    """A network whose score is single precision's rounding of something large: of the score, or of what cancels inside."""
    torch.manual_seed(0)
    last = [torch.nn.Linear(8, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1)] if cancelled else [torch.nn.Linear(8, 1)]
    network = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), *last)
    network[0].weight.data *= steep
    network[2].bias.data[:] = offset
    if cancelled:
        network[4].weight.data[:] = torch.tensor([[1.0, -1.0]])
    return cases.wrapped(network)


@pytest.mark.parametrize(("offset", "cancelled"), [(1e8, False), (1e6, True), (1e8, True)])
def test_what_rounding_hides_is_not_looked_for(offset, cancelled):
    """Halving segments cannot shrink a gap that is rounding: such rows keep it, at a cost of some hundred gradients."""
    found = ti.gradient_importance(rounded(offset, cancelled=cancelled), cases.numbers(40))
    assert found.gap > found.tolerance
    assert found.evaluations.max() < 600


@pytest.mark.parametrize("steep", [30.0, 1e3])
def test_steep_networks_are_followed_to_the_end(steep):
    """Sharp bends are no rounding: they are refined as before, to the tolerance."""
    found = ti.gradient_importance(rounded(0.0, steep), cases.numbers(40))
    assert found.gap <= found.tolerance
