"""Rows that come in groups are one draw a group.

The oracle for most analyses is a table whose rows are repeated: with each row and its copies as one group, nothing is known that
the rows did not tell before, so values and standard errors are those of the rows once. Where copies change the estimate itself
(draws, bins), the oracle is statsmodels or a sum over groups written out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from scipy import stats

import tabinterp as ti
from tabinterp.analyses.calibration.estimator import _curve
from tabinterp.analyses.data_quality.drift import _wald
from tabinterp.analyses.effects import estimator as effects
from tabinterp.analyses.hidden_units import activating_rows as profiles
from tabinterp.analyses.performance.estimator import compare
from tabinterp.checks import groups_split
from tabinterp.errors import NotApplicableError, TableError
from tabinterp.linear.inference import Design, Term, infer
from tabinterp.models import bind
from tabinterp.report.html import render
from tabinterp.stats.accumulators import mean_over_rows
from tabinterp.stats.discrimination import auc
from tabinterp.stats.estimates import mean_in_two_roles, resampled
from tabinterp.table.read import with_split

COPIES = 4


def rows(n: int = 60, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    a, b = draw.normal(size=n), draw.integers(0, 4, n).astype(float)
    return pd.DataFrame({"a": a, "b": b, "y": np.where(draw.normal(size=n) < a - b / 4, "yes", "no")})


def in_groups(n: int = 60, copies: int = COPIES, split: float | None = None, **more) -> ti.Table:
    frame = rows(n).loc[np.repeat(np.arange(n), copies)].reset_index(drop=True)
    frame["person"] = np.repeat([f"p{i}" for i in range(n)], copies)
    return ti.read_table(frame, target="y", positive="yes", group="person", split=split, **more)


def once(n: int = 60) -> ti.Table:
    return ti.read_table(rows(n), target="y", positive="yes")


def network() -> ti.Model:
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1)).double()
    return ti.wrap(module, encoder="passthrough", task="binary", classes=["no", "yes"])


# ---- the split


def test_a_share_is_one_of_groups_none_of_which_stands_on_both_sides():
    table = in_groups(80, split=0.25)
    sides = [set(table.frame["person"][side]) for side in (table.held_out, ~table.held_out)]
    assert not sides[0] & sides[1]
    assert (len(sides[0]), len(sides[1])) == (20, 60)
    assert table.split.group == "person"


def test_a_group_keeps_its_side_in_another_order_subset_and_reader():
    table = in_groups(80, split=0.3, seed=5)
    held_out = dict(zip(table.frame["person"], table.held_out, strict=True))
    few = table.frame.sample(frac=0.3, random_state=1)
    again = with_split(
        ti.read_table(few, target="y", positive="yes", group="person"),
        type(table.split).from_dict(table.split.to_dict()),
        None,
        False,
        0,
    )
    assert again.held_out.tolist() == [held_out[one] for one in again.frame["person"]]
    scan = ti.scan_table(table.frame, target="y", positive="yes", group="person", split=0.3, seed=5, batch=37)
    assert scan.split == table.split
    assert dict(zip(scan.sample.frame["person"], scan.sample.held_out, strict=True)) == held_out


def test_a_row_without_a_group_stands_alone():
    frame = in_groups(40).frame
    frame.loc[::7, "person"] = None
    frame["a"] += np.arange(len(frame)) * 1e-6  # no copies
    table = ti.read_table(frame, target="y", positive="yes", group="person", split=0.5)
    missing = frame["person"].isna().to_numpy()
    assert len(np.unique(table.groups[missing])) == missing.sum()
    assert not set(table.groups[missing]) & set(table.groups[~missing])
    assert 0 < table.held_out[missing].mean() < 1
    known = table.frame[~missing].assign(held_out=table.held_out[~missing])
    assert (known.groupby("person")["held_out"].nunique() == 1).all()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"stratify": True}, "keeps the groups of column 'person' together"),
        ({"one": True}, "needs at least two groups"),
    ],
)
def test_a_split_that_groups_do_not_allow_is_refused_with_the_reason(asked, message):
    frame = in_groups(20).frame
    if asked.pop("one", False):
        frame["person"] = "the same"
    with pytest.raises(TableError, match=message):
        ti.read_table(frame, target="y", positive="yes", group="person", split=0.5, **asked)


@pytest.mark.parametrize("shared", [0, 1])
def test_groups_on_both_sides_of_a_given_split_are_a_finding(shared, undrawn):
    frame = in_groups(40).frame
    frame["part"] = np.where(np.arange(len(frame)) < 80 - shared, "train", "test")
    table = ti.read_table(frame, target="y", positive="yes", group="person", split="part")
    analyses = None if shared else ["calibration"]  # the page of a whole audit is read once
    document = ti.audit(network(), table, rows=40, analyses=analyses).document
    part = document.data.grouping
    assert (part.column, part.groups, part.training, part.held_out, part.shared) == (
        "person",
        40,
        20,
        20 + shared,
        shared,
    )
    assert groups_split.evaluate(document, {}).status == ("raised" if shared else "cleared")
    assert document.verdict.lines == [] or document.verdict.lines[-1].key == "verdict.scope.groups"
    assert "not_assessed.seeds.groups" in {note.key for note in document.not_assessed}
    page = render(document)
    assert "the sampling of groups of " in page
    assert "the sampling of rows" not in page
    (finding,) = [one for one in document.findings if one.slug == "groups-split"]
    assert (finding.severity, finding.status) == ("act", "raised" if shared else "cleared")


# ---- standard errors


def test_a_mean_is_the_intercept_of_statsmodels_with_errors_clustered():
    draw = np.random.default_rng(0)
    groups, weights = draw.integers(0, 15, 200), draw.uniform(0.5, 2, 200)
    values = draw.normal(size=15)[groups] + draw.normal(size=200)
    for w in (None, weights):
        found = mean_over_rows(values, w, groups)
        fitted = sm.WLS(values, np.ones(200), weights=1.0 if w is None else w)
        fitted = fitted.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
        assert found.value == pytest.approx(fitted.params[0])
        assert found.stderr == pytest.approx(fitted.bse[0])
        half = stats.t.ppf(0.975, 14) * fitted.bse[0]
        assert (found.low, found.high) == (pytest.approx(found.value - half), pytest.approx(found.value + half))


def test_rows_that_are_missing_take_their_group_along():
    values = np.array([[1.0, np.nan], [2.0, 5.0], [4.0, 6.0]] * 12)
    groups = np.arange(36) // 3
    values[::3, 1] = np.nan
    found = mean_over_rows(values, None, groups)
    other = mean_over_rows(values[~np.isnan(values[:, 1]), 1], None, groups[~np.isnan(values[:, 1])])
    assert (found.value[1], found.stderr[1]) == (pytest.approx(other.value), pytest.approx(other.stderr))


def test_below_ten_groups_there_is_a_value_and_no_error():
    table = in_groups(9)
    found = ti.permutation_importance(network(), table)
    assert np.isfinite(found.importance).all()
    assert np.isnan([found.stderr, found.ci_low, found.ci_high]).all()
    mean = mean_over_rows(np.arange(36.0), None, table.groups)
    assert (mean.value, np.isnan(mean.stderr), np.isnan(mean.low)) == (17.5, True, True)
    fitted = infer(Design(np.arange(36.0)[:, None], (Term("a"),)), np.arange(36) % 3 * 1.0, task="regression", n_classes=0,
                   groups=table.groups)  # fmt: skip
    assert fitted.estimates[0].estimate is not None
    assert (fitted.estimates[0].stderr, fitted.estimates[0].reason.code) == (None, "few_groups")


def test_analyses_of_repeated_rows_have_the_errors_of_the_rows_once():
    model, one, many = network(), once(), in_groups()
    pairs = [
        (a.mean(), b.mean())
        for method in ("saliency", "gradient_x_input", "integrated_gradients")
        for a, b in [(ti.gradient_importance(model, t, method=method) for t in (one, many))]
    ]
    pairs += [tuple(ti.conductance(model, t).mean() for t in (one, many))]
    pairs += [tuple(ti.coefficients(model, t).estimates for t in (one, many))]
    for first, second in pairs:
        np.testing.assert_allclose(second.value, first.value, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(second.stderr, first.stderr, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(second.low, first.low, rtol=1e-6, atol=1e-9)


def test_effects_of_repeated_rows_have_the_errors_of_the_rows_once():
    model, one, many = network(), once(), in_groups()
    for first, second in zip(ti.effects(model, one).curves, ti.effects(model, many).curves, strict=True):
        if first.values != second.values:  # quantiles of repeated rows may fall elsewhere
            continue
        for name in ("pdp", "effect"):
            np.testing.assert_allclose(getattr(second, name).stderr, getattr(first, name).stderr, rtol=1e-6, atol=1e-9)
    assert ti.effects(model, one)["b"].values == ti.effects(model, many)["b"].values


def test_permutation_importance_of_repeated_rows_has_the_errors_of_the_rows_once():
    """Of a column of few values, whose importance is exact: donors of the other rows are in the same shares."""
    first, second = (ti.permutation_importance(network(), t) for t in (once(), in_groups()))
    j = first.players.index("b")
    assert first.exact[j]
    assert second.exact[j]
    assert second.importance[j] == pytest.approx(first.importance[j], rel=1e-6)
    assert second.stderr[j] == pytest.approx(first.stderr[j], rel=1e-6)


def test_the_error_of_an_auc_over_groups_is_that_of_the_groups_once():
    draw = np.random.default_rng(1)
    score, positive = draw.normal(size=50), draw.integers(0, 2, 50).astype(float)
    first = auc(score, positive, np.ones(50))
    repeated = [np.repeat(one, 3) for one in (score, positive, np.ones(50), np.arange(50))]
    second = auc(*repeated)
    assert second.value == pytest.approx(first.value)
    sides = [
        positive.sum(),
        50 - positive.sum(),
    ]  # without groups each class's variance is over one row less than it has
    alone = np.where(positive > 0, *(np.sqrt(size / (size - 1)) for size in sides))
    raw = first.influence / alone
    assert second.stderr == pytest.approx(np.sqrt((raw**2).sum() * 50 / 49) / 50)


def test_both_roles_of_a_row_are_summed_within_its_group():
    """A mean over all pairs (i, j): each group's rows add as receivers and as donors."""
    draw = np.random.default_rng(2)
    kernel, groups = draw.normal(size=(36, 36)), np.repeat(np.arange(12), 3)
    values, against = kernel.mean(axis=1), kernel.mean(axis=0)
    mean = mean_over_rows(values, None, groups)
    found = mean_in_two_roles(mean, values, None, against, np.arange(36), groups)
    own = (values - values.mean()) / 36 * np.sqrt(36 / 35) + (against - against.mean()) / 36 * np.sqrt(36 / 35)
    together = [own[groups == g].sum() for g in range(12)]
    assert found.stderr == pytest.approx(np.sqrt(np.square(together).sum() * 12 / 11))


