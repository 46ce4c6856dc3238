"""Sentences about a whole audit: how the table was split, how the models were wrapped, what was not assessed."""

from __future__ import annotations

TEXT: dict[str, str] = {
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
    # what was not assessed
    # reading: step; reason: why
    "not_assessed.reading": "No {reading:step}: {reason:why}.",
    # reading: step
    "not_assessed.failed": (
        "The {reading:step} failed with an internal error ({error} in {place}), and the audit went on without this analysis. "
        "Please report the error with the traceback that was printed and with the versions in run.json."
    ),
    "not_assessed.not_requested": "These analyses were not requested: {analyses:step}.",
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
    "not_assessed.costs": "What decisions cost at costs or a threshold of yours: none were given.",
}
