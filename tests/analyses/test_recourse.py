"""Recourse: compared with brute force over the whole grid, an integer programme, closed forms, and the models themselves."""

from __future__ import annotations

import itertools
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import skops.io
import torch
from scipy import stats
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn

import tabinterp as ti
from tabinterp.analyses.recourse import estimator
from tabinterp.analyses.recourse.changes import LEVEL, choices
from tabinterp.analyses.recourse.proof import is_provable, proven
from tabinterp.analyses.recourse.search import Decisions, _knapsack, _of_all, cheapest, readable, searched
from tabinterp.analyses.settings import Constraint
from tabinterp.checks.no_recourse import _rejected
from tabinterp.cli import commands
from tabinterp.errors import DocumentError, NotApplicableError, TabinterpError
from tabinterp.models import bind
from tests.shared import every_nth


def anything_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call every changed row plausible."""

    def plain(bound: object, rows: pd.DataFrame, seed: int = 0) -> SimpleNamespace:
        return SimpleNamespace(outward=np.zeros(len(rows)), far=0.99)

    monkeypatch.setattr(estimator, "typicality", plain)


def network(width: int, *hidden: int, seed: int = 0, scale: float = 3.0) -> nn.Sequential:
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for units in hidden:
        layers += [nn.Linear(width, units), nn.ReLU()]
        width = units
    made = nn.Sequential(*layers, nn.Linear(width, 1))
    with torch.no_grad():
        for layer in made:
            if isinstance(layer, nn.Linear):
                layer.weight *= scale
    return made


def whole_numbers(columns: int, levels: int = 7, rows: int = 240, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({f"c{i}": draw.integers(0, levels, rows) - levels // 2 for i in range(columns)}).astype(float)
    return frame.assign(y=draw.integers(0, 2, rows), part=np.repeat(["train", "test"], rows // 2))


def read(frame: pd.DataFrame, **settings: object) -> ti.Table:
    return ti.read_table(frame, **{"target": "y", "positive": 1, "adverse": 0, "split": "part"} | settings)


def percentile(training: pd.Series, value: float, weights: np.ndarray | None = None) -> float:
    """Percentile by its definition: the weight below, and half of the weight of equal values."""
    w = np.ones(len(training)) if weights is None else weights
    x = training.to_numpy()
    return 100 * float(w[x < value].sum() + w[x == value].sum() / 2) / float(w.sum())


def by_hand(training: pd.DataFrame, row: pd.Series, module: nn.Module, columns: list[str], names: list[str]) -> float:
    """The least cost of any combination of training values that flips the decision; infinite if there is none."""
    options = []
    for name in columns:
        own = percentile(training[name], row[name])
        values = [(row[name], 0)]
        for value in sorted(set(training[name]) - {row[name]}):
            values.append((value, max(1, int(np.ceil(abs(percentile(training[name], value) - own) - 1e-9)))))
        options.append(values)
    every = list(itertools.product(*options))
    x = np.tile(row[names].to_numpy(dtype=float), (len(every), 1))
    for k, name in enumerate(columns):
        x[:, names.index(name)] = [combination[k][0] for combination in every]
    with torch.no_grad():
        score = module(torch.tensor(x, dtype=torch.float32))[:, 0].numpy()
    costs = np.array([sum(cost for _, cost in combination) for combination in every], dtype=float)
    return float(costs[score > 0].min(initial=np.inf))


def decisions(model: ti.Model, table: ti.Table, columns: list[str], most: int = 40, grid: int = 100) -> Decisions:
    bound = bind(model, table)
    training = np.flatnonzero(~table.held_out)
    adverse = bound.scores[:, 0] <= 0
    rows = np.flatnonzero(table.held_out & adverse)[:most]
    declared = [Constraint(column=name, changeable="any") for name in columns]
    return Decisions(bound, rows, readable(bound, choices(table, rows, training, declared, grid)), 0.5)


# ---- the cheapest change


@pytest.mark.parametrize("seed", every_nth(3, range(3)))
def test_small_domains_agree_with_brute_force(seed, monkeypatch):
    """Every combination, by the torch module, with percentiles from their definition."""
    anything_goes(monkeypatch)
    frame = whole_numbers(4, seed=seed)
    module = network(4, 5, seed=seed, scale=1.5)
    table = read(frame)
    found = ti.recourse(ti.wrap(module, encoder="passthrough", classes=[0, 1]), table, changeable=["c0", "c1", "c2"])
    names = list(table.schema.inputs)
    training = frame[frame["part"] == "train"]
    expected = [by_hand(training, frame.loc[at], module, ["c0", "c1", "c2"], names) for at in found.numbers]
    assert len(expected) >= 20
    assert np.nan_to_num(found.changes.cost, nan=np.inf).tolist() == expected
    assert found.changes.exact.all()
    assert found.network.is_exact
    assert (found.changes.status == np.where(np.isinf(expected), "none", "found")).all()


def test_a_row_without_recourse_is_said_to_have_none(monkeypatch):
    """The score depends on a column that cannot change, and hardly on the one that can."""
    anything_goes(monkeypatch)
    frame = whole_numbers(2, rows=800)
    module = nn.Sequential(nn.Linear(2, 1))
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[10.0, 1.0]]))
        module[0].bias.fill_(0.5)
    model = ti.wrap(module, encoder="passthrough", classes=[0, 1])
    found = ti.recourse(model, read(frame), changeable=["c1"])
    first = frame["c0"].to_numpy()[found.numbers]
    assert set(first) == {-3.0, -2.0, -1.0, 0.0}  # 10 c0 + 0.5 + c1 is below 0
    assert (found.changes.status == np.where(first == 0, "found", "none")).all()
    assert found.network.without[0] == pytest.approx(np.mean(first < 0))
    assert found.changes.exact.all()


@pytest.mark.parametrize("seed", every_nth(2, [1, 3, 4, 6]))
def test_the_search_nearly_reaches_the_optimum(seed):
    """Of all 18^3 combinations of three columns."""
    frame = whole_numbers(4, levels=17, rows=600, seed=seed)
    module = network(4, 8, 4, seed=seed, scale=1.2)
    asked = decisions(ti.wrap(module, encoder="passthrough", classes=[0, 1]), read(frame), ["c0", "c1", "c2"], most=20)
    n = len(asked.rows)
    assert n == 20
    best, found = _of_all(asked).best(n), searched(asked).best(n)
    assert (found >= best).all()
    assert (np.isinf(found) & np.isfinite(best)).sum() <= 1
    both = np.isfinite(found)
    assert both.sum() >= 5
    assert np.mean(found[both] / best[both]) < 1.03
    assert np.mean(found[both] == best[both]) > 0.7


def test_changes_that_help_only_together_are_found():
    """The score is |a + b| - 5 |a - b| - 2: a change of one column alone lowers it, and the rows are near a = b = 0."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.integers(-20, 21, (400, 3)) / 10.0, columns=["a", "b", "c"])
    frame = frame.assign(y=draw.integers(0, 2, 400), part=["train", "test"] * 200)
    frame.loc[1:39:2, ["a", "b"]] = 0.0
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[1.0, 1, 0], [-1, -1, 0], [1, -1, 0], [-1, 1, 0]]))
        module[0].bias.zero_()
        module[2].weight.copy_(torch.tensor([[1.0, 1, -5, -5]]))
        module[2].bias.fill_(-2.0)
    model = ti.wrap(module, encoder="passthrough", classes=[0, 1])
    asked = decisions(model, read(frame), ["a", "b", "c"], most=20)
    best, found = _of_all(asked).best(20), searched(asked).best(20)
    assert np.isfinite(best).all()
    assert (found == best).all()


