"""Trust checks: methods whose answer is known, a method that ignores the weights, and every number by another way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from sklearn.metrics import log_loss
from torch import nn

import tabinterp as ti
from tabinterp.analyses.base import Size
from tabinterp.analyses.performance.estimator import null_loss
from tabinterp.analyses.shapley_values.estimator import attributed
from tabinterp.analyses.trust import ANALYSIS, record
from tabinterp.analyses.trust.estimator import Correlation, _Places
from tabinterp.analyses.trust.rankings import METHODS, Ask, Method, Ranking, rankings
from tabinterp.analyses.trust.seed_ensemble import networks
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.models import bind
from tabinterp.models.weight_randomisation import randomised
from tabinterp.network import reference
from tests import cases, oracles

COLUMNS = [f"c{j}" for j in range(8)]
STRENGTH = np.array([0.5, 4.0, 1.0, 0.1, 2.0, 0.0, 8.0, 0.25])


def known_network() -> nn.Module:
    """sum of strength_j relu(x_j) - strength_j relu(-x_j): additive, so that each column's importance is its strength."""
    plus, minus = np.eye(8), -np.eye(8)
    return nn.Sequential(cases.affine(np.vstack([plus, minus])), nn.ReLU(), cases.affine([np.r_[STRENGTH, -STRENGTH]]))


def test_the_document_lists_every_method_in_the_same_order():
    assert tuple(METHODS) == record.METHODS


@pytest.fixture(scope="module")
def known() -> tuple[ti.Model, ti.Table]:
    x = np.random.default_rng(0).normal(size=(300, 8))
    frame = pd.DataFrame(x, columns=COLUMNS).assign(y=x @ STRENGTH)
    return cases.wrapped(known_network()), ti.read_table(frame, target="y", task="regression")


def of_the_data(ask: Ask) -> Ranking:
    """Looks at the rows and never at the model."""
    size = np.abs(ask.bound.x[ask.rows])
    return Ranking(size.mean(axis=0), size)


@pytest.fixture(scope="module")
def found(known):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, "data", Method(of_the_data))
        return ti.trust(*known, draws=8)


def test_a_method_that_ignores_the_weights_is_caught(found):
    nulls = {one.method: one for one in found.nulls}
    assert list(nulls) == [*METHODS, "data"]
    blind = nulls["data"].mean
    assert (float(blind.value), float(blind.low)) == (pytest.approx(1), pytest.approx(1))
    for method in METHODS:
        assert nulls[method].mean.high < 0.7, method


def test_a_known_network_is_ranked_as_it_is_and_its_order_beats_chance(known, found):
    model, table = known
    ask = _Places.drawn(table, 200, 25, 5, 0).ask(bind(model, table), 0)
    for method, ranking in rankings(ask).items():
        top = np.argsort(-ranking.sizes)[:4].tolist()
        assert top == [6, 1, 4, 2], method
        assert found.curves[method].deleted.low > 0
        assert found.curves[method].inserted.low > 0
    # blind to the strengths, yet better than chance: a value far from the others moves the score when it is exchanged
    assert 0 < found.curves["data"].deleted.high < 0.7 * found.curves["shapley"].deleted.value


def test_correlations_are_scipys_between_real_and_random(known, found):
    model, table = known
    ask = _Places.drawn(table, 200, 25, 5, 0).ask(bind(model, table), 0)
    sizes = METHODS["saliency"].rank(ask).sizes
    values = [
        stats.spearmanr(
            sizes, METHODS["saliency"].rank(replace(ask, bound=randomised(ask.bound, 0, d))).sizes
        ).statistic
        for d in range(8)
    ]
    one = next(one for one in found.nulls if one.method == "saliency")
    np.testing.assert_allclose(one.values, values)
    low, high = stats.t.interval(0.95, 7, np.mean(values), stats.sem(values))
    assert (float(one.mean.low), float(one.mean.high)) == (pytest.approx(low), pytest.approx(high))


