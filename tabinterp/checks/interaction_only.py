"""Check whether the network uses an interaction of two columns although neither column shows an effect on its own."""

from __future__ import annotations

from tabinterp.analyses.coefficients.record import Coefficients
from tabinterp.analyses.data_quality.record import TableReadings
from tabinterp.analyses.interactions.record import Interactions
from tabinterp.checks.shared.document_values import predictive_power
from tabinterp.checks.shared.power import with_power_of_intervals
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, above, cleared, not_applicable, raised
from .suppressor import WEAK_CORRELATION, WEAK_P

PAIR_PERCENT = 5.0  # percentage of the variance of the score: weaker pairs do not justify a finding
WEAK_AUC, WEAK_R2 = 0.55, 0.02  # AUC and R² of a column alone


def evaluate(document: Document, limits: Limits) -> Outcome:
    interactions, table = document.get(Interactions), document.get(TableReadings)
    if interactions is None or not interactions.pairs or table is None:
        return not_applicable()
    columns = [one.column for one in table.columns if not one.target]
    hidden = {column for column in columns if _is_weak_alone(document, column, limits)}
    strong = [
        (row.first, row.second, row.share.value)
        for row in interactions.pairs
        if above(row.share, limits["percent"] / 100) and {row.first, row.second} <= hidden
    ]
    if len(hidden) < 2:
        return Outcome("cleared", "cleared_none")
    if not strong:
        passed = cleared(pairs=len(interactions.pairs), hidden=len(hidden))
        shares = [row.share for row in interactions.pairs]
        return with_power_of_intervals(passed, "variance", limits["percent"] / 100, shares, interactions.rows, 1.0)
    names = list(dict.fromkeys(f"{first} × {second}" for first, second, _ in strong))
    return raised(pairs=names, percent=100 * max(share or 0.0 for *_, share in strong))


def _is_weak_alone(document: Document, column: str, limits: Limits) -> bool:
    table = document.get(TableReadings)
    tests = [test.p for test in document[Coefficients].tests if test.column == column and test.p is not None]
    if not tests or min(tests) * len(tests) <= limits["p"] or table is None:
        return False
    one = next(c for c in table.columns if c.column == column)
    weak, power = limits["auc" if table.metric == "auc" else "r2"], predictive_power(one).value
    correlated = one.correlation is not None and abs(one.correlation) >= WEAK_CORRELATION
    return power is not None and power < weak and not correlated


CHECK = Check(
    code="TI-E05",
    slug="interaction-only",
    severity="note",
    section="interactions",
    evaluate=evaluate,
    limits={
        "percent": Limit(
            PAIR_PERCENT, most=100, means="percentage of the score's variance explained by the interaction"
        ),
        "p": Limit(WEAK_P, means="corrected Wald p-value of each of the two columns"),
        "auc": Limit(WEAK_AUC, least=0.5, means="AUC when the target is predicted from either column alone"),
        "r2": Limit(WEAK_R2, means="R² when the target is predicted from either column alone"),
    },
    constants={"correlation": WEAK_CORRELATION},
    text=Text(
        title="Columns that matter only jointly",
        measures=(
            "strong interactions in the network between columns that have no significant coefficient and little "
            "predictive power on their own."
        ),
        limitations="Does not cover pairs of columns that were not analysed, or interactions of three or more columns.",
        raised_when=(
            (
                "the interaction of two columns explains at least {percent}% of the variance of the network's score (lower end "
                "of the 95% interval), and neither column shows an effect on its own. A column shows no effect on its own if its "
                "corrected Wald p-value is above {p}, its single-column AUC is below {auc} (for numeric and count targets: its "
                "R² is below {r2}), and its correlation with the target is below {correlation} in absolute value. The condition "
                "on the correlation applies only to numeric columns, and not if the target has more than two classes."
            ),
            "percent: a share of the variance; p: a p-value",
        ),
        next=(
            "In the section on interactions, inspect the pairs of columns that matter only jointly. To represent such an "
            "interaction, a linear model needs the product of the two columns as an additional column."
        ),
        claims={
            "raised": (
                (
                    "The network uses interactions between columns that show no effect on their own, neither in their "
                    "coefficients nor in their correlations with the target. Pairs of such columns: {pairs}. The strongest "
                    "interaction explains {percent}% of the variance of the network's score."
                ),
                "pairs: such as 'age × income'",
            ),
            "cleared": (
                (
                    "No strong interaction was found between two columns that show no effect on their own (pairs analysed: "
                    "{pairs}; columns without an effect of their own: {hidden})."
                ),
                "pairs: the number of pairs; hidden: the number of columns that show no effect on their own",
            ),
            "cleared_none": (
                "At most one column shows no effect on its own, so there is no pair of such columns to check for an interaction."
            ),
            "not_applicable": (
                "Not applicable: interactions between columns were not analysed. Include the interactions and "
                "data_quality analyses."
            ),
        },
    ),
)
