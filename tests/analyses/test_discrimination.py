"""ROC and precision-recall curves, KS, confusion matrices and gains, compared with scikit-learn and SciPy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import (
    confusion_matrix,
    multilabel_confusion_matrix,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_curve,
)

import tabinterp as ti
from tabinterp.analyses.discrimination.estimator import (
    FALSE_POSITIVE_RATES,
    PARTS,
    RECALLS,
    _cells_shown,
    discrimination,
)
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind

RESAMPLES = 60


def data(rows=900, classes=2, seed=0, weights=False):
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": draw.normal(size=rows).round(1), "z": draw.normal(size=rows)})
    scores = np.outer(frame["x"], np.arange(classes)) + draw.gumbel(size=(rows, classes))
    frame["y"] = np.array([f"class {k}" for k in range(classes)])[scores.argmax(axis=1)]
    if weights:
        frame["w"] = draw.uniform(0.5, 2, rows)
    more = {"positive": "class 1"} if classes == 2 else {}
    table = ti.read_table(frame, target="y", weight="w" if weights else None, **more)
    model, other = (LogisticRegression(C=c).fit(frame[["x", "z"]], frame["y"]) for c in (1.0, 1e-4))
    return frame, table, ti.wrap(model), ti.wrap(other)


@pytest.mark.parametrize("weights", [False, True])
def test_curves_are_those_of_scikit_learn(weights):
    frame, table, model, other = data(weights=weights)
    found = discrimination(model, table, other, resamples=RESAMPLES)
    for curves, fitted in ((found.network[0], model), (found.linear[0], other)):
        score = scores_of(fitted, table)
        w = frame["w"].to_numpy() if weights else None
        false, true, _ = roc_curve(table.y, score, sample_weight=w, drop_intermediate=False)
        expected = np.interp(FALSE_POSITIVE_RATES[1:], false, true)
        np.testing.assert_allclose(curves.roc.value[1:], expected, atol=1e-12)
        precision, recall, _ = precision_recall_curve(table.y, score, sample_weight=w)
        for place, at in enumerate(RECALLS):
            reached = recall >= at - 1e-12
            assert curves.precision.value[place] == pytest.approx(
                precision[recall == recall[reached].min()].max(), abs=1e-12
            )
        assert curves.ks.value[0] == pytest.approx(np.max(true - false), abs=1e-12)
        if not weights:
            assert curves.ks.value[0] == pytest.approx(ks_2samp(score[table.y == 1], score[table.y == 0]).statistic)


def scores_of(model, table):
    return bind(model, table).scores[:, 0]


def test_decisions_are_those_of_scikit_learn():
    _, table, model, other = data()
    found = discrimination(model, table, other, threshold=0.4, resamples=RESAMPLES)
    score = scores_of(model, table)
    called = score > np.log(0.4 / 0.6)
    counts = confusion_matrix(table.y, called)
    np.testing.assert_array_equal(found.decisions[0].counts, counts)
    (tn, fp), (fn, tp) = counts
    expected = [tp / (tp + fn), tn / (tn + fp), tp / (tp + fp), tn / (tn + fn)]
    np.testing.assert_allclose(found.decisions[0].rates.value, expected)
    gains = found.decisions[0].gains.value
    assert gains.shape == (PARTS, 3)
    assert gains[-1, 1:].tolist() == pytest.approx([1.0, 1.0])
    rank = np.argsort(-score, kind="stable")
    best = table.y[rank[: len(rank) // PARTS]].mean()
    assert len(np.unique(score)) == len(score)
    assert gains[0, 0] == pytest.approx(best, rel=1e-12)
    assert gains[0, 2] == pytest.approx(gains[0, 0] / table.y.mean(), rel=1e-12)


def test_intervals_hold_the_value_and_are_as_wide_as_a_binomial_one():
    _, table, model, other = data(3000)
    rates = discrimination(model, table, other, resamples=400).decisions[0].rates
    assert (rates.low <= rates.value).all()
    assert (rates.value <= rates.high).all()
    positives = table.y.sum()
    binomial = np.sqrt(rates.value[0] * (1 - rates.value[0]) / positives)
    assert rates.stderr[0] == pytest.approx(binomial, rel=0.15)


def test_each_of_several_classes_is_held_against_the_others():
    frame, table, model, other = data(classes=3)
    found = discrimination(model, table, other, resamples=RESAMPLES)
    assert found.classes == ("class 0", "class 1", "class 2")
    assert found.decisions is None
    probability = LogisticRegression().fit(frame[["x", "z"]], frame["y"]).predict_proba(frame[["x", "z"]])
    for place, curves in enumerate(found.network):
        false, true, _ = roc_curve(table.y == place, probability[:, place], drop_intermediate=False)
        np.testing.assert_allclose(curves.roc.value[1:], np.interp(FALSE_POSITIVE_RATES[1:], false, true), atol=1e-6)


def test_macro_averages_are_means_over_the_classes():
    _, table, model, other = data(classes=3)
    found = discrimination(model, table, other, resamples=RESAMPLES)
    for both, average in zip((found.network, found.linear), found.macro, strict=True):
        for name in ("roc", "precision", "ks"):
            expected = np.mean([getattr(one, name).value for one in both], axis=0)
            np.testing.assert_allclose(getattr(average, name).value, expected, atol=1e-12)
        assert (average.roc.low <= average.roc.value).all()
        assert (average.roc.stderr <= np.mean([one.roc.stderr for one in both], axis=0) + 1e-12).all()
    assert found.ks_difference.value[-1] == pytest.approx(found.macro[0].ks.value[0] - found.macro[1].ks.value[0])
    assert len(found.frame()) == 2 * 4 * len(FALSE_POSITIVE_RATES)
    ax = found.plot()
    np.testing.assert_array_equal(ax.lines[2].get_ydata(), found.macro[0].roc.value)


@pytest.mark.parametrize("weights", [False, True])
def test_rates_of_several_classes_are_those_of_scikit_learn(weights):
    draw, angle = (
        np.random.default_rng(0),
        2 * np.pi * np.arange(900) / 3,
    )  # three clouds of rows, confused with each other
    frame = pd.DataFrame({"x": np.cos(angle) + draw.normal(size=900), "z": np.sin(angle) + draw.normal(size=900)})
    frame["y"], frame["w"] = np.array([*"abc"])[np.arange(900) % 3], draw.uniform(0.5, 2, 900)
    model = ti.wrap(LogisticRegression().fit(frame[["x", "z"]], frame["y"]))
    kept = frame if weights else frame.drop(columns="w")
    table = ti.read_table(kept, target="y", weight="w" if weights else None)
    decided = discrimination(model, table, model, resamples=RESAMPLES).class_decisions[0]
    called = bind(model, table).scores.argmax(axis=1)
    np.testing.assert_array_equal(decided.counts, confusion_matrix(table.y, called))
    w = frame["w"] if weights else None
    precision, recall, _, _ = precision_recall_fscore_support(table.y, called, sample_weight=w)
    np.testing.assert_allclose(decided.rates.value[:, 0], recall)
    np.testing.assert_allclose(decided.rates.value[:, 2], precision)
    for place in range(3):
        cells = multilabel_confusion_matrix(table.y, called, sample_weight=w)[place]
        assert decided.rates.value[place, 1] == pytest.approx(cells[0, 0] / cells[0].sum())
        assert decided.rates.value[place, 3] == pytest.approx(cells[0, 0] / cells[:, 0].sum())
    macro = precision_recall_fscore_support(table.y, called, sample_weight=w, average="macro")
    assert (decided.macro.value[2], decided.macro.value[0]) == pytest.approx(macro[:2])


def test_no_small_count_follows_from_a_confusion_matrix():
    """Rows of each class, accuracy and balanced accuracy are known: what is withheld has two solutions at least."""
    draw = np.random.default_rng(4)
    for size in (3, 4, 6):
        for _ in range(60):
            counts = draw.poisson(draw.choice([0.3, 4, 14], (size, size))) + np.diag(draw.poisson(60, size))
            told = _cells_shown(counts)
            hidden = ~told
            assert not ((counts > 0) & (counts < 10) & told).any()
            for line in (*zip(counts, hidden, strict=True), *zip(counts.T, hidden.T, strict=True)):
                inside = line[0][line[1] & (line[0] > 0)]
                if told.any() and len(inside):
                    assert len(inside) > 1 or not (line[0] * ~line[1]).any()
                    assert inside.sum() >= 10 or not (line[0] * ~line[1]).any()
            assert (~told.diagonal()).sum() not in (1, 2) or size < 3 or not told.diagonal().any()


def test_rates_that_would_count_few_rows_are_withheld():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"x": np.repeat([0.0, 1.0, 2.0, 3.0], 100) + 0.2 * draw.normal(size=400)})
    frame["z"], frame["y"] = 0.0, np.repeat([*"abcd"], 100)
    model = ti.wrap(LogisticRegression(C=100).fit(frame[["x", "z"]], frame["y"]))
    decided = discrimination(model, ti.read_table(frame, target="y"), model, resamples=RESAMPLES).class_decisions[0]
    counts = confusion_matrix(
        frame["y"], np.array([*"abcd"])[bind(model, ti.read_table(frame, target="y")).scores.argmax(1)]
    )
    wrong = counts.sum(axis=1) - counts.diagonal()
    assert ((wrong > 0) & (wrong < 10)).any()
    assert np.isnan(decided.rates.value[(wrong > 0) & (wrong < 10)]).all()
    assert np.isnan(decided.macro.value).all()


def test_a_model_does_not_differ_from_itself():
    _, table, model, _ = data()
    found = discrimination(model, table, model, resamples=RESAMPLES)
    assert found.ks_difference.value.tolist() == [0.0]
    assert found.ks_difference.stderr.tolist() == [0.0]


def test_counts_of_few_rows_are_withheld():
    frame, _, model, other = data(400)
    frame["y"] = np.where(np.arange(400) < 30, "class 1", "class 0")
    table = ti.read_table(frame, target="y", positive="class 1")
    found = discrimination(model, table, other, resamples=RESAMPLES)
    for decisions in found.decisions:
        counts = decisions.counts[np.isfinite(decisions.counts)]
        assert not ((counts > 0) & (counts < 10)).any()
        rows = table.y.sum() * decisions.gains.value[:, 1]
        steps = np.diff(np.append(0.0, rows))
        assert not ((steps[np.isfinite(steps)] > 0.5) & (steps[np.isfinite(steps)] < 9.5)).any()
    for curves in (*found.network, *found.linear):
        held = 30 * curves.positive[np.isfinite(curves.positive)]
        assert not ((held > 0.5) & (held < 9.5)).any()


def test_numbers_and_rare_classes_are_refused():
    frame = pd.DataFrame({"x": np.arange(100.0), "y": np.arange(100.0)})
    table = ti.read_table(frame, target="y", task="regression")
    model = ti.wrap(LinearRegression().fit(frame[["x"]], frame["y"]))
    with pytest.raises(NotApplicableError, match="classes"):
        discrimination(model, table, model)
    frame, _, model, other = data(200)
    frame["y"] = np.where(np.arange(200) < 5, "class 1", "class 0")
    with pytest.raises(NotApplicableError, match="at least 20"):
        discrimination(model, ti.read_table(frame, target="y", positive="class 1"), other)


def test_the_curve_can_be_drawn():
    _, table, model, other = data()
    axes = discrimination(model, table, other, resamples=RESAMPLES).plot()
    assert len(axes.lines) == 3
