"""Integrated gradients from several baselines: complete for every style of forward, and from real rows as an oracle has it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tabinterp as ti
from tabinterp.analyses.gradients.reference_rows import baseline_of
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases
from tests.shared import every_nth


def scored(module, x):
    with torch.no_grad():
        return module(torch.tensor(np.atleast_2d(x))).numpy()[:, 0]


@pytest.mark.parametrize("style", every_nth(2, cases.STYLES))
def test_attributions_are_complete_where_other_tools_fail_silently(style):
    """The sum is set against the module's own answers, not against the gap that the result prints."""
    module, table = cases.styled(style), cases.numbers(40)
    with torch.no_grad():
        for layer in (module.first, module.second):
            layer.weight.mul_(3)  # many kinks, or steep ones
    x = table.inputs.to_numpy()
    model = cases.wrapped(module)
    backs = cases.numbers(5, seed=9)
    found = ti.baselines(model, table, background=backs)
    starts = [x.mean(axis=0), np.quantile(x, 0.5, axis=0, method="lower"), backs.inputs.to_numpy()]
    for start, reading in zip(starts, found.readings, strict=True):
        rise = scored(module, x) - scored(module, start).mean()
        missed = np.abs(reading.values[:, :, 0].sum(axis=1) - rise)
        assert missed.max() / np.abs(rise).mean() < 1.01e-3
        assert reading.gap < 1e-3


def test_from_given_rows_it_is_the_mean_of_the_readings_from_each():
    module, table, backs = cases.styled("functional"), cases.numbers(12), cases.numbers(4, seed=7)
    model, alone = cases.wrapped(module), []
    result = ti.gradient_importance(model, table, baseline="rows", background=backs, tolerance=1e-5)
    for i in range(4):
        one = ti.gradient_importance(
            model, table, baseline="rows", background=backs.take(np.array([i])), tolerance=1e-5
        )
        assert one.settings["background_rows"] == 1
        alone.append(one.values)
    scale = np.abs(result.values).max()
    np.testing.assert_allclose(result.values, np.mean(alone, axis=0), atol=2e-5 * scale)
    np.testing.assert_allclose(result.stderr, np.std(alone, axis=0, ddof=1) / 2, atol=1e-4 * scale)
    np.testing.assert_allclose(
        result.mean_stderr, np.std(np.mean(alone, axis=1), axis=0, ddof=1) / 2, atol=1e-4 * scale
    )


def test_of_a_linear_model_each_baseline_gives_coefficient_times_distance():
    frame = cases.mixed_frame(150, 1)
    table, pipeline = cases.mixed_table(frame), cases.linear_pipeline(frame)
    found = ti.baselines(ti.wrap(pipeline), table, background=table)
    encoded, slopes = pipeline[0].transform(frame[cases.INPUTS]), pipeline[-1].coef_[0]
    bound = bind(ti.wrap(pipeline), table)
    for name, reading in zip(("mean", "median", "rows"), found.readings, strict=True):
        start = encoded.mean(axis=0) if name == "rows" else baseline_of(bound, name)
        away = (encoded - start) * slopes
        for j, block in enumerate([[0, 2], [1], [3, 4, 5, 6], [7], [8]]):
            np.testing.assert_allclose(reading.values[:, j, 0], away[:, block].sum(axis=1), atol=5e-6)
    assert [pair.first + " " + pair.second for pair in found.agreement] == ["mean median", "mean rows", "median rows"]
    # mean and real rows start at the same place for a linear model
    assert found.agreement[1].spearman == pytest.approx(1.0)


def test_a_mean_category_is_no_row_and_the_median_is_one():
    frame = cases.mixed_frame(300, 2)
    table, pipeline = cases.mixed_table(frame), cases.network_pipeline(frame)
    mean, median = ti.baselines(ti.wrap(pipeline), table, background=2).starts
    assert mean.unlike == ("city", "member", "grade")
    assert median.unlike == ()
    assert mean.reference == median.reference == 300
    # by hand: distance to the fifth nearest of the others, in standard deviations
    x = pipeline[0].transform(frame[cases.INPUTS])
    x, point = x / x.std(axis=0), x.mean(axis=0) / x.std(axis=0)
    apart = np.sort(np.linalg.norm(x[:, None] - x[None], axis=2), axis=1)[:, 5]
    own = np.sort(np.linalg.norm(x - point, axis=1))[4]
    assert mean.neighbours == pytest.approx((apart < own).mean(), abs=1 / 300)


def test_other_methods_do_not_start_from_rows():
    with pytest.raises(
        NotApplicableError, match="for the method 'gradient_x_input', baseline must be one of mean, median, zero"
    ):
        ti.gradient_importance(
            cases.wrapped(cases.product_network()), cases.numbers(10), method="gradient_x_input", baseline="rows"
        )
