"""The budget of an audit: how many rows a function of rows is asked about, and what the document says of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import tabinterp as ti
from tabinterp.auditing.budget import level
from tabinterp.errors import TabinterpError
from tabinterp.models import bind

ASKING = ["reason_codes", "permutation_importance", "shapley_values", "effects", "interactions", "trust", "off_support"]


class Asked:
    """A slow model: it counts the rows that it is asked about."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, rows: pd.DataFrame) -> np.ndarray:
        self.rows += len(rows)
        score = 2 * rows["a"] - rows["b"] + rows["a"] * rows["c"] + (rows["level"] == "x")
        return 1 / (1 + np.exp(-score.to_numpy()))


@pytest.fixture(scope="module")
def table() -> ti.Table:
    draw = np.random.default_rng(3)
    frame = pd.DataFrame(draw.normal(size=(400, 4)), columns=list("abcd"))
    frame["level"] = draw.choice(list("xyz"), size=400)
    hit = draw.uniform(size=400) < Asked()(frame)
    frame["y"] = np.where(hit, "yes", "no")
    return ti.read_table(frame, target="y", positive="yes", adverse="no", split=0.3)


def audited(table: ti.Table, **settings: object) -> tuple[ti.Audit, int]:
    function = Asked()
    audit = ti.audit(ti.wrap(function, classes=["no", "yes"]), table, **settings)
    return audit, function.rows


def notes(audit: ti.Audit) -> dict[str, dict[str, object]]:
    return {note.key: dict(note.values) for note in audit.document.not_assessed}


@pytest.mark.parametrize("budget", [25_000, pytest.param(80_000, marks=pytest.mark.nightly)])
def test_no_more_rows_than_the_budget(table, budget):
    audit, asked = audited(table, budget=budget, analyses=ASKING)
    assert asked <= budget
    assert asked > budget / 3
    assert audit.document.settings.budget == budget
    said = notes(audit)["not_assessed.budget"]
    assert said["budget"] == budget
    assert "Shapley values" in said["analyses"]
    assert audit.document.importance.rows in {0, *range(50, 119)}


@pytest.mark.parametrize(
    "analyses", [ASKING, pytest.param(None, marks=pytest.mark.nightly)], ids=["those that ask most", "all"]
)
def test_by_default_400_000_rows_and_nothing_is_left_out(table, analyses):
    audit, asked = audited(table, analyses=analyses)
    assert audit.document.settings.budget == 400_000
    assert asked <= 400_000
    refused = [note.values["reason"].key for note in audit.document.not_assessed if note.key == "not_assessed.reading"]
    assert not [key for key in refused if key.startswith("why.budget")]
    assert audit.document.shapley is not None
    assert audit.document.trust is not None
    assert audit.document.interactions is not None
    assert audit.document.reasons is not None


def test_a_share_that_is_enough_changes_no_rows(table):
    few = {"analyses": ["permutation_importance", "effects"], "rows": 50}
    (one, asked), (other, again) = audited(table, budget=400_000, **few), audited(table, budget=2_000_000, **few)
    assert asked == again
    assert "not_assessed.budget" not in notes(one)
    assert one.document.model_dump(exclude={"settings", "method"}) == other.document.model_dump(
        exclude={"settings", "method"}
    )


def test_fewer_rows_are_explained_and_their_number_is_in_the_document(table):
    audit, _ = audited(table, budget=20_000, analyses=["shapley_values"])
    shapley = audit.document.shapley
    assert 10 <= shapley.rows < table.held_out.sum()
    assert 10 <= shapley.background_rows < 100


def test_where_nothing_is_left_an_analysis_says_so(table):
    audit, asked = audited(table, budget=6_400, analyses=["shapley_values", "trust", "interactions"])
    assert asked <= 6_400
    left_out = [note for note in audit.document.not_assessed if note.key == "not_assessed.reading"]
    assert {note.values["reason"].key for note in left_out} <= {"why.budget.few", "why.budget.rows", "why.budget.spent"}
    assert left_out


def test_the_same_bound_model_is_audited_twice(table):
    function = Asked()
    bound = ti.wrap(function, classes=["no", "yes"])
    settings = {"budget": 20_000, "analyses": ["shapley_values"]}
    first, second = (ti.audit(bound, table, **settings) for _ in range(2))
    assert first.document == second.document
    assert function.rows <= 40_000


def test_bound_or_not_gives_the_same_document(table):
    model = ti.wrap(Asked(), classes=["no", "yes"])
    settings = {"budget": 20_000, "analyses": ["shapley_values", "permutation_importance"]}
    assert ti.audit(model, table, **settings).document == ti.audit(bind(model, table), table, **settings).document


def test_an_audit_that_was_stopped_leaves_no_limit_behind(table):
    bound = bind(ti.wrap(Asked(), classes=["no", "yes"]), table)

    def stop(part, share):
        if part == "shapley values":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ti.audit(bound, table, budget=20_000, progress=stop, analyses=["permutation_importance", "shapley_values"])
    assert ti.permutation_importance(bound, table, n_repeats=20).importance.size == 5


def test_a_column_that_moved_nothing_on_a_part_of_the_rows_is_not_called_unused(table):
    audit, _ = audited(table, budget=20_000, analyses=["permutation_importance", "shapley_values", "trust"])
    found = next(one for one in audit.document.findings if one.slug == "unused-column")
    assert audit.document.importance.rows < audit.document.data.held_out_rows
    assert (found.status, found.claim.key) == ("not_applicable", "finding.unused-column.not_applicable_budget")


def test_a_scan_counts_the_rows_that_it_reads(table, tmp_path):
    frame = pd.concat([table.frame] * 40, ignore_index=True)
    frame.to_parquet(tmp_path / "rows.parquet")
    scan = ti.scan_table(tmp_path / "rows.parquet", target="y", positive="yes", adverse="no", split=0.3, rows=150)
    audit, asked = audited(scan, budget=60_000, analyses=["permutation_importance", "shapley_values"])
    assert asked <= 60_000
    assert audit.document.shapley is not None
    with pytest.raises(TabinterpError, match="Allow at least"):
        audited(scan, budget=20_000)


def test_errors_say_what_to_do(table):
    network = ti.wrap(torch.nn.Linear(4, 1), encoder="passthrough", classes=["no", "yes"])
    numbers = ti.read_table(table.frame.drop(columns="level"), target="y", positive="yes", adverse="no", split=0.3)
    with pytest.raises(TabinterpError, match="Leave out budget="):
        ti.audit(network, numbers, budget=1_000)
    with pytest.raises(TabinterpError, match=r"Allow at least 6,400 predictions \(budget=6400\)"):
        audited(table, budget=1_000)
    with pytest.raises(TabinterpError, match="between 1 and"):
        audited(table, budget=0)


@pytest.mark.parametrize("left", [0.0, 1.0, 17.0, 60.0, 99.0])
def test_shares_use_what_there_is_and_favour_nobody(left):
    needs = [3.0, 40.0, 7.0, 50.0]
    share = level(needs, left)
    given = [min(need, share) for need in needs]
    assert sum(given) == pytest.approx(min(left, sum(needs)))
    assert all(got == need or got == max(given) for got, need in zip(given, needs, strict=True))