# ---- coefficients


def clustered(seed: int = 0, n: int = 240):
    draw = np.random.default_rng(seed)
    groups = draw.integers(0, 30, n)
    x = np.column_stack([draw.normal(size=30)[groups], draw.normal(size=n)])
    drive = x @ [0.5, -0.7] + 0.8 * draw.normal(size=30)[groups]
    return x, drive, groups, draw, Design(x, (Term("a"), Term("b")))


def numbers(result, name):
    return np.array([getattr(one, name) for one in (*result.intercepts, *result.estimates)])


@pytest.mark.parametrize("task", ["binary", "regression", "count"])
@pytest.mark.parametrize("weighted", [False, True])
def test_coefficients_are_those_of_statsmodels_with_errors_clustered(task, weighted):
    x, drive, groups, draw, design = clustered()
    y = {
        "binary": lambda: (draw.logistic(size=len(drive)) < drive).astype(int),
        "regression": lambda: drive + draw.normal(size=len(drive)),
        "count": lambda: draw.poisson(np.exp(drive)),
    }[task]()
    w = draw.uniform(0.5, 2, len(y)) if weighted else np.ones(len(y))
    families = {"binary": sm.families.Binomial(), "count": sm.families.Poisson()}
    told = {"cov_type": "cluster", "cov_kwds": {"groups": groups}}
    if task == "regression":
        fitted = sm.WLS(y, sm.add_constant(x), weights=w).fit(**told, use_t=True)
    else:
        model = sm.GLM(y, sm.add_constant(x), family=families[task], var_weights=w)
        fitted = model.fit(**told, tol=1e-12)
    found = infer(design, y, task=task, n_classes=2, weights=w if weighted else None, groups=groups)
    assert (found.covariance, found.df_residual) == ("cluster", 29)
    np.testing.assert_allclose(numbers(found, "estimate"), fitted.params, rtol=1e-6)
    np.testing.assert_allclose(numbers(found, "stderr"), fitted.bse, rtol=1e-5)
    np.testing.assert_allclose(numbers(found, "p"), 2 * stats.t.sf(np.abs(fitted.params / fitted.bse), 29), rtol=1e-4)


