"""Overfitting: gaps in loss compared with Welch's test and regressions with clustered errors, and a slice that was memorised."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch
from scipy import stats
from sklearn import metrics
from sklearn.compose import ColumnTransformer
from torch import nn

import tabinterp as ti
from benchmarks.faults.networks import Memory
from tabinterp import messages
from tabinterp.analyses.overfitting.estimator import overfitting
from tabinterp.analyses.slices.estimator import groups_of
from tabinterp.document.base import Interval
from tabinterp.errors import DocumentError, NotApplicableError
from tabinterp.models import bind
from tabinterp.models.losses import loss_for
from tabinterp.report.words import interval, signed
from tabinterp.stats.discrimination import mean, of_two_samples
from tests import cases
from tests.shared import every_nth

DESIGNS = ["plain", "weighted", "groups apart", "groups on both sides", "weighted groups on both sides"]


@functools.cache
def both(task: str = "binary", design: str = "plain"):
    """Both models on a table whose rows are independent, have weights, or come in groups on one side of the split or on both."""
    frame = cases.mixed_frame(900, task=task)
    rng = np.random.default_rng(0)
    team = rng.integers(0, 60, len(frame))
    held_out = team < 25 if design == "groups apart" else rng.random(len(frame)) < 0.4
    frame["part"] = np.where(held_out, "test", "train")
    more = {"group": "team"} if "groups" in design else {}
    if more:
        frame["team"] = [f"t{one}" for one in team]
    table = cases.mixed_table(frame, task, "weighted" in design, split="part", **more)
    network = bind(ti.wrap(cases.network_pipeline(frame.drop(columns=["part", *more.values()]), task)), table)
    return network, bind(ti.fit_counterpart(network, table), table)


def differences(network, linear):
    """The loss of each row under the network, under the linear model, and the first less the second: (3, n)."""
    table = network.table
    lost = loss_for(None, table.schema.task).each(np.stack([network.scores, linear.scores]), table.y, "cpu")
    return [*lost, lost[0] - lost[1]]


def gap_of(values, table, held, training):
    """The gap and its error by statsmodels: robust errors, clustered by group; of both sides together where they share groups."""
    weights, groups = table.row_weights, table.groups
    if groups is not None and set(groups[held]) & set(groups[training]):
        sides, design = [held | training], np.column_stack([np.ones(len(values)), held])
    else:
        sides, design = [held, training], np.ones((len(values), 1))
    found, variance = [], 0.0
    for side in sides:
        how = {"cov_type": "HC0"}
        if groups is not None:
            clusters = {"groups": groups[side], "use_correction": False}
            how = {"cov_type": "cluster", "cov_kwds": clusters}
        fit = sm.WLS(values[side], design[side], weights[side]).fit(**how)
        draws = side.sum() if groups is None else len(set(groups[side]))
        found.append(fit.params[-1])
        variance += fit.bse[-1] ** 2 * draws / (draws - 1)
    return found[0] - sum(found[1:]), variance**0.5


def freedom(values, table, held, training):
    """Welch's degrees of freedom, less by as much as the influences are longer-tailed than normal ones (Box 1953)."""
    moved, draws = np.zeros(len(values)), np.arange(len(values)) if table.groups is None else table.groups
    for side, sign in ((held, 1), (training, -1)):
        w = table.row_weights * side
        moved += sign * w * (values - np.average(values, weights=w)) / w.sum()

    def of(side):
        sums = pd.Series(moved[side]).groupby(draws[side]).sum()
        return sums.var() * len(sums), (len(sums) - 1) / (1 + max(stats.kurtosis(sums), 0) / 2)

    if set(draws[held]) & set(draws[training]):
        return of(held | training)[1]
    (first, df), (second, other) = of(held), of(training)
    return (first + second) ** 2 / (first**2 / df + second**2 / other)


