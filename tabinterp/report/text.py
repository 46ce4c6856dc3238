"""What the report says around the numbers: headings, captions, legends, explanations."""

from __future__ import annotations

REPORT: dict[str, str] = {
    # the report: frame
    "report.title": "{network:name} against {linear:name} on {data}",
    "report.skip": "Skip to the findings",
    "report.contents": "Sections of this report",
    "report.contents.all": "Contents ({count} sections)",
    "report.context": "{data} · {network:name} against {linear:name} · held-out n = {rows}",
    "report.context.unknown": "{data} · {network:name} against {linear:name} · held-out rows not known",
    "report.target.binary": "Target: {target}. Positive class: {positive}, {rate} of {rows} rows.",
    "report.target.multiclass": "Target: {target}, {classes} classes, {rows} rows.",
    "report.target.regression": "Target: {target}, {rows} rows.",
    "report.target.count": "Target: {target}, a count, {rows} rows.",
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
    "report.unpenalised": "linear, unpenalised fit",
    "report.output": "Output: {output}",
    "report.other": "other columns ({count})",
    "report.mark": "{name}, {model}: {value}",
    "report.rows_of.held-out": "{rows} held-out rows",
    "report.rows_of.all": "{rows} rows, on some of which the network may have been trained",
    "report.footer": (
        "Written by tabinterp {version}. The same audit gives the same bytes, but for last digits where a GPU computed; times "
        "and paths are in run.json."
    ),
    # the report: names of sections
    "report.section.findings": "Findings",
    "report.section.performance": "Performance",
    "report.section.importance": "Importance",
    "report.section.coefficients": "Coefficients",
    "report.section.gradients": "Gradients",
    "report.section.agreement": "Agreement",
    "report.section.neurons": "Inside the network",
    "report.section.method": "What was done",
    "report.section.not-assessed": "What was not assessed",
    # the report: findings
    "report.void": "This comparison of the two models cannot be trusted ({code}). {claim}",
    "report.findings.top": "Top findings",
    "report.findings.none": "No check was raised.",
    "report.findings.count": "{raised} raised, {cleared} cleared, {not_applicable} not applicable.",
    "report.findings.cleared": "Cleared ({count})",
    "report.findings.not_applicable": "Not applicable ({count})",
    "report.findings.filter": "Show severity",
    "report.findings.every": "all",
    "report.severity.act": "act",
    "report.severity.check": "check",
    # what an interval is over
    "report.draws.rows": "rows",
    "report.draws.groups": "groups of rows",
    "report.severity.note": "note",
    "report.see": "See {section}",
    # the report: performance
    "report.performance.rows": (
        "{rows} held-out rows. Intervals are 95%, from {resamples} paired resamples of the {draws} (seed {seed}); "
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
        "↑ higher is better, ↓ lower is better. A difference is resolved when its interval excludes zero (the margin of "
        "the verdict is not used here)."
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
    "report.metric.absolute_error": "absolute error",
    "report.metric.poisson_deviance": "Poisson deviance",
    "report.unit.log_loss": "nats per row",
    "report.unit.auc": "probability",
    "report.unit.brier": "squared probability",
    "report.unit.accuracy": "share of rows",
    "report.unit.squared_error": "squared units of the target",
    "report.unit.r2": "share of variance",
    "report.unit.absolute_error": "units of the target",
    "report.unit.poisson_deviance": "twice the nats per row",
    "report.up": "↑",
    "report.down": "↓",
    # the report: importance
    "report.importance.lead": (
        "How much the {metric} rises ({unit}) when a column's link to the others is broken by permutation. Levels of a "
        "column move together. Measured on {rows}."
    ),
    "report.importance.how": (
        "Exact columns need no permutation: every donor was weighed. Permutations of each other column: {repeats} (seed "
        "{seed}). Off-support on {off_support_rows} rows."
    ),
    "report.importance.axis": "Rise of {metric} ({unit}), 95% interval",
    "report.importance.aria": (
        "Permutation importance for both models with 95% intervals; columns: {count}. Largest estimates for the "
        "network: {network}. Largest estimates for the linear model: {linear}."
    ),
    "report.importance.aria_empty": "no column",
    "report.importance.legend.network": "network, 95% interval",
    "report.importance.legend.linear": "linear, 95% interval",
    "report.importance.figure": (
        "An interval that includes zero: a rise was not resolved; the model may still use the column. Both models have "
        "the same kind of interval."
    ),
    "report.importance.cut": "Shown: the {shown} columns with the largest estimates for either model, of {count}.",
    "report.importance.table": "Permutation importance: rise of {metric} ({unit}) with its 95% interval",
    "report.importance.note": (
        "Off-support: share of permuted rows farther from real rows than 95% of real rows are; about 5% is what chance "
        "gives. Where it is higher, the models are asked about rows unlike real ones."
    ),
    "report.column": "Column",
    "report.network.interval": "network [95% interval]",
    "report.linear.interval": "linear [95% interval]",
    "report.network.stderr": "network standard error",
    "report.linear.stderr": "linear standard error",
    "report.paired.interval": "network − linear, paired [95%]",
    "report.off_support": "off-support",
    "report.exact": "exact",
    # the report: coefficients
    "report.coefficients.lead": (
        "The coefficient of a linear, unpenalised fit beside the network's average derivative, both in {scale} per unit of "
        "the column, or per standard deviation where marked; for a level, the average contrast to its reference level. "
        "The linear fit is on {rows_inference} rows, the network's averages on {rows_network}."
    ),
    "report.scale.log-odds": "log-odds",
    "report.scale.target": "units of the target",
    "report.scale.log-rate": "log rate, the log of the expected count",
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
    "report.some": (
        "{shown} of {count} are shown, those of the columns that matter most; the others are in audit.json."
    ),
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
    "report.term": "Term",
    "report.step": "Step",
    "report.step.reference": "against {reference}",
    "report.step.sd": "× SD",
    "report.step.unit": "per unit",
    "report.step.encoded": "per encoded value",
    "report.step.basis": "per basis {index} of {count}",
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
    # the report: gradients
    "report.gradients.lead": (
        "Attributions that follow the derivative of the score ({scale}), averaged over rows. Measured on {rows_of}. "
        "Signed means have 95% intervals, and print alone where every row has the same value. A mean size has no sign and "
        "no interval: noise biases it upward, and no claim rests on it."
    ),
    "report.rows_plain.held-out": "held-out rows",
    "report.rows_plain.all": "all rows, on some of which the network may have been trained",
    "report.gradients.saturation": (
        "Median p(1 − p) of the network: {saturation} of at most 0.25. Near zero, probabilities are saturated and "
        "their derivatives vanish; those of the score need not."
    ),
    "report.gradients.rows": "{rows} rows.",
    "report.gradients.rows_effort": "{rows} rows, {effort}.",
    "report.gradients.effort.one": "1 gradient a row",
    "report.gradients.effort.steps": "at most {steps} gradients a row",
    "report.gradients.effort.copies": "{count} noisy copies of each row",
    "report.gradients.effort.background": "{count} background rows",
    "report.gradients.gap": "Completeness gap: network {network}, linear {linear}.",
    "report.gradients.gap_tolerance": ("Completeness gap: network {network}, linear {linear} (tolerance {tolerance})."),
    "report.gradients.note": (
        "Completeness gap: the largest miss over rows: abs(sum of attributions − change of the score), as a share of the "
        "mean size of that change."
    ),
    "report.gradients.gap.no": "Completeness gap: none, by definition.",
    "report.gradients.gap.none": "none, by definition",
    "report.gradients.gap.over": "{model}: the gap is above the tolerance. Do not rely on these attributions.",
    "report.gradients.table": "{method}: signed mean with its 95% interval, and mean size",
    "report.gradients.table_size": "{method}: mean size of the attributions, which are never negative",
    "report.gradients.fold": "Attributions by column ({count})",
    "report.gradients.fold_output": "Attributions for output {output}, by column ({count})",
    "report.network.size": "network mean size",
    "report.linear.size": "linear mean size",
    # the report: agreement
    "report.agreement.lead": (
        "How far two readings order the columns alike: Spearman's rank correlation, from −1 (reversed) to 1 (the same "
        "order). Readings ask different questions; disagreement is a reason to look, not an error by itself."
    ),
    "report.agreement.matrix": "Rank correlation between readings; rows and columns in the same order",
    "report.agreement.table": "Pairs of readings: rank correlation, common columns among the top k, agreement on sign",
    "report.agreement.pairs": "All pairs ({count}), with overlap and signs",
    "report.agreement.first": "Reading",
    "report.agreement.second": "Other reading",
    "report.agreement.spearman": "rank correlation",
    "report.agreement.top": "k",
    "report.agreement.overlap": "common to both top k",
    "report.agreement.signs": "same sign",
    "report.agreement.ordered": "pairs of columns in significant order",
    "report.agreement.opposed": "of these, in opposite order",
    "report.left_out": (
        "Left out: {method}, {model}. Its attributions do not add up to the score: the completeness gap is {gap}, above the "
        "tolerance of {tolerance}."
    ),
    "report.conflicts": "Sign conflicts between coefficients and network",
    "report.conflicts.none": "No term has its two intervals on different sides of zero.",
    "report.conflicts.item": "{term} ({step}): linear, unpenalised fit {linear}; network {network}. Both intervals exclude zero.",
    "report.conflicts.item_output": (
        "{output}, {term} ({step}): linear, unpenalised fit {linear}; network {network}. Both intervals exclude zero."
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
        "Coloured: Benjamini-Hochberg adjusted p of the printed statistic is at most 0.05. A tilde marks a distance "
        "correlation that exceeds the size of the rank correlation by 0.2 or more: the unit may bend on that column."
    ),
    "report.neurons.map": "{shown} of {count} units, {first} to {last}, by original column",
    "report.neurons.map_part": "{shown} of {count} units, {first} to {last}, by original column, part {part} of {parts}",
    "report.neurons.fold": "{shown} of {count} units, {first} to {last}",
    "report.neurons.dropped": "Units that are not in this document: {count}.",
    "report.neurons.units_fold": "All units ({count})",
    "report.neurons.all": "Every unit and column, all measures",
    "report.neurons.all_fold": "All measures, by unit and column ({count})",
    "report.neurons.elsewhere": "All measures, by unit and column ({count}), are in audit.json.",
    "report.neurons.caveat": (
        "A unit that moves with a column is not shown to matter for the score, nor is one that moves with none shown "
        "not to."
    ),
    "report.neuron": "Unit",
    "report.neuron.name": "{layer}, unit {index}",
    "report.neuron.active": "share of rows with output above 0",
    "report.neuron.mean": "mean",
    "report.neuron.sd": "SD",
    "report.neuron.columns": "Strongest columns",
    "report.neuron.column.spearman": "{column} (ρ {value})",
    "report.neuron.column.ratio": "{column} (η {value})",
    "report.neuron.column.distance": "{column} (dCor {value})",
    "report.pearson": "Pearson",
    "report.spearman": "Spearman ρ",
    "report.distance": "distance correlation",
    "report.ratio": "correlation ratio η",
    "report.q": "adjusted p of the statistic in the map",
    # the report: what was done
    "report.method.lead": "Versions, seeds, digests and sample sizes of this audit.",
    "report.method.version": "tabinterp",
    "report.method.seed": "Seed",
    "report.method.model_digest": "SHA-256 of the network's weights",
    "report.method.linear_digest": "SHA-256 of the counterpart's weights",
    "report.method.null_digest": "SHA-256 of the weights of the network trained on shuffled labels",
    "report.method.other_digest": "SHA-256 of the weights of other network {place}",
    "report.method.data_digest": "Keyed digest of the columns",
    "report.method.keyed": "{digest} (HMAC-SHA256 under the key {id}, which is not in this report)",
    "report.method.no_digests": "not written (no --digest-key was given)",
    "report.method.libraries": "Libraries",
    "report.method.setting": "Setting {name}",
    "report.method.setting.margin": "{value}: differences in the primary metric that count as equivalent",
    "report.method.setting.rows": "{value}: rows that a reading uses at most",
    "report.method.setting.top": "{value}: columns compared in the overlap of two readings",
    "report.method.setting.resamples": "{value}: resamples of the rows behind each interval of a metric",
    "report.method.setting.counterpart": ("{value} (given: brought to the audit; fitted: fitted by the audit)"),
    "report.method.split": "Split",
    "report.method.rows": "Rows",
    "report.method.without_target": "Rows left out: target missing",
    "report.method.rows_text": "{rows} in all; training {training}; held out {held_out}.",
    "report.method.unknown": "not known",
    "report.method.weighted": "Weighted",
    "report.method.adverse": "Adverse class",
    "report.adverse.unstated": "not stated (state it with adverse= where the table is read, or with --adverse CLASS)",
    "report.performance.threshold": (
        "A row is predicted {positive} where its probability is above {threshold}. The same threshold holds for accuracy, "
        "disagreement, groups, reasons and costs."
    ),
    "report.method.groups": "Groups of rows",
    "report.method.groups.split": (
        "{groups} groups of {column}: {training} with training rows, {held_out} with held-out rows. The rows of a group count "
        "as one "
        "draw: standard errors sum what they add within groups, and intervals use Student's t with one degree of freedom fewer "
        "than there are groups."
    ),
    "report.method.groups.all": (
        "{groups} groups of {column}. The rows of a group count as one draw: standard errors sum what they add within groups, "
        "and "
        "intervals use Student's t with one degree of freedom fewer than there are groups."
    ),
    "report.method.groups.few": "Fewer than 30 groups on one side: such intervals are approximate.",
    "report.method.groups.none": "Fewer than 10 groups on one side are too few for an interval; none is given there.",
    "report.method.weights_text": (
        "Yes. Each row counts by its weight in every estimate, and in the background of Shapley values and expected gradients. "
        "Standard errors take the weights as sampling weights: multiplying them all by a number changes nothing."
    ),
    "report.method.weights": "Weights",
    "report.method.weights.sampling": "sampling",
    "report.method.weights.frequency": "frequency",
    "report.method.weights.own": "as in the model's own fit",
    "report.method.weights.unknown": "not stated",
    "report.method.network": "Network",
    "report.method.linear": "Linear counterpart",
    "report.method.model": "{name:name}; {library:library}; {parameters} parameters; hidden units: {hidden}.",
    "report.method.no_hidden": "none",
    "report.method.readings": "Rows of each reading",
    "report.method.reading": "Reading",
    "report.method.rows_used": "rows",
    "report.method.draws": "Draws",
    "report.method.columns": "Columns of the table",
    "report.method.columns_fold": "All columns ({count})",
    "report.method.classes": "Classes and their shares",
    "report.method.class": "Class",
    "report.method.share": "share",
    "report.kind": "Kind",
    "report.role": "Role",
    "report.protected": "protected",
    "report.levels": "levels",
    "report.missing": "missing rows",
    "report.missing.few": "1 to 9, or all but 1 to 9",
    "report.read": "read by the network",
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