def test_coefficients_of_several_classes_have_the_sandwich_over_groups():
    x, drive, groups, draw, design = clustered()
    y = np.digitize(drive + draw.logistic(size=len(drive)), [-0.5, 0.7])
    fitted = sm.MNLogit(y, sm.add_constant(x)).fit(disp=0, method="newton", tol=1e-12)
    scores = fitted.model.score_obs(fitted.params.ravel(order="F"))
    sums = np.array([scores[groups == g].sum(axis=0) for g in range(30)])
    bread = np.asarray(fitted.cov_params())
    n, k = len(y), scores.shape[1]
    covariance = bread @ sums.T @ sums @ bread * 30 / 29 * (n - 1) / (n - k)
    turn = np.kron(np.array([[-1, -1], [2, -1], [-1, 2]]) / 3, np.eye(3))  # of logits against class 0 -> centred
    found = infer(design, y, task="multiclass", n_classes=3, groups=groups)
    stderr = np.sqrt(np.diag(turn @ covariance @ turn.T)).reshape(3, 3)
    np.testing.assert_allclose([e.stderr for e in found.intercepts], stderr[:, 0], rtol=1e-4)
    np.testing.assert_allclose([e.stderr for e in found.estimates], stderr[:, 1:].ravel(), rtol=1e-4)


