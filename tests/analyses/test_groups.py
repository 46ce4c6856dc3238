"""Groups of people beside fairlearn's numbers, statsmodels' and formulas written out; which groups may be told."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_ratio,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

import tabinterp as ti
from tabinterp.analyses.calibration.estimator import calibration
from tabinterp.analyses.groups.partition import Cell, Condition, Family, cut, partition, shares_told
from tabinterp.analyses.groups.several_classes import told_classes
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tabinterp.table.suppression import countable, shown
from tests import cases

PROTECTED = ["age", "city", "member"]


@functools.cache
def both(task: str = "binary", weighted: bool = False):
    frame = cases.mixed_frame(2400, task=task)
    table = cases.mixed_table(frame, task, weighted, split=0.5, protected=PROTECTED)
    network = bind(ti.wrap(cases.network_pipeline(frame, task)), table)
    return network, bind(ti.fit_counterpart(network, table), table)


@functools.cache
def found(task: str = "binary", weighted: bool = False, adverse: str | None = "no", **how):
    network, linear = both(task, weighted)
    return ti.groups(network, linear, stated(network.table, adverse if task == "binary" else None), **how)


def stated(table: ti.Table, adverse: str | None) -> ti.Table:
    """The same rows with this adverse class."""
    return replace(table, schema=replace(table.schema, adverse=adverse))


def held_out(weighted: bool = False, task: str = "binary"):
    network, _ = both(task, weighted)
    return network.take(network.table.held_out)


def sensitive(column: str, weighted: bool = False) -> np.ndarray:
    """The name of each held-out row's group."""
    parts = cut(held_out(weighted).table, column)
    return np.array([f"{column}: {c.name}" for c in parts.conditions])[parts.codes]


def inside(group, table) -> np.ndarray:
    """The rows of a group."""
    found = np.ones(len(table), dtype=bool)
    for condition in group.cell.conditions:
        parts = cut(table, condition.column)
        found &= parts.codes == parts.conditions.index(condition)
    return found


