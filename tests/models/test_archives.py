"""Bundles: a folder or a zip archive gives back the same model, and nothing is written of one that cannot be saved."""

import hashlib
import json

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import tabinterp as ti
from tabinterp.errors import ModelError, UnsafeFileError
from tabinterp.models import bind
from tests.shared import every_nth

from . import cases, hostile


@pytest.fixture(params=["model", "model.zip"])
def path(request, tmp_path):
    return tmp_path / request.param


def fitted(task="binary", encoder="standard"):
    source = cases.frame(120)
    estimator = MLPRegressor if task == "regression" else MLPClassifier
    pipeline = make_pipeline(cases.ENCODERS[encoder], estimator(hidden_layer_sizes=(4,), max_iter=20, random_state=0))
    return pipeline.fit(source[cases.COLUMNS], source[cases.TASKS[task]])


def same(one, other, table):
    """The same weights bit for bit; scores up to the order of sums, which depends on how weights lie in memory."""
    for name, value in one.module.state_dict().items():
        assert torch.equal(value, other.module.state_dict()[name])
    first, second = bind(one, table), bind(other, table)
    np.testing.assert_allclose(first.scores, second.scores, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("task", every_nth(2, cases.TASKS))
def test_a_bundle_gives_back_the_same_model(task, path):
    table = cases.table(task, 120)
    model = ti.wrap(fitted(task))
    assert ti.save_model(model, path) == path
    again = ti.load_model(path)
    same(model, again, table)
    assert again.classes == model.classes
    assert again.reads == model.reads
    assert again.file.format == "bundle"
    assert not again.file.unsafe
    assert ti.inspect_model(path).safe


@pytest.mark.parametrize("encoder", every_nth(2, ["sparse", "power, ordinal", "union", "pandas between"]))
def test_encoders_come_back(encoder, tmp_path):
    """From an archive; every encoder comes back from a folder in test_bundle."""
    model = ti.wrap(fitted(encoder=encoder))
    path = ti.save_model(model, tmp_path / "model.zip")
    same(model, ti.load_model(path), cases.table("binary", 120))


@pytest.fixture(scope="module")
def trained():
    return ti.train(cases.table("binary", 120, split=0.25), seed=0)


def test_counterpart_split_and_settings_come_back(path, trained):
    table = cases.table("binary", 120, split=0.25)
    settings = {"target": "binary", "drop": ["many", "number"], "protected": ["age"]}
    ti.save_model(trained.networks[0], path, counterpart=trained.counterpart, table=settings)
    assert ti.load_model(path).split == trained.networks[0].split
    assert ti.table_settings(path) == settings
    linear = ti.load_counterpart(path)
    assert linear.is_rival
    same(trained.counterpart, linear, table)
    assert any("counterpart" in note for note in ti.inspect_model(path).notes)


def test_the_same_model_makes_the_same_zip(tmp_path):
    model = ti.wrap(hostile.module(), encoder="passthrough", task="regression")
    one, two = (ti.save_model(model, tmp_path / name).read_bytes() for name in ("a.zip", "b.zip"))
    assert one == two
    assert not ti.inspect_model(tmp_path / "a.zip").types  # numbers as they are need no encoder


def test_a_bundle_without_a_counterpart_has_none(path):
    ti.save_model(ti.wrap(hostile.estimator()), path)
    assert ti.load_counterpart(path) is None
    assert ti.table_settings(path) == {}


def test_the_digest_can_be_asked_for(path):
    ti.save_model(ti.wrap(hostile.estimator()), path)
    file = path / "model.json" if path.is_dir() else path
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert ti.load_model(path, sha256=digest).file.sha256 == digest
    with pytest.raises(UnsafeFileError, match="SHA-256 is"):
        ti.load_model(path, sha256="0" * 64)


class Own(torch.nn.Module):
    def forward(self, x):
        return x.sum(dim=1)


UNSAVED = {
    "a forward of its own": lambda: ti.wrap(Own(), encoder="passthrough", task="regression"),
    "an unknown layer": lambda: ti.wrap(
        torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.RReLU()), encoder="passthrough", task="regression"
    ),
    "a function": lambda: ti.wrap(lambda rows: rows.sum(axis=1), task="regression"),
    "an encoder with code": lambda: ti.wrap(
        make_pipeline(FunctionTransformer(hostile.nothing), LogisticRegression()).__class__(
            [("f", FunctionTransformer(np.nan_to_num)), ("s", StandardScaler()), ("m", hostile.estimator()[-1])]
        )
    ),
}


@pytest.mark.parametrize("what", UNSAVED)
def test_what_cannot_be_loaded_again_is_not_saved(what, path):
    model = UNSAVED[what]()
    with pytest.raises(ModelError):
        ti.save_model(model, path)
    assert not path.exists()


def test_bundles_of_before_have_no_origin_and_are_read(tmp_path):
    bundle = hostile.unpack(tmp_path)
    header = json.loads((bundle / "model.json").read_text())
    del header["made_from"]
    (bundle / "model.json").write_text(json.dumps(header))
    assert ti.load_model(bundle).file.made_from is None


def test_other_files_beside_a_bundle_are_never_read(tmp_path):
    bundle = hostile.unpack(tmp_path)
    (bundle / "hook.py").write_text("raise SystemExit")
    ti.load_model(bundle)
    found = ti.inspect_model(bundle)
    assert found.safe
    assert any("hook.py" in note for note in found.notes)
