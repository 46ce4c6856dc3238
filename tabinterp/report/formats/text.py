"""Sentences of the other formats of a report: model card, summary, notebook, terminal, CycloneDX."""

from __future__ import annotations

TEXT: dict[str, str] = {
    # the model card
    "card.title": "Model card: {network}",
    "card.lead": (
        "After Mitchell et al. (2019). Numbers are from the audit of {network:name} against {linear:name} on {data}; what is "
        "marked as the author's is in the words of whoever is responsible for the model, and was not checked."
    ),
    "card.section.details": "Model details",
    "card.section.use": "Intended use",
    "card.section.factors": "Factors",
    "card.section.metrics": "Metrics",
    "card.section.evaluation": "Evaluation data",
    "card.section.training": "Training data",
    "card.section.analyses": "Quantitative analyses",
    "card.section.ethics": "Ethical considerations",
    "card.section.caveats": "Caveats and recommendations",
    # what: report.use
    "card.author": "{what} (author)",
    "card.counterpart": "Compared with",
    "card.inputs": "Columns that the network reads",
    "card.protected": "Columns declared protected",
    "card.protected.read": "{column} (read by the network)",
    "card.protected.unread": "{column} (not read by the network)",
    "card.protected.none": "none declared",
    "card.groups": "Groups that are told apart",
    "card.groups.none": "none",
    "card.primary": "Metric of the verdict",
    "card.primary.text": "{metric}, {unit}",
    "card.margin": "Differences that do not matter",
    "card.margin.text": "smaller than {margin} ({unit})",
    "card.others": "Also measured",
    "card.threshold": "Decision threshold",
    "card.threshold.text": "probability {threshold}",
    "card.adverse": "Adverse class",
    "card.errors": "Uncertainty",
    # draws: "rows" or "groups of rows" (report.draws)
    "card.errors.student": "95% intervals with Student's t, from standard errors over the {draws}",
    "card.errors.text": "95% intervals from {resamples} paired resamples of the {draws} (seed {seed})",
    "card.data": "Table",
    "card.rows.evaluation": "Rows held out",
    "card.rows.training": "Rows of training",
    "card.rows.none": "not known: every row was evaluated, and the network may have been trained on any of them",
    "card.rows.some": "{rows} of {all}",
    "card.digest": "Keyed digest of the columns",
    "card.training.note": (
        "What the split leaves for training. Whether the network was trained on these rows and no others, only its author knows."
    ),
    "card.verdict": "Verdict",
    "card.intersections": "Numbers of groups of one column; those of two are in the report.",
    "card.ethics.raised": "Checks raised about groups of people",
    "card.ethics.none": "No check about groups of people was raised.",
    "card.caveats.raised": "Checks raised, and what to do",
    # the page in brief
    "summary.title": "{network:name} against {linear:name} on {data}: in brief",
    "summary.provenance": "What this page is of",
    "summary.document": "SHA-256 of the audit (audit.json)",
    "summary.footer": (
        "Written by tabinterp {version} from the audit alone. Long names and sentences are cut here (…) and whole in the report; "
        "what was not assessed, and what this cannot show, is there as well."
    ),
    # the notebook
    "brief.more": "{count} more raised in the report.",
    "notebook.whole": "The report: .to_html(path)",
    "terminal.finding": "{severity}: {title}. {claim}",
    "terminal.others": "{passed} checks passed; {not_applicable} were not applicable.",
    # status: report.judged.status
    "terminal.line": "Verdict: {status}. Findings: {raised}; {passed} passed, {not_applicable} not applicable.",
    # codes: names of checks
    "notebook.void": "the comparison cannot be trusted ({codes})",
    "notebook.repr": "Audit of {network:name} against {linear:name} on {data}: {status}, {raised} raised",
    "cyclonedx.network": "The network that was audited.",
    "cyclonedx.linear": "The linear counterpart that the network was set beside.",
    "cyclonedx.task.binary": "binary classification",
    "cyclonedx.task.multiclass": "multiclass classification",
    "cyclonedx.task.regression": "regression",
    "cyclonedx.task.count": "regression of a count",
    "cyclonedx.family.network": "feedforward neural network",
    "cyclonedx.family.linear": "generalised linear model",
    "cyclonedx.family.function": "function of rows, whose inside is not known",
    "cyclonedx.input": "{name} ({kind})",
    "cyclonedx.output.class": "probability of the class {label}",
    "cyclonedx.output.regression": "value of {name}",
    "cyclonedx.output.count": "expected count of {name}",
    "cyclonedx.slice.held_out": "held-out rows",
    "cyclonedx.slice.all": "all rows, on which the models may have been trained",
    "cyclonedx.slice.class": "the class {label} against the others, {rows}",
}
