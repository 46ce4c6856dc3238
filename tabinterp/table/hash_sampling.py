"""Random draws of rows by a hash of the row's number or contents.

Whether a row is drawn depends only on the row and the seed. It does not depend on how the rows are divided into batches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray, HashArray, IntArray


def splitmix(x: HashArray) -> HashArray:
    """Apply the SplitMix64 finaliser (Steele, Lea & Flood 2014), a bijection that mixes the bits of 64-bit integers well."""
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
    """Draw at most `size` of the `rows` without replacement, and return their positions in the order of their hashes."""
    return np.asarray(np.argsort(row_hash(rows, seed), kind="stable")[:size], dtype=np.int64)


def content_hash(frame: pd.DataFrame, columns: Sequence[str], seed: int) -> HashArray:
    """Return a hash of each row's contents in `columns`. The hash does not depend on the order of the columns. Integers and
    floats with the same value have the same hash.
    """
    total = np.zeros(len(frame), dtype=np.uint64)
    for name in columns:
        key = pd.util.hash_array(np.array([name], dtype=object))
        with np.errstate(over="ignore"):
            total += splitmix(_value_hash(frame[name]) ^ key)
    return splitmix(total ^ splitmix(np.array([seed], dtype=np.uint64)))


def _value_hash(values: pd.Series) -> HashArray:
    """Return a hash of each value. 1, 1.0, True and the string "1" have the same hash, because the type of a column may differ
    between batches.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _number_hash(values.to_numpy(dtype=np.float64, na_value=np.nan))
    values = values.astype(object)
    try:
        return _text_hash(values.map(str, na_action="ignore"))
    except UnicodeEncodeError:  # an unpaired surrogate, which is refused with its row when the column is read
        return _text_hash(values.map(ascii, na_action="ignore"))


def _text_hash(texts: pd.Series) -> HashArray:
    """Return a hash of each string. A string that represents a number has the same hash as that number."""
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