@pytest.mark.parametrize("weighted", [False, True])
def test_rates_are_those_of_fairlearn(weighted):
    part = held_out(weighted)
    y, chosen = part.table.y, part.scores[:, 0] > 0
    result = {g.name: g for g in found(weighted=weighted).groups}
    names = {"rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate}
    told = 0
    for column in PROTECTED:
        weights = {name: {"sample_weight": part.table.row_weights} for name in names}
        frame = MetricFrame(
            metrics=names,
            y_true=y,
            y_pred=chosen,
            sensitive_features=sensitive(column, weighted),
            sample_params=weights,
        ).by_group
        for name, row in frame.iterrows():
            group = result[name].network
            assert group.rate[0] == pytest.approx(row["rate"])
            hidden = np.isnan(group.tpr)
            assert hidden == np.isnan(group.fpr)
            told += not hidden
            assert hidden or (group.tpr, group.fpr) == pytest.approx((row["tpr"], row["fpr"]))
    assert told >= 4  # the others are held back: an outcome of few rows (see below)


def test_the_ratio_to_the_most_selected_group_is_fairlearns_parity_ratio():
    part = held_out()
    for column in PROTECTED:
        ours = [g.network.ratio_most[0] for g in found().groups if g.cell.columns == (column,)]
        theirs = demographic_parity_ratio(part.table.y, part.scores[:, 0] > 0, sensitive_features=sensitive(column))
        assert np.nanmin(ours) == pytest.approx(theirs)
        assert np.isnan(ours).sum() == 1  # the most selected group itself


def mover(a: float, n: int, b: float, m: int) -> tuple[float, float]:
    """The interval of (a / n) / (b / m) by Donner & Zou (2012), from the ends of two Wilson intervals."""
    (p, l1, u1), (q, l2, u2) = ((x / k, *proportion_confint(x, k, method="wilson")) for x, k in ((a, n), (b, m)))
    low = (p * q - np.sqrt((p * q) ** 2 - l1 * (2 * p - l1) * u2 * (2 * q - u2))) / (u2 * (2 * q - u2))
    high = (p * q + np.sqrt((p * q) ** 2 - u1 * (2 * p - u1) * l2 * (2 * q - l2))) / (l2 * (2 * q - l2))
    return low, high


def test_differences_and_ratios_are_those_written_out():
    """Newcombe (1998) and MOVER (Donner & Zou 2012) from two Wilson intervals, and the pooled z-test."""
    part = held_out()
    chosen, score, asked = part.scores[:, 0] > 0, part.scores[:, 0], 0
    for group in found().groups:
        if group.control or not group.told or np.isnan(group.network.difference[0]):
            continue
        asked += 1
        (control,) = [g for g in found().groups if g.control and g.cell.columns == group.cell.columns]
        a, b = (inside(one, part.table) for one in (group, control))
        n, m = int(a.sum()), int(b.sum())
        p, q = chosen[a].mean(), chosen[b].mean()
        (l1, u1), (l2, u2) = (proportion_confint(x * k, k, method="wilson") for x, k in ((p, n), (q, m)))
        low, high = p - q - np.hypot(p - l1, u2 - q), p - q + np.hypot(u1 - p, q - l2)
        assert group.network.difference[0] == pytest.approx(p - q)
        assert group.network.difference[2:] == pytest.approx((low, high))
        if p != q:
            assert group.network.p == pytest.approx(proportions_ztest([p * n, q * m], [n, m])[1])
        assert group.network.ratio[0] == pytest.approx(p / q)
        assert group.network.ratio[2:] == pytest.approx(mover(p * n, n, q * m, m))
        pooled = np.sqrt(((n - 1) * score[a].var(ddof=1) + (m - 1) * score[b].var(ddof=1)) / (n + m - 2))
        g = (score[a].mean() - score[b].mean()) / pooled * (1 - 3 / (4 * (n + m) - 9))
        assert group.network.smd[0] == pytest.approx(g)
    assert asked >= 10


def test_calibration_is_that_of_the_groups_own_rows():
    part = held_out()
    group = next(g for g in found().groups if g.name == "city: bern")
    rows = inside(group, part.table)
    alone = calibration(part.take(rows)).outputs[0]
    assert group.network.slope == pytest.approx(alone.slope)
    assert group.network.intercept == pytest.approx(alone.intercept)
    p, y = 1 / (1 + np.exp(-part.scores[rows, 0])), part.table.y[rows]
    edges, at = np.cumsum([b.rows for b in alone.bins]), np.argsort(p, kind="stable")
    gaps = [abs(p[some].mean() - y[some].mean()) * len(some) for some in np.split(at, edges[:-1])]
    assert group.network.ece == pytest.approx(sum(gaps) / len(p))


@pytest.mark.filterwarnings("ignore:Precision loss")
@pytest.mark.parametrize("task", ["regression", pytest.param("count", marks=pytest.mark.nightly)])
def test_of_numbers_mean_predictions_are_compared_by_welch(task):
    part, result = held_out(task=task), found(task)
    value = np.exp(part.scores[:, 0]) if task == "count" else part.scores[:, 0]
    for group in result.groups:
        if group.control or not group.told:
            continue
        (control,) = [g for g in result.groups if g.control and g.cell.columns == group.cell.columns]
        a, b = (value[inside(one, part.table)] for one in (group, control))
        test = stats.ttest_ind(a, b, equal_var=False)
        ends = test.confidence_interval()
        assert group.network.p == pytest.approx(test.pvalue)
        assert group.network.difference[2:] == pytest.approx((ends.low, ends.high))
        assert np.isnan([*group.network.ratio, group.network.tpr]).all()


def test_the_adverse_side_can_be_the_positive_one():
    one, other = found(), found(adverse="yes")
    assert (one.compared, other.compared) == ("yes", "no")
    for a, b in zip(one.groups, other.groups, strict=True):
        if a.told:
            assert b.network.rate[0] == pytest.approx(1 - a.network.rate[0], nan_ok=True)
            assert b.network.tpr == pytest.approx(1 - a.network.fpr, nan_ok=True)


def test_rows_that_belong_together_count_once():
    """Every person three times: intervals as of the people alone, up to n - 1 in the error."""
    frame = cases.mixed_frame(200)
    frame["person"] = np.arange(len(frame))
    ends = []
    for times in (1, 3):
        rows = pd.concat([frame] * times, ignore_index=True)
        table = ti.read_table(rows, target="y", protected=["member"], group="person", drop=["w"])
        model = bind(ti.wrap(cases.network_pipeline(frame)), table)
        group = next(g for g in ti.groups(model, model, table).groups if not g.control)
        ends.append(group.network.difference)
    assert ends[1][0] == pytest.approx(ends[0][0])
    np.testing.assert_allclose(ends[1][2:], ends[0][2:], atol=0.004)


def test_a_control_group_is_named_and_the_order_of_rows_does_not_matter():
    named = found_with({"city": "rome"})
    assert [g.name for g in named.groups if g.control and g.cell.columns == ("city",)] == ["city: rome"]
    network, linear = both()
    order = np.arange(len(network.table))[::-1].copy()
    turned = [bound.take(order) for bound in (network, linear)]
    again = ti.groups(*turned, turned[0].table)
    pd.testing.assert_frame_equal(found().frame(), again.frame())
    with pytest.raises(NotApplicableError, match="unknown reference group 'paris' of column 'city'"):
        found_with({"city": "paris"})
    with pytest.raises(NotApplicableError, match="The protected columns are"):
        found_with({"income": "1"})


def found_with(control: dict[str, str]):
    network, linear = both()
    return ti.groups(network, linear, network.table, control=control)


def test_what_groups_need():
    frame = cases.mixed_frame(90)
    table = cases.mixed_table(frame)
    model = bind(ti.wrap(cases.network_pipeline(frame)), table)
    with pytest.raises(NotApplicableError, match="no column was declared protected"):
        ti.groups(model, model, table)
    with pytest.raises(NotApplicableError, match="threshold must be a probability"):
        found(threshold=1.0)


# ---- several classes


def test_of_several_classes_numbers_are_those_of_fairlearn_class_by_class():
    part, result = held_out(task="multiclass"), found("multiclass")
    chosen, y, labels = part.scores.argmax(axis=1), part.table.y, part.table.schema.labels
    names = {"rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate}
    told, p = 0, np.exp(part.scores - part.scores.max(axis=1, keepdims=True))
    lost = -np.log((p / p.sum(axis=1, keepdims=True))[np.arange(len(y)), y.astype(int)])
    fits = {one.cell.name: one for one in result.fits}
    for column in PROTECTED:
        sensitive_rows = [
            (g, inside(g, part.table))
            for g in result.groups
            if g.cell.columns == (column,) and g.output == labels[0] and g.told
        ]
        codes = np.select([rows for _, rows in sensitive_rows], [g.name for g, _ in sensitive_rows], "")
        alone = {g.name: calibration(part.take(rows)) for g, rows in sensitive_rows}
        for k, label in enumerate(labels):
            of = {g.name: g for g in result.groups if g.output == label}
            frame = MetricFrame(metrics=names, y_true=y == k, y_pred=chosen == k, sensitive_features=codes).by_group
            for name, row in frame.iterrows():
                one = of[name].network
                rows = inside(of[name], part.table)
                if np.isnan(one.rate[0]):
                    continue
                told += 1
                assert (chosen[rows] == k).sum() >= 10 or not (chosen[rows] == k).any()
                assert one.rate[0] == pytest.approx(row["rate"])
                assert np.isnan(one.tpr) or (one.tpr, one.fpr) == pytest.approx((row["tpr"], row["fpr"]))
                control = next(g for g in of.values() if g.control and g.cell.columns == (column,))
                if of[name] is not control and not np.isnan(control.network.rate[0]):
                    assert one.difference[0] == pytest.approx(row["rate"] - control.network.rate[0])
                assert one.slope == pytest.approx(alone[name].outputs[k].slope, nan_ok=True)
        for group, rows in sensitive_rows:
            one = fits[group.name].network
            assert one.loss[0] == pytest.approx(lost[rows].mean())
            right = (chosen == y)[rows]
            assert np.isnan(one.accuracy[0]) or one.accuracy[0] == pytest.approx(accuracy_score(y[rows], chosen[rows]))
            assert np.isnan(one.accuracy[0]) or not any(0 < side < 10 for side in (right.sum(), (~right).sum()))
            control = next(f for f in result.fits if f.control and f.cell.columns == (column,))
            if control.cell is not fits[group.name].cell:
                _, _, low, high = one.loss_difference
                other = lost[inside(control, part.table)]
                assert one.loss_difference[0] == pytest.approx(lost[rows].mean() - other.mean())
                ends = stats.ttest_ind(lost[rows], other, equal_var=False).confidence_interval()
                assert (low, high) == pytest.approx((ends.low, ends.high), rel=1e-3)
    assert told >= 12


@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=2, max_size=4))
@settings(max_examples=60)
def test_of_several_classes_no_count_below_ten_can_be_reckoned(counts):
    """All groups and all totals of a class are known, and what is told: what is left is nobody's few rows."""
    counts = np.array(counts, dtype=np.int64)
    cells = tuple(
        Cell((Condition("g", "level", level=str(i)),), int(row.sum()), bool(row.sum() >= 10))
        for i, row in enumerate(counts)
    )  # fmt: skip
    told = np.array(told_classes([Family(("g",), cells, np.arange(len(cells)), None)], [counts]))[:, 0].T
    assert not (told & (counts > 0) & (counts < 10)).any()
    for line, open_ in [*zip(counts, told, strict=True), *zip(counts.T, told.T, strict=True)]:
        hidden = line[~open_ & (line > 0)]
        assert not (open_ & (line > 0)).any() or not len(hidden) or (len(hidden) > 1 and hidden.sum() >= 10)


