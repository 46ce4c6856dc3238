"""Pieces of work side by side: the same numbers in the same order, and the user's own code from one thread alone."""

import threading
import time

import numpy as np
import pandas as pd
import pytest
import torch

import tabinterp as ti
from tabinterp.models import bind
from tabinterp.models.parallel import run_parallel


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def table(rows=300):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(rows, 4)), columns=list("abcd")).assign(
        few=draw.integers(0, 3, rows).astype(float), y=draw.normal(size=rows)
    )
    return ti.read_table(frame, target="y")


def network(kind=torch.nn.Sequential):
    torch.manual_seed(0)
    module = kind(
        torch.nn.Linear(5, 16), torch.nn.ReLU(), torch.nn.Linear(16, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)
    )
    return ti.wrap(module, encoder="passthrough", task="regression")


class Branching(torch.nn.Sequential):
    """Its forward looks at values, so that it has no graph, and keeps a value between its steps."""

    def forward(self, x):
        self.first = self[0](x)
        return self[4](self[3](self[2](self[1](self.first if self.first.sum() > 0 else -self.first))))


def test_two_threads_give_what_one_gives(two_threads):
    model, how = network(), {"n_repeats": 3, "groups": {"pair": ["c", "d"]}}
    two = ti.permutation_importance(model, table(), **how)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    one = ti.permutation_importance(model, table(), **how)
    np.testing.assert_array_equal(one.projection, two.projection)
    np.testing.assert_array_equal(one.importance, two.importance)
    assert one.exact == two.exact
    assert any(one.exact)
    assert not all(one.exact)


def test_each_piece_has_a_thread_of_its_own_and_one_thread_of_products(two_threads):
    bound, meet = bind(network(), table()), threading.Barrier(2, timeout=20)

    def piece(i):
        meet.wait()  # passes only where two are at work at the same time
        assert torch.is_inference_mode_enabled()
        return i, torch.get_num_threads()

    assert [*run_parallel(bound, piece, range(6))] == [(i, 1) for i in range(6)]


def test_code_of_the_user_runs_in_one_thread(two_threads):
    bound = bind(network(Branching), table())
    assert {*run_parallel(bound, lambda _: threading.get_ident(), range(4))} == {threading.get_ident()}


def test_an_error_is_raised_where_the_piece_was_asked_for(two_threads):
    bound, asked = bind(network(), table()), []

    def piece(i):
        asked.append(i)
        if i == 1:
            raise ZeroDivisionError(i)
        time.sleep(0.01)  # so that a busy machine does not reach the last piece before the error arrives
        return i

    found = run_parallel(bound, piece, range(1000))
    assert next(found) == 0
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert torch.get_num_threads() == 2
    assert len(asked) < 1000