@pytest.mark.parametrize("design", every_nth(2, DESIGNS))
@pytest.mark.parametrize("task", ["binary", pytest.param("regression", marks=pytest.mark.nightly)])
def test_gaps_over_all_rows_are_those_of_a_regression_with_robust_errors(task, design):
    network, linear = both(task, design)
    table, found = network.table, overfitting(network, network.table, linear)
    held = table.held_out
    training = ti.performance(network, table, linear).training.metrics[0]
    assert (found.network, found.linear) == (pytest.approx(training.network_gap), pytest.approx(training.linear_gap))
    for own, values in zip((found.network, found.linear, found.excess), differences(network, linear), strict=True):
        value, stderr = gap_of(values, table, held, ~held)
        reach = stats.t.ppf(0.975, freedom(values, table, held, ~held)) * stderr
        assert own == pytest.approx((value, stderr, value - reach, value + reach))
    assert (found.rows, found.training_rows) == (held.sum(), (~held).sum())


def test_the_gap_of_independent_rows_is_welchs():
    network, linear = both("count")
    held, found = network.table.held_out, overfitting(network, network.table, linear)
    for own, values in zip((found.network, found.linear, found.excess), differences(network, linear), strict=True):
        welch = stats.ttest_ind(values[held], values[~held], equal_var=False)
        assert own[0] / own[1] == pytest.approx(welch.statistic)


def corrected(tests):
    """Benjamini & Yekutieli (2005), step by step, of (value, stderr, draws): intervals, and the p-values of Benjamini &
    Hochberg (1995).
    """
    p = [2 * stats.t.sf(abs(value) / stderr, draws - 1) for value, stderr, draws in tests]
    m, ordered = len(p), sorted(p)
    found = max([k for k in range(1, m + 1) if ordered[k - 1] <= 0.05 * k / m], default=0)
    level = 1 - 0.05 * max(found, 1) / m
    q = [min(m * ordered[k - 1] / k for k in range(1, m + 1) if ordered[k - 1] >= one) for one in p]
    return [stats.t.interval(level, draws - 1, value, stderr) for value, stderr, draws in tests], q


@pytest.mark.parametrize("design", every_nth(2, DESIGNS))
def test_gaps_in_slices_are_those_of_a_regression_corrected_as_one_family(design):
    network, linear = both(design=design)
    table, found = network.table, overfitting(network, network.table, linear, smallest=30)
    held, y, w = table.held_out, table.y, table.row_weights
    assert len(found.slices) > 5
    draws = np.arange(len(table)) if table.groups is None else table.groups
    sides = [(one.group.rows & held, one.group.rows & ~held) for one in found.slices]
    for (inside, outside), one in zip(sides, found.slices, strict=True):
        assert (one.rows, one.training_rows) == (inside.sum(), outside.sum())
        for side in (inside, outside):
            assert w[side].sum() ** 2 / (w[side] ** 2).sum() >= 30
            assert min(len(set(draws[side & (y == k)])) for k in (0, 1)) >= 20
    for name, values in zip(("network", "linear", "excess"), differences(network, linear), strict=True):
        tests = []
        for pair in sides:
            kish = [w[side].sum() ** 2 / (w[side] ** 2).sum() / side.sum() for side in pair]
            counts = [int(len(set(draws[side])) * share + 1e-9) for side, share in zip(pair, kish, strict=True)]
            tests.append((*gap_of(values, table, *pair), min(counts)))
        ends, q = corrected(tests)
        for one, test, own in zip(found.slices, tests, ends, strict=True):
            assert getattr(one, name) == pytest.approx((*test[:2], *own))
    assert [one.q for one in found.slices] == pytest.approx(q)
    lows = [one.excess[2] for one in found.slices]
    assert lows == sorted(lows, reverse=True)