# ---- what may be told


COUNTS = st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=4), min_size=1, max_size=5).filter(
    lambda rows: len({len(row) for row in rows}) == 1
)


@given(COUNTS)
@settings(max_examples=150)
def test_nothing_small_is_told_or_can_be_reckoned(counts):
    counts = np.array(counts, dtype=np.int64)
    told = shown(counts)
    assert (counts[told] >= 10).all()
    lines = [*zip(counts.T, told.T, strict=True), *(zip(counts, told, strict=True) if counts.shape[1] > 1 else ())]
    for line, open_ in lines:
        hidden = line[~open_ & (line > 0)]
        assert not open_.any() or not len(hidden) or (len(hidden) > 1 and hidden.sum() >= 10)
    if (counts[counts > 0] >= 10).all():
        assert told[counts > 0].all()  # nothing is held back without need


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 4), min_size=2, max_size=5), st.booleans())
@settings(max_examples=150)
def test_no_share_tells_of_fewer_than_ten_rows_or_can_be_reckoned(counts, both):
    """Every side of every group and the totals of a side are known where a share is told; what is left of a total is not."""
    counts = np.array(counts, dtype=np.int64)[:, None, : 4 if both else 2]
    told = countable(counts, np.ones(counts.shape[:2], dtype=bool))[:, 0]
    open_, hidden = counts[told, 0], counts[~told, 0]
    assert not ((open_ > 0) & (open_ < 10)).any()
    for side in range(counts.shape[-1]):
        left = hidden[:, side][hidden[:, side] > 0]
        assert not told.any() or not len(left) or (len(left) > 1 and left.sum() >= 10)
    if not ((counts > 0) & (counts < 10)).any():
        assert told.all()
    turned = countable(counts[..., ::-1], np.ones(counts.shape[:2], dtype=bool))[:, 0]
    assert (turned == told).all()  # which side is the adverse one does not matter


