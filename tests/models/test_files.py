"""Files of other programs: what is read equals the same network in memory; what a file is, its bytes decide."""

import contextlib
import json
import pickle
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import KBinsDiscretizer, SplineTransformer, StandardScaler, TargetEncoder

import tabinterp as ti
from tabinterp.errors import ModelError, UnsafeFileError
from tabinterp.models import bind
from tabinterp.models.io import formats as kinds
from tabinterp.models.io import pickles as pickled
from tabinterp.models.io import skops_archive
from tabinterp.models.io import state_dict as state
from tabinterp.models.io.inspection import LOOKS
from tabinterp.models.io.load import LOADERS
from tabinterp.models.io.reading import Content
from tabinterp.models.transformer_calls import as_array

from . import cases, hostile

FORMATS = {"safetensors": hostile.safetensors_bytes} | ({"torch": hostile.state_bytes} if state.is_read() else {})


@pytest.fixture(params=FORMATS)
def weights(request, tmp_path):
    """A weights file, under a name that says nothing."""
    path = tmp_path / "model.bin"
    path.write_bytes(FORMATS[request.param]())
    return path, request.param


def scores(model, table):
    return bind(model, table).scores


def test_weights_with_layers_are_the_network(weights, tmp_path):
    path, kind = weights
    table = cases.numeric_table("binary", 80, hostile.COLUMNS)
    model = ti.load_model(path, architecture=hostile.architecture(tmp_path), encoder="passthrough")
    plain = ti.wrap(hostile.module(), encoder="passthrough", task="binary")
    np.testing.assert_array_equal(scores(model, table), scores(plain, table))
    assert model.file.format == kind
    one, two = (ti.gradient_importance(m, table, method="integrated_gradients", seed=0).frame() for m in (model, plain))
    pd.testing.assert_frame_equal(one, two)


def test_an_encoder_comes_from_a_skops_archive(weights, tmp_path):
    path, _ = weights
    table = cases.numeric_table("binary", 80, hostile.COLUMNS)
    encoder = StandardScaler().fit(table.frame[["x0", "x1", "x2"]])
    skops.io.dump(encoder, tmp_path / "encoder.skops")
    architecture = hostile.architecture(tmp_path, classes=[False, True], name="mine")
    model = ti.load_model(path, architecture=architecture, encoder=tmp_path / "encoder.skops")
    given = ti.load_model(path, architecture=architecture, encoder=encoder)
    plain = ti.wrap(hostile.module(), encoder=encoder, classes=[False, True])
    assert model.name == "mine"
    for one in (model, given):
        np.testing.assert_array_equal(scores(one, table), scores(plain, table))


def test_layers_may_have_the_names_of_a_module_with_a_forward_of_its_own(tmp_path):
    made = {
        f"{'fc1' if name[0] == '0' else 'out.last'}{name[1:]}": value
        for name, value in hostile.module().state_dict().items()
    }
    (tmp_path / "m").write_bytes(safetensors.torch.save(made))
    layers = [hostile.LAYERS[0] | {"name": "fc1"}, hostile.LAYERS[1], hostile.LAYERS[2] | {"name": "out.last"}]
    architecture = hostile.architecture(tmp_path, layers=layers)
    table = cases.numeric_table("binary", 80, hostile.COLUMNS)
    model = ti.load_model(tmp_path / "m", architecture=architecture, encoder="passthrough")
    plain = ti.wrap(hostile.module(), encoder="passthrough", task="binary")
    np.testing.assert_array_equal(scores(model, table), scores(plain, table))


def test_weights_alone_say_what_is_missing(weights, tmp_path):
    path, _ = weights
    found = ti.inspect_model(path)
    assert found.safe
    assert "--architecture" in found.needs
    assert [tuple(t.shape) for t in sorted(found.tensors, key=lambda t: t.name)] == [(4,), (4, 3), (1,), (1, 4)]
    with pytest.raises(ModelError, match="architecture="):
        ti.load_model(path, encoder="passthrough")
    with pytest.raises(ModelError, match="encoder="):
        ti.load_model(path, architecture=hostile.architecture(tmp_path))


