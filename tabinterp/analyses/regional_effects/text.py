"""Sentences about regional effects."""

from __future__ import annotations

TEXT: dict[str, str | tuple[str, str]] = {
    "step.regional effects": "regional effects",
    "rows_of.regional_effects": "Regional effects",
    "report.regional.fold": (
        "Regional effects: the effect curves of {found} of {tested} columns differ between two groups of rows"
    ),
    "report.regional.fold.none": "Regional effects: no split found for any of {tested} columns",
    "report.regional.note": (
        "The heterogeneity of a column is the standard deviation, over rows, of the centred effect curves of individual rows "
        "({scale}). A split uses another column to divide the rows into two regions. The split is chosen on half of the {rows} "
        "rows and evaluated on the other half. The split is reported if it explains significantly more than {least} of the "
        "squared heterogeneity (95% CI, adjusted for the number of columns). The CIs of curves and of changes in score are not "
        "adjusted. The linear counterpart adds up the effects of encoded columns, so its curves are the same in all regions "
        "unless the encoding combines columns."
    ),
    "report.regional.change": (
        "For rows with {split}, the mean score ({scale}) {inside} as {column} changes from {start} to {end}. For all other rows, "
        "it {outside}.",
        "split: a condition, such as 'income at most 2,000'; inside, outside: report.regional.rises, .falls or .flat",
    ),
    "report.regional.change.output": (
        "For rows with {split}, the mean score of “{output}” ({scale}) {inside} as {column} changes from {start} to {end}. For "
        "all other rows, it {outside}.",
        "split: a condition, such as 'income at most 2,000'; inside, outside: report.regional.rises, .falls or .flat",
    ),
    "report.regional.rises": ("rises by {size}", "after 'the mean score'; size: a difference with its interval"),
    "report.regional.falls": ("falls by {size}", "after 'the mean score'; size: a difference with its interval"),
    "report.regional.flat": (
        "does not change significantly ({interval})",
        "after 'the mean score'; interval: a 95% CI",
    ),
    "report.regional.aria": (
        "Average effect curves of {column} for rows with {split}, for all other rows and for all rows; points: {count}."
    ),
    "report.regional.curves": "Effect of {column} by region",
    "report.regional.others": "all other rows",
    "report.regional.everywhere": "all rows",
    "report.regional.table": (
        "Heterogeneity of effects ({scale}) and the split that explains most of it, for {shown} of {count} columns"
    ),
    "report.regional.heterogeneity": "Heterogeneity [95% CI]",
    "report.regional.share": "Share of variance due to interactions [95% CI]",
    "report.regional.split": "Split",
    "report.regional.rows_share": "Share of rows (rounded to 10%)",
    "report.regional.explained": "Explained share [adjusted CI]",
    "report.regional.q": "Adjusted p (null hypothesis: explained share at most {least})",
    "plot.axis.heterogeneity": "Heterogeneity of the effect on the score, 95% CI",
    "why.regional_effects.one": "regional effects need at least two columns, but the model has only one",
    "why.regional_effects.few": (
        "there are too few rows or groups of rows; regional effects need at least {rows} rows with positive weight "
        "(if rows are grouped, also at least {groups} groups)"
    ),
}
