"""Suppression of small counts: no count from 1 to 9 is shown, and neither are counts from which such a count could be computed.

A share of a known number of rows also reveals a count. If a total is shown and only one of its parts is hidden, the hidden part
can be computed as the total minus the other parts. A second part is therefore hidden too (complementary suppression; Willenborg &
de Waal 2001). All code that shows counts uses these functions. If a further part must be hidden, it is always the smallest part
that is sufficient, so the same parts are hidden in two tables of the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tabinterp.arrays import IntArray

SMALL = 10  # rows; smaller counts can reveal facts about individuals

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


def countless(count: int, rows: int) -> bool:
    """Return whether `count` or `rows - count` is from 1 to 9. In that case, the share `count / rows` would reveal a
    small count.

    >>> [countless(count, 70) for count in (0, 1, 10, 60, 61, 70)]
    [False, True, False, False, True, False]
    """
    return 0 < count < SMALL or 0 < rows - count < SMALL


def few_possible(possible: tuple[int, int], rows: int) -> bool:
    """Return whether a count, or `rows` minus the count, may be below ten. `possible` contains the lower and the upper bound of
    the count.

    >>> few_possible((8, 26), 300), few_possible((10, 28), 300), few_possible((275, 293), 300)
    (True, False, True)
    """
    return possible[0] < SMALL or rows - possible[1] < SMALL


def part_of(count: int | None, rows: int) -> int | None:
    """Return `count`, the size of a subset of `rows` rows, or None if `count` or `rows - count` is from 1 to 9.

    >>> [part_of(count, 70) for count in (0, 3, 30, 67, 70)]
    [0, None, 30, None, 70]
    """
    return None if count is None or countless(count, rows) else count


def parts_shown(counts: Sequence[int] | IntArray) -> BoolArray:
    """Return a mask of the parts of a known total that can be shown. All parts must be given. A part of 0 can always be shown.

    >>> parts_shown([97, 100, 3, 0]).tolist(), parts_shown([97, 100, 0]).tolist()
    ([False, True, False, True], [True, True, True])
    """
    held = np.asarray(counts, dtype=np.int64)
    return np.asarray(shown(held[:, None])[:, 0] | (held == 0))


def rounded_down(count: int | None, rows: int) -> int | None:
    """Return the size of a subset of `rows` rows, rounded down if it would reveal a small count. A size that is 1 to 9 less than
    `rows` is replaced by `rows` minus ten. The result is None if it would be from 1 to 9.

    >>> [rounded_down(count, 70) for count in (0, 3, 30, 67, 70)]
    [0, None, 30, 60, 70]
    """
    if count is None:
        return None
    told = rows - SMALL if 0 < rows - count < SMALL else count
    return None if 0 < count < SMALL or 0 < told < SMALL else max(told, 0)


def distinct_down(distinct: int, rows: int, missing: int) -> int:
    """Return the number of distinct values of a column, rounded down if it is 1 to 9 less than the number of rows. The number of
    missing values is first subtracted from the number of rows, unless there are 1 to 9 missing values.

    If almost every row has a different value, the exact number would reveal the small number of rows with a missing or repeated
    value.

    >>> [distinct_down(*counts) for counts in ((400, 400, 0), (399, 400, 0), (399, 400, 1), (349, 400, 50), (3, 12, 0))]
    [400, 390, 390, 340, 3]
    """
    held = rows - (part_of(missing, rows) or 0)
    return held - SMALL if distinct >= SMALL and 0 < held - distinct < SMALL else distinct


def nested_down(outer: int | None, inner: int | None, rows: int) -> tuple[int | None, int | None]:
    """Return the numbers of rows in a set (`outer`) and in a subset of it (`inner`). `rows` is the total number of rows. A
    number from 1 to 9 is replaced by None. A number is rounded down if a difference between two of the three numbers would be
    from 1 to 9.

    >>> nested_down(20, 15, 300), nested_down(20, 8, 300), nested_down(297, 20, 300)
    ((15, 15), (20, None), (290, 20))
    """
    wide, narrow = rounded_down(outer, rows), rounded_down(inner, rows)
    if wide is not None and narrow is not None and 0 < wide - narrow < SMALL:
        wide = narrow
    return wide, narrow


def sets_shown(masks: Sequence[BoolArray]) -> list[bool]:
    """Return, for each set of rows (a mask of shape (n,)), whether its number of rows can be shown. The total number of rows is
    known to the reader.

    Sets are considered from the largest to the smallest. The size of a set is not shown if a count from 1 to 9 could be computed
    from it and the sizes already shown. The following counts are considered: the rows inside or outside the set, the difference
    between two nested sets, the overlap of two sets that together contain all rows, and the rows outside several disjoint sets.

    >>> a, b = np.arange(100) < 60, np.arange(100) < 55
    >>> sets_shown([a, b]), sets_shown([a, np.arange(100) >= 63])
    ([True, False], [True, False])
    """
    told: list[int] = []
    for at in sorted(range(len(masks)), key=lambda i: (-int(masks[i].sum()), i)):
        own, apart = masks[at], masks[at]
        cells = [own, ~own]
        for other in (masks[i] for i in told):
            if not (other & ~own).any() or not (own & ~other).any():
                cells.append(own ^ other)
            if (own | other).all():
                cells.append(own & other)
            if not (apart & other).any():
                apart = apart | other
        if not any(0 < int(cell.sum()) < SMALL for cell in [*cells, ~apart]):
            told.append(at)
    return [at in told for at in range(len(masks))]


def countable(counts: IntArray, allowed: BoolArray) -> BoolArray:
    """Return a mask (a, b) of the cells that can be shown in a table of counts (a, b, sides), such as the numbers of selected and
    unselected rows in each group.

    >>> two = np.array([[[40, 60]], [[3, 97]], [[50, 50]], [[0, 80]]])  # selected and not, of four groups
    >>> countable(two, np.ones((4, 1), dtype=bool))[:, 0].tolist()  # a count of 3 is too small; the first group would reveal it
    [False, False, True, True]
    """
    return _closed(counts, allowed & ~((counts > 0) & (counts < SMALL)).any(axis=-1))


def shown(counts: IntArray, allowed: BoolArray | None = None) -> BoolArray:
    """For a table of counts (a, b), return a mask (a, b) of the cells that can be shown if all margins of the table are shown.
    A table (a, 1) contains the groups of one column.

    >>> shown(np.array([[500], [40], [3]]))[:, 0].tolist(), shown(np.array([[500], [40], [10]]))[:, 0].tolist()
    ([True, False, False], [True, True, True])
    """
    told = counts >= SMALL
    if allowed is not None:
        told &= allowed
    return _closed(counts[..., None], told)


def _closed(counts: IntArray, told: BoolArray) -> BoolArray:
    """Withhold further cells until no withheld count can be computed from the margins of the table. Return a mask (a, b) of the
    cells that can be shown. `counts` has the shape (a, b, sides).
    """
    told = told.copy()
    lines: list[Any] = [(slice(None), j) for j in range(told.shape[1])]
    if told.shape[1] > 1:
        lines += [(i, slice(None)) for i in range(told.shape[0])]
    again = True
    while again:
        again = any(_close(counts[line], told[line]) for line in lines)
    return told


def _close(counts: IntArray, told: BoolArray) -> bool:
    """Withhold one more cell of a row or column of the table, in place. Return whether a cell was withheld.

    A cell is withheld only if a withheld count could otherwise be computed. The smallest suitable cell is chosen.
    """
    hidden = ~told[:, None] & (counts > 0)
    many, rows = hidden.sum(axis=0), (counts * hidden).sum(axis=0)
    bare = (many > 0) & ((many == 1) | (rows < SMALL))
    if not bare.any() or not told.any():
        return False
    covers = counts[:, bare] > 0
    useful = next(some for some in (told & covers.all(axis=1), told & covers.any(axis=1), told) if some.any())
    open_ = np.flatnonzero(useful)
    told[open_[np.argmin(counts[open_].sum(axis=1))]] = False
    return True