WRONG = {
    "other width": {
        "layers": [{"kind": "Linear", "settings": {"in_features": 9, "out_features": 4}}, *hostile.LAYERS[1:]]
    },
    "one layer less": {"layers": hostile.LAYERS[:1]},
    "no bias": {"layers": [hostile.LAYERS[0] | {"bias": False}, *hostile.LAYERS[1:]]},
    "one name twice": {"layers": [layer | {"name": "a"} for layer in hostile.LAYERS]},
    "unknown field": {"hook": 1},
    "unknown task": {"task": "evil"},
    "unknown outputs": {"outputs": "evil"},
    "unknown layer": {"layers": [{"kind": "Lambda"}]},
    "text": {"layers": "Linear"},
    "classes of objects": {"classes": [{"a": 1}]},
}


@pytest.mark.parametrize("what", WRONG)
def test_layers_that_do_not_fit_are_refused(what, weights, tmp_path):
    path, _ = weights
    with pytest.raises(ModelError):
        ti.load_model(path, architecture=hostile.architecture(tmp_path, **WRONG[what]), encoder="passthrough")


def test_half_precision_and_mixed_weights_are_refused_with_the_way_out(tmp_path):
    for made in (
        hostile.module().half().state_dict(),
        {n: v.double() if n == "2.bias" else v for n, v in hostile.module().state_dict().items()},
    ):
        (tmp_path / "m").write_bytes(safetensors.torch.save(made))
        with pytest.raises(ModelError, match=r"\.float\(\)"):
            ti.load_model(tmp_path / "m", architecture=hostile.architecture(tmp_path), encoder="passthrough")


def test_an_encoder_that_is_a_pickle_is_refused(weights, tmp_path):
    path, _ = weights
    marker = tmp_path / "marker"
    (tmp_path / "encoder.skops").write_bytes(hostile.payload(marker))
    with pytest.raises(UnsafeFileError, match="pickle"):
        ti.load_model(path, architecture=hostile.architecture(tmp_path), encoder=tmp_path / "encoder.skops")
    assert not marker.exists()


def test_a_skops_pipeline_is_the_pipeline(tmp_path):
    path = tmp_path / "model.pkl"  # the name lies, and does not matter
    path.write_bytes(hostile.skops_bytes())
    table = cases.numeric_table("binary", 80, hostile.COLUMNS)
    model = ti.load_model(path)
    np.testing.assert_array_equal(scores(model, table), scores(ti.wrap(hostile.estimator()), table))
    found = ti.inspect_model(path)
    assert found.safe
    assert "sklearn.preprocessing._data.StandardScaler" in found.types
    with pytest.raises(ModelError, match="contains its"):
        ti.load_model(path, encoder="passthrough")


ESTIMATORS = {  # what a pipeline may be made of, and skops does not trust by itself in part
    "SGDClassifier": lambda: SGDClassifier(loss="log_loss"),
    "PoissonRegressor": PoissonRegressor,
    "CalibratedClassifierCV": lambda: CalibratedClassifierCV(LogisticRegression(), cv=3),
    "TransformedTargetRegressor": lambda: TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
    "GridSearchCV": lambda: GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=3),
    "SplineTransformer": SplineTransformer,
    "KBinsDiscretizer": lambda: KBinsDiscretizer(quantile_method="averaged_inverted_cdf"),
    "TargetEncoder": TargetEncoder,
    "IterativeImputer": IterativeImputer,
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_is_fitted_can_be_read_back_from_skops(name):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(60, 3))
    fitted = ESTIMATORS[name]().fit(x, (x[:, 0] > 0).astype(int))
    again = skops_archive.load(Content("model.skops", skops.io.dumps(fitted)))
    act = "transform" if hasattr(fitted, "transform") else "predict"
    one, two = (as_array(getattr(each, act)(x).reshape(60, -1)) for each in (fitted, again))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("size", range(0, 340, 11))
