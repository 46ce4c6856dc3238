"""Readings that are sums over rows: one literal list, of which any split of the rows and any order of merging gives the same."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti
from tabinterp.analyses.calibration import ANALYSIS as CALIBRATION
from tabinterp.analyses.calibration import estimator as calibration
from tabinterp.analyses.calibration import reliability_curve as reliability
from tabinterp.analyses.coefficients import ANALYSIS as COEFFICIENTS
from tabinterp.analyses.coefficients.estimator import of_network
from tabinterp.analyses.context import Context
from tabinterp.analyses.data_quality import ANALYSIS as DATA_QUALITY
from tabinterp.analyses.data_quality import drift
from tabinterp.analyses.data_quality.drift import column_drift, psi
from tabinterp.analyses.effects import estimator as effects
from tabinterp.analyses.gradients import ANALYSIS as GRADIENTS
from tabinterp.analyses.gradients import streaming as streamed
from tabinterp.analyses.groups import ANALYSIS as GROUPS
from tabinterp.analyses.groups import estimator as groups
from tabinterp.analyses.groups import group_sums as tallies
from tabinterp.analyses.groups import grouped_moments as moments
from tabinterp.analyses.performance import ANALYSIS as PERFORMANCE
from tabinterp.analyses.performance.estimator import Performance, compare
from tabinterp.analyses.permutation_importance import estimator as permutation
from tabinterp.analyses.settings import AuditSettings
from tabinterp.analyses.unit_correlations import ANALYSIS as UNIT_CORRELATIONS
from tabinterp.analyses.unit_correlations.estimator import neuron_correlations
from tabinterp.auditing.streaming import STREAMED, sums_of, sweep
from tabinterp.linear import streamed_newton as newton
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.linear.terms import find_terms
from tabinterp.models import BoundModel, bind, on_rows
from tabinterp.stats import accumulators as sums
from tabinterp.stats import association
from tabinterp.stats.estimates import Estimates
from tabinterp.table.column_sketch import merge as merge_witness
from tabinterp.table.column_sketch import witness
from tabinterp.table.executors import in_turn
from tests.shared import every_nth

N = 120
TASKS = ["binary", "multiclass", "regression", "count"]


def rows(task: str, n: int = N, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(5, 2, n), "b": rng.choice(list("uvw"), n), "c": rng.normal(size=n)})
    frame["w"] = rng.integers(0, 3, n)
    drive = 0.4 * (frame["a"] - 5) + frame["c"] ** 2 * 0.5 - (frame["b"] == "u") + rng.logistic(size=n)
    made = {
        "binary": np.where(drive > 0, "yes", "no"),
        "multiclass": np.select([drive > 1, drive > -1], ["high", "middle"], "low"),
        "regression": drive + 1e4,
        "count": rng.poisson(np.exp(np.clip(drive / 4, -2, 2))),
    }
    return frame.assign(y=made[task])


@cache
def bound(task: str, weight: str | None = "w") -> tuple[BoundModel, BoundModel]:
    """A network with random weights and its counterpart, on weighted rows with a split; two columns are protected."""
    asked = {"task": task, "weight": weight, "drop": [] if weight else ["w"], "protected": ["a", "b"]}
    table = ti.read_table(rows(task), target="y", split=0.5, **asked)
    encoder = make_column_transformer((StandardScaler(), ["a", "c"]), (OneHotEncoder(), ["b"])).fit(table.inputs)
    torch.manual_seed(0)
    outputs = len(table.schema.classes) if task == "multiclass" else 1
    module = torch.nn.Sequential(torch.nn.Linear(5, 6), torch.nn.Tanh(), torch.nn.Linear(6, outputs)).eval()
    named = {"classes": list(table.schema.classes)} if table.schema.classes else {"task": task}
    network = bind(ti.wrap(module, encoder=encoder, **named), table)
    return network, bind(fit_counterpart(network, table), table)


def numbers_in(value: Any) -> list[float]:
    """All numbers of a result, in order."""
    if isinstance(value, Estimates):
        return numbers_in([value.value, value.stderr])
    if isinstance(value, (bool, int, float, np.number)):
        return [float(value)]
    if isinstance(value, np.ndarray):
        return [float(one) for one in value.ravel()] if value.dtype != object else []
    if isinstance(value, dict):
        return numbers_in([*value.values()])
    if isinstance(value, (list, tuple)):
        return [number for one in value for number in numbers_in(one)]
    return numbers_in([*vars(value).values()]) if hasattr(value, "__dict__") else []


@dataclass(frozen=True)
class Summed:
    """`start` gives a plan; `update` (plan, rows) sums; `merge`; `finish` (plan, sums) numbers."""

    name: str
    start: Callable[[str], Any]
    update: Callable[[Any, np.ndarray], Any]
    merge: Callable[[Any, Any], Any]
    finish: Callable[[Any, Any], Any]
    tasks: tuple[str, ...] = tuple(TASKS)


def _means(task):
    rng = np.random.default_rng(0)
    values = rng.normal(1e6, 1, (N, 2, 3))
    values[rng.random(values.shape) < 0.3] = np.nan
    return values, rng.integers(0, 3, N).astype(float)


def _update_means(plan, at):
    return sums.update(sums.start((2, 3)), plan[0][at], plan[1][at])


def _moments(task):
    rng = np.random.default_rng(0)
    numeric = np.where(rng.random((N, 3)) < 0.2, np.nan, rng.normal(1e3, 1, (N, 3)))
    return rng.normal(size=(N, 4)), numeric, rng.integers(-1, 3, (N, 1)), rng.integers(1, 3, N).astype(float)


def _newton(task):
    linear = bound(task)[1]
    k = len(linear.outputs)
    parameters = np.random.default_rng(0).normal(0, 0.1, (k, linear.x.shape[1] + 1))
    return newton.Plan(task, linear.x.mean(0), np.ones(linear.x.shape[1]), 1.0, parameters), linear


def _whole(name: str) -> Summed:
    one = STREAMED[name].streamed

    def start(task):
        return one.start(*bound(task), AuditSettings(all_rows=True)), bound(task)

    def update(plan, at):
        few = [on_rows(each, each.table.take(at)) for each in plan[1]]
        return one.update(plan[0], few[0].table) if one.of == "cells" else sums_of({name: plan[0]}, *few)[name]

    return Summed(f"sweep: {name}", start, update, one.merge, lambda plan, found: found)


def context_of(network: BoundModel, linear: BoundModel, sums: dict, performance: Performance | None = None) -> Context:
    """The context of an audit whose scan was summed."""
    return Context(network, linear, (), None, AuditSettings(), performance, {}, lambda share: None, sums)


def _joined(task):
    """Rows of which ten at a time belong together."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 4, N), rng.normal(50, 1, N), rng.integers(0, 3, N).astype(float), np.arange(N) // 10


