"""Inside an analysis no group stands on both sides: persons whose outcome was a coin toss cannot be predicted by any of them."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder
from torch import nn

import tabinterp as ti
from tabinterp.analyses.alternatives import estimator as alternatives
from tabinterp.analyses.boosted_trees import estimator as boosted
from tabinterp.analyses.constraints import estimator as constraints
from tabinterp.analyses.data_quality import drift
from tabinterp.analyses.data_quality import univariate_signal as power
from tabinterp.analyses.decomposition import estimator as decomposition
from tabinterp.analyses.disagreement import estimator as disagreement
from tabinterp.analyses.drop_column.estimator import drop_and_refit
from tabinterp.analyses.ladder import estimator as ladder
from tabinterp.analyses.maximisation import typicality
from tabinterp.analyses.off_support import estimator as offsupport
from tabinterp.analyses.performance.estimator import null_loss
from tabinterp.analyses.permutation_importance import strata
from tabinterp.analyses.permutation_importance.off_support_share import Support
from tabinterp.analyses.proxies.estimator import proxies
from tabinterp.analyses.subgroup_gaps import estimator as weak
from tabinterp.errors import ModelError, NotApplicableError
from tabinterp.linear import counterpart, penalised
from tabinterp.linear.counterpart import fit_counterpart
from tabinterp.linear.penalised import STRENGTHS, fit_numbers, strength_of
from tabinterp.models import bind
from tabinterp.network import reference
from tabinterp.network.encoder import fitted_encoder
from tabinterp.network.reference import fit_network
from tabinterp.table.folds import by_group, dealt, folds
from tests.shared import every_nth

TASKS = ("binary", "multiclass", "regression", "count")
PERSONS, EACH = 40, 10
ENOUGH = 100  # persons, of whom twenty of every class are on either side


@functools.cache
def persons(task="binary", split=True, count=PERSONS):
    """The column `code` names the person; outcome and group of a person are draws of their own; `x` says nothing."""
    draw = np.random.default_rng(5)
    person = draw.permutation(np.repeat(np.arange(count), EACH))
    outcome = {
        "binary": np.where(draw.permutation(count) < count / 2, "no", "yes"),
        "multiclass": np.array(["a", "b", "c"])[draw.permutation(count) % 3],
        "regression": draw.normal(size=count),
        "count": draw.poisson(2.0, count),
    }[task]
    frame = pd.DataFrame(
        {
            "code": np.array([f"p{i:02d}" for i in range(count)])[person],
            "x": draw.normal(size=len(person)),
            "side": np.where(draw.permutation(count) < count / 2, "left", "right")[person],
            "set": np.where(draw.permutation(count) < count / 2, "train", "test")[person],
            "person": person,
            "y": outcome[person],
        }
    )
    more = {"split": "set"} if split else {"drop": ["side", "set"]}
    more |= {"adverse": "no"} if task == "binary" else {}
    return ti.read_table(
        frame, target="y", task=task, group="person", protected=["side"], **({"drop": ["side"]} | more)
    )


def bound(task="binary", split=True, count=PERSONS):
    """A linear network on one indicator for each person."""
    table = persons(task, split, count)
    encoder = fitted_encoder(table.inputs, {"code": "categorical", "x": "numeric"})
    outputs, width = (3 if task == "multiclass" else 1), encoder.transform(table.inputs).shape[1]
    layer = nn.Linear(width, outputs)
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(np.random.default_rng(0).normal(size=(outputs, width))))
    return bind(ti.wrap(layer, encoder=encoder, task=task), table)


def apart(table, parts):
    """Every row is judged once, and no group is both fitted and judged."""
    assert len(parts) > 1
    assert sorted(np.concatenate([judged for _, judged in parts])) == list(range(len(table)))
    for fitted, judged in parts:
        assert not set(table.groups[fitted]) & set(table.groups[judged])


# ---- the functions that make the parts


@pytest.mark.parametrize("make", [folds, dealt])
def test_a_group_is_in_one_part_whatever_the_order_of_rows(make):
    table = persons()
    part = make(table, 3, 4)
    assert set(part) == {0, 1, 2, 3}
    assert (pd.Series(part).groupby(table.groups).nunique() == 1).all()
    order = np.random.default_rng(0).permutation(len(table))
    np.testing.assert_array_equal(make(table.take(order), 3, 4), part[order])
    if make is dealt:
        assert np.ptp(pd.Series(part).groupby(table.groups).first().value_counts()) == 0


def test_parts_become_fewer_until_every_class_is_left_to_fit():
    groups = np.repeat(np.arange(10), 4)
    for rare in (7, 4, 3, 2):
        strata = (groups < rare).astype(int)
        parts = by_group(strata, groups, [0, 1], 5, 0)
        assert len(parts) == 5
        assert all(set(strata[fitted]) == {0, 1} for fitted, _ in parts)
    parts = by_group(np.arange(12) // 8, np.arange(12) // 4, [0, 1], 5, 0)
    assert parts == []  # class 1 is in the third of three groups alone
    assert len(by_group(np.arange(12) // 8, np.arange(12) // 4, [0], 5, 0)) == 3
    assert by_group((groups < 1).astype(int), groups, [0, 1], 5, 0) == []
    assert len(by_group((groups < 1).astype(int), groups, [0], 5, 0)) == 5  # the other class may be missing
    assert by_group(groups * 0, groups * 0, [0], 5, 0) == []


# ---- penalties


@pytest.mark.parametrize("task", every_nth(2, TASKS))
def test_the_counterpart_learns_nothing_from_persons_it_cannot_know(task):
    """By rows its penalty is weak, because each person is on both sides, and its scores range over several units."""
    found = bind(fit_counterpart(bound(task), persons(task)), persons(task))
    training = ~persons(task).held_out
    assert found.scores[training].std() < (0.7 * persons(task).y[training].std() if task == "regression" else 0.3)


def test_a_class_of_one_person_is_named():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"x": draw.normal(size=80), "g": np.arange(80) // 4, "y": "no"})
    frame.loc[frame["g"] == 3, "y"] = "yes"
    table = ti.read_table(frame, target="y", group="g")
    model = ti.wrap(nn.Linear(1, 1), encoder="passthrough", task="binary")
    with pytest.raises(NotApplicableError, match="class 'yes' of target 'y' occurs in only 1 of 20 groups"):
        fit_counterpart(model, table)
    with pytest.raises(NotApplicableError, match="training rows of at least one class are in too few groups"):
        strength_of(table.inputs.to_numpy(), table, 0)
    with pytest.raises(
        NotApplicableError, match="too few groups of training rows to choose the number of boosting rounds"
    ):
        boosted._apart(table, 0)


@pytest.mark.parametrize("task", ["regression", "count"])
def test_numbers_of_one_person_have_no_penalty(task):
    frame = pd.DataFrame({"x": np.arange(20.0), "g": 1, "y": np.arange(20)})
    table = ti.read_table(frame, target="y", group="g", task=task)
    model = ti.wrap(nn.Linear(1, 1), encoder="passthrough", task=task)
    with pytest.raises(NotApplicableError, match=r"training rows .*are in (the same group|too few groups)"):
        fit_counterpart(model, table)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_ridge_is_the_one_of_a_search_over_groups(weighted):
    draw = np.random.default_rng(1)
    x, groups = draw.normal(size=(90, 6)), np.arange(90) // 5
    y = x[:, 0] + draw.normal(size=18)[groups] + draw.normal(size=90)
    w = draw.integers(1, 4, 90).astype(float) if weighted else None
    found = fit_numbers(x, y, w, 0, groups)
    parts = by_group(np.zeros(90, dtype=np.int64), groups, [0], 5, 0)
    at = np.repeat(np.arange(90), 1 if w is None else w.astype(int))  # a row of weight 3 is three rows

    def places(rows):
        return np.flatnonzero(np.isin(at, rows))

    search = GridSearchCV(
        Ridge(),
        {"alpha": 90 * np.logspace(-7, 1, 17)},
        cv=[(places(fitted), places(judged)) for fitted, judged in parts],
        scoring=lambda model, a, b: -((b - model.predict(a)) ** 2).sum(),
    ).fit(x[at], y[at])
    assert found.alpha_ == search.best_params_["alpha"]
    assert found.alpha_ > 90 * 1e-7
    np.testing.assert_allclose(found.coef_, search.best_estimator_.coef_, rtol=1e-6)


def test_refits_take_the_strongest_penalty():
    table = persons().training_rows()
    x = StandardScaler().fit_transform(pd.get_dummies(table.inputs, dtype=float))
    assert strength_of(x, table, 0) == STRENGTHS[0]


def recorded(monkeypatch, module, name="by_group"):
    """What the module's own function makes, call by call, with the groups it was given."""
    calls, real = [], getattr(module, name)

    def make(*args):
        calls.append((args, real(*args)))
        return calls[-1][1]

    monkeypatch.setattr(module, name, make)
    return calls


