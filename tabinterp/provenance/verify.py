"""`verify(folder)`: verify the files, signature, model, data and numbers of an audit.

Digests detect accidental damage and careless edits. In addition, the findings and the verdict are recomputed from the numbers in
the document. Anyone who can rewrite the whole folder can make all of its contents consistent. Only a signature protects against
such a forgery.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from tabinterp import __version__, messages
from tabinterp.atomic_io import RESUME, read_regular
from tabinterp.auditing.consistency import BROKEN, contradictions, written_here
from tabinterp.auditing.result import VIEWS, Audit, judged
from tabinterp.auditing.run import audit
from tabinterp.document.canonical import canonical, from_bytes, to_bytes
from tabinterp.document.document import Document, Message
from tabinterp.document.rows_of_analyses import SMALL, TOLERANCE
from tabinterp.errors import DocumentError, MissingError, ModelError, TableError, argument
from tabinterp.exit_codes import ExitCode
from tabinterp.file_names import ATTESTATION, DOCUMENT, KNOWN, LISTED, PRINTED, REPORT, RUN
from tabinterp.frames import any_backend
from tabinterp.messages.language import SOURCE, languages, speaking
from tabinterp.models import Model
from tabinterp.models.device import CPU, device_of
from tabinterp.models.io.load import load_counterpart, load_model, load_null, load_others
from tabinterp.preview import PreviewedFrame
from tabinterp.report.html import render
from tabinterp.table import Scan
from tabinterp.table.digest import column_digests

from .attestation import MODELS, Statement, parse
from .audited_rows import Rows, read_again
from .digest_key import DigestKey, read_digest_key
from .envelope import BrokenSealError, unseal
from .folder import file_digest, is_plain, read_sums

# fields that differ between machines and versions
ELSEWHERE = ("method.libraries", "method.version", "method.code_digest", "method.device")

Outcome = Literal["ok", "failed", "incomplete", "not_checked"]


@dataclass(frozen=True)
class Step:
    """One step of a verification. `what` is the file or item that was checked.

    The status "incomplete" means that a required step could not be carried out. "not_checked" means that the step was skipped
    because it was not requested or because a signature covers the item.
    """

    what: str
    status: Outcome
    told: Message


@dataclass(frozen=True)
class Verification(PreviewedFrame):
    """The result of a verification: all steps, in order."""

    steps: tuple[Step, ...]

    @property
    def passed(self) -> bool:
        """Whether all required steps were possible and no step failed."""
        return self.exit_code is ExitCode.PASSED

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the command: 0 if all steps passed, 1 if a difference was found, and 3 if no difference was found but
        a required step could not be carried out.
        """
        found = {step.status for step in self.steps}
        if "failed" in found:
            return ExitCode.FAILED
        return ExitCode.INCOMPLETE if "incomplete" in found else ExitCode.PASSED

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a DataFrame with one row per step and the columns `what`, `status` and `told`."""
        return pd.DataFrame(
            [(s.what, s.status, messages.text(s.told.key, s.told.values)) for s in self.steps],
            columns=["what", "status", "told"],
        )

    def __str__(self) -> str:
        lines = [f"{s.status.replace('_', ' '):<11} {messages.text(s.told.key, s.told.values)}" for s in self.steps]
        checked = [step.status for step in self.steps if step.status in ("ok", "failed")]
        missing = sum(step.status == "incomplete" for step in self.steps)
        values = {"count": checked.count("failed"), "checked": len(checked), "missing": missing}
        return "\n".join([*lines, messages.text(f"verify.head.{self.exit_code.name.lower()}", values)])


def verify(
    folder: str | Path,
    *,
    key: str | Path | None = None,
    attestation: str | Path | None = None,
    model: str | Path | None = None,
    data: str | Path | None = None,
    query: str | None = None,
    query_key: str | None = None,
    digest_key: str | Path | None = None,
    recompute: bool = False,
) -> Verification:
    """Verify the folder of an audit: its digests and numbers and, if given, the signature, the model and the data.

    Parameters
    ----------
    folder : str or Path
        Output folder of `tabinterp audit`. The verification fails if the folder contains anything else, such as another file, a
        folder or a link.
    key : str or Path, optional
        PEM file with the public key of the signer. If given, there must be a valid signature that covers every file.
    attestation : str or Path, optional
        File with the signed attestation. By default, `attestation.dsse.json` in the folder.
    model : str or Path, optional
        File of the audited model.
    data : str or Path, optional
        The audited data, in any form that `scan_table` reads.
    query : str, optional
        Query that selects the rows from `data`.
    query_key : str, optional
        Column by which the rows of the query are sorted.
    digest_key : str or Path, optional
        Key file that was used in the audit. Without the key, the digests of columns cannot be checked. If the data were read from
        a single file, the digest of this file is checked even without the key.
    recompute : bool
        Whether to run the audit again with the same settings, and compare every number with a relative tolerance of 1e-6. The
        author's text and mappings are not compared, because they are not computed.

    Returns
    -------
    Verification
        The result, with the attributes `.passed` and `.exit_code`, and the method `.frame()`, which returns a DataFrame with one
        row per step. Only the version of tabinterp that wrote a document can recompute its findings and render the same report.
        With another version, the verification is incomplete and does not pass, unless a valid signature covers every file.

    Raises
    ------
    DocumentError
        If the folder contains no list of digests, or if `recompute` is true but the model or the data are not given.
    SignatureError
        If the key cannot be read, or if a library needed for signatures is missing.
    """
    source, rows = Path(folder), Rows(data, query, query_key)
    if recompute and (model is None or data is None):
        raise DocumentError(
            f"recomputing the numbers needs the model and the data. Supply {argument('model')} and {argument('data')}"
        )
    secret = None if digest_key is None else read_digest_key(digest_key)
    sums = read_sums(source)
    steps = [*_strangers(source), *_bytes(source, sums)]
    document, step = _document(source)
    steps.append(step)
    sealed = source / ATTESTATION if attestation is None else Path(attestation)
    signed = False
    if key is not None:
        found = list(_attested(source, sums, document, sealed, Path(key)))
        signed = all(step.status == "ok" for step in found)
        steps += found
    elif sealed.exists():
        steps.append(_step("attestation", "not_checked", "signature.no_key", file=sealed.name))
    if document is not None:
        steps += _again(source, document, signed)
        if model is not None:
            steps += _model(document, Path(model))
        elif not any(step.what == "model" for step in steps):  # and the signer did not compare it
            steps.append(_not_compared(document))
        if data is not None:
            steps += _data(source, document, rows, secret)
        else:
            steps.append(_step("data", "not_checked", "data.not_given"))
        if recompute and model is not None and data is not None:
            steps.append(_numbers(document, Path(model), rows))
    return Verification(tuple(steps))


def _step(what: str, status: Outcome, key: str, **values: Any) -> Step:
    return Step(what, status, Message(key=f"verify.{key}", values=values))


def _same(what: str, key: str, written: str, found: str | None, **values: Any) -> Step:
    """Return the step that compares a computed digest (`found`) with the recorded digest (`written`)."""
    if found == written:
        return _step(what, "ok", f"{key}.ok", digest=written, **values)
    return _step(what, "failed", f"{key}.changed", digest=written, found=found or "none", **values)


# ---- the folder


def _strangers(folder: Path) -> Iterator[Step]:
    """Yield a failed step for each file or folder that does not belong to an audit."""
    for path in sorted(folder.iterdir()):
        if path.name == RESUME:
            yield _step(path.name, "failed", "stranger.resume", file=path.name)
        elif path.name not in KNOWN:
            yield _step(path.name, "failed", "stranger.unknown", file=path.name, known=sorted(KNOWN))
        elif not is_plain(path):
            yield _step(path.name, "failed", "stranger.link", file=path.name)


def _bytes(folder: Path, sums: Mapping[str, str]) -> Iterator[Step]:
    pdf = [PRINTED] if PRINTED in sums or (folder / PRINTED).exists() else []
    for name in (REPORT, DOCUMENT, RUN, *pdf):
        path = folder / name
        if not path.exists():
            yield _step(name, "failed", "bytes.absent", file=name)
        elif name not in sums:
            yield _step(name, "failed", "bytes.unlisted", file=name)
        elif is_plain(path):  # anything else was reported above
            yield _same(name, "bytes", sums[name], file_digest(path), file=name)


def _document(folder: Path) -> tuple[Document | None, Step]:
    path = folder / DOCUMENT
    if path.exists() and not is_plain(path):
        return None, _step(DOCUMENT, "failed", "stranger.link", file=DOCUMENT)
    try:
        data = read_regular(path)
        document = from_bytes(data)
        # A document from another version lacks newer fields, or was migrated when it was read.
        expected = to_bytes(document) if written_here(document) else canonical(data)
    except (OSError, DocumentError) as error:
        return None, _step(DOCUMENT, "failed", "document.unreadable", reason=str(error))
    if data == expected:
        return document, _step(DOCUMENT, "ok", "document.ok")
    pairs = enumerate(zip(data, expected, strict=False))
    first = next((at for at, (a, b) in pairs if a != b), min(len(data), len(expected)))
    return document, _step(DOCUMENT, "failed", "document.changed", byte=first)


def _again(folder: Path, document: Document, signed: bool) -> Iterator[Step]:
    """Yield steps that check whether the document contradicts itself, and whether the report agrees with the document."""
    if not written_here(document):
        values = {"written": document.method.version, "present": __version__}
        status: Outcome = "not_checked" if signed else "incomplete"
        yield _step(DOCUMENT, status, f"again.version.{'signed' if signed else 'open'}", **values)
        return
    wrong = contradictions(document)
    if wrong:
        yield _step(DOCUMENT, "failed", "again.changed", count=len(wrong), first=wrong[0])
    else:
        yield _step(DOCUMENT, "ok", "again.ok")
    path = folder / REPORT
    if not is_plain(path):
        yield _step(REPORT, "failed", "report.absent")
        return
    lines = read_regular(path).decode("utf-8", "replace").split("\n")
    with speaking(_language(lines)):
        try:
            yield _report(lines, document)
            if is_plain(folder / PRINTED):
                yield _printed(folder, document, signed)
        except (DocumentError, *BROKEN) as error:
            yield _step(DOCUMENT, "failed", "document.unreadable", reason=str(error))


def _report(found: list[str], document: Document) -> Step:
    wanted = render(document).split("\n")
    if found == wanted:
        return _step(REPORT, "ok", "report.ok")
    at = next((i for i, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), min(len(found), len(wanted)))
    opened = [line.split('"')[1] for line in wanted[: at + 1] if line.startswith('<section id="')]
    return _step(REPORT, "failed", "report.changed", line=at + 1, section=opened[-1] if opened else "top")


def _printed(folder: Path, document: Document, signed: bool) -> Step:
    """Return the step that compares the PDF with a newly rendered PDF.

    The PDF also depends on the fonts of the machine. A difference therefore does not prove that the file was changed.
    """
    try:
        same = read_regular(folder / PRINTED) == VIEWS["pdf"](document)
    except MissingError as error:
        return _step(PRINTED, "not_checked" if signed else "incomplete", "printed.missing", reason=str(error))
    if same:
        return _step(PRINTED, "ok", "printed.ok")
    return _step(PRINTED, "not_checked" if signed else "incomplete", "printed.differs")


def _language(lines: list[str]) -> str:
    """Return the language of a report. Return English if the report states no supported language."""
    named = next((line.split('"')[1] for line in lines[:5] if line.startswith('<html lang="')), SOURCE)
    return named if named in languages() else SOURCE


# ---- the signature


def _attested(
    folder: Path, sums: Mapping[str, str], document: Document | None, sealed: Path, key: Path
) -> Iterator[Step]:
    """Yield steps that check the signature. The owner of the key must have signed exactly these files."""
    try:
        payload = unseal(read_regular(sealed), key)
    except OSError:
        yield _step("attestation", "failed", "signature.absent", file=str(sealed))
        return
    except BrokenSealError as error:
        yield _step("attestation", "failed", f"signature.{error.key}", **error.values)
        return
    said = parse(payload)
    if said is None:
        yield _step("attestation", "failed", "signature.statement")
        return
    told = said.predicate
    values = {"signer": told.signer or key.name, "time": told.time, "result": told.result}
    yield _step("attestation", "ok", "signature.ok", **values)
    there = [name for name in LISTED if (folder / name).exists()]
    subjects = [one.name for one in said.subject if one.name not in MODELS.values()]
    for name in dict.fromkeys((REPORT, DOCUMENT, RUN, *there, *sums, *subjects)):
        digest = said.digest_of(name)
        if digest is None or name not in LISTED:
            yield _step(name, "failed", f"attested.{'missing' if digest is None else 'unknown'}", file=name)
            continue
        found = file_digest(folder / name) if is_plain(folder / name) else None
        if found == digest and sums.get(name) != digest:
            yield _step(name, "failed", "attested.unlisted", file=name)
        else:
            yield _same(name, "attested", digest, found, file=name)
    yield from _attested_models(said, document)


def _attested_models(said: Statement, document: Document | None) -> Iterator[Step]:
    """Yield steps that check whether the signed digests of models agree with the document."""
    settings = {} if document is None else document.method.settings
    for model, name in MODELS.items():
        digest, written = said.digest_of(name), settings.get(f"{model}_file_sha256")
        if digest is not None and digest != written:
            yield _step(name, "failed", "attested.model", model=name, digest=digest, written=str(written))
        elif digest is not None and said.was_compared(name):
            yield _step(name, "ok", f"attested.{name}_compared", digest=digest)


# ---- model and data


def _not_compared(document: Document) -> Step:
    """Return a step that states that no model was given. A forged digest of the model would therefore not be detected."""
    digest = document.method.settings.get("network_file_sha256")
    if isinstance(digest, str):
        return _step("model", "not_checked", "model.not_given", digest=digest)
    return _step("model", "not_checked", "model.unknown")


def _model(document: Document, path: Path) -> Iterator[Step]:
    written = document.method.settings
    parts: tuple[tuple[str, str, Callable[[Path], Model | None]], ...] = (
        ("model", "network", load_model),
        ("linear", "linear", load_counterpart),
    )
    for key, name, load in parts:
        digest = written.get(f"{name}_file_sha256")
        if isinstance(digest, str):
            try:
                loaded = load(path)
            except ModelError as error:
                yield _step(key, "failed", "model.unreadable", reason=str(error))
                return
            found = None if loaded is None or loaded.file is None else loaded.file.sha256
            yield _same(key, key, digest, found)
        elif name == "network":
            yield _step("model", "incomplete", "model.unknown")


def _data(folder: Path, document: Document, rows: Rows, key: DigestKey | None) -> Iterator[Step]:
    digest, same_file = _read_run(folder).get("data_sha256"), False
    if isinstance(digest, str) and rows.file is not None:
        step = _same("data", "file", digest, file_digest(rows.file))
        same_file = step.status == "ok"
        yield step
    if document.settings is None or document.settings.table is None:
        status: Outcome = "not_checked" if same_file else "incomplete"
        yield _step("data", status, "data.no_settings", written=document.method.version)
        return
    try:
        table = read_again(document.settings.table, rows)
    except TableError as error:
        if rows.file is None or not rows.file.exists():
            raise
        yield _step("data", "failed", "data.unreadable", reason=str(error))
        return
    if len(table) != document.data.rows:
        yield _step("data", "failed", "data.rows", found=len(table), rows=document.data.rows)
        return
    written = {column.name: column.digest for column in document.data.columns}
    found = table.census.digests if isinstance(table, Scan) else column_digests(table.frame)
    if list(written) != list(found):
        missing, unknown = sorted(set(written) - set(found)), sorted(set(found) - set(written))
        yield _step("data", "failed", "data.names", missing=missing, unknown=unknown)
        return
    if not document.method.digest_key:
        yield _step("data", "ok" if same_file else "not_checked", f"data.{'names_ok' if same_file else 'no_digests'}")
        return
    if key is None or key.id != document.method.digest_key:
        told = "no_key" if key is None else "other_key"
        yield _step("data", "not_checked", f"data.{told}", id=document.method.digest_key)
        return
    changed = [name for name in written if written[name] != key.column(found[name])]
    if changed:
        yield _step("data", "failed", "data.changed", columns=changed)
    else:
        yield _step("data", "ok", "data.ok", columns=len(written), digest=document.method.data_digest)


def _read_run(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_regular(folder / RUN))
    except (OSError, ValueError):
        return {}  # the missing or damaged file was reported above
    return found if isinstance(found, dict) else {}


# ---- the numbers


def _numbers(document: Document, path: Path, rows: Rows) -> Step:
    settings, device = document.settings, re.split("[: ]", document.method.device or CPU)[0]
    if settings is None or settings.table is None:
        return _step("numbers", "incomplete", "numbers.no_settings", written=document.method.version)
    try:
        device_of(device)
    except ModelError as error:  # requested but impossible; not a pass, since a forger could have named any device
        return _step("numbers", "failed", "numbers.device", device=device, reason=str(error))
    model, table = load_model(path), read_again(settings.table, rows, document.data.labels)
    if settings.table.remembered_split and model.split is None:
        return _step("numbers", "incomplete", "numbers.no_split")
    others = load_others(path) if document.method.other_digests else ()
    null = None if document.method.null_digest is None else load_null(path)
    beside: dict[str, Any] = {"counterpart": load_counterpart(path), "others": others, "null": null}
    again = audit(model, table, device=device, **settings.arguments(), **beside)
    return compare(Audit(document), Audit(with_author(with_digests(again.document, document), document)))


def with_author(found: Document, written: Document) -> Document:
    """Return the recomputed document (`found`) with two parts of the written document added: the author's text, and the evidence
    for clauses in the author's own mappings.

    An audit does not compute these two parts. The evidence for the built-in mapping is recomputed and comes first.
    """
    found = judged(found, written.card)
    return found.model_copy(update={"evidence": found.evidence + written.evidence[len(found.evidence) :]})


def with_digests(found: Document, written: Document) -> Document:
    """Return the recomputed document (`found`) with the column digests of the written document.

    The digests cannot be recomputed without the digest key. Another step of the verification compares them with the data.
    """
    digests = {column.name: column.digest for column in written.data.columns}
    columns = [one.model_copy(update={"digest": digests.get(one.name, "")}) for one in found.data.columns]
    how = {"data_digest": written.method.data_digest, "digest_key": written.method.digest_key}
    parts = {"data": found.data.model_copy(update={"columns": columns}), "method": found.method.model_copy(update=how)}
    return found.model_copy(update=parts)


def compare(written: Audit, found: Audit) -> Step:
    """Return the step that compares a written audit with a recomputed audit. Numbers must be equal within the tolerance, and
    strings must be identical.
    """
    one, two = (dict(leaves(a.document.model_dump())) for a in (written, found))
    places = [place for place in one | two if not place.startswith(ELSEWHERE)]
    changed = [place for place in places if not _close(one.get(place), two.get(place))]
    if not changed:
        return _step("numbers", "ok", "numbers.ok", count=len(places), tolerance=str(TOLERANCE))
    first = changed[0]
    values = {"place": first, "written": str(one.get(first)), "found": str(two.get(first)), "tolerance": str(TOLERANCE)}
    return _step("numbers", "failed", "numbers.changed", changed=len(changed), count=len(places), **values)


def leaves(part: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of every entry in a document."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield from leaves(value, f"{place}.{name}".lstrip("."))
    elif isinstance(part, (list, tuple)):
        for index, value in enumerate(part):
            yield from leaves(value, f"{place}.{index}")
    else:
        yield place, part


def _close(one: Any, two: Any) -> bool:
    """Return whether two values are equal or, for numbers, within the tolerance.

    Integers are compared with floats, because canonical JSON writes 2.0 as 2.
    """
    if (
        isinstance(one, bool)
        or isinstance(two, bool)
        or not (isinstance(one, (int, float)) and isinstance(two, (int, float)))
    ):
        return bool(one == two and type(one) is type(two))
    return math.isclose(one, two, rel_tol=TOLERANCE, abs_tol=TOLERANCE * SMALL)
