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
    "verify.report.code": (
        "Whether report.html is what audit.json gives is not known: it was written by other files of tabinterp {version} "
        "(SHA-256 {written}) than these."
    ),
    "verify.signature.ok": "Signed by {signer} at {time}: the audit is attested as {result}.",
    "verify.signature.no_key": "Whether {file} is signed by the right key is not known: give the signer's public key (--key).",
    "verify.signature.absent": "There is no attestation {file}.",
    "verify.signature.unreadable": "The attestation is no DSSE envelope ({reason}).",
    "verify.signature.unsigned": "The attestation bears no signature.",
    "verify.signature.wrong": (
        "The attestation was not signed with the private key of {file}, or was changed after it was signed."
    ),
    "verify.signature.type": "The attestation is signed, but holds {found}; what is read here is {wanted}.",
    "verify.signature.statement": (
        "The attestation is signed, but is no in-toto Statement v1 with the predicate test-result v0.1 "
        "as `tabinterp sign` writes it."
    ),
    "verify.attested.ok": "{file} has the bytes that were signed ({digest}).",
    "verify.attested.changed": "{file} is not what was signed: its SHA-256 is {found}, not {digest}.",
    "verify.attested.missing": "{file} is not among the files that were signed.",
    "verify.attested.model": (
        "The {model} that was signed has the SHA-256 {digest}, and audit.json names one with {written}."
    ),
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
    "verify.data.names_ok": "The table has the rows and the columns that were audited, and the file is the same.",
    "verify.data.no_digests": (
        "What the columns hold was not checked: the audit was written without digests of them. A data file is compared by "
        "its own digest. To compare columns, audit with --digest-key."
    ),
    "verify.data.no_key": (
        "What the columns hold was not checked: their digests are under the key {id}. Give the key file that audit took "
        "(--digest-key)."
    ),
    "verify.data.other_key": (
        "What the columns hold was not checked: --digest-key names another key than {id}, which the audit took."
    ),
    "verify.data.unreadable": "The table cannot be read as it was: {reason}",
    "verify.data.rows": "The table has {found} rows, and {rows} were audited.",
    "verify.data.changed": "Columns with other contents than those audited: {columns}.",
    "verify.data.names": "The columns are not those that were audited. Missing: {missing}. Unknown: {unknown}.",
    "verify.numbers.ok": "All {count} numbers were found again, to {tolerance} of each.",
    "verify.numbers.device": "The numbers were taken on {device}, and were not taken again: {reason}",
    "verify.numbers.changed": (
        "{changed} of {count} values were not found again to {tolerance}. The first: {place} is {found}, not {written}."
    ),
    "verify.head.passed": "Everything that was checked is as it was written.",
    "verify.head.failed": "{count} of {checked} checks failed.",
}
