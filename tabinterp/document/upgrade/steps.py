"""Steps that convert a saved document of an earlier version, in the order of the changes to schema 1.x. Each step applies one
change to the parsed JSON.

If there is nothing to convert, a step returns the document unchanged. `docs/schema.md` explains which changes to the schema need
a step.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tabinterp import messages
from tabinterp.document.base import Message

Json = dict[str, Any]
Step = Callable[[Json], Json]

FAR = 0.99  # oddness from which an optimum was unreadable, before documents stored this limit
MALFORMED = (AttributeError, LookupError, RecursionError, TypeError, ValueError)  # raised by malformed values
NOTE = "migration."


def upgraded(document: Json, digest: str) -> Json | None:
    """Return the document in the current form with a note on each change, or None if no step applies.

    Parameters
    ----------
    document : dict
        A saved audit as parsed JSON.
    digest : str
        SHA-256 digest of the file (hex), which the notes mention.
    """
    made, names = document, list[str]()
    for name, step in STEPS[len(BEFORE_SETTINGS) :] if "settings" in document else STEPS:
        before = made
        with suppress(*MALFORMED):  # errors in the document are reported when it is parsed
            made = step(before)
        if made is not before:
            names.append(name)
    if not names:
        return None
    notes = [_note("source", digest=digest), *map(_note, names)]
    told = made.get("not_assessed")
    return made | {"not_assessed": [*told, *notes]} if isinstance(told, list) else made


def _note(name: str, **values: str) -> Json:
    return {"key": f"{NOTE}{name}", "values": values}


def migration_notes(notes: list[Message]) -> list[Message]:
    """Return the notes about the conversion of a document from an earlier version."""
    return [note for note in notes if note.key.startswith(NOTE)]


def _line_on_other_metrics(document: Json) -> Json:
    """2026-11-24: the sentence on metrics other than the primary one no longer covers R2, because R2 follows from the squared
    error. If R2 is the only other metric, the sentence is removed.
    """
    lines = document["verdict"]["lines"]
    kept = [line for line in lines if not line["key"].startswith("verdict.others.")]
    if len(kept) == len(lines) or {row["metric"] for row in document["performance"]["metrics"][1:]} != {"r2"}:
        return document
    return document | {"verdict": document["verdict"] | {"lines": kept}}


def _evidence(document: Json) -> Json:
    """2026-11-25: documents contain a list of clauses with their evidence. For earlier documents, this step adds an empty list,
    because the evidence can be computed later.
    """
    return document if "evidence" in document else document | {"evidence": []}


def _proxies_of_reasons(document: Json) -> Json:
    """2026-11-25: a reason lists the protected columns for which its column is a proxy. For earlier documents, this step adds an
    empty list.
    """
    reasons = document.get("reasons")
    if reasons is None or all("proxy_of" in row for row in reasons["columns"]):
        return document
    return document | {"reasons": reasons | {"columns": [{"proxy_of": []} | row for row in reasons["columns"]]}}


def _unit_cards(document: Json) -> Json:
    """2026-11-28: cards of hidden units show panels of real rows, and state how atypical an optimum is. This step removes earlier
    cards.
    """
    inside = document.get("inside")
    if inside is None or all("bars" in card for card in inside["cards"]):
        return document
    absent = {"template_columns": [], "templates": [], "far": FAR}
    return document | {"inside": absent | inside | {"cards": [], "outputs": []}}


def _rows_of_derivatives(document: Json) -> Json:
    """2026-11-28: a term states the number of rows over which its derivative is averaged. In earlier documents, this number was
    the same for all terms.
    """
    coefficients = document["coefficients"]
    if all("network_rows" in term for term in coefficients["terms"]):
        return document
    rows = coefficients["rows_network"]
    terms = [
        {"network_rows": None if term["network"]["value"] is None else rows} | term for term in coefficients["terms"]
    ]
    return document | {"coefficients": coefficients | {"terms": terms}}


def _rows_of_ranks(document: Json) -> Json:
    """2026-11-28: Spearman correlations of hidden units may use fewer rows than the units' means. In earlier documents, both
    used the same rows.
    """
    neurons = document["neurons"]
    return document if "rows_ranks" in neurons else document | {"neurons": neurons | {"rows_ranks": neurons["rows"]}}


def _sentences(part: Any) -> Any:
    """Replace the key of each message that the current catalogue can no longer render with the key of the earlier sentence (in
    `text.py`).
    """
    if isinstance(part, list):
        items = [_sentences(item) for item in part]
        return part if all(new is old for new, old in zip(items, part, strict=True)) else items
    if not isinstance(part, dict):
        return part
    fields = {name: _sentences(field) for name, field in part.items()}
    if part.keys() == {"key", "values"} and not _readable(part["key"], part["values"]):
        former = (f"former.{part['key']}", f"former.{part['key']}.earlier")
        fields["key"] = next((key for key in former if _readable(key, part["values"])), part["key"])
    return part if all(fields[name] is part[name] for name in part) else fields


def _readable(key: str, values: Json) -> bool:
    try:
        messages.text(key, values)
    except (KeyError, IndexError, ValueError):
        return False
    return True


BEFORE_SETTINGS: tuple[tuple[str, Step], ...] = (  # which documents hold since 2026-11-30
    ("line_on_other_metrics", _line_on_other_metrics),
    ("evidence", _evidence),
    ("proxies_of_reasons", _proxies_of_reasons),
    ("unit_cards", _unit_cards),
    ("rows_of_derivatives", _rows_of_derivatives),
    ("rows_of_ranks", _rows_of_ranks),
)
STEPS: tuple[tuple[str, Step], ...] = (*BEFORE_SETTINGS, ("sentences", _sentences))