def test_every_truncation_is_refused(size, tmp_path):
    path = tmp_path / "m"
    for make in (hostile.safetensors_bytes, hostile.state_bytes, hostile.skops_bytes, hostile.bundle_bytes):
        data = make()
        path.write_bytes(data[: size * len(data) // 340])
        assert not ti.inspect_model(path).safe
        with pytest.raises(ModelError):
            ti.load_model(path, architecture=hostile.architecture(tmp_path), encoder="passthrough")


def test_flipped_bytes_are_an_answer_or_a_named_error(tmp_path):
    draw = np.random.default_rng(0)
    path, architecture = tmp_path / "m", hostile.architecture(tmp_path)
    for make in (hostile.safetensors_bytes, hostile.state_bytes, hostile.skops_bytes, hostile.bundle_bytes):
        for _ in range(60):
            data = bytearray(make())
            for place in draw.integers(0, len(data), 3):
                data[place] = draw.integers(0, 256)
            path.write_bytes(bytes(data))
            ti.inspect_model(path)
            with contextlib.suppress(ti.TabinterpError):
                ti.load_model(path, architecture=architecture, encoder="passthrough")


def test_a_long_header_and_a_bomb_cost_no_time(tmp_path):
    start = time.perf_counter()
    for what in ("zip bomb", "deep JSON", "layers larger than memory", "tensor larger than its storage"):
        ti.inspect_model(hostile.CASES[what](tmp_path, tmp_path / "marker"))
    assert time.perf_counter() - start < 10


# ---- pickles, on purpose


@pytest.fixture
def joblib_file(tmp_path):
    path = tmp_path / "model.joblib"
    joblib.dump(hostile.estimator(), path)
    return path, Content("", path.read_bytes()).sha256


def test_a_pickle_is_loaded_by_its_digest_alone(joblib_file):
    path, digest = joblib_file
    for wrong in ({}, {"sha256": digest}, {"unsafe_pickle": True}, {"unsafe_pickle": True, "sha256": "0" * 64}):
        with pytest.raises(UnsafeFileError):
            ti.load_model(path, **wrong)
    model = ti.load_model(path, unsafe_pickle=True, sha256=digest.upper())
    assert model.file.unsafe
    assert model.file.sha256 == digest
    table = cases.numeric_table("binary", 80, hostile.COLUMNS)
    np.testing.assert_array_equal(scores(model, table), scores(ti.wrap(hostile.estimator()), table))


def test_a_wrong_digest_runs_nothing(tmp_path):
    marker = tmp_path / "marker"
    path = tmp_path / "model.pkl"
    path.write_bytes(hostile.payload(marker))
    with pytest.raises(UnsafeFileError, match="SHA-256"):
        ti.load_model(path, unsafe_pickle=True, sha256="f" * 64)
    assert not marker.exists()


def test_a_whole_module_is_loaded_by_its_digest(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(hostile.real_module())
    digest = Content("", path.read_bytes()).sha256
    with pytest.raises(UnsafeFileError, match="state_dict"):
        ti.load_model(path)
    assert ti.load_model(path, encoder="passthrough", unsafe_pickle=True, sha256=digest).file.format == "torch"


@pytest.mark.parametrize(
    "make", [hostile.skops_bytes, hostile.safetensors_bytes, hostile.bundle_bytes, hostile.torchscript]
)
def test_unsafe_is_for_pickles_only(make, tmp_path):
    path = tmp_path / "m"
    path.write_bytes(make())
    with pytest.raises(ModelError, match="unsafe_pickle=True is only for pickles"):
        ti.load_model(path, unsafe_pickle=True, sha256=Content("", path.read_bytes()).sha256)


def test_pickles_of_something_else_are_named(tmp_path):
    for value in ({"model": 1}, [1, 2], "text", None):
        path = tmp_path / "m.pkl"
        path.write_bytes(pickle.dumps(value))
        with pytest.raises(ModelError):
            ti.load_model(path, unsafe_pickle=True, sha256=Content("", path.read_bytes()).sha256)


def test_running_is_recorded_and_raised_and_a_bundle_remembers_it(joblib_file, tmp_path, undrawn):
    path, digest = joblib_file
    table = cases.numeric_table("binary", 80, hostile.COLUMNS)
    model = ti.load_model(path, unsafe_pickle=True, sha256=digest)
    audit = ti.audit(model, table, rows=60, analyses=["calibration"])
    settings = audit.document.method.settings
    assert settings["network_file_unsafe"] is True
    assert settings["network_file_sha256"] == digest
    assert "model.unsafe" in [note.key for note in audit.document.network.notes]
    found = audit.findings.frame().set_index("slug")
    assert found.loc["unsafe-model-file", "status"] == "raised"
    assert digest in audit.to_html()
    assert ti.Audit.from_json(audit.to_json()).to_html() == audit.to_html()

    bundle = ti.save_model(model, tmp_path / "bundle")
    again = ti.load_model(bundle)
    assert again.file.made_from == ("pickle", digest)
    assert ti.load_model(ti.save_model(again, tmp_path / "twice.zip")).file.made_from == ("pickle", digest)
    clean = ti.audit(again, table, rows=60, analyses=["calibration"])
    assert clean.findings.frame().set_index("slug").loc["unsafe-model-file", "status"] == "cleared"
    assert "model.made_from" in [note.key for note in clean.document.network.notes]


# ---- what a file is


@pytest.mark.parametrize("what", hostile.PICKLES)
def test_what_a_pickle_would_call_is_named(what, tmp_path):
    marker = tmp_path / "marker"
    found = ti.inspect_model(hostile.CASES[what](tmp_path, marker))
    assert not found.safe
    assert not marker.exists()
    if "in a state dict" in what or found.format in ("pickle", "compressed", "torch-old"):
        assert any("pathlib" in name for name in found.imports), (what, found.imports)


def test_inspection_is_json(tmp_path):
    for what, make in hostile.CASES.items():
        folder = tmp_path / f"{abs(hash(what))}"
        folder.mkdir()
        found = ti.inspect_model(make(folder, folder / "marker"))
        assert json.loads(json.dumps(found.to_dict()))["sha256"] == found.sha256
        assert found.problem in str(found)


def test_a_torch_that_does_not_read_state_dicts_safely_is_told_so(tmp_path, monkeypatch):
    (tmp_path / "m").write_bytes(hostile.state_bytes())
    monkeypatch.setattr("torch.__version__", "2.9.1+cpu")
    assert "torch 2.10 or later" in ti.inspect_model(tmp_path / "m").problem
    with pytest.raises(ModelError, match=r"torch 2\.10 or later is needed.*torch 2\.9\.1\+cpu is installed"):
        ti.load_model(tmp_path / "m", architecture=hostile.architecture(tmp_path), encoder="passthrough")


def test_every_kind_has_words_and_a_look():
    assert set(LOOKS) == set(kinds.KINDS)
    assert set(LOADERS) == {name for name, kind in kinds.KINDS.items() if not kind.refused}


def test_opcodes_find_names_behind_arrays():
    data = hostile.compressed_joblib("marker", 0)
    assert f"{Path.touch.__module__}.Path.touch" in pickled.opcodes(data).imports  # of Python 3.13 in pathlib._local
    assert not pickled.opcodes(b"\x80\x04").complete
    assert pickled.opcodes(pickle.dumps([1, 2])).imports == ()


def test_no_file_is_an_error():
    for call in (ti.load_model, ti.inspect_model, ti.load_counterpart, ti.table_settings):
        with pytest.raises(ModelError, match="no file or folder"):
            call("nowhere.skops")