@pytest.mark.parametrize("task", ["binary", "regression", "count"])
def test_a_level_that_a_single_group_has_gets_no_interval(task):
    """Its scores add up to zero within the group, and the sandwich would call that certainty."""
    x, drive, groups, draw, _ = clustered()
    x[:, 0] = groups == 3
    y = {
        "binary": lambda: (draw.logistic(size=len(drive)) < drive).astype(int),
        "regression": lambda: drive,
        "count": lambda: draw.poisson(np.exp(drive)),
    }[task]()
    found = infer(Design(x, (Term("a", "1", "0", dummy=True), Term("b"))), y, task=task, n_classes=2, groups=groups)
    level, number = found.estimates
    assert (level.stderr, level.reason.code) == (None, "single_group")
    assert level.estimate is not None
    assert number.stderr > 0


# ---- the verdict


def test_metrics_of_groups_have_students_interval_over_groups():
    table = in_groups(120)
    other = network()
    with torch.no_grad():
        other.module[-1].weight.mul_(3)
    found = compare(bind(network(), table), bind(other, table), held_out=True)
    for metric in found.metrics:
        value, error, low, high = metric.difference
        assert high - value == pytest.approx(value - low)
        if error > 0:  # the order of the rows, and with it the AUC, is the same under both
            assert stats.t.ppf(0.975, 119) * error <= (high - value) * (1 + 1e-9) < stats.t.ppf(0.975, 10) * error
    loss = next(m for m in found.metrics if m.name == "log_loss")
    each = [-np.log(_two(bind(m, table))[np.arange(len(table)), table.codes]) for m in (network(), other)]
    exact = mean_over_rows(each[0] - each[1], None, table.groups)
    assert loss.difference[1] == pytest.approx(exact.stderr, rel=1e-6)
    assert {m.method for m in found.metrics} == {"student"}
    assert all(0 <= m.network[2] <= m.network[3] <= 1 for m in found.metrics if m.name in ("auc", "accuracy"))


def _two(bound):
    p = 1 / (1 + np.exp(-bound.scores[:, 0]))
    return np.column_stack([1 - p, p])


def test_resamples_of_few_groups_have_no_interval():
    drawn = np.random.default_rng(0).normal(size=(500, 2))
    assert np.isnan(resampled(np.zeros(2), drawn, 9).low).all()
    found = resampled(np.zeros(2), drawn, 12)
    reach = stats.t.ppf(0.975, 11) * drawn.std(axis=0, ddof=1) * np.sqrt(12 / 11)
    np.testing.assert_allclose(found.high, reach)


# ---- drift