def _update_joined(plan, at):
    """Whole tens: rows that belong together come in one batch."""
    at = np.flatnonzero(np.isin(np.arange(N) // 10, np.unique(at[at % 10 == 0]) // 10))
    cells, values, weights, group = (one[at] for one in plan)
    return moments.moments(cells, 4, values, weights, group)


SUMMED = (
    Summed("means", _means, _update_means, sums.merge, lambda p, s: sums.finish(s)),
    Summed(
        "moments of units and columns",
        _moments,
        lambda p, at: association.update(association.start(np.zeros(4), np.full(3, 1e3), [3]), *(one[at] for one in p)),
        association.merge,
        lambda p, s: association.finish(s),
    ),
    Summed(
        "permutation importance",
        lambda task: permutation.start(bound(task)[0], n_repeats=2, seed=0),
        permutation.update,
        permutation.merge,
        lambda p, s: [permutation.finish(p, s).importance, permutation.finish(p, s).stderr],
    ),
    Summed(
        "effect curves",
        lambda task: effects.start(bound(task)[0], grid=4),
        effects.update,
        effects.merge,
        lambda p, s: [(c.pdp, c.effect, c.ale, c.ice_low) for c in effects.finish(p, s).curves],
    ),
    Summed(
        "derivatives",
        lambda task: (find_terms(bound(task)[0]), bound(task)[0]),
        lambda p, at: streamed.update_derivatives(p[0], on_rows(p[1], p[1].table.take(at))),
        sums.merge,
        lambda p, s: streamed.finish_derivatives(s),
    ),
    Summed(
        "Newton's sums",
        _newton,
        lambda p, at: newton.update(p[0], p[1].x[at], p[1].table.y[at], p[1].table.row_weights[at]),
        newton.merge,
        lambda p, s: newton.finish(p[0], s),
    ),
    Summed(
        "means of groups of rows that belong together",
        _joined,
        _update_joined,
        moments.merge,
        lambda p, s: [s.share(i) for i in range(4)],
    ),
    Summed(
        "groups of people",
        lambda task: (tallies.start(*bound(task)), bound(task)),
        lambda p, at: tallies.update(p[0], *(on_rows(one, one.table.take(at)) for one in p[1])),
        tallies.merge,
        lambda p, s: [groups.finish(context_of(*p[1], {}), p[0], s).groups],
    ),
    Summed(
        "drift of columns",
        lambda task: (drift.start(bound(task)[0].table), bound(task)[0].table),
        lambda p, at: drift.update(p[0], p[1].take(at)),
        drift.merge,
        lambda p, s: drift.finish(p[0], s),
    ),
    *(_whole(name) for name in STREAMED),
)  # fmt: skip

ONE_TASK = {
    "means",
    "moments of units and columns",
    "means of groups of rows that belong together",
}  # that know of no target


@pytest.mark.parametrize("summed", every_nth(3, SUMMED), ids=lambda one: one.name)
@settings(max_examples=4)
@given(data=st.data())
def test_any_split_and_any_order_of_merging_gives_the_same(summed, data):
    task = data.draw(st.sampled_from(TASKS[:1] if summed.name in ONE_TASK else TASKS))
    plan = summed.start(task)
    whole = numbers_in(summed.finish(plan, summed.update(plan, np.arange(N))))
    order = np.random.default_rng(data.draw(st.integers(0, 99))).permutation(N)
    cuts = sorted(data.draw(st.lists(st.integers(1, N - 1), min_size=1, max_size=5, unique=True)))
    parts = [summed.update(plan, np.sort(part)) for part in np.split(order, cuts)]
    while len(parts) > 1:
        i = data.draw(st.integers(0, len(parts) - 2))
        parts[i : i + 2] = [summed.merge(parts[i + 1], parts[i])]
    again = numbers_in(summed.finish(plan, parts[0]))
    assert len(whole) > 3
    np.testing.assert_allclose(
        again, whole, rtol=1e-5, atol=1e-5 * np.nanmax(np.abs(np.array(whole)[np.isfinite(whole)]))
    )


def test_every_reading_that_is_a_sum_is_in_the_list():
    """Whoever writes `start, update, merge, finish` adds a case above, and the module here."""
    package = Path(ti.__file__).parent
    merging = [path for path in package.rglob("*.py") if "\ndef merge" in path.read_text("utf-8")]
    found = {path.relative_to(package).as_posix() for path in merging}
    assert {name for name in found if not name.startswith("table/")} == {  # sketches of columns are tested below
        "analyses/calibration/estimator.py",
        "analyses/calibration/reliability_curve.py",
        "analyses/data_quality/drift.py",
        "analyses/gradients/streaming.py",
        "analyses/effects/estimator.py",
        "analyses/effects/streaming.py",
        "analyses/permutation_importance/streaming.py",
        "analyses/groups/group_sums.py",
        "analyses/groups/grouped_moments.py",
        "analyses/groups/several_classes.py",
        "analyses/performance/streamed_metrics.py",
        "analyses/permutation_importance/estimator.py",
        "linear/streamed_newton.py",
        "stats/accumulators.py",
        "stats/association.py",
    }


CELLS = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from(["a", "b"]), st.floats())


@given(st.lists(CELLS, min_size=2, max_size=12), st.data())
@settings(max_examples=40)
def test_witnesses_of_parts_are_those_of_the_whole(values, data):
    whole = pd.Series(values, dtype=object)
    cut = data.draw(st.integers(1, len(values) - 1))
    every = data.draw(st.booleans())
    parts = [witness(part, every) for part in (whole.iloc[:cut], whole.iloc[cut:])]
    merged, expected = merge_witness(*parts), witness(whole, every)
    assert merge_witness(*parts[::-1]).values.index.tolist() == merged.values.index.tolist()
    assert (merged.rows, merged.missing) == (expected.rows, expected.missing)
    assert {*map(str, merged.values)} == {*map(str, expected.values)}


# ---- against what is known


def _fitted(start, batches):
    batches = [*batches]
    return newton.fit(start, lambda plan: reduce(newton.merge, (newton.update(plan, *one) for one in batches)))


@pytest.mark.parametrize("task", TASKS)
def test_an_unpenalised_fit_in_batches_is_that_of_statsmodels(task):
    """Newton's method over merged batches, where the rows fit in memory: to 1e-6 of statsmodels' own."""
    frame = rows(task, 900)
    x, w = frame[["a", "c"]].assign(u=frame["b"] == "u").to_numpy(float), 0.5 + frame["w"].to_numpy(float)
    y = np.unique(frame["y"], return_inverse=True)[1].astype(float) if task in TASKS[:2] else frame["y"].to_numpy(float)
    w = np.ones(900) if task == "multiclass" else w  # statsmodels' own takes no weights
    k, exog = (3 if task == "multiclass" else 1), sm.add_constant(x)
    start = newton.Plan(task, x.mean(axis=0), x.std(axis=0), 0.0, np.zeros((k, 4)))
    plan, converged = _fitted(start, ((x[i : i + 100], y[i : i + 100], w[i : i + 100]) for i in range(0, 900, 100)))
    slopes = plan.parameters[:, :-1] / plan.scale
    found = np.column_stack([plan.parameters[:, -1] - slopes @ plan.centre, slopes])
    if task == "multiclass":
        expected = sm.MNLogit(y, exog).fit(disp=0, method="newton").params.T
        found = found[1:] - found[0]
    else:
        family = {
            "binary": sm.families.Binomial(),
            "count": sm.families.Poisson(),
            "regression": sm.families.Gaussian(),
        }
        expected = sm.GLM(y, exog, family=family[task], freq_weights=w).fit(tol=1e-12).params[None]
    assert converged
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_a_step_that_raises_the_loss_is_halved():
    """A start far out on the flat of the likelihood sends Newton's first step too far."""
    x = np.linspace(-1, 1, 200)[:, None]
    y = (np.sin(np.arange(200)) + x[:, 0] > 0).astype(float)
    far = newton.Plan("binary", np.zeros(1), np.ones(1), 1e-3, np.array([[8.0, 2.0]]))
    near = replace_parameters(far, np.zeros((1, 2)))
    (a, one), (b, two) = (_fitted(plan, [(x, y, np.ones(200))]) for plan in (far, near))
    assert one
    assert two
    np.testing.assert_allclose(a.parameters, b.parameters, atol=1e-8)


def replace_parameters(plan, parameters):
    return newton.Plan(plan.task, plan.centre, plan.scale, plan.penalty, parameters)


@pytest.mark.parametrize("task", TASKS)
def test_a_penalised_fit_in_batches_is_that_of_scikit_learn(task):
    """Of the same penalty beside the sum of losses, intercepts left alone."""
    frame = rows(task, 600)
    x, w = frame[["a", "c"]].to_numpy(float), frame["w"].to_numpy(float)
    y = np.unique(frame["y"], return_inverse=True)[1].astype(float) if task in TASKS[:2] else frame["y"].to_numpy(float)
    w = w / w.mean()
    known = {
        "regression": Ridge(alpha=50.0),
        "count": PoissonRegressor(alpha=50.0 / 600, tol=1e-10, solver="newton-cholesky"),
    }.get(task, LogisticRegression(C=1 / 50.0, tol=1e-10, max_iter=1000))
    known.fit(x, y, sample_weight=w)
    k = 3 if task == "multiclass" else 1
    start = newton.Plan(task, np.zeros(2), np.ones(2), 50.0, np.zeros((k, 3)))
    plan, _ = _fitted(start, ((x[i : i + 100], y[i : i + 100], 7 * w[i : i + 100]) for i in range(0, 600, 100)))
    np.testing.assert_allclose(plan.parameters[:, :-1], np.atleast_2d(known.coef_), atol=2e-6)
    apart = plan.parameters[:, -1] - np.atleast_1d(known.intercept_)
    np.testing.assert_allclose(apart - apart.mean() * (k > 1), 0, atol=2e-5)


def test_the_counterpart_of_a_scan_is_nearly_that_of_all_its_rows():
    frame = rows("binary", 1500, seed=5)
    asked = {"target": "y", "split": 0.3, "drop": ["w"]}
    table, scan = ti.read_table(frame, **asked), ti.scan_table(frame, **asked, rows=200, batch=256)
    network = bound("binary", None)[0].model
    whole, drawn, fitted = (fit_counterpart(network, one) for one in (table, scan.sample, scan))
    assert (fitted.fitted_in_batches, fitted.converged, whole.fitted_in_batches) == (True, True, False)
    scores = bind(whole, table).scores
    near, far = (np.abs(bind(one, table).scores - scores).max() / scores.std() for one in (fitted, drawn))
    assert near < 0.05
    assert near < far / 3


def test_a_sweep_over_batches_is_what_memory_gives():
    frame = rows("binary", 1000, seed=2)
    network = bound("binary")[0].model
    asked = {"target": "y", "weight": "w", "split": 0.4}
    scan, table = ti.scan_table(frame, **asked, rows=200, batch=150), ti.read_table(frame, **asked)
    model = fit_counterpart(network, table)
    drawn = [bind(one, scan.sample) for one in (network, model)]
    whole = [bind(one, table).take(table.held_out) for one in (network, model)]
    sums = sweep(*drawn, scan)

    few = compare(*(one.take(one.table.held_out) for one in drawn), held_out=True)
    context = context_of(*drawn, sums, few)
    found, expected = PERFORMANCE.run(context), compare(*whole, held_out=True)
    assert found.rows == int(table.held_out.sum())
    for part in ("count", "possible", "margins_told"):
        assert getattr(found.disagreement, part) == getattr(expected.disagreement, part)
    assert found.disagreement.share == pytest.approx(expected.disagreement.share, rel=1e-12)
    assert found.null == pytest.approx(expected.null, rel=1e-12)
    for one, other in zip(found.metrics, expected.metrics, strict=True):
        if one.rows is None:
            for part in ("network", "linear", "difference"):
                assert getattr(one, part)[0] == pytest.approx(getattr(other, part)[0], rel=1e-6, abs=1e-9)
                error = pytest.approx(
                    getattr(other, part)[1], rel=2e-3, nan_ok=one.method == other.method == "withheld"
                )
                assert getattr(one, part)[1] == error  # rows of weight 0 count
        else:
            assert one.rows == few.rows
    assert [m.name for m in found.metrics if m.rows is None] == ["log_loss", "brier", "accuracy"]

    curves = CALIBRATION.run(context)
    held = whole[0].table
    p = 1 / (1 + np.exp(-whole[0].scores[:, 0]))
    edges = calibration.edges_of(drawn[0].take(drawn[0].table.held_out))[0]
    at = np.searchsorted(edges, p, side="right")
    for i, one in enumerate(curves[0].outputs[0].bins):
        inside = (at == i) & (held.row_weights > 0)
        assert one.rows == inside.sum()
        assert one.observed == pytest.approx(np.average(held.y[inside], weights=held.row_weights[inside]))
    for one, model in zip(curves, drawn, strict=True):
        of_drawn = calibration.calibration(model)
        assert one.outputs[0].slope == of_drawn.outputs[0].slope
        assert one.rows == of_drawn.rows

    over = next(pair[0] for pair in GRADIENTS.run(context) if pair[0].method == "gradient_x_input")
    gradient = whole[0].gradients(whole[0].x)
    baseline = streamed.start_gradients(drawn[0].take(drawn[0].table.held_out)).start
    product = (gradient * (whole[0].x - baseline)[:, :, None])[:, whole[0].encoding.blocks["a"]].sum(axis=1)
    assert over.rows == len(held)
    assert over.mean().value[0] == pytest.approx(np.average(product, axis=0, weights=held.row_weights), rel=1e-5)

    few, expected = (of_network(one, find_terms(one), find_terms(one)) for one in (drawn[0], bind(network, table)))
    both, terms = COEFFICIENTS.run(context)[1], few.terms
    assert [term.term for term in terms] == [term.term for term in expected.terms]
    numbers = [j for j, term in enumerate(terms) if term.term.level is None]
    levels = [j for j in range(len(terms)) if j not in numbers]
    assert [both.term_rows[j] for j in numbers + levels] == [len(held)] * 2 + [few.rows] * len(levels)
    for part in ("value", "stderr", "low", "high"):
        found, all_rows, of_few = (getattr(one.estimates, part) for one in (both, expected, few))
        np.testing.assert_allclose(found[numbers], all_rows[numbers], rtol=1e-6)
        np.testing.assert_array_equal(found[levels], of_few[levels])
    np.testing.assert_allclose(both.sign_flip[numbers], expected.sign_flip[numbers], rtol=1e-9)

    some = drawn[0].take(drawn[0].table.held_out)
    few, expected = (neuron_correlations(one, one.table) for one in (some, whole[0]))
    found = UNIT_CORRELATIONS.run(context)
    assert (found.rows, found.rows_ranks) == (expected.rows, few.rows)
    for name in ("mean", "sd", "active", "pearson", "ratio", "q_pearson", "q_ratio"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-6, atol=1e-9, err_msg=name)
    for name in ("spearman", "distance", "q_spearman"):
        np.testing.assert_array_equal(getattr(found, name), getattr(few, name))


def test_where_rows_belong_together_everything_is_of_drawn_rows():
    """An error over groups needs all rows of a group at hand, which those of a batch are not."""
    frame = rows("binary", 600, seed=4).assign(person=np.arange(600) // 3)
    asked = {"target": "y", "weight": "w", "split": 0.5, "protected": ["b"], "group": "person"}
    scan = ti.scan_table(frame, **asked, rows=150, batch=200)
    network = bind(bound("binary")[0].model, scan.sample)
    assert sweep(network, bind(fit_counterpart(network, scan.sample), scan.sample), scan) == {}


def test_groups_and_drift_over_batches_are_what_memory_gives():
    """Of levels, whose cells do not depend on the rows drawn, all that is a sum; what is fitted is of drawn rows, and says so."""
    frame = rows("binary", 3000, seed=3)
    frame["d"] = frame["b"].mask(np.arange(3000) % 49 == 0, "x")  # 62 rows, of which few or none are drawn
    frame["d"] = frame["d"].mask(np.arange(3000) % 211 == 5, "z")  # 15, of which fewer than ten are held out
    frame["d"] = frame["d"].mask(np.arange(3000) % 97 == 7, "t")  # 30, of which those of z could be reckoned
    asked = {"target": "y", "weight": "w", "split": 0.5, "protected": ["d"], "drop": ["d"]}
    scan, table = ti.scan_table(frame, **asked, rows=200, batch=450), ti.read_table(frame, **asked)
    given = bound("binary")[0].model
    exact = copy.deepcopy(
        given.module
    ).double()  # in single precision a row's score depends on how many stand beside it
    models = replace(given, module=exact), fit_counterpart(given, table)
    both = [bind(one, scan.sample) for one in models]
    sums = sweep(*both, scan, settings=AuditSettings(all_rows=True))
    assert list(sums) == list(STREAMED)
    context = context_of(*both, sums)
    drawn, expected = (ti.groups(*models, one) for one in (scan.sample, table))
    found = GROUPS.run(context)
    assert found.rows == expected.rows == int(table.held_out.sum())
    assert "d: x" in {one.name for one in found.groups if one.told}
    assert "d: x" not in {one.name for one in drawn.groups if one.told}
    assert {one.name for one in found.groups if not one.told} == {"d: t", "d: z"}
    fitted = [name for name in expected.frame() if name.startswith(("intercept", "slope"))]
    apart = [*fitted, "ece"]
    pd.testing.assert_frame_equal(found.frame().drop(columns=apart), expected.frame().drop(columns=apart), rtol=1e-9)
    few = {one.name: one for one in drawn.groups}
    for one in found.groups:
        if few.get(one.name) is not None and few[one.name].told:
            assert one.fit_rows == few[one.name].rows < one.rows
            assert one.network.slope == few[one.name].network.slope
        else:
            assert one.fit_rows is None
            assert not one.told or np.isnan(one.network.slope).all()

    held, sample = table.evaluation_rows(), scan.sample.evaluation_rows()
    p, near = (expit(bind(models[0], one).scores[:, 0]) for one in (held, sample))
    inside, some = ((one.frame["d"] == "u").to_numpy() for one in (held, sample))
    inside = inside & (held.row_weights > 0)
    bins = np.searchsorted(reliability.start(near[some], sample.row_weights[some]), p[inside], side="right")
    w, y, p = held.row_weights[inside], held.y[inside], p[inside]
    gaps = [abs(np.average((p - y)[bins == k], weights=w[bins == k])) * (bins == k).sum() for k in np.unique(bins)]
    assert next(one for one in found.groups if one.name == "d: u").network.ece == pytest.approx(sum(gaps) / len(p))

    read = ti.describe_data(scan.sample)
    moved = DATA_QUALITY.run(context)
    assert (read.drift_rows, moved.drift_rows) == (len(scan.sample), 3000)
    assert moved.whole == read.whole
    levels = {one.column: one for one in moved.drift}["b"]
    known = {one.column: one for one in column_drift(table)}["b"]
    assert (levels.psi, levels.statistic, levels.df) == pytest.approx((known.psi, known.statistic, known.df))
    training = scan.sample.training_rows().frame["c"]
    cells = np.searchsorted(
        np.unique(np.quantile(training, np.linspace(0, 1, 11)[1:-1], method="inverted_cdf")), table.frame["c"]
    )
    counts = [
        np.bincount(cells[side], table.row_weights[side] / table.row_weights[side].mean(), 10)
        for side in (~table.held_out, table.held_out)
    ]
    assert next(one for one in moved.drift if one.column == "c").psi == pytest.approx(psi(*counts))


def _last_layer(model: BoundModel) -> torch.nn.Module:
    return [one for one in model.module.modules() if isinstance(one, torch.nn.Linear)][-1]


def test_a_sweep_asks_each_row_once():
    """One forward and one backward pass of the network a row, one forward pass of the linear model, each row encoded once."""
    frame = rows("multiclass", 600, seed=2)
    asked = {"target": "y", "weight": "w", "split": 0.4}
    scan, table = ti.scan_table(frame, **asked, rows=100, batch=150), ti.read_table(frame, **asked)
    network = bound("multiclass")[0].model
    drawn = [bind(one, scan.sample) for one in (network, fit_counterpart(network, table))]
    counts = {"encoded": 0, "network": 0, "linear": 0, "backward": 0}

    def encode(given):
        counts["encoded"] += len(given)
        return transform(given)

    def forward(name):
        def hook(module, given, out):
            counts[name] += len(out)
            if name == "network" and out.requires_grad:
                out.register_hook(lambda gradient: counts.__setitem__("backward", counts["backward"] + len(gradient)))

        return hook

    transform = drawn[0].encoding.transform
    drawn = [replace(one, encoding=replace(one.encoding, transform=encode)) for one in drawn]
    assert all(len(one.scores) == len(scan.sample) for one in drawn)  # known before anything is counted
    hooks = [
        _last_layer(one).register_forward_hook(forward(name))
        for one, name in zip(drawn, ("network", "linear"), strict=True)
    ]

    def counted(*asked):
        if asked[1] == "evaluation":
            counts.update(dict.fromkeys(counts, 0))  # the plans are made on drawn rows
        return in_turn(*asked)

    sweep(*drawn, scan, engine=counted)
    for hook in hooks:
        hook.remove()
    held_out = int(table.held_out.sum())
    assert counts["encoded"] == held_out
    assert held_out <= counts["network"] <= held_out + 9  # few rows tell whether hidden units follow their rows
    assert counts["backward"] == held_out  # all classes at once
    assert counts["linear"] == held_out  # its gradient is that of one drawn row


def test_derivatives_as_sums_are_those_of_the_coefficients():
    network = bound("binary")[0]
    terms = find_terms(network)
    held_out = network.take(network.table.held_out)
    mean, flips = streamed.finish_derivatives(streamed.update_derivatives(terms, held_out))
    result = of_network(network, terms, terms)
    np.testing.assert_array_equal(result.estimates.value, mean.value)
    own = streamed.row_derivatives(held_out, terms)
    other = np.sign(own) * np.sign(mean.value) < 0
    np.testing.assert_allclose(flips, np.average(other, axis=0, weights=held_out.table.weights), rtol=1e-12)
