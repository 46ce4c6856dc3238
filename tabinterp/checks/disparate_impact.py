"""Check whether one group of a protected column is selected far less often than another (adverse impact, four-fifths rule)."""

from __future__ import annotations

from typing import Literal

from tabinterp.analyses.groups.record import Groups, ImpactPair, ImpactRow
from tabinterp.checks.shared.document_values import group_name
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, not_applicable

FOUR_FIFTHS = 0.8  # a rule of thumb in United States employment guidelines; the audit uses it to judge withheld groups


def evaluate(document: Document, limits: Limits) -> Outcome:
    """Compare, for each protected column, the groups with the lowest and the highest selection rate.

    The check is raised if the whole interval of the ratio of two selection rates is below the limit. The intervals are
    simultaneous over all pairs of groups. The check is also raised if a selection rate is withheld but the audit recorded that it
    is significantly too low.
    """
    adverse, limit = document.data.adverse, limits["ratio"]
    groups = document.get(Groups)
    table = None if groups is None else groups.table
    impact = table.impact if table is not None else None
    if impact is None or adverse is None:
        without_impact = "not_applicable" if table is None else "not_applicable_adverse"
        return not_applicable("not_applicable_task" if document.data.task != "binary" else without_impact)
    known = [row for row in impact.network if row.headline is not None or row.withheld in ("raised", "not_raised")]
    untold = sum(row.withheld == "untold" for row in impact.network)
    low = [row for row in known if _is_low(row, limit, impact.limit)]
    values: dict[str, object] = {"limit": limit, "adverse": adverse, "compared": impact.compared}
    values |= {"of": len(known), "count": len(low)}
    values["also"] = sum(_is_low(row, limit, impact.limit) for row in impact.linear)
    pairs = [pair for row in known if (pair := _shown_pair(row, limit)) is not None]
    pairs = [pair for pair in pairs if (_below(pair, limit) if low else pair.detectable is not None)]
    if not low and not pairs and all(row.withheld not in ("raised", "not_raised") for row in known):
        without_pairs = "not_applicable_untold" if untold else "not_applicable_few"
        return not_applicable("not_applicable_power" if known else without_pairs)
    status: Literal["raised", "cleared"] = "raised" if low else "cleared"
    if low:
        key = "raised" if pairs else "raised_withheld"
    elif untold:
        key, values["untold"] = "cleared_partly" if pairs else "cleared_withheld_partly", untold
    else:
        key = "cleared" if pairs else "cleared_withheld"
    if not pairs:
        columns = list(dict.fromkeys(column for row in low or known for column in row.columns))
        return Outcome(status, key, values | {"columns": columns, "limit": impact.limit})
    # Of the low ratios, the one with the lowest upper end, of single columns if possible; otherwise the lowest of all.
    pair = min(pairs, key=lambda pair: (len(pair.least), pair.high or 0.0) if low else (0, pair.ratio.value or 0.0))
    values |= {"least": group_name(pair.least), "most": group_name(pair.most), "ratio": pair.ratio.value}
    values |= {"low": pair.ratio.low, "high": pair.ratio.high} | ({} if low else {"detectable": pair.detectable})
    return Outcome(status, key, values)


def _shown_pair(row: ImpactRow, limit: float) -> ImpactPair | None:
    """Return the pair of groups to show: the groups with the lowest and the highest selection rate. If the ratio is significantly
    below the limit only for the `surest` pair, return the `surest` pair instead.
    """
    return row.surest if _below(row.surest, limit) and not _below(row.headline, limit) else row.headline


def _below(pair: ImpactPair | None, limit: float) -> bool:
    return pair is not None and pair.high is not None and pair.high < limit


def _is_low(row: ImpactRow, limit: float, limit_of_audit: float) -> bool:
    """Return whether the selection rate of a group is significantly too low compared with another group.

    If the selection rate of a group is withheld, the audit recorded only whether the rate is too low at the audit's limit
    (`limit_of_audit`). If so, the rate is also too low at all higher limits, but not
    necessarily at lower limits.
    """
    return _below(row.surest, limit) or (row.withheld == "raised" and limit >= limit_of_audit)


