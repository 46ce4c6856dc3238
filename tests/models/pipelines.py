"""A literal list of encoders as users build them, and what is expected of each."""

from dataclasses import dataclass, field
from typing import Any

import category_encoders as ce
import numpy as np
import skrub
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

from .cases import COLUMNS, LEVELS, NUMBERS, columns, filled, one_hot


@dataclass(frozen=True)
class Case:
    """An unfitted encoder of `columns`, and the columns that cannot be moved without encoding whole rows."""

    encoder: Any
    slow: set[str] = field(default_factory=set)
    columns: tuple[str, ...] = tuple(COLUMNS)


class Ratio(TransformerMixin, BaseEstimator):
    """A user's own transformer of named columns, without names of its own."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        numbers = X[["age", "income"]].astype(float).fillna(1.0)
        return np.column_stack([numbers["income"] / numbers["age"], X["city"] == "Bonn"]).astype(float)


def word_length(frame):
    return np.asarray(frame.fillna("").map(len), dtype=float)


ORDINAL = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)

PIPELINES = {
    "bins, one-hot": Case(columns(filled(KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf")), one_hot())),
    "bins, dense": Case(
        columns(
            filled(KBinsDiscretizer(3, encode="onehot-dense", quantile_method="averaged_inverted_cdf")),
            one_hot(drop="first"),
        )
    ),
    "bins, ordinal": Case(columns(filled(KBinsDiscretizer(5, encode="ordinal", strategy="uniform")), ORDINAL)),
    "splines": Case(columns(filled(SplineTransformer(n_knots=4)), one_hot())),
    "splines without bias": Case(
        columns(filled(StandardScaler(), SplineTransformer(include_bias=False, extrapolation="linear")), one_hot())
    ),
    "quantile": Case(
        columns(filled(QuantileTransformer(n_quantiles=40, output_distribution="normal")), one_hot(sparse_output=True))
    ),
    "power": Case(columns(filled(PowerTransformer()), one_hot())),
    "target encoder": Case(columns(filled(StandardScaler()), TargetEncoder(random_state=0))),
    "target encoder, then splines": Case(
        make_pipeline(columns(filled(StandardScaler()), TargetEncoder(random_state=0)), SplineTransformer(n_knots=3))
    ),
    "identity function": Case(columns(filled(FunctionTransformer(), StandardScaler()), one_hot())),
    "function of all numbers": Case(columns(filled(FunctionTransformer(np.log1p)), one_hot())),
    "function of a frame": Case(
        ColumnTransformer([("n", filled(StandardScaler()), NUMBERS), ("w", FunctionTransformer(word_length), LEVELS)])
    ),
    "union": Case(
        ColumnTransformer(
            [
                ("n", filled(FeatureUnion([("s", StandardScaler()), ("b", SplineTransformer(n_knots=3))])), NUMBERS),
                ("l", one_hot(), LEVELS),
            ]
        )
    ),
    "union with pca": Case(
        ColumnTransformer(
            [
                ("n", filled(StandardScaler(), FeatureUnion([("s", StandardScaler()), ("p", PCA(1))])), NUMBERS),
                ("l", one_hot(), LEVELS),
            ]
        ),
        set(NUMBERS),
    ),
    "nested": Case(
        make_pipeline(
            ColumnTransformer(
                [
                    (
                        "inner",
                        ColumnTransformer(
                            [("a", filled(StandardScaler()), ["age"]), ("c", one_hot(), ["city"])], remainder="drop"
                        ),
                        ["age", "city"],
                    ),
                    ("outer", one_hot(), ["grade"]),
                ],
                remainder=SimpleImputer(),
            ),
            StandardScaler(),
        )
    ),
    "remainder passes": Case(
        make_pipeline(
            ColumnTransformer([("l", one_hot(), LEVELS)], remainder="passthrough"), SimpleImputer(), StandardScaler()
        )
    ),
    "pandas out": Case(columns(filled(StandardScaler()), one_hot()).set_output(transform="pandas")),
    "polars out": Case(columns(filled(StandardScaler()), one_hot()).set_output(transform="polars")),
    "neighbours": Case(columns(make_pipeline(StandardScaler(), KNNImputer(n_neighbors=3)), one_hot()), set(NUMBERS)),
    "iterative": Case(
        columns(make_pipeline(IterativeImputer(max_iter=3, random_state=0), StandardScaler()), one_hot()), set(NUMBERS)
    ),
    "pca": Case(make_pipeline(columns(filled(StandardScaler()), one_hot()), PCA(3)), set(COLUMNS)),
    "polynomials": Case(columns(filled(StandardScaler(), PolynomialFeatures(2)), one_hot()), set(NUMBERS)),
    "squares only": Case(
        ColumnTransformer(
            [
                ("a", filled(StandardScaler(), PolynomialFeatures(2, include_bias=False)), ["age"]),
                ("l", one_hot(), LEVELS),
            ]
        )
    ),
    "own, no names": Case(Ratio(), {"age", "income", "city", "grade"}),
    "own in a union": Case(
        FeatureUnion([("own", Ratio()), ("l", ColumnTransformer([("l", one_hot(), LEVELS)]))]), set(COLUMNS)
    ),
    "selected": Case(
        make_pipeline(columns(filled(StandardScaler()), one_hot()), SelectKBest(f_classif, k=4)),
    ),
    "category-encoders one-hot": Case(
        make_pipeline(ce.OneHotEncoder(cols=LEVELS, use_cat_names=True), SimpleImputer(), StandardScaler())
    ),
    "category-encoders ordinal": Case(make_pipeline(ce.OrdinalEncoder(cols=LEVELS), SimpleImputer(), StandardScaler())),
    "category-encoders target": Case(make_pipeline(ce.TargetEncoder(cols=LEVELS), SimpleImputer(), StandardScaler())),
    "category-encoders binary": Case(
        make_pipeline(ce.BinaryEncoder(cols=LEVELS), SimpleImputer(), StandardScaler()), set(COLUMNS)
    ),
    "skrub": Case(make_pipeline(skrub.TableVectorizer(), SimpleImputer(), StandardScaler())),
    "skrub, ordinal": Case(
        make_pipeline(skrub.TableVectorizer(low_cardinality=ORDINAL), SimpleImputer(), StandardScaler())
    ),
}
