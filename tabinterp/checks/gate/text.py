"""Sentences about gates: the demands of a policy, and the results of the audit."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "gate.finding": "The “{slug}” check must not be raised.",
    "gate.finding.moved": "The “{slug}” check must not be raised at the limits set by this policy: {limits}.",
    "gate.finding.absent": "The audit does not contain this check.",
    "gate.verdict": "The verdict must be one of: {allowed:status}.",
    "gate.of.network": "the network",
    "gate.of.linear": "the linear counterpart",
    "gate.of.difference": "the network, minus that of the linear counterpart,",
    "gate.metric.calibration_slope": "calibration slope",
    "gate.metric.calibration_intercept": "calibration intercept",
    "gate.metric.at_least.interval": "The {metric} of {of} must be at least {at_least} (whole 95% interval).",
    "gate.metric.at_least.value": "The {metric} of {of} must be at least {at_least}.",
    "gate.metric.at_most.interval": "The {metric} of {of} must be at most {at_most} (whole 95% interval).",
    "gate.metric.at_most.value": "The {metric} of {of} must be at most {at_most}.",
    "gate.metric.both.interval": "The {metric} of {of} must be between {at_least} and {at_most} (whole 95% interval).",
    "gate.metric.both.value": "The {metric} of {of} must be between {at_least} and {at_most}.",
    "gate.metric.found": "The value is {value} (95% CI {low} to {high}).",
    "gate.metric.value": "The value is {value}; there is no confidence interval.",
    "gate.metric.missing": "The audit does not contain this metric.",
    "gate.document": "The statements in the audit must follow from its numbers.",
    "gate.document.changed": (
        "audit.json was changed after it was written: {count} of its statements do not follow from its numbers. The first is: "
        "{first}"
    ),
    "gate.document.version": (
        "The findings were not re-evaluated, because the audit was written by tabinterp {written} and this installation has a "
        "different version or different code ({present}). Check the audit with the version that wrote it, or supply the signer's "
        "public key (--key)."
    ),
    "gate.analyses": "Every analysis must run to completion.",
    "gate.analyses.failed": "Analyses that failed with an internal error: {names}.",
    "gate.head": "{network} on {table}, checked against the policy {policy} on {on:date}.",
    "gate.waived": "Waived by {name} until {expires:date}: {reason}",
    "gate.expired": "The waiver by {name} has expired; it was valid until {expires:date}.",
    "gate.idle": "The waiver for {gate} by {name} is not needed, because the gate passes.",
    "gate.count": "{passed} of {gates} gates passed, {failed} failed, {waived} waived.",
    # slugs: names of checks
    "gate.ungated": (
        "Raised checks that the policy does not cover: {count} ({slugs}). They do not affect the result. To make a raised check "
        "fail, add a [[finding]] table with its name, or a [[severity]] table with its severity, to the policy file (--policy)."
    ),
    "gate.files": (
        "The model file and the data were not compared with audit.json. To compare them, run tabinterp verify with --model and "
        "--data."
    ),
    "gate.count.incomplete": (
        "Incomplete: {passed} of {gates} gates passed, {failed} failed, {waived} waived, {incomplete} not checked."
    ),
}
