"""The list of analyses: what an audit runs, in which order, and what it says of those that were not requested."""

from __future__ import annotations

import json
import re
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from typer.testing import CliRunner

import tabinterp as ti
from tabinterp import messages
from tabinterp.analyses import ANALYSES, chosen
from tabinterp.cli.app import app
from tabinterp.document.stored_settings import asked_of
from tabinterp.errors import TabinterpError

ROWS = 400


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 3)), columns=["a", "b", "c"])
    frame["y"] = np.where(frame.a * frame.b + 0.5 * rng.normal(size=ROWS) > 0, "yes", "no")
    return frame


@pytest.fixture(scope="module")
def table(frame) -> ti.Table:
    return ti.read_table(frame, target="y", positive="yes", split=0.3)


@pytest.fixture(scope="module")
def network(frame):
    network = make_pipeline(StandardScaler(), MLPClassifier((6,), max_iter=600, random_state=0))
    return network.fit(frame[["a", "b", "c"]], frame.y)


def test_each_analysis_is_listed_once_under_the_name_of_its_package():
    names = [analysis.name for analysis in ANALYSES]
    assert len(set(names)) == len(names)
    for analysis in ANALYSES:
        package = import_module(f"tabinterp.analyses.{analysis.name}")
        assert package.ANALYSIS is analysis
        assert callable(import_module(f"tabinterp.analyses.{analysis.name}.{analysis.estimator}").run)


def test_what_an_analysis_needs_comes_before_it():
    names = [analysis.name for analysis in ANALYSES]
    for at, analysis in enumerate(ANALYSES):
        assert set(analysis.needs) <= set(names[:at])


def test_an_analysis_reads_the_results_it_declares(table, network):
    """One after another, each with what it needs and nothing else: an undeclared need would be a KeyError."""
    for analysis in ANALYSES:
        if analysis.needs:
            audit = ti.audit(ti.wrap(network), table, rows=50, analyses=[analysis.name])
            expected = [one.name for one in chosen([analysis.name])]
            assert [part for part in audit.run["seconds"] if part in {one.name for one in ANALYSES}] == expected


def test_a_subset_gives_the_numbers_of_the_whole(table, network):
    whole = ti.audit(ti.wrap(network), table, rows=100).document
    part = ti.audit(ti.wrap(network), table, rows=100, analyses=["effects", "ladder"]).document
    assert part.importance == whole.importance
    assert part.effects == whole.effects
    assert part.gain.ladder == whole.gain.ladder
    assert part.verdict.difference == whole.verdict.difference
    assert part.shapley is None
    assert part.disagreement is None
    assert {*str(part.method.settings["analyses"]).split()} >= {"effects", "ladder"}
    assert "analyses" not in whole.method.settings


def test_the_document_says_what_was_not_requested_and_what_was(table, network):
    audit = ti.audit(ti.wrap(network), table, rows=50, analyses=["calibration"])
    (note,) = [note for note in audit.document.not_assessed if note.key == "not_assessed.not_requested"]
    assert "Shapley values" in messages.text(note.key, note.values)
    assert "calibration" not in note.values["analyses"]
    assert audit.document.method.settings["analyses"] == "calibration"
    assert re.search("These analyses were not requested", audit.to_html())


def test_what_was_declared_is_not_called_undeclared_where_its_analysis_was_not_requested(table, network):
    settings = {"rows": 50, "constraints": {"a": "+"}}
    document = ti.audit(ti.wrap(network), table, analyses=["calibration"], **settings).document
    assert "not_assessed.constraints" not in [note.key for note in document.not_assessed]
    document = ti.audit(ti.wrap(network), table, rows=50, analyses=["constraints"]).document
    assert "not_assessed.constraints" in [note.key for note in document.not_assessed]


def test_the_threshold_is_read_back_without_the_decision_curve(table, network):
    document = ti.audit(ti.wrap(network), table, rows=50, threshold=0.3, analyses=["calibration"]).document
    assert asked_of(document).items() >= {"analyses": ["calibration"], "threshold": 0.3}.items()


def test_of_a_scan_only_what_was_requested_is_summed(frame, network, tmp_path):
    frame.to_parquet(tmp_path / "rows.parquet")
    scan = ti.scan_table(tmp_path / "rows.parquet", target="y", positive="yes", split=0.3, rows=60)
    audit = ti.audit(ti.wrap(network), scan, rows=50, analyses=["calibration"])
    assert audit.document.data.drawn.summed == ["counterpart", "performance", "calibration"]


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(TabinterpError, match=r"unknown analysis 'laddr'; did you mean 'ladder'\?"):
        chosen(["laddr"])
    with pytest.raises(TabinterpError, match="unknown analysis 'zzz'; The analyses are: recalibration"):
        chosen(["zzz"])


def test_the_command_takes_names_and_verify_repeats_the_same(frame, tmp_path):
    linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame[["a", "b", "c"]], frame.y)
    bundle, data, out = tmp_path / "model", tmp_path / "rows.csv", tmp_path / "audit"
    frame.to_csv(data, index=False)

    ti.save_model(ti.wrap(linear), bundle, table={"target": "y", "positive": "yes"})
    run = CliRunner().invoke(
        app,
        [
            "audit",
            str(bundle),
            "--data",
            str(data),
            "--out",
            str(out),
            "--split",
            "0.3",
            "--analyses",
            "gradients, calibration",
        ],
    )
    assert run.exit_code == 0, run.output
    document = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert document["method"]["settings"]["analyses"] == "calibration gradients"
    assert document["calibration"] is not None
    assert document["shapley"] is None
    again = CliRunner().invoke(app, ["verify", str(out), "--data", str(data), "--model", str(bundle), "--recompute"])
    assert again.exit_code == 0, again.output
