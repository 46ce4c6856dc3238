"""Adverse impact: intervals at 0 and 1 by enumeration, fairlearn's ratio, withheld groups judged and not given away."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from fairlearn.metrics import demographic_parity_ratio
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

import tabinterp as ti
from tabinterp.analyses.groups.adverse_impact import FIFTHS, adverse_impact
from tabinterp.analyses.groups.group_metrics import GroupShares
from tabinterp.analyses.groups.partition import Cell, Condition, Family
from tabinterp.document.base import Interval
from tabinterp.stats.group_contrasts import (
    Share,
    of_mean,
    of_means,
    of_share,
    of_shares,
    ratio_of,
    standardised,
    wilson,
)
from tabinterp.table.suppression import countable, shown

WAYS = ("raised", "not_raised", "untold")


def share(selected: float, rows: int, units: float = np.inf) -> Share:
    value = selected / rows
    return Share(value, rows, float(np.sqrt(value * (1 - value))), units)


def told_of(selected: list[int], rows: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows on both sides; which groups may be told, and which groups' shares."""
    sides = np.array([[n - k, k] for k, n in zip(selected, rows, strict=True)])
    told = shown(np.array(rows)[:, None])[:, 0]
    return sides, told, countable(sides[:, None], told[:, None])[:, 0]


def judged(selected: list[int], rows: list[int], units: float = np.inf):
    """Adverse impact among the groups of one column, of which so many rows are selected; small counts are withheld."""
    sides, told, open_ = told_of(selected, rows)
    cells = tuple(
        Cell((Condition("g", "level", level=str(i)),), n, bool(one))
        for i, (n, one) in enumerate(zip(rows, told, strict=True))
    )
    groups = [
        GroupShares(
            told=bool(told[i]), whole=share(selected[i], rows[i], units),
            rate=share(selected[i], rows[i], units) if open_[i] else Share(), tpr=Share(), fpr=Share(), score=Share(),
            ece=np.nan, rows=sides[i], reach=np.nan, size=rows[i],
        )
        for i in range(len(rows))
    ]  # fmt: skip
    return adverse_impact([Family(("g",), cells, np.arange(len(rows)), 0)], [groups])


@functools.cache
def table(selected: tuple[int, ...], rows: tuple[int, ...], **more) -> tuple[ti.Table, ti.Model]:
    """So many rows of each group are selected, by a network that reads one column."""
    groups = np.repeat(list("abcdef")[: len(rows)], rows)
    x = np.concatenate([np.repeat([1.0, -1.0], [k, n - k]) for k, n in zip(selected, rows, strict=True)])
    frame = pd.DataFrame({"x": x, "group": groups, "y": np.where(np.arange(len(x)) % 2 == 0, "paid", "default")})
    how = {"target": "y", "positive": "paid", "adverse": "default", "protected": ["group"], "drop": ["group"]}
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(1.0)
    return ti.read_table(frame, **how | more), ti.wrap(layer, encoder="passthrough", classes=["default", "paid"])


# ---- intervals


def coverage(p: float, n: int, q: float, m: int) -> float:
    """The probability that the interval of the ratio holds the true one, over all counts."""
    chance = np.outer(stats.binom.pmf(np.arange(n + 1), n, p), stats.binom.pmf(np.arange(m + 1), m, q))
    held = [
        (ends := ratio_of(share(x, n), share(y, m)))[2] <= p / q <= ends[3]
        for x in range(n + 1)
        for y in range(1, m + 1)
    ]
    return float(chance[:, 1:][np.array(held).reshape(n + 1, m)].sum() / chance[:, 1:].sum())


@pytest.mark.parametrize(
    ("p", "n", "q", "m"), [(0.03, 30, 0.5, 60), (0.97, 30, 0.5, 60), (0.99, 40, 0.97, 40), (0.1, 30, 0.12, 40)]
)
def test_the_interval_of_a_ratio_covers_near_nought_and_one(p, n, q, m):
    assert coverage(p, n, q, m) >= 0.93


@pytest.mark.parametrize(
    ("x", "n", "y", "m"), [(11, 11, 100, 220), (0, 30, 54, 270), (30, 30, 30, 30), (3, 30, 135, 270)]
)
def test_the_interval_of_a_ratio_is_near_the_score_interval(x, n, y, m):
    """Eleven of eleven say no more of a group than eleven rows can."""
    value, error, low, high = ratio_of(share(x, n), share(y, m))
    score = np.real(confint_proportions_2indep(x, n, y, m, compare="ratio", method="score"))
    assert high == pytest.approx(score[1], rel=0.03)
    assert low <= value <= high
    assert low < value or x == 0
    assert np.isnan(error) == (x in (0, n))


