"""Regional effects beside closed forms, loops over rows, a jackknife that leaves groups out, and effector."""

from __future__ import annotations

import functools

import effector
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import tabinterp as ti
from tabinterp.analyses.regional_effects import estimator as regional
from tabinterp.analyses.regional_effects.estimator import explained, explained_by, family, regional_effects, shares
from tabinterp.document.document import Document
from tabinterp.errors import DocumentError, NotApplicableError
from tabinterp.table.folds import dealt
from tabinterp.table.rounding import Rounding
from tests.shared import every_nth, once_per_run


def numbers(n=600, seed=0, columns="abc"):
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(n, len(columns))), columns=list(columns))


def table_of(frame, **more):
    return ti.read_table(frame.assign(y=np.arange(len(frame)) % 7), target="y", task="regression", **more)


def model_of(function):
    return ti.wrap(lambda rows: np.asarray(function(rows), dtype=np.float64), task="regression")


def found_of(function, frame, columns=None, **more):
    return regional_effects(model_of(function), table_of(frame, **more), columns=columns)


def signs(rows):
    return rows["a"] * np.where(rows["b"] > 1, 1, -1) + rows["c"]


def whole_numbers(n=1000):
    return pd.DataFrame(np.random.default_rng(1).integers(-4, 5, (n, 3)), columns=list("abc")).astype(float)


KINDS = dict.fromkeys("abc", "numeric")


def test_a_slope_that_changes_its_sign_is_split_where_it_does():
    frame = whole_numbers()
    found = found_of(signs, frame, kinds=KINDS)
    one = found["a"]
    assert (one.split.column, one.split.kind, one.split.high, one.found) == ("b", "at_most", 1.0, True)
    assert one.explained[0] == pytest.approx(1, abs=1e-9)
    assert one.q < 1e-9
    half = dealt(table_of(frame, kinds=KINDS), 8, 2) == 1
    p = np.mean(frame["b"][half] > 1)
    # of a curve s (a - mean), s = 1 or -1, the variance over rows is 4 p (1 - p) times that of a
    squares = 4 * p * (1 - p) * frame["a"].var(ddof=0)
    assert one.heterogeneity[0] == pytest.approx(np.sqrt(squares), rel=2e-3)
    assert one.share[0] == pytest.approx(4 * p * (1 - p), rel=4e-3)
    first, last = one.regions.ends
    values = one.regions.values
    assert (values[first], values[last]) == (-4.0, 4.0) or values[last] - values[first] >= 6
    rise = values[last] - values[first]
    assert one.regions.inside.change[0] == pytest.approx(-rise)
    assert one.regions.outside.change[0] == pytest.approx(rise)
    assert one.regions.everywhere.change[0] == pytest.approx(rise * (2 * p - 1))
    centred = np.array(values) - frame["a"].mean()
    np.testing.assert_allclose(one.regions.inside.curve.value, -centred, atol=1e-9)
    np.testing.assert_allclose(one.regions.outside.curve.value, centred, atol=1e-9)
    assert found["c"].split is None
    assert found["c"].heterogeneity[0] == found["c"].share[0] == 0
    assert found.frame().set_index("column").loc["a", "split_high"] == 1.0


def test_a_column_that_is_not_read_has_neither_heterogeneity_nor_split():
    found = found_of(lambda rows: rows["a"] * rows["b"], numbers(), ["c"])["c"]
    assert found.heterogeneity[0] == 0
    assert found.split is None
    assert np.isnan(found.explained).all()
    assert not found.found


def test_no_split_is_sought_of_an_effect_that_hardly_differs():
    found = found_of(lambda rows: 10 * rows["a"] + np.where(rows["b"] > 0, 0.5, -0.5) * rows["a"], numbers(), ["a"])[
        "a"
    ]
    assert found.share[3] < 0.01
    assert found.heterogeneity[0] == pytest.approx(0.5, rel=0.1)
    assert found.split is None


def test_a_column_does_not_split_its_own_effect():
    """The sum of b and c alone says how steep the effect of a is, and a column that is all but equal to it is a itself."""
    frame = numbers()
    frame["a"] = (frame["b"] + frame["c"]) / np.sqrt(2) + 0.05 * frame["a"]
    found = found_of(lambda rows: rows["a"] * (rows["b"] + rows["c"]), frame, ["a"])["a"]
    assert found.split.column in {"b", "c"}


# ---- beside loops


