"""Sentences about Shapley values."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.Shapley values": "Shapley values",
    "rows_of.shapley": "Shapley values",
    "report.section.shapley.summary": "Shapley values of both models, with their sampling errors.",
    "reading.network.shapley": "network: Shapley values",
    "reading.linear.shapley": "linear: Shapley values",
    "report.section.shapley": "Shapley values",
    "report.shapley.lead": (
        "Shapley values split the score of a row ({scale}) into contributions from its columns. The figure shows mean "
        "absolute values over {rows}. The contributions add up to the score of the row minus the mean score of "
        "{background_rows} background rows, which are drawn from the explained rows. Both models are explained on the same "
        "rows, and a categorical column has one contribution, not one for each level."
    ),
    # method: report.shapley.method; converged: a percentage
    "report.shapley.how": (
        "{model}: {method}. Because permutations are sampled, the Shapley values have a standard error, which is at most "
        "{tolerance} standard deviations of the score in {converged} of the rows. In every row, the Shapley values and the mean "
        "background score add up to the row's score to within {residual} standard deviations of the score."
    ),
    "report.shapley.how.all": (
        "{model}: {method}. Because permutations are sampled, the Shapley values have a standard error, which is at most "
        "{tolerance} standard deviations of the score in every row. In every row, the Shapley values and the mean background "
        "score add up to the row's score to within {residual} standard deviations of the score."
    ),
    "report.shapley.how.exact": (
        "{model}: {method}; no sampling error. In every row, the Shapley values and the mean background score add up to the "
        "row's score to within {residual} standard deviations of the score."
    ),
    "report.shapley.method.auto": (
        "antithetic permutations of the columns, drawn until every sampling error is within the tolerance, or all "
        "coalitions of columns where this is cheaper"
    ),
    "report.shapley.method.exact": "all coalitions",
    "report.shapley.method.permutation": "antithetic permutations of the columns",
    "report.shapley.method.closed form": (
        "closed form (coefficient times the difference between the column's value and its background mean)"
    ),
    "report.shapley.axis": "Mean absolute Shapley value ({scale}), 95% CI",
    "report.shapley.aria": (
        "Mean absolute Shapley values of both models with 95% CIs; columns: {count}. Largest for the network: {network}. "
        "Largest for the linear counterpart: {linear}."
    ),
    "report.shapley.figure": (
        "The 95% CIs reflect the sampling of {draws}. Mean absolute values are biased upward by sampling error, so an "
        "interval that excludes zero is not evidence of an effect."
    ),
    "report.shapley.cut": (
        "Only the {shown} columns (of {count}) with the largest mean absolute Shapley values for the network are shown."
    ),
    "report.shapley.tied": "{model}: adjacent columns that cannot be distinguished in the Shapley ranking: {pairs}.",
    "report.shapley.tied.more": (
        "{model}: adjacent columns that cannot be distinguished in the Shapley ranking: {pairs}; and {count} more."
    ),
    "report.shapley.tied.none": "{model}: all adjacent columns in the Shapley ranking can be distinguished.",
    "report.shapley.table": "Shapley values ({scale}): mean absolute value and signed mean of each column",
    "report.shapley.note": (
        "Columns are ranked by mean absolute value. A column is tied with the next-ranked column if the paired difference "
        "between their mean absolute values is at most 1.96 standard errors. The background rows are drawn from the explained "
        "rows, so the signed mean attribution of every column is zero in expectation; its standard error reflects "
        "the sampling of explained and of background rows. Mean absolute values depend on the background rows. Shapley values "
        "evaluate a model on rows that combine values of two real rows and may not resemble any real row. Background rows "
        "and column orderings are drawn with seed {seed}."
    ),
    "report.shapley.network_size": "Network, mean absolute value [95% CI]",
    "report.shapley.linear_size": "Linear, mean absolute value [95% CI]",
    "report.shapley.network_mean": "Network, signed mean [95% CI]",
    "report.shapley.linear_mean": "Linear, signed mean [95% CI]",
    "report.shapley.network_tied": "Network, tied with next",
    "report.shapley.linear_tied": "Linear, tied with next",
    "report.shapley.stderr": "Standard error",
    "report.interactions.shapley": "Shapley interaction [95% CI]",
    "reading.shapley": "Shapley values",
    # base: a mean score; background: how many rows
    "shapley.row": (
        "Row {row}: the network's score is {score}, and its mean score over {background} background rows is {base}. The "
        "score of {linear:name} is {linear_score}."
    ),
    "shapley.row.output": (
        "Row {row}, {output}: the network's score is {score}, and its mean score over {background} background rows is "
        "{base}. The score of {linear:name} is {linear_score}."
    ),
    # cell: the value of the column in this row
    "shapley.row.column": (
        "{column} = {cell} contributes {value} to the network's score (sampling error {stderr}) and {linear_value} to "
        "that of {linear:name}."
    ),
    "shapley.row.tied": (
        "The order of these columns is uncertain, because their contributions differ by no more than the sampling "
        "error: {pairs}."
    ),
    "plot.label.at": "{column} = {value}",
    "plot.axis.shapley": "Mean Shapley value, 95% CI",
    "plot.axis.supplied": "Supplied minus computed Shapley value, mean over rows, 95% CI",
    "plot.axis.row": "Contribution to the score of this row, 95% CI",
    # why it does not apply
    "why.shapley.few": "there are fewer than {least} rows, so means over them could disclose information about individuals",
}
