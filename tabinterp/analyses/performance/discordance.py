"""Discordant rows, for which two models predict different classes (McNemar 1947), and what may be told of their number.

From the confusion matrices of both models follows by how many rows more one of them is right, in each class. Their number of
discordant rows then gives how many rows there are on either side: on which one model alone is right, or alone predicts the
positive class. Where 1 to 9 rows are on a side, the number is therefore withheld, and with it the error of every difference in
which it is an input. What stands in its place is made from the confusion matrices alone, and is the same for every number that
is possible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.table.suppression import SMALL, BoolArray, countless

NETWORK, LINEAR, BOTH, NEITHER, SAME = range(5)  # columns of `Discordance.cells`


@dataclass(frozen=True, eq=False)
class Discordance:
    """Rows of each class by which of two models predict it.

    `cells` (classes, 5): the network alone is right, the linear model alone, both, neither (and their classes differ), and
    neither (and their classes are the same). Of two classes the fourth is 0.
    """

    cells: IntArray

    @classmethod
    def of(cls, predicted: IntArray, actual: IntArray, classes: int) -> Discordance:
        """Return the discordance of predicted classes (2, n) of rows of these classes (n,)."""
        first, second = predicted == actual
        same = predicted[0] == predicted[1]
        column = np.select([first & ~second, second & ~first, first, ~same], [NETWORK, LINEAR, BOTH, NEITHER], SAME)
        return cls(np.bincount(actual * 5 + column, minlength=5 * classes).reshape(classes, 5))

    def __add__(self, other: Discordance) -> Discordance:
        """Return the discordance of the rows of both."""
        return Discordance(self.cells + other.cells)

    @property
    def rows(self) -> int:
        return int(self.cells.sum())

    @property
    def count(self) -> int:
        """The number of discordant rows."""
        return int(self.cells[:, [NETWORK, LINEAR, NEITHER]].sum())

    @property
    def only_network(self) -> int:
        """Of two classes, the rows for which the network alone predicts the positive one."""
        return int(self.cells[1, NETWORK] + self.cells[0, LINEAR])

    @property
    def possible(self) -> tuple[int, int] | None:
        """The least and the largest number of discordant rows that may not be told from the true one; None if that is told."""
        if len(self.cells) > 2:
            return self._possible_of_several()
        pairs = self._pairs_hidden
        return None if pairs is None else (self._least + 2 * pairs[0], self._least + 2 * pairs[1])

    @property
    def margins_told(self) -> bool:
        """Whether both models' numbers of predictions of each class follow from what is told of each model by itself.

        Where a model has 1 to 9 right or wrong predictions in both classes, its confusion matrix is withheld, and its accuracy
        does not give it.
        """
        return len(self.cells) > 2 or bool(self.rates_told.any(axis=1).all())

    @property
    def rates_told(self) -> BoolArray:
        """Whether it may be told on which share of each class each model is right (models, classes).

        Of two classes these are specificity and sensitivity.
        """
        right, of = (self.cells[:, [NETWORK, LINEAR]] + self.cells[:, [BOTH]]).T, self.cells.sum(axis=1)
        return np.array([[not countless(int(r), int(n)) for r, n in zip(one, of, strict=True)] for one in right])

    def assumed_in_total(self, y: FloatArray) -> FloatArray | None:
        """Return which model is right (2, n), for the error of a difference in accuracy; None: it may rest on the true rows.

        Of two classes `y` (n,). Both models are right on as many rows of each class as they are, and discordant rows are as many
        as may be: the standard error over these rows is at least the true one.
        """
        pairs = self._pairs_hidden
        if pairs is None:
            return None
        first = min(pairs[1], int(self._room[0]))
        return self._paired(y, np.array([first, pairs[1] - first]))

    def assumed_by_class(self, y: FloatArray) -> FloatArray | None:
        """Return the same for a difference that weighs the two classes differently, such as one in sensitivity or in cost."""
        pairs, own, cells = self._pairs_hidden, self._pairs, self.cells
        if pairs is None and not ((cells > 0) & (cells < SMALL)).any():
            return None
        most = np.minimum(self._room, own.sum() if pairs is None else pairs[1])
        fewer = int(np.argmin(own))
        if own[fewer] < SMALL:
            most[fewer] = min(int(most[fewer]), SMALL - 1)
        return self._paired(y, most)

    @property
    def few_are_right(self) -> bool:
        """Of several classes: whether 1 to 9 rows would follow from the error of a difference in accuracy."""
        network, linear, both, neither, same = self.cells.sum(axis=0).tolist()
        counts = (network, linear, both, neither, same, neither + same, self.count, self.rows - self.count)
        return any(0 < count < SMALL for count in counts)

    @property
    def few_are_right_in_a_class(self) -> bool:
        """Of several classes: the same of the mean of the accuracy over the classes."""
        alone = self.cells[:, [NETWORK, LINEAR]]
        return self.few_are_right or bool(((alone > 0) & (alone < SMALL)).any())

    def _possible_of_several(self) -> tuple[int, int] | None:
        """Of several classes: the number of discordant rows, less the surplus of rows on which one model is right, is that of all
        others.
        """
        count, rows = self.count, self.rows
        if 0 < rows - count < SMALL:
            return rows - SMALL + 1, rows - 1
        network, linear = self.cells[:, [NETWORK, LINEAR]].sum(axis=0).tolist()
        surplus = abs(network - linear)
        if 0 < count < SMALL or 0 < count - surplus < 2 * SMALL:
            return surplus, surplus + 2 * SMALL - 1
        return None

    # ---- of two classes

    @property
    def _surplus(self) -> IntArray:
        """By how many rows of each class the network is right more often than the linear model (2,)."""
        return np.asarray(self.cells[:, NETWORK] - self.cells[:, LINEAR])

    @property
    def _least(self) -> int:
        """The least number of discordant rows that the confusion matrices allow. All others come in pairs of one class: each
        model is right on one row of a pair.
        """
        return int(np.abs(self._surplus).sum())

    @property
    def _pairs(self) -> IntArray:
        """How many such pairs there are in each class (2,)."""
        return np.asarray(self.cells[:, [NETWORK, LINEAR]].min(axis=1))

    @property
    def _room(self) -> IntArray:
        """How many such pairs the confusion matrices allow in each class (2,)."""
        return np.asarray(self._pairs + self.cells[:, [BOTH, SAME]].min(axis=1))

    @property
    def _pairs_hidden(self) -> tuple[int, int] | None:
        """The least and the largest number of pairs that may not be told from the true one; None if that is told."""
        small = self._tells_of_few()
        hidden = small.copy()
        for run in _runs(small):
            if len(run) < SMALL - 1:  # too few to hide among
                hidden[max(0, run[0] - SMALL) : run[-1] + SMALL + 1] = True
        own = int(self._pairs.sum())
        return next(((int(run[0]), int(run[-1])) for run in _runs(hidden) if own in run), None)

    def _tells_of_few(self) -> BoolArray:
        """Return for each number of pairs that the confusion matrices allow whether it would tell of 1 to 9 rows.

        All counts are linear in the number of pairs: rows on which the models differ or agree, on which one model alone is right,
        or alone predicts the positive class, and on which both are right or wrong, or predict the same class.
        """
        least, (first, second), pairs = self._least, self._surplus, self._pairs
        sides = [(least + sign * more) // 2 for more in (first + second, second - first) for sign in (1, -1)]
        right, wrong = self.cells[:, BOTH] + pairs, self.cells[:, SAME] + pairs
        alike = [right.sum(), wrong.sum(), right[0] + wrong[1], wrong[0] + right[1]]
        start = np.array([least, self.rows - least, *sides, *alike])
        step = np.array([2, -2, *[1] * 4, *[-1] * 4])
        counts = start[:, None] + step[:, None] * np.arange(int(self._room.sum()) + 1)
        return np.asarray(((counts > 0) & (counts < SMALL)).any(axis=0))

    def _paired(self, y: FloatArray, pairs: IntArray) -> FloatArray:
        """Return which model is right (2, n), with the same confusion matrices and this number of pairs in each class (2,)."""
        cells = self.cells[:, [NETWORK, LINEAR, BOTH, SAME]] + (pairs - self._pairs)[:, None] * [1, 1, -1, -1]
        right = np.empty((2, len(y)))
        for k, counts in enumerate(cells):
            right[:, y == k] = np.repeat([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0]], counts, axis=1)
        return right


def _runs(mask: BoolArray) -> list[IntArray]:
    """Return the places of each unbroken run of True."""
    places = np.flatnonzero(mask)
    return [run for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(run)]
