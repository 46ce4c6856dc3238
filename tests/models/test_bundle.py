"""Models as files: what comes back is what was saved, and a file that is not right is refused before anything runs."""

import builtins
import contextlib
import hashlib
import io
import json
import os
import pickle
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import skops.io
import torch
from sklearn.linear_model import LinearRegression, LogisticRegression, LogisticRegressionCV, Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import nn

import tabinterp as ti
from tabinterp.errors import ModelError, TableError, UnsafeFileError
from tabinterp.linear.counterpart import NEWER
from tabinterp.models import bind
from tabinterp.models.io.architecture import LAYERS
from tests.shared import every_nth

from .cases import COLUMNS, LOCAL, TASKS, frame, numeric_table, table

D = 4


def network(task="binary", encoder="rare and drop", dtype=torch.float32):
    given = table(task)
    fitted = LOCAL[encoder].fit(given.inputs[COLUMNS])
    width = fitted.transform(given.inputs[COLUMNS][:2]).shape[1]
    torch.manual_seed(0)
    outputs = 3 if task == "multiclass" else 1
    module = nn.Sequential(nn.Linear(width, 5), nn.Tanh(), nn.Dropout(0.1), nn.Linear(5, outputs)).to(dtype)
    classes = None if task == "regression" else given.schema.classes
    return ti.wrap(module, encoder=fitted, classes=classes, task=task if task == "regression" else None)


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory):
    return ti.save_model(network(), tmp_path_factory.mktemp("saved") / "bundle")


@pytest.fixture
def saved(saved_once, tmp_path):
    return Path(shutil.copytree(saved_once, tmp_path / "bundle"))


def same_scores(model, again, given):
    one, two = bind(model, given), bind(again, given)
    np.testing.assert_array_equal(one.scores, two.scores)
    np.testing.assert_array_equal(one.x, two.x)
    with torch.inference_mode():
        assert torch.equal(one.rest(one.z), two.rest(two.z))


# what comes back


@pytest.mark.parametrize("encoder", every_nth(2, LOCAL))
def test_every_encoder_comes_back(encoder, tmp_path):
    model = network(encoder=encoder)
    same_scores(model, ti.load_model(ti.save_model(model, tmp_path)), table())


@pytest.mark.parametrize(
    ("task", "dtype"), [("binary", torch.float64), ("multiclass", torch.float32), ("regression", torch.float32)]
)
def test_every_task_and_precision_comes_back(task, dtype, tmp_path):
    model = network(task, dtype=dtype)
    again = ti.load_model(ti.save_model(model, tmp_path))
    same_scores(model, again, table(task))
    for name in ("name", "library", "task", "classes", "outputs", "reads", "penalised", "converged", "split"):
        assert getattr(again, name) == getattr(model, name)


@pytest.mark.parametrize("classes", [[0, 1], [False, True], [0.0, 1.0], ["0", "1"], [True, False], np.array([1, 0])])
def test_classes_keep_their_kind(classes, tmp_path):
    model = ti.wrap(nn.Sequential(nn.Linear(D, 1)), encoder="passthrough", classes=classes)
    again = ti.load_model(ti.save_model(model, tmp_path))
    assert [(type(c), c) for c in again.classes] == [(type(c), c) for c in map(plain, classes)]


def plain(value):
    return value.item() if hasattr(value, "item") else value


MODULES = {
    "Linear": lambda: nn.Linear(D, D, bias=False),
    "GELU": lambda: nn.GELU(approximate="tanh"),
    "ELU": lambda: nn.ELU(alpha=0.3),
    "LeakyReLU": lambda: nn.LeakyReLU(0.4),
    "Dropout": lambda: nn.Dropout(0.7),
    "BatchNorm1d": lambda: nn.BatchNorm1d(D, eps=0.1, affine=False),
    "LayerNorm": lambda: nn.LayerNorm(D, eps=0.1, bias=False),
    "Hardtanh": lambda: nn.Hardtanh(-0.3, 0.4),
    "Softplus": lambda: nn.Softplus(2.0, 3.0),
    "Softmax": lambda: nn.Softmax(dim=1),
    "LogSoftmax": lambda: nn.LogSoftmax(dim=1),
}


