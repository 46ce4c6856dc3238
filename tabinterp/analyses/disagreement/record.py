"""Disagreement in the document: the rows on which the models differ, which model is right, and the tree that describes
them.

Columns are only said to set these rows apart, and the rules of the tree are only shown, where the tree's held-out AUC is above
chance with its whole 95% interval. No share is given from which fewer than ten rows could be counted: of rows that differ, or do
not, or on which one model is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tabinterp.analyses.record_values import fill, interval
from tabinterp.document.base import Interval, Message, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows
from tabinterp.errors import DocumentError
from tabinterp.stats.wilson_interval import wilson
from tabinterp.table.suppression import SMALL, blurred, countless, parts_shown

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import Condition, Tree
    from .estimator import Disagreement as DisagreementResult
    from .estimator import Leaf as LeafResult

CHANCE = 0.5
DEPTH = 3  # of the tree


class Leaf(Part):
    conditions: list[Message]
    rows: int  # ten at least
    share: Interval  # of these rows, those in which the models differ; empty where one to nine do, or do not


class Disagreement(Part):
    rows: int
    # rows in which the models differ; None, and no share, where one to nine do, or do not; None, and shares rounded, where the
    # count would give the one to nine rows on which one model alone predicts the positive class
    count: int | None
    share: Interval
    network_right: Interval  # of the rows that differ; empty where fewer than ten of them are on one side
    linear_right: Interval
    neither: Interval
    # of the rows that differ, those for which the network predicts the positive class or the larger value; empty for more
    # than two classes, and where one to nine rows are on one side
    network_higher: Interval = Interval()
    # the model whose prediction is the higher one on all of these rows but one to nine
    nearly_always_higher: Literal["network", "linear"] | None = None
    threshold: float | None  # of numbers and counts: the distance of predictions from which rows differ
    # of two classes: the probability above which a row is predicted to be positive
    decision_threshold: float | None = None
    sentences: list[Message]
    auc: Interval  # of a tree that tells these rows apart, on rows it was not fitted on; chance is 0.5
    balanced_accuracy: Interval
    fitted_rows: int | None  # None: too few rows for a tree
    scored_rows: int | None
    hidden_rows: int  # in leaves of fewer than ten rows, and those from which these could be reckoned
    leaves: list[Leaf]  # empty unless the AUC is above chance

    def check_claims(self, document: Document) -> None:
        """Check that rules are only given where the tree is better than chance, and none for fewer than ten rows."""
        apart = bool(self.leaves) or any(told.key == "disagreement.tree.apart" for told in self.sentences)
        if apart and not (self.auc.low is not None and self.auc.low > CHANCE):
            raise DocumentError(
                "disagreement contains the rules of a decision tree whose AUC is not significantly above chance. "
                "Expected: no rules."
            )
        if any(leaf.rows < SMALL for leaf in self.leaves):
            raise DocumentError(
                f"disagreement.leaves contains a leaf with fewer than {SMALL} rows. Expected: at least {SMALL} "
                "rows in each leaf."
            )

    def sentences_follow(self, document: Document) -> bool:
        positive = document.data.classes[-1] if document.data.task == "binary" else None
        return self.sentences == disagreement_sentences(self, document.linear.name, positive)

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("disagreement", "both", self.rows, evaluated(document), document.method.seed)


def build(r: Results) -> Disagreement | None:
    """Return where the two models differ; None if not computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    tree = result.tree
    resolved = _resolved(tree)
    leaves, hidden = _leaves(tree) if tree is not None and resolved else ([], 0)
    share_shown, right_shown = not countless(result.count, result.rows), not _right_withheld(result)
    higher, nearly_always = _which_is_higher(result) if share_shown else (Interval(), None)
    # The exact count and the two models' numbers of predicted positives would give the number of the few on one side.
    rough = share_shown and result.positive is not None and countless(result.higher_count or 0, result.count)
    share, sides = _blurred(result) if rough else (_share(result.share), _sides(result))

    part = fill(
        Disagreement,
        result,
        count=result.count if share_shown and not rough else None,
        share=share if share_shown else Interval(),
        network_right=sides[0] if right_shown else Interval(),
        linear_right=sides[1] if right_shown else Interval(),
        neither=sides[2] if right_shown else Interval(),
        network_higher=higher,
        nearly_always_higher=nearly_always,
        decision_threshold=result.cut,
        sentences=[],
        auc=Interval() if tree is None else interval(*tree.auc),
        balanced_accuracy=Interval() if tree is None else interval(*tree.balanced_accuracy),
        fitted_rows=None if tree is None else tree.fitted_rows,
        scored_rows=None if tree is None else tree.rows,
        hidden_rows=hidden,
        leaves=leaves,
    )
    return part.model_copy(update={"sentences": disagreement_sentences(part, r.linear.model.name, result.positive)})


def disagreement_sentences(part: Disagreement, linear: str, positive: str | None) -> list[Message]:
    """Return the sentences about disagreement: in how many rows the models differ and which way, which is right, whether a
    tree describes these rows.

    positive : the positive class of two; None for other tasks.
    """
    return [_how_many(part), *_which_way(part, linear, positive), _who(part, linear), _apart(part)]


def _right_withheld(result: DisagreementResult) -> bool:
    """Return whether one model, or neither, is right on one to nine of the rows that differ, or on all but as many."""
    too_few_groups = not np.isfinite([result.network_right, result.linear_right, result.neither]).all()  # no shares
    return too_few_groups or result.count < SMALL or any(countless(count, result.count) for count in result.right)