def test_drift_of_two_cells_is_the_squared_t_of_a_difference_of_shares():
    draw = np.random.default_rng(3)
    groups = draw.integers(0, 40, 300)
    held_out, codes = groups < 15, draw.integers(0, 2, 300)
    f, df, p = _wald(codes, held_out, np.ones(300), groups)
    x = sm.add_constant(held_out.astype(float))
    fitted = sm.OLS(codes.astype(float), x).fit(cov_type="cluster", cov_kwds={"groups": groups})
    t = fitted.params[1] / fitted.bse[1] * np.sqrt(299 / 298)  # statsmodels also corrects for the two coefficients
    units = len(np.unique(groups))
    assert (f, df) == (pytest.approx(t**2), 1)
    assert p == pytest.approx(2 * stats.t.sf(abs(t), units - 1))


def test_persons_with_a_coin_toss_each_do_not_drift():
    """Rows of a person are alike: as many independent rows the shares of nearly every column would differ."""
    alarms = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        groups = np.repeat(np.arange(60), 10)
        codes, held_out = draw.integers(0, 4, 60)[groups], draw.permutation(60)[groups] < 15
        alarms += _wald(codes, held_out, np.ones(600), groups)[2] < 0.05
    assert alarms <= 6  # of 40 at 5%: more than 6 has a probability of 0.3%


def test_effects_refuse_a_part_of_the_rows_of_groups():
    plan = effects.start(bind(network(), in_groups()))
    with pytest.raises(NotApplicableError, match="must be given in one batch"):
        effects.update(plan, np.arange(10))


def test_profiles_of_repeated_rows_have_the_errors_of_the_rows_once():
    """`top` marks the same rows; what is left of a difference is the factor G / (G - 1) that goes with errors over groups."""
    draw, model = np.random.default_rng(4), network()
    first, second = (bind(model, t) for t in (once(120), in_groups(120)))
    top = draw.random((120, 3)) < 0.4
    one, many = profiles.compared(first, top), profiles.compared(second, np.repeat(top, COPIES, axis=0))
    factor = np.sqrt(120 / 119)
    for name in ("difference", "lift"):
        known = np.isfinite(getattr(one, name).stderr)
        assert known.any() or name == "lift"
        np.testing.assert_allclose(
            getattr(many, name).stderr[known], factor * getattr(one, name).stderr[known], rtol=1e-6
        )


def test_lifts_of_repeated_rows_have_the_errors_of_the_rows_once():
    draw = np.random.default_rng(5)
    codes, top, w = draw.integers(0, 3, 200), draw.random((200, 2)) < 0.5, np.ones(200)
    first = profiles._log_lift(codes, 3, top, w, None)
    repeated = [np.repeat(one, COPIES, axis=0) for one in (codes, top, w)]
    again = profiles._log_lift(repeated[0], 3, repeated[1], repeated[2], np.repeat(np.arange(200), COPIES))
    np.testing.assert_allclose(again.value, first.value)
    np.testing.assert_allclose(again.stderr, first.stderr * np.sqrt(200 / 199), rtol=1e-6)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_bins_of_a_reliability_curve_have_intervals_over_groups(task):
    draw = np.random.default_rng(6)
    groups = np.repeat(np.arange(150), 4)
    prediction = draw.random(150)[groups]
    y = (draw.random(150)[groups] < prediction).astype(float)
    y = y if task == "binary" else y + draw.normal(size=600)
    bins = _curve(prediction, y, np.ones(600), task == "binary", groups)
    alone = _curve(prediction, y, np.ones(600), task == "binary", None)
    assert [one.rows for one in bins] == [one.rows for one in alone]
    assert all(a.high - a.low > b.high - b.low for a, b in zip(bins, alone, strict=True))
    if task == "regression":
        first = prediction <= np.sort(prediction)[bins[0].rows - 1]
        fitted = sm.OLS(y[first], np.ones(first.sum())).fit(cov_type="cluster", cov_kwds={"groups": groups[first]})
        reach = stats.t.ppf(0.975, len(np.unique(groups[first])) - 1) * fitted.bse[0]
        assert bins[0].high - bins[0].low == pytest.approx(2 * reach)


def test_interactions_say_that_their_errors_take_rows_as_independent():
    assert ti.interactions(network(), in_groups(), top=1).estimand.endswith("although they come in groups")
    assert "groups" not in ti.interactions(network(), once(240), top=1).estimand