def test_expected_gradients_and_shapley_are_those_of_the_readings():
    frame = cases.mixed_frame(60)
    pipeline, table = cases.network_pipeline(frame), cases.mixed_table(frame, weighted=True)
    ask = Ask(bind(ti.wrap(pipeline), table), np.arange(20), np.arange(30, 36), 3)
    part = ask.part
    given = ti.gradient_importance(
        part, part.table, method="expected_gradients", background=table.take(ask.backs), seed=3
    )
    np.testing.assert_allclose(METHODS["expected_gradients"].rank(ask).rows, np.abs(given.values[..., 0]), atol=1e-4)
    score, inputs = cases.scorer(pipeline), table.inputs
    exact = [
        np.average(
            [oracles.shapley(score, inputs.iloc[[i]], inputs.iloc[[b]]) for b in range(30, 36)],
            axis=0,
            weights=table.row_weights[30:36],
        )
        for i in range(4)
    ]
    few = METHODS["shapley"].rank(replace(ask, rows=np.arange(4)))
    of_seeds = [attributed(ask.bound, np.arange(4), ask.backs, seed) for seed in range(20)]  # a permutation a pair each
    np.testing.assert_array_equal(few.rows, np.abs(of_seeds[ask.seed][..., 0]))
    np.testing.assert_allclose(np.mean(of_seeds, axis=0), exact, atol=0.05 * np.abs(exact).max())


def test_backgrounds_are_disjoint_and_without_rows_of_weight_zero():
    frame = cases.mixed_frame(100)
    frame["w"] = np.where(np.arange(100) % 3 == 0, 0.0, 1.0)
    table = cases.mixed_table(frame, weighted=True)
    places = _Places.drawn(table, 200, 10, 5, 0)
    every = np.concatenate(places.backgrounds)
    assert len(every) == len(set(every.tolist())) == 50
    assert (table.weights[every] > 0).all()
    assert sorted(places.rows) == np.flatnonzero(table.weights > 0).tolist()


def test_stability_is_the_agreement_of_all_pairs(known):
    """Of a model whose columns are nearly as large as each other, so that their order hangs on the background."""
    _, table = known
    model = cases.wrapped(cases.affine([np.linspace(1.0, 1.1, 8)]))
    found = ti.trust(model, table, rows=30, background=5, draws=2, orders=1)
    ask = _Places.drawn(table, 30, 5, 5, 0).ask(bind(model, table), 0)
    sizes = [METHODS["shapley"].rank(replace(ask, backs=ask.backs + 5 * i)).sizes for i in range(5)]
    one = next(one for one in found.stability if one.method == "shapley")
    assert (one.over, one.count, one.top) == ("backgrounds", 5, 4)
    pairs = [(a, b) for i, a in enumerate(sizes) for b in sizes[i + 1 :]]
    np.testing.assert_allclose(one.spearman, [stats.spearmanr(a, b).statistic for a, b in pairs])
    np.testing.assert_allclose(one.overlap, [oracles.top_overlap(a, b, 4) for a, b in pairs])
    assert one.spearman.max() < 1
    assert {one.method for one in found.stability} == {"expected_gradients", "shapley"}


def test_the_order_of_rows_does_not_matter_and_the_seed_does(known):
    model, table = known
    mixed = table.take(np.random.default_rng(1).permutation(len(table)))
    first, again, other = (
        ti.trust(model, read, rows=30, background=4, draws=2, orders=2, backgrounds=2, seed=seed).frame()
        for read, seed in ((table, 0), (mixed, 0), (table, 1))
    )
    pd.testing.assert_frame_equal(first, again, rtol=1e-4)
    assert not np.allclose(first["value"], other["value"], atol=1e-3)


def test_a_function_of_rows_has_every_check_that_needs_no_weights(known):
    _, table = known
    model = ti.wrap(lambda rows: rows.to_numpy() @ STRENGTH, task="regression")
    found = ti.trust(model, table, rows=40, background=5)
    assert found.nulls == ()
    assert "its weights cannot be randomised" in str(found.skipped["random weights"])
    assert set(found.curves) == {"permutation_importance", "shapley"}


# ---- what is trained, and what is not


def test_labels_are_shuffled_among_training_rows_alone():
    frame = cases.mixed_frame(100)
    table = cases.mixed_table(frame, split=0.3)
    other, out = table.shuffled(0), table.held_out
    assert (other.y[~out] != table.y[~out]).any()
    np.testing.assert_array_equal(other.y[out], table.y[out])
    assert sorted(other.y) == sorted(table.y)
    named = [table.schema.classes[int(code)] for code in other.y]
    assert other.frame["y"].tolist() == named
    pd.testing.assert_frame_equal(other.inputs, table.inputs)


