"""Columns may have any name: a method of pandas, a word of Python, a column of our own results, no letter at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti

NAMES = ["self", "class", "index", "level_0", "", "  ", "importance", "column", "x" * 500, "🧪"]
LEVELS = "index"  # the column of categories
TARGET = "key"
ROWS = 800


@pytest.fixture(scope="module")
def fitted():
    draws = np.random.default_rng(0)
    inputs = pd.DataFrame({name: draws.normal(size=ROWS) for name in NAMES})
    inputs[LEVELS] = draws.choice(["a", "b", "c"], ROWS)
    target = (inputs["self"] + inputs[""] * (inputs[LEVELS] == "a") + draws.normal(size=ROWS) > 0).astype(int)
    encoder = make_column_transformer((OneHotEncoder(), [LEVELS]), remainder=StandardScaler())
    network = make_pipeline(encoder, MLPClassifier((6,), max_iter=60, random_state=0))
    frame = inputs.copy()
    frame[TARGET] = target
    frame["frame"] = draws.choice(["train", "test"], ROWS)
    table = ti.read_table(frame, target=TARGET, split="frame", protected=[LEVELS])
    return ti.wrap(network.fit(inputs, target)), table


# Most analyses give a frame below; the nightly run has all of them in the audit too.
SOME = ["data_quality", "effects", "gradients", "groups", "interactions", "permutation_importance", "unit_correlations"]


@pytest.mark.parametrize(
    "analyses",
    [SOME, pytest.param(None, marks=pytest.mark.nightly)],
    ids=["some", "all"],
)
def test_an_audit_takes_any_column_name(fitted, analyses, undrawn_but_named):
    audit = ti.audit(*fitted, rows=60, analyses=analyses)
    assert {row.column for row in audit.document.importance.columns} == set(NAMES)
    assert {curve.column for curve in audit.document.effects.curves} <= set(NAMES)
    assert "🧪" in audit.to_html()


@pytest.mark.parametrize(
    "analysis",
    [
        ti.permutation_importance,
        ti.gradient_importance,
        lambda model, table: ti.shapley_values(model, table.take(np.arange(100))),
        ti.effects,
        ti.interactions,
        ti.neurons,
        ti.neuron_correlations,
        ti.decompose,
        ti.ladder,
        lambda model, table: ti.maximise(model, table, objective=ti.unit(layer=1, index=0)),
        lambda model, table: ti.coefficients(ti.fit_counterpart(model, table), table),
    ],
    ids=["permutation", "gradients", "shapley", "effects", "interactions", "neurons", "correlations", "decompose", "ladder",
         "maximise", "coefficients"],
)  # fmt: skip
def test_each_analysis_names_the_columns_in_its_frame(fitted, analysis):
    frame = analysis(*fitted).frame()
    assert len(frame)
    assert frame.columns.is_unique
    assert set(frame["column"].dropna()) <= set(NAMES) if "column" in frame else True


@pytest.mark.parametrize("names", [[0, 1, 2], [("a", 1), ("a", 2), ("b", 1)]], ids=["numbers", "tuples"])
def test_names_that_are_no_text_are_read_as_text(names):
    draws = np.random.default_rng(1)
    frame = pd.DataFrame(draws.normal(size=(60, 3)), columns=pd.Index(names, tupleize_cols=False))
    frame["target"] = draws.integers(0, 2, 60)
    table = ti.read_table(frame, target="target")
    assert table.schema.inputs == tuple(map(str, names))


def test_rows_read_in_batches_take_any_column_name(fitted, tmp_path):
    _, table = fitted
    path = tmp_path / "rows"
    path.mkdir()
    table.frame.to_parquet(path / "part.parquet")
    scan = ti.scan_table(path, target=TARGET, split="frame")
    assert scan.sample.schema.inputs == tuple(NAMES)
