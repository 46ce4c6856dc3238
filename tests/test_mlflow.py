"""MLflow, against its own server with SQLite: the evaluator, audits in a run, and models by URI."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tabinterp as ti
from tabinterp.auditing import mlflow_run
from tabinterp.errors import MissingError, ModelError, TabinterpError, UnsafeFileError
from tabinterp.mlflow_evaluator import Evaluator
from tabinterp.models import bind
from tests.test_docs import run

pytestmark = [
    pytest.mark.filterwarnings("ignore::Warning:mlflow.*"),
    pytest.mark.filterwarnings("ignore:.*pickle.*"),
]
ADAM = "sklearn.neural_network._stochastic_optimizers.AdamOptimizer"
ANALYSES = ["permutation_importance", "groups"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of MLflow on loopback, with SQLite and a folder of artifacts."""
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "artifacts"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(600):
                try:
                    urlopen(f"{url}/health").close()
                    break
                except (URLError, ConnectionError):
                    assert process.poll() is None, (folder / "log").read_text("utf-8")
                    time.sleep(0.2)
            before = mlflow.get_tracking_uri()
            mlflow.set_tracking_uri(url)
            yield url
            mlflow.set_tracking_uri(before)
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # with its workers, who would wait for each other
            process.wait()


def rows(n: int = 400) -> pd.DataFrame:
    draw = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"age": draw.normal(50, 10, n), "debt": draw.exponential(1.0, n), "sex": draw.integers(0, 2, n)}
    )
    frame = frame.astype({"sex": "float64"})
    frame["bad"] = (draw.logistic(size=n) < frame["debt"] - 1 + (frame["age"] - 50) / 10).astype(int)
    return frame


TRAINING, HELD_OUT = rows().iloc[:200], rows().iloc[200:]
INPUTS = ["age", "debt", "sex"]


def fitted():
    network = MLPClassifier((8,), max_iter=300, random_state=0)
    return make_pipeline(StandardScaler(), network).fit(TRAINING[INPUTS], TRAINING["bad"])


def logged(model, **settings) -> str:
    with mlflow.start_run():
        return mlflow.sklearn.log_model(model, name="model", pip_requirements=[], **settings).model_uri


@pytest.fixture(scope="module")
def uri(server):
    return logged(fitted(), serialization_format="skops", skops_trusted_types=[ADAM])


def evaluate(model, data=HELD_OUT, model_type="classifier", targets="bad", **config):
    with mlflow.start_run() as run:
        found = mlflow.models.evaluate(
            model, data, targets=targets, model_type=model_type, evaluators="tabinterp", evaluator_config=config
        )
    return found, mlflow.get_run(run.info.run_id)


# ---- the evaluator


