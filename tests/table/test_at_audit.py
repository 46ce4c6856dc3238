"""Tables that are not as they were in training: each is handled, or refused by name."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti
from tabinterp.errors import ModelError, NotApplicableError, TableError
from tabinterp.models import bind

INPUTS = ["age", "city", "code", "own"]


def people(rows=120):
    draw = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "age": draw.integers(20, 70, rows),
            "city": draw.choice(np.array(["Bonn", "Ulm"], dtype=object), rows),
            "code": draw.integers(1, 4, rows),
            "own": draw.random(rows) < 0.5,
        }
    )
    return frame.assign(paid=np.where(frame["age"] + 9 * draw.normal(size=rows) > 45, "yes", "no"))


def network(source=None, **one_hot):
    source = people() if source is None else source
    levels = OneHotEncoder(**{"handle_unknown": "ignore"} | one_hot)
    encoder = ColumnTransformer([("n", StandardScaler(), ["age"]), ("l", levels, ["city", "code"])])
    pipeline = make_pipeline(encoder, MLPClassifier((3,), activation="tanh", max_iter=30, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return pipeline.fit(source[["age", "city", "code"]], source["paid"])


def bound_to(source, model=None, **asked):
    return bind(ti.wrap(model or network()), ti.read_table(source, target="paid", **asked))


@pytest.fixture(scope="module")
def scores():
    return bound_to(people()).scores


SAME = {
    "another order": lambda f: f[["paid", "own", "code", "city", "age"]],
    "an extra column": lambda f: f.assign(noise=1.5, word="w"),
    "integers as floats": lambda f: f.astype({"age": float, "code": float}),
    "small integers": lambda f: f.astype({"age": "int8", "code": "uint16"}),
    "categories": lambda f: f.astype({"city": "category", "own": "category"}),
    "objects, as in pandas 2": lambda f: f.astype(object),
    "str, as in pandas 3": lambda f: f.astype({"city": "str"}),
    "string": lambda f: f.astype({"city": "string"}),
    "nullable": lambda f: f.convert_dtypes(),
    "arrow dtypes": lambda f: f.convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.from_pandas,
    "lazy polars": lambda f: pl.from_pandas(f).lazy(),
    "arrow": pa.Table.from_pandas,
    "another index": lambda f: f.set_axis(np.arange(len(f)) * 7 % 5),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_rows_have_the_same_scores(name, scores):
    np.testing.assert_allclose(bound_to(SAME[name](people())).scores, scores, atol=1e-9)


def test_a_level_unseen_in_training_is_read_as_the_encoder_does_and_said():
    source = people()
    source.loc[:4, "city"] = "Jena"
    bound = bound_to(source)
    expected = network().predict_proba(source[["age", "city", "code"]])
    np.testing.assert_allclose(bound.scores[:, 0], np.log(expected[:, 1] / expected[:, 0]), atol=1e-9)
    assert bound.encoding.unseen == {"city": 5}
    notes = ti.audit(bound.model, bound.table, rows=20, analyses=["calibration"]).document.network.notes
    assert [note.values for note in notes if note.key == "model.unseen_few"] == [{"columns": ["city"], "rows": 10}]
    with pytest.raises(ModelError, match=r"raised an error for the rows of this table.*Jena"):
        bound_to(source, network(handle_unknown="error"))


def test_numbers_that_come_as_text_are_refused_and_not_read_as_unknown_levels():
    with pytest.raises(ModelError, match=r"in column 'code' differ in type.*'\d', expected values such as 1, 2, 3"):
        bound_to(people().astype({"code": str}))


def test_a_column_of_new_levels_only_is_read_and_said():
    assert bound_to(people().assign(city="Jena")).encoding.unseen == {"city": 120}


@pytest.mark.parametrize("column", ["age", "city"])
def test_a_missing_column_is_named(column):
    with pytest.raises(ModelError, match=rf"'{column}' \(not in the table\)"):
        bound_to(people().drop(columns=column))
    with pytest.raises(ModelError, match=rf"'{column}' \(has the role dropped\)"):
        bound_to(people(), drop=[column])


def test_dates_are_refused_with_the_way_out():
    with pytest.raises(
        TableError,
        match=r"'seen' contains dates.*Drop the column, use it as the split column, or convert the dates to numbers",
    ):
        bound_to(people().assign(seen=pd.date_range("2024-01-01", periods=120)))


def test_mixed_values_are_refused_by_row():
    source = people().astype(object)
    source.loc[7, "city"] = 3
    with pytest.raises(TableError, match=r"'city' contains values of different types, such as .* and 3 in row 7"):
        bound_to(source)


def test_one_row_has_scores_and_no_table_of_its_own():
    with pytest.raises(TableError, match="nothing to predict"):
        bound_to(people().iloc[:1])
    bound = bound_to(people())
    one = bound.take(np.array([3]))
    np.testing.assert_array_equal(one.scores, bound.scores[[3]])
    with pytest.raises(NotApplicableError, match="at least two rows"):
        ti.permutation_importance(one, one.table)


def test_a_sparse_encoder_is_as_a_dense_one():
    sparse, dense = (network(sparse_output=s) for s in (True, False))
    np.testing.assert_allclose(bound_to(people(), sparse).scores, bound_to(people(), dense).scores, atol=1e-12)


def test_many_levels_are_read_in_time_that_grows_with_the_rows():
    rows = 20_000
    source = people(rows).assign(id=[f"customer {i}" for i in range(rows)])
    table = ti.read_table(source, target="paid")
    assert len(table.schema["id"].levels) == rows
    assert bind(ti.wrap(network()), table).encoding.blocks["id"].tolist() == []


def test_many_columns_are_bound_in_bounded_memory():
    draw = np.random.default_rng(0)
    columns = [f"x{i}" for i in range(400)]
    source = pd.DataFrame(draw.normal(size=(60, 400)), columns=columns).assign(paid=draw.random(60) < 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = make_pipeline(StandardScaler(), MLPClassifier((2,), max_iter=3)).fit(source[columns], source["paid"])
    bound = bound_to(source, model)
    assert [bound.encoding.blocks[c].tolist() for c in columns] == [[i] for i in range(400)]


@pytest.mark.parametrize("big", [1e101, -1e300, np.inf])
def test_numbers_too_large_to_square_are_named(big):
    source = people().astype({"age": float})
    source.loc[5, "age"] = big
    with pytest.raises(TableError, match=r"'age' contains .* in row 5 "):
        bound_to(source)
