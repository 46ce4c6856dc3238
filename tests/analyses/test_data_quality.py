"""Readings of the rows alone, against scikit-learn, scipy and slow counting; and what the network does off them."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from sklearn.compose import ColumnTransformer
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn

import tabinterp as ti
from tabinterp.analyses.data_quality.bins import cells
from tabinterp.analyses.data_quality.columns import column_facts, find_spike
from tabinterp.analyses.data_quality.drift import column_drift, psi, whole_drift
from tabinterp.analyses.data_quality.duplicates import copies, equal_columns
from tabinterp.analyses.data_quality.univariate_signal import FOLDS, PRIOR, column_power
from tabinterp.analyses.extrapolation.estimator import extrapolation
from tabinterp.analyses.off_support.estimator import off_support
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tabinterp.stats.discrimination import auc, measure, r2
from tabinterp.table.hash_sampling import row_hash


def read(frame: pd.DataFrame, task: str = "binary", **more) -> ti.Table:
    return ti.read_table(frame, target="y", task=task, **more)


def plain(n: int = 400, seed: int = 0, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    held = rng.random(n) < 0.4
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=n) + shift * held,
            "job": rng.choice(["u", "v", "w"], n, p=[0.5, 0.3, 0.2]),
            "noise": rng.normal(size=n),
            "w": rng.integers(1, 4, n).astype(float),
            "split": np.where(held, "test", "train"),
        }
    )
    frame["y"] = np.where(frame["a"] + (frame["job"] == "u") + rng.logistic(size=n) > 0, "yes", "no")
    return frame


# ---- measures


@pytest.mark.parametrize("weighted", [False, True])
def test_auc_is_that_of_scikit_learn_with_the_error_of_delong(weighted):
    rng = np.random.default_rng(1)
    y, score = (rng.random(60) < 0.4).astype(float), np.round(rng.normal(size=60), 1)
    w = rng.integers(1, 4, 60).astype(float) if weighted else np.ones(60)
    found = auc(score, y, w)
    assert found.value == pytest.approx(roc_auc_score(y, score, sample_weight=w), abs=1e-12)
    if not weighted:
        up, down = score[y > 0], score[y == 0]
        wins = (up[:, None] > down[None]) + 0.5 * (up[:, None] == down[None])
        delong = wins.mean(axis=1).var(ddof=1) / len(up) + wins.mean(axis=0).var(ddof=1) / len(down)
        assert found.stderr == pytest.approx(np.sqrt(delong), rel=1e-9)


def test_r2_is_that_of_scikit_learn_with_the_error_of_the_jackknife():
    rng = np.random.default_rng(2)
    y = rng.normal(size=300)
    guess, w = y + rng.normal(size=300), rng.uniform(0.5, 2, 300)
    assert r2(guess, y, w).value == pytest.approx(r2_score(y, guess, sample_weight=w), abs=1e-12)
    without = [r2_score(np.delete(y, i), np.delete(guess, i), sample_weight=np.delete(w, i)) for i in range(300)]
    jackknife = np.sqrt(299 / 300 * ((without - np.mean(without)) ** 2).sum())
    assert r2(guess, y, w).stderr == pytest.approx(jackknife, rel=0.05)


def test_of_several_classes_each_against_the_others_counts_by_its_share():
    rng = np.random.default_rng(3)
    codes, p = rng.integers(0, 3, 200), rng.dirichlet(np.ones(3), 200)
    found = measure(p, np.eye(3)[codes], True, np.ones(200))
    assert found.value == pytest.approx(roc_auc_score(codes, p, multi_class="ovr", average="weighted"), abs=1e-12)


# ---- one column alone


def slowly(table: ti.Table, name: str, most: int) -> np.ndarray:
    """Row by row: the smoothed mean of the target in the row's cell; of a training row, without the rows of its own fold."""
    parts, held = cells(table, name, ~table.held_out, most), table.held_out
    fold = row_hash(table.numbers, 0) % np.uint64(FOLDS)
    y, w = table.y, table.row_weights
    guess = np.empty(len(y))
    for i in range(len(y)):
        used = ~held if held[i] else ~held & (fold != fold[i])
        same = used & (parts.codes == parts.codes[i])
        prior = PRIOR * w[~held].mean()
        mean = np.average(y[~held], weights=w[~held])
        guess[i] = ((w * y)[same].sum() + prior * mean) / (w[same].sum() + prior)
    return guess