@pytest.mark.parametrize("task", every_nth(2, TASKS))
def test_every_refit_and_the_trees_choose_by_group(task, monkeypatch):
    monkeypatch.setattr(penalised, "StratifiedKFold", None)  # the folds of rows
    fitted, rounds = recorded(monkeypatch, penalised), recorded(monkeypatch, boosted)
    network = bound(task, count=ENOUGH)
    linear = bind(fit_counterpart(network, network.table), network.table)
    ladder.ladder(network, network.table)
    drop_and_refit(linear, network.table)
    if task == "binary":
        alternatives.alternatives(network, linear, ["code"])
    assert len(fitted) == (5 if task == "binary" else 4)  # the counterpart, two rungs at least, without columns
    reference_ = boosted.boosted(network, 0.01)
    assert len(rounds) == 1
    for (_, groups, *_), parts in [*fitted, *rounds]:
        for one, other in parts:
            assert not set(groups[one]) & set(groups[other])
    if reference_.metric.name == "log_loss":
        assert reference_.rounds <= 3  # by rows a hundred rounds of trees still gain


# ---- early stopping of networks


@pytest.mark.parametrize("task", every_nth(4, TASKS[::-1]))
def test_a_network_stops_on_persons_it_was_not_trained_on(task, monkeypatch):
    """Its loss on these is no less than that of one constant for all of them; by rows it was near zero."""
    calls, table = (
        recorded(monkeypatch, reference),
        persons(task, count=4 * PERSONS),
    )  # few persons may be alike by chance
    x = fitted_encoder(table.inputs, {"code": "categorical", "x": "numeric"}).transform(table.inputs)
    fitted = fit_network(x, table.y, task=task, n_classes=3, groups=table.groups, hidden=(8,))
    ((_, parts),) = calls
    apart(table, parts)
    held = parts[0][1]
    assert 0.08 < len(held) / len(table) < 0.22
    assert fitted.validation_loss > 0.8 * null_loss(task, table.y[held], np.ones(len(held)))


