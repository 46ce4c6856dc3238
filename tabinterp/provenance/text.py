"""Sentences about the verification of an audit folder: its digests, its model and its data."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "verify.bytes.ok": "{file} has the bytes that were written ({digest}).",
    "verify.bytes.changed": "{file} is not as it was written: its SHA-256 is {found}, not {digest}.",
    "verify.bytes.absent": "{file} is missing.",
    "verify.bytes.unlisted": "SHA256SUMS has no digest of {file}.",
    "verify.document.ok": "audit.json is the canonical form of a valid document.",
    "verify.document.changed": "audit.json is not in canonical form: it differs from byte {byte} on.",
    "verify.document.unreadable": "audit.json cannot be read: {reason}",
    "verify.report.ok": "report.html is what audit.json gives when it is rendered.",
    "verify.report.changed": "report.html is not what audit.json gives: line {line} differs, in the section {section}.",
    "verify.report.absent": "There is no report.html to compare with.",
    "verify.printed.ok": "report.pdf is what audit.json gives when it is printed.",
    "verify.printed.differs": (
        "report.pdf is not what audit.json gives on this machine. Other fonts or another WeasyPrint can cause that, and so can a "
        "forgery: verify it with a signature (--key), or delete it and its line in SHA256SUMS."
    ),
    "verify.printed.missing": "report.pdf could not be compared with audit.json: {reason}",
    "verify.stranger.unknown": (
        "{file} does not belong in the folder of an audit. Move or delete it; allowed are {known}."
    ),
    "verify.stranger.resume": (
        "{file} holds rows of the table, left by an audit that was stopped. Finish that audit with --resume, or delete "
        "the folder."
    ),
    "verify.stranger.link": "{file} is a link, a folder or a device. Replace it with the file that the audit wrote.",
    "verify.again.ok": "Findings, verdict and evidence in audit.json are what its numbers give.",
    "verify.again.changed": (
        "audit.json was changed after it was written: {count} of its statements do not follow from its numbers. "
        "The first: {first}"
    ),
    "verify.again.version.open": (
        "audit.json and report.html were not checked: tabinterp {written} wrote them, and this is another version or has other "
        "code ({present}). Verify them with the version that wrote them, or with a signature (--key)."
    ),
    "verify.again.version.signed": (
        "audit.json and report.html were not judged again: tabinterp {written} wrote them, and this is another version or has "
        "other code ({present}). The signature covers every file."
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
    "verify.attested.unknown": "{file} was signed, but is no file of an audit.",
    "verify.attested.unlisted": "SHA256SUMS does not list {file} with the digest that was signed.",
    "verify.attested.model": (
        "The {model} that was signed has the SHA-256 {digest}, and audit.json names one with {written}."
    ),
    "verify.attested.model_compared": "The signer compared the model file with the digest in audit.json ({digest}).",
    "verify.attested.counterpart_compared": "The signer compared the counterpart with its digest in audit.json ({digest}).",
    "verify.model.not_given": (
        "The model file was not compared with its digest in audit.json ({digest}), so a digest that was replaced there is not "
        "noticed. To compare it, give the model (--model)."
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
    "verify.data.not_given": "The data were not compared with what was audited. To compare them, give the data (--data).",
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
    "verify.data.no_settings": (
        "The columns were not compared: audit.json holds no settings, which say how the table is read. tabinterp {written} wrote "
        "it; compare them with that version."
    ),
    "verify.numbers.no_settings": (
        "The numbers were not computed again: audit.json holds no settings. tabinterp {written} wrote it; compute them with that "
        "version, or run the audit again."
    ),
    "verify.numbers.no_split": (
        "The numbers were not computed again: the split was drawn before the audit, and this model does not remember it. Give "
        "the model that was audited."
    ),
    "verify.numbers.ok": "All {count} numbers were found again, to {tolerance} of each.",
    "verify.numbers.device": "The numbers were taken on {device}, and were not taken again: {reason}",
    "verify.numbers.changed": (
        "{changed} of {count} values were not found again to {tolerance}. The first: {place} is {found}, not {written}."
    ),
    "sign.not_compared": (
        "The digests of the model files were signed as audit.json names them; they were not compared with the files. To compare "
        "them before signing, give the model (--model)."
    ),
    "verify.head.passed": "Everything that was checked is as it was written.",
    "verify.head.failed": "{count} of {checked} checks failed.",
    "verify.head.incomplete": "Incomplete: nothing differs, but {missing} of the checks could not be made.",
    "consistency.claim": "{reason}",
    "consistency.broken": "Its values do not fit together ({reason}).",
    "consistency.part": "{place} is not what the rest of the document gives.",
    "consistency.finding.absent": "The check {slug} is missing.",
    "consistency.finding.hidden": "The check {slug} is raised by the numbers, and the document does not say so.",
    "consistency.finding.changed": "The result of the check {slug} is not what the numbers give.",
}
