"""Pictures of results: the numbers of the frame, in axes of the caller's, with nothing of Matplotlib's settings changed."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import tabinterp as ti
from tabinterp.errors import NotApplicableError
from tests import cases


@pytest.fixture(scope="module")
def results():
    frame = cases.mixed_frame(200, 1)
    table = cases.mixed_table(frame)
    models = ti.wrap(cases.network_pipeline(frame)), ti.wrap(cases.linear_pipeline(frame))
    return [ti.effects(m, table) for m in models], [ti.permutation_importance(m, table, n_repeats=2) for m in models]


def axes():
    return Figure().add_subplot()


def lines(ax):
    """Curves by their labels; the line at zero has none."""
    return {line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")}


def test_a_number_is_a_line_with_a_band_beside_the_linear_one(results):
    (network, linear), _ = results
    ax = network.plot("age", linear=linear, ax=axes())
    for name, result in (("network", network), ("linear", linear)):
        told = result.frame().query("column == 'age' and not small")
        known = told[told["value"].notna()]
        x, y = lines(ax)[name].get_data()
        np.testing.assert_allclose(x, known["value"].astype(float))
        np.testing.assert_allclose(y, known["effect"])
    band = ax.collections[1].get_paths()[0].vertices  # after the single rows' band
    known = network.frame().query("column == 'age' and not small").dropna(subset="value")
    assert band[:, 1].min() == pytest.approx(known["effect_low"].min())
    assert band[:, 1].max() == pytest.approx(known["effect_high"].max())
    assert "missing" in [text.get_text() for text in ax.texts]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["network", "linear"]


def test_levels_are_points_and_few_rows_are_not_shown(results):
    (network, _), _ = results
    ax = network.plot("city", ax=axes())
    told = network.frame().query("column == 'city' and not small")
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "missing" if v is None else v for v in told["value"]
    ]
    heights = [bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(np.divide(heights, max(heights)), told["share"] / told["share"].max())
    few = ti.effects(ti.wrap(lambda r: r["x1"].to_numpy(), task="regression"), cases.numbers(150), grid=12)
    kept = ~few["x1"].small
    assert 0 < kept.sum() < 12
    assert len(few.plot(ax=axes()).get_lines()[0].get_xdata()) == kept.sum()


def test_importances_stand_in_their_order(results):
    _, (network, linear) = results
    ax = network.plot(linear=linear, ax=axes())
    order = np.argsort(-network.importance)
    assert [label.get_text() for label in ax.get_yticklabels()] == [network.players[i] for i in order]
    for container, result in zip(ax.containers, (network, linear), strict=True):
        np.testing.assert_allclose(container[0].get_xdata(), result.importance[order])
        ends = np.array([segment[:, 0] for segment in container[2][0].get_segments()])
        np.testing.assert_allclose(ends, np.column_stack([result.ci_low, result.ci_high])[order])


def test_nothing_of_the_callers_changes_and_a_new_figure_is_made_only_when_asked(results):
    (network, _), (importance, _) = results
    before, open_before = dict(mpl.rcParams), plt.get_fignums()
    network.plot("age", ax=axes())
    importance.plot(ax=axes())
    assert plt.get_fignums() == open_before
    made = network.plot().figure
    assert plt.get_fignums() == [*open_before, made.number]
    plt.close(made)
    assert dict(mpl.rcParams) == before


def test_what_does_not_go_together_is_refused(results):
    (network, linear), (importance, _) = results
    with pytest.raises(NotApplicableError, match="no curve of 'nope'"):
        network.plot("nope")
    with pytest.raises(NotApplicableError, match="output is one of"):
        network.plot("age", output="yes")
    frame = cases.mixed_frame(200, 1)
    model, table = ti.wrap(cases.linear_pipeline(frame)), cases.mixed_table(frame)
    with pytest.raises(NotApplicableError, match="same points"):
        network.plot("income", linear=ti.effects(model, table, grid=5))
    with pytest.raises(NotApplicableError, match="same players"):
        importance.plot(linear=ti.permutation_importance(model, table, conditional=True))
    assert linear.curves
