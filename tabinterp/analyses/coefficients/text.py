"""Sentences about coefficients, average derivatives and marginal effects."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.coefficients": "coefficients",
    "rows_of.coefficients_linear": "Coefficients: unpenalised fit",
    "rows_of.coefficients_network": "Coefficients: average derivatives",
    "report.method.summed.coefficients": "the network's average derivatives for numeric columns",
    "report.unpenalised": "linear, unpenalised",
    "report.section.coefficients": "Coefficients",
    "report.coefficients.lead": (
        "Each term has two estimates: the coefficient of an unpenalised linear fit and the network's average "
        "derivative. Both estimates are in {scale} per unit of the column, or per standard deviation (SD) where "
        "marked. For a level, the network's estimate is the level's average contrast with the reference level. The "
        "linear fit uses {rows_inference} rows; the network's estimates are averages over {rows_network} rows."
    ),
    "report.coefficients.surrogate": (
        "A linear surrogate, fitted to the network's score on {fitted} training rows, explains {r2} of the variance of "
        "the score on {scored} held-out rows (95% CI {low} to {high})."
    ),
    "report.coefficients.surrogate_all": (
        "A linear surrogate, fitted to the network's score on {scored} rows, explains {r2} of the variance of the score "
        "on the same rows (95% CI {low} to {high})."
    ),
    "report.coefficients.surrogate_none": "The quality of fit of a linear surrogate to the network's score was not estimated.",
    "report.coefficients.axis": "Slope × SD, or contrast with the reference level ({scale})",
    "report.coefficients.aria": (
        "Forest plot. Terms: {count}. Significant terms: {linear} in the unpenalised linear fit, {network} in the "
        "network. Terms with a sign conflict: {conflicts}."
    ),
    "report.coefficients.legend.network": "Network: average derivative or contrast, 95% CI",
    "report.coefficients.legend.linear": "Linear, unpenalised: coefficient, 95% CI",
    "report.coefficients.legend.filled": "Filled: significant (95% CI excludes 0)",
    "report.coefficients.legend.hollow": "Hollow: not significant",
    "report.coefficients.legend.cross": "No valid interval",
    "report.coefficients.figure": (
        "Numeric columns are shown as slope × SD; for the network, this is the average slope multiplied by the SD, not "
        "the effect of a change of one SD. Levels are shown as the contrast with the reference level. An arrow marks "
        "an interval that extends beyond the axis; the table gives its limits."
    ),
    "report.coefficients.cut": (
        "The figure shows {shown} of the {count} terms; the others are listed in “All terms” or in audit.json."
    ),
    "report.coefficients.numbers": "Terms: slope × SD, or contrast with the reference level, for both models ({scale})",
    "report.coefficients.table": "Terms: estimates from both models, per unit of the column ({scale})",
    "report.coefficients.all": "All terms ({count}): tests and odds ratios",
    "report.coefficients.all.rates": "All terms ({count}): tests and rate ratios",
    "report.coefficients.elsewhere": (
        "The table lists {shown} of the {count} terms: those of the columns most important to the network. All terms "
        "are in audit.json."
    ),
    "report.coefficients.note": (
        "SD is the standard deviation of the column over all rows. Odds ratios are per SD for numeric terms; for other terms, "
        "they refer to the unit of change shown in the table. z and p test whether the unpenalised coefficient is zero. "
        "“Penalised” is the coefficient of the penalised fit, which has no valid interval. “Surrogate” is the coefficient of "
        "the linear surrogate of the network's score. “Sign flips” is the share of rows in which the network's derivative has "
        "the opposite sign to its average. A conflict is marked if the unpenalised coefficient and the network's estimate have "
        "opposite signs, the network's 95% CI excludes zero, and the adjusted p of the coefficient is at most 0.05. A conflict "
        "also requires that the penalised coefficient has the same sign as the unpenalised one, that the surrogate "
        "coefficient has the same sign as the network's estimate, and that sign flips occur in less than one third of the "
        "rows. Conflicts are not marked for exactly collinear columns."
    ),
    "report.coefficients.note.rates": (
        "SD is the standard deviation of the column over all rows. Rate ratios are per SD for numeric terms; for other terms, "
        "they refer to the unit of change shown in the table. z and p test whether the unpenalised coefficient is zero. "
        "“Penalised” is the coefficient of the penalised fit, which has no valid interval. “Surrogate” is the coefficient of "
        "the linear surrogate of the network's score. “Sign flips” is the share of rows in which the network's derivative has "
        "the opposite sign to its average. A conflict is marked if the unpenalised coefficient and the network's estimate have "
        "opposite signs, the network's 95% CI excludes zero, and the adjusted p of the coefficient is at most 0.05. A conflict "
        "also requires that the penalised coefficient has the same sign as the unpenalised one, that the surrogate "
        "coefficient has the same sign as the network's estimate, and that sign flips occur in less than one third of the "
        "rows. Conflicts are not marked for exactly collinear columns."
    ),
    # draws: "rows" or "groups of rows" (report.draws)
    "report.coefficients.intervals.held-out": (
        "The network's intervals reflect the sampling of held-out {draws} for this one trained network; they do not "
        "include variability from retraining, so their width is not comparable with that of the linear fit's "
        "intervals."
    ),
    "report.coefficients.intervals.all": (
        "The network's intervals reflect the sampling of {draws}; the network may have been trained on some of these "
        "rows. The network's intervals do not include variability from retraining, so their width is not comparable "
        "with that of the linear fit's intervals."
    ),
    "report.coefficients.wald": "Joint Wald tests by column",
    # columns: each with its factor, largest factor first
    "report.coefficients.collinear": (
        "Columns with a variance inflation factor above {limit}: {count} (highest: {columns}). Their linear coefficients "
        "are less precise than they would be if the columns were unrelated."
    ),
    "report.coefficients.wald_note": (
        "The Wald chi² statistic tests the joint hypothesis that all coefficients of a column are zero in the "
        "unpenalised fit (chi-squared distribution with one degree of freedom per coefficient). If a test cannot be "
        "computed, the table of all terms gives the reason. VIF is the generalised variance inflation factor, raised "
        "to the power 1/df."
    ),
    "report.linear.z": "z",
    "report.linear.p": "p",
    "report.sd": "SD (all rows)",
    "report.unpenalised.interval": "Linear, unpenalised [95% CI]",
    "report.unpenalised.stderr": "Standard error, unpenalised",
    "report.odds_ratio": "Odds ratio [95% CI]",
    "report.rate_ratio": "Rate ratio [95% CI]",
    "report.penalised": "Penalised",
    "report.surrogate": "Surrogate",
    "report.sign_flip": "Sign flips",
    "report.conflict": "Conflict",
    "report.reason": "Reason",
    "report.statistic": "Wald chi²",
    "report.statistic.none": "– (not estimable)",
    "report.df": "df",
    "report.vif": "VIF",
    "report.coefficients.summed": (
        "Average derivatives for numeric columns with a linear encoding use all {rows} rows, which were read in "
        "batches. Contrasts of levels, and derivatives for numeric columns with a nonlinear encoding, use the "
        "{drawn} sampled rows."
    ),
    "report.coefficients.rows": "Rows (network)",
    "coefficients.none": "No coefficients were estimated.",
    "coefficients.method.model.classes": (
        "The linear model is fitted to the target by unpenalised maximum likelihood on the network's encoded columns without "
        "the reference levels. Standard errors come from the information matrix; intervals are Wald intervals."
    ),
    "coefficients.method.model.number": (
        "The linear model is fitted to the target by unpenalised least squares on the network's encoded columns without the "
        "reference levels. Intervals use Student's t."
    ),
    "coefficients.method.cluster.classes": (
        "The linear model is fitted to the target by unpenalised maximum likelihood on the network's encoded columns without "
        "the reference levels. Standard errors are cluster-robust over groups of rows (CR1 sandwich). Intervals use Student's "
        "t; the number of degrees of freedom is the number of groups minus one."
    ),
    "coefficients.method.cluster.count": (
        "The linear model is a Poisson regression, fitted to the target by unpenalised maximum likelihood on the network's "
        "encoded columns without the reference levels. Standard errors are cluster-robust over groups of rows (CR1 sandwich). "
        "Intervals use Student's t; the number of degrees of freedom is the number of groups minus one."
    ),
    "coefficients.method.cluster.number": (
        "The linear model is fitted to the target by unpenalised least squares on the network's encoded columns without the "
        "reference levels. Standard errors are cluster-robust over groups of rows (CR1 sandwich). Intervals use Student's t; "
        "the number of degrees of freedom is the number of groups minus one."
    ),
    "coefficients.method.robust.classes": (
        "The linear model is fitted to the target by unpenalised weighted maximum likelihood on the network's encoded columns "
        "without the reference levels. Standard errors are sandwich estimates (HC0); intervals are Wald intervals."
    ),
    "coefficients.method.robust.count": (
        "The linear model is a Poisson regression, fitted to the target by unpenalised maximum likelihood on the network's "
        "encoded columns without the reference levels. Standard errors are sandwich estimates (HC0), which are valid even if "
        "the variance differs from the mean; intervals are Wald intervals."
    ),
    "coefficients.method.own.count": (
        "The linear model was supplied, already fitted. Standard errors and Wald intervals come from the covariance matrix of "
        "its fit."
    ),
    "coefficients.method.own.classes": (
        "The linear model was supplied, already fitted. Standard errors and Wald intervals come from the covariance matrix of "
        "its fit."
    ),
    "coefficients.method.own.number": (
        "The linear model was supplied, already fitted. Standard errors and intervals come from the covariance matrix of its fit."
    ),
    "coefficients.note.own": (
        "The linear model was not refitted. Its estimates and their covariance (type: {kind}) are from its original fit "
        "on {rows} rows."
    ),
    "coefficients.method.robust.number": (
        "The linear model is fitted to the target by unpenalised weighted least squares on the network's encoded columns "
        "without the reference levels. Standard errors are sandwich estimates (HC1); intervals use Student's t."
    ),
    "coefficients.note.penalised": (
        "The linear counterpart used for prediction is penalised, and penalised coefficients have no valid Wald "
        "interval. Intervals, z, p and odds ratios therefore come from an unpenalised fit on the same rows with the "
        "same encoding. The table also lists the penalised coefficients."
    ),
    "coefficients.note.penalised.rates": (
        "The linear counterpart used for prediction is penalised, and penalised coefficients have no valid Wald "
        "interval. Intervals, z, p and rate ratios therefore come from an unpenalised fit on the same rows with the "
        "same encoding. The table also lists the penalised coefficients."
    ),
    "coefficients.note.never_counted": (
        "Separation: {rows} training rows are affected. Each has a level or a combination of column values for which the target "
        "is always 0. Terms affected by separation have no finite estimate; the other estimates are limiting values of the "
        "maximum likelihood fit."
    ),
    "coefficients.note.never_counted.few": (
        "Separation: fewer than {rows} training rows are affected. Each has a level or a combination of column values for which "
        "the target is always 0. Terms affected by separation have no finite estimate; the other estimates are limiting values "
        "of the maximum likelihood fit."
    ),
    "coefficients.note.separated": (
        "Separation: {rows} training rows have a level or a combination of column values that occurs with one class "
        "only. Terms affected by separation have no finite estimate; the other estimates are limiting values of the "
        "maximum likelihood fit."
    ),
    "coefficients.note.separated.few": (
        "Separation: fewer than {rows} training rows have a level or a combination of column values that occurs with "
        "one class only. Terms affected by separation have no finite estimate; the other estimates are limiting values "
        "of the maximum likelihood fit."
    ),
    "coefficients.note.not_converged": "The unpenalised fit did not converge, so its intervals must not be used.",
    "coefficients.note.target_encoded": (
        "An encoder was fitted to the target, so the standard errors, intervals and tests of an unpenalised fit would "
        "be invalid and are not shown. If the encoder is from scikit-learn, the counterpart was fitted to cross-fitted "
        "encodings: no training row is encoded with its own target."
    ),
    "coefficients.note.mixed": (
        "The encoder combines these columns with others, so the unpenalised fit has no coefficient for them: {columns}. For "
        "these columns, the table shows the derivatives of both models and the coefficients of the linear surrogate of the "
        "network."
    ),
    "coefficients.note.abrupt": (
        "These columns have no derivatives: {columns}. The encoder is discontinuous in these columns, or is defined in only part "
        "of their range. The unpenalised fit has no coefficients for them."
    ),
    "coefficients.note.differences": (
        "The encoder combines these columns in non-affine steps, so their derivatives are computed as central differences "
        "through the encoder: {columns}."
    ),
    "coefficients.note.disagreement": (
        "The network's own gradient disagrees with finite differences of its score in some of the rows compared "
        "(proportion: {share}), as can happen with a straight-through estimator. Do not rely on the network's average "
        "derivatives."
    ),
    "reason.constant": "Not estimable: only one value in the training rows.",
    "reason.aliased": "Not estimable: exact linear combination of earlier terms ({columns}).",
    "reason.small_cell": "Withheld: the level has fewer than {rows} rows.",
    "reason.separated": "Not estimable: separation. The term occurs with one class only.",
    "reason.separated.few": "Not estimable: separation. The term occurs with one class only.",
    "reason.separated.level": (
        "Not estimable: separation. All {rows} training rows with this level have the same class."
    ),
    "reason.separated.level.few": (
        "Not estimable: separation. The training rows with this level (fewer than {rows} rows) all have the same class."
    ),
    "reason.separated.reference": (
        "Not estimable: separation. All {rows} training rows with the reference level have the same class."
    ),
    "reason.separated.reference.few": (
        "Not estimable: separation. The training rows with the reference level (fewer than {rows} rows) all have the same "
        "class."
    ),
    "reason.separated.combination.few": (
        "Not estimable: separation. A combination of values of {columns} occurs with one class only."
    ),
    "reason.separated.combination": (
        "Not estimable: separation. A combination of values of {columns} occurs with one class only ({rows} training "
        "rows)."
    ),
    "reason.never_counted.level": "Not estimable: the target is 0 in all {rows} training rows with this level.",
    "reason.never_counted.level.few": (
        "Not estimable: the target is 0 in all training rows with this level (fewer than {rows} rows)."
    ),
    "reason.never_counted.reference": (
        "Not estimable: the target is 0 in all {rows} training rows with the reference level."
    ),
    "reason.never_counted.reference.few": (
        "Not estimable: the target is 0 in all training rows with the reference level (fewer than {rows} rows)."
    ),
    "reason.never_counted.combination": (
        "Not estimable: the target is always 0 for a combination of values of {columns} ({rows} training rows)."
    ),
    "reason.never_counted.combination.few": (
        "Not estimable: the target is always 0 for a combination of values of {columns}."
    ),
    "reason.absent": "Not estimable: no training row has this class.",
    "reason.exact": (
        "No interval: the fit reproduces the target exactly, so all residuals are zero and standard errors cannot be estimated."
    ),
    "reason.single_group": "No interval: the estimate is determined by the training rows of a single group.",
    "reason.few_groups": (
        "No interval: the training rows form fewer than 10 groups, too few for a cluster-robust standard error."
    ),
    "reason.single_row": "No interval: the estimate is determined by a single training row.",
    "reason.curve": (
        "No coefficient: the encoder transforms the column nonlinearly or combines it with others. Average derivatives "
        "through the encoder are shown for both models."
    ),
    "reason.mixed": (
        "No coefficient: the encoder combines the column with others. The derivatives of both models are taken through the "
        "encoder."
    ),
    "reason.target_encoded": (
        "No unpenalised estimate or interval: the encoder was fitted to the target, so an interval from a fit on the encoded "
        "columns would be invalid. The coefficient of the linear counterpart is shown instead."
    ),
    "reason.not_converged": "Not estimable: the fit did not converge.",
    "reading.network.average_derivative": "network: average derivative",
    "reading.linear.coefficients": "linear: coefficients",
    "plot.axis.coefficients": "Change in score per SD, or contrast of a level, 95% CI",
    # why the analysis does not apply
    "why.the encoder mixes all columns, so that none has a coefficient of its own": (
        "the encoder combines every column with others, so no column has a coefficient of its own"
    ),
}
