"""Permutation importance against the enumeration of all pairs of receiver and donor, closed forms, and its own promises."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.inspection import permutation_importance as of_sklearn
from sklearn.metrics import roc_auc_score
from torch import nn

import tabinterp as ti
from tabinterp.analyses.permutation_importance import estimator as pi
from tabinterp.analyses.permutation_importance.off_support_share import ROWS, Support
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.schema import GOALS
from tests import cases, oracles
from tests.shared import every_nth

PLAIN = [(task, loss) for task, goal in GOALS.items() for loss in goal.losses]
FLOAT32 = 1e-6
N = 40


@cache
def scene(task, weighted=False, mixed=False, n=N):
    """Frame, table, a fitted pipeline that is bound to it, its independent scores, weights."""
    frame = cases.mixed_frame(n, 0, task)
    table = cases.mixed_table(frame, task, weighted)
    pipeline = cases.network_pipeline(frame, task, after=[PCA(4, random_state=0)] if mixed else [])
    weights = frame["w"].to_numpy() if weighted else np.ones(n)
    return frame, table, bind(ti.wrap(pipeline), table), cases.scorer(pipeline, task), weights


@cache
def pairs(columns, *scenery):
    """(n, n, k) scores of all receivers with all donors."""
    frame, _, _, score, _ = scene(*scenery)
    return oracles.all_pairs(score, frame[cases.INPUTS], columns)


def row_loss(table, loss):
    named = f"count {loss}" if table.schema.task == "count" else loss
    return lambda y, s: oracles.row_loss(named, y, s)


def importance(loss, table, scores, weights):
    """Importance over all pairs, from (n, n, k) scores."""
    if loss == "auc":
        return oracles.auc_importance(table.y, scores, weights)
    losses, own = oracles.pair_losses(row_loss(table, loss), table.y, scores)
    return oracles.importance(losses, own, weights)


def enumerated(loss, table, scores, weights):
    """Importance and standard error over all pairs, from (n, n, k) scores."""
    if loss == "auc":
        return oracles.auc_importance(table.y, scores, weights), None
    function = loss if callable(loss) else row_loss(table, loss)
    losses, own = oracles.pair_losses(function, table.y, scores)
    return oracles.importance(losses, own, weights), oracles.hajek(losses, own, weights)


@pytest.mark.parametrize(
    ("task", "loss", "weighted"), every_nth(3, [(*pair, weighted) for weighted in (False, True) for pair in PLAIN])
)
def test_exact_columns_are_the_mean_over_all_pairs(task, loss, weighted):
    _, table, bound, _, weights = scene(task, weighted)
    groups = {"both": ["city", "grade"]}
    result = ti.permutation_importance(bound, table, loss=loss, n_repeats=20, groups=groups)
    assert result.players == ("age", "income", "member", "both")
    assert result.exact == (True, True, True, True)
    for i, columns in enumerate((("age",), ("income",), ("member",), ("city", "grade"))):
        value, error = enumerated(loss, table, pairs(columns, task, weighted), weights)
        assert result.importance[i] == pytest.approx(value, abs=FLOAT32)
        if error is not None:
            assert result.stderr[i] == pytest.approx(error, abs=FLOAT32)


@pytest.mark.parametrize("weighted", every_nth(2, [False, True]))
def test_the_error_of_the_auc_is_that_of_the_infinitesimal_jackknife(weighted):
    """Its first-order term holds both roles of a row, and its class's share."""
    _, table, bound, _, weights = scene("binary", weighted)
    result = ti.permutation_importance(bound, table, loss="auc", n_repeats=20)
    for i, column in ((0, "age"), (2, "city")):
        scores = pairs((column,), "binary", weighted)
        expected = oracles.infinitesimal_jackknife(lambda w, s=scores: oracles.auc_importance(table.y, s, w), weights)
        assert result.stderr[i] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("task", "loss", "weighted"),  # without weights all rows weigh one: that is seen on one loss
    every_nth(2, [*((*pair, True) for pair in PLAIN if pair[1] != "auc"), ("binary", "log_loss", False)]),
)
def test_all_shifts_are_the_mean_over_all_other_donors(task, loss, weighted):
    """With every shift drawn nothing is left to chance, whether the encoder mixes columns or not."""
    _, table, bound, _, weights = scene(task, weighted, True, 24)
    groups = {"both": ["age", "grade"]}
    result = ti.permutation_importance(bound, table, loss=loss, n_repeats=23, groups=groups)
    assert not any(result.exact)
    for i, columns in enumerate((("income",), ("city",), ("member",), ("age", "grade"))):
        scores = pairs(columns, task, weighted, True, 24)
        losses, own = oracles.pair_losses(row_loss(table, loss), table.y, scores)
        assert result.importance[i] == pytest.approx(oracles.importance_of_others(losses, own, weights), abs=FLOAT32)


