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
    """Sign an audit's folder: an in-toto Statement (test-result v0.1) in a DSSE envelope.

    Subjects are all files of the folder but `SHA256SUMS`, which lists the same ones, and the files of both models where they
    were read from files. Only what `verify` can check is signed: the version of tabinterp that wrote the audit signs it. The
    result is FAILED where a check of severity "act" is raised (a gate of the policy fails), else WARNED where
    any is raised (a gate is waived), else PASSED.

    Parameters
    ----------
    folder : what `tabinterp audit --out` wrote. A folder that is not as it was written, holds anything else, or cannot be
        checked is refused.
    key : PEM file of an Ed25519 private key.
    signer : who signs, in words.
    model : the file of the audited model. Its digest and that of the counterpart beside it are compared with those in the
        document, and the attestation says so. None: the digests are signed as the document names them, and it says that.
    policy : TOML file; the tests are then its gates instead of the checks.
    url : where the run can be looked up.
    out : the file to write, outside the folder; None: `attestation.dsse.json` in it.
    passphrase : asked for when the key is encrypted.

    Returns
    -------
    Path
        of the attestation.

    Raises
    ------
    DocumentError
        the folder is not as it was written, the model is not the one that was audited, or either cannot be checked here.
    SignatureError
        the key cannot be read, or a library that signatures need is missing.
    """
    source = Path(folder)
    path = source / ATTESTATION if out is None else Path(out)
    parent = path.parent.resolve()  # not the path: what stands there may be a link that leads to itself
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
    path.parent.mkdir(parents=True, exist_ok=True)  # not before the folder was found as it was written
    write(path, seal(said.to_bytes(), Path(key), passphrase))
    return path


def _whole(folder: Path, model: str | Path | None) -> tuple[bytes, dict[str, str]]:
    """Return the document's bytes and the files' digests, after verifying the folder, and the model if one is given."""
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
            f"the folder {str(folder)!r} was not signed, because its files changed while they were being signed. Sign again "
            "when no other program writes to the folder"
        )
    return data, files