def planted(selected, rows):
    """A model that selects so many rows of each group, set against one that selects by chance; nothing else is in the table."""
    groups = np.repeat(list("abcd")[: len(rows)], rows)
    x = np.concatenate([np.repeat([1.0, -1.0], [k, n - k]) for k, n in zip(selected, rows, strict=True)])
    frame = pd.DataFrame({"x": x, "group": groups, "y": np.arange(len(x)) % 2 == 0})
    table = ti.read_table(frame, target="y", positive=True, adverse=False, protected=["group"], drop=["group"])
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(1.0)
    model = ti.wrap(layer, encoder="passthrough")
    return {g.cell.conditions[0].name: g.network for g in ti.groups(model, model, table).groups}


def test_a_group_of_which_few_are_selected_has_no_rate_and_one_end_of_its_ratio():
    found = planted([100, 3, 40, 60], [200, 80, 100, 120])
    hidden = {name for name, one in found.items() if np.isnan(one.rate[0])}
    assert hidden == {"b", "c"}  # three of b; and c, from which with the total those of b could be reckoned
    for name in hidden:
        one = found[name]
        assert np.isnan([*one.rate, *one.difference, one.p, *one.ratio[:3], *one.ratio_most, one.tpr, one.fpr]).all()
    assert found["b"].ratio[3] == pytest.approx(mover(9, 80, 100, 200)[1])
    assert np.isnan(found["c"].ratio[3])
    assert found["b"].ratio[3] == planted([100, 8, 40, 60], [200, 80, 100, 120])["b"].ratio[3]  # three or eight
    most = planted([100, 77, 40, 60], [200, 80, 100, 120])["b"].ratio
    assert most[2] == pytest.approx(mover(71, 80, 100, 200)[0])
    assert np.isnan(most[3])


