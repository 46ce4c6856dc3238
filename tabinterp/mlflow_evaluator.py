"""The evaluator "tabinterp" for `mlflow.models.evaluate`. It audits the model that MLflow loaded, and logs the audit to the
MLflow run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import EvaluationResult
from mlflow.models.evaluation import ModelEvaluator
from mlflow.models.evaluation.artifacts import CsvEvaluationArtifact, JsonEvaluationArtifact, TextEvaluationArtifact

from tabinterp.auditing.mlflow_run import PREFIX, metrics_of, mlflow_module
from tabinterp.auditing.run import audit
from tabinterp.errors import ModelError, TabinterpError, did_you_mean
from tabinterp.models.wrap import wrap
from tabinterp.table import Table, read_table

TASKS = {"classifier": None, "regressor": "regression"}
OWN = "training_data"
NOT_HERE: dict[Callable[..., Any], set[str]] = {
    read_table: {"source", "target", "split", "stratify", "seed"},
    wrap: {"model", "task", "device", "name"},
    audit: {"model", "table", "engine", "progress", "announce", "declined"},
}  # arguments that MLflow's own arguments already provide, or that make no sense in a run
KINDS = {
    "report.html": TextEvaluationArtifact,
    "audit.json": JsonEvaluationArtifact,
    "findings.csv": CsvEvaluationArtifact,
}


class Evaluator(ModelEvaluator):  # type: ignore[misc]
    """An MLflow evaluator that audits a classifier or a regressor.

    `evaluator_config` can contain arguments of `ti.read_table` (such as `adverse`, `protected`, `group`), of `ti.wrap` (such as
    `encoder` for a PyTorch network) and of `ti.audit` (such as `analyses`, `seed`). It can also contain `training_data`: a
    dataframe of the rows with which the model was trained, including the target. Without `training_data`, the audit uses only the
    evaluation rows, and does not conclude whether the model predicts better than its linear counterpart.
    """

    @classmethod
    def can_evaluate(cls, *, model_type: str, evaluator_config: dict[str, Any] | None = None, **_: Any) -> bool:
        return model_type in TASKS

    def evaluate(
        self,
        *,
        model_type: str,
        dataset: Any,
        run_id: str,
        evaluator_config: dict[str, Any],
        model: Any = None,
        **_: Any,
    ) -> EvaluationResult:
        """Audit the model on the rows of a dataset, and log the audit to the MLflow run."""
        if model is None or not dataset.has_targets:
            raise TabinterpError(
                "the evaluator 'tabinterp' needs a model and the targets. It evaluates the model on modified rows, so "
                "stored predictions are not enough. Pass the model's URI and targets= to mlflow.models.evaluate"
            )
        settings = _sorted(evaluator_config)
        table = _table(dataset, model_type, evaluator_config.get(OWN), settings[read_table])
        wrapped = wrap(_scored(model, model_type), name=_name(model), **settings[wrap])
        made = audit(wrapped, table, **settings[audit])
        made.log_to_mlflow(run_id)
        run = mlflow_module().get_run(run_id)
        artifacts = {name: kind(f"{run.info.artifact_uri}/{PREFIX}/{name}") for name, kind in KINDS.items()}
        return EvaluationResult(metrics_of(made.document), artifacts, run_id)


def _sorted(config: dict[str, Any]) -> dict[Callable[..., Any], dict[str, Any]]:
    """Return, for each of the functions `read_table`, `wrap` and `audit`, the settings in `config` that are its arguments.

    Raises
    ------
    TabinterpError
        If a setting is not an argument of any of these functions.
    """
    known = {
        name: function
        for function, left_out in NOT_HERE.items()
        for name in inspect.signature(function).parameters
        if name not in left_out
    }
    sides: dict[Callable[..., Any], dict[str, Any]] = {function: {} for function in NOT_HERE}
    for name, value in config.items():
        if name == OWN:
            continue
        if name not in known:
            raise TabinterpError(
                f"unknown setting {name!r} in evaluator_config.{did_you_mean(name, [*known, OWN])} The settings are "
                f"{', '.join([OWN, *known])}"
            )
        sides[known[name]][name] = value
    return sides


def _table(dataset: Any, model_type: str, training: pd.DataFrame | None, settings: dict[str, Any]) -> Table:
    features = dataset.features_data
    if not isinstance(features, pd.DataFrame):
        names = list(dataset.feature_names)
        features = pd.DataFrame(np.asarray(features), columns=names)
    target = dataset.targets_name if isinstance(dataset.targets_name, str) else "target"
    held_out = features.reset_index(drop=True)
    held_out[target] = np.asarray(dataset.labels_data)
    settings = {"task": TASKS[model_type], **settings}
    if training is None:
        return read_table(held_out, target=target, **settings)
    missing = [name for name in held_out if name not in training]
    if missing:
        raise TabinterpError(
            f"training_data lacks the columns {missing} of the evaluation data; the columns of training_data are "
            f"{list(training)}. Add the missing columns to training_data"
        )
    split = "split"
    while split in held_out:
        split += "_"
    parts = [training[list(held_out)].assign(**{split: "train"}), held_out.assign(**{split: "test"})]
    return read_table(pd.concat(parts, ignore_index=True), target=target, split=split, **settings)


def _scored(model: Any, model_type: str) -> Any:
    """Return the model that was logged to MLflow. If it cannot be wrapped directly, return a function that takes a dataframe and
    returns predictions.
    """
    try:
        raw = model.get_raw_model()
    except (NotImplementedError, AttributeError):
        raw = None
    if raw is not None and (hasattr(raw, "predict_proba") or hasattr(raw, "forward") or model_type == "regressor"):
        return raw
    if model_type == "regressor":
        return lambda frame: np.asarray(model.predict(frame), dtype=np.float64).reshape(len(frame))

    def probabilities(frame: pd.DataFrame) -> Any:
        answers = np.asarray(model.predict(frame))
        if answers.ndim == 1 and answers.dtype.kind != "f":
            raise ModelError(
                "the model returns classes, but an audit needs probabilities. Log a scikit-learn model with "
                'pyfunc_predict_fn="predict_proba", or return probabilities from predict'
            )
        return answers

    return probabilities


def _name(model: Any) -> str | None:
    metadata = getattr(model, "metadata", None)
    return getattr(metadata, "name", None) or None
