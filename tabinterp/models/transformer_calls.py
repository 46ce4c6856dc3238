"""Calls to users' transformers. Rows are passed in the form that was used for fitting, and outputs are returned as dense arrays
in double precision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tabinterp.arrays import FloatArray


def as_taken(function: Callable[[Any], Any], rows: pd.DataFrame, named: bool) -> Any:
    """Call a function with rows, in a form that the function accepts, and return its result.

    If the transformer was fitted on named columns (`named`), its function receives a frame. Otherwise, the function is first
    called with an array. If this fails, it is called with the frame, and then with a frame whose column names are numbers.

    Frames are tried because a user's transformer may select columns by name or by number without declaring this.
    """
    if named:
        return function(rows)
    made, refusals = None, list[Exception]()
    for form in (_values, lambda frame: frame, lambda frame: frame.set_axis(range(frame.shape[1]), axis=1)):
        try:
            made = function(form(rows))
        except Exception as error:
            refusals.append(error)
            continue
        if np.shape(made)[:1] == (len(rows),):
            return made
    if made is not None:
        return made
    raise refusals[1 if _wants_frame(refusals[0]) else 0]


def _wants_frame(error: Exception) -> bool:
    """Return whether an error shows that an array was passed but a frame is needed."""
    return any(words in str(error) for words in ("numpy.ndarray", "only integers, slices", "pandas DataFrames"))


def _values(rows: pd.DataFrame) -> NDArray[Any]:
    numeric = all(pd.api.types.is_numeric_dtype(dtype) for dtype in rows.dtypes)
    return rows.to_numpy(dtype=np.float64) if numeric else rows.to_numpy(dtype=object)


def as_array(encoded: Any) -> FloatArray:
    """Convert the output of a transformer to a dense array in double precision. The result never shares memory with a user's
    object.
    """
    if hasattr(encoded, "toarray"):
        return np.asarray(encoded.toarray(), dtype=np.float64)
    dense = encoded
    if isinstance(dense, pd.DataFrame):  # nullable columns have their own kind of missing value
        return dense.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    return np.array(dense.to_numpy() if hasattr(dense, "to_numpy") else dense, dtype=np.float64)
