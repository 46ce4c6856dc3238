"""Tables, encoders and slow oracles that the tests of models share."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

import tabinterp as ti

NUMBERS, LEVELS = ["age", "income"], ["city", "grade"]
COLUMNS = [*NUMBERS, *LEVELS]


@cache
def _frame(rows):
    draw = np.random.default_rng(7)
    age = draw.integers(18, 80, rows).astype(float)
    income = np.exp(draw.normal(10, 0.6, rows))
    city = draw.choice(["Bonn", "Köln", "Ulm", "Jena"], rows, p=[0.55, 0.3, 0.12, 0.03]).astype(object)
    grade = draw.choice(["a", "b", "c"], rows).astype(object)
    law = 0.05 * (age - 50) - (city == "Köln") + (grade == "a") * (income > 22_000) + draw.logistic(size=rows)
    frame = pd.DataFrame({"age": age, "income": income, "city": city, "grade": grade})
    for column, share in (("age", 0.1), ("income", 0.05), ("city", 0.08)):
        frame[column] = frame[column].where(draw.random(rows) > share)
    frame["binary"] = np.where(law > 0, "yes", "no")
    frame["many"] = np.select([law < -1, law < 1], ["low", "middle"], "top")
    frame["number"] = 100 + 10 * law
    return frame


TASKS = {"binary": "binary", "multiclass": "many", "regression": "number"}


def frame(rows=300):
    return _frame(rows).copy()


def table(task="binary", rows=300, source=None, **settings):
    source = frame(rows) if source is None else source
    others = [c for c in TASKS.values() if c != TASKS[task] and c in source]
    return ti.read_table(source, target=TASKS[task], task=task, drop=others, **settings)


def numeric_table(task="binary", rows=300, columns=4, scale=1.0, seed=3):
    """Numbers only: x0, x1, ... and a target y."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, columns)) * scale
    law = x[:, 0] / scale - x[:, 1] / scale * (x[:, 2] > 0) + 0.3 * draw.normal(size=rows)
    y = {"binary": law > 0, "multiclass": np.digitize(law, [-0.7, 0.7]), "regression": law}[task]
    source = pd.DataFrame(x, columns=[f"x{i}" for i in range(columns)]).assign(y=y)
    return ti.read_table(source, target="y", task=task)


# ---- encoders: name -> unfitted transformer of COLUMNS


