"""The budget of an audit: the maximum number of rows on which a prediction function is called. It is divided among the analyses.

Each analysis may evaluate the rows that it needs, up to a limit that is the same for all analyses. If some analyses need fewer
rows than the limit, the limit for the others is higher (max-min fairness). The number of rows needed is computed from the cost of
the analysis (`Analysis.cost`). The limit is recomputed before each analysis, because analyses often evaluate fewer rows than
forecast.
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

BUDGET = 400_000  # default number of rows, for a prediction function
BINDING, LAST, PASSES = 4, 2, 16  # passes over the rows: to bind the model, after the analyses, and in total


def limited(network: BoundModel, budget: int | None, swept: int) -> int | None:
    """Limit the number of rows on which a prediction function is called. Return the limit, or None if the model is not a
    prediction function.

    Parameters
    ----------
    network : the model, bound to the rows in memory. Rows that were evaluated during binding count towards the budget, even if
        the model was bound before the audit.
    budget : maximum number of rows; None means the default.
    swept : number of rows of a scan that are not in memory and are read in batches.

    Raises
    ------
    TabinterpError
        The budget is too small for the number of rows, or a budget was given for a model that is not a prediction function.
    """
    questions, rows = network.model.questions, len(network.table)
    if questions is None:
        if budget is not None:
            raise TabinterpError(
                f"{argument('budget', budget)} limits the number of predictions requested from a black-box model, but "
                f"{network.model.name} is a network whose layers tabinterp evaluates itself. Leave out {argument('budget')}; to "
                f"shorten the audit, use {argument('rows')} or {argument('analyses')}"
            )
        return None
    least = PASSES * rows + 2 * swept
    budget = max(BUDGET, 2 * least) if budget is None else budget
    if budget < least:
        raise TabinterpError(
            f"the budget of {budget:,} predictions is too small for {rows + swept:,} rows of data. Allow at least {least:,} "
            f"predictions ({argument('budget', least)}), or use fewer rows of data"
        )
    questions.start(budget - BINDING * rows, reserve=LAST * rows)
    return budget


def needed(analysis: Analysis[Any], size: Size) -> float:
    """Return the approximate number of rows that an analysis needs to evaluate. It is at least the number of evaluated rows in
    the audit, because the analysis may use the scores of these rows.
    """
    free = replace(size, evaluation=0.0, encoding=0.0, beyond=0.0)
    return max(size.evaluated, analysis.cost(replace(free, evaluation=1.0)) - analysis.cost(free))


def level(needs: Sequence[float], left: float) -> float:
    """Return the highest limit per analysis that keeps the total number of evaluated rows at or below `left`. `needs` contains
    the number of rows that each analysis needs. If `left` is enough for all analyses, the limit is infinite.
    """
    for i, need in enumerate(sorted(needs)):
        share = left / (len(needs) - i)
        if need > share:
            return share
        left -= need
    return math.inf


def within_budget(context: Context, size: Size | None, remaining: Sequence[Analysis[Any]]) -> Context:
    """Return the context for the next analysis, which is the first in `remaining`. It contains the analysis's share of the
    remaining budget, and the number of sampled rows that this share allows.
    """
    questions = context.network.model.questions
    if questions is None or size is None:
        return context
    share = level([needed(one, size) for one in remaining], questions.left)
    questions.allow(share)
    analysis = remaining[0]
    return replace(context, share=share, most_drawn=_most_drawn(analysis, size, share), name=analysis.name)


def _most_drawn(analysis: Analysis[Any], size: Size, share: float) -> int:
    """Return the largest number of sampled rows with which an analysis stays within its share of the budget.

    If the analysis stays within its share even with the full sample, or exceeds it even with two rows, return the size of the
    full sample.
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