def test_a_logged_model_is_audited_and_the_audit_is_in_its_run(uri):
    config = {"training_data": TRAINING, "positive": 1, "adverse": 1, "protected": ["sex"], "analyses": ANALYSES}
    found, run = evaluate(uri, **config)
    frame = pd.concat([TRAINING.assign(split="train"), HELD_OUT.assign(split="test")])
    table = ti.read_table(frame, target="bad", split="split", positive=1, adverse=1, protected=["sex"])
    wanted = ti.audit(ti.wrap(fitted()), table, analyses=ANALYSES)
    for row in wanted.document.performance.metrics:
        for name in ("network", "linear", "difference"):
            assert found.metrics[f"tabinterp.{row.metric}.{name}"] == pytest.approx(getattr(row, name).value, rel=1e-6)
    assert run.data.metrics == pytest.approx(found.metrics)
    assert run.data.tags["tabinterp.verdict"] == wanted.verdict.status
    assert run.data.tags["tabinterp.version"] == ti.__version__
    raised = wanted.findings.frame().query("status == 'raised'")
    for severity in ("act", "check", "note"):
        assert found.metrics[f"tabinterp.findings.{severity}"] == (raised["severity"] == severity).sum()
    names = {one.path for one in mlflow.MlflowClient().list_artifacts(run.info.run_id, "tabinterp")}
    assert names == {f"tabinterp/{name}" for name in ("report.html", "audit.json", "findings.csv")}
    document = ti.Audit.from_json(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/tabinterp/audit.json"))
    assert document.verdict == wanted.verdict
    assert json.loads(wanted.to_json())["verdict"] == found.artifacts["audit.json"].content["verdict"]
    assert "<html" in found.artifacts["report.html"].content
    assert len(found.artifacts["findings.csv"].content) == len(wanted.findings.frame())


def test_a_torch_network_is_audited(server):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    with mlflow.start_run():
        uri = mlflow.pytorch.log_model(
            network, name="model", serialization_format="pickle", pip_requirements=[]
        ).model_uri
    data = HELD_OUT.astype(dict.fromkeys(INPUTS, "float32"))
    found, _ = evaluate(uri, data, encoder="passthrough", positive=1, analyses=["gradients"])
    table = ti.read_table(data, target="bad", positive=1)
    wanted = ti.audit(ti.wrap(network, encoder="passthrough"), table, analyses=["gradients"])
    assert found.metrics == pytest.approx(mlflow_run.metrics_of(wanted.document))
    assert len(found.metrics) > 3


class Shares(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        chance = 1 / (1 + np.exp(1 - model_input["debt"].to_numpy()))
        return np.column_stack([1 - chance, chance])


class Labels(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return (model_input["debt"].to_numpy() > 1).astype(int)


@pytest.mark.filterwarnings("ignore::Warning")
def test_a_python_function_is_audited_by_its_answers(server):
    with mlflow.start_run():
        uris = [
            mlflow.pyfunc.log_model(name="model", python_model=one(), pip_requirements=[]).model_uri
            for one in (Shares, Labels)
        ]
    found, _ = evaluate(uris[0], positive=1, analyses=["permutation_importance"])
    assert found.metrics["tabinterp.auc.network"] > 0.5
    with pytest.raises(ModelError, match='pyfunc_predict_fn="predict_proba"'):
        evaluate(uris[1], positive=1, analyses=["permutation_importance"])


def test_a_regression_is_audited(server):
    model = LinearRegression().fit(TRAINING[["age", "sex"]], TRAINING["debt"])
    data = HELD_OUT[["age", "sex", "debt"]]
    found, _ = evaluate(
        logged(model, serialization_format="skops"), data, "regressor", "debt", analyses=["permutation_importance"]
    )
    assert found.metrics["tabinterp.squared_error.network"] == pytest.approx(
        np.mean((model.predict(data[["age", "sex"]]) - data["debt"]) ** 2), rel=1e-6
    )


def test_the_evaluator_is_for_classifiers_and_regressors():
    assert Evaluator.can_evaluate(model_type="classifier")
    assert not Evaluator.can_evaluate(model_type="text-summarization")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"advers": 1}, "unknown setting 'advers' in evaluator_config. Did you mean 'adverse'"),
        ({"target": "bad"}, "unknown setting 'target'"),
        ({"training_data": TRAINING[["age"]]}, "training_data lacks the columns"),
    ],
)
def test_a_mistake_in_the_settings_is_named(config, said, uri):
    with pytest.raises(TabinterpError, match=said):
        evaluate(uri, **config)


def test_predictions_alone_are_refused(server):
    data = HELD_OUT[["bad"]].assign(p=0.5)
    with pytest.raises(TabinterpError, match="needs a model and the targets"), mlflow.start_run():
        mlflow.models.evaluate(
            data=data, targets="bad", predictions="p", model_type="classifier", evaluators="tabinterp"
        )


# ---- an audit in a run


def made():
    table = ti.read_table(HELD_OUT, target="bad", positive=1)
    return ti.audit(ti.wrap(fitted()), table, analyses=["permutation_importance"])


def test_an_audit_goes_to_the_active_run_or_to_a_new_one(server):
    audit = made()
    with mlflow.start_run() as run:
        assert audit.log_to_mlflow() == run.info.run_id
    new = audit.log_to_mlflow()
    assert new != run.info.run_id
    assert mlflow.active_run() is None
    assert audit.log_to_mlflow(run.info.run_id) == run.info.run_id
    for one in (new, run.info.run_id):
        assert mlflow.get_run(one).data.metrics == pytest.approx(mlflow_run.metrics_of(audit.document))


def test_without_mlflow_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingError, match=r"pip install 'tabinterp\[mlflow\]'"):
        mlflow_run.mlflow_module()
    with pytest.raises(MissingError, match=r"pip install 'tabinterp\[mlflow\]'"):
        ti.load_model("models:/churn/1")


@pytest.mark.nightly
def test_the_page_runs(server, tmp_path, monkeypatch):
    """All analyses, and MLflow works out what the model needs."""
    names = run("mlflow.md", tmp_path, monkeypatch)
    assert names["found"].metrics["tabinterp.auc.network"] > 0.5
    linear = ti.fit_counterpart(names["model"], names["table"])
    assert ti.performance(names["model"], names["table"], linear).status == names["audit"].verdict.status


# ---- models by URI


