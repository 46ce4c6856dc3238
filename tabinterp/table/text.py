"""What is said of tables that are read in batches."""

SCALE = {
    "report.performance.summed": (
        "{summed} and their difference are means over all {rows} held-out rows, which were read in batches; their 95% intervals "
        "are Student's. Other metrics are of {drawn} of these rows, drawn by a hash of the row's number, with intervals from "
        "{resamples} paired resamples (seed {seed}). Differences are network minus linear."
    ),
    "report.performance.summed.not_held_out": (
        "{summed} and their difference are means over all {rows} rows, which were read in batches, other metrics of {drawn} "
        "drawn ones. It is not known which rows the network was trained on: the numbers describe the fit, and no difference is "
        "resolved. Intervals are 95%, Student's and from {resamples} paired resamples (seed {seed})."
    ),
    "report.calibration.summed": (
        "The curves are of all held-out rows, which were read in batches; slopes and intercepts are of the {rows} rows drawn."
    ),
    "report.coefficients.summed": (
        "Average derivatives by a number that the encoder scales are of all {rows} rows that are evaluated, which were read in "
        "batches; contrasts of levels, and derivatives by numbers that it bends, of the {drawn} drawn ones."
    ),
    "report.coefficients.rows": "rows of the network's average",
    "report.neurons.summed": (
        "Means, spreads and active shares, Pearson correlations and correlation ratios are of all {rows} rows that are "
        "evaluated, which were read in batches."
    ),
    "report.groups.summed": (
        "Numbers of these groups are of all these rows, which were read in batches; slope and intercept are of those drawn of "
        "each group. The rows drawn also settle which levels stand by themselves, where numbers are cut, and the bins of the ECE."
    ),
    "report.data.lead.drawn": (
        "Read off the {rows} rows drawn, without asking a model. Counts from 1 to 9 are not printed. {metric} of a column alone: "
        "cross-fitted in training, so that no row is told by itself; chance is {chance}."
    ),
    "report.data.drift.rows": (
        "Of all {rows} rows, which were read in batches. Cells are cut on the training rows drawn."
    ),
    "report.method.drawn": "Rows drawn",
    "report.method.drawn_text": (
        "{rows}, by a hash of the row's number and the seed, of which held out {held_out}. Of all rows, which were read in "
        "batches: {summed}. Everything else is of rows drawn."
    ),
    "report.method.drawn_only": (
        "{rows}, by a hash of the row's number and the seed, of which held out {held_out}; all readings are of these."
    ),
    "report.method.summed.counterpart": "the fit of the linear counterpart",
    "report.method.summed.performance": "means of losses",
    "report.method.summed.calibration": "reliability curves",
    "report.method.summed.gradients": "saliency and gradient × input",
    "report.method.summed.coefficients": "the network's average derivatives by numbers",
    "report.method.summed.neurons": "moments of hidden units, their Pearson correlations and correlation ratios",
    "report.method.summed.groups": "tables of protected groups",
    "report.method.summed.drift": "drift of single columns",
}
