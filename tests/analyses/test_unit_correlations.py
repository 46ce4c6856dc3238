"""Neuron correlations against scipy and statsmodels, unit by unit and column by column."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.dist_dependence_measures import distance_statistics
from statsmodels.stats.multitest import multipletests
from torch import nn

import tabinterp as ti
from tabinterp.analyses.unit_correlations.estimator import DISTANCE_ROWS
from tabinterp.errors import NotApplicableError
from tabinterp.table.hash_sampling import chosen
from tests import cases

N = 120


@pytest.fixture(scope="module")
def read():
    frame = cases.mixed_frame(N, 6)
    pipeline = cases.network_pipeline(frame)
    h, units = pipeline[:-1].transform(frame[cases.INPUTS]), []
    for weight, bias in list(zip(pipeline[-1].coefs_, pipeline[-1].intercepts_, strict=True))[:-1]:
        h = np.maximum(h @ weight + bias, 0)
        units.append(h)
    return frame, np.hstack(units), ti.neuron_correlations(ti.wrap(pipeline), cases.mixed_table(frame))


def test_every_unit_has_its_place(read):
    _, units, result = read
    assert result.layer == ("layer 1",) * 6 + ("layer 2",) * 4
    assert result.index == (*range(6), *range(4))
    np.testing.assert_allclose(result.mean, units.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(result.sd, units.std(axis=0), atol=1e-9)
    np.testing.assert_allclose(result.active, (units > 0).mean(axis=0), atol=1e-12)


@pytest.mark.parametrize(("name", "function"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)])
def test_numbers_are_scipys_on_the_rows_that_are_known(read, name, function):
    frame, units, result = read
    p = np.full((10, 2), np.nan)
    for j, column in enumerate(["age", "income"]):
        known = frame[column].notna().to_numpy()
        for u in range(10):
            if np.ptp(units[known, u]) > 0:
                said = function(units[known, u], frame[column][known])
                assert getattr(result, name)[u, j] == pytest.approx(said.statistic, abs=1e-9)
                p[u, j] = said.pvalue
    assert np.isnan(getattr(result, name)[:, 2:]).all()
    check_adjusted(getattr(result, f"q_{name}")[:, :2], p)


def check_adjusted(q, p):
    """One family: all units and columns of a measure."""
    tested = ~np.isnan(p)
    assert tested.sum() > 5
    np.testing.assert_allclose(q[tested], multipletests(p[tested], method="fdr_bh")[1], rtol=1e-6, atol=1e-14)
    assert np.isnan(q[~tested]).all()


def test_correlation_ratio_by_hand(read):
    frame, units, result = read
    p = np.full((10, 3), np.nan)
    for j, column in enumerate(["city", "member", "grade"]):
        groups = frame[column].astype(object).where(frame[column].notna(), "missing")
        for u in range(10):
            parts = [units[(groups == level).to_numpy(), u] for level in groups.unique()]
            total = ((units[:, u] - units[:, u].mean()) ** 2).sum()
            if total > 0:
                between = sum(len(part) * (part.mean() - units[:, u].mean()) ** 2 for part in parts)
                assert result.ratio[u, 2 + j] == pytest.approx(np.sqrt(between / total), abs=1e-9)
                p[u, j] = stats.f_oneway(*parts).pvalue
    assert np.isnan(result.ratio[:, :2]).all()
    check_adjusted(result.q_ratio[:, 2:], p)


def test_distance_correlation_is_statsmodels(read):
    frame, units, result = read
    age, income = frame["age"].to_numpy(), frame["income"].to_numpy()
    known = ~np.isnan(age)
    member = frame["member"].to_numpy(float)
    for u in range(10):
        if np.ptp(units[:, u]) == 0:
            continue
        assert result.distance[u, 0] == pytest.approx(
            distance_statistics(units[known, u], age[known]).distance_correlation
        )
        assert result.distance[u, 1] == pytest.approx(distance_statistics(units[:, u], income).distance_correlation)
        assert result.distance[u, 3] == pytest.approx(distance_statistics(units[:, u], member).distance_correlation)
    assert result.rows_distance == N


def test_distance_is_taken_on_a_seeded_sample_of_the_rows():
    table = cases.numbers(DISTANCE_ROWS + 200)
    result = ti.neuron_correlations(cases.wrapped(cases.relu_network(cases.AND)), table, seed=4)
    rows = chosen(table.numbers, DISTANCE_ROWS, 4)
    x = table.inputs.to_numpy()[rows]
    unit = np.maximum(x[:, 0] + x[:, 1] - 1, 0)
    assert (result.rows, result.rows_distance) == (DISTANCE_ROWS + 200, DISTANCE_ROWS)
    assert result.distance[0, 0] == pytest.approx(distance_statistics(unit, x[:, 0]).distance_correlation, abs=1e-9)


def test_a_unit_that_is_not_monotone_is_seen_by_distance_alone():
    x = np.arange(-200, 201) / 256  # exactly symmetric
    table = ti.read_table(pd.DataFrame({"x": x, "y": x}), target="y")
    bump = nn.Sequential(
        cases.affine([[1.0], [-1.0]]), nn.ReLU(), cases.affine([[1.0, 1.0]]), nn.ReLU(), cases.affine([[1.0]])
    )
    result = ti.neuron_correlations(cases.wrapped(bump), table)
    assert abs(result.spearman[2, 0]) < 1e-6
    assert result.distance[2, 0] > 0.4
    assert result.q_distance[2, 0] < 1e-6


def test_a_dead_unit_is_nan_without_a_warning():
    dead = cases.relu_network(([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [-1e6, 0.0], [1.0, 1.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = ti.neuron_correlations(cases.wrapped(dead), cases.numbers(50))
    for name in ("pearson", "spearman", "distance", "q_pearson", "q_spearman", "q_distance"):
        assert np.isnan(getattr(result, name)[0]).all(), name
        assert np.isfinite(getattr(result, name)[1]).all(), name
    assert (result.active[0], result.mean[0], result.sd[0]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("style", cases.STYLES)
def test_units_are_found_whatever_the_forward_looks_like(style):
    result = ti.neuron_correlations(cases.wrapped(cases.styled(style)), cases.numbers(20))
    assert result.layer == ("layer 1",) * 8 + ("layer 2",) * 8


def test_a_linear_model_has_no_units():
    frame = cases.mixed_frame(60)
    with pytest.raises(NotApplicableError, match="no hidden units"):
        ti.neuron_correlations(ti.wrap(cases.linear_pipeline(frame)), cases.mixed_table(frame))


def test_frame_has_a_row_for_each_unit_and_column(read):
    _, _, result = read
    frame = result.frame()
    measures = ["pearson", "spearman", "ratio", "distance"]
    assert list(frame.columns) == ["layer", "unit", "column", *measures, *(f"q_{name}" for name in measures)]
    assert frame["column"].tolist() == cases.INPUTS * 10
    row = frame[(frame["layer"] == "layer 2") & (frame["unit"] == 1) & (frame["column"] == "income")]
    assert row["pearson"].iloc[0] == pytest.approx(result.pearson[7, 1], nan_ok=True)
