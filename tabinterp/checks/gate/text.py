"""Sentences of the gate: what a policy demands, and what the audit says about it."""

from __future__ import annotations

_WHOSE = "{metric} of {of}"

TEXT: dict[str, str] = {
    "gate.finding": "The check {slug} is not raised.",
    "gate.finding.moved": "The check {slug} is not raised at the limits of this policy: {limits}.",
    "gate.finding.absent": "This audit does not hold the check.",
    "gate.verdict": "The verdict is one of: {allowed:status}.",
    "gate.of.network": "the network",
    "gate.of.linear": "the linear model",
    "gate.of.difference": "the difference network minus linear",
    "gate.metric.calibration_slope": "calibration slope",
    "gate.metric.calibration_intercept": "calibration intercept",
    "gate.metric.at_least.interval": f"The {_WHOSE} is at least {{at_least}}, with the whole 95% interval.",
    "gate.metric.at_least.value": f"The {_WHOSE} is at least {{at_least}}.",
    "gate.metric.at_most.interval": f"The {_WHOSE} is at most {{at_most}}, with the whole 95% interval.",
    "gate.metric.at_most.value": f"The {_WHOSE} is at most {{at_most}}.",
    "gate.metric.both.interval": f"The {_WHOSE} lies from {{at_least}} to {{at_most}}, with the whole 95% interval.",
    "gate.metric.both.value": f"The {_WHOSE} lies from {{at_least}} to {{at_most}}.",
    "gate.metric.found": "It is {value} (95% interval {low} to {high}).",
    "gate.metric.value": "It is {value}, without an interval.",
    "gate.metric.missing": "This audit has no such number.",
    "gate.document": "The document says what its numbers give.",
    "gate.document.changed": (
        "audit.json was changed after it was written: {count} of its statements do not follow from its numbers. "
        "The first: {first}"
    ),
    "gate.document.version": (
        "It was not judged again: tabinterp {written} wrote it, and this is another version or has other code ({present}). Check "
        "it with the version that wrote it, or with a signature (--key)."
    ),
    "gate.analyses": "Every analysis ran to its end.",
    "gate.analyses.failed": "Analyses that failed with an internal error: {names}.",
    "gate.head": "{network} on {table}, held to the policy {policy} on {on:date}.",
    "gate.waived": "Waived by {name} until {expires:date}: {reason}",
    "gate.expired": "The waiver by {name} expired after {expires:date}.",
    "gate.idle": "The waiver of {gate} by {name} is not needed: the gate passes.",
    "gate.count": "{passed} of {gates} gates passed, {failed} failed, {waived} waived.",
    "gate.files": (
        "The model file and the data were not compared with what audit.json says of them. To compare them, run tabinterp verify "
        "with --model and --data."
    ),
    "gate.count.incomplete": (
        "Incomplete: {passed} of {gates} gates passed, {failed} failed, {waived} waived, {incomplete} not checked."
    ),
}