class Centred(TransformerMixin, BaseEstimator):
    """A user's own transformer without names: each number less the row's mean."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        X = np.asarray(X, dtype=float)
        return X - X.mean(axis=1, keepdims=True)


def columns(numbers, levels, **settings):
    return ColumnTransformer([("numbers", numbers, NUMBERS), ("levels", levels, LEVELS)], **settings)


def filled(*steps):
    return make_pipeline(SimpleImputer(strategy="median"), *steps)


def one_hot(**settings):
    return OneHotEncoder(**{"handle_unknown": "ignore", "sparse_output": False} | settings)


LOCAL = {  # column by column: every encoded column depends on one original column
    "standard": columns(filled(StandardScaler()), one_hot()),
    "sparse": columns(filled(StandardScaler()), one_hot(sparse_output=True), sparse_threshold=1.0),
    "indicators": columns(make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), one_hot()),
    "constant fill": columns(SimpleImputer(strategy="constant", fill_value=-1, add_indicator=True), one_hot()),
    "minmax, drop first": columns(filled(MinMaxScaler()), one_hot(drop="first")),
    "maxabs, drop if binary": columns(filled(MaxAbsScaler()), one_hot(drop="if_binary")),
    "robust, min_frequency": columns(filled(RobustScaler()), one_hot(min_frequency=0.1)),
    "rare and drop": columns(
        filled(StandardScaler()), one_hot(min_frequency=20, drop="first", handle_unknown="infrequent_if_exist")
    ),
    "max_categories": columns(filled(StandardScaler()), one_hot(max_categories=3)),
    "unknown is an error": columns(filled(StandardScaler()), one_hot(handle_unknown="error")),
    "quantile": columns(filled(QuantileTransformer(n_quantiles=50)), one_hot()),
    "power, ordinal": columns(
        filled(PowerTransformer()),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2),
    ),
    "ordinal then scaled": columns(
        filled(StandardScaler()), make_pipeline(OrdinalEncoder(encoded_missing_value=9), StandardScaler())
    ),
    "most frequent first": columns(
        filled(StandardScaler()), make_pipeline(SimpleImputer(strategy="most_frequent"), one_hot(drop="first"))
    ),
    "passthrough inside": ColumnTransformer(
        [("fill", SimpleImputer(), ["income"]), ("levels", one_hot(), LEVELS), ("gone", "drop", ["age"])]
    ),
    "remainder": make_pipeline(
        ColumnTransformer([("levels", one_hot(), LEVELS)], remainder=SimpleImputer()), StandardScaler()
    ),
    "remainder passes": make_pipeline(
        ColumnTransformer([("levels", one_hot(), LEVELS)], remainder="passthrough"), SimpleImputer(), StandardScaler()
    ),
    "named passthrough": make_pipeline(
        ColumnTransformer([("numbers", "passthrough", NUMBERS), ("levels", one_hot(), ["grade"])]), SimpleImputer()
    ),
    "by dtype": ColumnTransformer(
        [
            ("levels", one_hot(), make_column_selector(dtype_include=object)),
            ("numbers", filled(), make_column_selector(dtype_include=float)),
        ]
    ),
    "by position, reversed": ColumnTransformer([("levels", one_hot(), [3, 2]), ("numbers", filled(), slice(0, 2))]),
    "by mask": ColumnTransformer([("numbers", filled(), [True, True, False, False])]),
    "union": FeatureUnion(
        [
            ("values", ColumnTransformer([("numbers", filled(), NUMBERS)])),
            ("missing", ColumnTransformer([("numbers", MissingIndicator(features="all"), NUMBERS)])),
            ("levels", ColumnTransformer([("levels", one_hot(), LEVELS)])),
        ]
    ),
    "pandas between": Pipeline(
        [
            ("first", columns(filled(), one_hot(), verbose_feature_names_out=False).set_output(transform="pandas")),
            ("second", ColumnTransformer([("scale", StandardScaler(), ["income", "age"])], remainder="passthrough")),
        ]
    ),
    "same column twice": ColumnTransformer(
        [("one", filled(StandardScaler()), NUMBERS), ("two", filled(MinMaxScaler()), ["age"]), ("c", one_hot(), LEVELS)]
    ),
    "a function of one column": ColumnTransformer(
        [
            ("log", filled(FunctionTransformer(np.log1p)), ["income"]),
            ("numbers", filled(StandardScaler()), ["age"]),
            ("levels", one_hot(), LEVELS),
        ]
    ),
}

MIXED = {  # name -> (transformer, columns whose encoding is mixed with another's)
    "pca": (make_pipeline(columns(filled(StandardScaler()), one_hot()), PCA(3)), set(COLUMNS)),
    "pca of numbers": (columns(filled(StandardScaler(), PCA(2)), one_hot()), set(NUMBERS)),
    "products": (columns(filled(StandardScaler(), PolynomialFeatures(2)), one_hot()), set(NUMBERS)),
    "neighbours": (columns(make_pipeline(StandardScaler(), KNNImputer(n_neighbors=2)), one_hot()), set(NUMBERS)),
    "own, without names": (columns(filled(StandardScaler(), Centred()), one_hot()), set(NUMBERS)),
}

ENCODERS = LOCAL | {name: encoder for name, (encoder, _) in MIXED.items()}


# ---- oracles


def moved_columns(encode, source, column, rows=6):
    """(width,) True where an encoded column moves when `column` alone takes any other value of the table."""
    base = source.iloc[np.linspace(0, len(source) - 1, num=rows).astype(int)].reset_index(drop=True)
    values = source[column].drop_duplicates().sort_values()  # missing ones last
    values = values.iloc[np.linspace(0, len(values) - 1, num=min(len(values), 12)).astype(int)]
    others = pd.concat([base] * len(values), ignore_index=True)
    others[column] = values.repeat(rows).reset_index(drop=True)
    encoded = dense(encode(pd.concat([base, others], ignore_index=True)))
    return (encoded[rows:].reshape(len(values), rows, -1) != encoded[:rows]).any(axis=(0, 1))


def dense(encoded):
    encoded = encoded.toarray() if hasattr(encoded, "toarray") else encoded
    return np.asarray(encoded, dtype=float)


def sigmoid(score):
    return 1 / (1 + np.exp(-score))


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
