"""The context of an audit: both models, the settings, the rows for each kind of analysis, and the results so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from tabinterp.arrays import IntArray
from tabinterp.document.message import why
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel, Model
from tabinterp.models.device import CPU
from tabinterp.table.hash_sampling import chosen
from tabinterp.table.suppression import SMALL

from .base import Analysis, Result
from .settings import AuditSettings

if TYPE_CHECKING:
    from tabinterp.analyses.performance.estimator import Performance

GRADIENT_ROWS = 2_000
FEWEST_DRAWN = 50  # minimum number of rows that a share of the budget must allow


@dataclass(frozen=True)
class Context:
    """The input of every analysis of an audit.

    Parameters
    ----------
    network, linear : the two models, bound to the rows at hand.
    others : networks that differ from this one only in their seed; null : a network trained on permuted labels.
    settings : settings given by the user.
    performance : metrics of both models and the verdict, on the evaluated rows.
    results : name of an analysis -> its result, None where it does not apply; filled while the audit runs.
    within : callback for the completed share of the current analysis.
    share : number of rows for which the current analysis may query a function of rows; infinite for other models.
    most_drawn : maximum number of rows that it may draw for this purpose; None: no limit of its own.
    limited : names of the analyses that used fewer rows because of their share; filled while the audit runs.
    name : name of the current analysis.
    sums : name of an analysis -> its plan and its sums over all rows of a scan; empty for a table in memory.
    """

    network: BoundModel
    linear: BoundModel
    others: Sequence[Model]
    null: Model | None
    settings: AuditSettings
    performance: Performance
    results: dict[str, Any]
    within: Callable[[float], None]
    sums: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    share: float = math.inf
    most_drawn: int | None = None
    limited: list[str] = field(default_factory=list)
    name: str = ""

    def __getitem__(self, analysis: Analysis[Result]) -> Result | None:
        """Return the result of an earlier analysis; None where it does not apply."""
        return cast("Result | None", self.results[analysis.name])

    @property
    def seed(self) -> int:
        return self.settings.seed

    @property
    def threshold(self) -> float:
        """The probability above which a row is predicted positive."""
        return self.settings.threshold

    @property
    def grouping(self) -> dict[str, Any]:
        """The arguments of the analyses of groups of people."""
        return {"control": self.settings.control, "threshold": self.threshold}

    @property
    def held_out(self) -> bool:
        """Whether the rows are known to be held out from training."""
        return self.network.table.held_out is not None

    @cached_property
    def evaluated(self) -> IntArray:
        """Positions of the evaluated rows: the held-out rows, or all rows."""
        return self.network.table.evaluated

    @cached_property
    def subsample(self) -> IntArray:
        """Positions of the rows for analyses that evaluate the network many times.

        Raises
        ------
        NotApplicableError
            If the share of the budget allows too few.
        """
        most = self.settings.rows
        if self.most_drawn is not None and self.most_drawn < min(most, len(self.evaluated)):
            if self.most_drawn < FEWEST_DRAWN:
                raise NotApplicableError(why("budget.rows", least=FEWEST_DRAWN))
            self.is_limited()
            most = self.most_drawn
        return self.drawn(self.evaluated, most)

    @cached_property
    def gradient_subsample(self) -> IntArray:
        """Positions of the rows for gradients; no budget applies, because functions of rows have no gradients."""
        return self.drawn(self.evaluated, min(self.settings.rows, GRADIENT_ROWS))

    def drawn(self, rows: IntArray, most: int) -> IntArray:
        """Return at most this many of the rows, drawn by a hash of their number and the seed."""
        return rows[np.sort(chosen(self.network.table.numbers[rows], most, self.seed))]

    def both(self, rows: IntArray) -> tuple[BoundModel, BoundModel]:
        """Return the network and the linear model on these rows of one table, without binding them again."""
        network = self.network.take(rows)
        return network, self.linear.take(rows, network.table)

    def rows_and_background(self, a_pair: float, rows: int, background: int) -> tuple[int, int]:
        """Return how many rows to explain, and with how many background rows each, within the share of the analysis.

        Parameters
        ----------
        a_pair : rows for which the model is queried for each pair of an explained row and a background row.
        rows, background : maximum of each. If these are too many, there are twice as many rows as background rows, at least ten
            of each.

        Raises
        ------
        NotApplicableError
            If the share does not allow ten of each.
        """
        if self.share >= a_pair * rows * background:
            return rows, background
        self.is_limited()
        pairs = self.share / a_pair
        background = min(background, max(SMALL, math.isqrt(int(pairs / 2))))
        rows = min(rows, int(pairs / background))
        if rows < SMALL:
            raise NotApplicableError(why("budget.few", least=SMALL))
        return rows, background

    def is_limited(self) -> None:
        """Record that the current analysis uses fewer rows because of its share."""
        if self.name not in self.limited:
            self.limited.append(self.name)

    def part(self, index: int, count: int) -> Callable[[str, float], None]:
        """Return a progress callback for one of several equal parts of the current analysis."""
        return lambda _, share: self.within((index + share) / count)

    @property
    def is_on_cpu(self) -> bool:
        """Whether the affine fronts of both models are in CPU memory."""
        return all(bound.home == CPU for bound in (self.network, self.linear))

    def on_cpu(self) -> Context:
        """Return the same context with the affine fronts in CPU memory, for a device without enough memory."""
        others = [replace(model, resident=False) for model in self.others]
        null = self.null and replace(self.null, resident=False)
        return replace(self, network=self.network.to_cpu(), linear=self.linear.to_cpu(), others=others, null=null)
