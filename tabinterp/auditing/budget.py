"""The budget of an audit: how many rows a function of rows may be asked about, divided over the analyses of the list.

Each analysis may ask about as many rows as it needs, up to a common level: what analyses that need less leave is shared by the
others (max-min fairness). What an analysis needs follows from its cost (`Analysis.cost`). The level is set anew before each
analysis, since an analysis often asks about fewer rows than forecast.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tabinterp.analyses.base import Analysis, Size
from tabinterp.analyses.context import Context
from tabinterp.errors import TabinterpError, argument
from tabinterp.models import BoundModel

BUDGET = 400_000  # rows, where the model is a function of rows and the user gives no number
BINDING, LAST, PASSES = 4, 2, 16  # over the rows at hand: to bind the model, after the analyses, and needed in all


def limited(network: BoundModel, budget: int | None, swept: int) -> int | None:
    """Limit how many rows a function of rows is asked about; return the limit, None for other models.

    Parameters
    ----------
    network : bound to the rows at hand. What binding takes is counted whether it was bound by the audit or before.
    budget : rows; None: the usual number.
    swept : rows of a scan that are all read, beyond those at hand.

    Raises
    ------
    TabinterpError
        if the budget is too small for the rows, or the model is no function of rows.
    """
    questions, rows = network.model.questions, len(network.table)
    if questions is None:
        if budget is not None:
            raise TabinterpError(
                f"{argument('budget', budget)} limits how many rows a function is asked about, but {network.model.name} is "
                f"a network whose layers tabinterp evaluates itself. Leave out {argument('budget')}; to shorten the audit, use "
                f"{argument('rows')} or {argument('analyses')}"
            )
        return None
    least = PASSES * rows + 2 * swept
    budget = max(BUDGET, 2 * least) if budget is None else budget
    if budget < least:
        raise TabinterpError(
            f"the budget of {budget:,} rows is too small for {rows + swept:,} rows of data. Allow at least {least:,} "
            f"({argument('budget', least)}), or use fewer rows of data"
        )
    questions.start(budget - BINDING * rows, reserve=LAST * rows)
    return budget


def needed(analysis: Analysis[Any], size: Size) -> float:
    """Return about how many rows an analysis asks about: at least the evaluated ones, whose scores it may read."""
    free = replace(size, evaluation=0.0, encoding=0.0, beyond=0.0)
    return max(size.evaluated, analysis.cost(replace(free, evaluation=1.0)) - analysis.cost(free))


def level(needs: Sequence[float], left: float) -> float:
    """Return the most that each may have where all together have `left`; infinite where there is enough for all.

    >>> level([10, 50, 60], 90), level([10, 20], 90)
    (40.0, inf)
    """
    for i, need in enumerate(sorted(needs)):
        share = left / (len(needs) - i)
        if need > share:
            return share
        left -= need
    return math.inf


def within_budget(context: Context, size: Size | None, remaining: Sequence[Analysis[Any]]) -> Context:
    """Return the context of the first of the remaining analyses, which may ask about its share of the rows that are left, and
    draws as many rows as that allows.
    """
    questions = context.network.model.questions
    if questions is None or size is None:
        return context
    share = level([needed(one, size) for one in remaining], questions.left)
    questions.allow(share)
    analysis = remaining[0]
    return replace(context, share=share, most_drawn=_most_drawn(analysis, size, share), name=analysis.name)


def _most_drawn(analysis: Analysis[Any], size: Size, share: float) -> int:
    """Return the most drawn rows of which the analysis asks about no more rows than its share; all of them where their number
    changes nothing that helps.
    """

    def fits(drawn: int) -> bool:
        return needed(analysis, replace(size, drawn=drawn)) <= share

    least, most = 2, size.drawn
    if fits(most) or not fits(least):
        return most
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if fits(middle) else (least, middle)
    return least
