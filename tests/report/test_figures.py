"""Figures by themselves: honest axes, names that stay names, nothing left behind in Matplotlib."""

from __future__ import annotations

import re
import warnings
import xml.etree.ElementTree as ET

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from tabinterp.analyses import plots
from tabinterp.analyses.discrimination import figure as discrimination
from tabinterp.analyses.discrimination.record import ScoreBin
from tabinterp.analyses.plots import AMBER, INK, NAVY, PAPER
from tabinterp.document.document import Interval
from tabinterp.report import svg
from tabinterp.report.figures import WIDTH, Pair, Step, over_sizes, pairs, path

SVG = "{http://www.w3.org/2000/svg}"


def interval(value, low, high):
    return Interval(value=value, stderr=1.0, low=low, high=high)


def row(label, network, linear):
    return Pair(label, f"{label}, whole", network, linear, f"{label} network", f"{label} linear")


ROWS = [
    row("clear", interval(1.0, 0.5, 1.5), interval(0.1, -0.2, 0.4)),
    row("wide", interval(-1.0, -1.5, -0.5), interval(0.5, -300.0, 400.0)),
    row("bare", Interval(value=0.2), Interval()),
]


def drawn(rows=ROWS, filling="excludes_zero"):
    return ET.fromstring(pairs(rows, "an axis", "a reading", "figure-test", filling).draw())


def marks(root):
    """Title of each mark: its element and where it stands."""
    titles = {use: use.find(f"{SVG}title") for use in root.iter(f"{SVG}use")}
    return {title.text: use for use, title in titles.items() if title is not None}


def test_marks_stand_where_their_numbers_are():
    found = {title: float(use.get("x")) for title, use in marks(drawn()).items()}
    assert set(found) == {"clear network", "clear linear", "wide network", "wide linear", "bare network"}
    unit = found["clear network"] - found["wide network"]
    for title, value in (("clear linear", 0.1), ("wide linear", 0.5), ("bare network", 0.2)):
        assert found[title] == pytest.approx(found["wide network"] + unit * (value + 1) / 2, abs=1e-3)


def test_one_wide_interval_does_not_squeeze_the_others():
    found = {title: float(use.get("x")) for title, use in marks(drawn()).items()}
    assert found["clear network"] - found["wide network"] > WIDTH / 6
    xs = [float(use.get("x")) for use in drawn().iter(f"{SVG}use")]
    assert max(xs) <= WIDTH
    assert min(xs) >= 0


def test_filling_says_whether_the_interval_excludes_zero():
    fills = {title: use.get("fill", "") for title, use in marks(drawn()).items()}
    assert fills["clear network"] == NAVY
    assert fills["clear linear"] == PAPER
    assert fills["wide network"] == NAVY
    assert fills["wide linear"] == PAPER


def test_without_that_meaning_filling_tells_the_models_apart():
    fills = {title: use.get("fill", "") for title, use in marks(drawn(filling="model")).items()}
    assert {fill for title, fill in fills.items() if "network" in title} == {NAVY}
    assert {fill for title, fill in fills.items() if "linear" in title} == {PAPER}
    strokes = {title: use.get("stroke") for title, use in marks(drawn()).items()}
    assert {stroke for title, stroke in strokes.items() if "linear" in title} == {AMBER}


def test_zero_is_always_in_view():
    far = [row("far", interval(100.0, 99.0, 101.0), interval(103.0, 102.0, 104.0))]
    ticks = [element.text for element in drawn(far).iter(f"{SVG}text")]
    assert "0" in ticks


@pytest.mark.parametrize("label", ["$x$", r"\frac{1}{2}", "日本語", "<b>&amp;", "@axis@", "@1@", "🧪"])
def test_a_name_is_never_read_as_anything_else(label):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        root = drawn([row(label, interval(1.0, 0.5, 1.5), Interval())])
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert label in texts
    assert "an axis" in texts


def test_the_picture_says_what_it_shows_and_names_nothing_else():
    root = drawn()
    assert root.get("role") == "img"
    assert root.get("aria-label") == "a reading"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert ids[0] == "figure-test"
    assert all(each.startswith("f-test-") for each in ids[1:])
    assert not [element for element in root.iter() if "style" in element.attrib or element.tag == f"{SVG}style"]
    fonts = {element.get("font-size", root.get("font-size")) for element in root.iter(f"{SVG}text")}
    assert all(re.fullmatch(r"\d+", size) for size in fonts)


