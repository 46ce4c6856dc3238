"""Why a reading does not apply: what an error says in a program, and a document of an audit (`tabinterp.document.message.why`).

A sentence without values is its own key, as documents hold it that were written when they held the error's words. One that is
worded otherwise keeps its key, and moves to those with values.
"""

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
    "selection is of two classes, of protected groups, of held-out rows beside training rows",
    "a linear counterpart chooses its penalty by cross-validation, which needs two training rows with a count above 0",
    "an ablation needs two rows",
    "no inference: the target has values that are not finite numbers",
    "no inference: weights must be finite and not negative",
    "no inference: the fit of the counts does not come to an end",
    "with weights drawn again the network gives no scores that can be read",
)

_WITH = {
    "adverse.unstated": (
        "the adverse class was not stated; state it where the table is read (adverse; in the commands, --adverse CLASS)"
    ),
    (
        "the ladder compares refits with the network on rows that it was not trained on, and the table does not say which "
        "these are; give it the split under which the network was trained (split=, or table.with_split(model.split))"
    ): (
        "the ladder compares refits with the network on rows that it was not trained on, and the table does not say which "
        "these are; read the table with the split under which the network was trained"
    ),
    "nothing is trained unless refit= says how, and no null= was": "no network trained on shuffled labels was given",
    "ablation.layer": "{model:name} has no hidden layer at which it could be cut",
    "basis.large": "values of '{column}' are too large to be summed; give the column in a larger unit",
    "basis.none": "{model:name} reads none of the table's columns",
    "optima.wide": (
        "the audit searches for them among at most {most} columns, and there are {columns}: the search grows with their square; "
        "ti.maximise takes it for the units that you name"
    ),
    "boosted.few": "fewer than {least} held-out rows, or groups of rows, are too few for an interval",
    "boosted.groups": "the training rows are of too few groups to choose the number of rounds on groups that were not fitted",
    "constraints.few": "a direction is checked on two halves of {least} rows at least; there are {rows}",
    "decisions.few": "fewer than {least} groups of held-out rows are too few",
    "declined.few": "fewer than {least} rows are declined, or approved",
    "decomposition.constant": "{model:name} gives every one of these rows the same score",
    "decomposition.few": (
        "splitting the score takes {functions} functions of the columns, and at least {least} rows; the table has {rows}"
    ),
    "decomposition.folds": "the rows, or their groups, are too few for {folds} folds; the table has {rows} rows",
    "effects.few": "effect curves need at least two rows; the table has {rows}",
    "events": (
        "there are {amount} {unit:events.unit} {what} among the {side:events.side}, and at least {least} are needed; {advice}"
    ),
    "extrapolation.values": "{model:name} {opaque}: it is asked about the values of the table alone",
    "gradient": "{model:name} {opaque}: it has no gradient",
    "inference.class": "no inference: all {rows} rows have the same class",
    "inference.column": "no inference: column '{column}' has values that are not finite numbers",
    "inference.rows": "no inference: {rows} rows for {coefficients} coefficients leave nothing to take an error from",
    "inference.zero": "no inference: all {rows} counts are 0",
    "interactions.few": "interactions need at least {least} rows with a weight; the table has {rows}",
    "interactions.pair": "a pair needs two columns; there is '{column}'",
    "mechanism.few": "what fewer than {least} rows show would tell of single people",
    "disagreement.groups": (
        "the held-out rows come in {groups} groups; where the models differ is told from {least} groups on"
    ),
    "offsupport.few": "it takes at least {least} rows and two columns",
    "paths.affine": (
        "{model:name} has no path products: what lies between its activations is not affine, or its forward cannot be traced"
    ),
    "paths.weights": "{model:name} has no path products: it has no weights that are known",
    "permutation.conditional": (
        "conditional importance needs at least {least} rows; the table has {rows}: strata hold {stratum} rows, are cut by "
        "other rows than their own, and one stratum is none"
    ),
    "performance.rows": (
        "performance on {rows} rows would tell of single people; it takes {least} rows at least, so hold out more rows"
    ),
    "penalty.class_in_few_groups": (
        "a refit chooses its penalty by cross-validation over groups of rows, which needs every class in at least two groups of "
        "training rows"
    ),
    "penalty.counts_in_one_group": (
        "a linear counterpart chooses its penalty by cross-validation over groups of rows, which needs a count above 0 in at "
        "least two groups of training rows"
    ),
    "penalty.one_group": (
        "a linear counterpart chooses its penalty by cross-validation over groups of rows, which needs at least two groups of "
        "training rows"
    ),
    "permutation.few": "permutation importance needs at least two rows; the table has {rows}",
    "permutation.pairs": "no pair of rows drawn for {columns} has weight",
    "recalibration.few": "a fold of fewer than {least} held-out rows is too small to score",
    "regions.affine": (
        "{model:name} has no linear regions that could be found: what lies between its activations is not affine (a "
        "normalisation of rows, a product), or its forward cannot be traced"
    ),
    "regions.opaque": "{model:name} {opaque}: nothing is known of its inside, so that it has no regions",
    "regions.terms": "{model:name} has no column that is encoded on its own: there are no coefficients",
    "shapley.few": "their means over fewer than {least} rows would tell of single people",
    "trust.few": "means over fewer than {least} rows would tell of single people",
    "units": "{model:name} has no hidden units that could be found",
    "weights": "{model:name} {opaque}: it has no weights to draw again",
    # what stands for {opaque}: what is known of a model that is no torch network
    "opaque.function": "is a function of rows",
    "opaque.outside": "gives other answers when its layers are read as torch layers",
    "opaque.lookups": "gives other scores when its embedding lookups are read as affine maps",
    "opaque.traced": "cannot be traced, so that its embedding lookups are not found",
    "opaque.levels": "looks up more than {most} levels, too many to be one-hot columns",
    "opaque.compares": "compares its inputs with numbers",
    "opaque.rounds": "rounds values to whole numbers inside",
    "opaque.whole": "uses whole numbers for more than an embedding lookup ({operation})",
    "opaque.keras": "is a Keras model with layers of which no gradient is taken ({layers})",
    "opaque.stack": "it is no stack of layers",
    "opaque.stack.holds": "it holds {kind}",
    "opaque.stack.dense": "it holds a quantised or extended Dense",
    "opaque.stack.activation": "it holds the activation {activation}",
    "opaque.stack.normalization": "it holds an inverted Normalization",
    "opaque.stack.relu": "it holds a ReLU with limits",
    "opaque.onnx": "{chain}, and runs through onnxruntime",
    "opaque.chain": "is no chain of layers ({kind})",
    "opaque.chain.nothing": "is no chain of layers (nothing makes {name})",
    "opaque.chain.inputs": "has {inputs} inputs",
    "opaque.chain.holds": "holds {kind}, which is not read as a layer",
    "opaque.chain.gemm": "holds a Gemm whose weights are not constant",
    "opaque.chain.matmul": "holds a MatMul whose weights are not constant, or come first",
    "opaque.chain.norm": "holds a BatchNormalization in training",
    "opaque.chain.computed": "holds {kind} of two values that are not constant",
    "opaque.chain.shape": "holds {kind} with a constant of shape {shape}",
    "opaque.chain.type": "computes with constants of type {type}",
}

# How many events there are, and what would be enough.
_EVENTS = {
    "events.class": "of class '{label}'",
    "events.count": "with a count above zero",
    "events.others": "of all classes except '{label}'",
    "events.amount.fewer": "fewer than {small}",
    "events.advice.more": "use more rows, or collect more rows of that kind",
    "events.advice.rows": "about {needed} rows instead of {rows} would hold that many",
    "events.side.held_out": "held-out rows",
    "events.side.training": "training rows",
    "events.side.all": "rows",
    "events.unit.rows": "rows",
    "events.unit.groups": "groups with a row",
}

REFUSALS: dict[str, str] = _EVENTS | {
    f"why.{key}": words for key, words in ({sentence: sentence for sentence in _WHY} | _WITH).items()
}
