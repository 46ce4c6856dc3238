"""Define the commands for finished audits: render, checks, check, sign, verify, compare and evidence."""

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
from tabinterp.errors import DocumentError, SignatureError, argument
from tabinterp.messages.language import SOURCE, speaking
from tabinterp.messages.names import terminal

from .console import check_apart, say, tell, write_file

PASSPHRASE = "TABINTERP_PASSPHRASE"

Folder = Annotated[Path, typer.Argument(help="Output folder of `tabinterp audit`.")]
Mappings = Annotated[
    list[Path] | None,
    typer.Option("--mapping", help="TOML file with clauses of your own, for the evidence map. Repeatable."),
]


def _known(lang: str) -> str:
    """Refuse an unsupported language before any work is done."""
    with speaking(lang):
        return lang


Lang = Annotated[str, typer.Option("--lang", callback=_known, help="Language of the output: en or ja.")]


ENDINGS = {".pdf": "pdf", ".md": "markdown", ".cdx.json": "cyclonedx"}


def render(
    document: Annotated[Path, typer.Argument(help="Saved audit (audit.json).")],
    out: Annotated[Path, typer.Option("--out", help="Output file.")],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="Format: html (the report), pdf, markdown, card (model card), summary (one HTML page) or "
            "cyclonedx (CycloneDX 1.6 JSON). By default from the ending of the file: .pdf, .md, .cdx.json; "
            "otherwise html.",
        ),
    ] = None,
    lang: Lang = SOURCE,
    appendix: Annotated[
        str | None,
        typer.Option(
            "--appendix",
            help="Details of the report: none (left out), folded (the default) or full (shown). In a PDF, folded is an "
            "appendix without figure data and long tables of hidden units.",
        ),
    ] = None,
) -> None:
    """Render the report of a saved audit, also as PDF, Markdown, model card or summary."""
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
    """Explain the checks: what they measure, when they are raised, their limitations, what to do."""
    chosen = slugs or []
    with speaking(lang):
        say(json.dumps(ti.explain_checks(chosen), indent=1, ensure_ascii=False) if as_json else ti.list_checks(chosen))


def check(
    document: Annotated[Path, typer.Argument(help="Saved audit (audit.json).")],
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", help="Policy (TOML file). By default the audit fails if a check of severity act is raised."
        ),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="Format: text, json, markdown, junit or sarif.")] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="Output file; by default the terminal.")] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", help="Public key (PEM file) of the signer: also verify the signature of the audit's folder."
        ),
    ] = None,
    attestation: Annotated[
        Path | None,
        typer.Option("--attestation", help="Attestation file; by default attestation.dsse.json next to the audit."),
    ] = None,
    lang: Lang = SOURCE,
) -> None:
    """Check a saved audit against a policy.

    The findings are recomputed from the numbers in the audit. With --key, a valid signature over the whole folder is used
    instead.

    Exit codes: 0 the audit passes; 1 a gate fails, or the audit was changed after it was written; 2 the audit or the policy
    cannot be read; 3 no gate fails, but the findings could not be recomputed because another version of tabinterp wrote the
    audit.
    """
    if attestation is not None and key is None:
        raise DocumentError(f"{argument('attestation')} needs the signer's public key. Give {argument('key')} as well")
    if key is not None:
        if document.name != "audit.json":
            raise DocumentError(
                f"with {argument('key')} the whole folder of an audit is verified, so the file must be named "
                f"audit.json; got {str(document)!r}"
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
        Path,
        typer.Option(
            "--key", help=f"Ed25519 private key (PEM file). The passphrase is read from {PASSPHRASE} or asked for."
        ),
    ],
    signer: Annotated[str | None, typer.Option("--signer", help="Name of the signer.")] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="The audited model, to compare its digest before signing."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Policy (TOML file); attest its gates instead of the checks.")
    ] = None,
    url: Annotated[str | None, typer.Option("--url", help="URL with information about the run.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Output file; by default attestation.dsse.json in the audit's folder.")
    ] = None,
) -> None:
    """Sign an audit with a local key.

    Attests the files of the audit, the model, and the results of the checks. The folder is verified first, with the version
    of tabinterp that wrote it.
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
            f"the key {str(key)!r} is encrypted, and the passphrase cannot be asked for without a terminal. Set "
            f"the environment variable {PASSPHRASE}"
        )
    return str(typer.prompt(terminal(f"Passphrase of {key}"), hide_input=True, err=True))


def verify(
    folder: Folder,
    key: Annotated[Path | None, typer.Option("--key", help="Public key (PEM file) of the signer.")] = None,
    attestation: Annotated[
        Path | None,
        typer.Option("--attestation", help="Attestation file; by default attestation.dsse.json in the folder."),
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="The audited model, to compare its digest.")] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="The audited table, in any form that `tabinterp audit` accepts.")
    ] = None,
    query: Annotated[str | None, typer.Option("--query", help="SQL query that was given to `tabinterp audit`.")] = None,
    query_key: Annotated[
        str | None, typer.Option("--query-key", help="Key column that was given to `tabinterp audit` as --key.")
    ] = None,
    digest_key: Annotated[
        Path | None,
        typer.Option(
            "--digest-key", help="Key file that was given to `tabinterp audit`, to report which columns differ."
        ),
    ] = None,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Run the audit again and compare every number.")
    ] = False,
    lang: Lang = SOURCE,
) -> None:
    """Verify the files, signature, model, data and numbers of an audit.

    Exit codes: 0 everything that was checked is unchanged; 1 something differs; 2 the folder or an input cannot be read; 3
    nothing differs, but not everything could be checked, for example because another version of tabinterp wrote the audit
    and no signature (--key) covers it.
    """
    rows: dict[str, Any] = {"data": data, "query": query, "query_key": query_key, "digest_key": digest_key}
    found = ti.verify(folder, key=key, attestation=attestation, model=model, recompute=recompute, **rows)
    with speaking(lang):
        say(str(found))
    if not found.passed:
        raise typer.Exit(found.exit_code)


def compare(
    first: Annotated[Path, typer.Argument(help="Saved audit (audit.json), such as the champion's or last year's.")],
    second: Annotated[
        Path, typer.Argument(help="Saved audit of the same target, such as the challenger's or this year's.")
    ],
    form: Annotated[str, typer.Option("--format", help="Format: text, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="Output file; by default the terminal.")] = None,
    lang: Lang = SOURCE,
) -> None:
    """Compare two audits: list the differences that exceed their error."""
    tell(ti.compare_audits(first, second, form, lang), out, first, second)


def evidence(
    document: Annotated[Path, typer.Argument(help="Saved audit (audit.json).")],
    mapping: Mappings = None,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Also list clauses whose wording was not verified against the source.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Output file; by default the terminal.")] = None,
) -> None:
    """List the clauses for which a saved audit holds evidence, as CSV."""
    found = ti.Audit.from_json(document)
    text = found.evidence([ti.read_mapping(one) for one in mapping or []], unverified)
    tell(text.rstrip("\n"), out, document, *(mapping or []))
