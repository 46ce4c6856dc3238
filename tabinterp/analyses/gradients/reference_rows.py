"""Baselines for gradient attributions: the mean of the encoded rows, the median row, or zero."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tabinterp.arrays import FloatArray
from tabinterp.errors import NotApplicableError
from tabinterp.models import BoundModel
from tabinterp.table import Table

BASELINES = ("mean", "median", "zero")


def baseline_of(bound: BoundModel, name: str) -> FloatArray:
    """Return the encoded baseline (d,) with this name.

    The baseline is the weighted "mean" of the encoded rows, the weighted "median" row, or "zero" in every encoded column. For a
    categorical column, the median row has the most frequent level; the mean is a mixture of levels that no real row has.
    """
    if name not in BASELINES:
        raise NotApplicableError(f"baseline must be 'mean', 'median' or 'zero'; got {name!r}")
    if name == "zero":
        return np.zeros(bound.x.shape[1])
    if name == "mean":
        return np.asarray(np.average(bound.x, axis=0, weights=bound.table.weights))
    return np.asarray(bound.encoding.transform(typical_row(bound.table))[0])


def typical_row(table: Table) -> pd.DataFrame:
    """Return a row with the weighted median of each numeric column and the most frequent level of each other column.

    If the median is not unique, the lower value is used.
    """
    frame, own = table.inputs, table.weights
    weights = pd.Series(np.ones(len(frame)) if own is None else own, index=frame.index)
    row = frame.iloc[[0]].copy()
    for column in frame.columns:
        mass = weights.groupby(frame[column]).sum()  # weight of each value that is not missing, in order
        if len(mass) == 0:
            continue
        if table.schema[column].kind == "numeric":
            value = mass.index[int((mass.cumsum() < mass.sum() / 2).sum())]
        else:
            value = mass.idxmax()
        row[column] = pd.Series([value], index=row.index).astype(frame[column].dtype)
    return row
