"""Sentences about how reliable the explanations are."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.trust checks": "trust checks",
    "rows_of.trust": "Trust checks",
    "report.section.trust": "Reliability of explanations",
    "report.trust.lead": (
        "This section tests whether the explanations depend on what the network learned, whether the score responds to "
        "the highest-ranked columns, and whether the rankings are stable. The tests use {rows} and {background_rows} "
        "background rows. All tests concern rankings of columns, not the attribution values of individual rows."
    ),
    "report.trust.method": "Method",
    "report.trust.network": "Network [95% CI]",
    "report.trust.linear": "Linear [95% CI]",
    "report.trust.range": "Range",
    # random weights
    "report.trust.null": "Dependence on learned weights",
    "report.trust.null.lead": (
        "Each value is the mean rank correlation between a method's column importances for the model and for copies of "
        "it with random weights ({draws} draws; Adebayo et al. 2018). A value near 1 means that the method would rank "
        "the columns in much the same way for a network that had learned nothing. A positive correlation between the "
        "rankings with learned and with random weights is not a fault in itself: a column that hardly varies is "
        "unimportant in any network."
    ),
    "report.trust.null.axis": "Mean rank correlation with the ranking under random weights, 95% CI",
    "report.trust.null.table": (
        "Methods: rank correlation with the ranking under random weights, mean [95% CI] and range over draws"
    ),
    "report.trust.null.aria": (
        "Mean rank correlation between each method's ranking and its ranking under random weights, for both models. Largest "
        "for the network: {network}. Largest for the linear model: {linear}."
    ),
    "report.trust.null.figure": (
        "Each point is the mean correlation (with 95% CI), over {draws} draws of random weights, between a method's rankings "
        "with learned and with random weights."
    ),
    # model: "Network" or "Linear model", as a beginning; methods: a list of names (reading)
    "report.trust.null.survives": (
        "{model}: rankings by {methods} hardly change when random weights replace the learned ones, so these rankings reveal "
        "little about the model (the whole 95% CI for the mean rank correlation between rankings with learned and with random "
        "weights is above {limit})."
    ),
    "report.trust.null.changes": (
        "{model}: rankings by {methods} change substantially when random weights replace the learned ones (the 95% CI for the "
        "mean rank correlation between rankings with learned and with random weights is below {limit})."
    ),
    "report.trust.null.open": (
        "{model}: it is unclear whether rankings by {methods} change substantially when random weights replace the learned "
        "ones (the 95% CI for the mean rank correlation between rankings with learned and with random weights includes the "
        "limit of {limit})."
    ),
    # shuffled labels
    "report.trust.shuffled": "Dependence on labels",
    "report.trust.shuffled.lead": (
        "Each value is the rank correlation between a method's column importances for the network and for a network "
        "trained on permuted labels (Adebayo et al. 2018). The second network was trained in the same way, on the "
        "same training rows. A value near 1 means that the ranking hardly depends on the target. With only one "
        "permutation there is no interval, so no conclusion is drawn. With few columns, the correlation may be high "
        "or low by chance."
    ),
    "report.trust.shuffled.table": (
        "Methods: rank correlation with the ranking for a network trained on permuted labels (one permutation)"
    ),
    "report.trust.shuffled.value": "Network: rank correlation",
    # deletion and insertion
    "report.trust.curves": "Deletion and insertion",
    "report.trust.curves.lead": (
        "Deletion replaces the values of a row with those of {donors} background rows, one column after another, "
        "highest-ranked column first. In deletion, a good ranking moves the score away from its original value sooner "
        "than a random ordering. Insertion puts the values of the row into the background rows, in the same order. In "
        "insertion, a good ranking brings the score back sooner than a random ordering. Each value is the area between "
        "the method's curve of the absolute change in score and the mean curve of {orders} random orderings, in "
        "{scale}. Replacing the values of columns can create rows that do not occur in the data. A ranking that "
        "ignores the model can also beat random orderings by putting the most unusual values first. Compare the "
        "methods with each other, and with their results under random weights."
    ),
    "report.trust.curves.axis": "Area relative to random orderings ({scale}), 95% CI",
    "report.trust.curves.table": (
        "Deletion and insertion: area between each method's curve and the mean curve of random orderings ({scale})"
    ),
    "report.trust.curves.aria": (
        "Area between the curve of each method and the mean curve of random orderings, for both models. Largest for "
        "the network: {network}. Largest for the linear model: {linear}."
    ),
    # draws: "rows" or "groups of rows" (report.draws)
    "report.trust.curves.figure": (
        "A value above zero means that the method outperforms random orderings. Intervals reflect the sampling of "
        "{draws}; the background rows are treated as fixed."
    ),
    "report.trust.curves.better": (
        "{model}: all the rankings shown here significantly outperform random orderings in both deletion and insertion."
    ),
    "report.trust.curves.not": (
        "{model}: the following rankings do not significantly outperform random orderings: {methods}."
    ),
    "report.trust.curve.deletion": "{method} (deletion)",
    "report.trust.curve.insertion": "{method} (insertion)",
    # stability
    "report.trust.stability": "Stability",
    "report.trust.stability.lead": (
        "Rankings are recomputed with {backgrounds} disjoint sets of {background_rows} background rows (for methods "
        "that use them) and, where supplied, for networks trained with other seeds. Cells show the mean agreement over "
        "pairs of repetitions, with the minimum in parentheses."
    ),
    "report.trust.stability.table": "Agreement between repetitions of each method with different backgrounds or seeds",
    "report.trust.stability.over": "Varied",
    "report.trust.over.backgrounds": "background",
    "report.trust.over.networks": "seed of the network",
    "report.trust.stability.network_ranks": "Network: rank correlation",
    "report.trust.stability.network_tops": "Network: shared top-k columns",
    "report.trust.stability.linear_ranks": "Linear: rank correlation",
    "report.trust.stability.linear_tops": "Linear: shared top-k columns",
    "report.trust.stability.top": "k",
    "report.trust.stability.least": "{mean} ({least})",
    # over: report.trust.over; mean, least: rank correlations
    "report.trust.stability.lowest": (
        "The network's least stable ranking is the one by {method}. When the {over} varies, the mean rank correlation "
        "between repetitions is {mean} and the lowest is {least} (no confidence interval is available)."
    ),
    # networks of other seeds
    "report.trust.networks": "Networks with other seeds",
    "report.trust.networks.lead": (
        "{count} networks that differ only in their seed have a {metric} of {least} to {largest} on {loss_rows} rows "
        "(standard deviation {sd}). The audited network has a {metric} of {loss}. For {within} of these networks, the "
        "{metric} is within {tolerance} of the lowest value; this tolerance is 1% of the loss of a constant "
        "prediction."
    ),
    "report.trust.networks.note": (
        "When several models are equally good, the importance of a column is better described by a range (Fisher, "
        "Rudin & Dominici 2019). The table shows the minimum and maximum importance over the {within} networks "
        "whose loss is within the tolerance, computed on {rows} rows. This range is not a confidence interval; it tends to "
        "widen as more networks are added."
    ),
    "report.trust.networks.table": (
        "Permutation importance of each column in the audited network, and its range over networks trained with other seeds"
    ),
    "report.trust.networks.importance": "Audited network",
    "report.trust.networks.range": "Range over seeds",
    "report.trust.networks.axis": "Permutation importance, with range over seeds",
    "report.trust.networks.aria": (
        "Permutation importance of each column in the audited network, with the range over networks trained with other "
        "seeds. Columns: {count}. Largest: {network}."
    ),
    "report.trust.networks.figure": (
        "Point: audited network. Line: range of importance over the networks whose loss is within the tolerance."
    ),
    "report.trust.networks.legend": "Audited network, with range over seeds",
    "report.trust.note": "Rows, background rows, random weights and random orderings are drawn with seed {seed}.",
    "plot.series.random weights": "random weights",
    "plot.series.shuffled labels": "permuted labels",
    "plot.series.backgrounds": "other backgrounds",
    "plot.series.networks": "other seeds",
    "plot.axis.trust": "Rank correlation with the reference ranking; bars: minimum to maximum",
    # why it does not apply
    "why.trust checks compare rankings: they need two columns and two rows at least": (
        "the comparison of rankings needs at least two columns and two rows, but there are fewer columns or rows"
    ),
    "why.nothing is trained unless refit= says how, and no null= was": (
        "no network trained on permuted labels was supplied"
    ),
    "why.trust.few": "there are fewer than {least} rows, so means over them could disclose information about individuals",
}
