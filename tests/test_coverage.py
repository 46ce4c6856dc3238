"""The judge of the intervals: its truths against closed forms, its shares against intervals of known coverage, and its parts."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
from torch import nn

import tabinterp as ti
from benchmarks.coverage import __main__ as command
from benchmarks.coverage import designed, reliability
from benchmarks.coverage.cases import CASES, Population
from benchmarks.coverage.designs import DESIGNS, World, _asked, sets
from benchmarks.coverage.designs import drawn as drawn_of
from benchmarks.coverage.parts import counted, drawn, read
from benchmarks.coverage.readings import READINGS, Reading, Told
from tabinterp.analyses.calibration.estimator import calibration
from tabinterp.analyses.performance.estimator import compare
from tabinterp.stats.estimates import Estimates
from tests.shared import every_nth

SLOPES = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
MANY = 40_000


@pytest.fixture(scope="module")
def linear():
    """The population of the independent columns under a linear model, whose truths are known."""
    module = nn.Linear(5, 1).requires_grad_(False)
    module.weight.copy_(torch.as_tensor(SLOPES[None]))
    return Population(replace(CASES[0], module=module), many=MANY)


def test_truths_of_a_linear_model_are_its_closed_forms(linear):
    uniform, skewed, share = 4 / 3, np.exp(0.75**2) * (np.exp(0.75**2) - 1), 0.3
    mean = np.array([0, 0, 0, np.exp(0.75**2 / 2) - 1, share])
    variance = np.array([1, 1, uniform, skewed, share * (1 - share)])
    error = np.sqrt(variance / MANY)
    np.testing.assert_allclose(linear.derivatives, SLOPES, atol=1e-5)
    np.testing.assert_allclose(
        linear.importance, 2 * SLOPES**2 * variance, atol=0.15
    )  # products of squares: wide tails
    away = mean - linear.background.mean(axis=0)
    assert (np.abs(linear.shapley - SLOPES * away) < 5 * np.abs(SLOPES) * error + 1e-5).all()
    others = np.array([np.sqrt(2 / np.pi), 0, 0, mean[3], share])  # the first column above zero
    assert (np.abs(linear.gradients_along - SLOPES * (mean - others)) < 7 * np.abs(SLOPES) * error + 1e-5).all()


@pytest.mark.parametrize("kind", ["effect", "ale"])
def test_curves_of_a_linear_model_are_lines_through_the_mean(linear, kind):
    for j in (0, 3):
        values, curve = linear.curve(kind, j)
        np.testing.assert_allclose(curve, SLOPES[j] * (values - linear.x[:, j].mean()), atol=0.01)


@pytest.mark.nightly
@pytest.mark.parametrize("width", [1.0, 0.8])
def test_shares_are_those_of_intervals_of_known_coverage(width):
    """Means of normal columns, by their own t intervals and by narrower ones."""

    def means(bound, population, seed):
        x = bound.table.inputs.to_numpy()
        told = Estimates.of(x.mean(axis=0), width * x.std(axis=0, ddof=1) / np.sqrt(len(x)), len(x) - 1)
        return [(told, np.zeros(4))]

    ((held, told),) = read(CASES[1], Reading("means", means, (Told("mean", "mean"),)), 0, 400)
    assert (told == 400).all()
    expected = 2 * stats.t(399).cdf(width * stats.t(399).ppf(0.975)) - 1
    assert np.abs(held / 400 - expected).max() < 4 * np.sqrt(expected * (1 - expected) / 400)


def test_a_set_is_the_same_rows_whichever_sets_are_read_beside_it():
    beside, alone = drawn(CASES[1], 0, 5)[3], drawn(CASES[1], 3, 1)[0]
    np.testing.assert_array_equal(beside.x, alone.x)
    np.testing.assert_array_equal(beside.table.y, alone.table.y)
    assert not np.array_equal(beside.x, drawn(CASES[1], 0, 5)[2].x)


def run(monkeypatch, folder, name, *more):
    out, kept = folder / f"{name}.md", folder / f"{name}.json"
    if not out.exists():
        out.write_text("<!-- given -->\n<!-- /given -->\n<!-- designs -->\nkept\n<!-- /designs -->\n")
    monkeypatch.setattr(sys, "argv", ["coverage", "--out", str(out), "--kept", str(kept), *more])
    command.main()
    return out.read_text(), json.loads(kept.read_text())


@pytest.mark.nightly
def test_what_is_kept_is_added_to(tmp_path, monkeypatch):
    at_once = run(monkeypatch, tmp_path, "once", "--sets", "12", "--only", "tanh/derivative")
    run(monkeypatch, tmp_path, "parts", "--sets", "5", "--only", "tanh/derivative")
    assert run(monkeypatch, tmp_path, "parts", "--sets", "12", "--only", "tanh/derivative") == at_once
    table, kept = at_once
    assert kept["sets"] == {"tanh/derivative": 12}
    assert [line.count("| 12 | 5 |") for line in table.splitlines() if "average derivative" in line] == [1]
    both, kept = run(monkeypatch, tmp_path, "parts", "--sets", "4", "--only", "relu/permutation_1")
    assert kept["sets"] == {"tanh/derivative": 12, "relu/permutation_1": 4}
    assert "average derivative" in both
    assert "permutation importance, 1 draw" in both


def test_a_part_that_is_not_there_is_refused(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, tmp_path, "none", "--only", "tanh/derivatives")
    assert "tanh/derivative, " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("covered", "verdict"),
    [
        ([0.95, 0.94, 0.96], "holds"),
        ([0.95, 0.95, 0.91], "**misses**: few"),
        ([0.92, 0.93, 0.93], "**misses**: few"),
        ([0.98, 0.98, 0.98], "conservative: many"),
        ([0.95, 0.95, 0.99], "conservative: many"),
    ],
)
def test_the_bar(covered, verdict):
    held, told = 2000 * np.array(covered), np.full(len(covered), 2000.0)
    line = command.Line("network", Told("reading", "estimand", less="few", more="many"), held, told, 2000)
    assert line.row().endswith(f"| 0% | {verdict} |")


@pytest.mark.parametrize(
    ("held", "sets", "verdict"),
    [
        (185, 200, "undecided: too few sets"),
        (60, 60, "undecided: too few sets"),
        (170, 200, "**misses**"),
        (925, 1000, "**misses**"),
        (186, 200, "holds"),
        (200, 200, "conservative"),
    ],
)
def test_few_sets_decide_only_what_is_no_sampling_error(held, sets, verdict):
    line = command.Line("rows", Told("reading", "estimand"), np.array([float(held)]), np.array([float(sets)]), sets)
    assert line.verdict == verdict


def test_only_intervals_that_are_given_are_judged():
    """Of 2,000 sets 1,900 have an interval of the first of three numbers, 1,800 of the second, and none of the third."""
    found = counted([(Estimates(*np.array([[1.0, np.nan]] * 4)), np.array([1.0, 1.0]))] for _ in range(2))
    ((held, told),) = found
    np.testing.assert_array_equal((held, told), [[2, 0], [2, 0]])
    line = command.Line(
        "rows", Told("reading", "estimand"), np.array([1805.0, 1710, 0]), np.array([1900.0, 1800, 0]), 2000
    )
    assert line.row() == "| rows | reading | estimand | 2,000 | 3 | 95.0% | 95.0% | 95.0% | 38% | holds |"
    none = command.Line("rows", Told("reading", "estimand"), np.zeros(1), np.zeros(1), 2000)
    assert none.row() == "| rows | reading | estimand | 2,000 | 1 | – | – | – | 100% | withheld |"


@pytest.mark.parametrize(
    "design", every_nth(3, [DESIGNS[1], DESIGNS[5], DESIGNS[7], DESIGNS[-1]]), ids=lambda design: design.slug
)
def test_intervals_on_arrays_are_those_of_the_analyses(design):
    made = World(design.rare, 1 if design.groups is None else design.groups[1], many=5000)
    (rows, scores), ((network, linear),) = sets(design, 0, 1)[0], drawn_of(design, 0, 1)
    np.testing.assert_allclose(scores, [network.scores[:, 0], linear.scores[:, 0]], rtol=1e-6)
    (slope, _), (intercept, _) = designed.calibrated(design, rows, scores, made)
    (found,) = calibration(network).outputs
    expected = [found.slope, found.intercept]
    metrics = {m.name: m.difference for m in compare(network, linear, held_out=True).metrics}
    expected += [metrics[name] for name in designed.METRICS]
    told = [slope, intercept, *(one for one, _ in designed.differences(design, rows, scores, made))]
    ((ratio, _), _) = designed.impact(design, rows, scores, made)
    people = ti.groups(network, linear, network.table, control={"people": "a"}, threshold=made.threshold).groups
    expected.append(next(group.network.ratio for group in people if not group.control))
    for one, other in zip([*told, ratio], expected, strict=True):
        np.testing.assert_allclose([one.value, one.stderr, one.low, one.high], other, rtol=1e-6)


@pytest.mark.parametrize(
    "design",
    [DESIGNS[0], DESIGNS[-1], *(pytest.param(DESIGNS[i], marks=pytest.mark.nightly) for i in (3, 7))],
    ids=lambda design: design.slug,
)
def test_truths_of_a_design_are_means_over_its_samples(design):
    """Rates, weights and group structure of drawn rows are those of the population, and its truths are scikit-learn's."""
    made = World(design.rare, 1 if design.groups is None else design.groups[1], many=20_000)
    rows = [made.sample(design, np.random.default_rng(i)) for i in range(200)]
    share = np.array([np.average(one.y, weights=one.weights) for one in rows])
    first = np.array([np.average(one.x[:, 0], weights=one.weights) for one in rows])
    whole = made.population(np.random.default_rng(0), 400_000)
    for drawn_, truth in ((share, whole.y.mean()), (first, 0.0)):
        assert abs(drawn_.mean() - truth) < 4.5 * drawn_.std() / np.sqrt(len(rows)) + 0.005
    if design.groups is not None:
        assert {tuple(np.unique(np.bincount(one.group))) for one in rows} == {(design.groups[1],)}
    network, linear = made.scores
    y = made.whole.y
    scored = {
        "auc": roc_auc_score,
        "log_loss": log_loss,
        "brier": brier_score_loss,
        "average_precision": average_precision_score,
    }
    for name, metric in scored.items():
        first, second = (metric(y, one if name == "auc" else expit(one)) for one in (network, linear))
        assert made.differences[name] == pytest.approx(first - second, abs=1e-9)
    slopes = made.whole.x[:, None] + 1e-2 * np.eye(4), made.whole.x[:, None] - 1e-2 * np.eye(4)
    up, down = (_asked(made.network, one.reshape(-1, 4)).reshape(-1, 4) for one in slopes)
    sizes = np.abs(up - down).mean(axis=0) / 2e-2 * made.whole.x.std(axis=0)
    np.testing.assert_allclose(made.sizes, sizes, rtol=0.02)
    fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(network[:, None], y)
    np.testing.assert_allclose(made.calibration, [fitted.coef_[0, 0], fitted.intercept_[0]], atol=1e-4)


