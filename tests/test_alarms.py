"""The command that counts false alarms: its tables are clean, its audits are those of `audit`, and its limits are exact."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from scipy import stats

import tabinterp as ti
from benchmarks.alarms import __main__ as command
from benchmarks.alarms.tables import CELLS, CLASSES, NOISE, Cell, drawn
from benchmarks.faults.audits import audited
from benchmarks.marked import rewrite
from tabinterp.models import bind
from tests.shared import every_nth

LARGE = [cell for cell in CELLS if cell.rows == 10_000]


def slug(cell: Cell) -> str:
    return cell.slug


@pytest.mark.parametrize("cell", every_nth(3, LARGE), ids=slug)
def test_outcomes_have_the_law_that_the_network_says(cell):
    """Pearson's statistic of outcomes against the network's own means and variances, and the shares of the classes."""
    table, model = drawn(cell, 3)
    scores, y = bind(model, table).scores, table.y
    n = len(y)
    if cell.task == "regression":
        residual = (y - scores[:, 0]) / NOISE
        assert stats.kstest(residual, stats.t(3).cdf).pvalue > 1e-4
        return
    if cell.task == "count":
        mean = variance = np.exp(scores)
        outcome = y[:, None]
    else:
        full = np.column_stack([np.zeros(n), scores]) if cell.task == "binary" else scores
        mean = np.exp(full - full.max(axis=1, keepdims=True))
        mean /= mean.sum(axis=1, keepdims=True)
        variance, outcome = mean * (1 - mean), np.eye(mean.shape[1])[y.astype(int)]
        wanted = (1 - cell.share, cell.share) if cell.task == "binary" else CLASSES
        spread = np.sqrt(np.array(wanted) * (1 - np.array(wanted)) / n)
        assert (np.abs(outcome.mean(axis=0) - wanted) < 5 * spread + 0.05 * np.array(wanted)).all()
    z = (outcome - mean).sum(axis=0) / np.sqrt(variance.sum(axis=0))
    assert np.abs(z).max() < 4
    along = ((outcome - mean) * scores[:, -1:]).sum(axis=0) / np.sqrt((variance * scores[:, -1:] ** 2).sum(axis=0))
    assert np.abs(along).max() < 4


def test_a_table_is_the_same_again_and_another_one_for_another_number():
    cell = CELLS[2]
    first, again, other = (drawn(cell, number)[0].frame for number in (5, 5, 6))
    assert first.equals(again)
    assert not first.equals(other)


@pytest.mark.nightly
@pytest.mark.parametrize("cell", [Cell("binary", 200, 0.5), Cell("count", 200)], ids=lambda cell: cell.task)
def test_findings_are_those_of_a_whole_audit(cell):
    """The analyses that are left out are read by no check, and no check reads analyses of two parts."""
    table, model = drawn(cell, 1)
    parts = [audited(table, model, analyses, {}).findings for analyses in command.PARTS.values()]
    whole = {one.slug: one for one in ti.audit(model, table).document.findings}
    for slug, found in whole.items():
        assert found in [part[slug] for part in parts]
    raised = [one.slug for part in parts for one in part.values() if one.status == "raised"]
    assert {*raised} == {one.slug for one in whole.values() if one.status == "raised"}


@pytest.mark.parametrize(("hits", "of"), [(0, 200), (1, 200), (10, 200), (200, 200), (3, 7)])
def test_intervals_are_exact(hits, of):
    found = stats.binomtest(hits, of).proportion_ci(method="exact")
    np.testing.assert_allclose(command.exact(hits, of), (found.low, found.high), rtol=1e-6)


def line(cell, table, true=(), **raised):
    return {"cell": cell, "table": table, "raised": raised, "true": [*true], "refused": None, "seconds": 1.0}


@pytest.mark.parametrize(("severity", "within", "above"), [("act", 16, 17), ("check", 40, 41)])
def test_a_cell_fails_where_its_whole_interval_is_above_the_limit(severity, within, above):
    """Of 200 audits; the exact intervals are scipy's."""
    limit = command.LIMITS[severity]
    assert stats.binomtest(within, 200).proportion_ci(method="exact").low <= limit
    assert stats.binomtest(above, 200).proportion_ci(method="exact").low > limit
    for hits, passed in ((within, True), (above, False)):
        kept = [
            line("count-400", i, **({"shortcut": severity} if i < hits else {"rare-level": "note"})) for i in range(200)
        ]
        text, held = command.told(kept)
        assert held is passed
        assert f"`shortcut` {hits} | – |" in text
        assert "rare-level" not in text
        assert ("**above the limit**" in text) is not passed


def test_what_other_seeds_raise_as_well_is_no_false_alarm():
    kept = [line("count-400", i, true=["weak"] * (i < 60), weak="check") for i in range(61)]
    text, held = command.told(kept)
    assert held
    assert "| 61 | 0 (0.0% to" in text
    assert "| 1 (0.0% to 8.8%) | – | `weak` 1 | `weak` 60 |" in text


def test_what_a_later_part_raises_is_counted_with_the_rest_of_its_table():
    """A table is counted once, with an alarm of either part; one that only the later part audited is not counted."""
    later = [line("count-400", i, fragile="check") | {"part": "validation"} for i in (0, 1, 9)]
    kept = [line("count-400", i, **({"shortcut": "check"} if i < 1 else {})) for i in range(4)]
    text, _ = command.told([*kept, *later])
    assert "| 4 | 0 (0.0% to" in text
    assert "| 2 (6.8% to" in text
    assert "`fragile` 2, `shortcut` 1 | – |" in text
    assert "2 of them included the checks" in text
    assert "6 CPU seconds" in text


def test_small_tables_come_first_and_every_cell_in_turn():
    found = command.order(["count-10000", "count-200"], 7)
    assert found[:6] == [("count-200", i) for i in range(5)] + [("count-10000", 0)]
    assert sorted(found) == sorted((cell, i) for cell in ("count-10000", "count-200") for i in range(7))


def test_a_run_is_continued_and_its_section_written_anew(tmp_path, monkeypatch):
    kept, page = tmp_path / "kept.jsonl", tmp_path / "page.md"
    page.write_text("before\n<!-- alarms -->\nold\n<!-- /alarms -->\nafter\n", encoding="utf-8")
    kept.write_text(json.dumps(line("count-200", 0, shortcut="act")) + "\n", encoding="utf-8")
    monkeypatch.setattr(
        sys, "argv", ["alarms", "--tables", "1", "--cells", "count-200", "--kept", str(kept), "--out", str(page)]
    )
    command.main()
    assert len(command.read(kept)) == 1  # nothing is audited twice
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- alarms -->\n| tables | audits |")
    assert text.endswith("\n<!-- /alarms -->\nafter\n")
    assert "old" not in text
    assert "| n = 200, counts | 1 | 1 (2.5% to 100.0%) | 0 (0.0% to 97.5%) |" in text


@pytest.mark.parametrize(
    "text", ["no marks", "<!-- a -->", "<!-- /a -->\n<!-- a -->", "<!-- a -->\n<!-- a -->\n<!-- /a -->"]
)
def test_a_page_without_its_marks_is_left_alone(tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="<!-- a -->"):
        rewrite(page, "a", "new")
    assert page.read_text(encoding="utf-8") == text
