"""Sentences about a whole audit: the split of the table, how the models were loaded, and what was not assessed."""

from __future__ import annotations

TEXT: dict[str, str] = {
    # which rows were held out
    "split.none": "No split: it is unknown which rows the network was trained on.",
    "split.column": "Rows are split by the values of column “{column}”.",
    "split.date": "By date: rows with “{column}” on or after {at:date} are held out.",
    "split.fraction": (
        "The proportion of rows held out is {share}; the rows are selected by a hash of their contents (seed {seed})."
    ),
    "split.groups": (
        "The proportion of groups held out is {share}; the groups are defined by “{column}” and selected by a hash of the "
        "group (seed {seed})."
    ),
    "split.stratified": (
        "The proportion of rows held out in each class is {share}; the rows are selected by a hash of their contents (seed "
        "{seed})."
    ),
    # how a model was read
    "model.unsafe": (
        "The model was loaded from a {format} file by running the code inside the file, as requested (SHA-256 {sha256}). "
        "The effects of that code are unknown."
    ),
    "model.made_from": (
        "The bundle was created from a {format} file by running the code inside that file (SHA-256 {sha256}). Loading the "
        "bundle ran no code."
    ),
    "model.mixed": (
        "The encoder combines {columns} with other columns. A change in one of these columns can change the whole encoded row, "
        "so the whole row is encoded again."
    ),
    "model.no_gradient.mixed": "The encoder combines these columns with others, so they have no gradients: {columns}.",
    "model.no_gradient.abrupt": (
        "The encoder is discontinuous in these columns, or is defined in only part of their range, so they have no gradients: "
        "{columns}."
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
        "Some rows had a predicted probability of 0 or 1, for which the log-odds are infinite; these probabilities were replaced "
        "by 1e-7 or 1 − 1e-7. The number of these rows is withheld, because it or the number of all other rows is below {rows}."
    ),
    "model.clipped_rates_few": (
        "Some rows had an expected count below 1e-7, possibly zero or negative; these counts were replaced by 1e-7 before taking "
        "the log. The number of these rows is withheld, because it or the number of all other rows is below {rows}."
    ),
    "model.probabilities": (
        "The type of the network's outputs was not stated. The outputs were treated as probabilities, because the network ends "
        "in a sigmoid or softmax."
    ),
    "model.dequantised": (
        "The network is quantised. It is evaluated with its stored weights, but the inputs of its layers are not rounded, "
        "because their rounding depends on the other rows of a batch. Scores can therefore differ slightly from those of the "
        "quantised network."
    ),
    "model.checked": (
        "Scores computed from the weights match the model's own predictions on the first rows of the table."
    ),
    # what was not assessed
    # reading: step; reason: why
    "not_assessed.reading": "Not available: {reading:step}. Reason: {reason:why}.",
    # reading: step
    "not_assessed.failed": (
        "Not available: {reading:step}. The analysis failed with an internal error ({error} in {place}), and the audit "
        "continued without it. Please report the error with the printed traceback and the versions in run.json."
    ),
    # analyses: step
    "not_assessed.budget": (
        "The audit's budget allowed at most {budget} predictions by the model. The following analyses therefore "
        "used fewer rows or fewer background rows, which makes their intervals wider: {analyses:step}. A larger budget removes "
        "this limit."
    ),
    "not_assessed.not_requested": "Not requested: {analyses:step}.",
    "not_assessed.split": (
        "No verdict is given: without a split, it is unknown which rows the network was not trained on. Specify a split "
        "for the table."
    ),
    "not_assessed.drawn_split": (
        "It is unknown whether the network was trained on some of the held-out rows. These rows were drawn at random when the "
        "table was read, and the model does not record its training rows. If the network was trained on some of the held-out "
        "rows, its performance is overstated."
    ),
    "not_assessed.without_target": (
        "Rows with a missing target were excluded ({rows} rows). The results may not apply to rows with a missing target."
    ),
    "not_assessed.without_target_few": (
        "Rows with a missing target were excluded (fewer than 10 rows). The results may not apply to rows with a missing "
        "target."
    ),
    "not_assessed.mixed": (
        "Gradients and coefficients of {columns} in {model:name} are not available, because its encoder combines these "
        "columns with others."
    ),
    "not_assessed.abrupt": (
        "Gradients of {columns} in {model:name} are not available, because its encoder is discontinuous in these columns, or is "
        "defined in only part of their range. Integrated and expected gradients of the other columns are computed with these "
        "columns fixed at their values in the row being explained."
    ),
    "not_assessed.units": "Hidden units not shown: {count}.",
    "not_assessed.optima": (
        "Optimal inputs were computed only for the outputs and for the {shown} hidden units whose ablation raises the loss most. "
        "No optimal inputs were computed for the other {left} of the {count} hidden units."
    ),
    "not_assessed.grouping": (
        "Two kinds of results treat rows as independent even within groups defined by {column}: the standard errors of "
        "interactions, and the p-values of correlations between hidden units and columns."
    ),
    "not_assessed.seeds": (
        "Variability from retraining is not covered: the intervals reflect only the sampling of rows, for this one trained "
        "network."
    ),
    "not_assessed.seeds.groups": (
        "Variability from retraining is not covered: the intervals reflect only the sampling of groups of rows, for this "
        "one trained network."
    ),
    "not_assessed.shapley": "Shapley values were not computed.",
    "not_assessed.shuffled": (
        "The network was not compared with a network trained on permuted labels, because audits do not train networks. "
        "Train such a network with tabinterp train --null, or pass a training function to ti.trust."
    ),
    "not_assessed.robustness": "Robustness to noise in the inputs was not tested.",
    "not_assessed.reasons": "Reason codes are available only for decisions between two classes.",
    "not_assessed.dependence": (
        "Dependence between rows is not covered (for example, between neighbours in space or time, or between rows of the "
        "same person). The intervals treat rows as independent unless a column that identifies groups of dependent rows is "
        "specified."
    ),
    "not_assessed.use": "The author's statements on intended use, population and limits were not verified.",
    "not_assessed.effects": "Effect curves and interactions were not computed.",
    "not_assessed.groups": "Groups of people were not compared, because no column was declared protected.",
    "not_assessed.constraints": (
        "Compliance with required directions and ranges of columns was not checked, because no constraint was declared."
    ),
    "not_assessed.data": (
        "It is unknown whether the rows represent future data, because the audit compares them only with each other."
    ),
    "not_assessed.costs": (
        "Decisions under your own costs or at your own threshold were not assessed, because neither was specified."
    ),
}
