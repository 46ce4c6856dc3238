"""A slice of the planted faults, so that their runner cannot rot: each check finds its fault, and nothing in the clean twin."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.faults.__main__ import TUNED, Kept, run, told
from benchmarks.faults.audits import findings
from benchmarks.faults.planted import FAULTS, faulty, twin_of
from benchmarks.faults.tables import clean
from tabinterp.findings.checks import CHECKS

GERMAN = 2  # the smallest table
CHEAP = ("label-leak", "secretly-linear", "redundant-units", "constraint-violated", "proxy")
LISTED = {  # the methods' list of faults, and what people ask beside it
    "label-leak", "near-leak", "row-identifier", "proxy", "shortcut", "sign-conflict", "unused-column", "duplicate-columns",
    "train-test-shift", "miscalibrated", "interaction-only", "saturated", "dead-units", "redundant-units", "extrapolates",
    "unseen-level", "sentinel-value", "secretly-linear", "worse-than-linear", "off-support-behaviour", "no-signal", "suppressor",
    "row-overlap", "weak-subgroup", "target-capped", "disparate-impact", "constraint-violated", "reason-codes-unstable",
}  # fmt: skip


@pytest.mark.parametrize("slug", CHEAP)
def test_a_fault_is_found_and_its_clean_twin_is_not_blamed(slug):
    fault = next(fault for fault in FAULTS if fault.slug == slug)
    assert findings(*faulty(fault, GERMAN), fault.fields, fault.declared)[slug][0] == "raised"
    assert findings(*twin_of(fault, GERMAN), fault.fields, fault.declared)[slug][0] == "cleared"


def test_every_fault_is_planted_and_a_check():
    assert {fault.slug for fault in FAULTS} == LISTED <= {check.slug for check in CHECKS}


@pytest.mark.parametrize(
    ("seed", "task"), [(5, "binary"), (6, "binary"), (7, "binary"), (8, "regression"), (9, "multiclass")]
)
def test_simulated_tables_are_the_same_again_and_others_for_another_seed(seed, task):
    rows, again, other = clean(seed), clean(seed), clean(seed + 10)
    assert rows.task == rows.table().schema.task == task
    pd.testing.assert_frame_equal(rows.frame, again.frame)
    assert rows.name == other.name
    assert not rows.frame.equals(other.frame)
    assert {clean(seed, kind).task for kind in ("binary", "regression")} == {"binary", "regression"}


def test_a_run_counts_what_it_found():
    kept = run(["row-overlap"], GERMAN, "faults")
    assert kept.found == {"row-overlap": {"2": True}}


@pytest.mark.parametrize(
    ("found", "alarms", "passed"),
    [(20, 0, True), (19, 1, True), (18, 0, False), (20, 2, False)],  # of twenty
)
def test_bars_hold_on_the_seeds_that_are_reported(found, alarms, passed):
    kept = Kept(
        {"label-leak": {str(TUNED + i): i < found for i in range(20)} | {"0": False}},
        {"label-leak": {f"{TUNED + i} own": i < alarms for i in range(20)} | {"0 own": True}},
    )
    text, held = told(kept)
    assert held is passed
    assert f"| label-leak | 0 of 1 | {found} of 20 | 1 of 1 | {alarms} of 20 |" in text