@pytest.mark.parametrize(
    ("task", "scale", "weighted"),
    [
        *((task, scale, True) for task in cases.TASKS for scale in ("log_odds", "probability")),
        ("binary", "log_odds", False),
    ],
)
def test_own_loss_is_called_on_the_scale_asked_for(task, scale, weighted):
    def rank_one(y, s):
        return np.abs(s[:, -1]) * (1 + y)

    _, table, bound, _, weights = scene(task, weighted)
    result = ti.permutation_importance(bound, table, loss=rank_one, scale=scale, n_repeats=20)

    def slow(y, s):
        if scale == "probability" and task in ("binary", "multiclass"):
            s = [0, 1 / (1 + np.exp(-s[0]))] if len(s) == 1 else oracles.softmax(s)
        return abs(s[-1]) * (1 + y)

    assert result.loss == "rank_one"
    value, error = enumerated(slow, table, pairs(("city",), task, weighted), weights)
    assert result.importance[2] == pytest.approx(value, abs=FLOAT32)
    assert result.stderr[2] == pytest.approx(error, abs=FLOAT32)


def test_an_own_loss_that_gives_no_number_for_each_row_is_refused():
    _, table, bound, *_ = scene("binary")
    for wrong in (lambda y, s: 0.3, lambda y, s: s, lambda y, s: s[1:, 0]):
        with pytest.raises(NotApplicableError, match="one number for each row"):
            ti.permutation_importance(bound, table, loss=wrong)


# ---- drawn columns


@pytest.mark.parametrize(
    ("task", "loss", "weighted", "mixed"),  # a loss is taken of scores, however these were found
    every_nth(
        2,
        [
            *((*pair, True, False) for pair in PLAIN),
            ("binary", "log_loss", False, False),
            *(
                (task, GOALS[task].losses[0], weighted, True)
                for task, weighted in (("multiclass", True), ("count", False))
            ),
        ],
    ),
)
def test_drawn_columns_lie_within_their_error_of_the_enumeration(task, loss, weighted, mixed):
    _, table, bound, _, weights = scene(task, weighted, mixed)
    result = ti.permutation_importance(bound, table, loss=loss, n_repeats=4, seed=3)
    assert not result.exact[1]
    value = importance(loss, table, pairs(("income",), task, weighted, mixed), weights)
    assert abs(result.importance[1] - value) < 4 * result.stderr[1]


