"""Some odd tables through the whole of `audit`; `make fuzz` runs many more."""

from __future__ import annotations

import pytest

from .fuzz import run

FEW, MANY = 2, 40  # each a whole audit


def test_a_few_tables_are_answered_or_refused_in_words():
    counts = run(FEW, derandomize=True)
    assert sum(counts.values()) >= FEW
    assert "an error without words" not in counts


@pytest.mark.nightly
def test_every_table_is_answered_or_refused_in_words():
    counts = run(MANY, derandomize=True)
    assert counts["answered"] > MANY / 8
    assert {"TableError", "NotApplicableError"} <= set(counts)
    assert "an error without words" not in counts
