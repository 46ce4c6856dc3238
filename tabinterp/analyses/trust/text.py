"""Sentences about how reliable the explanations are."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "report.section.trust": "Fidelity and stability of the explanation",
    "report.trust.lead": (
        "How far the readings of this report may be believed: whether they depend on what the network learned, whether the score "
        "moves with the columns that they call large, and whether they stay when something else changes. On {rows}, "
        "against {background_rows} background rows; for rankings of columns, not for single numbers."
    ),
    "report.trust.method": "Method",
    "report.trust.network": "Network",
    "report.trust.linear": "Linear model",
    "report.trust.range": "Least to largest",
    # random weights
    "report.trust.null": "Do the rankings depend on what was learned?",
    "report.trust.null.lead": (
        "Rank correlation of the columns' sizes with those that the same method gives for {draws} models of the same shape whose "
        "weights were drawn at random (Adebayo et al. 2018). Near 1 the method would say the same of a network that learned "
        "nothing: it describes the data. Some of it is no fault: a column that hardly varies is small for any network."
    ),
    "report.trust.null.axis": "Rank correlation with random weights, mean and 95% interval",
    "report.trust.null.table": "Rank correlation with the sizes under random weights",
    "report.trust.null.aria": (
        "Mean rank correlation of each method's sizes with those under random weights, both models. The largest for the network: "
        "{network}. For the linear model: {linear}."
    ),
    "report.trust.null.figure": "Mean over {draws} draws of all weights, with its 95% interval over draws.",
    # model: "Network" or "Linear model", as a beginning; methods: a list of names (reading)
    "report.trust.null.survives": (
        "{model}: these rankings survive random weights (the whole interval is above {limit}) and say little about the model: "
        "{methods}."
    ),
    "report.trust.null.changes": (
        "{model}: these rankings change with the weights (the whole interval is below {limit}): {methods}."
    ),
    "report.trust.null.open": (
        "{model}: not resolved (the interval holds {limit}, that from which half the variance of the ranks is common to both): "
        "{methods}."
    ),
    # shuffled labels
    "report.trust.shuffled": "Do the rankings depend on the labels?",
    "report.trust.shuffled.lead": (
        "Rank correlation of the columns' sizes with those that the same method gives of a network trained on shuffled labels, "
        "one draw (Adebayo et al. 2018): the same recipe on the same training rows, whose labels were exchanged among them. Near "
        "1 the method would rank the columns alike whatever is to be predicted. A single draw has no interval, and nothing is "
        "concluded from it: with few columns it may be high or low by chance."
    ),
    "report.trust.shuffled.table": "Rank correlation with the sizes of a network trained on shuffled labels, one draw",
    "report.trust.shuffled.value": "Network: rank correlation",
    # deletion and insertion
    "report.trust.curves": "Does the score move with the named columns? Deletion and insertion",
    "report.trust.curves.lead": (
        "Deletion: the columns of a row are replaced by those of {donors} background rows, the largest first; the score should "
        "leave its value sooner than in random order. Insertion: they are put into the background rows instead; the score should "
        "reach its value sooner. Shown is the area between the method's curve and that of {orders} random orders, in {scale}. "
        "Replaced columns make rows that may not occur, on which no network was trained, and an order that ignores the model "
        "beats chance as well when it names the values farthest from those of other rows: compare methods with each other, and "
        "with what random weights leave of them."
    ),
    "report.trust.curves.axis": "Area between the method and chance ({scale}), 95% interval",
    "report.trust.curves.table": "Area between the curves of a method and of random orders, in {scale}",
    "report.trust.curves.aria": (
        "Area between each method's curve and chance, both models. The largest for the network: {network}. For the linear model: "
        "{linear}."
    ),
    # draws: "rows" or "groups of rows" (report.draws)
    "report.trust.curves.figure": (
        "Above zero the order beats chance. Intervals are over {draws}; the background counts as given."
    ),
    "report.trust.curves.better": "{model}: every method beats random order in both curves, with its whole interval.",
    "report.trust.curves.not": "{model}: these do not beat random order with their whole interval: {methods}.",
    "report.trust.curve.deletion": "{method}: deletion",
    "report.trust.curve.insertion": "{method}: insertion",
    # stability
    "report.trust.stability": "Do the rankings stay when something else changes?",
    "report.trust.stability.lead": (
        "The same reading again, with something else exchanged: {backgrounds} disjoint backgrounds of {background_rows} rows, "
        "and networks of other seeds where the audit was given any. Mean over pairs of readings, and the least in parentheses."
    ),
    "report.trust.stability.table": "Agreement of readings that differ by background or by seed",
    "report.trust.stability.over": "Exchanged",
    "report.trust.over.backgrounds": "background",
    "report.trust.over.networks": "seed of the network",
    "report.trust.stability.network_ranks": "Network: rank correlation",
    "report.trust.stability.network_tops": "Network: common top columns",
    "report.trust.stability.linear_ranks": "Linear model: rank correlation",
    "report.trust.stability.linear_tops": "Linear model: common top columns",
    "report.trust.stability.top": "Top",
    "report.trust.stability.least": "{mean} ({least})",
    # over: report.trust.over; mean, least: rank correlations
    "report.trust.stability.lowest": (
        "The network's reading that changes most is {method}, when the {over} is exchanged: rank correlation {mean} on average, "
        "{least} at worst (no interval)."
    ),
    # networks of other seeds
    "report.trust.networks": "Networks of other seeds",
    "report.trust.networks.lead": (
        "{count} networks that differ by their seed alone have a {metric} of {least} to {largest} on {loss_rows} rows (standard "
        "deviation {sd}; {loss} for the network of this audit). {within} of them come within {tolerance} of the best, 1% of "
        "what knowing nothing costs."
    ),
    "report.trust.networks.note": (
        "Importance is a range over equally good models (Fisher, Rudin & Dominici 2019): least and largest over these {within}, "
        "on {rows} rows. The range is no interval: more networks can only widen it."
    ),
    "report.trust.networks.table": "Permutation importance over networks of other seeds",
    "report.trust.networks.importance": "This network",
    "report.trust.networks.range": "Least to largest",
    "report.trust.networks.axis": "Permutation importance, least to largest over the seeds",
    "report.trust.networks.aria": (
        "Permutation importance of each column for this network, with the range over networks of other seeds. Columns: {count}. "
        "The largest: {network}."
    ),
    "report.trust.networks.figure": (
        "The point is the network of this audit, the line the range over the networks within the tolerance."
    ),
    "report.trust.networks.legend": "this network, and the range over seeds",
    "report.trust.note": "Rows, backgrounds, random weights and random orders are drawn with the seed {seed}.",
    "plot.series.random weights": "random weights",
    "plot.series.shuffled labels": "shuffled labels",
    "plot.series.backgrounds": "other backgrounds",
    "plot.series.networks": "other seeds",
    "plot.axis.trust": "rank correlation with the ranking it is checked against; bars: least to largest",
    # why it does not apply
    "why.trust checks compare rankings: they need two columns and two rows at least": (
        "trust checks compare rankings: they need two columns and two rows at least"
    ),
    "why.nothing is trained unless refit= says how, and no null= was": "no network trained on shuffled labels was given",
    "why.trust.few": "means over fewer than {least} rows would tell of single people",
}
