"""Sentences about hidden units: their health, what excites them, and what they are worth."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.inside.lead": (
        "What the hidden units do: which carry nothing of their own, what each moves with, which of them the loss misses, and "
        "what excites them and the outputs most."
    ),
    "report.inside.health": "Health of the units",
    "report.inside.health_table": "Units of each layer that carry nothing of their own, on {rows}",
    "report.inside.health_note": (
        "Dead: 0 on every row. Constant: one other value on every row. Saturated: at an end of its range in 95% of the rows. "
        "Duplicate: another unit up to scale and shift. Redundant: a linear function of the others. Effective rank: how many "
        "directions the layer's outputs spread over (exponential of the entropy of the singular values; Roy & Vetterli 2007)."
    ),
    "report.inside.layer": "Layer",
    "report.inside.units": "units",
    "report.inside.sound": "sound",
    "report.inside.dead": "dead",
    "report.inside.constant": "constant",
    "report.inside.saturated": "saturated",
    "report.inside.duplicate": "duplicate",
    "report.inside.redundant": "redundant",
    "report.inside.rank": "effective rank",
    "report.inside.atlas": "Atlas: units by original column",
    "report.inside.order": (
        "The first units are those without which the {loss} rises most: by so much it rises when the unit puts out its mean on "
        "every one of {rows} rows. In {resolved} of {units} units the 95% interval of that rise lies above zero; if none "
        "mattered, about {chance} would by chance."
    ),
    "report.inside.order_none": (
        "How much the {loss} rises without a unit is not known here: the network cannot be cut at its layers. Units stand in "
        "their own order."
    ),
    "report.inside.loss": "loss without it",
    "report.inside.loss_interval": "{loss} without it [95% CI]",
    "report.inside.health_of": "health",
    "report.inside.rest": "The other {count} units have a line each in the table of all units.",
    "report.inside.templates.fold": "Templates: what comes into {count} units of {layer}, by original column",
    "report.inside.templates.table": "Shares (%) of what comes into {count} units of {layer}, the dearest to the loss first",
    "report.inside.templates.note": (
        "Ahead of its activation a unit of the first layer is a sum of one part for each column. A cell is the variance of the "
        "column's part over the sum of those of all parts, whatever columns are correlated, with the sign of a number's weight, "
        "or the level of the greatest weight and its sign. A dot is a share under {percent}%. The atlas above counts what a unit "
        "moves with: also the columns that go with those it reads."
    ),
    "report.inside.templates.other": "other ({count} columns)",
    "report.inside.templates.share": "{percent}",
    "report.inside.templates.small": "·",
    "report.inside.close": "The units that the loss misses most",
    "report.inside.close_lead": (
        "The {count} units without which the {loss} rises most, each with real rows first: the tenth of the rows that excites "
        "it most and the tenth that inhibits it most, beside all rows, in columns where that is more than chance (adjusted p "
        "at most 0.05). They were picked for their rise, so it is too large on average; an interval that includes zero shows "
        "nothing."
    ),
    "report.inside.close_none": "No unit's rise of the loss is above zero: none is shown up close.",
    "report.inside.caveat": (
        "Read with care. That a unit is selective says little of its importance (Morcos et al. 2018). A made-up optimum can be "
        "changed without changing what the network does on real rows (Geirhos et al. 2024), and people predict a unit better "
        "from real rows than from made-up ones (Borowski et al. 2021)."
    ),
    "report.inside.optima_lead": (
        "Optima are sought ahead of the activation from {starts} starts, half of them real rows, with every column within the "
        "data: numbers between their 0.5% and 99.5% quantiles, levels that occur. Real rows outside that range may go higher. "
        "Columns that determine one another move as one. Oddness is set beside {reference} real rows, by four measures "
        "(Mahalanobis distance of the numbers, nearest neighbours, isolation forest, and the number that fits the other columns "
        "least), each at both ends: too far out, or too near the middle. An optimum that is odder than {far} of the real rows, "
        "each as odd as its own oddest measure says, is no row to read (seed {seed})."
    ),
    # unit: its name; cost: report.inside.cost
    "report.inside.card": "{unit}: {cost}",
    "report.inside.cost": "{loss} {value} without it",
    # excited, inhibited: how many rows
    "report.inside.profile": "Real rows: the {excited} that excite it most, the {inhibited} that inhibit it most",
    "report.inside.profile_none": (
        "The rows that excite or inhibit it differ from all rows in no column by more than chance would."
    ),
    "report.inside.excite": "excite it",
    "report.inside.inhibit": "inhibit it",
    "report.inside.times": "×\u00a0{lift}",
    "report.inside.times_none": "none of them",
    "report.inside.times_most": "nearly all",
    "report.inside.sds": "{difference}\u00a0SD",
    "report.inside.profile_note": (
        "SD: difference of means in standard deviations. ×: how many times as frequent as among all rows."
    ),
    "report.inside.template": "Template: its greatest incoming weights, for one SD of a number or for a level",
    "report.inside.template_none": "Beyond the first layer a unit has no weights on columns.",
    "report.inside.weight": "weight",
    "report.inside.bars.fold": "Levels as bars: {columns}",
    "report.inside.bars.table": "{column}: what each level adds, less the mean over rows",
    # caption: report.inside.bars.table
    "report.inside.bars.some": "{caption}; {count} more are in audit.json",
    "report.inside.bars.level": "Level",
    "report.inside.bars.down": "less",
    "report.inside.bars.weight": "weight",
    "report.inside.bars.up": "more",
    "report.inside.activity": "Ahead of its activation",
    "report.inside.at": "point",
    "report.inside.value": "value",
    "report.inside.quantile": "{percent}% of rows below",
    "report.inside.mean": "mean (SD)",
    "report.inside.tenth": "tenth greatest row",
    "report.inside.tenth_low": "tenth least row",
    "report.inside.best": "optimum",
    "report.inside.optimum": "Optimum: where each column stands",
    "report.inside.no_optimum": "No optimum was sought.",
    "report.inside.column_at": "at",
    "report.inside.column_value": "{value}",
    "report.inside.about": "about {value}",
    "report.inside.at_least": "{value} or more",
    "report.inside.at_most": "{value} or less",
    "report.inside.missing": "missing",
    "report.inside.rare": "(fewer than 10 rows)",
    # oddness: a percentage; why: report.inside.why, joined by semicolons
    "report.inside.unreadable": "✗ Do not read as a row, it is odder than {oddness} of real rows: {why}.",
    "report.inside.why.mahalanobis": "its numbers lie farther out than those of {share} of real rows",
    "report.inside.why.neighbours": "it lies farther from its neighbours than {share} of real rows",
    "report.inside.why.forest": "an isolation forest sets it apart sooner than {share} of real rows",
    "report.inside.why.residual": "its {column} fits the other columns worse than in {share} of real rows",
    "report.inside.why.mahalanobis_near": "its numbers lie nearer the middle than those of {share} of real rows",
    "report.inside.why.neighbours_near": "it lies nearer its neighbours than {share} of real rows",
    "report.inside.why.forest_near": "an isolation forest sets it apart later than {share} of real rows",
    "report.inside.why.residual_near": "its numbers fit one another better than in {share} of real rows",
    "report.inside.out": "Columns out of these rows' range: {count}.",
    # oddness: a percentage; odd: the sentence report.inside.odd
    "report.inside.readable": "As odd as real rows are: odder than {oddness} of them. {odd}",
    "report.inside.odd": (
        "Farther out than {mahalanobis} of real rows by the distance of its numbers, {neighbours} by neighbours, {forest} by "
        "forest, {residual} by the fit of {column} to the other columns."
    ),
    "report.inside.odd_none": "Farther out than {neighbours} of real rows by neighbours, {forest} by forest.",
    "report.inside.free": "Optimum, plausibility given up: where each column stands",
    # caption: of a table of an optimum
    "report.inside.more": "{caption}; {count} columns of less importance are in audit.json",
    "report.inside.plausible": "Plausible optimum: where each column stands",
    "report.inside.plausible_note": (
        "{value}, the most that was found in a ball that holds {share} of the rows and may be read as one: odder than "
        "{oddness} of real rows."
    ),
    "report.inside.plausible_same": "The optimum itself is as odd as real rows are: it is the plausible one, too.",
    "report.inside.plausible_none": (
        "No optimum, however near the middle it is kept, is like real rows: read these alone."
    ),
    "report.inside.six": (
        "Six panels, from what it wants least to what it wants most: optima at the ends, between them means of real rows, and of "
        "a category the most frequent level with its share"
    ),
    "report.inside.six.negative": "negative optimum",
    "report.inside.six.least": "least tenth of rows",
    # about: a value of the unit
    "report.inside.six.below": "rows just below {about}",
    "report.inside.six.above": "rows just above {about}",
    "report.inside.six.greatest": "greatest tenth of rows",
    "report.inside.six.positive": "optimum",
    "report.inside.six.value": "activation",
    "report.inside.six.rows": "rows",
    "report.inside.six.level": "{level} ({share})",
    "report.inside.six.unreadable": "✗ Do not read the negative optimum as a row: it is odder than real rows are.",
    # name: of the unit
    "report.inside.path.table": "{name}: the optimum among growing shares of the rows",
    "report.inside.path.ball": "share of rows, from the middle",
    "report.inside.path.share": "{percent}%",
    "report.inside.path.free": "free",
    "report.inside.path.value": "optimum",
    "report.inside.path.real": "tenth greatest real row",
    "report.inside.path.oddness": "odder than",
    "report.inside.path.readable": "may be read",
    "report.inside.path.may": "may be read as a row",
    "report.inside.path.not": "may not",
    "report.inside.path.tenth": "tenth greatest real row",
    "report.inside.path.aria": "{name}: optima among growing shares of the rows; {count} of {all} may be read as rows.",
    "report.inside.path.caption": (
        "Activation against atypicality: the optimum kept in the ball, of numbers and levels, that holds so many of the rows; at "
        "the end with plausibility given up."
    ),
    "report.inside.proved.closed form": "This is the maximum, in closed form.",
    # share: a percentage; proof: report.inside.proof
    "report.inside.proved.short": "{share} of the way from the mean to a bound that no row can pass ({proof}).",
    "report.inside.proved.none": "Nothing is proved of a higher one.",
    "report.inside.proof.integer programme": "integer programme",
    "report.inside.proof.bound propagation": "bound propagation, often far above",
    "report.inside.starts": (
        "{share} of the starts end within 1% of it; different rows there: {count} (median cosine of all starts: {cosine})."
    ),
    "report.inside.outputs": "What excites the outputs",
    "report.inside.output": "{output}: score ({scale}), highest",
    "report.inside.score": "Score ({scale}), highest",
    "report.inside.score_low": "Score ({scale}), lowest",
    "report.inside.every": (
        "Every unit: rise of the loss without it, health, activity, and the columns it moves with most (ρ: rank correlation, η: "
        "correlation ratio, dCor: distance correlation)"
    ),
    "report.inside.words.rises": "With its mean in its place the {loss} rises by {value} [{low}, {high}].",
    "report.inside.words.falls": "With its mean in its place the {loss} falls by {value} [{low}, {high}].",
    "report.inside.words.open": "With its mean in its place the {loss} changes by {value} [{low}, {high}], which includes zero.",
    "report.inside.words.zero": "With 0 in its place: {value}.",
    "units.unit": "{layer}, unit {unit}:",
    "units.health.dead": "puts out 0 on every one of the {rows} rows.",
    "units.health.constant": "puts out {mean} on every one of the {rows} rows.",
    "units.health.saturated": "sits at an end of its range in {share} of the rows.",
    "units.health.duplicate": "is unit {other} of its layer up to scale and shift.",
    "units.health.redundant": "is a linear function of the other units of its layer on these rows.",
    "units.active": "above zero in {share} of the rows.",
    "units.excited": "The {excited} rows that excite it most differ from all rows most in {columns}.",
    "units.excited.none": "The {excited} rows that excite it most differ from all rows in no column by more than chance would.",
    "units.column.higher": "{column} ({value} SD higher)",
    "units.column.lower": "{column} ({value} SD lower)",
    "units.level": "{column} = {level} ({value} times as frequent)",
    "units.level.most": "{column} = {level} (nearly all of them)",
    "units.ablation": "With its mean in its place the loss changes by {value} (standard error {stderr}).",
    "units.ablation.none": "What it is worth alone is not known: the network cannot be cut at its layer.",
    "plot.axis.probes": "change of the score from the median row",
    "plot.axis.panels": "objective",
}
