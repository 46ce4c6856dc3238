"""Is a group of a protected column selected far less often than another group of it (adverse impact, four fifths)?"""

from __future__ import annotations

from tabinterp.analyses.groups.record import ImpactPair, ImpactRow
from tabinterp.checks.shared.document_values import group_name
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, not_applicable

FOUR_FIFTHS = 0.8  # a rule of thumb of United States employment guidelines; the audit judges withheld groups at it


def evaluate(document: Document, limits: Limits) -> Outcome:
    """Compare the least with the most selected group of a column.

    Raised where the interval of their ratio, over all pairs of groups, lies below the limit, or where the audit flagged a group
    whose share is withheld.
    """
    adverse, limit = document.data.adverse, limits["ratio"]
    table = document.groups.table if document.groups is not None else None
    impact = table.impact if table is not None else None
    if impact is None or adverse is None:
        without_impact = "not_applicable" if table is None else "not_applicable_adverse"
        return not_applicable("not_applicable_task" if document.data.task != "binary" else without_impact)
    known = [row for row in impact.network if row.headline is not None or row.withheld in ("raised", "not_raised")]
    if not known:
        return not_applicable("not_applicable_few")
    low = [row for row in known if _is_low(row, limit, impact.limit)]
    values: dict[str, object] = {"limit": limit, "adverse": adverse, "compared": impact.compared}
    values |= {"of": len(known), "count": len(low)}
    values["also"] = sum(_is_low(row, limit, impact.limit) for row in impact.linear)
    pairs = [pair for row in known if (pair := _shown_pair(row, limit)) is not None]
    pairs = [pair for pair in pairs if (_below(pair, limit) if low else pair.detectable is not None)]
    if not low and not pairs and all(row.withheld not in ("raised", "not_raised") for row in known):
        return not_applicable("not_applicable_power")
    if not pairs:
        columns = list(dict.fromkeys(column for row in low or known for column in row.columns))
        values |= {"columns": columns, "limit": impact.limit}
        return Outcome("raised", "raised_withheld", values) if low else Outcome("cleared", "cleared_withheld", values)
    pair = min(pairs, key=lambda pair: (len(pair.least), (pair.high if low else pair.ratio.value) or 0.0))
    values |= {"least": group_name(pair.least), "most": group_name(pair.most), "ratio": pair.ratio.value}
    values |= {"low": pair.ratio.low, "high": pair.ratio.high}
    if low:
        return Outcome("raised", "raised", values)
    return Outcome("cleared", "cleared", values | {"detectable": pair.detectable})


def _shown_pair(row: ImpactRow, limit: float) -> ImpactPair | None:
    """Return the least and the most selected group of a column; the surest pair where only that one lies below the limit."""
    return row.surest if _below(row.surest, limit) and not _below(row.headline, limit) else row.headline


def _below(pair: ImpactPair | None, limit: float) -> bool:
    return pair is not None and pair.high is not None and pair.high < limit


def _is_low(row: ImpactRow, limit: float, limit_of_audit: float) -> bool:
    """Return whether a group is selected too seldom.

    A flag that the audit raised at its limit also holds at every limit above it, and says nothing about those below.
    """
    return _below(row.surest, limit) or (row.withheld == "raised" and limit >= limit_of_audit)


CHECK = Check(
    code="TI-G01",
    slug="disparate-impact",
    severity="check",
    section="groups",
    evaluate=evaluate,
    limits={"ratio": Limit(FOUR_FIFTHS)},
    text=Text(
        title="A group is selected far less often than another",
        measures=(
            "the share selected in a group over that in another one of the same protected column or pair of columns, "
            "the smaller over the larger; where a share is withheld because a count is small, the audit judged the "
            "real counts"
        ),
        limitations=(
            "Whether the difference is warranted, groups of fewer than 30 rows or ten sampling units, and groups "
            "that nobody declared. Withheld groups are judged at four fifths, and not where the answer would "
            "disclose a small count."
        ),
        raised_when=(
            "The interval of a ratio, corrected for all pairs of groups by Holm's method, below {ratio}.",
            "ratio: an impact ratio, such as 0.8",
        ),
        next=(
            "Jurisdiction-dependent: four fifths is a rule of thumb of employment guidelines, and no more than a "
            "place to start. Ask which columns carry it and whether a model without them does as well."
        ),
        claims={
            "raised": (
                (
                    "The network selects {least} {ratio} times as often as {most} (95% interval {low} to {high}). "
                    "Selected means not predicted {adverse}. The ratio is significantly below {limit} in {count} of "
                    "{of} columns and pairs of columns (Holm's correction for {compared} pairs of groups); under the "
                    "linear model in {also}. Four fifths, the usual limit, is a rule of thumb; "
                    "jurisdiction-dependent."
                ),
                (
                    "least, most: groups, such as 'sex = female'; adverse: a class; count, of, also: numbers of "
                    "columns and pairs of columns"
                ),
            ),
            "raised_withheld": (
                (
                    "The network selects a group significantly less than {limit} times as often as another. Selected "
                    "means not predicted {adverse}. The shares are withheld, because a count is below ten. This "
                    "holds in {count} of {of} columns and pairs of columns (Holm's correction for {compared} pairs "
                    "of groups); under the linear model in {also}. Columns: {columns}. Four fifths, the usual limit, "
                    "is a rule of thumb; jurisdiction-dependent."
                ),
                "adverse: a class; count, of, also: numbers of columns and pairs of columns",
            ),
            "cleared": (
                (
                    "The network selects no group significantly less than {limit} times as often as another of the "
                    "same column. Selected means not predicted {adverse} ({compared} pairs of groups in {of} columns "
                    "and pairs of columns, Holm's correction). The lowest ratio is that of {least} to {most}: "
                    "{ratio} (95% interval {low} to {high}). Between groups of these sizes, a ratio of {detectable} "
                    "or below would have been found with 80% power."
                ),
                (
                    "least, most: groups, such as 'sex = female'; adverse: a class; of: a number of columns and "
                    "pairs of columns"
                ),
            ),
            "cleared_withheld": (
                (
                    "The network selects no group significantly less than {limit} times as often as another of the "
                    "same column. Selected means not predicted {adverse} ({compared} pairs of groups in {of} columns "
                    "and pairs of columns, Holm's correction). The shares are withheld, because a count is below ten."
                ),
                "adverse: a class; of: a number of columns and pairs of columns",
            ),
            "not_applicable": "No column was declared protected.",
            "not_applicable_adverse": (
                "The adverse class was not stated; state it with adverse= where the table is read, or with --adverse "
                "CLASS."
            ),
            "not_applicable_few": (
                "No column has two groups of at least 30 rows and ten sampling units whose shares can be compared."
            ),
            "not_applicable_power": (
                "The groups are too small: no ratio between two of them, however low, would be found with 80% power."
            ),
            "not_applicable_task": (
                "Adverse impact concerns decisions between two classes; the target is of another kind."
            ),
        },
    ),
)
