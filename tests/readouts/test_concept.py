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


@functools.cache
def learnt():
    """Ill are those of the south with a dose above one half; age says nothing."""
    rng = np.random.default_rng(3)
    named = {"dose": rng.normal(size=1500), "age": rng.normal(size=1500)}
    frame = pd.DataFrame(named | {"site": rng.choice(["north", "south", "west"], 1500)})
    frame["ill"] = (frame["site"] == "south") & (frame["dose"] > 0.5)
    encoder = ColumnTransformer([("n", StandardScaler(), ["dose", "age"]), ("c", OneHotEncoder(), ["site"])])
    network = MLPClassifier((6,), "relu", alpha=1e-3, max_iter=800, random_state=0, learning_rate_init=0.01)
    pipeline = make_pipeline(encoder, network).fit(frame[["dose", "age", "site"]], frame["ill"])
    assert pipeline.score(frame[["dose", "age", "site"]], frame["ill"]) > 0.98
    return ti.wrap(pipeline), ti.read_table(frame, target="ill", positive=True)


def places(objective):
    found = ti.maximise(*learnt(), objective=objective, starts=16).frame()
    return dict(zip(found["column"], found.iloc[:, found.columns.get_loc("column") + 1], strict=True))


def test_the_optimum_of_the_score_shows_the_concept_and_that_of_its_negative_does_not():
    most, least = places(ti.output()), places(-1 * ti.output())
    assert most["site"] == "south"
    assert most["dose"] > 0.5
    assert not (least["site"] == "south" and least["dose"] > 0.5)


def test_a_unit_that_the_loss_misses_is_named_by_the_concept():
    """It costs much when it is taken away. Of the site no share is told where all but a few of the rows are of the south."""
    found = ti.neurons(*learnt()).frame()
    named = found[["dose" in words for words in found["words"]]]
    assert named["ablation_mean_low"].max() > 0.01


def test_the_column_without_a_part_is_worth_nothing():
    found = ti.permutation_importance(*learnt()).frame().set_index("column")["importance"]
    assert found["age"] < 0.1 * min(found["dose"], found["site"])


@pytest.mark.parametrize("column", ["dose", "site"])
def test_the_pair_is_what_was_planted(column):
    pairs = ti.interactions(*learnt()).frame()
    assert column in set(pairs.iloc[0][["first", "second"]])