def test_ticks_are_those_that_matplotlib_draws(monkeypatch):
    shares = {f"{model}_{kind}": 0.25 for model in ("network", "linear") for kind in ("positive", "negative")}
    bins = [ScoreBin(low=i / 4, high=(i + 1) / 4, **shares) for i in range(4)]
    scores = discrimination.distributions(bins, ("an axis", "a height"), {}, "a reading", "figure-test")
    steps = [Step(name, value, True, 0.5, "") for name, value in (("ball", -1.0), ("domain", 2.0))]
    walk = path(steps, ("an axis", "a height"), "a reading", "figure-test")
    curve = plots.Series("network", "", *(np.array([0.2, 0.4, 0.9]) + off for off in (0.0, -0.1, 0.1)))
    sizes = over_sizes(
        [0.0, 0.5, 1.0], [curve], ("an axis", "a height"), "a reading", "figure-test", lambda _, model: model
    )
    figures = (pairs(ROWS, "an axis", "a reading", "figure-test", "model"), scores, walk, sizes)
    fast = [one.draw() for one in figures]
    monkeypatch.setattr(svg, "replace_ticks", lambda figure: None)
    assert fast == [one.draw() for one in figures]


def test_matplotlib_is_left_as_it_was():
    def backend():
        return dict.__getitem__(matplotlib.rcParams, "backend")  # as it is stored: asking the ordinary way chooses one

    before = backend()
    drawn()
    assert backend() == before
    assert plt.get_fignums() == []


def test_another_library_may_claim_the_bare_prefix():
    """WeasyPrint does; the registry of prefixes belongs to the whole process."""
    before = pairs(ROWS, "an axis", "a reading", "figure-test", "model").draw()
    known = dict(ET._namespace_map)
    try:
        ET.register_namespace("", "urn:other")
        assert pairs(ROWS, "an axis", "a reading", "figure-test", "model").draw() == before
    finally:
        ET._namespace_map.clear()
        ET._namespace_map.update(known)
    assert before.startswith('<svg xmlns="http://www.w3.org/2000/svg" id="figure-test"')


def test_a_withheld_number_has_a_cross_instead_of_a_mark():
    plain = len(list(drawn(filling="model").iter(f"{SVG}use")))
    crossed = ET.fromstring(pairs(ROWS, "an axis", "a reading", "figure-test", "model", crossed=True).draw())
    found = list(crossed.iter(f"{SVG}use"))
    assert len(found) == plain + 1  # the row "bare" has no number of the linear model
    left = min(found, key=lambda use: float(use.get("x")))
    assert left.get("stroke") == AMBER


def test_shares_that_are_withheld_are_gaps_with_a_cross_and_not_zero():
    _, axes = plt.subplots()
    network, linear = np.array([0.2, np.nan, 0.8]), np.array([0.5, 0.0, 0.5])
    made = plots.error_shares(axes, np.array([0.0, 1.0]), [("network", network), ("linear", linear)])
    assert np.isnan(made["network"].get_data().values[1])
    assert made["linear"].get_data().values[1] == 0.0
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in crosses] == [([0.5], [0.0])]
    plt.close()


def test_points_of_an_effect_curve_without_a_count_have_a_cross():
    _, axes = plt.subplots()
    plots._row_bars(axes, np.array([1.0, 2.0, 3.0]), np.array([40.0, np.nan, 0.0]))
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in crosses] == [([2.0], [0.0])]
    plt.close()


def test_bins_of_scores_that_are_withheld_have_a_cross_in_the_panel_of_their_model():
    shares = {"network_positive": 0.5, "network_negative": 0.5, "linear_positive": 0.5, "linear_negative": 0.5}
    bins = [
        ScoreBin(low=0.0, high=0.5, **shares),
        ScoreBin(low=0.5, high=1.0, **shares | {"linear_negative": None, "linear_positive": None}),
    ]
    drawn = discrimination.distributions(bins, ("x", "y"), {}, "a reading", "figure-test").draw()
    crosses = [use for use in ET.fromstring(drawn).iter(f"{SVG}use") if use.get("stroke", INK) == INK]
    ticks = ET.fromstring(discrimination.distributions(bins[:1] * 2, ("x", "y"), {}, "a reading", "figure-test").draw())
    assert len(crosses) == len([use for use in ticks.iter(f"{SVG}use") if use.get("stroke", INK) == INK]) + 1
    assert discrimination.withheld(bins)
    assert not discrimination.withheld(bins[:1])
