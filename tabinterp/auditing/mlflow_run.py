"""Logging of an audit to an MLflow run: metrics, tags and files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tabinterp.document.document import Document
from tabinterp.errors import MissingError

PREFIX = "tabinterp"


def mlflow_module() -> Any:
    """Import and return the module `mlflow`.

    Raises
    ------
    MissingError
        MLflow is not installed.
    """
    try:
        import mlflow  # noqa: PLC0415  # an optional library
    except ImportError:
        raise MissingError("MLflow is not installed. Install it with pip install 'tabinterp[mlflow]'") from None
    return mlflow


def metrics_of(document: Document) -> dict[str, float]:
    """Return the numbers to log: the metrics of both models, their differences with 95% intervals, and the number of raised
    findings by severity.

    Examples of names: `tabinterp.auc.network`, `tabinterp.auc.difference_low`, `tabinterp.findings.act`. Values that the document
    withholds are left out.
    """
    values: dict[str, float | None] = {}
    for row in document.performance.metrics:
        for name in ("network", "linear", "difference"):
            found = getattr(row, name)
            values |= {f"{row.metric}.{name}": found.value}
            values |= {f"{row.metric}.{name}_{end}": getattr(found, end) for end in ("low", "high")}
    raised = [one.severity for one in document.findings if one.status == "raised"]
    values |= {f"findings.{severity}": float(raised.count(severity)) for severity in ("act", "check", "note")}
    return {f"{PREFIX}.{name}": float(value) for name, value in values.items() if value is not None}


def log_files(document: Document, files: dict[str, bytes], run_id: str | None) -> str:
    """Log metrics, tags and files to an MLflow run, and return the run's ID. The default is the active run, or a new run if none
    is active.
    """
    mlflow = mlflow_module()
    if run_id is None:
        active = mlflow.active_run()
        if active is None:
            with mlflow.start_run() as active:
                return log_files(document, files, active.info.run_id)
        run_id = str(active.info.run_id)
    client = mlflow.MlflowClient()
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            Path(folder, name).write_bytes(data)
        client.log_artifacts(run_id, folder, PREFIX)
    mlflow.log_metrics(metrics_of(document), run_id=run_id)
    client.set_tag(run_id, f"{PREFIX}.verdict", document.verdict.status)
    client.set_tag(run_id, f"{PREFIX}.version", document.method.version)
    return run_id
