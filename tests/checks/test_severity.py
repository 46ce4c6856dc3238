"""A finding is as grave as what it found; what voids the comparison is said above the verdict."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.analyses.performance import section as performance
from tabinterp.analyses.performance.record import gap
from tabinterp.checks import CHECKS
from tabinterp.checks.gate.gate import decide
from tabinterp.checks.gate.policy import Policy
from tabinterp.checks.judge import judge
from tabinterp.document.document import Document, Interval
from tabinterp.messages import english
from tabinterp.report.formats.cyclonedx import render_cyclonedx
from tabinterp.report.formats.markdown import render_card, render_markdown
from tabinterp.report.formats.summary import in_one_line, verdict_and_counts
from tabinterp.report.html import render, render_notebook, render_summary
from tabinterp.report.sections.findings import voids
from tests.checks.test_checks import column, part
from tests.honest import honest
from tests.report.samples import binary

TODAY = date(2026, 11, 1)
MARGIN = 0.05


def compared(low: float | None, high: float | None) -> Document:
    """A sample whose network has a loss that is higher by so much."""
    value = 0.1 if low is None or high is None else (low + high) / 2
    difference = Interval(value=value, stderr=None if low is None else 0.01, low=low, high=high)
    status = "not_resolved" if low is None or low <= 0 else "worse"
    base = binary()
    verdict = base.verdict.model_copy(update={"status": status, "difference": difference, "margin": MARGIN})
    return base.model_copy(update={"verdict": verdict})


def found(document: Document, slug: str = "worse-than-linear"):
    return next(one for one in judge(document) if one.slug == slug)


@pytest.mark.parametrize(
    ("low", "high", "severity", "key"),
    [
        (MARGIN, 0.2, "act", "raised"),
        (0.99 * MARGIN, 0.2, "check", "raised_unclear"),
        (0.001, 0.2, "check", "raised_unclear"),
    ],
)
def test_a_network_is_worse_for_sure_only_where_the_whole_interval_is_past_the_margin(low, high, severity, key):
    one = found(compared(low, high))
    assert (one.status, one.severity, one.claim.key) == ("raised", severity, f"finding.worse-than-linear.{key}")


@pytest.mark.parametrize(("low", "fails"), [(MARGIN, True), (0.5 * MARGIN, False)])
def test_the_gate_of_a_severity_is_for_findings_of_that_severity(low, fails):
    document = honest(compared(low, 0.2)).model_copy(update={"evidence": []})
    document = document.model_copy(update={"findings": judge(document)})
    gates = {gate.name: gate for gate in decide(document, Policy(severity=[owned("act")]), TODAY).gates}
    assert (gates.get("finding:worse-than-linear") is not None) is fails
    lesser = {gate.name: gate for gate in decide(document, Policy(severity=[owned("check")]), TODAY).gates}
    assert ("finding:worse-than-linear" in lesser) is not fails
    assert "finding:worse-than-linear" in Policy(severity=[owned("check")]).gates()  # so that it can be waived


def owned(severity):
    return {"severity": severity, "owner": "Risk"}


def test_a_severity_that_the_numbers_do_not_give_is_not_believed():
    document = compared(2 * MARGIN, 0.2)
    softened = [one.model_copy(update={"severity": "check"}) for one in judge(document)]
    gates = decide(document.model_copy(update={"findings": softened}), Policy(severity=[owned("act")]), TODAY).gates
    assert {gate.name: gate.status for gate in gates}["finding:worse-than-linear"] == "failed"


def test_only_a_check_of_two_severities_has_a_lesser_one():
    rank = ("act", "check", "note")
    assert all(rank.index(c.lesser_severity) > rank.index(c.severity) for c in CHECKS if c.lesser_severity is not None)
    assert [c.slug for c in CHECKS if c.lesser_severity is not None] == ["worse-than-linear"]


# ---- without an interval


def test_no_sentence_says_which_model_has_the_lower_loss_without_an_interval():
    document = compared(None, None)
    one = found(document)
    assert (one.status, one.claim.key) == ("not_applicable", "finding.worse-than-linear.few")
    primary = document.performance.metrics[0].model_copy(update={"difference": document.verdict.difference})
    told = gap(primary, MARGIN)
    assert "value" not in told.values  # its sign would say so
    texts = [block.text for block in performance.build(document) if hasattr(block, "text")]
    assert any("has no interval" in text for text in texts)
    assert not any("network minus linear +0.1" in text for text in texts)


def test_an_audit_of_nine_groups_does_not_say_which_model_is_better():
    """Nine persons with fifty rows each, of whom the network knows everything: no interval, and no finding that it is better."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"person": np.repeat(np.arange(20), 50), "x": rng.normal(size=1000), "z": rng.normal(size=1000)}
    )
    frame["y"] = frame["x"] ** 2 + 0.3 * rng.normal(size=1000)
    frame["part"] = np.where(frame["person"] < 9, "test", "train")
    table = ti.read_table(frame, target="y", group="person", split="part")
    model = ti.wrap(lambda rows: rows["x"].to_numpy() ** 2, task="regression")
    audit = ti.audit(model, table, rows=100, analyses=["calibration", "boosted_trees", "ladder"])
    assert audit.verdict.difference.low is None
    assert found(audit.document).status == "not_applicable"
    assert "has no interval" in str(audit)
    for word in ("beats", " lower (", " higher (", "loss is"):
        assert word not in str(audit)


# ---- what voids the comparison


LEAK = {"held_out": part(0.999, 0.999, 1.0)}
VIEWS = {
    "page": render, "markdown": render_markdown, "card": render_card, "summary": render_summary, "notebook": render_notebook,
    "cyclonedx": render_cyclonedx, "terminal": lambda document: str(ti.Audit(document)),
}  # fmt: skip


def ranked(**update):
    """The sample with one column changed, and an AUC that swaps no classes."""
    document = column(**update)
    right = {"network": part(0.75, 0.7, 0.8)}
    metrics = [m.model_copy(update=right if m.metric == "auc" else {}) for m in document.performance.metrics]
    return document.model_copy(update={"performance": document.performance.model_copy(update={"metrics": metrics})})


def test_the_checks_that_void_a_comparison_demand_action():
    assert {"label-leak", "row-overlap", "shortcut", "groups-split", "classes-swapped"} <= {
        c.slug for c in CHECKS if c.voids_comparison
    }
    assert {c.severity for c in CHECKS if c.voids_comparison} == {"act"}


@cache
def leaked_and_sound():
    return honest(ranked(**LEAK)), honest(ranked())


@pytest.mark.parametrize("view", VIEWS)
def test_what_voids_the_comparison_is_said_above_the_verdict_of_every_view(view, undrawn):
    document, sound = leaked_and_sound()
    assert found(document, "label-leak").voids
    (said,) = voids(document)
    assert "TI-D02" in said
    verdict = english()["verdict.worse"].split(" {")[0]
    text = VIEWS[view](document)
    start = "comparison of the two models cannot be trusted"
    assert text.index(start) < (text.rindex(verdict) if view in ("card", "cyclonedx") else text.index(verdict))
    assert start not in VIEWS[view](sound)


def test_one_line_says_it_too():
    leaked, sound = leaked_and_sound()
    for line in (in_one_line, verdict_and_counts):
        assert "cannot be trusted (TI-D02)" in line(leaked)
        assert "cannot be trusted" not in line(sound)


def test_a_check_that_is_cleared_voids_nothing():
    assert not any(one.voids for one in judge(ranked()))
