"""Overfitting: gaps in loss beside Welch's test and a regression with clustered errors, and a slice that was learnt by heart."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from scipy import stats
from sklearn.compose import ColumnTransformer
from torch import nn

import tabinterp as ti
from benchmarks.faults.networks import Memory
from tabinterp.analyses.overfitting.estimator import overfitting
from tabinterp.analyses.slices.estimator import family
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tabinterp.models.losses import loss_for
from tests import cases


@functools.cache
def both(task: str = "binary", weighted: bool = False):
    frame = cases.mixed_frame(900, task=task)
    table = cases.mixed_table(frame, task, weighted, split=0.4)
    network = bind(ti.wrap(cases.network_pipeline(frame, task)), table)
    return network, bind(ti.fit_counterpart(network, table), table)


def losses(network, linear):
    table = network.table
    return loss_for(None, table.schema.task).each(np.stack([network.scores, linear.scores]), table.y, "cpu")


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "count"])
def test_gaps_over_all_rows_are_those_of_welch_and_of_the_metrics(task):
    network, linear = both(task)
    found = overfitting(network, network.table, linear)
    training = ti.performance(network, network.table, linear).training.metrics[0]
    assert found.network == pytest.approx(training.network_gap)
    assert found.linear == pytest.approx(training.linear_gap)
    held, lost = network.table.held_out, losses(network, linear)
    for (value, stderr, low, high), own in zip(
        (found.network, found.linear, found.excess), (*lost, lost[0] - lost[1]), strict=True
    ):
        welch = stats.ttest_ind(own[held], own[~held], equal_var=False)
        assert value == pytest.approx(own[held].mean() - own[~held].mean())
        assert value / stderr == pytest.approx(welch.statistic, rel=0.01)
        assert (high - low) / 2 >= 1.96 * stderr  # with fewer degrees of freedom where few rows have most of the loss
    assert (found.rows, found.training_rows) == (held.sum(), (~held).sum())


def test_weighted_gaps_are_those_of_a_regression_with_robust_errors():
    network, linear = both(weighted=True)
    held, lost = network.table.held_out, losses(network, linear)
    fit = sm.WLS(lost[0] - lost[1], sm.add_constant(held.astype(float)), network.table.row_weights).fit(cov_type="HC0")
    value, stderr, *_ = overfitting(network, network.table, linear).excess
    assert value == pytest.approx(fit.params[1])
    assert stderr == pytest.approx(fit.bse[1], rel=0.01)  # ours has n/(n - 1) on either side


def test_rows_of_a_group_on_both_sides_count_as_one_draw():
    network, linear = both()
    rng = np.random.default_rng(0)
    people = rng.integers(0, 60, len(network.table))
    frame = network.table.frame.assign(person=[f"p{one}" for one in people])
    schema = network.table.schema
    grouped = ti.read_table(
        frame.assign(split=np.where(network.table.held_out, "test", "train")),
        target=schema.target, positive=schema.classes[1], group="person", split="split",
    )  # fmt: skip
    found = overfitting(network.model, grouped, linear.model)
    held, lost = grouped.held_out, losses(bind(network.model, grouped), bind(linear.model, grouped))
    fit = sm.OLS(lost[0] - lost[1], sm.add_constant(held.astype(float))).fit(
        cov_type="cluster", cov_kwds={"groups": grouped.groups, "use_correction": False}
    )
    value, stderr, low, high = found.excess
    assert value == pytest.approx(fit.params[1])
    assert stderr == pytest.approx(fit.bse[1] * np.sqrt(60 / 59))
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 59) * stderr)


def test_slices_are_one_family_and_have_rows_and_events_on_both_sides():
    network, linear = both()
    held, lost = network.table.held_out, losses(network, linear)
    found = overfitting(network, network.table, linear, smallest=30)
    assert len(found.slices) > 5
    tests, y = [], network.table.y
    for one in found.slices:
        inside, outside = one.group.rows & held, one.group.rows & ~held
        assert min(inside.sum(), outside.sum()) >= 30
        assert min(np.bincount(y[rows].astype(int)).min() for rows in (inside, outside)) >= 20
        own = lost[0] - lost[1]
        welch = stats.ttest_ind(own[inside], own[outside], equal_var=False)
        gap = own[inside].mean() - own[outside].mean()
        tests.append((gap, gap / welch.statistic, int(min(inside.sum(), outside.sum()))))
        assert one.network == pytest.approx(lost[0][inside].mean() - lost[0][outside].mean())
        assert one.linear == pytest.approx(lost[1][inside].mean() - lost[1][outside].mean())
    for one, (expected, q) in zip(found.slices, family(tests), strict=True):
        assert one.excess == pytest.approx(expected)
        assert one.q == pytest.approx(q)
    ends = [one.excess[2] for one in found.slices]
    assert ends == sorted(ends, reverse=True)


def test_a_slice_that_was_learnt_by_heart_is_found_and_its_twin_is_not():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(3000, 3)), columns=list("abc"))
    frame["city"] = rng.choice(list("opqrstuvwx"), 3000)
    frame["y"] = np.where(frame["a"] + rng.logistic(size=3000) > 0, "yes", "no")
    table = ti.read_table(frame, target="y", positive="yes", split=0.4)
    encode = ["a", "b", "c"]
    true = nn.Linear(3, 1)
    with torch.no_grad():
        true.weight.copy_(torch.tensor([[1.0, 0.0, 0.0]]))
        true.bias.zero_()
    inside = ~table.held_out & (table.frame["city"] == "w").to_numpy()
    passed = ColumnTransformer([("numbers", "passthrough", encode)]).fit(table.inputs)
    known = torch.as_tensor(passed.transform(table.inputs[inside]).astype(np.float32))
    answers = torch.as_tensor(12 * table.y[inside] - 6, dtype=torch.float32)[:, None]
    clean, memorised = (ti.wrap(module, encoder=passed) for module in (true, Memory(true, known, answers)))
    linear = ti.fit_counterpart(clean, table)
    for model, status in ((memorised, "raised"), (clean, "cleared")):
        made = ti.audit(model, table, counterpart=linear, analyses=["overfitting"])
        (finding,) = (one for one in made.document.findings if one.slug == "overfit")
        assert finding.status == status
        record = made.document.analyses["overfitting"]
        assert (record.slices[0].group.values.get("level") == "w") == (status == "raised")
        if status == "raised":
            assert finding.claim.key.endswith("raised_slice")
            assert record.slices[0].network == pytest.approx(record.slices[0].excess.value, abs=0.1)


@pytest.mark.parametrize("lost", ["split", "rows", "events"])
def test_where_the_gap_is_unknown_it_is_said_why(lost):
    network, linear = both()
    table, few = network.table, {"split": 900, "rows": 9, "events": 25}[lost]
    held = None if lost == "split" else np.arange(len(table)) < few
    network, linear = (replace(one, table=replace(table, held_out=held)) for one in (network, linear))
    said = {"split": "overfitting.split", "rows": "overfitting.few", "events": "events"}[lost]
    with pytest.raises(NotApplicableError) as error:
        overfitting(network, network.table, linear)
    assert error.value.reason.key.removeprefix("why.").startswith(said)
