"""Sentences about correlations of hidden units with columns."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.correlations of hidden units": "correlations of hidden units",
    "rows_of.neurons": "Correlations of hidden units",
    "report.method.summed.neurons": "moments, Pearson correlations and correlation ratios of hidden units",
    "report.section.neurons": "Hidden units",
    "report.neurons.lead": (
        "Each cell measures the association between the output of a hidden unit and a column, on {rows}. Distance "
        "correlations use {rows_distance} rows, drawn with seed {seed}."
    ),
    "report.neurons.spearman": (
        "For ordered columns, cells show Spearman's rank correlation. For unordered columns, cells show the "
        "correlation ratio, which has no sign."
    ),
    "report.neurons.distance": (
        "Rank correlation was not computed. Cells show distance correlation for ordered columns and the correlation "
        "ratio for unordered columns. Neither has a sign."
    ),
    "report.neurons.colour": (
        "Coloured cells are significant (Benjamini-Hochberg adjusted p-value of at most 0.05). A tilde marks a "
        "distance correlation that exceeds the absolute rank correlation by at least 0.2, which suggests a "
        "relationship that is not monotonic."
    ),
    # span: report.neurons.span.loss or report.neurons.span.layer
    "report.neurons.map": "Units and columns: {span}",
    "report.neurons.map_part": "Units and columns, part {part} of {parts}: {span}",
    # first, last: ranks of units
    "report.neurons.span.loss": (
        "units ranked {first} to {last} of {count} by the rise in loss when their output is replaced"
    ),
    "report.neurons.span.layer": "units {first} to {last} of {count} in the order of the layers",
    "report.neurons.dropped": "Units not included in this document: {count}.",
    "report.neurons.units_fold": "All units ({count})",
    "report.neurons.all": "Units and columns: all measures of association",
    "report.neurons.all_fold": "All measures by unit and column ({count})",
    "report.neurons.elsewhere": "All measures of association between units and columns ({count} pairs) are in audit.json.",
    "report.neurons.caveat": (
        "A unit that is associated with a column may still be unimportant for the score, and a unit without "
        "associations may be important."
    ),
    "report.neuron": "Unit",
    "report.neuron.name": "{layer}, unit {index}",
    "report.neuron.active": "Share of rows with output above 0",
    "report.neuron.mean": "Mean",
    "report.neuron.sd": "SD",
    "report.neuron.columns": "Most associated columns",
    "report.neuron.column.spearman": "{column} (ρ {value})",
    "report.neuron.column.ratio": "{column} (η {value})",
    "report.neuron.column.distance": "{column} (dCor {value})",
    "report.pearson": "Pearson's r",
    "report.spearman": "Spearman's ρ",
    "report.distance": "Distance correlation",
    "report.ratio": "Correlation ratio η",
    "report.q": "Adjusted p (for the measure shown in the heat map)",
    "report.neurons.summed": (
        "Means, standard deviations, shares of rows with output above 0, Pearson correlations and correlation "
        "ratios use all {rows} rows, which were read in batches."
    ),
    "report.neurons.columns": (
        "The maps show {count} of the {every} columns: those with the highest permutation importance for the network. "
        "The table of all units covers all columns."
    ),
    "plot.axis.correlation": "Spearman correlation (numbers) or correlation ratio (categories)",
}
