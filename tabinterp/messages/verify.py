"""What was found when an audit's folder was held to its digests, its model and its data."""

from __future__ import annotations

VERIFY: dict[str, str] = {
    "verify.bytes.ok": "{file} has the bytes that were written ({digest}).",
    "verify.bytes.changed": "{file} is not as it was written: its SHA-256 is {found}, not {digest}.",
    "verify.bytes.absent": "{file} is missing.",
    "verify.bytes.unlisted": "SHA256SUMS has no digest of {file}.",
    "verify.document.ok": "audit.json is the canonical form of a valid document.",
    "verify.document.changed": "audit.json is not in canonical form: it differs from byte {byte} on.",
    "verify.document.unreadable": "audit.json cannot be read: {reason}",
    "verify.report.ok": "report.html is what audit.json gives when it is rendered.",
    "verify.report.changed": "report.html is not what audit.json gives: line {line} differs, in the section {section}.",
    "verify.report.version": (
        "Whether report.html is what audit.json gives is not known: tabinterp {written} wrote it, and this is {present}."
    ),
    "verify.report.absent": "There is no report.html to compare with.",
    "verify.model.ok": "The model file is the one that was audited ({digest}).",
    "verify.model.changed": "The model file is not the one that was audited: its SHA-256 is {found}, not {digest}.",
    "verify.model.unreadable": "The model cannot be loaded: {reason}",
    "verify.model.unknown": "The audited model did not come from a file, so that there is no digest to compare with.",
    "verify.linear.ok": "The counterpart beside the model is the one that was audited ({digest}).",
    "verify.linear.changed": (
        "The counterpart beside the model is not the one that was audited: its SHA-256 is {found}, not {digest}."
    ),
    "verify.file.ok": "The data file has the bytes that were read ({digest}).",
    "verify.file.changed": "The data file does not have the bytes that were read: its SHA-256 is {found}, not {digest}.",
    "verify.data.ok": "All {columns} columns hold what was audited ({digest}).",
    "verify.data.rows": "The table has {found} rows, and {rows} were audited.",
    "verify.data.changed": "Columns with other contents than those audited: {columns}.",
    "verify.data.names": "The columns are not those that were audited. Missing: {missing}. Unknown: {unknown}.",
    "verify.numbers.ok": "All {count} numbers were found again, to {tolerance} of each.",
    "verify.numbers.changed": (
        "{changed} of {count} values were not found again to {tolerance}. The first: {place} is {found}, not {written}."
    ),
    "verify.head.passed": "Everything that was checked is as it was written.",
    "verify.head.failed": "{count} of {checked} checks failed.",
}
