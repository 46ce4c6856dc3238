"""Page one: findings in brief, what is said about groups, and sentences that stand elsewhere."""

from __future__ import annotations

import string

import pytest

from tabinterp.checks import CHECKS
from tabinterp.document.document import Document, Message
from tabinterp.messages import english, text
from tabinterp.messages.names import width
from tabinterp.report.blocks import FindingList, Paragraph
from tabinterp.report.sections import findings
from tabinterp.report.sections.first_screen import first_screen
from tabinterp.report.words import say
from tests.report.samples import SAMPLES, binary, selection_rates

RAISED = [key for check in CHECKS for key in check.sentences if key.startswith(f"finding.{check.slug}.raised")]


def values_of(template: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


def with_findings(*found, protected: bool = True) -> Document:
    made = binary()
    columns = [one.model_copy(update={"protected": protected and one.protected}) for one in made.data.columns]
    return made.model_copy(update={"findings": list(found), "data": made.data.model_copy(update={"columns": columns})})


@pytest.mark.parametrize("key", RAISED)
def test_a_finding_in_brief_ends_with_its_first_sentence_that_has_a_value(key):
    values = {name: f"<{name}>" for name in values_of(english()[key])}
    whole, brief = text(key, values), text(key, values, brief=True)
    assert whole.startswith(brief)
    assert brief.endswith(".")
    if values:
        first, *_ = (name for name in values_of(english()[key]))
        assert f"<{first}>" in brief
        *before, last = brief.split(". ")
        assert "<" in last
        assert not any("<" in one for one in before)
    else:
        assert brief == whole


def test_page_one_shows_findings_in_brief_and_the_section_of_all_checks_in_full():
    raised = selection_rates("raised", "raised")
    made = with_findings(raised)
    (item,) = first_screen(made).raised
    assert (
        item.claim == "The selection rate of “sex: female” is 0.900 times that of “sex: male” (95% CI 0.800 to 0.990)."
    )
    (listed,) = (block for block in findings.findings(made) if isinstance(block, FindingList))
    assert listed.items[0].claim == say(raised.claim)
    assert "rule of thumb" in listed.items[0].claim


def test_a_finding_with_a_long_list_is_cut_on_page_one():
    names = [f"column {i}" for i in range(200)]
    one = selection_rates("raised", "raised")
    claim = one.claim.model_copy(update={"key": "finding.unused-column.raised", "values": {"columns": names}})
    (item,) = first_screen(with_findings(one.model_copy(update={"claim": claim, "slug": "unused-column"}))).raised
    assert item.claim.endswith("…")
    assert width(item.claim) <= findings.EXCERPT


def test_page_one_says_how_selection_rates_compare_where_columns_are_protected():
    said = first_screen(with_findings(selection_rates("cleared", "cleared"))).groups
    assert said == (
        "No group's selection rate is significantly below 0.800 times that of another group of the same column or pair of "
        "columns. Lowest ratio: 0.900 (unadjusted 95% CI 0.800 to 0.990), “sex: female” relative to “sex: male”."
    )
    partly = selection_rates("cleared", "cleared_partly")
    partly = partly.model_copy(
        update={"claim": partly.claim.model_copy(update={"values": partly.claim.values | {"untold": 3}})}
    )
    said = first_screen(with_findings(partly)).groups
    assert said.startswith(
        "Among the groups whose results can be disclosed, no selection rate is significantly below 0.800"
    )
    assert "(results are withheld for 3 columns or pairs). Lowest disclosed ratio: 0.900" in said
    unstated = first_screen(with_findings(selection_rates("not_applicable", "not_applicable_adverse"))).groups
    assert unstated.startswith("Not applicable: the adverse class was not stated.")
    withheld = first_screen(with_findings(selection_rates("cleared", "cleared_withheld"))).groups
    assert withheld.startswith("No group's selection rate is significantly below 0.800 times")


@pytest.mark.parametrize("key", ["cleared", "not_applicable_adverse"])
def test_page_one_says_nothing_about_groups_where_no_column_is_protected(key):
    status = "cleared" if key == "cleared" else "not_applicable"
    assert first_screen(with_findings(selection_rates(status, key), protected=False)).groups == ""


def test_page_one_does_not_repeat_what_a_finding_on_it_says():
    raised = selection_rates("raised", "raised")
    assert first_screen(with_findings(raised)).groups == ""
    severe = [raised.model_copy(update={"slug": "label-leak", "severity": "act"})] * findings.ON_PAGE_ONE
    behind = first_screen(with_findings(*severe, raised))
    assert behind.groups.startswith("The selection rate of “sex: female” is 0.900 times")
    assert "Selected" not in behind.groups
    uncompared = selection_rates("not_applicable", "not_applicable")  # the analysis of groups was not requested
    assert first_screen(with_findings(uncompared)).groups == ""


def test_page_one_does_not_repeat_the_comparison_with_boosted_trees():
    made = binary()
    line = {"key": "verdict.reference.worse", "values": {"value": 0.1, "low": 0.05, "high": 0.15}}
    lines = [*made.verdict.lines, selection_rates("raised", "raised").claim.model_copy(update=line)]
    first = first_screen(made.model_copy(update={"verdict": made.verdict.model_copy(update={"lines": lines})}))
    assert any(said.startswith("Boosted trees") for said in first.lines)
    assert not any(said.startswith("Boosted trees") for said in first.aside)
    assert any("boosted trees" in one.label for one in first.strip)


def test_page_one_says_where_lower_is_better_and_the_unit_of_log_loss():
    labels = {name: [one.label for one in first_screen(SAMPLES[name]()).strip] for name in ("binary", "regression")}
    assert labels["binary"][0].startswith("log loss (nats; lower is better), network − linear (95% CI ")
    assert labels["binary"][1].startswith("ROC AUC, network − linear (95% CI ")
    assert labels["regression"][0].startswith("mean squared error (lower is better), network − linear (95% CI ")


def test_page_one_joins_the_conditions_of_a_rule():
    made = binary()
    leaf = made.disagreement.leaves[0]
    rule = [
        Message(key="condition.above", values={"column": "age", "threshold": 30.0}),
        Message(key="condition.is", values={"column": "sex", "level": "female"}),
    ]
    found = made.disagreement.model_copy(update={"leaves": [leaf.model_copy(update={"conditions": rule})]})
    panels = first_screen(made.model_copy(update={"disagreement": found})).panels
    said = [block.text for panel in panels for block in panel.blocks if isinstance(block, Paragraph)]
    assert any(
        one.startswith(
            "Apart from rules with withheld counts, “age above 30 and sex is female” covers the most rows on which the models "
            "disagree."
        )
        for one in said
    )


@pytest.mark.parametrize(
    ("status", "gain", "shortest", "said"),
    [
        (
            "not_resolved",
            "not_resolved",
            None,
            "The network was not shown to predict better than the refitted linear model",
        ),
        (
            "better",
            "equivalent",
            "linear",
            "The network was not shown to predict better than the refitted linear model",
        ),
        ("better", "better", None, "No simpler model was shown to match the network"),
    ],
)
def test_page_one_says_so_if_there_is_no_gain_that_a_simpler_model_could_match(status, gain, shortest, said):
    made = binary()
    ladder = made.gain.ladder.model_copy(update={"gain": gain, "shortest": shortest})
    gains = made.gain.model_copy(update={"ladder": ladder})
    verdict = made.verdict.model_copy(update={"status": status})
    page = first_screen(made.model_copy(update={"gain": gains, "verdict": verdict}))
    told = [block.text for panel in page.panels for block in panel.blocks if isinstance(block, Paragraph)]
    assert any(text.startswith(said) for text in told), told