def test_slices_are_those_of_the_held_out_rows():
    """With the same edges and numbers of held-out rows as where the held-out rows alone are divided."""
    network, linear = both(design="weighted")
    table = network.table
    alone = {
        (one.column, one.kind, one.level, one.low, one.high): int(one.rows.sum())
        for one in groups_of(table.evaluation_rows(), 30)
    }
    found = overfitting(network, table, linear, smallest=30).slices
    assert {one.group.kind for one in found} >= {"level", "at_most", "between", "above"}
    for one in found:
        assert alone[one.group.column, one.group.kind, one.group.level, one.group.low, one.group.high] == one.rows


def test_the_table_holds_every_gap_with_its_interval():
    network, linear = both()
    found = overfitting(network, network.table, linear)
    frame = found.frame()
    assert frame.iloc[0][["kind", "rows", "training_rows"]].tolist() == ["all", found.rows, found.training_rows]
    for (_, row), one in zip(frame.iterrows(), (found, *found.slices), strict=True):
        for name, gap in (("network_gap", one.network), ("linear_gap", one.linear), ("excess", one.excess)):
            assert tuple(row[[name, f"{name}_stderr", f"{name}_low", f"{name}_high"]]) == gap
    assert frame["column"].tolist()[1:] == [one.group.column for one in found.slices]
    assert frame["q"].tolist()[1:] == [one.q for one in found.slices]


@pytest.mark.parametrize("task", every_nth(2, ["binary", "regression", "count", "multiclass"]))
def test_the_null_loss_is_that_of_the_held_out_rows(task):
    network, linear = both(task, "weighted")
    held = network.table.held_out
    y, w = network.table.y[held], network.table.row_weights[held]
    if task in ("binary", "multiclass"):
        shares = np.bincount(y.astype(int), w) / w.sum()
        expected = metrics.log_loss(y, np.tile(shares, (len(y), 1)), sample_weight=w)
    else:
        loss = metrics.mean_squared_error if task == "regression" else metrics.mean_poisson_deviance
        expected = loss(y, np.full(len(y), np.average(y, weights=w)), sample_weight=w)
    assert overfitting(network, network.table, linear).null == pytest.approx(expected)


def constant(outputs: int = 1, **more):
    """A network that says the same of every row, and the linear model that says so, too."""
    module = nn.Linear(1, outputs)
    nn.init.zeros_(module.weight)
    encoder = ColumnTransformer([("numbers", "passthrough", ["a"])]).fit(pd.DataFrame({"a": [0.0, 1.0]}))
    return ti.wrap(module, encoder=encoder, **more)


def test_the_null_loss_does_not_count_a_class_of_few_rows():
    y = np.tile(np.repeat(["a", "b", "c"], [150, 145, 5]), 2)
    frame = pd.DataFrame({"a": np.arange(600.0), "y": y, "part": np.repeat(["train", "test"], 300)})
    table = ti.read_table(frame, target="y", split="part", task="multiclass")
    model = constant(3, task="multiclass", classes=table.schema.classes)
    shares = np.array([150, 145, 5]) / 300
    assert overfitting(model, table, model).null == float(f"{-(shares * np.log(shares)).sum():.1e}")


def towns(training: dict[str, int], held_out: dict[str, int]) -> pd.DataFrame:
    names = [np.repeat([*counts], [*counts.values()]) for counts in (training, held_out)]
    frame = pd.DataFrame({"town": np.concatenate(names), "part": np.repeat(["train", "test"], [len(n) for n in names])})
    rng = np.random.default_rng(0)
    return frame.assign(a=rng.normal(size=len(frame)), y=rng.normal(size=len(frame)))


def audit_of(frame: pd.DataFrame, **more):
    table = ti.read_table(frame, target="y", split="part", task="regression", **more)
    network = constant(task="regression")
    document = ti.audit(network, table, analyses=["overfitting", "slices"]).document
    return document, overfitting(network, table, network).slices


