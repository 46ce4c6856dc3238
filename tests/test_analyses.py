"""The list of analyses: what an audit runs, in which order, and what it says of those that were not requested."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

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
from tabinterp.analyses import ANALYSES, FUNCTIONS, chosen
from tabinterp.analyses.ablation.record import UnitGroups
from tabinterp.analyses.base import Size, Stream
from tabinterp.analyses.calibration import estimator as calibration
from tabinterp.analyses.data_quality import estimator as data_quality
from tabinterp.analyses.discrimination.record import Record as Discrimination
from tabinterp.analyses.ladder.record import Ladder
from tabinterp.analyses.performance import ANALYSIS as PERFORMANCE
from tabinterp.analyses.performance import estimator as performance
from tabinterp.analyses.permutation_importance.record import Importance
from tabinterp.cli.commands import app
from tabinterp.document import canonical
from tabinterp.document.document import PLACES, Document, Drawn
from tabinterp.errors import TabinterpError
from tabinterp.network import reference
from tabinterp.report import contents
from tabinterp.table.schema import GOALS
from tests.report import samples
from tests.test_architecture import tree
from tests.test_audit import audited, plain

ROOT = Path(__file__).resolve().parent.parent
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


@cache
def schema_of_documents() -> dict:
    return canonical.schema()


def schema_at(place: str) -> dict:
    """The part of the JSON Schema for a place of the document, references followed."""
    schema = schema_of_documents()
    for name in place.split("."):
        while "properties" not in schema:
            options = [schema, *schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
            schema = schema_of_documents()["$defs"][
                next(one["$ref"] for one in options if "$ref" in one).split("/")[-1]
            ]
        schema = schema["properties"][name]
    return schema


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda one: one.name)
def test_each_analysis_has_a_field_of_the_document_its_schema_and_its_places_on_the_page(analysis):
    """They follow from the list: the document, the published schema and the chapters name no analysis themselves."""
    place = analysis.place or f"analyses.{analysis.name}"
    held = schema_at(place)
    if analysis.record is not None:
        assert PLACES[analysis.kind] == tuple(place.split("."))
        assert analysis.kind.__name__ in (held.get("title"), *re.findall(r"#/\$defs/(\w+)", json.dumps(held)))
    titles, chapters = messages.english(), {chapter.anchor for chapter in contents.CHAPTERS}
    assert analysis.on_page
    for shown in analysis.on_page:
        module, _, function = shown.build.rpartition(".")
        assert callable(getattr(import_module(f"tabinterp.analyses.{analysis.name}.{module}"), function))
        assert shown.chapter in chapters
        assert f"report.section.{shown.section}" in titles


def test_sections_of_a_chapter_have_different_positions():
    """Otherwise the order of the list would decide the order on the page as well."""
    for chapter in contents.CHAPTERS:
        of_analyses = [one for analysis in ANALYSES for one in analysis.on_page]
        places = [one.order for one in of_analyses if one.chapter == chapter.anchor] + [
            at for at, _, _ in chapter.shown
        ]
        assert len(set(places)) == len(places), chapter.anchor


def test_every_record_is_found_by_its_class():
    document = samples.binary()
    for kind, names in PLACES.items():
        found = document.get(kind)
        assert found is None or type(found) is kind, names
    assert document.get(Importance) is document[Importance] is document.importance
    assert document.get(Ladder) is document.gain.ladder
    assert document.get(Discrimination) is document.analyses["discrimination"]
    without = document.model_copy(update={"gain": None, "importance": None})
    assert without.get(Ladder) is None
    with pytest.raises(KeyError, match="Importance"):
        without[Importance]


NAMES = {name for one in ANALYSES for name in (one.name, one.title, one.place) if name is not None}
OTHER_LISTS = ("tabinterp/__init__.py", "/text.py")  # the public names, and sentences


@pytest.mark.nightly
def test_no_module_but_the_list_names_the_analyses():
    """No literal holds five of their names, places or titles, and nothing outside their packages imports what they show."""
    for path in sorted((ROOT / "tabinterp").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict) and not name.endswith(OTHER_LISTS):
                values = [*node.keys, *node.values] if isinstance(node, ast.Dict) else node.elts
                words = {one.value for one in values if isinstance(one, ast.Constant)}
                assert len(words & NAMES) < 5, f"{name}:{node.lineno}: {sorted(words & NAMES)}"
            if isinstance(node, ast.ImportFrom) and node.module and not name.startswith("tabinterp/analyses/"):
                shown = {f"tabinterp.analyses.{one.name}" for one in ANALYSES}
                assert node.module not in shown or "section" not in [one.name for one in node.names], name


@pytest.mark.parametrize("name", ["text.py", "document/text.py", "report/text.py"])
def test_what_an_analysis_is_called_stands_in_its_package(name):
    module = import_module(f"tabinterp.{name.removesuffix('.py').replace('/', '.')}")
    sections = {place.section for analysis in ANALYSES for place in analysis.on_page}
    of_analyses = {f"step.{one.title}" for one in ANALYSES} | {f"report.section.{one}" for one in sections}
    assert [key for key in module.TEXT if key in of_analyses or re.fullmatch(r"rows_of\.\w+", key)] == []


@pytest.mark.nightly
def test_a_package_and_its_line_are_all_there_is_to_remove(tmp_path):
    """One with a field of its own, one without; with the check that reads it, and that check's line."""
    package = tmp_path / "tabinterp"
    shutil.copytree(ROOT / "tabinterp", package)
    for name in ("extrapolation", "residuals"):
        shutil.rmtree(package / "analyses" / name)
    (package / "checks" / "extrapolates.py").unlink()
    for path, lines in (
        (package / "analyses" / "__init__.py", r".*\b(EXTRAPOLATION|RESIDUALS)\b.*\n"),
        (package / "checks" / "__init__.py", r" *extrapolates\b.*\n"),
    ):
        path.write_text(re.sub(lines, "", path.read_text("utf-8")), encoding="utf-8")
    document = json.loads((ROOT / "reports" / "california_housing" / "audit.json").read_text("utf-8"))
    assert None not in (document["analyses"].pop("residuals"), document.pop("extrapolation"))
    document["findings"] = [one for one in document["findings"] if one["slug"] != "extrapolates"]
    rows, of_removed = document["method"]["readings"], ("rows_of.extrapolation", "report.section.residuals")
    document["method"]["readings"] = [one for one in rows if one["reading"]["key"] not in of_removed]
    (tmp_path / "audit.json").write_text(json.dumps(document), encoding="utf-8")
    program = """
import json, pathlib
from tabinterp import messages
from tabinterp.report.blocks import Later
Later.__html__ = lambda _: ""  # the figures: drawing them takes seconds
from tabinterp.analyses import ANALYSES
from tabinterp.document import canonical
from tabinterp.report.html import render
document = canonical.from_bytes(pathlib.Path("audit.json").read_bytes())
print(json.dumps([[one.name for one in ANALYSES], canonical.schema(), render(document)]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    names, schema, page = json.loads(ran.stdout)
    assert set(names) == {one.name for one in ANALYSES} - {"extrapolation", "residuals"}
    assert {*Document.model_fields} - {*schema["properties"]} == {"extrapolation"}
    assert "residuals" not in schema["properties"]["analyses"]["properties"]
    assert 'id="residuals"' not in page
    assert 'id="calibration"' in page


def test_one_analysis_of_a_shared_field_is_in_the_document_alone(table, network):
    """No other analysis of the field needs to be requested."""
    document = ti.audit(ti.wrap(network), table, rows=50, analyses=["ablation"]).document
    assert document.get(UnitGroups) is not None
    assert document.mechanism.regions is None


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


def test_a_subset_gives_the_numbers_of_the_whole():
    read, model, settings = plain("binary")
    whole = audited(plain, "binary").document
    part = ti.audit(ti.wrap(model), read, analyses=["effects", "ladder"], **settings).document
    assert part.importance == whole.importance
    assert part.effects == whole.effects
    assert part.gain.ladder == whole.gain.ladder
    assert part.verdict.difference == whole.verdict.difference
    assert part.shapley is None
    assert part.disagreement is None
    assert {*part.settings.analyses} >= {"effects", "ladder"}
    assert whole.settings.analyses is None


def test_the_document_says_what_was_not_requested_and_what_was(table, network):
    audit = ti.audit(ti.wrap(network), table, rows=50, analyses=["calibration"])
    (note,) = [note for note in audit.document.not_assessed if note.key == "not_assessed.not_requested"]
    assert "Shapley values" in messages.text(note.key, note.values)
    assert "calibration" not in note.values["analyses"]
    assert audit.document.settings.analyses == ["calibration"]
    assert re.search("Not requested: ", audit.to_html())


def test_what_was_declared_is_not_called_undeclared_where_its_analysis_was_not_requested(table, network):
    for names, undeclared in ((["calibration"], False), (["constraints"], True)):
        document = ti.audit(ti.wrap(network), table, rows=50, analyses=names).document
        assert ("not_assessed.constraints" in [note.key for note in document.not_assessed]) == undeclared


@pytest.mark.parametrize(
    ("given", "users"),
    [
        ({"constraints": {"a": "+"}}, "constraints' or 'monotonicity' or 'recourse"),
        ({"control": {"a": "missing"}}, "groups"),
        ({"others": [None]}, "trust"),
        ({"null": LogisticRegression()}, "trust"),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else given,
)
def test_what_no_requested_analysis_uses_is_refused(table, network, given, users):
    (name,) = given
    expected = (
        f"{name}= is used only by the analysis '{users}', which is not among the requested analyses (calibration). "
        f"Add '{users}' to analyses=, or leave out {name}="
    )
    with pytest.raises(TabinterpError, match=re.escape(expected)):
        ti.audit(ti.wrap(network), table, rows=50, analyses=["calibration"], **given)


@pytest.mark.nightly
def test_networks_of_a_bundle_are_left_there_where_no_requested_analysis_uses_them(frame, tmp_path, monkeypatch):
    """A command's user did not ask for them; `trust` alone reads them."""
    monkeypatch.setattr(reference, "EPOCHS", 2)
    data, bundle = tmp_path / "rows.csv", tmp_path / "model"
    frame.to_csv(data, index=False)
    trained = ti.train(ti.read_table(frame, target="y", positive="yes"), seeds=2)
    ti.save_model(trained.networks[0], bundle, table={"target": "y", "positive": "yes"})
    ti.save_others(trained.networks[1:], bundle)
    for names, count in (("calibration", 0), ("trust", 1)):
        argv = [
            "audit",
            bundle,
            "--data",
            data,
            "--out",
            tmp_path / names,
            "--rows",
            20,
            "--analyses",
            names,
            "--quiet",
        ]
        run = CliRunner().invoke(app, list(map(str, argv)))
        assert run.exit_code == 0, run.output
        assert len(ti.Audit.from_json(tmp_path / names / "audit.json").document.method.other_digests) == count


