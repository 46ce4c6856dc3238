"""The terminal commands for finished audits: render, checks, check, sign, verify, compare, evidence and migrate."""

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
from tabinterp.file_names import DOCUMENT
from tabinterp.messages.language import SOURCE, speaking
from tabinterp.messages.names import terminal

from .console import check_apart, say, tell, write_file
from .option_values import complete_checks

PASSPHRASE = "TABINTERP_PASSPHRASE"


def _saved(path: Path) -> Path:
    """Return the path of a saved audit: the file audit.json if the path is a folder, and otherwise the path itself."""
    return path / DOCUMENT if path.is_dir() else path


def _all_saved(paths: list[Path]) -> list[Path]:
    return [*map(_saved, paths)]


Folder = Annotated[Path, typer.Argument(help="Output folder of `tabinterp audit`.")]
Saved = Annotated[
    Path, typer.Argument(callback=_saved, help="Saved audit (audit.json, or the folder that contains it).")
]
Mappings = Annotated[
    list[Path] | None,
    typer.Option(
        "--mapping",
        help="TOML file that adds your own clauses to the clauses of laws and standards in the evidence map. Repeatable.",
    ),
]


EXAMPLES = {
    "render": (
        "tabinterp render audit/audit.json --out report.pdf",
        "tabinterp render audit/audit.json --out card.md --format card",
        "tabinterp render audit/audit.json --out report.html --lang ja",
    ),
    "checks": ("tabinterp checks", "tabinterp checks label-leak"),
    "check": (
        "tabinterp check audit",
        "tabinterp check audit/audit.json --policy policy.toml --format sarif --out findings.sarif",
        "tabinterp check champion/audit.json challenger/audit.json",
    ),
    "sign": ("tabinterp sign audit --key private.pem --signer 'Model risk team' --model model",),
    "verify": (
        "tabinterp verify audit --key public.pem",
        "tabinterp verify audit --model model --data loans.csv --recompute",
    ),
    "compare": ("tabinterp compare last-year/audit.json this-year/audit.json --format html --out differences.html",),
    "evidence": ("tabinterp evidence audit/audit.json --out evidence.csv",),
    "migrate": ("tabinterp migrate audit/audit.json", "tabinterp migrate audit/audit.json --out migrated.json"),
}


def _known(lang: str) -> str:
    """Check, before any work starts, that a language is supported, and return it."""
    with speaking(lang):
        return lang


Lang = Annotated[str, typer.Option("--lang", callback=_known, help="Language of the output: en or ja.")]


ENDINGS = {".pdf": "pdf", ".md": "markdown", ".cdx.json": "cyclonedx"}


def render(
    document: Saved,
    out: Annotated[Path, typer.Option("--out", help="Output file.")],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=(
                "Format: html (the report), pdf, markdown, card (model card), summary (one HTML page) or cyclonedx (CycloneDX "
                "1.6 JSON). By default, the extension of the output file determines the format: .pdf, .md (markdown) or "
                ".cdx.json (cyclonedx), and html for any other extension."
            ),
        ),
    ] = None,
    lang: Lang = SOURCE,
    appendix: Annotated[
        str | None,
        typer.Option(
            "--appendix",
            help="How to show the details of the report: none (left out), folded (collapsed; the default) or full "
            "(expanded). In a PDF, folded adds an appendix without figure data and without long tables of hidden units.",
        ),
    ] = None,
) -> None:
    """Render a saved audit as an HTML report, PDF, Markdown, model card, summary or CycloneDX file."""
    result = ti.Audit.from_json(document)
    ending = next((form for end, form in ENDINGS.items() if out.name.lower().endswith(end)), "html")
    write_file(out, result.view(form or ending, lang=lang, appendix=appendix), document)