def test_a_refit_on_shuffled_labels_is_asked_for_and_never_made_in_secret(known):
    model, table = known
    seen = []

    def refit(given: ti.Table) -> ti.Model:
        """Least squares: trained on other labels, it ranks the columns otherwise."""
        seen.append(given)
        x = given.inputs.to_numpy()
        return cases.wrapped(cases.affine([np.linalg.lstsq(x, given.y, rcond=None)[0]]))

    found = ti.trust(model, table, refit=refit, rows=60, background=6, draws=2)
    assert len(seen) == 3
    assert all((one.y != table.y).any() for one in seen)
    told = {one.method: one for one in found.nulls if one.null == "shuffled labels"}
    assert set(told) == set(METHODS)
    x = table.inputs.to_numpy()
    sd = x[_Places.drawn(table, 60, 6, 5, 0).rows].std(axis=0)
    fits = [np.abs(np.linalg.lstsq(x, one.y, rcond=None)[0]) for one in seen]
    expected = [stats.spearmanr(STRENGTH * sd, fit * sd).statistic for fit in fits]
    np.testing.assert_allclose(told["saliency"].values, expected, atol=1e-9)
    assert "shuffled labels" not in found.skipped


@pytest.mark.parametrize("lost", [0, 1])
def test_six_draws_have_an_interval_and_fewer_have_a_standard_error_alone(lost):
    values = np.array([0.1, 0.4, -0.2, 0.3, 0.6, 0.0])
    known = values[: len(values) - lost]
    mean = Correlation("random weights", "saliency", np.where(np.arange(6) < len(known), values, np.nan)).mean
    assert mean.value == pytest.approx(known.mean())
    assert mean.stderr == pytest.approx(stats.sem(known))
    interval = (np.nan, np.nan) if lost else stats.t.interval(0.95, 5, known.mean(), stats.sem(known))
    assert (mean.low, mean.high) == pytest.approx(interval, nan_ok=True)


@pytest.mark.nightly
def test_a_network_trained_on_shuffled_labels_before_is_the_refits_draw(monkeypatch):
    monkeypatch.setattr(reference, "EPOCHS", 3)
    trained = ti.train(cases.mixed_table(cases.mixed_frame(200), split=0.3), seed=2, null=True)
    network, table = trained.networks[0], trained.table
    few = {"rows": 40, "background": 5, "draws": 2, "orders": 1, "backgrounds": 2, "seed": 2}
    seen = []

    def refit(given: ti.Table) -> ti.Model:
        """The same recipe, told of a table whose labels were shuffled already; the first draw is enough."""
        seen.append(seen[0] if seen else ti.train(given, seed=2).networks[0])
        return seen[-1]

    refitted = {
        one.method: one for one in ti.trust(network, table, refit=refit, **few).nulls if one.null != "random weights"
    }
    found = ti.trust(network, table, null=trained.null, **few)
    told = {one.method: one for one in found.nulls if one.null == "shuffled labels"}
    assert set(told) == set(refitted) == set(METHODS)
    for ours, other in zip(trained.null.module.parameters(), seen[0].module.parameters(), strict=True):
        assert torch.equal(ours, other)
    for method, one in told.items():
        np.testing.assert_array_equal(one.values, refitted[method].values[:1])
        assert np.isnan(one.mean.low)
        assert one.values[0] < 1
    assert "shuffled labels" not in found.skipped
    with pytest.raises(NotApplicableError, match="not both"):
        ti.trust(network, table, refit=refit, null=trained.null, **few)


# ---- networks of other seeds


def several(count: int = 3) -> tuple[list[ti.Model], ti.Table, pd.DataFrame]:
    frame = cases.mixed_frame(120)
    return [ti.wrap(cases.network_pipeline(frame, seed=seed)) for seed in range(count)], cases.mixed_table(frame), frame


@pytest.mark.nightly
def test_networks_of_other_seeds_by_scikit_learn():
    models, table, frame = several()
    found = ti.trust(models[0], table, others=models[1:], rows=30, background=4, draws=2, backgrounds=2)
    one = found.networks
    losses = [
        log_loss(frame["y"] == "yes", cases.network_pipeline(frame, seed=seed).predict_proba(table.inputs)[:, 1])
        for seed in range(3)
    ]
    np.testing.assert_allclose(one.loss, losses, rtol=1e-4)
    assert one.sd == pytest.approx(np.std(losses, ddof=1), rel=1e-3)
    assert one.tolerance == pytest.approx(0.01 * null_loss("binary", table.y, np.ones(120)))
    np.testing.assert_array_equal(one.within, np.array(losses) <= min(losses) + one.tolerance)
    importances = np.array([ti.permutation_importance(m, table).importance for m in models])
    kept = importances[one.within]
    told = one.frame()
    np.testing.assert_allclose(told["importance"], importances[0])
    np.testing.assert_allclose(told["low"], kept.min(axis=0))
    np.testing.assert_allclose(told["high"], kept.max(axis=0))
    over = [s for s in found.stability if s.over == "networks"]
    assert [(s.method, s.count, len(s.spearman)) for s in over] == [(m, 3, 3) for m in METHODS]


