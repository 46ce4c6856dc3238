"""Discordant rows (McNemar 1947), for which two models predict different classes, and the protection of small counts.

The confusion matrices of both models determine how many more rows of each class one model predicts correctly than the other. A
reader who also knows the number of discordant rows can compute how many rows only the network, or only the linear model, predicts
correctly. The reader can also compute how many rows only one of the models predicts as positive. If one of these counts is
between 1 and 9, the number of discordant rows is withheld. Standard errors that depend on this number are also withheld, or are
replaced by values that are computed only from the confusion matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tabinterp.arrays import FloatArray, IntArray
from tabinterp.table.suppression import SMALL, BoolArray, countless

NETWORK, LINEAR, BOTH, NEITHER, SAME = range(5)  # columns of `Discordance.cells`


@dataclass(frozen=True, eq=False)
class Discordance:
    """Counts of rows by actual class and by the correctness of both models' predictions.

    `cells` (classes, 5) contains five counts for each actual class:

    - rows on which only the network is right;
    - rows on which only the linear model is right;
    - rows on which both are right;
    - rows on which both are wrong and predict different classes (always 0 if there are two classes);
    - rows on which both are wrong and predict the same class.
    """

    cells: IntArray

    @classmethod
    def of(cls, predicted: IntArray, actual: IntArray, classes: int) -> Discordance:
        """Return the counts, given the classes predicted by both models (2, n) and the actual classes (n,)."""
        first, second = predicted == actual
        same = predicted[0] == predicted[1]
        column = np.select([first & ~second, second & ~first, first, ~same], [NETWORK, LINEAR, BOTH, NEITHER], SAME)
        return cls(np.bincount(actual * 5 + column, minlength=5 * classes).reshape(classes, 5))

    def __add__(self, other: Discordance) -> Discordance:
        """Add the counts of two sets of rows."""
        return Discordance(self.cells + other.cells)

    @property
    def rows(self) -> int:
        return int(self.cells.sum())

    @property
    def count(self) -> int:
        """The number of discordant rows, for which the two models predict different classes."""
        return int(self.cells[:, [NETWORK, LINEAR, NEITHER]].sum())

    @property
    def only_network(self) -> int:
        """For two classes, the number of rows for which only the network predicts the positive class."""
        return int(self.cells[1, NETWORK] + self.cells[0, LINEAR])

    @property
    def possible(self) -> tuple[int, int] | None:
        """Smallest and largest number of discordant rows that a reader cannot rule out; None if the true number may be shown."""
        if len(self.cells) > 2:
            return self._possible_of_several()
        pairs = self._pairs_hidden
        return None if pairs is None else (self._least + 2 * pairs[0], self._least + 2 * pairs[1])

    @property
    def margins_told(self) -> bool:
        """Whether a reader can compute how often each of the two models predicts each class.

        With two classes, a reader cannot compute this if, for one of the models, each class has 1 to 9 correct or 1 to 9 wrong
        predictions. The model's confusion matrix is then withheld, and cannot be derived from the model's accuracy.
        """
        return len(self.cells) > 2 or bool(self.rates_told.any(axis=1).all())

    @property
    def rates_told(self) -> BoolArray:
        """Whether each model's share of correct predictions in each class may be shown (models, classes).

        For two classes, these shares are specificity and sensitivity.
        """
        right, of = (self.cells[:, [NETWORK, LINEAR]] + self.cells[:, [BOTH]]).T, self.cells.sum(axis=1)
        return np.array([[not countless(int(r), int(n)) for r, n in zip(one, of, strict=True)] for one in right])

    def assumed_in_total(self, y: FloatArray) -> FloatArray | None:
        """Return hypothetical indicators (2, n) of whether each model is right, for two classes.

        They replace the true indicators if the true standard error of a difference in accuracy would reveal a small count. They
        preserve each model's number of correct predictions in each class. The number of discordant rows (on which the models
        predict different classes) is set to the largest number that a reader cannot rule out. The resulting standard error is
        therefore never smaller than the true one. The result is None if the true indicators may be used. `y` (n,) contains the
        actual classes.
        """
        pairs = self._pairs_hidden
        if pairs is None:
            return None
        first = min(pairs[1], int(self._room[0]))
        return self._paired(y, np.array([first, pairs[1] - first]))

    def assumed_by_class(self, y: FloatArray) -> FloatArray | None:
        """Return indicators like those of `assumed_in_total`, for measures that weight the two classes differently.

        Examples are differences in sensitivity or cost.
        """
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
        """For more than two classes: whether the standard error of a difference in accuracy would reveal 1 to 9 rows."""
        network, linear, both, neither, same = self.cells.sum(axis=0).tolist()
        counts = (network, linear, both, neither, same, neither + same, self.count, self.rows - self.count)
        return any(0 < count < SMALL for count in counts)

    @property
    def few_are_right_in_a_class(self) -> bool:
        """For more than two classes: whether the standard error of a difference in balanced accuracy would reveal a count of
        1 to 9 rows.
        """
        alone = self.cells[:, [NETWORK, LINEAR]]
        return self.few_are_right or bool(((alone > 0) & (alone < SMALL)).any())

    def _possible_of_several(self) -> tuple[int, int] | None:
        """Return `possible` for three or more classes.

        A reader knows the surplus: the absolute difference between the numbers of rows that the two models predict correctly. A
        number of discordant rows that is only slightly above the surplus could reveal a count of 1 to 9 rows.
        """
        count, rows = self.count, self.rows
        if 0 < rows - count < SMALL:
            return rows - SMALL + 1, rows - 1
        network, linear = self.cells[:, [NETWORK, LINEAR]].sum(axis=0).tolist()
        surplus = abs(network - linear)
        if 0 < count < SMALL or 0 < count - surplus < 2 * SMALL:
            return surplus, surplus + 2 * SMALL - 1
        return None

    # ---- two classes

    @property
    def _surplus(self) -> IntArray:
        """For each class (2,), the network's number of correct predictions minus that of the linear model."""
        return np.asarray(self.cells[:, NETWORK] - self.cells[:, LINEAR])

    @property
    def _least(self) -> int:
        """The smallest number of discordant rows that the confusion matrices allow.

        Any further discordant rows come in pairs within a class. In each pair, only the network is right on one row, and only the
        linear model is right on the other.
        """
        return int(np.abs(self._surplus).sum())

    @property
    def _pairs(self) -> IntArray:
        """The actual number of additional pairs of discordant rows (see `_least`), in each class (2,)."""
        return np.asarray(self.cells[:, [NETWORK, LINEAR]].min(axis=1))

    @property
    def _room(self) -> IntArray:
        """The largest number of additional pairs (see `_least`) that the confusion matrices allow, in each class (2,)."""
        return np.asarray(self._pairs + self.cells[:, [BOTH, SAME]].min(axis=1))

    @property
    def _pairs_hidden(self) -> tuple[int, int] | None:
        """The smallest and the largest total number of additional pairs (see `_least`) that a reader cannot rule out; None if
        the true number may be shown.
        """
        small = self._tells_of_few()
        hidden = small.copy()
        for run in _runs(small):
            if len(run) < SMALL - 1:  # The run has too few numbers to hide the true one.
                hidden[max(0, run[0] - SMALL) : run[-1] + SMALL + 1] = True
        own = int(self._pairs.sum())
        return next(((int(run[0]), int(run[-1])) for run in _runs(hidden) if own in run), None)

    def _tells_of_few(self) -> BoolArray:
        """Return, for each possible total number of additional pairs (see `_least`), whether it would reveal a count of
        1 to 9 rows.

        The following counts are checked, all of which are linear in the number of pairs:

        - rows on which the models predict different classes, and rows on which they predict the same class;
        - rows on which only one model is right, and rows for which only one model predicts the positive class;
        - rows on which both models are right, rows on which both are wrong, and, for each class, rows for which both predict this
          class.
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
        """Return indicators (2, n) of whether each model is right, given the number of additional pairs (see `_least`) in each
        class (2,).

        The indicators are consistent with the actual confusion matrices.
        """
        cells = self.cells[:, [NETWORK, LINEAR, BOTH, SAME]] + (pairs - self._pairs)[:, None] * [1, 1, -1, -1]
        right = np.empty((2, len(y)))
        for k, counts in enumerate(cells):
            right[:, y == k] = np.repeat([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0]], counts, axis=1)
        return right


def _runs(mask: BoolArray) -> list[IntArray]:
    """Return the indices of each run of consecutive True values."""
    places = np.flatnonzero(mask)
    return [run for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(run)]
