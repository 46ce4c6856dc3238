"""Sentences about hidden units: their health, what activates them, and their importance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.hidden units": "hidden units",
    "rows_of.inside": "Hidden units",
    "rows_of.ablation": "Ablation of hidden units",
    "report.inside.lead": (
        "This section shows the health of the hidden units, the columns to which they respond, the effect of "
        "each unit on the loss, and the rows for which units and outputs have extreme values."
    ),
    "report.inside.health": "Unit health",
    "report.inside.health_table": "Number of hidden units in each state, by layer ({rows})",
    "report.inside.health_note": (
        "Dead: output 0 for every row. Constant: the same nonzero output for every row. Saturated: output in "
        "the lowest or highest 1% of the activation function's range for at least 95% of the rows. Duplicate: "
        "identical to another unit up to scale and shift. Redundant: a linear function of the other units in "
        "the layer. Effective rank: exponential of the entropy of the singular values of the layer's outputs "
        "(Roy & Vetterli 2007)."
    ),
    "report.inside.layer": "Layer",
    "report.inside.units": "Units",
    "report.inside.sound": "Healthy",
    "report.inside.dead": "Dead",
    "report.inside.constant": "Constant",
    "report.inside.saturated": "Saturated",
    "report.inside.duplicate": "Duplicate",
    "report.inside.redundant": "Redundant",
    "report.inside.rank": "Effective rank",
    "report.inside.atlas": "Units and columns",
    "report.inside.order": (
        "Units are ordered by the rise in {loss} when a unit's output is replaced by its mean (n = {rows}). "
        "For {resolved} of the {units} units, the 95% CI for the rise in {loss} without the unit lies above "
        "zero; if no unit mattered, about {chance} such intervals would be expected by chance."
    ),
    "report.inside.order_none": (
        "The effect of each unit on the {loss} could not be estimated, because the outputs of the hidden units cannot be "
        "replaced. Units are listed in the order of the network's layers."
    ),
    "report.inside.loss": "Rise in loss",
    "report.inside.loss_interval": "Rise in {loss} without the unit [95% CI]",
    "report.inside.health_of": "Health",
    "report.inside.rest": "The other {count} units are listed in the table of all units.",
    "report.inside.templates.fold": "First-layer contributions: {count} units of {layer}",
    "report.inside.templates.table": (
        "Share (%) of each column in the input to each unit of {layer} ({count} units, most important first)"
    ),
    "report.inside.templates.note": (
        "The input to a first-layer unit is a sum of contributions, one for each column. Each cell shows the "
        "variance of the column's contribution divided by the sum of the variances of all columns' "
        "contributions; correlation between columns is ignored. The sign shown for a numeric column is the "
        "sign of its weight. For a categorical column, the level with the largest absolute weight is shown with the "
        "sign of that weight. A dot marks a share below {percent}%. The shares cover only direct inputs "
        "to the unit; other columns can still be associated with its output (see “Units and columns”)."
    ),
    "report.inside.templates.other": "Other ({count} columns)",
    "report.inside.templates.share": "{percent}",
    "report.inside.templates.small": "·",
    "report.inside.close": "Most important units",
    "report.inside.close_lead": (
        "These {count} units raise {loss} the most when their outputs are replaced by their means, one unit at a "
        "time. For each unit, the 10% of rows that activate it most and the 10% that activate it least are compared "
        "with all rows; columns with an adjusted p-value of at most 0.05 are listed. Because the units were selected "
        "for a large rise in loss, the estimates of this rise are biased upward. A rise in loss is not significant if "
        "its interval includes zero."
    ),
    "report.inside.close_none": (
        "No unit is shown in detail, because no unit has an estimated rise in loss above zero when its output is replaced by "
        "its mean."
    ),
    "report.inside.caveat": (
        "Interpret single units with caution. A selective unit is not necessarily important (Morcos et al. 2018). A "
        "synthetic optimum can be changed without changing the network's behaviour on real rows (Geirhos et al. 2024). "
        "People predict a unit's behaviour better from real examples than from synthetic ones (Borowski et al. 2021)."
    ),
    "report.inside.optima_lead": (
        "An optimum is a row, found by optimisation, that maximises or minimises an output or the value of a unit "
        "before its activation function. For each optimum, {starts} searches are run, half of them starting at real "
        "rows; random draws use seed {seed}. The search keeps numeric columns between their 0.5% and 99.5% quantiles "
        "and restricts categorical columns to levels that occur in the data; real rows outside these limits may "
        "therefore yield more extreme outputs or unit values than the optimum. Columns that determine each other are changed "
        "together. Each optimum is compared with {reference} real rows by four measures: the Mahalanobis distance of "
        "its numeric columns from the mean, the distance to its nearest neighbours, an anomaly score from an isolation "
        "forest, and the largest residual of a numeric column in a regression on the other columns. Very small and very large "
        "values of a measure both count as atypical. How atypical a row is depends on the most extreme of its four "
        "measures. An optimum that is more atypical than {far} of the real rows is marked as implausible."
    ),
    # unit: name of the unit; cost: report.inside.cost; interval: report.interval
    "report.inside.card": "{unit}: {cost}",
    "report.inside.cost": "{loss} changes by {value} ({interval}) without the unit",
    # excited, inhibited: numbers of rows
    "report.inside.profile": (
        "Columns in which rows with extreme activation (the {excited} highest and the {inhibited} lowest) differ from "
        "all rows"
    ),
    "report.inside.profile_none": (
        "The rows with the highest or lowest activation do not differ significantly from the data as a whole in any column."
    ),
    "report.inside.excite": "Highest activation",
    "report.inside.inhibit": "Lowest activation",
    "report.inside.times": "×\u00a0{lift}",
    "report.inside.times_none": "no rows",
    "report.inside.times_most": "nearly all of these rows",
    "report.inside.sds": "{difference}\u00a0SD",
    "report.inside.profile_note": (
        "SD: mean in these rows minus mean in all rows, in standard deviations. ×: frequency of the level in these "
        "rows divided by its frequency in all rows."
    ),
    "report.inside.template": (
        "Largest incoming weights (per SD of a numeric column, per level of a categorical column)"
    ),
    "report.inside.template_none": "Only first-layer units have weights that apply directly to columns.",
    "report.inside.weight": "Weight",
    "report.inside.bars.fold": "Weights by level: {columns}",
    "report.inside.bars.table": (
        "{column}: contribution of each level to the unit's input, minus the column's mean contribution over rows"
    ),
    # caption: report.inside.bars.table
    "report.inside.bars.some": "{caption} ({count} more levels are in audit.json)",
    "report.inside.bars.level": "Level",
    "report.inside.bars.down": "Negative",
    "report.inside.bars.weight": "Contribution",
    "report.inside.bars.up": "Positive",
    "report.inside.activity": "Value before activation",
    "report.inside.at": "Statistic",
    "report.inside.value": "Value",
    "report.inside.quantile": "{percent}% quantile",
    "report.inside.mean": "Mean (SD)",
    "report.inside.tenth": "Tenth-largest value",
    "report.inside.tenth_low": "Tenth-smallest value",
    "report.inside.best": "Optimum",
    "report.inside.optimum": "Column values at the optimum",
    "report.inside.no_optimum": "Optima were not computed.",
    "report.inside.column_at": "Value",
    "report.inside.column_value": "{value}",
    "report.inside.about": "about {value}",
    "report.inside.at_least": "{value} or more",
    "report.inside.at_most": "{value} or less",
    "report.inside.missing": "missing",
    "report.inside.rare": "(fewer than 10 rows)",
    # oddness: a percentage; why: a list of report.inside.why
    "report.inside.unreadable": (
        "✗ This optimum is implausible as a real row: it is more atypical than {oddness} of real rows because of {why}."
    ),
    "report.inside.why.mahalanobis": "its large Mahalanobis distance",
    "report.inside.why.neighbours": "its large distance to its nearest neighbours",
    "report.inside.why.forest": "its high anomaly score (isolation forest)",
    "report.inside.why.residual": "its large residual for {column} given the other columns",
    "report.inside.why.mahalanobis_near": "its small Mahalanobis distance",
    "report.inside.why.neighbours_near": "its small distance to its nearest neighbours",
    "report.inside.why.forest_near": "its low anomaly score (isolation forest)",
    "report.inside.why.residual_near": "its small residuals when each numeric column is predicted from the others",
    "report.inside.out": "Number of columns in which the optimum lies outside the range of the real rows: {count}.",
    # oddness, far: percentages; odd: the sentence report.inside.odd
    "report.inside.readable": (
        "This optimum is plausible as a real row: it is more atypical than {oddness} of real rows (limit: {far}). {odd}"
    ),
    "report.inside.odd": (
        "Compared with this optimum, {mahalanobis} of real rows have a smaller Mahalanobis distance from the mean, "
        "{neighbours} a smaller distance to their nearest neighbours, and {forest} a lower anomaly score from an isolation "
        "forest. Each numeric column is also predicted from the others. In {residual} of real rows, the largest residual is "
        "smaller than the largest residual at the optimum, which is that of {column}."
    ),
    "report.inside.odd_none": (
        "Compared with this optimum, {neighbours} of real rows have a smaller distance to their nearest "
        "neighbours, and {forest} have a lower anomaly score from an isolation forest."
    ),
    "report.inside.free": "Column values at the optimum without a distance limit",
    # caption: caption of the table of an optimum
    "report.inside.more": "{caption} ({count} less important columns are omitted; see audit.json)",
    "report.inside.plausible": "Column values at the plausible optimum",
    "report.inside.plausible_note": (
        "The search was limited to the Mahalanobis ball that contains {share} of the rows. The highest value of the unit "
        "(before activation) found there is {value}. The row with this value is plausible: it is more atypical than {oddness} "
        "of real rows (limit: {far})."
    ),
    "report.inside.plausible_same": "The optimum without a distance limit is itself plausible.",
    "report.inside.plausible_none": (
        "No plausible optimum was found, even close to the centre of the data. To interpret this unit, rely "
        "only on the real rows."
    ),
    "report.inside.six": (
        "Column values at both optima and in four groups of real rows (mean, or most frequent level with its share)"
    ),
    "report.inside.six.negative": "Lowest optimum",
    "report.inside.six.least": "Lowest 10% of rows",
    # about: a value of the unit
    "report.inside.six.below": "Rows just below {about}",
    "report.inside.six.above": "Rows just above {about}",
    "report.inside.six.greatest": "Highest 10% of rows",
    "report.inside.six.positive": "Highest optimum",
    "report.inside.six.value": "Value before activation",
    "report.inside.six.rows": "Rows",
    "report.inside.six.level": "{level} ({share})",
    "report.inside.six.unreadable": (
        "✗ The row that minimises the unit's value (“Lowest optimum”) is implausible as a real row."
    ),
    # name: name of the unit
    "report.inside.path.table": "Optimum of {name} within Mahalanobis balls that contain an increasing share of the rows",
    "report.inside.path.ball": "Share of rows in the Mahalanobis ball",
    "report.inside.path.share": "{percent}%",
    "report.inside.path.free": "no limit",
    "report.inside.path.value": "Optimum",
    "report.inside.path.real": "Tenth-largest value among real rows",
    "report.inside.path.oddness": "Share of real rows less atypical than the optimum",
    "report.inside.path.readable": "Plausible",
    "report.inside.path.may": "Plausible",
    "report.inside.path.not": "Implausible",
    "report.inside.path.tenth": "Tenth-largest value among real rows",
    "report.inside.path.aria": (
        "{name}: optima within Mahalanobis balls that contain an increasing share of the rows; {count} of {all} are "
        "plausible."
    ),
    "report.inside.path.caption": (
        "Each point shows the optimum within the Mahalanobis ball that contains the share of rows shown on the horizontal axis. "
        "The rightmost point is computed without a distance limit."
    ),
    "report.inside.proved.closed form": "The optimum is exact (closed-form solution).",
    # share: a percentage; proof: report.inside.proof
    "report.inside.proved.short": (
        "The value at the optimum lies {share} of the way from the mean value over rows to a proven bound ({proof})."
    ),
    "report.inside.proved.none": "No bound was proven, so a more extreme value may exist.",
    "report.inside.proof.integer programme": "by mixed-integer programming",
    "report.inside.proof.bound propagation": "by interval bound propagation; such bounds are often loose",
    "report.inside.starts": (
        "In {share} of the searches, the final value is close to the best value found: the two differ by at most 1% of "
        "the difference between the best value and the mean value over the real rows. Number of distinct rows at which these "
        "searches end: "
        "{count}. The median cosine similarity between the end points of all searches is {cosine}."
    ),
    "report.inside.outputs": "Output optima",
    "report.inside.output": "Output “{output}”: highest score ({scale})",
    "report.inside.score": "Highest score ({scale})",
    "report.inside.score_low": "Lowest score ({scale})",
    "report.inside.every": (
        "All units: health, activity, change in loss when the unit's output is replaced, and most strongly associated columns "
        "(ρ: rank correlation, η: correlation ratio, dCor: distance correlation)"
    ),
    "report.inside.words.rises": (
        "Replacing the unit's output by its mean raises the {loss} by {value} (95% CI {low} to {high})."
    ),
    "report.inside.words.falls": (
        "Replacing the unit's output by its mean lowers the {loss} by {value} (95% CI {low} to {high})."
    ),
    "report.inside.words.open": (
        "Replacing the unit's output by its mean changes the {loss} by {value} (95% CI {low} to {high}), which is "
        "not significant."
    ),
    "report.inside.words.zero": "Replacing the unit's output by 0 changes the {loss} by {value} ({interval}).",
    "units.unit": "Unit {unit} of {layer}",
    "units.health.dead": "outputs 0 for all {rows} rows.",
    "units.health.constant": "outputs {mean} for all {rows} rows.",
    "units.health.saturated": (
        "has an output in the lowest or highest 1% of its activation function's range in {share} of the rows."
    ),
    "units.health.duplicate": "is identical to unit {other} of its layer up to scale and shift.",
    "units.health.redundant": "is a linear function of the other units in its layer on the rows analysed.",
    "units.active": "has an output above zero in {share} of the rows.",
    "units.excited": (
        "The {excited} rows with the highest activation of the unit differ from the data as a whole mainly "
        "in {columns}."
    ),
    "units.excited.none": (
        "The {excited} rows with the highest activation of the unit do not differ significantly from the "
        "data as a whole in any column."
    ),
    "units.column.higher": "{column} ({value} SD higher)",
    "units.column.lower": "{column} ({value} SD lower)",
    "units.level": "“{column} = {level}” ({value} times as frequent)",
    "units.level.most": "“{column} = {level}” (true of nearly all of these rows)",
    "units.ablation": "Replacing its output by its mean changes the loss by {value} (standard error {stderr}).",
    "units.ablation.none": "Its effect on the loss is unknown, because the output of its layer cannot be replaced.",
    "plot.axis.probes": "Change in score relative to the median row",
    "plot.axis.panels": "Objective",
}
