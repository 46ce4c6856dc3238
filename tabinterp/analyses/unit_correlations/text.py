"""Sentences about correlations of hidden units with columns."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.method.summed.neurons": "moments of hidden units, their Pearson correlations and correlation ratios",
    "report.section.neurons": "Inside the network",
    "report.neurons.lead": (
        "What each hidden unit moves with. Measured on {rows}; distance correlations on {rows_distance} rows "
        "(seed {seed})."
    ),
    "report.neurons.spearman": (
        "Cells show Spearman's rank correlation, with its sign, for columns that have an order; correlation ratios, "
        "which have no sign, for those that have none."
    ),
    "report.neurons.distance": (
        "Cells show distance correlation, which has no sign: no rank correlation was measured. Columns without an "
        "order show correlation ratios."
    ),
    "report.neurons.colour": (
        "Coloured: Benjamini-Hochberg adjusted p of the printed statistic is at most 0.05. A tilde marks a distance "
        "correlation that exceeds the size of the rank correlation by 0.2 or more: the unit may bend on that column."
    ),
    # first, last: units, such as "layer 1, unit 0"
    "report.neurons.map": "{shown} of {count} units, {first} to {last}, by original column",
    "report.neurons.map_part": "{shown} of {count} units, {first} to {last}, by original column, part {part} of {parts}",
    "report.neurons.fold": "{shown} of {count} units, {first} to {last}",
    "report.neurons.dropped": "Units that are not in this document: {count}.",
    "report.neurons.units_fold": "All units ({count})",
    "report.neurons.all": "Every unit and column, all measures",
    "report.neurons.all_fold": "All measures, by unit and column ({count})",
    "report.neurons.elsewhere": "All measures, by unit and column ({count}), are in audit.json.",
    "report.neurons.caveat": (
        "A unit that moves with a column is not shown to matter for the score, nor is one that moves with none shown "
        "not to."
    ),
    "report.neuron": "Unit",
    "report.neuron.name": "{layer}, unit {index}",
    "report.neuron.active": "share of rows with output above 0",
    "report.neuron.mean": "mean",
    "report.neuron.sd": "SD",
    "report.neuron.columns": "Strongest columns",
    "report.neuron.column.spearman": "{column} (ρ {value})",
    "report.neuron.column.ratio": "{column} (η {value})",
    "report.neuron.column.distance": "{column} (dCor {value})",
    "report.pearson": "Pearson",
    "report.spearman": "Spearman ρ",
    "report.distance": "distance correlation",
    "report.ratio": "correlation ratio η",
    "report.q": "adjusted p of the statistic in the map",
    "report.neurons.summed": (
        "Means, spreads and active shares, Pearson correlations and correlation ratios are of all {rows} rows that are "
        "evaluated, which were read in batches."
    ),
    "report.neurons.columns": (
        "The maps are of {count} of the {every} columns, those whose permutation raises the network's loss most; the columns "
        "that a unit moves with most, of all, are in the table of all units."
    ),
    "plot.axis.correlation": "Spearman's correlation with a number; correlation ratio of a category",
}