def checks(
    slugs: Annotated[
        list[str] | None,
        typer.Argument(
            autocompletion=complete_checks,
            help="Names, titles or codes of the checks to explain, such as label-leak; by default, all checks.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    lang: Lang = SOURCE,
) -> None:
    """Explain what each check measures, when it is raised, what its limitations are, and what to do if it is raised."""
    chosen = slugs or []
    with speaking(lang):
        say(json.dumps(ti.explain_checks(chosen), indent=1, ensure_ascii=False) if as_json else ti.list_checks(chosen))


def check(
    documents: Annotated[
        list[Path],
        typer.Argument(
            callback=_all_saved, help="One or more saved audits (audit.json, or the folder that contains it)."
        ),
    ],
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            help="TOML file with the policy. By default, the audit fails if a check of severity act (action required) is "
            "raised.",
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="Output format: text, json, markdown, junit or sarif.")
    ] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="Output file; by default, the result is printed.")] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            help="Public key of the signer (PEM file). The signature of the audit's folder is then verified as well.",
        ),
    ] = None,
    attestation: Annotated[
        Path | None,
        typer.Option(
            "--attestation", help="Attestation file; by default, attestation.dsse.json in the folder of the audit."
        ),
    ] = None,
    lang: Lang = SOURCE,
) -> None:
    """Check saved audits against a policy. All of them must pass.

    The findings are recomputed from the numbers in the audit. With --key, the signature of the whole folder is verified first. If
    the signature is valid, findings from another version of tabinterp are accepted and not recomputed.

    The exit code is 0 if the audit passes. It is 1 if a gate fails, or if the audit was changed after it was written. It is 2 if
    the audit or the policy cannot be read. It is 3 if no gate fails, but the findings could not be recomputed because another
    version of tabinterp wrote the audit.
    """
    given = {argument("out"): out is not None, argument("key"): key is not None}
    given |= {argument("form", form): form != "text"}
    single_audit_options = [option for option, is_given in given.items() if is_given]
    if len(documents) > 1 and single_audit_options:
        raise DocumentError(
            f"{' and '.join(single_audit_options)} can only be used with one audit; got {len(documents)} audits. Check each "
            "audit with a separate command"
        )
    if attestation is not None and key is None:
        raise DocumentError(
            f"{argument('attestation')} can only be verified with the signer's public key. Supply {argument('key')} as well"
        )
    codes = []
    for one in documents:
        if len(documents) > 1:
            say(f"{one}:")
        codes.append(_check(one, policy, form, out, key, attestation, lang))
    if failed := [code for code in codes if code]:
        raise typer.Exit(min(failed))  # a failure takes precedence over an incomplete check


def _check(
    document: Path,
    policy: Path | None,
    form: str,
    out: Path | None,
    key: Path | None,
    attestation: Path | None,
    lang: str,
) -> int:
    """Check one audit against a policy, print the decision or write it to a file, and return the exit code."""
    if key is not None:
        if document.name != "audit.json":
            raise DocumentError(
                f"with {argument('key')}, the whole folder of an audit is verified, so the audit must be the file "
                f"audit.json in that folder; got {str(document)!r}. Name that file, or leave out {argument('key')}"
            )
        found = ti.verify(document.parent, key=key, attestation=attestation)
        if not found.passed:
            with speaking(lang):
                say(str(found), err=True)
            return int(found.exit_code)
    result = ti.Audit.from_json(document)
    identity = {
        "audit": quote(os.fsencode(document.as_posix())),  # a path need not be valid UTF-8
        "audit_sha256": hashlib.sha256(read_regular(document)).hexdigest(),
    }
    demands: dict[str, Any] = {}
    if policy is not None:
        demands["policy"], digest = ti.read_policy(policy)
        identity |= {"policy_file": policy.as_posix(), "policy_sha256": digest}
    decision = result.check(**demands, attested=key is not None)
    tell(ti.format_decision(decision, form, lang=lang, **identity), out, document, policy, key, attestation)
    return 0 if decision.passed else decision.exit_code


