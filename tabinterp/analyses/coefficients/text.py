"""Sentences about coefficients, average derivatives and marginal effects."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.method.summed.coefficients": "the network's average derivatives by numbers",
    "report.unpenalised": "linear, unpenalised fit",
    "report.section.coefficients": "Coefficients",
    "report.coefficients.lead": (
        "The coefficient of a linear, unpenalised fit beside the network's average derivative, both in {scale} per unit of "
        "the column, or per standard deviation where marked; for a level, the average contrast to its reference level. "
        "The linear fit is on {rows_inference} rows, the network's averages on {rows_network}."
    ),
    "report.coefficients.surrogate": (
        "A linear function of the columns, fitted to the network's score on {fitted} training rows, explains {r2} [{low}, "
        "{high}] of the score's variance on {scored} held-out rows."
    ),
    "report.coefficients.surrogate_all": (
        "A linear function of the columns, fitted to the network's score, explains {r2} [{low}, {high}] of the score's "
        "variance on the same {scored} rows."
    ),
    "report.coefficients.surrogate_none": (
        "How much of the network's score a linear function of the columns explains was not measured."
    ),
    "report.coefficients.axis": "Slope × SD ({scale}); levels: contrast to the reference",
    "report.coefficients.aria": (
        "Forest plot; terms: {count}. The 95% interval excludes zero for {linear} of them in the linear, unpenalised fit "
        "and for {network} in the network. Terms with intervals on different sides of zero: {conflicts}."
    ),
    "report.coefficients.legend.network": "network: average derivative or contrast, 95% interval",
    "report.coefficients.legend.linear": "linear, unpenalised fit: coefficient, 95% interval",
    "report.coefficients.legend.filled": "filled: interval excludes 0",
    "report.coefficients.legend.hollow": "hollow: includes 0",
    "report.coefficients.legend.cross": "estimate without a valid interval",
    "report.coefficients.figure": (
        "Numeric columns: slope × standard deviation. For the network this is its average slope scaled, not the effect of "
        "a move by one standard deviation. Levels: contrast to their reference level. An interval that leaves the axis "
        "ends in an arrow; the table has its ends."
    ),
    "report.coefficients.cut": "Shown: {shown} of {count} terms; the others stand in the table of all terms.",
    "report.coefficients.numbers": "Slope × SD, or contrast of a level to its reference ({scale}), with the 95% interval",
    "report.coefficients.table": "All terms, per unit of the column ({scale}, 95% interval)",
    "report.coefficients.all": "All terms ({count}), with tests, odds ratios and reasons",
    "report.coefficients.all.rates": "All terms ({count}), with tests, rate ratios and reasons",
    "report.coefficients.elsewhere": (
        "Listed: {shown} of {count} terms, those of the columns with the largest importance for the network. All are in "
        "audit.json."
    ),
    "report.coefficients.note": (
        "SD: standard deviation of the column over all rows. Odds ratios of numeric terms are per SD, all others as the "
        "term stands. z and p test a coefficient of the unpenalised fit against zero. Penalised: the same term of the penalised "
        "model; it has no valid interval. Surrogate: the same term of a linear model of the network's "
        "score. Sign flips: share of rows on which the network's own derivative has the other sign than its average. "
        "Conflict: both intervals exclude zero, on different sides."
    ),
    "report.coefficients.note.rates": (
        "SD: standard deviation of the column over all rows. Rate ratios of numeric terms are per SD, all others as the "
        "term stands. z and p test a coefficient of the unpenalised fit against zero. Penalised: the same term of the penalised "
        "model; it has no valid interval. Surrogate: the same term of a linear model of the network's "
        "score. Sign flips: share of rows on which the network's own derivative has the other sign than its average. "
        "Conflict: both intervals exclude zero, on different sides."
    ),
    # draws: "rows" or "groups of rows" (report.draws)
    "report.coefficients.intervals.held-out": (
        "Network intervals are over held-out {draws}, for this one trained network; "
        "they leave out how training would vary, "
        "and their width is not comparable with the linear fit's."
    ),
    "report.coefficients.intervals.all": (
        "Network intervals are over {draws} on some of which the network may have been "
        "trained, for this one trained "
        "network; they leave out how training would vary, and their width is not comparable with the linear fit's."
    ),
    "report.coefficients.wald": "Joint tests: every coefficient of one column is zero",
    "report.coefficients.wald_note": (
        "Wald statistic of the unpenalised fit, chi-squared with as many degrees of freedom as the column has "
        "coefficients. Not estimable: the reasons are in the table of all terms. VIF: generalised variance inflation "
        "factor to the power 1/df."
    ),
    "report.linear.z": "z",
    "report.linear.p": "p",
    "report.sd": "SD over all rows",
    "report.unpenalised.interval": "linear, unpenalised fit [95% interval]",
    "report.unpenalised.stderr": "standard error of the unpenalised fit",
    "report.odds_ratio": "odds ratio, numbers per SD [95% interval]",
    "report.rate_ratio": "rate ratio, numbers per SD [95% interval]",
    "report.penalised": "penalised",
    "report.surrogate": "surrogate",
    "report.sign_flip": "sign flips",
    "report.conflict": "conflict",
    "report.reason": "Reason",
    "report.statistic": "Wald chi²",
    "report.statistic.none": "– not estimable",
    "report.df": "df",
    "report.vif": "VIF",
    "report.coefficients.summed": (
        "Average derivatives by a number that the encoder scales are of all {rows} rows that are evaluated, which were read in "
        "batches; contrasts of levels, and derivatives by numbers that it bends, of the {drawn} drawn ones."
    ),
    "report.coefficients.rows": "rows of the network's average",
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
    "reading.network.average_derivative": "network: average derivative",
    "reading.linear.coefficients": "linear: coefficients",
    "plot.axis.coefficients": "change of the score for one standard deviation, or a level, 95% interval",
    # why it does not apply
    "why.the encoder mixes all columns, so that none has a coefficient of its own": (
        "the encoder mixes all columns, so that none has a coefficient of its own"
    ),
}
