"""Some mutated resume files; `make fuzz` mutates many more."""

from __future__ import annotations

import random

import pytest

from tabinterp.errors import TabinterpError
from tests.shared import every_nth

from .fuzz_resume import OTHER, RAW, REFUSED, SEALED, WHOLE, _Case, mutate_resume_files

EXAMPLES = 30


def test_mutated_resume_files_are_refused_in_words_or_change_nothing():
    counts = mutate_resume_files(EXAMPLES, seed=1)
    assert sum(counts.values()) == EXAMPLES
    assert counts[REFUSED] > EXAMPLES / 3
    assert set(counts) <= {WHOLE, REFUSED, OTHER}


@pytest.mark.parametrize(
    "how", every_nth(2, ["rows are -5", "rows are 10^9", "bits are flipped", "a number is another"])
)
@pytest.mark.parametrize(
    "name", ["columns.npz", "sums-001.npz", pytest.param("sums-002.npz", marks=pytest.mark.nightly)]
)
def test_a_number_of_rows_that_was_changed_is_refused(how, name, tmp_path):
    """With the digest taken anew and without."""
    case = _Case(tmp_path, "table.csv")
    path, draw = case.kept / name, random.Random(0)
    before = path.read_bytes()
    while path.read_bytes() == before:
        (SEALED | RAW)[how](path, draw)
    with pytest.raises(TabinterpError, match=r"with --overwrite instead of --resume"):
        case.run()
