"""`sign(folder, key)`: what an audit is attested to be, signed with a local key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from .attestation import ATTESTATION, statement
from .audited import Audit
from .envelope import seal
from .errors import DocumentError
from .files import read_regular, write
from .findings.policy import read_policy
from .folder import DOCUMENT, read_sums
from .verification import verify


def sign(
    folder: str | Path,
    key: str | Path,
    *,
    signer: str | None = None,
    policy: str | Path | None = None,
    url: str | None = None,
    out: str | Path | None = None,
    passphrase: Callable[[], str] | None = None,
) -> Path:
    """Sign an audit's folder: an in-toto Statement (test-result v0.1) in a DSSE envelope.

    Subjects are the files that the folder's `SHA256SUMS` lists, and the files of both models where they were read from
    files. The result is FAILED where a check of severity "act" is raised (a gate of the policy fails), else WARNED where
    any is raised (a gate is waived), else PASSED.

    Parameters
    ----------
    folder : what `tabinterp audit --out` wrote. A folder that is not as it was written is refused.
    key : PEM file of an Ed25519 private key.
    signer : who signs, in words.
    policy : TOML file; the tests are then its gates instead of the checks.
    url : where the run can be looked up.
    out : the file to write; None: `attestation.dsse.json` in the folder.
    passphrase : asked for when the key is encrypted.

    Returns
    -------
    Path
        of the attestation.

    Raises
    ------
    DocumentError
        the folder is not as it was written.
    SignatureError
        the key cannot be read, or a library that signatures need is missing.
    """
    source = Path(folder)
    data, files = _whole(source)
    audit = Audit.from_json(data)
    demands = None if policy is None else read_policy(policy)
    said = statement(
        audit.document,
        files,
        decision=None if demands is None else audit.check(demands[0]),
        policy=None if demands is None or policy is None else (Path(policy).name, demands[1]),
        signer=signer,
        url=url,
    )
    path = source / ATTESTATION if out is None else Path(out)
    write(path, seal(said.to_bytes(), Path(key), passphrase))
    return path


def _whole(folder: Path) -> tuple[bytes, dict[str, str]]:
    """The document's bytes and the files' digests, once the folder is as it was written."""
    files = read_sums(folder)
    wrong = [step for step in verify(folder).frame().itertuples() if step.status == "failed"]
    if wrong:
        raise DocumentError(
            f"{str(folder)!r} is not as it was written, and was not signed: {' '.join(str(step.told) for step in wrong)}"
        )
    data = read_regular(folder / DOCUMENT)
    if hashlib.sha256(data).hexdigest() != files[DOCUMENT]:
        raise DocumentError(f"{str(folder)!r} is being changed; it was not signed")
    return data, files
