"""What each check found: `finding.SLUG.OUTCOME`."""

from __future__ import annotations

FINDINGS: dict[str, str] = {
    # what a pass could have detected
    "power.rows": "Smallest effect detectable with 80% power: {of:effect} of {effect} (n = {rows}).",
    "power.events": "Smallest effect detectable with 80% power: {of:effect} of {effect} (n = {rows}, {events} events).",
    "effect.auc": "an AUC",
    "effect.r2": "an R²",
    "effect.loss": "a difference in loss",
    "effect.share": "a share of rows",
    "effect.variance": "a share of the score's variance",
    "effect.psi": "a population stability index",
    "effect.ranges": "a change, in ranges of the score,",
    "effect.gap": "a difference in R²",
    "effect.fall": "a fall of AUC or R²",
    "effect.slope": "a calibration slope",
    "effect.ratio": "an impact ratio",
    "finding.any.powerless": "Too few rows (n = {rows}) to detect {of:effect} below {most} with 80% power.",
    "finding.any.powerless_events": (
        "Too few events ({events} in {rows} rows) to detect {of:effect} below {most} with 80% power."
    ),
    "finding.worse-than-linear.raised": (
        "The network predicts worse than {linear:name}: its loss is {value} higher (95% CI {low} to {high}; differences below "
        "{margin} are treated as negligible)."
    ),
    "finding.worse-than-linear.raised_unclear": (
        "The network predicts worse than {linear:name}, but the difference may be negligible: its loss is {value} higher (95% CI "
        "{low} to {high}; differences below {margin} are treated as negligible)."
    ),
    "finding.worse-than-linear.cleared": "The network's loss is lower than that of {linear:name}.",
    "finding.worse-than-linear.cleared_open": (
        "The network is not shown to be worse than {linear:name}: its loss is at most {high} higher (upper end of the interval)."
    ),
    "finding.worse-than-linear.not_applicable": "Without held-out rows the models cannot be compared.",
    "finding.worse-than-linear.few": (
        "Fewer than ten held-out rows, or groups of rows: the difference in loss has no interval, so neither model is shown to "
        "have the lower loss."
    ),
    "finding.trees-win.raised": (
        "Boosted trees predict better than the network: their loss is {value} lower (95% CI {low} to {high}), which is "
        "{percent}% of the network's loss. Differences below {margin} are treated as negligible."
    ),
    "finding.trees-win.cleared": (
        "Boosted trees are not shown to predict better than the network by more than {margin}: network minus trees, the loss "
        "differs by {value} (95% CI {low} to {high})."
    ),
    "finding.trees-win.not_applicable": "No boosted trees were fitted, or too few held-out rows were scored for an interval.",
    "finding.secretly-linear.raised_exact": (
        "The network has no hidden layer: it is a linear model of its encoded columns, and adds nothing to what "
        "{linear:name} can "
        "express."
    ),
    "finding.secretly-linear.raised": (
        "The network is linear over these rows: a linear function of the columns explains {percent}% of the variance of its "
        "score (threshold {threshold}%)."
    ),
    "finding.secretly-linear.cleared": (
        "A linear function of the columns explains {percent}% of the variance of the network's score (threshold "
        "{threshold}%)."
    ),
    "finding.secretly-linear.raised_classes": (
        "The network is linear over these rows: a linear function of the columns explains {percent}% to {most}% of the "
        "variance of its scores, by class (threshold {threshold}%)."
    ),
    "finding.secretly-linear.cleared_classes": (
        "A linear function of the columns explains {percent}% to {most}% of the variance of the network's scores, by class "
        "(threshold {threshold}% of every one)."
    ),
    "finding.secretly-linear.not_applicable": "There is no linear surrogate to compare with.",
    "finding.sign-conflict.raised": (
        "Network and linear model give opposite directions to {count} of {terms} terms: {names:level}. Both intervals exclude "
        "zero after correction, the counterpart's own coefficient and the surrogate bear it out, and most rows agree with the "
        "average."
    ),
    "finding.sign-conflict.cleared": (
        "For none of {count} terms do coefficient, counterpart, surrogate and average derivative bear out "
        "opposite directions."
    ),
    "finding.sign-conflict.not_applicable": "There are no coefficients to compare.",
    "finding.methods-disagree.raised": (
        "Attributions of the same score disagree on which columns matter: {first:method} and {second:method} have a rank "
        "correlation of {value} (threshold {threshold}). Of {ordered} pairs of columns that both order significantly, {opposed} "
        "are in opposite order."
    ),
    "finding.methods-disagree.cleared": (
        "Attributions of the same score agree on which columns matter: the lowest rank correlation is {value}, {first:method} "
        "with {second:method} (threshold {threshold}). Of {ordered} pairs of columns that both order significantly, {opposed} "
        "are in opposite order."
    ),
    "finding.methods-disagree.cleared_error": (
        "{first:method} and {second:method} have a rank correlation of only {value} (threshold {threshold}), which sampling "
        "error explains: of {ordered} pairs of columns that both order significantly, {opposed} are in opposite order."
    ),
    "finding.methods-disagree.cleared_first": (
        "Attributions of the same score agree on the columns that matter most, and not on the others: {first:method} and "
        "{second:method} share {percent}% of their first {top}, with a rank correlation of {value} over all (threshold "
        "{threshold}). Of {ordered} pairs of columns that both order significantly, {opposed} are in opposite order."
    ),
    "finding.methods-disagree.not_applicable": "Fewer than two attributions of the network's score can be ranked.",
    "finding.methods-disagree.few": (
        "Sampling error hides the order of the columns: at most {ordered} pairs of columns are ordered significantly by two "
        "attributions, and it takes {least}."
    ),
    "finding.unused-column.raised": "Permuting these columns changes nothing, because the network does not use them: {columns}.",
    "finding.unused-column.cleared": (
        "No input column is ignored exactly; for {open} of {count} columns the interval of the importance includes zero."
    ),
    "finding.unused-column.not_applicable": "No permutation importance was taken.",
    "finding.not-converged.raised": "{network} stopped at its limit of iterations before it converged.",
    "finding.not-converged.cleared": "The network's training ended before its limit of iterations.",
    "finding.not-converged.not_applicable": "The model does not say how its training ended.",
    "finding.saturated.raised": (
        "The network is saturated: the median of p(1-p) is {value}, {percent}% of the {usual} that the base rate gives. "
        "Gradients of probabilities vanish; gradients in this report are of the log-odds."
    ),
    "finding.saturated.cleared": "The median of p(1-p) is {value}, {percent}% of the {usual} that the base rate gives.",
    "finding.saturated.not_applicable": "Saturation is measured for two classes only.",
    "finding.saturated.rate": "Saturation is measured against the base rate, which would identify fewer than ten rows.",
    "finding.dead-units.raised": "Constant on these rows: {count} of the {units} hidden units in this report.",
    "finding.dead-units.cleared": "None of the {units} hidden units in this report is constant on {rows} rows.",
    "finding.dead-units.not_applicable": "The model has no hidden units that could be found.",
    "finding.redundant-units.raised": (
        "Hidden units that say on {rows} rows nothing that other units of their layer do not say: {count} of {units} "
        "({duplicate} by repeating another up to scale and shift, {redundant} as linear functions of several)."
    ),
    "finding.redundant-units.cleared": (
        "None of the {units} hidden units is on {rows} rows a linear function of other units of its layer."
    ),
    "finding.redundant-units.not_applicable": "The model has no hidden units that could be found.",
    "finding.penalised-inference.raised": (
        "The given counterpart, {linear:name}, is penalised: its own coefficients have no valid intervals, and those "
        "printed are of "
        "an unpenalised fit on its encoding."
    ),
    "finding.penalised-inference.cleared": "Every interval of a coefficient is of an unpenalised fit.",
    "finding.unsafe-model-file.raised": (
        "Code inside a model file was run to load it ({models}): the model, and this report, are as trustworthy "
        "as that file. "
        "tabinterp convert makes a bundle that runs none."
    ),
    "finding.unsafe-model-file.cleared": "No code inside a model file was run for this audit.",
    "finding.constant-column.raised": "These input columns hold a single value: {columns}.",
    "finding.constant-column.cleared": "Every input column holds at least two values.",
    "finding.no-signal.raised_auc": (
        "On held-out rows the network is not shown to know anything: its AUC is {value} (95% interval {low} to "
        "{high}; chance "
        "is {chance})."
    ),
    "finding.no-signal.cleared_auc": "On held-out rows the network's AUC is {value} (95% interval {low} to {high}).",
    "finding.no-signal.raised_r2": (
        "On held-out rows the network is not shown to know anything: its R² is {value} (95% interval {low} to {high})."
    ),
    "finding.no-signal.cleared_r2": "On held-out rows the network's R² is {value} (95% interval {low} to {high}).",
    "finding.no-signal.raised_loss": (
        "On held-out rows the network is not shown to know anything: its log loss is {value} lower (95% CI {low} to {high}) "
        "than that of always predicting the class shares, which is not significantly above zero."
    ),
    "finding.no-signal.cleared_loss": (
        "On held-out rows the network's log loss is {value} lower (95% CI {low} to {high}) than that of always predicting the "
        "class shares."
    ),
    "finding.no-signal.raised_count": (
        "On held-out rows the network is not shown to beat the mean: the loss of the mean is {value} higher (95% "
        "interval {low} to "
        "{high})."
    ),
    "finding.no-signal.cleared_count": (
        "On held-out rows the loss of always predicting the mean is higher than the network's by {value} (95% "
        "interval {low} to "
        "{high})."
    ),
    "finding.no-signal.not_applicable": "Without held-out rows it is not known what the network knows of rows it has not seen.",
    "finding.no-signal.swapped": (
        "The network knows the classes, but the wrong way round: see the finding on swapped classes."
    ),
    "finding.no-signal.few": "The held-out rows are too few for an interval.",
    "finding.no-signal.unclear_auc": (
        "The held-out rows are too few to tell: the network's AUC is {value} (95% CI {low} to {high}). The interval includes "
        "both chance and a useful ranking."
    ),
    "finding.no-signal.unclear_r2": (
        "The held-out rows are too few to tell: the network's R² is {value} (95% CI {low} to {high}). The interval includes "
        "both zero and a useful prediction."
    ),
    "finding.no-signal.unclear_loss": (
        "The held-out rows are too few to tell: the network's log loss is {value} lower (95% CI {low} to {high}) than that of "
        "always predicting the class shares. The interval includes both no difference and a useful one."
    ),
    "finding.no-signal.unclear_count": (
        "The held-out rows are too few to tell: the loss of always predicting the mean is {value} higher than the network's "
        "(95% CI {low} to {high}). The interval includes both no difference and a useful one."
    ),
    "finding.miscalibrated.raised": (
        "The network is miscalibrated on held-out rows (joint test: p = {p}). The recalibration slope is {slope} (95% CI {low} "
        "to {high}; 1 is calibrated, below 1 is too extreme). Calibration in the large is {large} (95% CI {large_low} to "
        "{large_high}; 0 is calibrated, above 0 is too low)."
    ),
    "finding.miscalibrated.raised_classes": (
        "The network is miscalibrated for {count} of {outputs} classes. For {output} the recalibration slope is {slope} (95% CI "
        "{low} to {high}; 1 is calibrated, below 1 is too extreme) and calibration in the large {large} (95% CI {large_low} to "
        "{large_high}; 0 is calibrated, above 0 is too low); joint test: p = {p}."
    ),
    "finding.miscalibrated.raised_bend": (
        "The network is miscalibrated in part of its range: where it predicts {predicted}, a smooth curve through the outcomes "
        "is at {observed} (p = {p} against slope and intercept alone)."
    ),
    "finding.miscalibrated.raised_bend_classes": (
        "The network is miscalibrated for {count} of {outputs} classes. Where it predicts {predicted} for {output}, a smooth "
        "curve through the outcomes is at {observed} (p = {p} against slope and intercept alone)."
    ),
    "finding.miscalibrated.cleared": (
        "No miscalibration beyond the limits on held-out rows: the recalibration slope is {slope} (95% CI {low} to {high}), "
        "calibration in the large {large} (95% CI {large_low} to {large_high}); joint test: p = {p}."
    ),
    "finding.miscalibrated.cleared_classes": (
        "No miscalibration beyond the limits in {outputs} classes. The least calibrated is {output}: recalibration slope {slope} "
        "(95% CI {low} to {high}), calibration in the large {large} (95% CI {large_low} to {large_high}); joint test: p = {p}."
    ),
    "finding.miscalibrated.not_applicable": "Calibration is measured on held-out rows only.",
    "finding.miscalibrated.few": "The held-out rows do not determine a recalibration slope.",
    "finding.classes-swapped.raised": (
        "The network ranks the two classes the wrong way round: its AUC is {value} (95% CI {low} to {high}), significantly below "
        "0.5."
    ),
    "finding.classes-swapped.raised_order": (
        "Predicted classes match the target better in another order: {classes}. Renamed so, accuracy rises by {value} (95% CI "
        "{low} to {high})."
    ),
    "finding.classes-swapped.cleared": "The network's AUC is {value} (95% CI {low} to {high}), not significantly below 0.5.",
    "finding.classes-swapped.cleared_order": "No other order of the classes matches the target significantly better.",
    "finding.classes-swapped.not_applicable": "Whether classes are swapped is seen on held-out rows only.",
    "finding.classes-swapped.task": "The target has no classes.",
    "finding.classes-swapped.few": "The held-out rows are too few for an interval.",
    "finding.unstable-ranking.raised": (
        "{count} of the first {top} places of the Shapley ranking are within their own sampling error of the next"
        " place ({rows} "
        "rows)."
    ),
    "finding.unstable-ranking.cleared": (
        "Of the first {top} places of the Shapley ranking, {count} are within their own sampling error of the "
        "next ({rows} rows)."
    ),
    "finding.unstable-ranking.not_applicable": "No Shapley values were taken.",
    "finding.interaction-only.raised": (
        "The network uses pairs of columns of which neither shows alone, in a coefficient or in a correlation: "
        "{pairs} (up to "
        "{percent}% of the variance of its score)."
    ),
    "finding.interaction-only.cleared": (
        "None of the {pairs} strongest pairs is made of two columns that do not show alone ({hidden} such columns)."
    ),
    "finding.interaction-only.not_applicable": "No pairs were read.",
    "finding.suppressor.raised": (
        "These columns do not go with the target alone, and do beside the others: {columns}. {column} has a correlation of "
        "{correlation} with the target, and a coefficient of {z} standard errors."
    ),
    "finding.suppressor.cleared": "None of {count} numbers has a clear coefficient without a correlation with the target.",
    "finding.suppressor.not_applicable": "There is no coefficient of a number beside its correlation with one target.",
    "finding.extrapolates.raised": (
        "Beyond the data the network's score runs away in {columns}: when {column} goes one range further, the "
        "score moves by "
        "{value} of its whole range (95% interval {low} to {high}; threshold {threshold})."
    ),
    "finding.extrapolates.cleared": (
        "When a number goes one range beyond the data, the score moves by at most {value} of its whole range "
        "({column}, of {count} "
        "columns; threshold {threshold})."
    ),
    "finding.extrapolates.not_applicable": "No number that the network reads could be moved beyond its range.",
    "finding.off-support-behaviour.raised": (
        "The network follows another rule on rows that do not occur: of its score on real rows, what trees learn from real rows "
        "explains {real}, what they learn from perturbed rows {perturbed} (R²; difference {gap}, 95% interval "
        "{low} to {high}). "
        "Perturbed rows can be told from real ones (AUC {auc}), so that readings which perturb rows may tell of "
        "the other rule."
    ),
    "finding.off-support-behaviour.cleared": (
        "What trees learn of the score from perturbed rows explains it on real rows almost as well as what they "
        "learn from real "
        "rows (R² {perturbed} and {real}; difference {gap}, 95% interval {low} to {high}; AUC of perturbed "
        "against real rows {auc})."
    ),
    "finding.off-support-behaviour.not_applicable": "The rows or columns are too few, or the score is constant.",
    "finding.label-leak.raised_auc": (
        "{column} alone tells the target: AUC {value} (95% interval {low} to {high}). Columns that do: {columns}."
    ),
    "finding.label-leak.raised_r2": (
        "{column} alone tells the target: R² {value} (95% interval {low} to {high}). Columns that do: {columns}."
    ),
    "finding.label-leak.cleared_auc": "No column tells the target alone; the strongest is {column} (AUC {value}).",
    "finding.label-leak.cleared_r2": "No column tells the target alone; the strongest is {column} (R² {value}).",
    "finding.label-leak.not_applicable": "The rows are too few, or no column is read.",
    "finding.near-leak.raised_auc": (
        "{column} alone nearly tells the target: AUC {value} (95% interval {low} to {high}). Columns that do: {columns}."
    ),
    "finding.near-leak.raised_r2": (
        "{column} alone nearly tells the target: R² {value} (95% interval {low} to {high}). Columns that do: {columns}."
    ),
    "finding.near-leak.cleared_auc": "No column nearly tells the target, short of a leak; the strongest: {column} (AUC {value}).",
    "finding.near-leak.cleared_r2": "No column nearly tells the target, short of a leak; the strongest: {column} (R² {value}).",
    "finding.near-leak.not_applicable": "The rows are too few, or no column is read.",
    "finding.row-identifier.raised": (
        "These input columns name the row: {columns}. {column} holds {distinct} values in {rows} rows."
    ),
    "finding.row-identifier.cleared": "None of {count} input columns names the row.",
    "finding.row-identifier.not_applicable": "The rows were not read.",
    "finding.shortcut.raised": (
        "These columns predict the target significantly worse on held-out rows than in training: {columns}. Alone, {column} "
        "reaches {training} in training (cross-fitted) and {held_out} on held-out rows (difference {fall}, 95% CI {low} to "
        "{high}; q = {q} over all columns)."
    ),
    "finding.shortcut.cleared": (
        "None of {count} columns predicts the target significantly worse on held-out rows than in training. The largest fall is "
        "that of {column}: {fall} (95% CI {low} to {high}; q = {q} over all columns)."
    ),
    "finding.shortcut.not_applicable": "Without a split, or with few rows, training and held-out rows cannot be compared.",
    "finding.duplicate-columns.raised": "Input columns that tell the same: {families}.",
    "finding.duplicate-columns.cleared": "No two of {count} input columns tell the same.",
    "finding.duplicate-columns.not_applicable": "The rows were not read.",
    "finding.train-test-shift.raised": (
        "Training and held-out rows differ in {columns}: the population stability index of {column} is {psi}. As "
        "a whole they can "
        "be told apart with an AUC of {auc} (95% interval {low} to {high}; chance is 0.5)."
    ),
    "finding.train-test-shift.raised_whole": (
        "Training and held-out rows can be told apart: AUC {auc} (95% interval {low} to {high}; chance is 0.5), "
        "while no column "
        "alone has moved far (largest index {psi}, {column})."
    ),
    "finding.train-test-shift.cleared": (
        "Training and held-out rows are not shown to differ: the largest population stability index is {psi} ({column}), and "
        "they are told apart "
        "with an AUC of {auc} (95% interval {low} to {high}; chance is 0.5)."
    ),
    "finding.train-test-shift.not_applicable": "Without a split there are no two parts to compare.",
    "finding.groups-split.raised": (
        "{shared} of the {held_out} groups of {column} with held-out rows have training rows too. The network may know these "
        "groups "
        "by heart: what is measured on their held-out rows says nothing about groups that it has not met."
    ),
    "finding.groups-split.cleared": "No group of {column} stands on both sides of the split ({groups} groups, {held_out} held "
    "out).",
    "finding.groups-split.not_applicable": "The table has no group column.",
    "finding.groups-split.not_applicable_split": "Without a split there are no two sides to compare.",
    "finding.row-overlap.raised": (
        "{count} of {rows} held-out rows ({percent}%) equal a training row in every column. Among the training rows only "
        "{training}% equal another one, so that held-out rows are copies: what is measured on them is memory."
    ),
    "finding.row-overlap.raised_training_few": (
        "{count} of {rows} held-out rows ({percent}%) equal a training row in every column. Among the training rows fewer than "
        "ten equal another one, so that held-out rows are copies: what is measured on them is memory."
    ),
    "finding.row-overlap.cleared": (
        "{count} of {rows} held-out rows ({percent}%) equal a training row in every column, not more than the split explains: "
        "{training}% of the training rows equal another one."
    ),
    "finding.row-overlap.cleared_training_few": (
        "{count} of {rows} held-out rows ({percent}%) equal a training row in every column, not more than the split explains."
    ),
    "finding.row-overlap.cleared_few": "Fewer than ten of {rows} held-out rows equal a training row in every column.",
    "finding.row-overlap.not_applicable": "Without a split there are no two parts to compare.",
    "finding.sentinel-value.raised": (
        "Numbers that look like codes for a missing value are read as numbers: {columns}. {value} stands in {rows} rows of "
        "{column} ({percent}%), apart from its other values."
    ),
    "finding.sentinel-value.cleared": "None of {count} numbers has a value that looks like a code.",
    "finding.sentinel-value.not_applicable": "The network reads no number.",
    "finding.target-capped.raised_greatest": (
        "The target looks cut off at its greatest value: {rows} rows ({percent}%) are exactly {value}, far more "
        "than just below."
    ),
    "finding.target-capped.raised_least": (
        "The target looks cut off at its least value: {rows} rows ({percent}%) are exactly {value}, far more than just above."
    ),
    "finding.target-capped.cleared": "At neither end do more than {percent}% of the rows heap up on one value of the target.",
    "finding.target-capped.not_applicable": "Classes have no ends to be cut off at.",
    "finding.unseen-level.raised": (
        "Held-out rows hold levels that no training row has, in {columns}: {rows} rows of {column} ({levels} levels)."
    ),
    "finding.unseen-level.cleared": (
        "In no column do enough held-out rows to be raised hold levels that no training row has (columns with fewer than ten "
        "such rows: {few})."
    ),
    "finding.unseen-level.not_applicable": "Without a split there is no level that was not seen.",
    "finding.rare-level.raised": "Levels with fewer than {fewest} training rows: {levels}, in {columns}.",
    "finding.rare-level.cleared": "Every level of {count} columns has at least {fewest} training rows.",
    "finding.rare-level.not_applicable": "The network reads no column of levels.",
    "finding.disparate-impact.raised": (
        "The network selects {least} {ratio} times as often as {most} (95% interval {low} to {high}). Selected means not "
        "predicted {adverse}. The ratio is significantly below {limit} in {count} of {of} columns and pairs of columns "
        "(Holm's correction for {compared} pairs of groups); under the linear model in {also}. Four fifths, the usual limit,"
        " is a rule of thumb; jurisdiction-dependent."
    ),
    "finding.disparate-impact.raised_withheld": (
        "The network selects a group significantly less than {limit} times as often as another. Selected means not predicted"
        " {adverse}. The shares are withheld, because a count is below ten. This holds in {count} of {of} columns and pairs "
        "of columns (Holm's correction for {compared} pairs of groups); under the linear model in {also}. Columns: "
        "{columns}. Four fifths, the usual limit, is a rule of thumb; jurisdiction-dependent."
    ),
    "finding.disparate-impact.cleared": (
        "The network selects no group significantly less than {limit} times as often as another of the same column. Selected"
        " means not predicted {adverse} ({compared} pairs of groups in {of} columns and pairs of columns, Holm's "
        "correction). The lowest ratio is that of {least} to {most}: {ratio} (95% interval {low} to {high}). Between groups "
        "of these sizes, a ratio of {detectable} or below would have been found with 80% power."
    ),
    "finding.disparate-impact.cleared_withheld": (
        "The network selects no group significantly less than {limit} times as often as another of the same column. Selected"
        " means not predicted {adverse} ({compared} pairs of groups in {of} columns and pairs of columns, Holm's "
        "correction). The shares are withheld, because a count is below ten."
    ),
    "finding.disparate-impact.not_applicable": "No column was declared protected.",
    "finding.disparate-impact.not_applicable_adverse": (
        "The adverse class was not stated; state it with adverse= where the table is read, or with --adverse CLASS."
    ),
    "finding.disparate-impact.not_applicable_few": (
        "No column has two groups of at least 30 rows and ten sampling units whose shares can be compared."
    ),
    "finding.disparate-impact.not_applicable_power": (
        "The groups are too small: no ratio between two of them, however low, would be found with 80% power."
    ),
    "finding.disparate-impact.not_applicable_task": (
        "Adverse impact concerns decisions between two classes; the target is of another kind."
    ),
    "finding.proxy.raised_auc": (
        "{column} stands in for {protected}, which is no input: alone it tells it with an AUC of {value} (95% interval {low} to "
        "{high}). The network's gap between the groups is {gap}, and {left} with {column} permuted, which costs {loss} of the "
        "loss. Carrying columns: {columns}."
    ),
    "finding.proxy.raised_r2": (
        "{column} stands in for {protected}, which is no input: alone it tells it with an R² of {value} (95% interval {low} to "
        "{high}). The network's gap between the groups is {gap}, and {left} with {column} permuted, which costs {loss} of the "
        "loss. Carrying columns: {columns}."
    ),
    "finding.proxy.raised_auc_held_back": (
        "{column} stands in for {protected}, which is no input: alone it tells it with an AUC of {value} (95% interval {low} to "
        "{high}). The network's gap between the groups would tell of fewer than ten rows; with {column} permuted, which costs "
        "{loss} of the loss, it changes by {change}. Carrying columns: {columns}."
    ),
    "finding.proxy.raised_r2_held_back": (
        "{column} stands in for {protected}, which is no input: alone it tells it with an R² of {value} (95% interval {low} to "
        "{high}). The network's gap between the groups would tell of fewer than ten rows; with {column} permuted, which costs "
        "{loss} of the loss, it changes by {change}. Carrying columns: {columns}."
    ),
    "finding.proxy.cleared_auc": (
        "No single column both tells a protected column that is no input and carries a gap; the best tells {protected} with an "
        "AUC of {value}."
    ),
    "finding.proxy.cleared_r2": (
        "No single column both tells a protected column that is no input and carries a gap; the best tells {protected} with an "
        "R² of {value}."
    ),
    "finding.proxy.not_applicable": "Every protected column is an input, or none was declared.",
    "finding.weak-subgroup.raised": (
        "The network fails among rows with {group} (n = {rows}): boosted trees have a loss there that is {value} lower "
        "(corrected interval {low} to {high}). The network's loss is {loss} in the group and {rest} elsewhere. Groups that fail: "
        "{count} of {tested} tested, {searched} searched."
    ),
    "finding.weak-subgroup.raised_sure": (
        "The network fails among rows with {group} (n = {rows}): its loss is {value} above what its own probabilities imply "
        "(corrected interval {low} to {high}). The loss is {loss} in the group and {rest} elsewhere. Groups that fail: {count} "
        "of {tested} tested, {searched} searched."
    ),
    "finding.weak-subgroup.cleared": (
        "Of {searched} groups of one column or two, the {tested} that stood out were tested on other rows; in none is the loss "
        "above the group's own noise by more than is tolerated."
    ),
    "finding.weak-subgroup.not_applicable": (
        "Groups were not searched: the rows are too few, or nothing says how large the loss of a group should be."
    ),
    "finding.weak-subgroup.few": "No group that stood out has enough rows and events on the half of the rows that tests it.",
    "amount.at_most": "at most {value}",
    "amount.at_least": "at least {value}",
    "finding.reason-codes-unstable.raised": (
        "Lists of reasons depend on how they are found: another seed changes {changed}% of them, and those from the mean of "
        "just-approved rows and of all rows agree to {alike} (Jaccard index; {rows} declined rows)."
    ),
    "finding.reason-codes-unstable.cleared": (
        "Another seed changes {changed}% of the lists of reasons; those from the mean of just-approved rows and of all rows "
        "agree to {alike} (Jaccard index; {rows} declined rows)."
    ),
    "finding.reason-codes-unstable.not_applicable_adverse": (
        "The adverse class was not stated; state it with adverse= where the table is read, or with --adverse CLASS."
    ),
    "finding.reason-codes-unstable.not_applicable": "No lists of reasons were made, or of fewer than ten rows.",
    "finding.constraint-violated.raised": (
        "Declared and not kept: {columns}. Along {column} (direction {direction}) the network goes the other way in {percent}% "
        "of the rows. The linear model breaks {linear} of the {count} directions that the network breaks."
    ),
    "finding.constraint-violated.raised_domain": "Rows hold values outside the declared domain of {columns} (at "
    "least {rows} rows).",
    "finding.constraint-violated.cleared": "Both the directions and the domains of {count} declared columns are kept.",
    "finding.constraint-violated.not_applicable": "No constraint was declared.",
}
FINDINGS |= {
    f"finding.{slug}.withheld": "Not applicable: {reason}."
    for slug in (
        "worse-than-linear", "no-signal", "classes-swapped", "miscalibrated", "label-leak", "near-leak", "shortcut",
    )
}  # fmt: skip
