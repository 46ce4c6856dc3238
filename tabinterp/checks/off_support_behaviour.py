"""Check whether the network follows a different rule on unrealistic perturbed rows than on real rows."""

from __future__ import annotations

from tabinterp.analyses.off_support.record import OffSupport
from tabinterp.checks.shared.power import with_power_of_intervals
from tabinterp.document.document import Document

from .base import Check, Limit, Limits, Outcome, Text, above, not_applicable, raised_if

GAP = 0.15  # share of the R² learnt from real rows: ordinary networks stay below 0.13, scaffolded ones are above 0.18


def evaluate(document: Document, limits: Limits) -> Outcome:
    off = document.get(OffSupport)
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
    limits={
        "share": Limit(
            GAP,
            means=(
                "R² of trees fitted to real rows minus R² of trees fitted to perturbed rows, as a share of the R² of trees "
                "fitted to real rows"
            ),
        )
    },
    text=Text(
        title="Different behaviour on unrealistic rows",
        measures=(
            "how well trees fitted to perturbed rows predict the network's score on real rows, compared with trees "
            "fitted to real rows."
        ),
        limitations=(
            "Does not detect behaviour specific to perturbed rows if it affects few of them or if trees cannot "
            "learn it. If the columns are nearly independent, perturbed rows are as realistic as real ones, and "
            "this check detects nothing."
        ),
        raised_when=(
            "trees fitted to perturbed rows predict the network's score on real rows worse than trees fitted to real "
            "rows, and the lower end of the 95% interval for the difference in R² is at least {share} times the R² "
            "of the trees fitted to real rows."
        ),
        next=(
            "Do not rely on methods that evaluate the network on unrealistic rows; use methods that exchange values "
            "only between similar real rows. Ask the developer how the model was built."
        ),
        claims={
            "raised": (
                (
                    "The network behaves differently on unrealistic rows than on real rows. Trees fitted to real "
                    "rows predict its score on real rows with an R² of {real}; trees fitted to perturbed rows reach "
                    "only {perturbed} (difference {gap}, 95% CI {low} to {high}). Perturbed rows can be "
                    "distinguished from real rows (AUC {auc}), so methods that perturb rows may describe behaviour "
                    "that does not occur on real rows."
                ),
                "real, perturbed: R²; gap, low, high: their difference and the ends of its interval",
            ),
            "cleared": (
                (
                    "There is no sign of materially different behaviour on unrealistic rows: trees fitted to "
                    "perturbed rows predict the network's score on real rows almost as well as trees fitted to real "
                    "rows (R² {perturbed} and {real}; difference {gap}, 95% CI {low} to {high}). Perturbed rows "
                    "can be distinguished from real rows with an AUC of {auc}."
                ),
                "real, perturbed: R²; gap, low, high: their difference and the ends of its interval",
            ),
            "not_applicable": "Not applicable: there are too few rows or columns, or the score is constant.",
        },
    ),
)
