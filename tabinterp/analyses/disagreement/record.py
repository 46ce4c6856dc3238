"""Where the two models differ, who is right there, and what sets these rows apart, in words.

Columns are only said to set the rows apart, and the rules of the tree only shown, where its held-out AUC is above chance with
its whole 95% interval. No share is told with which fewer than ten rows could be counted: of rows that differ, or do not, or on
which one model is right.
"""

from __future__ import annotations

import numpy as np

from tabinterp.analyses import compared_types as parts
from tabinterp.analyses.performance.estimator import FEWEST
from tabinterp.analyses.results import Results, interval
from tabinterp.document.document import Interval, Message
from tabinterp.table.suppression import countless, parts_shown

from .estimator import DEPTH, Condition, Disagreement, Leaf, Tree

CHANCE = 0.5


def disagreement(r: Results) -> parts.Disagreement | None:
    if r.disagreement is None:
        return None
    found, tree = r.disagreement, r.disagreement.tree
    resolved = _resolved(tree)
    leaves, hidden = _leaves(tree) if tree is not None and resolved else ([], 0)
    told, right = not countless(found.count, found.rows), not _hushed(found)
    part = parts.Disagreement(
        rows=found.rows,
        count=found.count if told else None,
        share=_share(found.share) if told else Interval(),
        network_right=_share(found.network_right) if right else Interval(),
        linear_right=_share(found.linear_right) if right else Interval(),
        neither=_share(found.neither) if right else Interval(),
        threshold=found.threshold,
        decision_threshold=found.cut,
        sentences=[],
        auc=Interval() if tree is None else interval(*tree.auc),
        balanced_accuracy=Interval() if tree is None else interval(*tree.balanced_accuracy),
        fitted_rows=None if tree is None else tree.fitted_rows,
        scored_rows=None if tree is None else tree.rows,
        hidden_rows=hidden,
        leaves=leaves,
    )
    return part.model_copy(update={"sentences": disagreement_sentences(part, r.linear.model.name)})


def disagreement_sentences(part: parts.Disagreement, linear: str) -> list[Message]:
    """Return what the numbers say: in how many rows the models differ, who is right there, whether a tree sets them apart."""
    return [_how_many(part), _who(part, linear), _apart(part)]


def _hushed(found: Disagreement) -> bool:
    """Is one model, or neither, right on one to nine of the rows that differ, or on all but as many?"""
    untold = not np.isfinite([found.network_right, found.linear_right, found.neither]).all()  # of too few groups
    return untold or found.count < FEWEST or any(countless(one, found.count) for one in found.right)


def _leaves(tree: Tree) -> tuple[list[parts.Leaf], int]:
    """Leaves whose number of rows may be told, and how many rows the others have."""
    told = parts_shown([*(leaf.rows for leaf in tree.leaves), tree.hidden])[:-1]
    open_ = [leaf for leaf, one in zip(tree.leaves, told, strict=True) if one]
    return [_leaf(leaf) for leaf in open_], tree.rows - sum(leaf.rows for leaf in open_)


def _resolved(tree: Tree | None) -> bool:
    return tree is not None and tree.auc[2] > CHANCE


def _share(found: tuple[float, float, float]) -> Interval:
    value, low, high = found
    return interval(value, None, low, high)


def _percent(name: str, share: Interval) -> dict[str, float | None]:
    ends = {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
    return {part: None if end is None else 100 * end for part, end in ends.items()}


def _how_many(part: parts.Disagreement) -> Message:
    if part.count is None:
        return Message(key="disagreement.few", values={"rows": part.rows, "fewest": FEWEST})
    values = {"count": part.count, "rows": part.rows, **_percent("percent", part.share)}
    if part.threshold is None:
        return Message(key="disagreement.classes", values=values)
    return Message(key="disagreement.numbers", values=values | {"threshold": part.threshold})


def _who(part: parts.Disagreement, linear: str) -> Message:
    if part.network_right.value is None:
        return Message(key="disagreement.right.few", values={"fewest": FEWEST})
    values = {"model": linear, **_percent("network", part.network_right), **_percent("linear", part.linear_right)}
    if part.neither.value == 0:
        return Message(key="disagreement.right", values=values)
    return Message(key="disagreement.right.neither", values=values | _percent("neither", part.neither))


def _apart(part: parts.Disagreement) -> Message:
    if part.fitted_rows is None:
        return Message(key="disagreement.tree.none")
    auc = part.auc
    values = {"depth": DEPTH, "rows": part.scored_rows, "value": auc.value, "low": auc.low, "high": auc.high}
    if auc.low is None or auc.low <= CHANCE:
        return Message(key="disagreement.tree.open", values=values)
    return Message(key="disagreement.tree.apart", values=values | {"balanced": part.balanced_accuracy.value})


def _leaf(leaf: Leaf) -> parts.Leaf:
    return parts.Leaf(
        conditions=[_condition(c) for c in leaf.conditions],
        rows=leaf.rows,
        share=Interval() if countless(leaf.differ, leaf.rows) else interval(leaf.share, None, leaf.low, leaf.high),
    )


def _condition(condition: Condition) -> Message:
    values: dict[str, str | float] = {"column": condition.column}
    if condition.threshold is not None:
        values["threshold"] = condition.threshold
    if condition.level is not None:
        values["level"] = condition.level
    return Message(key=f"condition.{condition.kind}", values=values)
