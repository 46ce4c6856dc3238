"""What an audit is asked: both models, the rows, the user's wishes; and which rows a reading of many passes draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from tabinterp.analyses.decision_curve.estimator import Policy
from tabinterp.analyses.performance.estimator import THRESHOLD
from tabinterp.arrays import IntArray
from tabinterp.models import Bound, Model
from tabinterp.models.device import CPU
from tabinterp.table.hash_sampling import chosen

GRADIENT_ROWS = 2_000


@dataclass(frozen=True)
class Asked:
    """Both models, the rows, and what the user asked for; `found` fills while the steps run."""

    network: Bound
    linear: Bound
    others: Sequence[Model]
    null: Model | None  # trained on shuffled labels
    seed: int
    rows: int  # the most for readings of many passes
    control: Mapping[str, Any]  # protected column -> the group that the others are set against
    constraints: Mapping[str, Any]
    margin: float | None  # of equivalence; None: the convention
    policy: Policy | None  # costs and threshold
    found: dict[str, Any]
    within: Callable[[float], None]  # the share of the present step that is done

    @property
    def threshold(self) -> float:
        """The probability above which a row is predicted to be positive, in everything that the audit says."""
        return THRESHOLD if self.policy is None else self.policy.threshold

    @property
    def grouping(self) -> dict[str, Any]:
        """What groups of people are asked with."""
        return {"control": self.control, "threshold": self.threshold}

    @property
    def held_out(self) -> bool:
        return self.network.table.held_out is not None

    @cached_property
    def evaluated(self) -> IntArray:
        """Rows that are evaluated: those held out, or all."""
        held_out = self.network.table.held_out
        return np.arange(len(self.network.table)) if held_out is None else np.flatnonzero(held_out)

    @cached_property
    def few(self) -> IntArray:
        """Rows for readings of many passes."""
        return self.drawn(self.evaluated, self.rows)

    @cached_property
    def fewer(self) -> IntArray:
        """Rows for gradients."""
        return self.drawn(self.few, GRADIENT_ROWS)

    def drawn(self, rows: IntArray, most: int) -> IntArray:
        return rows[np.sort(chosen(self.network.table.numbers[rows], most, self.seed))]

    @property
    def is_here(self) -> bool:
        """Are fronts kept in the processor's memory?"""
        return all(bound.home == CPU for bound in (self.network, self.linear))

    def here(self) -> Asked:
        """The same with fronts in the processor's memory, for a device that has no room for them."""
        for name, one in self.found.items():
            if isinstance(getattr(one, "bound", None), Bound):
                self.found[name] = replace(one, bound=one.bound.here())
        others = [replace(one, resident=False) for one in self.others]
        null = self.null and replace(self.null, resident=False)
        return replace(self, network=self.network.here(), linear=self.linear.here(), others=others, null=null)

    def both(self, rows: IntArray) -> tuple[Bound, Bound]:
        return self.network.take(rows), self.linear.take(rows)
