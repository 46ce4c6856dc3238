"""Does the network follow another rule on perturbed rows, which do not occur, than on real rows?"""

from __future__ import annotations

from tabinterp.checks.shared.power import with_power_of_intervals
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, above, not_applicable, raised_if

GAP = 0.15  # share of the R² learnt from real rows: ordinary networks stay below 0.13, scaffolded ones are above 0.18


def evaluate(document: Document, limits: Limits) -> Outcome:
    off = document.off_support
    if off is None or off.gap.low is None:
        return not_applicable()
    limit = max(limits["share"] * (off.real.value or 0.0), 1e-12)
    outcome = raised_if(
        above(off.gap, limit),
        auc=off.auc.value,
        real=off.real.value,
        perturbed=off.perturbed.value,
        gap=off.gap.value,
        low=off.gap.low,
        high=off.gap.high,
    )
    return with_power_of_intervals(outcome, "gap", limit, [off.gap], off.rows, 1.0)


CHECK = Check(
    code="TI-E08",
    slug="off-support-behaviour",
    severity="act",
    section="off-data",
    evaluate=evaluate,
    limits={"share": Limit(GAP)},
    text=Text(
        title="Another rule off the data",
        measures="how well the score on real rows can be learnt from perturbed rows, against from real ones",
        limitations=(
            "A second rule that agrees with the first on most rows, one that trees cannot learn, and any in a table "
            "whose columns hardly go together: there a perturbed row is as good as a real one."
        ),
        raised_when="The 95% interval of the difference of R² lies above {share} of the R² learnt from real rows.",
        next=(
            "Do not trust readings that perturb rows; ask who made the model, and read it by swaps between real rows."
        ),
        claims={
            "raised": (
                (
                    "The network follows another rule on rows that do not occur: of its score on real rows, what "
                    "trees learn from real rows explains {real}, what they learn from perturbed rows {perturbed} "
                    "(R²; difference {gap}, 95% interval {low} to {high}). Perturbed rows can be told from real ones "
                    "(AUC {auc}), so that readings which perturb rows may tell of the other rule."
                ),
                "real, perturbed: R²; gap, low, high: their difference and the ends of its interval",
            ),
            "cleared": (
                (
                    "What trees learn of the score from perturbed rows explains it on real rows almost as well as "
                    "what they learn from real rows (R² {perturbed} and {real}; difference {gap}, 95% interval {low} "
                    "to {high}; AUC of perturbed against real rows {auc})."
                ),
                "real, perturbed: R²; gap, low, high: their difference and the ends of its interval",
            ),
            "not_applicable": "The rows or columns are too few, or the score is constant.",
        },
    ),
)
