"""Encoded part by part, rows are what the column transformer itself makes of them, and each text is asked once."""

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from tabinterp.models.encoding import encoded_by
from tabinterp.models.transformer_cache import InParts

from .cases import COLUMNS, LEVELS, NUMBERS, columns, dense, filled, frame, one_hot

ORDINAL = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
ENCODERS = {
    "one-hot, sparse": columns(filled(StandardScaler()), OneHotEncoder(handle_unknown="ignore")),
    "one-hot, dropped, rare": columns(filled(StandardScaler()), one_hot(drop="first", min_frequency=20)),
    "ordinal": columns(filled(StandardScaler()), ORDINAL),
    "target": columns(filled(StandardScaler()), TargetEncoder(random_state=0)),
    "in another order, the rest passed": make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), [3, 2]), remainder="passthrough", verbose_feature_names_out=False
    ),
    "a pipeline of one step": make_pipeline(columns(filled(StandardScaler()), OneHotEncoder(handle_unknown="ignore"))),
}


def rows(n=1500):
    """As a table holds them, with missing cells, and levels that the encoder was not fitted on."""
    made = frame(n)[COLUMNS].astype(dict.fromkeys(LEVELS, object))
    made.loc[made.index[1000::97], "city"] = "Rom"
    return made


def coded(frame):
    """As rows come in batches: texts as codes into these, a text among them that no row holds."""
    texts = {c: ["nobody", *frame[c].dropna().unique()] for c in LEVELS}
    return frame.assign(**{c: pd.Categorical(frame[c], pd.Index(texts[c], dtype=object)) for c in LEVELS})


@pytest.mark.parametrize("name", ENCODERS)
def test_rows_are_what_the_encoder_makes_of_them(name, monkeypatch):
    source = frame(600)
    encoder = clone(ENCODERS[name]).fit(source[COLUMNS], source["number"])
    expected, asked = dense(encoder.transform(rows())), []
    seen = OneHotEncoder.transform
    monkeypatch.setattr(OneHotEncoder, "transform", lambda self, x: asked.append(len(x)) or seen(self, x))
    transform = encoded_by(encoder, source[COLUMNS], tuple(COLUMNS))
    for _ in range(2):
        np.testing.assert_array_equal(transform(rows()), expected)
    np.testing.assert_array_equal(transform(coded(rows())), expected)
    np.testing.assert_array_equal(cloudpickle.loads(cloudpickle.dumps(transform))(rows()), expected)
    assert all(one < 100 for one in asked)  # texts, and the rows that are compared once
    np.testing.assert_array_equal(
        transform(coded(rows(100))), dense(encoder.transform(rows(100)))
    )  # too few to look up


class Ranks(TransformerMixin, BaseEstimator):
    """A user's own, each row of which depends on the others."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X.rank().to_numpy()


class Lengths(OneHotEncoder):
    """A user's own: a known name's child is not known to work column by column."""

    def transform(self, X):
        return np.asarray(X.apply(lambda one: one.map(str).map(len))) + len(X)


@pytest.mark.parametrize("own", [Ranks(), Lengths()])
def test_what_depends_on_the_other_rows_is_left_to_the_encoder(own):
    encoder = ColumnTransformer([("numbers", StandardScaler(), NUMBERS), ("own", own, LEVELS)]).fit(rows())
    expected = encoder.transform(rows())
    np.testing.assert_array_equal(encoded_by(encoder, rows(), tuple(COLUMNS))(rows()), expected)


def test_few_rows_go_through_the_parts_and_ask_the_whole_once(monkeypatch):
    encoder = clone(ENCODERS["one-hot, dropped, rare"]).fit(frame(600)[COLUMNS])
    expected, asked = [dense(encoder.transform(rows(n))) for n in (40, 7, 300)], []
    own = ColumnTransformer.transform
    monkeypatch.setattr(ColumnTransformer, "transform", lambda self, x: asked.append(len(x)) or own(self, x))
    transform = InParts(encoder, dense)
    for whole in expected:
        np.testing.assert_array_equal(transform(rows(len(whole))), whole)
    assert asked == [40]
    assert transform(rows(0)) is None


def test_many_texts_and_other_encoders_are_not_looked_up():
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["id"]))
    many = pd.DataFrame({"id": pd.Series([f"{i}" for i in range(1000)], dtype=object)})
    encoder.fit(many)
    transform = InParts(encoder, dense)
    np.testing.assert_array_equal(transform(many), np.eye(1000)[np.argsort(np.argsort(many["id"]))])
    np.testing.assert_array_equal(transform(many.iloc[:100]), transform(many)[:100])
    assert InParts(OneHotEncoder().fit(many), dense)(many) is None
