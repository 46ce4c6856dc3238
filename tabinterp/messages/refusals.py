"""Why a reading does not apply, where an error says so in a fixed sentence: the document holds the error's own words."""

from __future__ import annotations

_WHY = (
    "they need to know which rows the network was trained on",
    "there are too few training rows for them",
    "some class has no training row",
    "no column has a value in the training rows",
    "whether predictions come true is seen on rows that the models were not trained on",
    "what decisions are worth is seen on rows that the models were not trained on",
    "who is right is seen on rows that the models were not trained on, and none are known",
    "the two models predict the same in nine of ten rows or more",
    "refits are scored on held-out rows, and the table does not say which these are",
    "no column was declared protected",
    (
        "the ladder compares refits with the network on rows that it was not trained on, and the table does not say which "
        "these are; give it the split under which the network was trained (split=, or table.with_split(model.split))"
    ),
    "reasons are of a decision between two classes",
    "models are recalibrated on rows that they were not trained on",
    "a refit chooses its penalty by cross-validation, which needs two training rows of every class",
    "losses are compared on rows that the models were not trained on, and none are known",
    "trust checks compare rankings: they need two columns and two rows at least",
    "groups are searched on one half of the rows and tested on the other: too few have weight",
    "no inference: the target is constant",
    "no inference: there are no rows",
    "it reads no number, or its score is the same on every row",
    "the encoder takes no value beyond those it knows",
    "no real row lies in the domain and within the budget; raise it",
    "the score is the same on every row",
    "permutation importance needs at least two rows that have weight",
    "the encoder mixes all columns, so that none has a coefficient of its own",
    "they are of networks of rectifiers, and this one has another activation",
    "the network is linear: they say no more than its coefficients",
    "the network is linear: it has no hidden unit",
    "no two units of a layer are correlated by 0.8: there is no group to take away",
    "no column is encoded on its own, so that none has coefficients in them",
    "they are drawn for the columns that matter most, which were not found",
)

REFUSALS: dict[str, str] = {f"why.{sentence}": sentence for sentence in _WHY}