def test_costs_are_positive_and_rise_with_the_table():
    small = Size(200, 100, 100, columns=3, encoded=4, classes=2, outputs=1, units=10, evaluation=1e-6)
    large = Size(20_000, 9_000, 9_000, columns=30, encoded=40, classes=2, outputs=3, units=300, evaluation=1e-5)
    for analysis in ANALYSES:
        assert 0 < analysis.cost(small) <= analysis.cost(large) < 10_000, analysis.name


def test_progress_gives_each_requested_analysis_the_share_of_its_cost(table, network):
    told: list[tuple[str, float]] = []
    said: list[str] = []
    names = ["recalibration", "decision_curve", "linear_regions"]
    ti.audit(
        ti.wrap(network),
        table,
        rows=50,
        analyses=names,
        jobs=1,
        progress=lambda step, share: told.append((step, share)),
        announce=said.append,
    )
    size = Size(280, 120, 50, columns=3, encoded=3, classes=2, outputs=1, units=6, evaluation=1.0)
    costs = [
        next(one for one in ANALYSES if one.name == name).cost(size) for name in names
    ]  # whatever the network's speed
    shares = []
    for name in names:
        own = [share for step, share in told if step == name.replace("_", " ")]
        shares.append(own[-1] - own[0])
    assert [one / shares[0] for one in shares] == pytest.approx([one / costs[0] for one in costs])
    assert told[-1][1] == pytest.approx(1)
    assert re.fullmatch(r"About [0-3] seconds on this machine\.", said[0])  # all analyses would take half a minute


