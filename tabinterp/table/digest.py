"""SHA-256 of what columns hold, whatever file they came in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd


def column_digests(frame: pd.DataFrame) -> dict[str, str]:
    """Column -> SHA-256 (hex) of its name and its values in order; a number is its double, anything else its text.

    The text of a date is ISO 8601, without the time of day in a column that has none, as pandas writes it to CSV.
    """
    return {str(name): _column(str(name), frame[name]) for name in frame.columns}


def table_digest(columns: Iterable[str]) -> str:
    """SHA-256 (hex) of the columns' digests in order."""
    return hashlib.sha256("\n".join(columns).encode("ascii")).hexdigest()


def _column(name: str, values: pd.Series) -> str:
    numeric = pd.api.types.is_numeric_dtype(values.dtype)
    digest = hashlib.sha256(f"{len(name)} {name} {'number' if numeric else 'text'}\n".encode("utf-8", "surrogatepass"))
    if numeric:
        digest.update((values.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0).tobytes())
    else:
        told = values.dt.date if _days(values) else values
        texts = (
            "-1 \n" if v is None else f"{len(str(v))} {v}\n" for v in told.astype(object).where(values.notna(), None)
        )
        digest.update("".join(texts).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _days(values: pd.Series) -> bool:
    """Dates without a time of day."""
    if not pd.api.types.is_datetime64_dtype(values.dtype):
        return False
    return bool((values.dt.normalize() == values)[values.notna()].all())