def _which_is_higher(result: DisagreementResult) -> tuple[Interval, Literal["network", "linear"] | None]:
    """Return the share of rows on which the network's prediction is the higher one, or the model of which this is true on
    all rows but one to nine.
    """
    if result.higher is None or result.higher_count is None or not np.isfinite(result.higher).all():
        return Interval(), None
    if not countless(result.higher_count, result.count):
        return _share(result.higher), None
    if result.count < 2 * SMALL:  # too few to say that nearly all are on one side
        return Interval(), None
    return Interval(), "linear" if result.higher_count < SMALL else "network"


def _leaves(tree: Tree) -> tuple[list[Leaf], int]:
    """Leaves whose number of rows may be shown, and how many rows the others have."""
    shown = parts_shown([*(leaf.rows for leaf in tree.leaves), tree.hidden])[:-1]
    shown_leaves = [leaf for leaf, is_shown in zip(tree.leaves, shown, strict=True) if is_shown]
    return [_leaf(leaf) for leaf in shown_leaves], tree.rows - sum(leaf.rows for leaf in shown_leaves)


def _resolved(tree: Tree | None) -> bool:
    return tree is not None and tree.auc[2] > CHANCE


def _share(share: tuple[float, float, float]) -> Interval:
    value, low, high = share
    return interval(value, None, low, high)


def _sides(result: DisagreementResult) -> list[Interval]:
    return [_share(one) for one in (result.network_right, result.linear_right, result.neither)]


def _blurred(result: DisagreementResult) -> tuple[Interval, list[Interval]]:
    """Return the shares as if five rows were on the side of the few, to two digits: the share of rows that differ, and of these
    the shares on which the network, the linear model and neither is right.

    Of two classes one model is right wherever they differ. With weights or groups the shares are no quotients of counts, and are
    moved by as much.
    """
    above = result.higher_count or 0
    count = blurred(result.count, min(above, result.count - above))
    right = max(0, min(count, result.right[0] + (count - result.count) // 2))
    sides = (result.network_right, result.right[0], right), (result.linear_right, result.right[1], count - right)
    share = _about(result.share, (result.count, result.rows), (count, result.rows), result.plain)
    shares = [_about(one, (was, result.count), (now, count), result.plain) for one, was, now in sides]
    return share, [*shares, _about(result.neither, (0, result.count), (0, count), result.plain)]


def _about(share: tuple[float, float, float], was: tuple[int, int], now: tuple[int, int], plain: bool) -> Interval:
    """Return a share that was one quotient of counts as if it were another, to two digits."""
    value = now[0] / now[1]
    if plain:
        numbers: tuple[float, ...] = (value, *wilson(value, now[1]))
    else:
        moved = value * was[1] / was[0] if was[0] else 1.0
        numbers = tuple(min(1.0, number * moved) for number in share)
    value, low, high = (float(f"{number:.2g}") for number in numbers)
    return interval(value, None, low, high)


def _percent(name: str, share: Interval) -> dict[str, float | None]:
    ends = {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
    return {part: None if end is None else 100 * end for part, end in ends.items()}


def _how_many(part: Disagreement) -> Message:
    if part.count is None and part.share.value is None:
        return Message(key="disagreement.few", values={"rows": part.rows, "fewest": SMALL})
    if part.count is None:
        about = {"rows": part.rows, **_percent("percent", part.share)}
        return Message(key="disagreement.classes.about", values=about)
    values = {"count": part.count, "rows": part.rows, **_percent("percent", part.share)}
    if part.threshold is None:
        return Message(key="disagreement.classes", values=values)
    return Message(key="disagreement.numbers", values=values | {"threshold": part.threshold})


def _which_way(part: Disagreement, linear: str, positive: str | None) -> list[Message]:
    """Return which of the models predicts the positive class of two, or the larger value, on how many of the rows."""
    kind = "larger" if positive is None else "positive"
    values: dict[str, Any] = {} if positive is None else {"label": positive, "model": linear}
    if part.network_higher.value is not None:
        return [Message(key=f"disagreement.{kind}", values=values | _percent("percent", part.network_higher))]
    if part.nearly_always_higher is not None:
        values = {"model": linear, "fewest": SMALL, **values}
        return [Message(key=f"disagreement.{kind}.{part.nearly_always_higher}", values=values)]
    return []


def _who(part: Disagreement, linear: str) -> Message:
    if part.network_right.value is None:
        return Message(key="disagreement.right.few", values={"fewest": SMALL})
    values = {"model": linear, **_percent("network", part.network_right), **_percent("linear", part.linear_right)}
    if part.neither.value == 0:
        about = ".about" if part.count is None else ""
        return Message(key=f"disagreement.right{about}", values=values)
    return Message(key="disagreement.right.neither", values=values | _percent("neither", part.neither))


def _apart(part: Disagreement) -> Message:
    if part.fitted_rows is None:
        return Message(key="disagreement.tree.none")
    auc = part.auc
    values = {"depth": DEPTH, "rows": part.scored_rows, "value": auc.value, "low": auc.low, "high": auc.high}
    if auc.low is None or auc.low <= CHANCE:
        return Message(key="disagreement.tree.open", values=values)
    return Message(key="disagreement.tree.apart", values=values | {"balanced": part.balanced_accuracy.value})


def _leaf(leaf: LeafResult) -> Leaf:
    return Leaf(
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
