"""The context of an audit, which its analyses receive: both models, the settings, the rows, and the results so far."""

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
FEWEST_DRAWN = 50  # An analysis runs only if its share of the budget allows at least this many rows.


@dataclass(frozen=True)
class Context:
    """The input of every analysis of an audit.

    Parameters
    ----------
    network : the network, bound to the evaluated table.
    linear : the linear model, bound to the same table.
    others : networks that differ from the audited one only in their seed.
    null : a network trained on permuted labels.
    settings : settings given by the user.
    performance : metrics of both models and the verdict, on the evaluated rows.
    results : result of each analysis by its name, or None if the analysis does not apply. Results are added during the audit.
    within : callback that receives the completed share of the current analysis.
    share : share of the budget for the current analysis: the maximum number of rows for which it may query the model. It is
        infinite unless the model is a plain prediction function.
    most_drawn : maximum number of rows that the current analysis may sample to stay within its share; None if there is no limit.
    limited : names of the analyses that evaluated fewer rows than they otherwise would, to stay within their share of the
        budget. Names are added during the audit.
    name : name of the current analysis.
    sums : for each streamed analysis, by its name, the plan and the sums over all rows of a scan. Empty for a table in memory.
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
        """Return the result of an earlier analysis; None if it does not apply."""
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
        """Arguments for functions that compare groups of people: reference groups and threshold."""
        return {"control": self.settings.control, "threshold": self.threshold}

    @property
    def held_out(self) -> bool:
        """Whether it is known which rows were held out from training."""
        return self.network.table.held_out is not None

    @cached_property
    def evaluated(self) -> IntArray:
        """The indices of the evaluated rows: the held-out rows, or all rows if it is not known which were held out."""
        return self.network.table.evaluated

    @cached_property
    def subsample(self) -> IntArray:
        """The indices of the rows for analyses that evaluate the network many times.

        Raises
        ------
        NotApplicableError
            If the analysis's share of the budget allows too few rows.
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
        """The indices of the rows at which gradients are computed.

        The budget does not limit these rows, because it applies only to prediction functions, which have no gradients.
        """
        return self.drawn(self.evaluated, min(self.settings.rows, GRADIENT_ROWS))

    def drawn(self, rows: IntArray, most: int) -> IntArray:
        """Return at most `most` of the given rows, selected by a hash of their row numbers and the seed."""
        return rows[np.sort(chosen(self.network.table.numbers[rows], most, self.seed))]

    def both(self, rows: IntArray) -> tuple[BoundModel, BoundModel]:
        """Return the network and the linear model bound to the given rows, without encoding the rows again."""
        network = self.network.take(rows)
        return network, self.linear.take(rows, network.table)

    def rows_and_background(self, a_pair: float, rows: int, background: int) -> tuple[int, int]:
        """Return the numbers of explained rows and background rows that the analysis's share of the budget allows.

        If the maximum numbers of rows would exceed the analysis's share, one or both are reduced. If both are reduced, there are
        about twice as many explained rows as background rows. Neither number is reduced below ten.

        Parameters
        ----------
        a_pair : number of rows that the model must score for each pair of an explained row and a background row.
        rows : maximum number of explained rows.
        background : maximum number of background rows.

        Raises
        ------
        NotApplicableError
            If the analysis's share of the budget does not allow ten explained rows and ten background rows.
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
        """Record that the current analysis evaluates fewer rows than it otherwise would, to stay within its share of the
        budget.
        """
        if self.name not in self.limited:
            self.limited.append(self.name)

    def part(self, index: int, count: int) -> Callable[[str, float], None]:
        """Return a progress callback for part number `index` of `count` equal parts of the current analysis."""
        return lambda _, share: self.within((index + share) / count)

    @property
    def is_on_cpu(self) -> bool:
        """Whether both models keep the results of their first affine operation in CPU memory."""
        return all(bound.home == CPU for bound in (self.network, self.linear))

    def on_cpu(self) -> Context:
        """Return the same context, with the results of each model's first affine operation stored in CPU memory.

        This context is used if the device does not have enough memory for these results.
        """
        others = [replace(model, resident=False) for model in self.others]
        null = self.null and replace(self.null, resident=False)
        return replace(self, network=self.network.to_cpu(), linear=self.linear.to_cpu(), others=others, null=null)
