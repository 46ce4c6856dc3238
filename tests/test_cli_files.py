"""Hostile files through the commands: exit code 2, words, nothing run, no file written."""

import json
import os
import signal
import sys

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.cli import commands as cli
from tabinterp.errors import ModelError
from tabinterp.models.io import state_dict as state
from tests.shared import every_nth

from .models import hostile

ROWS = 60


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(ROWS, hostile.COLUMNS)), columns=["a", "b", "c"])
    frame["y"] = (frame.a + draw.normal(size=ROWS) > 0).astype(int)
    path = tmp_path_factory.mktemp("table") / "table.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def command(monkeypatch, capsys):
    """Run a command as a shell would: exit code, standard output, standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tabinterp", *map(str, arguments)])
        before = signal.getsignal(signal.SIGINT)
        try:
            with pytest.raises(SystemExit) as exit_:
                cli.main()
        finally:
            signal.signal(signal.SIGINT, before)
        out, err = capsys.readouterr()
        return exit_.value.code or 0, out, err

    return run


def tree(folder):
    """Everything below a folder: what it is, its size, its last change."""
    return {
        os.path.join(root, name): (state.st_mode, state.st_size, state.st_mtime_ns)
        for root, folders, files in os.walk(folder)
        for name in [*folders, *files]
        for state in [os.lstat(os.path.join(root, name))]
    }


@pytest.mark.parametrize("what", every_nth(3, hostile.CASES))
def test_a_hostile_file_is_refused_in_words_and_nothing_happens(what, tmp_path, data, command):
    marker = tmp_path / "marker"
    path = hostile.CASES[what](tmp_path, marker)
    architecture = hostile.architecture(tmp_path)
    weights = (
        ("--architecture", architecture, "--encoder", "passthrough") if path.suffix in (".pt", ".safetensors") else ()
    )
    before = tree(tmp_path)
    for arguments in (
        ("inspect", path),
        ("inspect", path, "--json"),
        ("audit", path, "--data", data, "--target", "y", "--out", tmp_path / "out", *weights),
        ("convert", path, "--out", tmp_path / "out", *weights),
        ("convert", path, "--out", tmp_path / "out.zip", *weights),
        ("convert", path, "--out", tmp_path / "out", "--unsafe-pickle"),
        ("convert", path, "--out", tmp_path / "out", "--unsafe-pickle", "--sha256", "0" * 64),
    ):
        code, out, err = command(*arguments)
        assert code == 2, (arguments, out, err)
        said = out if arguments[0] == "inspect" else err
        assert len(said) > 40
        assert "Traceback" not in said
        assert "\x1b" not in said
        if "--json" in arguments:
            found = json.loads(out)
            assert not found["safe"]
            assert found["problem"]
        assert not marker.exists(), arguments
        assert tree(tmp_path) == before, arguments


@pytest.mark.parametrize("what", hostile.PICKLES)
def test_the_payload_of_each_pickle_would_have_run(what, tmp_path):
    """The tests above would notice: loaded on purpose, the pickles that hold a payload do write the marker."""
    marker = tmp_path / "marker"
    name, make = hostile.PICKLES[what]
    data = make(marker)
    assert what in ("whole module", "TorchScript") or b"marker" in data or what.split()[0] in (
        "joblib", "gzip", "bz2", "xz", "zlib",
    )  # fmt: skip
    if name.endswith(("pkl", "joblib")) or what.startswith("pickle as ."):
        path = tmp_path / name
        path.write_bytes(data)
        hostile.joblib.load(path)
        assert marker.exists()


@pytest.mark.parametrize("what", every_nth(2, hostile.SPOILT))
def test_a_model_whose_parts_do_not_fit_is_an_error_in_words(what, tmp_path, data, command):
    path = tmp_path / "model.skops"
    path.write_bytes(hostile.SPOILT[what]())
    before = tree(tmp_path)
    code, _, err = command("audit", path, "--data", data, "--target", "y", "--out", tmp_path / "out", "--quiet")
    assert code == 2
    assert len(err) > 40
    left = tree(tmp_path).keys() - before.keys()
    assert left <= {str(tmp_path / "out")}, left


def test_an_error_about_named_classes_says_what_works_on_the_command_line(tmp_path, data, command):
    """The model has the classes 0 and 1, and the target no and yes."""
    frame = pd.read_csv(data)
    named = tmp_path / "named.csv"
    frame.assign(y=np.where(frame.y == 1, "yes", "no")).to_csv(named, index=False)
    model = ti.wrap(hostile.estimator())
    ti.save_model(model, tmp_path / "codes")
    asked = ("--data", named, "--target", "y", "--analyses", "permutation_importance", "--quiet")
    code, _, err = command("audit", tmp_path / "codes", *asked, "--out", tmp_path / "a")
    assert code == 2
    assert "has the classes ['0', '1'], but the target 'y' has the classes ['no', 'yes']. Write the classes" in err
    assert 'ti.save_model(ti.wrap(model, classes=[...]), "bundle"). Then audit the bundle' in err
    for number, given in enumerate((hostile.estimator(), ti.load_model(tmp_path / "codes"))):
        bundle = ti.save_model(ti.wrap(given, classes=["no", "yes"]), tmp_path / f"bundle-{number}")
        code, _, err = command("audit", bundle, *asked, "--out", tmp_path / f"out-{number}")
        assert code == 0, err
    with pytest.raises(ModelError, match=r"classes= has length 3, but .* has 2 classes"):
        ti.wrap(model, classes=["no", "yes", "maybe"])


def test_held_out_rows_that_may_be_training_rows_are_said_before_the_audit(tmp_path, data, command):
    frame = pd.read_csv(data)
    path = tmp_path / "split.csv"
    frame.assign(part=np.where(np.arange(len(frame)) % 2, "train", "test")).to_csv(path, index=False)
    bundle = ti.save_model(ti.wrap(hostile.estimator()), tmp_path / "bundle")
    for split, drop, is_said in (("0.5", ["--drop", "part"], True), ("part", [], False)):
        asked = ["--data", path, "--target", "y", "--split", split, *drop, "--analyses", "permutation_importance"]
        code, _, err = command("audit", bundle, *asked, "--out", tmp_path / f"out-{split}")
        assert code == 0, err
        words = " ".join(err.split())
        assert (
            "If the network was trained on some of the held-out rows, its performance is overstated." in words
        ) == is_said
        assert ("name it with --split." in words) == is_said


def sha256(path):
    return hostile.hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_trusted_pickle_is_converted_by_its_digest_and_audited(tmp_path, data, command):
    path = tmp_path / "model.joblib"
    hostile.joblib.dump(hostile.estimator(), path)
    code, out, _ = command("inspect", path)
    assert code == 2
    assert sha256(path) in out
    assert "sklearn.linear_model._logistic.LogisticRegression" in out
    for target in (tmp_path / "bundle", tmp_path / "bundle.zip"):
        arguments = ("--unsafe-pickle", "--sha256", sha256(path), "--out", target)
        code, out, err = command("convert", path, *arguments)
        assert (code, out.strip()) == (0, str(target)), err
        code, out, _ = command("inspect", target)
        assert code == 0
        assert "Safe to load: yes" in out
        assert sha256(path) in out  # where it came from
    audit = ("audit", tmp_path / "bundle.zip", "--data", data, "--target", "y", "--out", tmp_path / "out", "--quiet")
    audit += ("--analyses", "calibration")
    assert command(*audit)[0] == 0
    document = json.loads((tmp_path / "out" / "audit.json").read_bytes())
    assert document["method"]["settings"]["network_file_sha256"] == sha256(tmp_path / "bundle.zip")
    run = ("audit", path, "--unsafe-pickle", "--sha256", sha256(path), *audit[2:])
    assert command(*run)[0] == 2
    assert command(*run, "--overwrite")[0] == 0
    document = json.loads((tmp_path / "out" / "audit.json").read_bytes())
    assert {f["slug"]: f["status"] for f in document["findings"]}["unsafe-model-file"] == "raised"


WEIGHTS = [("m.safetensors", hostile.safetensors_bytes), ("m.pt", hostile.state_bytes)]


@pytest.mark.parametrize(("name", "make"), WEIGHTS if state.is_read() else WEIGHTS[:1])
def test_weights_are_converted_and_audited_with_their_layers(name, make, tmp_path, data, command):
    path = tmp_path / name
    path.write_bytes(make())
    weights = ("--architecture", hostile.architecture(tmp_path), "--encoder", "passthrough")
    assert command("inspect", path)[0] == 0
    assert command("convert", path, *weights, "--out", tmp_path / "bundle")[0] == 0
    code, out, _ = command("inspect", tmp_path / "bundle", "--json")
    assert code == 0
    assert json.loads(out)["layers"] == [
        "Linear(in_features=3, out_features=4)",
        "ReLU()",
        "Linear(in_features=4, out_features=1)",
    ]
    code, out, err = command(
        "audit", path, *weights, "--data", data, "--target", "y", "--out", tmp_path / "out", "--rows", 50, "--quiet",
        "--analyses", "calibration",
    )  # fmt: skip
    assert code == 0, err
    assert (tmp_path / "out" / "report.html").exists()


def test_a_pickle_that_fails_when_run_is_told(tmp_path, command):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x041/0\n\x85R.")
    code, _, err = command("convert", path, "--unsafe-pickle", "--sha256", sha256(path), "--out", tmp_path / "bundle")
    assert code == 2
    assert "ZeroDivisionError" in err
    assert not (tmp_path / "bundle").exists()
