"""A slice of the changed documents and policies that `make fuzz` runs by the thousand."""

from __future__ import annotations

from .fuzz_documents import mutate_documents, mutate_policies

DOCUMENTS, POLICIES = 48, 300  # RICH_EVERY examples take as long as all the others: few of them


def test_changed_documents_are_refused_or_fail():
    counts = mutate_documents(DOCUMENTS, seed=0)
    assert sum(counts.values()) == DOCUMENTS
    assert counts["not read"] < DOCUMENTS  # some came as far as the judgement
    assert "an error without words" not in counts
    assert counts["failed, rendered"]


def test_changed_policies_are_refused_or_held():
    counts = mutate_policies(POLICIES, seed=0)
    assert set(counts) == {"held", "not read"}
    assert min(counts["held"], counts["not read"]) > POLICIES / 20
