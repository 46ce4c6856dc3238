"""The examples of the guide's sections on views and pictures run as they stand."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import tabinterp as ti
from tabinterp.table.labels import codebook
from tests import cases
from tests.report.samples import count

GUIDE = (Path(__file__).resolve().parent.parent / "docs" / "guide.md").read_text("utf-8")


def examples(title):
    section = re.search(rf"^#+ {title}\n(.*?)(?=^#+ )", GUIDE, re.DOTALL | re.MULTILINE)[1]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def test_labels(capsys):
    page = (Path(__file__).resolve().parent.parent / "docs" / "labels.md").read_text("utf-8")
    blocks = {kind: re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("python", "toml", "csv")}
    names = {"ti": ti, "pd": pd}
    (block,) = blocks["python"]
    exec(block, names)
    assert capsys.readouterr().out == "Checking account {'1': 'rented', '2': 'owned'}\n"
    toml, csv = (codebook_of(blocks[kind][0], kind) for kind in ("toml", "csv"))
    assert toml == csv
    assert (
        names["table"].schema
        == ti.read_table(names["frame"], target="paid", kinds={"housing": "categorical"}, labels=toml).schema
    )


def codebook_of(text, kind):
    """The labels of a codebook in the text of a page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"codebook.{kind}"
        path.write_text(text, encoding="utf-8")
        return codebook(path).plain()


def test_other_views(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = examples("Other views of an audit")
    exec(block, {"audit": ti.Audit(count())})
    assert {path.name for path in tmp_path.iterdir()} == {"report.md", "card.md", "summary.html"}
    assert (tmp_path / "card.md").read_text("utf-8").startswith("---\npipeline_tag: tabular-regression\n")


def test_networks_with_named_inputs_and_outputs():
    (block,) = examples("Networks with named inputs and outputs")
    names = {}
    exec(block, names)
    frame = ti.gradient_importance(names["model"], names["table"]).frame()
    assert set(frame.column) == {"age", "city"}
    assert (frame.mean_abs > 0).all()


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg")
def test_pictures():
    frame = cases.mixed_frame(60, 2)
    names = {
        "ti": ti,
        "plt": plt,
        "model": ti.wrap(cases.network_pipeline(frame)),
        "linear": ti.wrap(cases.linear_pipeline(frame)),
        "table": cases.mixed_table(frame),
    }
    block, display = examples("Pictures")
    exec(block, names)
    assert [one.get_text() for one in names["left"].get_legend().get_texts()] == ["network", "linear"]
    assert names["right"].get_images()
    assert "<table" in names["fragment"]
    names["pipeline"] = cases.network_pipeline(frame)
    exec(display, names)
    assert names["display"].ax_.figure is names["display"].figure_
    assert len(names["display"].figure_.axes) == 2
    plt.close("all")


def test_frames():
    frame = cases.mixed_frame(60, 2).rename(columns={"age": "<b>age</b>"})
    model = ti.wrap(LogisticRegression().fit(frame[["<b>age</b>", "income"]].fillna(0), frame["y"]))
    table = ti.read_table(frame[["<b>age</b>", "income", "y"]].fillna(0), target="y")
    names = {"ti": ti, "model": model, "table": table, "audit": ti.Audit(count())}
    for block in examples("Frames"):
        exec(block, names)
    (first, *_) = ti.permutation_importance(model, table).frame().itertuples()
    for form in ("page", "styled"):
        assert "&lt;b&gt;age&lt;/b&gt;" in names[form]
        assert "<b>" not in names[form]
    assert f">{first.importance:.3f}</td>" in names["styled"]
    assert f"{first.importance:.3g}</td>" in names["page"].replace("\u2212", "-")
    plt.close("all")


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg")
def test_how_well_both_models_predict():
    (block,) = examples(r"How well do both models predict\?")
    frame = cases.mixed_frame(200, 2)
    rows = cases.mixed_frame(200, 2, "regression")
    names = {
        "ti": ti,
        "model": ti.wrap(cases.network_pipeline(frame)),
        "table": cases.mixed_table(frame),
        "numbers": ti.wrap(cases.network_pipeline(rows, "regression")),
        "houses": cases.mixed_table(rows, "regression"),
    }
    exec(block, names)
    assert names["scores"].frame()["metric"].tolist()[0] == "log_loss"
    assert set(names["ranking"].frame()["model"]) == {"network", "linear"}
    assert set(names["errors"].frame()["by"]) == {"prediction", "observed"}
    plt.close("all")
