"""Any table, any small model, the whole audit: an answer or an error in words. `make fuzz` runs it for long."""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

import tabinterp as ti
from tabinterp.errors import TabinterpError
from tests.strategies import Made, made

STEPS: dict[str, Any] = {
    "plain": FunctionTransformer,
    "splines": lambda: SplineTransformer(n_knots=3),
    "bins": lambda: KBinsDiscretizer(3, strategy="uniform"),
    "target": FunctionTransformer,
    "pca": lambda: PCA(1),
}


def answer(case: Made, rows: int = 40) -> str:
    """ "answered", or the name of our own error; anything else is raised."""
    try:
        table = ti.read_table(case.frame, **case.asked)
        model = ti.wrap(_model(case, table), **_how(case, table))
        audit = ti.audit(model, table, seed=case.seed, rows=rows)
        data = audit.to_json()
        again = ti.Audit.from_json(data)
        assert (
            again.to_json() == data
        )  # the report is made of the document alone: rendering both would be twice the same
        again.to_html()
    except TabinterpError as error:
        return type(error).__name__ if str(error) else "an error without words"
    except _UserError:
        return "the model could not be trained"
    return "answered"


class _UserError(Exception):
    """scikit-learn does not train on this table: nothing of ours has run yet."""


def _how(case: Made, table: Any) -> dict[str, Any]:
    if case.model != "function":
        return {}
    return {"outputs": "logits", "classes": table.schema.classes or None} | (
        {"task": "regression"} if table.schema.task == "regression" else {}
    )


def _model(case: Made, table: Any) -> Any:
    inputs, kinds = table.inputs, {c.name: c.kind for c in table.schema.columns}
    numbers = [c for c in inputs if kinds[c] == "numeric"]
    levels = [c for c in inputs if kinds[c] != "numeric"]
    classes = len(table.schema.classes)
    if case.model == "function":
        width = max(1, classes if classes > 2 else 1)
        return lambda rows: np.stack([_value(rows, numbers) * (k + 1) for k in range(width)], axis=1)
    level = TargetEncoder(random_state=0) if case.encoder == "target" else OneHotEncoder(handle_unknown="ignore")
    number = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), STEPS[case.encoder]())
    encoder = ColumnTransformer([("n", number, numbers), ("l", level, levels)])
    training = table.training_rows()
    target = training.y if not classes else np.array(table.schema.classes, dtype=object)[training.codes].astype(str)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return make_pipeline(encoder, _final(case.model, bool(classes))).fit(training.inputs, target)
        except (ValueError, TypeError, OverflowError, np.linalg.LinAlgError) as error:
            raise _UserError from error


def _final(kind: str, classes: bool) -> Any:
    if kind == "linear":
        return LogisticRegression(max_iter=20) if classes else LinearRegression()
    network = MLPClassifier if classes else MLPRegressor
    return network((3,), max_iter=5, random_state=0, activation="tanh")


def _value(rows: pd.DataFrame, numbers: list[str]) -> Any:
    return np.tanh(sum((rows[c].fillna(0.5).to_numpy(dtype=float) for c in numbers), np.zeros(len(rows))))


def run(examples: int, derandomize: bool = False) -> dict[str, int]:
    """How often each answer came."""
    counts: dict[str, int] = {}

    @settings(
        max_examples=examples,
        derandomize=derandomize,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(made())
    def every_table_is_answered(case: Made) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries; our own are errors
            warnings.filterwarnings("error", module=r"tabinterp\.")
            warnings.simplefilter("ignore", ConvergenceWarning)
            found = answer(case)
        counts[found] = counts.get(found, 0) + 1

    every_table_is_answered()
    return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100_000)
    print(run(parser.parse_args().examples))
