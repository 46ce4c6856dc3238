"""The commands that stand beside an audit's folder: sign it, and hold it to what it says."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import tabinterp as ti

from .console import make_folder, shown
from .errors import SignatureError

PASSPHRASE = "TABINTERP_PASSPHRASE"

Folder = Annotated[Path, typer.Argument(help="What `tabinterp audit --out` wrote.")]


def sign(
    folder: Folder,
    key: Annotated[
        Path, typer.Option("--key", help=f"PEM file of an Ed25519 private key. Encrypted: {PASSPHRASE}, or a prompt.")
    ],
    signer: Annotated[str | None, typer.Option("--signer", help="Who signs, in words.")] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="TOML file; its gates are attested instead of the checks.")
    ] = None,
    url: Annotated[str | None, typer.Option("--url", help="Where the run can be looked up.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write to, instead of DIR/attestation.dsse.json.")
    ] = None,
) -> None:
    """Attest an audit's files and model, and what its checks found, and sign that with a local key."""
    if out is not None:
        make_folder(out.parent)
    given = {"signer": signer, "policy": policy, "url": url, "out": out}
    typer.echo(str(ti.sign(folder, key, passphrase=lambda: _passphrase(key), **given)))


def _passphrase(key: Path) -> str:
    if (given := os.environ.get(PASSPHRASE)) is not None:
        return given
    if not sys.stdin.isatty():
        raise SignatureError(
            f"the key {str(key)!r} is encrypted, and there is no terminal to ask at; set the environment variable {PASSPHRASE}"
        )
    return str(typer.prompt(f"Passphrase of {key}", hide_input=True, err=True))


def verify(
    folder: Folder,
    key: Annotated[
        Path | None, typer.Option("--key", help="PEM file of the public key that it is said to be signed with.")
    ] = None,
    attestation: Annotated[
        Path | None, typer.Option("--attestation", help="Where it is not DIR/attestation.dsse.json.")
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="The model that is said to have been audited.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="The table that is said to have been audited.")] = None,
    recompute: Annotated[bool, typer.Option("--recompute", help="Audit again and compare every number.")] = False,
) -> None:
    """Are these the bytes, the signer, the model, the data and the numbers that it says: exit code 0, or 1 where something
    differs."""
    found = ti.verify(folder, key=key, attestation=attestation, model=model, data=data, recompute=recompute)
    typer.echo(shown(str(found)))
    if not found.passed:
        raise typer.Exit(1)
