"""Pictures of results: the numbers of the frame, in axes of the caller's, with nothing of Matplotlib's settings changed."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import tabinterp as ti
from tabinterp.analyses.plots import LINEAR, NETWORK
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


def marks(ax, look=NETWORK):
    """(marks, 2) where the marks of a series are."""
    shape = (look.colour, look.marker)
    lines = [line for line in ax.get_lines() if (line.get_markeredgecolor(), line.get_marker()) == shape]
    return np.vstack([line.get_xydata() for line in lines if line.get_linestyle() == "None"])


def intervals(ax, look=NETWORK):
    """(intervals, 2) ends of the horizontal intervals of a series."""
    lines = [line for line in ax.get_lines() if line.get_color() == look.colour and len(line.get_xdata()) % 3 == 0]
    return np.vstack([line.get_xdata().reshape(-1, 3)[:, :2] for line in lines])  # a gap follows each interval


def curve(ax, look):
    """(points, 2) the points that the line of a model goes through."""
    style = "-" if look is NETWORK else "--"
    lines = [line for line in ax.get_lines() if (line.get_color(), line.get_linestyle()) == (look.colour, style)]
    points = np.vstack([line.get_xydata() for line in lines if len(line.get_xdata()) > 2])
    return np.unique(points[~np.isnan(points).any(axis=1)], axis=0)


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_a_number_is_a_line_with_a_band_beside_the_linear_one(results):
    (network, linear), _ = results
    ax = network.plot("age", linear=linear, ax=axes())
    for look, result in ((NETWORK, network), (LINEAR, linear)):
        told = result.frame().query("column == 'age' and not small")
        known = told[told["value"].notna()]
        np.testing.assert_allclose(marks(ax, look)[: len(known)], known[["value", "effect"]].astype(float))
        assert len(marks(ax, look)) == len(told)
        np.testing.assert_allclose(curve(ax, look), known[["value", "effect"]].astype(float))
    band = ax.collections[1].get_paths()[0].vertices  # after the single rows' band
    known = network.frame().query("column == 'age' and not small").dropna(subset="value")
    assert band[:, 1].min() == pytest.approx(known["effect_low"].min())
    assert band[:, 1].max() == pytest.approx(known["effect_high"].max())
    (below,) = ax.child_axes
    assert "missing" in [label.get_text() for label in below.get_xticklabels()]
    bars = below.get_lines()[0].get_ydata()
    np.testing.assert_allclose(bars[1::3], network.frame().query("column == 'age' and not small")["rows"])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["network", "linear"]


def test_levels_are_points_and_few_rows_are_not_shown(results):
    (network, _), _ = results
    ax = network.plot("city", ax=axes())
    told = network.frame().query("column == 'city' and not small").sort_values("effect", ascending=False)
    told = pd.concat([told[told["value"].notna()], told[told["value"].isna()]])
    assert names(ax) == [
        f"{'missing' if v is None else v} ({n})" for v, n in zip(told["value"], told["rows"], strict=True)
    ]
    np.testing.assert_allclose(marks(ax)[:, 0], told["effect"])
    np.testing.assert_allclose(intervals(ax), np.clip(told[["effect_low", "effect_high"]], *ax.get_xlim()))
    few = ti.effects(ti.wrap(lambda r: r["x1"].to_numpy(), task="regression"), cases.numbers(150), grid=12)
    kept = ~few["x1"].small
    assert 0 < kept.sum() < 12
    assert len(marks(few.plot(ax=axes()))) == kept.sum()


def test_importances_stand_in_their_order(results):
    _, (network, linear) = results
    ax = network.plot(linear=linear, ax=axes())
    order = np.argsort(-network.importance)
    assert names(ax) == [network.players[i] for i in order]
    for look, result in ((NETWORK, network), (LINEAR, linear)):
        np.testing.assert_allclose(marks(ax, look)[:, 0], result.importance[order])
        ends = np.column_stack([result.ci_low, result.ci_high])[order]
        np.testing.assert_allclose(intervals(ax, look), np.clip(ends, *ax.get_xlim()))


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
    with pytest.raises(NotApplicableError, match="column 'nope' cannot be plotted, because this result"):
        network.plot("nope")
    with pytest.raises(NotApplicableError, match="output must be one of"):
        network.plot("age", output="yes")
    frame = cases.mixed_frame(200, 1)
    model, table = ti.wrap(cases.linear_pipeline(frame)), cases.mixed_table(frame)
    with pytest.raises(NotApplicableError, match="different points"):
        network.plot("income", linear=ti.effects(model, table, grid=5))
    with pytest.raises(NotApplicableError, match="columns, groups, method"):
        importance.plot(linear=ti.permutation_importance(model, table, conditional=True))
    assert linear.curves