@pytest.mark.parametrize("loss", ["auc", "log_loss"])
def test_drawn_and_exact_agree_where_weights_go_with_the_column(loss):
    """Donors are weighed, too: heavy rows give more often. Large weights on high values make the difference plain."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 30, (4000, 2)) / 10.0
    frame = pd.DataFrame(x, columns=["a", "b"])
    frame["w"] = np.exp(2 * frame["a"] - 2)
    frame["y"] = (rng.random(4000) < 1 / (1 + np.exp(-2 * (x[:, 0] - 1.5) - 2 * (x[:, 1] - 1.5)))).astype(int)
    table = ti.read_table(frame, target="y", weight="w", kinds={"a": "numeric"})
    model = ti.wrap(cases.relu_network(([[2.0, 2.0]], [20.0], [1.0])), encoder="passthrough", classes=[0, 1])
    model.module[-1].bias.data -= 26.0
    exact = ti.permutation_importance(model, table, loss=loss, n_repeats=15)
    drawn = ti.permutation_importance(model, table, loss=loss, n_repeats=14)
    assert exact.exact == (True, True)
    assert drawn.exact == (False, False)
    assert np.all(np.abs(exact.importance - drawn.importance) < 0.5 * exact.stderr)


def test_the_error_of_a_column_without_effect_is_none():
    """Its loss is its own loss with every donor, so that there is nothing to be uncertain about."""
    table = cases.numbers(200)
    result = ti.permutation_importance(cases.wrapped(cases.product_network()), table)
    assert not result.exact[2]
    assert (result.importance[2], result.stderr[2], result.ci_low[2], result.ci_high[2]) == (0.0, 0.0, 0.0, 0.0)
    assert np.all(result.importance[:2] > 0.1)


def test_the_error_of_a_weak_drawn_column_does_not_hold_the_noise_of_the_loss():
    """With ten donors a row the error comes near to that over all pairs."""
    table = cases.numbers(60)
    weak = nn.Sequential(
        cases.affine([[1.0, 1.0, 0.02], [1.0, -1.0, 0.0]]), cases.Square(), cases.affine([[0.25, -0.25]])
    )
    result = ti.permutation_importance(cases.wrapped(weak), table)

    def score(frame):
        return weak(torch.as_tensor(frame.to_numpy())).detach().numpy()

    scores = oracles.all_pairs(score, table.inputs, ["x3"])
    losses, own = oracles.pair_losses(lambda y, s: (y - s[0]) ** 2, table.y, scores)
    assert result.stderr[2] == pytest.approx(oracles.hajek(losses, own, np.ones(60)), rel=0.3)


# ---- closed forms, coverage, peers


def test_linear_regression_has_its_closed_form():
    """Least squares: 2 b^2 Var(x) over all pairs, because its residuals are uncorrelated with every column."""
    frame = cases.mixed_frame(150, 1, "regression")
    table, pipeline = cases.mixed_table(frame, "regression"), cases.linear_pipeline(frame, "regression")
    result = ti.permutation_importance(ti.wrap(pipeline), table, n_repeats=100)
    assert result.exact == (True, True, True, True, True)
    slope = pipeline[-1].coef_[1] / pipeline[0].transformers_[0][1][-1].scale_[1]
    assert result.importance[1] == pytest.approx(2 * slope**2 * frame["income"].var(ddof=0), rel=1e-5)
    assert result.importance[3] == pytest.approx(2 * pipeline[-1].coef_[7] ** 2 * frame["member"].var(ddof=0), rel=1e-5)
    few = ti.permutation_importance(ti.wrap(pipeline), table, n_repeats=3)
    assert abs(few.importance[1] - result.importance[1]) < 4 * few.stderr[1]


def _coverage(n_repeats, reps=400, n=120):
    """How often the 95% interval holds the population value 2 (b^2 + r b) of f = x1 + x2 / 2 with correlated columns."""
    rng, inside = np.random.default_rng(7), np.zeros(2)
    x = rng.normal(size=(reps * n, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    frame = pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "y": x[:, 0] + 0.5 * x[:, 1] + rng.normal(size=reps * n)})
    everything = bind(cases.wrapped(nn.Sequential(cases.affine([[1.0, 0.5]]))), ti.read_table(frame, target="y"))
    for seed, rows in enumerate(np.arange(reps * n).reshape(reps, n)):
        bound = everything.take(rows)
        result = ti.permutation_importance(bound, bound.table, n_repeats=n_repeats, seed=seed)
        inside += (result.ci_low <= [2.0, 0.5]) & (result.ci_high >= [2.0, 0.5])
    return inside / reps


@pytest.mark.nightly
def test_intervals_cover_the_population_value():
    """400 tables: three standard errors of a count are 3.3%."""
    cover = _coverage(10)
    assert np.all(cover > 0.92)
    assert np.all(cover < 0.975)


@pytest.mark.parametrize("loss", ["log_loss", pytest.param("auc", marks=pytest.mark.nightly)])
def test_agrees_with_scikit_learn_within_both_errors(loss):
    frame = cases.mixed_frame(300, 2)
    table, pipeline = cases.mixed_table(frame), cases.network_pipeline(frame)
    ours = ti.permutation_importance(ti.wrap(pipeline), table, loss=loss)
    theirs = of_sklearn(
        pipeline,
        frame[cases.INPUTS],
        frame["y"],
        scoring={"log_loss": "neg_log_loss", "auc": "roc_auc"}[loss],
        n_repeats=12,
        random_state=0,
    )
    error = np.hypot(ours.stderr, theirs.importances_std)
    assert np.all(np.abs(ours.importance - theirs.importances_mean) < 3 * error)
    assert np.corrcoef(ours.importance, theirs.importances_mean)[0, 1] > 0.98


def test_baseline_is_the_loss_untouched():
    frame, table, bound, _, weights = scene("binary", weighted=True)
    chance = cases.network_pipeline(frame).predict_proba(frame[cases.INPUTS])[:, 1]
    result = ti.permutation_importance(bound, table, loss="auc")
    assert result.baseline == pytest.approx(1 - roc_auc_score(frame["y"] == "yes", chance, sample_weight=weights))


# ---- draws, seeds, order, batches


def test_two_models_share_their_draws():
    """A constant added to the score cancels in the squared error's rise, for the same donors only."""
    table = cases.numbers(300)
    one, two = nn.Sequential(cases.affine([[1.0, 0.0, 0.0]])), nn.Sequential(cases.affine([[1.0, 0.0, 0.0]], [0.7]))
    first, second = (ti.permutation_importance(cases.wrapped(m), table, n_repeats=1, seed=1) for m in (one, two))
    other = ti.permutation_importance(cases.wrapped(two), table, n_repeats=1, seed=2)
    assert first.importance[0] == pytest.approx(second.importance[0], abs=FLOAT32)
    assert abs(first.importance[0] - other.importance[0]) > 1e-3


