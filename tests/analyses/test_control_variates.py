"""Control variates of permutation importance: derivatives against autograd, the same estimand, and errors that hold."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

import tabinterp as ti
from tabinterp.analyses.permutation_importance import estimator as pi
from tabinterp.analyses.permutation_importance.control_variates import controlled
from tabinterp.models import bind
from tabinterp.models.losses import loss_for
from tests import cases

N, SEEDS = 1200, 30
HALF = {"binary": 1.0, "multiclass": 1.0, "regression": 0.5, "count": 0.5}  # of the loss that the derivatives belong to


@cache
def bound_of(task, weighted=False):
    frame = cases.mixed_frame(N, 0, task)
    return bind(ti.wrap(cases.network_pipeline(frame, task)), cases.mixed_table(frame, task, weighted))


@cache
def importance(task, weighted, n_repeats, seed, with_control=True):
    plan = pi.start(bound_of(task, weighted), n_repeats=n_repeats, seed=seed)
    plan = plan if with_control else replace(plan, derivatives=None)
    return pi.finish(plan, pi.update(plan, np.arange(N)))


def over_seeds(task, weighted, with_control):
    """Importances (seeds, columns) of the columns that are drawn, and their standard errors."""
    found = [importance(task, weighted, 1, seed, with_control) for seed in range(SEEDS)]
    drawn = ~np.array(found[0].exact)
    return np.array([one.importance for one in found])[:, drawn], np.array([one.stderr for one in found])[:, drawn]


@pytest.mark.parametrize("task", HALF)
def test_derivatives_are_those_of_autograd(task):
    plan = pi.start(bound_of(task), n_repeats=1, seed=0)
    y, loss = torch.as_tensor(plan.bound.table.y), loss_for(None, task, "log_odds")

    def total(scores):
        return HALF[task] * loss.rows(scores[None], y, torch.ones(1, N))[0].sum()

    x = torch.as_tensor(plan.bound.x).requires_grad_(True)
    (expected,) = torch.autograd.grad(total(plan.bound.module.double()(x)), x)
    np.testing.assert_allclose(plan.derivatives.encoded, expected - expected.mean(dim=0), atol=1e-5)
    scores = torch.as_tensor(plan.bound.answers.numpy()).requires_grad_(True)
    (first,) = torch.autograd.grad(total(scores), scores, create_graph=True)
    second = [torch.autograd.grad(one.sum(), scores, retain_graph=True)[0][:, k] for k, one in enumerate(first.T)]
    for found, expected in (
        (plan.derivatives.loss.T, first),
        (plan.derivatives.curvature.T, torch.stack(second, dim=1)),
    ):
        np.testing.assert_allclose(found, (expected - expected.mean(dim=0)).detach(), atol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_mean_over_all_pairs_does_not_change(weighted):
    """For arbitrary rises, also those with one extreme pair, and coefficients that are fitted to the same pairs."""
    plan = pi.start(bound_of("multiclass", weighted), n_repeats=1, seed=0)
    w, rng = plan.bound.table.row_weights, np.random.default_rng(0)
    donors = [(np.arange(N) + shift) % N for shift in range(1, N)]
    rises = [rng.standard_t(3, size=N) for _ in donors]
    rises[5][7] = 1e3
    pairs = controlled(plan.bound, plan.derivatives, ("income",), *plan.groups["income"], donors, rises)
    before = sum(w @ (w[at] * rise) for at, rise in zip(donors, rises, strict=True))
    scale = sum(w @ (w[at] * np.abs(rise)) for at, rise in zip(donors, rises, strict=True))
    for role in ("received", "given"):
        after = sum(w @ (w[one.donors] * getattr(one, role)) for one in pairs)
        assert abs(after - before) < 1e-6 * scale  # the products are sums in single precision


@pytest.mark.parametrize(
    ("task", "weighted", "share"),
    [("binary", False, 0.7), ("multiclass", True, 1.0), ("regression", False, 0.7), ("count", True, 0.7)],
)
def test_one_draw_has_a_smaller_error_around_the_same_mean(task, weighted, share):
    """Compared with the enumeration of all donors, which here includes the row itself, and with draws without control."""
    every = importance(task, weighted, N, 0)
    assert all(every.exact)
    drawn = ~np.array(importance(task, weighted, 1, 0).exact)
    (values, errors), (plain, _) = over_seeds(task, weighted, True), over_seeds(task, weighted, False)
    spread = values.std(axis=0, ddof=1)
    assert np.all(spread < share * plain.std(axis=0, ddof=1))
    itself = every.importance[drawn] / N  # a row that is its own donor has a rise of zero
    bias = values.mean(axis=0) - every.importance[drawn] - itself
    assert np.all(np.abs(bias) < 4 * spread / np.sqrt(SEEDS) + 0.05 * every.stderr[drawn])
    total = np.hypot(every.stderr[drawn], spread)
    assert np.all(np.sqrt((errors**2).mean(axis=0)) > 0.97 * total)


def test_the_error_with_one_draw_is_closer_to_that_of_all_draws():
    every = importance("binary", False, N, 0)
    drawn = ~np.array(importance("binary", False, 1, 0).exact)
    with_control, without = (over_seeds("binary", False, one)[1].mean(axis=0) for one in (True, False))
    assert np.all(with_control < without)
    assert np.all(with_control > every.stderr[drawn])


def test_there_is_no_control_without_rows_or_gradient_or_for_ranks():
    bound = bound_of("binary")
    assert pi.start(bound, n_repeats=1, seed=0).derivatives is not None
    assert pi.start(bound, n_repeats=1, seed=0, loss="auc").derivatives is None
    assert pi.start(bound.take(np.arange(300)), n_repeats=1, seed=0).derivatives is None
    scores = cases.scorer(cases.network_pipeline(cases.mixed_frame(N, 0, "binary"), "binary"), "binary")
    function = ti.wrap(lambda rows: scores(rows)[:, 0], task="binary", outputs="logits")
    assert pi.start(bind(function, bound.table), n_repeats=1, seed=0).derivatives is None
