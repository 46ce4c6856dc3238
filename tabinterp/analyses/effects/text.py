"""Sentences about effect curves: partial dependence, accumulated local effects and single rows."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.section.effects": "Effect curves",
    "report.effects.lead": (
        "The effect of a column is the mean score ({scale}) when every row is given the same value of the column, minus its "
        "mean over the distribution of the column (centred partial dependence). Estimates use {rows}. The figures show the "
        "{shown} of {count} columns with the largest permutation importance in either model, starting with those where the "
        "curves of the two models differ most."
    ),
    "report.effects.note": (
        "Bands are pointwise 95% CIs that reflect the sampling of {draws}. Accumulated local effects (ALE) move each row "
        "only within its own neighbourhood. Where ALE and the effect curve differ, columns are correlated and the effect "
        "curve relies on rows that do not exist. At both ends of a numeric column the ALE bins are wide; with correlated "
        "columns, 95% CIs there covered the true value in only nine of ten simulations. The pale band shows the middle 80% "
        "of the centred curves of {ice_rows} single rows (ICE); where it is much wider than the interval, the effect "
        "depends on other columns. Sparse points, drawn faint, have fewer than 30 nearest rows. Points with fewer than 10 "
        "rows are left out."
    ),
    "report.effects.more": "Curves that are not shown, but are in audit.json: {count}.",
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
    "report.effects.legend.ice": "Network, single rows (10% to 90%)",
    "report.effects.marks": (
        "The bars below a curve show the number of rows nearest to each point. The number of rows with each level is in "
        "brackets. All curves of numeric columns share one vertical axis. Where points are left out, the curve is centred on "
        "the unweighted mean of the points shown."
    ),
    "report.effects.small": "Points left out because they have fewer than 10 rows: {count}.",
    "report.effects.others": "Curves of other columns ({count})",
    "report.effects.uncounted": (
        "One point is shown without its number of rows, because the number of a point left out could be derived from it."
    ),
    "report.effects.off_grid_few": "Some rows have rarer levels, which have no point; their number is withheld.",
    "report.effects.off_grid": "{share} of the rows have rarer levels, which have no point.",
    "report.effects.level": "{level} ({rows})",
    "report.effects.missing": "missing",
    "report.effects.hidden": "… (fewer than 10 rows)",
    "report.effects.table": "Effect of {column} on the score ({scale}).",
    "report.effects.value": "Value",
    "report.effects.rows": "Rows",
    "report.effects.sparse": "Sparse",
    "report.effects.network_ale": "Network, ALE [95% CI]",
    "report.effects.linear_ale": "Linear, ALE [95% CI]",
    "report.effects.network_ice": "Network, single rows (10% to 90%)",
    "report.effects.linear_ice": "Linear, single rows (10% to 90%)",
    "report.effects.between": "{low} to {high}",
    "plot.axis.effect": "Effect on the score ({scale})",
    # why it does not apply
    "why.they are drawn for the columns that matter most, which were not found": (
        "the columns to show are chosen by permutation importance, which was not computed"
    ),
    "why.effects.few": "effect curves need at least two rows; the table has {rows}",
}
