"""Digests of the contents of columns. They do not depend on the file format or on the number of batches.

If a document contained the plain SHA-256 of a column, anyone who knows all values but one could find the remaining value by
trying candidates until the digest matches. A document therefore contains an HMAC-SHA256 of the digest. The key of the HMAC is
stored in a separate file.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import numpy as np
import pandas as pd

MIDNIGHT = re.compile(r"^(\d{4}-\d\d-\d\d)[ T]00:00:00(?:\.0+)?$")


def column_digests(frame: pd.DataFrame) -> dict[str, str]:
    """Return, for each column, the SHA-256 (hex) of its name and its values in order. Numbers are hashed as doubles, and all
    other values as text.

    Dates are hashed in ISO 8601 format. A time of midnight is omitted, because some file formats do not store it.
    """
    digests = start(frame)
    update(digests, frame)
    return finish(digests)


def start(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a digest object for each column, to be passed to `update`. Each digest already covers the name and type of the
    column, but no values.
    """
    return {str(name): hashlib.sha256(_named(str(name), _is_number(frame[name]))) for name in frame.columns}


def update(digests: dict[str, Any], frame: pd.DataFrame) -> None:
    """Add the values of the next rows to the digests, in place."""
    for name, digest in digests.items():
        digest.update(_bytes(frame[name]))


def finish(digests: dict[str, Any]) -> dict[str, str]:
    return {name: digest.hexdigest() for name, digest in digests.items()}


def _named(name: str, numeric: bool) -> bytes:
    return f"{len(name)} {name} {'number' if numeric else 'text'}\n".encode("utf-8", "surrogatepass")


def _is_number(values: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values.dtype))


def _bytes(values: pd.Series) -> bytes:
    if _is_number(values):
        return bytes((values.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0).tobytes())
    codes, levels = pd.factorize(values.astype(object).map(str, na_action="ignore"))
    known = (MIDNIGHT.sub(r"\1", text) for text in levels)
    texts = np.array(
        [*(f"{len(text)} {text}\n" for text in known), "-1 \n"], dtype=object
    )  # code -1, missing, selects the last
    return "".join(texts[codes]).encode("utf-8", "surrogatepass")