def test_sizes_of_slices_tell_no_small_count_on_either_side_of_the_split():
    """Five rows of D are held out, or used for training: of the other towns one is not shown, the same one as elsewhere."""
    many, few = {"A": 200, "B": 100, "C": 60, "D": 100}, {"A": 200, "B": 100, "C": 60, "D": 5}
    for sides, expected in (((many, few), ["A", "B"]), ((few, many), ["A", "B"]), ((many, many), [*"ABCD"])):
        _, found = audit_of(towns(*sides))
        assert sorted(one.group.level for one in found if one.group.column == "town") == expected
    lopsided = {"A": 20, "B": 100, "C": 60, "D": 100}
    _, found = audit_of(towns(lopsided, few))
    assert [one.group.level for one in found if one.group.column == "town"] == ["B"]  # C is hidden where A is shown


@pytest.mark.parametrize("part", ["train", "test", "both"])
def test_a_slice_without_weight_on_one_side_is_left_out(part):
    size = dict.fromkeys("ABC", 100)
    frame = towns(size, size)
    frame["w"] = np.where((frame["town"] == "A") & ((frame["part"] == part) | (part == "both")), 0.0, 1.0)
    document, found = audit_of(frame, weight="w")
    assert sorted(one.group.level for one in found if one.group.column == "town") == ["B", "C"]
    assert document.analyses["overfitting"].tested == len(found)
    assert all(np.isfinite(gap).all() for one in found for gap in (one.network, one.linear, one.excess))


def test_rows_of_weight_count_as_many_as_say_as_much():
    """100 rows of a town, of which five have nearly all its weight; and rows of equal weight, which count as they are."""
    size = dict.fromkeys("ABC", 100)
    frame = towns(size, size)
    for heavy, expected in (((np.arange(600) % 20 == 0) & (frame["town"] == "A"), ["B", "C"]), (False, [*"ABC"])):
        frame["w"] = np.where(frame["town"] == "A", np.where(heavy, 1000.0, 0.1), 100.0)
        _, found = audit_of(frame, weight="w")
        assert sorted(one.group.level for one in found if one.group.column == "town") == expected


@pytest.mark.parametrize("heavy", [10, 9])
def test_a_side_on_which_few_rows_have_weight_is_not_compared(heavy):
    """Rows of weight zero count as none: the loss of ten rows that have weight is compared, and that of nine is not."""
    size = dict.fromkeys("ABC", 100)
    frame = towns(size, size)
    frame["w"] = np.where((np.arange(600) >= heavy) & (frame["part"] == "train"), 0.0, 1.0)
    table = ti.read_table(frame, target="y", split="part", task="regression", weight="w")
    model = constant(task="regression")
    if heavy == 10:
        assert np.isfinite(overfitting(model, table, model).network).all()
        return
    with pytest.raises(NotApplicableError, match="too few training or held-out rows"):
        overfitting(model, table, model)


class Overflowing(nn.Module):
    def forward(self, x):
        return 800 * x


def test_a_loss_that_overflows_leaves_a_gap_without_value():
    frame = towns(dict.fromkeys("AB", 100), dict.fromkeys("AB", 100))
    frame["y"] = np.random.default_rng(0).poisson(1, len(frame)).astype(float)
    table = ti.read_table(frame, target="y", split="part", task="count")
    encoder = ColumnTransformer([("numbers", "passthrough", ["a"])]).fit(frame)
    network = ti.wrap(Overflowing(), encoder=encoder, task="count", outputs="log_rate")
    with np.errstate(all="ignore"):
        document = ti.audit(network, table, analyses=["overfitting"]).document
    found = document.analyses["overfitting"]
    found.check_claims(document)
    assert (found.excess.value, found.tested) == (None, 0)
    assert next(one.status for one in document.findings if one.slug == "overfit") == "not_applicable"


def test_a_slice_of_few_groups_has_no_interval_and_is_not_tested():
    size = dict.fromkeys("ABC", 100)
    frame = towns(size, size)
    frame["person"] = [f"{i // 5}" if town != "A" else f"a{i % 9}" for i, town in enumerate(frame["town"])]
    document, found = audit_of(frame, group="person")
    assert sorted(one.group.level for one in found if one.group.column == "town") == ["B", "C"]
    assert document.analyses["overfitting"].tested == len(found)


