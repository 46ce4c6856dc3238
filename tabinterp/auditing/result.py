"""A finished audit: its document, its findings, and export to other formats. Exporting does not repeat the analyses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from tabinterp import __version__, messages
from tabinterp.analyses.performance.record import Verdict
from tabinterp.atomic_io import read_regular, write
from tabinterp.auditing.consistency import BROKEN, contradictions, written_here
from tabinterp.auditing.mlflow_run import log_files
from tabinterp.checks.evidence.clauses import Mapping, as_csv, evidence
from tabinterp.checks.gate.gate import Decision, decide
from tabinterp.checks.gate.policy import DEFAULT, Policy
from tabinterp.checks.judge import judge
from tabinterp.document.canonical import from_bytes, to_bytes
from tabinterp.document.difference import Changes, compare_documents
from tabinterp.document.document import AS_WRITTEN, Document, Message
from tabinterp.document.evidence_rows import Card
from tabinterp.document.labels import labelled
from tabinterp.document.upgrade.steps import migration_notes
from tabinterp.errors import DocumentError, argument
from tabinterp.frames import any_backend
from tabinterp.messages.language import SOURCE, speaking
from tabinterp.preview import Preview, Previewed
from tabinterp.report.formats.cyclonedx import render_cyclonedx
from tabinterp.report.formats.markdown import render_card, render_markdown
from tabinterp.report.formats.pdf import printed
from tabinterp.report.formats.summary import (
    in_one_line,
    in_tables,
    on_a_terminal,
    preview_of_findings,
    verdict_and_counts,
)
from tabinterp.report.html import render, render_changes, render_notebook, render_summary
from tabinterp.report.sections.difference import as_text
from tabinterp.report.sections.findings import voids

# The formats in which a saved audit can be rendered without computing anything.
VIEWS: dict[str, Callable[..., str | bytes]] = {
    "html": render,
    "pdf": printed,
    "markdown": render_markdown,
    "card": render_card,
    "summary": render_summary,
    "cyclonedx": render_cyclonedx,
}


def judged(document: Document, card: Card | None = None, mappings: Iterable[Mapping] = ()) -> Document:
    """Return the document with findings, the author's text, and the evidence for clauses added."""
    found = document.model_copy(update={"findings": judge(document), "card": card})
    return found.model_copy(update={"evidence": evidence(found, mappings)})


@dataclass(frozen=True)
class Findings(Previewed):
    """The findings of all checks."""

    document: Document

    @any_backend
    def frame(self) -> pd.DataFrame:
        """Return a DataFrame with one row per check and the columns slug, severity, status (raised, cleared, not_applicable) and
        claim.
        """
        return pd.DataFrame(
            [(f.slug, f.severity, f.status, _text(f.claim)) for f in labelled(self.document).findings],
            columns=["slug", "severity", "status", "claim"],
        )

    def preview(self) -> Preview:
        """Return a preview with the verdict and the most severe raised findings."""
        return preview_of_findings(self.document)

    def __str__(self) -> str:
        """Return one line for each raised finding, the most severe first, and a line that states how many checks passed and how
        many do not apply.
        """
        return on_a_terminal(self.document)


