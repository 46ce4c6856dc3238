"""Every sentence a reader sees, in one place, so that it can be checked and translated.

A sentence is a key and values (`tabinterp.report.document.Message`); the text is only made when it is shown. Values
are plain text here: escaping is the business of whoever puts the text on a page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

ENGLISH: dict[str, str] = {
    # the verdict: a closed set
    "verdict.better": "The network beats {linear} on held-out rows.",
    "verdict.equivalent": "The network and {linear} are equivalent on held-out rows.",
    "verdict.worse": "The network is worse than {linear} on held-out rows.",
    "verdict.not_resolved": "The held-out rows do not resolve whether the network or {linear} is better.",
    "verdict.not_assessed": "Not assessed: it is not known which rows the network was not trained on.",
    "verdict.gap.log_loss.lower": (
        "Its log loss is lower by {value} (95% interval {low} to {high}); differences under {margin} do not matter."
    ),
    "verdict.gap.log_loss.higher": (
        "Its log loss is higher by {value} (95% interval {low} to {high}); differences under {margin} do not matter."
    ),
    "verdict.gap.log_loss.open": (
        "Network minus linear, log loss differs by {value} (95% interval {low} to {high}, which includes zero); "
        "differences under {margin} do not matter."
    ),
    "verdict.gap.squared_error.lower": (
        "Its mean squared error is lower by {value} (95% interval {low} to {high}); differences under {margin} do not "
        "matter."
    ),
    "verdict.gap.squared_error.higher": (
        "Its mean squared error is higher by {value} (95% interval {low} to {high}); differences under {margin} do not "
        "matter."
    ),
    "verdict.gap.squared_error.open": (
        "Network minus linear, the mean squared error differs by {value} (95% interval {low} to {high}, which includes "
        "zero); differences under {margin} do not matter."
    ),
    "verdict.others": (
        "Of the other metrics, {better} are resolved in favour of the network, {worse} in favour of the linear model, and "
        "{no} are not resolved."
    ),
    "verdict.labels": "The two models give another label to {count} of {rows} held-out rows ({percent}%).",
    "verdict.only_network": (
        "Only the network's loss rises measurably when one of these columns is permuted: {columns}."
    ),
    # which rows were held out
    "split.none": "None was given: it is not known which rows the network was trained on.",
    "split.column": "By the column {column}.",
    "split.date": "By date: rows whose {column} is {at} or later are held out.",
    "split.fraction": "A share of {share} of the rows, drawn by a hash of their contents (seed {seed}).",
    "split.stratified": "A share of {share} of the rows of each class, drawn by a hash of their contents (seed {seed}).",
    # how a model was read
    "model.mixed": (
        "The encoder mixes {columns} with other columns: moving one of them encodes whole rows again (slower, and as "
        "right), and it has no gradient of its own."
    ),
    "model.clipped": (
        "{rows} rows had a probability of 0 or 1, whose log-odds are infinite; they were moved to a probability of 1e-7 "
        "from the end."
    ),
    "model.checked": "The scores read from its weights reproduce its own predictions on the first rows of the table.",
    # coefficients
    "coefficients.none": "No coefficients were taken.",
    "coefficients.method.model": (
        "Linear model: maximum likelihood (least squares for a number) without a penalty, on the network's encoding with "
        "one reference level left out; standard errors from the information matrix, Wald intervals."
    ),
    "coefficients.method.robust": (
        "Linear model: weighted estimating equations without a penalty, on the network's encoding with one reference level "
        "left out; standard errors from the sandwich, Wald intervals."
    ),
    "coefficients.note.penalised": (
        "The counterpart that predicts is penalised, and penalised coefficients have no valid Wald interval. Intervals, z, "
        "p and odds ratios are those of an unpenalised fit on the same encoding and rows; the penalised coefficients stand "
        "beside them."
    ),
    "coefficients.note.separated": (
        "{rows} training rows are separated: a level or a combination of columns occurs with one class only. Their terms "
        "have no finite estimate; all others are the limit of the maximum likelihood fit."
    ),
    "coefficients.note.not_converged": "The unpenalised fit did not converge: do not read its intervals.",
    "coefficients.note.mixed": "The encoder mixes these columns with others, so that they have no coefficient: {columns}.",
    "reason.constant": "Not estimable: one value only in the training rows.",
    "reason.aliased": "Not estimable: a linear combination of {columns}, which come first.",
    "reason.separated": "Not estimable: separated, it occurs with one class only.",
    "reason.separated.level": "Not estimable: separated; all {rows} training rows of this level have one class.",
    "reason.separated.reference": "Not estimable: separated; all {rows} training rows of the reference have one class.",
    "reason.separated.combination": (
        "Not estimable: separated; a combination of {columns} occurs with one class only ({rows} training rows)."
    ),
    "reason.absent": "Not estimable: no training row has this class.",
    "reason.exact": "No interval: the target is reproduced exactly, and there is no residual to take an error from.",
    "reason.single_row": "No interval: a single training row determines it.",
    "reason.not_converged": "Not estimable: the fit did not converge.",
    # gradients: what each method estimates
    "gradient.saliency": "Size of the gradient at the row, per standard deviation of the column.",
    "gradient.smoothgrad": (
        "Size of the gradient averaged over {samples} noisy copies of the row (noise: {noise} of the central 99% range), "
        "per standard deviation of the column."
    ),
    "gradient.gradient_x_input": "Gradient at the row times the row's distance from the {baseline} of the rows.",
    "gradient.integrated_gradients": (
        "Integral of the gradient along the straight path from the {baseline} of the rows, times the path. The {baseline} "
        "of a category is a blend of its levels, which is no row."
    ),
    "gradient.expected_gradients": (
        "Integrated gradients from {background_rows} real rows, averaged; the completeness gap is the sampling error."
    ),
    # findings
    "finding.worse-than-linear.raised": (
        "The network predicts worse than {linear}: the loss is higher by {value} (95% interval {low} to {high})."
    ),
    "finding.worse-than-linear.cleared": "The network is not measurably worse than {linear}.",
    "finding.worse-than-linear.not_applicable": "Without held-out rows the models cannot be compared.",
    "finding.secretly-linear.raised": (
        "The network is linear over these rows: a linear function of the columns explains {percent}% of the variance of its "
        "score."
    ),
    "finding.secretly-linear.cleared": (
        "A linear function of the columns explains {percent}% of the variance of the network's score."
    ),
    "finding.secretly-linear.not_applicable": "There is no linear surrogate to compare with.",
    "finding.sign-conflict.raised": (
        "The models contradict each other on the direction of {count} terms, in {columns}: both intervals exclude zero, on "
        "different sides."
    ),
    "finding.sign-conflict.cleared": "None of {count} terms has intervals that exclude zero on different sides.",
    "finding.sign-conflict.not_applicable": "There are no coefficients to compare.",
    "finding.methods-disagree.raised": (
        "Readings of the same network disagree on what matters: {first} and {second} have a rank correlation of {value}."
    ),
    "finding.methods-disagree.cleared": (
        "The least alike of the network's readings, {first} and {second}, have a rank correlation of {value}."
    ),
    "finding.methods-disagree.not_applicable": "Fewer than two readings of the network can be ranked.",
    "finding.unused-column.raised": "Permuting these columns changes nothing, because the network does not use them: {columns}.",
    "finding.unused-column.cleared": "Permuting any input column changes the network's loss.",
    "finding.unused-column.not_applicable": "No permutation importance was taken.",
    "finding.not-converged.raised": "{network} stopped at its limit of iterations before it converged.",
    "finding.not-converged.cleared": "The network's training ended before its limit of iterations.",
    "finding.not-converged.not_applicable": "The model does not say how its training ended.",
    "finding.saturated.raised": (
        "The network is saturated: the median of p(1-p) is {value} of at most 0.25, so that gradients of probabilities "
        "vanish; gradients here are of the log-odds."
    ),
    "finding.saturated.cleared": "The median of p(1-p) is {value} of at most 0.25.",
    "finding.saturated.not_applicable": "Only a probability can be saturated.",
    "finding.dead-units.raised": "{count} of the {units} hidden units in this report are constant on these rows.",
    "finding.dead-units.cleared": "None of the {units} hidden units in this report is constant on {rows} rows.",
    "finding.dead-units.not_applicable": "The model has no hidden units that could be found.",
    "finding.penalised-inference.raised": (
        "The coefficients by which {linear} predicts are penalised and have no intervals; inference rests on an unpenalised "
        "fit beside it."
    ),
    "finding.penalised-inference.cleared": "The counterpart is not penalised.",
    "finding.constant-column.raised": "These input columns hold a single value: {columns}.",
    "finding.constant-column.cleared": "Every input column holds at least two values.",
    # what was not assessed
    "not_assessed.reading": "No {reading}: {reason}.",
    "not_assessed.split": (
        "The verdict: without a split it is not known which rows the network has not seen. Give the table a split."
    ),
    "not_assessed.mixed": (
        "Gradients and coefficients of {columns} in {model}: its encoder mixes them with other columns."
    ),
    "not_assessed.units": "{count} hidden units beyond those shown.",
    "not_assessed.seeds": (
        "How much of this would change had the network been trained again: intervals are over rows, for this network."
    ),
    "not_assessed.calibration": "Calibration curves, and the comparison after recalibrating both models.",
    "not_assessed.shapley": "Shapley values.",
    "not_assessed.effects": "Effect curves and interactions.",
    "not_assessed.groups": "Differences between groups of people: error rates, selection rates, calibration within groups.",
    "not_assessed.data": (
        "The data themselves: leaks, drift, duplicates, sentinel values, and whether the rows stand for those to come."
    ),
    # the report: frame
    "report.lang": "en",
    "report.title": "{network} against {linear} on {data}",
    "report.skip": "Skip to the findings",
    "report.contents": "Sections of this report",
    "report.context": "{data} · {network} against {linear} · held-out n = {rows}",
    "report.context.unknown": "{data} · {network} against {linear} · held-out rows not known",
    "report.target.binary": "Target: {target}. Positive class: {positive}, {rate} of {rows} rows.",
    "report.target.multiclass": "Target: {target}, {classes} classes, {rows} rows.",
    "report.target.regression": "Target: {target}, {rows} rows.",
    "report.figure.none": "No number to draw; the table says what was tried.",
    "report.numbers": "Numbers behind this figure",
    "report.copy": "Copy as CSV",
    "report.copied": "Copied",
    "report.sort": "Sort by this column",
    "report.yes": "yes",
    "report.no": "no",
    "report.unnamed": "(empty)",
    "report.empty": "Nothing was measured here. Section {section} gives the reasons.",
    "report.network": "network",
    "report.linear": "linear",
    "report.output": "Output: {output}",
    "report.other": "other ({count} columns)",
    "report.mark": "{name}, {model}: {value}",
    "report.rows_of.held-out": "{rows} held-out rows",
    "report.rows_of.all": "{rows} rows, on some of which the network may have been trained",
    "report.footer": (
        "Written by tabinterp {version}. The same audit gives the same bytes; times and paths are in run.json."
    ),
    # the report: names of sections
    "report.section.findings": "Findings",
    "report.section.performance": "Performance",
    "report.section.importance": "Importance",
    "report.section.coefficients": "Coefficients",
    "report.section.gradients": "Gradients",
    "report.section.agreement": "Agreement",
    "report.section.neurons": "Neurons",
    "report.section.method": "What was done",
    "report.section.not-assessed": "What was not assessed",
    # the report: findings
    "report.findings.top": "Top findings",
    "report.findings.none": "No check was raised.",
    "report.findings.count": "{raised} raised, {cleared} cleared, {not_applicable} not applicable.",
    "report.findings.cleared": "Cleared ({count})",
    "report.findings.not_applicable": "Not applicable ({count})",
    "report.findings.filter": "Show severity",
    "report.findings.every": "all",
    "report.severity.act": "act",
    "report.severity.check": "check",
    "report.severity.note": "note",
    "report.see": "See {section}",
    # the report: performance
    "report.performance.rows": (
        "{rows} held-out rows. Intervals are 95%, from {resamples} paired resamples of these rows (seed {seed}); "
        "differences are network minus linear."
    ),
    "report.performance.not_held_out": (
        "{rows} rows, and it is not known which of them the network was trained on: the numbers describe the fit, and "
        "no difference is resolved. Intervals are 95%, from {resamples} paired resamples (seed {seed})."
    ),
    "report.performance.primary": (
        "The verdict rests on one metric, {metric}: network minus linear {difference} ({unit}), 95% interval. "
        "Differences smaller than {margin} are taken not to matter."
    ),
    "report.performance.primary_no_margin": (
        "The verdict rests on one metric, {metric}: network minus linear {difference} ({unit}), 95% interval."
    ),
    "report.performance.caption": "Metrics of both models, and the difference with its 95% interval",
    "report.performance.whole": "Each metric with its 95% interval, unit and standard error",
    "report.performance.brief": "Performance at a glance",
    "report.performance.arrows": (
        "↑ higher is better, ↓ lower is better. A difference is resolved when its interval excludes zero."
    ),
    "report.metric": "Metric",
    "report.difference": "difference [95% interval]",
    "report.difference.stderr": "standard error",
    "report.resolved": "resolved",
    "report.resolved.better": "✓ better",
    "report.resolved.worse": "✓ worse",
    "report.resolved.no": "no",
    "report.resolved.not_assessed": "not assessed",
    "report.unit": "Unit",
    "report.metric.log_loss": "log loss",
    "report.metric.auc": "ROC AUC",
    "report.metric.brier": "Brier score",
    "report.metric.accuracy": "accuracy",
    "report.metric.squared_error": "squared error",
    "report.metric.r2": "R²",
    "report.unit.log_loss": "nats per row",
    "report.unit.auc": "probability",
    "report.unit.brier": "squared probability",
    "report.unit.accuracy": "share of rows",
    "report.unit.squared_error": "squared units of the target",
    "report.unit.r2": "share of variance",
    "report.up": "↑",
    "report.down": "↓",
    # the report: importance
    "report.importance.lead": (
        "How much the {metric} rises ({unit}) when a column's link to the others is broken by permutation. Levels of a "
        "column move together. Measured on {rows}."
    ),
    "report.importance.how": (
        "Up to {repeats} permutations of a column (seed {seed}); off-support on {off_support_rows} rows."
    ),
    "report.importance.axis": "Rise of {metric} ({unit}), 95% interval",
    "report.importance.aria": (
        "Permutation importance of {count} columns for both models with 95% intervals. Largest estimates for the "
        "network: {network}. Largest estimates for the linear model: {linear}."
    ),
    "report.importance.aria_empty": "no column",
    "report.importance.legend.network": "network, 95% interval",
    "report.importance.legend.linear": "linear, 95% interval",
    "report.importance.figure": (
        "An interval that includes zero does not show that the model uses the column. Both models have the same kind "
        "of interval."
    ),
    "report.importance.cut": "Shown: the {shown} columns with the largest estimates for either model, of {count}.",
    "report.importance.table": "Permutation importance: rise of {metric} ({unit}) with its 95% interval",
    "report.importance.note": (
        "Off-support: share of permuted rows farther from real rows than 95% of real rows are; where it is high, the "
        "models are asked about rows unlike real ones. Exact: every donor was weighed, without Monte Carlo error."
    ),
    "report.column": "Column",
    "report.network.interval": "network [95% interval]",
    "report.linear.interval": "linear [95% interval]",
    "report.network.stderr": "network standard error",
    "report.linear.stderr": "linear standard error",
    "report.off_support": "off-support",
    "report.exact": "exact",
    # the report: coefficients
    "report.coefficients.lead": (
        "The linear coefficient beside the network's average derivative, both in {scale} per step of the column; for a "
        "level, the average contrast to its reference level. The linear fit is on {rows_inference} rows, the network's "
        "averages on {rows_network}."
    ),
    "report.scale.log-odds": "log-odds",
    "report.scale.target": "units of the target",
    "report.coefficients.surrogate": (
        "A linear function of the columns explains {r2} of the variance of the network's score."
    ),
    "report.coefficients.surrogate_none": (
        "How much of the network's score a linear function of the columns explains was not measured."
    ),
    "report.coefficients.axis": "Change in {scale}, 95% interval",
    "report.coefficients.aria": (
        "Forest plot of {count} terms. The 95% interval excludes zero for {linear} of them in the linear model and for "
        "{network} in the network. {conflicts} terms have intervals on different sides of zero."
    ),
    "report.coefficients.legend.network": "network: average derivative or contrast",
    "report.coefficients.legend.linear": "linear: coefficient",
    "report.coefficients.legend.filled": "filled: interval excludes 0",
    "report.coefficients.legend.hollow": "hollow: includes 0",
    "report.coefficients.legend.cross": "cross: no valid interval",
    "report.coefficients.figure": (
        "Numeric columns per standard deviation, levels against their reference level. An interval that leaves the "
        "axis ends in an arrow; the table has its ends."
    ),
    "report.coefficients.cut": "Shown: {shown} of {count} terms; all are in the table.",
    "report.coefficients.numbers": "Terms per standard deviation or against the reference level ({scale})",
    "report.coefficients.table": "All terms in the column's own units ({scale}, 95% interval)",
    "report.coefficients.all": "All {count} terms, with tests, odds ratios and reasons",
    "report.coefficients.note": (
        "z and p test a coefficient of the unpenalised fit against zero. Penalised: the same term of the penalised "
        "model; it has no valid interval. Surrogate: the same term of a linear model of the network's "
        "score. Sign flips: share of rows on which the network's own derivative has the other sign than its average. "
        "Conflict: both intervals exclude zero, on different sides."
    ),
    "report.coefficients.wald": "Joint tests: every coefficient of one column is zero",
    "report.coefficients.wald_note": (
        "Wald statistic of the unpenalised fit, chi-squared with as many degrees of freedom as the column has "
        "coefficients. VIF: generalised variance inflation factor to the power 1/df."
    ),
    "report.term": "Term",
    "report.step": "Step",
    "report.step.reference": "against {reference}",
    "report.step.sd": "+1 SD",
    "report.step.unit": "+1 unit",
    "report.step.words": "per {unit}",
    "report.linear.z": "z",
    "report.linear.p": "p",
    "report.odds_ratio": "odds ratio [95% interval]",
    "report.penalised": "penalised",
    "report.surrogate": "surrogate",
    "report.sign_flip": "sign flips",
    "report.conflict": "conflict",
    "report.reason": "Reason",
    "report.statistic": "Wald chi²",
    "report.df": "df",
    "report.vif": "VIF",
    # the report: gradients
    "report.gradients.lead": (
        "Attributions that follow the derivative of the score ({scale}), averaged over rows. Measured on {rows_of}. "
        "Only signed means have intervals; mean absolute values are biased upward by noise and support no claim."
    ),
    "report.rows_plain.held-out": "held-out rows",
    "report.rows_plain.all": "all rows, on some of which the network may have been trained",
    "report.gradients.saturation": (
        "Median p(1 - p) of the network: {saturation} of at most 0.25. Near zero, probabilities are saturated and "
        "their derivatives vanish; those of the score need not."
    ),
    "report.gradients.method": "{method}",
    "report.gradients.rows": "{rows} rows.",
    "report.gradients.steps": "{rows} rows, at most {steps} steps for a row.",
    "report.gradients.gap": "Completeness gap: network {network}, linear {linear} (tolerance {tolerance}).",
    "report.gradients.gap.no": "Completeness gap: none, by definition.",
    "report.gradients.gap.none": "none, by definition",
    "report.gradients.gap.over": "{model}: the gap is above the tolerance. Do not rely on these attributions.",
    "report.gradients.table": "{method}: signed mean with its 95% interval, and mean absolute attribution",
    "report.gradients.fold": "Attributions of {count} columns",
    "report.gradients.fold_output": "Attributions of {count} columns for output {output}",
    "report.network.size": "network mean absolute",
    "report.linear.size": "linear mean absolute",
    # the report: agreement
    "report.agreement.lead": (
        "How far two readings order the columns alike: Spearman's rank correlation, from -1 (reversed) to 1 (the same "
        "order). Readings ask different questions; disagreement is a reason to look, not an error by itself."
    ),
    "report.agreement.matrix": "Rank correlation between readings; rows and columns in the same order",
    "report.agreement.table": "Pairs of readings: rank correlation, common columns among the top k, agreement on sign",
    "report.agreement.pairs": "All {count} pairs, with overlap and signs",
    "report.agreement.first": "Reading",
    "report.agreement.second": "Other reading",
    "report.agreement.spearman": "rank correlation",
    "report.agreement.top": "k",
    "report.agreement.overlap": "common to both top k",
    "report.agreement.signs": "same sign",
    "report.conflicts": "Sign conflicts between coefficients and network",
    "report.conflicts.none": "No term has its two intervals on different sides of zero.",
    "report.conflicts.item": "{term} ({step}): linear {linear}, network {network}; both intervals exclude zero.",
    "report.conflicts.item_output": (
        "{output}, {term} ({step}): linear {linear}, network {network}; both intervals exclude zero."
    ),
    # the report: neurons
    "report.neurons.lead": (
        "What each hidden unit moves with. Measured on {rows}; distance correlations on {rows_distance} rows "
        "(seed {seed})."
    ),
    "report.neurons.spearman": (
        "Cells show Spearman's rank correlation, with its sign, for columns that have an order; correlation ratios, "
        "which have no sign, for those that have none."
    ),
    "report.neurons.distance": (
        "Cells show distance correlation, which has no sign: no rank correlation was measured. Columns without an "
        "order show correlation ratios."
    ),
    "report.neurons.colour": (
        "Coloured: Benjamini-Hochberg adjusted p of at most 0.05. A tilde marks a distance correlation that exceeds "
        "the size of the rank correlation by 0.2 or more: the unit may bend on that column."
    ),
    "report.neurons.map": "Units {first} to {last} by original column",
    "report.neurons.map_part": "Units {first} to {last} by original column, part {part} of {parts}",
    "report.neurons.fold": "Units {first} to {last}",
    "report.neurons.dropped": "{count} more units are not in this document.",
    "report.neurons.units": "Every unit: activity and the columns it moves with most",
    "report.neurons.units_fold": "Activity of all {count} units",
    "report.neurons.all": "Every unit and column, all measures",
    "report.neurons.all_fold": "All measures of {count} pairs of unit and column",
    "report.neurons.elsewhere": "All measures of the {count} pairs of unit and column are in audit.json.",
    "report.neurons.caveat": (
        "A unit that moves with a column is not shown to matter for the score, nor is one that moves with none shown "
        "not to."
    ),
    "report.neuron": "Unit",
    "report.neuron.name": "{layer} {index}",
    "report.neuron.active": "active",
    "report.neuron.mean": "mean",
    "report.neuron.sd": "SD",
    "report.neuron.columns": "Strongest columns",
    "report.neuron.column": "{column} {value}",
    "report.pearson": "Pearson",
    "report.spearman": "Spearman",
    "report.distance": "distance",
    "report.ratio": "ratio",
    "report.q": "adjusted p",
    # the report: what was done
    "report.method.lead": "Everything that is needed to get the same numbers again.",
    "report.method.version": "tabinterp",
    "report.method.seed": "Seed",
    "report.method.model_digest": "SHA-256 of the network's weights",
    "report.method.data_digest": "SHA-256 of the columns",
    "report.method.libraries": "Libraries",
    "report.method.settings": "Settings",
    "report.method.split": "Split",
    "report.method.rows": "Rows",
    "report.method.rows_text": "{rows} in all; training {training}; held out {held_out}.",
    "report.method.unknown": "not known",
    "report.method.weighted": "Weighted",
    "report.method.network": "Network",
    "report.method.linear": "Linear counterpart",
    "report.method.model": "{name}; {library}; {parameters} parameters; hidden units: {hidden}.",
    "report.method.no_hidden": "none",
    "report.method.readings": "Rows of each reading",
    "report.method.reading": "Reading",
    "report.method.rows_used": "rows",
    "report.method.draws": "Draws",
    "report.method.draws.resamples": "{count} resamples, seed {seed}",
    "report.method.draws.repeats": "up to {count} permutations, seed {seed}",
    "report.method.draws.steps": "at most {count} steps",
    "report.method.draws.seed": "seed {seed}",
    "report.method.columns": "Columns of the table",
    "report.method.columns_fold": "All {count} columns",
    "report.method.classes": "Classes and their shares",
    "report.method.class": "Class",
    "report.method.share": "share",
    "report.kind": "Kind",
    "report.role": "Role",
    "report.protected": "protected",
    "report.levels": "levels",
    "report.missing": "missing rows",
    "report.read": "read by the network",
    "report.fast": "fast path",
    "report.kind.numeric": "numeric",
    "report.kind.categorical": "categorical",
    "report.kind.boolean": "boolean",
    "report.kind.ordinal": "ordinal",
    "report.role.input": "input",
    "report.role.target": "target",
    "report.role.weight": "weight",
    "report.role.group": "group",
    "report.role.split": "split",
    "report.role.dropped": "dropped",
    # the report: what was not assessed
    "report.not_assessed.lead": "Nothing in this report speaks of what is listed here.",
    "report.not_assessed.none": "Every reading of this version was taken.",
}


def text(key: str, values: Mapping[str, Any] | None = None) -> str:
    """The sentence behind a key, its numbers formatted.

    >>> text("verdict.worse", {"linear": "logistic regression"})
    'The network is worse than logistic regression on held-out rows.'
    """
    return ENGLISH[key].format(**{name: _shown(value) for name, value in (values or {}).items()})


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        # JSON does not tell 2.0 from 2: a saved audit must read as the one in memory
        return f"{int(value):,}" if value.is_integer() and abs(value) < 2**53 else number(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


def number(value: float | None, digits: int = 3) -> str:
    """A number to three significant digits or to the unit, without exponents in the everyday range.

    >>> number(0.0123456), number(1234.5), number(-0.0), number(None), number(2.5e-7)
    ('0.0123', '1,234', '0', '–', '2.5e-07')
    """
    if value is None or math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e7:
        return f"{value:.{digits}g}"
    magnitude = int(f"{value:.{digits - 1}e}".rpartition("e")[2])
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"
