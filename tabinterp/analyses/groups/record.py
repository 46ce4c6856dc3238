"""Groups of people in the document: decisions and errors by group, adverse impact, proxies, alternatives, constraints.

No number is based on fewer than ten rows. For a withheld group, only the name is given. For a level with fewer than ten rows, the
name is also withheld.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tabinterp.analyses.alternatives import record as alternatives_record
from tabinterp.analyses.alternatives.record import Alternatives
from tabinterp.analyses.constraints import record as constraints_record
from tabinterp.analyses.constraints.record import ConstraintTable
from tabinterp.analyses.proxies import record as proxies_record
from tabinterp.analyses.proxies.record import ProxyPart
from tabinterp.analyses.record_values import interval, number, rows_of
from tabinterp.analyses.subgroup_gaps import record as subgroup_gaps_record
from tabinterp.analyses.subgroup_gaps.record import WeakPart
from tabinterp.document.base import Interval, Message, Part
from tabinterp.document.rows_of_analyses import ReadingRows, evaluated, used_rows
from tabinterp.errors import DocumentError
from tabinterp.table.suppression import SMALL

from . import ANALYSIS
from .group_names import group_name

if TYPE_CHECKING:
    from tabinterp.analyses.results import Results
    from tabinterp.document.document import Document

    from .adverse_impact import AdverseImpact, FamilyImpact, Pair
    from .estimator import Fitted as FittedResult
    from .estimator import Group
    from .estimator import Groups as GroupsResult
    from .group_metrics import Treated as TreatedResult
    from .several_classes import Fitting

FIFTHS = 0.8  # four fifths: a rule of thumb in United States employment guidelines (29 CFR 1607.4 D)
PAIRS = 24


class Treated(Part):
    """Fairness metrics of one group under one model. Differences are group minus reference group."""

    rate: Interval  # share selected; for numbers and counts, the mean prediction
    ratio: Interval  # ratio to the reference group; only one end if fewer than ten rows are selected or not selected
    ratio_most: Interval  # ratio to the group with the highest selection rate
    difference: Interval
    p: float | None
    smd: Interval  # standardised mean difference of the scores: Hedges' g, with the pooled standard deviation
    tpr: float | None
    tpr_difference: Interval
    fpr: float | None
    fpr_difference: Interval
    intercept: Interval
    slope: Interval
    ece: float | None


class GroupRow(Part):
    group: list[Message]  # one or two conditions
    control: bool  # whether this is the reference group of its columns
    rows: int | None  # None if withheld
    fit_rows: int | None = None  # number of sampled rows on which calibration is fitted; None: all rows of the group
    network: Treated | None
    linear: Treated | None


class ImpactPair(Part):
    """Impact ratio of two groups: the smaller selection rate divided by the larger one, which is at most 1."""

    least: list[Message]
    most: list[Message]
    ratio: Interval
    low: float | None  # ends of the simultaneous interval for all pairs
    high: float | None
    detectable: float | None = None  # the largest ratio that is detected with 80% power; None: there is none


class ImpactRow(Part):
    """Adverse impact in one column or pair of columns, for groups with at least 30 rows and ten independent units."""

    columns: list[str]
    headline: ImpactPair | None  # groups with the lowest and the highest rate, among those that can be shown
    surest: ImpactPair | None  # the pair with the smallest upper end of the interval
    # Whether a group with a withheld share is selected significantly less than `limit` times as often as another group, or more
    # than 1/`limit` times as often. "untold": the answer would reveal a small count. None: there is no such group.
    withheld: Literal["raised", "not_raised", "untold"] | None


class Impact(Part):
    """Adverse impact of both models, assessed on all counts, including small ones that are not shown."""

    limit: float  # limit of the impact ratio with which withheld groups were compared
    compared: int  # number of pairs of groups for which the intervals are simultaneous
    network: list[ImpactRow]
    linear: list[ImpactRow]


class GroupTable(Part):
    """Table of the share of rows predicted to be in one class, for each group.

    For regression and counts, the mean prediction replaces the share.
    """

    rows: int
    rows_of: Literal["held-out", "all"]
    threshold: float | None  # None with several classes, because the class with the largest score is predicted
    favourable: str | None  # the class that is not adverse; None: the adverse class was not stated, or there is none
    compared: str | None = (
        None  # the class whose predicted share is the rate; None if it is the favourable class, or if rates are mean predictions
    )
    control: dict[str, str]  # reference groups named by the user
    columns: list[GroupRow]
    pairs: list[GroupRow]  # groups of two columns with the most significant differences from their reference group
    pairs_left: int  # number of groups of two columns that are not listed
    pairs_held_back: int
    impact: Impact | None = None  # None: the adverse class was not stated, or there is none

    @property
    def of(self) -> str | None:
        """The class to which the predicted shares refer; None if rates are mean predictions."""
        return self.favourable if self.compared is None else self.compared


class Fitted(Part):
    """Accuracy and log loss of one model in one group. Differences are group minus reference group."""

    accuracy: Interval  # empty if fewer than ten predictions are correct or wrong, or if it would reveal such a count
    accuracy_difference: Interval
    accuracy_p: float | None
    loss: Interval  # mean log loss
    loss_difference: Interval
    loss_p: float | None


class FittedRow(Part):
    group: list[Message]
    control: bool
    rows: int | None  # None: withheld
    network: Fitted | None
    linear: Fitted | None


class Groups(Part):
    table: GroupTable | None = None
    classes: list[GroupTable] = Field(default_factory=list)  # for several classes: one table for each class
    fits: list[FittedRow] = Field(default_factory=list)  # for several classes, the groups of one column
    proxies: list[ProxyPart]
    alternatives: Alternatives | None = None
    weak: WeakPart | None = None
    constraints: ConstraintTable | None = None

    @property
    def tables(self) -> list[GroupTable]:
        """All tables of rates: a single table or, with several classes, one table for each class."""
        return self.classes if self.table is None else [self.table]

    def check_claims(self, document: Document) -> None:
        """Check that nothing is shown for a withheld group, or for a group with fewer than ten rows."""
        rows: list[GroupRow | FittedRow] = [*self.fits]
        for table in self.tables:
            rows += [*table.columns, *table.pairs]
        for index, row in enumerate(rows):
            numbers = row.network is not None or row.linear is not None
            if numbers != (row.rows is not None) or (row.rows is not None and row.rows < SMALL):
                rows_given = "null" if row.rows is None else str(row.rows)
                raise DocumentError(
                    f"groups.table: the number of rows of group {index} is {rows_given}, but its results are "
                    f"{'given' if numbers else 'null'}. If the results are given, the number must be at least {SMALL}; "
                    "otherwise, it must be null."
                )

    def rows_used(self, document: Document) -> Iterator[ReadingRows]:
        for table in self.tables[:1]:
            yield used_rows("groups", "both", table.rows, table.rows_of)
        if self.proxies:
            rows = max(one.rows for one in self.proxies)
            yield used_rows("proxies", "both", rows, evaluated(document), document.method.seed)


def build(r: Results) -> Groups:
    """Return the fairness metrics of all groups and, for several classes, the accuracy and loss in each group."""
    result = r[ANALYSIS]
    return Groups(
        table=None if result is None else _table(r, result),
        classes=[] if result is None else _classes(r, result),
        fits=[] if result is None else _fits(result.fits),
        proxies=proxies_record.build(r),
        alternatives=alternatives_record.build(r),
        weak=subgroup_gaps_record.build(r),
        constraints=constraints_record.build(r),
    )


def _table(r: Results, result: GroupsResult) -> GroupTable | None:
    if result.fits:
        return None
    table = _group_table(r, result, result.groups, result.threshold, result.favourable, result.compared)
    return table.model_copy(update={"impact": None if result.impact is None else _impact(*result.impact)})


def _impact(network: AdverseImpact, linear: AdverseImpact) -> Impact:
    rows = [[_impact_row(family) for family in model.families] for model in (network, linear)]
    return Impact(limit=FIFTHS, compared=network.compared, network=rows[0], linear=rows[1])


def _impact_row(family: FamilyImpact) -> ImpactRow:
    pairs = [_impact_pair(pair) for pair in (family.headline, family.surest)]
    return ImpactRow(columns=list(family.columns), headline=pairs[0], surest=pairs[1], withheld=family.withheld)


def _impact_pair(pair: Pair | None) -> ImpactPair | None:
    if pair is None:
        return None
    least, most = (group_name(cell.conditions) for cell in (pair.least, pair.most))
    return ImpactPair(
        least=least,
        most=most,
        ratio=interval(*pair.ratio),
        low=number(pair.low),
        high=number(pair.high),
        detectable=number(pair.detectable),
    )


def _classes(r: Results, result: GroupsResult) -> list[GroupTable]:
    groups = result.groups
    labels = dict.fromkeys(group.output for group in groups if group.output is not None)
    return [
        _group_table(r, result, [group for group in groups if group.output == label], None, None, label)
        for label in labels
    ]


def _group_table(
    r: Results,
    result: GroupsResult,
    groups: Sequence[Group],
    threshold: float | None,
    favourable: str | None,
    compared: str | None,
) -> GroupTable:
    single = [group for group in groups if len(group.cell.conditions) == 1]
    pairs = [group for group in groups if len(group.cell.conditions) == 2]
    shown = sorted((group for group in pairs if group.told and not group.control), key=_significance)
    return GroupTable(
        rows=result.rows,
        rows_of=rows_of(r),
        threshold=threshold,
        favourable=favourable,
        compared=compared,
        control=dict(result.named),
        columns=_columns(single),
        pairs=[_group(group) for group in shown[:PAIRS]],
        pairs_left=max(0, len(shown) - PAIRS),
        pairs_held_back=sum(not group.told for group in pairs),
    )


def _significance(group: Group) -> float:
    """Return a sort key that puts the groups with the largest differences first.

    The difference is measured relative to the width of its interval.
    """
    if group.network is None:
        return 0.0
    value, _, low, high = group.network.difference
    return -abs(value) / (high - low) if high > low else 0.0


def _columns(single: list[Group]) -> list[GroupRow]:
    """Return the groups that are defined by a single column. For each column, all levels with fewer than ten rows share one
    unnamed entry.
    """
    few = {group.cell.columns[0]: group for group in single if _few(group)}
    return [
        _nameless(group) if _few(group) else _group(group)
        for group in single
        if not _few(group) or few[group.cell.columns[0]] is group
    ]


def _fits(results: Sequence[FittedResult]) -> list[FittedRow]:
    rows = []
    for group in results:
        both = [None if model is None else _fitted(model) for model in (group.network, group.linear)]
        few = _few(group)
        name = _no_name(group) if few else group_name(group.cell.conditions)
        row = FittedRow(group=name, control=group.control, rows=group.rows, network=both[0], linear=both[1])
        rows += [row] if row not in rows else []  # levels with few rows have one row per column
    return rows


def _fitted(fitting: Fitting) -> Fitted:
    values = {f.name: getattr(fitting, f.name) for f in fields(fitting)}
    return Fitted(**{n: number(v) if n.endswith("_p") else interval(*v) for n, v in values.items()})


def _few(group: Group | FittedResult) -> bool:
    return group.network is None and group.cell.conditions[0].kind == "level" and group.cell.rows < SMALL


def _nameless(group: Group) -> GroupRow:
    return _group(group).model_copy(update={"group": _no_name(group)})


def _no_name(group: Group | FittedResult) -> list[Message]:
    return [Message(key="group.few", values={"column": group.cell.columns[0], "rows": SMALL})]


def _group(group: Group) -> GroupRow:
    both = [None if model is None else _treated(model) for model in (group.network, group.linear)]
    return GroupRow(
        group=group_name(group.cell.conditions),
        control=group.control,
        rows=group.rows,
        fit_rows=None if group.fit_rows == group.rows else group.fit_rows,
        network=both[0],
        linear=both[1],
    )


def _treated(treated: TreatedResult) -> Treated:
    values = {f.name: getattr(treated, f.name) for f in fields(treated)}
    return Treated(**{n: interval(*v) if isinstance(v, tuple) else number(v) for n, v in values.items()})
