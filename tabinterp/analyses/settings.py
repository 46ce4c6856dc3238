"""The settings of an audit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tabinterp.errors import TabinterpError

THRESHOLD = 0.5  # on the probability of the positive class, where the user gives none


@dataclass(frozen=True)
class DecisionPolicy:
    """What a false positive and a false negative cost, and from which probability on a row is called positive."""

    false_positive: float
    false_negative: float
    threshold: float
    given: Literal["costs", "threshold", "both"]


@dataclass(frozen=True)
class AuditSettings:
    """What the user asks of an audit.

    Parameters
    ----------
    seed : of every draw.
    rows : the most rows for analyses that take many passes over them.
    control : protected column -> its reference group.
    constraints : column -> direction and domain.
    margin : of equivalence, in units of the primary metric; None: the convention.
    policy : costs and threshold; None: neither was given.
    analyses : names of the analyses that were asked for; None: all.
    """

    seed: int = 0
    rows: int = 20_000
    control: Mapping[str, Any] | None = None
    constraints: Mapping[str, Any] | None = None
    margin: float | None = None
    policy: DecisionPolicy | None = None
    analyses: tuple[str, ...] | None = None

    @property
    def threshold(self) -> float:
        """The probability above which a row is predicted to be positive, in everything that the audit says."""
        return THRESHOLD if self.policy is None else self.policy.threshold


def decision_policy(costs: tuple[float, float] | None, threshold: float | None, task: str) -> DecisionPolicy | None:
    """Return the costs and the threshold that the user gave, checked; None where neither was given.

    >>> decision_policy((1, 5), None, "binary").threshold == 1 / 6
    True
    """
    if costs is None and threshold is None:
        return None
    if task != "binary":
        raise TabinterpError(f"costs and thresholds are of two classes; this target is {task}")
    if costs is not None and (len(costs) != 2 or not all(math.isfinite(c) and c > 0 for c in costs)):
        raise TabinterpError(
            f"costs are two positive numbers, of a false positive and of a false negative; got {costs}"
        )
    if threshold is not None and not 0 < threshold < 1:
        raise TabinterpError(f"a threshold is a probability between 0 and 1; got {threshold}")
    if costs is None:
        assert threshold is not None
        return DecisionPolicy(threshold / (1 - threshold), 1.0, threshold, "threshold")
    at = costs[0] / (costs[0] + costs[1]) if threshold is None else threshold
    return DecisionPolicy(float(costs[0]), float(costs[1]), at, "costs" if threshold is None else "both")
