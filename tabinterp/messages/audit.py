"""What an audit says: the verdict, findings, how models were read, what was not assessed."""

from __future__ import annotations

AUDIT: dict[str, str] = {
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
    "verdict.gap.log_loss.few": (
        "Network minus linear, log loss differs by {value}; fewer than {fewest} rows, or groups of rows, "
        "are too few for an interval."
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
    "verdict.gap.squared_error.few": (
        "Network minus linear, the mean squared error differs by {value}; fewer than {fewest} rows, or groups of rows, "
        "are too few for an interval."
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
}
