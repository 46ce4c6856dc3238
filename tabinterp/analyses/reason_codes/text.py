"""Sentences about reason codes."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "reasons.alike": (
        "Of the columns that the network or {linear:name} names for a declined row, both name {common}% (95% interval "
        "{common_low} to "
        "{common_high}). The first reason is the same in {first}% of the rows "
        "({first_low} to {first_high})."
    ),
    "reasons.stable": (
        "The network's own list names other columns in {seed}% of the rows ({seed_low} to {seed_high}) when it is sampled again, "
        "and in {scale}% ({scale_low} to {scale_high}) when the probability is explained and not the log-odds."
    ),
    "reasons.reference": (
        "The network's list names other columns in {changed}% of the rows ({changed_low} to {changed_high}) when they are "
        "compared with the mean of all rows and not with that of the just-approved ones."
    ),
    "reasons.flip.more": (
        "With the named columns of just-approved rows the network approves {named}% ({named_low} to {named_high}); with as many "
        "columns at random {random}% ({random_low} to {random_high})."
    ),
    "reasons.flip.open": (
        "With the named columns of just-approved rows the network approves {named}% ({named_low} to {named_high}), with as many "
        "columns at random {random}% ({random_low} to {random_high}): that the named ones do more is not resolved."
    ),
    "reasons.flip.fewer": (
        "With the named columns of just-approved rows the network approves {named}% ({named_low} to {named_high}), fewer than "
        "with as many columns at random: {random}% ({random_low} to {random_high})."
    ),
    "reasons.omitted": (
        "In {omitted}% of the rows ({omitted_low} to {omitted_high}) a column that is not named would, moved alone to the "
        "just-approved rows, change the network's score by more than one that is."
    ),
    "reasons.protected": (
        "A column declared protected is among the reasons of {network}% of the rows ({network_low} to {network_high}) under the "
        "network, of {other}% ({other_low} to {other_high}) under {linear:name}."
    ),
    "reasons.proxy": (
        "{column}, one of the columns that best tell the protected column {protected}, which no model reads, is among the "
        "reasons of {network}% of the rows ({network_low} to {network_high}) under the network, and of {other}% "
        "({other_low} to {other_high}) under {linear:name}."
    ),
    "report.section.reasons": "Reasons for declined rows",
    "report.reasons.declined": (
        "Declined rows are those that the network predicts to be {declined}, the adverse class (threshold {threshold} on the "
        "probability of {positive})."
    ),
    "report.reasons.lead": (
        "Of {declined} declined rows among {rows_of}, {rows} are read. A reason is a column that adds towards the "
        "decline; a row has {most} at most, the largest. The network: Shapley values of the log-odds against the {reference} "
        "approved rows nearest to the threshold, real rows, each column moved whole. The linear model: coefficient times "
        "distance from the mean of the same rows. Intervals are 95%, over {draws} (seed {seed})."
    ),
    "report.reasons.note": (
        "These numbers are about lists of reasons, not about their legal adequacy; no single row is shown. A reason says what "
        "the model's score rests on, not what an applicant could change."
    ),
    "report.reasons.named": "Which columns are reasons?",
    "report.reasons.axis": "Share of declined rows that name the column",
    "report.reasons.caption": "A row names several columns, so that the shares add to more than 1.",
    "report.reasons.aria": (
        "Share of declined rows that name a column as a reason, with 95% intervals, for the {count} columns named most. {shares}."
    ),
    "report.reasons.table": (
        "Columns that are a reason of ten rows at least [95% interval]; –: of one to nine rows, or of all but as few"
    ),
    "report.reasons.protected": "protected",
    "report.reasons.proxy": "tells {columns}",
    "report.reasons.network": "network",
    "report.reasons.linear": "linear",
    "report.reasons.network_first": "network, as the first",
    "report.reasons.linear_first": "linear, as the first",
    "report.reasons.alike": "How alike are the lists?",
    "report.reasons.alike.table": "Two lists of reasons for the same rows [95% interval]",
    "report.reasons.lists": "Lists",
    "report.reasons.rows": "rows",
    "report.reasons.jaccard": "common columns (Jaccard)",
    "report.reasons.changed": "rows that name other columns",
    "report.reasons.first": "rows with the same first",
    "report.reasons.of.linear": "network / linear model",
    "report.reasons.of.linear_agree": "network / linear model, where it declines as well",
    "report.reasons.of.linear_differ": "network / linear model, where it approves",
    "report.reasons.of.reference": "network: from the mean of just-approved rows / of all rows",
    "report.reasons.of.seed": "network: sampled twice",
    "report.reasons.of.scale": "network: log-odds / probability",
    "report.reasons.of.baseline": "network: real just-approved rows / their mean",
    "report.reasons.of.integrated_gradients": "network: Shapley values / integrated gradients from their mean",
    "report.reasons.of.linear_reference": "linear model: from the mean of just-approved rows / of all rows",
    "report.reasons.few": "fewer than ten, or all but as few",
    "report.reasons.flips": "Do the named columns carry the decision?",
    "report.reasons.flips.table": "Share approved once columns are those of just-approved rows [95% interval]",
    "report.reasons.model": "Model",
    "report.reasons.flip.named": "named columns",
    "report.reasons.flip.random": "as many at random",
    "report.reasons.flip.gain": "difference, paired",
    "report.reasons.flip.note": "Each model moves the columns that it names itself, on the rows that it declines itself.",
    "plot.axis.reasons": "share of declined rows in which the column is a reason, 95% interval",
    # why it does not apply
    "why.reasons are of a decision between two classes": ("reasons are of a decision between two classes"),
    "why.declined.few": "fewer than {least} rows are declined, or approved",
}