@pytest.mark.parametrize("loss", every_nth(2, ["log_loss", "auc"]))
def test_the_order_of_the_rows_does_not_matter(loss):
    _, table, bound, *_ = scene("binary", weighted=True)
    shuffled = table.take(np.random.default_rng(5).permutation(len(table)))
    for n_repeats in (3, 30):
        a, b = (
            ti.permutation_importance(bound.model, t, loss=loss, n_repeats=n_repeats, seed=4) for t in (table, shuffled)
        )
        pd.testing.assert_frame_equal(a.frame(), b.frame(), atol=FLOAT32, rtol=0)


PLANS = {}


def plan_of(task, loss, mixed):
    """A plan is made once; the test below takes it apart in many ways."""
    key = (task, loss, mixed)
    if key not in PLANS:
        _, _, bound, *_ = scene(task, True, mixed)
        plan = pi.start(bound, n_repeats=3, seed=1, loss=loss)
        PLANS[key] = plan, pi.finish(plan, pi.update(plan, np.arange(N))).frame()
    return PLANS[key]


@settings(max_examples=12)
@given(data=st.data(), case=st.sampled_from([("binary", "log_loss", False), ("multiclass", "brier", True)]))
def test_any_batches_in_any_order_give_the_same_answer(data, case):
    plan, whole = plan_of(*case)
    rows = np.array(data.draw(st.permutations(range(N))))
    cuts = sorted(data.draw(st.lists(st.integers(0, N), max_size=4)))
    parts = [pi.update(plan, part) for part in np.split(rows, cuts)]
    while len(parts) > 1:
        i = data.draw(st.integers(0, len(parts) - 2))
        parts[i : i + 2] = [pi.merge(parts[i], parts[i + 1])]
    pd.testing.assert_frame_equal(pi.finish(plan, parts[0]).frame(), whole, atol=FLOAT32, rtol=0)


def test_the_auc_takes_no_batches_but_rows_in_any_order():
    plan, whole = plan_of("binary", "auc", False)
    with pytest.raises(NotApplicableError, match="one batch"):
        pi.update(plan, np.arange(N - 1))
    backwards = pi.finish(plan, pi.update(plan, np.arange(N)[::-1].copy())).frame()
    pd.testing.assert_frame_equal(backwards, whole, atol=FLOAT32, rtol=0)


# ---- columns that say nothing, groups, refusals


@pytest.mark.parametrize("loss", ["log_loss", "auc"])
def test_a_column_that_the_model_does_not_read_is_exactly_zero(loss):
    frame = cases.mixed_frame(60)
    pipeline = cases.network_pipeline(frame)
    table = cases.mixed_table(frame.assign(extra=np.arange(60.0)))
    result = ti.permutation_importance(ti.wrap(pipeline), table, loss=loss).frame().set_index("column")
    assert result.loc["extra", ["importance", "stderr", "ci_low", "ci_high"]].tolist() == [0.0] * 4
    assert result.loc["extra", "exact"]