@pytest.mark.parametrize(
    "kind", [kind for kind in LAYERS if kind != "Embedding"]
)  # of which test_graphs.py has several
def test_every_layer_comes_back_with_its_settings(kind, tmp_path):
    torch.manual_seed(0)
    layer = MODULES.get(kind, LAYERS[kind][0])()
    for buffer in (getattr(layer, "running_mean", None), getattr(layer, "running_var", None)):
        if buffer is not None:
            buffer.uniform_(0.5, 2)
    module = nn.Sequential(nn.Linear(D, D), layer, nn.Linear(D, 1)).eval()
    again = ti.load_model(ti.save_model(ti.wrap(module, encoder="passthrough"), tmp_path)).module
    x = torch.randn(9, D)
    assert torch.equal(module(x), again(x))
    assert repr(module) == repr(again)
    assert not any(m.training for m in again.modules())


@pytest.mark.parametrize(
    "estimator",
    every_nth(
        2,
        [
            LogisticRegression(max_iter=50),
            LogisticRegressionCV(Cs=2, cv=StratifiedKFold(2), scoring="accuracy", **NEWER),
            GridSearchCV(LogisticRegression(max_iter=50), {"C": [1.0]}, cv=2),
            MLPClassifier((3,), max_iter=2, random_state=0),
            MLPClassifier((3,), max_iter=2, solver="sgd", random_state=0),
            MLPClassifier((3,), max_iter=2, solver="lbfgs", random_state=np.random.RandomState(0)),
            LinearRegression(),
            Ridge(),
            RidgeCV(),
            MLPRegressor(max_iter=2, random_state=0),
        ],
    ),
    ids=lambda estimator: re.sub(r" at 0x\w+", "", repr(estimator)),  # workers collect equal names
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_models_come_back_from_bundles_and_from_skops(estimator, tmp_path):
    task = "binary" if hasattr(estimator, "predict_proba") else "regression"
    source, given = frame(), table(task)
    pipeline = make_pipeline(LOCAL["indicators"], estimator).fit(source[COLUMNS], source[TASKS[task]])
    model = bind(ti.wrap(pipeline), given)
    same_scores(model, ti.load_model(ti.save_model(ti.wrap(pipeline), tmp_path / "bundle")), given)
    skops.io.dump(pipeline, tmp_path / "model.skops")
    same_scores(model, ti.load_model(tmp_path / "model.skops"), given)


@pytest.mark.parametrize("stratify", [True, False])
def test_the_held_out_rows_are_remembered(stratify, tmp_path):
    given = table(split=0.3, stratify=stratify, seed=4)
    path = ti.save_model(network().__class__(**vars(network()) | {"split": given.split}), tmp_path)
    again = ti.load_model(path)
    assert again.split == given.split
    for rows in (np.arange(300), np.random.default_rng(0).permutation(300), np.arange(40, 160, 3)):
        source = frame().iloc[rows].reset_index(drop=True)
        np.testing.assert_array_equal(table(source=source).with_split(again.split).held_out, given.held_out[rows])


def test_the_counterpart_and_the_table_s_settings_come_along(tmp_path):
    given = table()
    model = network()
    linear = ti.fit_counterpart(model, given)
    settings = {"target": "binary", "positive": "yes", "drop": ["many", "number"]}
    ti.save_model(model, tmp_path, counterpart=linear, table=settings)
    assert ti.table_settings(tmp_path) == settings
    same_scores(linear, ti.load_counterpart(tmp_path), given)
    ti.save_model(model, tmp_path)  # over the other, without a counterpart
    assert ti.load_counterpart(tmp_path) is None
    assert ti.table_settings(tmp_path) == {}


def test_with_the_rows_the_bundle_stores_how_they_were_read(tmp_path):
    labels = {"columns": {"many": "How many"}, "levels": {"few": {"a": "A"}}}
    asked = {"target": "y", "positive": "yes", "adverse": "no", "drop": ["many"], "protected": ["few"]}
    asked |= {
        "kinds": {"code": "categorical"},
        "levels": {"size": ["S", "M"]},
        "labels": labels,
        "weight": "w",
        "group": "g",
    }
    draw = np.random.default_rng(0)
    columns = {"y": ["no", "yes"], "many": ["u", "v"], "few": ["a", "b"], "size": ["S", "M"]}
    columns |= {"code": [1, 2], "w": [1, 2], "g": [1, 2]}
    rows = pd.DataFrame({name: draw.choice(values, 60) for name, values in columns.items()}).assign(
        x=draw.normal(size=60)
    )
    model = ti.wrap(nn.Linear(1, 1), encoder="passthrough", classes=["no", "yes"])
    given = ti.read_table(rows, split=0.5, **asked)
    ti.save_model(model, tmp_path / "bundle", rows=given)
    assert ti.table_settings(tmp_path / "bundle") == asked
    ti.save_model(model, tmp_path / "zip.zip", rows=given, table={"target": "y"})  # which takes precedence
    assert ti.table_settings(tmp_path / "zip.zip") == {"target": "y"}
    ti.save_model(model, tmp_path / "plain", rows=ti.read_table(rows, target="y"))
    assert ti.table_settings(tmp_path / "plain") == {"target": "y"}
    again = ti.read_table(rows, **ti.table_settings(tmp_path / "bundle"))
    assert again.schema == ti.read_table(rows, **asked).schema


def test_networks_of_other_seeds_stand_beside_and_those_of_before_are_gone(saved):
    def other(seed):
        again = network()
        with torch.no_grad():
            again.module[0].weight.copy_(torch.full_like(again.module[0].weight, seed))
        return again

    assert ti.load_others(saved) == ()
    made = [other(seed) for seed in range(1, 12)]  # so many that names in the order of text would not do
    ti.save_others(made, saved)
    assert [float(m.module[0].weight[0, 0]) for m in ti.load_others(saved)] == list(range(1, 12))
    ti.save_others([made[6]], saved)
    (found,) = ti.load_others(saved)
    same_scores(made[6], found, table())
    assert ti.load_others(saved / "no folder") == ()


def test_a_null_stands_beside_and_is_never_the_model(saved, tmp_path):
    assert ti.load_null(saved) is None
    own, null = ti.load_model(saved), replace(network(), name="null")
    with torch.no_grad():
        null.module[0].weight.mul_(2)
    ti.save_null(null, saved)
    same_scores(null, ti.load_null(saved), table())
    assert ti.load_null(saved).name == "null"
    same_scores(own, ti.load_model(saved), table())
    assert ti.load_others(saved) == ()
    at = saved / "null-of-shuffled-labels"
    assert f"read by an audit; inspect it separately: {at.name}" in ti.inspect_model(saved).notes
    ti.save_null(None, saved)
    assert ti.load_null(saved) is None
    ti.save_null(network("regression"), saved)
    with pytest.raises(ModelError, match="cannot be used as the 'null' network of this bundle"):
        ti.load_null(saved)
    at.rename(tmp_path / "elsewhere")
    at.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="is a symbolic link"):
        ti.load_null(saved)


