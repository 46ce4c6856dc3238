"""Reason codes: values by enumeration and in closed form, lists and moves by loops over rows, and what was planted."""

from __future__ import annotations

import functools
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
import torch
from statsmodels.stats.proportion import proportion_confint
from torch import nn

import tabinterp as ti
from tabinterp.analyses.clustered_means import told_share
from tabinterp.analyses.reason_codes import adverse_decisions as parts
from tabinterp.analyses.reason_codes.reason_lists import DONORS, TOP, named_columns
from tabinterp.errors import NotApplicableError, TabinterpError
from tabinterp.models import bind
from tabinterp.table.hash_sampling import row_hash
from tests import cases


@functools.cache
def mixed(adverse: str = "no", threshold: float = 0.5, weighted: bool = False):
    frame = cases.mixed_frame(300)
    table = cases.mixed_table(frame, weighted=weighted, protected=["city"], adverse=adverse)
    network, linear = (bind(ti.wrap(make(frame)), table) for make in (cases.network_pipeline, cases.linear_pipeline))
    return network, linear, ti.reason_codes(network, linear, table, threshold=threshold, rows=60)


def just_approved(network, adverse: str, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Declined rows, and the hundred approved ones whose score is nearest to the cut."""
    p = 1 / (1 + np.exp(-network.scores[:, 0]))
    down = p > threshold if adverse == "yes" else p <= threshold
    away = np.abs(network.scores[:, 0] - np.log(threshold / (1 - threshold)))
    up = np.flatnonzero(~down)
    return np.flatnonzero(down), up[np.lexsort((row_hash(up, 0), away[up]))][:100]  # ties by hash


def shapley(score, x: np.ndarray, blocks: list[np.ndarray], row: np.ndarray, back: np.ndarray) -> np.ndarray:
    """By its definition: the weighted mean over all coalitions."""
    m = len(blocks)
    coalitions = [inside for size in range(m + 1) for inside in combinations(range(m), size)]
    mixes = np.tile(back, (len(coalitions), 1))
    for mix, inside in zip(mixes, coalitions, strict=True):
        for j in inside:
            mix[blocks[j]] = row[blocks[j]]
    values = dict(zip(coalitions, score(mixes)[:, 0], strict=True))
    found = np.zeros(m)
    for j in range(m):
        for inside, value in values.items():
            if j not in inside:
                weight = factorial(len(inside)) * factorial(m - len(inside) - 1) / factorial(m)
                found[j] += weight * (values[tuple(sorted((*inside, j)))] - value)
    return found


@pytest.mark.parametrize(("adverse", "threshold"), [("no", 0.5), ("yes", 0.3)])
def test_values_are_those_of_the_definitions(adverse, threshold):
    network, linear, found = mixed(adverse, threshold)
    down, near = just_approved(network, adverse, threshold)
    side = 1 if adverse == "yes" else -1
    assert set(found.numbers) <= set(down)
    assert (found.rows, found.declined_rows, found.reference_rows) == (60, len(down), len(near))
    down = found.numbers
    blocks = [network.encoding.blocks[c] for c in network.columns]
    for place in (0, 7):
        row = network.x[down[place]]
        each = [shapley(network.score, network.x, blocks, row, network.x[b]) for b in near]
        np.testing.assert_allclose(found.network[place], side * np.mean(each, axis=0), atol=2e-5)
    coefficients = linear.front.weight.numpy()[0]
    part = coefficients * (linear.x[down] - linear.x[near].mean(axis=0))
    closed = np.stack([part[:, linear.encoding.blocks[c]].sum(axis=1) for c in linear.columns], axis=1)
    np.testing.assert_allclose(found.linear, side * closed, atol=1e-5)


def test_other_readings_are_those_of_the_definitions():
    network, linear, found = mixed()
    case = parts.case_of(network, linear, 0.5, 60, 0)
    lists = parts.readings(case, *parts.interventional(case.network, case, 0))
    down, near = found.numbers, just_approved(network, "no", 0.5)[1]
    blocks = [network.encoding.blocks[c] for c in network.columns]
    for name, base in (("baseline", network.x[near].mean(axis=0)), ("reference", network.x.mean(axis=0))):
        expected = shapley(network.score, network.x, blocks, network.x[down[3]], base)
        np.testing.assert_allclose(lists[name][3], -expected, atol=2e-5)
        assert set(lists) == {"seed", "scale", "baseline", "reference", "integrated_gradients"}

    def probability(x):
        return 1 / (1 + np.exp(-network.score(x)))

    each = [shapley(probability, network.x, blocks, network.x[down[3]], network.x[b]) for b in near]
    np.testing.assert_allclose(lists["scale"][3], -np.mean(each, axis=0), atol=1e-5)
    rise = network.scores[down, 0] - network.score(network.x[near].mean(axis=0)[None])[0, 0]
    np.testing.assert_allclose(-lists["integrated_gradients"].sum(axis=1), rise, atol=0.05)


def named(values: np.ndarray) -> list[list[int]]:
    """Of each row the columns that count against it, the largest first, four at most."""
    return [[j for j in sorted(range(len(row)), key=lambda j: -row[j]) if row[j] > 0][:TOP] for row in values]


def told(values: np.ndarray) -> bool:
    """Would a share of these rows, each between 0 and 1, count nobody's rows but ten at least on either side?"""
    sides = [np.sum(values > 0), np.sum(values < 1)]
    return len(values) >= 10 and not any(0 < side < 10 for side in sides)


@pytest.mark.parametrize("weighted", [False, True])
def test_lists_are_compared_as_by_a_loop(weighted):
    network, linear, found = mixed(weighted=weighted)
    ours, theirs = named(found.network), named(found.linear)
    down = found.numbers
    w = network.table.row_weights[down]
    jaccard = [len({*a} & {*b}) / len({*a} | {*b}) if a or b else 1.0 for a, b in zip(ours, theirs, strict=True)]
    changed = [{*a} != {*b} for a, b in zip(ours, theirs, strict=True)]
    first = [a[:1] == b[:1] for a, b in zip(ours, theirs, strict=True)]
    agrees = linear.scores[down, 0] <= 0
    of = {one.of: one for one in found.likeness}
    everyone = np.ones(len(down), bool)
    for measure, expected in (("jaccard", jaccard), ("changed", changed), ("first", first)):
        value = np.asarray(expected, dtype=float)
        parts_told = all(told(value[at]) for at in (agrees, ~agrees) if at.any())
        for name, at in (("linear", everyone), ("linear_agree", agrees), ("linear_differ", ~agrees)):
            assert of[name].rows == at.sum()
            if not told(value[at]) or (name != "linear" and not parts_told):  # the whole less one part is the other
                assert np.isnan(getattr(of[name], measure)[0])
            else:
                assert getattr(of[name], measure)[0] == pytest.approx(np.average(value[at], weights=w[at]))
    if not weighted and told(np.asarray(changed, dtype=float)):
        ends = proportion_confint(np.sum(changed), len(down), method="wilson")
        assert of["linear"].changed[2:] == pytest.approx(ends, abs=2e-3)
    codes = found.codes()
    table = codes[[f"network_{i + 1}" for i in range(TOP)]].to_numpy()
    assert [[c for c in row if pd.notna(c)] for row in table] == [[network.columns[j] for j in row] for row in ours]


def put_together(bound, places: list[tuple[int, list[int]]], donors: np.ndarray) -> np.ndarray:
    """(places, donors) scores of rows of the original table, some columns of which are those of the donors."""
    frame, made = bound.table.inputs, []
    for row, moved in places:
        rows = frame.iloc[[row] * len(donors)].reset_index(drop=True)
        for j in moved:
            rows[frame.columns[j]] = frame[frame.columns[j]].to_numpy()[donors]
        made.append(rows)
    return bound.score(bound.encoding.transform(pd.concat(made, ignore_index=True)))[:, 0].reshape(-1, len(donors))


def test_moves_are_those_of_rows_put_together():
    network, linear, found = mixed()
    near = just_approved(network, "no", 0.5)[1]
    for one, bound, values in zip(found.flips, (network, linear), (found.network, found.linear), strict=True):
        places = [(r, moved) for r, moved in zip(found.numbers, named(values), strict=True) if bound.scores[r, 0] <= 0]
        shares = (put_together(bound, places, near[:: len(near) // DONORS]) > 0).mean(axis=1)
        assert one.rows == len(shares)
        assert one.named[0] == pytest.approx(shares.mean(), abs=1e-9)
        assert one.gain[0] == pytest.approx(one.named[0] - one.random[0])
    places = [(row, [j]) for row in found.numbers for j in range(5)]
    alone = put_together(network, places, near).mean(axis=1).reshape(-1, 5) - network.scores[found.numbers]
    omitted = []
    for moves, inside in zip(alone, named(found.network), strict=True):
        left = [moves[j] for j in range(5) if j not in inside]
        omitted.append(max([*left, 0.0]) > min(moves[inside]) + 1e-5)
    assert found.omitted[0] == pytest.approx(np.mean(omitted))


def test_protected_columns_and_shares_of_columns():
    network, _, found = mixed()
    at = network.columns.index("city")
    lists = [named(values) for values in (found.network, found.linear)]
    for share, of in zip(found.protected, lists, strict=True):
        assert share[0] == pytest.approx(np.mean([at in row for row in of]))
    for one in found.named:
        j = network.columns.index(one.column)
        assert one.protected == (one.column == "city")
        inside = np.array([j in row for row in lists[0]], dtype=float)
        assert one.network[0] == pytest.approx(inside.mean()) if told(inside) else np.isnan(one.network[0])
        first = np.mean([row[:1] == [j] for row in lists[1]])
        assert np.isnan(one.linear_first[0]) or one.linear_first[0] == pytest.approx(first)


def test_nothing_that_one_to_nine_rows_make_can_be_reckoned_from_shares():
    """Seventy declined rows: `a` is the first reason of 55, `b` of twelve, `c` of three."""
    rows, codes = 70, np.repeat([0, 1, 2], [55, 12, 3])
    values = np.eye(3)[codes] + np.where(np.arange(rows)[:, None] < 9, [0.0, 0.0, 0.5], 0.0)  # `c` is named by twelve
    one, everyone = np.ones(rows), np.arange(rows)
    frame = pd.DataFrame({"y": np.repeat(["no", "yes"], rows), **dict.fromkeys("abc", np.arange(2.0 * rows))})
    table = ti.read_table(frame, target="y", positive="yes")
    network = bind(ti.wrap(Planted(), encoder="passthrough", classes=["no", "yes"]), table)
    case = parts.Case(network, network, rows, rows, np.arange(rows, 2 * rows), one, one, -1.0, 0.0, 0)
    found = {row.column: row for row in named_columns(case, values, values[:, [1, 0, 2]])}
    shares = {name: (found[name].network[0], found[name].network_first[0]) for name in "abc"}
    assert shares["a"] == pytest.approx((55 / 70, 55 / 70))
    assert np.isnan(shares["c"][1])  # three rows
    assert np.isnan(shares["b"][1])  # or they were what is left
    assert shares["c"][0] == pytest.approx(12 / 70)
    for hits, low, high in ((1, np.nan, 9 / 70), (9, np.nan, 9 / 70), (61, 61 / 70, np.nan), (69, 61 / 70, np.nan)):
        share = told_share(everyone < hits, one, everyone)
        np.testing.assert_allclose(share, (np.nan, np.nan, low, high))
    for hits in (0, 10, 60, 70):
        assert told_share(everyone < hits, one, everyone)[0] == pytest.approx(hits / 70)


class Planted(nn.Module):
    """3a + ab: what a says depends on b, and c says nothing."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (3 * x[:, :1] + x[:, :1] * x[:, 1:2]).float()


@functools.cache
def planted():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 3))
    frame = pd.DataFrame(x, columns=["a", "b", "c"]).assign(y=np.where(x[:, 0] > 0, "yes", "no"))
    table = ti.read_table(frame, target="y", positive="yes", adverse="no")
    network = ti.wrap(Planted(), encoder="passthrough", classes=["no", "yes"])
    linear = ti.fit_counterpart(network, table)
    return table, ti.reason_codes(network, linear, table, signs={"a": 1, "b": -1}, rows=150), network, linear


def test_a_planted_table_gives_what_was_planted():
    table, found, *_ = planted()
    assert (found.rows, found.declined_rows) == (150, int((bind(planted()[2], table).scores[:, 0] <= 0).sum()))
    assert "c" not in set(found.codes().filter(like="network").to_numpy().ravel())
    of = {one.of: one for one in found.likeness}
    assert of["seed"].changed[0] == 0  # few columns: every coalition is asked
    assert found.flips[0].named[0] > 0.9
    assert found.flips[0].gain[2] > 0
    against = {one.column: one for one in found.against}
    down = table.frame["a"].to_numpy()[found.numbers]
    rest = np.abs(bind(planted()[2], table).scores[:, 0])
    rest = np.where(bind(planted()[2], table).scores[:, 0] > 0, rest, np.inf).argsort()[:100]
    mean = table.frame["a"].to_numpy()[rest].mean()
    assert against["a"].share[0] == pytest.approx(np.mean((down > mean)[found.network[:, 0] > 0]))
    assert against["b"].rows == (found.network[:, 1] > 0).sum()


def test_the_order_of_rows_is_nothing():
    table, found, network, linear = planted()
    other = ti.reason_codes(network, linear, table.take(np.arange(len(table))[::-1].copy()), rows=150)
    back = np.argsort(other.numbers)
    np.testing.assert_array_equal(other.numbers[back], np.sort(found.numbers))
    np.testing.assert_allclose(other.network[back], found.network[np.argsort(found.numbers)], atol=1e-5)


def test_a_function_of_rows_has_reasons_without_a_mean_of_codes():
    table, expected, _, linear = planted()
    function = ti.wrap(
        lambda frame: 1 / (1 + np.exp(-(3 * frame["a"] + frame["a"] * frame["b"]).to_numpy())),
        classes=["no", "yes"],
    )
    found = ti.reason_codes(function, linear, table, rows=20)
    assert {one.of for one in found.likeness} >= {"linear", "seed", "scale"}
    assert not {"baseline", "reference", "integrated_gradients"} & {one.of for one in found.likeness}
    at = np.isin(expected.numbers, found.numbers)
    np.testing.assert_allclose(found.network, expected.network[at], atol=1e-3)


def test_what_cannot_be_asked_is_refused():
    table, _, network, linear = planted()
    with pytest.raises(TabinterpError, match="'negative' or 'positive'"):
        ti.reason_codes(network, linear, table, declined="no")
    with pytest.raises(TabinterpError, match="between 0 and 1"):
        ti.reason_codes(network, linear, table, threshold=1.0)
    with pytest.raises(TabinterpError, match="signs"):
        ti.reason_codes(network, linear, table, signs={"z": 1})
    with pytest.raises(NotApplicableError, match="reason codes need at least 10 of each"):
        ti.reason_codes(network, linear, table, threshold=1 - 1e-12)
    numbers = cases.numbers()
    model = cases.wrapped(cases.product_network())
    with pytest.raises(NotApplicableError, match="two classes"):
        ti.reason_codes(model, model, numbers)
