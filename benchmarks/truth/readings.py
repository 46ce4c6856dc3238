"""The checks: one function for each kind of answer. Each tests a formula or a network trained on it and returns table lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np
import torch
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch import nn

import tabinterp as ti
from tabinterp.models import BoundModel, bind
from tabinterp.table.hash_sampling import row_hash

from .functions import SWITCH, Function, Syn, table, wrapped
from .lines import Line, at_least, near
from .networks import BY_HAND, COLUMNS, DEPTH, ByHand, rows_by_hand

EXACT = 2e-5  # sums in single precision, in the units of a score whose size is about one
REPLICATES = 16
ROWS = 20_000  # of variances, for which the distances are set; with fewer they grow as the errors do
FORMULA = "formula"


def scored(function: Function, module: nn.Module, n: int, seed: int) -> tuple[ti.Table, np.ndarray]:
    """Fresh rows whose target is the module's own score, and the scores."""
    x = function.rows(n, seed)
    scores = bind(wrapped(module), table(x)).scores[:, 0]
    return table(x, scores), scores


# ---- shares of the variance


def variance_lines(name: str, function: Function, subject: str, module: nn.Module, n: int) -> Iterator[Line]:
    formula = subject == FORMULA
    limit = 0.01 * max(1.0, np.sqrt(ROWS / n)) if formula else 0.015
    model = wrapped(module)
    rows, scores = scored(function, module, n, 1)
    variance, error = total_variance(scores)
    yield near(
        name,
        subject,
        "score",
        "variance",
        [function.variance],
        [variance],
        5 * limit * function.variance,
        [error],
        formula,
    )
    main, error = main_effects(function, model, max(4000, n // REPLICATES))
    yield near(
        name,
        subject,
        "effects (PDP)",
        "first-order Sobol indices S_j = Var PDP_j / Var f",
        function.main,
        main,
        limit,
        error,
        formula,
    )
    total, error = total_effects(model, rows, scores)
    yield near(
        name,
        subject,
        "permutation importance",
        "total Sobol indices ST_j = E(f - f moved)^2 / 2 Var f",
        function.total,
        total,
        2 * limit,
        error,
        formula,
    )
    shares = ti.decompose(model, rows).shares
    yield near(
        name,
        subject,
        "decompose",
        "shares of linear terms, curvature and interactions",
        function.shares,
        shares.value[0, 0, :3],
        1.5 * limit,
        shares.stderr[0, 0, :3],
        formula,
    )
    columns, truth = function.pair
    found = ti.interactions(model, rows, top=1).pairs[0]
    share = found.share
    measured = share.value[0] if found.columns == columns else np.nan
    what = f"Sobol index S of {columns[0]} and {columns[1]}, the strongest pair"
    yield near(name, subject, "interactions", what, [truth], [measured], 2 * limit, [share.stderr[0]], formula)
    if function.dgsm:
        bound = bind(model, rows)
        squares = bound.gradients(bound.x)[:, :, 0] ** 2
        error = squares.std(axis=0, ddof=1) / np.sqrt(n)
        yield near(
            name,
            subject,
            "gradients",
            "DGSM: E (df/dx_j)^2",
            function.dgsm,
            squares.mean(axis=0),
            125 * limit,
            error,
            formula,
        )


def total_variance(scores: np.ndarray) -> tuple[float, float]:
    squares = (scores - scores.mean()) ** 2
    return float(squares.mean()), float(squares.std() / np.sqrt(len(squares)))


def main_effects(function: Function, model: ti.Model, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Variance over rows of each column's curve over that of the score.

    It is taken as the covariance of two curves, each from half of the rows: the square of one would hold its own noise. Standard
    errors from independent sets of rows.
    """
    found = []
    for seed in range(REPLICATES):
        x = function.rows(n, 100 + seed)
        bound = bind(model, table(x))
        halves = [bound.take(np.arange(n) % 2 == side) for side in (0, 1)]
        first, second = (curves_at(x, half) for half in halves)
        found.append(((first - first.mean(axis=0)) * second).mean(axis=0) / bound.scores.var())
    return np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(REPLICATES)


def curves_at(x: np.ndarray, bound: BoundModel) -> np.ndarray:
    """(n, columns) the partial dependence that these rows give, at the values x."""
    curves = ti.effects(bound, bound.table, grid=64).curves
    return np.column_stack([np.interp(x[:, j], c.values, c.effect.value[:, 0]) for j, c in enumerate(curves)])


def total_effects(model: ti.Model, rows: ti.Table, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half the squared rise when a column is exchanged, over the variance (Jansen 1999); the error is that of the ratio."""
    read = ti.permutation_importance(model, rows)
    squares = (scores - scores.mean()) ** 2
    double = 2 * squares.mean()
    total = read.importance / double
    in_order = squares[np.argsort(row_hash(rows.numbers, read.seed), kind="stable")]  # as the projection's rows are
    error = (read.projection - 2 * in_order[:, None] * total).std(axis=0, ddof=1) / np.sqrt(len(squares)) / double
    return total, error


# ---- Shapley values


def shapley_lines(name: str, function: Function, subject: str, module: nn.Module, n: int) -> Iterator[Line]:
    """Closed forms given the background that was drawn, so that what is left is the error that is printed."""
    x, backs = function.rows(n, 1), function.rows(200, 2)
    read = ti.shapley_values(wrapped(module), table(x), table(backs))
    truth = closed_form(function, x, backs)
    difference, error = read.values[:, :, 0] - truth, read.stderr[:, :, 0]
    size = truth.std(axis=0).max()
    off = float(np.abs(difference).max() / size)
    if subject == FORMULA:
        reach = float(np.max(np.abs(difference) - 4 * error) / size)
        yield near(
            name,
            subject,
            "Shapley values",
            "largest deviation beyond 4 standard errors, in standard deviations of the values",
            [0],
            [max(reach, 0)],
            EXACT,
        )
    fit = float(np.corrcoef(read.values[:, :, 0].ravel(), truth.ravel())[0, 1])
    bar = 0.9999 if subject == FORMULA else 0.99
    yield at_least(
        name, subject, "Shapley values", f"correlation with the closed form (largest deviation {off:.1g} sd)", fit, bar
    )


def closed_form(function: Function, x: np.ndarray, backs: np.ndarray) -> np.ndarray:
    """(n, columns): parts less their means over the background; of a product, the formula over coalitions of its factors."""
    if function.parts:
        own, other = (
            np.column_stack([part(torch.as_tensor(rows[:, j])).numpy() for j, part in enumerate(function.parts)])
            for rows in (x, backs)
        )
        return own - other.mean(axis=0)
    values, d = np.zeros(x.shape), function.factors

    def worth(members: tuple[int, ...]) -> np.ndarray:
        rest = [j for j in range(d) if j not in members]
        return x[:, members].prod(axis=1) * backs[:, rest].prod(axis=1).mean()

    for j in range(d):
        others = [i for i in range(d) if i != j]
        for size in range(d):
            for members in combinations(others, size):
                values[:, j] += (worth((*members, j)) - worth(members)) / (d * comb(d - 1, size))
    return values


def xai_bench_lines(name: str, function: Function, subject: str, module: nn.Module, n: int) -> Iterator[Line]:
    """Both scores as Liu et al. define them: a correlation over the columns of each row, averaged over rows.

    Truth is each part of the formula less its population mean; with independent columns the conditional and the
    interventional value are the same.
    """
    many = function.rows(200_000, 3)
    x, backs = function.rows(n, 1), function.rows(2000, 2)
    truth = closed_form(function, x, many)
    read = ti.shapley_values(wrapped(module), table(x), table(backs), "permutation", n_permutations=1)
    told = read.values[:, :, 0]
    value, error = mean_of(row_correlations(told, truth))
    estimand = "Shapley correlation: correlation with the true values within a row, averaged over rows"
    yield at_least(f"XAI-Bench {name}", subject, "Shapley values", estimand, value, 0.999, error=error)
    changed = np.abs(without_one(module, x, function.rows(1000, 4)))
    value, error = mean_of(row_correlations(np.abs(told), changed))
    estimand = "faithfulness: correlation of absolute values with the change in score when a column is redrawn"
    yield at_least(f"XAI-Bench {name}", subject, "Shapley values", estimand, value, 0.99, error=error)


def without_one(module: nn.Module, x: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n, columns) f(x) less the mean of f with the column drawn anew: the metric's own arithmetic, none of ours."""
    with torch.inference_mode():
        rows, drawn = torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(others, dtype=torch.float32)
        own = module(rows)[:, 0].double().numpy()
        changed = np.empty(x.shape)
        for j in range(x.shape[1]):
            moved = rows[:, None].repeat(1, len(drawn), 1)
            moved[:, :, j] = drawn[:, j]
            changed[:, j] = own - module(moved.flatten(0, 1))[:, 0].double().reshape(len(x), -1).mean(dim=1).numpy()
    return changed


def row_correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.array([stats.pearsonr(one, other).statistic for one, other in zip(a, b, strict=True)])


def mean_of(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


# ---- Syn1-6


def generator_lines(name: str, syn: Syn, n: int) -> Iterator[Line]:
    x, y = syn.drawn(n, 5)
    half = n // 2
    bayes = roc_auc_score(y, syn.log_odds(torch.as_tensor(x)).numpy())
    linear = LogisticRegression().fit(x[:half], y[:half])
    auc = roc_auc_score(y[half:], linear.decision_function(x[half:]))
    limit = 4 * 0.5 / np.sqrt(half)
    yield near(name, "generator", "AUC", "of the true log-odds", [syn.bayes], [bayes], limit)
    yield near(name, "generator", "AUC", "of a logistic regression", [syn.linear], [auc], limit)


def syn_lines(name: str, syn: Syn, subject: str, module: nn.Module, n: int) -> Iterator[Line]:
    """Are the columns that a row's outcome was made of those with the largest local abs(Shapley value)?

    A switched function is read branch by branch, each row against rows of its own branch: against others the columns of the
    other branch do have an effect.
    """
    x, _ = syn.drawn(n, 6)
    backs, _ = syn.drawn(400, 7)
    sizes = np.empty((n, 11))
    sides = [(x[:, SWITCH] < 0, backs[:, SWITCH] < 0), (x[:, SWITCH] >= 0, backs[:, SWITCH] >= 0)]
    for own, other in sides if syn.switched else [(np.ones(n, bool), np.ones(400, bool))]:
        sizes[own] = local_sizes(module, x[own], backs[other][:100])
    relevant = syn.relevant(x)
    rank = stats.rankdata(-sizes, axis=1)
    top = rank <= relevant.sum(axis=1, keepdims=True)
    hits = (top & relevant).sum(axis=1) / relevant.sum(axis=1)
    first = (top == relevant).all(axis=1).mean()
    ideal = np.concatenate([np.arange(1, many + 1) for many in relevant.sum(axis=1)]).mean()
    mean_rank = rank[relevant].mean()
    bar = 0.99 if subject == FORMULA else 0.85
    value, error = mean_of(hits)
    estimand = (
        f"share of relevant columns that are ranked at the top (mean rank {mean_rank:.2f}, ideal {ideal:.2f}; "
        f"all relevant columns at the top in {first:.0%} of rows)"
    )
    yield at_least(name, subject, "Shapley values", estimand, value, bar, error=error)
    whole = local_sizes(module, x, backs[:100]).mean(axis=0)
    needed = relevant.any(axis=0) | (np.arange(11) == SWITCH) * syn.switched
    gap = float(whole[needed].min() / max(whole[~needed].max(initial=0), 1e-9)) if not needed.all() else np.inf
    estimand = "smallest mean absolute value of a relevant column, divided by the largest of any other column"
    yield at_least(name, subject, "Shapley values", estimand, min(gap, 1000), 1.0, truth="> 1")


def local_sizes(module: nn.Module, x: np.ndarray, backs: np.ndarray) -> np.ndarray:
    rows, others = (table(part, task="binary") for part in (x, backs))
    read = ti.shapley_values(wrapped(module, None), rows, others, "permutation", n_permutations=2)
    return np.abs(read.values[:, :, 0])


# ---- networks by hand


def by_hand_lines(name: str, n: int) -> Iterator[Line]:
    """What the formula says of the mechanism, enumerated in numpy, beside the readings of the network."""
    case = BY_HAND[name]
    x, backs = rows_by_hand(case, n, 1), rows_by_hand(case, 100, 2)
    y = case.formula(x)
    rows, other = table(x, y), table(backs)
    bound = bind(wrapped(case.module), rows)

    def gap(what: str, estimand: str, measured: np.ndarray, truth: np.ndarray, limit: float = EXACT) -> Line:
        off = float(np.abs(np.asarray(measured) - truth).max())
        return near(name, "network by hand", what, f"{estimand}: largest deviation", [0], [off], limit)

    yield gap("score", "value of the formula", bound.scores[:, 0], y)
    some = np.arange(0, len(x), max(1, len(x) // n))
    read = ti.shapley_values(wrapped(case.module), rows.take(some), other, "exact")
    yield gap(
        "Shapley values", "values enumerated from the formula", read.values[:, :, 0], enumerated(case, x[some], backs)
    )
    unused = np.setdiff1d(np.arange(COLUMNS), case.players)
    moved = ti.permutation_importance(bound, rows)
    yield gap("permutation importance", "0 for columns without effect", moved.importance[unused], 0.0, 1e-12)
    paths = ti.gradient_importance(bound, rows, baseline="zero")
    if len(case.players) == 1 or name in ("weighted", "cancelling"):
        truth = alone(case, x)
        yield gap(
            "integrated gradients",
            "from a row of zeros, each column's own contribution",
            paths.values[:, :, 0],
            truth,
            2e-3,
        )
    whole = paths.values[:, :, 0].sum(axis=1)
    yield gap("integrated gradients", "sum of the values equals f(x) - f(0)", whole, y - case.formula(0 * x[:1]), 2e-3)
    if case.binary:
        change = [total_exchange(case, x, j) for j in range(COLUMNS)]
        yield gap("permutation importance", "E(f - f moved)^2, enumerated", moved.importance, np.array(change))
    if len(case.players) == 2:
        yield from _pair_lines(name, case, bound, rows)
    if name == "saturated":
        yield from _saturated_lines(name, case)
    if name == "shattered gradient":
        slopes = bound.gradients(x)[:, 0, 0]
        yield gap("gradients", "the absolute value is 2^6 in every row", np.abs(slopes), 2.0**DEPTH)
        mean = ti.coefficients(bound, rows).estimates
        yield near(
            name,
            "network by hand",
            "average derivative",
            "0, because rising and falling slopes cancel out",
            [0],
            [mean.value[0, 0]],
            15,
            [mean.stderr[0, 0]],
        )


def _pair_lines(name: str, case: ByHand, bound: BoundModel, rows: ti.Table) -> Iterator[Line]:
    screen = ti.interactions(bound, rows, top=1).screen
    planted = np.array([set(pair) == {"x1", "x2"} for pair in screen.pairs])
    joint = name != "cancelling"
    told = [screen.strength[planted].max() > 1e-3, screen.strength[~planted].max() > 1e-12]
    what = "x1 and x2 interact, no other pair does" if joint else "no pair interacts"
    yield near(name, "network by hand", "interactions", what, [joint, 0], np.array(told, dtype=float), 0)


def _saturated_lines(name: str, case: ByHand) -> Iterator[Line]:
    """min(x1 + x2, 1) at x1 = x2 = 1 from a row of zeros: no gradient is left, and each column gave a half."""
    x = np.zeros((2, COLUMNS))
    x[0, :2] = 1
    row, start = table(x), table(np.zeros_like(x))
    bound = bind(wrapped(case.module), row)
    yield near(name, "network by hand", "gradients", "at (1, 1)", [0, 0], bound.gradients(x)[0, :2, 0], 0)
    told = ti.shapley_values(bound, row.take(np.arange(1)), start, "exact").values[0, :2, 0]
    yield near(
        name, "network by hand", "Shapley values", "at (1, 1), relative to a row of zeros", [0.5, 0.5], told, EXACT
    )
    told = ti.gradient_importance(bound, row, baseline="zero").values[0, :2, 0]
    yield near(
        name, "network by hand", "integrated gradients", "at (1, 1), from a row of zeros", [0.5, 0.5], told, 2e-3
    )


def enumerated(case: ByHand, x: np.ndarray, backs: np.ndarray) -> np.ndarray:
    """(n, 10) Shapley values by the formula of two players, or part by part where there are no two together."""
    values = np.zeros(x.shape)
    if len(case.players) != 2:
        return alone(case, x) - alone(case, backs).mean(axis=0)
    worth = {}
    for code in range(4):
        mixed = np.repeat(backs[None], len(x), axis=0)
        for j in case.players:
            if code >> j & 1:
                mixed[:, :, j] = x[:, [j]]
        worth[code] = case.formula(mixed.reshape(-1, COLUMNS)).reshape(len(x), -1).mean(axis=1)
    values[:, 0] = (worth[1] - worth[0] + worth[3] - worth[2]) / 2
    values[:, 1] = (worth[2] - worth[0] + worth[3] - worth[1]) / 2
    return values


def alone(case: ByHand, x: np.ndarray) -> np.ndarray:
    """(n, 10) what each column adds to the formula at zero."""
    at = np.zeros((len(x), COLUMNS, COLUMNS))
    at[:, range(COLUMNS), range(COLUMNS)] = x
    zero = case.formula(np.zeros((1, COLUMNS)))
    return case.formula(at.reshape(-1, COLUMNS)).reshape(len(x), COLUMNS) - zero


def total_exchange(case: ByHand, x: np.ndarray, j: int) -> float:
    moved = [case.formula(np.where(np.arange(COLUMNS) == j, value, x)) for value in (0.0, 1.0)]
    return float(np.mean([(case.formula(x) - one) ** 2 for one in moved]))