@pytest.mark.parametrize("hidden", [(6,), pytest.param((4, 3), marks=pytest.mark.nightly)])
def test_an_integer_programme_gives_the_optimum(hidden):
    frame = whole_numbers(3, levels=9, seed=len(hidden))
    model = ti.wrap(network(3, *hidden, seed=1, scale=2.0), encoder="passthrough", classes=[0, 1])
    asked = decisions(model, read(frame), ["c0", "c1", "c2"], most=12)
    assert is_provable(asked)
    flips, sure = proven(asked)
    exact, _ = cheapest(asked)
    assert sure.all()
    assert flips.best(12).tolist() == exact.best(12).tolist()
    assert (asked.of(flips.row, flips.state) > 0).all()


def test_few_rows_of_a_small_network_are_proven(monkeypatch):
    """Too many combinations to ask about each: 40 values of three columns."""
    anything_goes(monkeypatch)
    frame = whole_numbers(3, levels=40, rows=400, seed=5)
    model = ti.wrap(network(3, 4, seed=3, scale=1.0), encoder="passthrough", classes=[0, 1])
    table = read(frame)
    bound = bind(model, table)
    rows = np.flatnonzero(table.held_out & (bound.scores[:, 0] <= 0))[:4]
    found = ti.recourse(model, table, rows=rows)
    asked = decisions(model, table, ["c0", "c1", "c2"], most=4)
    best, sure = proven(asked)
    assert sure.all()
    assert found.changes.exact.all()
    assert np.nan_to_num(found.changes.cost, nan=np.inf).tolist() == best.best(4).tolist()
    assert np.isfinite(best.best(4)).any()


def test_the_knapsack_of_a_logistic_regression_agrees_with_every_combination():
    frame = whole_numbers(3, levels=9, seed=8)
    frame["y"] = (frame["c0"] + 0.5 * frame["c1"] - frame["c2"] + np.random.default_rng(0).normal(size=240) > 2).astype(
        int
    )
    names = ["c0", "c1", "c2"]
    model = ti.wrap(LogisticRegression().fit(frame[names], frame["y"]))
    asked = decisions(model, read(frame), names, most=100)
    exact, is_exact = cheapest(asked)
    assert is_exact
    knapsack = _knapsack(asked)
    n = len(asked.rows)
    assert knapsack.best(n).tolist() == exact.best(n).tolist()
    assert (asked.of(knapsack.row, knapsack.state) > 0).all()
    assert max((knapsack.state >= 0).sum(axis=1)) > 1


def test_one_column_of_a_logistic_regression_in_closed_form(monkeypatch):
    """The first training value beyond x + (cut - score) / slope."""
    anything_goes(monkeypatch)
    draw = np.random.default_rng(2)
    frame = pd.DataFrame({"a": draw.normal(size=160), "b": draw.normal(size=160)})
    frame = frame.assign(y=(frame["a"] + draw.normal(size=160) > 0).astype(int), part=["train", "test"] * 80)
    pipeline = LogisticRegression().fit(frame[["a", "b"]], frame["y"])
    model = ti.wrap(pipeline)
    found = ti.recourse(model, read(frame), model, changeable={"a": "+"}, threshold=0.6)
    cut, slope = np.log(0.6 / 0.4), pipeline.coef_[0, 0]
    training = frame[frame["part"] == "train"]["a"]
    told = found.frame().query("model == 'network'").set_index("row")
    assert len(told) >= 20
    for row, x in frame.loc[found.numbers, ["a", "b"]].iterrows():
        needed = x["a"] + (cut - pipeline.decision_function(x.to_frame().T)[0]) / slope
        beyond = training[training > needed]
        if len(beyond) == 0:
            assert told.loc[row, "status"] == "none"
            continue
        assert told.loc[row, "after"] == beyond.min()
        assert told.loc[row, "before"] == x["a"]
        shift = percentile(training, beyond.min()) - percentile(training, x["a"])
        assert told.loc[row, "cost"] == np.ceil(shift - 1e-9)


