"""Two audits side by side: which numbers changed beyond their errors, and how it is told."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import false_discovery_control, norm

import tabinterp as ti
from tabinterp.checks.judge import judge
from tabinterp.cli import commands as cli
from tabinterp.document.base import Interval
from tabinterp.document.difference import LEVEL, compare_documents
from tabinterp.errors import DocumentError
from tabinterp.report.sections.difference import lines
from tests.report import samples
from tests.shared import every_nth


def judged(document):
    return document.model_copy(update={"findings": judge(document)})


@pytest.fixture(scope="module")
def before():
    return judged(samples.binary())


def moved(document, metric, shift):
    """The document with a metric of the network moved."""
    rows = []
    for row in document.performance.metrics:
        part = row.network
        if row.metric == metric:
            part = Interval(value=part.value + shift, stderr=part.stderr, low=part.low + shift, high=part.high + shift)
        rows.append(row.model_copy(update={"network": part}))
    return document.model_copy(update={"performance": document.performance.model_copy(update={"metrics": rows})})


def test_an_audit_beside_itself_has_not_changed(before):
    found = compare_documents(before, before)
    assert not found.frame()["changed"].any()
    assert not any(fact.changed for fact in (*found.facts, *found.findings))
    assert found.alone == ()
    assert found.same_rows


def test_errors_and_p_values_are_those_of_two_samples(before):
    """z tests of every pair, adjusted by scipy."""
    draw = np.random.default_rng(0)
    after = before
    for row in before.performance.metrics:
        after = moved(after, row.metric, draw.normal(0, 2 * row.network.stderr))
    frame = compare_documents(before, after).frame()
    tested = frame[frame["q"].notna()]
    p = 2 * norm.sf(np.abs(tested["difference"]) / tested["stderr"])
    np.testing.assert_allclose(tested["q"], false_discovery_control(p), atol=1e-12)
    row = before.performance.metrics[0]
    own = frame[(frame["name"] == row.metric) & (frame["of"] == "network")].iloc[0]
    assert own["stderr"] == pytest.approx(math.sqrt(2) * row.network.stderr)


@pytest.mark.parametrize(("errors", "changed"), [(1, False), (12, True)])
def test_a_change_is_one_beyond_its_error(before, errors, changed):
    row = before.performance.metrics[0]
    frame = compare_documents(before, moved(before, row.metric, errors * row.network.stderr)).frame()
    assert frame["changed"].sum() == changed
    if changed:
        assert frame.iloc[0][["theme", "of", "name"]].tolist() == ["performance", "network", row.metric]


def test_a_number_without_an_error_is_shown_and_not_judged(before):
    after = moved(before, before.performance.metrics[0].metric, 100.0)
    rows = list(after.performance.metrics)
    bare = rows[0].network.model_copy(update={"stderr": None})
    rows[0] = rows[0].model_copy(update={"network": bare})
    after = after.model_copy(update={"performance": after.performance.model_copy(update={"metrics": rows})})
    frame = compare_documents(before, after).frame()
    assert not frame["changed"].any()
    assert (frame["difference"] == 100.0).any()


def test_what_only_one_of_them_has_is_named(before):
    after = before.model_copy(
        update={"importance": before.importance.model_copy(update={"columns": before.importance.columns[1:]})}
    )
    found = compare_documents(before, after)
    assert any(before.importance.columns[0].column in name for *_, name in found.alone)


def test_findings_and_facts(before):
    after = judged(
        before.model_copy(
            update={
                "network": before.network.model_copy(update={"converged": False}),
                "method": before.method.model_copy(update={"data_digest": "ef" * 32}),
            }
        )
    )
    found = compare_documents(before, after)
    assert [(f.name, f.second) for f in found.findings if f.changed] == [("not-converged", "raised")]
    assert [f.name for f in found.facts if f.changed] == ["contents of the table"]
    assert found.same_rows is False


@pytest.mark.parametrize("keys", [("", ""), ("0123456789abcdef", ""), ("0123456789abcdef", "fedcba9876543210")])
def test_without_digests_under_one_key_nobody_knows_whether_the_rows_are_the_same(before, keys):
    one, two = (
        before.model_copy(update={"method": before.method.model_copy(update={"digest_key": key, "data_digest": ""})})
        for key in keys
    )
    found = compare_documents(one, two)
    assert found.same_rows is None
    assert "contents of the table" not in [fact.name for fact in found.facts]
    assert any("is unknown" in line and "--digest-key" in line for line in lines(found))
    more = two.model_copy(update={"data": two.data.model_copy(update={"rows": two.data.rows + 1})})
    assert compare_documents(one, more).same_rows is False


@pytest.mark.parametrize("other", [samples.multiclass, samples.regression])
def test_other_questions_are_refused(before, other):
    with pytest.raises(DocumentError, match="cannot be compared"):
        compare_documents(before, other())


@pytest.mark.parametrize(
    "make", every_nth(3, [samples.binary, samples.multiclass, samples.hostile, samples.count, samples.all_none])
)
def test_every_kind_of_audit_has_a_page_a_text_and_json(make, tmp_path):
    one = judged(make())
    two = moved(one, one.performance.metrics[0].metric, 3.0) if one.performance.metrics[0].network.low else one
    paths = []
    for name, document in (("one", one), ("two", two)):
        paths.append(tmp_path / f"{name}.json")
        ti.Audit(document).to_json(paths[-1])
    page = ti.compare_audits(*paths, "html")
    assert "<h1>" in page
    assert "<script>alert" not in page
    assert ti.compare_audits(*paths, "text")
    told = json.loads(ti.compare_audits(*paths, "json"))
    assert told["level"] == LEVEL
    assert len(told["digests"][0]) == 64


def test_the_command(monkeypatch, capsys, before, tmp_path):
    path, target = tmp_path / "audit.json", tmp_path / "changes.html"
    ti.Audit(before).to_json(path)
    for words, code in ((["--out", target, "--format", "html"], None), (["--format", "pdf"], 2)):
        monkeypatch.setattr("sys.argv", ["tabinterp", "compare", str(path), str(path), *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert (stop.value.code or None) == code
    assert "unknown format 'pdf'; a comparison can be written as text, json, html" in capsys.readouterr().err
    assert "<!DOCTYPE html>" in target.read_text("utf-8")
