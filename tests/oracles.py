"""Slow re-derivations from the papers, in plain loops: what the fast code must agree with.

Nothing here imports tabinterp. Scores are (n, k): one log-odds for two classes, one value for regression, k logits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

Score = Callable[[pd.DataFrame], np.ndarray]


# ---- losses of single rows


def softmax(scores):
    e = [math.exp(s - max(scores)) for s in scores]
    return [x / sum(e) for x in e]


def count_loss(name: str, y: float, mean: float) -> float:
    deviance = 2 * ((y * math.log(y / mean) if y else 0.0) - (y - mean))
    return {"count squared_error": (y - mean) ** 2, "count absolute_error": abs(y - mean)}.get(name, deviance)


def row_loss(name: str, y: float, scores: Sequence[float]) -> float:
    """Loss of one row, from its probabilities; "count" before the name: from the log of an expected count."""
    if name.startswith("count "):
        return count_loss(name, y, math.exp(scores[0]))
    if name == "squared_error":
        return (y - scores[0]) ** 2
    if len(scores) == 1:
        p = 1 / (1 + math.exp(-scores[0]))
        chances = [1 - p, p]
    else:
        chances = softmax(scores)
    if name == "log_loss":
        return -math.log(chances[int(y)])
    if name == "accuracy":
        return float(max(range(len(chances)), key=lambda k: chances[k]) != int(y))
    if len(scores) == 1:
        return (chances[1] - y) ** 2
    return sum((p - (k == int(y))) ** 2 for k, p in enumerate(chances))


def auc(y, scores, w) -> float:
    """Weighted share of (positive, negative) pairs in the right order, ties by half."""
    right = total = 0.0
    for i in range(len(y)):
        for j in range(len(y)):
            if y[i] == 1 and y[j] == 0:
                total += w[i] * w[j]
                right += w[i] * w[j] * (1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0)
    return right / total


def delong(y, a, b) -> float:
    """Standard error of AUC(a) - AUC(b) on the same rows (DeLong, DeLong & Clarke-Pearson 1988), by placements."""

    def placements(s):
        wins = (s[y == 1][:, None] > s[y == 0][None]) + 0.5 * (s[y == 1][:, None] == s[y == 0][None])
        return wins.mean(axis=1), wins.mean(axis=0)

    (a1, a0), (b1, b0) = placements(a), placements(b)
    return math.sqrt(np.var(a1 - b1, ddof=1) / len(a1) + np.var(a0 - b0, ddof=1) / len(a0))


# ---- permutation importance


def all_pairs(score: Score, frame: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """(n receivers, n donors, k) scores of every receiver with the columns of every donor."""
    n = len(frame)
    pairs = [(i, j) for i in range(n) for j in range(n)]
    rows = frame.iloc[[i for i, _ in pairs]].reset_index(drop=True)
    for column in columns:
        rows[column] = frame[column].iloc[[j for _, j in pairs]].reset_index(drop=True)
    return score(rows).reshape(n, n, -1)


def pair_losses(loss, y, scores) -> tuple[np.ndarray, np.ndarray]:
    """(n, n) losses of all pairs from (n, n, k) scores, and (n,) own losses: the diagonal."""
    n = len(y)
    losses = np.array([[loss(y[i], scores[i, j]) for j in range(n)] for i in range(n)])
    return losses, np.diag(losses).copy()


def importance(losses, own, w) -> float:
    """V-statistic: all n^2 pairs, weighed by the product of both weights."""
    n, total = len(own), 0.0
    for i in range(n):
        for j in range(n):
            total += w[i] * w[j] * losses[i, j]
    return total / sum(w) ** 2 - sum(w[i] * own[i] for i in range(n)) / sum(w)


def importance_of_others(losses, own, w) -> float:
    """U-statistic: the same over donors other than the receiver."""
    n, total, weight = len(own), 0.0, 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                total += w[i] * w[j] * (losses[i, j] - own[i])
                weight += w[i] * w[j]
    return total / weight


def hajek(losses, own, w) -> float:
    """Standard error from both roles of a row: mean_j L_ij + mean_j L_ji - L_ii."""
    n, total = len(own), sum(w)
    projection = []
    for i in range(n):
        receiver = sum(w[j] * losses[i, j] for j in range(n)) / total
        donor = sum(w[j] * losses[j, i] for j in range(n)) / total
        projection.append(receiver + donor - own[i])
    mean = sum(w[i] * projection[i] for i in range(n)) / total
    return math.sqrt(sum((w[i] * (projection[i] - mean)) ** 2 for i in range(n)) * n / (n - 1)) / total


def infinitesimal_jackknife(statistic, w, step: float = 1e-5) -> float:
    """Standard error of a statistic of row weights from its derivatives by them (Efron 1982), by central differences."""
    n, total = len(w), 0.0
    for i in range(n):
        up, down = np.array(w, dtype=float), np.array(w, dtype=float)
        up[i], down[i] = w[i] * (1 + step), w[i] * (1 - step)
        total += ((statistic(up) - statistic(down)) / (2 * step)) ** 2
    return math.sqrt(total * n / (n - 1))


def auc_importance(y, scores, w) -> float:
    """Fall of the AUC on the expanded set: every receiver with every donor, weighed by the product of both weights."""
    n = len(y)
    flat = np.array([scores[i, j, 0] for i in range(n) for j in range(n)])
    classes = np.array([y[i] for i in range(n) for _ in range(n)])
    weight = np.array([w[i] * w[j] for i in range(n) for j in range(n)])
    return auc(y, [scores[i, i, 0] for i in range(n)], w) - sorted_auc(classes, flat, weight)


def sorted_auc(y, scores, w) -> float:
    """The same as `auc`, for sets too large for all pairs: one walk over the sorted scores."""
    below = right = positive = 0.0
    order = sorted(range(len(y)), key=lambda i: scores[i])
    start = 0
    while start < len(order):
        stop = start
        while stop < len(order) and scores[order[stop]] == scores[order[start]]:
            stop += 1
        tied = order[start:stop]
        ones, zeros = sum(w[i] for i in tied if y[i] == 1), sum(w[i] for i in tied if y[i] == 0)
        right += ones * (below + 0.5 * zeros)
        below, positive, start = below + zeros, positive + ones, stop
    return right / (below * positive)


def off_support(rows: list[dict], numeric: set[str], moving: Sequence[str], shifts: int = 4) -> float:
    """Share of moved probes (second half of `rows`) beyond the 95% quantile of the untouched probes' distances."""
    half = len(rows) // 2
    reference, probes = rows[:half], rows[half:]
    mean, sd = {}, {}
    for column in numeric:
        known = [r[column] for r in rows if not math.isnan(r[column])]
        mean[column] = sum(known) / len(known)
        sd[column] = math.sqrt(sum((v - mean[column]) ** 2 for v in known) / len(known))

    def squared(a, b):
        total = 0.0
        for column in a:
            if column in numeric:
                u, v = a[column], b[column]
                missing = math.isnan(u), math.isnan(v)
                u, v = (mean[column] if gone else value for gone, value in zip(missing, (u, v), strict=True))
                total += ((u - v) / sd[column]) ** 2 + (missing[0] != missing[1])
            else:
                known = pd.notna(a[column]), pd.notna(b[column])
                total += 0.0 if not any(known) or (all(known) and a[column] == b[column]) else 1.0
        return total

    def nearest(row):
        return min(squared(row, other) for other in reference)

    limit = np.quantile([nearest(p) for p in probes], 0.95, method="averaged_inverted_cdf")
    rates = []
    for shift in range(1, min(shifts, len(probes) - 1) + 1):
        changed = [p | {c: probes[i - shift][c] for c in moving} for i, p in enumerate(probes)]
        rates.append(np.mean([nearest(row) > limit * (1 + 1e-5) for row in changed]))
    return float(np.mean(rates))


