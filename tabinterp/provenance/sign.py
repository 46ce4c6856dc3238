"""`sign(folder, key)`: sign the attestation of an audit with a local key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from tabinterp.atomic_io import read_regular, write
from tabinterp.auditing.result import Audit
from tabinterp.checks.gate.policy import read_policy
from tabinterp.errors import DocumentError, argument
from tabinterp.exit_codes import ExitCode
from tabinterp.file_names import ATTESTATION, DOCUMENT

from .attestation import statement
from .envelope import seal
from .folder import read_sums
from .verify import verify


def sign(
    folder: str | Path,
    key: str | Path,
    *,
    signer: str | None = None,
    model: str | Path | None = None,
    policy: str | Path | None = None,
    url: str | None = None,
    out: str | Path | None = None,
    passphrase: Callable[[], str] | None = None,
) -> Path:
    """Sign the folder of an audit: write an attestation, which is an in-toto Statement (test-result v0.1) in a DSSE envelope.

    The subjects of the statement are all files in the folder except `SHA256SUMS`, which lists the same files. If the models were
    loaded from files, they are also subjects. The folder is verified first, which requires the version of tabinterp that
    wrote the audit.

    The result in the statement is FAILED if a check of severity "act" is raised, WARNED if any other check is raised, and PASSED
    otherwise. With a policy, the result is FAILED if a gate fails, and WARNED if a gate is waived.

    Parameters
    ----------
    folder : output folder of `tabinterp audit`. The folder must be unchanged since the audit and must not contain other files.
    key : PEM file of an Ed25519 private key.
    signer : name of the signer.
    model : file of the audited model. Its digest and the digest of the linear counterpart in the same bundle are compared with
        the digests in the document. If None, the digests in the document are signed without this comparison. The attestation
        states whether the digests were compared.
    policy : TOML file with a policy. If given, the tests in the statement are the gates of the policy instead of the checks.
    url : URL of a page with information about the run.
    out : path of the attestation. The default is `attestation.dsse.json` in the folder; any other path must be outside the
        folder.
    passphrase : function that returns the passphrase of the key. It is called only if the key is encrypted.

    Returns
    -------
    Path
        The path of the attestation.

    Raises
    ------
    DocumentError
        If the folder was changed after the audit, the model is not the audited model, or the folder or the model cannot be
        verified.
    SignatureError
        If the key cannot be read, or if a library needed for signatures is missing.
    """
    source = Path(folder)
    path = source / ATTESTATION if out is None else Path(out)
    parent = path.parent.resolve()  # not `path` itself, which may be a link that points to itself
    if parent.is_relative_to(source.resolve()) and (path.name != ATTESTATION or parent != source.resolve()):
        raise DocumentError(
            f"an attestation inside the audit's folder must be named {ATTESTATION}, because any other file makes "
            f"`verify` fail; got {str(path)!r}. Leave out {argument('out')}, or name a file outside the folder"
        )
    data, files = _whole(source, model)
    audit = Audit.from_json(data)
    demands = None if policy is None else read_policy(policy)
    said = statement(
        audit.document,
        files,
        decision=None if demands is None else audit.check(demands[0]),
        policy=None if demands is None or policy is None else (Path(policy).name, demands[1]),
        signer=signer,
        url=url,
        compared=model is not None,
    )
    path.parent.mkdir(parents=True, exist_ok=True)  # only after the folder has been verified
    write(path, seal(said.to_bytes(), Path(key), passphrase))
    return path


def _whole(folder: Path, model: str | Path | None) -> tuple[bytes, dict[str, str]]:
    """Verify the folder and, if given, the model. Return the bytes of the document and the digests of the files."""
    files, found = read_sums(folder), verify(folder, model=model)
    if not found.passed:
        wrong = [step.told for step in found.frame().itertuples() if step.status in ("failed", "incomplete")]
        what = "failed verification" if found.exit_code is ExitCode.FAILED else "cannot be verified completely"
        raise DocumentError(
            f"the folder {str(folder)!r} was not signed, because it {what}: {' '.join(map(str, wrong))}"
        )
    data = read_regular(folder / DOCUMENT)
    if hashlib.sha256(data).hexdigest() != files[DOCUMENT]:
        raise DocumentError(
            f"the folder {str(folder)!r} was not signed, because its files changed while they were being signed. Sign again when "
            "no other program is writing to the folder"
        )
    return data, files
