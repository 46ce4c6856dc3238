"""The settings that the user gives for an audit. They are stored in the document, from which they can be read again."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field

from tabinterp.document.base import Part
from tabinterp.errors import TabinterpError, argument

THRESHOLD = 0.5  # default threshold of the probability of the positive class
ROWS = 20_000  # default maximum number of rows for analyses that need many passes over them


class DecisionPolicy(Part):
    """The costs of a false positive and of a false negative, and the probability above which a row is predicted positive."""

    false_positive: float
    false_negative: float
    threshold: float
    given: Literal["costs", "threshold", "both"]


class Constraint(Part):
    """The direction, range and permitted changes that the user declares for a column.

    Attributes
    ----------
    direction : "+" if the score must not fall as the column rises, "-" if it must not rise.
    low, high : the smallest and the largest value that the column may have.
    changeable : direction in which a person may change the column: only to higher values ("+"), only to lower values ("-"), or to
        any other value ("any"). None if this was not declared.
    """

    column: str
    direction: Literal["+", "-"] | None = None
    low: float | None = None
    high: float | None = None
    changeable: Literal["+", "-", "any"] | None = None

    @property
    def is_checked(self) -> bool:
        """Whether a direction or a range was declared. Directions and ranges can be checked; permitted changes cannot."""
        return any(one is not None for one in (self.direction, self.low, self.high))


class TableSettings(Part):
    """The arguments of `read_table` that are needed to read the table again in the same way.

    If the user did not give the task, the positive class, the kinds of columns or the date of the split, the inferred values are
    recorded. When the table is read again, nothing is inferred. Levels are recorded only if the user gave their order; levels
    found in the rows are never recorded.
    """

    target: str
    task: Literal["binary", "multiclass", "regression", "count"]
    positive: str | None = None
    adverse: str | None = None
    drop: list[str] = Field(default_factory=list)
    protected: list[str] = Field(default_factory=list)
    kinds: dict[str, Literal["numeric", "categorical", "boolean", "ordinal"]] = Field(default_factory=dict)
    levels: dict[str, list[str | int | float | bool]] = Field(default_factory=dict)
    weight: str | None = None
    group: str | None = None
    split: str | float | None = None  # name of a column, or the share of rows to hold out
    split_at: str | None = None
    stratify: bool = False
    seed: int = 0  # seed for drawing the held-out rows, and for drawing rows from a scan
    drop_missing_target: bool = False
    remembered_split: bool = False  # whether the split was determined earlier and is remembered by a model
    rows_drawn: int | None = (
        None  # maximum number of training rows, and of held-out rows, drawn from a scan; None: the whole table was read
    )


class AuditSettings(Part):
    """The settings that the user chose for an audit.

    Parameters
    ----------
    seed : seed of all random draws.
    rows : maximum number of rows for analyses that need many passes over the rows.
    all_rows : whether permutation importance and effect curves use all rows of a scan.
    budget : maximum number of rows for which a prediction function is queried; None if the model is not a prediction function.
    control : reference group of each protected column.
    constraints : directions and ranges of columns, in the order given.
    margin : equivalence margin, in units of the primary metric; None for the default.
    policy : costs and threshold; None if neither was given.
    analyses : names of the requested analyses and of the analyses that they need; None for all analyses.
    table : how the table was read.
    date : date of the audit in ISO 8601 format (2026-11-30); None if not stated.
    """

    seed: int = 0
    rows: int = ROWS
    all_rows: bool = False
    budget: int | None = None
    control: dict[str, str] = Field(default_factory=dict)
    constraints: list[Constraint] = Field(default_factory=list)
    margin: float | None = None
    policy: DecisionPolicy | None = None
    analyses: list[str] | None = None
    table: TableSettings | None = None
    date: str | None = Field(default=None, pattern=r"^\d{4}-\d\d-\d\d$")

    @property
    def threshold(self) -> float:
        """The probability above which a row is predicted positive, used throughout the audit."""
        return THRESHOLD if self.policy is None else self.policy.threshold

    def arguments(self) -> dict[str, Any]:
        """Return the arguments to pass to `ti.audit` for these settings."""
        costs = threshold = None
        if self.policy is not None and self.policy.given != "threshold":
            costs = self.policy.false_positive, self.policy.false_negative
        if self.policy is not None and self.policy.given != "costs":
            threshold = self.policy.threshold
        return {
            "seed": self.seed,
            "rows": self.rows,
            "all_rows": self.all_rows,
            "budget": self.budget,
            "control": self.control or None,
            "constraints": {
                one.column: one.model_dump(exclude={"column"}, exclude_none=True) for one in self.constraints
            }
            or None,
            "margin": self.margin,
            "costs": costs,
            "threshold": threshold,
            "analyses": self.analyses,
            "date": self.date,
        }


def decision_policy(costs: tuple[float, float] | None, threshold: float | None, task: str) -> DecisionPolicy | None:
    """Validate the costs and the threshold given by the user, and return them as a policy; None if neither was given.

    >>> decision_policy((1, 5), None, "binary").threshold == 1 / 6
    True
    """
    if costs is None and threshold is None:
        return None
    if task != "binary":
        raise TabinterpError(
            "costs and a threshold can be set only for a target with two classes; the task of this table is "
            f"{task!r}. Leave out {argument('costs')} and {argument('threshold')}"
        )
    if costs is not None and (len(costs) != 2 or not all(math.isfinite(c) and c > 0 for c in costs)):
        raise TabinterpError(
            "costs must be two positive numbers (the cost of a false positive, then the cost of a false "
            f"negative); got {costs}"
        )
    if threshold is not None and not 0 < threshold < 1:
        raise TabinterpError(
            f"the threshold must be a probability between 0 and 1; got {argument('threshold', threshold)}"
        )
    if costs is None:
        assert threshold is not None
        return DecisionPolicy(
            false_positive=threshold / (1 - threshold), false_negative=1.0, threshold=threshold, given="threshold"
        )
    at = costs[0] / (costs[0] + costs[1]) if threshold is None else threshold
    given: Literal["costs", "both"] = "costs" if threshold is None else "both"
    return DecisionPolicy(false_positive=float(costs[0]), false_negative=float(costs[1]), threshold=at, given=given)