# ---- paths


def relu_path_integral(weight, bias, out, start, end) -> np.ndarray:
    """Integrated gradients of sum_u out_u relu(weight_u x + bias_u): each unit counts for the share of the path it is on."""
    d, result = len(start), np.zeros(len(start))
    for u in range(len(weight)):
        at_start = sum(weight[u][e] * start[e] for e in range(d)) + bias[u]
        at_end = sum(weight[u][e] * end[e] for e in range(d)) + bias[u]
        if at_start > 0 and at_end > 0:
            share = 1.0
        elif at_start <= 0 and at_end <= 0:
            share = 0.0
        else:
            share = max(at_start, at_end) / abs(at_end - at_start)
        for e in range(d):
            result[e] += out[u] * weight[u][e] * (end[e] - start[e]) * share
    return result


def path_integral(gradient, start, end, steps: int = 2000) -> np.ndarray:
    """Integrated gradients by the midpoint rule; `gradient` maps (m, d) to (m, d)."""
    at = (np.arange(steps) + 0.5) / steps
    return (end - start) * gradient(start + at[:, None] * (end - start)).mean(axis=0)


# ---- agreement


def top_overlap(x, y, k: int) -> float:
    """Share of the k largest of `x` that are among the k largest of `y`; the earlier wins a tie."""
    first = sorted(range(len(x)), key=lambda i: (-x[i], i))[:k]
    second = sorted(range(len(y)), key=lambda i: (-y[i], i))[:k]
    return sum(i in second for i in first) / k


# ---- effect curves


def partial_dependence(score: Score, frame: pd.DataFrame, column: str, value, w) -> np.ndarray:
    """Mean score (k,) with every row at the value (Friedman 2001)."""
    moved = frame.assign(**{column: pd.Series([value] * len(frame), index=frame.index).astype(frame[column].dtype)})
    scores = score(moved)
    return sum(w[i] * scores[i] for i in range(len(frame))) / sum(w)