def test_a_model_is_loaded_by_its_uri(uri):
    loaded, ours = ti.load_model(Path(uri)), ti.wrap(fitted())
    table = ti.read_table(HELD_OUT, target="bad", positive=1)
    one, other = (ti.audit(model, table, analyses=["permutation_importance"]) for model in (loaded, ours))
    assert one.verdict == other.verdict
    assert one.document.performance == other.document.performance


@pytest.mark.parametrize("in_one_file", [True, False])
def test_an_onnx_network_is_loaded_from_its_folder(in_one_file, tmp_path):
    draw = np.random.default_rng(0)
    weight, bias = (
        draw.normal(size=(3, 600)).astype("float32"),
        np.zeros(600, "float32"),
    )  # enough for a file of their own
    initial = [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")]
    initial += [numpy_helper.from_array(np.ones((600, 1), "float32"), "v")]
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["h"]), helper.make_node("Relu", ["h"], ["a"])]
    nodes += [helper.make_node("MatMul", ["a", "v"], ["y"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, size]) for name, size in (("x", 3), ("y", 1))]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], initial)
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    mlflow.onnx.save_model(network, tmp_path / "model", save_as_external_data=not in_one_file, pip_requirements=[])
    if not in_one_file:
        with pytest.raises(UnsafeFileError, match="save_as_external_data=False"):
            ti.load_model(tmp_path / "model", encoder="passthrough", task="regression")
        return
    table = ti.read_table(HELD_OUT.drop(columns="bad").assign(y=1.0 * np.arange(len(HELD_OUT))), target="y")
    model = ti.load_model(tmp_path / "model", encoder="passthrough", task="regression")
    scores = np.maximum(HELD_OUT[INPUTS].to_numpy() @ weight, 0).sum(axis=1)
    np.testing.assert_allclose(bind(model, table).scores[:, 0], scores, rtol=1e-4)


class Trap:
    def __reduce__(self):
        return (os.mkdir, ("trapped",))


def test_a_pickle_in_a_folder_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("flavors: {sklearn: {serialization_format: pickle}}", "utf-8")
    content = pickle.dumps(Trap())
    (tmp_path / "model" / "model.pkl").write_bytes(content)
    with pytest.raises(UnsafeFileError, match='serialization_format="skops"'):
        ti.load_model("model")
    assert not (tmp_path / "trapped").exists()
    pickle.loads(content)
    assert (tmp_path / "trapped").exists()  # it would have been


def test_a_pickled_model_is_refused_unless_it_is_trusted(server, tmp_path):
    uri = logged(fitted(), serialization_format="cloudpickle")
    with pytest.raises(UnsafeFileError, match='serialization_format="skops"'):
        ti.load_model(uri)
    folder = tmp_path / "local"
    mlflow.artifacts.download_artifacts(uri, dst_path=str(folder))
    path = next(folder.rglob("model.pkl"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(ModelError, match="SHA-256"):
        ti.load_model(path.parent, unsafe_pickle=True, sha256="0" * 64)
    table = ti.read_table(HELD_OUT, target="bad", positive=1)
    one, other = (
        ti.audit(m, table, analyses=[])
        for m in (ti.load_model(path.parent, unsafe_pickle=True, sha256=digest), ti.wrap(fitted()))
    )
    assert one.document.performance == other.document.performance


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "flavors: {sklearn: {serialization_format: skops, pickled_model: ../other.skops}}",
            "not a file in that folder",
        ),
        ("flavors: {sklearn: {serialization_format: skops, pickled_model: [a]}}", "not a file in that folder"),
        (
            "flavors: {python_function: {}}",
            r"no flavour that can be read without running code \(flavours: python_function\)",
        ),
        ("flavors: []", "lists no flavours"),
        ("[", "not valid YAML"),
        ("!!python/object/apply:os.mkdir [trapped]", "not valid YAML"),
    ],
)
def test_a_damaged_folder_is_refused(header, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "MLmodel").write_text(header, "utf-8")
    with pytest.raises(ModelError, match=said):
        ti.load_model(tmp_path)
    assert not (tmp_path / "trapped").exists()


def test_a_link_in_a_folder_is_refused(tmp_path):
    (tmp_path / "other").write_bytes(b"x")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.skops").symlink_to(tmp_path / "other")
    (tmp_path / "model" / "MLmodel").write_text("flavors: {sklearn: {serialization_format: skops}}", "utf-8")
    with pytest.raises(ModelError, match="symbolic link"):
        ti.load_model(tmp_path / "model")


def test_a_model_that_is_not_there_is_named(server):
    with pytest.raises(ModelError, match="the model 'models:/none/1' cannot be downloaded from MLflow"):
        ti.load_model("models:/none/1")
