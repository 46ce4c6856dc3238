"""Check whether the network ranks or names the classes in the wrong order."""

from __future__ import annotations

from tabinterp.checks.shared.document_values import network_metric, performance_withheld
from tabinterp.document.document import Document

from .base import WITHHELD, Check, Limits, Outcome, Text, not_applicable, raised_if

SWAPPED_Z = 2.576  # standard errors of the AUC below one half: 99% confidence


def evaluate(document: Document, limits: Limits) -> Outcome:
    if document.data.task not in ("binary", "multiclass") or not document.performance.held_out:
        return not_applicable("task" if document.performance.held_out else "not_applicable")
    if (outcome := performance_withheld(document)) is not None:
        return outcome
    if document.data.task == "multiclass":
        swapped = document.performance.swapped
        if swapped is None:
            return Outcome("cleared", "cleared_order")
        pairs = [f"{one} → {other}" for one, other in zip(swapped.predicted, swapped.happened, strict=True)]
        values = {"classes": pairs, "value": swapped.gain.value, "low": swapped.gain.low, "high": swapped.gain.high}
        return Outcome("raised", "raised_order", values)
    auc = network_metric(document, "auc")
    if auc.stderr is None:
        return not_applicable("few")
    return raised_if(ranks_reversed(document), value=auc.value, low=auc.low, high=auc.high)


def ranks_reversed(document: Document) -> bool:
    """Return whether the classes seem to be swapped. For two classes, this is the case if the AUC is significantly below one
    half. If there are more than two classes, this is the case if the predictions fit the rows better after the classes are
    relabelled.
    """
    auc = network_metric(document, "auc")
    below = auc.value is not None and auc.stderr is not None and auc.value + SWAPPED_Z * auc.stderr < 0.5
    return document.performance.swapped is not None or below


CHECK = Check(
    code="TI-P05",
    slug="classes-swapped",
    severity="act",
    section="performance",
    evaluate=evaluate,
    voids_comparison=True,
    text=Text(
        title="Swapped classes",
        measures=(
            "the AUC of the network (two classes), or whether relabelling the predicted classes raises accuracy "
            "(several classes). If the target has more than two classes, the new labels are chosen on half of the held-out rows "
            "and tested on the other half."
        ),
        limitations="May miss swapped classes that the network rarely predicts.",
        raised_when=(
            "the network's AUC is below 0.5 at 99% confidence (two classes), or the rise in accuracy from relabelling the "
            "predicted classes has a one-sided p-value below 0.01 (several classes)."
        ),
        next=(
            "Check the order of the classes and of the network's outputs, and which class is declared "
            "positive. Then repeat the audit."
        ),
        claims={
            "raised": (
                (
                    "The network ranks the two classes in reverse order: its AUC is {value} (95% CI {low} to "
                    "{high}), significantly below 0.5."
                ),
                "value, low, high: the metric and the ends of its interval",
            ),
            "raised_order": (
                (
                    "The predicted classes match the target better when relabelled: {classes}. "
                    "Relabelling raises accuracy by {value} (95% CI {low} to {high})."
                ),
                (
                    "classes: such as 'a → b, b → a'; value, low, high: a difference of accuracy and the "
                    "ends of its interval"
                ),
            ),
            "cleared": (
                (
                    "There is no evidence that the two classes are swapped: the network's AUC is {value} (95% CI {low} to "
                    "{high}), which is not significantly below 0.5 (99% confidence)."
                ),
                "value, low, high: the metric and the ends of its interval",
            ),
            "cleared_order": "No relabelling of the predicted classes was found to raise accuracy significantly.",
            "not_applicable": (
                "Not applicable: there are no held-out rows. Supply a split to check the order of the classes."
            ),
            "task": "Not applicable: the target has no classes.",
            "few": "Not applicable: there are too few held-out rows for a confidence interval.",
            "withheld": WITHHELD,
        },
    ),
)