def test_of_a_scan_only_what_was_requested_is_summed(frame, network, tmp_path):
    frame.to_parquet(tmp_path / "rows.parquet")
    scan = ti.scan_table(tmp_path / "rows.parquet", target="y", positive="yes", split=0.3, rows=60)
    audit = ti.audit(ti.wrap(network), scan, rows=50, analyses=["calibration"])
    assert audit.document.data.drawn.summed == ["counterpart", "performance", "calibration"]


def test_what_is_summed_over_a_scan_is_not_computed_on_the_drawn_rows_too(frame, network, tmp_path, monkeypatch):
    """Neither the curves, nor the drift of columns, nor the intervals of metrics that are means."""
    frame.to_parquet(tmp_path / "rows.parquet")
    scan = ti.scan_table(tmp_path / "rows.parquet", target="y", positive="yes", split=0.3, rows=100)
    bootstrapped = []
    monkeypatch.setattr(calibration, "_curve", None)  # whoever calls it fails
    monkeypatch.setattr(data_quality, "column_drift", None)
    own = performance._metric
    monkeypatch.setattr(performance, "_metric", lambda name, *rest: bootstrapped.append(name) or own(name, *rest))
    document = ti.audit(ti.wrap(network), scan, rows=50, analyses=["calibration", "data_quality"]).document
    assert bootstrapped == ["auc", "average_precision"]
    assert [one.metric for one in document.performance.metrics] == [*GOALS["binary"].metrics]
    assert document.data.drawn.summed == ["counterpart", "performance", "calibration", "drift"]


