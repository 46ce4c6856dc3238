"""The encoder of the reference network. It replaces missing numbers with medians, standardises numeric columns, and one-hot
encodes levels.

For each numeric column with missing values, an indicator column marks the rows in which the number was missing. In columns that
are not numeric, a missing value is treated as a separate level. Levels with fewer than ten training rows share one encoded
column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tabinterp.errors import TableError
from tabinterp.table.rounding import Rounding
from tabinterp.table.suppression import SMALL

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Progress = Callable[[int, int, float], None]

POOLED, FAR = "(levels of fewer than 10 training rows)", 2**24  # placeholders for rare levels: text and number


def build_encoder(frame: pd.DataFrame, kinds: Mapping[str, str]) -> ColumnTransformer:
    """Return an unfitted encoder of the columns named in `kinds`; every encoded column depends on one original column.

    Numeric columns: missing values are replaced by the median, and an indicator is added if the training rows have missing
    values. The columns are then standardised to mean 0 and standard deviation 1.

    Categorical, boolean and ordinal columns: each level has its own encoded column. A missing value is treated as a separate
    level. `None` and `NaN` are two different levels, so use only one of them.

    Levels with fewer than 10 training rows share one encoded column, which also represents unseen levels. If there is no such
    column, an unseen level is encoded as zeros. The encoder does not store the names of rare levels, except `True` and `False`,
    so they do not appear in saved models either.

    Parameters
    ----------
    frame : the training rows on which the encoder will be fitted.
    kinds : kind of each column to encode.

    >>> rooms = pd.DataFrame({"size": [20.0, None, 35.0], "floor": ["low", "high", None]})
    >>> encoder = build_encoder(rooms, {"size": "numeric", "floor": "categorical"})
    >>> encoder.fit_transform(rooms).shape
    (3, 3)
    """
    if not kinds:
        raise TableError(
            "the encoder needs at least one input column; got none. Give the kind of each column to encode"
        )
    for name, kind in kinds.items():
        _check_column(frame, name, kind)
    numeric = [name for name, kind in kinds.items() if kind == "numeric"]
    levels = [name for name, kind in kinds.items() if kind != "numeric"]
    blocks = [("numeric", number_encoder(), numeric), ("levels", _pooled(frame[levels]), levels)]
    return ColumnTransformer([block for block in blocks if block[2]])


def fitted_encoder(frame: pd.DataFrame, kinds: Mapping[str, str]) -> ColumnTransformer:
    """Return the encoder from `build_encoder`, fitted to these rows, with medians that do not reveal the value of any single row.

    Each median is rounded until the values of at least ten rows would round to the same number. If a column has fewer than ten
    values, the median is set to 0. Means and standard deviations are computed after the rounded medians have replaced missing
    values.
    """
    encoder = build_encoder(frame, kinds).fit(frame)
    if "numeric" in encoder.named_transformers_:
        imputer, scaler = (step for _, step in encoder.named_transformers_["numeric"].steps)
        numbers = frame[list(imputer.feature_names_in_)]
        columns = (numbers[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in numbers)
        rounded = [Rounding(x)(median) for x, median in zip(columns, imputer.statistics_, strict=True)]
        imputer.statistics_ = np.nan_to_num(np.array(rounded))
        scaler.fit(imputer.transform(numbers))
    return encoder


def number_encoder() -> Pipeline:
    """Return the encoder of numeric columns.

    The encoder replaces missing values with the median, adds an indicator of missing values, and standardises the columns to mean
    0 and standard deviation 1.
    """
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )


def level_encoder(most: int | None = None) -> OneHotEncoder:
    """Return the encoder of columns that are not numeric, with one encoded column per level.

    Levels with fewer than 10 rows are merged into one encoded column. If more than `most` encoded columns would remain, the next
    rarest levels are also merged.
    """
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=SMALL, max_categories=most, sparse_output=False
    )


def _pooled(frame: pd.DataFrame) -> OneHotEncoder:
    """Return an unfitted `level_encoder` that produces the same encoded columns without storing the names of levels with fewer
    than 10 rows.

    One placeholder replaces the rare levels of a column. No row contains the placeholder, so scikit-learn treats it as infrequent
    and encodes unknown levels in the same way.
    """
    encoder = level_encoder()
    if frame.shape[1] == 0:
        return encoder
    found = level_encoder().fit(frame)
    kept = [_kept(*one) for one in zip(found.categories_, found.infrequent_categories_, strict=True)]
    return encoder.set_params(categories=kept)


def _kept(levels: npt.NDArray[Any], rare: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
    """Return the levels of a column, with one placeholder in place of all rare levels, in an order that scikit-learn accepts."""
    if rare is None or all(isinstance(level, (bool, np.bool_)) for level in rare):
        return levels
    frequent = levels[~pd.Index(levels).isin(rare)]
    if levels.dtype.kind in "iuf":
        top = np.iinfo(levels.dtype).max if levels.dtype.kind in "iu" else FAR  # must not depend on the rare levels
        free = next(top - n for n in range(len(frequent) + 1) if top - n not in frequent)
        return np.sort(np.append(frequent, np.array([free], dtype=levels.dtype)))
    number = any(isinstance(level, (int, float)) and not np.isnan(level) for level in levels)  # in an object column
    placeholder: Any = next(FAR - n for n in range(len(frequent) + 1) if FAR - n not in frequent) if number else POOLED
    while not number and placeholder in frequent:
        placeholder += "…"
    return np.array([placeholder, *frequent], dtype=object)


def _check_column(frame: pd.DataFrame, name: str, kind: str) -> None:
    """Raise an error that names the column if it cannot be encoded as a column of this kind."""
    if kind not in ("numeric", "categorical", "boolean", "ordinal"):
        raise TableError(f"the kind of column {name!r} must be numeric, categorical, boolean or ordinal; got {kind!r}")
    if name not in frame.columns:
        raise TableError(f"column {name!r} is not in the table. The columns of the table are {list(frame.columns)}")
    if kind == "numeric":
        try:
            values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise TableError(
                f"column {name!r} is declared numeric, but not all of its values are numbers ({error}). Convert the values to "
                "numbers, or declare the column categorical"
            ) from error
        if np.isinf(values).any():
            raise TableError(
                f"column {name!r} contains infinite values. Replace these values with finite numbers or missing values"
            )
        return
    levels = frame[name].drop_duplicates()
    if levels.dtype.kind not in "biuf" and any(level is pd.NA for level in levels):
        raise TableError(
            f"column {name!r} contains pandas.NA, which scikit-learn's encoders do not support. Use None or NaN for missing "
            "values"
        )
    try:
        sorted(levels.dropna())
    except TypeError as error:
        raise TableError(
            f"column {name!r} contains values of different types ({error}). Convert all values to text, or all to numbers"
        ) from error
