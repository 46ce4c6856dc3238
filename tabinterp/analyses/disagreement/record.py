"""Disagreement in the audit document: rows on which the models differ, which model is right, and a tree that describes them.

The rules of the tree are shown only if the whole 95% interval of the tree's held-out AUC is above chance. A share is withheld if
it would reveal that the models differ on fewer than ten rows, that they agree on fewer than ten rows, or that a model is right on
fewer than ten of the rows on which they differ.
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
from tabinterp.table.suppression import SMALL, countless, few_possible, parts_shown

from . import ANALYSIS

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .estimator import Condition, Tree
    from .estimator import Disagreement as DisagreementResult
    from .estimator import Leaf as LeafResult

CHANCE = 0.5
DEPTH = 3  # maximum depth of the tree
RIGHT = ("network_right", "linear_right", "neither")  # shares of the rows on which the models differ


class Leaf(Part):
    conditions: list[Message]
    rows: int  # at least ten
    share: Interval  # share of rows on which the models differ; empty if they differ, or agree, on one to nine rows


class Disagreement(Part):
    rows: int
    # Number of rows on which the models differ. It is None if it would reveal one to nine rows on which the models differ or
    # agree, or on which only one model is right or predicts the positive class. Shares are then computed from the confusion
    # matrices, or are missing.
    count: int | None
    share: Interval
    network_right: Interval  # share of the differing rows; empty if it would reveal one to nine rows
    linear_right: Interval
    neither: Interval
    # Share of the differing rows on which the network predicts the positive class or the larger value. It is empty for more than
    # two classes, or if one to nine rows are on one side.
    network_higher: Interval = Interval()
    # the model with the higher prediction on all but one to nine of the differing rows
    nearly_always_higher: Literal["network", "linear"] | None = None
    threshold: float | None  # for numbers and counts: the smallest distance that counts as a difference
    # for two classes: the probability above which a row is predicted positive
    decision_threshold: float | None = None
    sentences: list[Message]
    auc: Interval  # AUC of a tree that separates differing rows from all others, on the evaluation half; chance is 0.5
    balanced_accuracy: Interval
    fitted_rows: int | None  # None if there are too few rows for a tree
    scored_rows: int | None
    hidden_rows: int  # rows in leaves that are not shown, because they have or would reveal fewer than ten rows
    leaves: list[Leaf]  # empty unless the AUC is above chance

    def check_claims(self, document: Document) -> None:
        """Check that rules are given only if the tree is better than chance, and that no leaf has fewer than ten rows."""
        apart = bool(self.leaves) or any(told.key == "disagreement.tree.apart" for told in self.sentences)
        if apart and not (self.auc.low is not None and self.auc.low > CHANCE):
            raise DocumentError(
                "disagreement contains rules of a decision tree, but rules are allowed only if the AUC of the tree is "
                "significantly above chance."
            )
        if any(leaf.rows < SMALL for leaf in self.leaves):
            raise DocumentError(
                f"disagreement.leaves contains a leaf with fewer than {SMALL} rows, but every leaf must have at least {SMALL} "
                "rows."
            )

    def sentences_follow(self, document: Document) -> bool:
        positive = document.data.classes[-1] if document.data.task == "binary" else None
        return self.sentences == disagreement_sentences(self, document.linear.name, positive)

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        yield used_rows("disagreement", "both", self.rows, evaluated(document), document.method.seed)


def build(r: Results) -> Disagreement | None:
    """Return the results on disagreement between the models, or None if they were not computed."""
    result = r[ANALYSIS]
    if result is None:
        return None
    tree = result.tree if result.tree is not None and _tree_told(result, result.tree) else None
    resolved = _resolved(tree)
    leaves, hidden = _leaves(tree) if tree is not None and resolved else ([], 0)
    shares = dict.fromkeys(("share", *RIGHT), Interval())
    shares |= _told(result) if result.possible is None else _possible(result, *result.possible)

    part = fill(
        Disagreement,
        result,
        count=None if result.possible is not None or countless(result.count, result.rows) else result.count,
        **shares,
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
    """Return the sentences about disagreement.

    The sentences state on how many rows the models differ and in which direction, which model is right, and whether a tree
    describes these rows. `positive` is the positive class if there are two classes, and None otherwise.
    """
    return [_how_many(part), *_which_way(part, linear, positive), _who(part, linear), _apart(part)]


def _told(result: DisagreementResult) -> dict[str, Any]:
    """Return the shares as fields of the record; empty if the number of differing rows may not be shown."""
    if countless(result.count, result.rows):
        return {}
    found: dict[str, Any] = {"share": _share(result.share)}
    if not _right_withheld(result):
        found |= {name: _share(getattr(result, name)) for name in RIGHT}
    if result.margins_told:
        found["network_higher"], found["nearly_always_higher"] = _which_is_higher(result)
    return found


def _possible(result: DisagreementResult, least: int, most: int) -> dict[str, Any]:
    """Return the shares if only a range for the number of differing rows, from `least` to `most`, may be shown.

    The shares are computed from the confusion matrices only, and are reported only if these matrices are shown. Each share is
    computed for the middle of the range and rounded to two digits. The interval of a share covers the Wilson intervals for all
    possible numbers of differing rows in the range.

    If rows have weights or groups, or if there are more than two classes, only the share of differing rows is reported, without
    an interval. The true share is then multiplied by the middle of the range and divided by the true number of differing rows.
    """
    if not result.margins_told or few_possible((least, most), result.rows):
        return {}
    if not result.plain or result.higher_count is None:
        moved = result.share[0] * (least + most) / 2 / result.count
        return {"share": interval(_rough(moved), None, None, None)}
    # each step of two adds one row on which the network is right and one row on which it is wrong
    counts = range(least, most + 1, 2)
    found: dict[str, Any] = {"share": _over([(count, result.rows) for count in counts])}
    right = _side(counts, result.right[0] - result.right[1])
    if min(min(up, of - up) for up, of in right) >= SMALL:
        others, none = [(of - up, of) for up, of in right], [(0, of) for _, of in right]
        found |= dict(zip(RIGHT, map(_over, (right, others, none)), strict=True))
    higher = _side(counts, 2 * result.higher_count - result.count)
    fewest = [min(up, of - up) for up, of in higher]
    if min(fewest) >= SMALL:
        found["network_higher"] = _over(higher)
    elif max(fewest) < SMALL and least >= 2 * SMALL:
        up, of = higher[0]
        found["nearly_always_higher"] = "network" if 2 * up > of else "linear"
    return found


def _side(counts: range, surplus: int) -> list[tuple[int, int]]:
    """Return a pair (part, count) for each possible number `count` of differing rows.

    `part` is the number of these rows on which the network is right (or its prediction is higher). It is assumed to exceed the
    corresponding number for the linear model by `surplus`.
    """
    return [((count + surplus) // 2, count) for count in counts]


def _over(quotients: list[tuple[int, int]]) -> Interval:
    """Combine the possible values of a share, each given as a numerator and a denominator.

    The result is the mean numerator divided by the mean denominator, rounded to two digits. Its interval covers the Wilson
    intervals of all possible values.
    """
    ends = [wilson(hits / of, of) for hits, of in quotients]
    middle = [sum(one) / len(quotients) for one in zip(*quotients, strict=True)]
    return interval(_rough(middle[0] / middle[1]), None, _rough(min(ends)[0]), _rough(max(high for _, high in ends)))


def _rough(share: float) -> float:
    return float(f"{share:.2g}")


def _right_withheld(result: DisagreementResult) -> bool:
    """Return whether the shares of correct predictions on the differing rows must be withheld.

    The differing rows are divided into three sets: those on which the network, the linear model, or neither model is right. The
    shares are withheld if any of these sets contains one to nine rows, or all of the differing rows except one to nine. They are
    also withheld if the models differ on fewer than ten rows, or if a share could not be computed.
    """
    too_few_groups = not np.isfinite([result.network_right, result.linear_right, result.neither]).all()  # no shares
    return too_few_groups or result.count < SMALL or any(countless(count, result.count) for count in result.right)


def _which_is_higher(result: DisagreementResult) -> tuple[Interval, Literal["network", "linear"] | None]:
    """Return the share of differing rows on which the network's prediction is higher.

    If one model has the higher prediction on all but one to nine of these rows, the share is withheld. If there are at least 20
    differing rows, the name of that model is returned instead.
    """
    if result.higher is None or result.higher_count is None or not np.isfinite(result.higher).all():
        return Interval(), None
    if not countless(result.higher_count, result.count):
        return _share(result.higher), None
    if result.count < 2 * SMALL:  # too few rows to say that nearly all of them are on one side
        return Interval(), None
    return Interval(), "linear" if result.higher_count < SMALL else "network"


def _tree_told(result: DisagreementResult, tree: Tree) -> bool:
    """Return whether the numbers of a tree may be shown.

    These numbers reveal the number of rows in the evaluation half on which the models differ. They must not narrow the range
    that is shown for the number of differing rows in both halves together. For every number in this range, the half used for
    fitting must therefore contain at least ten rows on which the models differ, and at least ten on which they agree.
    """
    if result.possible is None:
        return True
    least, most = result.possible
    return tree.differ + SMALL <= least and most <= tree.differ + tree.fitted_rows - SMALL


def _leaves(tree: Tree) -> tuple[list[Leaf], int]:
    """Return the leaves for which the number of rows may be shown, and the total number of rows in all other leaves."""
    shown = parts_shown([*(leaf.rows for leaf in tree.leaves), tree.hidden])[:-1]
    shown_leaves = [leaf for leaf, is_shown in zip(tree.leaves, shown, strict=True) if is_shown]
    return [_leaf(leaf) for leaf in shown_leaves], tree.rows - sum(leaf.rows for leaf in shown_leaves)


def _resolved(tree: Tree | None) -> bool:
    return tree is not None and tree.auc[2] > CHANCE


def _share(share: tuple[float, float, float]) -> Interval:
    value, low, high = share
    return interval(value, None, low, high)


def _percent(name: str, share: Interval) -> dict[str, float | None]:
    ends = {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
    return {part: None if end is None else round(100 * end, 9) for part, end in ends.items()}


def _how_many(part: Disagreement) -> Message:
    if part.share.value is None:
        return Message(key="disagreement.few", values={"rows": part.rows, "fewest": SMALL})
    if part.count is None:
        if part.share.low is None:
            about: dict[str, Any] = {"rows": part.rows, "percent": 100 * part.share.value}
            return Message(key="verdict.labels.about", values=about)
        about = {"rows": part.rows, **_percent("percent", part.share)}
        return Message(key="disagreement.classes.about", values=about)
    values = {"count": part.count, "rows": part.rows, **_percent("percent", part.share)}
    if part.threshold is None:
        return Message(key="disagreement.classes", values=values)
    return Message(key="disagreement.numbers", values=values | {"threshold": part.threshold})


def _which_way(part: Disagreement, linear: str, positive: str | None) -> list[Message]:
    """Return a sentence on the share of differing rows on which the network predicts the positive class or the larger value, if
    this share may be shown.
    """
    kind = "larger" if positive is None else "positive"
    values: dict[str, Any] = {} if positive is None else {"label": positive, "model": linear}
    if part.network_higher.value is not None:
        about = ".about" if part.count is None else ""
        return [Message(key=f"disagreement.{kind}{about}", values=values | _percent("percent", part.network_higher))]
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
