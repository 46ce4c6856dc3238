"""Two audits side by side."""

from __future__ import annotations

CHANGES: dict[str, str] = {
    "changes.title": "{first} and {second}: what changed",
    "changes.context": "Two audits of {target}, side by side.",
    "changes.none": "No number changed beyond its error.",
    "changes.some": "{count} of {tested} numbers changed beyond their errors.",
    "changes.verdict.same": "The verdict is the same in both: {first:status}.",
    "changes.verdict.other": "The verdict was {first:status} and is {second:status}.",
    "changes.findings": "Checks with another status: {count} of {checks}.",
    "changes.lead": (
        "A number changed when its difference is resolved: its error is that of two independent samples, and p values are "
        "adjusted for the {tested} numbers compared (Benjamini and Hochberg), at {level}%."
    ),
    "changes.same_rows": (
        "Both audits read the same table, so that their numbers rise and fall together and the true errors are smaller: what "
        "is called a change is one, and some changes may be missed."
    ),
    "changes.other_rows": "The two audits read different tables: a change may be one of the model or one of the population.",
    "changes.unknown_rows": (
        "Whether both audits read the same rows is not known, because they hold no digests of the columns under the same key "
        "(--digest-key). A change may be one of the model or one of the data."
    ),
    "changes.section.facts": "Data, models, verdict",
    "changes.section.findings": "Findings",
    "changes.section.numbers": "Numbers that changed",
    "changes.section.rest": "All other numbers",
    "changes.unchanged": "The same in both: {names}.",
    "changes.name": "What",
    "changes.theme": "Of",
    "changes.first": "First audit",
    "changes.second": "Second audit",
    "changes.difference": "Difference",
    "changes.q": "Adjusted p",
    "changes.check": "Check",
    "changes.alone": "In one of the two audits only: {names}.",
    "changes.fold": "The {count} numbers that did not",
    "changes.text": "{theme}, {of}: {name}: {first} → {second} (difference {difference}, standard error {stderr})",
    "changes.performance": "performance",
    "changes.calibration": "calibration",
    "changes.importance": "permutation importance",
    "changes.coefficients": "coefficients",
    "changes.gain": "share of the score",
    "changes.of.network": "network",
    "changes.of.difference": "difference",
    "changes.fact.verdict": "verdict",
    "changes.fact.rows": "rows",
    "changes.fact.held-out rows": "held-out rows",
    "changes.fact.columns": "columns",
    "changes.fact.network": "network",
    "changes.fact.parameters of the network": "parameters of the network",
    "changes.fact.linear model": "linear model",
    "changes.fact.adverse class": "adverse class",
    "changes.fact.threshold": "decision threshold",
    "changes.fact.contents of the table": "contents of the table",
    "changes.fact.weights of the network": "weights of the network",
    "changes.fact.weights of the linear model": "weights of the linear model",
    "changes.fact.version of tabinterp": "version of tabinterp",
    "changes.part.slope": "slope",
    "changes.part.intercept": "intercept",
    "changes.part.linear": "linear",
    "changes.part.curvature": "curvature",
    "changes.part.interactions": "interactions",
    "changes.of.linear": "linear model",
}