def test_wilsons_ends_at_the_edges():
    low, high = wilson(np.array([0.0, 1.0]), np.array([30.0, 30.0]), 1.959963984540054)
    assert (low[0], high[1]) == (0, 1)
    assert high[0] == pytest.approx(1.959963984540054**2 / (30 + 1.959963984540054**2))
    assert low[1] == pytest.approx(1 - high[0])


def test_fewer_than_ten_sampling_units_have_no_interval_and_more_have_students():
    few, some, many = share(20, 90, units=9), share(20, 90, units=10), share(20, 90)
    for found in (of_share(few), of_mean(few), ratio_of(few, many), of_shares(few, many)[0], standardised(few, many)):
        assert np.isfinite(found[0])
        assert np.isnan(found[1:]).all()
    assert np.isnan([of_shares(few, many)[1], of_means(few, many)[1]]).all()
    t = stats.t.ppf(0.975, 9)
    assert of_share(some)[2:] == pytest.approx(wilson(20 / 90, 90, t))
    assert of_shares(some, many)[1] == pytest.approx(1.0)
    assert judged([60, 150], [300, 300], units=9).families == ()
    assert judged([60, 150], [300, 300], units=12).families[0].headline is not None


def test_rows_of_one_unit_count_as_one_draw_where_all_are_alike():
    """Everybody of a group of 40 persons with ten rows each is selected: forty draws, and not four hundred."""
    rows, found = (400, 400), []
    for group in ("person", None):
        made, model = table((400, 200), rows)
        frame = made.frame.assign(person=np.arange(800) // 10)
        how = {"target": "y", "positive": "paid", "adverse": "default", "protected": ["group"], "drop": ["group"]}
        made = ti.read_table(frame if group else made.frame, group=group, **how)
        found.append({g.name: g.network for g in ti.groups(model, model, made).groups}["group: a"].rate)
    assert found[0][2] == pytest.approx(wilson(1.0, 40, stats.t.ppf(0.975, 39))[0])
    assert found[1][2] == pytest.approx(wilson(1.0, 400, stats.norm.ppf(0.975))[0])


# ---- what is judged


def test_the_headline_is_fairlearns_parity_ratio():
    selected, rows = (40, 90, 100, 55), (100, 120, 150, 140)
    made, model = table(selected, rows)
    found = ti.groups(model, model, made).impact[0]
    chosen = (made.frame["x"] > 0).to_numpy()
    theirs = demographic_parity_ratio(chosen, chosen, sensitive_features=made.frame["group"])
    (family,) = found.families
    assert family.headline.ratio[0] == pytest.approx(theirs)
    assert (family.headline.least.name, family.headline.most.name) == ("group: d", "group: b")
    assert found.compared == 6
    wide = [wilson(k / n, n, stats.norm.isf(0.05 / 6 / 2)) for k, n in ((55, 140), (90, 120))]
    p, u1, q, l2 = 55 / 140, wide[0][1], 90 / 120, wide[1][0]
    high = (p * q + np.sqrt((p * q) ** 2 - u1 * (2 * p - u1) * l2 * (2 * q - l2))) / (l2 * (2 * q - l2))
    assert family.headline.high == pytest.approx(high)


def test_groups_of_fewer_than_thirty_rows_are_not_judged():
    (family,) = judged([0, 80, 85], [29, 100, 100]).families
    assert family.headline.least.name == "g: 1"
    assert judged([0, 80], [29, 100]).families == ()
    assert judged([0, 80, 85], [30, 100, 100]).families[0].headline.least.name == "g: 0"


def test_alike_groups_raise_nothing_and_a_true_ratio_at_the_limit_seldom_does():
    rng = np.random.default_rng(0)
    rows = [40, 60, 80, 100, 150, 200, 400]
    alike, edge = 0, 0
    for _ in range(100):
        alike += raises(judged([max(10, int(rng.binomial(n, 0.5))) for n in rows], rows))
        edge += raises(judged([int(rng.binomial(n, p)) for n, p in zip(rows, [0.4] + [0.5] * 6, strict=True)], rows))
    for raised in (alike, edge):
        assert stats.binomtest(raised, 100).proportion_ci().low <= 0.05


def raises(found) -> bool:
    return any((f.surest and f.surest.high < FIFTHS) or f.withheld == "raised" for f in found.families)


# ---- withheld groups


def test_a_withheld_group_does_not_silence_the_check():
    (family,) = judged([3, 135], [30, 270]).families
    assert (family.headline, family.withheld) == (None, "raised")
    assert judged([8, 135], [30, 270]).families[0].withheld == "not_raised"
    assert judged([27, 60], [30, 270]).families[0].withheld == "raised"  # fewer than ten are not selected
    told, other = judged([3, 135, 150], [30, 270, 290]).families[0], judged([3, 20, 150], [30, 270, 290]).families[0]
    assert told.withheld == "raised"
    assert other.withheld == "raised"  # the group that is withheld to cover the first one is judged as well


@given(
    rows=st.tuples(st.integers(30, 60), st.integers(60, 400)),
    share_=st.integers(5, 95),
    third=st.none() | st.tuples(st.integers(30, 500), st.integers(5, 95)),
    side=st.booleans(),
)
@settings(max_examples=40)
def test_the_flag_leaves_three_small_counts_open(rows, share_, third, side):
    """Nobody who knows all totals and the told groups can tell a count from 1 to 9 from two others at least.

    The counts of the two groups that are withheld add up to what is known; the third one is told, or there is none.
    """
    sizes = [*rows, *([] if third is None else [third[0]])]
    flags = []
    for count in range(1, 10):
        selected = [count, rows[1] * share_ // 100 - count]
        selected += [] if third is None else [third[0] * third[1] // 100]
        if min(selected[1], rows[1] - selected[1]) < 10:
            return
        if side:  # few are not selected
            selected = [n - k for n, k in zip(sizes, selected, strict=True)]
        if told_of(selected, sizes)[2].tolist() != [False, False, True][: len(sizes)]:
            return  # the third one covers the first, and not the second
        flags.append(judged(selected, sizes).families[0].withheld)
    assert all(flags.count(way) not in (1, 2) for way in WAYS)


def test_which_groups_are_judged_does_not_tell_how_many_rows_a_hidden_group_has():
    """Three and 33 rows, or nine and 27: held back, and of the same total."""
    compared = {judged([1, 12, 150, 160], [few, 36 - few, 300, 310]).compared for few in range(1, 10)}
    assert compared == {1}
    compared = {judged([1, 12, 150, 160], [few, 80 - few, 300, 310]).compared for few in range(1, 10)}
    assert compared == {3}


def test_the_document_holds_the_flag_and_no_count_of_a_withheld_group():
    made, model = table((3, 135), (30, 270))
    audit = ti.audit(model, made, counterpart=model, rows=60, analyses=["groups"])
    finding = next(f for f in audit.document.findings if f.slug == "disparate-impact")
    assert (finding.status, finding.claim.key) == ("raised", "finding.disparate-impact.raised_withheld")
    (row,) = audit.document.groups.table.impact.network
    assert (row.headline, row.surest, row.withheld) == (None, None, "raised")
    assert not any(value in (0.1, 3) for value in finding.claim.values.values())
    made, model = table((20, 135), (100, 270))
    audit = ti.audit(model, made, counterpart=model, rows=60, analyses=["groups"])
    told = next(f for f in audit.document.findings if f.slug == "disparate-impact")
    assert (told.status, told.claim.key) == ("raised", "finding.disparate-impact.raised")
    assert told.claim.values["ratio"] == pytest.approx(0.4)


def test_without_an_adverse_class_there_is_no_impact():
    made, model = table((30, 135), (100, 270))
    found = ti.groups(model, model, replace(made, schema=replace(made.schema, adverse=None)))
    assert (found.impact, found.adverse, found.compared) == (None, None, "paid")
    assert np.isnan([g.network.ratio[0] for g in found.groups]).all()
    assert found.groups[0].network.rate[0] == pytest.approx(0.3)


def test_a_group_of_few_rows_is_not_the_most_selected_one_of_any_table():
    """The table of rates, that of adverse impact and that of alternatives divide by the same group."""
    # all of 13 rows are selected, and 197 of 200, whose share is withheld with another one
    rows, model = table((13, 60, 40, 197, 70), (13, 90, 80, 200, 100))
    twice = pd.concat([rows.frame.assign(part="train"), rows.frame.assign(part="test")], ignore_index=True)
    how = {"target": "y", "positive": "paid", "adverse": "default", "protected": ["group"], "drop": ["group"]}
    rows = ti.read_table(twice, split="part", **how)
    groups = ti.audit(model, rows, analyses=["groups", "alternatives"], jobs=1).document.groups
    shares = {row.group[0].values["level"]: row.network for row in groups.table.columns}
    assert shares["a"].rate.value == 1
    assert shares["d"].rate.value is None
    large = {name: one for name, one in shares.items() if name != "a" and one.rate.value is not None}
    assert len(large) >= 2
    least, *_, most = sorted(large, key=lambda name: large[name].rate.value)
    wanted = large[least].rate.value / large[most].rate.value
    assert shares[least].ratio_most.value == pytest.approx(wanted)
    assert shares["a"].ratio_most.value == pytest.approx(1 / large[most].rate.value)
    assert shares[most].ratio_most == Interval()
    assert groups.table.impact.network[0].headline.ratio.value == pytest.approx(wanted)
    whole = next(one for one in groups.alternatives.versions if (one.model, one.how) == ("network", "whole"))
    assert whole.ratios[0].value == pytest.approx(wanted)
