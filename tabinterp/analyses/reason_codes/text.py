"""Sentences about reason codes."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "step.reason codes": "reason codes",
    "rows_of.reasons": "Reason codes",
    "reasons.alike": (
        "On average over declined rows, {common}% of the columns that at least one of the two models gives as a reason are given "
        "by both (95% CI {common_low} to {common_high}). The network and {linear:name} give the same first reason for {first}% "
        "of the declined rows (95% CI {first_low} to {first_high})."
    ),
    "reasons.stable": (
        "Recomputing the network's Shapley values with a different random seed changes the set of reasons for {seed}% "
        "of the declined rows (95% CI {seed_low} to {seed_high}). Explaining the network's probability instead of its "
        "log-odds changes the set of reasons for {scale}% of the declined rows (95% CI {scale_low} to {scale_high})."
    ),
    "reasons.reference": (
        "Using the mean of all rows as the reference for Shapley values, instead of the mean of the narrowly approved "
        "rows, changes the network's set of reasons for {changed}% of the declined rows (95% CI {changed_low} to "
        "{changed_high})."
    ),
    "reasons.flip.more": (
        "In pairs of a declined row and a narrowly approved row, the columns given as reasons for the declined row are set "
        "to the values of the approved row. The network then approves the changed row in {named}% of the pairs (95% CI "
        "{named_low} to {named_high}). If the same number of randomly chosen columns is set instead, the network approves the "
        "changed row in {random}% of pairs (95% CI {random_low} to {random_high}); the difference is significant."
    ),
    "reasons.flip.open": (
        "In pairs of a declined row and a narrowly approved row, the columns given as reasons for the declined row are set "
        "to the values of the approved row. The network then approves the changed row in {named}% of the pairs (95% CI "
        "{named_low} to {named_high}). If the same number of randomly chosen columns is set instead, the network approves the "
        "changed row in {random}% of pairs (95% CI {random_low} to {random_high}); the difference is not significant."
    ),
    "reasons.flip.fewer": (
        "In pairs of a declined row and a narrowly approved row, the columns given as reasons for the declined row are set "
        "to the values of the approved row. The network then approves the changed row in {named}% of the pairs (95% CI "
        "{named_low} to {named_high}). If the same number of randomly chosen columns is set instead, the network approves the "
        "changed row in significantly more pairs: {random}% (95% CI {random_low} to {random_high})."
    ),
    "reasons.omitted": (
        "To compare columns, one column at a time is set to its values in the narrowly approved rows. For {omitted}% of the "
        "declined rows (95% CI {omitted_low} to {omitted_high}), a column that is not given as a reason then moves the network's "
        "score further towards approval than one of the reasons does."
    ),
    "reasons.protected": (
        "For {network}% of the declined rows (95% CI {network_low} to {network_high}), the network's reasons include at least "
        "one protected column. For {other}% of the same rows (95% CI {other_low} to {other_high}), the reasons given by "
        "{linear:name} include one."
    ),
    "reasons.proxy": (
        "{column} is one of the best predictors of the protected column {protected}, which neither model uses. "
        "{column} is among the network's reasons for {network}% of the rows that the network declines (95% CI "
        "{network_low} to {network_high}), and among those of {linear:name} for {other}% of the same rows (95% CI "
        "{other_low} to {other_high})."
    ),
    "report.section.reasons": "Reason codes",
    "report.reasons.declined": (
        "A row is declined if the network predicts it to be “{declined}”, the adverse class (“{positive}” is predicted "
        "if its probability exceeds {threshold})."
    ),
    "report.reasons.uses.held-out": "The analysis uses {rows} of the {declined} declined held-out rows.",
    "report.reasons.uses.all": (
        "The analysis uses {rows} of the {declined} declined rows, some of which may be training rows."
    ),
    # uses: report.reasons.uses
    "report.reasons.lead": (
        "{uses} The reasons for a row are the columns (at most {most}) that push its score most strongly towards the adverse "
        "class. For the network, contributions to the score are Shapley values of the log-odds, one for each column, relative to "
        "the narrowly approved rows (the {reference} approved rows closest to the threshold). For the linear counterpart, each "
        "contribution is the coefficient times the deviation from the mean of the narrowly approved rows. The 95% CIs reflect "
        "the sampling of {draws} and treat the narrowly approved rows as fixed. Random draws use seed {seed}."
    ),
    "report.reasons.note": (
        "This section measures the stability of reason codes, not their legal adequacy, and shows no individual rows. "
        "A reason indicates what the score depends on, not what an applicant could change."
    ),
    "report.reasons.named": "Most frequent reasons",
    "report.reasons.axis": "Share of declined rows for which the column is a reason",
    "report.reasons.caption": (
        "A row can have several reasons, so the shares can add up to more than 1. A cross at zero marks a withheld share, which "
        "can be of any size."
    ),
    "report.reasons.aria": (
        "Share of declined rows for which each column is a reason, with 95% CIs. Number of reasons shown: {count}. "
        "Network: {shares}."
    ),
    "report.reasons.table": (
        "Share of declined rows for which each column is a reason [95% CI]. –: withheld because the column is a reason "
        "for only 1 to 9 rows or for all but 1 to 9 rows, or because such a count could be derived"
    ),
    "report.reasons.protected": "Protected",
    "report.reasons.proxy": "proxy for {columns}",
    "report.reasons.network": "Network",
    "report.reasons.linear": "Linear",
    "report.reasons.network_first": "Network, first reason",
    "report.reasons.linear_first": "Linear, first reason",
    "report.reasons.alike": "Agreement between lists",
    "report.reasons.alike.table": "Agreement between two lists of reasons for the same rows [95% CI]",
    "report.reasons.lists": "Lists compared",
    "report.reasons.rows": "Rows",
    "report.reasons.jaccard": "Columns in common (Jaccard)",
    "report.reasons.changed": "Rows with different reasons",
    "report.reasons.first": "Rows with the same first reason",
    "report.reasons.of.linear": "network and linear counterpart",
    "report.reasons.of.linear_agree": "network and linear counterpart, rows that both decline",
    "report.reasons.of.linear_differ": "network and linear counterpart, rows that only the network declines",
    "report.reasons.of.reference": "network: two references, the mean of narrowly approved rows and the mean of all rows",
    "report.reasons.of.seed": "network: Shapley values with two random seeds",
    "report.reasons.of.scale": "network: two scales, log-odds and probability",
    "report.reasons.of.baseline": "network: two references, narrowly approved rows and their mean",
    "report.reasons.of.integrated_gradients": (
        "network: Shapley values versus integrated gradients (baseline: mean of narrowly approved rows)"
    ),
    "report.reasons.of.linear_reference": (
        "linear counterpart: two references, the mean of narrowly approved rows and the mean of all rows"
    ),
    "report.reasons.few": "withheld",
    "report.reasons.flips": "Do reasons drive decisions?",
    "report.reasons.flips.table": (
        "Share of declined rows that are approved after the columns given as reasons, or the same number of random columns, are "
        "set to the values of narrowly approved rows [95% CI]"
    ),
    "report.reasons.model": "Model",
    "report.reasons.flip.named": "Columns given as reasons",
    "report.reasons.flip.random": "Same number of random columns",
    "report.reasons.flip.gain": "Paired difference",
    "report.reasons.flip.note": "Each model is tested on the rows that it declines, using its own reasons.",
    "plot.axis.reasons": "Share of declined rows for which the column is a reason, 95% CI",
    # why it does not apply
    "why.reasons are of a decision between two classes": "reason codes need a target with two classes",
    "why.declined.few": "there are too few declined or approved rows; reason codes need at least {least} of each",
}