@dataclass(frozen=True)
class Audit:
    """A finished audit. `document` contains all results. `run` contains facts that differ between runs of the same audit; they
    are not part of the document.
    """

    document: Document
    run: dict[str, Any] = field(default_factory=dict, compare=False)
    read: bool = field(default=False, compare=False)  # read from bytes, which may have been changed

    @property
    def verdict(self) -> Verdict:
        """The verdict: its status, the primary metric, the difference between the models, and the margin. `str(audit)` states the
        verdict in words.
        """
        return self.document.verdict

    @property
    def findings(self) -> Findings:
        return Findings(self.document)

    @property
    def migration(self) -> list[str]:
        """Sentences that describe which parts of the audit were converted because an earlier version of tabinterp wrote it. The
        list is empty if nothing was converted.
        """
        return [_text(note) for note in migration_notes(self.document.not_assessed)]

    def __str__(self) -> str:
        document = labelled(self.document)
        lines = (_text(message) for message in (document.verdict.sentence, *document.verdict.lines))
        return " ".join([*voids(document), *lines])

    def in_one_line(self) -> str:
        """Return one line with the verdict and the number of findings of each severity."""
        return verdict_and_counts(self.document)

    def in_tables(self) -> tuple[list[tuple[str, list[list[str]]]], str]:
        """Return tables of the metrics and of the raised findings, and a sentence about the other checks. Each table is a title
        and a list of rows. The first row is the header.
        """
        return in_tables(self.document)

    def check(self, policy: Policy = DEFAULT, today: date | None = None, *, attested: bool = False) -> Decision:
        """Check the audit against a policy.

        The findings are recomputed from the numbers in the document. If they differ from the findings in the document, the gate
        "document" fails. Only the version of tabinterp that wrote a document can recompute its findings. With another version,
        the gate "document" is incomplete, and the audit does not pass.

        Parameters
        ----------
        policy : Policy
            A policy from `ti.read_policy`. By default, no check of severity "act" may be raised.
        today : date, optional
            Day on which waivers must be valid; by default, the current day (UTC).
        attested : bool
            Whether `ti.verify(folder, key=...)` passed for the folder of this audit. If so, the findings are accepted even if
            another version wrote them.

        Returns
        -------
        Decision
            The decision. `.passed` is true if every gate passed or is waived. `.exit_code` is the exit code of `tabinterp check`.
            `.frame()` returns a data frame with one row per gate.

        Raises
        ------
        PolicyError
            A waiver is valid for more than a year from `today`.
        """
        with holding_together(self.read):
            if written_here(self.document):
                judged_again = self.document.model_copy(update={"findings": judge(self.document)})
                return decide(labelled(judged_again), policy, today, contradictions(self.document))
            written = {"written": self.document.method.version, "present": __version__}
            unjudged = None if attested else Message(key="gate.document.version", values=written)
            return decide(labelled(self.document), policy, today, unjudged=unjudged)

    def annotate(self, card: Card | None = None, mappings: Iterable[Mapping] = ()) -> Audit:
        """Return a copy of the audit with the author's text (from `ti.read_card`) and with evidence for additional clauses (from
        `ti.read_mapping`).
        """
        return Audit(judged(self.document, card, mappings), self.run, self.read)

    def evidence(self, mappings: Iterable[Mapping] = (), unverified: bool = False) -> str:
        """Return CSV with one line per clause. Each line states whether the document contains evidence for the clause, and what
        is missing.

        If `unverified` is true, clauses that were not checked against the original text are included.
        """
        with holding_together(self.read):
            return as_csv(evidence(self.document, mappings, unverified))

    def compare(self, other: Audit) -> Changes:
        """Compare this audit with another audit of the same target. The result shows which numbers differ by more than their
        statistical error. It has the methods `.frame()` and `.to_json()`.
        """
        with holding_together(self.read or other.read):
            return compare_documents(self.document, other.document)

    def view(self, form: str, path: str | Path | None = None, lang: str = SOURCE, appendix: str | None = None) -> bytes:
        """Return the document in one of the formats in `VIEWS`. If `path` is given, also write it to this file atomically.

        `lang` is "en" (English) or "ja" (Japanese). The document does not depend on the language, so a saved audit can be
        rendered in any supported language. `appendix` states how the report shows details: "none" leaves them out, "folded" (the
        default) folds them, and "full" expands them. In a PDF, details are moved to an appendix; with "folded", the appendix does
        not include figure data or long tables of hidden units.

        Raises
        ------
        DocumentError
            The format is unknown.
        LanguageError
            The language is not supported.
        """
        if form not in VIEWS:
            raise DocumentError(f"unknown format {form!r}; an audit can be rendered as {', '.join(VIEWS)}")
        if appendix is not None and form not in ("html", "pdf"):
            raise DocumentError(
                f"only reports in the formats html and pdf have an appendix; got {argument('appendix', appendix)} with the "
                f"format {form!r}. Leave out {argument('appendix')}, or choose html or pdf"
            )
        options = {} if appendix is None else {"appendix": appendix}
        with speaking(lang), holding_together(self.read):
            made = VIEWS[form](self.document, **options)
        data = made if isinstance(made, bytes) else made.encode("utf-8")
        if path is not None:
            write(Path(path), data)
        return data

    def to_html(self, path: str | Path | None = None, lang: str = SOURCE, appendix: str | None = None) -> str:
        """Return the report as HTML. If `path` is given, also write it to this file atomically."""
        return self.view("html", path, lang, appendix).decode("utf-8")

    def to_markdown(self, path: str | Path | None = None, lang: str = SOURCE) -> str:
        """Return the whole report as GitHub-flavoured Markdown. Figures are replaced by tables."""
        return self.view("markdown", path, lang).decode("utf-8")

    def to_model_card(self, path: str | Path | None = None, lang: str = SOURCE) -> str:
        """Return a model card (Mitchell et al. 2019) as Markdown. To include the author's text, first call
        `annotate(card=ti.read_card(...))`.
        """
        return self.view("card", path, lang).decode("utf-8")

    def log_to_mlflow(self, run_id: str | None = None) -> str:
        """Log the audit to an MLflow run, and return the run's ID.

        The logged metrics are the metrics of both models, their differences with 95% intervals, and the number of raised findings
        by severity. Examples of their names are `tabinterp.auc.network`, `tabinterp.auc.difference_low` and
        `tabinterp.findings.act`. The tags are `tabinterp.verdict` and `tabinterp.version`. The files report.html, audit.json and
        findings.csv are logged in the folder `tabinterp`. No row of the table is logged.

        Parameters
        ----------
        run_id : ID of an existing run. By default, the active run is used, or a new run if none is active.

        Raises
        ------
        MissingError
            MLflow is not installed.
        """
        findings = self.findings.frame().to_csv(index=False).encode("utf-8")
        files = {"report.html": self.view("html"), "audit.json": to_bytes(self.document), "findings.csv": findings}
        return log_files(self.document, files, run_id)

    def to_summary(self, path: str | Path | None = None, lang: str = SOURCE) -> str:
        """Return an HTML summary that fits on one A4 sheet: verdict, difference between the models, most severe findings and
        digests.
        """
        return self.view("summary", path, lang).decode("utf-8")

    def to_cyclonedx(self, path: str | Path | None = None) -> str:
        """Return a CycloneDX 1.6 bill of materials as JSON. It contains both models with their model cards, the table, and the
        libraries.
        """
        return self.view("cyclonedx", path).decode("utf-8")

    def to_pdf(self, path: str | Path | None = None, lang: str = SOURCE, appendix: str | None = None) -> bytes:
        """Return the report as a tagged PDF (PDF/UA-1, A4). This requires `pip install 'tabinterp[pdf]'`."""
        return self.view("pdf", path, lang, appendix)

    def _repr_html_(self) -> str:
        return render_notebook(self.document)

    def __repr__(self) -> str:
        return f"<{in_one_line(self.document)}>"

    def to_json(self, path: str | Path | None = None) -> bytes:
        """Return the document as canonical JSON (RFC 8785)."""
        data = to_bytes(self.document)
        if path is not None:
            write(Path(path), data)
        return data

    @classmethod
    def from_json(cls, source: str | Path | bytes) -> Audit:
        """Read an audit from the output of `to_json`. `source` is the path of the file, or its contents as bytes or text."""
        if isinstance(source, str) and source.startswith("{"):
            source = source.encode()
        return cls(from_bytes(source if isinstance(source, bytes) else _read(Path(source))), read=True)