CHECK = Check(
    code="TI-G01",
    slug="disparate-impact",
    severity="check",
    section="groups",
    evaluate=evaluate,
    limits={"ratio": Limit(FOUR_FIFTHS, means="ratio of the selection rates of two groups")},
    text=Text(
        title="Unequal selection rates",
        measures=(
            "the ratio of the smaller to the larger selection rate of two groups defined by the same protected "
            "column or pair of columns. If a rate is withheld from the report because a count is small, the "
            "comparison still uses the actual counts."
        ),
        limitations=(
            "Does not show whether a difference is justified. Does not cover groups with fewer than 30 rows, groups whose "
            "rows come from fewer than ten clusters (if rows are clustered), or groups that were not declared. If a group's "
            "selection rate is withheld, the audit records only whether a ratio for this group is significantly below the "
            "default limit of 0.8. Even this result is omitted if it would disclose a small count."
        ),
        raised_when=(
            (
                "the whole confidence interval for the ratio of two groups' selection rates lies below {ratio}, "
                "after Holm's correction for all pairs of groups."
            ),
            "ratio: an impact ratio, such as 0.8",
        ),
        next=(
            "Find out which columns cause the unequal selection rates, and whether a model without these columns "
            "performs equally well."
        ),
        claims={
            "raised": (
                (
                    "The selection rate of “{least}” is {ratio} times that of “{most}” (95% CI {low} to {high}). A row is "
                    "“selected” if its predicted class is not “{adverse}”. Ratios significantly below {limit} were found in "
                    "{count} of {of} columns or pairs of columns for the network and in {also} for the linear counterpart "
                    "(Holm's correction for {compared} pairs of groups). The four-fifths limit is a rule of thumb; the "
                    "applicable limit depends on the jurisdiction."
                ),
                (
                    "least, most: groups, such as 'sex = female'; adverse: a class; count, of, also: "
                    "numbers of columns and pairs of columns"
                ),
            ),
            "raised_withheld": (
                (
                    "The selection rate of a group is significantly below {limit} times that of another group; the rates are "
                    "withheld because a count is below ten. A row is “selected” if its predicted class is not “{adverse}”. "
                    "Ratios significantly below {limit} were found in {count} of {of} columns or pairs of columns for the "
                    "network and in {also} for the linear counterpart (Holm's correction for {compared} pairs of groups). "
                    "Columns concerned: {columns}. The four-fifths limit is a rule of thumb; the applicable limit depends on "
                    "the jurisdiction."
                ),
                "adverse: a class; count, of, also: numbers of columns and pairs of columns",
            ),
            "cleared": (
                (
                    "No group's selection rate is significantly below {limit} times that of another group defined "
                    "by the same column or pair of columns ({compared} pairs of groups in {of} columns or pairs of "
                    "columns; Holm's correction). A row is “selected” if its predicted class is not “{adverse}”. "
                    "The lowest ratio of selection rates is {ratio} (95% CI {low} to {high}), for “{least}” "
                    "relative to “{most}”. For this pair, a true ratio of {detectable} or less would be detected with "
                    "at least 80% probability."
                ),
                (
                    "least, most: groups, such as 'sex = female'; adverse: a class; of: a number of "
                    "columns and pairs of columns"
                ),
            ),
            "cleared_partly": (
                (
                    "Among the groups whose results can be disclosed, no group's selection rate is significantly below {limit} "
                    "times that of another group defined by the same column or pair of columns ({compared} pairs of groups in "
                    "{of} columns or pairs of columns; Holm's correction). A row is “selected” if its predicted class is not "
                    "“{adverse}”. The lowest of these ratios is {ratio} (95% CI {low} to {high}), for “{least}” relative to "
                    "“{most}”. For this pair, a true ratio of {detectable} or less would be detected with at least 80% "
                    "probability. For {untold} columns or pairs of columns, results that would reveal a withheld rate are not "
                    "disclosed."
                ),
                (
                    "least, most: groups, such as 'sex = female'; adverse: a class; of, untold: numbers of "
                    "columns and pairs of columns"
                ),
            ),
            "cleared_withheld": (
                (
                    "No group's selection rate is significantly below {limit} times that of another group defined "
                    "by the same column or pair of columns ({compared} pairs of groups in {of} columns or pairs of "
                    "columns; Holm's correction). A row is “selected” if its predicted class is not “{adverse}”. "
                    "The selection rates are withheld because a count is below ten."
                ),
                "adverse: a class; of: a number of columns and pairs of columns",
            ),
            "cleared_withheld_partly": (
                (
                    "Among the groups whose results can be disclosed, no group's selection rate is significantly below {limit} "
                    "times that of another group defined by the same column or pair of columns ({compared} pairs of groups in "
                    "{of} columns or pairs of columns; Holm's correction). A row is “selected” if its predicted class is not "
                    "“{adverse}”. The selection rates are withheld because a count is below ten. For {untold} columns or pairs "
                    "of columns, the test result is also withheld, because it would disclose a small count."
                ),
                "adverse: a class; of, untold: numbers of columns and pairs of columns",
            ),
            "not_applicable": "Not applicable: no column was declared protected.",
            "not_applicable_adverse": (
                "Not applicable: the adverse class was not stated. State it with adverse= when reading "
                "the table, or with --adverse CLASS."
            ),
            "not_applicable_untold": (
                "Not applicable: for every column with groups large enough to compare, the result would disclose a small count."
            ),
            "not_applicable_few": (
                "Not applicable: no column has two groups that are large enough to compare. Each group needs at "
                "least 30 rows and, if rows are clustered, at least ten clusters."
            ),
            "not_applicable_power": (
                "Not applicable: the groups are too small. No ratio of two selection rates, however low, would be "
                "detected with 80% power."
            ),
            "not_applicable_task": "Not applicable: adverse impact is measured only for decisions between two classes.",
        },
    ),
)
