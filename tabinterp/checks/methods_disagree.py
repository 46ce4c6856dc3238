"""Check whether attribution methods disagree about the ranking of the columns by more than sampling error can explain."""

from __future__ import annotations

from tabinterp.analyses.agreement.record import Agreement
from tabinterp.analyses.permutation_importance.record import Importance
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, not_applicable, raised_if

# Attributions with the same estimand: the contribution of each column to the score, compared with a background. Permutation
# importance concerns the loss; saliency and the average derivative are slopes. Different rankings by these are no disagreement.
ATTRIBUTIONS = {"network.integrated_gradients", "network.expected_gradients", "network.shapley"}
FEWEST_ORDERED = 5  # pairs of columns ordered significantly by both: with fewer, sampling error hides a disagreement
RANK_CORRELATION = 0.2  # columns without weight, which are ranked at random, lower the correlation to about 0.25
SHARED_PERCENT = 40.0  # percentage of the first five columns: two of them, the number expected by chance among a dozen


def evaluate(document: Document, limits: Limits) -> Outcome:
    pairs = [a for a in document.agreement if {a.first, a.second} <= ATTRIBUTIONS and a.spearman is not None]
    if not pairs:
        return not_applicable()
    known = [(a.spearman, a) for a in pairs if a.spearman is not None and (a.ordered or 0) >= FEWEST_ORDERED]
    if not known:
        most = max(pair.ordered or 0 for pair in pairs)
        return Outcome("not_applicable", "few", {"ordered": most, "least": FEWEST_ORDERED})
    disagreeing = [
        (correlation, pair)
        for correlation, pair in known
        if correlation < limits["rank"]
        and _order_correlation(pair) < limits["rank"]
        and not _share_first(document, pair, limits["percent"] / 100)
    ]
    correlation, pair = min(disagreeing or known, key=lambda one: one[0])
    values: dict[str, object] = {"value": correlation, "threshold": limits["rank"]}
    values |= {"first": _method(pair.first), "second": _method(pair.second)}
    values |= {"ordered": pair.ordered, "opposed": pair.opposed}
    if correlation < limits["rank"] and not disagreeing:
        if _order_correlation(pair) >= limits["rank"]:
            return Outcome("cleared", "cleared_error", values)
        return Outcome("cleared", "cleared_first", {**values, "percent": 100 * (pair.overlap or 0.0), "top": pair.top})
    return raised_if(bool(disagreeing), **values)


def _order_correlation(pair: Agreement) -> float:
    """Return Kendall's rank correlation between two attributions. A pair of columns is included only if the two columns differ
    significantly under both attributions.
    """
    ordered = pair.ordered or 0
    return (ordered - 2 * (pair.opposed or 0)) / max(ordered, 1)


def _share_first(document: Document, pair: Agreement, share: float) -> bool:
    """Return whether two rankings of many columns largely agree on which columns come first. In that case, the rankings differ
    mainly in unimportant columns.
    """
    return len(document[Importance].columns) > 2 * pair.top and (pair.overlap or 0.0) > share


def _method(name: str) -> str:
    return name.removeprefix("network.").replace("_", " ")


CHECK = Check(
    code="TI-E02",
    slug="methods-disagree",
    severity="check",
    section="agreement",
    evaluate=evaluate,
    limits={
        "rank": Limit(RANK_CORRELATION, least=-1, means="rank correlation of two attribution methods"),
        "percent": Limit(
            SHARED_PERCENT, most=100, means="percentage of the top columns that two attribution methods share"
        ),
    },
    text=Text(
        title="Attribution methods disagree",
        measures=(
            "the rank correlation between any two attributions of the network's score (integrated gradients, expected "
            "gradients, Shapley values): Spearman's over all columns, and Kendall's over the pairs of columns whose order is "
            "significant under both methods."
        ),
        limitations=(
            "Does not show which method is right. Compares contributions to the score only: permutation "
            "importance (a change in loss) and saliency (a slope) are left out."
        ),
        raised_when=(
            (
                "Spearman's rank correlation between two attribution methods over all columns is below {rank}, and so is "
                "Kendall's over the pairs of columns whose order is significant under both methods. In addition, the two "
                "methods have at most {percent}% of their top columns in common (the top five, or the top half, rounded "
                "down, if there are fewer than ten columns). This last condition is ignored if the top columns make up half or "
                "more of all columns."
            ),
            "rank: a rank correlation",
        ),
        next=(
            "Do not rely on a single importance ranking. Examine correlated columns and saturation, which can make "
            "attribution methods diverge."
        ),
        claims={
            "raised": (
                (
                    "Two attribution methods rank the columns differently: the rank correlation between "
                    "{first:method} and {second:method} is {value} (threshold {threshold}). Of the {ordered} pairs "
                    "of columns whose order is significant under both methods, {opposed} are "
                    "ordered differently by the two methods."
                ),
                (
                    "first, second: names of methods; value: the rank correlation; ordered, opposed: "
                    "numbers of pairs of columns"
                ),
            ),
            "cleared": (
                (
                    "The attribution methods rank the columns similarly. The lowest rank correlation is {value}, between "
                    "{first:method} and {second:method} (threshold {threshold}). Of the {ordered} pairs of columns whose "
                    "order is significant under both methods, {opposed} are ordered differently by the two methods."
                ),
                (
                    "first, second: names of methods; value: the rank correlation; ordered, opposed: "
                    "numbers of pairs of columns"
                ),
            ),
            "cleared_error": (
                (
                    "The rank correlation between {first:method} and {second:method} is only {value} (threshold {threshold}), "
                    "but sampling error can explain this low value. Of the {ordered} pairs of columns whose order is "
                    "significant under both methods, {opposed} are ordered differently by the two methods."
                ),
                (
                    "first, second: names of methods; value: the rank correlation; ordered, opposed: "
                    "numbers of pairs of columns"
                ),
            ),
            "cleared_first": (
                (
                    "Attribution methods agree on the most important columns but not on the others: {first:method} "
                    "and {second:method} share {percent}% of their top {top} columns, with a rank correlation of "
                    "{value} over all columns (threshold {threshold}). Of the {ordered} pairs of columns whose "
                    "order is significant under both methods, {opposed} are ordered differently by the two methods."
                ),
                (
                    "first, second: names of methods; value: the rank correlation; ordered, opposed: "
                    "numbers of pairs of columns"
                ),
            ),
            "not_applicable": "Not applicable: fewer than two attribution methods ranked the columns.",
            "few": (
                (
                    "Not applicable: sampling error is too large to compare rankings. No two methods have more than {ordered} "
                    "pairs of columns whose order is significant under both methods; at least {least} pairs are needed."
                ),
                "ordered, least: numbers of pairs of columns",
            ),
        },
    ),
)
