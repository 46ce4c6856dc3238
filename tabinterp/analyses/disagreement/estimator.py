"""Disagreement between the models: on which rows they differ, which model is right, and a tree that describes these rows.

The analysis uses the held-out rows. If the target is a class, the models differ on a row if they predict different classes. With
two classes, the predicted class depends on the threshold. For numbers and counts, the models are said to differ on the 10% of
rows with the largest distance between the two predictions. A model is right if it predicts the actual class. For numbers and
counts, the model with the closer prediction is right, and neither is right if both predictions are equally close. Shares have
Wilson intervals (1927), with Kish's effective number (1965) if rows are weighted.

A decision tree of depth at most three (Breiman et al. 1984) is fitted to half of the rows, selected by hash. It uses the original
columns to separate rows on which the models differ from all other rows. The tree is evaluated on the other half. The results are
AUC and balanced accuracy, with bootstrap intervals over rows (or groups of rows). For each leaf, the share of rows on which the
models differ is also reported. Leaves with fewer than ten rows in either half are not shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.tree import DecisionTreeClassifier

from tabinterp.analyses.clustered_means import share_of
from tabinterp.analyses.context import Context
from tabinterp.analyses.performance.estimator import (
    FEWEST,
    RESAMPLES,
    Estimate,
    discordance,
    groups,
    interval,
    predicted_classes,
    resampled,
)
from tabinterp.analyses.settings import THRESHOLD
from tabinterp.arrays import FloatArray, IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel
from tabinterp.network.encoder import level_encoder
from tabinterp.stats.wilson_interval import wilson
from tabinterp.table import Table
from tabinterp.table.class_counts import require_events
from tabinterp.table.folds import folds
from tabinterp.table.rounding import Rounding
from tabinterp.table.suppression import SMALL, countless

from .record import DEPTH

TOP = 0.1  # for numbers and counts, the models differ on this share of rows: those with the most distant predictions
SMALLEST = 10  # minimum number of rows of a leaf that is shown
MISSING, RARE = ("nan", "None", "<NA>"), "infrequent_sklearn"  # level names used by scikit-learn


@dataclass(frozen=True)
class Condition:
    """One condition that the rows of a leaf meet.

    The kinds "at_most" and "above" refer to `threshold`, and the kinds "is" and "is_not" refer to `level`.
    """

    column: str
    kind: Literal["at_most", "above", "is", "is_not", "missing", "present", "rare", "not_rare"]
    threshold: float | None = None
    level: str | None = None


@dataclass(frozen=True)
class Leaf:
    """One leaf of the tree. All counts refer to the half of the rows on which the tree is evaluated.

    `rows` is the number of rows in the leaf, and the models differ on `differ` of these rows. `share` is the (weighted) share of
    rows on which they differ, with an interval from `low` to `high`.
    """

    conditions: tuple[Condition, ...]
    rows: int
    differ: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Tree:
    """A decision tree that describes on which rows the models differ.

    `rows` is the size of the evaluation half, and the models differ on `differ` of these rows. `leaves` contains the leaves that
    are shown, in descending order of the share of rows on which the models differ. If this share would reveal a count of 1 to 9
    rows, the leaf comes after all others. Such leaves are sorted by size, largest first. `hidden` is the total number of rows in
    leaves that are not shown.
    """

    leaves: tuple[Leaf, ...]
    hidden: int
    fitted_rows: int
    rows: int
    auc: Estimate
    balanced_accuracy: Estimate
    differ: int


@dataclass(frozen=True)
class Disagreement:
    """The held-out rows on which the models differ, and which model is right on these rows.

    The models differ on `count` of `rows` rows (the differing rows). Each share is a tuple (share, low, high). All shares except
    `share` are NaN if the models differ on fewer than ten rows. `right` contains three numbers of differing rows: those on which
    the network is right, those on which the linear model is right, and those on which neither is.

    `higher` is the share of differing rows on which the network predicts the positive class (two classes) or the larger value
    (numbers and counts), and `higher_count` is the number of such rows. Both are None for more than two classes.

    For numbers and counts, `threshold` is the smallest distance between predictions that counts as a difference, in units of the
    target. For two classes, `cut` is the probability above which a row is predicted positive.
    """

    rows: int
    count: int
    share: tuple[float, float, float]
    network_right: tuple[float, float, float]
    linear_right: tuple[float, float, float]
    neither: tuple[float, float, float]
    right: tuple[int, int, int]
    threshold: float | None
    tree: Tree | None
    seed: int
    cut: float | None = None
    # for classes: the smallest and largest value of `count` that a reader cannot rule out, if `count` itself would reveal 1 to 9
    # rows; None if `count` may be shown
    possible: tuple[int, int] | None = None
    margins_told: bool = True  # whether numbers that can be calculated from the confusion matrices may be shown
    positive: str | None = None  # the positive class, if there are two classes
    higher: tuple[float, float, float] | None = None
    higher_count: int | None = None
    plain: bool = True  # whether all rows have the same weight and there are no groups


def disagreement(
    network: BoundModel, linear: BoundModel, *, threshold: float = THRESHOLD, seed: int = 0
) -> Disagreement:
    """Compare the decisions of two models on the held-out rows of the table that both are bound to.

    If there are two classes, a row is predicted positive if its probability is above `threshold`.

    Raises
    ------
    NotApplicableError
        If it is unknown which rows were held out, if a class has too few events to determine which model is right, if rows come
        in too few groups, or if the two models predict equal numbers for at least 90% of the rows.
    """
    if network.table.held_out is None:
        raise NotApplicableError(
            why("who is right is seen on rows that the models were not trained on, and none are known")
        )
    rows = np.flatnonzero(network.table.held_out)
    network, linear = network.take(rows), linear.take(rows)
    table = network.table
    if table.group_count is not None and table.group_count < FEWEST:
        raise NotApplicableError(why("disagreement.groups", least=FEWEST, groups=table.group_count))
    require_events(table, "held_out")
    differ, right, higher, distance = _differences(network, linear, threshold)
    weights, group = table.row_weights, table.groups
    there = None if group is None else group[differ]
    sides = (*right, ~(right[0] | right[1]))
    both = np.stack([network.scores, linear.scores])
    found = discordance(both, table, threshold) if table.schema.goal.classes else None
    return Disagreement(
        rows=len(table),
        count=int(differ.sum()),
        share=_share(differ, weights, group),
        network_right=_share(right[0][differ], weights[differ], there, FEWEST),
        linear_right=_share(right[1][differ], weights[differ], there, FEWEST),
        neither=_share(sides[2][differ], weights[differ], there, FEWEST),
        right=(int(sides[0][differ].sum()), int(sides[1][differ].sum()), int(sides[2][differ].sum())),
        threshold=distance,
        tree=_tree(differ, weights, network, linear, seed),
        seed=seed,
        cut=threshold if table.schema.task == "binary" else None,
        possible=None if found is None else found.possible,
        margins_told=found is None or found.margins_told,
        positive=table.schema.labels[-1] if table.schema.task == "binary" else None,
        higher=None if higher is None else _share(higher[differ], weights[differ], there, FEWEST),
        higher_count=None if higher is None else int(higher[differ].sum()),
        plain=group is None and table.weights is None,
    )


def _differences(
    network: BoundModel, linear: BoundModel, cut: float
) -> tuple[Any, tuple[Any, Any], Any | None, float | None]:
    """Return masks (n,) of the rows on which the models differ, and of the rows on which each model is right.

    The third result is a mask of the rows on which the network's prediction is higher than the linear model's (None for more than
    two classes). The fourth result is the smallest distance between predictions that counts as a difference (None for classes).
    """
    table, both = network.table, np.stack([network.scores, linear.scores])
    if table.schema.goal.classes:
        labels = predicted_classes(both, cut)
        differ = labels[0] != labels[1]
        higher = labels[0] > labels[1] if table.schema.task == "binary" else None
        return differ, (labels[0] == table.y, labels[1] == table.y), higher, None
    values = np.exp(both[..., 0]) if table.schema.task == "count" else both[..., 0]
    distance, miss = np.abs(values[0] - values[1]), np.abs(values - table.y)
    threshold = float(np.quantile(distance, 1 - TOP))
    if not threshold > 1e-9 * float(np.abs(values).max()):
        raise NotApplicableError(why("the two models predict the same in nine of ten rows or more"))
    return distance >= threshold, (miss[0] < miss[1], miss[1] < miss[0]), values[0] > values[1], threshold


def _share(hit: Any, weights: FloatArray, groups: IntArray | None, fewest: int = 1) -> tuple[float, float, float]:
    if len(hit) < fewest or weights.sum() == 0:
        return np.nan, np.nan, np.nan
    if groups is not None:
        value, _, low, high = share_of(hit, weights, groups)
        return value, low, high
    share = float(np.average(hit, weights=weights))
    low, high = wilson(share, float(weights.sum() ** 2 / (weights**2).sum()))
    return share, float(low), float(high)


# ---- the tree


def _tree(differ: Any, weights: FloatArray, network: BoundModel, linear: BoundModel, seed: int) -> Tree | None:
    """Return the tree, or None if there is no tree to show.

    There is no tree if either half of the rows has too few rows on which the models differ, or too few on which they agree. There
    is also none if the second half has too few groups of rows, if no column separates the two kinds of rows, or if the AUC has no
    bootstrap interval.
    """
    table = network.table
    scored = folds(table, seed + 2, 2) == 1
    halves = [np.flatnonzero(half & (weights > 0)) for half in (~scored, scored)]
    few = any(min(differ[rows].sum(), (~differ[rows]).sum()) < SMALLEST for rows in halves)
    if few or len(np.unique(groups(table)[halves[1]])) < FEWEST:
        return None
    fit, score = halves
    read = {c for bound in (network, linear) for c in bound.columns if len(bound.encoding.blocks[c])}
    names = [c for c in table.schema.inputs if c in read]
    encoder, meaning = _encoder(table, names, fit)
    model = DecisionTreeClassifier(
        max_depth=DEPTH, min_samples_leaf=SMALLEST, class_weight="balanced", random_state=seed
    )
    encoded = encoder.transform(table.inputs.iloc[fit])
    model.fit(encoded, differ[fit], sample_weight=weights[fit])
    edges = _edges(model.tree_, table, meaning, fit)
    model.fit(_coded(encoded, edges), differ[fit], sample_weight=weights[fit])
    if model.tree_.node_count == 1:
        return None
    at = model.apply(_coded(encoder.transform(table.inputs.iloc[score]), edges))
    leaves, at = np.unique(at, return_inverse=True)
    risk = model.tree_.value[leaves, 0, 1] / model.tree_.value[leaves, 0].sum(axis=1)
    auc, balanced = _scored_told(at, risk, differ[score], table.take(score), weights[score], seed)
    if not np.isfinite(auc).all():  # in some resamples of groups, the models differ on all rows or on none
        return None
    paths = _paths(model.tree_, meaning, edges)
    shown, hidden = [], 0
    for i, leaf in enumerate(leaves):
        inside = at == i
        if inside.sum() < SMALLEST:
            hidden += int(inside.sum())
            continue
        together = None if table.groups is None else table.groups[score][inside]
        share = _share(differ[score][inside], weights[score][inside], together)
        shown.append(Leaf(paths[int(leaf)], int(inside.sum()), int(differ[score][inside].sum()), *share))
    shown.sort(key=_place)
    return Tree(tuple(shown), hidden, len(fit), len(score), auc, balanced, int(differ[score].sum()))


def _place(leaf: Leaf) -> tuple[bool, float]:
    """Return the sort key of a leaf. The key must use only numbers that may be shown."""
    few = countless(leaf.differ, leaf.rows)
    return few, -leaf.rows if few else -leaf.share


Meaning = tuple[
    str, str | None
]  # original column and level of an encoded column; the level is None for a number and "" for missing values


def _encoder(table: Table, names: list[str], rows: IntArray) -> tuple[ColumnTransformer, list[Meaning]]:
    """Return an encoder and, for each encoded column, its original column and level. Numbers are not scaled."""
    frame = table.inputs.iloc[rows]
    blocks: list[tuple[str, Any, list[str]]] = []
    for i, name in enumerate(names):
        number = table.schema[name].kind == "numeric"
        own = (
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
            if number
            else level_encoder()
        )
        blocks.append((str(i), own, [name]))
    encoder = ColumnTransformer(blocks, sparse_threshold=0).fit(frame[names])
    meaning: list[Meaning] = []
    for label, _, (name,) in blocks:
        place = encoder.output_indices_[label]
        fitted = encoder.named_transformers_[label]
        if isinstance(fitted, SimpleImputer):
            meaning += [(name, None), (name, "")][: place.stop - place.start]
        else:
            levels = (str(output)[len(name) + 1 :] for output in fitted.get_feature_names_out())  # "column_level"
            meaning += [(name, "" if level in MISSING else level) for level in levels]
    return encoder, meaning


Edges = dict[int, list[float]]  # for each encoded numeric column, the values at which the tree may split


def _edges(tree: Any, table: Table, meaning: list[Meaning], rows: IntArray) -> Edges:
    """Return the thresholds of a tree, rounded to avoid revealing the value of an individual row."""
    made = {}
    for place, (name, level) in enumerate(meaning):
        if level is None:
            x = table.numeric(name)[rows]
            made[place] = Rounding(x).edges(tree.threshold[tree.feature == place])
    return made


def _coded(encoded: FloatArray, edges: Edges) -> FloatArray:
    """Return the encoded rows with each number replaced by the number of edges below it.

    The new value is at most k if the original number is at most edge k.
    """
    made = np.array(encoded, dtype=np.float64)
    for place, cuts in edges.items():
        made[:, place] = np.searchsorted(cuts, made[:, place])
    return made


def _scored_told(
    at: IntArray, risk: FloatArray, differ: Any, table: Table, weights: FloatArray, seed: int
) -> tuple[Estimate, Estimate]:
    """Return AUC and balanced accuracy that do not reveal leaves in which the models differ or agree on 1 to 9 rows.

    For the estimates, each count from 1 to 9 is replaced by 5. In the best and the worst case, each of these counts is replaced
    by 1 or 9. Each interval is then widened to contain the intervals of the best and the worst case.
    """
    few = _leaves_of_few(differ, at)
    if not len(few):
        return _scored(at, risk, differ, table, weights, seed)
    middle = np.full(len(risk), 5)
    corners = np.tile(middle, (2 ** len(few), 1))
    corners[:, few] = list(product((1, SMALL - 1), repeat=len(few)))
    points = np.array([_powers(at, risk, _as_if(differ, at, one), weights) for one in corners])
    ends = {int(i) for i in (*np.nanargmin(points, axis=0), *np.nanargmax(points, axis=0))}
    made = [
        _scored(at, risk, _as_if(differ, at, one), table, weights, seed) for one in (middle, *corners[sorted(ends)])
    ]
    auc, balanced = (
        (*values[0][:2], min(one[2] for one in values), max(one[3] for one in values))
        for values in zip(*made, strict=True)
    )
    return auc, balanced


def _leaves_of_few(differ: Any, at: IntArray) -> IntArray:
    """Return the leaves in which the models differ on one to nine rows, or agree on one to nine rows."""
    sizes = np.bincount(at)
    hits = np.bincount(at, differ).astype(np.int64)
    return np.flatnonzero([countless(int(some), int(size)) for some, size in zip(hits, sizes, strict=True)])


def _as_if(differ: Any, at: IntArray, few: IntArray) -> Any:
    """Return the mask `differ` (n,), changed so that the small counts of leaves are replaced with assumed counts.

    `few` (leaves,) contains an assumed count for each leaf. If the models differ on one to nine rows of a leaf, they are assumed
    to differ on `few` of its rows instead. If they agree on one to nine rows of a leaf, they are assumed to differ on (size of
    the leaf - 10 + `few`) of its rows.
    """
    made = differ.copy()
    for leaf in np.unique(at):
        inside = np.flatnonzero(at == leaf)
        hits = int(differ[inside].sum())
        if not countless(hits, len(inside)):
            continue
        wanted = min(int(few[leaf]), len(inside) - 1)
        if hits >= SMALL:
            wanted = len(inside) - SMALL + wanted
        more = wanted > hits
        made[inside[differ[inside] != more][: abs(wanted - hits)]] = more
    return made


def _scored(
    at: IntArray, risk: FloatArray, differ: Any, table: Table, weights: FloatArray, seed: int
) -> tuple[Estimate, Estimate]:
    """Return AUC and balanced accuracy of a tree, with bootstrap intervals over rows or groups of rows."""
    drawn = np.array([_powers(at, risk, differ, w) for w in resampled(weights, groups(table), RESAMPLES, seed)])
    values, units = _powers(at, risk, differ, weights), table.group_count
    auc, balanced = (interval(value, drawn[:, i], units, 0.0, 1.0) for i, value in enumerate(values))
    return auc, balanced


def _powers(at: IntArray, risk: FloatArray, differ: Any, w: FloatArray) -> tuple[float, float]:
    """Return AUC and balanced accuracy of a tree for the row weights `w` (n,).

    `at` (n,) is the leaf of each row, and `risk` (leaves,) is the prediction of the tree in each leaf.
    """
    risks, rank = np.unique(risk, return_inverse=True)
    place, above = rank[at], risks > 0.5
    p, n = np.bincount(place, w * differ, len(risks)), np.bincount(place, w * ~differ, len(risks))
    if p.sum() == 0 or n.sum() == 0:
        return np.nan, np.nan
    p, n = p / p.sum(), n / n.sum()
    return float(p @ (np.cumsum(n) - 0.5 * n)), float((p[above].sum() + n[~above].sum()) / 2)


def _paths(tree: Any, meaning: list[Meaning], edges: Edges) -> dict[int, tuple[Condition, ...]]:
    """Return the conditions of each leaf, without redundant ones."""
    found: dict[int, tuple[Condition, ...]] = {}

    def walk(node: int, path: tuple[Condition, ...]) -> None:
        if tree.children_left[node] < 0:
            found[node] = _shortened(path)
            return
        column, level = meaning[tree.feature[node]]
        if level is None:
            at = edges[tree.feature[node]][int(tree.threshold[node])]
            low, high = Condition(column, "at_most", threshold=at), Condition(column, "above", threshold=at)
        elif level == "":
            low, high = Condition(column, "present"), Condition(column, "missing")
        elif level == RARE:
            low, high = Condition(column, "not_rare"), Condition(column, "rare")
        else:
            low, high = Condition(column, "is_not", level=level), Condition(column, "is", level=level)
        walk(tree.children_left[node], (*path, low))
        walk(tree.children_right[node], (*path, high))

    walk(0, ())
    return found


def _shortened(path: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Return the conditions without redundant ones.

    Of several upper bounds on a column, or several lower bounds, only the last is kept, because it is the tightest. An "is"
    condition makes all other conditions on the column redundant.

    Conditions on the same column are listed together, at the position of the first condition on this column.
    """
    kept: list[Condition] = []
    for condition in path:
        kept = [
            other
            for other in kept
            if other.column != condition.column
            or not (other.kind == condition.kind in ("at_most", "above") or condition.kind == "is")
        ]
        kept.append(condition)
    columns = list(dict.fromkeys(condition.column for condition in path))
    return tuple(sorted(kept, key=lambda condition: columns.index(condition.column)))


def run(context: Context) -> Disagreement:
    """Compare the decisions of both models of an audit."""
    return disagreement(context.network, context.linear, threshold=context.threshold, seed=context.seed)
