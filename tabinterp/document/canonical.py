"""Reading and writing the document as canonical JSON (RFC 8785) with a final newline. The same audit therefore always has the
same digest.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import rfc8785
from pydantic import BaseModel, ValidationError

from tabinterp import messages
from tabinterp.errors import DocumentError
from tabinterp.field_errors import problem

from .document import AS_WRITTEN, OWN, SCHEMA_VERSION, Document, Message
from .upgrade.steps import upgraded

DIALECT = "https://json-schema.org/draft/2020-12/schema"
HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # an escape that may be an unpaired surrogate; canonical JSON has none
LARGEST_EXACT = 2**53 - 1  # JSON readers disagree on larger integers


def to_bytes(document: Document) -> bytes:
    """Return the document as canonical JSON with a final newline."""
    try:
        return rfc8785.dumps(document.model_dump()) + b"\n"
    except rfc8785.CanonicalizationError as error:
        raise DocumentError(
            f"The audit cannot be written as canonical JSON: {error}. Integers must be between "
            f"-{LARGEST_EXACT} and {LARGEST_EXACT}."
        ) from error


def from_bytes(data: bytes) -> Document:
    """Parse a document strictly. No value is converted, skipped or guessed.

    Readers of an audit must be able to rely on every field. Unknown fields, duplicate names and values of a wrong type therefore
    raise an error. The error states the location, the value found and the allowed values.

    A document of an earlier version is first converted to the current form (`upgrade.steps`). Notes about the changes are added
    to the document.
    """
    found = _parse(data)
    _check_version(found)
    try:
        return _validated(found)
    except DocumentError:
        older = upgraded(found, hashlib.sha256(data).hexdigest())
        if older is None:
            raise
        return _validated(older)


def _validated(found: dict[str, Any]) -> Document:
    try:
        document = Document.model_validate(found, strict=True)
    except ValidationError as error:
        raise DocumentError(_in_words(error)) from error
    _check_messages(document)
    return document


def canonical(data: bytes) -> bytes:
    """Return the same JSON in canonical form with a final newline. The JSON can be a document from any version of tabinterp."""
    return rfc8785.dumps(_parse(data)) + b"\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the document, as published in `audit-1.schema.json`."""
    published: dict[str, Any] = {"$schema": DIALECT, **Document.model_json_schema(mode="validation")}
    schemas = {name: field.kind.model_json_schema() for name, field in OWN.items()}
    for one in schemas.values():
        published["$defs"] |= one.pop("$defs", {})
    published["properties"]["analyses"] = {
        "title": "Analyses", "type": "object", "properties": schemas, "additionalProperties": False
    }  # fmt: skip
    return published


def schema_bytes() -> bytes:
    """Return the JSON Schema as the bytes of the published file."""
    return (json.dumps(schema(), indent=1, ensure_ascii=False) + "\n").encode()


def _parse(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(
            data.decode("utf-8"), parse_int=_integer, parse_constant=_no_constant, object_pairs_hook=_no_doubles
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DocumentError(
            f"The audit is not JSON in UTF-8: {error}. Give the folder of the audit, or its audit.json as tabinterp wrote it."
        ) from error
    if HALF.search(data):
        _no_halves(found)
    if not isinstance(found, dict):
        raise DocumentError(f"The audit must be a JSON object, but it is a {type(found).__name__}. {AS_WRITTEN}")
    return found


def _integer(digits: str) -> int | float:
    """Parse an integer in JSON. A large number becomes a float, because canonical JSON writes large floats without a decimal
    point.
    """
    exact = len(digits) < 18 and abs(int(digits)) <= LARGEST_EXACT
    return int(digits) if exact else float(digits)


def _no_constant(name: str) -> float:
    raise DocumentError(
        f"The audit contains {name}, which is not valid JSON. Only finite numbers and null are allowed. {AS_WRITTEN}"
    )


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise DocumentError(
            f"The audit contains the name {repeated!r} twice in the same JSON object. Each name may occur only "
            f"once. {AS_WRITTEN}"
        )
    return found


def _no_halves(found: Any) -> None:
    """Raise an error if a text contains an unpaired surrogate, which cannot be written as UTF-8."""
    try:
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        raise DocumentError(
            f"The audit contains {character!r}, an unpaired surrogate. Only valid Unicode text is allowed. {AS_WRITTEN}"
        ) from None


def _check_version(found: dict[str, Any]) -> None:
    version = found.get("schema_version", "none")
    if version != SCHEMA_VERSION:
        raise DocumentError(
            f"The audit has schema_version {version!r}, but this version of tabinterp reads {SCHEMA_VERSION!r}. Render the "
            "audit with the version of tabinterp that wrote it, or run the audit again."
        )


def _in_words(error: ValidationError) -> str:
    faults = error.errors(include_url=False)
    shown = [
        f"{'.'.join(map(str, fault['loc'])) or 'the document'}: {problem(fault)} (found {_short(fault['input'])})"
        for fault in faults[:3]
    ]
    more = f", and {len(faults) - 3} more" if len(faults) > 3 else ""
    return f"The audit does not conform to schema {SCHEMA_VERSION}: {'; '.join(shown)}{more}. {AS_WRITTEN}"


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _check_messages(document: Document) -> None:
    for place, message in _messages(document, ""):
        try:
            messages.text(message.key, message.values)
        except (KeyError, IndexError, ValueError) as error:
            raise DocumentError(
                f"{place}: this version of tabinterp has no sentence with the key {message.key!r} and values named "
                f"{sorted(message.values)} ({type(error).__name__}: {error}). {AS_WRITTEN}"
            ) from error


def _messages(part: Any, place: str) -> Iterator[tuple[str, Message]]:
    if isinstance(part, Message):
        yield place, part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _messages(getattr(part, name), f"{place}.{name}".lstrip("."))
    elif isinstance(part, list):
        for index, item in enumerate(part):
            yield from _messages(item, f"{place}.{index}")


if __name__ == "__main__":
    sys.stdout.buffer.write(schema_bytes())
