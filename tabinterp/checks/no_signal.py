"""Check whether the network fails to predict better than chance on held-out rows.

The check is raised if the network is not clearly better than chance, and the 95% interval of its performance excludes a useful
result. For two classes, chance is an AUC of one half. For regression, it is an R² of zero. For more than two classes, it is a log
loss equal to the entropy of the class shares. For counts, it is the loss of predicting the mean for every row.
"""

from __future__ import annotations

from tabinterp.checks.shared.document_values import network_metric, performance_withheld
from tabinterp.document.document import Document, Interval

from .base import WITHHELD, Check, Limit, Limits, Outcome, Text, above, not_applicable
from .classes_swapped import ranks_reversed

WEAK_AUC = 0.65  # a lower AUC needs a lower loss as well: networks trained on shuffled labels reach 0.6 by chance
WEAK_R2 = 0.02
USEFUL_AUC = 0.7  # an AUC that too few rows cannot rule out
USEFUL_SHARE = 0.1  # the same for R², and for the loss of predicting without any column
MEASURES = {"binary": "auc", "regression": "r2", "multiclass": "loss", "count": "count"}
CLEARED = {"auc": "cleared_auc", "r2": "cleared_r2", "loss": "cleared_loss", "count": "cleared_count"}
RAISED = {"auc": "raised_auc", "r2": "raised_r2", "loss": "raised_loss", "count": "raised_count"}
UNCLEAR = {"auc": "unclear_auc", "r2": "unclear_r2", "loss": "unclear_loss", "count": "unclear_count"}


def evaluate(document: Document, limits: Limits) -> Outcome:
    if (outcome := _not_judged(document)) is not None:
        return outcome
    measure, skill = MEASURES[document.data.task], document.performance.skill
    estimate = skill if measure in ("loss", "count") else network_metric(document, measure)
    chance = 0.5 if measure == "auc" else 0.0
    if estimate.low is None or estimate.value is None:
        return not_applicable("few")
    # a random function may well have a small AUC whose interval is above one half
    weak = (measure == "auc" and estimate.value < limits["auc"] and not above(skill, 0.0)) or (
        measure == "r2" and estimate.value < limits["r2"]
    )
    values = _told(estimate) | {"chance": chance}
    ranks = network_metric(document, "macro_auc") if document.data.task == "multiclass" else Interval()
    if ranks.low is not None and ranks.low > 0.5 and (ranks.value or 0.0) >= limits["auc"]:
        # If one class has nearly all rows, a network that ranks the others well lowers the log loss only a little.
        return Outcome("cleared", "cleared_macro_auc", _told(ranks))
    if estimate.low > chance and not weak:
        return Outcome("cleared", CLEARED[measure], values)
    if ranks.high is not None and ranks.high >= USEFUL_AUC:
        return Outcome("not_applicable", "unclear_macro_auc", _told(ranks))
    undecided = _may_be_useful(document, measure, estimate)
    return (
        Outcome("not_applicable", UNCLEAR[measure], values) if undecided else Outcome("raised", RAISED[measure], values)
    )


def _told(estimate: Interval) -> dict[str, float | None]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _not_judged(document: Document) -> Outcome | None:
    """Return the outcome "not applicable" with the reason why performance cannot be judged, or None if it can be judged."""
    if not document.performance.held_out:
        return not_applicable()
    if (outcome := performance_withheld(document)) is not None:
        return outcome
    return not_applicable("swapped") if ranks_reversed(document) else None


def _may_be_useful(document: Document, measure: str, estimate: Interval) -> bool:
    """Return whether, according to the interval of its performance, the network may be useful."""
    # If `estimate` is a difference in loss, it and the network's loss add up to the null loss.
    null_loss = (document.performance.metrics[0].network.value or 0.0) + (estimate.value or 0.0)
    useful = {"auc": USEFUL_AUC, "r2": USEFUL_SHARE}.get(measure, USEFUL_SHARE * null_loss)
    return estimate.high is not None and estimate.high >= useful