def test_the_values_of_a_number_are_quantiles_of_the_training_rows():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"c0": draw.normal(size=3000), "y": draw.integers(0, 2, 3000), "part": ["train", "test"] * 1500}
    )
    table = read(frame)
    training = np.flatnonzero(~table.held_out)
    (made,) = choices(table, np.flatnonzero(table.held_out)[:5], training, [Constraint(column="c0", changeable="any")])
    values = frame["c0"].to_numpy()[made.donors]
    expected = np.quantile(frame["c0"].to_numpy()[training], (np.arange(100) + 0.5) / 100, method="inverted_cdf")
    assert values.tolist() == expected.tolist()
    assert not table.held_out[made.donors].any()


@pytest.mark.parametrize(("adverse", "declined", "after"), [(1, {1.0}, 0.0), (0, {-1.0, 0.0}, 1.0)])
def test_a_score_at_the_threshold_is_of_the_negative_class(adverse, declined, after, monkeypatch):
    """Probabilities 0.2, 0.5 and 0.8 of the positive class for -1, 0 and 1."""
    anything_goes(monkeypatch)

    def function(rows: pd.DataFrame) -> np.ndarray:
        return np.choose(rows["c0"].to_numpy().astype(int) + 1, [0.2, 0.5, 0.8])

    table = read(whole_numbers(2, levels=3), adverse=adverse)
    found = ti.recourse(ti.wrap(function, classes=[0, 1]), table, changeable=["c0"])
    told = found.frame().query("model == 'network'")
    assert set(told["before"]) == declined
    assert set(told["after"]) == {after}
    assert found.changes.exact.all()


# ---- what may change


def income(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": draw.normal(size=rows).round(2),
            "debt": draw.normal(size=rows).round(2),
            "job": draw.choice(["cook", "clerk", "guard"], rows),
            "school": draw.choice(["low", "middle", "high"], rows),
            "sex": draw.choice(["f", "m"], rows),
            "part": ["train", "test"] * (rows // 2),
        }
    )
    drive = (
        frame["income"]
        - frame["debt"]
        + (frame["job"] == "clerk")
        + (frame["school"] == "high")
        - (frame["sex"] == "f")
    )
    return frame.assign(y=(drive + draw.logistic(size=rows) > 0.5).astype(int))


def pipeline_of(frame: pd.DataFrame, classifier: object = None) -> object:
    encoder = make_column_transformer(
        (StandardScaler(), ["income", "debt"]), (OneHotEncoder(sparse_output=False), ["job", "school", "sex"])
    )
    return make_pipeline(encoder, classifier or LogisticRegression()).fit(frame.drop(columns=["y", "part"]), frame["y"])


SCHOOL = {"school": ["low", "middle", "high"]}


def table_of(frame: pd.DataFrame, **settings: object) -> ti.Table:
    return read(frame, **{"kinds": {"school": "ordinal"}, "levels": SCHOOL, "protected": ["sex"]} | settings)


def changed(found: estimator.Recourse, column: str) -> pd.DataFrame:
    return found.frame().query("column == @column")


@pytest.mark.parametrize("classifier", [None, HistGradientBoostingClassifier(max_iter=30, random_state=0)])
@pytest.mark.parametrize(("adverse", "threshold"), every_nth(2, [(0, 0.4), (0, 0.5), (1, 0.5), (1, 0.4)]))
def test_the_model_confirms_every_change(classifier, adverse, threshold):
    """The library's own predictions of the changed rows, of which the frame gives the values."""
    frame = income()
    pipeline = pipeline_of(frame, classifier)
    table = table_of(frame, adverse=adverse)
    found = ti.recourse(ti.wrap(pipeline), table, threshold=threshold)
    told = found.frame().query("model == 'network' and status == 'found'")
    assert len(told) >= 20
    inputs = frame[list(table.schema.inputs)]
    before, after = (inputs.loc[told["row"].unique()].copy() for _ in range(2))
    for row in told.itertuples():
        assert before.loc[row.row, row.column] == row.before
        assert row.before != row.after
        after.loc[row.row, row.column] = row.after
    assert ((pipeline.predict_proba(before)[:, 1] > threshold) == (adverse == 1)).all()
    assert ((pipeline.predict_proba(after)[:, 1] > threshold) == (adverse == 0)).all()


def test_directions_limits_and_columns_that_must_not_change():
    frame = income()
    table = table_of(frame)
    limits = {"changeable": "+", "low": -0.5, "high": 1.0}
    found = ti.recourse(
        ti.wrap(pipeline_of(frame)), table, changeable={"income": limits, "debt": "-", "school": "+", "job": "any"}
    )
    assert {one.column: one.changeable for one in found.declared} == {
        "income": "+",
        "debt": "-",
        "school": "+",
        "job": "any",
    }
    only = ti.recourse(ti.wrap(pipeline_of(frame)), table, changeable={"school": "+"})
    rises, falls, learns = changed(found, "income"), changed(found, "debt"), changed(only, "school")
    assert min(map(len, (rises, falls, learns))) > 0
    assert (rises["after"] > rises["before"]).all()
    assert rises["after"].between(-0.5, 1.0).all()
    assert (falls["after"] < falls["before"]).all()
    order = {"low": 0, "middle": 1, "high": 2}
    assert (learns["after"].map(order) > learns["before"].map(order)).all()


@pytest.mark.parametrize(("changeable", "sign"), [("+", 1), ("-", -1)])
@pytest.mark.parametrize("column", ["income", "school"])
def test_values_against_the_direction_are_not_allowed(changeable, sign, column):
    frame = income()
    table = table_of(frame)
    training = np.flatnonzero(~table.held_out)
    (made,) = choices(table, table.evaluated, training, [Constraint(column=column, changeable=changeable)])
    order = frame[column].map({"low": 0, "middle": 1, "high": 2}) if column == "school" else frame[column]
    values, own = order.to_numpy()[made.donors], order.to_numpy()[table.evaluated]
    assert (made.allowed == (sign * (values[None] - own[:, None]) > 0)).all()
    assert 0 < made.allowed.mean() < 1


