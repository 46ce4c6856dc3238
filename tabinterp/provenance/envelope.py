"""Signing and signature checks with DSSE envelopes (Dead Simple Signing Envelope 1.0) and Ed25519 keys.

The signed bytes are `PAE(type, payload) = "DSSEv1" SP len(type) SP type SP len(payload) SP payload`. The signature therefore
covers the type of the payload too. Sources: https://github.com/secure-systems-lab/dsse (protocol.md, envelope.md), RFC 8032.
Signatures are created and checked by the optional package securesystemslib, which is imported only when it is needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tabinterp.atomic_io import LARGEST_TEXT, read_regular
from tabinterp.errors import SignatureError, argument

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MADE = "openssl genpkey -algorithm ed25519 -out key.pem"
PUBLIC = "openssl pkey -in key.pem -pubout -out key.pub.pem"


def seal(payload: bytes, key: Path, passphrase: Callable[[], str] | None = None) -> bytes:
    """Sign a payload with a private key, and return the envelope as JSON.

    Parameters
    ----------
    key : PEM file (PKCS #8) of an Ed25519 private key.
    passphrase : function that returns the passphrase of the key. It is called only if the key is encrypted.
    """
    dsse, signer = _library()
    envelope = dsse.Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer.CryptoSigner(_private(key, passphrase)))
    return (json.dumps(envelope.to_dict(), indent=1, sort_keys=True) + "\n").encode("ascii")


def unseal(data: bytes, key: Path) -> bytes:
    """Check the signature and the type of an envelope, and return its payload.

    Raises
    ------
    BrokenSealError
        If the data are not an envelope, the payload has a different type, or the envelope was not signed with this key.
    SignatureError
        If the key cannot be read.
    """
    dsse, signer = _library()
    public = signer.SSlibKey.from_crypto(_public(key))
    try:
        envelope = dsse.Envelope.from_dict(json.loads(data.decode("utf-8"), object_pairs_hook=_once))
        given = envelope.payload_type
        signatures = len(envelope.signatures)
    except Exception as error:  # untrusted JSON can make the library raise any error
        raise BrokenSealError("unreadable", reason=f"{type(error).__name__}: {error}") from None
    if not signatures:
        raise BrokenSealError("unsigned")
    try:
        envelope.verify([public], 1)
    except Exception:  # the library's own errors have no common base
        raise BrokenSealError("wrong", file=str(key)) from None
    if given != PAYLOAD_TYPE:
        raise BrokenSealError("type", found=str(given), wanted=PAYLOAD_TYPE)
    return bytes(envelope.payload)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object from its fields. Raise an error if a field occurs twice, because programs may differ in which value
    they use.
    """
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("the same field occurs twice")
    return made


class BrokenSealError(Exception):
    """A problem with an envelope. `key` is the message key of the sentence that describes the problem, and `values` are the
    values inserted into this sentence.
    """

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


# ---- keys


def _private(path: Path, passphrase: Callable[[], str] | None) -> Any:
    data = _read(path)
    serialization, ed25519 = _cryptography()
    if b"PUBLIC KEY" in data:
        raise SignatureError(
            f"the key {str(path)!r} is a public key, but signing needs a private key. Supply the private key that belongs to "
            "this public key"
        )
    try:
        key = _loaded(serialization, data, path, passphrase)
    except (ValueError, TypeError) as error:
        raise SignatureError(
            f"the private key {str(path)!r} cannot be read ({error}). The key must be a PEM file, as created by `{MADE}`"
        ) from None
    return _ed25519(key, ed25519.Ed25519PrivateKey, path)


def _loaded(serialization: Any, data: bytes, path: Path, passphrase: Callable[[], str] | None) -> Any:
    try:
        return serialization.load_pem_private_key(data, None)
    except TypeError:  # raised by the library for an encrypted key
        if passphrase is None:
            raise SignatureError(
                f"the key {str(path)!r} is encrypted. Use the argument {argument('passphrase')} to pass a function that returns "
                "the passphrase"
            ) from None
    try:
        return serialization.load_pem_private_key(data, passphrase().encode("utf-8"))
    except (ValueError, TypeError):  # TypeError: the passphrase is empty
        raise SignatureError(
            f"the passphrase given for the key {str(path)!r} is wrong. Supply the passphrase with which the key was encrypted"
        ) from None


def _public(path: Path) -> Any:
    data = _read(path)
    serialization, ed25519 = _cryptography()
    if b"PRIVATE KEY" in data:
        raise SignatureError(
            f"the key {str(path)!r} is a private key, but verifying needs a public key. Supply the public key of the signer. To "
            f"write the public key that belongs to a private key, run `{PUBLIC}`"
        )
    try:
        key = serialization.load_pem_public_key(data)
    except ValueError as error:
        raise SignatureError(
            f"the public key {str(path)!r} cannot be read ({error}). The key must be a PEM file, as created by `{PUBLIC}`"
        ) from None
    return _ed25519(key, ed25519.Ed25519PublicKey, path)


def _ed25519(key: Any, kind: type, path: Path) -> Any:
    if not isinstance(key, kind):
        found = type(key).__name__.lstrip("_")
        raise SignatureError(
            f"the key {str(path)!r} has the type {found}, but only Ed25519 keys are supported. Create an Ed25519 key with "
            f"`{MADE}`"
        )
    return key


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, LARGEST_TEXT)
    except OSError as error:
        raise SignatureError(f"the key {str(path)!r} cannot be read: {error.strerror}") from None


# ---- optional libraries


def _library() -> tuple[Any, Any]:
    try:
        from securesystemslib import dsse, signer  # noqa: PLC0415  # an extra
    except ImportError:
        raise SignatureError(_missing("securesystemslib")) from None
    return dsse, signer


def _cryptography() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  # an extra
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    except ImportError:
        raise SignatureError(_missing("cryptography")) from None
    return serialization, ed25519


def _missing(name: str) -> str:
    return f"signatures need the package {name}, which is not installed. Install it with: pip install 'tabinterp[sign]'"