class Absolute(nn.Module):
    def forward(self, x):
        return 2 * x.abs()


def test_a_linear_model_that_finds_held_out_rows_easier_does_not_make_the_network_overfitted():
    """The network is the truth, y = 2|x| + noise. Held-out rows have x > 0 only, on which a line fits better than on all."""
    rng = np.random.default_rng(0)
    x = np.r_[rng.uniform(-2, 2, 2000), rng.uniform(0.5, 1.5, 2000)]
    frame = pd.DataFrame({"x": x, "y": 2 * np.abs(x) + 0.5 * rng.normal(size=4000)})
    frame["part"] = np.repeat(["train", "test"], 2000)
    table = ti.read_table(frame, target="y", split="part")
    encoder = ColumnTransformer([("numbers", "passthrough", ["x"])]).fit(frame)
    network = ti.wrap(Absolute(), encoder=encoder, task="regression")
    document = ti.audit(network, table, analyses=["overfitting"]).document
    found = document.analyses["overfitting"]
    assert found.excess.low > 0.1 * found.null
    assert found.network.low < 0
    assert next(one.status for one in document.findings if one.slug == "overfit") == "cleared"


@pytest.mark.nightly
@pytest.mark.parametrize("shared", [False, True])
def test_intervals_of_gaps_of_groups_cover_the_true_gap(shared):
    """Groups with a mean of their own, on one side of the split each, or divided by it; groups of other sizes weigh more."""
    rng, hits = np.random.default_rng(1), []
    for _ in range(500):
        size = rng.integers(2, 12, 60)
        group = np.repeat(np.arange(60), size)
        values = rng.normal(size=60)[group] + rng.normal(size=len(group))
        held = rng.random(len(group)) < 0.5 if shared else (np.arange(60) % 2 == 0)[group]
        weights = rng.uniform(0.5, 1.5, len(group))
        _, _, low, high = of_two_samples(*(mean(values[side], weights[side], group[side]) for side in (held, ~held)))
        hits.append(low <= 0 <= high)
    assert 0.93 <= np.mean(hits) <= 0.97


# ---- in the document and on the page


@functools.cache
def document_of(design: str = "plain"):
    network, linear = both(design=design)
    return ti.audit(network.model, network.table, counterpart=linear.model, analyses=["overfitting"])


def test_every_metric_has_a_gap_in_the_section_on_overfitting():
    made = document_of("groups on both sides")
    training, page = made.document.performance.training, made.to_markdown()
    assert [row.metric for row in training.metrics] == ["log_loss", "auc", "average_precision", "brier", "accuracy"]
    caption = messages.text("report.performance.training.table", {})
    assert page.count(caption) == 1
    assert page.index(caption) > page.index(messages.text("report.overfitting.fold", {}))
    for row in training.metrics:
        for gap in (row.network_gap, row.linear_gap):
            assert interval(gap, sign=True) in page
    network, linear = both(design="groups on both sides")
    without = ti.audit(network.model, network.table, counterpart=linear.model, analyses=[])
    assert without.document.analyses.get("overfitting") is None
    assert without.to_markdown().count(caption) == 1  # among the metrics


