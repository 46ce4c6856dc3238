"""Ladder, shares, disagreement and calibration in the document: the numbers of the functions, and no gain without one."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest

import tabinterp as ti
from tabinterp.analyses import ANALYSES
from tabinterp.analyses.boosted_trees.estimator import boosted
from tabinterp.analyses.calibration.estimator import calibration
from tabinterp.analyses.decision_curve.estimator import decisions
from tabinterp.analyses.decomposition.record import LARGEST
from tabinterp.analyses.disagreement.estimator import disagreement
from tabinterp.analyses.performance.estimator import compare
from tabinterp.analyses.recalibration.estimator import recalibrated
from tabinterp.analyses.settings import decision_policy as policy
from tabinterp.analyses.slices.estimator import slices
from tabinterp.document.canonical import from_bytes, to_bytes
from tabinterp.document.claims import check
from tabinterp.models import bind
from tests import cases
from tests.shared import once_per_run, published_schema


@functools.cache
def models(task: str, make=cases.network_pipeline, n: int = 700):
    frame = cases.mixed_frame(n, task=task)
    table = cases.mixed_table(frame, task, split=0.5)
    seen = (
        frame if make is cases.network_pipeline else table.training_rows().frame
    )  # a network that has seen the rows gains
    model = ti.wrap(make(seen, task))
    return model, ti.fit_counterpart(model, table), table


GAIN = [
    "recalibration", "decision_curve", "boosted_trees", "calibration", "ladder", "decomposition", "disagreement", "slices",
    "reason_codes", "groups",
]  # fmt: skip


@once_per_run
def document_of(task: str, make=cases.network_pipeline):
    model, counterpart, table = models(task, make)
    costs = (1, 5) if task == "binary" else None
    analyses = GAIN if make is cases.network_pipeline else ["ladder", "decomposition"]
    return ti.audit(model, table, counterpart=counterpart, rows=60, costs=costs, analyses=analyses).document


def audited(task: str, make=cases.network_pipeline):
    return document_of(task, make), *models(task, make)


def same(part, value, low, high) -> None:
    for found, expected in zip((part.value, part.low, part.high), (value, low, high), strict=True):
        # Two fits of one model; with scipy 1.14 they stop 3e-9 of the difference apart.
        assert found == (pytest.approx(expected, rel=1e-8, abs=1e-12) if np.isfinite(expected) else None)


def values_of(estimate):
    value, _, low, high = estimate
    return value, low, high


FEW = pytest.mark.parametrize(
    "task",
    [task if task == "binary" else pytest.param(task, marks=pytest.mark.nightly) for task in cases.TASKS],
)


@FEW
class TestNumbers:
    def test_the_document_is_valid_and_comes_back(self, task):
        document = audited(task)[0]
        data = to_bytes(document)
        published_schema().validate(json.loads(data))
        assert from_bytes(data) == document
        check(document)
        assert document.gain.ladder is not None
        assert document.gain.shares is not None
        assert document.calibration is not None
        assert document.disagreement is not None

    def test_rungs_are_those_of_the_ladder(self, task):
        document, model, _, table = audited(task)
        expected, found = ti.ladder(model, table), document.gain.ladder
        assert [r.rung for r in found.rungs] == list(expected.rungs)
        assert [r.parameters for r in found.rungs] == list(expected.parameters)
        for i, rung in enumerate(found.rungs):
            for name in ("loss", "against_below", "against_network", "recovered"):
                all_of = getattr(expected, name)
                same(getattr(rung, name), all_of.value[i], all_of.low[i], all_of.high[i])
        assert [r.status for r in found.rungs] == [*expected.status[:-1], None]
        assert (found.gain, found.shortest, found.metric) == (expected.gain, expected.shortest, expected.metric)
        assert found.pairs == [" × ".join(pair) for pair in expected.pairs]
        assert (found.rows, found.training_rows) == (expected.rows, expected.training_rows)

    def test_shares_are_those_of_the_decomposition_and_none_is_lost(self, task):
        document, model, _, table = audited(task)
        expected, found = ti.decompose(model, table), document.gain.shares
        assert found.weighting == {"regression": None, "count": "rate"}.get(task, "p(1-p)")
        frames = {"share": expected.frame()}
        if found.weighting:
            frames["weighted"] = expected.frame(found.weighting)
        for name, frame in frames.items():
            several = "output" in frame
            at = {((r.output if several else None), r.component, r.of): r for r in frame.itertuples()}
            for row in [*found.whole, *found.parts]:
                key = (("all" if row.output is None else row.output) if several else None, row.component, row.of)
                same(getattr(row, name), at[key].share, at[key].ci_low, at[key].ci_high)
            for component in ("linear", "curvature", "interactions"):
                listed = sum(getattr(r, name).value for r in found.parts if r.component == component)
                listed += sum(getattr(r, name) for r in found.rest if r.component == component)
                whole = next(r for r in found.whole if r.output is None and r.component == component)
                assert listed == pytest.approx(getattr(whole, name).value, abs=1e-9)
        assert len(found.parts) == min(LARGEST, len(expected.components) - 3)
        sizes = [abs(r.share.value) for r in found.parts]
        assert sizes == sorted(sizes, reverse=True)

    def test_what_stands_beside_the_verdict_is_that_of_the_functions(self, task):
        document, model, counterpart, table = audited(task)
        network, linear = bind(model, table), bind(counterpart, table)
        pair = network.take(table.held_out), linear.take(table.held_out)
        performance, found = compare(*pair, held_out=True), document.judged
        assert document.verdict.rows_needed == performance.rows_needed
        assert [(one.output, one.row.metric) for one in found.classes] == [(c, m.name) for c, m in performance.classes]
        again = recalibrated(*pair, performance)
        same(found.recalibration.row.difference, *values_of(again.metric.difference))
        assert found.recalibration.status == again.status
        trees = boosted(network, performance.margin)
        same(found.reference.trees, *values_of(trees.metric.linear))
        same(found.reference.difference, *values_of(trees.metric.difference))
        assert (found.reference.status, found.reference.rounds) == (trees.status, trees.rounds)
        if task != "binary":
            assert found.decisions is None
            return
        decided = decisions(*pair, policy((1, 5), None, task), held_out=True)
        assert [row.metric for row in found.decisions.policy.metrics] == [m.name for m in decided.metrics]
        same(found.decisions.policy.none_cost, *values_of(decided.none_cost))
        for point, difference in zip(found.decisions.curve, decided.difference, strict=True):
            same(point.difference, *values_of(difference))
        assert f"verdict.cost.{decided.metrics[0].resolved}" in [line.key for line in document.verdict.lines]

    def test_calibration_and_disagreement_are_those_of_the_functions(self, task):
        document, model, counterpart, table = audited(task)
        network, linear = bind(model, table), bind(counterpart, table)
        for which, bound in (("network", network), ("linear", linear)):
            expected = calibration(bound)
            for row, output in zip(document.calibration.outputs, expected.outputs, strict=True):
                found = getattr(row, which)
                assert row.output == output.output
                for name in ("slope", "intercept"):
                    value, _, low, high = getattr(output, name)
                    same(getattr(found, name), value, low, high)
                for one, other in zip(found.bins, output.bins, strict=True):
                    assert (one.rows, one.predicted) == (other.rows, pytest.approx(other.predicted))
                    same(one.observed, other.observed, other.low, other.high)
        cut = {"threshold": policy((1, 5), None, task).threshold} if task == "binary" else {}
        expected, found = disagreement(network, linear, **cut), document.disagreement
        assert (found.rows, found.count) == (expected.rows, expected.count)
        assert found.threshold == pytest.approx(expected.threshold)
        same(found.share, *expected.share)
        untold = min(side for one in expected.right for side in (one, expected.count - one) if side) < 10
        for name in ("network_right", "linear_right", "neither"):
            same(getattr(found, name), *([np.nan] * 3 if untold else getattr(expected, name)))
        some = expected.higher_count or 0
        way_untold = expected.higher is None or any(0 < side < 10 for side in (some, expected.count - some))
        same(found.network_higher, *([np.nan] * 3 if way_untold else expected.higher))
        assert (found.auc.value is None) == (expected.tree is None)
        resolved = expected.tree is not None and expected.tree.auc[2] > 0.5
        if not resolved:
            assert found.leaves == []
            return
        # Where one leaf holds fewer than ten rows, another one goes with it: the two could be told apart by the total.
        rows = [leaf.rows for leaf in expected.tree.leaves]
        assert {leaf.rows for leaf in found.leaves} <= set(rows)
        assert sum(leaf.rows for leaf in found.leaves) + found.hidden_rows == expected.tree.rows
        assert len(rows) - len(found.leaves) <= (1 if 0 < expected.tree.hidden < 10 else 0)

    def test_groups_are_those_of_the_function(self, task):
        document, model, counterpart, table = audited(task)
        expected = slices(bind(model, table), bind(counterpart, table), document.verdict.margin)
        found = document.slices
        assert (found.rows, found.groups, found.metric) == (expected.rows, len(expected.slices), expected.loss)
        notable = [one for one in expected.slices if one.status == "worse" or one.unlike]
        assert len(found.found) + found.hidden == len(notable)
        assert found.sentences[0].key == ("slices.found" if notable or better(expected) else "slices.none")
        for row, one in zip(found.found, notable, strict=False):
            assert (row.rows, row.status, row.unlike) == (one.rows, one.status, one.unlike)
            same(row.difference, one.difference[0], *one.difference[2:])
            same(row.against_rest, one.against_rest[0], *one.against_rest[2:])


def better(found) -> int:
    return sum(one.status == "better" for one in found.slices)


def test_reasons_are_those_of_the_function():
    document, model, counterpart, table = audited("binary")
    held_out = table.evaluation_rows()
    threshold = policy((1, 5), None, "binary").threshold
    expected, found = ti.reason_codes(model, counterpart, held_out, rows=60, threshold=threshold), document.reasons
    assert (found.threshold, document.judged.decisions.policy.threshold) == (threshold, threshold)
    assert (found.rows, found.declined_rows, found.declined) == (60, expected.declined_rows, "no")
    for row, one in zip(found.alike, expected.likeness, strict=True):
        assert (row.of, row.rows) == (one.of, one.rows if 10 <= one.rows <= 50 or one.rows == 60 else None)
        for name in ("jaccard", "changed", "first"):
            value, _, low, high = getattr(one, name)
            same(getattr(row, name), value, low, high)
    for row, one in zip(found.flips, expected.flips, strict=True):
        same(row.gain, one.gain[0], *one.gain[2:])
    assert [row.column for row in found.columns] == [one.column for one in expected.named]
    for row, one in zip(found.columns, expected.named, strict=True):
        for name in ("network", "linear", "network_first", "linear_first"):
            value, _, low, high = getattr(one, name)
            same(getattr(row, name), value, low, high)
            assert np.isnan(value) or round(value * found.rows) not in (*range(1, 10), *range(51, 60))
    assert any(row.network_first.value is None for row in found.columns)
    same(found.omitted, expected.omitted[0], *expected.omitted[2:])
    assert found.protected_network.value is None
    assert not any(m.key == "not_assessed.reasons" for m in document.not_assessed)
    model, counterpart, table = models("regression", cases.network_pipeline)
    document = ti.audit(model, table, counterpart=counterpart, rows=60, analyses=["reason_codes"]).document
    assert document.reasons is None
    assert any(m.key == "not_assessed.reasons" for m in document.not_assessed)


def test_the_users_margin_is_that_of_every_verdict():
    document, model, counterpart, table = audited("binary")
    asked = {"margin": 5.0, "threshold": 0.3, "rows": 60}
    analyses = ["ladder", "boosted_trees", "recalibration", "decision_curve"]
    wide = ti.audit(model, table, counterpart=counterpart, analyses=analyses, **asked).document
    assert (wide.verdict.status, wide.verdict.margin, wide.verdict.margin_given) == ("equivalent", 5.0, True)
    assert (wide.gain.ladder.margin, wide.gain.ladder.gain) == (5.0, "equivalent")
    assert wide.judged.reference.status == wide.judged.recalibration.status == "equivalent"
    assert wide.verdict.lines[-1].key == "verdict.scope.given"
    assert document.verdict.lines[-1].key == "verdict.scope"
    assert wide.judged.decisions.policy.given == "threshold"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"margin": 0.0}, "margin must be"),
        ({"costs": (1, -5)}, "costs must be"),
        ({"threshold": 2}, "threshold must be"),
    ],
)
def test_what_is_no_margin_cost_or_threshold_is_refused_at_the_door(settings, words):
    _, model, counterpart, table = audited("binary")
    with pytest.raises(ti.TabinterpError, match=words):
        ti.audit(model, table, counterpart=counterpart, **settings)


@FEW
def test_without_a_resolved_gain_no_gain_is_told(task, undrawn):
    document = audited(task, make=cases.linear_pipeline)[0]
    gain = document.gain
    assert gain.ladder.gain != "better"
    assert not any(line.key.startswith("ladder.") for line in document.verdict.lines)
    assert gain.agreement.key == "gain.no_gain"
    assert not gain.recovery.key.endswith(".gain")
    assert all(rung.recovered.value is None for rung in gain.ladder.rungs)
    assert "of the network's gain over" not in str(ti.Audit(document)) + ti.Audit(document).to_html()


@FEW
def test_a_resolved_gain_is_among_the_first_lines(task):
    document = audited(task)[0]
    assert document.gain.ladder.gain == "better"
    assert [line for line in document.verdict.lines if line.key.startswith("ladder.")] == [document.gain.recovery]
    assert not document.network.linear
    assert not any(line.key.startswith("verdict.linear") for line in document.verdict.lines)


# Some of what applies without held-out rows, and takes seconds; `tests/test_audit.py` has an audit of all analyses without them.
NEEDS_NONE = (
    "discrimination",
    "maximisation",
    "off_support",
    "path_weights",
    "perturbation",
    "shapley_values",
    "trust",
)


def test_without_held_out_rows_it_is_said_in_words():
    frame = cases.mixed_frame(900)
    asked = [one.name for one in ANALYSES if one.name not in NEEDS_NONE]
    audit = ti.audit(ti.wrap(cases.network_pipeline(frame)), cases.mixed_table(frame), rows=60, analyses=asked)
    document = audit.document
    assert document.calibration is None
    assert document.disagreement is None
    assert document.gain.ladder is None
    assert (document.gain.recovery, document.gain.agreement) == (None, None)
    assert document.gain.shares.rows_of == "all"
    readings = [m.values["reading"] for m in document.not_assessed if m.key == "not_assessed.reading"]
    assert readings == [
        "recalibration", "net benefit", "boosted trees as a reference", "calibration", "ladder of refits",
        "scorecard", "comparison of decisions", "comparison of slices of rows", "overfitting by slice", "conditional importance",
        "regional effects", "ablation of groups of units", "conformal prediction", "resilience on hard and outer rows",
        "comparison with training rows",
    ]  # fmt: skip


def test_a_document_from_before_reads_and_renders(undrawn):
    document = audited("binary")[0]
    old = json.loads(to_bytes(document))
    for name in ("calibration", "gain", "disagreement", "slices", "reasons", "judged"):
        del old[name]
    read = from_bytes(json.dumps(old).encode())
    assert (read.calibration, read.gain, read.disagreement) == (None, None, None)
    page = ti.Audit(read.model_copy(update={"verdict": read.verdict.model_copy(update={"lines": []})})).to_html()
    assert "Comparison with simpler models" not in page
