"""What a pass could have detected, compared with statsmodels, the binomial distribution and simulation of the check itself."""

from __future__ import annotations

import html
import json
from datetime import date

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_confint

import tabinterp as ti
from tabinterp.analyses.data_quality.drift import psi
from tabinterp.checks import CHECKS
from tabinterp.checks.base import cleared, raised
from tabinterp.checks.gate.exporters import FORMATS
from tabinterp.checks.gate.gate import decide
from tabinterp.checks.gate.policy import Policy
from tabinterp.checks.judge import judge, run_check
from tabinterp.checks.shared.power import (
    auc_beyond,
    auc_error,
    beyond,
    psi_beyond,
    r2_beyond,
    share_beyond,
    share_of,
    smallest_effect,
    with_power,
)
from tabinterp.document.base import status_of
from tabinterp.document.document import Document, Grouping, Interval
from tabinterp.report.formats.markdown import render_markdown
from tabinterp.report.sections.findings import detectable
from tabinterp.stats.wilson_interval import wilson
from tests.checks.test_checks import beaten, column, overfitted, perturbed, quiet, turned, with_part
from tests.checks.test_people import kept, weak
from tests.honest import honest
from tests.report.samples import binary, regression

BY_SLUG = {check.slug: check for check in CHECKS}
DRAWS = 1000
NEAR = 0.05  # of a share of 0.8 that is found in so many draws: four standard errors


@pytest.mark.parametrize("rows", [50, 400, 5000])
def test_an_interval_beyond_a_limit_by_statsmodels(rows):
    """One sample of unit variance against 0, which is no limit of an interval but the same test."""
    effect = NormalIndPower(ddof=0).solve_power(nobs1=rows, alpha=0.05, power=0.8, ratio=0)
    assert beyond(0.0, Interval(value=0.0, stderr=1 / np.sqrt(rows))) == pytest.approx(effect, rel=1e-4)


@pytest.mark.parametrize("groups", [10, 25])
def test_an_interval_of_few_groups_is_detected_four_times_of_five(groups):
    """Student's, of groups that are one draw each."""
    rng, half = np.random.default_rng(0), stats.t.ppf(0.975, groups - 1)
    means = rng.normal(size=(20 * DRAWS, groups))
    value, error = means.mean(axis=1), means.std(axis=1, ddof=1) / np.sqrt(groups)
    typical = 1 / np.sqrt(groups)
    effect = beyond(0.5, Interval(value=0.0, stderr=typical, low=-half * typical, high=half * typical))
    assert (value + effect - half * error >= 0.5).mean() == pytest.approx(0.8, abs=0.02)


def drawn_aucs(auc, events, others, seed=0, draws=DRAWS):
    """AUCs of exponential scores, which are Hanley and McNeil's."""
    rng = np.random.default_rng(seed)
    high = rng.exponential(size=(draws, events))
    low = rng.exponential(scale=(1 - auc) / auc, size=(draws, others))
    ranks = stats.rankdata(np.concatenate([high, low], axis=1), axis=1)[:, :events].sum(axis=1)
    return (ranks - events * (events + 1) / 2) / (events * others)


@pytest.mark.parametrize(("auc", "events", "others"), [(0.6, 40, 120), (0.8, 25, 400), (0.95, 60, 60)])
def test_the_error_of_an_auc_by_simulation(auc, events, others):
    drawn = drawn_aucs(auc, events, others)
    assert drawn.mean() == pytest.approx(auc, abs=0.01)
    assert auc_error(auc, events, others) == pytest.approx(drawn.std(), rel=0.09)


@pytest.mark.parametrize(("limit", "events", "others"), [(0.5, 60, 200), (0.7, 60, 60), (0.7, 100, 500)])
def test_an_auc_that_is_detected_four_times_of_five(limit, events, others):
    drawn = drawn_aucs(auc_beyond(limit, events, others), events, others)
    found = [value - stats.norm.ppf(0.975) * auc_error(value, events, others) >= limit for value in drawn]
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)  # the error at the estimate is not the one at the effect


@pytest.mark.parametrize(("count", "rows"), [(10, 500), (10, 40), (41, 4000)])
def test_a_count_by_the_binomial_distribution(count, rows):
    assert stats.binom.sf(count - 1, rows, share_of(count, rows)) == pytest.approx(0.8)
    assert share_of(rows + 1, rows) == 1.0


