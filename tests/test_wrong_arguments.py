"""What people pass by mistake is refused in words that say what was given and what to write."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import tabinterp as ti
from tabinterp.errors import ModelError, NotApplicableError, TableError

FRAME = pd.DataFrame(np.random.default_rng(0).normal(size=(120, 3)), columns=["age", "income", "debt"])
FRAME["default"] = (FRAME["age"] > 0).astype(int)
INPUTS = ["age", "income", "debt"]
PIPELINE = LogisticRegression().fit(FRAME[INPUTS], FRAME["default"])

ANALYSES = [
    ti.audit, ti.permutation_importance, ti.gradient_importance, ti.shapley_values, ti.effects, ti.interactions, ti.neurons,
    ti.decompose, ti.ladder, ti.trust, ti.coefficients, ti.fit_counterpart, ti.baselines, ti.linear_regions,
]  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return ti.read_table(FRAME, target="default", split=0.4)


@pytest.fixture(scope="module")
def model():
    return ti.wrap(PIPELINE)


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda function: function.__name__)
class TestWrongKinds:
    def test_a_dataframe_for_the_table(self, analysis, model):
        with pytest.raises(TableError, match=r"ti.read_table.*DataFrame.*Create the table with ti.read_table"):
            analysis(model, FRAME)

    def test_a_pipeline_for_the_model(self, analysis, table):
        with pytest.raises(ModelError, match=r"ti.wrap.*LogisticRegression.*Pass the object to ti.wrap"):
            analysis(PIPELINE, table)

    def test_swapped_arguments(self, analysis, model, table):
        with pytest.raises(ModelError, match="Pass the model as the first argument"):
            analysis(table, model)

    def test_a_path_for_the_model(self, analysis, table):
        with pytest.raises(ModelError, match=r"Call ti.load_model\('loans.skops'\)"):
            analysis("loans.skops", table)


@pytest.mark.parametrize("function", [ti.train, ti.families, ti.describe_data], ids=lambda function: function.__name__)
def test_functions_of_a_table_alone(function, model):
    with pytest.raises(TableError, match="got an object of type DataFrame"):
        function(FRAME)
    with pytest.raises(TableError, match="got a Model"):
        function(model)


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        (StandardScaler(), "not fitted"),
        (make_column_transformer((StandardScaler(), INPUTS)), "ColumnTransformer is not fitted"),
        (StandardScaler, "got the class StandardScaler"),
    ],
    ids=["scaler", "columns", "class"],
)
def test_an_encoder_that_is_not_fitted(table, encoder, words):
    with pytest.raises(ModelError, match=words):
        ti.permutation_importance(ti.wrap(torch.nn.Linear(3, 1), encoder=encoder, classes=["0", "1"]), table)


def test_a_class_for_an_estimator():
    with pytest.raises(ModelError, match="got the class MLPClassifier"):
        ti.wrap(MLPClassifier)


@pytest.mark.parametrize(
    "settings", [{"target": "defualt"}, {"target": "default", "drop": ["Income"]}], ids=["target", "drop"]
)
def test_an_unknown_column_names_the_nearest(settings):
    with pytest.raises(TableError, match=r"Did you mean '(default|income)'\?"):
        ti.read_table(FRAME, **settings)


def test_an_unknown_column_of_an_analysis_names_the_nearest(model, table):
    with pytest.raises(NotApplicableError, match=r"Did you mean 'income'\?"):
        ti.effects(model, table, columns=["incom"])


@pytest.mark.parametrize("cells", [["1", "2", "0"], ["1,5", "2", "0"]], ids=["whole numbers", "decimal commas"])
def test_a_file_of_semicolons_gets_a_hint(tmp_path, cells):
    path = tmp_path / "loans.csv"
    path.write_text("\n".join(["age;income;default", *[";".join(cells)] * 20]))
    with pytest.raises(TableError, match=r"separated by ';'"):
        ti.read_table(path, target="default")


@pytest.mark.parametrize("split", [None, 0.5], ids=["no split", "split"])
def test_a_class_of_one_training_row_is_named_with_its_rows_on_each_side(model, split):
    rare = FRAME.assign(default=(np.arange(len(FRAME)) == 5).astype(int))
    table = ti.read_table(rare, target="default", split=split)
    with pytest.raises(
        NotApplicableError, match=r"Class '1' of target 'default' has [01] training rows? and [01] held-out row"
    ):
        ti.fit_counterpart(model, table)
