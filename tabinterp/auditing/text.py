"""What an audit says: the verdict, findings, how models were read, what was not assessed."""

from __future__ import annotations

AUDIT: dict[str, str] = {
    # the verdict: a closed set
    "verdict.better": "The network beats {linear:name} on held-out rows.",
    "verdict.equivalent": "The network and {linear:name} are equivalent on held-out rows.",
    "verdict.worse": "The network is worse than {linear:name} on held-out rows.",
    "verdict.not_resolved": "The held-out rows do not resolve whether the network or {linear:name} is better.",
    "verdict.not_assessed": "Not assessed: it is not known which rows the network was not trained on.",
    "verdict.not_assessed.few": "Not assessed: {reason}.",
    "verdict.linear.exact": (
        "The network is itself a linear model: it has no hidden layer. It adds nothing to what {linear:name} can express; its "
        "coefficients on the original columns are in section Coefficients."
    ),
    "verdict.linear.score": (
        "The network is a linear model over these rows: a linear function of the columns explains {percent}% of its score. It "
        "adds nothing to what {linear:name} can express; the coefficients of that function are in section Coefficients."
    ),
    "verdict.gap.log_loss.lower": (
        "Its log loss is lower by {value} (95% interval {low} to {high}); less than {margin} counts as equivalent."
    ),
    "verdict.gap.log_loss.higher": (
        "Its log loss is higher by {value} (95% interval {low} to {high}); less than {margin} counts as equivalent."
    ),
    "verdict.gap.log_loss.open": (
        "Network minus linear, log loss differs by {value} (95% interval {low} to {high}, which includes zero); "
        "less than {margin} counts as equivalent."
    ),
    "verdict.gap.log_loss.few": (
        "Which model has the lower log loss is not known: fewer than {fewest} rows, or groups of rows, give no interval."
    ),
    "verdict.gap.squared_error.lower": (
        "Its mean squared error is lower by {value} (95% interval {low} to {high}); less than {margin} counts as "
        "equivalent."
    ),
    "verdict.gap.squared_error.higher": (
        "Its mean squared error is higher by {value} (95% interval {low} to {high}); less than {margin} counts as "
        "equivalent."
    ),
    "verdict.gap.squared_error.open": (
        "Network minus linear, the mean squared error differs by {value} (95% interval {low} to {high}, which includes "
        "zero); less than {margin} counts as equivalent."
    ),
    "verdict.gap.squared_error.few": (
        "Which model has the lower mean squared error is not known: fewer than {fewest} rows, or groups of rows, give no "
        "interval."
    ),
    "verdict.gap.poisson_deviance.lower": (
        "Its mean Poisson deviance is lower by {value} (95% interval {low} to {high}); less than {margin} counts as "
        "equivalent."
    ),
    "verdict.gap.poisson_deviance.higher": (
        "Its mean Poisson deviance is higher by {value} (95% interval {low} to {high}); less than {margin} counts as "
        "equivalent."
    ),
    "verdict.gap.poisson_deviance.open": (
        "Network minus linear, the mean Poisson deviance differs by {value} (95% interval {low} to {high}, which includes "
        "zero); less than {margin} counts as equivalent."
    ),
    "verdict.gap.poisson_deviance.few": (
        "Which model has the lower mean Poisson deviance is not known: fewer than {fewest} rows, or groups of rows, give no "
        "interval."
    ),
    "verdict.others.better": "The other metrics ({count}) are resolved in its favour too.",
    "verdict.others.worse": "The other metrics ({count}) are resolved against it too.",
    "verdict.others.open": "Of the other metrics ({count}) none is resolved.",
    "verdict.others.mixed": (
        "Of the {count} other metrics, resolved in favour of the network: {better}; in favour of the linear model: {worse}; "
        "not resolved: {no}."
    ),
    "verdict.labels": "The two models give different labels to {count} of {rows} held-out rows ({percent}%).",
    "verdict.labels.few": (
        "To how many of {rows} held-out rows the two models give different labels is not told: to fewer than {fewest}, or to all "
        "but as few."
    ),
    "verdict.only_network": (
        "Permuting these columns raises the network's loss, and measurably more than that of {linear:name}, for which no rise is "
        "resolved: {columns}."
    ),
    "verdict.scope": (
        "Intervals are over held-out rows, for this one trained network; the margin is {percent}% of the loss of always "
        "predicting the {base:constant}, a convention of this tool."
    ),
    "verdict.scope.groups": (
        "Intervals are over groups of held-out rows, for this one trained network; the margin is {percent}% of the loss of "
        "always predicting the {base:constant}, a convention of this tool."
    ),
    # which rows were held out
    "split.none": "None was given: it is not known which rows the network was trained on.",
    "split.column": "By the column {column}.",
    "split.date": "By date: rows whose {column} is {at:date} or later are held out.",
    "split.fraction": "A share of {share} of the rows, drawn by a hash of their contents (seed {seed}).",
    "split.groups": "A share of {share} of the groups of {column}, drawn by a hash of the group (seed {seed}).",
    "split.stratified": "A share of {share} of the rows of each class, drawn by a hash of their contents (seed {seed}).",
    # how a model was read
    "model.unsafe": (
        "Loaded from a file of the format {format} by running the code inside it, as was asked for (SHA-256 {sha256}). "
        "Whatever that code did is not known here."
    ),
    "model.made_from": (
        "Its bundle was made from a file of the format {format} by running the code inside it (SHA-256 {sha256}); reading the "
        "bundle ran none."
    ),
    "model.mixed": (
        "The encoder mixes {columns} with other columns: moving one of them changes the whole encoded row (by the affine "
        "steps that the encoder ends in, or by encoding rows again: slower, and as right), and it has no gradient of its own."
    ),
    "model.unseen": (
        "The encoder was not fitted on some levels of {columns}: up to {rows} rows of a column hold one, and they are encoded "
        "as the encoder encodes what it does not know."
    ),
    "model.unseen_few": (
        "The encoder was not fitted on some levels of {columns}: fewer than {rows} rows of a column hold one, and they are "
        "encoded as the encoder encodes what it does not know."
    ),
    "model.clipped": (
        "{rows} rows had a probability of 0 or 1, whose log-odds are infinite; they were moved to a probability of 1e-7 "
        "from the end."
    ),
    "model.clipped_rates": (
        "{rows} rows had an expected count of less than 1e-7, zero or negative; it was moved to 1e-7 before its log was taken."
    ),
    "model.clipped_few": (
        "Fewer than {rows} rows, or all but fewer than {rows}, had a probability of 0 or 1, whose log-odds are infinite; they "
        "were moved to a probability of 1e-7 from the end."
    ),
    "model.clipped_rates_few": (
        "Fewer than {rows} rows, or all but fewer than {rows}, had an expected count of less than 1e-7, zero or negative; it was "
        "moved to 1e-7 before its log was taken."
    ),
    "model.checked": "The scores read from its weights reproduce its own predictions on the first rows of the table.",
    # coefficients
    "coefficients.none": "No coefficients were taken.",
    "coefficients.method.model.classes": (
        "Linear model: maximum likelihood without a penalty, on the network's encoding with the reference levels left out; "
        "standard errors from the information matrix, Wald intervals."
    ),
    "coefficients.method.model.number": (
        "Linear model: least squares without a penalty, on the network's encoding with the reference levels left out; t "
        "intervals."
    ),
    "coefficients.method.cluster.classes": (
        "Linear model: maximum likelihood without a penalty, on the network's encoding with the reference levels left out; "
        "standard errors from the sandwich over groups of rows (CR1), t intervals with one degree of freedom fewer than there "
        "are groups."
    ),
    "coefficients.method.cluster.count": (
        "Linear model: Poisson regression by maximum likelihood without a penalty, on the network's encoding with the reference "
        "levels left out; standard errors from the sandwich over groups of rows (CR1), t intervals with one degree of freedom "
        "fewer than there are groups."
    ),
    "coefficients.method.cluster.number": (
        "Linear model: least squares without a penalty, on the network's encoding with the reference levels left out; standard "
        "errors from the sandwich over groups of rows (CR1), t intervals with one degree of freedom fewer than there are groups."
    ),
    "coefficients.method.robust.classes": (
        "Linear model: weighted maximum likelihood without a penalty, on the network's encoding with the reference levels "
        "left out; standard errors from the sandwich (HC0), Wald intervals."
    ),
    "coefficients.method.robust.count": (
        "Linear model: Poisson regression by maximum likelihood without a penalty, on the network's encoding with the reference "
        "levels left out; standard errors from the sandwich (HC0), which hold also where the variance is not the mean; Wald "
        "intervals."
    ),
    "coefficients.method.own.count": (
        "Linear model: its own fit, with its own covariance; standard errors and Wald intervals are those it brings."
    ),
    "coefficients.method.own.classes": (
        "Linear model: its own fit, with its own covariance; standard errors and Wald intervals are those it brings."
    ),
    "coefficients.method.own.number": (
        "Linear model: its own fit, with its own covariance; standard errors and intervals are those it brings."
    ),
    "coefficients.note.own": (
        "The linear model was not fitted again: its estimates are from its own {rows} rows, their covariance is of the kind "
        "{kind}, and both are taken as they are."
    ),
    "coefficients.method.robust.number": (
        "Linear model: weighted least squares without a penalty, on the network's encoding with the reference levels left "
        "out; standard errors from the sandwich (HC1), t intervals."
    ),
    "coefficients.note.penalised": (
        "The counterpart that predicts is penalised, and penalised coefficients have no valid Wald interval. Intervals, z, "
        "p and odds ratios are those of an unpenalised fit on the same encoding and rows; the penalised coefficients stand "
        "beside them."
    ),
    "coefficients.note.penalised.rates": (
        "The counterpart that predicts is penalised, and penalised coefficients have no valid Wald interval. Intervals, z, "
        "p and rate ratios are those of an unpenalised fit on the same encoding and rows; the penalised coefficients stand "
        "beside them."
    ),
    "coefficients.note.never_counted": (
        "In {rows} training rows every count is 0 for a level or a combination of columns. Their terms have no finite "
        "estimate; all others are the limit of the maximum likelihood fit."
    ),
    "coefficients.note.never_counted.few": (
        "In fewer than {rows} training rows every count is 0 for a level or a combination of columns. Their terms have no "
        "finite estimate; all others are the limit of the maximum likelihood fit."
    ),
    "coefficients.note.separated": (
        "{rows} training rows are separated: a level or a combination of columns occurs with one class only. Their terms "
        "have no finite estimate; all others are the limit of the maximum likelihood fit."
    ),
    "coefficients.note.separated.few": (
        "Fewer than {rows} training rows are separated: a level or a combination of columns occurs with one class only. "
        "Their terms have no finite estimate; all others are the limit of the maximum likelihood fit."
    ),
    "coefficients.note.not_converged": "The unpenalised fit did not converge: do not read its intervals.",
    "coefficients.note.target_encoded": (
        "An encoder has learnt from the targets, so that standard errors, intervals and tests of an unpenalised fit would be "
        "invalid, and none are printed. The counterpart was fitted on encodings of training rows that do not know their own "
        "target (cross-fitting), where the encoder is scikit-learn's."
    ),
    "coefficients.note.mixed": "The encoder mixes these columns with others, so that they have no coefficient: {columns}.",
    "reason.constant": "Not estimable: one value only in the training rows.",
    "reason.aliased": "Not estimable: exactly a linear combination of terms of {columns}, which come first.",
    "reason.small_cell": "Not printed: a level of fewer than {rows} rows.",
    "reason.separated": "Not estimable: separated, it occurs with one class only.",
    "reason.separated.few": "Not estimable: separated, it occurs with one class only.",
    "reason.separated.level": "Not estimable: separated; all {rows} training rows of this level have one class.",
    "reason.separated.level.few": "Not estimable: separated; fewer than {rows} training rows of this level, all of one class.",
    "reason.separated.reference": "Not estimable: separated; all {rows} training rows of the reference have one class.",
    "reason.separated.reference.few": (
        "Not estimable: separated; fewer than {rows} training rows of the reference, all of one class."
    ),
    "reason.separated.combination.few": "Not estimable: separated; a combination of {columns} occurs with one class only.",
    "reason.separated.combination": (
        "Not estimable: separated; a combination of {columns} occurs with one class only ({rows} training rows)."
    ),
    "reason.never_counted.level": "Not estimable: in all {rows} training rows of this level the count is 0.",
    "reason.never_counted.level.few": "Not estimable: fewer than {rows} training rows of this level, in all of which it is 0.",
    "reason.never_counted.reference": "Not estimable: in all {rows} training rows of the reference the count is 0.",
    "reason.never_counted.reference.few": (
        "Not estimable: fewer than {rows} training rows of the reference, in all of which the count is 0."
    ),
    "reason.never_counted.combination": (
        "Not estimable: a combination of {columns} goes with counts of 0 only ({rows} training rows)."
    ),
    "reason.never_counted.combination.few": ("Not estimable: a combination of {columns} goes with counts of 0 only."),
    "reason.absent": "Not estimable: no training row has this class.",
    "reason.exact": "No interval: the target is reproduced exactly, and there is no residual to take an error from.",
    "reason.single_group": "No interval: the training rows of a single group determine it.",
    "reason.few_groups": "No interval: the training rows come in fewer than 10 groups, too few for a standard error over groups.",
    "reason.single_row": "No interval: a single training row determines it.",
    "reason.curve": (
        "No coefficient: the encoder bends this column or mixes it with others. Mean derivatives through the encoder stand, of "
        "the network and of the counterpart."
    ),
    "reason.target_encoded": (
        "No estimate and no interval: the encoder has learnt from the same targets. The counterpart's own coefficient stands."
    ),
    "reason.not_converged": "Not estimable: the fit did not converge.",
    # gradients: what each method estimates
    "gradient.saliency": "Size of the gradient at the row, per standard deviation of the column.",
    "gradient.smoothgrad": (
        "Size of the gradient averaged over {samples} noisy copies of the row (noise: {noise} of the central 99% range), "
        "per standard deviation of the column."
    ),
    "gradient.gradient_x_input": "Gradient at the row times the row's distance from the {baseline:start} of the rows.",
    "gradient.integrated_gradients": (
        "Integral of the gradient along the straight path from the {baseline:start} of the rows, times the path. The "
        "{baseline:start} "
        "of a category is a blend of its levels, which is no row."
    ),
    "gradient.expected_gradients": (
        "Integrated gradients from {background_rows} real rows, averaged; the completeness gap is the sampling error."
    ),
    # names of readings
    "reading.network.permutation_importance": "network: permutation importance",
    "reading.network.saliency": "network: saliency",
    "reading.network.integrated_gradients": "network: integrated gradients",
    "reading.network.expected_gradients": "network: expected gradients",
    "reading.network.average_derivative": "network: average derivative",
    "reading.linear.coefficients": "linear: coefficients",
    "reading.linear.permutation_importance": "linear: permutation importance",
    "reading.saliency": "Saliency",
    "reading.gradient_x_input": "Gradient × input",
    "reading.smoothgrad": "SmoothGrad",
    "reading.integrated_gradients": "Integrated gradients",
    "reading.expected_gradients": "Expected gradients",
    # what was not assessed
    "not_assessed.reading": "No {reading:step}: {reason:why}.",
    "not_assessed.split": (
        "The verdict: without a split it is not known which rows the network has not seen. Give the table a split."
    ),
    "not_assessed.without_target": (
        "Rows whose target is missing: {rows} were left out, and whether the results hold for them is not known."
    ),
    "not_assessed.without_target_few": (
        "Rows whose target is missing: fewer than 10 were left out, and whether the results hold for them is not known."
    ),
    "not_assessed.mixed": (
        "Gradients and coefficients of {columns} in {model:name}: its encoder mixes them with other columns."
    ),
    "not_assessed.units": "{count} hidden units beyond those shown.",
    "not_assessed.optima": (
        "What excites {left} of the {count} hidden units most: optima are sought for the {shown} units that the loss misses most "
        "and for the outputs."
    ),
    "not_assessed.grouping": (
        "The groups of {column}, in some numbers: the errors of interactions and the p-values of correlations of hidden units "
        "with columns take rows as independent."
    ),
    "not_assessed.seeds": (
        "How much of this would change had the network been trained again: intervals are over rows, for this network."
    ),
    "not_assessed.seeds.groups": (
        "How much of this would change had the network been trained again: intervals are over groups of rows, for this network."
    ),
    "not_assessed.shapley": "Shapley values.",
    "not_assessed.shuffled": (
        "Whether the readings would look alike for a network trained on shuffled labels: an audit trains no network. One "
        "that tabinterp train --null trained beside this one says it, and so does ti.trust, with a function that trains one."
    ),
    "not_assessed.robustness": "Robustness to noise.",
    "not_assessed.reasons": "Reason codes: they are of a decision between two classes.",
    "not_assessed.dependence": (
        "Dependence between rows (neighbours in space or time, repeated people), unless a group column was given: intervals "
        "take rows as independent."
    ),
    "not_assessed.use": "Whether intended use, population and limits are what the author of the model says of them.",
    "not_assessed.effects": "Effect curves and interactions.",
    "not_assessed.groups": "Differences between groups of people: no column was declared protected.",
    "not_assessed.constraints": "Whether the score rises or falls as it should: no constraint was declared.",
    "not_assessed.data": "Whether the rows stand for those to come: they are compared with each other alone.",
}
