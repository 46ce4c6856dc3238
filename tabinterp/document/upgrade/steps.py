"""The changes of schema 1.x, oldest first: each step brings a saved document, as parsed JSON, one change further.

A step returns the document that it was given where there is nothing to do. `docs/schema.md` says when a change needs one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tabinterp import messages
from tabinterp.document.base import Message

Json = dict[str, Any]
Step = Callable[[Json], Json]

FAR = 0.99  # oddness from which on an optimum was unreadable before documents held it
MALFORMED = (AttributeError, LookupError, RecursionError, TypeError, ValueError)  # of values that are no document's
NOTE = "migration."


def upgraded(document: Json, digest: str) -> Json | None:
    """Return the document in the present form, with a note on each change; None where no step applies.

    Parameters
    ----------
    document : dict
        A saved audit as parsed JSON.
    digest : str
        SHA-256 of the file (hex), which the notes name.
    """
    made, names = document, list[str]()
    for name, step in STEPS[len(BEFORE_SETTINGS) :] if "settings" in document else STEPS:
        before = made
        with suppress(*MALFORMED):  # what is wrong with the document is said when it is read
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
    """Return those notes that say what was changed in a document of an earlier version."""
    return [note for note in notes if note.key.startswith(NOTE)]


def _line_on_other_metrics(document: Json) -> Json:
    """2026-11-24: R2, which repeats the squared error, is no other metric; a sentence on it alone is left out."""
    lines = document["verdict"]["lines"]
    kept = [line for line in lines if not line["key"].startswith("verdict.others.")]
    if len(kept) == len(lines) or {row["metric"] for row in document["performance"]["metrics"][1:]} != {"r2"}:
        return document
    return document | {"verdict": document["verdict"] | {"lines": kept}}


def _evidence(document: Json) -> Json:
    """2026-11-25: documents hold the clauses for which they are evidence. A reader can work them out again."""
    return document if "evidence" in document else document | {"evidence": []}


def _proxies_of_reasons(document: Json) -> Json:
    """2026-11-25: a reason names the protected columns of which it is a proxy."""
    reasons = document.get("reasons")
    if reasons is None or all("proxy_of" in row for row in reasons["columns"]):
        return document
    return document | {"reasons": reasons | {"columns": [{"proxy_of": []} | row for row in reasons["columns"]]}}


def _unit_cards(document: Json) -> Json:
    """2026-11-28: cards of hidden units show panels of real rows and how atypical an optimum is; earlier cards are left out."""
    inside = document.get("inside")
    if inside is None or all("bars" in card for card in inside["cards"]):
        return document
    absent = {"template_columns": [], "templates": [], "far": FAR}
    return document | {"inside": absent | inside | {"cards": [], "outputs": []}}


def _rows_of_derivatives(document: Json) -> Json:
    """2026-11-28: a term says on how many rows its average derivative was read. Before, it was the same number for all."""
    coefficients = document["coefficients"]
    if all("network_rows" in term for term in coefficients["terms"]):
        return document
    rows = coefficients["rows_network"]
    terms = [
        {"network_rows": None if term["network"]["value"] is None else rows} | term for term in coefficients["terms"]
    ]
    return document | {"coefficients": coefficients | {"terms": terms}}


def _rows_of_ranks(document: Json) -> Json:
    """2026-11-28: rank correlations of hidden units may be of fewer rows than their means. Before, they were of the same."""
    neurons = document["neurons"]
    return document if "rows_ranks" in neurons else document | {"neurons": neurons | {"rows_ranks": neurons["rows"]}}


def _sentences(part: Any) -> Any:
    """A sentence that was removed since, or that shows other values now, is the one it was then (`text.py`)."""
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
