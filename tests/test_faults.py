"""A slice of the planted faults, so that their runner cannot rot: each check finds its fault, and nothing in the clean twin."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.faults import people, tables
from benchmarks.faults.__main__ import Kept, run, told
from benchmarks.faults.audits import audited
from benchmarks.faults.planted import FAULTS, USUAL, clean_rows, faulty, twin_of, unseen
from benchmarks.faults.tables import REPORTED, TUNED, clean, is_tuned
from benchmarks.faults.unseen import borne_out, raised_again
from tabinterp.checks import CHECKS
from tabinterp.network import reference
from tests.shared import every_nth

ROOT = Path(__file__).parents[1]
SMALLEST = 0  # German credit: 1,000 rows
SLICE, ROWS = 4, 1500  # a simulated table
LEFT_OUT = {  # that take longest, are like another, or need more rows
    "target-capped", "reason-codes-unstable", "interaction-only", "suppressor", "proxy", "sentinel-value", "duplicate-columns",
    "row-identifier", "near-leak", "weak-subgroup", "undercovered",
}  # fmt: skip
LISTED = {  # the methods' list of faults, and what people ask beside it
    "label-leak", "near-leak", "row-identifier", "proxy", "shortcut", "sign-conflict", "unused-column", "duplicate-columns",
    "train-test-shift", "miscalibrated", "interaction-only", "saturated", "dead-units", "redundant-units", "extrapolates",
    "unseen-level", "sentinel-value", "secretly-linear", "worse-than-linear", "off-support-behaviour", "no-signal", "suppressor",
    "row-overlap", "weak-subgroup", "target-capped", "disparate-impact", "constraint-violated", "reason-codes-unstable",
    "trees-win", "classes-swapped", "protected-reasons", "overfit", "fragile", "undercovered",
    "no-recourse",
}  # fmt: skip


QUICK = (
    "label-leak",
    "disparate-impact",
    "dead-units",
)  # of the data, of people, of the network: the last two in every run
CHOSEN = {fault.slug: fault for fault in USUAL if fault.slug not in LEFT_OUT}
RARE = {fault.slug: fault for fault in FAULTS if fault.task == tables.RARE_TASK}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(tables, "ROWS", ROWS)


@functools.cache
def twins(twin, task, sound, quick):
    """One audit of a clean twin, with what all of its faults' checks read: of those in every run, or of the others."""
    faults = [
        one
        for one in CHOSEN.values()
        if (one.twin, clean_rows(SLICE, one.task).task, one.sound, one.slug in QUICK) == (twin, task, sound, quick)
    ]
    return audited(*twin_of(faults[0], SLICE), frozenset().union(*(one.analyses for one in faults)), faults[0].declared)


@pytest.mark.slow
@pytest.mark.parametrize(
    "slug", [slug if slug in QUICK[1:] else pytest.param(slug, marks=pytest.mark.nightly) for slug in CHOSEN]
)
def test_a_fault_is_found_and_its_clean_twin_is_not_blamed(slug, small, monkeypatch):
    fault = CHOSEN[slug]
    if slug in QUICK:  # a network that is told the label learns it for ever; the clean one stops before that
        monkeypatch.setattr(reference, "EPOCHS", 75)
    assert audited(*faulty(fault, SLICE), fault.analyses, fault.declared).status(slug) == "raised"
    twin = twins(fault.twin, clean_rows(SLICE, fault.task).task, fault.sound, slug in QUICK)
    assert twin.status(slug) == "cleared"


@pytest.mark.nightly
@pytest.mark.parametrize("slug", ["miscalibrated", "saturated"])  # of one network
def test_a_fault_is_found_where_one_class_is_rare(slug):
    """These have 45 held-out events or so to go by."""
    assert audited(*faulty(RARE[slug], SLICE), RARE[slug].analyses, {}).status(slug) == "raised"


@pytest.mark.parametrize("seed", [4, 8])
def test_a_rare_class_has_its_share_and_a_rule_of_the_same_half(seed):
    rows = clean(seed, tables.RARE_TASK)
    positives = int((rows.frame["target"] == "yes").sum())
    expected = tables.RARE_SHARE * tables.RARE_ROWS
    assert abs(positives - expected) < 4 * expected**0.5
    assert len(rows.frame) == tables.RARE_ROWS
    assert rows.task == rows.table().schema.task == "binary"
    assert rows.name in (TUNED if is_tuned(seed) else REPORTED)


def test_every_check_of_outcomes_has_a_fault_with_a_rare_class():
    assert {fault.name for fault in FAULTS} - {fault.name for fault in USUAL} == {
        f"{slug} (3% positives)" for slug in RARE
    }
    assert {"label-leak", "shortcut", "miscalibrated", "saturated", "worse-than-linear", "no-signal", "overfit"} <= set(
        RARE
    )


