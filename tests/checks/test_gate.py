"""A policy's demands, held against documents: what passes, what fails, what is waived, and how it is told."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import jsonschema
import pytest
from pydantic import ValidationError

import tabinterp as ti
from tabinterp.checks import CHECKS
from tabinterp.checks.gate.exporters import FORMATS
from tabinterp.checks.gate.gate import decide
from tabinterp.checks.gate.policy import LONGEST_WAIVER, METRICS, Policy
from tabinterp.checks.judge import judge
from tabinterp.cli import commands as cli
from tabinterp.document.base import Interval, Status
from tabinterp.document.canonical import to_bytes
from tabinterp.errors import PolicyError
from tabinterp.messages import english
from tests.honest import honest
from tests.report import samples

SARIF = json.loads((Path(__file__).parents[1] / "data" / "sarif-2.1.0-rtm.5.json").read_text())
TODAY = date(2026, 11, 24)
OWNED = 'owner = "Model risk"\n'


def policy(text: str) -> Policy:
    return Policy.model_validate(tomllib.loads(text))


@pytest.fixture(scope="module")
def document():
    made = samples.binary()
    return made.model_copy(update={"findings": judge(made)})


def only(document, text, today=TODAY):
    (gate,) = decide(document, policy(text), today).gates
    return gate


@pytest.mark.parametrize(
    ("bound", "by", "passes"),
    [
        ("at_least = 0.79", "interval", True),
        ("at_least = 0.795", "interval", False),  # inside the interval: noise does not pass
        ("at_least = 0.795", "value", True),
        ("at_most = 0.81", "interval", True),
        ("at_most = 0.805", "interval", False),
        ("at_most = 0.805", "value", True),
        ("at_least = 0.79\nat_most = 0.81", "interval", True),
        ("at_least = 0.79\nat_most = 0.799", "value", False),
    ],
)
def test_a_threshold_is_met_by_the_interval_or_by_the_value(document, bound, by, passes):
    row = document.performance.metrics[1].model_copy(
        update={"metric": "auc", "network": Interval(value=0.8, stderr=0.004, low=0.792, high=0.808)}
    )
    performance = document.performance.model_copy(update={"metrics": [document.performance.metrics[0], row]})
    changed = document.model_copy(update={"performance": performance})
    gate = only(changed, f'[[metric]]\n{OWNED}metric = "auc"\nby = "{by}"\n{bound}')
    assert (gate.status == "passed") == passes
    assert gate.owner == "Model risk"


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_words_and_one_that_is_absent_fails_unless_it_may_be(document, metric):
    bare = document.model_copy(
        update={"performance": document.performance.model_copy(update={"metrics": []}), "calibration": None}
    )
    demand = f'[[metric]]\n{OWNED}metric = "{metric}"\nat_least = 0.5\n'
    assert only(bare, demand).status == "failed"
    assert only(bare, demand + 'missing = "pass"').status == "passed"
    for form in FORMATS:
        assert ti.format_decision(decide(bare, policy(demand), TODAY), form)


def test_the_linear_model_and_the_difference_have_thresholds_too(document):
    row = document.performance.metrics[0]
    for of in ("linear", "difference"):
        value = getattr(row, of).value
        for bound, status in ((value - 1e-9, "passed"), (value + 1e-9, "failed")):
            text = f'[[metric]]\n{OWNED}metric = "{row.metric}"\nof = "{of}"\nby = "value"\nat_least = {bound!r}'
            assert only(document, text).status == status


def test_a_calibration_slope(document):
    slope = document.calibration.outputs[0].network.slope
    demand = f'[[metric]]\n{OWNED}metric = "calibration_slope"\nat_least = {slope.low!r}\nat_most = {slope.high!r}'
    assert only(document, demand).status == "passed"
    assert only(document, demand.replace(repr(slope.high), repr(slope.high - 1e-9))).status == "failed"


def test_a_name_of_one_letter_of_any_script_is_one():
    for name in ("林", "ま", "я", "ß", "7", "々木"):
        assert policy(WAIVED.replace("A. Reviewer", name)).waiver[0].name == name


@pytest.mark.parametrize("bound", ["at_least = 1e-9", "at_most = 0.999", "at_least = 0\nat_most = 0.9"])
def test_a_threshold_that_can_be_missed_is_taken(bound):
    assert policy(f"[[metric]]\n{OWNED}metric = 'auc'\n{bound}").metric


def test_the_verdict_is_one_of_those_allowed(document):
    assert only(document, f'[verdict]\n{OWNED}allowed = ["better", "equivalent"]').status == "failed"
    assert only(document, f'[verdict]\n{OWNED}allowed = ["worse"]').status == "passed"


def test_the_words_that_reports_show_are_taken_as_well():
    shown = policy(
        f'[verdict]\n{OWNED}allowed = ["Network better", "negligible difference", "inconclusive"]\n'
        f'[[severity]]\n{OWNED}severity = "action required"\n[[severity]]\n{OWNED}severity = "Review"\n'
        f'[[metric]]\n{OWNED}metric = "ROC AUC"\nat_least = 0.7\n[[metric]]\n{OWNED}metric = "Brier score"\nat_most = 0.2'
    )
    assert shown.verdict.allowed == ["better", "equivalent", "not_resolved"]
    assert [one.severity for one in shown.severity] == ["act", "check"]
    assert [one.gate for one in shown.metric] == ["metric:network.auc", "metric:network.brier"]
    every = [english()[f"report.judged.status.{name}"] for name in get_args(Status)]
    with pytest.raises(ValidationError, match="every verdict"):
        policy(f"[verdict]\n{OWNED}allowed = {every}")


def test_the_docs_list_the_names_and_words_of_a_policy():
    text = (Path(__file__).parents[2] / "docs" / "gate.md").read_text("utf-8")
    for place, names in (
        ("judged.status", get_args(Status)),
        ("severity", ["act", "check", "note"]),
        ("metric", METRICS),
    ):
        for name in names:
            word = english().get(f"report.{place}.{name}") or english()[f"gate.{place}.{name}"]
            assert f"`{name}` ({word})" in text


def test_a_severity_covers_each_of_its_checks_once_and_a_demand_of_its_own_goes_first(document):
    both = policy(
        f'[[severity]]\nseverity = "act"\n{OWNED}[[finding]]\nfinding = "worse-than-linear"\nowner = "Validation"'
    )
    gates = {gate.name: gate for gate in decide(document, both, TODAY).gates}
    assert set(gates) == {f"finding:{c.slug}" for c in CHECKS if c.severity == "act"} == both.gates()
    assert gates["finding:worse-than-linear"].owner == "Validation"
    assert gates["finding:worse-than-linear"].status == "failed"  # the sample's network is worse
    assert gates["finding:unsafe-model-file"].status == "passed"


def test_a_check_that_could_not_look_passes_unless_told_otherwise(document):
    blind = document.model_copy(update={"network": document.network.model_copy(update={"converged": None})})
    blind = blind.model_copy(update={"findings": judge(blind)})
    demand = f'[[finding]]\nfinding = "not-converged"\n{OWNED}'
    assert only(blind, demand).status == "passed"
    assert only(blind, demand + 'not_applicable = "fail"').status == "failed"


def test_a_check_that_the_document_does_not_hold_fails(document):
    old = document.model_copy(update={"findings": document.findings[1:]})
    assert only(old, f'[[finding]]\nfinding = "{document.findings[0].slug}"\n{OWNED}').status == "failed"


WAIVED = f"""
[[finding]]
finding = "worse-than-linear"
{OWNED}
[[waiver]]
gate = "finding:worse-than-linear"
reason = "challenger only"
name = "A. Reviewer"
expires = 2026-11-24
"""


def test_a_waiver_holds_through_its_last_day(document):
    assert only(document, WAIVED).status == "waived"
    late = only(document, WAIVED, date(2026, 11, 25))
    assert late.status == "failed"
    assert late.waiver is not None
    assert "expired" in ti.format_decision(decide(document, policy(WAIVED), date(2026, 11, 25)))


def test_a_waiver_lasts_at_most_a_year_from_the_day_it_is_used(document, tmp_path):
    assert LONGEST_WAIVER == 366
    day = date.fromisoformat
    assert only(document, WAIVED, day("2025-11-23")).status == "waived"
    with pytest.raises(
        PolicyError, match=r"'finding:worse-than-linear' expires too late \(2026-11-24\).* up to 2026-11-23"
    ):
        only(document, WAIVED, day("2025-11-22"))
    today = datetime.now(UTC).date()
    for days, fine in ((LONGEST_WAIVER, True), (LONGEST_WAIVER + 2, False)):  # two: midnight may pass in between
        path = tmp_path / "policy.toml"
        path.write_text(WAIVED.replace("2026-11-24", str(today + timedelta(days=days))))
        if fine:
            assert ti.read_policy(path)[0].waiver
            continue
        with pytest.raises(PolicyError, match=r"policy\.toml.*too late"):
            ti.read_policy(path)


def test_a_waiver_that_is_not_needed_is_named(document):
    fine = WAIVED.replace("worse-than-linear", "unsafe-model-file")
    decision = decide(document, policy(fine), TODAY)
    assert decision.passed
    assert [w.name for w in decision.idle] == ["A. Reviewer"]
    assert "not needed" in ti.format_decision(decision)


def test_raised_findings_without_a_gate_are_counted_and_named(document):
    raised = [one for one in document.findings if one.status == "raised"]
    severities = {check.slug: check.severity for check in CHECKS}
    expected = [one.slug for one in raised if severities[one.slug] != "act"]
    decision = decide(document, today=TODAY)
    assert expected
    assert [*decision.without_gate] == expected
    said = f"Raised checks that the policy does not cover: {len(expected)} ({', '.join(expected)}). They do not"
    assert said in ti.format_decision(decision)
    assert json.loads(ti.format_decision(decision, "json"))["raised_without_gate"] == expected
    first, *others = expected
    named = policy(f'[[finding]]\n{OWNED}finding = "{first}"')
    assert first not in decide(document, named, TODAY).without_gate
    assert {*others} < {*decide(document, named, TODAY).without_gate}
    every = "".join(f'[[severity]]\n{OWNED}severity = "{one}"\n' for one in ("act", "check", "note"))
    assert "policy does not cover" not in ti.format_decision(decide(document, policy(every), TODAY))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the policy has no gates"),
        (
            "[[metric]]\nmetric = 'auc'\nat_least = 0.5",
            "owner in [[metric]] number 1: this field is required, but missing; add a line such as owner = ...",
        ),
        (f"[[metric]]\n{OWNED}metric = 'gini'\nat_least = 0.5", "unknown metric 'gini'; choose one of log_loss"),
        (f"[[metric]]\n{OWNED}metric = 'roc_auc'\nat_least = 0.5", "Did you mean 'auc'?"),
        (f"[[metric]]\n{OWNED}metric = 'neg_log_loss'\nat_most = 0.5", "Did you mean 'log_loss'?"),
        (f"[[metric]]\n{OWNED}metric = 'neg_mean_squared_error'\nat_most = 0.5", "Did you mean 'squared_error'?"),
        (f"[[metric]]\n{OWNED}metric = 'brier_score_loss'\nat_most = 0.5", "Did you mean 'brier'?"),
        (f"[[metric]]\n{OWNED}metric = 'auc'", "give at least one of them"),
        (
            f"[[metric]]\n{OWNED}metric = 'auc'\nat_least = 0.9\nat_most = 0.5",
            "got at_least = 0.9 and at_most = 0.5",
        ),
        (f"[[metric]]\n{OWNED}metric = 'auc'\nat_least = 'high'", "received 'high'"),
        (
            f"[[metric]]\n{OWNED}metric = 'auc'\nat_leats = 0.5\nat_least = 0.5",
            "at_leats in [[metric]] number 1: this field is unknown; correct its name",
        ),
        (f"[[finding]]\n{OWNED}finding = 'leek'", "`tabinterp checks`"),
        (f"[[finding]]\n{OWNED}finding = 'saturated'\n" * 2, "more than one gate for finding:saturated"),
        (f"[verdict]\n{OWNED}allowed = []", "allowed in [verdict]: the list is too short"),
        (WAIVED.replace('"finding:worse-than-linear"', '"finding:saturated"'), "does not contain: finding:saturated"),
        (WAIVED.replace("2026-11-24", "'soon'"), "expires in [[waiver]] number 1"),
        (WAIVED.replace("challenger only", ""), "reason in [[waiver]] number 1"),
        (
            WAIVED.replace("challenger only", " \u3164"),
            "reason in [[waiver]] number 1: the text must contain at least one letter or digit",
        ),
        (
            WAIVED.replace("A. Reviewer", "\u200b"),
            "name in [[waiver]] number 1: the text must contain at least one letter or digit",
        ),
        (
            WAIVED.replace("A. Reviewer", "\u02b0"),
            "name in [[waiver]] number 1: the text must contain at least one letter or digit",
        ),
        (
            WAIVED.replace("A. Reviewer", "\u0640 \ufe0f\u2800"),
            "name in [[waiver]] number 1: the text must contain at least one letter or digit",
        ),
        (
            WAIVED.replace("A. Reviewer", "\U00013441"),
            "name in [[waiver]] number 1: the text must contain at least one letter or digit",
        ),
        (
            WAIVED.replace("Model risk", "\U000e0041\u2062"),
            "owner in [[finding]] number 1: the text must contain at least one letter or digit",
        ),
        (
            WAIVED.replace("2026-11-24", "0001-01-01"),
            "expires in [[waiver]] number 1: 0001-01-01 is before 2000-01-01; write the year",
        ),
        (WAIVED.replace("2026-11-24", "1999-12-31"), "expires in [[waiver]] number 1: 1999-12-31 is before 2000-01-01"),
        (
            f"[[metric]]\n{OWNED}metric = 'auc'\nat_least = 0",
            "[[metric]] number 1: every model meets this threshold, because auc always lies between 0 and 1",
        ),
        (f"[[metric]]\n{OWNED}metric = 'auc'\nat_most = 75", "set a threshold that a model can fail to meet"),
        (f"[[metric]]\n{OWNED}metric = 'accuracy'\nat_least = -1\nat_most = 1", "every model meets this threshold"),
        (
            f"[[metric]]\n{OWNED}metric = 'log_loss'\nat_least = -1e9",
            "every model meets this threshold, because log_loss always lies between 0 and inf",
        ),
        (
            f"[[metric]]\n{OWNED}metric = 'r2'\nat_most = 1",
            "every model meets this threshold, because r2 always lies between -inf and 1",
        ),
        (
            f"[[metric]]\n{OWNED}metric = 'auc'\nof = 'difference'\nat_least = -1",
            "the difference in auc always lies between -1 and 1",
        ),
        (f"[verdict]\n{OWNED}allowed = {[*get_args(Status)]}", "[verdict] allows every verdict"),
        (
            WAIVED.replace("Model risk", "--"),
            "owner in [[finding]] number 1: the text must contain at least one letter or digit",
        ),
        (f'name = "  "\n{WAIVED}', "name: the text must contain at least one letter or digit"),
        (
            WAIVED.replace("2026-11-24", "4102444800"),
            "expires in [[waiver]] number 1: the value must be a date without quotes",
        ),
        (
            WAIVED.replace("2026-11-24", "2026-11-24T00:00:00"),
            "expires in [[waiver]] number 1: the value must be a date",
        ),
        (WAIVED.replace("2026-11-24", "true"), "received True"),
        (
            WAIVED.replace("2026-11-24", "9999-12-31"),
            "the waiver of 'finding:worse-than-linear' expires too late (9999-12-31)",
        ),
        (
            f"[[metric]]\n{OWNED}metric = 'auc'\nat_least = true",
            "at_least in [[metric]] number 1: the value must be a number",
        ),
        (f"[[metric]]\n{OWNED}metric = 'auc'\nat_least = '0.5'", "received '0.5'"),
        (f"[[metric]]\n{OWNED}metric = 'auc'\nat_least = nan", "finite number; received nan"),
        (f"[[metric]]\n{OWNED}metric = 'auc'\nat_most = inf", "finite number; received inf"),
        (f"[[finding]]\n{OWNED}finding = 'near-leak'\nlimits = {{ auc = true }}", "received True"),
        (f"[[finding]]\n{OWNED}finding = 'near-leak'\nlimits = {{ auc = nan }}", "received nan"),
        (f"at = {'1' * 5000}", "not valid TOML"),
        (f"at = {'[' * 5000}", "not valid TOML"),
        ("owner = [", "not valid TOML"),
    ],
)
def test_a_wrong_policy_is_refused_in_words(tmp_path, text, told):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(PolicyError) as error:
        ti.read_policy(path)
    assert told in str(error.value)
    assert "policy.toml" in str(error.value)


# ---- forms


HOSTILE = "<b>a|b</b> `x` [l](javascript:1)\n## h\x00\x1b[31m\ud800"


@pytest.fixture(scope="module")
def hostile(document):
    data = document.data.model_copy(update={"name": HOSTILE})
    found = document.model_copy(update={"data": data})
    return decide(found, policy(WAIVED + f'[verdict]\n{OWNED}allowed = ["better"]'), TODAY)


def test_sarif_follows_its_published_schema(document, hostile):
    for decision in (hostile, decide(document, today=TODAY)):
        log = json.loads(ti.format_decision(decision, "sarif", audit="out/audit.json"))
        jsonschema.Draft4Validator(SARIF).validate(log)
        results = log["runs"][0]["results"]
        assert len(results) == decision.count("failed") + decision.count("waived")
        assert sum("suppressions" in result for result in results) == decision.count("waived")
        assert {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results} <= {"out/audit.json"}


def test_junit_counts_its_cases(hostile):
    top = ElementTree.fromstring(ti.format_decision(hostile, "junit"))
    assert len(top.findall(".//testcase")) == int(top.get("tests")) == len(hostile.gates)
    assert len(top.findall(".//failure")) == int(top.get("failures")) == hostile.count("failed") == 1
    assert len(top.findall(".//skipped")) == int(top.find("testsuite").get("skipped")) == 1


def test_markdown_shows_names_as_they_are(hostile):
    told = ti.format_decision(hostile, "markdown")
    assert "<b>" not in told
    assert "[l]" not in told.replace("\\", "\0")
    assert told.splitlines()[0].startswith("# ")
    assert not told.splitlines()[1]
    rows = [line for line in told.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(hostile.gates)


def test_json_holds_every_gate(hostile):
    told = json.loads(ti.format_decision(hostile, "json", audit_sha256="ab"))
    assert [gate["gate"] for gate in told["gates"]] == hostile.frame()["gate"].tolist()
    assert told["passed"] is False
    assert told["audit_sha256"] == "ab"


def test_another_form_is_refused(hostile):
    with pytest.raises(PolicyError, match="unknown format 'pdf'; choose one of text, json, markdown, junit, sarif"):
        ti.format_decision(hostile, "pdf")


# ---- the command


@pytest.fixture
def saved(tmp_path, document):
    path = tmp_path / "audit.json"
    path.write_bytes(to_bytes(honest(document)))
    return path


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr("sys.argv", ["tabinterp", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return stop.value.code, *capsys.readouterr()


def test_exit_codes(monkeypatch, capsys, saved, tmp_path):
    fine, wrong = tmp_path / "fine.toml", tmp_path / "wrong.toml"
    fine.write_text(f'[verdict]\n{OWNED}allowed = ["worse"]')
    wrong.write_text("[[metric]]")
    code, out, _ = run(monkeypatch, capsys, "check", saved, "--policy", fine)
    assert (code, "1 of 1 gates passed" in out) == (0, True)
    assert "The model file and the data were not compared with audit.json." in out
    code, out, _ = run(monkeypatch, capsys, "check", saved)
    assert (code, "failed  finding:worse-than-linear" in out) == (1, True)
    for words in ((saved, "--policy", wrong), (saved, "--format", "pdf"), (tmp_path / "none.json",)):
        code, out, err = run(monkeypatch, capsys, "check", *words)
        assert (code, out) == (2, "")
        assert err.startswith("error: ")


def test_the_answer_is_written_to_a_file_with_what_was_judged(monkeypatch, capsys, saved, tmp_path):
    target = tmp_path / "ci" / "gate.sarif"
    code, out, _ = run(monkeypatch, capsys, "check", saved, "--format", "sarif", "--out", target)
    assert (code, out.strip()) == (1, str(target))
    log = json.loads(target.read_text())
    assert len(log["runs"][0]["properties"]["audit_sha256"]) == 64