def test_the_lead_gives_both_changes_and_their_difference():
    made = document_of()
    found = made.document.analyses["overfitting"]
    low, high = (signed(end) for end in (found.excess.low, found.excess.high))
    assert (
        f"From training rows to held-out rows, the network's log loss changes by {signed(found.network.value)} and that of "
        f"logistic regression by {signed(found.linear.value)}. "
        "The difference between these changes (network minus logistic regression) is "
        f"{signed(found.excess.value)} (95% CI {low} to {high})."
    ) in made.to_markdown()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"excess": "linear"}, r"overfitting\.excess is"),
        ({"rows": 1}, "must contain the same numbers of rows"),
        ({"training_rows": 1}, "must contain the same numbers of rows"),
        ({"network": "excess", "linear": "linear", "excess": None}, "the same gaps in log_loss"),
    ],
)
def test_a_record_that_contradicts_itself_or_the_metrics_is_refused(changed, said):
    document = document_of().document
    found = document.analyses["overfitting"]
    found.check_claims(document)
    update = {
        name: getattr(found, other) if isinstance(other, str) else getattr(found, name) + other
        for name, other in changed.items()
        if other is not None
    }
    if None in changed.values():
        update["excess"] = Interval(value=update["network"].value - found.linear.value)
    with pytest.raises(DocumentError, match=said):
        found.model_copy(update=update).check_claims(document)


def test_a_slice_that_contradicts_itself_is_refused():
    document = document_of().document
    found = document.analyses["overfitting"]
    first = found.slices[0]
    for update, said in (
        ({"excess": first.linear}, r"slices\.0\.excess is"),
        ({"training_rows": 9}, "fewer than 10 training rows"),
    ):
        slices = [first.model_copy(update=update), *found.slices[1:]]
        with pytest.raises(DocumentError, match=said):
            found.model_copy(update={"slices": slices}).check_claims(document)


def test_a_slice_that_was_learnt_by_heart_is_found_and_its_twin_is_not():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(3000, 3)), columns=list("abc"))
    frame["city"] = rng.choice(list("opqrstuvwx"), 3000)
    frame["y"] = np.where(frame["a"] + rng.logistic(size=3000) > 0, "yes", "no")
    table = ti.read_table(frame, target="y", positive="yes", split=0.4)
    encode = ["a", "b", "c"]
    true = nn.Linear(3, 1)
    with torch.no_grad():
        true.weight.copy_(torch.tensor([[1.0, 0.0, 0.0]]))
        true.bias.zero_()
    city = (table.frame["city"] == "w").to_numpy()
    inside = ~table.held_out & city
    passed = ColumnTransformer([("numbers", "passthrough", encode)]).fit(table.inputs)
    known = torch.as_tensor(passed.transform(table.inputs[inside]).astype(np.float32))
    answers = torch.as_tensor(12 * table.y[inside] - 6, dtype=torch.float32)[:, None]
    clean, memorised = (ti.wrap(module, encoder=passed) for module in (true, Memory(true, known, answers)))
    linear = ti.fit_counterpart(clean, table)
    for model, status in ((memorised, "raised"), (clean, "cleared")):
        made = ti.audit(model, table, counterpart=linear, analyses=["overfitting"])
        (finding,) = (one for one in made.document.findings if one.slug == "overfit")
        assert finding.status == status
        record = made.document.analyses["overfitting"]
        assert (record.slices[0].group.values.get("level") == "w") == (status == "raised")
        if status == "raised":
            assert finding.claim.key.endswith("raised_slice")
            assert record.slices[0].network.low > 0
            assert abs(record.slices[0].linear.value) < 0.2
            values = finding.claim.values
            assert (values["rows"], values["training_rows"]) == ((table.held_out & city).sum(), inside.sum())


@pytest.mark.parametrize("lost", ["split", "rows", "events"])
def test_where_the_gap_is_unknown_it_is_said_why(lost):
    network, linear = both()
    table, few = network.table, {"split": 900, "rows": 9, "events": 25}[lost]
    held = None if lost == "split" else np.arange(len(table)) < few
    network, linear = (replace(one, table=replace(table, held_out=held)) for one in (network, linear))
    said = {"split": "overfitting.split", "rows": "overfitting.few", "events": "events"}[lost]
    with pytest.raises(NotApplicableError) as error:
        overfitting(network, network.table, linear)
    assert error.value.reason.key.removeprefix("why.").startswith(said)