@pytest.mark.nightly
def test_a_weak_group_is_true_where_it_fails_on_rows_that_nobody_saw():
    fault, seed = next(fault for fault in FAULTS if fault.slug == "weak-subgroup"), 3
    made = audited(*faulty(fault, seed), fault.analyses, fault.declared)
    rows, further = unseen(fault, seed)
    assert made.status("weak-subgroup") == "raised"
    assert len(further.frame) == tables.LATER
    assert borne_out(made, rows, people.weak_subgroup(further, seed))  # the same group is turned there
    assert not borne_out(made, rows, further)  # and there it is as all others
    assert not borne_out(made, rows, further.of(further.frame[:0]))


def test_tuned_and_reported_tables_are_others():
    assert not {*TUNED} & {*REPORTED}
    assert [clean(seed).name for seed in range(10)] == [*TUNED, *REPORTED]
    assert [is_tuned(seed) for seed in range(10, 20)] == [True] * 5 + [False] * 5


@pytest.mark.parametrize("path", sorted((ROOT / "reports").glob("*/audit.json")), ids=lambda path: path.parent.name)
def test_what_is_raised_on_a_bundled_table_is_explained(path):
    names = {
        "adult": "Adult", "california_housing": "California", "default_of_credit_card_clients": "Taiwan",
        "german_credit": "German credit", "satellite": "Satellite",
    }  # fmt: skip
    findings = json.loads(path.read_text(encoding="utf-8"))["findings"]
    raised = [one["slug"] for one in findings if one["status"] == "raised"]
    told = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").split("## Findings on the bundled tables")[1]
    parts = dict(re.findall(r"^- \*\*(.+?)\*\*(.*?)(?=^- \*\*|\Z)", told, re.MULTILINE | re.DOTALL))
    assert sorted(re.findall(r"^  - `([a-z-]+)`: ", parts[names[path.parent.name]], re.MULTILINE)) == sorted(raised)


def test_every_fault_is_planted_and_a_check():
    assert {fault.slug for fault in FAULTS} == LISTED <= {check.slug for check in CHECKS}


@pytest.mark.parametrize(
    ("seed", "task"), every_nth(2, [(3, "regression"), (4, "binary"), (5, "binary"), (6, "multiclass"), (7, "binary")])
)
def test_simulated_tables_are_the_same_again_and_others_for_another_seed(seed, task):
    rows, again, other = clean(seed), clean(seed), clean(seed + 10)
    assert rows.task == rows.table().schema.task == task
    pd.testing.assert_frame_equal(rows.frame, again.frame)
    assert rows.name == other.name
    assert not rows.frame.equals(other.frame)
    assert {clean(seed, kind).task for kind in ("binary", "regression")} == {"binary", "regression"}


@pytest.mark.nightly
def test_a_run_counts_what_it_found():
    kept = run(["row-overlap"], SMALLEST, "faults")
    assert kept.found == {"row-overlap": {"0": True}}


@pytest.mark.parametrize(
    ("found", "alarms", "true", "passed"),
    [(20, 0, 0, True), (19, 1, 0, True), (18, 0, 0, False), (20, 2, 0, False), (20, 3, 2, True)],  # of twenty
)
def test_bars_hold_on_the_tables_that_are_reported(found, alarms, true, passed):
    seeds = [10 * i + j for i in range(4) for j in range(5, 10)]
    kept = Kept(
        {"label-leak": {str(seed): i < found for i, seed in enumerate(seeds)} | {"0": False}},
        {"label-leak": {f"{seed} own": i < alarms for i, seed in enumerate(seeds)} | {"0 own": True}},
        {"label-leak": {f"{seed} own": i < true for i, seed in enumerate(seeds[:alarms])}},
        dict.fromkeys(map(str, seeds), 1.0),
    )
    text, held = told(kept)
    assert held is passed
    rung = f"{true} of {alarms}" if alarms else "–"
    assert f"| label-leak | 0 of 1 | {found} of 20 | 1 of 1 | {alarms - true} of 20 | {rung} |" in text


@pytest.mark.nightly
def test_a_network_is_miscalibrated_where_it_is_so_on_rows_that_nobody_saw():
    fault, seed = next(fault for fault in FAULTS if fault.slug == "miscalibrated"), 3
    judged = [audited(*case(fault, seed), fault.analyses, fault.declared) for case in (faulty, twin_of)]
    assert [made.status(fault.slug) for made in judged] == ["raised", "cleared"]
    rows, further = unseen(fault, seed)
    again = [raised_again(made, rows, further, fault.slug, fault.analyses) for made in judged]
    assert again == [True, False]
    assert not raised_again(judged[0], rows, further.of(further.frame[:999]), fault.slug, fault.analyses)  # too few