def test_networks_of_every_seed_and_of_shuffled_labels_stop_by_group(monkeypatch):
    calls = recorded(monkeypatch, reference)
    trained = ti.train(persons(), seeds=2, null=True)
    assert len(calls) == 3
    for (_, groups, *_), parts in calls:
        np.testing.assert_array_equal(groups, persons().training_rows().groups)
        apart(persons().training_rows(), parts)
    assert len({tuple(parts[0][1]) for _, parts in calls}) > 1  # another seed stops on others
    assert min(trained.validation_loss) > 0.5


def test_a_network_of_one_person_cannot_stop():
    with pytest.raises(ModelError, match="all 12 training rows are in the same group"):
        fit_network(np.ones((12, 1)), np.arange(12.0), task="regression", groups=np.zeros(12, dtype=np.int64))


def test_rows_of_weight_zero_take_their_groups_along():
    x, groups = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) // 3
    y, w = (x[:, 0] > 0).astype(float), np.where(groups < 5, 0.0, 1.0)
    kept = w > 0
    one = fit_network(x, y, task="binary", weights=w, groups=groups)
    other = fit_network(x[kept], y[kept], task="binary", groups=groups[kept])
    assert one.validation_loss == other.validation_loss


# ---- a target encoder


def test_a_target_encoder_is_fitted_on_other_persons(monkeypatch):
    """By rows it tells the person's outcome from the person's other rows."""
    table = persons()
    encoder = ColumnTransformer([("code", TargetEncoder(), ["code"]), ("x", "passthrough", ["x"])])
    training = table.training_rows()
    pipeline = make_pipeline(encoder, StandardScaler()).fit(training.inputs, training.y)
    before = clone(pipeline)
    model = ti.wrap(nn.Linear(2, 1), encoder=pipeline, task="binary")
    if counterpart.GROUPED_ENCODERS:
        found = fit_counterpart(model, table)
        assert abs(float(found.module[0].weight[0, 0].detach())) < 0.3
        assert str(found.encoder) == str(before)  # no list of rows is left in it
    monkeypatch.setattr(counterpart, "GROUPED_ENCODERS", False)
    with pytest.raises(NotApplicableError, match=r"scikit-learn 1\.9 or later"):
        fit_counterpart(model, table)


