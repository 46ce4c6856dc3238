"""A slice of the planted faults, so that their runner cannot rot: each check finds its fault, and nothing in the clean twin."""

from __future__ import annotations

import pytest

from benchmarks.faults.__main__ import Kept, run, told
from benchmarks.faults.audits import findings
from benchmarks.faults.planted import FAULTS, faulty, twin_of

GERMAN = 2  # the smallest table
CHEAP = ("label-leak", "secretly-linear", "redundant-units")


@pytest.mark.parametrize("slug", CHEAP)
def test_a_fault_is_found_and_its_clean_twin_is_not_blamed(slug):
    fault = next(fault for fault in FAULTS if fault.slug == slug)
    assert findings(*faulty(fault, GERMAN), fault.fields)[slug][0] == "raised"
    assert findings(*twin_of(fault, GERMAN), fault.fields)[slug][0] == "cleared"


def test_a_run_counts_what_it_found():
    kept = Kept()
    run([fault for fault in FAULTS if fault.slug == "row-overlap"], GERMAN, "faults", kept)
    assert kept.found == {"row-overlap": {"2": True}}


@pytest.mark.parametrize(
    ("found", "alarms", "passed"),
    [(20, 0, True), (19, 1, True), (18, 0, False), (20, 2, False)],  # of twenty
)
def test_bars_hold_on_the_seeds_that_are_reported(found, alarms, passed):
    kept = Kept(
        {"label-leak": {str(10 + i): i < found for i in range(20)} | {"0": False}},
        {"label-leak": {f"{10 + i} own": i < alarms for i in range(20)} | {"0 own": True}},
    )
    text, held = told(kept)
    assert held is passed
    assert f"| label-leak | 0 of 1 | {found} of 20 | 1 of 1 | {alarms} of 20 |" in text