@pytest.mark.parametrize("name", ["of another task", "one is a link", "all are a link"])
def test_what_is_no_other_seed_is_refused(name, saved, tmp_path):
    ti.save_others([network("regression" if name == "of another task" else "binary")], saved)
    if name != "of another task":
        at = saved / "seeds" if name == "all are a link" else saved / "seeds" / "1"
        at.rename(tmp_path / "elsewhere")
        at.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(
        ModelError,
        match="in at least one of these settings: task" if name == "of another task" else "is a symbolic link",
    ):
        ti.load_others(saved)


def test_the_same_model_is_the_same_bytes(tmp_path):
    model = ti.wrap(nn.Sequential(nn.Linear(D, 1)), encoder="passthrough", classes=["a", "b"])
    for name in "ab":
        ti.save_model(model, tmp_path / name)
    for file in ("model.json", "model.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_loading_draws_nothing_and_leaves_the_network_without_gradients(saved):
    before = torch.get_rng_state()
    module = ti.load_model(saved).module
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(p.requires_grad or p.is_meta for p in module.parameters())


# what cannot be saved


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (
            nn.Sequential(nn.Linear(D, 2), nn.RReLU(), nn.Linear(2, 1)),
            "contains a layer of the unsupported type RReLU; the layers that can be saved are Linear",
        ),
        (nn.Sequential(nn.BatchNorm1d(D, track_running_stats=False), nn.Linear(D, 1)), "without running statistics"),
        (nn.Sequential(nn.Linear(D, 1)).to(torch.bfloat16), "its weights have the type bfloat16.*float32"),
    ],
)
def test_what_cannot_be_saved_is_refused_and_leaves_no_file(module, words, tmp_path):
    with pytest.raises(ModelError, match=words):
        ti.save_model(ti.wrap(module, encoder="passthrough"), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


# files that would run code


MARK = "TABINTERP_TEST_RAN"


@pytest.fixture(autouse=True)
def nothing_ran():
    os.environ.pop(MARK, None)
    yield
    assert MARK not in os.environ


def leave_a_mark(*_):
    os.environ[MARK] = "1"


class Payload:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return leave_a_mark, ()


class Loud:
    """A type of the user's own, whose state skops can write; it runs code when it is made again."""

    def __init__(self):
        self.fitted_ = 1

    def __setstate__(self, state):
        leave_a_mark()


def test_the_payloads_are_live():
    for run in (lambda: pickle.loads(pickle.dumps(Payload())), skops_loud):
        run()
        assert os.environ.pop(MARK) == "1"


def skops_loud():
    data = skops.io.dumps(Loud())
    return skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))


