"""Random draws by hash of a row's number or contents.

The draw of a row depends only on the row and the seed, so it does not change with the partition of the rows into batches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray, HashArray, IntArray


def splitmix(x: HashArray) -> HashArray:
    """Apply the SplitMix64 finaliser (Steele, Lea & Flood 2014), a bijection of 64-bit integers that scatters well."""
    with np.errstate(over="ignore"):
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def row_hash(rows: IntArray, seed: int) -> HashArray:
    """Return a pseudo-random 64-bit integer for each row number."""
    return splitmix(splitmix(rows.astype(np.uint64)) ^ splitmix(np.array([seed], dtype=np.uint64)))


def uniform(hashes: HashArray) -> FloatArray:
    """Convert hashes to numbers in [0, 1)."""
    return np.asarray((hashes >> np.uint64(11)) / float(1 << 53), dtype=np.float64)


def chosen(rows: IntArray, size: int, seed: int) -> IntArray:
    """Return the positions of a seeded random sample without replacement from `rows`. There are at most `size` of them, in the
    order of their hashes.
    """
    return np.asarray(np.argsort(row_hash(rows, seed), kind="stable")[:size], dtype=np.int64)


def content_hash(frame: pd.DataFrame, columns: Sequence[str], seed: int) -> HashArray:
    """Return a hash of each row's contents in `columns`. It does not depend on the order of columns, or on whether 1 is an int or
    a float.
    """
    total = np.zeros(len(frame), dtype=np.uint64)
    for name in columns:
        key = pd.util.hash_array(np.array([name], dtype=object))
        with np.errstate(over="ignore"):
            total += splitmix(_value_hash(frame[name]) ^ key)
    return splitmix(total ^ splitmix(np.array([seed], dtype=np.uint64)))


def _value_hash(values: pd.Series) -> HashArray:
    """Hash values. 1, 1.0, True and the string "1" have the same hash, because a column may have different types in different
    parts of the rows.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _number_hash(values.to_numpy(dtype=np.float64, na_value=np.nan))
    values = values.astype(object)
    try:
        return _text_hash(values.map(str, na_action="ignore"))
    except UnicodeEncodeError:  # an unpaired surrogate, which is refused with its row when the column is read
        return _text_hash(values.map(ascii, na_action="ignore"))


def _text_hash(texts: pd.Series) -> HashArray:
    """Hash strings. A string that is a number has the hash of the number."""
    codes, levels = pd.factorize(texts)
    distinct = np.array([*levels, ""], dtype=object)  # the last represents missing values, whose code is -1
    as_numbers = np.array([*map(_number, levels), np.nan])
    hashes = np.asarray(pd.util.hash_array(distinct), dtype=np.uint64)
    same = ~np.isnan(as_numbers)
    same[-1] = True
    hashes[same] = _number_hash(as_numbers[same])
    return hashes[codes]


def _number_hash(values: FloatArray) -> HashArray:
    return np.asarray(pd.util.hash_array(values + 0.0), dtype=np.uint64)  # -0.0 and 0.0 are the same value


def _number(text: str) -> float:
    try:
        return float({"true": 1, "false": 0}.get(text.lower(), text))
    except ValueError:
        return np.nan