CHECK = Check(
    code="TI-P03",
    slug="no-signal",
    severity="act",
    section="performance",
    evaluate=evaluate,
    limits={
        "auc": Limit(WEAK_AUC, least=0.5, means="AUC of the network"),
        "r2": Limit(WEAK_R2, means="R² of the network"),
    },
    constants={"useful": USEFUL_AUC, "share": USEFUL_SHARE, "percent": 100 * USEFUL_SHARE},
    text=Text(
        title="Little or no predictive skill",
        measures=(
            "the held-out performance compared with chance: AUC (two classes), R² (regression), log loss compared "
            "with always predicting the class shares (several classes), or loss compared with always predicting the "
            "mean (counts)."
        ),
        limitations=(
            "Does not show how predictable the target is. To judge this, compare the network with the linear "
            "counterpart and with single columns."
        ),
        raised_when=(
            (
                "the network is not clearly better than chance, and the 95% interval does not include a useful result. If the "
                "interval includes a useful result, there are too few rows to decide, and the check is not applicable. Chance "
                "is an AUC of 0.5, an R² of 0, or (for more than two classes and for counts) the loss of a constant prediction. "
                "A useful result is an AUC of {useful}, an R² of {share}, or a loss {percent}% below that of a constant "
                "prediction. The network is not clearly better than chance if the 95% interval for its performance includes the "
                "chance level or lies wholly below it. For two classes, it is also not clearly better if the AUC is below {auc} "
                "and the log loss is not significantly lower than that of a constant prediction. For regression, it is also not "
                "clearly better if the R² is below {r2}. For more than two classes, the AUC averaged over the classes is "
                "considered as well. The check passes if this AUC is at least {auc} and significantly above 0.5. Otherwise, the "
                "check is not raised if the interval of this AUC includes {useful}."
            ),
            "auc, r2, useful, share: limits of AUC or R²",
        ),
        next=(
            "Check that rows and labels are matched correctly and that the split is valid. Then retrain the network."
        ),
        claims={
            "raised_auc": (
                (
                    "The network shows little or no predictive skill on held-out rows: its AUC is "
                    "{value} (95% CI {low} to {high}; chance is {chance})."
                ),
                "value, low, high: the metric and the ends of its interval",
            ),
            "cleared_auc": (
                ("The network's AUC on held-out rows is {value} (95% CI {low} to {high}), significantly above chance."),
                "value, low, high: the metric and the ends of its interval",
            ),
            "cleared_macro_auc": (
                (
                    "The network's AUC on held-out rows, averaged over the classes, is {value} (95% CI "
                    "{low} to {high}), significantly above chance."
                ),
                ("value, low, high: the AUC of each class against all others, averaged, and the ends of its interval"),
            ),
            "raised_r2": (
                (
                    "The network shows little or no predictive skill on held-out rows: its R² is {value} "
                    "(95% CI {low} to {high})."
                ),
                "value, low, high: the metric and the ends of its interval",
            ),
            "cleared_r2": (
                ("The network's R² on held-out rows is {value} (95% CI {low} to {high}), significantly above zero."),
                "value, low, high: the metric and the ends of its interval",
            ),
            "raised_loss": (
                (
                    "The network shows little or no predictive skill on held-out rows: compared with always "
                    "predicting the class shares, it reduces log loss by {value} (95% CI {low} to {high}), which is "
                    "not a significant reduction."
                ),
                "value, low, high: the difference in loss and the ends of its interval",
            ),
            "cleared_loss": (
                (
                    "On held-out rows, the network's log loss is {value} lower (95% CI {low} to {high}) than that "
                    "of always predicting the class shares."
                ),
                "value, low, high: the difference in loss and the ends of its interval",
            ),
            "raised_count": (
                (
                    "The network shows little or no predictive skill on held-out rows: compared with always "
                    "predicting the mean, it reduces the loss by {value} (95% CI {low} to {high}), which is not a "
                    "significant reduction."
                ),
                "value, low, high: the difference in loss and the ends of its interval",
            ),
            "cleared_count": (
                (
                    "On held-out rows, the network's loss is {value} lower (95% CI {low} to {high}) than that of "
                    "always predicting the mean."
                ),
                "value, low, high: the difference in loss and the ends of its interval",
            ),
            "not_applicable": "Not applicable: there are no held-out rows. Supply a split to measure predictive skill.",
            "swapped": (
                "Not applicable: the network separates the classes, but in the wrong order. See the "
                "“classes-swapped” check."
            ),
            "few": "Not applicable: there are too few held-out rows for a confidence interval.",
            "unclear_auc": (
                (
                    "Not applicable: there are too few held-out rows to decide. The network's AUC is {value} (95% "
                    "CI {low} to {high}). The interval neither shows predictive skill nor rules out a useful "
                    "ranking."
                ),
                "value, low, high: the metric and the ends of its interval",
            ),
            "unclear_macro_auc": (
                (
                    "Not applicable: there are too few held-out rows to decide. The network's AUC, averaged over "
                    "the classes, is {value} (95% CI {low} to {high}). The interval neither shows predictive skill "
                    "nor rules out a useful ranking."
                ),
                "value, low, high: the averaged AUC and the ends of its interval",
            ),
            "unclear_r2": (
                (
                    "Not applicable: there are too few held-out rows to decide. The network's R² is {value} (95% CI "
                    "{low} to {high}). The interval neither shows predictive skill nor rules out a useful "
                    "prediction."
                ),
                "value, low, high: the metric and the ends of its interval",
            ),
            "unclear_loss": (
                (
                    "Not applicable: there are too few held-out rows to decide. Compared with always predicting the "
                    "class shares, the network reduces log loss by {value} (95% CI {low} to {high}). The interval "
                    "includes both no reduction and a useful reduction."
                ),
                "value, low, high: the difference in loss and the ends of its interval",
            ),
            "unclear_count": (
                (
                    "Not applicable: there are too few held-out rows to decide. Compared with always predicting the "
                    "mean, the network reduces the loss by {value} (95% CI {low} to {high}). The interval includes "
                    "both no reduction and a useful reduction."
                ),
                "value, low, high: the difference in loss and the ends of its interval",
            ),
            "withheld": WITHHELD,
        },
    ),
)