def test_by_default_all_but_protected_and_immutable_columns_may_change():
    frame = income()
    found = ti.recourse(ti.wrap(pipeline_of(frame)), table_of(frame), immutable=["debt"])
    assert [one.column for one in found.declared] == ["income", "job", "school"]
    assert {one.changeable for one in found.declared} == {"any"}
    assert set(found.frame()["column"].dropna()) <= {"income", "job", "school"}


def test_a_change_of_level_costs_fifty_and_an_ordered_one_its_percentiles(monkeypatch):
    anything_goes(monkeypatch)
    frame = income()
    found = ti.recourse(ti.wrap(pipeline_of(frame)), table_of(frame), changeable={"job": "any", "school": "any"})
    training = frame[frame["part"] == "train"]
    places = training["school"].map({"low": 0, "middle": 1, "high": 2})
    made = found.frame().dropna(subset="column")
    assert len(made) > 10
    for _, of_row in made.groupby(["model", "row"]):
        expected = 0.0
        for row in of_row.itertuples():
            if row.column == "job":
                expected += LEVEL
                continue
            ends = [percentile(places, {"low": 0, "middle": 1, "high": 2}[end]) for end in (row.before, row.after)]
            expected += np.ceil(abs(ends[1] - ends[0]) - 1e-9)
        assert of_row["cost"].iloc[0] == expected
    assert found.level_cost == LEVEL == 50


def test_a_level_that_no_training_row_holds_is_not_offered():
    frame = income()
    frame.loc[frame.index[1], "job"] = "pilot"  # a held-out row
    table = table_of(frame)
    (made,) = choices(
        table, table.evaluated, np.flatnonzero(~table.held_out), [Constraint(column="job", changeable="any")]
    )
    assert sorted(frame["job"].to_numpy()[made.donors]) == ["clerk", "cook", "guard"]


def test_missing_values_stay_missing():
    frame = income()
    frame.loc[frame.index[::5], "income"] = np.nan
    classifier = HistGradientBoostingClassifier(max_iter=30, random_state=0)
    classifier.fit(frame[["income", "debt"]], frame["y"])
    table = read(frame[["income", "debt", "y", "part"]])
    found = ti.recourse(ti.wrap(classifier), table)
    made = found.frame().dropna(subset="column")
    missing = frame.index[frame["income"].isna()]
    assert made["after"].notna().all()
    assert made["before"].notna().all()
    assert set(made["row"]) & set(missing)  # their other column changes
    assert set(made.query("row in @missing")["column"]) == {"debt"}


def test_percentiles_are_weighted():
    """A weight of two is the same as the row twice, and training rows of weight 0 hold no values."""
    draw = np.random.default_rng(0)
    frame = whole_numbers(2, levels=12).assign(w=draw.integers(1, 4, 240).astype(float))
    frame.loc[0, ["c0", "w"]] = [99.0, 0.0]
    table = read(frame, weight="w")
    training = np.flatnonzero(~table.held_out)
    (made,) = choices(table, table.evaluated, training, [Constraint(column="c0", changeable="any")])
    rows, w = frame.loc[training], frame["w"].to_numpy()[training]
    values = frame["c0"].to_numpy()[made.donors]
    assert 99.0 not in values
    for i, row in enumerate(table.evaluated):
        own = percentile(rows["c0"], frame["c0"][row], w)
        shifts = [abs(percentile(rows["c0"], value, w) - own) for value in values]
        assert made.cost[i].tolist() == np.maximum(1, np.ceil(np.array(shifts) - 1e-9)).tolist()


