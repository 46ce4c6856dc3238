"""Displays that are made from an estimator, as those of scikit-learn are: its own curve, axes and figure, errors."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LogisticRegression

import tabinterp as ti
from tabinterp.errors import ModelError
from tabinterp.models import bind
from tests import cases

from .test_plots import marks, names

DISPLAYS = {
    "CalibrationDisplay": {},
    "CoefficientsDisplay": {},
    "EffectsDisplay": {"columns": ["age"], "grid": 5},
    "GradientImportanceDisplay": {"method": "saliency"},
    "PermutationImportanceDisplay": {"n_repeats": 2},
    "ShapleyValuesDisplay": {"background": 5},
}


@pytest.fixture(scope="module")
def fitted():
    frame = cases.mixed_frame(120, 2).assign(part=np.where(np.arange(120) % 2 == 0, "test", "train"))
    return cases.network_pipeline(frame), cases.mixed_table(frame, split="part")


def test_every_display_is_public():
    assert set(DISPLAYS) == {name for name in ti.__all__ if name.endswith("Display")}


@pytest.mark.parametrize("name", DISPLAYS)
def test_a_display_is_drawn_from_a_fitted_pipeline(name, fitted):
    pipeline, table = fitted
    display = getattr(ti, name)
    ax, before = Figure().add_subplot(), plt.get_fignums()
    made = display.from_estimator(pipeline, table, ax=ax, **DISPLAYS[name])
    assert isinstance(made, display)
    assert made.ax_ is ax
    assert made.figure_ is ax.figure
    assert ax.has_data()
    assert plt.get_fignums() == before
    again = Figure().add_subplot()
    assert made.plot(again) is made
    assert made.ax_ is again
    for one, other in zip(again.lines, ax.lines, strict=True):
        np.testing.assert_array_equal(one.get_xydata(), other.get_xydata())


def test_without_axes_a_figure_is_made(fitted):
    pipeline, table = fitted
    before = plt.get_fignums()
    made = ti.CoefficientsDisplay.from_estimator(pipeline, table)
    assert plt.get_fignums() == [*before, made.figure_.number]
    plt.close(made.figure_)


def test_a_wrapped_model_is_taken_as_it_is(fitted):
    pipeline, table = fitted
    made = ti.PermutationImportanceDisplay.from_estimator(ti.wrap(pipeline), table, ax=Figure().add_subplot())
    frame = ti.permutation_importance(ti.wrap(pipeline), table).frame().set_index("column")
    np.testing.assert_array_equal(marks(made.ax_)[:, 0], frame["importance"][names(made.ax_)])
    assert made.result.frame().equals(frame.reset_index())
    bound = bind(ti.wrap(pipeline), table)
    again = ti.PermutationImportanceDisplay.from_estimator(bound, table, ax=Figure().add_subplot())
    assert again.result.frame().equals(frame.reset_index())


def test_options_reach_the_analysis_and_an_output_the_plot():
    frame = cases.mixed_frame(60, 3, "multiclass")
    table = cases.mixed_table(frame, "multiclass")
    pipeline, ax = cases.network_pipeline(frame, "multiclass"), Figure().add_subplot()
    made = ti.GradientImportanceDisplay.from_estimator(pipeline, table, ax=ax, output="c", method="saliency")
    assert made.result.method == "saliency"
    assert ax.get_xlabel().endswith("(output c)")


def test_the_curve_is_that_of_scikit_learn():
    frame = cases.mixed_frame(80, 4)[["age", "income", "y"]].dropna()
    pipeline = LogisticRegression(C=1e-4).fit(frame[["age", "income"]], frame["y"])
    table = ti.read_table(frame, target="y", positive=pipeline.classes_[1])
    curve = ti.EffectsDisplay.from_estimator(pipeline, table, ax=Figure().add_subplot(), columns=["age"]).result["age"]
    theirs = partial_dependence(
        pipeline, frame[["age", "income"]], ["age"], custom_values={"age": np.array(curve.values, dtype=float)},
        response_method="decision_function",
    )["average"][0]  # fmt: skip
    np.testing.assert_allclose(np.diff(curve.effect.value[:, 0]), np.diff(theirs), atol=1e-5)


def test_an_estimator_that_is_not_fitted_is_refused(fitted):
    with pytest.raises(ModelError, match="fit"):
        ti.EffectsDisplay.from_estimator(LogisticRegression(), fitted[1])