def test_a_package_declares_what_it_sums_over_the_rows_of_a_scan():
    """The sums, what the document calls them and the words for it: to add such an analysis, nothing else is edited."""
    english = messages.english()
    for analysis in (PERFORMANCE, *ANALYSES):
        module = import_module(f"tabinterp.analyses.{analysis.name}.{analysis.stream}") if analysis.summed else None
        assert isinstance(getattr(module, "STREAM", None), Stream) == (analysis.summed is not None)
        if analysis.summed is not None:
            words = import_module(f"tabinterp.analyses.{analysis.name}.text").TEXT
            assert f"report.method.summed.{analysis.summed}" in words
            assert Drawn(rows=1, held_out_rows=None, summed=[analysis.summed]).summed == [analysis.summed]
    named = {key.rpartition(".")[2] for key in english if key.startswith("report.method.summed.")}
    assert named == {"counterpart", *(one.summed for one in (PERFORMANCE, *ANALYSES) if one.summed)}


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(TabinterpError, match=r"unknown analysis 'laddr'. Did you mean 'ladder'\?"):
        chosen(["laddr"])
    with pytest.raises(TabinterpError, match=r"unknown analysis 'zzz'\. The available analyses are recalibration"):
        chosen(["zzz"])


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("robustness", "Did you mean 'perturbation'?"),
        ("Robustness to perturbed values", "Did you mean 'perturbation'?"),
        ("gradient_importance", "Did you mean 'gradients'?"),
        ("Beyond the data", "Did you mean 'off_support' or 'extrapolation'?"),
        ("Importance", "Did you mean 'permutation_importance' or"),
        ("performance", "Performance and the verdict are part of every audit"),
    ],
)
def test_names_of_functions_and_titles_lead_to_their_analyses(given, hint):
    with pytest.raises(TabinterpError, match=re.escape(f"unknown analysis {given!r}. {hint}")):
        chosen([given])


def test_every_function_with_another_name_leads_to_its_analysis():
    for function, name in FUNCTIONS.items():
        assert ti._PUBLIC[function].startswith(f"analyses.{name}.")
    for analysis in ANALYSES:
        of_analysis = {one for one, module in ti._PUBLIC.items() if module == f"analyses.{analysis.name}.estimator"}
        assert of_analysis <= {analysis.name, *FUNCTIONS}


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
            "--jobs",
            "2",
        ],
    )
    assert run.exit_code == 0, run.output
    assert json.loads((out / "run.json").read_text(encoding="utf-8"))["jobs"] == 2
    document = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert document["settings"]["analyses"] == ["calibration", "gradients"]
    assert document["calibration"] is not None
    assert document["shapley"] is None
    again = CliRunner().invoke(app, ["verify", str(out), "--data", str(data), "--model", str(bundle), "--recompute"])
    assert again.exit_code == 0, again.output