def torch_zip():
    stream = io.BytesIO()
    torch.save({"a": torch.ones(2)}, stream)
    return stream.getvalue()


def joblib_bytes(**settings):
    stream = io.BytesIO()
    joblib.dump(Payload(), stream, **settings)
    return stream.getvalue()


def skops_bytes(value):
    return skops.io.dumps(value)


FILES = {  # what is in the file -> (its bytes, words of the refusal)
    "pickle": (lambda: pickle.dumps(Payload()), "a pickle"),
    "old pickle": (lambda: pickle.dumps(Payload(), protocol=0), "a pickle"),
    "joblib": (joblib_bytes, "a pickle"),
    "packed joblib": (
        lambda: joblib_bytes(compress=3),
        "a compressed file, such as a pickle that joblib has compressed",
    ),
    "torch.save": (torch_zip, "contains only weights|torch 2.10 or later is needed"),
    "keras": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(50), "an HDF5 file"),
    "random bytes": (lambda: np.random.default_rng(0).bytes(500), "a file of unknown format"),
    "nothing": (lambda: b"", "a file of unknown format"),
    "a broken zip": (lambda: b"PK\x03\x04" + bytes(60), "damaged or truncated zip archive"),
    "a type of its own": (lambda: skops_bytes(make_pipeline(StandardScaler(), Loud())), "Loud"),
    "a function of Python": (lambda: skops_bytes(FunctionTransformer(builtins.eval)), "eval"),
    "a function of the system": (lambda: skops_bytes(FunctionTransformer(os.system)), "system"),
    "a function that unpickles": (lambda: skops_bytes(FunctionTransformer(pd.read_pickle)), "read_pickle"),
    "a loader of numpy": (lambda: skops_bytes(FunctionTransformer(np.load, kw_args={"allow_pickle": True})), "load"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("suffix", [".skops", ".pkl", ""])
def test_files_that_could_run_code_are_refused_by_what_they_hold(name, suffix, tmp_path):
    make, words = FILES[name]
    path = tmp_path / f"model{suffix}"
    path.write_bytes(make())
    error = ModelError if name in ("torch.save", "a broken zip") else UnsafeFileError
    with pytest.raises(error, match=words):
        ti.load_model(path)


@pytest.mark.parametrize("name", [name for name in FILES if "a function" in name or "loader" in name or "own" in name])
def test_an_encoder_that_could_run_code_is_refused(name, saved):
    put(saved, "encoder.skops", FILES[name][0]())
    with pytest.raises(UnsafeFileError, match=FILES[name][1]):
        ti.load_model(saved)


@pytest.mark.parametrize("name", ["pickle", "joblib", "random bytes", "nothing", "torch.save"])
def test_an_encoder_that_is_no_skops_file_is_refused(name, saved):
    put(saved, "encoder.skops", FILES[name][0]())
    with pytest.raises(ModelError, match=r"zip archive|no member"):
        ti.load_model(saved)


# files that are damaged or forged


def put(folder, name, data):
    """Replace a file and its digest, as a forger would."""
    (folder / name).write_bytes(data)
    change(folder, lambda header: header["sha256"].update({name: hashlib.sha256(data).hexdigest()}))


def change(folder, edit):
    header = json.loads((folder / "model.json").read_text())
    edit(header)
    (folder / "model.json").write_text(json.dumps(header))


@pytest.mark.parametrize("name", ["model.safetensors", "encoder.skops"])
def test_one_changed_byte_is_noticed(name, saved):
    data = bytearray((saved / name).read_bytes())
    data[len(data) // 2] ^= 1
    (saved / name).write_bytes(data)
    with pytest.raises(ModelError, match=r"was changed after it was saved.*SHA-256"):
        ti.load_model(saved)


@pytest.mark.parametrize("name", ["model.safetensors", "encoder.skops", "model.json"])
def test_a_link_or_a_missing_file_is_refused(name, saved, tmp_path):
    (saved / name).rename(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match=r"do not match|has no model\.json|link"):
        ti.load_model(saved)
    (saved / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match=r"do not match|has no model\.json|link"):
        ti.load_model(saved)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "model.json", "other.safetensors"])
