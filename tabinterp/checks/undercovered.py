"""Check for a slice (group of rows) in which the network's conformal intervals or sets contain the outcome too rarely."""

from __future__ import annotations

from tabinterp.analyses.conformal.record import Record
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, not_applicable

SHORT_PERCENT = 5.0  # percentage of outcomes below the intended coverage


def evaluate(document: Document, limits: Limits) -> Outcome:
    record = document.get(Record)
    if record is None:
        return not_applicable()
    if not record.tested:
        return not_applicable("few")
    limit = record.level - limits["short"] / 100
    sets = record.kind == "set"
    counts: dict[str, object] = {"tested": record.tested, "level": 100 * record.level}
    failing = [one for one in record.slices if one.coverage.high is not None and one.coverage.high <= limit]
    if not failing:
        return Outcome("cleared", "cleared_sets" if sets else "cleared", counts | {"limit": 100 * limit})
    worst = failing[0]
    found = {name: 100 * (getattr(worst.coverage, name) or 0.0) for name in ("value", "low", "high")}
    return Outcome(
        "raised", "raised_sets" if sets else "raised", counts | found | {"group": worst.group, "rows": worst.rows}
    )


CHECK = Check(
    code="TI-G07",
    slug="undercovered",
    severity="check",
    section="overfitting",
    evaluate=evaluate,
    limits={
        "short": Limit(SHORT_PERCENT, most=100, means=("shortfall from the intended coverage, in percentage points"))
    },
    text=Text(
        title="Low coverage in a group",
        measures=(
            "the share of outcomes that the network's conformal prediction intervals (for classes: prediction sets) cover in "
            "subgroups (levels and quartile ranges of single columns). The intervals and sets are constructed to cover 90% of "
            "all outcomes."
        ),
        limitations=(
            "Does not cover subgroups with fewer than 100 rows, or groups defined by several columns. Coverage over all rows "
            "is close to 90% by construction, so it says nothing about the network. For numeric targets, all intervals "
            "have the same width, so coverage is low where outcomes vary more, even if every predicted mean is correct."
        ),
        raised_when=(
            "in a subgroup, the whole interval for the coverage, adjusted for the number of subgroups, lies at least {short} "
            "percentage points below the intended coverage."
        ),
        next=(
            "Do not use one threshold for all rows. Set thresholds separately for the subgroups with low coverage, or model how "
            "the size of the errors depends on the columns. Check whether the network's predictions are accurate in these "
            "subgroups."
        ),
        claims={
            "raised": (
                (
                    "For rows with {group} (n = {rows}), the network's {level}% conformal intervals cover only {value}% of the "
                    "outcomes (95% CI {low}% to {high}%, adjusted for {tested} subgroups)."
                ),
                "group: such as 'age = 25 to 30'; value, low, high, level: percentages; tested: number of groups",
            ),
            "raised_sets": (
                (
                    "For rows with {group} (n = {rows}), the network's {level}% conformal sets cover only {value}% of the "
                    "outcomes (95% CI {low}% to {high}%, adjusted for {tested} subgroups)."
                ),
                "group: such as 'age = 25 to 30'; value, low, high, level: percentages; tested: number of groups",
            ),
            "cleared": (
                (
                    "The coverage of the network's conformal intervals was not shown to be below {limit}% in any subgroup "
                    "(target: {level}%; subgroups tested: {tested})."
                ),
                "tested: number of subgroups; limit, level: percentages",
            ),
            "cleared_sets": (
                (
                    "The coverage of the network's conformal sets was not shown to be below {limit}% in any subgroup (target: "
                    "{level}%; subgroups tested: {tested})."
                ),
                "tested: number of subgroups; limit, level: percentages",
            ),
            "not_applicable": (
                "Not applicable: conformal prediction was not computed. It needs at least 100 held-out rows or groups of rows."
            ),
            "few": "Not applicable: no level or quartile range of a column has at least 100 held-out rows.",
        },
    ),
)