@pytest.mark.parametrize("weight", [None, "w"])
def test_power_of_a_column_alone_is_what_counting_row_by_row_gives(weight):
    frame = plain(300)
    table = read(frame if weight else frame.drop(columns="w"), split="split", weight=weight)
    found = {one.column: one for one in column_power(table, 0)}
    held, w = table.held_out, table.row_weights
    for name in ("a", "job"):
        guess = slowly(table, name, int((~held).sum() // 30))
        fold = row_hash(table.numbers, 0) % np.uint64(FOLDS)
        scored = [~held & (fold == k) for k in range(FOLDS)], [held]
        for value, parts in zip((found[name].training[0], found[name].held_out[0]), scored, strict=True):
            each = [roc_auc_score(table.y[rows], guess[rows], sample_weight=w[rows]) for rows in parts]
            assert value == pytest.approx(np.mean(each), abs=1e-12)
    if weight is None:
        expected = stats.pearsonr(frame["a"], frame["y"] == "yes")
        assert (found["a"].correlation, found["a"].p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-9)


def test_a_row_is_not_told_by_itself():
    """A level for every row says nothing, however well it would be remembered."""
    frame = plain(400).assign(name=[f"n{i}" for i in range(400)])
    found = {one.column: one for one in column_power(read(frame.drop(columns="w"), split="split"), 0)}
    assert abs(found["name"].training[0] - 0.5) < 0.03
    assert found["name"].held_out[0] == 0.5


def test_a_line_tells_a_number_where_cells_are_too_coarse():
    rng = np.random.default_rng(4)
    x = rng.lognormal(sigma=2, size=300)
    table = read(pd.DataFrame({"x": x, "z": rng.normal(size=300), "y": 3 * x + 1}), "regression", split=0.3)
    found = ti.describe_data(table).frame().set_index("column")
    assert found.loc["x", "power_held_out"] == pytest.approx(1.0, abs=1e-9)


def honest_table(seed: int, n: int, share: float) -> ti.Table:
    """Seven numbers and three columns of levels; a logistic rule with this share of positives."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 7)), columns=[f"x{i}" for i in range(7)])
    for i in range(3):
        frame[f"level{i}"] = rng.choice([*"abcd"], n)
    score = frame["x0"] - 0.5 * frame["x1"] + (frame["level0"] == "a") + rng.logistic(size=n)
    frame["y"] = np.where(score > score.quantile(1 - share), "yes", "no")
    return read(frame, split=0.25, positive="yes")


def falls(table: ti.Table) -> list[tuple[bool, float]]:
    """Of each column: does it fall as far as a shortcut, and the corrected p."""
    return [(one.fall[0] >= 0.1 and one.fall[2] >= 0.04, one.fall_q) for one in column_power(table, 0)]


@pytest.mark.nightly
def test_the_best_of_many_columns_does_not_fall_by_chance():
    found = [falls(honest_table(seed, 1200, 0.1)) for seed in range(20)]
    assert sum(any(far for far, _ in one) for one in found) >= 2  # each column tested by itself
    assert sum(any(far and q < 0.01 for far, q in one) for one in found) == 0


def test_a_column_that_worked_in_training_only_falls_beyond_chance():
    for seed in range(5):
        table = honest_table(seed, 1200, 0.1)
        rng = np.random.default_rng(seed)
        marked = (table.frame["y"] == "yes") + 0.3 * rng.normal(size=len(table))
        frame = table.frame.assign(batch=np.where(table.held_out, rng.permutation(marked), marked))
        frame["split"] = np.where(table.held_out, "test", "train")
        assert falls(read(frame, split="split", positive="yes"))[-1][1] < 0.01


def test_the_fall_of_a_column_is_tested_with_the_errors_of_delong():
    found = column_power(honest_table(0, 900, 0.5), 0)
    p = [2 * stats.norm.sf(abs(one.fall[0]) / np.hypot(one.training[1], one.held_out[1])) for one in found]
    assert [one.fall_q for one in found] == pytest.approx(stats.false_discovery_control(p), rel=1e-9)


# ---- drift


def test_psi_and_its_test_are_those_of_the_cells():
    table = read(plain(600, shift=0.8).drop(columns="w"), split="split")
    found = {one.column: one for one in column_drift(table)}
    held = table.held_out
    counts = pd.crosstab(held, table.frame["job"]).to_numpy()
    expected = stats.chi2_contingency(counts, correction=False)
    assert (found["job"].statistic, found["job"].p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-9)
    p, q = ((row + 0.5) / (row.sum() + 1.5) for row in counts)
    assert found["job"].psi == pytest.approx(((p - q) * np.log(p / q)).sum(), rel=1e-9)
    assert found["a"].q < 1e-6
    assert found["noise"].q > 0.01
    assert psi(np.array([9.0, 1.0]), np.array([1.0, 9.0])) > 2


@pytest.mark.parametrize(("shift", "apart"), [(0.0, False), (1.5, True)])
def test_trees_tell_the_parts_apart_only_where_they_differ(shift, apart):
    found = whole_drift(read(plain(600, shift=shift).drop(columns="w"), split="split"), 0)
    assert (found.auc[2] > 0.5) == apart
    assert found.auc[0] > 0.8 or not apart


def test_the_error_of_telling_the_parts_apart_is_what_chance_gives():
    """Of small tables without a shift; an error over rows alone is too small by a factor of 1.4."""
    values, errors = [], []
    for seed in range(12):
        frame = pd.DataFrame(np.random.default_rng([9, seed]).normal(size=(160, 3)), columns=[*"aby"])
        frame["split"] = np.where(np.arange(160) < 40, "test", "train")
        value, error, *_ = whole_drift(ti.read_table(frame, target="y", task="regression", split="split"), seed).auc
        values.append(value)
        errors.append(error)
    assert 0.75 < np.std(values) / np.mean(errors) < 1.1


@pytest.mark.parametrize("mixed", [True, False])
def test_a_row_number_and_a_date_that_the_network_does_not_use_are_no_shift(mixed):
    """Of a split by time: every date occurs on one side only, and so does every range of numbers, unless they are mixed."""
    frame = plain(800).drop(columns=["w", "split"])
    days = pd.date_range("2024-01-01", periods=200).repeat(4).strftime("%Y-%m-%d")
    number = np.random.default_rng(1).permutation(800) if mixed else np.arange(800)
    frame = frame.assign(number=number, day=days, split=np.where(np.arange(800) < 500, "train", "test"))
    encoder = ColumnTransformer([("numbers", StandardScaler(), ["a", "noise"]), ("job", OneHotEncoder(), ["job"])])
    pipeline = make_pipeline(encoder, MLPClassifier((4,), max_iter=30, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it need not converge
        pipeline.fit(frame.drop(columns="y"), frame["y"])
    table = read(frame, split="split")
    audit = ti.audit(ti.wrap(pipeline), table, analyses=["data_quality"])
    assert whole_drift(table, 0).auc[0] > 0.95  # of all columns
    assert audit.document.table.whole.low < 0.5  # of those that the network uses
    found = {one.column: one.psi for one in audit.document.table.columns}
    assert mixed or found["number"] > 1  # the drift of a column is shown whether or not it is used
    finding = next(one for one in audit.document.findings if one.slug == "train-test-shift")
    assert finding.status == "cleared"
    assert finding.claim.values["column"] in {"a", "noise", "job", "y"}
    assert whole_drift(table, 0, columns=()) is None


# ---- copies


def test_copies_are_those_that_a_comparison_of_all_pairs_finds():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.integers(0, 3, (60, 3)), columns=["a", "b", "c"]).assign(
        y=rng.choice(["no", "yes"], 60), id=np.arange(60), split=np.where(rng.random(60) < 0.3, "test", "train")
    )
    found = copies(read(frame, split="split", drop=["id"]), ["id"])
    held = frame["split"] == "test"
    for names, repeated, across in (
        (["a", "b", "c"], found.repeated_inputs, found.across_inputs),
        (["a", "b", "c", "y"], found.repeated_whole, found.across_whole),
    ):
        rows = [tuple(row) for row in frame[names].to_numpy()]
        assert repeated == sum(row in rows[:i] for i, row in enumerate(rows))
        inside = {row for row, out in zip(rows, held, strict=True) if not out}
        assert across == sum(row in inside for row, out in zip(rows, held, strict=True) if out)


def coarse(seed: int, n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.integers(0, 4, (n, 4)), columns=[*"abcd"]).astype(str)
    return frame.assign(y=rng.choice(["no", "yes"], n), split=np.where(rng.random(n) < 0.25, "test", "train"))


def test_equal_rows_of_a_coarse_table_are_not_copies():
    """Four columns of four levels: rows are equal by chance, across the split as much as within training."""
    found = [copies(read(coarse(seed), split="split"), []) for seed in range(40)]
    assert sum(one.across_whole >= max(10, 0.01 * one.held_out) for one in found) >= 38
    assert sum(one.copied for one in found) <= 2
    for one, seed in zip(found, range(2), strict=False):
        frame = coarse(seed)
        rows = [tuple(row) for row in frame.loc[frame["split"] == "train", [*"abcd", "y"]].to_numpy()]
        assert one.training_whole == sum(rows.count(row) > 1 for row in rows)


@pytest.mark.parametrize("make", [lambda seed: plain(400, seed).drop(columns="w"), lambda seed: coarse(seed, 300)])
def test_held_out_rows_that_were_copied_from_training_are_found(make):
    for seed in range(10):
        frame, rng = make(seed), np.random.default_rng(seed)
        inside, outside = (np.flatnonzero(frame["split"] == side) for side in ("train", "test"))
        names = [c for c in frame if c != "split"]
        to = rng.choice(outside, len(outside) * 6 // 10, replace=False)
        frame.loc[to, names] = frame.loc[rng.choice(inside, len(to), replace=False), names].to_numpy()
        assert copies(read(frame.infer_objects(), split="split"), []).copied


def test_columns_that_tell_the_same_are_found_and_others_are_not():
    rng = np.random.default_rng(6)
    a = rng.normal(size=200)
    frame = pd.DataFrame(
        {
            "a": a, "line": 5 - 2 * a, "order": np.exp(a), "near": a + 0.2 * rng.normal(size=200),
            "code": rng.integers(0, 4, 200), "unlike": rng.normal(size=200), "y": rng.choice(["no", "yes"], 200),
        }
    )  # fmt: skip
    frame["name"] = frame["code"].map({0: "n", 1: "e", 2: "s", 3: "w"})
    assert equal_columns(read(frame)) == (("a", "line", "order"), ("code", "name"))


# ---- what a column holds


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.arange(100) * 7 + 3, "ordered"),
        (np.random.default_rng(0).permutation(100) + 1, "counts rows"),
        (np.random.default_rng(0).choice(10**8, 100, replace=False), "one each"),
        ([f"p{i}" for i in range(100)], "one each"),
        (np.random.default_rng(0).normal(size=100), None),
        (np.random.default_rng(0).integers(0, 60, 100), None),
    ],
    ids=str,
)
def test_a_column_that_names_the_row(values, kind):
    frame = pd.DataFrame({"x": values, "y": np.resize(["no", "yes"], 100)})
    assert column_facts(read(frame), "x").identifier == kind


@pytest.mark.parametrize(
    ("code", "others", "found"),
    [
        (999, range(20, 90), True),
        (-1, range(20, 90), True),
        (99, range(20, 98), True),  # the next number, in a heap
        (100, range(20, 99), False),
        (-1, range(-5, 90), False),  # among others below nought
        (500, range(20, 90), True),  # no code, but far out
        (120, range(20, 90), False),
        (999, range(0, 3000, 7), True),  # among the others, in a heap
        (1000, range(0, 3000, 7), False),
    ],
)
def test_a_code_for_none_stands_apart(code, others, found):
    values, counts = np.array(sorted({*others, code}), float), np.full(len({*others, code}), 3)
    counts[values == code] = 40
    spike = find_spike(values, counts)
    assert (spike is not None) == found
    assert spike is None or (spike.value, spike.rows) == (code, 40)


def test_heaps_levels_and_missing_values_are_counted():
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"x": np.minimum(rng.normal(size=300), 1.0), "job": ["rare"] * 4 + ["a"] * 196 + ["b"] * 100})
    frame.loc[:29, "x"] = np.nan
    frame["split"], frame["y"] = ["train"] * 200 + ["test"] * 100, rng.choice(["no", "yes"], 300)
    table = read(frame, split="split")
    x, job = column_facts(table, "x"), column_facts(table, "job")
    assert x.missing == pytest.approx(0.1)
    assert (x.maximum, x.rows_at_maximum) == (1.0, int((frame["x"] == 1.0).sum()))
    assert x.times_maximum == x.rows_at_maximum
    assert (job.rare_levels, job.rare_rows, job.unseen_levels, job.unseen_rows) == (1, 4, 1, 100)


def test_a_table_without_a_split_or_with_few_rows_is_read_as_far_as_it_goes():
    whole = ti.describe_data(read(plain(200).drop(columns=["w", "split"])))
    assert (whole.drift, whole.whole) == ((), None)
    assert np.isnan(whole.power[0].held_out[0])
    few = ti.describe_data(read(plain(40).drop(columns="w"), split="split"))
    assert (few.power, few.beyond, few.drift) == ((), (), ())
    assert len(few.frame()) == 4


# ---- off the data


def line(weights: list[float]) -> ti.Model:
    layer = nn.Linear(len(weights), 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([weights]))
    return ti.wrap(layer, encoder="passthrough", task="regression")


def three(n: int = 400, seed: int = 0) -> ti.Table:
    """Two numbers that go together, and one that does not."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    frame = pd.DataFrame({"a": a, "b": a + 0.1 * rng.normal(size=n), "c": rng.normal(size=n)})
    return read(frame.assign(y=frame["a"]), "regression")


def test_beyond_the_range_a_line_goes_on_as_it_was():
    table = three()
    found = extrapolation(bind(line([2.0, 0.0, -1.0]), table)).frame().set_index("column")
    score = 2 * table.frame["a"] - table.frame["c"]
    spread = np.diff(np.quantile(score, [0.005, 0.995], method="averaged_inverted_cdf"))[0]
    for name, slope in (("a", 2.0), ("b", 0.0), ("c", 1.0)):
        reach = np.diff(np.quantile(table.frame[name], [0.005, 0.995], method="averaged_inverted_cdf"))[0]
        assert found.loc[name, "change"] == pytest.approx(slope * reach / spread, rel=1e-5)


class Bent(nn.Module):
    """Nothing up to `edge`, a steep line from there on; and a column that gives the scores a range."""

    def __init__(self, edge: float) -> None:
        super().__init__()
        self.edge = edge

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 30 * torch.relu(x[:, :1] - self.edge) + x[:, 2:3]


def test_the_range_is_that_of_the_training_rows():
    """Held-out rows reach far less far: what the network does between their end and that of the rows it learnt from is known."""
    n, rng = 600, np.random.default_rng(3)
    split = np.where(np.arange(n) % 3, "train", "test")
    a = np.where(split == "train", rng.uniform(-4, 4, n), rng.uniform(-1, 1, n))
    frame = pd.DataFrame({"a": a, "b": rng.normal(size=n), "c": rng.uniform(size=n), "y": a, "split": split})
    table = read(frame, "regression", split="split")
    learnt, held = frame[split == "train"], frame[split == "test"]
    low, high = np.quantile(learnt["a"], [0.005, 0.995], method="averaged_inverted_cdf")
    spread = np.diff(np.quantile(held["c"], [0.005, 0.995], method="averaged_inverted_cdf"))[0]
    edge = 6.0  # beyond both ranges; held-out rows alone, twice as far out, would not come near it
    found = extrapolation(bind(ti.wrap(Bent(edge), encoder="passthrough", task="regression"), table)).frame()
    expected = 30 * (high + (high - low) - edge) / spread
    assert found.set_index("column").loc["a", "change"] == pytest.approx(expected, rel=1e-5)


class TwoFaced(nn.Module):
    """c where a and b go together, as in real rows; their difference elsewhere."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        apart = x[:, :1] - x[:, 1:2]
        return torch.where(apart.abs() < 0.5, x[:, 2:3], 5 * apart)


def test_another_rule_off_the_data_shows_and_one_and_the_same_does_not():
    table = three(800)
    honest = off_support(bind(line([0.0, 1.0, 1.0]), table))
    fooling = off_support(bind(ti.wrap(TwoFaced(), encoder="passthrough", task="regression"), table))
    assert honest.auc[0] == pytest.approx(fooling.auc[0])
    assert honest.gap[2] < 0.1
    assert fooling.gap[2] > 0.2
    # a and b do nothing in real rows; only a row that no one is tells otherwise
    assert fooling.permuted.value[0] > 1
    assert fooling.swapped.value[0] < 0.5 * fooling.permuted.value[0]
    assert honest.permuted.value[0] == honest.swapped.value[0] == 0


def test_readings_off_the_data_say_when_they_do_not_apply():
    table = three(100)
    with pytest.raises(NotApplicableError, match="the score is the same for every row"):
        off_support(bind(line([0.0, 0.0, 0.0]), table))
    with pytest.raises(NotApplicableError, match="at least 60 rows"):
        off_support(bind(line([1.0, 0.0, 0.0]), table.take(np.arange(40))))
    function = ti.wrap(lambda rows: rows["a"].to_numpy(), task="regression")
    with pytest.raises(NotApplicableError, match="can only be evaluated at values in the table"):
        extrapolation(bind(function, table))


def test_a_column_whose_encoder_knows_its_values_alone_is_left_out():
    frame = pd.DataFrame({"a": np.arange(100) % 4.0, "b": np.arange(100) / 100, "y": np.arange(100) % 4.0})
    encoder = ColumnTransformer([("codes", OneHotEncoder(), ["a"]), ("numbers", "passthrough", ["b"])])
    model = ti.wrap(nn.Linear(5, 1), encoder=encoder.fit(frame[["a", "b"]]), task="regression")
    found = extrapolation(bind(model, read(frame, "regression")))
    assert (found.frame()["column"].tolist(), found.skipped) == (["b"], ("a",))
    alone = ti.wrap(nn.Linear(4, 1), encoder=OneHotEncoder().fit(frame[["a"]]), task="regression")
    bound = bind(alone, read(frame.drop(columns="b"), "regression"))
    with pytest.raises(
        NotApplicableError, match="the encoder rejects values beyond the observed ranges of the numeric columns"
    ):
        extrapolation(bound)