@pytest.mark.parametrize(("limit", "rows"), [(0.01, 2000), (0.15, 70), (0.01, 150)])
def test_a_share_by_wilsons_interval_of_statsmodels(limit, rows):
    low = [proportion_confint(k, rows, method="wilson")[0] for k in range(rows + 1)]
    assert share_beyond(limit, rows) == pytest.approx(share_of(int(np.argmax(np.array(low) >= limit)), rows))
    assert share_beyond(0.99, 5) == 1.0  # five of five do not show it


@pytest.mark.parametrize(("limit", "rows"), [(0.3, 400), (0.8, 200)])
def test_an_r2_that_is_detected_four_times_of_five(limit, rows):
    r2, rng = r2_beyond(limit, rows), np.random.default_rng(0)
    x = rng.normal(size=(DRAWS, rows))
    y = np.sqrt(r2) * x + np.sqrt(1 - r2) * rng.normal(size=x.shape)
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    value = (x * y).sum(axis=1) ** 2 / ((x**2).sum(axis=1) * (y**2).sum(axis=1))
    low = value - stats.norm.ppf(0.975) * 2 * np.sqrt(value / rows) * (1 - value)
    assert (low >= limit).mean() == pytest.approx(0.8, abs=NEAR)


@pytest.mark.parametrize(("limit", "p", "training", "held_out"), [(0.2, 0.002, 600, 200), (0.1, 0.01, 2000, 800)])
def test_a_shift_that_is_detected_four_times_of_five(limit, p, training, held_out):
    """Ten cells: with few rows the index must be significant, with many it must reach the limit."""
    effect, rng, even = psi_beyond(limit, p, 9, training, held_out), np.random.default_rng(0), np.full(10, 0.1)

    def moved(by):
        shares = even * np.exp(by * np.linspace(-1, 1, 10))
        return shares / shares.sum()

    by = next(b for b in np.linspace(0, 3, 3001) if ((moved(b) - even) * np.log(moved(b) / even)).sum() >= effect)
    found = 0
    for _ in range(DRAWS // 2):
        first, second = rng.multinomial(training, even), rng.multinomial(held_out, moved(by))
        found += psi(first, second) >= limit and stats.chi2_contingency([first, second], correction=False).pvalue < p
    assert found / (DRAWS // 2) == pytest.approx(0.8, abs=0.07)  # four standard errors of 500 draws


# ---- of the checks themselves


def verdict(value: float, error: float, margin: float = 0.05) -> Document:
    gap = Interval(value=value, stderr=error, low=value - 1.959964 * error, high=value + 1.959964 * error)
    part = {"status": status_of(gap, margin), "difference": gap, "margin": margin, "margin_given": True}
    return with_part(binary(), "verdict", **part)


@pytest.mark.parametrize("error", [0.002, 0.03, 0.2])
def test_a_worse_network_is_found_four_times_of_five(error):
    check, rng = BY_SLUG["worse-than-linear"], np.random.default_rng(0)
    power = run_check(check, verdict(0.0, error)).power
    assert (power.of, power.rows) == ("loss", binary().performance.rows)
    base = verdict(0.0, error)
    found = 0
    for value in power.effect + error * rng.normal(size=DRAWS):
        low, high = value - 1.959964 * error, value + 1.959964 * error
        gap = Interval(value=value, stderr=error, low=low, high=high)
        part = base.verdict.model_copy(update={"difference": gap, "status": status_of(gap, 0.05)})
        found += check.evaluate(base.model_copy(update={"verdict": part}), {}).status == "raised"
    assert found / DRAWS == pytest.approx(0.8, abs=NEAR)


def test_better_trees_are_found_where_they_are_past_the_margin_by_so_much():
    document = beaten(-0.1, -0.2)
    gap = document.judged.reference.difference.model_copy(update={"stderr": 0.01, "low": -0.1196, "high": -0.0804})
    reference = document.judged.reference.model_copy(update={"difference": gap})
    power = run_check(BY_SLUG["trees-win"], with_part(document, "judged", reference=reference)).power
    assert power.effect == pytest.approx(0.05 + 2.8016 * 0.01, abs=5e-4)
    assert power.rows == reference.rows


@pytest.mark.parametrize(("rise_error", "loss_error", "effect"), [(0.02, 0.1, 0.78), (0.3, 0.02, 0.94)])
def test_a_fragile_network_is_found_four_times_of_five(rise_error, loss_error, effect):
    """The rise must be above 0.1, and with it the loss, 0.5 where nothing rises, above 1."""
    check, rng = BY_SLUG["fragile"], np.random.default_rng(0)

    def interval(value, error):
        return Interval(value=value, stderr=error, low=value - 1.959964 * error, high=value + 1.959964 * error)

    power = run_check(check, perturbed(interval(-0.2, rise_error), interval(0.3, loss_error))).power
    assert (power.of, power.rows) == ("loss", 900)
    assert power.effect == pytest.approx(effect, abs=0.005)
    drawn = power.effect + np.column_stack([rise_error, loss_error]) * rng.normal(size=(DRAWS // 4, 2)) + [0, 0.5]
    found = [perturbed(interval(rise, rise_error), interval(loss, loss_error)) for rise, loss in drawn]
    status = [check.evaluate(one, {"rise": 10}).status for one in found]
    assert status.count("raised") / len(status) == pytest.approx(0.8, abs=2 * NEAR)


@pytest.mark.parametrize("groups", [0, 4])
def test_rows_without_recourse_are_found_four_times_of_five(groups):
    """Shares of binomial draws with Wilson intervals, beside groups that do not differ."""
    check, rng = BY_SLUG["no-recourse"], np.random.default_rng(0)
    others = [(Interval(value=0.0, stderr=0.1, low=-0.2, high=0.2), 0.9)] * groups

    def share(count):
        low, high = wilson(count / 400, 400)
        return Interval(value=count / 400, stderr=0.02, low=float(low), high=float(high))

    power = run_check(check, turned(share(100), *others)).power
    assert (power.of, power.rows) == ("share", 400)
    counts = rng.binomial(400, power.effect, DRAWS // 4)
    status = [check.evaluate(turned(share(count), *others), {"percent": 50}).status for count in counts]
    assert status.count("raised") / len(status) == pytest.approx(0.8, abs=3 * NEAR)


def test_the_excess_of_a_group_is_detected_beyond_limit_and_corrected_interval():
    document = weak(excess=Interval(value=0.0, stderr=0.01, low=-0.035, high=0.035), beyond=Interval(), rows=77)
    power = run_check(BY_SLUG["weak-subgroup"], document).power
    assert power.effect == pytest.approx(0.05 * 0.6 + 0.035 + 0.8416 * 0.01, abs=5e-4)
    assert power.rows == 77


def test_a_column_with_few_events_is_said_to_be_seen_late():
    few, many = (with_part(quiet(binary()), "data", events=events) for events in (25, 1500))
    rows = few.data.held_out_rows
    for document, events in ((few, 25), (many, 1500)):
        power = run_check(BY_SLUG["near-leak"], document).power
        assert (power.of, power.events, power.rows) == ("auc", events, rows)
        assert power.effect == pytest.approx(auc_beyond(0.9, events, rows - events), abs=5e-4)
    assert run_check(BY_SLUG["near-leak"], with_part(few, "data", events=None)).power is None


@pytest.mark.parametrize("slug", ["near-leak", "label-leak", "train-test-shift", "unseen-level"])
@pytest.mark.parametrize("drawn", ["groups", "weights"])
def test_where_rows_are_no_independent_draws_nothing_is_said_that_counts_them(slug, drawn):
    """Twenty persons of twenty rows each tell less than four hundred persons."""
    grouping = Grouping(column="person", groups=80, training=60, held_out=20, shared=0)
    update = {"grouping": grouping} if drawn == "groups" else {"weighted": True}
    plain = with_part(quiet(binary()), "data", events=1500)
    assert run_check(BY_SLUG[slug], plain).power is not None
    found = run_check(BY_SLUG[slug], with_part(plain, "data", **update))
    assert (found.status, found.power) == ("cleared", None)


def test_a_direction_is_broken_in_a_share_that_is_seen():
    document = kept(0.0, -0.1)
    power = run_check(BY_SLUG["constraint-violated"], document).power
    assert power.effect == pytest.approx(share_beyond(0.01, power.rows), abs=5e-4)


def test_moved_limits_move_what_is_detected():
    check = BY_SLUG["near-leak"]
    document = with_part(quiet(binary()), "data", events=1500)
    assert run_check(check, document, {"auc": 0.7}).power.effect < run_check(check, document).power.effect


def test_a_fall_is_detected_where_it_reaches_both_limits():
    """Of a tenth at least, and with an interval above 0.04: of many rows the first decides, of few the second."""
    for error, least in ((0.005, 0.1 + 0.8416 * 0.005), (0.05, 0.04 + 2.8016 * 0.05)):
        document = column(fall=Interval(value=0.0, stderr=error, low=-1.96 * error, high=1.96 * error))
        power = run_check(BY_SLUG["shortcut"], document).power
        assert (power.of, power.rows) == ("fall", document.data.held_out_rows)
        assert power.effect == pytest.approx(least, abs=1e-3)


def test_the_power_of_overfit_is_of_both_intervals_and_may_exceed_the_null_loss():
    """The excess above a tenth of the null loss, and the network's own gap above zero: the wider of the two decides."""
    for excess, own, least in ((0.02, 0.01, 0.1 + 2.8016 * 0.02), (0.02, 0.5, 2.8016 * 0.5), (1.0, 0.5, 0.1 + 2.8016)):
        gaps = {
            name: Interval(value=0.0, stderr=error, low=-1.96 * error, high=1.96 * error)
            for name, error in (("excess", excess), ("network", own))
        }
        found = run_check(BY_SLUG["overfit"], with_gaps(gaps))
        assert (found.status, found.power.of, found.power.rows) == ("cleared", "loss", 900)
        assert found.power.effect == pytest.approx(least, abs=5e-3)


def with_gaps(gaps: dict[str, Interval]) -> Document:
    document = overfitted(0.0, 0.0)
    record = document.analyses["overfitting"].model_copy(update=gaps)
    return document.model_copy(update={"analyses": document.analyses | {"overfitting": record}})


# ---- without power


def test_a_pass_that_could_have_seen_nothing_is_not_applicable():
    one = smallest_effect("share", 1.0, 12)
    assert with_power(cleared(), one, 1.0).status == "not_applicable"
    assert with_power(cleared(), one, 1.0).key == "any.powerless"
    assert with_power(raised(), one, 1.0) == raised()
    assert with_power(cleared(), smallest_effect("share", 0.9, 12), 1.0).power.effect == 0.9
    document = with_part(binary(), "data", held_out_rows=9, training_rows=19991)
    found = run_check(BY_SLUG["unseen-level"], with_part(document, "table", columns=quiet(document).table.columns))
    assert (found.status, found.claim.key) == ("not_applicable", "finding.any.powerless")


def test_a_difference_larger_than_knowing_nothing_costs_is_no_power():
    document = with_part(verdict(0.0, 2.0), "verdict", margin_given=False, margin=0.006)
    found = run_check(BY_SLUG["worse-than-linear"], document)
    assert found.status == "not_applicable"
    assert found.claim.key.startswith("finding.any.powerless")


# ---- where it is said


def test_only_passes_have_power_and_every_view_says_it(undrawn):
    document = honest(regression())
    told = [one for one in document.findings if one.power is not None]
    assert {"trees-win", "unseen-level", "near-leak", "extrapolates"} <= {one.slug for one in told}
    assert {one.status for one in told} == {"cleared"}
    sentences = [detectable(one.power) for one in told]
    page, text = html.unescape(ti.Audit(document).to_html()), render_markdown(document)
    assert all(sentence in page for sentence in sentences)
    assert text.count("can detect with 80% probability") == len(told)
    assert Document.model_validate_json(document.model_dump_json()) == document


@pytest.mark.parametrize("form", FORMATS)
def test_a_gate_that_passes_says_what_it_could_have_seen(form):
    document = honest(regression())
    policy = Policy.model_validate({"finding": [{"finding": "near-leak", "owner": "Risk"}]})
    decision = decide(document, policy, date(2026, 11, 1))
    (gate,) = decision.gates
    assert gate.status == "passed"
    text = ti.format_decision(decision, form)
    if form == "json":
        assert json.loads(text)["gates"][0]["power"]["effect"] == gate.power.effect
    elif form in ("text", "markdown"):
        assert "can detect with 80% probability" in text


def test_every_effect_has_words():
    for of in ("auc", "r2", "loss", "share", "variance", "psi", "ranges", "gap", "fall", "slope", "ratio"):
        for events in (None, 30):
            assert "effect." not in detectable(smallest_effect(of, 0.25, 100, events))


def test_findings_of_a_document_are_the_same_again():
    document = honest(regression())
    assert judge(document) == document.findings