def accumulated(difference, x: Sequence[float], edges: Sequence[float], w) -> list[float]:
    """Apley & Zhu (2020), equations 15 and 16, at the edges; `difference(i, a, b)` is f(b, x_i) - f(a, x_i).

    Between the edges the curve is linear; its mean over the rows is taken off.
    """
    curve = [0.0]
    for k in range(1, len(edges)):
        inside = [i for i in range(len(x)) if edges[k - 1] < x[i] <= edges[k] or (k == 1 and x[i] == edges[0])]
        mass = sum(w[i] for i in inside)
        curve.append(curve[-1] + sum(w[i] * difference(i, edges[k - 1], edges[k]) for i in inside) / mass)
    present = [i for i in range(len(x)) if not math.isnan(x[i])]
    centre = sum(w[i] * np.interp(x[i], edges, curve) for i in present) / sum(w[i] for i in present)
    return [value - centre for value in curve]


def accumulated_levels(difference, codes: Sequence[int], points: int, w) -> list[float]:
    """The same over ordered levels 0, 1, ...: a step is averaged over the rows at either of its ends."""
    curve = [0.0]
    for k in range(1, points):
        inside = [i for i in range(len(codes)) if codes[i] in (k - 1, k)]
        curve.append(curve[-1] + sum(w[i] * difference(i, k - 1, k) for i in inside) / sum(w[i] for i in inside))
    centre = sum(w[i] * curve[codes[i]] for i in range(len(codes))) / sum(w)
    return [value - centre for value in curve]


# ---- interactions


def mean_square_apart(d, w) -> float:
    """Variance over i of the mean over b of d[i][b], each product over rows that are all different."""
    n = len(w)
    same = same_weight = apart = apart_weight = 0.0
    for i in range(n):
        for b in range(n):
            for c in range(n):
                if len({i, b, c}) == 3:
                    same += w[i] * w[b] * w[c] * d[i][b] * d[i][c]
                    same_weight += w[i] * w[b] * w[c]
                for e in range(n):
                    if len({i, b, c, e}) == 4:
                        apart += w[i] * w[b] * w[c] * w[e] * d[i][b] * d[c][e]
                        apart_weight += w[i] * w[b] * w[c] * w[e]
    return same / same_weight - apart / apart_weight


def shapley_interaction(f, x, background, j: int, k: int) -> float:
    """Interventional Shapley interaction index of row x against one background row (Grabisch & Roubens 1999)."""
    p, total = len(x), 0.0
    others = [c for c in range(p) if c not in (j, k)]

    def value(members):
        return f([x[c] if c in members else background[c] for c in range(p)])

    for code in range(2 ** len(others)):
        members = {c for place, c in enumerate(others) if code >> place & 1}
        s = len(members)
        weight = math.factorial(s) * math.factorial(p - s - 2) / math.factorial(p - 1)
        total += weight * (value(members | {j, k}) - value(members | {j}) - value(members | {k}) + value(members))
    return total


def purify(table, weight) -> np.ndarray:
    """Mass moving of Lengerich et al. (2020): weighted means of rows, then of columns, are taken off until none is left."""
    table = np.array(table, dtype=float)
    left = np.inf
    while left > 1e-14 * np.abs(table).max():
        rows = (weight * table).sum(axis=1) / weight.sum(axis=1)
        table -= rows[:, None]
        columns = (weight * table).sum(axis=0) / weight.sum(axis=0)
        table -= columns
        left = np.abs(rows).max() + np.abs(columns).max()
    return table


# ---- Shapley values


def hybrids(score: Score, row: pd.DataFrame, background: pd.DataFrame) -> dict[frozenset, np.ndarray]:
    """Coalition of columns -> (k,) mean score of the background rows with these columns from `row`: all coalitions."""
    columns, n = list(row.columns), len(background)
    coalitions = [frozenset(c for i, c in enumerate(columns) if code >> i & 1) for code in range(2 ** len(columns))]
    rows = pd.concat([background] * len(coalitions), ignore_index=True)
    for column in columns:
        inside = np.repeat([column in coalition for coalition in coalitions], n)
        cells = rows[column].astype(object)
        cells[inside] = row[column].iloc[0]
        rows[column] = cells.astype(row[column].dtype)
    return dict(zip(coalitions, score(rows).reshape(len(coalitions), n, -1).mean(axis=1), strict=True))


def shapley(score: Score, row: pd.DataFrame, background: pd.DataFrame) -> np.ndarray:
    """(columns, k) by Shapley's formula (1953): over all coalitions without the player, averaged over background rows."""
    columns, worth = list(row.columns), hybrids(score, row, background)
    d, values = len(columns), []
    for player in columns:
        value = 0
        for coalition in worth:
            if player not in coalition:
                s = len(coalition)
                weight = math.factorial(s) * math.factorial(d - s - 1) / math.factorial(d)
                value = value + weight * (worth[coalition | {player}] - worth[coalition])
        values.append(value)
    return np.array(values)
