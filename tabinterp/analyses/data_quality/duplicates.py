"""Duplicate rows, held-out rows that equal training rows, and columns with the same content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tabinterp.arrays import HashArray, IntArray
from tabinterp.table import Table
from tabinterp.table.hash_sampling import content_hash
from tabinterp.table.split import BoolArray

from .bins import level_codes

COPIED = 0.01  # p-value below which held-out rows are called copies of training rows
SAME = 0.9999  # correlation above which two numeric columns are called the same
REPEATED = 0.5  # maximum ratio of distinct values to rows at which a recoding is informative (see `equal_columns`)
FEWEST = 10  # a column is compared only if at least this many rows do not have its most frequent value


@dataclass(frozen=True)
class Copies:
    """Counts of rows that equal an earlier row, and of held-out rows that equal a training row.

    For fields ending in `_inputs`, two rows are equal if they have the same values in all input columns except row identifiers.
    For fields ending in `_whole`, they are equal if they have the same values in all columns except the split and row
    identifiers. Two people may have the same inputs, but they rarely have the same values in all columns of a wide table.
    """

    repeated_inputs: int
    repeated_whole: int
    across_inputs: int | None  # None without a split
    across_whole: int | None
    held_out: int | None
    training_whole: int | None  # training rows that equal another training row in every column
    copied: bool | None  # whether held-out rows equal a training row more often than training rows equal each other


def copies(table: Table, identifiers: Sequence[str]) -> Copies:
    split = {c.name for c in table.schema.columns if c.role == "split"}
    whole = [c.name for c in table.schema.columns if c.name not in split | set(identifiers)]
    inputs = [c for c in table.schema.inputs if c not in identifiers] or list(table.schema.inputs)
    of_inputs, of_whole = (content_hash(table.frame, names, 0) for names in (inputs, whole))
    held = table.held_out
    return Copies(
        repeated_inputs=_repeated(of_inputs),
        repeated_whole=_repeated(of_whole),
        across_inputs=None if held is None else _across(of_inputs, held),
        across_whole=None if held is None else _across(of_whole, held),
        held_out=None if held is None else int(held.sum()),
        training_whole=None if held is None else int(_shared(of_whole[~held]).sum()),
        copied=None if held is None else _excess(of_whole, held) < COPIED,
    )


def _repeated(hashes: HashArray) -> int:
    return len(hashes) - len(np.unique(hashes))


def _across(hashes: HashArray, held_out: BoolArray) -> int:
    return int(np.isin(hashes[held_out], hashes[~held_out]).sum())


def _shared(hashes: HashArray) -> BoolArray:
    """Return whether each row (n,) has the same hash as another row."""
    _, run, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return np.asarray(counts[run] > 1)


def _excess(hashes: HashArray, held_out: BoolArray) -> float:
    """Return the one-sided p-value of the hypothesis that held-out rows equal training rows only by chance.

    Under this hypothesis, held-out rows equal a training row no more often than training rows equal each other. If a table has
    few columns with few distinct values each, both kinds of match are frequent. After a random split, they are equally frequent.
    Identical rows are treated as one observation: their contributions to the difference between the two frequencies are summed
    before the variance is computed.
    """
    _, run = np.unique(hashes, return_inverse=True)
    outside, inside = (np.bincount(run, side, int(run.max()) + 1) for side in (held_out, ~held_out))
    held, trained = outside.sum(), inside.sum()
    across, within = outside * (inside > 0), inside * (inside > 1)
    first, second = across.sum() / held, within.sum() / trained
    added = (across - first * outside) / held - (within - second * inside) / trained
    error = float(np.sqrt((added**2).sum()))
    return float(stats.norm.sf((first - second) / error)) if error > 0 else float(first <= second)


def equal_columns(table: Table) -> tuple[tuple[str, ...], ...]:
    """Return groups of input columns with the same content.

    Two columns have the same content if they are recodings of each other, or if they are numeric and one is a linear or monotone
    function of the other. A recoding is not informative if the number of distinct values exceeds half the number of rows. For
    such columns, only linear and monotone functions are considered.
    """
    families: dict[bytes, list[str]] = {}
    for name in table.schema.inputs:
        codes = level_codes(table, name)
        if len(codes) - int(np.bincount(codes + 1).max()) >= FEWEST:
            key = _key(table, name, codes)
            families.setdefault(key, []).append(name)
    found = [set(names) for names in families.values() if len(names) > 1]
    for pair in _lines(table, [names[0] for names in families.values()]):
        joined = [family for family in found if family & pair]
        found = [family for family in found if not family & pair] + [pair.union(*joined)]
    order = list(table.schema.inputs)
    return tuple(sorted(tuple(sorted(family, key=order.index)) for family in found))


def _key(table: Table, name: str, codes: IntArray) -> bytes:
    """Return a key that is equal for columns with the same content."""
    if int(codes.max(initial=-1)) + 1 <= REPEATED * len(codes):
        return hashlib.sha256(codes.tobytes()).digest()
    if table.schema[name].kind != "numeric":
        return name.encode()
    x = table.numeric(name)
    place = np.unique(x, return_inverse=True)[1]
    place = np.where(np.isnan(x), -1, place if place[0] <= place[-1] else place.max() - place)
    return b"order" + hashlib.sha256(place.astype(np.int64).tobytes()).digest()


def _lines(table: Table, names: Sequence[str]) -> list[set[str]]:
    """Return pairs of numeric columns that are perfectly correlated and missing in the same rows."""
    numeric = [name for name in names if table.schema[name].kind == "numeric"]
    if len(numeric) < 2:
        return []
    x = np.column_stack([table.numeric(name) for name in numeric])
    missing = np.isnan(x)
    means = np.nansum(x, axis=0) / np.maximum(1, (~missing).sum(axis=0))
    centred = np.where(missing, 0.0, x - means)
    size = np.sqrt((centred**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.abs(centred.T @ centred) / np.outer(size, size)
    pairs = np.argwhere(np.triu(np.nan_to_num(r) >= SAME, 1))
    return [{numeric[i], numeric[j]} for i, j in pairs if (missing[:, i] == missing[:, j]).all()]
