"""No flag and no sentence may say more than the interval beside it."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tabinterp import messages
from tabinterp.analyses.coefficients import section as coefficients
from tabinterp.document.base import side
from tabinterp.document.claims import check
from tabinterp.document.document import Interval, Message
from tabinterp.errors import DocumentError
from tabinterp.report.blocks import Figure
from tabinterp.report.html import render
from tests.report.samples import SAMPLES, binary, multiclass, nothing, regression

ABOVE = Interval(value=0.05, low=0.03, high=0.07)
AROUND = Interval(value=0.001, low=-0.002, high=0.004)
TOUCHING = Interval(value=0.05, low=0.0, high=0.1)


def verdict(document, status, **changes):
    key = changes.pop("key", f"verdict.{status}")
    sentence = Message(key=key, values={"linear": "logistic regression"})
    parts = {"status": status, "sentence": sentence, **changes}
    return document.model_copy(update={"verdict": document.verdict.model_copy(update=parts)})


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_claim_what_they_may(name):
    check(SAMPLES[name]())


@pytest.mark.parametrize(
    "document",
    [
        verdict(binary(), "worse", difference=ABOVE),
        verdict(binary(), "better", difference=ABOVE, metric="auc"),
        verdict(binary(), "equivalent", difference=AROUND, margin=0.005),
        verdict(binary(), "not_resolved", difference=TOUCHING),
        verdict(binary(), "worse", difference=ABOVE, key="verdict.worse"),
    ],
)
def test_claims_that_their_intervals_bear_out(document):
    check(document)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (verdict(binary(), "worse", key="verdict.better"), r"verdict\.better.*'worse'"),
        (verdict(binary(), "worse", key="verdict.worse_than_all"), "verdict.sentence"),
        (verdict(nothing(), "not_resolved"), "held-out"),
        (verdict(binary(), "better", difference=ABOVE), "does not show that the network is better"),
        (verdict(binary(), "worse", difference=ABOVE, metric="auc"), "does not show that the network is worse"),
        (verdict(binary(), "worse", difference=TOUCHING), "does not show that the network is worse"),
        (verdict(binary(), "worse", difference=Interval(value=0.1)), "does not show that the network is worse"),
        (verdict(binary(), "equivalent", difference=AROUND, margin=0.003), "margin"),
        (verdict(binary(), "equivalent", difference=AROUND, margin=None), "margin"),
    ],
)
def test_verdicts_that_claim_more_are_refused(document, words):
    with pytest.raises(DocumentError, match=words):
        render(document)


def test_a_resolved_metric_needs_its_interval():
    document = binary()
    rows = [row.model_copy(update={"difference": AROUND}) for row in document.performance.metrics]
    performance = document.performance.model_copy(update={"metrics": rows})
    with pytest.raises(DocumentError, match=r"metrics\.0\.resolved is 'worse'.*'no'"):
        render(document.model_copy(update={"performance": performance}))


@pytest.mark.parametrize("linear", [ABOVE, AROUND])
def test_a_conflict_needs_two_sides(linear):
    document = binary()
    shown = {"conflict": True, "linear": linear, "network": ABOVE}
    terms = [row.model_copy(update=shown) for row in document.coefficients.terms]
    coefficients = document.coefficients.model_copy(update={"terms": terms})
    with pytest.raises(DocumentError, match=r"terms\.0\.conflict"):
        render(document.model_copy(update={"coefficients": coefficients}))


def test_an_interval_that_touches_zero_includes_it():
    assert side(TOUCHING) == side(Interval()) == side(AROUND) == 0
    assert side(ABOVE) == -side(Interval(value=-1, low=-2, high=-0.5)) == 1


# ---- what the gain is made of


def changed_gain(document, **updates):
    return document.model_copy(update={"gain": document.gain.model_copy(update=updates)})


def changed_ladder(document, **updates):
    return changed_gain(document, ladder=document.gain.ladder.model_copy(update=updates))


def with_rung(document, name, **updates):
    rungs = [r.model_copy(update=updates) if r.rung == name else r for r in document.gain.ladder.rungs]
    return changed_ladder(document, rungs=rungs)


def with_line(document, key):
    lines = [*document.verdict.lines, Message(key=key, values={"pairs": []})]
    return document.model_copy(update={"verdict": document.verdict.model_copy(update={"lines": lines})})


def told(key):
    return Message(key=key, values={"pairs": [], "percent": 90, "low": 80, "high": 99})


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (with_rung(regression(), "linear", status="worse"), "rungs.1.status is 'worse'.*'equivalent'"),
        (with_rung(binary(), "curvature", status="equivalent"), "rungs.2.status.*'not_resolved'"),
        (
            with_rung(regression(), "pairs", recovered=ABOVE),
            "rungs.3.recovered has a value, but it must be null, because the gain of the network is not significant",
        ),
        (changed_ladder(regression(), gain="better"), "gain.ladder.gain is 'better'.*'equivalent'"),
        (changed_gain(regression(), recovery=told("ladder.pairs.short.gain")), "which states what share of the gain"),
        (
            changed_gain(regression(), recovery=told("ladder.curvature.reached")),
            "status of the refitted model in gain.ladder.rungs is 'worse'",
        ),
        (changed_gain(regression(), agreement=Message(key="gain.agree")), "gain.agreement.*'gain.no_gain'"),
        (changed_gain(regression(), ladder=None, agreement=Message(key="gain.agree")), "gain.recovery|gain.agreement"),
        (
            with_line(regression(), "ladder.linear.reached"),
            "verdict.lines contains 'ladder.linear.reached', which is allowed only if gain.ladder.gain is 'better'",
        ),
        (
            with_line(nothing(), "ladder.linear.reached"),
            "verdict.lines contains 'ladder.linear.reached', which is allowed only if gain.ladder.gain is 'better'",
        ),
    ],
)
def test_a_gain_that_is_not_resolved_is_not_told(document, words):
    with pytest.raises(DocumentError, match=words):
        render(document)


def test_rows_that_were_perhaps_trained_on_place_no_refit():
    document = binary().model_copy(update={"slices": None, "judged": None})
    update = {"verdict": nothing().verdict, "performance": document.performance.model_copy(update={"held_out": False})}
    with pytest.raises(
        DocumentError,
        match=r"gain\.ladder\.rungs contains a refitted model with a status other than 'not_resolved'",
    ):
        render(document.model_copy(update=update))


def test_a_resolved_gain_may_stand_among_the_lines_of_the_verdict():
    check(with_line(binary(), "ladder.pairs.reached"))


def test_rules_need_a_tree_better_than_chance_and_ten_rows():
    found = binary().disagreement
    chance = Interval(value=0.55, low=0.5, high=0.6)
    few = [found.leaves[0].model_copy(update={"rows": 9})]
    for update, words in (
        ({"auc": chance}, "only if the AUC of the tree is significantly above chance"),
        ({"leaves": few}, "fewer than 10 rows"),
    ):
        with pytest.raises(DocumentError, match=words):
            render(binary().model_copy(update={"disagreement": found.model_copy(update=update)}))


@pytest.mark.parametrize(
    ("index", "update"),
    [
        (0, {"status": "better"}),
        (0, {"unlike": False}),
        (0, {"rows": 9}),
        (2, {"status": "worse"}),
        (2, {"status": "equivalent"}),
        (2, {"unlike": True}),
    ],
)
def test_a_group_is_where_its_interval_says(index, update):
    document = binary()
    rows = list(document.slices.found)
    rows[index] = rows[index].model_copy(update=update)
    with pytest.raises(DocumentError, match=f"slices.found.{index}"):
        render(document.model_copy(update={"slices": document.slices.model_copy(update={"found": rows})}))


def test_groups_need_held_out_rows():
    document = binary().model_copy(update={"gain": None, "judged": None})
    update = {"verdict": nothing().verdict, "performance": document.performance.model_copy(update={"held_out": False})}
    with pytest.raises(
        DocumentError,
        match=r"slices\.found lists . groups of rows, but it must be empty, because there are no held-out",
    ):
        render(document.model_copy(update=update))


@pytest.mark.parametrize("kind", ["exact", "score"])
def test_only_a_linear_network_is_called_linear(kind, undrawn):
    document = binary()
    lines = [Message(key=f"verdict.linear.{kind}", values={"linear": "logistic regression", "percent": 99.95})]
    said = document.model_copy(update={"verdict": document.verdict.model_copy(update={"lines": lines})})
    with pytest.raises(DocumentError, match=f"verdict.linear.{kind}"):
        render(said)
    surrogates = [row.model_copy(update={"r2": 0.9995}) for row in said.coefficients.surrogates]
    so = {
        "network": said.network.model_copy(update={"linear": True}),
        "coefficients": said.coefficients.model_copy(update={"surrogates": surrogates}),
    }
    assert "The network can express nothing that" in render(said.model_copy(update=so)) or kind == "score"


# ---- what stands beside the verdict


def beside(document, part, **changes):
    """The document with one part of `judged` changed."""
    found = document.judged
    return document.model_copy(
        update={"judged": found.model_copy(update={part: getattr(found, part).model_copy(update=changes)})}
    )


def told(document, key):
    verdict = document.verdict.model_copy(update={"lines": [Message(key=key)]})
    return document.model_copy(update={"verdict": verdict})


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (beside(binary(), "reference", status="better"), "judged.reference.status is 'better'.*'worse'"),
        (beside(binary(), "reference", difference=AROUND), "imply the status 'equivalent'"),
        (beside(binary(), "recalibration", status="better"), "judged.recalibration.status"),
        (
            beside(
                binary(), "recalibration", row=binary().performance.metrics[0].model_copy(update={"resolved": "no"})
            ),
            "judged.recalibration.row.resolved",
        ),
        (
            beside(
                binary(),
                "decisions",
                policy=binary().judged.decisions.policy.model_copy(
                    update={"metrics": [binary().performance.metrics[0].model_copy(update={"resolved": "better"})]}
                ),
            ),
            "judged.decisions.policy.metrics.0.resolved",
        ),
        (told(binary(), "verdict.rows_needed"), "verdict.rows_needed"),  # the verdict is not open
        (
            told(binary(), "verdict.recalibrated.better"),
            "the numbers in the audit imply 'verdict.recalibrated.equivalent'",
        ),
        (told(binary(), "verdict.cost.better"), "the numbers in the audit imply 'verdict.cost.worse'"),
        (told(multiclass(), "verdict.cost.worse"), "the numbers in the audit imply no such line"),
        (told(nothing(), "verdict.reference.worse"), "the numbers in the audit imply no such line"),
    ],
)
def test_what_stands_beside_the_verdict_claims_no_more_than_its_intervals(document, words):
    with pytest.raises(DocumentError, match=words):
        check(document)


def test_lines_beside_the_verdict_that_the_document_bears_out():
    for key in ("verdict.recalibrated.equivalent", "verdict.cost.worse", "verdict.reference.worse"):
        check(told(binary(), key))


def test_nothing_is_told_beside_a_verdict_without_held_out_rows():
    document = beside(binary(), "reference", status="worse")
    parts = {"performance": document.performance.model_copy(update={"held_out": False}), "verdict": nothing().verdict}
    with pytest.raises(DocumentError, match="Without held-out rows, the comparison must be left out"):
        check(document.model_copy(update=parts))


# ---- where nothing is resolved, nothing is claimed


@cache
def unresolved():
    """A document of which every interval of a difference includes zero."""
    document = binary()
    metrics = [row.model_copy(update={"difference": AROUND, "resolved": "no"}) for row in document.performance.metrics]
    columns = [
        row.model_copy(update={"network": AROUND, "linear": AROUND, "difference": AROUND})
        for row in document.importance.columns
    ]
    terms = [
        row.model_copy(update={"conflict": False, "linear": AROUND, "network": AROUND})
        for row in document.coefficients.terms
    ]
    parts = {
        "performance": document.performance.model_copy(update={"metrics": metrics}),
        "importance": document.importance.model_copy(update={"columns": columns}),
        "coefficients": document.coefficients.model_copy(update={"terms": terms}),
        "gain": None,
        "judged": None,
        "slices": None,
        "findings": [],
    }
    return verdict(document.model_copy(update=parts), "not_resolved", difference=AROUND, lines=[])


NEUTRAL = (
    "verdict.gap.log_loss.open",
    "verdict.others.open",
    "verdict.labels",
    "verdict.labels.about",
    "verdict.labels.few",
    "verdict.scope",
    "verdict.scope.groups",
    "verdict.scope.given",
    "verdict.scope.given.groups",
)
LINES = sorted(
    key
    for key in messages.english()
    if key.startswith(("verdict.", "ladder.")) and key not in {f"verdict.{status}" for status in (
        "better", "worse", "equivalent", "not_resolved", "not_assessed", "not_assessed.few"
    )}
)  # fmt: skip


class Anything(dict):
    """A value for whatever a sentence asks for."""

    def __missing__(self, key):
        return AnyWord()


class AnyWord:
    """Shown as a number, whatever vocabulary it is said to be of."""

    def __format__(self, vocabulary):
        return "1"


STATUSES = ("better", "worse", "equivalent", "not_assessed", "not_assessed.few")


@pytest.mark.parametrize("key", [f"verdict.{status}" for status in STATUSES])
def test_where_nothing_is_resolved_no_other_sentence_is_the_verdict(key):
    document = unresolved()
    check(document)
    said = document.verdict.model_copy(update={"sentence": Message(key=key, values={"linear": "the linear model"})})
    with pytest.raises(DocumentError, match=r"verdict\.sentence"):
        check(document.model_copy(update={"verdict": said}))


@pytest.mark.parametrize("key", LINES)
def test_where_nothing_is_resolved_no_line_claims_anything(key):
    document = unresolved()
    column = document.importance.columns[0].column
    line = Message(key=key, values={"columns": [column], "linear": "the linear model"})
    told = document.model_copy(update={"verdict": document.verdict.model_copy(update={"lines": [line]})})
    if key in NEUTRAL:
        check(told)
        return
    with pytest.raises(DocumentError, match=r"verdict\.lines"):
        check(told)


def test_what_may_be_said_where_nothing_is_resolved_claims_nothing():
    for key in (*NEUTRAL, "verdict.not_resolved"):
        words = messages.english()[key].format_map(Anything())
        claims = ("beats", "in its favour", "against it", " lower (", " higher (", "favour", "predicts", "adds nothing")
        assert not [claim for claim in claims if claim in words], key


def test_a_page_of_an_unresolved_document_marks_nothing_as_resolved(undrawn):
    document = unresolved()
    html = render(document)
    first = html[html.index("<h1>") : html.index("</header>")]
    assert re.search(r"Inconclusive: the network and [^<]* do not differ significantly in held-out loss\.", first)
    assert "✓" not in html
    forest, *_ = (block for block in coefficients.build(document.coefficients, document) if isinstance(block, Figure))
    figure = forest.svg.draw()
    assert 'aria-label="Forest plot' in figure
    assert "Significant terms: 0 in the unpenalised linear fit, 0 in the network." in figure


@pytest.mark.parametrize(
    "key", ["verdict.gap.log_loss.higher", "verdict.gap.auc.lower", "verdict.others.better", "verdict.only_network"]
)
def test_a_line_that_the_numbers_do_not_bear_out_is_refused(key):
    line = Message(key=key, values={"columns": [binary().importance.columns[-1].column]})
    said = binary().verdict.model_copy(
        update={"lines": [line], "difference": Interval(value=-0.05, low=-0.07, high=-0.03)}
    )
    document = binary().model_copy(update={"verdict": said.model_copy(update={"status": "better"})})
    better = Message(key="verdict.better", values={"linear": "the linear model"})
    with pytest.raises(DocumentError, match=r"verdict\.lines"):
        check(document.model_copy(update={"verdict": document.verdict.model_copy(update={"sentence": better})}))
