"""Sentences about gradient importance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.gradients": "gradients",
    "report.section.gradients.summary": (
        "Saliency, gradient × input, SmoothGrad, integrated gradients, expected gradients, and alternative baselines."
    ),
    "report.method.summed.gradients": "saliency and gradient × input",
    "report.section.gradients": "Gradients",
    # rows_of: report.rows_plain
    "report.gradients.lead": (
        "The attributions in this section are based on derivatives of the score ({scale}) and averaged over "
        "{rows_of}. Signed means have a 95% CI, unless the attribution is the same for every row. Mean absolute values "
        "have no interval, because sampling error biases them upward; no conclusion is based on them."
    ),
    "report.gradients.saturation": (
        "The median of p(1 − p) over the rows is {saturation} (maximum possible: 0.25), where p is the network's "
        "predicted probability. Where p(1 − p) is near zero, probabilities are saturated and their derivatives are "
        "near zero, even if the derivatives of the score are large."
    ),
    "report.gradients.rows": "Estimates use {rows} rows.",
    # effort: report.gradients.effort
    "report.gradients.rows_effort": "Estimates use {rows} rows, with {effort}.",
    "report.gradients.effort.one": "1 gradient per row",
    "report.gradients.effort.steps": "at most {steps} gradients per row",
    "report.gradients.effort.copies": "{count} noisy copies of each row",
    "report.gradients.effort.background": "{count} background rows",
    "report.gradients.gap": (
        "The completeness gap is {network} for the network and {linear} for the linear counterpart."
    ),
    "report.gradients.gap_tolerance": (
        "The completeness gap is {network} for the network and {linear} for the linear counterpart (tolerance "
        "{tolerance})."
    ),
    "report.gradients.note": (
        "The sum of a row's attributions should equal the change in score from the baseline to the row. The "
        "completeness gap is the largest absolute difference between the two in any row, divided by the mean absolute "
        "change in score."
    ),
    # share: a percentage of rows
    "report.gradients.disagreement": (
        "In {share} of the rows compared, the network's own gradient disagrees with finite differences of its score; "
        "this can happen in a network with a straight-through estimator. Do not rely on attributions or derivatives "
        "that use this gradient."
    ),
    # columns: a list of names
    "report.gradients.differences": (
        "Derivatives with respect to the following columns are computed as central differences through the encoder, "
        "because the encoder combines these columns in non-affine steps: {columns}."
    ),
    "why.the encoder mixes all columns with levels or missing values, so that the score has no gradient by any of them": (
        "the encoder combines all columns in steps whose derivatives are unknown (for example, because they process "
        "levels or missing values), so the score has no gradient with respect to any column"
    ),
    "why.the encoder changes abruptly with every column that it combines, so that the score has no gradient by any column": (
        "the score has no gradient with respect to any column, because the encoding of the columns is discontinuous or is not "
        "defined over the whole range of their values"
    ),
    "report.gradients.gap.no": "No completeness gap is defined for this method.",
    "report.gradients.gap.none": "not defined",
    "report.gradients.gap.over": (
        "{model}: the completeness gap exceeds the tolerance. Do not rely on the attributions of this method."
    ),
    "report.gradients.table": "{method} by column: signed mean [95% CI] and mean absolute value, for both models",
    "report.gradients.table_size": "{method} by column: mean absolute value, for both models",
    "report.gradients.fold": "Attributions of {count} columns",
    "report.gradients.fold_output": "Output “{output}”: attributions of {count} columns",
    # gradients: what each method estimates
    "gradient.saliency": "Saliency is the magnitude of the gradient at a row, per SD of the column.",
    "gradient.smoothgrad": (
        "SmoothGrad is the magnitude of the average gradient over {samples} noisy copies of a row, per SD of the column. "
        "The SD of the noise is {noise} times the width of the column's central 99% range."
    ),
    # baseline: "mean" or "median" (start)
    "gradient.gradient_x_input": (
        "Gradient × input is the gradient at a row, multiplied by the difference between this row and the "
        "{baseline:start} of all rows."
    ),
    "gradient.integrated_gradients": (
        "Integrated gradients average the gradient along the straight line from the {baseline:start} of the rows to the row "
        "being explained, and multiply this average by the difference between the row and the starting point. The mean of a "
        "categorical column is a mixture of its levels, which no real row has."
    ),
    "gradient.expected_gradients": (
        "Expected gradients are integrated gradients averaged over {background_rows} real rows, each used as the starting point; "
        "the completeness gap shows the sampling error of this average."
    ),
    "reading.network.saliency": "network: saliency",
    "reading.network.integrated_gradients": "network: integrated gradients",
    "reading.network.expected_gradients": "network: expected gradients",
    "reading.saliency": "Saliency",
    "reading.gradient_x_input": "Gradient × input",
    "reading.smoothgrad": "SmoothGrad",
    "reading.integrated_gradients": "Integrated gradients",
    "reading.expected_gradients": "Expected gradients",
    "plot.axis.gradient": "Mean attribution to the score ({method}), 95% CI",
}