@contextmanager
def holding_together(read: bool) -> Iterator[None]:
    """Convert errors in the `with` block to `DocumentError` if the document was read from a file (`read`), because contradictory
    values in the document may have caused them.
    """
    try:
        yield
    except BROKEN as error:
        if not read:
            raise
        raise DocumentError(
            f"The audit contains contradictory values ({type(error).__name__}: {error}). {AS_WRITTEN} To check its "
            "folder for changes, run `tabinterp verify`."
        ) from error


def _text(message: Message) -> str:
    return messages.text(message.key, message.values)


def _read(path: Path) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        raise DocumentError(f"the audit {str(path)!r} cannot be read: {error.strerror}") from None


def compare_audits(first: str | Path, second: str | Path, form: str = "text", lang: str = SOURCE) -> str:
    """Compare two saved audits, and return the comparison as "text", "json" or "html" in the language `lang`."""
    forms: dict[str, Callable[[Audit, Audit], str]] = {
        "text": lambda one, two: as_text(one.compare(two)),
        "json": lambda one, two: one.compare(two).to_json(),
        "html": lambda one, two: render_changes(one.document, two.document, lang),
    }
    if form not in forms:
        raise DocumentError(f"unknown format {form!r}; a comparison can be written as {', '.join(forms)}")
    with speaking(lang), holding_together(read=True):
        return forms[form](Audit.from_json(first), Audit.from_json(second))