def case(design, n=240, seed=0):
    """Curves (n, p) with weights, groups and a region that explains some of how they differ."""
    draw = np.random.default_rng(seed)
    group = np.arange(n) if design != "groups" else np.repeat(np.arange(n // 4), 4)
    each = draw.normal(size=(group.max() + 1, 2))[group] * (design == "groups") + draw.normal(size=(n, 2))
    region = each[:, 0] > 0.4
    curves = np.outer(each[:, 0], np.linspace(-1, 1, 5)) + 0.5 * np.outer(each[:, 1], np.linspace(-1, 1, 5) ** 2)
    weights = draw.uniform(0.2, 3, n) if design == "weights" else np.ones(n)
    return curves + 0.3, weights, group, region


def by_rows(curves, weights, group, rows):
    """Variance over rows, with the squared error of the mean that it is about, point by point and group by group."""
    total, parts = weights[rows].sum(), []
    for values in curves[rows].T:
        mean = np.average(values, weights=weights[rows])
        moved = [(weights[rows] * (values - mean))[group[rows] == one].sum() / total for one in np.unique(group[rows])]
        error = np.square(moved).sum() * len(moved) / (len(moved) - 1)
        parts.append(np.average((values - mean) ** 2, weights=weights[rows]) + error)
    return sum(parts)


def share_by_rows(curves, weights, group, region):
    everyone = np.ones(len(curves), dtype=bool)
    inside = weights[region].sum() / weights.sum()
    within = inside * by_rows(curves, weights, group, region) + (1 - inside) * by_rows(curves, weights, group, ~region)
    return 1 - within / by_rows(curves, weights, group, everyone)


def jackknife(statistic, group):
    """Return the standard error of a statistic of the rows that are left in when one group is left out."""
    left = np.array([statistic(group != one) for one in np.unique(group)])
    return np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())


@pytest.mark.parametrize("design", ["rows", "weights", "groups"])
def test_the_explained_share_and_its_error_are_those_of_loops_and_of_a_jackknife(design):
    curves, weights, group, region = case(design)
    value, error, count = explained(curves, weights, group, region)
    assert value == pytest.approx(share_by_rows(curves, weights, group, region), rel=1e-10)
    assert 0.2 < value < 0.9

    def plain(rows):
        return explained_by(curves[rows], weights[rows], region[None, rows])[0]

    assert error == pytest.approx(jackknife(plain, group), rel=0.03)
    totals = np.bincount(group, weights)
    assert count == pytest.approx(totals.sum() ** 2 / (totals**2).sum())


@pytest.mark.parametrize("design", ["rows", "weights", "groups"])
def test_heterogeneity_and_its_share_and_their_errors(design):
    curves, weights, group, _ = case(design)
    size, share = shares(curves, weights, group)
    everyone = np.ones(len(curves), dtype=bool)
    squares = by_rows(curves, weights, group, everyone)
    whole = np.average((curves**2).sum(axis=1), weights=weights)
    assert size[0] == pytest.approx(np.sqrt(squares), rel=1e-10)
    assert share[0] == pytest.approx(squares / whole, rel=1e-10)

    def plain(rows, of=0):
        mean = np.average(curves[rows], axis=0, weights=weights[rows])
        found = np.average(((curves[rows] - mean) ** 2).sum(axis=1), weights=weights[rows])
        return np.sqrt(found) if of == 0 else found / np.average((curves[rows] ** 2).sum(axis=1), weights=weights[rows])

    assert size[1] == pytest.approx(jackknife(plain, group), rel=0.03)
    chance = np.sqrt(2) * (squares - plain(everyone) ** 2) / whole
    assert share[1] == pytest.approx(np.hypot(jackknife(functools.partial(plain, of=1), group), chance), rel=0.03)
    assert size[3] / size[0] == pytest.approx(size[0] / size[2])  # of the logarithm
    assert np.log(size[3] / size[0]) * size[0] / size[1] > stats.t.ppf(0.975, len(np.unique(group)) - 1)
    assert share[0] - share[2] == pytest.approx(share[3] - share[0])


@pytest.mark.parametrize("design", ["rows", "weights", "groups"])
def test_average_curves_and_their_errors(design):
    curves, weights, group, region = case(design)
    shown = np.array([True, True, False, True, True])
    rows = region
    made = regional._region(curves[rows], weights[rows] / weights[rows].sum(), group[rows], shown, (0, 4))
    own, its = curves[rows], weights[rows]
    for i in np.flatnonzero(shown):
        assert made.curve.value[i] == pytest.approx(np.average(own[:, i], weights=its))
        error = jackknife(lambda kept, i=i: np.average(own[kept, i], weights=its[kept]), group[rows])
        assert made.curve.stderr[i] == pytest.approx(error, rel=0.02)
    assert np.isnan([made.curve.value[2], made.curve.low[2], made.curve.high[2]]).all()
    rise = own[:, 4] - own[:, 0]
    assert made.change[0] == pytest.approx(np.average(rise, weights=its))
    error = jackknife(lambda kept: np.average(rise[kept], weights=its[kept]), group[rows])
    assert made.change[1] == pytest.approx(error, rel=0.02)


@pytest.mark.parametrize("design", every_nth(3, ["groups", "rows", "weights"]))
def test_intervals_hold_the_truth_19_times_in_20(design):
    """Of normal curves along one line, cut at 0.4, the truth is that of a normal number cut there; with weights, which hold more
    of the rows above, too.
    """
    hits, n = [], 120 if design != "groups" else 480
    p = stats.norm.sf(0.4 / np.sqrt(2 if design == "groups" else 1))
    between = stats.norm.pdf(stats.norm.isf(p)) ** 2 / (p * (1 - p))
    for seed in range(400):
        draw = np.random.default_rng(seed)
        group = np.arange(n) if design != "groups" else np.repeat(np.arange(n // 4), 4)
        slope = draw.normal(size=n) + draw.normal(size=group.max() + 1)[group] * (design == "groups")
        weights = np.ones(n)
        if design == "weights":
            pool = draw.normal(size=4 * n)
            kept = np.flatnonzero(draw.random(4 * n) < np.where(pool > 0.4, 0.5, 0.2))
            slope, weights = pool[kept], np.where(pool[kept] > 0.4, 2.0, 5.0)
            group = np.arange(len(kept))
        curves = np.outer(slope, [-1.0, 1.0])
        ((_, _, low, high), _) = family([explained(curves, weights, group, slope > 0.4)])[0]
        size, _ = shares(curves, weights, group)
        true = np.sqrt(2 * (2 if design == "groups" else 1))
        hits.append((low <= between <= high, size[2] <= true <= size[3]))
    assert (np.mean(hits, axis=0) > 0.925).all()
    assert (np.mean(hits, axis=0) < 0.98).all()


@pytest.mark.nightly
def test_chance_explains_nothing_on_average():
    """The split is the best of about sixty by chance, so that on the half that chose it, it would explain 6%."""
    values, found = [], 0
    for seed in range(25):
        frame = numbers(200, seed, "abcd")
        one = found_of(lambda rows: rows["a"] * np.sin(99 * rows["b"] + 77 * rows["c"] + 55 * rows["d"]), frame, ["a"])[
            "a"
        ]
        values.append(one.explained[0])
        found += one.found
        assert one.explained[2] < 0 < one.explained[3]
    assert abs(np.mean(values)) < 3 * np.std(values, ddof=1) / np.sqrt(len(values))
    assert found == 0


def test_where_nothing_is_explained_intervals_hold_0_at_least_19_times_in_20():
    """Of curves along one line the share that chance explains has one degree of freedom; the first order alone holds 0 in 81%."""
    hits = []
    for seed in range(400):
        draw = np.random.default_rng(seed)
        curves, region = np.outer(draw.normal(size=150), [1.0, -1.0]), draw.random(150) < 0.4
        ((_, _, low, high), _) = family([explained(curves, np.ones(150), np.arange(150), region)])[0]
        hits.append(low <= 0 <= high)
    assert np.mean(hits) > 0.95


def test_the_splits_of_all_columns_are_one_family():
    tests = [(0.3, 0.05, 100.0), (0.2, 0.06, 100.0), (0.05, 0.02, 100.0), (np.nan, np.nan, 0.0), (0.95, 0.04, 100.0)]
    made = family(tests)
    p = np.array([2 * stats.t.sf((value - 0.1) / error, count - 1) for value, error, count in tests if count])
    q = stats.false_discovery_control(np.minimum(p, 1))
    np.testing.assert_allclose([one for _, one in made if not np.isnan(one)], q)
    raised = [mean[2] > 0.1 for mean, _ in made]
    assert raised == [True, False, False, False, True]
    level = 0.05 * 2 / 4
    assert made[0][0][2] == pytest.approx(0.3 - stats.t.ppf(1 - level / 2, 99) * 0.05)
    assert made[4][0][3] == 1.0
    assert family([]) == []


# ---- beside effector


@pytest.fixture
def lattice(monkeypatch):
    """Whole numbers, each as often as any other in column a, where both packages read the same points with the same weights."""
    monkeypatch.setattr(effector.helpers, "NOF_INTERNAL_POINTS", 10)
    draw = np.random.default_rng(2)
    return pd.DataFrame(
        {"a": np.repeat(np.arange(10.0), 60), "b": draw.integers(0, 20, 600), "c": draw.normal(size=600)}
    )


def both(rows):
    return rows["a"] * np.where(rows["b"] > 11, 1.0, -0.4) + 0.03 * rows["a"] ** 2 * rows["c"]


def test_heterogeneity_and_the_first_split_are_those_of_effector(lattice):
    frame = lattice.astype(float)
    theirs = effector.PDP(
        frame.to_numpy(), lambda x: both(pd.DataFrame(x, columns=list("abc"))).to_numpy(), nof_instances="all"
    )
    table = table_of(frame, kinds={"a": "numeric", "b": "numeric"})
    one = regional_effects(model_of(both), table, columns=["a"])["a"]
    first = dealt(table, 8, 2) == 0
    at = np.arange(10.0)

    def variance_of(rows):
        return theirs.eval_heter(0, at, mask=rows).mean()

    curves = np.stack([both(frame[~first].assign(a=v)) for v in at], axis=1)
    n = len(curves)
    ours, _ = shares((curves - curves.mean(axis=1, keepdims=True)) / np.sqrt(10), np.ones(n), np.arange(n))
    assert ours[0] ** 2 * (n - 1) / n == pytest.approx(variance_of(~first), rel=1e-9)
    assert one.heterogeneity[0] == pytest.approx(ours[0], rel=1e-6)
    finder = effector.space_partitioning.Best(max_depth=1, numerical_features_grid_size=19)
    leaf = theirs.find_regions(0, finder=finder).leaves[0]
    inside = leaf.mask if leaf.mask[frame["b"] == 0].all() else ~leaf.mask
    np.testing.assert_array_equal(inside, frame["b"] <= 11)
    assert (one.split.column, one.split.high) == ("b", 11.0)
    part = inside[~first].mean()
    left = part * variance_of(inside & ~first) + (1 - part) * variance_of(~inside & ~first)
    assert one.explained[0] == pytest.approx(
        1 - left / variance_of(~first), abs=0.004
    )  # chance explains 0.3% of 300 rows


# ---- rows, groups, weights


def test_a_split_leaves_fifty_rows_and_a_tenth_in_both_regions_at_rounded_values():
    frame = numbers(1000)
    frame["d"] = np.where(np.arange(1000) < 60, "rare", "usual")
    bound = ti.models.bind(model_of(lambda rows: rows["a"]), table_of(frame))
    sample = regional._Sample(bound, np.arange(1000), 0)
    splits = [*sample.splits()]
    assert {one.column for one in splits} == set("abc")  # of column d a region would hold 6%
    assert min(min(one.rows.mean(), 1 - one.rows.mean()) for one in splits) >= 0.1
    for one in splits:
        assert one.kind == "at_most"  # "above" is the same split
        assert one.high == Rounding(frame[one.column].to_numpy())(one.high)
        assert Rounding(frame[one.column].to_numpy()).points_to_few(one.high) is False
    few = regional._Sample(ti.models.bind(model_of(lambda rows: rows["a"]), table_of(frame[:200])), np.arange(200), 0)
    assert min(min(one.rows.sum(), (~one.rows).sum()) for one in few.splits()) >= 50


def test_rows_of_a_group_are_in_one_half_and_errors_grow_with_groups():
    frame = numbers(150, 3).loc[np.repeat(np.arange(150), 4)].reset_index(drop=True)
    frame["g"] = np.repeat([f"g{i}" for i in range(150)], 4)

    def function(rows):
        return rows["a"] * (rows["b"] + np.sin(3 * rows["c"]))

    alone = found_of(function, frame.drop(columns="g"), ["a"])["a"]
    together = found_of(function, frame, ["a"], group="g")["a"]
    bound = ti.models.bind(model_of(function), table_of(frame, group="g"))
    first, second = regional._Sample(bound, np.arange(600), 0).halves
    assert not set(frame["g"][first]) & set(frame["g"][second])
    assert together.explained[1] == pytest.approx(2 * alone.explained[1], rel=0.35)
    assert together.regions.inside.change[1] == pytest.approx(2 * alone.regions.inside.change[1], rel=0.35)


def test_rows_of_weight_0_do_not_count_and_a_weight_of_2_is_two_rows():
    frame = whole_numbers(500).assign(w=np.where(np.arange(500) % 5 == 0, 0.0, 1.0))

    def odd(rows):
        return np.where(rows["c"] == 9, 50 * rows["a"], signs(rows))

    frame.loc[frame["w"] == 0, "c"] = 9.0
    one = found_of(odd, frame, ["a"], weight="w", kinds=KINDS)
    assert one.rows == 400
    assert one["a"].explained[0] == pytest.approx(1, abs=1e-6)
    assert one["a"].heterogeneity[0] < 10


def test_missing_values_levels_and_classes():
    draw = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "a": draw.choice(["x", "y", "z"], 800),
            "b": np.where(draw.random(800) < 0.3, np.nan, draw.normal(size=800)),
            "c": draw.normal(size=800),
        }
    )
    frame["y"] = draw.choice(["p", "q", "r"], 800)
    table = ti.read_table(frame, target="y")

    def chances(rows):
        lean = np.where(rows["b"].isna(), 2.0, -2.0) * (rows["a"] == "z") + 0.1 * rows["c"]
        scores = np.exp(np.column_stack([np.zeros(len(rows)), lean, np.zeros(len(rows))]))
        return scores / scores.sum(axis=1, keepdims=True)

    found = regional_effects(ti.wrap(chances, classes=["p", "q", "r"]), table)
    one = found["a"]
    assert (one.split.column, one.split.kind) == ("b", "missing")
    assert one.explained[0] > 0.98
    assert one.regions.output == "q"
    first, last = one.regions.ends
    assert "z" in (one.regions.values[first], one.regions.values[last])
    change = 2 * 2 * (1 - 1 / 3) / 1.0  # of centred logits
    assert abs(one.regions.inside.change[0]) == pytest.approx(change / 2, rel=0.02)
    assert one.regions.inside.change[0] == pytest.approx(-one.regions.outside.change[0], rel=0.02)
    other = found["b"]
    assert (other.split.column, other.split.level) == ("a", "z")


@pytest.mark.parametrize(
    ("frame", "more", "says"),
    [
        (numbers(199), {}, "200 rows"),
        (numbers(columns="a"), {}, "the model has only one"),
        (numbers(900).assign(g=[f"g{i // 10}" for i in range(900)]), {"group": "g"}, "100 groups"),
    ],
)
def test_too_few_rows_groups_or_columns(frame, more, says):
    with pytest.raises(NotApplicableError, match=says):
        found_of(lambda rows: rows["a"], frame, **more)


def test_how_often_a_function_is_asked():
    asked = []

    def counted(rows):
        asked.append(len(rows))
        return signs(rows)

    bound = ti.models.bind(model_of(counted), table_of(numbers(1500)))
    before = sum(asked)
    regional_effects(bound, bound.table, columns=["a", "c"])
    assert sum(asked) - before <= 2 * 20 * 1000 + 3 * 1500  # points, and the scores of all rows


# ---- in an audit


class OfSigns:
    def __call__(self, rows):
        score = rows["age"] / 10 * np.where(rows["debt"] > 0, -1.0, 0.5) + rows["pet"].eq("cat") * (rows["income"] > 0)
        return 1 / (1 + np.exp(-score.to_numpy()))


@once_per_run
def document() -> Document:
    draw = np.random.default_rng(6)
    frame = pd.DataFrame(
        {
            "age": draw.normal(0, 10, 1000).round(1),
            "debt": draw.normal(0, 5, 1000),
            "income": draw.normal(0, 2, 1000),
            "pet": draw.choice(["cat", "dog", "fox"], 1000),
        }
    )
    frame.loc[:5, "pet"] = "newt"
    frame["y"] = np.where(draw.random(1000) < OfSigns()(frame), "yes", "no")
    table = ti.read_table(frame, target="y", positive="yes")
    audit = ti.audit(ti.wrap(OfSigns(), classes=["no", "yes"]), table, analyses=["regional_effects"])
    return ti.Audit.from_json(audit.to_json()).document


def test_the_document_says_what_was_found_and_the_page_shows_it():
    record = document().analyses["regional_effects"]
    ages = next(one for one in record.effects if one.column == "age")
    assert ages.split.key == "group.at_most"
    assert ages.split.values["column"] == "debt"
    assert abs(ages.split.values["high_end"]) < 0.5
    assert ages.curves.inside.value > 0 > ages.curves.outside.value
    page = ti.Audit(document()).to_markdown()
    rise, fall = (abs(one.value) for one in (ages.curves.inside, ages.curves.outside))
    high = ages.curves.inside.high
    assert (
        f"the mean score (log-odds) rises by {rise:.2f} (95% CI {ages.curves.inside.low:.2f} to {high:.2f}) as age changes"
        in page
    )
    low, high = -ages.curves.outside.high, -ages.curves.outside.low
    assert f"it falls by {fall:.2f} (95% CI {low:.2f} to {high:.2f})" in page
    assert "falls by −" not in page
    assert "rises by −" not in page
    assert f"effect curves of {sum(one.curves is not None for one in record.effects)} of 4 columns" in page
    assert 'id="figure-regional-0"' in ti.Audit(document()).to_html()


def test_a_change_whose_interval_holds_zero_is_not_told_as_one():
    record = document().analyses["regional_effects"]
    ages = next(one for one in record.effects if one.column == "age")
    flat = ages.curves.outside.model_copy(update={"low": -0.21, "value": 0.1, "high": 0.41})
    changed = ages.model_copy(update={"curves": ages.curves.model_copy(update={"outside": flat})})
    whole = document()
    analyses = whole.analyses | {"regional_effects": record.model_copy(update={"effects": [changed]})}
    page = ti.Audit(whole.model_copy(update={"analyses": analyses})).to_markdown()
    assert "For all other rows, it does not change significantly (95% CI −0.210 to +0.410)." in page


def test_the_document_tells_no_count_and_no_level_of_few_rows():
    record = document().analyses["regional_effects"]
    for one in record.effects:
        if one.rows_share is not None:
            assert one.rows_share in {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}
        if one.curves is not None:
            assert "newt" not in [point.value for point in one.curves.points]
            assert all(point.everywhere.value is not None for point in one.curves.points)
    assert any(one.kind == "categorical" and one.curves is not None for one in record.effects)


def test_points_of_few_rows_of_a_region_are_left_out():
    frame = numbers(1000)
    frame["b"] = frame["a"] + 0.3 * frame["b"]
    one = found_of(lambda rows: rows["a"] * (rows["b"] > 0), frame, ["a"])["a"]
    points = np.array(one.regions.values)
    side = one.split.rows
    middle = (points[1:] + points[:-1]) / 2
    counts = np.bincount(np.searchsorted(middle, frame["a"][side], side="right"), minlength=len(points))
    np.testing.assert_array_equal(np.isnan(one.regions.inside.curve.value), counts < 10)
    assert (counts < 10).any()
    assert not np.isnan(one.regions.inside.curve.value[list(one.regions.ends)]).any()


@pytest.mark.parametrize("few", [9, 10])
def test_a_point_of_a_region_is_shown_from_ten_rows_on(few):
    draw = np.random.default_rng(8)
    frame = pd.DataFrame(
        {"a": draw.choice(["x", "y"], 600), "b": np.repeat([1.0, 2.0], 300), "c": draw.normal(size=600)}
    )
    frame.loc[frame.index[:few].union(frame.index[-60:]), "a"] = "z"
    found = found_of(lambda rows: (rows["a"] == "x") * rows["b"] * 5, frame, ["a"], kinds={"b": "numeric"})["a"]
    assert (found.split.column, found.split.high) == ("b", 1.0)
    at = found.regions.values.index("z")
    assert np.isnan(found.regions.inside.curve.value[at]) == (few < 10)
    assert not np.isnan(found.regions.outside.curve.value[at])


def test_a_document_may_not_show_curves_of_a_split_that_is_not_found():
    whole = document()
    record = whole.analyses["regional_effects"]
    first = record.effects[0]
    low = first.explained.model_copy(update={"low": 0.05})
    wrong = record.model_copy(update={"effects": [first.model_copy(update={"explained": low})]})
    with pytest.raises(DocumentError, match=r"lies above 0\.1"):
        wrong.check_claims(whole)
    record.check_claims(whole)
