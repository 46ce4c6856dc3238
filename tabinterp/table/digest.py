"""Digests of column contents, independent of the file format and the number of batches.

A plain SHA-256 of a column lets whoever knows all of its values but one try candidates for that one until the digest fits. What
is written into a document is therefore an HMAC-SHA256 of it, under a key that stands in a file of its own.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import numpy as np
import pandas as pd

MIDNIGHT = re.compile(r"^(\d{4}-\d\d-\d\d)[ T]00:00:00(?:\.0+)?$")


def column_digests(frame: pd.DataFrame) -> dict[str, str]:
    """Return by column the SHA-256 (hex) of its name and its values in order; a number counts as a double, anything else as
    its text.

    The text of a date is ISO 8601; midnight is left out of it, since not every format writes it.
    """
    digests = start(frame)
    update(digests, frame)
    return finish(digests)


def start(frame: pd.DataFrame) -> dict[str, Any]:
    """Return by column a digest of its name and type, the only parts of `frame` that are used."""
    return {str(name): hashlib.sha256(_named(str(name), _is_number(frame[name]))) for name in frame.columns}


def update(digests: dict[str, Any], frame: pd.DataFrame) -> None:
    """Update the digests with the next rows."""
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
    )  # the last: missing, code -1
    return "".join(texts[codes]).encode("utf-8", "surrogatepass")
