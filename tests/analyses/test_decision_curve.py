"""Expected cost and net benefit, by counting rows one after the other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from torch import nn

import tabinterp as ti
from tabinterp.analyses.decision_curve.estimator import THRESHOLDS, decisions
from tabinterp.analyses.settings import decision_policy as policy
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.models import bind
from tests import cases


def pair(n=300, seed=0, **more):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    frame = pd.DataFrame(x, columns=["a", "b"])
    frame["y"] = (rng.random(n) < 1 / (1 + np.exp(1 - x[:, 0] - x[:, 1]))).astype(int)
    frame["w"] = rng.integers(1, 4, n).astype(float)
    table = ti.read_table(frame if more else frame.drop(columns="w"), target="y", **more)
    layers = cases.affine([1.0, 1.0], [-1.0]), cases.affine([1.0, 0.0], [-0.8])
    return table, [bind(ti.wrap(nn.Sequential(a), encoder="passthrough", classes=[0, 1]), table) for a in layers]


def counted(p, y, w, threshold):
    """Weights of true positives, false positives and false negatives, and of all rows."""
    tp = fp = fn = 0.0
    for i in range(len(y)):
        called = p[i] > threshold
        tp += w[i] * (called and y[i] == 1)
        fp += w[i] * (called and y[i] == 0)
        fn += w[i] * (not called and y[i] == 1)
    return tp, fp, fn, sum(w)


@pytest.mark.parametrize("weighted", [False, True])
def test_costs_and_benefits_are_those_counted_by_hand(weighted):
    table, bounds = pair(600, **({"weight": "w"} if weighted else {}))
    w, y = table.row_weights, table.y
    found = decisions(*bounds, policy((1, 5), None, "binary"), held_out=True)
    p = [1 / (1 + np.exp(-b.scores[:, 0])) for b in bounds]
    metrics = {m.name: m for m in found.metrics}
    for one, part in zip(p, ("network", "linear"), strict=True):
        tp, fp, fn, total = counted(one, y, w, 1 / 6)
        positives = w[y == 1].sum()
        expected = {
            "expected_cost": (fp + 5 * fn) / total,
            "accuracy": 1 - (fp + fn) / total,
            "sensitivity": tp / positives,
            "specificity": 1 - fp / (total - positives),
        }
        assert {name: getattr(m, part)[0] for name, m in metrics.items()} == pytest.approx(expected, rel=1e-12)
        told = 0
        for at, benefit in zip(found.thresholds, getattr(found, part), strict=True):
            tp, fp, _, total = counted(one, y, w, at)
            hits, alarms, misses, _ = counted(one, y, np.ones(len(y)), at)
            passes = (y == 0).sum() - alarms
            withheld = 0 < min(hits, misses) < 10 and 0 < min(alarms, passes) < 10
            if 10 <= (one > at).sum() <= len(y) - 10 and not withheld:
                assert benefit[0] == pytest.approx(tp / total - fp / total * at / (1 - at), abs=1e-12)
                told += 1
            else:
                assert np.isnan(benefit).all()
        assert told >= 14
    share = w[y == 1].sum() / w.sum()
    assert found.all_cost[0] == pytest.approx(1 - share)
    assert found.none_cost[0] == pytest.approx(5 * share)
    frame = found.frame()
    assert frame["treat_all"].to_numpy() == pytest.approx(
        share - (1 - share) * frame["threshold"] / (1 - frame["threshold"])
    )
    assert (frame["network"] - frame["linear"]).to_numpy() == pytest.approx(frame["difference"], abs=1e-12, nan_ok=True)
    assert 1 / 6 in found.thresholds
    assert set(THRESHOLDS) < set(found.thresholds)


def test_errors_are_those_of_paired_means():
    """Cost and net benefit of a fixed rule are means over rows, whose errors are closed forms."""
    table, bounds = pair(600, 2)
    found = decisions(*bounds, policy(None, 0.3, "binary"), held_out=True)
    called = [1 / (1 + np.exp(-b.scores[:, 0])) > 0.3 for b in bounds]
    odds = 0.3 / 0.7
    rows = [odds * (c & (table.y == 0)) + 1.0 * (~c & (table.y == 1)) for c in called]
    cost = found.metrics[0].difference
    assert cost[0] == pytest.approx((rows[0] - rows[1]).mean())
    assert cost[1] == pytest.approx((rows[0] - rows[1]).std() / np.sqrt(600), rel=0.08)
    benefit = [1.0 * (c & (table.y == 1)) - odds * (c & (table.y == 0)) for c in called]
    at = found.thresholds.index(0.3)
    assert found.difference[at][1] == pytest.approx((benefit[0] - benefit[1]).std() / np.sqrt(600), rel=0.08)
    assert found.network[at][1] == pytest.approx(benefit[0].std() / np.sqrt(600), rel=0.08)
    assert cost[0] == pytest.approx(-found.difference[at][0])  # what costs more is worth less


def test_what_is_said_implies_the_rest():
    costs, threshold, both = (policy(*said, "binary") for said in (((1, 5), None), (None, 0.2), ((1, 5), 0.5)))
    assert (costs.threshold, costs.given) == (pytest.approx(1 / 6), "costs")
    assert (threshold.false_positive, threshold.false_negative, threshold.given) == (0.25, 1.0, "threshold")
    assert (both.threshold, both.false_negative, both.given) == (0.5, 5.0, "both")
    assert policy(None, None, "regression") is None


@pytest.mark.parametrize(
    ("costs", "threshold", "task", "words"),
    [
        ((1, 0), None, "binary", "two positive numbers"),
        ((1, 2, 3), None, "binary", "two positive numbers"),
        ((1, float("nan")), None, "binary", "two positive numbers"),
        (None, 1.0, "binary", "between 0 and 1"),
        (None, float("nan"), "binary", "between 0 and 1"),
        ((1, 5), None, "multiclass", "two classes; the task of this table is 'multiclass'"),
    ],
)
def test_what_is_no_cost_is_refused(costs, threshold, task, words):
    with pytest.raises(TabinterpError, match=words):
        policy(costs, threshold, task)


def test_rows_that_may_have_been_seen_or_are_few_say_nothing():
    table, bounds = pair(120)
    with pytest.raises(NotApplicableError, match="measured on held-out rows, but the table has no split"):
        decisions(*bounds, None, held_out=False)
    few = np.flatnonzero((table.y == 0) | (np.cumsum(table.y) <= 9))
    with pytest.raises(NotApplicableError, match="fewer than 10"):
        decisions(*(b.take(few) for b in bounds), None, held_out=True)
    assert decisions(*bounds, None, held_out=True).metrics == ()