def small_world(design, many):
    return World(design.rare, 1 if design.groups is None else design.groups[1], many=many)


@pytest.mark.parametrize("design", every_nth(3, [DESIGNS[1], DESIGNS[7], DESIGNS[9]]), ids=lambda design: design.slug)
def test_rows_chosen_again_are_those_of_the_analysis(design):
    """The hardest rows, and where rows weigh alike the outermost ones and the worst cluster, have the losses of `resilience`."""
    made, (rows, _) = small_world(design, 1000), sets(design, 0, 1)[0]
    network, linear = reliability.bound(design, 0, made)
    found = {one.kind: one for one in reversed(ti.resilience(network, network.table, linear, seed=0).subsets)}
    lost = reliability.losses(made, rows)
    choices = reliability.Choices(network, linear, 0, rows.x, lost, made)
    hardest = found["hardest"]
    for model, told in enumerate((hardest.network, hardest.linear)):
        chosen, _ = choices.hardest(model, hardest.share)
        assert np.average(lost[model][chosen], weights=rows.weights[chosen]) == pytest.approx(told[0], rel=1e-6)
    if design.weighted:
        return
    second = choices.asked.second_half
    half = reliability.Choices(network, linear, 0, rows.x[second], lost[:, second], made)
    outer, cluster = found["outer"], found["cluster"]
    assert choices.outermost(outer.share) == pytest.approx([outer.network[0], outer.linear[0]], rel=1e-6)
    assert half.cluster() == pytest.approx([cluster.network[0], cluster.linear[0]], rel=1e-6)