def test_files_outside_the_bundle_are_never_read(name, saved):
    (saved.parent / "secret").write_bytes(b"secret")
    digest = hashlib.sha256(b"secret").hexdigest()
    change(saved, lambda header: header["sha256"].update({name: digest}))
    with pytest.raises(ModelError, match=r"do not match|changed after it was saved"):
        ti.load_model(saved)


@pytest.mark.parametrize("keep", [0, 4, 100, -1, -40])
def test_truncated_weights_are_refused(keep, saved):
    put(saved, "model.safetensors", (saved / "model.safetensors").read_bytes()[:keep])
    with pytest.raises(ModelError, match=r"truncated|header"):
        ti.load_model(saved)


@pytest.mark.parametrize("keep", [0, 30, 400, -1, -60])
def test_truncated_encoders_are_refused(keep, saved):
    put(saved, "encoder.skops", (saved / "encoder.skops").read_bytes()[:keep])
    with pytest.raises(ModelError, match="truncated zip archive"):
        ti.load_model(saved)


@pytest.mark.parametrize("seed", range(12))
def test_damage_anywhere_is_told_as_a_model_error(seed, saved):
    """Whatever a few flipped bytes do, it is told in words, or the scores are finite."""
    draw = np.random.default_rng(seed)
    for name in ("model.safetensors", "encoder.skops"):
        data = np.frombuffer((saved / name).read_bytes(), dtype=np.uint8).copy()
        data[draw.integers(0, len(data), 6)] = draw.integers(0, 256, 6)
        put(saved, name, data.tobytes())
    with contextlib.suppress(ModelError):
        assert np.isfinite(bind(ti.load_model(saved), table()).scores).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(value, saved):
    weights = safetensors.torch.load((saved / "model.safetensors").read_bytes())
    weights["3.bias"][0] = value
    put(saved, "model.safetensors", safetensors.torch.save(weights))
    with pytest.raises(ModelError, match=r"the tensor '3\.bias' contains infinite or NaN values"):
        ti.load_model(saved)


def layer(index, **settings):
    def edit(header):
        header["layers"][index]["settings"] |= settings

    return edit


def entry(name, value):
    return lambda header: header.update({name: value})


