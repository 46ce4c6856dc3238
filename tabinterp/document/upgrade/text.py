"""Sentences about converted documents, and sentences from documents that earlier versions wrote.

`former.KEY` is the sentence that had the key KEY before the key was removed, or before the values in its sentence changed.
`former.KEY.earlier` is an even older sentence with this key.
"""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "migration.none": "The audit already conforms to the current schema ({schema}). No migration is needed.",
    "migration.source": (
        "This audit was written by an earlier version of tabinterp and migrated to the current form. The SHA-256 of the original "
        "file is {digest}. Analyses and checks that the earlier version did not have are absent.",
        "digest: SHA-256 in hexadecimal",
    ),
    "migration.line_on_other_metrics": (
        "The verdict no longer contains a sentence on metrics other than the squared error, because the only other metric, R², "
        "carries the same information as the squared error."
    ),
    "migration.evidence": (
        "The original document contains no evidence map, which states for each clause of a law or standard whether the audit "
        "supplies evidence. To compute the evidence map from the numbers in the document, use “tabinterp evidence”."
    ),
    "migration.proxies_of_reasons": (
        "The original document does not state which columns used as reason codes are proxies for protected columns, so no column "
        "is marked as a proxy."
    ),
    "migration.unit_cards": (
        "Details of individual hidden units, and the inputs that maximise hidden units or the network's outputs, are left out, "
        "because the original document does not state how atypical these inputs are."
    ),
    "migration.rows_of_derivatives": (
        "The original document states a single number of rows for all average derivatives of the network. This number is shown "
        "for each average derivative."
    ),
    "migration.rows_of_ranks": (
        "The original document does not state how many rows were used for rank correlations with hidden units. This number is "
        "taken to be the number of rows used for the means of the hidden units."
    ),
    "migration.sentences": (
        "This version of tabinterp has removed or changed some sentences of the original document. They are shown in their "
        "original form, with their original values."
    ),
    "former.verdict.only_network": (
        "These columns have a significant permutation importance for the network, but not for the linear counterpart: {columns}."
    ),
    "former.coefficients.method.model": (
        "The linear model is fitted by unpenalised maximum likelihood (least squares in regression) on the network's encoded "
        "columns without the reference levels. Standard errors come from the information matrix; intervals are Wald intervals."
    ),
    "former.coefficients.method.robust": (
        "The linear model is fitted by unpenalised weighted estimating equations on the network's encoded columns without the "
        "reference levels. Standard errors are sandwich estimates; intervals are Wald intervals."
    ),
    "former.finding.worse-than-linear.raised": (
        "The network predicts worse than {linear:name}: its held-out loss is {value} higher (95% CI {low} to {high})."
    ),
    "former.finding.secretly-linear.raised": (
        "On the rows analysed, the network is effectively linear: a linear function of the columns explains {percent}% of the "
        "variance of its score."
    ),
    "former.finding.secretly-linear.cleared": (
        "A linear function of the columns explains {percent}% of the variance of the network's score."
    ),
    "former.finding.sign-conflict.raised": (
        "The direction of the effect differs between the network and the linear counterpart for {count} of the {terms} terms "
        "in {columns}. For these terms, the 95% intervals for the effect in both models exclude zero."
    ),
    "former.finding.methods-disagree.raised": (
        "Two attribution methods rank the columns differently: the rank correlation between {first:method} and "
        "{second:method} is {value} (threshold {threshold})."
    ),
    "former.finding.methods-disagree.raised.earlier": (
        "Two attribution methods rank the columns differently: their rank correlation is {value}."
    ),
    "former.finding.methods-disagree.cleared": (
        "The attribution methods rank the columns similarly. The lowest rank correlation is {value}, between {first:method} "
        "and {second:method} (threshold {threshold})."
    ),
    "former.finding.methods-disagree.cleared.earlier": (
        "The attribution methods rank the columns similarly. The lowest rank correlation is {value}."
    ),
    "former.finding.methods-disagree.cleared_first": (
        "Attribution methods agree on the most important columns but not on the others: {first:method} and {second:method} "
        "share {percent}% of their top {top} columns, with a rank correlation of {value} over all columns."
    ),
    "former.finding.unused-column.cleared": "The network uses every input column.",
    "former.finding.saturated.raised": (
        "The network's predicted probabilities p are saturated: the median of p(1 − p) is {value} (the highest possible value "
        "is 0.25). Gradients of the probabilities nearly vanish, so this report uses gradients of the log-odds."
    ),
    "former.finding.saturated.cleared": (
        "The network's predicted probabilities p are not saturated: the median of p(1 − p) is {value} (the highest possible "
        "value is 0.25)."
    ),
    "former.finding.no-signal.raised_accuracy": (
        "The network was not shown to predict held-out rows better than chance: its accuracy is {value} (95% CI {low} to "
        "{high}). Always predicting the most frequent class would give an accuracy of {chance}."
    ),
    "former.finding.no-signal.cleared_accuracy": (
        "The network's accuracy on held-out rows is {value} (95% CI {low} to {high}). Always predicting the most frequent class "
        "would give an accuracy of {chance}."
    ),
    "former.finding.miscalibrated.raised": (
        "The network is miscalibrated on held-out rows. The recalibration slope is {slope} (95% CI {low} to {high}; 1 is "
        "ideal, below 1 means predictions are too extreme), and the intercept is {intercept} (95% CI {intercept_low} to "
        "{intercept_high}; 0 is ideal)."
    ),
    "former.finding.miscalibrated.raised_classes": (
        "The network is miscalibrated for {count} of the {outputs} classes on held-out rows. For class “{output}”, the "
        "recalibration slope is {slope} (95% CI {low} to {high}; 1 is ideal, below 1 means predictions are too extreme), and "
        "the intercept is {intercept} (95% CI {intercept_low} to {intercept_high}; 0 is ideal)."
    ),
    "former.finding.miscalibrated.cleared": (
        "Miscalibration on held-out rows was not shown to exceed the limits of this check: the recalibration slope is {slope} "
        "(95% CI {low} to {high}), and the intercept is {intercept} (95% CI {intercept_low} to {intercept_high})."
    ),
    "former.finding.miscalibrated.cleared_classes": (
        "Miscalibration on held-out rows was not shown to exceed the limits of this check for any of the {outputs} classes. "
        "The recalibration slope farthest from 1 is {slope} (95% CI {low} to {high}), for class “{output}”."
    ),
    "former.finding.shortcut.raised": (
        "These columns predict the target significantly worse on held-out rows than on training rows: {columns}. The AUC or R² "
        "of {column} alone is {training} on training rows (cross-fitted) and {held_out} on held-out rows (difference {fall}, "
        "95% CI {low} to {high})."
    ),
    "former.finding.shortcut.cleared": (
        "No column was shown to lose more predictive power from training to held-out rows than this check allows (columns "
        "tested: {count}). The largest drop in the AUC or R² of a single column is {fall}, for {column} (95% CI {low} to "
        "{high})."
    ),
    "former.finding.row-overlap.raised": (
        "Of the {rows} held-out rows, {count} ({percent}%) match a training row in every column. Performance on these "
        "held-out rows may reflect memorisation."
    ),
    "former.finding.row-overlap.cleared": (
        "Of the {rows} held-out rows, {count} match a training row in every column, and {inputs} match a training row in every "
        "input column."
    ),
    "former.finding.disparate-impact.raised": (
        "The selection rate of {group} is {ratio} times that of its reference group (95% CI {low} to {high}). For {count} of "
        "{of} groups, the whole 95% interval of this ratio lies below 0.80 or above 1.25. For {also} of these groups, this "
        "also holds for the linear counterpart. The four-fifths limit is a rule of thumb; the applicable limit depends on the "
        "jurisdiction."
    ),
    "former.finding.disparate-impact.raised_at_most": (
        "Fewer than ten rows of {group} are selected: its selection rate is at most {high} times the rate of its reference group "
        "(upper end of the 95% CI if nine rows were selected). For {count} of {of} groups, the whole 95% interval of this ratio "
        "lies below the limit or above its inverse. For {also} of these groups, this also holds for the linear counterpart. The "
        "usual limit of four fifths is a rule of thumb; the applicable limit depends on the jurisdiction."
    ),
    "former.finding.disparate-impact.raised_at_least": (
        "Fewer than ten rows of {group} are not selected: its selection rate is at least {low} times the rate of its reference "
        "group (lower end of the 95% CI if nine rows were not selected). For {count} of {of} groups, the whole 95% interval of "
        "this ratio lies below the limit or above its inverse. For {also} of these groups, this also holds for the linear "
        "counterpart. The usual limit of four fifths is a rule of thumb; the applicable limit depends on the jurisdiction."
    ),
    "former.finding.disparate-impact.cleared": (
        "No group's ratio of selection rates (group to reference group) has a 95% interval that lies wholly below 0.80 or wholly "
        "above 1.25 (groups compared: {of}). The ratio farthest from 1 is that of {group}: {ratio} (95% CI {low} to {high})."
    ),
    "former.finding.disparate-impact.cleared_at_most": (
        "No group's ratio of selection rates (group to reference group) has a 95% interval that lies wholly below the limit or "
        "wholly above its inverse (groups compared: {of}). Fewer than ten rows of {group} are selected, "
        "so its ratio is given only as an upper bound: at most {high}."
    ),
    "former.finding.disparate-impact.cleared_at_least": (
        "No group's ratio of selection rates (group to reference group) has a 95% interval that lies wholly below the limit or "
        "wholly above its inverse (groups compared: {of}). Fewer than ten rows of {group} are not selected, "
        "so its ratio is given only as a lower bound: at least {low}."
    ),
    "former.finding.weak-subgroup.raised": (
        "The network performs poorly for rows with {group} (n = {rows}): its loss is {loss} in this group and {rest} in the "
        "other rows. The reduction in loss relative to always predicting the group's base rate is {percent}%. Number of groups "
        "with poor performance: {count} of the {tested} tested, which were selected from {searched} groups."
    ),
    "former.finding.weak-subgroup.raised_sure": (
        "The network is overconfident for rows with {group} (n = {rows}): its loss is {excess} higher than its own "
        "probabilities imply (adjusted CI {low} to {high}). Number of groups with poor performance: {count} of the {tested} "
        "tested, which were selected from {searched} groups."
    ),
    "former.finding.reason-codes-unstable.raised": (
        "A different random seed changes the list of reason codes for {changed}% of declined rows. Lists were also computed with "
        "two different references: the mean of all rows, and the mean of the narrowly approved rows. The mean Jaccard index "
        "between these two lists is {alike} (n = {rows} declined rows)."
    ),
    "former.finding.reason-codes-unstable.cleared": (
        "A different random seed changes the list of reason codes for {changed}% of declined rows. Lists were also computed with "
        "two different references: the mean of all rows, and the mean of the narrowly approved rows. The mean Jaccard index "
        "between these two lists is {alike} (n = {rows} declined rows)."
    ),
    "former.not_assessed.calibration": "Calibration, and the comparison after both models are recalibrated.",
    "former.not_assessed.conditional": (
        "Conditional and grouped importance: columns with the same information share importance, so each of them looks less "
        "important than it is."
    ),
    "former.not_assessed.sanity": (
        "A comparison with the explanations of a network that has random weights, and integrated gradients computed from other "
        "baselines."
    ),
    "former.why.of several classes none is the selected one": (
        "the target has several classes, and none of them is designated as the class of selected rows"
    ),
    "former.why.performance.class": (
        "one class has fewer than {least} evaluated rows, so results on these rows could disclose information about individuals; "
        "hold out more rows, or collect more rows of that class"
    ),
    "former.why.opaque.traced": "cannot be traced, so its embedding lookups cannot be found",
    "former.why.opaque.chain": "is not a chain of layers ({kind})",
    "former.why.opaque.chain.nothing": "is not a chain of layers (no node computes {name})",
    "former.why.opaque.chain.inputs": "has {inputs} inputs",
    "former.why.opaque.chain.gemm": "contains a Gemm with weights that are not constant",
    "former.why.opaque.chain.matmul": "contains a MatMul with weights that are not constant or are its first operand",
    "former.why.opaque.chain.norm": "contains a BatchNormalization in training mode",
    "former.why.opaque.chain.computed": "applies {kind} to two values that are not constant",
    "former.why.opaque.chain.shape": "contains {kind} with a constant of shape {shape}",
}
