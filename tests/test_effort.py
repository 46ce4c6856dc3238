"""How often an analysis asks the encoder and the network: what small tables take their time for."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import OrdinalEncoder

import tabinterp as ti
from tabinterp.analyses.extrapolation.estimator import extrapolation
from tabinterp.analyses.gradients import estimator as gradients
from tabinterp.models import bind, binding
from tabinterp.table.coerce import with_columns
from tests import cases

ROWS = 80


@pytest.fixture
def models():
    """The network and its linear counterpart, which encode through one transformer, unbound, and their table."""
    frame = cases.mixed_frame(ROWS)
    table, network = cases.mixed_table(frame), ti.wrap(cases.network_pipeline(frame))
    return network, ti.fit_counterpart(network, table), table


def counted(monkeypatch, owner, name: str) -> list[int]:
    """How many rows each call of a function took, whose last positional argument is the rows."""
    own, calls = getattr(owner, name), []

    def call(*arguments, **more):
        calls.append(len(arguments[-1]))
        return own(*arguments, **more)

    monkeypatch.setattr(owner, name, call)
    return calls


def test_a_linear_model_on_the_encoder_of_the_network_encodes_no_row_again(models, monkeypatch):
    network, linear, table = models
    bound = bind(network, table)
    alone = bind(linear, table)
    calls = counted(monkeypatch, OrdinalEncoder, "transform")
    beside = bind(linear, table, beside=bound)
    assert calls == []
    np.testing.assert_array_equal(beside.scores, alone.scores)


def test_an_audit_finds_out_once_what_the_encoder_does(monkeypatch):
    """The analyses of both models on some rows have these rows in one table, to which neither model is bound again."""
    frame = cases.mixed_frame(300)
    table, network = cases.mixed_table(frame, split=0.5), ti.wrap(cases.network_pipeline(frame))
    own, calls = binding.build, []
    monkeypatch.setattr(binding, "build", lambda *arguments: calls.append(arguments) or own(*arguments))
    analyses = ["coefficients", "reason_codes", "disagreement", "gradients", "groups"]
    audit = ti.audit(network, table, analyses=analyses)
    assert audit.document.reasons is not None
    assert len(calls) == 1


def test_values_beyond_the_range_of_every_number_are_encoded_in_one_call(models, monkeypatch):
    """The changes are those of whole tables that are encoded with the value in every row."""
    network, _, table = models
    bound, method = bind(network, table), "averaged_inverted_cdf"
    calls = counted(monkeypatch, OrdinalEncoder, "transform")
    found = extrapolation(bound)
    assert calls == [4 * len(found.players)], "two ends of a range, and what lies beyond them"
    spread = np.subtract(*np.quantile(bound.scores[:, 0], (0.995, 0.005), method=method))
    for name, value in zip(found.players, found.change.value, strict=True):
        low, high = np.quantile(table.frame[name].dropna(), (0.005, 0.995), method=method)
        changes = []
        for at, to in ((low, 2 * low - high), (high, 2 * high - low)):
            scores = [bound.score(bound.encoding.transform(with_columns(table.inputs, {name: v}))) for v in (at, to)]
            changes.append(np.abs(scores[1] - scores[0]).mean() / spread)
        assert value == pytest.approx(max(changes), rel=1e-9)


def test_paths_from_several_rows_go_through_the_network_together(models, monkeypatch):
    network, _, table = models
    bound = bind(network, table)
    together = ti.gradient_importance(bound, table, method="expected_gradients", seed=1)
    calls = counted(monkeypatch, gradients, "slopes")
    ti.gradient_importance(bound, table, method="expected_gradients", seed=1)
    assert len(calls) <= gradients.POSITIONS * -(-ROWS * ROWS // (gradients.PASS - ROWS))
    monkeypatch.setattr(gradients, "PASS", 1)
    apart = ti.gradient_importance(bound, table, method="expected_gradients", seed=1)
    np.testing.assert_allclose(together.values, apart.values, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(together.stderr, apart.stderr, rtol=1e-4, atol=1e-6)