# ---- what is learnt on one part and scored on another, at chance


def test_probes_of_a_protected_column_are_at_chance():
    found = proxies(bound(), bound()).proxies[0]
    power_of = {one.place: one.power[0] for one in (*found.places, *found.columns)}
    assert power_of["inputs"] < 0.65
    assert power_of["code"] < 0.65


def test_the_classifier_of_drift_is_at_chance():
    found = drift.whole_drift(persons(), 0)
    assert found.auc[0] < 0.65


@pytest.mark.parametrize("task", TASKS)
def test_a_column_that_names_the_person_has_no_power(task):
    one = next(c for c in power.column_power(persons(task, count=ENOUGH), 0) if c.column == "code")
    assert one.training[0] < (0.65 if task in ("binary", "multiclass") else 0.2)
    every = power.beyond_others(persons(task, split=False, count=2 * ENOUGH), ["x"], 0)[0].every
    assert every[0] < (0.65 if task in ("binary", "multiclass") else 0.2)


def test_trees_off_the_support_learn_from_other_persons():
    assert offsupport.off_support(bound()).real[0] < 0.2


# ---- halves and folds of one group, place by place


def whole(calls):
    assert calls
    for (table, *_), part in calls:
        assert table.groups is not None
        assert len(set(part)) > 1
        assert (pd.Series(part).groupby(table.groups).nunique() == 1).all()


def test_searches_and_curves_are_judged_on_other_persons(monkeypatch):
    calls = {
        module: recorded(monkeypatch, module, "dealt" if module in (constraints, typicality) else "folds")
        for module in (weak, disagreement, decomposition, constraints, strata, typicality)
    }
    network = bound(count=ENOUGH)
    linear = bind(fit_counterpart(network, network.table), network.table)
    weak.weak_groups(network)
    disagreement.disagreement(network, linear)
    decomposition.decompose(network, network.table)
    constraints.constraints(network, linear, constraints.declared(network.table, {"x": "+"}))
    strata.strata_of(network.table, ["x"], ["code"], 0)
    typicality.typicality(network, network.table.inputs.head(3))
    for made in calls.values():
        whole(made)


def test_the_reference_of_the_off_support_rate_holds_none_of_the_probes_persons():
    table = persons()
    support = Support(table, 0)
    group = table.groups[support._rows]
    assert 0.3 * len(table) < support._half < 0.7 * len(table)
    assert not set(group[: support._half]) & set(group[support._half :])
    # the nearest reference row of a probe is of another person, so that its code is another
    assert support._limit >= 1


def test_a_real_rows_neighbours_are_other_persons():
    """Rows of a person are copies of one another here: by rows every distance was zero, and any new row looked far off."""
    draw = np.random.default_rng(0)
    person = np.repeat(np.arange(60), 10)
    frame = pd.DataFrame(draw.normal(size=(60, 2))[person], columns=["a", "b"]).assign(y=person % 2, g=person)
    table = ti.read_table(frame, target="y", group="g", task="binary")
    network = bind(ti.wrap(nn.Linear(2, 1), encoder="passthrough", task="binary"), table)
    new = pd.DataFrame(draw.normal(size=(200, 2)), columns=["a", "b"])
    found = typicality.typicality(network, new)
    for measure in typicality.MEASURES:
        assert abs(getattr(found, measure).mean() - 0.5) < 0.15
    assert found.unreadable.mean() < 0.1
