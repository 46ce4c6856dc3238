"""Sentences about effect curves: partial dependence, accumulated local effects and single rows."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.section.effects": "Effect curves",
    "report.effects.lead": (
        "How the score of both models goes with one column, in {scale}: the mean score if every row had the value and kept its "
        "other columns, less its mean over the column's distribution (centred partial dependence). Measured on {rows}. Shown: "
        "{shown} of {count} columns, those of the largest permutation importance in either model; first those in which the two "
        "models' curves lie farthest apart."
    ),
    "report.effects.note": (
        "Intervals are over {draws}, point by point. Accumulated local effects (ALE) "
        "move each row only within its own "
        "neighbourhood: where they part from the effect, correlated columns make it speak of rows that do not exist. At the two "
        "ends of a number their bins are wide, and with correlated columns an interval of 95% held them in nine of ten "
        "simulations only. The pale "
        "band holds the middle 80% of the centred curves of {ice_rows} single rows (ICE): where it is much wider than the "
        "interval, the effect depends on other columns. Sparse, drawn faint: fewer than 30 rows lie nearest to the point. Points "
        "of fewer than 10 rows are left out."
    ),
    "report.effects.more": "Curves that are not drawn here, but are in audit.json: {count}.",
    "report.effects.axis": "Effect on the score ({scale})",
    # network, linear: report.effects.range
    "report.effects.aria": (
        "Effect curve of {column} for both models; points: {count}. Network: {network}. Linear model: {linear}."
    ),
    # low, high: effects; at_low, at_high: values of the column
    "report.effects.range": "lowest {low} at {at_low}, highest {high} at {at_high}",
    "report.effects.range.none": "none",
    "report.effects.legend.network": "network, 95% interval",
    "report.effects.legend.linear": "linear",
    "report.effects.legend.linear_interval": "linear, 95% interval",
    "report.effects.legend.ale": "network, ALE",
    "report.effects.legend.ice": "network, single rows (10% to 90%)",
    "report.effects.marks": (
        "Bars below a curve: rows nearest to each point. Numbers in brackets: rows of the level. All curves of numeric columns "
        "share one vertical axis. Where points are not shown, the curve is centred on the plain mean of the others."
    ),
    "report.effects.small": "Not shown: {count} points with fewer than 10 rows each.",
    "report.effects.others": "Curves of other columns ({count})",
    "report.effects.uncounted": (
        "One point is shown without its number of rows, from which the number of a point left out could be calculated."
    ),
    "report.effects.off_grid_few": "Some rows are at rarer levels, which have no point; how many is not shown.",
    "report.effects.off_grid": "{share} of the rows are at rarer levels, which have no point.",
    "report.effects.level": "{level} ({rows})",
    "report.effects.missing": "missing",
    "report.effects.hidden": "… (fewer than 10 rows)",
    "report.effects.table": "Effect of {column} ({scale}) with its 95% interval",
    "report.effects.value": "Value",
    "report.effects.rows": "rows",
    "report.effects.sparse": "sparse",
    "report.effects.network_ale": "network, ALE [95% interval]",
    "report.effects.linear_ale": "linear, ALE [95% interval]",
    "report.effects.network_ice": "network, single rows 10% to 90%",
    "report.effects.linear_ice": "linear, single rows 10% to 90%",
    "report.effects.between": "{low} to {high}",
    "plot.axis.effect": "effect on the score ({scale})",
    # why it does not apply
    "why.they are drawn for the columns that matter most, which were not found": (
        "they are drawn for the columns that matter most, which were not found"
    ),
    "why.effects.few": "effect curves need at least two rows; the table has {rows}",
}
