"""Perturbed values: what moves and how far, losses beside scikit-learn's on perturbed rows, and how often models are asked."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score

import tabinterp as ti
from tabinterp.analyses.perturbation.estimator import AtSize, Robustness, _Places, _scores_of, robustness
from tabinterp.errors import DocumentError, NotApplicableError
from tabinterp.models import bind
from tabinterp.models.perturbation import forward, mixed
from tests import cases

NONE = (np.nan,) * 4


@functools.cache
def fitted(task: str = "binary"):
    frame = cases.mixed_frame(300, task=task)
    table = cases.mixed_table(frame, task)
    return table, cases.network_pipeline(frame, task), cases.linear_pipeline(frame, task)


@functools.cache
def both(task: str = "binary"):
    table, network, linear = fitted(task)
    return bind(ti.wrap(network), table), bind(ti.wrap(linear), table)


def rows_of(table, came):
    frame = table.inputs
    return pd.DataFrame(
        {c: frame[c].take(came[:, j]).to_numpy() for j, c in enumerate(frame)}, columns=frame.columns
    ).astype(frame.dtypes.to_dict())


def three(task: str = "binary"):
    network, linear = both(task)
    return network, network.table, linear


@pytest.mark.parametrize("size", [0.02, 0.3, 1.0])
def test_numbers_come_from_ranks_near_by_and_levels_from_random_rows(size):
    table, *_ = fitted()
    n, places = len(table), _Places(table, 3)
    came = places.moved(size, 0)
    for j, column in enumerate(table.schema.inputs):
        if table.schema[column].kind == "numeric":
            values = table.numeric(column)
            missing = np.isnan(values)
            np.testing.assert_array_equal(np.isnan(values[came[:, j]]), missing)
            np.testing.assert_array_equal(came[missing, j], np.flatnonzero(missing))
            rank = stats.rankdata(values[~missing], method="ordinal")
            least, most = (stats.rankdata(values[~missing], method=way) for way in ("min", "max"))
            ranks = {way: np.full(n, np.nan) for way in ("least", "most")}
            ranks["least"][~missing], ranks["most"][~missing] = least, most
            reach = size * (len(rank) - 1) + 1  # ties are in one order or another
            assert (ranks["least"][came[~missing, j]] - most <= reach).all()
            assert (least - ranks["most"][came[~missing, j]] <= reach).all()
        else:
            share = (came[:, j] != np.arange(n)).mean()
            assert abs(share - size) < 4 * np.sqrt(size * (1 - size) / n) + 4 / n  # a row may draw itself


def test_the_same_draws_serve_all_sizes_and_only_one_column_moves_where_asked():
    table, *_ = fitted()
    places = _Places(table, 3)
    small, large = places.moved(0.2, 1), places.moved(0.6, 1)
    level = next(j for j, c in enumerate(table.schema.inputs) if table.schema[c].kind != "numeric")
    moved = small[:, level] != np.arange(len(table))
    np.testing.assert_array_equal(small[moved, level], large[moved, level])
    assert (places.moved(0.2, 2) != small).any()
    alone = places.moved(0.2, 1, level)
    np.testing.assert_array_equal(alone[:, level], small[:, level])
    others = np.delete(alone, level, axis=1)
    assert (others == np.arange(len(table))[:, None]).all()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_losses_are_those_of_scikit_learn_on_the_perturbed_rows(task):
    table, *pipelines = fitted(task)
    sizes, draws, places = (0.1, 0.5), 2, _Places(table, 0)
    found = robustness(*three(task), sizes=sizes, draws=draws, seed=0)
    target = table.frame[table.schema.target]

    def lost(pipeline, came):
        rows = rows_of(table, came)
        if task == "regression":
            return mean_squared_error(target, pipeline.predict(rows))
        return log_loss(target, pipeline.predict_proba(rows), labels=pipeline.classes_)

    whole = np.tile(np.arange(len(table))[:, None], (1, len(table.schema.inputs)))
    for name, pipeline in zip(("network", "linear"), pipelines, strict=True):
        before = lost(pipeline, whole)
        assert getattr(found.sizes[0], name)[0] == pytest.approx(before, rel=1e-4)
        for one, size in zip(found.sizes[1:], sizes, strict=True):
            came = [places.moved(size, draw) for draw in range(draws)]
            assert getattr(one, name)[0] == pytest.approx(np.mean([lost(pipeline, c) for c in came]), rel=1e-4)
            if task == "binary":
                areas = [
                    roc_auc_score(target == pipeline.classes_[1], pipeline.predict_proba(rows_of(table, c))[:, 1])
                    for c in came
                ]
                assert getattr(one, f"{name}_auc")[0] == pytest.approx(np.mean(areas), abs=1e-4)
        for j, column in enumerate(table.schema.inputs):
            row = next(row for row in found.columns if row.column == column)
            came = [places.moved(found.column_size, draw, j) for draw in range(draws)]
            rise = np.mean([lost(pipeline, c) for c in came]) - before
            assert getattr(row, name)[0] == pytest.approx(rise, abs=1e-4 * max(1.0, before))


def test_errors_are_those_of_paired_means_over_rows():
    table, *pipelines = fitted()
    found, places = robustness(*three(), sizes=(0.3,), draws=3, seed=0), _Places(table, 0)
    y = (table.frame[table.schema.target] == table.schema.classes[1]).to_numpy()

    def lost(pipeline, came):
        p = pipeline.predict_proba(rows_of(table, came))
        return -np.log(np.where(y, p[:, 1], p[:, 0]))

    whole = np.tile(np.arange(len(table))[:, None], (1, len(table.schema.inputs)))
    before = [lost(one, whole) for one in pipelines]
    after = [np.mean([lost(one, places.moved(0.3, draw)) for draw in range(3)], axis=0) for one in pipelines]
    one = found.sizes[1]
    for value, rows in (
        (one.network, after[0]),
        (one.difference, after[0] - after[1]),
        (one.rise, after[0] - before[0] - after[1] + before[1]),
    ):
        assert value[0] == pytest.approx(rows.mean(), abs=1e-5)
        assert value[1] == pytest.approx(stats.sem(rows), rel=0.01)
        assert value[2] < value[0] < value[3]


def test_encoded_columns_are_exchanged_as_whole_rows_are_encoded():
    network, linear = both()
    came = _Places(network.table, 0).moved(0.4, 0)
    for bound in (network, linear):
        np.testing.assert_allclose(
            _scores_of(bound)(came), forward(bound.rest, mixed(bound, came)).cpu().numpy(), atol=1e-4
        )


@pytest.mark.parametrize(
    ("differences", "lost", "worse"),
    [
        ([(-0.2, -0.1), (-0.2, -0.1), (-0.1, 0.1), (0.1, 0.2)], 0.2, 0.3),
        ([(-0.2, -0.1), (-0.2, -0.1), (-0.2, -0.1), (-0.2, -0.1)], None, None),
        ([(-0.2, 0.1), (-0.2, -0.1), (-0.1, 0.1), (0.1, 0.2)], None, 0.3),
        ([(0.1, 0.2), (-0.2, 0.1), (-0.1, 0.1), (-0.1, 0.2)], None, None),
    ],
)
def test_where_the_advantage_is_gone(differences, lost, worse):
    sizes = [
        AtSize(size, NONE, NONE, (0.0, 0.1, *ends), NONE, NONE, NONE, NONE)
        for size, ends in zip((0.0, 0.1, 0.2, 0.3), differences, strict=True)
    ]
    found = Robustness("log_loss", 0.7, 100, 1, 0, tuple(sizes), 0.1, ())
    assert (found.lost_at, found.worse_from) == (lost, worse)


def test_a_function_is_asked_about_few_copies_on_a_budget_of_rows():
    table, network, _ = fitted()
    asked = []

    def answer(rows):
        asked.append(len(rows))
        return network.predict_proba(rows)

    model = ti.wrap(answer, task="binary", classes=list(network.classes_), outputs="probabilities")
    made = ti.audit(model, table, analyses=["perturbation"], budget=12_000)
    record = made.document.analyses["perturbation"]
    assert (len(record.sizes), record.draws) == (1 + 5, 2)
    assert sum(asked) <= 12_000


@pytest.mark.parametrize("few", ["rows", "events"])
def test_few_rows_or_events_are_refused(few):
    network, linear = both()
    y = network.table.y
    rows = np.arange(8) if few == "rows" else np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:5]])
    with pytest.raises(NotApplicableError):
        robustness(network.take(rows), network.take(rows).table, linear.take(rows))


def test_a_document_whose_sizes_contradict_their_intervals_is_refused():
    table, network, _ = fitted()
    made = ti.audit(ti.wrap(network), table, analyses=["perturbation"])
    record = made.document.analyses["perturbation"]
    record.check_claims(made.document)
    for name in ("lost_at", "worse_from"):
        with pytest.raises(DocumentError, match=name):
            record.model_copy(update={name: 0.77}).check_claims(made.document)
