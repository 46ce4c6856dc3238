"""Networks with weights drawn again: all of them, at their own scale, and never those of the model itself."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

import tabinterp as ti
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tabinterp.models.weight_randomisation import randomised
from tests import cases


def wide() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 400), nn.BatchNorm1d(400), nn.ReLU(), nn.Linear(400, 1)).eval()


def test_every_weight_is_new_at_its_layers_scale_and_the_model_keeps_its_own():
    module = wide()
    module[0].weight.data *= 7
    before = copy.deepcopy(module.state_dict())
    state = torch.random.get_rng_state()
    bound = bind(cases.wrapped(module), cases.numbers())
    own = bound.scores.copy()
    other = randomised(bound, 0, 0)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    assert torch.equal(torch.random.get_rng_state(), state)
    np.testing.assert_array_equal(bound.scores, own)
    for old, new in zip(bound.model.module.parameters(), other.model.module.parameters(), strict=True):
        if not old.any():
            continue  # a bias of zeros has no scale
        assert (old != new).all()
        if old.numel() > 300:
            assert new.square().mean().sqrt() == pytest.approx(float(old.square().mean().sqrt()), rel=0.1)
            assert abs(float(new.mean())) < 0.2 * float(new.std())
    for (name, old), new in zip(
        bound.model.module.named_buffers(), other.model.module.buffers(), strict=True
    ):  # running statistics are no weights
        assert torch.equal(old, new), name


def test_draws_are_by_seed_and_number():
    bound = bind(cases.wrapped(cases.relu_network(cases.BENT)), cases.numbers())
    scores = {(seed, draw): randomised(bound, seed, draw).scores for seed in (0, 1) for draw in (0, 1)}
    np.testing.assert_array_equal(randomised(bound, 1, 1).scores, scores[1, 1])
    assert len({value.tobytes() for value in scores.values()}) == 4


@pytest.mark.parametrize("task", cases.TASKS)
def test_scores_are_those_of_the_new_weights_in_the_tables_terms(task):
    frame = cases.mixed_frame(task=task)
    bound = bind(ti.wrap(cases.network_pipeline(frame, task)), cases.mixed_table(frame, task))
    other = randomised(bound, 0, 0)
    with torch.no_grad():
        raw = other.model.module(torch.as_tensor(bound.x).to(next(other.model.module.parameters()).dtype)).numpy()
    raw = raw.reshape(len(raw), -1)
    expected = raw - raw.mean(axis=1, keepdims=True) if task == "multiclass" else raw
    if task != "count":  # whose module may give rates
        np.testing.assert_allclose(other.scores, expected, atol=1e-4)
    assert other.outputs == bound.outputs
    assert other.front.weight.shape == bound.front.weight.shape


def test_a_final_sigmoid_is_taken_off_again():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1), nn.Sigmoid())
    table = cases.numbers()
    frame = table.frame.assign(y=(table.y > 0).astype(int))
    read = ti.read_table(frame, target="y", positive=1)
    bound = bind(ti.wrap(module, encoder="passthrough", outputs="probabilities", classes=[0, 1]), read)
    other = randomised(bound, 0, 0)
    with torch.no_grad():
        p = other.model.module(torch.as_tensor(bound.x).float()).double().numpy()
    np.testing.assert_allclose(other.scores, np.log(p / (1 - p)), atol=1e-4)


def test_a_function_of_rows_has_no_weights():
    bound = bind(ti.wrap(lambda rows: rows["x1"].to_numpy(), task="regression"), cases.numbers())
    with pytest.raises(NotApplicableError, match="its weights cannot be randomised"):
        randomised(bound, 0, 0)
