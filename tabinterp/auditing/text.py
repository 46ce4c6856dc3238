"""Sentences about a whole audit: how the table was split, how the models were wrapped, what was not assessed."""

from __future__ import annotations

TEXT: dict[str, str] = {
    # which rows were held out
    "split.none": "None: the rows on which the network was trained are unknown.",
    "split.column": "The split is given by the values of column “{column}”.",
    "split.date": "By date: rows with “{column}” on or after {at:date} are held out.",
    "split.fraction": (
        "A fraction of {share} of the rows is held out, selected by a hash of the row contents (seed {seed})."
    ),
    "split.groups": (
        "A fraction of {share} of the groups of “{column}” is held out, selected by a hash of the group (seed {seed})."
    ),
    "split.stratified": (
        "A fraction of {share} of the rows of each class is held out, selected by a hash of the row contents (seed {seed})."
    ),
    # how a model was read
    "model.unsafe": (
        "Loaded from a {format} file by running the code inside the file, as requested (SHA-256 {sha256}). The effects of "
        "that code are unknown."
    ),
    "model.made_from": (
        "The bundle was created from a {format} file by running the code inside that file (SHA-256 {sha256}). Loading the "
        "bundle ran no code."
    ),
    "model.mixed": (
        "The encoder combines {columns} with other columns. Changing one of these columns changes the whole encoded "
        "row, which is recomputed exactly. These columns have no separate gradients."
    ),
    "model.unseen": (
        "Some levels of these columns were absent when the encoder was fitted: {columns}. Up to {rows} rows per column have a "
        "level that the encoder treats as unknown."
    ),
    "model.unseen_few": (
        "Some levels of these columns were absent when the encoder was fitted: {columns}. Fewer than {rows} rows per column "
        "have a level that the encoder treats as unknown."
    ),
    "model.clipped": (
        "{rows} rows had a predicted probability of 0 or 1, for which the log-odds are infinite. These probabilities were "
        "replaced by 1e-7 or 1 − 1e-7."
    ),
    "model.clipped_rates": (
        "{rows} rows had an expected count below 1e-7, possibly zero or negative. These counts were replaced by 1e-7 before "
        "taking the log."
    ),
    "model.clipped_few": (
        "Some rows had a predicted probability of 0 or 1, for which the log-odds are infinite; it was replaced by "
        "1e-7 or 1 − 1e-7. The number of these rows is withheld, because fewer than {rows} rows had, or did not "
        "have, such a probability."
    ),
    "model.clipped_rates_few": (
        "Some rows had an expected count below 1e-7, possibly zero or negative; it was replaced by 1e-7 before "
        "taking the log. The number of these rows is withheld, because fewer than {rows} rows had, or did not have, "
        "such a count."
    ),
    "model.probabilities": (
        "The network ends in a sigmoid or softmax, so its outputs were taken as probabilities. Whoever wrapped it did not state "
        "what they are."
    ),
    "model.checked": (
        "Scores computed from the weights match the model's own predictions on the first rows of the table."
    ),
    # what was not assessed
    # reading: step; reason: why
    "not_assessed.reading": "Not available: {reading:step}. Reason: {reason:why}.",
    # reading: step
    "not_assessed.failed": (
        "Not available: {reading:step}. It failed with an internal error ({error} in {place}), and the audit continued "
        "without this analysis. Please report the error with the printed traceback and the versions in run.json."
    ),
    "not_assessed.not_requested": "Not requested: {analyses:step}.",
    "not_assessed.split": (
        "The verdict: without a split, it is unknown on which rows the network was not trained. Give the table a split."
    ),
    "not_assessed.without_target": "Rows with a missing target: {rows} were excluded. The results may not apply to such rows.",
    "not_assessed.without_target_few": (
        "Rows with a missing target: fewer than 10 were excluded. The results may not apply to such rows."
    ),
    "not_assessed.mixed": (
        "Gradients and coefficients of {columns} in {model:name}: its encoder combines these columns with others."
    ),
    "not_assessed.units": "Hidden units not shown: {count}.",
    "not_assessed.optima": (
        "Optimal inputs of {left} of the {count} hidden units: they were computed only for the outputs and for the "
        "{shown} hidden units that raise the loss most when ablated."
    ),
    "not_assessed.grouping": (
        "Dependence within groups of {column}, in two results: standard errors of interactions and p-values of "
        "correlations between hidden units and columns treat rows as independent."
    ),
    "not_assessed.seeds": (
        "Variability from retraining: intervals reflect only the sampling of rows for this one trained network."
    ),
    "not_assessed.seeds.groups": (
        "Variability from retraining: intervals reflect only the sampling of groups of rows for this one trained "
        "network."
    ),
    "not_assessed.shapley": "Shapley values.",
    "not_assessed.shuffled": (
        "Comparison with a network trained on permuted labels: audits do not train networks. Train such a network "
        "with tabinterp train --null, or pass a training function to ti.trust."
    ),
    "not_assessed.robustness": "Robustness to noise in the inputs.",
    "not_assessed.reasons": "Reason codes: available only for decisions between two classes.",
    "not_assessed.dependence": (
        "Dependence between rows, such as neighbours in space or time or several rows of one person: intervals treat rows as "
        "independent unless a group column is given."
    ),
    "not_assessed.use": "Whether the author's statements on intended use, population and limits are correct.",
    "not_assessed.effects": "Effect curves and interactions.",
    "not_assessed.groups": "Differences between groups of people: no column was declared protected.",
    "not_assessed.constraints": (
        "Compliance with required directions and ranges of columns: no constraint was declared."
    ),
    "not_assessed.data": "Whether the rows represent future data: they are only compared with each other.",
    "not_assessed.costs": "Decisions at your own costs or threshold, because neither was given.",
}
