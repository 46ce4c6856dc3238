"""Message templates that several analyses share: reasons why an analysis does not apply, and labels of plots.

A reason why an analysis does not apply has a key `why.REASON` (`tabinterp.document.message.why`). Documents store the key and not
the sentence, so a key must not change when its sentence is reworded.
"""

from __future__ import annotations

TEXT: dict[str, str] = {
    "why.with weights drawn again the network gives no scores that can be read": (
        "the network returns no valid scores when its weights are randomised"
    ),
    "why.adverse.unstated": (
        "the adverse class was not stated; state it when you load the table (adverse in Python, --adverse CLASS on the command "
        "line)"
    ),
    # amount: a number or events.amount.fewer; what: events.class, .count or .others; advice: events.advice
    "why.events": (
        "there are too few {unit:events.unit} {what} among the {side:events.side} ({amount}; at least "
        "{least} are needed); {advice}"
    ),
    "why.gradient": "{model:name} {opaque}, so its gradients cannot be computed",
    "why.units": "no hidden units were found in {model:name}",
    "why.units.differ": (
        "{model:name} applies different activation functions to different rows, so its hidden units cannot be compared across "
        "rows"
    ),
    "why.weights": "{model:name} {opaque}, so its weights cannot be randomised",
    "why.budget.spent": (
        "the analysis needs more predictions than its share of the audit's budget allows (budget of the whole audit: {budget} "
        "predictions); use a larger budget"
    ),
    "why.budget.rows": (
        "the analysis needs at least {least} rows, which is more than its share of the audit's budget allows; use a larger budget"
    ),
    "why.budget.few": (
        "the analysis needs at least {least} rows, but its share of the audit's budget does not allow that many; use a larger "
        "budget"
    ),
    # what stands for {opaque}: what is known of a model that is no torch network
    "why.opaque.function": "is available only as a prediction function",
    "why.opaque.pipeline": "is a pipeline from an ONNX file",
    "why.opaque.outside": "gives different predictions when its layers are rebuilt in torch",
    "why.opaque.lookups": "gives different scores when its embedding lookups are replaced by affine maps",
    "why.opaque.fails": "raises an error when its gradient is computed",
    "why.opaque.levels": "looks up more than {most} levels, which is too many for one-hot encoding",
    "why.opaque.compares": "compares its inputs with constants",
    "why.opaque.rounds": "rounds values to integers internally",
    "why.opaque.whole": "uses integer inputs for an operation that is not an embedding lookup ({operation})",
    "why.opaque.detached": "detaches part of its computation from the gradient",
    "why.opaque.compiled": "uses integers inside compiled or vectorised code, and operations in such code cannot be traced",
    "why.opaque.branches": "runs different code for different rows, depending on their integer codes",
    "why.opaque.keras": "is a Keras model with parts that cannot be converted to torch ({layers})",
    "why.opaque.stack": "not a sequence of layers with one input",
    "why.opaque.stack.holds": "contains {kind}",
    "why.opaque.stack.dense": "contains a quantised or modified Dense layer",
    "why.opaque.stack.activation": "contains the unsupported activation function {activation}",
    "why.opaque.stack.normalization": "contains an inverted Normalization layer",
    "why.opaque.stack.relu": "contains a ReLU layer with an upper limit or a threshold",
    "why.opaque.onnx": "{chain} and can only be run by onnxruntime",
    "why.opaque.chain.holds": "contains the operator {kind}, which cannot be converted to a torch layer",
    "why.opaque.chain.form": "contains the operator {kind} in a form that cannot be converted to torch",
    "why.opaque.chain.type": "uses constants of the unsupported type {type}",
    "events.class": "of class '{label}'",
    "events.count": "with a count above 0",
    "events.others": "of any class except '{label}'",
    "events.amount.fewer": "fewer than {small}",
    "events.advice.more": "use more rows, or collect more rows of this kind",
    "events.advice.rows": "about {needed} rows would be needed instead of {rows}",
    "events.side.held_out": "held-out rows",
    "events.side.training": "training rows",
    "events.side.all": "rows",
    "events.unit.rows": "rows",
    "events.unit.groups": "groups that contain a row",
    "report.readings.output": "Output: {output}",
    "plot.other.columns": "other ({count} columns)",
    "plot.other.terms": "other ({count} terms)",
    "plot.other.pairs": "other ({count} pairs)",
    "plot.other.units": "other ({count} units)",
    "plot.other.groups": "other ({count} groups)",
    "plot.other.rows": "other ({count} rows)",
    "plot.other.points": "other ({count} points)",
    # axis: plot.axis
    "plot.output": "{axis} (output {output})",
    "plot.missing": "missing",
    "plot.label": "name",
    # series: plot.series
    "plot.low": "{series}, lower limit",
    "plot.high": "{series}, upper limit",
    "plot.axis.loss": "Loss ({loss}), 95% CI",
    "plot.axis.size": "Size of the perturbation",
    "plot.numbers": "Show data",
    # names of rows
    "plot.label.all": "all rows",
    "plot.label.unit": "{layer}, unit {unit}",
    "plot.label.per": "{column}, per {unit}",
    # names of series
    "plot.series.network": "network",
    "plot.series.linear": "linear",
    "plot.series.optimum": "optimum",
    "plot.series.real": "real row with the highest value",
    "plot.series.path": "path product",
    "plot.series.gradient": "mean gradient",
    "plot.series.mean": "mean",
    "plot.series.zero": "zero",
    "plot.series.resample": "value from another row",
}