def test_networks_of_other_outputs_are_refused():
    models, table, _ = several(1)
    frame = cases.mixed_frame(120, task="multiclass")
    other = bind(ti.wrap(cases.network_pipeline(frame, "multiclass")), cases.mixed_table(frame, "multiclass"))
    with pytest.raises(ModelError, match="must have the same input columns and the same outputs"):
        networks([bind(models[0], table), other], 0)


@pytest.mark.parametrize("asked", [{"draws": 1}, {"rows": 1}, {"background": 0}, {"orders": 0}, {"backgrounds": 1}])
def test_numbers_that_leave_no_spread_are_refused(known, asked):
    (name,) = asked
    with pytest.raises(NotApplicableError, match=f"{name} must be at least"):
        ti.trust(*known, **asked)


def test_one_column_has_no_ranking():
    read = ti.read_table(cases.numbers().frame[["x1", "y"]], target="y", task="regression")
    with pytest.raises(NotApplicableError, match="two columns"):
        ti.trust(cases.wrapped(cases.affine([[1.0]])), read)


def test_evaluations_are_as_many_as_the_cost_says(known, monkeypatch):
    """Forward passes of one model, counted: an audit, which asks two, estimates its time from them."""
    model, table = known
    asked = {"forward": 0}

    def counted(self, z):
        asked["forward"] += len(z)
        return original(self, z)

    original = torch.fx.GraphModule.__call__
    monkeypatch.setattr(torch.fx.GraphModule, "__call__", counted)
    ti.trust(model, table)
    size = Size(700, 300, 300, columns=8, encoded=8, classes=0, outputs=1, units=0, evaluation=1.0)
    told = ANALYSIS.cost(size)
    assert asked["forward"] < told / 2 < 1.5 * asked["forward"]


class Steps(nn.Module):
    """Flat but for jumps, so that no gradient sees what the score does."""

    def forward(self, x):
        steps = (
            torch.sign(2 * x[:, :1] - torch.arange(-6.0, 7.0)).sum(dim=1, keepdim=True) / 2
        )  # floor of twice the first
        return steps + 0.5 * x[:, 1:2] + 0.1 * x[:, 2:]


def test_gradients_that_miss_the_score_leave_agreement_and_fidelity_and_the_page_says_so(undrawn):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(80, 3)), columns=list("abc"))
    frame["y"] = np.floor(2 * frame["a"]) + 0.5 * frame["b"] + 0.1 * rng.normal(size=80)
    table = ti.read_table(frame, target="y", task="regression", split=0.5)
    model = ti.wrap(Steps(), encoder="passthrough", task="regression")
    document = ti.audit(model, table, rows=100, analyses=["gradients", "shapley_values", "trust"]).document
    wrong = {"integrated_gradients", "expected_gradients"}
    gaps = {one.method: (one.gap_network, one.tolerance) for one in document.gradients.methods if one.method in wrong}
    assert all(gap > tolerance for gap, tolerance in gaps.values())
    assert {(o.model, o.method): (o.gap, o.tolerance) for o in document.agreement_left_out} == {
        ("network", name): pair for name, pair in gaps.items()
    }
    named = {name for pair in document.agreement for name in (pair.first, pair.second)}
    assert "network.saliency" in named
    assert named.isdisjoint(f"network.{name}" for name in wrong)
    assert {(o.model, o.method) for o in document.trust.left_out} == {("network", name) for name in wrong}
    for row in document.trust.curves:
        assert (row.network.value is None) == (row.method in wrong)
        assert row.linear.value is not None
    page = ti.Audit(document).to_html()
    assert page.count("do not add up to the score") == 4


def test_the_gap_of_a_ranking_is_that_of_the_attributions():
    """Expected gradients of the trust checks beside what their values add up to; a linear model misses nothing."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc")).assign(y=rng.normal(size=60))
    table = ti.read_table(frame, target="y", task="regression")
    for part, complete in ((nn.Linear(3, 1), True), (Steps(), False)):
        bound = bind(ti.wrap(part, encoder="passthrough", task="regression"), table)
        ask = Ask(bound, np.arange(40), np.arange(40, 60), 0)
        found = METHODS["expected_gradients"].rank(ask)
        given = ti.gradient_importance(
            bound, table.take(np.arange(40)), method="expected_gradients", background=table.take(np.arange(40, 60))
        )
        rise = bound.scores[:40, 0] - bound.scores[40:, 0].mean()
        assert found.complete is complete
        gap = np.abs(given.values[..., 0].sum(axis=1) - rise) / np.abs(rise).mean()
        assert found.gap == pytest.approx(gap.max(), abs=1e-4)
        assert METHODS["saliency"].rank(ask).complete
