"""Sentences about the verification of the digests, model and data of an audit folder."""

from __future__ import annotations

TEXT: dict[str, str] = {
    "verify.bytes.ok": "{file} is unchanged since it was written ({digest}).",
    "verify.bytes.changed": "{file} was changed after it was written: its SHA-256 is {found}, not {digest}.",
    "verify.bytes.absent": "{file} is missing.",
    "verify.bytes.unlisted": "SHA256SUMS has no digest for {file}.",
    "verify.document.ok": "audit.json is a valid document in canonical form.",
    "verify.document.changed": "audit.json is not in canonical form: the first difference is at byte {byte}.",
    "verify.document.unreadable": "audit.json cannot be read: {reason}",
    "verify.report.ok": "report.html matches the report rendered from audit.json.",
    "verify.report.changed": (
        "report.html does not match the report rendered from audit.json: the first difference is at line {line}, section "
        "{section}."
    ),
    "verify.report.absent": "report.html is missing, so it cannot be compared with audit.json.",
    "verify.printed.ok": "report.pdf matches the PDF generated from audit.json.",
    "verify.printed.differs": (
        "report.pdf does not match the PDF that this machine generates from audit.json. The cause may be different "
        "fonts, a different WeasyPrint version, or tampering. Verify the folder with a signature (--key), or delete "
        "report.pdf and its line in SHA256SUMS."
    ),
    "verify.printed.missing": "report.pdf could not be compared with audit.json: {reason}",
    "verify.stranger.unknown": (
        "{file} does not belong in an audit folder. Move or delete it. Allowed files: {known}."
    ),
    "verify.stranger.resume": (
        "{file} contains rows of the table, left behind by an interrupted audit. Finish that audit with --resume, or "
        "delete the folder."
    ),
    "verify.stranger.link": "{file} is a link, a folder or a device. Replace it with the file that the audit wrote.",
    "verify.again.ok": "The findings, the verdict and the evidence in audit.json follow from its numbers.",
    "verify.again.changed": (
        "audit.json was changed after it was written: {count} of its statements do not follow from its numbers. The "
        "first of these statements is: {first}"
    ),
    "verify.again.version.open": (
        "audit.json and report.html were not checked, because they were written by tabinterp {written} and this installation has "
        "a different version or different code ({present}). Verify them with the version that wrote them, or with a signature "
        "(--key)."
    ),
    "verify.again.version.signed": (
        "The contents of audit.json and report.html were not checked, because they were written by tabinterp {written} and this "
        "installation has a different version or different code ({present}). The signature covers every file."
    ),
    "verify.signature.ok": "Signed by {signer} at {time}. Attested result: {result}.",
    "verify.signature.no_key": "The signature in {file} was not checked. To check it, supply the signer's public key (--key).",
    "verify.signature.absent": "The attestation {file} is missing.",
    "verify.signature.unreadable": "The attestation is not a DSSE envelope ({reason}).",
    "verify.signature.unsigned": "The attestation has no signature.",
    "verify.signature.wrong": (
        "The attestation was not signed with the private key that matches {file}, or it was changed after signing."
    ),
    "verify.signature.type": "The attestation is signed, but the type of its contents is {found} instead of {wanted}.",
    "verify.signature.statement": (
        "The attestation is signed, but it is not an in-toto Statement v1 with the predicate test-result v0.1, as written by "
        "`tabinterp sign`."
    ),
    "verify.attested.ok": "{file} is unchanged since it was signed ({digest}).",
    "verify.attested.changed": "{file} differs from the signed file: its SHA-256 is {found}, not {digest}.",
    "verify.attested.missing": "{file} is not among the signed files.",
    "verify.attested.unknown": "{file} was signed, but it does not belong in an audit folder.",
    "verify.attested.unlisted": "SHA256SUMS does not list {file} with the signed digest.",
    "verify.attested.model": "The signed {model} has the SHA-256 {digest}, but audit.json states {written}.",
    "verify.attested.model_compared": "The signer confirmed that the model file has the digest in audit.json ({digest}).",
    "verify.attested.counterpart_compared": (
        "The signer confirmed that the file of the linear counterpart has the digest in audit.json ({digest})."
    ),
    "verify.model.not_given": (
        "The model file was not compared with its digest in audit.json ({digest}), so a forged digest would not be detected. To "
        "compare it, supply the model (--model)."
    ),
    "verify.model.ok": "The model file is the audited one ({digest}).",
    "verify.model.changed": "The model file is not the audited one: its SHA-256 is {found}, not {digest}.",
    "verify.model.unreadable": "The model cannot be loaded: {reason}",
    "verify.model.unknown": "The audited model was not loaded from a file, so there is no digest to compare with.",
    "verify.linear.ok": "The linear counterpart stored alongside the model file is the audited one ({digest}).",
    "verify.linear.changed": (
        "The linear counterpart stored alongside the model file is not the audited one: its SHA-256 is {found}, not {digest}."
    ),
    "verify.file.ok": "The data file is identical to the audited file ({digest}).",
    "verify.file.changed": (
        "The data file is not identical to the audited file: its SHA-256 is {found}, not {digest}."
    ),
    "verify.data.not_given": (
        "The data were not compared with the audited data. To compare them, supply the data (--data)."
    ),
    "verify.data.ok": "The contents of all {columns} columns match the audited data ({digest}).",
    "verify.data.names_ok": "The table has the audited rows and columns, and the data file is identical to the audited file.",
    "verify.data.no_digests": (
        "The contents of the columns were not checked, because the audit has no column digests. If the data are in a single "
        "file, the digest of that file is compared instead. To compare columns, audit with --digest-key."
    ),
    "verify.data.no_key": (
        "The contents of the columns were not checked, because their digests can be computed only with the key {id}. "
        "Supply the key file used for the audit (--digest-key)."
    ),
    "verify.data.other_key": (
        "The contents of the columns were not checked, because --digest-key is not the key used for the audit ({id})."
    ),
    "verify.data.unreadable": "The data cannot be read with the settings of the audit: {reason}",
    "verify.data.rows": "The table has {found} rows, but {rows} were audited.",
    "verify.data.changed": "The contents of these columns differ from the audited data: {columns}.",
    "verify.data.names": "The columns differ from the audited columns. Missing: {missing}. Unknown: {unknown}.",
    "verify.data.no_settings": (
        "The columns were not compared, because audit.json has no settings for reading the table. It was written by "
        "tabinterp {written}; use that version to compare the columns."
    ),
    "verify.numbers.no_settings": (
        "The numbers were not recomputed, because audit.json has no settings. It was written by tabinterp {written}; "
        "recompute them with that version, or repeat the audit."
    ),
    "verify.numbers.no_split": (
        "The numbers were not recomputed, because the split was made before the audit and this model does not store it. Supply "
        "the audited model."
    ),
    "verify.numbers.ok": "All {count} numbers were reproduced within a relative tolerance of {tolerance}.",
    "verify.numbers.device": "The numbers were computed on {device} and were not recomputed: {reason}",
    "verify.numbers.changed": (
        "{changed} of {count} values were not reproduced within a relative tolerance of {tolerance}. For example, {place} is "
        "{found} instead of {written}."
    ),
    "sign.not_compared": (
        "The digests of the model files were signed as stated in audit.json; they were not compared with the files. To compare "
        "them before signing, supply the model (--model)."
    ),
    "verify.head.passed": "Passed: no changes were found.",
    "verify.head.failed": "Failed: {count} of {checked} checks.",
    "verify.head.incomplete": "Incomplete: no differences were found, but some checks could not be run ({missing}).",
    "consistency.claim": "{reason}",
    "consistency.broken": "The values in the document are inconsistent ({reason}).",
    "consistency.part": "{place} does not match the rest of the document.",
    "consistency.finding.absent": "The check {slug} is missing.",
    "consistency.finding.hidden": (
        "According to the numbers in the document, the check {slug} is raised, but the document does not report it as raised."
    ),
    "consistency.finding.changed": "The result of the check {slug} does not follow from the numbers.",
}