FORGED = {
    "unknown layer": (
        lambda h: h["layers"][1].update(kind="Lambda"),
        "a layer of unknown kind 'Lambda'; allowed kinds are Linear",
    ),
    "code for a layer": (lambda h: h["layers"][1].update(kind="os.system"), "a layer of unknown kind 'os.system'"),
    "settings too many": (
        layer(1, inplace=True),
        r"a layer of kind Tanh must have the settings \[\]; got \['inplace'\]",
    ),
    "settings too few": (lambda h: h["layers"][0].update(settings={}), "a layer of kind Linear must have the settings"),
    "wider": (layer(0, out_features=6), "the weights do not match the architecture"),
    "enormous": (layer(0, out_features=10**12), "out_features of Linear must be a whole number from 1 to"),
    "negative": (layer(0, out_features=-3), "out_features of Linear must be a whole number from 1 to"),
    "text for a number": (layer(0, out_features="many"), "out_features of Linear must be a whole number from 1 to"),
    "probability above one": (layer(2, p=1.5), "a layer of kind Dropout cannot be built"),
    "a layer less": (lambda h: h["layers"].pop(), "the weights do not match"),
    "no bias": (lambda h: h["layers"][0].update(bias=False), "the weights do not match"),
    "another format": (entry("format", 2), "has the bundle format 2, but this version of tabinterp reads format 1"),
    "true for a format": (
        entry("format", True),
        "has the bundle format True, but this version of tabinterp reads format 1",
    ),
    "unknown field": (entry("module", "os"), "'module': this field is unknown"),
    "missing field": (lambda h: h.pop("reads"), "'reads': this field is required, but missing"),
    "unknown outputs": (entry("outputs", "odds"), "'outputs' must be logits or probabilities; got 'odds'"),
    "unknown task": (
        entry("task", "ranking"),
        "the field task must be one of binary, multiclass, regression, count; got",
    ),
    "unknown precision": (entry("dtype", "float16"), "model.json states that the weights have the type float16"),
    "unknown split": (entry("split", {"kind": "whim"}), "the field 'kind' of the split is invalid: the value must be"),
    "wrong split": (
        entry("split", {"kind": "fraction", "cuts": ["a"]}),
        r"the field 'cuts\.0' of the split is invalid: the value must be",
    ),
    "a split of more": (
        entry("split", {"kind": "fraction", "rows": 3}),
        "the split has the unknown field 'rows'",
    ),
    "a table of more": (
        entry("table", {"target": "y", "source": "/etc/passwd"}),
        r"table\.source': this field is unknown",
    ),
    "no split": (entry("split", [1]), "'split': the value must have named fields"),
    "no weights": (
        lambda h: h["sha256"].pop("model.safetensors"),
        r"do not match the list in its model\.json \(missing or not listed: model\.safetensors",
    ),
    "nested classes": (entry("classes", [["a"], "b"]), "classes.0"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_description_is_refused(name, saved):
    edit, words = FORGED[name]
    change(saved, edit)
    with pytest.raises((ModelError, TableError), match=words):
        ti.load_model(saved)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 1}', "\ufeff", "[" * 5000])
def test_a_description_that_is_none_is_refused(text, saved):
    (saved / "model.json").write_text(text)
    with pytest.raises(ModelError, match=r"model\.json"):
        ti.load_model(saved)


def test_a_description_without_end_is_refused(saved, monkeypatch):
    monkeypatch.setattr("tabinterp.models.io.bundle.LARGEST_JSON", 100)
    with pytest.raises(ModelError, match=r"has \d+ bytes; the limit is 100"):
        ti.load_model(saved)


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no file or folder"):
        ti.load_model(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="is not a bundle"):
        ti.load_model(tmp_path)
    assert ti.load_counterpart(tmp_path) is None


def test_a_skops_file_of_something_else_is_refused(tmp_path):
    skops.io.dump(StandardScaler().fit(np.eye(2)), tmp_path / "scaler.skops")
    with pytest.raises(ModelError, match="StandardScaler is neither a classifier nor a regressor"):
        ti.load_model(tmp_path / "scaler.skops")
    skops.io.dump({"a": 1}, tmp_path / "dict.skops")
    with pytest.raises(ModelError, match=r"builtins\.dict is not a supported model"):
        ti.load_model(tmp_path / "dict.skops")


def test_a_zip_with_a_forged_schema_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.skops", "w") as archive:
        archive.writestr(
            "schema.json", json.dumps({"__class__": "system", "__module__": "os", "__loader__": "ObjectNode"})
        )
    with pytest.raises(ModelError, match=r"skops"):
        ti.load_model(tmp_path / "model.skops")


def test_a_numeric_table_needs_no_encoder_file(tmp_path):
    model = ti.wrap(nn.Sequential(nn.Linear(D, 3), nn.ReLU(), nn.Linear(3, 1)), encoder="passthrough")
    path = ti.save_model(model, tmp_path)
    assert sorted(file.name for file in path.iterdir()) == ["model.json", "model.safetensors"]
    same_scores(model, ti.load_model(path), numeric_table())
