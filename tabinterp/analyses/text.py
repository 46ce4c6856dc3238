"""Sentences that several analyses share: reasons why they do not apply, and labels of plots.

An error that says why an analysis does not apply is a key `why.REASON` (`tabinterp.document.message.why`), so that a document
can keep it. Documents keep keys, so a key stays as it is even where its sentence is worded anew.
"""

from __future__ import annotations

TEXT: dict[str, str] = {
    "why.with weights drawn again the network gives no scores that can be read": (
        "with weights drawn again the network gives no scores that can be read"
    ),
    "why.adverse.unstated": (
        "the adverse class was not stated; state it where the table is read (adverse; in the commands, --adverse CLASS)"
    ),
    # amount: a number or events.amount.fewer; what: events.class, .count or .others; advice: events.advice
    "why.events": (
        "there are {amount} {unit:events.unit} {what} among the {side:events.side}, and at least {least} are needed; {advice}"
    ),
    "why.gradient": "{model:name} {opaque}: it has no gradient",
    "why.units": "{model:name} has no hidden units that could be found",
    "why.weights": "{model:name} {opaque}: it has no weights to draw again",
    # what stands for {opaque}: what is known of a model that is no torch network
    "why.opaque.function": "is a function of rows",
    "why.opaque.outside": "gives other answers when its layers are read as torch layers",
    "why.opaque.lookups": "gives other scores when its embedding lookups are read as affine maps",
    "why.opaque.traced": "cannot be traced, so that its embedding lookups are not found",
    "why.opaque.levels": "looks up more than {most} levels, too many to be one-hot columns",
    "why.opaque.compares": "compares its inputs with numbers",
    "why.opaque.rounds": "rounds values to whole numbers inside",
    "why.opaque.whole": "uses whole numbers for more than an embedding lookup ({operation})",
    "why.opaque.keras": "is a Keras model with layers of which no gradient is taken ({layers})",
    "why.opaque.stack": "it is no stack of layers",
    "why.opaque.stack.holds": "it holds {kind}",
    "why.opaque.stack.dense": "it holds a quantised or extended Dense",
    "why.opaque.stack.activation": "it holds the activation {activation}",
    "why.opaque.stack.normalization": "it holds an inverted Normalization",
    "why.opaque.stack.relu": "it holds a ReLU with limits",
    "why.opaque.onnx": "{chain}, and runs through onnxruntime",
    "why.opaque.chain": "is no chain of layers ({kind})",
    "why.opaque.chain.nothing": "is no chain of layers (nothing makes {name})",
    "why.opaque.chain.inputs": "has {inputs} inputs",
    "why.opaque.chain.holds": "holds {kind}, which is not read as a layer",
    "why.opaque.chain.gemm": "holds a Gemm whose weights are not constant",
    "why.opaque.chain.matmul": "holds a MatMul whose weights are not constant, or come first",
    "why.opaque.chain.norm": "holds a BatchNormalization in training",
    "why.opaque.chain.computed": "holds {kind} of two values that are not constant",
    "why.opaque.chain.shape": "holds {kind} with a constant of shape {shape}",
    "why.opaque.chain.type": "computes with constants of type {type}",
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
    "report.readings.output": "Output {output}",
    "plot.other.columns": "other ({count} columns)",
    "plot.other.terms": "other ({count} terms)",
    "plot.other.pairs": "other ({count} pairs)",
    "plot.other.units": "other ({count} units)",
    "plot.other.groups": "other ({count} groups)",
    "plot.other.rows": "other ({count} rows)",
    "plot.other.points": "other ({count} points)",
    # axis: plot.axis
    "plot.output": "{axis}; output {output}",
    "plot.missing": "missing",
    "plot.label": "of",
    # series: plot.series
    "plot.low": "{series}, low",
    "plot.high": "{series}, high",
    "plot.numbers": "Numbers of this picture",
    # names of rows
    "plot.label.unit": "{layer}, unit {unit}",
    "plot.label.per": "{column}, per {unit}",
    # names of series
    "plot.series.network": "network",
    "plot.series.linear": "linear",
    "plot.series.optimum": "optimum",
    "plot.series.real": "best real row",
    "plot.series.path": "path product",
    "plot.series.gradient": "mean gradient",
    "plot.series.mean": "mean",
    "plot.series.zero": "zero",
    "plot.series.resample": "another row's",
}