def test_one_of_seventy_is_told_by_no_number_of_any_group():
    """Of whatever is told, every count that it and the totals determine is nought or ten and more: by linear algebra."""
    selected, rows = np.array([50, 1, 30, 90]), np.array([120, 70, 60, 150])
    found = planted(selected, rows)
    told = [not np.isnan(found[name].rate[0]) for name in "abcd"]
    known = np.vstack([np.eye(4)[told], np.ones((1, 4))])  # counts of told groups, and the total
    for i, count in enumerate(selected):
        fixed = np.linalg.matrix_rank(np.vstack([known, np.eye(4)[i]])) == np.linalg.matrix_rank(known)
        assert not fixed or count == 0 or min(count, rows[i] - count) >= 10


def cells_of(table):
    """Families, and of each the rows of each of its cells."""
    made = partition(table)
    codes = made.codes(table)
    found = made.families([np.bincount(one, minlength=size) for one, size in zip(codes, made.sizes, strict=True)])
    masks = [[one == place for place in family.places] for one, family in zip(codes, found, strict=True)]
    return found, masks


def told_of(table, side):
    found, masks = cells_of(table)
    return shares_told(found, [np.array([[(m & (side == k)).sum() for k in (0, 1)] for m in some]) for some in masks])


def test_shares_of_two_columns_are_held_back_with_their_margins():
    a, b = np.repeat(["x", "y"], [200, 200]), np.tile(["m", "f"], 200)
    frame = pd.DataFrame({"a": a, "b": b, "v": np.arange(400.0), "y": np.arange(400) % 3 == 0})
    table = ti.read_table(frame, target="y", positive=True, protected=["a", "b"])
    assert all(all(one) for one in told_of(table, np.arange(400) // 2 % 2))
    few = ((a == "x") & (b == "m") & (np.arange(400) < 10)) | ((a == "y") & (np.arange(400) % 4 < 2))
    single, other, pair = told_of(table, few)
    assert (single, other) == ([False, False], [True, True])  # five of x
    assert pair == [False] * 4


def test_a_group_of_two_columns_is_held_back_with_its_margins():
    a = np.repeat(["x", "y", "z"], [300, 40, 4])
    b = np.tile(["m", "f"], 172)
    frame = pd.DataFrame({"a": a, "b": b, "v": np.arange(344.0), "y": np.arange(344) % 3 == 0})
    table = ti.read_table(frame, target="y", positive=True, protected=["a", "b"])
    (single, _, pair), _ = cells_of(table)
    assert {c.conditions[0].name: c.told for c in single.cells} == {"x": True, "y": False, "z": False}
    assert all(c.told == (c.conditions[0].name == "x") for c in pair.cells)


def test_numbers_are_cut_into_quarters_and_levels_beyond_twelve_stand_together():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"n": rng.normal(size=400), "l": rng.choice(list("abcdefghijklmnop"), 400), "y": rng.random(400)}
    )
    frame.loc[:30, "n"] = np.nan
    table = ti.read_table(frame, target="y", protected=["n", "l"])
    numbers = cut(table, "n")
    assert [c.kind for c in numbers.conditions] == ["at_most", "between", "between", "above", "missing"]
    quarter = numbers.counts[:4].sum() / 4
    assert (np.abs(numbers.counts[:4] - quarter) < 10).all()  # edges are rounded: ten rows share each
    expected = pd.cut(frame["n"], [-np.inf, *(c.high for c in numbers.conditions[:3]), np.inf], labels=False)
    np.testing.assert_array_equal(numbers.codes, expected.fillna(4))
    one = ti.read_table(frame.assign(n=3.0), target="y", protected=["n"])
    assert [(c.kind, c.name) for c in cut(one, "n").conditions] == [("any", "any")]
    levels = cut(table, "l")
    assert [c.kind for c in levels.conditions] == ["level"] * 12 + ["others"]
    rest = set("abcdefghijklmnop") - {c.level for c in levels.conditions}
    assert levels.counts[-1] == frame["l"].isin(rest).sum()