def sign(
    folder: Folder,
    key: Annotated[
        Path,
        typer.Option(
            "--key",
            help="Ed25519 private key (PEM file). The passphrase of an encrypted key is read from the environment variable "
            f"{PASSPHRASE}; if that is not set, you are asked for the passphrase.",
        ),
    ],
    signer: Annotated[
        str | None, typer.Option("--signer", help="Name of the signer, recorded in the attestation.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="The audited model. Before signing, its digest is compared with the digest in the audit."
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            help="TOML file with a policy. The results of its gates are signed instead of the results of the checks.",
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="URL with information about the run, recorded in the attestation.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Attestation file to write; by default, attestation.dsse.json in the audit's folder."
        ),
    ] = None,
) -> None:
    """Sign an audit with a local key.

    The signature is written to an attestation file. It covers the files of the audit, the digests of the models, and the results
    of the checks. The folder is verified first, which requires the version of tabinterp that wrote the audit.
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
            f"the key {str(key)!r} is encrypted, and there is no terminal on which to ask for its passphrase. Set the "
            f"environment variable {PASSPHRASE} to the passphrase"
        )
    return str(typer.prompt(terminal(f"Passphrase of {key}"), hide_input=True, err=True))


def verify(
    folder: Folder,
    key: Annotated[Path | None, typer.Option("--key", help="Public key (PEM file) of the signer.")] = None,
    attestation: Annotated[
        Path | None,
        typer.Option("--attestation", help="Attestation file; by default, attestation.dsse.json in the folder."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="The audited model. Its digest is compared with the digest in the audit."),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="The audited data, in any form that `tabinterp audit` accepts.")
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", help="SQL query that was passed to `tabinterp audit`.")
    ] = None,
    query_key: Annotated[
        str | None, typer.Option("--query-key", help="Key column that was passed to `tabinterp audit` as --key.")
    ] = None,
    digest_key: Annotated[
        Path | None,
        typer.Option(
            "--digest-key",
            help="Key file that was passed to `tabinterp audit` as --digest-key; needed to find the columns in which the data "
            "were changed.",
        ),
    ] = None,
    recompute: Annotated[
        bool,
        typer.Option("--recompute", help="Run the audit again and compare every number; needs --model and --data."),
    ] = False,
    lang: Lang = SOURCE,
) -> None:
    """Verify the files, signature, model, data and numbers of an audit.

    The exit code is 0 if no difference was found, and 1 if a difference was found. It is 2 if the folder or an input cannot be
    read. It is 3 if no difference was found, but a required check was not possible. This is the case, for example, if another
    version of tabinterp wrote the audit and no signature was verified with --key.
    """
    rows: dict[str, Any] = {"data": data, "query": query, "query_key": query_key, "digest_key": digest_key}
    found = ti.verify(folder, key=key, attestation=attestation, model=model, recompute=recompute, **rows)
    with speaking(lang):
        say(str(found))
    if not found.passed:
        raise typer.Exit(found.exit_code)


def compare(
    first: Annotated[
        Path,
        typer.Argument(
            callback=_saved,
            help="First saved audit (audit.json, or the folder that contains it), such as the audit of the champion model.",
        ),
    ],
    second: Annotated[
        Path,
        typer.Argument(
            callback=_saved,
            help="Second saved audit, with the same target, such as the audit of the challenger model.",
        ),
    ],
    form: Annotated[str, typer.Option("--format", help="Output format: text, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="Output file; by default, the result is printed.")] = None,
    lang: Lang = SOURCE,
) -> None:
    """Compare two saved audits, and list the numbers that differ by more than sampling error, and other differences."""
    tell(ti.compare_audits(first, second, form, lang), out, first, second)


def evidence(
    document: Saved,
    mapping: Mappings = None,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Also list clauses whose wording was not verified against the source.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Output file; by default, the result is printed.")] = None,
) -> None:
    """List clauses of laws and standards as CSV, and state for each clause whether a saved audit contains evidence."""
    found = ti.Audit.from_json(document)
    text = found.evidence([ti.read_mapping(one) for one in mapping or []], unverified)
    tell(text.rstrip("\n"), out, document, *(mapping or []))


def migrate(
    document: Annotated[
        Path,
        typer.Argument(
            callback=_saved,
            help="Saved audit (audit.json, or the folder that contains it) of an earlier version of tabinterp.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Output file for the migrated audit; by default, the changes are only listed."),
    ] = None,
    lang: Lang = SOURCE,
) -> None:
    """Convert a saved audit of an earlier version to the current form, and list the changes.

    All other commands can read earlier audits, so a conversion is only needed for other programs that read audit.json. The
    converted audit is a new file. It contains the SHA-256 of the original. A signature of the original does not cover the
    converted audit.
    """
    result = ti.Audit.from_json(document)
    with speaking(lang):
        unchanged = messages.text("migration.none", {"schema": result.document.schema_version})
        say("\n".join(result.migration) or unchanged)
    if out is not None:
        write_file(out, result.to_json(), document)
