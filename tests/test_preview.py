"""Tables, models, findings and results show themselves in at most ten lines, rounded and escaped."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.messages.names import width
from tabinterp.preview import MOST, Preview
from tests.shared import every_nth

from . import cases
from .report.samples import hostile
from .test_hostile_text import ALLOWED, NAME, steering

LINES, WIDEST = 10, 110


@pytest.fixture(scope="module")
def shown():
    frame = cases.mixed_frame(120, 2)
    table = cases.mixed_table(frame, split=0.4, protected=["city"])
    model = ti.wrap(cases.network_pipeline(frame))
    return {
        "table": table,
        "scan": ti.scan_table(frame.drop(columns="w"), target="y", levels={"grade": cases.GRADES}, batch=50, rows=30),
        "model": model,
        "findings": ti.Audit(hostile()).findings,
        "decision": ti.Audit(hostile()).check(),
        "changes": ti.Audit(hostile()).compare(ti.Audit(hostile())),
        "importance": ti.permutation_importance(model, table),
        "effects": ti.effects(model, table),
        "coefficients": ti.coefficients(model, table),
        "discrimination": ti.discrimination(model, table),
    }


NAMES = [
    "table",
    "scan",
    "model",
    "findings",
    "decision",
    "changes",
    "importance",
    "effects",
    "coefficients",
    "discrimination",
]


class Cells(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("name", every_nth(2, NAMES))
def test_ten_lines_in_a_terminal_and_in_a_notebook(name, shown):
    text, cells = repr(shown[name]), Cells(shown[name]._repr_html_())
    assert len(text.splitlines()) <= LINES
    assert max(map(width, text.splitlines())) <= WIDEST
    assert steering(text) <= ALLOWED
    assert set(cells.tags) <= {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    assert cells.tags.count("tr") <= LINES - 1
    assert "array(" not in text
    first = text.splitlines()[1].split()[0]
    assert first in "".join(cells.words)


def test_a_table_tells_rows_kinds_roles_and_missing_values(shown):
    table, text = shown["table"], repr(shown["table"])
    missing = table.frame.isna().sum()
    assert f"{len(table)} rows ({int(table.held_out.sum())} held out), {table.frame.shape[1]} columns" in text
    assert "2 numeric, 2 categorical, 1 boolean, 1 ordinal" in text
    assert "5 input, 1 target" in text
    assert "protected       city" in text
    assert f"{missing.sum()} in 2 columns (age {missing['age']}, city {missing['city']})" in text
    assert repr(shown["scan"]).splitlines()[1:4] == text.replace("city\n", "none\n").splitlines()[1:4]


def test_a_model_tells_library_layers_and_parameters(shown):
    text = repr(shown["model"])
    count = sum(one.numel() for one in shown["model"].module.parameters())
    assert f"parameters  {count}" in text
    assert "scikit-learn" in text
    assert "Linear" in text


def test_findings_tell_the_verdict_and_what_was_raised(shown):
    text = repr(shown["findings"])
    assert text.startswith("Verdict: ")
    raised = (shown["findings"].frame()["status"] == "raised").sum()
    assert len(text.splitlines()) == 1 + min(MOST, raised) + (raised > MOST)


def test_numbers_of_a_result_have_three_digits(shown):
    frame, lines = shown["importance"].frame(), repr(shown["importance"]).splitlines()
    assert lines[0] == f"PermutationImportance ({len(frame)} rows)"
    column, importance = lines[2].split()[:2]
    assert column == frame["column"][0]
    assert float(importance) == float(f"{frame['importance'][0]:.3g}")


def test_hidden_rows_and_columns_are_counted_or_marked():
    rows = [[f"row {i}", *np.linspace(0, 1, 30) * i] for i in range(40)]
    text = Preview("title", rows, ["name", *(f"column {i}" for i in range(30))], len(rows)).text().splitlines()
    assert len(text) == LINES
    assert text[1].endswith("…")
    assert text[-1] == "… and 33 more"


def test_names_are_text(shown):
    frame = pd.DataFrame({NAME: range(30), "b<b>": ["<script>alert(1)</script>", "x"] * 15})
    table = ti.read_table(frame, target="b<b>", name=f"<img src=x>{NAME}", protected=[NAME])
    for one in (table, shown["findings"]):
        page = one._repr_html_()
        assert steering(repr(one)) <= ALLOWED
        assert steering(page) <= ALLOWED
        assert "<script" not in page
        assert "<img" not in page
    assert "&lt;script&gt;" in table._repr_html_()