@pytest.mark.nightly
def test_parts_give_the_numbers_of_the_public_functions():
    design = DESIGNS[1]
    made = small_world(design, 2000)
    told = {one.slug: [e.value.tolist() for e, _ in one.read(design, 3, made)] for one in reliability.RELIANCE_READINGS}
    network, linear = reliability.bound(design, 3, made)
    table = network.table
    sizes = ti.conformal(network, table, linear, seed=3)
    largest = max(sizes.slices, key=lambda one: one.rows)
    assert told["conformal"] == [[sizes.network[0], sizes.linear[0]], [sizes.difference[0]], [largest.coverage[0]]]
    found = ti.robustness(network, table, linear, seed=3).frame().set_index("size")
    at = found.loc[[0.05, 0.3]]
    expected = [at["difference"], at["rise"][:1], at["auc_difference"][:1]]
    for one, other in zip(told["perturbation"], expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    hard = ti.resilience(network, table, linear, seed=3).frame().groupby("kind").first()
    np.testing.assert_allclose(told["resilience"], hard.loc[["hardest", "outer", "cluster"], ["difference", "rise"]])
    ((alone, _),) = drawn_of(design, 3, 1)
    regional = ti.regional_effects(alone, alone.table, seed=3)
    columns = regional.frame().set_index("column").loc[[*alone.columns]]
    first = next(one for one in regional.effects if one.split is not None)
    assert told["regional"] == [[*columns["heterogeneity"]], [*columns["share"]], [first.explained[0]]]
    seen = made.sample(design, np.random.default_rng([8, 3]), fitted=True)
    losses = [reliability.losses(made, rows) for rows in (sets(design, 3, 1)[0][0], seen)]
    ours, theirs = losses[0].mean(axis=1) - losses[1].mean(axis=1)
    np.testing.assert_allclose(told["overfitting"][:2], [[ours - theirs], [ours]], rtol=1e-5)


def test_truths_of_sets_of_classes_and_of_gaps_are_their_definitions():
    """Sets are made class by class, and slices row by row, with scikit-learn's loss."""
    made = small_world(DESIGNS[1], 20_000)
    sizes, covers = reliability._sets_of(made)
    assert covers.mean() == pytest.approx(0.9, abs=1e-4)
    rng = np.random.default_rng(1)
    for scores, size in zip(made.scores, sizes, strict=True):
        p = np.stack([expit(-scores), expit(scores)], axis=1)
        drawn_, y = rng.random(len(p)), made.whole.y.astype(int)
        above = np.where(p.max(axis=1)[:, None] == p, 0.0, p.max(axis=1)[:, None])
        strange = above + drawn_[:, None] * p
        own = strange[np.arange(len(y)), y]
        assert (strange <= np.quantile(own, 0.9)).sum(axis=1).mean() == pytest.approx(size, abs=0.03)
    group = reliability.Group("x1", "between", np.zeros(0, dtype=bool), low=-0.5, high=0.5)
    means = []
    for rows, _ in reliability._both_sides(made):
        kept = [i for i, x in enumerate(rows.x[:, 0]) if -0.5 < x <= 0.5]
        p = [expit(_asked(module, rows.x[kept])) for module in (made.network, made.linear)]
        means.append([log_loss(rows.y[kept], one) for one in p])
    ours, theirs = np.subtract(*means)
    np.testing.assert_allclose(reliability.gaps(made, group), [ours, ours - theirs], atol=1e-6)


SLOW = ("perturbation", "resilience", "regional")


@pytest.mark.nightly
@pytest.mark.parametrize(
    "design",
    [DESIGNS[1], *(pytest.param(DESIGNS[i], marks=pytest.mark.nightly) for i in (7, 9))],
    ids=lambda design: design.slug,
)
@pytest.mark.parametrize(
    "reading",
    [pytest.param(one, marks=[pytest.mark.nightly] * (one.slug in SLOW)) for one in reliability.RELIANCE_READINGS],
    ids=lambda reading: reading.slug,
)
def test_truths_that_depend_on_the_set_are_means_over_sets(reading, design):
    made, off = small_world(design, 100_000), {}
    for number in range(100, 140):
        for line, (told, truth) in zip(reading.lines, reading.read(design, number, made), strict=True):
            off.setdefault(line.name, []).append(told.value - truth)
    for line in reading.lines[
        : 3 if reading.slug == "overfitting" else None
    ]:  # the slice listed first is a selected one
        far = np.array(off[line.name])
        far = far[np.isfinite(far).all(axis=1)]
        if len(far) >= 20:
            assert (np.abs(far.mean(axis=0)) < 4.5 * far.std(axis=0) / np.sqrt(len(far)) + 1e-3).all(), line.name


def test_models_of_a_design_meet_all_sets_as_held_out_rows():
    found = drawn_of(DESIGNS[-1], 0, 3)
    alone = drawn_of(DESIGNS[-1], 2, 1)[0]
    np.testing.assert_array_equal(found[2][0].scores, alone[0].scores)
    for network, linear in found:
        assert network.table.held_out.all()
        assert len(network.table) == DESIGNS[-1].rows == len(linear.x)
        assert network.table.frame["group"].nunique() == DESIGNS[-1].groups[0]


def test_every_part_has_a_name_of_its_own():
    slugs = [part.slug for part in command.PARTS]
    assert len(set(slugs)) == len(slugs) >= len(CASES) * len(READINGS)