def test_groups_move_together_and_stand_last():
    _, table, bound, *_ = scene("binary")
    result = ti.permutation_importance(bound, table, groups={"person": ["member", "age"]})
    assert result.frame()["column"].tolist() == ["income", "city", "grade", "person"]
    alone = ti.permutation_importance(bound, table, groups={"income only": ["income"]})
    plain = ti.permutation_importance(bound, table)
    assert alone.importance[-1] == plain.importance[1]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"groups": {"g": ["nope"]}}, "unknown column in groups"),
        ({"groups": {"g": ["age"], "h": ["age"]}}, "in only one group"),
        ({"groups": {"income": ["age"]}}, "cannot have the name of a column"),
        ({"groups": {"g": []}}, "one group is empty"),
        ({"n_repeats": 0}, "at least 1"),
        ({"loss": "r2"}, "one of log_loss"),
        ({"loss": "squared_error"}, "one of log_loss"),
        ({"scale": "odds"}, "one of log_odds"),
    ],
)
def test_what_has_no_meaning_is_refused(more, message):
    _, table, bound, *_ = scene("binary")
    with pytest.raises(NotApplicableError, match=message):
        ti.permutation_importance(bound, table, **more)


def test_one_row_and_one_class_are_refused():
    _, table, bound, *_ = scene("binary")
    one_class = bound.take(table.y == 1)
    with pytest.raises(NotApplicableError, match="two rows"):
        ti.permutation_importance(bound.take(np.array([0])), bound.take(np.array([0])).table)
    with pytest.raises(NotApplicableError, match="both classes"):
        ti.permutation_importance(one_class, one_class.table, loss="auc")


# ---- support


@pytest.mark.parametrize("columns", [["age"], ["city"], ["member", "grade"], ["income", "age"]])
def test_off_support_rate_by_hand(columns):
    table = cases.mixed_table(cases.mixed_frame(90, 4))
    order = chosen(table.numbers, ROWS, 3)
    rows = table.inputs.iloc[order].to_dict("records")
    expected = oracles.off_support(rows, {"age", "income"}, columns)
    assert Support(table, 3).off(columns) == pytest.approx(expected)


def test_off_support_tells_correlated_columns_from_independent_ones():
    rng = np.random.default_rng(0)
    x = rng.normal(size=600)
    frame = pd.DataFrame({"x1": x, "x2": x + 0.01 * rng.normal(size=600), "x3": rng.normal(size=600), "y": x})
    result = ti.permutation_importance(
        cases.wrapped(nn.Sequential(cases.affine([[1.0, 1.0, 1.0]]))), ti.read_table(frame, target="y")
    )
    assert result.off_support[0] > 0.3
    assert result.off_support[2] < 0.1
    assert result.off_support_rows == 600


def test_off_support_uses_at_most_a_thousand_rows():
    frame = pd.DataFrame({"x": np.arange(1500.0), "y": np.arange(1500.0)})
    result = ti.permutation_importance(
        cases.wrapped(nn.Sequential(cases.affine([[1.0]]))), ti.read_table(frame, target="y"), n_repeats=1
    )
    assert (result.rows, result.off_support_rows) == (1500, 1000)


def test_one_row_with_weight_is_no_pair():
    frame = pd.DataFrame({"x": np.arange(20.0), "w": [1.0] + [0.0] * 19, "y": np.arange(20.0) % 3})
    table = ti.read_table(frame, target="y", weight="w", task="regression")
    model = ti.wrap(torch.nn.Linear(1, 1), encoder="passthrough", task="regression")
    with pytest.raises(NotApplicableError, match="at least two rows with positive weight"):
        ti.permutation_importance(model, table)
    table = ti.read_table(frame.assign(w=[1.0] * 2 + [0.0] * 18), target="y", weight="w", task="regression")
    seeds = range(6)
    said = []
    for seed in seeds:  # one shift rarely brings the two together
        try:
            said.append(ti.permutation_importance(model, table, n_repeats=1, seed=seed).importance[0])
        except NotApplicableError as error:
            said.append(str(error))
    assert (
        "the importance of x cannot be computed, because every pair of a receiver row and a donor row contains a row with "
        "weight 0"
    ) in said
