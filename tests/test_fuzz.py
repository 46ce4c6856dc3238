"""Some odd tables through the whole of `audit`; `make fuzz` runs many more."""

from __future__ import annotations

import pytest

from .fuzz import run

EXAMPLES = 40  # each a whole audit; as many as fit


@pytest.mark.slow
def test_every_table_is_answered_or_refused_in_words():
    counts = run(EXAMPLES, derandomize=True)
    assert counts["answered"] > EXAMPLES / 8
    assert {"TableError", "NotApplicableError"} <= set(counts)
    assert "an error without words" not in counts
