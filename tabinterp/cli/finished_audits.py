"""The commands for a finished audit: look at it in another way, judge it, sign it, and hold it to what it says."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

import tabinterp as ti
from tabinterp import messages
from tabinterp.atomic_io import read_regular
from tabinterp.errors import DocumentError, SignatureError
from tabinterp.messages.language import SOURCE, speaking
from tabinterp.messages.names import terminal

from .console import check_apart, say, tell, write_file

PASSPHRASE = "TABINTERP_PASSPHRASE"

Folder = Annotated[Path, typer.Argument(help="What `tabinterp audit --out` wrote.")]
Mappings = Annotated[list[Path] | None, typer.Option("--mapping", help="TOML with clauses of your own. Repeatable.")]


def _known(lang: str) -> str:
    """Refuse a language before any work is done for it."""
    with speaking(lang):
        return lang


Lang = Annotated[str, typer.Option("--lang", callback=_known, help="Language of the text: en or ja.")]


ENDINGS = {".pdf": "pdf", ".md": "markdown", ".cdx.json": "cyclonedx"}


def render(
    document: Annotated[Path, typer.Argument(help="An audit.json.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="html: the report; pdf: the same, for paper; markdown; card: a model card; summary: one page of HTML; "
            "cyclonedx: a bill of materials, CycloneDX 1.6 JSON. Without it, pdf and markdown for files that end in .pdf and "
            ".md, cyclonedx for .cdx.json, else html.",
        ),
    ] = None,
    lang: Lang = SOURCE,
    appendix: Annotated[
        str | None,
        typer.Option(
            "--appendix",
            help="What the report folds: none leaves it out, folded keeps it folded, full shows it. By default folded in HTML "
            "and full in a PDF.",
        ),
    ] = None,
) -> None:
    """Make the report of a saved audit again, byte for byte, in another language, or as another view of the same document."""
    result = ti.Audit.from_json(document)
    ending = next((form for end, form in ENDINGS.items() if out.name.lower().endswith(end)), "html")
    write_file(out, result.view(form or ending, lang=lang, appendix=appendix), document)


def checks(
    slugs: Annotated[
        list[str] | None, typer.Argument(help="Checks to explain, such as label-leak; by default all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lang: Lang = SOURCE,
) -> None:
    """Every check of an audit: what it measures, when it is raised, what it cannot see, what to do next."""
    chosen = slugs or []
    with speaking(lang):
        say(json.dumps(ti.explain_checks(chosen), indent=1, ensure_ascii=False) if as_json else ti.list_checks(chosen))


def check(
    document: Annotated[Path, typer.Argument(help="An audit.json.")],
    policy: Annotated[
        Path | None, typer.Option("--policy", help="TOML file; without one, no check of severity act may be raised.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text, json, markdown, junit or sarif.")] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="File to write to, instead of the terminal.")] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="PEM file of the public key that the audit's folder is said to be signed with."),
    ] = None,
    attestation: Annotated[
        Path | None, typer.Option("--attestation", help="Where it is not attestation.dsse.json beside the audit.")
    ] = None,
    lang: Lang = SOURCE,
) -> None:
    """Hold a saved audit to a policy. Its findings are judged again from its numbers.

    Exit codes: 0 the audit passes; 1 a gate fails, or the audit was changed after it was written; 2 the audit or the policy
    cannot be read; 3 no gate fails, but another version of tabinterp wrote the audit, so that nobody can judge it again here.
    With --key a valid signature over the whole folder takes the place of judging again.
    """
    if attestation is not None and key is None:
        raise DocumentError("--attestation is checked with the signer's public key: give --key as well")
    if key is not None:
        if document.name != "audit.json":
            raise DocumentError(
                f"--key checks the whole folder of an audit: name its audit.json; got {str(document)!r}"
            )
        found = ti.verify(document.parent, key=key, attestation=attestation)
        if not found.passed:
            with speaking(lang):
                say(str(found), err=True)
            raise typer.Exit(found.exit_code)
    result = ti.Audit.from_json(document)
    identity = {
        "audit": quote(os.fsencode(document.as_posix())),  # a path need not be text
        "audit_sha256": hashlib.sha256(read_regular(document)).hexdigest(),
    }
    demands: dict[str, Any] = {}
    if policy is not None:
        demands["policy"], digest = ti.read_policy(policy)
        identity |= {"policy_file": policy.as_posix(), "policy_sha256": digest}
    decision = result.check(**demands, attested=key is not None)
    tell(ti.format_decision(decision, form, lang=lang, **identity), out, document, policy, key, attestation)
    if not decision.passed:
        raise typer.Exit(decision.exit_code)


def sign(
    folder: Folder,
    key: Annotated[
        Path, typer.Option("--key", help=f"PEM file of an Ed25519 private key. Encrypted: {PASSPHRASE}, or a prompt.")
    ],
    signer: Annotated[str | None, typer.Option("--signer", help="Who signs, in words.")] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="The audited model: its digest is compared before signing, and the signature says so."
        ),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="TOML file; its gates are attested instead of the checks.")
    ] = None,
    url: Annotated[str | None, typer.Option("--url", help="Where the run can be looked up.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write to, instead of DIR/attestation.dsse.json.")
    ] = None,
) -> None:
    """Attest an audit's files and model, and what its checks found, and sign that with a local key.

    Only what can be checked is signed: the folder is verified first, by the version of tabinterp that wrote it.
    """
    if out is not None:
        check_apart(out, key, policy, model)
    given = {"signer": signer, "model": model, "policy": policy, "url": url, "out": out}
    say(str(ti.sign(folder, key, passphrase=lambda: _passphrase(key), **given)))
    if model is None:
        say(messages.text("sign.not_compared"), err=True)


def _passphrase(key: Path) -> str:
    if (given := os.environ.get(PASSPHRASE)) is not None:
        return given
    if not sys.stdin.isatty():
        raise SignatureError(
            f"the key {str(key)!r} is encrypted, and there is no terminal to ask at; set the environment variable {PASSPHRASE}"
        )
    return str(typer.prompt(terminal(f"Passphrase of {key}"), hide_input=True, err=True))


def verify(
    folder: Folder,
    key: Annotated[
        Path | None, typer.Option("--key", help="PEM file of the public key that it is said to be signed with.")
    ] = None,
    attestation: Annotated[
        Path | None, typer.Option("--attestation", help="Where it is not DIR/attestation.dsse.json.")
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="The model that is said to have been audited.")] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="The table that is said to have been audited: as audit takes it.")
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", help="SQL: which rows of a database, as audit took it.")
    ] = None,
    query_key: Annotated[str | None, typer.Option("--query-key", help="What audit took as --key.")] = None,
    digest_key: Annotated[
        Path | None,
        typer.Option("--digest-key", help="The key file that audit took: which columns of the data differ."),
    ] = None,
    recompute: Annotated[bool, typer.Option("--recompute", help="Audit again and compare every number.")] = False,
    lang: Lang = SOURCE,
) -> None:
    """Are these the bytes, the signer, the model, the data and the numbers that it says?

    Exit codes: 0 everything that was checked is as it was written; 1 something differs; 2 the folder or the inputs cannot be
    read; 3 nothing differs, but not everything could be checked, such as where another version of tabinterp wrote the audit and
    no signature (--key) covers it.
    """
    rows: dict[str, Any] = {"data": data, "query": query, "query_key": query_key, "digest_key": digest_key}
    found = ti.verify(folder, key=key, attestation=attestation, model=model, recompute=recompute, **rows)
    with speaking(lang):
        say(str(found))
    if not found.passed:
        raise typer.Exit(found.exit_code)


def compare(
    first: Annotated[Path, typer.Argument(help="An audit.json: last year's, or the champion's.")],
    second: Annotated[Path, typer.Argument(help="An audit.json of the same target: this year's, or the challenger's.")],
    form: Annotated[str, typer.Option("--format", help="text, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="File to write to, instead of the terminal.")] = None,
    lang: Lang = SOURCE,
) -> None:
    """Two audits side by side: what changed beyond its error."""
    tell(ti.compare_audits(first, second, form, lang), out, first, second)


def evidence(
    document: Annotated[Path, typer.Argument(help="An audit.json.")],
    mapping: Mappings = None,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Also clauses that were written down from memory.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="File to write to, instead of the terminal.")] = None,
) -> None:
    """Which clauses a saved audit holds evidence for, as CSV."""
    found = ti.Audit.from_json(document)
    text = found.evidence([ti.read_mapping(one) for one in mapping or []], unverified)
    tell(text.rstrip("\n"), out, document, *(mapping or []))