def test_a_change_that_leads_to_a_row_unlike_all_others_is_not_recourse():
    """Two columns are almost the same: changing one alone makes a row such as there is none."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=600)
    frame = pd.DataFrame(
        {"a": x, "b": x + 0.15 * draw.normal(size=600), "y": (x + draw.normal(size=600) > 0).astype(int)}
    )
    frame["part"] = ["train", "test"] * 300
    model = ti.wrap(LogisticRegression(C=0.01).fit(frame[["a", "b"]], frame["y"]))
    alone = ti.recourse(model, read(frame), model, changeable=["a"])
    assert (alone.changes.status == "implausible").mean() > 0.7
    assert alone.network.without[2] > 0.7
    assert np.isnan(alone.changes.cost[alone.changes.status == "implausible"]).all()
    assert alone.frame().query("status == 'implausible'")["column"].isna().all()
    both = ti.recourse(model, read(frame), model)  # moved together, they stay alike
    assert (both.changes.status == "found").all()


# ---- shares


def without_recourse(
    rows: int = 1200, groups: bool = False, weights: bool = False, seed: int = 0
) -> tuple[ti.Table, ti.Model]:
    """Rows of type 0 are declined for good; those of type 1 can be turned. Type 0 is more frequent among women."""
    draw = np.random.default_rng(seed)
    sex = draw.choice(["f", "m"], rows)
    kind = (draw.random(rows) < np.where(sex == "f", 0.4, 0.7)).astype(float)
    frame = pd.DataFrame({"fixed": kind, "free": draw.integers(0, 10, rows).astype(float), "sex": sex})
    frame["y"] = ((kind == 1) & (frame["free"] > 5)).astype(int)
    frame["part"] = np.repeat(["train", "test"], rows // 2)
    settings: dict[str, object] = {"drop": [], "protected": ["sex"]}
    if groups:
        frame["unit"] = draw.integers(0, rows // 8, rows)
        frame["unit"] += np.where(frame["part"] == "test", 10_000, 0)
        settings["group"] = "unit"
    if weights:
        frame["w"] = draw.exponential(size=rows) + 0.2
        settings["weight"] = "w"
    module = nn.Sequential(nn.Linear(2, 1))
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[20.0, 1.0]]))
        module[0].bias.fill_(-25.5)
    encoder = make_column_transformer(("passthrough", ["fixed", "free"])).fit(frame[["fixed", "free", "sex"]])
    table = read(frame, **settings)
    return table, ti.wrap(module, encoder=encoder, classes=[0, 1])


def test_shares_by_group_and_their_test(monkeypatch):
    anything_goes(monkeypatch)
    table, model = without_recourse()
    found = ti.recourse(model, table, model, changeable=["free"])
    frame = table.frame.iloc[found.numbers]
    without = (frame["fixed"] == 0).to_numpy()
    assert ((found.changes.status == "none") == without).all()
    assert 0.2 < without.mean() < 0.9
    assert found.network.without[0] == pytest.approx(without.mean())
    assert found.network.without[2:] == pytest.approx(
        stats.binomtest(int(without.sum()), len(without)).proportion_ci(method="wilson"), abs=2e-3
    )
    for one in found.groups:
        inside = (frame["sex"] == one.conditions[0].level).to_numpy()
        p, q, n, m = without[inside].mean(), without[~inside].mean(), inside.sum(), (~inside).sum()
        assert one.share[0] == pytest.approx(p)
        assert one.difference[0] == pytest.approx(p - q)
        pooled = without.mean()
        z = (p - q) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m) * (n + m) / (n + m - 1))
        counts = [[round(p * n), n - round(p * n)], [round(q * m), m - round(q * m)]]
        expected = max(2 * stats.t.sf(abs(z), n + m - 1), stats.fisher_exact(counts).pvalue)
        assert one.p == pytest.approx(expected, rel=1e-6)
        assert one.difference[2] < p - q < one.difference[3]
    assert [one.conditions[0].level for one in found.groups] == ["f", "m"]
    assert found.groups[0].p == pytest.approx(found.groups[1].p)
    assert found.groups[0].p < 0.001


@pytest.mark.nightly
def test_groups_with_the_same_share_are_seldom_told_apart():
    """5% of 500 rows without recourse, in groups of 350, 100 and 50 of which only counts of 0 or at least ten are shown."""
    draw, raised = np.random.default_rng(0), 0
    frame = pd.DataFrame({"x": draw.normal(size=500), "y": draw.integers(0, 2, 500)})
    table = ti.read_table(frame, target="y", positive=1)
    for _ in range(200):
        without, group = draw.random(500) < 0.05, draw.choice(3, 500, p=[0.7, 0.2, 0.1])
        shown = [g for g in range(3) if all(n == 0 or n >= 10 for n in np.bincount(without[group == g], minlength=2))]
        raised += any(_rejected([1.0, *(estimator._group(table, without, group == g, ()).p for g in shown)]))
    assert raised <= 16  # 5%, and two standard errors more


def test_shares_of_weighted_rows(monkeypatch):
    anything_goes(monkeypatch)
    table, model = without_recourse(weights=True)
    found = ti.recourse(model, table, model, changeable=["free"])
    frame = table.frame.iloc[found.numbers]
    without, w = (frame["fixed"] == 0).to_numpy(), frame["w"].to_numpy()
    assert found.network.without[0] == pytest.approx(np.average(without, weights=w))
    women = (frame["sex"] == "f").to_numpy()
    expected = np.average(without[women], weights=w[women]) - np.average(without[~women], weights=w[~women])
    assert found.groups[0].difference[0] == pytest.approx(expected)
    assert found.network.cost[0] == pytest.approx(np.average(found.changes.cost[~without], weights=w[~without]))
    error = np.sqrt(np.sum((w * (without - np.average(without, weights=w))) ** 2)) / w.sum()
    assert found.network.without[1] == pytest.approx(error, rel=0.01)


def test_errors_of_rows_in_groups(monkeypatch):
    anything_goes(monkeypatch)
    table, model = without_recourse(groups=True)
    found = ti.recourse(model, table, model, changeable=["free"])
    frame = table.frame.iloc[found.numbers]
    y, unit = (frame["fixed"] == 0).to_numpy(dtype=float), frame["unit"].to_numpy()
    women = (frame["sex"] == "f").to_numpy()
    moved = (y - y.mean()) * (women / women.sum() - ~women / (~women).sum())
    sums = pd.Series(moved).groupby(unit).sum().to_numpy()
    g = len(sums)
    t = found.groups[0].difference[0] / np.sqrt(np.sum(sums**2) * g / (g - 1))
    assert found.groups[0].p == pytest.approx(2 * stats.t.sf(abs(t), g - 1), rel=1e-6)
    sums = pd.Series((y - y.mean()) / len(y)).groupby(unit).sum().to_numpy()
    assert found.network.without[1] == pytest.approx(np.sqrt(np.sum(sums**2) * g / (g - 1)))


def test_both_models_on_the_rows_that_both_decline(monkeypatch):
    """The linear model can turn all rows that it declines, the network only those of type 1."""
    anything_goes(monkeypatch)
    table, model = without_recourse(2400)
    linear = nn.Sequential(nn.Linear(2, 1))
    with torch.no_grad():
        linear[0].weight.copy_(torch.tensor([[1.0, 1.0]]))
        linear[0].bias.fill_(-4.5)
    encoder = make_column_transformer(("passthrough", ["fixed", "free"])).fit(table.frame[["fixed", "free", "sex"]])
    other = ti.wrap(linear, encoder=encoder, classes=[0, 1])
    found = ti.recourse(model, table, other, changeable=["free"])
    frame = table.frame.iloc[found.numbers]
    both = (frame["fixed"] + frame["free"] < 4.5).to_numpy()
    assert found.both_rows == both.sum()
    assert found.both_told
    assert found.linear.without[0] == 0.0
    expected = (frame["fixed"] == 0).to_numpy()[both]
    assert found.network_on_both[0] == pytest.approx(expected.mean())
    assert found.difference[0] == pytest.approx(expected.mean())
    assert found.difference[1] == pytest.approx(expected.std(ddof=1) / np.sqrt(len(expected)))
    same = ti.recourse(model, table, model, changeable=["free"])
    assert same.difference[0] == 0
    assert same.difference[3] == pytest.approx(-np.log(0.05) / same.rows)


def test_the_same_rows_have_the_same_recourse():
    frame = income(400)
    table, model = table_of(frame), ti.wrap(pipeline_of(frame))
    one, two = (ti.recourse(model, table) for _ in range(2))
    pd.testing.assert_frame_equal(one.frame(), two.frame())
    few = one.changes.rows[:12][::-1]
    positions = np.flatnonzero(np.isin(table.numbers, one.numbers[few]))
    again = ti.recourse(model, table, rows=positions)
    expected = one.frame().query("model == 'network' and row in @again.numbers").reset_index(drop=True)
    found = again.frame().query("model == 'network'").reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)
    mask = np.zeros(len(table), dtype=bool)
    mask[positions] = True
    pd.testing.assert_frame_equal(ti.recourse(model, table, rows=mask).frame(), again.frame())


def test_at_most_five_hundred_rows_are_drawn(monkeypatch):
    anything_goes(monkeypatch)
    monkeypatch.setattr(estimator, "ROWS", 60)
    table, model = without_recourse()
    found = ti.recourse(model, table, model, changeable=["free"])
    assert found.rows == 60 < found.declined_rows
    other = ti.recourse(model, table, model, changeable=["free"], seed=1)
    assert set(found.numbers) != set(other.numbers)


# ---- what is withheld


def crafted(status: np.ndarray, changed: np.ndarray) -> estimator.Changes:
    cost = np.where(status == "found", 10.0 + np.arange(len(status)) % 3, np.nan)
    rows, sure = np.arange(len(status)), np.ones(len(status), dtype=bool)
    names = tuple(f"c{i}" for i in range(changed.shape[1]))
    return estimator.Changes(rows, status, cost, sure, names, changed, pd.DataFrame(), True)


def statuses(found: int, implausible: int, none: int) -> np.ndarray:
    return np.repeat(np.array(["found", "implausible", "none"], dtype=object), [found, implausible, none])


@pytest.mark.parametrize(
    ("counts", "without", "only"),
    [
        ((150, 20, 30), 0.25, 0.1),
        ((150, 45, 5), 0.25, None),  # the 5 rows without any valid change are the difference
        ((150, 5, 45), 0.25, None),
        ((195, 0, 5), None, None),
        ((5, 150, 45), None, 0.75),
        ((150, 0, 50), 0.25, 0.0),
    ],
)
def test_shares_that_tell_of_one_to_nine_rows_are_withheld(counts, without, only):
    table = read(whole_numbers(1, rows=400)).take(np.arange(200))
    status = statuses(*counts)
    changed = np.zeros((200, 2), dtype=bool)
    changed[status == "found", 0] = True
    found = estimator._shares(table, crafted(status, changed))
    for share, expected in ((found.without, without), (found.only_implausible, only)):
        assert (None if np.isnan(share[0]) else share[0]) == expected
    told = counts[0] >= 10 and 200 - counts[0] >= 10
    assert np.isfinite(found.cost[0]) == told
    assert np.isfinite(found.columns[0][0]) == told


def test_a_quartile_that_rounding_leaves_at_nothing_is_not_shown():
    """Ten costs between 20 and 29 share no number but 0, which no change costs."""
    n = 20
    costs = np.where(np.arange(n) < 10, 20.0 + np.arange(n), np.nan)
    status = np.where(np.isnan(costs), "none", "found").astype(object)
    frame = pd.DataFrame({"x": np.arange(n), "y": np.arange(n) % 2})
    table = ti.read_table(frame, target="y", positive=1)
    one = np.ones((n, 1), dtype=bool)
    changes = estimator.Changes(np.arange(n), status, costs, one[:, 0], ("x",), one, frame[["x"]], True)
    shares = estimator._shares(table, changes)
    assert np.isnan(shares.quartiles).all() or min(shares.quartiles) > 0
    assert shares.cost[0] == pytest.approx(24.5)


def test_columns_changed_in_few_rows_are_withheld_with_another():
    """Where every row changes one column, the counts of all columns add up to the number of rows."""
    table = read(whole_numbers(1, rows=400)).take(np.arange(200))
    changed = np.zeros((200, 3), dtype=bool)
    changed[np.arange(200), np.repeat([0, 1, 2], [140, 55, 5])] = True
    found = estimator._shares(table, crafted(statuses(200, 0, 0), changed))
    shown = [bool(np.isfinite(one[0])) for one in found.columns]
    assert sum(shown) == 1
    assert not shown[2]
    assert np.isnan(found.one_column[0])


@pytest.mark.parametrize(
    ("network_only", "linear_only", "elsewhere", "told"),
    [(20, 30, 20, True), (0, 30, 20, True), (5, 30, 20, False), (20, 5, 20, False), (20, 30, 5, False)],
)
def test_the_difference_is_withheld_where_it_tells_of_few_rows(network_only, linear_only, elsewhere, told):
    """`elsewhere`: rows without recourse under the network among the 60 that it alone declines."""
    table = read(whole_numbers(1, rows=600)).take(np.arange(260))
    both = np.arange(260) < 200
    mine, theirs = statuses(260, 0, 0), statuses(200, 0, 0)
    mine[:network_only], theirs[network_only : network_only + linear_only] = "none", "none"
    mine[150:165], theirs[150:165] = "none", "none"
    mine[200 : 200 + elsewhere] = "none"
    changes = [crafted(one, np.zeros((len(one), 1), dtype=bool)) for one in (mine, theirs)]
    share, difference = estimator._compared(table, *changes, both, True)
    assert np.isfinite(share[0]) == np.isfinite(difference[0]) == told
    if told:
        assert share[0] == pytest.approx((network_only + 15) / 200)
        assert difference[0] == pytest.approx((network_only - linear_only) / 200)
    assert np.isnan(estimator._compared(table, *changes, both, False)[0][0])


def test_a_group_whose_rows_without_recourse_are_few_is_not_shown(monkeypatch):
    anything_goes(monkeypatch)
    table, model = without_recourse()
    frame = table.frame.copy()
    women = np.flatnonzero((frame["sex"] == "f") & (frame["part"] == "test") & (frame["fixed"] == 0))
    frame.loc[women[5:], "fixed"] = 1.0  # five are left
    few = ti.recourse(model, read(frame, protected=["sex"]), model, changeable=["free"])
    assert 1 <= ((few.changes.status == "none") & (frame["sex"].to_numpy()[few.numbers] == "f")).sum() < 10
    assert few.groups == ()  # nor that of the others, from which it follows


# ---- validity and plausibility


def test_a_change_that_the_model_does_not_confirm_is_no_recourse(monkeypatch):
    """The search takes every change for a flip; the model says no."""
    anything_goes(monkeypatch)
    frame = whole_numbers(2)
    module = nn.Sequential(nn.Linear(2, 1))
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[1.0, 1.0]]))
        module[0].bias.fill_(-100.0)
    model = ti.wrap(module, encoder="passthrough", classes=[0, 1])
    monkeypatch.setattr(Decisions, "_margin", lambda self, scores: np.ones(len(scores)))
    found = ti.recourse(model, read(frame), model)
    assert (found.changes.status == "none").all()
    assert not found.changes.changed.any()


def test_a_row_that_is_atypical_already_may_stay_so(monkeypatch):
    """Its change counts unless it makes the row more atypical than it was."""
    odd = {0: 0.995, 1: 0.999}

    def judged(bound: object, rows: pd.DataFrame, seed: int = 0) -> SimpleNamespace:
        oddness = np.full(len(rows), 0.995)
        before.append(len(before))
        if before[-1] == 0:  # of the rows before their changes
            oddness[::2], oddness[1::2] = odd[0], odd[1] - 0.01
        return SimpleNamespace(outward=oddness, far=0.99)

    before: list[int] = []
    frame = whole_numbers(1, rows=400)
    module = nn.Linear(1, 1)
    with torch.no_grad():
        module.weight.fill_(1.0)
        module.bias.fill_(-0.5)
    model = ti.wrap(module, encoder="passthrough", classes=[0, 1])
    monkeypatch.setattr(estimator, "typicality", judged)
    found = ti.recourse(model, read(frame), model)
    assert found.changes.status[::2].tolist() == ["found"] * len(found.changes.status[::2])
    assert set(found.changes.status[1::2]) == {"implausible"}


# ---- arguments


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"changeable": ["salary"]}, "unknown column 'salary'"),
        ({"changeable": ["sex"]}, "column 'sex' cannot be declared changeable, because it is protected"),
        ({"changeable": {"income": "up"}}, r"'changeable' of column 'income' must be '\+'"),
        ({"changeable": {"job": "+"}}, "categorical"),
        ({"changeable": {"income": {"low": 0.0}}}, "must have the key 'changeable'"),
        ({"changeable": []}, "no column to change"),
        ({"immutable": ["salary"]}, "must name input columns"),
        (
            {"changeable": ["income"], "immutable": ["income"]},
            "changeable= and immutable= must not name the same columns",
        ),
        ({"threshold": 1.0}, "between 0 and 1"),
        ({"rows": [300]}, "positions from 0 to 299"),
        ({"rows": [0.5]}, "positions from 0 to 299"),
        ({"rows": [True, False]}, "mask of 300 rows"),
    ],
)
def test_wrong_arguments_are_refused(given, said):
    frame = income()
    with pytest.raises(TabinterpError, match=said):
        ti.recourse(ti.wrap(pipeline_of(frame)), table_of(frame), **given)


def test_where_recourse_does_not_apply():
    frame = income()
    model = ti.wrap(pipeline_of(frame))
    for settings, key in (
        ({"adverse": None}, "why.adverse.unstated"),
        ({"target": "income", "task": "regression"}, "why.recourse.task"),
    ):
        table = table_of(frame, **{"positive": None if "target" in settings else 1, "adverse": None} | settings)
        with pytest.raises(NotApplicableError) as refused:
            ti.recourse(model, table)
        assert refused.value.reason.key == key
    table = table_of(frame)
    approved = np.flatnonzero(bind(model, table).scores[:, 0] > 0)
    with pytest.raises(NotApplicableError) as refused:
        ti.recourse(model, table, rows=approved)
    assert refused.value.reason.key == "why.recourse.none"


# ---- in an audit

DECLARED = {
    "income": {"changeable": "+", "high": 1.5},
    "debt": {"direction": "-", "changeable": "-"},
    "job": {"changeable": True},
}


def test_an_audit_measures_recourse_where_it_was_declared():
    frame = income(800)
    table, model = table_of(frame), ti.wrap(pipeline_of(frame))
    audit = ti.audit(model, table, constraints=DECLARED, analyses=["recourse", "constraints"])
    audit.check()
    record = audit.document.analyses["recourse"]
    found = ti.recourse(
        model,
        table,
        audit.counterpart if hasattr(audit, "counterpart") else None,
        changeable={"income": {"changeable": "+", "high": 1.5}, "debt": "-", "job": "any"},
    )
    assert record.network.without.value == found.network.without[0]
    assert record.rows == found.rows
    assert [(one.column, one.changeable, one.high) for one in record.columns] == [
        ("income", "+", 1.5),
        ("debt", "-", None),
        ("job", "any", None),
    ]
    assert [row.column for row in audit.document.groups.constraints.columns] == [
        "income",
        "debt",
    ]  # a domain, and a direction
    assert 'id="recourse"' in audit.to_html()
    again = ti.Audit.from_json(audit.to_json())
    assert again.to_json() == audit.to_json()
    settings = again.document.settings.arguments()["constraints"]
    assert settings == {
        "income": {"high": 1.5, "changeable": "+"},
        "debt": {"direction": "-", "changeable": "-"},
        "job": {"changeable": "any"},
    }


def test_an_audit_without_changeable_columns_says_nothing_of_recourse():
    frame = income()
    table, model = table_of(frame), ti.wrap(pipeline_of(frame))
    audit = ti.audit(model, table, constraints={"income": "+"}, analyses=["recourse"])
    assert "recourse" not in audit.document.analyses
    assert 'id="recourse"' not in audit.to_html()
    finding = next(one for one in audit.document.findings if one.slug == "no-recourse")
    assert finding.status == "not_applicable"


def test_a_record_that_contradicts_itself_is_refused():
    frame = income(800)
    audit = ti.audit(ti.wrap(pipeline_of(frame)), table_of(frame), constraints=DECLARED, analyses=["recourse"])
    record = audit.document.analyses["recourse"]
    share = record.network.without.model_copy(update={"value": 0.5, "low": 0.4, "high": 0.6})
    for update in (
        {"network_on_both": share, "linear": record.linear.model_copy(update={"without": share}), "difference": share},
        {
            "network": record.network.model_copy(
                update={"without": share, "only_implausible": share.model_copy(update={"value": 0.6})}
            )
        },
        {"network": record.network.model_copy(update={"without": share.model_copy(update={"high": 1.2})})},
    ):
        with pytest.raises(DocumentError):
            record.model_copy(update=update).check_claims(audit.document)


def test_a_function_of_rows_keeps_to_its_budget():
    frame = income(400)
    pipeline = pipeline_of(frame, HistGradientBoostingClassifier(max_iter=20, random_state=0))
    asked = []

    def function(rows: pd.DataFrame) -> np.ndarray:
        asked.append(len(rows))
        return pipeline.predict_proba(rows)[:, 1]

    table = table_of(frame)
    model = ti.wrap(function, classes=[0, 1])
    audit = ti.audit(model, table, constraints={"income": {"changeable": "+"}}, analyses=["recourse"], budget=60_000)
    record = audit.document.analyses["recourse"]
    assert 10 <= record.rows < record.declined_rows
    assert sum(asked) <= 60_000


def test_columns_that_the_encoder_mixes():
    """Principal components: each changed row is encoded again."""
    frame = income()[["income", "debt", "y", "part"]]
    pipeline = make_pipeline(StandardScaler(), PCA(), MLPClassifier((4,), max_iter=400, random_state=0))
    pipeline.fit(frame[["income", "debt"]], frame["y"])
    model = ti.wrap(pipeline)
    table = read(frame)
    assert not bind(model, table).is_local(("income",))
    found = ti.recourse(model, table, changeable={"income": "+"})
    assert found.values == estimator.FEW_VALUES
    told = found.frame().query("model == 'network' and status == 'found'").set_index("row")
    assert len(told) >= 20
    after = frame.loc[told.index, ["income", "debt"]].assign(income=told["after"])
    assert (pipeline.predict(after) == 1).all()
    assert (pipeline.predict(frame.loc[told.index, ["income", "debt"]]) == 0).all()


GERMAN = Path(__file__).parents[2] / "datasets" / "german_credit.csv"


def test_the_command_audits_recourse_of_german_credit(tmp_path, monkeypatch, capsys):
    """The columns that people can change, and nothing else, come from the constraints file."""
    frame = pd.read_csv(GERMAN)
    numbers, levels = ["duration", "amount"], ["status", "savings"]
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder = make_column_transformer((StandardScaler(), numbers), (one_hot, levels))
    bad = frame["credit_risk"] == "bad"
    pipeline = make_pipeline(encoder, LogisticRegression(class_weight="balanced")).fit(frame[numbers + levels], bad)
    skops.io.dump(pipeline, tmp_path / "model.skops")
    frame = frame[[*numbers, *levels, "age"]].assign(
        outcome=bad, part=np.where(np.arange(len(frame)) % 2, "train", "test")
    )
    frame.to_csv(tmp_path / "german.csv", index=False)
    declared = '[columns.duration]\nchangeable = "-"\nlow = 6\n[columns.savings]\nchangeable = true\n'
    (tmp_path / "constraints.toml").write_text(declared, encoding="utf-8")
    arguments = [
        "audit",
        "model.skops",
        "--data",
        "german.csv",
        "--target",
        "outcome",
        "--positive",
        "True",
        "--adverse",
        "True",
    ]
    arguments += ["--protected", "age", "--split", "part", "--analyses", "recourse", "--out", "out", "--quiet"]
    arguments += ["--constraints", "constraints.toml"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["tabinterp", *arguments])
    handler = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as left:
            commands.run()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert left.value.code in (0, None), capsys.readouterr().err
    document = ti.Audit.from_json((tmp_path / "out" / "audit.json").read_text(encoding="utf-8")).document
    record = document.analyses["recourse"]
    assert [(one.column, one.changeable, one.low) for one in record.columns] == [
        ("duration", "-", 6.0),
        ("savings", "any", None),
    ]
    assert record.declined == "True"
    assert record.rows == record.declined_rows > 100
    assert record.network.is_exact  # a logistic regression
    assert record.network.without.high is not None
    assert 'id="recourse"' in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    (finding,) = (one for one in document.findings if one.slug == "no-recourse")
    assert finding.status in ("raised", "cleared")
