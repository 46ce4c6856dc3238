"""Sentences about gradient importance."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.method.summed.gradients": "saliency and gradient × input",
    "report.section.gradients": "Gradients",
    # rows_of: report.rows_plain
    "report.gradients.lead": (
        "Attributions that follow the derivative of the score ({scale}), averaged over rows. Measured on {rows_of}. "
        "Signed means have 95% intervals, and print alone where every row has the same value. A mean size has no sign and "
        "no interval: noise biases it upward, and no claim rests on it."
    ),
    "report.gradients.saturation": (
        "Median p(1 − p) of the network: {saturation} of at most 0.25. Near zero, probabilities are saturated and "
        "their derivatives vanish; those of the score need not."
    ),
    "report.gradients.rows": "{rows} rows.",
    # effort: report.gradients.effort
    "report.gradients.rows_effort": "{rows} rows, {effort}.",
    "report.gradients.effort.one": "1 gradient a row",
    "report.gradients.effort.steps": "at most {steps} gradients a row",
    "report.gradients.effort.copies": "{count} noisy copies of each row",
    "report.gradients.effort.background": "{count} background rows",
    "report.gradients.gap": "Completeness gap: network {network}, linear {linear}.",
    "report.gradients.gap_tolerance": ("Completeness gap: network {network}, linear {linear} (tolerance {tolerance})."),
    "report.gradients.note": (
        "Completeness gap: the largest miss over rows: abs(sum of attributions − change of the score), as a share of the "
        "mean size of that change."
    ),
    "report.gradients.gap.no": "Completeness gap: none, by definition.",
    "report.gradients.gap.none": "none, by definition",
    "report.gradients.gap.over": "{model}: the gap is above the tolerance. Do not rely on these attributions.",
    "report.gradients.table": "{method}: signed mean with its 95% interval, and mean size",
    "report.gradients.table_size": "{method}: mean size of the attributions, which are never negative",
    "report.gradients.fold": "Attributions by column ({count})",
    "report.gradients.fold_output": "Attributions for output {output}, by column ({count})",
    # gradients: what each method estimates
    "gradient.saliency": "Size of the gradient at the row, per standard deviation of the column.",
    "gradient.smoothgrad": (
        "Size of the gradient averaged over {samples} noisy copies of the row (noise: {noise} of the central 99% range), "
        "per standard deviation of the column."
    ),
    # baseline: "mean" or "median" (start)
    "gradient.gradient_x_input": "Gradient at the row times the row's distance from the {baseline:start} of the rows.",
    "gradient.integrated_gradients": (
        "Integral of the gradient along the straight path from the {baseline:start} of the rows, times the path. The "
        "{baseline:start} "
        "of a category is a blend of its levels, which is no row."
    ),
    "gradient.expected_gradients": (
        "Integrated gradients from {background_rows} real rows, averaged; the completeness gap is the sampling error."
    ),
    "reading.network.saliency": "network: saliency",
    "reading.network.integrated_gradients": "network: integrated gradients",
    "reading.network.expected_gradients": "network: expected gradients",
    "reading.saliency": "Saliency",
    "reading.gradient_x_input": "Gradient × input",
    "reading.smoothgrad": "SmoothGrad",
    "reading.integrated_gradients": "Integrated gradients",
    "reading.expected_gradients": "Expected gradients",
    "plot.axis.gradient": "mean attribution to the score ({method}), 95% interval",
}
