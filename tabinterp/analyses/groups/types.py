"""Groups of people, proxies of a column that no model reads, groups in which the network errs, and declared constraints.

No number that fewer than ten rows tell stands here; of a group that is held back there is nothing but its name,
and of a level of fewer than ten rows not even that.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tabinterp.document.base import Interval, Message, Metric, Part


class Treated(Part):
    """One group under one model; differences are group less control."""

    rate: Interval  # share selected; of numbers and counts the mean prediction
    ratio: Interval  # to the control group; one end alone where fewer than ten rows are selected, or are not
    ratio_most: Interval  # to the most selected group
    difference: Interval
    p: float | None
    smd: Interval  # of the scores; Hedges' g, deviation pooled over the two groups
    tpr: float | None
    tpr_difference: Interval
    fpr: float | None
    fpr_difference: Interval
    intercept: Interval
    slope: Interval
    ece: float | None


class GroupRow(Part):
    group: list[Message]  # one condition, or two
    control: bool  # the one that the others of its columns are set against
    rows: int | None  # None: held back
    fit_rows: int | None = None  # drawn rows, of which intercept and slope are; None: all of them
    network: Treated | None
    linear: Treated | None


class ImpactPair(Part):
    """The smaller share selected of two groups over the larger one, at most 1."""

    least: list[Message]
    most: list[Message]
    ratio: Interval
    low: float | None  # the ends that hold for all pairs at once
    high: float | None
    detectable: float | None = None  # a ratio of that or below is found with 80% power; None: no ratio is


class ImpactRow(Part):
    """One column or a pair of columns, of its groups of 30 rows and ten sampling units at least."""

    columns: list[str]
    headline: ImpactPair | None  # the least and the most selected group that may be told
    surest: ImpactPair | None  # the pair whose ratio is below 1 by most of its error
    # whether a group whose share is withheld is selected significantly less than `limit` times as often as another, or as
    # many times more often; "untold": the answer would give a small count away; None: there is no such group
    withheld: Literal["raised", "not_raised", "untold"] | None


class Impact(Part):
    """Adverse impact, judged on all counts, small ones included."""

    limit: float  # of the ratio, at which withheld groups were judged
    compared: int  # pairs of groups, over which intervals hold at once
    network: list[ImpactRow]
    linear: list[ImpactRow]


class GroupTable(Part):
    """Shares predicted to be in one class, group by group; of numbers and counts mean predictions."""

    rows: int
    rows_of: Literal["held-out", "all"]
    threshold: float | None  # None: of several classes the one of the largest score is predicted
    favourable: str | None  # the class that is not adverse; None: the adverse class was not stated, or there is none
    compared: str | None = (
        None  # the class whose predicted share is the rate; None: the favourable one, or mean predictions
    )
    control: dict[str, str]  # as the user named them
    columns: list[GroupRow]
    pairs: list[GroupRow]  # of two columns: those that differ most surely from their control group
    pairs_left: int  # groups of two columns that are not listed
    pairs_held_back: int
    impact: Impact | None = None  # None: the adverse class was not stated, or there is none

    @property
    def of(self) -> str | None:
        """The class whose predicted share is the rate; None: mean predictions."""
        return self.favourable if self.compared is None else self.compared


class Fitted(Part):
    """One group under one model: how well it fits; differences are group less control."""

    accuracy: Interval  # empty where fewer than ten rows are right, or wrong, or where those could be reckoned
    accuracy_difference: Interval
    accuracy_p: float | None
    loss: Interval  # mean log loss
    loss_difference: Interval
    loss_p: float | None


class FittedRow(Part):
    group: list[Message]
    control: bool
    rows: int | None  # None: held back
    network: Fitted | None
    linear: Fitted | None


class ProbeRow(Part):
    place: Literal["inputs", "layer", "score", "column"]
    name: str  # of the layer or the column
    power: Interval  # AUC or R2


class AblatedRow(Part):
    columns: list[str]
    loss: Interval  # change of the loss
    gap: Interval  # change of the gap
    left: Interval  # the gap that is left


class GapPart(Part):
    most: Message
    least: Message
    gap: Interval
    ablated: list[AblatedRow]


class ProxyPart(Part):
    column: str
    metric: Literal["auc", "r2"]
    rows: int
    probes: list[ProbeRow]
    network: GapPart | None
    linear: GapPart | None


class AlternativeRow(Part):
    """A model as it is, with columns held at their mean, or fitted again without them."""

    model: Literal["network", "linear"]
    how: Literal["whole", "held", "refitted"]
    without: list[str]
    auc: Interval
    ratios: list[Interval]  # least to most selected group, for each protected column; empty where they may not be told
    frontier: list[bool]  # no other version has as large an AUC and ratio, and more of either


class Alternatives(Part):
    rows: int  # held-out
    seed: int
    columns: list[str]
    versions: list[AlternativeRow]


class WeakRow(Part):
    group: list[Message]
    rows: int
    loss: float
    rest: float
    difference: Interval  # of the level that keeps the false coverage rate at 1%, as the next two
    skill: float | None
    beyond: Interval  # loss of the network less that of boosted trees
    excess: Interval  # loss of the network less the entropy of its own probabilities; empty for numbers and counts


class WeakPart(Part):
    metric: Metric
    mean: float  # loss of all rows that test
    null: float  # of knowing their base rate
    rows: int
    searched: int
    found: list[WeakRow]


class HeldPart(Part):
    share: Interval  # of rows against the direction
    fall: Interval  # the largest fall of the curve against it
    start: float | str | None
    end: float | str | None


class ConstraintRow(Part):
    column: str
    direction: Literal["+", "-"] | None
    low: float | None
    high: float | None
    rows: int | None  # with a value; None: all but 1 to 9, or as few
    outside: int | None  # None: no domain declared, or from 1 to 9 rows; all but ten where 1 to 9 are inside
    few_outside: bool  # from 1 to 9 rows
    network: HeldPart | None
    linear: HeldPart | None


class ConstraintTable(Part):
    rows: int
    seed: int
    columns: list[ConstraintRow]


class Groups(Part):
    table: GroupTable | None = None
    classes: list[GroupTable] = Field(default_factory=list)  # of several classes: each as the selected one
    fits: list[FittedRow] = Field(default_factory=list)  # of several classes; groups of one column
    proxies: list[ProxyPart]
    alternatives: Alternatives | None = None
    weak: WeakPart | None = None
    constraints: ConstraintTable | None = None

    @property
    def tables(self) -> list[GroupTable]:
        """The one table, or that of each class."""
        return self.classes if self.table is None else [self.table]
