"""Sentences about effect curves: partial dependence, accumulated local effects and curves of individual rows."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.method.summed.effects": "effect curves",
    "step.effect curves": "effect curves",
    "rows_of.effects": "Effect curves",
    "report.section.effects": "Effect curves",
    "report.effects.lead": (
        "The effect of a value of a column is the mean score ({scale}) when every row is given that value, minus the average of "
        "this mean score over the distribution of the column (centred partial dependence). Estimates use {rows}. The figures "
        "show the {shown} columns (of {count}) with the largest permutation importance in either model, starting with those for "
        "which the curves of the two models differ most."
    ),
    "report.effects.note": (
        "Bands are pointwise 95% CIs that reflect the sampling of {draws}. Accumulated local effects (ALE) change the "
        "value of each row only within its own bin. Where ALE and the effect curve differ, the column is usually "
        "correlated with other columns, and the effect curve relies on combinations of values that do not occur in real "
        "rows. At both ends of a numeric column the ALE bins are wide; with correlated columns, the 95% CIs in these bins "
        "covered the true value in only about 90% of simulations. The pale band shows the middle 80% of the centred curves "
        "of {ice_rows} individual rows (ICE); where this band is much wider than the 95% CI, the effect depends on other "
        "columns. A faint point has few rows nearby: fewer than 30 rows are closer to it than to any other point. Points "
        "with fewer than 10 such rows are left out."
    ),
    "report.effects.more": "Curves that are not shown in this report but are in audit.json: {count}.",
    "report.effects.axis": "Effect on the score ({scale})",
    # network, linear: report.effects.range
    "report.effects.aria": (
        "Effect curves of {column} for both models; points: {count}. Network: {network}. Linear counterpart: {linear}."
    ),
    # low, high: effects; at_low, at_high: values of the column
    "report.effects.range": "minimum {low} at {at_low}, maximum {high} at {at_high}",
    "report.effects.range.none": "no values",
    "report.effects.legend.network": "Network, 95% CI",
    "report.effects.legend.linear": "Linear",
    "report.effects.legend.linear_interval": "Linear, 95% CI",
    "report.effects.legend.ale": "Network, ALE",
    "report.effects.legend.ice": "Network, curves of individual rows (10th to 90th percentile)",
    "report.effects.sampled": (
        "The table was read in batches. The curves are computed on all rows, but the columns shown and the points of the "
        "curves are chosen from a sample of the rows. The columns are ranked by permutation importance on part of this sample, "
        "so their order can differ from the order by permutation importance elsewhere in this report."
    ),
    "report.effects.marks": (
        "The bars below a curve show the number of rows nearest to each point. The number in brackets after a level is its "
        "number of rows. All curves of numeric columns use the same vertical scale. If points are left out, the curve is centred "
        "on its mean over the points whose row counts are shown, weighted by those counts."
    ),
    "report.effects.small": "Points left out because fewer than 10 rows are closer to them than to any other point: {count}.",
    "report.effects.small.levels": "Levels left out because they have fewer than 10 rows: {count}.",
    "report.effects.others": "Curves of other columns ({count})",
    "report.effects.uncounted": (
        "The number of rows at one point of the curve is withheld, because it would reveal the number of rows at a point "
        "that is not shown."
    ),
    "report.effects.off_grid_few": (
        "Only the most frequent levels are shown. The number of rows with other levels is withheld."
    ),
    "report.effects.off_grid": "Only the most frequent levels are shown; {share} of the rows have other levels.",
    "report.effects.level": "{level} ({rows})",
    "report.effects.missing": "missing",
    "report.effects.hidden": "… (fewer than 10 rows)",
    "report.effects.table": "Effect of {column} on the score ({scale}).",
    "report.effects.value": "Value",
    "report.effects.rows": "Rows",
    "report.effects.sparse": "Few rows",
    "report.effects.network_ale": "Network, ALE [95% CI]",
    "report.effects.linear_ale": "Linear, ALE [95% CI]",
    "report.effects.network_ice": "Network, curves of individual rows (10th to 90th percentile)",
    "report.effects.linear_ice": "Linear, curves of individual rows (10th to 90th percentile)",
    "report.effects.between": "{low} to {high}",
    "plot.axis.effect": "Effect on the score ({scale})",
    # why the analysis does not apply
    "why.they are drawn for the columns that matter most, which were not found": (
        "the columns for effect curves are chosen by permutation importance, which was not computed"
    ),
    "why.effects.few": "effect curves need at least two rows; the table has {rows}",
}
