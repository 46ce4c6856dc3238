"""A network trained on a planted concept: what is read inside it is what was planted."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti
from tabinterp.analyses.hidden_units.activating_rows import compared
from tabinterp.models import bind


def rows():
    """Ill are those of the south with a dose above one half; age says nothing."""
    rng = np.random.default_rng(3)
    named = {"dose": rng.normal(size=1500), "age": rng.normal(size=1500)}
    frame = pd.DataFrame(named | {"site": rng.choice(["north", "south", "west"], 1500)})
    frame["ill"] = (frame["site"] == "south") & (frame["dose"] > 0.5)
    return frame


@functools.cache
def fitted():
    frame = rows()
    encoder = ColumnTransformer([("n", StandardScaler(), ["dose", "age"]), ("c", OneHotEncoder(), ["site"])])
    network = MLPClassifier((6,), "relu", alpha=1e-3, max_iter=800, random_state=0, learning_rate_init=0.01)
    pipeline = make_pipeline(encoder, network).fit(frame[["dose", "age", "site"]], frame["ill"])
    assert pipeline.score(frame[["dose", "age", "site"]], frame["ill"]) > 0.98
    return pipeline


@functools.cache
def learnt():
    return ti.wrap(fitted()), ti.read_table(rows(), target="ill", positive=True)


def scores_ahead(table):
    """(n, 6) what the hidden units are ahead of their activation, from the network's own weights."""
    pipeline = fitted()
    return pipeline[:-1].transform(table.inputs) @ pipeline[-1].coefs_[0] + pipeline[-1].intercepts_[0]


def places(objective):
    found = ti.maximise(*learnt(), objective=objective, starts=16).frame()
    return dict(zip(found["column"], found.iloc[:, found.columns.get_loc("column") + 1], strict=True))


def test_the_optimum_of_the_score_shows_the_concept_and_that_of_its_negative_does_not():
    most, least = places(ti.output()), places(-1 * ti.output())
    assert most["site"] == "south"
    assert most["dose"] > 0.5
    assert not (least["site"] == "south" and least["dose"] > 0.5)


def test_a_unit_that_the_loss_misses_is_named_by_the_concept():
    """It stands for both columns at once, and costs much when it is taken away. Its optimum is the concept too."""
    found = ti.neurons(*learnt()).frame()
    both = found[
        [("dose" in words and "“site = south” (true of nearly all of these rows)" in words) for words in found["words"]]
    ]
    dearest = both.loc[both["ablation_mean_low"].idxmax()]
    assert dearest["ablation_mean_low"] > 0.01
    most, least = (places(sign * ti.unit(1, dearest["unit"])) for sign in (1, -1))
    assert most["site"] == "south"
    assert most["dose"] > 0.5
    assert least["site"] != "south"
    assert least["dose"] < 0.5


def test_of_a_level_that_nearly_all_exciting_rows_hold_no_number_is_told():
    """Counted from the network's own weights: 150 rows excite a unit. Nothing that is told depends on how many do not hold it."""
    model, table = learnt()
    profile = ti.neurons(model, table).profile()
    site = table.frame["site"].astype(str).to_numpy()
    z = scores_ahead(table)
    seen = set()
    for u in range(6):
        if (z[:, u] > 0).sum() < 150:  # rows at zero are equal, and stand in the order of hashes
            continue
        top = np.argsort(-z[:, u], kind="stable")[:150]
        lines = profile[(profile["unit"] == u) & (profile["column"] == "site")].set_index("level")
        for level in ("north", "south", "west"):
            count, line = int((site[top] == level).sum()), lines.loc[level]
            seen.add("few" if 0 < count < 10 else "most" if 140 < count < 150 else "told")
            assert line["most"] == (140 < count < 150)
            if 0 < count < 10 or 140 < count < 150:
                assert np.isnan(line[["lift", "lift_low", "lift_high"]].astype(float)).all()
            elif not np.isnan(line["lift"]):
                assert line["lift"] == pytest.approx(count / 150 / (site == level).mean(), rel=1e-9)
    assert seen == {"few", "most", "told"}


def test_the_column_without_a_part_is_worth_nothing():
    found = ti.permutation_importance(*learnt()).frame().set_index("column")["importance"]
    assert found["age"] < 0.1 * min(found["dose"], found["site"])


@pytest.mark.parametrize("column", ["dose", "site"])
def test_the_pair_is_what_was_planted(column):
    pairs = ti.interactions(*learnt()).frame()
    assert column in set(pairs.iloc[0][["first", "second"]])


def test_how_few_rows_do_not_hold_a_level_changes_nothing_that_is_told():
    bound = bind(*learnt())
    site = bound.table.frame["site"].astype(str).to_numpy()
    south, north = np.flatnonzero(site == "south"), np.flatnonzero(site == "north")
    top = np.zeros((len(site), 3), dtype=bool)
    for u, others in enumerate((1, 5, 9)):
        top[south[: 150 - others], u] = top[north[:others], u] = True
    made = compared(bound, top)
    lines = [i for i, column in enumerate(made.columns) if column == "site"]
    at = {made.levels[i]: i for i in lines}
    assert made.most[:, at["south"]].all()
    assert not made.most[:, [at["north"], at["west"]]].any()
    for part in (made.q, made.lift.value, made.lift.stderr, made.lift.low, made.lift.high):
        for level in ("south", "north"):
            assert len(set(map(str, part[:, at[level]]))) == 1, level
    assert np.isnan(made.lift.value[:, at["south"]]).all()
